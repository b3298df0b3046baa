"""Garbage: what a test leaves behind must not show, or take time, in another one."""

import gc
import operator
import sys
import traceback
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress

import pytest

from sensei.grading.traces import chain
from sensei.runner.limits import private_memory

# Python collects the oldest generation once the second one was collected this often.
_NEVER = 2**30
# What tests may leave before it is collected: blocks of memory, as Python counts them
# for small objects, or bytes of any memory.
_BLOCKS = 1_000_000
_BYTES = 256 << 20


def _memory() -> tuple[int, int]:
    """Return the blocks and the bytes of memory that this process has."""
    return sys.getallocatedblocks(), private_memory()


class FullCollections:
    """Collects all garbage, but only between two tests.

    A full collection reads every object there is, for half a second and more in a long
    run. In the middle of a test that looks like an answer that is slow.
    """

    def __init__(self) -> None:
        """Let Python collect only what is new."""
        self._thresholds = gc.get_threshold()
        gc.set_threshold(*self._thresholds[:2], _NEVER)
        self._before = (0, 0)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Collect what the tests since the last time have left, if it is much.

        First, so that no time limit of the test includes it.
        """
        if not any(self._before):  # what was imported until now is no garbage
            self._before = _memory()
        result = yield
        blocks, size = map(operator.sub, _memory(), self._before)
        if blocks > _BLOCKS or size > _BYTES:
            gc.collect()
            self._before = _memory()
        return result

    def pytest_unconfigure(self) -> None:
        """Let Python collect as it did before."""
        gc.set_threshold(*self._thresholds)


@contextmanager
def no_collection() -> Iterator[None]:
    """Collect no garbage in the block.

    An asyncio task among the garbage logs its exception, and to show the traceback
    Python parses code. Python 3.11 raises a SystemError if it is parsing code already,
    as is done for a report.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def release(error: BaseException) -> None:
    """Let go of what the frames of `error`, and of what led to it, hold.

    A coroutine among it would cause its warning later, in another test.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for one in list(chain(error)):
            for frame, _ in traceback.walk_tb(one.__traceback__):
                with suppress(RuntimeError):  # it is still running
                    frame.clear()
                    frame.f_locals  # noqa: B018  # drops what a look at it kept
