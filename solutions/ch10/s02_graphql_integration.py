"""10.2  GraphQL integration.

A GraphQL API has one endpoint and a schema of types. The client selects the fields that
it needs. Strawberry makes the schema from Python classes.
Notes: content/docs/integrations-and-architectures/graphql-integration.md
"""

from typing import Any

import httpx2
import strawberry
from fastapi import FastAPI

# region answer
from graphql import GraphQLError
from strawberry.dataloader import DataLoader
from strawberry.extensions import MaskErrors, QueryDepthLimiter

# stub:
# endregion
from strawberry.fastapi import GraphQLRouter

from sensei import ___


@strawberry.type
class Shipment:
    """A shipment: its number, its state and its weight in grams."""

    number: int
    state: str
    weight_grams: int


def find_shipment(number: int) -> Shipment | None:
    """Return the shipment with this number from the database, or None."""
    if number != 7:
        return None
    return Shipment(number=7, state="in transit", weight_grams=900)


def add_graphql(app: FastAPI) -> None:
    """10.2.1  How can you add a GraphQL endpoint to a FastAPI application using
    Strawberry?

    `app` is the REST application of a parcel service. Add a GraphQL endpoint to it.

    - `POST /graphql` runs GraphQL queries with Strawberry.
    - A query can select the field `shipment(number: Int!)`. Its value is what
      `find_shipment(number)` returns at the time of the query. None becomes null.
    - The REST endpoints of `app` return the same responses as before, and an unknown
      path still returns 404.

    Given:
        Strawberry turns names of fields into camel case: `weight_grams` becomes
        `weightGrams` in queries and responses.

    Example:
        POST /graphql  {"query": "{ shipment(number: 7) { state weightGrams } }"}
            ->  200  {"data": {"shipment": {"state": "in transit", "weightGrams": 900}}}
    """

    # region answer
    @strawberry.type
    class Query:
        @strawberry.field
        def shipment(self, number: int) -> Shipment | None:
            return find_shipment(number)

    app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")
    # endregion


TRACKING_SCHEMA = """
type Query    { shipments(customer: String!): [Shipment!]! }
type Shipment { number: Int! state: String! weightGrams: Int! depot: Depot }
type Depot    { name: String! city: String! phone: String! }
"""


def page_by_rest(http: httpx2.Client, customer: str) -> list[dict[str, str]]:
    """Return the state and the city of each shipment of a customer, fetched by REST."""
    page = []
    for path in http.get(f"/customers/{customer}/shipments").json():
        shipment = http.get(path).json()  # the path is such as "/shipments/7"
        depot = http.get(shipment["depot"]).json()  # such as "/depots/north"
        page.append({"state": shipment["state"], "city": depot["city"]})
    return page


def page_by_graphql(http: httpx2.Client, customer: str) -> httpx2.Response:
    """Return the response that has the same data, fetched by GraphQL."""
    query = """query ($customer: String!) {
        shipments(customer: $customer) { state depot { city } }
    }"""
    body = {"query": query, "variables": {"customer": customer}}
    return http.post("/graphql", json=body)


def comparison() -> dict[str, int]:
    """10.2.2  Compare REST and GraphQL approaches for a specific data fetching
    scenario.

    A tracking page shows the state of each shipment of a customer and the city of its
    depot. Ada has three shipments. Two of them are in the depot "north", one is in
    "south". `page_by_rest` and `page_by_graphql` fetch the page of Ada. Predict what
    happens.

    - "requests": the number of HTTP requests that the function sends.
    - "values": the number of values in the JSON of all responses together. Each string
      and each number is a value. Names of fields do not count.
    - "broken": the depot "south" cannot be read. `GET /depots/south` returns 500. In
      GraphQL, the resolver of `depot` raises an exception for the shipment in "south".
      Predict the status code of the GraphQL response and the number of cities in it.

    Given:
        Strawberry serves `TRACKING_SCHEMA`. The field `depot` can be null.

    Example of the responses to REST requests:
        GET /customers/ada/shipments  ->  ["/shipments/7", "/shipments/8", ...]
        GET /shipments/7   ->  {"number": 7, "state": "in transit",
                                "weightGrams": 900, "depot": "/depots/north"}
        GET /depots/north  ->  {"name": "north", "city": "Oslo", "phone": "555-0100"}
    """
    # region answer
    # In words: REST needs a request for each resource, and each of them waits for the
    # one before: the list, then a shipment, then its depot. It transfers whole
    # resources (over-fetching). A GraphQL query selects fields across resources in one
    # request. The prices: one query can be expensive, HTTP caches do not help, and the
    # status code says little. A response with partial data has the status 200, and the
    # client has to look at `errors`.
    return {
        "requests, REST": 7,
        "requests, GraphQL": 1,
        "values, REST": 24,
        "values, GraphQL": 6,
        "broken: status code, GraphQL": 200,
        "broken: cities, GraphQL": 2,
    }
    # stub: return {
    # stub:     "requests, REST": ___,
    # stub:     "requests, GraphQL": ___,
    # stub:     "values, REST": ___,
    # stub:     "values, GraphQL": ___,
    # stub:     "broken: status code, GraphQL": ___,
    # stub:     "broken: cities, GraphQL": ___,
    # stub: }
    # endregion


@strawberry.type
class Depot:
    """A depot. It receives its parcels from another depot, its hub."""

    number: int
    city: str
    hub_number: strawberry.Private[int]

    @strawberry.field
    async def hub(self, info: strawberry.Info) -> "Depot | None":
        """Return the hub of this depot."""
        hub: Depot | None = await info.context["load_depot"](self.hub_number)
        return hub


async def all_depots() -> list[Depot]:
    """Return all depots that are open, from the database."""
    return [Depot(number=1, city="Oslo", hub_number=2)]


async def find_depots(numbers: list[int]) -> list[Depot]:
    """Return the open depots with these numbers from the database, in any order."""
    return [Depot(number=2, city="Hamar", hub_number=1)] if 2 in numbers else []


@strawberry.type
class DepotQuery:
    """The fields that a query can begin with."""

    @strawberry.field
    async def depots(self) -> list[Depot]:
        """Return all depots."""
        return await all_depots()


def depots_app() -> FastAPI:
    """10.2.3  What are the challenges of implementing GraphQL in a Python backend?

    This API has three common problems. It calls `find_depots` once for the hub of each
    depot: the N+1 problem. A query can be nested without a limit. A response shows the
    messages of internal exceptions. Repair it. Leave `Depot` and `DepotQuery` as they
    are.

    - For each level of `hub` in a query, `find_depots` is called at most once. No
      number occurs twice in one call.
    - Each HTTP request reads its depots itself. It uses no depot that was read for
      another request, before or at the same time.
    - A query can have three levels of `hub`. A deeper query returns 200 with an error
      and without data. It does not call `all_depots`.
    - If `all_depots` or `find_depots` raises an exception, the message in the response
      is "Unexpected error.". If `find_depots` raises it, only the `hub` fields that
      need this call are null. All other fields keep their values.
    - For a syntax error or an unknown field, the message stays as it is today.

    Given:
        `hub` is null if `find_depots` does not return this depot.

    Example of a query with two levels of `hub`:
        { depots { city hub { city hub { city } } } }
    """
    # region answer
    # In words: A resolver runs for each object, so a query for a list easily causes
    # N+1 database queries. A `DataLoader` collects the keys and loads them together. It
    # caches, so each request needs its own. The client writes the query: limit its
    # depth and its size. GraphQL sends the text of each exception to the client unless
    # you mask it. Fields run at the same time, so they cannot share an `AsyncSession`.

    async def load_depots(numbers: list[int]) -> list[Depot | None]:
        found = {depot.number: depot for depot in await find_depots(numbers)}
        return [found.get(number) for number in numbers]

    async def get_context() -> dict[str, Any]:
        return {"load_depot": DataLoader(load_depots).load}

    def is_internal(error: GraphQLError) -> bool:
        return error.original_error is not None

    extensions = [
        lambda: QueryDepthLimiter(max_depth=4),
        lambda: MaskErrors(should_mask_error=is_internal),
    ]
    schema = strawberry.Schema(DepotQuery, extensions=extensions)
    # stub: async def load_depot(number: int) -> Depot | None:
    # stub:     depots = await find_depots([number])
    # stub:     return depots[0] if depots else None
    # stub:
    # stub: async def get_context() -> dict[str, Any]:
    # stub:     return {"load_depot": load_depot}
    # stub:
    # stub: schema = strawberry.Schema(DepotQuery)
    # endregion
    router = GraphQLRouter(schema, context_getter=get_context)
    app = FastAPI()
    app.include_router(router, prefix="/graphql")
    return app
