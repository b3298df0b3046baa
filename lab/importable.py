"""A package of the learner's, as a new process finds it."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def importable(folder: Path, package: str) -> Iterator[None]:
    """Let Python import `package` from `folder` during the block.

    No module of it is imported at the beginning, and none is kept afterwards. Nothing
    is written into the folder.
    """
    path, writes = sys.path[:], sys.dont_write_bytecode
    _forget(package)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = path, writes
        _forget(package)


def _forget(package: str) -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] == package:
            del sys.modules[name]
