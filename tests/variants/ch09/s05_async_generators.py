"""Other answers to section 9.5."""

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.background import BackgroundTask

from sensei.variants import right, wrong


@wrong("9.5.1", caught_by="test_q1_a_consumer_that_stops_early_closes_the_readings[1]")
async def frost(readings):
    """Leave the readings open when the consumer stops early."""
    async for celsius in readings:
        if celsius < 0:
            yield celsius


@wrong("9.5.1", caught_by="test_q1_a_consumer_that_stops_early_closes_the_readings[2]")
async def frost(readings):
    """Close the readings after the loop, which a consumer that stops never reaches."""
    async for celsius in readings:
        if celsius < 0:
            yield celsius
    await readings.aclose()


@wrong("9.5.1", caught_by="test_q1_one_step_takes_no_more_than_it_needs[first]")
async def frost(readings):
    """Collect all temperatures first."""
    try:
        found = [celsius async for celsius in readings if celsius < 0]
    finally:
        await readings.aclose()
    for celsius in found:
        yield celsius


@wrong("9.5.1", caught_by="test_q1_the_temperatures_below_zero_are_yielded[both]")
async def frost(readings):
    """Stop at the first temperature that is not below 0."""
    try:
        async for celsius in readings:
            if celsius >= 0:
                break
            yield celsius
    finally:
        await readings.aclose()


@wrong("9.5.1", caught_by="test_q1_the_temperatures_below_zero_are_yielded[warm]")
async def frost(readings):
    """Yield 0 degrees as well."""
    try:
        async for celsius in readings:
            if celsius <= 0:
                yield celsius
    finally:
        await readings.aclose()


@wrong("9.5.1", caught_by="test_q1_the_temperatures_below_zero_are_yielded[both]")
async def frost(readings):
    """Return a list, as a regular async function."""
    return [celsius async for celsius in readings if celsius < 0]


@wrong(
    "9.5.1",
    caught_by="test_q1_an_exception_of_the_readings_passes_through[ConnectionError]",
)
async def frost(readings):
    """End without a word when the readings fail."""
    try:
        async for celsius in readings:
            if celsius < 0:
                yield celsius
    except Exception:
        pass
    finally:
        await readings.aclose()


@wrong("9.5.1", caught_by="test_q1_nothing_is_taken_before_the_consumer_asks")
def frost(readings):
    """Start to read in a task before anybody asks."""
    import asyncio

    first = asyncio.ensure_future(anext(readings))

    async def rest():
        try:
            if await first < 0:
                yield first.result()
            async for celsius in readings:
                if celsius < 0:
                    yield celsius
        finally:
            await readings.aclose()

    return rest()


@wrong(
    "9.5.1",
    caught_by="test_q1_an_exception_of_the_readings_passes_through[CancelledError]",
)
async def frost(readings):
    """End without a word when the task is cancelled."""
    import asyncio

    try:
        async for celsius in readings:
            if celsius < 0:
                yield celsius
    except asyncio.CancelledError:
        pass
    finally:
        await readings.aclose()


@wrong(
    "9.5.1", caught_by="test_q1_an_exception_of_the_readings_passes_through[ValueError]"
)
async def frost(readings):
    """Take a wrong value for the end."""
    try:
        async for celsius in readings:
            if celsius < 0:
                yield celsius
    except ValueError:
        return
    finally:
        await readings.aclose()


@right("9.5.1")
async def frost(readings):
    """Close the readings in a `finally` block."""
    try:
        async for celsius in readings:
            if celsius < 0:
                yield celsius
    finally:
        await readings.aclose()


@right("9.5.1")
class frost:
    """Write an iterator as a class, with the method of a generator that closes it."""

    def __init__(self, readings):
        self.readings = readings

    def __aiter__(self):
        return self

    async def __anext__(self):
        while (celsius := await anext(self.readings)) >= 0:
            pass
        return celsius

    async def aclose(self):
        await self.readings.aclose()


@wrong(
    "9.5.2", caught_by="test_q2_the_connection_is_closed_when_the_client_leaves[waits]"
)
def live_app():
    """Close the connection after the loop only."""
    app = FastAPI()

    async def lines(name):
        connection = await connect(name)
        while (celsius := await connection.receive()) is not None:
            yield f"{celsius}\n"
        connection.close()

    @app.get("/stations/{name}/live")
    async def live(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        return StreamingResponse(lines(name), media_type="text/plain")

    return app


@wrong(
    "9.5.2", caught_by="test_q2_the_connection_is_closed_when_the_client_leaves[sends]"
)
def live_app():
    """Close the connection after an `Exception`, which a cancellation is not."""
    app = FastAPI()

    async def lines(name):
        connection = await connect(name)
        try:
            while (celsius := await connection.receive()) is not None:
                yield f"{celsius}\n"
        except Exception:
            connection.close()
            raise
        connection.close()

    @app.get("/stations/{name}/live")
    async def live(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        return StreamingResponse(lines(name), media_type="text/plain")

    return app


@wrong(
    "9.5.2",
    caught_by="test_q2_each_line_is_sent_before_the_next_temperature_is_received",
)
def live_app():
    """Collect all lines, and return them as a regular response."""
    app = FastAPI()

    @app.get("/stations/{name}/live")
    async def live(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        connection = await connect(name)
        try:
            found = []
            while (celsius := await connection.receive()) is not None:
                found.append(f"{celsius}\n")
        finally:
            connection.close()
        return PlainTextResponse("".join(found))

    return app


@wrong("9.5.2", caught_by="test_q2_an_unknown_station_returns_404[rome]")
def live_app():
    """Raise the 404 in the generator, when the status code was sent."""
    app = FastAPI()

    async def lines(name):
        if name not in STATIONS:
            raise HTTPException(404)
        connection = await connect(name)
        try:
            while (celsius := await connection.receive()) is not None:
                yield f"{celsius}\n"
        finally:
            connection.close()

    @app.get("/stations/{name}/live")
    async def live(name: str):
        return StreamingResponse(lines(name), media_type="text/plain")

    return app


@wrong("9.5.2", caught_by="test_q2_the_response_has_a_line_for_each_temperature[four]")
def live_app():
    """End at 0 degrees, which is false."""
    app = FastAPI()

    async def lines(name):
        connection = await connect(name)
        try:
            while celsius := await connection.receive():
                yield f"{celsius}\n"
        finally:
            connection.close()

    @app.get("/stations/{name}/live")
    async def live(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        return StreamingResponse(lines(name), media_type="text/plain")

    return app


@wrong("9.5.2", caught_by="test_q2_the_connection_is_closed_after_an_exception")
def live_app():
    """Close the connection in a background task, which an exception leaves out."""
    app = FastAPI()

    @app.get("/stations/{name}/live")
    async def live(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        connection = await connect(name)

        async def lines():
            while (celsius := await connection.receive()) is not None:
                yield f"{celsius}\n"

        closing = BackgroundTask(connection.close)
        return StreamingResponse(lines(), media_type="text/plain", background=closing)

    return app


@wrong("9.5.2", caught_by="test_q2_each_request_has_a_connection_of_its_own")
def live_app():
    """Keep one connection for each station."""
    app = FastAPI()
    connections = {}

    async def lines(name):
        if name not in connections:
            connections[name] = await connect(name)
        try:
            while (celsius := await connections[name].receive()) is not None:
                yield f"{celsius}\n"
        finally:
            connections[name].close()

    @app.get("/stations/{name}/live")
    async def live(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        return StreamingResponse(lines(name), media_type="text/plain")

    return app


@wrong("9.5.2", caught_by="test_q2_the_response_has_a_line_for_each_temperature[one]")
def live_app():
    """Forget the media type."""
    app = FastAPI()

    async def lines(name):
        connection = await connect(name)
        try:
            while (celsius := await connection.receive()) is not None:
                yield f"{celsius}\n"
        finally:
            connection.close()

    @app.get("/stations/{name}/live")
    async def live(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        return StreamingResponse(lines(name))

    return app


@wrong("9.5.2", caught_by="test_q2_the_response_has_a_line_for_each_temperature[one]")
def live_app():
    """Close the connection when the endpoint returns, before the first line is made."""
    app = FastAPI()

    async def lines(connection):
        while (celsius := await connection.receive()) is not None:
            yield f"{celsius}\n"

    @app.get("/stations/{name}/live")
    async def live(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        connection = await connect(name)
        try:
            return StreamingResponse(lines(connection), media_type="text/plain")
        finally:
            connection.close()

    return app


@wrong("9.5.2", caught_by="test_q2_the_connection_is_closed_after_an_exception")
def live_app():
    """End the response as if it were complete when the station fails."""
    app = FastAPI()

    async def lines(name):
        connection = await connect(name)
        try:
            while (celsius := await connection.receive()) is not None:
                yield f"{celsius}\n"
        except OSError:
            pass
        finally:
            connection.close()

    @app.get("/stations/{name}/live")
    async def live(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        return StreamingResponse(lines(name), media_type="text/plain")

    return app


@wrong("9.5.2", caught_by="test_q2_two_requests_at_the_same_time_have_two_connections")
def live_app():
    """Share a connection while it is in use."""
    app = FastAPI()
    in_use = {}

    async def lines(name):
        if name not in in_use:
            in_use[name] = await connect(name)
        connection = in_use[name]
        try:
            while (celsius := await connection.receive()) is not None:
                yield f"{celsius}\n"
        finally:
            in_use.pop(name, None)
            connection.close()

    @app.get("/stations/{name}/live")
    async def live(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        return StreamingResponse(lines(name), media_type="text/plain")

    return app


@wrong("9.5.2", caught_by="test_q2_a_station_can_be_silent_for_hours")
def live_app():
    """End when the station is silent for a minute."""
    app = FastAPI()

    async def lines(name):
        import asyncio

        connection = await connect(name)
        try:
            while True:
                celsius = await asyncio.wait_for(connection.receive(), 60)
                if celsius is None:
                    break
                yield f"{celsius}\n"
        except TimeoutError:
            pass
        finally:
            connection.close()

    @app.get("/stations/{name}/live")
    async def live(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        return StreamingResponse(lines(name), media_type="text/plain")

    return app


@wrong("9.5.2", caught_by="test_q2_the_response_has_a_line_for_each_temperature[four]")
def live_app():
    """Send a temperature only if it has changed."""
    app = FastAPI()

    async def lines(name):
        connection = await connect(name)
        last = None
        try:
            while (celsius := await connection.receive()) is not None:
                if celsius != last:
                    yield f"{celsius}\n"
                last = celsius
        finally:
            connection.close()

    @app.get("/stations/{name}/live")
    async def live(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        return StreamingResponse(lines(name), media_type="text/plain")

    return app


@wrong("9.5.2", caught_by="test_q2_the_response_has_a_line_for_each_temperature[four]")
def live_app():
    """Round to one digit."""
    app = FastAPI()

    async def lines(name):
        connection = await connect(name)
        try:
            while (celsius := await connection.receive()) is not None:
                yield f"{celsius:.1f}\n"
        finally:
            connection.close()

    @app.get("/stations/{name}/live")
    async def live(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        return StreamingResponse(lines(name), media_type="text/plain")

    return app


@wrong(
    "9.5.2", caught_by="test_q2_the_connection_is_closed_when_the_client_leaves[waits]"
)
def live_app():
    """Wait in the `finally` block, where the wait is cancelled again."""
    app = FastAPI()

    async def lines(name):
        import asyncio

        connection = await connect(name)
        try:
            while (celsius := await connection.receive()) is not None:
                yield f"{celsius}\n"
        finally:
            await asyncio.sleep(0)
            connection.close()

    @app.get("/stations/{name}/live")
    async def live(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        return StreamingResponse(lines(name), media_type="text/plain")

    return app


@wrong("9.5.2", caught_by="test_q2_two_requests_at_the_same_time_have_two_connections")
def live_app():
    """Let one client after the other connect."""
    import asyncio

    app = FastAPI()
    lock = asyncio.Lock()

    async def lines(name):
        async with lock:
            connection = await connect(name)
            try:
                while (celsius := await connection.receive()) is not None:
                    yield f"{celsius}\n"
            finally:
                connection.close()

    @app.get("/stations/{name}/live")
    async def live(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        return StreamingResponse(lines(name), media_type="text/plain")

    return app


@right("9.5.2")
def live_app():
    """Connect in a dependency with `yield`, and yield the lines in the endpoint."""
    app = FastAPI()

    async def connected(name: str):
        if name not in STATIONS:
            raise HTTPException(404)
        connection = await connect(name)
        try:
            yield connection
        finally:
            connection.close()

    class Lines(StreamingResponse):
        media_type = "text/plain"

    @app.get("/stations/{name}/live", response_class=Lines)
    async def live(connection=Depends(connected)):
        while (celsius := await connection.receive()) is not None:
            yield f"{celsius}\n"

    return app


@right("9.5.2")
def live_app():
    """Send bytes from a generator expression, and close with `closing`."""
    from contextlib import closing

    app = FastAPI()

    async def temperatures(name):
        with closing(await connect(name)) as connection:
            while True:
                celsius = await connection.receive()
                if celsius is None:
                    return
                yield celsius

    @app.get("/stations/{name}/live")
    async def live(name: str) -> StreamingResponse:
        if name in STATIONS:
            body = (f"{one}\n".encode() async for one in temperatures(name))
            return StreamingResponse(body, headers={"Content-Type": "text/plain"})
        raise HTTPException(status_code=404, detail="unknown")

    return app


@wrong("9.5.3", caught_by="test_q3_the_difference_is_predicted[reads, generator]")
def differences():
    """Believe that a generator reads everything at its start."""
    return {
        "reads, list": 5,
        "reads, generator": 5,
        "is open, list": False,
        "is open, generator": True,
        "second loop, generator": 0,
        "shown before an error, generator": 3,
    }


@wrong("9.5.3", caught_by="test_q3_the_difference_is_predicted[is open, generator]")
def differences():
    """Believe that the archive is closed between two values."""
    return {
        "reads, list": 5,
        "reads, generator": 1,
        "is open, list": False,
        "is open, generator": False,
        "second loop, generator": 0,
        "shown before an error, generator": 3,
    }


@wrong("9.5.3", caught_by="test_q3_the_difference_is_predicted[second loop, generator]")
def differences():
    """Believe that a generator starts anew."""
    return {
        "reads, list": 5,
        "reads, generator": 1,
        "is open, list": False,
        "is open, generator": True,
        "second loop, generator": 5,
        "shown before an error, generator": 3,
    }


@wrong(
    "9.5.3",
    caught_by="test_q3_the_difference_is_predicted[shown before an error, generator]",
)
def differences():
    """Believe that an error comes before the first value."""
    return {
        "reads, list": 5,
        "reads, generator": 1,
        "is open, list": False,
        "is open, generator": True,
        "second loop, generator": 0,
        "shown before an error, generator": 0,
    }


@right("9.5.3")
def differences():
    """Run the functions, and count."""
    import asyncio

    async def run():
        archive = Archive()
        found = {"reads, list": len(await as_list(archive))}
        found["is open, list"] = archive.is_open
        archive = Archive()
        generator = as_generator(archive)
        await anext(generator)
        found["reads, generator"] = archive.reads
        found["is open, generator"] = archive.is_open
        async for _ in generator:
            pass
        found["second loop, generator"] = len([one async for one in generator])
        shown = 0
        try:
            async for _ in as_generator(Archive(broken=3)):
                shown += 1
        except OSError:
            found["shown before an error, generator"] = shown
        return found

    return asyncio.run(run())


@right("9.5.3")
def differences():
    """Fill in the values one by one."""
    found = {"reads, list": len(range(5)), "reads, generator": 1}
    found["is open, list"], found["is open, generator"] = False, True
    found["second loop, generator"] = 0
    return found | {"shown before an error, generator": 3}


@right("9.5.3")
def differences():
    """Write the values in another order."""
    return {
        "shown before an error, generator": 3,
        "second loop, generator": 0,
        "is open, generator": not False,
        "is open, list": not True,
        "reads, generator": 1,
        "reads, list": 5,
    }
