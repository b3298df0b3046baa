"""Clients that talk to an application within the test's own process."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send


@contextmanager
def client(app: ASGIApp, *, raises: bool = True) -> Iterator[TestClient]:
    """Yield a client of `app`, started up before and shut down afterwards.

    An exception that no handler of the application answers is raised in the test;
    with `raises=False` the client sees the 500 that a real client would see.
    """
    with TestClient(app, raise_server_exceptions=raises) as one:
        yield one


@asynccontextmanager
async def async_client(
    app: ASGIApp, *, lifespan: bool = False
) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client that runs `app` in the event loop of the test.

    Requests that the test gathers are answered concurrently, as a server does. The
    lifespan of the application is run, and its state passed to the requests, only
    with `lifespan=True`; `app` is then an application of Starlette or FastAPI.
    """
    async with AsyncExitStack() as stack:
        served = app
        if lifespan:
            assert isinstance(app, Starlette), "This application has no lifespan."
            run: Any = app.router.lifespan_context(app)
            served = _with_state(app, await stack.enter_async_context(run) or {})
        transport = httpx2.ASGITransport(app=served)
        yield await stack.enter_async_context(
            httpx2.AsyncClient(transport=transport, base_url="http://lab")
        )


def _with_state(app: ASGIApp, state: Mapping[str, Any]) -> ASGIApp:
    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    return served
