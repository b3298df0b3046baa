"""Backups: a learner's files, copied to `.sensei/backups` before they are replaced."""

import shutil
from datetime import datetime
from pathlib import Path


def back_up(root: Path, path: Path) -> Path | None:
    """Copy the learner's file `path` to the backups; return the path of the copy.

    None if there is no such file.

    Raises:
        OSError: it could not be copied; do not write over it then.
    """
    if not path.exists():
        return None
    folder = root / ".sensei" / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    parts = path.relative_to(root / "koans").with_suffix("").parts
    time = f"{datetime.now():%Y%m%d-%H%M%S}"
    name = f"{'-'.join(parts)}-{time}"
    backup = folder / f"{name}{path.suffix}"
    number = 1
    while backup.exists():
        number += 1
        backup = folder / f"{name}-{number}{path.suffix}"
    shutil.copy2(path, backup)
    return backup
