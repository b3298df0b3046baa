"""7.3  Hybrid properties and methods.

A hybrid attribute is a computed value of a mapped class. On an object, Python computes
it. In a query, the database computes it, so you can also filter and sort by it.
Notes: content/docs/sqlalchemy/advanced-techniques/hybrid-properties.md
"""

from datetime import date

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    func,
    select,
)
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
)


class Base(DeclarativeBase):
    """The base class of the cycling league's models."""


class Rider(Base):
    """7.3.1  Create a SQLAlchemy model with a hybrid property for a computed full name.

    The league searches its riders by their full name. Some riders have no last name:
    it is NULL or an empty text. Add the hybrid property `full_name`.

    - For an object, `rider.full_name` is the first name, a space, and the last name. If
      there is no last name, it is the first name alone, without a space.
    - In a query, `Rider.full_name` has the same value for each row. You can select it
      and compare it. The `full_name` of `aliased(Rider)` works as well.
    - The table has no new column.

    Given:
        The database is SQLite, which has no `concat` before version 3.44.
        No name begins or ends with a space.

    Example:
        Rider(first_name="Ana", last_name="Silva").full_name  ->  "Ana Silva"
        select(Rider).where(Rider.full_name == "Mia")  ->  the row ("Mia", NULL)
    """

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]


class Race(Base):
    """A race of the league. It takes one day."""

    __tablename__ = "races"

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]


class Contract(Base):
    """7.3.2  How do hybrid methods differ from hybrid properties, and when would you
    use them?

    A rider can start in a race if the contract covers the day. The hybrid property
    `is_open` below takes no argument, so it cannot answer this. Write the hybrid method
    `covers(day)`.

    - For an object, `contract.covers(day)` is True from `begins` to `ends`, both days
      included. It is False before and after. If `ends` is None, there is no last day.
    - In a query, `Contract.covers(day)` has the same value for each row. The negation
      `~Contract.covers(day)` and the `covers` of `aliased(Contract)` work as well.
    - In a query, `day` is a `date` or any column with dates, such as `Race.day`.

    Example:
        select(Contract).where(Contract.covers(date(2026, 7, 4)))
        select(Contract, Race).join(Race, Contract.covers(Race.day))
    """

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self) -> bool:
        """Whether the contract has no last day."""
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls) -> ColumnElement[bool]:
        return cls.ends.is_(None)


class Result(Base):
    """The result of a team in a race. A penalty has negative points."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    points: Mapped[int]


class Team(Base):
    """7.3.3  What are the performance considerations when using complex hybrid
    attributes?

    The ranking of the teams is slow. `points` works in Python only: `top` loads all
    teams, sends one more statement for each of them, and loads all results. Repair it.

    - In a query, `Team.points` can be selected beside a column of `Team`, and compared.
      It has the same value as `team.points` in Python, which stays as it is: the sum of
      the points, or 0 if there are no results.
    - `top` returns the same list as before, also when `session` has new results that
      are not committed. It sends one SELECT, and does not commit or roll back.
    - In `top`, the number of rows that the database sends is at most `count`.

    Given:
        `count` is at least 1. Two teams can have the same points or the same name.

    Example:
        Team.top(session, 2)  ->  [("Velo Nord", 31), ("Sprint 04", 12)]
    """

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self) -> int:
        """The sum of the points of all results."""
        return sum(result.points for result in self.results)


    @classmethod
    def top(cls, session: Session, count: int) -> list[tuple[str, int]]:
        """Return the teams with the most points. The lower id is first in a tie."""
        teams = session.scalars(select(cls)).all()
        ranking = sorted(teams, key=lambda team: (-team.points, team.id))
        return [(team.name, team.points) for team in ranking[:count]]
