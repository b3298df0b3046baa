"""The console: lines of text on a terminal, or in a pipe or a file.

Without Rich, whose import takes longer than all else that a page of progress needs.
"""

import os
import sys
from collections.abc import Iterable
from typing import TextIO

from sensei.content.repository import Repository
from sensei.output.render import Renderer

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
}
_USUAL_SIZE = (80, 24)
_NO_TERMINAL = ("dumb", "unknown")


class ConsoleWriter:
    """Writes lines to `stream`, by default the standard output, as it is now.

    Its `width` and `height` are those of the terminal. `is_terminal` is true where
    the cursor can be moved.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self.width, self.height = _terminal_size()
        self.encoding = self._stream.encoding or "ascii"
        can_move = os.environ.get("TERM", "") not in _NO_TERMINAL
        self.is_terminal = self._stream.isatty() and can_move
        forced = bool(os.environ.get("FORCE_COLOR"))
        wanted = not os.environ.get("NO_COLOR") and (self.is_terminal or forced)
        self._has_colours = wanted and _understands_codes()

    def line(self, text: str, *styles: str) -> None:
        """Write one line; a style `link URL` makes a link of it."""
        if self._has_colours:
            text = _styled(text, styles)
        self._stream.write(f"{text}\n")

    def clear(self) -> None:
        """Clear the terminal."""
        if self.is_terminal:
            self._stream.write("\x1b[H\x1b[2J")

    def flush(self) -> None:
        """Show what has been written."""
        self._stream.flush()


def console_renderer(
    repository: Repository, writer: ConsoleWriter | None = None
) -> Renderer:
    """Return a renderer that writes to `writer`, by default to the standard output."""
    return Renderer(writer or ConsoleWriter(), repository)


def _terminal_size() -> tuple[int, int]:
    """Return columns and lines, as `shutil.get_terminal_size` does.

    Importing that takes as long as all of this.
    """
    columns, lines = (_number(os.environ.get(key)) for key in ("COLUMNS", "LINES"))
    if not (columns and lines):
        try:
            size = os.get_terminal_size(sys.__stdout__.fileno())  # type: ignore[union-attr]
        except (AttributeError, ValueError, OSError):  # there is none
            size = os.terminal_size((0, 0))
        columns, lines = columns or size.columns, lines or size.lines
    return columns or _USUAL_SIZE[0], lines or _USUAL_SIZE[1]


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _styled(text: str, styles: Iterable[str]) -> str:
    codes = ";".join(_CODES[style] for style in styles if style in _CODES)
    if codes and text:
        text = f"\x1b[{codes}m{text}\x1b[0m"
    for style in styles:
        if style.startswith("link "):
            text = f"\x1b]8;;{style.removeprefix('link ')}\x1b\\{text}\x1b]8;;\x1b\\"
    return text


def _understands_codes() -> bool:
    """Return whether the terminal understands colours; switch them on in Windows."""
    if sys.platform == "win32":
        os.system("")  # noqa: S605,S607  # an empty command does that
    return True
