"""Rendering: verdicts as lines of text, in the width and the characters there are."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Protocol

from sensei.content.repository import Repository
from sensei.grading.results import KoanStatus
from sensei.grading.verdict import State, Verdict

COLOURS = {
    State.SOLVED: "green",
    State.OPEN: "yellow",
    State.FAILING: "red",
    State.SKIPPED: "cyan",
}
_MARKS = {"solved": "●", "open": "○", "failing": "✗", "skipped": "-", None: "·"}
_ASCII_MARKS = {"solved": "+", "open": "o", "failing": "x", "skipped": "-", None: "."}
_PRINTED_LINES = 12
_NARROWEST = 40


class Writer(Protocol):
    """What lines are written to: a console, or pytest's terminal."""

    width: int
    encoding: str

    def line(self, text: str, *styles: str) -> None:
        """Write one line; styles are `bold`, `dim`, and names of colours."""


class Renderer:
    """Writes verdicts on koans of `repository` to `writer`."""

    def __init__(self, writer: Writer, repository: Repository) -> None:
        self._writer = writer
        self._repository = repository
        self._width = max(writer.width - 1, _NARROWEST)
        self._unicode = _can_encode("●○✗·…’", writer.encoding)
        self._marks = _MARKS if self._unicode else _ASCII_MARKS

    def failing(self, verdicts: Iterable[Verdict]) -> None:
        """Write the message of each failing koan; that of a whole file once.

        Open koans have a message where an answer was begun.
        """
        of_files: dict[tuple[str, str], list[Verdict]] = {}
        for verdict in verdicts:
            if verdict.state is State.OPEN and verdict.message:
                self._message(verdict)
            if verdict.state is not State.FAILING:
                continue
            if verdict.is_of_file:
                key = (verdict.message, verdict.location)
                of_files.setdefault(key, []).append(verdict)
            else:
                self._failing_koan(verdict)
        for same in of_files.values():
            self._failing_file(same)

    def _message(self, verdict: Verdict) -> None:
        self.line()
        heading = f"{verdict.koan}  {verdict.location}"
        self.line(heading, "bold", COLOURS[verdict.state])
        self.paragraph(verdict.message)

    def _failing_koan(self, verdict: Verdict) -> None:
        self._message(verdict)
        self.printed(verdict)
        self.line(f"    For a hint: sensei hint {verdict.koan}", "dim")

    def _failing_file(self, same: list[Verdict]) -> None:
        section = self._repository.section_of(same[0].koan)
        self.line()
        self.line(f"Section {section}  {same[0].location}", "bold", "red")
        self.paragraph(same[0].message)
        waiting = ", ".join(str(one.koan) for one in same)
        self.paragraph(f"These koans cannot run until then: {waiting}")

    def printed(self, verdict: Verdict) -> None:
        """Write the last lines that the answer printed."""
        printed = verdict.printed.rstrip().splitlines()
        if printed:
            self.line("    printed:")
            for line in printed[-_PRINTED_LINES:]:
                self.line(self._shortened(f"    | {line}"))

    def skipped(self, verdicts: Iterable[Verdict]) -> None:
        """Write each reason for which koans were skipped, once."""
        reasons: dict[str, list[str]] = {}
        for verdict in verdicts:
            if verdict.state is State.SKIPPED:
                reasons.setdefault(verdict.message, []).append(str(verdict.koan))
        for reason, koans in reasons.items():
            self.line()
            self.line(f"Skipped: {', '.join(koans)}", COLOURS[State.SKIPPED])
            self.paragraph(reason)

    def progress(self, statuses: Iterable[KoanStatus]) -> None:
        """Write the progress of each chapter and section.

        Of a single chapter also the koans that are left to do.
        """
        chapters = _by_chapter(statuses)
        for number, sections in chapters.items():
            self.line()
            title = self._repository.chapter_title(number)
            self.line(f"Chapter {number}  {title}", "bold")
            for koans in sections:
                self.section(koans)
                if len(chapters) == 1:
                    for one in koans:
                        if one.state and not one.state.is_done:
                            self.koan(one)

    def overview(self, statuses: Iterable[KoanStatus], current: int | None) -> None:
        """Write a line for each chapter, and for the sections of chapter `current`."""
        for number, sections in _by_chapter(statuses).items():
            title = self._repository.chapter_title(number)
            every = [one.state for koans in sections for one in koans]
            counted = f"{'':<8}  {_counted(every)}"
            self._row(f"Chapter {number}  {title}", counted, every)
            if number == current:
                for koans in sections:
                    self.section(koans, indent="  ")

    def section(self, koans: Sequence[KoanStatus], indent: str = "") -> None:
        """Write a section's title, a mark for each koan, and how many are solved."""
        section = koans[0].section
        states = [one.state for one in koans]
        marks = "".join(self._marks[state] for state in states)
        note = "  changed since" if any(one.is_outdated for one in koans) else ""
        title = f"{indent}{section}  {self._repository.section_title(section)}"
        self._row(title, f"{marks:<8}  {_counted(states)}{note}", states)

    def _row(self, title: str, rest: str, states: Sequence[State | None]) -> None:
        room = max(self._width - len(rest) - 2, 16)
        title = self._shortened(title, room)
        done = all(state and state.is_done for state in states)
        self.line(f"{title:<{min(room, 56)}}  {rest}", "green" if done else "yellow")

    def koan(self, status: KoanStatus) -> None:
        """Write a koan's mark, number, level, minutes and question in one line."""
        number = f"{status.koan}  {self._effort(status)}".rstrip()
        line = f"  {self._marks[status.state]} {number}  {status.question}"
        colours = [COLOURS[status.state]] if status.state else []
        self.line(self._shortened(line), *colours)

    def next(self, status: KoanStatus) -> None:
        """Write which koan is next: its location and its question."""
        self.line()
        self.line(f"Next: {status.koan}  {status.location}", "bold")
        self.paragraph(status.question)
        if effort := self._effort(status):
            self.line(f"    {effort}", "dim")

    def _effort(self, status: KoanStatus) -> str:
        question = self._repository.question(status.koan)
        return question.effort if question else ""

    def paragraph(self, text: str, *styles: str) -> None:
        """Write `text`, indented and wrapped between words: commands are copied."""
        for part in text.splitlines():
            wrapped = textwrap.wrap(
                part,
                self._width,
                initial_indent="    ",
                subsequent_indent="    ",
                break_long_words=False,
                break_on_hyphens=False,
            )
            for line in wrapped or [""]:
                self.line(line, *styles)

    def line(self, text: str = "", *styles: str) -> None:
        """Write a line in the characters there are."""
        if not self._unicode:
            text = text.replace("’", "'").replace("…", "...")
        encoding = self._writer.encoding
        text = text.encode(encoding, "backslashreplace").decode(encoding)
        self._writer.line(text.rstrip(), *styles)

    def _shortened(self, text: str, width: int | None = None) -> str:
        width = width or self._width
        if len(text) <= width:
            return text
        end = "…" if self._unicode else "..."
        return text[: width - len(end)].rstrip() + end


def _by_chapter(
    statuses: Iterable[KoanStatus],
) -> dict[int, list[list[KoanStatus]]]:
    """Return the koans of each chapter, grouped by their sections."""
    sections: dict[tuple[int, int], list[KoanStatus]] = {}
    for one in statuses:
        sections.setdefault(one.koan[:2], []).append(one)
    chapters: dict[int, list[list[KoanStatus]]] = {}
    for (number, _), koans in sections.items():
        chapters.setdefault(number, []).append(koans)
    return chapters


def _counted(states: Sequence[State | None]) -> str:
    """Return how many koans are solved, of those that are not skipped."""
    solved = sum(state is State.SOLVED for state in states)
    skipped = sum(state is State.SKIPPED for state in states)
    counted = f"{solved} of {len(states) - skipped}"
    return f"{counted}, {skipped} skipped" if skipped else counted


def _can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True
