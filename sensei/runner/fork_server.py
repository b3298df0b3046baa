"""The fork server: has everything imported, and forks itself for each koan it runs.

`python -m sensei.runner.fork_server ROOT ANSWERS` reads requests from its standard
input and writes events to its standard output. It ends when its input does.
"""

import os
import selectors
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from sensei.errors import summary_of
from sensei.runner.child import ended_early, exit_reason, run_forked, silence
from sensei.runner.limits import adopt_orphans, children, kill_group
from sensei.runner.preload import preload
from sensei.runner.protocol import (
    Cancel,
    ChildDone,
    MessageReader,
    Ready,
    RunKoans,
    ServerFailed,
    TestReported,
    TestStarted,
    send,
)
from sensei.runner.scheduler import Job, Scheduler
from sensei.runner.settings import load_settings

# Named, because looking for installed plugins takes longer than loading these.
_PLUGINS = ("pytest_asyncio.plugin", "pytest_timeout")
# Seconds beyond pytest's own time-out after which a koan's process is killed: the
# time-out works by a signal, which a loop in C or a patched handler never gets.
_GRACE_SECONDS = 2.0
# Seconds that a process which reports nothing more gets to end.
_END_SECONDS = 0.5


@dataclass
class _Child:
    """A forked process that runs a job; `deadline` is a time of `time.monotonic`."""

    job: Job
    process: int
    reader: MessageReader
    deadline: float
    test: str = ""
    is_done: bool = False


class ForkServer:
    """A pytest plugin that keeps its session open, and forks for each koan.

    It reads requests from the descriptor `requests` and writes events to `events`.
    """

    def __init__(self, requests: int, events: int) -> None:
        self._requests = requests
        self._events = events
        self._children: dict[int, _Child] = {}
        self._process = os.getpid()
        self._parallel = max(2, os.cpu_count() or 2)
        self._selector = selectors.DefaultSelector()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Serve until the requests end."""
        self._scheduler = Scheduler(session, self._events)
        incoming = MessageReader(self._requests)
        self._selector.register(self._requests, selectors.EVENT_READ, incoming)
        try:
            with suppress(BrokenPipeError):  # the client was killed
                send(self._events, Ready())
                while not incoming.at_end:
                    self._serve_once(incoming)
        finally:
            self._stop()
        return True

    def _serve_once(self, incoming: MessageReader) -> None:
        for key, _ in self._selector.select(self._until_deadline()):
            if key.data is incoming:
                for message in incoming.read():
                    if isinstance(message, RunKoans):
                        self._scheduler.add(message)
                    elif isinstance(message, Cancel):
                        self._cancel(message.request)
            else:
                self._read(key.data)
        for child in list(self._children.values()):
            if time.monotonic() > child.deadline:
                self._end(child, f"Stopped after {child.job.timeout:g} s.")
        while len(self._children) < self._parallel:
            job = self._scheduler.next_job()
            if job is None:
                break
            self._fork(job)

    def _until_deadline(self) -> float | None:
        """Return the seconds until the next deadline; None if there is none."""
        deadlines = [child.deadline for child in self._children.values()]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _cancel(self, request: int) -> None:
        self._scheduler.drop(request)
        for child in list(self._children.values()):
            if child.job.request == request:
                child.is_done = True  # nobody waits for its verdict
                self._end(child, "Cancelled.")

    def _fork(self, job: Job) -> None:
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            for descriptor in (self._requests, self._events, reading):
                os.close(descriptor)
            run_forked(job.items, writing, job.request, self._process)
        os.close(writing)
        deadline = time.monotonic() + job.timeout + _GRACE_SECONDS
        child = _Child(job, process, MessageReader(reading), deadline)
        self._children[process] = child
        self._selector.register(reading, selectors.EVENT_READ, child)

    def _read(self, child: _Child) -> None:
        """Take what a child reports."""
        for message in child.reader.read():
            if isinstance(message, TestStarted):
                child.test = message.node_id
                child.deadline = time.monotonic() + child.job.timeout + _GRACE_SECONDS
            elif isinstance(message, ChildDone):
                child.is_done = True
            elif isinstance(message, TestReported):
                self._scheduler.report(child.job, message.verdict)
        if child.is_done or child.reader.at_end:
            self._end(child, None)

    def _end(self, child: _Child, reason: str | None) -> None:
        """End the process of `child`, for this `reason` or for None by itself."""
        status = _wait(child.process) if reason is None else None
        if status is None:
            kill_group(child.process)
            os.waitpid(child.process, 0)
            reason = reason or "Running this closed the pipe that reports its verdict."
        kill_group(child.process)  # what it left behind
        self._selector.unregister(child.reader.descriptor)
        os.close(child.reader.descriptor)
        del self._children[child.process]
        if not child.is_done:
            reason = reason or exit_reason(os.waitstatus_to_exitcode(status or 0))
            verdict = ended_early(child.job.test(child.test), reason)
            self._scheduler.report(child.job, verdict)
        self._scheduler.end(child.job)

    def _stop(self) -> None:
        for child in self._children.values():
            kill_group(child.process)
        for orphan in children():
            with suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGTERM)


def _wait(process: int) -> int | None:
    """Return the status of `process`, which is about to end; None if it does not."""
    deadline = time.monotonic() + _END_SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.001)
    return None


def serve(root: Path, answers: str) -> int:
    """Serve the repository in the folder `root`; return pytest's exit status."""
    os.chdir(root)
    requests, events = os.dup(0), os.dup(1)
    silence()
    try:
        _prepare(root)
    except Exception as error:
        message = f"The koans cannot be run: {summary_of(error)}."
        send(events, ServerFailed(message))
        return 1
    plugins = [word for name in _PLUGINS for word in ("-p", name)]
    options = ["-q", "--capture=sys", "-p", "no:cacheprovider", "--answers", answers]
    # Collects nothing of its own: the scheduler does that, request by request.
    arguments = [*plugins, *options, "conftest.py"]
    status = pytest.main(arguments, plugins=[ForkServer(requests, events)])
    if status is pytest.ExitCode.USAGE_ERROR:
        message = "The koans cannot be run: pytest does not start. To see why: pytest"
        send(events, ServerFailed(message))
    return status


def _prepare(root: Path) -> None:
    """Import and do what the forks are to find done."""
    adopt_orphans()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    # Rewritten assertions are worth keeping, whatever the environment says.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(root / ".sensei" / "pycache")
    preload(load_settings(root))


if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1]), sys.argv[2]))
