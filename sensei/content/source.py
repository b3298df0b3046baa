"""Source files: a learner's files are read and written in one way everywhere.

Editors add a byte order mark, use CRLF, or save in the encoding that a coding cookie
names. None of that changes what a file says.
"""

import ast
import codecs
import io
import tokenize
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SourceFile:
    """A file's text, with plain line feeds, and how the file wrote it."""

    text: str
    newline: str = "\n"
    has_bom: bool = False


def read_source(path: Path) -> SourceFile:
    """Return what the file `path` holds.

    Raises:
        OSError: it cannot be opened.
        SyntaxError: it names an encoding that does not exist.
        UnicodeDecodeError: it is not text of its encoding.
    """
    content = path.read_bytes()
    has_bom = content.startswith(codecs.BOM_UTF8)
    text = content.removeprefix(codecs.BOM_UTF8).decode(_encoding(path, content))
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return SourceFile(text, newline, has_bom)


def parse_source(source: str | bytes) -> ast.Module:
    """Return the syntax tree of Python code.

    Raises:
        SyntaxError: it is not Python.
        ValueError: it has a null byte.
    """
    try:
        return ast.parse(source)
    except SystemError:
        # CPython 3.11 loses count of the depth if garbage is collected meanwhile whose
        # end parses code, too, as the warning of a lost task does. Now that is over.
        return ast.parse(source)


def write_source(path: Path, text: str) -> None:
    """Write `text` to `path`, with the line ends and byte order mark it had before.

    Folders that are missing are created.

    Raises:
        OSError: it cannot be written.
        SyntaxError: `text` names an encoding that does not exist.
        UnicodeEncodeError: the encoding that `text` names lacks a character.
    """
    try:
        before = read_source(path)
    except (OSError, SyntaxError, ValueError):
        before = SourceFile("")
    encoding = _encoding(path, text.encode())
    content = text.replace("\n", before.newline).encode(encoding)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((codecs.BOM_UTF8 if before.has_bom else b"") + content)


def holds_text(path: Path, text: str) -> bool:
    """Return whether the file `path` exists and says `text`."""
    try:
        return read_source(path).text == text
    except (OSError, SyntaxError, ValueError):
        return False


def _encoding(path: Path, content: bytes) -> str:
    """Return the encoding that `content` names; only Python files name one."""
    if path.suffix != ".py":
        return "utf-8"
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return encoding.removesuffix("-sig")
