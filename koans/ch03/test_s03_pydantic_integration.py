"""The tests of section 3.3."""

import importlib
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from sqlalchemy import Engine, event, inspect, select
from sqlalchemy.orm import Session

from lab import (
    attempt,
    client,
    fastapi_app,
    importable,
    in_words,
    json_or_text,
    outcome,
    returned_or_raised,
    sqlite_engine,
    statements,
)


def send(
    app: FastAPI, method: str, path: str, body: object = None, *, asks: str
) -> httpx2.Response:
    """Return the response to a request.

    The message for an exception of the application says what the docstring `asks` for.
    """
    sent = "" if body is None else f" with {in_words(body)}"
    with client(app) as http:
        try:
            return http.request(method, path, json=body)
        except NotImplementedError:
            raise  # the answer is still open
        except Exception as error:
            raise AssertionError(
                f"`{method} {path}`{sent} raised {in_words(error)}, which gives the "
                f"client a 500. The docstring asks for {asks}."
            ) from error


def rows(engine: Engine, model: Any) -> list[dict[str, Any]]:
    """Return the rows of a model's table, sorted by id."""
    table = model.__table__
    with Session(engine) as session:
        found = session.execute(select(table).order_by(table.c.id)).mappings()
        return [dict(row) for row in found]


@pytest.fixture
def engine(answers):
    """An engine for a database with the tables of this section."""
    with sqlite_engine() as engine:
        answers.Base.metadata.create_all(engine)
        yield engine


def assert_created(app: FastAPI, path: str, body: object) -> None:
    """Fail unless a POST request with this body returns 201."""
    asks = "201, because this body is valid"
    response = send(app, "POST", path, body, asks=asks)
    assert response.status_code == 201, (
        f"`POST {path}` with {in_words(body)} returned {response.status_code} and "
        f"{in_words(json_or_text(response))}. The docstring asks for {asks}. Look at "
        "the field that the response names."
    )


def assert_refused(app: FastAPI, path: str, body: dict[str, Any], what: str) -> None:
    """Fail unless a POST request with this body returns 422.

    A field whose value is `...` is not sent.
    """
    sent = {key: value for key, value in body.items() if value is not ...}
    asks = f"422, because {what}"
    response = send(app, "POST", path, sent, asks=asks)
    assert response.status_code == 422, (
        f"`POST {path}` with {in_words(sent)} returned {response.status_code}. The "
        f"docstring asks for {asks}. Look at this field of your model."
    )


def assert_cannot_set(
    app: FastAPI, path: str, body: dict[str, Any], name: str, read: Callable[[], Any]
) -> None:
    """Fail unless the field `name` of the body is ignored, or returns 422.

    `read` returns the rows of the table.
    """
    asks = f"201 without the field {name!r}, or for 422"
    response = send(app, "POST", path, body, asks=asks)
    value, stored = body[name], read()
    assert response.status_code in (201, 422), (
        f"`POST {path}` with the field {name!r} returned {response.status_code}. The "
        f"docstring asks for {asks}."
    )
    taken = [row for row in stored if row[name] == value]
    assert not taken, (
        f"A client sent {name} = {value!r}, and the table now has {in_words(taken[0])}."
        f" The docstring asks that a client cannot set {name!r}. Look at the fields "
        "that your model accepts."
    )
    assert len(stored) == (response.status_code == 201), (
        f"`POST {path}` returned {response.status_code}, and the table now has "
        f"{len(stored)} rows. The docstring asks to store a valid body."
    )


MARA = {"name": "Mara", "email": "mara@example.com"}
EMAIL_80 = f"{'m' * 62}@books.example.com"


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"nickname": "mimi"},
        {"nickname": None},
        {"name": "M", "nickname": ""},
        {"name": " Mara ", "email": "M.Ara@example.com", "nickname": " Mimi "},
        {"name": "Ü" * 40, "email": EMAIL_80, "nickname": "ü" * 20},
    ],
    ids=["no nickname", "nickname", "null", "shortest", "spaces, capitals", "longest"],
)
def test_q1_a_valid_user_is_stored(answers, engine, change):
    body = MARA | change
    assert_created(answers.users_app(engine), "/users", body)

    expected = {"id": 1, "nickname": None, "is_admin": False} | body
    stored = rows(engine, answers.User)
    assert stored == [expected], (
        f"`POST /users` with {in_words(body)} stored {in_words(stored)}. The docstring "
        "asks to store the unchanged name, email address and nickname, or NULL without "
        "a nickname."
    )


INVALID_USERS: dict[str, dict[str, Any]] = {
    "name is missing": {"name": ...},
    "email is missing": {"email": ...},
    "name is null": {"name": None},
    "email is null": {"email": None},
    "name is not a string": {"name": 7},
    "nickname is not a string": {"nickname": ["mimi"]},
    "name is empty": {"name": ""},
    "name has 41 characters": {"name": "M" * 41},
    "nickname has 21 characters": {"nickname": "m" * 21},
    "email has 81 characters": {"email": f"m{EMAIL_80}"},
    "email is not an email address": {"email": "mara"},
    "email has no domain": {"email": "mara@"},
    "email has two @ characters": {"email": "mara@books@example.com"},
    "email has a space": {"email": "ma ra@example.com"},
}


@pytest.mark.parametrize("what", INVALID_USERS)
def test_q1_an_invalid_user_returns_422(answers, engine, what):
    body = MARA | INVALID_USERS[what]
    assert_refused(answers.users_app(engine), "/users", body, what)


@pytest.mark.parametrize(("name", "value"), [("id", 4711), ("is_admin", True)])
def test_q1_a_client_cannot_set_other_columns(answers, engine, name, value):
    def read() -> list[dict[str, Any]]:
        return rows(engine, answers.User)

    app = answers.users_app(engine)
    assert_cannot_set(app, "/users", MARA | {name: value}, name, read)


@contextmanager
def new_process(answers: Any) -> Iterator[None]:
    """Let Python find the learner's package, no part of which is imported yet."""
    folder = answers.bookshop_path()
    assert isinstance(folder, Path), (
        f"`bookshop_path()` returned {in_words(folder)}. The docstring asks to leave "
        "this function as it is."
    )
    with importable(folder, "bookshop"):
        yield


def module(name: str) -> ModuleType:
    """Import a module of the learner's package."""
    try:
        return importlib.import_module(f"bookshop.{name}")
    except Exception as error:
        places = [
            f"{Path(frame.filename).name}:{frame.lineno}"
            for frame in traceback.extract_tb(error.__traceback__)
            if "bookshop" in Path(frame.filename).parts
        ]
        raise AssertionError(
            f"`import bookshop.{name}` raised {in_words(error)}. It happened in these "
            f"lines: {', then '.join(places[-4:]) or 'none of the package'}. The "
            "docstring asks that each module can be imported."
        ) from error


def class_of(where: ModuleType, name: str) -> Any:
    """Return a class of a module."""
    missing = object()
    found = getattr(where, name, missing)
    seen = "does not exist" if found is missing else f"is {in_words(found)}"
    assert isinstance(found, type), (
        f"`{where.__name__}.{name}` {seen}. The docstring asks that this module "
        "contains this class."
    )
    return found


TABLES = "Look at the imports in the package, and at both relationships."
SCHEMAS = "Look at this model, its configuration, and the imports in the package."


def use(what: str, call: Callable[[], Any], look: str = TABLES) -> Any:
    """Return what a `call` returns that uses the classes of the package.

    The message for an exception says where to `look`.
    """
    seen = outcome(call)
    assert not isinstance(seen, Exception), (
        f"{what} raised {in_words(seen)}. The docstring asks that this works. {look}"
    )
    return seen


CLASSES = {"authors": ["Author", "AuthorOut"], "books": ["Book", "BookOut"]}


@pytest.mark.parametrize("first", CLASSES)
def test_q2_the_modules_can_be_imported_in_either_order(answers, first):
    with new_process(answers):
        modules = {name: module(name) for name in sorted(CLASSES, key=first.__ne__)}

        for name, classes in CLASSES.items():
            for each in classes:
                class_of(modules[name], each)


@pytest.mark.parametrize(
    ("name", "table", "schema", "values"),
    [
        ("authors", "Author", "AuthorOut", {"name": "Jane Austen", "books": []}),
        ("books", "Book", "BookOut", {"title": "Emma"}),
    ],
    ids=["authors", "books"],
)
def test_q2_the_classes_can_be_used_after_one_import(
    answers, name, table, schema, values
):
    only = f"Only `bookshop.{name}` was imported."
    with new_process(answers), sqlite_engine() as engine:
        where = module(name)
        model, out = class_of(where, table), class_of(where, schema)
        use(f"{only} `create_all`", lambda: model.metadata.create_all(engine))
        tables = set(inspect(engine).get_table_names())
        row = use(f"{only} `{table}(...)`", lambda: model(**values))
        read = use(f"{only} `{schema}`", lambda: out.model_validate(row), SCHEMAS)

    assert tables >= {"authors", "books"}, (
        f"{only} `create_all` created the tables {in_words(sorted(tables))}. The "
        f"docstring asks for both, `authors` and `books`. {TABLES}"
    )
    assert read.model_dump() == values, (
        f"{only} `{schema}` read {in_words(read.model_dump())} from a row with "
        f"{in_words(values)}. The docstring asks that it still reads rows. {SCHEMAS}"
    )


def test_q2_each_relationship_sets_the_other_one(answers):
    with new_process(answers):
        author = class_of(module("authors"), "Author")
        book = class_of(module("books"), "Book")
        emma = use("`Book(...)`", lambda: book(title="Emma"))
        jane = use("`Author(books=[book])`", lambda: author(books=[emma]))
        lodore = use("`Book(author=author)`", lambda: book(title="L", author=jane))
        of_emma = use("`book.author`", lambda: emma.author)
        of_jane = use("`author.books`", lambda: list(jane.books))

    assert of_emma is jane, (
        f"After `Author(books=[book])`, `book.author` is {in_words(of_emma)}. The "
        f"docstring asks that this sets `book.author`, too. {TABLES}"
    )
    assert of_jane == [emma, lodore], (
        f"`author.books` had one book. After `Book(author=author)`, it has "
        f"{len(of_jane)}. The docstring asks that this sets `author.books`, too. "
        f"{TABLES}"
    )


def store_two_books(engine: Engine, authors: ModuleType, books: ModuleType) -> None:
    """Store an author with two books, one by each of the two relationships."""
    author, book = class_of(authors, "Author"), class_of(books, "Book")
    author.metadata.create_all(engine)
    with Session(engine) as session:
        jane = author(name="Jane Austen", books=[book(title="Emma")])
        session.add_all([jane, book(title="Persuasion", author=jane)])
        session.commit()


def test_q2_both_relationships_still_work(answers):
    with new_process(answers), sqlite_engine() as engine:
        authors, books = module("authors"), module("books")
        use(
            "Storing an author and two books",
            lambda: store_two_books(engine, authors, books),
        )
        with Session(engine) as session:
            author = session.scalars(select(authors.Author)).one()
            titles = [book.title for book in author.books]
            names = [book.author.name for book in session.scalars(select(books.Book))]
            schema = class_of(authors, "AuthorOut")
            read = use("`AuthorOut`", lambda: schema.model_validate(author), SCHEMAS)

    both = ["Emma", "Persuasion"]
    assert (titles, names) == (both, ["Jane Austen"] * 2), (
        "Jane Austen was stored with the books Emma and Persuasion. `author.books` has "
        f"the titles {in_words(titles)}, and `book.author` has the names "
        f"{in_words(names)}. The docstring asks that both relationships still work."
    )
    expected = {"name": "Jane Austen", "books": [{"title": title} for title in both]}
    assert read.model_dump() == expected, (
        f"`AuthorOut` made {in_words(read.model_dump())} of this author. The docstring "
        "asks that it still reads rows: name and books, and the title of each book."
    )


@pytest.mark.parametrize("book", [{"title": 7}, {}, "Emma", None], ids=repr)
def test_q2_author_out_still_validates_its_books(answers, book):
    with new_process(answers):
        schema = class_of(module("authors"), "AuthorOut")
        body = {"name": "Jane Austen", "books": [book]}
        seen = outcome(lambda: schema.model_validate(body))

    assert isinstance(seen, ValidationError), (
        f"`AuthorOut` with the book {in_words(book)} {returned_or_raised(seen)}. The "
        "docstring asks that `AuthorOut` still validates its books. Look at its "
        "annotation: Pydantic needs the class `BookOut` itself."
    )


DELIVERY = {"title": "Emma", "pieces": 3}
CHANGES: dict[str, dict[str, Any]] = {
    '"pieces": "four"': {"pieces": "four"},
    '"title": null': {"title": None},
    '"arrival": "2026-05-04"': {"arrival": "2026-05-04"},
}
HINTS = {
    ('"pieces": "four"', "/plain"): "Who checks that `pieces` is an integer? "
    "`Mapped[int]` does not, and SQLite stores strings in any column.",
    ('"pieces": "four"', "/validated"): "Look at `pieces` in `DeliveryIn`.",
    ('"title": null', "/plain"): "The column is NOT NULL. Nothing in the endpoint "
    "handles the exception of the database.",
    ('"title": null', "/validated"): "Look at `title` in `DeliveryIn`: its type does "
    "not allow None.",
    ('"arrival": "2026-05-04"', "/plain"): "The endpoint passes the string to "
    "SQLAlchemy as it is. Look at the facts in the docstring.",
    ('"arrival": "2026-05-04"', "/validated"): "Pydantic converts a string to the type "
    "of the field, if it can. Look at `arrival` in `DeliveryIn`.",
}


@pytest.mark.parametrize(
    ("change", "path"), HINTS, ids=[" ".join(case) for case in HINTS]
)
def test_q3_the_prediction_is_the_status_code(answers, engine, change, path):
    predicted = attempt("`status_codes()`", answers.status_codes)
    try:
        value = predicted[change][path]
        is_there = True
    except (TypeError, LookupError):
        is_there = False
    assert is_there, (
        f"`status_codes()` returned {in_words(predicted)}, without {path!r} for the "
        f"change {change}. The docstring asks to replace each `___`, and to keep the "
        "rest."
    )
    app = answers.deliveries_app(engine)
    with client(app, raises=False) as http:
        seen = http.post(path, json=DELIVERY | CHANGES[change]).status_code

    is_code = value in (201, 422, 500)
    assert is_code, (
        f"Your prediction for `POST {path}` with {change} is {in_words(value)}. The "
        "docstring asks for one of the numbers 201, 422 and 500."
    )
    same = value == seen
    assert same, (
        f"Your prediction for `POST {path}` with {change} is {in_words(value)}. The "
        f"application returned another status code. {HINTS[change, path]}"
    )


EMMA = {"title": "Emma", "price": "12.50"}


@pytest.mark.parametrize(
    ("price", "cents"),
    [
        ("12.50", 1250),
        (12.5, 1250),
        (7, 700),
        ("19.99", 1999),
        (0.29, 29),
        (1.15, 115),
        (0, 0),
        ("9999.99", 999999),
    ],
)
def test_q4_the_price_is_stored_in_cents(answers, engine, price, cents):
    body = EMMA | {"price": price}
    assert_created(answers.books_app(engine), "/books", body)

    stored = [row["cents"] for row in rows(engine, answers.Book)]
    assert stored == [cents], (
        f"`POST /books` with the price {price!r} stored {in_words(stored)} in the "
        f"column `cents`. The docstring asks for the exact price, {cents}. Look at "
        "the type of `price`, and at the calculation in `to_row()`."
    )


@pytest.mark.parametrize(
    "title",
    ["E", "E" * 100, " Emma "],
    ids=["1 character", "100 characters", "spaces"],
)
def test_q4_the_title_is_stored(answers, engine, title):
    body = EMMA | {"title": title}
    assert_created(answers.books_app(engine), "/books", body)

    stored = [(row["title"], row["sold"]) for row in rows(engine, answers.Book)]
    assert stored == [(body["title"], 0)], (
        f"`POST /books` with {in_words(body)} stored `title` and `sold` as "
        f"{in_words(stored)}. The docstring asks for the unchanged title."
    )


INVALID_BOOKS: dict[str, dict[str, Any]] = {
    "title is missing": {"title": ...},
    "price is missing": {"price": ...},
    "title is null": {"title": None},
    "title is not a string": {"title": 7},
    "title is empty": {"title": ""},
    "title has 101 characters": {"title": "E" * 101},
    "price is null": {"price": None},
    "price is not a number": {"price": "cheap"},
    "price is a boolean": {"price": True},
    "price is an array": {"price": [12]},
    "price is NaN": {"price": "NaN"},
    "price is less than 0": {"price": "-0.01"},
    "price is more than 9999.99": {"price": 10000},
    "price is 2**64": {"price": 2**64},
    "price has three decimal places": {"price": "12.505"},
    "price has five decimal places": {"price": 0.00001},
}


@pytest.mark.parametrize("what", INVALID_BOOKS)
def test_q4_an_invalid_book_returns_422(answers, engine, what):
    body = EMMA | INVALID_BOOKS[what]
    assert_refused(answers.books_app(engine), "/books", body, what)


@pytest.mark.parametrize("name", ["id", "sold", "cents"])
def test_q4_a_client_cannot_set_other_columns(answers, engine, name):
    def read() -> list[dict[str, Any]]:
        return rows(engine, answers.Book)

    app = answers.books_app(engine)
    assert_cannot_set(app, "/books", EMMA | {name: 4711}, name, read)


def test_q4_to_row_returns_a_new_book_each_time(answers):
    sent = attempt("`BookIn(...)`", answers.BookIn, **EMMA)
    books = [sent.to_row(), sent.to_row()]

    kinds = [type(book).__name__ for book in books]
    assert kinds == ["Book", "Book"], (
        f"`to_row()` returned {in_words(books[0])}. The docstring asks for a `Book`."
    )
    assert books[0] is not books[1], (
        "Two calls of `to_row()` returned the same object. The docstring asks for a "
        "new `Book`. Look at which line of your code creates it."
    )


def store_orders(answers: Any, engine: Engine, *titles: list[str]) -> list[Any]:
    """Store an order for each list of titles, and return the expected response.

    The same title is the same book. The rows are inserted in the reverse order of their
    ids.
    """
    expected, inserted, number = [], [], 0
    known: dict[str, Any] = {}
    for id_, books in enumerate(titles, start=1):
        lines = []
        for title in books:
            number += 1
            book = known.setdefault(title, answers.Book(title=title, cents=1250))
            line = {"id": number, "pieces": 100 - number, "book": book}
            inserted.append(answers.Line(order_id=id_, **line))
            lines.append({"pieces": 100 - number, "book": {"title": title}})
        inserted.append(answers.Order(id=id_))
        expected.append({"id": id_, "lines": lines})
    with Session(engine) as session:
        for row in reversed(inserted):
            session.add(row)
            session.flush()
        session.commit()
    return expected


def create_orders_app(answers: Any, engine: Engine) -> FastAPI:
    """Return the learner's application."""
    app = attempt("`orders_app(engine)`", answers.orders_app, engine)
    return fastapi_app(app, "orders_app(...)")


def get_orders(app: FastAPI) -> Any:
    """Return the body of the response to `GET /orders`."""
    asks = (
        "all orders, with their lines and books. Look at your models, and at what your "
        "query loads"
    )
    response = send(app, "GET", "/orders", None, asks=asks)
    body = json_or_text(response)
    is_list = response.status_code == 200 and isinstance(body, list)
    assert is_list, (
        f"`GET /orders` returned {response.status_code} and {in_words(body)}. The "
        f"docstring asks for {asks}."
    )
    return body


FIELDS = (
    "The docstring asks for `id` and `lines` of an order, `pieces` and `book` of a "
    "line, and `title` of a book, and for no other fields. Look at the fields of your "
    "models."
)


def lines_of(body: list[Any]) -> list[Any]:
    """Return the id, and the pieces and title of each line, for each order."""
    found: list[Any] = []
    try:
        for order in body:
            lines = [(line["pieces"], line["book"]["title"]) for line in order["lines"]]
            found.append((order["id"], lines))
    except (TypeError, LookupError):
        raise AssertionError(
            f"`GET /orders` returned {in_words(body)}. {FIELDS}"
        ) from None
    return found


def reverse_without_order(connection: Any, record: Any) -> None:
    """Let SQLite return the rows of a query without ORDER BY in the reverse order."""
    connection.execute("PRAGMA reverse_unordered_selects = ON")


@pytest.mark.parametrize(
    "titles",
    [
        [["Emma"]],
        [["Emma", "Lodore"], ["Persuasion"], ["Sanditon", "Emma"]],
        [["Emma", "Lodore", "Emma"]],
    ],
    ids=["one", "three", "the same book twice"],
)
def test_q5_each_order_has_its_lines_and_their_books(answers, engine, titles):
    event.listen(engine, "connect", reverse_without_order)
    stored = lines_of(store_orders(answers, engine, *titles))
    engine.dispose()

    seen = lines_of(get_orders(create_orders_app(answers, engine)))
    assert seen == stored, (
        f"The database has {in_words(stored)} (id, then pieces and title of each line)."
        f" `GET /orders` returned {in_words(seen)}. The docstring asks for all orders "
        "and their lines, both sorted by id."
    )


def test_q5_an_order_without_lines_has_an_empty_list(answers, engine):
    none = get_orders(create_orders_app(answers, engine))
    stored = store_orders(answers, engine, ["Emma"], [], ["Lodore"], [])

    seen = get_orders(create_orders_app(answers, engine))
    assert none == [], (
        f"Without orders, `GET /orders` returned {in_words(none)}. The docstring asks "
        "for all orders, so this list is empty."
    )
    assert lines_of(seen) == lines_of(stored), (
        "Of four orders, the second and the fourth have no lines. `GET /orders` "
        f"returned {in_words(seen)}. The docstring asks for all orders, and for an "
        "empty list in an order without lines."
    )


def test_q5_the_next_response_has_the_new_orders_and_lines(answers, engine):
    app = create_orders_app(answers, engine)
    stored = store_orders(answers, engine, ["Emma"])
    before = lines_of(get_orders(app))
    with Session(engine) as session:
        book = answers.Book(title="Lodore", cents=1250)
        session.add(answers.Line(id=8, order_id=1, pieces=7, book=book))
        session.add(answers.Order(id=9))
        session.commit()

    seen = lines_of(get_orders(app))
    expected = [(1, [*lines_of(stored)[0][1], (7, "Lodore")]), (9, [])]
    assert seen == expected, (
        f"`GET /orders` returned {in_words(before)} (id, then pieces and title of each "
        "line). Then order 1 got a line, and order 9 was stored. The second request "
        f"returned {in_words(seen)}. The docstring asks for the orders that are in the "
        "database now."
    )


def test_q5_orders_lines_and_books_have_no_other_fields(answers, engine):
    stored = store_orders(answers, engine, ["Emma"])

    seen = get_orders(create_orders_app(answers, engine))
    assert seen == stored, f"`GET /orders` returned {in_words(seen)}. {FIELDS}"


@pytest.mark.parametrize(
    "more",
    [
        [[f"Emma {number}"] for number in range(6)],
        [[f"{title} {number}" for number in range(9)] for title in ("Emma", "Lodore")],
    ],
    ids=["orders", "lines"],
)
def test_q5_more_rows_do_not_need_more_statements(answers, more):
    counts = []
    for titles in ([["Emma"], ["Lodore"]], more):
        with sqlite_engine() as engine:
            answers.Base.metadata.create_all(engine)
            stored = lines_of(store_orders(answers, engine, *titles))
            with statements(engine) as sent:
                seen = lines_of(get_orders(create_orders_app(answers, engine)))
            counts.append(len(sent))
            assert seen == stored, (
                f"The database has {in_words(stored)} (id, then pieces and title of "
                f"each line). `GET /orders` returned {in_words(seen)}. The docstring "
                "asks for all orders, lines and books."
            )

    assert counts[0] == counts[1], (
        f"For 2 orders with 1 line each, the application sent {counts[0]} SQL "
        f"statements. For {len(more)} orders, with {len(more[0])} each, it sent "
        f"{counts[1]}. The docstring asks for the same number. Look at what your query "
        "loads."
    )


CUSTOMERS = [
    {"id": 2, "name": "Jo", "email": None},
    {"id": 7, "name": "Mara", "email": "mara@example.com"},
]


def get_customers(
    answers: Any, engine: Engine, customers: list[dict[str, Any]] = CUSTOMERS
) -> list[dict[str, Any]]:
    """Return the customers in the response, while the table has these."""
    with Session(engine) as session:
        for one in customers:
            names = {"full_name": one["name"], "email_address": one["email"]}
            row = answers.Customer(id=one["id"], credit_limit=4711, **names)
            session.add(row)
        session.commit()
    asks = "the customers. Look at the configuration of your model, and at its fields"
    app = answers.customers_app(engine)
    body = json_or_text(send(app, "GET", "/customers", None, asks=asks))
    is_list = isinstance(body, list) and all(isinstance(one, dict) for one in body)
    assert is_list, (
        f"`GET /customers` returned {in_words(body)}. The docstring asks for a list of "
        "customers with fields."
    )
    return list(body)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("field", ["id", "name", "email"])
def test_q6_the_response_has_the_old_names(answers, engine, field, count):
    expected = [one[field] for one in CUSTOMERS[:count]]

    body = get_customers(answers, engine, CUSTOMERS[:count])
    seen = [one.get(field, "missing") for one in body]
    assert seen == expected, (
        f"`GET /customers` returned {in_words(body)}. The docstring asks for the field "
        f"{field!r}, whose values in the table are {in_words(expected)}."
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " Mara "),
        ("name", "M" * 300),
        ("email", ""),
        ("email", "unknown"),
        ("email", "Mara@Example.COM"),
    ],
    ids=[
        "empty name",
        "name with spaces",
        "long name",
        "empty email",
        "no email address",
        "upper case",
    ],
)
def test_q6_the_values_are_unchanged(answers, engine, field, value):
    one = {"id": 3, "name": "Mara", "email": "mara@example.com"} | {field: value}

    body = get_customers(answers, engine, [one])
    seen = [each.get(field, "missing") for each in body]
    assert seen == [value], (
        f"`GET /customers` returned {in_words(body)}. In the table, the value for "
        f"{field!r} is {in_words(value)}. The docstring asks for unchanged values. "
        "Look at the type and the bounds of this field."
    )


def test_q6_the_response_has_no_other_fields(answers, engine):
    body = get_customers(answers, engine)

    fields = [sorted(one) for one in body]
    assert fields == [["email", "id", "name"]] * 2, (
        f"The customers in the response have the fields {in_words(fields)}. The "
        "docstring asks for `id`, `name` and `email`, and for no other field."
    )


def test_q6_the_documentation_shows_the_same_fields(answers, engine):
    app = answers.customers_app(engine)
    document = attempt("Creating the documentation", app.openapi)

    responses = document["paths"]["/customers"]["get"]["responses"]
    schema = responses["200"]["content"]["application/json"]["schema"].get("items", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    schema = document.get("components", {}).get("schemas", {}).get(name, schema)
    fields = sorted(schema.get("properties", {}))
    assert fields == ["email", "id", "name"], (
        f"The documentation shows the fields {in_words(fields)} for a customer. The "
        "docstring asks for `id`, `name` and `email`. A client reads there what the "
        "response contains."
    )
