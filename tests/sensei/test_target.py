"""Targets, as people type them."""

import pytest

from sensei.content.target import TargetError, find_target


@pytest.mark.parametrize("typed", ["ch01", "1", "01", "CH1", "1.1", "01.01", None])
def test_a_chapter_and_a_section(miniature, typed):
    target = find_target(miniature.repository, typed)

    assert [str(koan) for koan in target.koans] == ["1.1.1", "1.1.2"]


def test_a_koan(miniature):
    target = find_target(miniature.repository, " 1.1.2 ")

    assert str(target.koan) == "1.1.2"


@pytest.mark.parametrize(
    "path",
    [
        "koans",
        "koans/ch01",
        "koans/ch01/s01_adding.py",
        "koans/ch01/test_s01_adding.py",
        "koans/ch01/s01_adding/q1/some_file.py",
        "solutions/ch01/s01_adding.py",
        "tests/variants/ch01/",
    ],
)
def test_a_path(miniature, monkeypatch, path):
    monkeypatch.chdir(miniature.root)

    assert len(find_target(miniature.repository, path).koans) == 2


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("1.1.9", "1.1.1"),
        ("2", "ch01"),
        ("1.2", "1.1"),
        ("adding", "ch01"),
        ("", "ch01"),
    ],
)
def test_a_wrong_target_is_told_with_what_is_similar(miniature, typed, near):
    with pytest.raises(TargetError, match=f"koan '{typed}'.*Did you mean.*{near}"):
        find_target(miniature.repository, typed)
