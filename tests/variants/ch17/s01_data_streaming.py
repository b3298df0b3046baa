"""Other answers to section 17.1."""

import asyncio
import json

import anyio
from fastapi import Depends, FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.background import BackgroundTask

from sensei.variants import right, wrong


@wrong("17.1.1", caught_by="test_q1_each_earthquake_is_a_line_of_json[six]")
def quakes_app():
    """Return a list, which is an array of JSON."""
    app = FastAPI()

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        return [quake async for quake in read_quakes(year)]

    return app


@wrong(
    "17.1.1",
    caught_by="test_q1_each_line_is_sent_before_the_next_earthquake_is_taken",
)
def quakes_app():
    """Collect the earthquakes first, and yield them one by one."""
    app = FastAPI()

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        quakes = [quake async for quake in read_quakes(year)]
        for quake in quakes:
            yield quake

    return app


@wrong(
    "17.1.1",
    caught_by="test_q1_each_line_is_sent_before_the_next_earthquake_is_taken",
)
def quakes_app():
    """Join the lines, and stream the one text."""
    app = FastAPI()

    async def lines(year):
        yield "".join([f"{one.model_dump_json()}\n" async for one in read_quakes(year)])

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        return StreamingResponse(lines(year), media_type="application/jsonl")

    return app


@wrong(
    "17.1.1",
    caught_by="test_q1_each_line_is_sent_before_the_next_earthquake_is_taken",
)
def quakes_app():
    """Send two lines at once."""
    app = FastAPI()

    async def lines(year):
        kept = ""
        async for quake in read_quakes(year):
            kept += f"{quake.model_dump_json()}\n"
            if kept.count("\n") == 2:
                yield kept
                kept = ""
        yield kept

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        return StreamingResponse(lines(year), media_type="application/jsonl")

    return app


@wrong("17.1.1", caught_by="test_q1_each_earthquake_is_a_line_of_json[none]")
def quakes_app():
    """Forget the media type."""
    app = FastAPI()

    async def lines(year):
        async for quake in read_quakes(year):
            yield f"{quake.model_dump_json()}\n"

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        return StreamingResponse(lines(year))

    return app


@wrong("17.1.1", caught_by="test_q1_each_earthquake_is_a_line_of_json[one]")
def quakes_app():
    """Send the text of a dict, which is not JSON."""
    app = FastAPI()

    async def lines(year):
        async for quake in read_quakes(year):
            yield f"{quake.model_dump(mode='json')}\n"

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        return StreamingResponse(lines(year), media_type="application/jsonl")

    return app


@wrong("17.1.1", caught_by="test_q1_each_earthquake_is_a_line_of_json[one]")
def quakes_app():
    """Encode to JSON twice: a generator of texts is a stream of JSON strings."""
    app = FastAPI()

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        async for quake in read_quakes(year):
            yield f"{quake.model_dump_json()}\n"

    return app


@wrong("17.1.1", caught_by="test_q1_each_earthquake_is_a_line_of_json[one]")
def quakes_app():
    """Give the models to the response, which takes texts."""
    app = FastAPI()

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        return StreamingResponse(read_quakes(year), media_type="application/jsonl")

    return app


@wrong("17.1.1", caught_by="test_q1_each_earthquake_is_a_line_of_json[one]")
def quakes_app():
    """Forget the newline character."""
    app = FastAPI()

    async def lines(year):
        async for quake in read_quakes(year):
            yield quake.model_dump_json()

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        return StreamingResponse(lines(year), media_type="application/jsonl")

    return app


@wrong("17.1.1", caught_by="test_q1_each_earthquake_is_a_line_of_json[one]")
def quakes_app():
    """Dump with `json.dumps`, which knows no datetime."""
    app = FastAPI()

    async def lines(year):
        async for quake in read_quakes(year):
            yield json.dumps(quake.model_dump()) + "\n"

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        return StreamingResponse(lines(year), media_type="application/jsonl")

    return app


@wrong("17.1.1", caught_by="test_q1_each_earthquake_is_a_line_of_json[six]")
def quakes_app():
    """Indent the object, so that it takes many lines."""
    app = FastAPI()

    async def lines(year):
        async for quake in read_quakes(year):
            yield quake.model_dump_json(indent=2) + "\n"

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        return StreamingResponse(lines(year), media_type="application/jsonl")

    return app


@wrong("17.1.1", caught_by="test_q1_the_year_of_the_path_is_read_for_every_request")
def quakes_app():
    """Keep one generator for each year."""
    app = FastAPI()
    generators = {}

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        async for quake in generators.setdefault(year, read_quakes(year)):
            yield quake

    return app


@wrong("17.1.1", caught_by="test_q1_the_year_of_the_path_is_read_for_every_request")
def quakes_app():
    """Keep the lines of a year for the next request."""
    app = FastAPI()
    known = {}

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        if year not in known:
            known[year] = []
            async for quake in read_quakes(year):
                known[year].append(quake)
                yield quake
        else:
            for quake in known[year]:
                yield quake

    return app


@wrong(
    "17.1.1",
    caught_by="test_q1_a_year_that_is_not_an_integer_returns_422[20.5]",
)
def quakes_app():
    """Convert the year in the generator, when the 200 was sent."""
    app = FastAPI()

    @app.get("/quakes/{year}")
    async def stream_quakes(year: str):
        async for quake in read_quakes(int(year)):
            yield quake

    return app


@right("17.1.1")
def quakes_app():
    """Give a generator of lines to a `StreamingResponse`."""
    app = FastAPI()

    async def lines(year):
        async for quake in read_quakes(year):
            yield quake.model_dump_json() + "\n"

    @app.get("/quakes/{year}")
    def stream_quakes(year: int) -> StreamingResponse:
        return StreamingResponse(lines(year), media_type="application/jsonl")

    return app


@right("17.1.1")
def quakes_app():
    """Send bytes of a generator expression, dumped with `json`."""
    app = FastAPI()

    @app.get("/quakes/{year}", response_class=StreamingResponse)
    async def stream_quakes(year: int):
        body = (
            json.dumps(jsonable_encoder(quake)).encode() + b"\n"
            async for quake in read_quakes(year)
        )
        headers = {"Content-Type": "application/jsonl; charset=utf-8"}
        return StreamingResponse(body, headers=headers)

    return app


@wrong("17.1.1", caught_by="test_q1_each_earthquake_is_a_line_of_json[six]")
def quakes_app():
    """Leave out an earthquake that is the same as the one before."""
    app = FastAPI()

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        last = None
        async for quake in read_quakes(year):
            if quake != last:
                yield quake
            last = quake

    return app


@wrong("17.1.1", caught_by="test_q1_the_year_of_the_path_is_read_for_every_request")
def quakes_app():
    """Read the year of the example."""
    app = FastAPI()

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        async for quake in read_quakes(2025):
            yield quake

    return app


@wrong("17.1.1", caught_by="test_q1_each_earthquake_is_a_line_of_json[one]")
def quakes_app():
    """Return the generator, and do not iterate over it."""
    app = FastAPI()

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        return read_quakes(year)

    return app


@right("17.1.1")
def quakes_app():
    """Write the year as a parameter with `Path`, and end a line in a part of its own."""
    from typing import Annotated

    from fastapi import Path

    app = FastAPI()

    async def parts(year: int):
        async for quake in read_quakes(year):
            yield quake.model_dump_json().encode()
            yield b"\n"

    @app.get("/quakes/{year}")
    async def stream_quakes(year: Annotated[int, Path()]):
        return StreamingResponse(parts(year), media_type="application/jsonl")

    return app


@right("17.1.1")
def quakes_app() -> FastAPI:
    """Annotate the endpoint as an iterator, on a router."""
    from fastapi import APIRouter

    router = APIRouter(prefix="/quakes")

    @router.get("/{year}")
    async def stream_quakes(year: int) -> AsyncIterator[Quake]:
        async for quake in read_quakes(year=year):
            yield quake

    app = FastAPI()
    app.include_router(router)
    return app


@right("17.1.1")
def quakes_app():
    """Yield dicts from the endpoint, without an annotation."""
    app = FastAPI()

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        async for quake in read_quakes(year):
            yield quake.model_dump()

    return app


@wrong(
    "17.1.1",
    caught_by="test_q1_each_line_is_sent_before_the_next_earthquake_is_taken",
)
def quakes_app():
    """Take the next earthquake in a task while a line is being sent."""
    app = FastAPI()

    async def lines(year):
        quakes = read_quakes(year)
        following = asyncio.ensure_future(anext(quakes, None))
        while (quake := await following) is not None:
            following = asyncio.ensure_future(anext(quakes, None))
            yield f"{quake.model_dump_json()}\n"

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        return StreamingResponse(lines(year), media_type="application/jsonl")

    return app


@wrong(
    "17.1.1",
    caught_by="test_q1_each_line_is_sent_before_the_next_earthquake_is_taken",
)
def quakes_app():
    """Stop after a thousand earthquakes."""
    app = FastAPI()

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        count = 0
        async for quake in read_quakes(year):
            if count == 1000:
                break
            count += 1
            yield quake

    return app


@wrong("17.1.1", caught_by="test_q1_each_earthquake_is_a_line_of_json[none]")
def quakes_app():
    """Refuse years of which the docstring says nothing."""
    from fastapi import HTTPException

    app = FastAPI()

    async def lines(year):
        async for quake in read_quakes(year):
            yield f"{quake.model_dump_json()}\n"

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        if not 1900 <= year <= 2100:
            raise HTTPException(422)
        return StreamingResponse(lines(year), media_type="application/jsonl")

    return app


@wrong(
    "17.1.1",
    caught_by="test_q1_a_year_that_is_not_an_integer_returns_422[superscript]",
)
def quakes_app():
    """Check the year with `isdigit`, which lets in what `int` refuses."""
    from fastapi import HTTPException

    app = FastAPI()

    async def lines(year):
        async for quake in read_quakes(year):
            yield f"{quake.model_dump_json()}\n"

    @app.get("/quakes/{year}")
    async def stream_quakes(year: str):
        if not year.isdigit():
            raise HTTPException(422)
        return StreamingResponse(lines(int(year)), media_type="application/jsonl")

    return app


@wrong(
    "17.1.2",
    caught_by="test_q2_a_report_within_the_limits_has_a_full_response[small]",
)
async def respond(report, max_bytes, max_wait):
    """Stream everything."""
    return StreamingResponse(report.make_lines(), media_type="text/csv")


@wrong("17.1.2", caught_by="test_q2_a_report_beyond_a_limit_keeps_both[one_byte_more]")
async def respond(report, max_bytes, max_wait):
    """Return a full response always."""
    body = b"".join([line async for line in report.make_lines()])
    return Response(body, media_type="text/csv")


@wrong("17.1.2", caught_by="test_q2_a_report_beyond_a_limit_keeps_both[slow]")
async def respond(report, max_bytes, max_wait):
    """Look at the size only."""
    if report.size is None or report.size > max_bytes:
        return StreamingResponse(report.make_lines(), media_type="text/csv")
    body = b"".join([line async for line in report.make_lines()])
    return Response(body, media_type="text/csv")


@wrong("17.1.2", caught_by="test_q2_a_report_beyond_a_limit_keeps_both[twice_as_large]")
async def respond(report, max_bytes, max_wait):
    """Look at the time only."""
    if report.seconds > max_wait:
        return StreamingResponse(report.make_lines(), media_type="text/csv")
    body = b"".join([line async for line in report.make_lines()])
    return Response(body, media_type="text/csv")


@wrong("17.1.2", caught_by="test_q2_a_report_beyond_a_limit_keeps_both[slow]")
async def respond(report, max_bytes, max_wait):
    """Stream only if both limits are exceeded."""
    if report.size is None or (report.size > max_bytes and report.seconds > max_wait):
        return StreamingResponse(report.make_lines(), media_type="text/csv")
    body = b"".join([line async for line in report.make_lines()])
    return Response(body, media_type="text/csv")


@wrong("17.1.2", caught_by="test_q2_a_report_of_unknown_size_keeps_both_limits[fast]")
async def respond(report, max_bytes, max_wait):
    """Take an unknown size for a small one."""
    if (report.size or 0) > max_bytes or report.seconds > max_wait:
        return StreamingResponse(report.make_lines(), media_type="text/csv")
    body = b"".join([line async for line in report.make_lines()])
    return Response(body, media_type="text/csv")


@wrong("17.1.2", caught_by="test_q2_a_report_of_unknown_size_keeps_both_limits")
async def respond(report, max_bytes, max_wait):
    """Compare None with a number."""
    if report.size > max_bytes or report.seconds > max_wait:
        return StreamingResponse(report.make_lines(), media_type="text/csv")
    body = b"".join([line async for line in report.make_lines()])
    return Response(body, media_type="text/csv")


@wrong(
    "17.1.2",
    caught_by="test_q2_a_report_within_the_limits_has_a_full_response[empty]",
)
async def respond(report, max_bytes, max_wait):
    """Take an empty report for one of unknown size."""
    if not report.size or report.size > max_bytes or report.seconds > max_wait:
        return StreamingResponse(report.make_lines(), media_type="text/csv")
    body = b"".join([line async for line in report.make_lines()])
    return Response(body, media_type="text/csv")


@wrong(
    "17.1.2",
    caught_by="test_q2_a_report_within_the_limits_has_a_full_response[at_the_limits]",
)
async def respond(report, max_bytes, max_wait):
    """Stream at the limits."""
    if report.size is None or report.size >= max_bytes or report.seconds >= max_wait:
        return StreamingResponse(report.make_lines(), media_type="text/csv")
    body = b"".join([line async for line in report.make_lines()])
    return Response(body, media_type="text/csv")


@wrong("17.1.2", caught_by="test_q2_a_report_beyond_a_limit_keeps_both[one_byte_more]")
async def respond(report, max_bytes, max_wait):
    """Stream a list, which is made first."""
    lines = [line async for line in report.make_lines()]
    if report.size is None or report.size > max_bytes or report.seconds > max_wait:
        return StreamingResponse(lines, media_type="text/csv")
    return Response(b"".join(lines), media_type="text/csv")


@wrong(
    "17.1.2",
    caught_by="test_q2_an_error_in_the_last_line_returns_500_within_the_limits",
)
async def respond(report, max_bytes, max_wait):
    """Stream everything, with the length where it is known."""
    headers = {} if report.size is None else {"Content-Length": str(report.size)}
    lines = report.make_lines()
    return StreamingResponse(lines, media_type="text/csv", headers=headers)


@wrong(
    "17.1.2",
    caught_by="test_q2_a_report_beyond_a_limit_keeps_both[smaller_limit_of_bytes]",
)
async def respond(report, max_bytes, max_wait):
    """Write the limit into the code."""
    if report.size is None or report.size > 1000 or report.seconds > max_wait:
        return StreamingResponse(report.make_lines(), media_type="text/csv")
    body = b"".join([line async for line in report.make_lines()])
    return Response(body, media_type="text/csv")


@wrong(
    "17.1.2",
    caught_by="test_q2_a_report_within_the_limits_has_a_full_response[small]",
)
async def respond(report, max_bytes, max_wait):
    """Forget the media type of the full response."""
    if report.size is None or report.size > max_bytes or report.seconds > max_wait:
        return StreamingResponse(report.make_lines(), media_type="text/csv")
    return Response(b"".join([line async for line in report.make_lines()]))


@wrong("17.1.2", caught_by="test_q2_a_report_beyond_a_limit_keeps_both[twice_as_large]")
async def respond(report, max_bytes, max_wait):
    """Forget the media type of the stream."""
    if report.size is None or report.size > max_bytes or report.seconds > max_wait:
        return StreamingResponse(report.make_lines())
    body = b"".join([line async for line in report.make_lines()])
    return Response(body, media_type="text/csv")


@wrong(
    "17.1.2",
    caught_by="test_q2_an_error_in_the_last_line_returns_500_within_the_limits",
)
async def respond(report, max_bytes, max_wait):
    """Return the lines that could be made."""
    if report.size is None or report.size > max_bytes or report.seconds > max_wait:
        return StreamingResponse(report.make_lines(), media_type="text/csv")
    body = b""
    try:
        async for line in report.make_lines():
            body += line
    except OSError:
        pass
    return Response(body, media_type="text/csv")


@right("17.1.2")
async def respond(report, max_bytes, max_wait):
    """Ask whether the report fits, and collect the lines in a bytearray."""
    size = float("inf") if report.size is None else report.size
    if size <= max_bytes and report.seconds <= max_wait:
        body = bytearray()
        async for line in report.make_lines():
            body += line
        return PlainTextResponse(bytes(body), headers={"Content-Type": "text/csv"})
    return StreamingResponse(report.make_lines(), 200, {"Content-Type": "text/csv"})


@right("17.1.2")
def respond(report, max_bytes, max_wait):
    """Return a response or a coroutine, and match the report."""

    async def full():
        return Response(
            "".join([line.decode() async for line in report.make_lines()]),
            media_type="text/csv",
        )

    match report.size:
        case int(size) if size <= max_bytes and not report.seconds > max_wait:
            return full()
    return StreamingResponse(
        (line.decode() async for line in report.make_lines()), media_type="text/csv"
    )


@right("17.1.2")
async def respond(report, max_bytes, max_wait):
    """Read a report of unknown size ahead, and return it at once if it is small."""
    lines = report.make_lines()
    first, made = [], 0
    fits = report.size is None or report.size <= max_bytes
    while fits and report.seconds <= max_wait:
        line = await anext(lines, None)
        if line is None:
            return Response(b"".join(first), media_type="text/csv")
        first.append(line)
        made += len(line)
        if report.size is None and made > max_bytes // 2:
            break

    async def rest():
        yield b"".join(first)
        async for line in lines:
            yield line

    return StreamingResponse(rest(), media_type="text/csv")


@wrong(
    "17.1.2",
    caught_by="test_q2_a_report_of_long_lines_keeps_both_limits[known]",
)
async def respond(report, max_bytes, max_wait):
    """Send the first line at once, and then two lines in each part."""

    async def parts():
        lines = report.make_lines()
        yield await anext(lines, b"")
        kept = b""
        async for line in lines:
            if kept:
                yield kept + line
                kept = b""
            else:
                kept = line
        yield kept

    if report.size is None or report.size > max_bytes or report.seconds > max_wait:
        return StreamingResponse(parts(), media_type="text/csv")
    body = b"".join([line async for line in report.make_lines()])
    return Response(body, media_type="text/csv")


@wrong(
    "17.1.2",
    caught_by="test_q2_a_report_of_long_lines_keeps_both_limits[unknown]",
)
async def respond(report, max_bytes, max_wait):
    """Make the next line while a line is being sent."""

    async def ahead():
        lines = report.make_lines()
        following = asyncio.ensure_future(anext(lines, None))
        while (line := await following) is not None:
            following = asyncio.ensure_future(anext(lines, None))
            yield line

    if report.size is None or report.size > max_bytes or report.seconds > max_wait:
        return StreamingResponse(ahead(), media_type="text/csv")
    body = b"".join([line async for line in report.make_lines()])
    return Response(body, media_type="text/csv")


@wrong("17.1.2", caught_by="test_q2_a_report_of_unknown_size_keeps_both_limits[empty]")
async def respond(report, max_bytes, max_wait):
    """Make the first line before the response starts; an empty report has none."""
    if report.size is None or report.size > max_bytes or report.seconds > max_wait:
        lines = report.make_lines()
        first = await anext(lines)

        async def all_lines():
            yield first
            async for line in lines:
                yield line

        return StreamingResponse(all_lines(), media_type="text/csv")
    body = b"".join([line async for line in report.make_lines()])
    return Response(body, media_type="text/csv")


@wrong("17.1.2", caught_by="test_q2_a_report_beyond_a_limit_keeps_both[slow]")
async def respond(report, max_bytes, max_wait):
    """End the stream after `max_wait` seconds."""

    async def lines():
        try:
            async with asyncio.timeout(max_wait):
                async for line in report.make_lines():
                    yield line
        except TimeoutError:
            return

    if report.size is None or report.size > max_bytes or report.seconds > max_wait:
        return StreamingResponse(lines(), media_type="text/csv")
    body = b"".join([line async for line in report.make_lines()])
    return Response(body, media_type="text/csv")


@wrong(
    "17.1.3",
    caught_by="test_q3_a_client_that_leaves_closes_its_subscription[waits]",
)
def live_app():
    """Close in `finally`, as today: the wait for the broker is cancelled."""
    app = FastAPI()

    async def lines(region):
        subscription = await subscribe(region)
        try:
            while (quake := await subscription.receive()) is not None:
                yield f"{quake.model_dump_json()}\n"
        finally:
            await subscription.close()

    @app.get("/regions/{region}/live")
    async def live(region: str):
        return StreamingResponse(lines(region), media_type="application/jsonl")

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_a_client_that_leaves_closes_its_subscription[unread]",
)
def live_app():
    """Shield the closing, in a generator that nobody closes."""
    app = FastAPI()

    async def lines(region):
        subscription = await subscribe(region)
        try:
            while (quake := await subscription.receive()) is not None:
                yield f"{quake.model_dump_json()}\n"
        finally:
            with anyio.CancelScope(shield=True):
                await subscription.close()

    @app.get("/regions/{region}/live")
    async def live(region: str):
        return StreamingResponse(lines(region), media_type="application/jsonl")

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_a_client_that_leaves_closes_its_subscription[unread]",
)
def live_app():
    """Close in a task of its own, from a generator that nobody closes."""
    app = FastAPI()
    closing = set()

    async def lines(region):
        subscription = await subscribe(region)
        try:
            while (quake := await subscription.receive()) is not None:
                yield f"{quake.model_dump_json()}\n"
        finally:
            closing.add(asyncio.create_task(subscription.close()))

    @app.get("/regions/{region}/live")
    async def live(region: str):
        return StreamingResponse(lines(region), media_type="application/jsonl")

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_a_client_that_leaves_closes_its_subscription[silent]",
)
def live_app():
    """Ask before each earthquake whether the client has left."""
    app = FastAPI()

    async def lines(region, request):
        subscription = await subscribe(region)
        while not await request.is_disconnected():
            quake = await subscription.receive()
            if quake is None:
                break
            yield f"{quake.model_dump_json()}\n"
        await subscription.close()

    @app.get("/regions/{region}/live")
    async def live(region: str, request: Request):
        return StreamingResponse(lines(region, request), media_type="application/jsonl")

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_a_client_that_leaves_closes_its_subscription[waits]",
)
def live_app():
    """Close after a CancelledError, where the next `await` is cancelled, too."""
    app = FastAPI()

    async def lines(region):
        subscription = await subscribe(region)
        try:
            while (quake := await subscription.receive()) is not None:
                yield f"{quake.model_dump_json()}\n"
        except asyncio.CancelledError:
            await subscription.close()
            raise
        await subscription.close()

    @app.get("/regions/{region}/live")
    async def live(region: str):
        return StreamingResponse(lines(region), media_type="application/jsonl")

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_an_exception_closes_the_subscription_and_passes_through",
)
def live_app():
    """Close in a background task, which an exception leaves out."""
    app = FastAPI()

    @app.get("/regions/{region}/live")
    async def live(region: str):
        subscription = await subscribe(region)

        async def lines():
            while (quake := await subscription.receive()) is not None:
                yield f"{quake.model_dump_json()}\n"

        return StreamingResponse(
            lines(),
            media_type="application/jsonl",
            background=BackgroundTask(subscription.close),
        )

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_an_exception_closes_the_subscription_and_passes_through",
)
def live_app():
    """Close after the `yield` of a dependency, without `finally`."""
    app = FastAPI()

    async def subscribed(region: str):
        subscription = await subscribe(region)
        yield subscription
        await subscription.close()

    async def lines(subscription):
        while (quake := await subscription.receive()) is not None:
            yield f"{quake.model_dump_json()}\n"

    @app.get("/regions/{region}/live")
    async def live(subscription=Depends(subscribed)):
        return StreamingResponse(lines(subscription), media_type="application/jsonl")

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_a_complete_response_closes_its_subscription_too[1]",
)
def live_app():
    """Close the dependency when the endpoint returns, before the first line."""
    app = FastAPI()

    async def subscribed(region: str):
        subscription = await subscribe(region)
        try:
            yield subscription
        finally:
            await subscription.close()

    async def lines(subscription):
        while (quake := await subscription.receive()) is not None:
            yield f"{quake.model_dump_json()}\n"

    @app.get("/regions/{region}/live")
    async def live(subscription=Depends(subscribed, scope="function")):
        return StreamingResponse(lines(subscription), media_type="application/jsonl")

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_a_complete_response_closes_its_subscription_too[3]",
)
def live_app():
    """Close twice: in the generator, and in the dependency."""
    app = FastAPI()

    async def subscribed(region: str):
        subscription = await subscribe(region)
        try:
            yield subscription
        finally:
            await subscription.close()

    async def lines(subscription):
        try:
            while (quake := await subscription.receive()) is not None:
                yield f"{quake.model_dump_json()}\n"
        finally:
            await subscription.close()

    @app.get("/regions/{region}/live")
    async def live(subscription=Depends(subscribed)):
        return StreamingResponse(lines(subscription), media_type="application/jsonl")

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_an_exception_closes_the_subscription_and_passes_through",
)
def live_app():
    """End the response as if it were complete when the broker fails."""
    app = FastAPI()

    async def subscribed(region: str):
        subscription = await subscribe(region)
        try:
            yield subscription
        finally:
            await subscription.close()

    async def lines(subscription):
        try:
            while (quake := await subscription.receive()) is not None:
                yield f"{quake.model_dump_json()}\n"
        except Exception:
            return

    @app.get("/regions/{region}/live")
    async def live(subscription=Depends(subscribed)):
        return StreamingResponse(lines(subscription), media_type="application/jsonl")

    return app


@wrong("17.1.3", caught_by="test_q3_a_client_that_leaves_does_not_disturb_another_one")
def live_app():
    """Share the subscription of a region, and close it when one client leaves."""
    app = FastAPI()
    shared = {}

    async def subscribed(region: str):
        if region not in shared:
            shared[region] = await subscribe(region)
        try:
            yield shared[region]
        finally:
            if region in shared:
                await shared.pop(region).close()

    async def lines(subscription):
        while (quake := await subscription.receive()) is not None:
            yield f"{quake.model_dump_json()}\n"

    @app.get("/regions/{region}/live")
    async def live(subscription=Depends(subscribed)):
        return StreamingResponse(lines(subscription), media_type="application/jsonl")

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_a_client_that_leaves_closes_its_subscription[silent]",
)
def live_app():
    """Go on after a cancellation as after any other exception."""
    app = FastAPI()

    async def subscribed(region: str):
        subscription = await subscribe(region)
        try:
            yield subscription
        finally:
            await subscription.close()

    async def lines(subscription):
        while True:
            try:
                quake = await subscription.receive()
            except asyncio.CancelledError:
                continue
            if quake is None:
                break
            yield f"{quake.model_dump_json()}\n"

    @app.get("/regions/{region}/live")
    async def live(subscription=Depends(subscribed)):
        return StreamingResponse(lines(subscription), media_type="application/jsonl")

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_a_client_that_leaves_closes_its_subscription[unread]",
)
def live_app():
    """Close the generator in a background task, in which `close()` is not reached."""
    app = FastAPI()

    async def lines(region):
        subscription = await subscribe(region)
        try:
            while (quake := await subscription.receive()) is not None:
                yield f"{quake.model_dump_json()}\n"
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await subscription.close()
            raise
        except Exception:
            await subscription.close()
            raise
        else:
            await subscription.close()

    @app.get("/regions/{region}/live")
    async def live(region: str):
        body = lines(region)
        return StreamingResponse(
            body,
            media_type="application/jsonl",
            background=BackgroundTask(body.aclose),
        )

    return app


@wrong("17.1.3", caught_by="test_q3_a_slow_broker_does_not_end_the_response")
def live_app():
    """Take a client that hears nothing for an hour for one that has left."""
    app = FastAPI()

    async def subscribed(region: str):
        subscription = await subscribe(region)
        try:
            yield subscription
        finally:
            await subscription.close()

    async def lines(subscription):
        while True:
            try:
                quake = await asyncio.wait_for(subscription.receive(), 3600)
            except TimeoutError:
                break
            if quake is None:
                break
            yield f"{quake.model_dump_json()}\n"

    @app.get("/regions/{region}/live")
    async def live(subscription=Depends(subscribed)):
        return StreamingResponse(lines(subscription), media_type="application/jsonl")

    return app


@wrong("17.1.3", caught_by="test_q3_each_line_is_sent_before_receive_is_called_again")
def live_app():
    """Receive in a task of its own, as fast as the earthquakes come."""
    app = FastAPI()
    tasks = set()

    async def subscribed(region: str):
        subscription = await subscribe(region)
        try:
            yield subscription
        finally:
            await subscription.close()

    async def lines(subscription):
        queue = asyncio.Queue()

        async def pump():
            while (quake := await subscription.receive()) is not None:
                queue.put_nowait(quake)
            queue.put_nowait(None)

        tasks.add(asyncio.create_task(pump()))
        while (quake := await queue.get()) is not None:
            yield f"{quake.model_dump_json()}\n"

    @app.get("/regions/{region}/live")
    async def live(subscription=Depends(subscribed)):
        return StreamingResponse(lines(subscription), media_type="application/jsonl")

    return app


@wrong("17.1.3", caught_by="test_q3_each_line_is_sent_before_receive_is_called_again")
def live_app():
    """Collect all earthquakes, and return a full response."""
    app = FastAPI()

    async def subscribed(region: str):
        subscription = await subscribe(region)
        try:
            yield subscription
        finally:
            await subscription.close()

    @app.get("/regions/{region}/live")
    async def live(subscription=Depends(subscribed)):
        body = ""
        while (quake := await subscription.receive()) is not None:
            body += f"{quake.model_dump_json()}\n"
        return Response(body, media_type="application/jsonl")

    return app


@right("17.1.3")
def live_app():
    """Yield from the endpoint, with a dependency that has an exit stack."""
    from contextlib import AsyncExitStack

    app = FastAPI()

    async def subscribed(region: str):
        async with AsyncExitStack() as stack:
            subscription = await subscribe(region)
            stack.push_async_callback(subscription.close)
            yield subscription

    @app.get("/regions/{region}/live")
    async def live(subscription=Depends(subscribed)):
        while (quake := await subscription.receive()) is not None:
            yield quake

    return app


@wrong("17.1.3", caught_by="test_q3_a_client_that_leaves_early_leaves_nothing_open")
def live_app():
    """Close a generator that has not started, so that its `finally` does not run."""
    app = FastAPI()

    async def lines(subscription):
        try:
            while (quake := await subscription.receive()) is not None:
                yield f"{quake.model_dump_json()}\n"
        finally:
            with anyio.CancelScope(shield=True):
                await subscription.close()

    @app.get("/regions/{region}/live")
    async def live(region: str):
        body = lines(await subscribe(region))

        async def finish():
            await body.aclose()

        return StreamingResponse(
            body, media_type="application/jsonl", background=BackgroundTask(finish)
        )

    return app


@right("17.1.3")
def live_app():
    """Close when the call of the response has ended, in a class of its own."""
    app = FastAPI()

    class Live(StreamingResponse):
        media_type = "application/jsonl"

        def __init__(self, subscription):
            self.subscription = subscription
            super().__init__(self.lines())

        async def lines(self):
            while (quake := await self.subscription.receive()) is not None:
                yield quake.model_dump_json() + "\n"

        async def __call__(self, scope, receive, send):
            try:
                await super().__call__(scope, receive, send)
            finally:
                await self.subscription.close()

    @app.get("/regions/{region}/live")
    async def live(region: str):
        return Live(await subscribe(region))

    return app


@right("17.1.3")
def live_app():
    """Close the generator in a shielded scope, around the loop of the response."""
    from contextlib import aclosing

    app = FastAPI()

    class Closing(StreamingResponse):
        async def stream_response(self, send):
            try:
                await super().stream_response(send)
            finally:
                with anyio.CancelScope(shield=True):
                    await self.body_iterator.aclose()

    async def lines(region):
        subscription = await subscribe(region)
        try:
            while True:
                quake = await subscription.receive()
                if quake is None:
                    break
                yield quake.model_dump_json() + "\n"
        finally:
            with anyio.CancelScope(shield=True):
                await subscription.close()

    @app.get("/regions/{region}/live")
    async def live(region: str):
        return Closing(lines(region), media_type="application/jsonl")

    return app


@wrong("17.1.3", caught_by="test_q3_each_line_is_sent_before_receive_is_called_again")
def live_app():
    """Receive the next earthquake in a task while a line is being sent."""
    app = FastAPI()

    async def subscribed(region: str):
        subscription = await subscribe(region)
        try:
            yield subscription
        finally:
            await subscription.close()

    async def lines(subscription):
        following = asyncio.ensure_future(subscription.receive())
        while (quake := await following) is not None:
            following = asyncio.ensure_future(subscription.receive())
            yield f"{quake.model_dump_json()}\n"

    @app.get("/regions/{region}/live")
    async def live(subscription=Depends(subscribed)):
        return StreamingResponse(lines(subscription), media_type="application/jsonl")

    return app


@wrong("17.1.3", caught_by="test_q3_a_slow_broker_does_not_end_the_response")
def live_app():
    """Give the broker a minute to end the subscription."""
    app = FastAPI()

    async def subscribed(region: str):
        subscription = await subscribe(region)
        try:
            yield subscription
        finally:
            with anyio.move_on_after(60):
                await subscription.close()

    async def lines(subscription):
        while (quake := await subscription.receive()) is not None:
            yield f"{quake.model_dump_json()}\n"

    @app.get("/regions/{region}/live")
    async def live(subscription=Depends(subscribed)):
        return StreamingResponse(lines(subscription), media_type="application/jsonl")

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_a_client_that_leaves_closes_its_subscription[waits]",
)
def live_app():
    """Shield the whole loop, so that it does not hear of the client."""
    app = FastAPI()

    async def lines(region):
        subscription = await subscribe(region)
        with anyio.CancelScope(shield=True):
            try:
                while (quake := await subscription.receive()) is not None:
                    yield f"{quake.model_dump_json()}\n"
            finally:
                await subscription.close()

    @app.get("/regions/{region}/live")
    async def live(region: str):
        return StreamingResponse(lines(region), media_type="application/jsonl")

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_a_client_that_leaves_closes_its_subscription[silent]",
)
def live_app():
    """Wait for the first earthquake before the response starts."""
    app = FastAPI()

    async def subscribed(region: str):
        subscription = await subscribe(region)
        try:
            yield subscription
        finally:
            await subscription.close()

    async def lines(subscription, quake):
        while quake is not None:
            yield f"{quake.model_dump_json()}\n"
            quake = await subscription.receive()

    @app.get("/regions/{region}/live")
    async def live(subscription=Depends(subscribed)):
        body = lines(subscription, await subscription.receive())
        return StreamingResponse(body, media_type="application/jsonl")

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_a_complete_response_closes_its_subscription_too[1]",
)
def live_app():
    """Close in the endpoint, before the first line is made."""
    app = FastAPI()

    async def lines(subscription):
        while (quake := await subscription.receive()) is not None:
            yield f"{quake.model_dump_json()}\n"

    @app.get("/regions/{region}/live")
    async def live(region: str):
        subscription = await subscribe(region)
        try:
            body = lines(subscription)
            return StreamingResponse(body, media_type="application/jsonl")
        finally:
            await subscription.close()

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_an_exception_closes_the_subscription_and_passes_through",
)
def live_app():
    """Try again after an exception."""
    app = FastAPI()

    async def subscribed(region: str):
        subscription = await subscribe(region)
        try:
            yield subscription
        finally:
            await subscription.close()

    async def lines(subscription):
        while True:
            try:
                quake = await subscription.receive()
            except Exception:
                continue
            if quake is None:
                break
            yield f"{quake.model_dump_json()}\n"

    @app.get("/regions/{region}/live")
    async def live(subscription=Depends(subscribed)):
        return StreamingResponse(lines(subscription), media_type="application/jsonl")

    return app


@right("17.1.3")
def live_app():
    """Close the generator in a background task, where it can await the broker."""
    app = FastAPI()

    async def lines(region):
        subscription = await subscribe(region)
        try:
            while (quake := await subscription.receive()) is not None:
                yield f"{quake.model_dump_json()}\n"
        finally:
            with anyio.CancelScope(shield=True):
                await subscription.close()

    @app.get("/regions/{region}/live")
    async def live(region: str):
        body = lines(region)

        async def finish():
            await body.aclose()

        return StreamingResponse(
            body, media_type="application/jsonl", background=BackgroundTask(finish)
        )

    return app


@wrong(
    "17.1.3",
    caught_by="test_q3_a_client_that_leaves_closes_its_subscription[closing]",
)
def live_app():
    """Close in the generator at the end, where the client can still leave."""
    app = FastAPI()

    async def subscribed(region: str):
        subscription, done = await subscribe(region), []
        try:
            yield subscription, done
        finally:
            if not done:
                await subscription.close()

    async def lines(subscription, done):
        while (quake := await subscription.receive()) is not None:
            yield f"{quake.model_dump_json()}\n"
        done.append(True)
        await subscription.close()

    @app.get("/regions/{region}/live")
    async def live(of=Depends(subscribed)):
        return StreamingResponse(lines(*of), media_type="application/jsonl")

    return app


@wrong("17.1.1", caught_by="test_q1_each_earthquake_is_a_line_of_json[one]")
def quakes_app():
    """Format the time by hand, and lose the fractions of a second."""
    app = FastAPI()

    async def lines(year):
        async for quake in read_quakes(year):
            at = quake.at.strftime("%Y-%m-%dT%H:%M:%SZ")
            yield json.dumps(quake.model_dump() | {"at": at}) + "\n"

    @app.get("/quakes/{year}")
    async def stream_quakes(year: int):
        return StreamingResponse(lines(year), media_type="application/jsonl")

    return app
