"""`sensei doctor`: what works here, what is missing, how to get it."""

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from sensei.output.render import Renderer
from sensei.runner.settings import SettingsError, load_function, load_settings

_INSTALL = "pip install -r requirements.lock"


@dataclass(frozen=True)
class Check:
    """One part that was checked; `result` is what was found, or what to do."""

    name: str
    works: bool
    result: str


def run_checks(root: Path) -> Iterator[Check]:
    """Yield what is found about Python, the packages, and the lab's servers.

    Raises:
        SettingsError: `pyproject.toml` cannot be used.
    """
    settings = load_settings(root)
    needed, requirements = _read_requirements(root)
    running = ".".join(str(part) for part in sys.version_info[:3])
    works = running in needed
    result = running if works else f"{running}, but {needed} is needed"
    yield Check("Python", works, result)
    for requirement in requirements:
        yield _check_package(requirement)
    for name in settings.checks:
        yield from (Check(*found) for found in load_function(name)())


def write_checks(root: Path, renderer: Renderer) -> bool:
    """Write each check as it is done; return whether everything works."""
    all_work = True
    for check in run_checks(root):
        all_work = all_work and check.works
        word, colour = ("ok", "green") if check.works else ("missing", "red")
        renderer.line(f"{word:<8} {check.name:<24} {check.result}", colour)
    return all_work


def _read_requirements(root: Path) -> tuple[SpecifierSet, list[Requirement]]:
    """Return which Python and which packages are needed."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    try:
        project = tomllib.loads(text)["project"]
        packages = [Requirement(line) for line in project["dependencies"]]
        return SpecifierSet(project["requires-python"]), packages
    except KeyError as error:
        message = f"pyproject.toml: [project] has no key {error.args[0]}."
        if error.args[0] == "project":
            message = "pyproject.toml: The table [project] is missing."
        raise SettingsError(message) from None
    except (InvalidRequirement, InvalidSpecifier, TypeError) as error:
        raise SettingsError(
            f"pyproject.toml: [project] cannot be read: {error}"
        ) from None


def _check_package(requirement: Requirement) -> Check:
    name = requirement.name
    if requirement.marker and not requirement.marker.evaluate():
        return Check(name, True, "not needed here")
    try:
        found = version(name)
    except PackageNotFoundError:
        return Check(name, False, f"missing: {_INSTALL}")
    if not requirement.specifier.contains(found, prereleases=True):
        needed = requirement.specifier
        return Check(name, False, f"{found}, but {needed} is needed: {_INSTALL}")
    return Check(name, True, found)
