"""The tests of section 7.5."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column, sessionmaker

from lab import attempt, in_words, outcome, sqlite_engine, stand_in

EARLY = datetime(2031, 3, 1, 9, 30, tzinfo=UTC)
LATE = datetime(2031, 7, 14, 18, 5, tzinfo=UTC)


@pytest.fixture
def engine(answers) -> Iterator[Engine]:
    """An engine on a database with the tables of the league."""
    with sqlite_engine() as engine:
        answers.Base.metadata.create_all(engine)
        yield engine


@pytest.fixture
def stamped(answers, engine) -> Iterator[Session]:
    """A session, after the learner has registered the listener of 7.5.1."""
    attempt("`stamp_new_rows()`", answers.stamp_new_rows)
    stand_in(answers.now, lambda: EARLY)
    with Session(engine) as session:
        yield session


def save(session: Session, row: Any) -> None:
    """Insert a row, or update it."""
    look = "your event and at the class that you listen to"
    if "created_at" in vars(row):
        look = "your condition: `created_at` was set to None"
    session.add(row)
    got, kind = outcome(session.flush), type(row).__name__
    assert not isinstance(got, IntegrityError), (
        f"A session inserted a {kind}, and the database refused it: {in_words(got)}. "
        f"The docstring asks to set `created_at` before the INSERT. Look at {look}."
    )
    assert not isinstance(got, Exception), (
        f"Saving a {kind} with `session.flush()` raised {in_words(got)}. Look at your "
        "listener and its parameters."
    )


def stored(session: Session, row: Any) -> object:
    """Return `created_at` as the database has it."""
    table = type(row).__table__
    query = select(table.c.created_at).where(table.c.id == row.id)
    value = session.scalar(query)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def new_row(answers, kind: str, **values: Any) -> Any:
    """Return a new `Team` or a new `Race`."""
    title = {"Team": "name", "Race": "title"}[kind]
    return getattr(answers, kind)(**{title: "Alpes"}, **values)


KINDS = pytest.mark.parametrize("kind", ["Team", "Race"])


@KINDS
def test_q1_a_new_row_gets_the_time_of_its_flush(answers, stamped, kind):
    row = new_row(answers, kind)
    for moment in (LATE, EARLY):
        stand_in(answers.now, lambda moment=moment: moment)
        save(stamped, row)
        seen = stored(stamped, row)
        assert seen == moment, (
            f"A {kind} was made, then `now()` changed to {moment}, and the session "
            f"inserted it. `created_at` is {in_words(seen)}. The docstring asks for "
            "the time of the flush. Look at when you call `now()`."
        )
        row = new_row(answers, kind)


@KINDS
def test_q1_the_time_of_session_add_does_not_matter(answers, stamped, kind):
    rows = [new_row(answers, kind), new_row(answers, kind)]
    stamped.add_all(rows)
    stand_in(answers.now, lambda: LATE)
    for row in rows:
        save(stamped, row)
        seen = stored(stamped, row)
        assert seen == LATE, (
            f"Two objects of {kind} were added to a session at {EARLY}, and flushed at "
            f"{LATE}. One `created_at` is {in_words(seen)}. The docstring asks for the "
            "time of the flush. Look at the name of your event."
        )


@KINDS
def test_q1_the_time_is_exactly_what_now_returns(answers, stamped, kind):
    moment = EARLY.replace(second=7, microsecond=250_001)
    stand_in(answers.now, lambda: moment)
    row = new_row(answers, kind)
    save(stamped, row)
    for where, seen in (
        ("The object", row.created_at),
        ("The database", stored(stamped, row)),
    ):
        assert seen == moment, (
            f"When a new {kind} was flushed, `now()` returned {in_words(moment)}. "
            f"{where} has the `created_at` {in_words(seen)}. The docstring asks for "
            "`now()`. Look at the value that you set."
        )


@KINDS
@pytest.mark.parametrize("given", [LATE, datetime(1999, 1, 1, tzinfo=UTC)])
def test_q1_a_time_that_is_set_already_stays(answers, stamped, kind, given):
    row, later = new_row(answers, kind, created_at=given), new_row(answers, kind)
    later.created_at = given
    for one in (row, later):
        save(stamped, one)
        seen = stored(stamped, one)
        assert seen == given, (
            f"The `created_at` of a new {kind} was set to {given} before the flush. In "
            f"the database it is {in_words(seen)}. The docstring asks that a value "
            "stays as it is. Look at your condition."
        )


@KINDS
def test_q1_none_is_replaced_as_well(answers, stamped, kind):
    row = new_row(answers, kind, created_at=None)
    save(stamped, row)
    seen = stored(stamped, row)
    assert seen == EARLY, (
        f"A {kind} was made with `created_at=None`. In the database, `created_at` is "
        f"{in_words(seen)}. The docstring asks for `now()`."
    )


@KINDS
def test_q1_an_update_does_not_change_the_time(answers, stamped, kind):
    row = new_row(answers, kind)
    save(stamped, row)
    stamped.commit()
    stand_in(answers.now, lambda: LATE)
    setattr(row, {"Team": "name", "Race": "title"}[kind], "Pirineos")
    save(stamped, row)
    seen = stored(stamped, row)
    assert seen == EARLY, (
        f"A {kind} was inserted at {EARLY} and updated at {LATE}. After that, its "
        f"`created_at` is {in_words(seen)}. The docstring asks for the time of the "
        "INSERT. Look at the name of your event."
    )


def test_q1_a_model_that_is_defined_later_gets_the_time_too(answers, stamped):
    class Sponsor(answers.Timestamped, answers.Base):
        __tablename__ = "sponsors"
        id: Mapped[int] = mapped_column(primary_key=True)

    answers.Base.metadata.create_all(stamped.connection())
    row = Sponsor()
    save(stamped, row)
    seen = stored(stamped, row)
    assert seen == EARLY, (
        "After `stamp_new_rows()`, the model `Sponsor` with the mixin `Timestamped` "
        f"was defined. The `created_at` of a new Sponsor is {in_words(seen)}. The "
        "docstring asks for `now()`. Look at the class that you listen to."
    )


def test_q1_other_models_work_as_before(answers, stamped):
    rider = answers.Rider(name="Ana", points=3)
    save(stamped, rider)
    save(stamped, new_row(answers, "Team"))
    assert (rider.id, getattr(rider, "created_at", None)) == (1, None), (
        f"A Rider does not have the mixin. After its INSERT, its id is {rider.id}, and "
        f"its `created_at` is {in_words(getattr(rider, 'created_at', None))}. The "
        "docstring asks that models without the mixin work as before."
    )


def test_q1_a_model_with_a_created_at_of_its_own_works_as_before(answers, stamped):
    class Photo(answers.Base):
        __tablename__ = "photos"
        id: Mapped[int] = mapped_column(primary_key=True)
        created_at: Mapped[datetime | None]

    answers.Base.metadata.create_all(stamped.connection())
    photo = Photo()
    save(stamped, photo)
    save(stamped, new_row(answers, "Team"))
    assert stored(stamped, photo) is None, (
        "A model `Photo` has a column `created_at`, but not the mixin. After the "
        f"INSERT of a Photo, its `created_at` is {in_words(stored(stamped, photo))}. "
        "The docstring asks that models without the mixin work as before: None."
    )


class Log:
    """Sessions of the learner's sessionmaker, and what the audit log has."""

    def __init__(self, answers: Any, engine: Engine) -> None:
        self._answers, self._engine = answers, engine
        self.sessions = audited(answers, engine)
        with Session(engine) as session:
            for number, name, points in ((7, "Ana", 9), (8, "Ben", 0), (9, "Cleo", 4)):
                session.add(answers.Rider(id=number, name=name, points=points))
            session.commit()

    def open(self, user: str = "Ida") -> Session:
        """Open a session for a user."""
        session = attempt("`sessions(info=...)`", self.sessions, info={"user": user})
        assert isinstance(session, Session), (
            f"The sessionmaker returned {in_words(session)}. The docstring asks for a "
            "`sessionmaker` of SQLAlchemy."
        )
        return session

    def rider(self, session: Session, number: int) -> Any:
        """Load a rider."""
        return session.get(self._answers.Rider, number)

    def rows(self, session: Session | None = None) -> list[tuple[Any, ...]]:
        """Return the log in a session's transaction, or as other connections see it."""
        log = self._answers.PointsChange
        query = select(log.rider_id, log.old, log.new, log.user).order_by(log.id)
        if session is not None:  # without a flush of this query
            return [tuple(row) for row in session.connection().execute(query)]
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def points(self) -> list[int]:
        """Return the points that are committed."""
        rider = self._answers.Rider
        with self._engine.connect() as connection:
            return list(connection.scalars(select(rider.points).order_by(rider.id)))


def audited(answers, engine: Engine) -> Any:
    """Return what `audited_sessions(engine)` returns."""
    sessions = attempt("`audited_sessions(engine)`", answers.audited_sessions, engine)
    assert isinstance(sessions, sessionmaker), (
        f"`audited_sessions(engine)` returned {in_words(sessions)}. The docstring asks "
        "for a `sessionmaker`."
    )
    return sessions


def commit(session: Session) -> None:
    """Commit; an error gets a message."""
    got = outcome(session.commit)
    assert "database is locked" not in str(got), (
        f"`session.commit()` raised {in_words(got)}. Two connections wanted to write "
        "at the same time. The docstring asks for an entry in the same transaction. "
        "Look at the session that adds the entry."
    )
    assert not isinstance(got, Exception), (
        f"`session.commit()` raised {in_words(got)}. Look at your listener."
    )


@pytest.fixture
def log(answers, engine) -> Log:
    """The learner's sessions, and three riders: 7 has 9 points, 8 has 0, 9 has 4."""
    return Log(answers, engine)


@pytest.mark.parametrize(
    ("number", "old", "new", "user"),
    [(7, 9, 12, "Ida"), (8, 0, 40, "Ulf"), (9, 4, 0, "Ida"), (7, 9, -3, "Ulf")],
)
def test_q2_a_change_is_logged(log, number, old, new, user):
    with log.open(user) as session:
        log.rider(session, number).points = new
        commit(session)
    assert log.rows() == [(number, old, new, user)], (
        f"{user} changed the points of the rider {number} from {old} to {new}. The log "
        f"has {in_words(log.rows())}. The docstring asks for one row: (rider_id, old, "
        f"new, user) = {(number, old, new, user)}."
    )


def test_q2_each_change_of_a_transaction_is_logged(log):
    with log.open() as session:
        first, second = log.rider(session, 7), log.rider(session, 8)
        first.points, second.points = 10, 2
        attempt("`session.flush()`", session.flush)
        first.points = 11
        commit(session)
    assert sorted(log.rows()) == [
        (7, 9, 10, "Ida"),
        (7, 10, 11, "Ida"),
        (8, 0, 2, "Ida"),
    ], (
        "A session changed two riders, flushed, changed one of them again, and "
        f"committed. The log has {in_words(sorted(log.rows()))}. The docstring asks "
        "for a row for each new value that is sent: 7: 9 to 10, 10 to 11. 8: 0 to 2."
    )


def test_q2_a_rollback_removes_the_change_and_its_entry(log):
    with log.open() as session:
        log.rider(session, 7).points = 20
        attempt("`session.flush()`", session.flush)
        inside, outside = log.rows(session), log.rows()
        session.rollback()
    assert (inside, outside) == ([(7, 9, 20, "Ida")], []), (
        "Points were changed and flushed, without a commit. In the transaction, the "
        f"log has {in_words(inside)}. Another connection sees {in_words(outside)}. The "
        "docstring asks that the flush inserts an entry in the same transaction."
    )
    assert (log.rows(), log.points()) == ([], [9, 0, 4]), (
        f"After a rollback, the points are {log.points()}, and the log has "
        f"{in_words(log.rows())}. The docstring asks that a rollback removes both."
    )


def unchanged(log: Log, session: Session, how: str) -> None:
    """Use a rider without changing the points."""
    rider = log.rider(session, 7)
    match how:
        case "the value that it has":
            rider.points = 9
        case "the value that it has, after a commit":
            session.commit()
            rider.points = 9
        case "another value, and back":
            rider.points = 15
            rider.points = 9
        case "a new name only":
            rider.name = "Anna"


UNCHANGED = [
    "the value that it has",
    "the value that it has, after a commit",
    "another value, and back",
    "a new name only",
]


@pytest.mark.parametrize("how", UNCHANGED)
def test_q2_nothing_is_logged_when_the_points_do_not_change(log, how):
    with log.open() as session:
        unchanged(log, session, how)
        log.rider(session, 8).points = 1
        commit(session)
    assert log.rows() == [(8, 0, 1, "Ida")], (
        f"The rider 7 got {how}. The points of the rider 8 changed from 0 to 1. The "
        f"log has {in_words(log.rows())}. The docstring asks for the change of 8 only. "
        "Look at the history of `points`."
    )


def test_q2_new_and_deleted_riders_are_not_logged(answers, log):
    with log.open() as session:
        kept, old = log.rider(session, 7), log.rider(session, 9)
        new = answers.Rider(id=10, name="Dan", points=5)
        session.add(new)
        session.delete(old)
        kept.points, old.points, new.points = 10, 3, 6
        commit(session)
    assert (log.rows(), log.points()) == ([(7, 9, 10, "Ida")], [10, 0, 6]), (
        "A session set the points of a new rider and of a rider that it deleted, and "
        f"changed those of the rider 7 from 9 to 10. The log has "
        f"{in_words(log.rows())}, and all points are {log.points()}. The docstring "
        "asks to log only the rider 7."
    )


def test_q2_a_rider_is_logged_after_its_insert(answers, log):
    with log.open() as session:
        rider = answers.Rider(id=10, name="Dan", points=5)
        session.add(rider)
        attempt("`session.flush()`", session.flush)
        rider.points = 6
        commit(session)
    assert log.rows() == [(10, 5, 6, "Ida")], (
        "A session inserted the rider 10 with 5 points and flushed. Then it changed "
        f"the points to 6. The log has {in_words(log.rows())}. The docstring asks for "
        "one row: the flush that inserts a rider is not logged, the next one is."
    )


def test_q2_each_session_has_its_user(log):
    with log.open("Ida") as first, log.open("Ulf") as second:
        log.rider(first, 7).points = 1
        commit(first)
        log.rider(second, 8).points = 2
        commit(second)
        log.rider(first, 9).points = 3
        commit(first)
    wanted = [(7, 9, 1, "Ida"), (8, 0, 2, "Ulf"), (9, 4, 3, "Ida")]
    assert log.rows() == wanted, (
        "Two sessions of one sessionmaker were open. Ida changed the riders 7 and 9, "
        f"Ulf the rider 8. The log has {in_words(log.rows())}. The docstring asks for "
        '`session.info["user"]` of the session that flushes.'
    )


def test_q2_other_sessions_log_nothing(answers, engine, log):
    audited(answers, engine)
    for sessions in (sessionmaker(engine), log.sessions):
        with sessions(info={"user": "Ulf"}) as session:
            log.rider(session, 7).points += 5
            commit(session)
    assert log.rows() == [(7, 14, 19, "Ulf")], (
        "`audited_sessions` was called twice. The points changed from 9 to 14 in a "
        "session of another sessionmaker, then to 19 in one of yours. The log has "
        f"{in_words(log.rows())}. The docstring asks to log your sessions only: one "
        "entry, 14 to 19. Look at what you listen to, and how often."
    )


def test_q2_each_sessionmaker_has_its_engine(answers, log):
    with sqlite_engine() as second:
        answers.Base.metadata.create_all(second)
        other = Log(answers, second)
        for one in (log, other):
            with one.open() as session:
                one.rider(session, 8).points = 3
                commit(session)
        seen = log.rows(), other.rows()
    assert seen == ([(8, 0, 3, "Ida")], [(8, 0, 3, "Ida")]), (
        "`audited_sessions` was called with two engines, and each of the two databases "
        f"got one change. Their logs have {in_words(seen)}. The docstring asks for a "
        "new sessionmaker for the engine."
    )


OBJECT_EVENTS = ("init", "load", "before_insert", "before_update", "before_delete")
SESSION_EVENTS = ("before_flush", "do_orm_execute")
HINTS = {
    "add": "The object is made, and then the session flushes it. Look at the order.",
    "insert": "The session executes a statement. It makes no Rider, so there is "
    "nothing to flush.",
    "select": "The session executes a statement. It makes an object for a row once, "
    "and one rider is loaded already.",
    "same value": "The object is in `session.dirty`, so the session flushes, and its "
    "mapper event fires, also if no UPDATE is sent.",
    "update": "The session executes a statement, and the database changes the rows. "
    "No object is flushed.",
    "delete": "`session.delete(rider)` and a DELETE statement are not the same.",
}


def observed(answers, engine: Engine, what: str) -> list[str]:
    """Return the events that a piece of work really fires."""
    seen: list[str] = []

    def note(name: str) -> Callable[..., None]:
        return lambda *_: seen.append(name)

    with Session(engine) as session:
        riders = [answers.Rider(name=name, points=5) for name in ("Ana", "Ben")]
        session.add_all(riders)
        session.commit()
        number = riders[0].id
    with Session(engine) as session:
        rider = session.get(answers.Rider, number)
        for name in OBJECT_EVENTS:
            event.listen(answers.Rider, name, note(name))
        for name in SESSION_EVENTS:
            event.listen(session, name, note(name))
        answers.work(what, session, rider)
    return seen


@pytest.mark.parametrize("blank", HINTS)
def test_q3_the_prediction_is_what_the_listeners_see(answers, engine, blank):
    predicted = attempt("`predictions()`", answers.predictions)
    complete = isinstance(predicted, dict) and blank in predicted
    assert complete, (
        f"`predictions()` returned {in_words(predicted)}. The docstring asks to "
        f'replace each `___`. The key "{blank}" is missing.'
    )
    value = predicted[blank]
    value = list(value) if isinstance(value, tuple) else value

    names = [*OBJECT_EVENTS, *SESSION_EVENTS]
    known = isinstance(value, list) and all(one in names for one in value)
    assert known, (
        f'Your prediction for "{blank}" is {in_words(value)}. The docstring asks for a '
        "list of the names that its first bullet has."
    )
    same = value == observed(answers, engine, blank)
    assert same, (
        f'Your prediction for "{blank}" is {in_words(value)}. The listeners saw '
        f"something else. {HINTS[blank]} Look at this case of `work`."
    )
