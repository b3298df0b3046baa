"""The summary: what pytest's terminal says of koans instead of tests."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from sensei.chapter import ChapterError, load_chapter
from sensei.ledger import Ledger, found_by
from sensei.page import COLOURS, Page, unsolved
from sensei.progress import Progress
from sensei.section import Section
from sensei.store import StoreError
from sensei.verdict import State, Verdict

_LETTERS = {State.SOLVED: ".", State.OPEN: "o", State.FAILING: "F"}


class _TerminalPaper:
    """Paper that is pytest's terminal."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        writer = terminal.config.get_terminal_writer()
        self._terminal = terminal
        self.width = writer.fullwidth
        self.encoding = getattr(writer._file, "encoding", None) or "ascii"

    def line(self, text: str, *styles: str) -> None:
        markup = {("light" if style == "dim" else style): True for style in styles}
        self._terminal.write_line(text, **markup)


class Summary:
    """Reports the koans of a run; `terse` without pytest's own account of them."""

    def __init__(
        self, answers: str, ledger: Ledger, terse: bool, progress: Progress
    ) -> None:
        self._answers = answers
        self._ledger = ledger
        self._terse = terse
        self._progress = progress
        self._tried: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Enter what was found into the ledger."""
        found = found_by(report)
        if found is not None:
            self._ledger.note(found)

    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, str | tuple[str, dict[str, bool]]] | None:
        """Return category, letter and word of a koan's test."""
        if not hasattr(report, "finding"):
            return None
        state = State(report.finding["state"])
        if hasattr(report, "variant"):
            if not report.passed:
                return None
            category = "turned away" if " wrong" in report.variant else "let in"
            self._tried[report.variant] = category
            return category, ".", category.upper()
        # What counts as "failed" pytest prints its own account of.
        counted = self._terse or state is State.SOLVED
        category = state.value if counted else "failed"
        return category, _LETTERS[state], (state.value.upper(), {COLOURS[state]: True})

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Write the page; let pytest's last line count koans, not tests."""
        stats = terminalreporter.stats
        if self._answers == "variants":
            for category, count in Counter(self._tried.values()).items():
                stats[category] = [None] * count
            return
        verdicts = {
            section: self._ledger.verdicts(section)
            for section in self._ledger.sections()
        }
        if not verdicts:
            return
        if terminalreporter.verbosity > -2:
            page = Page(_TerminalPaper(terminalreporter))
            for sentence in _broken_chapters(verdicts):
                page.line(sentence, "red")
            if self._terse:
                page.failing(verdicts)
            page.progress(verdicts)
            for section, verdict in unsolved(verdicts):
                page.next(
                    verdict.koan, section.homes[verdict.koan].question, verdict.place
                )
                break
        self._count(stats, [one for found in verdicts.values() for one in found])
        if self._answers == "koans":
            every = [
                (section, one) for section in verdicts for one in verdicts[section]
            ]
            try:
                self._progress.record(every)
            except StoreError as error:
                terminalreporter.write_line(str(error), yellow=True)

    def _count(self, stats: dict[str, list[Any]], verdicts: list[Verdict]) -> None:
        for state in State:
            if self._terse or state is State.SOLVED:
                stats.pop(state.value, None)
                found = [one for one in verdicts if one.state is state]
                if found:
                    stats[state.value] = found
        in_part = self._ledger.passed_in_part()
        if in_part:
            stats.setdefault("passed", []).extend(in_part)


def _broken_chapters(sections: Iterable[Section]) -> Iterator[str]:
    """Yield what is wrong with the descriptions of the chapters of `sections`."""
    paths = {one.tests.parent / "chapter.toml": one for one in sections}
    for path, section in paths.items():
        try:
            load_chapter(path, section.path_of(path))
        except ChapterError as error:
            yield str(error)
