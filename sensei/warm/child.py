"""The child: a forked process that runs the tests of one koan and reports them."""

import os
import signal
from collections.abc import Sequence
from typing import NoReturn

import pytest

from sensei.warm.limits import confine
from sensei.warm.reporter import Reporter
from sensei.warm.wire import send


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
