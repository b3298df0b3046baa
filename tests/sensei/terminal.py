"""A pseudo-terminal in which a command runs: what is pressed, what is shown."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping

from tests.miniature import Miniature

# Seconds until a text that is awaited counts as missing, on the slowest machine.
_PATIENCE = 90.0
_CLEARED = b"\x1b[2J"

WATCH = (sys.executable, "-P", "-m", "sensei", "watch")


class Terminal:
    """A terminal of `size`, columns and lines, that `command` controls."""

    def __init__(
        self,
        miniature: Miniature,
        *command: str,
        size: tuple[int, int] = (90, 40),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._ours, theirs = pty.openpty()
        self.miniature = miniature
        self._seen = b""
        self.resize(*size)
        unset = ("COLUMNS", "LINES", "NO_COLOR")
        inherited = {key: one for key, one in os.environ.items() if key not in unset}
        self.process = subprocess.Popen(
            command or WATCH,
            cwd=miniature.root,
            env=inherited | {"TERM": "xterm"} | dict(environ or {}),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_take_control,
        )
        os.close(theirs)

    def shows(self, *texts: str, patience: float = _PATIENCE) -> str:
        """Wait until the last screen has all `texts`; return it without colours."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            screen = self._screen()
            if all(text in screen for text in texts):
                return screen
            if select.select([self._ours], [], [], 0.1)[0]:
                try:
                    self._seen += os.read(self._ours, 1 << 16)
                except OSError:
                    break  # nobody has it open any more
        raise AssertionError(f"{texts} is not on the screen:\n{self._screen()}")

    def lines(self) -> list[str]:
        """Return the lines of the last screen without colours."""
        last = self._seen.rpartition(_CLEARED)[2]
        text = re.sub(rb"\x1b\][^\x1b]*\x1b\\|\x1b\[[0-9;?]*[a-zA-Z]", b"", last)
        return text.decode("utf-8", "replace").splitlines()

    def _screen(self) -> str:
        return " ".join(" ".join(self.lines()).split())

    def forget(self) -> None:
        """Forget what was shown: what is awaited from here on is shown anew."""
        self._seen = b""

    def press(self, keys: str) -> None:
        """Press keys, which arrive together."""
        os.write(self._ours, keys.encode())

    def press_until(self, key: str, text: str) -> None:
        """Press a key again and again until `text` is on the screen.

        A run that is not over when the next one is asked for does not count.
        """
        for _ in range(60):
            self.press(key)
            try:
                self.shows(text, patience=0.5)
            except AssertionError:
                continue
            return
        self.shows(text)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size; the system tells its process."""
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, size)

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)


def _take_control() -> None:
    """Let the terminal send its signals to this process, as for a shell's job."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
