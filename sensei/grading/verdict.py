"""The verdict on a koan: one value, which every output renders."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from sensei.content.koan import Koan


class State(StrEnum):
    """What can be said of a koan; of its tests, the first of these decides."""

    FAILING = "failing"
    OPEN = "open"
    SKIPPED = "skipped"
    SOLVED = "solved"

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to do here: solved, or it cannot run here."""
        return self in (State.SOLVED, State.SKIPPED)


@dataclass(frozen=True)
class Verdict:
    """What one test says of a koan, or all of its tests together.

    `message` and `location` (`path:line`) are empty where it is solved; where it is
    skipped, the message is the reason. `test` is the test that decided. `is_of_file` is
    true where every koan of the file would get the same message. `printed` is what the
    answer wrote to its output. `seconds` is how long the tests took that were run,
    with the set-up of their fixtures.
    """

    koan: Koan
    state: State
    message: str = ""
    location: str = ""
    seconds: float = 0.0
    test: str = ""
    is_of_file: bool = False
    printed: str = ""

    @property
    def is_final(self) -> bool:
        """Whether it is the koan's, whatever other tests of the koan say.

        The first failing test decides. An untouched koan is open in each of its tests;
        one that was begun is open with a message.
        """
        is_untouched = self.state is State.OPEN and not self.message
        return self.state is State.FAILING or is_untouched

    def to_json(self) -> dict[str, Any]:
        """Return it as `--json` and the progress file have it, rounded to ms."""
        return {
            "koan": str(self.koan),
            "state": self.state.value,
            "message": self.message,
            "location": self.location,
            "seconds": round(self.seconds, 3),
            "test": self.test,
        }

    def to_message(self) -> dict[str, Any]:
        """Return all of it as plain values, for another process."""
        plain = {"koan": str(self.koan), "state": self.state.value}
        return asdict(self) | plain

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the verdict that `to_json` or `to_message` made `data` of.

        Raises:
            KeyError, ValueError, TypeError: `data` is not of that form.
        """
        return cls(
            koan=Koan.parse(data["koan"]),
            state=State(data["state"]),
            message=str(data["message"]),
            location=str(data["location"]),
            seconds=float(data["seconds"]),
            test=str(data["test"]),
            is_of_file=bool(data.get("is_of_file", False)),
            printed=str(data.get("printed", "")),
        )
