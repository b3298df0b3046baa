"""The scheduler: what runs next; pytest collects a test file when its turn comes."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sensei.content.repository import Repository
from sensei.errors import summary_of
from sensei.grading.verdict import State, Verdict
from sensei.plugin.execution import REPOSITORY, koan_test_of, skipped_by
from sensei.runner.child import NO_FILE, collection_error
from sensei.runner.job import Job, Order
from sensei.runner.preload import preload_imports
from sensei.runner.protocol import (
    CollectionFailed,
    KoanDone,
    RequestDone,
    RunKoans,
    TestReported,
    send,
)

# Koans of a section that one child runs. A fork for each would take longer; one for all
# would leave cores idle in the end, while the last section still runs on one of them.
_TOGETHER = 8


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
        # The latest first: somebody waits for it.
        self._orders: deque[Order] = deque()
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
            self._current.error = collection_error(report)
        self._current.skipped += skipped_by(report, self._repository)

    def add(self, request: RunKoans) -> None:
        """Add a request; it is served before those that wait already."""
        files = deque(request.test_files)
        self._orders.appendleft(Order(request.request, files, request.koans))

    def cancel(self, request: int) -> None:
        """Forget a request; who has its koans run must end that, and not report it."""
        for order in list(self._orders):
            if order.number == request:
                order.test_files.clear()
                order.jobs.clear()
                order.unfinished = 0
                self._finish(order)

    @property
    def is_for_all(self) -> bool:
        """Whether the latest request is for all koans: nobody waits for one of them."""
        return bool(self._orders) and self._orders[0].koans is None

    def collect_ahead(self) -> bool:
        """Collect a file of the latest request before its turn; return whether one was.

        For when there is nothing else to do but to wait for children.
        """
        order = next((one for one in self._orders if one.test_files), None)
        if order is None or order.jobs:
            return False
        self._collect(order, order.test_files.popleft())
        return True

    def next_job(self) -> Job | None:
        """Return what to run next; collect a further file if there is no job yet."""
        for order in list(self._orders):
            while not order.jobs and order.test_files:
                self._collect(order, order.test_files.popleft())
            if order.jobs:
                return order.jobs.popleft()
            self._finish(order)
        return None

    def _collect(self, order: Order, path: str) -> None:
        """Collect the tests in the file `path`, and queue its koans for `order`."""
        collection = self._collection(path)
        if collection.error:
            failed = CollectionFailed(order.number, path, collection.error)
            send(self._events, failed)
            return
        self._send_skipped(order, collection.skipped)
        koans: dict[str, list[pytest.Item]] = {}
        for item in collection.items:
            test = koan_test_of(item)
            if test is not None:
                koans.setdefault(str(test.koan), []).append(item)
        wanted = list(koans)
        size = _TOGETHER
        if order.koans is not None:  # somebody waits for each of them
            wanted = [koan for koan in order.koans if koan in koans]
            size = 1
        groups = [wanted[at : at + size] for at in range(0, len(wanted), size)]
        self._queue(order, [{koan: koans[koan] for koan in one} for one in groups])

    def _queue(
        self, order: Order, groups: Iterable[dict[str, list[pytest.Item]]]
    ) -> None:
        for group in groups:
            order.jobs.append(Job(order, group))
            order.unfinished += len(group)

    def _collection(self, path: str) -> _Collection:
        """Return what pytest finds in the file `path`, or found before."""
        if path not in self._collections:
            self._collections[path] = self._current = _Collection()
            try:
                self._current.items = list(self._session.perform_collect([path]))
            except pytest.UsageError:
                self._current.error = NO_FILE
            # A test file may raise whatever it likes: the server goes on.
            except BaseException as error:
                self._current.error = summary_of(error)
            section = self._repository.section_tested_by(Path(path))
            if section is not None and self._current.items:
                preload_imports(section.solution)
        return self._collections[path]

    def _send_skipped(self, order: Order, skipped: list[Verdict]) -> None:
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
        """Send a verdict of the koan that `job` runs now."""
        if not job.is_fresh:
            job.held.append(verdict)
            return
        send(self._events, TestReported(job.request, verdict))
        if verdict.is_of_file:
            self._report_to_others(job, verdict)

    def _report_to_others(self, job: Job, verdict: Verdict) -> None:
        """Send the verdict on a whole file to the koans that wait in jobs of theirs."""
        section = job.test().section
        for other in list(job.order.jobs):
            if other.test().section != section:
                continue
            job.order.jobs.remove(other)
            test = other.test()
            same = replace(verdict, koan=test.koan, test=test.name)
            send(self._events, TestReported(other.request, same))
            self._end(other)

    def end_koan(self, job: Job) -> bool:
        """End the koan that `job` runs now; return whether its child may go on.

        A koan that fails after another one may do so because of that one: it runs
        again, in a process of its own.
        """
        if any(one.state is State.FAILING and not one.is_of_file for one in job.held):
            self._run_again(job)
            return False
        for verdict in job.held:
            send(self._events, TestReported(job.request, verdict))
        self._end(job)
        return True

    def end_early(self, job: Job, node_id: str, reason: str) -> None:
        """End a job whose child has ended, for this `reason`, in the test `node_id`."""
        if job.is_fresh:
            verdict = job.test(node_id).verdict(State.FAILING, reason)
            send(self._events, TestReported(job.request, verdict))
            self._end(job)
        if job.koans:
            self._run_again(job)

    def _run_again(self, job: Job) -> None:
        """Let another child run what `job` has not ended."""
        job.order.jobs.appendleft(Job(job.order, job.koans))

    def _end(self, job: Job) -> None:
        """Send that the koan which `job` runs now has ended; go on to the next."""
        koan = job.koan
        del job.koans[koan]
        job.is_fresh = False
        job.held = []
        send(self._events, KoanDone(job.request, koan))
        job.order.unfinished -= 1
        self._finish(job.order)

    def _finish(self, order: Order) -> None:
        if order.is_done and order in self._orders:
            self._orders.remove(order)
            send(self._events, RequestDone(order.number))
