"""The wishes: what the learner asks for in a watch, a key each."""

from collections.abc import Callable

from sensei.chapter import ChapterError
from sensei.compare import compare, write_comparison
from sensei.hints import Hints
from sensei.lesson import Lesson
from sensei.page import Page
from sensei.place import Place
from sensei.reset import ResetError, reset
from sensei.store import StoreError


class Wishes:
    """Does what keys stand for; `goes_on` until the learner quits."""

    def __init__(self, lesson: Lesson) -> None:
        self.goes_on = True
        self._lesson = lesson
        self._asked = False
        self._keys: dict[str, Callable[[], None]] = {
            "n": self._next,
            "p": self._previous,
            "h": self._hint,
            "c": self._compare,
            "l": self._list,
            "s": self._run_section,
            "a": self._run_chapter,
            "r": self._ask_reset,
            "q": self._quit,
        }

    def press(self, key: str) -> None:
        """Do what `key` stands for; nothing if it stands for nothing."""
        key = key.lower()
        if self._asked:
            self._asked = False
            if key == "y":
                self._reset()
            self._lesson.draw()
        elif key in self._keys:
            self._keys[key]()

    def _next(self) -> None:
        lesson = self._lesson
        koans = lesson.workshop.place.koans
        at = koans.index(lesson.koan)
        others = [*koans[at + 1 :], *koans[:at]]
        unsolved = (koan for koan in others if not lesson.is_solved(koan))
        lesson.show(next(unsolved, lesson.koan))

    def _previous(self) -> None:
        koans = self._lesson.workshop.place.koans
        self._lesson.show(koans[koans.index(self._lesson.koan) - 1])

    def _hint(self) -> None:
        lesson = self._lesson
        try:
            hints = Hints(lesson.workshop.repository.root)
            lesson.hints = hints.next(lesson.section, lesson.koan)
        except (ChapterError, StoreError) as error:
            lesson.notes = [str(error)]
        lesson.draw()

    def _compare(self) -> None:
        lesson = self._lesson
        if lesson.is_solved(lesson.koan):
            comparison = compare(lesson.section, lesson.koan)
            lesson.draw(lambda page: write_comparison(comparison, page))
        else:
            lesson.notes = [f"Not solved yet: sensei compare {lesson.koan} --peek"]
            lesson.draw()

    def _list(self) -> None:
        self._lesson.draw(self._write_list)

    def _write_list(self, page: Page) -> None:
        for section in self._lesson.workshop.place.sections:
            page.line()
            for koan, home in section.homes.items():
                page.koan(koan, home.question, self._lesson.state(koan))

    def _run_section(self) -> None:
        self._lesson.run([self._lesson.section])

    def _run_chapter(self) -> None:
        lesson = self._lesson
        chapters = lesson.workshop.repository.chapters
        lesson.run(chapters[lesson.section.chapter])

    def _ask_reset(self) -> None:
        self._asked = True
        koan = self._lesson.koan
        question = f"Reset {koan} to its stub? Your version is kept. [y] yes, [n] no"
        self._lesson.draw(question=question)

    def _reset(self) -> None:
        lesson = self._lesson
        root = lesson.workshop.repository.root
        try:
            kept = reset(root, Place([lesson.section], lesson.koan))
        except (ResetError, OSError) as error:
            lesson.notes = [str(error)]
        else:
            shown = [path.relative_to(root).as_posix() for path in kept]
            lesson.notes = [f"Your version is kept in {path}" for path in shown]

    def _quit(self) -> None:
        self.goes_on = False
