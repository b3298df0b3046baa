"""The guide: its sections and questions, read from `content/guide.md`."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from sensei.content.koan import Koan

_SECTION = re.compile(r"### (\d+)\.(\d+) (.+)")
_NOTES = re.compile(r"- \*\*Path to detailed notes\*\*: `([^`]+)`")
_QUESTION = re.compile(r"  (?:  )?- (.+)")


@dataclass
class GuideSection:
    """What the guide says about a section; questions are counted from 1."""

    title: str
    notes: str = ""
    questions: list[str] = field(default_factory=list)


def read_guide(path: Path) -> dict[tuple[int, int], GuideSection]:
    """Return the sections of the guide in the file `path`, by chapter and number."""
    sections: dict[tuple[int, int], GuideSection] = {}
    section = None
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := _SECTION.match(line):
            section = GuideSection(match[3].strip())
            sections[int(match[1]), int(match[2])] = section
        elif section is None:
            continue
        elif match := _NOTES.match(line):
            section.notes = match[1]
        elif match := _QUESTION.match(line):
            section.questions.append(match[1].strip())
    return sections


def questions(sections: dict[tuple[int, int], GuideSection]) -> dict[Koan, str]:
    """Return every question of the guide by its number."""
    return {
        Koan(chapter, number, index): text
        for (chapter, number), section in sections.items()
        for index, text in enumerate(section.questions, start=1)
    }
