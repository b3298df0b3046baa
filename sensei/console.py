"""The console: paper for a page that is a terminal, a pipe or a file."""

from rich.console import Console
from rich.text import Text


class ConsolePaper:
    """Writes the lines of a page on a Rich console."""

    def __init__(self, console: Console | None = None) -> None:
        # Rich finds out width, colours and NO_COLOR; we wrap lines ourselves.
        self.console = console or Console(highlight=False, soft_wrap=True)
        self.width = self.console.width
        self.encoding = self.console.encoding

    def line(self, text: str, *styles: str) -> None:
        """Write one line."""
        self.console.print(Text(text, style=" ".join(styles)))
