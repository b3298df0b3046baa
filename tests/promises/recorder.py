"""A pytest plugin: writes how each test ended to the file in `PROMISES_RECORD`."""

import json
import os
from collections.abc import Generator

import pytest

from sensei.grading.classify import is_explained, is_open


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add a line for a call, and for a set-up or tear-down that did not pass."""
    report = yield
    if report.when == "call" or not report.passed:
        error = call.excinfo.value if call.excinfo else None
        line = {
            "test": item.nodeid,
            "variant": getattr(report, "variant", None),
            "outcome": report.outcome,
            "text": report.longreprtext,
            "error": type(error).__name__ if error else None,
            "open": error is not None and is_open(error),
            "explained": error is not None and is_explained(error),
        }
        # One write a line: workers of xdist append to the same file.
        descriptor = os.open(
            os.environ["PROMISES_RECORD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT
        )
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")
        finally:
            os.close(descriptor)
    return report
