"""The child: a process that runs the tests of koans and reports their verdicts.

The fork server forks it. Where there is no fork, `python -m sensei.runner.child` does
the same in a new process.
"""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NoReturn

import pytest

from sensei.content.koan import Koan
from sensei.errors import summary_of
from sensei.grading.deadline import Deadline
from sensei.grading.verdict import Verdict
from sensei.plugin.deadlines import deadline_of
from sensei.plugin.execution import REPOSITORY, koan_test_of, skipped_by, verdict_in
from sensei.runner.limits import limit_cpu_time
from sensei.runner.protocol import (
    ChildDone,
    CollectionFailed,
    KoanDone,
    Message,
    ServerFailed,
    TestReported,
    TestStarted,
    send,
)

# Seconds beyond a test's deadline, which works by a signal, until a process that has
# no ear for signals is ended.
GRACE_SECONDS = 2.0
NO_FILE = "There is no such file."
NO_START = "The koans cannot be run: pytest does not start. To see why: pytest"


class Reporter:
    """A pytest plugin that sends the verdicts of tests to a pipe.

    The verdict on a test is sent together with what comes next: each write wakes the
    server, which costs more than what it says. Tests of a koan that has its verdict
    already are left out: the learner waits for the others.
    """

    def __init__(self, pipe: int = -1, request: int = 0) -> None:
        self.report_to(pipe, request)
        self._unsent: list[Message] = []
        self._judged: set[Koan] = set()
        self.has_begun = False

    def report_to(self, pipe: int, request: int) -> None:
        """Send to `pipe` from now on, for the request with this number."""
        self._pipe = pipe
        self.request = request

    def send(self, *messages: Message) -> None:
        """Send `messages` after the verdicts so far."""
        unsent, self._unsent = self._unsent, []
        send(self._pipe, *unsent, *messages)

    def report(self, verdict: Verdict) -> None:
        """Send a verdict with the next message."""
        self._unsent.append(TestReported(self.request, verdict))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Send which test runs now, and limit its process; or leave it out."""
        self.has_begun = True
        test = koan_test_of(item)
        if test is not None and test.koan in self._judged:
            return True
        deadline = deadline_of(item)
        limit_cpu_time(deadline.most_cpu_seconds() + GRACE_SECONDS)
        seconds = (deadline.cpu_seconds, deadline.wall_seconds)
        self.send(TestStarted(item.nodeid, *seconds))
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the verdict of a phase of a test."""
        verdict = verdict_in(report)
        if verdict is not None:
            self.report(verdict)
            if verdict.is_final:
                self._judged.add(verdict.koan)


class CollectionReporter(Reporter):
    """A reporter for a process that also collects the tests."""

    def __init__(self, pipe: int, request: int) -> None:
        super().__init__(pipe, request)
        self._collected = ""
        self._has_failed = False

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        """Keep what is collected."""
        self._repository = collector.config.stash[REPOSITORY]
        self._collected = str(collector.path)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Send why a file could not be collected, or verdicts if it skips itself."""
        if report.failed:
            path = str(self._repository.root / report.nodeid)
            self._fail(path, collection_error(report))
        for verdict in skipped_by(report, self._repository):
            self.report(verdict)

    def pytest_internalerror(
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> None:
        """Send what ended the collection of a file: it exits, or interrupts."""
        # pytest also interrupts itself, because of a file that has been told.
        if not self.has_begun and not self._has_failed:
            self._fail(self._collected, summary_of(excinfo.value))

    pytest_keyboard_interrupt = pytest_internalerror

    def _fail(self, path: str, reason: str) -> None:
        self._has_failed = True
        self.send(CollectionFailed(self.request, path, reason))


def collection_error(report: pytest.CollectReport) -> str:
    """Return the last line of what pytest says of a file that it cannot collect."""
    lines = report.longreprtext.strip().splitlines()
    return lines[-1].removeprefix("E ").strip() if lines else "pytest does not say why"


def run_forked(
    koans: Mapping[str, Sequence[pytest.Item]], reporter: Reporter
) -> NoReturn:
    """Run the tests of `koans` in this process, which was forked; end it.

    What becomes of them is sent by `reporter`, a plugin already.
    """
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        silence()
        items = [(item, koan) for koan, tests in koans.items() for item in tests]
        for (item, koan), (following, its) in pairwise([*items, (None, "")]):
            assert item is not None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if its != koan:
                done = KoanDone(reporter.request, koan)
                reporter.send(*([done] if its else [done, ChildDone()]))
        status = 0
    finally:
        # Not `sys.exit`: threads, atexit handlers and finalizers that an answer
        # left behind must not run any more.
        os._exit(status)


def run_spawned(request: int, options: list[str]) -> int:
    """Run pytest with `options` in this process, and report to its standard output.

    Returns pytest's exit status.
    """
    ignore_options()
    pipe = os.dup(1)
    silence()
    reporter = CollectionReporter(pipe, request)
    status = pytest.main(options, plugins=[reporter])
    if status == pytest.ExitCode.USAGE_ERROR:
        reporter.send(ServerFailed(NO_START))
    ended = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
    if not (reporter.has_begun and status in ended):
        reporter.send(ChildDone())
    return status


def ignore_options() -> None:
    """Take no options from the environment: they are for who calls pytest by hand."""
    os.environ.pop("PYTEST_ADDOPTS", None)


def silence() -> None:
    """Take the terminal away: what an answer prints is captured, or lost."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def exit_reason(code: int, deadline: Deadline) -> str:
    """Return why a process ended that has the exit code `code`, as a sentence.

    `deadline` is that of its last test.
    """
    if code < 0 and -code == getattr(signal, "SIGXCPU", None):
        return f"{deadline.when_computing}."
    if code >= 0:
        return f"Running this ended Python itself, with exit status {code}."
    return f"Running this crashed Python ({signal.Signals(-code).name})."


if __name__ == "__main__":
    sys.exit(run_spawned(int(sys.argv[1]), sys.argv[2:]))
