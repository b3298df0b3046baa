"""Deadlines: what has no end is stopped, and a busy machine stops nothing else."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial

import pytest

from sensei.grading import deadline
from sensei.grading.deadline import Deadline, DeadlineError, Moment, Wait, enforced
from sensei.grading.verdict import State
from sensei.runner import limits
from sensei.runner.client import FORK_SERVER, SPAWN_SERVER
from sensei.runner.settings import SettingsError, load_settings
from tests.miniature import Miniature
from tests.sensei.test_plugin import read
from tests.sensei.test_runner import Run

# What computes for most of the time that it has.
COMPUTE = (
    "import time\n"
    "    begun = time.process_time()\n"
    "    while time.process_time() < begun + 0.6: pass\n"
    "    return one + other"
)


# Computes until the process that has started it ends, however it does.
BUSY = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"


@pytest.fixture
def busy_machine() -> Iterator[None]:
    """A machine with more than twice as much to do as it has cores."""
    command = [sys.executable, "-c", BUSY]
    count = 2 * (os.cpu_count() or 2)
    loops = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


@pytest.fixture
def computing(miniature: Miniature) -> Miniature:
    """A miniature whose first koan computes almost for too long."""
    miniature.replace("pyproject.toml", "cpu_seconds = 2", "cpu_seconds = 1")
    miniature.replace("pyproject.toml", "wall_seconds = 3", "wall_seconds = 1")
    miniature.answer("raise NotImplementedError", COMPUTE)
    miniature.answer("return ___", "return 0")
    return miniature


@pytest.mark.usefixtures("busy_machine")
def test_a_busy_machine_changes_no_verdict_of_pytest(computing):
    assert "2 solved" in read(computing, "koans")


@pytest.mark.usefixtures("busy_machine")
@pytest.mark.parametrize("server", [FORK_SERVER, SPAWN_SERVER])
def test_a_busy_machine_changes_no_verdict_of_the_runner(computing, server):
    run = Run(computing, server, "koans")

    with run.client:
        verdicts = run.all(*computing.repository.sections)

    assert [one.state for one in verdicts.values()] == [State.SOLVED] * 2


@pytest.mark.usefixtures("busy_machine")
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("while True: pass", "Stopped after 1 s of computing, while this"),
        ("import time; time.sleep(1e6)", "Stopped after 1 s of waiting, while this"),
    ],
)
def test_a_busy_machine_is_told_the_same_of_what_has_no_end(computing, code, told):
    computing.answer(COMPUTE, code)

    page = read(computing, "koans")

    assert told in page
    assert "1 failing, 1 solved" in page


def test_who_has_to_wait_for_a_core_has_more_time(monkeypatch):
    now = Moment.now()._replace(overload=1.0)
    begun = now._replace(cpu=now.cpu - 5, wall=now.wall - 30)
    strict = Deadline(cpu_seconds=4, wall_seconds=10)

    monkeypatch.setattr(deadline, "overload", lambda: 1.0)
    assert strict.exceeded_since(begun) == "Stopped after 4 s of computing"
    assert strict.scaled_to(40).exceeded_since(begun) == ""
    waiting = Deadline(cpu_seconds=9, wall_seconds=10).exceeded_since(begun)
    assert waiting == "Stopped after 10 s of waiting"

    # In a queue for a core is not waiting; where nobody knows, it is estimated.
    patient = Deadline(cpu_seconds=9, wall_seconds=10)
    queued = begun._replace(delayed=0.0)
    monkeypatch.setattr(deadline, "_scheduled", lambda _: (5.0, 20.0))
    assert patient.exceeded_since(queued) == ""
    monkeypatch.setattr(deadline, "overload", lambda: 4.0)
    monkeypatch.setattr(deadline, "_scheduled", lambda _: None)
    assert strict.exceeded_since(queued) == ""


def test_what_began_on_a_busy_machine_keeps_its_time(monkeypatch):
    patient = Deadline(cpu_seconds=60, wall_seconds=10)
    now = Moment.now()
    monkeypatch.setattr(deadline, "overload", lambda: 1.0)
    on_quiet_machine = now._replace(wall=now.wall - 30, overload=1.0)
    assert patient.exceeded_since(on_quiet_machine) == "Stopped after 10 s of waiting"
    assert patient.exceeded_since(on_quiet_machine._replace(overload=4.0)) == ""


@pytest.mark.parametrize("is_known", [True, False])
def test_who_waits_is_seen_from_another_process(monkeypatch, is_known):
    """With what the system knows of a process, or without."""
    if not is_known:
        monkeypatch.setattr(deadline, "_scheduled", lambda _: None)
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    with subprocess.Popen(command) as process:
        wait = Wait(process.pid)
        assert not wait.is_over(Deadline(1000, 1000), 0)
        time.sleep(0.1)
        until = time.monotonic() + 60
        while not wait.is_over(Deadline(0.001, 0.001), 0):
            assert time.monotonic() < until
        process.kill()


def test_a_process_that_began_on_a_busy_machine_keeps_its_time(monkeypatch):
    monkeypatch.setattr(deadline, "_scheduled", lambda _: None)
    monkeypatch.setattr(deadline, "overload", lambda: 8.0)
    busy, short = Wait(os.getpid()), Deadline(0.001, 1.0)
    monkeypatch.setattr(deadline, "overload", lambda: 1.0)
    quiet = Wait(os.getpid())
    later = time.monotonic() + 5
    monkeypatch.setattr(deadline, "monotonic", lambda: later)
    assert quiet.is_over(short, 0)
    assert not busy.is_over(short, 0)


def test_overload_counts_what_runs_now(busy_machine):
    assert busy_machine is None
    until = time.monotonic() + 60
    while deadline.overload() < 1.5 and time.monotonic() < until:
        time.sleep(0.01)
    assert 1.5 <= deadline.overload() <= 8


def test_who_catches_the_deadline_gets_it_again():
    caught = 0
    with enforced(Deadline(1000, 0.1), Moment.now()):
        while caught < 3:
            try:
                time.sleep(60)
            except DeadlineError:
                caught += 1
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_deadline_is_not_raised_where_it_would_not_be_lifted(monkeypatch):
    """In pytest's own code on the way to the block's end, or while that is reached."""
    setitimer = signal.setitimer
    looks = []

    def set_while_it_looks(*arguments):
        looks.append(signal.getsignal(signal.SIGALRM))
        looks[-1](signal.SIGALRM, sys._getframe())
        return setitimer(*arguments)

    now = Moment.now()
    begun = now._replace(wall=now.wall - 1000, overload=1.0)
    with enforced(Deadline(60, 60), begun):
        monkeypatch.setattr(signal, "setitimer", set_while_it_looks)
        look = signal.getsignal(signal.SIGALRM)
        with pytest.raises(DeadlineError):
            look(signal.SIGALRM, sys._getframe())
        within = {
            "__name__": "pluggy._execution",
            "look": partial(look, signal.SIGALRM),
        }
        exec("import sys; look(sys._getframe())", within)

    assert looks == [look]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("cpu_seconds = 'ten'", "cpu_seconds must be a number of seconds"),
        ("wall_seconds = 0", "wall_seconds must be a number of seconds"),
        ("cpu_seconds = [", "This is not TOML"),
    ],
)
def test_settings_that_are_none_are_told(miniature, line, told):
    miniature.write("pyproject.toml", f"[tool.sensei]\n{line}\n")

    with pytest.raises(SettingsError, match=told):
        load_settings(miniature.root)
    assert told in read(miniature, "koans") or "TOML" in told


LIMITS = ("RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_CORE")


@pytest.mark.parametrize("lacking", ["/proc", *LIMITS])
def test_each_limit_is_set_by_itself(monkeypatch, tmp_path, lacking):
    """A system lacks /proc, as macOS does, or knows not all of the limits."""
    if lacking == "/proc":
        monkeypatch.setattr(limits, "_STATUS", tmp_path / "status")
    setrlimit = resource.setrlimit
    set_here = {}

    def set_or_refuse(kind, values):
        if lacking != "/proc" and kind == getattr(resource, lacking):
            raise ValueError("current limit exceeds maximum limit")
        set_here[kind] = values

    monkeypatch.setattr(resource, "setrlimit", set_or_refuse)
    limits._limit_resources()
    monkeypatch.setattr(resource, "setrlimit", setrlimit)

    assert set(set_here) == {getattr(resource, one) for one in LIMITS if one != lacking}


@pytest.mark.skipif(sys.platform != "linux", reason="only there it is enforced")
def test_the_limits_hold(miniature):
    code = (
        "import resource\n"
        "    limits = [resource.getrlimit(kind)[0] for kind in (\n"
        "        resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_DATA,\n"
        "        resource.RLIMIT_CPU)]\n"
        "    raise RuntimeError(str(limits))"
    )
    miniature.answer("raise NotImplementedError", code)
    run = Run(miniature, FORK_SERVER, "koans")

    with run.client:
        message = run.all(*miniature.repository.sections)["1.1.1"].message

    core, file, data, cpu = eval(message.removeprefix("RuntimeError: "))
    assert core == 0
    assert file == 256 << 20
    assert data > 2 << 30
    assert 4 <= cpu <= 8
