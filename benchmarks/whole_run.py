"""All solutions at once: `sensei run` beside `pytest -n 2`.

    python benchmarks/whole_run.py [RUNS] [PLACE]

Both run in turn, as whole processes; printed is the ratio of each pair.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def seconds(command: list[str]) -> float:
    """Return how long `command` takes, which has to succeed."""
    begun = time.perf_counter()
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)  # noqa: S603
    if ended.returncode:
        raise SystemExit(f"{command} ended with {ended.returncode}:\n{ended.stdout!r}")
    return time.perf_counter() - begun


def main(runs: int, place: str) -> None:
    """Print the ratios."""
    python = [sys.executable, "-P", "-m"]
    sensei = [*python, "sensei", "run", place, "--answers", "solutions"]
    pytest = [*python, "pytest", place, "-n2", "-q", "--answers", "solutions"]
    ratios = []
    for run in range(-1, runs):  # the first pair warms the caches
        warm, plain = seconds(sensei), seconds(pytest)
        if run >= 0:
            ratios.append(plain / warm)
            print(f"sensei {warm:.2f} s, pytest -n 2 {plain:.2f} s: {ratios[-1]:.2f}")
    print(f"median ratio: {statistics.median(ratios):.2f} times as fast")


if __name__ == "__main__":
    words = sys.argv[1:]
    main(int(words[0]) if words else 3, words[1] if len(words) > 1 else "koans")
