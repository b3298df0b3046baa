"""Other answers to section 7.2."""

from sqlalchemy import Column, Integer, String, Table, func, select, text
from sqlalchemy.schema import CreateView

from sensei.variants import right, wrong


@wrong("7.2.1", caught_by="test_q1_there_is_one_object_for_each_row[one race]")
def team_total_class():
    """Take the race for the key, so that one object stands for all its rows."""

    class Views(DeclarativeBase):
        pass

    class TeamTotal(Views):
        __tablename__ = "team_totals"

        race: Mapped[str] = mapped_column(primary_key=True)
        team: Mapped[str]
        points: Mapped[int]

    return TeamTotal


@wrong("7.2.1", caught_by="test_q1_there_is_one_object_for_each_row[one team]")
def team_total_class():
    """Take the team for the key."""

    class Views(DeclarativeBase):
        pass

    class TeamTotal(Views):
        __tablename__ = "team_totals"

        race: Mapped[str]
        team: Mapped[str] = mapped_column(primary_key=True)
        points: Mapped[int]

    return TeamTotal


@wrong("7.2.1", caught_by="test_q1_there_is_one_object_for_each_row[same points]")
def team_total_class():
    """Take the race and the points for the key."""

    class Views(DeclarativeBase):
        pass

    class TeamTotal(Views):
        __tablename__ = "team_totals"

        race: Mapped[str] = mapped_column(primary_key=True)
        team: Mapped[str]
        points: Mapped[int] = mapped_column(primary_key=True)

    return TeamTotal


@wrong("7.2.1", caught_by="test_q1_an_object_is_found_by_race_and_team")
def team_total_class():
    """Take all columns for the key."""

    class Views(DeclarativeBase):
        pass

    class TeamTotal(Views):
        __tablename__ = "team_totals"

        race: Mapped[str] = mapped_column(primary_key=True)
        team: Mapped[str] = mapped_column(primary_key=True)
        points: Mapped[int] = mapped_column(primary_key=True)

    return TeamTotal


@wrong("7.2.1", caught_by="test_q1_there_is_one_object_for_each_row")
def team_total_class():
    """Invent an id that the view does not have."""

    class Views(DeclarativeBase):
        pass

    class TeamTotal(Views):
        __tablename__ = "team_totals"

        id: Mapped[int] = mapped_column(primary_key=True)
        race: Mapped[str]
        team: Mapped[str]
        points: Mapped[int]

    return TeamTotal


@wrong("7.2.1", caught_by="test_q1_there_is_one_object_for_each_row")
def team_total_class():
    """Name no key."""

    class Views(DeclarativeBase):
        pass

    class TeamTotal(Views):
        __tablename__ = "team_totals"

        race: Mapped[str]
        team: Mapped[str]
        points: Mapped[int]

    return TeamTotal


@wrong("7.2.1", caught_by="test_q1_the_attributes_can_be_used_in_a_query")
def team_total_class():
    """Return a Table."""
    return Table(
        "team_totals",
        MetaData(),
        Column("race", String),
        Column("team", String),
        Column("points", Integer),
    )


@wrong("7.2.1", caught_by="test_q1_the_rows_are_those_of_the_view")
def team_total_class():
    """Write the query again, instead of using the view."""

    class Views(DeclarativeBase):
        pass

    query = (
        select(Result.race, Rider.team, func.sum(Result.points).label("points"))
        .join(Rider, Rider.id == Result.rider_id)
        .group_by(Result.race, Rider.team)
        .subquery()
    )

    class TeamTotal(Views):
        __table__ = query
        __mapper_args__ = {"primary_key": [query.c.race, query.c.team]}

    return TeamTotal


@wrong("7.2.1", caught_by="test_q1_create_all_for_the_tables_does_not_create_the_view")
def team_total_class():
    """Use the base class of the tables."""

    class TeamTotal(Base):
        __tablename__ = "team_totals"
        __table_args__ = {"extend_existing": True}

        race: Mapped[str] = mapped_column(primary_key=True)
        team: Mapped[str] = mapped_column(primary_key=True)
        points: Mapped[int]

    return TeamTotal


@right("7.2.1")
def team_total_class():
    """Write the Table, and name the key for the mapper."""

    class Views(DeclarativeBase):
        pass

    view = Table(
        "team_totals",
        Views.metadata,
        Column("race", String),
        Column("team", String),
        Column("points", Integer),
    )

    class TeamTotal(Views):
        __table__ = view
        __mapper_args__ = {"primary_key": [view.c.race, view.c.team]}

    return TeamTotal


@right("7.2.1")
def team_total_class():
    """Name the types and the key by oneself, in another order."""

    class Views(DeclarativeBase):
        pass

    team = mapped_column("team", String)
    race = mapped_column("race", String)
    values = {"team": team, "race": race, "points": mapped_column(Integer)}
    names = {"__tablename__": "team_totals"}
    key = {"__mapper_args__": {"primary_key": [team, race]}}
    return type("TeamTotal", (Views,), names | values | key)


@wrong("7.2.2", caught_by="test_q2_a_changed_result_has_the_points_of_the_trigger")
class Result(Base):
    """Think of the INSERT only."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]
    points: Mapped[int] = mapped_column(FetchedValue())

    def save(self, session):
        session.add(self)
        session.flush()
        session.refresh(self.rider, ["points"])
        return self.rider.points


@wrong("7.2.2", caught_by="test_q2_a_new_result_has_the_points_of_the_trigger")
class Result(Base):
    """Keep the default of Python, which the session then believes."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]
    points: Mapped[int] = mapped_column(default=0, server_onupdate=FetchedValue())

    def save(self, session):
        session.add(self)
        session.flush()
        session.refresh(self.rider, ["points"])
        return self.rider.points


@wrong("7.2.2", caught_by="test_q2_save_returns_the_points_of_the_rider")
class Result(Base):
    """Repair the column only."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]
    points: Mapped[int] = mapped_column(FetchedValue(), server_onupdate=FetchedValue())

    def save(self, session):
        session.add(self)
        session.flush()
        return self.rider.points


@wrong("7.2.2", caught_by="test_q2_a_changed_result_has_the_points_of_the_trigger")
class Result(Base):
    """Refresh both objects in `save` only."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]
    points: Mapped[int] = mapped_column(default=0)

    def save(self, session):
        session.add(self)
        session.flush()
        session.refresh(self)
        session.refresh(self.rider)
        return self.rider.points


@wrong("7.2.2", caught_by="test_q2_save_returns_the_points_after_a_correction")
class Result(Base):
    """Refresh the result instead of the rider."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]
    points: Mapped[int] = mapped_column(FetchedValue(), server_onupdate=FetchedValue())

    def save(self, session):
        session.add(self)
        session.flush()
        session.refresh(self)
        return self.rider.points


@wrong("7.2.2", caught_by="test_q2_the_rules_of_the_trigger_can_change")
class Result(Base):
    """Compute in Python what the trigger computes."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]

    @property
    def points(self):
        return max(11 - self.place, 0)

    def save(self, session):
        session.add(self)
        session.flush()
        session.refresh(self.rider, ["points"])
        return self.rider.points


@wrong("7.2.2", caught_by="test_q2_save_does_not_commit")
class Result(Base):
    """Commit, so that everything is loaded again."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]
    points: Mapped[int] = mapped_column(FetchedValue(), server_onupdate=FetchedValue())

    def save(self, session):
        session.add(self)
        session.commit()
        return self.rider.points


@wrong("7.2.2", caught_by="test_q2_save_returns_the_points_of_the_rider")
class Result(Base):
    """Refresh the rider too early."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]
    points: Mapped[int] = mapped_column(FetchedValue(), server_onupdate=FetchedValue())

    def save(self, session):
        session.refresh(self.rider)
        session.add(self)
        session.flush()
        return self.rider.points


@wrong("7.2.2", caught_by="test_q2_save_keeps_what_the_caller_did_before")
class Result(Base):
    """Expire everything before the flush."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]
    points: Mapped[int] = mapped_column(FetchedValue(), server_onupdate=FetchedValue())

    def save(self, session):
        session.expire(self.rider)
        session.add(self)
        session.flush()
        return self.rider.points


@wrong("7.2.2", caught_by="test_q2_save_returns_the_points_of_the_rider")
class Result(Base):
    """Add the points to those that the session knows."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]
    points: Mapped[int] = mapped_column(FetchedValue(), server_onupdate=FetchedValue())

    def save(self, session):
        before = self.rider.points
        session.add(self)
        session.flush()
        return before + self.points


@wrong("7.2.2", caught_by="test_q2_save_returns_points_that_others_have_added")
class Result(Base):
    """Add up the results of the rider."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]
    points: Mapped[int] = mapped_column(FetchedValue(), server_onupdate=FetchedValue())

    def save(self, session):
        session.add(self)
        session.flush()
        total = select(func.sum(Result.points)).where(Result.rider_id == self.rider_id)
        return session.scalar(total)


@wrong("7.2.2", caught_by="test_q2_save_returns_points_that_others_have_added")
class Result(Base):
    """Refresh the rider only if there is something to flush."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]
    points: Mapped[int] = mapped_column(FetchedValue(), server_onupdate=FetchedValue())

    def save(self, session):
        session.add(self)
        if session.is_modified(self):
            session.flush()
            session.refresh(self.rider, ["points"])
        return self.rider.points


@wrong("7.2.2", caught_by="test_q2_save_does_not_roll_back")
class Result(Base):
    """Roll back if the flush fails."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]
    points: Mapped[int] = mapped_column(FetchedValue(), server_onupdate=FetchedValue())

    def save(self, session):
        session.add(self)
        try:
            session.flush()
        except Exception:
            session.rollback()
            raise
        session.refresh(self.rider, ["points"])
        return self.rider.points


@right("7.2.2")
class Result(Base):
    """Let the UPDATE return the points, too, and select those of the rider."""

    __tablename__ = "results"
    __mapper_args__ = {"eager_defaults": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]
    points: Mapped[int] = mapped_column(
        server_default="0", server_onupdate=FetchedValue()
    )

    def save(self, session):
        session.add(self)
        session.flush()
        return session.scalar(select(Rider.points).where(Rider.id == self.rider_id))


@right("7.2.2")
class Result(Base):
    """Expire all objects after the flush."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    race: Mapped[str]
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    rider: Mapped[Rider] = relationship()
    place: Mapped[int]
    points: Mapped[int] = mapped_column(
        server_default=FetchedValue(),
        server_onupdate=FetchedValue(for_update=True),
    )

    def save(self, session):
        session.add(self)
        session.flush()
        session.expire_all()
        return self.rider.points


def listen(metadata, *steps):
    """Execute each SQL at its moment, on PostgreSQL."""
    for moment, sql in steps:
        ddl = DDL(sql).execute_if(dialect="postgresql")
        event.listen(metadata, moment, ddl)


CREATE = [
    ("after_create", sql) for sql in (POINTS_FUNCTION, POINTS_TRIGGER, TOTALS_VIEW)
]
DROP_VIEW = "DROP VIEW IF EXISTS team_totals"
DROP_FUNCTION = "DROP FUNCTION IF EXISTS set_points"


@wrong("7.2.3", caught_by="test_q3_create_all_adds_what_is_missing")
def manage(metadata):
    """Listen to the table, whose event comes only when it is created."""
    listen(metadata.tables["results"], *CREATE)
    listen(metadata, ("before_drop", DROP_VIEW), ("after_drop", DROP_FUNCTION))


@wrong("7.2.3", caught_by="test_q3_on_other_databases_there_are_only_the_tables")
def manage(metadata):
    """Execute everything on each database."""
    for moment, sql in (
        *CREATE,
        ("before_drop", DROP_VIEW),
        ("after_drop", DROP_FUNCTION),
    ):
        event.listen(metadata, moment, DDL(sql))


@wrong("7.2.3", caught_by="test_q3_drop_all_drops_everything")
def manage(metadata):
    """Drop the view after the tables."""
    listen(metadata, *CREATE)
    listen(metadata, ("after_drop", DROP_VIEW), ("after_drop", DROP_FUNCTION))


@wrong("7.2.3", caught_by="test_q3_drop_all_drops_everything")
def manage(metadata):
    """Drop the function while the trigger is there."""
    listen(metadata, *CREATE)
    listen(metadata, ("before_drop", DROP_VIEW), ("before_drop", DROP_FUNCTION))


@wrong("7.2.3", caught_by="test_q3_drop_all_drops_everything")
def manage(metadata):
    """Forget the function."""
    listen(metadata, *CREATE, ("before_drop", DROP_VIEW))


@wrong("7.2.3", caught_by="test_q3_drop_all_drops_everything")
def manage(metadata):
    """Only create."""
    listen(metadata, *CREATE)


@wrong("7.2.3", caught_by="test_q3_create_all_creates_everything")
def manage(metadata):
    """Create the trigger before its function."""
    listen(metadata, *CREATE[::-1])
    listen(metadata, ("before_drop", DROP_VIEW), ("after_drop", DROP_FUNCTION))


@wrong("7.2.3", caught_by="test_q3_create_all_creates_everything")
def manage(metadata):
    """Create everything before the tables."""
    listen(metadata, *(("before_create", sql) for _, sql in CREATE))
    listen(metadata, ("before_drop", DROP_VIEW), ("after_drop", DROP_FUNCTION))


@wrong("7.2.3", caught_by="test_q3_drop_all_raises_no_error_if_nothing_exists")
def manage(metadata):
    """Expect that everything exists."""
    listen(metadata, *CREATE)
    listen(
        metadata,
        ("before_drop", "DROP VIEW team_totals"),
        ("after_drop", "DROP FUNCTION set_points"),
    )


@wrong("7.2.3", caught_by="test_q3_what_others_built_is_not_dropped_silently[trigger]")
def manage(metadata):
    """Drop the function with CASCADE, so that the order does not matter."""
    listen(metadata, *CREATE, ("before_drop", DROP_VIEW))
    listen(metadata, ("before_drop", f"{DROP_FUNCTION} CASCADE"))


@wrong("7.2.3", caught_by="test_q3_drop_all_drops_what_is_left[tables]")
def manage(metadata):
    """Drop with the tables, whose events do not come if they are gone."""
    listen(metadata, *CREATE)
    listen(metadata.tables["riders"], ("before_drop", DROP_VIEW))
    listen(
        metadata.tables["results"],
        ("before_drop", DROP_VIEW),
        ("after_drop", DROP_FUNCTION),
    )


@wrong("7.2.3", caught_by="test_q3_what_others_built_is_not_dropped_silently[view]")
def manage(metadata):
    """Drop with CASCADE."""
    listen(metadata, *CREATE)
    drops = f"{DROP_VIEW} CASCADE", f"{DROP_FUNCTION} CASCADE"
    listen(metadata, *(("before_drop", sql) for sql in drops))


@wrong("7.2.3", caught_by="test_q3_drop_all_keeps_what_belongs_to_others")
def manage(metadata):
    """Empty the whole schema."""
    listen(metadata, *CREATE)
    listen(metadata, ("after_drop", "DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    listen(metadata, ("before_drop", DROP_VIEW))


@wrong("7.2.3", caught_by="test_q3_create_all_creates_everything")
def manage(metadata):
    """Listen to the metadata of the models."""
    listen(Base.metadata, *CREATE)
    listen(Base.metadata, ("before_drop", DROP_VIEW), ("after_drop", DROP_FUNCTION))


@wrong("7.2.3", caught_by="test_q3_create_all_replaces_old_definitions")
def manage(metadata):
    """Let SQLAlchemy create the view, which it does only once."""
    results, riders = metadata.tables["results"], metadata.tables["riders"]
    total = func.sum(results.c.points).label("points")
    query = select(results.c.race, riders.c.team, total)
    query = query.join_from(results, riders).group_by(results.c.race, riders.c.team)
    CreateView(query, "team_totals", metadata=metadata)
    listen(metadata, *CREATE[:2], ("after_drop", DROP_FUNCTION))


@wrong("7.2.3", caught_by="test_q3_on_other_databases_there_are_only_the_tables")
def manage(metadata):
    """Drop the view on each database, since each understands the statement."""
    listen(metadata, *CREATE, ("after_drop", DROP_FUNCTION))
    event.listen(metadata, "before_drop", DDL(DROP_VIEW))


@wrong("7.2.3", caught_by="test_q3_on_other_databases_there_are_only_the_tables")
def manage(metadata):
    """Think of two databases only."""

    def is_not_sqlite(ddl, target, bind, **options):
        return bind.dialect.name != "sqlite"

    for moment, sql in (
        *CREATE,
        ("before_drop", DROP_VIEW),
        ("after_drop", DROP_FUNCTION),
    ):
        event.listen(metadata, moment, DDL(sql).execute_if(callable_=is_not_sqlite))


@wrong("7.2.3", caught_by="test_q3_create_all_keeps_what_others_have_built[view]")
def manage(metadata):
    """Drop the view before it is created again."""
    listen(metadata, ("after_create", DROP_VIEW), *CREATE)
    listen(metadata, ("before_drop", DROP_VIEW), ("after_drop", DROP_FUNCTION))


@wrong("7.2.3", caught_by="test_q3_create_all_keeps_what_others_have_built[trigger]")
def manage(metadata):
    """Drop the function, with what uses it, before it is created again."""
    listen(metadata, ("after_create", f"{DROP_FUNCTION} CASCADE"), *CREATE)
    listen(metadata, ("before_drop", DROP_VIEW), ("after_drop", DROP_FUNCTION))


@right("7.2.3")
def manage(metadata):
    """Write functions that execute the statements."""

    def create(target, connection, **options):
        if connection.dialect.name == "postgresql":
            for sql in (POINTS_FUNCTION, POINTS_TRIGGER, TOTALS_VIEW):
                connection.exec_driver_sql(sql)

    def drop(target, connection, **options):
        if connection.dialect.name == "postgresql":
            connection.execute(text("DROP VIEW IF EXISTS team_totals"))
            connection.execute(
                text("DROP TRIGGER IF EXISTS results_points ON results")
                if connection.dialect.has_table(connection, "results")
                else text("SELECT 1")
            )
            connection.execute(text("DROP FUNCTION IF EXISTS set_points()"))

    event.listen(metadata, "after_create", create)
    event.listen(metadata, "before_drop", drop)


@right("7.2.3")
def manage(metadata):
    """Send all definitions at once."""
    create = ";".join([POINTS_FUNCTION, POINTS_TRIGGER, TOTALS_VIEW])

    def is_postgresql(ddl, target, bind, **options):
        return bind.dialect.name == "postgresql"

    for moment, sql in {
        "after_create": create,
        "before_drop": "DROP VIEW IF EXISTS team_totals",
        "after_drop": "DROP FUNCTION IF EXISTS set_points()",
    }.items():
        event.listen(metadata, moment, DDL(sql).execute_if(callable_=is_postgresql))
