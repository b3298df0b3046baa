"""The tests of section 3.2."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Barrier, BrokenBarrierError, Event
from typing import Annotated, Any, NamedTuple

import httpx2
import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.exceptions import ResponseValidationError
from fastapi.responses import PlainTextResponse
from sqlalchemy import Engine, event, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool
from starlette.testclient import TestClient

from lab import (
    Rendezvous,
    client,
    connections,
    engine_for,
    sqlite_engine,
    statements,
)

# Seconds after which nobody waits for another thread any longer.
PATIENCE = 3


def checked(app: object) -> FastAPI:
    """Return `app`, which the learner has made, if it is one."""
    assert isinstance(app, FastAPI), f"What your function returns, {app!r}, is no app."
    return app


def ask(shop: TestClient, method: str, path: str, body: Any = None) -> httpx2.Response:
    """Return the answer to a request; what the app raised instead is told in words."""
    try:
        return shop.request(method, path, json=body)
    except NotImplementedError:
        raise
    except Exception as error:
        asked = f"{method} {path} {body or ''}".strip()
        raise AssertionError(f"{asked} is not answered: {gist(error)}") from error


def gist(error: Exception) -> str:
    """Return the kind of an error and the first thing that it says."""
    said = str(error)
    if isinstance(error, ResponseValidationError):
        said = error.errors()[0]["msg"]
    first_line = said.partition("\n")[0].partition(" (Background")[0]
    return f"{type(error).__name__}: {first_line}"


def read(answer: httpx2.Response) -> dict:
    """Return the JSON object in an answer; an empty dict if there is none."""
    try:
        found = answer.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


@contextmanager
def at_each(engine: Engine, table: str, do: Callable[[], object]) -> Iterator[None]:
    """Call `do` before each INSERT into `table` is sent during the block."""

    def look(connection: Any, cursor: Any, sql: str, *rest: Any) -> None:
        if sql.upper().startswith(f"INSERT INTO {table.upper()} "):
            do()

    event.listen(engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", look)


class Hold:
    """Holds the first who calls it until the others are done."""

    def __init__(self) -> None:
        self._inside = Event()
        self._gate = Rendezvous()

    def __call__(self) -> None:
        """Wait, if nobody has before."""
        if not self._inside.is_set():
            self._inside.set()
            self._gate.wait()

    @contextmanager
    def during(self, request: Callable[[], Any]) -> Iterator[Future]:
        """Run the block while `request`, in a thread of its own, is held."""
        with ThreadPoolExecutor(1) as thread:
            under_way = thread.submit(request)
            self._inside.wait(PATIENCE)
            try:
                yield under_way
            finally:
                self._gate.open()


def meeting() -> Callable[[], None]:
    """Return what holds its first two callers until both are there."""
    met = Event()
    barrier = Barrier(2, met.set)

    def meet() -> None:
        if not met.is_set():
            with suppress(BrokenBarrierError):
                barrier.wait(PATIENCE)

    return meet


@pytest.fixture
def engine(answers) -> Iterator[Engine]:
    """An engine on a SQLite database that has the tables of the shop."""
    with sqlite_engine() as engine:
        answers.Base.metadata.create_all(engine)
        yield engine


MARA = {"name": "Mara", "email": "mara@example.com", "password": "winter"}
JO = {"name": "Jo", "email": "jo@example.org", "password": "spring"}


def users_in(answers, engine: Engine) -> list[dict]:
    """Return what the next session finds in the table of users."""
    table = answers.User.__table__
    with Session(engine) as session:
        rows = session.execute(select(table).order_by(table.c.id))
        return [dict(row) for row in rows.mappings()]


def user_40(answers, engine: Engine) -> None:
    """Put a user into the table, so that the next one is not number 1."""
    with Session(engine) as session:
        kim = {"name": "Kim", "email": "kim@example.net", "password_hash": "-"}
        session.add(answers.User(id=40, **kim))
        session.commit()


def test_q1_a_new_user_is_there_for_the_next_session(answers, engine):
    answers.hash_password = lambda password: f"hash of {password}"

    with client(checked(answers.users_app(engine))) as shop:
        statuses = [ask(shop, "POST", "/users", one).status_code for one in (MARA, JO)]

    found = [
        (one["name"], one["email"], one["password_hash"])
        for one in users_in(answers, engine)
    ]
    posted = [
        (one["name"], one["email"], f"hash of {one['password']}") for one in (MARA, JO)
    ]
    assert found == posted, (
        f"Mara and Jo were posted and answered {statuses}. The next session finds "
        f"(name, email, password_hash): {found or 'nobody at all'}."
    )


def test_q1_the_client_reads_201_and_the_id_from_the_database(answers, engine):
    user_40(answers, engine)

    with client(checked(answers.users_app(engine))) as shop:
        replies = [ask(shop, "POST", "/users", user) for user in (MARA, JO)]

    statuses = [one.status_code for one in replies]
    assert statuses == [201, 201], f"Two new users were answered {statuses}."
    rows = users_in(answers, engine)[1:]
    saved = [{key: row[key] for key in ("id", "name", "email")} for row in rows]
    same = [read(one) for one in replies] == saved
    assert same, (
        f"Saved were {saved}; the clients read {[one.text for one in replies]}. "
        "A UserOut is what the database has, less the password."
    )


@pytest.mark.parametrize("email", ["mara@example.com", "Mara@example.com"])
def test_q1_a_taken_address_is_answered_409(answers, engine, email):
    with client(checked(answers.users_app(engine))) as shop:
        ask(shop, "POST", "/users", MARA)
        again = ask(shop, "POST", "/users", JO | {"email": email})
        other = ask(shop, "POST", "/users", JO)

    assert again.status_code == 409, (
        f"mara@example.com has an account. A second one for {email} was answered "
        f"{again.status_code}."
    )
    names = [row["name"] for row in users_in(answers, engine)]
    assert (other.status_code, names) == (201, ["Mara", "Jo"]), (
        f"After the 409 Jo posted an address of his own, and was answered "
        f"{other.status_code}. The next session finds {names}."
    )


@pytest.mark.parametrize("status", [201, 409])
def test_q1_the_connection_goes_back(answers, engine, status):
    with client(checked(answers.users_app(engine))) as shop:
        if status == 409:
            ask(shop, "POST", "/users", MARA)
        with connections(engine) as pool:
            answer = ask(shop, "POST", "/users", MARA)

    assert (answer.status_code, pool.lent > 0) == (status, True), (
        f"Mara was posted {'once' if status == 201 else 'twice'}. The last answer is "
        f"{answer.status_code}, and the pool had to lend {pool.lent} connection(s)."
    )
    assert pool.out == 0, (
        f"The request was answered {status} and is over; {pool.out} connection is "
        "still lent. The pool has 15 for such requests, then it has none."
    )


# SQLAlchemy warns of a session that two threads use at once.
@pytest.mark.filterwarnings("ignore:Usage of the 'Session.add")
def test_q1_requests_at_the_same_time_do_not_meet(answers, engine):
    hold = Hold()

    with client(checked(answers.users_app(engine)), raises=False) as shop:
        shop.post("/users", json=MARA)
        with at_each(engine, "users", hold):
            with hold.during(lambda: shop.post("/users", json=JO)) as jo:
                mara = shop.post("/users", json=MARA)
            statuses = [mara.status_code, jo.result().status_code]

    names = [row["name"] for row in users_in(answers, engine)]
    assert (statuses, names) == ([409, 201], ["Mara", "Jo"]), (
        f"While Jo was being saved, Mara came a second time. She was answered "
        f"{statuses[0]}, he {statuses[1]}; the next session finds {names}. "
        "What do the two requests have in common?"
    )


class Pools:
    """What all pools together have `opened`, what is `alive` of it, and what is `lent`.

    The app of 3.2.2 makes its engine itself, so that nobody else knows its pool.
    """

    def __init__(self) -> None:
        self.opened = 0
        self.alive = []
        self.lent = {}

    @contextmanager
    def watched(self) -> Iterator["Pools"]:
        """Watch all pools during the block; close what they left open."""
        hooks = {
            "connect": self._connect,
            "close": self._close,
            "checkout": self._checkout,
            "checkin": self._checkin,
        }
        for name, hook in hooks.items():
            event.listen(Pool, name, hook)
        try:
            yield self
        finally:
            for name, hook in hooks.items():
                event.remove(Pool, name, hook)
            for raw in self.alive:
                raw.close()

    def _connect(self, raw: Any, record: Any) -> None:
        self.opened += 1
        self.alive.append(raw)

    def _close(self, raw: Any, record: Any) -> None:
        self.alive = [one for one in self.alive if one is not raw]

    def _checkout(self, raw: Any, record: Any, proxy: Any) -> None:
        self.lent[id(record)] = proxy  # held here, it is not garbage that comes back

    def _checkin(self, raw: Any, record: Any) -> None:
        self.lent.pop(id(record), None)


@pytest.fixture
def pools() -> Iterator[Pools]:
    """What all pools do."""
    with Pools().watched() as pools:
        yield pools


@pytest.fixture
def url(tmp_path) -> str:
    """Where a database is going to be."""
    return f"sqlite:///{tmp_path}/shop.sqlite"


class SoldOut(Exception):
    """What an endpoint raises that nobody expects."""


def a_session(given: object) -> Session:
    """Return what an endpoint was handed, if it is a session."""
    if not isinstance(given, Session):
        kind = type(given).__name__
        raise TypeError(f"the endpoint was handed no Session, but a {kind}")
    return given


def asking_endpoints(sessions: list) -> Callable[[FastAPI, Any], None]:
    """Return other endpoints for the app of 3.2.2; they note their `sessions`."""

    def add_endpoints(app: FastAPI, open_session: Any) -> None:
        @app.get("/{ending}")
        def end(ending: str, session: Annotated[Any, Depends(open_session)]) -> str:
            sessions.append(session)
            a_session(session).execute(text("SELECT 1"))
            if ending == "refuses":
                raise HTTPException(409)
            if ending == "raises":
                raise SoldOut
            return "asked"

    return add_endpoints


def test_q2_the_tables_are_there(answers, pools, url):
    with client(checked(answers.create_app(url))) as shop:
        added = ask(shop, "POST", "/authors", {"name": "Vea Kaiser"})
        names = ask(shop, "GET", "/authors")

    assert (added.status_code, names.text) == (201, '["Vea Kaiser"]'), (
        f"In a new database the first author was answered {added.status_code}; "
        f"then GET /authors was answered {names.status_code}: {names.text}"
    )


def test_q2_the_rows_of_an_earlier_run_are_there(answers, pools, url):
    for name in ("Vea Kaiser", "Clemens Setz"):
        with client(checked(answers.create_app(url))) as shop:
            ask(shop, "POST", "/authors", {"name": name})
            names = ask(shop, "GET", "/authors").text

    assert names == '["Vea Kaiser","Clemens Setz"]', (
        "The shop was started twice, and each time an author was added. "
        f"The second time GET /authors reads {names}."
    )


def test_q2_each_request_has_a_session_of_its_own(answers, pools, url):
    sessions = []
    answers.add_endpoints = asking_endpoints(sessions)

    with client(checked(answers.create_app(url))) as shop:
        for _ in range(3):
            ask(shop, "GET", "/returns")

    assert len(sessions) == 3, f"{len(sessions)} of 3 requests got to their endpoint."
    different = len({id(one) for one in sessions})
    assert different == 3, f"Three requests were handed {different} session(s)."


@pytest.mark.parametrize("ending", ["returns", "refuses", "raises"])
def test_q2_the_connection_goes_back_however_the_request_ends(
    answers, pools, url, ending
):
    answers.add_endpoints = asking_endpoints([])

    with client(checked(answers.create_app(url)), raises=False) as shop:
        statuses = [shop.get(f"/{ending}").status_code for _ in range(2)]
        kept = len(pools.lent)

    expected = {"returns": 200, "refuses": 409, "raises": 500}[ending]
    assert statuses == [expected] * 2, (
        f"Two requests whose endpoint {ending} were answered {statuses}."
    )
    assert kept == 0, (
        f"Two requests whose endpoint {ending} are over, and {kept} connection(s) are "
        "still lent. Which of your lines runs in this case?"
    )


def test_q2_requests_at_the_same_time_have_a_connection_each(answers, pools, url):
    meet, inside, shared = meeting(), [], []

    def add_endpoints(app: FastAPI, open_session: Any) -> None:
        @app.get("/")
        def look(session: Annotated[Any, Depends(open_session)]) -> None:
            raw = a_session(session).connection().connection.dbapi_connection
            shared.append(any(one is raw for one in inside))
            inside.append(raw)
            meet()
            inside.remove(raw)

    answers.add_endpoints = add_endpoints
    app = checked(answers.create_app(url))
    with client(app) as shop, ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: ask(shop, "GET", "/"), range(2)))

    assert len(shared) == 2, f"{len(shared)} of 2 requests got to their endpoint."
    assert not any(shared), (
        "Two requests came at the same time and had one connection to the database: "
        "when one of them commits, it commits what the other one has done."
    )


def test_q2_connections_are_kept_for_later_requests(answers, pools, url):
    answers.add_endpoints = asking_endpoints([])

    with client(checked(answers.create_app(url))) as shop:
        ask(shop, "GET", "/returns")
        first = pools.opened
        for _ in range(4):
            ask(shop, "GET", "/returns")
        later = pools.opened - first

    assert first, "A session sent a statement, and no connection was opened for it."
    assert later == 0, (
        f"After the first request, four more opened {later} new connection(s). "
        "What keeps connections, and how often does your app make it?"
    )


def test_q2_no_connection_is_left_after_the_shutdown(answers, pools, url):
    answers.add_endpoints = asking_endpoints([])

    with client(checked(answers.create_app(url))) as shop:
        ask(shop, "GET", "/returns")

    assert pools.opened, "A session sent a statement, and no connection was opened."
    assert not pools.alive, (
        f"The app has shut down. Of {pools.opened} connection(s) that it opened, "
        f"{len(pools.alive)} are still open; the database server counts them."
    )


INK = "9780000000019"


def stock(answers, engine: Engine) -> None:
    """Put a book for 900 cents into the shop."""
    with Session(engine) as session:
        session.add(answers.Author(id=1, name="Vea Kaiser"))
        session.flush()
        book = {"isbn": INK, "title": "Ink", "price": 900, "author_id": 1}
        session.add(answers.Book(**book))
        session.commit()


def orders_in(answers, engine: Engine) -> list[str]:
    """Return the references of the orders that the next session finds."""
    with Session(engine) as session:
        return list(session.scalars(select(answers.Order.reference)))


def order(shop: TestClient, reference: str) -> httpx2.Response:
    """Return the answer to an order of the book."""
    return shop.post("/orders", json={"reference": reference, "isbn": INK})


def deal_cards(answers, *, refused: str, jo: Callable[[], None] | None = None) -> None:
    """Have the card company refuse one of the cards, and call `jo` for Jo's."""

    def pay(reference: str) -> None:
        if reference == "Jo" and jo:
            jo()
        if reference == refused:
            raise answers.CardRefused

    answers.pay = pay


def lent(answers, engine: Engine, shop: TestClient) -> int:
    """Return how many connections are lent while two orders are in `pay`."""
    hold = Hold()
    deal_cards(answers, refused="Mara", jo=hold)
    with connections(engine) as pool, hold.during(lambda: order(shop, "Jo")):
        order(shop, "Mara")
        return pool.most


def orders_left(answers, engine: Engine, shop: TestClient, refused: str) -> int:
    """Return how many orders there are once one of two cards was refused."""
    hold = Hold()
    deal_cards(answers, refused=refused, jo=hold)
    with hold.during(lambda: order(shop, "Jo")):
        order(shop, "Mara")
    return len(orders_in(answers, engine))


def at_once(answers, engine: Engine, shop: TestClient) -> int:
    """Return what Mara is answered while Jo's commit is being sent."""
    hold = Hold()
    deal_cards(answers, refused="Mara")
    with at_each(engine, "orders", hold), hold.during(lambda: order(shop, "Jo")):
        return order(shop, "Mara").status_code


def new_price(answers, engine: Engine, shop: TestClient) -> int:
    """Return the price that is read once another program has changed it."""
    shop.get(f"/books/{INK}/price")
    with Session(engine) as session:
        session.execute(update(answers.Book).values(price=1200))
        session.commit()
    return shop.get(f"/books/{INK}/price").json()


def still_lent(answers, engine: Engine, shop: TestClient) -> int:
    """Return how many connections are lent after a price was read."""
    with connections(engine) as pool:
        new_price(answers, engine, shop)
        return pool.out


SITUATIONS = {
    "lent": lent,
    "hers refused": lambda *world: orders_left(*world, refused="Mara"),
    "his refused": lambda *world: orders_left(*world, refused="Jo"),
    "at once": at_once,
    "price": new_price,
    "left": still_lent,
}


def entry(outcomes: object, *keys: str) -> object:
    """Return what the learner predicts under `keys`; None if there is nothing."""
    for key in keys:
        outcomes = outcomes.get(key) if isinstance(outcomes, dict) else None
    return outcomes


# SQLAlchemy warns of a session that two threads use at once.
@pytest.mark.filterwarnings("ignore:Usage of the 'Session.add")
@pytest.mark.parametrize("kind", ["shared", "local"])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_q3_the_outcome_is_predicted(answers, engine, situation, kind):
    predicted = entry(answers.outcomes(), situation, kind)
    stock(answers, engine)
    app = answers.shared_app(engine) if kind == "shared" else answers.local_app(engine)

    with client(app, raises=False) as shop:
        observed = SITUATIONS[situation](answers, engine, shop)

    same = predicted == observed
    assert same, (
        f'"{situation}", {kind}: you expect {predicted}, the shop says otherwise. '
        "Whose session is it at that moment, and whose transaction?"
    )


SEA = {"isbn": "978-1", "title": "Sea", "price": 1900, "author": "Vea Kaiser"}
ICE = {"isbn": "978-2", "title": "Ice", "price": 2200, "author": "Clemens Setz"}


@pytest.fixture
def shelves(answers, postgres) -> Iterator[Engine]:
    """An engine on a PostgreSQL database with the tables and three authors."""
    # Who waits for a lock of somebody that has gone home is told so.
    options = {"options": "-c lock_timeout=5000"}
    with engine_for(postgres.url, connect_args=options) as engine:
        answers.Base.metadata.create_all(engine)
        with Session(engine) as session:
            session.add_all(answers.Author(name=name) for name in ("Jo", "Kim", "Mo"))
            session.commit()
        yield engine


def books_in(answers, engine: Engine) -> list[dict]:
    """Return what the next session finds of books and their authors."""
    book, author = answers.Book.__table__, answers.Author.__table__
    with Session(engine) as session:
        rows = session.execute(
            select(book, author.c.name.label("author"))
            .join_from(book, author)
            .order_by(book.c.isbn)
        )
        return [dict(row) for row in rows.mappings()]


def authors_in(answers, engine: Engine) -> list[str]:
    """Return the names of the authors that the next session finds."""
    with Session(engine) as session:
        return sorted(session.scalars(select(answers.Author.name)))


def test_q4_a_book_is_saved_with_its_author(answers, shelves):
    with client(checked(answers.books_app(shelves))) as shop:
        statuses = [ask(shop, "POST", "/books", one).status_code for one in (SEA, ICE)]

    found = [{key: row[key] for key in SEA} for row in books_in(answers, shelves)]
    assert found == [SEA, ICE], (
        f"Two books were posted and answered {statuses}; the next session finds "
        f"{found or 'no book at all'}."
    )


def test_q4_the_client_reads_201_and_the_ids_from_the_database(answers, shelves):
    with client(checked(answers.books_app(shelves))) as shop:
        replies = [ask(shop, "POST", "/books", one) for one in (SEA, ICE)]

    statuses = [one.status_code for one in replies]
    assert statuses == [201, 201], f"Two new books were answered {statuses}."
    keys = ("id", "author_id")
    saved = [{key: row[key] for key in keys} for row in books_in(answers, shelves)]
    told = [{key: read(one).get(key) for key in keys} for one in replies]
    assert told == saved, f"The database has {saved}, the clients read {told}."


def test_q4_a_known_author_is_not_added_again(answers, shelves):
    books = [SEA, ICE | {"author": "Vea Kaiser"}, SEA | {"isbn": "3", "author": "Kim"}]

    with client(checked(answers.books_app(shelves))) as shop:
        statuses = [ask(shop, "POST", "/books", book).status_code for book in books]

    authors = authors_in(answers, shelves)
    assert (statuses, authors) == ([201] * 3, ["Jo", "Kim", "Mo", "Vea Kaiser"]), (
        "Two books of Vea Kaiser were posted, then one of Kim, who was there already. "
        f"They were answered {statuses}; the authors are {authors} now."
    )


def test_q4_a_taken_isbn_is_answered_409_and_leaves_nothing(answers, shelves):
    with client(checked(answers.books_app(shelves))) as shop:
        ask(shop, "POST", "/books", SEA)
        again = ask(shop, "POST", "/books", ICE | {"isbn": SEA["isbn"]})
        authors = authors_in(answers, shelves)
        other = ask(shop, "POST", "/books", ICE)

    titles = [book["title"] for book in books_in(answers, shelves)]
    statuses = [again.status_code, other.status_code]
    assert (statuses, titles) == ([409, 201], ["Sea", "Ice"]), (
        f"A book with a taken isbn was answered {statuses[0]}, with one of its own "
        f"{statuses[1]}; the next session finds {titles}."
    )
    assert "Clemens Setz" not in authors, (
        "Clemens Setz's book was answered 409, and he is among the authors now: "
        "one half of the request was kept."
    )


def posted_at_once(answers, engine: Engine, table: str, books: list[dict]) -> list:
    """Return what two apps answer, or raise, that both add a row to `table`.

    Each sends its INSERT when the other one is about to, too.
    """

    def post(book: dict) -> int | str:
        with client(checked(answers.books_app(engine))) as shop:
            try:
                return shop.post("/books", json=book).status_code
            except NotImplementedError:
                raise
            except Exception as error:
                return gist(error)

    with at_each(engine, table, meeting()), ThreadPoolExecutor(2) as threads:
        return list(threads.map(post, books))


def test_q4_two_apps_add_the_same_author_at_once(answers, shelves):
    books = [SEA, ICE | {"author": "Vea Kaiser"}]

    statuses = posted_at_once(answers, shelves, "authors", books)

    titles = [book["title"] for book in books_in(answers, shelves)]
    authors = authors_in(answers, shelves)
    assert (statuses, titles, authors.count("Vea Kaiser")) == (
        [201, 201],
        ["Sea", "Ice"],
        1,
    ), (
        "Two apps were sent a book each of the same new author, at the same time. They "
        f"answered {statuses}; the database has {titles} and the authors {authors}."
    )


def test_q4_two_apps_add_the_same_isbn_at_once(answers, shelves):
    books = [SEA | {"author": "Kim"}, SEA | {"author": "Mo"}]

    statuses = posted_at_once(answers, shelves, "books", books)

    titles = [book["title"] for book in books_in(answers, shelves)]
    assert (sorted(statuses, key=str), titles) == ([201, 409], ["Sea"]), (
        "Two apps were sent a book with the same isbn, at the same time. They answered "
        f"{statuses}; the database has {titles}."
    )


@pytest.fixture
def catalogue(answers) -> Iterator[Engine]:
    """The database with the tables of books and authors, and a book."""
    with sqlite_engine() as catalogue:
        tables = [answers.Author.__table__, answers.Book.__table__]
        answers.Base.metadata.create_all(catalogue, tables=tables)
        stock(answers, catalogue)
        yield catalogue


@pytest.fixture
def counter(answers) -> Iterator[Engine]:
    """The database with the other tables, and an order."""
    with sqlite_engine() as counter:
        tables = [answers.User.__table__, answers.Order.__table__]
        answers.Base.metadata.create_all(counter, tables=tables)
        with Session(counter) as session:
            session.add(answers.Order(reference="A1", isbn=INK, price=900))
            session.commit()
        yield counter


def factory(answers, counter: Engine, catalogue: Engine) -> Callable[[], Session]:
    """Return what the learner has made for the two databases."""
    made = answers.session_factory(counter, catalogue)
    assert callable(made), f"{made!r} cannot be called, so it makes no sessions."
    try:
        session = made()
    except NotImplementedError:
        raise
    except Exception as error:
        raise AssertionError(f"Called, what you return raises {gist(error)}") from error
    kind = type(session).__name__
    assert isinstance(session, Session), (
        f"What you return makes no Session, but {kind}."
    )
    return made


@contextmanager
def selling(answers, counter: Engine, catalogue: Engine) -> Iterator[TestClient]:
    """Open the shop of 3.2.5 on the two databases."""
    with client(answers.selling_app(factory(answers, counter, catalogue))) as shop:
        yield shop


def test_q5_each_call_makes_a_new_session(answers, counter, catalogue):
    new_session = factory(answers, counter, catalogue)

    first, second = new_session(), new_session()

    assert first is not second, (
        "Two calls returned one and the same session. Two requests call at once."
    )


ROWS = {
    "User": {"name": "Jo", "email": "jo@example.org", "password_hash": "-"},
    "Order": {"reference": "B2", "isbn": INK, "price": 900},
    "Author": {"name": "Clemens Setz"},
    "Book": {"isbn": "978-2", "title": "Ice", "price": 2200, "author_id": 1},
}


@pytest.mark.parametrize("kind", ROWS)
def test_q5_each_class_has_its_database(answers, kind, counter, catalogue):
    mapped = getattr(answers, kind)
    new_session = factory(answers, counter, catalogue)
    home = counter if kind in ("User", "Order") else catalogue
    error = None
    try:
        with new_session() as session:
            session.add(mapped(**ROWS[kind]))
            session.commit()
    except SQLAlchemyError as raised:
        error = gist(raised)

    with Session(home) as session:
        found = session.scalars(select(mapped).filter_by(**ROWS[kind])).all()
    assert len(found) == 1, (
        f"A new {kind} was added and committed, and is not in the database where the "
        f"table of this class is. Raised was {error or 'nothing'}."
    )


def test_q5_a_book_comes_from_the_catalogue(answers, counter, catalogue):
    with selling(answers, counter, catalogue) as shop:
        book = ask(shop, "GET", f"/books/{INK}")

    same = read(book) == {"title": "Ink", "author": "Vea Kaiser"}
    assert same, f"The catalogue has Ink by Vea Kaiser, the client reads {book.text}"


def test_q5_an_order_is_read_after_its_commit(answers, counter, catalogue):
    with selling(answers, counter, catalogue) as shop:
        told = ask(shop, "PUT", "/orders/A1/price?price=450")

    with Session(counter) as session:
        price = session.scalars(select(answers.Order.price)).one()
    assert price == 450, f"The price was set to 450, the next session reads {price}."
    same = read(told) == {"reference": "A1", "isbn": INK, "price": 450}
    assert same, f"The price of A1 was set to 450; its client reads {told.text}"


def test_q5_after_a_commit_nothing_is_sent(answers, counter, catalogue):
    with (
        statements(counter) as sent,
        selling(answers, counter, catalogue) as shop,
    ):
        ask(shop, "PUT", "/orders/A1/price?price=450")

    assert "UPDATE" in sent.verbs, f"A price was set; sent was {sent.verbs}."
    late = sent.verbs[sent.verbs.index("UPDATE") + 1 :]
    assert not late, (
        f"The price was set and committed, and then came {', '.join(late)}: "
        "that is read again which the session had known."
    )


def test_q5_a_half_made_order_waits_for_its_commit(answers, counter, catalogue):
    with (
        statements(counter) as sent,
        selling(answers, counter, catalogue) as shop,
    ):
        ask(shop, "POST", "/orders/A1/again")

    assert sent.verbs == ["SELECT", "INSERT"], (
        f"An order was begun, another one read, the first one completed: {sent.verbs}."
    )
    found = orders_in(answers, counter)
    same = found == ["A1", "A1, again"]
    assert same, f"A1 was ordered again; the next session finds {found}."


class Wire:
    """Stands between an app and its clients, and notes each status as it leaves."""

    def __init__(self, app: FastAPI, note: Callable[[int], object]) -> None:
        self._app, self._note = app, note

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass everything on."""

        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._note(message["status"])
            await send(message)

        await self._app(scope, receive, noted)


class Glance(NamedTuple):
    """A status that leaves, or a reference that is confirmed, and the world then."""

    at: Any
    orders: list[str]
    lent: int


class Ordering(NamedTuple):
    """The shop of 3.2.6, the answers as they left, and the orders it confirmed."""

    shop: TestClient
    answered: list[Glance]
    confirmed: list[Glance]


@contextmanager
def ordering(answers, engine: Engine) -> Iterator[Ordering]:
    """Open the shop of 3.2.6, which has one book."""
    stock(answers, engine)
    answered, confirmed = [], []
    with connections(engine) as pool:

        def glance(at: object) -> Glance:
            lent = pool.out
            return Glance(at, orders_in(answers, engine), lent)

        def confirm(engine: Engine, reference: str) -> None:
            confirmed.append(glance(reference))

        answers.confirm = confirm
        app = checked(answers.ordering_app(engine))
        gone = PlainTextResponse(status_code=410)
        app.add_exception_handler(SoldOut, lambda request, error: gone)
        wire = Wire(app, lambda status: answered.append(glance(status)))
        with client(wire, raises=False) as shop:
            yield Ordering(shop, answered, confirmed)
            answered.append(glance("the end"))


def test_q6_what_is_answered_201_is_committed(answers, engine):
    with ordering(answers, engine) as (shop, answered, _):
        for reference in ("A1", "A2"):
            order(shop, reference)

    seen = [(one.at, one.orders) for one in answered[:-1]]
    assert seen == [(201, ["A1"]), (201, ["A1", "A2"])], (
        "A1 and A2 were ordered. As the answers left, their statuses and the orders "
        f"that another session found were {seen}."
    )


def test_q6_the_connection_is_back_before_the_answer(answers, engine):
    with ordering(answers, engine) as (shop, answered, confirmed):
        status = order(shop, "A1").status_code

    assert (status, len(confirmed)) == (201, 1), (
        f"A1 was ordered and answered {status}; `confirm` ran {len(confirmed)} times."
    )
    lent = [answered[0].lent, confirmed[0].lent]
    assert lent == [0, 0], (
        f"As the 201 left, {lent[0]} connection(s) were lent, as `confirm` ran "
        f"{lent[1]}: a slow client, or a slow mail, keeps others from the database."
    )


def test_q6_who_confirms_finds_the_order(answers, engine):
    with ordering(answers, engine) as (shop, _, confirmed):
        for reference in ("A1", "A2"):
            order(shop, reference)

    seen = [(one.at, one.orders) for one in confirmed]
    assert seen == [("A1", ["A1"]), ("A2", ["A1", "A2"])], (
        "A1 and A2 were ordered. `confirm` was called, and found in the database: "
        f"{seen or 'it was never called'}."
    )


def test_q6_a_taken_reference_is_answered_409(answers, engine):
    with ordering(answers, engine) as (shop, answered, confirmed):
        statuses = [order(shop, name).status_code for name in ("A1", "A1", "A2")]

    end = answered[-1]
    assert (statuses, end.orders) == ([201, 409, 201], ["A1", "A2"]), (
        f"Ordered were A1, A1 again, and A2. Their clients read {statuses}; "
        f"the database has {end.orders}."
    )
    mails = [one.at for one in confirmed]
    assert mails == ["A1", "A2"], (
        f"The second A1 was answered 409. Confirmed were {', '.join(mails)}."
    )


ENDINGS = {
    "there is no such book": (None, "978-0", 404),
    "an HTTPException": (HTTPException(418), INK, 418),
    "an exception that the app handles": (SoldOut(), INK, 410),
    "an exception that nobody handles": (RuntimeError("no shelf"), INK, 500),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_q6_what_the_endpoint_raises_leaves_nothing_behind(answers, engine, ending):
    error, isbn, status = ENDINGS[ending]

    def reserve(isbn: str) -> None:
        if error:
            raise error

    answers.reserve = reserve
    with ordering(answers, engine) as (shop, answered, _):
        told = shop.post("/orders", json={"reference": "A1", "isbn": isbn}).status_code

    end = answered[-1]
    assert (told, end.orders) == (status, []), (
        f"The endpoint raised: {ending}. Its client read {told}, and the database has "
        f"the orders {end.orders}. Without a session it would be {status}, and none."
    )
    assert end.lent == 0, (
        f"The endpoint raised: {ending}. The request is over, and {end.lent} "
        "connection is still lent. Where in your code does that exception arrive?"
    )
