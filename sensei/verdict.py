"""The verdict on a koan: one value, which every output renders."""

from dataclasses import dataclass
from enum import StrEnum

from sensei.koan import Koan


class State(StrEnum):
    """What can be said of a koan; worst first."""

    FAILING = "failing"
    OPEN = "open"
    SOLVED = "solved"


@dataclass(frozen=True)
class Finding:
    """What one test found in a learner's answer.

    `message` and `place` are empty where the test passed. `whole_section` is true
    where the trouble is the file's, not the koan's. `printed` is what the answer
    wrote to its output.
    """

    state: State
    message: str = ""
    place: str = ""
    whole_section: bool = False
    printed: str = ""


@dataclass(frozen=True)
class Verdict:
    """What all tests of a koan found together; `seconds` is how long they took."""

    koan: Koan
    state: State
    message: str
    place: str
    seconds: float
    whole_section: bool = False
    printed: str = ""
    test: str = ""
