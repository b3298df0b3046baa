"""`sensei compare`: my answer beside the solution, and the answer in words."""

import ast
import difflib
import re
import textwrap
from dataclasses import dataclass

from sensei.cutter import whole
from sensei.koan import Koan
from sensei.page import Page
from sensei.section import Section, homes

_WORDS = re.compile(r"^ *# In words: .*\n(?: *# ?.*\n)*", re.MULTILINE)
_COLOURS = {"-": "red", "+": "green", "?": "dim", " ": ""}


@dataclass(frozen=True)
class Comparison:
    """Two answers to a koan; `mine` is None where the learner's is not to be found."""

    koan: Koan
    mine: str | None
    solution: str
    words: str

    @property
    def is_same(self) -> bool:
        """Whether both are the same code, however it is laid out and commented."""
        return self.mine is not None and _code(self.mine) == _code(self.solution)


def compare(section: Section, koan: Koan) -> Comparison:
    """Return the learner's answer to `koan` and the solution's."""
    solution = _answer(whole(section.solution.read_text(encoding="utf-8")), koan) or ""
    try:
        mine = _answer(section.stub.read_text(encoding="utf-8"), koan)
    except (OSError, SyntaxError, ValueError):
        mine = None
    return Comparison(koan, mine, _WORDS.sub("", solution), _in_words(solution))


def write_comparison(comparison: Comparison, page: Page) -> None:
    """Write the difference, line by line, and the answer in words."""
    koan = comparison.koan
    if comparison.mine is None:
        page.line(f"Your answer to {koan} is not to be found; the solution:", "bold")
        lines = [f"  {line}" for line in comparison.solution.splitlines()]
    elif comparison.is_same:
        page.line(f"{koan}: your code is the solution's code.", "bold", "green")
        lines = [f"  {line}" for line in comparison.mine.splitlines()]
    else:
        page.line(f"{koan}: - yours, + the solution", "bold")
        mine, solution = comparison.mine, comparison.solution
        lines = list(difflib.ndiff(mine.splitlines(), solution.splitlines()))
    for line in lines:
        if not line.startswith("?"):
            page.line(line, *filter(None, [_COLOURS.get(line[:1], "")]))
    if comparison.words:
        page.line()
        page.line("In words", "bold")
        page.paragraph(comparison.words)


def _answer(source: str, koan: Koan) -> str | None:
    parts = [home.source for home in homes(source) if home.koan == koan]
    return "\n\n\n".join(parts) + "\n" if parts else None


def _in_words(solution: str) -> str:
    found = [match[0] for match in _WORDS.finditer(solution)]
    lines = textwrap.dedent("".join(found)).replace("# In words: ", "# ").splitlines()
    return " ".join(line.removeprefix("#").strip() for line in lines)


def _code(source: str) -> str:
    """Return what `source` does: without layout, comments and docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)
