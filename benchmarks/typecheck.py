"""The type checker: a warm check of chapter 25 beside mypy that begins with nothing.

    python benchmarks/typecheck.py [RUNS]

On a copy of the repository in which the chapter is solved. The times are taken in turn,
so their ratios hold on a busy machine as well; before each one the answers are changed,
so that nothing is known of them. "watch" goes from the request to the last verdict of
the chapter, which has mypy run three times: strict, with a learner's settings, and
without the plugin.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from sensei.content.repository import Repository
from sensei.content.section import Section
from sensei.runner.client import RunnerClient
from sensei.runner.protocol import Event, RequestDone

ROOT = Path(__file__).parents[1]


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds `work` takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def run(root: Path, *words: str) -> None:
    """Run a module of Python in the folder `root`, to its end."""
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(done.stdout.decode())


def change(section: Section) -> None:
    """Save the solution of `section` as its answers, as nobody has seen it yet."""
    solved = section.solution.read_text(encoding="utf-8")
    section.stub.write_text(f"{solved}# {time.time_ns()}\n", encoding="utf-8")


def watched(client: RunnerClient, section: Section, events: Iterator[Event]) -> None:
    """Ask the warm process for all of `section`, and wait for the last verdict."""
    done = RequestDone(client.run([section], None))
    for event in events:
        if event == done:
            return


def measure(root: Path, section: Section, runs: int) -> dict[str, list[float]]:
    """Return the seconds that each way takes, run by run."""
    mypy = ["mypy", "--strict", str(section.solution), "--cache-dir"]
    nothing, known = root / ".sensei" / "mypy", root / "mypy"
    tests = ["pytest", "-q", str(section.tests.parent)]
    ways: dict[str, list[float]] = {}

    def note(name: str, work: Callable[[], object]) -> None:
        change(section)
        ways.setdefault(name, []).append(timed(work))

    change(section)
    run(root, *mypy, str(known))
    run(root, *tests)
    with RunnerClient(root) as client:
        events = client.events()
        watched(client, section, events)
        for number in range(runs):
            note("mypy, cold", partial(run, root, *mypy, str(root / f"m{number}")))
            note("mypy, warm", partial(run, root, *mypy, str(known)))
            note("pytest, warm", partial(run, root, *tests))
            note("watch, warm", partial(watched, client, section, events))
            shutil.rmtree(nothing)
            note("pytest, cold", partial(run, root, *tests))
    return ways


def main(runs: int) -> None:
    """Print for each way its median, and the median of its ratios to a cold mypy."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        for folder in ("koans/ch25", "solutions/ch25"):
            shutil.copytree(ROOT / folder, root / folder)
        for file in ("conftest.py", "pyproject.toml"):
            shutil.copy(ROOT / file, root / file)
        (section,) = Repository(root).sections
        ways = measure(root, section, runs)
    cold = ways["mypy, cold"]
    print(f"{'':<14} seconds  of a cold mypy")
    for way, seconds in ways.items():
        share = statistics.median(
            one / whole for one, whole in zip(seconds, cold, strict=True)
        )
        print(f"{way:<14} {statistics.median(seconds):>7.2f}  {share:>10.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
