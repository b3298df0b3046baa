"""All solutions at once: `sensei run` beside `pytest -n 2`, and the tests' own time.

    python benchmarks/whole_run.py [RUNS] [PLACE]

Both run in turn, as whole processes; printed are the ratios of each pair. The tests'
own time is what they take by themselves, shared among all cores.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def timed(command: list[str]) -> tuple[float, bytes]:
    """Return how long `command` takes, which has to succeed, and what it prints."""
    begun = time.perf_counter()
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)  # noqa: S603
    if ended.returncode:
        raise SystemExit(f"{command} ended with {ended.returncode}:\n{ended.stdout!r}")
    return time.perf_counter() - begun, ended.stdout


def own_time(printed: bytes) -> float:
    """Return how long the tests in a JSON report take on all cores."""
    koans = json.loads(printed)["koans"]
    return sum(koan["seconds"] for koan in koans) / (os.cpu_count() or 1)


def main(runs: int, place: str) -> None:
    """Print the ratios."""
    python = [sys.executable, "-P", "-m"]
    sensei = [*python, "sensei", "run", place, "--answers", "solutions", "--json"]
    pytest = [*python, "pytest", place, "-n2", "-q", "--answers", "solutions"]
    faster, above = [], []
    for run in range(-1, runs):  # the first pair warms the caches
        (warm, printed), (plain, _) = timed(sensei), timed(pytest)
        if run >= 0:
            faster.append(plain / warm)
            above.append(warm / own_time(printed))
            own = own_time(printed)
            print(
                f"sensei {warm:.2f} s, tests {own:.2f} s: {above[-1]:.2f}; "
                f"pytest -n 2 {plain:.2f} s: {faster[-1]:.2f}"
            )
    print(
        f"median ratios: {statistics.median(above):.2f} of the tests' own time, "
        f"{statistics.median(faster):.2f} times as fast as pytest"
    )


if __name__ == "__main__":
    words = sys.argv[1:]
    main(int(words[0]) if words else 3, words[1] if len(words) > 1 else "koans")
