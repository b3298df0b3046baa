"""The tests of section 3.4."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import (
    Engine,
    MetaData,
    Table,
    event,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Mapper, Session
from starlette.testclient import TestClient

from lab import (
    attempt,
    client,
    engine_for,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    returned_or_raised,
    sqlite_engine,
    statements,
)

STOCK = {"11": 5, "22": 5}


@dataclass
class Shop:
    """The learner's shop, and the database in which it has `STOCK`."""

    http: TestClient
    engine: Engine
    outside: Engine

    def order(self, **copies: int) -> object:
        """Return the status code of an order, or the exception of the endpoint.

        `b11=2` orders two copies of the book 11.
        """
        lines = {isbn.removeprefix("b"): count for isbn, count in copies.items()}
        body = {"address": "Ulm", "copies": lines}
        return outcome(lambda: self.http.post("/orders", json=body).status_code)

    def number(self, **copies: int) -> object:
        """Return the number of an order that is accepted."""
        lines = {isbn.removeprefix("b"): count for isbn, count in copies.items()}
        body = {"address": f"Ulm {len(lines)}", "copies": lines}
        response = attempt("`POST /orders`", self.http.post, "/orders", json=body)
        said = json_or_text(response)
        accepted = response.status_code == 201 and isinstance(said, dict)
        assert accepted, (
            f"`POST /orders` returned {response.status_code} and {in_words(said)}, for "
            f"the copies {lines}. There were enough copies, so the docstring asks for "
            f"201. Look at what leads to {response.status_code} in your code."
        )
        return said.get("number")

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """Return the rows of a table that are committed, in order."""
        with self.outside.connect() as connection:
            rows = connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1")
            return [tuple(row) for row in rows]

    @property
    def stock(self) -> dict[str, int]:
        """How many copies of each book are left."""
        return dict(self.rows("stock"))


@pytest.fixture
def shop(answers, postgres) -> Iterator[Shop]:
    """The learner's shop on a PostgreSQL database."""
    with engine_for(postgres.url) as engine, engine_for(postgres.url) as outside:
        tables = [answers.Stock.__table__, answers.Order.__table__]
        answers.Base.metadata.create_all(outside, tables)
        with outside.begin() as connection:
            rows = [{"isbn": isbn, "copies": count} for isbn, count in STOCK.items()]
            connection.execute(insert(answers.Stock), rows)
        app = fastapi_app(answers.shop_app(engine), "shop_app(engine)")
        with client(app) as http:
            yield Shop(http, engine, outside)


REFUSED = {
    "the last book is sold out": ({"b11": 1, "b22": 6}, 409),
    "the first book is sold out": ({"b11": 6, "b22": 1}, 409),
    "the last book does not exist": ({"b11": 1, "b99": 1}, 404),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_q1_a_refused_order_changes_nothing(shop, reason):
    copies, status = REFUSED[reason]
    seen = shop.order(**copies)

    assert (shop.stock, shop.rows("orders")) == (STOCK, []), (
        f"In an order, {reason}. Afterwards the stock is {shop.stock}, and the orders "
        f"are {in_words(shop.rows('orders'))}. Before, the stock was {STOCK}. The "
        "docstring asks that the order changes nothing. Look at when your code commits."
    )
    where = "Look at what your `try` catches."
    if isinstance(seen, Exception):
        where = "A query can raise it, too: it sends pending changes first."
    assert seen == status, (
        f"In an order, {reason}. `POST /orders` {returned_or_raised(seen)}. The "
        f"docstring asks for {status}. {where}"
    )


def test_q1_other_orders_are_saved(shop):
    numbers = [shop.number(b11=4, b22=5)]
    refused = shop.order(b11=2)
    shop.order(b11=1, b99=1)
    numbers.append(shop.number(b11=1))
    sold_out = shop.order(b22=1)

    saved = [(numbers[0], "Ulm 2"), (numbers[1], "Ulm 1")]
    assert shop.rows("orders") == saved, (
        f"Two orders returned the numbers {in_words(numbers)}. The table has the "
        f"orders {in_words(shop.rows('orders'))}. The docstring asks to save each "
        "order that is not refused, and to return its number. Look at when your code "
        "commits."
    )
    assert shop.stock == {"11": 0, "22": 0}, (
        f"The stock was {STOCK}. Two orders took all copies, and the stock is "
        f"{shop.stock} now. The docstring asks to take the copies of an order."
    )
    assert refused == 409, (
        "An order of 2 copies, while there was 1 copy left, "
        f"{returned_or_raised(refused)}. The docstring asks for 409."
    )
    assert sold_out == 409, (
        "An order of a book that the shop has, while there were 0 copies left, "
        f"{returned_or_raised(sold_out)}. The docstring asks for 409 if there are too "
        "few copies."
    )


class Rival:
    """Another order, which takes four copies of 11 as soon as the shop has read it.

    It tries after each statement about the stock. While the shop has locked the row, it
    cannot take any.
    """

    def __init__(self, shop: Shop) -> None:
        self.took = 0
        self.story = "No other order took a copy."
        self._shop = shop
        event.listen(shop.engine, "after_cursor_execute", self._after)

    def _after(self, connection: Any, cursor: Any, sql: str, *_: object) -> None:
        if self.took or "stock" not in sql:
            return
        with self._shop.outside.connect() as own:
            lock = "SELECT copies FROM stock WHERE isbn = '11' FOR UPDATE NOWAIT"
            if isinstance(outcome(lambda: own.exec_driver_sql(lock)), DBAPIError):
                return
            own.exec_driver_sql("UPDATE stock SET copies = 1 WHERE isbn = '11'")
            own.commit()
            self.took = 4
            self.story = (
                "Another order took 4 copies of 11 after your code had read the stock."
            )


def test_q1_the_last_copies_are_sold_once(shop):
    rival = Rival(shop)
    seen = shop.order(b11=3, b22=1)

    sold = 3 if seen == 201 else 0
    left = 5 - rival.took - sold
    assert shop.stock == {"11": left, "22": 5 if sold == 0 else 4}, (
        f"The stock was {STOCK}. {rival.story} Yours, 3 copies of 11 and 1 of 22, "
        f"{returned_or_raised(seen)}, and now the stock is {shop.stock}. The docstring "
        "asks to sell no copy twice."
    )
    expected = 201 if rival.took == 0 else 409
    where = " Look at which errors your code catches." if rival.took else ""
    assert seen == expected, (
        f"{rival.story} Your order of 3 of the 5 copies {returned_or_raised(seen)}. "
        f"The docstring asks for {expected}.{where}"
    )


def lose_the_orders(shop: Shop) -> None:
    """Take the table of the orders away."""
    with shop.outside.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE orders RENAME TO lost")


def cut_connections(shop: Shop) -> None:
    """Let PostgreSQL end each connection that sends a statement about the stock."""

    def end(connection: Any, cursor: Any, sql: str, *_: object) -> None:
        if "stock" in sql:
            number = connection.connection.driver_connection.info.backend_pid
            with shop.outside.connect() as own:
                own.execute(select(func.pg_terminate_backend(number, 5000)))

    event.listen(shop.engine, "before_cursor_execute", end)


FAILURES = {
    "the table `orders` is missing": lose_the_orders,
    "PostgreSQL ends the connection": cut_connections,
}


@pytest.mark.parametrize("failure", FAILURES)
def test_q1_another_database_error_is_not_409(shop, failure):
    refused = shop.order(b11=6)
    FAILURES[failure](shop)
    broken = shop.order(b11=1)

    assert refused == 409, (
        f"An order of 6 copies, of which there are 5, {returned_or_raised(refused)}. "
        "The docstring asks for 409."
    )
    failed = isinstance(broken, Exception) or broken == 500
    assert failed, (
        f"While {failure}, `POST /orders` returned {in_words(broken)}. The docstring "
        "asks for 409 if there are too few copies, and for no other database error. "
        "Look at the error that you catch."
    )
    assert shop.stock == STOCK, (
        f"While {failure}, an order failed, and the stock is {shop.stock}. It was "
        f"{STOCK}. Look at when your code commits."
    )


# author, title, year, price, cost
BOOKS = [
    ("O'Hara", "Ten North", 1955, 300, 90),
    ("O'Hara", "Butterfield", 1935, 90, 20),
    ("O'Hara", "Appointment", 1934, 1000, 10),
    ("O'Hara", "Butterfield", 1960, 250, 25),
    (" O'Hara ", "Spaces", 1937, 100, 55),
    ("", "Nobody's", 1938, 105, 65),
    ("o'hara", "In small letters", 1936, 110, 50),
    ("D'A_b", "Underscore", 2001, 120, 60),
    ("D'Axb", "Letter", 2002, 130, 70),
    ("L'100%", "Percent", 2003, 140, 80),
    ("L'1000", "Digit", 2004, 150, 30),
    ("N':name", "Colon", 2005, 160, 40),
    ("\\\"'", "Quotes", 2006, 170, 45),
]
USERS = [("Mara", "5f2c9a"), ("Jo", "b94d27")]


@contextmanager
def library(answers: Any) -> Iterator[Session]:
    """Yield a session on a database with these books, and with users."""
    keys = ("author", "title", "year", "price", "cost")
    with sqlite_engine() as engine:
        answers.Book.__table__.create(engine)
        with engine.begin() as connection:
            rows = [dict(zip(keys, book, strict=True)) for book in BOOKS]
            connection.execute(insert(answers.Book), rows)
            connection.exec_driver_sql("CREATE TABLE users (name TEXT, password TEXT)")
            connection.exec_driver_sql("INSERT INTO users VALUES (?, ?)", USERS)
        with Session(engine) as session:
            yield session


def found(answers: Any, author: str, sort: str) -> object:
    """Return the titles that the learner's function finds, or what it raises."""
    with library(answers) as session:
        seen = outcome(lambda: answers.titles_by(session, author, sort))
        return list(seen) if isinstance(seen, tuple) else seen


@pytest.mark.parametrize(
    "author",
    ["D'A_b", "L'100%", "N':name", "\\\"'", "o'hara", " O'Hara ", "O'Nobody"],
)
def test_q2_books_of_exactly_this_author_are_found(answers, author):
    titles = found(answers, author, "title")

    there = sorted(title for name, title, *_ in BOOKS if name == author)
    assert titles == there, (
        f'`titles_by(session, {author!r}, "title")` {returned_or_raised(titles)}. The '
        f"docstring asks for {there}, the books of exactly this author. Look at how "
        "the author gets into the statement."
    )


def test_q2_an_empty_author_is_an_author_like_others(answers):
    titles = [found(answers, author, "title") for author in ("", "o'hara")]

    assert titles == [["Nobody's"], ["In small letters"]], (
        '`titles_by(session, "", "title")` '
        f'{returned_or_raised(titles[0])}. With "o\'hara", it '
        f"{returned_or_raised(titles[1])}. Each of the two authors has one book, "
        "`Nobody's` and `In small letters`. The docstring says that every string can "
        "be an author."
    )


@pytest.mark.parametrize(("sort", "key"), [("title", 1), ("year", 2), ("price", 3)])
def test_q2_titles_are_sorted_by_the_chosen_column(answers, sort, key):
    titles = found(answers, "O'Hara", sort)

    books = sorted(
        (book for book in BOOKS if book[0] == "O'Hara"), key=lambda book: book[key]
    )
    assert titles == [book[1] for book in books], (
        f'`titles_by(session, "O\'Hara", {sort!r})` {returned_or_raised(titles)}. The '
        "docstring asks for a title for each of the 4 books, sorted by the column "
        f"{sort!r}. Look at what `order_by` gets."
    )


ATTACKS = {
    "a condition": "' OR '1' = '1",
    "another table": "' UNION SELECT password FROM users --",
    "another column": "' UNION SELECT cost FROM books WHERE '1' = '1",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_q2_the_author_does_not_become_sql(answers, attack):
    author = ATTACKS[attack]
    titles = found(answers, author, "title")

    nothing = titles == []
    assert nothing, (
        f"A customer sent the author {in_words(author)}. `titles_by` "
        f"{returned_or_raised(titles)}. There is no such author, so the docstring asks "
        "for no titles. Look at how the author gets into the statement."
    )


@pytest.mark.parametrize(
    "sort",
    [
        "cost",
        "author",
        "id",
        "metadata",
        "title, cost",
        "title DESC",
        "CASE WHEN cost > 50 THEN title ELSE year END",
        "(SELECT password FROM users)",
        "Title",
        " title",
        "title\n",
        "books.title",
        "1",
        "",
    ],
)
def test_q2_any_other_sort_is_refused(answers, sort):
    for author in ("O'Hara", "O'Nobody"):  # the second one has no books
        titles = found(answers, author, sort)
        assert isinstance(titles, ValueError), (
            f"`titles_by(session, {author!r}, {sort!r})` {returned_or_raised(titles)}. "
            "Only three columns are allowed, so the docstring asks for a ValueError. "
            "Look at your check."
        )


SIDES = {"Order": "lines", "Line": "order"}


def completed(answers: Any) -> tuple[Any, Any]:
    """Return the learner's two classes, which have both relationships."""
    classes = attempt("`order_classes()`", answers.order_classes)
    pair = classes if isinstance(classes, tuple) else ()
    mapped = [one for one in pair if isinstance(inspect(one, raiseerr=False), Mapper)]
    assert len(mapped) == 2, (
        f"`order_classes()` returned {in_words(classes)}. The docstring asks for the "
        "two classes."
    )
    attempt("Configuring the relationships", mapped[0].registry.configure)
    for one, (name, side) in zip(mapped, SIDES.items(), strict=True):
        sides = inspect(one).relationships.keys()
        assert side in sides, (
            f"{name} has the relationships {in_words(list(sides))}. The docstring asks "
            f"for `{name}.{side}`."
        )
    lines = attempt("Reading `lines` of a new order", lambda: mapped[0]().lines)
    assert isinstance(lines, list), (
        f"`lines` of a new order is an object of the class {type(lines).__name__}. The "
        "docstring asks for a list. Look at the annotation and the arguments of "
        "`Order.lines`."
    )
    return mapped[0], mapped[1]


@dataclass
class Office:
    """The learner's classes, and a database with two orders of two lines each."""

    order: Any
    line: Any
    engine: Engine

    def read(self) -> dict[int, list[str]]:
        """Return the titles of the lines of each order."""
        with self.engine.connect() as connection:
            orders = connection.scalars(text("SELECT id FROM orders"))
            lines: dict[int, list[str]] = {one: [] for one in orders}
            query = "SELECT order_id, title FROM lines ORDER BY title"
            for order_id, title in connection.execute(text(query)):
                lines.setdefault(order_id, []).append(title)
        return lines

    def send(self, sql: str) -> object:
        """Send SQL as another program does. Return the exception if it is refused."""
        with self.engine.connect() as connection:
            seen = outcome(lambda: connection.execute(text(sql)))
            connection.commit()
        return seen if isinstance(seen, Exception) else None


LINES = {1: ["Emma", "Ink"], 2: ["Kim", "Sea"]}


def fill(engine: Engine) -> None:
    """Store the orders of `LINES`."""
    with engine.begin() as connection:
        for number, titles in LINES.items():
            connection.execute(text(f"INSERT INTO orders (id) VALUES ({number})"))
            for title in titles:
                sql = "INSERT INTO lines (title, order_id) VALUES (:title, :order)"
                connection.execute(text(sql), {"title": title, "order": number})


@pytest.fixture
def office(answers) -> Iterator[Office]:
    """An office with the orders of `LINES`, written by another program."""
    order, line = completed(answers)
    with sqlite_engine() as engine:
        attempt("Creating the tables", order.metadata.create_all, engine)
        attempt("Storing two orders of two lines with SQL", fill, engine)
        yield Office(order, line, engine)


def append_line(first: Any, second: Any, line: Any) -> bool:
    first.lines.append(line)
    return line.order is first


def set_order(first: Any, second: Any, line: Any) -> bool:
    line.order = first
    return list(first.lines) == [line]


def change_order(first: Any, second: Any, line: Any) -> bool:
    line.order = first
    line.order = second
    return (list(first.lines), list(second.lines)) == ([], [line])


def remove_line(first: Any, second: Any, line: Any) -> bool:
    first.lines.append(line)
    before = line.order
    first.lines.remove(line)
    return (before, line.order) == (first, None)


CHANGES = {
    "`order.lines.append(line)`": append_line,
    "`line.order = order`": set_order,
    "`line.order = another order`": change_order,
    "`order.lines.remove(line)`": remove_line,
}


@pytest.mark.parametrize("change", CHANGES)
def test_q3_both_relationships_change_at_once(answers, change):
    order, line = completed(answers)
    objects = (order(), order(), line(title="Emma"))

    same = attempt(change, CHANGES[change], *objects)
    assert same, (
        f"After {change}, the other relationship has not changed. The docstring asks "
        "that it changes at once. Look at what tells one relationship about the other."
    )


def test_q3_a_line_of_a_missing_order_is_refused(office):
    refused = office.send("INSERT INTO lines (title, order_id) VALUES ('Ice', 77)")

    assert isinstance(refused, IntegrityError), (
        "A program added a line with the `order_id` 77, and there is no such order. "
        f"The database {'stored it' if refused is None else in_words(refused)}. The "
        "docstring asks that the database refuses it: `order_id` is a foreign key."
    )


def test_q3_an_order_is_saved_with_its_lines(office):
    with Session(office.engine) as session:
        order = office.order()
        session.add(order)
        order.lines.append(office.line(title="Ash"))
        order.lines.append(office.line(title="Bee"))
        saved = outcome(session.commit)
    seen = office.read()

    assert saved is None, (
        f"A session saved an order with two lines. The commit raised {in_words(saved)}."
        " The docstring asks to save the lines, too, and to set their `order_id`."
    )
    assert seen == LINES | {3: ["Ash", "Bee"]}, (
        "A session saved a third order with the lines 'Ash' and 'Bee'. Now the orders "
        f"have the lines {seen}. The docstring asks to save the lines, too, and to set "
        "their `order_id`. Look at the `cascade` of `Order.lines`."
    )


def change(office: Office, what: str) -> None:
    """Change the orders in a session, and commit."""
    with Session(office.engine) as session:
        first = session.get_one(office.order, 1)
        second = session.get_one(office.order, 2)
        emma = next(line for line in first.lines if line.title == "Emma")
        if what == "remove a line":
            first.lines.remove(emma)
        elif what == "remove all lines":
            first.lines = []
        elif what == "add a line to another order":
            second.lines.append(emma)
        elif what == "set the order of a line":
            emma.order = second
        elif what == "delete a line":
            session.delete(emma)
        session.commit()


AFTERWARDS = {
    "remove a line": {1: ["Ink"], 2: ["Kim", "Sea"]},
    "remove all lines": {1: [], 2: ["Kim", "Sea"]},
    "add a line to another order": {1: ["Ink"], 2: ["Emma", "Kim", "Sea"]},
    "set the order of a line": {1: ["Ink"], 2: ["Emma", "Kim", "Sea"]},
    "delete a line": {1: ["Ink"], 2: ["Kim", "Sea"]},
}


@pytest.mark.parametrize("what", AFTERWARDS)
def test_q3_lines_are_deleted_or_moved_as_asked(office, what):
    changed = outcome(lambda: change(office, what))
    seen = office.read()

    assert not isinstance(changed, Exception), (
        f"A session did this with order 1: {what}. It raised {in_words(changed)}. The "
        "docstring says what happens to the line. Look at the `cascade` of the "
        "relationships."
    )
    assert seen == AFTERWARDS[what], (
        f"The orders had the lines {LINES}. A session did this with order 1: {what}. "
        f"Now they have {seen}. The docstring asks for {AFTERWARDS[what]}. Look at the "
        "`cascade` of the relationships."
    )


@pytest.mark.parametrize("loaded", [False, True], ids=["unread", "read"])
def test_q3_a_session_deletes_an_order_with_its_lines(office, loaded):
    with Session(office.engine) as session:
        order = session.get_one(office.order, 1)
        if loaded:
            list(order.lines)
        session.delete(order)
        deleted = outcome(session.commit)
    seen = office.read()

    assert deleted is None, (
        f"A session deleted an order. The commit raised {in_words(deleted)}. The "
        "docstring asks that its lines are deleted as well. Look at the `cascade` of "
        "`Order.lines`."
    )
    assert seen == {2: LINES[2]}, (
        f"The orders had the lines {LINES}. A session deleted order 1. Now they have "
        f"{seen}. The docstring asks that the lines of this order are deleted as well."
    )


def test_q3_the_database_deletes_the_lines_of_an_order(office):
    refused = office.send("DELETE FROM orders WHERE id = 1")
    seen = office.read()

    answer = "accepted it" if refused is None else f"raised {in_words(refused)}"
    assert (refused, seen) == (None, {2: LINES[2]}), (
        "Another program sent `DELETE FROM orders WHERE id = 1`. The database "
        f"{answer}. Now the orders have the lines {seen}. The docstring asks it to "
        "delete the lines of this order. Look at the foreign key."
    )


SHELVES = ("Declarative", "Imperative", "Hybrid")


def predicted(answers: Any, way: str, index: int) -> object:
    """Return one of the predictions."""
    values = attempt("`differences()`", answers.differences)
    pair = values.get(way) if isinstance(values, dict) else None
    is_pair = isinstance(pair, tuple | list) and len(pair) == 2
    assert is_pair, (
        f"`differences()` has the value {in_words(pair)} for {way!r}. The docstring "
        "asks for two strings."
    )
    return pair[index]


@pytest.mark.parametrize("way", SHELVES)
def test_q4_whether_the_column_may_be_null_is_predicted(answers, way):
    table = inspect(answers.shelf_classes()[way]).local_table
    with sqlite_engine() as engine:
        table.create(engine)
        columns = {
            column["name"]: column["nullable"]
            for column in inspect(engine).get_columns(table.name)
        }
    observed = "NULL" if columns["room"] else "NOT NULL"

    prediction = predicted(answers, way, 0)
    assert prediction == observed, (
        f"{way}: you predict {in_words(prediction)} for the column `room`, and the "
        "database says something else. Look at the line that defines the column: with "
        "`Mapped`, the annotation decides; `Column` has a default of its own."
    )


@pytest.mark.parametrize("way", SHELVES)
def test_q4_what_the_constructor_does_is_predicted(answers, way):
    shelf = outcome(lambda: answers.shelf_classes()[way]("hall"))
    observed = type(shelf).__name__ if isinstance(shelf, Exception) else "works"

    prediction = predicted(answers, way, 1)
    assert prediction == observed, (
        f'{way}: you predict {in_words(prediction)} for `Shelf("hall")`, and something '
        "else happens. Look at where the class gets its `__init__` from. The one of "
        "the base class takes keyword arguments only."
    )


@contextmanager
def shop_database() -> Iterator[Engine]:
    """Yield a database with a table `users`."""
    with sqlite_engine() as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE users (name TEXT, password TEXT)")
            connection.exec_driver_sql("INSERT INTO users VALUES (?, ?)", USERS)
        yield engine


def content(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Return the names of the columns and the rows of each table."""
    metadata = MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        return {
            name: [
                tuple(table.c.keys()),
                *map(tuple, connection.execute(select(table))),
            ]
            for name, table in metadata.tables.items()
        }


UPLOADS = {
    "keywords": ("order", ["group", "select"]),
    "one column": ("x", ["from"]),
    "the name of a table": ("users", ["name", "values", "a_1"]),
    "40 characters": ("a" * 40, ["b" * 40, "table"]),
    "digits and underscores": ("p2026__", ["check", "z9_", "isbn"]),
}


def store(engine: Engine, table: str, values: tuple[str | None, ...]) -> None:
    """Store a row in a table as another program does."""
    with engine.begin() as connection:
        reflected = Table(table, MetaData(), autoload_with=connection)
        row = dict(zip(reflected.c.keys(), values, strict=True))
        connection.execute(insert(reflected), row)


def upload_to(engine: Engine, answers, name: str, columns: list[str]) -> str:
    """Create the table of an upload; return what was sent, as a sentence."""
    tables = content(engine)
    sent = (
        f"The upload was {in_words(name)} ({len(name)} characters) with the columns "
        f"{in_words(columns)}. "
    )
    raised = outcome(lambda: answers.create_upload_table(engine, name, columns))
    assert not isinstance(raised, Exception), (
        f"{sent}The call raised {in_words(raised)}. These names are valid. Look at "
        "your check, and at the SQL."
    )
    tables[f"upload_{name}"] = [tuple(columns)]
    assert content(engine) == tables, (
        f"{sent}Now the tables are {in_words(content(engine))}. The docstring asks for "
        "`upload_<name>` with these columns, beside the other tables."
    )
    return sent


@pytest.mark.parametrize("upload", UPLOADS)
def test_q5_an_upload_becomes_a_table(answers, upload):
    with shop_database() as engine:
        upload_to(engine, answers, *UPLOADS[upload])


@pytest.mark.parametrize("upload", UPLOADS)
def test_q5_the_table_has_varchar_columns_without_constraints(answers, upload):
    name, columns = UPLOADS[upload]
    table, values = f"upload_{name}", tuple(f"00{one}" for one in range(len(columns)))
    with shop_database() as engine:
        sent = upload_to(engine, answers, name, columns)
        types = [str(one["type"]) for one in inspect(engine).get_columns(table)]
        store(engine, table, values)
        stored = content(engine)[table][1]
        nothing = (None,) * len(columns)
        more = outcome(lambda: [store(engine, table, row) for row in (values, nothing)])

    varchar = all(one.startswith("VARCHAR") for one in types)
    assert varchar, (
        f"{sent}The columns have the types {in_words(types)}. The docstring asks for "
        "VARCHAR."
    )
    assert stored == values, (
        f"{sent}A program stored the strings {values} and read {in_words(stored)}. The "
        "docstring asks for columns of the type VARCHAR."
    )
    assert not isinstance(more, Exception), (
        f"{sent}Storing the same row for the second time, and a row with NULL in all "
        f"columns, raised {in_words(more)}. The docstring asks for no constraints."
    )


def test_q5_each_database_gets_its_own_table(answers):
    with shop_database() as first, shop_database() as second:
        for engine, columns in ((first, ["isbn", "group"]), (second, ["from"])):
            raised = outcome(
                lambda engine=engine, columns=columns: answers.create_upload_table(
                    engine, "spring", columns
                )
            )
            tables = content(engine)
            new = {name: tables[name][0] for name in tables if name != "users"}
            assert new == {"upload_spring": tuple(columns)}, (
                "Two databases got an upload 'spring', with the columns ['isbn', "
                f"'group'] and ['from']. The call for {columns} "
                f"{returned_or_raised(raised)}, and its database has the new tables "
                f"{in_words(new)}."
            )


INVALID = {
    "SQL in the name": ["x AS SELECT name, password FROM users --"],
    "SQL in a column": [
        "isbn VARCHAR); DROP TABLE users; --",
        "cents CHECK (cents < 1) --",
        "isbn INTEGER, cents",
        'isbn" INTEGER, "cents',
    ],
    "the empty string": [""],
    "another first character": ["1st", "_isbn", " isbn"],
    "capital letters": ["Isbn", "iSBN"],
    "letters and digits of other scripts": ["preisgröße", "\uff49sbn", "isbn\u0661"],
    "other characters": ["isbn number", "isbn-13", "isbn.13", "isbn$", "isbn\n"],
    "more than 40 characters": ["a" * 41, "b" * 64],
}


@pytest.mark.parametrize("place", ["name", "first column", "last column"])
@pytest.mark.parametrize("kind", INVALID)
def test_q5_an_invalid_name_is_refused(answers, kind, place):
    for invalid in INVALID[kind]:
        name = invalid if place == "name" else "prices"
        columns = ["isbn", "cents"]
        if place != "name":
            columns[0 if place == "first column" else 1] = invalid
        with shop_database() as engine, statements(engine) as sent:
            refused = outcome(
                lambda engine=engine, name=name, columns=columns: (
                    answers.create_upload_table(engine, name, columns)
                )
            )

        size = f" ({len(invalid)} characters)" if len(invalid) > 40 else ""
        assert isinstance(refused, ValueError), (
            f"The {place} of an upload was {in_words(invalid)}{size}. The call "
            f"{returned_or_raised(refused)}. The docstring asks for a ValueError for a "
            "name that is not valid. Look at your check."
        )
        nothing_sent = len(sent) == 0
        assert nothing_sent, (
            f"The {place} of an upload was {in_words(invalid)}. Before the ValueError, "
            f"`{sent[0].sql:.80}` was sent. The docstring asks to send nothing."
        )


LAMP = {"sku": "LAMP-1", "name": "Reading lamp", "price": 1990}


@dataclass
class Products:
    """The learner's class, and its table in a PostgreSQL database."""

    model: Any
    engine: Engine

    def send(self, **product: Any) -> DBAPIError | None:
        """Send a row as another program does. Return the error if it is refused."""
        columns, values = ", ".join(product), ", ".join(f":{key}" for key in product)
        sql = text(f"INSERT INTO products ({columns}) VALUES ({values})")
        with self.engine.connect() as connection:
            try:
                connection.execute(sql, product)
                connection.commit()
            except DBAPIError as error:
                return error
        return None

    def rows(self, columns: str = "sku, name, price") -> list[dict[str, Any]]:
        """Return the rows of the table."""
        with self.engine.connect() as connection:
            rows = connection.execute(text(f"SELECT {columns} FROM products"))
            return [dict(row) for row in rows.mappings()]


@pytest.fixture
def products(answers, postgres) -> Iterator[Products]:
    """The learner's table, without rows."""
    model = attempt("`product_class()`", answers.product_class)
    mapper = inspect(model, raiseerr=False)
    assert isinstance(mapper, Mapper), (
        f"`product_class()` returned {in_words(model)}. The docstring asks for a class "
        "that is mapped to the table `products`."
    )
    name = getattr(mapper.local_table, "name", None)
    assert name == "products", (
        f"The class is mapped to the table {in_words(name)}. The docstring asks for "
        "`products`."
    )
    with engine_for(postgres.url) as engine:
        attempt("Creating the table", mapper.local_table.metadata.create_all, engine)
        yield Products(model, engine)


ACCEPTED = {
    "a sku of 12 characters": {"sku": "lamp-1234567"},
    "a sku of 1 character": {"sku": "L"},
    "a sku in small letters": {"sku": "other"},
    "a name of 80 characters": {"name": "ö" * 80},
    "a name of 1 character": {"name": "x"},
    "a name with spaces": {"name": " a b "},
    "a name of a tab": {"name": "\t"},
    "a price of 1": {"price": 1},
    "a high price": {"price": 2_000_000_000},
}


@pytest.mark.parametrize("kind", ACCEPTED)
def test_q6_a_row_that_breaks_no_rule_is_stored(products, kind):
    rows = [LAMP | {"sku": "OTHER"}, LAMP | ACCEPTED[kind]]
    refused = [error for row in rows if (error := products.send(**row))]

    assert refused == [], (
        f"PostgreSQL refused a row with {kind}, {in_words(ACCEPTED[kind])}: "
        f"{in_words(refused[0])}. This row breaks no rule of the docstring."
    )
    assert products.rows() == rows, (
        f"Two rows were sent, one with {kind}. The table has "
        f"{in_words(products.rows())}. The docstring asks to store such rows."
    )
    prices = [row["price"] for row in products.rows()]
    whole = all(isinstance(price, int) for price in prices)
    assert whole, (
        f"The prices in the table are {in_words(prices)}. The docstring asks for "
        "integers."
    )


def test_q6_a_session_stores_products_and_the_database_assigns_ids(products):
    def store() -> list[int]:
        with Session(products.engine) as session:
            lamps = [products.model(**LAMP | {"sku": sku}) for sku in ("A", "B")]
            session.add_all(lamps)
            session.commit()
            return [lamp.id for lamp in lamps]

    ids = attempt("Storing two products in a session", store)
    columns = [column.name for column in inspect(products.model).primary_key]
    stored = sorted(row["id"] for row in products.rows("id"))
    assert (columns, sorted(ids)) == (["id"], stored), (
        f"A session stored two products without an id. Their ids are {in_words(ids)}, "
        f"the table has {stored}, and the primary key is {columns}. The docstring asks "
        "for an `id` that the database assigns."
    )
    whole = all(isinstance(one, int) for one in ids)
    assert whole, f"The ids are {in_words(ids)}. The docstring asks for integers."


REFUSED_ROWS = {
    "no sku": ({"sku": None}, None),
    "no name": ({"name": None}, None),
    "no price": ({"price": None}, None),
    "a sku of 13 characters": ({"sku": "L" * 13}, None),
    "a name of 81 characters": ({"name": "ö" * 81}, None),
    "an empty name": ({"name": ""}, "ck_products_name"),
    "a name of spaces": ({"name": "   "}, "ck_products_name"),
    "a price of 0": ({"price": 0}, "ck_products_price"),
    "a price below 0": ({"price": -1}, "ck_products_price"),
    "a sku for the second time": (
        {"sku": "FIRST", "name": "Other", "price": 5},
        "uq_products_sku",
    ),
}


@pytest.mark.parametrize("flaw", REFUSED_ROWS)
def test_q6_the_database_refuses_a_row_that_breaks_a_rule(products, flaw):
    row, constraint = REFUSED_ROWS[flaw]
    attempt("Storing a product", products.send, **LAMP | {"sku": "FIRST"})
    refused = products.send(**LAMP | row)

    assert refused is not None, (
        f"Another program sent a row with {flaw}, and PostgreSQL stored it: "
        f"{in_words(LAMP | row)}. The docstring asks the database to refuse it."
    )
    diagnosis = getattr(refused.orig, "diag", None)
    named = getattr(diagnosis, "constraint_name", None)
    assert constraint in (None, named), (
        f"PostgreSQL refused a row with {flaw}, and the error names the constraint "
        f"{in_words(named)}. The docstring asks for the name `{constraint}`."
    )
