"""Variants: other answers to a koan, right ones to let in, wrong ones to turn away.

A file of variants holds imports, helpers, and definitions marked with `@right` or
`@wrong`. Each marked definition stands for a whole module: the section's solution
with that one definition in the place of its own. The marks are read, never run.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TypeVar

from sensei.answers import execute
from sensei.koan import Koan
from sensei.section import Section

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_T = TypeVar("_T")


class VariantError(Exception):
    """A file of variants breaks the form; says where."""


def right(koan: str) -> Callable[[_T], _T]:
    """Mark an answer that every test of the question `koan` lets in."""
    raise NotImplementedError("Files of variants are read, never imported.")


def wrong(koan: str, *, caught_by: str) -> Callable[[_T], _T]:
    """Mark an answer that the test `caught_by` of the question `koan` turns away.

    Of a parametrized test all parts do, or the one named as in `test_q3_…[id]`.
    """
    raise NotImplementedError("Files of variants are read, never imported.")


@dataclass(frozen=True)
class Variant:
    """One marked definition; `caught_by` is None where the answer is right."""

    koan: Koan
    caught_by: str | None
    line: int
    code: ast.Module
    section: Section

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

    def load(self) -> ModuleType:
        """Return the solution's module with this variant in it, executed anew."""
        path = self.section.variants
        code = compile(self.code, str(path), "exec", dont_inherit=True)
        return execute(code, path, self.section.path_of(path))


def variants(section: Section) -> list[Variant]:
    """Return the variants of `section`, in the order of their file.

    Raises:
        VariantError: a mark is not of the form, names no test of its question, or
            stands on a definition that the solution does not have.
    """
    if not section.variants.exists():
        return []
    shown = section.path_of(section.variants)
    solution = ast.parse(section.solution.read_bytes())
    given: list[ast.stmt] = []
    marked: list[tuple[_Definition, ast.Call]] = []
    for node in ast.parse(section.variants.read_bytes(), shown).body:
        mark = _mark(node)
        if mark is None:
            if not _imports_marks(node):
                given.append(node)
        else:
            assert isinstance(node, _Definition)
            marked.append((node, mark))
    return [
        _variant(section, solution, given, node, mark, f"{shown}:{node.lineno}")
        for node, mark in marked
    ]


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
    solution: ast.Module,
    given: list[ast.stmt],
    node: _Definition,
    mark: ast.Call,
    where: str,
) -> Variant:
    koan, caught_by = _read(mark, where)
    if (koan.chapter, koan.section) != (section.chapter, section.number):
        raise VariantError(f"{where}: koan {koan} is not of section {section}.")
    tests = section.test_names.get(koan.question, [])
    if caught_by and caught_by.partition("[")[0] not in tests:
        raise VariantError(f"{where}: koan {koan} has no test {caught_by}.")
    if not any(_names(own, node.name) for own in solution.body):
        raise VariantError(f"{where}: the solution has no {node.name} to replace.")
    node.decorator_list = [part for part in node.decorator_list if part is not mark]
    body: list[ast.stmt] = []
    for own in solution.body:
        # Right before the definition: what the variants file gives may use what
        # the solution has above it.
        body.extend([*given, node] if _names(own, node.name) else [own])
    module = ast.Module(body=body, type_ignores=[])
    return Variant(koan, caught_by, node.lineno, module, section)


def _names(node: ast.stmt, name: str) -> bool:
    return isinstance(node, _Definition) and node.name == name


def _read(mark: ast.Call, where: str) -> tuple[Koan, str | None]:
    assert isinstance(mark.func, ast.Name)
    try:
        words = [ast.literal_eval(argument) for argument in mark.args]
        named = {word.arg: ast.literal_eval(word.value) for word in mark.keywords}
        if mark.func.id == "right":
            (number,) = words
            if named:
                raise ValueError("a right answer is caught by no test")
            return Koan.parse(number), None
        (number,) = words
        return Koan.parse(number), str(named.pop("caught_by"))
    except (ValueError, KeyError, TypeError) as error:
        raise VariantError(
            f'{where}: written @right("2.4.3") or '
            f'@wrong("2.4.3", caught_by="test_q3_…"), not so: {error}.'
        ) from None
