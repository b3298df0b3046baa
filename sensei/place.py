"""A place: the koans that a learner means by `ch03`, `3`, `3.2`, `3.2.1` or a path."""

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from sensei.koan import Koan
from sensei.repository import Repository
from sensei.section import Section
from sensei.told import Told

_NUMBERS = re.compile(r"(?:ch)?0*(\d+)(?:\.0*(\d+))?(?:\.0*(\d+))?", re.IGNORECASE)


class PlaceError(Told):
    """What was typed is no place; `str()` says so, with the nearest right ones."""


@dataclass(frozen=True)
class Place:
    """Whole sections, or one koan of one section."""

    sections: list[Section]
    koan: Koan | None = None

    @property
    def koans(self) -> list[Koan]:
        """The koans of the place, in the guide's order."""
        if self.koan is not None:
            return [self.koan]
        return [koan for section in self.sections for koan in section.homes]


def find_place(repository: Repository, typed: str | None) -> Place:
    """Return the place that `typed` means; everything for None.

    Raises:
        PlaceError: there is no such place.
    """
    if typed is None:
        return Place(repository.sections)
    match = _NUMBERS.fullmatch(typed.strip())
    if match:
        place = _by_number(repository, [int(part) for part in match.groups() if part])
    else:
        place = _by_path(repository, Path(typed))
    if place is None:
        raise PlaceError(_no_place(repository, typed))
    return place


def _by_number(repository: Repository, numbers: list[int]) -> Place | None:
    chapter = repository.chapters.get(numbers[0], [])
    sections = [one for one in chapter if numbers[1:2] in ([], [one.number])]
    if not sections:
        return None
    if len(numbers) < 3:
        return Place(sections)
    koan = Koan(numbers[0], numbers[1], numbers[2])
    return Place(sections, koan) if koan in sections[0].homes else None


def _by_path(repository: Repository, path: Path) -> Place | None:
    full = path.resolve()
    around = {full, *full.parents}
    found = [
        section
        for section in repository.sections
        if any(own in around or full in own.parents for own in _paths(section))
    ]
    return Place(found) if found else None


def _paths(section: Section) -> tuple[Path, ...]:
    """Return the files of a section, and the folder that its koans may be about."""
    files = (section.stub, section.tests, section.solution, section.variants)
    return (*files, section.stub.with_suffix(""))


def places(repository: Repository) -> list[str]:
    """Return every place of `repository`, as people type it."""
    known = [f"ch{number:02}" for number in repository.chapters]
    for section in repository.sections:
        known += [str(section), *(str(koan) for koan in section.homes)]
    return known


def _no_place(repository: Repository, typed: str) -> str:
    known = places(repository)
    near = difflib.get_close_matches(typed.strip(), known, n=3, cutoff=0.5)
    near = near or known[:1]
    hint = f"Near it: {', '.join(near)}." if near else "There are no koans here."
    return f"There is no place {typed!r}. {hint}"
