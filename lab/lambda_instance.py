"""An instance of a function on AWS Lambda: a process in which Mangum handles events."""

import asyncio
import json
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing.connection import Connection
from typing import Any

from fastapi import FastAPI
from mangum import Mangum
from starlette.types import ASGIApp, Receive, Scope, Send

from lab.forked import Ended, Forked, forked
from lab.outcome import in_words

# Seconds that an instance gets for an event, however busy the machine is.
_PATIENCE = 30.0


class LambdaInstance:
    """An instance at work; it handles one event at a time."""

    def __init__(self, child: Forked, events: Connection) -> None:
        self._child = child
        self._events = events

    def send(self, method: str, path: str) -> tuple[int, Any]:
        """Return the status code and the JSON of the response to a request.

        If an exception left the application, its words stand in the place of the JSON.

        Raises:
            AssertionError: there is none, because something waits, or the process has
                ended.
            NotImplementedError: the application's answer is still open.
        """
        try:
            self._events.send(_event(method, path))
            if not self._events.poll(_PATIENCE):
                raise AssertionError(
                    f"After {_PATIENCE:g} s, `{method} {path}` has no response."
                )
            response, raised = self._events.recv()
        except (EOFError, ConnectionError):
            ended = self._child.report()
            how = ended.raised if isinstance(ended, Ended) else "a server"
            raise AssertionError(f"`{method} {path}` led to {how}.") from None
        if raised:
            return response["statusCode"], raised
        try:
            return response["statusCode"], json.loads(response["body"])
        except ValueError:
            return response["statusCode"], response["body"]


@contextmanager
def lambda_instance(
    create: Callable[[threading.Event], ASGIApp],
    context: Callable[[], object] = lambda: None,
) -> Iterator[LambdaInstance]:
    """Yield an instance that serves the application returned by `create`.

    `create` is called in the new process. Its argument is set while Lambda would have
    frozen the instance: from the response to one event until the next event. `context`
    is called in that process as well. It returns the context object of each event.

    Raises:
        Unavailable: this system cannot copy a process (Windows).
    """
    _warm_up()
    ours, theirs = multiprocessing.Pipe()

    def handle() -> None:
        ours.close()
        frozen = threading.Event()
        app = create(frozen)
        raised: list[str] = []

        async def witness(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, send)
            except Exception as error:
                raised.append(in_words(error))
                raise

        respond = Mangum(witness)
        while True:
            event = theirs.recv()
            frozen.clear()
            raised.clear()
            response = respond(event, context())  # type: ignore[arg-type]
            frozen.set()
            theirs.send((response, "".join(raised[:1])))

    with ours, forked(handle) as child:
        theirs.close()
        yield LambdaInstance(child, ours)


@cache
def _warm_up() -> None:
    """Handle one event here, so that no instance has to import and compile again."""
    app = FastAPI()

    @app.get("/")
    async def root(name: str) -> dict[str, str]:
        return {"name": name}

    def handle() -> None:
        with asyncio.Runner() as runner:
            asyncio.set_event_loop(runner.get_loop())  # Mangum takes this one
            Mangum(app, lifespan="off")(_event("GET", "/?name=x"), None)  # type: ignore[arg-type]
            asyncio.set_event_loop(None)

    thread = threading.Thread(target=handle)  # its event loop is nobody else's
    thread.start()
    thread.join()


def _event(method: str, path: str) -> dict[str, Any]:
    """Return a request as an API Gateway passes it on (payload format 2.0)."""
    path, _, query = path.partition("?")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "rental.example", "x-forwarded-proto": "https"},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
