"""Other answers to section 7.6."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from sensei.variants import right, wrong


@wrong("7.6.1", caught_by="test_q1_teams_are_created_and_listed")
def league_app(url):
    """Keep the default of `expire_on_commit`."""

    @asynccontextmanager
    async def lifespan(app):
        engine = create_async_engine(url)
        app.state.sessions = async_sessionmaker(engine)
        yield
        await engine.dispose()

    async def open_session(request: Request):
        async with request.app.state.sessions() as session:
            yield session

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@wrong(
    "7.6.1",
    caught_by="test_q1_no_connection_stays_open_when_the_application_stops",
)
def league_app(url):
    """Forget to dispose of the engine."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.engine = create_async_engine(url)
        yield

    async def open_session(request: Request):
        engine = request.app.state.engine
        async with AsyncSession(engine, expire_on_commit=False) as session:
            yield session

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@wrong("7.6.1", caught_by="test_q1_each_request_gets_a_new_session")
def league_app(url):
    """Open one session for all requests."""

    @asynccontextmanager
    async def lifespan(app):
        engine = create_async_engine(url)
        async with AsyncSession(engine, expire_on_commit=False) as session:
            app.state.session = session
            yield
        await engine.dispose()

    async def open_session(request: Request):
        yield request.app.state.session

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@wrong("7.6.1", caught_by="test_q1_all_requests_use_one_engine")
def league_app(url):
    """Create an engine for each request."""

    async def open_session():
        engine = create_async_engine(url)
        async with AsyncSession(engine, expire_on_commit=False) as session:
            yield session
        await engine.dispose()

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong(
    "7.6.1", caught_by="test_q1_the_session_is_closed_when_the_request_is_over[/use]"
)
def league_app(url):
    """Do not close the session."""

    @asynccontextmanager
    async def lifespan(app):
        engine = create_async_engine(url)
        app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        yield
        await engine.dispose()

    async def open_session(request: Request):
        return request.app.state.sessions()

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@wrong(
    "7.6.1", caught_by="test_q1_the_session_is_closed_when_the_request_is_over[/fail]"
)
def league_app(url):
    """Close the session only when the endpoint returns."""

    @asynccontextmanager
    async def lifespan(app):
        engine = create_async_engine(url)
        app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        yield
        await engine.dispose()

    async def open_session(request: Request):
        session = request.app.state.sessions()
        yield session
        await session.close()

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@wrong("7.6.1", caught_by="test_q1_each_request_gets_a_new_session")
def league_app(url):
    """Open a session that is not async."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.engine = create_engine(url.replace("asyncpg", "psycopg"))
        yield
        app.state.engine.dispose()

    def open_session(request: Request):
        with Session(request.app.state.engine, expire_on_commit=False) as session:
            yield session

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@wrong(
    "7.6.1",
    caught_by="test_q1_no_connection_stays_open_when_the_application_stops",
)
def league_app(url):
    """Create one engine for the first event loop, and never close it."""
    sessions = async_sessionmaker(create_async_engine(url), expire_on_commit=False)

    async def open_session():
        async with sessions() as session:
            yield session

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("7.6.1", caught_by="test_q1_two_applications_have_their_own_databases")
def league_app(url, _made={}):
    """Keep the sessionmaker in one place for all applications."""

    @asynccontextmanager
    async def lifespan(app):
        engine = create_async_engine(url)
        _made["sessions"] = async_sessionmaker(engine, expire_on_commit=False)
        yield
        await engine.dispose()

    async def open_session():
        async with _made["sessions"]() as session:
            yield session

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@wrong("7.6.1", caught_by="test_q1_all_requests_use_one_engine")
def league_app(url):
    """Switch the pool off."""

    @asynccontextmanager
    async def lifespan(app):
        engine = create_async_engine(url, poolclass=NullPool)
        app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        yield
        await engine.dispose()

    async def open_session(request: Request):
        async with request.app.state.sessions() as session:
            yield session

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@wrong(
    "7.6.1",
    caught_by="test_q1_the_session_is_closed_when_the_request_is_cancelled",
)
def league_app(url):
    """Close the session after an `Exception`, and after a return."""

    @asynccontextmanager
    async def lifespan(app):
        engine = create_async_engine(url)
        app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        yield
        await engine.dispose()

    async def open_session(request: Request):
        session = request.app.state.sessions()
        try:
            yield session
        except Exception:
            await session.close()
            raise
        await session.close()

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@right("7.6.1")
def league_app(url):
    """Create the engine with the application, and close each session oneself."""
    engine = create_async_engine(url, pool_size=3)

    @asynccontextmanager
    async def lifespan(app):
        try:
            yield
        finally:
            await engine.dispose()

    async def open_session():
        session = AsyncSession(engine, expire_on_commit=False)
        try:
            yield session
        finally:
            await session.close()

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@right("7.6.1")
def league_app(url):
    """Share the sessionmaker as lifespan state."""

    @asynccontextmanager
    async def lifespan(app):
        async with create_async_engine(url).connect() as connection:
            engine = connection.engine
        yield {"sessions": async_sessionmaker(engine, expire_on_commit=False)}
        await engine.dispose()

    async def open_session(request: Request):
        async with request.state.sessions() as session:
            yield session

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


@wrong("7.6.2", caught_by="test_q2_the_caller_reads_all_riders_sorted")
async def sign_rider(session, team_id, name):
    """Write `await`, and leave the lazy load."""
    team = await session.get(Team, team_id)
    if team is None:
        return None
    team.riders.append(Rider(name=name))
    await session.commit()
    return team


@wrong("7.6.2", caught_by="test_q2_the_caller_reads_all_riders_sorted[1-Ben]")
async def sign_rider(session, team_id, name):
    """Leave the new rider at the end of the list."""
    team = await session.get(Team, team_id, options=[selectinload(Team.riders)])
    if team is None:
        return None
    team.riders.append(Rider(name=name))
    await session.commit()
    return team


@wrong("7.6.2", caught_by="test_q2_the_caller_reads_all_riders_sorted[1-Aino]")
async def sign_rider(session, team_id, name):
    """Ask again for an object that the session has already."""
    options = [selectinload(Team.riders)]
    team = await session.get(Team, team_id, options=options)
    if team is None:
        return None
    team.riders.append(Rider(name=name))
    await session.commit()
    return await session.get(Team, team_id, options=options)


@wrong("7.6.2", caught_by="test_q2_the_caller_reads_all_riders_sorted")
async def sign_rider(session, team_id, name):
    """Insert the rider without the list, which nobody loads then."""
    team = await session.get(Team, team_id)
    if team is None:
        return None
    session.add(Rider(name=name, team_id=team_id))
    await session.commit()
    await session.refresh(team)
    return team


@wrong("7.6.2", caught_by="test_q2_the_new_rider_is_committed")
async def sign_rider(session, team_id, name):
    """Flush, and do not commit."""
    team = await session.get(Team, team_id, options=[selectinload(Team.riders)])
    if team is None:
        return None
    team.riders.append(Rider(name=name))
    await session.flush()
    await session.refresh(team, ["riders"])
    return team


@wrong("7.6.2", caught_by="test_q2_a_team_that_does_not_exist_is_none")
async def sign_rider(session, team_id, name):
    """Expect that the team exists."""
    query = select(Team).options(selectinload(Team.riders)).where(Team.id == team_id)
    team = (await session.scalars(query)).one()
    team.riders.append(Rider(name=name))
    await session.commit()
    await session.refresh(team, ["riders"])
    return team


@wrong("7.6.2", caught_by="test_q2_the_caller_reads_all_riders_sorted[1-Ben]")
async def sign_rider(session, team_id, name):
    """Run the old code with `run_sync`, which nothing expires now."""

    def old(session):
        team = session.get(Team, team_id)
        if team is None:
            return None
        team.riders.append(Rider(name=name))
        session.commit()
        return team

    return await session.run_sync(old)


@wrong("7.6.2", caught_by="test_q2_the_caller_reads_the_columns")
async def sign_rider(session, team_id, name):
    """Expire everything, and load only the list again."""
    team = await session.get(Team, team_id, options=[selectinload(Team.riders)])
    if team is None:
        return None
    team.riders.append(Rider(name=name))
    await session.commit()
    session.expire_all()
    await session.refresh(team, ["riders"])
    return team


@wrong("7.6.2", caught_by="test_q2_the_caller_reads_all_riders_sorted[3-Maud]")
async def sign_rider(session, team_id, name):
    """Insert a rider only if the team has nobody of this name."""
    team = await session.get(Team, team_id, options=[selectinload(Team.riders)])
    if team is None:
        return None
    if name not in [rider.name for rider in team.riders]:
        team.riders.append(Rider(name=name))
    await session.commit()
    await session.refresh(team, ["riders"])
    return team


@wrong("7.6.2", caught_by="test_q2_a_team_that_does_not_exist_is_none")
async def sign_rider(session, team_id, name):
    """Insert the team that is missing."""
    team = await session.get(Team, team_id, options=[selectinload(Team.riders)])
    if team is None:
        session.add(Team(id=team_id, name="New"))
        await session.commit()
        return None
    team.riders.append(Rider(name=name))
    await session.commit()
    await session.refresh(team, ["riders"])
    return team


@wrong("7.6.2", caught_by="test_q2_the_caller_reads_all_riders_sorted[2- de Vries]")
async def sign_rider(session, team_id, name):
    """Strip the name."""
    team = await session.get(Team, team_id)
    if team is None:
        return None
    session.add(Rider(name=name.strip(), team_id=team_id))
    await session.commit()
    await session.refresh(team, ["riders"])
    return team


@right("7.6.2")
async def sign_rider(session, team_id, name):
    """Insert the rider, then select the team with its riders."""
    if await session.get(Team, team_id) is None:
        return None
    session.add(Rider(name=name, team_id=team_id))
    await session.commit()
    query = select(Team).where(Team.id == team_id).options(selectinload(Team.riders))
    return await session.scalar(query)


@right("7.6.2")
async def sign_rider(session, team_id, name):
    """Run the old code with `run_sync`, and load the list in it."""

    def old(session):
        team = session.get(Team, team_id)
        if team is not None:
            team.riders.append(Rider(name=name))
            session.commit()
            session.refresh(team)
            session.expire(team, ["riders"])
            assert team.riders
        return team

    return await session.run_sync(old)


@right("7.6.2")
async def sign_rider(session, team_id, name):
    """Load the list with `refresh`, before and after."""
    found = await session.execute(select(Team).filter_by(id=team_id))
    team = found.scalar_one_or_none()
    if team is not None:
        await session.refresh(team, attribute_names=["riders"])
        team.riders.append(Rider(name=name))
        await session.commit()
        await session.refresh(team, attribute_names=["riders"])
    return team


@wrong("7.6.3", caught_by="test_q3_all_teams_are_loaded_at_the_same_time[2]")
async def ratings(sessions, team_ids):
    """Load one team after the other."""
    found = []
    for team_id in team_ids:
        async with sessions() as session:
            places = await load_places(session, team_id)
        found.append(await asyncio.to_thread(rate, places))
    return found


@wrong("7.6.3", caught_by="test_q3_the_event_loop_works_while_rate_computes")
async def ratings(sessions, team_ids):
    """Compute in the event loop."""

    async def rating(team_id):
        async with sessions() as session:
            return rate(await load_places(session, team_id))

    return await asyncio.gather(*map(rating, team_ids))


@wrong("7.6.3", caught_by="test_q3_the_event_loop_works_while_rate_computes[team_ids0]")
async def ratings(sessions, team_ids):
    """Compute in threads, and block the event loop until they are done."""

    async def load(team_id):
        async with sessions() as session:
            return await load_places(session, team_id)

    loaded = await asyncio.gather(*map(load, team_ids))
    with ThreadPoolExecutor() as pool:
        return [future.result(1) for future in [pool.submit(rate, p) for p in loaded]]


@wrong("7.6.3", caught_by="test_q3_all_teams_are_loaded_at_the_same_time[2]")
async def ratings(sessions, team_ids):
    """Share a session that has its connection already."""
    async with sessions() as session:
        await session.connection()
        loaded = await asyncio.gather(*(load_places(session, one) for one in team_ids))
    return [await asyncio.to_thread(rate, places) for places in loaded]


@wrong("7.6.3", caught_by="test_q3_all_teams_are_loaded_at_the_same_time[2]")
async def ratings(sessions, team_ids):
    """Share a session, and protect it with a lock."""
    lock = asyncio.Lock()
    async with sessions() as session:

        async def rating(team_id):
            async with lock:
                places = await load_places(session, team_id)
            return await asyncio.to_thread(rate, places)

        return await asyncio.gather(*map(rating, team_ids))


@wrong("7.6.3", caught_by="test_q3_all_sessions_are_closed_afterwards")
async def ratings(sessions, team_ids):
    """Do not close the sessions."""

    async def rating(team_id):
        places = await load_places(sessions(), team_id)
        return await asyncio.to_thread(rate, places)

    return await asyncio.gather(*map(rating, team_ids))


@wrong("7.6.3", caught_by="test_q3_the_ratings_have_the_order_of_the_teams[team_ids1]")
async def ratings(sessions, team_ids):
    """Collect the ratings by team."""
    found = {}

    async def rating(team_id):
        async with sessions() as session:
            places = await load_places(session, team_id)
        found[team_id] = await asyncio.to_thread(rate, places)

    await asyncio.gather(*map(rating, team_ids))
    return list(found.values())


@wrong("7.6.3", caught_by="test_q3_all_teams_are_loaded_at_the_same_time[10]")
async def ratings(sessions, team_ids):
    """Load four teams at the same time."""
    limit = asyncio.Semaphore(4)

    async def rating(team_id):
        async with limit, sessions() as session:
            places = await load_places(session, team_id)
        return await asyncio.to_thread(rate, places)

    return await asyncio.gather(*map(rating, team_ids))


@wrong("7.6.3", caught_by="test_q3_new_results_count_at_once")
async def ratings(sessions, team_ids, _known={}):
    """Keep the places."""

    async def rating(team_id):
        if team_id not in _known:
            async with sessions() as session:
                _known[team_id] = await load_places(session, team_id)
        return await asyncio.to_thread(rate, _known[team_id])

    return await asyncio.gather(*map(rating, team_ids))


@right("7.6.3")
async def ratings(sessions, team_ids):
    """Start tasks in a group, and compute in the default executor."""
    loop = asyncio.get_running_loop()

    async def rating(team_id):
        async with sessions() as session:
            places = await load_places(session, team_id)
            return await loop.run_in_executor(None, rate, places)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(rating(team_id)) for team_id in team_ids]
    return [task.result() for task in tasks]


@right("7.6.3")
async def ratings(sessions, team_ids):
    """Load first, then compute one team after the other in a thread."""

    async def load(team_id):
        session = sessions()
        try:
            return await load_places(session, team_id)
        finally:
            await session.close()

    loaded = await asyncio.gather(*[load(team_id) for team_id in team_ids])
    return await asyncio.to_thread(lambda: [rate(places) for places in loaded])
