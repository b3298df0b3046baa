"""`sensei watch` in a real terminal: what is pressed and saved, what is shown."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.miniature import STUB, Miniature

pty = pytest.importorskip("pty", reason="a pseudo-terminal is of POSIX")

_PATIENCE = 30.0
_CLEARED = b"\x1b[2J"


class Terminal:
    """A pseudo-terminal in which `sensei watch` runs."""

    def __init__(self, miniature: Miniature) -> None:
        self._ours, theirs = pty.openpty()
        self.miniature = miniature
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sensei", "watch"],
            cwd=miniature.root,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "90", "LINES": "40"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._seen = b""

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

    def _screen(self) -> str:
        last = self._seen.rpartition(_CLEARED)[2]
        text = re.sub(rb"\x1b\][^\x1b]*\x1b\\|\x1b\[[0-9;?]*[a-zA-Z]", b"", last)
        return " ".join(text.decode("utf-8", "replace").split())

    def press(self, key: str) -> None:
        """Press a key."""
        os.write(self._ours, key.encode())

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

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture
def terminal(miniature: Miniature) -> Iterator[Terminal]:
    one = Terminal(miniature)
    try:
        yield one
    finally:
        one.close()


@pytest.mark.timeout(120)
def test_a_learner_goes_from_koan_to_koan(terminal: Terminal) -> None:
    learner = terminal.miniature
    terminal.shows("1.1.1", "How do you add two numbers?", f"{STUB}:11", "Open: write")

    learner.answer("raise NotImplementedError", "return 4")
    terminal.shows("Failing.", "You add 1 and 2 and get 4.", f"{STUB}:6")

    terminal.press("h")
    terminal.shows("Hint 1", "Which sign is it?")
    terminal.press("c")
    terminal.shows("Not solved yet. To compare anyway: sensei compare 1.1.1 --peek")

    learner.answer("return 4", "return other + one")
    terminal.shows("Solved.", "1 of 2 koans solved")
    terminal.press("c")
    terminal.shows("- return other + one", "+ return one + other")
    terminal.press("n")
    terminal.shows("1.1.2", "What is the sum of nothing?", "Open: write")
    terminal.press("p")
    terminal.shows("1.1.1", "Solved.")
    terminal.press("l")
    terminal.shows("● 1.1.1", "○ 1.1.2")

    terminal.press("q")
    assert terminal.process.wait(10) == 0


@pytest.mark.timeout(120)
def test_saves_of_every_kind_are_noticed(terminal: Terminal) -> None:
    learner = terminal.miniature
    stub = learner.root / STUB
    shipped = stub.read_text()
    terminal.shows("Open: write")

    # As editors do: a new file, renamed over the old one.
    other = stub.with_suffix(".tmp")
    other.write_text(shipped.replace("raise NotImplementedError", "return 5"))
    other.replace(stub)
    terminal.shows("You add 1 and 2 and get 5.")

    stub.unlink()
    terminal.shows("This file cannot be opened")
    stub.write_text(shipped.replace("raise NotImplementedError", "return 6"))
    terminal.shows("You add 1 and 2 and get 6.")

    tests = "koans/ch01/test_s01_adding.py"
    learner.replace(tests, "You add 1 and 2", "Adding 1 and 2 you")
    terminal.shows("Adding 1 and 2 you and get 6.")
    learner.replace("koans/ch01/chapter.toml", "Which sign is it?", "Which sign?")
    terminal.shows("Adding 1 and 2 you and get 6.")
    # The save may be noticed after the key: nothing on the screen tells of it.
    terminal.press_until("h", "Which sign?")


@pytest.mark.timeout(120)
def test_the_same_failure_five_times_brings_an_offer(terminal: Terminal) -> None:
    terminal.shows("Open: write")
    terminal.miniature.answer("raise NotImplementedError", "return 4")
    terminal.shows("Failing.")
    terminal.press_until("s", "This is the same message again. Press h for a hint.")


@pytest.mark.timeout(120)
def test_reset_asks_first(terminal: Terminal) -> None:
    learner = terminal.miniature
    learner.answer("raise NotImplementedError", "return 4")
    terminal.shows("Failing.")

    terminal.press("r")
    terminal.shows("Reset 1.1.1 to its stub?")
    terminal.press("n")
    terminal.shows("Failing.", "[q] quit")
    assert "return 4" in (learner.root / STUB).read_text()

    terminal.press("r")
    terminal.shows("Reset 1.1.1 to its stub?")
    terminal.press("y")
    terminal.shows("Open: write")
    assert "return 4" not in (learner.root / STUB).read_text()
    assert list((learner.root / ".sensei" / "backups").iterdir())


@pytest.mark.timeout(120)
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_however_it_ends(
    terminal: Terminal, end: signal.Signals
) -> None:
    terminal.shows("Open: write")

    terminal.process.send_signal(end)
    terminal.process.wait(10)

    root = str(terminal.miniature.root)
    deadline = time.monotonic() + 10
    while (left := _processes_of(root)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left


def _processes_of(word: str) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, check=True)
    return [line for line in listed.stdout.decode().splitlines() if word in line]
