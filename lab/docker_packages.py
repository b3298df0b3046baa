"""Whether the command of a container finds the packages that `RUN` has installed."""

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lab.dockerfile import DockerfileError

if TYPE_CHECKING:
    from lab.docker_image import Image


def check_packages(image: "Image") -> None:
    """Check the ways to lose packages that are installed, with their programs.

    Raises:
        DockerfileError: the command would not find the packages, or may not read them.
    """
    _check_place(image)
    _check_home(image)
    if not _pip(image):
        _check_program(image)
        _check_version(image)


def _pip(image: "Image") -> list[str]:
    """Return the commands with pip, without those of other stages."""
    return [one for one in image.commands if re.search(r"\bpip", one)]


def _place(image: "Image") -> str | None:
    """Return the folder that is not the system's, into which pip installs at last."""
    for command in reversed(_pip(image)):
        if "--user" in command:
            return "/root/.local"
        found = re.search(r"(\S+)/bin/(?:pip|python|activate)", command)
        if not found and "venv" in " ".join(image.commands):
            found = re.match("([^:]+)/bin", image.environment.get("PATH", ""))
        return found[1] if found and not found[1].startswith("/usr") else None
    places = [_place(stage) for stage, _, _ in image.taken]
    return next(filter(None, places), None)


def _check_place(image: "Image") -> None:
    """Check that the command uses a virtual environment, or the folder of a user."""
    if (place := _place(image)) is None:
        return
    variables = image.environment
    named = " ".join([*image.command, variables.get("PATH", "")])
    targets = [target for _, _, target in image.taken]
    folders = {PurePosixPath(one).name for one in (place, *targets)}
    is_known = place.endswith(".local") and "-m" in image.command
    is_known = is_known or any(one.startswith("/usr") for one in targets)
    is_named = any(f"{one}/bin" in named for one in folders)
    if not (is_known or is_named or "PYTHONPATH" in variables):
        raise DockerfileError(
            f"The packages are in `{place}`, but the command does not use them."
        )


def _check_home(image: "Image") -> None:
    targets = [target for _, _, target in image.taken]
    is_private = image.in_home_of_root or any("/root" in one[:6] for one in targets)
    if is_private and not image.is_root:
        raise DockerfileError(
            f"The packages are in the home of root, which `{image.user}` may not read."
        )


def _check_program(image: "Image") -> None:
    """Check that Uvicorn's program is taken from a stage, and not only its module."""
    command = " ".join(image.command)
    places = [place for _, some, _ in image.taken for place in some]
    are_modules = any("site-packages" in place for place in places)
    are_programs = any(re.match("/(usr(/local(/bin.*)?)?)?$", one) for one in places)
    is_program = re.search("(-m|import) uvicorn", command) is None
    if are_modules and is_program and not are_programs:
        raise DockerfileError(
            "The packages are copied from another stage, but the program `uvicorn` "
            "is not."
        )


def _check_version(image: "Image") -> None:
    """Check that packages are taken from a stage with the same Python."""
    for stage, _, _ in image.taken:
        bases = (stage.base, image.base)
        ours, theirs = (re.search(r"python:(\d+\.\d+)", base) for base in bases)
        if _pip(stage) and ours and theirs and ours[1] != theirs[1]:
            raise DockerfileError(
                f"The packages for Python {ours[1]} are used with Python {theirs[1]}."
            )
