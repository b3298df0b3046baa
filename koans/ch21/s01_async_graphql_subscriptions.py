"""21.1  Async GraphQL subscriptions with FastAPI.

A GraphQL query has one response. A subscription has many: the server sends a result for
each event, until the client unsubscribes or the events end.
Notes: content/docs/async-graphql-subscriptions/implementation.md
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import strawberry
from fastapi import FastAPI
from redis.asyncio import Redis
from strawberry.fastapi import GraphQLRouter


@strawberry.type
class Bid:
    """A bid on a lot of an auction."""

    bidder: str
    euros: int


@strawberry.type
class Query:
    """The fields that a query can begin with."""

    @strawberry.field
    def lots(self) -> list[int]:
        """Return the numbers of the lots."""
        return [7, 12]


async def follow_bids(lot: int) -> AsyncIterator[Bid]:
    """Yield each bid on a lot as soon as it is made. End when the lot is sold."""
    yield Bid(bidder="Ada", euros=200)
    yield Bid(bidder="Bo", euros=250)


def auction_app() -> FastAPI:
    """21.1.1  How are GraphQL subscriptions implemented using WebSockets?

    The page of an auction house shows the bids on a lot while they are made. The app
    below serves queries only. Add a subscription to its schema.

    - The schema has `type Subscription { bids(lot: Int!): Bid! }`.
    - For each subscription, call `follow_bids(lot)`. Send each bid as soon as it is
      yielded, in the same order.
    - When `follow_bids(lot)` ends, the subscription ends: the server sends `complete`.

    Given:
        The router serves queries by `POST /graphql`, and subscriptions by a WebSocket
        at the same path, with the protocol `graphql-transport-ws`.
        Strawberry sends the messages. You write what yields the results.

    Example of the messages:
        the client sends  {"id": "1", "type": "subscribe", "payload":
                           {"query": "subscription { bids(lot: 7) { euros } }"}}
        the server sends  {"id": "1", "type": "next", "payload":
                           {"data": {"bids": {"euros": 200}}}}
        and at the end    {"id": "1", "type": "complete"}
    """

    schema = strawberry.Schema(Query)
    app = FastAPI()
    app.include_router(GraphQLRouter(schema), prefix="/graphql")
    return app


async def serve_subscription(
    subscription_id: str,
    results: AsyncGenerator[dict[str, Any], None],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """21.1.2  Explain the role of async generators in serving GraphQL subscription
    data.

    For each subscription, Strawberry creates an async generator, and a task that serves
    it. Write the code of this task. The generator `results` yields the data of one
    result after another. `await send(message)` sends a message to the client.

    - For each result, send a message of the type `next`. Take the next result only
      when `send` has returned.
    - After the last result, send one message of the type `complete`, also if there are
      no results.
    - If your task is cancelled, or if `send` or `results` raises an exception, send
      nothing more. Close `results`, and then let the `CancelledError` or the other
      exception pass through.

    Given:
        `subscription_id` is the `id` of each message.
        When the client unsubscribes or leaves, Strawberry cancels the task. It does
        this only once.
        `await results.aclose()` closes the generator: it runs its `finally` block.
        This block can take a long time. It raises no exception.

    Example of the messages for the id "s1":
        {"id": "s1", "type": "next", "payload": {"data": {"price": 250}}}
        {"id": "s1", "type": "complete"}
    """
    raise NotImplementedError


async def current_price(lot: int) -> int:
    """Read the current price of a lot from the database of all workers."""
    return 100


async def save_price(lot: int, euros: int) -> None:
    """Save the new price of a lot in the database of all workers."""


def prices_app(redis: Redis) -> FastAPI:
    """21.1.3  What are common event sources for GraphQL subscriptions in a
    FastAPI/Strawberry setup?

    Several worker processes serve the app below. A bid is sent to one of them, and only
    the subscribers at the same worker receive the new price, because the queues are in
    its memory. Replace the queues by Redis Pub/Sub. The rest of the app stays as it is.

    - For every bid, `bid` calls `save_price`. When this call has returned, `bid`
      publishes `euros` on the Redis channel `lot:<lot>`.
    - `prices` sends `current_price(lot)` first. Then it sends each price that a worker
      or another program publishes on the channel of this lot, in the same order.
    - `prices` calls `current_price(lot)` only when Redis has confirmed that it listens
      to the channel.
    - Prices that are published while `current_price(lot)` runs are sent after its
      result.
    - When the client's subscription ends, also before Redis has confirmed, or when
      `current_price` raises an exception, stop listening, and return the connection to
      the pool of `redis`.

    Given:
        `redis` is an asyncio client of the server that all workers use. It returns the
        messages as `str`. The app closes it at the shutdown.
        Each message on these channels is a price.
        A subscription ends when the client unsubscribes, leaves, or loses its
        connection. Strawberry then cancels or closes your generator.

    Example:
        A bid of 250 euros on the lot 7 publishes the message "250" on `lot:7`.
    """
    queues: defaultdict[int, list[asyncio.Queue[int]]] = defaultdict(list)

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        async def bid(self, lot: int, euros: int) -> int:
            await save_price(lot, euros)
            for queue in queues[lot]:
                queue.put_nowait(euros)
            return euros

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def prices(self, lot: int) -> AsyncIterator[int]:
            queue: asyncio.Queue[int] = asyncio.Queue()
            queues[lot].append(queue)
            try:
                yield await current_price(lot)
                while True:
                    yield await queue.get()
            finally:
                queues[lot].remove(queue)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with redis:
            yield

    schema = strawberry.Schema(Query, mutation=Mutation, subscription=Subscription)
    app = FastAPI(lifespan=lifespan)
    app.include_router(GraphQLRouter(schema), prefix="/graphql")
    return app
