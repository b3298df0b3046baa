"""Of `outcome`, `attempt` and `in_words`."""

import pytest
from fastapi.exceptions import ResponseValidationError
from pydantic import BaseModel

from lab import attempt, in_words, outcome, returned_or_raised


def test_an_outcome_is_the_value_or_the_exception() -> None:
    assert outcome(lambda: 7) == 7
    assert isinstance(outcome(lambda: int("x")), ValueError)


def _open() -> None:
    raise NotImplementedError


def test_an_open_answer_stays_open() -> None:
    with pytest.raises(NotImplementedError):
        outcome(_open)


def test_an_attempt_returns_the_value() -> None:
    assert attempt("Counting", int, "11", base=2) == 3


def test_a_failed_attempt_says_what_was_done_and_what_was_raised() -> None:
    with pytest.raises(AssertionError) as raised:
        attempt("Counting", int, "x")

    assert str(raised.value).startswith("Counting raised ValueError: invalid literal")
    assert isinstance(raised.value.__cause__, ValueError)


def test_a_long_value_is_cut() -> None:
    assert in_words("a" * 200) == "'" + "a" * 96 + "..."
    assert in_words("a" * 98) == repr("a" * 98)


def test_an_address_in_memory_is_left_out() -> None:
    assert in_words([outcome]) == "[<function outcome>]"
    assert in_words(TypeError(f"{object()} is new")) == (
        "TypeError: <object object> is new"
    )


def test_an_exception_is_one_line() -> None:
    assert in_words(ValueError("one\ntwo")) == "ValueError: one"
    assert in_words(KeyError()) == "KeyError()"


class _Stock(BaseModel):
    sku: str
    pieces: int


def test_a_validation_error_is_its_first_entry() -> None:
    seen = outcome(lambda: _Stock.model_validate({"sku": "pen"}))
    assert in_words(seen) == "ValidationError: pieces: Field required"

    seen = outcome(lambda: _Stock.model_validate("pen"))
    assert in_words(seen).startswith("ValidationError: Input should be a valid dict")


def test_a_coroutine_in_a_response_is_a_missing_await() -> None:
    async def count() -> int:
        return 1

    coroutine = count()
    seen = ResponseValidationError(
        [{"loc": ("response",), "msg": "no integer", "input": coroutine}]
    )
    assert in_words(seen) == (
        "ResponseValidationError: `await` is missing before `count(...)`"
    )


def test_an_exception_about_a_coroutine_is_a_missing_await() -> None:
    async def count() -> int:
        return 1

    def add() -> int:
        counted = count()
        return counted + 1  # type: ignore[operator]

    assert in_words(outcome(add)) == (
        "TypeError: `await` is missing before `count(...)`"
    )
    assert in_words(ValueError("no coroutine")) == "ValueError: no coroutine"


def test_a_coroutine_is_a_missing_await() -> None:
    async def count() -> int:
        return 1

    assert in_words(count()) == (
        "a coroutine, because `await` is missing before `count(...)`"
    )


def test_an_outcome_is_said_to_be_returned_or_raised() -> None:
    assert returned_or_raised(5) == "returned 5"
    assert returned_or_raised(ValueError("one")) == "raised ValueError: one"
