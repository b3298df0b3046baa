"""The tests of section 11.1."""

import asyncio
import os
import re
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import AF_INET
from typing import Any

import httpx2
import psutil
import pytest
from fastapi import FastAPI

from lab import (
    DockerfileError,
    Image,
    LambdaInstance,
    Process,
    Unavailable,
    attempt,
    build_image,
    container,
    fastapi_app,
    free_port,
    in_words,
    lambda_instance,
    process,
    stand_in,
)

HERE = "127.0.0.1"


def is_usable(address: str) -> bool:
    """Return whether this machine has the address."""
    with suppress(OSError):
        socket.create_server((address, 0)).close()
        return True
    return False


def other_addresses() -> list[str]:
    """Return addresses of this machine that stand for other machines.

    A connection to or from one of them is what one from another machine is. macOS has
    no 127.0.0.2; there the addresses in its networks are used.
    """
    loopback = [f"127.0.0.{number}" for number in (2, 7, 9, 70)]
    if is_usable(loopback[0]):
        return loopback
    cards = psutil.net_if_addrs().values()
    found = [one.address for card in cards for one in card if one.family == AF_INET]
    usable = [one for one in found if one[:4] != "127." and is_usable(one)]
    return (usable * 4)[:4]


OTHERS = other_addresses()
OUTSIDE, PROXY, SECOND_PROXY, STRANGER = OTHERS or [HERE] * 4
CORES = 3 if os.cpu_count() != 3 else 4  # nobody is to count those of this machine
HTTPS = {"X-Forwarded-Proto": "https"}


def need_addresses() -> None:
    """Skip the test where the machine has one address only."""
    if not OTHERS:
        pytest.skip(f"this machine has no other address than {HERE}")


def can_connect(host: str, port: int) -> bool:
    """Return whether a server accepts connections at this address."""
    with suppress(OSError):
        socket.create_connection((host, port), 5).close()
        return True
    return False


def last_line(output: str) -> str:
    """Return the first error that a process printed, or its last line, in words."""
    lines = [line for line in output.split("\n") if line.strip()]
    errors = [line for line in lines if re.match(r"\w*Error\b", line, re.IGNORECASE)]
    return in_words(next(iter(errors or lines[-1:]), "nothing"))


# Without a framework it starts sooner; `request.url.scheme` is `scope["scheme"]`.
RENTAL = """
import os


async def app(scope, receive, send):
    if scope["type"] == "http":
        text = f"{scope['scheme']} {os.getpid()}"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": text.encode()})
"""


@dataclass
class Run:
    """What was seen of Uvicorn: its processes, and the scheme for each address."""

    processes: int
    is_open: bool
    schemes: dict[str, str] = field(default_factory=dict)


# Equal commands are run once: all tests of an answer look at the same runs. A text says
# why nothing was seen.
RUNS: dict[tuple[str, ...], Run | str] = {}


def command(
    answers: Any, way: str, port: int, proxy: str, cores: int = CORES
) -> list[str]:
    """Return the command that the answer returns; it is checked."""
    call = f"`command({way!r}, {port}, {proxy!r}, {cores})`"
    words = attempt(call, answers.command, way, port, proxy, cores)
    is_list = isinstance(words, list | tuple) and len(words) > 0
    is_command = is_list and all(isinstance(word, str) for word in words)
    assert is_command, (
        f"{call} returned {in_words(words)}. The docstring asks for a list of words, "
        "each of which is a string."
    )
    return list(words)


def failed(one: Process, way: str, words: list[str], port: int) -> str:
    """Return the message for a process that does not listen."""
    state = "runs" if one.status is None else f"ended with status {one.status}"
    return (
        f"For {way!r}, {in_words(words)} started no server at port {port}. It {state} "
        f"and printed {last_line(one.output)}. The docstring asks for Uvicorn at this "
        "port, with an address that the proxy can reach."
    )


def run(answers: Any, folder: Path, way: str) -> Run:
    """Return what is seen of the command that the answer returns."""
    proxy = {"server": HERE, "container": PROXY, "platform": SECOND_PROXY}[way]
    name = (way, *command(answers, way, 10_007, proxy))
    if name not in RUNS:
        port = free_port()
        words = command(answers, way, port, proxy)
        (folder / "rental.py").write_text(RENTAL, encoding="utf-8")
        environment = {"FORWARDED_ALLOW_IPS": HERE, "WEB_CONCURRENCY": "1"}
        with process(words, folder=folder, port=port, environment=environment) as one:
            RUNS[name] = (
                observed(one, port) if one.listening else failed(one, way, words, port)
            )
    seen = RUNS[name]
    assert isinstance(seen, Run), seen
    return seen


def observed(one: Process, port: int) -> Run:
    """Return what is seen of a process that listens."""
    seen = Run(1, OUTSIDE != HERE and can_connect(OUTSIDE, port))
    for address in dict.fromkeys((HERE, PROXY, SECOND_PROXY, STRANGER)):
        host = address if seen.is_open else HERE
        transport = httpx2.HTTPTransport(local_address=address)
        with (
            httpx2.Client(transport=transport, trust_env=False) as http,
            suppress(httpx2.ConnectError),  # from an address that cannot reach `HERE`
        ):
            response = http.get(f"http://{host}:{port}/", headers=HTTPS, timeout=30)
            seen.schemes[address], pid = response.text.split()
            # All workers were started before the first of them responds.
            seen.processes = 1 if int(pid) == one.pid else len(one.children)
    return seen


def test_q1_a_server_has_a_worker_process_for_each_core(answers, tmp_path):
    seen = run(answers, tmp_path, "server").processes
    assert seen == CORES, (
        f"On a server with {CORES} cores, Uvicorn runs the application in {seen} "
        f"process{'es' * (seen != 1)}. The docstring asks for `cores` worker processes."
    )
    counts = (1, 2, 16, 17)
    words = [command(answers, "server", 10_007, HERE, cores) for cores in counts]
    assert len(set(map(tuple, words))) == len(counts), (
        f"On servers with {in_words(counts)} cores, `command` returned the same words "
        "twice. The docstring asks for `cores` worker processes on any server."
    )


@pytest.mark.parametrize("way", ["container", "platform"])
def test_q1_a_container_has_one_process(answers, tmp_path, way):
    seen = run(answers, tmp_path, way).processes
    assert seen == 1, (
        f"For {way!r} with {CORES} cores, Uvicorn runs the application in {seen} "
        "processes. The docstring asks for one: more containers start under load."
    )


def test_q1_a_server_accepts_connections_from_this_machine_only(answers, tmp_path):
    need_addresses()
    assert not run(answers, tmp_path, "server").is_open, (
        "For 'server', Uvicorn accepts a connection from another machine, which then "
        "goes past the proxy. The docstring asks for connections from this machine "
        "only. Look at the host on which Uvicorn listens."
    )


@pytest.mark.parametrize("way", ["container", "platform"])
def test_q1_a_container_accepts_connections_from_other_machines(answers, tmp_path, way):
    need_addresses()
    assert run(answers, tmp_path, way).is_open, (
        f"For {way!r}, Uvicorn does not accept a connection from another machine, "
        "where the proxy runs. The docstring asks for such connections over IPv4. Look "
        "at the host on which Uvicorn listens."
    )


@pytest.mark.parametrize(
    ("way", "proxy"),
    [("server", HERE), ("container", PROXY), ("platform", SECOND_PROXY)],
    ids=["server", "container", "platform"],
)
def test_q1_the_scheme_comes_from_the_proxy_alone(answers, tmp_path, way, proxy):
    schemes = run(answers, tmp_path, way).schemes
    seen = schemes.get(proxy, "no response")
    assert seen == "https", (
        f"For {way!r}, the proxy {proxy} sent `X-Forwarded-Proto: https`, and "
        f"`request.url.scheme` was {seen!r}. The docstring asks for 'https'. "
        "Look at the addresses that Uvicorn trusts."
    )
    others = [one for one in schemes if one != proxy and schemes[one] != "http"]
    assert not others, (
        f"For {way!r}, the proxy has the address {proxy}. Uvicorn also trusts "
        f"`X-Forwarded-Proto` from {', '.join(others)}. The docstring asks to trust "
        "only the proxy: everybody can send this header."
    )


# Starlette alone starts sooner, and has the same lifespan.
MAIN = """
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from . import prices


@asynccontextmanager
async def lifespan(app):
    yield
    print("The code after yield has run.", flush=True)


hour = Route("/prices/hour", lambda request: JSONResponse(prices.HOUR))
app = Starlette(lifespan=lifespan, routes=[hour])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder that the image is built from."""
    files = {
        ".env": "DATABASE_PASSWORD=tandem",
        "requirements.txt": "fastapi\nuvicorn\n",
        "rental/__init__.py": "",
        "rental/main.py": MAIN,
        "rental/prices.py": "HOUR = 350\n",
        "rental/mails/receipt.txt": "Thank you for riding.",
    }
    for name, text in files.items():
        path = tmp_path / "bikes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "bikes"


def image(answers: Any, folder: Path, port: int = 8000) -> Image:
    """Return the image that is built from the answer's Dockerfile."""
    text = attempt(f"`dockerfile({port})`", answers.dockerfile, port)
    assert isinstance(text, str), (
        f"`dockerfile({port})` returned {in_words(text)}. The docstring asks for the "
        "text of a Dockerfile."
    )
    try:
        return build_image(text, folder)
    except DockerfileError as error:
        raise AssertionError(
            f"The image cannot be built, or no container of it starts. {error} The "
            "docstring asks for an image of the folder, whose container runs Uvicorn."
        ) from None


@contextmanager
def running(answers: Any, folder: Path) -> Iterator[tuple[Process, int]]:
    """Yield the first process of a container, and the port."""
    port = free_port()
    built = image(answers, folder, port)
    with container(built, folder, port) as one:
        assert one.listening, (
            f"The container ran {in_words(built.command)} in {built.folder}, and "
            f"nothing listens at port {port}. It "
            + ("still runs" if one.status is None else f"ended, status {one.status},")
            + f" and printed {last_line(one.output)}. The docstring asks for Uvicorn "
            "at `port`."
        )
        yield one, port


def test_q2_other_machines_can_connect_to_the_container(answers, folder):
    need_addresses()
    with running(answers, folder) as (one, port):
        is_open = can_connect(OUTSIDE, port)
        seen = attempt("`GET /prices/hour`", one.client.get, "/prices/hour").text

    assert is_open, (
        "The server in the container accepts connections from inside the container "
        "only. The docstring asks for connections from other machines over IPv4. Look "
        "at the host on which Uvicorn listens."
    )
    assert seen == "350", (
        f"`GET /prices/hour` returned {in_words(seen)} instead of 350. The "
        "docstring asks for the application `app` of `rental.main` in the folder."
    )


def test_q2_the_process_does_not_run_as_root(answers, folder):
    built = image(answers, folder)
    assert not built.is_root, (
        f"The process in the container runs as the user {built.user!r}. The docstring "
        "asks for another user than root. Look at the last `USER`."
    )


def test_q2_docker_stop_runs_the_end_of_the_lifespan(answers, folder):
    built = image(answers, folder)
    with running(answers, folder) as (one, _):
        has_ended = one.stop(built.stop_signal)
        output = one.output

    assert has_ended, (
        f"The container runs {in_words(built.command)}, which does not end after "
        f"{built.stop_signal.name}. The docstring asks that `docker stop` ends it."
    )
    assert "after yield has run" in output, (
        f"The first process of the container is {in_words(built.command)}. It received "
        f"{built.stop_signal.name}, and the code after `yield` did not run. The "
        "docstring asks that it runs. Look at the first process and its options."
    )


def installations(answers: Any, folder: Path) -> list[str]:
    """Return the keys of the steps that install the packages."""
    keys = [
        layer.key
        for layer in image(answers, folder).layers
        if "requirements.txt" in layer.files and "install" in layer.text
    ]
    assert keys, (
        "The image has no packages that a `RUN` has installed from a copy of "
        "`requirements.txt`. The docstring asks to install them. Look at the order of "
        "the steps, and at what each `COPY --from` takes out of another stage."
    )
    return keys


@pytest.mark.parametrize(
    "changed", ["rental/main.py", "rental/stations.py", "rental/mails/receipt.txt"]
)
def test_q2_a_change_of_the_code_does_not_install_again(answers, folder, changed):
    before = installations(answers, folder)
    (folder / changed).write_text("# changed", encoding="utf-8")

    assert installations(answers, folder) == before, (
        f"`{changed}` was changed, and the next `docker build` installs all packages "
        "again. The docstring asks for this only if `requirements.txt` has changed. "
        "Look at which files are copied before the packages are installed."
    )


def test_q2_a_change_of_the_requirements_installs_again(answers, folder):
    before = installations(answers, folder)
    (folder / "requirements.txt").write_text("fastapi\nuvicorn\nhttpx\n")

    assert installations(answers, folder) != before, (
        "`requirements.txt` was changed, and the next `docker build` takes the old "
        "packages from its cache. The docstring asks to install them again."
    )


def test_q2_the_passwords_are_not_in_the_image(answers, folder):
    files = image(answers, folder).files
    copies = [path for path, origin in files.items() if origin == ".env"]
    assert not copies, (
        f"The image contains `.env` as {', '.join(copies)}. The docstring asks for an "
        "image without it, because everybody who has the image can read it. A later "
        "`RUN rm` does not remove it from the layers below."
    )


def test_q2_the_image_starts_from_an_image_of_python(answers, folder):
    base = image(answers, folder).base
    path, _, name = base.rpartition("/")
    is_official = path in ("", "docker.io") or path.endswith("library")
    is_python = re.fullmatch("python([:@].+)?", name) is not None
    assert (is_official, is_python) == (True, True), (
        f"The Dockerfile starts from {in_words(base)}. The docstring asks for an "
        "official image of Python, such as `python:3.11-slim`."
    )


class StoredRides:
    """The rides of 11.1.3, in a file that all processes share."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.execute("CREATE TABLE IF NOT EXISTS rides (bike PRIMARY KEY, rider)")

    def execute(self, statement: str, *values: str) -> list[Any]:
        """Return the rows of a statement, which is committed."""
        with closing(sqlite3.connect(self.file, timeout=30)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    async def start(self, bike: str, rider: str) -> bool:
        """Store a ride, if the bike has none."""
        insert = "INSERT OR IGNORE INTO rides VALUES (?, ?) RETURNING bike"
        return bool(self.execute(insert, bike, rider))

    async def end(self, bike: str) -> str | None:
        """Remove a ride, and return its rider."""
        delete = "DELETE FROM rides WHERE bike = ? RETURNING rider"
        rows = self.execute(delete, bike)
        return rows[0][0] if rows else None


@dataclass
class Function:
    """The application as a function on Lambda, with any number of instances."""

    rides: StoredRides
    receipts: Path
    start: Callable[[], LambdaInstance]

    @property
    def sent(self) -> list[str]:
        """The riders whose receipts were sent before an instance was frozen."""
        return self.receipts.read_text(encoding="utf-8").split()


@pytest.fixture
def function(answers: Any, tmp_path: Path) -> Iterator[Function]:
    """Yield the application of 11.1.3 on Lambda."""
    rides, receipts = StoredRides(tmp_path / "rides.db"), tmp_path / "receipts.txt"
    receipts.touch()

    def create(frozen: threading.Event) -> FastAPI:
        async def send_receipt(rider: str) -> None:
            await asyncio.sleep(0.1)
            if not frozen.is_set():
                with receipts.open("a", encoding="utf-8") as file:
                    file.write(f"{rider}\n")

        stand_in(answers.send_receipt, send_receipt)
        return fastapi_app(answers.rental_app(rides), "rental_app(rides)")

    with ExitStack() as instances:

        def start() -> LambdaInstance:
            try:
                return instances.enter_context(lambda_instance(create))
            except Unavailable as missing:
                return pytest.skip(str(missing))

        yield Function(rides, receipts, start)


def check(instance: LambdaInstance, request: str, status: int, why: str) -> None:
    """Send a request "POST b7 ada" or "DELETE b7", and check the response.

    The rider of a ride that is ended stands in `request`, too: "DELETE b7 ada".
    """
    method, bike, *rider = request.split()
    path = f"/bikes/{bike}/ride"
    if method == "POST":
        path += f"?rider={rider[0]}"
    seen, body = instance.send(method, path)
    asked = {"rider": rider[0]} if status < 400 else None
    is_right = seen == status and asked in (None, body)
    assert is_right, (
        f"`{method} {path}` returned {seen} and {in_words(body)}. {why} The docstring "
        f"asks for {status}{f' and {asked}' if asked else ''}. Look at where the rides "
        "are, and at what `rides` returns."
    )


def test_q3_a_bike_is_rented_once_in_all_instances(function):
    first, second = function.start(), function.start()
    check(first, "POST b7 ada", 201, "It was the first request.")
    check(first, "POST b7 ada", 409, "This rider had started a ride with this bike.")
    check(second, "POST b7 ben", 409, "Another instance had started a ride of ada.")
    check(second, "POST b8 cem", 201, "Only the bike b7 had a ride.")
    check(first, "POST b8 ada", 409, "Another instance had started a ride of cem.")
    check(second, "DELETE b7 ada", 200, "Another instance had started a ride of ada.")


def test_q3_a_ride_ends_in_all_instances(function):
    first, second = function.start(), function.start()
    check(first, "POST b7 ada", 201, "It was the first request.")
    check(second, "DELETE b7 ada", 200, "Another instance had started a ride of ada.")
    check(first, "POST b7 ben", 201, "Another instance had ended the ride of ada.")
    check(second, "DELETE b7 ben", 200, "Another instance had started a ride of ben.")
    check(first, "DELETE b7", 404, "Another instance had ended the ride of ben.")
    check(second, "POST b7 cem", 201, "The ride of ben had ended before.")
    check(first, "DELETE b7 cem", 200, "Another instance had started a ride of cem.")
    check(second, "DELETE b7", 404, "Another instance had ended the ride of cem.")


def test_q3_a_new_instance_finds_the_rides_of_earlier_ones(function):
    earlier = "INSERT INTO rides VALUES ('b1', 'dora'), ('b2', 'emil')"
    function.rides.execute(earlier)
    why = "An earlier instance, which has ended, had started rides with b1 and b2."

    check(function.start(), "POST b1 ada", 409, why)
    check(function.start(), "DELETE b2 emil", 200, why)
    check(function.start(), "DELETE b1 dora", 200, why)


def test_q3_the_rides_are_stored(function):
    instance = function.start()
    for bike, rider in (("b1", "dora"), ("b2", "emil"), ("B2", "Fay")):
        check(instance, f"POST {bike} {rider}", 201, "The bike had no ride.")
    check(instance, "DELETE b2 emil", 200, "The same instance had started it.")

    stored = function.rides.execute("SELECT bike, rider FROM rides ORDER BY bike")
    assert stored == [("B2", "Fay"), ("b1", "dora")], (
        "dora, emil and Fay started rides with b1, b2 and B2. Then the ride with b2 "
        f"ended, and `rides` had {in_words(stored)}. The docstring asks that the rides "
        "are in `rides`."
    )


def test_q3_the_receipt_is_sent_before_the_instance_freezes(function):
    first, second = function.start(), function.start()
    rounds = [(first, first, "ada"), (first, second, "ben"), (second, first, "ada")]
    sent = []
    for starts, ends, rider in rounds:
        check(starts, f"POST b7 {rider}", 201, "The bike had no ride.")
        ends.send("DELETE", "/bikes/b7/ride")
        sent.append(" ".join(function.sent))

    asked = ["ada", "ada ben", "ada ben ada"]
    assert sent == asked, (
        "Rides of ada, ben and ada ended with b7. When Lambda froze the instance after "
        f"each response, the receipts that had been sent were {in_words(sent)}. The "
        f"docstring asks for {asked}: one for each ride. Look at who waits for "
        "`send_receipt`, and how often it is called."
    )


def test_q3_a_ride_that_does_not_end_has_no_receipt(function):
    instance, other = function.start(), function.start()
    check(instance, "POST b7 ada", 201, "It was the first request.")
    check(other, "POST b7 ben", 409, "Another instance had started a ride of ada.")
    check(instance, "DELETE b8", 404, "There was no ride with b8.")
    early = function.sent
    check(instance, "DELETE b7 ada", 200, "ada had started the ride.")
    check(other, "DELETE b7", 404, "The ride had ended.")

    assert (early, function.sent) == ([], ["ada"]), (
        "Only the ride of ada ended. The receipts that were sent were "
        f"{in_words(early)} before its end and {in_words(function.sent)} after it. "
        "The docstring asks for one receipt for each ride that ends."
    )
