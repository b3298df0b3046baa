"""`sensei notes`: the lesson of a section, in the terminal."""

from pathlib import Path

from sensei.content.repository import Repository
from sensei.content.target import Target
from sensei.errors import SenseiError


class NotesError(SenseiError):
    """There are no notes to show. `str()` says why."""


def notes_of(repository: Repository, target: Target, typed: str) -> Path:
    """Return the file with the notes of the section that `typed` selects.

    Raises:
        ChapterError: the chapter's description cannot be used.
        NotesError: `typed` selects more than one section, or the file is missing.
    """
    if len(target.sections) != 1:
        example = target.sections[0]
        raise NotesError(
            f"{typed} has more than one section. Name one, like {example}."
        )
    name = repository.describe(target.sections[0]).notes
    path = repository.root / name
    if not path.is_file():
        raise NotesError(f"{name} is missing. To get it back: git checkout -- {name}")
    return path


def write_notes(path: Path) -> None:
    """Write the notes in the file `path` as a terminal shows Markdown.

    Raises:
        OSError: the file cannot be read.
    """
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(path.read_text(encoding="utf-8")))
