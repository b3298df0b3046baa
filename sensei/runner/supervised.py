"""The supervised side: what pytest tells its supervisor while it runs."""

import os
import sys
import threading
from collections.abc import Generator

import pytest

from sensei.grading.deadline import Deadline
from sensei.plugin.deadlines import DEADLINE, deadline_of
from sensei.plugin.execution import koan_test_of, verdict_in
from sensei.runner.protocol import (
    DebuggerEntered,
    Message,
    SessionDone,
    TestEnded,
    TestReported,
    TestStarted,
    send,
)


class SupervisedReporter:
    """A pytest plugin that sends to `pipe` what runs, and what becomes of it.

    In a controller of xdist it knows less of the tests, which run elsewhere.
    """

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._deadlines: dict[str, Deadline] = {}
        self._left: dict[threading.Thread, str] = {}

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Keep the deadline that tests have if they have no other one."""
        self._deadline = session.config.stash[DEADLINE]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keep the deadlines of the koans' tests."""
        for item in session.items:
            if koan_test_of(item) is not None:
                self._deadlines[item.nodeid] = deadline_of(item)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item
    ) -> Generator[None, object, object]:
        """Keep which threads a koan's test leaves behind that keep Python running."""
        before = set(threading.enumerate())
        result = yield
        test = koan_test_of(item)
        for thread in threading.enumerate():
            if test is not None and thread not in before and not thread.daemon:
                self._left[thread] = str(test.koan)
        return result

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Send that a test begins, or a phase of it: each may take as long."""
        deadline = self._deadlines.get(nodeid, self._deadline)
        seconds = (deadline.cpu_seconds, deadline.wall_seconds)
        self._send(TestStarted(nodeid, *seconds))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Send the verdict of a phase of a test, and that the next one begins."""
        verdict = verdict_in(report)
        if verdict is not None:
            self._send(TestReported(0, verdict))
        self.pytest_runtest_logstart(report.nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Send that a test has ended."""
        self._send(TestEnded(nodeid))

    def pytest_enter_pdb(self) -> None:
        """Send that somebody looks at a test in a debugger, and has the time."""
        self._send(DebuggerEntered())

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Send that there is nothing more to do, and who may not let Python end."""
        alive = {koan for thread, koan in self._left.items() if thread.is_alive()}
        sys.stdout.flush()
        self._send(SessionDone(sorted(alive)))

    def _send(self, message: Message) -> None:
        try:
            send(self._pipe, message)
        except BrokenPipeError:  # the supervisor was killed: nobody waits for us
            os._exit(1)
        except OSError:  # an answer has closed every file
            pass
