"""`sensei doctor`: what works here, what is missing, how to get it."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement

from sensei.content.requirements import (
    how_to_install,
    load_requirements,
    problem_with,
)
from sensei.output.render import Renderer
from sensei.runner.settings import load_function, load_settings


@dataclass(frozen=True)
class Check:
    """One part that was checked; `result` is what was found, or what to do.

    Without a part that `is_optional`, the koans of its chapter are skipped.
    """

    name: str
    works: bool
    result: str
    is_optional: bool = False


def run_checks(root: Path) -> Iterator[Check]:
    """Yield what is found about Python, the packages, and the lab's servers.

    Raises:
        SettingsError, RequirementsError: `pyproject.toml` cannot be used.
    """
    settings = load_settings(root)
    required = load_requirements(root)
    running = ".".join(str(part) for part in sys.version_info[:3])
    works = running in required.python
    result = running if works else f"{running}, but {required.python} is needed"
    yield Check("Python", works, result)
    for requirement in required.packages:
        yield _check_package(requirement)
    for chapter, packages in required.chapters.items():
        for requirement in packages:
            yield _check_package(requirement, chapter)
    for name in settings.checks:
        yield from (Check(*found) for found in load_function(name)())


def write_checks(root: Path, renderer: Renderer) -> bool:
    """Write each check as it is done; return whether everything needed works."""
    all_work = True
    for check in run_checks(root):
        if check.works:
            word, colour = "ok", "green"
        elif check.is_optional:
            word, colour = "optional", "cyan"
        else:
            word, colour = "missing", "red"
            all_work = False
        renderer.line(f"{word:<8} {check.name:<24} {check.result}", colour)
    return all_work


def _check_package(requirement: Requirement, chapter: int | None = None) -> Check:
    name, is_optional = requirement.name, chapter is not None
    problem = problem_with(requirement)
    if problem:
        needed_for = f"{problem} for chapter {chapter}" if is_optional else problem
        result = f"{needed_for}: {how_to_install(chapter)}"
        return Check(name, False, result, is_optional)
    if requirement.marker and not requirement.marker.evaluate():
        return Check(name, True, "not needed here", is_optional)
    return Check(name, True, version(name), is_optional)
