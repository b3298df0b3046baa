"""The tests of section 10.5."""

import json
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from threading import Barrier, BrokenBarrierError, Event, Thread
from types import FunctionType
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException
from fastapi import FastAPI
from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lab import (
    Kafka,
    attempt,
    client,
    in_words,
    kafka_cluster,
    outcome,
    patience,
    stand_in,
)

# Seconds that a call gets on a quiet machine until it counts as waiting for ever.
PATIENCE = 2
# Seconds that a call gets to return, or to connect, by mistake.
CHANCE = 0.4
# Seconds for which Kafka cannot be reached during a shutdown.
OUTAGE = 1.3
# Seconds between two looks.
PAUSE = 0.01
# A request that waits for Kafka takes at least so many times as long without it.
SLOWER = 8
ADA, BOB = {"parcel": "P-7", "place": "Zürich"}, {"parcel": "9", "place": 'Port "A"'}


def becomes(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Return whether a condition becomes true in time."""
    deadline = time.monotonic() + (patience(seconds) if seconds > CHANCE else seconds)
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True


def post(one: Any, scan: dict[str, str]) -> None:
    """Send a scan to the application."""
    request = f"`POST /scans` with {in_words(scan)}"
    response = attempt(request, one.post, "/scans", json=scan)
    assert response.status_code == 202, (
        f"{request} returned {response.status_code}, "
        f"{in_words(response.text)}. The docstring asks for 202."
    )


def settings_of(kafka: Kafka, **more: Any) -> dict[str, Any]:
    """Return the settings with which a client reaches Kafka, and prints nothing."""
    return {"bootstrap.servers": kafka.bootstrap, "log_level": 0, **more}


# The answers for which a test has waited in vain. They fail; no other test waits long.
IN_VAIN: set[object] = set()


def producing(kafka: Kafka, **more: Any) -> dict[str, Any]:
    """Return settings of a producer. It gives up before the end of the process."""
    return settings_of(kafka, **{"message.timeout.ms": 20_000}, **more)


class Service(Thread):
    """A thread that starts an application, uses a client of it, and shuts it down."""

    def __init__(
        self, answers: Any, app: ASGIApp, use: Callable[[Any], object]
    ) -> None:
        super().__init__(daemon=True)
        self._answer = getattr(answers.scans_app, "__code__", None)
        self._app, self._use = app, use
        self._raised: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Run the application, and keep what is raised."""
        try:
            with client(self._app) as one:
                self._use(one)
        except BaseException as error:
            self._raised = error

    def end(self) -> None:
        """Wait for the end of the thread, and raise what was raised in it."""
        self.join(1 if self._answer in IN_VAIN else patience(2 * PATIENCE))
        if self.is_alive():
            IN_VAIN.add(self._answer)
        assert not self.is_alive(), (
            "Kafka can be reached, but the application waits for ever, in a request or "
            "at shutdown. The docstring asks for one producer with `settings`, and to "
            "wait until Kafka has all messages. Look at how you create the producer."
        )
        if isinstance(self._raised, (AssertionError, NotImplementedError)):
            raise self._raised
        assert self._raised is None, (
            f"The application raised {in_words(self._raised)} at start-up or shutdown. "
            "The docstring asks to create the producer at start-up, and to wait for "
            "it at shutdown. Look at your lifespan, and at what closes the producer."
        )


def send_all(answers: Any, app: FastAPI, *scans: dict[str, str]) -> None:
    """Start the application, send scans one after the other, and shut it down."""
    Service(answers, app, lambda one: [post(one, scan) for scan in scans]).end()


@pytest.mark.parametrize("scan", [ADA, BOB])
def test_q1_a_request_produces_a_message_with_key_and_json(
    answers: Any, kafka: Kafka, scan: dict[str, str]
) -> None:
    kafka.create_topic("scans")
    send_all(answers, answers.scans_app(producing(kafka)), scan)
    records = kafka.read("scans")
    assert len(records) == 1, (
        f"After one `POST /scans` and the shutdown, the topic `scans` holds "
        f"{len(records)} messages: {in_words(records)}. The docstring asks for one "
        "message for each request. Look at the arguments of `produce`, and at what "
        "the lifespan does after `yield`."
    )
    assert records[0].key == scan["parcel"], (
        f"The message of {in_words(scan)} has the key {in_words(records[0].key)}. The "
        f"docstring asks for the parcel, {scan['parcel']!r}. Look at the arguments of "
        "`produce`."
    )
    value = outcome(lambda: json.loads(records[0].value or ""))
    assert value == scan, (
        f"The value of the message is {in_words(records[0].value)}. The docstring asks "
        f"for the scan as a JSON object: {in_words(json.dumps(scan))}. Look "
        "at the value that you pass to `produce`."
    )


def posts_while_kafka_goes(answers: Any, kafka: Kafka) -> list[list[float]]:
    """Send scans with Kafka and without; return the seconds of each request, sorted.

    Then Kafka comes back, and the application is shut down.
    """
    phases: list[list[float]] = []
    is_done, is_over = Event(), Event()

    def use(one: Any) -> None:
        for change in (lambda: None, kafka.stop):
            if not is_over.is_set():
                change()
                seconds = [
                    0.0 if is_over.is_set() else seconds_of_a_post(one)
                    for _ in range(POSTS)
                ]
                phases.append(sorted(seconds))
        is_done.set()

    at_once = producing(kafka, **{"linger.ms": 0})
    service = Service(answers, answers.scans_app(at_once), use)
    becomes(lambda: is_done.is_set() or not service.is_alive())
    is_stuck = not is_done.is_set() and service.is_alive()
    is_over.set()
    kafka.start()
    service.end()
    assert not is_stuck, (
        "Kafka could not be reached, and `POST /scans` did not return. The docstring "
        "asks not to wait for Kafka in the request. Look at what your endpoint calls "
        "or awaits."
    )
    return phases


# Requests that are sent with Kafka, and again without it.
POSTS = 10
# Seconds of a wait that no busy machine explains, if two requests take so long.
LONG = 0.3


def times_as_long(with_kafka: list[float], without: list[float]) -> float:
    """Return how many times as long requests without Kafka take.

    An error of the connection ends some waits early. So the second slowest requests
    are compared, too.
    """
    ratio = statistics.median(without) / statistics.median(with_kafka)
    if without[-2] > LONG:
        ratio = max(ratio, without[-2] / with_kafka[-2])
    return ratio


def seconds_of_a_post(one: Any) -> float:
    """Send a scan, and return how long the response took."""
    begin = time.perf_counter()
    post(one, ADA)
    return time.perf_counter() - begin


def test_q1_the_response_does_not_wait_for_kafka(answers: Any, kafka: Kafka) -> None:
    kafka.create_topic("scans")
    ratio = times_as_long(*posts_while_kafka_goes(answers, kafka))
    assert ratio < SLOWER, (
        f"While Kafka could not be reached, `POST /scans` took {ratio:.0f} times as "
        "long as before. The docstring asks not to wait for Kafka in the request, not "
        "for a short time either. Look at what your endpoint calls or awaits."
    )
    count = len(kafka.read("scans"))
    assert count == 2 * POSTS, (
        f"{POSTS} scans were sent while Kafka could be reached, and {POSTS} while it "
        f"could not; then Kafka came back. The topic holds {count} messages. The "
        "docstring asks for one for each request."
    )


def test_q1_a_full_queue_is_not_waited_for(answers: Any, kafka: Kafka) -> None:
    kafka.create_topic("scans")
    kafka.stop()
    settings = producing(kafka, **{"queue.buffering.max.messages": 3})
    statuses: list[object] = []
    is_done = Event()

    def use(one: Any) -> None:
        for _ in range(5):
            response = outcome(lambda: one.post("/scans", json=ADA))
            statuses.append(getattr(response, "status_code", response))
        is_done.set()

    service = Service(answers, answers.scans_app(settings), use)
    becomes(lambda: is_done.is_set() or not service.is_alive())
    seen = list(statuses)
    kafka.start()
    service.end()
    accepted = seen.count(202)
    assert (len(seen), accepted) == (5, 3), (
        "The queue holds 3 messages, and Kafka could not be reached. Of 5 requests, "
        f"{len(seen)} did not wait, and {accepted} returned 202. The docstring asks "
        "not to wait for Kafka; without a place in the queue, the request fails. Look "
        "at `settings`, and at what you do about BufferError."
    )


def watched(app: ASGIApp, shut_down: Event) -> ASGIApp:
    """Return the application; it sets the event when its lifespan has ended."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        async def watch(message: Message) -> None:
            if message["type"] == "lifespan.shutdown.complete":
                shut_down.set()
            await send(message)

        await app(scope, receive, watch)

    return call


def test_q1_the_shutdown_waits_until_kafka_has_the_messages(
    answers: Any, kafka: Kafka
) -> None:
    kafka.create_topic("scans")
    kafka.stop()
    responded, shut_down = Event(), Event()

    def use(one: Any) -> None:
        post(one, ADA)
        responded.set()

    app = watched(answers.scans_app(producing(kafka)), shut_down)
    service = Service(answers, app, use)
    becomes(lambda: responded.is_set() or not service.is_alive())
    service.join(OUTAGE)
    is_early = shut_down.is_set() or not service.is_alive()
    kafka.start()
    service.end()
    assert not is_early, (
        "The application shut down while Kafka could not be reached, and did not wait. "
        "A message was still in the queue of the producer. The docstring asks to wait "
        "at shutdown until Kafka has all messages. Look at what the lifespan does "
        "after `yield`."
    )
    values = [record.value for record in kafka.read("scans")]
    assert len(values) == 1, (
        "A scan was sent while Kafka could not be reached. Kafka came back during the "
        f"shutdown, and the topic holds {in_words(values)}. The docstring asks for "
        "one message."
    )


def test_q1_delivered_messages_do_not_fill_the_queue(
    answers: Any, kafka: Kafka
) -> None:
    kafka.create_topic("scans")
    app = answers.scans_app(producing(kafka, **{"queue.buffering.max.messages": 20}))

    def use(one: Any) -> None:
        for held in (0, 10, 20):
            assert becomes(lambda held=held: len(kafka.read("scans")) >= held), (
                f"{held} requests produced only {len(kafka.read('scans'))} messages. "
                "The docstring asks for one for each request."
            )
            for _ in range(10):
                response = outcome(lambda: one.post("/scans", json=ADA))
                status = getattr(response, "status_code", response)
                assert status == 202, (
                    f"The producer's queue holds 20 messages. Kafka had received {held}"
                    f"; then `POST /scans` raised or returned {in_words(status)}. The "
                    "docstring asks for one message for each request: see its `Given`."
                )

    Service(answers, app, use).end()
    count = len(kafka.read("scans"))
    assert count == 30, (
        f"30 requests returned 202, and the topic `scans` holds {count} messages. The "
        "docstring asks for one message for each request. See its `Given`, and look "
        "at what you do about BufferError."
    )


def test_q1_all_requests_use_one_producer(answers: Any, kafka: Kafka) -> None:
    kafka.create_topic("scans")
    send_all(answers, answers.scans_app(producing(kafka)), *[ADA] * 10)
    opened = kafka.connections()
    held = len(kafka.read("scans"))
    assert (held, opened < 10) == (10, True), (
        f"10 requests produced {held} messages over {opened} connections to Kafka. The "
        "docstring asks for one producer, which all requests use. It needs only a few "
        "connections. Look at where `Producer` is called."
    )


def test_q1_the_producer_is_created_at_start_up(answers: Any, kafka: Kafka) -> None:
    kafka.create_topic("scans")
    app = answers.scans_app(producing(kafka))
    is_early = becomes(lambda: kafka.connections() > 0, CHANCE)
    assert not is_early, (
        "`scans_app` has connected to Kafka before the application started. The "
        "docstring asks that the lifespan creates the producer. Look at where "
        "`Producer` is called."
    )
    connected: list[bool] = []

    def use(one: Any) -> None:
        before = opened.pop()
        connected.append(becomes(lambda: kafka.connections() > before))
        post(one, BOB if connected[1:] else ADA)

    opened = [0]
    Service(answers, app, use).end()
    opened.append(kafka.connections())
    Service(answers, app, use).end()
    assert connected == [True, True], (
        "The application started and shut down, two times. It connected to Kafka "
        f"before its first request: {connected}. The docstring asks that the lifespan "
        "creates the producer at each start-up. Look at where `Producer` is called."
    )
    held = [record.key for record in kafka.read("scans")]
    assert held == ["P-7", "9"], (
        "The application started, sent a scan and shut down, two times. The keys in "
        f"the topic are {held}. The docstring asks for a producer that each start-up "
        'creates: ["P-7", "9"].'
    )


def test_q1_two_applications_send_to_their_own_kafka(
    answers: Any, kafka: Kafka
) -> None:
    both = Barrier(2, timeout=patience(PATIENCE))

    def use(one: Any, scan: dict[str, str]) -> None:
        with suppress(BrokenBarrierError):
            both.wait()
        post(one, scan)
        with suppress(BrokenBarrierError):
            both.wait()

    with kafka_cluster() as other:
        services = []
        for one, scan in [(kafka, ADA), (other, BOB)]:
            one.create_topic("scans")
            app = answers.scans_app(producing(one))
            services.append(
                Service(answers, app, lambda sender, scan=scan: use(sender, scan))
            )
        for service in services:
            service.end()
        held = [[record.key for record in one.read("scans")] for one in (kafka, other)]
    assert held == [["P-7"], ["9"]], (
        "Two applications ran at the same time, each with its own Kafka, and got one "
        f"scan each. The topics hold the keys {held}. The docstring asks each "
        'application to use its `settings`: [["P-7"], ["9"]].'
    )


def test_q1_messages_with_one_key_keep_their_order(answers: Any, kafka: Kafka) -> None:
    kafka.create_topic("scans", 3)
    places = [f"station {number}" for number in range(5)]
    app = answers.scans_app(producing(kafka))
    send_all(answers, app, *({"parcel": "P-7", "place": place} for place in places))
    seen = [json.loads(record.value or "") for record in kafka.read("scans")]
    assert [one["place"] for one in seen] == places, (
        f"Five requests sent the scans of one parcel. The topic has three partitions, "
        f"and holds {in_words(seen)}. The docstring asks for one message for each "
        "request, with the parcel as the key: it keeps the order."
    )


class Run:
    """A call of `consume_scans` in a thread, and the scans that it has stored.

    `handle` is called within `store`. `raised` is the exception that the call raised,
    and `before` tells what has happened until then.
    """

    def __init__(
        self,
        answers: Any,
        kafka: Kafka,
        group: str = "labels",
        handle: Callable[[str], None] = lambda parcel: None,
        before: str = "",
        **settings: Any,
    ) -> None:
        self.called: list[str] = []
        self.stored: list[str] = []
        self.stop = Event()
        self._answer = getattr(answers.consume_scans, "__code__", None)
        self.raised: BaseException | None = None
        self._handle = handle
        self._before = before
        self._kafka = kafka
        address = settings_of(
            kafka, **{"group.id": group, "group.protocol": "consumer"}
        )
        self._thread = Thread(
            target=self._call, args=(answers, {**address, **settings}), daemon=True
        )

    def __enter__(self) -> "Run":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        if self.becomes(self.ended):
            return
        # A consumer that waits for a message, without a time limit, gets one.
        self._kafka.write("scans", "the end", "the end", "the end")
        self._thread.join(1)
        raise AssertionError(
            "`consume_scans` did not return after `stop` was set. The docstring asks "
            "to close the consumer and to return. Look at what your loop waits for."
        )

    def ended(self) -> bool:
        """Return whether the call has returned or raised."""
        return not self._thread.is_alive()

    def has(self, count: int) -> None:
        """Wait until so many scans are stored, and fail if the call raises."""
        self.becomes(lambda: len(self.stored) >= count or self.ended())
        self.check()

    def check(self) -> None:
        """Fail if the call has raised."""
        if isinstance(self.raised, NotImplementedError):
            raise self.raised
        assert self.raised is None, (
            f"{self._before}`consume_scans` raised {in_words(self.raised)}. The "
            "docstring asks it to read on until `stop` is set. Look at what your loop "
            "does with each message."
        )

    def becomes(self, condition: Callable[[], bool]) -> bool:
        """Return whether a condition becomes true, and remember if it does not."""
        is_true = becomes(condition, 1 if self._answer in IN_VAIN else PATIENCE)
        if not is_true:
            IN_VAIN.add(self._answer)
        return is_true

    def _call(self, answers: Any, settings: dict[str, Any]) -> None:
        try:
            answers.consume_scans(settings, self._store, self.stop)
        except:  # noqa: E722  after a callback, a KafkaError is raised: no exception
            error = sys.exception()
            is_exception = isinstance(error, BaseException)
            self.raised = error if is_exception else KafkaException(error)

    def _store(self, scan: Any) -> None:
        parcel = scan.parcel if hasattr(scan, "parcel") else str(scan)
        self.called.append(parcel)
        self._handle(parcel)
        self.stored.append(parcel)


def as_json(*parcels: str) -> list[str]:
    """Return the values of messages about these parcels."""
    return [json.dumps({"parcel": parcel, "place": "Oslo"}) for parcel in parcels]


@pytest.mark.parametrize("parcels", [["P-7"], ["P-3", "P-1", "P-2", "P-1"]])
def test_q2_a_new_group_stores_all_scans_in_order(
    answers: Any, kafka: Kafka, parcels: list[str]
) -> None:
    kafka.create_topic("scans")
    kafka.create_topic("scans-archive")
    kafka.write("scans", *as_json(*parcels))
    kafka.write("scans-archive", *as_json("P-0"))
    with Run(answers, kafka) as run:
        run.has(len(parcels))
        kafka.write("scans", *as_json("P-9"))
        run.has(len(parcels) + 1)
    run.check()
    assert run.stored == [*parcels, "P-9"], (
        f"The topic held the parcels {parcels} when the consumer of a new group "
        f'started, and then got "P-9". `store` was called for {in_words(run.stored)}. '
        "The docstring asks to start with the oldest message, and to store each scan."
    )


def test_q2_each_message_is_committed_before_the_next_is_stored(
    answers: Any, kafka: Kafka
) -> None:
    kafka.create_topic("scans")
    kafka.write("scans", *as_json(*(f"P-{number}" for number in range(6))))
    seen: list[int] = []

    def look(parcel: str) -> None:
        seen.append(committed(kafka))

    with Run(answers, kafka, handle=look) as run:
        run.has(6)
    run.check()
    seen.append(committed(kafka))
    assert seen == list(range(7)), (
        "During the six calls of `store`, and after the end, the group had committed "
        f"{seen} messages. The docstring asks to commit each message after its `store` "
        f"has returned, and before the next call: {list(range(7))}."
    )


def committed(kafka: Kafka, group: str = "labels") -> int:
    """Return how many messages a group has committed in all partitions."""
    return sum(kafka.committed(group, "scans").values())


def test_q2_all_partitions_are_read_and_committed(answers: Any, kafka: Kafka) -> None:
    kafka.create_topic("scans", 2)
    for parcel in ("A", "D", "A", "D", "A"):  # A and D are in different partitions
        kafka.write("scans", *as_json(parcel), key=parcel)
    with Run(answers, kafka) as run:
        run.has(5)
    run.check()
    seen = sorted(run.stored), kafka.committed("labels", "scans")
    assert seen == (["A", "A", "A", "D", "D"], {0: 2, 1: 3}), (
        "Two partitions hold 3 scans of A and 2 of D. `store` was called for "
        f"{seen[0]}; the offsets committed are {seen[1]}. The docstring asks to "
        "store and commit each message. A group reads on at its offset: {0: 2, 1: 3}."
    )


class Crash(Exception):
    """The store has failed."""


class Label(BaseModel):
    """What a store may check."""

    number: int


def invalid() -> ValidationError:
    """Return the exception of a store that could not validate its own data."""
    with pytest.raises(ValidationError) as caught:
        Label.model_validate({})
    return caught.value


def crashed(answers: Any, kafka: Kafka, error: BaseException) -> Run:
    """Return a run whose second call of `store` raised this error."""
    kafka.create_topic("scans")
    kafka.write("scans", *as_json("P-0", "P-1", "P-2"))

    def fail(parcel: str) -> None:
        if parcel == "P-1":
            raise error

    with Run(answers, kafka, handle=fail) as run:
        run.becomes(lambda: run.ended() or len(run.called) > 2)
    if isinstance(run.raised, NotImplementedError):
        raise run.raised
    return run


@pytest.mark.parametrize(
    "error",
    [Crash("full"), ValueError("P-1"), invalid(), KeyboardInterrupt("Ctrl-C")],
    ids=lambda error: type(error).__name__,
)
def test_q2_an_exception_of_store_passes_through(
    answers: Any, kafka: Kafka, error: BaseException
) -> None:
    run = crashed(answers, kafka, error)
    assert run.raised is error, (
        f"`store` raised {in_words(error)} for the second scan, and `consume_scans` "
        f"raised {in_words(run.raised)} in the end. The docstring asks to let the "
        "exception of `store` pass through. Look at what catches it."
    )
    assert (run.called, committed(kafka)) == (["P-0", "P-1"], 1), (
        "`store` raised for P-1, the second of three scans. It was called for "
        f"{in_words(run.called)}; {committed(kafka)} messages are committed. The "
        "docstring asks to let the exception pass through at once, and to commit only "
        "the first message."
    )


def test_q2_after_a_crash_the_next_consumer_reads_the_message_again(
    answers: Any, kafka: Kafka
) -> None:
    first = crashed(answers, kafka, Crash("full"))
    with Run(answers, kafka) as second:
        second.has(2)
    second.check()
    assert (first.stored, second.stored) == (["P-0"], ["P-1", "P-2"]), (
        "`store` raised for P-1, the second of three scans. Then another consumer of "
        f"the group ran: it stored {in_words(second.stored)}. The docstring asks for "
        'P-1 and P-2: the first consumer is closed, and has committed only "P-0".'
    )


@pytest.mark.parametrize("value", ["P-7", None, '{"parcel": "P-7"}', b"\xff"])
def test_q2_a_message_that_is_no_scan_is_committed_and_not_stored(
    answers: Any, kafka: Kafka, value: str | bytes | None
) -> None:
    kafka.create_topic("scans")
    kafka.write("scans", *as_json("P-0"), value, *as_json("P-1"), value)
    before = f"A message has the value {in_words(value)}. "
    with Run(answers, kafka, before=before) as run:
        run.has(2)
        run.becomes(lambda: committed(kafka) == 4 or run.ended())
    run.check()
    assert (run.stored, committed(kafka)) == (["P-0", "P-1"], 4), (
        f"Messages 2 and 4 of four have the value {in_words(value)}. `store` was "
        f"called for {in_words(run.stored)}; {committed(kafka)} messages are "
        "committed. The docstring asks to store the other two, and to commit all four."
    )


def watch_parser(
    answers: Any, look: Callable[[], object] = lambda: None
) -> list[object]:
    """Return a list that each value which `parse_scan` is called with goes into.

    `look` is called within `parse_scan`.
    """
    parsed: list[object] = []
    parse = answers.parse_scan
    original = FunctionType(parse.__code__, parse.__globals__)

    def record(value: bytes | None) -> object:
        parsed.append(value)
        look()
        return original(value)

    stand_in(parse, record)
    return parsed


@pytest.mark.parametrize("first", [*as_json("P-0"), "P-0"], ids=["scan", "no scan"])
def test_q2_the_next_store_waits_for_the_commit(
    answers: Any, kafka: Kafka, first: str
) -> None:
    kafka.create_topic("scans")
    kafka.write("scans", first, *as_json("P-1"))
    parsed = watch_parser(answers, lambda: len(parsed) > 1 or kafka.stop())
    with Run(answers, kafka) as run:
        run.becomes(lambda: bool(parsed) or run.ended())
        run.check()
        becomes(lambda: "P-1" in run.called or run.ended(), CHANCE)
        is_early = "P-1" in run.called
        kafka.start()
    assert not is_early, (
        f"Kafka could not be reached after `poll` had returned {first!r}, so this "
        "message could not be committed. `store` was called for the next one all the "
        "same. The docstring asks that the commit has arrived before. Look at how you "
        "call `commit`."
    )


def reach_the_end(run: Run, kafka: Kafka) -> None:
    """Wait until the consumer knows that there is no message: it asks once more."""
    seen = kafka.fetches()
    becomes(lambda: kafka.fetches() > seen + 2 or run.ended())


def test_q2_a_message_with_an_error_is_passed_over(answers: Any, kafka: Kafka) -> None:
    parsed = watch_parser(answers)
    kafka.create_topic("scans")
    first, second = as_json("P-0", "P-1")
    kafka.write("scans", first)
    # `poll` returns such a message for a request that failed, and with this setting
    # at each end of the partition.
    kafka.fail_fetch()
    often = {"enable.partition.eof": True, "fetch.wait.max.ms": 10}
    before = "`poll` returned a message with an `error()`. "
    with Run(answers, kafka, before=before, **often) as run:
        run.has(1)
        reach_the_end(run, kafka)
        kafka.write("scans", second)
        run.has(2)
        reach_the_end(run, kafka)
    run.check()
    scans = (first.encode(), second.encode())
    others = [value for value in parsed if value not in scans]
    assert (run.stored, others) == (["P-0", "P-1"], []), (
        "The topic holds two scans, and `poll` also returned messages with an "
        f"`error()`. Stored: {in_words(run.stored)}; `parse_scan` also got "
        f"{in_words(others)}. The docstring asks not to parse such a message, and to "
        "read on."
    )


def test_q2_the_consumer_returns_when_stop_is_set(answers: Any, kafka: Kafka) -> None:
    kafka.create_topic("scans")
    kafka.write("scans", *as_json("P-0", "P-1"))
    runs: list[Run] = []

    def stop(parcel: str) -> None:
        runs[0].stop.set()

    with Run(answers, kafka, handle=stop) as first:
        runs.append(first)
        first.has(1)
    first.check()
    with Run(answers, kafka) as second:
        second.has(1)
    second.check()
    assert (first.stored, second.stored) == (["P-0"], ["P-1"]), (
        "`stop` was set during the first of two calls of `store`. The consumer stored "
        f"{in_words(first.stored)}, and the next one of its group "
        f"{in_words(second.stored)}. The docstring asks to commit what was stored, to "
        "close the consumer, and to return. Look at what your loop does after `store`."
    )


def test_q2_no_message_is_committed_without_its_store(
    answers: Any, kafka: Kafka
) -> None:
    kafka.create_topic("scans")
    kafka.write("scans", *as_json("P-0", "P-1"))
    runs: list[Run] = []
    # `stop` is set after `poll` has returned a message, and before `store`.
    parsed = watch_parser(answers, lambda: [run.stop.set() for run in runs[:1]])
    runs.append(Run(answers, kafka))
    with runs[0] as first:
        first.becomes(lambda: bool(parsed) or first.ended())
    first.check()
    count = committed(kafka)
    assert count == len(first.stored), (
        f"`stop` was set during a call of `parse_scan`. The consumer stored "
        f"{in_words(first.stored)}, and committed {count} messages. The docstring asks "
        "to commit each message after `store` has returned. Look at what your loop "
        "does when `stop` is set."
    )


def test_q2_each_group_reads_on_where_it_stopped(answers: Any, kafka: Kafka) -> None:
    kafka.create_topic("scans")
    stored = []
    for parcel, group in [("P-0", "labels"), ("P-1", "labels"), ("P-2", "billing")]:
        kafka.write("scans", *as_json(parcel))
        with Run(answers, kafka, group) as run:
            run.has(3 if group == "billing" else 1)
        run.check()
        stored.append(run.stored)
    assert stored == [["P-0"], ["P-1"], ["P-0", "P-1", "P-2"]], (
        "The group labels ran after P-0 and again after P-1, the new group billing "
        f"after P-2. They stored {stored}. The docstring asks each consumer to use the "
        "group in `settings`, and to start with the oldest message that it has not "
        "committed."
    )


SCANS = ["A1", "D1", "A2", "D2", "A3"]
LOOK_AT = {
    "labels, morning": "Nobody read when the scans were sent. Kafka stores them.",
    "labels, evening": "The group has committed before, and goes on from there.",
    "billing, evening": "The group is new. Reading does not delete messages.",
    "three consumers": "In a group, one consumer at most reads a partition.",
    "reader of A1": "Messages with the same key go to the same partition.",
}


@pytest.mark.parametrize("blank", LOOK_AT)
def test_q3_what_the_consumers_read_is_predicted(
    answers: Any, kafka: Kafka, blank: str
) -> None:
    predicted = answers.benefits()[blank]
    seen = runs(answers, kafka, blank in ("three consumers", "reader of A1"))[blank]
    kind = "a whole number" if isinstance(seen, int) else 'a list such as ["A3", "D2"]'
    assert type(predicted) is type(seen), (
        f"{blank!r}: you predicted {in_words(predicted)}. The docstring asks for "
        f"{kind}."
    )
    assert predicted == seen, (
        f"{blank!r}: you predicted {in_words(predicted)}. The real run came out "
        f"differently. {LOOK_AT[blank]} See the notes of 10.5."
    )


# What the two runs showed, for the given code with which they ran.
RUNS: dict[object, dict[str, Any]] = {}


def runs(answers: Any, kafka: Kafka, is_shared: bool) -> dict[str, Any]:
    """Return what the consumers of one of the two runs read. It runs once."""
    given = (answers.send, answers.read, answers.day)
    key = is_shared, *(function.__code__ for function in given)
    if key not in RUNS:
        kafka.create_topic("scans", 1 + is_shared)
        call = shared if is_shared else day
        RUNS[key] = call(answers, kafka)
    return RUNS[key]


def day(answers: Any, kafka: Kafka) -> dict[str, Any]:
    """Let two groups read on one day."""
    seen: dict[str, Any] = answers.day(kafka.bootstrap)
    return seen


def shared(answers: Any, kafka: Kafka) -> dict[str, Any]:
    """Let three consumers of a group read two partitions."""
    settings = {
        "bootstrap.servers": kafka.bootstrap,
        "group.id": "maps",
        "group.protocol": "consumer",
        "auto.offset.reset": "earliest",
    }
    with ExitStack() as stack:
        members = [stack.enter_context(Consumer(settings)) for _ in range(3)]
        values: list[list[str]] = [[] for _ in members]
        for member in members:
            member.subscribe(["scans"])

        def poll() -> bool:
            for member, own in zip(members, values, strict=True):
                message = member.poll(PAUSE)
                if message is not None and not message.error():
                    own.append((message.value() or b"").decode())
            return sum(map(len, values)) == len(SCANS)

        def is_shared() -> bool:
            poll()
            return sorted(len(member.assignment()) for member in members) == [0, 1, 1]

        assert becomes(is_shared, 2 * PATIENCE), "The consumers got no partitions."
        answers.send(kafka.bootstrap, *SCANS)
        assert becomes(poll, 2 * PATIENCE), f"The consumers read only {values}."
    (reader,) = [own for own in values if "A1" in own]
    return {"three consumers": sum(map(bool, values)), "reader of A1": reader}
