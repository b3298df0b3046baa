"""The checker: mypy in strict mode, warm."""

import gc
import hashlib
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import mypy.main  # noqa: F401  # what `api` imports late, whoever forks has already
from filelock import FileLock
from mypy import api

import lab.typecheck.plugin  # noqa: F401  # as above, for mypy
from lab.typecheck.cache import VERSIONS, Cache, CheckerError
from lab.typecheck.checked import Checked
from lab.typecheck.configuration import STRICT, configuration
from lab.typecheck.memory import Memory
from lab.typecheck.program import Program


class Checker:
    """Checks programs; keeps in `folder` what mypy learns and says.

    Processes that share the folder take turns, and a program that one of them has
    checked is checked for all. `runs` is how often this one has run mypy.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.runs = 0
        self._has_renewed = False
        self._lock = FileLock(folder / "lock")
        self._cache = Cache(folder)
        self._memory = Memory(folder / "said.json")

    def check(
        self, program: Program, plugin: Mapping[str, bool] | None = STRICT
    ) -> Checked:
        """Return what mypy says of `program`.

        In strict mode, with Pydantic's plugin and its settings `plugin`, or without
        it.

        Raises:
            CheckerError: mypy does not work.
        """
        configured = configuration(plugin)
        key = _digest(VERSIONS, configured, program.text)
        with self._lock:
            said = self._memory.recall(key)
            if said is None:
                said = self._ask(configured, program.text)
                self._memory.keep(key, said)
        return Checked(program, said)

    def _ask(self, configured: str, text: str) -> str:
        self._cache.fill()
        try:
            return self._run(configured, text)
        except Exception:
            # The cache may be damaged: once, that is not worth an inquiry.
            if self._has_renewed:
                raise
            self._has_renewed = True
            self._cache.clear()
            self._cache.fill()
            return self._run(configured, text)

    def _run(self, configured: str, text: str) -> str:
        self.runs += 1
        options = self._cache.options(configured)
        # Option and text are one word: on its own, a text that begins with `@` or
        # `-` would be taken for something else.
        with _undisturbed():
            said, trouble, _ = api.run([*options, f"-c{text}"])
        if trouble:
            raise CheckerError(trouble)
        return said


def _digest(*texts: str) -> str:
    joined = "\0".join(texts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Undo what mypy does to the process that it runs in."""
    depth, thresholds = sys.getrecursionlimit(), gc.get_threshold()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.setrecursionlimit(depth)
        gc.set_threshold(*thresholds)
