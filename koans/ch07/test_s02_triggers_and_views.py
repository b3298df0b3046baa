"""The tests of section 7.2."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg.errors import DependentObjectsStillExist
from sqlalchemy import (
    Engine,
    MetaData,
    create_mock_engine,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session

from lab import (
    attempt,
    engine_for,
    in_words,
    outcome,
    returned_or_raised,
    sqlite_engine,
)


@pytest.fixture
def engine(postgres) -> Iterator[Engine]:
    """The engine of a new PostgreSQL database, in which nothing waits forever."""
    options = {"options": "-c lock_timeout=8000"}
    with engine_for(postgres.url, connect_args=options) as engine:
        yield engine


def execute(engine: Engine, *sql: str) -> list[Any]:
    """Execute statements in one transaction, and return the rows of the last one."""
    rows: list[Any] = []
    with engine.begin() as connection:
        for one in sql:
            result = connection.execute(text(one))
            rows = [tuple(row) for row in result] if result.returns_rows else []
    return rows


# The columns of the tables, whatever the learner's class says.
TABLES = (
    "CREATE TABLE riders (id serial PRIMARY KEY, team text NOT NULL,"
    " points integer NOT NULL DEFAULT 0)",
    "CREATE TABLE results (id serial PRIMARY KEY, race text NOT NULL,"
    " rider_id integer NOT NULL REFERENCES riders, place integer NOT NULL,"
    " points integer NOT NULL)",
)


def store(engine: Engine, rows: list[tuple[str, str, int]]) -> None:
    """Store a race, a team and the points for each result."""
    for number, (race, team, points) in enumerate(rows, 1):
        execute(
            engine,
            f"INSERT INTO riders (id, team) VALUES ({number}, '{team}')",
            "INSERT INTO results (race, rider_id, place, points)"
            f" VALUES ('{race}', {number}, 1, {points})",
        )


@pytest.fixture
def totals(answers, engine) -> Engine:
    """A database with the view, and no rows."""
    execute(engine, *TABLES, answers.TOTALS_VIEW)
    return engine


def mapped_class(answers: Any) -> Any:
    """Return the class of 7.2.1."""
    model = attempt("`team_total_class()`", answers.team_total_class)
    mapper = inspect(model, raiseerr=False) if isinstance(model, type) else None
    assert isinstance(mapper, Mapper), (
        f"`team_total_class()` returned {in_words(model)}. The docstring asks for a "
        "class that is mapped to the view."
    )
    names = sorted(attribute.key for attribute in mapper.attrs)
    assert names == ["points", "race", "team"], (
        f"The class has the attributes {names}. The docstring asks for race, team and "
        "points. Look at the columns of your class."
    )
    return model


def read(engine: Engine, query: Any) -> list[Any]:
    """Return the attributes of all objects that a query finds, in the order found."""
    with Session(engine) as session:
        found = attempt("A query for the class", lambda: session.scalars(query).all())
        return [
            attempt("Reading the attributes", lambda one=one: attributes(one))
            for one in found
        ]


def attributes(total: Any) -> tuple[Any, ...]:
    """Return the attributes of an object."""
    return total.race, total.team, total.points


def check_totals(
    answers: Any,
    engine: Engine,
    expected: list[Any],
    look: str = "one object for each row. Look at which columns identify a row.",
) -> None:
    """Compare the objects with the rows of the view."""
    seen = read(engine, select(mapped_class(answers)))
    assert sorted(seen) == sorted(expected), (
        f"The view has the rows {in_words(expected)}. `select(TeamTotal)` returned "
        f"objects with {in_words(seen)}. The docstring asks for {look}"
    )


ROWS = {
    "one race": [("Alps", "Sky", 9), ("Alps", "Sea", 4), ("Alps", "Ice", 1)],
    "one team": [("Alps", "Sky", 9), ("Coast", "Sky", 4), ("Hills", "Sky", 1)],
    "same points": [("Alps", "Sky", 5), ("Alps", "Sea", 5), ("Coast", "Sky", 5)],
}


@pytest.mark.parametrize("rows", ROWS)
def test_q1_there_is_one_object_for_each_row(answers, totals, rows):
    store(totals, ROWS[rows])
    check_totals(answers, totals, ROWS[rows])


def test_q1_the_view_adds_the_points_at_each_query(answers, totals):
    check_totals(answers, totals, [])
    store(totals, [("Alps", "Sky", 4), ("Alps", "Sky", 5), ("Alps", "Sea", 2)])
    check_totals(answers, totals, [("Alps", "Sky", 9), ("Alps", "Sea", 2)])
    execute(totals, "DELETE FROM results WHERE points = 4")
    check_totals(answers, totals, [("Alps", "Sky", 5), ("Alps", "Sea", 2)])


def test_q1_the_rows_are_those_of_the_view(answers, totals):
    store(totals, [("Alps", "Sky", 4), ("Alps", "Sea", 2)])
    double = answers.TOTALS_VIEW.replace("sum(", "2 * sum(")
    execute(totals, double)
    look = (
        "the rows of the view, whose SQL was replaced. Read the view, not its tables."
    )
    check_totals(answers, totals, [("Alps", "Sky", 8), ("Alps", "Sea", 4)], look)


def test_q1_create_all_for_the_tables_does_not_create_the_view(answers, totals):
    store(totals, [("Alps", "Sky", 4), ("Alps", "Sea", 2)])
    check_totals(answers, totals, [("Alps", "Sky", 4), ("Alps", "Sea", 2)])
    tables = sorted(answers.Base.metadata.tables)
    assert tables == ["results", "riders"], (
        f"The base class of the tables now has {tables}. Its `create_all` would create "
        "a table with the name of the view. The docstring asks for a subclass of "
        "`Views`."
    )


def test_q1_the_attributes_can_be_used_in_a_query(answers, totals):
    store(totals, [("Alps", "Sky", 4), ("Alps", "Sea", 6), ("Coast", "Sky", 9)])
    model = mapped_class(answers)
    seen = read(
        totals, select(model).where(model.race == "Alps").order_by(model.points.desc())
    )
    assert seen == [("Alps", "Sea", 6), ("Alps", "Sky", 4)], (
        f"A query for the totals of a race, highest first, returned {in_words(seen)} "
        "instead of those of Sea and Sky. Look at the attributes of your class."
    )


def test_q1_an_object_is_found_by_race_and_team(answers, totals):
    store(totals, [("Alps", "Sky", 4), ("Alps", "Sea", 6), ("Coast", "Ice", 9)])
    model = mapped_class(answers)
    keys = [column.key for column in inspect(model).primary_key]
    for team, points in (("Sky", 4), ("Sea", 6), ("Ice", None)):
        key = {"race": "Alps", "team": team}
        with Session(totals) as session:
            what = f"`session.get(TeamTotal, {key})`"
            found = outcome(lambda key=key: session.get(model, key))
            seen = attributes(found) if isinstance(found, model) else found
        expected = points and ("Alps", team, points)
        assert seen == expected, (
            f"{what}: {in_words(seen)} instead of {in_words(expected)}. The docstring "
            f"asks for an object by race and team. Your class has the key {keys}."
        )


@pytest.fixture
def session(answers, engine) -> Iterator[Session]:
    """A session on a database with the trigger and two riders."""
    triggers = answers.POINTS_FUNCTION, answers.POINTS_TRIGGER
    execute(engine, *TABLES, *triggers)
    execute(engine, "INSERT INTO riders (team) VALUES ('Sky'), ('Sea')")
    with Session(engine) as session:
        yield session


def new_result(answers: Any, session: Session, place: int, rider: int = 1) -> Any:
    """Return a new result of a rider that the session has loaded."""
    loaded = session.get(answers.Rider, rider)
    assert loaded is not None, "the rider is there"
    assert loaded.points is not None, "the points are loaded"
    # The session itself forgets, and loads again, what nobody refers to.
    session.info.setdefault("kept", []).append(loaded)
    what = f"`Result(race='Alps', place={place}, rider=rider)`"
    return attempt(what, answers.Result, race="Alps", place=place, rider=loaded)


def check_points(result: Any, expected: int, what: str) -> None:
    """Compare the points of a result with those in the database."""
    seen = attempt("Reading `points`", lambda: result.points)
    assert seen == expected, (
        f"{what}, and `points` of the result is {in_words(seen)}. In the database, the "
        f"trigger has set it to {expected}. The docstring asks for the value in the "
        "database. Look at who sets this column."
    )


def check_saved(result: Any, session: Session, expected: int) -> None:
    """Save a result, and compare the points of the rider with the database."""
    before, place, rider = result.rider.points, result.place, result.rider.id
    seen = attempt("`result.save(session)`", result.save, session)
    query = text(f"SELECT points FROM riders WHERE id = {rider}")
    there = session.connection().execute(query).scalar()
    assert there == expected, (
        f"`save` was called for a result with place {place}. Then the rider has "
        f"{there} points in the database instead of {expected}. `save` only has to "
        "flush the result: the trigger adds the points."
    )
    assert seen == expected, (
        f"The session knew {before} points of the rider. `save` of place {place} "
        f"returned {in_words(seen)}. In the database, the rider now has {there}. "
        "The docstring asks for this number. Look at who tells the session about it."
    )


@pytest.mark.parametrize(("place", "points"), [(3, 8), (1, 10)])
def test_q2_a_new_result_has_the_points_of_the_trigger(answers, session, place, points):
    result = new_result(answers, session, place)
    session.add(result)
    attempt("The flush of a new result", session.flush)
    check_points(result, points, f"A result with place {place} was added and flushed")


def test_q2_a_changed_result_has_the_points_of_the_trigger(answers, session):
    result = new_result(answers, session, 3)
    session.add(result)
    attempt("The flush of a new result", session.flush)
    for place, points in ((1, 10), (30, 0), (9, 2)):
        assert result.points is not None, "the points are loaded"
        result.place = place
        attempt("The flush of a changed result", session.flush)
        check_points(result, points, f"The place was changed to {place} and flushed")


def test_q2_a_saved_result_has_the_points_of_the_trigger(answers, session):
    first, second = (new_result(answers, session, place) for place in (4, 6))
    for result, points in ((first, 7), (second, 5), (first, 7)):
        attempt("`result.save(session)`", result.save, session)
        check_points(result, points, f"A result with place {result.place} was saved")


def test_q2_save_returns_the_points_of_the_rider(answers, session):
    check_saved(new_result(answers, session, 3), session, 8)
    check_saved(new_result(answers, session, 1), session, 18)
    check_saved(new_result(answers, session, 2, rider=2), session, 9)


def test_q2_save_returns_the_points_after_a_correction(answers, session):
    result = new_result(answers, session, 3)
    check_saved(result, session, 8)
    for place, points in ((1, 10), (11, 0), (10, 1)):
        result.place = place
        check_saved(result, session, points)


def test_q2_save_returns_points_that_others_have_added(answers, session, engine):
    result = new_result(answers, session, 3)
    execute(engine, "UPDATE riders SET points = 50 WHERE id = 1")
    check_saved(result, session, 58)
    session.commit()
    assert result.rider.points == 58, "the points are loaded"
    execute(engine, "UPDATE riders SET points = 60 WHERE id = 1")
    check_saved(result, session, 60)


def test_q2_the_rules_of_the_trigger_can_change(answers, session):
    rules = answers.POINTS_FUNCTION.replace("11 -", "101 -")
    session.execute(text(rules))
    session.commit()
    result = new_result(answers, session, 3)
    check_saved(result, session, 98)
    check_points(result, 98, "The trigger has a new rule. A result was saved")


def test_q2_save_does_not_commit(answers, session, engine):
    query = "SELECT count(*), (SELECT sum(points) FROM riders) FROM results"
    check_saved(new_result(answers, session, 2), session, 9)
    between = execute(engine, query)
    assert between == [(0, 0)], (
        "Before the caller committed, another connection saw (results, points): "
        f"{in_words(between[0])}. The docstring asks that `save` does not commit."
    )
    session.rollback()
    check_saved(new_result(answers, session, 4), session, 7)
    session.commit()
    after = execute(engine, query)
    assert after == [(1, 7)], (
        "The caller saved a result, rolled back, saved another one and committed. The "
        f"database has (results, points): {in_words(after[0])} instead of (1, 7). The "
        "docstring asks that `save` does not end the transaction."
    )


def test_q2_save_does_not_roll_back(answers, session, engine):
    check_saved(new_result(answers, session, 3), session, 8)
    broken = new_result(answers, session, 4)
    broken.race = None
    savepoint = session.begin_nested()
    raised = outcome(lambda: broken.save(session))
    assert isinstance(raised, IntegrityError), (
        f"A result without a race: `save` returned or raised {in_words(raised)}. The "
        "database refuses such a result: IntegrityError must reach the caller."
    )
    try:
        savepoint.rollback()
        session.commit()
    except Exception:
        session.rollback()
    seen = execute(engine, "SELECT race, place FROM results")
    assert seen == [("Alps", 3)], (
        "The caller saved a result. A second one failed in a savepoint. The caller "
        "rolled back to the savepoint, and committed. The database has "
        f"{in_words(seen)} instead of the first result. The docstring asks that `save` "
        "does not roll back."
    )


def test_q2_save_keeps_what_the_caller_did_before(answers, session, engine):
    rider = session.get(answers.Rider, 2)
    rider.team = "Ice"
    check_saved(new_result(answers, session, 1, rider=2), session, 10)
    session.commit()
    seen = execute(engine, "SELECT team, points FROM riders WHERE id = 2")
    assert seen == [("Ice", 10)], (
        "The caller changed the rider's team, saved a result and committed. The rider "
        f"has {in_words(seen[0])} instead of ('Ice', 10). `save` must not lose what "
        "the session has not sent yet."
    )


def managed(answers: Any) -> MetaData:
    """Return a new metadata with the tables, after `manage(metadata)`."""
    metadata = MetaData()
    for table in answers.Base.metadata.sorted_tables:
        table.to_metadata(metadata)
    attempt("`manage(metadata)`", answers.manage, metadata)
    return metadata


ORDER = "Look at the order of your statements, and at the moment of each one."


@contextmanager
def quiet(what: str, look: str = ORDER) -> Iterator[None]:
    """Turn an exception of the block into a message that says `what` raised it."""
    raised: Exception | None = None
    try:
        yield
    except Exception as error:
        raised = error
    assert raised is None, (
        f"{what} raised {in_words(raised)}. The docstring asks for no error here. "
        f"{look}"
    )


def create(
    metadata: MetaData, engine: Engine, what: str = "", look: str = ORDER
) -> None:
    """Call `create_all`."""
    with quiet(f"`metadata.create_all(engine)`{what}", look):
        metadata.create_all(engine)


def drop(metadata: MetaData, engine: Engine, what: str = "", look: str = ORDER) -> None:
    """Call `drop_all`."""
    with quiet(f"`metadata.drop_all(engine)`{what}", look):
        metadata.drop_all(engine)


def objects(engine: Engine) -> list[str]:
    """Return the names of tables, views, triggers and functions of the database."""
    names = execute(
        engine,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'v', 'm')"
        " UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        " UNION ALL SELECT proname FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
    )
    return [name for (name,) in names]


OBJECTS = ["results", "results_points", "riders", "set_points", "team_totals"]


def check_objects(engine: Engine, expected: list[str], what: str) -> None:
    """Compare what the database has."""
    seen = objects(engine)
    assert seen == sorted(expected), (
        f"{what}, the database has {in_words(seen)}. The docstring asks for "
        f"{in_words(sorted(expected))}. Look at the events of the metadata."
    )


def check_race(engine: Engine, race: str, what: str) -> None:
    """Store a result, and compare what the trigger and the view make of it."""
    with quiet(f"{what}, storing a result"):
        seen = execute(
            engine,
            "INSERT INTO riders (id, team) VALUES (1, 'Sky') ON CONFLICT DO NOTHING",
            "INSERT INTO results (race, rider_id, place, points)"
            f" VALUES ('{race}', 1, 3, 0)",
            f"SELECT race, team, points FROM team_totals WHERE race = '{race}'",
        )
    assert seen == [(race, "Sky", 8)], (
        f"{what}, a result with place 3 was stored. The view has {in_words(seen)} "
        f"instead of one row with 8 points. The docstring asks to execute the given "
        "definitions each time."
    )


def test_q3_create_all_creates_everything(answers, engine):
    create(managed(answers), engine)
    check_objects(engine, OBJECTS, "After `create_all`")
    check_race(engine, "Alps", "After `create_all`")


def test_q3_create_all_replaces_old_definitions(answers, engine):
    metadata = managed(answers)
    create(metadata, engine)
    check_race(engine, "Alps", "After `create_all`")
    execute(
        engine,
        "CREATE OR REPLACE VIEW team_totals AS SELECT race, team,"
        " 99::bigint AS points FROM results JOIN riders ON true",
        "DROP TRIGGER results_points ON results",
        answers.POINTS_FUNCTION.replace("11 -", "99 -"),
    )
    create(metadata, engine, " in a database with old definitions")
    check_race(engine, "Coast", "After `create_all` with old definitions")
    seen = execute(engine, "SELECT race, points FROM results ORDER BY id")
    assert seen == [("Alps", 8), ("Coast", 8)], (
        f"After the second `create_all`, the results are {in_words(seen)}. The first "
        "one must still be there. The docstring asks to keep the rows."
    )


@pytest.mark.parametrize("kind", ["view", "trigger"])
def test_q3_create_all_keeps_what_others_have_built(answers, engine, kind):
    metadata = managed(answers)
    create(metadata, engine)
    check_objects(engine, OBJECTS, "After `create_all`")
    execute(engine, OTHERS[kind])
    before = objects(engine)
    look = "Replace the definitions without a DROP."
    create(metadata, engine, f" for the second time, beside somebody's {kind},", look)
    check_objects(engine, before, f"After `create_all` beside somebody's {kind}")


def test_q3_create_all_adds_what_is_missing(answers, engine):
    execute(engine, *TABLES)
    create(managed(answers), engine, " in a database that has the tables only")
    check_objects(engine, OBJECTS, "After `create_all` with existing tables")
    check_race(engine, "Alps", "After `create_all` with existing tables")


def test_q3_drop_all_drops_everything(answers, engine):
    metadata = managed(answers)
    for _ in range(2):
        create(metadata, engine)
        check_race(engine, "Alps", "After `create_all`")
        drop(metadata, engine)
        check_objects(engine, [], "After `drop_all`")


def test_q3_drop_all_raises_no_error_if_nothing_exists(answers, engine):
    metadata = managed(answers)
    look = "Look at what your statements do if there is nothing to drop."
    drop(metadata, engine, " in an empty database", look)
    create(metadata, engine)
    drop(metadata, engine)
    drop(metadata, engine, " for the second time", look)
    check_objects(engine, [], "After `drop_all`")


@pytest.mark.parametrize(
    "gone",
    ["DROP VIEW team_totals", "DROP TABLE results, riders CASCADE"],
    ids=["view", "tables"],
)
def test_q3_drop_all_drops_what_is_left(answers, engine, gone):
    metadata = managed(answers)
    create(metadata, engine)
    execute(engine, gone)
    drop(metadata, engine, f" after {gone}", "Drop what is left, and ignore the rest.")
    check_objects(engine, [], f"After {gone} and `drop_all`")


def test_q3_drop_all_keeps_what_belongs_to_others(answers, engine):
    metadata = managed(answers)
    create(metadata, engine)
    others = "CREATE TABLE bikes (id integer)", "CREATE VIEW old AS SELECT * FROM bikes"
    function = "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    execute(engine, *others, function)
    drop(metadata, engine)
    check_objects(engine, ["bikes", "old", "one"], "After `drop_all`")


OTHERS = {
    "view": "CREATE VIEW podium AS SELECT * FROM team_totals WHERE points > 7",
    "trigger": "CREATE TABLE podium (place integer, points integer, rider_id integer);"
    " CREATE TRIGGER podium_points BEFORE INSERT ON podium"
    " FOR EACH ROW EXECUTE FUNCTION set_points()",
}


@pytest.mark.parametrize("kind", OTHERS)
def test_q3_what_others_built_is_not_dropped_silently(answers, engine, kind):
    metadata = managed(answers)
    create(metadata, engine)
    execute(engine, OTHERS[kind])
    before = objects(engine)
    raised = outcome(lambda: metadata.drop_all(engine))
    after = objects(engine)
    error = getattr(raised, "orig", raised)
    assert isinstance(error, DependentObjectsStillExist), (
        f"Somebody's {kind} uses what `manage` created. `drop_all` "
        f"{returned_or_raised(raised)}. Before, the database had {in_words(before)}, "
        f"now {in_words(after)}. The docstring asks for PostgreSQL's error, and not to "
        "use CASCADE."
    )
    assert after == before, (
        f"`drop_all` raised {in_words(raised)}, because somebody's {kind} uses what "
        f"`manage` created. Then the database has {in_words(after)}. All must still be "
        "there: `drop_all` runs in a transaction."
    )


def test_q3_on_other_databases_there_are_only_the_tables(answers, engine):
    metadata = managed(answers)
    create(metadata, engine)
    check_objects(engine, OBJECTS, "After `create_all` on PostgreSQL")
    with sqlite_engine() as sqlite:
        look = "Look for statements that are only for PostgreSQL."
        execute(sqlite, "CREATE VIEW team_totals AS SELECT 1 AS points")
        create(metadata, sqlite, " on SQLite", look)
        names = "SELECT name FROM sqlite_master WHERE sql IS NOT NULL ORDER BY 1"
        seen = [name for (name,) in execute(sqlite, names)]
        drop(metadata, sqlite, " on SQLite", look)
        left = [name for (name,) in execute(sqlite, names)]
    view = ["team_totals"]
    assert (seen, left) == (["results", "riders", *view], view), (
        "A SQLite database has a view `team_totals` of its own. After `create_all`, it "
        f"has {in_words(seen)}, and after `drop_all` {in_words(left)}. The docstring "
        "asks that only the tables are created and dropped."
    )
    sent: list[str] = []
    mysql = create_mock_engine(
        "mysql://", lambda sql, *_: sent.append(str(sql).strip())
    )
    with quiet("`create_all` and `drop_all` on MySQL", look):
        metadata.create_all(mysql, checkfirst=False)
        metadata.drop_all(mysql, checkfirst=False)
    others = [one for one in sent if not re.match("(CREATE|DROP) TABLE", one)]
    assert not others, (
        f"On MySQL, `{others[0]:.40}` was sent. The docstring asks that only the "
        "tables are created and dropped on all other databases."
    )


def test_q3_other_metadata_are_not_changed(answers, engine):
    first, second = managed(answers), managed(answers)
    other = MetaData()
    answers.Rider.__table__.to_metadata(other)
    create(other, engine, " of another metadata, which was not given to `manage`,")
    check_objects(engine, ["riders"], "After `create_all` of another metadata")
    for metadata in (first, second):
        create(metadata, engine)
        check_objects(engine, OBJECTS, "After `create_all`")
        drop(metadata, engine)
