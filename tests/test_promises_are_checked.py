"""Each promise, broken once in a miniature repository, is reported."""

import pytest

from tests.miniature import STUB
from tests.promises import run, written

CHAPTER = "koans/ch01/chapter.toml"
TESTS = "koans/ch01/test_s01_adding.py"
SOLUTION = "solutions/ch01/s01_adding.py"
VARIANTS = "tests/variants/ch01/s01_adding.py"

WRITTEN = [
    written.every_chapter_is_described,
    written.every_question_is_asked_as_in_the_guide,
    written.every_koan_is_complete,
    written.every_stub_is_cut_from_its_solution,
    written.every_assertion_has_a_message,
]
RUN = [
    run.every_shipped_test_fails,
    run.every_solution_passes,
    run.every_variant_is_judged,
]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("promise", [*WRITTEN, *RUN])
def test_the_miniature_keeps_every_promise(miniature, promise):
    assert promise(miniature.repository) == []


@pytest.mark.parametrize(
    ("promise", "file", "old", "new", "told"),
    [
        (0, CHAPTER, 'hints = ["Try it.",', 'hits = ["Try it.",', "hints"),
        (0, CHAPTER, '["Try it.", "`sum([])` knows."]', '["Try it."]', "at least 2"),
        (0, CHAPTER, "Which sign is it?", "word " * 46, "45 words"),
        (0, CHAPTER, "[sections.1]", "[sections.1", "This is not TOML"),
        (1, CHAPTER, "add two numbers?", "add numbers?", "1.1.1"),
        (1, CHAPTER, 'title = "Adding"', 'title = "Subtracting"', "title"),
        (1, CHAPTER, "sums/adding.md", "sums/more.md", "notes"),
        (1, SOLUTION, "sum of nothing?", "sum of it all?", "1.1.2"),
        (1, SOLUTION, "1.1.2  What", "What", "1.1.2"),
        (2, TESTS, "def test_q2_the", "def check_the", "1.1.2: no test"),
        (2, TESTS, "def test_q2_the", "def test_q3_the", "1.1.3: has tests"),
        (2, SOLUTION, "1.1.2  What", "1.2.2  What", "1.2.2"),
        (2, VARIANTS, '@right("1.1.1")', "", "no right variant"),
        (2, VARIANTS, '@right("1.1.1")', '@right("2.1.1")', "is not in section"),
        (2, VARIANTS, "test_q1_the_order_is_free", "test_q1_it", "no test test_q1_it"),
        (2, VARIANTS, "def nothing", "def nobody", "no nobody to replace"),
        (3, STUB, "How do you add", "How would you add", "1.1.1"),
        (3, SOLUTION, "# endregion", "", "within an answer"),
        (4, TESTS, ', f"You add 1 and 2 and get {got}."', "", "without a word"),
    ],
)
def test_a_broken_file_is_reported(miniature, promise, file, old, new, told):
    miniature.replace(file, old, new)

    broken = WRITTEN[promise](miniature.repository)

    assert told in "\n".join(broken)


def test_a_missing_stub_is_reported(miniature):
    (miniature.root / STUB).unlink()

    broken = written.every_stub_is_cut_from_its_solution(miniature.repository)

    assert broken == [f"{STUB}: there is no stub."]


def test_what_a_learner_adds_is_no_broken_promise(miniature):
    miniature.answer("return ___", "return 0")
    miniature.answer("from sensei import ___", "import math\n\nfrom sensei import ___")

    assert written.every_stub_is_cut_from_its_solution(miniature.repository) == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("promise", "file", "old", "new", "told"),
    [
        (0, TESTS, "answers.nothing() == sum([])", "True", "passes on the stub"),
        (0, TESTS, "got = answers.add(1, 2)", "got = {}['sum']", "KeyError"),
        (
            0,
            SOLUTION,
            "# stub: return ___",
            "# stub: return 1 / 0",
            "ZeroDivisionError",
        ),
        (0, SOLUTION, "# stub: return ___", "# stub: return (", "AnswersError"),
        (0, SOLUTION, "# stub: return ___", "# stub: return 1", None),
        (0, SOLUTION, "# stub: return ___", "# stub: while True: pass", "Failed"),
        (1, SOLUTION, "return one + other", "return one - other", "You add 1 and 2"),
        (
            1,
            SOLUTION,
            "return 0",
            "import warnings; warnings.warn('old'); return 0",
            "old",
        ),
        (
            1,
            TESTS,
            "def test_q2",
            "@__import__('pytest').mark.skip\ndef test_q2",
            "skip",
        ),
        (2, VARIANTS, "return 1\n", "return 0\n", "passes the test"),
        (2, VARIANTS, "return None", "return 1 / 0", "raises ZeroDivisionError"),
        (
            2,
            VARIANTS,
            "operator.add(one, other)",
            "operator.sub(one, other)",
            "You add",
        ),
        (2, TESTS, ', "Python\'s sum of nothing is something else."', "", "raises"),
    ],
)
def test_a_broken_run_is_reported(miniature, promise, file, old, new, told):
    miniature.replace(file, old, new)

    broken = RUN[promise](miniature.repository)

    assert (told or "") in "\n".join(broken)
    assert bool(broken) == (told is not None)
