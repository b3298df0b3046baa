"""Other answers to section 11.2."""

import unittest
from contextlib import ExitStack, contextmanager
from unittest import mock

import httpx
from sqlalchemy import create_engine
from sqlalchemy.orm import scoped_session, sessionmaker
from sqlalchemy.pool import StaticPool

from sensei.variants import right, wrong

HARBOUR = {"name": "harbour", "bikes": 2}
CASTLE = {"name": "castle", "bikes": 0}


def check(response, status, body=None):
    """Check a response."""
    assert response.status_code == status
    if body is not None:
        assert response.json() == body


@pytest.fixture
def city_client(app):
    """Provide a client whose application has been started."""
    with TestClient(app) as one:
        yield one


@wrong("11.2.1", caught_by="test_q1_the_test_passes_with_a_correct_application")
def test_read_station(app):
    """Create the client without `with`."""
    client = TestClient(app)
    check(client.get("/stations/harbour"), 200, HARBOUR)
    check(client.get("/stations/castle"), 200, CASTLE)
    check(client.get("/stations/airport"), 404)


@wrong("11.2.1", caught_by="test_q1_the_test_passes_with_a_correct_application")
def test_read_station(app):
    """Demand the text of the 404."""
    with TestClient(app) as client:
        check(client.get("/stations/harbour"), 200, HARBOUR)
        check(client.get("/stations/castle"), 200, CASTLE)
        body = {"detail": "There is no such station."}
        check(client.get("/stations/airport"), 404, body)


@wrong("11.2.1", caught_by="test_q1_the_test_passes_with_a_correct_application")
def test_read_station(app):
    """Compare the text of the body, whose fields can have another order."""
    with TestClient(app) as client:
        assert client.get("/stations/harbour").text == '{"name":"harbour","bikes":2}'
        check(client.get("/stations/harbour"), 200, HARBOUR)
        check(client.get("/stations/castle"), 200, CASTLE)
        check(client.get("/stations/airport"), 404)


@wrong("11.2.1", caught_by="test_q1_the_test_passes_with_a_correct_application")
def test_read_station(app):
    """Expect an exception in the place of a response."""
    with TestClient(app) as client:
        check(client.get("/stations/harbour"), 200, HARBOUR)
        check(client.get("/stations/castle"), 200, CASTLE)
        with pytest.raises(HTTPException):
            client.get("/stations/airport")


@wrong("11.2.1", caught_by="test_q1_the_test_passes_with_a_correct_application")
def test_read_station(app):
    """Expect 404 for a station without bikes."""
    with TestClient(app) as client:
        check(client.get("/stations/harbour"), 200, HARBOUR)
        check(client.get("/stations/castle"), 404)
        check(client.get("/stations/airport"), 404)


@wrong("11.2.1", caught_by="test_q1_the_test_passes_with_a_correct_application")
def test_read_station(app):
    """Skip the test."""
    pytest.skip("There is no server.")


@wrong("11.2.1", caught_by="test_q1_the_test_passes_with_a_correct_application")
@pytest.mark.xfail
def test_read_station(app):
    """Mark the test as one that fails."""
    client = TestClient(app)
    check(client.get("/stations/harbour"), 200, HARBOUR)


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[1]",
)
def test_read_station(app):
    """Test the application that is correct, and not the fixture."""
    with TestClient(create_app()) as client:
        check(client.get("/stations/harbour"), 200, HARBOUR)
        check(client.get("/stations/castle"), 200, CASTLE)
        check(client.get("/stations/airport"), 404)


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[2]",
)
def test_read_station(app):
    """Look at the status codes only."""
    with TestClient(app) as client:
        check(client.get("/stations/harbour"), 200)
        check(client.get("/stations/castle"), 200)
        check(client.get("/stations/airport"), 404)


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[1]",
)
def test_read_station(app):
    """Look at the bodies only."""
    with TestClient(app) as client:
        assert client.get("/stations/harbour").json() == HARBOUR
        assert client.get("/stations/castle").json() == CASTLE
        check(client.get("/stations/airport"), 404)


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[1]",
)
def test_read_station(app):
    """Take each status code below 300."""
    with TestClient(app) as client:
        for body in (HARBOUR, CASTLE):
            response = client.get(f"/stations/{body['name']}")
            assert response.is_success
            assert response.json() == body
        check(client.get("/stations/airport"), 404)


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[1]",
)
def test_read_station(app):
    """Forget the station without bikes."""
    with TestClient(app) as client:
        check(client.get("/stations/harbour"), 200, HARBOUR)
        check(client.get("/stations/airport"), 404)


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[2]",
)
def test_read_station(app):
    """Forget the station with bikes."""
    with TestClient(app) as client:
        check(client.get("/stations/castle"), 200, CASTLE)
        check(client.get("/stations/airport"), 404)


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[3]",
)
def test_read_station(app):
    """Forget the unknown name."""
    with TestClient(app) as client:
        check(client.get("/stations/harbour"), 200, HARBOUR)
        check(client.get("/stations/castle"), 200, CASTLE)


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[3]",
)
def test_read_station(app):
    """Request a path that no endpoint has."""
    with TestClient(app) as client:
        check(client.get("/stations/harbour"), 200, HARBOUR)
        check(client.get("/stations/castle"), 200, CASTLE)
        check(client.get("/station/airport"), 404)


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[3]",
)
def test_read_station(app):
    """Take each error for a 404."""
    with TestClient(app) as client:
        check(client.get("/stations/harbour"), 200, HARBOUR)
        check(client.get("/stations/castle"), 200, CASTLE)
        assert client.get("/stations/airport").is_error


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[3]",
)
def test_read_station(app):
    """Look at the body of the error, and not at its status code."""
    with TestClient(app) as client:
        check(client.get("/stations/harbour"), 200, HARBOUR)
        check(client.get("/stations/castle"), 200, CASTLE)
        assert "detail" in client.get("/stations/airport").json()


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[3]",
)
def test_read_station(app):
    """Write a condition that is always true."""
    with TestClient(app) as client:
        check(client.get("/stations/harbour"), 200, HARBOUR)
        check(client.get("/stations/castle"), 200, CASTLE)
        assert client.get("/stations/airport").status_code == 400 or 404


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[1]",
)
def test_read_station(app):
    """Compare, and assert nothing."""
    with TestClient(app) as client:
        client.get("/stations/harbour").json() == HARBOUR
        client.get("/stations/castle").json() == CASTLE
        client.get("/stations/airport").status_code == 404


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[1]",
)
def test_read_station(app):
    """Print what is wrong."""
    try:
        with TestClient(app) as client:
            check(client.get("/stations/harbour"), 200, HARBOUR)
            check(client.get("/stations/castle"), 200, CASTLE)
            check(client.get("/stations/airport"), 404)
    except AssertionError as error:
        print(error)


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[2]",
)
def test_read_station(app):
    """Look at the two fields, and not at others."""
    with TestClient(app) as client:
        for name, bikes in (("harbour", 2), ("castle", 0)):
            response = client.get(f"/stations/{name}")
            assert response.status_code == 200
            assert response.json()["name"] == name
            assert response.json()["bikes"] == bikes
        check(client.get("/stations/airport"), 404)


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[2]",
)
def test_read_station(app):
    """Only look whether the numbers are numbers."""
    with TestClient(app) as client:
        for name in ("harbour", "castle"):
            response = client.get(f"/stations/{name}")
            assert response.status_code == 200
            bikes = response.json()["bikes"]
            assert isinstance(bikes, int)
            assert response.json() == {"name": name, "bikes": bikes}
        check(client.get("/stations/airport"), 404)


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[2]",
)
def test_read_station(app):
    """Convert the number before it is compared."""
    with TestClient(app) as client:
        for name, bikes in (("harbour", 2), ("castle", 0)):
            response = client.get(f"/stations/{name}")
            assert response.status_code == 200
            body = response.json()
            assert set(body) == {"name", "bikes"}
            assert body["name"] == name
            assert int(body["bikes"]) == bikes
        check(client.get("/stations/airport"), 404)


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[2]",
)
def test_read_station(app):
    """Compare one part of the body with the whole."""
    with TestClient(app) as client:
        for body in (HARBOUR, CASTLE):
            response = client.get(f"/stations/{body['name']}")
            assert response.status_code == 200
            assert body.items() <= response.json().items()
        check(client.get("/stations/airport"), 404)


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[2]",
)
def test_read_station(app):
    """Only look whether there are no bikes at the castle."""
    with TestClient(app) as client:
        check(client.get("/stations/harbour"), 200, HARBOUR)
        response = client.get("/stations/castle")
        assert response.status_code == 200
        assert response.json()["name"] == "castle"
        assert not response.json()["bikes"]
        check(client.get("/stations/airport"), 404)


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[3]",
)
def test_read_station(app):
    """Take two status codes for an unknown name."""
    with TestClient(app) as client:
        check(client.get("/stations/harbour"), 200, HARBOUR)
        check(client.get("/stations/castle"), 200, CASTLE)
        assert client.get("/stations/airport").status_code in (404, 422)


@wrong("11.2.1", caught_by="test_q1_the_test_passes_with_a_correct_application")
def test_read_station(app):
    """Demand a `detail` in the body of the 404."""
    with TestClient(app) as client:
        check(client.get("/stations/harbour"), 200, HARBOUR)
        check(client.get("/stations/castle"), 200, CASTLE)
        response = client.get("/stations/airport")
        assert response.status_code == 404
        assert response.json()["detail"]


@wrong(
    "11.2.1",
    caught_by="test_q1_the_test_fails_with_an_application_that_breaks_a_rule[2]",
)
def test_read_station(app):
    """Write a comma for `and`, so that the second comparison is the message."""
    with TestClient(app) as client:
        for body in (HARBOUR, CASTLE):
            response = client.get(f"/stations/{body['name']}")
            assert response.status_code == 200, response.json() == body
        check(client.get("/stations/airport"), 404)


@right("11.2.1")
@pytest.mark.parametrize(
    ("name", "status", "body"),
    [("harbour", 200, HARBOUR), ("castle", 200, CASTLE), ("airport", 404, None)],
)
def test_read_station(app, name, status, body):
    """Parametrize the test, with a helper."""
    with TestClient(app) as client:
        check(client.get(f"/stations/{name}"), status, body)


@right("11.2.1")
def test_read_station(city_client):
    """Use a fixture for the client, and `pytest.fail`."""
    for body in (HARBOUR, CASTLE):
        response = city_client.get(f"/stations/{body['name']}")
        if (response.status_code, response.json()) != (200, body):
            pytest.fail(f"{body['name']} returned {response.text}")
    if city_client.get("/stations/Harbour").status_code != 404:
        pytest.fail("There is no station Harbour.")


@right("11.2.1")
async def test_read_station(app):
    """Use an async client, and run the lifespan by hand."""
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope, receive, send):
            await app({**scope, "state": dict(state)}, receive, send)

        transport = httpx.ASGITransport(app=with_state)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://city"
        ) as http:
            check(await http.get("/stations/harbour"), 200, HARBOUR)
            check(await http.get("/stations/castle"), 200, CASTLE)
            check(await http.get("/stations/airport"), 404)


@right("11.2.1")
def test_read_station(app):
    """Use the assertions of `unittest`, and a client for each request."""
    case = unittest.TestCase()
    for name, status in (("harbour", 200), ("castle", 200), ("", 404), ("x y", 404)):
        with TestClient(app) as client:
            case.assertEqual(client.get(f"/stations/{name}").status_code, status)
    with ExitStack() as stack:
        client = stack.enter_context(TestClient(app))
        case.assertDictEqual(client.get("/stations/harbour").json(), HARBOUR)
        case.assertDictEqual(client.get("/stations/castle").json(), CASTLE)


@right("11.2.1")
def test_read_station(app):
    """Assert each field by itself, and that there are two."""
    with TestClient(app, raise_server_exceptions=False) as client:
        for name, bikes in {"castle": 0, "harbour": 2}.items():
            response = client.get("/stations/" + name)
            assert response.status_code == 200, response.text
            body = response.json()
            assert len(body) == 2
            assert body["name"] == name
            assert body["bikes"] == bikes
        assert client.get("/stations/nowhere").status_code == 404


@wrong(
    "11.2.2",
    caught_by="test_q2_after_the_test_the_overrides_are_those_of_before[no override]",
)
@pytest.fixture
def client(engine):
    """Leave the override."""

    def override_session():
        with Session(engine) as session:
            yield session

    rental.dependency_overrides[get_session] = override_session
    return TestClient(rental)


@wrong(
    "11.2.2",
    caught_by="test_q2_after_the_test_the_overrides_are_those_of_before"
    "[an override of weather]",
)
@pytest.fixture
def client(engine):
    """Remove all overrides."""

    def override_session():
        with Session(engine) as session:
            yield session

    rental.dependency_overrides[get_session] = override_session
    yield TestClient(rental)
    rental.dependency_overrides.clear()


@wrong(
    "11.2.2",
    caught_by="test_q2_after_the_test_the_overrides_are_those_of_before[an override of get_session]",
)
@pytest.fixture
def client(engine):
    """Delete the own override, and lose the old one."""

    def override_session():
        with Session(engine) as session:
            yield session

    rental.dependency_overrides[get_session] = override_session
    yield TestClient(rental)
    del rental.dependency_overrides[get_session]


@wrong(
    "11.2.2",
    caught_by="test_q2_after_the_test_the_overrides_are_those_of_before[no override]",
)
@pytest.fixture
def client(engine):
    """Restore the old override, also where there was none."""

    def override_session():
        with Session(engine) as session:
            yield session

    before = rental.dependency_overrides.get(get_session)
    rental.dependency_overrides[get_session] = override_session
    yield TestClient(rental)
    rental.dependency_overrides[get_session] = before


@wrong(
    "11.2.2",
    caught_by="test_q2_after_the_test_the_overrides_are_those_of_before[no override]",
)
@pytest.fixture
def client(engine):
    """Keep the dict itself, and no copy of it."""

    def override_session():
        with Session(engine) as session:
            yield session

    before = rental.dependency_overrides
    rental.dependency_overrides[get_session] = override_session
    yield TestClient(rental)
    rental.dependency_overrides = before


@wrong(
    "11.2.2",
    caught_by="test_q2_after_the_test_the_overrides_are_those_of_before[no override]",
)
@pytest.fixture
def client(engine):
    """Call the original function afterwards, in the place of no override."""

    def override_session():
        with Session(engine) as session:
            yield session

    before = rental.dependency_overrides.get(get_session, get_session)
    rental.dependency_overrides[get_session] = override_session
    yield TestClient(rental)
    rental.dependency_overrides[get_session] = before


@wrong("11.2.2", caught_by="test_q2_the_other_overrides_stay")
@pytest.fixture
def client(engine):
    """Replace the whole dict during the test."""

    def override_session():
        with Session(engine) as session:
            yield session

    before = rental.dependency_overrides
    rental.dependency_overrides = {get_session: override_session}
    yield TestClient(rental)
    rental.dependency_overrides = before


@wrong("11.2.2", caught_by="test_q2_the_other_overrides_stay")
@pytest.fixture
def client(engine, monkeypatch):
    """Override the class, and not the session."""

    def override_rides():
        with Session(engine) as session:
            yield Rides(session)

    monkeypatch.setitem(rental.dependency_overrides, Rides, override_rides)
    return TestClient(rental)


@wrong(
    "11.2.2",
    caught_by="test_q2_the_session_is_closed_when_the_request_is_finished[is_finished]",
)
@pytest.fixture
def client(engine, monkeypatch):
    """Create a session that nobody closes."""
    monkeypatch.setitem(
        rental.dependency_overrides, get_session, lambda: Session(engine)
    )
    return TestClient(rental)


@wrong(
    "11.2.2",
    caught_by="test_q2_the_session_is_closed_when_the_request_is_finished[returns_404]",
)
@pytest.fixture
def client(engine, monkeypatch):
    """Close the session only if no exception came."""

    def override_session():
        session = Session(engine)
        yield session
        session.close()

    monkeypatch.setitem(rental.dependency_overrides, get_session, override_session)
    return TestClient(rental)


@wrong(
    "11.2.2",
    caught_by="test_q2_the_session_is_closed_when_the_request_is_finished"
    "[raises_a_runtime_error]",
)
@pytest.fixture
def client(engine, monkeypatch):
    """Close the session after an HTTPException, and not after other exceptions."""

    def override_session():
        session = Session(engine)
        try:
            yield session
        except HTTPException:
            session.close()
            raise
        session.close()

    monkeypatch.setitem(rental.dependency_overrides, get_session, override_session)
    return TestClient(rental)


@wrong(
    "11.2.2",
    caught_by="test_q2_the_session_is_closed_when_the_request_is_finished[is_finished]",
)
@pytest.fixture
def client(engine, monkeypatch):
    """Close the sessions after the test."""
    with ExitStack() as stack:

        def override_session():
            return stack.enter_context(Session(engine))

        monkeypatch.setitem(rental.dependency_overrides, get_session, override_session)
        yield TestClient(rental)


@wrong("11.2.2", caught_by="test_q2_each_request_gets_a_new_session")
@pytest.fixture
def client(engine, monkeypatch):
    """Share one session between all requests."""
    with Session(engine) as session:
        monkeypatch.setitem(rental.dependency_overrides, get_session, lambda: session)
        yield TestClient(rental)


@wrong("11.2.2", caught_by="test_q2_each_request_gets_a_new_session")
@pytest.fixture
def client(engine, monkeypatch):
    """Close the shared session after each request, and use it again."""
    session = Session(engine)

    def override_session():
        with session:
            yield session

    monkeypatch.setitem(rental.dependency_overrides, get_session, override_session)
    return TestClient(rental)


@wrong("11.2.2", caught_by="test_q2_each_request_gets_a_new_session")
@pytest.fixture
def client(engine, monkeypatch):
    """Share one session between the requests that run in the same thread."""
    registry = scoped_session(sessionmaker(engine))

    def override_session():
        with registry() as session:
            yield session

    monkeypatch.setitem(rental.dependency_overrides, get_session, override_session)
    return TestClient(rental)


@wrong(
    "11.2.2",
    caught_by="test_q2_the_session_is_closed_when_the_request_is_finished[returns_404]",
)
@pytest.fixture
def client(engine, monkeypatch):
    """Catch the exception of the endpoint, and do not raise it again."""

    def override_session():
        with Session(engine) as session:
            try:
                yield session
            except Exception:
                session.rollback()

    monkeypatch.setitem(rental.dependency_overrides, get_session, override_session)
    return TestClient(rental, raise_server_exceptions=False)


@wrong(
    "11.2.2",
    caught_by="test_q2_the_session_is_closed_when_the_request_is_finished"
    "[raises_a_runtime_error]",
)
@pytest.fixture
def client(engine, monkeypatch):
    """Raise an HTTPException again, and no other exception."""

    def override_session():
        with Session(engine) as session:
            try:
                yield session
            except HTTPException:
                raise
            except Exception:
                session.rollback()

    monkeypatch.setitem(rental.dependency_overrides, get_session, override_session)
    return TestClient(rental)


@wrong("11.2.2", caught_by="test_q2_the_requests_of_each_test_use_its_own_database")
@pytest.fixture
def client(engine, monkeypatch):
    """Use the name of the function as the key."""

    def override_session():
        with Session(engine) as session:
            yield session

    monkeypatch.setitem(rental.dependency_overrides, "get_session", override_session)
    return TestClient(rental)


@wrong("11.2.2", caught_by="test_q2_the_requests_of_each_test_use_its_own_database")
@pytest.fixture
def client(engine, monkeypatch):
    """Exchange the name in the module."""

    def override_session():
        with Session(engine) as session:
            yield session

    monkeypatch.setitem(globals(), "get_session", override_session)
    return TestClient(rental)


@wrong("11.2.2", caught_by="test_q2_the_requests_of_each_test_use_its_own_database")
@pytest.fixture
def client(engine, monkeypatch):
    """Make a context manager of the override."""

    @contextmanager
    def override_session():
        with Session(engine) as session:
            yield session

    monkeypatch.setitem(rental.dependency_overrides, get_session, override_session)
    return TestClient(rental)


@wrong("11.2.2", caught_by="test_q2_the_requests_of_each_test_use_its_own_database")
@pytest.fixture
def client(engine, monkeypatch):
    """Create a database besides the one of the test."""
    own = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(own)

    def override_session():
        with Session(own) as session:
            yield session

    monkeypatch.setitem(rental.dependency_overrides, get_session, override_session)
    yield TestClient(rental)
    own.dispose()


@wrong("11.2.2", caught_by="test_q2_the_requests_of_each_test_use_its_own_database")
@pytest.fixture
def client(engine, monkeypatch):
    """Let FastAPI fill in a parameter of the override."""

    def override_session(engine: Engine):
        with Session(engine) as session:
            yield session

    monkeypatch.setitem(rental.dependency_overrides, get_session, override_session)
    return TestClient(rental)


@wrong("11.2.2", caught_by="test_q2_the_requests_of_each_test_use_its_own_database")
@pytest.fixture
def client(engine):
    """Remove the override before the test begins."""

    def override_session():
        with Session(engine) as session:
            yield session

    rental.dependency_overrides[get_session] = override_session
    try:
        return TestClient(rental)
    finally:
        del rental.dependency_overrides[get_session]


engines = []


@wrong("11.2.2", caught_by="test_q2_the_requests_of_each_test_use_its_own_database")
@pytest.fixture
def client(engine, monkeypatch):
    """Keep the engine of the first test."""
    engines.append(engine)

    def override_session():
        with Session(engines[0]) as session:
            yield session

    monkeypatch.setitem(rental.dependency_overrides, get_session, override_session)
    return TestClient(rental)


@wrong("11.2.2", caught_by="test_q2_the_requests_of_each_test_use_its_own_database")
def client(engine):
    """Lose the decorator."""

    def override_session():
        with Session(engine) as session:
            yield session

    before = dict(rental.dependency_overrides)
    rental.dependency_overrides[get_session] = override_session
    yield TestClient(rental)
    rental.dependency_overrides = before


@wrong(
    "11.2.2",
    caught_by="test_q2_the_session_is_closed_when_the_request_is_finished[is_finished]",
)
@pytest.fixture
def client(engine, monkeypatch):
    """End the transaction, and leave the session open."""

    def override_session():
        session = Session(engine)
        try:
            yield session
        finally:
            session.rollback()

    monkeypatch.setitem(rental.dependency_overrides, get_session, override_session)
    return TestClient(rental)


@wrong("11.2.2", caught_by="test_q2_the_other_overrides_stay")
@pytest.fixture
def client(engine):
    """Create another application with the same routes."""

    def override_session():
        with Session(engine) as session:
            yield session

    app = FastAPI()
    app.include_router(rental.router)
    app.dependency_overrides[get_session] = override_session
    return TestClient(app)


@wrong("11.2.2", caught_by="test_q2_the_requests_of_each_test_use_its_own_database")
@pytest.fixture
def client(engine):
    """Provide the application."""

    def override_session():
        with Session(engine) as session:
            yield session

    with mock.patch.dict(rental.dependency_overrides, {get_session: override_session}):
        yield rental


@wrong("11.2.2", caught_by="test_q2_the_other_overrides_stay")
@pytest.fixture
def client(engine, monkeypatch):
    """Exchange the function that connects, and override nothing."""
    monkeypatch.setitem(globals(), "open_session", lambda: Session(engine))
    return TestClient(rental)


@wrong(
    "11.2.2",
    caught_by="test_q2_after_the_test_the_overrides_are_those_of_before[no override]",
)
@pytest.fixture
def client(engine):
    """Put the old entries back, and leave the new one."""

    def override_session():
        with Session(engine) as session:
            yield session

    before = dict(rental.dependency_overrides)
    rental.dependency_overrides[get_session] = override_session
    yield TestClient(rental)
    rental.dependency_overrides.update(before)


@wrong(
    "11.2.2",
    caught_by="test_q2_after_the_test_the_overrides_are_those_of_before[an override of get_session]",
)
@pytest.fixture
def client(engine):
    """Leave an override of `get_session` where there is one."""

    def override_session():
        with Session(engine) as session:
            yield session

    before = dict(rental.dependency_overrides)
    rental.dependency_overrides.setdefault(get_session, override_session)
    yield TestClient(rental)
    rental.dependency_overrides = before


@wrong(
    "11.2.2",
    caught_by="test_q2_after_the_test_the_overrides_are_those_of_before[an override of get_session]",
)
@pytest.fixture
def client(engine):
    """Let the old entries replace the new one."""

    def override_session():
        with Session(engine) as session:
            yield session

    before = rental.dependency_overrides
    rental.dependency_overrides = {get_session: override_session, **before}
    yield TestClient(rental)
    rental.dependency_overrides = before


@right("11.2.2")
@pytest.fixture
def client(engine, monkeypatch):
    """Let `monkeypatch` restore the dict."""

    def override_session():
        session = sessionmaker(engine)()
        try:
            yield session
        finally:
            session.close()

    monkeypatch.setitem(rental.dependency_overrides, get_session, override_session)
    return TestClient(rental)


@right("11.2.2")
@pytest.fixture
def client(engine):
    """Restore the one entry, with a client in a `with` statement."""

    async def override_session():
        with Session(engine, expire_on_commit=False) as session:
            yield session

    overrides = rental.dependency_overrides
    old = overrides.pop(get_session, None)
    try:
        overrides[get_session] = override_session
        with TestClient(rental) as one:
            yield one
    finally:
        del overrides[get_session]
        if old is not None:
            overrides[get_session] = old


@right("11.2.2")
@pytest.fixture
def client(engine, request):
    """Roll everything back after the test, with a session in the test's transaction."""
    before = rental.dependency_overrides
    request.addfinalizer(lambda: setattr(rental, "dependency_overrides", before))
    connection = engine.connect()
    transaction = connection.begin()
    request.addfinalizer(connection.close)
    request.addfinalizer(transaction.rollback)

    def override_session():
        mode = "create_savepoint"
        with Session(connection, join_transaction_mode=mode) as session:
            yield session

    rental.dependency_overrides = {**before, get_session: override_session}
    return TestClient(rental)


@right("11.2.2")
@pytest.fixture
def client(engine):
    """Write the override as a class, and keep the old overrides in another dict."""

    class OverrideSession:
        def __call__(self):
            with engine.connect() as connection, Session(bind=connection) as session:
                yield session

    kept = rental.dependency_overrides.copy()
    rental.dependency_overrides.update({get_session: OverrideSession()})
    yield TestClient(rental, raise_server_exceptions=False)
    rental.dependency_overrides.clear()
    rental.dependency_overrides.update(kept)


def send(client, *rides):
    """Send rides, and return the prices."""
    return [
        client.post("/rides", json={"rider": rider, "minutes": minutes}).json()
        for rider, minutes in rides
    ]


@wrong("11.2.3", caught_by="test_q3_the_test_finds_each_fault[Rides.add]")
def test_rental():
    """Call the endpoint as a function, with a fake."""
    rides = FakeRides({"ada": 50})
    rides.add = lambda rider, minutes: rides.minutes_of.update({rider: minutes})
    assert finish_ride(RideIn(rider="ada", minutes=12), rides) == 20


@wrong("11.2.3", caught_by="test_q3_the_test_finds_each_fault[Rides.minutes]")
def test_rental(client):
    """Use the fake in the integration test."""
    fake = FakeRides({"ada": 50})
    fake.add = lambda rider, minutes: None
    rental.dependency_overrides[Rides] = lambda: fake
    assert send(client, ("ada", 12)) == [20]


@wrong("11.2.3", caught_by="test_q3_the_test_finds_each_fault[Rides.add]")
def test_rental(client):
    """Send one ride."""
    assert send(client, ("ada", 62)) == [20]


@wrong("11.2.3", caught_by="test_q3_the_test_finds_each_fault[Rides.add]")
def test_rental(client):
    """Look at the status code only."""
    for minutes in (30, 20, 12):
        ride = {"rider": "ada", "minutes": minutes}
        assert client.post("/rides", json=ride).status_code == 201


@wrong("11.2.3", caught_by="test_q3_the_test_finds_each_fault[Rides.minutes]")
def test_rental(client):
    """Send rides of one rider."""
    assert send(client, ("ada", 30), ("ada", 20), ("ada", 12)) == [0, 0, 20]
    assert client.get("/riders/ada/minutes").json() == 62


@wrong("11.2.3", caught_by="test_q3_the_test_finds_each_fault[Rides.minutes]")
def test_rental(client):
    """Save one ride before the ride with the price."""
    assert send(client, ("bob", 60), ("ada", 50), ("ada", 12)) == [0, 0, 20]


@wrong("11.2.3", caught_by="test_q3_the_test_finds_each_fault[finish_ride]")
def test_rental(client):
    """Look at the minutes only."""
    send(client, ("ada", 30), ("ada", 20), ("bob", 60), ("ada", 12))
    assert client.get("/riders/ada/minutes").json() == 62
    assert client.get("/riders/bob/minutes").json() == 60


@wrong("11.2.3", caught_by="test_q3_the_test_finds_each_fault[finish_ride]")
def test_rental(client):
    """Send only rides that are free."""
    assert send(client, ("ada", 30), ("ada", 20), ("bob", 60)) == [0, 0, 0]
    assert client.get("/riders/ada/minutes").json() == 50


@wrong("11.2.3", caught_by="test_q3_the_test_finds_each_fault[finish_ride]")
def test_rental(client):
    """Test the class `Rides` with the database, and no request to the endpoint."""
    for session in rental.dependency_overrides[get_session]():
        Rides(session).add("ada", 30)
        Rides(session).add("ada", 20)
        Rides(session).add("bob", 20)
    for session in rental.dependency_overrides[get_session]():
        assert Rides(session).minutes("ada") == 50


@wrong("11.2.3", caught_by="test_q3_the_test_passes_with_the_given_code")
def test_rental(client):
    """Forget that the first 60 minutes are counted over all rides."""
    assert send(client, ("ada", 30), ("ada", 20), ("ada", 12)) == [0, 0, 0]


@wrong("11.2.3", caught_by="test_q3_the_test_passes_with_the_given_code")
def test_rental():
    """Connect to the production database."""
    with TestClient(rental) as one:
        assert send(one, ("ada", 62)) == [20]


@wrong("11.2.3", caught_by="test_q3_the_test_passes_with_other_correct_code")
def test_rental(client, monkeypatch):
    """Demand that the code calls `Session.add`."""
    added = []
    real = Session.add

    def add(self, ride):
        added.append(ride)
        real(self, ride)

    monkeypatch.setattr(Session, "add", add)
    send(client, ("ada", 30))
    assert len(added) == 1


@wrong("11.2.3", caught_by="test_q3_the_test_finds_each_fault[finish_ride]")
def test_rental(client):
    """Send only rides that cost something."""
    assert send(client, ("ada", 70), ("bob", 80), ("ada", 5)) == [100, 200, 50]
    assert client.get("/riders/ada/minutes").json() == 75
    assert client.get("/riders/bob/minutes").json() == 80


@wrong("11.2.3", caught_by="test_q3_the_test_finds_each_fault[finish_ride]")
def test_rental(client):
    """Test `price` with the database."""
    for rider, minutes in (("ada", 30), ("ada", 20), ("bob", 60)):
        client.post("/rides", json={"rider": rider, "minutes": minutes})
    for session in rental.dependency_overrides[get_session]():
        assert price(Rides(session), "ada", 12) == 20


@wrong("11.2.3", caught_by="test_q3_the_test_finds_each_fault[Rides.minutes]")
def test_rental(client):
    """Send the other rider's ride where it changes nothing."""
    assert send(client, ("ada", 70), ("bob", 5), ("ada", 3)) == [100, 0, 30]


@wrong("11.2.3", caught_by="test_q3_the_test_finds_each_fault[Rides.add]")
def test_rental(client):
    """Use one session for all requests, which sees what it has not committed."""
    with contextmanager(rental.dependency_overrides[get_session])() as session:
        rental.dependency_overrides[get_session] = lambda: session
        rides = ("ada", 30), ("bob", 60), ("ada", 20), ("ada", 12)
        assert send(client, *rides) == [0, 0, 0, 20]
        assert client.get("/riders/ada/minutes").json() == 62


@wrong("11.2.3", caught_by="test_q3_the_test_finds_each_fault[finish_ride]")
def test_rental(client):
    """Look at the prices only, so that nobody sees what the last ride has saved."""
    rides = ("ada", 30), ("bob", 60), ("ada", 20), ("ada", 12)
    assert send(client, *rides) == [0, 0, 0, 20]


@right("11.2.3")
def test_rental(client, engine):
    """Read the rows from the database of the requests."""
    rides = [("ada", 50), ("bob", 70), ("ada", 12)]
    assert send(client, *rides, ("ada", 8)) == [0, 100, 20, 80]
    with Session(engine) as session:
        rows = session.execute(select(Ride.rider, Ride.minutes).order_by(Ride.id))
        assert [tuple(row) for row in rows] == [*rides, ("ada", 8)]
    assert client.get("/riders/ada/minutes").json() == 70


@right("11.2.3")
def test_rental(client):
    """Compare all prices, and the minutes of two riders."""
    prices = send(client, ("bob", 100), ("ada", 40), ("ada", 30), ("ada", 1))
    assert prices == [400, 0, 100, 10]
    for rider, minutes in {"ada": 71, "bob": 100}.items():
        response = client.get(f"/riders/{rider}/minutes")
        assert (response.status_code, response.json()) == (200, minutes)
    assert client.get("/riders/eve/minutes").status_code == 404


@right("11.2.3")
@pytest.mark.parametrize("rider", ["ada", "eve"])
def test_rental(client, rider):
    """Parametrize the test, and ask for the minutes after each ride."""
    assert send(client, ("zoe", 61)) == [10]
    total = 0
    for minutes in (25, 25, 25, 3):
        paid = max(total + minutes - 60, 0) - max(total - 60, 0)
        assert send(client, (rider, minutes)) == [paid * 10]
        total += minutes
        assert client.get(f"/riders/{rider}/minutes").json() == total


@right("11.2.3")
async def test_rental(client):
    """Send the requests with an async client to the same application."""
    transport = httpx.ASGITransport(app=client.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://city") as http:
        for rider, minutes, cents in (
            ("ada", 59, 0),
            ("bob", 59, 0),
            ("ada", 2, 10),
            ("ada", 5, 50),
        ):
            ride = {"rider": rider, "minutes": minutes}
            assert (await http.post("/rides", json=ride)).json() == cents
        assert (await http.get("/riders/ada/minutes")).json() == 66
