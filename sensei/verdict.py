"""The verdict on a koan: one value, which every output renders."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sensei.koan import Koan


class State(StrEnum):
    """What can be said of a koan; worst first."""

    FAILING = "failing"
    OPEN = "open"
    SOLVED = "solved"


@dataclass(frozen=True)
class Finding:
    """What one test found in a learner's answer.

    `message` and `place` are empty where the test passed. `is_of_file` is true where
    every koan of the file would be told the same. `printed` is what the answer wrote
    to its output.
    """

    state: State
    message: str = ""
    place: str = ""
    is_of_file: bool = False
    printed: str = ""


@dataclass(frozen=True)
class Verdict:
    """What all tests of a koan found together; `seconds` is how long they took."""

    koan: Koan
    state: State
    message: str
    place: str
    seconds: float
    is_of_file: bool = False
    printed: str = ""
    test: str = ""


def verdict_as_json(verdict: Verdict) -> dict[str, Any]:
    """Return `verdict` as `--json` and the progress file have it.

    `seconds` are rounded to milliseconds; `test` is the test that turned it away.
    """
    return {
        "koan": str(verdict.koan),
        "state": verdict.state.value,
        "message": verdict.message,
        "place": verdict.place,
        "seconds": round(verdict.seconds, 3),
        "test": verdict.test,
    }


def verdict_from_json(told: dict[str, Any]) -> Verdict:
    """Return the verdict that `verdict_as_json` made `told` of.

    Raises:
        KeyError, ValueError, TypeError: `told` is not of that form.
    """
    return Verdict(
        koan=Koan.parse(told["koan"]),
        state=State(told["state"]),
        message=str(told["message"]),
        place=str(told["place"]),
        seconds=float(told["seconds"]),
        test=str(told["test"]),
    )
