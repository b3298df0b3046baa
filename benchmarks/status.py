"""The bare `sensei`, the commonest command, beside a Python that does nothing.

    python benchmarks/status.py [RUNS]

Both run in turn, as whole processes; printed is the median of the ratios.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
EMPTY = ["-c", "pass"]
# As the script `sensei` that pip installs.
BARE = ["-P", "-c", "from sensei.__main__ import main; main()"]


def seconds(words: list[str]) -> float:
    """Return how long Python takes with `words`; it has to succeed."""
    begun = time.perf_counter()
    command = [sys.executable, *words]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    return time.perf_counter() - begun


def main(runs: int) -> None:
    """Print the medians and the ratio."""
    seconds(BARE)  # the first one fills the caches
    pairs = [(seconds(EMPTY), seconds(BARE)) for _ in range(runs)]
    empty, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(bare / empty for empty, bare in pairs)
    print(f"empty Python {empty:.3f} s, sensei {bare:.3f} s: {ratio:.1f} times as long")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
