"""The tests of section 6.2."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import httpx2
import pytest
from fastapi import Depends, FastAPI, HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from lab import (
    Rendezvous,
    async_client,
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    stand_in,
)


def send(app: FastAPI, path: str, method: str = "GET") -> httpx2.Response:
    """Return the response of `app`, as a real client sees it."""
    with client(app, raises=False) as http:
        return http.request(method, path)


def seen(response: httpx2.Response) -> tuple[int, Any]:
    """Return the status code and the body of a response."""
    return response.status_code, json_or_text(response)


def raising(answers: Any, *errors: Exception) -> FastAPI:
    """Return an application whose path `/0` raises the first of these errors, etc."""
    app = FastAPI()

    @app.get("/{number}")
    def fail(number: int) -> None:
        raise errors[number]

    def refuse() -> None:
        raise errors[0]

    @app.get("/dependency/0", dependencies=[Depends(refuse)])
    async def depend() -> None:
        """Return nothing."""

    attempt("`explain_errors(app)`", answers.explain_errors, app)
    return app


def subclass(answers: Any, status: int, base: str = "NewsError") -> Any:
    """Return a new subclass of a given error."""

    class Refused(getattr(answers, base)):
        """An error that the learner does not know."""

    Refused.status = status
    Refused.type = f"/problems/refused-{status}"
    Refused.title = f"Refused with {status}"
    return Refused


def place_of(got: tuple[int, Any], body: dict[str, Any]) -> str:
    """Say where to look, if this is the response and that the expected body."""
    _, found = got
    if got == (500, "Internal Server Error"):
        return "Look at the class that your handler is for, and at what it calls."
    if not isinstance(found, dict):
        return "Look at what your handler returns."
    names = sorted({*found, *body})
    wrong = [f"`{one}`" for one in names if found.get(one, ...) != body.get(one, ...)]
    return f"Look at {' and '.join(wrong) or 'the status code of the response'}."


TEXT = "Article 7 is über-old; see db-3."


def check_problem(app: FastAPI, error: Any, path: str = "/0") -> None:
    """Check the response to this error."""
    body = {"type": error.type, "title": error.title, "status": error.status}
    if error.status < 500:
        body["detail"] = str(error)
    response = send(app, path)
    raised = f"{type(error).__name__}({in_words(str(error))})"
    assert seen(response) == (error.status, body), (
        f"{raised} with the status {error.status} was raised. The response was "
        f"{in_words(seen(response))}. The docstring asks for {error.status} with "
        f"{sorted(body)}. {place_of(seen(response), body)}"
    )
    media_type = response.headers.get("content-type", "").split(";")[0]
    assert media_type == "application/problem+json", (
        f"{raised} was raised. The `Content-Type` of the response was "
        f"{in_words(media_type)}. The docstring asks for `application/problem+json`."
    )


@pytest.mark.parametrize("name", ["CommentsClosed", "ArchiveDown", "NewsError"])
def test_q1_a_given_error_becomes_a_problem(answers, name):
    error = getattr(answers, name)(TEXT)

    check_problem(raising(answers, error), error)
    check_problem(raising(answers, error), error, "/dependency/0")


@pytest.mark.parametrize("status", [404, 422, 499])
def test_q1_an_error_of_the_client_has_its_detail(answers, status):
    kind = subclass(answers, status)
    texts = [TEXT, "", "Line 1\nline 2", " a  long text " * 50]
    errors = [*map(kind, texts), kind("a", 2), kind()]
    app = raising(answers, *errors)

    for number, error in enumerate(errors):
        check_problem(app, error, f"/{number}")


@pytest.mark.parametrize("status", [500, 502, 599])
def test_q1_an_error_of_the_server_has_no_detail(answers, status):
    error = subclass(answers, status)(TEXT)
    app = raising(answers, error)

    response = send(app, "/0")
    assert "db-3" not in response.text, (
        f"An error with the status {status} and the text {TEXT!r} was raised. The body "
        f"was {in_words(response.text)}. The docstring asks to send no part of the "
        "text."
    )
    headers = dict(response.headers)
    assert "db-3" not in str(headers), (
        f"An error with the status {status} and the text {TEXT!r} was raised. The "
        f"response had the headers {in_words(headers)}. The docstring asks to send no "
        "part of the text."
    )
    check_problem(app, error)


def test_q1_a_subclass_of_a_subclass_becomes_a_problem(answers):
    error = subclass(answers, 410, "CommentsClosed")("Gone.")

    check_problem(raising(answers, error), error)


OTHERS = {
    "HTTPException": lambda: HTTPException(409, "Locked.", {"Retry-After": "9"}),
    "RuntimeError": lambda: RuntimeError("db-3"),
    "ValueError": lambda: ValueError("db-3"),
}


@pytest.mark.parametrize("kind", [*OTHERS, "unknown path", "invalid"])
def test_q1_other_responses_stay_as_they_are(answers, kind):
    closed = answers.CommentsClosed("It is too late.")
    error = OTHERS[kind]() if kind in OTHERS else closed
    app = raising(answers, error, closed)
    path = {"unknown path": "/a/b", "invalid": "/x"}.get(kind, "/0")
    plain = FastAPI(routes=app.routes)

    got, expected = send(app, path), send(plain, path)
    assert (seen(got), got.headers) == (seen(expected), expected.headers), (
        f"{kind}: the response was {in_words(seen(got))}, with the headers "
        f"{in_words(dict(got.headers))}. Without your handler it is "
        f"{in_words(seen(expected))}. The docstring asks that it stays as it is."
    )
    check_problem(app, closed, "/1")


class Log:
    """The lines that the learner's formatter writes for a logger."""

    def __init__(self, answers: Any) -> None:
        self._stream = io.StringIO()
        self.handler = logging.StreamHandler(self._stream)
        formatter = attempt("`JsonFormatter()`", answers.JsonFormatter)
        self.handler.setFormatter(formatter)
        self.formatter = formatter
        self.logger = logging.Logger("news.articles", logging.DEBUG)
        self.logger.addHandler(self.handler)

    def write(self, call: Callable[[], object]) -> dict[str, Any]:
        """Return the object of the one line that is written during a call."""
        (entry,) = self.entries(call, 1)
        return entry

    def entries(self, call: Callable[[], object], count: int) -> list[dict[str, Any]]:
        """Return the objects of the lines that are written during a call."""
        with raising_errors():
            raised = outcome(call)
        assert not isinstance(raised, Exception), (
            f"Something was logged, and your formatter raised {in_words(raised)}. The "
            "docstring asks `format` to return a line for each record."
        )
        text = self._stream.getvalue()
        self._stream.seek(0)
        self._stream.truncate()
        lines = text.removesuffix("\n").split("\n")
        assert len(lines) == count, (
            f"{count} entries were logged, and the log has {len(lines)} lines: "
            f"{in_words(text)}. The docstring asks for no line break in a line."
        )
        return [self._parsed(line) for line in lines]

    def _parsed(self, line: str) -> dict[str, Any]:
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        assert isinstance(entry, dict), (
            f"A line of the log is {in_words(line)}. The docstring asks for a JSON "
            "object. Look at what `format` returns."
        )
        return entry


@contextmanager
def raising_errors() -> Iterator[None]:
    """Let a formatter's exception pass, which `logging` prints otherwise."""

    def fail(handler: logging.Handler, record: logging.LogRecord) -> None:
        raise

    before = logging.Handler.handleError
    logging.Handler.handleError = fail
    try:
        yield
    finally:
        logging.Handler.handleError = before


@pytest.fixture
def log(answers) -> Log:
    """A log with the learner's formatter."""
    return Log(answers)


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "CRITICAL"])
def test_q2_a_line_has_level_logger_message_and_request(log, level):
    number = logging.getLevelNamesMapping()[level]
    calls = {
        "ana read 7 articles": ("%s read %d articles", "ana", 7),
        "100 % read": ("100 % read",),
        "id: 5": ("id: %(id)s", {"id": 5}),
        "['a']": (["a"],),
        " ana  read ": (" %s  read ", "ana"),
    }
    for message, arguments in calls.items():
        entry = log.write(
            lambda arguments=arguments: log.logger.log(number, *arguments)
        )
        expected = {
            "level": level,
            "logger": "news.articles",
            "message": message,
            "request": None,
        }
        what = f"{in_words(arguments)} was logged with {level}, outside of a request"
        assert set(entry) == set(expected), (
            f"{what}. The fields of the line are {in_words(sorted(entry))}. The "
            f"docstring asks for {sorted(expected)}."
        )
        assert entry == expected, (
            f"{what}. The line has {in_words(entry)}. The docstring asks for "
            f"{in_words(expected)}."
        )


VALUES = {
    "text": (" ana  b ", " ana  b "),
    "empty text": ("", ""),
    "number": (2.5, 2.5),
    "null": (None, None),
    "false": (False, False),
    "list": ([1, "a"], [1, "a"]),
    "dict": ({"page": 2}, {"page": 2}),
    "date": (date(2026, 5, 1), "2026-05-01"),
    "decimal": (Decimal("9.90"), "9.90"),
    "exception": (ValueError("too long"), "too long"),
    "nested": ({"at": [date(2026, 5, 1), 2]}, {"at": ["2026-05-01", 2]}),
}


@pytest.mark.parametrize("kind", VALUES)
def test_q2_a_line_has_the_fields_of_extra(log, kind):
    value, expected = VALUES[kind]
    extra = {"author": value, "section_2": "north", "_page": 0}
    entry = log.write(lambda: log.logger.info("saved", extra=extra))

    got = {name: entry.get(name, "(missing)") for name in extra}
    assert got == extra | {"author": expected}, (
        f"The logger was given `extra={in_words(extra)}`. The line has "
        f"{in_words(got)}. The docstring asks for each field with its value, as JSON "
        "or as a text by `str`, also inside of a list or a dict."
    )
    again = log.write(lambda: log.logger.info("saved", extra={"other": 1}))
    names = {"level", "logger", "message", "request", "other"}
    assert set(again) == names, (
        'The next entry had `extra={"other": 1}`. Its line has the fields '
        f"{sorted(again)}. The docstring asks for {sorted(names)}."
    )


@pytest.mark.parametrize(
    "name", ["password", "token", "authorization", "Authorization", "PASSWORD", "Token"]
)
def test_q2_a_secret_is_not_in_the_line(log, name):
    extra = {name: "s3cret", "tokens": 3, "my_token": "t"}
    entry = log.write(lambda: log.logger.info("login", extra=extra))

    got = {field: entry.get(field, "(missing)") for field in extra}
    assert got == extra | {name: "***"}, (
        f"The logger was given `extra={extra}`. The line has {in_words(got)}. The "
        'docstring asks for "***" if the name is in `SECRETS`, in upper or lower case. '
        "Other fields stay."
    )
    empty = log.write(lambda: log.logger.info("login", extra={name: None}))
    assert empty.get(name) == "***", (
        f"The logger was given `extra={{{name!r}: None}}`. The line has "
        f'{in_words(empty.get(name))}. The docstring asks for "***".'
    )


def crash() -> None:
    """Raise an exception with a cause."""
    try:
        int("seven")
    except ValueError as error:
        raise KeyError("article\n7") from error


def test_q2_an_exception_has_its_traceback(log):
    texts = []

    def call() -> None:
        try:
            crash()
        except KeyError:
            texts.append(log.formatter.formatException(sys.exc_info()))
            log.logger.exception("failed")

    entry = log.write(call)
    traceback = str(entry.get("traceback"))
    parts = ["ValueError: invalid", "in crash", "KeyError: 'article"]
    missing = [part for part in parts if part not in traceback]
    assert (missing, entry.get("message")) == ([], "failed"), (
        "`logger.exception('failed')` logged a KeyError. The message is "
        f"{str(entry.get('message'))[:30]!r}, and the traceback {traceback[-60:]!r}, "
        f"without {missing}. The docstring asks for the text of `formatException` in "
        "a field of its own."
    )
    assert [traceback] == texts, (
        f"The traceback was {in_words(traceback)}, and ends with {traceback[-9:]!r}. "
        f"The docstring asks for the text that `formatException` returns, which ends "
        f"with {texts[0][-9:]!r}. JSON can hold its line breaks."
    )
    after = log.write(lambda: log.logger.info("fine"))
    assert "traceback" not in after, (
        f"An entry without an exception has the field `traceback`: {in_words(after)}. "
        "The docstring asks for no such field."
    )


def test_q2_the_traceback_is_the_one_of_the_record(log):
    error = outcome(crash)

    def log_two() -> None:
        log.logger.error("outside", exc_info=error)
        try:
            raise ValueError("another")
        except ValueError:
            log.logger.error("during another", exc_info=error)
            log.logger.info("fine")

    first, second, fine = log.entries(log_two, 3)
    texts = [str(one.get("traceback")) for one in (first, second)]
    wrong = [one for one in texts if "in crash" not in one or "another" in one]
    assert wrong == [], (
        "`logger.error(..., exc_info=error)` logged a KeyError, after it was caught. "
        f"The traceback is {in_words(wrong[0])}. The docstring asks for the exception "
        "of the record. The formatter can run where another one is being handled."
    )
    assert "traceback" not in fine, (
        "`logger.info('fine')` was called in an `except` block. The line has "
        f"{in_words(fine)}. The record has no exception, so the docstring asks for no "
        "field `traceback`."
    )


FORGED = ['7\n{"level": "INFO", "message": "paid"}', "7\r\nERROR", 'a"b\\', "é\u2028 ✓"]


@pytest.mark.parametrize("text", FORGED, ids=["forged", "crlf", "quotes", "unicode"])
def test_q2_a_text_of_a_client_stays_in_its_line(log, text):
    entry = log.write(lambda: log.logger.info("read %s", text, extra={"path": text}))

    got = entry.get("message"), entry.get("path")
    assert got == (f"read {text}", text), (
        f"A client sent {text!r}, and the endpoint logged it. Read back from the line, "
        f"the message and the field are {in_words(got)}. Let a library write the JSON."
    )


def with_id(app: ASGIApp, variable: Any) -> ASGIApp:
    """Return the application with a middleware that sets the ID of the request."""

    async def identify(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            variable.set(scope["query_string"].decode())
        await app(scope, receive, send)

    return identify


IDS = ["async-a", "async-b", "thread-a", "thread-b"]


def send_all_at_once(answers: Any, logger: logging.Logger) -> None:
    """Send four requests that log 'begin', wait for each other, and log 'end'."""
    app, meeting = FastAPI(), Rendezvous(len(IDS))

    @app.get("/async")
    async def wait_async() -> None:
        logger.info("begin")
        await meeting.wait_async()
        logger.info("end")

    @app.get("/thread")
    def wait() -> None:
        logger.info("begin")
        meeting.wait()
        logger.info("end")

    async def send_all() -> None:
        async with async_client(with_id(app, answers.request_id)) as http:
            paths = [f"/{one.partition('-')[0]}?{one}" for one in IDS]
            await asyncio.gather(*map(http.get, paths))

    asyncio.run(send_all())


def test_q2_each_line_has_the_id_of_its_request(answers, log):
    seen: dict[str, list[str]] = {}
    for entry in log.entries(lambda: send_all_at_once(answers, log.logger), 8):
        seen.setdefault(entry.get("request"), []).append(entry["message"])
    assert seen == {one: ["begin", "end"] for one in IDS}, (
        "Four requests at the same time logged 'begin' and 'end', two of them in "
        f"`def` endpoints. By `request`, the lines are {in_words(seen)}. The docstring "
        "asks for the `request_id` of the request that logs."
    )
    outside = log.write(lambda: log.logger.info("stopped"))
    assert outside.get("request", "(missing)") is None, (
        f"Outside of a request, the line has {in_words(outside)}. The docstring asks "
        "for null in `request`."
    )


class Broken(Exception):
    """A failure that the learner does not know."""


def read_disk() -> None:
    """Fail, at a place that a traceback shows."""
    raise OSError("disk 3 is broken")


def fail_with(make: Callable[[], Exception] | None) -> Callable[[int], Any]:
    """Return a function that raises such an error, or the one of `read_disk`."""

    def fail(number: int) -> Any:
        try:
            read_disk()
        except OSError as cause:
            if make is None:
                raise
            raise make() from cause

    return fail


ERRORS = {
    "OSError": (None, "OSError: disk 3 is broken"),
    "KeyError": (lambda: KeyError("s3cret"), "KeyError: 's3cret'"),
    "Broken": (lambda: Broken("s3cret in db-3"), "Broken: s3cret in db-3"),
}
UNAVAILABLE = (lambda: HTTPException(503, "s3cret"), "HTTPException: 503: s3cret")


def entries_of(caplog: Any, level: int = logging.DEBUG) -> list[Any]:
    """Return the entries of `logger`, and what else was logged as a failure."""
    return [
        one
        for one in caplog.records
        if one.levelno >= (level if one.name == "news" else logging.WARNING)
    ]


def respond(answers: Any, caplog: Any, path: str) -> httpx2.Response:
    """Return the response of 6.2.3's application, with a new log."""
    app = fastapi_app(answers.articles_app(), "articles_app()")
    caplog.set_level(logging.DEBUG, "news")
    caplog.clear()
    return send(app, path)


def ask(answers: Any, caplog: Any, path: str) -> tuple[tuple[int, Any], list[Any]]:
    """Return the response of 6.2.3's application, and the entries of its log."""
    response = respond(answers, caplog, path)
    return seen(response), entries_of(caplog)


def check_entry(entries: list[Any], what: str, level: str, error: str) -> None:
    """Check that the log got one entry, with the exception and its traceback."""
    found = [(one.name, one.levelname, one.getMessage()) for one in entries]
    named = [(name, one) for name, one, _ in found]
    assert named == [("news", level)], (
        f"{what}. The log got {in_words(found)}. The docstring asks for one entry of "
        f"`logger`, with the level {level}."
    )
    text = logging.Formatter().format(entries[0])
    missing = [part for part in (error, "in read_disk") if part not in text]
    where = (
        "FastAPI runs a `def` handler in another thread, which handles no exception."
        if "NoneType: None" in text
        else "Look at what you pass to the logger."
    )
    assert missing == [], (
        f"{what}. The last lines of the entry are {in_words(text.splitlines()[-2:])}. "
        f"The entry does not contain {missing}. The docstring asks for the exception "
        f"and its traceback. {where}"
    )


@pytest.mark.parametrize("kind", ERRORS)
def test_q3_an_exception_of_load_article_is_logged_once(answers, caplog, kind):
    make, text = ERRORS[kind]
    stand_in(answers.load_article, fail_with(make))

    for path in ("/articles/7", "/articles/12"):
        _, entries = ask(answers, caplog, f"{path}?page=2")
        what = f"`GET {path}`: `load_article` raised {kind}"
        check_entry(entries, what, "ERROR", text)
        message = entries[0].getMessage()
        has_both = "GET" in message and path in message
        assert has_both, (
            f"{what}. The message of the entry is {in_words(message)}. The docstring "
            "asks for the method and the path."
        )


@pytest.mark.parametrize("kind", ERRORS)
def test_q3_the_client_does_not_see_the_exception(answers, caplog, kind):
    stand_in(answers.load_article, fail_with(ERRORS[kind][0]))

    got, _ = ask(answers, caplog, "/articles/7")
    assert got == (500, {"error": "Something went wrong."}), (
        f"`load_article` raised {kind}. The response was {in_words(got)}. The "
        'docstring asks for 500 with `{"error": "Something went wrong."}`.'
    )


@pytest.mark.parametrize("kind", [*ERRORS, "HTTPException"])
def test_q3_an_exception_of_find_related_is_logged_as_a_warning(answers, caplog, kind):
    make, text = ERRORS.get(kind, UNAVAILABLE)
    stand_in(answers.find_related, fail_with(make))

    got, entries = ask(answers, caplog, "/articles/7")
    assert got == (200, {"text": "the text of article 7", "related": []}), (
        f"`find_related` raised {kind}. The response was {in_words(got)}. The "
        "docstring asks for 200 with the article, and no related articles."
    )
    check_entry(entries, f"`find_related` raised {kind}", "WARNING", text)


@pytest.mark.parametrize("status", [404, 410, 503])
def test_q3_an_http_exception_is_not_logged(answers, caplog, status):
    missing = partial(HTTPException, status, {"article": 7}, {"Retry-After": "9"})
    stand_in(answers.load_article, fail_with(missing))

    response = respond(answers, caplog, "/articles/7")
    messages = [one.getMessage() for one in entries_of(caplog)]
    got = *seen(response), response.headers.get("retry-after")
    expected = status, {"detail": {"article": 7}}, "9"
    assert (got, messages) == (expected, []), (
        f"`load_article` raised HTTPException({status}, {{'article': 7}}, "
        "{'Retry-After': '9'}). Status, body and this header of the response were "
        f"{in_words(got)}, and the log got {in_words(messages)}. The docstring asks "
        "for the response of FastAPI, and nothing in the log."
    )


def test_q3_a_request_that_succeeds_is_not_logged(answers, caplog):
    fine = {"text": "the text of article 7", "related": ["Snow in the north"]}
    got, _ = ask(answers, caplog, "/articles/7")
    entries = entries_of(caplog, logging.WARNING)
    stand_in(answers.load_article, fail_with(None))
    failed, _ = ask(answers, caplog, "/articles/7")

    assert (got, entries) == ((200, fine), []), (
        f"`GET /articles/7` returned {in_words(got)}, and the log got "
        f"{in_words(entries)}. Nothing failed, so the docstring asks for no entry."
    )
    assert failed == (500, {"error": "Something went wrong."}), (
        f"Then `load_article` raised an OSError. The response was {in_words(failed)}. "
        'The docstring asks for 500 with `{"error": "Something went wrong."}`.'
    )
