"""The list of a watch: all koans, by chapters, in pages that fit the terminal."""

from collections.abc import Iterable
from dataclasses import dataclass

from sensei.content.koan import Koan
from sensei.grading.results import KoanStatus

# Lines of a page beside its koans: title, numbers, keys, and blank ones between.
_OTHER_LINES = 7
_FEWEST = 5


@dataclass(frozen=True)
class Page:
    """A page of the list: koans of one chapter."""

    chapter: int
    koans: list[KoanStatus]


def pages(sections: Iterable[list[KoanStatus]], height: int) -> list[Page]:
    """Return the koans of `sections` on pages of at most `height` lines.

    Each chapter begins a page of its own.
    """
    chapters: dict[int, list[KoanStatus]] = {}
    for section in sections:
        for status in section:
            chapters.setdefault(status.koan.chapter, []).append(status)
    room = max(height - _OTHER_LINES, _FEWEST)
    return [
        Page(chapter, koans[start : start + room])
        for chapter, koans in chapters.items()
        for start in range(0, len(koans), room)
    ]


def page_of(koan: Koan, found: list[Page]) -> int:
    """Return which of the pages `found` has `koan` on it."""
    for number, page in enumerate(found):
        if any(one.koan == koan for one in page.koans):
            return number
    return 0
