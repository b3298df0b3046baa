"""What the commands have in common: how places and options are typed."""

from pathlib import Path
from typing import Annotated

import typer

from sensei.place import Place, PlaceError, find_place, places
from sensei.repository import Repository
from sensei.root import RootError, find_repository


def _complete(incomplete: str) -> list[str]:
    try:
        known = places(find_repository(Path.cwd()))
    except RootError:
        return []
    return [one for one in known if one.startswith(incomplete)]


Where = Annotated[
    str | None,
    typer.Argument(
        metavar="PLACE",
        help="ch03, 3, 3.2, 3.2.1, or a path; everything if left out.",
        autocompletion=_complete,
    ),
]
One = Annotated[
    str, typer.Argument(metavar="KOAN", help="Like 3.2.1.", autocompletion=_complete)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def find(typed: str | None) -> tuple[Repository, Place]:
    """Return the repository around the current folder, and the place in it."""
    repository = find_repository(Path.cwd())
    return repository, find_place(repository, typed)


def find_koan(typed: str) -> tuple[Repository, Place]:
    """Return the repository, and the place of a single koan."""
    repository, place = find(typed)
    if place.koan is None:
        near = place.koans[0] if place.koans else "2.4.3"
        raise PlaceError(f"{typed} is more than one koan. Name one, like {near}.")
    return repository, place
