"""The scheduler: the order in which koans run."""

import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from sensei.content.section import Section
from sensei.plugin.execution import REPOSITORY, TEST, named_test
from sensei.runner.protocol import RunKoans
from sensei.runner.scheduler import Scheduler
from tests.miniature import Miniature

FILES = ["koans/ch01/test_s01_adding.py", "koans/ch01/test_s02_more.py"]


class FakeSession:
    """A session of pytest that collects the tests of the miniature."""

    def __init__(self, miniature: Miniature) -> None:
        self._repository = miniature.repository
        manager = SimpleNamespace(register=lambda plugin, name: None)
        stash = {REPOSITORY: self._repository}
        self.config = SimpleNamespace(stash=stash, pluginmanager=manager)

    def perform_collect(self, paths: list[str]) -> Iterator[Any]:
        """Yield an item for each test of each file."""
        for path in paths:
            file = self._repository.root / path
            section = self._repository.section_tested_by(file)
            assert section is not None
            for name in [one for names in section.test_names.values() for one in names]:
                test = named_test(self._repository, file, name)
                yield SimpleNamespace(nodeid=f"{path}::{name}", stash={TEST: test})


@pytest.fixture
def scheduler(miniature: Miniature, sections: list[Section]) -> Iterator[Scheduler]:
    """A scheduler whose events nobody reads."""
    assert [section.path_of(section.tests) for section in sections] == FILES
    null = os.open(os.devnull, os.O_WRONLY)
    yield Scheduler(FakeSession(miniature), null)  # type: ignore[arg-type]
    os.close(null)


def next_jobs(scheduler: Scheduler, count: int) -> list[tuple[int, list[str]]]:
    """Return the requests of the next jobs, and the koans that each job runs."""
    jobs = [scheduler.next_job() for _ in range(count)]
    return [(job.request, list(job.koans)) for job in jobs if job is not None]


def test_the_latest_request_is_served_first(scheduler):
    scheduler.add(RunKoans(1, FILES, None))
    scheduler.add(RunKoans(2, FILES[1:], ["1.2.2"]))

    assert next_jobs(scheduler, 4) == [
        (2, ["1.2.2"]),
        (1, ["1.1.1", "1.1.2"]),
        (1, ["1.2.1", "1.2.2"]),
    ]


def test_a_request_goes_before_what_is_left_of_an_earlier_one(scheduler):
    scheduler.add(RunKoans(1, FILES, None))
    assert next_jobs(scheduler, 1) == [(1, ["1.1.1", "1.1.2"])]
    scheduler.add(RunKoans(2, FILES[1:], ["1.2.2", "1.2.1"]))

    assert next_jobs(scheduler, 4) == [
        (2, ["1.2.2"]),
        (2, ["1.2.1"]),
        (1, ["1.2.1", "1.2.2"]),
    ]
