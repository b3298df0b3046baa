"""7.2  Triggers and views.

A view is a query with a name, which can be read like a table. A trigger is a function
that the database runs when rows change. The session knows nothing about either.
Notes: content/docs/sqlalchemy/advanced-techniques/triggers-and-views.md
"""

from typing import Any

from sqlalchemy import DDL, FetchedValue, ForeignKey, MetaData, event
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
)

# The points of each team in each race.
TOTALS_VIEW = """
    CREATE OR REPLACE VIEW team_totals AS
    SELECT race, team, sum(results.points) AS points
    FROM results JOIN riders ON riders.id = rider_id GROUP BY race, team
"""

# Sets the points of a result from its place, and adds them to those of the rider.
POINTS_FUNCTION = """
    CREATE OR REPLACE FUNCTION set_points() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.points := greatest(11 - NEW.place, 0);
        UPDATE riders SET points = points + NEW.points - coalesce(OLD.points, 0)
        WHERE id = NEW.rider_id;
        RETURN NEW;
    END $$
"""

# Runs the function before a result is stored.
POINTS_TRIGGER = """
    CREATE OR REPLACE TRIGGER results_points BEFORE INSERT OR UPDATE ON results
    FOR EACH ROW EXECUTE FUNCTION set_points()
"""


def team_total_class() -> type[Any]:
    """7.2.1  How do you query a database view using SQLAlchemy ORM?

    The database has the view `team_totals`. Its SQL is `TOTALS_VIEW` above. Write
    a subclass `TeamTotal` of `Views` that is mapped to this view, and return it.

    - Its attributes are `race`, `team` and `points`.
    - `select(TeamTotal)` returns one object for each row of the view.
    - `session.get(TeamTotal, {"race": "Alps", "team": "Sky"})` returns the object with
      this race and this team, or None.

    Given:
        The database is PostgreSQL. No column of the view is NULL.
        Somebody can replace the SQL of the view. Its columns stay the same.

    Example:
        session.scalars(select(TeamTotal).where(TeamTotal.race == "Alps"))
    """

    class Views(DeclarativeBase):
        """The base class of views. Nobody calls `create_all` for it."""

    raise NotImplementedError


class Base(DeclarativeBase):
    """The base class of the cycling league's tables."""


class Rider(Base):
    """A rider. The trigger adds up the points."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    team: Mapped[str]
    points: Mapped[int] = mapped_column(server_default="0")


class Result(Base):
    """7.2.2  Explain how SQLAlchemy ORM operations interact with database triggers.

    The trigger `POINTS_TRIGGER` sets the points of a result, and changes the points of
    its rider. The database is right, but a new result shows 0 points. After its place
    was corrected, it still shows the points of the old place. Repair the class.

    - After a flush, `points` of a new or changed result is the value in the database.
      This also holds if the result is flushed without `save`.
    - `save` returns the points that the rider has in the database after the flush, even
      if there was nothing to flush.
    - `save` does not commit or roll back. The caller does.

    Given:
        The database is PostgreSQL. The rules of the trigger can change.
        A result always belongs to the same rider. Python code does not set `points`.
        Other programs change the points of riders, too.

    Example:
        result = Result(race="Alps", place=3, rider=rider)
        result.save(session)  ->  8   (result.points is 8, too)
        result.place = 1
        result.save(session)  ->  10
    """

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]
    points: Mapped[int] = mapped_column(default=0)

    def save(self, session: Session) -> int:
        """Send the result to the database, and return the rider's points."""
        session.add(self)
        session.flush()
        return self.rider.points


def manage(metadata: MetaData) -> None:
    """7.2.3  What are the best practices for managing view and trigger definitions with
    SQLAlchemy?

    `metadata` has the tables `riders` and `results`. Each new database also needs the
    function, the trigger and the view, and somebody creates them by hand. Make them
    part of `metadata`.

    - On PostgreSQL, `metadata.create_all` also executes `POINTS_FUNCTION`,
      `POINTS_TRIGGER` and `TOTALS_VIEW`.
    - It does so every time. A database that has the tables already gets the current
      definitions, and keeps its rows, and the views and triggers of others.
    - On PostgreSQL, `metadata.drop_all` also drops the view `team_totals` and the
      function `set_points`. It raises no error if these or the tables do not exist.
    - `drop_all` drops nothing of others, so do not use CASCADE. If somebody else's view
      uses `team_totals`, or somebody else's trigger uses `set_points`, then `drop_all`
      raises PostgreSQL's error, and everything stays.
    - On all other databases, only the tables are created and dropped.

    Given:
        PostgreSQL does not drop a table that a view uses, or a function that a trigger
        uses. The trigger is dropped with its table.
    """
    raise NotImplementedError
