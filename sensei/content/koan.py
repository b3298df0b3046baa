"""A koan: its number, and the definition that holds it in a Python file."""

import ast
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Self

from sensei.content.source import parse_source

_DOCSTRING = re.compile(r"(\d+\.\d+\.\d+)\s+(.*)", re.DOTALL)

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Koan(NamedTuple):
    """The number of a question: chapter, section, question. Sorts as the guide does."""

    chapter: int
    section: int
    question: int

    def __str__(self) -> str:
        return f"{self.chapter}.{self.section}.{self.question}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the koan written as `2.4.3`.

        Raises:
            ValueError: `text` is no such number.
        """
        match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", text)
        if match is None:
            raise ValueError(f"{text!r} is not the number of a koan, like 2.4.3.")
        return cls(*(int(part) for part in match.groups()))


@dataclass(frozen=True)
class KoanDefinition:
    """The function or class whose docstring begins with a koan's number.

    `question` is the first paragraph of the docstring after the number. `line` is the
    line of the name, `start` the line of the first decorator, if there is one; both
    count from 1. `source` is the text, decorators included.
    """

    koan: Koan
    name: str
    question: str
    line: int
    start: int
    source: str

    @property
    def end(self) -> int:
        """The last line, counted from 1."""
        return self.start + self.source.count("\n")


def find_definitions(text: str) -> list[KoanDefinition]:
    """Return the definitions of koans in the Python source `text`, in its order.

    Raises:
        SyntaxError, ValueError: `text` is not Python.
    """
    return list(_definitions(text))


# Every test of a section asks for the same again.
@lru_cache(maxsize=16)
def _definitions(text: str) -> tuple[KoanDefinition, ...]:
    found = []
    # Not `splitlines`, which also splits where Python does not.
    lines = text.split("\n")
    for node in parse_source(text).body:
        if not isinstance(node, Definition):
            continue
        match = _DOCSTRING.match(ast.get_docstring(node) or "")
        if match is None:
            continue
        start = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        definition = KoanDefinition(
            koan=Koan.parse(match[1]),
            name=node.name,
            question=" ".join(match[2].split("\n\n")[0].split()),
            line=node.lineno,
            start=start,
            source="\n".join(lines[start - 1 : node.end_lineno]),
        )
        found.append(definition)
    return tuple(found)
