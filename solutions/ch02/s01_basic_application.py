"""2.1  Basic FastAPI application.

An application is an object that knows functions by method and path. A server runs it.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import uvicorn
from fastapi import FastAPI


def count_stock() -> dict[str, int]:
    """Stands in for the warehouse; counts the pieces of each product, right now."""
    return {"lamp": 3, "pen": 120}


def stock_app() -> FastAPI:
    """2.1.1  Write a basic FastAPI application with a single GET endpoint that returns
    a JSON response.

    Return an app with one endpoint, `GET /stock`. It answers with a JSON object: what
    `count_stock` returns at the moment of the request.
    """
    # region answer
    app = FastAPI()

    @app.get("/stock")
    def stock() -> dict[str, int]:
        return count_stock()

    return app
    # endregion


Endpoint = Callable[[], object]
E = TypeVar("E", bound=Endpoint)


class Routes:
    """What an application does with the endpoints that it knows."""

    def __init__(self) -> None:
        self.routes: list[tuple[str, Endpoint]] = []

    def answer(self, method: str, path: str) -> tuple[int, object]:
        """Return the status and the body that a client reads."""
        for known, endpoint in self.routes:
            if known == path and method == "GET":
                return 200, endpoint()
            if known == path:
                return 405, {"detail": "Method Not Allowed"}
        return 404, {"detail": "Not Found"}

    def documented(self) -> dict[str, str]:
        """Return what the documentation says of each path."""
        return {path: inspect.getdoc(endpoint) or "" for path, endpoint in self.routes}


class TinyAPI(Routes):
    """2.1.2  What is the role of the `@app.get()` decorator in FastAPI?

    Write the decorator for FastAPI in miniature. It puts into `routes` what `answer`
    and `documented` above look for there. As in FastAPI, decorating a function does
    not call it, and its name goes on meaning the very same function: one can call it,
    or decorate it for a second path.
    """

    def get(self, path: str) -> Callable[[E], E]:
        """Return the decorator of a function that answers `GET path`."""
        # region answer
        # In words: `@app.get(path)` tells the application that this function answers
        # GET requests for this path. It registers the function when the module is
        # read and hands it back as it was; requests come later and find it by method
        # and path. The same register is what the documentation is made from.

        def register(endpoint: E) -> E:
            self.routes.append((path, endpoint))
            return endpoint

        return register
        # endregion


def command(file: Path, name: str) -> list[str]:
    """2.1.3  How can you run a FastAPI application using Uvicorn?

    In the Python file `file` an app is called `name`. Return the command, a list of
    its words, that serves this app with Uvicorn. It will be run in the folder that
    `file` is relative to: `shop.py` stands right there, `tools/reports.py` below it.
    The port is no matter of yours, `UVICORN_PORT` in the environment sets it.
    """
    # region answer
    # In words: `uvicorn module:name` imports the module, takes the app of that name
    # and serves it until Ctrl-C. The module is written as in an `import` statement,
    # seen from the folder where the command is given: dots, and no `.py`.
    # In code, `uvicorn.run(app)` does the same.
    module = ".".join(file.with_suffix("").parts)
    return ["uvicorn", f"{module}:{name}"]
    # endregion


@dataclass
class Order:
    """An order, as the database knows it."""

    number: int
    customer: str
    placed: datetime
    prices: dict[str, Decimal]
    voucher: str | None = None


def latest_order() -> Order:
    """Stands in for the database."""
    return Order(
        number=7,
        customer="Zoë",
        placed=datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        prices={"lamp": Decimal("19.90"), "screw": Decimal("0.015")},
    )


def orders_app() -> FastAPI:
    """2.1.4  Write a FastAPI app with a GET endpoint returning a JSON response.

    Return an app whose `GET /orders/latest` answers with the fields of the order that
    `latest_order` returns, as a JSON object. JSON has neither money nor time: each
    price is sent as a text with all its digits, "19.90", and `placed` as a text of
    ISO 8601, "2026-03-29T01:30:00+00:00". Where there is no voucher, it is null.
    """
    # region answer
    app = FastAPI()

    @app.get("/orders/latest")
    def latest() -> Order:  # without this annotation FastAPI sends 19.9, a float
        return latest_order()

    return app
    # endregion


def run_shop(app: FastAPI, environ: Mapping[str, str]) -> None:
    """2.1.5  How do you run a FastAPI app using Uvicorn with custom host/port?

    Serve `app` until the process is told to stop (Ctrl-C), and return then. It is to
    listen at the address `SHOP_HOST` and the port `SHOP_PORT` of `environ`. Where
    `SHOP_HOST` is missing or empty, this machine can reach it and no other. Where the
    port is taken already, end with an error and serve nowhere else.
    """
    # region answer
    # In words: `uvicorn.run` takes `host` and `port`, as the command takes `--host`
    # and `--port`. The host is the address of this machine that connections come in
    # at: 127.0.0.1 lets in nobody from outside, 0.0.0.0 everybody, as a container
    # needs it. An empty host is everybody, too. A port that is taken ends the
    # process with status 3.
    uvicorn.run(
        app,
        host=environ.get("SHOP_HOST") or "127.0.0.1",
        port=int(environ["SHOP_PORT"]),
    )
    # endregion
