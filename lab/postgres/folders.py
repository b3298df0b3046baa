"""The folders that servers live in, which are how processes find them.

A folder is named for the user and for the owner of a run. Its supervisor holds a lock
on the file `LOCK` in it for as long as the supervisor lives. So no process has to
remember a server, and a forked child or a new worker knows as much as its parent.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.postgres.supervisor import LOCK
from lab.unavailable import Unavailable

_MEMORY = Path("/dev/shm")  # noqa: S108
# Bytes that must be free in memory for a server to live there.
_ROOM = 512 << 20
# Seconds that another process's turn may take, and between two looks at it.
_PATIENCE = 30.0
_PAUSE = 0.01


def new_folder(owner: int, *, runs_programs: bool) -> Path:
    """Make a folder for a server of the run of `owner`, and return it.

    Other users may enter it, but not list it. It is in memory if there is room, else on
    disk; also on disk if `runs_programs`, for some systems run none that are in memory.
    """
    place = Path(tempfile.gettempdir())
    if (
        not runs_programs
        and os.access(_MEMORY, os.W_OK | os.X_OK)
        and shutil.disk_usage(_MEMORY).free > _ROOM
    ):
        place = _MEMORY
    folder = Path(tempfile.mkdtemp(prefix=_prefix(f"{owner}-"), dir=place))
    folder.chmod(0o711)
    return folder


def folders(owner: int | None = None) -> Iterator[Path]:
    """Yield the folders of the run of `owner`; of all runs of this user if None."""
    pattern = _prefix("*-*/" if owner is None else f"{owner}-*/")
    for place in (_MEMORY, Path(tempfile.gettempdir())):
        for folder in sorted(place.glob(pattern)):
            # Anybody may put something there, under any name.
            if _is_mine(folder):
                yield folder


def is_kept(folder: Path) -> bool:
    """Return whether the supervisor of `folder` lives."""
    try:
        with (folder / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False


@contextmanager
def turn() -> Iterator[None]:
    """Wait until no other process of this user is in such a block.

    Raises:
        Unavailable: one is in it for very long.
    """
    path = Path(tempfile.gettempdir(), _prefix("turn"))
    deadline = time.monotonic() + _PATIENCE
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor) as lock:
        while not _locked(lock.fileno()):
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"PostgreSQL: some process does not let go of {path}."
                )
            time.sleep(_PAUSE)
        yield


def _is_mine(folder: Path) -> bool:
    try:
        return folder.lstat().st_uid == os.geteuid()
    except FileNotFoundError:  # its supervisor ends just now
        return False


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _prefix(rest: str) -> str:
    return f"koans-postgres-{os.geteuid()}-{rest}"
