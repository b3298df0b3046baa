"""The tests of section 3.3."""

import importlib
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from sqlalchemy import Engine, select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
from sqlalchemy.orm import Session

from lab import async_client, async_sqlite_engine, client, sqlite_engine, statements


@contextmanager
def telling(what: str) -> Iterator[None]:
    """Tell in words what the learner's code raises in the block, after `what`."""
    try:
        yield
    except NotImplementedError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())
        told = f"{what} raised {type(error).__name__}: {text:.300}"
        raise AssertionError(told) from error


def made(build: Callable[..., Any], *args: object) -> FastAPI:
    """Return the app that the learner's `build` makes, if it is one."""
    name = getattr(build, "__name__", "that")
    with telling(f"`{name}`"):
        app = build(*args)
    assert isinstance(app, FastAPI), f"`{name}` returns {app!r}, no app."
    return app


def ask(
    app: FastAPI, method: str, path: str, *bodies: dict | None
) -> list[httpx2.Response]:
    """Return what the learner's app answers to each of the bodies."""
    answers = []
    with client(app) as shop:
        for body in bodies:
            with telling(f"{method} {path} with {body}"):
                answers.append(shop.request(method, path, json=body))
    return answers


def json_of(answer: httpx2.Response) -> Any:
    """Return the JSON in an answer; None if there is none."""
    try:
        return answer.json()
    except ValueError:
        return None


def rows(engine: Engine, model: type) -> list[dict]:
    """Return what the table of `model` holds, as the next session reads it."""
    with Session(engine) as session:
        table = model.__table__
        found = session.execute(select(table).order_by(table.c.id)).mappings()
        return [dict(row) for row in found]


def flawed(whole: dict, *flaws: dict) -> list[dict]:
    """Return `whole` with each of the flaws in it; a value of `...` is left out."""
    return [
        {key: value for key, value in (whole | flaw).items() if value is not ...}
        for flaw in flaws
    ]


@pytest.fixture
def engine(answers):
    """An engine on a database with the tables of this section."""
    with sqlite_engine() as engine:
        answers.Base.metadata.create_all(engine)
        yield engine


MARA = {"name": "Mara", "email": "mara@example.com", "password": "correct horse"}
JO = {"name": "Jo", "email": "jo@example.org", "password": "eight ch"}
LONG_EMAIL = f"{'mara' * 10}@{'books' * 5}.example.com"
USERS = [
    MARA,
    JO | {"nickname": "jj", "newsletter": False},
    MARA | {"nickname": None, "newsletter": True},
    JO | {"name": "J" * 40, "email": f"x{LONG_EMAIL}x", "nickname": "j" * 20},
]


def test_q1_a_user_is_stored_as_it_was_sent(answers, engine):
    read = ask(made(answers.users_app, engine), "POST", "/users", *USERS)

    for body, answer in zip(USERS, read, strict=True):
        status = answer.status_code
        assert status == 201, f"{body} is a user, answered {status}: {answer.text:.300}"
    stored = rows(engine, answers.User)
    assert len(stored) == len(USERS), (
        f"{len(USERS)} users were posted, stored {stored}."
    )
    for body, row in zip(USERS, stored, strict=True):
        sent = {"nickname": None, "newsletter": True} | body
        same = all(row[name] == sent[name] for name in sent.keys() & row.keys())
        assert same, f"{body} was posted. The next session reads {row}."


def test_q1_of_a_password_the_hash_is_stored(answers, engine):
    passwords = ["correct horse", "eight ch", "пароль и соль"]
    users = [MARA | {"password": password} for password in passwords]
    ask(made(answers.users_app, engine), "POST", "/users", *users)

    stored = [row["password_hash"] for row in rows(engine, answers.User)]
    assert len(stored) == 3, f"3 users were posted, the table holds {len(stored)}."
    for password, found in zip(passwords, stored, strict=True):
        same = found == answers.hash_password(password)
        assert same, (
            f"The password was {password!r}. In the table stands {found!r}, which is "
            "not what `hash_password` makes of it."
        )


def test_q1_who_is_no_user_is_refused(answers, engine):
    bodies = flawed(
        MARA,
        *({name: ...} for name in MARA),
        *({name: None} for name in MARA),
        {"name": "M" * 41},
        {"nickname": "m" * 21},
        {"email": "mara"},
        {"email": "mara@"},
        {"email": f"xxx{LONG_EMAIL}"},
        {"password": "seven c"},
        {"newsletter": None},
        {"newsletter": "perhaps"},
    )
    read = ask(made(answers.users_app, engine), "POST", "/users", *bodies)

    for body, answer in zip(bodies, read, strict=True):
        status = answer.status_code
        assert status == 422, f"As a user {body} was posted, and answered {status}."


def test_q1_no_client_sets_what_is_the_shops(answers, engine):
    taken = {"id": 4711, "is_admin": True, "password_hash": "mine"}
    bodies = flawed(MARA, *({name: value} for name, value in taken.items()))
    read = ask(made(answers.users_app, engine), "POST", "/users", *bodies)

    statuses = {answer.status_code for answer in read}
    assert statuses <= {201, 422}, f"{bodies} were answered {statuses}."
    stored = rows(engine, answers.User)
    for name, value in taken.items():
        found = [row for row in stored if row[name] == value]
        assert not found, (
            f"A client sent {name} = {value!r} when it signed up, and the table holds "
            f"{found[0]}: whoever knows a column's name sets it."
        )


def part(name: str) -> ModuleType:
    """Import a part of the learner's package."""
    try:
        return importlib.import_module(f"bookshop.{name}")
    except Exception as error:
        inside = [
            f"{Path(frame.filename).name}:{frame.lineno}"
            for frame in traceback.extract_tb(error.__traceback__)
            if "bookshop" in Path(frame.filename).parts
        ]
        text = str(error).partition(" (/")[0]
        raise AssertionError(
            f"In a new Python, `import bookshop.{name}` raised {type(error).__name__}: "
            f"{text:.300}. The way there: {', '.join(inside) or 'outside of it'}."
        ) from error


@contextmanager
def new_python(answers) -> Iterator[None]:
    """Have the learner's package found, and nothing of it imported."""
    folder = answers.bookshop_path()
    assert isinstance(folder, Path), f"`bookshop_path` returns {folder!r}, no path."
    path, sys.path[:] = sys.path[:], [str(folder), *sys.path]
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = path, writes
        for name in list(sys.modules):
            if name.partition(".")[0] == "bookshop":
                del sys.modules[name]


CLASSES = {"authors": ["Author", "AuthorOut"], "books": ["Book", "BookIn", "BookOut"]}


@pytest.mark.parametrize("first", CLASSES)
def test_q2_either_part_can_be_imported_first(answers, first):
    with new_python(answers):
        parts = {name: part(name) for name in sorted(CLASSES, key=first.__ne__)}

    lost = [
        f"bookshop.{name}.{one}"
        for name, module in parts.items()
        for one in CLASSES[name]
        if not isinstance(getattr(module, one, None), type)
    ]
    assert not lost, f"Both parts were imported. No class is {' or '.join(lost)}."


def test_q2_authors_are_used_where_nobody_imports_books(answers):
    with new_python(answers), sqlite_engine() as engine:
        authors = part("authors")
        with telling("Only `bookshop.authors` was imported. Using Author"):
            authors.Author.metadata.create_all(engine)
            with Session(engine) as session:
                session.add(authors.Author(name="Jane Austen"))
                session.commit()
        with telling("Only `bookshop.authors` was imported. Using AuthorOut"):
            read = authors.AuthorOut(name="Jane Austen", books=[]).model_dump()
        stored = rows(engine, authors.Author)

    seen = [row.get("name") for row in stored]
    assert seen == ["Jane Austen"], f"An author was stored, the table holds {stored}."
    same = read == {"name": "Jane Austen", "books": []}
    assert same, f"Of an author without books a client reads {read}."


def test_q2_books_are_used_where_nobody_imports_authors(answers):
    with new_python(answers), sqlite_engine() as engine:
        books = part("books")
        with telling("Only `bookshop.books` was imported. Using Book"):
            books.Book.metadata.create_all(engine)
            with Session(engine) as session:
                found = session.scalars(select(books.Book)).all()
        with telling("Only `bookshop.books` was imported. Using BookOut"):
            book = books.BookOut(title="Emma", author={"name": "Jane Austen"})
            read = book.model_dump()

    assert found == [], f"The shop was new, and has the books {found!r}."
    same = read == {"title": "Emma", "author": {"name": "Jane Austen"}}
    assert same, f"Of a book a client reads {read}."


def shelved(engine: Engine, authors: ModuleType, books: ModuleType) -> None:
    """Store an author and two books of hers, which clients have sent."""
    authors.Author.metadata.create_all(engine)
    with Session(engine) as session:
        jane = authors.Author(name="Jane Austen")
        sent = [books.BookIn(title=title) for title in ("Emma", "Persuasion")]
        session.add_all([jane, *(one.to_row(jane) for one in sent)])
        session.commit()


def test_q2_clients_read_what_is_stored(answers):
    with new_python(answers), sqlite_engine() as engine:
        authors, books = part("authors"), part("books")
        with telling("What was sent by a client was stored. That"):
            shelved(engine, authors, books)
        with Session(engine) as session, telling("Reading it in another session"):
            author = session.scalars(select(authors.Author)).one()
            book = session.scalars(select(books.Book).filter_by(title="Emma")).one()
            of_author = authors.AuthorOut.model_validate(author).model_dump()
            of_book = books.BookOut.model_validate(book).model_dump()

    jane = {"name": "Jane Austen"}
    both = [{"title": title, "author": jane} for title in ("Emma", "Persuasion")]
    same = of_author == jane | {"books": both}
    assert same, f"Jane Austen wrote Emma and Persuasion. A client reads {of_author}."
    same = of_book == both[0]
    assert same, f"Emma is by Jane Austen. A client reads {of_book}."


@pytest.mark.parametrize(
    ("name", "schema", "unfit"),
    [
        ("authors", "AuthorOut", {"name": "Jane Austen", "books": [{"title": 7}]}),
        ("authors", "AuthorOut", {"name": "Jane Austen", "books": [None]}),
        ("books", "BookOut", {"title": "Emma", "author": {"name": None}}),
        ("books", "BookOut", {"title": "Emma", "author": "Jane Austen"}),
    ],
    ids=["a bad book", "no book", "a bad author", "no author"],
)
def test_q2_the_schemas_still_refuse_what_does_not_fit(answers, name, schema, unfit):
    taken, refused = None, False
    with new_python(answers):
        model = getattr(part(name), schema, None)
        assert model, f"`bookshop.{name}` has no {schema}."
        try:
            taken = model.model_validate(unfit)
        except ValidationError:
            refused = True
        except Exception as error:
            taken = error

    assert refused, (
        f"{unfit} was given to {schema}, and came out as {taken!r:.300}. "
        "What does its annotation say of the classes in the other file?"
    )


DELIVERY = {"title": "Emma", "pieces": 3}
CHANGES = {
    '"pieces": "4"': {"pieces": "4"},
    '"pieces": "four"': {"pieces": "four"},
    '"pieces": -4': {"pieces": -4},
    '"title": null': {"title": None},
    '"arrived": "2026-05-04"': {"arrived": "2026-05-04"},
    '"colour": "red"': {"colour": "red"},
}


def observed_arrival(answers, engine: Engine, path: str, change: str) -> object:
    """Return what really arrives of a delivery, or who refuses it."""
    body = DELIVERY | CHANGES[change]
    app = answers.deliveries_app(engine)
    with client(app, raises=False) as shop, statements(engine) as sent:
        status = shop.post(f"/{path}", json=body).status_code
    if status == 422:
        return "pydantic"
    if status == 500:
        return "sqlite" if sent.of("insert") else "sqlalchemy"
    *_, row = rows(engine, answers.Delivery)
    return row["pieces"]


@pytest.mark.parametrize("change", CHANGES)
def test_q3_what_arrives_is_predicted(answers, engine, change):
    predicted = answers.arrivals()
    assert isinstance(predicted, dict), f"`arrivals` returns {predicted!r}, no dict."
    expected = predicted.get(change)
    assert isinstance(expected, dict), f"Under {change!r} stands {expected!r}, no dict."

    for path in ("trusted", "validated"):
        observed = observed_arrival(answers, engine, path, change)
        same = expected.get(path) == observed
        assert same, (
            f"Posted to /{path} with {change}: you expect {expected.get(path)!r}, and "
            "something else came of it. Who looks at the value first, knowing what?"
        )


@pytest.fixture
def library(answers, engine):
    """An engine on a database with two authors and two books."""
    jane, mary = answers.Author(name="Jane Austen"), answers.Author(name="Mary Shelley")
    emma = answers.Book(title="Emma", year=1815, sold=7, author=jane)
    lodore = answers.Book(title="Lodore", sold=3, author=mary)
    with Session(engine) as session:
        session.add_all([jane, emma])
        session.flush()
        session.add_all([mary, lodore])
        session.commit()
    return engine


def shown(row: dict) -> dict:
    """Return what a `BookOut` shows of a row."""
    return {name: row[name] for name in ("id", "title", "year", "author_id")}


PERSUASION = {"title": "Persuasion", "author_id": 1}


def test_q4_a_new_book_is_stored_and_answered(answers, library):
    last_man = {"title": "The Last Man", "author_id": 2, "year": 1826}
    bodies = [PERSUASION, last_man, PERSUASION | {"year": None}]
    read = ask(made(answers.books_app, library), "POST", "/books", *bodies)

    for body, answer in zip(bodies, read, strict=True):
        status = answer.status_code
        assert status == 201, f"{body} is a book, answered {status}: {answer.text:.300}"
    added = rows(library, answers.Book)[2:]
    assert len(added) == 3, f"3 books were posted. The next session reads {added}."
    for body, answer, row in zip(bodies, read, added, strict=True):
        same = {"year": None} | body == {name: row[name] for name in last_man}
        assert same, f"{body} was posted. The next session reads {row}."
        same = json_of(answer) == shown(row)
        assert same, f"The table holds {row}, the client reads {answer.text:.300}."


FLAWS = [
    {"title": None},
    {"title": ""},
    {"author_id": None},
    {"author_id": "Jane Austen"},
    {"author_id": 0},
    {"author_id": 99},
    {"year": "last year"},
    {"title": "Sanditon", "author_id": 99},
]


def test_q4_what_is_no_new_book_is_refused(answers, library):
    before = rows(library, answers.Book)
    bodies = flawed(PERSUASION, {"title": ...}, {"author_id": ...}, *FLAWS)
    read = ask(made(answers.books_app, library), "POST", "/books", *bodies)

    for body, answer in zip(bodies, read, strict=True):
        status = answer.status_code
        assert status == 422, f"As a new book {body} was posted, and answered {status}."
    after = rows(library, answers.Book)
    assert after == before, f"{len(bodies)} books were refused, the table is {after}."


@pytest.mark.parametrize(
    ("number", "patch"),
    [
        (1, {}),
        (1, {"title": "Emma, again"}),
        (1, {"year": None}),
        (2, {"year": 1835}),
        (2, {"author_id": 1}),
        (2, {"title": "Falkner", "author_id": 1, "year": 1837}),
    ],
    ids=["nothing", "the title", "no year", "the year", "the author", "all three"],
)
def test_q4_a_patch_changes_what_was_sent(answers, library, number, patch):
    before = rows(library, answers.Book)
    path = f"/books/{number}"
    (answer,) = ask(made(answers.books_app, library), "PATCH", path, patch)

    status = answer.status_code
    assert status == 200, (
        f"PATCH with {patch} was answered {status}: {answer.text:.300}"
    )
    after = rows(library, answers.Book)
    before[number - 1] |= patch
    assert after == before, (
        f"PATCH {path} with {patch}. After it the table holds {after}. "
        "Which of these values did the client send?"
    )
    same = json_of(answer) == shown(after[number - 1])
    assert same, f"The table holds {after[number - 1]}, the client reads {answer.text}."


def test_q4_a_patch_keeps_the_rules_of_a_new_book(answers, library):
    before = rows(library, answers.Book)
    read = ask(made(answers.books_app, library), "PATCH", "/books/1", *FLAWS)

    for patch, answer in zip(FLAWS, read, strict=True):
        status = answer.status_code
        assert status == 422, f"PATCH /books/1 with {patch} was answered {status}."
    after = rows(library, answers.Book)
    assert after == before, f"All was refused. The book was {before[0]}, is {after[0]}."


def test_q4_what_is_not_there_cannot_be_changed(answers, library):
    app = made(answers.books_app, library)
    (answer,) = ask(app, "PATCH", "/books/99", {"title": "Sanditon"})

    status = answer.status_code
    assert status == 404, f"There is no book 99. PATCH /books/99 was answered {status}."
    titles = [row["title"] for row in rows(library, answers.Book)]
    assert titles == ["Emma", "Lodore"], f"After that the table holds {titles}."


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/books"), ("PATCH", "/books/1")]
)
def test_q4_no_client_sets_what_is_the_shops(answers, library, method, path):
    bodies = [PERSUASION | {"id": 4711}, PERSUASION | {"sold": 4711}]
    read = ask(made(answers.books_app, library), method, path, *bodies)

    statuses = {answer.status_code for answer in read}
    assert statuses <= {200, 201, 422}, (
        f"{method} with {bodies} is answered {statuses}."
    )
    taken = [row for row in rows(library, answers.Book) if 4711 in row.values()]
    assert not taken, f"{method} with id or sold = 4711 has made {taken} of a book."


async def stocked(answers, engine: AsyncEngine, count: int) -> dict[str, dict]:
    """Store `count` authors, who wrote none to two books; return which."""
    async with engine.begin() as connection:
        await connection.run_sync(answers.Base.metadata.create_all)
    told = {}
    async with async_sessionmaker(engine)() as session:
        for number in range(count):
            author = answers.Author(name=f"Author {number}")
            for volume in range(number % 3):
                house = answers.Publisher(name=f"House {number}") if volume else None
                title = f"Book {number}.{volume}"
                author.books.append(answers.Book(title=title, publisher=house))
            session.add(author)
            told[author.name] = {
                book.title: book.publisher and book.publisher.name
                for book in author.books
            }
        await session.commit()
    return told


async def authors_read(answers, engine: AsyncEngine) -> httpx2.Response:
    """Return what `GET /authors` is answered."""
    app = made(answers.authors_app, async_sessionmaker(engine))
    async with async_client(app) as shop:
        with telling("GET /authors"):
            return await shop.get("/authors")


def told_by(answer: httpx2.Response) -> object:
    """Return the authors, books and publishers that a client reads, or None."""
    try:
        return {
            author["name"]: {
                book["title"]: book["publisher"] and book["publisher"]["name"]
                for book in author["books"]
            }
            for author in answer.json()
        }
    except (ValueError, TypeError, LookupError):
        return None


@pytest.mark.parametrize("count", [1, 5])
async def test_q5_all_authors_are_read_with_books_and_publishers(answers, count):
    async with async_sqlite_engine() as engine:
        stored = await stocked(answers, engine, count)
        answer = await authors_read(answers, engine)

    same = told_by(answer) == stored
    assert same, (
        f"Stored are {stored} (books and publishers by author). GET /authors was "
        f"answered {answer.status_code}: {answer.text:.500}"
    )
    assert len(answer.json()) == count, (
        f"Of {count} authors the client reads {len(answer.json())}: {answer.text:.300}"
    )


async def test_q5_a_book_does_not_tell_its_author_again(answers):
    async with async_sqlite_engine() as engine:
        stored = await stocked(answers, engine, 3)
        answer = await authors_read(answers, engine)

    assert told_by(answer) == stored, f"GET /authors was answered {answer.text:.300}."
    books = [book for author in answer.json() for book in author["books"]]
    again = [book for book in books if "author" in book]
    assert not again, f"Among the books of an author the client reads {again[0]}."


async def test_q5_more_authors_do_not_take_more_statements(answers):
    seen = {}
    for count in (5, 14):
        async with async_sqlite_engine() as engine:
            stored = await stocked(answers, engine, count)
            with statements(engine) as sent:
                answer = await authors_read(answers, engine)
            seen[count] = len(sent)
            assert told_by(answer) == stored, (
                f"For {count} authors GET /authors was answered {answer.text:.300}."
            )

    assert seen[5] == seen[14] > 0, (
        f"5 authors took {seen[5]} statements, 14 authors {seen[14]}. "
        "Which of them does the number of rows decide about?"
    )


ORDERS = [
    {
        "id": 7,
        "customer_mail": "mara@example.com",
        "pieces": 3,
        "unit_cents": 1250,
        "supplier_cents": 801,
        "sent_at": None,
    },
    {
        "id": 1234,
        "customer_mail": "jo@example.org",
        "pieces": 1,
        "unit_cents": 999,
        "supplier_cents": 402,
        "sent_at": datetime(2026, 5, 4, 12, 30),
    },
]
CONTRACTS = {
    7: {"email": "mara@example.com", "pieces": 3, "total": 3750, "sent": False},
    1234: {"email": "jo@example.org", "pieces": 1, "total": 999, "sent": True},
}


@pytest.fixture
def ordered(answers, engine):
    """An engine on a database with two orders."""
    with Session(engine) as session:
        session.add_all([answers.Order(**order) for order in ORDERS])
        session.commit()
    return engine


@pytest.mark.parametrize("number", CONTRACTS)
def test_q6_a_client_reads_what_it_always_has(answers, ordered, number):
    (answer,) = ask(made(answers.orders_app, ordered), "GET", f"/orders/{number}", None)

    read = json_of(answer)
    assert isinstance(read, dict), (
        f"GET /orders/{number} was answered {answer.status_code}: {answer.text:.300}"
    )
    contract = {"number": number} | CONTRACTS[number]
    (row,) = (order for order in ORDERS if order["id"] == number)
    for name, value in contract.items():
        same = name in read and read[name] == value and type(read[name]) is type(value)
        assert same, f"The row is {row}. The client reads {read}: look at `{name}`."
    extra = sorted(read.keys() - contract.keys())
    assert not extra, f"Of an order the client also reads {', '.join(extra)}."


def test_q6_the_documentation_promises_the_same(answers, ordered):
    documented = made(answers.orders_app, ordered).openapi()

    schema = documented.get("components", {}).get("schemas", {}).get("OrderOut", {})
    fields = set(schema.get("properties", {}))
    contract = {"number", *CONTRACTS[7]}
    assert contract <= fields, (
        f"The documentation promises {sorted(fields)}. A client that was generated "
        f"from it does not know {', '.join(sorted(contract - fields))}."
    )
    told = sorted({*ORDERS[0]} & fields - contract)
    assert not told, f"The documentation promises columns: {', '.join(told)}."
