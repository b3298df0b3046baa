"""2.1  Basic FastAPI application.

A FastAPI application maps an HTTP method and a path to a Python function. A server such
as Uvicorn runs the application.
Notes: content/docs/fastapi/core-concepts/basic-application.md
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

import uvicorn
from fastapi import FastAPI


def count_stock() -> dict[str, int]:
    """Return how many pieces of each product are in stock right now."""
    return {"lamp": 3, "pen": 120}


def stock_app() -> FastAPI:
    """2.1.1  Write a basic FastAPI application with a single GET endpoint that returns
    a JSON response.

    Create an application and return it. It has one endpoint, `GET /stock`.

    - `GET /stock` returns what `count_stock()` returns, as a JSON object.
    - `count_stock()` is called for every request, because the stock changes.

    Example:
        GET /stock  ->  200  {"lamp": 3, "pen": 120}
    """
    # region answer
    app = FastAPI()

    @app.get("/stock")
    def read_stock() -> dict[str, int]:
        return count_stock()

    return app
    # endregion


Endpoint = Callable[[], object]
E = TypeVar("E", bound=Endpoint)  # the type of the function that is decorated


class Routes:
    """An application that finds the function for a request in its list of routes."""

    def __init__(self) -> None:
        self.routes: list[tuple[str, Endpoint]] = []

    def respond(self, method: str, path: str) -> tuple[int, object]:
        """Return the status code and the body of the response."""
        for known, endpoint in self.routes:
            if known == path and method == "GET":
                return 200, endpoint()
            if known == path:
                return 405, {"detail": "Method Not Allowed"}
        return 404, {"detail": "Not Found"}


class TinyAPI(Routes):
    """2.1.2  What is the role of the `@app.get()` decorator in FastAPI?

    Build the decorator yourself. `Routes` above already responds to requests. Its list
    `self.routes` holds one tuple `(path, endpoint)` for each route.

    - `get(path)` returns a decorator. When the decorator is applied to a function, it
      adds the path and this function to `self.routes`.
    - Decorating a function does not call it.
    - The decorated name still refers to the same function. You can call it directly,
      and you can decorate it again for a second path.

    Example:
        @app.get("/products")
        def list_products() -> list[str]: ...

        app.routes  ->  [("/products", list_products)]
    """

    def get(self, path: str) -> Callable[[E], E]:
        """Return a decorator that registers a function for `GET path`."""
        # region answer
        # In words: `@app.get(path)` registers the function below it: the application
        # will call this function for each GET request to this path. The decorator runs
        # once, when the module is imported, and it returns the function unchanged.
        # The function itself runs once for each request.

        def register(endpoint: E) -> E:
            self.routes.append((path, endpoint))
            return endpoint

        return register
        # endregion


def command(module: str, name: str) -> list[str]:
    """2.1.3  How can you run a FastAPI application using Uvicorn?

    Return the command that serves an application with Uvicorn, as a list of words. The
    command is run in the folder from which Python can import `module`.

    - The command serves the application called `name` in the module `module`, such as
      "app" in "shop" or "api" in "tools.reports".
    - The server listens on the port in the environment variable `UVICORN_PORT`. This
      variable is set for the command, but not yet when your function is called.

    Given:
        Uvicorn reads `UVICORN_PORT` when it starts.
        A module in a package can have relative imports, such as `from . import db`.

    Example of a list of words:
        ["python", "manage.py", "check"]
    """
    # region answer
    # In words: The command is `uvicorn module:name`. Uvicorn imports the module, takes
    # the application with that name from it, and serves it until you press Ctrl-C.
    # The module is written with dots and without `.py`, as in an `import` statement.
    return ["uvicorn", f"{module}:{name}"]
    # endregion


@dataclass
class Order:
    """An order."""

    number: int
    customer: str
    placed: datetime
    prices: dict[str, Decimal]
    voucher: str | None = None


def latest_order() -> Order:
    """Return the order that was placed last."""
    return Order(
        number=7,
        customer="Zoë",
        placed=datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        prices={"lamp": Decimal("19.90")},
    )


def orders_app() -> FastAPI:
    """2.1.4  Write a FastAPI app with a GET endpoint returning a JSON response.

    Create an application and return it. For every request, `GET /orders/latest` calls
    `latest_order()` and returns this order as a JSON object. JSON has no type for a
    `Decimal` or a `datetime`, so both become strings.

    - The response contains every field of the order, under the same name. Without a
      voucher, `voucher` is null.
    - Each price is a string with all its digits.
    - `placed` is the same time as a string in ISO 8601, with a time zone.

    Example:
        GET /orders/latest  ->  200  {"number": 7, "customer": "Zoë",
            "placed": "2026-03-29T01:30:00Z", "prices": {"lamp": "19.90"},
            "voucher": null}
    """
    # region answer
    app = FastAPI()

    @app.get("/orders/latest")
    def read_latest_order() -> Order:  # without the annotation, 19.90 becomes 19.9
        return latest_order()

    return app
    # endregion


def run_shop(app: FastAPI, environ: Mapping[str, str]) -> None:
    """2.1.5  How do you run a FastAPI app using Uvicorn with custom host/port?

    Serve `app` with Uvicorn in this process until the user presses Ctrl-C, then return
    without an error.

    - Listen on the host `environ["SHOP_HOST"]` and the port `environ["SHOP_PORT"]`.
    - If `SHOP_HOST` is missing or empty, accept connections from this machine only.
    - If the port is already in use, do not use another port. Raise an exception.
      `SystemExit` is allowed, but not with the status 0.

    Given:
        `SHOP_PORT` is always set.

    Example:
        run_shop(app, {"SHOP_HOST": "0.0.0.0", "SHOP_PORT": "8001"})
    """
    # region answer
    # In words: `uvicorn.run` takes `host` and `port`, and the command `uvicorn` takes
    # `--host` and `--port`. The host decides who can connect: 127.0.0.1 accepts
    # connections from this machine only, 0.0.0.0 from the whole network, and so does an
    # empty host. If the port is in use, Uvicorn exits with status 3.
    uvicorn.run(
        app,
        host=environ.get("SHOP_HOST") or "127.0.0.1",
        port=int(environ["SHOP_PORT"]),
    )
    # endregion
