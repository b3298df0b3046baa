"""The tests of section 19.1."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
import sqlglot
from sqlalchemy import Column, ColumnElement, Engine, Select, case, event, func, select
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import FlushError
from sqlalchemy.pool import Pool
from sqlalchemy.sql import functions
from sqlalchemy.types import Integer
from sqlglot import exp
from trino.exceptions import TrinoQueryError
from trino.sqlalchemy.dialect import TrinoDialect

from lab import (
    attempt,
    engine_for,
    in_words,
    outcome,
    returned_or_raised,
    sqlite_engine,
)
from lab.parquet_lake import LakeError
from lab.trino_coordinator import Query, TrinoCoordinator, trino_coordinator

RIDE = {
    "ride_date": "date",
    "station": "varchar",
    "bike": "varchar",
    "minutes": "integer",
}
STATIONS = ["harbour", "market", "north", "O'Neill", "pier", "station", "zoo"]
# March: two days with all stations, one with one; and the same day of other months.
RIDES = [
    *((date(2026, 3, 1), one, "b7", 100 + n) for n, one in enumerate(STATIONS)),
    *((date(2026, 3, 2), one, "b1", 10 + n) for n, one in enumerate(STATIONS)),
    *((date(2026, 3, 2), one, "b2", 20) for one in STATIONS[:4]),
    (date(2026, 3, 3), "zoo", "b2", 7),
    *((date(2026, 3, 3), "zoo", "b3", 7) for _ in range(2)),
    (date(2026, 4, 2), "pier", "b4", 500),
    (date(2025, 3, 2), "pier", "b4", 900),
]
# More stations than somebody reads by chance, and some with similar names.
DOCKS = ["Zoo", "zoo", " zoo", "zoo ", "zoo2", *(f"dock {n}" for n in range(1200))]
DOCK_RIDES = [(date(2026, 3, 2), dock, "b1", n % 40) for n, dock in enumerate(DOCKS)]
BUSY, QUIET, EMPTY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)


def sums(day: date, rides: list[Any] = RIDES) -> dict[str, int]:
    """Return the minutes of each station on a day."""
    result: dict[str, int] = {}
    for ride_date, station, _, minutes in rides:
        if ride_date == day:
            result[station] = result.get(station, 0) + minutes
    return result


@pytest.fixture(scope="module")
def server() -> Iterator[TrinoCoordinator]:
    """Yield a coordinator with the table `rides`; it sends two rows a page."""
    with trino_coordinator() as coordinator:
        coordinator.lake.create_table(
            "bikes.rides", RIDE, RIDES, partitioned_by="ride_date"
        )
        yield coordinator


@pytest.fixture(scope="module")
def large_server() -> Iterator[TrinoCoordinator]:
    """Yield a coordinator whose table `rides` has many stations."""
    with trino_coordinator(page_rows=500) as coordinator:
        coordinator.lake.create_table(
            "bikes.rides", RIDE, DOCK_RIDES, partitioned_by="ride_date"
        )
        yield coordinator


@pytest.fixture(scope="module")
def second_server() -> Iterator[TrinoCoordinator]:
    """Yield a coordinator whose table `rides` has one ride."""
    with trino_coordinator() as coordinator:
        coordinator.lake.create_table(
            "bikes.rides", RIDE, [(BUSY, "quay", "b9", 3)], partitioned_by="ride_date"
        )
        yield coordinator


@pytest.fixture
def trino(server: TrinoCoordinator) -> TrinoCoordinator:
    """Return the coordinator, which has received nothing yet."""
    server.queries.clear()
    return server


def report(
    answers: Any, trino: TrinoCoordinator, day: date, host: str = "127.0.0.1"
) -> object:
    """Return what `minutes_by_station` returns."""
    call = f"`minutes_by_station({host!r}, port, {day})`"
    try:
        return attempt(call, answers.minutes_by_station, host, trino.port, day)
    except AssertionError as raised:
        error = getattr(raised.__cause__, "orig", None)
        if not isinstance(error, TrinoQueryError):
            raise AssertionError(
                f"{raised} The docstring asks for a dict of stations, which is empty "
                "for a day without rides. Look at the URL, and at how you read rows."
            ) from raised
        words = f"{call} raised an error of Trino, {error.error_name}: "
        if len(trino.queries) > trino.max_queries:
            raise AssertionError(
                f"{call} sent {len(trino.queries)} statements, and Trino refused the "
                "last one. The docstring asks for one query in each call. Look at what "
                "you execute."
            ) from raised
        raise AssertionError(
            f"{words}{in_words(error.message)}. The docstring asks for the catalog "
            '"lake", the schema "bikes" and one query of `rides`. Look at the URL, and '
            "at the query."
        ) from raised


NO_QUERIES = {"PREPARE", "DEALLOCATE", "START", "COMMIT", "ROLLBACK"}


def only_query(trino: TrinoCoordinator) -> Query:
    """Return the query that the coordinator received."""
    sent = [one for one in trino.queries if one.verb not in NO_QUERIES]
    place = "what you execute" if sent else "`host` and `port` in the URL"
    assert len(sent) == 1, (
        f"The server received {len(sent)} statements: "
        f"{in_words([query.sql for query in sent])}. The docstring asks for one "
        f"query. Look at {place}."
    )
    return sent[0]


@pytest.mark.parametrize("day", [BUSY, QUIET, EMPTY, date(2026, 4, 2)], ids=str)
def test_q1_the_minutes_of_each_station_are_returned(
    answers: Any, trino: TrinoCoordinator, day: date
) -> None:
    seen: Any = report(answers, trino, day)
    expected = sums(day)
    is_same = seen == expected and all(isinstance(n, int) for n in seen.values())
    assert is_same, (
        f"For {day}, the result is {in_words(seen)}. The docstring asks for the sum of "
        f"`minutes` on this day for each station: {in_words(expected)}. Look at the "
        "filter, at `group_by`, and at the rows that you read."
    )


def test_q1_a_day_with_many_stations_is_complete(
    answers: Any, large_server: TrinoCoordinator
) -> None:
    expected = sums(BUSY, DOCK_RIDES)
    large_server.queries.clear()
    with patch.object(large_server, "max_queries", 20):
        seen: Any = report(answers, large_server, BUSY)
    assert isinstance(seen, dict), (
        f"The result is {in_words(seen)}. The docstring asks for a dict with the sum "
        "for each station. Look at `return`."
    )
    wrong = [one for one in expected if one not in seen or seen[one] != expected[one]]
    is_same = not wrong and len(seen) == len(expected)
    assert is_same, (
        f"On this day, {len(expected)} stations have rides. The result has "
        f"{len(seen)}, and differs for {in_words(wrong)}. The docstring asks for the "
        "sum for each station. Look at how many rows you read, and at the names of the "
        "stations."
    )


def test_q1_the_connection_is_one_of_sqlalchemy(
    answers: Any, trino: TrinoCoordinator
) -> None:
    used: list[object] = []

    def note(*connection: object) -> None:
        used.append(connection)

    event.listen(Pool, "checkout", note)
    try:
        report(answers, trino, BUSY)
    finally:
        event.remove(Pool, "checkout", note)
    query = only_query(trino)
    assert used, (
        f"Trino received {in_words(query.sql)}, and no engine of SQLAlchemy was used. "
        "The docstring asks to connect with SQLAlchemy. Look at what you import."
    )


@pytest.mark.parametrize("day", [BUSY, QUIET], ids=str)
def test_q1_trino_reads_only_the_files_of_the_day(
    answers: Any, trino: TrinoCoordinator, day: date
) -> None:
    report(answers, trino, day)
    query = only_query(trino)
    assert query.files_read == 1, (
        f"For {day}, Trino read {query.files_read} files. This day has one file. The "
        "docstring asks to read only the files of `day`. The query was "
        f"{in_words(query.sql)}. Look at `where`: it needs the column `ride_date`."
    )


@pytest.mark.parametrize("day", [BUSY, QUIET], ids=str)
def test_q1_trino_returns_one_row_for_each_station(
    answers: Any, trino: TrinoCoordinator, day: date
) -> None:
    report(answers, trino, day)
    query = only_query(trino)
    assert query.rows == len(sums(day)), (
        f"For {day}, Trino returned {query.rows} rows. The docstring asks for one row "
        f"for each of the {len(sums(day))} stations. The query was "
        f"{in_words(query.sql)}. Look at `group_by` and at the columns."
    )


@pytest.mark.parametrize("day", [BUSY, date(2027, 12, 31)], ids=str)
def test_q1_the_day_is_a_bound_parameter(
    answers: Any, trino: TrinoCoordinator, day: date
) -> None:
    report(answers, trino, day)
    query = only_query(trino)
    is_bound = f"DATE '{day}'" in query.parameters and str(day) not in query.sql
    assert is_bound, (
        f"Trino received {in_words(query.sql)} with the parameters "
        f"{in_words(query.parameters)}. The docstring asks to send `day` as a bound "
        f"parameter that is a date: DATE '{day}'. Look at `where`."
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_q1_the_connection_is_as_the_docstring_says(
    answers: Any, trino: TrinoCoordinator, host: str
) -> None:
    report(answers, trino, BUSY, host)
    query = only_query(trino)
    seen = (query.headers["host"], query.user, query.database)
    expected = (f"{host}:{trino.port}", "analyst", "lake/bikes")
    assert seen == expected, (
        f"The query was sent to {seen[0]} as the user {seen[1]!r}, with the catalog "
        f"and schema {seen[2]!r}. The docstring asks for {expected[0]}, 'analyst', and "
        "the catalog 'lake' with the schema 'bikes'. Look at the URL."
    )


def test_q1_each_call_connects_to_its_own_server(
    answers: Any, trino: TrinoCoordinator, second_server: TrinoCoordinator
) -> None:
    report(answers, trino, BUSY)
    seen = report(answers, second_server, BUSY)
    expected = {"quay": 3}
    assert seen == expected, (
        "After a call for one server, a call with the port of a second server returned "
        f"{in_words(seen)}. The second server has {expected}. The docstring asks to "
        "connect to `host` and `port`. Look at what your code keeps from a call."
    )


DAYS = (date(2027, 1, 1) + timedelta(days=n) for n in count())


def test_q1_each_call_sends_a_query(
    answers: Any, second_server: TrinoCoordinator
) -> None:
    day = next(DAYS)
    report(answers, second_server, day)
    added = f"INSERT INTO rides VALUES (DATE '{day}', 'quay', 'b9', 5)"
    second_server.lake.run(added, "lake", "bikes")
    seen = report(answers, second_server, day)
    assert seen == {"quay": 5}, (
        "After a call, a ride of 5 minutes at 'quay' was added to the table. The same "
        f"call then returned {in_words(seen)}. The docstring asks for a query in each "
        "call, so it asks for {'quay': 5}. Look at what your code keeps from a call."
    )


REFUSALS = {
    "TABLE_NOT_FOUND": LakeError("TABLE_NOT_FOUND", 46, "No table 'rides'"),
    "QUERY_QUEUE_FULL": LakeError("QUERY_QUEUE_FULL", 0x2_0002, "Too many queries"),
    "HIVE_METASTORE_ERROR": LakeError("HIVE_METASTORE_ERROR", 0x100_0000, "Time-out"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_q1_an_error_of_trino_reaches_the_caller(
    answers: Any, trino: TrinoCoordinator, name: str
) -> None:
    with patch.object(trino.lake, "run", side_effect=REFUSALS[name]):
        seen = outcome(
            lambda: answers.minutes_by_station("127.0.0.1", trino.port, BUSY)
        )
    error = seen.orig if isinstance(seen, DBAPIError) else seen
    assert isinstance(error, TrinoQueryError), (
        f"Trino refused the query with the error {name}, and `minutes_by_station` "
        f"{returned_or_raised(seen)}. The docstring asks that an error of Trino "
        "reaches the caller. Look at `except`."
    )


def test_q1_a_refused_query_is_not_sent_again(
    answers: Any, trino: TrinoCoordinator
) -> None:
    with patch.object(trino.lake, "run", side_effect=REFUSALS["QUERY_QUEUE_FULL"]):
        outcome(lambda: answers.minutes_by_station("127.0.0.1", trino.port, BUSY))
    sent = [one for one in trino.queries if one.verb not in NO_QUERIES]
    assert len(sent) == 1, (
        f"Trino refused each query, and received {len(sent)} in one call. The "
        "docstring asks for one query in each call, without a second try. Look at what "
        "you do after an error."
    )


LOOK_AT = {
    "rows after same key": "Look at what could refuse a second row with the key 1.",
    "rows after no key": "Look at which statement was sent before `FlushError`.",
    "rows after rollback": "Look at what `flush` sends in autocommit mode.",
    "minutes after update": "Look at what Trino can do with a row in a file.",
    "INSERTs of add_all": "Look at how many rows the client sends in one statement.",
    "read returns": "Look at how many objects a session has for one key.",
}


SCHEMAS = count(1)


def real_run(
    answers: Any, trino: TrinoCoordinator, name: str
) -> tuple[object, list[Any], list[Query]]:
    """Return what an example returns, the rows after it, and its queries."""
    schema = f"run{next(SCHEMAS)}"
    table = {"repair_id": "bigint", "minutes": "integer"}
    trino.lake.create_table(f"{schema}.repairs", table, [(1, 12)])
    returned = None
    with engine_for(trino.url(schema)) as engine, Session(engine) as session:
        try:
            returned = answers.run(name, session)
        except (FlushError, ProgrammingError) as error:
            returned = error
    rows = trino.lake.run("SELECT * FROM repairs", "lake", schema).rows
    return returned, rows, trino.queries


def observed(answers: Any, trino: TrinoCoordinator, blank: str) -> object:
    """Return what really comes of the example that a blank is about."""
    if blank == "read returns":
        return real_run(answers, trino, "read")[0]
    what, _, name = blank.replace(" of ", " after ").partition(" after ")
    _, rows, queries = real_run(answers, trino, name)
    if what == "INSERTs":
        return [query.verb for query in queries].count("INSERT")
    return len(rows) if what == "rows" else dict(rows)[1]


@pytest.mark.parametrize("blank", LOOK_AT)
def test_q2_the_limits_are_predicted(
    answers: Any, trino: TrinoCoordinator, blank: str
) -> None:
    predictions = answers.limits()
    is_there = isinstance(predictions, dict) and blank in predictions
    assert is_there, (
        f"`limits()` returned {in_words(predictions)}, without {blank!r}. The "
        "docstring asks for the six predictions of the stub."
    )
    predicted = predictions[blank]
    if isinstance(predicted, tuple):
        predicted = list(predicted)
    form = "a list of minutes" if blank == "read returns" else "a number"
    assert predicted == observed(answers, trino, blank), (
        f"{blank!r}: you predicted {in_words(predicted)}. The real run came out "
        f"differently. The docstring asks for {form}. {LOOK_AT[blank]}"
    )


TRINO = TrinoDialect(paramstyle="qmark")  # as with an engine


class DremioDialect(DefaultDialect):
    """A dialect that SQLAlchemy does not know."""

    name = "dremio"
    supports_statement_cache = True


class StarburstDialect(TrinoDialect):
    """A dialect that derives from Trino's, and has another name."""

    name = "starburst"
    supports_statement_cache = True


# Each dialect, and what sqlglot calls its SQL.
DIALECTS: dict[str, tuple[DefaultDialect | None, str]] = {
    "postgresql": (postgresql.dialect(), "postgres"),
    "sqlite": (sqlite.dialect(), "sqlite"),
    "mysql": (mysql.dialect(), "mysql"),
    "mssql": (mssql.dialect(), "tsql"),
    "oracle": (oracle.dialect(), "oracle"),
    "dremio": (DremioDialect(), "postgres"),
    "str(query)": (None, "postgres"),
}


@pytest.fixture(autouse=True)
def _functions() -> Iterator[None]:
    """Take back what an answer registers as a function."""
    with patch.dict(functions._registry["_default"]):
        yield


def distinct_count(answers: Any) -> Callable[[Any], Any]:
    """Return the construct; its results are checked to be SQL expressions."""
    create = attempt("`create_distinct_count()`", answers.create_distinct_count)
    assert callable(create), (
        f"`create_distinct_count()` returned {in_words(create)}. The docstring asks "
        "for a construct that is called with an expression. Look at `return`."
    )

    def construct(x: ColumnElement[Any]) -> Any:
        made = attempt(f"`distinct_count({x})`", create, x)
        assert isinstance(made, ColumnElement), (
            f"`distinct_count({x})` is {in_words(made)}. The docstring asks for a SQL "
            "expression that `select` accepts. Look at the class it derives from."
        )
        return made

    return construct


def look_at_rules(what: str, call: Callable[..., Any], *values: Any, **kw: Any) -> Any:
    """Return what a call returns that uses the rules for compiling."""
    try:
        return attempt(what, call, *values, **kw)
    except AssertionError as raised:
        raise AssertionError(
            f"{raised} The docstring asks for SQL for every dialect, and for any SQL "
            "expression `x`. Look at your rules for compiling, and at your class."
        ) from raised


def sql_of(query: Select[Any], dialect: DefaultDialect | None) -> str:
    """Return the SQL of a query on one line."""
    where = f"the dialect {dialect.name!r}" if dialect else "`str(query)`"
    compiled = look_at_rules(f"Compiling for {where}", query.compile, dialect=dialect)
    return " ".join(str(compiled).split())


def without_names(sql: str, read: str) -> str:
    """Return SQL in one spelling, without parentheses and the names of columns."""
    try:
        tree = sqlglot.parse_one(sql, read=read)
    except sqlglot.ParseError:
        return sql
    for node in list(tree.find_all(exp.Paren, exp.Alias)):
        node.replace(node.this)
    return tree.sql(read, normalize=True, normalize_functions="lower")


def check_sql(sql: str, read: str, expected: str, where: str) -> None:
    """Check the SQL that a query compiles to."""
    is_same = without_names(sql, read) == without_names(expected, read)
    look = "your rules for compiling: at their SQL, and at the dialect of each."
    if " FROM " not in sql:
        look = "your class: it does not tell SQLAlchemy the table of `x`."
    assert is_same, (
        f"For {where}, the query compiles to {in_words(sql)}. The docstring asks for "
        f"{in_words(expected)}. Look at {look}"
    )


@pytest.mark.parametrize("where", DIALECTS)
@pytest.mark.parametrize("column", ["bike", "station"])
def test_q3_other_dialects_count_exactly(answers: Any, where: str, column: str) -> None:
    dialect, read = DIALECTS[where]
    counted = distinct_count(answers)
    sql = sql_of(select(counted(answers.rides.c[column])), dialect)
    expected = f"SELECT count(DISTINCT rides.{column}) FROM rides"
    check_sql(sql, read, expected, where)


@pytest.mark.parametrize(
    "name", ["starburst", "presto", "trinodb", "my_trino", "TRINO"]
)
def test_q3_dialects_with_other_names_count_exactly(answers: Any, name: str) -> None:
    dialect = StarburstDialect() if name == "starburst" else DremioDialect()
    dialect.name = name
    sql = sql_of(select(distinct_count(answers)(answers.rides.c.bike)), dialect)
    expected = "SELECT count(DISTINCT rides.bike) FROM rides"
    check_sql(sql, "trino", expected, f"a dialect with the name {name!r}")


@pytest.mark.parametrize("column", ["bike", "station"])
def test_q3_trino_counts_with_approx_distinct(answers: Any, column: str) -> None:
    counted = distinct_count(answers)
    sql = sql_of(select(counted(answers.rides.c[column])), TRINO)
    expected = f"SELECT approx_distinct(rides.{column}) FROM rides"
    check_sql(sql, "trino", expected, "trino")
    is_named = re.search(r"\bapprox_distinct\s*\(", sql, re.IGNORECASE)
    assert is_named, (
        f"For trino, the query compiles to {in_words(sql)}. The docstring asks for the "
        "function `approx_distinct`. Look at the name in your rule for trino."
    )


def test_q3_one_statement_compiles_for_each_dialect_in_turn(answers: Any) -> None:
    query = select(distinct_count(answers)(answers.rides.c.bike))
    for where in ("sqlite", "trino", "postgresql", "trino", "sqlite"):
        dialect, read = DIALECTS.get(where, (TRINO, "trino"))
        name = "approx_distinct(" if where == "trino" else "count(DISTINCT "
        expected = f"SELECT {name}rides.bike) FROM rides"
        check_sql(sql_of(query, dialect), read, expected, where)


@pytest.fixture
def engines(answers: Any, trino: TrinoCoordinator) -> Iterator[dict[str, Engine]]:
    """Yield an engine for Trino and one for SQLite, with the same rides."""
    columns = ("ride_date", "station", "bike", "minutes")
    with engine_for(trino.url("bikes")) as on_trino, sqlite_engine() as on_sqlite:
        answers.rides.metadata.create_all(on_sqlite)
        with on_sqlite.begin() as connection:
            rows = [dict(zip(columns, ride, strict=True)) for ride in RIDES]
            connection.execute(answers.rides.insert(), rows)
        yield {"trino": on_trino, "sqlite": on_sqlite}


def expressions(rides: Any) -> dict[str, tuple[Any, set[object], list[object]]]:
    """Return SQL expressions with their different values and bound parameters."""
    c = rides.c
    return {
        "a column": (c.bike, {one[2] for one in RIDES}, []),
        "another column": (c.station, {one[1] for one in RIDES}, []),
        "a date": (c.ride_date, {one[0] for one in RIDES}, []),
        "a sum": (c.minutes % 10, {one[3] % 10 for one in RIDES}, [10]),
        "a function": (func.substr(c.station, 1, 1), {o[1][0] for o in RIDES}, [1, 1]),
        "text": (
            case((c.station == "zoo", "O'Zoo"), else_=c.bike),
            {"O'Zoo" if one[1] == "zoo" else one[2] for one in RIDES},
            ["zoo", "O'Zoo"],
        ),
    }


@pytest.mark.parametrize("where", ["sqlite", "trino"])
def test_q3_a_database_counts_any_expression(
    answers: Any, engines: dict[str, Engine], where: str
) -> None:
    counted = distinct_count(answers)
    for kind, (x, values, _) in expressions(answers.rides).items():
        query = select(counted(x))
        with engines[where].connect() as connection:
            seen = look_at_rules(
                f"`distinct_count({x})` on {where}", connection.scalar, query
            )
        assert seen == len(values), (
            f"On {where}, `distinct_count({x})` returned {in_words(seen)}. The table "
            f"has {len(values)} different values of {kind}. The docstring asks for any "
            "SQL expression. Look at how your rules compile `x`. If you set "
            "`inherit_cache`, look at how your class keeps `x`."
        )


@pytest.mark.parametrize("where", ["sqlite", "trino"])
def test_q3_bound_parameters_stay_bound_parameters(answers: Any, where: str) -> None:
    counted = distinct_count(answers)
    dialect = sqlite.dialect() if where == "sqlite" else TRINO
    for x, _, expected in expressions(answers.rides).values():
        compiled = look_at_rules(
            "Compiling", select(counted(x)).compile, dialect=dialect
        )
        seen = [compiled.params[name] for name in compiled.positiontup or ()]
        assert seen == expected, (
            f"On {where}, `distinct_count({x})` has the bound parameters "
            f"{in_words(seen)}. The docstring asks that they stay: "
            f"{in_words(expected)}. Look at how your rules compile `x`."
        )


def test_q3_it_can_be_labelled_and_compared(
    answers: Any, engines: dict[str, Engine]
) -> None:
    counted, c = distinct_count(answers), answers.rides.c
    bikes = counted(c.bike).label("bikes")
    query = select(c.ride_date, bikes).group_by(c.ride_date).having(counted(c.bike) > 1)
    expected = [(BUSY, 2), (QUIET, 2)]
    for where, engine in engines.items():
        with engine.connect() as connection:
            rows = look_at_rules(f"The query on {where}", connection.execute, query)
            seen = sorted((row.ride_date, row.bikes) for row in rows)
        assert seen == expected, (
            f"On {where}, the days with more than one bike are {in_words(seen)}. They "
            f"are {in_words(expected)}. The docstring asks for a SQL expression: it "
            "can stand in `having`. Look at your class."
        )


@pytest.mark.parametrize("where", ["sqlite", "trino"])
def test_q3_the_sql_of_the_argument_stays(answers: Any, where: str) -> None:
    counted, c = distinct_count(answers), answers.rides.c
    dialect = TRINO if where == "trino" else sqlite.dialect()
    for x in (
        Column('Bike "DISTINCT no"'),
        func.upper(c.bike) + c.station,
        case((c.minutes > 60, "long"), else_="short"),
        select(func.count(c.bike.distinct()).label("n")).scalar_subquery(),
    ):
        expected = sql_of(select(x.label("x")), dialect)[len("SELECT ") :]
        expected = expected.partition(" AS x")[0]
        seen = sql_of(select(counted(x)), dialect)
        assert expected in seen, (
            f"For {where}, the query compiles to {in_words(seen)}. The SQL of `x` is "
            f"{in_words(expected)}. The docstring asks for any SQL expression `x`. "
            "Look at how your rules compile `x`."
        )


OTHERS = ["count", "sum", "max", "min", "avg", "approx_distinct", "array_agg", "lower"]


@pytest.mark.parametrize("where", ["trino", "sqlite", "str(query)"])
def test_q3_other_functions_compile_as_before(answers: Any, where: str) -> None:
    counted, c = distinct_count(answers), answers.rides.c
    dialect = TRINO if where == "trino" else DIALECTS[where][0]
    sql_of(select(counted(c.bike)), dialect)
    others = {f"{name}(rides.bike)": getattr(func, name)(c.bike) for name in OTHERS}
    others["count(DISTINCT rides.bike)"] = func.count(c.bike.distinct())
    for expected, other in others.items():
        seen = sql_of(select(other.label("x")), dialect)
        assert seen == f"SELECT {expected} AS x FROM rides", (
            f"For {where}, another function compiles to {in_words(seen)}. The "
            f"docstring asks that it compiles as before: {in_words(expected)}. Look "
            "at the class that your rules are for, and at its name."
        )


def test_q3_the_type_is_an_integer_type(answers: Any) -> None:
    counted = distinct_count(answers)
    for column in (answers.rides.c.bike, answers.rides.c.ride_date):
        seen = counted(column).type
        assert isinstance(seen, Integer), (
            f"The type of `distinct_count({column})` is {in_words(seen)}. The "
            "docstring asks for an integer type of SQLAlchemy. Look at the attribute "
            "`type`."
        )
