"""The queue: what is to run next, collected by pytest when its turn comes."""

import gc
from collections import deque

import pytest

from sensei.asking import asked_of
from sensei.warm.job import Job, Request
from sensei.warm.preload import imports_of, preload
from sensei.warm.wire import Message, send


class Queue:
    """Holds the jobs of requests; tells `events` what becomes of them."""

    def __init__(self, session: pytest.Session, events: int) -> None:
        self._session = session
        self._events = events
        self._waiting: deque[Request] = deque()
        self._jobs: deque[Job] = deque()
        self._collected: dict[str, list[pytest.Item]] = {}
        self._broken: dict[str, str] = {}
        session.config.pluginmanager.register(self, "sensei-queue")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note why a test file could not be collected."""
        if report.failed:
            self._broken[report.nodeid] = report.longreprtext.strip()

    def add(self, number: int, tests: list[str], koans: list[str] | None) -> None:
        """Add a request; what was asked last is what somebody waits for."""
        self._waiting.appendleft(Request(number, deque(tests), koans))

    def drop(self, number: int) -> None:
        """Forget what the request `number` still waits for."""
        self._waiting = deque(one for one in self._waiting if one.number != number)
        self._jobs = deque(job for job in self._jobs if job.request.number != number)

    def next(self) -> Job | None:
        """Return what to run next; collect a further file where nothing is at hand."""
        while True:
            newest = self._waiting[0] if self._waiting else None
            mine = (job for job in self._jobs if newest in (None, job.request))
            job = next(mine, None)
            if job is not None:
                self._jobs.remove(job)
                return job
            if newest is None:
                return None
            if newest.tests:
                self._collect(newest, newest.tests.popleft())
            if not newest.tests:
                self._waiting.popleft()
                self._finish(newest)

    def _collect(self, request: Request, path: str) -> None:
        """Collect the tests in the file `path`, and queue its koans for `request`."""
        jobs: dict[str, Job] = {}
        for item in self._items(path, request):
            asked = asked_of(item)
            if asked is not None:
                koan = str(asked.koan)
                job = jobs.setdefault(koan, Job(request, koan, str(asked.section)))
                job.add(item)
        wanted = jobs if request.koans is None else request.koans
        chosen = [jobs[koan] for koan in wanted if koan in jobs]
        self._jobs.extend(chosen)
        request.left += len(chosen)

    def _items(self, path: str, request: Request) -> list[pytest.Item]:
        if path not in self._collected:
            self._broken.clear()
            items = list(self._session.perform_collect([path]))
            if self._broken:
                told = next(iter(self._broken.values())).splitlines()[-1]
                send(
                    self._events,
                    {"id": request.number, "broken": path, "message": told},
                )
                return []
            self._collected[path] = items
            _warm_up(items)
        return self._collected[path]

    def spread(self, job: Job, message: Message) -> None:
        """Tell the waiting koans of a file what is wrong with all of it."""
        same = [
            one
            for one in self._jobs
            if (one.request, one.section) == (job.request, job.section)
        ]
        for one in same:
            self._jobs.remove(one)
            item = asked_of(one.items[0])
            test = item.test if item else ""
            found = message["found"] | {"koan": one.koan, "test": test}
            self.tell(one, {"found": found})
            self.end(one)

    def tell(self, job: Job, message: Message) -> None:
        """Tell what was found of a job."""
        known = {"id": job.request.number, "koan": job.koan}
        send(self._events, known | message)

    def end(self, job: Job) -> None:
        """Tell that a job has ended, and whether its request has."""
        self.tell(job, {"ended": True})
        job.request.left -= 1
        self._finish(job.request)

    def _finish(self, request: Request) -> None:
        if request.is_done:
            send(self._events, {"id": request.number, "done": True})


def _warm_up(items: list[pytest.Item]) -> None:
    """Import what answers to these tests will import: what the solution does."""
    asked = asked_of(items[0]) if items else None
    if asked is not None:
        preload(imports_of(asked.section.solution))
    gc.collect()
    gc.freeze()  # the forks share these pages as long as nobody counts them
