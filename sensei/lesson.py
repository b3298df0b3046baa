"""The lesson: one koan on the screen, and what becomes of it as files are saved."""

from collections.abc import Callable
from pathlib import Path

from sensei.koan import Koan
from sensei.page import Page
from sensei.progress import Progress
from sensei.runner import RunnerError
from sensei.screen import Screen, View
from sensei.section import Section
from sensei.store import StoreError
from sensei.verdict import State, Verdict
from sensei.warm.wire import Message
from sensei.workshop import Workshop

_OFFER_AFTER = 5


class Lesson:
    """Shows one koan of a place after the other."""

    def __init__(self, workshop: Workshop, screen: Screen) -> None:
        self.workshop = workshop
        self._screen = screen
        self._verdicts: dict[Koan, Verdict] = {}
        self.notes: list[str] = []
        self.hints: list[str] = []
        self._same = 0
        self._waiting = False
        self._is_judged = False
        self.koan = self._first()

    @property
    def is_waiting(self) -> bool:
        """Whether a run is under way that the screen does not show yet."""
        return self.workshop.is_busy and not self._is_judged and not self._waiting

    @property
    def section(self) -> Section:
        """The section of the koan that is shown."""
        return self.workshop.section(self.koan)

    def wait(self) -> None:
        """Show that there is nothing to show yet."""
        self._waiting = True
        self.draw()

    def _first(self) -> Koan:
        """Return the first koan that is not solved, after what was recorded."""
        try:
            recorded = Progress(self.workshop.repository.root).read()
        except StoreError as error:
            self.notes.append(str(error))
            recorded = {}
        koans = self.workshop.place.koans
        for koan in koans:
            if koan in recorded:
                self._verdicts[koan] = recorded[koan].verdict
        return next((one for one in koans if not self.is_solved(one)), koans[0])

    def is_solved(self, koan: Koan) -> bool:
        """Return whether `koan` was solved when it was run last."""
        verdict = self._verdicts.get(koan)
        return verdict is not None and verdict.state is State.SOLVED

    def saved(self, paths: set[Path]) -> None:
        """Run what was saved; start anew where tests or tools have changed."""
        changed = self.workshop.changed(paths)
        if self.workshop.is_outdated(paths):
            self.workshop.restart()
            changed = [self.section]
        if changed:
            self.notes, self.hints = [], []
            self.run(changed)

    def heard(self, start: int, message: Message) -> None:
        """Take in what the warm process said."""
        if not self.workshop.is_current(start):
            return
        if "failed" in message:
            self.notes = [message["failed"]]
            self.draw()
        if "broken" in message:
            self.notes = [f"{message['broken']} cannot be run: {message['message']}"]
        verdict = self.workshop.hear(message)
        if verdict is not None:
            self._judge(verdict)
        ended = self.workshop.done(message)
        if ended is not None:
            self._record(ended)
            self.draw()

    def gone(self, start: int) -> None:
        """Start the warm process again where it has ended by itself.

        One that could not even start would not do so again: a save may mend that.
        """
        if self.workshop.is_current(start) and self.workshop.was_ready:
            self.workshop.restart()
            self.run([self.section])
            self.notes = ["The process that runs the koans ended and was restarted."]

    def _judge(self, verdict: Verdict) -> None:
        before = self._verdicts.get(verdict.koan)
        self._verdicts[verdict.koan] = verdict
        if verdict.koan == self.koan:
            failing = verdict.state is State.FAILING
            again = failing and before is not None and before.message == verdict.message
            self._same = self._same + 1 if again else int(failing)
            if self._same >= _OFFER_AFTER and not self.hints:
                self.notes = ["The same again: press h for a hint."]
            self._is_judged = True
            self.draw()
        elif verdict.is_of_file or before is None:
            return  # the koan that is shown says the same, or nothing is new
        elif before.state is not verdict.state:
            self.notes.append(f"{verdict.koan} is {verdict.state.value} now.")

    def _record(self, verdicts: list[tuple[Section, Verdict]]) -> None:
        try:
            Progress(self.workshop.repository.root).record(verdicts)
        except StoreError as error:
            if str(error) not in self.notes:
                self.notes.append(str(error))

    def run(self, sections: list[Section]) -> None:
        """Run `sections`, the koan that is shown before the others."""
        self._waiting = self._is_judged = False
        try:
            self.workshop.run(sections, self.koan)
        except RunnerError as error:
            self.notes = [str(error)]
            self.draw()

    def show(self, koan: Koan) -> None:
        """Let the screen show `koan`; run it where nothing is known of it."""
        self.koan = koan
        self.notes, self.hints, self._same = [], [], 0
        if koan not in self._verdicts:
            self.run([self.section])
        self.draw()

    def state(self, koan: Koan) -> State | None:
        """Return the state of the last verdict on `koan`, if there is one."""
        verdict = self._verdicts.get(koan)
        return verdict.state if verdict else None

    def draw(
        self, below: Callable[[Page], None] | None = None, *, question: str = ""
    ) -> None:
        """Draw the koan, what `below` writes, and the keys or the `question`."""
        koans = self.workshop.place.koans
        view = View(
            section=self.section,
            koan=self.koan,
            verdict=self._verdicts.get(self.koan),
            states=[self.state(koan) for koan in self.section.homes],
            solved=sum(self.is_solved(koan) for koan in koans),
            total=len(koans),
            is_running=self._waiting and not self._is_judged,
            notes=self.notes,
            hints=self.hints,
        )
        self._screen.draw(view, below, question)
