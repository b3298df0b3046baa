"""A chapter's `chapter.toml`: titles, the guide's questions, hints, links."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from sensei.told import Told

HINT_WORDS = 45

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Number = Annotated[int, Field(ge=1)]


def _brief(hint: str) -> str:
    words = len(hint.split())
    if words > HINT_WORDS:
        raise ValueError(f"a hint has {HINT_WORDS} words at most, this one {words}")
    return hint


Hint = Annotated[Text, AfterValidator(_brief)]


class ChapterError(Told):
    """A `chapter.toml` that cannot be used; `str()` names file, table and key."""


class Strict(BaseModel):
    """A table in which every key is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Question(Strict):
    """A question as the guide asks it, and what is said of its koan.

    `level` goes from 1 to 3, `minutes` are what a learner takes. The hints begin with
    the one that gives least away.
    """

    asks: Text
    level: Annotated[int, Field(ge=1, le=3)] | None = None
    minutes: Annotated[int, Field(ge=1, le=20)] | None = None
    hints: Annotated[list[Hint], Field(min_length=2, max_length=4)]


class SectionText(Strict):
    """A section's title, the path of its notes, pages to read, and its questions."""

    title: Text
    notes: Annotated[str, StringConstraints(pattern=r"^content/docs/.+\.md$")]
    links: list[Text] = []
    questions: dict[Number, Question]


class Chapter(Strict):
    """What `chapter.toml` says."""

    title: Text
    sections: dict[Number, SectionText]


def load_chapter(path: Path, shown: str) -> Chapter:
    """Return the chapter described by the file `path`.

    Raises:
        ChapterError: it is missing, no TOML, or not of the form; calls it `shown`.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return Chapter.model_validate(tables)
    except OSError as error:
        raise ChapterError(f"{shown}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ChapterError(f"{shown}: not TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        parts = [str(part) for part in first["loc"] if part != "[key]"]
        table, key = ".".join(parts[:-1]), parts[-1] if parts else ""
        # A list's entries have numbers for keys: its own name says more.
        if isinstance(first["loc"][-1], int) and len(parts) > 1:
            table, key = ".".join(parts[:-2]), f"{parts[-2]}[{parts[-1]}]"
        where = f"[{table}] {key}" if table else key
        raise ChapterError(f"{shown}: {where}: {first['msg']}.") from None
