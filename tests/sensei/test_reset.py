"""Reset: the stub again, nothing lost."""

import pytest

from sensei.commands.reset import ResetError, reset
from sensei.content.target import find_target
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


def test_a_file_that_is_no_python_is_told(miniature):
    miniature.answer("def nothing", "def nothing(")

    with pytest.raises(ResetError, match=r"sensei reset 1\.1\.$"):
        do_reset(miniature, "1.1.1")


def test_a_lost_number_is_told(miniature):
    miniature.answer("1.1.1  How", "How")

    with pytest.raises(ResetError, match=r"of add does not begin with 1\.1\.1"):
        do_reset(miniature, "1.1.1")
