"""Other answers to section 2.1."""

import asyncio
import json
import os
import sys
from dataclasses import asdict, fields
from typing import Any

from fastapi import APIRouter, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import BaseModel, TypeAdapter

from sensei.variants import right, wrong


@wrong("2.1.1", caught_by="test_q1_the_client_reads_what_was_counted")
def stock_app():
    """The one example, typed in."""
    app = FastAPI()

    @app.get("/stock")
    def stock():
        return {"lamp": 3, "pen": 120}

    return app


@wrong("2.1.1", caught_by="test_q1_a_later_client_reads_a_later_count")
def stock_app():
    """The app is made, so the stock is counted."""
    app = FastAPI()
    counted = count_stock()

    @app.get("/stock")
    def stock():
        return counted

    return app


@wrong("2.1.1", caught_by="test_q1_the_client_reads_what_was_counted")
def stock_app():
    """An endpoint that answers in JSON returns JSON."""
    app = FastAPI()

    @app.get("/stock")
    def stock():
        return json.dumps(count_stock())

    return app


@wrong("2.1.1", caught_by="test_q1_the_client_reads_what_was_counted")
def stock_app():
    """JSON is a text like any other."""
    app = FastAPI()

    @app.get("/stock")
    def stock():
        return Response(json.dumps(count_stock()))

    return app


@wrong("2.1.1", caught_by="test_q1_reading_the_stock_is_all_that_one_can_do")
def stock_app():
    """One function is one endpoint, however it is asked."""
    app = FastAPI()
    app.api_route("/stock", methods=["GET", "POST"])(count_stock)
    return app


@wrong("2.1.1", caught_by="test_q1_the_client_reads_what_was_counted")
def stock_app():
    """The app was made; handing it out is somebody else's business."""
    app = FastAPI()
    app.get("/stock")(count_stock)


@right("2.1.1")
def stock_app():
    """The given function is the endpoint itself."""
    app = FastAPI()
    app.get("/stock")(count_stock)
    return app


@right("2.1.1")
def stock_app():
    """A coroutine on a router that returns a response of its own."""
    router = APIRouter(prefix="/stock")

    @router.get("")
    async def pieces() -> JSONResponse:
        return JSONResponse(count_stock())

    app = FastAPI(title="Shop")
    app.include_router(router)
    return app


@wrong("2.1.2", caught_by="test_q2_the_name_still_means_the_function")
class TinyAPI(Routes):
    """Registering is all there is to it."""

    def get(self, path):
        def register(endpoint):
            self.routes.append((path, endpoint))

        return register


@wrong("2.1.2", caught_by="test_q2_the_function_runs_for_each_request_and_not_before")
class TinyAPI(Routes):
    """The decorator runs the function and keeps what it returned."""

    def get(self, path):
        def register(endpoint):
            answer = endpoint()
            self.routes.append((path, lambda: answer))
            return endpoint

        return register


@wrong("2.1.2", caught_by="test_q2_the_documentation_says_what_fastapis_says")
class TinyAPI(Routes):
    """A decorator wraps."""

    def get(self, path):
        def register(endpoint):
            def wrapper():
                return endpoint()

            self.routes.append((path, wrapper))
            return endpoint

        return register


@wrong("2.1.2", caught_by="test_q2_the_name_still_means_the_function")
class TinyAPI(Routes):
    """What is below @app.get becomes an endpoint and is a function no more."""

    def get(self, path):
        def register(endpoint):
            self.routes.append((path, endpoint))
            return self.routes[-1]

        return register


@wrong(
    "2.1.2", caught_by="test_q2_a_request_is_answered_as_fastapi_does[GET-/products]"
)
class TinyAPI(Routes):
    """An app finds its functions by their names."""

    def get(self, path):
        def register(endpoint):
            self.routes.append((endpoint.__name__, endpoint))
            return endpoint

        return register


@wrong("2.1.2", caught_by="test_q2_a_request_is_answered_as_fastapi_does")
class TinyAPI(Routes):
    """`get` is called with the path, so it can register the path."""

    def get(self, path):
        self.routes.append(path)
        return lambda endpoint: endpoint


@right("2.1.2")
class TinyAPI(Routes):
    """A small class for a decorator."""

    def get(self, path):
        routes = self.routes

        class Decorator:
            def __call__(self, endpoint):
                routes.append((path, endpoint))
                return endpoint

        return Decorator()


@right("2.1.2")
class TinyAPI(Routes):
    """A lambda, and a list that is made anew."""

    def get(self, path):
        return lambda endpoint: self._keep(path, endpoint)

    def _keep(self, path, endpoint):
        self.routes = [*self.routes, (path, endpoint)]
        return endpoint


@wrong("2.1.3", caught_by="test_q3_the_app_in_the_file_is_served")
def command(file, name):
    """Uvicorn is given the file."""
    return ["uvicorn", f"{file}:{name}"]


@wrong("2.1.3", caught_by="test_q3_the_app_in_the_file_is_served")
def command(file, name):
    """Python runs a file, and an app in it with it."""
    return [sys.executable, str(file)]


@wrong(
    "2.1.3",
    caught_by="test_q3_the_app_in_the_file_is_served[backoffice/stock/count.py-api]",
)
def command(file, name):
    """The one that everybody types."""
    return ["uvicorn", "orders:app"]


@wrong(
    "2.1.3",
    caught_by="test_q3_the_app_in_the_file_is_served[backoffice/stock/count.py-api]",
)
def command(file, name):
    """A module is named as its file, whatever folder that is in."""
    return ["uvicorn", f"{file.stem}:{name}"]


@wrong(
    "2.1.3",
    caught_by="test_q3_the_app_in_the_file_is_served[backoffice/stock/count.py-api]",
)
def command(file, name):
    """Folders are separated by slashes, also where modules are meant."""
    return ["uvicorn", f"{file.with_suffix('').as_posix()}:{name}"]


@wrong(
    "2.1.3",
    caught_by="test_q3_the_app_in_the_file_is_served[backoffice/stock/count.py-api]",
)
def command(file, name):
    """The examples of the docstring are all there is."""
    if file.parent == Path():
        return ["uvicorn", f"{file.stem}:app"]
    return ["uvicorn", "tools.reports:api"]


@wrong("2.1.3", caught_by="test_q3_the_app_in_the_file_is_served")
def command(file, name):
    """A command is one line."""
    module = ".".join(file.with_suffix("").parts)
    return [f"uvicorn {module}:{name}"]


@wrong("2.1.3", caught_by="test_q3_the_app_in_the_file_is_served")
def command(file, name):
    """A command is a text."""
    module = ".".join(file.with_suffix("").parts)
    return f"uvicorn {module}:{name}"


@right("2.1.3")
def command(file, name):
    """Uvicorn as a module of this Python, told where the file's folder is."""
    where = ["--app-dir", str(file.parent)]
    return [sys.executable, "-m", "uvicorn", *where, f"{file.stem}:{name}"]


@right("2.1.3")
def command(file, name):
    """Code instead of the command: Python is told to call uvicorn.run."""
    module = file.as_posix().removesuffix(".py").replace("/", ".")
    port = "int(os.environ['UVICORN_PORT'])"
    code = f"import os, uvicorn; uvicorn.run('{module}:{name}', port={port})"
    return ["python", "-c", code]


@wrong("2.1.4", caught_by="test_q4_a_price_keeps_all_its_digits")
def orders_app():
    """FastAPI knows what Decimal and datetime are in JSON."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        return latest_order()

    return app


@wrong("2.1.4", caught_by="test_q4_a_price_keeps_all_its_digits[19.90]")
def orders_app():
    """The encoder knows it."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        encoded = jsonable_encoder(latest_order())
        for product, price in encoded["prices"].items():
            encoded["prices"][product] = str(price)
        return encoded

    return app


@wrong("2.1.4", caught_by="test_q4_a_price_keeps_all_its_digits[0.015]")
def orders_app():
    """Money has two digits behind the point."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        order = asdict(latest_order())
        order["prices"] = {sku: f"{cost:.2f}" for sku, cost in order["prices"].items()}
        return order

    return app


@wrong("2.1.4", caught_by="test_q4_the_time_is_a_text_of_iso_8601")
def orders_app():
    """`str` writes whatever JSON has not."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        return json.loads(json.dumps(asdict(latest_order()), default=str))

    return app


@wrong("2.1.4", caught_by="test_q4_a_price_keeps_all_its_digits")
def orders_app():
    """A JSONResponse makes JSON of anything."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        return JSONResponse(asdict(latest_order()))

    return app


@wrong("2.1.4", caught_by="test_q4_the_other_fields_are_sent_as_they_are")
def orders_app():
    """The text that Pydantic writes is returned, and written once more."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest():
        return TypeAdapter(Order).dump_json(latest_order()).decode()

    return app


@wrong("2.1.4", caught_by="test_q4_the_other_fields_are_sent_as_they_are[no voucher]")
def orders_app():
    """All is text, in the end."""
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


@right("2.1.4")
def orders_app():
    """By hand, from a coroutine."""
    app = FastAPI()

    @app.get("/orders/latest")
    async def newest():
        order = latest_order()
        prices = {sku: str(cost) for sku, cost in order.prices.items()}
        return asdict(order) | {"prices": prices, "placed": order.placed.isoformat()}

    return app


@right("2.1.4")
def orders_app():
    """The given function, with a response model."""
    app = FastAPI()
    app.get("/orders/latest", response_model=Order)(latest_order)
    return app


@right("2.1.4")
def orders_app():
    """The given function, whose own annotation is enough."""
    app = FastAPI()
    app.get("/orders/latest")(latest_order)
    return app


@right("2.1.4")
def orders_app():
    """A model of Pydantic's, which knows JSON by itself; no annotation."""

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
    """The JSON is written by hand, and sent as what it is."""
    app = FastAPI()

    @app.get("/orders/latest")
    def latest() -> Response:
        order = latest_order()
        values: dict[str, Any] = {f.name: getattr(order, f.name) for f in fields(order)}
        values["placed"] = order.placed.isoformat()
        content = json.dumps(values, default=str, ensure_ascii=False)
        return Response(content, media_type="application/json")

    return app


@wrong("2.1.5", caught_by="test_q5_without_a_host_no_other_machine_gets_in")
def run_shop(app, environ):
    """0.0.0.0 is where a server listens."""
    host = environ.get("SHOP_HOST") or "0.0.0.0"
    uvicorn.run(app, host=host, port=int(environ["SHOP_PORT"]))


@wrong("2.1.5", caught_by="test_q5_without_a_host_no_other_machine_gets_in[empty]")
def run_shop(app, environ):
    """A setting that is there has a value."""
    host = environ.get("SHOP_HOST", "127.0.0.1")
    uvicorn.run(app, host=host, port=int(environ["SHOP_PORT"]))


@wrong(
    "2.1.5",
    caught_by="test_q5_the_shop_is_reached_at_its_address_alone[another address]",
)
def run_shop(app, environ):
    """Uvicorn's own host will do."""
    uvicorn.run(app, port=int(environ["SHOP_PORT"]))


@wrong("2.1.5", caught_by="test_q5_the_shop_is_reached_at_its_address_alone")
def run_shop(app, environ):
    """The settings are in os.environ anyway."""
    port = int(os.environ.get("SHOP_PORT", "0"))
    uvicorn.run(app, host=os.environ.get("SHOP_HOST") or "127.0.0.1", port=port)


@wrong("2.1.5", caught_by="test_q5_a_taken_port_ends_it_with_an_error")
def run_shop(app, environ):
    """Some port is better than none."""
    host = environ.get("SHOP_HOST") or "127.0.0.1"
    try:
        uvicorn.run(app, host=host, port=int(environ["SHOP_PORT"]))
    except SystemExit:
        uvicorn.run(app, host=host, port=0)


@wrong("2.1.5", caught_by="test_q5_a_taken_port_ends_it_with_an_error")
def run_shop(app, environ):
    """Uvicorn has written its log, that is enough."""
    host = environ.get("SHOP_HOST") or "127.0.0.1"
    try:
        uvicorn.run(app, host=host, port=int(environ["SHOP_PORT"]))
    except SystemExit:
        return


@wrong("2.1.5", caught_by="test_q5_it_serves_until_it_is_told_to_stop")
def run_shop(app, environ):
    """A server is made; that it runs goes without saying."""
    host = environ.get("SHOP_HOST") or "127.0.0.1"
    uvicorn.Server(uvicorn.Config(app, host=host, port=int(environ["SHOP_PORT"])))


@right("2.1.5")
def run_shop(app, environ):
    """A server of one's own."""
    host = environ.get("SHOP_HOST", "").strip() or "localhost"
    config = uvicorn.Config(app, host=host, port=int(environ["SHOP_PORT"]))
    server = uvicorn.Server(config)
    server.run()
    if not server.started:
        raise SystemExit(3)


@right("2.1.5")
def run_shop(app, environ):
    """In an event loop that is there already."""

    async def serve() -> None:
        config = uvicorn.Config(app, port=int(environ["SHOP_PORT"]))
        if environ.get("SHOP_HOST"):
            config.host = environ["SHOP_HOST"]
        await uvicorn.Server(config).serve()

    asyncio.run(serve())
