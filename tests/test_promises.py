"""What the files of this repository promise holds for every chapter that it has."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sensei.content.repository import Repository
from tests.promises import size, written

REPOSITORY = Repository(Path(__file__).parents[1])


@pytest.mark.parametrize(
    "promise",
    [
        written.every_chapter_is_described,
        written.every_question_is_asked_as_in_the_guide,
        written.every_koan_is_complete,
        written.every_stub_is_cut_from_its_solution,
        written.every_assertion_has_a_message,
        size.every_koan_has_its_size,
        size.every_chapter_has_its_levels,
        size.every_section_has_notes,
    ],
)
def test_promise_is_kept(promise: Callable[[Repository], list[str]]) -> None:
    broken = promise(REPOSITORY)

    assert not broken, "\n".join(broken)
