"""Other answers to section 4.7."""

from fastapi import Path, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from sensei.variants import right, wrong


@wrong("4.7.1", caught_by="test_q1_get_products_returns_the_list_of_each_moment")
def products_router():
    """Write a slash after the prefix."""
    router = APIRouter(prefix="/products", tags=["products"])

    @router.get("/")
    def read_products() -> list[Product]:
        return list_products()

    @router.get("/{number}")
    def read_product(number: int) -> Product:
        return find_product(number)

    return router


@wrong("4.7.1", caught_by="test_q1_get_products_returns_the_list_of_each_moment")
def products_router():
    """List the products once, when the router is created."""
    router = APIRouter(prefix="/products", tags=["products"])
    products = list_products()

    @router.get("")
    def read_products() -> list[Product]:
        return products

    @router.get("/{number}")
    def read_product(number: int) -> Product:
        return find_product(number)

    return router


@wrong(
    "4.7.1",
    caught_by="test_q1_an_endpoint_added_later_has_the_prefix_and_the_tag",
)
def products_router():
    """Repeat the path and the tag in every decorator."""
    router = APIRouter()

    @router.get("/products", tags=["products"])
    def read_products() -> list[Product]:
        return list_products()

    @router.get("/products/{number}", tags=["products"])
    def read_product(number: int) -> Product:
        return find_product(number)

    return router


@wrong(
    "4.7.1",
    caught_by="test_q1_an_endpoint_added_later_has_the_prefix_and_the_tag",
)
def products_router():
    """Give the prefix to an outer router, which has none itself."""
    inner = APIRouter()

    @inner.get("")
    def read_products() -> list[Product]:
        return list_products()

    @inner.get("/{number}")
    def read_product(number: int) -> Product:
        return find_product(number)

    outer = APIRouter()
    outer.include_router(inner, prefix="/products", tags=["products"])
    return outer


@wrong("4.7.1", caught_by="test_q1_every_endpoint_has_the_tag_products")
def products_router():
    """Forget the tag."""
    router = APIRouter(prefix="/products")

    @router.get("")
    def read_products() -> list[Product]:
        return list_products()

    @router.get("/{number}")
    def read_product(number: int) -> Product:
        return find_product(number)

    return router


@wrong("4.7.1", caught_by="test_q1_every_endpoint_has_the_tag_products")
def products_router():
    """Write the tag in the router and in a decorator."""
    router = APIRouter(prefix="/products", tags=["products"])

    @router.get("", tags=["products"])
    def read_products() -> list[Product]:
        return list_products()

    @router.get("/{number}")
    def read_product(number: int) -> Product:
        return find_product(number)

    return router


@wrong("4.7.1", caught_by="test_q1_get_a_product_returns_the_one_with_this_number")
def products_router():
    """Leave the number a string."""
    router = APIRouter(prefix="/products", tags=["products"])

    @router.get("")
    def read_products() -> list[Product]:
        return list_products()

    @router.get("/{number}")
    def read_product(number) -> Product:
        return find_product(number)

    return router


@wrong("4.7.1", caught_by="test_q1_get_a_product_returns_the_one_with_this_number")
def products_router():
    """Read the number from the query string."""
    router = APIRouter(prefix="/products", tags=["products"])

    @router.get("")
    def read_products() -> list[Product]:
        return list_products()

    @router.get("/{id}")
    def read_product(number: int) -> Product:
        return find_product(number)

    return router


@wrong("4.7.1", caught_by="test_q1_a_product_is_found_anew_for_every_request")
def products_router():
    """Keep each product that was found."""
    router = APIRouter(prefix="/products", tags=["products"])
    found = {}

    @router.get("")
    def read_products() -> list[Product]:
        return list_products()

    @router.get("/{number}")
    def read_product(number: int) -> Product:
        if number not in found:
            found[number] = find_product(number)
        return found[number]

    return router


@wrong("4.7.1", caught_by="test_q1_get_products_returns_the_list_of_each_moment")
def products_router():
    """Return an application."""
    app = FastAPI()
    app.get("/products", tags=["products"])(list_products)
    app.get("/products/{number}", tags=["products"])(find_product)
    return app


@wrong("4.7.1", caught_by="test_q1_a_number_that_is_no_integer_returns_422")
def products_router():
    """Convert the number in the endpoint."""
    router = APIRouter(prefix="/products", tags=["products"])

    @router.get("")
    def read_products() -> list[Product]:
        return list_products()

    @router.get("/{number}")
    def read_product(number: str) -> Product:
        return find_product(int(number))

    return router


@wrong("4.7.1", caught_by="test_q1_a_number_that_is_no_integer_returns_422")
def products_router():
    """Return 404 for everything that is no number."""
    router = APIRouter(prefix="/products", tags=["products"])

    @router.get("")
    def read_products() -> list[Product]:
        return list_products()

    @router.get("/{number}")
    def read_product(number: str) -> Product:
        return find_product(int(number) if number.isdecimal() else -1)

    return router


@wrong("4.7.1", caught_by="test_q1_get_a_product_returns_the_one_with_this_number")
def products_router():
    """Look for the product without `find_product`."""
    router = APIRouter(prefix="/products", tags=["products"])

    @router.get("")
    def read_products() -> list[Product]:
        return list_products()

    @router.get("/{number}")
    def read_product(number: int) -> Product:
        for product in list_products():
            if product.number == number:
                return product
        raise HTTPException(404, "There is no such product.")

    return router


@wrong("4.7.1", caught_by="test_q1_get_products_returns_the_list_of_each_moment")
def products_router():
    """Return the first page of the list."""
    router = APIRouter(prefix="/products", tags=["products"])

    @router.get("")
    def read_products(limit: int = 100) -> list[Product]:
        return list_products()[:limit]

    router.get("/{number}")(find_product)
    return router


@wrong("4.7.1", caught_by="test_q1_get_products_returns_the_list_of_each_moment")
def products_router():
    """Sort the products."""
    router = APIRouter(prefix="/products", tags=["products"])

    @router.get("")
    def read_products() -> list[Product]:
        return sorted(list_products(), key=lambda product: product.number)

    router.get("/{number}")(find_product)
    return router


@wrong("4.7.1", caught_by="test_q1_get_a_product_returns_the_one_with_this_number")
def products_router():
    """Refuse numbers below 1."""
    router = APIRouter(prefix="/products", tags=["products"])
    router.get("")(list_products)

    @router.get("/{number}")
    def read_product(number: Annotated[int, Path(ge=1)]) -> Product:
        return find_product(number)

    return router


@right("4.7.1")
def products_router():
    """Register the given functions themselves."""
    router = APIRouter(prefix="/products", tags=["products"])
    router.add_api_route("", list_products)
    router.add_api_route("/{number}", find_product, methods=["GET"])
    return router


class Products(APIRouter):
    """A router that knows its prefix and its tag."""

    def __init__(self):
        super().__init__(prefix="/products", tags=["products"])
        self.get("")(self.all)
        self.get("/{number}")(self.one)

    async def all(self):
        return list_products()

    async def one(self, number: int = Path()):
        return find_product(number)


@right("4.7.1")
def products_router():
    """Write a class for the module."""
    return Products()


module_router = APIRouter(prefix="/products", tags=["products"])


@module_router.get("")
def read_products() -> list[Product]:
    return list_products()


@module_router.get("/{number}")
def read_product(number: int) -> Product:
    return find_product(number)


@right("4.7.1")
def products_router():
    """Define the router at module level."""
    return module_router


@wrong("4.7.2", caught_by="test_q2_the_offers_are_not_taken_for_a_book")
def shop_app():
    """Include the catalogue first."""
    app = FastAPI()
    app.include_router(catalogue, prefix="/api")
    app.include_router(offers, prefix="/api")
    app.include_router(
        reports, prefix="/api/reports", dependencies=[Depends(staff_only)]
    )
    return app


@wrong("4.7.2", caught_by="test_q2_others_cannot_read_the_reports[none-sales]")
def shop_app():
    """Let everybody read the reports."""
    app = FastAPI()
    for router in (offers, catalogue):
        app.include_router(router, prefix="/api")
    app.include_router(reports, prefix="/api/reports")
    return app


@wrong("4.7.2", caught_by="test_q2_a_book_is_below_api[9780141439587]")
def shop_app():
    """Give the dependency to the whole application."""
    app = FastAPI(dependencies=[Depends(staff_only)])
    for router in (offers, catalogue):
        app.include_router(router, prefix="/api")
    app.include_router(reports, prefix="/api/reports")
    return app


@wrong("4.7.2", caught_by="test_q2_a_book_is_below_api[9780141439587]")
def shop_app():
    """Include all routers without a prefix."""
    app = FastAPI()
    for router in (offers, catalogue, reports):
        app.include_router(router)
    return app


@wrong("4.7.2", caught_by="test_q2_the_staff_reads_the_reports[sales-31]")
def shop_app():
    """Give one prefix to all three."""
    app = FastAPI()
    for router in (offers, catalogue):
        app.include_router(router, prefix="/api")
    app.include_router(reports, prefix="/api", dependencies=[Depends(staff_only)])
    return app


@wrong(
    "4.7.2",
    caught_by="test_q2_another_application_includes_a_router_in_its_own_way[reports]",
)
def shop_app():
    """Write the prefix and the dependency into the routes."""
    app = FastAPI()
    for router in (offers, catalogue, reports):
        prefix, dependencies = "/api", []
        if router is reports:
            prefix, dependencies = "/api/reports", [Depends(staff_only)]
        for route in list(router.routes):
            if not route.path.startswith("/api"):
                router.routes.remove(route)
                router.add_api_route(
                    prefix + route.path, route.endpoint, dependencies=dependencies
                )
        app.include_router(router)
    return app


@wrong(
    "4.7.2",
    caught_by="test_q2_another_application_includes_a_router_in_its_own_way[catalogue]",
)
def shop_app():
    """Collect the offers in the router of the catalogue, for the right order."""
    catalogue.routes[:0] = offers.routes
    reports.dependencies.append(Depends(staff_only))
    app = FastAPI()
    app.include_router(catalogue, prefix="/api")
    app.include_router(reports, prefix="/api/reports")
    return app


@wrong("4.7.2", caught_by="test_q2_others_cannot_read_the_reports[none-returns]")
def shop_app():
    """Protect one of the reports."""
    app = FastAPI()
    app.get("/api/reports/sales", dependencies=[Depends(staff_only)])(read_sales)
    for router in (offers, catalogue):
        app.include_router(router, prefix="/api")
    app.include_router(reports, prefix="/api/reports")
    return app


@wrong("4.7.2", caught_by="test_q2_there_is_nothing_at_other_paths[/sales]")
def shop_app():
    """Include the reports a second time, without a prefix."""
    app = FastAPI()
    for router in (offers, catalogue):
        app.include_router(router, prefix="/api")
    staff = [Depends(staff_only)]
    app.include_router(reports, prefix="/api/reports", dependencies=staff)
    app.include_router(reports)
    return app


@wrong("4.7.2", caught_by="test_q2_an_endpoint_added_to_a_router_is_served[reports]")
def shop_app():
    """Register the known endpoints by hand."""
    app = FastAPI()
    app.get("/api/books/offers")(read_offers)
    app.get("/api/books/{isbn}")(read_book)
    app.get("/api/reports/sales", dependencies=[Depends(staff_only)])(read_sales)
    app.get("/api/reports/returns", dependencies=[Depends(staff_only)])(read_returns)
    return app


@wrong(
    "4.7.2",
    caught_by="test_q2_another_application_includes_a_router_in_its_own_way[offers]",
)
def shop_app():
    """Include the catalogue in the router of the offers."""
    offers.include_router(catalogue)
    app = FastAPI()
    app.include_router(offers, prefix="/api")
    app.include_router(
        reports, prefix="/api/reports", dependencies=[Depends(staff_only)]
    )
    return app


@wrong(
    "4.7.2",
    caught_by="test_q2_the_dependency_of_the_reports_is_staff_only[/reports/sales]",
)
def shop_app():
    """Repeat the rule in a middleware."""
    app = FastAPI()
    for router in (offers, catalogue):
        app.include_router(router, prefix="/api")
    app.include_router(reports, prefix="/api/reports")

    @app.middleware("http")
    async def check(request, call_next):
        private = request.url.path.startswith("/api/reports/")
        if private and request.headers.get("X-Staff") != "yes":
            return JSONResponse({"detail": "This is for the staff only."}, 403)
        return await call_next(request)

    return app


@wrong("4.7.2", caught_by="test_q2_each_call_returns_a_new_application")
def shop_app():
    """Create the application at the first call only."""
    if not hasattr(shop_app, "app"):
        app = shop_app.app = FastAPI()
        app.include_router(offers, prefix="/api")
        app.include_router(catalogue, prefix="/api")
        app.include_router(
            reports, prefix="/api/reports", dependencies=[Depends(staff_only)]
        )
    return shop_app.app


@right("4.7.2")
def shop_app():
    """Nest the routers in one for `/api`."""
    api, staff = APIRouter(prefix="/api"), APIRouter(prefix="/reports")
    staff.include_router(reports)
    api.include_router(staff, dependencies=[Depends(staff_only)])
    api.include_router(offers)
    api.include_router(catalogue)
    app = FastAPI()
    app.include_router(api)
    return app


@right("4.7.2")
def shop_app():
    """Mount an application at `/api`."""
    api = FastAPI()
    staff = APIRouter(dependencies=[Depends(staff_only)])
    staff.include_router(reports, prefix="/reports")
    for router in (staff, offers, catalogue):
        api.include_router(router)
    app = FastAPI()
    app.mount("/api", api)
    return app


@right("4.7.2")
def shop_app():
    """Include the routers of a table."""
    table = [
        (reports, "/reports", [Depends(staff_only)]),
        (offers, "", None),
        (catalogue, "", []),
    ]
    app = FastAPI()
    for router, prefix, dependencies in table:
        app.include_router(router, prefix=f"/api{prefix}", dependencies=dependencies)
    return app


def with_endpoints(router, prefix="", invoice=None, all_three=None):
    """Add the three endpoints to a router."""

    @router.get(prefix + "/{number}", dependencies=all_three)
    def read_order(number: int) -> str:
        return f"order {number}"

    @router.get(prefix + "/{number}/invoice", dependencies=invoice or all_three)
    def read_invoice(number: int) -> str:
        return f"invoice of order {number}"

    @router.delete(prefix + "/{number}", dependencies=all_three)
    def cancel_order(number: int) -> str:
        return f"order {number} is cancelled"

    return router


@wrong("4.7.3", caught_by="test_q3_an_endpoint_added_later_needs_a_customer_as_well")
def orders_router():
    """Add the dependency to the one decorator that misses it."""
    return with_endpoints(APIRouter(), all_three=[Depends(signed_in)])


@wrong("4.7.3", caught_by="test_q3_the_application_chooses_the_prefix[read-/orders]")
def orders_router():
    """Move the prefix from the decorators to the router."""
    return with_endpoints(
        APIRouter(prefix="/orders", dependencies=[Depends(signed_in)])
    )


@wrong("4.7.3", caught_by="test_q3_the_application_chooses_the_prefix[read-/orders]")
def orders_router():
    """Leave the paths as they are."""
    return with_endpoints(APIRouter(dependencies=[Depends(signed_in)]), "/orders")


@wrong(
    "4.7.3", caught_by="test_q3_without_a_customer_each_endpoint_returns_401[invoice]"
)
def orders_router():
    """Forget the rule, now in all three."""
    return with_endpoints(APIRouter())


@wrong("4.7.3", caught_by="test_q3_an_endpoint_added_later_needs_a_customer_as_well")
def orders_router():
    """Give the dependency to an inner router only."""
    outer = APIRouter()
    outer.include_router(
        with_endpoints(APIRouter(), "/x"), dependencies=[Depends(signed_in)]
    )
    return with_endpoints(outer, all_three=[Depends(signed_in)])


@wrong("4.7.3", caught_by="test_q3_without_a_customer_each_endpoint_returns_401[read]")
def orders_router():
    """Set the dependencies after the endpoints, which then have none."""
    router = with_endpoints(APIRouter())
    router.dependencies = [Depends(signed_in)]
    return router


@wrong("4.7.3", caught_by="test_q3_an_application_includes_the_router_twice")
def orders_router():
    """Refuse a second prefix."""

    class Once(APIRouter):
        def __init__(self):
            super().__init__(dependencies=[Depends(self.once)])
            self.prefixes = set()

        def once(self, request: Request, _: Annotated[str, Depends(signed_in)]):
            self.prefixes.add(request.url.path.partition("orders")[0])
            if len(self.prefixes) > 1:
                raise HTTPException(404)

    return with_endpoints(Once())


@wrong("4.7.3", caught_by="test_q3_the_dependency_is_signed_in[invoice]")
def orders_router():
    """Write the rule again."""

    def customers_only(customer: Annotated[str, Header(alias="X-Customer")] = ""):
        if not customer:
            raise HTTPException(401, "Log in first.")

    return with_endpoints(APIRouter(dependencies=[Depends(customers_only)]))


@wrong("4.7.3", caught_by="test_q3_a_number_that_is_no_integer_returns_422[read]")
def orders_router():
    """Forget the type of the number."""
    router = APIRouter(dependencies=[Depends(signed_in)])
    router.get("/{number}")(lambda number: f"order {number}")
    router.get("/{number}/invoice")(lambda number: f"invoice of order {number}")
    router.delete("/{number}")(lambda number: f"order {number} is cancelled")
    return router


@wrong("4.7.3", caught_by="test_q3_the_paths_do_not_contain_orders[read]")
def orders_router():
    """Keep the old paths beside the new ones."""
    router = APIRouter(dependencies=[Depends(signed_in)])
    return with_endpoints(with_endpoints(router), "/orders")


@wrong("4.7.3", caught_by="test_q3_a_number_that_is_no_integer_returns_422[read]")
def orders_router():
    """Refuse numbers below 1."""
    number = Annotated[int, Path(ge=1)]
    router = APIRouter(dependencies=[Depends(signed_in)])

    @router.get("/{number}")
    def read_order(number: number) -> str:
        return f"order {number}"

    @router.get("/{number}/invoice")
    def read_invoice(number: number) -> str:
        return f"invoice of order {number}"

    @router.delete("/{number}")
    def cancel_order(number: number) -> str:
        return f"order {number} is cancelled"

    return router


@right("4.7.3")
def orders_router():
    """Keep the dependencies of the decorators as well."""
    customers = [Depends(signed_in)]
    return with_endpoints(APIRouter(dependencies=customers), all_three=customers)


@right("4.7.3")
def orders_router():
    """Set the dependencies before the endpoints."""
    router = APIRouter()
    router.dependencies.append(Depends(signed_in))
    return with_endpoints(router)


class Checked(APIRoute):
    """A route that adds the dependency to its own ones."""

    def __init__(self, *arguments, dependencies=None, **named):
        super().__init__(
            *arguments,
            dependencies=[Depends(signed_in), *(dependencies or [])],
            **named,
        )


@right("4.7.3")
def orders_router():
    """Give the router a class for its routes."""
    return with_endpoints(APIRouter(route_class=Checked))
