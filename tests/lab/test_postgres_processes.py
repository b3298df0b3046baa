"""Of the server's life: who shares it, and that nothing survives its owner."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.postgres.binaries import copy_binaries, find_binaries, open_to_all
from lab.postgres.folders import folders, is_kept, new_folder

_ROOT = Path(__file__).parents[2]
# Not by `print`, which may write a line in two pieces, others' lines between them.
_PORT = (
    "import os; from lab.postgres.cluster import cluster; "
    r"os.write(1, b'%d\n' % cluster().port)"
)
_WAIT = "import sys; sys.stdin.read()"
_IN_A_CHILD = (
    f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_PORT!r}])"
)
_as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the user")


@contextmanager
def _python(
    *lines: str,
    program: str = sys.executable,
    arguments: Sequence[str] = (),
    path: Path = _ROOT,
    folder: Path = _ROOT,
    **options: object,
) -> Iterator[subprocess.Popen[str]]:
    """A Python of its own, which owns what it starts."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(path), str(_ROOT)])}
    del environment["KOANS_LAB_OWNER"]
    process = subprocess.Popen(
        [program, "-W", "error", "-c", "\n".join(lines), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment,
        **options,  # type: ignore[call-overload]
    )
    try:
        with process:
            yield process
            process.kill()
    finally:
        process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline().strip()
    assert line, process.stderr.read()
    return line


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _processes() -> dict[int, tuple[int, str]]:
    """The parent and the state of each process."""
    table = subprocess.check_output(["ps", "-A", "-o", "pid=,ppid=,stat="], text=True)
    rows = [line.split() for line in table.splitlines()]
    return {int(pid): (int(parent), state) for pid, parent, state in rows}


def _family(server: int) -> set[int]:
    """The server's process, those it has started, and its supervisor."""
    found = _processes()
    children = {one for one, (parent, _) in found.items() if parent == server}
    return {server, *children, found[server][0]}


def _await_gone(processes: set[int], folder: Path, port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = _processes()
        # What nobody has asked how it ended is listed, but is gone.
        left = {one for one in processes if found.get(one, (0, "Z"))[1][0] != "Z"}
        if not left and not folder.exists() and not _answers(port):
            return
        time.sleep(0.02)
    pytest.fail(f"left: {left} {folder} {folder.exists()} {_answers(port)}")


def _await_silence(port: int) -> None:
    deadline = time.monotonic() + 10
    while _answers(port):
        assert time.monotonic() < deadline, "the server still runs"
        time.sleep(0.02)


def _server_in(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None])
def test_nothing_survives_the_owner(end: signal.Signals | None) -> None:
    with _python(_PORT, _WAIT) as owner:
        port = int(_line(owner))
        (folder,) = folders(owner.pid)
        family = _family(_server_in(folder))
        assert len(family) > 3
        assert _answers(port)

        if end is None:
            owner.communicate()
        else:
            owner.send_signal(end)
        owner.wait()

        _await_gone(family, folder, port)


def test_it_outlives_the_child_that_started_it_but_not_the_owner() -> None:
    claim = "from lab.owner import claim; claim()"
    with _python(claim, _IN_A_CHILD, _PORT, _WAIT) as owner:
        port = int(_line(owner))
        assert int(_line(owner)) == port  # after the child's end
        (folder,) = folders(owner.pid)
        family = _family(_server_in(folder))

        owner.kill()
        owner.wait()

        _await_gone(family, folder, port)


def test_forked_children_share_it_though_all_start_at_once() -> None:
    with _python(
        "import os; from lab.owner import claim; claim()",
        f"for _ in range(4):\n  if os.fork() == 0:\n    {_PORT}\n    os._exit(0)",
        _WAIT,
    ) as owner:
        assert len({_line(owner) for _ in range(4)}) == 1


def test_two_runs_have_a_server_each() -> None:
    with _python(_PORT, _WAIT) as one, _python(_PORT, _WAIT) as other:
        assert _line(one) != _line(other)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends it at once")
def test_a_killed_supervisor_takes_the_server_along_and_is_replaced() -> None:
    with _python(_PORT, "input()", _PORT, _WAIT) as owner:
        port = int(_line(owner))
        (folder,) = folders(owner.pid)
        server = _server_in(folder)
        family = _family(server)
        os.kill(_processes()[server][0], signal.SIGKILL)
        while is_kept(folder):
            time.sleep(0.01)

        assert owner.stdin is not None
        owner.stdin.write("go on\n")
        owner.stdin.flush()

        assert int(_line(owner)) != port
        _await_gone(family, folder, port)


def test_the_folders_of_killed_supervisors_are_removed_at_the_next_start() -> None:
    left = [new_folder(1, runs_programs=on_disk) for on_disk in (False, True)]
    with _python(_PORT, _WAIT) as owner:
        _line(owner)

        assert not any(folder.exists() for folder in left)


def _project(folder: Path, *tests: str) -> str:
    """Make a folder of tests; return what runs them."""
    (folder / "conftest.py").write_text("pytest_plugins = ['lab.plugin']")
    (folder / "pytest.ini").write_text(
        "[pytest]\nasyncio_default_fixture_loop_scope = function"
    )
    (folder / "test_it.py").write_text("\n".join(tests))
    return "import sys, pytest; sys.exit(pytest.main(['-q', '-Werror', *sys.argv[1:]]))"


def test_a_worker_of_xdist_starts_it_for_all(tmp_path: Path) -> None:
    run = _project(
        tmp_path,
        "import pytest",
        "@pytest.mark.parametrize('n', range(8))",
        "def test_port(postgres, n, worker_id):",
        "    port = postgres.dsn.split(':')[-1].split('/')[0]",
        "    with open(f'{worker_id}.txt', 'w') as file:",
        "        file.write(port)",
    )
    with _python(run, arguments=["-n2"], folder=tmp_path) as main:
        printed, _ = main.communicate()

    ports = [file.read_text() for file in tmp_path.glob("gw*.txt")]
    assert main.returncode == 0, printed
    assert len(ports) == 2
    assert len(set(ports)) == 1
    _await_silence(int(ports[0]))


def test_a_test_is_skipped_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _project(tmp_path, "def test_one(postgres): assert 0")
    monkeypatch.setenv("KOANS_POSTGRES_URL", "postgresql://x@127.0.0.1:1/x")
    with _python(run, arguments=["-rs"], folder=tmp_path) as main:
        printed, _ = main.communicate()

    told = [line for line in printed.splitlines() if "KOANS_POSTGRES_URL" in line]
    assert len(told) == 1, printed
    assert told[0].startswith("SKIPPED")
    assert "Connection refused" in told[0]
    assert "1 skipped" in printed
    assert "Traceback" not in printed


@_as_root
def test_a_normal_user_has_one() -> None:
    # This environment's Python may lie in a folder of root's.
    system = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    packages = Path(sysconfig.get_path("purelib"))
    if system is None or not open_to_all(find_binaries()):
        pytest.skip("nobody else can run anything here")
    with _python(
        "import os; assert os.geteuid() != 0",
        _PORT,
        _WAIT,
        program=system,
        path=packages,
        user="nobody",
        group=pwd.getpwnam("nobody").pw_gid,
        extra_groups=[],
    ) as owner:
        port = int(_line(owner))
        assert _answers(port)
        owner.kill()
        owner.wait()

        _await_silence(port)


@_as_root
def test_root_has_one_though_its_packages_are_hidden() -> None:
    binaries = find_binaries()
    hidden = Path(tempfile.mkdtemp())  # open to root alone
    try:
        package = copy_binaries(binaries, hidden / "site").parents[1]
        (package / "__init__.py").touch()
        assert not open_to_all(package / "pginstall" / "bin")

        with _python(_PORT, _WAIT, path=package.parent) as owner:
            port = int(_line(owner))
            (folder,) = folders(owner.pid)
            assert _answers(port)
            assert (folder / "programs" / package.name).is_dir()
            owner.kill()
            owner.wait()
            _await_gone(set(), folder, port)
    finally:
        shutil.rmtree(hidden)


def test_why_it_does_not_start_is_told_in_one_line(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    for name in ("initdb", "postgres"):
        program = folder / name
        program.write_text(
            "#!/bin/sh\necho preparing >&2\necho no disk left >&2\nexit 1"
        )
        program.chmod(0o755)
    try:
        with _python(
            "from pathlib import Path; from lab import Unavailable",
            "from lab.postgres import cluster",
            f"cluster.find_binaries = lambda: Path({str(folder)!r})",
            "try: cluster.cluster()",
            "except Unavailable as error: print(error, flush=True)",
        ) as owner:
            told = _line(owner)
    finally:
        shutil.rmtree(folder)

    assert told.startswith("PostgreSQL does not start here (no disk left)")
