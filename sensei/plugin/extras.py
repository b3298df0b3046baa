"""Extras: koans whose packages are not installed are skipped, and say what to install.

Their test files are not even imported: they need the packages, too.
"""

from contextlib import suppress

import pytest
from packaging.requirements import Requirement

from sensei.content.requirements import (
    RequirementsError,
    how_to_install,
    load_requirements,
    problem_with,
)
from sensei.plugin.execution import REPOSITORY

_PACKAGES = pytest.StashKey[dict[int, list[Requirement]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Read which packages each chapter needs beside those of all."""
    config.stash[_PACKAGES] = {}
    root = config.stash[REPOSITORY].root
    with suppress(OSError, RequirementsError):  # `sensei doctor` says what is wrong
        config.stash[_PACKAGES] = load_requirements(root).chapters


@pytest.hookimpl(tryfirst=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> pytest.CollectReport | None:
    """Skip a test file of koans whose packages are missing."""
    section = collector.config.stash[REPOSITORY].section_tested_by(collector.path)
    if section is None or not isinstance(collector, pytest.Module):
        return None
    packages = collector.config.stash[_PACKAGES].get(section.chapter, [])
    missing = [one.name for one in packages if problem_with(one)]
    if not missing:
        return None
    reason = (
        f"Chapter {section.chapter} needs {', '.join(missing)}. "
        f"To install what it needs: {how_to_install(section.chapter)}"
    )
    skipped = (str(collector.path), 0, f"Skipped: {reason}")
    return pytest.CollectReport(collector.nodeid, "skipped", skipped, [])
