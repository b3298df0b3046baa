"""The session of a watch: which koan is shown, and what is known about all of them."""

from collections.abc import Callable
from pathlib import Path

from sensei.content.koan import Koan
from sensei.content.section import Section
from sensei.grading.results import KoanStatus
from sensei.grading.verdict import State, Verdict
from sensei.output.render import Renderer
from sensei.runner.client import RunnerError
from sensei.runner.protocol import CollectionFailed, ServerFailed
from sensei.state.json_store import StoreError
from sensei.state.progress import Progress
from sensei.watch.controller import Controller, RunnerEnded, RunnerSent
from sensei.watch.view import Screen, View

# Times that a koan fails with the same message before a hint is offered.
_OFFER_AFTER = 5


class Session:
    """Shows one koan of the target after the other."""

    def __init__(self, controller: Controller, view: View) -> None:
        self.controller = controller
        self._view = view
        self._verdicts: dict[Koan, Verdict] = {}
        self.notes: list[str] = []
        self.hints: list[str] = []
        self._same = 0
        self._shows_running = False
        self._has_verdict = False
        self.koan = self._first()

    @property
    def section(self) -> Section:
        """The section of the koan that is shown."""
        return self.controller.repository.section_of(self.koan)

    @property
    def is_waiting(self) -> bool:
        """Whether the koan is running, and the screen does not show that yet."""
        is_running = self.controller.is_busy and not self._has_verdict
        return is_running and not self._shows_running

    def show_running(self) -> None:
        """Show that the koan is running."""
        self._shows_running = True
        self.draw()

    def _first(self) -> Koan:
        """Return the first koan that is left to do, as recorded."""
        try:
            recorded = Progress(self.controller.repository.root).read()
        except StoreError as error:
            self.notes.append(str(error))
            recorded = {}
        koans = self.controller.target.koans
        for koan in koans:
            if koan in recorded:
                self._verdicts[koan] = recorded[koan].verdict
        return next((one for one in koans if not self.is_done(one)), koans[0])

    def is_done(self, koan: Koan) -> bool:
        """Return whether `koan` was solved, or skipped, when it last ran."""
        verdict = self._verdicts.get(koan)
        return verdict is not None and verdict.state.is_done

    def is_solved(self, koan: Koan) -> bool:
        """Return whether `koan` was solved when it last ran."""
        verdict = self._verdicts.get(koan)
        return verdict is not None and verdict.state is State.SOLVED

    def _is_skipped(self, koan: Koan) -> bool:
        return self.is_done(koan) and not self.is_solved(koan)

    def on_save(self, paths: set[Path]) -> None:
        """Run what was saved; restart the server if it has read one of the files."""
        changed = self.controller.changed(paths)
        if self.controller.is_outdated(paths):
            self.controller.restart()
            changed = [self.section]
        if changed:
            self.notes, self.hints = [], []
            self.run(changed)

    def on_runner_event(self, sent: RunnerSent) -> None:
        """Take in what the runner's server sent."""
        if not self.controller.is_current(sent):
            return
        event = sent.event
        if isinstance(event, ServerFailed):
            self.notes = [event.message]
            self.draw()
        elif isinstance(event, CollectionFailed):
            self.notes = [f"{event.path} cannot be run: {event.message}"]
        verdict = self.controller.add(event)
        if verdict is not None:
            self._add(verdict)
        finished = self.controller.finish(event)
        if finished is not None:
            self._record(finished)
            self.draw()

    def on_runner_end(self, ended: RunnerEnded) -> None:
        """Start the server again if it has ended by itself.

        A server that could not even start would not do so again: a save may repair it.
        """
        if self.controller.is_current(ended) and self.controller.was_ready:
            self.controller.restart()
            self.run([self.section])
            self.notes = ["The process that runs the koans ended and was restarted."]

    def _add(self, verdict: Verdict) -> None:
        before = self._verdicts.get(verdict.koan)
        self._verdicts[verdict.koan] = verdict
        if verdict.koan == self.koan:
            failing = verdict.state is State.FAILING
            again = failing and before is not None and before.message == verdict.message
            self._same = self._same + 1 if again else int(failing)
            if self._same >= _OFFER_AFTER and not self.hints:
                self.notes = ["This is the same message again. Press h for a hint."]
            self._has_verdict = True
            self.draw()
        elif verdict.is_of_file or before is None:
            return  # the koan that is shown says the same, or nothing is new
        elif before.state is not verdict.state:
            self.notes.append(f"{verdict.koan} is {verdict.state.value} now.")

    def _record(self, verdicts: list[Verdict]) -> None:
        repository = self.controller.repository
        try:
            Progress(repository.root).record(repository, verdicts)
        except StoreError as error:
            if str(error) not in self.notes:
                self.notes.append(str(error))

    def run(self, sections: list[Section]) -> None:
        """Run `sections`, the koan that is shown before the others."""
        self._shows_running = self._has_verdict = False
        try:
            self.controller.run(sections, self.koan)
        except RunnerError as error:
            self.notes = [str(error)]
            self.draw()

    def show(self, koan: Koan) -> None:
        """Show `koan`; run it if it has no verdict yet."""
        self.koan = koan
        self.notes, self.hints, self._same = [], [], 0
        if koan not in self._verdicts:
            self.run([self.section])
        self.draw()

    def statuses(self, section: Section) -> list[KoanStatus]:
        """Return what is known about the koans of `section`."""
        return [
            KoanStatus(section, koan, definition.question, self._verdicts.get(koan))
            for koan, definition in section.koans.items()
        ]

    def draw(
        self,
        below: Callable[[Renderer], None] | None = None,
        *,
        question: str = "",
    ) -> None:
        """Draw the koan, what `below` writes, and the keys or the `question`."""
        koans = self.controller.target.koans
        screen = Screen(
            repository=self.controller.repository,
            koan=self.koan,
            section=self.statuses(self.section),
            solved=sum(self.is_solved(koan) for koan in koans),
            total=sum(not self._is_skipped(koan) for koan in koans),
            is_running=self._shows_running and not self._has_verdict,
            notes=self.notes,
            hints=self.hints,
        )
        self._view.draw(screen, below, question)
