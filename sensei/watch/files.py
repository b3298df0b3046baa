"""The files of a watch: which of them are saved."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from watchfiles import DefaultFilter, watch

_WATCHED = ("koans", "solutions", "lab", "sensei", "conftest.py", "pyproject.toml")

# Milliseconds. An editor writes in a few steps: those of a burst are one save. The
# learner waits for the verdict meanwhile.
_BURST = 100
_STEP = 10


@contextmanager
def watch_files(root: Path, on_save: Callable[[set[Path]], None]) -> Iterator[None]:
    """Call `on_save` with the files that change during the block, from a thread.

    Deleted files and both names of a renamed one count as changed.
    """
    stop = threading.Event()
    paths = [root / name for name in _WATCHED if (root / name).exists()]

    def watch_paths() -> None:
        for changes in watch(
            *paths,
            watch_filter=DefaultFilter(),
            debounce=_BURST,
            step=_STEP,
            rust_timeout=200,
            stop_event=stop,
            raise_interrupt=False,
        ):
            on_save({Path(name) for _, name in changes})

    watcher = threading.Thread(target=watch_paths, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join(1.0)
