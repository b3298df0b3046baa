"""Fixtures of the tests of the runner and the watch."""

import pytest

from sensei.content.section import Section
from tests.miniature import STUB, Miniature


@pytest.fixture
def sections(miniature: Miniature) -> list[Section]:
    """The sections 1.1 and 1.2, which ask the same."""
    tests = "koans/ch01/test_s01_adding.py"
    for name in (STUB, tests, STUB.replace("koans", "solutions")):
        text = (miniature.root / name).read_text(encoding="utf-8")
        other = text.replace("1.1.", "1.2.").replace("1.1  ", "1.2  ")
        miniature.write(name.replace("s01_adding", "s02_more"), other)
    return miniature.repository.sections
