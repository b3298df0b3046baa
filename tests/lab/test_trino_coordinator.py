"""Of `trino_coordinator`: the protocol of Trino over a lake of Parquet files."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DatabaseError, DBAPIError, ProgrammingError
from sqlalchemy.pool import NullPool

from lab.trino_coordinator import TrinoCoordinator, trino_coordinator

_COLUMNS = {"day": "date", "gauge": "varchar", "level": "integer"}
_ROWS = [
    (date(2026, 5, day), gauge, day) for day in (1, 2, 3) for gauge in ("a", "b'c")
]


@pytest.fixture
def trino() -> Iterator[TrinoCoordinator]:
    """Yield a coordinator with a table of three files."""
    with trino_coordinator() as coordinator:
        lake = coordinator.lake
        lake.create_table("sea.levels", _COLUMNS, _ROWS, partitioned_by="day")
        lake.create_table("sea.gauges", {"name": "varchar"}, [("a",)])
        yield coordinator


def _connect(trino: TrinoCoordinator, query: str = "", **options: str) -> Connection:
    url = trino.url("sea") + query
    return create_engine(url, poolclass=NullPool, **options).connect()


def _error(trino: TrinoCoordinator, sql: str) -> str:
    with _connect(trino) as connection, pytest.raises(ProgrammingError) as caught:
        connection.execute(text(sql))
    assert caught.value.orig is not None
    name: str = caught.value.orig.error_name  # type: ignore[attr-defined]
    assert trino.queries[-1].error == name
    return name


@pytest.mark.parametrize("way", ["", "?legacy_prepared_statements=true"])
def test_parameters_arrive_with_their_types(trino: TrinoCoordinator, way: str) -> None:
    sql = "SELECT level FROM levels WHERE day = :day AND gauge IN (:one, :other)"
    values = {"day": date(2026, 5, 2), "one": "b'c", "other": "(x, ?"}
    with _connect(trino, way) as connection:
        rows = connection.execute(text(sql), values).all()

    assert rows == [(2,)]
    (query,) = trino.queries if not way else trino.queries[1:2]
    assert query.sql == sql.replace(":day", "?").replace(":one, :other", "?, ?")
    assert query.parameters == ["DATE '2026-05-02'", "'b''c'", "'(x, ?'"]
    assert (query.user, query.database, query.verb) == ("analyst", "lake/sea", "SELECT")


def test_parameters_are_used_in_the_order_of_the_text(trino: TrinoCoordinator) -> None:
    sql = "SELECT level - :n FROM levels WHERE day > :day ORDER BY 1 OFFSET :o LIMIT :l"
    values = {"n": -5, "day": date(2026, 5, 1), "o": 1, "l": 2}
    with _connect(trino) as connection:
        assert connection.execute(text(sql), values).all() == [(7,), (8,)]


def test_rows_are_sent_page_by_page(trino: TrinoCoordinator) -> None:
    with _connect(trino) as connection:
        result = connection.execute(text("SELECT level FROM levels ORDER BY level"))
        first = result.fetchone()
        pages = trino.queries[0].pages_sent
        rest = result.all()

    assert (first, pages) == ((1,), 2)  # the client is one page ahead
    assert rest == [(1,), (2,), (2,), (3,), (3,)]
    assert (trino.queries[0].rows, trino.queries[0].pages_sent) == (6, 3)


def test_a_result_that_is_closed_early_is_cancelled(trino: TrinoCoordinator) -> None:
    with _connect(trino) as connection:
        connection.execute(text("SELECT level FROM levels")).close()

    (query,) = trino.queries
    assert query.cancelled
    assert query.pages_sent < 3


@pytest.mark.parametrize(
    ("where", "files"),
    [
        ("", 3),
        ("WHERE level > 0", 3),
        ("WHERE day = DATE '2026-05-02'", 1),
        ("WHERE day > DATE '2026-05-01'", 2),
        ("WHERE day > DATE '2027-05-01'", 0),
    ],
)
def test_the_files_that_are_read_are_counted(
    trino: TrinoCoordinator, where: str, files: int
) -> None:
    with _connect(trino) as connection:
        connection.execute(text(f"SELECT count(level) FROM levels {where}")).all()

    assert trino.queries[0].files_read == files


def test_values_come_back_with_their_types(trino: TrinoCoordinator) -> None:
    sql = (
        "SELECT DATE '2026-05-01', TIMESTAMP '2026-05-01 12:00:00', "
        "CAST('2.50' AS DECIMAL(5, 2)), 1.5e0, true, NULL, 'x', sum(level), "
        "approx_distinct(gauge) FROM levels"
    )
    with _connect(trino) as connection:
        (row,) = connection.execute(text(sql)).all()

    noon = datetime(2026, 5, 1, 12)
    values = (date(2026, 5, 1), noon, Decimal("2.50"), 1.5, True, None, "x", 12, 2)
    assert row == values


def test_an_insert_adds_a_file_in_its_partition(trino: TrinoCoordinator) -> None:
    sql = "INSERT INTO levels (day, level) VALUES (:day, 9), (:day, 10)"
    with _connect(trino) as connection:
        result = connection.execute(text(sql), {"day": date(2026, 5, 9)})
        connection.rollback()  # it is in autocommit mode
        levels = connection.scalars(
            text("SELECT level FROM levels WHERE gauge IS NULL ORDER BY level")
        ).all()

    assert (result.rowcount, levels) == (2, [9, 10])
    files = trino.lake.files("sea.levels")
    assert [path.parent.name for path in files][-2:] == [
        "day=2026-05-03",
        "day=2026-05-09",
    ]


def test_a_table_without_partitions_gets_a_file_for_each_insert(
    trino: TrinoCoordinator,
) -> None:
    with _connect(trino) as connection:
        for name in ("b", "c"):
            connection.execute(
                text("INSERT INTO lake.sea.gauges SELECT :n"), {"n": name}
            )
        names = connection.scalars(text("SELECT name FROM gauges ORDER BY 1")).all()

    assert names == ["a", "b", "c"]
    assert len(trino.lake.files("sea.gauges")) == 3


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT level FROM nothing", "TABLE_NOT_FOUND"),
        ("INSERT INTO nothing VALUES (1)", "TABLE_NOT_FOUND"),
        ("SELECT nothing FROM levels", "COLUMN_NOT_FOUND"),
        ("SELECT nothing(level) FROM levels", "FUNCTION_NOT_FOUND"),
        ("SELECT (level FROM levels", "SYNTAX_ERROR"),
        ("INSERT INTO gauges VALUES ('x') RETURNING name", "SYNTAX_ERROR"),
        ("SELECT CAST(gauge AS integer) FROM levels", "GENERIC_USER_ERROR"),
        ("UPDATE levels SET level = 1", "NOT_SUPPORTED"),
        ("DELETE FROM levels", "NOT_SUPPORTED"),
        ("CREATE TABLE more (level integer)", "NOT_SUPPORTED"),
    ],
)
def test_an_error_has_its_name(trino: TrinoCoordinator, sql: str, name: str) -> None:
    assert _error(trino, sql) == name
    assert len(trino.lake.files("sea.levels")) == 3


@pytest.mark.parametrize(
    ("database", "name"),
    [("sea/sea", "CATALOG_NOT_FOUND"), ("lake/lake", "SCHEMA_NOT_FOUND")],
)
def test_the_catalog_and_the_schema_have_to_exist(
    trino: TrinoCoordinator, database: str, name: str
) -> None:
    engine = create_engine(f"trino://x@127.0.0.1:{trino.port}/{database}")
    with engine.connect() as connection, pytest.raises(ProgrammingError, match=name):
        connection.execute(text("SELECT level FROM levels"))
    engine.dispose()


def test_a_query_without_a_table_needs_no_schema(trino: TrinoCoordinator) -> None:
    engine = create_engine(f"trino://x@127.0.0.1:{trino.port}/nothing")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()


def test_a_transaction_reads_but_does_not_write(trino: TrinoCoordinator) -> None:
    with _connect(trino, isolation_level="SERIALIZABLE") as connection:
        assert connection.scalar(text("SELECT count(level) FROM levels")) == 6
        with pytest.raises(DatabaseError, match="AUTOCOMMIT_WRITE_CONFLICT"):
            connection.execute(text("INSERT INTO gauges VALUES ('x')"))
        connection.rollback()

    verbs = [query.verb for query in trino.queries]
    assert verbs == ["START", "SELECT", "INSERT", "ROLLBACK"]


def test_too_many_queries_are_refused(trino: TrinoCoordinator) -> None:
    trino.max_queries = 1
    query = text("SELECT count(*) FROM levels")
    with _connect(trino) as connection:
        assert connection.scalar(query) == 6
        with pytest.raises(DBAPIError) as caught:
            connection.execute(query)
    assert "QUERY_QUEUE_FULL" in str(caught.value.orig)
    assert trino.queries[-1].error == "QUERY_QUEUE_FULL"


def test_two_coordinators_share_nothing(trino: TrinoCoordinator) -> None:
    with trino_coordinator() as other:
        other.lake.create_table("sea.levels", {"level": "integer"}, [(7,)])
        with _connect(other) as connection:
            assert connection.scalars(text("SELECT level FROM levels")).all() == [7]

    assert trino.queries == []
    assert len(other.queries) == 1
