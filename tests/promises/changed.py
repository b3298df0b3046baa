"""Which chapters were changed since all of an environment was well."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

# What the outcome of every chapter depends on.
_COMMON = ("sensei", "lab", "conftest.py", "pyproject.toml", "requirements.lock")
_OF_CHAPTER = ("koans/{}", "solutions/{}", "tests/variants/{}")


class Fingerprints:
    """The state of each chapter when `environment` was last well; kept in `.tox`."""

    def __init__(self, root: Path, environment: str) -> None:
        self._root = root
        self._file = root / ".tox" / "well" / f"{environment}.json"

    def changed(self, chapters: Iterable[str]) -> list[str]:
        """Return those of the folders `chapters`, like "ch02", that were changed."""
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            kept = {}
        return [one for one in chapters if kept.get(one) != self._of(one)]

    def keep(self, chapters: Iterable[str]) -> None:
        """Remember the state of all these chapters, which is well."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        state = {one: self._of(one) for one in chapters}
        self._file.write_text(json.dumps(state), encoding="utf-8")

    def _of(self, chapter: str) -> str:
        digest = hashlib.sha256()
        names = [*_COMMON, *(pattern.format(chapter) for pattern in _OF_CHAPTER)]
        for path in (self._root / name for name in names):
            inside = [path] if path.is_file() else sorted(path.rglob("*"))
            for one in inside:
                if one.is_file() and "__pycache__" not in one.parts:
                    digest.update(one.relative_to(self._root).as_posix().encode())
                    digest.update(one.read_bytes())
        return digest.hexdigest()
