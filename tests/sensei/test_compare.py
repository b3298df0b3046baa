"""Compare: my answer beside the solution."""

from sensei.commands.compare import compare
from sensei.content.koan import Koan
from tests.miniature import STUB

ADD = Koan(1, 1, 1)


def compared(miniature, koan=ADD):
    return compare(miniature.repository.sections[0], koan)


def test_code_that_was_reformatted_and_moved_is_the_same(miniature):
    miniature.answer(
        "    raise NotImplementedError", "    return (\n  one\n  + other)  # so"
    )
    text = (miniature.root / STUB).read_text()
    start, end = text.index("def add"), text.index("def nothing")
    miniature.write(STUB, text[:start] + text[end:] + "\n\n" + text[start:end])

    assert compared(miniature).is_same


def test_other_code_is_not_the_same(miniature):
    miniature.answer("raise NotImplementedError", "return sum([one, other])")

    comparison = compared(miniature)

    assert not comparison.is_same
    (part,) = comparison.parts
    assert "sum([one, other])" in (part.mine or "")
    assert "region" not in part.solution


def test_the_answer_in_words_stands_apart(miniature):
    miniature.replace(
        "solutions/ch01/s01_adding.py",
        "    return one + other",
        "    # In words: a plus\n    # does it.\n    return one + other",
    )

    comparison = compared(miniature)

    assert comparison.in_words == "a plus does it."
    assert "In words" not in comparison.parts[0].solution


def test_an_answer_that_was_not_found_is_none(miniature):
    miniature.write(STUB, "def add(:")

    assert compared(miniature).parts[0].mine is None
    assert not compared(miniature).is_same
