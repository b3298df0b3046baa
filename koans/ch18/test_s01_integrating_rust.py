"""The tests of section 18.1."""

import asyncio
import json
import multiprocessing
import operator
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from email.parser import Parser
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any
from zipfile import ZipFile

import httpx2
import orjson
import pytest
from blake3 import blake3
from packaging.requirements import Requirement
from packaging.version import Version

from lab import (
    LoopGuard,
    Unavailable,
    async_client,
    attempt,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    patience,
    stand_in,
)

# How often a thread gets the chance to be seen: one that can run is seen at once.
TRIES = 10


@contextmanager
def switch_interval(seconds: float) -> Iterator[None]:
    """Let Python code give up the GIL after so many seconds at the earliest."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def runs_meanwhile(call: Callable[[], object]) -> bool:
    """Return whether another thread runs before the call ends.

    Between the three steps no Python code runs, so no thread can be switched there.
    """
    gate, seen = threading.Lock(), list[int]()
    gate.acquire()

    def other() -> None:
        with gate:
            seen.append(1)

    thread = threading.Thread(target=other)
    thread.start()
    _, _, at_the_end = list(map(operator.call, (gate.release, call, seen.copy)))
    thread.join()
    return bool(at_the_end)


def other_thread(call: Callable[[], object]) -> str:
    """Return what another thread can do during the call."""
    with switch_interval(60):  # no turns: only who releases the GIL is seen
        if any(runs_meanwhile(call) for _ in range(TRIES)):
            return "parallel"
    if any(runs_meanwhile(call) for _ in range(TRIES)):
        return "turns"
    return "waits"


def lines_of(call: Callable[[], object]) -> int:
    """Return how many lines of Python code are executed during the call."""
    lines: list[object] = []

    def note(frame: object, event: str, _: object) -> Any:
        if event == "line":
            lines.append(frame)
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        call()
    finally:
        sys.settrace(before)
    return len(lines)


RUNS: dict[str, Callable[[Any], object]] = {
    "thread, Python": lambda calls: other_thread(calls["Python"]),
    "thread, orjson": lambda calls: other_thread(calls["orjson"]),
    "thread, blake3": lambda calls: other_thread(calls["blake3"]),
    "lines, blake3": lambda calls: lines_of(calls["blake3"]),
    "error, text": lambda _: type(outcome(partial(blake3, "take 1"))),
    "error, negative": lambda _: type(outcome(partial(blake3().digest, length=-1))),
}
LOOK_AT = {
    "thread, Python": "Look at what Python code does with the GIL while it runs.",
    "thread, orjson": "Look at what `orjson` does with the GIL while it runs.",
    "thread, blake3": "Look at what `blake3` does with the GIL while it runs.",
    "lines, blake3": "Look at the language in which the function is written.",
    "error, text": "Look at the type of the argument.",
    "error, negative": "Look at the range of the type in Rust.",
}
FORM = {
    "thread": '"parallel", "turns" or "waits"',
    "lines": "a number",
    "error": "an exception class",
}
_SEEN: dict[str, object] = {}


@pytest.mark.parametrize("blank", RUNS)
def test_q1_the_real_run_is_predicted(answers: Any, blank: str) -> None:
    predictions = answers.benefits()
    is_there = isinstance(predictions, dict) and blank in predictions
    assert is_there, (
        f"`benefits()` returned {in_words(predictions)}, without {blank!r}. The "
        "docstring asks for the six predictions of the stub. Look at the keys."
    )
    predicted = predictions[blank]
    if blank not in _SEEN:
        _SEEN[blank] = RUNS[blank](answers.CALLS)
    seen = _SEEN[blank]
    is_right = type(predicted) is type(seen) and predicted == seen
    assert is_right, (
        f"{blank!r}: you predicted {in_words(predicted)}. The real run came out "
        f"differently. The docstring asks for {FORM[blank.partition(',')[0]]}. "
        f"{LOOK_AT[blank]}"
    )


# It compiles in a process of its own.
cargo = pytest.mark.timeout(90)
# What pip does: it imports the build backend, and asks it for a wheel.
FRONTEND = """
import importlib, sys
backend, _, name = sys.argv[1].partition(":")
backend = importlib.import_module(backend)
print(getattr(backend, name, backend).build_wheel(sys.argv[2]))
"""
RECORDINGS = {
    "the example": [3, -32768, 32767],
    "one sample": [-7],
    "silence": [0] * 50,
    "around the limit": [32766, -32767, -32766, 32767, 32767],
    "70000 times": [32767] * 70_000,
    "many": [(one * 7919) % 65536 - 32768 for one in range(100_000)],
}
# Prints a line for each call, so that those before the end of the process are seen.
CALLER = """
import array, json, sys
sys.path.insert(0, sys.argv[1])
def say(name, call):
    try:
        print(json.dumps([name, call()]), flush=True)
    except Exception as error:
        print(json.dumps([name, f"{type(error).__name__}: {error}"]), flush=True)
def ask(function, samples, count):
    from sound import ffi, lib
    buffer = ffi.from_buffer("int16_t[]", array.array("h", samples))
    return getattr(lib, function)(buffer, count)
def names():
    from sound import lib
    return dir(lib)
say("names", names)
for name, samples in json.loads(sys.stdin.read()).items():
    for function in ("peak", "clipped"):
        say(f"{function}, {name}", lambda: ask(function, samples, len(samples)))
"""


@dataclass
class Built:
    """The wheel of an answer's project: why it was not built, or what it does."""

    failure: str = ""
    name: str = ""
    version: str = ""
    requires: list[str] = field(default_factory=list)
    package: list[Any] = field(default_factory=list)
    returned: dict[str, Any] = field(default_factory=dict)


def run_rust(*command: str, folder: Path, text: str = "") -> Any:
    """Run a program that needs no network, and return what came of it."""
    programs = sysconfig.get_path("scripts") + os.pathsep + os.environ.get("PATH", "")
    return subprocess.run(
        command,
        cwd=folder,
        input=text,
        env={**os.environ, "PATH": programs, "CARGO_NET_OFFLINE": "true"},
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
        timeout=80,
    )


def ask_for_rust() -> None:
    """Raise `Unavailable` where no Rust is installed."""
    with suppress(OSError):
        if run_rust("cargo", "--version", folder=Path.cwd()).returncode == 0:
            return
    raise Unavailable(
        "Rust: the program `cargo` does not work here. Install it: https://rustup.rs"
    )


def backend_of(text: str) -> tuple[str, list[str]]:
    """Return the build backend of a project, and what pip installs for it."""
    table = tomllib.loads(text).get("build-system")
    if table is None:
        return "setuptools.build_meta:__legacy__", ["setuptools"]
    default = "setuptools.build_meta:__legacy__"
    return table.get("build-backend", default), table["requires"]


def is_there(needed: Requirement) -> bool:
    """Return whether pip installs a Maturin for this requirement."""
    newest = Version(version("maturin")).major
    least = (one for one in needed.specifier if one.operator in (">=", ">", "==", "~="))
    majors = (int(one.version.split(".")[0]) for one in least)
    return needed.name.lower() == "maturin" and all(one <= newest for one in majors)


def build(project: Path, wheels: Path) -> str:
    """Build the wheel as pip does. Return why that failed, or nothing."""
    try:
        text = (project / "pyproject.toml").read_text(encoding="utf-8")
        backend, needed = backend_of(text)
        requirements = list(map(Requirement, needed))
    except (ValueError, KeyError, TypeError) as error:
        return f"pyproject.toml: {in_words(error)}"
    if not backend.startswith("maturin"):
        return f"the build backend is {backend!r}"
    if not any(map(is_there, requirements)):
        return f"pip installs {needed!r} for the build, which brings no Maturin"
    done = run_rust(
        *(sys.executable, "-c", FRONTEND, backend, str(wheels)), folder=project
    )
    if done.returncode == 0:
        return ""
    lines = [one.strip() for one in done.stderr.splitlines() if one.strip()]
    errors = [one for one in lines if re.search("[Ee]rror|Caused by", one)]
    return (errors or lines or ["no message"])[0].replace(f"{project}{os.sep}", "")


def package_of(project: Path) -> list[Any]:
    """Return name, version and dependencies of a package, as Cargo sees them."""
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    done = run_rust(*command, folder=project)
    package = json.loads(done.stdout)["packages"][0]
    needed = [one["name"] for one in package["dependencies"]]
    return [package["name"], package["version"], needed]


def use(wheel: Path, folder: Path) -> Built:
    """Unpack a wheel, and return what a Python program can do with it."""
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    recordings = json.dumps(RECORDINGS)
    command = (sys.executable, "-c", CALLER, str(folder))
    done = run_rust(*command, folder=folder, text=recordings)
    name, number, *_ = wheel.name.split("-")
    (metadata,) = folder.glob("*.dist-info/METADATA")
    headers = Parser().parsestr(metadata.read_text(encoding="utf-8"))
    return Built(
        name=name,
        version=number,
        requires=headers.get_all("Requires-Dist") or [],
        package=package_of(folder / "project"),
        returned=dict(map(json.loads, done.stdout.splitlines())),
    )


_BUILT: dict[str, Built] = {}


@pytest.fixture
def built(answers: Any, tmp_path: Path) -> Built:
    """Return what came of the answer's project, which is built once for all tests."""
    folder = attempt("`project_folder()`", answers.project_folder)
    files = ("Cargo.toml", "pyproject.toml", "src/lib.rs")
    text = "\0".join((folder / one).read_text(encoding="utf-8") for one in files)
    if text not in _BUILT:
        try:
            ask_for_rust()
        except Unavailable as missing:
            pytest.skip(str(missing))
        project, wheels = tmp_path / "project", tmp_path / "wheels"
        shutil.copytree(folder, project, ignore=shutil.ignore_patterns("target"))
        wheels.mkdir()
        failure = build(project, wheels)
        found = list(wheels.glob("*.whl"))
        _BUILT[text] = use(found[0], tmp_path) if found else Built(failure=failure)
    return _BUILT[text]


def check_built(built: Built) -> None:
    """Check that there is a wheel."""
    assert not built.failure, (
        f"`pip wheel .` built no wheel: {in_words(built.failure)}. The docstring asks "
        "for a build with Maturin, without a network. Look at `[build-system]` in "
        "`pyproject.toml`, at `[lib]` in `Cargo.toml`, or at what the error names."
    )


@cargo
def test_q2_maturin_builds_the_wheel(built: Built) -> None:
    check_built(built)
    seen = (built.name, built.version, built.requires)
    before = ("sound_archive", "1.4.0", ["cffi"])
    assert seen == before, (
        f"Name, version and dependencies of the wheel are {in_words(seen)}. The "
        f"docstring asks that they stay as they are, {in_words(before)}. Look at "
        "`[project]` in `pyproject.toml` and the version in `Cargo.toml`."
    )


@cargo
def test_q2_the_package_keeps_its_name(built: Built) -> None:
    check_built(built)
    before = ["sound-archive", "1.4.0", []]
    assert built.package == before, (
        "For Cargo, name, version and dependencies of the package are "
        f"{in_words(built.package)}. The docstring asks that they stay as they are, "
        f"{in_words(before)}. Look at `[package]` in `Cargo.toml`."
    )


def check_imported(built: Built) -> None:
    """Check that the module can be imported."""
    check_built(built)
    names = built.returned.get("names")
    assert isinstance(names, list), (
        f"`from sound import lib` raised {in_words(names)}. The docstring asks for a "
        "module `sound`. Look at the name of the library in `Cargo.toml`."
    )


@cargo
def test_q2_the_module_is_called_sound(built: Built) -> None:
    check_imported(built)


def level(sample: int) -> int:
    """Return what `level` of `src/lib.rs` returns."""
    return abs(sample)


@cargo
@pytest.mark.parametrize("recording", RECORDINGS)
@pytest.mark.parametrize("function", ["peak", "clipped"])
def test_q2_python_calls_the_functions(
    built: Built, function: str, recording: str
) -> None:
    check_imported(built)
    names = built.returned["names"]
    assert function in names, (
        f"`lib` has the functions {in_words(names)}, not {function!r}. The docstring "
        f"asks that Python can call it. Look at `fn {function}` in `src/lib.rs`, and "
        "at the line above it."
    )
    samples = RECORDINGS[recording]
    levels = list(map(level, samples))
    right = {"peak": max(levels), "clipped": sum(one >= 32767 for one in levels)}
    returned = built.returned.get(f"{function}, {recording}", "nothing")
    assert returned == right[function], (
        f"`lib.{function}(samples, {len(samples)})` with the samples "
        f"{in_words(samples)} came to {in_words(returned)}, not {right[function]}. The "
        f"docstring asks that Python can call it. Look at `{function}` in `src/lib.rs`."
    )


@cargo
def test_q2_a_helper_is_not_visible_to_python(built: Built) -> None:
    check_imported(built)
    names = built.returned["names"]
    assert sorted(names) == ["clipped", "peak"], (
        f"`lib` has the functions {in_words(names)}. The docstring asks for `peak` and "
        '`clipped` only. Look at which functions are `extern "C"`.'
    )


def in_event_loop() -> bool:
    """Return whether this thread runs an event loop right now."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


# Seconds that a stand-in waits on a quiet machine. Only an answer that nobody foresaw
# lets it run out.
PATIENCE = 12.0
# For how long the test looks whether a state has come that comes at once in a right
# answer: so many looks, and so many seconds of a quiet machine. Before each look, a
# thread of its own has had its turn.
LOOKS, MOMENT = 1000, 2.5


class LongFingerprint:
    """Stands in for `fingerprint`: each call blocks its thread until it is let go."""

    def __init__(self, answers: Any, error: BaseException | None = None) -> None:
        self.inside = self.most = self.begun = 0
        self.error = error
        self._called_in_loop = False
        self._guard = LoopGuard(answers.archive_app.__code__.co_filename)
        self._gate, self._process = threading.Semaphore(0), os.getpid()
        self._lock = threading.Lock()
        stand_in(answers.fingerprint, self.call)

    @property
    def in_loop(self) -> bool:
        """Whether the event loop was blocked: then nobody could let a call go."""
        return self._called_in_loop or self._guard.blocked

    def call(self, recording: bytes) -> str:
        """Wait, and return something that belongs to this recording."""
        if os.getpid() != self._process:
            return "from another process"
        with self._lock:
            self.begun += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
        self._called_in_loop = self._called_in_loop or in_event_loop()
        end = monotonic() + patience(PATIENCE)
        while not (self.in_loop or self.error or monotonic() > end):
            if self._gate.acquire(timeout=0.1):
                break
        with self._lock:
            self.inside -= 1
        if self.error:
            raise self.error
        return f"fingerprint of {recording.decode()}"

    def let_go(self, calls: int = 1) -> None:
        """Let so many calls return, those of the future too."""
        self._gate.release(calls)

    def check_thread(self) -> None:
        """Check that no call stopped the event loop."""
        assert not self.in_loop, (
            "While `fingerprint` ran, the thread of the event loop could do nothing "
            "else. The docstring asks for a call in another thread, and responses to "
            "other requests. Look at how the endpoint of `/fingerprints` waits."
        )


@asynccontextmanager
async def watching() -> AsyncIterator[Any]:
    """Yield a function that waits until something is true, and returns if it is."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as thread:

        async def until(condition: Callable[[], bool], looks: int = LOOKS) -> bool:
            begin, looked = monotonic(), 0
            while not condition():
                is_long = looks < LOOKS or monotonic() - begin > patience(MOMENT)
                if looked >= looks and is_long:
                    return False
                await loop.run_in_executor(thread, int)
                await asyncio.sleep(0.001)
                looked += 1
            return True

        await until(lambda: True)
        await loop.run_in_executor(thread, int)
        yield until


class WatchedPool(ProcessPoolExecutor):
    """A pool of one process. To wait for a result in the event loop is an error."""

    def submit(self, call: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        """Return a future whose `result` does not block an event loop."""
        future: Future[Any] = super().submit(call, *arguments, **named)
        result = future.result

        def watched(timeout: float | None = None) -> Any:
            if not future.done() and in_event_loop():
                raise RuntimeError("`result()` blocks the event loop")
            return result(timeout)

        future.result = watched  # type: ignore[method-assign]
        return future


@pytest.fixture
def pool() -> Iterator[WatchedPool]:
    """Yield a pool. Its process starts with the first work, and knows all stand-ins."""
    with WatchedPool(1, multiprocessing.get_context("fork")) as one:
        yield one


@asynccontextmanager
async def running(answers: Any, pool: WatchedPool) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client of a new application, whose lifespan runs."""
    app = attempt("`archive_app(pool)`", answers.archive_app, pool)
    app = fastapi_app(app, "archive_app(pool)")
    async with async_client(app, lifespan=True) as client:
        yield client


Sent = asyncio.Task[httpx2.Response]
# What clients say about their bodies.
TYPES = {"/fingerprints": "audio/flac", "/catalogues": "application/json"}


def send(
    client: httpx2.AsyncClient,
    path: str,
    *bodies: str,
    when: asyncio.Event | None = None,
) -> list[Sent]:
    """Send a request with each of these bodies, all at the same time.

    With `when`, the second half of each body is sent after this event only.
    """
    headers = {"Content-Type": TYPES[path]}

    async def parts(body: bytes) -> AsyncIterator[bytes]:
        yield body[:3]
        if when:
            await when.wait()
        yield body[3:]

    return [
        asyncio.create_task(
            client.post(path, content=parts(body.encode()), headers=headers)
        )
        for body in bodies
    ]


async def ended(sent: list[Sent]) -> list[Any]:
    """Return the response or the exception of each request, if it comes at all."""
    _, pending = await asyncio.wait(sent, timeout=patience(PATIENCE))
    for one in pending:
        one.cancel()
    results = await asyncio.gather(*sent, return_exceptions=True)
    return [
        "no response" if isinstance(one, asyncio.CancelledError) else one
        for one in results
    ]


def check_response(path: str, response: object, right: object) -> None:
    """Check the status code and the body of a response."""
    seen, status = response, 0
    if isinstance(response, httpx2.Response):
        seen, status = json_or_text(response), response.status_code
    is_same = seen == right and status == 200
    assert is_same, (
        f"`POST {path}` with {TYPES[path]} came to {in_words(seen)}"
        f"{f' with {status}' if status else ''}. The docstring asks for "
        f"{in_words(right)} with 200: responses stay as they are. Look at what the "
        "endpoint reads, returns and raises."
    )


async def check_responses(
    long: LongFingerprint, sent: list[Sent], bodies: list[str]
) -> None:
    """Check the response for each recording."""
    responses = await ended(sent)
    long.check_thread()
    for body, response in zip(bodies, responses, strict=True):
        right = {"blake3": f"fingerprint of {body}"}
        check_response("/fingerprints", response, right)


def have_ended(sent: list[Sent]) -> bool:
    """Return whether all these requests have a response or an exception."""
    return all(one.done() for one in sent)


def let_an_hour_pass() -> None:
    """Set the clock of the event loop forward, so that timeouts are over."""
    loop = asyncio.get_running_loop()
    now = loop.time
    loop.time = lambda: now() + 3600  # type: ignore[method-assign]


async def check_others(
    client: httpx2.AsyncClient, until: Any, when: str, other: str = "GET /formats"
) -> None:
    """Check that another request is responded to right now."""
    sent = asyncio.create_task(client.request(*other.split(), content=b"[7, 8, 9]"))
    await until(sent.done)
    is_there = sent.done() and not sent.exception() and sent.result().is_success
    sent.cancel()
    assert is_there, (
        f"{when}, `{other}` got no response. The docstring asks that the "
        "application responds to other requests. Look at which threads are occupied."
    )


async def test_q3_other_requests_get_responses_during_a_fingerprint(
    answers: Any, pool: WatchedPool
) -> None:
    long = LongFingerprint(answers)
    wait([pool.submit(int)])
    async with running(answers, pool) as client, watching() as until:
        for body in ("take 1", "take 2"):
            begun = long.begun
            sent = send(client, "/fingerprints", body)
            await until(
                lambda before=begun, one=sent[0]: long.begun > before or one.done()
            )
            long.check_thread()
            assert long.inside, (
                "`POST /fingerprints` did not call `fingerprint` in this process. The "
                "docstring asks for a call in a thread of this process. Look at where "
                "the endpoint runs it."
            )
            try:
                await check_others(client, until, "While a fingerprint was computed")
            finally:
                long.let_go()
            await check_responses(long, sent, [body])


async def send_until_two_run(
    client: httpx2.AsyncClient, until: Any, long: LongFingerprint, bodies: list[str]
) -> list[Sent]:
    """Send these recordings, and check that the first two are being computed."""
    sent = send(client, "/fingerprints", *bodies)
    await until(lambda: long.inside >= 2 or long.in_loop or have_ended(sent))
    long.check_thread()
    if long.inside < 2:
        long.let_go(len(bodies))
    assert long.most >= 2, (
        f"{len(bodies)} recordings were sent at the same time. {long.most} of "
        "them at most were computed at the same time. The docstring asks for two. Look "
        "at what the second one waits for."
    )
    return sent


async def test_q3_two_fingerprints_at_most_are_computed_at_the_same_time(
    answers: Any, pool: WatchedPool
) -> None:
    long, bodies = LongFingerprint(answers), [f"take {one}" for one in range(7)]
    async with running(answers, pool) as client, watching() as until:
        sent = await send_until_two_run(client, until, long, bodies)
        let_an_hour_pass()
        for begun in range(3, 8):
            await until(lambda: long.most > 2, looks=10)  # time for a third call
            long.let_go()
            if not await until(
                lambda now=begun: long.begun >= now or have_ended(sent[2:])
            ):
                break
        long.let_go(7)
        await check_responses(long, sent, bodies)
    assert long.most == 2, (
        f"7 recordings were sent at the same time. {long.most} calls of `fingerprint` "
        "ran at the same time. The docstring asks for two at most. Look at what makes "
        "the third request wait."
    )


async def test_q3_a_request_that_still_sends_its_body_does_not_count(
    answers: Any, pool: WatchedPool
) -> None:
    long, bodies = LongFingerprint(answers), ["take 1", "take 2"]
    late, now = ["late 1", "late 2", "late 3"], asyncio.Event()
    async with running(answers, pool) as client, watching() as until:
        slow = send(client, "/fingerprints", *late, when=now)
        await until(lambda: False, looks=10)  # time for a turn
        sent = send(client, "/fingerprints", *bodies)
        await until(lambda: long.inside == 2 or long.in_loop or have_ended(sent))
        inside = long.inside
        now.set()
        await until(lambda: long.most > 2, looks=50)
        long.let_go(5)
        await check_responses(long, sent + slow, bodies + late)
    long.check_thread()
    assert (inside, long.most) == (2, 2), (
        f"3 requests had sent half of their bodies. Of 2 further requests, {inside} "
        f"ran `fingerprint`. When all bodies were there, {long.most} calls ran at the "
        "same time. The docstring asks for up to two running calls. Look at what "
        "stands before and after `await request.body()`."
    )


async def test_q3_requests_that_wait_for_their_turn_block_no_thread(
    answers: Any, pool: WatchedPool
) -> None:
    long, bodies = LongFingerprint(answers), [f"take {one}" for one in range(60)]
    async with running(answers, pool) as client, watching() as until:
        before = threading.active_count()
        sent = await send_until_two_run(client, until, long, bodies)
        await until(lambda: long.begun > 2, looks=50)
        threads = threading.active_count() - before
        long.let_go(len(bodies))
        await check_responses(long, sent, bodies)
    assert threads <= 4, (
        f"60 recordings were sent. Two were computed, and 58 requests waited. They "
        f"used {threads} threads. The docstring asks that a request that waits blocks "
        "no thread. Look at what the coroutine does before it starts the thread."
    )


async def test_q3_other_endpoints_do_not_wait_for_the_turn(
    answers: Any, pool: WatchedPool
) -> None:
    long, bodies = LongFingerprint(answers), [f"take {one}" for one in range(60)]
    wait([pool.submit(int)])
    async with running(answers, pool) as client, watching() as until:
        sent = await send_until_two_run(client, until, long, bodies)
        when = "While 60 recordings were there"
        try:
            await check_others(client, until, when, "POST /catalogues")
            await check_others(client, until, when)
        finally:
            long.let_go(len(bodies))
            await ended(sent)


class Panic(BaseException):
    """What PyO3's `PanicException` is: not a subclass of `Exception`."""


@pytest.mark.parametrize("error", [ValueError("no audio"), Panic("index")], ids=repr)
async def test_q3_the_turn_ends_with_an_exception(
    answers: Any, pool: WatchedPool, error: BaseException
) -> None:
    long, bodies = LongFingerprint(answers, error), [f"take {one}" for one in range(5)]
    async with running(answers, pool) as client, watching() as until:
        failing = send(client, "/fingerprints", *(f"noise {one}" for one in range(3)))
        await until(lambda: all(one.done() for one in failing))
        over = [one.done() for one in failing].count(True)
        failed = sum(one.done() and one.exception() is error for one in failing)
        long.error = None
        sent = send(client, "/fingerprints", *bodies)
        await until(
            lambda: long.inside >= 2 or long.in_loop or have_ended(sent),
            LOOKS if over == 3 else 1,
        )
        await until(lambda: long.inside > 2, looks=10)  # time for a third call
        inside = long.inside
        long.let_go(8)
        if inside == 2:
            await check_responses(long, sent, bodies)
        for one in (*failing, *sent):
            one.cancel()
        await asyncio.gather(*failing, *sent, return_exceptions=True)
    long.check_thread()
    assert (failed, inside) == (3, 2), (
        f"`fingerprint` raised {type(error).__name__} in 3 requests; {failed} of them "
        f"raised it, too. Of the next 5 requests, {inside} ran at the same time. The "
        "docstring asks for two, also after an exception. Look at what ends the turn "
        "of a request, and how often."
    )


async def test_q3_each_application_has_turns_of_its_own(
    answers: Any, pool: WatchedPool
) -> None:
    long, bodies = LongFingerprint(answers), ["take 1", "take 2"]
    async with (
        running(answers, pool) as one,
        running(answers, pool) as two,
        watching() as until,
    ):
        sent = await send_until_two_run(one, until, long, bodies)
        sent += send(two, "/fingerprints", *bodies)
        await until(lambda: long.inside == 4 or have_ended(sent[2:]))
        inside = long.inside
        long.let_go(4)
        await check_responses(long, sent, bodies + bodies)
    assert inside == 4, (
        "The test created two applications, and sent two recordings to each of them. "
        f"{inside} fingerprints were computed at the same time, not 4. The docstring "
        "asks for up to two in each application. Look at what both applications share."
    )


HERE, NOT_IN_POOL, BLOCKED = -1, -2, -3


def counting(began: Any, free: Any, worker: Any) -> Callable[[bytes], int]:
    """Return a stand-in for `count_entries`: negative if something was wrong."""
    here, seconds = os.getpid(), patience(PATIENCE)

    def count(catalogue: bytes) -> int:
        began.set()
        if os.getpid() == here:
            return HERE
        if os.getpid() != worker.value:
            return NOT_IN_POOL
        if free.wait(seconds):
            return len(orjson.loads(catalogue))
        free.set()  # nobody else is to wait for as long
        return BLOCKED

    return count


async def count_entries(answers: Any, pool: WatchedPool, catalogue: str) -> list[Any]:
    """Return the responses to 60 requests with a catalogue."""
    context = multiprocessing.get_context("fork")
    began, free, worker = context.Event(), context.Event(), context.Value("i", 0)
    stand_in(answers.count_entries, counting(began, free, worker))
    (asked,), _ = wait([pool.submit(os.getpid)])
    worker.value = asked.result()
    async with running(answers, pool) as client, watching() as until:
        sent = send(client, "/catalogues", *[catalogue] * 60)
        try:
            await until(lambda: began.is_set() or sent[0].done())
            if not sent[0].done():
                let_an_hour_pass()
                when = "While the entries of 60 catalogues were counted"
                await check_others(client, until, when)
                await check_others(client, until, when, "POST /fingerprints")
        finally:
            free.set()
            responses = await ended(sent)
    attempt("After the application had ended, `pool.submit`", pool.submit, int)
    first = responses[0]
    is_called = began.is_set() or not isinstance(first, httpx2.Response)
    assert is_called, (
        f"`POST /catalogues` with {TYPES['/catalogues']} returned {first.status_code} "
        f"with {in_words(json_or_text(first))}, and did not call `count_entries`. The "
        "docstring asks for a call of it in a process of `pool`. Look at how the "
        "endpoint reads the body."
    )
    return responses


def check_place(response: Any) -> None:
    """Check that `count_entries` ran in the pool, while the event loop went on."""
    is_response = isinstance(response, httpx2.Response)
    seen = json_or_text(response) if is_response else response
    assert seen != {"entries": HERE}, (
        "`count_entries` ran in the process of the application. It keeps the GIL, "
        "so the event loop stands still meanwhile, also if it runs in a thread. "
        "The docstring asks for a call in `pool`. Look at who runs it."
    )
    assert seen != {"entries": BLOCKED}, (
        "While `count_entries` ran, the thread of the event loop could do nothing "
        "else. The docstring asks for responses to other requests. Look at how the "
        "endpoint of `/catalogues` waits."
    )
    assert seen != {"entries": NOT_IN_POOL}, (
        "`count_entries` ran in a process that does not belong to `pool`. The "
        "docstring asks for a call in a process of `pool`. Look at the pool that "
        "the endpoint uses."
    )


@pytest.mark.parametrize("entries", [0, 1, 12])
async def test_q3_entries_are_counted_in_the_pool(
    answers: Any, pool: WatchedPool, entries: int
) -> None:
    for response in await count_entries(answers, pool, str(list(range(entries)))):
        check_place(response)
        check_response("/catalogues", response, {"entries": entries})


async def test_q3_a_broken_catalogue_is_an_error_of_the_server(
    answers: Any, pool: WatchedPool
) -> None:
    for response in await count_entries(answers, pool, "[1, 2"):
        check_place(response)
        seen, status = response, 500
        if isinstance(response, httpx2.Response):
            seen, status = json_or_text(response), response.status_code
        is_same = status == 500 and response != "no response"
        assert is_same, (
            f"`POST /catalogues` with '[1, 2' came to {in_words(seen)} with {status}. "
            "It was 500, as `count_entries` raises an exception. The docstring asks "
            "that responses stay as they are. Look at what you do with exceptions."
        )
