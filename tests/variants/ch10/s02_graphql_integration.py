"""Other answers to section 10.2."""

import asyncio
from functools import lru_cache

from fastapi import Body, Depends
from graphql import GraphQLError, NoSchemaIntrospectionCustomRule, ValidationRule
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import (
    AddValidationRules,
    MaskErrors,
    QueryDepthLimiter,
    SchemaExtension,
)
from strawberry.scalars import JSON
from strawberry.tools import create_type

from sensei.variants import right, wrong


@wrong("10.2.1", caught_by="test_q1_a_query_returns_the_fields_that_it_selects")
def add_graphql(app):
    """Mount an ASGI application: `POST /graphql` is redirected."""

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int) -> Shipment | None:
            return find_shipment(number)

    app.mount("/graphql", GraphQL(strawberry.Schema(Query)))


@wrong("10.2.1", caught_by="test_q1_a_query_returns_the_fields_that_it_selects")
def add_graphql(app):
    """Give the path twice."""

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int) -> Shipment | None:
            return find_shipment(number)

    router = GraphQLRouter(strawberry.Schema(Query), path="/graphql")
    app.include_router(router, prefix="/graphql")


@wrong("10.2.1", caught_by="test_q1_a_query_returns_the_fields_that_it_selects")
def add_graphql(app):
    """Name the field like the function."""

    @strawberry.type
    class Query:
        find_shipment: Shipment | None = strawberry.field(resolver=find_shipment)

    app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")


@wrong(
    "10.2.1",
    caught_by="test_q1_a_query_returns_the_fields_that_it_selects[unknown]",
)
def add_graphql(app):
    """Forget that a shipment can be missing."""

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int) -> Shipment:
            return find_shipment(number)

    app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")


@wrong(
    "10.2.1",
    caught_by="test_q1_a_query_returns_the_fields_that_it_selects[unknown]",
)
def add_graphql(app):
    """Raise an exception for an unknown number, as REST does."""

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int) -> Shipment | None:
            found = find_shipment(number)
            if found is None:
                raise ValueError("unknown shipment")
            return found

    app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")


@wrong("10.2.1", caught_by="test_q1_the_number_can_be_a_variable_of_type_int")
def add_graphql(app):
    """Take an ID."""

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: strawberry.ID) -> Shipment | None:
            return find_shipment(int(number))

    app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")


@wrong("10.2.1", caught_by="test_q1_the_number_is_required[]")
def add_graphql(app):
    """Take a number that can be missing."""

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int | None = None) -> Shipment | None:
            return None if number is None else find_shipment(number)

    app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")


@wrong(
    "10.2.1",
    caught_by="test_q1_rest_and_unknown_paths_return_the_same_as_before[GET-/nowhere]",
)
def add_graphql(app):
    """Mount at the root, too: the application answers everything that is unknown."""

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int) -> Shipment | None:
            return find_shipment(number)

    graphql = GraphQL(strawberry.Schema(Query))
    app.add_route("/graphql", graphql)
    app.mount("/", graphql)


@wrong(
    "10.2.1",
    caught_by="test_q1_rest_and_unknown_paths_return_the_same_as_before[POST-/]",
)
def add_graphql(app):
    """Add the router at the root, too."""

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int) -> Shipment | None:
            return find_shipment(number)

    schema = strawberry.Schema(Query)
    app.include_router(GraphQLRouter(schema, path="/"))
    app.include_router(GraphQLRouter(schema, path="/graphql"))


@wrong("10.2.1", caught_by="test_q1_each_query_calls_find_shipment")
def add_graphql(app):
    """Keep what was found."""
    find = lru_cache(lambda number: find_shipment(number))
    kept = {}

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int) -> Shipment | None:
            if number not in kept:
                found = find(number)
                kept[number] = found and Shipment(**vars(found))
            return kept[number]

    app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")


@wrong("10.2.1", caught_by="test_q1_each_query_calls_find_shipment")
def add_graphql(app):
    """Cache the function."""
    find = lru_cache(lambda number: find_shipment(number))

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int) -> Shipment | None:
            return find(number)

    app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")


@wrong("10.2.1", caught_by="test_q1_each_query_calls_find_shipment")
def add_graphql(app):
    """Remember which numbers are unknown."""
    unknown = set()

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int) -> Shipment | None:
            found = None if number in unknown else find_shipment(number)
            if found is None:
                unknown.add(number)
            return found

    app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")


ROUTERS = []


@wrong("10.2.1", caught_by="test_q1_each_application_gets_the_endpoint")
def add_graphql(app):
    """Add the endpoint once in the process, as if it was a setup."""

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int) -> Shipment | None:
            return find_shipment(number)

    if not ROUTERS:
        ROUTERS.append(GraphQLRouter(strawberry.Schema(Query), path="/graphql"))
        app.include_router(ROUTERS[0])


@wrong(
    "10.2.1",
    caught_by="test_q1_a_query_returns_the_fields_that_it_selects",
)
def add_graphql(app):
    """Return a JSON value, of which a query cannot select a field."""

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int) -> JSON | None:
            found = find_shipment(number)
            return found and vars(found)

    app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")


@wrong(
    "10.2.1",
    caught_by="test_q1_a_query_returns_the_fields_that_it_selects[one field]",
)
def add_graphql(app):
    """Write the endpoint by hand; it returns every field."""
    import re

    @app.post("/graphql")
    def graphql(query: str = Body(embed=True)):
        number = int(re.search(r"\d+", query)[0])
        return {"data": {"shipment": find_shipment(number)}}


@wrong(
    "10.2.1",
    caught_by="test_q1_a_query_returns_the_fields_that_it_selects[all fields]",
)
def add_graphql(app):
    """Keep the names of Python in the schema."""
    from strawberry.schema.config import StrawberryConfig

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int) -> Shipment | None:
            return find_shipment(number)

    schema = strawberry.Schema(Query, config=StrawberryConfig(auto_camel_case=False))
    app.include_router(GraphQLRouter(schema), prefix="/graphql")


@wrong(
    "10.2.1",
    caught_by="test_q1_a_query_returns_the_fields_that_it_selects[zero]",
)
def add_graphql(app):
    """Take the number 0 for a missing one."""

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int) -> Shipment | None:
            return find_shipment(number) if number else None

    app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")


@wrong(
    "10.2.1",
    caught_by="test_q1_rest_and_unknown_paths_return_the_same_as_before"
    "[GET-/shipments/7]",
)
def add_graphql(app):
    """Open the whole application to pages of other origins."""
    from fastapi.middleware.cors import CORSMiddleware

    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int) -> Shipment | None:
            return find_shipment(number)

    app.add_middleware(CORSMiddleware, allow_origins=["*"])
    app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")


@right("10.2.1")
def add_graphql(app):
    """Add the ASGI application as a route."""

    @strawberry.type
    class Query:
        @strawberry.field
        async def shipment(self, number: int) -> Shipment | None:
            return find_shipment(number)

    app.add_route("/graphql", GraphQL(strawberry.Schema(query=Query)))


@right("10.2.1")
def add_graphql(app):
    """Make the type from the function; give the path to the router."""
    field = strawberry.field(resolver=find_shipment, name="shipment")
    schema = strawberry.Schema(create_type("Query", [field]))
    app.include_router(GraphQLRouter(schema, path="/graphql", graphql_ide=None))


@right("10.2.1")
def add_graphql(app):
    """Execute the schema in an endpoint, in an optional annotation of typing."""
    from typing import Optional

    @strawberry.type
    class Query:
        @strawberry.field(name="shipment", description="One shipment.")
        def read(self, number: int) -> Optional[Shipment]:
            return find_shipment(number=number)

    schema = strawberry.Schema(Query)

    @app.post("/graphql")
    async def graphql(query: str = Body(), variables: dict | None = Body(None)):
        result = await schema.execute(query, variable_values=variables)
        body = {"data": result.data}
        if result.errors:
            body["errors"] = [error.formatted for error in result.errors]
        return body


PREDICTED = {
    "requests, REST": 7,
    "requests, GraphQL": 1,
    "values, REST": 24,
    "values, GraphQL": 6,
    "broken: status code, GraphQL": 200,
    "broken: cities, GraphQL": 2,
}


@wrong("10.2.2", caught_by="test_q2_the_run_is_predicted[requests, REST]")
def comparison():
    """Request each depot once."""
    return PREDICTED | {"requests, REST": 6}


@wrong("10.2.2", caught_by="test_q2_the_run_is_predicted[requests, REST]")
def comparison():
    """Forget the depots."""
    return PREDICTED | {"requests, REST": 4}


@wrong("10.2.2", caught_by="test_q2_the_run_is_predicted[requests, GraphQL]")
def comparison():
    """Count a request for each type."""
    return PREDICTED | {"requests, GraphQL": 2}


@wrong("10.2.2", caught_by="test_q2_the_run_is_predicted[values, REST]")
def comparison():
    """Count what the page shows."""
    return PREDICTED | {"values, REST": 6}


@wrong("10.2.2", caught_by="test_q2_the_run_is_predicted[values, REST]")
def comparison():
    """Forget the list of paths."""
    return PREDICTED | {"values, REST": 21}


@wrong("10.2.2", caught_by="test_q2_the_run_is_predicted[values, GraphQL]")
def comparison():
    """Believe that GraphQL returns whole objects."""
    return PREDICTED | {"values, GraphQL": 18}


@wrong(
    "10.2.2",
    caught_by="test_q2_the_run_is_predicted[broken: status code, GraphQL]",
)
def comparison():
    """Believe that an exception becomes 500."""
    return PREDICTED | {"broken: status code, GraphQL": 500}


@wrong(
    "10.2.2",
    caught_by="test_q2_the_run_is_predicted[broken: cities, GraphQL]",
)
def comparison():
    """Believe that an error removes all data."""
    return PREDICTED | {"broken: cities, GraphQL": 0}


@right("10.2.2")
def comparison():
    """Fill in the values one by one."""
    found = {"requests, GraphQL": 1, "requests, REST": 1 + 2 * 3}
    found["values, GraphQL"] = 3 * len(("state", "city"))
    found["values, REST"] = 3 + 3 * 4 + 3 * 3
    return found | {"broken: cities, GraphQL": 2, "broken: status code, GraphQL": 200}


@right("10.2.2")
def comparison():
    """Name the status."""
    from http import HTTPStatus

    return PREDICTED | {"broken: status code, GraphQL": HTTPStatus.OK}


@right("10.2.2")
def comparison():
    """Call the functions with a client that counts, of the example in the docstring."""
    from fastapi.testclient import TestClient

    app, paths = FastAPI(), []
    app.get("/customers/ada/shipments")(lambda: ["/shipments/7", "/shipments/8"] * 1)
    app.get("/shipments/{number}")(lambda number: {"state": "", "depot": "/depots/n"})
    app.get("/depots/n")(lambda: {"city": "Oslo"})
    with TestClient(app) as http:
        http.event_hooks["request"].append(lambda request: paths.append(request.url))
        page_by_rest(http, "ada")
    each = (len(paths) - 1) // 2
    return PREDICTED | {"requests, REST": 1 + 3 * each}


def is_internal(error):
    """Return whether a resolver has raised the error."""
    return error.original_error is not None


EXTENSIONS = [
    lambda: QueryDepthLimiter(max_depth=4),
    lambda: MaskErrors(should_mask_error=is_internal),
]


def app_of(query, get_context, extensions=EXTENSIONS):
    """Return an application with these extensions."""
    app = FastAPI()
    schema = strawberry.Schema(query, extensions=extensions)
    router = GraphQLRouter(schema, context_getter=get_context)
    app.include_router(router, prefix="/graphql")
    return app


async def load_right(numbers):
    """Return a depot or None for each number, in their order."""
    found = {depot.number: depot for depot in await find_depots(numbers)}
    return [found.get(number) for number in numbers]


def new_context():
    """Return a context with a loader of its own."""
    return {"load_depot": DataLoader(load_right).load}


@wrong("10.2.3", caught_by="test_q3_each_level_of_hub_calls_find_depots_once")
def depots_app():
    """Leave the N+1 problem."""

    async def load_depot(number):
        depots = await find_depots([number])
        return depots[0] if depots else None

    return app_of(DepotQuery, lambda: {"load_depot": load_depot})


@wrong("10.2.3", caught_by="test_q3_the_next_request_reads_the_depots_again")
def depots_app():
    """Make one loader for the application."""
    loader = DataLoader(load_right)
    return app_of(DepotQuery, lambda: {"load_depot": loader.load})


@wrong("10.2.3", caught_by="test_q3_the_next_request_reads_the_depots_again")
def depots_app():
    """Make the context once."""
    context = new_context()

    async def get_context():
        return context

    return app_of(DepotQuery, get_context)


@wrong("10.2.3", caught_by="test_q3_each_level_of_hub_calls_find_depots_once")
def depots_app():
    """Make a loader for each depot."""

    async def load_depot(number):
        return await DataLoader(load_right).load(number)

    return app_of(DepotQuery, lambda: {"load_depot": load_depot})


@wrong("10.2.3", caught_by="test_q3_each_level_of_hub_calls_find_depots_once[1]")
def depots_app():
    """Return the depots in the order of the database, and without the closed ones."""

    async def load(numbers):
        return await find_depots(numbers)

    return app_of(DepotQuery, lambda: {"load_depot": DataLoader(load).load})


@wrong("10.2.3", caught_by="test_q3_each_level_of_hub_calls_find_depots_once[2]")
def depots_app():
    """Fill up the closed depots at the end."""

    async def load(numbers):
        found = list(await find_depots(numbers))
        return found + [None] * (len(numbers) - len(found))

    return app_of(DepotQuery, lambda: {"load_depot": DataLoader(load).load})


@wrong("10.2.3", caught_by="test_q3_each_level_of_hub_calls_find_depots_once[1]")
def depots_app():
    """Believe that each hub is open."""

    async def load(numbers):
        found = {depot.number: depot for depot in await find_depots(numbers)}
        return [found[number] for number in numbers]

    return app_of(DepotQuery, lambda: {"load_depot": DataLoader(load).load})


@wrong("10.2.3", caught_by="test_q3_each_level_of_hub_calls_find_depots_once[1]")
def depots_app():
    """Turn the cache off, and repeat numbers."""

    def get_context():
        return {"load_depot": DataLoader(load_right, cache=False).load}

    return app_of(DepotQuery, get_context)


@wrong("10.2.3", caught_by="test_q3_the_next_request_reads_the_depots_again")
def depots_app():
    """Make a loader for each request, on a cache for all of them."""
    known = {}

    async def load(numbers):
        missing = [number for number in numbers if number not in known]
        if missing:
            known.update(zip(missing, await load_right(missing)))
        return [known[number] for number in numbers]

    return app_of(DepotQuery, lambda: {"load_depot": DataLoader(load).load})


@wrong("10.2.3", caught_by="test_q3_requests_at_the_same_time_share_no_depots")
def depots_app():
    """Make a loader for each request, and keep it in one place for all of them."""
    current = {}

    async def load_depot(number):
        return await current["loader"].load(number)

    def get_context():
        current["loader"] = DataLoader(load_right)
        return {"load_depot": load_depot}

    return app_of(DepotQuery, get_context)


@wrong("10.2.3", caught_by="test_q3_requests_at_the_same_time_share_no_depots")
def depots_app():
    """Clear the cache of one loader at each request."""
    loader = DataLoader(load_right)

    def get_context():
        loader.clear_all()
        return {"load_depot": loader.load}

    return app_of(DepotQuery, get_context)


@wrong("10.2.3", caught_by="test_q3_each_level_of_hub_calls_find_depots_once[3]")
def depots_app():
    """Load the numbers in pieces."""

    def get_context():
        return {"load_depot": DataLoader(load_right, max_batch_size=2).load}

    return app_of(DepotQuery, get_context)


@wrong("10.2.3", caught_by="test_q3_the_hubs_of_many_depots_are_found_in_one_call")
def depots_app():
    """Load at most a thousand numbers at once."""

    def get_context():
        return {"load_depot": DataLoader(load_right, max_batch_size=1000).load}

    return app_of(DepotQuery, get_context)


@wrong("10.2.3", caught_by="test_q3_requests_at_the_same_time_share_no_depots")
def depots_app():
    """Turn off the cache of one loader, which puts two requests into one call."""

    async def load(numbers):
        found = await load_right(list(dict.fromkeys(numbers)))
        depots = {depot.number: depot for depot in found if depot}
        return [depots.get(number) for number in numbers]

    loader = DataLoader(load, cache=False)
    return app_of(DepotQuery, lambda: {"load_depot": loader.load})


@wrong("10.2.3", caught_by="test_q3_requests_at_the_same_time_share_no_depots")
def depots_app():
    """Let a request wait for the same call of another one."""
    running = {}

    async def load(numbers):
        key = tuple(sorted(numbers))
        if key not in running:
            running[key] = asyncio.create_task(find_depots(numbers))
            running[key].add_done_callback(lambda _: running.pop(key))
        found = {depot.number: depot for depot in await running[key]}
        return [found.get(number) for number in numbers]

    return app_of(DepotQuery, lambda: {"load_depot": DataLoader(load).load})


@wrong("10.2.3", caught_by="test_q3_each_level_of_hub_calls_find_depots_once")
def depots_app():
    """Put the loader into the context, instead of its method."""
    return app_of(DepotQuery, lambda: {"load_depot": DataLoader(load_right)})


@wrong("10.2.3", caught_by="test_q3_three_levels_of_hub_are_allowed_and_four_refused")
def depots_app():
    """Limit the depth to 3, which are two levels of `hub`."""
    limits = [lambda: QueryDepthLimiter(max_depth=3), EXTENSIONS[1]]
    return app_of(DepotQuery, new_context, limits)


@wrong("10.2.3", caught_by="test_q3_three_levels_of_hub_are_allowed_and_four_refused")
def depots_app():
    """Limit the depth to 5, which are four levels of `hub`."""
    limits = [lambda: QueryDepthLimiter(max_depth=5), EXTENSIONS[1]]
    return app_of(DepotQuery, new_context, limits)


@wrong("10.2.3", caught_by="test_q3_three_levels_of_hub_are_allowed_and_four_refused")
def depots_app():
    """Forget the limit."""
    return app_of(DepotQuery, new_context, EXTENSIONS[1:])


def counting(name_of):
    """Return a validation rule that counts nested fields, and follows no fragments."""

    class Rule(ValidationRule):
        hubs = 0

        def enter_field(self, node, *_):
            self.hubs += name_of(node) == "hub"
            if self.hubs > 3:
                self.report_error(GraphQLError("The query is too deep."))

        def leave_field(self, node, *_):
            self.hubs -= name_of(node) == "hub"

    return lambda: AddValidationRules([Rule])


@wrong(
    "10.2.3",
    caught_by="test_q3_three_levels_of_hub_are_allowed_and_four_refused"
    "[city-fragments]",
)
def depots_app():
    """Forget that fragments can contain each other."""
    rule = counting(lambda node: node.name.value)
    return app_of(DepotQuery, new_context, [rule, EXTENSIONS[1]])


@wrong(
    "10.2.3",
    caught_by="test_q3_three_levels_of_hub_are_allowed_and_four_refused[city-aliases]",
)
def depots_app():
    """Count the names in the response instead of the fields."""
    rule = counting(lambda node: (node.alias or node.name).value)
    return app_of(DepotQuery, new_context, [rule, EXTENSIONS[1]])


@wrong("10.2.3", caught_by="test_q3_only_the_depth_of_hub_is_limited[wide]")
def depots_app():
    """Count the word `hub` in the query."""

    class Limit(SchemaExtension):
        def on_operation(self):
            if self.execution_context.query.count("hub") > 3:
                self.execution_context.query = "{ tooDeep }"
            yield

    return app_of(DepotQuery, new_context, [Limit, EXTENSIONS[1]])


@wrong("10.2.3", caught_by="test_q3_only_the_depth_of_hub_is_limited[introspection]")
def depots_app():
    """Refuse introspection as well."""
    closed = lambda: AddValidationRules([NoSchemaIntrospectionCustomRule])
    return app_of(DepotQuery, new_context, [*EXTENSIONS, closed])


@wrong("10.2.3", caught_by="test_q3_three_levels_of_hub_are_allowed_and_four_refused")
def depots_app():
    """Notice the depth while the query runs: the response has data."""

    class Limit(SchemaExtension):
        async def resolve(self, _next, root, info, *args, **kwargs):
            if list(info.path.as_list()).count("hub") > 3:
                raise GraphQLError("too deep")
            result = _next(root, info, *args, **kwargs)
            return await result if asyncio.iscoroutine(result) else result

    return app_of(DepotQuery, new_context, [Limit, EXTENSIONS[1]])


@wrong("10.2.3", caught_by="test_q3_the_message_for_a_wrong_query_stays")
def depots_app():
    """Mask every error."""
    return app_of(DepotQuery, new_context, [EXTENSIONS[0], MaskErrors])


@wrong("10.2.3", caught_by="test_q3_an_exception_of_all_depots_is_masked[RuntimeError]")
def depots_app():
    """Mask no error."""
    return app_of(DepotQuery, new_context, EXTENSIONS[:1])


@wrong(
    "10.2.3",
    caught_by="test_q3_exceptions_of_requests_at_the_same_time_are_masked",
)
def depots_app():
    """Mask with one object for all requests."""
    import warnings

    mask = MaskErrors(should_mask_error=is_internal)
    with warnings.catch_warnings(action="ignore"):
        return app_of(DepotQuery, new_context, [EXTENSIONS[0], mask])


@wrong(
    "10.2.3",
    caught_by="test_q3_an_exception_at_the_second_level_keeps_the_first",
)
def depots_app():
    """Remove the hubs of all depots if one cannot be read."""

    class Mask(MaskErrors):
        def __init__(self):
            super().__init__(is_internal)

        def _process_errors(self, errors):
            data = self.execution_context.result.data
            if any("hub" in (error.path or []) for error in errors):
                for depots in data.values():
                    for depot in depots:
                        depot["hub"] = None
            return super()._process_errors(errors)

    return app_of(DepotQuery, new_context, [EXTENSIONS[0], Mask])


@wrong("10.2.3", caught_by="test_q3_an_exception_of_find_depots_is_masked[KeyError]")
def depots_app():
    """Mask one type of exception."""

    def is_runtime_error(error):
        return isinstance(error.original_error, RuntimeError)

    mask = lambda: MaskErrors(should_mask_error=is_runtime_error)
    return app_of(DepotQuery, new_context, [EXTENSIONS[0], mask])


@wrong("10.2.3", caught_by="test_q3_an_exception_of_all_depots_is_masked[GraphQLError]")
def depots_app():
    """Show the errors of GraphQL, wherever they come from."""

    def is_other(error):
        original = error.original_error
        return original is not None and not isinstance(original, GraphQLError)

    mask = lambda: MaskErrors(should_mask_error=is_other)
    return app_of(DepotQuery, new_context, [EXTENSIONS[0], mask])


@wrong("10.2.3", caught_by="test_q3_an_exception_of_all_depots_is_masked[RuntimeError]")
def depots_app():
    """Mask the exceptions of the loader only."""

    async def load(numbers):
        try:
            return await load_right(numbers)
        except Exception:
            raise RuntimeError("Unexpected error.") from None

    def get_context():
        return {"load_depot": DataLoader(load).load}

    return app_of(DepotQuery, get_context, EXTENSIONS[:1])


@wrong(
    "10.2.3", caught_by="test_q3_an_exception_of_find_depots_is_masked[RuntimeError]"
)
def depots_app():
    """Return null without an error."""

    async def load(numbers):
        try:
            return await load_right(numbers)
        except Exception:
            return [None] * len(numbers)

    return app_of(DepotQuery, lambda: {"load_depot": DataLoader(load).load})


@wrong(
    "10.2.3", caught_by="test_q3_an_exception_of_find_depots_is_masked[RuntimeError]"
)
def depots_app():
    """Remove all data if there is an error."""

    class Mask(SchemaExtension):
        def on_operation(self):
            yield
            result = self.execution_context.result
            if result and any(map(is_internal, result.errors or [])):
                result.data = None
                result.errors = [GraphQLError("Unexpected error.")]

    return app_of(DepotQuery, new_context, [EXTENSIONS[0], Mask])


@right("10.2.3")
def depots_app():
    """Collect the numbers by hand, without a cache."""

    class Batch:
        def __init__(self):
            self.waiting = {}

        async def load(self, number):
            if not self.waiting:
                asyncio.get_running_loop().call_soon(
                    lambda: setattr(self, "task", asyncio.create_task(self.run()))
                )
            future = self.waiting.setdefault(
                number, asyncio.get_running_loop().create_future()
            )
            return await future

        async def run(self):
            waiting, self.waiting = self.waiting, {}
            try:
                found = {one.number: one for one in await find_depots([*waiting])}
            except Exception as error:
                for future in waiting.values():
                    future.set_exception(error)
            else:
                for number, future in waiting.items():
                    future.set_result(found.get(number))

    return app_of(DepotQuery, lambda: {"load_depot": Batch().load})


@right("10.2.3")
def depots_app():
    """A loader without a cache, in a dependency; errors are masked if they have a path."""

    async def load(numbers):
        found = await find_depots(list(dict.fromkeys(numbers)))
        return [
            next((one for one in found if one.number == number), None)
            for number in numbers
        ]

    def new_loader():
        return DataLoader(load_fn=load, cache=False)

    async def get_context(loader=Depends(new_loader)):
        return {"load_depot": lambda number: loader.load(number)}

    class Masked(MaskErrors):
        def __init__(self):
            super().__init__(lambda error: bool(error.path))

    class Limited(QueryDepthLimiter):
        def __init__(self):
            super().__init__(4)

    return app_of(DepotQuery, get_context, (Masked, Limited))


@right("10.2.3")
def depots_app():
    """A validation rule and an extension of its own; the limit's error is masked, too."""
    from graphql import FragmentSpreadNode

    class Rule(ValidationRule):
        def enter_operation_definition(self, node, *_):
            self.depth(node, 0)

        def depth(self, node, hubs):
            if isinstance(node, FragmentSpreadNode):
                node = self.context.get_fragment(node.name.value)
            if node is None or node.selection_set is None:
                return
            for one in node.selection_set.selections:
                name = getattr(getattr(one, "name", None), "value", "")
                is_hub = name == "hub"
                if hubs + is_hub > 3:
                    self.context.report_error(GraphQLError("The query is too deep."))
                    return
                self.depth(one, hubs + is_hub)

    class Mask(SchemaExtension):
        def on_operation(self):
            yield
            result = self.execution_context.result
            if result and result.errors:
                result.errors = [
                    GraphQLError("Unexpected error.", path=one.path)
                    if one.path
                    else one
                    for one in result.errors
                ]

    rules = lambda: AddValidationRules([Rule])
    return app_of(DepotQuery, new_context, [Mask, rules])


@right("10.2.3")
def depots_app():
    """Mask in the router, which writes the response; keep the loader in a class."""

    class Depots:
        def __init__(self):
            self.loader = DataLoader(self.read)

        async def read(self, numbers):
            rows = dict.fromkeys(numbers)
            rows |= {one.number: one for one in await find_depots(sorted(numbers))}
            return list(rows.values())

    async def get_context(depots: Depots = Depends()):
        yield {"load_depot": depots.loader.load}

    class Router(GraphQLRouter):
        async def process_result(self, request, result):
            body = await super().process_result(request, result)
            for error, shown in zip(result.errors or [], body.get("errors", [])):
                if is_internal(error):
                    shown["message"] = "Unexpected error."
            return body

    schema = strawberry.Schema(DepotQuery, extensions=EXTENSIONS[:1])
    app = FastAPI()
    app.include_router(Router(schema, context_getter=get_context), prefix="/graphql")
    return app
