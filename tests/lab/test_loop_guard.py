"""Of `LoopGuard`: code that blocks the event loop is noticed, and ended."""

import asyncio
import sys
import threading
import time

import pytest

from lab import LoopGuard, patience
from lab.loop_guard import LoopBlockedError

# Longer than a line may keep the loop.
LONG = 1.5


@pytest.mark.skipif(sys.platform == "win32", reason="has no signal for a thread")
async def test_a_line_that_blocks_the_loop_is_ended() -> None:
    guard, lock = LoopGuard(__file__), threading.Lock()
    for _ in range(2):
        with lock, pytest.raises(LoopBlockedError):
            lock.acquire()

    assert guard.blocked


async def test_a_line_that_waits_in_another_thread_goes_on() -> None:
    guard = LoopGuard(__file__)
    await asyncio.to_thread(time.sleep, patience(LONG))

    assert not guard.blocked


async def test_other_files_are_not_looked_at() -> None:
    guard = LoopGuard("another_file.py")
    time.sleep(patience(LONG))  # noqa: ASYNC251

    assert not guard.blocked


async def test_many_short_lines_do_not_block_the_loop() -> None:
    guard, end = LoopGuard(__file__), time.monotonic() + patience(LONG)
    while time.monotonic() < end:  # noqa: ASYNC110
        await asyncio.sleep(0)

    assert not guard.blocked
