"""10.3  Microservices architecture.

The software of a parcel company is split into several small services. Each one is an
application of its own. The services send each other HTTP requests or messages.
Notes: content/docs/integrations-and-architectures/microservices-architecture.md
"""

from collections.abc import Mapping
from typing import Annotated

import httpx
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel
from redis.asyncio import Redis


class Quote(BaseModel):
    """What a shipment of this weight costs."""

    kilograms: int
    cents: int


def quotes_app(environ: Mapping[str, str]) -> FastAPI:
    """10.3.1  How can FastAPI be used to build individual services in a microservices
    architecture?

    Complete the quotes service. It reads prices from another service, the prices
    service. The two services run on different machines, and each one is deployed
    separately. So the address of the prices service is configuration.

    - `GET /quotes/{kilograms}` takes an integer. For each request, it sends
      `GET /prices/{kilograms}` to the prices service, and returns a `Quote`.
    - Take the URL of the prices service from `environ["PRICES_URL"]`.
    - `GET /health` returns 200 with `{"status": "ok"}`. It also does this while the
      prices service is stopped, and while a quote waits for the prices service.

    Given:
        `PRICES_URL` has no path and no final slash.
        The prices service has a price for each weight. Later, its team can add fields
        of any name to the response.

    Example, with `PRICES_URL` = "http://127.0.0.1:8001":
        GET /quotes/3  ->  200  {"kilograms": 3, "cents": 890}
        The request to the prices service:
        GET http://127.0.0.1:8001/prices/3  ->  200  {"cents": 890}
    """
    app = FastAPI()

    # Write the two endpoints here.
    raise NotImplementedError

    return app


class Shipment(BaseModel):
    """A shipment that needs a label."""

    number: str
    grams: int


class Label(BaseModel):
    """A label that the labels service has drawn."""

    url: str


class LabelsGateway:
    """10.3.2  Discuss synchronous vs. asynchronous communication patterns between
    microservices.

    The labels service draws the label of a shipment: `POST /labels` with a `Shipment`
    returns 200 with a `Label`. Use it in two ways: with an HTTP request, and with a
    message in Redis that `print_labels` processes later. All instances of the class use
    the same messages: one instance can process what another one has stored.

    - `POST /sync` sends the shipment to the labels service, waits for the response, and
      returns the `Label`. If the labels service fails, it returns 503, and does not
      store the shipment.
    - `POST /async` stores the shipment as a message in Redis, and returns 202. It does
      not send a request to the labels service.
    - `print_labels` sends the shipment of each stored message to the labels service,
      the oldest message first. It returns when no message is left. A message that is
      stored while it runs is processed, too.
    - `print_labels` removes a message from Redis after the labels service has returned
      200 for it. No message is removed earlier, and none expires.
    - If the labels service fails, `print_labels` raises an `httpx.HTTPError`. The next
      call begins with the message that failed, also if it has failed many times.

    Given:
        The labels service *fails* if it cannot be reached, does not respond in time, or
        returns an error (400 to 599).
        The base URL of `labels` is the labels service. It has a timeout.
        `broker` returns text (`decode_responses=True`). Redis is always up, and empty
        at first. Only one `print_labels` runs at a time.

    Example:
        POST /sync   {"number": "P-7", "grams": 800}
        ->  200  {"url": "https://labels.example/41.pdf"}
        POST /async  {"number": "P-7", "grams": 800}  ->  202
    """

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        """Return the application with the two endpoints."""
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            raise NotImplementedError

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            raise NotImplementedError

        return app

    async def print_labels(self) -> None:
        """Process the stored messages."""
        raise NotImplementedError


class Booking(BaseModel):
    """A shipment that a customer books."""

    customer: str
    cents: int


class Charge(BaseModel):
    """A payment that the payments service has taken from the customer."""

    number: int
    cents: int


def bookings_app(payments: httpx.AsyncClient, seconds: float) -> FastAPI:
    """10.3.3  What are the challenges of managing a microservices architecture?

    The bookings service below calls the payments service. When the payments service is
    silent, customers wait forever. When a connection breaks once, the booking fails,
    although the customer was perhaps charged. The log of the payments service does not
    show to which request a charge belongs. Repair the endpoint.

    - An attempt fails if the payments service does not respond within `seconds` or if
      the connection fails. Then try again at once. Make at most three attempts, and
      return 503 after the third failure.
    - One request to `POST /bookings` charges the customer once, also if a failed
      attempt had already charged the customer. Two requests charge twice, also if their
      bodies are equal, and also if the bookings service restarts between them.
    - Each attempt has the header `X-Request-ID` of the request to `POST /bookings`.
    - If the payments service returns 402, return 402 without another attempt.

    Given:
        `payments` has no timeout. The payments service returns 201 or 402.
        The payments service reads the header `Idempotency-Key`. When it knows the key
        already, it charges nobody, and returns the first `Charge` again.
        Each request has an `X-Request-ID` of its own. It is ASCII text.
    """
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        response = await payments.post("/charges", json=booking.model_dump())
        if response.status_code == 402:
            raise HTTPException(402)
        return Charge(**response.json())

    return app
