"""7.6  Async SQLAlchemy.

With an async driver, the event loop runs other requests while the database works. The
models and the queries stay the same. New are `await`, and the rule that nothing is
loaded without it.
Notes: content/docs/sqlalchemy/async/async-sqlalchemy.md
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import (
    AsyncSession,
    async_sessionmaker,
    # region answer
    create_async_engine,
    # stub:
    # endregion
)
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    mapped_column,
    relationship,
    # region answer
    selectinload,
    # stub:
    # endregion
)


class Base(DeclarativeBase):
    """The base class of the league's models."""


class Rider(Base):
    """A rider of a team."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))


class Team(Base):
    """A cycling team. Its riders are sorted by name."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    riders: Mapped[list[Rider]] = relationship(order_by=Rider.name)


class Result(Base):
    """The place of a team in a race."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int]
    place: Mapped[int]


class TeamIn(BaseModel):
    """The request body of `POST /teams`."""

    name: str


def add_endpoints(app: FastAPI, open_session: Callable[..., Any]) -> None:
    """Add two endpoints. They get their session from the dependency `open_session`."""

    @app.post("/teams", status_code=201)
    async def create_team(
        body: TeamIn, session: Annotated[AsyncSession, Depends(open_session)]
    ) -> dict[str, Any]:
        team = Team(name=body.name)
        session.add(team)
        await session.commit()
        return {"id": team.id, "name": team.name}

    @app.get("/teams")
    async def team_names(
        session: Annotated[AsyncSession, Depends(open_session)],
    ) -> list[str]:
        return list(await session.scalars(select(Team.name).order_by(Team.id)))


def league_app(url: str) -> FastAPI:
    """7.6.1  How do you set up and use `AsyncSession` with FastAPI?

    Complete the lifespan function and the dependency of an application. `url` names the
    database and its async driver. The tables exist already.

    - While the application runs, all requests use one AsyncEngine and its connection
      pool (the default one). When the application stops, dispose of the engine, so that
      no connection stays open. After that, the application can be started again.
    - Each request gets a new AsyncSession. It is closed when the request is over, also
      if the endpoint raises an exception or is cancelled.
    - After `await session.commit()`, the endpoint can still read the attributes of its
      objects. See `create_team` above.

    Example:
        league_app("postgresql+asyncpg://localhost/league")
        POST /teams  {"name": "Alpes"}  ->  201  {"id": 1, "name": "Alpes"}
        GET /teams                      ->  200  ["Alpes"]
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # region answer
        engine = create_async_engine(url)
        app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        yield
        await engine.dispose()
        # stub: raise NotImplementedError
        # stub: yield
        # endregion

    async def open_session(request: Request) -> AsyncIterator[AsyncSession]:
        # region answer
        async with request.app.state.sessions() as session:
            yield session
        # stub: raise NotImplementedError
        # stub: yield
        # endregion

    app = FastAPI(lifespan=lifespan)
    add_endpoints(app, open_session)
    return app


async def sign_rider(session: AsyncSession, team_id: int, name: str) -> Team | None:
    """7.6.2  Convert a synchronous SQLAlchemy CRUD operation to its asynchronous
    equivalent.

    A team signs a new rider. The body below was written for a `Session`. Now it gets an
    `AsyncSession`, and fails. Convert it.

    - If there is no team with the id `team_id`, return None and change nothing.
    - Otherwise insert a rider with the name `name`, commit, and return the team.
    - The caller reads `team.name` and `team.riders`, also after the session is closed.
      `team.riders` has all riders of the team, sorted by name, with their ids.

    Given:
        The session comes from `async_sessionmaker(engine, expire_on_commit=False)`. It
        has loaded nothing before. Riders may have the same name.

    Example, for a team 1 with the riders "Ana" and "Cleo":
        team = await sign_rider(session, 1, "Ben")
        [rider.name for rider in team.riders]  ->  ["Ana", "Ben", "Cleo"]
    """
    # region answer
    # In words: The same methods send the same SQL, but each method that sends something
    # is awaited. An attribute cannot be awaited, so a lazy load raises MissingGreenlet:
    # load what you need beforehand, with `selectinload` in the query, or with
    # `refresh`. After the commit, `refresh` reads the list again, in its order.
    team = await session.get(Team, team_id, options=[selectinload(Team.riders)])
    if team is None:
        return None
    team.riders.append(Rider(name=name))
    await session.commit()
    await session.refresh(team, ["riders"])
    return team
    # stub: team = session.get(Team, team_id)
    # stub: if team is None:
    # stub:     return None
    # stub: team.riders.append(Rider(name=name))
    # stub: session.commit()
    # stub: return team
    # endregion


async def load_places(session: AsyncSession, team_id: int) -> list[int]:
    """Load the places of a team in its races."""
    query = select(Result.place).where(Result.team_id == team_id).order_by(Result.id)
    return list(await session.scalars(query))


def rate(places: list[int]) -> int:
    """Compute the rating of a team. With real data, this takes a second of CPU."""
    return sum(max(11 - place, 0) for place in places)


async def ratings(
    sessions: async_sessionmaker[AsyncSession], team_ids: list[int]
) -> list[int]:
    """7.6.3  What are the benefits and challenges of using async SQLAlchemy?

    The league publishes the ratings of several teams. Operators report: "With two
    teams, it fails with InvalidRequestError", and "While it computes, no other request
    gets its response". Repair the function.

    - `load_places` runs for all teams at the same time. Each call has a session of its
      own.
    - `rate` runs in a thread, so the event loop can do other work meanwhile.
    - The result has a rating for each element of `team_ids`, in the same order.
    - When the function returns, all sessions are closed.

    Given:
        `team_ids` has at most ten elements, and the connection pool is large enough.
        `load_places` and `rate` raise no exceptions.

    Example, for the places 1 and 4 of team 7, and no places of team 8:
        await ratings(sessions, [7, 8])  ->  [17, 0]
    """

    # region answer
    # In words: While a query runs, the event loop serves other requests, without a
    # thread for each of them, and several queries can run at once. But a session is one
    # transaction on one connection, so each task needs its own. More tasks need a
    # larger pool. Nothing is loaded without `await`. And computing is not faster: in
    # the event loop it stops all requests.
    async def rating(team_id: int) -> int:
        async with sessions() as session:
            places = await load_places(session, team_id)
        return await asyncio.to_thread(rate, places)

    return await asyncio.gather(*map(rating, team_ids))
    # stub: async with sessions() as session:
    # stub:     calls = [load_places(session, team_id) for team_id in team_ids]
    # stub:     return [rate(places) for places in await asyncio.gather(*calls)]
    # endregion
