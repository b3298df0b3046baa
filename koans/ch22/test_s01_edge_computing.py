"""The tests of section 22.1."""

import json
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import httpx2
import pytest
from fastapi import Body, FastAPI, HTTPException, Request, Response

from lab import (
    Traffic,
    attempt,
    client,
    fastapi_app,
    in_words,
    outcome,
    patience,
    returned_or_raised,
    serve,
    wire,
)

# Seconds that a request to a node may take before a test gives it up, on a quiet
# machine.
PATIENCE = 2.5
# The same for a request that a right answer returns at once.
AT_ONCE = 2.5
# The same for a request in which an answer may wait for a timeout of its own.
OWN_TIMEOUT = 12.0
# A timeout for a cloud that returns no response in time, and one for all other cases.
SHORT, LONG = 0.2, 60.0


class Link:
    """The connection of a node to the cloud. It can break, and come back."""

    def __init__(self, port: int, stack: ExitStack) -> None:
        self._port, self.stack = port, stack
        self.client = stack.enter_context(
            httpx.Client(timeout=LONG, trust_env=False, verify=False)
        )
        self.restore()

    def cut(self) -> None:
        """Break the connection: no request reaches the cloud."""
        self._wire.cut()

    def restore(self) -> None:
        """Connect to the cloud again."""
        self._wire = self.stack.enter_context(wire(self._port))
        self.client.base_url = httpx.URL(f"http://127.0.0.1:{self._wire.port}")


@contextmanager
def linked(app: Any) -> Iterator[Link]:
    """Yield a connection to the cloud, which is served meanwhile."""
    with ExitStack() as stack:
        yield Link(stack.enter_context(serve(app)).port, stack)


class WindCloud:
    """The cloud of 22.1.1: all measurements for the old node, summaries for the new."""

    def __init__(self) -> None:
        app = FastAPI()
        self.winds: list[int] = []
        self.summaries: list[Any] = []
        self.is_failing = False
        self.traffic = Traffic(app)

        @app.post("/wind", status_code=204)
        def store(kmh: Annotated[int, Body(embed=True)]) -> None:
            self.winds.append(kmh)

        @app.get("/wind")
        def latest() -> dict[str, int]:
            if not self.winds:
                raise HTTPException(404)
            return {"kmh": self.winds[-1]}

        @app.post("/summaries", status_code=201)
        async def summarize(request: Request) -> None:
            if self.is_failing:
                raise HTTPException(503)
            self.summaries.append(json_or_words(await request.body()))


def json_or_words(body: bytes) -> Any:
    """Return the JSON of a request, or its text if it is not JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


class LiftNode:
    """The node of 22.1.1, as a lift uses it."""

    def __init__(self, answers: Any, link: Link, limit: int, stack: ExitStack) -> None:
        app = attempt("`lift_node`", answers.lift_node, link.client, limit)
        self._http = stack.enter_context(client(fastapi_app(app, "lift_node()")))
        self.measured: list[int] = []

    def _send(self, method: str, path: str, status: int, **body: Any) -> Any:
        seen = outcome(lambda: self._http.request(method, path, **body))
        came = returned_or_raised(seen)
        if isinstance(seen, httpx2.Response):
            came = f"returned {seen.status_code} and {in_words(seen.text)}"
        assert getattr(seen, "status_code", None) == status, (
            f"After the measurements {in_words(self.measured)}, `{method} {path}` "
            f"{came}. The docstring asks for {status}. Look at this endpoint."
        )
        return seen

    def measure(self, *winds: int) -> None:
        """Send measurements to the node."""
        for kmh in winds:
            self._send("POST", "/wind", 204, json={"kmh": kmh})
            self.measured.append(kmh)

    def lift(self) -> Any:
        """Return whether the lift may run, as the node says it."""
        return self._send("GET", "/lift", 200).json()

    def send_summary(self) -> None:
        """Let the node send its summary."""
        self._send("POST", "/summary", 204)

    def refuse(self, body: dict[str, Any]) -> None:
        """Send an invalid measurement to the node."""
        self._send("POST", "/wind", 422, json=body)

    def try_summary(self) -> None:
        """Let the node send its summary, which may fail."""
        outcome(lambda: self._http.post("/summary"))


@contextmanager
def lift_nodes(
    answers: Any, *limits: int
) -> Iterator[tuple[WindCloud, Link, list[LiftNode]]]:
    """Yield a cloud, a connection to it, and a node for each limit."""
    cloud = WindCloud()
    with ExitStack() as stack:
        link = stack.enter_context(linked(cloud.traffic))
        nodes = [LiftNode(answers, link, limit, stack) for limit in limits]
        yield cloud, link, nodes


def runs_of(body: Any) -> Any:
    """Return `runs` of a body that has only this boolean, or else the body."""
    if isinstance(body, dict) and isinstance(body.get("runs"), bool) and len(body) == 1:
        return body["runs"]
    return body


@pytest.mark.parametrize(
    ("limit", "winds", "runs"),
    [
        (10**6, [], []),
        (60, [72, 55], [False, True]),
        (60, [60, 61, 59], [True, False, True]),
        (45, [46, 45, 400], [False, True, False]),
        (0, [0, 1, 0], [True, False, True]),
    ],
)
def test_q1_without_a_connection_the_latest_measurement_decides(
    answers: Any, limit: int, winds: list[int], runs: list[bool]
) -> None:
    with lift_nodes(answers, limit) as (_, link, [node]):
        link.cut()
        seen = [node.lift()]
        for kmh in winds:
            node.measure(kmh)
            seen.append(node.lift())
    seen = [runs_of(one) for one in seen]
    asked = [False, *runs]
    when = f"At first and after each of {in_words(winds)}"
    if not winds:
        when = "Before the first measurement"
    assert seen == asked, (
        f"The limit is {limit}. {when}, "
        f"`runs` of `GET /lift` was {in_words(seen)}. The docstring asks for "
        f"{in_words(asked)}. Look at what the endpoint compares."
    )


def test_q1_only_the_summary_sends_a_request(answers: Any) -> None:
    with lift_nodes(answers, 60) as (cloud, _, [node]):
        node.lift()
        for kmh in range(12):
            node.measure(6 * kmh, 72 - 6 * kmh)
            node.lift()
        before = list(cloud.traffic.requests)
        assert before == [], (
            "After 24 `POST /wind` and 13 `GET /lift`, the cloud has received "
            f"{in_words(before)}. The docstring asks that these endpoints send no "
            "request to the cloud. Look at where they use `cloud`."
        )
        node.send_summary()
        seen = list(cloud.traffic.requests)
    assert seen == ["POST /summaries"], (
        f"After one `POST /summary`, the cloud has received {in_words(seen)}. The "
        "docstring asks for one request: `POST /summaries`. Look at `send_summary`."
    )


@pytest.mark.parametrize(
    "winds", [[72, 55], [31], [0], [12, 90, 47], [30, 30, 30], [*range(120)][::-1]]
)
def test_q1_the_summary_has_the_number_and_the_maximum(
    answers: Any, winds: list[int]
) -> None:
    with lift_nodes(answers, 60) as (cloud, _, [node]):
        node.measure(*winds)
        node.send_summary()
    asked = [{"count": len(winds), "max": max(winds)}]
    assert cloud.summaries == asked, (
        f"After the measurements {in_words(winds)}, `POST /summaries` of the cloud has "
        f"received {in_words(cloud.summaries)}. The docstring asks for "
        f"{in_words(asked)}. Look at the JSON that `send_summary` sends."
    )


def test_q1_each_summary_is_about_all_measurements(answers: Any) -> None:
    with lift_nodes(answers, 60) as (cloud, _, [node]):
        node.measure(70, 50)
        node.send_summary()
        runs = node.lift()
        node.measure(20)
        node.send_summary()
    seen, asked = cloud.summaries, [{"count": 2, "max": 70}, {"count": 3, "max": 70}]
    assert (seen, runs) == (asked, {"runs": True}), (
        "70 and 50 were measured, then 20, each followed by `POST /summary`. The cloud "
        f"received {in_words(seen)}, and `GET /lift` after 50 returned {in_words(runs)}"
        f". The docstring asks for {in_words(asked)}. Look at `send_summary`."
    )


def test_q1_measurements_without_a_connection_are_in_the_summary(answers: Any) -> None:
    with lift_nodes(answers, 60) as (cloud, link, [node]):
        node.measure(40)
        link.cut()
        node.measure(88, 35)
        node.try_summary()
        link.restore()
        node.send_summary()
    asked = [{"count": 3, "max": 88}]
    assert cloud.summaries == asked, (
        "40 was measured with a connection, 88 and 35 without. After the connection "
        f"had come back, the cloud received {in_words(cloud.summaries)}. The docstring "
        f"asks for {in_words(asked)}: all measurements. Look at where they are kept."
    )


@pytest.mark.parametrize("body", [{"kmh": -1}, {"kmh": 401}, {"kmh": None}, {}])
def test_q1_an_invalid_measurement_is_refused(
    answers: Any, body: dict[str, Any]
) -> None:
    with lift_nodes(answers, 60) as (cloud, _, [node]):
        node.measure(50)
        node.refuse(body)
        runs = node.lift()
        node.send_summary()
    asked = ([{"count": 1, "max": 50}], {"runs": True})
    assert (cloud.summaries, runs) == asked, (
        f"50 was measured, then {in_words(body)} was refused. The cloud received "
        f"{in_words(cloud.summaries)}, and `GET /lift` returned {in_words(runs)}. The "
        f"docstring asks for {in_words(asked[0])} and true: 422 as today. Look at what "
        "`measure` keeps."
    )


def test_q1_a_summary_that_fails_is_one_request(answers: Any) -> None:
    with lift_nodes(answers, 60) as (cloud, _, [node]):
        node.measure(50)
        cloud.is_failing = True
        node.try_summary()
        cloud.is_failing = False
        seen = list(cloud.traffic.requests)
    assert seen == ["POST /summaries"], (
        "50 was measured, and the cloud returned 503 for a summary. It has received "
        f"{in_words(seen)}. The docstring asks for exactly one request, `POST "
        "/summaries`. Look at what `send_summary` does after a failure."
    )


def test_q1_each_node_has_its_own_measurements(answers: Any) -> None:
    with lift_nodes(answers, 60, 30, 60) as (cloud, _, [low, high, third]):
        low.measure(58, 41)
        empty = [high.lift(), third.lift()]
        high.measure(33)
        third.measure(61)
        runs = [*empty, low.lift(), high.lift(), third.lift()]
        for node in (low, high, third):
            node.send_summary()
    asked = [{"count": 2, "max": 58}, *({"count": 1, "max": one} for one in (33, 61))]
    lifts = [{"runs": one} for one in (False, False, True, False, False)]
    assert (cloud.summaries, runs) == (asked, lifts), (
        "A node measured 58 and 41, a second one 33, a third one 61. Summaries: "
        f"{in_words(cloud.summaries)}, `GET /lift` returned {in_words(runs)}. The "
        "docstring asks for a node with its own measurements in each call. Look at "
        "where you keep them."
    )


WINDS = [10, 20, 30, 40, 50]


def wind_run(answers: Any, disk: Path | None, *, restarted: bool) -> Any:
    """Return what `GET /wind` returns after five measurements, or after a restart."""
    app = answers.wind_app(disk)
    with client(app) as http:
        for kmh in WINDS:
            http.post("/wind", json={"kmh": kmh})
    with client(answers.wind_app(disk) if restarted else app) as http:
        return http.get("/wind").json()


class CdnEdge:
    """A shared cache between all clients and an application (RFC 9111)."""

    def __init__(self, origin: httpx.Client) -> None:
        self._origin = origin
        self._stored: dict[str, httpx.Response] = {}

    def get(self, path: str, skier: str) -> httpx.Response:
        """Return the stored response, or else the one of the application."""
        if path in self._stored:
            return self._stored[path]
        try:
            response = self._origin.get(path, headers={"Skier": skier})
        except httpx.TransportError:
            return httpx.Response(504)
        permitted = response.headers.get("cache-control", "").split(", ")
        if "public" in permitted and "max-age=60" in permitted:
            self._stored[path] = response
        return response


def cdn_run(answers: Any) -> dict[str, Any]:
    """Return what Anna, Ben and Carl receive from the CDN edge."""
    snow = {"cm": 80}
    depths, tickets = [], []
    with linked(answers.resort_app(snow)) as link:
        edge = CdnEdge(link.client)
        for skier, depth in (("Anna", 80), ("Ben", 95)):
            snow["cm"] = depth
            depths.append(edge.get("/snow", skier).json()["cm"])
            tickets.append(edge.get("/ticket", skier).json().split()[-1])
        link.cut()
        statuses = [edge.get(path, "Carl").status_code for path in ("/snow", "/ticket")]
    return {"cdn, snow": depths, "cdn, ticket": tickets, "cdn, offline": statuses}


LOOK_AT = {
    "gateway": "Look at `maxlen`.",
    "gateway, restarted": "Look at where `wind_app(None)` keeps its values.",
    "server, restarted": "Look at what `wind_app(file)` reads for `GET /wind`.",
    "cdn, snow": "Look at `Cache-Control` of `/snow`, and at the key of the cache.",
    "cdn, ticket": "Look at `Cache-Control` of `/ticket`.",
    "cdn, offline": "Look at which of the two responses the CDN edge has stored.",
}


FORM = {"snow": "numbers", "ticket": "names", "offline": "status codes"}


@pytest.mark.parametrize("blank", LOOK_AT)
def test_q2_the_response_of_the_node_is_predicted(
    answers: Any, blank: str, tmp_path: Path
) -> None:
    predictions = answers.predictions()
    is_there = isinstance(predictions, dict) and blank in predictions
    assert is_there, (
        f"`predictions()` returned {in_words(predictions)}, without {blank!r}. The "
        "docstring asks for the six predictions of the stub."
    )
    predicted = predictions[blank]
    node, _, what = blank.partition(", ")
    if node == "cdn":
        seen = cdn_run(answers)[blank]
    else:
        disk = tmp_path / "wind.txt" if node == "server" else None
        seen = wind_run(answers, disk, restarted=what == "restarted")
    if isinstance(predicted, tuple):
        predicted = list(predicted)
    assert predicted == seen, (
        f"{blank!r}: you predicted {in_words(predicted)}. The real run came out "
        f"differently. The docstring asks for a list of {FORM.get(what, 'numbers')}. "
        f"{LOOK_AT[blank]}"
    )


@pytest.fixture(autouse=True)
def quick_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SQLite commit without waiting for the disk."""
    connect = sqlite3.connect

    def quick(*arguments: Any, **named: Any) -> sqlite3.Connection:
        db = connect(*arguments, **named)
        db.execute("PRAGMA synchronous = OFF")
        return db

    monkeypatch.setattr(sqlite3, "connect", quick)


class EntryCloud:
    """The cloud of 22.1.3.

    `received` are the bodies of all requests, `counted` the skiers by the `id` of their
    entries. `plan` has a function for each of the next requests. The function is called
    in the request, and returns the status.
    """

    def __init__(self) -> None:
        self.received: list[Any] = []
        self.counted: dict[str, str] = {}
        self.plan: deque[Callable[[], int]] = deque()
        self.over = threading.Event()
        app = FastAPI()
        self.traffic = Traffic(app)

        @app.post("/entries")
        def receive(body: Annotated[Any, Body()]) -> Response:
            self.received.append(body)
            status = self.plan.popleft()() if self.plan else 201
            if 200 <= status < 300 and isinstance(body, dict):
                self.counted[str(body.get("id"))] = str(body.get("skier"))
            headers = {"Location": "/entries"} if 300 <= status < 400 else {}
            return Response(status_code=status, headers=headers)

    @property
    def skiers(self) -> list[Any]:
        """The skier of each request."""
        return [
            one.get("skier") if isinstance(one, dict) else one for one in self.received
        ]

    @property
    def ids(self) -> list[Any]:
        """The `id` of each request."""
        return [
            one.get("id") if isinstance(one, dict) else one for one in self.received
        ]


def rows(file: Path) -> list[tuple[Any, Any]]:
    """Return `id` and `skier` of the rows in the outbox, the oldest first."""
    with closing(sqlite3.connect(file)) as db:
        query = "SELECT id, skier FROM outbox ORDER BY number"
        seen = outcome(lambda: db.execute(query).fetchall())
    assert isinstance(seen, list), (
        f"Reading `outbox` {returned_or_raised(seen)}. The docstring asks to store "
        "entries in this table. Look at the CREATE TABLE of the stub, and at which "
        "transactions your code leaves open."
    )
    return seen


class _Ended(BaseException):
    """Ends a sync that goes on for ever, and handles each `Exception`."""


class End:
    """Sends no request, and ends the sync that wants to send one."""

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Raise an exception instead of sending a request."""
        self._calls += 1
        if self._calls > 9:
            raise _Ended
        raise RuntimeError("The test has ended this sync.")


DID_NOT_END = {
    "/sync": "The docstring asks that the sync ends at the first entry that cannot be "
    "sent. Look at your loop.",
    "/entries": "The docstring asks to store the entry and return 204. Look at whether "
    "each transaction is committed and closed, and at what the endpoint waits for.",
}
NOT_204 = {
    "/sync": "The docstring asks for 204, also if an entry cannot be sent. Look at "
    "which exceptions the endpoint handles, and at its status code.",
    "/entries": "The docstring asks to store each entry, whatever the name is, and to "
    "return 204. Look at `record`.",
}


def came_to(seen: Any) -> str:
    """Say what came of a request to the node."""
    if isinstance(seen, httpx2.Response):
        return f"returned {seen.status_code} and {in_words(seen.text)}"
    return returned_or_raised(seen)


class GateNode:
    """The node of 22.1.3, as a gate uses it."""

    def __init__(self, app: Any, file: Path, link: Link) -> None:
        self.app, self.file, self.link = fastapi_app(app, "gate_node()"), file, link
        self._http = link.stack.enter_context(client(self.app))

    def _post(self, path: str, seconds: float = PATIENCE, **body: Any) -> None:
        """Send a request in a thread: a wrong answer may never return a response."""
        seen: list[Any] = []
        thread = threading.Thread(
            target=lambda: seen.append(caught(lambda: self._http.post(path, **body))),
            daemon=True,
        )
        thread.start()
        thread.join(patience(seconds))
        if thread.is_alive():
            self.link.client.send = End()  # type: ignore[method-assign]
            thread.join(patience(SHORT))
            raise AssertionError(f"`POST {path}` did not end. {DID_NOT_END[path]}")
        if isinstance(seen[0], NotImplementedError):
            raise seen[0]
        is_done = isinstance(seen[0], httpx2.Response) and seen[0].status_code == 204
        assert is_done, f"`POST {path}` {came_to(seen[0])}. {NOT_204[path]}"

    def record(self, *skiers: str) -> None:
        """Let skiers pass the gate."""
        for skier in skiers:
            self._post("/entries", json={"skier": skier})

    def sync(self, seconds: float = PATIENCE) -> None:
        """Let the node send what it has stored."""
        self._post("/sync", seconds)


def caught(call: Callable[[], Any]) -> Any:
    """Return what a call returns or raises, whatever it is."""
    try:
        return call()
    except BaseException as error:
        return error


def gate_node(answers: Any, link: Link, file: Path) -> GateNode:
    """Return a node with this database."""
    app = attempt("`gate_node`", answers.gate_node, file, link.client)
    return GateNode(app, file, link)


@contextmanager
def gate(answers: Any, folder: Path) -> Iterator[tuple[EntryCloud, Link, GateNode]]:
    """Yield a cloud, a connection to it, and a node."""
    cloud = EntryCloud()
    with linked(cloud.traffic) as link:
        try:
            yield cloud, link, gate_node(answers, link, folder / "gate.db")
        finally:
            cloud.over.set()


SKIERS = ["Zoë O'Neill", "Anna", "ben", "Carl", "Anna", "", " Bo", 'Eve "E" %s ?']


@pytest.mark.parametrize("online", [True, False], ids=["connected", "not connected"])
def test_q3_an_entry_is_stored_and_not_sent(
    answers: Any, online: bool, tmp_path: Path
) -> None:
    with gate(answers, tmp_path) as (cloud, link, node):
        if not online:
            link.cut()
        node.record(*SKIERS)
        stored = [skier for _, skier in rows(node.file)]
        sent = list(cloud.traffic.requests)
    assert (stored, sent) == (SKIERS, []), (
        f"After `POST /entries` for {len(SKIERS)} skiers, `outbox` contains "
        f"{in_words(stored)}, and the cloud has received {in_words(sent)}. "
        "The docstring asks to store each entry, and to send nothing yet. Look at "
        "`record`."
    )


@pytest.mark.parametrize("skiers", [[], ["Anna"], SKIERS], ids=["none", "one", "many"])
def test_q3_a_sync_sends_each_entry_the_oldest_first(
    answers: Any, skiers: list[str], tmp_path: Path
) -> None:
    with gate(answers, tmp_path) as (cloud, _, node):
        node.record(*skiers)
        stored = rows(node.file)
        node.sync()
    assert cloud.skiers == skiers, (
        f"Entries of {in_words(skiers)}. By `POST /sync`, `POST /entries` of the cloud "
        f"received {in_words(cloud.skiers)}. The docstring asks for one request each, "
        "the oldest first. Look at the rows that you read, and at what you send."
    )
    asked = [{"id": key, "skier": skier} for key, skier in stored]
    assert cloud.received == asked, (
        f"`POST /sync` sent {in_words(cloud.received)}. The docstring asks for the "
        "fields `id` and `skier`, as they are in `outbox`. Look at the JSON that your "
        "code sends."
    )
    seen = list(cloud.traffic.requests)
    assert seen == ["POST /entries"] * len(skiers), (
        f"For {len(skiers)} entries, the cloud received {in_words(seen)}. The "
        "docstring asks for one `POST /entries` for each entry, and no other request. "
        "Look at where `sync` uses `cloud`."
    )


def test_q3_a_sync_sends_a_long_outbox(answers: Any, tmp_path: Path) -> None:
    names = [f"skier {number}" for number in range(120)]
    with gate(answers, tmp_path) as (cloud, _, node):
        node.record(names[0])
        with closing(sqlite3.connect(node.file)) as db, db:
            db.executemany(
                "INSERT INTO outbox (id, skier) VALUES (?, ?)",
                [(str(uuid4()), name) for name in names[1:]],
            )
        node.sync(OWN_TIMEOUT)
    assert cloud.skiers == names, (
        f"`outbox` contained 120 entries. `POST /sync` sent {len(cloud.received)}. The "
        "docstring asks that it sends the stored entries, the oldest first. Look at "
        "which rows your code reads."
    )


def test_q3_each_entry_has_a_uuid_of_its_own(
    answers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = EntryCloud()
    with linked(cloud.traffic) as link:
        for folder in (tmp_path / "north", tmp_path / "south"):
            folder.mkdir()
            monkeypatch.chdir(folder)  # nodes on two machines, with the same file
            node = gate_node(answers, link, Path("gate.db"))
            for _ in range(2):
                node.record("Anna", "Anna", "Ben")
                node.sync()
    uuids = {UUID(one) for one in cloud.ids if is_uuid(one)}
    assert len(uuids) == len(cloud.ids) == 12, (
        f"Two nodes sent {len(cloud.ids)} requests for 12 entries. Their `id`s are "
        f"{len(uuids)} different UUIDs: {in_words(cloud.ids)}. The docstring asks for "
        "a new UUID for each entry. Look at where your code creates it."
    )


def is_uuid(value: Any) -> bool:
    """Return whether a value is the text of a UUID."""
    try:
        UUID(value)
    except (AttributeError, TypeError, ValueError):
        return False
    return True


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_q3_a_sent_entry_is_deleted(answers: Any, status: int, tmp_path: Path) -> None:
    with gate(answers, tmp_path) as (cloud, _, node):
        node.record("Anna", "Ben", "Carl")
        cloud.plan.extend([lambda: status] * 3)
        node.sync()
        left = [skier for _, skier in rows(node.file)]
        node.sync()
    assert (left, cloud.skiers) == ([], ["Anna", "Ben", "Carl"]), (
        f"The cloud returned {status} for three entries. `outbox` then contained "
        f"{in_words(left)}. After a second `POST /sync`, the cloud has received "
        f"{in_words(cloud.skiers)}. The docstring asks to delete what the cloud has "
        "accepted. Look at your DELETE."
    )


def check_stopped(cloud: EntryCloud, node: GateNode, what: str, sent: int) -> None:
    """Check a sync that ended at an entry, after `sent` requests; then sync again."""
    seen, left = cloud.skiers, [skier for _, skier in rows(node.file)]
    names = ["Anna", "Ben", "Anna", "Dora"]
    asked = (names[:sent], names[1:])
    assert (seen, left) == asked, (
        f"{what} The sync sent {in_words(seen)}, then `outbox` contained "
        f"{in_words(left)}. The docstring asks that it sends {in_words(asked[0])}, and "
        f"{in_words(asked[1])} stay. Look at what your code does then."
    )
    stored = [key for key, _ in rows(node.file)]
    node.sync()
    again, ids = cloud.skiers[sent:], cloud.ids
    assert (again, ids[sent:]) == (names[1:], stored), (
        f"{what} The next sync sent {in_words(again)}. The docstring asks for "
        f"{in_words(names[1:])}, each with the `id` that it had before. Look at where "
        "the `id` is created."
    )
    counted, left = list(cloud.counted.values()), rows(node.file)
    assert (counted, left) == (names, []), (
        f"{what} After the next sync, the cloud has counted {in_words(counted)}, and "
        f"`outbox` contains {in_words(left)}. The docstring asks for "
        f"{in_words(names)}, each once. Look at the `id` that is sent."
    )


@pytest.mark.parametrize("status", [300, 307, 409, 503])
def test_q3_another_status_ends_the_sync(
    answers: Any, status: int, tmp_path: Path
) -> None:
    with gate(answers, tmp_path) as (cloud, _, node):
        node.record("Anna", "Ben", "Anna", "Dora")
        cloud.plan.extend([lambda: 201, lambda: status])
        node.sync()
        what = f"The cloud returned {status} for the second of four entries."
        check_stopped(cloud, node, what, sent=2)


def test_q3_a_cut_before_the_cloud_has_the_entry_ends_the_sync(
    answers: Any, tmp_path: Path
) -> None:
    with gate(answers, tmp_path) as (cloud, link, node):
        node.record("Anna")
        node.sync()
        link.cut()
        node.record("Ben", "Anna", "Dora")
        node.sync()
        link.restore()
        what = "The connection was cut before the second of four entries."
        check_stopped(cloud, node, what, sent=1)


def test_q3_a_cut_after_the_cloud_has_stored_the_entry_ends_the_sync(
    answers: Any, tmp_path: Path
) -> None:
    with gate(answers, tmp_path) as (cloud, link, node):

        def store_and_cut() -> int:
            link.cut()
            return 201

        node.record("Anna", "Ben", "Anna", "Dora")
        cloud.plan.extend([lambda: 201, store_and_cut])
        node.sync()
        link.restore()
        what = "The cloud stored the second entry, and its response was lost."
        check_stopped(cloud, node, what, sent=2)


def test_q3_a_timeout_ends_the_sync(answers: Any, tmp_path: Path) -> None:
    with gate(answers, tmp_path) as (cloud, link, node):

        def keep_silent() -> int:
            cloud.over.wait(LONG)
            return 201

        node.record("Anna")
        node.sync()
        node.record("Ben", "Anna", "Dora")
        cloud.plan.append(keep_silent)
        link.client.timeout = httpx.Timeout(LONG, read=SHORT)
        node.sync(OWN_TIMEOUT)
        link.client.timeout = httpx.Timeout(LONG)
        what = "The cloud did not respond to the second entry in time."
        check_stopped(cloud, node, what, sent=2)


# Each type of exception with which a request fails because of the connection.
FAILURES: list[type[httpx.TransportError]] = [
    httpx.ConnectTimeout,
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.PoolTimeout,
    httpx.ConnectError,
    httpx.ReadError,
    httpx.WriteError,
    httpx.CloseError,
    httpx.ProxyError,
    httpx.RemoteProtocolError,
]


class Failing(httpx.HTTPTransport):
    """Fails with one exception after the other, then sends requests to the cloud."""

    def __init__(self) -> None:
        super().__init__(trust_env=False)
        self.left = deque(FAILURES)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raise the next exception, or send the request."""
        if self.left:
            raise self.left.popleft()("The test broke the connection.")
        return super().handle_request(request)


def test_q3_each_failure_of_the_connection_ends_the_sync(
    answers: Any, tmp_path: Path
) -> None:
    cloud, transport = EntryCloud(), Failing()
    with linked(cloud.traffic) as link:
        url = link.client.base_url
        link.client = httpx.Client(base_url=url, transport=transport)
        link.stack.enter_context(link.client)
        node = gate_node(answers, link, tmp_path / "gate.db")
        node.record("Anna", "Ben")
        left = [(node.sync(), len(transport.left))[1] for _ in FAILURES]
        node.sync()
    asked = list(reversed(range(len(FAILURES))))
    assert (left, cloud.skiers) == (asked, ["Anna", "Ben"]), (
        f"The connection broke {len(FAILURES)} times, in each sync once. After each "
        f"sync, {in_words(left)} failures were left, and the last sync sent "
        f"{in_words(cloud.skiers)}. The docstring asks that each sync ends at its "
        "first failure, and no entry is lost. Look at your `except`."
    )


def test_q3_an_entry_is_sent_until_the_cloud_accepts_it(
    answers: Any, tmp_path: Path
) -> None:
    statuses = [400, 401, 403, 404, 408, 410, 413, 422, 429, 500, 501, 502, 504]
    with gate(answers, tmp_path) as (cloud, _, node):
        node.record("Anna", "Ben")
        cloud.plan.extend([partial(int, status) for status in statuses])
        for _ in statuses:
            node.sync()
        node.sync()
        left = [skier for _, skier in rows(node.file)]
    seen = (cloud.skiers.count("Anna"), cloud.skiers[-1:], left)
    assert seen == (14, ["Ben"], []), (
        f"The cloud returned {statuses} for Anna, then 201. Anna was sent {seen[0]} "
        f"times, the last request was {in_words(seen[1])}. The docstring asks for 14, "
        "then Ben: a sync ends at another status, and the next one begins with this "
        "entry. Look at what your code does with a status."
    )


def test_q3_a_sync_returns_after_it_has_sent(answers: Any, tmp_path: Path) -> None:
    returned, seen = threading.Event(), []
    with gate(answers, tmp_path) as (cloud, _, node), serve(node.app) as server:

        def wait_for_the_response() -> int:
            seen.append(returned.wait(SHORT))
            return 201

        node.record("Anna", "Ben")
        cloud.plan.extend([wait_for_the_response] * 2)
        outcome(lambda: server.client.post("/sync", timeout=patience(OWN_TIMEOUT)))
        returned.set()
        until(lambda: len(seen) == 2)
    assert seen == [False, False], (
        "While the cloud was receiving Anna and then Ben, the client had the response "
        f"of `POST /sync`: {in_words(seen)}. The docstring asks that the sync sends "
        "all stored entries, and then returns. Look at where your code sends: in the "
        "endpoint, or after its response."
    )


def until(is_true: Callable[[], bool]) -> None:
    """Wait for something that a background task of an answer may do, or for nothing."""
    pause = threading.Event()
    for _ in range(100):
        if is_true():
            return
        pause.wait(0.02)


def test_q3_an_entry_that_is_not_stored_is_not_confirmed(
    answers: Any, tmp_path: Path
) -> None:
    with gate(answers, tmp_path) as (_, _, node), serve(node.app) as server:

        def status() -> Any:
            body = {"skier": "Anna"}
            seen = outcome(lambda: server.client.post("/entries", json=body))
            return getattr(seen, "status_code", in_words(seen))

        seen = [status(), len(rows(node.file))]
        with closing(sqlite3.connect(node.file)) as db, db:
            db.execute("ALTER TABLE outbox RENAME TO lost")
        seen.append(status())
    assert seen == [204, 1, 500], (
        f"`POST /entries` returned {seen[0]}, and `outbox` had {seen[1]} row. Then the "
        f"table was missing, and it returned {seen[2]}. The docstring asks for 204 "
        "only after the entry is stored: an error of the database is 500. Look at the "
        "exceptions that `record` handles, and at when it stores."
    )


def test_q3_an_entry_stays_in_the_outbox_until_the_cloud_has_it(
    answers: Any, tmp_path: Path
) -> None:
    with gate(answers, tmp_path) as (cloud, _, node):
        seen: list[list[Any]] = []

        def look() -> int:
            seen.append([skier for _, skier in rows(node.file)])
            return 201

        node.record("Anna", "Ben")
        cloud.plan.extend([look, look])
        node.sync()
    assert seen == [["Anna", "Ben"], ["Ben"]], (
        "While the cloud was receiving Anna and then Ben, `outbox` contained "
        f"{in_words(seen)}. The docstring asks for [['Anna', 'Ben'], ['Ben']]: an "
        "entry stays until the cloud has returned its status, and is deleted before "
        "the next one is sent. Look at when your code deletes it."
    )


def test_q3_the_outbox_survives_a_restart(answers: Any, tmp_path: Path) -> None:
    with gate(answers, tmp_path) as (cloud, link, node):
        node.record("Anna", "Ben")
        cloud.plan.append(lambda: 503)
        node.sync()
        node = gate_node(answers, link, node.file)
        node.record("Carl")
        node.sync()
    ids, skiers = cloud.ids, cloud.skiers
    asked = ["Anna", "Anna", "Ben", "Carl"]
    is_same = ids[:1] == ids[1:2]
    assert (skiers, is_same, len(set(ids))) == (asked, True, 3), (
        "The cloud returned 503 for Anna, then the node restarted, and Carl came. The "
        f"cloud received {in_words(skiers)} with the `id`s {in_words(ids)}. The "
        f"docstring asks for {in_words(asked)}, with the same `id` for Anna. Look at "
        "where your code keeps entries and `id`s."
    )


def entry_during_sync(answers: Any, folder: Path) -> tuple[EntryCloud, Path, list[Any]]:
    """Let Zoë and Yan pass while Anna and Ben are sent; return what came of it."""
    seen: list[Any] = []
    names = iter(["Zoë", "Yan"])
    with gate(answers, folder) as (cloud, _, node), serve(node.app) as server:

        def pass_the_gate() -> int:
            body = {"skier": next(names)}
            send, once = server.client.post, patience(AT_ONCE)
            if not any(isinstance(one, Exception) for one in seen):
                seen.append(outcome(lambda: send("/entries", json=body, timeout=once)))
            return 201

        node.record("Anna", "Ben", "Carl")
        cloud.plan.extend([pass_the_gate, pass_the_gate])
        limit = patience(4 * PATIENCE)
        attempt("`POST /sync`", server.client.post, "/sync", timeout=limit)
        attempt("`POST /sync`", server.client.post, "/sync", timeout=limit)
    return cloud, node.file, seen


def test_q3_an_entry_does_not_wait_for_a_sync(answers: Any, tmp_path: Path) -> None:
    cloud, file, seen = entry_during_sync(answers, tmp_path)
    came = [
        one.status_code if isinstance(one, httpx2.Response) else in_words(one)
        for one in seen
    ]
    assert came == [204, 204], (
        "Two skiers passed the gate while `POST /sync` was sending. Their `POST "
        f"/entries` came to {in_words(came)}. The docstring asks for 204 without "
        "waiting. Look at what your sync holds while it sends: a transaction, a lock, "
        "or the event loop."
    )
    asked = ["Anna", "Ben", "Carl", "Zoë", "Yan"]
    left = rows(file)
    assert (cloud.skiers, left) == (asked, []), (
        "Zoë and Yan passed the gate during a sync. This sync and the next one sent "
        f"{in_words(cloud.skiers)}, and `outbox` contains {in_words(left)}. The "
        f"docstring asks for {in_words(asked)}. Look at which rows you delete."
    )
