"""The keyboard of a watch: single key presses from the terminal, without Enter."""

import os
import select
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def read_keys(on_key: Callable[[str], None]) -> Iterator[bool]:
    """Call `on_key` with each key that is pressed during the block, from a thread.

    Yields whether there is a terminal to press keys on; it is restored afterwards.
    """
    if not sys.stdin.isatty():
        yield False
    elif sys.platform == "win32":
        yield _read_windows(on_key)
    else:
        import termios
        import tty

        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
        stop_reading, stop_writing = os.pipe()
        tty.setcbreak(terminal)  # keeps Ctrl-C a signal
        reader = threading.Thread(
            target=_read, args=(terminal, stop_reading, on_key), daemon=True
        )
        reader.start()
        try:
            yield True
        finally:
            os.write(stop_writing, b".")
            reader.join()
            os.close(stop_reading)
            os.close(stop_writing)
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _read(terminal: int, stop: int, on_key: Callable[[str], None]) -> None:
    while True:
        ready, _, _ = select.select([terminal, stop], [], [])
        if stop in ready:
            return
        pressed = os.read(terminal, 32)
        if not pressed:
            on_key("q")  # the terminal is gone
            return
        # Arrows and the like arrive as several bytes and mean nothing here.
        if len(pressed) == 1:
            on_key(pressed.decode("ascii", "ignore"))


def _read_windows(on_key: Callable[[str], None]) -> bool:
    import msvcrt

    def read() -> None:
        while True:
            on_key(msvcrt.getwch())  # type: ignore[attr-defined,unused-ignore]

    threading.Thread(target=read, daemon=True).start()
    return True
