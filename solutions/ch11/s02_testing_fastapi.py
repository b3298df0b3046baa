"""11.2  Testing FastAPI applications.

The application of a city's bike rental gets its tests, and you write them. Each koan
runs your test with correct code, and with code that has a fault.
Notes: content/docs/deployment-and-testing/testing-fastapi.md
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


@asynccontextmanager
async def load_stations(app: FastAPI) -> AsyncIterator[dict[str, object]]:
    """Load how many bikes there are at each station."""
    yield {"bikes": {"harbour": 2, "castle": 0}}


def create_app() -> FastAPI:
    """Create the application, which loads its stations in its lifespan."""
    app = FastAPI(lifespan=load_stations)

    @app.get("/stations/{name}")
    def read_station(name: str, request: Request) -> dict[str, object]:
        """Return a station of the city.

        1. For a station, the status code is 200. This includes a station without bikes.
        2. The JSON has the `name` of the station and the number of its `bikes`, and no
           other field.
        3. For any other name, the status code is 404.
        """
        bikes = request.state.bikes
        if name not in bikes:
            raise HTTPException(404, "There is no such station.")
        return {"name": name, "bikes": bikes[name]}

    return app


def test_read_station(app: FastAPI) -> None:
    """11.2.1  How do you write unit tests for FastAPI endpoints using `TestClient`?

    Write a test for the endpoint `GET /stations/{name}`. The docstring of
    `read_station` above has three rules. pytest runs your test with several
    applications. Some of them keep the rules, and each of the others breaks one rule.

    - The test passes with an application that keeps the rules. This application can
      have other code than `create_app`, and the body of its 404 can be different.
    - The test fails with an application that breaks one of the rules.

    Given:
        `app` is a fixture: pytest calls your test with one application after another.
        Each application has the same two stations: `harbour` with 2 bikes, and
        `castle` with 0 bikes. It loads them in its lifespan.
        pytest runs no other test. But you can write other functions and call them.
    """
    # region answer
    with TestClient(app) as client:
        harbour = client.get("/stations/harbour")
        assert harbour.status_code == 200
        assert harbour.json() == {"name": "harbour", "bikes": 2}
        castle = client.get("/stations/castle")
        assert castle.status_code == 200
        assert castle.json() == {"name": "castle", "bikes": 0}
        assert client.get("/stations/airport").status_code == 404
    # endregion


class Base(DeclarativeBase):
    """The base class of the models."""


class Ride(Base):
    """A ride that is finished."""

    __tablename__ = "ride"

    id: Mapped[int] = mapped_column(primary_key=True)
    rider: Mapped[str]
    minutes: Mapped[int]


class RideIn(BaseModel):
    """A new ride."""

    rider: str
    minutes: Annotated[int, Field(ge=1, le=1440)]


def open_session() -> Session:
    """Connect to the production database."""
    raise ConnectionError("A test cannot connect to the production database.")


def get_session() -> Iterator[Session]:
    """Provide a session for one request."""
    with open_session() as session:
        yield session


class Rides:
    """The rides in the database."""

    def __init__(self, session: Annotated[Session, Depends(get_session)]) -> None:
        self.session = session

    def add(self, rider: str, minutes: int) -> None:
        """Save a ride, so that later requests find it."""
        self.session.add(Ride(rider=rider, minutes=minutes))
        self.session.commit()

    def minutes(self, rider: str) -> int:
        """Return the sum of the minutes of all rides of this rider, and of no other."""
        total = select(func.sum(Ride.minutes)).where(Ride.rider == rider)
        return self.session.scalar(total) or 0


def price(rides: Rides, rider: str, minutes: int) -> int:
    """Return the price of a new ride in cents; `rides` has the earlier ones.

    The first 60 minutes of each rider are free, counted over all rides of this rider.
    Each further minute costs 10 cents.
    """
    free = max(60 - rides.minutes(rider), 0)
    return 10 * max(minutes - free, 0)


rental = FastAPI()


@rental.post("/rides", status_code=201)
def finish_ride(ride: RideIn, rides: Annotated[Rides, Depends()]) -> int:
    """Return the price of a new ride in cents, and save the ride."""
    cents = price(rides, ride.rider, ride.minutes)
    rides.add(ride.rider, ride.minutes)
    return cents


@rental.get("/riders/{rider}/minutes")
def read_minutes(rider: str, rides: Annotated[Rides, Depends()]) -> int:
    """Return the minutes of a rider, or 404 if the rider has no ride."""
    minutes = rides.minutes(rider)
    if minutes == 0:
        raise HTTPException(404, "This rider has no ride.")
    return minutes


@pytest.fixture
def client(engine: Engine) -> Iterator[TestClient]:
    """11.2.2  Explain how to use dependency overrides in FastAPI tests.

    Write the fixture `client`. It provides a `TestClient` of `rental`, and overrides
    `get_session` for one test. So the test uses its own database.

    - Each request of the test gets a new session, which uses `engine`.
    - The session is closed when the request is finished. This includes a request whose
      endpoint raises an exception, such as `HTTPException`. FastAPI still gets this
      exception.
    - During the test, the other overrides of `rental` stay, such as the override of
      another fixture. Your fixture adds one for `get_session` only.
    - After the test, the overrides of `rental` are the same as before the test. If
      there was an override of `get_session`, it is back.

    Given:
        `engine` is a fixture. It provides a new database for each test, with the empty
        table `ride`.
        pytest runs the code after the `yield` of a fixture also if the test fails.

    Example of a test that uses your fixture:
        def test_the_first_ride_is_free(client):
            response = client.post("/rides", json={"rider": "ada", "minutes": 30})
            assert response.json() == 0
    """

    # region answer
    # In words: A test replaces a dependency that it cannot use, here the production
    # database. The override replaces the whole function, with the code after its
    # `yield`: so the override opens and closes the session itself. The dict belongs to
    # the application, and all tests share it. A fixture that changes it has to restore
    # it, or else the next test runs with an override that it does not know of.
    def override_session() -> Iterator[Session]:
        with Session(engine) as session:
            yield session

    before = rental.dependency_overrides
    rental.dependency_overrides = {**before, get_session: override_session}
    yield TestClient(rental)
    rental.dependency_overrides = before
    # endregion


class FakeRides(Rides):
    """The minutes of each rider in a dict, without a database."""

    def __init__(self, minutes_of: dict[str, int]) -> None:
        self.minutes_of = minutes_of

    def minutes(self, rider: str) -> int:
        """Return the minutes of the rider."""
        return self.minutes_of.get(rider, 0)


def test_price() -> None:
    """Test the rule alone: this is a unit test."""
    rides = FakeRides({"ada": 50, "bob": 70})
    assert price(rides, "ada", 5) == 0
    assert price(rides, "ada", 12) == 20
    assert price(rides, "bob", 3) == 30


def test_rental(client: TestClient) -> None:
    """11.2.3  What is the difference between unit tests and integration tests for an
    API?

    The unit test `test_price` above runs `price` alone: `FakeRides` replaces the
    database. Write an integration test, which sends requests to `rental`. pytest runs
    it with the code above, and with code that has a fault. `test_price` passes with
    each of these faults.

    - The test passes with the code above, and with other code that does the same.
    - The test fails if `finish_ride`, `Rides.add` or `Rides.minutes` does not do what
      its docstring says.

    Given:
        `client` is a fixture, which provides a `TestClient` of `rental`. It is ready,
        even if you have not solved 11.2.2 yet. Each request gets a new session, which
        uses the fixture `engine`. The database has no rides when the test begins.
        To find each fault, you need two riders and a few rides. Some of the rides must
        be free, and some must cost something.
        pytest runs no other test. But you can write other functions and call them.

    Example of two requests:
        POST /rides  {"rider": "eve", "minutes": 62}  ->  201  20
        GET /riders/eve/minutes                       ->  200  62
    """
    # region answer
    # In words: A unit test runs one piece of code, and a fake replaces what this code
    # uses. It is fast, it can reach each case of a rule, and its failure says which
    # piece is wrong. But it cannot find a fault in the code that the fake replaces. An
    # integration test runs the pieces together, here the endpoint, the SQL and the
    # commit. It is slower, and its failure does not say which piece is wrong.
    for rider, minutes in (("ada", 30), ("ada", 20), ("bob", 60)):
        client.post("/rides", json={"rider": rider, "minutes": minutes})
    response = client.post("/rides", json={"rider": "ada", "minutes": 12})
    assert response.json() == 20
    assert client.get("/riders/ada/minutes").json() == 62
    # endregion
