"""9.4  Running tasks concurrently.

`asyncio.gather`, `asyncio.wait` and `asyncio.TaskGroup` run several operations at the
same time. They differ in what happens to the others when one of them fails.
Notes: content/docs/fastapi/performance/optimizing-fastapi-performance.md
"""

import asyncio

from fastapi import FastAPI, HTTPException

from sensei import ___


async def read_temperature(station: str) -> float:
    """Return the temperature that a weather station measures."""
    await asyncio.sleep(0.1)
    return 4.5


async def read_all(stations: list[str], limit: int) -> list[float]:
    """9.4.1  How does `asyncio.gather` help in running tasks concurrently?

    Read the temperatures of many weather stations with `read_temperature`. The network
    of the stations refuses a client that sends too many requests at the same time.

    - Return the temperatures in the order of `stations`, whichever station responds
      first.
    - Start the first `limit` calls of `read_temperature` together. As soon as one of
      them returns, start the next one: never more than `limit` run at the same time.
      Each call of `read_all` has its own limit.
    - If a call of `read_temperature` raises an exception, raise this exception. You may
      cancel the other calls, or let them go on.

    Given:
        `limit` is 1 or more.
        `stations` can be empty. If it has a station twice, read this station twice.

    Example:
        await read_all(["Oslo", "Bergen", "Oslo"], limit=2)  ->  [4.5, 7.0, 4.5]
    """
    raise NotImplementedError


SOURCES = ("radar", "satellite", "stations")


class SourceError(Exception):
    """A source of weather data has failed; `source` is its name."""

    def __init__(self, source: str) -> None:
        super().__init__(f"{source} has failed")
        self.source = source


async def ask(source: str, place: str) -> float:
    """Return the probability of rain at a place, or raise `SourceError`."""
    await asyncio.sleep(0.1)
    return 0.5


def rain_app() -> FastAPI:
    """9.4.2  Provide an example of using `asyncio.gather` in a FastAPI endpoint.

    Write the endpoint `GET /rain/{place}`. It asks all `SOURCES` with `ask`. The
    response is of use only if all of them respond, so one error ends the work.

    - Ask the sources at the same time, each of them once. Return 200 and what each
      source returned, by the name of the source.
    - If a source raises `SourceError`, do not wait until the others have responded.
      Return 502, with the name of the first source that failed as the `detail`.
    - If a source raises any other exception, raise this exception, also without waiting
      for responses.
    - In both cases, cancel the calls of `ask` that still run. Then wait until they have
      ended, however long it takes: none of them runs when the response is sent.

    Given:
        A call of `ask` that is cancelled can take a moment until it has ended. If it
        raises a `SourceError` then, this does not change the result.

    Example:
        GET /rain/Bergen  ->  200  {"radar": 0.9, "satellite": 0.7, "stations": 0.8}
        GET /rain/Bergen  ->  502  {"detail": "satellite"}
    """
    app = FastAPI()

    raise NotImplementedError

    return app


async def read_slowly(station: str) -> None:
    """Read a station. Bergen fails at once; any other needs an hour."""
    if station == "Bergen":
        raise ConnectionError("Bergen does not respond")
    await asyncio.sleep(3600)


async def by_gather(stations: list[str]) -> None:
    """Read the stations with `gather`."""
    await asyncio.gather(*(read_slowly(station) for station in stations))


async def by_wait(stations: list[str]) -> None:
    """Read the stations, and wait until the first has ended."""
    tasks = [asyncio.create_task(read_slowly(station)) for station in stations]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


async def by_group(stations: list[str]) -> None:
    """Read the stations in a task group."""
    async with asyncio.TaskGroup() as group:
        for station in stations:
            group.create_task(read_slowly(station))


def differences() -> dict[str, str | None]:
    """9.4.3  What are the differences between `asyncio.gather` and `asyncio.wait`?

    The three functions above read stations at the same time. Predict what happens in
    two situations.

    - "Bergen fails": the test awaits a function with `["Oslo", "Bergen"]`. Write what
      the function raises: the name of the class as a text, or `None`. `by_gather`
      raises "ConnectionError". Then write what the task of Oslo does when the function
      has ended: "runs" or "is cancelled".
    - "caller is cancelled": a task awaits a function with `["Oslo"]`, and the test
      cancels this task. Write what the task of Oslo does then: "runs" or
      "is cancelled".
    """
    return {
        "Bergen fails: by_wait raises": ___,
        "Bergen fails: by_group raises": ___,
        "Bergen fails: Oslo in by_gather": ___,
        "Bergen fails: Oslo in by_group": ___,
        "caller is cancelled: Oslo in by_gather": ___,
        "caller is cancelled: Oslo in by_wait": ___,
    }
