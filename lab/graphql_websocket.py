"""A client of GraphQL subscriptions, which speaks `graphql-transport-ws`."""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import SHUT_RDWR
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

Message = dict[str, Any]

# How often a client looks for a message, and the seconds of a look. Between two looks
# the server answers a ping, so that it had its turn, however busy the machine is.
_LOOKS = 12
_LOOK = 0.02
# Seconds that the server gets for its part of the protocol.
_PATIENCE = 10.0


class GraphQLSubscription:
    """A subscription that was sent to the server, with the `id` that it has there."""

    def __init__(self, socket: "GraphQLWebSocket", number: int) -> None:
        self.id = f"s{number}"
        self._socket = socket
        self._received: deque[Message] = deque()

    def receive(self) -> Message:
        """Return the next message for this subscription, as the server sent it.

        It is `{"type": "nothing"}` if none comes, and `{"type": "closed"}` with the
        `code` if the server has closed the WebSocket.
        """
        for _ in range(_LOOKS):
            if not self._received:
                self._socket._look()
            if self._received:
                return self._received.popleft()
            if self._socket.code is not None:
                return {"type": "closed", "code": self._socket.code}
        return {"type": "nothing"}

    def unsubscribe(self) -> None:
        """Tell the server that this subscription has ended."""
        self._socket._send({"id": self.id, "type": "complete"})


class GraphQLWebSocket:
    """A connection that the server has acknowledged, for several subscriptions.

    `code` is that with which the server has closed it, or None.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.code: int | None = None
        self._socket = socket
        self._subscriptions: dict[str, GraphQLSubscription] = {}
        self._pongs = 0

    def subscribe(self, query: str, **variables: object) -> GraphQLSubscription:
        """Subscribe, and return at once: the server does not confirm it."""
        subscription = GraphQLSubscription(self, len(self._subscriptions) + 1)
        self._subscriptions[subscription.id] = subscription
        payload = {"query": query, "variables": variables}
        self._send({"id": subscription.id, "type": "subscribe", "payload": payload})
        return subscription

    def ping(self) -> None:
        """Wait until the server has answered a ping."""
        self._send({"type": "ping"})
        pongs = self._pongs
        while self._pongs == pongs and self._read(_PATIENCE):
            pass

    def leave(self) -> None:
        """Close the connection in the way of the protocol."""
        self._socket.close()

    def lose(self) -> None:
        """Break the connection, as if the client's network were gone."""
        with suppress(OSError):
            self._socket.socket.shutdown(SHUT_RDWR)

    def _send(self, message: Message) -> None:
        with suppress(ConnectionClosed):  # `receive` tells of it
            self._socket.send(json.dumps(message))

    def _look(self) -> None:
        """Wait for a message for the time of a look, and then for the server."""
        if not self._read(_LOOK):
            self.ping()

    def _read(self, seconds: float) -> bool:
        """Sort a message to its subscription; return whether there was one."""
        try:
            message = json.loads(self._socket.recv(timeout=seconds))
        except TimeoutError:
            return False
        except ConnectionClosed as closed:
            self.code = closed.rcvd.code if closed.rcvd else 1006
            return False
        if message["type"] == "pong":
            self._pongs += 1
        elif message.get("id") in self._subscriptions:
            self._subscriptions[message["id"]]._received.append(message)
        return True


@contextmanager
def graphql_websocket(url: str) -> Iterator[GraphQLWebSocket]:
    """Yield a connection to a GraphQL endpoint, such as http://127.0.0.1:8000/graphql.

    Raises:
        ConnectionError: the server has rejected it.
    """
    options: dict[str, Any] = {
        "subprotocols": [Subprotocol("graphql-transport-ws")],
        "open_timeout": 3 * _PATIENCE,
        "close_timeout": 0.5,
        "proxy": None,
    }
    try:
        socket = connect(url.replace("http", "ws", 1), **options)
    except InvalidHandshake as rejected:
        raise ConnectionError(f"no WebSocket at this path: {rejected}") from None
    with socket:
        yield GraphQLWebSocket(_acknowledged(socket))


def _acknowledged(socket: ClientConnection) -> ClientConnection:
    try:
        socket.send(json.dumps({"type": "connection_init"}))
        message = json.loads(socket.recv(timeout=_PATIENCE))
    except ConnectionClosed as closed:
        raise ConnectionError(f"the server closed the WebSocket: {closed}") from None
    except TimeoutError:
        message = None
    if message != {"type": "connection_ack"}:
        raise ConnectionError(f"the server has not acknowledged, but sent {message}")
    return socket
