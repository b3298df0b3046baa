"""A call in a process of its own, which can be interrupted as a terminal does."""

import gc
import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

import uvicorn

from lab.open_answer import line_of, raise_not_implemented
from lab.outcome import in_words
from lab.unavailable import Unavailable

# Seconds that the process gets until it reports, however busy the machine is.
_PATIENCE = 30.0


@dataclass(frozen=True)
class Listening:
    """A server of Uvicorn's has started; `addresses` are the hosts and ports it has."""

    addresses: list[tuple[str, int]]


@dataclass(frozen=True)
class Ended:
    """The call has ended; `raised` is the exception in words, empty if it returned.

    `open_at` is the file and the line of a `NotImplementedError`, by which an answer
    says that it has not been given yet. `is_success` is true if whoever started the
    process is told so by its exit status.
    """

    raised: str = ""
    open_at: tuple[str, int] | None = None
    is_success: bool = True


class Forked:
    """The process that makes the call."""

    def __init__(
        self, process: multiprocessing.process.BaseProcess, reports: Connection
    ) -> None:
        self._process = process
        self._reports = reports

    def report(self) -> Listening | Ended:
        """Return what the process reports next.

        Raises:
            AssertionError: it reports nothing, because it waits for something.
            NotImplementedError: the call raised it, at the same line.
        """
        if not self._reports.poll(_PATIENCE):
            raise AssertionError(
                f"After {_PATIENCE:g} s the call has neither started a server of "
                "Uvicorn's nor ended."
            )
        try:
            said: Listening | Ended = self._reports.recv()
        except EOFError:
            self._process.join()
            status = self._process.exitcode
            return Ended(
                f"an end of the process with exit status {status}", is_success=False
            )
        if isinstance(said, Ended) and said.open_at is not None:
            raise_not_implemented(said.raised, *said.open_at)
        return said

    def interrupt(self) -> None:
        """Send SIGINT to the process, as Ctrl-C in a terminal does."""
        if self._process.pid is not None:
            os.kill(self._process.pid, signal.SIGINT)


@contextmanager
def forked(call: Callable[[], object]) -> Iterator[Forked]:
    """Yield a process that makes this `call`; it is killed afterwards.

    It is a copy of this process, so the call may be any function or closure.

    Raises:
        Unavailable: this system cannot copy a process (Windows).
    """
    if "fork" not in multiprocessing.get_all_start_methods():
        raise Unavailable("this system cannot fork a process")
    context = multiprocessing.get_context("fork")
    reports, reporter = context.Pipe(duplex=False)
    process = context.Process(target=_make, args=(call, reporter), daemon=True)
    with warnings.catch_warnings(), _garbage_kept():
        # Python warns of threads that hold locks; the clients' threads are idle here.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    reporter.close()
    try:
        yield Forked(process, reports)
    finally:
        process.kill()
        process.join()
        reports.close()


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Collect no garbage in the block."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _make(call: Callable[[], object], reporter: Connection) -> None:
    """Make the call in the new process, and report."""
    # The garbage of the other process is not ours: to close a client of Kafka, say, is
    # to wait for threads that this process does not have.
    gc.freeze()
    gc.enable()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    main_loop = uvicorn.Server.main_loop

    async def announced(server: uvicorn.Server) -> None:
        listening = [socket for one in server.servers for socket in one.sockets]
        reporter.send(Listening([one.getsockname()[:2] for one in listening]))
        await main_loop(server)

    uvicorn.Server.main_loop = announced  # type: ignore[assignment,method-assign]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        call()
    except BaseException as error:
        reporter.send(
            Ended(
                in_words(error),
                line_of(error) if isinstance(error, NotImplementedError) else None,
                isinstance(error, SystemExit) and error.code in (None, 0),
            )
        )
    else:
        reporter.send(Ended())


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
