"""Saves: which files of the repository were written, at once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from watchfiles import DefaultFilter, watch

_WATCHED = ("koans", "solutions", "lab", "sensei", "conftest.py", "pyproject.toml")

# Milliseconds. An editor writes in a few steps, a burst of them is one save; the
# learner is waiting for the verdict all the while.
_BURST = 100
_STEP = 10


@contextmanager
def saves(root: Path, saved: Callable[[set[Path]], None]) -> Iterator[None]:
    """Call `saved` with the files that change during the block, from a thread.

    Deleted files and both names of a renamed one count as changed.
    """
    stop = threading.Event()
    paths = [root / name for name in _WATCHED if (root / name).exists()]

    def look() -> None:
        for changes in watch(
            *paths,
            watch_filter=DefaultFilter(),
            debounce=_BURST,
            step=_STEP,
            rust_timeout=200,
            stop_event=stop,
            raise_interrupt=False,
        ):
            saved({Path(name) for _, name in changes})

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join(1.0)
