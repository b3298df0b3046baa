"""The runner: asks the warm process for koans, and hands on what it finds."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from sensei.koan import Koan
from sensei.section import Section
from sensei.told import Told
from sensei.warm.wire import LineReader, Message, encode

# Seconds that the warm process gets to end what it runs before it is killed.
_PATIENCE = 3.0


class RunnerError(Told):
    """The warm process cannot do its work; `str()` tells the learner."""


@dataclass
class Runner:
    """Runs koans of the repository in `root`, answered by `answers`.

    A context manager: nothing that it started is left running after it.
    """

    root: Path
    answers: str = "koans"
    module: str = "sensei.warm" if hasattr(os, "fork") else "sensei.cold"
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
        """Start the warm process; it gets ready while the caller goes on."""
        # -P: what lies in the current folder must not shadow a module.
        command = [sys.executable, "-P", "-m", self.module]
        self._process = subprocess.Popen(  # noqa: S603
            [*command, str(self.root), self.answers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the terminal's word to us alone
        )

    def stop(self) -> None:
        """End the warm process, and with it all that it runs."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin
        assert process.stdout
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def request(self, sections: Iterable[Section], koans: list[Koan] | None) -> int:
        """Ask for `koans` in their order, for all of `sections` if None.

        Returns the number under which its events arrive.

        Raises:
            RunnerError: the warm process has ended.
        """
        self._last += 1
        wanted = None if koans is None else [str(koan) for koan in koans]
        tests = [str(section.tests) for section in sections]
        self._send({"id": self._last, "tests": tests, "koans": wanted})
        return self._last

    def cancel(self, request: int) -> None:
        """Stop what runs for `request`; its `done` still arrives."""
        self._send({"cancel": request})

    def events(self) -> Iterator[Message]:
        """Yield what the warm process says, until it ends; see `sensei.warm.host`."""
        process = self._process
        if process is None or process.stdout is None:
            return
        reader = LineReader(process.stdout.fileno())
        while not reader.at_end:
            yield from reader.read()

    def _send(self, message: Message) -> None:
        process = self._process
        try:
            if process is None or process.stdin is None:
                raise OSError("not started")
            with self._writing:
                process.stdin.write(encode(message))
                process.stdin.flush()
        except (OSError, ValueError) as error:
            raise RunnerError("The process that runs the koans has ended.") from error
