"""Places, as people type them."""

import pytest

from sensei.place import PlaceError, find_place


@pytest.mark.parametrize("typed", ["ch01", "1", "01", "CH1", "1.1", "01.01", None])
def test_a_chapter_and_a_section(miniature, typed):
    place = find_place(miniature.repository, typed)

    assert [str(koan) for koan in place.koans] == ["1.1.1", "1.1.2"]


def test_a_koan(miniature):
    place = find_place(miniature.repository, " 1.1.2 ")

    assert str(place.koan) == "1.1.2"


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

    assert len(find_place(miniature.repository, path).koans) == 2


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
def test_a_wrong_place_is_told_with_what_is_near(miniature, typed, near):
    with pytest.raises(PlaceError, match=f"no place '{typed}'.*{near}"):
        find_place(miniature.repository, typed)
