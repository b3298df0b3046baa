"""`sensei doctor`: what works here, what is missing, how to get it."""

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from sensei.output.render import Renderer
from sensei.runner.settings import load_function, load_settings

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
        SettingsError: `[tool.sensei]` cannot be used.
    """
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    running = ".".join(str(part) for part in sys.version_info[:3])
    needed = project["requires-python"]
    works = running in SpecifierSet(needed)
    result = running if works else f"{running}, but {needed} is needed"
    yield Check("Python", works, result)
    for line in project["dependencies"]:
        yield _check_package(Requirement(line))
    for name in load_settings(root).checks:
        yield from (Check(*found) for found in load_function(name)())


def write_checks(root: Path, renderer: Renderer) -> bool:
    """Write each check as it is done; return whether everything works."""
    all_work = True
    for check in run_checks(root):
        all_work = all_work and check.works
        word, colour = ("ok", "green") if check.works else ("missing", "red")
        renderer.line(f"{word:<8} {check.name:<24} {check.result}", colour)
    return all_work


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
