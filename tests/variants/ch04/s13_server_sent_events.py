"""Other answers to section 4.13."""

import json
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from sensei.variants import right, wrong


@wrong("4.13.1", caught_by="test_q1_each_update_is_an_event")
def updates_app():
    """Forget the response class: FastAPI streams lines of JSON."""
    app = FastAPI()

    @app.get("/tickets/{ticket}/updates")
    async def stream_updates(ticket: int):
        async for update in updates_of(ticket):
            yield update

    return app


@wrong("4.13.1", caught_by="test_q1_each_update_is_an_event[two updates]")
def updates_app():
    """Yield the updates without an id."""
    app = FastAPI()

    @app.get("/tickets/{ticket}/updates", response_class=EventSourceResponse)
    async def stream_updates(ticket: int):
        async for update in updates_of(ticket):
            yield update

    return app


@wrong("4.13.1", caught_by="test_q1_each_update_is_an_event[two updates]")
def updates_app():
    """Yield JSON text, which FastAPI writes as JSON again."""
    app = FastAPI()

    @app.get("/tickets/{ticket}/updates", response_class=EventSourceResponse)
    async def stream_updates(ticket: int):
        async for update in updates_of(ticket):
            data = update.model_dump_json()
            yield ServerSentEvent(data=data, id=str(update.number))

    return app


@wrong("4.13.1", caught_by="test_q1_each_update_is_an_event[two updates]")
def updates_app():
    """Send the text of an update only."""
    app = FastAPI()

    @app.get("/tickets/{ticket}/updates", response_class=EventSourceResponse)
    async def stream_updates(ticket: int):
        async for update in updates_of(ticket):
            yield ServerSentEvent(raw_data=update.text, id=str(update.number))

    return app


@wrong("4.13.1", caught_by="test_q1_each_update_is_an_event[two updates]")
def updates_app():
    """Pass the id as a number."""
    app = FastAPI()

    @app.get("/tickets/{ticket}/updates", response_class=EventSourceResponse)
    async def stream_updates(ticket: int):
        async for update in updates_of(ticket):
            yield ServerSentEvent(data=update, id=update.number)

    return app


@wrong("4.13.1", caught_by="test_q1_each_update_is_an_event[two updates]")
def updates_app():
    """Count the events from 1."""
    app = FastAPI()

    @app.get("/tickets/{ticket}/updates", response_class=EventSourceResponse)
    async def stream_updates(ticket: int):
        number = 0
        async for update in updates_of(ticket):
            number += 1
            yield ServerSentEvent(data=update, id=str(number))

    return app


@wrong("4.13.1", caught_by="test_q1_each_update_is_an_event[two updates]")
def updates_app():
    """Leave out the empty line that ends an event."""
    app = FastAPI()

    @app.get("/tickets/{ticket}/updates")
    async def stream_updates(ticket: int):
        async def lines():
            async for update in updates_of(ticket):
                yield f"id: {update.number}\ndata: {update.model_dump_json()}\n"

        return StreamingResponse(lines(), media_type="text/event-stream")

    return app


@wrong("4.13.1", caught_by="test_q1_an_update_is_sent_as_soon_as_there_is_one")
def updates_app():
    """Collect all updates first."""
    app = FastAPI()

    @app.get("/tickets/{ticket}/updates", response_class=EventSourceResponse)
    async def stream_updates(ticket: int):
        for update in [update async for update in updates_of(ticket)]:
            yield ServerSentEvent(data=update, id=str(update.number))

    return app


@wrong("4.13.1", caught_by="test_q1_each_ticket_has_its_own_updates")
def updates_app():
    """Always stream the ticket of the example."""
    app = FastAPI()

    @app.get("/tickets/{ticket}/updates", response_class=EventSourceResponse)
    async def stream_updates(ticket: int):
        async for update in updates_of(7):
            yield ServerSentEvent(data=update, id=str(update.number))

    return app


@wrong("4.13.1", caught_by="test_q1_each_update_is_an_event[no updates]")
def updates_app():
    """Return 204 if there is no update."""
    app = FastAPI()

    @app.get("/tickets/{ticket}/updates")
    async def stream_updates(ticket: int):
        updates = updates_of(ticket)
        first = await anext(updates, None)
        if first is None:
            return Response(status_code=204)

        async def lines():
            yield f"id: {first.number}\ndata: {first.model_dump_json()}\n\n"
            async for update in updates:
                yield f"id: {update.number}\ndata: {update.model_dump_json()}\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")

    return app


@wrong("4.13.1", caught_by="test_q1_each_ticket_has_its_own_updates")
def updates_app():
    """Keep the updates of a ticket for the next request."""
    app = FastAPI()
    kept = {}

    @app.get("/tickets/{ticket}/updates", response_class=EventSourceResponse)
    async def stream_updates(ticket: int):
        if ticket in kept:
            for event in kept[ticket]:
                yield event
            return
        kept[ticket] = []
        async for update in updates_of(ticket):
            kept[ticket].append(ServerSentEvent(data=update, id=str(update.number)))
            yield kept[ticket][-1]

    return app


@wrong("4.13.1", caught_by="test_q1_each_update_is_an_event[no updates]")
def updates_app():
    """Begin again after the last update."""
    app = FastAPI()

    @app.get("/tickets/{ticket}/updates", response_class=EventSourceResponse)
    async def stream_updates(ticket: int):
        while True:
            async for update in updates_of(ticket):
                yield ServerSentEvent(data=update, id=str(update.number))

    return app


@wrong("4.13.1", caught_by="test_q1_each_update_is_an_event[a text with two lines]")
def updates_app():
    """Send equal texts once."""
    app = FastAPI()

    @app.get("/tickets/{ticket}/updates", response_class=EventSourceResponse)
    async def stream_updates(ticket: int):
        sent = set()
        async for update in updates_of(ticket):
            if update.text not in sent:
                yield ServerSentEvent(data=update, id=str(update.number))
            sent.add(update.text)

    return app


@wrong("4.13.1", caught_by="test_q1_an_update_is_sent_as_soon_as_there_is_one")
def updates_app():
    """Take the number 0 for a missing one."""
    app = FastAPI()

    @app.get("/tickets/{ticket}/updates", response_class=EventSourceResponse)
    async def stream_updates(ticket: int):
        async for update in updates_of(ticket):
            number = str(update.number) if update.number else None
            yield ServerSentEvent(data=update, id=number)

    return app


@right("4.13.1")
def updates_app():
    """Format the events yourself, and return a response."""
    app = FastAPI()

    @app.get("/tickets/{ticket}/updates")
    async def stream_updates(ticket: int) -> StreamingResponse:
        async def lines() -> AsyncIterator[str]:
            async for update in updates_of(ticket):
                yield f"id: {update.number}\ndata: {update.model_dump_json()}\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")

    return app


@right("4.13.1")
def updates_app():
    """Use a router, raw data, and a name."""
    router = APIRouter(prefix="/tickets")

    @router.get("/{ticket}/updates", response_class=EventSourceResponse)
    async def stream_updates(ticket: int):
        async for update in updates_of(ticket):
            yield ServerSentEvent(
                raw_data=json.dumps(dict(update), indent=2),
                event="update",
                id=str(update.number),
                retry=2000,
            )

    app = FastAPI()
    app.include_router(router)
    return app


@right("4.13.1")
def updates_app():
    """Use FastAPI's function that formats an event."""
    app = FastAPI()

    async def events(ticket: int):
        async for update in updates_of(ticket):
            data = update.model_dump_json()
            yield format_sse_event(data_str=data, id=str(update.number))

    @app.get("/tickets/{ticket}/updates")
    def stream_updates(ticket: int):
        return EventSourceResponse(events(ticket))

    return app


@wrong("4.13.2", caught_by="test_q2_the_comparison_is_predicted[/socket: status code]")
def comparison():
    """Expect 200 for a WebSocket."""
    return {
        "/events: status code": 200,
        "/socket: status code": 200,
        "/events: the middleware runs": True,
        "/socket: the middleware runs": False,
        "/events: the client receives": '"It works"',
        "/socket: the client receives": "It works",
    }


@wrong(
    "4.13.2",
    caught_by="test_q2_the_comparison_is_predicted[/socket: the middleware runs]",
)
def comparison():
    """Expect that the middleware sees everything."""
    return {
        "/events: status code": 200,
        "/socket: status code": 101,
        "/events: the middleware runs": True,
        "/socket: the middleware runs": True,
        "/events: the client receives": '"It works"',
        "/socket: the client receives": "It works",
    }


@wrong(
    "4.13.2",
    caught_by="test_q2_the_comparison_is_predicted[/events: the client receives]",
)
def comparison():
    """Expect the string without quotation marks."""
    return {
        "/events: status code": 200,
        "/socket: status code": 101,
        "/events: the middleware runs": True,
        "/socket: the middleware runs": False,
        "/events: the client receives": "It works",
        "/socket: the client receives": "It works",
    }


@wrong(
    "4.13.2",
    caught_by="test_q2_the_comparison_is_predicted[/socket: the client receives]",
)
def comparison():
    """Expect JSON from `send_text`."""
    return {
        "/events: status code": 200,
        "/socket: status code": 101,
        "/events: the middleware runs": True,
        "/socket: the middleware runs": False,
        "/events: the client receives": '"It works"',
        "/socket: the client receives": '"It works"',
    }


@wrong(
    "4.13.2",
    caught_by="test_q2_the_comparison_is_predicted[/events: the middleware runs]",
)
def comparison():
    """Write 1 for True."""
    return {
        "/events: status code": 200,
        "/socket: status code": 101,
        "/events: the middleware runs": 1,
        "/socket: the middleware runs": False,
        "/events: the client receives": '"It works"',
        "/socket: the client receives": "It works",
    }


@right("4.13.2")
def comparison():
    """Let json write the string."""
    return {
        "/events: status code": HTTPStatus.OK,
        "/socket: status code": 101,
        "/events: the middleware runs": True,
        "/socket: the middleware runs": False,
        "/events: the client receives": json.dumps("It works"),
        "/socket: the client receives": "It works",
    }


@right("4.13.2")
def comparison():
    """Build the dict in two parts."""
    predicted: dict[str, Any] = {}
    for path, status, runs, text in (
        ("/events", 200, True, '"It works"'),
        ("/socket", 101, False, "It works"),
    ):
        predicted[f"{path}: status code"] = status
        predicted[f"{path}: the middleware runs"] = runs
        predicted[f"{path}: the client receives"] = text
    return predicted


@wrong(
    "4.13.3", caught_by="test_q3_a_client_that_reconnects_receives_what_it_missed[2]"
)
def board_app(board: Board):
    """Ignore `Last-Event-ID`."""
    app = FastAPI()

    @app.get("/board", response_class=EventSourceResponse)
    async def stream_board():
        number = 1
        while (subject := await board.subject_of(number)) is not None:
            yield ServerSentEvent(data=subject, id=str(number))
            number += 1
        yield ServerSentEvent(data="over", event="end")

    return app


@wrong(
    "4.13.3", caught_by="test_q3_a_client_that_reconnects_receives_what_it_missed[2]"
)
def board_app(board: Board):
    """Declare a query parameter instead of a header."""
    app = FastAPI()

    @app.get("/board", response_class=EventSourceResponse)
    async def stream_board(last_event_id: int = 0):
        number = last_event_id + 1
        while (subject := await board.subject_of(number)) is not None:
            yield ServerSentEvent(data=subject, id=str(number))
            number += 1
        yield ServerSentEvent(data="over", event="end")

    return app


@wrong(
    "4.13.3", caught_by="test_q3_a_client_that_reconnects_receives_what_it_missed[2]"
)
def board_app(board: Board):
    """Begin with the last event again."""
    app = FastAPI()

    @app.get("/board", response_class=EventSourceResponse)
    async def stream_board(last_event_id: Annotated[int, Header()] = 1):
        number = last_event_id
        while (subject := await board.subject_of(number)) is not None:
            yield ServerSentEvent(data=subject, id=str(number))
            number += 1
        yield ServerSentEvent(data="over", event="end")

    return app


@wrong("4.13.3", caught_by="test_q3_existing_tickets_come_first_and_then_new_ones")
def board_app(board: Board):
    """Require the header, which the first request does not have."""
    app = FastAPI()

    @app.get("/board", response_class=EventSourceResponse)
    async def stream_board(last_event_id: Annotated[int, Header()]):
        number = last_event_id + 1
        while (subject := await board.subject_of(number)) is not None:
            yield ServerSentEvent(data=subject, id=str(number))
            number += 1
        yield ServerSentEvent(data="over", event="end")

    return app


@wrong("4.13.3", caught_by="test_q3_existing_tickets_come_first_and_then_new_ones[3]")
def board_app(board: Board):
    """Send the tickets without an id."""
    app = FastAPI()

    @app.get("/board", response_class=EventSourceResponse)
    async def stream_board(last_event_id: Annotated[int, Header()] = 0):
        number = last_event_id + 1
        while (subject := await board.subject_of(number)) is not None:
            yield subject
            number += 1
        yield ServerSentEvent(data="over", event="end")

    return app


@wrong("4.13.3", caught_by="test_q3_every_client_receives_every_ticket")
def board_app(board: Board):
    """Keep the number for all clients."""
    app = FastAPI()
    sent = [0]

    @app.get("/board", response_class=EventSourceResponse)
    async def stream_board(last_event_id: Annotated[int, Header()] = 0):
        sent[0] = last_event_id
        while (subject := await board.subject_of(sent[0] + 1)) is not None:
            sent[0] += 1
            yield ServerSentEvent(data=subject, id=str(sent[0]))
        yield ServerSentEvent(data="over", event="end")

    return app


@wrong("4.13.3", caught_by="test_q3_the_stream_ends_with_the_shift")
def board_app(board: Board):
    """End the response without the last event: the browser reconnects."""
    app = FastAPI()

    @app.get("/board", response_class=EventSourceResponse)
    async def stream_board(last_event_id: Annotated[int, Header()] = 0):
        number = last_event_id + 1
        while (subject := await board.subject_of(number)) is not None:
            yield ServerSentEvent(data=subject, id=str(number))
            number += 1

    return app


@wrong("4.13.3", caught_by="test_q3_the_stream_ends_with_the_shift")
def board_app(board: Board):
    """Send the last event without data, which browsers ignore."""
    app = FastAPI()

    @app.get("/board", response_class=EventSourceResponse)
    async def stream_board(last_event_id: Annotated[int, Header()] = 0):
        number = last_event_id + 1
        while (subject := await board.subject_of(number)) is not None:
            yield ServerSentEvent(data=subject, id=str(number))
            number += 1
        yield ServerSentEvent(event="end")

    return app


@wrong("4.13.3", caught_by="test_q3_the_stream_ends_with_the_shift")
def board_app(board: Board):
    """Give the last event an id."""
    app = FastAPI()

    @app.get("/board", response_class=EventSourceResponse)
    async def stream_board(last_event_id: Annotated[int, Header()] = 0):
        number = last_event_id + 1
        while (subject := await board.subject_of(number)) is not None:
            yield ServerSentEvent(data=subject, id=str(number))
            number += 1
        yield ServerSentEvent(data="over", event="end", id=str(number))

    return app


@wrong("4.13.3", caught_by="test_q3_a_ticket_with_an_empty_subject_is_an_event")
def board_app(board: Board):
    """Take an empty subject for the end."""
    app = FastAPI()

    @app.get("/board", response_class=EventSourceResponse)
    async def stream_board(last_event_id: Annotated[int, Header()] = 0):
        number = last_event_id + 1
        while subject := await board.subject_of(number):
            yield ServerSentEvent(data=subject, id=str(number))
            number += 1
        yield ServerSentEvent(data="over", event="end")

    return app


@wrong("4.13.3", caught_by="test_q3_nobody_waits_for_tickets_when_the_client_has_left")
def board_app(board: Board):
    """Read the board in a task that nobody ends."""
    app = FastAPI()

    @app.get("/board", response_class=EventSourceResponse)
    async def stream_board(last_event_id: Annotated[int, Header()] = 0):
        queue = asyncio.Queue()

        async def read():
            number = last_event_id + 1
            while (subject := await board.subject_of(number)) is not None:
                queue.put_nowait(ServerSentEvent(data=subject, id=str(number)))
                number += 1
            queue.put_nowait(None)

        reading = asyncio.create_task(read())
        while (event := await queue.get()) is not None:
            yield event
        await reading
        yield ServerSentEvent(data="over", event="end")

    return app


@wrong("4.13.3", caught_by="test_q3_a_ticket_with_an_empty_subject_is_an_event")
def board_app(board):
    """Send equal subjects once."""
    app = FastAPI()

    @app.get("/board", response_class=EventSourceResponse)
    async def stream(last_event_id: Annotated[int, Header()] = 0):
        number, sent = last_event_id + 1, set()
        while (subject := await board.subject_of(number)) is not None:
            if subject not in sent:
                yield ServerSentEvent(data=subject, id=str(number))
            sent.add(subject)
            number += 1
        yield ServerSentEvent(data="over", event="end")

    return app


@wrong("4.13.3", caught_by="test_q3_nobody_waits_for_tickets_when_the_client_has_left")
def board_app(board):
    """Catch every exception around the wait, also the cancellation."""
    app = FastAPI()

    @app.get("/board", response_class=EventSourceResponse)
    async def stream(last_event_id: Annotated[int, Header()] = 0):
        number = last_event_id + 1
        while True:
            try:
                subject = await board.subject_of(number)
            except BaseException:
                continue
            if subject is None:
                break
            yield ServerSentEvent(data=subject, id=str(number))
            number += 1
        yield ServerSentEvent(data="over", event="end")

    return app


@right("4.13.3")
def board_app(board: Board):
    """Read the board in a task, and cancel it."""
    app = FastAPI()

    @app.get("/board", response_class=EventSourceResponse)
    async def stream_board(request: Request):
        queue = asyncio.Queue()
        last = int(request.headers.get("last-event-id", 0))

        async def read(number):
            while (subject := await board.subject_of(number)) is not None:
                queue.put_nowait(ServerSentEvent(data=subject, id=f"{number}"))
                number += 1
            queue.put_nowait(ServerSentEvent(raw_data='"over"', event="end"))
            queue.put_nowait(None)

        reading = asyncio.create_task(read(last + 1))
        try:
            while event := await queue.get():
                yield event
        finally:
            reading.cancel()

    return app


@right("4.13.3")
def board_app(board: Board):
    """Format the events yourself, with a header that can be None."""
    app = FastAPI()

    async def lines(number: int):
        while True:
            number += 1
            subject = await board.subject_of(number)
            if subject is None:
                break
            yield f"id:{number}\r\ndata:{json.dumps(subject)}\r\n\r\n"
        yield 'event: end\ndata: "over"\n\n'

    @app.get("/board", response_class=StreamingResponse)
    def stream_board(last: Annotated[str | None, Header(alias="Last-Event-ID")] = None):
        return StreamingResponse(
            lines(int(last) if last else 0), media_type="text/event-stream"
        )

    return app


@wrong("4.13.3", caught_by="test_q3_every_client_receives_every_ticket")
def board_app(board: Board):
    """Keep one position for all clients."""
    app = FastAPI()
    number = 1

    @app.get("/board", response_class=EventSourceResponse)
    async def stream_board(last_event_id: Annotated[int | None, Header()] = None):
        nonlocal number
        if last_event_id is not None:
            number = last_event_id + 1
        while (subject := await board.subject_of(number)) is not None:
            yield ServerSentEvent(data=subject, id=str(number))
            number += 1
        yield ServerSentEvent(data="over", event="end")

    return app
