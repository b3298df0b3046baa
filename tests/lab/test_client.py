"""Of `client` and `async_client`: an application within the test's own process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI, Request

from lab import async_client, client


def _application(lived: list[str]) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        lived.append("started")
        yield
        lived.append("stopped")

    app = FastAPI(lifespan=lifespan)

    @app.get("/books")
    async def books() -> list[str]:
        return ["Emma"]

    @app.get("/broken")
    async def broken() -> None:
        raise LookupError("no such shelf")

    return app


def test_a_client_starts_the_application_and_stops_it() -> None:
    lived: list[str] = []
    with client(_application(lived)) as reader:
        assert lived == ["started"]
        assert reader.get("/books").json() == ["Emma"]

    assert lived == ["started", "stopped"]


def test_what_no_handler_answers_is_raised_in_the_test() -> None:
    with client(_application([])) as reader, pytest.raises(LookupError, match="shelf"):
        reader.get("/broken")


def test_or_it_is_seen_as_a_client_sees_it() -> None:
    with client(_application([]), raises=False) as reader:
        assert reader.get("/broken").status_code == 500


async def test_gathered_requests_are_answered_concurrently() -> None:
    app = FastAPI()
    together = asyncio.Barrier(3)

    @app.get("/meet")
    async def meet() -> str:
        async with asyncio.timeout(5):
            await together.wait()
        return "met"

    async with async_client(app) as reader:
        answers = await asyncio.gather(*[reader.get("/meet") for _ in range(3)])

    assert [answer.json() for answer in answers] == ["met"] * 3


async def test_the_async_client_leaves_the_lifespan_alone() -> None:
    lived: list[str] = []
    async with async_client(_application(lived)) as reader:
        assert (await reader.get("/books")).json() == ["Emma"]

    assert lived == []


async def test_the_async_client_runs_the_lifespan_when_told() -> None:
    lived: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        lived.append("start")
        yield {"shop": "Emma's"}
        lived.append("stop")

    app = FastAPI(lifespan=lifespan)

    @app.get("/shop")
    async def shop(request: Request) -> str:
        return str(request.state.shop)

    async with async_client(app, lifespan=True) as reader:
        assert (await reader.get("/shop")).json() == "Emma's"

    assert lived == ["start", "stop"]
