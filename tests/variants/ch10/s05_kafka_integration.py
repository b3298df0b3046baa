"""Other answers to section 10.5."""

import asyncio
import json
from contextlib import closing, suppress

import confluent_kafka
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.aio import AIOProducer

from fastapi import Request

from sensei.variants import right, wrong


def app_of(lifespan, endpoint):
    """Return an application whose endpoint is given the application and the scan."""
    app = FastAPI(lifespan=lifespan)

    @app.post("/scans", status_code=202)
    async def add_scan(scan: Scan) -> None:
        endpoint(app, scan)

    return app


def produce(app, scan):
    app.state.producer.produce("scans", scan.model_dump_json(), key=scan.parcel)
    app.state.producer.poll(0)


def with_producer(settings, endpoint):
    """Return an application with the lifespan of the solution."""

    @asynccontextmanager
    async def lifespan(app):
        with Producer(settings) as app.state.producer:
            yield

    return app_of(lifespan, endpoint)


@wrong("10.5.1", caught_by="test_q1_the_shutdown_waits_until_kafka_has_the_messages")
def scans_app(settings):
    """Flush nothing at shutdown."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.producer = Producer(settings)
        yield

    return app_of(lifespan, produce)


@wrong("10.5.1", caught_by="test_q1_the_shutdown_waits_until_kafka_has_the_messages")
def scans_app(settings):
    """Poll at shutdown, which waits for nothing."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.producer = Producer(settings)
        yield
        app.state.producer.poll(0)

    return app_of(lifespan, produce)


@wrong("10.5.1", caught_by="test_q1_the_response_does_not_wait_for_kafka")
def scans_app(settings):
    """Flush in each request."""

    def endpoint(app, scan):
        produce(app, scan)
        app.state.producer.flush()

    return with_producer(settings, endpoint)


@wrong("10.5.1", caught_by="test_q1_the_response_does_not_wait_for_kafka")
def scans_app(settings):
    """Await the delivery in the request."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.producer = AIOProducer(settings, batch_size=1)
        yield
        await app.state.producer.close()

    app = FastAPI(lifespan=lifespan)

    @app.post("/scans", status_code=202)
    async def add_scan(scan: Scan) -> None:
        delivery = await app.state.producer.produce(
            "scans", value=scan.model_dump_json(), key=scan.parcel
        )
        await delivery

    return app


@wrong("10.5.1", caught_by="test_q1_the_response_does_not_wait_for_kafka")
def scans_app(settings):
    """Poll for a second at most."""

    def endpoint(app, scan):
        app.state.producer.produce("scans", scan.model_dump_json(), key=scan.parcel)
        app.state.producer.poll(1)

    return with_producer(settings, endpoint)


@wrong("10.5.1", caught_by="test_q1_the_response_does_not_wait_for_kafka")
def scans_app(settings):
    """Flush in each request, for a second at most."""

    def endpoint(app, scan):
        produce(app, scan)
        app.state.producer.flush(1)

    return with_producer(settings, endpoint)


@wrong("10.5.1", caught_by="test_q1_the_shutdown_waits_until_kafka_has_the_messages")
def scans_app(settings):
    """Wait for one second only."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.producer = Producer(settings)
        yield
        app.state.producer.flush(1)

    return app_of(lifespan, produce)


@wrong("10.5.1", caught_by="test_q1_the_shutdown_waits_until_kafka_has_the_messages")
def scans_app(settings):
    """Flush in a thread that the lifespan does not wait for."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.producer = Producer(settings)
        yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/scans", status_code=202)
    async def add_scan(scan: Scan) -> None:
        produce(app, scan)
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, app.state.producer.flush)

    return app


@wrong("10.5.1", caught_by="test_q1_a_full_queue_is_not_waited_for")
def scans_app(settings):
    """Flush when the queue is full."""

    def endpoint(app, scan):
        try:
            produce(app, scan)
        except BufferError:
            app.state.producer.flush()
            produce(app, scan)

    return with_producer(settings, endpoint)


@wrong("10.5.1", caught_by="test_q1_a_full_queue_is_not_waited_for")
def scans_app(settings):
    """Drop the scan when the queue is full, and return 202."""

    def endpoint(app, scan):
        with suppress(BufferError):
            produce(app, scan)

    return with_producer(settings, endpoint)


@wrong("10.5.1", caught_by="test_q1_a_full_queue_is_not_waited_for")
def scans_app(settings):
    """Use only the address."""
    address = {"bootstrap.servers": settings["bootstrap.servers"]}
    return with_producer(address, produce)


@wrong("10.5.1", caught_by="test_q1_delivered_messages_do_not_fill_the_queue")
def scans_app(settings):
    """Ignore a full queue, and never poll."""

    def endpoint(app, scan):
        value = scan.model_dump_json()
        with suppress(BufferError):
            app.state.producer.produce("scans", value, key=scan.parcel)

    return with_producer(settings, endpoint)


@wrong("10.5.1", caught_by="test_q1_delivered_messages_do_not_fill_the_queue")
def scans_app(settings):
    """Never poll: the delivered messages stay in the queue."""

    def endpoint(app, scan):
        app.state.producer.produce("scans", scan.model_dump_json(), key=scan.parcel)

    return with_producer(settings, endpoint)


@wrong("10.5.1", caught_by="test_q1_the_producer_is_created_at_start_up")
def scans_app(settings):
    """Create the producer in the first request."""

    @asynccontextmanager
    async def lifespan(app):
        yield
        if hasattr(app.state, "producer"):
            app.state.producer.flush()
            del app.state.producer

    def endpoint(app, scan):
        if not hasattr(app.state, "producer"):
            app.state.producer = Producer(settings)
        produce(app, scan)

    return app_of(lifespan, endpoint)


cached = {}


@wrong("10.5.1", caught_by="test_q1_the_producer_is_created_at_start_up")
def scans_app(settings):
    """Keep a producer for each address, for as long as the process runs."""

    @asynccontextmanager
    async def lifespan(app):
        address = settings["bootstrap.servers"]
        if address not in cached:
            cached[address] = Producer(settings)
        app.state.producer = cached[address]
        yield
        app.state.producer.flush()

    return app_of(lifespan, produce)


@wrong("10.5.1", caught_by="test_q1_all_requests_use_one_producer")
def scans_app(settings):
    """Create a producer for each request."""

    def endpoint(app, scan):
        with Producer(settings) as producer:
            producer.produce("scans", scan.model_dump_json(), key=scan.parcel)

    return app_of(None, endpoint)


@wrong("10.5.1", caught_by="test_q1_the_producer_is_created_at_start_up")
def scans_app(settings):
    """Create the producer with the application."""
    producer = Producer(settings)

    @asynccontextmanager
    async def lifespan(app):
        yield
        producer.flush()

    def endpoint(app, scan):
        producer.produce("scans", scan.model_dump_json(), key=scan.parcel)

    return app_of(lifespan, endpoint)


shared = []


@wrong("10.5.1", caught_by="test_q1_two_applications_send_to_their_own_kafka")
def scans_app(settings):
    """Keep the producer of the module that was created first."""

    @asynccontextmanager
    async def lifespan(app):
        shared.append(Producer(settings))
        yield
        shared[0].flush()

    def endpoint(app, scan):
        shared[0].produce("scans", scan.model_dump_json(), key=scan.parcel)

    return app_of(lifespan, endpoint)


@wrong("10.5.1", caught_by="test_q1_a_request_produces_a_message_with_key_and_json")
def scans_app(settings):
    """Forget the key."""

    def endpoint(app, scan):
        app.state.producer.produce("scans", scan.model_dump_json())

    return with_producer(settings, endpoint)


@wrong("10.5.1", caught_by="test_q1_a_request_produces_a_message_with_key_and_json")
def scans_app(settings):
    """Send the scan as Python writes it."""

    def endpoint(app, scan):
        app.state.producer.produce("scans", str(scan.model_dump()), key=scan.parcel)

    return with_producer(settings, endpoint)


@wrong("10.5.1", caught_by="test_q1_a_request_produces_a_message_with_key_and_json")
def scans_app(settings):
    """Pass a dict, which Kafka does not know."""

    def endpoint(app, scan):
        app.state.producer.produce("scans", scan.model_dump(), key=scan.parcel)

    return with_producer(settings, endpoint)


@wrong("10.5.1", caught_by="test_q1_a_request_produces_a_message_with_key_and_json")
def scans_app(settings):
    """Encode the JSON a second time."""

    def endpoint(app, scan):
        value = json.dumps(scan.model_dump_json())
        app.state.producer.produce("scans", value, key=scan.parcel)

    return with_producer(settings, endpoint)


@wrong("10.5.1", caught_by="test_q1_a_request_produces_a_message_with_key_and_json")
def scans_app(settings):
    """Name the topic in another way."""

    def endpoint(app, scan):
        app.state.producer.produce("scan", scan.model_dump_json(), key=scan.parcel)

    return with_producer(settings, endpoint)


@wrong("10.5.1", caught_by="test_q1_a_request_produces_a_message_with_key_and_json")
def scans_app(settings):
    """Use the class of a key, which is the place."""

    def endpoint(app, scan):
        app.state.producer.produce("scans", scan.model_dump_json(), key=scan.place)

    return with_producer(settings, endpoint)


@right("10.5.1")
def scans_app(settings):
    """Keep the producer in a closure, poll after each message, flush at shutdown."""
    kept = {}

    @asynccontextmanager
    async def lifespan(app):
        kept["producer"] = confluent_kafka.Producer(settings)
        try:
            yield
        finally:
            kept.pop("producer").flush()

    app = FastAPI(lifespan=lifespan)

    @app.post("/scans", status_code=202)
    async def add_scan(scan: Scan) -> None:
        value = json.dumps(scan.model_dump()).encode()
        kept["producer"].produce(
            topic="scans", key=scan.parcel.encode(), value=value, on_delivery=print
        )
        kept["producer"].poll(0)

    return app


@wrong("10.5.1", caught_by="test_q1_a_full_queue_is_not_waited_for")
def scans_app(settings):
    """Use the producer for asyncio: what the queue has no place for is lost later."""

    @asynccontextmanager
    async def lifespan(app):
        async with AIOProducer(settings) as producer:
            yield {"producer": producer}

    app = FastAPI(lifespan=lifespan)

    @app.post("/scans", status_code=202)
    async def add_scan(request: Request, scan: Scan) -> None:
        await request.state.producer.produce(
            "scans", value=scan.model_dump_json(), key=scan.parcel
        )

    return app


@right("10.5.1")
def scans_app(settings):
    """Poll when the queue is full, and try again."""

    def endpoint(app, scan):
        message = {"value": scan.model_dump_json(), "key": scan.parcel}
        try:
            app.state.producer.produce("scans", **message)
        except BufferError:
            app.state.producer.poll(0)
            app.state.producer.produce("scans", **message)

    return with_producer(settings, endpoint)


@right("10.5.1")
def scans_app(settings):
    """Poll in a task, and wait for ten seconds at most."""

    @asynccontextmanager
    async def lifespan(app):
        producer = app.state.producer = Producer(settings)

        async def poll():
            while True:
                producer.poll(0)
                await asyncio.sleep(0.01)

        task = asyncio.create_task(poll())
        yield
        task.cancel()
        producer.flush(10)

    def endpoint(app, scan):
        app.state.producer.produce("scans", scan.model_dump_json(), key=scan.parcel)

    return app_of(lifespan, endpoint)


@right("10.5.1")
def scans_app(settings):
    """Close the producer in a thread, and produce in a thread."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.producer = Producer({**settings, "linger.ms": 50})
        yield
        await asyncio.to_thread(app.state.producer.close)

    app = FastAPI(lifespan=lifespan)

    @app.post("/scans", status_code=202)
    def add_scan(scan: Scan) -> None:
        produce(app, scan)

    return app


OWN = {"auto.offset.reset": "earliest", "enable.auto.commit": False}


def loop(consumer, stop, handle):
    """Call `handle` with each message until `stop` is set, and close the consumer."""
    with consumer:
        consumer.subscribe(["scans"])
        while not stop.is_set():
            message = consumer.poll(0.1)
            if message is not None and not message.error():
                handle(message)


@wrong(
    "10.5.2",
    caught_by="test_q2_after_a_crash_the_next_consumer_reads_the_message_again",
)
def consume_scans(settings, store, stop):
    """Leave the commits to the library."""

    def handle(message):
        if scan := parse_scan(message.value()):
            store(scan)

    loop(Consumer({**settings, "auto.offset.reset": "earliest"}), stop, handle)


@wrong(
    "10.5.2",
    caught_by="test_q2_after_a_crash_the_next_consumer_reads_the_message_again",
)
def consume_scans(settings, store, stop):
    """Commit by hand, and leave auto commit on."""
    consumer = Consumer({**settings, "auto.offset.reset": "earliest"})

    def handle(message):
        if scan := parse_scan(message.value()):
            store(scan)
        consumer.commit(message, asynchronous=False)

    loop(consumer, stop, handle)


@wrong("10.5.2", caught_by="test_q2_an_exception_of_store_passes_through")
def consume_scans(settings, store, stop):
    """Commit before the work."""
    consumer = Consumer({**settings, **OWN})

    def handle(message):
        consumer.commit(message, asynchronous=False)
        if scan := parse_scan(message.value()):
            store(scan)

    loop(consumer, stop, handle)


@wrong("10.5.2", caught_by="test_q2_an_exception_of_store_passes_through")
def consume_scans(settings, store, stop):
    """Commit before the work, without waiting for it."""
    consumer = Consumer({**settings, **OWN})

    def handle(message):
        consumer.commit(message)
        if scan := parse_scan(message.value()):
            store(scan)

    loop(consumer, stop, handle)


@wrong("10.5.2", caught_by="test_q2_an_exception_of_store_passes_through")
def consume_scans(settings, store, stop):
    """Commit in a `finally`."""
    consumer = Consumer({**settings, **OWN})

    def handle(message):
        try:
            if scan := parse_scan(message.value()):
                store(scan)
        finally:
            consumer.commit(message, asynchronous=False)

    loop(consumer, stop, handle)


@wrong("10.5.2", caught_by="test_q2_an_exception_of_store_passes_through[Crash]")
def consume_scans(settings, store, stop):
    """Catch every exception, so that one scan cannot stop the consumer."""
    consumer = Consumer({**settings, **OWN})

    def handle(message):
        with suppress(Exception):
            store(parse_scan(message.value()))
            consumer.commit(message, asynchronous=False)

    loop(consumer, stop, handle)


@wrong("10.5.2", caught_by="test_q2_an_exception_of_store_passes_through[Crash]")
def consume_scans(settings, store, stop):
    """Try three times to store a scan."""
    consumer = Consumer({**settings, **OWN})

    def handle(message):
        scan = parse_scan(message.value())
        for attempt in range(3):
            try:
                if scan:
                    store(scan)
                break
            except Exception:
                if attempt == 2:
                    raise
        consumer.commit(message, asynchronous=False)

    loop(consumer, stop, handle)


@wrong("10.5.2", caught_by="test_q2_an_exception_of_store_passes_through[ValueError]")
def consume_scans(settings, store, stop):
    """Treat a ValueError of `store` as a message that is no scan."""
    consumer = Consumer({**settings, **OWN})

    def handle(message):
        with suppress(ValueError):
            store(Scan.model_validate_json(message.value() or b""))
        consumer.commit(message, asynchronous=False)

    loop(consumer, stop, handle)


@wrong(
    "10.5.2",
    caught_by="test_q2_an_exception_of_store_passes_through[ValidationError]",
)
def consume_scans(settings, store, stop):
    """Treat a ValidationError of `store` as a message that is no scan."""
    consumer = Consumer({**settings, **OWN})

    def handle(message):
        with suppress(ValidationError):
            store(Scan.model_validate_json(message.value() or b""))
        consumer.commit(message, asynchronous=False)

    loop(consumer, stop, handle)


@wrong(
    "10.5.2",
    caught_by="test_q2_an_exception_of_store_passes_through[KeyboardInterrupt]",
)
def consume_scans(settings, store, stop):
    """End without an exception after Ctrl-C."""
    consumer = Consumer({**settings, **OWN})

    def handle(message):
        if scan := parse_scan(message.value()):
            store(scan)
        consumer.commit(message, asynchronous=False)

    with suppress(KeyboardInterrupt):
        loop(consumer, stop, handle)


@wrong(
    "10.5.2", caught_by="test_q2_each_message_is_committed_before_the_next_is_stored"
)
def consume_scans(settings, store, stop):
    """Commit once, at the end."""
    consumer = Consumer({**settings, **OWN})
    consumer.subscribe(["scans"])
    try:
        while not stop.is_set():
            message = consumer.poll(0.1)
            if message is None or message.error():
                continue
            if scan := parse_scan(message.value()):
                store(scan)
    finally:
        with suppress(KafkaException):
            consumer.commit(asynchronous=False)
        consumer.close()


@wrong(
    "10.5.2", caught_by="test_q2_each_message_is_committed_before_the_next_is_stored"
)
def consume_scans(settings, store, stop):
    """Read many messages, and commit where the consumer is, not where the work is."""
    with Consumer({**settings, **OWN}) as consumer:
        consumer.subscribe(["scans"])
        while not stop.is_set():
            for message in consumer.consume(10, 0.5):
                if message.error():
                    continue
                if scan := parse_scan(message.value()):
                    store(scan)
                consumer.commit(asynchronous=False)


@wrong("10.5.2", caught_by="test_q2_all_partitions_are_read_and_committed")
def consume_scans(settings, store, stop):
    """Commit the offset of the message, not the next one."""
    consumer = Consumer({**settings, **OWN})

    def handle(message):
        if scan := parse_scan(message.value()):
            store(scan)
        place = TopicPartition("scans", message.partition(), message.offset())
        consumer.commit(offsets=[place], asynchronous=False)

    loop(consumer, stop, handle)


@wrong("10.5.2", caught_by="test_q2_a_new_group_stores_all_scans_in_order")
def consume_scans(settings, store, stop):
    """Start a new group at the end of the topic, as is the default."""
    consumer = Consumer({**settings, "enable.auto.commit": False})

    def handle(message):
        if scan := parse_scan(message.value()):
            store(scan)
        consumer.commit(message, asynchronous=False)

    loop(consumer, stop, handle)


@wrong("10.5.2", caught_by="test_q2_each_group_reads_on_where_it_stopped")
def consume_scans(settings, store, stop):
    """Start each consumer at the first message."""
    consumer = Consumer({**settings, **OWN})

    def rewind(consumer, places):
        for place in places:
            place.offset = confluent_kafka.OFFSET_BEGINNING
        consumer.incremental_assign(places)

    consumer.subscribe(["scans"], on_assign=rewind)
    with consumer:
        while not stop.is_set():
            message = consumer.poll(0.1)
            if message is None or message.error():
                continue
            if scan := parse_scan(message.value()):
                store(scan)
            consumer.commit(message, asynchronous=False)


@wrong("10.5.2", caught_by="test_q2_each_group_reads_on_where_it_stopped")
def consume_scans(settings, store, stop):
    """Use one group for everybody."""
    consumer = Consumer({**settings, **OWN, "group.id": "labels"})

    def handle(message):
        if scan := parse_scan(message.value()):
            store(scan)
        consumer.commit(message, asynchronous=False)

    loop(consumer, stop, handle)


@wrong(
    "10.5.2", caught_by="test_q2_a_message_that_is_no_scan_is_committed_and_not_stored"
)
def consume_scans(settings, store, stop):
    """Stop at a message that is no scan."""
    consumer = Consumer({**settings, **OWN})

    def handle(message):
        store(Scan.model_validate_json(message.value()))
        consumer.commit(message, asynchronous=False)

    loop(consumer, stop, handle)


@wrong(
    "10.5.2", caught_by="test_q2_a_message_that_is_no_scan_is_committed_and_not_stored"
)
def consume_scans(settings, store, stop):
    """Do not commit a message that is no scan."""
    consumer = Consumer({**settings, **OWN})

    def handle(message):
        if scan := parse_scan(message.value()):
            store(scan)
            consumer.commit(message, asynchronous=False)

    loop(consumer, stop, handle)


@wrong("10.5.2", caught_by="test_q2_a_message_with_an_error_is_passed_over")
def consume_scans(settings, store, stop):
    """Take every message for a scan."""
    with Consumer({**settings, **OWN}) as consumer:
        consumer.subscribe(["scans"])
        while not stop.is_set():
            if message := consumer.poll(0.1):
                if scan := parse_scan(message.value()):
                    store(scan)
                consumer.commit(message, asynchronous=False)


@wrong("10.5.2", caught_by="test_q2_a_message_with_an_error_is_passed_over")
def consume_scans(settings, store, stop):
    """Parse every message, and commit what the consumer has read."""
    with Consumer({**settings, **OWN}) as consumer:
        consumer.subscribe(["scans"])
        while not stop.is_set():
            if message := consumer.poll(0.1):
                if scan := parse_scan(message.value()):
                    store(scan)
                with suppress(KafkaException):
                    consumer.commit(asynchronous=False)


@wrong("10.5.2", caught_by="test_q2_a_message_with_an_error_is_passed_over")
def consume_scans(settings, store, stop):
    """Pass over the end of a partition, and raise each other error."""
    with Consumer({**settings, **OWN}) as consumer:
        consumer.subscribe(["scans"])
        while not stop.is_set():
            message = consumer.poll(0.1)
            if message is None:
                continue
            if error := message.error():
                if error.code() == confluent_kafka.KafkaError._PARTITION_EOF:
                    continue
                raise KafkaException(error)
            if scan := parse_scan(message.value()):
                store(scan)
            consumer.commit(message, asynchronous=False)


@wrong("10.5.2", caught_by="test_q2_a_new_group_stores_all_scans_in_order")
def consume_scans(settings, store, stop):
    """Read each topic whose name begins with `scans`."""
    with Consumer({**settings, **OWN}) as consumer:
        consumer.subscribe(["^scans"])
        while not stop.is_set():
            message = consumer.poll(0.1)
            if message is None or message.error():
                continue
            if scan := parse_scan(message.value()):
                store(scan)
            consumer.commit(message, asynchronous=False)


@wrong("10.5.2", caught_by="test_q2_a_message_with_an_error_is_passed_over")
def consume_scans(settings, store, stop):
    """End at a message with an error."""
    with Consumer({**settings, **OWN}) as consumer:
        consumer.subscribe(["scans"])
        while not stop.is_set():
            message = consumer.poll(0.1)
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            if scan := parse_scan(message.value()):
                store(scan)
            consumer.commit(message, asynchronous=False)


@wrong("10.5.2", caught_by="test_q2_the_consumer_returns_when_stop_is_set")
def consume_scans(settings, store, stop):
    """Wait for a message without an end."""
    with Consumer({**settings, **OWN}) as consumer:
        consumer.subscribe(["scans"])
        while not stop.is_set():
            message = consumer.poll()
            if message.error():
                continue
            if scan := parse_scan(message.value()):
                store(scan)
            consumer.commit(message, asynchronous=False)


@wrong("10.5.2", caught_by="test_q2_a_new_group_stores_all_scans_in_order")
def consume_scans(settings, store, stop):
    """Return when there is no message for a moment."""
    with Consumer({**settings, **OWN}) as consumer:
        consumer.subscribe(["scans"])
        while (message := consumer.poll(1)) is not None and not stop.is_set():
            if message.error():
                continue
            if scan := parse_scan(message.value()):
                store(scan)
            consumer.commit(message, asynchronous=False)
            if not consumer.poll(0.2):
                return


@wrong("10.5.2", caught_by="test_q2_the_consumer_returns_when_stop_is_set")
def consume_scans(settings, store, stop):
    """Forget `stop`."""
    with Consumer({**settings, **OWN}) as consumer:
        consumer.subscribe(["scans"])
        while True:
            message = consumer.poll(0.1)
            if message is None or message.error():
                continue
            if scan := parse_scan(message.value()):
                store(scan)
            consumer.commit(message, asynchronous=False)


@wrong(
    "10.5.2",
    caught_by="test_q2_after_a_crash_the_next_consumer_reads_the_message_again",
)
def consume_scans(settings, store, stop):
    """Close the consumer at the end only."""
    consumer = Consumer({**settings, **OWN})
    consumer.subscribe(["scans"])
    while not stop.is_set():
        message = consumer.poll(0.1)
        if message is None or message.error():
            continue
        if scan := parse_scan(message.value()):
            store(scan)
        consumer.commit(message, asynchronous=False)
    consumer.close()


@right("10.5.2")
def consume_scans(settings, store, stop):
    """Commit offsets by hand, and close in a `finally`."""
    settings = dict(settings)
    settings["auto.offset.reset"] = "smallest"
    settings["enable.auto.commit"] = "false"
    consumer = confluent_kafka.Consumer(settings)
    try:
        consumer.subscribe(topics=["scans"])
        while True:
            if stop.is_set():
                break
            message = consumer.poll(timeout=0.5)
            if message is None or message.error() is not None:
                continue
            match parse_scan(message.value()):
                case Scan() as scan:
                    store(scan)
            consumer.commit(
                offsets=[
                    TopicPartition(
                        message.topic(), message.partition(), message.offset() + 1
                    )
                ],
                asynchronous=False,
            )
    finally:
        consumer.close()


@wrong("10.5.2", caught_by="test_q2_the_next_store_waits_for_the_commit")
def consume_scans(settings, store, stop):
    """Let the library commit every millisecond what has been stored."""
    own = {"enable.auto.offset.store": False, "auto.commit.interval.ms": 1}
    consumer = Consumer({**settings, "auto.offset.reset": "earliest", **own})

    def handle(message):
        if scan := parse_scan(message.value()):
            store(scan)
        consumer.store_offsets(message)

    loop(consumer, stop, handle)


@wrong("10.5.2", caught_by="test_q2_the_next_store_waits_for_the_commit[no scan]")
def consume_scans(settings, store, stop):
    """Do not wait for the commit of a message that is no scan."""

    def handle(message):
        scan = parse_scan(message.value())
        if scan is not None:
            store(scan)
        consumer.commit(message, asynchronous=scan is None)

    consumer = Consumer({**settings, **OWN})
    loop(consumer, stop, handle)


@wrong("10.5.2", caught_by="test_q2_no_message_is_committed_without_its_store")
def consume_scans(settings, store, stop):
    """Leave out the last call of `store`, and commit all the same."""

    def handle(message):
        scan = parse_scan(message.value())
        if scan is not None and not stop.is_set():
            store(scan)
        consumer.commit(message, asynchronous=False)

    consumer = Consumer({**settings, **OWN})
    loop(consumer, stop, handle)


@right("10.5.2")
def consume_scans(settings, store, stop):
    """Look at `stop` again before the call of `store`."""

    def handle(message):
        scan = parse_scan(message.value())
        if stop.is_set():
            return
        if scan is not None:
            store(scan)
        consumer.commit(message, asynchronous=False)

    consumer = Consumer({**settings, **OWN})
    loop(consumer, stop, handle)


@right("10.5.2")
def consume_scans(settings, store, stop):
    """Store the offset after the work, and commit what is stored."""
    own = {**OWN, "enable.auto.offset.store": False}
    consumer = Consumer({**settings, **own})

    def handle(message):
        if scan := parse_scan(message.value()):
            store(scan)
        consumer.store_offsets(message)
        consumer.commit(asynchronous=False)

    loop(consumer, stop, handle)


@right("10.5.2")
def consume_scans(settings, store, stop):
    """Read several messages at once, and commit each of them."""
    with closing(Consumer(settings, **OWN)) as consumer:
        consumer.subscribe(["scans"])
        while not stop.is_set():
            for message in consumer.consume(5, 0.2):
                if stop.is_set():
                    break
                if message.error():
                    continue
                if scan := parse_scan(message.value()):
                    store(scan)
                consumer.commit(message=message, asynchronous=False)


@wrong("10.5.2", caught_by="test_q2_the_next_store_waits_for_the_commit")
def consume_scans(settings, store, stop):
    """Start the commit, and do not wait for it."""
    consumer = Consumer({**settings, **OWN})

    def handle(message):
        if scan := parse_scan(message.value()):
            store(scan)
        consumer.commit(message)

    loop(consumer, stop, handle)


@wrong(
    "10.5.2",
    caught_by="test_q2_a_message_that_is_no_scan_is_committed_and_not_stored[None]",
)
def consume_scans(settings, store, stop):
    """Take a message without a value for no message."""
    with Consumer({**settings, **OWN}) as consumer:
        consumer.subscribe(["scans"])
        while not stop.is_set():
            message = consumer.poll(0.1)
            if not message or message.error():
                continue
            if scan := parse_scan(message.value()):
                store(scan)
            consumer.commit(message, asynchronous=False)


@wrong(
    "10.5.3", caught_by="test_q3_what_the_consumers_read_is_predicted[labels, morning]"
)
def benefits():
    """Believe that a message without a consumer is lost."""
    return {
        "labels, morning": [],
        "labels, evening": ["A2"],
        "billing, evening": ["A1", "D1", "A2"],
        "three consumers": 2,
        "reader of A1": ["A1", "A2", "A3"],
    }


@wrong(
    "10.5.3", caught_by="test_q3_what_the_consumers_read_is_predicted[labels, evening]"
)
def benefits():
    """Believe that a group reads everything again."""
    return {
        "labels, morning": ["A1", "D1"],
        "labels, evening": ["A1", "D1", "A2"],
        "billing, evening": ["A1", "D1", "A2"],
        "three consumers": 2,
        "reader of A1": ["A1", "A2", "A3"],
    }


@wrong(
    "10.5.3", caught_by="test_q3_what_the_consumers_read_is_predicted[billing, evening]"
)
def benefits():
    """Believe that reading deletes."""
    return {
        "labels, morning": ["A1", "D1"],
        "labels, evening": ["A2"],
        "billing, evening": [],
        "three consumers": 2,
        "reader of A1": ["A1", "A2", "A3"],
    }


@wrong(
    "10.5.3", caught_by="test_q3_what_the_consumers_read_is_predicted[three consumers]"
)
def benefits():
    """Believe that all consumers of a group work."""
    return {
        "labels, morning": ["A1", "D1"],
        "labels, evening": ["A2"],
        "billing, evening": ["A1", "D1", "A2"],
        "three consumers": 3,
        "reader of A1": ["A1", "A2", "A3"],
    }


@wrong("10.5.3", caught_by="test_q3_what_the_consumers_read_is_predicted[reader of A1]")
def benefits():
    """Believe that messages are dealt in turn."""
    return {
        "labels, morning": ["A1", "D1"],
        "labels, evening": ["A2"],
        "billing, evening": ["A1", "D1", "A2"],
        "three consumers": 2,
        "reader of A1": ["A1", "A2"],
    }


@right("10.5.3")
def benefits():
    """Predict other sequences of the same values."""
    kept = "A1", "D1"
    return {
        "labels, morning": [*kept],
        "labels, evening": list(("A2",)),
        "billing, evening": [*kept, "A2"],
        "three consumers": len(kept),
        "reader of A1": [f"A{number}" for number in (1, 2, 3)],
    }
