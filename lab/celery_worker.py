"""A real Celery worker for one test, in a thread of the test's process."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from celery import Celery, Task, signals
from celery._state import _set_task_join_will_block
from celery.worker import WorkController, state
from celery.worker.consumer import Consumer
from kombu.asynchronous import set_event_loop
from kombu.exceptions import OperationalError
from kombu.transport.redis import Channel, Transport
from redis import Redis, RedisError

from lab.celery_isolation import celery_disconnected

# Seconds that the worker gets to start, to run the tasks that a test waits for, and to
# stop. A right answer needs a small part of them.
_PATIENCE = 12
# Celery's Redis backend stores results with a command that redis-py calls deprecated.
_SETEX = "Call to deprecated setex"
# Seconds that the worker waits for a message before it looks whether it is to stop.
_LOOK = 0.1
# How often in succession the worker looks, and finds nothing to do, until it is idle.
_IDLE = 5


@dataclass(frozen=True)
class TaskRun:
    """One run of a task that has ended: with "SUCCESS", "FAILURE" or "RETRY".

    `result` is what the task returned or raised.
    """

    task: str
    args: tuple[Any, ...]
    state: str
    result: object


class CeleryWorker:
    """A running worker of one Celery app.

    `runs` are the task runs that have ended, `errors` the first lines of what the
    worker logged as errors: an unknown task, say, or a task that raised.
    """

    def __init__(self, app: Celery) -> None:
        self.runs: list[TaskRun] = []
        self.errors: list[str] = []
        self._app = app
        self._changed = threading.Condition()
        self._looks = 0  # that found nothing to do, in succession

    def wait_for(self, count: int = 1) -> list[TaskRun]:
        """Return the runs, once so many have ended. Send the messages before.

        Raises:
            AssertionError: the worker has nothing to do any more, or they have not
                ended for a long time.
        """
        with self._changed:
            self._looks = 0
            self._changed.wait_for(
                lambda: len(self.runs) >= count or self._looks >= _IDLE,
                timeout=_PATIENCE,
            )
            ended = [f"{run.task} {run.state}" for run in self.runs]
            is_idle = self._looks >= _IDLE
        log = "; ".join(error.rstrip(".") for error in self.errors)
        assert len(ended) >= count, (
            f"The worker ended {len(ended)} of {count} task runs: "
            f"{', '.join(ended)[:60] or 'none'}. "
            f"{'No message waits for it. ' if is_idle else ''}Errors in its log: "
            f"{log[:100] or 'none'}. Look at the name of the task, and at the queue."
        )
        return list(self.runs)

    def reaches(self, event: threading.Event) -> bool:
        """Return whether a task sets this event before the worker is idle."""
        with self._changed:
            self._looks, before = 0, len(self.runs)
        for _ in range(_PATIENCE * 50):
            if event.wait(0.02) or len(self.runs) > before or self._looks >= _IDLE:
                break
        return event.is_set()

    def _looked(self, *, found: bool) -> None:
        with self._changed:
            self._looks = 0 if found else self._looks + 1
            self._changed.notify_all()

    def _ended(self, sender: Task, **told: Any) -> None:
        if sender.app is not self._app:
            return
        run = TaskRun(sender.name, tuple(told["args"]), told["state"], told["retval"])
        with self._changed:
            self.runs.append(run)
            self._looks = 0
            self._changed.notify_all()


class _Errors(logging.Handler):
    """Keeps the first line of each error in a list."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._errors = errors

    def emit(self, record: logging.LogRecord) -> None:
        self._errors.append(record.getMessage().strip().partition("\n")[0])


class _Controller(WorkController):  # type: ignore[misc]
    """A worker that tells when it listens, and when it has nothing to do."""

    def __init__(self, app: Celery, threads: int, told: CeleryWorker) -> None:
        self.listening = threading.Event()
        self._told, self._threads = told, threads
        self.connection = app.connection_for_read()
        self._turns = 0  # of the event loop
        self._last_look = -1
        super().__init__(
            app=app,
            pool="threads" if threads else "solo",
            concurrency=threads or 1,
            loglevel="CRITICAL",
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )

    def on_consumer_ready(self, consumer: Consumer) -> None:
        # The channel of the worker always waits for an answer of Redis.
        channel = self.connection.default_channel
        if consumer.hub and not self._threads and isinstance(channel, Channel):
            consumer.hub.on_tick.add(self._turn)
            consumer.hub.call_repeatedly(_LOOK, self._look, consumer, channel)
        self.listening.set()

    def _turn(self) -> None:
        self._turns += 1

    def _look(self, consumer: Consumer, channel: Any) -> None:
        # The loop runs this between two tasks. A message that has left the queue can
        # still be on its way to the worker: the next turn of the loop receives it.
        if self._turns == self._last_look:
            return
        self._last_look = self._turns
        found = channel.client.hlen(channel.unacked_key)
        for queue in consumer.task_consumer.queues:
            found += channel.queue_declare(queue.name).message_count
        self._told._looked(found=found > 0)


@contextmanager
def celery_worker(app: Celery, *, threads: int = 0) -> Iterator[CeleryWorker]:
    """Yield a worker that runs the tasks of `app`, one at a time; stop it afterwards.

    The worker is a thread, so a task can wait for an event of the test. Release such a
    task before the block ends. A process has one worker at a time.

    A worker acknowledges messages when it runs no task. With `threads`, so many threads
    run the tasks, and a message is acknowledged as the task's `acks_late` has it.

    Raises:
        AssertionError: the broker or the result backend of `app` does not answer, or a
            task does not end.
    """
    worker = CeleryWorker(app)
    handler = _Errors(worker.errors)
    logging.getLogger("celery").addHandler(handler)
    signals.task_postrun.connect(worker._ended, weak=False)
    try:
        with warnings.catch_warnings(), celery_disconnected():
            warnings.filterwarnings("ignore", _SETEX, DeprecationWarning)
            _refuse_silent_broker(app)
            _refuse_silent_backend(app)
            with _started(app, threads, worker):
                yield worker
    finally:
        signals.task_postrun.disconnect(worker._ended)
        logging.getLogger("celery").removeHandler(handler)


def _refuse_silent_broker(app: Celery) -> None:
    with app.connection() as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=10)
        except OperationalError as error:
            raise AssertionError(
                f"The broker of the Celery app, {connection.as_uri()[:100]}, does not "
                f"answer: {str(error)[:100].rstrip('.')}. Look at its URL."
            ) from error


def _refuse_silent_backend(app: Celery) -> None:
    url = app.conf.result_backend
    if not isinstance(url, str) or not url.startswith("redis:"):
        return
    # Celery tries again for minutes.
    with Redis.from_url(url, socket_timeout=10, socket_connect_timeout=10) as one:
        try:
            one.ping()
        except RedisError as error:
            raise AssertionError(
                f"The result backend of the Celery app, {url[:100]}, does not answer: "
                f"{str(error)[:100].rstrip('.')}. Look at its URL."
            ) from error


@contextmanager
def _started(app: Celery, threads: int, worker: CeleryWorker) -> Iterator[None]:
    usual = Transport.brpop_timeout
    Transport.brpop_timeout = _LOOK  # type: ignore[assignment]
    controller = _Controller(app, threads, worker)
    # The process is not only the worker: others may wait for the result of a task, in
    # the block and after it.
    _set_task_join_will_block(False)
    app.set_default()  # for the threads of the worker
    thread = threading.Thread(target=controller.start, daemon=True)
    thread.start()
    try:
        assert controller.listening.wait(_PATIENCE), (
            f"A worker of the Celery app {app.main!r} does not start."
        )
        yield
    finally:
        state.should_stop = 0
        thread.join(_PATIENCE)
        state.should_stop = None
        set_event_loop(None)
        controller.connection.release()
        Transport.brpop_timeout = usual
        assert not thread.is_alive(), "A task of the Celery worker does not end."
