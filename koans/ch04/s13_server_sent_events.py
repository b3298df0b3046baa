"""4.13  Server-Sent Events (SSE).

A stream of server-sent events is one HTTP response that does not end. The server sends
an event whenever it has one, and the browser reconnects by itself.
Notes: content/docs/fastapi/real-time/server-sent-events.md
"""

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.sse import EventSourceResponse
from pydantic import BaseModel
from starlette.middleware.base import RequestResponseEndpoint

from sensei import ___


class Update(BaseModel):
    """What happened to a ticket."""

    number: int
    text: str


async def updates_of(ticket: int) -> AsyncIterator[Update]:
    """Yield each update of a ticket as soon as there is one."""
    for number, text in enumerate(["Ada has seen it", "It works\nagain"], start=1):
        await asyncio.sleep(1)
        yield Update(number=number, text=text)


def updates_app() -> FastAPI:
    """4.13.1  Write a FastAPI endpoint that streams updates using SSE.

    A customer's page shows what happens to a ticket of the support desk. Create an
    application and return it. Its endpoint is `GET /tickets/{ticket}/updates`.

    - The response is a stream of server-sent events, with one event for each update
      that `updates_of(ticket)` yields. Send each event as soon as its update is there.
    - After the last update, end the response.
    - The data of an event is the update as a JSON object. The id of the event is the
      number of the update.

    Example:
        GET /tickets/7/updates  ->  200  data: {"number": 1, "text": "Ada has seen it"}
                                         id: 1
    """
    raise NotImplementedError


def compared_app(seen: list[str]) -> FastAPI:
    """Return the application that 4.13.2 asks about."""
    app = FastAPI()

    @app.middleware("http")
    async def note(request: Request, call_next: RequestResponseEndpoint) -> Response:
        seen.append(request.url.path)
        return await call_next(request)

    @app.get("/events", response_class=EventSourceResponse)
    async def events() -> AsyncIterator[str]:
        yield "It works"

    @app.websocket("/socket")
    async def socket(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("It works")

    return app


def comparison() -> dict[str, int | bool | str]:
    """4.13.2  How do SSEs compare to WebSockets in FastAPI?

    Uvicorn serves `compared_app` above. One client reads the events of `/events`, and
    another one connects to the WebSocket `/socket`. Predict what happens.

    - "status code": the status code of the HTTP response, or of the response to the
      handshake.
    - "the middleware runs": True or False.
    - "the client receives": a string. For `/events`, it is what follows `data: ` in the
      event. For `/socket`, it is the text of the message. The client does not decode
      JSON.
    """
    return {
        "/events: status code": ___,
        "/socket: status code": ___,
        "/events: the middleware runs": ___,
        "/socket: the middleware runs": ___,
        "/events: the client receives": ___,
        "/socket: the client receives": ___,
    }


class Board:
    """The tickets of a shift, numbered from 1."""

    def __init__(self) -> None:
        self._subjects: list[str] = []
        self._is_over = False
        self._changed = asyncio.Condition()

    async def add(self, subject: str | None) -> None:
        """Add a ticket. With None, end the shift: no ticket follows."""
        async with self._changed:
            if subject is None:
                self._is_over = True
            else:
                self._subjects.append(subject)
            self._changed.notify_all()

    async def subject_of(self, number: int) -> str | None:
        """Return the subject of a ticket. If it does not exist yet, wait for it.

        Return None if the shift ends without it.
        """
        async with self._changed:
            while number > len(self._subjects) and not self._is_over:
                await self._changed.wait()
        return self._subjects[number - 1] if number <= len(self._subjects) else None


def board_app(board: Board) -> FastAPI:
    """4.13.3  What are the use cases for SSE in FastAPI applications?

    One use case is a screen that shows what happens, sends nothing, and must not miss
    anything when its connection breaks. Add the endpoint `GET /board` to the
    application below. It streams the tickets of `board` as server-sent events.

    - Each ticket is an event without a name. Its data is the subject as JSON, its id
      is the number. Send the tickets that exist, in order, and then each new one as
      soon as it is there.
    - If the request has the header `Last-Event-ID`, begin after the ticket with this
      number. A browser sends it when it reconnects.
    - When the shift ends, send an event without an id. Its name is "end", its data is
      "over" as JSON. Then end the response.
    - When the client disconnects, stop waiting for tickets.

    Given:
        `Last-Event-ID` is always the id of an event that this server sent.
        The subject of a ticket can be an empty string.
    """
    app = FastAPI()

    raise NotImplementedError
    return app
