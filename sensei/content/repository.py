"""The repository: which chapters and sections there are, found by their names."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sensei.content.chapter import (
    Chapter,
    ChapterError,
    Question,
    SectionText,
    load_chapter,
)
from sensei.content.koan import Koan
from sensei.content.section import Section
from sensei.errors import SenseiError

_CHAPTER = re.compile(r"ch(\d\d)")
_SECTION = re.compile(r"s(\d\d)_\w+")


class RepositoryError(SenseiError):
    """There is no repository around a folder, or a part of it is missing."""


@dataclass(frozen=True)
class Repository:
    """The folder `root` with `koans/` and `solutions/` in it.

    What it has read once it does not read again.
    """

    root: Path

    @cached_property
    def sections(self) -> list[Section]:
        """All sections, in the order of the guide.

        A section exists if it has a solution: a learner may lose the stub.
        """
        found = []
        for path in self.root.glob("solutions/ch*/s*.py"):
            chapter = _CHAPTER.fullmatch(path.parent.name)
            number = _SECTION.fullmatch(path.stem)
            if chapter and number:
                section = Section(self.root, int(chapter[1]), int(number[1]), path.stem)
                found.append(section)
        return sorted(found, key=lambda section: (section.chapter, section.number))

    def check_solutions(self) -> None:
        """Raise an error if there are koans without a solution.

        Raises:
            RepositoryError: a file in `solutions/`, or all of it, is missing.
        """
        if not self.sections:
            raise RepositoryError(
                "There are no solutions in solutions/, from which the koans are known. "
                "To get them back: git checkout -- solutions"
            )
        for tests in self.root.glob("koans/ch*/test_s*.py"):
            stub = tests.with_name(tests.name.removeprefix("test_"))
            if tests not in self._by_test_file and stub.exists():
                name = f"solutions/{tests.parent.name}/{stub.name}"
                raise RepositoryError(
                    f"{name} is missing. To get it back: git checkout -- {name}"
                )

    @cached_property
    def chapters(self) -> dict[int, list[Section]]:
        """The sections of each chapter, by its number."""
        grouped: dict[int, list[Section]] = {}
        for section in self.sections:
            grouped.setdefault(section.chapter, []).append(section)
        return grouped

    def section_of(self, koan: Koan) -> Section:
        """Return the section of `koan`.

        Raises:
            KeyError: there is none.
        """
        return self._by_number[koan.chapter, koan.section]

    def section_tested_by(self, test_file: Path) -> Section | None:
        """Return the section whose tests are in the file `test_file`, if any."""
        return self._by_test_file.get(test_file)

    def chapter(self, number: int) -> Chapter:
        """Return the description of the chapter `number`.

        Raises:
            ChapterError: its `chapter.toml` cannot be used.
        """
        if number not in self._descriptions:
            path = self.root / "koans" / f"ch{number:02}" / "chapter.toml"
            name = path.relative_to(self.root).as_posix()
            self._descriptions[number] = load_chapter(path, name)
        return self._descriptions[number]

    def describe(self, section: Section) -> SectionText:
        """Return the description of `section`: title, notes, links, questions.

        Raises:
            ChapterError: its `chapter.toml` cannot be used, or lacks the section.
        """
        text = self.chapter(section.chapter).sections.get(section.number)
        if text is None:
            name = f"koans/{section.folder}/chapter.toml"
            raise ChapterError(f"{name}: There is no table for section {section}.")
        return text

    def question(self, koan: Koan) -> Question | None:
        """Return the description of `koan`; None if there is none that can be used."""
        try:
            questions = self.describe(self.section_of(koan)).questions
        except ChapterError:
            return None
        return questions.get(koan.question)

    def chapter_title(self, number: int) -> str:
        """Return the title of a chapter; empty if its description cannot be used."""
        try:
            return self.chapter(number).title
        except ChapterError:
            return ""

    def section_title(self, section: Section) -> str:
        """Return the title of `section`, or else the name of its files."""
        try:
            return self.describe(section).title
        except ChapterError:
            return section.stem

    @cached_property
    def _by_number(self) -> dict[tuple[int, int], Section]:
        return {(one.chapter, one.number): one for one in self.sections}

    @cached_property
    def _by_test_file(self) -> dict[Path, Section]:
        return {section.tests: section for section in self.sections}

    @cached_property
    def _descriptions(self) -> dict[int, Chapter]:
        return {}


def find_repository(start: Path) -> Repository:
    """Return the repository that the folder `start` is in.

    Raises:
        RepositoryError: neither it nor a folder above it has koans; or there are koans
            without a solution.
    """
    for folder in (start, *start.parents):
        if any(folder.glob("koans/ch*/chapter.toml")):
            repository = Repository(folder)
            repository.check_solutions()
            return repository
        if any(folder.glob("solutions/ch*/s*.py")):
            raise RepositoryError(
                f"There are no koans in {folder / 'koans'}. To get them back: "
                "git checkout -- koans"
            )
    raise RepositoryError(
        f"There are no koans in {start} or in a folder above it. Change to the folder "
        "that you cloned, then try again."
    )
