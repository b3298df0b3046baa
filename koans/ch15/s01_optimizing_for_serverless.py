"""15.1  Optimizing FastAPI for serverless.

On a serverless platform such as AWS Lambda, no server of yours waits for requests.
Lambda starts instances of your code, and calls a function for each request.
Notes: content/docs/serverless-optimizations/optimizing-for-serverless.md
"""

import asyncio
import base64
from collections.abc import Callable
from typing import Annotated, Any, Protocol
from urllib.parse import unquote

from fastapi import FastAPI, Query, Request
from starlette.types import Message


class Orders(Protocol):
    """A connection to the database of a photo print shop."""

    def status(self, number: int) -> str:
        """Return the current status of an order, such as "printed"."""


class Model(Protocol):
    """A machine learning model that describes photos."""

    def caption(self, photo: str) -> str:
        """Return a caption for a photo."""


def shop_app(connect: Callable[[], Orders], load_model: Callable[[], Model]) -> FastAPI:
    """15.1.1  What are "cold starts" in serverless functions, and how can they be
    minimized for FastAPI apps?

    A photo print shop runs this application on Lambda. If all instances are busy,
    Lambda starts a new one. The request waits until it has started: this is a cold
    start. Today, each cold start loads the model, but few requests need the model. Each
    request for an order opens a new connection. Repair the application. Its responses
    stay the same.

    - An instance loads the model when it receives its first request for a caption. Its
      cold start and its other requests do not load the model.
    - An instance loads the model at most once, and opens at most one connection. Its
      later requests use the same model and the same connection.
    - Each request for an order calls `status`, and each request for a caption calls
      `caption`. Their results can change at any time.

    Given:
        Each instance calls `shop_app` once, at its cold start. Then it passes requests
        to `Mangum(app)`, one after the other.
        `Mangum(app)` runs the lifespan of `app` again for each request.
        An instance may open its connection at its cold start or later.

    Example:
        GET /health               ->  200  "ok"
        GET /orders/7             ->  200  "printed"
        GET /photos/beach/caption ->  200  "two children at the sea"
    """
    model = load_model()
    app = FastAPI()

    @app.get("/health")
    def health() -> str:
        return "ok"

    @app.get("/orders/{number}")
    def read_order(number: int) -> str:
        return connect().status(number)

    @app.get("/photos/{photo}/caption")
    def read_caption(photo: str) -> str:
        return model.caption(photo)

    return app


Event = dict[str, Any]
Handler = Callable[[Event, object], dict[str, Any]]


def call(
    app: FastAPI, scope: dict[str, Any], body: bytes
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Send a request to an application: its ASGI scope and its body.

    Return the response: the status code, the headers and the body.
    """
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        sent.append(message)

    asgi = {"version": "3.0", "spec_version": "2.4"}
    asyncio.run(app({"type": "http", "asgi": asgi, **scope}, receive, send))
    content = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], list(sent[0]["headers"]), content


def handler_for(app: FastAPI) -> Handler:
    """15.1.2  How does an adapter like Mangum help in deploying FastAPI to AWS Lambda?

    Lambda calls a function with an event, which is a dict, and expects a dict as the
    response. A FastAPI application expects an ASGI scope and a body instead. An adapter
    converts the event and the response. The adapter below handles `GET /prices` only.
    Complete it without Mangum. The status code and the headers in the returned dict are
    right already.

    - `app` receives the method, the path and the query string of the event. The path in
      the event is percent-encoded. The path in the scope must be decoded.
    - `app` receives all headers of the event.
    - `app` receives the body of the event as bytes. If `isBase64Encoded` is true in the
      event, its body is Base64: decode it.
    - The body in the returned dict is a string: the text of the response, or its bytes
      as Base64. `isBase64Encoded` is false for text and true for Base64.

    Given:
        An event has these keys. If the request has no body, `body` is missing:
            {
                "requestContext": {"http": {"method": "PUT"}},
                "rawPath": "/albums/Z%C3%BCrich",
                "rawQueryString": "page=2&tag=a%26b",
                "headers": {"host": "prints.example", "content-type": "text/plain"},
                "body": "Summer",
                "isBase64Encoded": False,
            }
        Headers are ASCII. Their names are in lower case in the event and in the scope.
        In the scope, the query string stays encoded, as bytes.
        API Gateway decodes the returned body if `isBase64Encoded` is true. Otherwise it
        sends the string as UTF-8.
        Some responses, such as photos, are not UTF-8 text.
        No response has two headers with the same name.
    """

    def handler(event: Event, context: object) -> dict[str, Any]:
        scope = {
            "method": "GET",
            "path": "/prices",
            "query_string": b"",
            "headers": [(b"host", b"prints.example")],
        }
        status, headers, content = call(app, scope, b"")
        return {
            "statusCode": status,
            "headers": {key.decode(): value.decode() for key, value in headers},
            "body": content.decode(),
            "isBase64Encoded": False,
        }

    return handler


class Album(Protocol):
    """The photos of a customer, in a storage that other machines provide."""

    def __len__(self) -> int:
        """Return the number of photos."""

    def read(self, number: int) -> bytes:
        """Read a photo into memory. The first photo has the number 0."""


def prints_app(album: Album, make_print: Callable[[bytes], None]) -> FastAPI:
    """15.1.3  Discuss resource management (memory, execution time) for FastAPI on
    serverless.

    `POST /prints` prints an album. Long albums fail today. Their photos need too much
    memory, or the request takes longer than the timeout of the function. In both cases,
    Lambda ends the function, and nobody knows which photos were printed. Repair the
    endpoint.

    - At most five photos are in memory at the same time, however long the album is.
    - Ask Lambda for the remaining time before each photo. If 10,000 ms or more remain,
      read the photo and print it. Otherwise, do not read or print another photo.
    - If you stop before the end of the album, return `{"next": n}`. n is the number of
      the first photo that you did not print. Otherwise, return `{"next": null}`.

    Given:
        `POST /prints?first=n` prints the photos n, n+1, ... in this order.
        `read` and `make_print` do not raise errors.
        Photos can be added to the album between two requests.
        `request.scope["aws.context"]` is the context object of this request. Its method
        `get_remaining_time_in_millis()` returns the remaining time in ms.

    Example, with an album of 50 photos:
        POST /prints           ->  200  {"next": 30}    30 photos are printed: 0 to 29
        POST /prints?first=30  ->  200  {"next": null}  the others are printed
    """
    app = FastAPI()

    @app.post("/prints")
    def print_album(
        request: Request, first: Annotated[int, Query(ge=0)] = 0
    ) -> dict[str, int | None]:
        photos = [album.read(number) for number in range(first, len(album))]
        for photo in photos:
            make_print(photo)
        return {"next": None}

    return app
