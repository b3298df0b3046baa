"""Pragmas: comments that a type checker obeys."""

import io
import re
import tokenize
from collections.abc import Iterator

# Behind another comment stands another one, to mypy.
_COMMENT = re.compile(r"#[^#]*")
_PRAGMA = re.compile(r"#\s*type:|# mypy: ")
# mypy obeys such a line wherever it stands, in a string as well.
_LINE = re.compile(r"^# mypy: ", re.MULTILINE)


def pragmas(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield line, column and text of each comment in `text` that speaks to mypy."""
    if not _PRAGMA.search(text):  # most have none: that is to be found out quickly
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            line, column = token.start
            for match in _COMMENT.finditer(token.string):
                if _PRAGMA.match(match[0]):
                    yield line, column + match.start(), match[0].rstrip()


def without_pragmas(text: str) -> str:
    """Return `text`, every line in its place, with nothing that speaks to mypy."""
    lines = text.split("\n")
    for number, column, pragma in pragmas(text):
        line = lines[number - 1]
        lines[number - 1] = f"{line[:column]}#{line[column + len(pragma) :]}"
    return _LINE.sub("# mypy ", "\n".join(lines))
