"""Where the repository is: found from the folder one stands in."""

from pathlib import Path

from sensei.repository import Repository
from sensei.told import Told


class RootError(Told):
    """There is no repository around the current folder; `str()` tells the learner."""


def find_repository(start: Path) -> Repository:
    """Return the repository that the folder `start` is in.

    Raises:
        RootError: neither it nor a folder above it has koans and solutions.
    """
    for folder in (start, *start.parents):
        if (folder / "koans").is_dir() and (folder / "solutions").is_dir():
            return Repository(folder)
    raise RootError(
        f"There are no koans in {start} or above it. Change to the folder that you "
        "cloned, then try again."
    )
