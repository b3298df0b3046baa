"""From a save to its verdict: the warm runner beside a plain pytest, and Python alone.

    python benchmarks/feedback.py [RUNS]

For a section of each chapter the stub is saved, open and then solved; the time goes
from there, through the same watching of files as in `sensei watch`, to the verdict on
the saved koan and to the last verdict of the section. In turn with it, plain pytest
runs the same section as a process, and so does a Python that does nothing. "tests" is
the time that the tests of the koan take themselves, with their fixtures: the floor.
What is above it is told in starts of Python.
"""

import queue
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sensei.content.repository import Repository
from sensei.content.section import Section
from sensei.content.target import Target
from sensei.runner.client import RunnerClient
from sensei.watch.controller import Controller
from sensei.watch.events import Events, FilesSaved, RunnerSent
from sensei.watch.files import watch_files

ROOT = Path(__file__).parents[1]


@dataclass
class Feedback:
    """Seconds from a save to verdicts; `tests` is what the koan's tests took."""

    koan: float
    section: float
    tests: float


def save(path: Path) -> float:
    """Save the file `path` as an editor does; return when."""
    text = path.read_text(encoding="utf-8")
    begun = time.perf_counter()
    path.write_text(text, encoding="utf-8")
    return begun


def warm(controller: Controller, events: Events, section: Section) -> Feedback:
    """Return how long the warm runner takes after a save of the section's stub."""
    while not events.empty():
        events.get()
    koan = next(iter(section.koans))
    begun = save(section.stub)
    first = tests = 0.0
    while True:
        event = events.get(timeout=60)
        if isinstance(event, FilesSaved) and controller.changed(event.paths):
            controller.run(controller.changed(event.paths), koan)
        elif isinstance(event, RunnerSent):
            verdict = controller.add(event.event)
            if verdict is not None and verdict.koan == koan:
                first, tests = time.perf_counter() - begun, verdict.seconds
            if controller.finish(event.event) is not None:
                return Feedback(first, time.perf_counter() - begun, tests)


def cold(section: Section) -> float:
    """Return how long a plain pytest takes for the section."""
    begun = save(section.stub)
    tests = str(section.tests.relative_to(section.root))
    command = [sys.executable, "-m", "pytest", "-q", tests]
    subprocess.run(command, cwd=section.root, capture_output=True, check=False)  # noqa: S603
    return time.perf_counter() - begun


def empty() -> float:
    """Return how long a Python takes that does nothing."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - begun


def compare(section: Section, answer: str, runs: int) -> float:
    """Print the medians for `section`; return what a save costs in starts of Python."""
    events: Events = queue.SimpleQueue()
    found, plain, ratios = [], [], []
    target = Target([section])
    with (
        RunnerClient(section.root) as client,
        watch_files(section.root, lambda paths: events.put(FilesSaved(paths)), print),
    ):
        controller = Controller(Repository(section.root), target, client, events)
        for run in range(-1, runs):
            feedback, alone = warm(controller, events, section), cold(section)
            above = (feedback.koan - feedback.tests) / empty()
            if run >= 0:  # the first pair warms the caches
                found.append(feedback)
                plain.append(alone)
                ratios.append(above)
    koan = statistics.median(one.koan for one in found)
    whole = statistics.median(one.section for one in found)
    tests = statistics.median(one.tests for one in found)
    alone, above = statistics.median(plain), statistics.median(ratios)
    print(
        f"{section!s:<5} {answer:<6} {koan:>7.3f} {whole:>8.3f} {tests:>7.3f} "
        f"{alone:>7.2f} {above:>6.1f} {alone / koan:>9.1f} {alone / whole:>8.1f}"
    )
    return above


def main(runs: int) -> None:
    """Print a line for a section of each chapter, on a copy of the repository."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        for folder in ("koans", "solutions", "lab", "sensei"):
            shutil.copytree(ROOT / folder, root / folder)
        for file in ("conftest.py", "pyproject.toml"):
            shutil.copy(ROOT / file, root / file)
        print("seconds         koan  section   tests  pytest  above  faster for each")
        ratios: dict[str, list[float]] = {"open": [], "solved": []}
        for sections in Repository(root).chapters.values():
            section = sections[0]
            ratios["open"].append(compare(section, "open", runs))
            shutil.copy(section.solution, section.stub)
            ratios["solved"].append(compare(section, "solved", runs))
    print("from save to verdict, less the tests, in starts of Python (medians):")
    for answer, found in ratios.items():
        print(f"{answer} {statistics.median(found):.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
