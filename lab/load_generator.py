"""Locust as an instrument: what a locustfile does to a server.

Locust runs in a process of its own: importing it changes how sockets and threads work
in a process. It takes a second to start, so one process runs the locustfiles of a
session, one after the other.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.open_answer import raise_not_implemented

_DRIVER = Path(__file__).with_name("locust_driver.py")
# Seconds that users get to end their tasks, and that the process gets beyond that.
_PATIENCE = 10.0
_GRACE = 25.0


@dataclass(frozen=True)
class Reported:
    """A request in Locust's statistics.

    `name` is what the statistics call it, and `failure` is the message if it counts as
    a failure.
    """

    method: str
    path: str
    name: str
    failure: str | None


@dataclass(frozen=True)
class LoadTest:
    """What Locust reports of a load test.

    `waits` are the seconds that each user wanted to wait, in their order, and `errors`
    the exceptions that left tasks and `on_start`.
    """

    requests: list[Reported]
    waits: list[list[float]]
    errors: list[str]


class LoadGenerator:
    """A process that runs locustfiles."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(
        self,
        locustfile: Path,
        host: str,
        *,
        users: int,
        tasks: int,
        patience: float = _PATIENCE,
    ) -> LoadTest:
        """Return what Locust reports of this number of users.

        Each user runs this number of tasks. To make the numbers exact, Locust does not
        choose tasks at random: each has the share of them that its weight says. Nobody
        waits between tasks.

        Raises:
            AssertionError: Locust cannot run the file, or a user does not end.
            NotImplementedError: a task or `on_start` is still open.
        """
        order = {
            "path": str(locustfile),
            "host": host,
            "users": users,
            "tasks": tasks,
            "patience": patience,
        }
        said = self._ask(json.dumps(order), patience + _GRACE)
        if said is None:
            self.stop()
        assert said is not None, (
            f"Locust did not come to the end of the tasks in `{locustfile.name}`. Look "
            "for a loop without an end."
        )
        if said["open"]:
            raise_not_implemented(*said["open"])
        assert not said["refused"], (
            f"Locust cannot run `{locustfile.name}`: "
            f"{said['refused'].rstrip('.')[:150]}. Look at this file."
        )
        requests = [Reported(*one) for one in said["requests"]]
        return LoadTest(requests, said["waits"], said["errors"])

    def stop(self) -> None:
        """End the process; another run starts a new one."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, order: str, patience: float) -> Any:
        running = self._process = self._process or _started()
        assert running.stdin is not None
        assert running.stdout is not None
        timer = threading.Timer(patience, running.kill)
        timer.start()
        try:
            running.stdin.write(f"{order}\n")
            running.stdin.flush()
            line = running.stdout.readline()
        finally:
            timer.cancel()
        return json.loads(line) if line else None


def _started() -> subprocess.Popen[str]:
    # `-P` keeps the modules of this folder from hiding others. `-B` writes nothing
    # beside the locustfiles.
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-B", str(_DRIVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "NO_PROXY": "*", "no_proxy": "*"},
        encoding="utf-8",
    )


@contextmanager
def load_generator() -> Iterator[LoadGenerator]:
    """Yield Locust; its process is started when it is needed, and ended afterwards."""
    generator = LoadGenerator()
    try:
        yield generator
    finally:
        generator.stop()
