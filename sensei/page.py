"""The page: how verdicts are laid out on a terminal, or in a pipe."""

import textwrap
from collections.abc import Iterable, Mapping

import pytest

from sensei.chapter import Chapter, ChapterError, load_chapter
from sensei.section import Section
from sensei.verdict import State, Verdict

COLOURS = {State.SOLVED: "green", State.OPEN: "yellow", State.FAILING: "red"}
_SYMBOLS = {State.SOLVED: "●", State.OPEN: "○", State.FAILING: "✗", None: "·"}
_PLAIN = {State.SOLVED: "+", State.OPEN: "o", State.FAILING: "x", None: "."}
_PRINTED_LINES = 12

Verdicts = Mapping[Section, list[Verdict]]


class Page:
    """Writes on pytest's terminal, in the width and the letters that it has."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal
        writer = terminal.config.get_terminal_writer()
        self._width = writer.fullwidth
        encoding = getattr(writer._file, "encoding", None) or "ascii"
        self._unicode = _can_encode("●○✗·…’", encoding)
        self._encoding = encoding

    def failing(self, verdicts: Verdicts) -> None:
        """Write what happened to each koan that was turned away.

        What is wrong with a whole file stands there once.
        """
        for section, found in verdicts.items():
            failing = [one for one in found if one.state is State.FAILING]
            by_trouble: dict[tuple[str, str, bool], list[Verdict]] = {}
            for one in failing:
                key = (one.message, one.place, one.whole_section)
                whole = key if one.whole_section else (*key[:2], False)
                by_trouble.setdefault(whole, []).append(one)
            for same in by_trouble.values():
                self._failing(section, same)

    def _failing(self, section: Section, same: list[Verdict]) -> None:
        first = same[0]
        numbers = ", ".join(str(one.koan) for one in same)
        title = f"section {section}" if len(same) > 1 else numbers
        self._line()
        self._line(f"{title}  {first.place}", red=True, bold=True)
        self._paragraph(first.message, "    ")
        printed = first.printed.rstrip().splitlines()
        if printed and not first.whole_section:
            self._line("    printed:")
            for line in printed[-_PRINTED_LINES:]:
                self._line(f"    | {line}")
        if first.whole_section:
            self._line(f"    Until then these wait: {numbers}")
        else:
            self._line(f"    For a hint: sensei hint {first.koan}", light=True)

    def progress(self, verdicts: Verdicts) -> None:
        """Write where each chapter and section stands, and what is not solved."""
        chapters = {section.chapter for section in verdicts}
        for number in sorted(chapters):
            sections = [one for one in verdicts if one.chapter == number]
            chapter = self._chapter(sections[0])
            title = f"  {chapter.title}" if chapter else ""
            self._line()
            self._line(f"Chapter {number}{title}", bold=True)
            for section in sections:
                self._section(section, chapter, verdicts[section])
                if len(chapters) == 1:
                    self._unsolved(section, verdicts[section])

    def _chapter(self, section: Section) -> Chapter | None:
        path = section.stub.parent / "chapter.toml"
        try:
            return load_chapter(path, section.path_of(path))
        except ChapterError as error:
            self._line(str(error), red=True)
            return None

    def _section(
        self, section: Section, chapter: Chapter | None, found: list[Verdict]
    ) -> None:
        states = {one.koan: one.state for one in found}
        symbols = _SYMBOLS if self._unicode else _PLAIN
        text = chapter.sections.get(section.number) if chapter else None
        title = f"{section}  {text.title if text else section.stem}"
        marks = "".join(symbols[states.get(koan)] for koan in section.homes)
        solved = sum(state is State.SOLVED for state in states.values())
        colour = "green" if solved == len(section.homes) else "yellow"
        line = f"{title:<48} {marks:<8} {solved} of {len(section.homes)}"
        self._line(line, **{colour: True})

    def _unsolved(self, section: Section, found: list[Verdict]) -> None:
        symbols = _SYMBOLS if self._unicode else _PLAIN
        for one in found:
            if one.state is not State.SOLVED:
                question = section.homes[one.koan].question
                line = f"  {symbols[one.state]} {one.koan}  {question}"
                self._line(self._shortened(line))

    def next(self, section: Section, verdict: Verdict) -> None:
        """Write which koan is next: its question, and where to type."""
        self._line()
        self._line(f"Next: {verdict.koan}  {verdict.place}", bold=True)
        self._paragraph(section.homes[verdict.koan].question, "    ")

    def _paragraph(self, text: str, indent: str) -> None:
        width = max(self._width - 1, 40)
        for part in text.splitlines():
            for line in textwrap.wrap(
                part, width, initial_indent=indent, subsequent_indent=indent
            ) or [""]:
                self._line(line)

    def _shortened(self, line: str) -> str:
        width = max(self._width - 1, 40)
        if len(line) <= width:
            return line
        end = "…" if self._unicode else "..."
        return line[: width - len(end)].rstrip() + end

    def _line(self, text: str = "", **markup: bool) -> None:
        if not self._unicode:
            text = _in_letters_of(self._encoding, text)
        self._terminal.write_line(text, **markup)


def _can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _in_letters_of(encoding: str, text: str) -> str:
    plain = text.replace("’", "'").replace("…", "...")
    return plain.encode(encoding, "replace").decode(encoding)


def first_unsolved(verdicts: Verdicts) -> Iterable[tuple[Section, Verdict]]:
    """Yield the koans that are not solved yet, each with its section."""
    for section, found in verdicts.items():
        for verdict in found:
            if verdict.state is not State.SOLVED:
                yield section, verdict
