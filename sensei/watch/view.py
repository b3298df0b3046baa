"""The view of a watch: draws one koan, and what there is to say about it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sensei.content.koan import Koan
from sensei.content.repository import Repository
from sensei.grading.results import KoanStatus
from sensei.grading.verdict import State, Verdict
from sensei.output.console import console_renderer, make_console
from sensei.output.render import COLOURS, Renderer

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


@dataclass(frozen=True)
class Screen:
    """What there is to draw: a koan, the koans of its section, the whole target."""

    repository: Repository
    koan: Koan
    section: list[KoanStatus]
    solved: int
    total: int
    is_running: bool
    notes: list[str]
    hints: list[str]

    @property
    def status(self) -> KoanStatus:
        """What is known about the koan."""
        return next(one for one in self.section if one.koan == self.koan)


class View:
    """Draws screens on a terminal, or writes them one after the other to a pipe."""

    def __init__(self, *, is_interactive: bool) -> None:
        self._is_interactive = is_interactive

    def draw(
        self, screen: Screen, below: Callable[[Renderer], None] | None, question: str
    ) -> None:
        """Draw `screen`, what `below` writes, and the keys or the `question`."""
        # A new console each time: the window may have another width by now.
        console = make_console()
        if self._is_interactive and console.is_terminal:
            console.clear()
        renderer = console_renderer(screen.repository, console)
        status = screen.status
        renderer.section(screen.section)
        renderer.line(f"{screen.solved} of {screen.total} koans solved", "dim")
        renderer.line()
        renderer.line(f"{status.koan}", "bold")
        renderer.paragraph(status.question)
        link = _link(screen.repository.root, status.location)
        renderer.line(f"    {status.location}", "cyan", f"link {link}")
        renderer.line()
        _write_verdict(None if screen.is_running else status.verdict, renderer)
        for count, hint in enumerate(screen.hints, start=1):
            renderer.line(f"Hint {count}", "bold")
            renderer.paragraph(hint)
        for note in screen.notes:
            renderer.line(note, "yellow")
        if below is not None:
            renderer.line()
            below(renderer)
        if self._is_interactive:
            renderer.line()
            keys = "   ".join(f"[{key}] {action}" for key, action in _KEYS)
            renderer.paragraph(question or keys)


def _write_verdict(verdict: Verdict | None, renderer: Renderer) -> None:
    if verdict is None:
        renderer.line("Running …", "dim")
        return
    colour = COLOURS[verdict.state]
    if verdict.state is State.SOLVED:
        renderer.line("Solved.", "bold", colour)
        renderer.line("Try other answers, [c]ompare with the solution, or [n]ext.")
    elif verdict.state is State.OPEN:
        renderer.line("Open: write your answer and save.", colour)
    elif verdict.state is State.SKIPPED:
        renderer.line("Skipped: this koan cannot run here.", colour)
        renderer.paragraph(verdict.message)
    else:
        renderer.line("Failing.", "bold", colour)
        renderer.paragraph(verdict.message)
        renderer.printed(verdict)


def _link(root: Path, location: str) -> str:
    """Return the URL of the file in `location`, with or without a line."""
    path, _, line = location.rpartition(":")
    return (root / (path if line.isdecimal() else location)).as_uri()
