"""A program: an answer's text and, beneath it, uses of the answer."""

import os
import textwrap
from collections.abc import Mapping
from pathlib import Path

from lab.typecheck.pragmas import without_pragmas


class Program:
    """The `text` of the file `file`, and `uses`: lines of code, each under a label.

    The uses are checked as bodies of functions beneath the text; nothing is run.
    """

    def __init__(
        self, text: str, file: str, uses: Mapping[str, str] | None = None
    ) -> None:
        self.answer = text
        self.file = _shown(file)
        self.uses = dict(uses or {})
        self._starts: dict[str, int] = {}
        lines = without_pragmas(text).split("\n")
        for number, (label, code) in enumerate(self.uses.items()):
            lines.append(f"def _use_{number}() -> None:")
            self._starts[label] = len(lines)
            lines += textwrap.indent(without_pragmas(code), "    ").split("\n")
        self.text = "\n".join(lines) + "\n"

    def line_in_use(self, label: str, line: int) -> int | None:
        """Return which line of the use `label`, from 1, is `line` of the text."""
        within = line - self._starts[label]
        return within if 1 <= within <= self.uses[label].count("\n") + 1 else None


def _shown(file: str) -> str:
    """Return `file` as mypy would write it: from where the learner stands."""
    path, here = Path(file), Path.cwd()
    return os.fspath(path.relative_to(here) if path.is_relative_to(here) else path)
