"""Of `wire`: what passes is passed on, and kept."""

import httpx2
import pytest
from fastapi import FastAPI, Request

from lab import serve, wire


def _application() -> FastAPI:
    app = FastAPI()

    @app.post("/notes")
    async def add(request: Request) -> int:
        return len(await request.body())

    return app


def test_both_directions_are_heard() -> None:
    with serve(_application()) as running, wire(running.port) as line:
        url = f"http://127.0.0.1:{line.port}/notes"
        answered = httpx2.post(url, content=b"a secret", trust_env=False)

        assert answered.text == "8"
        assert b"POST /notes" in line.sent
        assert line.sent.endswith(b"a secret")
        assert line.received.endswith(b"8")


def test_a_large_body_arrives_whole() -> None:
    with serve(_application()) as running, wire(running.port) as line:
        url = f"http://127.0.0.1:{line.port}/notes"
        answered = httpx2.post(url, content=bytes(3_000_000), trust_env=False)

    assert answered.text == "3000000"


def test_nobody_gets_through_once_it_is_cut() -> None:
    with serve(_application()) as running, wire(running.port) as line:
        with httpx2.Client(
            base_url=f"http://127.0.0.1:{line.port}", trust_env=False
        ) as client:
            assert client.post("/notes").text == "0"
            line.cut()
            with pytest.raises(httpx2.TransportError):
                client.post("/notes")

        assert running.client.post("/notes").text == "0"
