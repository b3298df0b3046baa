"""Stubs, cut from solutions."""

import textwrap

import pytest

from sensei.content.stub import CutError, cut, given_lines, strip_marks


def text(lines: str) -> str:
    return textwrap.dedent(lines).lstrip("\n")


def test_an_answer_becomes_not_implemented():
    solution = text("""
        def one():
            # region answer
            return 1
            # endregion
    """)

    assert cut(solution) == "def one():\n    raise NotImplementedError\n"


def test_stub_lines_keep_their_indentation():
    solution = text("""
        def one():
            # region answer
            return 1
            # stub: if True:
            # stub:     return ___
            # endregion
    """)

    assert cut(solution) == "def one():\n    if True:\n        return ___\n"


def test_an_empty_stub_line_leaves_nothing_and_no_gap():
    solution = text("""
        import os


        # region answer
        import sys
        # stub:
        # endregion


        def one(): ...
    """)

    assert cut(solution) == "import os\n\n\ndef one(): ...\n"


def test_other_comments_are_cut_as_well():
    solution = text("""
        message Order {
          // region answer
          int32 number = 1;
          // stub: // your field
          // endregion
        }
    """)

    assert cut(solution) == "message Order {\n  // your field\n}\n"


def test_the_whole_solution_has_no_marks_and_the_frame_no_answers():
    solution = text("""
        def one():
            # region answer
            # In words: one.
            return 1
            # stub: return ___
            # endregion
    """)

    assert strip_marks(solution) == "def one():\n    # In words: one.\n    return 1\n"
    assert given_lines(solution) == ["def one():"]


def test_a_line_ends_where_python_ends_it():
    solution = 'SEPARATOR = "\u2028"\n# region answer\nx = 1\n# endregion\n'

    assert cut(solution) == 'SEPARATOR = "\u2028"\nraise NotImplementedError\n'


@pytest.mark.parametrize(
    ("solution", "told"),
    [
        ("# region answer\n", "s.py:1: This answer is never closed"),
        ("\n# endregion\n", "s.py:2: This endregion closes no answer"),
        ("# region answer\n# region answer\n", "s.py:2: An answer opens within"),
        ("# stub: return 1\n", "s.py:1: This stub line is in no answer"),
    ],
)
def test_marks_that_do_not_pair_up_are_told(solution, told):
    with pytest.raises(CutError, match=told):
        cut(solution, "s.py")
