"""The PostgreSQL server of this run: one for all its processes, started when needed."""

import json
import os
import select
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from lab.owner import owner
from lab.postgres import supervisor
from lab.postgres.binaries import copy_binaries, find_binaries, open_to_all
from lab.postgres.folders import folders, is_kept, new_folder, turn
from lab.unavailable import Unavailable

# Seconds that a start may take.
_PATIENCE = 30.0


@dataclass(frozen=True)
class Cluster:
    """A server at `port` of the loopback interface; `password` is user postgres's."""

    port: int
    password: str


def cluster() -> Cluster:
    """Return the server of this run; start it if it does not run.

    It ends with the owner of the run, see `lab.owner`.

    Raises:
        Unavailable: it cannot run here.
    """
    found = _find()
    if found is None:
        with turn():  # who waited here finds what another one has started
            found = _find() or _start()
    return found


def _find() -> Cluster | None:
    for folder in folders(owner()):
        if is_kept(folder):
            try:
                return Cluster(**json.loads((folder / supervisor.STATE).read_text()))
            except FileNotFoundError:
                continue  # it starts or stops just now
    return None


def _start() -> Cluster:
    for leftover in folders():
        if not is_kept(leftover):  # its supervisor was killed
            shutil.rmtree(leftover, ignore_errors=True)
    binaries = find_binaries()
    # Started by root it runs as another user, who may not enter root's folders.
    copied = os.geteuid() == 0 and not open_to_all(binaries)
    folder = new_folder(owner(), runs_programs=copied)
    try:
        if copied:
            binaries = copy_binaries(binaries, folder / "programs")
        said = _start_supervisor(supervisor.command(folder, binaries, owner()), folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    found = _find() if said == supervisor.READY else None
    if found is None:
        raise Unavailable(
            f"PostgreSQL does not start here ({said or 'no word of it'}): "
            "name a server of yours in KOANS_POSTGRES_URL."
        )
    return found


def _start_supervisor(command: list[str], folder: Path) -> str:
    """Start the supervisor of `folder`; return what it says of its start."""
    hearing, saying = os.pipe()
    log = folder / "supervisor.log"
    said = b""
    with os.fdopen(hearing, "rb") as line:
        # Not a Popen, which would complain that the supervisor outlives it.
        process = os.posix_spawn(
            command[0],
            command,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, saying, 1),
                (os.POSIX_SPAWN_OPEN, 2, str(log), os.O_WRONLY | os.O_CREAT, 0o600),
            ],
        )
        os.close(saying)
        try:
            if select.select([line], [], [], _PATIENCE)[0]:
                said = line.read()
        finally:
            # Whatever went wrong, such as pytest's time-out: nothing stays behind.
            if said.decode(errors="replace") != supervisor.READY:
                os.kill(process, signal.SIGTERM)
                os.waitpid(process, 0)
    return said.decode(errors="replace")
