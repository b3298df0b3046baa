"""Variants: other answers to a koan, right ones to let in, wrong ones to turn away.

A file of variants holds imports, helpers, and definitions marked with `@right` or
`@wrong`. Each marked definition stands for a whole module: the section's solution
with the lines of that one definition in the place of its own, comments and all. A
koan that is about files has other texts for them in its mark. The marks are read,
never run.
"""

import ast
import linecache
import shutil
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TypeVar

from sensei.answers import execute
from sensei.koan import Koan
from sensei.section import Section

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_T = TypeVar("_T")


class VariantError(Exception):
    """A file of variants breaks the form; says where."""


def right(koan: str, *, files: dict[str, str] | None = None) -> Callable[[_T], _T]:
    """Mark an answer that every test of the question `koan` lets in.

    `files` has texts by their paths in the section's folder, indented as one likes.
    """
    raise NotImplementedError("Files of variants are read, never imported.")


def wrong(
    koan: str, *, caught_by: str, files: dict[str, str] | None = None
) -> Callable[[_T], _T]:
    """Mark an answer that the test `caught_by` of the question `koan` turns away.

    Of a parametrized test all parts do, or the one named as in `test_q3_…[id]`.
    `files` is that of `right`.
    """
    raise NotImplementedError("Files of variants are read, never imported.")


@dataclass(frozen=True)
class Variant:
    """One marked definition; `caught_by` is None where the answer is right.

    `files` are those that it has in the section's folder instead of the solution's.
    """

    koan: Koan
    caught_by: str | None
    line: int
    text: str
    section: Section
    files: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def label(self) -> str:
        """What identifies the variant among those of a test."""
        return f"{'wrong' if self.caught_by else 'right'}-{self.line}"

    def asked_by(self, test: str, question: int) -> bool:
        """Return whether the test named `test` has a say about this variant."""
        if self.koan.question != question:
            return False
        return self.caught_by is None or self.caught_by.partition("[")[0] == test

    def is_for(self, name: str) -> bool:
        """Return whether `name`, of one part of such a test, is a part meant."""
        if self.caught_by is None or "[" not in self.caught_by:
            return True
        parts = name.partition("[")[2].rstrip("]").split(self.label)
        own = "-".join(part.strip("-") for part in parts if part)
        return self.caught_by.partition("[")[2] == f"{own}]"

    @property
    def _path(self) -> Path:
        file = self.section.variants
        return file.with_stem(f"{file.stem}_{self.label.replace('-', '_')}")

    @contextmanager
    def laid_out(self) -> Iterator[Path]:
        """Yield the path of the variant's module, its section's folder beside it.

        Nothing is written where there is no such folder.
        """
        folder = self.section.solution.with_suffix("")
        if not folder.is_dir():
            yield self._path
            return
        with TemporaryDirectory(prefix="koans-") as place:
            path = Path(place, self.section.solution.name)
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(folder, path.with_suffix(""), ignore=ignore)
            for name, text in self.files.items():
                file = path.with_suffix("") / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            yield path

    def load(self, path: Path) -> ModuleType:
        """Return the solution's module with this variant in it, executed anew.

        `path` is where it is laid out.
        """
        # The file is not there; tracebacks and `inspect` find its lines nevertheless.
        lines = self.text.splitlines(keepends=True)
        linecache.cache[str(path)] = (len(self.text), None, lines, str(path))
        return execute(self.text, path, self.section.path_of(self._path))


def variants(section: Section) -> list[Variant]:
    """Return the variants of `section`, in the order of their file.

    Raises:
        VariantError: a mark is not of the form, names no test of its question, or
            stands on a definition that the solution does not have.
    """
    if not section.variants.exists():
        return []
    shown = section.path_of(section.variants)
    text = section.variants.read_text(encoding="utf-8")
    given: list[ast.stmt] = []
    marked: list[tuple[_Definition, ast.Call]] = []
    for node in ast.parse(text, shown).body:
        mark = _mark(node)
        if mark is None:
            if not _imports_marks(node):
                given.append(node)
        else:
            assert isinstance(node, _Definition)
            marked.append((node, mark))
    lines = text.splitlines()
    helpers = [line for node in given for line in lines[_span(node)]]
    solution = _Text(section.solution.read_text(encoding="utf-8"))
    return [
        _variant(section, solution, [*helpers, *_own(lines, node, mark)], node, mark)
        for node, mark in marked
    ]


class _Text:
    """A solution's lines, and where its definitions stand in them."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._spans = {
            node.name: _span(node)
            for node in ast.parse(text).body
            if isinstance(node, _Definition)
        }

    def __contains__(self, name: str) -> bool:
        return name in self._spans

    def replace(self, name: str, lines: list[str]) -> str:
        """Return the text with `lines` where it defines `name`."""
        replaced = self._lines.copy()
        # Right there: what `lines` has first may use what the solution has above.
        replaced[self._spans[name]] = lines
        return "\n".join(replaced) + "\n"


def _mark(node: ast.stmt) -> ast.Call | None:
    if not isinstance(node, _Definition):
        return None
    for decorator in node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        name = call.func if call else None
        if isinstance(name, ast.Name) and name.id in ("right", "wrong"):
            return call
    return None


def _imports_marks(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == __name__


def _variant(
    section: Section,
    solution: _Text,
    lines: list[str],
    node: _Definition,
    mark: ast.Call,
) -> Variant:
    where = f"{section.path_of(section.variants)}:{node.lineno}"
    koan, caught_by, files = _read(mark, where)
    if (koan.chapter, koan.section) != (section.chapter, section.number):
        raise VariantError(f"{where}: koan {koan} is not of section {section}.")
    tests = section.test_names.get(koan.question, [])
    if caught_by and caught_by.partition("[")[0] not in tests:
        raise VariantError(f"{where}: koan {koan} has no test {caught_by}.")
    if node.name not in solution:
        raise VariantError(f"{where}: the solution has no {node.name} to replace.")
    text = solution.replace(node.name, lines)
    return Variant(koan, caught_by, node.lineno, text, section, files)


def _own(lines: list[str], node: _Definition, mark: ast.Call) -> Iterator[str]:
    """Yield the lines of `node`, those of its mark left out."""
    span = _span(node)
    yield from lines[span.start : mark.lineno - 1]
    yield from lines[mark.end_lineno : span.stop]


def _span(node: ast.stmt | ast.expr) -> slice:
    """Return where in the lines of its text `node` stands, decorators included."""
    decorators = node.decorator_list if isinstance(node, _Definition) else []
    return slice(min(one.lineno for one in [node, *decorators]) - 1, node.end_lineno)


def _read(mark: ast.Call, where: str) -> tuple[Koan, str | None, dict[str, str]]:
    assert isinstance(mark.func, ast.Name)
    try:
        words = [ast.literal_eval(argument) for argument in mark.args]
        named = {word.arg: ast.literal_eval(word.value) for word in mark.keywords}
        (number,) = words
        files = {
            str(name): textwrap.dedent(text).lstrip("\n")
            for name, text in named.pop("files", {}).items()
        }
        if mark.func.id == "right":
            if named:
                raise ValueError("a right answer is caught by no test")
            return Koan.parse(number), None, files
        return Koan.parse(number), str(named.pop("caught_by")), files
    except (AttributeError, ValueError, KeyError, TypeError) as error:
        raise VariantError(
            f'{where}: written @right("2.4.3") or '
            f'@wrong("2.4.3", caught_by="test_q3_…"), not so: {error}.'
        ) from None
