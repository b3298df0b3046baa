"""Other answers to section 2.4."""

import json
from dataclasses import asdict

from fastapi import APIRouter, Body, Request
from fastapi.encoders import jsonable_encoder
from pydantic import Field, TypeAdapter

from sensei.variants import right, wrong


@wrong("2.4.1", caught_by="test_q1_the_response_contains_the_number_and_the_state_only")
def orders_app():
    """Set the status code, and return the dict as it is."""
    app = FastAPI()

    @app.post("/orders", status_code=202)
    def create_order(order: OrderIn):
        return accept(order)

    return app


@wrong("2.4.1", caught_by="test_q1_an_order_returns_202")
def orders_app():
    """Use a response model, and the status code 200."""

    class OrderOut(BaseModel):
        number: int
        state: str

    app = FastAPI()

    @app.post("/orders")
    def create_order(order: OrderIn) -> OrderOut:
        return OrderOut(**accept(order))

    return app


@wrong("2.4.1", caught_by="test_q1_the_documentation_shows_202_and_the_two_fields")
def orders_app():
    """Return a JSONResponse, which the documentation knows nothing about."""
    app = FastAPI()

    @app.post("/orders")
    def create_order(order: OrderIn):
        known = accept(order)
        content = {"number": known["number"], "state": known["state"]}
        return JSONResponse(content, status_code=202)

    return app


@wrong("2.4.1", caught_by="test_q1_the_documentation_shows_202_and_the_two_fields")
def orders_app():
    """Set the status code in the endpoint, so that the documentation shows 200."""

    class OrderOut(BaseModel):
        number: int
        state: str

    app = FastAPI()

    @app.post("/orders")
    def create_order(order: OrderIn, response: Response) -> OrderOut:
        response.status_code = 202
        return OrderOut(**accept(order))

    return app


@wrong("2.4.1", caught_by="test_q1_the_response_is_the_order_that_accept_returned")
def orders_app():
    """Return the values of the example."""

    class OrderOut(BaseModel):
        number: int = 7
        state: str = "accepted"

    app = FastAPI()

    @app.post("/orders", status_code=202)
    def create_order(order: OrderIn) -> OrderOut:
        return OrderOut()

    return app


@wrong("2.4.1", caught_by="test_q1_an_order_returns_202")
def orders_app():
    """Take the fields of the order as query parameters."""

    class OrderOut(BaseModel):
        number: int
        state: str

    app = FastAPI()

    @app.post("/orders", status_code=202)
    def create_order(sku: str, quantity: int) -> OrderOut:
        return OrderOut(**accept(OrderIn(sku=sku, quantity=quantity)))

    return app


@wrong("2.4.1", caught_by="test_q1_the_order_is_passed_to_accept")
def orders_app():
    """Take the body as a dict, which is not validated."""

    class OrderOut(BaseModel):
        number: int
        state: str

    app = FastAPI()

    @app.post("/orders", status_code=202, response_model=OrderOut)
    def create_order(order: dict = Body()):
        return accept(order)

    return app


@wrong("2.4.1", caught_by="test_q1_the_response_contains_the_number_and_the_state_only")
def orders_app():
    """Return two models, one in the other."""

    class OrderOut(BaseModel):
        number: int
        state: str

    class Accepted(BaseModel):
        order: OrderOut

    app = FastAPI()

    @app.post("/orders", status_code=202)
    def create_order(order: OrderIn) -> Accepted:
        return Accepted(order=OrderOut(**accept(order)))

    return app


@wrong("2.4.1", caught_by="test_q1_a_body_that_is_no_order_returns_422[no quantity]")
def orders_app():
    """Take any dict, and create the order from it without validation."""

    class OrderOut(BaseModel):
        number: int
        state: str

    app = FastAPI()

    @app.post("/orders", status_code=202)
    def create_order(body: dict[str, Any]) -> OrderOut:
        return OrderOut(**accept(OrderIn.model_construct(**body)))

    return app


@wrong("2.4.1", caught_by="test_q1_the_documentation_shows_202_and_the_two_fields")
def orders_app():
    """Declare the fields without their types."""

    class OrderOut(BaseModel):
        number: Any
        state: Any

    app = FastAPI()

    @app.post("/orders", status_code=202)
    def create_order(order: OrderIn) -> OrderOut:
        return OrderOut(**accept(order))

    return app


@wrong("2.4.1", caught_by="test_q1_the_order_is_passed_to_accept")
def orders_app():
    """Accept the order once for each field of the response."""

    class OrderOut(BaseModel):
        number: int
        state: str

    app = FastAPI()

    @app.post("/orders", status_code=202)
    def create_order(order: OrderIn) -> OrderOut:
        return OrderOut(number=accept(order)["number"], state=accept(order)["state"])

    return app


@wrong("2.4.1", caught_by="test_q1_an_order_returns_202")
def orders_app():
    """Allow the state of the example only."""
    from typing import Literal

    class OrderOut(BaseModel):
        number: int
        state: Literal["accepted"]

    app = FastAPI()

    @app.post("/orders", status_code=202, response_model=OrderOut)
    def create_order(order: OrderIn):
        return accept(order)

    return app


@right("2.4.1")
def orders_app():
    """Return a TypedDict, and register the endpoint without a decorator."""
    from typing_extensions import TypedDict

    class Accepted(TypedDict):
        number: int
        state: str

    def create_order(order: OrderIn) -> Accepted:
        known = accept(order)
        return Accepted(number=known["number"], state=known["state"])

    app = FastAPI()
    app.add_api_route("/orders", create_order, methods=["POST"], status_code=202)
    return app


@right("2.4.1")
def orders_app():
    """Use `response_model`, a router, and an async function."""

    class Accepted(BaseModel):
        number: int
        state: str

    router = APIRouter()

    @router.post("/orders", response_model=Accepted, status_code=202)
    async def place(body: OrderIn):
        return accept(body)

    app = FastAPI()
    app.include_router(router)
    return app


@right("2.4.1")
def orders_app():
    """Register the given function, with a dataclass as the response model."""

    @dataclass
    class Accepted:
        state: str
        number: int

    app = FastAPI()
    app.post("/orders", response_model=Accepted, status_code=202)(accept)
    return app


@right("2.4.1")
def orders_app():
    """Return a JSONResponse, and give the decorator the model and the status code."""

    class Accepted(BaseModel):
        number: int
        state: str

    app = FastAPI()

    @app.post("/orders", response_model=Accepted, status_code=202)
    def create_order(order: OrderIn):
        accepted = Accepted.model_validate(accept(order))
        return JSONResponse(accepted.model_dump(), status_code=202)

    return app


@wrong("2.4.2", caught_by="test_q2_the_documentation_shows_a_list_of_staff_account_out")
def accounts_app():
    """Use one model for every client."""
    app = FastAPI()
    app.get("/accounts/{number}", response_model=AccountOut)(find_account)
    app.get("/staff/accounts", response_model=list[AccountOut])(all_accounts)
    return app


@wrong("2.4.2", caught_by="test_q2_an_account_is_returned_as_account_out")
def accounts_app():
    """Use the larger model for every client."""
    app = FastAPI()
    app.get("/accounts/{number}", response_model=StaffAccountOut)(find_account)
    app.get("/staff/accounts", response_model=list[StaffAccountOut])(all_accounts)
    return app


@wrong(
    "2.4.2",
    caught_by="test_q2_the_accounts_are_returned_as_a_list_of_staff_account_out[three]",
)
def accounts_app():
    """Use the model of one account for a list of accounts."""
    app = FastAPI()
    app.get("/accounts/{number}", response_model=AccountOut)(find_account)
    app.get("/staff/accounts", response_model=StaffAccountOut)(all_accounts)
    return app


@wrong(
    "2.4.2",
    caught_by="test_q2_the_accounts_are_returned_as_a_list_of_staff_account_out[three]",
)
def accounts_app():
    """Use no response model for the list."""
    app = FastAPI()
    app.get("/accounts/{number}", response_model=AccountOut)(find_account)
    app.get("/staff/accounts")(all_accounts)
    return app


@wrong("2.4.2", caught_by="test_q2_the_documentation_shows_the_fields_of_account_out")
def accounts_app():
    """Select the fields in the endpoint, without a response model."""
    app = FastAPI()

    @app.get("/accounts/{number}")
    def read_account(number: int):
        return {"name": find_account(number)["name"]}

    @app.get("/staff/accounts")
    def read_accounts():
        fields = ("name", "email", "warnings")
        return [{field: row[field] for field in fields} for row in all_accounts()]

    return app


@wrong("2.4.2", caught_by="test_q2_an_account_is_returned_as_account_out")
def accounts_app():
    """Return the account of the example."""
    app = FastAPI()

    @app.get("/accounts/{number}")
    def read_account(number: int) -> AccountOut:
        return AccountOut(name="Mara")

    @app.get("/staff/accounts")
    def read_accounts() -> list[StaffAccountOut]:
        return [StaffAccountOut(**row) for row in all_accounts()]

    return app


@wrong("2.4.2", caught_by="test_q2_an_account_is_returned_as_account_out")
def accounts_app():
    """Use a union, of which FastAPI takes the model with more fields."""
    app = FastAPI()
    both = AccountOut | StaffAccountOut
    app.get("/accounts/{number}", response_model=both)(find_account)
    app.get("/staff/accounts", response_model=list[both])(all_accounts)
    return app


@wrong(
    "2.4.2",
    caught_by="test_q2_the_accounts_are_returned_as_a_list_of_staff_account_out[three]",
)
def accounts_app():
    """Read the rows once, when the application is created."""
    rows = all_accounts()
    app = FastAPI()
    app.get("/accounts/{number}", response_model=AccountOut)(find_account)

    @app.get("/staff/accounts")
    def read_accounts() -> list[StaffAccountOut]:
        return rows

    return app


@wrong(
    "2.4.2",
    caught_by="test_q2_the_accounts_are_returned_as_a_list_of_staff_account_out[none]",
)
def accounts_app():
    """Return 404 if there are no accounts."""
    app = FastAPI()
    app.get("/accounts/{number}", response_model=AccountOut)(find_account)

    @app.get("/staff/accounts")
    def read_accounts() -> list[StaffAccountOut]:
        rows = all_accounts()
        if not rows:
            raise HTTPException(404)
        return rows

    return app


@wrong("2.4.2", caught_by="test_q2_the_number_in_the_path_is_passed_to_find_account")
def accounts_app():
    """Declare the number as a string."""
    app = FastAPI()
    app.get("/staff/accounts", response_model=list[StaffAccountOut])(all_accounts)

    @app.get("/accounts/{number}")
    def read_account(number: str) -> AccountOut:
        return find_account(number)

    return app


@wrong("2.4.2", caught_by="test_q2_a_row_that_changes_is_read_again[/accounts/7]")
def accounts_app():
    """Keep each account that was read."""
    app = FastAPI()
    found = {}

    @app.get("/accounts/{number}", response_model=AccountOut)
    def read_account(number: int):
        if number not in found:
            found[number] = find_account(number)
        return found[number]

    app.get("/staff/accounts", response_model=list[StaffAccountOut])(all_accounts)
    return app


@wrong("2.4.2", caught_by="test_q2_a_row_that_changes_is_read_again[/staff/accounts]")
def accounts_app():
    """Keep the list of the first request."""
    from functools import cache

    app = FastAPI()
    rows = cache(lambda: all_accounts())
    app.get("/accounts/{number}", response_model=AccountOut)(find_account)

    @app.get("/staff/accounts", response_model=list[StaffAccountOut])
    def read_accounts():
        return rows()

    return app


@wrong("2.4.2", caught_by="test_q2_an_account_is_returned_as_account_out[0]")
def accounts_app():
    """Return 404 for some numbers, though there is an account for every one."""
    app = FastAPI()

    @app.get("/accounts/{number}", response_model=AccountOut)
    def read_account(number: int):
        if number < 1:
            raise HTTPException(404)
        return find_account(number)

    app.get("/staff/accounts", response_model=list[StaffAccountOut])(all_accounts)
    return app


@right("2.4.2")
def accounts_app():
    """Use return annotations, and create the models in the endpoints."""
    app = FastAPI()

    @app.get("/staff/accounts")
    async def read_accounts() -> list[StaffAccountOut]:
        return [StaffAccountOut(**row) for row in all_accounts()]

    @app.get("/accounts/{number}")
    async def read_account(number: int) -> AccountOut:
        return AccountOut(**find_account(number))

    return app


@right("2.4.2")
def accounts_app():
    """Return the rows from functions with these annotations."""
    staff = APIRouter(prefix="/staff")

    @staff.get("/accounts")
    def read_accounts() -> list[StaffAccountOut]:
        return all_accounts()

    app = FastAPI()
    app.include_router(staff)

    @app.get("/accounts/{account}")
    def read_account(account: int) -> AccountOut:
        return find_account(number=account)

    return app


@wrong("2.4.3", caught_by="test_q3_the_status_code_is_predicted[repeated]")
def statuses():
    """Predict the status code of the decorator for every request."""
    orders = ("lamp", "repeated", "sold-out", "gift-card", "incomplete", "documented")
    return dict.fromkeys(orders, 201)


@wrong("2.4.3", caught_by="test_q3_the_status_code_is_predicted[gift-card]")
def statuses():
    """Apply the status code of the decorator to a Response as well."""
    return {
        "lamp": 201,
        "repeated": 200,
        "sold-out": 409,
        "gift-card": 201,
        "incomplete": 422,
        "documented": 201,
    }


@wrong("2.4.3", caught_by="test_q3_the_status_code_is_predicted[incomplete]")
def statuses():
    """Expect 400 for an invalid body."""
    return {
        "lamp": 201,
        "repeated": 200,
        "sold-out": 409,
        "gift-card": 200,
        "incomplete": 400,
        "documented": 201,
    }


@wrong("2.4.3", caught_by="test_q3_the_status_code_is_predicted[documented]")
def statuses():
    """Expect the documentation to show the default, 200."""
    return {
        "lamp": 201,
        "repeated": 200,
        "sold-out": 409,
        "gift-card": 200,
        "incomplete": 422,
        "documented": 200,
    }


@wrong("2.4.4", caught_by="test_q4_the_location_is_the_url_of_the_new_product")
def catalogue_app(catalogue):
    """Write the host of the development server into Location."""
    app = FastAPI()

    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        return ProductOut(**catalogue.rows[number])

    @app.post("/products", status_code=201)
    def create_product(product: ProductIn, response: Response) -> ProductOut:
        created = ProductOut(**catalogue.add(product))
        url = f"http://localhost:8000/products/{created.number}"
        response.headers["Location"] = url
        return created

    return app


@wrong("2.4.4", caught_by="test_q4_the_location_is_the_url_of_the_new_product")
def catalogue_app(catalogue):
    """Forget the header Location."""
    app = FastAPI()

    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        if number not in catalogue.rows:
            raise HTTPException(404)
        return ProductOut(**catalogue.rows[number])

    @app.post("/products", status_code=201)
    def create_product(product: ProductIn) -> ProductOut:
        return ProductOut(**catalogue.add(product))

    return app


@wrong("2.4.4", caught_by="test_q4_the_location_is_the_url_of_the_new_product")
def catalogue_app(catalogue):
    """Set Location to the number, which is no URL of a product."""
    app = FastAPI()

    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        return ProductOut(**catalogue.rows[number])

    @app.post("/products", status_code=201)
    def create_product(product: ProductIn, response: Response) -> ProductOut:
        created = ProductOut(**catalogue.add(product))
        response.headers["Location"] = str(created.number)
        return created

    return app


@wrong("2.4.4", caught_by="test_q4_the_location_is_the_url_of_the_new_product")
def catalogue_app(catalogue):
    """Return the Location of the example."""
    app = FastAPI()

    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        if number not in catalogue.rows:
            raise HTTPException(404)
        return ProductOut(**catalogue.rows[number])

    @app.post("/products", status_code=201)
    def create_product(product: ProductIn, response: Response) -> ProductOut:
        response.headers["Location"] = "/products/1"
        return ProductOut(**catalogue.add(product))

    return app


@wrong(
    "2.4.4",
    caught_by="test_q4_the_documentation_shows_201_and_the_fields_of_product_out",
)
def catalogue_app(catalogue):
    """Set the status code in the endpoint, so that the documentation shows 200."""
    app = FastAPI()

    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        return ProductOut(**catalogue.rows[number])

    @app.post("/products")
    def create_product(product: ProductIn, response: Response) -> ProductOut:
        created = ProductOut(**catalogue.add(product))
        response.status_code = 201
        response.headers["Location"] = f"/products/{created.number}"
        return created

    return app


@wrong("2.4.4", caught_by="test_q4_a_new_product_returns_201")
def catalogue_app(catalogue):
    """Return a JSONResponse without its own status code."""
    app = FastAPI()

    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        return ProductOut(**catalogue.rows[number])

    @app.post("/products", status_code=201, response_model=ProductOut)
    def create_product(product: ProductIn):
        created = ProductOut(**catalogue.add(product))
        location = {"Location": f"/products/{created.number}"}
        return JSONResponse(created.model_dump(mode="json"), headers=location)

    return app


@wrong("2.4.4", caught_by="test_q4_the_response_contains_the_fields_of_product_out")
def catalogue_app(catalogue):
    """Return the row, with a field that is not for clients."""
    app = FastAPI()

    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        return ProductOut(**catalogue.rows[number])

    @app.post("/products", status_code=201)
    def create_product(product: ProductIn, response: Response):
        row = catalogue.add(product)
        response.headers["Location"] = f"/products/{row['number']}"
        return row

    return app


@wrong("2.4.4", caught_by="test_q4_the_response_contains_the_fields_of_product_out")
def catalogue_app(catalogue):
    """Return the product as it was sent, without its number."""
    app = FastAPI()

    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        return ProductOut(**catalogue.rows[number])

    @app.post("/products", status_code=201)
    def create_product(product: ProductIn, response: Response) -> ProductIn:
        number = catalogue.add(product)["number"]
        response.headers["Location"] = f"/products/{number}"
        return product

    return app


@wrong("2.4.4", caught_by="test_q4_the_product_is_added_as_product_in")
def catalogue_app(catalogue):
    """Take the body as a ProductOut with the number 0, and add that."""
    app = FastAPI()

    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        return ProductOut(**catalogue.rows[number])

    @app.post("/products", status_code=201, response_model=ProductOut)
    def create_product(response: Response, body: dict = Body()):
        row = catalogue.add(ProductOut(number=0, **body))
        number = row["number"] or max(catalogue.rows)
        response.headers["Location"] = f"/products/{number}"
        return row

    return app


@wrong("2.4.4", caught_by="test_q4_the_response_contains_the_fields_of_product_out")
def catalogue_app(catalogue):
    """Refuse a product with a name that exists."""
    app = FastAPI()

    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        if number not in catalogue.rows:
            raise HTTPException(404)
        return ProductOut(**catalogue.rows[number])

    @app.post("/products", status_code=201)
    def create_product(product: ProductIn, response: Response) -> ProductOut:
        if any(row["name"] == product.name for row in catalogue.rows.values()):
            raise HTTPException(409)
        created = ProductOut(**catalogue.add(product))
        response.headers["Location"] = f"/products/{created.number}"
        return created

    return app


@wrong("2.4.4", caught_by="test_q4_the_response_contains_the_fields_of_product_out")
def catalogue_app(catalogue):
    """Write each price with two decimal places."""
    app = FastAPI()

    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        if number not in catalogue.rows:
            raise HTTPException(404)
        return ProductOut(**catalogue.rows[number])

    @app.post("/products", status_code=201)
    def create_product(product: ProductIn, response: Response) -> ProductOut:
        product.price = product.price.quantize(Decimal("0.01"))
        created = ProductOut(**catalogue.add(product))
        response.headers["Location"] = f"/products/{created.number}"
        return created

    return app


@wrong("2.4.4", caught_by="test_q4_the_location_is_the_url_of_the_new_product")
def catalogue_app(catalogue):
    """Look for the number of the new product by its name."""
    app = FastAPI()

    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        if number not in catalogue.rows:
            raise HTTPException(404)
        return ProductOut(**catalogue.rows[number])

    @app.post("/products", status_code=201)
    def create_product(product: ProductIn, response: Response) -> ProductOut:
        created = catalogue.add(product)
        number = next(
            number
            for number, row in catalogue.rows.items()
            if row["name"] == product.name
        )
        response.headers["Location"] = f"/products/{number}"
        return ProductOut(**created)

    return app


@right("2.4.4")
def catalogue_app(catalogue):
    """Return a JSONResponse that has the status code and the header."""
    app = FastAPI()

    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        if number not in catalogue.rows:
            raise HTTPException(404)
        return ProductOut(**catalogue.rows[number])

    @app.post("/products", status_code=201, response_model=ProductOut)
    async def create(body: ProductIn) -> JSONResponse:
        created = ProductOut.model_validate(catalogue.add(body))
        return JSONResponse(
            created.model_dump(mode="json"),
            status_code=201,
            headers={"location": f"/products/{created.number}"},
        )

    return app


@right("2.4.4")
def catalogue_app(catalogue):
    """Let FastAPI build an absolute URL, and filter the row."""
    app = FastAPI()

    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        if number not in catalogue.rows:
            raise HTTPException(404)
        return ProductOut(**catalogue.rows[number])

    @app.post("/products", status_code=201, response_model=ProductOut)
    def create(product: ProductIn, request: Request, response: Response):
        row = catalogue.add(product)
        url = request.url_for("read_product", number=row["number"])
        response.headers["Location"] = str(url)
        return row

    return app


@right("2.4.4")
def catalogue_app(catalogue):
    """Use a second URL for the product, relative to the URL of the request."""
    app = FastAPI()

    @app.get("/catalogue/{number}")
    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        if number not in catalogue.rows:
            raise HTTPException(404)
        return ProductOut(**catalogue.rows[number])

    @app.post("/products", status_code=201)
    def create(product: ProductIn, response: Response) -> ProductOut:
        row = catalogue.add(product)
        response.headers.append("location", "catalogue/" + str(row["number"]))
        return row

    return app


@wrong("2.4.5", caught_by="test_q5_the_documentation_shows_no_password_hash")
def members_app(members):
    """Return the names only."""

    class MemberOut(BaseModel):
        name: str

    app = FastAPI()

    @app.get("/members")
    def read_members() -> list[MemberOut]:
        return [MemberOut(name=member.name) for member in members]

    return app


@wrong("2.4.5", caught_by="test_q5_the_password_hash_is_not_sent_at_this_depth[1]")
def members_app(members):
    """Use `response_model_exclude`, which does not reach `invited_by`."""
    app = FastAPI()

    @app.get(
        "/members",
        response_model_exclude={"password_hash"},
        response_model_exclude_none=True,
    )
    def read_members() -> list[Member]:
        return members

    return app


@wrong("2.4.5", caught_by="test_q5_the_password_hash_is_not_sent_at_this_depth[2]")
def members_app(members):
    """Write output models for two levels."""

    class InviterOut(BaseModel):
        name: str
        nickname: str | None = None

    class MemberOut(InviterOut):
        invited_by: InviterOut | None = None

    app = FastAPI()

    @app.get(
        "/members", response_model=list[MemberOut], response_model_exclude_none=True
    )
    def read_members():
        return members

    return app


@wrong("2.4.5", caught_by="test_q5_the_password_hash_is_not_sent_at_this_depth[1]")
def members_app(members):
    """Keep the stored model for `invited_by`."""

    class MemberOut(BaseModel):
        name: str
        nickname: str | None = None
        invited_by: Member | None = None

    app = FastAPI()

    @app.get(
        "/members", response_model=list[MemberOut], response_model_exclude_none=True
    )
    def read_members():
        return members

    return app


@wrong("2.4.5", caught_by="test_q5_a_field_without_a_value_is_left_out")
def members_app(members):
    """Write an output model, and send the fields without a value."""

    class MemberOut(BaseModel):
        name: str
        nickname: str | None = None
        invited_by: "MemberOut | None" = None

    app = FastAPI()

    @app.get("/members", response_model=list[MemberOut])
    def read_members():
        return members

    return app


@wrong("2.4.5", caught_by="test_q5_a_field_without_a_value_is_left_out[nothing]")
def members_app(members):
    """Use `response_model_exclude_unset`, though None was set on the members."""

    class MemberOut(BaseModel):
        name: str
        nickname: str | None = None
        invited_by: "MemberOut | None" = None

    app = FastAPI()

    def output(member):
        inviter = member.invited_by and output(member.invited_by)
        return MemberOut(name=member.name, nickname=member.nickname, invited_by=inviter)

    @app.get("/members", response_model_exclude_unset=True)
    def read_members() -> list[MemberOut]:
        return [output(member) for member in members]

    return app


@wrong("2.4.5", caught_by="test_q5_every_member_is_sent_without_the_password_hash[3]")
def members_app(members):
    """Leave out every value that counts as false."""

    class MemberOut(BaseModel):
        name: str
        nickname: str | None = Field(default=None, exclude_if=lambda name: not name)
        invited_by: "MemberOut | None" = Field(
            default=None, exclude_if=lambda inviter: not inviter
        )

    app = FastAPI()

    @app.get("/members", response_model=list[MemberOut])
    def read_members():
        return members

    return app


@wrong("2.4.5", caught_by="test_q5_the_documentation_shows_no_password_hash")
def members_app(members):
    """Remove the password hashes in the endpoint; the documentation still has them."""

    def clean(member):
        if member is None:
            return None
        hidden = {"password_hash": None, "invited_by": clean(member.invited_by)}
        return member.model_copy(update=hidden)

    app = FastAPI()

    @app.get("/members", response_model=list[Member])
    def read_members():
        cleaned = [clean(member) for member in members]
        return JSONResponse([one.model_dump(exclude_none=True) for one in cleaned])

    return app


@wrong("2.4.5", caught_by="test_q5_a_member_who_comes_later_is_sent_as_well")
def members_app(members):
    """Convert the members once, when the application is created."""

    class MemberOut(BaseModel):
        name: str
        nickname: str | None = None
        invited_by: "MemberOut | None" = None

    shown = [MemberOut.model_validate(one, from_attributes=True) for one in members]
    app = FastAPI()

    @app.get("/members", response_model_exclude_none=True)
    def read_members() -> list[MemberOut]:
        return shown

    return app


@wrong("2.4.5", caught_by="test_q5_a_member_who_comes_later_is_sent_as_well")
def members_app(members):
    """Keep the members of the first request."""

    class MemberOut(BaseModel):
        name: str
        nickname: str | None = None
        invited_by: "MemberOut | None" = None

    app = FastAPI()
    first = []

    @app.get(
        "/members", response_model=list[MemberOut], response_model_exclude_none=True
    )
    def read_members():
        if not first:
            first.extend(members)
        return first

    return app


@wrong("2.4.5", caught_by="test_q5_every_member_is_sent_without_the_password_hash[0]")
def members_app(members):
    """Send one member for each name."""

    class MemberOut(BaseModel):
        name: str
        nickname: str | None = None
        invited_by: "MemberOut | None" = None

    app = FastAPI()

    @app.get(
        "/members", response_model=list[MemberOut], response_model_exclude_none=True
    )
    def read_members():
        return list({one.name: one for one in members}.values())

    return app


@right("2.4.5")
def members_app(members):
    """Create output models, whose fields leave out None by themselves."""

    class Shown(BaseModel):
        name: str
        nickname: str | None = Field(default=None, exclude_if=lambda name: name is None)
        invited_by: "Shown | None" = Field(
            default=None, exclude_if=lambda inviter: inviter is None
        )

    def shown(member: Member) -> Shown:
        inviter = member.invited_by and shown(member.invited_by)
        return Shown(name=member.name, nickname=member.nickname, invited_by=inviter)

    app = FastAPI()

    @app.get("/members")
    async def read_members() -> list[Shown]:
        return [shown(member) for member in members]

    return app


@right("2.4.5")
def members_app(members):
    """Return dicts with what is there, and a response model that excludes unset fields."""

    class MemberOut(BaseModel):
        name: str
        nickname: str | None = None
        invited_by: "MemberOut | None" = None

    def output(member):
        values = {"name": member.name}
        if member.nickname is not None:
            values["nickname"] = member.nickname
        if member.invited_by is not None:
            values["invited_by"] = output(member.invited_by)
        return values

    app = FastAPI()
    app.get(
        "/members", response_model=list[MemberOut], response_model_exclude_unset=True
    )(lambda: [output(member) for member in members])
    return app


@right("2.4.5")
def members_app(members):
    """Exclude the password hash in a model that is derived from the stored one."""

    class MemberOut(Member):
        password_hash: str = Field(exclude=True)
        invited_by: "MemberOut | None" = None

    app = FastAPI()

    @app.get("/members", response_model_exclude_none=True)
    def read_members() -> list[MemberOut]:
        return [MemberOut(**member.model_dump()) for member in members]

    return app


@wrong("2.4.6", caught_by="test_q6_a_dict_becomes_what_fastapi_sends[more fields]")
def respond(model, returned):
    """Check the value, and send it as it is."""
    model.model_validate(returned, from_attributes=True)
    values = returned if isinstance(returned, dict) else vars(returned)
    return {name: str(value) for name, value in values.items()}


@wrong(
    "2.4.6",
    caught_by="test_q6_a_value_that_does_not_fit_raises_a_validation_error",
)
def respond(model, returned):
    """Select the fields of the model, and validate nothing."""
    values = returned if isinstance(returned, dict) else vars(returned)
    return model.model_construct(**values).model_dump(mode="json", warnings=False)


@wrong("2.4.6", caught_by="test_q6_a_dict_becomes_what_fastapi_sends[all fields]")
def respond(model, returned):
    """Dump Python values, which `json.dumps` cannot write."""
    return model.model_validate(returned, from_attributes=True).model_dump()


@wrong("2.4.6", caught_by="test_q6_a_row_becomes_what_fastapi_sends")
def respond(model, returned):
    """Validate without `from_attributes`, so that only dicts are accepted."""
    return model.model_validate(returned).model_dump(mode="json")


@wrong("2.4.6", caught_by="test_q6_a_dict_becomes_what_fastapi_sends")
def respond(model, returned):
    """Return JSON text."""
    return model.model_validate(returned, from_attributes=True).model_dump_json()


@wrong("2.4.6", caught_by="test_q6_another_model_has_other_fields")
def respond(model, returned):
    """Use the model of the example."""
    return Quote.model_validate(returned, from_attributes=True).model_dump(mode="json")


@wrong("2.4.6", caught_by="test_q6_a_dict_becomes_what_fastapi_sends[no pieces]")
def respond(model, returned):
    """Leave out the default values."""
    found = model.model_validate(returned, from_attributes=True)
    return found.model_dump(mode="json", exclude_unset=True)


@wrong(
    "2.4.6",
    caught_by="test_q6_a_row_that_does_not_fit_raises_a_validation_error",
)
def respond(model, returned):
    """Validate dicts, and trust what the database returned."""
    if isinstance(returned, QuoteRow):
        values = {name: getattr(returned, name, None) for name in model.model_fields}
        return jsonable_encoder(values)
    return model.model_validate(returned).model_dump(mode="json")


@wrong("2.4.6", caught_by="test_q6_a_model_in_a_model_becomes_what_fastapi_sends")
def respond(model, returned):
    """Write everything that JSON does not know as a string."""
    valid = model.model_validate(returned, from_attributes=True)
    return json.loads(json.dumps(dict(valid), default=str))


@right("2.4.6")
def respond(model, returned):
    """Use a TypeAdapter, and the JSON text from Pydantic."""
    values = returned if isinstance(returned, dict) else vars(returned)
    adapter = TypeAdapter(model)
    return json.loads(adapter.dump_json(adapter.validate_python({**values})))


@right("2.4.6")
def respond(model, returned):
    """Create the model with keywords, and convert it with FastAPI's encoder."""
    if not isinstance(returned, dict):
        returned = asdict(returned)
    return jsonable_encoder(model(**returned))
