"""Other answers to section 9.4."""

import asyncio

from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse

from sensei.variants import right, wrong


@wrong("9.4.1", caught_by="test_q1_as_many_calls_run_as_the_limit_allows[2]")
async def read_all(stations, limit):
    """Start all of them at once."""
    return await asyncio.gather(*(read_temperature(one) for one in stations))


@wrong("9.4.1", caught_by="test_q1_as_many_calls_run_as_the_limit_allows[2]")
async def read_all(stations, limit):
    """Read one station after the other."""
    return [await read_temperature(one) for one in stations]


@wrong("9.4.1", caught_by="test_q1_a_call_that_returns_makes_room_for_the_next[first]")
async def read_all(stations, limit):
    """Read in groups, and wait for the slowest of each group."""
    found = []
    for start in range(0, len(stations), limit):
        group = stations[start : start + limit]
        found += await asyncio.gather(*(read_temperature(one) for one in group))
    return found


@wrong("9.4.1", caught_by="test_q1_as_many_calls_run_as_the_limit_allows[2]")
async def read_all(stations, limit):
    """Take the semaphore around everything, and not around each call."""
    async with asyncio.Semaphore(limit):
        return await asyncio.gather(*(read_temperature(one) for one in stations))


@wrong(
    "9.4.1",
    caught_by="test_q1_the_temperatures_have_the_order_of_the_stations[three-last-first]",
)
async def read_all(stations, limit):
    """Return the temperatures in the order in which they arrive."""
    permits = asyncio.Semaphore(limit)

    async def read(station):
        async with permits:
            return await read_temperature(station)

    tasks = [asyncio.create_task(read(one)) for one in stations]
    return [await one for one in asyncio.as_completed(tasks)]


@wrong(
    "9.4.1",
    caught_by="test_q1_the_temperatures_have_the_order_of_the_stations[twice-first-first]",
)
async def read_all(stations, limit):
    """Keep the temperatures by name, so that a station stands there once."""
    permits = asyncio.Semaphore(limit)
    found = {}

    async def read(station):
        async with permits:
            found[station] = await read_temperature(station)

    await asyncio.gather(*(read(one) for one in stations))
    return list(found.values())


@wrong("9.4.1", caught_by="test_q1_each_call_of_read_all_has_its_own_limit[same]")
async def read_all(stations, limit):
    """Keep a semaphore for each number that is a limit."""
    if not hasattr(read_temperature, "permits"):
        read_temperature.permits = {}
    permits = read_temperature.permits.setdefault(limit, asyncio.Semaphore(limit))

    async def read(station):
        async with permits:
            return await read_temperature(station)

    return await asyncio.gather(*(read(one) for one in stations))


@wrong("9.4.1", caught_by="test_q1_each_call_of_read_all_has_its_own_limit[another]")
async def read_all(stations, limit):
    """Share one semaphore between all calls."""
    if not hasattr(read_temperature, "permits"):
        read_temperature.permits = asyncio.Semaphore(limit)

    async def read(station):
        async with read_temperature.permits:
            return await read_temperature(station)

    return await asyncio.gather(*(read(one) for one in stations))


@wrong("9.4.1", caught_by="test_q1_an_exception_is_raised[1-0]")
async def read_all(stations, limit):
    """Return exceptions in the places of temperatures."""
    permits = asyncio.Semaphore(limit)

    async def read(station):
        async with permits:
            return await read_temperature(station)

    return await asyncio.gather(
        *(read(one) for one in stations), return_exceptions=True
    )


@right("9.4.1")
async def read_all(stations, limit):
    """Let `limit` workers take the next station from an iterator."""
    found = [0.0] * len(stations)
    rest = iter(enumerate(stations))

    async def work():
        for place, station in rest:
            found[place] = await read_temperature(station)

    await asyncio.gather(*(work() for _ in range(limit)))
    return found


@right("9.4.1")
async def read_all(stations, limit):
    """Wait for the first of the running tasks, then start the next."""
    tasks, running = [], set()
    try:
        for station in stations:
            if len(running) == limit:
                done, running = await asyncio.wait(
                    running, return_when="FIRST_COMPLETED"
                )
                for task in done:
                    task.result()
            task = asyncio.create_task(read_temperature(station))
            tasks.append(task)
            running.add(task)
        return [await task for task in tasks]
    finally:
        for task in tasks:
            task.cancel()


@wrong("9.4.2", caught_by="test_q2_the_sources_are_asked_at_the_same_time")
def rain_app():
    """Ask one source after the other."""
    app = FastAPI()

    @app.get("/rain/{place}")
    async def rain(place: str) -> dict[str, float]:
        try:
            return {source: await ask(source, place) for source in SOURCES}
        except SourceError as error:
            raise HTTPException(502, error.source) from error

    return app


@wrong(
    "9.4.2",
    caught_by="test_q2_the_other_calls_have_ended_before_the_response[radar]",
)
def rain_app():
    """Leave the other calls running."""
    app = FastAPI()

    @app.get("/rain/{place}")
    async def rain(place: str) -> dict[str, float]:
        try:
            results = await asyncio.gather(*(ask(one, place) for one in SOURCES))
        except SourceError as error:
            raise HTTPException(502, error.source) from error
        return dict(zip(SOURCES, results))

    return app


@wrong(
    "9.4.2",
    caught_by="test_q2_the_other_calls_have_ended_before_the_response[stations]",
)
def rain_app():
    """Cancel the other calls, and do not wait until they have ended."""
    app = FastAPI()

    @app.get("/rain/{place}")
    async def rain(place: str) -> dict[str, float]:
        tasks = [asyncio.create_task(ask(one, place)) for one in SOURCES]
        try:
            results = await asyncio.gather(*tasks)
        except SourceError as error:
            raise HTTPException(502, error.source) from error
        finally:
            for task in tasks:
                task.cancel()
        return dict(zip(SOURCES, results))

    return app


@wrong("9.4.2", caught_by="test_q2_a_source_that_fails_is_named_at_once[radar]")
def rain_app():
    """Wait for all sources, also after one has failed."""
    app = FastAPI()

    @app.get("/rain/{place}")
    async def rain(place: str) -> dict[str, float]:
        calls = (ask(one, place) for one in SOURCES)
        results = await asyncio.gather(*calls, return_exceptions=True)
        for result in results:
            if isinstance(result, SourceError):
                raise HTTPException(502, result.source)
            if isinstance(result, BaseException):
                raise result
        return dict(zip(SOURCES, results))

    return app


@wrong("9.4.2", caught_by="test_q2_any_other_exception_is_raised[KeyError('rain')]")
def rain_app():
    """Cancel the other calls after a `SourceError` only."""
    app = FastAPI()

    @app.get("/rain/{place}")
    async def rain(place: str) -> dict[str, float]:
        tasks = [asyncio.create_task(ask(one, place)) for one in SOURCES]
        try:
            results = await asyncio.gather(*tasks)
        except SourceError as error:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            raise HTTPException(502, error.source) from error
        return dict(zip(SOURCES, results))

    return app


@wrong("9.4.2", caught_by="test_q2_any_other_exception_is_raised[KeyError('rain')]")
def rain_app():
    """Turn every exception into 502."""
    app = FastAPI()

    @app.get("/rain/{place}")
    async def rain(place: str) -> dict[str, float]:
        tasks = [asyncio.create_task(ask(one, place)) for one in SOURCES]
        try:
            results = await asyncio.gather(*tasks)
        except Exception as error:
            raise HTTPException(502, getattr(error, "source", "")) from error
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        return dict(zip(SOURCES, results))

    return app


@wrong("9.4.2", caught_by="test_q2_any_other_exception_is_raised[KeyError('rain')]")
def rain_app():
    """Raise the group of a task group for an unexpected exception."""
    app = FastAPI()

    @app.get("/rain/{place}")
    async def rain(place: str) -> dict[str, float]:
        failed = ()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {one: group.create_task(ask(one, place)) for one in SOURCES}
        except* SourceError as errors:
            failed = errors.exceptions
        if failed:
            raise HTTPException(502, failed[0].source)
        return {one: task.result() for one, task in tasks.items()}

    return app


@wrong(
    "9.4.2",
    caught_by="test_q2_a_call_that_fails_when_it_is_cancelled_is_not_the_first[source]",
)
def rain_app():
    """Look for the failure after the others were cancelled, in the order of sources."""
    app = FastAPI()

    @app.get("/rain/{place}")
    async def rain(place: str) -> dict[str, float]:
        tasks = [asyncio.create_task(ask(one, place)) for one in SOURCES]
        await asyncio.wait(tasks, return_when="FIRST_EXCEPTION")
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for kind in (SourceError, Exception):
            for result in results:
                if isinstance(result, SourceError):
                    raise HTTPException(502, result.source)
                if isinstance(result, kind):
                    raise result
        return dict(zip(SOURCES, results))

    return app


@wrong("9.4.2", caught_by="test_q2_a_source_that_fails_is_named_at_once[satellite]")
def rain_app():
    """Catch the error itself around a task group, which raises a group of errors."""
    app = FastAPI()

    @app.get("/rain/{place}")
    async def rain(place: str) -> dict[str, float]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(ask(one, place)) for one in SOURCES]
        except SourceError as error:
            raise HTTPException(502, error.source) from error
        return {one: task.result() for one, task in zip(SOURCES, tasks)}

    return app


@wrong("9.4.2", caught_by="test_q2_the_response_has_what_each_source_returned")
def rain_app():
    """Return the sources that say that it rains."""
    app = FastAPI()

    @app.get("/rain/{place}")
    async def rain(place: str) -> dict[str, float]:
        results = await asyncio.gather(*(ask(one, place) for one in SOURCES))
        return {one: result for one, result in zip(SOURCES, results) if result}

    return app


@wrong(
    "9.4.2",
    caught_by="test_q2_the_other_calls_have_ended_before_the_response[satellite]",
)
def rain_app():
    """Wait only for some time until the cancelled calls have ended."""
    app = FastAPI()

    @app.get("/rain/{place}")
    async def rain(place: str) -> dict[str, float]:
        tasks = [asyncio.create_task(ask(one, place)) for one in SOURCES]
        try:
            results = await asyncio.gather(*tasks)
        except SourceError as error:
            raise HTTPException(502, error.source) from error
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=0.1)
        return dict(zip(SOURCES, results))

    return app


@right("9.4.2")
def rain_app():
    """Use a task group, and look into its group of exceptions."""
    app = FastAPI()

    @app.get("/rain/{place}")
    async def rain(place: str):
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {one: group.create_task(ask(one, place)) for one in SOURCES}
        except ExceptionGroup as errors:
            first = errors.exceptions[0]
            if isinstance(first, SourceError):
                raise HTTPException(502, first.source) from None
            raise first
        return {one: task.result() for one, task in tasks.items()}

    return app


@right("9.4.2")
def rain_app():
    """Wait for the first exception, then end the pending tasks."""
    app = FastAPI()

    @app.exception_handler(SourceError)
    async def bad_gateway(request, error):
        return JSONResponse({"detail": error.source}, 502)

    @app.get("/rain/{place}")
    async def rain(place):
        tasks = {asyncio.create_task(ask(one, place)): one for one in SOURCES}
        rest = set(tasks)
        try:
            while rest:
                done, rest = await asyncio.wait(rest, return_when="FIRST_COMPLETED")
                for task in done:
                    task.result()
        finally:
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
        return {one: task.result() for task, one in tasks.items()}

    return app


@wrong(
    "9.4.3",
    caught_by="test_q3_the_difference_is_predicted[Bergen fails: Oslo in by_gather]",
)
def differences():
    """Believe that `gather` cancels the others when one fails."""
    return {
        "Bergen fails: by_wait raises": None,
        "Bergen fails: by_group raises": "ExceptionGroup",
        "Bergen fails: Oslo in by_gather": "is cancelled",
        "Bergen fails: Oslo in by_group": "is cancelled",
        "caller is cancelled: Oslo in by_gather": "is cancelled",
        "caller is cancelled: Oslo in by_wait": "runs",
    }


@wrong(
    "9.4.3",
    caught_by="test_q3_the_difference_is_predicted[Bergen fails: by_wait raises]",
)
def differences():
    """Believe that all three raise the exception of Bergen."""
    return {
        "Bergen fails: by_wait raises": "ConnectionError",
        "Bergen fails: by_group raises": "ConnectionError",
        "Bergen fails: Oslo in by_gather": "runs",
        "Bergen fails: Oslo in by_group": "is cancelled",
        "caller is cancelled: Oslo in by_gather": "is cancelled",
        "caller is cancelled: Oslo in by_wait": "runs",
    }


@wrong(
    "9.4.3",
    caught_by="test_q3_the_difference_is_predicted[caller is cancelled: Oslo in by_wait]",
)
def differences():
    """Believe that `wait` cancels its tasks if it is cancelled."""
    return {
        "Bergen fails: by_wait raises": None,
        "Bergen fails: by_group raises": "ExceptionGroup",
        "Bergen fails: Oslo in by_gather": "runs",
        "Bergen fails: Oslo in by_group": "is cancelled",
        "caller is cancelled: Oslo in by_gather": "is cancelled",
        "caller is cancelled: Oslo in by_wait": "is cancelled",
    }


@wrong(
    "9.4.3",
    caught_by="test_q3_the_difference_is_predicted[Bergen fails: by_group raises]",
)
def differences():
    """Believe that a task group raises the exception itself."""
    return {
        "Bergen fails: by_wait raises": None,
        "Bergen fails: by_group raises": "ConnectionError",
        "Bergen fails: Oslo in by_gather": "runs",
        "Bergen fails: Oslo in by_group": "is cancelled",
        "caller is cancelled: Oslo in by_gather": "is cancelled",
        "caller is cancelled: Oslo in by_wait": "runs",
    }


@right("9.4.3")
def differences():
    """Build the keys, and fill in the values."""
    raised = {"by_wait": None, "by_group": "ExceptionGroup"}
    failed = {"by_gather": "runs", "by_group": "is cancelled"}
    stopped = {"by_gather": "is cancelled", "by_wait": "runs"}
    found = {f"Bergen fails: {one} raises": value for one, value in raised.items()}
    for one, value in failed.items():
        found[f"Bergen fails: Oslo in {one}"] = value
    for one, value in stopped.items():
        found[f"caller is cancelled: Oslo in {one}"] = value
    return found


@right("9.4.3")
def differences():
    """Write the values in another order."""
    return {
        "caller is cancelled: Oslo in by_wait": "runs",
        "caller is cancelled: Oslo in by_gather": "is cancelled",
        "Bergen fails: Oslo in by_group": "is cancelled",
        "Bergen fails: Oslo in by_gather": "runs",
        "Bergen fails: by_group raises": "ExceptionGroup",
        "Bergen fails: by_wait raises": None,
    }
