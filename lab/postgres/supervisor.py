"""Keeps a PostgreSQL server as long as the process lives that owns it.

It is a process of its own, because who needs the server first is rarely its owner: a
worker of pytest-xdist, say, or a child that a warm process forked.
"""

import fcntl
import json
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

from lab.postgres.server import PostgresServer, ServerError

LOCK = "lock"
STATE = "server.json"
READY = "ready"

_ROOT = Path(__file__).parents[2]
_START = "from lab.postgres.supervisor import main; main(sys.argv[1:])"
# Seconds between two looks at the owner, where the system does not tell.
_PAUSE = 0.2


def command(folder: Path, binaries: Path, owner: int) -> list[str]:
    """Return the command that keeps a server in `folder` until `owner` ends.

    `folder` exists; `binaries` is the folder of the programs, `owner` the number of a
    process. The supervisor holds the lock on `LOCK` in the folder while it lives. Once
    the server runs, `STATE` beside it says how to connect. It prints `READY` then, else
    why there is no server. When it ends, so has the server, and the folder is gone.
    """
    start = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); {_START}"
    # Neither the environment nor installed packages have a say; that is faster, too.
    python = [sys.executable, "-I", "-S", "-c", start]
    return [*python, str(folder), str(binaries), str(owner)]


def main(arguments: Sequence[str]) -> None:
    """Be the supervisor."""
    folder, binaries, owner = Path(arguments[0]), Path(arguments[1]), int(arguments[2])
    with suppress(PermissionError):  # it leads its session already
        os.setsid()  # Ctrl-C at the terminal is not meant for the server
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, _leave)
    with (folder / LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            _keep(folder, binaries, owner)
        except (OSError, KeyError, ServerError) as error:
            _say(" ".join(str(error).split()))
        finally:
            for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(one, signal.SIG_IGN)
            shutil.rmtree(folder, ignore_errors=True)


def _keep(folder: Path, binaries: Path, owner: int) -> None:
    server = PostgresServer(folder, binaries)
    state = folder / STATE
    try:
        _publish(state, {"port": server.port, "password": server.password})
        _say(READY)
        _wait(owner, server)
    finally:
        state.unlink(missing_ok=True)
        server.stop()


def _publish(path: Path, state: dict[str, object]) -> None:
    draft = path.with_suffix(".new")
    draft.touch(0o600)
    draft.write_text(json.dumps(state))
    draft.replace(path)


def _say(line: str) -> None:
    """Say one line to whoever started this process, and no more after it."""
    with suppress(OSError):  # nobody waits for it any more
        os.write(1, line.encode())
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.close(nothing)


def _wait(owner: int, server: PostgresServer) -> None:
    """Return once the owner or the server has ended."""
    if sys.platform == "linux":
        try:
            ends = select.poll()
            for process in (owner, server.process.pid):
                ends.register(os.pidfd_open(process), select.POLLIN)
            ends.poll()
        except ProcessLookupError:
            return
        except OSError:
            pass  # not in this sandbox
        else:
            return
    while server.process.poll() is None:
        try:
            os.kill(owner, 0)
        except PermissionError:
            pass  # it lives, as another user
        except ProcessLookupError:
            return
        time.sleep(_PAUSE)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
