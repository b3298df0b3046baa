"""The screen of `sensei watch`: one koan, and what there is to say about it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from sensei.console import ConsolePaper
from sensei.koan import Koan
from sensei.outline import read_outline
from sensei.page import COLOURS, Page
from sensei.section import Section
from sensei.told import Told
from sensei.verdict import State, Verdict

_KEYS = (
    ("n", "next"),
    ("p", "previous"),
    ("h", "hint"),
    ("c", "compare"),
    ("l", "list"),
    ("s", "run section"),
    ("a", "run chapter"),
    ("r", "reset"),
    ("q", "quit"),
)


@dataclass
class View:
    """What there is to show of a koan."""

    section: Section
    koan: Koan
    verdict: Verdict | None
    states: list[State | None]
    solved: int
    total: int
    is_running: bool = False
    notes: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


class Screen:
    """Draws a view on a terminal, or writes it as a page into a pipe."""

    def __init__(self, root: Path, *, interactive: bool) -> None:
        self._root = root
        self._interactive = interactive

    def draw(
        self, view: View, below: Callable[[Page], None] | None, question: str
    ) -> None:
        """Draw `view`, what `below` writes, and the keys or the `question`."""
        # A new console each time: the window may have another width by now.
        console = Console(highlight=False, soft_wrap=True)
        if self._interactive and console.is_terminal:
            console.clear()
        page = Page(ConsolePaper(console))
        home = view.section.homes[view.koan]
        page.section(f"{view.section}  {self._title(view.section)}", view.states)
        page.line(f"{view.solved} of {view.total} koans solved", "dim")
        page.line()
        page.line(f"{view.koan}", "bold")
        page.paragraph(home.question)
        shown = view.section.path_of(view.section.stub)
        place = view.verdict.place if view.verdict else ""
        place = place or f"{shown}:{home.line}"
        page.line(f"    {place}", "cyan", f"link {self._link(place)}")
        page.line()
        self._state(view, page)
        for count, hint in enumerate(view.hints, start=1):
            page.line(f"Hint {count}", "bold")
            page.paragraph(hint)
        for note in view.notes:
            page.line(note, "yellow")
        if below is not None:
            page.line()
            below(page)
        if self._interactive:
            page.line()
            keys = "   ".join(f"[{key}] {does}" for key, does in _KEYS)
            page.paragraph(question or keys)

    def _title(self, section: Section) -> str:
        path = section.tests.parent / "chapter.toml"
        try:
            chapter = read_outline(path, section.path_of(path))
        except Told:
            return section.stem
        told = chapter.sections.get(section.number)
        return told.title if told else section.stem

    def _state(self, view: View, page: Page) -> None:
        verdict = view.verdict
        if view.is_running or verdict is None:
            page.line("running", "dim")
        elif verdict.state is State.SOLVED:
            page.line("Solved.", "bold", COLOURS[State.SOLVED])
            page.line("Go on playing, [c]ompare with the solution, or [n]ext.")
        elif verdict.state is State.OPEN:
            page.line("Open: write your answer and save.", COLOURS[State.OPEN])
        else:
            page.line("Not yet.", "bold", COLOURS[State.FAILING])
            page.paragraph(verdict.message)
            page.printed(verdict)

    def _link(self, place: str) -> str:
        return (self._root / place.rpartition(":")[0]).as_uri()
