"""The tests of section 4.10."""

import csv
import io
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import zip_longest
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lab import (
    Listening,
    attempt,
    client,
    fastapi_app,
    forked,
    in_words,
    json_or_text,
    serve,
    stand_in,
)

# Seconds that a wait lasts at most if nothing ends it.
PATIENCE = 30


class Sending:
    """An application, and what it has sent.

    `parts` are the sizes of the parts of all bodies, `lines` is their number of lines.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.parts: list[int] = []
        self.lines = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application, and note what it sends."""

        async def note(message: Message) -> None:
            if body := bytes(message.get("body", b"")):
                self.parts.append(len(body))
                self.lines += body.count(b"\n")
            await send(message)

        await self._app(scope, receive, note)


def get(app: ASGIApp, path: str) -> httpx2.Response:
    """Return the response of `app`."""
    with client(app) as http:
        response: httpx2.Response = attempt(f"`GET {path}`", http.get, path)
    return response


def export(answers: Any) -> Sending:
    """Return the application of 4.10.1."""
    return Sending(fastapi_app(answers.sales_app(), "sales_app()"))


SALES = {
    "none": [],
    "one": [("Jazz Night", 2, "Oslo")],
    "text": [
        ("Opera, open air", 1, "Tromsø"),
        ('The "Best" of 2025', 12, "Åkra"),
        ("Two\nLines", 3, ""),
        ("Two\nLines", 3, ""),
        ("  Blanks", 0, "Oslo "),
    ],
    "many": [(f"Concert {number}", number, "Bodø") for number in range(103)],
}


def expected_csv(sales: list[tuple[str, int, str]]) -> str:
    """Return the export of these sales."""
    file = io.StringIO()
    csv.writer(file).writerows([("event", "tickets", "city"), *sales])
    return file.getvalue()


@pytest.mark.parametrize("sales", SALES.values(), ids=SALES)
def test_q1_the_body_has_a_line_for_each_sale(answers, sales):
    stand_in(answers.read_sales, lambda: iter([answers.Sale(*one) for one in sales]))

    response = get(export(answers), "/sales.csv")
    seen, asked = response.text.splitlines(True), expected_csv(sales).splitlines(True)
    pairs = enumerate(zip_longest(seen, asked, fillvalue=""), 1)
    different = ((number, *pair) for number, pair in pairs if pair[0] != pair[1])
    number, line, other = next(different, (0, "", ""))
    assert (response.status_code, seen) == (200, asked), (
        f"There were {len(sales)} sales. `GET /sales.csv` returned "
        f"{response.status_code}. Line {number} of the body was {in_words(line)} "
        f"instead of {in_words(other)}. The docstring asks for 200, a line of the "
        "names, and a line for each sale. `csv_line` makes such a line."
    )


def test_q1_the_media_type_is_csv(answers):
    response = get(export(answers), "/sales.csv")

    media_type = response.headers.get("content-type", "").partition(";")[0]
    assert (response.status_code, media_type) == (200, "text/csv"), (
        f"`GET /sales.csv` returned {response.status_code} and the header "
        f"`Content-Type: {response.headers.get('content-type')}`. The docstring asks "
        "for 200 and the media type `text/csv`."
    )


def test_q1_the_sales_are_read_for_every_request(answers):
    sales = [("Jazz Night", 2, "Oslo")]
    stand_in(answers.read_sales, lambda: iter([answers.Sale(*one) for one in sales]))
    app = export(answers)

    got = [get(app, "/sales.csv").text]
    sales.append(("Opera", 1, "Bergen"))
    got += [get(app, "/sales.csv").text, get(app, "/sales.csv").text]
    counts = [len(body.splitlines()) for body in got]
    assert got == [expected_csv(sales[:1]), *[expected_csv(sales)] * 2], (
        "There was one sale at the first request, and two at the second and third. The "
        f"bodies had {counts} lines. The docstring asks to call `read_sales()` for "
        "every request. Look at where the generator is created."
    )


def test_q1_the_lines_are_sent_while_the_sales_are_read(answers):
    app, ahead = export(answers), [0]

    def read_sales() -> Iterator[Any]:
        for number in range(1, 201):
            # The first line has the names.
            ahead.append(number - max(app.lines - 1, 0))
            yield answers.Sale("Jazz Night", number, "Oslo")

    stand_in(answers.read_sales, read_sales)
    count = len(get(app, "/sales.csv").text.splitlines())
    assert (count, max(ahead) <= 100) == (201, True), (
        f"There were 200 sales. The body had {count} lines. Up to {max(ahead)} sales "
        "were read before their lines were sent. The docstring asks for 201 lines, "
        "and for at most 100 sales. Look at when your code sends the lines."
    )


LOOK_AT = {
    "log of /whole": "`join` needs all lines before the endpoint can return.",
    "log of /stream": "The endpoint gives the generator to the response. A generator "
    "does nothing until somebody reads from it.",
    "length of /stream": "The headers are sent first. Nobody has counted the bytes of "
    "the body by then.",
    "status of /whole/fails": "Look at `join`: it raises the error before the endpoint "
    "returns, so nothing has been sent.",
    "status of /stream/fails": "The status code is the first thing that is sent. The "
    "generator raises its error after the first line.",
    "end of /stream/fails": "The client has received the status code and a part of the "
    "body. Only the connection can still show that something went wrong.",
}


def real_log(answers: Any, path: str) -> str:
    """Return what a request to `path` adds to the log."""
    log: list[str] = []
    with serve(answers.report_app(log)) as server:
        server.client.get(path)
    # The server has stopped: it has closed the dependencies.
    return "".join(log)


def receive(answers: Any, path: str) -> tuple[int, str | None, bool]:
    """Return the status code, the length, and whether the response was complete."""
    with (
        serve(answers.report_app([])) as server,
        server.client.stream("GET", path) as response,
    ):
        is_complete = False
        with suppress(httpx2.RemoteProtocolError):
            response.read()
            is_complete = True
        return response.status_code, response.headers.get("content-length"), is_complete


def length(answers: Any) -> int | None:
    """Return the `Content-Length` of the stream."""
    header = receive(answers, "/stream")[1]
    return None if header is None else int(header)


REAL: dict[str, Callable[[Any], object]] = {
    "log of /whole": lambda answers: real_log(answers, "/whole"),
    "log of /stream": lambda answers: real_log(answers, "/stream"),
    "length of /stream": length,
    "status of /whole/fails": lambda answers: receive(answers, "/whole/fails")[0],
    "status of /stream/fails": lambda answers: receive(answers, "/stream/fails")[0],
    "end of /stream/fails": lambda answers: receive(answers, "/stream/fails")[2],
}


@pytest.mark.parametrize("key", LOOK_AT)
def test_q2_the_response_is_predicted(answers, key):
    predictions = answers.differences()
    assert isinstance(predictions, dict), (
        f"`differences()` returned {in_words(predictions)}. The docstring asks for a "
        "dict. Look at the `return`."
    )
    assert key in predictions, (
        f"The dict has no key {key!r}. The docstring asks for it. Its keys are "
        f"{in_words(list(predictions))}. Look at the `return`."
    )
    predicted = predictions[key]

    real = REAL[key](answers)
    is_right = predicted == real and type(predicted) is type(real)
    assert is_right, (
        f"For {key!r} you predict {in_words(predicted)}. The real run came out "
        f"differently. {LOOK_AT[key]}"
    )


# Not UTF-8, and with spaces where a block begins or ends.
ROW = "Jazz Night,2,Tromsø".encode("latin-1").ljust(999) + b"\n"
LONG_ROW = b"Jazz Night,2,".ljust(32_767, b"x") + b"\n"


class Report(io.RawIOBase):
    """A report of `size` bytes, which are made when they are read.

    `read_bytes` is how many were read. `ahead` is how many of them at most were not
    sent when the next ones were read. `ended` is set when the report is closed.
    """

    def __init__(self, size: int, row: bytes, sent: Callable[[], int]) -> None:
        self.read_bytes, self.ahead = 0, 0
        self.ended = threading.Event()
        self._sent = sent
        self._size, self._period = size, len(row)
        self._rows = memoryview(row * (200_000 // len(row) + 2))

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes into the buffer."""
        self.ahead = max(self.ahead, self.read_bytes - self._sent())
        start = self.read_bytes % self._period
        count = min(len(buffer), 100_000, self._size - self.read_bytes)
        buffer[:count] = self._rows[start : start + count]
        self.read_bytes += count
        return count

    def close(self) -> None:
        """Close it."""
        super().close()
        self.ended.set()


def archive(
    answers: Any, *sizes: int, row: bytes = ROW
) -> tuple[Sending, list[Report]]:
    """Return the application of 4.10.3, and the reports that it opens.

    There are reports of these sizes, from the year 2001 on.
    """
    app = Sending(fastapi_app(answers.archive_app(), "archive_app()"))
    opened: list[Report] = []

    def find_report(year: int) -> io.BufferedReader | None:
        if not 2001 <= year < 2001 + len(sizes):
            return None
        opened.append(Report(sizes[year - 2001], row, lambda: sum(app.parts)))
        return io.BufferedReader(opened[-1])

    stand_in(answers.find_report, find_report)
    return app, opened


def only(opened: list[Report]) -> Report:
    """Return the report that the endpoint has opened."""
    assert len(opened) == 1, (
        f"The endpoint opened {len(opened)} reports for one request. `open_report` "
        "opens one. The docstring asks to change how the endpoint reads it."
    )
    return opened[0]


BLOCK = 65_536


@pytest.mark.parametrize("rest", [0, 3000], ids=["full", "rest"])
def test_q3_the_parts_have_the_size_of_a_block(answers, rest):
    size = 3 * BLOCK + rest
    app, _ = archive(answers, size)

    body = get(app, "/reports/2001").content
    expected = [BLOCK] * 3 + [rest] * bool(rest)
    is_same = body == (ROW * (size // len(ROW) + 1))[:size]
    assert (app.parts, is_same) == (expected, True), (
        f"A report has {size} bytes. The endpoint sent {len(body)} bytes in parts of "
        f"{in_words(app.parts)} bytes, and {'the same' if is_same else 'another'} "
        "content. The docstring asks for the same content in blocks of `BLOCK` bytes: "
        f"{expected}."
    )


def test_q3_each_block_is_sent_before_the_next_one_is_read(answers):
    app, opened = archive(answers, 10 * BLOCK)

    size = len(get(app, "/reports/2001").content)
    ahead = only(opened).ahead
    assert (size, ahead < BLOCK) == (10 * BLOCK, True), (
        f"A report has {10 * BLOCK} bytes, and the endpoint sent {size} bytes. Up to "
        f"{ahead} bytes were read but not sent when the endpoint read more. The "
        "docstring asks to send each block before you read the next one."
    )


def test_q3_the_response_stays_as_it_is(answers):
    app, _ = archive(answers, 0, 500, 70_000)

    large = (200, "text/csv", [BLOCK, 70_000 - BLOCK])
    missing = {"detail": "There is no report for this year."}
    expected = [
        (2001, (200, "text/csv", [])),
        (2002, (200, "text/csv", [500])),
        (2003, large),
        (1999, (404, "application/json", missing)),
        (2003, large),
    ]
    for year, one in expected:
        app.parts.clear()
        response = get(app, f"/reports/{year}")
        media_type = response.headers.get("content-type", "").partition(";")[0]
        is_ok = response.status_code == 200
        content = list(app.parts) if is_ok else json_or_text(response)
        seen = (response.status_code, media_type, content)
        assert seen == one, (
            f"`GET /reports/{year}`: the status code, the media type and the sizes of "
            f"the parts (or the error) were {in_words(seen)}. The docstring asks for "
            f"{in_words(one)}: blocks, and nothing else changes."
        )


def peak_in(url: str) -> int:
    """Return the most memory that the server has needed so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    with httpx2.Client(timeout=PATIENCE, trust_env=False, verify=False) as http:
        return unit * int(http.get(f"{url}/peak").text)


def with_peak(app: ASGIApp) -> ASGIApp:
    """Return `app` with a path that returns how much memory its process has needed."""
    import resource

    async def measured(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/peak":
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            await PlainTextResponse(str(peak))(scope, receive, send)
        else:
            await app(scope, receive, send)

    return measured


def test_q3_the_memory_of_the_server_does_not_grow_with_the_report(answers):
    if sys.platform == "win32":
        pytest.skip("this system cannot fork a process")
    app, _ = archive(answers, 100_000, 40_000_000, row=LONG_ROW)

    with forked(
        lambda: uvicorn.run(with_peak(app), port=0, log_config=None)
    ) as running:
        said = running.report()
        assert isinstance(said, Listening), f"The server did not start: {said}."
        url = "http://{}:{}".format(*said.addresses[0])
        sizes, peaks = [], []
        for year in (2001, 2002):
            with httpx2.stream(
                "GET",
                f"{url}/reports/{year}",
                timeout=PATIENCE,
                trust_env=False,
                verify=False,
            ) as response:
                sizes.append(sum(len(part) for part in response.iter_raw()))
            peaks.append(peak_in(url))
    growth = (peaks[1] - peaks[0]) // 1_000_000
    assert (sizes, growth < 16) == ([100_000, 40_000_000], True), (
        "A server of its own sent reports of 0.1 MB and of 40 MB. The client received "
        f"{sizes} bytes, and the server needed {growth} MB more for the second one. "
        "The docstring asks for less than 16 MB. Look at what holds the whole report."
    )


def test_q3_a_client_that_leaves_stops_the_reading(answers):
    app, opened = archive(answers, 96_000_000, row=LONG_ROW)

    with (
        serve(app) as server,
        socket.create_connection(("127.0.0.1", server.port)) as connection,
    ):
        connection.sendall(b"GET /reports/2001 HTTP/1.1\r\nHost: lab\r\n\r\n")
        start = connection.recv(12)
        connection.close()
        is_closed = only(opened).ended.wait(PATIENCE)
    read = only(opened).read_bytes // 1_000_000
    assert (start, is_closed, read < 48) == (b"HTTP/1.1 200", True, True), (
        f"A client asked for a report of 96 MB, received {start!r} and left. After "
        f"that {'' if is_closed else 'the report was not closed, and '}{read} MB of it "
        "had been read. The docstring asks to stop reading. Look at what goes on "
        "without waiting for the client."
    )
