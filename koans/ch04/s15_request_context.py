"""4.15  Request context.

A server runs many requests at the same time. What belongs to one of them must not be
stored where the others can overwrite it.
Notes: content/docs/fastapi/advanced-features/request-context.md
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from pydantic import BaseModel
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint


class Visit(BaseModel):
    """What the ticket shop keeps about a request."""

    method: str
    path: str
    address: str | None


def visits_app() -> FastAPI:
    """4.15.1  How do you access the request object in a FastAPI dependency?

    Both endpoints below use the dependency `current_visit`. Write it: give it the
    parameter that it needs, and return the `Visit` of the request.

    - `method` is the method of the request, `path` its path without the query.
    - `address` is the IP address of the client. Do not read it from a header: every
      client can send any header. If the server does not know the address, it is None.

    Example:
        GET /events/7?lang=no  ->  200  {"method": "GET", "path": "/events/7",
            "address": "198.51.100.7"}
    """
    app = FastAPI()

    def current_visit() -> Visit:
        raise NotImplementedError

    @app.get("/events/{event}")
    def read_event(visit: Annotated[Visit, Depends(current_visit)]) -> Visit:
        return visit

    @app.post("/events/{event}/tickets")
    def buy_ticket(visit: Annotated[Visit, Depends(current_visit)]) -> Visit:
        return visit

    return app


@dataclass(frozen=True)
class Metadata:
    """What is known about a request."""

    request_id: str
    path: str


class RequestContext(BaseHTTPMiddleware):
    """4.15.2  Write a FastAPI middleware to store request metadata in a context.

    The functions that sell tickets need the ID of the request for their log, but they
    do not receive the request. Store a `Metadata` for each request in this middleware.
    You may add attributes to the class.

    - During a request, `RequestContext.current()` returns the `Metadata` of this
      request: in `async def` and `def` endpoints, and in background tasks.
    - If several requests run at the same time, each of them has its own.
    - Outside of a request, for example when the application starts,
      `RequestContext.current()` returns None.

    Given:
        Each request has the header `X-Request-ID`. Two requests can have the same ID.
        The server runs each request in a task of its own.

    Example:
        GET /events/7, X-Request-ID: a1  ->  Metadata(request_id="a1", path="/events/7")
    """

    async def dispatch(
        self, request: Request, call_next: RequestResponseEndpoint
    ) -> Response:
        """Store the metadata, and return the response."""
        raise NotImplementedError

    @classmethod
    def current(cls) -> Metadata | None:
        """Return the metadata of the request in which this is called."""
        raise NotImplementedError


class BoxOffice:
    """The services that sell a ticket."""

    def __init__(self) -> None:
        self.log: list[str] = []

    async def buyer_of(self, token: str) -> str:
        """Ask the account service for a name; an unknown token raises 401."""
        if token != "token-of-ada":
            raise HTTPException(401)
        return "Ada"

    async def pay(self, buyer: str) -> None:
        """Ask the payment service, and wait until the ticket is paid."""


request_id: ContextVar[str] = ContextVar("request_id", default="-")


def tickets_app(office: BoxOffice) -> FastAPI:
    """4.15.3  What are the use cases for request context in FastAPI?

    The application below has two of them: each line of the log begins with the ID of
    its request, and the last line of a request names the buyer. Both are in one dict,
    `current`, for all requests. If two people buy at the same time, a line can have the
    ID or the buyer of the other request. Repair it.

    - Each line begins with the ID of the request that writes it. `request_id` above may
      hold it.
    - The last line has the name of this request's buyer. If `current_buyer` found no
      buyer or did not run, it has "nobody".
    - Several requests can run at the same time. `office.pay` receives the buyer of the
      request.
    - All status codes stay the same, also if `office` raises an HTTPException.

    Given:
        Each request has the headers `X-Request-ID` and `X-Token`.
        The client chooses the ID. Two requests can have the same one.

    Example of the lines of a request:
        ["a1 waits for payment", "a1 sold a ticket", "a1 Ada 200"]
    """
    app = FastAPI()
    current = {"id": "-", "buyer": "nobody"}

    def write(text: str) -> None:
        office.log.append(f"{current['id']} {text}")

    @app.middleware("http")
    async def log_end(
        request: Request, call_next: RequestResponseEndpoint
    ) -> Response:
        current["id"] = request.headers["X-Request-ID"]
        current["buyer"] = "nobody"
        response = await call_next(request)
        write(f"{current['buyer']} {response.status_code}")
        return response

    async def current_buyer(request: Request) -> str:
        buyer = await office.buyer_of(request.headers["X-Token"])
        current["buyer"] = buyer
        return buyer

    @app.post("/events/{event}/tickets")
    async def buy(event: int, buyer: Annotated[str, Depends(current_buyer)]) -> None:
        write("waits for payment")
        await office.pay(buyer)
        write("sold a ticket")

    return app
