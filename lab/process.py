"""A command that runs as a process of its own and serves at a port."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import psutil

# Seconds that a command gets until it accepts connections, and between two looks.
_PATIENCE = 30.0
_PAUSE = 0.01
# What servers print once they accept connections, wherever that is.
_ANNOUNCEMENT = re.compile(r"(?i)running on https?://(?P<host>\S+):(?P<port>\d+)")

# Becomes the command; on Linux the kernel ends it with its parent, even a killed one.
# A `preexec_fn` could ask for that too, but not safely where there are threads.
_BECOME = """
import ctypes, os, sys
PR_SET_PDEATHSIG, SIGKILL = 1, 9
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)
try:
    os.execvp(sys.argv[1], sys.argv[1:])
except OSError as error:
    sys.exit(f"{sys.argv[1]}: {error.strerror}")
"""


class Process:
    """A command at work.

    `listening` says whether it came to accept connections at its port; `client` is
    connected to it there.
    """

    def __init__(self, running: subprocess.Popen[bytes], log: Path, port: int):
        self.listening = False
        # Certificates are not needed, and take long to load.
        self.client = httpx2.Client(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=False
        )
        self._running = running
        self._log = log
        self._port = port

    @property
    def status(self) -> int | None:
        """What it ended with; None while it runs."""
        return self._running.poll()

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def await_listening(self) -> None:
        """Wait until it accepts connections, has ended, or was given time enough.

        A server that announces another port or host than this is not waited for, and
        neither is Uvicorn if its workers cannot import the application.
        """
        deadline = time.monotonic() + _PATIENCE
        while self.status is None and time.monotonic() < deadline:
            # The port is looked at last: it may open between two looks, for workers
            # open it after their parent has announced it.
            elsewhere = self._is_elsewhere()
            if _is_open("127.0.0.1", self._port):
                self.listening = True
                return
            if elsewhere or "Error loading ASGI app" in self.output:
                return
            time.sleep(_PAUSE)

    def _is_elsewhere(self) -> bool:
        """Return whether it announces another port, or is reached at its host."""
        announced = _ANNOUNCEMENT.search(self.output)
        return announced is not None and (
            int(announced["port"]) != self._port
            or _is_open(announced["host"].strip("[]"), self._port)
        )

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._running.pid

    @property
    def children(self) -> list[int]:
        """The numbers of the processes that it has started and that still run.

        Python's own helper, which frees what such processes share, is left out.
        """
        return [
            child.pid
            for child in psutil.Process(self.pid).children()
            if "resource_tracker" not in " ".join(child.cmdline())
        ]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> bool:
        """Send it a signal, and wait until it has ended; return whether it has."""
        self._running.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            self._running.wait(_PATIENCE)
        return self.status is not None

    def kill(self) -> None:
        """End it, and on POSIX what it has started as well."""
        if sys.platform == "win32":
            self._running.kill()
        else:
            with suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)
        self._running.wait()


def _is_open(host: str, port: int) -> bool:
    with suppress(OSError):
        socket.create_connection((host, port), 0.5).close()
        return True
    return False


@contextmanager
def process(
    command: Sequence[str], *, folder: Path, port: int, environment: Mapping[str, str]
) -> Iterator[Process]:
    """Yield `command`, run in `folder`, as soon as it listens at `port`.

    Also where it ends or never comes to listen: see `listening`, `status`, `output`.
    The programs of this Python's environment are found, whether it is activated or
    not. Afterwards the process is killed.
    """
    programs = sysconfig.get_path("scripts") + os.pathsep + os.environ.get("PATH", "")
    words = list(command)
    if os.name == "posix":
        words = [sys.executable, "-I", "-S", "-c", _BECOME, *words]
    with TemporaryDirectory(ignore_cleanup_errors=True) as place:
        log = Path(place, "output.txt")
        with log.open("wb") as printed:
            running = subprocess.Popen(  # noqa: S603
                words,
                cwd=folder,
                env={**os.environ, "PATH": programs, **environment},
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        one = Process(running, log, port)
        try:
            with one.client:
                one.await_listening()
                yield one
        finally:
            one.kill()


def free_port() -> int:
    """Return a port of this machine that nothing uses.

    It is not one of those that the system hands out by itself, so nobody is given it
    before it is used.
    """
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("", port))
            return port
