"""Runs one environment's tests, and says where a promise is broken.

    python -m tests.promises shipped|solutions|variants [--changed] [pytest's options]
    python -m tests.promises tests [pytest's options]
    python -m tests.promises total     what all environments have run and found broken

With `--changed`, chapters that were not changed since the last run without a fault are
left out. This is for work on a chapter, and refused where `CI` is set.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from sensei.content.repository import Repository
from tests.promises import reports
from tests.promises.changed import Fingerprints
from tests.promises.results import Result, Results
from tests.promises.run import Record, copy_as_shipped, run_pytest

ROOT = Path(__file__).parents[2]
_SOLUTIONS = ("--answers=solutions", "-Werror", "--random-order")
_CHECKS = {
    "shipped": reports.every_shipped_test_fails,
    "solutions": reports.every_solution_passes,
    "variants": reports.every_variant_is_judged,
}


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; return the exit status."""
    environment, *options = arguments or [""]
    if environment == "total":
        return _say_total()
    if environment != "tests" and environment not in _CHECKS:
        print(__doc__, file=sys.stderr)
        return 2
    begin = time.monotonic()
    try:
        records, broken = _run(environment, options)
    except ValueError as error:
        print(f"{environment}: {error}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        records, broken = [], [f"{environment}: {error}"]
    for line in broken:
        print(line)
    passed = max(sum(_counts(one) for one in records) - len(broken), 0)
    result = Result(passed, time.monotonic() - begin, broken)
    Results(ROOT).keep(environment, result)
    print(
        f"{environment}: {result.passed} as promised, {result.failed} not, "
        f"in {result.seconds:.0f} s."
    )
    return 1 if result.failed else 0


def _run(environment: str, options: list[str]) -> tuple[list[Record], list[str]]:
    """Return the records of an environment, and where a promise is broken."""
    if environment == "tests":
        records = run_pytest(ROOT, ["tests"], *options)
        return records, reports.every_test_passes(records)
    repository = Repository(ROOT)
    every = [f"ch{number:02}" for number in repository.chapters]
    fingerprints = Fingerprints(ROOT, environment)
    chapters = every
    if "--changed" in options:
        if os.environ.get("CI"):
            raise ValueError("--changed is not for CI: run all chapters there.")
        options.remove("--changed")
        chapters = fingerprints.changed(every)
        if not chapters:
            print("No chapter was changed.")
            return [], []
    sections = [one for one in repository.sections if one.folder in chapters]
    records = _run_koans(environment, repository, chapters, options)
    broken = _CHECKS[environment](records, sections)
    if not broken:
        fingerprints.keep(every)
    return records, broken


def _run_koans(
    environment: str, repository: Repository, chapters: list[str], options: list[str]
) -> list[Record]:
    paths = [f"koans/{chapter}" for chapter in chapters]
    if environment == "shipped":
        with tempfile.TemporaryDirectory() as folder:
            copy = copy_as_shipped(repository, Path(folder))
            return run_pytest(copy.root, paths, *options)
    if environment == "solutions":
        return run_pytest(ROOT, paths, *_SOLUTIONS, *options)
    # Most tests wait here: for what a wrong answer never does.
    return run_pytest(ROOT, paths, "--answers=variants", *options, a_core=3)


def _counts(record: Record) -> bool:
    return record["outcome"] != "skipped"


def _say_total() -> int:
    total = Results(ROOT).total()
    for line in total.broken:
        print(line)
    koans = sum(len(section.koans) for section in Repository(ROOT).sections)
    print(f"{total.seconds / koans:.1f} s a koan, all environments together.")
    print(f"{total.passed} passed, {total.failed} failed")
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
