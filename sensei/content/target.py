"""A target: the koans that `ch03`, `3`, `3.2`, `3.2.1` or a path selects."""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sensei.content.koan import Koan
from sensei.content.repository import Repository
from sensei.content.section import Section
from sensei.errors import SenseiError

_NUMBERS = re.compile(r"(?:ch)?0*(\d+)(?:\.0*(\d+))?(?:\.0*(\d+))?", re.IGNORECASE)


class TargetError(SenseiError):
    """What was typed selects nothing. `str()` says so, and what is similar."""


@dataclass(frozen=True)
class Target:
    """Whole sections, or one koan of one section, or `only` some koans of sections."""

    sections: list[Section]
    koan: Koan | None = None
    only: frozenset[Koan] | None = None

    @property
    def koans(self) -> list[Koan]:
        """The selected koans, in the guide's order."""
        if self.koan is not None:
            return [self.koan]
        return [koan for section in self.sections for koan in self.koans_of(section)]

    def koans_of(self, section: Section) -> list[Koan]:
        """Return the koans of one of the sections, without those left out of `only`."""
        return [
            koan for koan in section.koans if self.only is None or koan in self.only
        ]

    def filtered(self, is_wanted: Callable[[Koan], bool]) -> "Target":
        """Return the part of the target with the koans that are wanted."""
        only = frozenset(koan for koan in self.koans if is_wanted(koan))
        sections = [one for one in self.sections if only.intersection(one.koans)]
        return Target(sections, self.koan if self.koan in only else None, only)


def find_target(repository: Repository, typed: str | None) -> Target:
    """Return what `typed` selects; everything for None.

    Raises:
        TargetError: it selects nothing.
    """
    if typed is None:
        return Target(repository.sections)
    match = _NUMBERS.fullmatch(typed.strip())
    if match:
        target = _by_number(repository, [int(part) for part in match.groups() if part])
    else:
        target = _by_path(repository, Path(typed))
    if target is None:
        raise TargetError(_not_found(repository, typed))
    return target


def of_level(repository: Repository, target: Target, level: int) -> Target:
    """Return the part of `target` with the koans of this level.

    Raises:
        TargetError: there is none.
    """

    def is_wanted(koan: Koan) -> bool:
        question = repository.question(koan)
        return question is not None and question.level == level

    found = target.filtered(is_wanted)
    if not found.koans:
        raise TargetError(f"There is no koan of level {level} here.")
    return found


def find_koan(repository: Repository, typed: str) -> tuple[Section, Koan]:
    """Return the single koan that `typed` selects, and its section.

    Raises:
        TargetError: it selects nothing, or more than one koan.
    """
    target = find_target(repository, typed)
    if target.koan is None:
        example = target.koans[0] if target.koans else "2.4.3"
        raise TargetError(f"{typed} is more than one koan. Name one, like {example}.")
    return target.sections[0], target.koan


def all_targets(repository: Repository) -> list[str]:
    """Return every target of `repository`, as people type it."""
    known = [f"ch{number:02}" for number in repository.chapters]
    for section in repository.sections:
        known += [str(section), *(str(koan) for koan in section.koans)]
    return known


def _by_number(repository: Repository, numbers: list[int]) -> Target | None:
    chapter = repository.chapters.get(numbers[0], [])
    sections = [one for one in chapter if numbers[1:2] in ([], [one.number])]
    if not sections:
        return None
    if len(numbers) < 3:
        return Target(sections)
    koan = Koan(numbers[0], numbers[1], numbers[2])
    return Target(sections, koan) if koan in sections[0].koans else None


def _by_path(repository: Repository, path: Path) -> Target | None:
    full = path.resolve()
    around = {full, *full.parents}
    found = [
        section
        for section in repository.sections
        if any(own in around or full in own.parents for own in _paths(section))
    ]
    return Target(found) if found else None


def _paths(section: Section) -> tuple[Path, ...]:
    """Return the files of a section, and the folder that its koans may be about."""
    files = (section.stub, section.tests, section.solution, section.variants)
    return (*files, section.stub_folder)


def _not_found(repository: Repository, typed: str) -> str:
    known = all_targets(repository)
    if not known:
        return f"{typed!r} was not found: there are no koans here."
    similar = difflib.get_close_matches(typed.strip(), known, n=3, cutoff=0.5)
    return (
        f"There is no chapter, section or koan {typed!r}. "
        f"Did you mean {' or '.join(similar or known[:1])}?"
    )
