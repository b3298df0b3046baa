"""The tests of section 10.2."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import httpx2
import pytest
import strawberry
from fastapi import FastAPI, HTTPException
from graphql import GraphQLError
from starlette.testclient import TestClient
from strawberry.fastapi import GraphQLRouter

from lab import (
    Rendezvous,
    async_client,
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    stand_in,
)
from lab.traffic import Traffic


def posted(
    app: FastAPI | TestClient, query: str, variables: dict[str, Any] | None = None
) -> httpx2.Response:
    """Return the response to a GraphQL query, sent by a client of `app`."""
    body = {"query": query, "variables": variables}
    with nullcontext(app) if isinstance(app, TestClient) else client(app) as one:
        response: httpx2.Response = attempt(
            "`POST /graphql`", one.post, "/graphql", json=body, follow_redirects=False
        )
    return response


def result_of(
    app: FastAPI | TestClient, query: str, variables: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the JSON of the response to a GraphQL query: its data and its errors."""
    response = posted(app, query, variables)
    body = json_or_text(response)
    is_result = (
        response.status_code == 200 and isinstance(body, dict) and "data" in body
    )
    assert is_result, (
        f"`POST /graphql` returned {response.status_code}, {in_words(body)}. The "
        "docstring asks for a GraphQL endpoint at this path: it returns 200 and a JSON "
        "object with `data`, also if the query has an error."
    )
    return dict(body)


def messages_of(result: dict[str, Any]) -> list[str]:
    """Return the messages of the errors in a result."""
    return [error["message"] for error in result.get("errors") or []]


@contextmanager
def logged(*, is_expected: bool) -> Iterator[list[BaseException]]:
    """Yield the exceptions of resolvers, which Strawberry logs.

    Those that a test itself has raised are kept out of the output of the test.
    """
    raised: list[BaseException] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            error = record.exc_info[1] if record.exc_info else None
            if error is not None:
                raised.append(error)

    logger, handler = logging.getLogger("strawberry.execution"), Keep()
    logger.addHandler(handler)
    logger.propagate = not is_expected
    try:
        yield raised
    finally:
        logger.removeHandler(handler)
        logger.propagate = True


def rest_app() -> FastAPI:
    """Return the REST application of a parcel service."""
    app = FastAPI(title="Parcels")

    @app.get("/shipments/{number}")
    def read_shipment(number: int) -> dict[str, int]:
        if number == 404:
            raise HTTPException(404, "unknown shipment")
        return {"number": number}

    @app.get("/")
    def index() -> str:
        return "parcels"

    @app.post("/shipments", status_code=201)
    def create_shipment() -> str:
        return "created"

    return app


@pytest.fixture
def shipments(answers: Any) -> dict[int, Any]:
    """The shipments that `find_shipment` finds, by their numbers."""
    found = {
        7: answers.Shipment(number=7, state="delivered", weight_grams=20),
        80: answers.Shipment(number=80, state="ordered", weight_grams=1500),
        0: answers.Shipment(number=0, state="", weight_grams=0),
    }
    stand_in(answers.find_shipment, lambda number: found.get(number))
    return found


def with_graphql(answers: Any) -> FastAPI:
    """Return the REST application, to which 10.2.1 has added GraphQL."""
    app = rest_app()
    attempt("`add_graphql(app)`", answers.add_graphql, app)
    return app


SELECTED = {
    "one field": (
        "{ shipment(number: 7) { state } }",
        {"shipment": {"state": "delivered"}},
    ),
    "all fields": (
        "{ shipment(number: 80) { number state weightGrams } }",
        {"shipment": {"number": 80, "state": "ordered", "weightGrams": 1500}},
    ),
    "two shipments": (
        "{ a: shipment(number: 7) { number } b: shipment(number: 80) { number } }",
        {"a": {"number": 7}, "b": {"number": 80}},
    ),
    "zero": (
        "{ shipment(number: 0) { number state weightGrams } }",
        {"shipment": {"number": 0, "state": "", "weightGrams": 0}},
    ),
    "unknown": (
        "{ shipment(number: 8) { state } b: shipment(number: -1) { number } }",
        {"shipment": None, "b": None},
    ),
}


@pytest.mark.parametrize("case", SELECTED)
@pytest.mark.usefixtures("shipments")
def test_q1_a_query_returns_the_fields_that_it_selects(answers: Any, case: str) -> None:
    query, data = SELECTED[case]
    result = result_of(with_graphql(answers), query)
    assert result == {"data": data}, (
        f"`{query}` returned {in_words(result)}. The docstring asks for what "
        f"`find_shipment` returns, or null: {in_words(data)}."
    )


@pytest.mark.usefixtures("shipments")
def test_q1_the_number_can_be_a_variable_of_type_int(answers: Any) -> None:
    query = "query ($number: Int!) { shipment(number: $number) { number } }"
    app = with_graphql(answers)
    results = [result_of(app, query, {"number": number}) for number in (7, 80)]
    asked = [{"data": {"shipment": {"number": number}}} for number in (7, 80)]
    assert results == asked, (
        "A query with the variable `$number: Int!` returned "
        f"{in_words(results)} for the numbers 7 and 80. The docstring asks for an "
        "argument `number: Int!`. Look at the parameters of your resolver and their "
        "types."
    )


@pytest.mark.usefixtures("shipments")
@pytest.mark.parametrize("argument", ["", "(number: null)", '(number: "7")'])
def test_q1_the_number_is_required(answers: Any, argument: str) -> None:
    query = f"{{ shipment{argument} {{ number }} }}"
    result = result_of(with_graphql(answers), query)
    seen = (result["data"], bool(messages_of(result)))
    assert seen == (None, True), (
        f"The query {in_words(query)} returned {in_words(result)}. The docstring asks "
        "for an argument `number: Int!`, so this query is refused with an error. Look "
        "at the parameters of your resolver and their types."
    )


def test_q1_each_query_calls_find_shipment(
    answers: Any, shipments: dict[int, Any]
) -> None:
    app = with_graphql(answers)
    seen = []
    for state in (None, "in transit", "delivered", None):
        shipments.pop(9, None)
        if state is not None:
            shipments[9] = answers.Shipment(number=9, state=state, weight_grams=5)
        data = result_of(app, "{ shipment(number: 9) { state } }")["data"]
        seen.append(data and data.get("shipment"))
    asked = [None, {"state": "in transit"}, {"state": "delivered"}, None]
    assert seen == asked, (
        "The shipment 9 was missing, then in transit, then delivered, then deleted. "
        f"Four queries returned {in_words(seen)}. The docstring asks for what "
        "`find_shipment(number)` returns at the time of the query."
    )


@pytest.mark.usefixtures("shipments")
def test_q1_each_application_gets_the_endpoint(answers: Any) -> None:
    query, data = SELECTED["one field"]
    apps = [with_graphql(answers), with_graphql(answers)]
    seen = [json_or_text(posted(app, query)) for app in (*apps, apps[0])]
    assert seen == [{"data": data}] * 3, (
        "`add_graphql` was called for two applications. `POST /graphql` of the first, "
        f"the second and again the first returned {in_words(seen)}. The docstring asks "
        "to add the endpoint to `app`. Look at what outlives a call of `add_graphql`."
    )


OTHERS = [
    ("GET", "/shipments/7"),
    ("GET", "/shipments/404"),
    ("GET", "/shipments/x"),
    ("POST", "/shipments"),
    ("DELETE", "/shipments/7"),
    ("GET", "/"),
    ("POST", "/"),
    ("GET", "/nowhere"),
    ("POST", "/graphql/shipments"),
    ("GET", "/docs"),
]


@pytest.mark.usefixtures("shipments")
@pytest.mark.parametrize(("method", "path"), OTHERS)
def test_q1_rest_and_unknown_paths_return_the_same_as_before(
    answers: Any, method: str, path: str
) -> None:
    seen, headers = [], []
    for app in (rest_app(), with_graphql(answers)):
        with client(app) as one:
            one.headers["Origin"] = "https://shop.example"
            response = attempt(f"`{method} {path}`", one.request, method, path)
        seen.append((response.status_code, response.text))
        headers.append(set(response.headers.items()))
    before, after = seen
    assert after == before, (
        f"`{method} {path}` returned {after[0]}, {in_words(after[1][:60])}. Before "
        f"`add_graphql(app)`, it returned {before[0]}, {in_words(before[1][:60])}. The "
        "docstring asks for the same. Look at what you add to `app`, and for which "
        "paths."
    )
    changed = dict(sorted(headers[0] ^ headers[1]))
    assert not changed, (
        f"`{method} {path}` returned other headers than before `add_graphql(app)`: "
        f"{in_words(changed)}. The docstring asks for the same response. Look at what "
        "you add to `app`."
    )


@strawberry.type(name="Depot")
class PageDepot:
    """A depot of the tracking page."""

    name: str
    city: str
    phone: str


DEPOTS = {
    "north": PageDepot(name="north", city="Oslo", phone="555-0100"),
    "south": PageDepot(name="south", city="Bergen", phone="555-0200"),
}


def page_depot(name: str, broken: str | None) -> PageDepot:
    """Return a depot, or raise an exception for the one that is broken."""
    if name == broken:
        raise RuntimeError(f"the depot {name} cannot be read")
    return DEPOTS[name]


def page_app(broken: str | None = None) -> FastAPI:
    """Serve the shipments of Ada over REST, and over GraphQL as `TRACKING_SCHEMA`."""

    @strawberry.type(name="Shipment")
    class PageShipment:
        number: int
        state: str
        weight_grams: int
        depot_name: strawberry.Private[str]

        @strawberry.field
        def depot(self) -> PageDepot | None:
            return page_depot(self.depot_name, broken)

    of_ada = [
        PageShipment(
            number=7, state="in transit", weight_grams=900, depot_name="north"
        ),
        PageShipment(number=8, state="ordered", weight_grams=80, depot_name="south"),
        PageShipment(number=9, state="delayed", weight_grams=350, depot_name="north"),
    ]

    @strawberry.type
    class Query:
        @strawberry.field
        def shipments(self, customer: str) -> list[PageShipment]:
            return of_ada if customer == "ada" else []

    app = FastAPI()
    graphql = GraphQLRouter(strawberry.Schema(Query))
    app.include_router(graphql, prefix="/graphql")

    @app.get("/customers/{customer}/shipments")
    def read_paths(customer: str) -> list[str]:
        return [f"/shipments/{one.number}" for one in of_ada if customer == "ada"]

    @app.get("/shipments/{number}")
    def read_shipment(number: int) -> dict[str, Any]:
        (one,) = [one for one in of_ada if one.number == number]
        return {
            "number": one.number,
            "state": one.state,
            "weightGrams": one.weight_grams,
            "depot": f"/depots/{one.depot_name}",
        }

    @app.get("/depots/{name}")
    def read_depot(name: str) -> dict[str, str]:
        return dict(vars(page_depot(name, broken)))

    return app


def leaves_of(value: Any) -> Iterator[Any]:
    """Yield the strings and numbers in a JSON value."""
    if isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from leaves_of(child)
    elif value is not None:
        yield value


class Run:
    """What one of the two functions sends and receives for the page of Ada."""

    def __init__(self, fetch: Callable[..., Any], broken: str | None = None) -> None:
        traffic = Traffic(page_app(broken))
        self.responses: list[httpx2.Response] = []
        with client(traffic) as http, logged(is_expected=True):
            http.event_hooks["response"].append(self._keep)
            attempt(f"`{fetch.__name__}`", fetch, http, "ada")
        self.requests = len(traffic.requests)
        self.bodies = [response.json() for response in self.responses]
        self.values = len(list(leaves_of(self.bodies)))

    def _keep(self, response: httpx2.Response) -> None:
        response.read()
        self.responses.append(response)

    @property
    def cities(self) -> int:
        """How many cities the only response has."""
        shipments = self.bodies[0]["data"]["shipments"]
        return sum(one["depot"] is not None for one in shipments)


LOOK_AT = {
    "requests, REST": "`page_by_rest` calls `http.get` once, and twice more in its "
    "loop. It does not remember depots.",
    "requests, GraphQL": "Count the calls of `http.post` in `page_by_graphql`.",
    "values, REST": "Count the values of the list of paths, of each shipment and of "
    "each depot that is requested. Look at the example in the docstring.",
    "values, GraphQL": "Count the fields that the query selects, for each shipment.",
    "broken: status code, GraphQL": "The endpoint `/graphql` itself works. A GraphQL "
    "response reports the error of a resolver in its body.",
    "broken: cities, GraphQL": "`depot` can be null. Only this `depot` becomes null if "
    "its resolver raises an exception.",
}


@pytest.mark.parametrize("blank", LOOK_AT)
def test_q2_the_run_is_predicted(answers: Any, blank: str) -> None:
    predicted = answers.comparison().get(blank)
    if blank.startswith("broken"):
        run = Run(answers.page_by_graphql, broken="south")
        is_status = blank == "broken: status code, GraphQL"
        seen = run.responses[0].status_code if is_status else run.cities
    else:
        is_rest = blank.endswith("REST")
        run = Run(answers.page_by_rest if is_rest else answers.page_by_graphql)
        seen = run.requests if blank.startswith("requests") else run.values
    is_right = predicted == seen and not isinstance(predicted, bool)
    assert is_right, (
        f"{blank!r}: you predicted {in_words(predicted)}. The real run came out "
        f"differently. {LOOK_AT[blank]}"
    )


class Together:
    """Lets two callers go on in the same step of the event loop."""

    def __init__(self) -> None:
        self._both = Rendezvous(2)
        self._passed = 0
        self._go = asyncio.Event()

    async def wait(self) -> None:
        """Wait for the other caller, or until it is clear that nobody comes."""
        await self._both.wait_async()
        self._passed += 1
        if self._passed == self._both.most:
            asyncio.get_running_loop().call_soon(self._go.set)
        await self._go.wait()


class World:
    """The depots of a database, and the calls that read them."""

    def __init__(self, answers: Any, hubs: dict[int, int], listed: list[int]) -> None:
        self.hubs = hubs
        self.listed = listed
        self.calls: list[list[int]] = []
        self.lists = 0
        self.cities = {number: f"city {number}" for number in hubs}
        self.error: Exception | None = None
        self.first_error = 1
        self.raised: list[BaseException] = []
        self.together: Together | None = None
        self.finding: Rendezvous | None = None
        self._depot = answers.Depot
        stand_in(answers.all_depots, self._all)
        stand_in(answers.find_depots, self._find)

    def ask(self, app: FastAPI | TestClient, query: str) -> dict[str, Any]:
        """Return the result of a query, and keep what it called and raised."""
        self.calls.clear()
        self.lists = 0
        with logged(is_expected=self.error is not None) as self.raised:
            return result_of(app, query)

    def open(self, number: int, city: str) -> None:
        """Open a depot in a city, or move it there."""
        self.hubs.setdefault(number, 1)
        self.cities[number] = city

    def _new(self, number: int) -> Any:
        hub = self.hubs[number]
        return self._depot(number=number, city=self.cities[number], hub_number=hub)

    async def _all(self) -> list[Any]:
        self.lists += 1
        if self.together is not None:
            await self.together.wait()
        if self.error is not None and not self.listed:
            raise self.error
        return [self._new(number) for number in self.listed]

    async def _find(self, numbers: Any) -> list[Any]:
        numbers = list(numbers)
        self.calls.append(numbers)
        if self.finding is not None:
            await self.finding.wait_async()
        if self.error is not None and len(self.calls) >= self.first_error:
            raise self.error
        found = sorted(set(numbers) & set(self.hubs), reverse=True)
        return [self._new(number) for number in found]

    def rows(self, levels: int) -> list[dict[str, Any]]:
        """Return what a query with this many levels of `hub` has to return."""
        return [row for row in (self._row(one, levels) for one in self.listed) if row]

    def _row(self, number: int, levels: int) -> dict[str, Any] | None:
        if number not in self.hubs:
            return None
        row: dict[str, Any] = {"city": self.cities[number]}
        if levels:
            row["hub"] = self._row(self.hubs[number], levels - 1)
        return row


def many(answers: Any) -> World:
    """Return a world with three levels of hubs; the hub of the depot 5 is closed."""
    hubs = {1: 11, 2: 12, 3: 11, 4: 12, 5: 19, 11: 22, 12: 21, 21: 31, 22: 31, 31: 1}
    return World(answers, hubs, [1, 2, 3, 4, 5])


def nested(levels: int, last: str = "city", level: str = "city hub { FIELDS }") -> str:
    """Return the fields of a depot with this many levels of `hub`."""
    fields = last
    for _ in range(levels):
        fields = level.replace("FIELDS", fields)
    return fields


def levels_of_hub(levels: int) -> str:
    """Return this many levels in words."""
    return f"{levels} level{'s' * (levels != 1)} of `hub`"


def depots_app(answers: Any) -> FastAPI:
    """Return the application of 10.2.3."""
    return fastapi_app(attempt("`depots_app()`", answers.depots_app), "depots_app()")


def assert_rows(
    world: World, result: dict[str, Any], levels: int, name: str = "depots"
) -> None:
    """Check that a result has the right depots, without an error."""
    assert not world.raised, (
        f"A query with {levels_of_hub(levels)} caused the error "
        f"{in_words(world.raised[0])}. `find_depots` got {in_words(world.calls)}. It "
        "returns depots in any order, and leaves out closed ones."
    )
    assert not messages_of(result), (
        f"A query with {levels_of_hub(levels)} returned the error "
        f"{in_words(messages_of(result)[0])}. The docstring asks to allow three levels."
    )
    rows, seen = world.rows(levels), list((result["data"] or {}).get(name) or [])
    seen += [None] * (len(rows) - len(seen))
    wrong = [pair for pair in zip(seen, rows, strict=False) if pair[0] != pair[1]]
    assert not wrong, (
        f"A query with {levels_of_hub(levels)} returned {in_words(wrong[0][0])} for a "
        f"depot. Expected is {in_words(wrong[0][1])}. `find_depots` returns depots in "
        "any order, and leaves out closed ones."
    )


def assert_calls(world: World, levels: int) -> None:
    """Check that each level has called `find_depots` once at most."""
    assert len(world.calls) <= levels, (
        f"A query with {levels_of_hub(levels)} called `find_depots` "
        f"{len(world.calls)} times, with {in_words(world.calls)}. The docstring asks "
        "for one call for each level at most. Look at where the numbers of a level are "
        "collected."
    )
    twice = [numbers for numbers in world.calls if len(numbers) > len(set(numbers))]
    assert not twice, (
        f"`find_depots` got {in_words(twice[0])}. The docstring asks that no number "
        "occurs twice in one call."
    )


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_q3_each_level_of_hub_calls_find_depots_once(answers: Any, levels: int) -> None:
    world = many(answers)
    result = world.ask(depots_app(answers), f"{{ depots {{ {nested(levels)} }} }}")
    assert_rows(world, result, levels)
    assert_calls(world, levels)


def test_q3_the_hubs_of_many_depots_are_found_in_one_call(answers: Any) -> None:
    depots = range(1, 1201)
    hubs = {number: 10_000 - number for number in depots}
    world = World(answers, hubs | dict.fromkeys(hubs.values(), 1), [*depots])
    result = world.ask(depots_app(answers), f"{{ depots {{ {nested(1)} }} }}")
    assert_rows(world, result, 1)
    assert_calls(world, 1)


def test_q3_two_lists_in_a_query_share_their_calls(answers: Any) -> None:
    world = many(answers)
    query = "{ depots { city hub { city } } more: depots { city hub { city } } }"
    result = world.ask(depots_app(answers), query)
    for name in ("depots", "more"):
        assert_rows(world, result, 1, name)
    assert_calls(world, 1)


@pytest.mark.parametrize("listed", [[5, 1, 2], [5], [3], []], ids=str)
def test_q3_a_query_can_return_many_depots_one_or_none(
    answers: Any, listed: list[int]
) -> None:
    world = many(answers)
    with client(depots_app(answers)) as one:
        for world.listed in ([1, 2, 3, 4, 5], listed):
            assert_rows(world, world.ask(one, f"{{ depots {{ {nested(1)} }} }}"), 1)
            assert_calls(world, 1)


def test_q3_the_next_request_reads_the_depots_again(answers: Any) -> None:
    world = many(answers)
    query = f"{{ depots {{ {nested(1)} }} }}"
    with client(depots_app(answers)) as one:
        assert_rows(world, world.ask(one, query), 1)
        assert_calls(world, 1)
        for number, city in ((11, "Molde"), (19, "Bodø"), (12, None), (11, None)):
            if city is None:
                del world.hubs[number]
            else:
                world.open(number, city)
            result = world.ask(one, query)
            assert result == {"data": {"depots": world.rows(1)}}, (
                f"Between two requests the depot {number} was "
                f"{'closed' if city is None else f'opened in {city}'}. The second one "
                f"returned {in_words(result)}. The docstring asks that each request "
                "reads its depots itself. Look at how long your objects live."
            )


async def test_q3_requests_at_the_same_time_share_no_depots(answers: Any) -> None:
    world = many(answers)
    world.together, world.finding = Together(), Rendezvous(2)
    body = {"query": f"{{ depots {{ {nested(1)} }} }}"}
    async with async_client(depots_app(answers)) as one:
        responses = await asyncio.gather(
            *(one.post("/graphql", json=body) for _ in range(2))
        )
    seen = [json_or_text(response) for response in responses]
    assert seen == [{"data": {"depots": world.rows(1)}}] * 2, (
        f"Two requests at the same time returned {in_words(seen[0])} and "
        f"{in_words(seen[1])}. The docstring asks for the depots and their hubs. Look "
        "at what the two requests share."
    )
    calls = sorted(sorted(numbers) for numbers in world.calls)
    assert calls == [[11, 12, 19]] * 2, (
        "Two requests at the same time, each with one level of `hub`, called "
        f"`find_depots` with {in_words(calls)}. Expected is one call for each request: "
        "the docstring asks that each reads its depots itself. Look at what they share."
    )


def in_fragments(levels: int, last: str) -> str:
    """Return a query in which each level of `hub` stands in a fragment of its own."""
    query = f"{{ depots {{ ...f{levels} }} }} fragment f0 on Depot {{ {last} }}"
    for level in range(levels):
        query += f" fragment f{level + 1} on Depot {{ hub {{ ...f{level} }} }}"
    return query


NESTED: dict[str, Callable[[int, str], str]] = {
    "plain": lambda *to: f"{{ depots {{ {nested(*to)} }} }}",
    "named": lambda *to: f"query Map {{ all: depots {{ number {nested(*to)} }} }}",
    "fields": lambda *to: f"{{ depots {{ a: hub {{ number }} {nested(*to)} }} }}",
    "lists": lambda *to: f"{{ a: depots {{ city }} b: depots {{ {nested(*to)} }} }}",
    "aliases": lambda *to: f"{{ depots {{ {nested(*to, 'up: hub { FIELDS }')} }} }}",
    "inline": lambda *to: (
        f"{{ depots {{ {nested(*to, '... on Depot { hub { FIELDS } }')} }} }}"
    ),
    "fragments": in_fragments,
}


@pytest.mark.parametrize("form", NESTED)
@pytest.mark.parametrize("last", ["city", "number", "__typename"])
def test_q3_three_levels_of_hub_are_allowed_and_four_refused(
    answers: Any, form: str, last: str
) -> None:
    world = many(answers)
    with client(depots_app(answers)) as one:
        for levels in (3, 4, 5, 9):
            query = NESTED[form](levels, last)
            result = world.ask(one, query)
            seen = (messages_of(result), result["data"], world.lists)
            is_right = [bool(it) for it in seen] == [levels > 3, levels < 4, levels < 4]
            assert is_right, (
                f"{in_words(query)} with {levels_of_hub(levels)} returned "
                f"{'data' if seen[1] else 'no data'} and "
                f"{'an error' if seen[0] else 'no error'}. `all_depots` was "
                f"{'called' if seen[2] else 'not called'}. The docstring asks to allow "
                "three levels. A deeper query returns an error and no data, and does "
                "not call `all_depots`."
            )


WIDE = [
    "{ a: depots { hub { city } } b: depots { hub { city } } c: depots { hub { city } }"
    " d: depots { hub { city } } e: depots { hub { hub { hub { city } } } } }",
    "{ __schema { types { fields { type { ofType { ofType { ofType { name } } } } } } }"
    " }",
]


@pytest.mark.parametrize("query", WIDE, ids=["wide", "introspection"])
def test_q3_only_the_depth_of_hub_is_limited(answers: Any, query: str) -> None:
    world = many(answers)
    with client(depots_app(answers)) as one:
        deep = world.ask(one, f"{{ depots {{ {nested(4)} }} }}")
        result = world.ask(one, query)
    seen = (messages_of(result), bool(result["data"]), bool(deep["data"]))
    assert seen == ([], True, False), (
        f"{in_words(query[:50])}... returned {'data' if seen[1] else 'no data'} and "
        f"the errors {in_words(seen[0])}; one with four levels of `hub` returned "
        f"{'data' if seen[2] else 'no data'}. The docstring asks to refuse only a "
        "`hub` deeper than three levels."
    )


class LostConnection(Exception):
    """An error that a driver raises."""


ERRORS = [
    RuntimeError("password of db-7 is hunter2"),
    KeyError("hunter2"),
    LostConnection("hunter2", 5432),
    ValueError("syntax error near 'SELECT hunter2'"),
    GraphQLError("hunter2 from another service"),
]


def assert_masked(result: dict[str, Any], function: str, error: Exception) -> None:
    """Check that every error of a result is masked, and that there is one."""
    messages = sorted(set(messages_of(result)))
    assert messages == ["Unexpected error."], (
        f"`{function}` raised {in_words(error)}, and the response has the messages "
        f"{in_words(messages)}. The docstring asks for an error with the message "
        '"Unexpected error.".'
    )
    assert "hunter2" not in str(result), (
        f"`{function}` raised {in_words(error)}, and the response is "
        f"{in_words(result)}. The docstring asks not to show the exception."
    )


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_q3_an_exception_of_all_depots_is_masked(
    answers: Any, error: Exception
) -> None:
    world = World(answers, {}, [])
    world.error = error
    result = world.ask(depots_app(answers), "{ depots { city } }")
    assert_masked(result, "all_depots", error)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_q3_an_exception_of_find_depots_is_masked(
    answers: Any, error: Exception
) -> None:
    world = many(answers)
    query = f"{{ depots {{ {nested(1)} }} }}"
    with client(depots_app(answers)) as one:
        world.error = error
        result = world.ask(one, query)
        assert_masked(result, "find_depots", error)
        rows = [{"city": world.cities[each], "hub": None} for each in world.listed]
        assert result["data"] == {"depots": rows}, (
            f"`find_depots` raised {in_words(error)}, and the response has the data "
            f"{in_words(result['data'])}. The docstring asks that the other fields "
            "keep their values: the cities of all depots."
        )
        world.error = None
        assert_rows(world, world.ask(one, query), 1)


def test_q3_an_exception_at_the_second_level_keeps_the_first(answers: Any) -> None:
    world = many(answers)
    with client(depots_app(answers)) as one:
        world.error, world.first_error = RuntimeError("hunter2"), 2
        result = world.ask(one, f"{{ depots {{ {nested(2)} }} }}")
    assert_masked(result, "find_depots", world.error)
    rows = world.rows(1)
    for row in rows:
        if row["hub"] is not None:
            row["hub"]["hub"] = None
    assert result["data"] == {"depots": rows}, (
        "`find_depots` raised an exception for the second level of `hub`. The response "
        f"has the data {in_words(result['data'])}. The docstring asks that all other "
        "fields keep their values, also the first level."
    )


async def test_q3_exceptions_of_requests_at_the_same_time_are_masked(
    answers: Any,
) -> None:
    world = World(answers, {}, [])
    world.together, world.error = Together(), RuntimeError("hunter2")
    body = {"query": "{ depots { city } }"}
    with logged(is_expected=True):
        async with async_client(depots_app(answers)) as one:
            responses = await asyncio.gather(
                *(one.post("/graphql", json=body) for _ in range(2))
            )
    seen = [messages_of(json_or_text(response)) for response in responses]
    assert seen == [["Unexpected error."]] * 2, (
        "`all_depots` raised RuntimeError: hunter2 for two requests at the same time. "
        f"The responses have the messages {in_words(seen)}. The docstring asks for "
        '"Unexpected error." in both. Look at what the two requests share.'
    )


@pytest.mark.parametrize(
    "query", ["{ depots { town } }", "{ depot { city } }", "{ depots { city }", "?"]
)
def test_q3_the_message_for_a_wrong_query_stays(answers: Any, query: str) -> None:
    world = World(answers, {}, [])
    world.error = RuntimeError("hunter2")
    app = depots_app(answers)
    assert_masked(world.ask(app, "{ depots { city } }"), "all_depots", world.error)

    plain = FastAPI()
    router = GraphQLRouter(strawberry.Schema(answers.DepotQuery), prefix="/graphql")
    plain.include_router(router)
    seen, today = (messages_of(world.ask(one, query)) for one in (app, plain))
    assert seen == today, (
        f"The query {in_words(query)} is wrong. The response has the messages "
        f"{in_words(seen)}; today it has {in_words(today)}. The docstring asks that "
        "this message stays. Look at which errors you mask."
    )
