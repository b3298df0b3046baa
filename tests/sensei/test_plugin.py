"""What a learner reads from plain pytest."""

import gc
import os
import subprocess
import sys

import pytest

from sensei.plugin.garbage import no_collection
from tests.miniature import STUB, Miniature

TESTS = "koans/ch01/test_s01_adding.py"
MODULE_SKIP = "import pytest; pytest.skip('no server', allow_module_level=True)"


def read(miniature: Miniature, *options: str, folder: str = ".", **environ: str) -> str:
    """Return what pytest prints in a pipe."""
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
        cwd=miniature.root / folder,
        env=os.environ | {"COLUMNS": "88"} | environ,
        capture_output=True,
        timeout=600,  # only so that a test ends
        check=False,
    )
    encoding = environ.get("PYTHONIOENCODING", "utf-8")
    return ended.stdout.decode(encoding) + ended.stderr.decode(encoding)


def test_a_shipped_section_is_open(miniature):
    page = read(miniature, "koans/ch01")

    assert "Chapter 1  Sums" in page
    assert "1.1  Adding" in page
    assert "0 of 2" in page
    assert "○ 1.1.2  level 2, 6 min  What is the sum of nothing?" in page
    stands_at = miniature.place("raise NotImplementedError")
    assert f"Next: 1.1.1  {stands_at}\n" in page
    assert "2 open in" in page
    assert "Error" not in page
    assert "Traceback" not in page


@pytest.mark.parametrize(
    ("answers", "told"),
    [("solutions", "2 solved"), ("variants", "6 rejected, 2 accepted")],
)
def test_other_answers_are_chosen_by_an_option(miniature, answers, told):
    assert told in read(miniature, "koans", "--answers", answers)


def test_a_wrong_answer_is_told_what_happened_and_no_more(miniature):
    miniature.answer("raise NotImplementedError", "print('mine')\n    return 4")

    page = read(miniature, "koans")

    assert f"1.1.1  {STUB}:6" in page
    assert "    You add 1 and 2 and get 4.\n" in page
    assert "    | mine\n" in page
    assert "For a hint: sensei hint 1.1.1" in page
    assert "1 open, 1 failing" in page or "1 failing, 1 open" in page
    assert "assert" not in page
    assert "5 and 1" not in page  # the first of its tests that fails is enough


@pytest.mark.parametrize("option", ["-v", "--tb=long"])
def test_pytests_own_account_comes_back(miniature, option):
    miniature.answer("raise NotImplementedError", "return 4")

    page = read(miniature, "koans", option)

    assert "E       assert False" in page or "assert same" in page
    assert "You add 1 and 2 and get 4." in page


@pytest.mark.parametrize("variable", ["CI", "BUILD_NUMBER"])
def test_long_values_are_not_compared_to_the_last_line_in_ci(miniature, variable):
    compared = "assert [*range(9)] == [*range(1, 10)], 'You add'"
    miniature.replace(TESTS, 'assert same, f"You add', compared + "  # ")
    miniature.answer("raise NotImplementedError", "return one + other")

    page = read(miniature, "koans", "--tb=long", **{variable: "true"})
    verbose = read(miniature, "koans", "-v", **{variable: "true"})

    assert "At index 0 diff: 0 != 1" in page
    assert "Full diff" not in page
    assert "Full diff" in verbose


def test_an_exception_is_told_with_its_line(miniature):
    miniature.answer("raise NotImplementedError", "return one + other['two']")

    page = read(miniature, "koans")

    assert "TypeError: 'int' object is not subscriptable" in page
    assert f"1.1.1  {miniature.place('return one')}\n" in page


def test_a_broken_file_is_told_once(miniature):
    miniature.answer("def nothing", "def nothing(:")

    page = read(miniature, "koans")

    assert page.count("Python cannot read this file") == 1
    assert f"Section 1.1  {miniature.place('def nothing')}\n" in page
    assert "These koans cannot run until then: 1.1.1, 1.1.2" in page
    assert "2 failing" in page


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "def add(",
            "def plus(",
            "`add`, which holds koan 1.1.1, was not found",
        ),
        ("from sensei import ___", "import sensay", "No module named 'sensay'"),
        ("def add(", "1 / 0\ndef add(", "ZeroDivisionError"),
        (
            "raise NotImplementedError",
            "while True: pass",
            "Stopped after 2 s of computing",
        ),
        ("def add(", "async def add(", "You add 1 and 2 and get <coroutine object"),
    ],
)
def test_what_is_broken_is_told_in_words(miniature, old, new, told):
    miniature.answer(old, new)
    if "async" in new:
        miniature.answer("raise NotImplementedError", "return one + other")

    page = " ".join(read(miniature, "koans").split())

    assert told in page
    assert "Traceback" not in page


def test_a_coroutine_that_nobody_awaits_is_told(miniature):
    miniature.answer(
        "raise NotImplementedError",
        "async def plus(): ...\n    plus()\n    return one + other",
    )

    page = read(miniature, "koans")

    assert "`plus(…)` was called, but the coroutine it returned was not" in page
    assert "RuntimeWarning" not in page


def test_a_coroutine_that_an_error_holds_fails_no_other_test(miniature):
    miniature.replace(
        "koans/ch01/test_s01_adding.py",
        "got = answers.add(1, 2)",
        "try: got = answers.add(1, 2)\n"
        "    except ValueError as error: raise AssertionError('It raises.') from error",
    )
    miniature.answer(
        "raise NotImplementedError",
        "async def plus(): ...\n"
        "    held = plus()\n"
        "    if one == 1 and other == 2: raise ValueError\n"
        "    held.close()\n"
        "    return one + other",
    )

    page = read(miniature, "koans")

    assert "It raises." in page
    assert "`plus(…)` was called" not in page
    assert "RuntimeWarning" not in page


def test_no_garbage_is_collected_while_a_report_is_made():
    class Left:
        def __del__(self) -> None:
            collected.append(self)

    collected: list[Left] = []
    with no_collection():
        left = Left()
        left.itself = left
        del left
        kept = [[] for _ in range(100_000)]
        assert not collected
    assert kept
    gc.collect()
    assert collected


LOOKS = """
import gc
from pathlib import Path

from sensei.plugin import execution

classify = execution.classify


def look(error, test):
    with Path("seen.txt").open("a") as seen:
        print(gc.isenabled(), file=seen)
    return classify(error, test)


execution.classify = look
"""


def test_no_garbage_is_collected_while_an_error_is_classified(miniature):
    miniature.write("koans/conftest.py", LOOKS)

    read(miniature, "koans")

    seen = (miniature.root / "seen.txt").read_text().split("\n")
    assert set(filter(None, seen)) == {"False"}


ALLOCATES = """
import gc
from pathlib import Path

import pytest


def full_collections():
    return gc.get_stats()[2]["collections"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    begin = full_collections()
    item.kept = KEPT
    Path("during.txt").write_text(str(full_collections() - begin))
    return (yield)


def pytest_runtest_logstart():
    before.append(full_collections())


def pytest_sessionfinish():
    Path("after.txt").write_text(f"{len(before)} {full_collections() - before[0]}")


before = []
"""


@pytest.mark.parametrize("kept", ["[[] for _ in range(1_500_000)]", "bytes(300 << 20)"])
def test_all_garbage_is_collected_between_tests_not_in_one(miniature, kept):
    miniature.write("koans/conftest.py", ALLOCATES.replace("KEPT", kept))

    read(miniature, "koans")

    assert (miniature.root / "during.txt").read_text() == "0"
    tests, collections = (miniature.root / "after.txt").read_text().split()
    assert collections == tests


PRINTS = """
    import logging, sys
    print("to stdout")
    print("to stderr", file=sys.stderr)
    logging.getLogger("mine").warning("to a log")
    return 4
""".strip()


def test_all_that_an_answer_writes_is_shown(miniature):
    miniature.answer("raise NotImplementedError", PRINTS)

    page = read(miniature, "koans")

    for line in ("to stdout", "to stderr"):
        assert f"    | {line}\n" in page
    assert page.count("to a log") == 1


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("return int(input())", "`input()` reads from the keyboard, and a test has"),
        ("breakpoint()\n    return 3", "`breakpoint()` starts the debugger, which"),
    ],
)
def test_what_needs_a_terminal_is_told_with_how_to_debug(miniature, answer, told):
    miniature.answer("raise NotImplementedError", answer)

    page = read(miniature, "koans")

    assert told in page
    assert f"    pytest {TESTS} -k test_q1_ --pdb\n" in page


@pytest.mark.parametrize("rootdir", [".", "koans", ".."])
def test_an_editor_may_give_another_root(miniature, rootdir):
    page = read(miniature, "koans", "--rootdir", rootdir)

    assert "2 open" in page
    miniature.replace(TESTS, "def test_q1", f"{MODULE_SKIP}\ndef test_q1")
    assert "2 skipped" in read(miniature, "koans", "--rootdir", rootdir, "-n2")


def test_an_editor_may_open_the_folder_above(tmp_path):
    miniature = Miniature(tmp_path / "mine")

    page = read(miniature, "--rootdir", "..", "mine/koans", folder="..")

    assert "2 open" in page
    assert (tmp_path / "mine" / ".sensei" / "progress.json").exists()


def test_a_solution_that_is_broken_is_a_sentence(miniature):
    miniature.replace("solutions/ch01/s01_adding.py", "def add(", "def add((")

    page = read(miniature, "koans")

    assert "solutions/ch01/s01_adding.py:6: This solution cannot be read" in page
    assert "git checkout -- solutions/ch01/s01_adding.py" in page
    assert "Traceback" not in page


def test_an_open_answer_within_a_group_is_open(miniature):
    miniature.answer(
        "    raise NotImplementedError",
        "    try:\n        raise NotImplementedError\n"
        "    except Exception as error:\n        raise ExceptionGroup('', [error])",
    )

    assert "2 open" in read(miniature, "koans")


def test_what_a_library_does_not_implement_is_a_wrong_answer(miniature):
    miniature.answer("from sensei", "import sqlalchemy\nfrom sensei")
    miniature.answer(
        "raise NotImplementedError",
        "return one in sqlalchemy.column('two')",
    )

    page = " ".join(read(miniature, "koans").split())

    assert "NotImplementedError: Operator 'contains' is not supported" in page
    assert "(raised by sqlalchemy, not by the stub)" in page
    assert f"1.1.1 {miniature.place('return one in')} " in page
    assert "1 failing, 1 open in" in page


@pytest.mark.parametrize(
    "answer",
    [
        "raise NotImplementedError\n    return one + other",
        "if one > 99:\n        return one + other\n    raise NotImplementedError",
    ],
)
def test_a_stub_line_that_still_stands_beside_an_answer_is_told(miniature, answer):
    miniature.answer("raise NotImplementedError", answer)

    page = " ".join(read(miniature, "koans").split())

    assert "The line `raise NotImplementedError` still stands in your answer" in page
    assert "Remove it." in page
    assert "2 open" in page


def test_an_answer_that_uses_an_open_one_says_which(miniature):
    miniature.answer("return ___", "return add(0, 0)")

    page = " ".join(read(miniature, "koans").split())

    assert "This uses koan 1.1.1, which is open. Answer it first." in page
    assert page.count("Remove it.") == 0


def test_a_blank_that_is_left_in_an_answer_is_told(miniature):
    miniature.answer("return ___", "return 1 + ___")

    page = read(miniature, "koans")

    place = miniature.place("return 1 + ___")
    assert f"1.1.2  {place}\n    A blank `___` is still to be filled in." in page


@pytest.mark.parametrize(
    ("options", "folder", "told"),
    [
        ([TESTS], ".", "2 open"),
        ([f"{TESTS}::test_q2_the_sum_is_predicted"], ".", "1 open"),
        (["-k", "order", "koans"], ".", "1 open"),
        (["-x"], ".", "1 open"),
        (["-q"], ".", "2 open"),
        (["-qq"], ".", ""),
        (["-n", "2"], ".", "2 open"),
        ([], "koans/ch01", "2 open"),
        (["test_s01_adding.py"], "koans/ch01", "2 open"),
        (["koans/ch01", "--random-order"], ".", "2 open"),
    ],
)
def test_every_way_of_asking_pytest_works(miniature, options, folder, told):
    page = read(miniature, *options, folder=folder)

    assert told in page
    assert "Traceback" not in page
    assert "INTERNALERROR" not in page


def test_a_koan_of_which_a_part_ran_is_not_called_solved(miniature):
    miniature.answer("raise NotImplementedError", "return one + other")

    page = read(miniature, f"{TESTS}::test_q1_the_order_is_free")

    assert "1 passed" in page
    assert "solved" not in page.replace("koans solved", "")


def test_parallel_runs_say_the_same(miniature):
    miniature.answer("raise NotImplementedError", "return 4")

    alone, parallel = read(miniature, "koans"), read(miniature, "koans", "-n", "2")

    assert "You add 1 and 2 and get 4." in parallel
    assert alone[alone.index("Chapter") : alone.index("Next")] in parallel


def test_a_terminal_without_these_letters_gets_others(miniature):
    page = read(miniature, "koans", PYTHONIOENCODING="ascii")

    assert "o 1.1.2  level 2, 6 min  What is the sum of nothing?" in page


def test_colour_comes_when_asked_for(miniature):
    assert "\x1b[" not in read(miniature, "koans")
    assert "\x1b[33m" in read(miniature, "koans", "--color=yes")


def test_the_slowest_tests_are_shown(miniature):
    page = read(miniature, "koans", "--durations=0", "--durations-min=0")

    assert "s call     koans/ch01/test_s01_adding.py::test_q" in page
    assert "2 open in" in page


def test_a_command_is_not_broken_within_a_word(miniature):
    command = "pip install -r requirements-of-this-chapter-alone.lock"
    miniature.replace(TESTS, "You add", f"Install it: {command} You add")
    miniature.answer("raise NotImplementedError", "return 4")

    page = read(miniature, "koans", COLUMNS="40")

    assert "\n    requirements-of-this-chapter-alone.lock\n" in page


def test_what_one_test_leaves_in_a_module_no_other_finds(miniature):
    miniature.answer("from sensei import ___", "seen = []\nfrom sensei import ___")
    miniature.answer(
        "raise NotImplementedError",
        "seen.append(one)\n    return one + other if len(seen) == 1 else 0",
    )

    page = read(miniature, "koans")

    assert "5 and 1 is something else than 1 and 5." in page
    assert "You add" not in page


def test_a_broken_description_of_the_chapter_is_told(miniature):
    miniature.replace(
        "koans/ch01/chapter.toml", 'hints = ["Try it."', 'hits = ["Try it."'
    )

    page = read(miniature, "koans")

    assert (
        "koans/ch01/chapter.toml: [sections.1.questions.2] hints: must be at least 2"
        in page
    )
    assert "2 open" in page


def test_damaged_progress_is_kept_and_told(miniature):
    miniature.write(".sensei/progress.json", "{")

    page = read(miniature, "koans")

    assert (
        ".sensei/progress.json was damaged. It was renamed to progress.json.damaged-"
        in page
    )
    assert "2 open" in page


def test_progress_that_cannot_be_written_is_told(miniature):
    miniature.write(".sensei", "a file where the folder belongs")

    page = read(miniature, "koans")

    assert ".sensei/progress.json cannot be written" in page
    assert "2 open" in page


def test_answers_are_for_koans_only(miniature):
    miniature.write("tests/test_other.py", "def test_other(answers): answers.add(1, 2)")

    assert "`answers` works in tests that are named" in read(miniature, "tests")


def test_a_wrong_choice_is_a_sentence(miniature):
    page = read(miniature, "--answers", "mine")

    assert "invalid choice: 'mine'" in page
    assert "Traceback" not in page
