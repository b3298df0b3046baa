"""The summary: pytest's terminal reports koans instead of tests."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from sensei.content.chapter import ChapterError
from sensei.content.repository import Repository
from sensei.grading.results import KoanStatus, Results, next_koan
from sensei.grading.verdict import State
from sensei.output.render import COLOURS, Renderer
from sensei.plugin.execution import named_test, skipped_by, split_id, verdict_in
from sensei.state.json_store import StoreError
from sensei.state.progress import Progress

_LETTERS = {
    State.SOLVED: ".",
    State.OPEN: "o",
    State.FAILING: "F",
    State.SKIPPED: "s",
}
_Report = pytest.TestReport | pytest.CollectReport


class _TerminalWriter:
    """Writes lines to pytest's terminal."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        writer = terminal.config.get_terminal_writer()
        self._terminal = terminal
        self.width = writer.fullwidth
        self.encoding = getattr(writer._file, "encoding", None) or "ascii"

    def line(self, text: str, *styles: str) -> None:
        markup = {("light" if style == "dim" else style): True for style in styles}
        self._terminal.write_line(text, **markup)


class Summary:
    """Reports the koans of a run; `is_terse` without pytest's own report of them."""

    def __init__(
        self, rootpath: Path, answers: str, results: Results, *, is_terse: bool
    ) -> None:
        self._rootpath = rootpath
        self._answers = answers
        self._results = results
        self._progress = Progress(results.repository.root)
        self._is_terse = is_terse
        self._running = self._interrupted = ""
        self._variants: dict[str, str] = {}
        # A report for each skipped koan, because pytest prints them with `-rs`.
        self._skipped: dict[str, _Report] = {}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Add the koans of a test file that skips itself to the results."""
        for verdict in skipped_by(report, self._results.repository):
            self._results.add(verdict)
            self._skipped.setdefault(str(verdict.koan), report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the verdict of a test to the results."""
        verdict = verdict_in(report)
        if verdict is not None:
            self._results.add(verdict)
            if verdict.state is State.SKIPPED:
                self._skipped.setdefault(str(verdict.koan), report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: pytest.TestReport) -> None:
        """Let the report on a test that ended a worker of xdist carry a verdict."""
        test = named_test(self._repository, *split_id(self._rootpath, crashitem))
        if test is not None and self._answers == "koans":
            message = "Running this ended or crashed the process that runs the tests."
            verdict = test.verdict(State.FAILING, message)
            vars(report)["verdict"] = verdict.to_message()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Keep which test runs now."""
        self._running = nodeid

    def pytest_keyboard_interrupt(self) -> None:
        """Keep during which test the run was interrupted."""
        self._interrupted = self._running

    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, str | tuple[str, dict[str, bool]]] | None:
        """Return category, letter and word of a koan's test."""
        verdict = verdict_in(report)
        if verdict is None:
            return None
        if hasattr(report, "variant"):
            if not report.passed:
                return None
            category = "rejected" if " wrong" in report.variant else "accepted"
            self._variants[report.variant] = category
            return category, ".", category.upper()
        state = verdict.state
        # pytest prints its own report of what counts as "failed".
        has_category = self._is_terse or state.is_done
        category = state.value if has_category else "failed"
        return category, _LETTERS[state], (state.value.upper(), {COLOURS[state]: True})

    # Last, because other parts of the summary, like `--durations`, look at the tests.
    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Write the progress; let pytest's last line count koans, not tests."""
        stats = terminalreporter.stats
        if self._answers == "variants":
            for category, count in Counter(self._variants.values()).items():
                stats[category] = [None] * count
            return
        statuses = self._results.statuses()
        if not statuses:
            return
        if terminalreporter.verbosity > -2:
            self._write(Renderer(_TerminalWriter(terminalreporter), self._repository))
        self._count(stats)
        if self._answers == "koans":
            try:
                self._progress.record(self._repository, self._results.verdicts())
            except StoreError as error:
                terminalreporter.write_line(str(error), yellow=True)

    @property
    def _repository(self) -> Repository:
        return self._results.repository

    def _write(self, renderer: Renderer) -> None:
        statuses = self._results.statuses()
        verdicts = self._results.verdicts()
        for message in self._broken_chapters(statuses):
            renderer.line(message, "red")
        if self._is_terse:
            renderer.failing(verdicts)
        renderer.skipped(verdicts)
        renderer.progress(statuses)
        interrupted = split_id(self._rootpath, self._interrupted)
        if test := named_test(self._repository, *interrupted):
            renderer.line()
            renderer.line(f"Interrupted while koan {test.koan} was running.", "yellow")
        following = next_koan(one for one in statuses if one.verdict is not None)
        if following is not None:
            renderer.next(following)

    def _count(self, stats: dict[str, list[Any]]) -> None:
        """Replace the tests in `stats` by koans."""
        verdicts = self._results.verdicts()
        for state in (State.FAILING, State.OPEN, State.SOLVED):
            if self._is_terse or state is State.SOLVED:
                stats.pop(state.value, None)
                found = [one for one in verdicts if one.state is state]
                if found:
                    stats[state.value] = found
        others = [
            report
            for report in stats.pop("skipped", [])
            if report not in self._skipped.values() and verdict_in(report) is None
        ]
        koans = {str(one.koan) for one in verdicts if one.state is State.SKIPPED}
        others += [self._skipped[koan] for koan in sorted(koans & set(self._skipped))]
        if others:
            stats["skipped"] = others
        in_part = self._results.passed_in_part()
        if in_part:
            stats.setdefault("passed", []).extend(in_part)

    def _broken_chapters(self, statuses: Iterable[KoanStatus]) -> list[str]:
        """Return what is wrong with the descriptions of the tested sections."""
        messages: dict[str, None] = {}
        for one in statuses:
            try:
                self._repository.describe(one.section)
            except ChapterError as error:
                messages[str(error)] = None
        return list(messages)
