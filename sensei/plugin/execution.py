"""Execution: a test of a koan is run, and its report carries a verdict."""

import gc
import warnings
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from sensei.content.repository import Repository
from sensei.content.section import question_of
from sensei.errors import summary_of
from sensei.grading.classify import (
    NeverAwaitedError,
    classify,
    is_explained,
)
from sensei.grading.deadline import DeadlineError
from sensei.grading.koan_test import KoanTest
from sensei.grading.loader import AnswersError, line_in
from sensei.grading.traces import is_raised_by_code
from sensei.grading.verdict import State, Verdict
from sensei.plugin.garbage import no_collection, release
from sensei.variants import Variant

REPOSITORY = pytest.StashKey[Repository]()
TEST = pytest.StashKey[KoanTest]()
VERDICT = pytest.StashKey[Verdict]()
# Seconds that the phases of a test before this one took.
_EARLIER = pytest.StashKey[float]()
# Errors by section or koan that every further test of it would only repeat.
BROKEN = pytest.StashKey[dict[str, BaseException]]()

# Characters kept of what an answer printed.
_PRINTED = 4_000


def koan_test_of(item: pytest.Item) -> KoanTest | None:
    """Return the koan's test that `item` is; None if it is another test."""
    return item.stash.get(TEST, None)


def variant_of(item: pytest.Item) -> Variant | None:
    """Return the variant that the test `item` is run with, if any."""
    callspec = getattr(item, "callspec", None)
    variant = callspec.params.get("answers") if callspec else None
    return variant if isinstance(variant, Variant) else None


def verdict_in(report: pytest.TestReport) -> Verdict | None:
    """Return the verdict that `report` carries; None if it is of no koan."""
    data = vars(report).get("verdict")
    return Verdict.from_json(data) if data else None


def root_of(config: pytest.Config) -> Path:
    """Return the folder of the repository.

    It is where `conftest.py` names the plugin: editors give pytest another root.
    """
    for plugin in config.pluginmanager.get_plugins():
        file = Path(getattr(plugin, "__file__", None) or "")
        named = getattr(plugin, "pytest_plugins", ())
        if file.name == "conftest.py" and "sensei.plugin" in named:
            return file.parent
    return config.rootpath


def named_test(
    repository: Repository, path: Path, name: str, answers: str = "koans"
) -> KoanTest | None:
    """Return the koan's test called `name` in the file `path`; None if it is none."""
    section = repository.section_tested_by(path)
    question = question_of(name)
    if section is None or question is None:
        return None
    files = {
        "koans": section.stub,
        "solutions": section.solution,
        "variants": section.variants,
    }
    return KoanTest(section, section.koan(question), name, files[answers])


def split_id(rootpath: Path, node_id: str) -> tuple[Path, str]:
    """Return the file and the name of the test with this id, without its case."""
    path, _, name = node_id.partition("[")[0].partition("::")
    return rootpath / path, name


def skipped_by(report: pytest.CollectReport, repository: Repository) -> list[Verdict]:
    """Return the verdicts on koans whose test file skips itself; else none."""
    section = repository.section_tested_by(Path(vars(report).get("file", "")))
    if not report.skipped or section is None:
        return []
    longrepr = report.longrepr
    reason = str(longrepr[2] if isinstance(longrepr, tuple) else longrepr)
    reason = reason.removeprefix("Skipped: ")
    return [
        KoanTest(section, section.koan(question), name, section.stub).verdict(
            State.SKIPPED, reason
        )
        for question, names in section.test_names.items()
        for name in names
    ]


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let the report carry its file: the id depends on the root that pytest has."""
    report = yield
    vars(report)["file"] = str(collector.path)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a test that leaves a coroutine behind, or that cannot say anything new."""
    test = koan_test_of(item)
    if test is None:
        return (yield)
    # Another test would take as long, and say the same; not of another variant.
    broken = {} if variant_of(item) else item.config.stash[BROKEN]
    for name in (str(test.section), str(test.koan)):
        if name in broken:
            raise broken[name]
    failure: BaseException | None = None
    with warnings.catch_warnings(record=True) as caught:
        try:
            yield
        except AnswersError as error:
            failure = error
            if error.is_of_file:
                broken[str(test.section)] = error
        except DeadlineError as error:
            failure = broken[str(test.koan)] = error
        except KeyboardInterrupt as error:
            if not is_raised_by_code(error):
                raise
            location = test.at(line_in(test.file, error.__traceback__))
            message = "Your code raises KeyboardInterrupt, as Ctrl-C does."
            failure = AnswersError(message, location, is_of_file=False)
        except (pytest.fail.Exception, Exception) as error:
            failure = error
        gc.collect(1)  # the warning about a coroutine in a cycle comes only then
    never_awaited = None
    for warning in caught:
        if "was never awaited" in str(warning.message):
            never_awaited = NeverAwaitedError(str(warning.message))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    if never_awaited is not None:
        raise never_awaited from failure
    if failure is not None:
        raise failure


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the report of a koan's test carry the verdict; see `verdict_in`."""
    test = koan_test_of(item)
    if test is None:
        return (yield)
    error = call.excinfo.value if call.excinfo else None
    with no_collection():
        if error is not None:
            item.stash[VERDICT] = classify(error, test)
        report = yield
        if error is not None and not item.config.option.usepdb:
            release(error)
        variant = variant_of(item)
        if variant is not None:
            vars(report)["variant"] = f"{variant.koan} {variant.label}"
            if variant.caught_by and call.when == "call" and not report.skipped:
                _expect_failure(report, error, variant)
        if call.when == "call" or not report.passed:
            verdict = _verdict_on(item, test, report)
            # Plain values only: xdist sends them from its workers.
            vars(report)["verdict"] = verdict.to_message()
        item.stash[_EARLIER] = report.duration if call.when == "setup" else 0.0
    return report


def _verdict_on(
    item: pytest.Item, test: KoanTest, report: pytest.TestReport
) -> Verdict:
    if report.passed:
        verdict = Verdict(test.koan, State.SOLVED, test=test.name)
    else:
        failing = test.verdict(State.FAILING, report.longreprtext)
        verdict = item.stash.get(VERDICT, failing)
        verdict = replace(verdict, printed=_printed(report))
    seconds = item.stash.get(_EARLIER, 0.0) + report.duration
    return replace(verdict, seconds=seconds)


def _printed(report: pytest.TestReport) -> str:
    """Return the end of what a test's code printed and logged."""
    errors = report.capstderr
    lines = filter(str.strip, report.caplog.splitlines())
    # Level, place and message. A handler may have written that to the standard error.
    logged = [one for one in lines if one.split(maxsplit=2)[-1] not in errors]
    parts = (report.capstdout, errors, "\n".join(logged))
    return "\n".join(part.rstrip("\n") for part in parts if part)[-_PRINTED:]


def _expect_failure(
    report: pytest.TestReport, error: BaseException | None, variant: Variant
) -> None:
    """Let the test of a wrong variant pass if it failed with a message."""
    if error is not None and is_explained(error):
        report.outcome, report.longrepr = "passed", None
        return
    report.outcome = "failed"
    result = f"raises {summary_of(error)}" if error else "passes the test"
    path = variant.section.path_of(variant.section.variants)
    report.longrepr = (
        f"{path}:{variant.line}: This wrong answer to koan {variant.koan} {result}."
    )
