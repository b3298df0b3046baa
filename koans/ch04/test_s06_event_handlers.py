"""The tests of section 4.6."""

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from lab import (
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    sqlite_engine,
    stand_in,
)


@contextmanager
def started(app: object, call: str) -> Iterator[Any]:
    """Yield a client of the application that `call` returned, and stop it after that.

    A failure at the start or at the stop names the exception.
    """
    running = client(fastapi_app(app, call))
    try:
        http = running.__enter__()
    except Exception as error:
        raise AssertionError(
            f"The application of `{call}` did not start: {in_words(error)}. Look at "
            "your lifespan function: its decorator, its code, and its `yield`."
        ) from error
    try:
        yield http
    except BaseException:
        with suppress(Exception):
            running.__exit__(None, None, None)
        raise
    attempt(
        f"The stop of the application of `{call}`", running.__exit__, None, None, None
    )


def ask(http: Any, method: str, path: str) -> Any:
    """Return the JSON of a response without an error."""
    response: httpx2.Response
    try:
        response = http.request(method, path)
    except Exception as error:
        raise AssertionError(
            f"`{method} {path}` raised {in_words(error)}. Look at what your lifespan "
            "function does before `yield`, and whether the application has it."
        ) from error
    body = json_or_text(response)
    assert response.is_success, (
        f"`{method} {path}` returned {response.status_code} and {in_words(body)}. The "
        "docstring asks for a response without an error. Look at the router and the "
        "lifespan function of the application."
    )
    return body


@contextmanager
def shop(*titles: str) -> Iterator[Engine]:
    """Yield an engine on a database with these books."""
    with sqlite_engine() as engine:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE books (title TEXT)"))
        add_books(engine, *titles)
        yield engine


def add_books(engine: Engine, *titles: str) -> None:
    """Insert books."""
    with engine.begin() as connection:
        for title in titles:
            connection.execute(text("INSERT INTO books VALUES (:t)"), {"t": title})


BOOKS_APP = 'books_app("sqlite:///shop.db")'
URL = "sqlite:///shop.db"


def noting_opens(answers, engine: Engine) -> list[str]:
    """Let `open_database` return an engine; return the list of the URLs it is given."""
    opened: list[str] = []

    def open_database(url: str) -> Engine:
        opened.append(url)
        return engine

    stand_in(answers.open_database, open_database)
    return opened


def test_q1_the_endpoint_counts_the_books_in_the_database(answers):
    with shop("Emma", "Ulysses") as engine:
        url = engine.url.render_as_string(hide_password=False)
        noting_opens(answers, engine)
        with started(answers.books_app(url), BOOKS_APP) as http:
            counts = [ask(http, "GET", "/books/count")]
            add_books(engine, "Persuasion")
            counts.append(ask(http, "GET", "/books/count"))

    assert counts == [2, 3], (
        f"`GET /books/count` returned {in_words(counts)}; the database had 2 books and "
        "then 3. The docstring asks for the router `books` and the engine in "
        "`app.state.engine`. Look at what you store there."
    )


def test_q1_the_database_is_opened_once_when_the_application_starts(answers):
    with shop("Emma") as engine:
        url = engine.url.render_as_string(hide_password=False)
        opened = noting_opens(answers, engine)
        app = answers.books_app(url)
        created = len(opened)
        with started(app, BOOKS_APP) as http:
            at_start = len(opened)
            for _ in range(3):
                ask(http, "GET", "/books/count")
            at_end = len(opened)

    counts = [created, at_start, at_end]
    assert counts == [0, 1, 1], (
        "The number of calls of `open_database` was counted after the application was "
        f"created, after it was started, and after three requests: {in_words(counts)}. "
        "The docstring asks for [0, 1, 1]. Look at where you call `open_database`."
    )


def test_q1_each_start_opens_the_database_of_its_application(answers):
    other = "sqlite:///other.db"
    with shop("Emma") as engine:
        opened = noting_opens(answers, engine)
        app = answers.books_app(URL)
        second = answers.books_app(other)
        for one in (app, second, app):
            with started(one, "books_app(url)") as http:
                ask(http, "GET", "/books/count")

    assert opened == [URL, other, URL], (
        "Two applications were created, and started in the order first, second, first. "
        f"`open_database` was called with {in_words(opened)}. The docstring asks for "
        "one call at each start, with the `url` of the application. Look at the code "
        "before `yield`."
    )


REFUSALS = [
    ConnectionRefusedError("The database is not reachable."),
    OperationalError("connect", None, Exception("The password is wrong.")),
    ValueError("This is no URL of a database."),
]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_q1_without_a_database_the_application_does_not_start(answers, error):
    calls: list[str] = []

    def refuse(url: str) -> Engine:
        calls.append(url)
        raise error

    stand_in(answers.open_database, refuse)
    app = fastapi_app(answers.books_app(URL), BOOKS_APP)
    has_started = True
    try:
        with client(app):
            pass
    except Exception:
        has_started = False

    assert not has_started, (
        f"`open_database` raised {type(error).__name__}, and the application started. "
        "The docstring asks that it does not start. Look at the code before `yield`: "
        "the exception has to pass."
    )
    assert calls == [URL], (
        f"`open_database` raised {type(error).__name__}. It was called with "
        f"{in_words(calls)}. The docstring asks for one call at each start, also after "
        "an exception."
    )


def test_q1_the_application_has_a_lifespan_function(answers):
    app = fastapi_app(answers.books_app(URL), BOOKS_APP)

    assert not app.router.on_startup, (
        f"The application has {len(app.router.on_startup)} startup functions of "
        "`on_event`. The docstring asks for a lifespan function, and not for "
        "`on_event`. Look at the arguments of `FastAPI`."
    )


@pytest.fixture
def journals(answers) -> Iterator[list[TextIO]]:
    """Yield the files that `open_journal` opens; they are closed afterwards."""
    opened: list[TextIO] = []

    def open_journal(path: Path) -> TextIO:
        opened.append(path.open("a", encoding="utf-8"))
        return opened[-1]

    stand_in(answers.open_journal, open_journal)
    yield opened
    for file in opened:
        file.close()


def sell(app: FastAPI, *isbns: str) -> None:
    """Start the application, sell these books, and stop it."""
    with started(app, "sales_app(path)") as http:
        for isbn in isbns:
            ask(http, "POST", f"/sales/{isbn}")


def test_q2_after_the_stop_the_file_has_every_sale(answers, journals, tmp_path):
    path = tmp_path / "sales.txt"
    sales = ["333", "111", "333"]
    sell(answers.sales_app(path), *sales)

    lines = path.read_text(encoding="utf-8").split() if path.exists() else []
    assert lines == sales, (
        f"The sales {in_words(sales)} were made, and the application has stopped. The "
        f"file has {in_words(lines)}. The docstring asks for every sale. Look at what "
        "happens after `yield`."
    )


def test_q2_the_journal_is_open_until_the_application_stops(
    answers, journals, tmp_path
):
    app = answers.sales_app(tmp_path / "sales.txt")
    with started(app, "sales_app(path)") as http:
        running = [file.closed for file in journals]
        ask(http, "POST", "/sales/111")
        running += [file.closed for file in journals]
        held = getattr(app.state, "journal", None)
    stopped = [file.closed for file in journals]

    assert len(journals) == 1, (
        f"`open_journal` was called {len(journals)} times between the start and the "
        "stop. The docstring asks for one call, at the start. Look at the places where "
        "you open the file."
    )
    assert (running, stopped) == ([False, False], [True]), (
        f"The attribute `closed` of the journal was {in_words(running)} before and "
        f"after a sale, and {in_words(stopped)} after the stop. The docstring asks for "
        "[False, False] and [True]. Look at where you close the journal."
    )
    assert held is journals[0], (
        f"While the application ran, `app.state.journal` was {in_words(held)}. The "
        "docstring asks that it stays open: it is the file of `open_journal`."
    )


def test_q2_a_run_without_a_sale_closes_the_journal(answers, journals, tmp_path):
    sell(answers.sales_app(tmp_path / "sales.txt"))

    closed = [file.closed for file in journals]
    assert closed == [True], (
        "The application was started and stopped, without a sale. `closed` of the "
        f"journals that it opened is {in_words(closed)}. The docstring asks to open "
        "one at the start, and to close it when the application stops."
    )


def test_q2_the_application_can_be_started_again(answers, journals, tmp_path):
    path = tmp_path / "sales.txt"
    app = answers.sales_app(path)
    sell(app, "111")
    sell(app, "222", "333")

    closed = [file.closed for file in journals]
    lines = path.read_text(encoding="utf-8").split() if path.exists() else []
    assert (lines, closed) == (["111", "222", "333"], [True, True]), (
        f"After two runs with one and two sales, the file has {in_words(lines)}, and "
        f"`closed` of the opened journals is {in_words(closed)}. The docstring asks to "
        "open a journal at each start, to close it at each stop, and to keep the "
        "sales. Look at your lifespan function."
    )


@contextmanager
def an_hour_later(loop: Any) -> Iterator[None]:
    """Let the clock of the event loop show an hour more: every time limit is over."""
    now = loop.time
    loop.time = lambda: now() + 3600
    try:
        yield
    finally:
        loop.time = now


def observe(answers, problem: Exception | None = None) -> list[str]:
    """Let the given functions of 4.6.3 note what happens; return the list of notes."""
    notes: list[str] = []
    test = asyncio.current_task()
    loop = asyncio.get_running_loop()
    updates: list[object] = []  # asyncio itself does not keep its tasks alive

    def check_payments() -> None:
        if problem is not None and any(
            getattr(task.get_coro(), "cr_code", None) is answers.update_prices.__code__
            for task in asyncio.all_tasks(loop)
        ):
            notes.append("a task with update_prices()")  # it may never begin
        notes.append("check")
        if problem is not None:
            raise problem

    async def update_prices() -> None:
        if asyncio.current_task() is test:
            raise AssertionError(
                "The startup waits until `update_prices()` ends, which never happens. "
                "The docstring asks for a task of asyncio that runs beside the "
                "requests. Look at the line that calls `update_prices()`."
            )
        notes.append("update")
        updates.append(asyncio.current_task())
        try:
            await asyncio.Event().wait()
        finally:
            with an_hour_later(loop):
                try:
                    for _ in range(10):  # the end of the task takes some steps
                        await asyncio.sleep(0)
                finally:
                    notes.append("update ended")

    stand_in(answers.check_payments, check_payments)
    stand_in(answers.update_prices, update_prices)
    stand_in(answers.save_carts, lambda: notes.append("save"))
    return notes


@asynccontextmanager
async def lifespan_of(app: object) -> AsyncIterator[None]:
    """Start the application in the event loop of the test, and stop it afterwards."""
    running = fastapi_app(app, "shop_app()").router.lifespan_context
    try:
        async with running(app):
            for _ in range(5):  # tasks that were created have begun by then
                await asyncio.sleep(0)
            yield
    except asyncio.CancelledError as error:
        raise AssertionError(
            "The lifespan function raised CancelledError. A task that was cancelled "
            "raises it where you wait for the task. Look at the code after `yield`."
        ) from error
    except (TypeError, NameError, AttributeError, RuntimeError, TimeoutError) as error:
        if isinstance(error, NotImplementedError):
            raise
        raise AssertionError(
            f"The lifespan function raised {in_words(error)}. Look at its code."
        ) from error


async def test_q3_the_payments_are_checked_before_the_first_request(answers):
    notes = observe(answers)
    app = answers.shop_app()
    counts = [notes.count("check")]
    for _ in range(2):
        async with lifespan_of(app):
            counts.append(notes.count("check"))
        counts.append(notes.count("check"))

    assert counts == [0, 1, 1, 2, 2], (
        "The application was created, started, stopped, started and stopped. "
        f"`check_payments()` had been called {in_words(counts)} times. The docstring "
        "asks for [0, 1, 1, 2, 2]: one call at each start. Look at the code before "
        "`yield`."
    )


@pytest.mark.parametrize("kind", [ConnectionError, TimeoutError, ValueError])
async def test_q3_if_the_check_fails_the_application_does_not_start(answers, kind):
    notes = observe(answers, kind("The payment service is down."))
    app = answers.shop_app()
    has_started = False
    with suppress(Exception):
        async with lifespan_of(app):
            has_started = True
    for _ in range(5):  # a task that was created has begun by then
        await asyncio.sleep(0)

    assert (has_started, notes) == (False, ["check"]), (
        f"`check_payments()` raised {kind.__name__}. The application "
        f"{'started' if has_started else 'did not start'}, and this was noted: "
        f"{in_words(notes)}. The docstring asks that it does not start, and that "
        "neither `update_prices()` nor `save_carts()` is called. Look at the order of "
        "the calls."
    )


async def test_q3_the_prices_are_updated_while_the_application_runs(answers):
    notes = observe(answers)
    app = answers.shop_app()
    running = []
    for _ in range(2):
        async with lifespan_of(app):
            running.append(notes.count("update") - notes.count("update ended"))

    assert running == [1, 1], (
        f"While the application ran, and while it ran again, {in_words(running)} tasks "
        "with `update_prices()` were running. The docstring asks for [1, 1]. Look at "
        "how you start the task before `yield`, and how you end it after `yield`."
    )


async def test_q3_the_update_has_ended_when_the_application_has_stopped(answers):
    notes = observe(answers)
    other = asyncio.create_task(asyncio.Event().wait())
    async with lifespan_of(answers.shop_app()):
        pass
    goes_on = not other.done() and not other.cancelling()
    other.cancel()

    assert notes.count("update ended") == 1, (
        f"When the application had stopped, this was noted: {in_words(notes)}, without "
        "the end of `update_prices()`. The docstring asks to cancel the task and to "
        "wait until it has ended, however long this takes. Look at the code after "
        "`yield`."
    )
    assert goes_on, (
        "The test has another task in the same event loop. It was cancelled when the "
        "application stopped. The docstring asks to cancel the task with "
        "`update_prices()`, and that other tasks go on. Look at what you cancel."
    )


async def test_q3_each_application_ends_its_own_task(answers):
    notes = observe(answers)
    running = []
    async with lifespan_of(answers.shop_app()):
        async with lifespan_of(answers.shop_app()):
            running.append(notes.count("update") - notes.count("update ended"))
        running.append(notes.count("update") - notes.count("update ended"))

    assert running == [2, 1], (
        "Two applications were started, and then the second one was stopped. Before "
        f"and after this stop, {in_words(running)} tasks with `update_prices()` were "
        "running. The docstring asks for [2, 1]. Look at where you keep the task."
    )


async def test_q3_the_carts_are_saved_once_when_the_application_stops(answers):
    notes = observe(answers)
    app = answers.shop_app()
    counts = []
    for _ in range(2):
        async with lifespan_of(app):
            counts.append(notes.count("save"))
        counts.append(notes.count("save"))

    assert counts == [0, 1, 1, 2], (
        "The application was started, stopped, started and stopped. `save_carts()` had "
        f"been called {in_words(counts)} times. The docstring asks for [0, 1, 1, 2]: "
        "one call at each stop. Look at the code after `yield`."
    )


@pytest.fixture
def file(tmp_path) -> Callable[[str], Path]:
    """Return a function that writes the file of the settings."""

    def write(content: str) -> Path:
        path: Path = tmp_path / "settings.toml"
        path.write_text(content, encoding="utf-8")
        return path

    return write


SETTINGS_APP = "settings_app(path)"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("currency", "EUR"),
        ("open", True),
        ("days", ["Mon", "Tue"]),
        ("Holiday", False),
        ("note", " 5 % "),
    ],
)
def test_q4_a_request_returns_a_setting_of_the_file(answers, file, name, value):
    path = file(
        'currency = "EUR"\nopen = true\ndays = ["Mon", "Tue"]\n'
        'Holiday = false\nnote = " 5 % "\n'
    )
    with started(answers.settings_app(path), SETTINGS_APP) as http:
        seen = ask(http, "GET", f"/settings/{name}")

    assert seen == value, (
        f"`GET /settings/{name}` returned {in_words(seen)}, and the file has "
        f"{in_words(value)}. The docstring asks for the dict of `load_settings(path)` "
        "in `request.state.settings`. Look at what you yield."
    )


def test_q4_the_file_is_read_once_at_each_start(answers, file):
    read: list[Path] = []

    def load_settings(path: Path) -> dict[str, object]:
        read.append(path)
        return {"currency": "EUR"}

    stand_in(answers.load_settings, load_settings)
    app = answers.settings_app(file('currency = "EUR"\n'))
    counts = [len(read)]
    for _ in range(2):
        with started(app, SETTINGS_APP) as http:
            counts.append(len(read))
            for _ in range(3):
                ask(http, "GET", "/settings/currency")
            counts.append(len(read))

    assert counts == [0, 1, 1, 2, 2], (
        "The number of calls of `load_settings` was counted after the application was "
        "created, after a start, after three requests, after the next start, and after "
        f"three requests: {in_words(counts)}. The docstring asks for [0, 1, 1, 2, 2]. "
        "Look at where you call it."
    )


def test_q4_a_change_of_the_file_has_an_effect_after_the_next_start(answers, file):
    app = answers.settings_app(file('currency = "DEM"\n'))
    file('currency = "EUR"\n')
    seen = []
    with started(app, SETTINGS_APP) as http:
        seen.append(ask(http, "GET", "/settings/currency"))
        file('currency = "CHF"\n')
        seen.append(ask(http, "GET", "/settings/currency"))
    with started(app, SETTINGS_APP) as http:
        seen.append(ask(http, "GET", "/settings/currency"))

    assert seen == ["EUR", "EUR", "CHF"], (
        "The file had EUR at the first start, and then CHF. A request before this "
        f"change, one after it and one after the next start returned {in_words(seen)}. "
        "The docstring asks for EUR, EUR, CHF. Look at where you call `load_settings`."
    )


@pytest.mark.parametrize("content", ["", "days = 7\n"], ids=["empty", "other"])
def test_q4_a_setting_that_was_deleted_is_missing_after_the_next_start(
    answers, file, content
):
    app = answers.settings_app(file('currency = "EUR"\n'))
    with started(app, SETTINGS_APP) as http:
        seen = [ask(http, "GET", "/settings/currency")]
    file(content)
    with started(app, SETTINGS_APP) as http:
        seen.append(ask(http, "GET", "/settings/currency"))

    assert seen == ["EUR", None], (
        "The file had a currency at the first start, and none at the second one. `GET "
        f"/settings/currency` returned {in_words(seen)}. The docstring asks for 'EUR' "
        "and None: each start needs the dict that `load_settings(path)` returns."
    )


def test_q4_two_applications_have_their_own_settings(answers, tmp_path):
    apps = []
    for name, currency in [("a", "EUR"), ("b", "CHF")]:
        path = tmp_path / f"{name}.toml"
        path.write_text(f'currency = "{currency}"\n', encoding="utf-8")
        apps.append(answers.settings_app(path))
    with (
        started(apps[0], SETTINGS_APP) as first,
        started(apps[1], SETTINGS_APP) as second,
    ):
        seen = [ask(http, "GET", "/settings/currency") for http in (first, second)]

    assert seen == ["EUR", "CHF"], (
        f"Two applications run, with EUR and CHF in their files, and return "
        f"{in_words(seen)}. The docstring asks for the dict of `load_settings(path)`. "
        "Look at where you keep the settings."
    )


SERVICES = ("stock", "search", "payments")


class Services:
    """Lets `connect` note what is opened and closed.

    `broken` cannot be opened, and `sticky` cannot be closed: they raise `error`.
    """

    def __init__(
        self,
        answers,
        broken: str = "",
        sticky: str = "",
        error: BaseException | None = None,
    ) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []
        self._broken = broken
        self._sticky = sticky
        self._error = error or ConnectionError(f"No answer from {broken or sticky}.")
        self._connection = answers.Connection
        stand_in(answers.connect, self._connect)

    def _connect(self, service: str) -> Any:
        if service == self._broken:
            raise self._error
        self.opened.append(service)
        connection = self._connection(service)
        connection.close = lambda: self._close(service)
        return connection

    def _close(self, service: str) -> None:
        self.closed.append(service)
        if service == self._sticky:
            raise self._error


def run_services(
    answers, services: tuple[str, ...], router: APIRouter | None = None
) -> str:
    """Start and stop the application; return the name of an exception, if any."""
    app = fastapi_app(answers.services_app(services), "services_app(services)")
    if router is not None:
        app.include_router(router)
    try:
        with client(app):
            pass
    except Exception as error:
        return type(error).__name__
    return ""


@pytest.mark.parametrize(
    "services",
    [SERVICES, ("search", "stock"), ("stock", "stock", "search")],
    ids=["three", "two", "twice"],
)
def test_q5_the_connections_are_closed_in_the_reverse_order(answers, services):
    noted = Services(answers)
    app = answers.services_app(services)
    for run in (1, 2):
        with started(app, "services_app(services)"):
            closed = list(noted.closed)
            opened = list(noted.opened)
        reverse = list(reversed(services))
        assert (opened, closed, noted.closed) == (list(services), [], reverse), (
            f"In run {run} with the services {in_words(list(services))}, "
            f"{in_words(opened)} were opened and {in_words(closed)} closed before the "
            f"stop, and {in_words(noted.closed)} closed after it. The docstring asks "
            "to open all in this order, and to close all at the stop in the reverse "
            "order."
        )
        noted.opened.clear()
        noted.closed.clear()


ERRORS = [ConnectionRefusedError("It is not reachable."), ValueError("It is strange.")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("broken", ["search", "payments"])
def test_q5_if_one_cannot_be_opened_the_others_are_closed(answers, broken, error):
    noted = Services(answers, broken=broken, error=error)
    raised = {run_services(answers, SERVICES), run_services(answers, (broken,))}

    assert raised == {type(error).__name__}, (
        f"`connect({broken!r})` raised {type(error).__name__}, and the application "
        f"{'started' if '' in raised else f'raised {in_words(sorted(raised))}'}. The "
        "docstring asks to let the exception pass, so that the application does not "
        "start."
    )
    assert sorted(noted.closed) == sorted(noted.opened), (
        f"`connect({broken!r})` raised an exception. By then, the connections "
        f"{in_words(noted.opened)} were open, and {in_words(noted.closed)} were closed "
        "after it. The docstring asks to close what is already open. Look at which "
        "code runs after the exception."
    )


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("sticky", SERVICES)
def test_q5_if_one_cannot_be_closed_the_others_are_closed(answers, sticky, error):
    noted = Services(answers, sticky=sticky, error=error)
    raised = run_services(answers, SERVICES)

    name = type(error).__name__
    assert sorted(noted.closed) == sorted(SERVICES), (
        f"`close` of {sticky!r} raised {name}, and `close` was called for "
        f"{in_words(noted.closed)}. The docstring asks to close every connection once, "
        "also after the exception. Look at the code that calls `close`."
    )
    assert (raised, noted.closed[-1]) == (name, "stock"), (
        f"`close` of {sticky!r} raised {name}. The application raised "
        f"{raised or 'nothing'}, and closed {in_words(noted.closed)}. The docstring "
        "asks for the reverse order, and then to let the exception pass."
    )


def test_q5_if_yield_raises_all_connections_are_closed(answers):
    @asynccontextmanager
    async def fail(_: FastAPI) -> AsyncIterator[None]:
        raise TimeoutError("The router cannot start.")
        yield

    noted = Services(answers)
    raised = run_services(answers, SERVICES, APIRouter(lifespan=fail))

    closed = sorted(noted.closed)
    assert (closed, raised) == (sorted(SERVICES), "TimeoutError"), (
        "The startup of an included router raised TimeoutError. Then "
        f"{in_words(noted.closed)} were closed, and the application raised "
        f"{raised or 'nothing'}. The docstring asks to close all connections if "
        "`yield` raises an exception, and to let it pass."
    )


@pytest.mark.parametrize("sticky", ["stock", "search"])
@pytest.mark.parametrize("first", ["connect", "yield"])
def test_q5_if_close_raises_after_another_exception_the_others_are_closed(
    answers, first, sticky
):
    @asynccontextmanager
    async def fail(_: FastAPI) -> AsyncIterator[None]:
        raise ConnectionError("The router cannot start.")
        yield

    noted = Services(answers, broken="payments", sticky=sticky)
    services = SERVICES if first == "connect" else ("stock", "search")
    raised = run_services(answers, services, APIRouter(lifespan=fail))

    assert (sorted(noted.closed), raised) == (["search", "stock"], "ConnectionError"), (
        f"`{first}` raised ConnectionError, and then `close` of {sticky!r} did, too. "
        f"`close` was called for {in_words(noted.closed)}, and the application raised "
        f"{raised or 'nothing'}. The docstring asks to close stock and search. Look at "
        "the code that runs after an exception."
    )


async def test_q5_if_yield_is_cancelled_all_connections_are_closed(answers):
    noted = Services(answers)
    app = fastapi_app(answers.services_app(SERVICES), "services_app(services)")
    raised = "nothing"
    try:
        async with app.router.lifespan_context(app):
            raise asyncio.CancelledError
    except asyncio.CancelledError:
        raised = "CancelledError"
    except Exception as error:
        raised = in_words(error)

    assert (sorted(noted.closed), raised) == (sorted(SERVICES), "CancelledError"), (
        f"`yield` raised CancelledError. Then {in_words(noted.closed)} were closed, "
        f"and the lifespan function raised {raised}. The docstring asks to close all "
        "connections if `yield` raises an exception of any class, and to let it pass."
    )


@pytest.mark.parametrize("method", ["connect", "close"])
async def test_q5_after_a_keyboard_interrupt_all_connections_are_closed(
    answers, method
):
    place = "broken" if method == "connect" else "sticky"
    noted = Services(answers, **{place: "search"}, error=KeyboardInterrupt())
    app = fastapi_app(answers.services_app(SERVICES), "services_app(services)")
    raised = "nothing"
    try:
        async with app.router.lifespan_context(app):
            pass
    except KeyboardInterrupt:
        raised = "KeyboardInterrupt"
    except Exception as error:
        raised = in_words(error)

    seen = sorted(noted.closed), raised
    assert seen == (sorted(noted.opened), "KeyboardInterrupt"), (
        f"`{method}` raised KeyboardInterrupt for 'search'. {in_words(noted.opened)} "
        f"had been opened, `close` was called for {in_words(noted.closed)}, and the "
        f"lifespan function raised {raised}. The docstring asks to close all "
        "connections after an exception of any class, and to let it pass."
    )


HINTS = {
    "warning": "Run Python with `-W error`, and call `app.on_event`.",
    "closed by on_event": "Look at the order in which these functions are registered.",
    "closed by lifespan": "Look at the `with` blocks. The inner one ends first.",
    "closed by on_event after an error": "They run at a shutdown, not after an error.",
    "closed by lifespan after an error": "Look at which `with` block was entered.",
    "opened by mixed_app": "`FastAPI(lifespan=...)` replaces the default lifespan.",
}


def observed(answers, key: str) -> object:
    """Return what the applications of 4.6.6 really do."""
    log: list[str] = []
    verb = "open" if key.startswith("opened") else "close"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if key == "opened by mixed_app":
            app = answers.mixed_app(log)
        else:
            create = answers.lifespan_app if "lifespan" in key else answers.on_event_app
            app = create(log, key.endswith("error"))
    if key == "warning":
        return caught[0].category.__name__
    with suppress(OSError), client(app):
        pass
    steps = [entry.split() for entry in log]
    return [what for action, what in steps if action == verb]


@pytest.mark.parametrize("key", HINTS)
def test_q6_the_prediction_is_what_the_application_does(answers, key):
    predicted = attempt("`differences()`", answers.differences)
    try:
        value = predicted[key]
    except (TypeError, LookupError):
        value = "missing from your dict"
    if key == "warning" and isinstance(value, type):
        value = value.__name__
    elif isinstance(value, tuple):
        value = list(value)

    same = value == observed(answers, key)
    assert same, (
        f'Your prediction for "{key}" is {in_words(value)}. The run had another '
        f"result. {HINTS[key]}"
    )
