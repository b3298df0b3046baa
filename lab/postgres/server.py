"""A PostgreSQL server as a child of this process.

Used by the supervisor, so nothing but the standard library is imported here.
"""

import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from lab.postgres.child import child_options, unprivileged_user

_ATTEMPTS = 5
# Seconds between two looks at the server, and those that it gets to start or to stop.
_PAUSE = 0.002
_PATIENCE = 20.0

_CLUSTER = (
    "--username=postgres",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--wal-segsize=1",
    "--no-sync",
)
_SETTINGS = (
    "--listen_addresses=127.0.0.1",
    "--unix_socket_directories=",
    "--max_connections=100",
    # In the folder of the data, where a killed server leaves nothing behind.
    "--dynamic_shared_memory_type=mmap",
    # Nothing that is here needs to survive a crash.
    "--fsync=off",
    "--full_page_writes=off",
)


class ServerError(Exception):
    """The server cannot run; `str()` says why, in a line."""


class PostgresServer:
    """A server with a new, empty cluster in `folder`, run by programs in `binaries`.

    The password of its user `postgres` is `password`; it listens at `port` of the
    loopback interface. Started by root it runs as `nobody`.

    Raises:
        KeyError: this is root, and there is no `nobody`.
        OSError: a program cannot be run.
        ServerError: the server cannot run.
    """

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.password = secrets.token_hex(8)
        self.port = 0
        self._folder = folder
        self._binaries = binaries
        self._data = folder / "data"
        self._create()
        self.process = self._start()

    def stop(self) -> None:
        """Stop the server, whoever is connected."""
        _stop(self.process)

    def _create(self) -> None:
        secret = self._folder / "password"
        secret.touch(0o600)
        secret.write_text(self.password)
        self._data.mkdir(0o700)
        if user := unprivileged_user():
            for one in (secret, self._data):
                shutil.chown(one, user["user"], user["group"])
        command = [self._program("initdb"), "-D", str(self._data), *_CLUSTER]
        # C.UTF-8 knows capitals beyond ASCII, but not every system knows C.UTF-8.
        for locale in ("C.UTF-8", "C"):
            done = subprocess.run(  # noqa: S603
                [*command, f"--pwfile={secret}", f"--locale={locale}"],
                capture_output=True,
                text=True,
                **child_options(self._folder),
            )
            if done.returncode == 0:
                secret.unlink()
                return
        raise ServerError(_last_line(done.stderr))

    def _start(self) -> subprocess.Popen[bytes]:
        log = self._folder / "log"
        for _ in range(_ATTEMPTS):
            # A port cannot be kept for another process: it may be taken by then.
            self.port = _free_port()
            command = [self._program("postgres"), "-D", str(self._data), *_SETTINGS]
            with log.open("wb") as printed:
                process = subprocess.Popen(  # noqa: S603
                    [*command, f"--port={self.port}"],
                    stdout=printed,
                    stderr=printed,
                    **child_options(self._folder),
                )
            if self._await_ready(process):
                return process
        raise ServerError(_last_line(log.read_text(errors="replace")))

    def _program(self, name: str) -> str:
        return str(self._binaries / name)

    def _await_ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + _PATIENCE
        state: list[str] = []
        try:
            while process.poll() is None and time.monotonic() < deadline:
                with suppress(FileNotFoundError):
                    state = (self._data / "postmaster.pid").read_text().splitlines()
                # The eighth line of the file says how far it is.
                if len(state) > 7 and state[7].strip() == "ready":
                    return True
                time.sleep(_PAUSE)
        except BaseException:
            _stop(process)
            raise
        _stop(process)
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)  # "fast": does not wait for its clients
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"
