"""The packages that a repository needs: the table `[project]` of `pyproject.toml`.

Large and rare packages are extras, which are named after the chapter whose koans need
them: `ch24`. Who has not installed one can do all other koans.
"""

import re
import tomllib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from sensei.errors import SenseiError

_EXTRA = re.compile(r"ch(\d\d)")


class RequirementsError(SenseiError):
    """`[project]` of `pyproject.toml` cannot be used. `str()` says why."""


@dataclass(frozen=True)
class Requirements:
    """Which Python a repository needs, which packages, and which more for a chapter."""

    python: SpecifierSet
    packages: list[Requirement]
    chapters: dict[int, list[Requirement]]


def load_requirements(root: Path) -> Requirements:
    """Return what the repository in the folder `root` needs.

    Raises:
        RequirementsError: it is not TOML, or a key is missing or wrong.
    """
    try:
        text = (root / "pyproject.toml").read_text(encoding="utf-8")
        project = tomllib.loads(text)["project"]
        return Requirements(
            SpecifierSet(project["requires-python"]),
            _requirements(project["dependencies"]),
            {
                int(extra[1]): _requirements(lines)
                for name, lines in project.get("optional-dependencies", {}).items()
                if (extra := _EXTRA.fullmatch(name))
            },
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"This is not TOML: {error}."
    except KeyError as error:
        message = f"[project] has no key {error.args[0]}."
        if error.args[0] == "project":
            message = "The table [project] is missing."
    except (InvalidRequirement, InvalidSpecifier, TypeError, AttributeError) as error:
        message = f"[project] cannot be read: {error}"
    raise RequirementsError(f"pyproject.toml: {message}")


def how_to_install(chapter: int | None = None) -> str:
    """Return the command that installs what is needed, and the extra of a chapter."""
    what = "." if chapter is None else f'".[ch{chapter:02}]"'
    return f"pip install -c requirements.lock -e {what}"


def problem_with(requirement: Requirement) -> str:
    """Return what is wrong with a package here; "" if it is as it should be."""
    if requirement.marker and not requirement.marker.evaluate():
        return ""
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return "missing"
    needed = requirement.specifier
    is_right = needed.contains(found, prereleases=True)
    return "" if is_right else f"{found}, but {needed} is needed"


def _requirements(lines: list[str]) -> list[Requirement]:
    return [Requirement(line) for line in lines]
