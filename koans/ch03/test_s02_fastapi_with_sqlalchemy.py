"""The tests of section 3.2."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import Annotated, Any, NamedTuple

import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.exceptions import ResponseValidationError
from fastapi.responses import PlainTextResponse
from pydantic import ValidationError
from sqlalchemy import Engine, MetaData, event, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool
from starlette.testclient import TestClient

from lab import (
    Rendezvous,
    attempt,
    client,
    connections,
    engine_for,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    sqlite_engine,
    stand_in,
    statements,
)

# Seconds after which a thread waits no longer for another one. A right answer never
# needs them.
PATIENCE = 10


class Status(int):
    """The status code of a response. A 500 names the exception that caused it."""

    cause: Exception | None = None

    def __repr__(self) -> str:
        """Return the number, and the exception in brackets."""
        return f"{int(self)}" + (f" ({reason(self.cause)})" if self.cause else "")

    def __format__(self, spec: str) -> str:
        """Return the same in an f-string."""
        return repr(self)


class Reply(NamedTuple):
    """What a client gets: the status code, and the body as JSON or text."""

    status: Status
    body: Any


def reason(error: Exception) -> str:
    """Return an exception in words; of failed validations the first one."""
    if isinstance(error, ResponseValidationError | ValidationError):
        words = f"{type(error).__name__}: {error.errors()[0]['msg']}"
    else:
        words = in_words(error)
    return words if len(words) <= 90 else f"{words[:87]}..."


def send(shop: TestClient, method: str, path: str, body: Any = None) -> Reply:
    """Return the reply to a request."""
    result = outcome(lambda: shop.request(method, path, json=body))
    if isinstance(result, Exception):
        status = Status(500)
        status.cause = result
        return Reply(status, None)
    return Reply(Status(result.status_code), json_or_text(result))


def statuses_of(replies: list[Reply]) -> list[Status]:
    """Return the status codes of replies."""
    return [reply.status for reply in replies]


class Hold:
    """Holds the first call until the block of `during` ends.

    A call in the thread of an event loop is not held: nothing else could run then.
    """

    def __init__(self) -> None:
        self.holding = False
        self._reached = Event()
        self._released = Event()

    def __call__(self) -> None:
        """Wait, if this is the first call."""
        if self._reached.is_set():
            return
        self._reached.set()
        if not in_event_loop():
            self.holding = True
            self._released.wait(PATIENCE)
            self.holding = False

    @contextmanager
    def during(self, request: Callable[[], Any]) -> Iterator[Future]:
        """Run the block while `request`, in a thread of its own, is held."""
        with ThreadPoolExecutor(1) as thread:
            future = thread.submit(request)
            future.add_done_callback(lambda _: self._reached.set())
            self._reached.wait(PATIENCE)
            try:
                yield future
            finally:
                self._released.set()


def in_event_loop() -> bool:
    """Return whether this thread runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@pytest.fixture
def engine(answers) -> Iterator[Engine]:
    """Return an engine on a SQLite database that has the tables of the shop."""
    with sqlite_engine() as engine:
        answers.Base.metadata.create_all(engine)
        yield engine


@pytest.fixture
def postgres_engine(answers, postgres) -> Iterator[Engine]:
    """Return an engine on a PostgreSQL database that has the tables of the shop."""
    with engine_for(postgres.url) as engine:
        answers.Base.metadata.create_all(engine)
        yield engine


def rows_in(model: Any, engine: Engine) -> list[dict[str, Any]]:
    """Return the rows of a model's table, as a new connection reads them."""
    table = model.__table__
    with engine.connect() as connection:
        rows = connection.execute(select(table).order_by(table.c.id))
        return [dict(row) for row in rows.mappings()]


def save(engine: Engine, *rows: object) -> None:
    """Save objects in the database, as another program would."""
    with Session(engine) as session:
        session.add_all(rows)
        session.commit()


MARA = {"name": "Mara", "email": "mara@example.com"}
JO = {"name": "Jo", "email": "Jo.K@example.org"}
# Another user with Mara's address. Spaces and small letters belong to the name.
MARA_TOO = MARA | {"name": " Mara  de B "}


@contextmanager
def users_shop(answers, engine: Engine) -> Iterator[TestClient]:
    """Return a client of 3.2.1."""
    with client(fastapi_app(answers.users_app(engine), "users_app(engine)")) as shop:
        yield shop


def test_q1_a_new_user_is_committed(answers, engine):
    with users_shop(answers, engine) as shop:
        statuses = statuses_of(
            [send(shop, "POST", "/users", user) for user in (MARA, JO, MARA_TOO)]
        )

    rows = rows_in(answers.User, engine)
    found = [{"name": row["name"], "email": row["email"]} for row in rows]
    assert found[:2] == [MARA, JO], (
        f"Mara and Jo were sent to `POST /users`. The status codes are {statuses}, and "
        f"the table `users` has {in_words(found)}. The docstring asks to save both, "
        "unchanged, and to commit. Look at the values, and at what ends the "
        "transaction."
    )
    assert found[2:] == [MARA_TOO], (
        f"After Mara, {MARA_TOO} was sent. The status codes are {statuses}, and the "
        f"new rows are {in_words(found[2:])}. The docstring asks to save a new user "
        "for each request, unchanged. Look at the values of your `User`, and at what "
        "your code compares."
    )


def test_q1_each_application_uses_its_own_database(answers, engine):
    with sqlite_engine() as other, users_shop(answers, engine) as shop:
        answers.Base.metadata.create_all(other)
        answers.users_app(other)
        status = send(shop, "POST", "/users", MARA).status
        found = [len(rows_in(answers.User, each)) for each in (engine, other)]

    assert found == [1, 0], (
        "`users_app` was called twice, for two databases. Then one user was sent to "
        f"the first application, which returned {status}. The numbers of users in the "
        f"two databases are {found}. The docstring asks to save it in the database of "
        "`engine`. Look at where your sessions get their engine."
    )


def let_the_database_count(answers, engine: Engine, last: int) -> None:
    """Create `users` again. Its next id is `last` + 1, and the table is empty."""
    table = answers.User.__table__
    copy = table.to_metadata(MetaData())
    copy.dialect_options["sqlite"]["autoincrement"] = True
    table.drop(engine)
    copy.create(engine)
    with engine.begin() as connection:
        kim = {"id": last, "name": "Kim", "email": "kim@example.net"}
        connection.execute(copy.insert().values(kim))
        connection.execute(copy.delete())


def test_q1_the_response_is_201_with_the_id_from_the_database(answers, engine):
    let_the_database_count(answers, engine, 40)

    with users_shop(answers, engine) as shop:
        replies = [send(shop, "POST", "/users", user) for user in (MARA, JO, MARA)]

    statuses = statuses_of(replies)
    assert statuses[:2] == [201, 201], (
        f"Two users were sent to `POST /users`. The status codes are {statuses[:2]}. "
        "The docstring asks for 201. Look at the decorator and at the `return` "
        "statement."
    )
    assert statuses[2] == 201, (
        "After Mara and Jo, another Mara was sent, with the same address. The status "
        f"code is {statuses[2]}. The docstring says that several users can have the "
        "same name and address. Look at what your code compares."
    )
    bodies, rows = [reply.body for reply in replies], rows_in(answers.User, engine)
    assert bodies == rows, (
        f"The rows are {in_words(rows)}, and the responses are {in_words(bodies)}. The "
        "docstring asks for a `UserOut`. Look at the `return` statement."
    )
    ids = [row["id"] for row in rows]
    assert ids == [41, 42, 43], (
        f"Three users were saved, and their ids are {ids}. The next ids of the "
        "database were [41, 42, 43]. The docstring asks that the database assigns the "
        "`id`. Look at the values of your `User`."
    )


BODIES = {
    "null": None,
    "a number": 7,
    "a text": "Mara",
    "a list": [MARA],
    "an empty object": {},
    "a null name": MARA | {"name": None},
    "a list as name": MARA | {"name": ["Mara"]},
    "no e-mail address": MARA | {"email": "Mara"},
}


@pytest.mark.parametrize("body", BODIES)
def test_q1_a_body_that_is_not_a_user_returns_422(answers, engine, body):
    with users_shop(answers, engine) as shop:
        status = send(shop, "POST", "/users", BODIES[body]).status

    rows = rows_in(answers.User, engine)
    assert (status, rows) == (422, []), (
        f"`POST /users` with {BODIES[body]!r} returned {status}, and the table has "
        f"{in_words(rows)}. The docstring asks for a `UserIn`, and for other bodies "
        "FastAPI returns 422 then. Look at the type of the endpoint's parameter."
    )


@pytest.mark.parametrize("ending", ["after a success", "after an error"])
def test_q1_the_session_is_closed(answers, engine, ending):
    with users_shop(answers, engine) as shop:
        if ending == "after an error":
            answers.User.__table__.drop(engine)
        with connections(engine) as pool:
            status = send(shop, "POST", "/users", MARA).status

    assert pool.lent > 0, (
        f"`POST /users` returned {status} and used no connection of `engine`. The "
        "docstring asks to save the user in the database of `engine`. Look at where "
        "your sessions get their engine."
    )
    assert pool.out == 0, (
        f"`POST /users` returned {status}, and {pool.out} connection is not back in "
        "the pool. The docstring asks for this, also after an error. Look at the line "
        "that closes the session, and at whether it runs in this case."
    )


# SQLAlchemy warns of a session that two threads use at once.
@pytest.mark.filterwarnings("ignore:Usage of the 'Session.add")
@pytest.mark.timeout(60)
def test_q1_every_request_has_its_own_session(answers, engine):
    hold = Hold()
    event.listen(engine, "checkout", lambda *_: hold())

    with (
        users_shop(answers, engine) as shop,
        hold.during(lambda: send(shop, "POST", "/users", JO)) as jo,
    ):
        statuses = [send(shop, "POST", "/users", MARA).status]
    statuses.append(jo.result().status)

    names = sorted(row["name"] for row in rows_in(answers.User, engine))
    assert (statuses, names) == ([201, 201], ["Jo", "Mara"]), (
        "Mara was sent while the request for Jo took a connection. The status codes "
        f"are {statuses}, and the table has {names}. The docstring asks for a new "
        "session for every request. Look at where your code opens it."
    )


class Pools:
    """The connections of all pools: the answer of 3.2.2 creates its engine itself."""

    def __init__(self) -> None:
        self.opened = 0
        self.lent: dict[int, object] = {}
        self._open: dict[int, Any] = {}

    @contextmanager
    def watched(self) -> Iterator["Pools"]:
        """Watch all pools during the block, and close what they left open."""
        hooks = {
            "connect": self._connect,
            "close": lambda raw, record: self._open.pop(id(raw), None),
            # A connection that is held here is not collected as garbage.
            "checkout": lambda raw, record, proxy: self.lent.update({id(raw): proxy}),
            "checkin": lambda raw, record: self.lent.pop(id(raw), None),
        }
        for name, hook in hooks.items():
            event.listen(Pool, name, hook)
        try:
            yield self
        finally:
            for name, hook in hooks.items():
                event.remove(Pool, name, hook)
            for raw in self._open.values():
                raw.close()

    def _connect(self, raw: Any, record: Any) -> None:
        self.opened += 1
        self._open[id(raw)] = raw


@pytest.fixture
def pools() -> Iterator[Pools]:
    """Return the connections of all pools."""
    with Pools().watched() as pools:
        yield pools


@pytest.fixture
def new_url(answers, tmp_path) -> Callable[..., str]:
    """Return a function that creates a database with books, and returns its URL."""

    def create(*titles: str) -> str:
        url = f"sqlite:///{tmp_path}/shop{len(list(tmp_path.iterdir()))}.db"
        books = [{"isbn": name, "title": name, "price": 900} for name in titles]
        with engine_for(url) as engine:
            answers.Base.metadata.create_all(engine)
            save(engine, *(answers.Book(**book) for book in books))
        return url

    return create


@contextmanager
def app_shop(answers, url: str) -> Iterator[TestClient]:
    """Return a client of 3.2.2."""
    app = attempt("`create_app(url)`", answers.create_app, url)
    with client(fastapi_app(app, "create_app(url)")) as shop:
        yield shop


def a_session(given: object) -> Session:
    """Return what an endpoint got from the dependency, if it is a session."""
    if not isinstance(given, Session):
        raise TypeError(
            f"the dependency provided {in_words(given)}, which is no Session"
        )
    return given


def other_endpoints(answers, sessions: list) -> None:
    """Let `add_endpoints` add `GET /{ending}`, which keeps its session in a list."""

    def add_endpoints(app: FastAPI, open_session: Any) -> None:
        @app.get("/{ending}")
        def end(ending: str, session: Annotated[Any, Depends(open_session)]) -> None:
            sessions.append(a_session(session))
            session.execute(text("SELECT 1"))
            if ending == "conflict":
                raise HTTPException(409)
            if ending == "error":
                raise SoldOut
            if ending == "cancelled":
                raise asyncio.CancelledError

    stand_in(answers.add_endpoints, add_endpoints)


class SoldOut(Exception):
    """An error of an endpoint."""


def test_q2_the_endpoint_reads_the_database_at_the_url(answers, pools, new_url):
    urls = [new_url("Sea", "Ink"), new_url()]

    with ExitStack() as stack:
        shops = [stack.enter_context(app_shop(answers, url)) for url in urls]
        replies = [send(shop, "GET", "/titles") for shop in shops]

    statuses, titles = statuses_of(replies), [reply.body for reply in replies]
    assert statuses == [200, 200], (
        f"`GET /titles` of two applications returned {statuses}. Look at the URL of "
        "your engine, at the dependency that you pass to `add_endpoints`, and at what "
        "it yields."
    )
    assert titles == [["Ink", "Sea"], []], (
        "`create_app` was called for a database with the books Ink and Sea, and for "
        f"one without books. `GET /titles` returned {in_words(titles)}. The docstring "
        "asks for the database at `url`. Look at where your engine is created."
    )


def test_q2_every_request_gets_a_new_session(answers, pools, new_url):
    sessions: list[Session] = []
    other_endpoints(answers, sessions)

    with app_shop(answers, new_url()) as shop:
        statuses = [send(shop, "GET", "/ok").status for _ in range(3)]

    assert statuses == [200] * 3, (
        f"Three requests, whose endpoint sends a SELECT, returned {statuses}. The "
        "docstring asks for a dependency that provides a session to the endpoint. Look "
        "at what yours yields."
    )
    different = len({id(session) for session in sessions})
    assert different == 3, (
        f"Three requests, one after the other, got {different} session(s). The "
        "docstring asks for a new one for every request. Look at which line of your "
        "code creates the session, and how often it runs."
    )


def two_at_once(answers, url: str) -> tuple[list[int], list[tuple[Any, Any]]]:
    """Return the statuses of two requests at once; the sessions and connections."""
    meeting, entered, seen = Rendezvous(2), Event(), []

    def add_endpoints(app: FastAPI, open_session: Any) -> None:
        # An async endpoint leaves the thread free in which the dependency ran, and
        # the second request takes this thread.
        @app.get("/meet")
        async def meet(session: Annotated[Any, Depends(open_session)]) -> None:
            connection = a_session(session).connection().connection
            seen.append((session, connection.dbapi_connection))
            entered.set()
            await meeting.wait_async()

    stand_in(answers.add_endpoints, add_endpoints)
    with app_shop(answers, url) as shop, ThreadPoolExecutor(1) as thread:
        first = thread.submit(send, shop, "GET", "/meet")
        first.add_done_callback(lambda _: entered.set())
        entered.wait(PATIENCE)
        second = send(shop, "GET", "/meet").status
        return [first.result().status, second], seen


def test_q2_requests_at_the_same_time_use_different_connections(
    answers, pools, new_url
):
    statuses, seen = two_at_once(answers, new_url())

    assert statuses == [200, 200], (
        f"Two requests at the same time returned {statuses}. The docstring asks for "
        "a session with its own connection for each. Look at your dependency, and at "
        "the settings of your engine."
    )
    sessions, used = zip(*seen, strict=True)
    assert sessions[0] is not sessions[1], (
        "Two requests at the same time got the same session. The docstring asks for a "
        "new one for every request. Look at the line that creates the session. A "
        "session for each thread is not enough, because requests can share a thread."
    )
    assert used[0] is not used[1], (
        "Two requests at the same time used the same connection. The docstring asks "
        "for different ones: look at the settings of your engine, and at what your "
        "sessions are created with."
    )


@pytest.mark.parametrize(
    ("ending", "code"),
    [("ok", 200), ("conflict", 409), ("error", 500), ("cancelled", 500)],
)
def test_q2_the_connection_returns_to_the_pool(answers, pools, new_url, ending, code):
    sessions: list[Session] = []
    other_endpoints(answers, sessions)

    with app_shop(answers, new_url()) as shop:
        status = send(shop, "GET", f"/{ending}").status
        kept = len(pools.lent)

    assert (status, len(sessions)) == (code, 1), (
        f"A request that returns {code} without a database returned {status}. Look at "
        "what your dependency yields, and at what it does with an error."
    )
    how = "was cancelled" if ending == "cancelled" else f"returned {status}"
    assert kept == 0, (
        f"A request that {how} is over, and {kept} connection is not back in the pool. "
        "The docstring asks for this also after an error or a cancellation. Look at "
        "the line that closes the session, and at whether it runs in this case."
    )


def test_q2_later_requests_use_the_same_connection(answers, pools, new_url):
    other_endpoints(answers, [])

    with app_shop(answers, new_url()) as shop:
        first = send(shop, "GET", "/ok").status
        before = pools.opened
        statuses = [first, *(send(shop, "GET", "/ok").status for _ in range(4))]
        opened = pools.opened - before

    assert statuses == [200] * 5, (
        f"Five requests, whose endpoint sends a SELECT, returned {statuses}. The "
        "docstring asks for a dependency that provides a session. Look at what yours "
        "yields."
    )
    assert opened == 0, (
        f"After the first request, four more requests opened {opened} connection(s) to "
        "the database. The docstring asks for one engine, whose pool keeps a "
        "connection. Look at how often `create_engine` runs, and at its arguments."
    )


INK = "978-0"


def references_in(answers, engine: Engine) -> list[str]:
    """Return the references of the orders in the database."""
    with engine.connect() as connection:
        found = connection.execute(text("SELECT reference FROM orders ORDER BY id"))
        return list(found.scalars())


def place(shop: TestClient, reference: str, isbn: str = INK) -> Status:
    """Return the status code for an order."""
    return send(shop, "POST", "/orders", {"reference": reference, "isbn": isbn}).status


@pytest.fixture
def paying_shop(answers, postgres_engine) -> Iterator[TestClient]:
    """Return a client of 3.2.3."""
    save(postgres_engine, answers.Book(isbn=INK, title="Ink", price=900))
    app = answers.paying_app(postgres_engine)
    with client(fastapi_app(app, "paying_app(engine)")) as shop:
        yield shop


def while_jo_pays(answers, shop: TestClient, refused: str) -> list[Status]:
    """Place Mara's order while Jo's is in `pay`. Return the status codes of both."""
    hold, jo_was_there = Hold(), []

    def pay(reference: str) -> None:
        if reference == "Jo":
            hold()
        else:
            jo_was_there.append(hold.holding)
        if reference == refused:
            raise answers.CardRefused

    stand_in(answers.pay, pay)
    with hold.during(lambda: place(shop, "Jo")) as jo:
        mara = place(shop, "Mara")
    statuses = [jo.result(), mara]

    called = "called only when Jo's `pay` was over" if jo_was_there else "not called"
    assert jo_was_there == [True], (
        "Mara's order was sent while Jo's was in `pay`. For Mara, `pay` was "
        f"{called}. The status codes of Jo and Mara are {statuses}. The docstring asks "
        "that another order can be placed while one waits in `pay`. Look at what the "
        "second request has to wait for."
    )
    return statuses


# SQLAlchemy warns of a session that two threads use at once.
@pytest.mark.filterwarnings("ignore:Usage of the 'Session.add")
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("refused", "expected", "saved"),
    [("Mara", [201, 402], ["Jo"]), ("Jo", [402, 201], ["Mara"])],
)
def test_q3_the_card_of_another_order_makes_no_difference(
    answers, postgres_engine, paying_shop, refused, expected, saved
):
    statuses = while_jo_pays(answers, paying_shop, refused)

    found = references_in(answers, postgres_engine)
    assert (statuses, found) == (expected, saved), (
        "Mara's order was placed while Jo's was in `pay`, and the card of "
        f"{refused} was refused. The status codes of Jo and Mara are {statuses}, and "
        f"the saved orders are {found}. The docstring asks for {expected} and {saved}. "
        "Look at which session each request uses, and at when it commits."
    )


def test_q3_an_order_whose_payment_fails_is_not_saved_later(
    answers, postgres_engine, paying_shop
):
    def pay(reference: str) -> None:
        if reference == "Jo":
            raise ConnectionError("the payment service is down")

    stand_in(answers.pay, pay)
    statuses = [place(paying_shop, name) for name in ("Jo", "Mara")]

    found = references_in(answers, postgres_engine)
    assert (statuses, found) == ([500, 201], ["Mara"]), (
        "`pay` raised ConnectionError for Jo's order. After that, Mara's order was "
        f"placed. The status codes are {statuses}, and the saved orders are {found}. "
        "The docstring asks for 500 and 201, and for no order of Jo. Look at what ends "
        "the transaction when `pay` raises an error."
    )
    row = rows_in(answers.Order, postgres_engine)[0]
    assert (row["isbn"], row["price"]) == (INK, 900), (
        f"Mara ordered the book {INK!r}, whose price is 900. The saved order is "
        f"{in_words(row)}. The docstring asks to save the order. Look at the values of "
        "your `Order`."
    )


def check_charged(charged: list[str]) -> None:
    """Require that `pay` was called for the orders of a book that exists."""
    assert charged == ["Mara", "Jo", "Kim"], (
        "The orders of Mara, Jo, Kim and Li were placed, and there is no such book as "
        f"Li's. `pay` was called for {charged}. The docstring asks to call `pay` once "
        "for each order, but not if there is no such book. Look at the order of your "
        "calls."
    )


def test_q3_the_connection_returns_to_the_pool(answers, postgres_engine, paying_shop):
    errors = {"Jo": answers.CardRefused(), "Kim": ConnectionError("no network")}

    charged = []

    def pay(reference: str) -> None:
        charged.append(reference)
        if reference in errors:
            raise errors[reference]

    stand_in(answers.pay, pay)
    orders = {201: ("Mara", INK), 402: ("Jo", INK), 500: ("Kim", INK), 404: ("Li", "1")}
    statuses, out = [], {}
    with connections(postgres_engine) as pool:
        for expected, order in orders.items():
            statuses.append(place(paying_shop, *order))
            out[expected] = pool.out

    assert statuses == list(orders), (
        f"Four orders returned {statuses}. The docstring asks for {list(orders)}. Look "
        "at what your code does with each error, and at what `price_of` raises."
    )
    assert set(out.values()) == {0}, (
        "The number of connections that were not back in the pool after each request, "
        f"by status code: {out}. The docstring asks for 0 each time. Look at the line "
        "that closes the session, and at when it runs."
    )
    check_charged(charged)


SEA = {"isbn": "978-1", "title": "Sea", "price": 1900}
ICE = {"isbn": "978-2", "title": "Ice", "price": 0}


@pytest.fixture
def books_shop(answers, postgres_engine) -> Iterator[TestClient]:
    """Return a client of 3.2.4."""
    app = answers.books_app(postgres_engine)
    with client(fastapi_app(app, "books_app(engine)")) as shop:
        yield shop


def titles_in(answers, engine: Engine) -> list[str]:
    """Return the titles of the books in the database."""
    return [row["title"] for row in rows_in(answers.Book, engine)]


def check_ids(ids: list[int]) -> None:
    """Require that the database has assigned the ids of four books."""
    assert ids == [2, 3, 4, 5], (
        f"Four books were saved, and their ids are {ids}. The next ids of the database "
        "were [2, 3, 4, 5]. The database assigns the `id`, as in 3.2.1. Look at the "
        "values of your `Book`."
    )


def test_q4_the_response_is_201_with_the_saved_book(
    answers, postgres_engine, books_shop
):
    with postgres_engine.begin() as connection:  # so that the next id is not 1
        connection.execute(select(func.nextval("books_id_seq")))

    # Other books: one differs from Sea in the isbn alone; one title is almost Ice's.
    books = [SEA, ICE, SEA | {"isbn": "9781"}, ICE | {"isbn": "1", "title": " ice "}]
    replies = [send(books_shop, "POST", "/books", book) for book in books]

    statuses, bodies = statuses_of(replies), [reply.body for reply in replies]
    assert statuses == [201] * 4, (
        "Four books with the isbns '978-1', '978-2', '9781' and '1' were sent to "
        f"`POST /books`. The status codes are {statuses}. The docstring asks for 201 "
        "if no book has this `isbn`. Look at the decorator and the `return` statement, "
        "and at what your code compares."
    )
    rows = rows_in(answers.Book, postgres_engine)
    saved = [{key: row[key] for key in SEA} for row in rows]
    wrong = [pair for pair in zip(books, saved, strict=False) if pair[0] != pair[1]]
    assert saved == books, (
        f"Four books were sent to `POST /books`, and the table has {len(saved)}. Sent "
        f"and saved values that differ: {in_words(wrong)}. The docstring asks to save "
        "the values of each book unchanged. Look at your `Book`, and at the commit."
    )
    assert bodies == rows, (
        f"The rows are {in_words(rows)}, and the responses are {in_words(bodies)}. The "
        "docstring asks for a `BookOut`. Look at the `return` statement."
    )
    check_ids([row["id"] for row in rows])


BOOKS = {
    "null": None,
    "a text": "Sea",
    "a list": [SEA],
    "an empty object": {},
    "a null title": SEA | {"title": None},
    "a list as isbn": SEA | {"isbn": ["978-1"]},
    "a price beyond 64 bits": SEA | {"price": 2**70},
}


@pytest.mark.parametrize("body", BOOKS)
def test_q4_a_body_that_is_not_a_book_returns_422(
    answers, postgres_engine, books_shop, body
):
    status = send(books_shop, "POST", "/books", BOOKS[body]).status

    titles = titles_in(answers, postgres_engine)
    assert (status, titles) == (422, []), (
        f"`POST /books` with {in_words(BOOKS[body])} returned {status}, and the table "
        f"has {titles}. The docstring asks for a `BookIn`, and for other bodies "
        "FastAPI returns 422 then. Look at the type of the endpoint's parameter."
    )


def test_q4_a_taken_isbn_returns_409(answers, postgres_engine, books_shop):
    books = [SEA, ICE | {"isbn": SEA["isbn"]}, ICE]
    statuses = [send(books_shop, "POST", "/books", book).status for book in books]

    titles = titles_in(answers, postgres_engine)
    assert (statuses, titles) == ([201, 409, 201], ["Sea", "Ice"]), (
        "Three books were sent, and the second one had the isbn of the first. The "
        f"status codes are {statuses}, and the saved titles are {titles}. The "
        "docstring asks for 201, 409 and 201, and to save nothing for the 409. Look at "
        "what the INSERT of a taken isbn raises."
    )


def test_q4_the_isbn_of_a_deleted_book_is_free(answers, postgres_engine, books_shop):
    statuses = [send(books_shop, "POST", "/books", SEA).status]
    with postgres_engine.begin() as connection:  # another program deletes the book
        connection.execute(text("DELETE FROM books"))
    statuses.append(send(books_shop, "POST", "/books", SEA).status)

    titles = titles_in(answers, postgres_engine)
    assert (statuses, titles) == ([201, 201], ["Sea"]), (
        "A book was sent to `POST /books`, deleted by another program, and sent again. "
        f"The status codes are {statuses}, and the saved titles are {titles}. The "
        "docstring asks for 409 only if there is a book with this isbn. Look at where "
        "your code looks for it."
    )


def wait_for_lock(engine: Engine, request: Future) -> None:
    """Wait until a request waits for a lock in PostgreSQL, or is over."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    end = time.monotonic() + PATIENCE
    with engine.connect() as connection:
        while not request.done() and time.monotonic() < end:
            if connection.scalar(waiting):
                return
            connection.rollback()  # PostgreSQL keeps these numbers for a transaction
            time.sleep(0.01)


@pytest.mark.timeout(60)
def test_q4_another_program_saves_the_isbn_at_the_same_time(
    answers, postgres_engine, books_shop
):
    with ThreadPoolExecutor(1) as thread, Session(postgres_engine) as other:
        other.add(answers.Book(**SEA))
        other.flush()  # the INSERT is sent, the commit follows below
        request = thread.submit(
            send, books_shop, "POST", "/books", SEA | {"title": "See"}
        )
        wait_for_lock(postgres_engine, request)
        other.commit()
        status = request.result().status

    titles = titles_in(answers, postgres_engine)
    assert (status, titles) == (409, ["Sea"]), (
        "Another program had inserted the isbn, without a commit, when `POST /books` "
        f"was sent. Then it committed. `POST /books` returned {status}, and the saved "
        f"titles are {titles}. The docstring asks for 409. Look at what the INSERT "
        "raises: a SELECT sees no row that is not committed."
    )


def test_q4_another_database_error_returns_500(answers, postgres_engine, books_shop):
    answers.Book.__table__.drop(postgres_engine)

    reply = send(books_shop, "POST", "/books", SEA)

    assert reply.status == 500, (
        f"The table `books` is missing, and `POST /books` returned {reply.status}. The "
        "docstring asks for 500, because no isbn is taken. Look at which exceptions "
        "your code catches."
    )


@pytest.mark.parametrize("code", [201, 409, 500])
def test_q4_the_connection_returns_to_the_pool(
    answers, postgres_engine, books_shop, code
):
    if code == 409:
        save(postgres_engine, answers.Book(**SEA))
    if code == 500:
        answers.Book.__table__.drop(postgres_engine)

    with connections(postgres_engine) as pool:
        status = send(books_shop, "POST", "/books", SEA).status

    assert (status, pool.lent > 0) == (code, True), (
        f"`POST /books` returned {status} and took {pool.lent} connection(s) from the "
        f"pool of `engine`. The docstring asks for {code} in this case. Look at where "
        "your sessions get their engine, and at which exceptions your code catches."
    )
    assert pool.out == 0, (
        f"`POST /books` returned {status}, and {pool.out} connection is not back in "
        "the pool. The docstring asks for this with each status code. Look at the "
        "line that closes the session, and at whether it runs in this case."
    )


class Databases(NamedTuple):
    """The two databases of 3.2.5."""

    shop: Engine
    catalogue: Engine


@pytest.fixture
def databases(answers) -> Iterator[Databases]:
    """Return two databases: `books` with one book, and the other tables."""
    with sqlite_engine() as shop, sqlite_engine() as catalogue:
        book = answers.Book.__table__
        others = [answers.User.__table__, answers.Order.__table__]
        answers.Base.metadata.create_all(catalogue, tables=[book])
        answers.Base.metadata.create_all(shop, tables=others)
        save(catalogue, answers.Book(isbn=INK, title="Ink", price=900))
        yield Databases(shop, catalogue)


def factory(answers, databases: Databases) -> Callable[[], Session]:
    """Return what `session_factory` returned, if it returns sessions."""
    new_session = answers.session_factory(*databases)
    assert callable(new_session), (
        f"`session_factory` returned {in_words(new_session)}. The docstring asks for a "
        "callable that returns a new session with each call. Look at the `return` "
        "statement."
    )
    session = attempt("Calling the result of `session_factory`", new_session)
    assert isinstance(session, Session), (
        f"The result of `session_factory`, when called, returned {in_words(session)}. "
        "The docstring asks for a session. Look at the `return` statement."
    )
    return new_session


def test_q5_each_call_returns_a_new_session(answers, databases):
    new_session = factory(answers, databases)

    first, second = new_session(), new_session()

    assert first is not second, (
        "Two calls of the result of `session_factory` returned the same session. The "
        "docstring asks for a new session with each call. Look at the line that "
        "creates the session, and at how often it runs."
    )


ROWS = {
    "User": JO,
    "Order": {"reference": "B2", "isbn": INK, "price": 900},
    "Book": SEA,
}


@pytest.mark.parametrize("name", ROWS)
def test_q5_each_class_is_in_its_database(answers, databases, name):
    model, values = getattr(answers, name), ROWS[name]
    home = databases.catalogue if name == "Book" else databases.shop
    # Other factories, before and after, must not change this one.
    answers.session_factory(databases.catalogue, databases.shop)
    new_session = factory(answers, databases)
    answers.session_factory(databases.catalogue, databases.shop)

    def save_one() -> None:
        with new_session() as session:
            session.add(model(**values))
            session.commit()

    error = outcome(save_one)
    rows = [{key: row[key] for key in values} for row in rows_in(model, home)]
    assert (error, values in rows) == (None, True), (
        "`session_factory` was called for three factories, each with its own engines. "
        f"In a session of the second one, a new `{name}` was committed. "
        + (f"This raised {reason(error)}. " if error else "")
        + f"In the database of `{'catalogue' if name == 'Book' else 'shop'}`, where it "
        f"belongs, the table has {len(rows)} row(s). Look at the engine for each class."
    )


def test_q5_a_query_sends_no_pending_objects(answers, databases):
    new_session = factory(answers, databases)

    with statements(databases.shop) as sent, new_session() as session:
        session.add(answers.Order(**ROWS["Order"]))
        attempt("A query for books", session.scalars, select(answers.Book))
        by_query = sent.verbs
        attempt("The commit", session.commit)

    assert by_query == [], (
        "An `Order` was added to a session, and then books were queried. Before the "
        f"commit, {', '.join(by_query)} was sent to `shop`. The docstring asks to turn "
        "autoflush off. Look at the settings of your sessions."
    )
    found = references_in(answers, databases.shop)
    assert found == ["B2"], (
        f"An `Order` was added and committed. The table `orders` has {found}. The "
        "docstring asks that the commit sends pending objects. Look at the settings of "
        "your sessions."
    )


def test_q5_objects_keep_their_values_after_a_commit(answers, databases):
    new_session = factory(answers, databases)

    with statements(databases.shop) as sent:
        with new_session() as session:
            order = answers.Order(**ROWS["Order"])
            session.add(order)
            attempt("The commit", session.commit)
        price = outcome(lambda: order.price)

    price_seen = type(price).__name__ if isinstance(price, Exception) else price
    assert (price, sent.verbs) == (900, ["INSERT"]), (
        "An `Order` with the price 900 was committed, and its session was closed. Then "
        f"`order.price` is {price_seen}, and these statements were sent: "
        f"{', '.join(sent.verbs)}. The docstring asks that objects keep their values. "
        "Look at the settings of your sessions."
    )


def test_q5_the_endpoint_of_selling_app_works(answers, databases):
    app = answers.selling_app(factory(answers, databases))

    with client(app) as shop:
        status, body = send(shop, "POST", "/orders", {"reference": "A1", "isbn": INK})

    expected = {"reference": "A1", "isbn": INK, "price": 900}
    assert (status, body) == (201, expected), (
        f"`POST /orders` of `selling_app` returned {status} with the body "
        f"{in_words(body)}. The docstring asks for 201 with {expected}. Look at the "
        "settings of your sessions."
    )


class Moment(NamedTuple):
    """A status code that is being sent, and the database at this moment."""

    status: int
    orders: list[str]
    out: int


class OrderingShop:
    """A client of 3.2.6. `sent` has the moment of each response."""

    def __init__(self, answers, engine: Engine) -> None:
        self.sent: list[Moment] = []
        self._answers, self._engine = answers, engine
        self._error: Exception | None = None
        save(engine, answers.Book(isbn=INK, title="Ink", price=900))

    @contextmanager
    def open(self) -> Iterator["OrderingShop"]:
        """Start the application for the block."""
        app = fastapi_app(
            self._answers.ordering_app(self._engine), "ordering_app(engine)"
        )
        sold_out = PlainTextResponse(status_code=410)
        app.add_exception_handler(SoldOut, lambda request, error: sold_out)
        with (
            connections(self._engine) as self._pool,
            client(self._watch(app), raises=False) as self._http,
        ):
            yield self

    def _watch(self, app: FastAPI) -> Any:
        async def watched(scope: Any, receive: Any, send: Any) -> None:
            async def noted(message: Any) -> None:
                if message["type"] == "http.response.start":
                    self.sent.append(self.now(message["status"]))
                await send(message)

            try:
                await app(scope, receive, noted)
            except Exception as error:
                self._error = error
                raise

        return watched

    def now(self, status: int) -> Moment:
        """Return what is true at this moment."""
        out = self._pool.out
        return Moment(status, references_in(self._answers, self._engine), out)

    def order(self, reference: str, isbn: str = INK) -> Status:
        """Return the status code for an order."""
        self._error = None
        body = {"reference": reference, "isbn": isbn}
        status = Status(self._http.post("/orders", json=body).status_code)
        status.cause = self._error
        return status


@pytest.fixture
def ordering_shop(answers, engine) -> Iterator[OrderingShop]:
    """Return a client of 3.2.6."""
    with OrderingShop(answers, engine).open() as shop:
        yield shop


def test_q6_an_order_is_committed_when_201_is_sent(ordering_shop):
    for reference in ("A1", "A2"):
        ordering_shop.order(reference)

    seen = [(moment.status, moment.orders) for moment in ordering_shop.sent]
    assert seen == [(201, ["A1"]), (201, ["A1", "A2"])], (
        "The orders A1 and A2 were placed. The status codes, and the committed orders "
        f"at the moment when each response was sent, are {seen}. The docstring asks "
        "for [(201, ['A1']), (201, ['A1', 'A2'])]. Look at when the code after `yield` "
        "runs."
    )


def test_q6_the_connection_is_in_the_pool_when_201_is_sent(ordering_shop):
    status = ordering_shop.order("A1")

    out = [moment.out for moment in ordering_shop.sent]
    assert (status, out) == (201, [0]), (
        f"An order returned {status}. When the response was sent, {out[0]} connection "
        "was not back in the pool. The docstring asks for 201, and for the connection "
        "to be back by then. Look at when the code after `yield` runs."
    )


def check_pool_after_commit(shop: OrderingShop, error: str) -> None:
    """Require that the connection is back after an error of the commit."""
    out = shop.now(0).out
    assert out == 0, (
        f"The commit raised {error}, and the request is over, but {out} connection is "
        "not back in the pool. The docstring asks for this in each case. Look at the "
        "line that closes the session, and at whether it runs in this case."
    )


def test_q6_a_taken_reference_returns_409(ordering_shop):
    statuses = [ordering_shop.order(reference) for reference in ("A1", "A1", "A2")]

    orders = ordering_shop.now(0).orders
    assert (statuses, orders) == ([201, 409, 201], ["A1", "A2"]), (
        "The orders A1, A1 and A2 were placed. The status codes are "
        f"{statuses}, and the saved orders are {orders}. The docstring asks for 409 if "
        "the commit raises IntegrityError. Look at what happens to this error."
    )
    check_pool_after_commit(ordering_shop, "IntegrityError")


def test_q6_another_error_of_the_commit_returns_500(engine, ordering_shop):
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE orders RENAME COLUMN price TO amount"))

    status = ordering_shop.order("A1")
    assert status == 500, (
        "The table `orders` has no column `price`, so the commit raises "
        f"OperationalError. The status code is {status}. The docstring asks for 500. "
        "Look at when your code commits, and at which exceptions it catches."
    )
    check_pool_after_commit(ordering_shop, "OperationalError")


ENDINGS = {
    "an unknown book": (None, "978-9", 404),
    "an HTTPException": (HTTPException(418), INK, 418),
    "an error with a handler": (SoldOut(), INK, 410),
    "an error without a handler": (RuntimeError("no shelf"), INK, 500),
    "a cancellation": (asyncio.CancelledError(), INK, 500),
    "an IntegrityError": (
        IntegrityError("INSERT", {}, Exception("no shelf")),
        INK,
        500,
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_q6_an_error_of_the_endpoint(answers, ordering_shop, ending):
    error, isbn, expected = ENDINGS[ending]

    def reserve(isbn: str) -> None:
        if error:
            raise error

    stand_in(answers.reserve, reserve)
    status = ordering_shop.order("A1", isbn)
    after = ordering_shop.now(status)

    assert (status, after.orders) == (expected, []), (
        f"The endpoint ended with {ending}. The status code is {status}, and the saved "
        f"orders are {after.orders}. The docstring asks for no order, and that the "
        f"error reaches FastAPI unchanged. The status code is {expected} then. Look at "
        "what your code does with an error at the `yield`."
    )
    assert after.out == 0, (
        f"The endpoint ended with {ending}, and the request is over, but {after.out} "
        "connection is not back in the pool. The error is raised again at the `yield`. "
        "Look at which of your lines run then."
    )
