"""7.4  Inheritance mapping.

Classes with a common parent can be stored in one table, in tables that are joined, or
in separate tables. The choice decides which statements each query sends.
Notes: content/docs/sqlalchemy/advanced-techniques/inheritance-mapping.md
"""

from typing import Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.declarative import ConcreteBase
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
    # region answer
    # stub:
    selectinload,
    with_polymorphic,
    # endregion
)

from sensei import ___


def race_models() -> tuple[type[Any], type[Any], type[Any]]:
    """7.4.1  Explain single table inheritance in SQLAlchemy with an example.

    The league has races of three kinds, and stores them in the one table `races`.
    Complete `Race` below, and write its subclasses `StageRace` and `TimeTrial`. Return
    the three classes in this order.

    - Only `StageRace` has the integer column `stages`, and only `TimeTrial` the integer
      column `interval`. Both are in the table `races`, and NULL for all other races.
    - SQLAlchemy sets `kind`: "race", "stage race" or "time trial".
    - A query for `Race` returns an object of the right class for each row. A query for
      `StageRace` or `TimeTrial` returns the objects of this class only.

    Example:
        session.add_all([Race(name="Roubaix"), StageRace(name="Giro", stages=21)])
        session.scalars(select(Race))  ->  a Race object and a StageRace object
    """

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]
        # region answer
        # stub:
        # In words: All classes share one table. The column `kind`, the discriminator,
        # says which class a row belongs to. A query for a subclass adds `WHERE kind IN
        # (...)`, and needs no JOIN. The price: the columns of all subclasses are in the
        # table, and must allow NULL, because the other rows have no value for them.
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "race"}
        # endregion

    # region answer
    class StageRace(Race):
        __mapper_args__ = {"polymorphic_identity": "stage race"}
        stages: Mapped[int | None]

    class TimeTrial(Race):
        __mapper_args__ = {"polymorphic_identity": "time trial"}
        interval: Mapped[int | None]

    return Race, StageRace, TimeTrial
    # endregion


class Base(DeclarativeBase):
    """The base class of the models below."""


class Team(Base):
    """A team of the league."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    members: Mapped[list["Member"]] = relationship(order_by="Member.id")


class Member(Base):
    """A member of a team, with joined table inheritance."""

    __tablename__ = "members"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "member"}

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))


class Rider(Member):
    """A member who rides, with a number on the back."""

    __tablename__ = "riders"
    __mapper_args__ = {"polymorphic_identity": "rider"}

    id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True)
    bib: Mapped[int]


class Coach(Member):
    """A member who trains the riders."""

    __tablename__ = "coaches"
    __mapper_args__ = {"polymorphic_identity": "coach"}

    id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True)
    licence: Mapped[str]


class Guest(ConcreteBase, Base):
    """A guest of the league, with concrete table inheritance."""

    __tablename__ = "guests"
    __mapper_args__ = {"concrete": True, "polymorphic_identity": "guest"}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class GuestRider(Guest):
    """A guest who rides."""

    __tablename__ = "guest_riders"
    __mapper_args__ = {"concrete": True, "polymorphic_identity": "rider"}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    bib: Mapped[int]


class GuestCoach(Guest):
    """A guest who trains riders."""

    __tablename__ = "guest_coaches"
    __mapper_args__ = {"concrete": True, "polymorphic_identity": "coach"}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    licence: Mapped[str]


def comparison() -> dict[str, int | tuple[int, int]]:
    """7.4.2  What are the pros and cons of joined table inheritance vs. concrete table
    inheritance?

    `Member`, `Rider` and `Coach` use joined table inheritance. `Guest`, `GuestRider`
    and `GuestCoach` use concrete table inheritance. Predict what happens in a new
    database.

    - "add ...": how many INSERT statements store one object.
    - "select(...)": from how many tables the query reads.
    - "ids of ...": a tuple with the two primary keys, after both objects are stored in
      this order. Nothing else is stored.
    """
    # region answer
    # In words: Joined tables share the parent's table: each person has one id there, a
    # foreign key can refer to it, and a common column exists once. The price is one
    # INSERT per level, and a JOIN for the columns of a subclass. Concrete tables are
    # independent: a query for one class reads one table. But a query for the parent is
    # a UNION of all tables, ids are not unique across them, no foreign key can refer to
    # all of them, and a new common column must be added to each table.
    return {
        "add Rider": 2,
        "add GuestRider": 1,
        "select(Rider)": 2,
        "select(Guest)": 3,
        "ids of a Rider and a Coach": (1, 2),
        "ids of a GuestRider and a GuestCoach": (1, 1),
    }
    # stub: return {
    # stub:     "add Rider": ___,
    # stub:     "add GuestRider": ___,
    # stub:     "select(Rider)": ___,
    # stub:     "select(Guest)": ___,
    # stub:     "ids of a Rider and a Coach": (___, ___),
    # stub:     "ids of a GuestRider and a GuestCoach": (___, ___),
    # stub: }
    # endregion


def in_short(member: Member) -> str:
    """Return the line of a member in the list of its team."""
    match member:
        case Rider():
            return f"{member.bib} {member.name}"
        case Coach():
            return f"{member.name}, coach ({member.licence})"
    return member.name


def teams_with(session: Session, licence: str) -> dict[str, list[str]]:
    """7.4.3  How do you query polymorphic relationships in SQLAlchemy?

    The league lists the teams that have a coach with a certain licence. The query loads
    all teams, and then sends a statement for almost every member: `bib` and `licence`
    are in other tables. Repair the query.

    - The function returns the same dictionary as before: each team that has at least
      one coach with this licence, in the order of the ids, with all its members.
    - It sends at most four statements, however many teams and members there are.
    - The database sends no rows of other teams, and none of their members.

    Given:
        The names of the teams are different. There are at most 400 members.

    Example:
        teams_with(session, "A")  ->  {"Nord": ["7 Ana", "Bo, coach (A)", "Cem"]}
    """
    # region answer
    # In words: A relationship to a parent class loads the columns of the parent only.
    # `with_polymorphic` also loads those of the subclasses, by outer joins;
    # `selectin_polymorphic` sends one more statement for each subclass. To filter by a
    # column of a subclass, name the subclass with `of_type`. Then the query joins its
    # table by the primary key.
    everybody = with_polymorphic(Member, [Rider, Coach])
    query = (
        select(Team)
        .where(Team.members.of_type(Coach).any(Coach.licence == licence))
        .options(selectinload(Team.members.of_type(everybody)))
    )
    teams = session.scalars(query.order_by(Team.id)).all()
    # stub: teams = [
    # stub:     team
    # stub:     for team in session.scalars(select(Team).order_by(Team.id))
    # stub:     for member in team.members
    # stub:     if isinstance(member, Coach) and member.licence == licence
    # stub: ]
    # endregion
    return {team.name: [in_short(one) for one in team.members] for team in teams}
