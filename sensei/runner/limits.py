"""Limits: how much a koan's process may use, and that it ends with its parent."""

import ctypes
import math
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

if sys.platform != "win32":
    import resource

_PR_SET_PDEATHSIG = 1  # prctl(2)
_PR_SET_CHILD_SUBREAPER = 36

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

# Bytes. The memory is above what the process has already: enough for any koan, and far
# from what would make the machine swap.
_MEMORY = 2 << 30
_FILE_SIZE = 256 << 20

_STATUS = Path("/proc/self/status")
# Bytes that a process with everything imported may have, where nothing tells.
_USUAL_MEMORY = 1 << 30


def limit_process(parent: int) -> None:
    """Make this process a group of its own, with limits, that ends with `parent`."""
    os.setpgid(0, 0)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    _limit_resources()


def limit_cpu_time(seconds: float) -> None:
    """Let the system end this process once it has computed for `seconds` from now.

    With SIGXCPU, which a loop in C does not put off.
    """
    if sys.platform == "win32":
        return
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    limit = math.ceil(time.process_time() + seconds)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (limit, most))


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
    limits = {
        # Counts private writable memory only: mapped files are free.
        resource.RLIMIT_DATA: private_memory() + _MEMORY,
        resource.RLIMIT_FSIZE: _FILE_SIZE,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        # Each for itself: a system that lacks one of them may have the others.
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (limit, limit))


def private_memory() -> int:
    """Return how many bytes of private memory this process has.

    Where there is no `/proc`, it is what a process usually has.
    """
    with suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return _USUAL_MEMORY


def _prctl(option: int, value: int) -> None:
    if _LIBC is not None:
        _LIBC.prctl(option, value, 0, 0, 0)
