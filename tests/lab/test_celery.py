"""Of `celery_worker`: it runs tasks as a worker does, and leaves nothing behind."""

import logging
import sys
import threading
from collections.abc import Iterator

import pytest
from celery import Celery, current_app, shared_task

from lab import CeleryWorker, RedisServer, celery_isolated, celery_worker


class Broken(Exception):
    """What a task of this file raises."""


@pytest.fixture
def app(redis: RedisServer) -> Celery:
    app = Celery("lab", broker=redis.url, backend=redis.url, set_as_current=False)

    @app.task(name="double", shared=False)
    def double(number: int) -> int:
        return 2 * number

    @app.task(name="fail", shared=False, acks_late=True)
    def fail() -> None:
        raise Broken

    @app.task(name="again", shared=False, bind=True, max_retries=1)
    def again(self) -> None:
        raise self.retry(countdown=0, exc=Broken())

    return app


@pytest.fixture
def worker(app: Celery) -> Iterator[CeleryWorker]:
    with celery_worker(app) as running:
        yield running


def test_it_runs_a_task_and_stores_its_result(
    app: Celery, worker: CeleryWorker
) -> None:
    result = app.send_task("double", [21])
    [run] = worker.wait_for()
    assert (run.task, run.args, run.state, run.result) == (
        "double",
        (21,),
        "SUCCESS",
        42,
    )
    assert result.get(timeout=5) == 42


@pytest.mark.parametrize(
    ("task", "states"), [("fail", ["FAILURE"]), ("again", ["RETRY", "FAILURE"])]
)
def test_a_task_that_raises_is_a_run_too(
    app: Celery, worker: CeleryWorker, task: str, states: list[str]
) -> None:
    app.send_task(task)
    runs = worker.wait_for(len(states))
    assert [run.state for run in runs] == states
    assert isinstance(runs[-1].result, Broken)
    assert task in worker.errors[0]


@pytest.mark.parametrize("threads", [0, 2])
def test_a_task_waits_for_an_event_of_the_test(app: Celery, threads: int) -> None:
    inside, released = threading.Event(), threading.Event()

    @app.task(name="hold", shared=False, acks_late=True)
    def hold() -> None:
        inside.set()
        released.wait(5)

    before = threading.enumerate()
    with celery_worker(app, threads=threads) as worker:
        app.send_task("hold")
        assert inside.wait(5)
        assert worker.runs == []
        released.set()
        worker.wait_for()
    assert threading.enumerate() == before


def test_what_was_sent_before_is_run_by_the_next_worker(app: Celery) -> None:
    with celery_isolated():
        app.send_task("double", [1])
    with celery_worker(app) as worker:
        worker.wait_for()
    with celery_worker(app) as worker:
        app.send_task("double", [2])
        assert [run.args for run in worker.wait_for()] == [(2,)]


def test_a_result_may_be_awaited_after_the_worker(app: Celery) -> None:
    with celery_worker(app) as worker:
        result = app.send_task("double", [21])
        worker.wait_for()
    assert result.get(timeout=5) == 42


def test_nothing_is_left_afterwards(app: Celery, redis: RedisServer) -> None:
    threads, handlers = (
        threading.enumerate(),
        list(logging.getLogger("celery").handlers),
    )
    with celery_worker(app) as worker:
        kept = app.send_task("double", [1])
        kept.get(timeout=5)
        worker.wait_for()
    del kept
    assert threading.enumerate() == threads
    assert logging.getLogger("celery").handlers == handlers
    assert len(redis.client.client_list()) == 1


def test_a_run_that_does_not_come_is_told(
    app: Celery, worker: CeleryWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[celery_worker.__module__], "_PATIENCE", 0.5)
    app.send_task("unknown")
    with pytest.raises(AssertionError, match=r"ended 0 of 1 .*unregistered task"):
        worker.wait_for()


def test_a_message_for_another_queue_is_told_before_patience_ends(
    app: Celery, worker: CeleryWorker
) -> None:
    app.send_task("double", [1], queue="other")
    with pytest.raises(AssertionError, match=r"0 of 1 .*No message waits for it"):
        worker.wait_for()


def test_a_message_that_waits_for_its_time_is_no_idle_worker(
    app: Celery, worker: CeleryWorker
) -> None:
    app.send_task("double", [1], countdown=1)
    assert [run.result for run in worker.wait_for()] == [2]


def test_it_tells_whether_a_task_sets_an_event(app: Celery) -> None:
    inside = threading.Event()

    @app.task(name="enter", shared=False)
    def enter() -> None:
        inside.set()

    with celery_worker(app) as worker:
        assert not worker.reaches(inside)
        app.send_task("enter")
        assert worker.reaches(inside)
        worker.wait_for()


def test_a_result_backend_that_does_not_answer_is_told(redis: RedisServer) -> None:
    silent = "redis://127.0.0.1:1/0"
    app = Celery("lab", broker=redis.url, backend=silent, set_as_current=False)
    with (
        pytest.raises(AssertionError, match=r"backend .*:1/0, does not answer"),
        celery_worker(app),
    ):
        pass


def test_a_shared_task_without_an_app_does_no_harm(redis: RedisServer) -> None:
    with celery_isolated():
        shared = shared_task(name="shared")(test_nothing_is_left_afterwards)
        with celery_worker(Celery("lab", broker=redis.url)):
            pass
    assert shared is not None


def test_a_broker_that_does_not_answer_is_told() -> None:
    app = Celery("lab", broker="redis://127.0.0.1:1/0", set_as_current=False)
    with (
        pytest.raises(AssertionError, match=r"127\.0\.0\.1:1/0, does not answer"),
        celery_worker(app),
    ):
        pass


def test_shared_tasks_are_forgotten(redis: RedisServer) -> None:
    with celery_isolated():
        first = Celery("first", broker=redis.url)
        first.task(name="shared")(test_shared_tasks_are_forgotten)
        assert "shared" in Celery("second", broker=redis.url).tasks
    assert "shared" not in Celery("third", set_as_current=False).tasks
    assert current_app.main != "second"
