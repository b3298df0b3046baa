"""10.4  Celery integration.

An endpoint sends a message to a broker. A Celery worker is another process: it takes
the message and runs the task. The result backend stores what the task returns.
Notes: content/docs/integrations-and-architectures/celery-integration.md
"""

import time

from celery import Celery
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sensei import ___


def compute_price(grams: int) -> int:
    """Return the price of a parcel in cents, after some seconds."""
    time.sleep(3)
    return 400 + grams // 10


def prices_app(celery: Celery) -> FastAPI:
    """Return an application that starts tasks, and returns their state and result."""
    app = FastAPI()

    @app.post("/prices", status_code=202)
    def start_price(grams: int) -> dict[str, str]:
        return {"task": celery.send_task("price", [grams]).id}

    @app.get("/prices/{task}")
    def read_price(task: str) -> dict[str, str | int | None]:
        result = celery.AsyncResult(task)
        cents = result.get() if result.successful() else None
        return {"state": result.state, "cents": cents}

    return app


def create_celery(url: str) -> Celery:
    """10.4.1  How do you set up Celery with FastAPI for background tasks?

    The application `prices_app(create_celery(url))` sends tasks to a worker and reads
    their results. Write `create_celery`: return the Celery app that both the FastAPI
    application and the worker use.

    - The Redis server at `url` is the broker and the result backend.
    - The task "price" gets the grams and returns what `compute_price` returns for them.
      If `compute_price` raises an error, the task fails, and is not retried.
    - While a worker runs a task, the state of the task is "STARTED".

    Given:
        The test starts a worker of your Celery app, like the command `celery worker`.
        It replaces `compute_price`, so that no test waits for three seconds.

    Example:
        POST /prices?grams=500  ->  202  {"task": "a4db..."}
        GET /prices/a4db...     ->  200  {"state": "STARTED", "cents": null}
        GET /prices/a4db...     ->  200  {"state": "SUCCESS", "cents": 450}
    """
    raise NotImplementedError


class Base(DeclarativeBase):
    """The base of the model."""


class Shipment(Base):
    """A shipment, and the number of its pickup as soon as one is ordered."""

    __tablename__ = "shipments"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str]
    pickup: Mapped[str | None]


class ShipmentIn(BaseModel):
    """A new shipment."""

    address: str


def order_pickup(address: str) -> str:
    """Order a carrier to an address, and return the number of the pickup."""
    time.sleep(3)
    return f"pickup at {address}"


def shipments_app(celery: Celery, engine: Engine) -> FastAPI:
    """10.4.2  Write a Celery task that processes data asynchronously from a FastAPI
    endpoint.

    `POST /shipments` adds a shipment to the database. Then a worker orders its pickup.
    Write the task, and complete the endpoint.

    - The endpoint commits the shipment, and then sends the task to the worker.
    - The only argument in the message is the ID of the shipment.
    - The task reads the address from the database when it runs, and calls
      `order_pickup` with it. The result becomes the shipment's `pickup`.
    - A broker can deliver a message a second time. If the shipment has a pickup
      already, the task orders none, and ends without an error.
    - The endpoint returns the ID without waiting for the task.

    Given:
        One worker runs the tasks of `celery`, one at a time. It is another process.
        When it starts, it calls `shipments_app`. It serves no requests.
        Shipments are never deleted.

    Example:
        POST /shipments {"address": "Kirkegata 1"}  ->  202  {"id": 7}
    """
    app = FastAPI()

    # Write the task here.

    @app.post("/shipments", status_code=202)
    def add_shipment(shipment: ShipmentIn) -> dict[str, int]:
        with Session(engine) as session:
            row = Shipment(address=shipment.address)
            session.add(row)
            raise NotImplementedError

    return app


def brokers() -> dict[str, str | int]:
    """10.4.3  What message brokers are commonly used with Celery?

    RabbitMQ and Redis are the usual ones. `memory://` is a third one, for tests.
    Predict how they behave, with the default settings.

    - "no URL": to which broker does `Celery("parcels")` connect, without a URL? Write
      "RabbitMQ", "Redis" or "memory".
    - "messages": a process sends three messages and ends. Then a new process starts a
      worker with the same broker URL. How many of the messages does the worker find?
    - "runs": the broker is Redis. A worker runs a task that takes 50 or 70 minutes, and
      a second worker is idle. How many runs of this task begin before the first run
      ends? Count the first run, too.

    Given:
        With `acks_late`, a worker acknowledges the message after it has run the task.
        Without it, the worker acknowledges the message before it runs the task.
    """
    return {
        "no URL": ___,
        "messages: Redis": ___,
        "messages: memory": ___,
        "runs: 50 minutes, acks_late": ___,
        "runs: 70 minutes, acks_late": ___,
        "runs: 70 minutes": ___,
    }
