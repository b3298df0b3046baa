"""What the environments of tox have run, how long that took, and what was broken."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """What one environment came to.

    `seconds` is what it took, `broken` are the promises that were not kept, in words.
    """

    passed: int
    seconds: float
    broken: Sequence[str] = ()

    @property
    def failed(self) -> int:
        """How many promises were not kept."""
        return len(self.broken)


class Results:
    """The results of the environments; kept in `.tox`."""

    def __init__(self, root: Path) -> None:
        self._folder = root / ".tox" / "results"

    def keep(self, environment: str, result: Result) -> None:
        """Keep the result of this environment, in the place of an earlier one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{environment}.json"
        path.write_text(json.dumps(asdict(result)), encoding="utf-8")

    def total(self) -> Result:
        """Return the sum of all results."""
        found = [
            Result(**json.loads(path.read_text(encoding="utf-8")))
            for path in sorted(self._folder.glob("*.json"))
        ]
        return Result(
            passed=sum(one.passed for one in found),
            seconds=sum(one.seconds for one in found),
            broken=[line for one in found for line in one.broken],
        )
