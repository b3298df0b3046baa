"""The reporter: a pytest plugin that tells a pipe what the tests find."""

import pytest

from sensei.ledger import found_by
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


def _reason(report: pytest.TestReport) -> object:
    longrepr = report.longrepr
    return longrepr[2] if isinstance(longrepr, tuple) else longrepr
