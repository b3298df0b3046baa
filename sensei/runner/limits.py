"""Limits: how much a koan's process may use, and that it ends with its parent."""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # prctl(2)
_PR_SET_CHILD_SUBREAPER = 36

# Bytes. The memory is above what the process has already: enough for any koan, and far
# from what would make the machine swap.
_MEMORY = 2 << 30
_FILE_SIZE = 256 << 20


def limit_process(parent: int) -> None:
    """Make this process a group of its own, with limits, that ends with `parent`."""
    os.setpgid(0, 0)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    _limit_resources()


def adopt_orphans() -> None:
    """Let processes that koans leave behind become children of this one (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def kill_group(leader: int) -> None:
    """Kill the process `leader`, and all of its group that still runs."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(leader, signal.SIGKILL)


def children() -> list[int]:
    """Return the processes whose parent is this one; none if there is no /proc."""
    path = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    with suppress(OSError):
        return [int(number) for number in path.read_text().split()]
    return []


def _limit_resources() -> None:
    if sys.platform == "win32":
        return
    import resource

    with suppress(OSError, ValueError):
        used = _private_memory()
        # RLIMIT_DATA counts private writable memory only: mapped files are free.
        resource.setrlimit(resource.RLIMIT_DATA, (used + _MEMORY, used + _MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_SIZE, _FILE_SIZE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _private_memory() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 1 << 30


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
