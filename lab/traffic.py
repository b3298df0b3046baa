"""What clients and an application say to each other, counted."""

from collections.abc import Sized

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What a server says once when it accepts a WebSocket.
_SWITCHING = (
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
)


class Traffic:
    """An application, and what passes between it and its clients.

    `requests` are the HTTP requests, as in "GET /products/lamp", and `sockets` the
    WebSockets that a client asked for, as in "/hall?after=4". `bytes` is what all of
    them took in both directions: heads and bodies as HTTP/1.1 writes them, frames as
    WebSocket does, neither of them compressed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.requests: list[str] = []
        self.sockets: list[str] = []
        self.bytes = 0
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application and count."""
        if scope["type"] in ("http", "websocket"):
            self._ask(scope)

        async def hear() -> Message:
            message = await receive()
            self._count(message, mask=4)
            return message

        async def say(message: Message) -> None:
            self._count(message)
            await send(message)

        await self._app(scope, hear, say)

    def _ask(self, scope: Scope) -> None:
        method = scope.get("method", "GET")
        target = (scope.get("raw_path") or scope["path"].encode()).decode()
        if query := scope["query_string"].decode():
            target += f"?{query}"
        if scope["type"] == "http":
            self.requests.append(f"{method} {target}")
        else:
            self.sockets.append(target)
        self.bytes += len(f"{method} {target} HTTP/1.1\r\n") + _head(scope)

    def _count(self, message: Message, mask: int = 0) -> None:
        match message["type"]:
            case "http.response.start":
                self.bytes += len("HTTP/1.1 200 OK\r\n") + _head(message)
            case "http.request" | "http.response.body":
                self.bytes += len(message.get("body", b""))
            case "websocket.accept":
                self.bytes += len(_SWITCHING) + _head(message)
            case "websocket.receive" | "websocket.send":
                text = message.get("text")
                data = text.encode() if text is not None else message["bytes"]
                self.bytes += _frame(data) + mask


def _head(message: Scope | Message) -> int:
    headers: list[tuple[bytes, bytes]] = list(message.get("headers", []))
    return sum(len(name) + len(value) + 4 for name, value in headers) + 2


def _frame(data: Sized) -> int:
    length = len(data)
    return length + (2 if length < 126 else 4 if length < 65536 else 10)
