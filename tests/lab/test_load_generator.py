"""Of `load_generator`: Locust in a process of its own."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from fastapi import FastAPI, HTTPException

from lab import LoadGenerator, LoadTest, Reported, load_generator, serve


@pytest.fixture(scope="module")
def generator() -> Iterator[LoadGenerator]:
    with load_generator() as one:
        yield one


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    app = FastAPI()

    @app.get("/seats/{seat}")
    def seat(seat: int) -> int:
        if seat == 13:
            raise HTTPException(404)
        return seat

    with serve(app) as server:
        yield server.url


def written(folder: Path, body: str) -> Path:
    path = folder / "locustfile.py"
    path.write_text(
        "from locust import *\nclass Visitor(HttpUser):\n"
        + "".join(f"    {line}\n" for line in dedent(body).strip().split("\n"))
    )
    return path


def test_requests_have_names_and_failures(
    generator: LoadGenerator, host: str, tmp_path: Path
) -> None:
    body = """
        @task
        def look(self):
            self.client.get("/seats/13", name="/seats/[id]")
    """
    seen = generator.run(written(tmp_path, body), host, users=1, tasks=1)

    failure = seen.requests[0].failure
    assert failure is not None
    assert "404" in failure
    assert seen == LoadTest(
        [Reported("GET", "/seats/13", "/seats/[id]", failure)], [[0]], []
    )


@pytest.mark.parametrize("weights", [(3, 1), (9, 3), (30, 10)])
def test_tasks_have_the_shares_of_their_weights(
    generator: LoadGenerator, host: str, tmp_path: Path, weights: tuple[int, int]
) -> None:
    body = f"""
        wait_time = constant(60)

        @task({weights[0]})
        def first(self):
            self.client.get("/seats/1")

        @task({weights[1]})
        class Others(TaskSet):
            @task
            def second(self):
                self.client.get("/seats/2")
                self.interrupt()
    """
    seen = generator.run(written(tmp_path, body), host, users=2, tasks=8)

    assert [set(waits) for waits in seen.waits] == [{60}, {60}]
    paths = Counter(one.path for one in seen.requests)
    assert paths == {"/seats/1": 12, "/seats/2": 4}


def test_a_sequence_ends_too(
    generator: LoadGenerator, host: str, tmp_path: Path
) -> None:
    body = """
        @task
        class Visit(SequentialTaskSet):
            @task
            def first(self):
                self.client.get("/seats/1")

            @task
            def second(self):
                self.client.get("/seats/2")
    """
    seen = generator.run(written(tmp_path, body), host, users=1, tasks=3)

    assert [one.path[-1] for one in seen.requests] == ["1", "2", "1"]


def test_exceptions_are_told(
    generator: LoadGenerator, host: str, tmp_path: Path
) -> None:
    body = """
        @task
        def look(self):
            {}["seat"]
    """
    seen = generator.run(written(tmp_path, body), host, users=1, tasks=2)

    assert seen.errors == ["KeyError: 'seat'"] * 2


def test_an_open_answer_is_open(
    generator: LoadGenerator, host: str, tmp_path: Path
) -> None:
    path = written(tmp_path, "def on_start(self):\n    raise NotImplementedError")

    with pytest.raises(NotImplementedError) as raised:
        generator.run(path, host, users=1, tasks=1)

    last = raised.traceback[-1]
    assert (str(last.path), last.lineno + 1) == (str(path), 4)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("pass", "Exception: No tasks defined"),
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("abstract = True", "it has no class of users"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def (self)", "SyntaxError"),
        (
            """
            @task
            def look(self):
                while True:
                    self.client.get("/seats/1")
            """,
            "after 0.5 s, users still run",
        ),
    ],
)
def test_a_file_that_cannot_run_is_one_sentence(
    generator: LoadGenerator, host: str, tmp_path: Path, body: str, said: str
) -> None:
    path = written(tmp_path, body)

    if said.startswith("Exception"):
        seen = generator.run(path, host, users=1, tasks=1)
        assert seen.errors[0].startswith(said)
        return
    with pytest.raises(AssertionError, match="Locust cannot run") as raised:
        generator.run(path, host, users=1, tasks=1, patience=0.5)
    assert said in str(raised.value)


def test_a_process_that_ends_is_replaced(
    generator: LoadGenerator, host: str, tmp_path: Path
) -> None:
    path = written(tmp_path, "import os; os._exit(1)")
    with pytest.raises(AssertionError, match="did not come to the end"):
        generator.run(path, host, users=1, tasks=1)

    body = "@task\ndef look(self):\n    print('looked')"
    assert generator.run(written(tmp_path, body), host, users=1, tasks=1).waits == [[0]]


def test_it_is_not_imported_here() -> None:
    assert "gevent" not in sys.modules
