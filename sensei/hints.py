"""`sensei hint`: one hint more each time it is asked for."""

from pathlib import Path

from sensei.chapter import ChapterError, SectionText, load_chapter
from sensei.koan import Koan
from sensei.section import Section
from sensei.store import Content, Store


class Hints:
    """How many hints each koan has given, kept in `.sensei/hints.json`."""

    def __init__(self, root: Path) -> None:
        self._store = Store(root, "hints.json")

    def next(self, section: Section, koan: Koan) -> list[str]:
        """Return the hints of `koan` that are due now: one more than last time.

        Raises:
            ChapterError: the chapter's description has no hints for it.
            StoreError: that it was given could not be kept.
        """
        hints = hints_of(section, koan)
        given = self._store.read(_check).get(str(koan), 0)
        count = min(given + 1, len(hints))
        self._store.update(_check, lambda content: content | {str(koan): count})
        return hints[:count]


def hints_of(section: Section, koan: Koan) -> list[str]:
    """Return all hints of `koan`, the shortest first.

    Raises:
        ChapterError: the chapter's description has none.
    """
    question = _told(section).questions.get(koan.question)
    if question is None:
        raise ChapterError(f"There are no hints for {koan} in its chapter.toml.")
    return question.hints


def links_of(section: Section) -> list[str]:
    """Return the titles of the pages to read about `section`.

    Raises:
        ChapterError: the chapter's description says nothing of it.
    """
    return _told(section).links


def _told(section: Section) -> SectionText:
    path = section.tests.parent / "chapter.toml"
    shown = section.path_of(path)
    told = load_chapter(path, shown).sections.get(section.number)
    if told is None:
        raise ChapterError(f"{shown}: there is nothing on section {section}.")
    return told


def _check(content: Content) -> None:
    if not all(isinstance(count, int) for count in content.values()):
        raise TypeError("counts are numbers")
