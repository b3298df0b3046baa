"""19.1  Querying data lakes with SQLAlchemy.

The data of a data lake are files, such as Parquet files in an object store. An engine
such as Trino runs SQL on these files. SQLAlchemy connects to it through a dialect.
The server of the tests speaks Trino's protocol, and DuckDB computes its results.
Notes: content/docs/sqlalchemy-with-datalakes/querying-data-lakes.md
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    func,
    insert,
    select,
)

# region answer
from sqlalchemy.ext.compiler import compiles

# stub:
# endregion
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

# region answer
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

# stub:
# endregion
from sensei import ___

rides = Table(
    "rides",
    MetaData(),
    Column("ride_date", Date),
    Column("station", String),
    Column("bike", String),
    Column("minutes", Integer),
)


def minutes_by_station(host: str, port: int, day: date) -> dict[str, int]:
    """19.1.1  How can SQLAlchemy Core be used to query data lakes via engines like
    Trino?

    The rides of a bike-sharing service are Parquet files in a data lake, in one folder
    for each `ride_date`. Trino offers these files as the table `rides` above. Connect
    to Trino with SQLAlchemy, and return the sum of `minutes` on `day` for each station.
    An error of Trino must reach the caller, without a second try.

    - Connect to the server at `host` and `port` as the user "analyst", with the catalog
      "lake" and the schema "bikes".
    - Send one query in each call. Let Trino filter and group, so that it reads only
      the files of `day`, and returns one row for each station.
    - Send `day` as a bound parameter that is a date. Trino does not compare a date with
      text.

    Given:
        A report calls this function once a night, so each call may create an engine.

    Example:
        minutes_by_station("127.0.0.1", 8080, date(2026, 3, 1))
        ->  {"harbour": 54, "market": 31}
    """
    # region answer
    # In words: The URL `trino://user@host:port/catalog/schema` selects the dialect of
    # Trino. After that, Core works as with any database: you describe the table, and
    # Trino filters and groups. Filter by the partition column, so that Trino skips the
    # files of other days. The client fetches the result page by page.
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())
    # endregion


class Base(DeclarativeBase):
    """The base of the mapped classes."""


class Repair(Base):
    """A repair of a bike."""

    __tablename__ = "repairs"

    repair_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    minutes: Mapped[int]


def run(name: str, session: Session) -> object:
    """Run one of the examples that 19.1.2 asks about."""
    match name:
        case "same key":
            session.add(Repair(repair_id=1, minutes=40))
        case "no key":
            session.add(Repair(minutes=40))  # the commit below raises FlushError
        case "rollback":
            session.add(Repair(repair_id=2, minutes=40))
            session.flush()
            session.rollback()
        case "update":
            session.get_one(Repair, 1).minutes = 15
        case "add_all":
            session.add_all(Repair(repair_id=n, minutes=40) for n in (2, 3, 4))
        case "read":
            session.execute(insert(Repair).values(repair_id=1, minutes=40))
            repairs = session.scalars(select(Repair).order_by(Repair.minutes))
            return [repair.minutes for repair in repairs]
    session.commit()
    return None


def limits() -> dict[str, object]:
    """19.1.2  What are the limitations of using SQLAlchemy ORM features with data lake
    query engines?

    Each example in `run` above starts with a new session, and with a table `repairs`
    that has one row: repair 1, which took 12 minutes. An example may end with an error.
    Predict what happens on Trino. For "read returns", predict the list that the example
    "read" returns.

    - "rows after ...": how many rows does the table have after this example?
    - "minutes after update": how many minutes does the table show for repair 1 after
      the example "update"?
    - "INSERTs of add_all": how many `INSERT` statements does Trino receive in the
      example "add_all"?

    Given:
        The table has the columns `repair_id` and `minutes`. It has no constraints, and
        both columns may be NULL.
        Trino can add Parquet files to the table. It cannot change or delete a row.
        The client of Trino is in autocommit mode.
    """
    # region answer
    # In words: The ORM relies on keys, constraints and transactions, and a table of
    # Parquet files has none of them. Nothing generates a key or refuses a duplicate,
    # every INSERT is final, and UPDATE is not supported. The session keeps one object
    # for each key, so it hides the second row of a duplicate. Each object is an INSERT
    # of its own. So write in bulk, and read columns with Core.
    return {
        "rows after same key": 2,
        "rows after no key": 2,
        "rows after rollback": 2,
        "minutes after update": 12,
        "INSERTs of add_all": 3,
        "read returns": [12, 12],
    }
    # stub: return {
    # stub:     "rows after same key": ___,
    # stub:     "rows after no key": ___,
    # stub:     "rows after rollback": ___,
    # stub:     "minutes after update": ___,
    # stub:     "INSERTs of add_all": ___,
    # stub:     "read returns": ___,
    # stub: }
    # endregion


def create_distinct_count() -> Callable[[ColumnElement[Any]], ColumnElement[int]]:
    """19.1.3  Discuss the role of SQLAlchemy dialects in connecting to data lake
    engines.

    A report counts distinct bikes. It queries Trino in production and SQLite in tests.
    Trino has the fast function `approx_distinct(x)`. SQLite does not have it. Create
    and return a SQL construct for both. The text below calls it `distinct_count`.

    - If the name of the dialect is "trino", `distinct_count(x)` compiles to
      `approx_distinct(x)`.
    - For every dialect with another name, and in `str(query)`, `distinct_count(x)`
      compiles to `count(DISTINCT x)`.
    - Accept any SQL expression `x`, such as a column or `func.lower(column)`. Bound
      parameters in `x` stay bound parameters.
    - The type of `distinct_count(x)` is an integer type of SQLAlchemy.
    - The functions of the databases, such as `func.count` and `func.approx_distinct`,
      compile as before.

    Example:
        distinct_count = create_distinct_count()
        query = select(distinct_count(rides.c.bike))
        on Trino   ->  SELECT approx_distinct(rides.bike) AS ... FROM rides
        on SQLite  ->  SELECT count(DISTINCT rides.bike) AS ... FROM rides
    """

    # region answer
    # In words: A dialect translates between SQLAlchemy and one kind of database. It
    # names the driver, makes the arguments of a connection from the URL, compiles
    # statements and types to SQL, and reads the schema. The same statement becomes
    # other SQL with each dialect. `@compiles` adds a rule to this compiler.
    class DistinctCount(FunctionElement[int]):
        type = Integer()
        inherit_cache = True

    @compiles(DistinctCount)
    def count_exactly(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    @compiles(DistinctCount, "trino")
    def count_roughly(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    return DistinctCount
    # endregion
