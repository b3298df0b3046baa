"""The host: a pytest session that stays open, collects once, and forks for each run."""

import gc
import os
import selectors
import signal
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from sensei.plugin import asked_of
from sensei.warm import child
from sensei.warm.death import cause, death
from sensei.warm.limits import children, kill_group
from sensei.warm.preload import imports_of, preload
from sensei.warm.wire import LineReader, Message, send

# Seconds beyond pytest's own time-out after which a koan's process is killed: the
# time-out works by a signal, which a loop in C or a patched handler never hears.
_GRACE = 2.0
# Seconds that a process which reports no more gets to end.
_ENDING = 0.5


@dataclass
class Request:
    """What was asked for; `left` are the koans that have no verdict yet."""

    number: int
    tests: deque[str]
    koans: list[str] | None
    left: int = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is still to be collected or run."""
        return not self.tests and not self.left


@dataclass
class Job:
    """The tests of one koan, to be run for one request."""

    request: Request
    koan: str
    section: str
    items: list[pytest.Item]


@dataclass
class Running:
    """A forked process that runs a job."""

    job: Job
    process: int
    reader: LineReader
    deadline: float
    test: str = ""
    has_ended: bool = False


@dataclass
class Host:
    """Serves requests from `requests`, writes events to `events`.

    A request is `{"id", "tests": [paths], "koans": [numbers] | null}`; it runs the
    koans in the order given. `{"cancel": id}` ends one.
    """

    requests: int
    events: int
    _waiting: deque[Request] = field(default_factory=deque)
    _jobs: deque[Job] = field(default_factory=deque)
    _running: dict[int, Running] = field(default_factory=dict)
    _collected: dict[str, list[pytest.Item]] = field(default_factory=dict)
    _broken: dict[str, str] = field(default_factory=dict)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Serve until the requests end."""
        self._session = session
        self._process = os.getpid()
        self._timeout = float(session.config.getini("timeout") or 10)
        self._width = max(2, os.cpu_count() or 2)
        self._selector = selectors.DefaultSelector()
        incoming = LineReader(self.requests)
        self._selector.register(self.requests, selectors.EVENT_READ, incoming)
        send(self.events, {"ready": True})
        while not incoming.at_end:
            self._serve_once(incoming)
        self._stop()
        return True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note why a test file could not be collected."""
        if report.failed:
            self._broken[report.nodeid] = report.longreprtext.strip()

    def _serve_once(self, incoming: LineReader) -> None:
        for key, _ in self._selector.select(self._patience()):
            if key.data is incoming:
                for request in incoming.read():
                    self._accept(request)
            else:
                self._listen(key.data)
        for running in list(self._running.values()):
            if time.monotonic() > running.deadline:
                self._bury(running, f"No end after {self._timeout:g} s: stopped.")
        while len(self._running) < self._width and (job := self._next_job()):
            self._fork(job)

    def _patience(self) -> float | None:
        """Return the seconds until the next deadline; None where there is none."""
        deadlines = [running.deadline for running in self._running.values()]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _accept(self, message: Message) -> None:
        if "cancel" in message:
            self._cancel(message["cancel"])
        else:
            tests, koans = deque(message["tests"]), message["koans"]
            # What was asked last is what somebody waits for.
            self._waiting.appendleft(Request(message["id"], tests, koans))

    def _next_job(self) -> Job | None:
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
                self._queue(newest, newest.tests.popleft())
            if not newest.tests:
                self._waiting.popleft()
                self._finish(newest)

    def _queue(self, request: Request, path: str) -> None:
        """Collect the tests in the file `path`, and queue its koans for `request`."""
        jobs: dict[str, Job] = {}
        for item in self._collect(path, request):
            asked = asked_of(item)
            if asked is not None:
                koan = str(asked.koan)
                job = Job(request, koan, str(asked.section), [])
                jobs.setdefault(koan, job).items.append(item)
        wanted = jobs if request.koans is None else request.koans
        chosen = [jobs[koan] for koan in wanted if koan in jobs]
        self._jobs.extend(chosen)
        request.left += len(chosen)

    def _collect(self, path: str, request: Request) -> list[pytest.Item]:
        if path not in self._collected:
            self._broken.clear()
            items = list(self._session.perform_collect([path]))
            if self._broken:
                told = next(iter(self._broken.values())).splitlines()[-1]
                send(
                    self.events, {"id": request.number, "broken": path, "message": told}
                )
                return []
            self._collected[path] = items
            self._warm_up(items)
        return self._collected[path]

    def _warm_up(self, items: list[pytest.Item]) -> None:
        """Import what answers to these tests will import: what the solution does."""
        asked = asked_of(items[0]) if items else None
        if asked is not None:
            preload(imports_of(asked.section.solution))
        gc.collect()
        gc.freeze()  # the forks share these pages as long as nobody counts them

    def _fork(self, job: Job) -> None:
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            for descriptor in (self.requests, self.events, reading):
                os.close(descriptor)
            child.run(job.items, writing, self._process)
        os.close(writing)
        deadline = time.monotonic() + self._timeout + _GRACE
        running = Running(job, process, LineReader(reading), deadline)
        self._running[process] = running
        self._selector.register(reading, selectors.EVENT_READ, running)

    def _listen(self, running: Running) -> None:
        for message in running.reader.read():
            if "started" in message:
                running.test = message["started"]
                running.deadline = time.monotonic() + self._timeout + _GRACE
            elif "ended" in message:
                running.has_ended = True
            else:
                self._tell(running.job, message)
                if message.get("found", {}).get("finding", {}).get("is_of_file"):
                    self._spread(running.job, message)
        if running.has_ended or running.reader.at_end:
            self._bury(running, None)

    def _spread(self, job: Job, message: Message) -> None:
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
            self._tell(one, {"found": found})
            self._end(one)

    def _bury(self, running: Running, why: str | None) -> None:
        """End the process of `running`; `why` is what to tell, None to find out."""
        status = _wait(running.process) if why is None else None
        if status is None:
            kill_group(running.process)
            os.waitpid(running.process, 0)
            why = why or "Running this closed what its verdict is reported through."
        kill_group(running.process)  # what it left behind
        self._selector.unregister(running.reader.descriptor)
        os.close(running.reader.descriptor)
        del self._running[running.process]
        if not running.has_ended:
            code = os.waitstatus_to_exitcode(status or 0)
            self._tell(running.job, {"found": _death(running, why or cause(code))})
        self._end(running.job)

    def _tell(self, job: Job, message: Message) -> None:
        known = {"id": job.request.number, "koan": job.koan}
        send(self.events, known | message)

    def _end(self, job: Job) -> None:
        self._tell(job, {"ended": True})
        job.request.left -= 1
        self._finish(job.request)

    def _finish(self, request: Request) -> None:
        if request.is_done:
            send(self.events, {"id": request.number, "done": True})

    def _cancel(self, number: int) -> None:
        self._waiting = deque(one for one in self._waiting if one.number != number)
        self._jobs = deque(job for job in self._jobs if job.request.number != number)
        for running in list(self._running.values()):
            if running.job.request.number == number:
                running.has_ended = True  # nobody waits for what it would say
                self._bury(running, "cancelled")

    def _stop(self) -> None:
        for running in self._running.values():
            kill_group(running.process)
        for orphan in children():
            with suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGTERM)


def _wait(process: int) -> int | None:
    """Return the status of `process`, which is about to end; None if it is not."""
    deadline = time.monotonic() + _ENDING
    while time.monotonic() < deadline:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.001)
    return None


def _death(running: Running, message: str) -> Message:
    """Return the finding about a koan whose process did not live to report it."""
    items = running.job.items
    item = next((one for one in items if one.nodeid == running.test), items[0])
    asked = asked_of(item)
    assert asked is not None
    return death(asked, message)
