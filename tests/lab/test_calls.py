"""Calls are counted by name, as long as the block lasts."""

import json
import sys

from lab import calls


def double(number: int) -> int:
    return 2 * number


def test_functions_written_in_python_are_counted() -> None:
    with calls() as made:
        for number in range(3):
            double(number)
        json.loads("[]")

    assert made[f"{__name__}.double"] == 3
    assert made["json.loads"] == 1
    assert "json.loads" in made.of("json")
    assert "json.decoder.JSONDecoder.decode" not in made.of("json.scanner")


def test_what_comes_after_the_block_is_not() -> None:
    before = sys.getprofile()
    with calls() as made:
        pass
    double(1)

    assert f"{__name__}.double" not in made
    assert sys.getprofile() is before
