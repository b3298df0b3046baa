"""`chapter.toml`: what it says, and what is said about a broken one."""

import pytest

from sensei.content.chapter import ChapterError

CHAPTER = "koans/ch01/chapter.toml"
ASKS = 'asks = "What is the sum of nothing?"'
EFFORT = "level = 2\nminutes = 6\n"


def test_it_is_read(miniature):
    miniature.replace(CHAPTER, EFFORT, "")
    repository = miniature.repository
    (section,) = repository.sections

    described = repository.describe(section)

    assert repository.chapter_title(1) == "Sums"
    assert repository.section_title(section) == described.title == "Adding"
    assert described.notes == "content/docs/sums/adding.md"
    assert described.links == ["Python, Tutorial: Numbers"]
    first, second = described.questions.values()
    assert first.hints == ["Which sign is it?", "The plus sign."]
    assert (first.level, first.minutes) == (1, 3)
    assert (second.level, second.minutes) == (None, None)
    assert (first.effort, second.effort) == ("level 1, 3 min", "")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (EFFORT, "level = 4\n", "level: must be a number, 1 to 3"),
        (EFFORT, "level = true\n", "level: must be a number, 1 to 3"),
        (EFFORT, "minutes = 0\n", "minutes: must be a number, 1 to 20"),
        (ASKS, f"{ASKS}\nminute = 5", "minute: is not a known key"),
        (ASKS, "asks = 3", "asks: must be a text"),
        (ASKS, 'asks = " "', "asks: must be a text"),
        (ASKS, "", "asks: is missing"),
        ('"Try it.", ', "3, ", "hints: must be a list of texts"),
    ],
)
def test_a_broken_question_is_told_with_its_table(miniature, old, new, told):
    miniature.replace(CHAPTER, old, new)

    with pytest.raises(ChapterError) as caught:
        miniature.repository.chapter(1)

    assert str(caught.value) == f"{CHAPTER}: [sections.1.questions.2] {told}."


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[sections.1]", "[sections.one]", "sections: must have numbers as keys"),
        ("content/docs/", "docs/", "[sections.1] notes: must be a path like content/"),
        ('title = "Sums"', "", "title: is missing"),
        ('title = "Sums"', 'title = "Sums"\nlevel = 1', "level: is not a known key"),
    ],
)
def test_a_broken_chapter_is_told(miniature, old, new, told):
    text = (miniature.root / CHAPTER).read_text()
    if "one" in new:
        text = text.replace("sections.1", "sections.one")
    miniature.write(CHAPTER, text.replace(old, new, 1))

    with pytest.raises(ChapterError) as caught:
        miniature.repository.chapter(1)

    assert f"{CHAPTER}: {told}" in str(caught.value)


def test_a_section_without_a_table_is_told(miniature):
    miniature.replace(CHAPTER, "sections.1", "sections.2")
    repository = miniature.repository
    (section,) = repository.sections

    assert repository.section_title(section) == "s01_adding"
    with pytest.raises(ChapterError, match=r"no table for section 1\.1"):
        repository.describe(section)
