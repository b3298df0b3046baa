"""The fork server: has everything imported, and forks itself for each koan it runs.

`python -m sensei.runner.fork_server ROOT ANSWERS` reads requests from its standard
input and writes events to its standard output. It ends when its input does.
"""

import os
import selectors
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from sensei.content.repository import find_repository
from sensei.errors import SenseiError, summary_of
from sensei.grading.deadline import Deadline
from sensei.plugin.deadlines import DEADLINE
from sensei.runner.child import (
    NO_START,
    Reporter,
    ignore_options,
    run_forked,
    silence,
)
from sensei.runner.forked import ForkedChild
from sensei.runner.job import Job
from sensei.runner.limits import adopt_orphans, children, kill_group, limit_process
from sensei.runner.preload import preload
from sensei.runner.protocol import (
    Cancel,
    ChildDone,
    KoanDone,
    MessageReader,
    Ready,
    RunKoans,
    ServerFailed,
    TestReported,
    TestStarted,
    send,
)
from sensei.runner.scheduler import Scheduler
from sensei.runner.settings import load_settings

# Named, because looking for installed plugins takes longer than loading these.
_PLUGINS = ("pytest_asyncio.plugin", "pytest_timeout")
# Seconds until those that were killed are looked after.
_REAP_SECONDS = 0.05


class ForkServer:
    """A pytest plugin that keeps its session open, and forks for each koan.

    It reads requests from the descriptor `requests` and writes events to `events`.
    """

    def __init__(self, requests: int, events: int) -> None:
        self._requests = requests
        self._events = events
        self._children: dict[int, ForkedChild] = {}
        self._killed: set[int] = set()
        self._process = os.getpid()
        self._cores = max(2, os.cpu_count() or 2)
        self._selector = selectors.DefaultSelector()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Serve until the requests end."""
        self._scheduler = Scheduler(session, self._events)
        self._deadline = session.config.stash[DEADLINE]
        self._reporter = Reporter()  # for the children
        session.config.pluginmanager.register(self._reporter, "sensei-reporter")
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
        ready = self._selector.select(0)
        while not ready and self._children and self._scheduler.collect_ahead():
            ready = self._selector.select(0)
        for key, _ in ready or self._selector.select(self._until_due()):
            if key.data is incoming:
                for message in incoming.read():
                    if isinstance(message, RunKoans):
                        self._scheduler.add(message)
                    elif isinstance(message, Cancel):
                        self._cancel(message.request)
            elif key.data.process in self._children:  # else it was just cancelled
                self._read(key.data)
        for child in list(self._children.values()):
            if child.is_overdue():
                self._end(child, f"{child.deadline.when_waiting}.")
        self._reap()
        # Twice as many as there are cores, because tests also wait; but the koan that
        # somebody waits for shares no core.
        most = self._cores * (2 if self._scheduler.is_for_all else 1)
        while len(self._children) < most:
            job = self._scheduler.next_job()
            if job is None:
                break
            self._fork(job)

    def _until_due(self) -> float | None:
        """Return the seconds until a child must be looked after; None for never."""
        due = [child.due_in() for child in self._children.values()]
        if self._killed:
            due.append(_REAP_SECONDS)
        return max(0.0, min(due)) if due else None

    def _cancel(self, request: int) -> None:
        for child in list(self._children.values()):
            if child.job.request == request:
                self._kill(child)
        self._scheduler.cancel(request)

    def _fork(self, job: Job) -> None:
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            for descriptor in (self._requests, self._events, reading):
                os.close(descriptor)
            limit_process(self._process)
            self._reporter.report_to(writing, job.request)
            run_forked(job.koans, self._reporter)
        os.close(writing)
        child = ForkedChild(job, process, MessageReader(reading), self._deadline)
        child.begin(self._deadline)
        self._children[process] = child
        self._selector.register(reading, selectors.EVENT_READ, child)

    def _read(self, child: ForkedChild) -> None:
        """Take what a child reports."""
        for message in child.reader.read():
            if isinstance(message, TestStarted):
                child.test = message.node_id
                child.begin(Deadline(message.cpu_seconds, message.wall_seconds))
            elif isinstance(message, TestReported):
                child.begin(child.deadline)
                self._scheduler.report(child.job, message.verdict)
            elif isinstance(message, KoanDone):
                if not self._scheduler.end_koan(child.job):
                    self._kill(child)
                    return
            elif isinstance(message, ChildDone):
                child.is_done = True
        if child.is_done:
            self._kill(child)
        elif child.reader.at_end:
            self._end(child, child.exit_reason())

    def _end(self, child: ForkedChild, reason: str) -> None:
        """End a child that has not run all of its koans."""
        self._kill(child)
        self._scheduler.end_early(child.job, child.test, reason)

    def _kill(self, child: ForkedChild) -> None:
        """Kill a child, and all that it has left behind."""
        kill_group(child.process)
        self._selector.unregister(child.reader.descriptor)
        os.close(child.reader.descriptor)
        del self._children[child.process]
        self._killed.add(child.process)

    def _reap(self) -> None:
        """Let go of children that have ended: nobody waits for that."""
        for process in list(self._killed):
            with suppress(ChildProcessError):
                if os.waitpid(process, os.WNOHANG)[0] == 0:
                    continue
            self._killed.discard(process)

    def _stop(self) -> None:
        for child in list(self._children.values()):
            self._kill(child)
        for process in self._killed:
            # Only then is what it has left behind a child of this process.
            with suppress(ChildProcessError):
                os.waitpid(process, 0)
        for orphan in children():
            with suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGTERM)


def serve(root: Path, answers: str) -> int:
    """Serve the repository in the folder `root`; return pytest's exit status."""
    os.chdir(root)
    requests, events = os.dup(0), os.dup(1)
    silence()
    try:
        _prepare(root)
    except Exception as error:
        is_ours = isinstance(error, SenseiError)  # a sentence already
        reason = str(error) if is_ours else f"{summary_of(error)}."
        message = f"The koans cannot be run: {reason}"
        send(events, ServerFailed(message))
        return 1
    plugins = [word for name in _PLUGINS for word in ("-p", name)]
    options = ["-q", "--capture=sys", "-p", "no:cacheprovider", "--answers", answers]
    options += ["-p", "no:sensei.runner.supervisor"]
    # Collects nothing of its own: the scheduler does that, request by request.
    arguments = [*plugins, *options, "conftest.py"]
    status = pytest.main(arguments, plugins=[ForkServer(requests, events)])
    if status is pytest.ExitCode.USAGE_ERROR:
        send(events, ServerFailed(NO_START))
    return status


def _prepare(root: Path) -> None:
    """Import and do what the forks are to find done."""
    find_repository(root)  # pytest would not say why it does not start
    adopt_orphans()
    ignore_options()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    # Rewritten assertions are worth keeping, whatever the environment says.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(root / ".sensei" / "pycache")
    preload(load_settings(root))


if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1]), sys.argv[2]))
