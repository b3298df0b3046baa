"""The actions of a watch: what each key does."""

from collections.abc import Callable

from sensei.commands.compare import compare, write_comparison
from sensei.commands.hint import GivenHints
from sensei.commands.reset import reset
from sensei.content.chapter import ChapterError
from sensei.content.target import Target
from sensei.errors import SenseiError
from sensei.watch.listing import page_of
from sensei.watch.session import Session


class Actions:
    """Does what keys stand for in `session`; `has_quit` after the key to quit."""

    def __init__(self, session: Session) -> None:
        self.has_quit = False
        self._session = session
        self._asks_reset = False
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
        if self._session.page is not None:
            self._turn_page(key)
        elif self._asks_reset:
            self._asks_reset = False
            if key == "y":
                self._reset()
            self._session.draw()
        elif key in self._keys:
            self._keys[key]()

    def _next(self) -> None:
        session = self._session
        koans = session.controller.target.koans
        at = koans.index(session.koan)
        others = [*koans[at + 1 :], *koans[:at]]
        left = (koan for koan in others if not session.is_done(koan))
        session.show(next(left, session.koan))

    def _previous(self) -> None:
        session = self._session
        koans = session.controller.target.koans
        session.show(koans[koans.index(session.koan) - 1])

    def _hint(self) -> None:
        session = self._session
        try:
            hints = GivenHints(session.controller.repository)
            given = hints.give_next(session.koan)
        except ChapterError as error:
            session.notes = [str(error)]
        else:
            session.hints = given.texts
            to_read = f"To read: sensei notes {session.section}"
            session.notes = [given.note or to_read]
        session.draw()

    def _compare(self) -> None:
        session = self._session
        if session.is_solved_now():
            comparison = compare(session.section, session.koan)
            session.draw(lambda renderer: write_comparison(comparison, renderer))
        else:
            command = f"sensei compare {session.koan} --peek"
            session.tell(f"Not solved yet. To compare anyway: {command}")

    def _list(self) -> None:
        session = self._session
        sections = session.controller.target.sections
        found = session.view.pages([session.statuses(one) for one in sections])
        session.page = page_of(session.koan, found)
        session.draw()

    def _turn_page(self, key: str) -> None:
        """Do what `key` stands for while the list is shown."""
        session = self._session
        if key == "q":
            self._quit()
        elif key in ("n", "p"):
            session.page = (session.page or 0) + (1 if key == "n" else -1)
            session.draw()
        elif key == "l":
            session.page = None
            session.draw()

    def _run_section(self) -> None:
        self._session.run([self._session.section])

    def _run_chapter(self) -> None:
        session = self._session
        chapters = session.controller.repository.chapters
        session.run(chapters[session.section.chapter])

    def _ask_reset(self) -> None:
        self._asks_reset = True
        koan = self._session.koan
        question = f"Reset {koan} to its stub? Your version is kept. [y] yes, [n] no"
        self._session.draw(question=question)

    def _reset(self) -> None:
        session = self._session
        root = session.controller.repository.root
        try:
            backups = reset(root, Target([session.section], session.koan))
        except (SenseiError, OSError) as error:
            session.notes = [str(error)]
        else:
            session.on_reset()
            paths = [path.relative_to(root).as_posix() for path in backups]
            session.notes = [f"Your version is kept in {path}" for path in paths]

    def _quit(self) -> None:
        self.has_quit = True
