"""The runner's servers: requests, cancels, and files that cannot be collected."""

import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from sensei.content.koan import Koan
from sensei.content.section import Section
from sensei.grading.deadline import Deadline
from sensei.grading.results import Results
from sensei.grading.verdict import State, Verdict
from sensei.runner.client import FORK_SERVER, SPAWN_SERVER, RunnerClient, RunnerError
from sensei.runner.fork_server import ForkServer
from sensei.runner.forked import ForkedChild
from sensei.runner.protocol import (
    Cancel,
    ChildDone,
    Event,
    MessageReader,
    Ready,
    RequestDone,
    TestReported,
    send,
)
from sensei.runner.spawned import SpawnedKoan
from tests.miniature import STUB, Miniature

SERVERS = pytest.mark.parametrize("server", [FORK_SERVER, SPAWN_SERVER])
TESTS = "koans/ch01/test_s01_adding.py"
OTHER_STUB = STUB.replace("s01_adding", "s02_more")
OTHER_TESTS = TESTS.replace("s01_adding", "s02_more")

# Until a file is there: for as long as a test needs it to.
WAIT = (
    "import pathlib, time\n"
    "    while not pathlib.Path('go').exists(): time.sleep(0.01)\n"
    "    return one + other"
)


class Run:
    """A server, and what it has sent."""

    def __init__(self, miniature: Miniature, server: str, answers: str) -> None:
        self.client = RunnerClient(miniature.root, answers, server)
        self.results = Results(miniature.repository)
        self.verdicts: dict[str, Verdict] = {}

    def all(self, *sections: Section) -> dict[str, Verdict]:
        """Return the verdicts on all koans of `sections`."""
        request = self.client.run(sections, None)
        verdicts = self.client.follow(request, self.results)
        return {str(one.koan): one for one in verdicts}

    def until(self, wanted: Event) -> Iterator[Event]:
        """Yield what is sent until `wanted` is."""
        for event in self.client.events():
            yield event
            if event == wanted:
                return
        raise AssertionError(f"{wanted} was not sent")


@pytest.fixture
def run(
    miniature: Miniature, request: pytest.FixtureRequest, server: str
) -> Iterator[Run]:
    one = Run(miniature, server, getattr(request, "param", "koans"))
    with one.client:
        yield one


@SERVERS
def test_a_test_file_that_is_gone_is_told(miniature, sections, run):
    (miniature.root / TESTS).unlink()

    verdicts = run.all(*sections)

    assert set(verdicts) == {"1.2.1", "1.2.2"}
    (told,) = run.results.collection_errors.values()
    assert told == "There is no such file."
    assert set(run.all(sections[1])) == {"1.2.1", "1.2.2"}, "it goes on"


@SERVERS
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("def (", "SyntaxError"),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("raise KeyError('sum')", "KeyError: 'sum'"),
        ("raise SystemExit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ],
)
def test_a_test_file_that_cannot_be_collected_is_told(
    miniature, sections, run, code, told
):
    miniature.replace(TESTS, "def test_q1_two", f"{code}\ndef test_q1_two")

    verdicts = run.all(*sections)

    assert set(verdicts) == {"1.2.1", "1.2.2"}
    ((path, message),) = run.results.collection_errors.items()
    assert path.endswith(TESTS)
    assert told in message
    assert set(run.all(sections[1])) == {"1.2.1", "1.2.2"}, "it goes on"


@SERVERS
def test_a_broken_conftest_is_told(miniature, sections, run):
    miniature.write("conftest.py", "1 / 0")

    with pytest.raises(RunnerError, match="cannot be run: pytest does not start"):
        run.all(*sections)


@SERVERS
@pytest.mark.parametrize("options", ["-n 2", "--lf", "-k nothing", "--no-such-option"])
def test_options_in_the_environment_are_not_for_the_runner(
    sections, server, miniature, monkeypatch, options
):
    monkeypatch.setenv("PYTEST_ADDOPTS", options)
    run = Run(miniature, server, "solutions")

    with run.client:
        verdicts = run.all(sections[0])

    assert [one.state for one in verdicts.values()] == [State.SOLVED] * 2


@SERVERS
def test_a_cancelled_request_is_done_and_others_go_on(miniature, sections, run):
    miniature.answer("raise NotImplementedError", WAIT)
    for event in run.until(Ready()):
        assert event == Ready()
    first = run.client.run(sections[:1], None)
    second = run.client.run(sections[:1], None)
    third = run.client.run(sections[1:], None)

    run.client.cancel(first)
    run.client.cancel(second)

    left = {RequestDone(number) for number in (first, second, third)}
    judged = set()
    for event in run.client.events():
        if isinstance(event, TestReported):
            judged.add((event.request, str(event.verdict.koan)))
        left.discard(event)
        if not left:
            break
    assert {(third, "1.2.1"), (third, "1.2.2")} <= judged
    assert (first, "1.1.1") not in judged
    assert (second, "1.1.1") not in judged


@SERVERS
def test_who_listens_to_a_server_gets_no_events_of_the_next(sections, run):
    client = run.client
    former = client.events()
    client.stop()
    client.start()
    client.run(sections, None)

    for event in former:
        assert event == Ready(), "an event of the second server"


# A test of question 1 that leaves word of having run, and fails with an answer.
THIRD_TEST = """
def test_q1_a_third(answers):
    import pathlib
    pathlib.Path("third").touch()
    assert answers.add(9, 9) == 18, "9 and 9 is wrong."
"""


@SERVERS
@pytest.mark.parametrize(
    ("answer", "state", "message", "runs_on"),
    [
        ("raise NotImplementedError", State.OPEN, "", False),
        ("return 4", State.FAILING, "You add 1 and 2 and get 4.", False),
        ("return one + other", State.SOLVED, "", True),
        # One that was begun may be wrong already.
        (
            "if one == 9: return 0\n    raise NotImplementedError",
            State.FAILING,
            "9 and 9 is wrong.",
            True,
        ),
    ],
)
def test_a_koan_runs_until_its_verdict_is_certain(
    miniature, sections, run, answer, state, message, runs_on
):
    tests = (miniature.root / TESTS).read_text()
    miniature.write(TESTS, tests + THIRD_TEST)
    miniature.answer("raise NotImplementedError", answer)

    verdicts = run.all(sections[0])

    assert set(verdicts) == {"1.1.1", "1.1.2"}, "the next koan runs"
    assert (verdicts["1.1.1"].state, verdicts["1.1.1"].message) == (state, message)
    assert (miniature.root / "third").exists() is runs_on


@pytest.mark.parametrize("server", [FORK_SERVER])
def test_a_koan_that_another_one_harms_is_judged_by_itself(miniature, sections, run):
    """All koans of a section share a process, which the first may spoil."""
    harm = "import os; os.environ['HARM'] = '1'; return one + other"
    miniature.answer("raise NotImplementedError", harm)
    miniature.answer("return ___", "import os; return int(os.environ.get('HARM', 0))")

    verdicts = run.all(sections[0])

    assert [one.state for one in verdicts.values()] == [State.SOLVED] * 2


@pytest.mark.parametrize("server", [SPAWN_SERVER])
def test_the_start_of_python_is_not_the_time_of_a_test(miniature, sections, run):
    miniature.replace("pyproject.toml", "cpu_seconds = 2", "cpu_seconds = 0.2")
    miniature.replace("pyproject.toml", "wall_seconds = 3", "wall_seconds = 0.1")
    conftest = (miniature.root / "conftest.py").read_text()
    miniature.write("conftest.py", f"import time; time.sleep(3)\n{conftest}")

    verdicts = run.all(sections[0])

    assert [one.state for one in verdicts.values()] == [State.OPEN] * 2


@pytest.mark.parametrize("server", [SPAWN_SERVER])
def test_a_wait_that_no_signal_ends_is_ended(miniature, sections, run):
    deaf = (
        "import signal, time; signal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
        "    while True: time.sleep(1)"
    )
    miniature.answer("raise NotImplementedError", deaf)

    verdicts = run.all(sections[0])

    assert verdicts["1.1.1"].message == "Stopped after 3 s of waiting."
    assert verdicts["1.1.1"].location.startswith(STUB)


def test_a_child_that_was_just_cancelled_is_not_read():
    """The server finds the cancel and what the child has sent at the same time."""
    (requests, asking), (reports, reporting) = os.pipe(), os.pipe()
    server = ForkServer(requests, events=-1)
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    process = subprocess.Popen(command, start_new_session=True)
    job: Any = SimpleNamespace(request=1)
    child = ForkedChild(job, process.pid, MessageReader(reports), Deadline(60, 60))
    cancelled: list[int] = []
    scheduler: Any = SimpleNamespace(
        cancel=cancelled.append,
        collect_ahead=lambda: False,
        next_job=lambda: None,
        is_for_all=False,
    )
    server._scheduler = scheduler
    server._children[process.pid] = child
    incoming = MessageReader(requests)
    server._selector.register(requests, selectors.EVENT_READ, incoming)
    server._selector.register(reports, selectors.EVENT_READ, child)
    send(asking, Cancel(1))
    send(reporting, ChildDone())

    server._serve_once(incoming)

    assert cancelled == [1]
    assert not server._children
    process.wait()


@pytest.mark.parametrize("when", ["before", "while it starts"])
def test_a_cancel_before_or_at_the_start_is_not_lost(
    miniature, sections, monkeypatch, when
):
    miniature.answer("raise NotImplementedError", WAIT)
    koan = SpawnedKoan(sections[0], Koan(1, 1, 1), 1, "koans")
    started = []
    start = SpawnedKoan._start

    def start_slowly(self):
        canceller.start()
        time.sleep(0.2)
        started.append(start(self))
        return started[0]

    canceller = threading.Thread(target=koan.cancel)
    monkeypatch.setattr(SpawnedKoan, "_start", start_slowly)
    if when == "before":
        koan.cancel()

    assert not list(koan.events())
    assert bool(started) == (when != "before")
