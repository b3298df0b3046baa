"""The tests of section 4.2."""

import asyncio
import json
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTPRecipientsRefused
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session
from starlette.types import Message, Receive, Scope, Send

from lab import (
    Ended,
    Forked,
    Mailbox,
    Unavailable,
    async_client,
    attempt,
    calls,
    client,
    fastapi_app,
    forked,
    free_port,
    in_words,
    json_or_text,
    serve,
    sqlite_engine,
    stand_in,
)

# Seconds that a wait lasts at most if nothing ends it.
PATIENCE = 30

# The same where a wrong answer lets nothing end it.
SHORT = 10


class Observed:
    """An application that notes what `look()` returns when a response ends.

    If this is awaitable, it is awaited before the background tasks run.
    """

    def __init__(self, app: FastAPI, look: Callable[[], object]) -> None:
        self._app = app
        self._look = look
        self.seen: list[Any] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass each message of the application on."""

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                seen = self._look()
                self.seen.append(await seen if isinstance(seen, Awaitable) else seen)
            await send(message)

        await self._app(scope, receive, noted)


def request(http: Any, method: str, path: str, **options: Any) -> httpx2.Response:
    """Return a response. A failure names the exception."""
    try:
        response: httpx2.Response = http.request(method, path, **options)
    except Exception as error:
        raise failed(f"{method} {path}", error) from error
    return response


def failed(request: str, error: Exception) -> AssertionError:
    """Return the failure of a request that raised an exception."""
    return AssertionError(
        f"`{request}` raised {in_words(error)}. The docstring asks for a response and "
        "a background task without an error. Look at your endpoint, and at the "
        "function and the arguments of its task."
    )


def assert_response(response: httpx2.Response, status: int, body: object) -> None:
    """Fail unless the response has this status code and this body."""
    seen = (response.status_code, json_or_text(response))
    assert seen == (status, body), (
        f"`{response.request.method} {response.request.url.path}` returned "
        f"{response.status_code} and {in_words(seen[1])}. The docstring asks for "
        f"{status} and {in_words(body)}. Look at the decorator, the parameters and the "
        "`return` of your endpoint."
    )


def address(answers, mailbox: Mailbox) -> Any:
    """Return where the mail server listens."""
    return answers.MailServer(mailbox.host, mailbox.port)


def read(messages: list[EmailMessage]) -> list[tuple[str, str]]:
    """Return the recipient and the text of each email."""
    return [(one["to"], one.get_content().removesuffix("\n")) for one in messages]


JSON = {"Content-Type": "application/json"}
MARA = {"email": "mara@example.com", "event": "Jazz Night"}
PURCHASES = [MARA, {"email": "Lu.Novak@example.org", "event": " Čaj & poezie "}]


@pytest.mark.parametrize("purchase", PURCHASES, ids=["Mara", "another purchase"])
def test_q1_post_tickets_returns_202_and_the_purchase(answers, mailbox, purchase):
    app = answers.tickets_app(address(answers, mailbox))
    with client(fastapi_app(app, "tickets_app(server)")) as http:
        response = request(http, "POST", "/tickets", json=purchase)

    assert_response(response, 202, purchase)


@pytest.mark.parametrize(
    "body",
    [{"email": "mara", "event": "Jazz Night"}, {"email": "mara@example.com"}, [], None],
    ids=["no address", "no event", "list", "null"],
)
def test_q1_a_body_that_is_no_purchase_returns_422(answers, mailbox, body):
    app = answers.tickets_app(address(answers, mailbox))
    with client(fastapi_app(app, "tickets_app(server)"), raises=False) as http:
        valid = http.post("/tickets", json=MARA).status_code
        response = http.post("/tickets", content=json.dumps(body), headers=JSON)

    assert (valid, response.status_code) == (202, 422), (
        f"`POST /tickets` returned {valid} for a valid purchase, and "
        f"{response.status_code} for the body {in_words(body)}. The docstring asks for "
        "202 and 422. Look at the type of the parameter for the body."
    )


def test_q1_each_buyer_gets_an_email_with_the_event(answers, mailbox):
    app = answers.tickets_app(address(answers, mailbox))
    with client(fastapi_app(app, "tickets_app(server)")) as http:
        for purchase in [*PURCHASES, MARA]:
            request(http, "POST", "/tickets", json=purchase)

    assert_emails(mailbox, [*PURCHASES, MARA], "After three purchases, two equal ones")


def assert_emails(mailbox: Mailbox, purchases: list[dict[str, str]], when: str) -> None:
    """Fail unless there is one email for each purchase."""
    sent = sorted(read(mailbox.messages))
    wanted = sorted((one["email"], f"Your ticket: {one['event']}") for one in purchases)
    assert len(sent) == len(wanted), (
        f"{when}, the mail server has {len(sent)} emails, to "
        f"{in_words([to for to, _ in sent])}. The docstring asks for one email for "
        "each purchase. Look at `add_task`, and at the `BackgroundTasks` that it "
        "belongs to."
    )
    for one, asked in zip(sent, wanted, strict=True):
        assert one == asked, (
            f"{when}, the mail server has {in_words(one)}. The docstring asks for "
            f"{in_words(asked)}. Look at the arguments of `add_task`, and at what your "
            "task does with them."
        )


def test_q1_two_applications_use_their_own_mail_servers(answers, mailbox):
    app = answers.tickets_app(address(answers, mailbox))
    answers.tickets_app(answers.MailServer("127.0.0.1", 9))
    with client(fastapi_app(app, "tickets_app(server)")) as http:
        request(http, "POST", "/tickets", json=MARA)

    assert len(mailbox.messages) == 1, (
        "`tickets_app` was called for two mail servers. After a purchase in the first "
        f"application, its server has {len(mailbox.messages)} emails. The docstring "
        "asks for one: `send_email(server, ...)`. Look at where your endpoint gets "
        "`server` from."
    )


async def test_q1_the_email_is_sent_after_the_response(answers, mailbox):
    app = answers.tickets_app(address(answers, mailbox))
    observed = Observed(
        fastapi_app(app, "tickets_app(server)"), lambda: len(mailbox.messages)
    )
    with calls() as made:
        async with async_client(observed) as http:
            await post(http, "/tickets", MARA)

    assert_in_background(made, "send_email")
    assert (observed.seen, len(mailbox.messages)) == ([0], 1), (
        f"When the response ended, {in_words(observed.seen)} emails had been sent; "
        f"later {len(mailbox.messages)}. The docstring asks to send one email after "
        "the response. Look at which line calls `send_email`."
    )


def test_q1_other_requests_do_not_wait_for_the_email(answers, mailbox):
    app = answers.tickets_app(address(answers, mailbox))
    responded = threading.Event()
    observed = Observed(fastapi_app(app, "tickets_app(server)"), responded.set)
    handled: list[bool] = []
    others: list[threading.Thread] = []
    with client(observed) as http:

        def send(*_: object, **__: object) -> None:
            responded.clear()
            handled.append(False)
            if len(handled) == 1 and not runs_in_event_loop():
                others.append(threading.Thread(target=buy, args=[http, MARA]))
                others[0].start()
                handled[0] = responded.wait(SHORT)

        stand_in(answers.send_email, send)
        buy(http, MARA)
        for other in others:
            other.join(SHORT)

    assert handled, (
        "After one purchase, `send_email` was not called. The docstring asks for one "
        "call in a background task. Look at the `BackgroundTasks` that you add it to."
    )
    assert handled[0], (
        "While `send_email` ran, another purchase got no response. The docstring asks "
        "that the application handles other requests meanwhile. Look at the function "
        "that you pass to `add_task`, and at whether it blocks the event loop."
    )


def runs_in_event_loop() -> bool:
    """Return whether this thread runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def buy(http: Any, purchase: dict[str, str]) -> None:
    """Send a purchase. Whether it fails is asked by another test."""
    with suppress(Exception):
        http.post("/tickets", json=purchase)


async def test_q1_overlapping_purchases_get_their_own_emails(answers, mailbox):
    app = fastapi_app(
        answers.tickets_app(address(answers, mailbox)), "tickets_app(server)"
    )
    async with async_client(app) as inner:

        async def buy_another() -> None:
            await post(inner, "/tickets", PURCHASES[1])

        async with async_client(Observed(app, buy_another)) as http:
            await post(http, "/tickets", MARA)

    when = (
        "After two purchases, the second one before the task of the first one had run"
    )
    assert_emails(mailbox, PURCHASES, when)


async def post(http: httpx2.AsyncClient, path: str, body: object) -> None:
    """Send a purchase. A failure names the exception."""
    try:
        await http.post(path, json=body)
    except Exception as error:
        raise failed(f"POST {path}", error) from error


def assert_in_background(made: Any, name: str) -> None:
    """Fail unless a background task has run."""
    assert made["starlette.background.BackgroundTask.__call__"] > 0, (
        f"The request ran no background task. The docstring asks for a background task "
        f"that calls `{name}`: add it to the `BackgroundTasks` of the request. Look at "
        "the parameters of your endpoint, and at `add_task`."
    )


HINTS = {
    "status of /print": "The response is sent first. Then the task raises OSError.",
    "emails of /print": "Look at the loop in `BackgroundTasks.__call__`.",
    "emails of /sold-out": "The tasks belong to the response of the endpoint itself.",
    "emails after kill": "A task is stored only in the memory of the process.",
    "emails after Ctrl-C": "At a shutdown, Uvicorn waits for what still runs.",
    "request during /remind": "An `async def` task runs in the event loop's thread.",
}


def prediction(answers, key: str) -> object:
    """Return one of the predictions."""
    predicted = attempt("`predictions()`", answers.predictions)
    try:
        return predicted[key]
    except (TypeError, LookupError):
        return "missing from your dict"


def assert_predicted(predicted: object, seen: object, key: str) -> None:
    """Fail unless the prediction is what the run has shown."""
    same = predicted == seen and not isinstance(predicted, bool)
    assert same, (
        f'Your prediction for "{key}" is {in_words(predicted)}. The run of `sales_app` '
        f'had another result. {HINTS[key]} Look at "What a background task does not '
        'do" in the notes.'
    )


def test_q2_the_status_of_print_is_predicted(answers, mailbox):
    predicted = prediction(answers, "status of /print")
    with client(answers.sales_app(address(answers, mailbox)), raises=False) as http:
        seen = http.post("/print", json=MARA).status_code

    assert_predicted(predicted, seen, "status of /print")


@pytest.mark.parametrize("path", ["/print", "/sold-out"])
def test_q2_the_emails_of_an_endpoint_are_predicted(answers, mailbox, path):
    predicted = prediction(answers, f"emails of {path}")
    with client(answers.sales_app(address(answers, mailbox)), raises=False) as http:
        http.post(path, json=MARA)

    assert_predicted(predicted, len(mailbox.messages), f"emails of {path}")


@pytest.mark.parametrize(
    ("key", "number"),
    [("kill", signal.Signals(9)), ("Ctrl-C", signal.SIGINT)],
    ids=["kill", "Ctrl-C"],
)
def test_q2_the_emails_after_the_end_of_the_process_are_predicted(
    answers, mailbox, key, number
):
    predicted = prediction(answers, f"emails after {key}")
    server = address(answers, mailbox)
    really_send = copy(answers.send_email)

    def send_late(*arguments: Any) -> None:
        os.kill(os.getpid(), number)
        really_send(*arguments)

    def create() -> FastAPI:
        app: FastAPI = answers.sales_app(server)
        return app

    with server_process(create, answers.send_email, send_late) as (running, url):
        httpx2.post(f"{url}/email", json=MARA, trust_env=False, verify=False)
        running.report()
    with server_process(create) as (running, url):
        httpx2.get(f"{url}/docs", trust_env=False, verify=False)
        running.interrupt()
        running.report()

    assert_predicted(predicted, len(mailbox.messages), f"emails after {key}")


def copy(function: Any) -> Any:
    """Return a copy of a function that keeps its code when a stand-in comes."""
    return type(function)(function.__code__, function.__globals__)


@contextmanager
def server_process(
    create: Callable[[], FastAPI], function: Any = None, replacement: Any = None
) -> Iterator[tuple[Forked, str]]:
    """Yield a process in which Uvicorn serves an application, and its URL.

    In this process, `replacement` stands in for `function`.
    """
    port = free_port()

    def run() -> None:
        if function is not None:
            stand_in(function, replacement)
        uvicorn.run(create(), port=port, log_config=None)

    try:
        process = forked(run)
    except Unavailable as missing:
        pytest.skip(str(missing))
    with process as running:
        report = running.report()
        assert not isinstance(report, Ended), (
            "Uvicorn has not started the application"
            + (f"; it ended with {report.raised}" if report.raised else "")
            + ". Look at what runs when the server starts."
        )
        yield running, f"http://127.0.0.1:{port}"


def test_q2_the_request_during_remind_is_predicted(answers, mailbox):
    predicted = prediction(answers, "request during /remind")
    mailbox.accepts.clear()
    with serve(answers.sales_app(address(answers, mailbox))) as server:
        server.client.post("/remind", json=MARA)
        other = threading.Thread(
            target=lambda: httpx2.get(
                f"{server.url}/docs", trust_env=False, verify=False, timeout=PATIENCE
            )
        )
        other.start()
        other.join(0.3)
        seen = "waits" if other.is_alive() else "returns"
        mailbox.accepts.set()
        other.join()

    assert_predicted(predicted, seen, "request during /remind")


@pytest.fixture
def database(answers) -> Iterator[Engine]:
    """Yield an engine with the empty table of the emails."""
    with sqlite_engine() as engine:
        answers.Base.metadata.create_all(engine)
        yield engine


def reliable(answers, engine: Engine, mailbox: Mailbox) -> FastAPI:
    """Return the application of 4.2.3."""
    app = answers.reliable_app(engine, address(answers, mailbox))
    return fastapi_app(app, "reliable_app(engine, server)")


def start(app: FastAPI) -> Any:
    """Return a context manager with a client of the started application."""

    @contextmanager
    def started() -> Iterator[Any]:
        running = client(app, raises=False)
        try:
            http = running.__enter__()
        except OSError as error:
            raise AssertionError(
                f"The application did not start: {in_words(error)}. This is an "
                "OSError. The docstring asks that `send_outstanding` continues with "
                "the next email after an OSError. Look at your `send_outstanding`."
            ) from error
        try:
            yield http
        finally:
            running.__exit__(None, None, None)

    return started()


def fill(answers, engine: Engine, *recipients: str) -> None:
    """Store an outstanding email for each recipient."""
    for to in recipients:
        answers.add_email(engine, to, f"Hello {to}")


def waiting(answers, engine: Engine) -> list[tuple[str, str]]:
    """Return the recipient and the text of each outstanding email."""
    return [(one.to, one.text) for one in answers.outstanding_emails(engine)]


REFUSED = ConnectionRefusedError("The mail server is not reachable.")


def fail_for(answers, recipient: str, error: OSError = REFUSED) -> None:
    """Let `send_email` raise an OSError for one recipient."""
    really_send = copy(answers.send_email)
    tries: list[str] = []

    def send(server: Any, to: str, text: str) -> None:
        if to == recipient:
            tries.append(to)
            if len(tries) > 9:
                raise AssertionError(
                    f"`send_email` has raised {len(tries)} OSErrors for one email. The "
                    "docstring asks that `send_outstanding` continues with the next "
                    "email. Look at how often your loop tries an email."
                )
            raise error
        really_send(server, to, text)

    stand_in(answers.send_email, send)


@pytest.mark.parametrize("purchase", PURCHASES, ids=["Mara", "another purchase"])
def test_q3_the_email_is_stored_before_the_response(
    answers, database, mailbox, purchase
):
    app = reliable(answers, database, mailbox)
    observed = Observed(app, lambda: waiting(answers, database))
    with start(observed) as http:
        response = request(http, "POST", "/tickets", json=purchase)

    assert_response(response, 202, purchase)
    wanted = [(purchase["email"], f"Your ticket: {purchase['event']}")]
    seen = observed.seen[-1]
    assert seen == wanted, (
        f"When the response ended, the outstanding emails were {in_words(seen)}. The "
        f"docstring asks for {in_words(wanted)}, and to send it later. Look at which "
        "line stores the email."
    )


def test_q3_the_email_is_sent_and_marked_after_the_response(answers, database, mailbox):
    app = reliable(answers, database, mailbox)
    observed = Observed(app, lambda: len(mailbox.messages))
    with start(observed) as http:
        for purchase in PURCHASES:
            request(http, "POST", "/tickets", json=purchase)

    wanted = [(one["email"], f"Your ticket: {one['event']}") for one in PURCHASES]
    assert (observed.seen, read(mailbox.messages)) == ([0, 1], wanted), (
        f"Two responses ended when {in_words(observed.seen)} emails had been sent. In "
        f"the end, the server has {in_words(read(mailbox.messages))}. The docstring "
        "asks for one email after each response. Look at your `buy_ticket`."
    )
    marks = [(one.to, one.is_sent) for one in stored(answers, database)]
    assert marks == [(to, True) for to, _ in wanted], (
        "Both emails were sent. Now the table has these emails, with `is_sent`: "
        f"{in_words(marks)}. The docstring asks that both are in the table, and marked "
        "as sent. Look at what your `send` does after `send_email`."
    )


def stored(answers, engine: Engine) -> list[Any]:
    """Return all emails in the table."""
    with Session(engine) as session:
        return list(session.scalars(select(answers.Email).order_by(answers.Email.id)))


def test_q3_the_task_sends_only_the_email_of_its_request(answers, database, mailbox):
    own = (MARA["email"], f"Your ticket: {MARA['event']}")
    others: list[int] = []

    def store_others() -> None:
        """Store emails of other requests, whose tasks have not run yet."""
        for to, text in [("lu@example.org", "Hello"), own, (own[0], "Hello")]:
            others.append(answers.add_email(database, to, text).id)

    app = Observed(reliable(answers, database, mailbox), store_others)
    with start(app) as http:
        store_others()
        request(http, "POST", "/tickets", json=MARA)

    left = [one.id for one in answers.outstanding_emails(database)]
    sent = read(mailbox.messages)
    assert (sent, left) == ([own], others), (
        f"The emails {others} are of other requests. A task sent {in_words(sent)}; "
        f"then {left} were outstanding. The docstring asks a task to send and mark the "
        "email of its own request only. Look at what you pass to `add_task`."
    )


def test_q3_two_applications_use_their_own_tables(answers, database, mailbox):
    app = reliable(answers, database, mailbox)
    with sqlite_engine() as other:
        answers.Base.metadata.create_all(other)
        answers.reliable_app(other, answers.MailServer("127.0.0.1", 9))
        fill(answers, database, "lu@example.org")
        with start(app) as http:
            request(http, "POST", "/tickets", json=MARA)
        strange = stored(answers, other)

    own = [(one.to, one.is_sent) for one in stored(answers, database)]
    wanted = [("lu@example.org", True), (MARA["email"], True)]
    assert (own, len(strange)) == (wanted, 0), (
        "`reliable_app` was called for two engines, and the first application sent two "
        f"emails. Its table has {in_words(own)}; the other one has {len(strange)} "
        "emails. The docstring asks to use `engine` and `server` of the application. "
        "Look at where your functions get them from."
    )


def test_q3_the_next_process_sends_the_email_of_a_killed_one(
    answers, database, mailbox
):
    app = reliable(answers, database, mailbox)
    with start(app):
        pass
    url = database.url
    database.dispose()

    def create() -> FastAPI:
        return reliable(answers, create_engine(url), mailbox)

    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.Signals(9))

    with server_process(create, answers.send_email, die) as (running, where):
        purchase_at(where)
        running.report()
    with server_process(create) as (running, _):
        running.interrupt()
        running.report()

    wanted = [(MARA["email"], f"Your ticket: {MARA['event']}")]
    assert read(mailbox.messages) == wanted, (
        f"The process was killed when it called `send_email`. After the next start, "
        f"the mail server has {in_words(read(mailbox.messages))}. The docstring asks "
        "for the email of the purchase. Look at when you store it and when you mark it."
    )


def purchase_at(url: str) -> None:
    """Buy a ticket from a server that can be killed meanwhile."""
    try:
        response = httpx2.post(
            f"{url}/tickets", json=MARA, trust_env=False, verify=False
        )
    except httpx2.HTTPError as error:
        raise AssertionError(
            f"The process was killed when it called `send_email`, and the client of "
            f"`POST /tickets` got no response: {in_words(error)}. The docstring asks "
            "to send the email after the response. Look at your `buy_ticket`."
        ) from error
    assert_response(response, 202, MARA)


def test_q3_an_email_is_sent_only_once(answers, database, mailbox):
    fill(answers, database, "lu@example.org")
    for _ in range(3):
        with start(reliable(answers, database, mailbox)) as http:
            request(http, "POST", "/tickets", json=MARA)

    sent = sorted(to for to, _ in read(mailbox.messages))
    assert sent == ["lu@example.org", *[MARA["email"]] * 3], (
        f"One email was outstanding, and the server was started three times, with one "
        f"purchase each time. The emails went to {in_words(sent)}. The docstring asks "
        "to mark each email as sent. Look at where you call `mark_sent`."
    )


def test_q3_an_email_is_marked_before_the_next_one_is_sent(answers, database, mailbox):
    fill(answers, database, "a@example.com", "b@example.com", "a@example.com")
    seen: list[int] = []

    def look(*_: object, **__: object) -> None:
        seen.append(len(waiting(answers, database)))

    stand_in(answers.send_email, look)
    with start(reliable(answers, database, mailbox)):
        pass

    assert seen == [3, 2, 1], (
        "Three emails were outstanding at the start: two equal ones to a, and one to "
        f"b. When `send_email` was called, {in_words(seen)} were not marked as sent. "
        "The docstring asks for [3, 2, 1]: mark each email before the next one is "
        "sent. Look at the loop of `send_outstanding`."
    )


@pytest.mark.parametrize(
    "error",
    [REFUSED, SMTPRecipientsRefused({}), OSError("The network is down.")],
    ids=lambda error: type(error).__name__,
)
def test_q3_an_email_that_fails_at_the_start_stays_outstanding(
    answers, database, mailbox, error
):
    app = reliable(answers, database, mailbox)
    bad = "b@example.com"
    fill(answers, database, "a@example.com", bad, bad, "c@example.com")
    fail_for(answers, bad, error)
    with start(app):
        pass

    sent = [to for to, _ in read(mailbox.messages)]
    left = [to for to, _ in waiting(answers, database)]
    assert (sorted(sent), left) == (["a@example.com", "c@example.com"], [bad, bad]), (
        f"Of the emails to a, b, b and c, both to b raised {type(error).__name__}, an "
        f"OSError. Sent: {in_words(sent)}; outstanding: {in_words(left)}. The "
        "docstring asks that those to b stay outstanding, and c is sent. Look at your "
        "`send_outstanding`."
    )


def test_q3_an_email_that_fails_in_a_task_stays_outstanding(answers, database, mailbox):
    fail_for(answers, MARA["email"])
    with start(reliable(answers, database, mailbox)) as http:
        response = request(http, "POST", "/tickets", json=MARA)

    assert_response(response, 202, MARA)
    left = [to for to, _ in waiting(answers, database)]
    assert left == [MARA["email"]], (
        f"`send_email` raised an OSError in a background task. Then the emails to "
        f"{in_words(left)} were outstanding. The docstring asks to mark an email as "
        "sent only after `send_email` has returned. Look at your `send`."
    )


START = datetime(2026, 3, 28, 20, 0, 30, 123456, tzinfo=UTC)


def get_event(http: Any, event: str, user: str) -> httpx2.Response:
    """Return the response to a user who looks at an event."""
    return request(http, "GET", f"/events/{event}", headers={"X-User": user})


def entries(log: Path) -> list[tuple[str, str]]:
    """Return the user and the action of each line of the log."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [(one["user"], one["action"]) for one in map(json.loads, lines)]


@pytest.mark.parametrize("event", ["jazz", "poetry slam"])
def test_q4_get_event_returns_the_event(answers, tmp_path, event):
    app = answers.events_app(tmp_path / "log.jsonl")
    with client(fastapi_app(app, "events_app(log)")) as http:
        response = get_event(http, event, "mara")

    assert_response(response, 200, {"event": event})


def test_q4_each_request_is_logged_with_its_user_and_event(answers, tmp_path):
    activities = [("mara", "jazz"), ("Lu", "Čaj & slam"), ("mara", "jazz")]
    log = tmp_path / "log.jsonl"
    app = answers.events_app(log)
    answers.events_app(tmp_path / "other.jsonl")
    with client(fastapi_app(app, "events_app(log)")) as http:
        for user, event in activities:
            get_event(http, event, user)

    wanted = [(user, f"viewed {event}") for user, event in activities]
    assert entries(log) == wanted, (
        f"After three requests, the log has {in_words(entries(log))}. The docstring "
        f"asks for {in_words(wanted)}. Look at the arguments of `add_task`, and at the "
        "`BackgroundTasks` that it belongs to."
    )


async def test_q4_the_activity_is_logged_after_the_response(answers, tmp_path):
    log = tmp_path / "log.jsonl"
    app = fastapi_app(answers.events_app(log), "events_app(log)")
    observed = Observed(app, lambda: entries(log))
    written = count_calls(answers.write_activity)
    with calls() as made:
        async with async_client(observed) as http:
            await view(http, "jazz", "mara")

    assert_in_background(made, "write_activity")
    assert len(written) == 1, (
        f"After one request, `write_activity` was called {len(written)} times. The "
        "docstring asks for one call in a background task. Look at the "
        "`BackgroundTasks` that you add it to."
    )
    assert (observed.seen, entries(log)) == ([[]], [("mara", "viewed jazz")]), (
        f"When the response ended, the log had {in_words(observed.seen)}; later "
        f"{in_words(entries(log))}. The docstring asks to write one line, after the "
        "response. Look at which line calls `write_activity`."
    )


def count_calls(function: Any) -> list[None]:
    """Return a list that gets an entry with each call of a function."""
    made: list[None] = []
    really_call = copy(function)

    def call(*arguments: Any, **named: Any) -> Any:
        made.append(None)
        return really_call(*arguments, **named)

    stand_in(function, call)
    return made


async def test_q4_the_time_in_the_log_is_the_time_of_the_request(answers, tmp_path):
    log = tmp_path / "log.jsonl"
    clock = [START]
    stand_in(answers.now, lambda: clock[-1])
    app = fastapi_app(answers.events_app(log), "events_app(log)")

    async with async_client(app) as inner:

        async def pass_time() -> None:
            """Let 5 minutes pass, and a request of another user come."""
            clock.append(clock[-1] + timedelta(minutes=5))
            await view(inner, "slam", "lu")

        async with async_client(Observed(app, pass_time)) as http:
            await view(http, "jazz", "mara")
    logged = sorted(entries(log))
    assert logged == [("lu", "viewed slam"), ("mara", "viewed jazz")], (
        "mara viewed jazz, and lu viewed slam before the task of mara had run. The log "
        f"has {in_words(logged)}. The docstring asks for one line for each request. "
        "Look at what the task reads when it runs."
    )
    lines = log.read_text(encoding="utf-8").splitlines()
    seen = {one["user"]: one["at"] for one in map(json.loads, lines)}
    wanted = {"mara": clock[0].isoformat(), "lu": clock[1].isoformat()}
    assert seen == wanted, (
        "The request of lu came 5 minutes after that of mara, and before its task had "
        f"run. The log has {in_words(seen)}. The docstring asks for "
        f"{in_words(wanted)}. Look at which line calls `now()`."
    )


async def view(http: httpx2.AsyncClient, event: str, user: str) -> None:
    """Look at an event. A failure names the exception."""
    try:
        await http.get(f"/events/{event}", headers={"X-User": user})
    except Exception as error:
        raise failed(f"GET /events/{event}", error) from error
