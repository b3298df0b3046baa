"""The tests of section 4.7."""

from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, HTTPException

from lab import attempt, client, fastapi_app, in_words, json_or_text, stand_in


def send(
    app: FastAPI, method: str, path: str, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """Return the status code and the body of a response, of a redirect as well."""
    with client(app) as http:
        response: httpx2.Response = attempt(
            f"`{method} {path}` with the headers {headers or {}}",
            http.request,
            method,
            path,
            headers=headers,
            follow_redirects=False,
        )
    return response.status_code, json_or_text(response)


def a_router(value: object, call: str) -> APIRouter:
    """Return `value`, which the answer's `call` returned."""
    assert isinstance(value, APIRouter), (
        f"`{call}` returned {in_words(value)}. The docstring asks for an `APIRouter`: "
        "create one and return it."
    )
    return value


def including(router: APIRouter, *prefixes: str) -> FastAPI:
    """Return an application that includes `router` once for each prefix."""
    app = FastAPI()
    for prefix in prefixes:
        attempt(
            f"`app.include_router(router, prefix={prefix!r})`",
            app.include_router,
            router,
            prefix=prefix,
        )
    return app


@pytest.fixture
def products(answers) -> dict[int, Any]:
    """The products for sale, by number."""
    known = {5: answers.Product(5, "Żubr"), 12: answers.Product(12, "")}

    def find_product(number: int) -> Any:
        if type(number) is not int or number not in known:
            raise HTTPException(404, f"No product {number!r}.")
        return known[number]

    stand_in(answers.list_products, lambda: list(known.values()))
    stand_in(answers.find_product, find_product)
    return known


def products_app(answers) -> tuple[APIRouter, FastAPI]:
    """Return the router of 4.7.1, and an application that includes it."""
    router = a_router(answers.products_router(), "products_router()")
    return router, including(router, "")


def test_q1_get_products_returns_the_list_of_each_moment(answers):
    first, second = {"number": 12, "title": ""}, {"number": 5, "title": "Żubr"}
    moments = [[first, second, first] * 40, [second], []]
    for_sale: list[dict[str, Any]] = []
    stand_in(
        answers.list_products, lambda: [answers.Product(**one) for one in for_sale]
    )

    def list_at(moment: list[dict[str, Any]]) -> tuple[int, Any]:
        for_sale[:] = moment
        return send(app, "GET", "/products")

    for_sale[:] = moments[0]
    _, app = products_app(answers)
    got = [list_at(moment) for moment in moments]
    status, body = got[0]
    assert status == 200, (
        f"`GET /products` returned {status} and {in_words(body)}. The docstring asks "
        "for 200 and for no redirect. Look at the path in your decorator, and at the "
        "prefix."
    )
    for (_, body), expected in zip(got, moments, strict=True):
        numbers = [one["number"] for one in expected[:3]]
        count = len(body) if isinstance(body, list) else "no list"
        assert body == expected, (
            f"{len(expected)} products were for sale, the first have the numbers "
            f"{numbers}. `GET /products` returned {count}: {in_words(body)}. The "
            "docstring asks for what `list_products()` returns at that moment. Look at "
            "where your code calls it, and at what it does with the list."
        )


def test_q1_get_a_product_returns_the_one_with_this_number(answers, products):
    products[-7] = answers.Product(-7, "Emma")
    _, app = products_app(answers)

    for number, expected in [
        (5, (200, {"number": 5, "title": "Żubr"})),
        (-7, (200, {"number": -7, "title": "Emma"})),
        (12, (200, {"number": 12, "title": ""})),
        (13, (404, {"detail": "No product 13."})),
        (10**20, (404, {"detail": f"No product {10**20}."})),
    ]:
        got = send(app, "GET", f"/products/{number}")
        assert got == expected, (
            f"`GET /products/{number}` returned {in_words(got)}. With `find_product("
            f"{number})` the response is {in_words(expected)}. The docstring asks for "
            "what `find_product` returns. It takes an integer, and it raises the 404 "
            "itself."
        )


def test_q1_a_number_that_is_no_integer_returns_422(answers, products):
    _, app = products_app(answers)

    for number, expected in [("5", 200), ("five", 422), ("1.5", 422)]:
        status, body = send(app, "GET", f"/products/{number}")
        assert status == expected, (
            f"`GET /products/{number}` returned {status} and {in_words(body)}. It "
            f"should return {expected}: the docstring asks for 422 if `number` is not "
            "an integer, and only then. Look at the parameter `number` of your "
            "endpoint."
        )


def test_q1_a_product_is_found_anew_for_every_request(answers, products):
    _, app = products_app(answers)

    got = [send(app, "GET", "/products/5")[1]]
    products[5] = answers.Product(5, "Emma")
    got.append(send(app, "GET", "/products/5")[1])
    assert got[1] == {"number": 5, "title": "Emma"}, (
        f"The title of product 5 changed to 'Emma'. Two requests returned "
        f"{in_words(got)}. Each request has to call `find_product`. Look at where your "
        "code calls it."
    )


def test_q1_every_endpoint_has_the_tag_products(answers, products):
    _, app = products_app(answers)

    document = attempt("`app.openapi()`", app.openapi)
    tags = {
        path: document["paths"].get(path, {}).get("get", {}).get("tags")
        for path in ("/products", "/products/{number}")
    }
    assert list(tags.values()) == [["products"], ["products"]], (
        f"In the documentation, the endpoints have the tags {tags}. None means: no "
        "endpoint, or no tag. The docstring asks for both paths and for the tag "
        "'products'."
    )


def test_q1_an_endpoint_added_later_has_the_prefix_and_the_tag(answers, products):
    router = a_router(answers.products_router(), "products_router()")
    attempt('`router.post("/new")`', router.post("/new"), lambda: "saved")
    app = including(router, "")

    got = send(app, "POST", "/products/new")
    paths = app.openapi()["paths"]
    operation = paths.get("/products/new", {}).get("post", {})
    assert (got, operation.get("tags")) == ((200, "saved"), ["products"]), (
        '`router.post("/new")` added an endpoint. `POST /products/new` returned '
        f"{in_words(got)}, its tags are {operation.get('tags')}. The docstring asks "
        "for this path and the tag 'products'. Look at the arguments of `APIRouter`."
    )


STAFF = {"X-Staff": "yes"}


def shop(answers) -> FastAPI:
    """Return the application of 4.7.2."""
    return fastapi_app(answers.shop_app(), "shop_app()")


@pytest.mark.parametrize("isbn", ["9780141439587", "offer", "Offers"])
def test_q2_a_book_is_below_api(answers, isbn):
    got = send(shop(answers), "GET", f"/api/books/{isbn}")
    assert got == (200, f"The book {isbn}"), (
        f"`GET /api/books/{isbn}` without a header returned {in_words(got)}. The "
        "docstring asks for the endpoint `read_book` of `catalogue` below `/api`, "
        "without `staff_only`."
    )


def test_q2_the_offers_are_not_taken_for_a_book(answers):
    got = send(shop(answers), "GET", "/api/books/offers")
    assert got == (200, ["Emma"]), (
        f"`GET /api/books/offers` without a header returned {in_words(got)}. The "
        "docstring asks for `read_offers`, without `staff_only`. The path also matches "
        "`/books/{isbn}`, and the first match wins. Look at the order of your lines, "
        "and at the dependencies."
    )


@pytest.mark.parametrize(("name", "number"), [("sales", 31), ("returns", 2)])
def test_q2_the_staff_reads_the_reports(answers, name, number):
    got = send(shop(answers), "GET", f"/api/reports/{name}", STAFF)
    assert got == (200, number), (
        f"`GET /api/reports/{name}` from the staff returned {in_words(got)}. The "
        "docstring asks for the endpoints of `reports` below `/api/reports`."
    )


@pytest.mark.parametrize("name", ["sales", "returns"])
@pytest.mark.parametrize("headers", [{}, {"X-Staff": "no"}], ids=["none", "no"])
def test_q2_others_cannot_read_the_reports(answers, name, headers):
    got = send(shop(answers), "GET", f"/api/reports/{name}", headers)
    assert got == (403, {"detail": "This is for the staff only."}), (
        f"`GET /api/reports/{name}` with the headers {headers} returned "
        f"{in_words(got)}. The docstring asks that each endpoint of `reports` depends "
        "on `staff_only`, which raises 403 'This is for the staff only.'"
    )


@pytest.mark.parametrize(
    "path", ["/books/7", "/books/offers", "/sales", "/api/sales", "/reports/sales"]
)
def test_q2_there_is_nothing_at_other_paths(answers, path):
    app = shop(answers)
    served = send(app, "GET", "/api/books/7")[0]

    got = send(app, "GET", path, STAFF)
    assert (served, got[0]) == (200, 404), (
        f"`GET /api/books/7` returned {served}, and `GET {path}` returned "
        f"{in_words(got)}. The docstring asks for paths that begin with `/api`, for "
        "`reports` with `/api/reports`. Look at the prefixes."
    )


@pytest.mark.parametrize("path", ["/reports/sales", "/reports/returns"])
def test_q2_the_dependency_of_the_reports_is_staff_only(answers, path):
    def closed(*arguments: Any, **named: Any) -> None:
        raise HTTPException(403, "Closed today.")

    stand_in(answers.staff_only, closed)
    app = shop(answers)

    got = [send(app, "GET", f"/api{one}", STAFF) for one in ("/books/7", path)]
    assert got == [(200, "The book 7"), (403, {"detail": "Closed today."})], (
        "For this test, `staff_only` raises 403 'Closed today.' for everybody. `GET` "
        f"for `/api/books/7` and `/api{path}` returned {in_words(got)}. The docstring "
        "asks that each endpoint of `reports`, and no other, depends on `staff_only`."
    )


@pytest.mark.parametrize(
    ("name", "path", "anybody"),
    [
        ("catalogue", "/api/new", 200),
        ("offers", "/api/new", 200),
        ("reports", "/api/reports/new", 403),
    ],
    ids=["catalogue", "offers", "reports"],
)
def test_q2_an_endpoint_added_to_a_router_is_served(answers, name, path, anybody):
    getattr(answers, name).get("/new")(lambda: "new")
    app = shop(answers)

    got = [send(app, "GET", path, headers)[0] for headers in (STAFF, {})]
    assert got == [200, anybody], (
        f"The router `{name}` got an endpoint `GET /new` before `shop_app()` was "
        f"called. `GET {path}` from the staff, and without a header, returned {got}. "
        f"The docstring asks for {[200, anybody]}. Look at how the endpoints of "
        f"`{name}` come into your application."
    )


@pytest.mark.parametrize(
    ("name", "served"),
    [
        ("catalogue", {"/books/7": "The book 7", "/books/offers": "The book offers"}),
        ("offers", {"/books/7": {"detail": "Not Found"}, "/books/offers": ["Emma"]}),
        ("reports", {"/sales": 31, "/returns": 2}),
    ],
    ids=["catalogue", "offers", "reports"],
)
def test_q2_another_application_includes_a_router_in_its_own_way(answers, name, served):
    shop(answers)
    app = shop(answers)
    reports = send(app, "GET", "/api/reports/sales", STAFF)[0]
    other = including(getattr(answers, name), "")

    assert reports == 200, (
        f"`GET /api/reports/sales` from the staff returned {reports}. The docstring "
        "asks for the endpoints of `reports` below `/api/reports`."
    )
    for path, expected in served.items():
        got = send(other, "GET", path)[1]
        assert got == expected, (
            f"After two calls of `shop_app()`, another application includes `{name}` "
            f"alone, without a prefix. `GET {path}` returned {in_words(got)} instead "
            f"of {in_words(expected)}. The docstring asks `shop_app` not to change "
            "the routers."
        )


def test_q2_each_call_returns_a_new_application(answers):
    first, second = shop(answers), shop(answers)
    first.get("/api/first")(lambda: "first")

    paths = ["/api/first", "/api/books/7"]
    got = [send(second, "GET", path)[0] for path in paths]
    assert got == [404, 200], (
        "`shop_app()` was called twice, and the first application got an endpoint `GET "
        f"/api/first`. The second one returned {got} for {paths}. The docstring asks "
        "for [404, 200]: each call returns a new application."
    )


ANA = {"X-Customer": "Ana"}
REQUESTS = [
    ("GET", "", "order 7"),
    ("GET", "/invoice", "invoice of order 7"),
    ("DELETE", "", "order 7 is cancelled"),
]
ENDPOINTS = pytest.mark.parametrize(
    ("method", "path", "expected"), REQUESTS, ids=["read", "invoice", "cancel"]
)


@pytest.fixture
def orders(answers) -> APIRouter:
    """The router of 4.7.3."""
    return a_router(answers.orders_router(), "orders_router()")


@pytest.mark.parametrize("prefix", ["/orders", "/phone/orders", "/archive"])
@ENDPOINTS
def test_q3_the_application_chooses_the_prefix(orders, prefix, method, path, expected):
    app = including(orders, prefix)

    got = send(app, method, f"{prefix}/7{path}", ANA)
    assert got == (200, expected), (
        f"An application includes the router with the prefix {prefix!r}. "
        f"`{method} {prefix}/7{path}` from Ana returned {in_words(got)}. The docstring "
        "asks for 200 and the result as it is now, below the prefix of the "
        "application. Look at the paths in the decorators and at the router's prefix."
    )


def test_q3_an_application_includes_the_router_twice(orders):
    app = including(orders, "/orders", "/phone/orders")

    paths = ["/orders/8", "/phone/orders/9/invoice"]
    got = [send(app, "GET", path, ANA) for path in paths]
    assert got == [(200, "order 8"), (200, "invoice of order 9")], (
        f"An application includes the router twice. `GET` for {paths} returned "
        f"{in_words(got)}. The docstring asks for endpoints below each prefix of the "
        "application."
    )


@ENDPOINTS
def test_q3_the_paths_do_not_contain_orders(orders, method, path, expected):
    app = including(orders, "/phone")

    paths = [f"/phone/7{path}", f"/phone/orders/7{path}"]
    got = [send(app, method, one, ANA) for one in paths]
    assert [status for status, _ in got] == [200, 404], (
        "An application includes the router with the prefix '/phone'. "
        f"`{method}` for {paths} from Ana returned {in_words(got)}. The docstring asks "
        "for [200, 404]: the paths of the router do not contain `/orders`."
    )


@ENDPOINTS
def test_q3_without_a_customer_each_endpoint_returns_401(
    orders, method, path, expected
):
    app = including(orders, "/phone/orders")

    got = send(app, method, f"/phone/orders/7{path}")
    assert got == (401, {"detail": "Log in first."}), (
        f"`{method} /phone/orders/7{path}` without a customer returned "
        f"{in_words(got)}. The prefix is `/phone/orders`. Every endpoint has to "
        "depend on `signed_in`, which raises 401."
    )


def test_q3_an_endpoint_added_later_needs_a_customer_as_well(orders):
    attempt('`router.post("/new")`', orders.post("/new"), lambda: "saved")
    app = including(orders, "/phone/orders")

    got = [send(app, "POST", "/phone/orders/new", headers) for headers in (ANA, {})]
    assert got == [(200, "saved"), (401, {"detail": "Log in first."})], (
        '`router.post("/new")` added an endpoint. From Ana and without a customer it '
        f"returned {in_words(got)}. The docstring asks that it depends on `signed_in`, "
        "too. Look for a place where one line holds for all endpoints."
    )


@ENDPOINTS
def test_q3_a_number_that_is_no_integer_returns_422(orders, method, path, expected):
    app = including(orders, "/phone/orders")

    for number in ("7", "-7", str(10**20)):
        got = send(app, method, f"/phone/orders/{number}{path}", ANA)
        assert got == (200, expected.replace("7", number)), (
            f"`{method} /phone/orders/{number}{path}` from Ana returned "
            f"{in_words(got)}. The docstring asks for 200 and what the endpoint "
            "returns now, for every integer."
        )
    got = send(app, method, f"/phone/orders/x{path}", ANA)
    assert got[0] == 422, (
        f"`{method} /phone/orders/x{path}` from Ana returned {in_words(got)}. The "
        "docstring asks for 422 if `number` is not an integer."
    )


@ENDPOINTS
def test_q3_the_dependency_is_signed_in(answers, method, path, expected):
    def blocked(*arguments: Any, **named: Any) -> str:
        raise HTTPException(401, "Blocked.")

    stand_in(answers.signed_in, blocked)
    orders = a_router(answers.orders_router(), "orders_router()")
    app = including(orders, "/phone/orders")

    got = send(app, method, f"/phone/orders/7{path}", ANA)
    assert got == (401, {"detail": "Blocked."}), (
        "For this test, `signed_in` raises 401 'Blocked.' for everybody. "
        f"`{method} /phone/orders/7{path}` returned {in_words(got)}. The prefix is "
        "`/phone/orders`. The docstring asks that every endpoint depends on "
        "`signed_in`."
    )


def test_q3_other_endpoints_of_the_application_stay_open(orders):
    app = including(orders, "/phone/orders")
    app.get("/phone/help")(lambda: "help")

    got = [send(app, "GET", path) for path in ("/phone/help", "/phone/orders/7")]
    assert got == [(200, "help"), (401, {"detail": "Log in first."})], (
        "Without a customer, another endpoint of the application and `read_order` "
        f"returned {in_words(got)}. The docstring asks for `signed_in` in every "
        "endpoint of the router, and only there."
    )
