"""Whether the user of an image exists, and may install packages."""

import re
from typing import TYPE_CHECKING

from lab.dockerfile import DockerfileError

if TYPE_CHECKING:
    from lab.docker_image import Image

# Users of Debian. None of them has a home that it may write to.
_SYSTEM_USERS = ["daemon", "bin", "sys", "games", "mail", "nobody", "www-data"]


def check_user(image: "Image") -> None:
    """Check that the user of the image exists.

    Raises:
        DockerfileError: it is none of Debian's, and no `RUN` has made it.
    """
    user = image.user.partition(":")[0]
    is_made = any(
        re.search(r"\b(useradd|adduser)\b", command)
        and re.search(rf"(?<![\w-]){re.escape(user)}(?![\w-])", command)
        for command in image.commands
    )
    if not (image.is_root or user.isdigit() or user in _SYSTEM_USERS or is_made):
        raise DockerfileError(f"No `RUN` has made the user `{user}`.")


def check_installation(command: str, image: "Image") -> None:
    """Check that pip or uv may write where it installs packages.

    Raises:
        DockerfileError: `command`, that of a `RUN`, would not install them.
    """
    user = image.user.partition(":")[0]
    has_home = image.is_root or not (user.isdigit() or user in _SYSTEM_USERS)
    has_venv = any("venv" in layer.text for layer in image.layers) or "venv" in command
    if "pip install" in command and not (has_home or has_venv):
        raise DockerfileError(f"The user `{user}` may not install packages.")
    is_told = "--system" in command or "UV_SYSTEM_PYTHON" in image.environment
    if "uv pip install" in command and not (is_told or has_venv):
        raise DockerfileError("`uv` finds no virtual environment for the packages.")
