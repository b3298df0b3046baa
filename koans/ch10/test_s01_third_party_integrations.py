"""The tests of section 10.1."""

import asyncio
import itertools
import json
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from threading import Event
from typing import Any
from urllib.parse import quote

import confluent_kafka
import httpx
import httpx2
import pytest
from confluent_kafka import Producer
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from lab import (
    CeleryWorker,
    Kafka,
    Record,
    RedisServer,
    Rendezvous,
    async_client,
    attempt,
    celery_worker,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    serve,
    stand_in,
)

# Seconds that clients wait; those of 10.1.2, too, where the carrier responds.
PATIENCE = 30
# Seconds that it waits where the carrier responds too late.
SHORT = 0.05
# Seconds of silence at most: fewer than the 5 that HTTPX waits by default.
SILENCE = 4
# The shortest look at work of another thread, in seconds.
LOOK = 0.05
# Requests until the carrier has received one.
TRIES = 20
# Looks between two requests, during which a message fails.
PAUSES = 30
PARCEL = "/shipments/P-7"


@pytest.fixture
def worker(answers: Any, redis: RedisServer) -> Iterator[CeleryWorker]:
    """A worker that runs the tasks of the answer."""
    answers.celery.conf.update(broker_url=redis.url, result_backend=redis.url)
    stand_in(answers.print_label.run, lambda number: f"file of {number}")
    with celery_worker(answers.celery) as worker:
        yield worker


@contextmanager
def labels(answers: Any) -> Iterator[Any]:
    """Yield a client of the application of 10.1.1."""
    with client(fastapi_app(answers.labels_app(), "labels_app()")) as one:
        yield one


def ordered(one: Any, number: str) -> tuple[int, Any]:
    """Return the status code and the body of the response to one request."""
    path = f"/shipments/{number}/label"
    look = "The docstring asks for 202 and the ID. Look at what your endpoint returns."
    response = responded(f"`POST {path}`", look, one.post, path)
    return response.status_code, json_or_text(response)


def responded(
    what: str, look: str, call: Callable[[str], httpx2.Response], path: str
) -> httpx2.Response:
    """Return the response; if there is an exception instead, say where to look."""
    try:
        response: httpx2.Response = attempt(what, call, path)
    except AssertionError as error:
        raise AssertionError(f"{error} {look}") from error.__cause__
    return response


def returned(worker: CeleryWorker, count: int) -> list[object]:
    """Return the results of the tasks, once so many have ended."""
    try:
        return [run.result for run in worker.wait_for(count)]
    except AssertionError:
        errors = "; ".join(worker.errors)[:100] or "no errors"
        raise AssertionError(
            f"The worker should have ended {count} task(s), and has ended "
            f"{len(worker.runs)}. Its log has {errors}. The docstring asks for one run "
            "of `print_label` for each request. Look at the call that sends the task "
            "to the worker."
        ) from None


@pytest.mark.parametrize("number", ["P-7", "Xy 12 "])
def test_q1_the_response_is_202_with_the_id_of_the_task(
    answers: Any, worker: CeleryWorker, number: str
) -> None:
    with labels(answers) as one:
        status, body = ordered(one, number)
    fields = list(body) if isinstance(body, dict) else None
    assert (status, fields) == (202, ["task"]), (
        f"`POST /shipments/{number}/label` returned {status} and {in_words(body)}. The "
        'docstring asks for 202 and an object `{"task": ...}`. Look at the decorator, '
        "and at what your endpoint returns."
    )
    returned(worker, 1)
    task = answers.celery.AsyncResult(str(body["task"]))
    if not task.ready():  # unless it has sent another one before
        with suppress(AssertionError):
            worker.wait_for(2)
    found = task.result
    assert found == f"file of {number}", (
        f"The response has the ID {in_words(body['task'])}. The worker's result of the "
        f"task with this ID is {in_words(found)}, not {f'file of {number}'!r}. The "
        "docstring asks for the ID of the task that prints this label in the worker. "
        "Look at how you send the task."
    )


def test_q1_the_worker_runs_one_task_for_each_request(
    answers: Any, worker: CeleryWorker
) -> None:
    printed: list[object] = []
    stand_in(answers.print_label.run, lambda number: printed.append(number))
    numbers = ["P-7", "P-8", "P-7"]
    with labels(answers) as one:
        bodies = [ordered(one, number)[1] for number in numbers]
        returned(worker, 3)
        ordered(one, "P-9")
        returned(worker, 4)
    assert sorted(map(str, printed)) == sorted([*numbers, "P-9"]), (
        f"Labels were requested for {[*numbers, 'P-9']}, and `print_label` ran for "
        f"{in_words(printed)}. The docstring asks for one run for each request, with "
        "the number of the shipment, in the worker alone."
    )
    assert len(set(map(str, bodies))) == 3, (
        f"Labels were requested for {numbers}. The responses were {in_words(bodies)}. "
        "The docstring asks for a new task for each request, and for its ID: two tasks "
        "never have the same ID."
    )


def test_q1_the_response_does_not_wait_for_the_label(
    answers: Any, worker: CeleryWorker
) -> None:
    printer = Rendezvous()

    def print_label(number: str) -> str:
        printer.wait()
        return number

    stand_in(answers.print_label.run, print_label)
    with labels(answers) as one:
        status, body = ordered(one, "P-7")
        ended = list(worker.runs)
    printer.open()
    returned(worker, 1)
    assert (status, ended) == (202, []), (
        f"The printer was busy. The response was {status}, {in_words(body)}. Tasks "
        f"that had ended before: {len(ended)}. The docstring asks for a 202 that does "
        "not wait until the label is printed. Look for a call of your endpoint that "
        "waits."
    )


class Carrier:
    """The carrier's API: what it received, and what it sends next."""

    def __init__(self) -> None:
        self.place = "Oslo"
        self.status = 200
        self.requests: list[str] = []
        self.numbers: list[str] = []
        self.connections: set[int] = set()
        # Where each request waits; it is open unless a test sets another one.
        self.counter = Rendezvous()
        self.counter.open()

    async def respond(self, request: Request) -> JSONResponse:
        """Return the response to a request, whatever it asks for."""
        self.requests.append(f"{request.method} {request.url.path}")
        self.numbers.extend(request.query_params.getlist("number"))
        self.connections.add(request.scope["client"][1])
        await self.counter.wait_async()
        content = {
            "number": (self.numbers or [""])[-1],
            "place": self.place,
            "is_delivered": self.place == "Rome",
            "cost": "3.10",
        }
        return JSONResponse(content, self.status)


@contextmanager
def serving(carrier: Carrier) -> Iterator[str]:
    """Yield the URL at which the carrier can be reached."""
    app = FastAPI()
    methods = ["GET", "POST", "PUT", "DELETE"]
    app.api_route("/{path:path}", methods=methods)(carrier.respond)
    with serve(app) as server:
        try:
            yield server.url
        finally:
            carrier.counter.open()


@pytest.fixture
def tracking_app(answers: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Return a function that returns the application of 10.1.2."""
    # Clients use no proxy, and load no certificates, which takes long.
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))

    def tracking_app(url: str, seconds: float = PATIENCE) -> FastAPI:
        return fastapi_app(answers.tracking_app(url, seconds), "tracking_app(...)")

    return tracking_app


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[httpx.AsyncClient]:
    """The clients of httpx that are opened during the test."""
    opened: list[httpx.AsyncClient] = []
    init = httpx.AsyncClient.__init__

    def note(client: httpx.AsyncClient, *arguments: Any, **named: Any) -> None:
        init(client, *arguments, **named)
        opened.append(client)

    monkeypatch.setattr(httpx.AsyncClient, "__init__", note)
    return opened


def asked(one: Any, path: str = PARCEL) -> httpx2.Response:
    """Return the response to `GET path`."""
    look = (
        "The docstring asks for a response, also if the carrier fails. Look at the "
        "exceptions that you catch, and at where you open and close the client."
    )
    return responded(f"`GET {path}`", look, one.get, path)


def seen_in(response: httpx2.Response) -> str:
    """Return what a message says about a response."""
    path = response.request.url.raw_path.decode()
    body = in_words(json_or_text(response))
    return f"`GET {path}` returned {response.status_code} and {body}"


@pytest.mark.parametrize("number", ["P-7", "Q&A #2", "50% "])
def test_q2_the_carrier_receives_the_number(tracking_app: Any, number: str) -> None:
    carrier = Carrier()
    with serving(carrier) as url, client(tracking_app(url)) as one:
        response = asked(one, f"/shipments/{quote(number)}")
    assert (carrier.requests, carrier.numbers) == (["GET /tracking"], [number]), (
        f"{seen_in(response)}. The carrier received {in_words(carrier.requests)} with "
        f"{in_words(carrier.numbers)} for `number`. The docstring asks to send one "
        f"`GET /tracking` with the query parameter {number!r}. Look at how the number "
        "gets into the URL."
    )


def test_q2_each_request_returns_the_tracking_of_the_carrier(tracking_app: Any) -> None:
    carrier = Carrier()
    with serving(carrier) as url, client(tracking_app(url)) as one:
        for carrier.place in ("Oslo", "Rome", "Rome"):
            response = asked(one)
            tracking = {
                "number": "P-7",
                "place": carrier.place,
                "is_delivered": carrier.place == "Rome",
            }
            assert (response.status_code, json_or_text(response)) == (200, tracking), (
                f"{seen_in(response)}. The carrier has the parcel in {carrier.place}. "
                "The docstring asks for the carrier's `Tracking` of this moment, "
                "without the other fields. Look at what your endpoint returns."
            )


def test_q2_all_requests_use_one_client(tracking_app: Any, clients: list[Any]) -> None:
    carrier = Carrier()
    with serving(carrier) as url, client(tracking_app(url)) as one:
        statuses = [asked(one).status_code for _ in range(3)]
    used = (len(clients), len(carrier.connections))
    assert (used, statuses) == ((1, 1), [200, 200, 200]), (
        f"Three requests returned {statuses}. Objects of `httpx.AsyncClient`: "
        f"{used[0]}. Connections to the carrier: {used[1]}. The docstring asks for one "
        "`AsyncClient` for all requests; it keeps its connection for the next one."
    )


def test_q2_the_client_is_open_from_the_start_to_the_shutdown(
    tracking_app: Any, clients: list[Any]
) -> None:
    carrier = Carrier()
    with serving(carrier) as url, client(tracking_app(url)) as one:
        closed = [[client.is_closed for client in clients]]
        statuses = [asked(one).status_code, asked(one).status_code]
        closed.append([client.is_closed for client in clients])
    closed.append([client.is_closed for client in clients])
    assert (closed, statuses) == ([[False], [False], [True]], [200, 200]), (
        f"Two requests returned {statuses}. `is_closed` of each `httpx.AsyncClient` "
        "after the start, after the requests and after the shutdown: "
        f"{in_words(closed)}. The docstring asks to open one client at the start, and "
        "to close it at the shutdown."
    )


def test_q2_the_application_can_start_again(tracking_app: Any) -> None:
    carrier = Carrier()
    with serving(carrier) as url:
        app = tracking_app(url)
        statuses = []
        for _ in range(2):
            with client(app) as one:
                statuses.append(asked(one).status_code)
    assert statuses == [200, 200], (
        "The application was started, stopped and started again, with one request "
        f"each time. They returned {statuses}. The docstring asks to open a client at "
        "each start: a closed client cannot be opened again."
    )


async def test_q2_two_applications_ask_their_own_carriers(tracking_app: Any) -> None:
    north, south = Carrier(), Carrier()
    south.place = "Rome"
    with serving(north) as north_url, serving(south) as south_url:
        async with (
            async_client(tracking_app(north_url), lifespan=True) as first,
            async_client(tracking_app(south_url), lifespan=True) as second,
        ):
            responses = [await one.get(PARCEL) for one in (first, second, first)]
    bodies = [json_or_text(response) for response in responses]
    places = [body.get("place") for body in bodies if isinstance(body, dict)]
    assert places == ["Oslo", "Rome", "Oslo"], (
        "Two applications run. Their carriers have the parcel in Oslo and in Rome. The "
        "first, the second and the first application returned "
        f"{in_words(places)}. The docstring asks to send requests to the API at `url`. "
        "Look at where the client is stored."
    )


async def test_q2_requests_wait_for_the_carrier_at_the_same_time(
    tracking_app: Any,
) -> None:
    carrier = Carrier()
    carrier.counter = Rendezvous(20)
    with serving(carrier) as url:
        async with async_client(tracking_app(url), lifespan=True) as one:
            responses = await asyncio.gather(*(one.get(PARCEL) for _ in range(20)))
    statuses = {response.status_code for response in responses}
    assert (carrier.counter.most, statuses) == (20, {200}), (
        f"Of 20 requests at the same time, {carrier.counter.most} waited for the "
        f"carrier at once. The status codes were {sorted(statuses)}. The docstring "
        "asks that several can wait at the same time. Look at what makes one request "
        "wait for another."
    )


def test_q2_a_404_of_the_carrier_returns_404(tracking_app: Any) -> None:
    carrier = Carrier()
    with serving(carrier) as url, client(tracking_app(url)) as one:
        carrier.status = 404
        response = asked(one)
    assert response.status_code == 404, (
        f"The carrier sent 404. {seen_in(response)}. The docstring asks for 404. Look "
        "at the status code of the carrier, and at what catches your own exception."
    )


@pytest.mark.parametrize("status", [400, 401, 403, 408, 410, 429, 500, 503, 504, 599])
def test_q2_another_error_of_the_carrier_returns_502(
    tracking_app: Any, status: int
) -> None:
    carrier = Carrier()
    with serving(carrier) as url, client(tracking_app(url)) as one:
        responses = []
        for carrier.status in (200, status, 200):
            responses.append(asked(one))
    statuses = [response.status_code for response in responses]
    assert (statuses, len(carrier.requests)) == ([200, 502, 200], 3), (
        f"The carrier would send 200, then {status}, then 200. Three requests returned "
        f"{statuses}, and the carrier received {len(carrier.requests)}. The docstring "
        "asks for 502 if the carrier sends an error other than 404, and for one "
        "request to the carrier each time. Look at what you do with its status code."
    )


def test_q2_a_carrier_that_cannot_be_reached_returns_502(tracking_app: Any) -> None:
    with socket.socket() as silent:  # has a port, and does not listen on it
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with client(tracking_app(url)) as one:
            response = asked(one)
    assert response.status_code == 502, (
        f"Nothing listens at the carrier's URL. {seen_in(response)}. The docstring "
        "asks for 502 if the carrier cannot be reached. Look at the exceptions that "
        "you catch."
    )


# An option of a socket: when it is closed, the connection is reset at once.
RESET = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
# A response whose body is not complete.
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 80\r\n\r\n{"


@asynccontextmanager
async def raw_carrier(
    sent: bytes, silence: Rendezvous, is_reset: bool = False
) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Yield the address of a carrier that sends this, waits, and closes or resets.

    The list has what it received, for each connection.
    """

    async def respond(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        working.add(asyncio.current_task())
        with suppress(OSError):
            received.append(await reader.read(10_000))
            writer.write(sent)
            with suppress(TimeoutError):
                await asyncio.wait_for(silence.wait_async(), SILENCE)
            if is_reset:
                await writer.drain()
                writer.get_extra_info("socket").setsockopt(*RESET)
            writer.close()
            await writer.wait_closed()

    working: set[Any] = set()
    received: list[bytes] = []
    async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
        try:
            yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", received
        finally:
            silence.open()
            await asyncio.gather(*working)


BREAKS = [(b"", False), (HALF, False), (b"", True)]


@pytest.mark.parametrize(
    ("sent", "is_reset"), BREAKS, ids=["before", "within", "reset"]
)
async def test_q2_a_connection_that_breaks_returns_502(
    tracking_app: Any, sent: bytes, is_reset: bool
) -> None:
    silence = Rendezvous()
    silence.open()
    async with raw_carrier(sent, silence, is_reset) as (address, received):
        with client(tracking_app(f"http://{address}")) as one:
            response = await asyncio.to_thread(asked, one)
    closed = "reset" if is_reset else "closed"
    assert response.status_code == 502, (
        f"The carrier received the request, sent {in_words(sent)}, and {closed} the "
        f"connection. {seen_in(response)}. The docstring asks for 502 if the carrier "
        "closes the connection before its response is complete. Look at the exceptions "
        "that you catch."
    )
    requests = sum(map(bool, received))
    assert requests == 1, (
        f"The carrier received the request, and {closed} the connection. In all, it "
        f"received {requests} requests. The docstring asks for one `GET /tracking` for "
        "each request. Look at what you do after an error."
    )


SILENCES = [("https", b""), ("http", b""), ("http", HALF)]


@pytest.mark.parametrize(
    ("scheme", "sent"), SILENCES, ids=["connecting", "before", "within"]
)
async def test_q2_a_silent_carrier_returns_504(
    tracking_app: Any, scheme: str, sent: bytes
) -> None:
    silence = Rendezvous()  # opens by itself, long after the time is over
    async with raw_carrier(sent, silence) as (address, received):
        with client(tracking_app(f"{scheme}://{address}", SHORT)) as one:
            # On a busy machine, the time can be over before the request is sent.
            for _ in range(TRIES):
                response = await asyncio.to_thread(asked, one)
                if any(received) or response.status_code != 504:
                    break
    assert response.status_code == 504, (
        f"The carrier, at an {scheme} URL, sent {in_words(sent)}, and then nothing for "
        f"more than `seconds`, {SHORT}. {seen_in(response)}. The docstring asks for "
        "504, also while the connection opens. Look at the timeout, and at the "
        "exceptions that you catch."
    )


async def test_q2_each_application_waits_for_its_own_seconds(tracking_app: Any) -> None:
    carrier = Carrier()
    carrier.counter = Rendezvous()
    with serving(carrier) as url:
        async with (
            async_client(tracking_app(url), lifespan=True) as patient,
            async_client(tracking_app(url, SHORT), lifespan=True) as impatient,
        ):
            first = asyncio.ensure_future(patient.get(PARCEL))
            while not (carrier.requests or first.done()):
                await asyncio.wait([first], timeout=LOOK)
            second = await impatient.get(PARCEL)
            carrier.counter.open()
            statuses = [(await first).status_code, second.status_code]
    assert (statuses, len(carrier.requests) <= 2) == ([200, 504], True), (
        f"Two applications asked a slow carrier: first one with {PATIENCE} for "
        f"`seconds`, then one with {SHORT}. The carrier responded when the second one "
        f"had returned. They returned {statuses}, and the carrier received "
        f"{len(carrier.requests)} requests. The docstring asks for 200 and 504, and "
        "for one request each."
    )


class Station:
    """The application of 10.1.3 on a server.

    Requests and the shutdown run in another thread, because they may wait for Kafka.
    """

    def __init__(self, app: FastAPI, pool: ThreadPoolExecutor) -> None:
        self.running = ExitStack()
        self.server = self.running.enter_context(serve(app))
        self.pool = pool
        self.posts: list[Future[set[int]]] = []
        begun = time.monotonic()
        for _ in range(5):
            self.server.client.get("/nothing", timeout=PATIENCE)
        # A look at work of another thread, in seconds: a slow machine has slow ones.
        usual = (time.monotonic() - begun) / 5
        self.look = min(max(LOOK, 10 * usual), 8 * LOOK)

    def ends(self, work: "Future[Any]", looks: int = 40) -> bool:
        """Return whether some work ends soon; it does not while it waits for Kafka."""
        return any(wait([work], self.look).done for _ in range(looks))

    def post(self, scans: Iterable[tuple[str, str]]) -> "Future[set[int]]":
        """Send scans, one after the other; the result is the status codes."""
        post = self.pool.submit(lambda: {self._post(*scan) for scan in scans})
        self.posts.append(post)
        return post

    def stop(self) -> "Future[None]":
        """Shut the application down."""
        return self.pool.submit(self.running.close)

    def _post(self, shipment: str, place: str) -> int:
        body = {"shipment": shipment, "place": place}
        response = self.server.client.post("/scans", json=body, timeout=PATIENCE)
        assert response.status_code != 500, (
            "`POST /scans` returned 500: it raised "
            f"{in_words(self.server.errors[:1])}. The docstring asks for 202."
        )
        return response.status_code


@pytest.fixture
def lost(answers: Any) -> list[Any]:
    """The scans that were reported as lost."""
    reported: list[Any] = []
    stand_in(answers.report_lost, reported.append)
    return reported


@pytest.fixture
def start(answers: Any, kafka: Kafka, lost: list[Any]) -> Iterator[Any]:
    """Return a function that starts the application of 10.1.3.

    Kafka has the topic `scans`. Messages fail after so many milliseconds.
    """
    kafka.create_topic("scans", 4)
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor())

        def start(milliseconds: int = 60_000) -> Station:
            settings: dict[str, str | int] = {
                "bootstrap.servers": kafka.bootstrap,
                "message.timeout.ms": milliseconds,
                "enable.idempotence": True,
                "reconnect.backoff.max.ms": 100,
                "log_level": 0,
            }
            app = fastapi_app(answers.scans_app(settings), "scans_app(...)")
            station = Station(app, pool)
            stack.callback(lambda: station.stop().result())
            stack.callback(wait, station.posts)  # a stopped server responds no more
            stack.callback(kafka.start)
            return station

        yield start


@pytest.fixture
def produce_with(answers: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that gives the answer a producer of another class."""

    def produce_with(kind: type[Producer]) -> None:
        monkeypatch.setattr(confluent_kafka, "Producer", kind)
        answers.Producer = kind

    return produce_with


def by_place(scans: list[Any]) -> list[Any]:
    """Return scans in the order of their places."""
    return sorted(scans, key=lambda scan: getattr(scan, "place", ""))


def scans_in(records: list[Record]) -> list[tuple[str, str]]:
    """Return the shipments and places in the messages of a topic."""
    scans = []
    for record in records:
        what = f"Reading the message {in_words(record.value)} in `scans` as JSON"
        scans.append(attempt(what, json.loads, record.value or "{}"))
    return [(scan.get("shipment"), scan.get("place")) for scan in scans]


def test_q3_responses_do_not_wait_for_kafka(start: Any, kafka: Kafka) -> None:
    station = start()
    kafka.stop()
    responses = station.post(("P-7", f"place {number}") for number in range(60))
    did_not_wait = station.ends(responses)
    kafka.start()
    assert did_not_wait, (
        "Kafka was stopped, and 60 requests were sent, one after the other. Not all of "
        "them had a response when Kafka was started again. The docstring asks for "
        "responses without waiting for Kafka. Look for a call of your endpoint that "
        "waits."
    )
    statuses = responses.result()
    assert statuses == {202}, (
        f"Kafka was stopped, and `POST /scans` returned {statuses}. The docstring asks "
        "for 202 also while Kafka is stopped."
    )


class Hasty(Producer):
    """A producer that flushes 1,000 times shorter, where `flush` has a timeout."""

    def flush(self, timeout: float = -1) -> int:
        """Wait until the queue is empty, or for the shorter time."""
        return super().flush(timeout if timeout < 0 else timeout / 1000)


def send_without_waiting(station: Station, scans: list[tuple[str, str]]) -> None:
    """Send scans while Kafka is stopped; the responses have to arrive meanwhile."""
    assert station.ends(station.post(scans), looks=200), (
        "Kafka was stopped, and `POST /scans` waited for it. The docstring asks for "
        "responses without waiting for Kafka, also in this case."
    )


def test_q3_the_shutdown_waits_until_the_scans_are_stored(
    produce_with: Any, start: Any, kafka: Kafka, lost: list[Any]
) -> None:
    produce_with(Hasty)
    station = start()
    kafka.stop()
    sent = [("P-7", "Oslo"), ("P-8", "Rome"), ("P-9", "Bern")]
    send_without_waiting(station, sent)
    shutdown = station.stop()
    # The server of the lab gives up after some seconds: these looks stay short.
    did_not_wait = any(wait([shutdown], LOOK).done for _ in range(20))
    kafka.start()
    shutdown.result()
    seen = sorted(scans_in(kafka.read("scans")))
    assert (did_not_wait, seen, lost) == (False, sent, []), (
        "Three scans were sent while Kafka was stopped. The shutdown "
        f"{'ended before' if did_not_wait else 'waited until'} Kafka was started. Then "
        f"the topic had {in_words(seen)}, and {len(lost)} were reported as lost. The "
        "docstring asks to wait for each scan, however long this takes, and to report "
        "only scans that have failed."
    )


class Overtaken(Producer):
    """A producer that is slow to take the first message.

    It waits for the first one of the second round, unless it blocks the event loop or
    the requests wait for it.
    """

    def __init__(self, *settings: Any, **named: Any) -> None:
        super().__init__(*settings, **named)
        self.second_round = Rendezvous()
        self.count = itertools.count()

    def produce(self, *message: Any, **named: Any) -> None:
        """Put a message into the queue; the first one later."""
        number = next(self.count)
        if number == 0:
            self.second_round.wait()
        super().produce(*message, **named)
        if number == SHIPMENTS:
            self.second_round.open()


SHIPMENTS = 40
PLACES = ["Oslo", "Bern", "Rome", "Bonn"]


def partition_of(shipment: str, records: list[Record]) -> int:
    """Return the partition of a shipment, whose scans have to be in their order."""
    own = [one for one in records if f'"{shipment}"' in (one.value or "")]
    places = [place for _, place in scans_in(own)]
    used = {record.partition for record in own}
    assert (places, len(used)) == (PLACES, 1), (
        f"{shipment} was scanned in {PLACES}. Its scans are in the partitions {used}; "
        f"one partition after the other, the places are {in_words(places)}. The "
        "docstring asks for the order of the requests. Look at the partition, and at "
        "what can overtake a call of `produce`."
    )
    return used.pop()


def test_q3_the_scans_of_a_shipment_keep_their_order(
    produce_with: Any, start: Any, kafka: Kafka
) -> None:
    produce_with(Overtaken)
    station = start()
    shipments = [f"P-{number}" for number in range(SHIPMENTS)]
    station.post((one, place) for place in PLACES for one in shipments).result()
    station.stop().result()
    records = kafka.read("scans")
    used = {partition_of(shipment, records) for shipment in shipments}
    assert len(used) == 4, (
        f"The topic has 4 partitions. The scans of {SHIPMENTS} shipments are all in "
        f"the partitions {used}. The docstring asks to spread the shipments over the "
        "partitions. Look at what decides the partition of a message."
    )


def test_q3_a_lost_scan_is_reported_before_the_shutdown(
    start: Any, kafka: Kafka, lost: list[Any]
) -> None:
    start()  # another application, whose scans do not fail so soon
    station = start(milliseconds=300)
    kafka.stop()
    never = Event()
    for number in range(4):
        send_without_waiting(station, [(f"P-{number}", "Oslo")])
        if any(lost or never.wait(station.look) for _ in range(PAUSES)):
            break
    assert lost, (
        "Kafka was stopped, and one of two applications received four requests. Each "
        "scan had failed when the next one came. `report_lost` was not called. The "
        "docstring asks for it during one of the next requests. Look at what runs the "
        "callbacks, and whether each application has its own producer."
    )


def test_q3_each_lost_scan_is_reported_once_by_the_shutdown(
    answers: Any, start: Any, kafka: Kafka, lost: list[Any]
) -> None:
    station = start(milliseconds=300)
    kafka.stop()
    sent = [("P-7", "Oslo"), ("P-8", "Rome"), ("P-7", "Bern"), ("P-7", "Bern")]
    send_without_waiting(station, sent)
    station.stop().result()
    asked = [answers.Scan(shipment=one, place=place) for one, place in sent]
    assert by_place(lost) == by_place(asked), (
        "Kafka was stopped, and the scans of four requests failed. After the "
        f"shutdown, `report_lost` had been called for {in_words(lost)}. The docstring "
        "asks for one call for each scan that has failed, with the scan."
    )


def test_q3_a_scan_that_kafka_refuses_is_reported(
    answers: Any, start: Any, kafka: Kafka, lost: list[Any]
) -> None:
    station = start()
    kafka.refuse()
    station.post([("P-7", "Oslo")]).result()
    station.stop().result()
    stored = scans_in(kafka.read("scans"))
    assert (lost, stored) == ([answers.Scan(shipment="P-7", place="Oslo")], []), (
        "Kafka could be reached, and refused the scan of P-7. After the "
        f"shutdown, `report_lost` had been called for {in_words(lost)}. The docstring "
        "asks for one call for each scan that has failed. Look at which errors your "
        "callback reports."
    )
