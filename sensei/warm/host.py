"""The host: a pytest session that stays open, collects once, and forks for each run."""

import os
import selectors
import signal
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass, field

import pytest

from sensei.judge import home_of
from sensei.plugin import asked_of
from sensei.verdict import Finding, State
from sensei.warm import child
from sensei.warm.limits import children, kill_group
from sensei.warm.wire import LineReader, Message, send

# Seconds beyond pytest's own time-out after which a koan's process is killed: the
# time-out works by a signal, which a loop in C or a patched handler never hears.
_GRACE = 2.0


@dataclass
class Job:
    """The tests of one koan, to be run for one request."""

    request: int
    koan: str
    items: list[pytest.Item]


@dataclass
class Running:
    """A forked process that runs a job."""

    job: Job
    process: int
    reader: LineReader
    deadline: float
    test: str = ""
    ended: bool = False


@dataclass
class Host:
    """Serves requests from `requests`, writes events to `events`.

    A request is `{"id", "tests": [paths], "koans": [numbers] | null}`; it runs the
    koans in the order given. `{"cancel": id}` ends one.
    """

    requests: int
    events: int
    _jobs: deque[Job] = field(default_factory=deque)
    _running: dict[int, Running] = field(default_factory=dict)
    _collected: dict[str, list[pytest.Item]] = field(default_factory=dict)
    _broken: dict[str, str] = field(default_factory=dict)
    _left: dict[int, int] = field(default_factory=dict)

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
        while self._jobs and len(self._running) < self._width:
            self._fork(self._jobs.popleft())

    def _patience(self) -> float | None:
        """Return the seconds until the next deadline; None where there is none."""
        deadlines = [running.deadline for running in self._running.values()]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _accept(self, request: Message) -> None:
        if "cancel" in request:
            self._cancel(request["cancel"])
            return
        number, wanted = request["id"], request["koans"]
        jobs: dict[str, Job] = {}
        for path in request["tests"]:
            for item in self._collect(path, number):
                asked = asked_of(item)
                if asked is not None:
                    koan = str(asked.koan)
                    jobs.setdefault(koan, Job(number, koan, [])).items.append(item)
        chosen = jobs if wanted is None else [one for one in wanted if one in jobs]
        # What was asked last is what somebody waits for.
        self._jobs.extendleft(reversed([jobs[koan] for koan in chosen]))
        self._left[number] = len(chosen)
        self._finish(number)

    def _collect(self, path: str, request: int) -> list[pytest.Item]:
        if path not in self._collected:
            self._broken.clear()
            items = list(self._session.perform_collect([path]))
            if self._broken:
                told = next(iter(self._broken.values())).splitlines()[-1]
                send(self.events, {"id": request, "broken": path, "message": told})
                return []
            self._collected[path] = items
        return self._collected[path]

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
                running.ended = True
            else:
                self._tell(running, message)
        if running.ended:
            self._bury(running, "")
        elif running.reader.at_end:
            self._bury(running, None)

    def _bury(self, running: Running, why: str | None) -> None:
        """End the process of `running`; `why` is what to tell, None to find out."""
        kill = why is not None
        if kill:
            kill_group(running.process)
        _, status = os.waitpid(running.process, 0)
        kill_group(running.process)  # what it left behind
        self._selector.unregister(running.reader.descriptor)
        os.close(running.reader.descriptor)
        del self._running[running.process]
        if not running.ended:
            self._tell(running, {"found": _death(running, why or _cause(status))})
        job = running.job
        send(self.events, {"id": job.request, "koan": job.koan, "ended": True})
        self._left[job.request] -= 1
        self._finish(job.request)

    def _tell(self, running: Running, message: Message) -> None:
        job = running.job
        send(self.events, {"id": job.request, "koan": job.koan, **message})

    def _finish(self, request: int) -> None:
        if self._left.get(request) == 0:
            del self._left[request]
            send(self.events, {"id": request, "done": True})

    def _cancel(self, request: int) -> None:
        self._jobs = deque(job for job in self._jobs if job.request != request)
        for running in list(self._running.values()):
            if running.job.request == request:
                running.ended = True  # nobody waits for what it would say
                self._bury(running, "cancelled")
        self._left[request] = 0
        self._finish(request)

    def _stop(self) -> None:
        for running in self._running.values():
            kill_group(running.process)
        for orphan in children():
            with suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGTERM)


def _cause(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"Running this ended Python itself, with exit status {code}."
    name = signal.Signals(-code).name
    return f"Running this crashed Python ({name})."


def _death(running: Running, message: str) -> Message:
    """Return the finding about a koan whose process did not live to report it."""
    first = running.job.items[0]
    item = next((one for one in running.job.items if one.nodeid == running.test), first)
    asked = asked_of(item)
    assert asked is not None
    finding = Finding(State.FAILING, message, home_of(asked))
    return {
        "koan": running.job.koan,
        "test": asked.test,
        "finding": asdict(finding) | {"state": finding.state.value},
        "duration": 0.0,
    }
