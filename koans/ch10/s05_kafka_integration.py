"""10.5  Kafka Integration.

Kafka keeps messages in topics. Producers append messages; consumers read them, each
group at its own pace. The library is `confluent-kafka`.
Notes: content/docs/integrations-and-architectures/kafka-integration.md
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import Event
from typing import Any

from confluent_kafka import Consumer, Producer
from fastapi import FastAPI
from pydantic import BaseModel, ValidationError

from sensei import ___


class Scan(BaseModel):
    """A parcel was scanned at a place."""

    parcel: str
    place: str


def scans_app(settings: dict[str, Any]) -> FastAPI:
    """10.5.1  How do you produce messages to a Kafka topic from a FastAPI app?

    Complete the application of a parcel service. `settings` is for the `Producer`,
    such as `{"bootstrap.servers": "localhost:9092"}`.

    - `POST /scans` produces one message to the topic `scans`, and never waits for
      Kafka. The key is the parcel. The value is the scan as a JSON object.
    - The lifespan creates one `Producer(settings)` at start-up. All requests use it.
    - At shutdown, the lifespan waits until Kafka has all messages.

    Given:
        The queue of a producer holds 100,000 messages, unless `settings` says
        otherwise. A delivered message stays in it until the next `poll(0)`.
        If the queue is full, `produce` raises BufferError, and the request fails.
        A time limit at shutdown, such as 10 seconds, is allowed.

    Example:
        POST /scans  {"parcel": "P-7", "place": "Oslo"}  ->  202
            message: key "P-7", value {"parcel": "P-7", "place": "Oslo"}
    """

    app = FastAPI()

    @app.post("/scans", status_code=202)
    async def add_scan(scan: Scan) -> None:
        raise NotImplementedError

    return app


def parse_scan(value: bytes | None) -> Scan | None:
    """Return the scan in the value of a message, or None if the value is not a scan."""
    try:
        return Scan.model_validate_json(value or b"")
    except ValidationError:
        return None


def consume_scans(
    settings: dict[str, Any], store: Callable[[Scan], None], stop: Event
) -> None:
    """10.5.2  Write a Kafka consumer that processes messages from a topic.

    Read the topic `scans` with a `Consumer`, and call `store` with each scan, one after
    the other. `settings` holds the address of Kafka, the group of the consumer, and
    "group.protocol". Pass all of it to the `Consumer`, and add the settings you need.

    - If the group has not committed an offset yet, start with the oldest message.
    - Commit each message after `store` has returned, never earlier. The commit has
      arrived before `store` is called again.
    - If `parse_scan` returns None, do not call `store`. Commit the message, and go on.
    - If `store` raises any exception, do not commit the message. Close the consumer,
      and let the exception pass through. Then others can read the message at once.
    - When `stop` is set, close the consumer, and return. If `store` is running then,
      this is its last call.

    Given:
        `poll` can return None, or a message with an `error()`, of any kind. Neither is
        a message of the topic: do not pass it to `parse_scan`, and poll again.
        A message whose value is None is falsy. Write `if message is None`.
    """
    raise NotImplementedError


def send(servers: str, *scans: str) -> None:
    """Produce scans such as "A1", the first scan of parcel A. The key is the parcel."""
    with Producer({"bootstrap.servers": servers}) as producer:
        for scan in scans:
            producer.produce("scans", scan, key=scan[0])


def read(servers: str, group: str) -> list[str]:
    """Read as a consumer of this group until no message is left; commit, and close."""
    address = {"bootstrap.servers": servers, "group.id": group}
    own = {"auto.offset.reset": "earliest", "enable.partition.eof": True}
    values: list[str] = []
    with Consumer({**address, **own, "group.protocol": "consumer"}) as consumer:
        consumer.subscribe(["scans"])
        while (message := consumer.poll()) and not message.error():
            values.append((message.value() or b"").decode())
    return values


def day(servers: str) -> dict[str, list[str]]:
    """Return what the groups `labels` and `billing` read on one day."""
    seen: dict[str, list[str]] = {}
    send(servers, "A1", "D1")
    seen["labels, morning"] = read(servers, "labels")
    send(servers, "A2")
    seen["labels, evening"] = read(servers, "labels")
    seen["billing, evening"] = read(servers, "billing")
    return seen


def benefits() -> dict[str, list[str] | int]:
    """10.5.3  What are the benefits of using Kafka in an event-driven architecture?

    Predict what the consumers read in two real runs.

    - The first three blanks: write what each call of `read` returns in the first run.
    - "three consumers": write how many of the three get a scan in the second run.
    - "reader of A1": one of them reads "A1". Write all scans that it reads, in order.

    Given:
        First run: `day` runs with an empty topic `scans`, which has one partition.
        Second run: the empty topic `scans` has two partitions. The scans of parcel A
        go to one of them, the scans of parcel D to the other. Three consumers of one
        group wait. Then `send(servers, "A1", "D1", "A2", "D2", "A3")` runs.
    """
    return {
        "labels, morning": ___,
        "labels, evening": ___,
        "billing, evening": ___,
        "three consumers": ___,
        "reader of A1": ___,
    }
