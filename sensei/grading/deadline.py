"""Deadlines: how long a test may compute, and how long it may wait.

What computes is measured by the CPU time of its process, of which other work on the
machine takes nothing. What waits is measured by the clock, less the time that it had to
wait for a core, and gets more where there is more to do than there are cores: so do the
processes that it waits for. What began on a busy machine keeps what it got then.
"""

import inspect
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, process_time  # by name: an answer may replace the module's
from types import FrameType
from typing import NamedTuple, Self

from _pytest.outcomes import Failed  # `pytest.fail.Exception` is no type to mypy

HAS_TIMER = hasattr(signal, "setitimer")

# By how much a busy machine stretches a deadline at most. It takes a process only a
# little more CPU time to do the same there: caches are shared.
_MOST_STRETCH = 8.0
_MOST_CPU_STRETCH = 2.0
# Seconds from one look at the clocks to the next, once one of them may have run out.
_LOOK_AGAIN = 0.25


class DeadlineError(Failed):
    """A test has run too long; `str()` says how long.

    It is no `Exception`: an answer that catches all of those does not catch it.
    """


class Moment(NamedTuple):
    """The CPU time that this process has used, and the time of the clock.

    `delayed` is how long it had to wait for a core; None where that is not known.
    `overload` is what the function of this name returned then.
    """

    cpu: float
    wall: float
    delayed: float | None
    overload: float

    @classmethod
    def now(cls) -> Self:
        """Return this moment."""
        scheduled = _scheduled("self")
        delayed = scheduled and scheduled[1]
        return cls(process_time(), monotonic(), delayed, overload())


@dataclass(frozen=True)
class Deadline:
    """Seconds that a test may compute, and seconds that it may wait."""

    cpu_seconds: float
    wall_seconds: float

    def scaled_to(self, cpu_seconds: float) -> "Deadline":
        """Return the same deadline for a test that may compute for `cpu_seconds`."""
        longer = cpu_seconds / self.cpu_seconds
        return Deadline(cpu_seconds, self.wall_seconds * longer)

    @property
    def when_computing(self) -> str:
        """What is told of a test that computes for too long, without a full stop."""
        return f"Stopped after {self.cpu_seconds:g} s of computing"

    @property
    def when_waiting(self) -> str:
        """What is told of a test that waits for too long, without a full stop."""
        return f"Stopped after {self.wall_seconds:g} s of waiting"

    def most_cpu_seconds(self) -> float:
        """Return how long a test may compute, with this much to do for the machine."""
        return self.cpu_seconds * min(overload(), _MOST_CPU_STRETCH)

    def exceeded_since(self, begun: Moment) -> str:
        """Return what is told of a test that runs since `begun`; "" if it may go on."""
        now = Moment.now()
        stretch = max(begun.overload, now.overload)
        computed = now.cpu - begun.cpu
        if computed >= self.cpu_seconds * min(stretch, _MOST_CPU_STRETCH):
            return self.when_computing
        if now.delayed is None or begun.delayed is None:
            delayed = computed * (stretch - 1)
        else:
            delayed = now.delayed - begun.delayed
        waited = now.wall - begun.wall - computed - delayed
        return self.when_waiting if waited >= self.wall_seconds * stretch else ""


class Wait:
    """How long the process `process` waits and computes, seen from another one."""

    def __init__(self, process: int) -> None:
        self._process = str(process)
        self._begun = monotonic()
        self._overload = overload()
        self._scheduled = _scheduled(self._process)

    def is_over(self, deadline: Deadline, grace: float) -> bool:
        """Return whether it has waited longer than `deadline` allows, and `grace`."""
        waited = monotonic() - self._begun
        if waited <= deadline.wall_seconds + grace:
            return False
        stretch = max(self._overload, overload())
        now = _scheduled(self._process)
        if now is None or self._scheduled is None:  # then it may do both
            waited -= deadline.most_cpu_seconds() * stretch
        else:
            waited -= sum(now) - sum(self._scheduled)
        return waited > deadline.wall_seconds * stretch + grace

    def has_computed(self, seconds: float) -> bool:
        """Return whether it has computed for more than `seconds`.

        False where the system does not tell: then `is_over` counts that as waiting.
        """
        if monotonic() - self._begun <= seconds:
            return False
        now = _scheduled(self._process)
        if now is None or self._scheduled is None:
            return False
        return now[0] - self._scheduled[0] > seconds


@contextmanager
def enforced(deadline: Deadline, begun: Moment) -> Iterator[None]:
    """Raise a `DeadlineError` in the block once `deadline` is over, since `begun`.

    Again and again, should the block catch it. Only in the main thread of a process
    that has a timer: elsewhere nothing is enforced.
    """
    if not HAS_TIMER or threading.current_thread() is not threading.main_thread():
        yield
        return

    def look(_number: int, frame: FrameType | None) -> None:
        reason = deadline.exceeded_since(begun)
        if reason and not _is_debugging() and _may_raise_in(frame):
            raise DeadlineError(f"{reason}, while this line was running.")

    before = signal.signal(signal.SIGALRM, look)
    # A test that runs for less than that is not interrupted by a single look.
    first = min(deadline.cpu_seconds, deadline.wall_seconds)
    signal.setitimer(signal.ITIMER_REAL, first, _LOOK_AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


_ENFORCED = inspect.unwrap(enforced).__code__
# They are on their way out of the block, or into it.
_LEAVING = ("pluggy", "contextlib")


def _may_raise_in(frame: FrameType | None) -> bool:
    """Return whether an exception that is raised in `frame` passes through `enforced`.

    Raised in the code that leads to it, or in its own, an exception would keep the
    timer going. The next one would then be raised in pytest, and end the whole run.
    """
    module = str(frame.f_globals.get("__name__")) if frame else ""
    if module.partition(".")[0] in _LEAVING:
        return False
    while frame is not None and frame.f_code is not _ENFORCED:
        frame = frame.f_back
    return frame is None


def _scheduled(process: str) -> tuple[float, float] | None:
    """Return how long a process has run, and waited for a core (Linux)."""
    try:
        ran, delayed, _ = Path(f"/proc/{process}/schedstat").read_text().split()
    except (OSError, ValueError):
        return None
    return int(ran) / 1e9, int(delayed) / 1e9


def overload() -> float:
    """Return how many processes there are for each core now; 1 if there are fewer."""
    waiting = 0.0
    with suppress(OSError, AttributeError):
        waiting = os.getloadavg()[0]
    # The average of a minute does not know yet of what began a second ago.
    with suppress(OSError, ValueError, IndexError):
        running = Path("/proc/loadavg").read_text().split()[3]
        waiting = max(waiting, float(running.partition("/")[0]))
    return min(max(1.0, waiting / _cores()), _MOST_STRETCH)


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def _is_debugging() -> bool:
    """Return whether somebody looks at the test in a debugger, and has the time."""
    from pytest_timeout import is_debugging  # type: ignore[import-untyped]

    return bool(is_debugging())
