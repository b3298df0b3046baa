"""Other answers to section 7.4."""

from sqlalchemy import Column, Integer, String, Table
from sqlalchemy.orm import contains_eager, joinedload, subqueryload

from sensei.variants import right, wrong


@wrong("7.4.1", caught_by="test_q1_the_columns_are_null_for_other_races")
def race_models():
    """Forbid NULL in the columns of the subclasses."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "race"}

    class StageRace(Race):
        __mapper_args__ = {"polymorphic_identity": "stage race"}
        stages: Mapped[int]

    class TimeTrial(Race):
        __mapper_args__ = {"polymorphic_identity": "time trial"}
        interval: Mapped[int]

    return Race, StageRace, TimeTrial


@wrong("7.4.1", caught_by="test_q1_there_is_one_table")
def race_models():
    """Give each class a table of its own."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "race"}

    class StageRace(Race):
        __tablename__ = "stage_races"
        id: Mapped[int] = mapped_column(ForeignKey(Race.id), primary_key=True)
        __mapper_args__ = {"polymorphic_identity": "stage race"}
        stages: Mapped[int | None]

    class TimeTrial(Race):
        __tablename__ = "time_trials"
        id: Mapped[int] = mapped_column(ForeignKey(Race.id), primary_key=True)
        __mapper_args__ = {"polymorphic_identity": "time trial"}
        interval: Mapped[int | None]

    return Race, StageRace, TimeTrial


@wrong("7.4.1", caught_by="test_q1_sqlalchemy_sets_the_kind")
def race_models():
    """Name no discriminator, and set `kind` by a default."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str] = mapped_column(default="race")

    class StageRace(Race):
        stages: Mapped[int | None]

    class TimeTrial(Race):
        interval: Mapped[int | None]

    return Race, StageRace, TimeTrial


@wrong("7.4.1", caught_by="test_q1_sqlalchemy_sets_the_kind")
def race_models():
    """Forget what a plain race is."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind"}

    class StageRace(Race):
        __mapper_args__ = {"polymorphic_identity": "stage race"}
        stages: Mapped[int | None]

    class TimeTrial(Race):
        __mapper_args__ = {"polymorphic_identity": "time trial"}
        interval: Mapped[int | None]

    return Race, StageRace, TimeTrial


@wrong("7.4.1", caught_by="test_q1_sqlalchemy_sets_the_kind")
def race_models():
    """Use the names of the classes."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "Race"}

    class StageRace(Race):
        __mapper_args__ = {"polymorphic_identity": "StageRace"}
        stages: Mapped[int | None]

    class TimeTrial(Race):
        __mapper_args__ = {"polymorphic_identity": "TimeTrial"}
        interval: Mapped[int | None]

    return Race, StageRace, TimeTrial


@wrong("7.4.1", caught_by="test_q1_a_query_for_race_returns_objects_of_the_right_class")
def race_models():
    """Put the columns into the parent only, and leave the classes empty of identity."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_identity": "race"}
        stages: Mapped[int | None]
        interval: Mapped[int | None]

    class StageRace(Race):
        __mapper_args__ = {"polymorphic_identity": "stage race"}

    class TimeTrial(Race):
        __mapper_args__ = {"polymorphic_identity": "time trial"}

    return Race, StageRace, TimeTrial


@wrong("7.4.1", caught_by="test_q1_there_is_one_table")
def race_models():
    """Store the length in one column of all classes."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "race"}
        length: Mapped[int | None]

    class StageRace(Race):
        __mapper_args__ = {"polymorphic_identity": "stage race"}

    class TimeTrial(Race):
        __mapper_args__ = {"polymorphic_identity": "time trial"}

    return Race, StageRace, TimeTrial


@wrong(
    "7.4.1",
    caught_by="test_q1_a_query_for_a_subclass_returns_its_objects_only[StageRace]",
)
def race_models():
    """Make time trials a kind of stage race."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "race"}

    class StageRace(Race):
        __mapper_args__ = {"polymorphic_identity": "stage race"}
        stages: Mapped[int | None]

    class TimeTrial(StageRace):
        __mapper_args__ = {"polymorphic_identity": "time trial"}
        interval: Mapped[int | None]

    return Race, StageRace, TimeTrial


@wrong("7.4.1", caught_by="test_q1_the_new_columns_are_integers[stages]")
def race_models():
    """Store the new columns as texts."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "race"}

    class StageRace(Race):
        __mapper_args__ = {"polymorphic_identity": "stage race"}
        stages: Mapped[str | None]

    class TimeTrial(Race):
        __mapper_args__ = {"polymorphic_identity": "time trial"}
        interval: Mapped[str | None]

    return Race, StageRace, TimeTrial


@wrong("7.4.1", caught_by="test_q1_the_columns_are_null_for_other_races")
def race_models():
    """Give the other races 0."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "race"}

    class StageRace(Race):
        __mapper_args__ = {"polymorphic_identity": "stage race"}
        stages: Mapped[int] = mapped_column(server_default="0")

    class TimeTrial(Race):
        __mapper_args__ = {"polymorphic_identity": "time trial"}
        interval: Mapped[int] = mapped_column(server_default="0")

    return Race, StageRace, TimeTrial


@wrong("7.4.1", caught_by="test_q1_there_is_one_table")
def race_models():
    """Return one class."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "race"}

    class StageRace(Race):
        __mapper_args__ = {"polymorphic_identity": "stage race"}
        stages: Mapped[int | None]

    class TimeTrial(Race):
        __mapper_args__ = {"polymorphic_identity": "time trial"}
        interval: Mapped[int | None]

    return Race


@wrong("7.4.1", caught_by="test_q1_the_classes_have_their_names")
def race_models():
    """Swap the subclasses."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "race"}

    class StageRace(Race):
        __mapper_args__ = {"polymorphic_identity": "stage race"}
        stages: Mapped[int | None]

    class TimeTrial(Race):
        __mapper_args__ = {"polymorphic_identity": "time trial"}
        interval: Mapped[int | None]

    return Race, TimeTrial, StageRace


@wrong("7.4.1", caught_by="test_q1_each_column_belongs_to_one_class")
def race_models():
    """Put all columns into the parent, where every class has them."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]
        stages: Mapped[int | None]
        interval: Mapped[int | None]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "race"}

    class StageRace(Race):
        __mapper_args__ = {"polymorphic_identity": "stage race"}

    class TimeTrial(Race):
        __mapper_args__ = {"polymorphic_identity": "time trial"}

    return Race, StageRace, TimeTrial


@right("7.4.1")
def race_models():
    """Write the table, and say which class does not have which column."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __table__ = Table(
            "races",
            Base.metadata,
            Column("id", Integer, primary_key=True),
            Column("name", String, nullable=False),
            Column("kind", String, nullable=False),
            Column("stages", Integer),
            Column("interval", Integer),
        )
        __mapper_args__ = {
            "polymorphic_on": "kind",
            "polymorphic_identity": "race",
            "exclude_properties": ["stages", "interval"],
        }

    class StageRace(Race):
        __mapper_args__ = {
            "polymorphic_identity": "stage race",
            "exclude_properties": ["interval"],
        }
        stages = Race.__table__.c.stages

    class TimeTrial(Race):
        __mapper_args__ = {
            "polymorphic_identity": "time trial",
            "exclude_properties": ["stages"],
        }
        interval = Race.__table__.c.interval

    return Race, StageRace, TimeTrial


@right("7.4.1")
def race_models():
    """Name the column itself, and say that NULL is allowed."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind = mapped_column(String, nullable=False)
        __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "race"}

    class StageRace(Race):
        __mapper_args__ = {"polymorphic_identity": "stage race"}
        stages: Mapped[int] = mapped_column(Integer, nullable=True)

    class TimeTrial(Race):
        __mapper_args__ = {"polymorphic_identity": "time trial"}
        interval = mapped_column(Integer)

    return Race, StageRace, TimeTrial


@right("7.4.1")
def race_models():
    """Load the columns with each query, and write an identity of the parent elsewhere."""

    class Base(DeclarativeBase):
        pass

    class Race(Base):
        __tablename__ = "races"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "race"}

    class StageRace(Race):
        __mapper_args__ = {
            "polymorphic_identity": "stage race",
            "polymorphic_load": "inline",
        }
        stages: Mapped[int | None]

    class TimeTrial(Race):
        __mapper_args__ = {
            "polymorphic_identity": "time trial",
            "polymorphic_load": "inline",
        }
        interval: Mapped[int | None]

    return Race, StageRace, TimeTrial


@wrong("7.4.2", caught_by="test_q2_the_difference_is_predicted[add Rider]")
def comparison():
    """Take a rider for one row."""
    return {
        "add Rider": 1,
        "add GuestRider": 1,
        "select(Rider)": 2,
        "select(Guest)": 3,
        "ids of a Rider and a Coach": (1, 2),
        "ids of a GuestRider and a GuestCoach": (1, 1),
    }


@wrong("7.4.2", caught_by="test_q2_the_difference_is_predicted[add GuestRider]")
def comparison():
    """Store the name of a guest with all guests."""
    return {
        "add Rider": 2,
        "add GuestRider": 2,
        "select(Rider)": 2,
        "select(Guest)": 3,
        "ids of a Rider and a Coach": (1, 2),
        "ids of a GuestRider and a GuestCoach": (1, 1),
    }


@wrong("7.4.2", caught_by="test_q2_the_difference_is_predicted[select(Rider)]")
def comparison():
    """Look for all columns of a rider in one table."""
    return {
        "add Rider": 2,
        "add GuestRider": 1,
        "select(Rider)": 1,
        "select(Guest)": 3,
        "ids of a Rider and a Coach": (1, 2),
        "ids of a GuestRider and a GuestCoach": (1, 1),
    }


@wrong("7.4.2", caught_by="test_q2_the_difference_is_predicted[select(Guest)]")
def comparison():
    """Look for guests in the table of guests only."""
    return {
        "add Rider": 2,
        "add GuestRider": 1,
        "select(Rider)": 2,
        "select(Guest)": 1,
        "ids of a Rider and a Coach": (1, 2),
        "ids of a GuestRider and a GuestCoach": (1, 1),
    }


@wrong(
    "7.4.2", caught_by="test_q2_the_difference_is_predicted[ids of a Rider and a Coach]"
)
def comparison():
    """Count the ids of each table."""
    return {
        "add Rider": 2,
        "add GuestRider": 1,
        "select(Rider)": 2,
        "select(Guest)": 3,
        "ids of a Rider and a Coach": (1, 1),
        "ids of a GuestRider and a GuestCoach": (1, 1),
    }


@wrong(
    "7.4.2",
    caught_by="test_q2_the_difference_is_predicted[ids of a GuestRider and a GuestCoach]",
)
def comparison():
    """Share the ids between concrete tables."""
    return {
        "add Rider": 2,
        "add GuestRider": 1,
        "select(Rider)": 2,
        "select(Guest)": 3,
        "ids of a Rider and a Coach": (1, 2),
        "ids of a GuestRider and a GuestCoach": (1, 2),
    }


@wrong("7.4.2", caught_by="test_q2_the_difference_is_predicted[select(Guest)]")
def comparison():
    """Give a text."""
    return {
        "add Rider": 2,
        "add GuestRider": 1,
        "select(Rider)": 2,
        "select(Guest)": "3",
        "ids of a Rider and a Coach": (1, 2),
        "ids of a GuestRider and a GuestCoach": (1, 1),
    }


@right("7.4.2")
def comparison():
    """Compute the numbers."""
    joined, concrete = (
        ("members", "riders"),
        ("guests", "guest_riders", "guest_coaches"),
    )
    return {
        "add Rider": len(joined),
        "add GuestRider": 1,
        "select(Rider)": len(joined),
        "select(Guest)": len(concrete),
        "ids of a Rider and a Coach": (1, 2),
        "ids of a GuestRider and a GuestCoach": (1, 1),
    }


@right("7.4.2")
def comparison():
    """Build the dictionary from two others."""
    joined = {"add Rider": 2, "select(Rider)": 2, "ids of a Rider and a Coach": (1, 2)}
    concrete = {"add GuestRider": 1, "select(Guest)": 3}
    return joined | concrete | {"ids of a GuestRider and a GuestCoach": (1, 1)}


@wrong(
    "7.4.3",
    caught_by="test_q3_the_number_of_statements_does_not_grow_with_the_members[3]",
)
def teams_with(session, licence):
    """Load the members in advance, but not the columns of the subclasses."""
    query = select(Team).where(
        Team.members.of_type(Coach).any(Coach.licence == licence)
    )
    query = query.options(selectinload(Team.members))
    teams = session.scalars(query.order_by(Team.id)).all()
    return {team.name: [in_short(one) for one in team.members] for team in teams}


@wrong(
    "7.4.3",
    caught_by="test_q3_the_number_of_statements_does_not_grow_with_the_teams[20]",
)
def teams_with(session, licence):
    """Filter in the database, and load nothing in advance."""
    query = select(Team).where(
        Team.members.of_type(Coach).any(Coach.licence == licence)
    )
    teams = session.scalars(query.order_by(Team.id)).all()
    return {team.name: [in_short(one) for one in team.members] for team in teams}


@wrong("7.4.3", caught_by="test_q3_other_teams_are_not_loaded[5]")
def teams_with(session, licence):
    """Load everything in advance, and filter in Python."""
    everybody = with_polymorphic(Member, "*")
    query = select(Team).options(selectinload(Team.members.of_type(everybody)))
    return {
        team.name: [in_short(one) for one in team.members]
        for team in session.scalars(query.order_by(Team.id))
        if any(getattr(one, "licence", None) == licence for one in team.members)
    }


@wrong("7.4.3", caught_by="test_q3_the_teams_have_a_coach_with_the_licence[A]")
def teams_with(session, licence):
    """Forget `of_type`, so that the coaches are not joined to the members."""
    everybody = with_polymorphic(Member, "*")
    query = select(Team).where(Team.members.any(Coach.licence == licence))
    query = query.options(selectinload(Team.members.of_type(everybody)))
    teams = session.scalars(query.order_by(Team.id)).all()
    return {team.name: [in_short(one) for one in team.members] for team in teams}


@wrong("7.4.3", caught_by="test_q3_the_teams_have_a_coach_with_the_licence[A]")
def teams_with(session, licence):
    """Load only the coaches that match."""
    query = (
        select(Team)
        .join(Team.members.of_type(Coach))
        .where(Coach.licence == licence)
        .options(contains_eager(Team.members.of_type(Coach)))
    )
    teams = session.scalars(query.order_by(Team.id)).unique()
    return {team.name: [in_short(one) for one in team.members] for team in teams}


@wrong(
    "7.4.3",
    caught_by="test_q3_the_number_of_statements_does_not_grow_with_the_members[3]",
)
def teams_with(session, licence):
    """Load the columns of the riders only."""
    everybody = with_polymorphic(Member, [Rider])
    query = select(Team).where(
        Team.members.of_type(Coach).any(Coach.licence == licence)
    )
    query = query.options(selectinload(Team.members.of_type(everybody)))
    teams = session.scalars(query.order_by(Team.id)).all()
    return {team.name: [in_short(one) for one in team.members] for team in teams}


@wrong("7.4.3", caught_by="test_q3_the_teams_have_a_coach_with_the_licence[A]")
def teams_with(session, licence):
    """Load the riders only."""
    query = select(Team).where(
        Team.members.of_type(Coach).any(Coach.licence == licence)
    )
    query = query.options(selectinload(Team.members.of_type(Rider)))
    teams = session.scalars(query.order_by(Team.id)).all()
    return {team.name: [in_short(one) for one in team.members] for team in teams}


@wrong("7.4.3", caught_by="test_q3_licences_that_look_alike_are_different")
def teams_with(session, licence):
    """Compare the beginning of the licence."""
    everybody = with_polymorphic(Member, "*")
    query = select(Team).where(
        Team.members.of_type(Coach).any(Coach.licence.startswith(licence[:1]))
    )
    query = query.options(selectinload(Team.members.of_type(everybody)))
    teams = session.scalars(query.order_by(Team.id)).all()
    return {team.name: [in_short(one) for one in team.members] for team in teams}


@wrong("7.4.3", caught_by="test_q3_licences_that_look_alike_are_different")
def teams_with(session, licence):
    """Compare with LIKE, which ignores the case in SQLite."""
    everybody = with_polymorphic(Member, "*")
    query = select(Team).where(
        Team.members.of_type(Coach).any(Coach.licence.like(licence))
    )
    query = query.options(selectinload(Team.members.of_type(everybody)))
    teams = session.scalars(query.order_by(Team.id)).all()
    return {team.name: [in_short(one) for one in team.members] for team in teams}


@wrong("7.4.3", caught_by="test_q3_the_order_is_that_of_the_ids")
def teams_with(session, licence):
    """Sort by the name."""
    everybody = with_polymorphic(Member, "*")
    query = select(Team).where(
        Team.members.of_type(Coach).any(Coach.licence == licence)
    )
    query = query.options(selectinload(Team.members.of_type(everybody)))
    teams = session.scalars(query.order_by(Team.name)).all()
    return {team.name: [in_short(one) for one in team.members] for team in teams}


@wrong("7.4.3", caught_by="test_q3_the_order_is_that_of_the_ids")
def teams_with(session, licence):
    """Leave the order to the database."""
    everybody = with_polymorphic(Member, "*")
    query = select(Team).where(
        Team.members.of_type(Coach).any(Coach.licence == licence)
    )
    query = query.options(selectinload(Team.members.of_type(everybody)))
    teams = session.scalars(query).all()
    return {team.name: [in_short(one) for one in team.members] for team in teams}


@wrong("7.4.3", caught_by="test_q3_the_teams_have_a_coach_with_the_licence[A]")
def teams_with(session, licence):
    """Take all teams with a coach."""
    everybody = with_polymorphic(Member, "*")
    query = select(Team).where(Team.members.of_type(Coach).any())
    query = query.options(selectinload(Team.members.of_type(everybody)))
    teams = session.scalars(query.order_by(Team.id)).all()
    return {team.name: [in_short(one) for one in team.members] for team in teams}


@wrong("7.4.3", caught_by="test_q3_the_teams_have_a_coach_with_the_licence[A]")
def teams_with(session, licence):
    """Join the coaches of all teams."""
    everybody = with_polymorphic(Member, "*")
    query = select(Team).where(
        select(Coach.id).where(Coach.licence == licence).exists()
    )
    query = query.options(selectinload(Team.members.of_type(everybody)))
    teams = session.scalars(query.order_by(Team.id)).all()
    return {team.name: [in_short(one) for one in team.members] for team in teams}


@right("7.4.3")
def teams_with(session, licence):
    """Send one statement for each subclass."""
    query = select(Team).where(
        Team.members.of_type(Coach).any(Coach.licence == licence)
    )
    query = query.options(
        selectinload(Team.members).selectin_polymorphic([Rider, Coach])
    )
    teams = session.scalars(query.order_by(Team.id)).all()
    return {team.name: [in_short(one) for one in team.members] for team in teams}


@right("7.4.3")
def teams_with(session, licence):
    """Find the teams by a subquery, and join all tables in one statement."""
    found = select(Coach.team_id).where(Coach.licence == licence)
    everybody = with_polymorphic(Member, "*", flat=True)
    query = select(Team).where(Team.id.in_(found)).order_by(Team.id)
    query = query.options(joinedload(Team.members.of_type(everybody)))
    teams = session.scalars(query).unique()
    return {team.name: [in_short(one) for one in team.members] for team in teams}


@right("7.4.3")
def teams_with(session, licence):
    """Join the coaches, and remove the duplicates."""
    everybody = with_polymorphic(Member, [Rider, Coach], flat=True)
    query = (
        select(Team)
        .join(Team.members.of_type(Coach))
        .where(Coach.licence == licence)
        .distinct()
        .options(subqueryload(Team.members.of_type(everybody)))
    )
    teams = session.scalars(query.order_by(Team.id)).all()
    return {team.name: [in_short(one) for one in team.members] for team in teams}


@right("7.4.3")
def teams_with(session, licence):
    """Select the members with the name of their team, and group them in Python."""
    everybody = with_polymorphic(Member, "*", flat=True)
    found = select(Coach.team_id).where(Coach.licence == licence)
    query = (
        select(Team.name, everybody)
        .select_from(Team)
        .join(everybody, everybody.team_id == Team.id)
        .where(Team.id.in_(found))
    )
    lines = {}
    for name, member in session.execute(query.order_by(Team.id, everybody.id)):
        lines.setdefault(name, []).append(in_short(member))
    return lines
