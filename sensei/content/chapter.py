"""A chapter's `chapter.toml`: titles, the guide's questions, level, hints, links.

Read by hand and not by Pydantic, whose import would take longer than everything else
that `sensei` does to show a learner's progress.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensei.content.toml_cache import read_toml
from sensei.errors import SenseiError

HINT_WORDS = 45
_HINTS = (2, 4)  # at least and at most for each question
LEVELS = 3
_MINUTES = 20
_NOTES = re.compile(r"content/docs/.+\.md")


class ChapterError(SenseiError):
    """A `chapter.toml` that cannot be used. `str()` names file, table and key."""


@dataclass(frozen=True)
class Question:
    """A question as the guide asks it, and the hints to its koan, shortest first.

    `level` is 1 to 3, `minutes` the time that a learner needs; None if not given.
    """

    asks: str
    hints: list[str]
    level: int | None
    minutes: int | None

    @property
    def effort(self) -> str:
        """Level and minutes in words, as far as they are given."""
        level = f"level {self.level}" if self.level else ""
        minutes = f"{self.minutes} min" if self.minutes else ""
        return ", ".join(filter(None, [level, minutes]))


@dataclass(frozen=True)
class SectionText:
    """A section's title, its questions by number, and what to read.

    `notes` is the path of its lesson from the root, `links` are titles of pages.
    """

    title: str
    notes: str
    links: list[str]
    questions: dict[int, Question]


@dataclass(frozen=True)
class Chapter:
    """A chapter's title, and its sections by number."""

    title: str
    sections: dict[int, SectionText]


def load_chapter(path: Path, name: str) -> Chapter:
    """Return the chapter described by the file `path`, called `name` in messages.

    Raises:
        ChapterError: it is missing, no TOML, or not of the form.
    """
    try:
        content = read_toml(path, path.parents[2])
    except OSError as error:
        raise ChapterError(f"{name}: {error.strerror}.") from None
    except ValueError as error:
        raise ChapterError(f"{name}: This is not TOML: {error}.") from None
    table = _Table(name, "", content)
    chapter = Chapter(
        title=table.text("title"),
        sections={
            number: _section(one) for number, one in table.tables("sections").items()
        },
    )
    table.expect_no_more()
    return chapter


def _section(table: "_Table") -> SectionText:
    section = SectionText(
        title=table.text("title"),
        notes=table.text("notes"),
        links=table.texts("links"),
        questions={
            number: _question(one) for number, one in table.tables("questions").items()
        },
    )
    if not _NOTES.fullmatch(section.notes):
        raise table.error("notes", "must be a path like content/docs/….md")
    table.expect_no_more()
    return section


def _question(table: "_Table") -> Question:
    question = Question(
        asks=table.text("asks"),
        hints=table.texts("hints"),
        level=table.number("level", LEVELS),
        minutes=table.number("minutes", _MINUTES),
    )
    least, most = _HINTS
    if not least <= len(question.hints) <= most:
        raise table.error("hints", f"must be at least {least} and at most {most}")
    for hint in question.hints:
        if len(hint.split()) > HINT_WORDS:
            raise table.error("hints", f"a hint has {HINT_WORDS} words at most")
    table.expect_no_more()
    return question


class _Table:
    """A table of the file, whose keys are taken one after the other."""

    def __init__(self, file: str, path: str, content: Any) -> None:
        self._file = file
        self._path = path
        if not isinstance(content, dict):
            raise ChapterError(f"{file}: [{path}] must be a table.")
        self._content = dict(content)

    def text(self, key: str) -> str:
        """Return the text of `key`, which must be there."""
        value = self._content.pop(key, None)
        if value is None:
            raise self.error(key, "is missing")
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "must be a text")
        return value.strip()

    def texts(self, key: str) -> list[str]:
        """Return the list of texts of `key`; empty if it is not there."""
        values = self._content.pop(key, [])
        if not isinstance(values, list) or not all(
            isinstance(value, str) and value.strip() for value in values
        ):
            raise self.error(key, "must be a list of texts")
        return [value.strip() for value in values]

    def number(self, key: str, most: int) -> int | None:
        """Return the number of `key`, from 1 to `most`; None if it is not there."""
        value = self._content.pop(key, None)
        if value is None:
            return None
        if type(value) is not int or not 1 <= value <= most:
            raise self.error(key, f"must be a number, 1 to {most}")
        return int(value)

    def tables(self, key: str) -> "dict[int, _Table]":
        """Return the tables in `key` by their numbers; it must be there."""
        content = self._content.pop(key, None)
        if not isinstance(content, dict):
            raise self.error(key, "must be a table")
        own = f"{self._path}.{key}".lstrip(".")
        if not all(number.isdecimal() and int(number) for number in content):
            raise self.error(key, "must have numbers as keys")
        return {
            int(number): _Table(self._file, f"{own}.{number}", one)
            for number, one in content.items()
        }

    def expect_no_more(self) -> None:
        """Raise an error if a key has not been taken: nobody knows it."""
        for key in self._content:
            raise self.error(key, "is not a known key")

    def error(self, key: str, message: str) -> ChapterError:
        """Return the error that says `message` about `key`."""
        where = f"[{self._path}] {key}" if self._path else key
        return ChapterError(f"{self._file}: {where}: {message}.")
