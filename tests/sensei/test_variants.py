"""Of variants: which text each one stands for."""

import linecache
from dataclasses import replace
from types import ModuleType

import pytest

from sensei.variants import Variant, variants
from tests.miniature import Miniature

VARIANTS = "tests/variants/ch01/s01_adding.py"
MARKED = '@right("1.1.1")\n'
COMMENTED = f"""
{MARKED}@(
    lambda add: add
)
def add(one, other):
    # Two comments,
    return one + other  # kept as they are


"""


@pytest.fixture
def variant(miniature: Miniature) -> Variant:
    """A variant with decorators and comments."""
    text = (miniature.root / VARIANTS).read_text(encoding="utf-8")
    miniature.write(VARIANTS, text.replace(MARKED, COMMENTED + MARKED, 1))
    return next(
        one for one in variants(miniature.repository.sections[0]) if not one.caught_by
    )


def load(variant: Variant) -> ModuleType:
    with variant.written_out() as path:
        return variant.load(path)


def test_a_variant_is_the_solution_with_other_lines(
    miniature: Miniature, variant: Variant
) -> None:
    (section,) = miniature.repository.sections
    solution = section.solution.read_text(encoding="utf-8")

    for line in COMMENTED.replace(MARKED, "").strip().splitlines():
        assert line in variant.text.splitlines()
    assert "import operator" in variant.text
    assert "@right" not in variant.text
    assert variant.text.endswith(solution[solution.index("def nothing") :])


def test_a_module_has_the_text_that_was_loaded(variant: Variant) -> None:
    module = load(variant)

    assert vars(module)["__source__"] == variant.text
    assert module.add(1, 2) == 3


def test_the_lines_of_a_variant_are_found(variant: Variant) -> None:
    lines = linecache.getlines(load(variant).__file__ or "")

    assert "".join(lines) == variant.text


@pytest.mark.parametrize("case", ["-3-Ana", "Ana-", "a]", "[b"])
@pytest.mark.parametrize("form", ["{case}-{label}", "{label}-{case}"])
def test_a_wrong_variant_is_for_the_case_that_its_mark_names(
    variant: Variant, case: str, form: str
) -> None:
    wrong = replace(variant, caught_by=f"test_q1_add[{case}]")
    ids = form.format(case=case, label=wrong.label)
    other = form.format(case=f"x{case}", label=wrong.label)

    assert wrong.is_for_case(f"test_q1_add[{ids}]")
    assert not wrong.is_for_case(f"test_q1_add[{other}]")


def test_a_variant_s_id_stands_between_others(variant: Variant) -> None:
    wrong = replace(variant, caught_by="test_q1_add[-1-2]")

    assert wrong.is_for_case(f"test_q1_add[-1-{wrong.label}-2]")
    assert wrong.is_for_case(f"test_q1_add[{wrong.label}--1-2]")
