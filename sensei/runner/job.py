"""Jobs: what a child runs, and the request that it belongs to."""

from collections import deque
from dataclasses import dataclass, field

import pytest

from sensei.grading.koan_test import KoanTest
from sensei.grading.verdict import Verdict
from sensei.plugin.execution import koan_test_of


@dataclass(eq=False)
class Order:
    """A request: the files that are still to be collected, the jobs still to be run.

    `unfinished` counts the koans that have been collected and have not ended.
    """

    number: int
    test_files: deque[str]
    koans: list[str] | None
    jobs: "deque[Job]" = field(default_factory=deque)
    unfinished: int = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is still to be collected or run."""
        return not self.test_files and not self.unfinished


@dataclass
class Job:
    """Koans of one section that one child runs, one after the other.

    The first of them finds the process as it should be: `is_fresh` is true until it
    has ended. `held` are the verdicts on a later koan that still runs.
    """

    order: Order
    koans: dict[str, list[pytest.Item]]
    is_fresh: bool = True
    held: list[Verdict] = field(default_factory=list)

    @property
    def request(self) -> int:
        """The number of the request."""
        return self.order.number

    @property
    def koan(self) -> str:
        """The koan that runs now, or runs first."""
        return next(iter(self.koans))

    def test(self, node_id: str = "") -> KoanTest:
        """Return the test `node_id` of the koan that runs now, or else its first."""
        items = self.koans[self.koan]
        item = next((one for one in items if one.nodeid == node_id), items[0])
        test = koan_test_of(item)
        assert test is not None
        return test
