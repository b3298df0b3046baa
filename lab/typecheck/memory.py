"""A memory of what was said of the last programs, for all processes."""

import json
from pathlib import Path
from typing import Final

_KEPT: Final = 32


class Memory:
    """Keeps texts in `file`; to be used by one process at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def recall(self, key: str) -> str | None:
        """Return what is kept under `key`, if anything."""
        return self._kept().get(key)

    def keep(self, key: str, text: str) -> None:
        """Keep `text` under `key`, and forget what was kept longest ago."""
        kept = {**self._kept(), key: text}
        latest = dict(list(kept.items())[-_KEPT:])
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps(latest), encoding="utf-8")
        beside.replace(self._file)

    def _kept(self) -> dict[str, str]:
        try:
            kept = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}
