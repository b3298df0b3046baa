"""The tests of section 3.1."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    Connection,
    Date,
    Engine,
    Integer,
    String,
    Table,
    event,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, NoResultFound
from sqlalchemy.orm import Mapper, Session

from lab import connections, sqlite_engine, statements


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
    """Return an exception in one line."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


@dataclass
class Sold:
    """What came of some sales: the stock, what was sent, and what was raised.

    `written` counts the rows that the database changed, `sessions` those that began.
    """

    stock: dict[str, int]
    statements: int
    log: str
    written: int
    sessions: int
    error: Exception | None


def with_session(answers: Any, engine: Engine, sales: list[tuple[str, int]]) -> None:
    """Sell with the ORM."""
    with Session(engine) as session:
        answers.sell_with_orm(session, sales)
        session.commit()


def with_connection(answers: Any, engine: Engine, sales: list[tuple[str, int]]) -> None:
    """Sell with Core; what was written before an exception stays."""
    with engine.connect() as connection:
        try:
            answers.sell_with_core(connection, sales)
        finally:
            connection.commit()


@contextmanager
def shop_of_ten(answers: Any) -> Iterator[Engine]:
    """Yield a shop with ten copies of five books, which notes each change of a row."""
    with sqlite_engine() as engine:
        answers.Base.metadata.create_all(engine)
        with engine.begin() as connection:
            rows = [{"isbn": isbn, "copies": 10} for isbn in "ABCDE"]
            connection.execute(insert(answers.Stock), rows)
            connection.exec_driver_sql("CREATE TABLE written (isbn VARCHAR(13))")
            connection.exec_driver_sql(
                "CREATE TRIGGER note AFTER UPDATE ON stock "
                "BEGIN INSERT INTO written VALUES (new.isbn); END"
            )
        yield engine


def sold(answers: Any, sell: Callable, sales: list[tuple[str, int]]) -> Sold:
    """Return what comes of `sales` in a shop that has ten copies of each book."""
    begun: list[Session] = []

    def note(session: Session, *_: object) -> None:
        begun.append(session)

    with shop_of_ten(answers) as engine:
        event.listen(Session, "after_begin", note)
        try:
            with statements(engine) as sent:
                error = trouble_with(lambda: sell(answers, engine, sales))
        finally:
            event.remove(Session, "after_begin", note)
        with engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT isbn, copies FROM stock")
            stock = dict(rows.all())
            written = connection.exec_driver_sql("SELECT * FROM written").all()
    verbs = [f"{sent.verbs.count(verb)} {verb}" for verb in dict.fromkeys(sent.verbs)]
    log = ", ".join(verbs) or "nothing"
    return Sold(stock, len(sent), log, len(written), len(begun), error)


SALES = {
    "three books": [("A", 2), ("B", 1), ("D", 3)],
    "one book again and again": [("A", 2), ("B", 1), ("A", 1), ("A", 4), ("B", 2)],
    "a book that came back": [("A", 3), ("B", 2), ("C", 1), ("A", -3)],
    "more returns than sales": [("E", -4), ("B", 1), ("E", 1)],
}


@pytest.mark.parametrize("sales", SALES)
def test_q1_core_leaves_the_same_rows(answers, sales):
    by_orm = sold(answers, with_session, SALES[sales])
    by_core = sold(answers, with_connection, SALES[sales])

    assert by_core.error is None, f"{SALES[sales]} raised {told(by_core.error)}"
    same = by_core.stock == by_orm.stock
    assert same, (
        f"After {SALES[sales]} the session leaves {by_orm.stock}, "
        f"your Core leaves {by_core.stock}."
    )


@pytest.mark.parametrize("sales", SALES)
def test_q1_core_sends_no_more_than_the_session(answers, sales):
    by_orm = sold(answers, with_session, SALES[sales])
    by_core = sold(answers, with_connection, SALES[sales])

    assert by_core.error is None, f"{SALES[sales]} raised {told(by_core.error)}"
    assert not by_core.sessions, "Your Core began a session, and sessions are the ORM."
    assert 0 < by_core.statements <= by_orm.statements, (
        f"For {SALES[sales]} the session sent {by_orm.log}, your Core {by_core.log}. "
        "The session asks for a book once, and sends all its changes together."
    )
    assert by_core.written <= by_orm.written, (
        f"For {SALES[sales]} the session wrote {by_orm.written} rows, your Core "
        f"{by_core.written}. The session compares before it writes."
    )


def test_q1_sales_that_cancel_each_other_write_nothing(answers):
    sales = [("A", 2), ("B", 1), ("B", -1), ("A", -2)]

    by_core = sold(answers, with_connection, sales)

    assert by_core.error is None, f"{sales} raised {told(by_core.error)}"
    assert by_core.written == 0, (
        f"{sales} leaves the stock as it was. The session writes no row then, "
        f"your Core writes {by_core.written}."
    )
    unchanged = by_core.stock == dict.fromkeys("ABCDE", 10)
    assert unchanged, f"{sales} left {by_core.stock}, and there were 10 of each."


@pytest.mark.parametrize(
    "sales",
    [[("A", 2), ("B", 3), ("X", 1)], [("X", 1), ("X", -1)]],
    ids=["sold after others", "sold and returned"],
)
def test_q1_an_unknown_book_is_refused_before_anything_is_written(answers, sales):
    by_core = sold(answers, with_connection, sales)

    assert isinstance(by_core.error, NoResultFound), (
        f"There is no book X; {sales} ended with "
        f"{told(by_core.error) if by_core.error else 'no exception'}."
    )
    assert by_core.written == 0, (
        f"There is no book X, and {sales} wrote {by_core.written} rows before it said "
        "so. Whether they stay is now up to the caller."
    )


MARA = {
    "customer": "Mara",
    "placed_at": datetime(2026, 11, 3, 9, 30),
    "total": Decimal("12.50"),
    "gift": True,
}
LATER = MARA | {"placed_at": datetime(2026, 11, 9, 17, 5, 1, 250), "gift": False}
EARLIER = MARA | {"placed_at": datetime(2026, 10, 30, 23), "total": Decimal("199.99")}
EVER = datetime(2000, 1, 1)


@contextmanager
def order_book(answers: Any) -> Iterator[tuple[Any, Engine]]:
    """Yield an empty order book, and the engine that it works with."""
    with sqlite_engine() as engine:
        answers.Base.metadata.create_all(engine)
        yield answers.OrderBook(engine), engine


def listed(book: Any, customer: str, since: datetime = EVER) -> list[dict[str, Any]]:
    """Return what the book says of a customer, without keys that nobody asked for."""
    found: Any = None

    def ask() -> None:
        nonlocal found
        found = book.of(customer, since)

    error = trouble_with(ask)
    assert error is None, f"of({customer!r}, …) raised {told(error)}"
    dicts = isinstance(found, list) and all(isinstance(one, Mapping) for one in found)
    assert dicts, f"of({customer!r}, …) returned no list of dicts, but {found!r:.80}."
    return [{key: one.get(key) for key in MARA} for one in found]


def typed(order: dict[str, Any]) -> dict[str, str]:
    """Return the values of an order, and of what types they are."""
    return {key: f"{type(order[key]).__name__} {order[key]}" for key in order}


def shown(times: list[Any]) -> str:
    """Return times as people read them, and what is no time as Python shows it."""
    read = [str(one) if isinstance(one, datetime) else repr(one) for one in times]
    return ", ".join(read) or "nothing"


@pytest.mark.parametrize("name", ["O'Neill", "x'); DELETE FROM orders; --", '"Q" %s ?'])
def test_q2_a_name_is_a_value_whatever_is_in_it(answers, name):
    with order_book(answers) as (book, _):
        error = trouble_with(lambda: book.add([MARA | {"customer": name}]))
        assert error is None, f"An order of {name} raised {told(error)}"
        found = [one["customer"] for one in listed(book, name)]
        everything = listed(book, "' OR '1' = '1")

    assert found == [name], (
        f"After an order of {name}, their orders are those of {found}."
    )
    assert not everything, (
        f"Asked for the orders of somebody called `' OR '1' = '1`, the book lists "
        f"{len(everything)}. What was a name has become a part of the SQL."
    )


@pytest.mark.parametrize("key", ["placed_at", "total", "gift"])
def test_q2_an_order_comes_back_as_it_was_added(answers, key):
    with order_book(answers) as (book, _):
        error = trouble_with(lambda: book.add([MARA, LATER]))
        assert error is None, f"Two orders of Mara raised {told(error)}"
        orders = listed(book, "Mara")

    assert len(orders) == 2, f"Two orders were added, {len(orders)} are listed."
    added = [typed(one)[key] for one in (MARA, LATER)]
    back = [typed(one)[key] for one in orders]
    same = back == added
    assert same, f"As `{key}` was added {added}; what comes back is {back}."


def test_q2_orders_are_listed_from_a_time_on_the_oldest_first(answers):
    with order_book(answers) as (book, _):
        anna = MARA | {"customer": "Anna"}
        error = trouble_with(lambda: book.add([LATER, MARA, anna, EARLIER]))
        assert error is None, f"Four orders raised {told(error)}"
        ever = [one["placed_at"] for one in listed(book, "Mara")]
        recent = [one["placed_at"] for one in listed(book, "Mara", MARA["placed_at"])]

    times = [one["placed_at"] for one in (EARLIER, MARA, LATER)]
    same = ever == times
    assert same, f"Mara ordered at {shown(times)}; listed is {shown(ever)}."
    same = recent == times[1:]
    assert same, (
        f"Mara ordered at {shown(times)}. "
        f"From {times[1]} on, listed is {shown(recent)}."
    )


def test_q2_an_import_that_fails_leaves_nothing(answers):
    with order_book(answers) as (book, engine):
        refused = MARA | {"total": Decimal(-1)}
        error = trouble_with(lambda: book.add([MARA, LATER, refused, EARLIER]))
        with engine.connect() as connection:
            left = connection.scalars(select(answers.Order.customer)).all()

    assert not left, (
        f"Of four orders the database refused the third. {len(left)} were stored "
        "nevertheless: was each of them a transaction of its own?"
    )
    assert isinstance(error, DBAPIError | sqlite3.Error), (
        "The database refused an order with a total below zero. Whoever called `add` "
        f"learned of it: {told(error) if error else 'nothing'}."
    )


@pytest.mark.parametrize("orders", [[MARA, LATER], [MARA | {"total": Decimal(-1)}]])
def test_q2_every_connection_goes_back_to_the_pool(answers, orders):
    with order_book(answers) as (book, engine), connections(engine) as pool:
        trouble_with(lambda: book.add(orders))
        trouble_with(lambda: book.of("Mara", EVER))

    assert pool.lent, "The engine's pool lent no connection at all."
    assert pool.out == 0, (
        f"`add` and `of` have ended, and {pool.out} connections are still lent. "
        "A pool of five is empty soon."
    )


def test_q2_nothing_goes_past_sqlalchemy(answers):
    with order_book(answers) as (book, engine), statements(engine) as sent:
        trouble_with(lambda: book.add([MARA, LATER]))
        trouble_with(lambda: book.of("Mara", EVER))

    verbs = set(sent.verbs)
    assert {"INSERT", "SELECT"} <= verbs, (
        "Orders were added and listed, and through SQLAlchemy went "
        f"{', '.join(verbs) or 'nothing'}: the rest is said to the driver itself."
    )
    in_sql = [str(one) for one in sent if "Mara" in one.sql]
    assert not in_sql, f"A value stands in the SQL that was sent: {in_sql[0]}"


@contextmanager
def created(build: Callable[[], Any], name: str) -> Iterator[tuple[Any, Engine]]:
    """Yield the class that `build` maps, and an engine with the tables it makes."""
    model: Any = None

    def make() -> None:
        nonlocal model
        model = build()

    error = trouble_with(make)
    assert error is None, f"The class cannot be mapped: {told(error)}"
    mapper = inspect(model, raiseerr=False)
    assert isinstance(mapper, Mapper), f"{model!r} is not a class mapped to a table."
    table = mapper.local_table
    assert isinstance(table, Table), f"{model.__name__} is mapped to {table!r}."
    assert table.name == name, f"{model.__name__} is mapped to the table {table.name}."
    with sqlite_engine() as engine:
        error = trouble_with(lambda: table.metadata.create_all(engine))
        assert error is None, f"The table cannot be created: {told(error)}"
        yield model, engine


def columns_of(engine: Engine, table: str, *names: str) -> dict[str, Any]:
    """Return the columns of a table, as the database describes them."""
    columns = {one["name"]: one for one in inspect(engine).get_columns(table)}
    missing = [name for name in names if name not in columns]
    assert not missing, (
        f"The table {table} has the columns {', '.join(columns)}; "
        f"{', '.join(missing)} is not there."
    )
    return columns


def change(engine: Engine, work: Callable[[Connection], object]) -> Exception | None:
    """Do `work` in a transaction; return what the database has against it."""

    def begin() -> None:
        with engine.begin() as connection:
            work(connection)

    return trouble_with(begin)


def texts_of(columns: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return how long the texts in some columns may be."""
    return {
        name: columns[name]["type"].length
        if isinstance(columns[name]["type"], String)
        else str(columns[name]["type"])
        for name in names
    }


JO = {"name": "Jo", "email": "jo@example.com", "joined_on": date(2026, 11, 3)}
ANN = {"name": "Ann", "email": "ann@example.com", "joined_on": date(2025, 2, 28)}


def test_q3_the_table_has_the_columns_of_a_user(answers):
    with created(answers.user_model, "users") as (_, engine):
        columns = columns_of(engine, "users", "id", *JO)
        key = inspect(engine).get_pk_constraint("users")["constrained_columns"]

    assert key == ["id"], f"The primary key of users is {key}."
    lengths = texts_of(columns, "name", "email")
    same = lengths == {"name": 50, "email": 254}
    assert same, f"The longest texts that the columns promise to hold: {lengths}."
    kinds = [columns["id"]["type"], columns["joined_on"]["type"]]
    assert isinstance(kinds[0], Integer), f"The column id is of the type {kinds[0]!r}."
    assert isinstance(kinds[1], Date), f"The column joined_on is a {kinds[1]!r}."


def test_q3_users_are_found_by_another_session(answers):
    with created(answers.user_model, "users") as (model, engine):
        columns_of(engine, "users", "id", *JO)

        def add() -> None:
            with Session(engine) as session, session.begin():
                session.add_all([model(**JO), model(**ANN)])

        error = trouble_with(add)
        assert error is None, f"Adding Jo and Ann raised {told(error)}"
        with Session(engine) as session:
            users = session.scalars(select(model).order_by(model.email)).all()
            found = [{key: getattr(one, key) for key in JO} for one in users]
            numbers = {getattr(one, "id", None) for one in users}

    same = found == [ANN, JO]
    assert same, f"Ann and Jo were added; another session finds {found}."
    assert len(numbers) == 2, f"The ids of Ann and Jo are {numbers}."
    assert all(isinstance(one, int) for one in numbers), f"The ids are {numbers}."


def test_q3_an_email_belongs_to_one_user(answers):
    with created(answers.user_model, "users") as (model, engine):
        columns_of(engine, "users", *JO)
        users = insert(model.__table__)
        first = change(engine, lambda db: db.execute(users.values(JO)))
        namesake = ANN | {"name": "Jo"}
        second = change(engine, lambda db: db.execute(users.values(namesake)))
        again = ANN | {"email": JO["email"]}
        third = change(engine, lambda db: db.execute(users.values(again)))

    assert first is None, f"The database turned Jo away: {told(first)}"
    assert second is None, f"A second Jo, with another email, met {told(second)}"
    assert isinstance(third, IntegrityError), (
        "A second user with the email of the first one met "
        f"{told(third) if third else 'no objection'}. Who of them may log in?"
    )


@pytest.mark.parametrize("key", ["name", "email", "joined_on"])
def test_q3_the_database_refuses_what_is_missing(answers, key):
    with created(answers.user_model, "users") as (model, engine):
        columns_of(engine, "users", *JO)
        users = insert(model.__table__)
        whole = change(engine, lambda db: db.execute(users.values(ANN)))
        partly = JO | {key: None}
        refusal = change(engine, lambda db: db.execute(users.values(partly)))

    assert whole is None, f"The database turned Ann away: {told(whole)}"
    assert isinstance(refusal, IntegrityError), (
        f"A user whose {key} is NULL met "
        f"{told(refusal) if refusal else 'no objection'}."
    )


def plain(sql: object) -> str:
    """Return SQL with what says nothing left out: case, spaces, the table's name."""
    text = " ".join(str(sql).split()).lower().replace("orders.", "")
    return text.strip(" ;()").removeprefix("where ")


def written(answers: Any, question: str, dialect: Any) -> str:
    """Return what the compiler of `dialect` writes behind WHERE."""
    statement = answers.questions()[question]
    sql = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    return plain(str(sql).partition("WHERE")[2])


def type_sent(answers: Any, column: str, dialect: Any) -> str:
    """Return the type in which a driver gets the value of a column."""
    kind = answers.Order.__table__.c[column].type
    convert = kind.dialect_impl(dialect).bind_processor(dialect)
    value = MARA[column]
    return type(convert(value) if convert else value).__name__


DIALECTS = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}
COLUMNS = {"bool": "gift", "datetime": "placed_at", "Decimal": "total"}


def given(answers: Any, database: str, name: str) -> Any:
    """Return what the learner expects; a blank stays a blank."""
    predicted = answers.translations()
    assert isinstance(predicted, dict), f"translations() returned {predicted!r}."
    of_database = predicted.get(database)
    assert isinstance(of_database, dict), f'There is no dict for "{database}" any more.'
    return of_database.get(name)


@pytest.mark.parametrize(
    ("database", "question"),
    [
        ("sqlite", "no gifts"),
        ("sqlite", "hers"),
        ("sqlite", "mine"),
        ("postgresql", "gifts"),
        ("postgresql", "no gifts"),
        ("postgresql", "hers"),
        ("postgresql", "mine"),
    ],
)
def test_q4_the_condition_is_predicted(answers, database, question):
    predicted = given(answers, database, question)
    observed = written(answers, question, DIALECTS[database])

    same = predicted == observed or plain(predicted) == observed
    assert same, (
        f'"{question}" for {database}: you expect {predicted}, the compiler writes '
        "something else. Which of its words does this database know?"
    )


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("database", DIALECTS)
def test_q4_the_type_that_is_sent_is_predicted(answers, database, kind):
    predicted = given(answers, database, kind)
    observed = type_sent(answers, COLUMNS[kind], DIALECTS[database])

    same = predicted == observed
    assert same, (
        f"A {kind} for {database}: you expect that its driver gets a {predicted}, "
        "it gets something else. Which of its types could hold the value?"
    )


STORY = {"title": "Kidnapped", "author": "Stevenson"}


def test_q5_the_table_has_the_columns_of_a_book(answers):
    names = ("title", "author", "subtitle")
    with created(answers.book_model, "books") as (_, engine):
        columns = columns_of(engine, "books", "id", *names, "copies")
        key = inspect(engine).get_pk_constraint("books")["constrained_columns"]

    assert key == ["id"], f"The primary key of books is {key}."
    lengths = texts_of(columns, *names)
    same = set(lengths.values()) == {200}
    assert same, f"The longest texts that the columns promise to hold: {lengths}."
    missing_ok = [name for name in names if columns[name]["nullable"]]
    assert missing_ok == ["subtitle"], (
        f"May be missing, says the table: {', '.join(missing_ok) or 'nothing'}."
    )


def test_q5_a_book_is_found_by_another_session(answers):
    with created(answers.book_model, "books") as (model, engine):
        columns_of(engine, "books", "subtitle", "copies", *STORY)
        many = STORY | {"title": "Catriona", "subtitle": "A Sequel", "copies": 7}

        def add() -> None:
            with Session(engine) as session, session.begin():
                session.add_all([model(**many), model(**STORY)])

        error = trouble_with(add)
        assert error is None, f"Adding two books raised {told(error)}"
        with Session(engine) as session:
            books = session.scalars(select(model).order_by(model.title)).all()
            found = [(one.title, one.author, one.subtitle, one.copies) for one in books]

    same = found == [
        ("Catriona", "Stevenson", "A Sequel", 7),
        ("Kidnapped", "Stevenson", None, 0),
    ]
    assert same, f"Added were {many} and {STORY}; another session finds {found}."


def test_q5_an_author_has_a_title_once(answers):
    with created(answers.book_model, "books") as (model, engine):
        columns_of(engine, "books", *STORY)
        books = insert(model.__table__)
        others = [STORY, STORY | {"title": "Catriona"}, STORY | {"author": "Armour"}]
        met = [
            change(engine, lambda db, b=b: db.execute(books.values(b))) for b in others
        ]
        twice = change(engine, lambda db: db.execute(books.values(STORY)))

    objections = [told(error) for error in met if error]
    assert not objections, f"Three different books met {objections[0]}"
    assert isinstance(twice, IntegrityError), (
        "A second Kidnapped by Stevenson met "
        f"{told(twice) if twice else 'no objection'}."
    )


def test_q5_copies_are_zero_whatever_program_writes_the_row(answers):
    sql = "INSERT INTO books (title, author) VALUES ('Kidnapped', 'Stevenson')"
    with created(answers.book_model, "books") as (_, engine):
        columns_of(engine, "books", "copies", *STORY)
        error = change(engine, lambda db: db.exec_driver_sql(sql))
        assert error is None, (
            f"A program without SQLAlchemy adds a book, says nothing of its copies "
            f"and meets {told(error)}"
        )
        with engine.connect() as connection:
            copies = connection.exec_driver_sql("SELECT copies FROM books").scalar()

    assert copies == 0, (
        f"A program without SQLAlchemy added a book; of it there are {copies} copies. "
        "Who fills in a default, Python or the database?"
    )


def test_q5_copies_are_never_below_zero(answers):
    with created(answers.book_model, "books") as (model, engine):
        columns_of(engine, "books", "copies", *STORY)
        table = model.__table__
        stored = STORY | {"copies": 1}
        first = change(engine, lambda db: db.execute(insert(table).values(stored)))
        fewer = update(table).values(copies=table.c.copies - 2)
        second = change(engine, lambda db: db.execute(fewer))

    assert first is None, f"A book with one copy met {told(first)}"
    assert isinstance(second, IntegrityError), (
        "Two copies were taken from one, and the database had "
        f"{told(second) if second else 'no objection'}."
    )


def test_q5_an_authors_books_are_found_without_reading_all(answers):
    query = "EXPLAIN QUERY PLAN SELECT * FROM books WHERE author = 'Stevenson'"
    with created(answers.book_model, "books") as (_, engine):
        columns_of(engine, "books", "author")
        with engine.connect() as connection:
            plan = [row[-1] for row in connection.exec_driver_sql(query)]

    scans = [step for step in plan if step.startswith("SCAN")]
    assert not scans, (
        f"For Stevenson's books the database's plan is {'; '.join(plan)}: every row. "
        "What would let it look up an author?"
    )
