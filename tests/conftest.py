"""Fixtures of the repository's own tests."""

from pathlib import Path

import pytest

from tests.miniature import Miniature

# Seconds until a test counts as hanging. These tests start pytest and servers; the
# time-out of a koan is for answers.
_TIMEOUT = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this folder more time than koans have."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(_TIMEOUT))


@pytest.fixture
def miniature(tmp_path: Path) -> Miniature:
    """A miniature of this repository, every promise kept."""
    return Miniature(tmp_path)
