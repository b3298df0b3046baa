"""A spawned koan: a new process that runs the tests of one koan, and its deadline."""

import subprocess
import sys
import threading
from collections.abc import Iterator

from sensei.content.koan import Koan
from sensei.content.section import Section
from sensei.grading.deadline import Deadline, Wait
from sensei.grading.koan_test import KoanTest
from sensei.grading.verdict import State, Verdict
from sensei.runner.child import GRACE_SECONDS, exit_reason
from sensei.runner.protocol import (
    ChildDone,
    CollectionFailed,
    Message,
    MessageReader,
    ServerFailed,
    TestReported,
    TestStarted,
)

# What Python and pytest get to start, before the time of the first test begins.
_START = Deadline(cpu_seconds=60.0, wall_seconds=60.0)
# Seconds from one look at the clock to the next.
_LOOK_AGAIN = 0.25

KoanEvent = TestReported | CollectionFailed | ServerFailed


class SpawnedKoan:
    """Runs the tests of `koan`, answered by `answers`, for the request `request`."""

    def __init__(
        self, section: Section, koan: Koan, request: int, answers: str
    ) -> None:
        self.koan = koan
        self.is_cancelled = False
        self._section = section
        self._request = request
        self._answers = answers
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = threading.Event()
        self._is_late = False
        self._test = ""

    def cancel(self) -> None:
        """End it, or let it not begin: nobody waits for its verdict."""
        with self._lock:
            self.is_cancelled = True
            if self._process is not None:
                self._process.kill()

    def events(self) -> Iterator[KoanEvent]:
        """Run it; yield what it reports, and a verdict of its own if it ends early."""
        with self._lock:  # or else a `cancel` now would find nothing to end
            if self.is_cancelled:
                return
            process = self._process = self._start()
        self._deadline, self._wait = _START, Wait(process.pid)
        watch = threading.Thread(target=self._end_late, args=[process], daemon=True)
        watch.start()
        assert process.stdout is not None
        reader = MessageReader(process.stdout.fileno())
        is_done = False
        while not (reader.at_end or is_done):
            for message in reader.read():
                is_done = is_done or isinstance(message, ChildDone)
                yield from self._event(message)
        self._ended.set()
        watch.join()
        if is_done:
            process.kill()  # a thread that an answer left behind would hold it up
        process.stdout.close()
        code = process.wait()
        if not is_done and not self.is_cancelled:
            yield TestReported(self._request, self._verdict(code))

    def _event(self, message: Message) -> Iterator[KoanEvent]:
        """Take in what the process reports; yield it if it is for the client."""
        if isinstance(message, TestStarted):
            self._test = message.node_id.rpartition("::")[2].partition("[")[0]
            self._deadline = Deadline(message.cpu_seconds, message.wall_seconds)
        elif isinstance(message, TestReported):
            # A file that skips itself reports all of its koans.
            if message.verdict.koan == self.koan:
                yield message
        elif isinstance(message, CollectionFailed | ServerFailed):
            yield message
        if self._process is not None:
            self._wait = Wait(self._process.pid)

    def _start(self) -> subprocess.Popen[bytes]:
        tests = [str(self._section.tests), "-k", f"test_q{self.koan.question}_"]
        options = ["-q", "--answers", self._answers, "--capture=sys"]
        options += ["-p", "no:cacheprovider", "-p", "no:sensei.runner.supervisor"]
        module = [sys.executable, "-P", "-m", "sensei.runner.child"]
        return subprocess.Popen(  # noqa: S603
            [*module, str(self._request), *tests, *options],
            cwd=self._section.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )

    def _end_late(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the process once it is late; return when it has ended."""
        while not self._ended.wait(_LOOK_AGAIN):
            if self._wait.is_over(self._deadline, GRACE_SECONDS):
                self._is_late = True
                process.kill()
                return

    def _verdict(self, code: int) -> Verdict:
        """Return the verdict on a process that ended early, with the exit code."""
        if not self._is_late:
            reason = exit_reason(code, self._deadline)
        elif self._test:
            reason = f"{self._deadline.when_waiting}."
        else:
            reason = "pytest did not start."
        names = self._section.test_names.get(self.koan.question, [""])
        solved = self._answers == "solutions"
        file = self._section.solution if solved else self._section.stub
        test = KoanTest(self._section, self.koan, self._test or names[0], file)
        return test.verdict(State.FAILING, reason)
