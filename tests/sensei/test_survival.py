"""Whatever an answer does, its koan gets a verdict and all others keep theirs."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensei.content.koan import Koan
from sensei.grading.results import Results
from sensei.grading.verdict import State, Verdict
from sensei.runner.client import FORK_SERVER, SPAWN_SERVER, RunnerClient
from tests.miniature import STUB, Miniature

GUILTY, INNOCENT = Koan(1, 1, 1), Koan(1, 1, 2)


class Bench:
    """A miniature, and a server that runs it again and again."""

    def __init__(self, root: Path, server: str = FORK_SERVER) -> None:
        self.miniature = Miniature(root)
        self.miniature.replace("pyproject.toml", "cpu_seconds = 2", "cpu_seconds = 1")
        self.shipped = self.miniature.repository.sections[0].shipped_stub
        self.client = RunnerClient(root, server=server)

    def run(self) -> dict[Koan, Verdict]:
        """Return the verdicts on what the stub's file holds now."""
        results = Results(self.miniature.repository)
        request = self.client.run(self.miniature.repository.sections, None)
        return {one.koan: one for one in self.client.follow(request, results)}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One server for all cases: it has to survive each of them."""
    one = Bench(tmp_path_factory.mktemp("miniature"))
    with one.client:
        yield one


# What an answer does in a koan, and a part of what its learner is told.
DEEDS = {
    "an exception": ("raise KeyError('sum')", "KeyError: 'sum'"),
    "sys.exit": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "os._exit": ("import os; os._exit(3)", "exit status 3"),
    "an endless loop": ("while True: pass", "Stopped after 1 s of computing"),
    "an endless loop that catches all": (
        "while True:\n        try:\n            while True: pass\n"
        "        except BaseException: pass",
        "Stopped after 1 s of computing",
    ),
    "an endless coroutine": (
        "import asyncio\n    async def wait():\n        while True:\n"
        "            await asyncio.sleep(0)\n    asyncio.run(wait())",
        "Stopped after 1 s of computing",
    ),
    "a loop in C without end": (
        "import itertools; sum(itertools.repeat(0))",
        "Stopped after 1 s of computing.",
    ),
    "a thread that computes without end": (
        "import threading\n"
        "    def compute():\n        while True: pass\n"
        "    thread = threading.Thread(target=compute); thread.start(); thread.join()",
        "Stopped after 1 s of computing, while this line was running.",
    ),
    "a wait without end": (
        "import threading; threading.Event().wait()",
        "Stopped after 3 s of waiting, while this line was running.",
    ),
    "a deaf wait without end": (
        "import signal, time; signal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
        "    while True: time.sleep(1)",
        "Stopped after 3 s of waiting.",
    ),
    "deep recursion": ("return add(one, other)", "RecursionError"),
    "a segmentation fault": ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    "an abort": ("import os; os.abort()", "SIGABRT"),
    "all memory taken": (
        "return len([bytes(1 << 30) for _ in range(99)])",
        "MemoryError",
    ),
    "a flood of output": (
        "for _ in range(100_000): print('flood ' * 20)\n    return 0",
        "You add 1 and 2 and get 0.",
    ),
    "a flood past every capture": (
        "import os\n    for _ in range(20_000): os.write(1, b'flood ' * 99)\n"
        "    return 0",
        "You add 1 and 2 and get 0.",
    ),
    "a closed stdout": (
        "import os, sys; sys.stdout.close(); os.close(1)\n    return 0",
        "exit status 1",
    ),
    "every file closed": (
        "import os; os.closerange(0, 256)\n    return 0",
        "exit status 1",
    ),
    "a thread left behind": (
        "import threading, time\n"
        "    threading.Thread(target=time.sleep, args=(60,)).start()\n    return 0",
        "You add 1 and 2 and get 0.",
    ),
    "a process left behind": (
        "import subprocess; subprocess.Popen(['sleep', '61.5'])\n    return 0",
        "You add 1 and 2 and get 0.",
    ),
    "a closed event loop": (
        "import asyncio; loop = asyncio.new_event_loop()\n"
        "    asyncio.set_event_loop(loop); loop.close()\n    return 0",
        "You add 1 and 2 and get 0.",
    ),
    "another folder": (
        "import os; os.chdir('/')\n    return 0",
        "You add 1 and 2 and get 0.",
    ),
    "an empty sys.path": (
        "import sys; sys.path.clear(); sys.modules.clear()\n    return 0",
        "exit status 1",
    ),
    "a patched json": (
        "import json; json.dumps = None; json.loads = None\n    return 0",
        "You add 1 and 2 and get 0.",
    ),
    "a patched datetime": (
        "import datetime; datetime.datetime = None\n    return 0",
        "You add 1 and 2 and get 0.",
    ),
    "patched builtins": (
        "import builtins; builtins.sum = lambda _: 7\n    return 0",
        "You add 1 and 2 and get 0.",
    ),
    "an environment variable": (
        "import os; os.environ.clear()\n    return 0",
        "You add 1 and 2 and get 0.",
    ),
    "a signal handler": (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    return 0",
        "You add 1 and 2 and get 0.",
    ),
    "a file beside the koans": (
        "import pathlib; (pathlib.Path(__file__).parent / 'json.py').write_text('(')\n"
        "    return 0",
        "You add 1 and 2 and get 0.",
    ),
    "an exception that cannot be printed": (
        "class Odd(Exception):\n        def __str__(self): raise ValueError\n"
        "    raise Odd",
        "Odd",
    ),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_costs_its_own_koan_only(bench: Bench, deed: str) -> None:
    code, told = DEEDS[deed]
    stub = bench.shipped.replace("return ___", "return 0")
    bench.miniature.write(STUB, stub.replace("raise NotImplementedError", code))

    verdicts = bench.run()

    assert verdicts[INNOCENT].state is State.SOLVED
    assert verdicts[GUILTY].state is State.FAILING
    assert told
    assert told in verdicts[GUILTY].message
    assert verdicts[GUILTY].location.startswith(STUB)


# What a file holds, and a part of what its learner is told.
FILES = {
    "a syntax error": (b"def add(:\n", "Python cannot read this file"),
    "null bytes": (b"def add():\n    return '\0'\n", "Python cannot read this file"),
    "another encoding": ("name = 'Käthe'".encode("latin-1"), "UTF-8"),
    "an unknown encoding": (b"# -*- coding: klingon -*-\n", "klingon"),
    "nothing": (b"", "which holds koan"),
    "an import error": (b"import fastapy\n", "No module named 'fastapy'"),
    "an import loop": (
        b"from koans.ch01.s01_adding import add\n",
        "Importing this file",
    ),
    "an exception": (b"1 / 0\n", "ZeroDivisionError"),
    "sys.exit": (b"import sys; sys.exit(4)\n", "ends Python"),
    "os._exit": (b"import os; os._exit(4)\n", "exit status 4"),
    "an endless loop": (b"while True: pass\n", "does not end"),
    "deep nesting": (b"(" * 5000 + b")" * 5000, "Python cannot read this file"),
}


@pytest.mark.parametrize("content", FILES)
def test_a_file_that_cannot_be_used_is_told(bench: Bench, content: str) -> None:
    holds, told = FILES[content]
    (bench.miniature.root / STUB).write_bytes(holds)

    verdicts = bench.run()

    assert [one.state for one in verdicts.values()] == [State.FAILING] * 2
    assert told in verdicts[GUILTY].message
    assert verdicts[GUILTY].location.startswith(STUB)


def test_a_file_that_is_gone_is_told(bench: Bench) -> None:
    (bench.miniature.root / STUB).unlink()

    verdicts = bench.run()

    assert "cannot be opened" in verdicts[GUILTY].message


SPAWNED = ["an exception", "os._exit", "an endless loop", "a segmentation fault"]


@pytest.mark.parametrize("deed", SPAWNED)
def test_a_fresh_process_does_the_same_job(tmp_path: Path, deed: str) -> None:
    bench = Bench(tmp_path, SPAWN_SERVER)
    code, told = DEEDS[deed]
    bench.miniature.answer("return ___", "return 0")
    bench.miniature.answer("raise NotImplementedError", code)

    with bench.client:
        verdicts = bench.run()

    assert verdicts[INNOCENT].state is State.SOLVED
    assert told in verdicts[GUILTY].message


def test_a_stub_is_open_with_its_question_and_place(bench: Bench) -> None:
    bench.miniature.write(STUB, bench.shipped)

    verdicts = bench.run()

    assert [one.state for one in verdicts.values()] == [State.OPEN] * 2


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc to look")
def test_nothing_is_left_running(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    code = (
        "import subprocess; subprocess.Popen(['sleep', '62.5'], start_new_session=True)"
    )
    bench.miniature.write(
        STUB, bench.shipped.replace("raise NotImplementedError", code)
    )
    with bench.client:
        bench.run()

    assert _wait_until_gone(b"62.5")


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc to look")
def test_nothing_is_left_running_after_a_kill(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    code = "import subprocess; subprocess.run(['sleep', '63.5'])"
    bench.miniature.write(
        STUB, bench.shipped.replace("raise NotImplementedError", code)
    )
    child = os.fork()
    if child == 0:  # a sensei that is killed while a koan runs
        bench.client.start()
        bench.run()
        os._exit(0)
    deadline = time.monotonic() + 20
    while not _running(b"63.5") and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    assert _wait_until_gone(b"63.5")
    assert _wait_until_gone(str(tmp_path).encode())


def _wait_until_gone(word: bytes) -> bool:
    deadline = time.monotonic() + 10
    while _running(word) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not _running(word)


def _running(word: bytes) -> list[Path]:
    """Return the processes that have `word` on their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word in path.read_bytes():
                found.append(path)
        except OSError:
            continue
    return found
