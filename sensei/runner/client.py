"""The client: starts a server of the runner, sends it requests, reads its events."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self, cast

from sensei.content.koan import Koan
from sensei.content.section import Section
from sensei.errors import SenseiError
from sensei.grading.results import Results
from sensei.grading.verdict import Verdict
from sensei.runner.protocol import (
    Cancel,
    CollectionFailed,
    Event,
    KoanDone,
    MessageReader,
    Ready,
    Request,
    RequestDone,
    RunKoans,
    ServerFailed,
    TestReported,
    encode,
)

# Seconds that the server gets to end what it runs before it is killed.
_STOP_SECONDS = 3.0

FORK_SERVER = "sensei.runner.fork_server"
SPAWN_SERVER = "sensei.runner.spawn"


class RunnerError(SenseiError):
    """The server cannot do its work."""


@dataclass
class RunnerClient:
    """Runs koans of the repository in `root`, answered by `answers`.

    A context manager: nothing that it started is left running after it.
    """

    root: Path
    answers: str = "koans"
    server: str = FORK_SERVER if hasattr(os, "fork") else SPAWN_SERVER
    _process: subprocess.Popen[bytes] | None = None
    _last: int = 0
    _writing: Lock = field(default_factory=Lock)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server; it gets ready while the caller goes on."""
        # -P: what lies in the current folder must not shadow a module.
        command = [sys.executable, "-P", "-m", self.server]
        self._process = subprocess.Popen(  # noqa: S603
            [*command, str(self.root), self.answers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us alone
        )

    def stop(self) -> None:
        """End the server, and with it all that it runs."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin
        assert process.stdout
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def run(self, sections: Iterable[Section], koans: list[Koan] | None) -> int:
        """Request `koans` in their order, or all of `sections` for None.

        Returns the number of the request, which its events carry.

        Raises:
            RunnerError: the server has ended.
        """
        self._last += 1
        test_files = [str(section.tests) for section in sections]
        numbers = None if koans is None else [str(koan) for koan in koans]
        self._send(RunKoans(self._last, test_files, numbers))
        return self._last

    def cancel(self, request: int) -> None:
        """Stop what runs for `request`; its `RequestDone` still arrives.

        Raises:
            RunnerError: the server has ended.
        """
        self._send(Cancel(request))

    def events(self) -> Iterator[Event]:
        """Return the events of the server that runs now, until it ends."""
        process = self._process
        if process is None or process.stdout is None:
            return iter(())
        # A duplicate, because `stop` closes the pipe. The pipe of the next server may
        # get the same number, and whoever still reads would take its events.
        return _events_from(os.dup(process.stdout.fileno()))

    def follow(self, request: int, results: Results) -> Iterator[Verdict]:
        """Yield the verdicts of `request` as they are complete; fill `results`.

        Raises:
            RunnerError: the server cannot run koans at all.
        """
        for event in self.events():
            if isinstance(event, ServerFailed):
                raise RunnerError(event.message)
            if isinstance(event, Ready) or event.request != request:
                continue
            if isinstance(event, RequestDone):
                return
            verdict = add_event(event, results)
            if verdict is not None:
                yield verdict

    def _send(self, request: Request) -> None:
        process = self._process
        try:
            if process is None or process.stdin is None:
                raise OSError("not started")
            with self._writing:
                process.stdin.write(encode(request))
                process.stdin.flush()
        except (OSError, ValueError) as error:
            raise RunnerError("The process that runs the koans has ended.") from error


def _events_from(descriptor: int) -> Iterator[Event]:
    """Yield what is sent to `descriptor` until its end, and close it."""
    reader = MessageReader(descriptor)
    try:
        while not reader.at_end:
            for message in reader.read():
                yield cast("Event", message)
    finally:
        os.close(descriptor)


def add_event(event: Event, results: Results) -> Verdict | None:
    """Add what `event` says to `results`; return the verdict that it completes."""
    if isinstance(event, TestReported):
        results.add(event.verdict)
    elif isinstance(event, CollectionFailed):
        results.collection_errors[event.path] = event.message
    elif isinstance(event, KoanDone):
        return results.verdict(Koan.parse(event.koan))
    return None
