"""Variants: other answers to koans, right ones that pass and wrong ones that fail.

A file of variants holds imports, helpers, and definitions marked with `@right` or
`@wrong`. Each marked definition stands for a whole module: the section's solution
with this definition, its comments included, instead of its own. The mark of a koan
that is about files has other texts for them. The marks are parsed, never executed.
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

from sensei.content.koan import Definition, Koan
from sensei.content.section import Section
from sensei.content.source import parse_source, read_source
from sensei.grading.loader import execute

_T = TypeVar("_T")


class VariantError(Exception):
    """A file of variants is not of the form. `str()` says where."""


def right(koan: str, *, files: dict[str, str] | None = None) -> Callable[[_T], _T]:
    """Mark an answer that passes every test of the question `koan`.

    `files` has texts by their paths in the section's folder; they are dedented.
    """
    raise NotImplementedError("Files of variants are parsed, never imported.")


def wrong(
    koan: str, *, caught_by: str, files: dict[str, str] | None = None
) -> Callable[[_T], _T]:
    """Mark an answer that fails the test `caught_by` of the question `koan`.

    It fails all cases of a parametrized test, or the one named by `test_q3_…[id]`.
    `files` are those of `right`.
    """
    raise NotImplementedError("Files of variants are parsed, never imported.")


@dataclass(frozen=True)
class Variant:
    """One marked definition; `caught_by` is None if the answer is right.

    `text` is the module it stands for; `files` replace those of the solution.
    """

    koan: Koan
    caught_by: str | None
    line: int
    text: str
    section: Section
    files: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def label(self) -> str:
        """The name of the variant among those of a test."""
        return f"{'wrong' if self.caught_by else 'right'}-{self.line}"

    def is_tested_by(self, test: str, question: int) -> bool:
        """Return whether the test named `test` must test this variant."""
        if self.koan.question != question:
            return False
        return self.caught_by is None or self.caught_by.partition("[")[0] == test

    def is_for_case(self, name: str) -> bool:
        """Return whether `name` is a case of such a test that must test it."""
        if self.caught_by is None or "[" not in self.caught_by:
            return True
        # pytest joins the ids of all parameters; the variant's is one of them.
        ids = f"-{name.partition('[')[2].removesuffix(']')}-"
        own = ids.replace(f"-{self.label}-", "-", 1)[1:-1]
        return self.caught_by.partition("[")[2] == f"{own}]"

    @property
    def _path(self) -> Path:
        file = self.section.variants
        return file.with_stem(f"{file.stem}_{self.label.replace('-', '_')}")

    @contextmanager
    def written_out(self) -> Iterator[Path]:
        """Yield the path of the variant's module, with the section's folder beside it.

        Nothing is written if the section has no such folder.
        """
        folder = self.section.solution.with_suffix("")
        if not folder.is_dir():
            yield self._path
            return
        with TemporaryDirectory(prefix="koans-") as name:
            path = Path(name, self.section.solution.name)
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(folder, path.with_suffix(""), ignore=ignore)
            for own, text in self.files.items():
                file = path.with_suffix("") / own
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            yield path

    def load(self, path: Path) -> ModuleType:
        """Return the solution's module with this variant in it, executed anew.

        `path` is the one that `written_out` yields.
        """
        # The file is not there; tracebacks and `inspect` find its lines nevertheless.
        lines = [f"{line}\n" for line in self.text.removesuffix("\n").split("\n")]
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
    path = section.path_of(section.variants)
    text = read_source(section.variants).text
    given: list[ast.stmt] = []
    marked: list[tuple[Definition, ast.Call]] = []
    for node in ast.parse(text, path).body:
        mark = _mark(node)
        if mark is None:
            if not _imports_marks(node):
                given.append(node)
        else:
            assert isinstance(node, Definition)
            marked.append((node, mark))
    lines = text.split("\n")
    helpers = [line for node in given for line in lines[_span(node)]]
    solution = _Text(read_source(section.solution).text)
    return [
        _variant(section, solution, [*helpers, *_own(lines, node, mark)], node, mark)
        for node, mark in marked
    ]


class _Text:
    """A solution's lines, and where its definitions stand in them."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._spans = {
            node.name: _span(node)
            for node in parse_source(text).body
            if isinstance(node, Definition)
        }

    def __contains__(self, name: str) -> bool:
        return name in self._spans

    def replace(self, name: str, lines: list[str]) -> str:
        """Return the text with `lines` where it defines `name`."""
        replaced = self._lines.copy()
        # Right there: what `lines` has first may use what the solution has above.
        replaced[self._spans[name]] = lines
        return "\n".join(replaced)


def _mark(node: ast.stmt) -> ast.Call | None:
    if not isinstance(node, Definition):
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
    node: Definition,
    mark: ast.Call,
) -> Variant:
    where = f"{section.path_of(section.variants)}:{node.lineno}"
    koan, caught_by, files = _parsed(mark, where)
    if (koan.chapter, koan.section) != (section.chapter, section.number):
        raise VariantError(f"{where}: Koan {koan} is not in section {section}.")
    tests = section.test_names.get(koan.question, [])
    if caught_by and caught_by.partition("[")[0] not in tests:
        raise VariantError(f"{where}: Koan {koan} has no test {caught_by}.")
    if node.name not in solution:
        raise VariantError(f"{where}: The solution has no {node.name} to replace.")
    text = solution.replace(node.name, lines)
    return Variant(koan, caught_by, node.lineno, text, section, files)


def _own(lines: list[str], node: Definition, mark: ast.Call) -> Iterator[str]:
    """Yield the lines of `node`, those of its mark left out."""
    span = _span(node)
    yield from lines[span.start : mark.lineno - 1]
    yield from lines[mark.end_lineno : span.stop]


def _span(node: ast.stmt | ast.expr) -> slice:
    """Return where in the lines of its text `node` stands, decorators included."""
    decorators = node.decorator_list if isinstance(node, Definition) else []
    return slice(min(one.lineno for one in [node, *decorators]) - 1, node.end_lineno)


def _parsed(mark: ast.Call, where: str) -> tuple[Koan, str | None, dict[str, str]]:
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
                raise ValueError("a right answer has no caught_by")
            return Koan.parse(number), None, files
        return Koan.parse(number), str(named.pop("caught_by")), files
    except (AttributeError, ValueError, KeyError, TypeError) as error:
        raise VariantError(
            f'{where}: A mark has the form @right("2.4.3") or '
            f'@wrong("2.4.3", caught_by="test_q3_…"): {error}.'
        ) from None
