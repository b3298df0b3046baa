"""`sensei doctor`: what works here, what is missing, how to get it."""

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from sensei.settings import function, load_settings


@dataclass(frozen=True)
class Check:
    """One thing looked at; `said` is what was found, or what to do."""

    name: str
    works: bool
    said: str


def checks(root: Path) -> Iterator[Check]:
    """Yield what is found about Python, the packages, and the lab's servers."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    running = ".".join(str(part) for part in sys.version_info[:3])
    wanted = project["requires-python"]
    fits = running in SpecifierSet(wanted)
    said = running if fits else f"{running}, and {wanted} is needed"
    yield Check("Python", fits, said)
    for line in project["dependencies"]:
        yield _package(Requirement(line))
    for name in load_settings(root).checks:
        yield from (Check(*found) for found in function(name)())


def _package(requirement: Requirement) -> Check:
    name = requirement.name
    if requirement.marker and not requirement.marker.evaluate():
        return Check(name, True, "not needed here")
    again = "pip install -r requirements.lock"
    try:
        found = version(name)
    except PackageNotFoundError:
        return Check(name, False, f"missing: {again}")
    if not requirement.specifier.contains(found, prereleases=True):
        return Check(
            name, False, f"{found}, and {requirement.specifier} is needed: {again}"
        )
    return Check(name, True, found)
