"""Other answers to section 7.5."""

from sqlalchemy.orm import attributes, object_session

from sensei.variants import right, wrong


@wrong("7.5.1", caught_by="test_q1_a_new_row_gets_the_time_of_its_flush")
def stamp_new_rows():
    """Listen to the mixin only, which is no model, so that nobody is called."""

    @event.listens_for(Timestamped, "before_insert")
    def set_created_at(mapper, connection, row):
        if row.created_at is None:
            row.created_at = now()


@wrong("7.5.1", caught_by="test_q1_a_time_that_is_set_already_stays")
def stamp_new_rows():
    """Overwrite what is there."""

    @event.listens_for(Timestamped, "before_insert", propagate=True)
    def set_created_at(mapper, connection, row):
        row.created_at = now()


@wrong("7.5.1", caught_by="test_q1_a_new_row_gets_the_time_of_its_flush")
def stamp_new_rows():
    """Set the time when the object is made."""

    @event.listens_for(Timestamped, "init", propagate=True)
    def set_created_at(row, args, kwargs):
        kwargs.setdefault("created_at", now())


@wrong("7.5.1", caught_by="test_q1_a_new_row_gets_the_time_of_its_flush")
def stamp_new_rows():
    """Read the clock once."""
    start = now()

    @event.listens_for(Timestamped, "before_insert", propagate=True)
    def set_created_at(mapper, connection, row):
        if row.created_at is None:
            row.created_at = start


@wrong("7.5.1", caught_by="test_q1_a_model_that_is_defined_later_gets_the_time_too")
def stamp_new_rows():
    """Register the listener for the models that exist now."""

    def set_created_at(mapper, connection, row):
        if row.created_at is None:
            row.created_at = now()

    for model in (Team, Race):
        event.listen(model, "before_insert", set_created_at)


@wrong("7.5.1", caught_by="test_q1_other_models_work_as_before")
def stamp_new_rows():
    """Listen to all models."""

    @event.listens_for(Base, "before_insert", propagate=True)
    def set_created_at(mapper, connection, row):
        if row.created_at is None:
            row.created_at = now()


@wrong("7.5.1", caught_by="test_q1_a_new_row_gets_the_time_of_its_flush")
def stamp_new_rows():
    """Set the time after the INSERT, when it is too late for it."""

    @event.listens_for(Timestamped, "after_insert", propagate=True)
    def set_created_at(mapper, connection, row):
        if row.created_at is None:
            row.created_at = now()


@wrong("7.5.1", caught_by="test_q1_an_update_does_not_change_the_time")
def stamp_new_rows():
    """Listen to UPDATE as well."""

    @event.listens_for(Timestamped, "before_insert", propagate=True)
    def set_created_at(mapper, connection, row):
        if row.created_at is None:
            row.created_at = now()

    @event.listens_for(Timestamped, "before_update", propagate=True)
    def set_again(mapper, connection, row):
        row.created_at = now()


@wrong(
    "7.5.1", caught_by="test_q1_a_model_with_a_created_at_of_its_own_works_as_before"
)
def stamp_new_rows():
    """Ask for the column instead of the mixin."""

    @event.listens_for(Base, "before_insert", propagate=True)
    def set_created_at(mapper, connection, row):
        if "created_at" in mapper.columns and row.created_at is None:
            row.created_at = now()


@wrong("7.5.1", caught_by="test_q1_the_time_of_session_add_does_not_matter")
def stamp_new_rows():
    """Set the time when the object is added to the session."""

    @event.listens_for(Session, "before_attach")
    def set_created_at(session, row):
        if isinstance(row, Timestamped) and row.created_at is None:
            row.created_at = now()


@wrong("7.5.1", caught_by="test_q1_the_time_is_exactly_what_now_returns")
def stamp_new_rows():
    """Cut the time to whole seconds."""

    @event.listens_for(Timestamped, "before_insert", propagate=True)
    def set_created_at(mapper, connection, row):
        if row.created_at is None:
            row.created_at = now().replace(microsecond=0)


@wrong("7.5.1", caught_by="test_q1_the_time_is_exactly_what_now_returns")
def stamp_new_rows():
    """Drop the time zone, because SQLite has none."""

    @event.listens_for(Timestamped, "before_insert", propagate=True)
    def set_created_at(mapper, connection, row):
        if row.created_at is None:
            row.created_at = now().replace(tzinfo=None)


@right("7.5.1")
def stamp_new_rows():
    """Listen to the flush of all sessions, and look at their new objects."""

    @event.listens_for(Session, "before_flush")
    def set_created_at(session, context, instances):
        for row in session.new:
            if isinstance(row, Timestamped) and row.created_at is None:
                row.created_at = now()


@right("7.5.1")
def stamp_new_rows():
    """Listen to all models, and ask what a row has."""

    def set_created_at(mapper, connection, row):
        if issubclass(mapper.class_, Timestamped):
            row.created_at = row.created_at or now()

    event.listen(Base, "before_insert", set_created_at, propagate=True)


@wrong("7.5.2", caught_by="test_q2_nothing_is_logged_when_the_points_do_not_change")
def audited_sessions(engine):
    """Log every rider in `dirty`."""
    sessions = sessionmaker(engine)

    @event.listens_for(sessions, "before_flush")
    def log_points(session, context, instances):
        for rider in [one for one in session.dirty if isinstance(one, Rider)]:
            history = inspect(rider).attrs.points.history
            old = (history.deleted or history.unchanged)[0]
            who, new = session.info["user"], rider.points
            session.add(PointsChange(rider_id=rider.id, old=old, new=new, user=who))

    return sessions


@wrong("7.5.2", caught_by="test_q2_other_sessions_log_nothing")
def audited_sessions(engine):
    """Listen to all sessions."""

    @event.listens_for(Session, "before_flush")
    def log_points(session, context, instances):
        for rider in [one for one in session.dirty if isinstance(one, Rider)]:
            added, _, deleted = inspect(rider).attrs.points.history
            if added:
                who, old, new = session.info.get("user", ""), deleted[0], added[0]
                session.add(PointsChange(rider_id=rider.id, old=old, new=new, user=who))

    return sessionmaker(engine)


@wrong(
    "7.5.2",
    caught_by="test_q2_nothing_is_logged_when_the_points_do_not_change"
    "[another value, and back]",
)
def audited_sessions(engine):
    """Log each assignment to the attribute."""
    sessions = sessionmaker(engine, class_=type("Audited", (Session,), {}))

    @event.listens_for(Rider.points, "set")
    def log_points(rider, new, old, initiator):
        session = object_session(rider)
        if type(session) is sessions.class_ and new != old:
            who = session.info["user"]
            session.add(PointsChange(rider_id=rider.id, old=old, new=new, user=who))

    return sessions


@wrong("7.5.2", caught_by="test_q2_each_change_of_a_transaction_is_logged")
def audited_sessions(engine):
    """Look at the changes before the commit, when some of them are sent already."""
    sessions = sessionmaker(engine)

    @event.listens_for(sessions, "before_commit")
    def log_points(session):
        for rider in [one for one in session.dirty if isinstance(one, Rider)]:
            added, _, deleted = inspect(rider).attrs.points.history
            if added:
                who, old, new = session.info["user"], deleted[0], added[0]
                session.add(PointsChange(rider_id=rider.id, old=old, new=new, user=who))

    return sessions


@wrong("7.5.2", caught_by="test_q2_a_change_is_logged")
def audited_sessions(engine):
    """Read the history after the flush has reset it."""
    sessions = sessionmaker(engine)

    @event.listens_for(sessions, "after_flush_postexec")
    def log_points(session, context):
        for rider in [one for one in session if isinstance(one, Rider)]:
            added, _, deleted = inspect(rider).attrs.points.history
            if added:
                who, old, new = session.info["user"], deleted[0], added[0]
                session.add(PointsChange(rider_id=rider.id, old=old, new=new, user=who))

    return sessions


@wrong("7.5.2", caught_by="test_q2_a_rollback_removes_the_change_and_its_entry")
def audited_sessions(engine):
    """Write the log after the commit, in a transaction of its own."""
    sessions, changes = sessionmaker(engine), []

    @event.listens_for(sessions, "before_flush")
    def collect(session, context, instances):
        for rider in [one for one in session.dirty if isinstance(one, Rider)]:
            added, _, deleted = inspect(rider).attrs.points.history
            if added:
                who = session.info["user"]
                values = {"rider_id": rider.id, "old": deleted[0], "new": added[0]}
                changes.append(values | {"user": who})

    @event.listens_for(sessions, "after_commit")
    def write(session):
        with Session(engine) as own:
            own.add_all(PointsChange(**values) for values in changes)
            own.commit()
        changes.clear()

    return sessions


@wrong("7.5.2", caught_by="test_q2_new_and_deleted_riders_are_not_logged")
def audited_sessions(engine):
    """Log new riders, too."""
    sessions = sessionmaker(engine)

    @event.listens_for(sessions, "before_flush")
    def log_points(session, context, instances):
        for rider in [one for one in session if isinstance(one, Rider)]:
            added, _, deleted = inspect(rider).attrs.points.history
            if added:
                who, old, new = session.info["user"], sum(deleted or [0]), added[0]
                session.add(PointsChange(rider_id=rider.id, old=old, new=new, user=who))
        for rider in [one for one in session.new if isinstance(one, Rider)]:
            who = session.info["user"]
            new = rider.points
            session.add(PointsChange(rider_id=rider.id, old=0, new=new, user=who))

    return sessions


@wrong(
    "7.5.2",
    caught_by="test_q2_nothing_is_logged_when_the_points_do_not_change"
    "[a new name only]",
)
def audited_sessions(engine):
    """Take any change of the rider for a change of the points."""
    sessions = sessionmaker(engine)

    @event.listens_for(sessions, "before_flush")
    def log_points(session, context, instances):
        for rider in [one for one in session.dirty if isinstance(one, Rider)]:
            if session.is_modified(rider):
                old = inspect(rider).committed_state.get("points", rider.points)
                who, new = session.info["user"], rider.points
                session.add(PointsChange(rider_id=rider.id, old=old, new=new, user=who))

    return sessions


@wrong("7.5.2", caught_by="test_q2_each_sessionmaker_has_its_engine")
def audited_sessions(engine, _made=[]):
    """Make one sessionmaker for all engines."""
    if not _made:
        sessions = sessionmaker(engine)
        _made.append(sessions)

        @event.listens_for(sessions, "before_flush")
        def log_points(session, context, instances):
            for rider in [one for one in session.dirty if isinstance(one, Rider)]:
                added, _, deleted = inspect(rider).attrs.points.history
                if added:
                    who, old, new = session.info["user"], deleted[0], added[0]
                    change = PointsChange(rider_id=rider.id, old=old, new=new, user=who)
                    session.add(change)

    return _made[0]


@wrong("7.5.2", caught_by="test_q2_each_session_has_its_user")
def audited_sessions(engine):
    """Keep the user of the first session."""
    sessions, users = sessionmaker(engine), []

    @event.listens_for(sessions, "before_flush")
    def log_points(session, context, instances):
        users.append(session.info["user"])
        for rider in [one for one in session.dirty if isinstance(one, Rider)]:
            added, _, deleted = inspect(rider).attrs.points.history
            if added:
                who, old, new = users[0], deleted[0], added[0]
                session.add(PointsChange(rider_id=rider.id, old=old, new=new, user=who))

    return sessions


@wrong("7.5.2", caught_by="test_q2_new_and_deleted_riders_are_not_logged")
def audited_sessions(engine):
    """Log the riders that are deleted in the same flush."""
    sessions = sessionmaker(engine)

    @event.listens_for(sessions, "before_flush")
    def log_points(session, context, instances):
        for rider in [one for one in session if isinstance(one, Rider)]:
            added, _, deleted = inspect(rider).attrs.points.history
            if added and deleted and rider not in session.new:
                who, old, new = session.info["user"], deleted[0], added[0]
                session.add(PointsChange(rider_id=rider.id, old=old, new=new, user=who))

    return sessions


@wrong("7.5.2", caught_by="test_q2_a_rollback_removes_the_change_and_its_entry")
def audited_sessions(engine):
    """Add the entry after the flush, so that only the next flush inserts it."""
    sessions = sessionmaker(engine)

    @event.listens_for(sessions, "after_flush")
    def log_points(session, context):
        for rider in [one for one in session.dirty if isinstance(one, Rider)]:
            added, _, deleted = inspect(rider).attrs.points.history
            if added:
                who, old, new = session.info["user"], deleted[0], added[0]
                session.add(PointsChange(rider_id=rider.id, old=old, new=new, user=who))

    return sessions


@right("7.5.2")
def audited_sessions(engine):
    """Send an INSERT after the flush, with the connection of the session."""

    class Audited(Session):
        pass

    @event.listens_for(Audited, "after_flush")
    def log_points(session, context):
        for rider in session.dirty:
            if not isinstance(rider, Rider):
                continue
            history = attributes.get_history(rider, "points")
            for old, new in zip(history.deleted, history.added):
                session.connection().execute(
                    insert(PointsChange).values(
                        rider_id=rider.id, old=old, new=new, user=session.info["user"]
                    )
                )

    return sessionmaker(engine, class_=Audited)


@right("7.5.2")
def audited_sessions(engine):
    """Listen to the mapper, for riders of the sessions of this class."""
    audited = type("Audited", (Session,), {})

    @event.listens_for(Rider, "before_update")
    def log_points(mapper, connection, rider):
        session = object_session(rider)
        history = inspect(rider).attrs.points.history
        if isinstance(session, audited) and history.has_changes():
            connection.execute(
                PointsChange.__table__.insert(),
                {
                    "rider_id": rider.id,
                    "old": history.deleted[0],
                    "new": history.added[0],
                    "user": session.info["user"],
                },
            )

    return sessionmaker(bind=engine, class_=audited)


@wrong("7.5.3", caught_by="test_q3_the_prediction_is_what_the_listeners_see[insert]")
def predictions():
    """Expect the mapper's event of an INSERT statement."""
    return {
        "add": ["init", "before_flush", "before_insert"],
        "insert": ["do_orm_execute", "before_insert"],
        "select": ["do_orm_execute", "load"],
        "same value": ["before_flush", "before_update"],
        "update": ["do_orm_execute"],
        "delete": ["do_orm_execute"],
    }


@wrong(
    "7.5.3", caught_by="test_q3_the_prediction_is_what_the_listeners_see[same value]"
)
def predictions():
    """Expect no event where no UPDATE is sent."""
    return {
        "add": ["init", "before_flush", "before_insert"],
        "insert": ["do_orm_execute"],
        "select": ["do_orm_execute", "load"],
        "same value": [],
        "update": ["do_orm_execute"],
        "delete": ["do_orm_execute"],
    }


@wrong("7.5.3", caught_by="test_q3_the_prediction_is_what_the_listeners_see[update]")
def predictions():
    """Expect an event for each row that a statement changes."""
    return {
        "add": ["init", "before_flush", "before_insert"],
        "insert": ["do_orm_execute"],
        "select": ["do_orm_execute", "load"],
        "same value": ["before_flush", "before_update"],
        "update": ["do_orm_execute", "before_update", "before_update"],
        "delete": ["do_orm_execute"],
    }


@wrong("7.5.3", caught_by="test_q3_the_prediction_is_what_the_listeners_see[select]")
def predictions():
    """Expect that both riders are loaded again."""
    return {
        "add": ["init", "before_flush", "before_insert"],
        "insert": ["do_orm_execute"],
        "select": ["do_orm_execute", "load", "load"],
        "same value": ["before_flush", "before_update"],
        "update": ["do_orm_execute"],
        "delete": ["do_orm_execute"],
    }


@wrong("7.5.3", caught_by="test_q3_the_prediction_is_what_the_listeners_see[add]")
def predictions():
    """Forget that the object is made, and that the session flushes."""
    return {
        "add": ["before_insert"],
        "insert": ["do_orm_execute"],
        "select": ["do_orm_execute", "load"],
        "same value": ["before_flush", "before_update"],
        "update": ["do_orm_execute"],
        "delete": ["before_delete"],
    }


@wrong("7.5.3", caught_by="test_q3_the_prediction_is_what_the_listeners_see[delete]")
def predictions():
    """Take the statement for `session.delete`."""
    return {
        "add": ["init", "before_flush", "before_insert"],
        "insert": ["do_orm_execute"],
        "select": ["do_orm_execute", "load"],
        "same value": ["before_flush", "before_update"],
        "update": ["do_orm_execute"],
        "delete": ["before_flush", "before_delete"],
    }


@right("7.5.3")
def predictions():
    """Compute what three cases have in common, and write tuples."""
    statement = ("do_orm_execute",)
    return {
        "add": ("init", "before_flush", "before_insert"),
        **dict.fromkeys(["insert", "update", "delete"], statement),
        "select": (*statement, "load"),
        "same value": ("before_flush", "before_update"),
    }


@right("7.5.3")
def predictions():
    """Listen to the events, and write down what they are."""
    from sqlalchemy import create_engine

    def fired(what):
        seen = []

        def note(name):
            return lambda *_: seen.append(name)

        engine = create_engine("sqlite://")
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            session.add_all([Rider(name="a", points=1), Rider(name="b", points=1)])
            session.commit()
        listeners = []
        with Session(engine) as session:
            rider = session.get(Rider, 1)
            for target, names in (
                (Rider, ("init", "load", "before_insert", "before_update")),
                (session, ("before_flush", "do_orm_execute")),
            ):
                for name in names:
                    listeners.append((target, name, note(name)))
                    event.listen(*listeners[-1])
            work(what, session, rider)
        for listener in listeners:
            event.remove(*listener)
        engine.dispose()
        return seen

    cases = ("add", "insert", "select", "same value", "update", "delete")
    return {what: fired(what) for what in cases}
