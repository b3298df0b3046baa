"""The arguments and options that commands of `sensei` have in common."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sensei.content.chapter import LEVELS
from sensei.content.repository import find_repository
from sensei.content.target import all_targets
from sensei.errors import SenseiError


class AnswersOption(StrEnum):
    """Whose answers are run."""

    KOANS = "koans"
    SOLUTIONS = "solutions"


def _complete(incomplete: str) -> list[str]:
    try:
        known = all_targets(find_repository(Path.cwd()))
    except SenseiError:
        return []
    return [one for one in known if one.startswith(incomplete)]


_PLACE_HELP = "ch03, 3, 3.2, 3.2.1, or a path"
PlaceArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="PLACE",
        help=f"{_PLACE_HELP}; everything if left out.",
        autocompletion=_complete,
    ),
]
RequiredPlaceArgument = Annotated[
    str,
    typer.Argument(metavar="PLACE", help=_PLACE_HELP, autocompletion=_complete),
]
KoanArgument = Annotated[
    str, typer.Argument(metavar="KOAN", help="Like 3.2.1.", autocompletion=_complete)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SectionArgument = Annotated[
    str,
    typer.Argument(
        metavar="SECTION", help="Like 2.1, or a koan of it.", autocompletion=_complete
    ),
]
LevelOption = Annotated[
    int | None, typer.Option(min=1, max=LEVELS, help="Only koans of this level.")
]
