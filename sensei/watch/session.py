"""The session of a watch: which koan is shown, and what is known about all of them."""

from collections.abc import Callable, Iterable
from pathlib import Path

from sensei.commands.hint import given_hints
from sensei.content.koan import Koan
from sensei.content.section import Section
from sensei.grading.results import KoanStatus
from sensei.grading.verdict import State, Verdict
from sensei.output.render import Renderer
from sensei.runner.client import RunnerError
from sensei.runner.protocol import CollectionFailed, ServerFailed
from sensei.state.json_store import StoreError
from sensei.state.progress import Progress
from sensei.watch.controller import Controller
from sensei.watch.events import RunnerEnded, RunnerSent
from sensei.watch.view import Screen, View

Below = Callable[[Renderer], None]

# Times that a koan fails with the same message before a hint is offered.
_OFFER_AFTER = 5


class Session:
    """Shows one koan of the target after the other.

    `page` is the page of the list that is shown instead, if any.
    """

    def __init__(self, controller: Controller, view: View) -> None:
        self.controller = controller
        self.view = view
        self.notes: list[str] = []
        self.page: int | None = None
        self._below: Below | None = None
        self._question = ""
        self._verdicts: dict[Koan, Verdict] = {}
        # The fingerprint of its section's files when a koan was judged, and when a
        # section was last run.
        self._judged: dict[Koan, str] = {}
        self._run: dict[str, str] = {}
        self._same = 0
        self._shows_running = False
        self._has_verdict = False
        self._has_restarted = False
        self.koan = self._first()
        self.hints = given_hints(controller.repository, self.koan)

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
                self._judged[koan] = recorded[koan].fingerprint
        return next((one for one in koans if not self.is_done(one)), koans[0])

    def is_done(self, koan: Koan) -> bool:
        """Return whether `koan` was solved, or skipped, when it last ran."""
        verdict = self._verdicts.get(koan)
        return verdict is not None and verdict.state.is_done

    def is_solved(self, koan: Koan) -> bool:
        """Return whether `koan` was solved when it last ran."""
        verdict = self._verdicts.get(koan)
        return verdict is not None and verdict.state is State.SOLVED

    def is_solved_now(self) -> bool:
        """Return whether the koan that is shown is solved as its files are now."""
        judged = self._judged.get(self.koan)
        return self.is_solved(self.koan) and judged == self.section.fingerprint

    def _is_skipped(self, koan: Koan) -> bool:
        return self.is_done(koan) and not self.is_solved(koan)

    def tell(self, *notes: str) -> None:
        """Show `notes` until the answers change, or another koan is shown."""
        self.notes = list(notes)
        self.draw()

    def on_save(self, paths: set[Path]) -> None:
        """Run what was saved; restart the server if it has read one of the files."""
        changed = self.controller.changed(paths)
        if self.controller.is_outdated(paths):
            try:
                self.controller.restart()
            except RunnerError as error:
                self.tell(str(error))
                return
            changed = [self.section]
        if changed:
            self.page = self._below = None
            self._question = ""
            # A save that changes nothing is one of `reset`, which has told of it.
            if any(self._run.get(str(one)) != one.fingerprint for one in changed):
                self.notes = []
            self.run(changed)

    def on_reset(self) -> None:
        """Take note that the section was written by ourselves."""
        self._run[str(self.section)] = self.section.fingerprint

    def on_runner_event(self, sent: RunnerSent) -> None:
        """Take in what the runner's server sent."""
        if not self.controller.is_current(sent):
            return
        event = sent.event
        if isinstance(event, ServerFailed):
            self.controller.end()
            self.tell(event.message)
        elif isinstance(event, CollectionFailed):
            self.notes = [f"{event.path} cannot be run: {event.message}"]
        verdict = self.controller.add(event)
        if verdict is not None:
            self._add(verdict)
        finished = self.controller.finish(event)
        if finished is not None:
            self._has_restarted = False
            self._record(finished)
            self.redraw()

    def on_runner_end(self, ended: RunnerEnded) -> None:
        """Start the server again if it has ended by itself; once, if it does so again.

        A server that could not even start would not do so again: a save may repair it.
        """
        if not self.controller.is_current(ended) or self.controller.has_ended:
            return
        if self.controller.was_ready and not self._has_restarted:
            self._has_restarted = True
            self.notes = ["The process that runs the koans ended and was restarted."]
            try:
                self.controller.restart()
            except RunnerError as error:
                self.notes = [str(error)]
            self.draw()
            return
        self.controller.end()
        self.tell(
            "The process that runs the koans ends again and again. A save starts it "
            f"once more. To see why it ends: pytest {self._tests}"
        )

    @property
    def _tests(self) -> str:
        return self.section.path_of(self.section.tests)

    def _add(self, verdict: Verdict) -> None:
        before = self._verdicts.get(verdict.koan)
        self._verdicts[verdict.koan] = verdict
        section = self.controller.repository.section_of(verdict.koan)
        self._judged[verdict.koan] = self._run.get(str(section), "")
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

    def run(self, sections: Iterable[Section]) -> None:
        """Run `sections`, the koan that is shown before the others."""
        sections = list(sections)
        self._shows_running = self._has_verdict = False
        for section in sections:
            self._run[str(section)] = section.fingerprint
        try:
            self.controller.run(sections, self.koan)
        except RunnerError as error:
            self.tell(str(error))

    def show(self, koan: Koan) -> None:
        """Show `koan`; run it if it has no verdict yet."""
        self.koan = koan
        self.hints = given_hints(self.controller.repository, koan)
        self.notes, self._same = [], 0
        if koan not in self._verdicts:
            self.run([self.section])
        self.draw()

    def statuses(self, section: Section) -> list[KoanStatus]:
        """Return what is known about the koans of `section`."""
        only = self.controller.target.only
        return [
            KoanStatus(section, koan, definition.question, self._verdicts.get(koan))
            for koan, definition in section.koans.items()
            if only is None or koan in only
        ]

    def draw(self, below: Below | None = None, *, question: str = "") -> None:
        """Draw the list, or the koan with what `below` writes and the `question`."""
        self._below, self._question = below, question
        self.redraw()

    def redraw(self) -> None:
        """Draw the same again, because of what the user has not asked for."""
        target = self.controller.target
        if self.page is not None:
            statuses = [self.statuses(section) for section in target.sections]
            self.view.draw_list(self.controller.repository, statuses, self.page)
            return
        screen = Screen(
            repository=self.controller.repository,
            koan=self.koan,
            section=self.statuses(self.section),
            solved=sum(self.is_solved(koan) for koan in target.koans),
            total=sum(not self._is_skipped(koan) for koan in target.koans),
            is_running=self.controller.is_busy and not self._has_verdict,
            notes=self.notes,
            hints=self.hints,
        )
        self.view.draw(screen, self._below, self._question)
