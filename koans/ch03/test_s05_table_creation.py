"""The tests of section 3.5."""

import inspect as python
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, Table, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session, registry

from lab import attempt, in_words, outcome, sqlite_engine, stand_in


def table_of(model: Any, name: str) -> Table:
    """Return the table that a class is mapped to."""
    mapper = inspect(model, raiseerr=False) if isinstance(model, type) else None
    assert isinstance(mapper, Mapper), (
        f"{in_words(model)} is not a class that is mapped to a table. The docstring "
        f"asks for a class that is mapped to {name!r}."
    )
    table = mapper.local_table
    assert isinstance(table, Table), (
        f"{model.__name__} is not mapped to a table. The docstring asks for {name!r}."
    )
    assert table.name == name, (
        f"{model.__name__} is mapped to the table {table.name!r}. The docstring asks "
        f"for {name!r}."
    )
    return table


def without_annotation(model: Any) -> list[str]:
    """Return the mapped attributes of a class that have no `Mapped` annotation."""
    annotated = {
        name
        for parent in model.__mro__
        for name, kind in python.get_annotations(parent).items()
        if "Mapped" in str(kind)
    }
    names = [attribute.key for attribute in inspect(model).column_attrs]
    return [name for name in names if name not in annotated]


@contextmanager
def created(table: Table) -> Iterator[Engine]:
    """Yield an engine whose database has this table."""
    with sqlite_engine() as engine:
        attempt(f"Creating the table {table.name}", table.metadata.create_all, engine)
        yield engine


def columns_of(engine: Engine, table: str) -> dict[str, str]:
    """Return what the database says about each column of a table."""
    return {
        column["name"]: f"{column['type']}{'' if column['nullable'] else ' NOT NULL'}"
        for column in inspect(engine).get_columns(table)
    }


def commit(engine: Engine, *objects: object) -> None:
    """Store objects in one session."""
    with Session(engine) as session:
        session.add_all(objects)
        session.commit()


@contextmanager
def declared(answers: Any) -> Iterator[tuple[Any, Engine, Engine]]:
    """Yield the class, a database made by the class, one made by `price_table`."""
    expected = answers.price_table(MetaData())
    calls = []

    def price_table(metadata: MetaData) -> Table:
        calls.append(metadata)
        return expected.to_metadata(metadata)

    stand_in(answers.price_table, price_table)
    model = attempt("`declared_price()`", answers.declared_price)
    assert not calls, (
        "`declared_price()` used `price_table`. The docstring asks to define the table "
        "with a class."
    )
    with created(table_of(model, "prices")) as seen, created(expected) as imperative:
        yield model, seen, imperative


@pytest.mark.parametrize("column", ["isbn", "country", "cents", "reason"])
def test_q1_the_columns_are_the_same(answers, column):
    with declared(answers) as (_, seen, imperative):
        expected = columns_of(imperative, "prices")
        found = columns_of(seen, "prices")

    assert found.keys() == expected.keys(), (
        f"Your table has the columns {', '.join(found)}. The docstring asks for those "
        f"of `price_table`: {', '.join(expected)}."
    )
    assert found[column] == expected[column], (
        f"The column {column} is {found[column]} in your table, and {expected[column]} "
        "in the table of `price_table`. The annotation decides about NULL, "
        "`mapped_column` takes the length."
    )


def test_q1_the_primary_key_is_the_same(answers):
    with declared(answers) as (_, *engines):
        key, expected = (
            inspect(engine).get_pk_constraint("prices")["constrained_columns"]
            for engine in engines
        )

    assert key == expected, (
        f"The primary key of your table is {key}; that of `price_table` is {expected}. "
        "`primary_key=True` may stand at more than one column."
    )


def test_q1_the_check_constraint_has_the_same_name(answers):
    with declared(answers) as (_, *engines):
        names, expected = (
            [one["name"] for one in inspect(engine).get_check_constraints("prices")]
            for engine in engines
        )

    assert names == expected, (
        f"The check constraints of your table have the names {names}; those of "
        f"`price_table` have {expected}. A constraint of a declared table stands in "
        "`__table_args__`, which is a tuple."
    )


def additions(engine: Engine) -> dict[str, list[Any]]:
    """Return what the table of the prices has beside columns, key and check."""
    database = inspect(engine)
    columns = database.get_columns("prices")
    unique = database.get_unique_constraints("prices")
    keys = database.get_foreign_keys("prices")
    return {
        "defaults": [one["name"] for one in columns if one["default"] is not None],
        "unique constraints": [one["column_names"] for one in unique],
        "indexes": [one["column_names"] for one in database.get_indexes("prices")],
        "foreign keys": [one["constrained_columns"] for one in keys],
    }


def test_q1_the_table_has_nothing_else(answers):
    with declared(answers) as (_, seen, imperative):
        found, expected = additions(seen), additions(imperative)

    more = {kind: found[kind] for kind in found if found[kind] != expected[kind]}
    assert not more, (
        f"Your table has {' and '.join(f'{kind} for {more[kind]}' for kind in more)}. "
        "The table of `price_table` has none. The docstring asks for the same table."
    )


@pytest.mark.parametrize("cents", [-5, 0, 1])
def test_q1_the_check_constraint_refuses_the_same_prices(answers, cents):
    row = {"isbn": "9780141439587", "country": "AT", "cents": cents}
    with declared(answers) as (model, seen, _):
        price = attempt(f"{model.__name__}(...)", model, **row)
        raised = outcome(lambda: commit(seen, price))

    refused = isinstance(raised, IntegrityError)
    assert raised is None or refused, (
        f"Storing {row} raised {in_words(raised)}. The docstring asks for the same "
        "table as that of `price_table`. Look at your columns."
    )
    assert refused == (cents <= 0), (
        f"Your table {'refuses' if refused else 'stores'} a price of {cents} cents. "
        "The docstring asks for the check constraint of `price_table`: cents > 0."
    )


def test_q1_every_column_is_an_annotated_attribute(answers):
    with declared(answers) as (model, _, _):
        missing = without_annotation(model)

    assert not missing, (
        f"These attributes have no `Mapped` annotation: {', '.join(missing)}. The "
        "docstring asks for it, as in `name: Mapped[str] = mapped_column(...)`."
    )


TILL = [
    {"isbn": "9780141439587", "country": "DE", "cents": 990, "reason": None},
    {"isbn": "9780141439587", "country": "AT", "cents": 750, "reason": "sale"},
]
REVIEWS = [
    {"isbn": "9780141439587", "stars": 5, "text": "Read it in one night."},
    {"isbn": "9780141439587", "stars": 1, "text": None},
]


def shop(answers: Any) -> tuple[Any, Any]:
    """Return the two classes of the shop."""
    classes = attempt("`shop_classes()`", answers.shop_classes)
    pair = isinstance(classes, tuple) and len(classes) == 2
    assert pair, (
        f"`shop_classes()` returned {in_words(classes)}. The docstring asks for both "
        "classes, `Price` and `Review`."
    )
    return classes


def test_q2_a_session_stores_the_prices_of_the_tills(answers):
    price, _ = shop(answers)
    with created(table_of(price, "prices")) as engine:
        objects = [answers.Price(**row) for row in TILL]
        attempt("Storing two objects of `Price`", commit, engine, *objects)
        with engine.connect() as connection:
            written = connection.exec_driver_sql("SELECT * FROM prices ORDER BY cents")
            rows = [dict(row) for row in written.mappings()]
        with Session(engine) as session:
            query = select(answers.Price).order_by(answers.Price.cents.desc())
            loaded = [
                {key: getattr(one, key, "lost") for key in TILL[0]}
                for one in attempt("Loading the prices", session.scalars, query)
            ]

    assert rows == TILL[::-1], (
        f"{in_words(TILL)} were stored, and the table prices has {in_words(rows)}. The "
        "docstring asks to map `Price` to the table of `price_table`."
    )
    assert loaded == TILL, (
        f"Two prices were stored, and another session loads {in_words(loaded)}. The "
        f"docstring asks for a class with the attributes {', '.join(TILL[0])}."
    )


def test_q2_the_table_of_the_prices_refuses_what_price_table_refuses(answers):
    price, _ = shop(answers)
    with created(table_of(price, "prices")) as engine:
        objects = [answers.Price(**row) for row in TILL]
        attempt("Storing two objects of `Price`", commit, engine, *objects)
        free = answers.Price(isbn="9780141439587", country="CH", cents=0)
        raised = outcome(lambda: commit(engine, free))

    assert isinstance(raised, IntegrityError), (
        "A session stored a price of 0 cents, and the database "
        f"{'accepted it' if raised is None else in_words(raised)}. `price_table` has "
        "a check constraint. The docstring asks to map `Price` to its table."
    )


def test_q2_price_is_mapped_by_the_call_and_not_before(answers):
    early = inspect(answers.Price, raiseerr=False)
    parents = [parent.__name__ for parent in answers.Price.__mro__[1:]]
    assert (early, parents) == (None, ["object"]), (
        "`Price` is mapped before `shop_classes` is called, or has a base class. The "
        "docstring asks that it stays a dataclass without SQLAlchemy until then."
    )

    price, _ = shop(answers)
    assert inspect(answers.Price, raiseerr=False) is not None, (
        "After `shop_classes()` the class `Price` is not mapped, so a session cannot "
        "store the objects of the tills. The docstring asks to map `Price` itself."
    )
    assert price is answers.Price, (
        f"`shop_classes()` returned {in_words(price)}. The docstring asks for `Price`."
    )


def test_q2_a_review_keeps_its_values(answers):
    _, review = shop(answers)
    with created(table_of(review, "reviews")) as engine:
        objects = [attempt("`Review(...)`", review, **row) for row in REVIEWS]
        attempt("Storing two reviews", commit, engine, *objects)
        with Session(engine) as session:
            read = [
                {key: getattr(one, key, "lost") for key in REVIEWS[0]}
                for one in session.scalars(select(review))
            ]

    lost = [one for one in REVIEWS if one not in read]
    assert not lost, (
        f"The review {in_words(lost[0])} was stored, and another session loads "
        f"{in_words([one for one in read if one not in REVIEWS])}. The docstring asks "
        "for the columns isbn, stars and text."
    )
    assert len(read) == len(REVIEWS), (
        f"{len(REVIEWS)} reviews were stored, and another session loads {len(read)}. "
        "The docstring asks for one object a row. Look at the primary key."
    )


def test_q2_only_the_text_of_a_review_may_be_null(answers):
    _, review = shop(answers)
    with created(table_of(review, "reviews")) as engine:
        columns = columns_of(engine, "reviews")
    optional = [name for name in columns if not columns[name].endswith("NOT NULL")]

    assert sorted(columns) == ["id", "isbn", "stars", "text"], (
        f"The table reviews has the columns {', '.join(columns)}. The docstring asks "
        "for id, isbn, stars and text."
    )
    assert optional == ["text"], (
        f"These columns of reviews may be NULL: {', '.join(optional) or 'none'}. The "
        "docstring asks that only text may be NULL. Look at the annotations."
    )


def test_q2_a_review_is_declared(answers):
    _, review = shop(answers)
    table_of(review, "reviews")
    declared = hasattr(review, "__tablename__")
    missing = without_annotation(review)

    assert declared, (
        f"{review.__name__} gets its columns from a `Table` object: class and `Table` "
        "are two definitions. The docstring asks to declare it, in one class."
    )
    assert not missing, (
        f"These attributes have no `Mapped` annotation: {', '.join(missing)}. The "
        "docstring asks for it, as in `name: Mapped[str]`."
    )


TARIFFS = """
    CREATE TABLE tariffs (
        zone {zone} NOT NULL,
        "from" {start} NOT NULL,
        cents {cents},
        PRIMARY KEY (zone, "from")
    )
"""
TODAY = "today"
LONGER = "with a column more"
OTHER = "with other types"
TYPES = {"zone": "VARCHAR(10)", "start": "DATE", "cents": "INTEGER NOT NULL"}
OTHER_TYPES = {"zone": "VARCHAR(20)", "start": "DATETIME", "cents": "NUMERIC(8, 1)"}
EUROPE = {"zone": "Europe", "valid_from": date(2026, 11, 1), "cents": 1250}
WORLD = {"zone": "World", "valid_from": date(2027, 1, 1), "cents": 2990}


@contextmanager
def carrier(state: str = TODAY) -> Iterator[Engine]:
    """Yield an engine for a database of the carrier."""
    with sqlite_engine() as engine:
        with engine.begin() as connection:
            sql = TARIFFS.format(**(OTHER_TYPES if state == OTHER else TYPES))
            connection.exec_driver_sql(sql)
        if state == LONGER:
            add_column(engine)
        yield engine


def add_column(engine: Engine) -> None:
    """Add a column to the table of the carrier."""
    with engine.begin() as connection:
        sql = "ALTER TABLE tariffs ADD COLUMN kilograms NUMERIC(6, 2)"
        connection.exec_driver_sql(sql)


def hybrid(answers: Any, engine: Engine) -> tuple[Any, Table]:
    """Return the class for a database, and its table."""
    model = attempt("`hybrid_tariff(engine)`", answers.hybrid_tariff, engine)
    table = table_of(model, "tariffs")
    has_base = isinstance(getattr(model, "registry", None), registry)
    assert has_base, (
        f"{model.__name__} has no declarative base class. The docstring asks to "
        "declare a class on a `DeclarativeBase`."
    )
    return model, table


@pytest.mark.parametrize("state", [TODAY, LONGER])
def test_q3_each_column_is_an_attribute(answers, state):
    with carrier(state) as engine:
        model, _ = hybrid(answers, engine)
        columns = columns_of(engine, "tariffs")

    expected = ["valid_from" if name == "from" else name for name in columns]
    names = list(inspect(model).column_attrs.keys())
    assert sorted(names) == sorted(expected), (
        f"The table, {state}, has the columns {', '.join(columns)}. The class has the "
        f"attributes {', '.join(names)}; the docstring asks for {', '.join(expected)}."
    )


@pytest.mark.parametrize("state", [TODAY, LONGER, OTHER])
def test_q3_the_table_is_read_from_the_database(answers, state):
    with carrier(state) as engine:
        _, table = hybrid(answers, engine)
        expected = columns_of(engine, "tariffs")
    found = {
        column.name: f"{column.type}{'' if column.nullable else ' NOT NULL'}"
        for column in table.columns
    }
    key = sorted(column.name for column in table.primary_key)

    assert found == expected, (
        f"The table in the database, {state}, has {in_words(expected)}. `__table__` "
        f"has {in_words(found)}. The docstring asks to read it from the database."
    )
    assert key == ["from", "zone"], (
        f"The primary key of `__table__` is {key}. The docstring asks for the table in "
        "the database, and its primary key is zone and from."
    )


def test_q3_a_session_stores_and_loads_tariffs(answers):
    with carrier() as engine:
        model, _ = hybrid(answers, engine)
        objects = [attempt("A new tariff", model, **row) for row in (WORLD, EUROPE)]
        attempt("Storing two tariffs", commit, engine, *objects)
        with Session(engine) as session:
            query = select(model).order_by(model.valid_from)
            read = [
                {key: getattr(one, key) for key in EUROPE}
                for one in session.scalars(query)
            ]

    assert read == [EUROPE, WORLD], (
        f"Two tariffs were stored, valid from 2026-11-01 and 2027-01-01. A session "
        f"that sorts by `valid_from` loads {in_words(read)}. The docstring asks for "
        "both. Look at the attributes of your class."
    )


def test_q3_each_call_reads_the_database_and_returns_a_new_class(answers):
    with carrier() as engine, carrier() as other:
        models = [hybrid(answers, engine)]
        add_column(engine)
        models += [hybrid(answers, engine), hybrid(answers, other)]
    columns = [sorted(column.name for column in table.columns) for _, table in models]

    today = ["cents", "from", "zone"]
    longer = sorted([*today, "kilograms"])
    assert columns == [today, longer, today], (
        "Before the second of three calls, the carrier added the column kilograms; the "
        "third call is for another database. The classes have the columns "
        f"{'; '.join(', '.join(names) for names in columns)}. The docstring asks for "
        "the columns at the time of each call."
    )
    assert len({model for model, _ in models}) == 3, (
        "Two calls returned the same class. The docstring asks for a new class."
    )
