"""The tests of section 3.4."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import (
    CheckConstraint,
    Column,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    event,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapper, Session
from starlette.testclient import TestClient

from lab import (
    Connections,
    calls,
    client,
    connections,
    engine_for,
    sqlite_engine,
    statements,
)


def outcome(call: Callable[[], object]) -> object:
    """Return what `call` returned, or the exception that it raised instead."""
    try:
        return call()
    except NotImplementedError:
        raise
    except Exception as error:
        return error


def brief(value: object) -> str:
    """Return `value` on one line that is not too long; of an error its first line."""
    if isinstance(value, Exception):
        first = str(value).partition("\n")[0]
        return f"{type(value).__name__}: {first:.100}"
    return f"{value!r:.120}"


def in_event_loop() -> bool:
    """Return whether this thread runs an event loop, which lets nobody in meanwhile."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def meanwhile(call: Callable[[], object]) -> object:
    """Return what comes of a request in another thread; an error if it has to wait."""
    if in_event_loop():
        return TimeoutError("The event loop is blocked, nobody else is served.")
    result: Future[object] = Future()
    Thread(target=lambda: result.set_result(outcome(call)), daemon=True).start()
    return outcome(lambda: result.result(timeout=5))


def said(answer: Any, key: str) -> object:
    """Return what an answer says under `key`; None if it says nothing."""
    try:
        return answer.json()[key]
    except (ValueError, TypeError, LookupError):
        return None


@dataclass
class Shop:
    """The learner's shop, with five copies of A and of B, and what to observe it by."""

    http: TestClient
    pool: Connections
    engine: Engine
    answers: Any

    def read(self, sql: str) -> list[tuple]:
        """Return what the database says to anybody who asks from outside."""
        with engine_for(self.engine.url) as outside, outside.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]

    @property
    def stock(self) -> dict[str, int]:
        """The copies that are left of each book."""
        return dict(self.read("SELECT isbn, copies FROM stock"))

    @property
    def orders(self) -> list[tuple]:
        """The orders: number, address and tracking."""
        return self.read("SELECT number, address, tracking FROM orders ORDER BY number")

    def order(self, **lines: int) -> Any:
        """Return the answer to an order."""
        return self.http.post("/orders", json={"address": "Ulm", "lines": lines})


@contextmanager
def shop_of(answers: Any, **options: Any) -> Iterator[Shop]:
    """Yield the learner's shop, on an engine with these options."""
    with sqlite_engine(**options) as engine:
        answers.Base.metadata.create_all(engine)
        with Session(engine) as session, session.begin():
            session.add_all(answers.Stock(isbn=isbn, copies=5) for isbn in "AB")
        app = answers.shop_app(engine)
        assert isinstance(app, FastAPI), f"`shop_app` returned {app!r}, no app."
        with connections(engine) as pool, client(app, raises=False) as http:
            yield Shop(http, pool, engine, answers)


REFUSED = {
    "a line that is sold out at the end": ({"A": 1, "B": 99}, 409),
    "a line that is sold out at the beginning": ({"B": 99, "A": 1}, 409),
    "an unknown book at the end": ({"A": 1, "X": 1}, 404),
}


@pytest.mark.parametrize("flaw", REFUSED)
def test_q1_a_refused_order_changes_nothing(answers, flaw):
    lines, status = REFUSED[flaw]
    with shop_of(answers) as shop:
        answer = shop.order(**lines)
        stock, orders, held = shop.stock, shop.orders, shop.pool.out

    assert answer.status_code == status, (
        f"An order with {flaw} was answered {answer.status_code}: {answer.text:.80}"
    )
    assert stock == {"A": 5, "B": 5}, (
        f"There were five copies of each. An order with {flaw} was refused, and now "
        f"there are {stock}. When was the first line made final?"
    )
    assert not orders, f"An order with {flaw} was refused; the database has {orders}."
    assert held == 0, f"After an order with {flaw}, {held} connection is still lent."


def test_q1_orders_around_a_refused_one_are_stored(answers):
    with shop_of(answers) as shop:
        read = [shop.order(A=2, B=1), shop.order(A=99), shop.order(A=1)]
        stock, orders = shop.stock, shop.orders

    statuses = [one.status_code for one in read]
    assert statuses == [201, 409, 201], (
        "Three orders, of which the second wants more than there is: "
        f"the clients read {statuses}."
    )
    numbers = [said(one, "number") for one in (read[0], read[2])]
    stored = [number for number, _, _ in orders]
    assert numbers == stored, (
        f"The clients read the numbers {numbers}; stored are {orders}."
    )
    assert stock == {"A": 2, "B": 4}, (
        f"Of five copies each three of A and one of B were sold; left are {stock}."
    )


@dataclass
class Visitor:
    """Somebody who asks for the parcel of no order, and looks at the stock."""

    shop: Shop
    read: set[object] = field(default_factory=set)
    seen: list[dict] = field(default_factory=list)
    busy: bool = False

    def come_in(self, *_: object) -> None:
        """Note the status that is read, and the stock that others can see."""
        if not self.busy and not in_event_loop():
            self.busy = True
            read = meanwhile(self.ask_for_parcel)
            self.read.add(read)
            self.seen.append(self.shop.stock)
            self.busy = read != 404  # once is enough

    def ask_for_parcel(self) -> int:
        """Return the status that is read."""
        return self.shop.http.post("/orders/999/parcel").status_code


@contextmanager
def visitor_in(shop: Shop) -> Iterator[Visitor]:
    """Have a visitor come in after each statement that is sent."""
    visitor = Visitor(shop)
    event.listen(shop.engine, "after_cursor_execute", visitor.come_in)
    try:
        yield visitor
    finally:
        event.remove(shop.engine, "after_cursor_execute", visitor.come_in)


def test_q1_requests_at_the_same_time_do_not_disturb_each_other(answers):
    with shop_of(answers) as shop, visitor_in(shop) as visitor:
        statuses = [shop.order(A=2, B=99).status_code, shop.order(A=1).status_code]
        stock, orders = shop.stock, shop.orders

    assert statuses == [409, 201], (
        "One order too large and one that is fine, while somebody else came in: "
        f"the two customers read {statuses}."
    )
    assert visitor.read <= {404}, (
        f"Who asked for the parcel of no order meanwhile read {visitor.read}."
    )
    assert {"A": 3, "B": 5} not in visitor.seen, (
        "While the order for too many was still being looked at, others saw that two "
        f"copies of A were gone. They saw {visitor.seen}."
    )
    assert (stock, len(orders)) == ({"A": 4, "B": 5}, 1), (
        "One copy of A was sold, with one order, while somebody else came in. "
        f"The stock is {stock}, the orders are {orders}."
    )


class Carrier:
    """Lets another customer of the shop order while it is asked for a parcel."""

    def __init__(self, shop: Shop, error: Exception | None) -> None:
        self.addresses: list[str] = []
        self.held: int | None = None
        self.meanwhile: object = None
        self._shop = shop
        self._error = error

    def book_parcel(self, address: str) -> str:
        """Note the address; raise the error or return the tracking."""
        self.addresses.append(address)
        self.held = self._shop.pool.out
        self.meanwhile = meanwhile(lambda: self._shop.order(A=1).status_code)
        if self._error:
            raise self._error
        return f"{address}-77"


def parcel_of_an_order(
    answers: Any, error: Exception | None
) -> tuple[Carrier, Any, list[tuple], int]:
    """Ask a shop whose pool has one connection for a parcel.

    Return the carrier, the answer, the orders, and how many connections are still lent.
    """
    options = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.1}
    with shop_of(answers, **options) as shop:
        carrier = Carrier(shop, error)
        answers.book_parcel = carrier.book_parcel
        with engine_for(shop.engine.url) as outside, outside.begin() as connection:
            connection.execute(text("INSERT INTO orders VALUES (41, 'Lindau', NULL)"))
        answer = shop.http.post("/orders/41/parcel")
        return carrier, answer, shop.orders, shop.pool.out


@pytest.mark.parametrize(
    "error", [None, OSError("no answer")], ids=["answers", "fails"]
)
def test_q1_others_are_served_while_the_carrier_takes_its_time(answers, error):
    carrier, _, _, left = parcel_of_an_order(answers, error)

    assert carrier.addresses == ["Lindau"], (
        f"For one order to Lindau the carrier was asked for {carrier.addresses}."
    )
    assert carrier.held == 0, (
        f"While the carrier took its time, {carrier.held} connection was lent, of "
        f"one. Another customer's order came to {brief(carrier.meanwhile)}."
    )
    same = carrier.meanwhile == 201
    assert same, f"Another customer's order came to {brief(carrier.meanwhile)}."
    assert left == 0, f"Long after the request {left} connection is still lent."


def test_q1_the_tracking_is_stored_after_the_call(answers):
    carrier, answer, orders, _ = parcel_of_an_order(answers, None)

    assert carrier.meanwhile == 201, (
        "Before the tracking can be stored, the carrier takes its time. Another "
        f"customer's order came to {brief(carrier.meanwhile)} then."
    )
    tracked = answer.is_success and said(answer, "tracking") == "Lindau-77"
    assert tracked, (
        f"The carrier tracks the parcel as Lindau-77; the client read {answer.text:.60}"
    )
    assert (41, "Lindau", "Lindau-77") in orders, (
        f"The carrier tracks the parcel as Lindau-77; the orders are {orders}."
    )


class Codes:
    """Hands out codes, of which the first ones are `taken`: TAKEN-1, … FREE-9."""

    def __init__(self, shop: Shop, taken: int) -> None:
        self.handed_out: list[str] = []
        self._taken = taken
        self._sent = 0
        # Other shops have vouchers, too; only the database knows of them.
        with engine_for(shop.engine.url) as outside, outside.begin() as connection:
            connection.exec_driver_sql(
                "CREATE TRIGGER taken BEFORE INSERT ON vouchers WHEN NEW.code GLOB "
                "'TAKEN*' BEGIN SELECT RAISE(ABORT, 'another shop has it'); END"
            )
        event.listen(shop.engine, "before_cursor_execute", self._count)

    def _count(self, connection: Any, cursor: Any, sql: str, *_: object) -> None:
        self._sent += sql.startswith("INSERT")
        if self._sent > 20:  # an endless loop could not be stopped from here
            raise RuntimeError("More than 20 vouchers were sent to the database.")

    def new_code(self) -> str:
        """Return the next code."""
        number = len(self.handed_out) + 1
        if number > 20:
            raise RuntimeError("More than 20 codes were asked for.")
        self.handed_out.append(
            f"{'TAKEN' if number <= self._taken else 'FREE'}-{number}"
        )
        return self.handed_out[-1]


@pytest.mark.parametrize("taken", [1, 2, 4])
def test_q1_a_voucher_whose_code_is_refused_gets_another(answers, taken):
    with shop_of(answers) as shop:
        answers.new_code = Codes(shop, taken).new_code
        answer = shop.http.post("/vouchers")
        stored = [code for (code,) in shop.read("SELECT code FROM vouchers")]

    free = f"FREE-{taken + 1}"
    assert answer.status_code == 201, (
        f"Refused codes: {taken}; the next was free. The client read "
        f"{answer.status_code}. In which state is a session whose flush has failed?"
    )
    assert stored == [free], (
        f"Refused codes: {taken}; then {free} was free. Stored is {stored}."
    )
    same = said(answer, "code") == free
    assert same, f"The voucher has the code {free}; the client read {answer.text:.80}."


def test_q1_five_refused_codes_are_enough(answers):
    with shop_of(answers) as shop:
        codes = Codes(shop, taken=5)
        answers.new_code = codes.new_code
        status = shop.http.post("/vouchers").status_code
        tried, held = len(codes.handed_out), shop.pool.out
        again = shop.http.post("/vouchers").status_code

    assert status == 503, (
        f"Five codes in a row were refused, and the client read {status} after {tried} "
        "codes."
    )
    assert tried == 5, f"Before it answered 503, the shop tried {tried} codes."
    assert held == 0, f"After the 503 {held} connection is still lent."
    assert again == 201, f"The next client got a free code at once, and read {again}."


USERS = [
    # id, name, password_hash, is_admin
    (1, "Mara", "5f2c9a", False),
    (2, "Jo", "b94d27", True),
    (3, "Ada", "c0ffee", False),
]
BOOKS = [
    # title, year, price, cost, withdrawn
    ("Save 100%", 2015, 500, 480, False),
    ("1000 Nights for 100", 1704, 1900, 700, False),
    (r"C:\% or What Is a Path", 1995, 900, 300, False),
    (r"Back\slash", 2001, 800, 100, False),
    ("Buy 3/% Later", 2020, 700, 600, False),
    ("Either/or", 1843, 1200, 200, False),
    ("A_B Testing", 2018, 3900, 900, False),
    ("AxB", 1999, 2900, 950, False),
    ("Pat O'Hara", 1950, 1500, 150, False),
    ("Half Past :ten", 1980, 1100, 250, False),
    ("The Withdrawn 100%", 2010, 100, 10, True),
]
ON_SALE = [book for book in BOOKS if not book[4]]


@contextmanager
def database_with(tables: dict[Table, list[tuple]]) -> Iterator[Engine]:
    """Yield an engine on a database with these tables and their rows."""
    with sqlite_engine() as engine:
        with engine.begin() as connection:
            for table, rows in tables.items():
                table.create(connection)
                names = table.columns.keys()
                values = [dict(zip(names, row, strict=True)) for row in rows]
                connection.execute(table.insert(), values)
        yield engine


@contextmanager
def library(answers: Any) -> Iterator[Session]:
    """Yield a session on a database with these books and users."""
    books = [(number, *book) for number, book in enumerate(BOOKS, start=1)]
    tables = {answers.User.__table__: USERS, answers.Book.__table__: books}
    with database_with(tables) as engine, Session(engine) as session:
        yield session


def found(session: Session, answers: Any, words: str, sort: str) -> object:
    """Return the titles that a stranger finds, or what was raised."""

    def search() -> list:
        return list(answers.Window(session).search(words, sort))

    return outcome(search)


@pytest.mark.parametrize("words", ["100%", "A_B", "O'Hara", ":ten", r"\%", "/%"])
def test_q2_what_is_looked_for_is_found_as_it_stands(answers, words):
    with library(answers) as session:
        titles = found(session, answers, words, "title")

    same = titles == sorted(book[0] for book in ON_SALE if words in book[0])
    assert same, (
        f"Somebody looked for the words {words} in {len(ON_SALE)} books on sale. "
        f"What came of it: {brief(titles)}"
    )


STRANGE_WORDS = {
    "a condition": "' OR withdrawn --",
    "a query": "' UNION SELECT name || ' ' || password_hash FROM users --",
    "a query without a comment": "x' UNION SELECT cost FROM books WHERE 'x' LIKE '",
}


@pytest.mark.parametrize("kind", STRANGE_WORDS)
def test_q2_words_are_no_sql(answers, kind):
    words = STRANGE_WORDS[kind]
    with library(answers) as session:
        titles = found(session, answers, words, "title")

    nothing = titles == []
    assert nothing, (
        f"No title has the words {words} in it. A stranger who looked for them "
        f"got {brief(titles)}"
    )


@pytest.mark.parametrize(("sort", "key"), [("title", 0), ("year", 1), ("price", 2)])
def test_q2_books_come_in_the_chosen_order(answers, sort, key):
    books = [book for book in ON_SALE if "%" in book[0]]
    with library(answers) as session:
        titles = found(session, answers, "%", sort)

    same = titles == [book[0] for book in sorted(books, key=lambda book: book[key])]
    assert same, (
        f"Of the books with a % in their title, sorted by {sort}, came {brief(titles)}"
    )


@pytest.mark.parametrize(
    "sort",
    ["cost", "metadata", "title, cost", "year DESC", "1", ""],
)
def test_q2_nobody_sorts_by_anything_else(answers, sort):
    with library(answers) as session:
        titles = found(session, answers, "", sort)

    assert isinstance(titles, ValueError), (
        f"Somebody had the books sorted by {sort!r}. What came of it: {brief(titles)}"
    )


def peek(session: Session, answers: Any) -> str:
    """Return what the order of titles tells of the beginning of Jo's password hash.

    For each digit the books are sorted by title if the guess is right, else by year.
    """
    by_title = sorted(book[0] for book in ON_SALE)
    seen = ""
    for place in (1, 2, 3):
        for digit in "0123456789abcdef":
            guess = f"SELECT substr(password_hash, {place}, 1) FROM users WHERE id = 2"
            sort = f"CASE ({guess}) WHEN '{digit}' THEN title ELSE year END"
            if found(session, answers, "", sort) == by_title:
                seen += digit
    return seen


def test_q2_the_order_of_titles_tells_no_secret(answers):
    with library(answers) as session:
        seen = peek(session, answers)
        refused = found(session, answers, "", "CASE 1 WHEN 1 THEN title ELSE year END")

    assert seen != USERS[1][2][:3], (
        "A stranger never saw more than titles, in one order or another, and knows "
        f"now that the hash of Jo's password begins with {seen}."
    )
    assert isinstance(refused, ValueError), (
        f"A stranger had the books sorted by a CASE, and got {brief(refused)}"
    )


@pytest.mark.parametrize(
    "name",
    [
        "Mara O'Hara",
        "Mara', is_admin = 1 --",
        "Mara' WHERE id = 2 --",
        "'||(SELECT password_hash FROM users WHERE id = 2)||'",
        "Mara :name",
    ],
)
def test_q2_a_name_is_stored_as_it_is_and_changes_nothing_else(answers, name):
    with library(answers) as session:
        raised = outcome(lambda: answers.Window(session).rename(1, name))
        outcome(session.commit)
        session.rollback()
        user = answers.User
        query = select(user.id, user.name, user.password_hash, user.is_admin)
        users = [tuple(row) for row in session.execute(query.order_by(user.id))]

    assert not isinstance(raised, Exception), (
        f"Mara wants to be called {name} now. This raised {brief(raised)}"
    )
    same = users == [(1, name, *USERS[0][2:]), *USERS[1:]]
    assert same, (
        f"Mara, the first of {len(users)}, wants to be called {name} now. The users "
        f"are {users}"
    )


SIDES = ["Customer.orders", "Order.customer", "Order.lines", "Line.order"]


def completed(answers: Any) -> tuple[type, type, type]:
    """Return the learner's classes, once all four sides are there."""
    classes = answers.order_classes()
    mapped = [
        one
        for one in (classes if isinstance(classes, tuple) else ())
        if isinstance(inspect(one, raiseerr=False), Mapper)
    ]
    assert len(mapped) == 3, f"Returned was {brief(classes)}, not three mapped classes."
    error = outcome(mapped[0].registry.configure)
    assert not isinstance(error, Exception), f"The classes do not fit: {brief(error)}"
    by_name = dict(zip(["Customer", "Order", "Line"], mapped, strict=True))
    missing = [
        side
        for side in SIDES
        if not hasattr(by_name[side.partition(".")[0]], side.partition(".")[2])
    ]
    assert not missing, f"There is no {', no '.join(missing)} yet."
    return tuple(mapped)


@dataclass
class Office:
    """The learner's classes, and a database with so many orders of two lines each.

    Each order is of another customer; one more customer has none.
    """

    customer: type
    order: type
    line: type
    engine: Engine

    def count(self, table: str) -> int:
        """Return how many rows the database has."""
        with self.engine.connect() as connection:
            return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()

    def send(self, sql: str) -> object:
        """Send SQL as another program does; return the error if it is refused."""
        with self.engine.connect() as connection:
            error = outcome(lambda: connection.execute(text(sql)))
            connection.commit()
            return error


@contextmanager
def office(answers: Any, orders: int = 2) -> Iterator[Office]:
    """Yield an office with so many orders."""
    customer, order, line = completed(answers)
    with sqlite_engine() as engine:
        customer.metadata.create_all(engine)
        with engine.begin() as connection:
            for one in range(1, orders + 1):
                for sql in (
                    f"INSERT INTO customers VALUES ({one}, 'customer {one}')",
                    f"INSERT INTO orders (id, customer_id) VALUES ({one}, {one})",
                    f"INSERT INTO lines (order_id, title) VALUES ({one}, 'Emma {one}')",
                    f"INSERT INTO lines (order_id, title) VALUES ({one}, 'Kim {one}')",
                ):
                    connection.execute(text(sql))
            connection.execute(text("INSERT INTO customers VALUES (99, 'no orders')"))
        yield Office(customer, order, line, engine)


def in_step(customer: Any, order: Any, line: Any, change: str) -> bool:
    """Return whether the other side of a change is changed as well."""
    mara, jo = customer(name="Mara"), customer(name="Jo")
    first, second, emma = order(), order(), line(title="Emma")
    if change == "customer.orders.append(order)":
        mara.orders.append(first)
        return first.customer is mara
    if change == "order.customer = customer":
        first.customer = mara
        return mara.orders == [first]
    if change == "order.customer = another customer":
        first.customer = mara
        first.customer = jo
        return (mara.orders, jo.orders) == ([], [first])
    if change == "order.lines.append(line)":
        first.lines.append(emma)
        return emma.order is first
    emma.order = first
    emma.order = second
    return (first.lines, second.lines) == ([], [emma])


@pytest.mark.parametrize(
    "change",
    [
        "customer.orders.append(order)",
        "order.customer = customer",
        "order.customer = another customer",
        "order.lines.append(line)",
        "line.order = another order",
    ],
)
def test_q3_both_sides_are_in_step(answers, change):
    classes = completed(answers)

    same = outcome(lambda: in_step(*classes, change))

    assert same is True, (
        f"`{change}`, and the other side has not heard of it"
        f"{'' if same is False else f' ({brief(same)})'}. "
        "What tells one relationship of the other?"
    )


def test_q3_a_line_taken_out_of_its_order_is_deleted(answers):
    with office(answers) as one:
        with Session(one.engine) as session:
            order = session.get(one.order, 1)
            del order.lines[0]
            error = outcome(session.commit)
        left = one.count("lines")

    assert not isinstance(error, Exception), (
        f"A line was taken out of its order, and the commit raised {brief(error)}"
    )
    assert left == 3, f"Of four lines one was taken out of its order; {left} are left."


def test_q3_a_line_given_to_another_order_stays(answers):
    with office(answers) as one:
        with Session(one.engine) as session:
            first, second = session.get(one.order, 1), session.get(one.order, 2)
            second.lines.append(first.lines[0])
            error = outcome(session.commit)
        query = text("SELECT count(*) FROM lines GROUP BY order_id ORDER BY order_id")
        with one.engine.connect() as connection:
            lines = list(connection.execute(query).scalars())

    assert not isinstance(error, Exception), (
        f"A line was given to another order, and the commit raised {brief(error)}"
    )
    assert lines == [1, 3], (
        "Two orders had two lines each, and one gave a line to the other. "
        f"In the database they have {lines} lines now."
    )


@pytest.mark.parametrize("way", ["session", "SQL"])
def test_q3_an_order_takes_its_lines_along(answers, way):
    with office(answers) as one:
        if way == "SQL":
            error = one.send("DELETE FROM orders WHERE id = 1")
        else:
            with Session(one.engine) as session:
                session.delete(session.get(one.order, 1))
                error = outcome(session.commit)
        orders, lines = one.count("orders"), one.count("lines")

    assert not isinstance(error, Exception), (
        f"An order was to be deleted, by {way}; this raised {brief(error)}"
    )
    assert (orders, lines) == (1, 2), (
        f"Of two orders with two lines each one was deleted, by {way}. "
        f"Left are {orders} orders and {lines} lines."
    )


@pytest.mark.parametrize("way", ["session", "SQL"])
def test_q3_a_customer_with_orders_stays(answers, way):
    with office(answers) as one:
        if way == "SQL":
            error = one.send("DELETE FROM customers WHERE id = 1")
        else:
            with Session(one.engine) as session:
                session.delete(session.get(one.customer, 1))
                error = outcome(session.commit)
        left = {table: one.count(table) for table in ("customers", "orders", "lines")}

    assert left == {"customers": 3, "orders": 2, "lines": 4}, (
        f"A customer with an order was to be deleted, by {way}. Of 3 customers, "
        f"2 orders and 4 lines are left: {left}."
    )
    assert isinstance(error, IntegrityError), (
        f"A customer with an order was to be deleted, by {way}; whoever tried was told "
        f"{brief(error)}"
    )


def test_q3_a_customer_without_orders_goes(answers):
    with office(answers) as one:
        with Session(one.engine) as session:
            session.delete(session.get(one.customer, 99))
            error = outcome(session.commit)
        left = one.count("customers")

    assert left == 2, (
        f"A customer without orders was to be deleted. Of 3 there are {left} now; "
        f"the commit came to {brief(error)}"
    )


def read_all(one: Office) -> list[tuple]:
    """Read all orders: whose they are, and what is in them."""
    with Session(one.engine) as session:
        orders = session.scalars(select(one.order)).unique().all()
        return sorted(
            (order.customer.name, *sorted(line.title for line in order.lines))
            for order in orders
        )


@pytest.mark.parametrize("orders", [3, 15])
def test_q3_more_orders_take_no_more_statements(answers, orders):
    with office(answers, orders) as one, statements(one.engine) as sent:
        read = outcome(lambda: read_all(one))

    there = sorted(
        (f"customer {number}", f"Emma {number}", f"Kim {number}")
        for number in range(1, orders + 1)
    )
    same = read == there
    assert same, f"{orders} orders were read with lines and customers: {brief(read)}"
    assert len(sent) <= 3, (
        f"To read {orders} orders with lines and customers, {len(sent)} statements "
        f"were sent. The last was: {sent[-1].sql:.100}"
    )


PLACES = "places_above_zero"


def label(shelf: Any) -> str:
    """Return what stands on a shelf."""
    return f"{shelf.room}/{shelf.places}"


def declared_shelf(base: Any) -> Any:
    """Return the shelf of `shelf_by_hand`, declared on `base`."""

    class Shelf(base):
        __tablename__ = "shelves"
        __table_args__ = (CheckConstraint("places > 0", name=PLACES),)
        full = 30

        id = Column("id", Integer, primary_key=True)
        room = Column("room", String(20), nullable=False)
        places = Column("places", Integer, nullable=False)

        def label(self) -> str:
            return label(self)

    return Shelf


def hybrid_shelf(base: Any) -> Any:
    """Return the same shelf, with a Table that it brings along."""
    table = Table(
        "shelves",
        base.metadata,
        Column("id", Integer, primary_key=True),
        Column("room", String(20), nullable=False),
        Column("places", Integer, nullable=False),
        CheckConstraint("places > 0", name=PLACES),
    )

    class Shelf(base):
        __table__ = table

        def label(self) -> str:
            return label(self)

    return Shelf


def declared_loan(base: Any) -> Any:
    """Return another class, without `__table_args__`, that knows of the shelves."""

    class Loan(base):
        __tablename__ = "loans"

        reader = Column("reader", String(40), primary_key=True)
        isbn = Column("isbn", String(13), primary_key=True)
        shelf_id = Column("shelf_id", ForeignKey("shelves.id"), index=True)

    return Loan


WAYS = {"declarative": declared_shelf, "hybrid": hybrid_shelf}


def mapped(answers: Any, way: str, base: Any = None) -> Any:
    """Return a shelf on the learner's base class, mapped that way."""
    base = base or answers.own_base()
    assert isinstance(base, type), f"`own_base` returned {brief(base)}, no class."
    known = isinstance(getattr(base, "metadata", None), MetaData)
    assert known, "The base class has no attribute `metadata` that is a MetaData."
    shelf = outcome(lambda: WAYS[way](base))
    assert not isinstance(shelf, Exception), (
        f"A {way} subclass of your base class raised {brief(shelf)}"
    )
    assert isinstance(inspect(shelf, raiseerr=False), Mapper), (
        f"A {way} subclass of your base class is not mapped: a session would not "
        "know what to do with it."
    )
    return shelf


def described(metadata: MetaData) -> dict[str, dict[str, Any]]:
    """Return what a database says of the tables that `metadata` creates in it."""
    with sqlite_engine() as engine:
        metadata.create_all(engine)
        there = inspect(engine)
        return {
            table: {
                "columns": {
                    column["name"]: (str(column["type"]), column["nullable"])
                    for column in there.get_columns(table)
                },
                "primary key": set(
                    there.get_pk_constraint(table)["constrained_columns"]
                ),
                "checks": there.get_check_constraints(table),
                "foreign keys": there.get_foreign_keys(table),
                "indexes": there.get_indexes(table),
            }
            for table in there.get_table_names()
        }


def difference(mine: object, there: dict[str, dict[str, Any]]) -> str:
    """Return the first thing in which a database of `mine` is not as it is `there`."""
    if not isinstance(mine, dict) or set(mine) != set(there):
        return (
            f"has come to {brief(mine if isinstance(mine, Exception) else set(mine))}"
        )
    for table, parts in there.items():
        for part, expected in parts.items():
            if mine[table][part] != expected:
                return f"has for the {part} of {table} {mine[table][part]}"
    return ""


@pytest.mark.parametrize("way", WAYS)
def test_q4_the_table_is_the_one_made_by_hand(answers, way):
    shelf = mapped(answers, way)
    by_hand = inspect(answers.shelf_by_hand()).local_table

    mine = outcome(lambda: described(shelf.metadata))
    differs = difference(mine, described(by_hand.metadata))

    assert not differs, (
        f"By the `metadata` of your base, the {way} way, the database {differs}. "
        "By hand there is something else."
    )


def test_q4_several_classes_share_the_metadata(answers):
    class Library(DeclarativeBase):
        pass

    declared_shelf(Library)
    declared_loan(Library)
    base = answers.own_base()
    mapped(answers, "declarative", base)

    loan = outcome(lambda: declared_loan(base))
    mine = outcome(lambda: described(base.metadata))
    differs = difference(mine, described(Library.metadata))

    assert not isinstance(loan, Exception), (
        f"A second class, without `__table_args__`, raised {brief(loan)}"
    )
    assert not differs, (
        "Of two classes one refers to the other's table. By your `metadata` the "
        f"database {differs}. DeclarativeBase makes something else of them."
    )


def used(shelf: Any) -> object:
    """Store three rows; return what a new session finds of two of them."""
    with sqlite_engine() as engine:
        inspect(shelf).local_table.metadata.create_all(engine)
        with Session(engine) as session, session.begin():
            session.add(shelf(room="hall", places=30))
            session.add(shelf(room="cellar", places=1))
            session.add(shelf(room="attic", places=2))
        with Session(engine) as session:
            query = select(shelf).where(shelf.places < 30).order_by(shelf.room)
            return [(row.id, row.room, row.label()) for row in session.scalars(query)]


@pytest.mark.parametrize("way", WAYS)
def test_q4_rows_are_used_as_those_made_by_hand(answers, way):
    shelf = mapped(answers, way)
    by_hand = used(answers.shelf_by_hand())

    mine = outcome(lambda: used(shelf))

    same = mine == by_hand
    assert same, (
        f"Three shelves were stored, two looked for. The {way} way this came to "
        f"{brief(mine)}, by hand to something else."
    )


def test_q4_a_hybrid_uses_the_table_it_is_given(answers):
    base = answers.own_base()
    shelf = mapped(answers, "hybrid", base)

    table = base.metadata.tables["shelves"]
    mine = inspect(shelf).local_table

    assert mine is table, (
        "The hybrid is mapped to a copy of the Table it brought along."
    )
    same = list(base.metadata.tables) == ["shelves"]
    assert same, f"One Table was brought, known are {list(base.metadata.tables)}."


def test_q4_each_base_is_a_new_one(answers):
    mapped(answers, "declarative")

    second = outcome(lambda: mapped(answers, "declarative"))

    assert not isinstance(second, Exception), (
        f"Two programs asked for a base class of their own, each for its shelves: "
        f"{brief(second)}"
    )


@pytest.mark.parametrize("way", WAYS)
def test_q4_the_mapping_is_done_imperatively(answers, way):
    with calls() as made:
        shelf = mapped(answers, way)

    by_hand = [name for name in made if name.endswith(".registry.map_imperatively")]
    assert by_hand, (
        "Your base class maps its subclasses, and `map_imperatively` was never called: "
        "somebody else did the work."
    )
    declared = issubclass(shelf, DeclarativeBase) or any(
        name.endswith((".registry.mapped", ".map_declaratively", ".generate_base"))
        for name in made
    )
    assert not declared, (
        "The mapping was SQLAlchemy's own declarative one; what it does is asked here."
    )


@contextmanager
def customers(answers: Any) -> Iterator[Engine]:
    """Yield an engine on a database with these users."""
    with database_with({answers.User.__table__: USERS}) as engine:
        yield engine


def content(engine: Engine) -> dict[str, list[tuple]]:
    """Return the tables of a database with their columns and rows."""
    quote = engine.dialect.identifier_preparer.quote_identifier
    tables = {}
    with engine.connect() as connection:
        for name in inspect(connection).get_table_names():
            rows = connection.exec_driver_sql(f"SELECT * FROM {quote(name)}")
            tables[name] = [tuple(rows.keys()), *map(tuple, rows)]
    return tables


UPLOADS = {
    "columns that are words of SQL": ("prices", ["group", "select"]),
    "a name that is a word of SQL": ("order", ["isbn", "from", "order"]),
    "the name of another table": ("users", ["name", "values"]),
    "the longest names": ("a" * 40, ["b" * 40, "c_1", "check"]),
    "the shortest names": ("x", ["y", "z", "to"]),
}
VALUES = ["O'Hara", "x'); DELETE FROM users; --", "007", ":y 100%", "", "1e3"]


def trouble_with(answers: Any, name: str, header: list[str], lines: list) -> str:
    """Return what is wrong with the table that an upload has become, if anything."""
    with customers(answers) as engine:
        before = content(engine)
        error = outcome(lambda: answers.store_upload(engine, name, header, lines))
        after = content(engine)
    if isinstance(error, Exception):
        return f"This raised {brief(error)}"
    table = after.pop(f"upload_{name}", None)
    if table != [tuple(header), *map(tuple, lines)]:
        return f"In the table upload_{name} there is {table}."
    return "" if after == before else f"The other tables have changed: {after}"


@pytest.mark.parametrize("upload", UPLOADS)
def test_q5_an_upload_becomes_a_table_with_its_rows(answers, upload):
    name, header = UPLOADS[upload]
    lines = [[VALUES[(row + i) % 6] for i in range(len(header))] for row in range(6)]

    trouble = trouble_with(answers, name, header, lines)

    assert not trouble, (
        f"Uploaded was {name}, with the columns {header} and six lines. {trouble}"
    )


def test_q5_an_upload_without_lines_becomes_an_empty_table(answers):
    trouble = trouble_with(answers, "order", ["isbn", "group"], [])

    assert not trouble, f"Uploaded was a header without lines. {trouble}"


ATTACKS = {
    "a name that copies the users": (
        "x AS SELECT name, password_hash FROM users --",
        ["isbn"],
        [],
    ),
    "a column that ends the statement": (
        "x",
        ["isbn VARCHAR); DROP TABLE users; --"],
        [],
    ),
    "a column with a rule of its own": (
        "x",
        ["isbn", "cents CHECK (cents < 1) --"],
        [],
    ),
    "a column of another type": ("x", ["isbn INTEGER, cents"], [["1", "2"]]),
    "a column with a quote": ("x", ['isbn" INTEGER, "cents'], [["1", "2"]]),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_q5_a_name_is_no_sql(answers, attack):
    name, header, lines = ATTACKS[attack]
    with customers(answers) as engine:
        before = content(engine)
        error = outcome(lambda: answers.store_upload(engine, name, header, lines))
        after = content(engine)

    new = {table: after[table] for table in after if table not in before}
    assert after == before, (
        f"{attack.capitalize()}: table {name!r}, columns {header}. "
        f"The database has got {new or 'other rows'}."
    )
    assert isinstance(error, ValueError), (
        f"{attack.capitalize()}: table {name!r}, columns {header}. "
        f"This came to {brief(error)}"
    )


NO_NAMES = {
    "nothing": [""],
    "another beginning": ["1st", "_isbn"],
    "other letters and digits": [
        "Isbn",
        "iSBN",
        "preisgröße",
        "\uff49sbn",
        "isbn\u0661",
    ],
    "other characters": ["isbn number", "isbn-13", "isbn.13", "isbn$", "isbn\n"],
    "too many": ["a" * 41, "b" * 64],
}


@pytest.mark.parametrize("kind", NO_NAMES)
def test_q5_what_is_no_name_is_refused_before_anything_is_sent(answers, kind):
    with (
        database_with({answers.User.__table__: USERS}) as engine,
        statements(engine) as sent,
    ):
        for name in NO_NAMES[kind]:
            uploads = {
                "table": (name, ["isbn", "cents"], [["1", "2"]]),
                "first column": ("prices", [name, "cents"], [["1", "2"]]),
                "last column": ("prices", ["isbn", name], [["1", "2"]]),
            }
            for place, upload in uploads.items():
                error = outcome(lambda one=upload: answers.store_upload(engine, *one))
                assert isinstance(error, ValueError), (
                    f"The name of the {place} was {name!r}; this came to {brief(error)}"
                )
                assert not len(sent), (
                    f"The name of the {place} was {name!r}. Sent was {sent[0]}"
                )


@pytest.mark.parametrize("header", [[], ["isbn", "isbn"], ["isbn", "cents", "isbn"]])
def test_q5_what_is_no_header_is_refused(answers, header):
    lines = [["1", "2", "3"][: len(header)]]
    with (
        database_with({answers.User.__table__: USERS}) as engine,
        statements(engine) as sent,
    ):
        error = outcome(lambda: answers.store_upload(engine, "prices", header, lines))

    assert isinstance(error, ValueError), (
        f"The header was {header}; this came to {brief(error)}"
    )
    assert not len(sent), f"The header was {header}. Sent was {sent[0]}"


LAMP = {
    "sku": "LAMP-1",
    "name": "Reading lamp",
    "price": "19.90",
    "sale_price": None,
    "pieces": 3,
}


@dataclass
class Products:
    """The learner's class, and its table on a PostgreSQL."""

    model: Any
    engine: Engine

    def send(self, **product: Any) -> DBAPIError | None:
        """Send a product past all Python; return the error if it is refused."""
        names = ", ".join(product)
        places = ", ".join(f":{name}" for name in product)
        sql = text(f"INSERT INTO products ({names}) VALUES ({places})")
        with self.engine.connect() as connection:
            try:
                connection.execute(sql, product)
                connection.commit()
            except DBAPIError as error:
                return error
        return None

    def constraint_in(self, error: DBAPIError) -> str | None:
        """Return the constraint that a refusal names."""
        return getattr(getattr(error.orig, "diag", None), "constraint_name", None)

    def read(self) -> list[dict[str, Any]]:
        """Return what is in the table, the prices as texts."""
        sql = text(
            "SELECT sku, name, price::text, sale_price::text, pieces "
            "FROM products ORDER BY id"
        )
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(sql).mappings()]


@contextmanager
def products(answers: Any, postgres: Any) -> Iterator[Products]:
    """Yield the learner's products, of which there are none yet."""
    model = outcome(answers.product_class)
    mapper = inspect(model, raiseerr=False)
    assert isinstance(mapper, Mapper), (
        f"`product_class` came to {brief(model)}, which is no mapped class."
    )
    name = getattr(mapper.local_table, "name", None)
    assert name == "products", f"The class is mapped to the table {name}."
    with engine_for(postgres.url) as engine:
        error = outcome(lambda: mapper.local_table.metadata.create_all(engine))
        assert not isinstance(error, Exception), (
            f"PostgreSQL refuses the table: {brief(error)}"
        )
        yield Products(model, engine)


LIMITS = [
    {"sku": "lamp-1234567"},
    {"sku": "L"},
    {"name": "ö" * 80},
    {"name": "x"},
    {"price": "0.01"},
    {"price": "99999.99", "sale_price": "99999.98"},
    {"price": "0.02", "sale_price": "0.01"},
    {"pieces": 0},
    {"pieces": 1_000_000},
]


def test_q6_what_breaks_no_rule_is_stored(answers, postgres):
    with products(answers, postgres) as shop:
        for number, limit in enumerate(LIMITS):
            product = LAMP | {"sku": f"LAMP-{number}"} | limit
            error = shop.send(**product)
            assert error is None, (
                f"{product} breaks no rule. PostgreSQL said {brief(error)}"
            )
            read = shop.read()[-1]
            assert read == product, f"{product} was stored; read was {read}."


def test_q6_a_session_stores_products(answers, postgres):
    with products(answers, postgres) as shop:

        def store() -> None:
            with Session(shop.engine) as session, session.begin():
                session.add(shop.model(**LAMP))
                session.add(shop.model(**LAMP | {"sku": "LAMP-2"}))

        error = outcome(store)
        stored = shop.read()

    assert not isinstance(error, Exception), (
        f"A session was to store {LAMP} and one more lamp; this raised {brief(error)}"
    )
    assert len(stored) == 2, f"A session stored two products; read were {stored}."


NAN = float("nan")
BROKEN = {
    "missing": [
        ({"sku": None}, None),
        ({"name": None}, None),
        ({"price": None}, None),
        ({"pieces": None}, None),
    ],
    "too long": [({"sku": "L" * 13}, None), ({"name": "ö" * 81}, None)],
    "name": [({"name": ""}, "ck_products_name"), ({"name": "   "}, "ck_products_name")],
    "price": [
        ({"price": "0.00"}, "ck_products_price"),
        ({"price": "-1.00"}, "ck_products_price"),
        ({"price": "100000.00"}, None),
        ({"price": NAN}, "ck_products_price"),
    ],
    "sale price": [
        ({"sale_price": "19.90"}, "ck_products_sale_price"),
        ({"sale_price": "20.00"}, "ck_products_sale_price"),
        ({"sale_price": "0.00"}, "ck_products_sale_price"),
        ({"sale_price": "-0.50"}, "ck_products_sale_price"),
        ({"sale_price": NAN}, "ck_products_sale_price"),
    ],
    "pieces": [({"pieces": -1}, "ck_products_pieces")],
    "sku": [
        ({"sku": "FIRST"}, "uq_products_sku"),
        ({"sku": "first"}, "uq_products_sku"),
    ],
}


@pytest.mark.parametrize("rule", BROKEN)
def test_q6_the_database_refuses_what_breaks_a_rule(answers, postgres, rule):
    with products(answers, postgres) as shop:
        first = shop.send(**LAMP | {"sku": "FIRST"})
        assert first is None, (
            f"A product without a flaw: PostgreSQL said {brief(first)}"
        )
        for flaw, constraint in BROKEN[rule]:
            error = shop.send(**LAMP | flaw)
            assert error is not None, (
                f"{flaw}: another program's INSERT put this into the table: "
                f"{shop.read()[-1]}"
            )
            named = shop.constraint_in(error)
            assert constraint in (None, named), (
                f"{flaw} was refused, and the refusal names {named}: whoever reads it "
                f"cannot tell which rule that was. It says {brief(error)}"
            )


def test_q6_prices_are_kept_to_the_cent(answers, postgres):
    with products(answers, postgres) as shop:
        shop.send(**LAMP)
        shop.send(**LAMP | {"sku": "LAMP-2", "price": "20.125"})
        shop.send(**LAMP | {"sku": "LAMP-3", "sale_price": "10.125"})
        stored = [one[key] for one in shop.read() for key in ("price", "sale_price")]

    assert stored, f"{LAMP} breaks no rule, and nothing was stored."
    finer = [one for one in stored if one and len(one.partition(".")[2]) != 2]
    assert not finer, f"Prices are to the cent. In the table there are {finer}."


def test_q6_the_id_is_counted_up(answers, postgres):
    with products(answers, postgres) as shop:
        errors = [shop.send(**LAMP | {"sku": sku}) for sku in ("A", "B", "C")]
        with shop.engine.connect() as connection:
            ids = outcome(
                lambda: list(connection.scalars(text("SELECT id FROM products")))
            )

    assert errors == [None] * 3, f"PostgreSQL said {brief(next(filter(None, errors)))}"
    counted = isinstance(ids, list) and len(set(ids)) == 3
    assert counted, f"Three products were sent without an id; they have {brief(ids)}."
