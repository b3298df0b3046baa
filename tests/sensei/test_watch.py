"""`sensei watch` in a real terminal: what is pressed and saved, what is shown."""

import os
import shlex
import shutil
import signal
import subprocess
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import watchfiles
from filelock import FileLock

pytest.importorskip("pty", reason="a pseudo-terminal is of POSIX")

from sensei.watch.threads import start_thread
from tests.miniature import STUB, Miniature
from tests.sensei.terminal import WATCH, Terminal

TESTS = "koans/ch01/test_s01_adding.py"
OTHER_TESTS = TESTS.replace("s01_adding", "s02_more")


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


def test_the_comparison_stays_when_the_section_has_run(terminal: Terminal) -> None:
    learner = terminal.miniature
    terminal.shows("Open: write")
    learner.replace("pyproject.toml", "wall_seconds = 3", "wall_seconds = 60")
    waiting = "import os\n    while not os.path.exists('go'): pass\n    return 0"
    learner.replace("pyproject.toml", "cpu_seconds = 2", "cpu_seconds = 60")
    text = (learner.root / STUB).read_text().replace("return ___", waiting)
    learner.write(STUB, text.replace("raise NotImplementedError", "return other + one"))
    terminal.shows("Solved.", "1 of 2 koans solved")

    terminal.press("c")
    terminal.shows("- return other + one", "+ return one + other")
    learner.write("go", "")

    terminal.shows("2 of 2 koans solved", "- return other + one")


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


def test_given_hints_are_shown_in_the_next_session(miniature: Miniature) -> None:
    for key in ("h", ""):
        terminal = Terminal(miniature)
        try:
            terminal.shows("1.1.1", "[q] quit")
            terminal.press(key)
            terminal.shows("Hint 1", "Which sign is it?")
        finally:
            terminal.close()


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


def test_keys_that_arrive_together_are_all_pressed(terminal: Terminal) -> None:
    terminal.shows("Open: write")
    terminal.press("h\x1b[Ah")  # with an arrow between them
    terminal.shows("Hint 1", "Hint 2")
    terminal.press("ry")
    terminal.shows("Open: write")
    terminal.press("nq")
    assert terminal.process.wait(60) == 0


def test_a_section_and_a_chapter_are_run_by_keys(terminal: Terminal) -> None:
    terminal.shows("Open: write")
    learner = terminal.miniature
    terminal.press("q")
    assert terminal.process.wait(60) == 0
    copy_section(learner)
    # Each counts how often its tests are run.
    count = "open('{0}', 'a').write('.'); got = answers.add(1, 2)"
    for file, name in ((TESTS, "first"), (OTHER_TESTS, "second")):
        learner.replace(file, "got = answers.add(1, 2)", count.format(name))
    again = Terminal(learner)
    try:
        again.shows("Open: write")
        before = run_count(learner, "first")
        again.press("s")
        wait_until(lambda: run_count(learner, "first") > before)
        assert run_count(learner, "second") == 0
        again.press("a")
        wait_until(lambda: run_count(learner, "first") > before + 1)
        wait_until(lambda: run_count(learner, "second") > 0)
    finally:
        again.close()


def copy_section(miniature: Miniature) -> None:
    """Ask the same in a section 1.2."""
    for name in (STUB, TESTS, STUB.replace("koans", "solutions")):
        text = (miniature.root / name).read_text(encoding="utf-8")
        other = text.replace("1.1.", "1.2.").replace("1.1  ", "1.2  ")
        miniature.write(name.replace("s01_adding", "s02_more"), other)


def run_count(miniature: Miniature, name: str) -> int:
    path = miniature.root / name
    return len(path.read_text()) if path.exists() else 0


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_so()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell")
def test_it_goes_on_after_it_was_suspended(miniature: Miniature) -> None:
    shell = Terminal(miniature, "bash", "--norc", "-i", environ={"PS1": "prompt> "})
    try:
        shell.shows("prompt>")
        shell.press(f"{shlex.join(WATCH)}\n")
        shell.shows("Open: write")
        shell.press("\x1a")  # Ctrl-Z
        shell.shows("Stopped")
        shell.forget()
        shell.press("fg\n")
        shell.shows("1.1.1", "Open: write", "[q] quit")
        shell.press("n")
        shell.shows("1.1.2", "What is the sum of nothing?")
        shell.press("q")
        shell.shows("prompt>")
    finally:
        shell.close()


def test_threads_leave_the_signals_to_the_main_thread() -> None:
    masks: list[set[signal.Signals]] = []
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])

    start_thread(
        lambda: masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, []))
    ).join()

    assert {signal.SIGCONT, signal.SIGINT, signal.SIGWINCH} <= masks[0]
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


def test_another_size_is_drawn_anew(terminal: Terminal) -> None:
    terminal.shows("[q] quit")
    terminal.forget()

    terminal.resize(50, 24)

    terminal.shows("[q] quit")
    lines = terminal.lines()
    assert all(len(line) < 50 for line in lines)
    assert any(line.strip().startswith("[") for line in lines)


@pytest.mark.parametrize("module", ["typer", "watchfiles", "sensei.watch.session"])
def test_an_early_interrupt_has_no_traceback(miniature: Miniature, module: str) -> None:
    """Ctrl-C while Python still imports `module`."""
    # Python runs it at its start, in front of all else.
    early = f"""
        import sys, time
        from importlib.abc import MetaPathFinder
        class Slow(MetaPathFinder):
            def find_spec(self, name, path, target=None):
                if name == {module!r}:
                    print("importing", flush=True)
                    time.sleep(600)
        sys.meta_path.insert(0, Slow())
    """
    miniature.write("early/sitecustomize.py", textwrap.dedent(early))
    path = [str(miniature.root / "early"), os.environ.get("PYTHONPATH", "")]
    environ = {"PYTHONPATH": os.pathsep.join(filter(None, path))}
    terminal = Terminal(miniature, environ=environ)
    try:
        terminal.shows("importing")
        terminal.press("\x03")
        terminal.process.wait(60)
        with pytest.raises(AssertionError, match="is not on the screen"):
            terminal.shows("Traceback", patience=0.5)
    finally:
        terminal.close()


def test_replaced_folders_are_watched_as_they_are_now(terminal: Terminal) -> None:
    learner = terminal.miniature
    koans = learner.root / "koans"
    terminal.shows("Open: write")
    for text in ("return 5", "return 6"):
        shutil.copytree(koans, learner.root / "kept")
        shutil.rmtree(koans)
        terminal.shows("git checkout -- koans")
        terminal.forget()
        (learner.root / "kept").rename(koans)
        terminal.shows("1.1.1")

        shipped = learner.repository.sections[0].shipped_stub
        learner.write(STUB, shipped.replace("raise NotImplementedError", text))

        terminal.shows(f"You add 1 and 2 and get {text[-1]}.")


def test_files_beside_the_koans_are_noticed_each_time(terminal: Terminal) -> None:
    """Editors replace the file: what is watched must not be the old one."""
    learner = terminal.miniature
    settings = learner.root / "pyproject.toml"
    shipped = settings.read_text(encoding="utf-8")
    terminal.shows("Open: write")
    for key in ("first", "second", "third"):
        learner.write("new.toml", f"{shipped}{key} = 1\n")
        (learner.root / "new.toml").replace(settings)
        terminal.shows(f"[tool.sensei] has no key {key}")
    learner.write("new.toml", shipped)
    (learner.root / "new.toml").replace(settings)
    terminal.shows("Open: write")


def test_it_is_told_that_files_cannot_be_watched(miniature: Miniature) -> None:
    fake = """
        from watchfiles.filters import DefaultFilter
        from watchfiles.main import Change
        def watch(*paths, **options):
            raise OSError("OS file watch limit reached")
            yield
    """
    real = Path(watchfiles.__file__).parent
    miniature.write("early/watchfiles/__init__.py", textwrap.dedent(fake))
    for file in real.iterdir():
        if file.name not in ("__init__.py", "__pycache__"):
            (miniature.root / "early" / "watchfiles" / file.name).symlink_to(file)
    path = [str(miniature.root / "early"), os.environ.get("PYTHONPATH", "")]
    environ = {"PYTHONPATH": os.pathsep.join(filter(None, path))}
    terminal = Terminal(miniature, environ=environ)
    try:
        terminal.shows(
            "Saved files are not noticed any more: OS file watch limit reached.",
            "Press s to run the section.",
            "WATCHFILES_FORCE_POLLING=1",
        )
        miniature.answer("raise NotImplementedError", "return 4")
        terminal.press_until("s", "You add 1 and 2 and get 4.")
    finally:
        terminal.close()


def test_reset_is_told_although_it_saves(terminal: Terminal) -> None:
    learner = terminal.miniature
    learner.answer("raise NotImplementedError", "return 4")
    terminal.shows("Failing.")
    terminal.press("h")
    terminal.shows("Hint 1")
    terminal.press("ry")

    screen = terminal.shows("Open: write", "Your version is kept in", "Hint 1")

    assert "Failing" not in screen
    learner.answer("raise NotImplementedError", "return 5")
    screen = terminal.shows("You add 1 and 2 and get 5.", "Hint 1")
    assert "Your version is kept" not in screen


def test_compare_goes_by_the_answer_as_it_is_now(miniature: Miniature) -> None:
    slow = "import time; time.sleep(1); got = answers.add(1, 2)"
    miniature.replace(TESTS, "got = answers.add(1, 2)", slow)
    miniature.answer("raise NotImplementedError", "return one + other")
    terminal = Terminal(miniature)
    try:
        terminal.shows("Solved.")
        miniature.answer("return one + other", "return 4")
        terminal.press("c")  # before the tests have judged it
        terminal.shows("Not solved yet. To compare anyway")
    finally:
        terminal.close()


def test_a_skipped_koan_is_neither_running_nor_next(miniature: Miniature) -> None:
    skip = "import pytest\n@pytest.mark.skip(reason='no server')\ndef test_q1"
    miniature.replace(TESTS, "def test_q1", skip)
    terminal = Terminal(miniature)
    try:
        terminal.shows("1.1.1", "Skipped: this koan cannot run here.", "no server")
        terminal.press("n")
        terminal.shows("1.1.2", "Open: write", "0 of 1 koans solved")
        terminal.press("n")
        terminal.press("l")
        terminal.shows("- 1.1.1", "○ 1.1.2")
    finally:
        terminal.close()


def test_a_process_that_ends_again_and_again_is_not_restarted_for_ever(
    miniature: Miniature,
) -> None:
    kill = (
        "import os, signal; open('ended', 'a').write('.')\n"
        "    os.kill(os.getppid(), signal.SIGKILL); got = answers.add(1, 2)"
    )
    shipped = (miniature.root / TESTS).read_text(encoding="utf-8")
    miniature.replace(TESTS, "got = answers.add(1, 2)", kill)
    terminal = Terminal(miniature)
    try:
        terminal.shows("ends again and again.", f"To see why it ends: pytest {TESTS}")
        assert run_count(miniature, "ended") == 2
        miniature.write(TESTS, shipped)
        terminal.shows("Open: write")
    finally:
        terminal.close()


def test_a_test_file_that_is_gone_is_told(terminal: Terminal) -> None:
    tests = terminal.miniature.root / TESTS
    terminal.shows("Open: write")
    kept = tests.read_text(encoding="utf-8")

    tests.unlink()

    screen = terminal.shows("cannot be run: There is no such file.")
    assert "ended" not in screen
    tests.write_text(kept, encoding="utf-8")
    terminal.shows("Open: write")


def test_a_lock_that_another_process_holds_is_told(miniature: Miniature) -> None:
    folder = miniature.root / ".sensei"
    folder.mkdir()
    with FileLock(folder / "progress.lock"):
        terminal = Terminal(miniature)
        try:
            terminal.shows("progress.json is locked by another process", "Open: write")
        finally:
            terminal.close()
