"""The supervisor: plain pytest runs in a child, so that no answer ends it unseen.

A process that an answer ends, crashes or holds up cannot say so itself. pytest does not
rewrite this module, which is imported before: PYTEST_DONT_REWRITE.
"""

import os
import selectors
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from types import FrameType
from typing import NoReturn

import pytest

from sensei.content.repository import Repository
from sensei.errors import print_error
from sensei.grading.deadline import Deadline, Wait, overload
from sensei.grading.results import Results
from sensei.grading.verdict import State
from sensei.output.console import console_renderer
from sensei.plugin.execution import named_test, root_of, split_id
from sensei.runner.child import GRACE_SECONDS, exit_reason
from sensei.runner.protocol import (
    DebuggerEntered,
    Message,
    MessageReader,
    SessionDone,
    TestEnded,
    TestReported,
    TestStarted,
)
from sensei.runner.supervised import SupervisedReporter
from sensei.state.json_store import StoreError
from sensei.state.progress import Progress

# Seconds that a process with nothing more to do gets to end by itself.
_END_SECONDS = 3.0
# Seconds until it is seen that the process has ended, while others hold its pipe.
_LOOK_AGAIN = 0.5
_ENDS_SOON = 0.002
_FORWARDED = (signal.SIGTERM, signal.SIGHUP) if hasattr(signal, "SIGHUP") else ()


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Go on in a child; this process waits for it, and never returns from here."""
    if not _is_wanted(config):
        return
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process:
        os.close(writing)
        supervisor = Supervisor(root_of(config), config.rootpath, process, reading)
        supervisor.run()
    os.close(reading)
    config.pluginmanager.register(SupervisedReporter(writing), "sensei-supervised")


def _is_wanted(config: pytest.Config) -> bool:
    """Return whether koans of the learner's are run, and nobody debugs them."""
    option = config.option
    is_debugged = option.usepdb or option.trace or sys.gettrace() is not None
    if not hasattr(os, "fork") or hasattr(config, "workerinput") or is_debugged:
        return False
    # Of several threads a fork has only one.
    if option.answers != "koans" or threading.active_count() > 1:
        return False
    koans = root_of(config) / "koans"
    folder = config.invocation_params.dir
    paths = [folder.joinpath(one.partition("::")[0]).resolve() for one in config.args]
    return any(koans in (one, *one.parents) or one in koans.parents for one in paths)


class Supervisor:
    """Waits for `process`, which reports what it runs to the descriptor `reports`."""

    def __init__(self, root: Path, rootpath: Path, process: int, reports: int) -> None:
        self._repository = Repository(root)
        self._results = Results(self._repository)
        self._rootpath = rootpath
        self._process = process
        self._reader = MessageReader(reports)
        self._deadline = Deadline(1.0, 1.0)
        self._running: dict[str, tuple[Wait, Deadline]] = {}
        self._last = ""
        self._is_debugged = False
        self._is_interrupted = False
        self._done: SessionDone | None = None
        self._end_by = 0.0
        self._guilty = ""  # for whom the process was killed

    def run(self) -> NoReturn:
        """Wait for the process, say what it could not say, and end as it did."""
        signal.signal(signal.SIGINT, self._on_interrupt)
        for number in _FORWARDED:
            signal.signal(number, self._forward)
        try:
            status = self._wait()
            code = self._exit_code(os.waitstatus_to_exitcode(status))
        except BaseException as error:
            print_error(f"The process that waits for pytest failed: {error}.")
            code = pytest.ExitCode.INTERNAL_ERROR
        sys.stdout.flush()
        sys.stderr.flush()
        # What is registered to be done at the end, the child has done.
        os._exit(code)

    def _wait(self) -> int:
        """Return the status of the process; end it if it does not end by itself."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._reader.descriptor, selectors.EVENT_READ)
            while True:
                if selector.get_map() and selector.select(_LOOK_AGAIN):
                    for message in self._reader.read():
                        self._take(message)
                    if self._reader.at_end:
                        selector.unregister(self._reader.descriptor)
                ended, status = os.waitpid(self._process, os.WNOHANG)
                if ended:
                    return status
                self._guilty = self._late()
                if self._guilty:
                    os.kill(self._process, signal.SIGKILL)
                    return os.waitpid(self._process, 0)[1]
                if not selector.get_map():  # it is about to end
                    sleep(_ENDS_SOON)

    def _take(self, message: Message) -> None:
        if isinstance(message, TestStarted):
            self._last = message.node_id
            self._deadline = Deadline(message.cpu_seconds, message.wall_seconds)
            self._running[message.node_id] = (Wait(self._process), self._deadline)
        elif isinstance(message, TestReported):
            self._results.add(message.verdict)
        elif isinstance(message, TestEnded):
            self._running.pop(message.node_id, None)
        elif isinstance(message, DebuggerEntered):
            self._is_debugged = True
        elif isinstance(message, SessionDone):
            self._done = message
            self._end_by = monotonic() + _END_SECONDS * overload()

    def _late(self) -> str:
        """Return the test or the koans that keep the process from ending, if any."""
        if self._done is not None:
            # Without such threads it ends sooner or later: servers are stopped first.
            is_late = monotonic() > self._end_by
            return " and ".join(self._done.left) if is_late else ""
        if self._is_debugged:
            return ""
        for test, (wait, deadline) in self._running.items():
            # Twice as long: a process that reacts ends the test by itself before.
            patient = deadline.scaled_to(2 * deadline.cpu_seconds)
            most = patient.cpu_seconds + GRACE_SECONDS
            if wait.is_over(patient, GRACE_SECONDS) or wait.has_computed(most):
                return test
        return ""

    def _exit_code(self, code: int) -> int:
        """Return the exit status to end with, and tell what pytest could not tell."""
        if self._done is not None and self._guilty:
            print_error(
                f"Koan {self._guilty} left a thread running, which kept Python from "
                "ending. End it in the answer."
            )
            return pytest.ExitCode.TESTS_FAILED
        if self._done is None and self._last and not self._is_interrupted:
            reason = exit_reason(code, self._deadline)
            if self._guilty:
                reason = "This did not end, and it does not react to signals."
            self._write(self._guilty or self._last, reason)
            return pytest.ExitCode.TESTS_FAILED
        return code if code >= 0 else 128 - code

    def _write(self, node_id: str, reason: str) -> None:
        """Write which test has ended pytest, and what was judged before."""
        renderer = console_renderer(self._repository)
        renderer.line()
        test = named_test(self._repository, *split_id(self._rootpath, node_id))
        if test is None:
            renderer.line(f"{node_id}: {reason}", "red")
        else:
            self._results.add(test.verdict(State.FAILING, reason))
        verdicts = self._results.verdicts()
        renderer.failing(verdicts)
        renderer.skipped(verdicts)
        renderer.progress(self._results.statuses())
        renderer.line()
        renderer.paragraph(
            f"The run ended during {test.koan if test else node_id}, so tests after it "
            "did not run. To run each koan in a process of its own: sensei run",
            "yellow",
        )
        try:
            Progress(self._repository.root).record(self._repository, verdicts)
        except StoreError as error:
            renderer.line(str(error), "yellow")

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        """Pass Ctrl-C on, unless the terminal has sent it to both processes."""
        with suppress(OSError):
            if os.tcgetpgrp(0) == os.getpgrp() and not self._is_interrupted:
                self._is_interrupted = True
                return
        self._forward(number, frame)

    def _forward(self, number: int, _frame: FrameType | None) -> None:
        self._is_interrupted = True
        with suppress(ProcessLookupError):
            os.kill(self._process, number)
