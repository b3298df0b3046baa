"""Of `graphql_websocket`: the messages of the protocol, each for its subscription."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import strawberry
from fastapi import FastAPI
from strawberry.fastapi import GraphQLRouter

from lab import GraphQLSubscription, graphql_websocket, serve


@strawberry.type
class _Query:
    ok: bool = True


class _Source:
    """What the subscriptions do."""

    def __init__(self) -> None:
        self.open = 0

    async def count(self, to: int) -> AsyncIterator[int]:
        self.open += 1
        try:
            for number in range(to):
                yield number
            if to > 1:
                await asyncio.sleep(3600)
        finally:
            self.open -= 1


@pytest.fixture
def source() -> _Source:
    return _Source()


@pytest.fixture
def url(source: _Source) -> Iterator[str]:
    """The URL of a GraphQL endpoint whose subscription counts."""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        def count(self, to: int) -> AsyncIterator[int]:
            return source.count(to)

    schema = strawberry.Schema(_Query, subscription=Subscription)
    app = FastAPI()
    app.include_router(GraphQLRouter(schema), prefix="/graphql")
    with serve(app) as server:
        yield f"{server.url}/graphql"


_COUNT = "subscription ($to: Int!) { count(to: $to) }"


def _next(subscription: GraphQLSubscription, number: int) -> dict[str, object]:
    payload = {"data": {"count": number}}
    return {"id": subscription.id, "type": "next", "payload": payload}


def test_two_subscriptions_share_a_connection(url: str) -> None:
    with graphql_websocket(url) as socket:
        two, one = socket.subscribe(_COUNT, to=2), socket.subscribe(_COUNT, to=1)

        assert one.receive() == _next(one, 0)
        assert one.receive() == {"id": one.id, "type": "complete"}
        assert [two.receive(), two.receive()] == [_next(two, 0), _next(two, 1)]


def test_it_is_said_that_nothing_comes(url: str) -> None:
    with graphql_websocket(url) as socket:
        subscription = socket.subscribe(_COUNT, to=2)
        messages = [subscription.receive() for _ in range(3)]

    assert messages[-1] == {"type": "nothing"}


def test_an_error_is_received(url: str) -> None:
    with graphql_websocket(url) as socket:
        message = socket.subscribe("subscription { unknown }").receive()

    assert message["type"] == "error"
    assert "unknown" in message["payload"][0]["message"]


def test_a_close_is_received_with_its_code(url: str) -> None:
    with graphql_websocket(url) as socket:
        message = socket.subscribe("no GraphQL {").receive()

    assert message == {"type": "closed", "code": 4400}


@pytest.mark.parametrize("way", ["unsubscribe", "leave", "lose"])
def test_the_generator_ends_with_its_subscriber(
    url: str, source: _Source, way: str
) -> None:
    with graphql_websocket(url) as socket, graphql_websocket(url) as other:
        subscription = socket.subscribe(_COUNT, to=2)
        assert subscription.receive() == _next(subscription, 0)
        assert source.open == 1
        if way == "unsubscribe":
            subscription.unsubscribe()
        else:
            getattr(socket, way)()
        # Nothing comes for this one, and the server had its turns meanwhile.
        other.subscribe(_COUNT, to=0).receive()
        other.subscribe(_COUNT, to=0).receive()

        assert other.code is None
        for _ in range(100):
            if source.open == 0:
                break
            other.subscribe(_COUNT, to=0).receive()
        assert source.open == 0


def test_a_path_without_a_websocket_is_named(url: str) -> None:
    with (
        pytest.raises(ConnectionError, match="no WebSocket at this path"),
        graphql_websocket(f"{url}/unknown"),
    ):
        pass
