"""A section of the guide: its files, and the koans that live in them."""

import ast
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sensei.cutter import cut
from sensei.koan import Koan

_NUMBERED = re.compile(r"(\d+\.\d+\.\d+)\s+(.*)", re.DOTALL)
_TEST = re.compile(r"test_q(\d+)_\w+")


@dataclass(frozen=True)
class Home:
    """Where a koan lives in a module: an object whose docstring has its number.

    `line` is that of its name, `start` that of its first decorator, if any.
    """

    koan: Koan
    name: str
    question: str
    line: int
    start: int
    source: str


def homes(source: str) -> list[Home]:
    """Return the homes of the koans in the Python text `source`, in its order.

    Raises:
        SyntaxError, ValueError: `source` is not Python.
    """
    found = []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        match = _NUMBERED.match(ast.get_docstring(node) or "")
        if match:
            question = " ".join(match[2].split("\n\n")[0].split())
            start = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            # Not `splitlines`, which also splits where Python does not.
            lines = source.split("\n")[start - 1 : node.end_lineno]
            found.append(
                Home(
                    Koan.parse(match[1]),
                    node.name,
                    question,
                    node.lineno,
                    start,
                    "\n".join(lines),
                )
            )
    return found


@dataclass(frozen=True)
class Section:
    """The files of one section; `root` is the folder of the repository."""

    root: Path
    chapter: int
    number: int
    stem: str

    def __str__(self) -> str:
        return f"{self.chapter}.{self.number}"

    @property
    def folder(self) -> str:
        """The name of its chapter's folder, like `ch02`."""
        return f"ch{self.chapter:02}"

    @property
    def stub(self) -> Path:
        """What the learner edits."""
        return self.root / "koans" / self.folder / f"{self.stem}.py"

    @property
    def tests(self) -> Path:
        """What asks."""
        return self.root / "koans" / self.folder / f"test_{self.stem}.py"

    @property
    def solution(self) -> Path:
        """What the stub is cut from."""
        return self.root / "solutions" / self.folder / f"{self.stem}.py"

    @property
    def variants(self) -> Path:
        """Other answers, right and wrong."""
        return self.root / "tests" / "variants" / self.folder / f"{self.stem}.py"

    @cached_property
    def shipped(self) -> str:
        """The stub's text as the solution cuts to it."""
        text = self.solution.read_text(encoding="utf-8")
        return cut(text, self.path_of(self.solution))

    @cached_property
    def shipped_files(self) -> dict[Path, str]:
        """The stub, and the files of the folder of its name, as they are shipped."""
        files = {self.stub: self.shipped}
        folder = self.solution.with_suffix("")
        for path in sorted(_files_in(folder)):
            own = self.stub.with_suffix("") / path.relative_to(folder)
            text = path.read_text(encoding="utf-8")
            files[own] = cut(text, self.path_of(path))
        return files

    def solved(self, path: Path) -> Path:
        """Return the solution's file for the file `path` of the koans."""
        return self.root / "solutions" / path.relative_to(self.root / "koans")

    def files_of(self, koan: Koan) -> dict[Path, str]:
        """Return what `koan` is about beside its home: the files, as they are shipped.

        They stand in the section's folder, in one of their own: `q2` for question 2.
        """
        own = self.stub.with_suffix("") / f"q{koan.question}"
        files = self.shipped_files.items()
        return {path: text for path, text in files if own in path.parents}

    @cached_property
    def homes(self) -> dict[Koan, Home]:
        """The first home of each koan in the shipped stub: its name and question."""
        first: dict[Koan, Home] = {}
        for home in homes(self.shipped):
            first.setdefault(home.koan, home)
        return first

    @cached_property
    def test_names(self) -> dict[int, list[str]]:
        """The names of the tests of each question; none where the file is gone."""
        names: dict[int, list[str]] = {}
        if not self.tests.exists():
            return names
        for node in ast.parse(self.tests.read_bytes()).body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if match := _TEST.fullmatch(node.name):
                names.setdefault(int(match[1]), []).append(node.name)
        return names

    @property
    def fingerprint(self) -> str:
        """What tells whether the answers or the tests have changed since."""
        digest = hashlib.sha256()
        inside = sorted(_files_in(self.stub.with_suffix("")))
        for path in (self.stub, self.tests, *inside):
            if path.is_file():
                digest.update(path.read_bytes())
            digest.update(b"\0")
        return digest.hexdigest()[:16]

    def koan(self, question: int) -> Koan:
        """Return the koan of its question number `question`."""
        return Koan(self.chapter, self.number, question)

    def path_of(self, path: Path) -> str:
        """Return `path` as people write it: from the root, with slashes."""
        return path.relative_to(self.root).as_posix()


def _files_in(folder: Path) -> list[Path]:
    """Return the files in `folder`, at any depth, that somebody has written."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]


def question_of(test_name: str) -> int | None:
    """Return the number of the question that the test `test_name` asks, if any."""
    match = _TEST.match(test_name)
    return int(match[1]) if match else None
