"""Whatever an answer does to plain pytest, the koan is named and the run has failed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sensei.content.koan import Koan
from sensei.grading.verdict import State
from sensei.state.progress import Progress
from tests.miniature import STUB, Miniature

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a fork")

DEAF = (
    "import signal, time; signal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
    "    while True: time.sleep(1)"
)
THREAD = (
    "import threading, time\n"
    "    threading.Thread(target=time.sleep, args=(99,)).start()\n    return 0"
)


@pytest.fixture
def solved(miniature: Miniature) -> Miniature:
    """A miniature whose first koan is solved; the second one does something."""
    miniature.answer("raise NotImplementedError", "return one + other")
    return miniature


def start(miniature: Miniature, *options: str, **more: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "koans"]
    return subprocess.Popen(
        [*command, *options],
        cwd=miniature.root,
        env=os.environ | {"COLUMNS": "88"},
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **more},
    )


def run(miniature: Miniature, *options: str) -> tuple[int, str]:
    """Return the exit status of pytest, and what it prints."""
    process = start(miniature, *options)
    page, _ = process.communicate(timeout=110)
    return process.returncode, page


# What an answer does, and a part of what is told.
ENDS = {
    "os._exit": ("import os; os._exit(0)", "ended Python itself, with exit status 0."),
    "a segmentation fault": ("import ctypes; ctypes.string_at(0)", "(SIGSEGV)."),
    "an abort": ("import os; os.abort()", "Running this crashed Python (SIGABRT)."),
    "every file closed": ("import os; os.closerange(0, 256)", "ended Python itself"),
    "no ear for signals": (DEAF, "This did not end, and it does not react to signals."),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", "Your code raises KeyboardInterr"),
}


@pytest.mark.parametrize("deed", ENDS)
def test_the_koan_is_named_and_what_was_judged_is_shown(solved, deed):
    code, told = ENDS[deed]
    solved.answer("return ___", code)

    status, page = run(solved)

    assert status == 1
    assert f"\n1.1.2  {STUB}:" in page
    assert f"{told}" in page
    assert "●✗        1 of 2" in page
    recorded = Progress(solved.root).read()
    assert recorded[Koan(1, 1, 1)].verdict.state is State.SOLVED
    assert recorded[Koan(1, 1, 2)].verdict.state is State.FAILING


@pytest.mark.parametrize("code", ["import os; os._exit(0)", DEAF])
def test_a_process_of_xdist_that_ends_is_told(solved, code):
    solved.answer("return ___", code)

    status, page = run(solved, "-n", "2")

    assert status == 1
    assert f"\n1.1.2  {STUB}:" in page
    assert "●✗        1 of 2" in page


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("raise KeyboardInterrupt", "Importing this file raises KeyboardInterrupt."),
        ("import os; os._exit(0)", "Running this ended Python itself"),
    ],
)
def test_what_ends_pytest_during_the_import_is_told(solved, code, told):
    solved.answer("from sensei", f"{code}\nfrom sensei")

    status, page = run(solved)

    assert status == 1
    assert told in page
    assert STUB in page


def test_a_thread_that_is_left_behind_does_not_hold_the_run_up(solved):
    solved.answer("return ___", THREAD)

    status, page = run(solved)

    assert status == 1
    assert "2 solved in" in page
    assert "Koan 1.1.2 left a thread running, which kept Python from ending." in page


@pytest.mark.parametrize(
    ("answer", "expected"), [("return 0", 0), ("return 1", 1), ("return ___", 1)]
)
def test_else_the_exit_status_is_that_of_pytest(solved, answer, expected):
    solved.answer("return ___", answer)

    status, page = run(solved)

    assert status == expected
    assert "The run ended" not in page
    assert run(solved, "--no-such-option")[0] == pytest.ExitCode.USAGE_ERROR
    assert run(solved, "-k", "nothing_is_called_so")[0] == 5


WAITS = "import os, time; os.mkdir('begun'); time.sleep(99)"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_stops_pytest_stops_all_of_it(solved, number):
    solved.replace("pyproject.toml", "wall_seconds = 3", "wall_seconds = 60")
    solved.answer("return ___", WAITS)
    process = start(
        solved,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        # In the background of a shell script, SIGINT is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    _await(lambda: (solved.root / "begun").exists())

    process.send_signal(number)
    page, _ = process.communicate(timeout=60)

    assert process.returncode in (2, 128 + number)
    if number == signal.SIGINT:
        assert "Interrupted while koan 1.1.2 was running." in page
        assert "●·        1 of 2" in page
    assert "crashed" not in page


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc to look")
def test_nothing_is_left_where_the_supervisor_is_killed(solved):
    solved.answer("return ___", "import time; open('begun', 'w'); time.sleep(3)")
    process = start(solved, stdout=subprocess.DEVNULL)
    _await(lambda: (solved.root / "begun").exists())

    process.kill()
    process.wait()

    _await(lambda: not _running_in(solved.root))


def test_who_debugs_is_not_stopped(solved):
    for seconds in ("cpu_seconds = 2", "wall_seconds = 3"):
        solved.replace("pyproject.toml", seconds, f"{seconds[:-1]}1")
    solved.answer("return ___", "breakpoint()\n    return 0")
    process = start(solved, stdin=subprocess.PIPE)
    assert process.stdin
    # Longer than the test may take, on a quiet machine.
    time.sleep(5)

    page, _ = process.communicate("p 'looked at ' + str(6 * 7)\nc\n", timeout=100)

    assert "looked at 42" in page
    assert "2 solved in" in page
    assert process.returncode == 0


def _await(is_so) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _running_in(root: Path) -> list[str]:
    """Return the processes whose folder is `root`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if path.readlink() == root:
                found.append(str(path))
        except OSError:
            continue
    return found
