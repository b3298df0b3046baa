"""Other answers to section 19.1."""

from datetime import datetime, time, timedelta
from functools import cache

from sqlalchemy import URL, distinct, literal_column, text
from sqlalchemy.sql.functions import GenericFunction, ReturnTypeFromArgs, count

from sensei.variants import right, wrong

_ENGINES = {}


@right("19.1.1")
def minutes_by_station(host, port, day):
    """Make the URL from its parts, and read the rows by their names."""
    url = URL.create("trino", "analyst", host=host, port=port, database="lake/bikes")
    total = func.sum(rides.c.minutes).label("total")
    query = select(rides.c.station, total).group_by(rides.c.station)
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            rows = connection.execute(query.where(rides.c.ride_date.in_([day])))
            return {row.station: row.total for row in rows.mappings()}
    finally:
        engine.dispose()


@right("19.1.1")
def minutes_by_station(host, port, day):
    """Write the SQL by hand, with a bound parameter."""
    engine = create_engine(
        f"trino://{host}:{port}/lake/bikes", connect_args={"user": "analyst"}
    )
    query = text(
        "SELECT station, sum(minutes) FROM lake.bikes.rides WHERE ride_date = :day GROUP BY 1"
    )
    with engine.connect() as connection:
        return dict(connection.execute(query, {"day": day}).all())


@right("19.1.1")
def minutes_by_station(host, port, day):
    """Read in partitions, and write the day as a half-open range."""
    engine = create_engine(
        f"trino://analyst@{host}:{port}",
        connect_args={"catalog": "lake", "schema": "bikes"},
    )
    query = (
        select(func.sum(rides.c.minutes), rides.c.station)
        .where(rides.c.ride_date >= day, rides.c.ride_date < day + timedelta(days=1))
        .group_by(rides.c.station)
        .order_by(rides.c.station)
    )
    found = {}
    with engine.connect() as connection:
        for rows in connection.execute(query).partitions(3):
            found.update((station, total) for total, station in rows)
    return found


@right("19.1.1")
def minutes_by_station(host, port, day):
    """Use a session for the same Core statement."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    total = func.sum(rides.c.minutes)
    with Session(engine) as session:
        rows = session.execute(
            select(rides.c.station, total).filter_by(ride_date=day).group_by("station")
        )
        return {station: minutes for station, minutes in rows.fetchall()}


@wrong("19.1.1", caught_by="test_q1_trino_reads_only_the_files_of_the_day[2026-03-02]")
def minutes_by_station(host, port, day):
    """Read the whole table, and filter and sum in Python."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    found = {}
    with engine.connect() as connection:
        for ride_date, station, _, minutes in connection.execute(select(rides)):
            if ride_date == day:
                found[station] = found.get(station, 0) + minutes
    return found


@wrong("19.1.1", caught_by="test_q1_trino_returns_one_row_for_each_station[2026-03-02]")
def minutes_by_station(host, port, day):
    """Sum in Python."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    found = {}
    query = select(rides.c.station, rides.c.minutes).where(rides.c.ride_date == day)
    with engine.connect() as connection:
        for station, minutes in connection.execute(query):
            found[station] = found.get(station, 0) + minutes
    return found


@wrong("19.1.1", caught_by="test_q1_trino_reads_only_the_files_of_the_day[2026-03-02]")
def minutes_by_station(host, port, day):
    """Group all days, and pick the day in Python."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = select(
        rides.c.ride_date, rides.c.station, func.sum(rides.c.minutes)
    ).group_by(rides.c.ride_date, rides.c.station)
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return {station: minutes for one, station, minutes in rows if one == day}


@wrong("19.1.1", caught_by="test_q1_the_day_is_a_bound_parameter[2026-03-02]")
def minutes_by_station(host, port, day):
    """Write the day into the SQL."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        f"SELECT station, sum(minutes) FROM rides WHERE ride_date = DATE '{day}' "
        "GROUP BY station"
    )
    with engine.connect() as connection:
        return dict(connection.execute(text(query)).all())


@wrong("19.1.1", caught_by="test_q1_the_day_is_a_bound_parameter[2026-03-02]")
def minutes_by_station(host, port, day):
    """Send the day as text."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day.isoformat())
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong("19.1.1", caught_by="test_q1_the_day_is_a_bound_parameter[2026-03-02]")
def minutes_by_station(host, port, day):
    """Send the day as a timestamp."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == datetime.combine(day, time()))
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong("19.1.1", caught_by="test_q1_the_day_is_a_bound_parameter[2026-03-02]")
def minutes_by_station(host, port, day):
    """Let SQLAlchemy write the day into the SQL."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == literal_column(f"DATE '{day}'"))
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong(
    "19.1.1", caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-02]"
)
def minutes_by_station(host, port, day):
    """Forget the dialect: a URL of PostgreSQL."""
    engine = create_engine(f"postgresql+psycopg://analyst@{host}:{port}/lake")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong(
    "19.1.1", caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-02]"
)
def minutes_by_station(host, port, day):
    """Forget the schema."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong("19.1.1", caught_by="test_q1_the_connection_is_as_the_docstring_says[127.0.0.1]")
def minutes_by_station(host, port, day):
    """Forget the user."""
    engine = create_engine(f"trino://{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong("19.1.1", caught_by="test_q1_the_connection_is_as_the_docstring_says[localhost]")
def minutes_by_station(host, port, day):
    """Type the host in."""
    engine = create_engine(f"trino://analyst@127.0.0.1:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong(
    "19.1.1", caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-02]"
)
def minutes_by_station(host, port, day):
    """Type the port of the example in."""
    engine = create_engine(
        f"trino://analyst@{host}:1/lake/bikes", connect_args={"max_attempts": 1}
    )
    query = select(rides.c.station, func.sum(rides.c.minutes)).group_by("station")
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong(
    "19.1.1",
    caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-02]",
)
def minutes_by_station(host, port, day):
    """Read the first page only."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).fetchmany(2))


@wrong(
    "19.1.1",
    caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-02]",
)
def minutes_by_station(host, port, day):
    """Count the rides."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.count(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong(
    "19.1.1",
    caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-02]",
)
def minutes_by_station(host, port, day):
    """Do not sum: the last ride of a station wins."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = select(rides.c.station, rides.c.minutes).where(rides.c.ride_date == day)
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong(
    "19.1.1",
    caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-02]",
)
def minutes_by_station(host, port, day):
    """Take the next day as well."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date.between(day, day + timedelta(days=1)))
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong(
    "19.1.1",
    caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-04-02]",
)
def minutes_by_station(host, port, day):
    """Take the same day of each month."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(func.day(rides.c.ride_date) == day.day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong(
    "19.1.1",
    caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-04]",
)
def minutes_by_station(host, port, day):
    """Expect one row at least."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        rows = connection.execute(query)
        first = rows.fetchone()
        return {first[0]: first[1]} | dict(rows.all())


@wrong("19.1.1", caught_by="test_q1_trino_returns_one_row_for_each_station[2026-03-02]")
def minutes_by_station(host, port, day):
    """Send a query for each station."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    found = {}
    with engine.connect() as connection:
        stations = connection.scalars(
            select(rides.c.station).distinct().where(rides.c.ride_date == day)
        ).all()
        for station in stations:
            found[station] = connection.scalar(
                select(func.sum(rides.c.minutes)).where(
                    rides.c.ride_date == day, rides.c.station == station
                )
            )
    return found


@wrong("19.1.1", caught_by="test_q1_each_call_connects_to_its_own_server")
def minutes_by_station(host, port, day):
    """Keep the first engine for all servers."""
    if not hasattr(minutes_by_station, "engine"):
        minutes_by_station.engine = create_engine(
            f"trino://analyst@{host}:{port}/lake/bikes"
        )
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with minutes_by_station.engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong(
    "19.1.1", caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-02]"
)
def minutes_by_station(host, port, day):
    """Return the rows as they are."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return connection.execute(query).all()


@wrong(
    "19.1.1", caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-02]"
)
def minutes_by_station(host, port, day):
    """Take the first stations only."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
        .limit(5)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong(
    "19.1.1", caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-03]"
)
def minutes_by_station(host, port, day):
    """Sum different values."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes.distinct()))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong(
    "19.1.1", caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-02]"
)
def minutes_by_station(host, port, day):
    """Return floats."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return {one: float(n) for one, n in connection.execute(query)}


@wrong(
    "19.1.1", caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-02]"
)
def minutes_by_station(host, port, day):
    """Group by the bike, too."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
        .group_by(rides.c.bike)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong(
    "19.1.1", caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-02]"
)
def minutes_by_station(host, port, day):
    """Make a dict of the result, which has `keys()`."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query))


@wrong("19.1.1", caught_by="test_q1_the_day_is_a_bound_parameter[2026-03-02]")
def minutes_by_station(host, port, day):
    """Compile the statement with its values."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        sql = query.compile(engine, compile_kwargs={"literal_binds": True})
        return dict(connection.execute(text(str(sql))).all())


@wrong("19.1.1", caught_by="test_q1_trino_returns_one_row_for_each_station[2026-03-02]")
def minutes_by_station(host, port, day):
    """Count the rides first."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        any_ride = select(func.count()).where(rides.c.ride_date == day)
        if not connection.scalar(any_ride):
            return {}
        return dict(connection.execute(query).all())


@wrong(
    "19.1.1", caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-02]"
)
def minutes_by_station(host, port, day):
    """Take all days up to this one."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date <= day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@right("19.1.1")
def minutes_by_station(host, port, day):
    """Filter the groups."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .group_by(rides.c.station, rides.c.ride_date)
        .having(rides.c.ride_date == day)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong("19.1.1", caught_by="test_q1_the_connection_is_one_of_sqlalchemy")
def minutes_by_station(host, port, day):
    """Use the client of Trino without SQLAlchemy."""
    from trino.dbapi import connect

    given = {"user": "analyst", "catalog": "lake", "schema": "bikes"}
    cursor = connect(host=host, port=port, **given).cursor()
    query = (
        "SELECT station, sum(minutes) FROM rides WHERE ride_date = ? GROUP BY station"
    )
    return dict(cursor.execute(query, (day,)).fetchall())


@wrong("19.1.1", caught_by="test_q1_a_day_with_many_stations_is_complete")
def minutes_by_station(host, port, day):
    """Read a fixed number of rows."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).fetchmany(1000))


@wrong("19.1.1", caught_by="test_q1_a_day_with_many_stations_is_complete")
def minutes_by_station(host, port, day):
    """Trim the names of the stations."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    station = func.trim(rides.c.station)
    query = (
        select(station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong(
    "19.1.1", caught_by="test_q1_the_minutes_of_each_station_are_returned[2026-03-03]"
)
def minutes_by_station(host, port, day):
    """Count equal rides once."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    found = select(rides).where(rides.c.ride_date == day).distinct().subquery()
    query = select(found.c.station, func.sum(found.c.minutes))
    with engine.connect() as connection:
        return dict(connection.execute(query.group_by(found.c.station)).all())


@right("19.1.1")
def minutes_by_station(host, port, day):
    """Send a parameter in front of the day, and connect by hand."""
    from trino.dbapi import connect

    given = {"user": "analyst", "catalog": "lake", "schema": "bikes"}
    engine = create_engine(
        "trino://", creator=lambda: connect(host=host, port=port, **given)
    )
    query = (
        select(rides.c.station, func.coalesce(func.sum(rides.c.minutes), 0))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong("19.1.1", caught_by="test_q1_each_call_sends_a_query")
@cache
def minutes_by_station(host, port, day):
    """Remember the result of a day."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


@wrong(
    "19.1.1", caught_by="test_q1_an_error_of_trino_reaches_the_caller[QUERY_QUEUE_FULL]"
)
def minutes_by_station(host, port, day):
    """Return an empty report if Trino does not answer."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    try:
        with engine.connect() as connection:
            return dict(connection.execute(query).all())
    except Exception:
        return {}


@wrong(
    "19.1.1", caught_by="test_q1_an_error_of_trino_reaches_the_caller[QUERY_QUEUE_FULL]"
)
def minutes_by_station(host, port, day):
    """Raise another error."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    try:
        with engine.connect() as connection:
            return dict(connection.execute(query).all())
    except Exception as error:
        raise RuntimeError("Trino does not answer.") from error


@wrong("19.1.1", caught_by="test_q1_a_refused_query_is_not_sent_again")
def minutes_by_station(host, port, day):
    """Try three times."""
    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    for attempt in range(3):
        try:
            with engine.connect() as connection:
                return dict(connection.execute(query).all())
        except Exception:
            if attempt == 2:
                raise


@right("19.1.1")
def minutes_by_station(host, port, day):
    """Keep an engine for each server, and look at errors without keeping them."""
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    if (host, port) not in _ENGINES:
        url = f"trino://analyst@{host}:{port}/lake/bikes"
        _ENGINES[host, port] = create_engine(url)
    try:
        with _ENGINES[host, port].connect() as connection:
            return dict(connection.execute(query).all())
    except Exception:
        print("The report failed.")
        raise


@wrong(
    "19.1.1", caught_by="test_q1_an_error_of_trino_reaches_the_caller[TABLE_NOT_FOUND]"
)
def minutes_by_station(host, port, day):
    """Take a missing table for a day without rides."""
    from sqlalchemy.exc import ProgrammingError

    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    try:
        with engine.connect() as connection:
            return dict(connection.execute(query).all())
    except ProgrammingError:
        return {}


@wrong(
    "19.1.1",
    caught_by="test_q1_an_error_of_trino_reaches_the_caller[HIVE_METASTORE_ERROR]",
)
def minutes_by_station(host, port, day):
    """Return an empty report if the lake is down."""
    from sqlalchemy.exc import OperationalError

    engine = create_engine(f"trino://analyst@{host}:{port}/lake/bikes")
    query = (
        select(rides.c.station, func.sum(rides.c.minutes))
        .where(rides.c.ride_date == day)
        .group_by(rides.c.station)
    )
    try:
        with engine.connect() as connection:
            return dict(connection.execute(query).all())
    except OperationalError:
        return {}


def predicted(**differences):
    """Return the predictions, with other values for some of them."""
    answer = {
        "rows after same key": 2,
        "rows after no key": 2,
        "rows after rollback": 2,
        "minutes after update": 12,
        "INSERTs of add_all": 3,
        "read returns": [12, 12],
    }
    return answer | differences


@right("19.1.2")
def limits():
    """Write the list as a tuple."""
    return predicted(**{"read returns": (12, 12)})


@right("19.1.2")
def limits():
    """Count by hand."""
    start = [(1, 12)]
    return {
        "rows after same key": len([*start, (1, 40)]),
        "rows after no key": len([*start, (None, 40)]),
        "rows after rollback": len([*start, (2, 40)]),
        "minutes after update": start[0][1],
        "INSERTs of add_all": len((2, 3, 4)),
        "read returns": [start[0][1]] * 2,
    }


@wrong("19.1.2", caught_by="test_q2_the_limits_are_predicted[rows after same key]")
def limits():
    """Believe in the primary key."""
    return predicted(**{"rows after same key": 1})


@wrong("19.1.2", caught_by="test_q2_the_limits_are_predicted[rows after no key]")
def limits():
    """Believe that nothing is sent without a key."""
    return predicted(**{"rows after no key": 1})


@wrong("19.1.2", caught_by="test_q2_the_limits_are_predicted[rows after rollback]")
def limits():
    """Believe in the rollback."""
    return predicted(**{"rows after rollback": 1})


@wrong("19.1.2", caught_by="test_q2_the_limits_are_predicted[minutes after update]")
def limits():
    """Believe in the UPDATE."""
    return predicted(**{"minutes after update": 15})


@wrong("19.1.2", caught_by="test_q2_the_limits_are_predicted[INSERTs of add_all]")
def limits():
    """Believe that the session sends one INSERT."""
    return predicted(**{"INSERTs of add_all": 1})


@wrong("19.1.2", caught_by="test_q2_the_limits_are_predicted[read returns]")
def limits():
    """Believe that there is one object for each row."""
    return predicted(**{"read returns": [12, 40]})


@wrong("19.1.2", caught_by="test_q2_the_limits_are_predicted[read returns]")
def limits():
    """Believe that the last row wins."""
    return predicted(**{"read returns": [40, 40]})


@wrong("19.1.2", caught_by="test_q2_the_limits_are_predicted[read returns]")
def limits():
    """Believe that the session removes the second row."""
    return predicted(**{"read returns": [12]})


@right("19.1.3")
def create_distinct_count():
    """Write one rule that asks the dialect, and let SQLAlchemy write the functions."""

    class _Count(FunctionElement):
        name = "distinct_count"
        type = BigInteger()
        inherit_cache = True

    @compiles(_Count)
    def rule(element, compiler, **kw):
        (x,) = element.clauses
        if compiler.dialect.name == "trino":
            return compiler.process(func.approx_distinct(x), **kw)
        return compiler.process(func.count(distinct(x)), **kw)

    return lambda x: _Count(x)


@right("19.1.3")
def create_distinct_count():
    """Derive from `GenericFunction`."""

    class DistinctCount(GenericFunction):
        _register = False
        type = Integer()
        name = "distinct_count"
        inherit_cache = True

    @compiles(DistinctCount)
    def everywhere(element, compiler, **kw):
        return "COUNT(DISTINCT(%s))" % compiler.process(element.clauses, **kw)

    @compiles(DistinctCount, "trino")
    def on_trino(element, compiler, **kw):
        return "APPROX_DISTINCT(%s)" % compiler.process(element.clauses, **kw)

    return DistinctCount


@right("19.1.3")
def create_distinct_count():
    """Derive from `count`, whose own rule stays for all other dialects."""

    class count_distinct(count):
        name = "count"
        inherit_cache = True
        _register = False

        def __init__(self, x):
            super().__init__(distinct(x))

    @compiles(count_distinct)
    def plain(element, compiler, **kw):
        return compiler.visit_function(element, **kw)

    @compiles(count_distinct, "trino")
    def approximate(element, compiler, **kw):
        (unary,) = element.clauses
        return f"approx_distinct({compiler.process(unary.element, **kw)})"

    return count_distinct


@wrong("19.1.3", caught_by="test_q3_other_dialects_count_exactly[bike-postgresql]")
def create_distinct_count():
    """Use the function of Trino everywhere."""
    return lambda x: func.approx_distinct(x, type_=Integer())


@wrong("19.1.3", caught_by="test_q3_trino_counts_with_approx_distinct[bike]")
def create_distinct_count():
    """Count exactly everywhere."""
    return lambda x: func.count(distinct(x))


@wrong("19.1.3", caught_by="test_q3_other_dialects_count_exactly[bike-postgresql]")
def create_distinct_count():
    """Have rules for Trino and SQLite only."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count, "sqlite")
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_other_dialects_count_exactly[bike-mysql]")
def create_distinct_count():
    """Let `approx_distinct` be the rule for the dialects that nobody named."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "sqlite")
    @compiles(distinct_count, "postgresql")
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_other_dialects_count_exactly[bike-str(query)]")
def create_distinct_count():
    """Name all dialects that SQLAlchemy has, but no default."""

    class distinct_count(FunctionElement):
        type = Integer()
        name = "distinct_count"
        inherit_cache = True

    @compiles(distinct_count, "sqlite", "postgresql", "mysql", "mssql", "oracle")
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_trino_counts_with_approx_distinct[bike]")
def create_distinct_count():
    """Use the name that other engines have for it."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_count_distinct({compiler.process(element.clauses, **kw)})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_other_dialects_count_exactly[bike-postgresql]")
def create_distinct_count():
    """Forget DISTINCT in the default."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        return f"count({compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_a_database_counts_any_expression[sqlite]")
def create_distinct_count():
    """Write the name of the column into the SQL."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        (x,) = element.clauses
        return f"count(DISTINCT {x.table.name}.{x.name})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        (x,) = element.clauses
        return f"approx_distinct({x.table.name}.{x.name})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_bound_parameters_stay_bound_parameters[sqlite]")
def create_distinct_count():
    """Write the values into the SQL."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        kw["literal_binds"] = True
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        kw["literal_binds"] = True
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_bound_parameters_stay_bound_parameters[sqlite]")
def create_distinct_count():
    """Compile the argument by itself, which loses its parameters."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {element.clauses.compile(dialect=compiler.dialect)})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({element.clauses.compile(dialect=compiler.dialect)})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_the_type_is_an_integer_type")
def create_distinct_count():
    """Forget the type."""

    class distinct_count(FunctionElement):
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_the_type_is_an_integer_type")
def create_distinct_count():
    """Take over the type of the argument."""

    class distinct_count(ReturnTypeFromArgs):
        _register = False
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_a_database_counts_any_expression[sqlite]")
def create_distinct_count():
    """Keep the argument where the cache of SQLAlchemy does not see it."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

        def __init__(self, x):
            super().__init__()
            self.x = x

        @property
        def _from_objects(self):
            return self.x._from_objects

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.x, **kw)})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.x, **kw)})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_trino_counts_with_approx_distinct[bike]")
def create_distinct_count():
    """Decide when the construct is created."""
    engine = create_engine("sqlite://")

    def distinct_count(x):
        if engine.dialect.name == "trino":
            return func.approx_distinct(x, type_=Integer())
        return func.count(distinct(x))

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_other_dialects_count_exactly[bike-postgresql]")
def create_distinct_count():
    """Return an expression instead of something to call."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    return distinct_count(rides.c.bike)


@wrong("19.1.3", caught_by="test_q3_other_dialects_count_exactly[bike-postgresql]")
def create_distinct_count():
    """Return text."""
    return lambda x: f"approx_distinct({x})"


@wrong("19.1.3", caught_by="test_q3_other_dialects_count_exactly[bike-postgresql]")
def create_distinct_count():
    """Forget `return`."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"


@wrong("19.1.3", caught_by="test_q3_one_statement_compiles_for_each_dialect_in_turn")
def create_distinct_count():
    """Remember the SQL of the first dialect."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def remembered(element, compiler, **kw):
        if not hasattr(element, "sql"):
            x = compiler.process(element.clauses, **kw)
            is_trino = compiler.dialect.name == "trino"
            element.sql = (
                f"approx_distinct({x})" if is_trino else f"count(DISTINCT {x})"
            )
        return element.sql

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_other_dialects_count_exactly[bike-dremio]")
def create_distinct_count():
    """Mistake every dialect from outside of SQLAlchemy for Trino."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def rule(element, compiler, **kw):
        x = compiler.process(element.clauses, **kw)
        known = ("sqlite", "postgresql", "mysql", "mssql", "oracle", "default")
        if compiler.dialect.name in known:
            return f"count(DISTINCT {x})"
        return f"approx_distinct({x})"

    return distinct_count


@right("19.1.3")
def create_distinct_count():
    """Derive from `ColumnElement`, and tell SQLAlchemy where its parts are."""
    from sqlalchemy.sql.visitors import InternalTraversal

    class DistinctCount(ColumnElement):
        type = Integer()
        inherit_cache = True
        _traverse_internals = [("x", InternalTraversal.dp_clauseelement)]

        def __init__(self, x):
            self.x = x

        @property
        def _from_objects(self):
            return self.x._from_objects

    @compiles(DistinctCount)
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.x, **kw)})"

    @compiles(DistinctCount, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.x, **kw)})"

    return DistinctCount


@wrong("19.1.3", caught_by="test_q3_other_dialects_count_exactly[bike-postgresql]")
def create_distinct_count():
    """Mix up the two rules."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "trino")
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_trino_counts_with_approx_distinct[bike]")
def create_distinct_count():
    """Use the old name of Trino for the dialect."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "presto")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_the_type_is_an_integer_type")
def create_distinct_count():
    """Give it the type of a decimal number."""
    from sqlalchemy import Numeric

    class distinct_count(FunctionElement):
        type = Numeric()
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_other_dialects_count_exactly[bike-postgresql]")
def create_distinct_count():
    """Return a whole SELECT."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    return lambda x: select(distinct_count(x)).scalar_subquery()


@wrong("19.1.3", caught_by="test_q3_dialects_with_other_names_count_exactly[my_trino]")
def create_distinct_count():
    """Look for a part of the name."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def rule(element, compiler, **kw):
        x = compiler.process(element.clauses, **kw)
        is_trino = "trino" in compiler.dialect.name
        return f"approx_distinct({x})" if is_trino else f"count(DISTINCT {x})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_dialects_with_other_names_count_exactly[trinodb]")
def create_distinct_count():
    """Look at how the name begins."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def rule(element, compiler, **kw):
        x = compiler.process(element.clauses, **kw)
        is_trino = compiler.dialect.name.startswith("trino")
        return f"approx_distinct({x})" if is_trino else f"count(DISTINCT {x})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_dialects_with_other_names_count_exactly[starburst]")
def create_distinct_count():
    """Look at the class of the dialect."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def rule(element, compiler, **kw):
        x = compiler.process(element.clauses, **kw)
        from trino.sqlalchemy.dialect import TrinoDialect

        is_trino = isinstance(compiler.dialect, TrinoDialect)
        return f"approx_distinct({x})" if is_trino else f"count(DISTINCT {x})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_dialects_with_other_names_count_exactly[presto]")
def create_distinct_count():
    """Have a rule for the old name of Trino, too."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "trino", "presto")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_other_functions_compile_as_before[sqlite]")
def create_distinct_count():
    """Register the class as `func.approx_distinct`."""

    class approx_distinct(GenericFunction):
        type = Integer()
        inherit_cache = True

    @compiles(approx_distinct)
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    @compiles(approx_distinct, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    return approx_distinct


@wrong("19.1.3", caught_by="test_q3_other_functions_compile_as_before[trino]")
def create_distinct_count():
    """Register the class as `func.sum`."""

    class distinct_count(GenericFunction):
        name = "sum"
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_the_sql_of_the_argument_stays[sqlite]")
def create_distinct_count():
    """Write all of the SQL in small letters."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        return f"count(distinct {compiler.process(element.clauses, **kw)})".lower()

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})".lower()

    return distinct_count


@wrong("19.1.3", caught_by="test_q3_the_sql_of_the_argument_stays[trino]")
def create_distinct_count():
    """Take DISTINCT out of the SQL."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def exactly(element, compiler, **kw):
        return f"count({compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})".replace(
            "DISTINCT ", ""
        )

    return lambda x: distinct_count(distinct(x))


@wrong("19.1.3", caught_by="test_q3_dialects_with_other_names_count_exactly[TRINO]")
def create_distinct_count():
    """Compare the name without its case."""

    class distinct_count(FunctionElement):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count)
    def rule(element, compiler, **kw):
        x = compiler.process(element.clauses, **kw)
        is_trino = compiler.dialect.name.casefold() == "trino"
        return f"approx_distinct({x})" if is_trino else f"count(DISTINCT {x})"

    return distinct_count


@right("19.1.3")
def create_distinct_count():
    """Register a function of its own name, and call the default rule by its name."""

    class distinct_count(GenericFunction):
        type = Integer()
        inherit_cache = True

    @compiles(distinct_count, "sqlite", "default")
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.clauses, **kw)})"

    @compiles(distinct_count, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.clauses, **kw)})"

    return func.distinct_count


@wrong("19.1.3", caught_by="test_q3_a_database_counts_any_expression[sqlite]")
def create_distinct_count():
    """Keep the argument in an attribute that SQLAlchemy's cache does not know."""

    class DistinctCount(FunctionElement):
        type = Integer()
        inherit_cache = True

        def __init__(self, x):
            self.x = x
            super().__init__()

        @property
        def _from_objects(self):
            return self.x._from_objects

    @compiles(DistinctCount)
    def exactly(element, compiler, **kw):
        return f"count(DISTINCT {compiler.process(element.x, **kw)})"

    @compiles(DistinctCount, "trino")
    def roughly(element, compiler, **kw):
        return f"approx_distinct({compiler.process(element.x, **kw)})"

    return DistinctCount
