"""4.13  Server-Sent Events (SSE).

A stream of server-sent events is one HTTP response that does not end. The server sends
an event whenever it has one, and the browser reconnects by itself.
Notes: content/docs/fastapi/real-time/server-sent-events.md
"""

# region answer
import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import FastAPI, Header, Request, Response, WebSocket
from fastapi.sse import EventSourceResponse, ServerSentEvent

# stub: import asyncio
# stub: from collections.abc import AsyncIterator
# stub:
# stub: from fastapi import FastAPI, Request, Response, WebSocket
# stub: from fastapi.sse import EventSourceResponse
# endregion
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
    # region answer
    app = FastAPI()

    @app.get("/tickets/{ticket}/updates", response_class=EventSourceResponse)
    async def stream_updates(ticket: int) -> AsyncIterator[ServerSentEvent]:
        async for update in updates_of(ticket):
            yield ServerSentEvent(data=update, id=str(update.number))

    return app
    # endregion


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
    # region answer
    # In words: Server-sent events are an ordinary HTTP response: middleware, status
    # codes, the OpenAPI document and proxies work as usual, and the browser reconnects
    # by itself. Only the server sends, and only text. A WebSocket is a protocol of its
    # own after the handshake: both sides send text or bytes, but middleware for HTTP
    # does not see it, and you reconnect yourself.
    return {
        "/events: status code": 200,
        "/socket: status code": 101,
        "/events: the middleware runs": True,
        "/socket: the middleware runs": False,
        "/events: the client receives": '"It works"',
        "/socket: the client receives": "It works",
    }
    # stub: return {
    # stub:     "/events: status code": ___,
    # stub:     "/socket: status code": ___,
    # stub:     "/events: the middleware runs": ___,
    # stub:     "/socket: the middleware runs": ___,
    # stub:     "/events: the client receives": ___,
    # stub:     "/socket: the client receives": ___,
    # stub: }
    # endregion


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

    # region answer
    # In words: Use server-sent events when only the server sends: live feeds, progress
    # of a long job, notifications, the words of a language model. They need nothing but
    # HTTP, and each event can have an id: after a lost connection, the browser
    # reconnects and says which event it received last. If the client sends as well,
    # use a WebSocket, or requests beside the stream.
    @app.get("/board", response_class=EventSourceResponse)
    async def stream_board(
        last_event_id: Annotated[int, Header()] = 0,
    ) -> AsyncIterator[ServerSentEvent]:
        number = last_event_id + 1
        while (subject := await board.subject_of(number)) is not None:
            yield ServerSentEvent(data=subject, id=str(number))
            number += 1
        yield ServerSentEvent(data="over", event="end")

    # endregion
    return app
