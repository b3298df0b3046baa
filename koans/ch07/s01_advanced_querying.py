"""7.1  Advanced querying.

A query can do more than filter and join. A window function ranks rows, a common table
expression (CTE) names a query, or repeats it, and LATERAL runs a query for each row.
Notes: content/docs/sqlalchemy/advanced-techniques/advanced-querying.md
"""

from datetime import date

from sqlalchemy import ForeignKey, Index, Select, func, literal, select, true
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The base class of the cycling league's models."""


class Team(Base):
    """A team. A farm team trains riders for the team above it."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))


class Rider(Base):
    """A rider."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Result(Base):
    """How long a rider took to finish a race."""

    __tablename__ = "results"
    __table_args__ = (Index("ix_results_rider_day", "rider_id", "day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    day: Mapped[date]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    seconds: Mapped[int]


def ranking() -> Select[str, int, int]:
    """7.1.1  Write a SQLAlchemy query using a window function for ranking.

    The league publishes the places of all races. Return a query that selects the race,
    the rider's id and the place for each result.

    - In each race, the rider with the fewest seconds has place 1.
    - Riders with the same time share a place. The next rider's place is 1 plus the
      number of riders who were faster.
    - The rows are in the order of race, place and rider's id.

    Given:
        The database is SQLite. A race is known by its name, and can last several days.
        A rider has at most one result in a race.

    Example:
        Race "Alps" with 90 seconds for rider 4, 80 for rider 7, 80 for rider 5, and 70
        for rider 6.
        ->  ("Alps", 6, 1), ("Alps", 5, 2), ("Alps", 7, 2), ("Alps", 4, 4)
    """
    raise NotImplementedError


def team_tree(team_id: int) -> Select[str, int]:
    """7.1.2  How do you create and use Common Table Expressions (CTEs) in SQLAlchemy?

    A team has farm teams, which have farm teams, and so on. Return one query that finds
    a team and all teams below it. It selects the name and the level of each team.

    - The first row is the team `team_id`, with level 0.
    - The farm teams of a team on level n are on level n + 1, however deep that is.
    - The rows are in the order of level and name. No other team has a row.

    Given:
        The database is PostgreSQL. `parent_id` is the id of the team above.
        If there is no team `team_id`, there are no rows.
        No team is its own farm team, directly or through others.

    Example:
        "Blue" with the farm teams "Sky" and "Sea", and "Sky" with the farm team "Ice"
        ->  ("Blue", 0), ("Sea", 1), ("Sky", 1), ("Ice", 2)
    """
    raise NotImplementedError


def latest_results(count: int) -> Select[int, str, date | None, int | None]:
    """7.1.3  Explain the use of `LATERAL` joins in SQLAlchemy with an example.

    A page of the league shows all riders, each with the newest results. But today it
    shows the newest results of the whole league, and most riders are missing. Repair
    the query.

    - Each rider has up to `count` rows: one for each of the rider's newest results. The
      columns and the order of the rows stay as they are.
    - A rider without results has one row, in which the last two columns are NULL.
    - The database does not read the older results of a rider.

    Given:
        The database is PostgreSQL. `count` is at least 1.
        A rider has at most one result a day. The index of `Result` leads to the newest
        results of a rider, if the query asks for one rider at a time.

    Example, with `count` = 2:
        Ana (id 1) has 79 seconds on 3 May, 80 on 4 May and 82 on 5 May.
        Ben (id 2) has no results.
        ->  (1, "Ana", 5 May, 82), (1, "Ana", 4 May, 80), (2, "Ben", None, None)
    """
    newest = (
        select(Result.rider_id, Result.day, Result.seconds)
        .order_by(Result.day.desc())
        .limit(count)
        .subquery()
    )
    return (
        select(Rider.id, Rider.name, newest.c.day, newest.c.seconds)
        .join(newest, newest.c.rider_id == Rider.id)
        .order_by(Rider.name, Rider.id, newest.c.day.desc())
    )
