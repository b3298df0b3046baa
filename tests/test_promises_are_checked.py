"""Each promise, broken once in a miniature repository, is reported."""

from pathlib import Path

import pytest

from tests.miniature import STUB
from tests.promises import reports, size, written
from tests.promises.run import copy_as_shipped, run_pytest

CHAPTER = "koans/ch01/chapter.toml"
GUIDE = "content/guide.md"
NOTES = "content/docs/sums/adding.md"
TESTS = "koans/ch01/test_s01_adding.py"
SOLUTION = "solutions/ch01/s01_adding.py"
VARIANTS = "tests/variants/ch01/s01_adding.py"

OF_FILES = [
    written.every_chapter_is_described,
    written.every_question_is_asked_as_in_the_guide,
    written.every_koan_is_complete,
    written.every_stub_is_cut_from_its_solution,
    written.every_assertion_has_a_message,
    size.every_koan_has_its_size,
    size.every_chapter_has_its_levels,
    size.every_section_has_notes,
]
LONG = "\n".join(f"    number_{one} = {one}" for one in range(12))
BULLETS = "\n".join(f"    - Rule {one}." for one in range(3))


@pytest.mark.parametrize("promise", OF_FILES)
def test_the_miniature_keeps_every_promise(miniature, promise):
    assert promise(miniature.repository) == []


@pytest.mark.parametrize(
    ("promise", "file", "old", "new", "reported"),
    [
        ("described", CHAPTER, 'hints = ["Try it.",', 'hits = ["Try it.",', "hints"),
        ("described", CHAPTER, '["Try it.", "`sum([])` knows."]', '["Try."]', "least"),
        ("described", CHAPTER, "Which sign is it?", "word " * 46, "45 words"),
        ("described", CHAPTER, "[sections.1]", "[sections.1", "not TOML"),
        ("asked", CHAPTER, "add two numbers?", "add numbers?", "1.1.1"),
        ("asked", CHAPTER, 'title = "Adding"', 'title = "Subtracting"', "title"),
        ("asked", CHAPTER, "sums/adding.md", "sums/more.md", "notes"),
        ("asked", GUIDE, "## 1. Sums", "## 1. Sums\n### 1.2 More", "1.2: this section"),
        ("asked", SOLUTION, "sum of nothing?", "sum of it all?", "1.1.2"),
        ("asked", SOLUTION, "1.1.2  What", "What", "1.1.2"),
        ("complete", TESTS, "def test_q2_the", "def check_the", "1.1.2: no test"),
        ("complete", TESTS, "def test_q2_the", "def test_q3_the", "1.1.3: has tests"),
        ("complete", SOLUTION, "1.1.2  What", "1.2.2  What", "1.2.2"),
        ("complete", VARIANTS, '@right("1.1.1")', "", "right variants"),
        ("complete", VARIANTS, '@right("1.1.1")', '@right("2.1.1")', "not in section"),
        ("complete", VARIANTS, "test_q1_the_order_is_free", "test_q1_it", "test_q1_it"),
        ("complete", VARIANTS, "def nothing", "def nobody", "no nobody to replace"),
        ("cut", STUB, "How do you add", "How would you add", "1.1.1"),
        ("cut", SOLUTION, "# endregion", "", "within an answer"),
        ("message", TESTS, ', f"You add 1 and 2 and get {got}."', "", "without a word"),
        ("size", CHAPTER, "minutes = 3", "", "no level or no minutes"),
        ("size", CHAPTER, "minutes = 3", "minutes = 6", "6 minutes"),
        ("size", CHAPTER, "level = 1", "level = 2", "first koan"),
        ("size", SOLUTION, "    return one + other", LONG, "12 lines"),
        ("size", SOLUTION, "    - It is the sum", f"{BULLETS}\n    - It", "4 req"),
        ("levels", CHAPTER, "level = 1", "level = 2", "0 of 2 are of level 1"),
        ("levels", CHAPTER, "level = 2", "level = 3", "1 of 2 are of level 3"),
        ("notes", NOTES, "A word is a word. ", "Few. ", "102 words"),
        ("notes", CHAPTER, "sums/adding.md", "sums/more.md", "no notes at"),
    ],
)
def test_a_broken_file_is_reported(miniature, promise, file, old, new, reported):
    miniature.replace(file, old, new)

    (check,) = [one for one in OF_FILES if promise in one.__name__.split("_")]
    broken = check(miniature.repository)

    assert reported in "\n".join(broken)


def test_a_missing_stub_is_reported(miniature):
    (miniature.root / STUB).unlink()

    broken = written.every_stub_is_cut_from_its_solution(miniature.repository)

    assert broken == [f"{STUB}: there is no stub."]


def test_what_a_learner_adds_is_no_broken_promise(miniature):
    miniature.answer("return ___", "return 0")
    miniature.answer("from sensei import ___", "import math\n\nfrom sensei import ___")

    assert written.every_stub_is_cut_from_its_solution(miniature.repository) == []


def shipped(miniature, folder: Path) -> list[str]:
    """Return what is reported of the stubs as shipped."""
    copy = copy_as_shipped(miniature.repository, folder / "copy")
    records = run_pytest(copy.root, ["koans"])
    return reports.every_shipped_test_fails(records, copy.sections)


def solutions(miniature, folder: Path) -> list[str]:
    """Return what is reported of the solutions."""
    records = run_pytest(miniature.root, ["koans"], "--answers=solutions", "-Werror")
    return reports.every_solution_passes(records, miniature.repository.sections)


def variants(miniature, folder: Path) -> list[str]:
    """Return what is reported of the variants."""
    records = run_pytest(miniature.root, ["koans"], "--answers=variants")
    return reports.every_variant_is_judged(records, miniature.repository.sections)


@pytest.mark.parametrize("report", [shipped, solutions, variants])
def test_the_miniature_is_reported_without_a_fault(miniature, tmp_path, report):
    assert report(miniature, tmp_path) == []


WARNING = "import warnings; warnings.warn('old'); return 0"
SKIP = "@__import__('pytest').mark.skip\ndef test_q2"


@pytest.mark.parametrize(
    ("report", "file", "old", "new", "reported"),
    [
        (shipped, TESTS, "answers.nothing() == sum([])", "True", "passes on the stub"),
        (shipped, TESTS, "got = answers.add(1, 2)", "got = {}['sum']", "KeyError"),
        (shipped, SOLUTION, "# stub: return ___", "# stub: return 1 / 0", "ZeroDiv"),
        (shipped, SOLUTION, "# stub: return ___", "# stub: while True: pass", "q2"),
        (solutions, SOLUTION, "one + other", "one - other", "You add 1 and 2"),
        (solutions, SOLUTION, "return 0", WARNING, "old"),
        (solutions, TESTS, "def test_q2", "def check_q2", None),
        (variants, VARIANTS, "return 1\n", "return 0\n", "passes the test"),
        (variants, VARIANTS, "return None", "return 1 / 0", "ZeroDivisionError"),
        (variants, VARIANTS, "operator.add(one", "operator.sub(one", "You add"),
        (variants, TESTS, ', "Python\'s sum of nothing is something else."', "", "q2"),
    ],
)
def test_a_broken_run_is_reported(
    miniature, tmp_path, report, file, old, new, reported
):
    miniature.replace(file, old, new)

    broken = report(miniature, tmp_path)

    assert (reported or "") in "\n".join(broken)
    assert bool(broken) == (reported is not None)


def test_a_stub_that_is_not_python_ends_the_run(miniature, tmp_path):
    miniature.replace(SOLUTION, "# stub: return ___", "# stub: return (")

    with pytest.raises(RuntimeError, match=r"exit status 3(.|\n)*INTERNALERROR"):
        shipped(miniature, tmp_path)


def test_a_repair_that_is_not_open_may_fail_with_a_message(miniature, tmp_path):
    miniature.replace(SOLUTION, "# stub: return ___", "# stub: return 1")

    assert shipped(miniature, tmp_path) == []


def test_a_test_that_did_not_run_is_reported(miniature, tmp_path):
    records = run_pytest(miniature.root, ["koans"], "--answers=solutions")
    sections = miniature.repository.sections

    broken = reports.every_solution_passes(records[:1], sections)

    assert len(broken) == 2
    assert all("did not run" in line for line in broken)


def test_a_variant_that_did_not_run_is_reported(miniature):
    broken = reports.every_variant_is_judged([], miniature.repository.sections)

    assert broken[0].endswith("was not run.")
