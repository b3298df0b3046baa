"""Reset: the stub again, nothing lost."""

import pytest

from sensei.commands.reset import ResetError, reset, restore
from sensei.content.answer import AnswerError
from sensei.content.koan import Koan
from sensei.content.target import find_target
from sensei.grading.verdict import State, Verdict
from sensei.state.progress import Progress
from tests.miniature import STUB


def do_reset(miniature, typed):
    return reset(miniature.root, find_target(miniature.repository, typed))


def mine(miniature):
    return (miniature.root / STUB).read_text()


def test_a_section_is_as_shipped_and_my_version_is_kept(miniature):
    shipped = mine(miniature)
    miniature.answer("return ___", "return 7")

    (kept,) = do_reset(miniature, "1.1")

    assert mine(miniature) == shipped
    assert "return 7" in kept.read_text()
    assert kept.parent == miniature.root / ".sensei" / "backups"


def test_a_koan_is_replaced_and_the_others_stay(miniature):
    miniature.answer("return ___", "return 7")
    miniature.answer(
        "    raise NotImplementedError", "    total = one\n    return total"
    )
    miniature.answer("from sensei", "import math  # mine\nfrom sensei")

    do_reset(miniature, "1.1.1")

    assert "raise NotImplementedError" in mine(miniature)
    assert "total" not in mine(miniature)
    assert "return 7" in mine(miniature)
    assert "import math  # mine" in mine(miniature)


@pytest.mark.parametrize("koan", ["1.1.1", "1.1.2"])
def test_a_koan_that_was_deleted_comes_back_in_its_place(miniature, koan):
    shipped = mine(miniature)
    definition = next(
        one
        for one in miniature.repository.sections[0].koans.values()
        if str(one.koan) == koan
    )
    miniature.answer(definition.source, "")

    do_reset(miniature, koan)

    assert mine(miniature) == shipped


def test_a_file_that_was_deleted_comes_back(miniature):
    shipped = mine(miniature)
    (miniature.root / STUB).unlink()

    assert do_reset(miniature, "1.1.1") == []
    assert mine(miniature) == shipped


def test_nothing_is_written_where_nothing_was_changed(miniature):
    assert do_reset(miniature, "ch01") == []


def test_twice_in_a_second_both_versions_are_kept(miniature):
    miniature.answer("return ___", "return 7")
    (first,) = do_reset(miniature, "1.1")
    miniature.answer("return ___", "return 8")
    (second,) = do_reset(miniature, "1.1")

    assert "return 7" in first.read_text()
    assert "return 8" in second.read_text()


# What a learner did to the first koan, whose file Python cannot read any more.
BROKEN = {
    "an open bracket": ("    raise NotImplementedError", "    return (one + other"),
    "an open text": ("    raise NotImplementedError", '    return """sum'),
    "no colon": ('-> int:\n    """1.1.1', '-> int\n    """1.1.1'),
    "no def": ("def add(", "add("),
    "a decorator": ("def add(", "@(lambda add: add\n@staticmethod(\n)\ndef add("),
    "several lines": (
        "def add(one: int, other: int) -> int:",
        "def add(\n    one: int,\n    other int,\n) -> int:",
    ),
    "another indentation": ("    raise NotImplementedError", "      return 1\n  pass"),
}


@pytest.mark.parametrize("damage", BROKEN)
def test_the_koan_that_python_cannot_read_is_reset_alone(miniature, damage):
    shipped = mine(miniature)
    miniature.answer(*BROKEN[damage])
    miniature.answer("return ___", "return 0  # mine")
    miniature.answer("def nothing", "# my notes\ndef nothing")

    (kept,) = do_reset(miniature, "1.1.1")

    expected = shipped.replace("return ___", "return 0  # mine")
    expected = expected.replace("def nothing", "# my notes\ndef nothing")
    assert mine(miniature) == expected
    assert BROKEN[damage][1] in kept.read_text()


def test_what_was_given_after_a_broken_koan_stays(miniature):
    given = "\n\nTOTAL = 7\n\n\ndef nothing"
    miniature.replace("solutions/ch01/s01_adding.py", "\n\n\ndef nothing", given)
    do_reset(miniature, "1.1")
    miniature.answer("TOTAL = 7", "TOTAL = 7\nMINE = 8")
    miniature.answer("    raise NotImplementedError", "    return (")

    do_reset(miniature, "1.1.1")

    assert "\n\nTOTAL = 7\nMINE = 8\n" in mine(miniature)
    assert "raise NotImplementedError" in mine(miniature)


def test_a_koan_that_is_gone_from_a_broken_file_is_told(miniature):
    miniature.answer("1.1.1  How", "How")
    miniature.answer("def add(", "def plus((")

    with pytest.raises(AnswerError, match=r"sensei reset 1\.1\.$"):
        do_reset(miniature, "1.1.1")


def test_a_file_of_another_encoding_is_told(miniature):
    (miniature.root / STUB).write_bytes(b"name = '\xe4'\n")

    with pytest.raises(ResetError, match="Save it as UTF-8"):
        do_reset(miniature, "1.1.1")


@pytest.mark.parametrize(("typed", "left"), [("1.1.1", [Koan(1, 1, 2)]), ("1.1", [])])
def test_what_was_recorded_is_forgotten(miniature, typed, left):
    progress = Progress(miniature.root)
    verdicts = [Verdict(Koan(1, 1, one), State.SOLVED) for one in (1, 2)]
    progress.record(miniature.repository, verdicts)
    miniature.answer("raise NotImplementedError", "return one + other")

    do_reset(miniature, typed)

    assert list(progress.read()) == left


def do_restore(miniature, typed):
    return restore(miniature.root, find_target(miniature.repository, typed))


@pytest.mark.parametrize("typed", ["1.1.2", "1.1"])
def test_restore_brings_back_what_reset_replaced(miniature, typed):
    miniature.answer("return ___", "return 7")
    do_reset(miniature, typed)
    miniature.answer("raise NotImplementedError", "return 3")

    (kept,) = do_restore(miniature, typed)

    assert "return 7" in mine(miniature)
    assert "return 3" in kept.read_text()
    # A koan is brought back alone, a section as it was.
    assert ("return 3" in mine(miniature)) == (typed == "1.1.2")


def test_restore_brings_back_an_answer_that_python_cannot_read(miniature):
    miniature.answer("    raise NotImplementedError", "    return (one + other")
    do_reset(miniature, "1.1.1")

    do_restore(miniature, "1.1.1")

    assert "    return (one + other\n" in mine(miniature)
    assert mine(miniature).count("return ___") == 1


def test_restore_takes_the_newest_that_is_another(miniature):
    for number in (7, 8):
        miniature.answer("return ___", f"return {number}")
        do_reset(miniature, "1.1.2")
    do_restore(miniature, "1.1.2")
    newest = mine(miniature)
    do_restore(miniature, "1.1.2")

    assert "return 8" in newest
    assert "return 7" in mine(miniature)


def test_restore_says_where_there_is_nothing_to_restore(miniature):
    miniature.answer("return ___", "return 7")
    do_reset(miniature, "1.1.2")

    with pytest.raises(ResetError, match=r"no other version of it in \.sensei/backups"):
        do_restore(miniature, "1.1.1")


def test_a_lost_number_is_told(miniature):
    miniature.answer("1.1.1  How", "How")

    with pytest.raises(AnswerError, match=r"of add does not begin with 1\.1\.1"):
        do_reset(miniature, "1.1.1")
