"""The console: a terminal, a pipe or a file that lines are written to, by Rich."""

from rich.console import Console
from rich.text import Text

from sensei.content.repository import Repository
from sensei.output.render import Renderer


class ConsoleWriter:
    """Writes lines on a Rich console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.width = console.width
        self.encoding = console.encoding

    def line(self, text: str, *styles: str) -> None:
        """Write one line."""
        self._console.print(Text(text, style=" ".join(styles)))


def make_console() -> Console:
    """Return a console of the present width; its lines are wrapped by the renderer.

    Rich finds out the width, the colours and `NO_COLOR`.
    """
    return Console(highlight=False, soft_wrap=True)


def console_renderer(
    repository: Repository, console: Console | None = None
) -> Renderer:
    """Return a renderer that writes to `console`, by default the standard output."""
    return Renderer(ConsoleWriter(console or make_console()), repository)
