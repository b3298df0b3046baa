"""The page: how verdicts are laid out, in the width and the letters there are."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from sensei.koan import Koan
from sensei.outline import Outline, read_outline
from sensei.section import Section
from sensei.told import Told
from sensei.verdict import State, Verdict

COLOURS = {State.SOLVED: "green", State.OPEN: "yellow", State.FAILING: "red"}
_SYMBOLS = {State.SOLVED: "●", State.OPEN: "○", State.FAILING: "✗", None: "·"}
_PLAIN = {State.SOLVED: "+", State.OPEN: "o", State.FAILING: "x", None: "."}
_PRINTED_LINES = 12
_NARROWEST = 40

Verdicts = Mapping[Section, list[Verdict]]


class Paper(Protocol):
    """What a page is written on."""

    width: int
    encoding: str

    def line(self, text: str, *styles: str) -> None:
        """Write one line; styles are `bold`, `dim`, and names of colours."""


class Page:
    """Writes verdicts on `paper`."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        self._width = max(paper.width - 1, _NARROWEST)
        self._unicode = _can_encode("●○✗·…’", paper.encoding)
        self._symbols = _SYMBOLS if self._unicode else _PLAIN

    def failing(self, verdicts: Verdicts) -> None:
        """Write what happened to each koan that was turned away.

        What is wrong with a whole file stands there once.
        """
        for section, found in verdicts.items():
            troubles: dict[tuple[str, str], list[Verdict]] = {}
            for one in found:
                if one.state is not State.FAILING:
                    continue
                if one.is_of_file:
                    troubles.setdefault((one.message, one.place), []).append(one)
                else:
                    self.turned_away(one)
            for same in troubles.values():
                self._trouble(section, same)

    def turned_away(self, verdict: Verdict) -> None:
        """Write what happened to one koan: the message, the place, what it printed."""
        self.line()
        self.line(f"{verdict.koan}  {verdict.place}", "bold", "red")
        self.paragraph(verdict.message)
        self.printed(verdict)
        self.line(f"    For a hint: sensei hint {verdict.koan}", "dim")

    def printed(self, verdict: Verdict) -> None:
        """Write what the answer printed last."""
        printed = verdict.printed.rstrip().splitlines()
        if printed:
            self.line("    printed:")
            for line in printed[-_PRINTED_LINES:]:
                self.line(self._shortened(f"    | {line}"))

    def _trouble(self, section: Section, same: list[Verdict]) -> None:
        self.line()
        self.line(f"Section {section}  {same[0].place}", "bold", "red")
        self.paragraph(same[0].message)
        waiting = ", ".join(str(one.koan) for one in same)
        self.paragraph(f"Until then these wait: {waiting}")

    def progress(self, verdicts: Verdicts) -> None:
        """Write where each chapter and section stands.

        Within one chapter also the questions that are not solved yet.
        """
        chapters = sorted({section.chapter for section in verdicts})
        for number in chapters:
            sections = [one for one in verdicts if one.chapter == number]
            chapter = self._chapter(sections[0])
            self.line()
            self.line(f"Chapter {number}  {chapter.title if chapter else ''}", "bold")
            for section in sections:
                states = {one.koan: one.state for one in verdicts[section]}
                text = chapter.sections.get(section.number) if chapter else None
                title = f"{section}  {text.title if text else section.stem}"
                self.section(title, [states.get(koan) for koan in section.homes])
                if len(chapters) == 1:
                    self._unsolved(section, verdicts[section])

    def _chapter(self, section: Section) -> Outline | None:
        path = section.tests.parent / "chapter.toml"
        try:
            return read_outline(path, section.path_of(path))
        except Told:
            return None  # whoever writes the page tells it, or has no need of it

    def section(
        self, title: str, states: Sequence[State | None], *, changed: bool = False
    ) -> None:
        """Write a section's title, a mark for each koan, and how many are solved."""
        marks = "".join(self._symbols[state] for state in states)
        note = "  changed since" if changed else ""
        self._row(title, f"{marks:<8}  {_solved(states)}{note}", states)

    def count(self, title: str, states: Sequence[State | None]) -> None:
        """Write a chapter's title, and how many of its koans are solved."""
        self._row(title, f"{'':<8}  {_solved(states)}", states)

    def _row(self, title: str, rest: str, states: Sequence[State | None]) -> None:
        room = max(self._width - len(rest) - 2, 16)
        end = "…" if self._unicode else "..."
        if len(title) > room:
            title = title[: room - len(end)].rstrip() + end
        colour = "yellow"
        if all(state is State.SOLVED for state in states):
            colour = "green"
        self.line(f"{title:<{min(room, 56)}}  {rest}", colour)

    def _unsolved(self, section: Section, found: list[Verdict]) -> None:
        for one in found:
            if one.state is not State.SOLVED:
                self.koan(one.koan, section.homes[one.koan].question, one.state)

    def koan(self, koan: Koan, question: str, state: State | None) -> None:
        """Write a koan's mark, number and question in one line."""
        line = f"  {self._symbols[state]} {koan}  {question}"
        self.line(self._shortened(line), *([COLOURS[state]] if state else []))

    def next(self, koan: Koan, question: str, place: str) -> None:
        """Write which koan is next: its question, and where to type."""
        self.line()
        self.line(f"Next: {koan}  {place}", "bold")
        self.paragraph(question)

    def paragraph(self, text: str) -> None:
        """Write `text`, indented and wrapped."""
        for part in text.splitlines():
            wrapped = textwrap.wrap(
                part, self._width, initial_indent="    ", subsequent_indent="    "
            )
            for line in wrapped or [""]:
                self.line(line)

    def _shortened(self, line: str) -> str:
        if len(line) <= self._width:
            return line
        end = "…" if self._unicode else "..."
        return line[: self._width - len(end)].rstrip() + end

    def line(self, text: str = "", *styles: str) -> None:
        """Write a line in the letters there are."""
        if not self._unicode:
            text = text.replace("’", "'").replace("…", "...")
        encoding = self._paper.encoding
        text = text.encode(encoding, "backslashreplace").decode(encoding)
        self._paper.line(text.rstrip(), *styles)


def unsolved(verdicts: Verdicts) -> Iterator[tuple[Section, Verdict]]:
    """Yield the koans that are not solved yet, each with its section."""
    for section, found in verdicts.items():
        for verdict in found:
            if verdict.state is not State.SOLVED:
                yield section, verdict


def _solved(states: Sequence[State | None]) -> str:
    return f"{sum(state is State.SOLVED for state in states)} of {len(states)}"


def _can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True
