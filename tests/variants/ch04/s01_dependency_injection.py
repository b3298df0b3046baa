"""Other answers to section 4.1."""

import functools
import graphlib
from contextlib import AbstractContextManager, contextmanager
from unittest import mock

from fastapi import Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from sensei.variants import right, wrong


@wrong(
    "4.1.1", caught_by="test_q1_a_request_without_a_known_token_returns_401[unknown]"
)
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Check only that there is a token."""
    if token is None:
        raise HTTPException(401)
    return find_user(token)


@wrong("4.1.1", caught_by="test_q1_a_request_without_a_known_token_returns_401[none]")
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Return a response, which the endpoint then gets as its user."""
    user = find_user(token) if token else None
    return user or JSONResponse({"detail": "Log in first."}, 401)


@wrong("4.1.1", caught_by="test_q1_a_request_without_a_known_token_returns_401[none]")
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Return 403, which is for users who are known."""
    user = find_user(token) if token else None
    if user is None:
        raise HTTPException(403)
    return user


@wrong("4.1.1", caught_by="test_q1_a_request_without_a_known_token_returns_401[none]")
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Return the exception instead of raising it."""
    user = find_user(token) if token else None
    if user is None:
        return HTTPException(401)
    return user


@wrong("4.1.1", caught_by="test_q1_a_request_without_a_known_token_returns_401[none]")
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Raise an error that FastAPI turns into a 500."""
    user = find_user(token) if token else None
    if user is None:
        raise PermissionError("Log in first.")
    return user


@wrong("4.1.1", caught_by="test_q1_the_endpoint_gets_the_user_of_the_token")
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Check the user and return the token."""
    if token is None or find_user(token) is None:
        raise HTTPException(401)
    return token


known = {}


@wrong("4.1.1", caught_by="test_q1_the_user_is_looked_up_for_every_request")
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Keep the users that were found once."""
    if token is not None and token not in known:
        known[token] = find_user(token)
    if known.get(token) is None:
        raise HTTPException(401)
    return known[token]


@wrong("4.1.1", caught_by="test_q1_the_endpoint_gets_the_user_of_the_token")
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Read the table of the example instead of calling the function."""
    if token not in USERS:
        raise HTTPException(401)
    return USERS[token]


refused = set()


@wrong("4.1.1", caught_by="test_q1_an_error_of_find_user_is_not_a_401")
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Turn every error into a 401."""
    try:
        user = find_user(token)
        assert user is not None
    except Exception:
        raise HTTPException(401) from None
    return user


@wrong("4.1.1", caught_by="test_q1_a_request_without_a_known_token_returns_401[upper]")
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Look for the token in lower case."""
    user = find_user(token.lower()) if token else None
    if user is None:
        raise HTTPException(401)
    return user


@wrong("4.1.1", caught_by="test_q1_the_user_is_looked_up_for_every_request")
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Keep the tokens that were refused once."""
    user = find_user(token) if token and token not in refused else None
    if user is None:
        refused.add(token)
        raise HTTPException(401)
    return user


@wrong("4.1.1", caught_by="test_q1_without_a_token_nobody_is_logged_in")
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Look for the user of an empty token if there is none."""
    user = find_user(token or "")
    if user is None:
        raise HTTPException(401)
    return user


@wrong("4.1.1", caught_by="test_q1_find_user_is_called_once_for_a_token")
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Look for the user twice, who may be gone the second time."""
    if token is None or find_user(token) is None:
        raise HTTPException(401)
    return find_user(token)


@wrong("4.1.1", caught_by="test_q1_an_error_of_find_user_is_not_a_401[KeyError]")
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Catch the error of a dict, which is one of the database here."""
    if token is None:
        raise HTTPException(401)
    try:
        user = find_user(token)
    except LookupError:
        user = None
    if user is None:
        raise HTTPException(401)
    return user


@wrong("4.1.1", caught_by="test_q1_a_request_without_a_known_token_returns_401[bearer]")
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Take the token from behind a word that nobody asked for."""
    if token is None:
        raise HTTPException(401)
    user = find_user(token.removeprefix("Bearer "))
    if user is None:
        raise HTTPException(401)
    return user


@right("4.1.1")
async def current_user(
    request: Request,
) -> User:
    """Read the header from the request."""
    token = request.headers.get("x-token")
    user = None if token is None else find_user(token)
    if not user:
        raise StarletteHTTPException(status_code=401)
    return user


@right("4.1.1")
def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """Return from the middle, raise at the end, as the header is asked for."""
    if token and (user := find_user(token)):
        return user
    raise HTTPException(
        status_code=401, detail="Log in.", headers={"WWW-Authenticate": "Token"}
    )


@wrong("4.1.2", caught_by="test_q2_each_dependency_is_called_once_for_each_request")
def call_endpoint(endpoint, query):
    """Call a dependency wherever it is declared."""
    return endpoint(
        **{
            name: call_endpoint(needed, query) if needed else query[name]
            for name, needed in parameters(endpoint).items()
        }
    )


@wrong(
    "4.1.2",
    caught_by="test_q2_each_parameter_has_the_value_that_fastapi_finds[oslo-seats]",
)
def call_endpoint(endpoint, query):
    """Resolve one level only: a dependency gets its parameters from the query."""
    values = {}
    for name, needed in parameters(endpoint).items():
        if needed is None:
            values[name] = query[name]
        else:
            values[name] = needed(**{key: query[key] for key in parameters(needed)})
    return endpoint(**values)


@wrong("4.1.2", caught_by="test_q2_each_dependency_is_called_once_for_each_request")
def call_endpoint(endpoint, query):
    """Take None for a result that is not there yet."""
    results = {}

    def call(function):
        if results.get(function) is None:
            values = {
                name: call(needed) if needed else query[name]
                for name, needed in parameters(function).items()
            }
            results[function] = function(**values)
        return results[function]

    return call(endpoint)


results = {}


@wrong("4.1.2", caught_by="test_q2_the_next_request_calls_the_dependencies_again")
def call_endpoint(endpoint, query):
    """Keep the results for all requests."""

    def call(function):
        if function not in results:
            values = {
                name: call(needed) if needed else query[name]
                for name, needed in parameters(function).items()
            }
            results[function] = function(**values)
        return results[function]

    return call(endpoint)


@wrong(
    "4.1.2",
    caught_by="test_q2_two_functions_of_the_same_name_are_two_dependencies",
)
def call_endpoint(endpoint, query):
    """Keep the results by the name of the function."""
    results = {}

    def call(function):
        values = {}
        for name, needed in parameters(function).items():
            if needed is None:
                values[name] = query[name]
                continue
            if needed.__name__ not in results:
                results[needed.__name__] = call(needed)
            values[name] = results[needed.__name__]
        return function(**values)

    return call(endpoint)


@wrong(
    "4.1.2",
    caught_by="test_q2_each_dependency_is_called_once_for_each_request",
)
def call_endpoint(endpoint, query):
    """Keep the results by the name of the parameter."""
    results = {}

    def call(function):
        values = {}
        for name, needed in parameters(function).items():
            if needed is None:
                values[name] = query[name]
                continue
            if name not in results:
                results[name] = call(needed)
            values[name] = results[name]
        return function(**values)

    return call(endpoint)


@wrong(
    "4.1.2",
    caught_by="test_q2_each_parameter_has_the_value_that_fastapi_finds[rome-seats]",
)
def call_endpoint(endpoint, query):
    """Let the query replace a dependency."""
    results = {}

    def call(function):
        values = {}
        for name, needed in parameters(function).items():
            if needed is None or name in query:
                values[name] = query[name]
                continue
            if needed not in results:
                results[needed] = call(needed)
            values[name] = results[needed]
        return function(**values)

    return call(endpoint)


@wrong(
    "4.1.2",
    caught_by="test_q2_each_parameter_has_the_value_that_fastapi_finds[oslo-hall]",
)
def call_endpoint(endpoint, query):
    """Pass the values by position."""
    results = {}

    def call(function):
        values = {}
        for name, needed in parameters(function).items():
            if needed is None:
                values[name] = query[name]
                continue
            if needed not in results:
                results[needed] = call(needed)
            values[name] = results[needed]
        return function(*values.values())

    return call(endpoint)


@wrong(
    "4.1.2",
    caught_by="test_q2_each_parameter_has_the_value_that_fastapi_finds[oslo-price]",
)
def call_endpoint(endpoint, query):
    """Pass every query parameter as a text."""
    results = {}

    def call(function):
        values = {}
        for name, needed in parameters(function).items():
            if needed is None:
                values[name] = str(query[name])
                continue
            if needed not in results:
                results[needed] = call(needed)
            values[name] = results[needed]
        return function(**values)

    return call(endpoint)


@wrong(
    "4.1.2",
    caught_by="test_q2_each_dependency_is_called_once_for_each_request",
)
def call_endpoint(endpoint, query):
    """Take an empty or zero result for one that is not there yet."""
    results = {}

    def call(function):
        values = {}
        for name, needed in parameters(function).items():
            if needed is None:
                values[name] = query[name]
                continue
            if not results.get(needed) and results.get(needed, 0) is not None:
                results[needed] = call(needed)
            values[name] = results[needed]
        return function(**values)

    return call(endpoint)


@wrong(
    "4.1.2",
    caught_by="test_q2_each_parameter_has_the_value_that_fastapi_finds[oslo-seats]",
)
def call_endpoint(endpoint, query):
    """Resolve two levels, and give the third one the query."""
    results = {}

    def call(function, depth=0):
        values = {}
        for name, needed in parameters(function).items():
            if needed is None or depth == 2:
                values[name] = query.get(name)
                continue
            if needed not in results:
                results[needed] = call(needed, depth + 1)
            values[name] = results[needed]
        return function(**values)

    return call(endpoint)


@wrong(
    "4.1.2",
    caught_by="test_q2_each_parameter_has_the_value_that_fastapi_finds[oslo-seats]",
)
def call_endpoint(endpoint, query):
    """Write the results into the query, where another function reads them."""
    query = dict(query)
    results = {}

    def call(function):
        for name, needed in parameters(function).items():
            if needed is not None:
                if needed not in results:
                    results[needed] = call(needed)
                query[name] = results[needed]
        return function(**{name: query[name] for name in parameters(function)})

    return call(endpoint)


@wrong("4.1.2", caught_by="test_q2_an_exception_leaves_call_endpoint")
def call_endpoint(endpoint, query):
    """Take a dependency that fails for one that returns None."""
    results = {}

    def call(function):
        if function not in results:
            values = {
                name: query[name] if needed is None else call(needed)
                for name, needed in parameters(function).items()
            }
            try:
                results[function] = function(**values)
            except Exception:
                results[function] = None
        return results[function]

    return call(endpoint)


@wrong(
    "4.1.2", caught_by="test_q2_an_exception_leaves_call_endpoint[get_hall-KeyError]"
)
def call_endpoint(endpoint, query):
    """Take a KeyError of a dependency for a missing query parameter."""
    results = {}

    def call(function):
        values = {}
        for name, dependency in parameters(function).items():
            if dependency is None:
                values[name] = query[name]
                continue
            if dependency not in results:
                try:
                    results[dependency] = call(dependency)
                except KeyError:
                    results[dependency] = None
            values[name] = results[dependency]
        return function(**values)

    return call(endpoint)


@right("4.1.2")
def call_endpoint(endpoint, query):
    """Sort the functions first, then call them one after another."""
    needs, todo = {}, [endpoint]
    while todo:
        function = todo.pop()
        needs[function] = parameters(function)
        todo += [one for one in needs[function].values() if one not in needs and one]
    order = graphlib.TopologicalSorter(
        {function: set(needed.values()) - {None} for function, needed in needs.items()}
    )
    results = {}
    for function in order.static_order():
        results[function] = function(
            **{
                name: query[name] if needed is None else results[needed]
                for name, needed in needs[function].items()
            }
        )
    return results[endpoint]


@right("4.1.2")
def call_endpoint(endpoint, query):
    """Use the cache of functools, made anew for each request."""

    @functools.cache
    def call(function):
        needs = parameters(function)
        return function(**{n: call(f) if f else query[n] for n, f in needs.items()})

    return call(endpoint)


@right("4.1.2")
def call_endpoint(endpoint, query, results=None):
    """Hand the results on as a parameter."""
    if results is None:
        results = {}
    values = {}
    for name, needed in parameters(endpoint).items():
        if needed is None:
            values[name] = query[name]
            continue
        if needed not in results:
            results[needed] = call_endpoint(needed, query, results)
        values[name] = results[needed]
    return endpoint(**values)


def count_app(get_period):
    """Return an application with the given endpoint."""
    app = FastAPI()

    @app.get("/events/count")
    def count_events(period: Annotated[Period, Depends(get_period)]) -> int:
        return len(events_in(period))

    return app


@wrong(
    "4.1.3", caught_by="test_q3_a_wrong_period_returns_422[first=2027-03-02-/events]"
)
def events_app():
    """Make the last day optional."""

    def get_period(first: date, last: date | None = None):
        if last and last < first:
            raise HTTPException(422)
        return Period(first, last or first)

    app = count_app(get_period)

    @app.get("/events")
    def list_events(period: Annotated[Period, Depends(get_period)]):
        return events_in(period)

    return app


@wrong(
    "4.1.3",
    caught_by="test_q3_a_wrong_period_returns_422"
    "[first=2027-03-02&last=2027-03-01-/events/count]",
)
def events_app():
    """Check in the endpoint, so the other endpoint has no check."""

    def get_period(first: date, last: date):
        return Period(first, last)

    app = count_app(get_period)

    @app.get("/events")
    def list_events(period: Annotated[Period, Depends(get_period)]):
        if period.last < period.first:
            raise HTTPException(422)
        return events_in(period)

    return app


@wrong(
    "4.1.3",
    caught_by="test_q3_a_wrong_period_returns_422"
    "[first=2027-03-02&last=2027-03-01-/events]",
)
def events_app():
    """Raise ValueError in the dependency, as in a Pydantic validator."""

    def get_period(first: date, last: date):
        if last < first:
            raise ValueError("`last` is before `first`.")
        return Period(first, last)

    app = count_app(get_period)

    @app.get("/events")
    def list_events(period: Annotated[Period, Depends(get_period)]):
        return events_in(period)

    return app


@wrong(
    "4.1.3",
    caught_by="test_q3_a_wrong_period_returns_422"
    "[first=2027-03-02&last=2027-03-01-/events]",
)
def events_app():
    """Return 400."""

    def get_period(first: date, last: date):
        if last < first:
            raise HTTPException(400, "`last` is before `first`.")
        return Period(first, last)

    app = count_app(get_period)

    @app.get("/events")
    def list_events(period: Annotated[Period, Depends(get_period)]):
        return events_in(period)

    return app


@wrong(
    "4.1.3",
    caught_by="test_q3_get_period_returns_the_period_of_the_query[one-day]",
)
def events_app():
    """Refuse a period of one day."""

    def get_period(first: date, last: date):
        if last <= first:
            raise HTTPException(422)
        return Period(first, last)

    app = count_app(get_period)

    @app.get("/events")
    def list_events(period: Annotated[Period, Depends(get_period)]):
        return events_in(period)

    return app


@wrong(
    "4.1.3",
    caught_by="test_q3_a_wrong_period_returns_422"
    "[first=2027-03-02&last=2026-12-31-/events]",
)
def events_app():
    """Compare the days of the month."""

    def get_period(first: date, last: date):
        if (last.month, last.day) < (first.month, first.day) and last < first:
            raise HTTPException(422)
        return Period(first, last)

    app = count_app(get_period)

    @app.get("/events")
    def list_events(period: Annotated[Period, Depends(get_period)]):
        return events_in(period)

    return app


@wrong("4.1.3", caught_by="test_q3_get_events_returns_the_events_of_the_period[days]")
def events_app():
    """Forget `Depends`."""

    def get_period(first: date, last: date):
        if last < first:
            raise HTTPException(422)
        return Period(first, last)

    app = count_app(get_period)

    @app.get("/events")
    def list_events(first: str, last: str):
        return events_in(get_period(first, last))

    return app


@wrong(
    "4.1.3", caught_by="test_q3_get_events_returns_the_events_of_the_period[no-events]"
)
def events_app():
    """Return 404 for a period without events."""

    def get_period(first: date, last: date):
        if last < first:
            raise HTTPException(422)
        return Period(first, last)

    app = count_app(get_period)

    @app.get("/events")
    def list_events(period: Annotated[Period, Depends(get_period)]):
        found = events_in(period)
        if not found:
            raise HTTPException(404)
        return found

    return app


@wrong("4.1.3", caught_by="test_q3_get_events_returns_the_events_of_the_period[days]")
def events_app():
    """Sort the events."""

    def get_period(first: date, last: date):
        if last < first:
            raise HTTPException(422)
        return Period(first, last)

    app = count_app(get_period)

    @app.get("/events")
    def list_events(period: Annotated[Period, Depends(get_period)]):
        return sorted(events_in(period))

    return app


@wrong(
    "4.1.3",
    caught_by="test_q3_a_wrong_period_returns_422[first=today&last=2027-03-01-/events]",
)
def events_app():
    """Convert texts by hand, which is a 500 for a text that is no date."""

    def get_period(first: str, last: str):
        first, last = date.fromisoformat(first), date.fromisoformat(last)
        if last < first:
            raise HTTPException(422)
        return Period(first, last)

    app = count_app(get_period)

    @app.get("/events")
    def list_events(period: Annotated[Period, Depends(get_period)]):
        return events_in(period)

    return app


@wrong(
    "4.1.3",
    caught_by="test_q3_a_wrong_period_returns_422"
    "[first=2027-03-02&last=2027-03-01-/events]",
)
def events_app():
    """Return the exception instead of raising it."""

    def get_period(first: date, last: date):
        if last < first:
            return HTTPException(422)
        return Period(first, last)

    app = count_app(get_period)

    @app.get("/events")
    def list_events(period: Annotated[Period, Depends(get_period)]):
        return events_in(period)

    return app


@wrong("4.1.3", caught_by="test_q3_get_events_returns_the_events_of_the_period[years]")
def events_app():
    """Refuse a period of more than a year, which nobody asked for."""

    def get_period(first: date, last: date):
        if last < first or (last - first).days > 366:
            raise HTTPException(422)
        return Period(first, last)

    app = count_app(get_period)

    @app.get("/events")
    def list_events(period: Annotated[Period, Depends(get_period)]):
        return events_in(period)

    return app


@right("4.1.3")
def events_app():
    """Use a class as the dependency, and FastAPI's own error."""

    class get_period(Period):
        def __init__(self, first: date, last: Annotated[date, Query()]):
            if first > last:
                raise RequestValidationError([])
            super().__init__(first, last)

    app = count_app(get_period)

    @app.get("/events")
    async def list_events(period: get_period = Depends()):
        return events_in(period)

    return app


@right("4.1.3")
def events_app():
    """Read the dates from the query by hand."""

    async def get_period(request: Request):
        try:
            days = [
                date.fromisoformat(request.query_params[key])
                for key in ("first", "last")
            ]
        except (KeyError, ValueError):
            raise HTTPException(422, "Two dates are needed.") from None
        if sorted(days) != days:
            raise HTTPException(422, "`last` is before `first`.")
        return Period(*days)

    app = count_app(get_period)
    app.add_api_route("/events", lambda period=Depends(get_period): events_in(period))
    return app


@wrong("4.1.4", caught_by="test_q4_a_user_without_the_role_gets_403[organizer-Ben]")
def require(role: str):
    """Return whether the user has the role."""

    def check(name: Annotated[str, Depends(signed_in)]):
        return role in roles_of(name)

    return check


@wrong("4.1.4", caught_by="test_q4_a_user_without_the_role_gets_403[organizer-Ben]")
def require(role: str):
    """Return 401, which is for users who are not known."""

    def check(name: Annotated[str, Depends(signed_in)]):
        if role not in roles_of(name):
            raise HTTPException(401)
        return name

    return check


@wrong("4.1.4", caught_by="test_q4_a_user_without_the_role_gets_403[custom-Ben]")
def require(role: str):
    """Look for the role in the text of all roles."""

    def check(name: Annotated[str, Depends(signed_in)]):
        if role not in ",".join(roles_of(name)):
            raise HTTPException(403)
        return name

    return check


@wrong("4.1.4", caught_by="test_q4_a_user_without_the_role_gets_403[Customer-Ben]")
def require(role: str):
    """Ignore upper and lower case."""

    def check(name: Annotated[str, Depends(signed_in)]):
        if role.lower() not in roles_of(name):
            raise HTTPException(403)
        return name

    return check


@wrong("4.1.4", caught_by="test_q4_a_user_without_the_role_gets_403[organizer-Ben]")
def require(role: str):
    """Check for one role, whatever was asked for."""

    def check(name: Annotated[str, Depends(signed_in)]):
        if not roles_of(name) & {"organizer", "customer"}:
            raise HTTPException(403)
        return name

    return check


@wrong("4.1.4", caught_by="test_q4_the_roles_are_read_for_every_request")
def require(role: str):
    """Keep the roles of each user."""
    roles = functools.cache(roles_of)

    def check(name: Annotated[str, Depends(signed_in)]):
        if role not in roles(name):
            raise HTTPException(403)
        return name

    return check


asked = []


@wrong("4.1.4", caught_by="test_q4_each_endpoint_keeps_its_own_role")
def require(role: str):
    """Keep the role in a place that all endpoints share."""
    asked[:] = [role]

    def check(name: Annotated[str, Depends(signed_in)]):
        if asked[0] not in roles_of(name):
            raise HTTPException(403)
        return name

    return check


@wrong("4.1.4", caught_by="test_q4_the_name_comes_from_signed_in")
def require(role: str):
    """Read the header again."""

    def check(x_user: Annotated[str, Header()]):
        if role not in roles_of(x_user):
            raise HTTPException(403)
        return x_user

    return check


@wrong(
    "4.1.4", caught_by="test_q4_a_user_with_the_role_reaches_the_endpoint[organizer]"
)
def require(role: str):
    """Check, and return nothing."""

    def check(name: Annotated[str, Depends(signed_in)]):
        if role not in roles_of(name):
            raise HTTPException(403)

    return check


@wrong("4.1.4", caught_by="test_q4_the_request_cannot_change_the_role")
def require(role: str):
    """Bind the role as a default, which makes it a query parameter."""

    def check(name: Annotated[str, Depends(signed_in)], wanted: str = role):
        if wanted not in roles_of(name):
            raise HTTPException(403)
        return name

    return check


@wrong("4.1.4", caught_by="test_q4_the_request_cannot_change_the_role")
def require(role: str):
    """Fill in the role by keyword, which keeps it a query parameter."""

    def check(name: Annotated[str, Depends(signed_in)], role: str):
        if role not in roles_of(name):
            raise HTTPException(403)
        return name

    return functools.partial(check, role=role)


@wrong("4.1.4", caught_by="test_q4_the_name_comes_from_signed_in")
def require(role: str):
    """Call the other dependency instead of depending on it."""

    def check(x_user: Annotated[str, Header()]):
        name = signed_in(x_user)
        if role not in roles_of(name):
            raise HTTPException(403)
        return name

    return check


@wrong("4.1.4", caught_by="test_q4_a_user_without_the_role_gets_403[customer-Eva]")
def require(role: str):
    """Let organizers do everything."""

    def check(name: Annotated[str, Depends(signed_in)]):
        if not roles_of(name) & {role, "organizer"}:
            raise HTTPException(403)
        return name

    return check


@wrong("4.1.4", caught_by="test_q4_a_user_without_the_role_gets_403[customers-Ben]")
def require(role: str):
    """Look for the user's role in the role that is required."""

    def check(name: Annotated[str, Depends(signed_in)]):
        if not any(one in role for one in roles_of(name)):
            raise HTTPException(403)
        return name

    return check


@right("4.1.4")
def require(role: str):
    """Fill in the role by position, which removes the parameter."""

    def check(role: str, name: Annotated[str, Depends(signed_in)]):
        if role not in roles_of(name):
            raise HTTPException(403)
        return name

    return functools.partial(check, role)


@right("4.1.4")
def require(role: str):
    """Return an object that can be called."""

    class Check:
        async def __call__(self, name: str = Depends(signed_in)):
            if role in roles_of(name):
                return name
            raise HTTPException(403, "Not for you.")

    return Check()


@right("4.1.4")
def require(role: str):
    """Fill in the role of a general function."""

    def check(role, name):
        if not {role} <= roles_of(name):
            raise StarletteHTTPException(403)
        return name

    return lambda name=Depends(signed_in): check(role, name)


def with_endpoints(own_booking, open_booking):
    """Return an application with the given endpoints."""
    app = FastAPI()

    @app.get("/bookings/{number}")
    def read_booking(booking: Annotated[Booking, Depends(own_booking)]) -> Booking:
        return booking

    @app.post("/bookings/{number}/ticket")
    def send_ticket(
        own: Annotated[Booking, Depends(own_booking)],
        booking: Annotated[Booking, Depends(open_booking)],
    ) -> dict[str, Any]:
        return {"sent": booking.number, "to": own.name}

    @app.delete("/bookings/{number}")
    def cancel_booking(
        booking: Annotated[Booking, Depends(open_booking)],
    ) -> dict[str, int]:
        return {"cancelled": booking.number}

    return app


@wrong("4.1.5", caught_by="test_q5_the_booking_is_found_once_for_each_request[ticket]")
def bookings_app():
    """Call the other dependency instead of depending on it."""

    def own_booking(number: int, name: Annotated[str, Depends(signed_in)]):
        booking = find_booking(number)
        if booking is None or booking.name != name:
            raise HTTPException(404)
        return booking

    def open_booking(number: int, name: Annotated[str, Depends(signed_in)]):
        booking = own_booking(number, name)
        if booking.cancelled:
            raise HTTPException(409)
        return booking

    return with_endpoints(own_booking, open_booking)


@wrong("4.1.5", caught_by="test_q5_a_booking_of_somebody_else_returns_404[7-Ana-read]")
def bookings_app():
    """Let everybody see every booking."""

    def own_booking(number: int, name: Annotated[str, Depends(signed_in)]):
        booking = find_booking(number)
        if booking is None:
            raise HTTPException(404)
        return booking

    def open_booking(booking: Annotated[Booking, Depends(own_booking)]):
        if booking.cancelled:
            raise HTTPException(409)
        return booking

    return with_endpoints(own_booking, open_booking)


@wrong("4.1.5", caught_by="test_q5_a_booking_of_somebody_else_returns_404[7-Ana-read]")
def bookings_app():
    """Return 403 for the booking of somebody else."""

    def own_booking(number: int, name: Annotated[str, Depends(signed_in)]):
        booking = find_booking(number)
        if booking is None:
            raise HTTPException(404)
        if booking.name != name:
            raise HTTPException(403)
        return booking

    def open_booking(booking: Annotated[Booking, Depends(own_booking)]):
        if booking.cancelled:
            raise HTTPException(409)
        return booking

    return with_endpoints(own_booking, open_booking)


@wrong("4.1.5", caught_by="test_q5_a_booking_of_somebody_else_returns_404[99-Ana-read]")
def bookings_app():
    """Forget that there may be no such booking."""

    def own_booking(number: int, name: Annotated[str, Depends(signed_in)]):
        booking = find_booking(number)
        if booking.name != name:
            raise HTTPException(404)
        return booking

    def open_booking(booking: Annotated[Booking, Depends(own_booking)]):
        if booking.cancelled:
            raise HTTPException(409)
        return booking

    return with_endpoints(own_booking, open_booking)


@wrong("4.1.5", caught_by="test_q5_own_booking_returns_the_booking_of_the_user")
def bookings_app():
    """Refuse a cancelled booking in both dependencies."""

    def own_booking(number: int, name: Annotated[str, Depends(signed_in)]):
        booking = find_booking(number)
        if booking is None or booking.name != name:
            raise HTTPException(404)
        if booking.cancelled:
            raise HTTPException(409)
        return booking

    return with_endpoints(own_booking, own_booking)


@wrong("4.1.5", caught_by="test_q5_the_name_comes_from_signed_in")
def bookings_app():
    """Read the header in the dependency."""

    def own_booking(number: int, x_user: Annotated[str, Header()]):
        booking = find_booking(number)
        if booking is None or booking.name != x_user:
            raise HTTPException(404)
        return booking

    def open_booking(booking: Annotated[Booking, Depends(own_booking)]):
        if booking.cancelled:
            raise HTTPException(409)
        return booking

    return with_endpoints(own_booking, open_booking)


@wrong(
    "4.1.5",
    caught_by="test_q5_open_booking_returns_the_booking_that_is_not_cancelled",
)
def bookings_app():
    """Return nothing from the outer dependency."""

    def own_booking(number: int, name: Annotated[str, Depends(signed_in)]):
        booking = find_booking(number)
        if booking is None or booking.name != name:
            raise HTTPException(404)
        return booking

    def open_booking(booking: Annotated[Booking, Depends(own_booking)]):
        if booking.cancelled:
            raise HTTPException(409)

    return with_endpoints(own_booking, open_booking)


@wrong(
    "4.1.5", caught_by="test_q5_a_booking_of_somebody_else_returns_404[7-Ana-cancel]"
)
def bookings_app():
    """Let both depend on a third dependency, so that one has no check of the user."""

    def booking(number: int):
        return find_booking(number)

    def own_booking(
        booking: Annotated[Any, Depends(booking)],
        name: Annotated[str, Depends(signed_in)],
    ):
        if booking is None or booking.name != name:
            raise HTTPException(404)
        return booking

    def open_booking(booking: Annotated[Any, Depends(booking)]):
        if booking is not None and booking.cancelled:
            raise HTTPException(409)
        return booking

    return with_endpoints(own_booking, open_booking)


@wrong(
    "4.1.5", caught_by="test_q5_a_booking_of_somebody_else_returns_404[7-Ana-cancel]"
)
def bookings_app():
    """Pass the booking on in a place that all requests share."""
    current = [Booking(0, "nobody")]

    def own_booking(number: int, name: Annotated[str, Depends(signed_in)]):
        booking = find_booking(number)
        if booking is None or booking.name != name:
            raise HTTPException(404)
        current[:] = [booking]
        return booking

    def open_booking():
        if current[0].cancelled:
            raise HTTPException(409)
        return current[0]

    return with_endpoints(own_booking, open_booking)


@wrong("4.1.5", caught_by="test_q5_the_booking_is_found_once_for_each_request[ticket]")
def bookings_app():
    """Switch off that the result is shared within a request."""

    def own_booking(number: int, name: Annotated[str, Depends(signed_in)]):
        booking = find_booking(number)
        if booking is None or booking.name != name:
            raise HTTPException(404)
        return booking

    def open_booking(
        booking: Annotated[Booking, Depends(own_booking, use_cache=False)],
    ):
        if booking.cancelled:
            raise HTTPException(409)
        return booking

    return with_endpoints(own_booking, open_booking)


@wrong("4.1.5", caught_by="test_q5_an_error_of_find_booking_is_not_a_404")
def bookings_app():
    """Take every error for a booking that does not exist."""

    def own_booking(number: int, name: Annotated[str, Depends(signed_in)]):
        try:
            booking = find_booking(number)
            if booking.name != name:
                raise ValueError
        except Exception:
            raise HTTPException(404) from None
        return booking

    def open_booking(booking: Annotated[Booking, Depends(own_booking)]):
        if booking.cancelled:
            raise HTTPException(409)
        return booking

    return with_endpoints(own_booking, open_booking)


@wrong("4.1.5", caught_by="test_q5_a_booking_of_somebody_else_returns_404[0-Ana-read]")
def bookings_app():
    """Refuse some numbers of bookings with a 422."""

    def own_booking(
        number: Annotated[int, Path(ge=1)], name: Annotated[str, Depends(signed_in)]
    ):
        booking = find_booking(number)
        if booking is None or booking.name != name:
            raise HTTPException(404)
        return booking

    def open_booking(booking: Annotated[Booking, Depends(own_booking)]):
        if booking.cancelled:
            raise HTTPException(409)
        return booking

    return with_endpoints(own_booking, open_booking)


@wrong(
    "4.1.5", caught_by="test_q5_an_error_of_find_booking_is_not_a_404[AttributeError]"
)
def bookings_app():
    """Take an AttributeError for a booking that is None."""

    def own_booking(number: int, name: Annotated[str, Depends(signed_in)]):
        try:
            booking = find_booking(number)
            is_own = booking.name == name
        except AttributeError:
            is_own = False
        if not is_own:
            raise HTTPException(404)
        return booking

    def open_booking(booking: Annotated[Booking, Depends(own_booking)]):
        if booking.cancelled:
            raise HTTPException(409)
        return booking

    return with_endpoints(own_booking, open_booking)


@right("4.1.5")
def bookings_app():
    """Write the dependencies with `yield`."""

    def own_booking(number: int, name: Annotated[str, Depends(signed_in)]):
        booking = find_booking(number)
        if booking is None or booking.name != name:
            raise HTTPException(404)
        yield booking

    def open_booking(booking: Annotated[Booking, Depends(own_booking)]):
        if booking.cancelled:
            raise HTTPException(409)
        yield booking

    return with_endpoints(own_booking, open_booking)


@right("4.1.5")
def bookings_app():
    """Write the dependencies as `async def`, with defaults."""

    async def own_booking(number: int = Path(), name: str = Depends(signed_in)):
        booking = find_booking(number)
        if booking and booking.name == name:
            return booking
        raise HTTPException(status_code=404)

    async def open_booking(booking: Booking = Depends(own_booking)):
        if not booking.cancelled:
            return booking
        raise HTTPException(status_code=409)

    return with_endpoints(own_booking, open_booking)


@right("4.1.5")
def bookings_app():
    """Split the rules into three levels."""

    def booking(number: int):
        found = find_booking(number)
        if not found:
            raise HTTPException(404)
        return found

    def own_booking(
        booking: Annotated[Booking, Depends(booking)],
        name: Annotated[str, Depends(signed_in)],
    ):
        if name != booking.name:
            raise HTTPException(404)
        return booking

    class Open:
        def __call__(self, booking: Annotated[Booking, Depends(own_booking)]):
            if booking.cancelled:
                raise HTTPException(409)
            return booking

    return with_endpoints(own_booking, Open())


@wrong("4.1.6", caught_by="test_q6_other_overrides_stay")
@contextmanager
def signed_in_as(app, name):
    """Clear all overrides afterwards."""
    app.dependency_overrides[signed_in] = lambda: name
    try:
        yield
    finally:
        app.dependency_overrides.clear()


@wrong("4.1.6", caught_by="test_q6_other_overrides_stay")
@contextmanager
def signed_in_as(app, name):
    """Remove the override, also if there was another one before."""
    app.dependency_overrides[signed_in] = lambda: name
    try:
        yield
    finally:
        del app.dependency_overrides[signed_in]


@wrong("4.1.6", caught_by="test_q6_a_block_that_raises_is_undone_as_well")
@contextmanager
def signed_in_as(app, name):
    """Undo the override only if the block does not raise."""
    before = dict(app.dependency_overrides)
    app.dependency_overrides[signed_in] = lambda: name
    yield
    app.dependency_overrides = before


@wrong("4.1.6", caught_by="test_q6_a_block_that_raises_is_undone_as_well[LookupError]")
@contextmanager
def signed_in_as(app, name):
    """Return in `finally`, which swallows the exception of the block."""
    before = dict(app.dependency_overrides)
    app.dependency_overrides[signed_in] = lambda: name
    try:
        yield
    except Exception:
        return
    finally:
        app.dependency_overrides = before


@wrong("4.1.6", caught_by="test_q6_the_request_cannot_change_the_name")
@contextmanager
def signed_in_as(app, name):
    """Bind the name as a default, which makes it a query parameter."""
    before = dict(app.dependency_overrides)
    app.dependency_overrides[signed_in] = lambda name=name: name
    try:
        yield
    finally:
        app.dependency_overrides = before


@wrong("4.1.6", caught_by="test_q6_within_the_block_endpoints_get_the_name[Ana]")
@contextmanager
def signed_in_as(app, name):
    """Put the name in the place of the function."""
    before = dict(app.dependency_overrides)
    app.dependency_overrides[signed_in] = name
    try:
        yield
    finally:
        app.dependency_overrides = before


@wrong("4.1.6", caught_by="test_q6_within_the_block_endpoints_get_the_name[Ana]")
@contextmanager
def signed_in_as(app, name):
    """Use the marker as the key."""
    before = dict(app.dependency_overrides)
    app.dependency_overrides[Depends(signed_in)] = lambda: name
    try:
        yield
    finally:
        app.dependency_overrides = before


@wrong("4.1.6", caught_by="test_q6_within_the_block_endpoints_get_the_name[Ana]")
@contextmanager
def signed_in_as(app, name):
    """Patch the name of the function in the module, which the routes do not read."""
    with mock.patch.dict(globals(), signed_in=lambda: name):
        yield


@wrong("4.1.6", caught_by="test_q6_after_the_block_signed_in_is_called_again")
@contextmanager
def signed_in_as(app, name):
    """Never undo the override."""
    app.dependency_overrides[signed_in] = lambda: name
    yield


@wrong("4.1.6", caught_by="test_q6_other_overrides_stay")
@contextmanager
def signed_in_as(app, name):
    """Replace all overrides within the block."""
    before = app.dependency_overrides
    app.dependency_overrides = {signed_in: lambda: name}
    try:
        yield
    finally:
        app.dependency_overrides = before


names = []


@wrong("4.1.6", caught_by="test_q6_two_applications_have_two_names")
@contextmanager
def signed_in_as(app, name):
    """Keep the name in a place that all applications share."""
    before = dict(app.dependency_overrides)
    app.dependency_overrides[signed_in] = lambda: names[-1]
    names.append(name)
    try:
        yield
    finally:
        names.pop()
        app.dependency_overrides = before


@wrong(
    "4.1.6",
    caught_by="test_q6_a_block_that_raises_is_undone_as_well[KeyboardInterrupt]",
)
@contextmanager
def signed_in_as(app, name):
    """Undo the override for an `Exception` only."""
    before = dict(app.dependency_overrides)
    app.dependency_overrides[signed_in] = lambda: name
    try:
        yield
    except Exception:
        app.dependency_overrides = before
        raise
    app.dependency_overrides = before


@right("4.1.6")
@contextmanager
def signed_in_as(app, name):
    """Put a new dict in place, and the old one back."""
    before = app.dependency_overrides
    app.dependency_overrides = before | {signed_in: lambda: name}
    try:
        yield
    finally:
        app.dependency_overrides = before


@right("4.1.6")
def signed_in_as(app, name):
    """Let the standard library change the dict and put it back."""
    return mock.patch.dict(app.dependency_overrides, {signed_in: lambda: name})


@right("4.1.6")
class signed_in_as(AbstractContextManager):
    """Write the context manager as a class."""

    def __init__(self, app, name):
        self.app, self.name = app, name

    async def override(self):
        return self.name

    def __enter__(self):
        self.before = self.app.dependency_overrides.get(signed_in)
        self.app.dependency_overrides[signed_in] = self.override

    def __exit__(self, *error):
        self.app.dependency_overrides.pop(signed_in)
        if self.before:
            self.app.dependency_overrides[signed_in] = self.before
