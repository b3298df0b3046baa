"""17.1  Data streaming with async generators.

A stream sends the first part of its data while the rest is still being made. So it can
be large or endless. But the client can leave at any time, in the middle of it.
Notes: content/docs/data-streaming/async-generators.md
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel


class Quake(BaseModel):
    """An earthquake."""

    at: datetime
    place: str
    magnitude: float


async def read_quakes(year: int) -> AsyncIterator[Quake]:
    """Read the earthquakes of a year from the database, one after another."""
    yield Quake(at=datetime(year, 1, 5, 7, 30, tzinfo=UTC), place="Kobe", magnitude=5.5)
    yield Quake(at=datetime(year, 3, 9, tzinfo=UTC), place="Quito", magnitude=4.25)


def quakes_app() -> FastAPI:
    """17.1.1  Create a FastAPI endpoint that streams data using an async generator.

    An earthquake service has a database with millions of earthquakes. Write the
    endpoint `GET /quakes/{year}`. It reads the database anew for every request. It
    returns 200 with the media type `application/jsonl` (JSON Lines).

    - For each earthquake of `read_quakes(year)`, in the same order, send a line: the
      earthquake as a JSON object, and a newline character.
    - Send each line before you take the next earthquake from `read_quakes`. If the
      client is slow, wait for it.
    - If `year` is not an integer, return 422.

    Example:
        GET /quakes/2025  ->  200
        {"at":"2025-01-05T07:30:00Z","place":"Kobe","magnitude":5.5}
        {"at":"2025-03-09T00:00:00Z","place":"Quito","magnitude":4.25}
    """
    app = FastAPI()

    raise NotImplementedError

    return app


@dataclass(frozen=True)
class Report:
    """A report, and what is known before its lines are made.

    `size` is the number of bytes of all lines together, or None if it is not known.
    `seconds` is the time that it takes to make all lines.
    `make_lines()` makes one line after another, in UTF-8.
    """

    size: int | None
    seconds: float
    make_lines: Callable[[], AsyncIterator[bytes]]


async def respond(report: Report, max_bytes: int, max_wait: float) -> Response:
    """17.1.2  When is `StreamingResponse` preferred over returning a full response?

    An endpoint calls this function for each report, and returns its result. Return the
    lines of the report as a `StreamingResponse` or as a full `Response`, with the media
    type `text/csv`.

    - At any time, the lines that are made but not sent yet have at most `max_bytes`
      bytes together.
    - The client waits at most `max_wait` seconds for the first line.
    - If a full response is certain to keep both limits, return a full response. It has
      a `Content-Length`, and an exception in the last line returns 500.

    Given:
        A full response holds all lines. It is sent when the last line is made.
        If a report never ends, `size` is None and `seconds` is `math.inf`.
        No single line has more than `max_bytes` bytes or takes more than `max_wait`
        seconds.
    """
    raise NotImplementedError


class Subscription:
    """A subscription to the earthquakes of a region, at a message broker."""

    async def receive(self) -> Quake | None:
        """Wait for the next earthquake. Return None when there are no more."""
        return None

    async def close(self) -> None:
        """Ask the broker to end the subscription, and wait until it has done so."""


async def subscribe(region: str) -> Subscription:
    """Subscribe to the earthquakes of a region."""
    return Subscription()


def live_app() -> FastAPI:
    """17.1.3  How can you handle client disconnections when streaming data?

    The endpoint below sends the earthquakes of a region while they happen. When the
    client leaves, Starlette cancels the response. The broker reports that many
    subscriptions stay open after their clients have left. Repair the endpoint.

    - Call `close()` once for each subscription, and let it run to its end. Do this if
      the client leaves, after the last earthquake, and after an exception in
      `receive()`. Do not leave it to the garbage collector.
    - Do this no matter when the client leaves: while `subscribe()`, `receive()` or
      `close()` waits, or while the response waits in `send`.
    - After the client has left, do not call `receive()` again.
    - An exception in `receive()` passes through.
    - Everything else stays as it is: each request has its own subscription, and each
      line is sent before `receive()` is called again. If the client is slow, the
      endpoint waits for it.

    Given:
        `close()` waits for the broker. If this wait is cancelled, the subscription
        stays open.
        If the client stops reading, the response waits in `send`. The generator is then
        suspended at its `yield`, or has not started.
    """
    app = FastAPI()

    async def lines(region: str) -> AsyncIterator[str]:
        subscription = await subscribe(region)
        try:
            while (quake := await subscription.receive()) is not None:
                yield f"{quake.model_dump_json()}\n"
        finally:
            await subscription.close()

    @app.get("/regions/{region}/live")
    async def live(region: str) -> StreamingResponse:
        return StreamingResponse(lines(region), media_type="application/jsonl")

    return app
