"""The files of a watch: which of them are saved, also after a folder was replaced."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from watchfiles import Change, DefaultFilter, watch

from sensei.watch.snapshot import Snapshot
from sensei.watch.threads import start_thread

_FOLDERS = ("koans", "solutions", "lab", "sensei")
_FILES = ("conftest.py", "pyproject.toml")

_FILTER = DefaultFilter()  # it looks at names alone

# Milliseconds. An editor writes in a few steps: those of a burst are one save. The
# learner waits for the verdict meanwhile.
_BURST = 100
_STEP = 3
_TIMEOUT = 200

OnSave = Callable[[set[Path]], None]
OnError = Callable[[str], None]


@contextmanager
def watch_files(root: Path, on_save: OnSave, on_error: OnError) -> Iterator[None]:
    """Call `on_save` with the files that change during the block, from a thread.

    Deleted files and both names of a renamed one count as changed; a folder does if it
    was replaced, with all that is in it. `on_error` is called with what to tell if
    nothing is noticed any more.
    """
    watcher = _Watcher(root, on_save, on_error)
    watcher.start()
    try:
        yield
    finally:
        watcher.stop()


class _Watcher:
    """Watches the root, and in it the folders that exist.

    Not all that is below the root: a virtual environment has thousands of folders. A
    folder that was replaced is another one, and has to be watched anew.
    """

    def __init__(self, root: Path, on_save: OnSave, on_error: OnError) -> None:
        self._root = root
        self._on_save = on_save
        self._on_error = on_error
        # Before the threads begin: a save from here on is noticed, also by a slow one.
        self._snapshot = Snapshot(root / "koans")
        self._stop = threading.Event()
        self._is_replaced = threading.Event()
        self._replaced: queue.SimpleQueue[Path] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        works = (self._watch_root, self._watch_folders)
        self._threads = [start_thread(partial(self._run, work)) for work in works]

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(1.0)

    def is_set(self) -> bool:
        """Return whether the folders must not be watched any longer as they are."""
        return self._stop.is_set() or self._is_replaced.is_set()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # also the errors of watchfiles' own kind
            if not self._stop.is_set():
                self._on_error(_message(error))

    def _watch_root(self) -> None:
        """Notice the files beside the folders, and folders that come and go."""
        for paths in _changes([self._root], self._stop, recursive=False):
            for path in paths:
                if path.name in _FOLDERS:
                    self._replaced.put(path)
                    self._is_replaced.set()
            saved = {path for path in paths if path.name in _FILES}
            if saved:
                self._on_save(saved)

    def _watch_folders(self) -> None:
        while not self._stop.is_set():
            self._is_replaced.clear()
            paths = [self._root / name for name in _FOLDERS]
            found = [path for path in paths if path.is_dir()]
            try:
                for saved in _changes(found, self, recursive=True):
                    # Told only now: what is saved from here on is noticed.
                    while not self._replaced.empty():
                        saved.add(self._replaced.get())
                    if not saved:
                        saved = {
                            path for path in self._snapshot.missed() if _is_wanted(path)
                        }
                    if saved:
                        self._snapshot.note(saved)
                        self._on_save(saved)
            except FileNotFoundError:
                # It has gone since we looked, which the root's thread will notice.
                self._is_replaced.wait(_TIMEOUT / 1000)


def _changes(
    paths: list[Path], stop: "threading.Event | _Watcher", *, recursive: bool
) -> Iterator[set[Path]]:
    """Yield what changes in `paths` until `stop` is set; nothing now and then."""
    for changes in watch(
        *paths,
        watch_filter=lambda change, path: (
            _is_wanted(path)
            # A folder is modified when its mode is: that is no save.
            and not (change is Change.modified and Path(path).is_dir())
        ),
        debounce=_BURST,
        step=_STEP,
        rust_timeout=_TIMEOUT,
        stop_event=stop,
        yield_on_timeout=True,
        raise_interrupt=False,
        recursive=recursive,
    ):
        yield {Path(name) for _, name in changes}


def _is_wanted(path: str | Path) -> bool:
    """Return whether `path` is none of the files that editors and tools keep."""
    return _FILTER(Change.modified, str(path))


def _message(error: Exception) -> str:
    """Return what is told of an `error` of the system that watches files."""
    return (
        f"Saved files are not noticed any more: {error}. Press s to run the section. "
        "To look for changes in another way, start it again with "
        "WATCHFILES_FORCE_POLLING=1 in the environment."
    )
