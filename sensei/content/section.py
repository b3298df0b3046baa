"""A section of the guide: its files, and the koans that they hold."""

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sensei.content.koan import Koan, KoanDefinition, find_definitions
from sensei.content.source import holds_text, parse_source, read_source
from sensei.content.stub import cut
from sensei.errors import SenseiError

_TEST = re.compile(r"test_q(\d+)_\w+")


class SectionError(SenseiError):
    """A solution cannot be read. `str()` says which one, and how to get it back."""


@dataclass(frozen=True)
class Section:
    """One section; `root` is the folder of the repository, `stem` its files' name."""

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
        """The file that the learner edits."""
        return self.root / "koans" / self.folder / f"{self.stem}.py"

    @property
    def stub_folder(self) -> Path:
        """The folder of the files that koans of the section may be about."""
        return self.stub.with_suffix("")

    @property
    def tests(self) -> Path:
        """The file of its tests."""
        return self.root / "koans" / self.folder / f"test_{self.stem}.py"

    @property
    def solution(self) -> Path:
        """The file that the stub is cut from."""
        return self.root / "solutions" / self.folder / f"{self.stem}.py"

    @property
    def variants(self) -> Path:
        """The file of other answers, right and wrong."""
        return self.root / "tests" / "variants" / self.folder / f"{self.stem}.py"

    @cached_property
    def shipped_files(self) -> dict[Path, str]:
        """The learner's files and their texts as shipped: the stub, and its folder."""
        files = {self.stub: self.shipped_stub}
        folder = self.solution.with_suffix("")
        for path in sorted(_files_in(folder)):
            text = self._solution_text(path)
            files[self.stub_folder / path.relative_to(folder)] = cut(
                text, self.path_of(path)
            )
        return files

    @cached_property
    def shipped_stub(self) -> str:
        """The stub's text as the solution is cut to it."""
        text = self._solution_text(self.solution)
        return cut(text, self.path_of(self.solution))

    @cached_property
    def koans(self) -> dict[Koan, KoanDefinition]:
        """The koans of the section, with the first definition of each as shipped.

        Raises:
            SectionError: the solution is not there, or not Python.
        """
        first: dict[Koan, KoanDefinition] = {}
        try:
            definitions = find_definitions(self.shipped_stub)
        except (SyntaxError, ValueError) as error:
            raise self._not_python(error) from None
        for definition in definitions:
            first.setdefault(definition.koan, definition)
        return first

    @cached_property
    def test_names(self) -> dict[int, list[str]]:
        """The names of the tests of each question; empty if there is no test file."""
        names: dict[int, list[str]] = {}
        if not self.tests.exists():
            return names
        for node in parse_source(self.tests.read_bytes()).body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if match := _TEST.fullmatch(node.name):
                names.setdefault(int(match[1]), []).append(node.name)
        return names

    def _solution_text(self, path: Path) -> str:
        try:
            return read_source(path).text
        except (OSError, SyntaxError, ValueError) as error:
            raise self._unreadable(path, error) from None

    def _not_python(self, error: Exception) -> SectionError:
        """Return the error of a stub that is not Python, or of its solution."""
        try:
            parse_source(self._solution_text(self.solution))
        except (SyntaxError, ValueError) as own:  # with the line of that file
            return self._unreadable(self.solution, own)
        name = self.path_of(self.solution)
        return SectionError(f"{name}: The stub that it is cut to is wrong: {error}.")

    def _unreadable(self, path: Path, error: Exception) -> SectionError:
        name = self.path_of(path)
        line = getattr(error, "lineno", None)
        reason = getattr(error, "strerror", None) or getattr(error, "msg", str(error))
        return SectionError(
            f"{name}:{line or 1}: This solution cannot be read: {reason}. To get it "
            f"back: git checkout -- {name}"
        )

    @property
    def fingerprint(self) -> str:
        """A hash of the learner's files and the tests: it changes when they do."""
        import hashlib  # only for koans that have run

        digest = hashlib.sha256()
        for path in (self.stub, self.tests, *sorted(_files_in(self.stub_folder))):
            if path.is_file():
                digest.update(path.read_bytes())
            digest.update(b"\0")
        return digest.hexdigest()[:16]

    def koan(self, question: int) -> Koan:
        """Return the koan of its question number `question`."""
        return Koan(self.chapter, self.number, question)

    def files_of(self, koan: Koan) -> dict[Path, str]:
        """Return the files that `koan` is about, beside its definition, as shipped.

        They are in a folder of their own: `q2` in the section's folder for question 2.
        """
        own = self.stub_folder / f"q{koan.question}"
        files = self.shipped_files.items()
        return {path: text for path, text in files if own in path.parents}

    def changed_files(self) -> dict[Path, str]:
        """Return those of the `shipped_files` that are not as shipped any more."""
        files = self.shipped_files.items()
        return {path: text for path, text in files if not holds_text(path, text)}

    def is_as_shipped(self, koan: Koan) -> bool:
        """Return whether the learner has changed nothing about `koan` yet."""
        try:
            mine = find_definitions(read_source(self.stub).text)
        except (OSError, SyntaxError, ValueError):
            return False
        shipped = find_definitions(self.shipped_stub)
        return _sources(mine, koan) == _sources(shipped, koan) and all(
            holds_text(path, text) for path, text in self.files_of(koan).items()
        )

    def solution_of(self, path: Path) -> Path:
        """Return the solution's file for the learner's file `path`."""
        return self.root / "solutions" / path.relative_to(self.root / "koans")

    def path_of(self, path: Path) -> str:
        """Return `path` as people write it: from the root, with slashes."""
        return path.relative_to(self.root).as_posix()


def question_of(test_name: str) -> int | None:
    """Return the number of the question that the test `test_name` asks, if any."""
    match = _TEST.match(test_name)
    return int(match[1]) if match else None


def _sources(definitions: list[KoanDefinition], koan: Koan) -> list[str]:
    return [one.source for one in definitions if one.koan == koan]


def _files_in(folder: Path) -> list[Path]:
    """Return the files in `folder`, at any depth, that somebody has written."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
