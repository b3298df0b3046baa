"""4.10  Streaming responses.

A regular response is complete before its first byte is sent. A streaming response sends
each part as soon as it is there. So a report can be larger than the memory of the
server, and the client gets its first lines at once.
Notes: content/docs/fastapi/responses/streaming-responses.md
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Annotated, BinaryIO, NamedTuple

from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.responses import StreamingResponse

from sensei import ___


class Sale(NamedTuple):
    """The sale of some tickets for an event."""

    event: str
    tickets: int
    city: str


def read_sales() -> Iterator[Sale]:
    """Read the sales from the database, one after another."""
    yield Sale("Jazz Night", 2, "Oslo")
    yield Sale("Opera, open air", 1, "Bergen")


def csv_line(values: Iterable[object]) -> str:
    """Return the values as a line of CSV, with its line break."""
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()


def sales_app() -> FastAPI:
    """4.10.1  Write a FastAPI endpoint that streams a large CSV file.

    A ticket office exports its sales. There are millions of them. Write the endpoint
    `GET /sales.csv`.

    - The media type of the response is `text/csv`. The first line of the body has the
      names in `Sale._fields`. Then there is a line for each sale of `read_sales()`.
    - Call `read_sales()` for every request, because the database changes.
    - Send the line of each sale before you read the next one. You can also collect the
      lines of at most 100 sales, and send them together.

    Given:
        The function `csv_line` makes a line.

    Example:
        GET /sales.csv  ->  200
        event,tickets,city
        Jazz Night,2,Oslo
        "Opera, open air",1,Bergen
    """
    app = FastAPI()

    # region answer
    def lines() -> Iterator[str]:
        yield csv_line(Sale._fields)
        for sale in read_sales():
            yield csv_line(sale)

    @app.get("/sales.csv")
    def export_sales() -> StreamingResponse:
        return StreamingResponse(lines(), media_type="text/csv")

    # endregion

    return app


def report_app(log: list[str]) -> FastAPI:
    """Return an application with two reports, and two that fail."""

    def database() -> Iterator[None]:
        yield
        log.append("C")  # the connection to the database is closed

    def lines() -> Iterator[str]:
        for line in ("Jazz Night,2\n", "Opera,1\n"):
            log.append("L")  # a line is read
            yield line

    def failing_lines() -> Iterator[str]:
        yield "Jazz Night,2\n"
        raise RuntimeError("The database is gone.")

    app = FastAPI(dependencies=[Depends(database)])

    @app.get("/whole")
    def whole() -> Response:
        response = Response("".join(lines()))
        log.append("R")  # the endpoint returns
        return response

    @app.get("/stream")
    def stream() -> StreamingResponse:
        response = StreamingResponse(lines())
        log.append("R")
        return response

    @app.get("/whole/fails")
    def whole_fails() -> Response:
        return Response("".join(failing_lines()))

    @app.get("/stream/fails")
    def stream_fails() -> StreamingResponse:
        return StreamingResponse(failing_lines())

    return app


def differences() -> dict[str, str | int | bool | None]:
    """4.10.2  How does FastAPI’s `StreamingResponse` differ from regular responses?

    Uvicorn runs `report_app` above. A client sends a request to each path. Predict what
    happens.

    - "log of /whole" and "log of /stream": write the four entries that the request adds
      to the log as one string, such as "CRLL".
    - "length of /stream": the header `Content-Length` of the response as a number, or
      None if there is no such header. For `/whole` it is 21.
    - "status of /whole/fails" and "status of /stream/fails": the status codes that the
      client receives. "end of /stream/fails": True if the client receives a complete
      response, False if the connection is closed before its end.
    """
    # region answer
    # In words: A regular response has its whole body when the endpoint returns. So its
    # length is known, and an error becomes a 500. A streaming response has only a
    # generator. Status and headers are sent first, and the generator runs after the
    # endpoint has returned. An error in it comes too late for a status code: the server
    # can only break off. Dependencies stay open until the last part is sent.
    return {
        "log of /whole": "LLRC",
        "log of /stream": "RLLC",
        "length of /stream": None,
        "status of /whole/fails": 500,
        "status of /stream/fails": 200,
        "end of /stream/fails": False,
    }
    # stub: return {
    # stub:     "log of /whole": ___,
    # stub:     "log of /stream": ___,
    # stub:     "length of /stream": ___,
    # stub:     "status of /whole/fails": ___,
    # stub:     "status of /stream/fails": ___,
    # stub:     "end of /stream/fails": ___,
    # stub: }
    # endregion


BLOCK = 65_536


def find_report(year: int) -> BinaryIO | None:
    """Open the report of a year in the archive. Return None if there is none."""
    return io.BytesIO(b"Jazz Night,2\n") if year == 2025 else None


def open_report(year: int) -> Iterator[BinaryIO]:
    """Provide the report of a year to an endpoint.

    The report is closed after the response, or when the client leaves.
    """
    report = find_report(year)
    if report is None:
        raise HTTPException(404, "There is no report for this year.")
    with report:
        yield report


def archive_app() -> FastAPI:
    """4.10.3  What are the performance benefits of streaming in FastAPI?

    Some reports of the archive are larger than the memory of the server. Today the
    server has the whole report in memory before the client gets the first byte, and a
    client that leaves has made it read everything for nothing. Change the endpoint.

    - Read the report in blocks of `BLOCK` bytes. Send each block before you read the
      next one. The last block can be smaller.
    - The memory of the server grows by less than 16 MB, also for a very large report.
    - If the client leaves, stop reading.
    - The status code, the media type and the content stay as they are.
    """
    app = FastAPI()

    @app.get("/reports/{year}")
    def read_report(report: Annotated[BinaryIO, Depends(open_report)]) -> Response:
        # region answer
        # In words: A stream needs the memory of one block, however long the response
        # is. The client gets the first bytes at once, and can work while the server
        # reads on. If the client leaves or is slow, the server stops or waits. Larger
        # blocks cost less than many small ones, because each one is a step of its own.
        blocks = iter(lambda: report.read(BLOCK), b"")
        return StreamingResponse(blocks, media_type="text/csv")
        # stub: return Response(report.read(), media_type="text/csv")
        # endregion

    return app
