"""How a program of PostgreSQL is started as a child of this process."""

import ctypes
import os
import pwd
import signal
import sys
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1  # prctl(2)
_LIBC = ctypes.CDLL(None)


def child_options(folder: Path) -> dict[str, Any]:
    """Return what `subprocess` is told so that a program runs in `folder`.

    It runs as `nobody` where this is root, who may not run it, and ends with the thread
    that starts it.

    Raises:
        KeyError: this is root, and there is no `nobody`.
    """
    return {
        **unprivileged_user(),
        "cwd": folder,
        # Called after the change of user, which would undo it.
        "preexec_fn": _end_with_parent,
    }


def unprivileged_user() -> dict[str, Any]:
    """Return what makes `subprocess` change the user; nothing where this is not root.

    Raises:
        KeyError: there is no `nobody`.
    """
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _end_with_parent() -> None:
    """Have the kernel stop this process with its parent, even a killed one (Linux)."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)
