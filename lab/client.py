"""Clients that talk to an application within the test's own process."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx2
from starlette.testclient import TestClient
from starlette.types import ASGIApp


@contextmanager
def client(app: ASGIApp, *, raises: bool = True) -> Iterator[TestClient]:
    """Yield a client of `app`, started up before and shut down afterwards.

    An exception that no handler of the application answers is raised in the test;
    with `raises=False` the client sees the 500 that a real client would see.
    """
    with TestClient(app, raise_server_exceptions=raises) as one:
        yield one


@asynccontextmanager
async def async_client(app: ASGIApp) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client that runs `app` in the event loop of the test.

    Requests that the test gathers are answered concurrently, as a server does. The
    lifespan of the application is not run.
    """
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://lab") as one:
        yield one
