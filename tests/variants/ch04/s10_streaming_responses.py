"""Other answers to section 4.10."""

import itertools
from collections.abc import AsyncIterator

import anyio
from starlette.concurrency import run_in_threadpool

from sensei.variants import right, wrong


@wrong("4.10.1", caught_by="test_q1_the_lines_are_sent_while_the_sales_are_read")
def sales_app() -> FastAPI:
    """Build the whole text, and stream it in one piece."""
    app = FastAPI()

    @app.get("/sales.csv")
    def export_sales():
        file = io.StringIO()
        file.write(csv_line(Sale._fields))
        for sale in read_sales():
            file.write(csv_line(sale))
        file.seek(0)
        return StreamingResponse(file, media_type="text/csv")

    return app


@wrong("4.10.1", caught_by="test_q1_the_lines_are_sent_while_the_sales_are_read")
def sales_app() -> FastAPI:
    """Make a list of the lines first."""
    app = FastAPI()

    @app.get("/sales.csv")
    def export_sales():
        lines = [csv_line(sale) for sale in read_sales()]
        return StreamingResponse(
            iter([csv_line(Sale._fields), *lines]), media_type="text/csv"
        )

    return app


@wrong("4.10.1", caught_by="test_q1_the_lines_are_sent_while_the_sales_are_read")
def sales_app() -> FastAPI:
    """Make a list of the sales inside of the generator."""
    app = FastAPI()

    def lines():
        yield csv_line(Sale._fields)
        for sale in list(read_sales()):
            yield csv_line(sale)

    @app.get("/sales.csv")
    def export_sales():
        return StreamingResponse(lines(), media_type="text/csv")

    return app


@wrong("4.10.1", caught_by="test_q1_the_lines_are_sent_while_the_sales_are_read")
def sales_app() -> FastAPI:
    """Return a regular response."""
    app = FastAPI()

    @app.get("/sales.csv")
    def export_sales():
        lines = [csv_line(Sale._fields), *map(csv_line, read_sales())]
        return Response("".join(lines), media_type="text/csv")

    return app


@wrong("4.10.1", caught_by="test_q1_the_lines_are_sent_while_the_sales_are_read")
def sales_app() -> FastAPI:
    """Send parts of a thousand lines."""
    app = FastAPI()

    def parts():
        part = csv_line(Sale._fields)
        for number, sale in enumerate(read_sales(), start=1):
            part += csv_line(sale)
            if number % 1000 == 0:
                yield part
                part = ""
        yield part

    @app.get("/sales.csv")
    def export_sales():
        return StreamingResponse(parts(), media_type="text/csv")

    return app


@wrong("4.10.1", caught_by="test_q1_the_body_has_a_line_for_each_sale[many]")
def sales_app() -> FastAPI:
    """Send the buffer again with each line, without emptying it."""
    app = FastAPI()

    def lines():
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(Sale._fields)
        yield file.getvalue()
        for sale in read_sales():
            writer.writerow(sale)
            yield file.getvalue()

    @app.get("/sales.csv")
    def export_sales():
        return StreamingResponse(lines(), media_type="text/csv")

    return app


@wrong("4.10.1", caught_by="test_q1_the_body_has_a_line_for_each_sale[many]")
def sales_app() -> FastAPI:
    """Send full parts of ten lines, and forget the rest."""
    app = FastAPI()

    def parts():
        part = [csv_line(Sale._fields)]
        for sale in read_sales():
            part.append(csv_line(sale))
            if len(part) == 10:
                yield "".join(part)
                part.clear()

    @app.get("/sales.csv")
    def export_sales():
        return StreamingResponse(parts(), media_type="text/csv")

    return app


@wrong("4.10.1", caught_by="test_q1_the_body_has_a_line_for_each_sale[text]")
def sales_app() -> FastAPI:
    """Put commas between the values."""
    app = FastAPI()

    def lines():
        yield "event,tickets,city\r\n"
        for sale in read_sales():
            yield f"{sale.event},{sale.tickets},{sale.city}\r\n"

    @app.get("/sales.csv")
    def export_sales():
        return StreamingResponse(lines(), media_type="text/csv")

    return app


@wrong("4.10.1", caught_by="test_q1_the_body_has_a_line_for_each_sale[text]")
def sales_app() -> FastAPI:
    """Leave out a sale that is equal to the one before."""
    app = FastAPI()

    def lines():
        yield csv_line(Sale._fields)
        for sale, _ in itertools.groupby(read_sales()):
            yield csv_line(sale)

    @app.get("/sales.csv")
    def export_sales():
        return StreamingResponse(lines(), media_type="text/csv")

    return app


@wrong("4.10.1", caught_by="test_q1_the_body_has_a_line_for_each_sale[text]")
def sales_app() -> FastAPI:
    """Strip the lines."""
    app = FastAPI()

    def lines():
        yield csv_line(Sale._fields)
        for sale in read_sales():
            yield csv_line(sale).strip() + "\r\n"

    @app.get("/sales.csv")
    def export_sales():
        return StreamingResponse(lines(), media_type="text/csv")

    return app


@wrong("4.10.1", caught_by="test_q1_the_body_has_a_line_for_each_sale[many]")
def sales_app() -> FastAPI:
    """Send parts of a hundred lines, and the rest only if there is no full part."""
    app = FastAPI()

    def parts():
        part, number = [csv_line(Sale._fields)], 0
        for number, sale in enumerate(read_sales(), 1):
            part.append(csv_line(sale))
            if number % 100 == 0:
                yield "".join(part)
                part.clear()
        if number < 100:
            yield "".join(part)

    @app.get("/sales.csv")
    def export_sales():
        return StreamingResponse(parts(), media_type="text/csv")

    return app


@wrong("4.10.1", caught_by="test_q1_the_body_has_a_line_for_each_sale[none]")
def sales_app() -> FastAPI:
    """Send the names with the first sale."""
    app = FastAPI()

    def lines():
        for number, sale in enumerate(read_sales()):
            if number == 0:
                yield csv_line(Sale._fields)
            yield csv_line(sale)

    @app.get("/sales.csv")
    def export_sales():
        return StreamingResponse(lines(), media_type="text/csv")

    return app


@wrong("4.10.1", caught_by="test_q1_the_media_type_is_csv")
def sales_app() -> FastAPI:
    """Leave the media type out."""
    app = FastAPI()

    def lines():
        yield csv_line(Sale._fields)
        yield from map(csv_line, read_sales())

    @app.get("/sales.csv")
    def export_sales():
        return StreamingResponse(lines())

    return app


@wrong("4.10.1", caught_by="test_q1_the_media_type_is_csv")
def sales_app() -> FastAPI:
    """Yield in the endpoint, which FastAPI sends as lines of JSON."""
    app = FastAPI()

    @app.get("/sales.csv")
    def export_sales():
        yield csv_line(Sale._fields)
        for sale in read_sales():
            yield csv_line(sale)

    return app


@wrong("4.10.1", caught_by="test_q1_the_sales_are_read_for_every_request")
def sales_app() -> FastAPI:
    """Create the generator once."""
    app = FastAPI()

    def lines():
        yield csv_line(Sale._fields)
        yield from map(csv_line, read_sales())

    stream = lines()

    @app.get("/sales.csv")
    def export_sales():
        return StreamingResponse(stream, media_type="text/csv")

    return app


@wrong("4.10.1", caught_by="test_q1_the_sales_are_read_for_every_request")
def sales_app() -> FastAPI:
    """Read the sales when the application is created."""
    app = FastAPI()
    sales = list(read_sales())

    def lines():
        yield csv_line(Sale._fields)
        yield from map(csv_line, sales)

    @app.get("/sales.csv")
    def export_sales():
        return StreamingResponse(lines(), media_type="text/csv")

    return app


@right("4.10.1")
def sales_app() -> FastAPI:
    """Yield in the endpoint, with a response class for CSV."""

    class CSVResponse(StreamingResponse):
        media_type = "text/csv"

    app = FastAPI()

    @app.get("/sales.csv", response_class=CSVResponse)
    async def export_sales() -> AsyncIterator[str]:
        yield csv_line(Sale._fields)
        for sale in read_sales():
            yield csv_line(sale)

    return app


@right("4.10.1")
def sales_app() -> FastAPI:
    """Send parts of a hundred lines, as bytes."""
    app = FastAPI()

    def parts():
        part = []
        yield csv_line(Sale._fields).encode()
        for sale in read_sales():
            part.append(csv_line(sale))
            if len(part) == 100:
                yield "".join(part).encode()
                part = []
        yield "".join(part).encode()

    @app.get("/sales.csv")
    async def export_sales():
        headers = {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": 'attachment; filename="sales.csv"',
        }
        return StreamingResponse(parts(), headers=headers)

    return app


@right("4.10.1")
def sales_app() -> FastAPI:
    """Let `csv` write to an object that returns each line."""

    class Echo:
        def write(self, line):
            return line

    app = FastAPI()

    @app.get("/sales.csv")
    def export_sales() -> StreamingResponse:
        rows = itertools.chain([Sale._fields], read_sales())
        lines = map(csv.writer(Echo()).writerow, rows)
        return StreamingResponse(lines, media_type="text/csv")

    return app


@wrong("4.10.2", caught_by="test_q2_the_response_is_predicted[log of /stream]")
def differences():
    """Expect the generator to run before the endpoint returns."""
    return {
        "log of /whole": "LLRC",
        "log of /stream": "LLRC",
        "length of /stream": None,
        "status of /whole/fails": 500,
        "status of /stream/fails": 200,
        "end of /stream/fails": False,
    }


@wrong("4.10.2", caught_by="test_q2_the_response_is_predicted[log of /stream]")
def differences():
    """Expect the dependency to be closed when the endpoint returns."""
    return {
        "log of /whole": "LLRC",
        "log of /stream": "RCLL",
        "length of /stream": None,
        "status of /whole/fails": 500,
        "status of /stream/fails": 200,
        "end of /stream/fails": False,
    }


@wrong("4.10.2", caught_by="test_q2_the_response_is_predicted[log of /whole]")
def differences():
    """Expect the regular response to read the lines later."""
    return {
        "log of /whole": "RLLC",
        "log of /stream": "RLLC",
        "length of /stream": None,
        "status of /whole/fails": 500,
        "status of /stream/fails": 200,
        "end of /stream/fails": False,
    }


@wrong("4.10.2", caught_by="test_q2_the_response_is_predicted[length of /stream]")
def differences():
    """Expect the length of a stream in its header."""
    return {
        "log of /whole": "LLRC",
        "log of /stream": "RLLC",
        "length of /stream": 21,
        "status of /whole/fails": 500,
        "status of /stream/fails": 200,
        "end of /stream/fails": False,
    }


@wrong("4.10.2", caught_by="test_q2_the_response_is_predicted[status of /stream/fails]")
def differences():
    """Expect a 500 for each error."""
    return {
        "log of /whole": "LLRC",
        "log of /stream": "RLLC",
        "length of /stream": None,
        "status of /whole/fails": 500,
        "status of /stream/fails": 500,
        "end of /stream/fails": False,
    }


@wrong("4.10.2", caught_by="test_q2_the_response_is_predicted[end of /stream/fails]")
def differences():
    """Expect the stream to end as if nothing had happened."""
    return {
        "log of /whole": "LLRC",
        "log of /stream": "RLLC",
        "length of /stream": None,
        "status of /whole/fails": 500,
        "status of /stream/fails": 200,
        "end of /stream/fails": True,
    }


@wrong("4.10.2", caught_by="test_q2_the_response_is_predicted[status of /whole/fails]")
def differences():
    """Expect the regular response to be a 200 too."""
    return {
        "log of /whole": "LLRC",
        "log of /stream": "RLLC",
        "length of /stream": None,
        "status of /whole/fails": 200,
        "status of /stream/fails": 200,
        "end of /stream/fails": False,
    }


@wrong("4.10.2", caught_by="test_q2_the_response_is_predicted[length of /stream]")
def differences():
    """Write the header as a text."""
    return {
        "log of /whole": "LLRC",
        "log of /stream": "RLLC",
        "length of /stream": "None",
        "status of /whole/fails": "500",
        "status of /stream/fails": "200",
        "end of /stream/fails": "False",
    }


@wrong("4.10.2", caught_by="test_q2_the_response_is_predicted[length of /stream]")
def differences():
    """Leave the length out, because there is none."""
    return {
        "log of /whole": "LLRC",
        "log of /stream": "RLLC",
        "status of /whole/fails": 500,
        "status of /stream/fails": 200,
        "end of /stream/fails": False,
    }


@right("4.10.2")
def differences():
    """Build the dict in steps."""
    regular = {"log of /whole": "LLRC", "status of /whole/fails": 500}
    stream = {"log": "RLLC", "length": None}
    return {
        **regular,
        **{f"{key} of /stream": value for key, value in stream.items()},
        "status of /stream/fails": 200,
        "end of /stream/fails": 1 == 2,
    }


@right("4.10.2")
def differences():
    """Use `dict`."""
    return dict(
        [
            ("log of /whole", "LL" + "RC"),
            ("log of /stream", "R" + "LL" + "C"),
            ("length of /stream", None),
            ("status of /whole/fails", 500),
            ("status of /stream/fails", 200),
            ("end of /stream/fails", False),
        ]
    )


@wrong("4.10.3", caught_by="test_q3_each_block_is_sent_before_the_next_one_is_read")
def archive_app() -> FastAPI:
    """Make a list of the blocks first."""
    app = FastAPI()

    @app.get("/reports/{year}")
    def read_report(report: Annotated[BinaryIO, Depends(open_report)]):
        blocks = []
        while block := report.read(BLOCK):
            blocks.append(block)
        return StreamingResponse(iter(blocks), media_type="text/csv")

    return app


@wrong(
    "4.10.3", caught_by="test_q3_the_memory_of_the_server_does_not_grow_with_the_report"
)
def archive_app() -> FastAPI:
    """Read everything, and send it in blocks."""
    app = FastAPI()

    @app.get("/reports/{year}")
    def read_report(report: Annotated[BinaryIO, Depends(open_report)]):
        content = report.read()
        starts = range(0, len(content), BLOCK)
        blocks = (content[start : start + BLOCK] for start in starts)
        return StreamingResponse(blocks, media_type="text/csv")

    return app


@wrong(
    "4.10.3", caught_by="test_q3_the_memory_of_the_server_does_not_grow_with_the_report"
)
def archive_app() -> FastAPI:
    """Stream the whole report as one part."""
    app = FastAPI()

    @app.get("/reports/{year}")
    def read_report(report: Annotated[BinaryIO, Depends(open_report)]):
        return StreamingResponse(iter([report.read()]), media_type="text/csv")

    return app


@wrong("4.10.3", caught_by="test_q3_the_parts_have_the_size_of_a_block")
def archive_app() -> FastAPI:
    """Give the file to the response, which sends each line as a part."""
    app = FastAPI()

    @app.get("/reports/{year}")
    def read_report(report: Annotated[BinaryIO, Depends(open_report)]):
        return StreamingResponse(report, media_type="text/csv")

    return app


@wrong("4.10.3", caught_by="test_q3_a_client_that_leaves_stops_the_reading")
def archive_app() -> FastAPI:
    """Read in an async generator that awaits nothing, so nothing can stop it."""
    app = FastAPI()

    async def blocks(report):
        while block := report.read(BLOCK):
            yield block

    @app.get("/reports/{year}")
    async def read_report(report: Annotated[BinaryIO, Depends(open_report)]):
        return StreamingResponse(blocks(report), media_type="text/csv")

    return app


@wrong("4.10.3", caught_by="test_q3_a_client_that_leaves_stops_the_reading")
def archive_app() -> FastAPI:
    """Read all blocks first, and send them in an async generator."""
    app = FastAPI()

    @app.get("/reports/{year}")
    async def read_report(report: Annotated[BinaryIO, Depends(open_report)]):
        blocks = list(iter(lambda: report.read(BLOCK), b""))

        async def send_blocks():
            for block in blocks:
                yield block

        return StreamingResponse(send_blocks(), media_type="text/csv")

    return app


@wrong("4.10.3", caught_by="test_q3_the_response_stays_as_it_is")
def archive_app() -> FastAPI:
    """Lose the media type."""
    app = FastAPI()

    @app.get("/reports/{year}")
    def read_report(report: Annotated[BinaryIO, Depends(open_report)]):
        return StreamingResponse(iter(lambda: report.read(BLOCK), b""))

    return app


@wrong("4.10.3", caught_by="test_q3_the_response_stays_as_it_is")
def archive_app() -> FastAPI:
    """Open the report in the generator, where a 404 comes too late."""
    app = FastAPI()

    def blocks(year):
        report = find_report(year)
        if report is None:
            raise HTTPException(404)
        with report:
            while block := report.read(BLOCK):
                yield block

    @app.get("/reports/{year}")
    def read_report(year: int):
        return StreamingResponse(blocks(year), media_type="text/csv")

    return app


@wrong("4.10.3", caught_by="test_q3_the_parts_have_the_size_of_a_block[full]")
def archive_app() -> FastAPI:
    """Make text of the blocks, which not all of them are."""
    app = FastAPI()

    def blocks(report):
        while block := report.read(BLOCK):
            yield block.decode(errors="replace")

    @app.get("/reports/{year}")
    def read_report(report: Annotated[BinaryIO, Depends(open_report)]):
        return StreamingResponse(blocks(report), media_type="text/csv")

    return app


@wrong("4.10.3", caught_by="test_q3_the_response_stays_as_it_is")
def archive_app() -> FastAPI:
    """Open the report without the dependency, and lose the text of the error."""
    app = FastAPI()

    @app.get("/reports/{year}")
    def read_report(year: int):
        report = find_report(year)
        if report is None:
            raise HTTPException(404)
        blocks = iter(lambda: report.read(BLOCK), b"")
        return StreamingResponse(blocks, media_type="text/csv")

    return app


@wrong("4.10.3", caught_by="test_q3_the_parts_have_the_size_of_a_block[full]")
def archive_app() -> FastAPI:
    """Send one block only."""
    app = FastAPI()

    @app.get("/reports/{year}")
    def read_report(report: Annotated[BinaryIO, Depends(open_report)]):
        return StreamingResponse(iter([report.read(BLOCK)]), media_type="text/csv")

    return app


@wrong("4.10.3", caught_by="test_q3_the_parts_have_the_size_of_a_block[rest]")
def archive_app() -> FastAPI:
    """Stop at the first block that is not full, before it is sent."""
    app = FastAPI()

    def blocks(report):
        while len(block := report.read(BLOCK)) == BLOCK:
            yield block

    @app.get("/reports/{year}")
    def read_report(report: Annotated[BinaryIO, Depends(open_report)]):
        return StreamingResponse(blocks(report), media_type="text/csv")

    return app


@right("4.10.3")
def archive_app() -> FastAPI:
    """Yield in a `def` endpoint."""
    app = FastAPI()

    class Report(StreamingResponse):
        media_type = "text/csv"

    @app.get("/reports/{year}", response_class=Report)
    def read_report(
        report: Annotated[BinaryIO, Depends(open_report)],
    ) -> Iterator[bytes]:
        while block := report.read(BLOCK):
            yield block

    return app


@right("4.10.3")
def archive_app() -> FastAPI:
    """Await each read in a thread, in an async generator."""
    app = FastAPI()

    async def blocks(report: BinaryIO) -> AsyncIterator[bytes]:
        while block := await run_in_threadpool(report.read, BLOCK):
            yield block

    @app.get("/reports/{year}")
    async def read_report(report: Annotated[BinaryIO, Depends(open_report)]):
        headers = {"Content-Type": "text/csv"}
        return StreamingResponse(blocks(report), headers=headers)

    return app


@right("4.10.3")
def archive_app() -> FastAPI:
    """Wrap the file with anyio, in an async endpoint that yields."""
    app = FastAPI()

    class Report(StreamingResponse):
        media_type = "text/csv"

    @app.get("/reports/{year}", response_class=Report)
    async def read_report(report: Annotated[BinaryIO, Depends(open_report)]):
        file = anyio.wrap_file(report)
        while block := await file.read(BLOCK):
            yield block

    return app
