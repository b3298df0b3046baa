"""The host: a pytest session that stays open, collects once, and forks for each run."""

import os
import selectors
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from sensei.asking import asked_of
from sensei.warm import child
from sensei.warm.death import cause, death
from sensei.warm.job import Job, Running
from sensei.warm.limits import children, kill_group
from sensei.warm.queue import Queue
from sensei.warm.wire import LineReader, Message, send

# Seconds beyond pytest's own time-out after which a koan's process is killed: the
# time-out works by a signal, which a loop in C or a patched handler never hears.
_GRACE = 2.0
# Seconds that a process which reports no more gets to end.
_ENDING = 0.5


@dataclass
class Host:
    """Serves requests from `requests`, writes events to `events`.

    A request is `{"id", "tests": [paths], "koans": [numbers] | null}`; it runs the
    koans in the order given. `{"cancel": id}` ends one.
    """

    requests: int
    events: int
    _running: dict[int, Running] = field(default_factory=dict)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Serve until the requests end."""
        self._process = os.getpid()
        self._queue = Queue(session, self.events)
        self._width = max(2, os.cpu_count() or 2)
        self._selector = selectors.DefaultSelector()
        incoming = LineReader(self.requests)
        self._selector.register(self.requests, selectors.EVENT_READ, incoming)
        send(self.events, {"ready": True})
        while not incoming.at_end:
            self._serve_once(incoming)
        self._stop()
        return True

    def _serve_once(self, incoming: LineReader) -> None:
        for key, _ in self._selector.select(self._patience()):
            if key.data is incoming:
                for message in incoming.read():
                    self._accept(message)
            else:
                self._listen(key.data)
        for running in list(self._running.values()):
            if time.monotonic() > running.deadline:
                late = f"No end after {running.job.timeout:g} s: stopped."
                self._bury(running, late)
        while len(self._running) < self._width and (job := self._queue.next()):
            self._fork(job)

    def _patience(self) -> float | None:
        """Return the seconds until the next deadline; None where there is none."""
        deadlines = [running.deadline for running in self._running.values()]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _accept(self, message: Message) -> None:
        if "cancel" in message:
            self._cancel(message["cancel"])
        else:
            self._queue.add(message["id"], message["tests"], message["koans"])

    def _cancel(self, number: int) -> None:
        self._queue.drop(number)
        for running in list(self._running.values()):
            if running.job.request.number == number:
                running.has_ended = True  # nobody waits for what it would say
                self._bury(running, "cancelled")

    def _fork(self, job: Job) -> None:
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            for descriptor in (self.requests, self.events, reading):
                os.close(descriptor)
            child.run(job.items, writing, self._process)
        os.close(writing)
        deadline = time.monotonic() + job.timeout + _GRACE
        running = Running(job, process, LineReader(reading), deadline)
        self._running[process] = running
        self._selector.register(reading, selectors.EVENT_READ, running)

    def _listen(self, running: Running) -> None:
        for message in running.reader.read():
            if "started" in message:
                running.test = message["started"]
                running.deadline = time.monotonic() + running.job.timeout + _GRACE
            elif "ended" in message:
                running.has_ended = True
            else:
                self._queue.tell(running.job, message)
                if message.get("found", {}).get("finding", {}).get("is_of_file"):
                    self._queue.spread(running.job, message)
        if running.has_ended or running.reader.at_end:
            self._bury(running, None)

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
            self._queue.tell(
                running.job, {"found": _death(running, why or cause(code))}
            )
        self._queue.end(running.job)

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
