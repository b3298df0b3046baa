"""Other answers to section 2.4."""

import json

from pydantic import Field, TypeAdapter

from sensei.variants import right, wrong


@wrong("2.4.1", caught_by="test_q1_the_client_reads_number_and_state_only")
def accepting_app():
    """The status is all that matters; the dict is passed on as it is."""
    app = FastAPI()

    @app.post("/orders", status_code=202)
    def order(order: OrderIn):
        return accept(order)

    return app


@wrong("2.4.1", caught_by="test_q1_an_order_is_answered_202")
def accepting_app():
    """A response model is enough; a success is a 200."""

    class Receipt(BaseModel):
        number: int
        state: str

    app = FastAPI()

    @app.post("/orders")
    def order(order: OrderIn) -> Receipt:
        return Receipt(**accept(order))

    return app


@wrong(
    "2.4.1",
    caught_by="test_q1_the_documentation_promises_the_two_fields_under_202",
)
def accepting_app():
    """A JSONResponse of one's own does the same."""
    app = FastAPI()

    @app.post("/orders", response_model=None)
    def order(order: OrderIn):
        told = accept(order)
        content = {"number": told["number"], "state": told["state"]}
        return JSONResponse(content, status_code=202)

    return app


@wrong("2.4.1", caught_by="test_q1_the_answer_is_what_the_order_service_said")
def accepting_app():
    """The one example, typed in."""

    class Receipt(BaseModel):
        number: int = 7
        state: str = "accepted"

    app = FastAPI()

    @app.post("/orders", status_code=202)
    def order(order: OrderIn) -> Receipt:
        return Receipt()

    return app


@right("2.4.1")
def accepting_app():
    """The model is built by hand; the status is set on the response as well."""

    class OrderOut(BaseModel):
        number: int
        state: str

    app = FastAPI()

    @app.post("/orders", status_code=202)
    async def place(body: OrderIn, response: Response) -> OrderOut:
        told = accept(body)
        response.status_code = 202
        return OrderOut(number=told["number"], state=told["state"])

    return app


@wrong("2.4.2", caught_by="test_q2_the_staff_reads_the_staff_schema")
def accounts_app():
    """One schema for everybody."""
    app = FastAPI()
    app.get("/accounts/{number}", response_model=AccountOut)(find_account)
    app.get("/staff/accounts/{number}", response_model=AccountOut)(find_account)

    @app.get("/accounts", response_model=list[AccountOut])
    def accounts(numbers: Annotated[list[int], Query()]):
        return [find_account(number) for number in numbers]

    return app


@wrong("2.4.2", caught_by="test_q2_a_list_is_filtered_entry_by_entry")
def accounts_app():
    """A list needs no model: its entries have one elsewhere."""
    app = FastAPI()
    app.get("/accounts/{number}", response_model=AccountOut)(find_account)
    app.get("/staff/accounts/{number}", response_model=AccountForStaff)(find_account)

    @app.get("/accounts")
    def accounts(numbers: Annotated[list[int], Query()]):
        return [find_account(number) for number in numbers]

    return app


@wrong("2.4.2", caught_by="test_q2_the_documentation_names_the_schema")
def accounts_app():
    """Filtering by hand controls the output; FastAPI need not know."""
    app = FastAPI()

    def public(number: int):
        return {"name": find_account(number)["name"]}

    @app.get("/accounts/{number}")
    def account(number: int):
        return public(number)

    @app.get("/staff/accounts/{number}")
    def for_staff(number: int):
        row = find_account(number)
        return {key: row[key] for key in ("name", "email", "warnings")}

    @app.get("/accounts")
    def accounts(numbers: Annotated[list[int], Query()]):
        return [public(number) for number in numbers]

    return app


@wrong("2.4.2", caught_by="test_q2_everybody_reads_the_public_schema")
def accounts_app():
    """The one account that the docstring shows, typed in."""
    app = FastAPI()

    @app.get("/accounts/{number}")
    def account(number: int) -> AccountOut:
        return AccountOut(name="Mara")

    @app.get("/staff/accounts/{number}")
    def for_staff(number: int) -> AccountForStaff:
        return AccountForStaff(name="Mara", email="mara@example.com", warnings=2)

    @app.get("/accounts")
    def accounts(numbers: list[int] = Query()) -> list[AccountOut]:
        return [AccountOut(name="Mara") for _ in numbers]

    return app


@right("2.4.2")
def accounts_app():
    """Return annotations, and models built in the endpoints."""
    app = FastAPI()

    @app.get("/accounts")
    async def several(numbers: list[int] = Query()) -> list[AccountOut]:
        return [AccountOut(**find_account(number)) for number in numbers]

    @app.get("/accounts/{number}")
    async def one(number: int) -> AccountOut:
        return AccountOut(**find_account(number))

    @app.get("/staff/accounts/{number}")
    async def one_for_staff(number: int) -> AccountForStaff:
        return AccountForStaff(**find_account(number))

    return app


@wrong("2.4.3", caught_by="test_q3_the_status_is_predicted[known]")
def statuses():
    """The decorator's status is sent whatever happens."""
    orders = ("lamp", "known", "sold-out", "by-hand", "incomplete", "documented")
    return dict.fromkeys(orders, 201)


@wrong("2.4.3", caught_by="test_q3_the_status_is_predicted[by-hand]")
def statuses():
    """The decorator's status holds for a Response that the endpoint returns."""
    return {
        "lamp": 201,
        "known": 200,
        "sold-out": 409,
        "by-hand": 201,
        "incomplete": 422,
        "documented": 201,
    }


@wrong("2.4.4", caught_by="test_q4_location_leads_to_the_product")
def catalogue_app():
    """201 is a number; Location is for redirects."""
    app = FastAPI()
    catalogue = {}

    @app.post("/products", status_code=201)
    def add(product: Product) -> Product:
        if product.sku in catalogue:
            raise HTTPException(409)
        catalogue[product.sku] = product
        return product

    return app


@wrong("2.4.4", caught_by="test_q4_a_known_sku_is_a_conflict_and_changes_nothing")
def catalogue_app():
    """Adding again overwrites."""
    app = FastAPI()
    catalogue = {}

    @app.post("/products", status_code=201)
    def add(product: Product, response: Response) -> Product:
        catalogue[product.sku] = product
        response.headers["Location"] = f"/products/{product.sku}"
        return product

    @app.get("/products/{sku}")
    def find(sku: str) -> Product:
        if sku not in catalogue:
            raise HTTPException(404)
        return catalogue[sku]

    return app


@wrong(
    "2.4.4",
    caught_by="test_q4_the_documentation_promises_a_product_under_201",
)
def catalogue_app():
    """The status is set in the endpoint; the documentation still announces 200."""
    app = FastAPI()
    catalogue = {}

    @app.post("/products")
    def add(product: Product, response: Response) -> Product:
        if product.sku in catalogue:
            raise HTTPException(409)
        catalogue[product.sku] = product
        response.status_code = 201
        response.headers["Location"] = f"/products/{product.sku}"
        return product

    @app.get("/products/{sku}")
    def find(sku: str) -> Product:
        if sku not in catalogue:
            raise HTTPException(404)
        return catalogue[sku]

    return app


@right("2.4.4")
def catalogue_app():
    """A list for a catalogue, a query parameter for an address, no f-string."""
    app = FastAPI()
    app.state.products = []

    def find(sku: str) -> Product | None:
        return next((one for one in app.state.products if one.sku == sku), None)

    @app.get("/product")
    async def show(sku: str) -> Product:
        if (product := find(sku)) is None:
            raise HTTPException(status_code=404)
        return product

    @app.post("/products", status_code=201, response_model=Product)
    async def add(product: Product, response: Response):
        if find(product.sku):
            raise HTTPException(status_code=409)
        app.state.products.append(product)
        response.headers["location"] = "/product?sku=" + product.sku
        return product

    return app


@right("2.4.4")
def catalogue_app():
    """An absolute address, made from the request."""
    from fastapi import Request

    app = FastAPI()
    catalogue = {}

    @app.get("/catalogue/{sku}", response_model=Product)
    def show(sku: str):
        try:
            return catalogue[sku]
        except KeyError:
            raise HTTPException(404) from None

    @app.post("/products", status_code=201, response_model=Product)
    def add(product: Product, request: Request, response: Response):
        if product.sku in catalogue:
            raise HTTPException(409)
        catalogue[product.sku] = product
        response.headers["Location"] = str(request.url_for("show", sku=product.sku))
        return product

    return app


@wrong("2.4.5", caught_by="test_q5_what_a_member_does_not_have_is_left_out")
def members_app(members):
    """Nothing but the names cannot leak."""

    class MemberOut(BaseModel):
        name: str

    app = FastAPI()

    @app.get("/members")
    def all_members() -> list[MemberOut]:
        return [MemberOut(name=member.name) for member in members]

    return app


@wrong("2.4.5", caught_by="test_q5_no_password_is_sent_at_any_depth")
def members_app(members):
    """`response_model_exclude` reaches the members, not those who invited them."""
    app = FastAPI()

    @app.get(
        "/members",
        response_model_exclude={"password_hash"},
        response_model_exclude_none=True,
    )
    def all_members() -> list[Member]:
        return members

    return app


@wrong("2.4.5", caught_by="test_q5_what_a_member_does_not_have_is_left_out")
def members_app(members):
    """A model without the password is all there is to it."""

    class MemberOut(BaseModel):
        name: str
        nickname: str | None = None
        invited_by: "MemberOut | None" = None

    app = FastAPI()

    @app.get("/members", response_model=list[MemberOut])
    def all_members():
        return members

    return app


@wrong("2.4.5", caught_by="test_q5_the_documentation_has_no_password_either")
def members_app(members):
    """The passwords are emptied on the way out; the schema still names them."""

    def clean(member):
        if member is None:
            return None
        hidden = {"password_hash": None, "invited_by": clean(member.invited_by)}
        return member.model_copy(update=hidden)

    app = FastAPI()

    @app.get("/members", response_model=list[Member])
    def all_members():
        cleaned = [clean(member) for member in members]
        return JSONResponse([one.model_dump(exclude_none=True) for one in cleaned])

    return app


@right("2.4.5")
def members_app(members):
    """The stored fields, restated as fields that are never serialized."""

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
    async def all_members() -> list[Shown]:
        return [shown(member) for member in members]

    return app


@wrong("2.4.6", caught_by="test_q6_the_client_reads_what_fastapi_would_send")
def respond(model, returned):
    """The model is documentation: what was returned is sent."""
    if isinstance(returned, BaseModel):
        return returned.model_dump(mode="json")
    return model.model_validate(returned, from_attributes=True) and returned


@wrong("2.4.6", caught_by="test_q6_a_value_that_breaks_the_promise_is_not_sent")
def respond(model, returned):
    """The model picks its fields and checks nothing."""
    values = returned if isinstance(returned, dict) else vars(returned)
    return model.model_construct(**values).model_dump(mode="json", warnings=False)


@wrong("2.4.6", caught_by="test_q6_the_client_reads_what_fastapi_would_send")
def respond(model, returned):
    """What Python can hold, json.dumps can write."""
    return model.model_validate(returned, from_attributes=True).model_dump()


@right("2.4.6")
def respond(model, returned):
    """A TypeAdapter, and the text that Pydantic writes itself."""
    values = returned if isinstance(returned, dict) else vars(returned)
    adapter = TypeAdapter(model)
    return json.loads(adapter.dump_json(adapter.validate_python({**values})))
