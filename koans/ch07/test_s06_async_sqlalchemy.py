"""The tests of section 7.6."""

import asyncio
import gc
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import httpx
import psycopg
import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.exc import NoResultFound, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from lab import (
    Rendezvous,
    async_sqlite_engine,
    attempt,
    client,
    connections,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    stand_in,
)

# A bound for what never comes; nobody waits for it otherwise.
PATIENCE = 30
# A moment, of which a test counts many: a slow machine has slow moments, too.
MOMENT = 0.05
MANY = 40


@pytest.fixture(scope="module")
def quiet() -> Iterator[None]:
    """Silence the pool while the tests of this file run.

    If nobody disposes of an engine, Python closes its connections without its event
    loop, and SQLAlchemy logs that this fails.
    """
    logger = logging.getLogger("sqlalchemy.pool.impl.AsyncAdaptedQueuePool")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    gc.collect()
    logger.setLevel(level)


@pytest.fixture
def league(answers, postgres, quiet) -> Any:
    """A PostgreSQL database with the tables of the league."""
    engine = create_engine(postgres.url)
    answers.Base.metadata.create_all(engine)
    engine.dispose()
    return postgres


def league_app(answers, league) -> FastAPI:
    """Return the learner's application for a database."""
    app = attempt("`league_app(url)`", answers.league_app, league.async_url)
    return fastapi_app(app, "league_app(url)")


@contextmanager
def started(app: FastAPI) -> Iterator[TestClient]:
    """Start an application, and stop it afterwards. An error gets a message."""
    running = client(app)
    http = attempt("The startup of the application", running.__enter__)
    try:
        yield http
    finally:
        attempt("The shutdown of the application", running.__exit__, None, None, None)


def ask(http: TestClient, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Return the status code and the body of a response."""
    got = outcome(lambda: http.request(method, path, json=body))
    after = "Look at your dependency, and at what it yields."
    if "MissingGreenlet" in f"{type(got).__name__} {got}":
        after = "It reads an attribute after its commit: look at the options of your "
        after += "sessions, and at the type of your engine."
    elif " loop" in str(got):
        after = (
            "A connection of one event loop was used in another: look at where your "
            "engine is made, and whether applications share it."
        )
    assert not isinstance(got, Exception), (
        f"`{method} {path}` raised {in_words(got)}, which is a 500. The docstring asks "
        f"for an AsyncSession that the endpoint can use. {after}"
    )
    response: Any = got
    return response.status_code, json_or_text(response)


def open_connections(league: Any, wanted: int) -> int:
    """Return how many connections PostgreSQL has: closing takes a moment."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
    count = -1
    with psycopg.connect(league.dsn, autocommit=True) as own:
        for _ in range(MANY):
            row = own.execute(query, [league.name]).fetchone()
            count = row[0] - 1 if row else -1  # without our own
            if count == wanted:
                break
            threading.Event().wait(MOMENT)
    return count


@pytest.mark.parametrize("names", [["Alpes", "Zürich"], ["Kortrijk"]])
def test_q1_teams_are_created_and_listed(answers, league, names):
    with started(league_app(answers, league)) as http:
        created = [ask(http, "POST", "/teams", {"name": name}) for name in names]
        listed = ask(http, "GET", "/teams")
    wanted = [
        (201, {"id": number, "name": name}) for number, name in enumerate(names, 1)
    ]
    assert created == wanted, (
        f"`POST /teams` for {names} returned {in_words(created)}. The docstring asks "
        f"for {in_words(wanted)}."
    )
    assert listed == (200, names), (
        f"After that, `GET /teams` returned {in_words(listed)}. The docstring asks for "
        f"200 with {names}. Look at the database of your engine."
    )


def test_q1_two_applications_have_their_own_databases(answers, league, tmp_path):
    file = f"{tmp_path.as_posix()}/league.sqlite"
    engine = create_engine(f"sqlite:///{file}")
    answers.Base.metadata.create_all(engine)
    engine.dispose()
    url = f"sqlite+aiosqlite:///{file}"
    second = fastapi_app(attempt("`league_app(url)`", answers.league_app, url), "It")
    with started(league_app(answers, league)) as http, started(second) as other:
        ask(http, "POST", "/teams", {"name": "Alpes"})
        ask(other, "POST", "/teams", {"name": "Zürich"})
        seen = [ask(one, "GET", "/teams")[1] for one in (http, other)]
    assert seen == [["Alpes"], ["Zürich"]], (
        "Two applications were started, with two databases. Each got one team. Their "
        f"`GET /teams` returned {in_words(seen)}. The docstring asks that `url` names "
        "the database. Look at where your engine and your sessionmaker are stored."
    )


class Probe:
    """Endpoints of a test, which keep what they get."""

    def __init__(self, answers: Any) -> None:
        self.sessions: list[Any] = []
        self.pids: list[int] = []
        self.meeting: Rendezvous | None = None
        stand_in(answers.add_endpoints, self.add)

    def add(self, app: FastAPI, open_session: Any) -> None:
        """Add an endpoint that returns, and one that raises an exception."""

        async def use(session: Annotated[Any, Depends(open_session)]) -> str:
            self.sessions.append(session)
            self.pids.append(await session.scalar(text("SELECT pg_backend_pid()")))
            if self.meeting:
                await self.meeting.wait_async()
            return "done"

        async def fail(session: Annotated[Any, Depends(open_session)]) -> str:
            await use(session)
            raise KeyError("lost")

        app.add_api_route("/use", use)
        app.add_api_route("/fail", fail)

    def fail(self, http: TestClient) -> None:
        """Request the endpoint that raises an exception."""
        got = outcome(lambda: http.get("/fail"))
        assert isinstance(got, KeyError), (
            f"An endpoint raised KeyError after it had used its session. The client "
            f"saw {in_words(got)}. Look at your dependency: do not catch the exception."
        )


def test_q1_each_request_gets_a_new_session(answers, league):
    probe = Probe(answers)
    with started(league_app(answers, league)) as http:
        for _ in range(3):
            ask(http, "GET", "/use")
    kinds = {type(one).__name__ for one in probe.sessions}
    assert all(isinstance(one, AsyncSession) for one in probe.sessions), (
        f"The dependency gave the endpoint a {', '.join(kinds)}. The docstring asks "
        "for an AsyncSession."
    )
    count = len({id(one) for one in probe.sessions})
    assert count == 3, (
        f"Three requests got {count} different sessions. The docstring asks for a new "
        "session for each request."
    )


@pytest.mark.parametrize("path", ["/use", "/fail"])
def test_q1_the_session_is_closed_when_the_request_is_over(answers, league, path):
    probe = Probe(answers)
    with started(league_app(answers, league)) as http:
        for _ in range(3):
            if path == "/fail":
                probe.fail(http)
            else:
                ask(http, "GET", path)
        used = [one.in_transaction() for one in probe.sessions]
    how = "raised an exception" if path == "/fail" else "returned"
    assert used == [False] * 3, (
        f"Three endpoints used their session, and {how}. After the requests, "
        f"{sum(used)} sessions still have a transaction and a connection. The "
        "docstring asks to close the session. Look at your dependency."
    )


def test_q1_all_requests_use_one_engine(answers, league):
    probe = Probe(answers)
    with started(league_app(answers, league)) as http:
        for _ in range(4):
            ask(http, "GET", "/use")
        used = len(set(probe.pids))
        count = open_connections(league, 1) if used == 1 else 1
    assert used == 1, (
        f"Four requests, one after the other, used {used} connections. The docstring "
        "asks for one engine and its pool, which lends the same connection again. Look "
        "at where your engine is made, and at its options."
    )
    assert count == 1, (
        f"After four requests, one after the other, {count} connections are open. The "
        "docstring asks for one engine and its pool. Look at your lifespan function."
    )


def test_q1_two_requests_at_the_same_time_use_two_connections(answers, league):
    probe = Probe(answers)
    probe.meeting = Rendezvous(2)
    with started(league_app(answers, league)) as http:
        seen: list[object] = []
        other = threading.Thread(
            target=lambda: seen.append(outcome(lambda: http.get("/use").status_code))
        )
        other.start()
        seen.append(outcome(lambda: http.get("/use").status_code))
        other.join(PATIENCE)
    assert (seen, len(set(probe.pids))) == ([200, 200], 2), (
        f"Two requests at the same time returned {in_words(seen)}, and used "
        f"{len(set(probe.pids))} connections. The docstring asks for a new session for "
        "each request, and for the default pool. Look at your dependency, and at the "
        "options of your engine."
    )


async def test_q1_the_session_is_closed_when_the_request_is_cancelled(answers, league):
    probe = Probe(answers)
    probe.meeting = Rendezvous(2)
    app = league_app(answers, league)
    async with app.router.lifespan_context(app) as state:

        async def server(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        transport = httpx.ASGITransport(server)
        async with httpx.AsyncClient(transport=transport, base_url="http://lab") as own:
            request = asyncio.create_task(own.get("/use"))
            while not probe.pids and not request.done():
                await asyncio.wait([request], timeout=MOMENT / 10)
            request.cancel()
            await asyncio.wait([request])
        used = [one.in_transaction() for one in probe.sessions]
        for one in probe.sessions:
            if isinstance(one, AsyncSession):
                await one.close()
    assert used == [False], (
        f"A request was cancelled while its endpoint waited. After that, {sum(used)} "
        f"of {len(used)} sessions still has a transaction and a connection. The "
        "docstring asks to close the session. CancelledError is no Exception: look at "
        "your dependency."
    )


def test_q1_no_connection_stays_open_when_the_application_stops(answers, league):
    app = league_app(answers, league)
    for run in ("first", "second"):
        with started(app) as http:
            ask(http, "POST", "/teams", {"name": run})
            listed = ask(http, "GET", "/teams")
        left = open_connections(league, 0)
        assert left == 0, (
            f"The application has stopped. PostgreSQL still has {left} connection. The "
            "docstring asks to dispose of the engine. Look at what your lifespan "
            "function does after its `yield`."
        )
    assert listed == (200, ["first", "second"]), (
        "The same application was started a second time. `GET /teams` returned "
        f"{in_words(listed)}. The docstring asks that it can be started again."
    )


def test_q1_the_engine_is_disposed_of_after_an_error_of_an_endpoint(answers, league):
    probe = Probe(answers)
    with started(league_app(answers, league)) as http:
        probe.fail(http)
    left = open_connections(league, 0)
    assert left == 0, (
        f"An endpoint raised an exception, and later the application stopped. "
        f"PostgreSQL still has {left} connection. The docstring asks that none stays "
        "open."
    )


RIDERS = {1: ["Cleo", "Ana"], 2: [], 3: ["Maud"]}


@pytest.fixture
async def engine(answers) -> AsyncIterator[AsyncEngine]:
    """A SQLite database with three teams, their riders and their results."""

    def fill(connection: Any) -> None:
        answers.Base.metadata.create_all(connection)
        with Session(connection) as session:
            for number, names in RIDERS.items():
                riders = [answers.Rider(name=name) for name in names]
                team = answers.Team(id=number, name=f"Team {number}", riders=riders)
                session.add(team)
            for number, place in ((1, 1), (1, 4), (2, 10), (3, 2), (1, 30)):
                session.add(answers.Result(team_id=number, place=place))
            session.commit()

    async with async_sqlite_engine() as engine:
        async with engine.begin() as connection:
            await connection.run_sync(fill)
        yield engine


async def sign(answers, engine: AsyncEngine, team_id: int, name: str) -> Any:
    """Call `sign_rider` in a session of its own, and close the session."""
    call = f"sign_rider(session, {team_id}, {name!r})"
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    async with sessions() as session:
        try:
            return await answers.sign_rider(session, team_id, name)
        except Exception as error:
            raise AssertionError(
                f"`{call}` raised {in_words(error)}. {hint_for(error)}"
            ) from error


def hint_for(error: Exception) -> str:
    """Say where to look after an exception."""
    if "MissingGreenlet" in f"{type(error).__name__} {error}":
        return (
            "The docstring asks for an equivalent with `await`. Something was sent "
            "without it: look at `team.riders`, and at each call."
        )
    if isinstance(error, NoResultFound):
        return "The docstring asks for None if there is no such team."
    return "The docstring asks for the team with all its riders."


def names_of(team: Any) -> list[str]:
    """Return the names of a team's riders, after the session is closed."""
    assert team is not None, (
        "`sign_rider` returned None for a team that exists. The docstring asks for "
        "None only if there is no such team. Look at how you load the team: it may "
        "have no riders yet."
    )
    riders = outcome(lambda: [rider.name for rider in team.riders])
    assert isinstance(riders, list), (
        f"`sign_rider` returned a {type(team).__name__}, and the session was closed. "
        f"Then reading `team.riders` raised {in_words(riders)}. The docstring asks for "
        "a team whose riders are loaded."
    )
    return riders


async def stored(answers, engine: AsyncEngine) -> dict[int, list[str]]:
    """Return the names of the riders in the database, for each team."""
    rider = answers.Rider
    query = select(rider.team_id, rider.name).order_by(rider.name)
    found: dict[int, list[str]] = {}
    async with engine.connect() as connection:
        for team_id, name in await connection.execute(query):
            found.setdefault(team_id, []).append(name)
    return found


@pytest.mark.parametrize(
    ("team_id", "name"),
    [
        (1, "Aino"),
        (1, "Ben"),
        (2, "Zoë"),
        (2, " de Vries"),
        (3, "Ida"),
        (3, "Zoë"),
        (3, "Maud"),
    ],
)
async def test_q2_the_caller_reads_all_riders_sorted(answers, engine, team_id, name):
    team = await sign(answers, engine, team_id, name)
    wanted = sorted([*RIDERS[team_id], name])
    seen = names_of(team)
    assert seen == wanted, (
        f"Team {team_id} had the riders {sorted(RIDERS[team_id])}, and signed "
        f"{name!r}. `team.riders` has {in_words(seen)}. The docstring asks for "
        f"{wanted}: all riders, sorted by name. Look at what you insert, and at what "
        "happens to the list after the commit."
    )


@pytest.mark.parametrize("team_id", RIDERS)
async def test_q2_the_caller_reads_the_columns(answers, engine, team_id):
    team = await sign(answers, engine, team_id, "Ben")
    seen = outcome(lambda: (team.id, team.name, {one.team_id for one in team.riders}))
    assert seen == (team_id, f"Team {team_id}", {team_id}), (
        "After the session was closed, `team.id`, `team.name` and the `team_id` of the "
        f"riders are {in_words(seen)}. The docstring asks for the team {team_id}."
    )
    ids = outcome(lambda: sorted(one.id for one in team.riders))
    assert isinstance(ids, list), (
        f"After the session was closed, reading the ids of the riders raised "
        f"{in_words(ids)}. The docstring asks for riders with their ids."
    )


@pytest.mark.parametrize("team_id", RIDERS)
async def test_q2_the_new_rider_is_committed(answers, engine, team_id):
    await sign(answers, engine, team_id, "Ben")
    seen = await stored(answers, engine)
    before = {number: sorted(names) for number, names in RIDERS.items() if names}
    wanted = before | {team_id: sorted([*RIDERS[team_id], "Ben"])}
    assert seen == wanted, (
        f"Team {team_id} signed Ben, and the session was closed. The database has "
        f"{in_words(seen)}. The docstring asks to insert the rider and to commit: "
        f"{in_words(wanted)}."
    )


@pytest.mark.parametrize("team_id", [4, 0])
async def test_q2_a_team_that_does_not_exist_is_none(answers, engine, team_id):
    team = await sign(answers, engine, team_id, "Ben")
    assert team is None, (
        f"There is no team {team_id}. `sign_rider` returned {in_words(team)}. The "
        "docstring asks for None."
    )
    seen = await stored(answers, engine)
    assert sum(len(names) for names in seen.values()) == 3, (
        f"There is no team {team_id}, and after the call the database has "
        f"{in_words(seen)}. The docstring asks to insert a rider of a team only."
    )
    async with engine.connect() as connection:
        teams = list(await connection.scalars(select(answers.Team.id)))
    assert sorted(teams) == sorted(RIDERS), (
        f"There is no team {team_id}, and after the call the database has the teams "
        f"{sorted(teams)}. The docstring asks to change nothing: {sorted(RIDERS)}."
    )


async def rated(answers, engine: AsyncEngine, team_ids: list[int]) -> Any:
    """Return what `ratings` returns for some teams."""
    try:
        got = await asyncio.wait_for(
            answers.ratings(async_sessionmaker(engine), team_ids), PATIENCE
        )
    except Exception as error:
        asked = "a rating for each element of `team_ids`, which may be empty."
        if isinstance(error, SQLAlchemyError):
            asked = "a session of its own for each call of `load_places`."
        raise AssertionError(
            f"`ratings(sessions, {team_ids})` raised {in_words(error)}. The docstring "
            f"asks for {asked}"
        ) from error
    return list(got) if isinstance(got, tuple) else got


@pytest.mark.parametrize("team_ids", [[3, 1, 2], [2, 3, 2, 1], [9, 1]])
async def test_q3_the_ratings_have_the_order_of_the_teams(answers, engine, team_ids):
    ratings = {1: 17, 2: 1, 3: 9, 9: 0}
    seen = await rated(answers, engine, team_ids)
    assert seen == [ratings[number] for number in team_ids], (
        f"`ratings(sessions, {team_ids})` returned {in_words(seen)}. The docstring "
        f"asks for {[ratings[number] for number in team_ids]}: a rating for each "
        "element, in the same order."
    )
    short = [await rated(answers, engine, some) for some in (team_ids[:1], [])]
    assert short == [[ratings[team_ids[0]]], []], (
        f"`ratings` returned {in_words(short[0])} for the teams {team_ids[:1]}, and "
        f"{in_words(short[1])} for []. The docstring asks for a rating for each "
        f"element: {[ratings[team_ids[0]]]} and []."
    )


@pytest.mark.parametrize("count", [2, 10])
async def test_q3_all_teams_are_loaded_at_the_same_time(answers, engine, count):
    meeting, sessions = Rendezvous(count), []

    async def load(session: Any, team_id: int) -> list[int]:
        sessions.append(session)
        await meeting.wait_async()
        return [team_id]

    stand_in(answers.load_places, load)
    seen = await rated(answers, engine, list(range(1, count + 1)))
    assert meeting.most == count, (
        f"`ratings` was called for {count} teams. At most {meeting.most} calls of "
        f"`load_places` ran at the same time. The docstring asks for all {count}."
    )
    different = len({id(session) for session in sessions})
    assert different == count, (
        f"{count} calls of `load_places` got {different} different sessions. The "
        "docstring asks for a session of its own for each call."
    )
    assert seen == [11 - number for number in range(1, count + 1)], (
        f"`load_places` returned the places {list(range(1, count + 1))}. The ratings "
        f"are {in_words(seen)}. The docstring asks for `rate` of each."
    )


@pytest.mark.parametrize("count", [2, 10])
async def test_q3_all_sessions_are_closed_afterwards(answers, engine, count):
    with connections(engine) as pool:
        await rated(answers, engine, [1, 2, 3, 1, 2, 3, 1, 2, 3, 1][:count])
        left = pool.out
    assert (pool.lent >= count, left) == (True, 0), (
        f"`ratings` was called for {count} teams. The pool lent {pool.lent} "
        f"connections, and {left} are not back. The docstring asks for {count} "
        "sessions, and to close them."
    )


@pytest.mark.parametrize("team_ids", [[1, 2], [3, 2, 1]])
async def test_q3_the_event_loop_works_while_rate_computes(answers, engine, team_ids):
    loop, home, free = asyncio.get_running_loop(), threading.get_ident(), []

    def compute(places: list[int]) -> int:
        turned = threading.Event()
        if threading.get_ident() != home:
            loop.call_soon_threadsafe(turned.set)
            any(turned.wait(MOMENT) for _ in range(MANY))
        free.append(turned.is_set())
        return len(places)

    stand_in(answers.rate, compute)
    seen = await rated(answers, engine, team_ids)
    assert free == [True] * len(team_ids), (
        f"`rate` was called {len(free)} times for {len(team_ids)} teams. During "
        f"{free.count(False)} of these calls, the event loop could do nothing else. "
        "The docstring asks to run `rate` in a thread, and to await it."
    )
    wanted = [{1: 3, 2: 1, 3: 1}[number] for number in team_ids]
    assert seen == wanted, (
        f"`rate` returned the number of places. `ratings` returned {in_words(seen)}. "
        f"The docstring asks for {wanted}."
    )


async def test_q3_new_results_count_at_once(answers, engine):
    first = await rated(answers, engine, [2, 3])
    async with engine.begin() as connection:
        await connection.execute(insert(answers.Result), {"team_id": 3, "place": 1})
    second = await rated(answers, engine, [2, 3])
    assert (first, second) == ([1, 9], [1, 19]), (
        f"The ratings of the teams 2 and 3 were {in_words(first)}. Then team 3 won a "
        f"race, and they are {in_words(second)}. The docstring asks for [1, 9], and "
        "then [1, 19]."
    )
