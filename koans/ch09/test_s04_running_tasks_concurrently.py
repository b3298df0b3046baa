"""The tests of section 9.4."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from lab import (
    Rendezvous,
    async_client,
    fastapi_app,
    in_words,
    json_or_text,
    returned_or_raised,
    stand_in,
)

# Times that the event loop is given a turn, so that whoever can go on has gone on.
TURNS = 100
# Looks at a request that should have ended, and the seconds between them.
LOOKS, LOOK = 150, 0.01
# Seconds that the other calls need to end, by the source that fails.
CLOSING = {"radar": 0.0, "satellite": 0.4, "stations": 0.0}

CELSIUS = {"Oslo": 4.5, "Bergen": 7.0, "Tromsø": -3.5, "Bodø": 0.0}
MANY = ["Oslo", "Bergen", "Tromsø", "Bodø", "Oslo", "Tromsø", "Bergen"]


async def settle(turns: int = TURNS) -> None:
    """Let everybody go on who can."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def cancel(*tasks: "asyncio.Task[Any]") -> None:
    """End these tasks."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def error_of(task: "asyncio.Task[Any]") -> BaseException | None:
    """Return what a task that has ended raised.

    Raises:
        NotImplementedError: the answer is still open.
    """
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    if isinstance(error, NotImplementedError):
        raise error
    return error


class Stations:
    """Stations that respond when the test tells them to."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.waiting: list[tuple[str, asyncio.Future[float]]] = []
        self.most = 0

    async def read(self, station: str) -> float:
        """Wait for the test."""
        call = (station, asyncio.get_running_loop().create_future())
        self.calls.append(station)
        self.waiting.append(call)
        self.most = max(self.most, len(self.waiting))
        return await call[1]

    async def respond(self, which: int = 0, error: Exception | None = None) -> None:
        """Let one of the waiting calls return or raise; let others go on after it."""
        station, future = self.waiting.pop(which)
        if future.done():
            return  # somebody cancelled the call
        if error is None:
            future.set_result(CELSIUS[station])
        else:
            future.set_exception(error)
        await settle()


@pytest.fixture
def stations(answers) -> Stations:
    one = Stations()
    stand_in(answers.read_temperature, one.read)
    return one


@asynccontextmanager
async def reading(
    answers: Any, names: list[str], limit: int
) -> AsyncIterator["asyncio.Task[Any]"]:
    """Yield a task that runs `read_all`, and has gone on as far as it can."""
    task = asyncio.ensure_future(answers.read_all(names, limit))
    await settle()
    if task.done():
        error_of(task)
    try:
        yield task
    finally:
        await cancel(task)


async def end(task: "asyncio.Task[Any]", stations: Stations, which: int = 0) -> Any:
    """Let all calls return, and return what `read_all` returned or raised."""
    while stations.waiting:
        await stations.respond(which)
    await asyncio.wait([task], timeout=LOOKS * LOOK)
    if not task.done():
        return "nothing yet"
    if error := error_of(task):
        return error
    found = task.result()
    assert not isinstance(found, Awaitable), (
        f"`await read_all(...)` returned a {type(found).__name__}, because an "
        "`await` is missing in it. The docstring asks for the temperatures. Look at "
        "what you return."
    )
    return found


@pytest.mark.parametrize("which", [0, -1], ids=["first-first", "last-first"])
@pytest.mark.parametrize(
    "names",
    [[], ["Bodø"], ["Tromsø", "Bergen", "Oslo"], ["Oslo", "Oslo", "Bodø"]],
    ids=["none", "one", "three", "twice"],
)
async def test_q1_the_temperatures_have_the_order_of_the_stations(
    answers, stations, names, which
):
    async with reading(answers, names, 5) as task:
        seen = await end(task, stations, which)
    order = f", of which the {'last' if which else 'first'} one responded first"
    assert (seen, sorted(stations.calls)) == (
        [CELSIUS[n] for n in names],
        sorted(names),
    ), (
        f"Stations {names}{order if names[1:] else ''}: `read_all` "
        f"{returned_or_raised(seen)} after {len(stations.calls)} calls of "
        "`read_temperature`. The docstring asks for one temperature for each entry, in "
        "this order. Look at where the results come from."
    )


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_q1_as_many_calls_run_as_the_limit_allows(answers, stations, limit):
    async with reading(answers, MANY, limit) as task:
        running = len(stations.waiting)
        await end(task, stations)
    assert (running, stations.most) == (limit, limit), (
        f"The limit was {limit}, and there were {len(MANY)} stations. Calls of "
        f"`read_temperature` that were running: {running} at the start, "
        f"{stations.most} at most. The docstring asks for {limit}. Look at what each "
        "call waits for before it starts."
    )


@pytest.mark.parametrize("which", [0, 2], ids=["first", "last"])
async def test_q1_a_call_that_returns_makes_room_for_the_next(answers, stations, which):
    async with reading(answers, MANY, 3):
        await stations.respond(which)
        after_one = len(stations.calls)
        await stations.respond(-1)
        after_two = len(stations.calls)
    assert (after_one, after_two) == (4, 5), (
        f"The limit was 3. When one call had returned, {after_one} of {len(MANY)} had "
        f"started; when two had returned, {after_two}. The docstring asks to start the "
        "next one as soon as one returns: 4 and 5. Look at what you wait for."
    )


@pytest.mark.parametrize("other", [2, 3], ids=["same", "another"])
async def test_q1_each_call_of_read_all_has_its_own_limit(answers, stations, other):
    async with reading(answers, MANY, 2), reading(answers, MANY, other):
        running = len(stations.waiting)
    assert running == 2 + other, (
        f"Two calls of `read_all` ran at the same time, with the limits 2 and {other}. "
        f"Calls of `read_temperature` that were running: {running}. The docstring asks "
        f"that each call has its own limit: {2 + other} together. Look at where the "
        "limit is created."
    )


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("limit", [1, 3])
async def test_q1_an_exception_is_raised(answers, stations, limit, which):
    error = ConnectionError("no response")
    async with reading(answers, MANY, limit) as task:
        await stations.respond(min(which, len(stations.waiting) - 1), error)
        seen = await end(task, stations)
    assert seen is error, (
        f"`read_temperature` raised {in_words(error)} for one of the stations. "
        f"`read_all` {returned_or_raised(seen)}. The docstring asks to raise this "
        "exception. Look at what you do with the exceptions of the calls."
    )


class Sources:
    """Three sources; some raise an exception, some do not respond."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.running: set[str] = set()
        self.meeting = Rendezvous(3)
        self.errors: dict[str, Exception] = {}
        self.silent: set[str] = set()
        self.closing = 0.0
        self.rain = {"radar": 0.9, "satellite": 0.0, "stations": 0.8}

    async def ask(self, source: str, place: str) -> float:
        """Wait until all three were asked; return, raise, or wait for ever."""
        self.calls.append((source, place))
        self.running.add(source)
        try:
            await self.meeting.wait_async()
            if source in self.silent:
                await asyncio.Event().wait()
            if source in self.errors:
                raise self.errors[source]
            return self.rain[source]
        except asyncio.CancelledError:
            await settle()  # it closes its connection, which takes a moment
            await asyncio.sleep(self.closing)
            raise
        finally:
            self.running.discard(source)

    def fail(self, source: str, error: Exception) -> None:
        """Let one source fail, and the others send nothing."""
        self.errors = {source: error}
        self.silent = set(self.rain) - {source}


@pytest.fixture
def sources(answers) -> Sources:
    one = Sources()
    stand_in(answers.ask, one.ask)
    return one


async def get(app: Any, place: str) -> Any:
    """Return status code and body of the response, or the exception of the endpoint."""
    async with async_client(fastapi_app(app, "rain_app()")) as http:
        request = asyncio.create_task(http.get(f"/rain/{place}"))
        for _ in range(LOOKS):
            await asyncio.wait([request], timeout=LOOK)
            if request.done():
                break
        if not request.done():
            await cancel(request)
            return "no response"
        if error := error_of(request):
            return error
        response: httpx2.Response = request.result()
    return response.status_code, json_or_text(response)


async def test_q2_the_response_has_what_each_source_returned(answers, sources):
    app = answers.rain_app()
    seen = [await get(app, "Bergen")]
    sources.rain = {"radar": 0.1, "satellite": 0.2, "stations": 0.0}
    seen.append(await get(app, "Bergen"))
    first = {"radar": 0.9, "satellite": 0.0, "stations": 0.8}
    assert seen == [(200, first), (200, sources.rain)], (
        f"The sources returned {first}, then {sources.rain}. The responses were "
        f"{in_words(seen)}. The docstring asks for 200 and an object with what each "
        "source returned, by its name."
    )


@pytest.mark.parametrize("place", ["Bergen", "Ny-Ålesund"])
async def test_q2_each_source_is_asked_once_about_the_place(answers, sources, place):
    seen = await get(answers.rain_app(), place)
    assert sorted(sources.calls) == [(source, place) for source in sources.rain], (
        f"`GET /rain/{place}` called `ask` with {in_words(sources.calls)}; the "
        f"response was {in_words(seen)}. The docstring asks to ask each source once, "
        "about the place of the path."
    )


async def test_q2_the_sources_are_asked_at_the_same_time(answers, sources):
    seen = await get(answers.rain_app(), "Bergen")
    assert sources.meeting.most == 3, (
        f"At most {sources.meeting.most} of 3 calls of `ask` were running at the same "
        f"time; the response was {in_words(seen)}. The docstring asks to ask all "
        "sources at the same time. Look at what you await before all have started."
    )


FAILING = pytest.mark.parametrize("source", ["radar", "satellite", "stations"])


@FAILING
async def test_q2_a_source_that_fails_is_named_at_once(answers, sources, source):
    sources.fail(source, answers.SourceError(source))
    seen = await get(answers.rain_app(), "Bergen")
    assert seen == (502, {"detail": source}), (
        f"{source!r} raised `SourceError`, and the other sources did not respond. The "
        f"result of `GET /rain/Bergen` was {in_words(seen)}. The docstring asks for "
        f"502 with the detail {source!r}, without waiting for the others."
    )


@FAILING
async def test_q2_the_other_calls_have_ended_before_the_response(
    answers, sources, source
):
    sources.fail(source, answers.SourceError(source))
    sources.closing = CLOSING[source]
    seen = await get(answers.rain_app(), "Bergen")
    running = sorted(sources.running)
    assert (len(sources.calls), running) == (3, []), (
        f"{source!r} raised `SourceError`, and the response was {in_words(seen)}. "
        f"{len(sources.calls)} sources had been asked, and the calls for {running} "
        "were still running then. The docstring asks to cancel them, and that they "
        "have ended before the response is sent."
    )


@pytest.mark.parametrize(
    "error", [KeyError("rain"), ValueError("no JSON"), TimeoutError("slow")], ids=repr
)
async def test_q2_any_other_exception_is_raised(answers, sources, error):
    sources.fail("satellite", error)
    seen = await get(answers.rain_app(), "Bergen")
    assert seen is error, (
        f"'satellite' raised {in_words(error)}, and the other sources did not respond. "
        f"The result of `GET /rain/Bergen` was {in_words(seen)}. The docstring asks to "
        "raise this exception itself, without waiting for responses."
    )
    assert sources.running == set(), (
        f"'satellite' raised {in_words(error)}. The calls for "
        f"{sorted(sources.running)} were still running after the request. The "
        "docstring asks to cancel them when a source has failed, after any exception."
    )


async def test_q2_the_first_of_two_failures_is_named(answers, sources):
    first = asyncio.Event()

    async def ask(source: str, place: str) -> float:
        if source == "satellite":
            await settle(5)
            first.set()
        elif source == "radar":
            await first.wait()
            await settle(20)
        else:
            await asyncio.Event().wait()
        raise answers.SourceError(source)

    stand_in(answers.ask, ask)
    seen = await get(answers.rain_app(), "Bergen")
    assert seen == (502, {"detail": "satellite"}), (
        "'satellite' failed first, 'radar' a little later, and 'stations' did not "
        f"respond. The result was {in_words(seen)}. The docstring asks for 502 and the "
        "name of the first source that failed."
    )


@pytest.mark.parametrize("error", [None, KeyError("rain")], ids=["source", "another"])
async def test_q2_a_call_that_fails_when_it_is_cancelled_is_not_the_first(
    answers, sources, error
):
    first = error or answers.SourceError("satellite")

    async def ask(source: str, place: str) -> float:
        if source == "satellite":
            await settle(5)
            raise first
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise answers.SourceError(source) from None
        return 0.5

    stand_in(answers.ask, ask)
    seen = await get(answers.rain_app(), "Bergen")
    is_right = seen is first if error else seen == (502, {"detail": "satellite"})
    assert is_right, (
        f"'satellite' raised {in_words(first)}. The others did not respond, and raised "
        "`SourceError` if they were cancelled. The result was "
        f"{in_words(seen)}. The docstring asks for the first source that failed. Look "
        "at how you find it."
    )


async def test_q2_a_request_after_a_failure_is_a_new_one(answers, sources):
    app = answers.rain_app()
    sources.fail("radar", answers.SourceError("radar"))
    seen = [await get(app, "Bergen")]
    sources.errors, sources.silent = {}, set()
    seen.append(await get(app, "Bergen"))
    assert seen == [(502, {"detail": "radar"}), (200, sources.rain)], (
        f"'radar' failed at the first request only. The responses were "
        f"{in_words(seen)}. The docstring asks for 502, then for 200 and "
        f"{sources.rain}. Look at what your code keeps between two requests."
    )


class Slow:
    """What happens to a call of `read_slowly` for Oslo."""

    def __init__(self, answers: Any) -> None:
        self.oslo = "has not started"
        self.task: asyncio.Task[Any] | None = None
        self.bergen: asyncio.Task[Any] | None = None
        stand_in(answers.read_slowly, self.read)

    async def read(self, station: str) -> None:
        """Do what `read_slowly` does, and note it."""
        if station == "Bergen":
            self.bergen = asyncio.current_task()
            raise ConnectionError("Bergen does not respond")
        self.task, self.oslo = asyncio.current_task(), "runs"
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            self.oslo = "is cancelled"
            raise

    async def end(self) -> None:
        """End the call for Oslo, and look at the exception of Bergen."""
        if self.task is not None:
            await cancel(self.task)
        if self.bergen is not None and self.bergen.done():
            self.bergen.exception()  # asyncio reports one that nobody has looked at


async def run(
    answers: Any, function: str, stations: list[str]
) -> tuple[str | None, str]:
    """Return what the function raised, and what the task of Oslo did then."""
    slow = Slow(answers)
    caller = asyncio.create_task(getattr(answers, function)(stations))
    await settle()
    if not caller.done():
        caller.cancel()
        await settle()
    raised = None if caller.cancelled() else caller.exception()
    seen = type(raised).__name__ if raised else None, slow.oslo
    await slow.end()
    return seen


BOTH, SLOW = ["Oslo", "Bergen"], ["Oslo"]
BLANKS = {
    "Bergen fails: by_wait raises": ("by_wait", BOTH, "`wait` returns sets of tasks."),
    "Bergen fails: by_group raises": (
        "by_group",
        BOTH,
        "Several tasks of a group can fail, so it raises a group, too.",
    ),
    "Bergen fails: Oslo in by_gather": (
        "by_gather",
        BOTH,
        "`gather` raises the exception of Bergen, and does nothing more.",
    ),
    "Bergen fails: Oslo in by_group": (
        "by_group",
        BOTH,
        "The block of a task group does not end while a task of it runs.",
    ),
    "caller is cancelled: Oslo in by_gather": (
        "by_gather",
        SLOW,
        "If a `gather` is cancelled, it passes this on to its tasks.",
    ),
    "caller is cancelled: Oslo in by_wait": (
        "by_wait",
        SLOW,
        "`wait` only waits. It does not own the tasks.",
    ),
}


@pytest.mark.parametrize("blank", BLANKS)
async def test_q3_the_difference_is_predicted(answers, blank):
    predictions = answers.differences()
    assert blank in predictions, (
        f"`differences()` returned {in_words(predictions)}, without {blank!r}. The "
        "docstring asks for six predictions: replace only the blanks."
    )
    predicted = predictions[blank]
    function, stations, look_at = BLANKS[blank]
    raised, oslo = await run(answers, function, stations)
    seen = raised if blank.endswith("raises") else oslo
    assert predicted == seen, (
        f"{blank!r}: you predicted {in_words(predicted)}. The test awaited "
        f"`{function}({stations})`, and it came out differently. {look_at}"
    )
