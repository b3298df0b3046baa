"""Of `kafka_cluster`: a broker that clients of Kafka take for a real one."""

import ctypes
import sys
from threading import Thread

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from lab import Ended, Kafka, Record, Unavailable, forked, kafka_cluster

PATIENCE = 30


def consumer(kafka: Kafka, group: str) -> Consumer:
    """Return a consumer that begins at the first message and commits when told to."""
    return Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "group.protocol": "consumer",
        }
    )


def test_a_topic_holds_what_it_is_sent(kafka: Kafka) -> None:
    kafka.create_topic("visits", 3)
    kafka.write("visits", "in", b"out", key="ada")
    kafka.write("visits", "\xfc", None)

    one, two, *others = sorted(kafka.read("visits"), key=lambda one: one.key is None)
    assert (one.key, one.value, two.value) == ("ada", "in", "out")
    assert two == Record("ada", "out", one.partition, one.offset + 1)
    assert {other.value for other in others} == {"\xfc", None}


def test_a_topic_that_does_not_exist_holds_nothing(kafka: Kafka) -> None:
    assert kafka.read("visits") == []
    assert kafka.committed("counters", "visits") == {}


def test_a_topic_is_created_once(kafka: Kafka) -> None:
    kafka.create_topic("visits")
    with pytest.raises(ValueError, match="visits"):
        kafka.create_topic("visits")


def test_a_group_reads_on_where_it_committed(kafka: Kafka) -> None:
    kafka.create_topic("visits", 2)
    kafka.write("visits", "1", "2", "3", key="ada")
    (number,) = {record.partition for record in kafka.read("visits")}

    with consumer(kafka, "counters") as first:
        first.subscribe(["visits"])
        assert len(first.consume(3, PATIENCE)) == 3
        assert kafka.committed("counters", "visits") == {}
        first.commit(offsets=[TopicPartition("visits", number, 2)], asynchronous=False)

    assert kafka.committed("counters", "visits") == {number: 2}
    assert kafka.committed("others", "visits") == {}
    with consumer(kafka, "counters") as second:
        second.subscribe(["visits"])
        (message,) = second.consume(1, PATIENCE)
        assert message.value() == b"3"


def test_two_consumers_of_a_group_share_the_partitions(kafka: Kafka) -> None:
    kafka.create_topic("visits", 2)
    with consumer(kafka, "counters") as one, consumer(kafka, "counters") as other:
        for member in (one, other):
            member.subscribe(["visits"])
        for _ in range(PATIENCE * 10):
            one.poll(0.05)
            other.poll(0.05)
            shares = [len(member.assignment()) for member in (one, other)]
            if shares == [1, 1]:
                break
        assert shares == [1, 1]


def test_a_stopped_broker_takes_nothing_until_it_starts(kafka: Kafka) -> None:
    kafka.create_topic("visits")
    kafka.write("visits", "1")
    kafka.stop()
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    producer.produce("visits", "2")
    assert producer.flush(0.2) == 1

    kafka.start()

    assert producer.flush(PATIENCE) == 0
    assert [record.value for record in kafka.read("visits")] == ["1", "2"]


def test_a_slow_broker_holds_back_its_responses(kafka: Kafka) -> None:
    kafka.create_topic("visits")
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    kafka.slow_down(60_000)
    producer.produce("visits", "1")
    assert producer.flush(0.2) == 1
    kafka.slow_down(0)


def test_connections_are_counted(kafka: Kafka) -> None:
    assert kafka.connections() == 0
    kafka.write("visits", "1", "2")
    first = kafka.connections()
    assert first > 0
    for _ in range(10):
        kafka.write("visits", "3")
    assert kafka.connections() >= first + 10


def test_requests_for_messages_are_counted(kafka: Kafka) -> None:
    kafka.write("visits", "1")
    assert kafka.fetches() == 0
    kafka.read("visits")
    assert kafka.fetches() > 0


def test_one_request_for_messages_fails(kafka: Kafka) -> None:
    kafka.create_topic("visits")
    kafka.write("visits", "in")
    kafka.fail_fetch()
    with consumer(kafka, "counters") as one:
        one.subscribe(["visits"])
        (failed,) = one.consume(1, PATIENCE)
        (message,) = one.consume(1, PATIENCE)
    assert failed.error() is not None
    assert (message.error(), message.value()) == (None, b"in")


def test_the_next_messages_of_a_producer_are_refused(kafka: Kafka) -> None:
    kafka.create_topic("visits")
    reports: list[object] = []
    settings = {"bootstrap.servers": kafka.bootstrap, "enable.idempotence": True}
    with Producer(settings) as one:
        for value in ("in", "out"):
            if value == "in":
                kafka.refuse()
            one.produce(
                "visits", value, on_delivery=lambda error, _: reports.append(error)
            )
            one.flush()
    assert [error is None for error in reports] == [False, True]
    assert [record.value for record in kafka.read("visits")] == ["out"]


def test_it_runs_in_a_forked_process() -> None:
    def call() -> None:
        with kafka_cluster() as cluster:
            cluster.write("visits", "1")
            assert len(cluster.read("visits")) == 1

    with forked(call) as one:
        assert one.report() == Ended()


def test_two_clusters_have_nothing_in_common(kafka: Kafka) -> None:
    with kafka_cluster() as other:
        kafka.write("visits", "1")
        assert other.read("visits") == []


def test_a_consumer_that_outlives_its_cluster_can_be_closed() -> None:
    with kafka_cluster() as cluster:
        cluster.write("visits", "1")
        late = consumer(cluster, "counters")
        late.subscribe(["visits"])
        assert late.consume(1, PATIENCE)
    closing = Thread(target=late.close, daemon=True)
    closing.start()
    closing.join(PATIENCE)
    assert not closing.is_alive()


def test_a_cluster_that_has_stopped_refuses_connections() -> None:
    with kafka_cluster() as cluster:
        pass
    with consumer(cluster, "counters") as late, pytest.raises(KafkaException):
        late.list_topics(timeout=0.2)


def test_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[kafka_cluster.__module__]
    libc = ctypes.CDLL(None)
    monkeypatch.setattr(module.ctypes, "CDLL", lambda name: libc)
    with pytest.raises(Unavailable, match="pip install"), kafka_cluster():
        pass
