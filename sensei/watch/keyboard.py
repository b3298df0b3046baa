"""The keyboard of a watch: single key presses from the terminal, without Enter."""

import os
import re
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sensei.watch.threads import start_thread

OnKey = Callable[[str], None]

# Arrows and the like arrive as several bytes and mean nothing here.
_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)


class Keyboard:
    """A terminal that passes on each key at once."""

    def listen(self) -> None:
        """Let the terminal do so again: a shell has used it meanwhile."""


class _PosixKeyboard(Keyboard):
    def __init__(self, terminal: int) -> None:
        self._terminal = terminal

    def listen(self) -> None:
        import termios
        import tty

        if not self._is_in_background():
            # Keeps Ctrl-C a signal, and keys that were pressed meanwhile.
            tty.setcbreak(self._terminal, termios.TCSADRAIN)

    def _is_in_background(self) -> bool:
        """Return whether the terminal belongs to another process now."""
        try:
            return os.tcgetpgrp(self._terminal) != os.getpgrp()
        except OSError:  # it controls no process
            return False


@contextmanager
def read_keys(on_key: OnKey) -> Iterator[Keyboard | None]:
    """Call `on_key` with each key that is pressed during the block, from a thread.

    Yields the keyboard, None if there is no terminal; it is restored afterwards.
    """
    if not sys.stdin.isatty():
        yield None
    elif sys.platform == "win32":
        yield _read_windows(on_key)
    else:
        import termios

        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
        stop_reading, stop_writing = os.pipe()
        keyboard = _PosixKeyboard(terminal)
        keyboard.listen()
        reader = start_thread(partial(_read, terminal, stop_reading, on_key))
        try:
            yield keyboard
        finally:
            os.write(stop_writing, b".")
            reader.join()
            os.close(stop_reading)
            os.close(stop_writing)
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def keys_in(pressed: bytes) -> list[str]:
    """Return the keys in what one read of a terminal returned."""
    return list(_SEQUENCE.sub(b"", pressed).decode("ascii", "ignore"))


def _read(terminal: int, stop: int, on_key: OnKey) -> None:
    while True:
        ready, _, _ = select.select([terminal, stop], [], [])
        if stop in ready:
            return
        try:
            pressed = os.read(terminal, 1024)
        except OSError:
            pressed = b""
        if not pressed:
            on_key("q")  # the terminal is gone
            return
        for key in keys_in(pressed):
            on_key(key)


def _read_windows(on_key: OnKey) -> Keyboard:
    import msvcrt

    def read() -> None:
        while True:
            on_key(msvcrt.getwch())  # type: ignore[attr-defined,unused-ignore]

    start_thread(read)
    return Keyboard()
