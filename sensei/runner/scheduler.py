"""The scheduler: what runs next; pytest collects a test file when its turn comes."""

from collections import deque
from dataclasses import dataclass, field

import pytest

from sensei.content.repository import Repository
from sensei.grading.classify import KoanTest
from sensei.grading.verdict import Verdict
from sensei.plugin.execution import REPOSITORY, koan_test_of, skipped_by
from sensei.runner.preload import preload_imports
from sensei.runner.protocol import (
    CollectionFailed,
    KoanDone,
    RequestDone,
    RunKoans,
    TestReported,
    send,
)

# Seconds, if neither a test nor `pyproject.toml` says how long it may take.
_TIMEOUT = 10.0


@dataclass
class _Order:
    """A request; `unfinished` counts its koans that have not ended."""

    number: int
    test_files: deque[str]
    koans: list[str] | None
    unfinished: int = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is still to be collected or run."""
        return not self.test_files and not self.unfinished


@dataclass
class Job:
    """The tests of one koan, to be run for one request.

    `timeout` is the longest time that one of them may take, in seconds.
    """

    order: _Order
    koan: str
    section: str
    items: list[pytest.Item] = field(default_factory=list)
    timeout: float = 0.0

    @property
    def request(self) -> int:
        """The number of the request."""
        return self.order.number

    def add(self, item: pytest.Item) -> None:
        """Add a test of the koan."""
        self.items.append(item)
        self.timeout = max(self.timeout, _timeout_of(item))

    def test(self, node_id: str = "") -> KoanTest:
        """Return the test `node_id` of the job, or else its first one."""
        items = self.items
        item = next((one for one in items if one.nodeid == node_id), items[0])
        test = koan_test_of(item)
        assert test is not None
        return test


@dataclass
class _Collection:
    """What pytest found in a test file: tests, or why there are none."""

    items: list[pytest.Item] = field(default_factory=list)
    error: str = ""
    skipped: list[Verdict] = field(default_factory=list)


class Scheduler:
    """Holds the jobs of requests; sends to `events` what becomes of them."""

    def __init__(self, session: pytest.Session, events: int) -> None:
        self._session = session
        self._events = events
        self._waiting: deque[_Order] = deque()
        self._jobs: deque[Job] = deque()
        # Kept, because pytest collects a file only once in a session.
        self._collections: dict[str, _Collection] = {}
        self._current = _Collection()
        session.config.pluginmanager.register(self, "sensei-scheduler")

    @property
    def _repository(self) -> Repository:
        return self._session.config.stash[REPOSITORY]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep why a test file could not be collected, or was skipped."""
        if report.failed:
            self._current.error = report.longreprtext.strip().splitlines()[-1]
        self._current.skipped += skipped_by(report, self._repository)

    def add(self, request: RunKoans) -> None:
        """Add a request; the latest is served first, because somebody waits for it."""
        files = deque(request.test_files)
        self._waiting.appendleft(_Order(request.request, files, request.koans))

    def drop(self, request: int) -> None:
        """Forget what still waits of the request with this number."""
        self._waiting = deque(one for one in self._waiting if one.number != request)
        self._jobs = deque(job for job in self._jobs if job.request != request)

    def next_job(self) -> Job | None:
        """Return what to run next; collect a further file if there is no job yet."""
        while True:
            newest = self._waiting[0] if self._waiting else None
            own = (job for job in self._jobs if newest in (None, job.order))
            job = next(own, None)
            if job is not None:
                self._jobs.remove(job)
                return job
            if newest is None:
                return None
            if newest.test_files:
                self._collect(newest, newest.test_files.popleft())
            if not newest.test_files:
                self._waiting.popleft()
                self._finish(newest)

    def _collect(self, order: _Order, path: str) -> None:
        """Collect the tests in the file `path`, and queue its koans for `order`."""
        collection = self._collection(path)
        if collection.error:
            failed = CollectionFailed(order.number, path, collection.error)
            send(self._events, failed)
            return
        self._send_skipped(order, collection.skipped)
        jobs: dict[str, Job] = {}
        for item in collection.items:
            test = koan_test_of(item)
            if test is not None:
                koan = str(test.koan)
                jobs.setdefault(koan, Job(order, koan, str(test.section))).add(item)
        wanted = jobs if order.koans is None else order.koans
        chosen = [jobs[koan] for koan in wanted if koan in jobs]
        self._jobs.extend(chosen)
        order.unfinished += len(chosen)

    def _collection(self, path: str) -> _Collection:
        """Return what pytest finds in the file `path`, or found before."""
        if path not in self._collections:
            self._collections[path] = self._current = _Collection()
            self._current.items = list(self._session.perform_collect([path]))
            items = self._current.items
            test = koan_test_of(items[0]) if items else None
            if test is not None:
                preload_imports(test.section.solution)
        return self._collections[path]

    def _send_skipped(self, order: _Order, skipped: list[Verdict]) -> None:
        """Send the verdicts on koans whose file skips itself, where they are wanted."""
        koans: dict[str, None] = {}
        for verdict in skipped:
            koan = str(verdict.koan)
            if order.koans is None or koan in order.koans:
                send(self._events, TestReported(order.number, verdict))
                koans[koan] = None
        for koan in koans:
            send(self._events, KoanDone(order.number, koan))

    def report(self, job: Job, verdict: Verdict) -> None:
        """Send a verdict of a job, and that of a whole file to its waiting koans."""
        send(self._events, TestReported(job.request, verdict))
        if not verdict.is_of_file:
            return
        for other in list(self._jobs):
            if (other.order, other.section) == (job.order, job.section):
                self._jobs.remove(other)
                test = other.test()
                same = Verdict(
                    test.koan,
                    verdict.state,
                    verdict.message,
                    verdict.location,
                    test=test.name,
                    is_of_file=True,
                )
                send(self._events, TestReported(other.request, same))
                self.end(other)

    def end(self, job: Job) -> None:
        """Send that a job has ended, and its request if it has."""
        send(self._events, KoanDone(job.request, job.koan))
        job.order.unfinished -= 1
        self._finish(job.order)

    def _finish(self, order: _Order) -> None:
        if order.is_done:
            send(self._events, RequestDone(order.number))


def _timeout_of(item: pytest.Item) -> float:
    """Return how long a test may take, in seconds."""
    marker = item.get_closest_marker("timeout")
    if marker is not None and marker.args:
        return float(marker.args[0])
    return float(item.config.getini("timeout") or _TIMEOUT)
