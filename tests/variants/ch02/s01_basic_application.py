"""Other answers to section 2.1."""

import asyncio
import contextlib
import json
import os
import socket
import sys
from dataclasses import asdict, fields
from typing import Any

from fastapi import APIRouter, HTTPException, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import BaseModel, TypeAdapter

from sensei.variants import right, wrong


@wrong("2.1.1", caught_by="test_q1_get_stock_returns_what_count_stock_returns")
def stock_app():
    """Return the values of the example."""
    app = FastAPI()

    @app.get("/stock")
    def stock():
        return {"lamp": 3, "pen": 120}

    return app


@wrong("2.1.1", caught_by="test_q1_the_stock_is_counted_for_every_request")
def stock_app():
    """Count once, when the application is created."""
    app = FastAPI()
    counted = count_stock()

    @app.get("/stock")
    def stock():
        return counted

    return app


@wrong("2.1.1", caught_by="test_q1_get_stock_returns_what_count_stock_returns")
def stock_app():
    """Return JSON text, which FastAPI encodes again."""
    app = FastAPI()

    @app.get("/stock")
    def stock():
        return json.dumps(count_stock())

    return app


@wrong("2.1.1", caught_by="test_q1_get_stock_returns_what_count_stock_returns")
def stock_app():
    """Return a response without a content type for JSON."""
    app = FastAPI()

    @app.get("/stock")
    def stock():
        return Response(json.dumps(count_stock()))

    return app


@wrong("2.1.1", caught_by="test_q1_get_stock_is_the_only_endpoint")
def stock_app():
    """Register the function for POST as well."""
    app = FastAPI()
    app.api_route("/stock", methods=["GET", "POST"])(count_stock)
    return app


@wrong("2.1.1", caught_by="test_q1_get_stock_returns_what_count_stock_returns")
def stock_app():
    """Forget to return the application."""
    app = FastAPI()
    app.get("/stock")(count_stock)


@wrong("2.1.1", caught_by="test_q1_get_stock_returns_what_count_stock_returns[empty]")
def stock_app():
    """Return 404 if there are no products."""
    app = FastAPI()

    @app.get("/stock")
    def stock():
        stock = count_stock()
        if not stock:
            raise HTTPException(404)
        return stock

    return app


@right("2.1.1")
def stock_app():
    """Register the given function itself."""
    app = FastAPI()
    app.get("/stock")(count_stock)
    return app


@right("2.1.1")
def stock_app():
    """Use a router, an async function, and a JSONResponse."""
    router = APIRouter(prefix="/stock")

    @router.get("")
    async def pieces() -> JSONResponse:
        return JSONResponse(count_stock())

    app = FastAPI(title="Shop")
    app.include_router(router)
    return app


@wrong("2.1.2", caught_by="test_q2_two_decorators_above_one_function_add_two_routes")
class TinyAPI(Routes):
    """Keep the path of the last call of `get` in the application."""

    def get(self, path):
        self.path = path
        return self.register

    def register(self, endpoint):
        self.routes.append((self.path, endpoint))
        return endpoint


@wrong(
    "2.1.2",
    caught_by="test_q2_the_decorator_adds_the_function_to_the_routes[/products/]",
)
class TinyAPI(Routes):
    """Take the slash at the end of a path away."""

    def get(self, path):
        def register(endpoint):
            self.routes.append((path.rstrip("/"), endpoint))
            return endpoint

        return register


@wrong("2.1.2", caught_by="test_q2_the_name_still_refers_to_the_function")
class TinyAPI(Routes):
    """Forget to return the function from the decorator."""

    def get(self, path):
        def register(endpoint):
            self.routes.append((path, endpoint))

        return register


@wrong("2.1.2", caught_by="test_q2_decorating_does_not_call_the_function")
class TinyAPI(Routes):
    """Call the function while decorating, and keep the result."""

    def get(self, path):
        def register(endpoint):
            answer = endpoint()
            self.routes.append((path, lambda: answer))
            return endpoint

        return register


@wrong("2.1.2", caught_by="test_q2_the_decorator_adds_the_function_to_the_routes")
class TinyAPI(Routes):
    """Register a wrapper around the function."""

    def get(self, path):
        def register(endpoint):
            def wrapper():
                return endpoint()

            self.routes.append((path, wrapper))
            return endpoint

        return register


@wrong("2.1.2", caught_by="test_q2_the_name_still_refers_to_the_function")
class TinyAPI(Routes):
    """Return the route instead of the function."""

    def get(self, path):
        def register(endpoint):
            self.routes.append((path, endpoint))
            return self.routes[-1]

        return register


@wrong(
    "2.1.2",
    caught_by="test_q2_a_request_has_the_same_outcome_as_in_fastapi[GET-/products]",
)
class TinyAPI(Routes):
    """Register the function by its name."""

    def get(self, path):
        def register(endpoint):
            self.routes.append((endpoint.__name__, endpoint))
            return endpoint

        return register


@wrong("2.1.2", caught_by="test_q2_a_request_has_the_same_outcome_as_in_fastapi")
class TinyAPI(Routes):
    """Register the path alone, when `get` is called."""

    def get(self, path):
        self.routes.append(path)
        return lambda endpoint: endpoint


@wrong("2.1.2", caught_by="test_q2_get_alone_adds_no_route")
class TinyAPI(Routes):
    """Add the route when `get` is called, and fill in the function later."""

    def get(self, path):
        index = len(self.routes)
        self.routes.append((path, lambda: None))

        def register(endpoint):
            self.routes[index] = (path, endpoint)
            return endpoint

        return register


@wrong("2.1.2", caught_by="test_q2_the_decorator_adds_the_function_to_the_routes")
class TinyAPI(Routes):
    """Keep the routes of all applications in one list."""

    everything = []

    def get(self, path):
        def register(endpoint):
            self.everything.append((path, endpoint))
            self.routes = self.everything
            return endpoint

        return register


@right("2.1.2")
class TinyAPI(Routes):
    """Use an object with `__call__` as the decorator."""

    def get(self, path):
        routes = self.routes

        class Decorator:
            def __call__(self, endpoint):
                routes.append((path, endpoint))
                return endpoint

        return Decorator()


@right("2.1.2")
class TinyAPI(Routes):
    """Use a lambda, and build a new list each time."""

    def get(self, path):
        return lambda endpoint: self._keep(path, endpoint)

    def _keep(self, path, endpoint):
        self.routes = [*self.routes, (path, endpoint)]
        return endpoint


@wrong("2.1.3", caught_by="test_q3_the_command_serves_the_application")
def command(module, name):
    """Pass the file to Uvicorn instead of the module."""
    return ["uvicorn", f"{module}.py:{name}"]


@wrong("2.1.3", caught_by="test_q3_the_command_serves_the_application")
def command(module, name):
    """Run the module with Python, which starts no server."""
    return [sys.executable, "-m", module]


@wrong(
    "2.1.3",
    caught_by="test_q3_the_command_serves_the_application[backoffice.stock.count-api]",
)
def command(module, name):
    """Return the command of every tutorial."""
    return ["uvicorn", "orders:app"]


@wrong(
    "2.1.3",
    caught_by="test_q3_the_command_serves_the_application[backoffice.stock.count-api]",
)
def command(module, name):
    """Write a path with slashes instead of a module with dots."""
    return ["uvicorn", f"{module.replace('.', '/')}:{name}"]


@wrong("2.1.3", caught_by="test_q3_the_command_serves_the_application")
def command(module, name):
    """Separate the module and the name with a dot."""
    return ["uvicorn", f"{module}.{name}"]


@wrong("2.1.3", caught_by="test_q3_the_command_serves_the_application")
def command(module, name):
    """Return the command line as one word."""
    return [f"uvicorn {module}:{name}"]


@wrong("2.1.3", caught_by="test_q3_the_command_serves_the_application")
def command(module, name):
    """Return the command line as a string."""
    return f"uvicorn {module}:{name}"


@wrong("2.1.3", caught_by="test_q3_the_command_serves_the_application")
def command(module, name):
    """Set the port on the command line."""
    return ["uvicorn", f"{module}:{name}", "--port", "8000"]


@wrong("2.1.3", caught_by="test_q3_the_command_serves_the_application")
def command(module, name):
    """Read the port before the command is run, when the variable is not set yet."""
    port = os.environ.get("UVICORN_PORT", "8000")
    return ["uvicorn", f"{module}:{name}", "--port", port]


@right("2.1.3")
def command(module, name):
    """Run Uvicorn as a module of Python, and name the folder."""
    return [sys.executable, "-m", "uvicorn", "--app-dir", ".", f"{module}:{name}"]


@right("2.1.3")
def command(module, name):
    """Let Python call `uvicorn.run`."""
    port = "int(os.environ['UVICORN_PORT'])"
    code = f"import os, uvicorn; uvicorn.run('{module}:{name}', port={port})"
    return ["python", "-c", code]


@right("2.1.3")
def command(module, name):
    """Call Uvicorn's own command from Python."""
    run = "from uvicorn.main import main; main()"
    return ["python", "-c", run, f"{module}:{name}", "--host", "127.0.0.1"]


@wrong(
    "2.1.3",
    caught_by="test_q3_the_command_serves_the_application[backoffice.stock.count-api]",
)
def command(module, name):
    """Import the last part of the module's name from the folder of its package."""
    package, _, last = module.rpartition(".")
    return ["uvicorn", f"{last}:{name}", "--app-dir", package.replace(".", "/") or "."]


@wrong("2.1.4", caught_by="test_q4_all_fields_belong_to_one_order")
def orders_app():
    """Call `latest_order()` for each field."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        return {
            "number": latest_order().number,
            "customer": latest_order().customer,
            "placed": latest_order().placed.isoformat(),
            "prices": {k: str(v) for k, v in latest_order().prices.items()},
            "voucher": latest_order().voucher,
        }

    return app


@wrong(
    "2.1.4",
    caught_by="test_q4_the_time_is_a_string_in_iso_8601[a quarter of a second]",
)
def orders_app():
    """Write the time in whole seconds."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        order = latest_order()
        return {
            "number": order.number,
            "customer": order.customer,
            "placed": order.placed.isoformat(timespec="seconds"),
            "prices": {k: str(v) for k, v in order.prices.items()},
            "voucher": order.voucher,
        }

    return app


@wrong("2.1.4", caught_by="test_q4_each_price_is_a_string_with_all_digits")
def orders_app():
    """Return the order without a return annotation."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        return latest_order()

    return app


@wrong("2.1.4", caught_by="test_q4_each_price_is_a_string_with_all_digits[19.90]")
def orders_app():
    """Use `jsonable_encoder`, which turns a Decimal into a float."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        encoded = jsonable_encoder(latest_order())
        for product, price in encoded["prices"].items():
            encoded["prices"][product] = str(price)
        return encoded

    return app


@wrong("2.1.4", caught_by="test_q4_each_price_is_a_string_with_all_digits[0.015]")
def orders_app():
    """Write every price with two decimals."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        order = asdict(latest_order())
        order["prices"] = {sku: f"{cost:.2f}" for sku, cost in order["prices"].items()}
        return order

    return app


@wrong("2.1.4", caught_by="test_q4_the_time_is_a_string_in_iso_8601")
def orders_app():
    """Use `str` for every value that JSON does not know."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        return json.loads(json.dumps(asdict(latest_order()), default=str))

    return app


@wrong("2.1.4", caught_by="test_q4_each_price_is_a_string_with_all_digits")
def orders_app():
    """Pass a Decimal to a JSONResponse."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        return JSONResponse(asdict(latest_order()))

    return app


@wrong("2.1.4", caught_by="test_q4_the_other_fields_keep_their_values")
def orders_app():
    """Return the JSON text from Pydantic, which FastAPI encodes again."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        return TypeAdapter(Order).dump_json(latest_order()).decode()

    return app


@wrong("2.1.4", caught_by="test_q4_the_other_fields_keep_their_values[no voucher]")
def orders_app():
    """Turn None into a string, too."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        order = latest_order()
        return {
            "number": order.number,
            "customer": order.customer,
            "placed": order.placed.isoformat(),
            "prices": {sku: str(cost) for sku, cost in order.prices.items()},
            "voucher": str(order.voucher),
        }

    return app


@wrong("2.1.4", caught_by="test_q4_the_order_is_read_for_every_request")
def orders_app():
    """Read the order once, when the application is created."""
    app = FastAPI()
    order = latest_order()

    @app.get("/orders/latest")
    def latest() -> Order:
        return order

    return app


@right("2.1.4")
def orders_app():
    """Return a dict, with an annotation."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest() -> dict[str, Any]:
        return asdict(latest_order())

    return app


@right("2.1.4")
def orders_app():
    """Convert the values in an async function."""
    app = FastAPI()

    @app.get("/orders/latest")
    async def newest():
        order = latest_order()
        prices = {sku: str(cost) for sku, cost in order.prices.items()}
        return asdict(order) | {"prices": prices, "placed": order.placed.isoformat()}

    return app


@right("2.1.4")
def orders_app():
    """Register the given function with a response model."""
    app = FastAPI()
    app.get("/orders/latest", response_model=Order)(latest_order)
    return app


@right("2.1.4")
def orders_app():
    """Register the given function, which has the annotation."""
    app = FastAPI()
    app.get("/orders/latest")(latest_order)
    return app


@right("2.1.4")
def orders_app():
    """Return a Pydantic model, without an annotation."""

    class OrderOut(BaseModel):
        number: int
        customer: str
        placed: datetime
        prices: dict[str, Decimal]
        voucher: str | None

    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        return OrderOut(**asdict(latest_order()))

    return app


@right("2.1.4")
def orders_app():
    """Write the JSON text, and return it as a Response."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest() -> Response:
        order = latest_order()
        values: dict[str, Any] = {f.name: getattr(order, f.name) for f in fields(order)}
        values["placed"] = order.placed.isoformat()
        content = json.dumps(values, default=str, ensure_ascii=False)
        return Response(content, media_type="application/json")

    return app


@wrong("2.1.5", caught_by="test_q5_without_a_host_only_this_machine_can_connect")
def run_shop(app, environ):
    """Use 0.0.0.0 if there is no host."""
    host = environ.get("SHOP_HOST") or "0.0.0.0"
    uvicorn.run(app, host=host, port=int(environ["SHOP_PORT"]))


@wrong("2.1.5", caught_by="test_q5_without_a_host_only_this_machine_can_connect[empty]")
def run_shop(app, environ):
    """Treat an empty host as a host."""
    host = environ.get("SHOP_HOST", "127.0.0.1")
    uvicorn.run(app, host=host, port=int(environ["SHOP_PORT"]))


@wrong(
    "2.1.5",
    caught_by="test_q5_the_server_listens_on_the_host_and_port[0.0.0.0]",
)
def run_shop(app, environ):
    """Ignore the host."""
    uvicorn.run(app, port=int(environ["SHOP_PORT"]))


@wrong("2.1.5", caught_by="test_q5_the_server_listens_on_the_host_and_port")
def run_shop(app, environ):
    """Read the settings from `os.environ` instead of the argument."""
    port = int(os.environ.get("SHOP_PORT", "0"))
    uvicorn.run(app, host=os.environ.get("SHOP_HOST") or "127.0.0.1", port=port)


@wrong("2.1.5", caught_by="test_q5_a_port_in_use_raises_an_exception")
def run_shop(app, environ):
    """Use another port if this one is in use."""
    host = environ.get("SHOP_HOST") or "127.0.0.1"
    try:
        uvicorn.run(app, host=host, port=int(environ["SHOP_PORT"]))
    except SystemExit:
        uvicorn.run(app, host=host, port=0)


@wrong("2.1.5", caught_by="test_q5_a_port_in_use_raises_an_exception")
def run_shop(app, environ):
    """Return if the port is in use."""
    host = environ.get("SHOP_HOST") or "127.0.0.1"
    try:
        uvicorn.run(app, host=host, port=int(environ["SHOP_PORT"]))
    except SystemExit:
        return


@wrong("2.1.5", caught_by="test_q5_ctrl_c_stops_the_server_and_run_shop_returns")
def run_shop(app, environ):
    """Create a server and do not run it."""
    host = environ.get("SHOP_HOST") or "127.0.0.1"
    uvicorn.Server(uvicorn.Config(app, host=host, port=int(environ["SHOP_PORT"])))


@wrong("2.1.5", caught_by="test_q5_ctrl_c_stops_the_server_and_run_shop_returns")
def run_shop(app, environ):
    """Run a server of one's own, from which Ctrl-C raises KeyboardInterrupt."""
    host = environ.get("SHOP_HOST") or "127.0.0.1"
    config = uvicorn.Config(app, host=host, port=int(environ["SHOP_PORT"]))
    server = uvicorn.Server(config)
    server.run()
    if not server.started:
        raise SystemExit(3)


@wrong("2.1.5", caught_by="test_q5_ctrl_c_stops_the_server_and_run_shop_returns")
def run_shop(app, environ):
    """Serve a new application."""
    host = environ.get("SHOP_HOST") or "127.0.0.1"
    uvicorn.run(FastAPI(), host=host, port=int(environ["SHOP_PORT"]))


@right("2.1.5")
def run_shop(app, environ):
    """Run a server of one's own, and handle Ctrl-C."""
    host = environ.get("SHOP_HOST", "").strip() or "localhost"
    config = uvicorn.Config(app, host=host, port=int(environ["SHOP_PORT"]))
    server = uvicorn.Server(config)
    try:
        server.run()
    except KeyboardInterrupt:
        return
    if not server.started:
        raise OSError("the server did not start")


@wrong("2.1.5", caught_by="test_q5_a_port_in_use_raises_an_exception")
def run_shop(app, environ):
    """Exit with status 0 if the port is in use."""
    host = environ.get("SHOP_HOST") or "127.0.0.1"
    try:
        uvicorn.run(app, host=host, port=int(environ["SHOP_PORT"]))
    except SystemExit:
        sys.exit(0)


@wrong("2.1.5", caught_by="test_q5_a_port_in_use_raises_an_exception")
def run_shop(app, environ):
    """Share the port with the server that uses it already."""
    host = environ.get("SHOP_HOST") or "127.0.0.1"
    with socket.socket() as shared:
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        shared.bind((host, int(environ["SHOP_PORT"])))
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(uvicorn.Config(app)).run(sockets=[shared])


@wrong("2.1.5", caught_by="test_q5_ctrl_c_stops_the_server_and_run_shop_returns")
def run_shop(app, environ):
    """Start the server again after Ctrl-C."""
    host = environ.get("SHOP_HOST") or "127.0.0.1"
    while True:
        uvicorn.run(app, host=host, port=int(environ["SHOP_PORT"]))


@right("2.1.5")
def run_shop(app, environ):
    """Open the socket first, and pass it to the server."""
    host = environ.get("SHOP_HOST") or "127.0.0.1"
    with (
        socket.create_server((host, int(environ["SHOP_PORT"]))) as opened,
        contextlib.suppress(KeyboardInterrupt),
    ):
        uvicorn.Server(uvicorn.Config(app)).run(sockets=[opened])


@right("2.1.5")
def run_shop(app, environ):
    """Serve in an event loop."""

    async def serve() -> None:
        config = uvicorn.Config(app, port=int(environ["SHOP_PORT"]))
        if environ.get("SHOP_HOST"):
            config.host = environ["SHOP_HOST"]
        await uvicorn.Server(config).serve()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
