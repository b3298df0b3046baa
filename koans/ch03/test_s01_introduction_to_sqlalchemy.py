"""The tests of section 3.1."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    insert,
    inspect,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session

from lab import (
    Statements,
    attempt,
    connections,
    engine_for,
    in_words,
    outcome,
    sqlite_engine,
    statements,
)

PRICES = {"pen": 150, "PEN": 160, "lamp": 1990, "6'2\" pole": 300}
CHANGES = [("pen", 175), ("lamp", 0), ("6'2\" pole", 320)]


@contextmanager
def plain_engine() -> Iterator[Engine]:
    """Yield an engine that begins no transaction if somebody asks for AUTOCOMMIT."""
    with engine_for("sqlite://") as engine:
        yield engine


ENGINES = {"file": sqlite_engine, "memory": plain_engine}


@contextmanager
def shop(answers: Any, kind: str = "file") -> Iterator[Engine]:
    """Yield a database with four products."""
    with ENGINES[kind]() as engine:
        answers.Base.metadata.create_all(engine)
        rows = [{"sku": sku, "price": price} for sku, price in PRICES.items()]
        with engine.begin() as connection:
            connection.execute(insert(answers.Product), rows)
        yield engine


def prices(engine: Engine) -> dict[str, int]:
    """Return the prices in the table."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT sku, price FROM products")
        return dict(rows.all())


def sent_in_words(sent: Statements) -> str:
    """Return the statements that were sent, for a message."""
    return "; ".join(f"`{one.sql[:60]}`" for one in sent[:3]) or "no statement"


@pytest.mark.parametrize(("sku", "price"), CHANGES)
def test_q1_with_orm_sends_no_update_itself(answers, sku, price):
    with shop(answers) as engine, Session(engine) as session:
        with statements(engine) as sent:
            change = answers.PriceChange(sku, price)
            attempt("`with_orm`", change.with_orm, session)
        changed = [
            (one.sku, one.price)
            for one in session.identity_map.values()
            if one in session.dirty
        ]

    assert set(sent.verbs) <= {"SELECT"}, (
        f"`with_orm` sent {sent_in_words(sent)}. The docstring asks it to load the "
        "object, to set its price, and to send no UPDATE. Look at what else your code "
        "calls."
    )
    assert changed == [(sku, price)], (
        f"After `PriceChange({sku!r}, {price}).with_orm(session)` the changed objects "
        f"in the session are {in_words(changed)}. The docstring asks to load the "
        "`Product` from the session and to set its `price`. Look at both."
    )


@pytest.mark.parametrize(("sku", "price"), CHANGES)
def test_q1_the_session_writes_the_price_when_the_caller_commits(answers, sku, price):
    with shop(answers) as engine:
        with Session(engine) as session:
            change = answers.PriceChange(sku, price)
            attempt("`with_orm`", change.with_orm, session)
            attempt("The commit after `with_orm`", session.commit)
        left = prices(engine)

    assert left == PRICES | {sku: price}, (
        f"After `PriceChange({sku!r}, {price}).with_orm(session)` and a commit, the "
        f"prices are {in_words(left)}; they were {PRICES}. The docstring asks for the "
        f"new price of {sku!r} only."
    )


@pytest.mark.parametrize(("sku", "price"), CHANGES)
def test_q1_with_core_sends_one_update_and_nothing_else(answers, sku, price):
    change = answers.PriceChange(sku, price)
    with (
        shop(answers) as engine,
        engine.connect() as connection,
        statements(engine) as sent,
    ):
        attempt("`with_core`", change.with_core, connection)

    assert sent.verbs == ["UPDATE"], (
        f"`with_core` sent {sent_in_words(sent)}. The docstring asks for one UPDATE "
        "and nothing else. Look at each `connection.execute(...)`."
    )


@pytest.mark.parametrize(("sku", "price"), CHANGES)
def test_q1_with_core_changes_the_row_of_this_product(answers, sku, price):
    with shop(answers) as engine:
        with engine.connect() as connection:
            change = answers.PriceChange(sku, price)
            attempt("`with_core`", change.with_core, connection)
            connection.commit()
        left = prices(engine)

    assert left == PRICES | {sku: price}, (
        f"After `PriceChange({sku!r}, {price}).with_core(connection)` and a commit, "
        f"the prices are {in_words(left)}; they were {PRICES}. The docstring asks for "
        f"the new price of {sku!r} only. Look at WHERE and SET."
    )


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("layer", ["with_orm", "with_core"])
def test_q1_the_caller_decides_about_the_commit(answers, layer, kind):
    with shop(answers, kind) as engine:
        caller = Session(engine) if layer == "with_orm" else engine.connect()
        with caller, statements(engine) as sent:
            method = getattr(answers.PriceChange("pen", 175), layer)
            attempt(f"`{layer}`", method, caller)
            caller.rollback()
        left = prices(engine)

    assert sent.commits == 0, (
        f"`{layer}` committed {sent.commits} time. The docstring says that the caller "
        "commits. Look at what your code does after the change."
    )
    assert left == PRICES, (
        f"The caller rolled back after `{layer}`, and the prices are {in_words(left)}. "
        f"They were {PRICES}. The docstring says that the caller commits. Look at "
        "which connection and which options you use."
    )


MARA = {
    "customer": "Mara",
    "placed_at": datetime(2026, 11, 3, 9, 30),
    "total": Decimal("12.50"),
    "gift": True,
}
LATER = MARA | {
    "placed_at": datetime(2026, 10, 30, 17, 5, 1, 250),
    "total": Decimal("199.99"),
    "gift": False,
}
ANN = MARA | {"customer": "Ann", "total": Decimal("7.10")}
CHEAP = LATER | {"total": Decimal("7.10")}
REFUSED = MARA | {"total": Decimal(-1)}


@contextmanager
def order_book(answers: Any, kind: str = "file") -> Iterator[tuple[Any, Engine]]:
    """Yield an empty order book and its engine."""
    with ENGINES[kind]() as engine:
        answers.Base.metadata.create_all(engine)
        with engine.begin() as connection:  # without ORDER BY, the times come sorted
            index = "CREATE INDEX by_time ON orders (customer, placed_at)"
            connection.exec_driver_sql(index)
        yield answers.OrderBook(engine), engine


def orders_of(book: Any, customer: str) -> list[dict[str, Any]]:
    """Return what `of` returns: dicts with the keys of an order."""
    found = attempt(f"`of({customer!r})`", book.of, customer)
    dicts = isinstance(found, list) and all(isinstance(one, dict) for one in found)
    assert dicts, (
        f"`of({customer!r})` returned {in_words(found)}. The docstring asks for a list "
        "of dicts like those given to `add`."
    )
    keys = next((list(one) for one in found if set(one) != set(MARA)), None)
    assert keys is None, (
        f"`of({customer!r})` returned a dict with the keys {in_words(keys)}. The "
        "docstring asks for the keys customer, placed_at, total, gift."
    )
    return found


def totals(engine: Engine) -> list[Any]:
    """Return the totals in the table, in the order of their numbers."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT total FROM orders ORDER BY number")
        return list(rows.scalars())


@pytest.mark.parametrize(
    "name",
    ["O'Neill", "x'); DELETE FROM orders; --", '"Q" %s ?', "%", "MARA", " Mara "],
)
def test_q2_a_name_may_contain_any_character(answers, name):
    with order_book(answers) as (book, _):
        orders = [MARA, MARA | {"customer": name}]
        attempt(f"`add` of orders by 'Mara' and {name!r}", book.add, orders)
        found = [one["customer"] for one in orders_of(book, name)]
        others = orders_of(book, "' OR '1' = '1")

    assert found == [name], (
        f"After orders by 'Mara' and {name!r}, `of({name!r})` returns orders by "
        f"{in_words(found)}. The docstring asks for the orders of this customer. Look "
        "at the commit, and at how the statement compares the name."
    )
    assert others == [], (
        f"`of(\"' OR '1' = '1\")` returned {len(others)} order of another customer: "
        "the name became a part of the SQL. The docstring asks to send it as a "
        "parameter."
    )


@pytest.mark.parametrize("key", ["placed_at", "total", "gift"])
def test_q2_the_values_come_back_as_they_were_added(answers, key):
    with order_book(answers) as (book, _):
        attempt("`add` of five orders", book.add, [MARA, ANN, LATER, LATER, CHEAP])
        back = [one[key] for one in orders_of(book, "Mara")]

    added = [MARA[key], LATER[key], LATER[key], CHEAP[key]]
    seen = [(type(value), value) for value in back]
    asked = [(type(value), value) for value in added]
    first = next((i for i in range(4) if seen[i : i + 1] != asked[i : i + 1]), 0)
    assert seen == asked, (
        f"Mara has four orders, and `of('Mara')` returns {len(back)}. In order "
        f"{first + 1}, {key} was {in_words(added[first])}, and is now "
        f"{in_words(back[first : first + 1])}. The docstring asks for equal values of "
        "the same types, sorted by `number`. Look at types and order."
    )


@pytest.mark.parametrize(
    ("kind", "orders"),
    [
        ("file", [ANN, LATER, REFUSED, MARA]),
        ("memory", [ANN, LATER, REFUSED, MARA]),
        ("memory", [ANN] * 1500 + [REFUSED]),
    ],
    ids=["file", "memory", "1501"],
)
def test_q2_an_import_that_fails_stores_nothing(answers, kind, orders):
    with order_book(answers, kind) as (book, engine):
        raised = outcome(lambda: book.add(orders))
        left = totals(engine)

    assert left == [], (
        f"The database refused one of {len(orders)} orders, and {len(left)} of them "
        "are stored. The docstring asks for all or none: they belong in one "
        "transaction. Look at where the transaction begins and ends."
    )
    assert isinstance(raised, IntegrityError), (
        "The database refused an order, and `add` "
        + (
            f"raised {in_words(raised)} (of {type(raised).__module__})"
            if isinstance(raised, Exception)
            else "raised nothing"
        )
        + ". The docstring asks for the IntegrityError of SQLAlchemy. Look at what "
        "your code does with the exception."
    )


def test_q2_an_empty_list_stores_nothing(answers):
    with order_book(answers) as (book, engine):
        with connections(engine) as pool:
            attempt("`add([])`", book.add, [])
        stored = totals(engine)

    assert stored == [], (
        f"`add([])` stored {len(stored)} order. The docstring asks to store nothing. "
        "Look at what you execute for an empty list."
    )
    assert pool.out == 0, (
        "After `add([])`, a connection is not back in the pool. Open it in a `with` "
        "block."
    )


@pytest.mark.parametrize("order", [LATER, REFUSED], ids=["stored", "refused"])
def test_q2_the_connection_returns_to_the_pool(answers, order):
    with order_book(answers) as (book, engine), connections(engine) as pool:
        outcome(lambda: book.add([order]))
        after_add = pool.out
        outcome(lambda: book.of("Mara"))
        after_of = pool.out - after_add

    assert pool.lent, (
        "`add` and `of` took no connection from the engine. The docstring asks for "
        "SQLAlchemy statements; the engine is `self._engine`."
    )
    assert (after_add, after_of) == (0, 0), (
        f"`add` kept {after_add} connection and `of` {after_of}. The docstring asks to "
        "return it to the pool, also after an exception. Open it in a `with` block."
    )


def test_q2_all_sql_goes_through_sqlalchemy(answers):
    with order_book(answers) as (book, engine), statements(engine) as sent:
        outcome(lambda: book.add([MARA]))
        outcome(lambda: book.of("Mara"))

    verbs = set(sent.verbs)
    assert {"INSERT", "SELECT"} <= verbs, (
        f"An order was added and read; SQLAlchemy sent {in_words(sorted(verbs))}. The "
        "docstring asks to replace the raw SQL by SQLAlchemy statements, so that "
        "INSERT and SELECT go through it."
    )
    inside = [one.sql for one in sent if "Mara" in one.sql]
    assert not inside, (
        f"This statement contains the name: {inside[0][:100]}. The docstring asks to "
        "send values as parameters, not inside the SQL."
    )


@contextmanager
def created(answers: Any, call: str, name: str) -> Iterator[tuple[Any, Engine]]:
    """Yield the model that `call` returns, and an engine with its table."""
    model = attempt(f"`{call}()`", getattr(answers, call))
    mapper = inspect(model, raiseerr=False)
    assert isinstance(mapper, Mapper), (
        f"`{call}()` returned {in_words(model)}. The docstring asks for a class that "
        "is mapped to a table."
    )
    table = mapper.local_table
    assert isinstance(table, Table), (
        f"{model.__name__} is not mapped to a table. The docstring asks for {name!r}."
    )
    assert table.name == name, (
        f"{model.__name__} is mapped to the table {table.name!r}. The docstring asks "
        f"for the table {name!r}. Look at `__tablename__`."
    )
    with sqlite_engine() as engine:
        attempt("Creating the table", table.metadata.create_all, engine)
        yield model, engine


def columns(engine: Engine, table: str, *names: str) -> dict[str, Any]:
    """Return the columns of a table, as the database describes them."""
    found = {one["name"]: one for one in inspect(engine).get_columns(table)}
    missing = [name for name in names if name not in found]
    assert not missing, (
        f"The table {table} has the columns {', '.join(found)}. The docstring also "
        f"asks for {', '.join(missing)}."
    )
    return found


def stored(engine: Engine, model: Any, *rows: Mapping[str, Any]) -> Any:
    """Insert rows; return the exception if the database refuses them."""

    def work(connection: Connection) -> None:
        for row in rows:
            connection.execute(insert(model.__table__).values(row))

    return outcome(lambda: in_transaction(engine, work))


def in_transaction(engine: Engine, work: Callable[[Connection], object]) -> None:
    """Do the work and commit."""
    with engine.begin() as connection:
        work(connection)


def check_key(engine: Engine, table: str) -> None:
    """Check that `id` is an integer primary key."""
    kind = columns(engine, table, "id")["id"]["type"]
    key = inspect(engine).get_pk_constraint(table)["constrained_columns"]
    assert key == ["id"], (
        f"The primary key of {table} is {key}. The docstring asks for the column "
        "id. Look at `primary_key`."
    )
    assert isinstance(kind, Integer), (
        f"The column id of {table} has the type {kind}. The docstring asks for an "
        "integer. Look at its annotation."
    )


def check_type(engine: Engine, table: str, column: str, expected: str) -> None:
    """Check the type of a column, as the database describes it."""
    seen = str(columns(engine, table, column)[column]["type"])
    assert seen.replace("DECIMAL", "NUMERIC") == expected, (
        f"The column {column} of {table} has the type {seen}. The docstring asks for "
        f"{expected}. Look at the annotation, and at the arguments of `mapped_column`."
    )


def check_not_null(
    engine: Engine, model: Any, whole: Mapping[str, Any], partial: Mapping[str, Any]
) -> None:
    """Check that the database stores a whole row, and refuses one with a NULL."""
    raised = stored(engine, model, whole)
    assert raised is None, (
        f"Storing {in_words(whole)} raised {in_words(raised)}. The docstring asks for "
        "a model that stores this row. Look at its columns and constraints."
    )
    refusal = stored(engine, model, partial)
    key = next(name for name in partial if partial[name] is None)
    assert isinstance(refusal, IntegrityError), (
        f"The database stored a row whose {key} is NULL. The docstring asks it to "
        "refuse this row. Look at the annotation of the column."
    )


def added(engine: Engine, model: Any, *rows: Mapping[str, Any]) -> list[Any]:
    """Add objects in one session, and return those that another one finds."""
    with Session(engine) as session:
        for row in rows:
            session.add(attempt(f"{model.__name__}(...)", model, **row))
            attempt(f"Storing {in_words(row)}", session.commit)
    with Session(engine) as session:
        return list(session.scalars(select(model).order_by(model.id)))


def check_assigned(
    engine: Engine, model: Any, row: Mapping[str, Any], other: Mapping[str, Any]
) -> None:
    """Check that another program can store `row` without an id, and the model `other`.

    The table of the other program is read from the database: it has no default that
    Python computes.
    """
    table = Table(model.__table__.name, MetaData(), autoload_with=engine)

    def store() -> None:
        in_transaction(engine, lambda one: one.execute(insert(table).values(row)))
        with Session(engine) as session:
            session.add(model(**other))
            session.commit()

    raised = outcome(store)
    assert not isinstance(raised, Exception), (
        f"Another program stored a row without an id, and your code an object of "
        f"{model.__name__}. This raised {in_words(raised)}. The docstring asks for an "
        "id that the database assigns, not Python. Look at the column id."
    )


JO = {"name": "Jo", "email": "jo@example.com"}
KIM = {"name": "Kim", "email": "kim@example.com"}


@pytest.mark.parametrize(
    ("column", "expected"), [("name", "VARCHAR(50)"), ("email", "VARCHAR(254)")]
)
def test_q3_the_table_has_the_columns_of_a_user(answers, column, expected):
    with created(answers, "user_model", "users") as (_, engine):
        check_key(engine, "users")
        check_type(engine, "users", column, expected)


def test_q3_another_session_finds_the_users(answers):
    with created(answers, "user_model", "users") as (model, engine):
        columns(engine, "users", "id", *JO)
        found = added(engine, model, JO, KIM)
        users = [{key: getattr(one, key) for key in JO} for one in found]
        numbers = {one.id for one in found}

    assert users == [JO, KIM], (
        f"Jo and Kim were added, and another session finds {in_words(users)}. The "
        "docstring asks for a class with the attributes name and email. Look at your "
        "columns."
    )
    assert len(numbers) == 2, (
        f"Jo and Kim have the ids {in_words(numbers)}. The docstring asks for an id "
        "that the database assigns."
    )


def test_q3_the_database_assigns_the_id(answers):
    with created(answers, "user_model", "users") as (model, engine):
        columns(engine, "users", "id", *JO)
        check_assigned(engine, model, JO, KIM)


def test_q3_the_database_refuses_the_same_email_twice(answers):
    with created(answers, "user_model", "users") as (model, engine):
        columns(engine, "users", *JO)
        first = stored(engine, model, JO, KIM | {"name": "Jo"})
        second = stored(engine, model, {"name": "Kim", "email": JO["email"]})

    assert first is None, (
        f"Two users called Jo with different emails: storing them raised "
        f"{in_words(first)}. The docstring asks for a unique email only. Look at the "
        "column name and the constraints."
    )
    assert isinstance(second, IntegrityError), (
        "The database stored a second user with the email jo@example.com. The "
        "docstring asks it to refuse this user. Look at the column email: an index "
        "alone does not make it unique."
    )


def test_q3_the_base_class_is_a_new_one(answers):
    with created(answers, "user_model", "users") as (model, _):
        shared = model.__table__.metadata is answers.Base.metadata
        again = outcome(answers.user_model)

    assert not isinstance(again, Exception), (
        f"The second call of `user_model()` raised {in_words(again)}. The docstring "
        "asks for `User` from each call. Look at where your code creates the base "
        "class."
    )
    assert not shared, (
        "`User` belongs to the `Base` of `Product` and `Order`, at the top of the "
        "file. The docstring asks for a new base class. Look at what `User` derives "
        "from."
    )


@pytest.mark.parametrize("key", ["name", "email"])
def test_q3_the_database_refuses_a_user_with_null(answers, key):
    with created(answers, "user_model", "users") as (model, engine):
        columns(engine, "users", *JO)
        check_not_null(engine, model, KIM, JO | {key: None})


TO_LOOK_AT = {
    "no gifts": "SQLite stores a boolean as 1 or 0, and NOT becomes a comparison.",
    "hers": "Without ILIKE, both sides are converted to lower case before LIKE.",
    "mine": "The dialect leaves out what SQLite does not have.",
    "placed_at": "The driver has no type for times.",
    "total": "The driver has no type for exact decimal numbers, only for inexact ones.",
    "gift": "SQLite stores a boolean as 1 or 0.",
}


def predicted(answers: Any, key: str) -> Any:
    """Return one prediction."""
    values = attempt("`on_sqlite()`", answers.on_sqlite)
    assert isinstance(values, dict), (
        f"`on_sqlite()` returned {in_words(values)}. The docstring asks for a dict."
    )
    assert key in values, (
        f"`on_sqlite()` returned no value for {key!r}. The docstring asks to replace "
        "each `___`, and to keep the keys."
    )
    return values[key]


def plain(sql: str) -> str:
    """Return SQL in lower case, without the table, line ends and outer brackets."""
    text = " ".join(sql.split()).lower().replace("orders.", "")
    text = text.strip(" ;").removeprefix("where ")
    return text[1:-1] if text.startswith("(") and text.endswith(")") else text


@pytest.mark.parametrize("question", ["no gifts", "hers", "mine"])
def test_q4_the_sql_for_sqlite_is_predicted(answers, question):
    statement = answers.questions()[question]
    compiled = statement.compile(
        dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}
    )
    sent = str(compiled).partition("WHERE")[2]

    prediction = predicted(answers, question)
    assert plain(str(prediction)) == plain(sent), (
        f"You predict {in_words(prediction)} for {question!r}, and SQLAlchemy writes "
        f'something else for SQLite. {TO_LOOK_AT[question]} Look at "One '
        'statement, several databases" in the notes.'
    )


@pytest.mark.parametrize("column", ["placed_at", "total", "gift"])
def test_q4_the_type_for_the_driver_is_predicted(answers, column):
    with sqlite_engine() as engine:
        answers.Base.metadata.create_all(engine)
        with statements(engine) as sent, Session(engine) as session:
            session.add(answers.Order(**MARA))
            session.flush()
    values = dict(zip(MARA, sent[0].parameters, strict=True))

    prediction = predicted(answers, column)
    assert prediction == type(values[column]).__name__, (
        f"You predict {in_words(prediction)} for {column!r}, and the driver receives a "
        f"value of another type. {TO_LOOK_AT[column]} The name of a type is a string, "
        'such as "bool". Look at the end of "One statement, several databases".'
    )


EMMA = {
    "title": "Emma",
    "author": "Jane Austen",
    "published": date(1815, 12, 23),
    "price": Decimal("9.90"),
}
ANNOUNCED = {
    "title": "Sanditon",
    "author": "Jane Austen",
    "price": Decimal("123456.78"),
}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("title", "VARCHAR(200)"),
        ("author", "VARCHAR(100)"),
        ("published", "DATE"),
        ("price", "NUMERIC(8, 2)"),
    ],
)
def test_q5_the_table_has_the_columns_of_a_book(answers, column, expected):
    with created(answers, "book_model", "books") as (_, engine):
        check_key(engine, "books")
        check_type(engine, "books", column, expected)


def test_q5_another_session_finds_the_books(answers):
    with created(answers, "book_model", "books") as (model, engine):
        columns(engine, "books", "id", *EMMA)
        found = added(engine, model, EMMA, ANNOUNCED)
        books = [{key: getattr(one, key) for key in EMMA} for one in found]

    for book, seen in zip((EMMA, ANNOUNCED), books, strict=True):
        values = {key: book.get(key) for key in EMMA}
        wrong = next((key for key in EMMA if seen[key] != values[key]), None)
        assert wrong is None, (
            f"The book {book['title']!r} was added with {wrong} = "
            f"{in_words(values[wrong])}, and another session finds "
            f"{in_words(seen[wrong])}. The docstring asks for a column that keeps the "
            "value. Look at its type."
        )


def test_q5_the_database_assigns_the_id(answers):
    with created(answers, "book_model", "books") as (model, engine):
        columns(engine, "books", "id", *EMMA)
        check_assigned(engine, model, EMMA, ANNOUNCED)


def test_q5_the_book_is_on_the_given_base(answers):
    with created(answers, "book_model", "books") as (model, _):
        bases = [one.__name__ for one in model.__mro__]
        shared = model.__table__.metadata is answers.Base.metadata

    assert not shared, (
        f"{model.__name__} belongs to the `Base` of `Product` and `Order`, at the top "
        "of the file. The docstring asks for the `Base` inside the function. Look at "
        "what the class derives from."
    )
    assert "Base" in bases, (
        f"{model.__name__} is on the classes {in_words(bases[1:])}. The docstring asks "
        "for the `Base` inside the function."
    )


@pytest.mark.parametrize("key", ["title", "author", "price"])
def test_q5_the_database_refuses_a_book_with_null(answers, key):
    with created(answers, "book_model", "books") as (model, engine):
        columns(engine, "books", *EMMA)
        check_not_null(engine, model, EMMA, EMMA | {key: None})


def test_q5_a_book_that_is_not_published_is_stored(answers):
    with created(answers, "book_model", "books") as (model, engine):
        columns(engine, "books", *EMMA)
        raised = stored(engine, model, EMMA | {"published": None})

    assert raised is None, (
        f"Storing a book whose `published` is NULL raised {in_words(raised)}. The "
        "docstring says that it may be NULL. Look at the annotation of the column."
    )
