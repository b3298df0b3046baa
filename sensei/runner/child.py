"""The child: a process that runs the tests of one koan and reports their verdicts.

The fork server forks it. Where there is no fork, `python -m sensei.runner.child` does
the same in a new process.
"""

import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

import pytest

from sensei.grading.classify import KoanTest
from sensei.grading.verdict import State, Verdict
from sensei.plugin.execution import REPOSITORY, skipped_by, verdict_in
from sensei.runner.limits import limit_process
from sensei.runner.protocol import ChildDone, TestReported, TestStarted, send


class Reporter:
    """A pytest plugin that sends the verdicts of tests to a pipe, one by one."""

    def __init__(self, pipe: int, request: int) -> None:
        self._pipe = pipe
        self._request = request

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        """Keep the repository, in which tests are collected."""
        self._repository = collector.config.stash[REPOSITORY]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Send the verdicts on koans whose test file skips itself."""
        for verdict in skipped_by(report, self._repository):
            send(self._pipe, TestReported(self._request, verdict))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Send which test runs now."""
        send(self._pipe, TestStarted(nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Send the verdict of a phase of a test."""
        verdict = verdict_in(report)
        if verdict is not None:
            send(self._pipe, TestReported(self._request, verdict))


def run_forked(
    items: Sequence[pytest.Item], pipe: int, request: int, parent: int
) -> NoReturn:
    """Run `items` in this process, forked by `parent`; report to `pipe`; end it."""
    status = 1
    try:
        limit_process(parent)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        silence()
        config = items[0].config
        config.pluginmanager.register(Reporter(pipe, request), "sensei-reporter")
        for item, following in zip(items, [*items[1:], None], strict=True):
            config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        send(pipe, ChildDone())
        status = 0
    finally:
        # Not `sys.exit`: threads, atexit handlers and finalizers that an answer
        # left behind must not run any more.
        os._exit(status)


def run_spawned(request: int, options: list[str]) -> int:
    """Run pytest with `options` in this process, and report to its standard output.

    Returns pytest's exit status.
    """
    pipe = os.dup(1)
    silence()
    status = pytest.main(options, plugins=[Reporter(pipe, request)])
    send(pipe, ChildDone())
    return status


def silence() -> None:
    """Take the terminal away: what an answer prints is captured, or lost."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def ended_early(test: KoanTest, reason: str) -> Verdict:
    """Return the verdict of a test whose process ended before it reported one."""
    return test.verdict(State.FAILING, reason)


def exit_reason(code: int) -> str:
    """Return why a process ended that has the exit code `code`, as a sentence."""
    if code >= 0:
        return f"Running this ended Python itself, with exit status {code}."
    return f"Running this crashed Python ({signal.Signals(-code).name})."


if __name__ == "__main__":
    sys.exit(run_spawned(int(sys.argv[1]), sys.argv[2:]))
