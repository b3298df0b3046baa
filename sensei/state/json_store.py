"""A JSON file in `.sensei/`, written atomically, by one process at a time."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sensei.errors import SenseiError

_LOCK_SECONDS = 5.0

Content = dict[str, Any]


class StoreError(SenseiError):
    """A file in `.sensei/` could not be read or written. `str()` names it."""


class DamagedError(StoreError):
    """It could not be read, and has been renamed: a new one is used."""


@dataclass(frozen=True)
class JsonStore:
    """The file `name` in the folder `.sensei` of the repository in `root`."""

    root: Path
    name: str

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self.root / ".sensei" / self.name

    def read(self, check: Callable[[Content], None]) -> Content:
        """Return the content; empty where there is no file yet.

        `check` raises KeyError, TypeError or ValueError if the content is not of its
        form: then the file is renamed. What else it raises is passed on.

        Raises:
            StoreError: the file cannot be opened.
            DamagedError: the file was damaged, and has been renamed.
        """
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(content, dict):
                raise TypeError("not an object")
            check(content)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StoreError(
                f"{self._shown} cannot be opened: {error.strerror}."
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            damaged = self._rename_damaged()
            raise DamagedError(
                f"{self._shown} was damaged. It was renamed to {damaged}, and a new "
                "file is used."
            ) from None
        return content

    def update(
        self, check: Callable[[Content], None], change: Callable[[Content], Content]
    ) -> None:
        """Replace the content by `change(content)`, in one step, one at a time.

        Raises:
            StoreError: it could not be read or written, and is as it was.
            DamagedError: it was damaged and renamed, and a new file was written.
        """
        from filelock import FileLock, Timeout  # not needed to read

        damage: DamagedError | None = None
        try:
            self.path.parent.mkdir(exist_ok=True)
            with FileLock(self.path.with_suffix(".lock"), timeout=_LOCK_SECONDS):
                try:
                    content = self.read(check)
                except DamagedError as error:
                    content, damage = {}, error
                self._write(json.dumps(change(content), indent=1) + "\n")
        except Timeout:
            raise StoreError(f"{self._shown} is locked by another process.") from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreError(f"{self._shown} cannot be written: {reason}.") from None
        if damage is not None:
            raise damage

    @property
    def _shown(self) -> str:
        return f".sensei/{self.name}"

    def _write(self, text: str) -> None:
        import tempfile  # not needed to read

        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f"{self.name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(self.path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _rename_damaged(self) -> str:
        damaged = self.path.with_name(
            f"{self.name}.damaged-{datetime.now():%Y%m%d-%H%M%S}"
        )
        try:
            self.path.replace(damaged)
        except OSError as error:
            raise StoreError(f"{self._shown} is damaged: {error.strerror}.") from None
        return damaged.name
