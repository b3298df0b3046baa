"""Deadlines of koans: a test that has no end is stopped, whoever runs it."""

from collections.abc import Generator

import pytest

from sensei.grading.deadline import HAS_TIMER, Deadline, Moment, enforced
from sensei.plugin.execution import koan_test_of

DEADLINE = pytest.StashKey[Deadline]()
_BEGUN = pytest.StashKey[Moment]()


def deadline_of(item: pytest.Item) -> Deadline:
    """Return the deadline of the koan's test `item`.

    The mark `timeout` says how many seconds it may compute if not as many as others.
    """
    deadline = item.config.stash[DEADLINE]
    marker = item.get_closest_marker("timeout")
    if marker is not None and marker.args:
        return deadline.scaled_to(float(marker.args[0]))
    return deadline


@pytest.hookimpl(optionalhook=True)
def pytest_timeout_set_timer(item: pytest.Item) -> bool | None:
    """Take over from pytest-timeout, which goes by the clock alone."""
    return True if HAS_TIMER and koan_test_of(item) is not None else None


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Begin the time of a test."""
    item.stash[_BEGUN] = Moment.now()
    return (yield from _until_deadline(item))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Go on with the time of a test. Last, so that `execution` gets to know."""
    return (yield from _until_deadline(item))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Begin the time that is for cleaning up, also after a test that had no end."""
    item.stash[_BEGUN] = Moment.now()
    return (yield from _until_deadline(item))


def _until_deadline(item: pytest.Item) -> Generator[None]:
    if koan_test_of(item) is None:
        return (yield)
    with enforced(deadline_of(item), item.stash[_BEGUN]):
        return (yield)
