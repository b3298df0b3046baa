"""9.1  Synchronous vs. asynchronous programming.

A synchronous call that waits keeps its thread. An asynchronous one gives the thread
back to the event loop, which runs other coroutines meanwhile.
Notes: content/docs/async-programming/sync-vs-async.md
"""

import asyncio
from concurrent.futures import Executor
from typing import Protocol

import httpx

from sensei import ___


class Sensor(Protocol):
    """A wind sensor on a slow line."""

    def read(self) -> float:
        """Return the wind speed. The thread is blocked until the sensor sends it."""


class AsyncSensor(Protocol):
    """A wind sensor on a slow line."""

    async def read(self) -> float:
        """Return the wind speed. The event loop runs other code until it is there."""


def winds_until_storm(sensor: Sensor, limit: float) -> list[float]:
    """Read the sensor until the wind is above `limit`. Return all wind speeds."""
    winds = [sensor.read()]
    while winds[-1] <= limit:
        winds.append(sensor.read())
    return winds


async def winds_until_storm_async(sensor: AsyncSensor, limit: float) -> list[float]:
    """9.1.1  What is the primary difference between synchronous and asynchronous
    programming?

    `winds_until_storm` above is synchronous: if it waits for the storm at one sensor,
    nothing else runs in its thread. Write the same function for an `AsyncSensor`.

    - Read the sensor until the wind is above `limit`. Return all wind speeds that were
      read, in their order.
    - Start each reading after the one before has ended. Read no more often than needed.
    - An exception of the sensor reaches the caller.

    Example: two calls begin at the same time, one for sensor A and one for sensor B.
        winds_until_storm        reads  A A A B B
        winds_until_storm_async  reads  A B A B A
    """
    raise NotImplementedError


def compute_forecast(text: str) -> float:
    """Compute a temperature from the readings in a text.

    The real computation keeps a CPU busy for a second. It never waits for anything.
    """
    readings = [float(reading) for reading in text.split()]
    return sum(readings) / len(readings)


async def forecasts(
    client: httpx.AsyncClient, pool: Executor, regions: list[str]
) -> dict[str, float]:
    """9.1.2  Why is asynchronous programming beneficial for I/O-bound operations?

    The function below gets the readings of each region from a slow server, and computes
    a forecast from them. It sends each request only after the response before, and each
    computation blocks the event loop. Repair both.

    - Send all requests before you wait for the first response.
    - Run `compute_forecast` in `pool`. The event loop runs other coroutines until the
      result is there.
    - Return the same dict as today, with the regions in the order of `regions`.

    Given:
        `pool` is a `ProcessPoolExecutor`. It belongs to the caller, who uses it again.
        A `lambda` or a nested function cannot be sent to its processes.
        The computations may run one after the other.
        There are 50 regions at most, and none of them twice.
        The server returns 200 for each region.

    Example:
        await forecasts(client, pool, ["North", "Fjords"])
            ->  {"North": -2.5, "Fjords": 4.0}
    """

    result = {}
    for region in regions:
        response = await client.get("/readings", params={"region": region})
        result[region] = compute_forecast(response.text)
    return result


async def measure(name: str, log: list[str]) -> None:
    """Log two steps, and wait for a moment between them."""
    log.append(f"{name}1")
    await asyncio.sleep(0)  # every other task that is ready runs now
    log.append(f"{name}2")


async def compute(name: str, log: list[str]) -> None:
    """Log two steps, without a wait."""
    log.append(f"{name}1")
    log.append(f"{name}2")


async def fail(name: str, log: list[str]) -> None:
    """Log one step, and fail."""
    log.append(f"{name}1")
    raise RuntimeError("The sensor is broken.")


async def calls(log: list[str]) -> None:
    """Call a coroutine function."""
    _ = measure("A", log)
    log.append("end")


async def awaits_later(log: list[str]) -> None:
    """Call it before B, and await it after B."""
    first = measure("A", log)
    await measure("B", log)
    await first
    log.append("end")


async def starts_task(log: list[str]) -> None:
    """Make a task of it before B, and await it after B."""
    first = asyncio.create_task(measure("A", log))
    await measure("B", log)
    await first
    log.append("end")


async def starts_task_and_computes(log: list[str]) -> None:
    """Do the same, with a B that computes."""
    first = asyncio.create_task(measure("A", log))
    await compute("B", log)
    await first
    log.append("end")


async def leaves_task(log: list[str]) -> asyncio.Task[None]:
    """Make a task, and do not await it."""
    task = asyncio.create_task(measure("A", log))
    log.append("end")
    return task


async def leaves_failing_task(log: list[str]) -> asyncio.Task[None]:
    """Make a task that fails, and do not await it."""
    task = asyncio.create_task(fail("A", log))
    await asyncio.sleep(0)
    log.append("end")
    return task


def logs() -> dict[str, str]:
    """9.1.3  How does `async`/`await` work in Python?

    The test runs each of the six functions above with a new log, as in
    `asyncio.run(calls(log))`. None of these runs raises an exception. Predict each log
    as it is after `asyncio.run` has returned.

    - Write the entries of each log as one string, such as "A1 A2 end".
    """
    return {
        "calls": ___,
        "awaits_later": ___,
        "starts_task": ___,
        "starts_task_and_computes": ___,
        "leaves_task": ___,
        "leaves_failing_task": ___,
    }
