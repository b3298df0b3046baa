"""What the checker says of a program."""

import json
import re
from typing import Any

from lab.typecheck.bypass import bypasses
from lab.typecheck.diagnostic import Diagnostic
from lab.typecheck.program import Program
from lab.typecheck.scope import scope

_REVEALED = re.compile(r'Revealed type is "(.*)"')


class Checked:
    """`said` is what mypy wrote about `program`: a JSON object in each line.

    `errors` are all that it found, in the lines of the program's text.
    """

    def __init__(self, program: Program, said: str) -> None:
        self._program = program
        self.errors: list[Diagnostic] = []
        self._revealed: list[tuple[int, str]] = []
        for entry in map(json.loads, said.splitlines()):
            self._note(entry)

    def _note(self, entry: dict[str, Any]) -> None:
        # The program is a module of its own to mypy, and has no name to its author.
        line, message = entry["line"], entry["message"].replace("__main__.", "")
        if entry["severity"] == "error":
            code = entry["code"] or "misc"
            self.errors.append(Diagnostic(self._program.file, line, code, message))
        elif match := _REVEALED.fullmatch(message):
            self._revealed.append((line, match[1]))

    def of(self, name: str) -> list[Diagnostic]:
        """Return what there is against the definition `name` and what it rests on.

        Ways around the checker come first, then mypy's errors.
        """
        answer = self._program.answer
        diagnostics = [*bypasses(answer, self._program.file), *self.errors]
        lines = scope(answer, name)
        # What mypy cannot parse it does not read on: that is for every definition.
        return [one for one in diagnostics if one.line in lines or one.code == "syntax"]

    def of_use(self, label: str) -> list[Diagnostic]:
        """Return what there is against a use; the lines are counted from its first."""
        diagnostics = list(
            bypasses(self._program.uses[label], "", self._program.answer)
        )
        for one in self.errors:
            line = self._program.line_in_use(label, one.line)
            if line is not None:
                diagnostics.append(Diagnostic("", line, one.code, one.message))
        return diagnostics

    def revealed(self, label: str) -> list[str]:
        """Return the types that `reveal_type` shows in a use, in its order."""
        return [
            shown
            for line, shown in self._revealed
            if self._program.line_in_use(label, line) is not None
        ]
