"""`sensei compare`: my answer beside the solution, and the answer in words."""

import ast
import difflib
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from sensei.commands.run import run
from sensei.content.koan import Definition, Koan, find_definitions
from sensei.content.repository import Repository
from sensei.content.section import Section
from sensei.content.source import parse_source, read_source
from sensei.content.stub import strip_marks
from sensei.content.target import Target
from sensei.grading.verdict import State
from sensei.output.render import Renderer
from sensei.state.progress import read_progress

_IN_WORDS = re.compile(r"^ *# In words: .*\n(?: *# ?.*\n)*", re.MULTILINE)
_COLOURS = {"-": "red", "+": "green"}


@dataclass(frozen=True)
class Part:
    """A file of two answers, or a definition in it; `path` is the learner's.

    `mine` is None if the learner's was not found.
    """

    path: str
    mine: str | None
    solution: str

    @property
    def is_same(self) -> bool:
        """Whether both are the same code, however it is formatted and commented."""
        return self.mine is not None and _code(self.mine) == _code(self.solution)


@dataclass(frozen=True)
class Comparison:
    """Two answers to a koan: its definition, and the files that it is about."""

    koan: Koan
    parts: list[Part]
    in_words: str

    @property
    def is_same(self) -> bool:
        """Whether all parts are the same code."""
        return all(part.is_same for part in self.parts)


def is_solved(repository: Repository, section: Section, koan: Koan) -> bool:
    """Return whether `koan` is solved by the answer that is there now.

    Runs it where the recorded verdict is about another answer.

    Raises:
        RunnerError: it could not be run.
    """
    last = read_progress(repository.root).get(koan)
    if last is not None and last.fingerprint == section.fingerprint:
        return last.verdict.state is State.SOLVED
    target = Target([section], koan)
    verdict = run(repository, target, "koans", is_quiet=True).verdict(koan)
    return verdict is not None and verdict.state is State.SOLVED


def compare(section: Section, koan: Koan) -> Comparison:
    """Return the learner's answer to `koan` and that of the solution."""
    text = strip_marks(read_source(section.solution).text)
    solution = _answer(text, koan) or ""
    mine = _read(section.stub)
    definition = Part(
        section.path_of(section.stub),
        mine and _answer(mine, koan),
        _IN_WORDS.sub("", solution),
    )
    files = [
        Part(
            section.path_of(path),
            _read(path),
            strip_marks(read_source(section.solution_of(path)).text),
        )
        for path in section.files_of(koan)
    ]
    return Comparison(koan, [definition, *files], _in_words(solution))


def write_comparison(comparison: Comparison, renderer: Renderer) -> None:
    """Write the differences, line by line, and the answer in words."""
    koan = comparison.koan
    if comparison.is_same:
        message = f"{koan}: Your code is the same as the solution's code."
        renderer.line(message, "bold", "green")
    else:
        renderer.line(f"{koan}: - your answer, + the solution", "bold")
    for part in comparison.parts:
        if len(comparison.parts) > 1:
            renderer.line()
            renderer.line(part.path, "bold")
        _write_part(part, koan, renderer)
    if comparison.in_words:
        renderer.line()
        renderer.line("In words", "bold")
        renderer.paragraph(comparison.in_words)


def _write_part(part: Part, koan: Koan, renderer: Renderer) -> None:
    if part.mine is None:
        message = f"Your answer to {koan} was not found in {part.path}."
        renderer.line(message, "red")
    mine = (part.solution if part.is_same else part.mine or "").splitlines()
    for line in difflib.ndiff(mine, part.solution.splitlines()):
        if not line.startswith("?"):
            renderer.line(line, *filter(None, [_COLOURS.get(line[:1], "")]))


def _read(path: Path) -> str | None:
    try:
        return read_source(path).text
    except (OSError, SyntaxError, ValueError):
        return None


def _answer(text: str, koan: Koan) -> str | None:
    try:
        parts = [one.source for one in find_definitions(text) if one.koan == koan]
    except (SyntaxError, ValueError):
        return None
    return "\n\n\n".join(parts) + "\n" if parts else None


def _in_words(solution: str) -> str:
    found = [match[0] for match in _IN_WORDS.finditer(solution)]
    lines = textwrap.dedent("".join(found)).replace("# In words: ", "# ").splitlines()
    return " ".join(line.removeprefix("#").strip() for line in lines)


def _code(text: str) -> str:
    """Return what `text` does: without layout, comments and docstrings."""
    try:
        tree = parse_source(text)
    except (SyntaxError, ValueError):
        return text  # a file of another kind, or a broken one
    for node in ast.walk(tree):
        if isinstance(node, Definition) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)
