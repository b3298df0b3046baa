"""What happens when code blocks the event loop that it runs in."""

import asyncio
import signal
import sys
import threading
from contextlib import suppress
from time import monotonic, sleep
from types import FrameType

from lab.patience import patience

_PAUSE = 0.02
# Seconds for which a line may keep the loop, and those of the next ones.
_FIRST, _NEXT = 1.0, 0.02


class LoopBlockedError(Exception):
    """Raised in the line that blocks the event loop, so that the loop goes on."""


class LoopGuard:
    """Notices that a line of a file blocks the running event loop, and frees the loop.

    `blocked` is whether this has happened. A line that waits in a thread of its own
    blocks nothing. The guard ends with the event loop. On Windows, and if the loop does
    not run in the main thread, it notices, and cannot free the loop.

    Raises:
        RuntimeError: no event loop is running.
    """

    def __init__(self, file: str) -> None:
        self.blocked = False
        self._file = file
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._can_free = False
        if sys.platform != "win32":
            with suppress(ValueError):  # not the main thread
                signal.signal(signal.SIGUSR1, self._stop)
                self._can_free = True
        threading.Thread(target=self._watch, daemon=True).start()

    def _is_in_file(self, frame: FrameType | None) -> bool:
        while frame and frame.f_code.co_filename != self._file:
            frame = frame.f_back
        return frame is not None

    def _stop(self, _number: int, frame: FrameType | None) -> None:
        # The line may have ended by now.
        if self._is_in_file(frame):
            raise LoopBlockedError("this line blocks the event loop")

    def _line(self) -> object:
        frame = sys._current_frames().get(self._thread)
        return self._is_in_file(frame) and frame and (id(frame), frame.f_lasti)

    def _is_stuck(self) -> bool:
        """Return whether the loop does nothing, and its thread stays in one line."""
        came, line = threading.Event(), self._line()
        self._loop.call_soon_threadsafe(came.set)
        begin, looked = monotonic(), 0
        while not came.wait(_PAUSE / 2):
            if not line or self._line() != line:
                line, begin, looked = self._line(), monotonic(), 0
            looked += 1
            moment = _NEXT if self.blocked else patience(_FIRST)
            # On a busy machine, few looks fit into this time.
            if line and looked > moment / _PAUSE and monotonic() - begin > moment:
                return True
        return False

    def _watch(self) -> None:
        with suppress(RuntimeError):  # the event loop is closed
            while True:
                if self._is_stuck():
                    self.blocked = True
                    if self._can_free:
                        signal.pthread_kill(self._thread, signal.SIGUSR1)
                sleep(_PAUSE)
