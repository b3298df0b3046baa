"""7.5  ORM events.

SQLAlchemy calls your functions when something happens: an object is loaded or inserted,
a session flushes, a statement is executed. So one rule holds for all code that uses the
models.
Notes: content/docs/sqlalchemy/advanced-techniques/orm-events.md
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    DateTime,
    Engine,
    delete,
    event,
    insert,
    # region answer
    inspect,
    # stub:
    # endregion
    select,
    update,
)
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    sessionmaker,
)

from sensei import ___


def now() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """The base class of the league's models."""


class Timestamped:
    """A mixin for models that store when their row was inserted."""

    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Team(Timestamped, Base):
    """A cycling team."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Race(Timestamped, Base):
    """A race of the season."""

    __tablename__ = "races"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]


class Rider(Base):
    """A rider, with the points of this season."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    points: Mapped[int] = mapped_column(active_history=True)


class PointsChange(Base):
    """An entry of the audit log: somebody has changed the points of a rider."""

    __tablename__ = "points_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    rider_id: Mapped[int]
    old: Mapped[int]
    new: Mapped[int]
    user: Mapped[str]


def stamp_new_rows() -> None:
    """7.5.1  Write an ORM event listener to automatically set a `created_at` timestamp.

    The models with the mixin `Timestamped` need the time at which their row was
    inserted. Register an event listener that sets it.

    - When a session inserts an object and its `created_at` is None, set `created_at` to
      `now()`. Use the time of the flush. The object can be made and added long before.
    - A `created_at` that is not None stays as it is. An UPDATE does not change it.
    - This holds for `Team`, for `Race`, and for every model with the mixin that is
      defined later. Models without it work as before.

    Given:
        The function is called once, when the application starts. All models inherit
        from `Base`.

    Example:
        session.add(Team(name="Alpes"))
        session.flush()
        ->  created_at is the time of the flush
    """

    # region answer
    @event.listens_for(Timestamped, "before_insert", propagate=True)
    def set_created_at(mapper: object, connection: object, row: Timestamped) -> None:
        if row.created_at is None:
            row.created_at = now()

    # endregion


def audited_sessions(engine: Engine) -> sessionmaker[Session]:
    """7.5.2  How can ORM events be used for audit logging?

    Teams ask who has changed the points of a rider. Return a new sessionmaker for
    `engine`. Its sessions log each change of `points` in the table of `PointsChange`.

    - When a session flushes a new value of `points`, this flush also inserts a
      `PointsChange` with the old value, the new value and `session.info["user"]`.
    - Both are in the same transaction, so a rollback removes both.
    - If `points` is set to the value that it already has, or if only the name changes,
      nothing is logged. A rider that the flush inserts or deletes is not logged either.
    - A session that does not come from this sessionmaker logs nothing.

    Given:
        Because of `active_history`, SQLAlchemy loads the old value of `points` before
        it sets a new one. The application assigns integers to the attribute, and
        sends no UPDATE statements of its own.

    Example, for a rider with the id 7 and 9 points:
        with audited_sessions(engine)(info={"user": "Ida"}) as session:
            session.get(Rider, 7).points = 12
            session.commit()
        ->  PointsChange(rider_id=7, old=9, new=12, user="Ida")
    """
    # region answer
    # In words: `before_flush` runs just before a session sends its changes. There,
    # `session.dirty` has the objects that may have changed, and the history of an
    # attribute has the old and the new value. What the listener adds is part of the
    # same flush and of the same transaction. So the log cannot be forgotten, and it
    # never says something that did not happen.
    sessions = sessionmaker(engine)

    @event.listens_for(sessions, "before_flush")
    def log_points(session: Session, context: object, instances: object) -> None:
        for rider in [one for one in session.dirty if isinstance(one, Rider)]:
            added, _, deleted = inspect(rider).attrs.points.history
            for old, new in zip(deleted, added, strict=True):  # one pair, or none
                who = session.info["user"]
                session.add(PointsChange(rider_id=rider.id, old=old, new=new, user=who))

    return sessions
    # endregion


def work(what: str, session: Session, rider: Rider) -> None:
    """Do one piece of work in a session, and flush it."""
    match what:
        case "add":
            session.add(Rider(name="Cleo", points=0))
        case "insert":
            session.execute(insert(Rider).values(name="Cleo", points=0))
        case "select":
            session.scalars(select(Rider)).all()
        case "same value":
            rider.points = rider.points
        case "update":
            session.execute(update(Rider).values(points=0))
        case "delete":
            session.execute(delete(Rider))
    session.flush()


def predictions() -> dict[str, Any]:
    """7.5.3  What are the different types of ORM events available in SQLAlchemy?

    Some events belong to the objects of a model, others to a session. Predict which
    events each case of `work` above fires. Replace each `___` with a list of their
    names, in the order of the events.

    - Use these names only. The events of `Rider` are "init", "load", "before_insert",
      "before_update" and "before_delete". The events of the session are "before_flush"
      and "do_orm_execute".
    - If an event fires twice, write it twice.

    Given:
        The table has two riders. One of them is `rider`, which the session has loaded
        before. Nothing has changed since then.
    """
    # region answer
    # In words: There are instance events (an object is made or loaded), mapper events
    # (the unit of work inserts, updates or deletes the row of an object), attribute
    # events, and session events (flush, commit, rollback, a statement is executed).
    # Mapper events belong to objects that a session flushes. INSERT, UPDATE and DELETE
    # statements of the application have no objects, and fire only `do_orm_execute`.
    return {
        "add": ["init", "before_flush", "before_insert"],
        "insert": ["do_orm_execute"],
        "select": ["do_orm_execute", "load"],
        "same value": ["before_flush", "before_update"],
        "update": ["do_orm_execute"],
        "delete": ["do_orm_execute"],
    }
    # stub: return {
    # stub:     "add": ___,
    # stub:     "insert": ___,
    # stub:     "select": ___,
    # stub:     "same value": ___,
    # stub:     "update": ___,
    # stub:     "delete": ___,
    # stub: }
    # endregion
