"""Differences: what pytest tells of two unequal values is as short in CI as elsewhere.

There it would compare them to the last line, which takes longer than a koan's test may
compute if the values are long. The test has a message of its own.
"""

from collections.abc import Generator

import pytest

from sensei.plugin.execution import koan_test_of

# By these pytest finds out that it runs in CI.
_VARIABLES = ("CI", "BUILD_NUMBER")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Hide CI while a koan's test runs, if nobody asked for more with `-v`."""
    is_verbose = item.config.get_verbosity(pytest.Config.VERBOSITY_ASSERTIONS) > 0
    with pytest.MonkeyPatch.context() as environment:
        if koan_test_of(item) is not None and not is_verbose:
            for name in _VARIABLES:
                environment.delenv(name, raising=False)
        return (yield)
