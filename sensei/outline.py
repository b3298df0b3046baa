"""The outline of a chapter: its titles and questions, read fast."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SectionOutline:
    """A section's title, and its questions by their numbers."""

    title: str
    questions: dict[int, str]


@dataclass(frozen=True)
class Outline:
    """A chapter's title, and its sections by their numbers."""

    title: str
    sections: dict[int, SectionOutline]


def read_outline(path: Path, shown: str) -> Outline:
    """Return what stands in the `chapter.toml` at `path`, without the hints.

    `sensei.chapter` validates the whole of it, by way of Pydantic, whose import takes
    longer than all else that it takes to show where a learner stands. So that is done
    only where there is something to tell.

    Raises:
        ChapterError: it is not of its form; calls it `shown`.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        return Outline(
            told["title"],
            {int(number): _section(one) for number, one in told["sections"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        from sensei.chapter import load_chapter

        load_chapter(path, shown)
        raise


def _section(told: dict[str, Any]) -> SectionOutline:
    questions = told["questions"].items()
    return SectionOutline(
        told["title"], {int(number): one["asks"] for number, one in questions}
    )
