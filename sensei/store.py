"""A store: one JSON file under `.sensei/` that no kill and no neighbour can harm."""

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from sensei.told import Told

_LOCK_SECONDS = 5.0

Content = dict[str, Any]


class StoreError(Told):
    """A file under `.sensei/` could not be read or written; `str()` tells whom."""


@dataclass(frozen=True)
class Store:
    """The file `name` in the folder `.sensei` of the repository in `root`."""

    root: Path
    name: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.root / ".sensei" / self.name

    def read(self, check: Callable[[Content], None]) -> Content:
        """Return the content; empty where there is no file yet.

        `check` raises KeyError, TypeError or ValueError if the content is not of its
        form: then the file is set aside under another name.

        Raises:
            StoreError: the file cannot be opened, or it has been set aside.
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
            aside = self._set_aside()
            raise StoreError(
                f"{self._shown} was damaged. It is kept as {aside}, and begun anew."
            ) from None
        return content

    def update(
        self, check: Callable[[Content], None], change: Callable[[Content], Content]
    ) -> None:
        """Replace the content by `change(content)`, in one step, one at a time.

        Raises:
            StoreError: it could not be written, and is as it was; or it was damaged,
                has been set aside, and written anew.
        """
        damage: StoreError | None = None
        try:
            self.path.parent.mkdir(exist_ok=True)
            with FileLock(self.path.with_suffix(".lock"), timeout=_LOCK_SECONDS):
                try:
                    content = self.read(check)
                except StoreError as error:
                    content, damage = {}, error
                self._write(json.dumps(change(content), indent=1) + "\n")
        except Timeout:
            raise StoreError(f"{self._shown} is locked by another sensei.") from None
        except OSError as error:
            why = error.strerror or str(error)
            raise StoreError(f"{self._shown} cannot be written: {why}.") from None
        if damage is not None:
            raise damage

    @property
    def _shown(self) -> str:
        return f".sensei/{self.name}"

    def _write(self, text: str) -> None:
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f"{self.name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(self.path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _set_aside(self) -> str:
        aside = self.path.with_name(
            f"{self.name}.damaged-{datetime.now():%Y%m%d-%H%M%S}"
        )
        try:
            self.path.replace(aside)
        except OSError as error:
            raise StoreError(f"{self._shown} is damaged: {error.strerror}.") from None
        return aside.name
