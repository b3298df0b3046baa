"""Of `python -m tests.promises`: what the environments of tox run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.promises.changed import Fingerprints
from tests.promises.results import Result, Results

ROOT = Path(__file__).parents[1]


def _call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.promises", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_chapter_that_was_not_changed_is_left_out(miniature):
    fingerprints = Fingerprints(miniature.root, "variants")
    assert fingerprints.changed(["ch01"]) == ["ch01"]

    fingerprints.keep(["ch01"])
    assert fingerprints.changed(["ch01", "ch02"]) == ["ch02"]
    assert Fingerprints(miniature.root, "solutions").changed(["ch01"]) == ["ch01"]


@pytest.mark.parametrize(
    "file",
    ["tests/variants/ch01/s01_adding.py", "solutions/ch01/new.py", "pyproject.toml"],
)
def test_a_chapter_that_was_changed_is_run_again(miniature, file):
    fingerprints = Fingerprints(miniature.root, "variants")
    fingerprints.keep(["ch01"])

    miniature.write(file, "# changed")

    assert fingerprints.changed(["ch01"]) == ["ch01"]


def test_fingerprints_that_cannot_be_read_leave_nothing_out(miniature):
    miniature.write(".tox/well/variants.json", "{")

    assert Fingerprints(miniature.root, "variants").changed(["ch01"]) == ["ch01"]


def test_results_are_added_up(tmp_path):
    results = Results(tmp_path)
    results.keep("solutions", Result(3, 2.0, ["a test"]))
    results.keep("solutions", Result(5, 2.5))
    results.keep("variants", Result(7, 1.0, ["a variant"]))

    total = results.total()
    assert (total.passed, total.failed) == (12, 1)
    assert (total.seconds, total.broken) == (3.5, ["a variant"])


def test_leaving_out_chapters_is_refused_in_ci():
    ended = _call("variants", "--changed", CI="true")

    assert ended.returncode == 2
    assert "--changed is not for CI" in ended.stderr


def test_an_unknown_environment_gets_the_usage():
    ended = _call("everything")

    assert ended.returncode == 2
    assert "shipped|solutions|variants" in ended.stderr
