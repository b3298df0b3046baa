"""A test of a koan: the function, what it is about, and where that stands."""

from dataclasses import dataclass
from pathlib import Path

from sensei.content.koan import Koan, KoanDefinition, find_definitions
from sensei.content.section import Section
from sensei.content.source import read_source
from sensei.grading.verdict import State, Verdict


@dataclass(frozen=True)
class KoanTest:
    """A test function, the koan it tests, and the file with the answer it tests."""

    section: Section
    koan: Koan
    name: str
    file: Path

    @property
    def sentence(self) -> str:
        """Its name as words."""
        return self.name.split("_", 2)[2].replace("_", " ")

    def verdict(self, state: State, message: str, location: str = "") -> Verdict:
        """Return a verdict of this test; located at the koan if nothing else is."""
        return Verdict(
            self.koan,
            state,
            message,
            location or self.location,
            test=self.name,
        )

    @property
    def location(self) -> str:
        """Where the koan is in the file, as `path:line`."""
        found = (one.line for one in self.definitions if one.koan == self.koan)
        return self.at(next(found, None))

    @property
    def definitions(self) -> list[KoanDefinition]:
        """The definitions in the file; none if they cannot be read."""
        try:
            return find_definitions(read_source(self.file).text)
        except (OSError, SyntaxError, ValueError):
            return []

    @property
    def is_untouched(self) -> bool:
        """Whether it tests a stub about which the learner has changed nothing yet."""
        return self.file == self.section.stub and self.section.is_as_shipped(self.koan)

    @property
    def debug_command(self) -> str:
        """The command that stops in a debugger where this test fails."""
        tests = self.section.path_of(self.section.tests)
        return f"pytest {tests} -k test_q{self.koan.question}_ --pdb"

    def koan_at(self, line: int | None) -> Koan | None:
        """Return the koan whose definition has this line of the file, if any."""
        for one in self.definitions:
            if line is not None and one.start <= line <= one.end:
                return one.koan
        return None

    def at(self, line: int | None) -> str:
        """Return a line of the file as `path:line`; only the path for None."""
        path = self.section.path_of(self.file)
        return f"{path}:{line}" if line else path
