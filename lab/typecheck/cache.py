"""The cache: what mypy has learned of the libraries, which takes it seconds."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

from lab.typecheck.configuration import STRICT, configuration

_PLUGIN: Final = Path(__file__).with_name("plugin.py").read_bytes()
VERSIONS: Final = " ".join(
    [
        platform.python_version(),
        version("mypy"),
        version("pydantic"),
        hashlib.sha256(_PLUGIN).hexdigest(),
    ]
)

# What makes mypy read Pydantic and all that Pydantic imports.
_LIBRARIES: Final = "import pydantic"


class CheckerError(Exception):
    """mypy itself does not work; `str()` is what it wrote."""


class Cache:
    """Lives in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._filled = folder / "filled"

    def options(self, configured: str) -> list[str]:
        """Return what mypy is called with, to be configured by the text given."""
        file = self._folder / "mypy.ini"
        file.write_text(configured, encoding="utf-8")
        learned = os.fspath(self._folder / "learned")
        places = ["--config-file", os.fspath(file), "--cache-dir", learned]
        return [*places, "--output", "json", "--no-error-summary"]

    def fill(self) -> None:
        """Let mypy read the libraries, unless it has.

        Raises:
            CheckerError: mypy does not work.
        """
        if self._filled.exists() and self._filled.read_text() == VERSIONS:
            return
        options = self.options(configuration(STRICT))
        # A process of its own: it takes seconds, and what it takes it gives back.
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "mypy", *options, "-c", _LIBRARIES],
            cwd=Path(__file__).parents[2],  # where the plugin is found
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CheckerError(done.stderr or done.stdout)
        self._filled.write_text(VERSIONS)

    def clear(self) -> None:
        """Forget everything."""
        self._filled.unlink(missing_ok=True)
        shutil.rmtree(self._folder / "learned", ignore_errors=True)
