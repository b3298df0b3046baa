"""Backups: a learner's files, kept in `.sensei/backups` before they are replaced."""

import shutil
from datetime import datetime
from pathlib import Path


def keep(root: Path, path: Path) -> Path | None:
    """Copy the learner's file `path` to the backups; return where it is now.

    None where there was nothing to keep.

    Raises:
        OSError: it could not be copied; nothing may be written over it.
    """
    if not path.exists():
        return None
    folder = root / ".sensei" / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    parts = path.relative_to(root / "koans").with_suffix("").parts
    time = f"{datetime.now():%Y%m%d-%H%M%S}"
    for number in range(1, 1000):
        twin = "" if number == 1 else f"-{number}"
        kept = folder / f"{'-'.join(parts)}-{time}{twin}{path.suffix}"
        if not kept.exists():
            break
    shutil.copy2(path, kept)
    return kept
