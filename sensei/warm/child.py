"""The child: a forked process that runs the tests of one koan and reports them."""

import os
import signal
from collections.abc import Sequence
from typing import NoReturn

import pytest

from sensei.ledger import found_by
from sensei.warm.limits import confine
from sensei.warm.wire import send


class Reporter:
    """Writes what the tests find to a pipe, as it is found."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say which test runs now: the guilty one, should the process end."""
        send(self._pipe, {"started": nodeid})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say what a phase of a test found of its koan."""
        found = found_by(report)
        if found is not None:
            send(self._pipe, {"found": found})
        elif report.skipped:
            send(self._pipe, {"skipped": str(_reason(report))})


def run(items: Sequence[pytest.Item], pipe: int, parent: int) -> NoReturn:
    """Run `items` in this process, forked by `parent`; report to `pipe`; end it."""
    status = 1
    try:
        confine(parent)
        _silence()
        config = items[0].config
        config.pluginmanager.register(Reporter(pipe), "sensei-reporter")
        for item, following in zip(items, [*items[1:], None], strict=True):
            config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        send(pipe, {"ended": True})
        status = 0
    finally:
        # Not `sys.exit`: threads, atexit handlers and finalizers that an answer
        # left behind have no say any more.
        os._exit(status)


def _silence() -> None:
    """Take the terminal away: what an answer prints is captured, or lost."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)


def _reason(report: pytest.TestReport) -> object:
    longrepr = report.longrepr
    return longrepr[2] if isinstance(longrepr, tuple) else longrepr
