"""The view of a watch: draws one koan, and what is said about it, or the list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sensei.content.koan import Koan
from sensei.content.repository import Repository
from sensei.grading.results import KoanStatus
from sensei.grading.verdict import State, Verdict
from sensei.output.console import ConsoleWriter, console_renderer
from sensei.output.render import COLOURS, Renderer
from sensei.watch.listing import Page, pages

Keys = Sequence[tuple[str, str]]

_KEYS: Keys = (
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
_LIST_KEYS: Keys = (
    ("n", "next page"),
    ("p", "previous page"),
    ("l", "back to the koan"),
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

    def pages(self, sections: Sequence[list[KoanStatus]]) -> list[Page]:
        """Return the pages of the list in the terminal's present height."""
        return pages(sections, ConsoleWriter().height)

    def draw(
        self, screen: Screen, below: Callable[[Renderer], None] | None, question: str
    ) -> None:
        """Draw `screen`, what `below` writes, and the keys or the `question`."""
        writer, renderer = self._begin(screen.repository)
        status = screen.status
        renderer.section(screen.section)
        renderer.line(f"{screen.solved} of {screen.total} koans solved", "dim")
        renderer.line()
        described = screen.repository.question(status.koan)
        effort = described.effort if described else ""
        renderer.line(f"{status.koan}  {effort}".rstrip(), "bold")
        renderer.paragraph(status.question)
        link = _link(screen.repository.root, status.location)
        renderer.line(f"    {status.location}", "cyan", f"link {link}")
        renderer.line()
        _write_verdict(status.verdict, renderer, is_running=screen.is_running)
        for count, hint in enumerate(screen.hints, start=1):
            renderer.line(f"Hint {count}", "bold")
            renderer.paragraph(hint)
        for note in screen.notes:
            renderer.paragraph(note, "yellow")
        if below is not None:
            renderer.line()
            below(renderer)
        self._end(writer, renderer, _KEYS, question)

    def draw_list(
        self, repository: Repository, sections: Sequence[list[KoanStatus]], page: int
    ) -> None:
        """Draw a page of the list of all koans, counted from 0, round and round."""
        writer, renderer = self._begin(repository)
        found = pages(sections, writer.height)
        page %= len(found)
        shown = found[page]
        title = repository.chapter_title(shown.chapter)
        renderer.line(f"Chapter {shown.chapter}  {title}", "bold")
        renderer.line(f"page {page + 1} of {len(found)}", "dim")
        renderer.line()
        for status in shown.koans:
            renderer.koan(status)
        self._end(writer, renderer, _LIST_KEYS)

    def _begin(self, repository: Repository) -> tuple[ConsoleWriter, Renderer]:
        # A new writer each time: the window may have another size by now.
        writer = ConsoleWriter()
        if self._is_interactive:
            writer.clear()
        return writer, console_renderer(repository, writer)

    def _end(
        self, writer: ConsoleWriter, renderer: Renderer, keys: Keys, question: str = ""
    ) -> None:
        if self._is_interactive:
            renderer.line()
            for line in [question] if question else key_lines(keys, writer.width - 1):
                renderer.line(f"    {line}")
        writer.flush()


def key_lines(keys: Keys, width: int) -> list[str]:
    """Return `keys` in lines of `width` at most, each label in one of them."""
    lines: list[str] = []
    for key, action in keys:
        label = f"[{key}] {action}"
        if lines and len(lines[-1]) + len(label) + 3 <= width - 4:
            lines[-1] += f"   {label}"
        else:
            lines.append(label)
    return lines


def _write_verdict(
    verdict: Verdict | None, renderer: Renderer, *, is_running: bool
) -> None:
    if is_running:
        renderer.line("Running …", "dim")
        return
    if verdict is None:
        renderer.line("Not run yet.", "dim")
        return
    colour = COLOURS[verdict.state]
    if verdict.state is State.SOLVED:
        renderer.line("Solved.", "bold", colour)
        renderer.line("Try other answers, [c]ompare with the solution, or [n]ext.")
    elif verdict.state is State.OPEN:
        renderer.line("Open: write your answer and save.", colour)
        renderer.paragraph(verdict.message)
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
