"""The tests of section 23.1."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from lab import (
    PostgresDatabase,
    Unavailable,
    attempt,
    engine_for,
    in_words,
    outcome,
    postgres_database,
    returned_or_raised,
)


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresDatabase]:
    """A PostgreSQL database, which each test empties before it begins."""
    try:
        with postgres_database() as database:
            yield database
    except (ImportError, Unavailable) as missing:
        pytest.skip(f"PostgreSQL: {missing}")


EMPTY = (
    "DROP EVENT TRIGGER IF EXISTS begins",
    "DROP EVENT TRIGGER IF EXISTS ends",
    "DROP TABLE IF EXISTS students, instruments",
)


@pytest.fixture
def engine(database) -> Iterator[Engine]:
    """The engine of a database without tables, in which nothing waits forever."""
    options = {"options": "-c lock_timeout=2000 -c client_min_messages=warning"}
    with engine_for(database.url, connect_args=options) as engine:
        execute(engine, *EMPTY)
        yield engine


def execute(engine: Engine, *sql: str, **values: object) -> list[Any]:
    """Execute statements in one transaction, and return the rows of the last one."""
    rows: list[Any] = []
    with engine.begin() as connection:
        for one in sql:
            result = connection.execute(text(one), values)
            rows = [tuple(row) for row in result] if result.returns_rows else []
    return rows


def wait_for_lock(engine: Engine, call: Future[Any]) -> None:
    """Wait until a call in another thread waits for a lock, or is over."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(1500):  # looks, not seconds
        if call.done() or execute(engine, waiting)[0][0]:
            return
        time.sleep(0.01)


def columns_of(engine: Engine, table: str) -> list[str]:
    """Return the names of the columns of a table."""
    query = (
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:table)"
        " AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    )
    return [name for (name,) in execute(engine, query, table=table)]


class School:
    """The application of 23.1.1: its running releases, and what happened to them.

    `failed` are the statements that failed, and `misread` the names that were read
    wrongly, as sentences.
    """

    def __init__(self, answers: Any, engine: Engine) -> None:
        self.answers, self.engine = answers, engine
        self.running = ["v1"]
        self.saved: list[str] = []
        self.failed: list[str] = []
        self.misread: list[str] = []
        execute(engine, "CREATE TABLE students (id serial, name text NOT NULL)")
        self.use("Before the first step")

    def go(self, step: str) -> None:
        """Do a step, while the application is used."""
        if step in self.answers.MIGRATIONS:
            self.send(f"The migration {step!r}", self.answers.MIGRATIONS[step])
        else:
            self.running.append(step)
            self.use(f"While {step} was deployed")
            self.running = [step]
        self.use(f"After the step {step!r}")

    def use(self, when: str) -> None:
        """Let each running release save a student, then let each of them read all."""
        for release in self.running:
            name = f"Ann {len(self.saved)} of {release}"
            columns = self.answers.RELEASES[release][1]
            values = ", ".join(":name" for _ in columns)
            insert = f"INSERT INTO students ({', '.join(columns)}) VALUES ({values})"
            if self.send(f"{when}, an INSERT of {release}", insert, name=name) == []:
                self.saved.append(name)
        for release in self.running:
            self.read(when, release)

    def read(self, when: str, release: str) -> None:
        """Compare the names that a release reads with those that were saved."""
        select = f"SELECT {self.answers.RELEASES[release][0]} FROM students ORDER BY id"
        rows = self.send(f"{when}, a SELECT of {release}", select) or []
        for (name,), saved in zip(rows, self.saved, strict=False):
            if name != saved:
                self.misread.append(f"{when}, {release} read {name!r} for {saved!r}")

    def send(self, what: str, sql: str, **values: object) -> list[Any] | None:
        """Return the rows of a statement, or None if it failed."""
        try:
            return execute(self.engine, sql, **values)
        except DBAPIError as error:
            self.failed.append(f"{what} failed with {in_words(error.orig)}")
            return None


def steps_of(answers: Any) -> list[str]:
    """Return the steps of the plan, which has to have the right form."""
    plan = attempt("`plan()`", answers.plan)
    known = {*answers.MIGRATIONS, *answers.RELEASES}
    is_plan = isinstance(plan, list | tuple) and all(
        isinstance(step, str) and step in known for step in plan
    )
    assert is_plan, (
        f"`plan()` returned {in_words(plan)}. The docstring asks for a list of keys of "
        "`MIGRATIONS` and `RELEASES`."
    )
    return list(plan)


def test_q1_the_plan_contains_each_step_once(answers):
    steps = steps_of(answers)
    asked = {*answers.MIGRATIONS, "v2", "v3", "v4"}
    missing = sorted(asked - set(steps))
    extra = sorted({one for one in steps if steps.count(one) > 1 or one not in asked})
    what = (
        f"lacks {in_words(missing)}" if missing else f"has {in_words(extra)} too often"
    )
    assert sorted(steps) == sorted(asked), (
        f"`plan()` {what}. The docstring asks for each migration once, and for v2, v3 "
        "and v4 once. v1 is running already."
    )


def test_q1_no_statement_fails(answers, engine):
    school = School(answers, engine)
    for step in steps_of(answers):
        school.go(step)
    assert not school.failed, (
        f"{school.failed[0]}. The docstring asks that no statement fails. Look at the "
        "columns that the table has at this time, and at those that each running "
        "release uses."
    )


def test_q1_each_release_reads_every_name(answers, engine):
    school = School(answers, engine)
    for step in steps_of(answers):
        school.go(step)
    assert not school.misread, (
        f"{school.misread[0]}. The docstring asks that it reads the right name. Look "
        "at which column it reads, and at which step has filled it for all rows."
    )


def test_q1_in_the_end_the_column_has_its_new_name(answers, engine):
    school = School(answers, engine)
    for step in steps_of(answers):
        school.go(step)
    columns = columns_of(engine, "students")
    assert (columns, school.running) == (["id", "full_name"], ["v4"]), (
        f"After the last step, {in_words(school.running)} is running, and `students` "
        f"has the columns {in_words(columns)}. The docstring asks for a column that is "
        "renamed to `full_name`, so v4 is the last release. Look for the missing step."
    )


COURSES = (
    "CREATE TABLE courses (id serial PRIMARY KEY, title text NOT NULL,"
    " starts_on date NOT NULL, weeks integer NOT NULL)"
)
WITH_COLUMN = "ALTER TABLE courses ADD COLUMN ends_on date"
ADD = "INSERT INTO courses (title, starts_on, weeks) VALUES ('Harp', '2026-03-02', 4)"
ADD_WITH_END = (
    "INSERT INTO courses (title, starts_on, weeks, ends_on)"
    " VALUES ('Oboe', '2026-03-02', 4, '2026-05-01')"
)
# At both ends of each ALTER TABLE and after each UPDATE, its transaction notes whether
# it holds a lock that blocks writes, how many rows it has read so far (an ANALYZE
# counts as one), and how many were changed.
WATCH = (
    "CREATE TABLE seen (number serial, xid bigint, event text, blocks boolean,"
    " reads bigint, changed bigint)",
    """
    CREATE FUNCTION note(event text, changed bigint) RETURNS void LANGUAGE sql AS $$
    SELECT pg_stat_clear_snapshot();
    INSERT INTO seen (xid, event, blocks, reads, changed) VALUES (
        txid_current(), event,
        EXISTS (SELECT 1 FROM pg_locks WHERE pid = pg_backend_pid() AND granted
            AND relation = to_regclass('courses') AND mode IN ('ShareLock',
            'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')),
        (SELECT seq_tup_read + coalesce(idx_tup_fetch, 0)
            + pg_stat_get_analyze_count(relid)
            FROM pg_stat_xact_user_tables WHERE relid = to_regclass('courses')),
        changed)
    $$
    """,
    """
    CREATE FUNCTION note_ddl() RETURNS event_trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM note(current_query(), 0); END $$
    """,
    """
    CREATE FUNCTION note_update() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM note(current_query(), (SELECT count(*) FROM new_rows));
    RETURN NULL; END $$
    """,
    "CREATE TRIGGER watch AFTER UPDATE ON courses REFERENCING NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION note_update()",
    "CREATE EVENT TRIGGER begins ON ddl_command_start EXECUTE FUNCTION note_ddl()",
    "CREATE EVENT TRIGGER ends ON ddl_command_end EXECUTE FUNCTION note_ddl()",
)
METHODS = ["add_column", "fill", "add_check", "set_not_null"]


def courses(engine: Engine, number: int, *changes: str) -> None:
    """Create the table with this number of courses, change it, and watch it."""
    is_superuser = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    if not execute(engine, is_superuser)[0][0]:
        pytest.skip(
            "PostgreSQL: 23.1.2 creates event triggers, so the user in "
            "KOANS_POSTGRES_URL has to be a superuser."
        )
    rows = (
        "INSERT INTO courses (title, starts_on, weeks) SELECT 'Harp', "
        f"date '2026-01-05' + n, n % 9 FROM generate_series(1, {number}) AS n"
    )
    empty = ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    execute(engine, *empty, COURSES, rows, *changes, *WATCH)


def migrate(engine: Engine, migration: Any, *methods: str) -> None:
    """Let Alembic run methods of the migration, each one in its transaction."""
    for method in methods:
        with limited(engine, method), noted(engine):
            attempt(f"`{method}`", upgrade, engine, migration, method)


def upgrade(engine: Engine, migration: Any, method: str) -> None:
    """Run a method as Alembic runs the function `upgrade` of a revision."""
    with engine.connect() as connection:
        options = {"transaction_per_migration": True}
        context = MigrationContext.configure(connection, opts=options)
        with (
            Operations.context(context) as op,
            context.begin_transaction(_per_migration=True),
        ):
            getattr(migration, method)(op)


@contextmanager
def noted(engine: Engine) -> Iterator[None]:
    """Write down what a transaction holds before it commits."""

    def commit(connection: Connection) -> None:
        with connection.connection.cursor() as cursor:
            cursor.execute("SELECT note('COMMIT', 0)")

    event.listen(engine, "commit", commit)
    try:
        yield
    finally:
        event.remove(engine, "commit", commit)


@contextmanager
def limited(engine: Engine, method: str) -> Iterator[None]:
    """Stop a method that sends too many statements: it could run forever."""
    number = execute(engine, "SELECT count(*) FROM courses")[0][0]
    most, sent = number // 100 * 3 + (12 if method == "fill" else 60), 0

    def count(*_: object) -> None:
        nonlocal sent
        sent += 1
        assert sent <= most, f"{method} does not end"

    event.listen(engine, "before_cursor_execute", count)
    try:
        yield
    except AssertionError:
        if sent <= most:
            raise
    finally:
        event.remove(engine, "before_cursor_execute", count)
    assert sent <= most, (
        f"The table had {number} courses, and `{method}` sent more than {most} "
        "statements. The docstring asks to execute `FILL`, which changes up to 100 "
        "courses, until no row is left to change. Look at when your loop ends."
    )


def ends(engine: Engine, where: str = "true") -> list[Any]:
    """Return `ends_on` of the courses, in their order."""
    query = f"SELECT CAST(ends_on AS text) FROM courses WHERE {where} ORDER BY id"
    return [value for (value,) in execute(engine, query)]


def column_type(engine: Engine) -> tuple[object, ...]:
    """Return the type of `ends_on`, whether it is NOT NULL, and its default."""
    query = (
        "SELECT format_type(atttypid, atttypmod), attnotnull, atthasdef"
        " FROM pg_attribute WHERE attrelid = 'courses'::regclass"
        " AND attname = 'ends_on'"
    )
    found = execute(engine, query)
    return tuple(found[0]) if found else ("missing",)


def test_q2_add_column_adds_a_nullable_date(answers, engine):
    courses(engine, 3)
    migrate(engine, answers.AddEndsOn(), "add_column")
    seen = column_type(engine)
    assert seen == ("date", False, False), (
        f"After `add_column`, `ends_on` has (type, NOT NULL, default) {in_words(seen)}."
        " The docstring asks for the type date, nullable, without a default."
    )
    execute(engine, ADD)
    assert ends(engine) == [None] * 4, (
        f"After `add_column` and an INSERT of the old code, the courses have `ends_on` "
        f"{in_words(ends(engine))}. The docstring asks for a column without a default. "
        "Only `fill` sets values."
    )


@pytest.mark.parametrize("number", [0, 100, 1350])
def test_q2_fill_sets_ends_on_of_every_course(answers, engine, number):
    courses(engine, number, WITH_COLUMN)
    migrate(engine, answers.AddEndsOn(), "fill")
    wrong = ends(engine, "ends_on IS DISTINCT FROM starts_on + 7 * weeks")
    assert not wrong, (
        f"The table had {number} courses. `fill` left {len(wrong)} with a wrong "
        f"`ends_on`, such as {in_words(wrong[0])}. The docstring asks to execute "
        "`FILL` until no row is left to change. Look at when your loop ends."
    )


def test_q2_fill_commits_after_each_execution(answers, engine):
    courses(engine, 350, WITH_COLUMN)
    migrate(engine, answers.AddEndsOn(), "fill")
    rows = execute(engine, "SELECT sum(changed) FROM seen GROUP BY xid ORDER BY xid")
    changed = [int(one) for (one,) in rows if one]
    assert changed == [100, 100, 100, 50], (
        f"350 courses had no `ends_on`. The transactions of `fill` have changed "
        f"{in_words(changed)} of them. The docstring asks to execute `FILL`, which "
        "changes up to 100, and to commit each time. A changed row is locked until the "
        "commit. Look at where your code commits."
    )


# From the course with the number 150 on, a value of `ends_on` is refused.
FAULT = (
    "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE 'no space left' USING ERRCODE = 'disk_full'; END $$",
    "CREATE TRIGGER fault BEFORE UPDATE ON courses FOR EACH ROW WHEN (NEW.id >= 150)"
    " EXECUTE FUNCTION fault()",
)


def test_q2_fill_lets_an_error_pass_and_can_go_on(answers, engine):
    courses(engine, 250, WITH_COLUMN, *FAULT)
    migration = answers.AddEndsOn()
    with limited(engine, "fill"):
        seen = outcome(lambda: upgrade(engine, migration, "fill"))
    done = len(ends(engine, "ends_on IS NOT NULL"))
    assert isinstance(seen, DBAPIError), (
        f"The second `FILL` of `fill` failed, and `fill` {returned_or_raised(seen)}. "
        "The docstring asks that an error of the database passes through, so that the "
        "next step does not begin."
    )
    execute(engine, "DROP TRIGGER fault ON courses")
    migrate(engine, migration, "fill")
    left = len(ends(engine, "ends_on IS NULL"))
    assert (done, left) == (100, 0), (
        f"The second `FILL` of `fill` failed. Then {done} of 250 courses had `ends_on`,"
        f" and {left} had none after another `fill`. The docstring asks to commit "
        "after each execution: 100 courses stay filled, and `fill` can go on."
    )


def test_q2_fill_keeps_the_values_that_are_there(answers, engine):
    courses(engine, 120, WITH_COLUMN, ADD_WITH_END)
    execute(engine, "UPDATE courses SET ends_on = '2026-12-24' WHERE id = 3")
    migrate(engine, answers.AddEndsOn(), "fill", "fill")
    seen = ends(engine, "id IN (3, 121)")
    asked = ["2026-12-24", "2026-05-01"]
    assert (seen, ends(engine, "ends_on IS NULL")) == (asked, []), (
        f"The new code has set `ends_on` of two courses to {in_words(asked)}. After "
        f"`fill`, they have {in_words(seen)}. The docstring asks to execute `FILL`, "
        "which changes only rows where it is NULL. Look at what else changes rows."
    )


def test_q2_fill_keeps_a_value_that_is_saved_meanwhile(answers, engine, database):
    courses(engine, 150, WITH_COLUMN)
    with (
        ThreadPoolExecutor(1) as thread,
        engine_for(database.url) as patient,
        engine.connect() as application,
    ):
        save = "UPDATE courses SET ends_on = '2026-12-24' WHERE id = 5"
        application.execute(text(save))
        filling = thread.submit(migrate, patient, answers.AddEndsOn(), "fill")
        wait_for_lock(engine, filling)
        application.commit()
        filling.result()
    seen = ends(engine, "id = 5")
    assert seen == ["2026-12-24"], (
        "While `fill` ran, the application set `ends_on` of course 5 to 2026-12-24. "
        f"After `fill`, it is {in_words(seen[0])}. The docstring asks to execute "
        "`FILL`, which keeps such a value. Look at what else changes rows."
    )


FILLED = "UPDATE courses SET ends_on = starts_on + 7 * weeks"


def check_refused(engine: Engine, sql: str, after: str) -> None:
    """Check that the database refuses a statement."""
    seen = outcome(lambda: execute(engine, sql))
    assert isinstance(seen, IntegrityError), (
        f"After `{after}`, `{sql}` {returned_or_raised(seen)}. The docstring asks that "
        "the database refuses a course without `ends_on`. Look at your constraint."
    )


def check_saved(engine: Engine, after: str) -> None:
    """Check that the new code can save a course."""
    before = len(ends(engine))
    attempt(f"After `{after}`, `{ADD_WITH_END}`", execute, engine, ADD_WITH_END)
    assert len(ends(engine)) == before + 1, (
        f"After `{after}`, an INSERT with `ends_on` added no course. The docstring "
        "asks to refuse only those without it."
    )


def test_q2_add_check_refuses_rows_without_ends_on(answers, engine):
    courses(engine, 120, WITH_COLUMN, FILLED)
    migrate(engine, answers.AddEndsOn(), "add_check")
    check_refused(engine, ADD, "add_check")
    check_saved(engine, "add_check")
    check_refused(engine, "UPDATE courses SET ends_on = NULL", "add_check")


def test_q2_set_not_null_makes_the_column_not_null(answers, engine):
    courses(engine, 120, WITH_COLUMN, FILLED)
    migrate(engine, answers.AddEndsOn(), "add_check", "set_not_null")
    seen = column_type(engine)
    assert seen == ("date", True, False), (
        f"After `set_not_null`, `ends_on` has (type, NOT NULL, default) "
        f"{in_words(seen)}. The docstring asks for a column that is NOT NULL, and "
        "whose type and default are as before."
    )
    check_refused(engine, ADD, "set_not_null")
    check_saved(engine, "set_not_null")


def test_q2_set_not_null_leaves_no_check_constraint(answers, engine):
    courses(engine, 120, WITH_COLUMN, FILLED)
    migrate(engine, answers.AddEndsOn(), "add_check", "set_not_null")
    query = (
        "SELECT conname FROM pg_constraint WHERE contype IN ('c', 'p')"
        " AND conrelid = 'courses'::regclass ORDER BY conname"
    )
    names = [name for (name,) in execute(engine, query)]
    assert names == ["courses_pkey"], (
        f"After `set_not_null`, `courses` has the constraints {in_words(names)}. The "
        "docstring asks for no CHECK constraint, and the primary key stays."
    )


def read_under_lock(engine: Engine, since: int) -> list[str]:
    """Return the statements that read rows under a lock that blocks writes.

    A SELECT is noted with the statement after it.
    """
    query = """
        SELECT event FROM (SELECT *, reads - lag(reads, 1, reads)
            OVER (PARTITION BY xid ORDER BY number) AS read FROM seen) AS events
        WHERE blocks AND read + changed > 0 AND number > :since ORDER BY number
    """
    return [one for (one,) in execute(engine, query, since=since)]


@pytest.mark.parametrize("method", METHODS)
def test_q2_no_rows_are_read_under_a_lock_that_blocks_writes(answers, engine, method):
    courses(engine, 350)
    migration, before = answers.AddEndsOn(), METHODS[: METHODS.index(method)]
    migrate(engine, migration, *before)
    since = execute(engine, "SELECT coalesce(max(number), 0) FROM seen")[0][0]
    migrate(engine, migration, method)
    events = read_under_lock(engine, since)
    assert not events, (
        f"`{method}` read rows under a table lock that blocks writes, in or before "
        f"{in_words(events[0])}. Clients wait. The docstring asks that no method does "
        "so. Look at which statements read rows, and which locks are held."
    )


@pytest.mark.parametrize("number", [0, 250])
def test_q2_the_application_runs_during_the_migration(answers, engine, number):
    courses(engine, number)
    migration = answers.AddEndsOn()
    execute(engine, ADD)
    migrate(engine, migration, "add_column")
    for method in METHODS[1:]:
        check_saved(engine, "add_column" if method == "fill" else "fill")
        migrate(engine, migration, method)
    kept = ends(engine, "title = 'Oboe'")
    filled = ends(engine, "ends_on = starts_on + 7 * weeks AND title = 'Harp'")
    assert (kept, len(filled)) == (["2026-05-01"] * 3, number + 1), (
        "The new code saved 3 courses between the steps, and `ends_on` of them is "
        f"{in_words(kept)}. {number + 1} courses were older, and {len(filled)} of them "
        "have the right `ends_on`. The docstring asks for it in each. Look at `fill`."
    )


INSTRUMENTS = (
    "CREATE TABLE instruments (number integer PRIMARY KEY, place text NOT NULL)",
    "INSERT INTO instruments VALUES (7, 'A1'), (8, 'A2'), (70, 'A3')",
)
WITH_ROOM = "ALTER TABLE instruments ADD COLUMN room text"
COPIED = "UPDATE instruments SET room = place"
OTHER = "UPDATE instruments SET room = 'new ' || number"


class Service:
    """The koan's service on a database, with flags that the test turns on and off."""

    def __init__(self, answers: Any, engine: Engine, **flags: bool) -> None:
        self.engine, self.flags = engine, answers.Flags(**flags)
        self.service = attempt("`Instruments(flags)`", answers.Instruments, self.flags)

    def turn(self, **flags: bool) -> None:
        """Turn flags on or off."""
        for name, value in flags.items():
            setattr(self.flags, name, value)

    def move(self, number: int, room: str, *settings: str) -> None:
        """Move an instrument, in a transaction of its own with these settings."""
        call = f"With {self.flags}, `move(connection, {number}, {room!r})`"
        with self.engine.begin() as connection:
            for one in settings:
                connection.execute(text(one))
            attempt(call, self.service.move, connection, number, room)

    def room_of(self, number: int) -> object:
        """Return the room of an instrument."""
        call = f"With {self.flags}, `room_of(connection, {number})`"
        with self.engine.begin() as connection:
            return attempt(call, self.service.room_of, connection, number)


FLAGS = [(False, False), (True, False), (True, True), (False, True)]


def stored(engine: Engine, column: str) -> dict[int, str]:
    """Return a column of all instruments, by their numbers."""
    rows = execute(engine, f"SELECT number, {column} FROM instruments")
    return dict(sorted((number, value) for number, value in rows))


# A room with an odd name, then one that is in `place` already, one that is in `room`.
MOVES = {8: "Bach's :hall 50%", 7: "A1", 70: "new 70"}


@pytest.mark.parametrize(("write", "read"), FLAGS)
def test_q3_move_stores_the_room_in_place(answers, engine, write, read):
    execute(engine, *INSTRUMENTS, WITH_ROOM, OTHER)
    service = Service(answers, engine, write_new=write, read_new=read)
    asked = stored(engine, "place")
    for number, room in MOVES.items():
        service.move(number, room)
        seen, asked = stored(engine, "place"), asked | {number: room}
        assert seen == asked, (
            f"With {service.flags}, number {number} was moved to {room!r}. Then `place`"
            f" is {in_words(seen)}. The docstring asks for {in_words(asked)}: `place` "
            "is always written, and for this instrument only."
        )


@pytest.mark.parametrize(("write", "read"), FLAGS)
def test_q3_move_stores_the_room_in_the_new_column(answers, engine, write, read):
    execute(engine, *INSTRUMENTS, WITH_ROOM, OTHER)
    service = Service(answers, engine, write_new=write, read_new=read)
    asked = stored(engine, "room")
    for number, room in MOVES.items():
        service.move(number, room)
        seen = stored(engine, "room")
        asked |= {number: room} if write else {}
        assert seen == asked, (
            f"With {service.flags}, number {number} was moved to {room!r}. Then `room` "
            f"is {in_words(seen)}. The docstring asks for {in_words(asked)}: `room` is "
            "written while `write_new` is on, and for this instrument only."
        )


@pytest.mark.parametrize(("write", "read"), FLAGS)
def test_q3_room_of_reads_the_column_of_the_flag(answers, engine, write, read):
    execute(engine, *INSTRUMENTS, WITH_ROOM, OTHER)
    service = Service(answers, engine, write_new=write, read_new=read)
    column = "room" if read else "place"
    for number, asked in stored(engine, column).items():
        seen = service.room_of(number)
        assert seen == asked, (
            f"With {service.flags}, `room_of` of number {number} returned "
            f"{in_words(seen)}. The docstring asks for {asked!r}, the value of "
            f"`{column}` in this row."
        )


def test_q3_both_methods_work_without_the_new_column(answers, engine):
    execute(engine, *INSTRUMENTS)
    service = Service(answers, engine)
    before = service.room_of(8)
    service.move(8, "B1")
    seen = [before, service.room_of(8), service.room_of(70)]
    assert seen == ["A2", "B1", "A3"], (
        f"The column `room` did not exist, and number 8 was moved from A2 to B1. "
        f"`room_of` returned {in_words(seen)} for 8, 8 after the move, and 70. The "
        "docstring asks that both methods work without the column."
    )


def test_q3_each_call_of_move_uses_the_current_flags(answers, engine):
    execute(engine, *INSTRUMENTS)
    service = Service(answers, engine)
    service.move(7, "B1")
    execute(engine, WITH_ROOM)
    seen = []
    for write, number, room in ((True, 7, "B2"), (False, 8, "B3"), (True, 8, "B4")):
        service.turn(write_new=write)
        service.move(number, room)
        seen.append(stored(engine, "room")[number])
    assert seen == ["B2", None, "B4"], (
        "One service moved number 7 to B2, then 8 to B3 and B4. `write_new` was on, "
        "off, and on again. After each move, `room` of the instrument is in "
        f"{in_words(seen)}. The docstring asks for ['B2', None, 'B4']: each call uses "
        "the flags as they are then."
    )


def test_q3_each_call_of_room_of_uses_the_current_flags(answers, engine):
    execute(engine, *INSTRUMENTS, WITH_ROOM, OTHER)
    service = Service(answers, engine)
    seen = []
    for read in (False, True, False):
        service.turn(read_new=read)
        seen.append(service.room_of(7))
    assert seen == ["A1", "new 7", "A1"], (
        "One service was used while `read_new` was off, on, and off again. `room_of` "
        f"returned {in_words(seen)}. The docstring asks for ['A1', 'new 7', 'A1']: "
        "each call uses the flags as they are then."
    )


def test_q3_each_server_uses_its_own_flags(answers, engine):
    execute(engine, *INSTRUMENTS, WITH_ROOM, OTHER)
    on = Service(answers, engine, write_new=True, read_new=True)
    off = Service(answers, engine)
    seen = [on.room_of(70), off.room_of(70)]
    on.move(7, "B1")
    off.move(8, "B2")
    seen += [stored(engine, "room")[7], stored(engine, "room")[8]]
    assert seen == ["new 70", "A3", "B1", "new 8"], (
        "One server had both flags on, another one had them off. They read number 70, "
        "then the first one moved 7 to B1, and the other one 8 to B2. The rooms read, "
        f"and `room` of 7 and 8, are {in_words(seen)}. Given is that each server has "
        "its own flags."
    )


def test_q3_no_move_is_lost_on_the_way_there_and_back(answers, engine):
    execute(engine, *INSTRUMENTS, WITH_ROOM)
    service = Service(answers, engine)
    there = [{"write_new": True}, {"read_new": True}]
    back = [{"read_new": False}, {"write_new": False}]
    last = "A2"
    for number, flags in enumerate([{}, *there, *back, *there, *back], 1):
        if flags == {"read_new": True}:
            execute(engine, COPIED)
        service.turn(**flags)
        for room in (last, f"R{number}"):
            if room != last:
                service.move(8, room)
            last, read = room, service.room_of(8)
            assert read == room, (
                f"The last move of number 8 was to {room}. Now the flags are "
                f"{service.flags}, and `room_of` returned {in_words(read)}. The "
                "docstring asks that no move is lost. Look at which columns `move` "
                "writes."
            )


def test_q3_servers_with_other_flags_see_a_move(answers, engine):
    execute(engine, *INSTRUMENTS, WITH_ROOM, COPIED)
    ahead = Service(answers, engine, write_new=True, read_new=True)
    behind = Service(answers, engine, write_new=True, read_new=False)
    seen = []
    for one, other, room in ((ahead, behind, "B1"), (behind, ahead, "B2")):
        one.move(7, room)
        seen += [one.room_of(7), other.room_of(7)]
    assert seen == ["B1", "B1", "B2", "B2"], (
        "`read_new` was on at one server only. One server moved number 7 to B1, then "
        f"the other one to B2. They read {in_words(seen)}. The docstring says that "
        "flags can differ between servers. Look at what the two share."
    )


ENDS = [
    ("rollback", False, False),
    ("rollback", True, True),
    ("commit", True, False),
    ("commit", False, True),
]


@pytest.mark.parametrize(("end", "write", "read"), ENDS)
def test_q3_the_caller_ends_the_transaction(answers, engine, end, write, read):
    execute(engine, *INSTRUMENTS, WITH_ROOM, COPIED)
    service = Service(answers, engine, write_new=write, read_new=read)
    with engine.connect() as connection:
        attempt("`move`", service.service.move, connection, 7, "B9")
        inside = attempt("`room_of`", service.service.room_of, connection, 7)
        getattr(connection, end)()
    seen = [inside, stored(engine, "place")[7], stored(engine, "room")[7]]
    place, room = "B9", "B9" if write else "A1"
    asked = [room if read else place]
    asked += [place, room] if end == "commit" else ["A1", "A1"]
    assert seen == asked, (
        f"With {service.flags}, `move` of number 7 from A1 to B9, `room_of` and the "
        f"caller's {end} used one connection. `room_of`, and then `place` and `room`, "
        f"are {in_words(seen)}. The docstring asks for {in_words(asked)}: the caller "
        "commits or rolls back."
    )


@pytest.mark.parametrize("column", ["place", "room"])
def test_q3_an_error_of_the_database_passes_through(answers, engine, column):
    limit = f"ALTER TABLE instruments ADD CHECK ({column} <> 'X')"
    execute(engine, *INSTRUMENTS, WITH_ROOM, COPIED, limit)
    service = Service(answers, engine, write_new=True)
    with engine.connect() as connection:
        seen = outcome(lambda: service.service.move(connection, 7, "X"))
    assert isinstance(seen, IntegrityError), (
        f"The database refused X in the column `{column}`. `move` of number 7 to X "
        f"{returned_or_raised(seen)}. The docstring asks to leave errors to the caller."
        " Otherwise, nobody knows that the move is lost."
    )


MISSING = [("column `room`", Exception), ("table `instruments`", DBAPIError)]


@pytest.mark.parametrize(("missing", "error"), MISSING, ids=["column", "table"])
def test_q3_an_error_of_a_read_passes_through(answers, engine, missing, error):
    if error is Exception:
        execute(engine, *INSTRUMENTS)
    service = Service(answers, engine, read_new=True)
    with engine.connect() as connection:
        seen = outcome(lambda: service.service.room_of(connection, 7))
    assert isinstance(seen, error), (
        f"`read_new` was on, but the {missing} did not exist. `room_of` of number 7 "
        f"{returned_or_raised(seen)}. The docstring asks to leave errors to the caller."
        " Otherwise, nobody sees what is wrong in the database."
    )


CALLS = [("move", 7, "X"), ("room_of", 7)]


@pytest.mark.parametrize("call", CALLS, ids=["move", "room_of"])
def test_q3_the_rollback_after_an_error_is_left_to_the_caller(answers, engine, call):
    limit = "ALTER TABLE instruments ADD CHECK (place <> 'X')"
    execute(engine, *INSTRUMENTS, limit)
    service, (method, *arguments) = Service(answers, engine, read_new=True), call
    with engine.connect() as connection:
        connection.execute(text("UPDATE instruments SET place = 'B8' WHERE number = 8"))
        savepoint = connection.begin_nested()
        failing = getattr(service.service, method)
        seen = outcome(lambda: failing(connection, *arguments))
        if savepoint.is_active:
            savepoint.rollback()
        connection.commit()
    assert stored(engine, "place")[8] == "B8", (
        "The caller stored B8 for number 8 and set a savepoint. Then the database "
        f"refused `{method}`, which {returned_or_raised(seen)}. The caller went back "
        "to its savepoint and committed, but B8 is lost. The docstring asks to leave "
        "the rollback to the caller."
    )


def test_q3_a_move_during_another_one_is_not_lost(answers, engine):
    execute(engine, *INSTRUMENTS, WITH_ROOM, COPIED)
    first = Service(answers, engine, write_new=True)
    second = Service(answers, engine, write_new=True)
    with ThreadPoolExecutor(1) as thread, engine.connect() as connection:
        attempt("`move`", first.service.move, connection, 7, "B1")
        known = thread.submit(second.room_of, 7)
        wait_for_lock(engine, known)
        moved = thread.submit(second.move, 7, "B2", "SET LOCAL lock_timeout = 0")
        wait_for_lock(engine, moved)
        connection.commit()
        known.result(), moved.result()
    seen = [stored(engine, "place")[7], stored(engine, "room")[7]]
    assert seen == ["B2", "B2"], (
        "One server moved number 7 to B1. Before its commit, another one moved it to "
        "B2. Both committed, the first one first. Then `place` and `room` are "
        f"{in_words(seen)}. The docstring asks that no move is lost."
    )
