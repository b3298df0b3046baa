"""Garbage: what a test leaves behind must not speak up in another one."""

import gc
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sensei.grading.traces import chain


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
