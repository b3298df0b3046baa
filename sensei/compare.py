"""`sensei compare`: my answer beside the solution, and the answer in words."""

import ast
import difflib
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from sensei.cutter import whole
from sensei.koan import Koan
from sensei.page import Page
from sensei.section import Section, homes

_WORDS = re.compile(r"^ *# In words: .*\n(?: *# ?.*\n)*", re.MULTILINE)
_COLOURS = {"-": "red", "+": "green"}


@dataclass(frozen=True)
class Part:
    """A part of two answers, in the file that is called `name`.

    `mine` is None where the learner's is not to be found.
    """

    name: str
    mine: str | None
    solution: str

    @property
    def is_same(self) -> bool:
        """Whether both are the same code, however it is laid out and commented."""
        return self.mine is not None and _code(self.mine) == _code(self.solution)


@dataclass(frozen=True)
class Comparison:
    """Two answers to a koan: its home, and the files that it is about beside it."""

    koan: Koan
    parts: list[Part]
    words: str

    @property
    def is_same(self) -> bool:
        """Whether all parts are the same code."""
        return all(part.is_same for part in self.parts)


def compare(section: Section, koan: Koan) -> Comparison:
    """Return the learner's answer to `koan` and the solution's."""
    text = whole(section.solution.read_text(encoding="utf-8"))
    solution = _answer(text, koan) or ""
    mine = _read(section.stub)
    home = Part(
        section.path_of(section.stub),
        mine and _answer(mine, koan),
        _WORDS.sub("", solution),
    )
    files = [
        Part(
            section.path_of(path),
            _read(path),
            whole(section.solved(path).read_text(encoding="utf-8")),
        )
        for path in section.files_of(koan)
    ]
    return Comparison(koan, [home, *files], _in_words(solution))


def write_comparison(comparison: Comparison, page: Page) -> None:
    """Write the differences, line by line, and the answer in words."""
    koan = comparison.koan
    if comparison.is_same:
        page.line(f"{koan}: your code is the solution's code.", "bold", "green")
    else:
        page.line(f"{koan}: - yours, + the solution", "bold")
    for part in comparison.parts:
        if len(comparison.parts) > 1:
            page.line()
            page.line(part.name, "bold")
        _write_part(part, page)
    if comparison.words:
        page.line()
        page.line("In words", "bold")
        page.paragraph(comparison.words)


def _write_part(part: Part, page: Page) -> None:
    if part.mine is None:
        page.line("Yours is not to be found.", "red")
    mine = (part.solution if part.is_same else part.mine or "").splitlines()
    for line in difflib.ndiff(mine, part.solution.splitlines()):
        if not line.startswith("?"):
            page.line(line, *filter(None, [_COLOURS.get(line[:1], "")]))


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def _answer(source: str, koan: Koan) -> str | None:
    try:
        parts = [home.source for home in homes(source) if home.koan == koan]
    except (SyntaxError, ValueError):
        return None
    return "\n\n\n".join(parts) + "\n" if parts else None


def _in_words(solution: str) -> str:
    found = [match[0] for match in _WORDS.finditer(solution)]
    lines = textwrap.dedent("".join(found)).replace("# In words: ", "# ").splitlines()
    return " ".join(line.removeprefix("#").strip() for line in lines)


def _code(source: str) -> str:
    """Return what `source` does: without layout, comments and docstrings."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return source  # a file of another kind, or a broken one
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)
