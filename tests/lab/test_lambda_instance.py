"""Of `lambda_instance`: an application on AWS Lambda."""

import asyncio
import os
import threading

import pytest
from fastapi import FastAPI, Request

from lab import LambdaInstance, lambda_instance


def _app(frozen: threading.Event) -> FastAPI:
    app = FastAPI()
    seen: list[bool] = []

    async def look() -> None:
        await asyncio.sleep(0)
        seen.append(frozen.is_set())

    @app.put("/items/{name}")
    async def put(name: str, to: str) -> list[str]:
        return [name, to]

    @app.get("/process")
    async def process() -> int:
        return os.getpid()

    @app.get("/seen")
    async def show() -> list[bool]:
        await look()
        return seen

    @app.get("/context")
    async def context(request: Request) -> str:
        return repr(request.scope["aws.context"])

    @app.get("/error")
    async def error() -> None:
        raise ValueError("no item")

    @app.get("/exit")
    async def leave() -> None:
        os._exit(3)

    return app


def test_each_instance_is_a_process() -> None:
    with lambda_instance(_app) as one, lambda_instance(_app) as other:
        numbers = [each.send("GET", "/process") for each in (one, other, one)]

    assert numbers[0] == numbers[2] != numbers[1]
    assert os.getpid() not in [number for _, number in numbers]


def test_a_request_has_a_path_and_a_query() -> None:
    with lambda_instance(_app) as one:
        assert one.send("PUT", "/items/x?to=y") == (200, ["x", "y"])
        assert one.send("PUT", "/none") == (404, {"detail": "Not Found"})


def test_an_instance_is_not_frozen_during_an_event() -> None:
    with lambda_instance(_app) as one:
        one.send("GET", "/seen")
        assert one.send("GET", "/seen") == (200, [False, False])


def test_each_event_has_a_context_object() -> None:
    numbers = iter(range(1, 9))
    with lambda_instance(_app, lambda: next(numbers)) as one:
        assert one.send("GET", "/context") == (200, "1")
        assert one.send("GET", "/context") == (200, "2")
    with lambda_instance(_app) as one:
        assert one.send("GET", "/context") == (200, "None")


def test_an_exception_is_told_in_words() -> None:
    with lambda_instance(_app) as one:
        assert one.send("GET", "/error") == (500, "ValueError: no item")
        assert one.send("GET", "/process")[0] == 200


def test_the_end_of_an_instance_is_told() -> None:
    with (
        lambda_instance(_app) as one,
        pytest.raises(AssertionError, match=r"`GET /exit` led to .* exit status 3\."),
    ):
        one.send("GET", "/exit")


def test_an_open_answer_stays_open() -> None:
    def create(_: threading.Event) -> FastAPI:
        raise NotImplementedError

    def ask(instance: LambdaInstance) -> None:
        instance.send("GET", "/")

    with lambda_instance(create) as one, pytest.raises(NotImplementedError):
        ask(one)
