"""The tests of section 3.5."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    Table,
    insert,
    inspect,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session, registry

from lab import sqlite_engine


def trouble_with(call: Callable[[], object]) -> Exception | None:
    """Return what `call` raises, if anything; an open koan stays open."""
    try:
        call()
    except NotImplementedError:
        raise
    except Exception as error:
        return error
    return None


def told(error: Exception | None) -> str:
    """Return in one line what somebody met: an exception, or nothing."""
    if error is None:
        return "no objection"
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def made(build: Callable[..., Any], *arguments: object) -> Any:
    """Return what `build` returns; an exception is told."""
    result: Any = None

    def call() -> None:
        nonlocal result
        result = build(*arguments)

    error = trouble_with(call)
    assert error is None, f"{build.__name__}(…) ended with {told(error)}"
    return result


def table_of(model: Any, name: str) -> Table:
    """Return the table that a class is mapped to."""
    mapper = inspect(model, raiseerr=False)
    assert isinstance(mapper, Mapper), f"{model!r} is not a class mapped to a table."
    table = mapper.local_table
    assert isinstance(table, Table), f"{model.__name__} is mapped to {table!r}."
    assert table.name == name, f"{model.__name__} is mapped to the table {table.name}."
    return table


def has_base(model: Any) -> bool:
    """Return whether a class was mapped by a declarative base of its own."""
    return isinstance(getattr(model, "registry", None), registry)


def is_declared(model: Any) -> bool:
    """Return whether a class says itself, by base or decorator, how it is mapped."""
    return has_base(model) or hasattr(model, "__tablename__")


def unannotated(model: Any) -> list[str]:
    """Return the mapped attributes of a class that have no `Mapped` annotation."""
    annotated = {
        name
        for parent in model.__mro__
        for name, kind in vars(parent).get("__annotations__", {}).items()
        if "Mapped" in str(kind)
    }
    names = [attribute.key for attribute in inspect(model).column_attrs]
    return [name for name in names if name not in annotated]


@contextmanager
def created(table: Table) -> Iterator[Engine]:
    """Yield an engine whose database has a table, and what else it was written with."""
    with sqlite_engine() as engine:
        error = trouble_with(lambda: table.metadata.create_all(engine))
        assert error is None, f"The table {table.name} met {told(error)}"
        yield engine


def columns_of(engine: Engine, table: str) -> dict[str, str]:
    """Return what the database says of each column of a table."""
    return {
        column["name"]: f"{column['type']}{'' if column['nullable'] else ' NOT NULL'}"
        for column in inspect(engine).get_columns(table)
    }


def change(engine: Engine, work: Callable[[Connection], object]) -> Exception | None:
    """Do `work` in a transaction; return what the database has against it."""

    def begin() -> None:
        with engine.begin() as connection:
            work(connection)

    return trouble_with(begin)


def stored(engine: Engine, *objects: object) -> Exception | None:
    """Store objects by a session; return what is against it."""

    def add() -> None:
        with Session(engine) as session, session.begin():
            session.add_all(objects)

    return trouble_with(add)


NOVEMBER = {
    "isbn": "9780141439570",
    "country": "DE",
    "from": date(2026, 11, 1),
    "cents": 1250,
}
SALE = NOVEMBER | {"from": date(2027, 1, 2), "cents": 990, "reason": "winter sale"}


def attributes(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row by the names of attributes: with `valid_from` for `from`."""
    return {"valid_from" if key == "from" else key: row[key] for key in row}


@contextmanager
def imperative_and_declared(answers: Any) -> Iterator[tuple[Engine, Engine, Any]]:
    """Yield a database made by `price_table`, one made by the class, and the class."""
    define = answers.price_table
    calls: list[MetaData] = []

    def watched(metadata: MetaData) -> Table:
        calls.append(metadata)
        return define(metadata)

    answers.price_table = watched
    model = made(answers.declared_price)
    assert not calls, "declared_price() has `price_table` say what it is to say itself."
    table = table_of(model, "prices")
    assert is_declared(model), f"{model.__name__} is mapped, but does not say how."
    with created(define(MetaData())) as imperative, created(table) as declared:
        yield imperative, declared, model


@pytest.mark.parametrize("column", ["isbn", "country", "from", "cents", "reason"])
def test_q1_the_columns_are_the_same(answers, column):
    with imperative_and_declared(answers) as (imperative, declared, _):
        wanted = columns_of(imperative, "prices")
        seen = columns_of(declared, "prices")

    assert column in seen, f"The declared table has the columns {', '.join(seen)}."
    same = seen[column] == wanted[column]
    assert same, (
        f"`price_table` makes the column {column} of {wanted[column]}, "
        f"your class makes it of {seen[column]}."
    )
    further = ", ".join(seen.keys() - wanted.keys())
    assert not further, f"The declared table also has the columns {further}."


def test_q1_the_key_and_the_indexes_are_the_same(answers):
    with imperative_and_declared(answers) as (imperative, declared, _):
        keys, indexes = [], []
        for database in (imperative, declared):
            found = inspect(database)
            keys.append(found.get_pk_constraint("prices")["constrained_columns"])
            listed = found.get_indexes("prices")
            indexes.append(
                sorted((one["column_names"], one["unique"]) for one in listed)
            )

    same = keys[1] == keys[0]
    assert same, f"The primary key was {keys[0]}; that of your class is {keys[1]}."
    same = indexes[1] == indexes[0]
    assert same, (
        f"The indexes, with whether they are unique, were {indexes[0]}; "
        f"those of your class are {indexes[1]}."
    )


@pytest.mark.parametrize(
    "row",
    [
        NOVEMBER,
        NOVEMBER | {"from": date(2026, 12, 1)},
        NOVEMBER | {"country": "AT", "cents": 0},
        NOVEMBER | {"country": "AT", "cents": -5},
        NOVEMBER | {"country": "AT", "cents": None},
        NOVEMBER | {"country": "AT", "cents": 1, "reason": None},
    ],
    ids=[
        "same price",
        "other day",
        "0 cents",
        "below 0 cents",
        "no cents",
        "no reason",
    ],
)
def test_q1_both_databases_refuse_the_same_rows(answers, row):
    prices = answers.price_table(MetaData())
    with imperative_and_declared(answers) as (*databases, _):
        for database in databases:
            change(database, lambda db: db.execute(insert(prices).values(NOVEMBER)))
        wanted, seen = (
            change(database, lambda db: db.execute(insert(prices).values(row)))
            for database in databases
        )

    same = type(seen) is type(wanted)
    assert same, (
        f"After {NOVEMBER} the row {row} meets in the table of `price_table` "
        f"{told(wanted)}; in yours {told(seen)}"
    )


def test_q1_a_price_is_written_and_read_by_its_attributes(answers):
    with imperative_and_declared(answers) as (_, declared, model):
        prices = made(lambda: [model(**attributes(row)) for row in (NOVEMBER, SALE)])
        error = stored(declared, *prices)
        assert error is None, f"Storing two prices met {told(error)}"
        with Session(declared) as session:
            rows = session.scalars(select(model).order_by(model.valid_from)).all()
            read = [
                {key: getattr(row, key) for key in attributes(SALE)} for row in rows
            ]

    added = [attributes(SALE | {"reason": None} | NOVEMBER), attributes(SALE)]
    same = read == added
    assert same, f"Added were {added}; another session reads {read}."


def test_q1_every_column_is_an_annotated_attribute(answers):
    with imperative_and_declared(answers) as (_, _, model):
        missing = unannotated(model)

    assert not missing, (
        f"No `Mapped` annotation: {', '.join(missing)}. "
        "Neither an editor nor a type checker knows what they hold."
    )


def shop(answers: Any) -> tuple[Any, Any]:
    """Return the two classes of the shop."""
    classes = made(answers.shop_classes)
    pair = isinstance(classes, tuple) and len(classes) == 2
    assert pair, f"shop_classes() returned {classes!r}, not two classes."
    return classes


def test_q2_a_price_that_the_tills_made_is_stored(answers):
    price, _ = shop(answers)
    november = answers.Price(**attributes(NOVEMBER))
    sale = november.reduced(20, date(2027, 1, 2), "winter sale")
    with created(table_of(price, "prices")) as engine:
        error = stored(engine, november, sale)
        assert error is None, f"Storing objects of `Price` met {told(error)}"
        with engine.connect() as connection:
            days = connection.exec_driver_sql('SELECT "from" FROM prices').scalars()
            written = sorted(days)
        with Session(engine) as session:
            read = session.scalars(select(price).order_by(price.valid_from)).all()

    assert written == ["2026-11-01", "2027-01-02"], (
        f'The column "from" holds {written}; the prices hold from 2026-11-01 and '
        "2027-01-02."
    )
    expected = [
        answers.Price(**attributes(NOVEMBER)),
        answers.Price(**attributes(SALE) | {"cents": 1000}),
    ]
    assert read == expected, f"Stored were {expected}; another session reads {read}."


def test_q2_the_tills_need_no_sqlalchemy_for_a_price(answers):
    early = inspect(answers.Price, raiseerr=False)
    assert early is None, (
        "`Price` is mapped as soon as it is imported, and a till that has no "
        "SQLAlchemy cannot import it."
    )
    parents = [parent.__name__ for parent in answers.Price.__mro__[1:]]
    assert parents == ["object"], f"`Price` derives from {', '.join(parents)}."

    price, _ = shop(answers)

    assert inspect(answers.Price, raiseerr=False) is not None, (
        "After shop_classes() `Price` itself is not mapped: what the tills make with "
        "it, no session can store."
    )
    assert price is answers.Price, f"Returned was {price!r} instead of `Price`."


REVIEWS = [
    {"isbn": "9780141439570", "stars": 5, "text": "Read it in one night."},
    {"isbn": "9780141439570", "stars": 1, "text": None},
]


def test_q2_a_review_keeps_its_stars(answers):
    _, review = shop(answers)
    table = table_of(review, "reviews")
    with created(table) as engine:
        error = stored(engine, *made(lambda: [review(**one) for one in REVIEWS]))
        assert error is None, f"Storing two reviews met {told(error)}"
        with Session(engine) as session:
            rows = session.scalars(select(review).order_by(*table.primary_key)).all()
            read = [
                {key: getattr(row, key, "lost") for key in REVIEWS[0]} for row in rows
            ]

    same = read == REVIEWS
    assert same, f"Stored were {REVIEWS}; another session reads {read}."


def test_q2_only_the_text_of_a_review_may_be_missing(answers):
    _, review = shop(answers)
    with created(table_of(review, "reviews")) as engine:
        columns = columns_of(engine, "reviews")
        optional = [name for name in columns if not columns[name].endswith("NOT NULL")]
        error = stored(engine, made(lambda: review(isbn="9780141439570", stars=3)))
        unrated = made(lambda: review(isbn="9780141439570", stars=None, text="Good"))
        refusal = stored(engine, unrated)

    assert optional == ["text"], (
        f"May be missing, says the table: {', '.join(optional) or 'nothing'}. "
        f"Its columns are {', '.join(columns)}."
    )
    assert error is None, f"A review without a text met {told(error)}"
    assert isinstance(refusal, IntegrityError), (
        f"A review without stars met {told(refusal)}"
    )


def test_q2_a_review_is_defined_once(answers):
    _, review = shop(answers)
    table_of(review, "reviews")

    missing = unannotated(review)

    assert is_declared(review), (
        f"{review.__name__} is mapped from outside, to a Table that was written apart."
    )
    assert not missing, (
        f"No `Mapped` annotation: {', '.join(missing)}. What these columns are is "
        "written somewhere else, where no type checker finds it."
    )


MADE = "as it was made"
LONGER = "with a column more"
WIDER = "with a wider isbn"


@contextmanager
def existing(answers: Any, state: str = MADE) -> Iterator[Engine]:
    """Yield a database whose table `prices` has a history."""
    metadata = MetaData()
    table = answers.price_table(metadata)
    if state == WIDER:
        table.c.isbn.type.length = 17
    with created(table) as engine:
        if state == LONGER:
            with engine.begin() as connection:
                sql = "ALTER TABLE prices ADD COLUMN supplier VARCHAR(30)"
                connection.exec_driver_sql(sql)
        yield engine


def hybrid(answers: Any, engine: Engine) -> tuple[Any, Table]:
    """Return the class that the learner makes for a database, and its table."""
    model = made(answers.hybrid_price, engine)
    table = table_of(model, "prices")
    assert has_base(model), f"{model.__name__} is mapped, but by no DeclarativeBase."
    return model, table


@pytest.mark.parametrize("state", [MADE, LONGER])
def test_q3_the_attributes_are_those_of_the_table(answers, state):
    with existing(answers, state) as engine:
        model, _ = hybrid(answers, engine)
        columns = columns_of(engine, "prices")

    expected = set(attributes(columns))
    names = set(inspect(model).column_attrs.keys())
    same = names == expected
    assert same, (
        f"The table, {state}, has the columns {', '.join(columns)}. "
        f"The class has the attributes {', '.join(sorted(names))}."
    )


@pytest.mark.parametrize("state", [MADE, LONGER, WIDER])
def test_q3_the_table_is_what_the_database_says(answers, state):
    with existing(answers, state) as engine:
        _, table = hybrid(answers, engine)
        said = columns_of(engine, "prices")
    with created(table) as copy:
        seen = columns_of(copy, "prices")
        key = [column.name for column in table.primary_key]

    same = seen == said
    assert same, f"Of `prices` the database says {said}, your `__table__` {seen}."
    same = sorted(key) == ["country", "from", "isbn"]
    assert same, f"The primary key of your `__table__` is {key}."


def test_q3_the_class_and_the_table_work_on_the_same_rows(answers):
    with existing(answers) as engine:
        model, table = hybrid(answers, engine)
        row = {column: NOVEMBER.get(column.name) for column in table.columns}
        error = change(engine, lambda db: db.execute(insert(table).values(row)))
        assert error is None, f"An INSERT by your `__table__` met {told(error)}"
        error = stored(engine, made(lambda: model(**attributes(SALE))))
        assert error is None, f"Storing an object of your class met {told(error)}"
        with Session(engine) as session:
            query = select(model).where(model.valid_from >= NOVEMBER["from"])
            rows = session.scalars(query.order_by(model.valid_from)).all()
            read = [(row.valid_from, row.cents, row.reason) for row in rows]

    same = read == [
        (NOVEMBER["from"], 1250, None),
        (SALE["from"], 990, "winter sale"),
    ]
    assert same, f"{NOVEMBER} and {SALE} were written; a session reads {read}."


@pytest.mark.parametrize("state", [MADE, LONGER])
def test_q3_the_api_sends_every_attribute(answers, state):
    with existing(answers, state) as engine:
        model, _ = hybrid(answers, engine)
        assert hasattr(model, "as_dict"), f"{model.__name__} has no `as_dict`."
        sent = made(lambda: model(**attributes(SALE)).as_dict())
        columns = columns_of(engine, "prices")

    expected = attributes(dict.fromkeys(columns) | SALE)
    same = sent == expected
    assert same, f"A price was made of {attributes(SALE)}; the API sends {sent}."


def test_q3_each_database_gets_a_class_of_its_own(answers):
    with existing(answers, LONGER) as old, existing(answers, MADE) as new:
        first, _ = hybrid(answers, old)
        second, table = hybrid(answers, new)

        names = ", ".join(column.name for column in table.columns)
        differ = first is not second and "supplier" not in table.columns
        error = stored(new, made(lambda: second(**attributes(SALE))))

    assert differ, f"A second database got the columns of the first: {names}."
    assert error is None, f"In a second database, storing a price met {told(error)}"
