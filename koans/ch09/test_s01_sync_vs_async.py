"""The tests of section 9.1."""

import asyncio
import multiprocessing
import os
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from lab import (
    Rendezvous,
    in_words,
    outcome,
    patience,
    returned_or_raised,
    serve,
    stand_in,
)

# Seconds that a computation waits at most for an event loop that is blocked.
PATIENCE = 4


class Broken(Exception):
    """The error of a sensor."""


class Wind:
    """A sensor that sends these values; the last one may be an exception."""

    def __init__(
        self,
        *values: float | BaseException,
        name: str = "A",
        log: list[str] | None = None,
    ) -> None:
        self.values = list(values)
        self.name = name
        self.log = [] if log is None else log
        self.inside = self.most = 0

    async def read(self) -> float:
        """Send the next value after some turns of the event loop."""
        self.log.append(self.name)
        self.inside += 1
        self.most = max(self.most, self.inside)
        for _ in range(3):
            await asyncio.sleep(0)
        self.inside -= 1
        value = self.values.pop(0) if self.values else 99.0
        if isinstance(value, BaseException):
            raise value
        return value


class SyncWind(Wind):
    """The same sensor for `winds_until_storm`."""

    def read(self) -> float:  # type: ignore[override]
        """Send the next value."""
        self.log.append(self.name)
        value = self.values.pop(0)
        assert isinstance(value, float), "The sensor has no value."
        return value


async def winds(answers: Any, sensor: Wind, limit: float) -> Any:
    """Return what the call of 9.1.1 returns."""
    try:
        return await answers.winds_until_storm_async(sensor, limit)
    except NotImplementedError:
        raise
    except Exception as error:
        raise AssertionError(
            f"`winds_until_storm_async(sensor, {limit})` raised {in_words(error)}. The "
            "docstring asks for the list of the wind speeds. `sensor.read()` is a "
            "coroutine: look at how you get its value."
        ) from error


@pytest.mark.parametrize(
    ("values", "limit"),
    [
        ((25.0, 8.0), 20.0),
        ((5.0, 12.5, 21.0, 3.0), 20.0),
        ((20.0, 20.5), 20.0),
        ((0.0, 0.0, 0.5), 0.0),
        ((7.0, 7.0, 4.0, 11.0), 10.0),
    ],
)
async def test_q1_the_result_is_that_of_the_synchronous_function(
    answers: Any, values: tuple[float, ...], limit: float
) -> None:
    asked = answers.winds_until_storm(SyncWind(*values), limit)
    seen = await winds(answers, Wind(*values), limit)
    assert seen == asked, (
        f"A sensor sends {values}, the limit is {limit}. `winds_until_storm_async` "
        f"returned {in_words(seen)}. The docstring asks for what the synchronous "
        f"function returns: {asked}. Look at when the loop ends, and at what the list "
        "gets."
    )


@pytest.mark.parametrize("count", [1, 3])
async def test_q1_the_sensor_is_read_as_often_as_needed(
    answers: Any, count: int
) -> None:
    sensor = Wind(*[1.0] * (count - 1), 30.0, 1.0, 1.0)
    await winds(answers, sensor, 20.0)
    assert len(sensor.log) == count, (
        f"Reading {count} was above the limit, and the sensor was read "
        f"{len(sensor.log)} times. The docstring asks to read no more often than "
        "needed."
    )


async def test_q1_a_sensor_is_read_once_at_a_time(answers: Any) -> None:
    sensor = Wind(1.0, 2.0, 30.0)
    seen = await winds(answers, sensor, 20.0)
    assert (sensor.most, seen) == (1, [1.0, 2.0, 30.0]), (
        f"Up to {sensor.most} readings of one sensor ran at the same time, and the "
        f"result was {in_words(seen)}. The docstring asks to start each reading after "
        "the one before has ended. Await each reading."
    )


async def test_q1_two_calls_take_turns(answers: Any) -> None:
    log: list[str] = []
    a = Wind(1.0, 2.0, 30.0, name="A", log=log)
    b = Wind(3.0, 40.0, name="B", log=log)
    seen = await asyncio.gather(winds(answers, a, 20.0), winds(answers, b, 20.0))
    assert (log, seen) == (list("ABABA"), [[1.0, 2.0, 30.0], [3.0, 40.0]]), (
        f"Two calls at the same time read the sensors in the order {' '.join(log)} and "
        f"returned {in_words(seen)}. The docstring asks for A B A B A, because a call "
        "runs while the other one waits, and for the wind speeds that each call has "
        "read itself: [1.0, 2.0, 30.0] and [3.0, 40.0]."
    )


async def test_q1_each_call_reads_again(answers: Any) -> None:
    sensor = Wind(1.0, 30.0, 2.0, 3.0, 40.0)
    first = await winds(answers, sensor, 20.0)
    second = await winds(answers, sensor, 20.0)
    assert (first, second) == ([1.0, 30.0], [2.0, 3.0, 40.0]), (
        f"Two calls with one sensor returned {in_words(first)} and {in_words(second)}. "
        "The docstring asks for the wind speeds that were read: [1.0, 30.0] and "
        "[2.0, 3.0, 40.0]. Start a new list in each call."
    )


@pytest.mark.parametrize(
    "kind", [Broken, ConnectionError, TimeoutError, ValueError, asyncio.CancelledError]
)
@pytest.mark.parametrize("values", [(), (1.0, 2.0)])
async def test_q1_an_exception_of_the_sensor_reaches_the_caller(
    answers: Any, values: tuple[float, ...], kind: type[BaseException]
) -> None:
    raised = kind("The line is cut.")
    sensor = Wind(*values, raised)
    try:
        seen = await answers.winds_until_storm_async(sensor, 20.0)
    except NotImplementedError:
        raise
    except (Exception, asyncio.CancelledError) as error:
        seen = error
    assert type(seen) is kind, (
        f"Reading {len(values) + 1} of the sensor raised {kind.__name__}. The call "
        f"{returned_or_raised(seen)}. The docstring asks that the exception reaches "
        "the caller. Look at what catches it."
    )


Texts = Callable[[str], Any]


def readings_app(text_of: Texts) -> FastAPI:
    """Return the server that has the readings of each region."""
    app = FastAPI()

    @app.get("/readings", response_class=PlainTextResponse)
    async def readings(region: str) -> Any:
        text = text_of(region)
        return await text if asyncio.iscoroutine(text) else text

    return app


@contextmanager
def processes(answers: Any) -> Iterator[Executor]:
    """Yield a pool of one process, which knows the stand-in of the test."""
    assert answers.compute_forecast, "The answer is loaded before the process starts."
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, context) as pool:
        pool.submit(os.getpid).result()
        yield pool


@asynccontextmanager
async def readings_client(text_of: Texts) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the server, without a network."""
    transport = httpx.ASGITransport(readings_app(text_of))
    async with httpx.AsyncClient(transport=transport, base_url="http://lab") as client:
        yield client


async def forecasts(
    answers: Any, client: httpx.AsyncClient, pool: Executor, regions: list[str]
) -> Any:
    """Return what the call of 9.1.2 returns."""
    try:
        seen = await answers.forecasts(client, pool, regions)
    except Exception as error:
        raise AssertionError(
            f"`forecasts(client, pool, {in_words(regions)})` raised {in_words(error)}. "
            "The docstring asks for a dict. The server returned 200 for each request."
        ) from error
    try:
        pool.submit(os.getpid)
    except RuntimeError as error:
        raise AssertionError(
            f"After the call, `pool` accepts no more work: {in_words(error)}. It "
            "belongs to the caller, who uses it again. Look at what shuts it down."
        ) from error
    return seen


def where(_: str) -> float:
    """Return in which process this runs."""
    return float(os.getpid())


async def test_q2_all_requests_wait_at_the_same_time(answers: Any) -> None:
    regions = [f"Region {number}" for number in range(50)]
    waiting = Rendezvous(len(regions))

    async def text_of(region: str) -> str:
        await waiting.wait_async()
        return "2 4"

    with processes(answers) as pool, serve(readings_app(text_of)) as server:
        async with httpx.AsyncClient(
            base_url=server.url, timeout=120, trust_env=False, verify=False
        ) as client:
            seen = await forecasts(answers, client, pool, regions)
    assert (waiting.most, len(seen)) == (50, 50), (
        f"With 50 regions, at most {waiting.most} requests waited at the server at the "
        f"same time; {len(seen)} forecasts were returned. The docstring asks to send "
        "all requests before you wait for the first response."
    )


async def test_q2_the_computation_runs_in_the_pool(answers: Any) -> None:
    stand_in(answers.compute_forecast, where)
    with processes(answers) as pool:
        asked = pool.submit(where, "").result()
        async with readings_client(lambda _: "1") as client:
            seen = await forecasts(answers, client, pool, ["North", "South"])
    assert seen == {"North": asked, "South": asked}, (
        "The test let `compute_forecast` return the number of its process: "
        f"{in_words(seen)}. The process of `pool` is {asked}, the one of the test "
        f"{float(os.getpid())}. The docstring asks to run `compute_forecast` in `pool`."
    )


async def free_while_computing(answers: Any) -> Any:
    """Return a forecast that is "free" if the event loop ran during the computation."""
    context = multiprocessing.get_context("fork")
    began, loop_ran, here = context.Event(), context.Event(), os.getpid()

    def compute(_: str) -> str:
        began.set()
        if os.getpid() == here:
            return "not in the pool"
        return "free" if loop_ran.wait(patience(PATIENCE)) else "blocked"

    async def answer_when_computing() -> None:
        await asyncio.to_thread(began.wait, patience(PATIENCE))
        loop_ran.set()

    stand_in(answers.compute_forecast, compute)
    with processes(answers) as pool:
        async with readings_client(lambda _: "1") as client:
            other = asyncio.create_task(answer_when_computing())
            seen = await forecasts(answers, client, pool, ["North"])
            await asyncio.wait([other], timeout=patience(PATIENCE))
    return seen


async def test_q2_the_event_loop_runs_during_the_computation(answers: Any) -> None:
    seen = await free_while_computing(answers)
    assert seen == {"North": "free"}, (
        "The test waited inside `compute_forecast` until another coroutine had run. "
        f"The result was {in_words(seen)}. The docstring asks that the event loop runs "
        "other coroutines meanwhile. Look at the line that waits for the result."
    )


def average_of(text: str) -> float:
    """Return what the given `compute_forecast` returns."""
    values = [float(value) for value in text.split()]
    return sum(values) / len(values)


# The names need an encoding; the first region has the slowest response.
TEXTS = {"North": "1 2", "A & B": "4", "Åland": "-8 2", "Coast": "0"}


def compute_and_tell(compute: Callable[[str], float]) -> Callable[[str], Any]:
    """Return the function, with whether it runs in another process."""
    here = os.getpid()
    return lambda text: (compute(text), os.getpid() != here)


@pytest.mark.parametrize("regions", [list(TEXTS), ["Coast", "Åland", "North"]])
async def test_q2_the_dict_has_the_forecast_of_each_region_in_order(
    answers: Any, regions: list[str]
) -> None:
    asked_for: list[str] = []

    async def text_of(region: str) -> str:
        asked_for.append(region)
        if region not in regions:
            return "99"
        for _ in range(20 * (len(regions) - regions.index(region))):
            await asyncio.sleep(0)
        return TEXTS[region]

    stand_in(answers.compute_forecast, compute_and_tell(average_of))
    with processes(answers) as pool:
        async with readings_client(text_of) as client:
            seen = await forecasts(answers, client, pool, regions)
    assert sorted(asked_for) == sorted(regions), (
        f"For {regions}, the server received requests for {asked_for}. The docstring "
        "asks for the readings of each region. Look at how the region gets into the "
        "URL."
    )
    asked = {region: (average_of(TEXTS[region]), True) for region in regions}
    assert (seen, list(seen)) == (asked, regions), (
        f"`forecasts(client, pool, {regions})` returned {in_words(seen)}. The "
        "docstring asks for the forecast of each region from its own readings, in the "
        "order of `regions`, computed in `pool` (True)."
    )


async def test_q2_without_regions_the_dict_is_empty(answers: Any) -> None:
    stand_in(answers.compute_forecast, compute_and_tell(average_of))
    with processes(answers) as pool:
        async with readings_client(lambda _: "1") as client:
            none = await forecasts(answers, client, pool, [])
            one = await forecasts(answers, client, pool, ["North"])
    assert (none, one) == ({}, {"North": (1.0, True)}), (
        f"For no region the result was {in_words(none)}, for one {in_words(one)}. The "
        "docstring asks for a dict with the regions, here none and one, computed in "
        "`pool` (True)."
    )


async def test_q2_a_second_call_asks_again_and_uses_the_same_pool(answers: Any) -> None:
    stand_in(answers.compute_forecast, compute_and_tell(average_of))
    texts = {"North": "1"}
    with processes(answers) as pool:
        async with readings_client(lambda region: texts[region]) as client:
            first = await forecasts(answers, client, pool, ["North"])
            texts["North"] = "5"
            second = await forecasts(answers, client, pool, ["North"])
    assert (first, second) == ({"North": (1.0, True)}, {"North": (5.0, True)}), (
        "The readings changed from 1 to 5 between two calls with the same client and "
        f"pool. The calls returned {in_words(first)} and {in_words(second)}. The "
        "docstring asks for the forecast in each call, computed in `pool` (True)."
    )


def real_log(answers: Any, name: str) -> str:
    """Return the log of one of the functions, as one string."""
    log: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # "was never awaited"
        asyncio.run(quietly(getattr(answers, name), log))
    return " ".join(log)


async def quietly(function: Callable[..., Any], log: list[str]) -> None:
    """Run a function; what asyncio would write on the screen is not written."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    await function(log)


LOOK_AT = {
    "calls": "Look at `_ = measure(...)`: this call returns a coroutine, and nobody "
    "awaits it.",
    "awaits_later": "Look at `first`: it is a coroutine, not a task. It begins when it "
    "is awaited.",
    "starts_task": "A task begins at the next real wait. Look at `measure`: B logs a "
    "step before its wait.",
    "starts_task_and_computes": "A task begins at the next real wait. Look for a wait "
    "in `compute`.",
    "leaves_task": "The function returns before the task begins. At its end, "
    "`asyncio.run` cancels the tasks that are left.",
    "leaves_failing_task": "The task begins at the `await`. Its exception stays in the "
    "task, because nobody awaits it.",
}


@pytest.mark.parametrize("name", LOOK_AT)
def test_q3_the_log_is_predicted(answers: Any, name: str) -> None:
    logs = outcome(answers.logs)
    assert isinstance(logs, dict), (
        f"`logs()` {returned_or_raised(logs)}. The docstring asks for a dict."
    )
    predicted = logs.get(name)
    is_right = predicted == real_log(answers, name)
    assert isinstance(predicted, str), (
        f'For "{name}" the dict contains {in_words(predicted)}. The docstring asks for '
        'the entries of the log as one string, such as "A1 A2 end".'
    )
    unknown = set(predicted.split()) - {"A1", "A2", "B1", "B2", "end"}
    assert not unknown, (
        f"You predict {in_words(predicted)} for `{name}`. No log has an entry "
        f"{in_words(min(unknown))}. The docstring asks for the entries with a blank "
        'between them, such as "A1 A2 end".'
    )
    assert is_right, (
        f"You predict {in_words(predicted)} for `{name}`. The log of the run reads "
        f"differently. {LOOK_AT[name]}"
    )
