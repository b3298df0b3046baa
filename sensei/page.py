"""The page: how verdicts are laid out, in the width and the letters there are."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Protocol

from sensei.chapter import Chapter, ChapterError, load_chapter
from sensei.section import Section
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
                if one.whole_section:
                    troubles.setdefault((one.message, one.place), []).append(one)
                else:
                    self.turned_away(one)
            for same in troubles.values():
                self._trouble(section, same)

    def turned_away(self, verdict: Verdict) -> None:
        """Write what happened to one koan: the message, the place, what it printed."""
        self._line()
        self._line(f"{verdict.koan}  {verdict.place}", "bold", "red")
        self.paragraph(verdict.message)
        printed = verdict.printed.rstrip().splitlines()
        if printed:
            self._line("    printed:")
            for line in printed[-_PRINTED_LINES:]:
                self._line(self._shortened(f"    | {line}"))
        self._line(f"    For a hint: sensei hint {verdict.koan}", "dim")

    def _trouble(self, section: Section, same: list[Verdict]) -> None:
        self._line()
        self._line(f"Section {section}  {same[0].place}", "bold", "red")
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
            self._line()
            self._line(f"Chapter {number}  {chapter.title if chapter else ''}", "bold")
            for section in sections:
                self._section(section, chapter, verdicts[section])
                if len(chapters) == 1:
                    self._unsolved(section, verdicts[section])

    def _chapter(self, section: Section) -> Chapter | None:
        path = section.stub.parent / "chapter.toml"
        try:
            return load_chapter(path, section.path_of(path))
        except ChapterError as error:
            self._line(str(error), "red")
            return None

    def _section(
        self, section: Section, chapter: Chapter | None, found: list[Verdict]
    ) -> None:
        states = {one.koan: one.state for one in found}
        text = chapter.sections.get(section.number) if chapter else None
        title = f"{section}  {text.title if text else section.stem}"
        marks = "".join(self._symbols[states.get(koan)] for koan in section.homes)
        solved = sum(state is State.SOLVED for state in states.values())
        count = f"{marks:<8}  {solved} of {len(section.homes)}"
        room = self._width - len(count) - 2
        title = textwrap.shorten(title, room, placeholder=" ...")
        colour = "green" if solved == len(section.homes) else "yellow"
        self._line(f"{title:<{min(room, 52)}}  {count}", colour)

    def _unsolved(self, section: Section, found: list[Verdict]) -> None:
        for one in found:
            if one.state is not State.SOLVED:
                question = section.homes[one.koan].question
                symbol = self._symbols[one.state]
                self._line(self._shortened(f"  {symbol} {one.koan}  {question}"))

    def next(self, section: Section, verdict: Verdict) -> None:
        """Write which koan is next: its question, and where to type."""
        self._line()
        self._line(f"Next: {verdict.koan}  {verdict.place}", "bold")
        self.paragraph(section.homes[verdict.koan].question)

    def paragraph(self, text: str) -> None:
        """Write `text`, indented and wrapped."""
        for part in text.splitlines():
            wrapped = textwrap.wrap(
                part, self._width, initial_indent="    ", subsequent_indent="    "
            )
            for line in wrapped or [""]:
                self._line(line)

    def _shortened(self, line: str) -> str:
        if len(line) <= self._width:
            return line
        end = "…" if self._unicode else "..."
        return line[: self._width - len(end)].rstrip() + end

    def _line(self, text: str = "", *styles: str) -> None:
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


def _can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True
