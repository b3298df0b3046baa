"""Promises that can be read off the files."""

import ast
from collections.abc import Iterator

from sensei.content.chapter import ChapterError
from sensei.content.repository import Repository
from sensei.content.section import Section
from sensei.content.source import read_source
from sensei.content.stub import CutError, given_lines
from sensei.variants import Variant, VariantError, variants
from tests.promises.guide import read_guide

# How many other answers each koan has at least.
WRONG_VARIANTS = 3
RIGHT_VARIANTS = 2


def every_question_is_asked_as_in_the_guide(repository: Repository) -> list[str]:
    """Each section of the guide is there, with its title, notes and questions."""
    return [*_guide(repository)]


def _guide(repository: Repository) -> Iterator[str]:
    guide = read_guide(repository.root / "content" / "guide.md")
    there = {(section.chapter, section.number) for section in repository.sections}
    for chapter, number in sorted(set(guide) - there):
        yield f"{chapter}.{number}: this section of the guide has no koans."
    for section in repository.sections:
        said = guide.get((section.chapter, section.number))
        try:
            described = repository.describe(section)
        except ChapterError as error:
            yield str(error)
            continue
        if said is None:
            yield f"{section}: the guide has no such section."
        else:
            if (described.title, described.notes) != (said.title, said.notes):
                yield f"{section}: chapter.toml has another title or path of notes."
            for number, question in enumerate(said.questions, start=1):
                koan = section.koan(number)
                asked = described.questions.get(number)
                if asked is None or asked.asks != question:
                    yield f"{koan}: chapter.toml does not ask {question!r}."
                definition = section.koans.get(koan)
                if definition is None or definition.question != question:
                    yield f"{koan}: no docstring of its section asks {question!r}."
            extra = set(described.questions) - set(range(1, len(said.questions) + 1))
            yield from (f"{section}.{one}: not in the guide." for one in sorted(extra))


def every_chapter_is_described(repository: Repository) -> list[str]:
    """Each `chapter.toml` is of its form."""
    broken = []
    for number in repository.chapters:
        try:
            repository.chapter(number)
        except ChapterError as error:
            broken.append(str(error))
    return broken


def every_koan_is_complete(repository: Repository) -> list[str]:
    """Each koan has a definition in its own section, tests, and enough variants."""
    return [line for section in repository.sections for line in _complete(section)]


def _complete(section: Section) -> Iterator[str]:
    every: list[Variant] | None = None
    try:
        every = variants(section)
    except (VariantError, SyntaxError) as error:
        yield str(error)
    for koan in section.koans:
        if koan[:2] != (section.chapter, section.number):
            yield f"{koan}: is defined in section {section}."
    for koan, definition in section.koans.items():
        if not section.test_names.get(koan.question):
            yield f"{koan}: no test asks it."
        if every is None:
            continue
        own = [one for one in every if one.koan == koan]
        wrong = sum(one.caught_by is not None for one in own)
        if wrong < WRONG_VARIANTS:
            yield f"{koan}: {wrong} wrong variants, at least {WRONG_VARIANTS}."
        # A blank asks for a value: there is no second way to write that one.
        right = len(own) - wrong
        if "___" not in definition.source and right < RIGHT_VARIANTS:
            yield f"{koan}: {right} right variants, at least {RIGHT_VARIANTS}."
    for question in sorted(set(section.test_names)):
        if section.koan(question) not in section.koans:
            yield f"{section.koan(question)}: has tests and no definition."


def every_stub_is_cut_from_its_solution(repository: Repository) -> list[str]:
    """Each stub is what its solution cuts to; a learner may have added lines.

    What a learner did with the stub's own lines cannot be told from a stub that was
    never cut again, so only lines outside of answers count: `sensei cut --check`
    is the strict form, for those who ship stubs.
    """
    broken = []
    for section in repository.sections:
        shown = section.path_of(section.solution)
        try:
            shipped = section.shipped_stub
            given = given_lines(read_source(section.solution).text)
        except CutError as error:
            broken.append(str(error))
            continue
        try:
            stub = read_source(section.stub).text
        except OSError:
            broken.append(f"{section.path_of(section.stub)}: there is no stub.")
            continue
        lost = _first_missing(given, stub.split("\n"))
        if stub != shipped and lost is not None:
            broken.append(f"{shown} has a line that its stub lacks: {lost!r}.")
    return broken


def _first_missing(given: list[str], lines: list[str]) -> str | None:
    """Return the first of `given` that does not stand in `lines`, in that order."""
    rest = iter(lines)
    return next((one for one in given if one and one not in rest), None)


def every_assertion_has_a_message(repository: Repository) -> list[str]:
    """Each assertion of each test says what was seen."""
    return [
        f"{section.path_of(section.tests)}:{node.lineno}: an assertion without a word."
        for section in repository.sections
        if section.tests.exists()
        for node in ast.walk(ast.parse(section.tests.read_bytes()))
        if isinstance(node, ast.Assert) and node.msg is None
    ]
