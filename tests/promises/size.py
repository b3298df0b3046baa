"""Promises about how long a koan takes, and how much it asks for."""

import re
from collections import Counter
from collections.abc import Iterator

from sensei.content.chapter import ChapterError, Question
from sensei.content.koan import Koan, find_definitions
from sensei.content.repository import Repository
from sensei.content.section import Section
from sensei.content.source import read_source
from sensei.content.stub import answer_lines

# For each level: minutes, lines to write, and requirements, at most.
LIMITS = {1: (5, 8, 3), 2: (10, 12, 5), 3: (20, 20, 6)}
# The chapters in which a learner begins have no koan of the highest level.
FIRST_CHAPTERS = (1, 2)
NOTES_WORDS = (400, 900)

_CODE = re.compile(r"```.*?```", re.DOTALL)
_EXAMPLE = re.compile(r"\n *(?:Example|Given)\b.*", re.DOTALL)


def every_koan_has_its_size(repository: Repository) -> list[str]:
    """Each koan has a level and minutes, and is as small as its level allows."""
    return [line for section in repository.sections for line in _sizes(section)]


def _sizes(section: Section) -> Iterator[str]:
    try:
        questions = Repository(section.root).describe(section).questions
    except ChapterError as error:
        yield str(error)
        return
    for koan in section.koans:
        question = questions.get(koan.question)
        if question is None:
            continue  # another promise says so
        if question.level is None or question.minutes is None:
            yield f"{koan}: chapter.toml has no level or no minutes."
            continue
        minutes, lines, requirements = LIMITS[question.level]
        counted = {
            "minutes": (question.minutes, minutes),
            "lines to write": (lines_to_write(section, koan), lines),
            "requirements": (requirements_of(section, koan), requirements),
        }
        for what, (number, most) in counted.items():
            if number > most:
                yield (
                    f"{koan}: {number} {what}, level {question.level} has {most} "
                    "at most."
                )
    first = questions.get(1)
    if first is not None and first.level != 1:
        yield f"{section.koan(1)}: the first koan of a section is of level 1."


def lines_to_write(section: Section, koan: Koan) -> int:
    """Return how many lines of its solution `koan` does not have in its stub yet.

    Comments, blank lines and lines that are only indented anew do not count.
    """
    solution = read_source(section.solution).text
    (definition,) = [one for one in find_definitions(solution) if one.koan == koan]
    answers = [answer_lines(definition.source)]
    stubs = [section.koans[koan].source]
    for path, shipped in section.files_of(koan).items():
        answers.append(answer_lines(read_source(section.solution_of(path)).text))
        stubs.append(shipped)
    there = Counter(line.strip() for stub in stubs for line in stub.split("\n"))
    written = Counter(
        line.strip()
        for answer in answers
        for line in answer
        if line.strip() and not line.strip().startswith(("#", "//"))
    )
    return (written - there).total()


def requirements_of(section: Section, koan: Koan) -> int:
    """Return how many bullets the docstring of `koan` has."""
    text = _EXAMPLE.sub("", section.koans[koan].source.split('"""')[1])
    return len(re.findall(r"\n *- ", text))


def every_chapter_has_its_levels(repository: Repository) -> list[str]:
    """Two fifths of a chapter's koans are of level 1 at least, a fifth of level 3.

    The chapters in which a learner begins have none of level 3.
    """
    broken = []
    for chapter in repository.chapters:
        levels = [one.level for one in _questions(repository, chapter)]
        easy, hard = levels.count(1), levels.count(3)
        if easy < 0.4 * len(levels):
            broken.append(f"Chapter {chapter}: {easy} of {len(levels)} are of level 1.")
        if hard > (0 if chapter in FIRST_CHAPTERS else 0.2 * len(levels)):
            broken.append(f"Chapter {chapter}: {hard} of {len(levels)} are of level 3.")
    return broken


def _questions(repository: Repository, chapter: int) -> list[Question]:
    try:
        sections = repository.chapter(chapter).sections.values()
    except ChapterError:
        return []  # another promise says so
    return [one for section in sections for one in section.questions.values()]


def every_section_has_notes(repository: Repository) -> list[str]:
    """Each section has notes at the guide's path, neither too short nor too long."""
    least, most = NOTES_WORDS
    broken = []
    for section in repository.sections:
        try:
            path = repository.root / repository.describe(section).notes
            words = len(_CODE.sub("", path.read_text(encoding="utf-8")).split())
        except ChapterError as error:
            broken.append(str(error))
        except OSError:
            broken.append(f"{section}: there are no notes at {path}.")
        else:
            if not least <= words <= most:
                broken.append(f"{section}: the notes have {words} words beside code.")
    return broken
