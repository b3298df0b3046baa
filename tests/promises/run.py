"""Promises that only a run of pytest can show."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sensei.content.repository import Repository
from sensei.variants import VariantError, variants

_ROOT = Path(__file__).parents[2]
_SECONDS = 900

Ended = dict[str, Any]


def every_shipped_test_fails(repository: Repository) -> list[str]:
    """Each test fails on the stub, by an open answer or an assertion with a message."""
    with tempfile.TemporaryDirectory() as folder:
        copy = _shipped_copy(repository, Path(folder))
        return list(_shipped(_run(copy, "--answers=koans"), copy))


def _shipped(run: list[Ended], copy: Repository) -> Iterator[str]:
    for ended in run:
        if ended["outcome"] == "passed":
            yield f"{ended['test']}: passes on the stub."
        elif not (ended["open"] or ended["explained"]):
            yield f"{ended['test']}: fails by {ended['error']}: {ended['text'][-300:]}"
    yield from _unasked(run, copy)


def _unasked(run: list[Ended], repository: Repository) -> Iterator[str]:
    names = {ended["test"].partition("::")[2].partition("[")[0] for ended in run}
    for section in repository.sections:
        for tests in section.test_names.values():
            for test in tests:
                if test not in names:
                    yield f"{section}: the test {test} did not run."


def every_solution_passes(repository: Repository) -> list[str]:
    """Each test passes on the solution, in random order, warnings being errors."""
    run = _run(repository, "--answers=solutions", "-Werror", "--random-order")
    broken = [
        f"{ended['test']}: {ended['outcome']}: {ended['text'][-300:]}"
        for ended in run
        if ended["outcome"] != "passed"
    ]
    return [*broken, *_unasked(run, repository)]


def every_variant_is_judged(repository: Repository) -> list[str]:
    """Each wrong variant fails its test with a message, each right one passes."""
    expected = set()
    for section in repository.sections:
        try:
            expected |= {f"{one.koan} {one.label}" for one in variants(section)}
        except (VariantError, SyntaxError) as error:
            return [str(error)]
    run = _run(repository, "--answers=variants")
    tried = {ended["variant"] for ended in run}
    broken = [
        f"{ended['test']}: {ended['text'][-300:]}"
        for ended in run
        if ended["outcome"] != "passed"
    ]
    return [*broken, *(f"{one}: not tried." for one in sorted(expected - tried))]


def _shipped_copy(repository: Repository, folder: Path) -> Repository:
    """Return a copy of `repository` in `folder`, with the stubs as they are cut."""
    shutil.copytree(repository.root / "koans", folder / "koans")
    shutil.copytree(repository.root / "solutions", folder / "solutions")
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(repository.root / name, folder / name)
    copy = Repository(folder)
    for section in copy.sections:
        shutil.rmtree(section.stub.with_suffix(""), ignore_errors=True)
        for path, text in section.shipped_files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return copy


def _run(repository: Repository, *options: str) -> list[Ended]:
    """Return how each test of the repository's koans ended."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record"
        record.touch()
        command = [sys.executable, "-m", "pytest", "koans", "-n2", *options]
        ended = subprocess.run(
            [*command, "-p", "no:cacheprovider", "-p", "tests.promises.recorder"],
            cwd=repository.root,
            env=os.environ | {"PROMISES_RECORD": str(record), "PYTHONPATH": str(_ROOT)},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        lines = record.read_text(encoding="utf-8").splitlines()
    if ended.returncode not in (0, 1) or not lines:
        raise AssertionError(f"pytest could not run the koans:\n{ended.stdout[-3000:]}")
    return [json.loads(line) for line in lines]
