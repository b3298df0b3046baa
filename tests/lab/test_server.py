"""Of `serve`: a real server that starts, stops, and tells what went wrong."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from lab import serve, server


def _application(lived: list[str] | None = None) -> FastAPI:
    noted = [] if lived is None else lived

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        noted.append("started")
        yield
        noted.append("stopped")

    app = FastAPI(lifespan=lifespan)

    @app.get("/books")
    async def books() -> list[str]:
        return ["Emma"]

    @app.get("/broken")
    async def broken() -> None:
        raise LookupError("no such shelf")

    return app


def _threads() -> set[threading.Thread]:
    return set(threading.enumerate())


def test_it_is_reached_over_a_socket() -> None:
    with serve(_application()) as running:
        assert running.url == f"http://127.0.0.1:{running.port}"
        assert httpx2.get(f"{running.url}/books").json() == ["Emma"]
        assert running.client.get("/books").json() == ["Emma"]


def test_the_application_is_started_before_and_stopped_after() -> None:
    lived: list[str] = []
    with serve(_application(lived)):
        assert lived == ["started"]
    assert lived == ["started", "stopped"]


def test_nothing_is_left_of_it() -> None:
    before = _threads()
    with serve(_application()) as running:
        running.client.get("/books")
        assert _threads() > before

    assert _threads() <= before
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", running.port), 1)


def test_two_run_side_by_side() -> None:
    with serve(_application()) as one, serve(_application()) as other:
        assert one.port != other.port
        assert one.client.get("/books").json() == other.client.get("/books").json()


def test_what_left_the_application_is_kept() -> None:
    with serve(_application()) as running:
        assert running.client.get("/broken").status_code == 500
        (error,) = running.errors

    assert isinstance(error, LookupError)


def test_what_the_block_raises_has_it_as_its_cause() -> None:
    def read() -> None:
        with serve(_application()) as running:
            assert running.client.get("/broken").status_code == 200

    with pytest.raises(AssertionError) as caught:
        read()
    assert isinstance(caught.value.__cause__, LookupError)


def test_a_cause_that_is_there_already_stays() -> None:
    def read() -> None:
        with serve(_application()) as running:
            running.client.get("/broken")
            raise ValueError("empty") from KeyError("mine")

    with pytest.raises(ValueError, match="empty") as caught:
        read()
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_application_that_fails_to_start_is_told_with_its_reason() -> None:
    before = _threads()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        raise ConnectionError("no database")
        yield

    def start() -> None:
        with serve(FastAPI(lifespan=lifespan)):
            pytest.fail("it was started")

    with pytest.raises(RuntimeError, match="start-up failed") as caught:
        start()
    assert isinstance(caught.value.__cause__, ConnectionError)
    assert _threads() <= before


def test_one_that_never_gets_ready_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_START", 0.2)
    monkeypatch.setattr(server, "_STOP", 0.2)
    before = _threads()
    release = threading.Event()

    async def stuck(scope: Scope, receive: Receive, send: Send) -> None:
        release.wait(10)

    def start(app: ASGIApp) -> None:
        with serve(app):
            pytest.fail("it was started")

    try:
        with pytest.raises(RuntimeError, match="start-up failed"):
            start(stuck)
    finally:
        release.set()
    for thread in _threads() - before:
        thread.join(5)  # what it says after that is nobody's trouble
    assert _threads() <= before


def test_a_request_under_way_does_not_keep_it_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "_GRACE", 0.1)
    app = FastAPI()
    entered = threading.Event()
    left: list[str] = []

    @app.get("/endless")
    async def endless() -> None:
        entered.set()
        try:
            await asyncio.sleep(60)
        finally:
            left.append("cancelled")

    def ask(url: str) -> None:
        try:
            httpx2.get(f"{url}/endless")
        except httpx2.HTTPError:
            left.append("told")

    began = time.monotonic()
    with serve(app) as running:
        asking = threading.Thread(target=ask, args=(running.url,))
        asking.start()
        assert entered.wait(5)
    asking.join(5)

    assert "cancelled" in left
    assert time.monotonic() - began < 5
