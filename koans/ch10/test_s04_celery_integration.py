"""The tests of section 10.4."""

import base64
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import pytest
from celery import Celery, signals
from celery.backends.base import DisabledBackend
from celery.result import AsyncResult
from kombu import Connection
from kombu.exceptions import OperationalError
from sqlalchemy import Engine, event, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from lab import (
    CeleryWorker,
    RedisServer,
    attempt,
    celery_isolated,
    celery_worker,
    client,
    in_words,
    json_or_text,
    sqlite_engine,
    stand_in,
)

# Seconds that a test waits for a task at most; a task waits longer for the test.
PATIENCE = 10
QUEUE = "celery"
# A request and two tasks need less; an endpoint that asks until something happens more.
MOST_STATEMENTS = 15


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep what Celery stores in the process from the next test."""
    for name in ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "CELERY_CONFIG_MODULE"):
        monkeypatch.delenv(name, raising=False)
    with celery_isolated():
        yield


class Gate:
    """Holds the calls of the worker until it is opened; notes all calls."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.calls: list[object] = []
        self.entered = threading.Event()
        self.opened = threading.Event()
        if is_open:
            self.opened.set()

    def enter(self, value: object) -> None:
        """Note the call, and wait."""
        self.calls.append(value)
        self.entered.set()
        self.opened.wait(2 * PATIENCE)


def answer(of: Any, method: str, path: str, status: int, **options: Any) -> Any:
    """Return the body of a response, which has this status code."""
    request = f"`{method} {path}`"
    response = attempt(request, of.request, method, path, **options)
    body = json_or_text(response)
    assert response.status_code == status, (
        f"{request} returned {response.status_code}, {in_words(body)}. The example in "
        f"the docstring shows {status}."
    )
    return body


# 10.4.1


def price_celery(answers: Any, url: str, gate: Gate | None = None) -> Celery:
    """Return the Celery app; its worker computes prices of another kind."""

    def compute(grams: int) -> int:
        if gate:
            gate.enter(grams)
        if grams == 0:
            raise ValueError("A parcel weighs more than 0 grams.")
        return 7 * grams + 1

    stand_in(answers.compute_price, compute)
    celery = answers.create_celery(url)
    assert isinstance(celery, Celery), (
        f"`create_celery(url)` returned {in_words(celery)}. The docstring asks for the "
        "Celery app. Look for the `return`."
    )
    assert not isinstance(celery.backend, DisabledBackend), (
        "The Celery app has no result backend, so nobody can read states and results. "
        "The docstring asks for the Redis server at `url`. Look at where you create "
        "the Celery app."
    )
    return celery


def price_of(of: Any, worker: CeleryWorker, grams: int, runs: int) -> Any:
    """Start a task; return the state and the price once so many runs have ended."""
    task = answer(of, "POST", f"/prices?grams={grams}", 202)["task"]
    run, cents = worker.wait_for(runs)[-1], 7 * grams + 1
    assert (run.state, run.result) == ("SUCCESS", cents), (
        f"In the worker, `compute_price({grams})` returns {cents}. The task ended with "
        f"{run.state} and {in_words(run.result)}. The docstring asks that the task "
        "returns what this function returns. Look at the call and at the `return`."
    )
    return answer(of, "GET", f"/prices/{task}", 200)


def test_q1_a_worker_computes_the_price(answers: Any, redis: RedisServer) -> None:
    celery = price_celery(answers, redis.url)
    with celery_worker(celery) as worker, client(answers.prices_app(celery)) as one:
        seen = [price_of(one, worker, grams, i) for i, grams in ((1, 3), (2, 50))]
    wanted = [{"state": "SUCCESS", "cents": cents} for cents in (22, 351)]
    assert seen == wanted, (
        f"The task returned 22 and 351. `GET /prices/...` returned {in_words(seen)}. "
        "The docstring asks for the Redis server at `url` as the result backend. Look "
        "at the settings for results."
    )


def test_q1_an_error_is_not_a_price(answers: Any, redis: RedisServer) -> None:
    celery = price_celery(answers, redis.url)
    with celery_worker(celery) as worker, client(answers.prices_app(celery)) as one:
        task = answer(one, "POST", "/prices?grams=0", 202)["task"]
        worker.wait_for()
        seen = answer(one, "GET", f"/prices/{task}", 200)
    assert seen == {"state": "FAILURE", "cents": None}, (
        "In the worker, `compute_price(0)` raised ValueError. `GET /prices/...` "
        f"returned {in_words(seen)}. The docstring asks that the task fails then, and "
        "is not retried. Look for an `except`, and at the options of the task."
    )


def test_q1_the_message_waits_in_the_broker(answers: Any, redis: RedisServer) -> None:
    gate = Gate()
    celery = price_celery(answers, redis.url, gate)
    with client(answers.prices_app(celery)) as one:
        answer(one, "POST", "/prices?grams=3", 202)
    keys: Any = redis.client.scan_iter(_type="list")
    waiting = sum(redis.client.llen(key) for key in keys)
    assert (waiting, gate.calls) == (1, []), (
        f"No worker runs. After `POST /prices`, {waiting} messages wait in Redis, and "
        f"`compute_price` ran {len(gate.calls)} times. The docstring asks for Redis at "
        "`url` as the broker, and a worker that runs the task. Look at where you "
        "create the Celery app."
    )


def test_q1_the_result_is_in_the_redis_server(answers: Any, redis: RedisServer) -> None:
    celery = price_celery(answers, redis.url)
    with celery_worker(celery) as worker, client(answers.prices_app(celery)) as one:
        task = answer(one, "POST", "/prices?grams=3", 202)["task"]
        worker.wait_for()
    stored = [key for key in redis.client.scan_iter() if task in key]
    assert stored, (
        f"The task ended. No key in Redis has its ID, {task!r}. The docstring asks for "
        "the Redis server at `url` as the result backend. Look at the settings for "
        "results."
    )


def test_q1_a_running_task_is_started(answers: Any, redis: RedisServer) -> None:
    gate = Gate(is_open=False)
    celery = price_celery(answers, redis.url, gate)
    with celery_worker(celery) as worker, client(answers.prices_app(celery)) as one:
        task = answer(one, "POST", "/prices?grams=3", 202)["task"]
        try:
            entered = worker.reaches(gate.entered)
            seen = answer(one, "GET", f"/prices/{task}", 200)
        finally:
            gate.opened.set()
        if entered:
            worker.wait_for()
    assert entered, (
        "The worker did not call `compute_price`. Errors in its log: "
        f'{in_words(worker.errors[:1])}. The docstring asks that the task "price" '
        "returns what this function returns. Look at the function of the task."
    )
    assert seen == {"state": "STARTED", "cents": None}, (
        f"While the worker ran the task, `GET /prices/...` returned {in_words(seen)}. "
        'The docstring asks for the state "STARTED". Look in the notes for the setting.'
    )


def test_q1_two_celery_apps_have_their_own_broker(
    answers: Any, redis: RedisServer
) -> None:
    urls = ["redis://127.0.0.1:1/0", redis.url]
    apps = [price_celery(answers, url) for url in urls]
    ports = [one.connection_for_write().info()["port"] for one in apps]
    assert ports == [1, redis.port], (
        f"`create_celery` was called with {in_words(urls)}. The brokers of the Celery "
        f"apps have the ports {in_words(ports)}. The docstring asks for the Redis "
        "server at `url`. Look for an app that outlives the call."
    )


# 10.4.2


class Shop:
    """What a test of 10.4.2 needs: the database, the broker, the carrier."""

    def __init__(self, answers: Any, engine: Engine, redis: RedisServer) -> None:
        self.answers, self.engine, self.redis = answers, engine, redis
        self.gate = Gate()
        self.looks_at_result: list[str] = []
        self.statements = 0  # since the request began
        answers.Base.metadata.create_all(engine)
        with Session(engine) as session:
            for number in (1, 2, 3):
                other = {"id": 10 * number, "address": f"Other {number}"}
                session.add(answers.Shipment(**other, pickup=None))
            session.commit()

        def order_pickup(address: str) -> str:
            self.gate.enter(address)
            return f"K{len(self.gate.calls)} {address}"

        stand_in(answers.order_pickup, order_pickup)
        event.listen(engine, "before_cursor_execute", self.count_statement)
        # The server and the worker are two processes: each calls `shipments_app`.
        with celery_isolated():
            _, self.app = self.start()
        self.worker, _ = self.start()

    def start(self) -> tuple[Celery, Any]:
        """Do what each process does when it starts."""
        celery = Celery("test", broker=self.redis.url, backend=self.redis.url)
        app = self.answers.shipments_app(celery, self.engine)
        celery.finalize()
        return celery, app

    def post(self, address: str) -> int:
        """Add a shipment; return its ID."""
        self.statements = 0
        try:
            with client(self.app) as one:
                body = answer(one, "POST", "/shipments", 202, json={"address": address})
        except AssertionError as error:
            if not isinstance(error.__cause__, OperationalError):
                raise
            raise AssertionError(
                f"{error} The task does not go to the broker of `celery`. The "
                "docstring asks for a task that its worker runs. Look at the decorator."
            ) from error
        finally:
            self.refuse_waiting()
        number = body.get("id") if isinstance(body, dict) else None
        assert body == {"id": number}, (
            f"`POST /shipments` returned {in_words(body)}. The docstring asks for the "
            'ID of the shipment, as in {"id": 7}.'
        )
        assert isinstance(number, int), (
            f"`POST /shipments` returned {in_words(body)}. The docstring asks for the "
            "ID of the shipment, a number. Look at the `return`."
        )
        return number

    def count_statement(self, *arguments: object) -> None:
        """Let no endpoint wait until the row has changed."""
        self.statements += 1
        if self.statements > MOST_STATEMENTS:
            raise AssertionError("the endpoint asks the database again and again")

    def refuse_waiting(self) -> None:
        """Refuse an endpoint that waits for the result of its task."""
        looks = self.looks_at_result
        waited = "`get()`" in looks or len(looks) > 1
        assert not waited, (
            "The endpoint waited for the task: it asked for "
            f"{' and '.join(dict.fromkeys(looks))} of its result. The docstring asks "
            "to return the ID without waiting for the task. Look at what follows the "
            "sending of the task."
        )

    def refuse_unsent(self) -> None:
        """Refuse an endpoint that sent no message, while no worker ran."""
        sent, ran = len(self.messages()), len(self.gate.calls)
        assert sent, (
            "No worker runs. After `POST /shipments`, no message waits in the broker, "
            f"and `order_pickup` was called {ran} times. The docstring asks to send "
            "the task to the worker. Look at the call of the task in the endpoint."
        )

    def note_waiting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let no endpoint wait for a result, and note that it wants to."""

        def get(result: object, *arguments: object, **named: object) -> None:
            self.looks_at_result.append("`get()`")

        def meta(result: object) -> dict[str, object]:
            self.looks_at_result.append("the state")
            ended = len(self.looks_at_result) > 1
            return {"status": "SUCCESS" if ended else "PENDING", "result": None}

        for name, noted in (("get", get), ("wait", get), ("_get_task_meta", meta)):
            monkeypatch.setattr(AsyncResult, name, noted)

    def messages(self) -> list[str]:
        """Return the messages that wait in the queue."""
        found: Any = self.redis.client.lrange(QUEUE, 0, -1)
        return list(found)

    def move(self, number: int, address: str) -> None:
        """Change the address of a shipment in the database."""
        with Session(self.engine) as session:
            session.get_one(self.answers.Shipment, number).address = address
            session.commit()

    def pickups(self) -> dict[str, str | None]:
        """Return the pickup for each address."""
        model = self.answers.Shipment
        with Session(self.engine) as session:
            return dict(session.execute(select(model.address, model.pickup)).all())


@pytest.fixture
def shop(
    answers: Any, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    """A shop with three shipments of other people, and without a worker."""
    with sqlite_engine() as engine:
        shop = Shop(answers, engine, redis)
        shop.note_waiting(monkeypatch)
        yield shop


def test_q2_the_worker_orders_the_pickup(shop: Shop) -> None:
    shop.post("Kirkegata 1")
    shop.refuse_unsent()
    with celery_worker(shop.worker) as worker:
        worker.wait_for()
        shop.post("Torget 2")
        runs = worker.wait_for(2)
    pickups = {place: pickup for place, pickup in shop.pickups().items() if pickup}
    wanted = {"Kirkegata 1": "K1 Kirkegata 1", "Torget 2": "K2 Torget 2"}
    assert pickups == wanted, (
        "Two shipments were added, and the tasks ended: "
        f"{in_words([run.result for run in runs])}. Pickups in the database: "
        f"{in_words(pickups)}. The docstring asks for what `order_pickup` returns, "
        "stored and committed. Look at what the task reads, calls and commits."
    )


def test_q2_the_task_is_sent_after_the_commit(shop: Shop) -> None:
    during: list[int] = []

    @event.listens_for(shop.engine, "commit")
    def before_commit(connection: object) -> None:
        during.append(len(shop.messages()))

    shop.post("Kirkegata 1")
    after = len(shop.messages())
    stored = "Kirkegata 1" in shop.pickups()
    assert stored, (
        "`POST /shipments` returned an ID, and the row is not in the database. The "
        "docstring asks to commit the shipment in the endpoint. Look for the commit."
    )
    assert (sum(during), after) == (0, 1), (
        f"Messages in the broker: {sum(during)} at the start of the COMMIT, {after} "
        "after the response. The docstring asks to send one, after the commit. A fast "
        "worker finds no row otherwise. Look at the order of your lines."
    )


def test_q2_a_failed_commit_sends_no_message(shop: Shop) -> None:
    failed: list[object] = []

    @event.listens_for(shop.engine, "commit")
    def fail(connection: object) -> None:
        failed.append(connection)
        raise DatabaseError("COMMIT", None, Exception("The disk is full."))

    try:
        shop.post("Kirkegata 1")
    except AssertionError:
        if not failed:
            raise
    sent = len(shop.messages())
    assert failed, (
        "`POST /shipments` was sent, and the endpoint did not commit. The docstring "
        "asks to commit the shipment in the endpoint. Look for the commit."
    )
    assert sent == 0, (
        "The COMMIT in the endpoint raised DatabaseError, so there is no shipment. "
        f"Messages in the broker: {sent}. The docstring asks to send the task after "
        "the commit. Look for a `finally` or an `except`, and at the order of your "
        "lines."
    )


def test_q2_the_message_has_the_id_alone(shop: Shop) -> None:
    ids = [shop.post(address) for address in ("Kirkegata 1", "Torget 2")]
    bodies = [json.loads(message)["body"] for message in reversed(shop.messages())]
    sent = [json.loads(base64.b64decode(body)) for body in bodies]
    values = [[*positional, *named.values()] for positional, named, _ in sent]
    assert (ids, values) == ([31, 32], [[31], [32]]), (
        "The shipments 31 and 32 were added. The endpoint returned the IDs "
        f"{in_words(ids)}, and the messages have the arguments {in_words(values)}. The "
        "docstring asks for the ID in both, and for no other argument. Look at the "
        "`return`, and at where you send the task."
    )


def test_q2_the_task_reads_the_address_when_it_runs(shop: Shop) -> None:
    number = shop.post("Kirkegata 1")
    shop.move(number, "Torget 2")
    with celery_worker(shop.worker) as worker:
        worker.wait_for()
    assert shop.gate.calls == ["Torget 2"], (
        "Before the worker started, the address changed from Kirkegata 1 to Torget 2. "
        f"`order_pickup` was called with {in_words(shop.gate.calls)}. The docstring "
        "asks that the task reads the address from the database when it runs. Look at "
        "the argument of `order_pickup`."
    )


def test_q2_a_shipment_to_the_same_address_has_its_own_pickup(shop: Shop) -> None:
    numbers = [shop.post("Other 1") for _ in range(2)]
    with celery_worker(shop.worker) as worker:
        worker.wait_for(2)
    model = shop.answers.Shipment
    with Session(shop.engine) as session:
        rows = session.execute(select(model.id, model.pickup).order_by(model.id)).all()
    stored = {number: pickup for number, pickup in rows if pickup}
    wanted = dict(zip(numbers, ("K1 Other 1", "K2 Other 1"), strict=True))
    assert stored == wanted, (
        f"Three shipments have the address Other 1. The tasks of {numbers} ended. "
        f"Pickups in the database, by ID: {in_words(stored)}. The docstring asks for "
        "one pickup of each shipment. Look at which rows the task reads and writes."
    )


def test_q2_a_second_delivery_orders_nothing(shop: Shop) -> None:
    shop.post("Kirkegata 1")
    shop.redis.client.rpush(QUEUE, *shop.messages())
    shop.post("Torget 2")
    with celery_worker(shop.worker) as worker:
        states = [run.state for run in worker.wait_for(3)]
    called = sorted(map(str, shop.gate.calls))
    assert called == ["Kirkegata 1", "Torget 2"], (
        "The message for Kirkegata 1 was delivered twice, the one for Torget 2 once. "
        f"`order_pickup` was called for {in_words(called)}. The docstring asks for one "
        "pickup of each shipment. Look at what the task does before it calls "
        "`order_pickup`."
    )
    assert {"SUCCESS", "IGNORED"}.issuperset(states), (
        "The message for Kirkegata 1 was delivered twice. The task runs ended with "
        f"{in_words(states)}. The docstring asks that the task ends without an error "
        "if the shipment has a pickup. Look at how the task ends in this case."
    )


def test_q2_a_pickup_in_the_database_is_seen(shop: Shop) -> None:
    number = shop.post("Kirkegata 1")
    with Session(shop.engine) as session:
        session.get_one(shop.answers.Shipment, number).pickup = "K0"
        session.commit()
    with celery_worker(shop.worker) as worker:
        [run] = worker.wait_for()
    seen = (shop.gate.calls, shop.pickups()["Kirkegata 1"])
    assert seen == ([], "K0"), (
        'The row had the pickup "K0" before the task ran. The task ended with '
        f"{run.state} and called `order_pickup` for {in_words(seen[0])}. Now the "
        f"pickup is {in_words(seen[1])}. The docstring asks for no second pickup. Look "
        "at what the task reads before it orders."
    )


def test_q2_a_run_after_a_failed_run_orders_the_pickup(shop: Shop) -> None:
    number = shop.post("Kirkegata 1")
    [message] = shop.messages()
    calls: list[str] = []

    def order_pickup(address: str) -> str:
        calls.append(address)
        if len(calls) == 1:
            raise ConnectionError("The carrier does not answer.")
        return "K2"

    stand_in(shop.answers.order_pickup, order_pickup)
    with celery_worker(shop.worker) as worker:
        worker.wait_for()
        shop.move(number, "Torget 2")
        shop.redis.client.rpush(QUEUE, message)
        states = [run.state for run in worker.wait_for(2)]
    pickup = shop.pickups().get("Torget 2")
    assert (len(calls), pickup) == (2, "K2"), (
        "In the first run `order_pickup` raised ConnectionError, in the second it "
        f'returned "K2". The runs ended with {in_words(states)}, and the pickup is '
        f"{in_words(pickup)}. Only a shipment that has a pickup already gets none. "
        "Look at what the first run leaves behind."
    )
    assert calls[1] == "Torget 2", (
        "The first run of the task raised ConnectionError. Then the address changed to "
        f"Torget 2. In the second run, `order_pickup` was called for {calls[1]!r}. The "
        "docstring asks that the task reads the address from the database when it "
        "runs. Look at where the session begins and ends."
    )


def test_q2_the_endpoint_does_not_wait(shop: Shop) -> None:
    shop.post("Torget 2")
    sent: list[object] = []

    def note(**told: object) -> None:
        sent.append(told)
        # From now on, a run is held until the response is there.
        shop.gate.opened.clear()

    signals.before_task_publish.connect(note)
    with celery_worker(shop.worker) as worker, ThreadPoolExecutor() as pool:
        worker.wait_for()
        posted = pool.submit(shop.post, "Kirkegata 1")
        wait([posted], PATIENCE)
        waits = not posted.done()
        shop.gate.opened.set()
        posted.result()
        if sent:
            worker.wait_for(2)
    assert (waits, len(sent)) == (False, 1), (
        f"The endpoint sent {len(sent)} messages to the worker, and the response "
        f"{'waited' if waits else 'did not wait'} for the end of `order_pickup`. The "
        "docstring asks to send the task, and to return the ID without waiting for it. "
        "Look at what follows the sending."
    )


# 10.4.3

SEND_THREE = """
import sys
from celery import Celery
celery = Celery(broker=sys.argv[1])
for number in range(3):
    celery.send_task("print_label", [number])
"""
COUNT = """
import sys
from kombu import Connection
with Connection(sys.argv[1]) as connection:
    print(connection.default_channel.queue_declare("celery").message_count)
"""


def default_broker() -> str:
    """Return the broker of a Celery app without a URL."""
    drivers = {"amqp": "RabbitMQ", "redis": "Redis", "memory": "memory"}
    with Celery("parcels", set_as_current=False).connection() as connection:
        return drivers[connection.transport.driver_type]


def messages_found(url: str) -> int:
    """Let a process send three messages; count those that another one finds."""
    printed = "0"
    for code in (SEND_THREE, COUNT):
        command = [sys.executable, "-c", code, url]
        ended = subprocess.run(command, check=True, capture_output=True, text=True)
        printed = ended.stdout
    return int(printed)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until this holds."""
    for _ in range(PATIENCE * 50):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("The worker acknowledges messages in another way than usual.")


@contextmanager
def running_task(redis: RedisServer, *, acks_late: bool) -> Iterator[None]:
    """Let a worker run a task during the block."""
    gate = Gate(is_open=False)
    celery = Celery("parcels", broker=redis.url, set_as_current=False)

    @celery.task(name="print_label", shared=False, acks_late=acks_late)
    def print_label() -> None:
        gate.enter(None)

    # While it is busy, it takes no other message.
    celery.conf.worker_prefetch_multiplier = 1
    with celery_worker(celery, threads=1):
        try:
            print_label.delay()
            assert gate.entered.wait(PATIENCE), "The worker does not run the task."
            # The loop of the worker acknowledges the message, if at all by now.
            wait_until(lambda: redis.client.hlen("unacked") == int(acks_late))
            yield
        finally:
            gate.opened.set()


def runs_started(redis: RedisServer, minutes: int, *, acks_late: bool) -> int:
    """Let a task take so many minutes; count its runs, if a second worker is idle."""
    with running_task(redis, acks_late=acks_late):
        # Kombu writes down when a message was delivered: that is to be minutes ago.
        for tag in redis.client.zrange("unacked_index", 0, -1):
            redis.client.zincrby("unacked_index", -60 * minutes, tag)
        with Connection(redis.url) as second:
            # A worker does this as soon as it starts, and then every ten seconds.
            second.default_channel.qos.restore_visible(num=10)
            found = second.default_channel.queue_declare(QUEUE).message_count
        redis.client.delete(QUEUE)
    return 1 + int(found)


BLANKS: dict[str, tuple[Callable[[RedisServer], str | int], str]] = {
    "no URL": (
        lambda redis: default_broker(),
        'Write "RabbitMQ", "Redis" or "memory". The notes name Celery\'s default.',
    ),
    "messages: Redis": (
        lambda redis: messages_found(redis.url),
        "Write a number. The messages are in Redis, which is a process of its own.",
    ),
    "messages: memory": (
        lambda redis: messages_found("memory://"),
        "Write a number. The messages are in the memory of the first process.",
    ),
    "runs: 50 minutes, acks_late": (
        lambda redis: runs_started(redis, 50, acks_late=True),
        "Write a number. Compare the time of the task and the visibility timeout.",
    ),
    "runs: 70 minutes, acks_late": (
        lambda redis: runs_started(redis, 70, acks_late=True),
        "Write a number. Compare the time of the task and the visibility timeout.",
    ),
    "runs: 70 minutes": (
        lambda redis: runs_started(redis, 70, acks_late=False),
        "Write a number. See `Given`: when the worker acknowledges the message.",
    ),
}


observed: dict[str, str | int] = {}  # a run does not depend on the predictions


@pytest.mark.parametrize("blank", BLANKS)
def test_q3_the_broker_is_predicted(
    answers: Any, redis: RedisServer, blank: str
) -> None:
    predictions = answers.brokers()
    assert blank in dict(predictions), (
        f"`brokers()` returned {in_words(predictions)}, without {blank!r}. The "
        "docstring asks for six predictions: replace only the blanks."
    )
    predicted = predictions[blank]
    observe, look_at = BLANKS[blank]
    if blank not in observed:
        observed[blank] = observe(redis)
    seen = observed[blank]
    assert (type(predicted), predicted) == (type(seen), seen), (
        f"{blank!r}: you predicted {in_words(predicted)}. The test made this run, and "
        f"it came out differently. {look_at}"
    )
