"""What this repository promises holds for every chapter that it has."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sensei.content.repository import Repository
from tests.promises import run, written

REPOSITORY = Repository(Path(__file__).parents[1])


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "promise",
    [
        written.every_chapter_is_described,
        written.every_question_is_asked_as_in_the_guide,
        written.every_koan_is_complete,
        written.every_stub_is_cut_from_its_solution,
        written.every_assertion_has_a_message,
        run.every_shipped_test_fails,
        run.every_solution_passes,
        run.every_variant_is_judged,
    ],
)
def test_promise_is_kept(promise: Callable[[Repository], list[str]]) -> None:
    broken = promise(REPOSITORY)

    assert not broken, "\n".join(broken)
