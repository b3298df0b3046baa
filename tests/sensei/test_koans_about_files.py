"""A koan may be about files, in a folder named like its section beside the stub."""

import pytest

from sensei.commands.reset import reset
from sensei.content.target import find_target
from tests.miniature import Miniature
from tests.promises import reports, written
from tests.promises.run import copy_as_shipped, run_pytest
from tests.sensei.test_plugin import read

FOLDER = "ch01/s01_adding/q2"
SUMS = '''
"""The sum of nothing."""

# region answer
TOTAL = 0
# stub: TOTAL = None
# endregion
'''
TEST = """
def test_q2_the_sum_is_in_the_file(answers):
    text = (answers.nothing() / "sums.py").read_text()
    same = "TOTAL = 0" in text
    assert same, f"The file holds {text!r}."
"""
VARIANT = '''
@{kind}("1.1.2"{test}, files={{"q2/sums.py": """
    TOTAL = {total}
"""}})
def nothing():
    return Path(__file__).with_suffix("") / "q2"
'''


def variant(total: object) -> str:
    """Return a variant of the file that holds this total."""
    if total == 0:
        return VARIANT.format(kind="right", test="", total=total)
    caught_by = ', caught_by="test_q2_the_sum_is_in_the_file"'
    return VARIANT.format(kind="wrong", test=caught_by, total=total)


@pytest.fixture
def about_files(miniature: Miniature) -> Miniature:
    """A miniature whose second koan is about a file."""
    miniature.replace(
        "solutions/ch01/s01_adding.py",
        "    # region answer\n    return 0\n    # stub: return ___\n    # endregion\n",
        '    return Path(__file__).with_suffix("") / "q2"\n',
    )
    for name in ("solutions/ch01/s01_adding.py", "tests/variants/ch01/s01_adding.py"):
        text = (miniature.root / name).read_text(encoding="utf-8")
        kept = text.partition('\n@wrong("1.1.2"')[0] if "variants" in name else text
        miniature.write(name, kept.replace("\n\n", "\n\nfrom pathlib import Path\n", 1))
    tests = "koans/ch01/test_s01_adding.py"
    kept = (miniature.root / tests).read_text().partition("def test_q2")[0]
    miniature.write(tests, kept + TEST)
    miniature.write(f"solutions/{FOLDER}/sums.py", SUMS)
    variants = "tests/variants/ch01/s01_adding.py"
    kept = (miniature.root / variants).read_text()
    for total in (0, 0, 1, 2, 3):
        kept += variant(total)
    miniature.write(variants, kept)
    reset(miniature.root, find_target(miniature.repository, None))
    return miniature


def test_it_is_cut_like_its_stub(about_files):
    text = (about_files.root / f"koans/{FOLDER}/sums.py").read_text()

    assert text == '\n"""The sum of nothing."""\n\nTOTAL = None\n'


def test_it_is_open_until_a_file_is_changed(about_files):
    assert "2 open in" in read(about_files, "koans")

    about_files.replace(f"koans/{FOLDER}/sums.py", "TOTAL = None", "TOTAL = 3")
    page = read(about_files, "koans")

    assert "The file holds" in page
    assert "1 failing, 1 open" in page

    about_files.replace(f"koans/{FOLDER}/sums.py", "TOTAL = 3", "TOTAL = 0")
    assert "1 open, 1 solved" in read(about_files, "koans")


def test_a_file_that_is_begun_is_open_at_a_line_that_stands_as_shipped(about_files):
    about_files.write(
        f"solutions/{FOLDER}/sums.py",
        "def total():\n    # region answer\n    return 0\n"
        "    # stub: raise NotImplementedError\n    # endregion\n",
    )
    about_files.replace(
        "koans/ch01/test_s01_adding.py",
        'text = (answers.nothing() / "sums.py").read_text()\n',
        'text = runpy.run_path(answers.nothing() / "sums.py")["total"]()\n',
    )
    about_files.replace(
        "koans/ch01/test_s01_adding.py", "def test_q2", "import runpy\n\ndef test_q2"
    )
    reset(about_files.root, find_target(about_files.repository, None))
    about_files.replace(f"koans/{FOLDER}/sums.py", "def", "BEGUN = 1\ndef")

    page = read(about_files, "koans")

    assert "2 open in" in page
    assert "still stands in your answer" in page


def test_a_variant_has_files_of_its_own(about_files):
    page = read(about_files, "koans", "--answers", "variants")

    assert "6 rejected, 4 accepted" in page


def test_another_solution_of_a_file_is_judged(about_files):
    about_files.replace("tests/variants/ch01/s01_adding.py", "TOTAL = 1", "TOTAL = 0")

    assert "passes the test" in read(about_files, "koans", "--answers", "variants")


def test_reset_brings_the_file_back_and_keeps_mine(about_files):
    file = f"koans/{FOLDER}/sums.py"
    about_files.replace(file, "TOTAL = None", "TOTAL = 3")

    (kept,) = reset(about_files.root, find_target(about_files.repository, "1.1.2"))

    assert "TOTAL = 3" in kept.read_text()
    assert "TOTAL = None" in (about_files.root / file).read_text()


def test_what_python_keeps_there_is_no_change(about_files):
    before = about_files.repository.sections[0].fingerprint
    about_files.write(f"koans/{FOLDER}/__pycache__/sums.cpython-311.pyc", "")

    assert about_files.repository.sections[0].fingerprint == before


def test_the_promises_hold_where_a_learner_has_solved_it(about_files, tmp_path):
    about_files.replace(f"koans/{FOLDER}/sums.py", "TOTAL = None", "TOTAL = 0")

    copy = copy_as_shipped(about_files.repository, tmp_path / "copy")
    records = run_pytest(copy.root, ["koans"])

    assert reports.every_shipped_test_fails(records, copy.sections) == []
    assert written.every_koan_is_complete(about_files.repository) == []
