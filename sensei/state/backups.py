"""Backups: a learner's files, copied to `.sensei/backups` before they are replaced."""

import re
import shutil
from datetime import datetime
from pathlib import Path

_FOLDER = Path(".sensei", "backups")


def back_up(root: Path, path: Path) -> Path | None:
    """Copy the learner's file `path` to the backups; return the path of the copy.

    None if there is no such file.

    Raises:
        OSError: it could not be copied; do not write over it then.
    """
    if not path.exists():
        return None
    folder = root / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{_stem(root, path)}-{datetime.now():%Y%m%d-%H%M%S}"
    backup = folder / f"{name}{path.suffix}"
    number = 1
    while backup.exists():
        number += 1
        backup = folder / f"{name}-{number}{path.suffix}"
    shutil.copy2(path, backup)
    return backup


def backups_of(root: Path, path: Path) -> list[Path]:
    """Return the backups of the learner's file `path`, the newest first."""
    stem = re.escape(_stem(root, path))
    form = re.compile(rf"{stem}-(\d{{8}}-\d{{6}})(?:-(\d+))?{re.escape(path.suffix)}")
    found = [
        (match[1], int(match[2] or 1), backup)
        for backup in (root / _FOLDER).glob("*")
        if (match := form.fullmatch(backup.name))
    ]
    return [backup for _, _, backup in sorted(found, reverse=True)]


def _stem(root: Path, path: Path) -> str:
    """Return how the names of the backups of `path` begin."""
    return "-".join(path.relative_to(root / "koans").with_suffix("").parts)
