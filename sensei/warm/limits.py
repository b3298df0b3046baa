"""What a koan's process may take, and how it ends with its parent."""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # prctl(2)
_PR_SET_CHILD_SUBREAPER = 36

# Above what the process has already: enough for any koan, and far from what would
# make the machine swap.
_MEMORY = 2 << 30
_FILE_SIZE = 256 << 20


def confine(parent: int) -> None:
    """Make this process its own group, of bounded size, that ends with `parent`."""
    os.setpgid(0, 0)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    _limit_memory()


def adopt_orphans() -> None:
    """Let processes that koans leave behind become children of this one (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def kill_group(leader: int) -> None:
    """Kill the process `leader`, and all of its group that it left behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(leader, signal.SIGKILL)


def children() -> list[int]:
    """Return the processes whose parent is this one; empty where no /proc tells."""
    path = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    with suppress(OSError):
        return [int(number) for number in path.read_text().split()]
    return []


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    import resource

    with suppress(OSError, ValueError):
        held = _private_memory()
        # RLIMIT_DATA counts private writable memory only: mapped files are free.
        resource.setrlimit(resource.RLIMIT_DATA, (held + _MEMORY, held + _MEMORY))
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
