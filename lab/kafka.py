"""A Kafka cluster of one broker, in this process.

It is the mock cluster of librdkafka, the library below `confluent-kafka`: it speaks
Kafka's protocol at a port of this machine, and keeps topics, offsets and groups.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from lab.kafka_library import Library, library

# Seconds that the broker gets to answer, however busy the machine is.
_PATIENCE = 30.0
# Milliseconds after which a consumer hears that its group has changed.
_HEARTBEAT = 50
_BROKER = 1
_PRODUCER = 0
# Requests of Kafka's protocol. A client asks first on each connection which versions
# the broker knows.
_PRODUCE, _FETCH, _API_VERSIONS = 0, 1, 18
# "This message has failed its CRC checksum, or is otherwise corrupt."
_INVALID_MESSAGE = 2
# "This record has failed the validation on broker and hence will be rejected."
_INVALID_RECORD = 87


@dataclass(frozen=True)
class Record:
    """A message that a topic holds."""

    key: str | None
    value: str | None
    partition: int
    offset: int


class Kafka:
    """A cluster of one broker; clients reach it at `bootstrap`, "127.0.0.1:45678".

    A topic that a producer names is made with four partitions, unless it exists. Give
    consumers `"group.protocol": "consumer"`, then the members of a group change in no
    time. With the older protocol, clients' default, that takes 44 seconds: the session
    timeout less one.
    """

    def __init__(self, call: Library, cluster: int) -> None:
        self._call = call
        self._cluster = cluster
        self.bootstrap: str = call["mock_cluster_bootstraps"](cluster).decode()

    def create_topic(self, name: str, partitions: int = 1) -> None:
        """Create an empty topic with so many partitions.

        Raises:
            ValueError: there is such a topic.
        """
        if self._call["mock_topic_create"](self._cluster, name.encode(), partitions, 1):
            raise ValueError(f"the topic {name!r} exists, or has no such partitions")

    def stop(self) -> None:
        """Close all connections and accept no more; what topics hold is kept."""
        self._call["mock_broker_set_down"](self._cluster, _BROKER)

    def start(self) -> None:
        """Accept connections again."""
        self._call["mock_broker_set_up"](self._cluster, _BROKER)

    def slow_down(self, milliseconds: int) -> None:
        """Hold back each response for so long; 0 ends it."""
        self._call["mock_broker_set_rtt"](self._cluster, _BROKER, milliseconds)

    def fail_fetch(self) -> None:
        """Answer the next request for messages with an error: they are corrupt.

        A consumer that has read all messages is not told of the error.
        """
        self._fail_next(_FETCH, _INVALID_MESSAGE)

    def refuse(self) -> None:
        """Refuse the messages that a producer sends next: the broker rejects them."""
        self._fail_next(_PRODUCE, _INVALID_RECORD)

    def _fail_next(self, kind: int, code: int) -> None:
        """Answer the next request of this kind with an error."""
        error = ctypes.byref(ctypes.c_int(code))
        self._call["mock_push_request_errors_array"](self._cluster, kind, 1, error)

    def connections(self) -> int:
        """Return how many connections have been opened so far, by all clients.

        One client opens a few; those of `write`, `read` and `committed` count, too.
        """
        return self._count(_API_VERSIONS)

    def fetches(self) -> int:
        """Return how often consumers have asked for messages so far."""
        return self._count(_FETCH)

    def _count(self, kind: int) -> int:
        """Return how many requests of this kind have arrived so far."""
        count = ctypes.c_size_t()
        requests = self._call["mock_get_requests"](self._cluster, ctypes.byref(count))
        found = [
            self._call["mock_request_api_key"](requests[number])
            for number in range(count.value)
        ]
        self._call["mock_request_destroy_array"](requests, count)
        return found.count(kind)

    def write(
        self, topic: str, *values: str | bytes | None, key: str | None = None
    ) -> None:
        """Append messages to a topic, in this order, and wait until they are there.

        Those of one key are in one partition. None is a message without a value.
        """
        producer = Producer({"bootstrap.servers": self.bootstrap})
        for value in values:
            producer.produce(topic, value, key)
        if producer.flush(_PATIENCE):
            raise TimeoutError(f"the topic {topic!r} did not take all messages")

    def read(self, topic: str) -> list[Record]:
        """Return what a topic holds, one partition after the other.

        A topic that does not exist holds nothing. No group is touched.
        """
        with self._consumer("lab") as consumer:
            return [
                record
                for number in _partitions(consumer, topic)
                for record in _records(consumer, topic, number)
            ]

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """Return for each partition the offset from which a group reads on.

        Partitions for which the group has committed no offset are left out.
        """
        with self._consumer(group) as consumer:
            numbers = _partitions(consumer, topic)
            if not numbers:
                return {}
            places = consumer.committed(
                [TopicPartition(topic, number) for number in numbers], timeout=_PATIENCE
            )
            return {one.partition: one.offset for one in places if one.offset >= 0}

    @contextmanager
    def _consumer(self, group: str) -> Iterator[Consumer]:
        """Yield a consumer that joins no group: it only asks about it."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": group,
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 10,
            }
        )
        try:
            yield consumer
        finally:
            consumer.close()


@contextmanager
def kafka_cluster() -> Iterator[Kafka]:
    """Yield a cluster that holds nothing; it is stopped afterwards.

    Raises:
        Unavailable: this system's librdkafka cannot be reached from Python.
    """
    call = library()
    settings = call["conf_new"]()
    call["conf_set_log_cb"](settings, None)  # it would print to stderr
    reason = ctypes.create_string_buffer(512)
    client = call["new"](_PRODUCER, settings, reason, len(reason))
    cluster = call["mock_cluster_new"](client, 1)
    try:
        # Else a group waits three seconds for more consumers.
        call["mock_group_initial_rebalance_delay_ms"](cluster, 0)
        call["mock_set_group_consumer_heartbeat_interval_ms"](cluster, _HEARTBEAT)
        call["mock_start_request_tracking"](cluster)
        yield Kafka(call, cluster)
    finally:
        call["mock_cluster_destroy"](cluster)
        call["destroy"](client)


def _partitions(consumer: Consumer, topic: str) -> list[int]:
    topics = consumer.list_topics(timeout=_PATIENCE).topics
    return sorted(topics[topic].partitions) if topic in topics else []


def _records(consumer: Consumer, topic: str, number: int) -> Iterator[Record]:
    """Yield what one partition holds now."""
    place = TopicPartition(topic, number)
    first, end = consumer.get_watermark_offsets(place, timeout=_PATIENCE)
    place.offset = first
    consumer.assign([place])
    messages = consumer.consume(end - first, _PATIENCE)
    if len(messages) < end - first:
        raise TimeoutError(f"partition {number} of {topic!r} was not read to its end")
    for message in messages:
        if error := message.error():
            raise KafkaException(error)
        offset = cast("int", message.offset())
        yield Record(_text(message.key()), _text(message.value()), number, offset)


def _text(value: object) -> str | None:
    return value.decode(errors="replace") if isinstance(value, bytes) else None
