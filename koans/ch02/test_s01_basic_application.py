"""The tests of section 2.1."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from lab import (
    Ended,
    Forked,
    Unavailable,
    attempt,
    client,
    fastapi_app,
    forked,
    free_port,
    in_words,
    json_or_text,
    process,
    stand_in,
)


def send(app: object, call: str, method: str, path: str) -> httpx2.Response:
    """Return the response of the application that `call` returned."""
    with client(fastapi_app(app, call)) as http:
        response: httpx2.Response = attempt(
            f"`{method} {path}`", http.request, method, path
        )
    return response


def json_object(response: httpx2.Response, given: str = "") -> dict[str, Any]:
    """Return the JSON object of a response with status 200.

    The message for another status code contains the sentence `given`.
    """
    request = f"`{response.request.method} {response.request.url.path}`"
    assert response.status_code == 200, (
        f"{request} returned {response.status_code} and {in_words(response.text)}. "
        f"{given}The docstring asks for status 200 from this endpoint. Look at the "
        "method and the path in the decorator, and at the code of the endpoint."
    )
    kind = response.headers.get("content-type", "missing")
    assert kind.startswith("application/json"), (
        f"{request} returned the content type {kind}. The docstring asks for JSON, "
        "whose content type is application/json."
    )
    body = json_or_text(response)
    assert isinstance(body, dict), (
        f"{request} returned {in_words(body)}, which is {json_type(body)} in JSON. The "
        "docstring asks for a JSON object. Look at what your endpoint returns: FastAPI "
        "converts it to JSON."
    )
    return body


def json_type(value: object) -> str:
    """Return the JSON type of a value that is not an object."""
    names = {str: "a string", list: "an array", type(None): "null", bool: "a boolean"}
    return names.get(type(value), "a number")


def stock_app(answers, stock: dict[str, int]) -> FastAPI:
    """Return the application of 2.1.1, whose `count_stock()` reads `stock`."""
    stand_in(answers.count_stock, lambda: dict(stock))
    return answers.stock_app()


@pytest.mark.parametrize("stock", [{"ink": 41, "pen": 0}, {}], ids=["two", "empty"])
def test_q1_get_stock_returns_what_count_stock_returns(answers, stock):
    app = stock_app(answers, stock)

    response = send(app, "stock_app()", "GET", "/stock")
    body = json_object(response, given=f"`count_stock()` returned {stock}. ")
    assert body == stock, (
        f"`GET /stock` returned {in_words(body)}, but `count_stock()` returned "
        f"{stock}. The docstring asks for what `count_stock()` returns. Look at what "
        "your endpoint returns."
    )


def test_q1_the_stock_is_counted_for_every_request(answers):
    stock = {"ink": 2}
    app = stock_app(answers, stock)

    counted = []
    for left in (2, 1, 0):
        stock["ink"] = left
        counted.append(json_object(send(app, "stock_app()", "GET", "/stock")))

    assert counted == [{"ink": 2}, {"ink": 1}, {"ink": 0}], (
        f"Three requests returned {in_words(counted)}, while the stock was 2, then 1, "
        "then 0. The docstring asks to call `count_stock()` for every request. Look "
        "at which line of your code calls it."
    )


def test_q1_get_stock_is_the_only_endpoint(answers):
    app = stock_app(answers, {"ink": 1})

    status = send(app, "stock_app()", "POST", "/stock").status_code
    endpoints = [
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    ]
    assert (status, endpoints) == (405, ["GET /stock"]), (
        f"`POST /stock` returned {status}, and the documentation of the application "
        f"lists {in_words(endpoints)}. The docstring asks for one endpoint, "
        "`GET /stock`. FastAPI returns 405 for other methods by itself."
    )


def decorate(app: Any, path: str, endpoint: Callable[[], object]) -> object:
    """Return what the name `endpoint` refers to after decorating it."""
    decorator = app.get(path)
    assert callable(decorator), (
        f"`get({path!r})` returned {in_words(decorator)}. The docstring asks for a "
        "decorator: a function that takes the endpoint. Look at what `get` returns."
    )
    return attempt("The decorator", decorator, endpoint)


def list_products() -> list[str]:
    """Return all products."""
    return ["lamp", "pen"]


def count_products() -> int:
    """Return the number of products."""
    return 2


def decorate_three(app: Any) -> Any:
    """Return `app` with three paths, two of which belong to one function."""
    decorate(app, "/products", list_products)
    decorate(app, "/products/count", count_products)
    decorate(app, "/catalogue", list_products)
    return app


def respond(tiny: Any, method: str, path: str) -> object:
    """Return the response of `tiny`, whose `routes` are checked first."""
    for route in tiny.routes:
        is_route = (
            isinstance(route, tuple)
            and [isinstance(part, str) for part in route] == [True, False]
            and callable(route[1])
        )
        assert is_route, (
            f"`routes` contains {in_words(route)}. The docstring asks for tuples "
            "`(path, endpoint)`: the path first, then the function itself. Look at "
            "what your decorator adds."
        )
    return attempt("`respond`", tiny.respond, method, path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/products"),
        ("GET", "/products/count"),
        ("GET", "/catalogue"),
        ("POST", "/products"),
        ("GET", "/orders"),
    ],
)
def test_q2_a_request_has_the_same_outcome_as_in_fastapi(answers, method, path):
    real = send(decorate_three(FastAPI()), "FastAPI()", method, path)

    tiny = decorate_three(answers.TinyAPI())
    seen = respond(tiny, method, path)

    paths = [path for path, _ in tiny.routes]
    assert seen == (real.status_code, real.json()), (
        f"`{method} {path}` returned {in_words(seen)} in TinyAPI and "
        f"{(real.status_code, real.json())} in FastAPI. `get` was called for "
        "/products, /products/count and /catalogue, and `routes` has the paths "
        f"{in_words(paths)}. The docstring asks for one route for each."
    )


@pytest.mark.parametrize("path", ["/products", "/products/", "/"])
def test_q2_the_decorator_adds_the_function_to_the_routes(answers, path):
    tiny = answers.TinyAPI()
    decorate(answers.TinyAPI(), "/orders", count_products)
    decorate(tiny, path, list_products)

    assert list(tiny.routes) == [(path, list_products)], (
        f'After `@app.get("{path}")` above `list_products`, `routes` is '
        f"{in_words(tiny.routes)}. The docstring asks for this path and this function: "
        "no other path, no other function around it, and no route of another "
        "application."
    )


def test_q2_two_decorators_above_one_function_add_two_routes(answers):
    tiny = answers.TinyAPI()
    decorators = [tiny.get(path) for path in ("/products", "/catalogue")]
    for decorator in reversed(decorators):
        attempt("The decorator", decorator, list_products)

    added = [("/catalogue", list_products), ("/products", list_products)]
    assert list(tiny.routes) in (added, added[::-1]), (
        '`@app.get("/products")` and `@app.get("/catalogue")` stand above '
        f"`list_products`, and `routes` is {in_words(tiny.routes)}. The docstring asks "
        "for one route for each path. Python calls `get` for both paths before it "
        "applies the decorators."
    )


def test_q2_get_alone_adds_no_route(answers):
    tiny = answers.TinyAPI()
    decorator = tiny.get("/products")
    before = list(tiny.routes)
    attempt("The decorator", decorator, list_products)

    assert before == [], (
        f"Before any function was decorated, `routes` was {in_words(before)}. The "
        "docstring asks that the decorator adds the route, when it is applied to a "
        "function. Look at which line of your code adds it."
    )


def test_q2_decorating_does_not_call_the_function(answers):
    tiny = answers.TinyAPI()
    calls: list[str] = []

    decorate(tiny, "/orders", lambda: calls.append("called"))
    before = len(calls)
    for _ in range(2):
        respond(tiny, "GET", "/orders")

    assert before == 0, (
        "Decorating the function called it. The docstring asks not to call it: the "
        "function runs when a request arrives. Look for the line of your decorator "
        "that calls it."
    )
    assert len(calls) == 2, (
        f"The function ran {len(calls)} times for two requests. `respond` calls the "
        "endpoint in `routes` once for each request: add the function itself."
    )


def test_q2_the_name_still_refers_to_the_function(answers):
    after = decorate(answers.TinyAPI(), "/products", list_products)

    assert after is list_products, (
        f'After `@app.get("/products")`, the name `list_products` refers to '
        f"{in_words(after)}. The docstring asks that it still refers to the same "
        "function. A decorated name refers to what the decorator returns."
    )


def write_app(folder: Path, module: str, name: str) -> None:
    """Write the module of an application that returns its own name.

    It imports the name from the module beside it, in a package by a relative import.
    """
    path = folder / f"{module.replace('.', '/')}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name("texts.py").write_text(f'text = "{name} of {module}"\n')
    path.write_text(
        "from fastapi import FastAPI\n\n"
        f"from {'.' if '.' in module else ''}texts import text\n\n"
        f"{name} = FastAPI()\n"
        f'{name}.get("/")(lambda: text)\n'
    )


def is_command(words: object) -> bool:
    """Return whether `words` are a list of words."""
    is_list = isinstance(words, list | tuple) and len(words) > 0
    return is_list and all(isinstance(word, str) for word in words)


def last_line(output: str) -> str:
    """Return the last line with words that a command printed."""
    lines = [line.strip(" \t│|") for line in output.splitlines()]
    return next((line for line in reversed(lines) if line.strip("─╰╯-")), "")


@pytest.mark.parametrize(
    ("module", "name"), [("orders", "app"), ("backoffice.stock.count", "api")]
)
def test_q3_the_command_serves_the_application(answers, tmp_path, module, name):
    write_app(tmp_path, module, name)
    words = attempt(f"`command({module!r}, {name!r})`", answers.command, module, name)
    assert is_command(words), (
        f"`command({module!r}, {name!r})` returned {in_words(words)}. The docstring "
        "asks for a list of words, each of which is a string."
    )

    port = free_port()
    environment = {"UVICORN_PORT": str(port)}
    with process(words, folder=tmp_path, port=port, environment=environment) as server:
        status, last = server.status, last_line(server.output)
        printed = in_words(last) if last else "nothing"
        assert server.listening, (
            f"{in_words(words)} started no server on the port in `UVICORN_PORT`. It "
            + ("still runs" if status is None else f"ended with status {status}")
            + f" and printed {printed}. The "
            f"docstring asks to serve `{name}` of the module `{module}` there."
        )
        body = attempt("`GET /`", server.client.get, "/").text

    assert body == f'"{name} of {module}"', (
        f"{in_words(words)} serves an application that returned {in_words(body)}. "
        f"The docstring asks for the application `{name}` of the module `{module}`."
    )


def latest_order(answers, **differences: object) -> dict[str, Any]:
    """Return the response of 2.1.4 while the latest order has these `differences`."""
    usual = {
        "number": 41,
        "customer": "Łucja Šimić",
        "placed": datetime(2026, 7, 1, 12, tzinfo=UTC),
        "prices": {"ink": Decimal("9.05")},
    }
    stand_in(answers.latest_order, lambda: answers.Order(**usual | differences))
    body = json_object(send(answers.orders_app(), "orders_app()", "GET", PATH))
    fields = ["number", "customer", "placed", "prices", "voucher"]
    missing = [field for field in fields if field not in body]
    assert not missing, (
        f"`GET {PATH}` returned {in_words(body)}, without {', '.join(missing)}. "
        "The docstring asks for every field of the order."
    )
    return body


PATH = "/orders/latest"


@pytest.mark.parametrize("digits", ["19.90", "0.015", "1234567890123456.78", "20"])
def test_q4_each_price_is_a_string_with_all_digits(answers, digits):
    costs = {"lamp": Decimal(digits), "pen": Decimal("2.50")}

    prices = latest_order(answers, prices=costs)["prices"]
    assert prices == {"lamp": digits, "pen": "2.50"}, (
        f"The response has the prices {in_words(prices)}. The prices of the order are "
        f"{costs}, and the docstring asks for each as a string with all its digits. "
        "Look at the types that your endpoint declares and returns."
    )


@pytest.mark.parametrize(
    "placed",
    [
        datetime(2024, 2, 29, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 3, 29, 3, 30, tzinfo=timezone(timedelta(hours=2))),
        datetime(2026, 3, 29, 1, 30, 0, 250_000, tzinfo=UTC),
    ],
    ids=["utc", "summer time", "a quarter of a second"],
)
def test_q4_the_time_is_a_string_in_iso_8601(answers, placed):
    seen = latest_order(answers, placed=placed)["placed"]

    try:
        moment = datetime.fromisoformat(seen) if "T" in seen else None
    except (TypeError, ValueError):
        moment = None
    assert moment is not None, (
        f"The response has {in_words(seen)} for `placed`. The docstring asks for a "
        'string in ISO 8601, such as "2026-03-29T01:30:00Z".'
    )
    same = moment.tzinfo is not None and moment == placed
    assert same, (
        f"The order was placed at {placed.isoformat()}, and the response has "
        f"{in_words(seen)}. The docstring asks for this time with a time zone."
    )


@pytest.mark.parametrize("voucher", [None, "Frühling"], ids=["no voucher", "voucher"])
def test_q4_the_other_fields_keep_their_values(answers, voucher):
    body = latest_order(answers, voucher=voucher)

    kept = [body["number"], body["customer"], body["voucher"]]
    assert kept == [41, "Łucja Šimić", voucher], (
        f"The latest order has the number 41, the customer 'Łucja Šimić' and the "
        f"voucher {voucher!r}. The response has {in_words(kept)} for them. The "
        "docstring asks for every field, and for null without a voucher."
    )


def test_q4_all_fields_belong_to_one_order(answers):
    placed, numbers = datetime(2026, 7, 1, 12, tzinfo=UTC), count(1)

    def latest_order() -> Any:
        number = next(numbers)
        return answers.Order(number, f"customer {number}", placed, {}, f"V{number}")

    stand_in(answers.latest_order, latest_order)
    body = json_object(send(answers.orders_app(), "orders_app()", "GET", PATH))

    kept = [body.get(field) for field in ("number", "customer", "voucher")]
    assert kept == [kept[0], f"customer {kept[0]}", f"V{kept[0]}"], (
        "Each call of `latest_order()` returned a new order, and the response has the "
        f"number, the customer and the voucher {in_words(kept)}. The docstring asks "
        "for the fields of one order. Look at how often your endpoint calls "
        "`latest_order()`."
    )


def test_q4_the_order_is_read_for_every_request(answers):
    placed = datetime(2026, 7, 1, 12, tzinfo=UTC)
    latest = {"number": 7}
    stand_in(
        answers.latest_order, lambda: answers.Order(latest["number"], "Ali", placed, {})
    )
    app = answers.orders_app()

    seen = []
    for latest["number"] in (8, 9):
        response = send(app, "orders_app()", "GET", PATH)
        seen.append(json_object(response).get("number"))
    assert seen == [8, 9], (
        f"Two requests returned the orders {in_words(seen)}, while the latest order "
        "was 8, then 9. The docstring asks to call `latest_order()` for every request. "
        "Look at which line of your code calls it."
    )


@pytest.fixture
def run_shop(answers):
    """Return a function that calls `run_shop` in a process of its own."""
    app = FastAPI()
    app.get("/")(lambda: "open")

    def run(environ: dict[str, str]) -> Any:
        try:
            return forked(lambda: answers.run_shop(app, environ))
        except Unavailable as missing:
            return pytest.skip(str(missing))

    return run


def addresses(shop: Forked, environ: dict[str, str], capfd: Any) -> list[str]:
    """Return the hosts on which the shop listens."""
    report = shop.report()
    if isinstance(report, Ended):
        printed = last_line(capfd.readouterr().err)
        raise AssertionError(
            f"`run_shop(app, {in_words(environ)})` "
            + (f"raised {report.raised}" if report.raised else "returned")
            + (f" and printed {in_words(printed)}" if printed else "")
            + ", before a server was ready and before Ctrl-C. The docstring asks to "
            "serve `app` in this process until Ctrl-C."
        )
    port = int(environ["SHOP_PORT"])
    ports = sorted({used for _, used in report.addresses})
    assert ports == [port], (
        f"The server listens on the ports {ports}. The docstring asks for the port in "
        f"`environ['SHOP_PORT']`, which is {port}."
    )
    return [host for host, _ in report.addresses]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_q5_the_server_listens_on_the_host_and_port(run_shop, capfd, host):
    environ = {"SHOP_HOST": host, "SHOP_PORT": str(free_port())}

    with run_shop(environ) as shop:
        hosts = addresses(shop, environ, capfd)
    assert hosts == [host], (
        f"The server listens on {in_words(hosts)}. The docstring asks for the host in "
        f"`environ['SHOP_HOST']`, which is {host!r}."
    )


@pytest.mark.parametrize("given", [{}, {"SHOP_HOST": ""}], ids=["missing", "empty"])
def test_q5_without_a_host_only_this_machine_can_connect(run_shop, capfd, given):
    environ = {"SHOP_PORT": str(free_port()), **given}

    with run_shop(environ) as shop:
        hosts = addresses(shop, environ, capfd)
    public = [host for host in hosts if not ip_address(host).is_loopback]
    assert not public, (
        f"With {in_words(environ)} the server listens on {', '.join(public)}, which "
        "accepts connections from the whole network. The docstring asks for "
        "connections from this machine only."
    )


def test_q5_ctrl_c_stops_the_server_and_run_shop_returns(run_shop, capfd):
    environ = {"SHOP_HOST": "127.0.0.1", "SHOP_PORT": str(free_port())}
    url = f"http://127.0.0.1:{environ['SHOP_PORT']}/"

    with run_shop(environ) as shop:
        addresses(shop, environ, capfd)
        body = attempt(f"`GET {url}`", httpx2.get, url, trust_env=False).text
        shop.interrupt()
        ended = shop.report()

    assert body == '"open"', (
        f"`GET /` returned {in_words(body)}. The docstring asks to serve `app`."
    )
    assert isinstance(ended, Ended), (
        f"After Ctrl-C, a server listens again on {in_words(ended.addresses)}. The "
        "docstring asks to return. Look at what your code does after the first server."
    )
    assert ended == Ended(), (
        f"After Ctrl-C, `run_shop` raised {ended.raised}. The docstring asks to return "
        "without an error. Look at what runs after the server: `uvicorn.run` itself "
        "returns, and the `run` of a `uvicorn.Server` raises KeyboardInterrupt."
    )


def occupied(port: int) -> socket.socket:
    """Return a socket that listens on `port`, and that allows others to share it."""
    shared = hasattr(socket, "SO_REUSEPORT")
    return socket.create_server(("127.0.0.1", port), reuse_port=shared)


def test_q5_a_port_in_use_raises_an_exception(run_shop):
    environ = {"SHOP_HOST": "127.0.0.1", "SHOP_PORT": str(free_port())}

    with (
        occupied(int(environ["SHOP_PORT"])),
        run_shop(environ) as shop,
    ):
        report = shop.report()

    assert isinstance(report, Ended), (
        f"The port {environ['SHOP_PORT']} was in use, and the server listens on "
        f"{in_words(report.addresses)}. The docstring asks for an exception. Look at "
        "what your code does about a port in use."
    )
    assert not report.is_success, (
        f"The port {environ['SHOP_PORT']} was in use, and `run_shop` "
        + ("exited with status 0" if report.raised else "returned")
        + ". The docstring asks for an exception, and for `SystemExit` only with "
        "another status than 0."
    )
