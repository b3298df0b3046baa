"""A pytest plugin: writes what became of each test to the file in `PROMISES_RECORD`."""

import json
import os
from collections.abc import Generator

import pytest

from sensei.grading.classify import is_explained
from sensei.grading.open_answer import is_open
from sensei.plugin.execution import koan_test_of
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
        record = Record(
            test=item.nodeid,
            variant=getattr(report, "variant", None),
            outcome=report.outcome,
            text=report.longreprtext,
            error=type(error).__name__ if error else None,
            is_open=bool(error and test and is_open(error, test)),
            is_explained=error is not None and is_explained(error),
        )
        # One write a record: the processes of xdist append to the same file.
        descriptor = os.open(
            os.environ["PROMISES_RECORD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT
        )
        try:
            os.write(descriptor, json.dumps(record).encode() + b"\n")
        finally:
            os.close(descriptor)
    return report
