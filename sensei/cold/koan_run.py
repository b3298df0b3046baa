"""A run of one koan, in a fresh process."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sensei.judge import Asked
from sensei.koan import Koan
from sensei.section import Section
from sensei.warm.death import cause, death
from sensei.warm.wire import LineReader, Message

# Seconds beyond a test's time-out, start-up included, that a process may be silent.
_GRACE = 10.0


@dataclass
class KoanRun:
    """Runs the tests of `koan` on the answers in `file`."""

    section: Section
    koan: Koan
    answers: str
    timeout: float
    _process: subprocess.Popen[bytes] | None = None
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """End it; nobody waits for what it finds."""
        self._cancelled.set()
        if self._process is not None:
            self._process.kill()

    def messages(self) -> Iterator[Message]:
        """Yield what the reporter in the process says; what it died of, if it did."""
        if self._cancelled.is_set():
            return
        process = self._process = self._start()
        assert process.stdout is not None
        reader = LineReader(process.stdout.fileno())
        test, has_ended, overdue = "", False, threading.Event()
        while not (reader.at_end or has_ended):
            timer = threading.Timer(self.timeout + _GRACE, self._kill, [overdue])
            timer.start()
            for message in reader.read():
                if "started" in message:
                    test = message["started"]
                has_ended = has_ended or "ended" in message
                if "found" in message or "skipped" in message:
                    yield message
            timer.cancel()
        process.stdout.close()
        code = process.wait()
        if not has_ended and not self._cancelled.is_set():
            late = f"No end after {self.timeout:g} s: stopped."
            why = late if overdue.is_set() else cause(code)
            yield {"found": death(self._asked(test), why)}

    def _start(self) -> subprocess.Popen[bytes]:
        tests = [str(self.section.tests), "-k", f"test_q{self.koan.question}_"]
        options = ["-q", "--answers", self.answers, "--capture=sys"]
        plugins = ["-p", "no:cacheprovider", "-p", "sensei.cold.report"]
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", "pytest", *tests, *options, *plugins],
            cwd=self.section.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )

    def _kill(self, overdue: threading.Event) -> None:
        overdue.set()
        if self._process is not None:
            self._process.kill()

    def _asked(self, nodeid: str) -> Asked:
        test = nodeid.rpartition("::")[2].partition("[")[0]
        solutions = self.answers == "solutions"
        file = self.section.solution if solutions else self.section.stub
        names = self.section.test_names.get(self.koan.question, [""])
        return Asked(self.section, self.koan, test or names[0], Path(file))
