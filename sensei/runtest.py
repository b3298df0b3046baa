"""Running a test: what it does is watched, and what it finds is judged."""

import gc
import traceback
import warnings
from collections.abc import Generator
from contextlib import suppress
from dataclasses import asdict, replace

import pytest

from sensei.asking import FINDING, asked_of, variant_of
from sensei.judge import NeverAwaited, is_timeout, is_told, judge
from sensei.trouble import Trouble, summary_of
from sensei.variants import Variant
from sensei.verdict import Finding, State

# What sections and koans have been told that every further test would say again.
SPOILT = pytest.StashKey[dict[str, BaseException]]()

# Letters of what an answer printed that are kept: a flood tells nobody anything.
_PRINTED = 4_000


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a koan that forgets a coroutine, or that a test before could not ask."""
    asked = asked_of(item)
    if asked is None:
        return (yield)
    # Asking again would cost the same time, and say the same; not of another variant.
    spoilt = {} if variant_of(item) else item.config.stash[SPOILT]
    for name in (str(asked.section), str(asked.koan)):
        if name in spoilt:
            raise spoilt[name]
    failure: BaseException | None = None
    with warnings.catch_warnings(record=True) as caught:
        try:
            yield
        except Trouble as error:
            failure = error
            if error.is_of_file:
                spoilt[str(asked.section)] = error
        except pytest.fail.Exception as error:
            failure = error
            if is_timeout(error):
                spoilt[str(asked.koan)] = error
        except Exception as error:
            failure = error
        gc.collect(1)  # a coroutine caught in a cycle is told of when it is collected
    forgotten = None
    for warning in caught:
        if "was never awaited" in str(warning.message):
            forgotten = NeverAwaited(str(warning.message))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    if forgotten is not None:
        raise forgotten from failure
    if failure is not None:
        raise failure


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Give the report of a koan's test what the judge found; see `Ledger`."""
    asked = asked_of(item)
    if asked is None:
        return (yield)
    error = call.excinfo.value if call.excinfo else None
    if error is not None:
        item.stash[FINDING] = judge(error, asked)
    report = yield
    if error is not None and not item.config.option.usepdb:
        _release(error)
    variant = variant_of(item)
    if variant is not None:
        vars(report)["variant"] = f"{variant.koan} {variant.label}"
        if variant.caught_by and call.when == "call":
            _turn_around(report, error, variant)
    if report.failed:
        finding = item.stash.get(FINDING, Finding(State.FAILING, report.longreprtext))
        finding = replace(finding, printed=report.capstdout[-_PRINTED:])
    elif report.passed and call.when == "call":
        finding = Finding(State.SOLVED)
    else:
        return report
    # Plain values only: xdist sends them from its workers.
    vars(report).update(
        koan=str(asked.koan),
        test=asked.test,
        finding=asdict(finding) | {"state": finding.state.value},
    )
    return report


def _release(error: BaseException) -> None:
    """Let go of what the frames of `error` hold.

    A coroutine among it would be told of as never awaited later, in another test.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for frame, _ in traceback.walk_tb(error.__traceback__):
            with suppress(RuntimeError):  # it is running still
                frame.clear()
                frame.f_locals  # noqa: B018  # drops what a look at it kept


def _turn_around(
    report: pytest.TestReport, error: BaseException | None, variant: Variant
) -> None:
    """Let the test of a wrong answer pass where it turns the answer away in words."""
    if error is not None and is_told(error):
        report.outcome, report.longrepr = "passed", None
    else:
        report.outcome = "failed"
        why = f"crashes it: {summary_of(error)}" if error else "is let in"
        where = f"{variant.section.path_of(variant.section.variants)}:{variant.line}"
        report.longrepr = f"{where}: this wrong answer to koan {variant.koan} {why}."
