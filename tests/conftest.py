"""Fixtures of the repository's own tests."""

from pathlib import Path

import pytest

from tests.miniature import Miniature


@pytest.fixture
def miniature(tmp_path: Path) -> Miniature:
    """A miniature of this repository, every promise kept."""
    return Miniature(tmp_path)
