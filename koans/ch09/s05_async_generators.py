"""9.5  Async generators.

An async generator is an `async def` with `yield`. It makes one value at a time, when
the consumer asks for it, and can await between two values.
Notes: content/docs/data-streaming/async-generators.md
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from sensei import ___


async def frost(readings: AsyncGenerator[float, None]) -> AsyncGenerator[float, None]:
    """9.5.1  How do async generators work in Python?

    `readings` is an async generator. It yields the temperatures that a weather station
    sends, and holds a connection to this station until it ends or is closed. Write an
    async generator that yields the temperatures below 0 only.

    - Yield each temperature below 0, in the order of `readings`. If `readings` raises
      an exception, it passes through.
    - When the consumer asks for a value, take temperatures from `readings` until one is
      below 0. Do not take any in advance.
    - If the consumer takes some values, and then calls `aclose()`, close `readings`,
      too.

    Example:
        the temperatures 3.0, -1.5, 0.0, -2.0  ->  -1.5, -2.0
    """
    raise NotImplementedError


STATIONS = ("oslo", "bergen")


class Connection:
    """A connection to a weather station, which has room for a few connections only."""

    async def receive(self) -> float | None:
        """Wait for the next temperature. Return None when there are no more."""
        return None

    def close(self) -> None:
        """Close the connection."""


async def connect(station: str) -> Connection:
    """Connect to a weather station."""
    return Connection()


def live_app() -> FastAPI:
    """9.5.2  Provide an example of using an async generator with FastAPI's
    `StreamingResponse`.

    Write the endpoint `GET /stations/{name}/live`. It sends the temperatures of a
    station while they are measured. It can take hours until the next one comes.

    - For each request, connect to the station with `connect`, also while another
      request is running. Return 200 with the media type `text/plain`.
    - For each temperature, send a line such as `4.5` or `-12.25`, with a newline
      character at its end. Send this line before you call `receive()` again.
    - When `receive()` returns None, the response ends.
    - If the name is not in `STATIONS`, return 404 and do not connect.
    - Close the connection in the end, also if the client leaves after the first line,
      or if `receive()` raises an exception. The exception passes through.

    Example:
        GET /stations/oslo/live  ->  200
        4.5
        0.0
        GET /stations/rome/live  ->  404
    """
    app = FastAPI()

    raise NotImplementedError

    return app


class Archive:
    """An archive with five temperatures. It fails when `broken` is read."""

    def __init__(self, broken: int | None = None) -> None:
        self.broken = broken
        self.reads = 0
        self.is_open = False

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep the archive open during the block."""
        self.is_open = True
        try:
            yield
        finally:
            self.is_open = False

    async def read(self, number: int) -> float:
        """Return one temperature."""
        self.reads += 1
        if number == self.broken:
            raise OSError("The archive is damaged.")
        return 4.5 + number


async def as_list(archive: Archive) -> list[float]:
    """Return the temperatures of the archive as a list."""
    async with archive.opened():
        return [await archive.read(number) for number in range(5)]


async def as_generator(archive: Archive) -> AsyncIterator[float]:
    """Yield the temperatures of the archive."""
    async with archive.opened():
        for number in range(5):
            yield await archive.read(number)


def differences() -> dict[str, int | bool]:
    """9.5.3  When are async generators preferred over regular async functions returning
    lists?

    A consumer takes the temperatures from one of the two functions above, and shows
    them in a loop: `for celsius in await as_list(archive)`, or `async for celsius in
    as_generator(archive)`. Predict what happens.

    - "reads" and "is open": the values of `archive.reads` and `archive.is_open` when
      the consumer shows the first temperature.
    - "second loop": the consumer has shown all temperatures, and goes through the same
      list or generator a second time. How many does it show then? From the list, 5.
    - "shown before an error": with `Archive(broken=3)`, how many temperatures has the
      consumer shown when the error is raised? From the list, 0.
    """
    return {
        "reads, list": ___,
        "reads, generator": ___,
        "is open, list": ___,
        "is open, generator": ___,
        "second loop, generator": ___,
        "shown before an error, generator": ___,
    }
