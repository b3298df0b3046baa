"""A pytest plugin: writes what became of each test to the file in `PROMISES_RECORD`."""

import json
import os
from collections.abc import Generator

import pytest

from sensei.grading.classify import is_explained
from sensei.grading.open_answer import is_open
from sensei.plugin.execution import koan_test_of
from sensei.plugin.garbage import no_collection
from tests.promises.run import Record


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add a record for a call, and for a set-up or tear-down that did not pass."""
    report = yield
    if report.when == "call" or not report.passed:
        error = call.excinfo.value if call.excinfo else None
        test = koan_test_of(item)
        with no_collection():
            is_open_answer = bool(error and test and is_open(error, test))
        _write(
            Record(
                test=item.nodeid,
                variant=getattr(report, "variant", None),
                outcome=report.outcome,
                text=report.longreprtext,
                error=type(error).__name__ if error else None,
                is_open=is_open_answer,
                is_explained=error is not None and is_explained(error),
            )
        )
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str, report: pytest.TestReport) -> None:
    """Add a record for a test that ended its process."""
    _write(
        Record(
            test=crashitem,
            variant=None,
            outcome=report.outcome,
            text=report.longreprtext,
            error="the end of the process",
            is_open=False,
            is_explained=False,
        )
    )


def _write(record: Record) -> None:
    path = os.environ["PROMISES_RECORD"]
    # One write a record: the processes of xdist append to the same file.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, json.dumps(record).encode() + b"\n")
    finally:
        os.close(descriptor)
