"""The repository: which chapters and sections there are, found by their names."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sensei.section import Section

_CHAPTER = re.compile(r"ch(\d\d)")
_SECTION = re.compile(r"s(\d\d)_\w+")


@dataclass(frozen=True)
class Repository:
    """The folder with `koans/` and `solutions/` in it."""

    root: Path

    @cached_property
    def sections(self) -> list[Section]:
        """All sections, in the order of the guide.

        A section exists once it has a solution: a learner may lose the stub.
        """
        found = []
        for path in self.root.glob("solutions/ch*/s*.py"):
            chapter = _CHAPTER.fullmatch(path.parent.name)
            number = _SECTION.fullmatch(path.stem)
            if chapter and number:
                section = Section(self.root, int(chapter[1]), int(number[1]), path.stem)
                found.append(section)
        return sorted(found, key=lambda section: (section.chapter, section.number))

    @cached_property
    def chapters(self) -> dict[int, list[Section]]:
        """The sections of each chapter."""
        grouped: dict[int, list[Section]] = {}
        for section in self.sections:
            grouped.setdefault(section.chapter, []).append(section)
        return grouped

    def section_of(self, test_file: Path) -> Section | None:
        """Return the section that the file `test_file` asks about, if any."""
        return self._by_test_file.get(test_file)

    @cached_property
    def _by_test_file(self) -> dict[Path, Section]:
        return {section.tests: section for section in self.sections}
