"""`sensei watch` in a real terminal: what is pressed and saved, what is shown."""

import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("pty", reason="a pseudo-terminal is of POSIX")

from tests.miniature import STUB, Miniature
from tests.sensei.terminal import Terminal

pytestmark = pytest.mark.timeout(600)

TESTS = "koans/ch01/test_s01_adding.py"
OTHER_STUB = STUB.replace("s01_adding", "s02_more")


@pytest.fixture
def terminal(miniature: Miniature) -> Iterator[Terminal]:
    one = Terminal(miniature)
    try:
        yield one
    finally:
        one.close()


def test_a_learner_goes_from_koan_to_koan(terminal: Terminal) -> None:
    learner = terminal.miniature
    terminal.shows("1.1.1", "How do you add two numbers?", f"{STUB}:16", "Open: write")

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
    assert terminal.process.wait(60) == 0


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


def test_the_same_failure_five_times_brings_an_offer(terminal: Terminal) -> None:
    terminal.shows("Open: write")
    terminal.miniature.answer("raise NotImplementedError", "return 4")
    terminal.shows("Failing.")
    terminal.press_until("s", "This is the same message again. Press h for a hint.")


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


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_however_it_ends(
    terminal: Terminal, end: signal.Signals
) -> None:
    terminal.shows("Open: write")

    terminal.process.send_signal(end)
    terminal.process.wait(60)

    root = str(terminal.miniature.root)
    deadline = time.monotonic() + 60
    while (left := _processes_of(root)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left


def _processes_of(word: str) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, check=True)
    return [line for line in listed.stdout.decode().splitlines() if word in line]
