"""The spawning server: does what the fork server does where there is no fork.

`python -m sensei.runner.spawn ROOT ANSWERS` takes the same requests and sends the same
events. Each koan gets a new process.
"""

import os
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sensei.content.koan import Koan
from sensei.content.repository import Repository
from sensei.content.section import Section
from sensei.grading.classify import KoanTest
from sensei.grading.verdict import Verdict
from sensei.runner.child import ended_early, exit_reason
from sensei.runner.protocol import (
    Cancel,
    ChildDone,
    Event,
    KoanDone,
    MessageReader,
    Ready,
    RequestDone,
    RunKoans,
    TestReported,
    TestStarted,
    send,
)

# Seconds beyond a test's time-out, start-up included, that a process may be silent.
_GRACE_SECONDS = 10.0


@dataclass
class _KoanProcess:
    """Runs the tests of `koan` in a new process, for one request."""

    section: Section
    koan: Koan
    request: int
    answers: str
    timeout: float
    _process: subprocess.Popen[bytes] | None = None
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _overdue: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """End it; nobody waits for its verdict."""
        self._cancelled.set()
        if self._process is not None:
            self._process.kill()

    def verdicts(self) -> Iterator[Verdict]:
        """Yield the verdicts of the tests; one of its own if the process ended."""
        if self._cancelled.is_set():
            return
        process = self._process = self._start()
        assert process.stdout is not None
        reader = MessageReader(process.stdout.fileno())
        test, is_done = "", False
        while not (reader.at_end or is_done):
            timer = threading.Timer(self.timeout + _GRACE_SECONDS, self._kill)
            timer.start()
            for message in reader.read():
                if isinstance(message, TestStarted):
                    test = message.node_id.rpartition("::")[2].partition("[")[0]
                elif isinstance(message, TestReported):
                    # A file that skips itself reports all of its koans.
                    if message.verdict.koan == self.koan:
                        yield message.verdict
                elif isinstance(message, ChildDone):
                    is_done = True
            timer.cancel()
        process.stdout.close()
        code = process.wait()
        if not is_done and not self._cancelled.is_set():
            late = f"Stopped after {self.timeout:g} s."
            reason = late if self._overdue.is_set() else exit_reason(code)
            yield ended_early(self._test(test), reason)

    def _start(self) -> subprocess.Popen[bytes]:
        tests = [str(self.section.tests), "-k", f"test_q{self.koan.question}_"]
        options = ["-q", "--answers", self.answers, "--capture=sys"]
        module = [sys.executable, "-P", "-m", "sensei.runner.child", str(self.request)]
        return subprocess.Popen(  # noqa: S603
            [*module, *tests, *options, "-p", "no:cacheprovider"],
            cwd=self.section.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )

    def _kill(self) -> None:
        self._overdue.set()
        if self._process is not None:
            self._process.kill()

    def _test(self, name: str) -> KoanTest:
        section = self.section
        file = section.solution if self.answers == "solutions" else section.stub
        names = section.test_names.get(self.koan.question, [""])
        return KoanTest(section, self.koan, name or names[0], file)


class SpawnServer:
    """Takes requests and sends events, as `ForkServer` does."""

    def __init__(self, root: Path, answers: str, events: int) -> None:
        self._repository = Repository(root)
        self._answers = answers
        self._events = events
        self._sending = threading.Lock()
        self._pool = ThreadPoolExecutor(max(2, os.cpu_count() or 2))
        self._processes: dict[int, list[_KoanProcess]] = {}
        settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
        timeout = settings.get("tool", {}).get("pytest", {}).get("timeout", 10)
        self._timeout = float(timeout)

    def serve(self, requests: int) -> None:
        """Serve until the requests end."""
        self._send(Ready())
        reader = MessageReader(requests)
        while not reader.at_end:
            for message in reader.read():
                if isinstance(message, Cancel):
                    self._cancel(message.request)
                elif isinstance(message, RunKoans):
                    self._accept(message)
        for request in list(self._processes):
            self._cancel(request)
        self._pool.shutdown(cancel_futures=True)

    def _accept(self, message: RunKoans) -> None:
        done = RequestDone(message.request)
        processes = self._processes_for(message)
        self._processes[message.request] = processes
        futures = [self._pool.submit(self._run, one) for one in processes]
        waiting = set(futures)

        def finish(future: Future[None]) -> None:
            waiting.discard(future)
            if not waiting:
                self._send(done)

        for future in futures:
            future.add_done_callback(finish)
        if not futures:
            self._send(done)

    def _processes_for(self, message: RunKoans) -> list[_KoanProcess]:
        files = [Path(name) for name in message.test_files]
        sections = [self._repository.section_tested_by(file) for file in files]
        known = {
            str(koan): section
            for section in sections
            if section is not None
            for koan in section.koans
            if section.test_names.get(koan.question)
        }
        return [
            _KoanProcess(
                known[koan],
                Koan.parse(koan),
                message.request,
                self._answers,
                self._timeout,
            )
            for koan in (known if message.koans is None else message.koans)
            if koan in known
        ]

    def _run(self, process: _KoanProcess) -> None:
        for verdict in process.verdicts():
            self._send(TestReported(process.request, verdict))
        self._send(KoanDone(process.request, str(process.koan)))

    def _cancel(self, request: int) -> None:
        for process in self._processes.pop(request, []):
            process.cancel()

    def _send(self, event: Event) -> None:
        with self._sending:
            send(self._events, event)


if __name__ == "__main__":
    SpawnServer(Path(sys.argv[1]), sys.argv[2], events=os.dup(1)).serve(requests=0)
