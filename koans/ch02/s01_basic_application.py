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
    raise NotImplementedError


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
        raise NotImplementedError


def command(file: Path, name: str) -> list[str]:
    """2.1.3  How can you run a FastAPI application using Uvicorn?

    In the Python file `file` an app is called `name`. Return the command, a list of
    its words, that serves this app with Uvicorn. It will be run in the folder that
    `file` is relative to: `shop.py` stands right there, `tools/reports.py` below it.
    The port is no matter of yours, `UVICORN_PORT` in the environment sets it.
    """
    raise NotImplementedError


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
    raise NotImplementedError


def run_shop(app: FastAPI, environ: Mapping[str, str]) -> None:
    """2.1.5  How do you run a FastAPI app using Uvicorn with custom host/port?

    Serve `app` until the process is told to stop (Ctrl-C), and return then. It is to
    listen at the address `SHOP_HOST` and the port `SHOP_PORT` of `environ`. Where
    `SHOP_HOST` is missing or empty, this machine can reach it and no other. Where the
    port is taken already, end with an error and serve nowhere else.
    """
    raise NotImplementedError
