"""A snapshot of the learner's files: finds saves that the system did not tell of."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

# What differs as soon as a file is written, or is another one.
_State = tuple[int, int, int]


class Snapshot:
    """How the files in `folder` were when they were last told to be saved.

    The system's own notice of a save comes first. It is lost where it arrives while
    watchfiles forgets the notices before it, and on disks that send none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = self._look()
        self._suspected: set[str] = set()

    def note(self, paths: Iterable[Path]) -> None:
        """Take the files `paths`, or all of them for a folder, for told."""
        for path in paths:
            state = _state(path)
            if path.is_dir():
                self._known = self._look()
            elif state is None:
                self._known.pop(str(path), None)
            elif path.is_relative_to(self._folder):
                self._known[str(path)] = state

    def missed(self) -> set[Path]:
        """Return files that are not as they were told, now and at the call before.

        A notice of those that have changed since is still to be expected.
        """
        now = self._look()
        differ = {
            name
            for name in now.keys() | self._known.keys()
            if now.get(name) != self._known.get(name)
        }
        missed, self._suspected = differ & self._suspected, differ
        return {Path(name) for name in missed}

    def _look(self) -> dict[str, _State]:
        return {
            name: state
            for name in _files_in(str(self._folder))
            if (state := _state(name)) is not None
        }


def _state(path: str | Path) -> _State | None:
    """Return the state of a file; None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116  # a Path costs more than the call
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _files_in(folder: str) -> Iterator[str]:
    """Yield the files in `folder`, at any depth, that Python has not written."""
    try:
        entries = list(os.scandir(folder))
    except OSError:  # it has just gone
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__pycache__":
                yield from _files_in(entry.path)
        else:
            yield entry.path
