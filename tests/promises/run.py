"""Runs of pytest, and what became of each of their tests."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TypedDict

from sensei.content.repository import Repository

_ROOT = Path(__file__).parents[2]
_LAST_LINES = 40  # of the output of a run that did not come to its end


class Record(TypedDict):
    """What became of one test, as `tests.promises.recorder` writes it.

    `is_open` and `is_explained` say of a failure whether it is an open answer, or an
    assertion with a message.
    """

    test: str
    variant: str | None
    outcome: str
    text: str
    error: str | None
    is_open: bool
    is_explained: bool


def run_pytest(
    root: Path, paths: Sequence[str], *options: str, a_core: int = 2
) -> list[Record]:
    """Run these paths of the repository in `root` with pytest.

    Many tests wait, so each core has several processes: `a_core`. The output of pytest
    goes where the output of this process goes.

    Raises:
        RuntimeError: pytest did not come to its end, or ran no test; says what it
            printed last.
    """
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record.jsonl"
        record.touch()
        # A process that has nothing left to do takes tests from another one.
        workers = (f"-n{a_core * (os.cpu_count() or 1)}", "--dist=worksteal")
        command = [sys.executable, "-m", "pytest", *paths, *workers, "-q", *options]
        running = subprocess.Popen(
            [*command, "-p", "no:cacheprovider", "-p", "tests.promises.recorder"],
            cwd=root,
            env=os.environ | {"PROMISES_RECORD": str(record), "PYTHONPATH": str(_ROOT)},
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        with running:
            last = _passed_on(running.stdout)
        lines = record.read_text(encoding="utf-8").splitlines()
    if running.returncode not in (0, 1) or not lines:
        status = f"pytest ended with exit status {running.returncode}"
        raise RuntimeError(f"{status}. Last it printed:\n{last}")
    return [json.loads(line) for line in lines]


def _passed_on(output: IO[str] | None) -> str:
    """Print each line of `output` as it comes; return the last ones."""
    last: deque[str] = deque(maxlen=_LAST_LINES)
    for line in output or ():
        print(line, end="", flush=True)
        if line.strip(" .s%[]0123456789\n"):
            last.append(line)
    return "".join(last)


def copy_as_shipped(repository: Repository, folder: Path) -> Repository:
    """Return a copy of the repository's koans in `folder`, their answers open again."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("koans", "solutions"):
        shutil.copytree(repository.root / name, folder / name, ignore=ignored)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(repository.root / name, folder / name)
    copy = Repository(folder)
    for section in copy.sections:
        shutil.rmtree(section.stub_folder, ignore_errors=True)
        for path, text in section.shipped_files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return copy
