"""A job: the tests of one koan, asked for by a request, run in a process."""

from collections import deque
from dataclasses import dataclass, field

import pytest

from sensei.warm.wire import LineReader

# Seconds, where neither a test nor `pyproject.toml` says how long one may take.
_TIMEOUT = 10.0


@dataclass
class Request:
    """What was asked for; `left` are the koans that have no verdict yet."""

    number: int
    tests: deque[str]
    koans: list[str] | None
    left: int = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is still to be collected or run."""
        return not self.tests and not self.left


@dataclass
class Job:
    """The tests of one koan, to be run for one request.

    `timeout` is the longest time that one of them may take, in seconds.
    """

    request: Request
    koan: str
    section: str
    items: list[pytest.Item] = field(default_factory=list)
    timeout: float = 0.0

    def add(self, item: pytest.Item) -> None:
        """Add a test of the koan."""
        self.items.append(item)
        self.timeout = max(self.timeout, _timeout_of(item))


def _timeout_of(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    if marker is not None and marker.args:
        return float(marker.args[0])
    return float(item.config.getini("timeout") or _TIMEOUT)


@dataclass
class Running:
    """A forked process that runs a job."""

    job: Job
    process: int
    reader: LineReader
    deadline: float
    test: str = ""
    has_ended: bool = False
