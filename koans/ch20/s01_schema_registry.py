"""20.1  Pydantic with a schema registry.

Ships report the whales that they see, as messages in Avro. A schema registry stores
every version of the schema, so that each message can be read.
Notes: content/docs/pydantic-with-schema-registry/integration.md
"""

from collections.abc import Callable, Iterable

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import (
    MessageField,
    SerializationContext,
    SerializationError,
)
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from sensei import ___


def compatibility() -> dict[str, str]:
    """20.1.1  Why is a schema registry important in event-driven architectures?

    The old schema has two fields without a default: `species` (string) and `number`
    (int). A key below says what is different in the new schema. Services with the old
    and with the new schema send messages to each other. Predict who can read them.

    - "new reads old": only services with the new schema can read messages of the other
      schema.
    - "old reads new": only services with the old schema can.
    - "both" or "neither": all of them can, or none of them.

    Given:
        A service reads a message with two schemas: the schema of the message, which it
        gets from the schema registry, and its own schema.
        Fields are found by their names. A field of the service's own schema that the
        message does not have gets its default.
        An int can be read as a long. A long cannot be read as an int.

    Example:
        "a doc text is added" is "both".
    """
    return {
        "`sea` with a default is added": ___,
        "`sea` without a default is added": ___,
        "`number` is removed": ___,
        "`number` is renamed to `count`": ___,
        "`number` becomes a long": ___,
        "`number` comes before `species`": ___,
    }


class Sighting(BaseModel):
    """Some whales that a ship has seen."""

    species: str
    number: int = Field(ge=1, lt=2**31)
    seen_at: AwareDatetime
    sea: str


# The Avro schema of a `Sighting`. `timestamp-millis` is a `datetime` in Python. Old
# messages have no `sea`: Avro gives them the default.
SCHEMA = """{"type": "record", "name": "Sighting", "fields": [
    {"name": "species", "type": "string"},
    {"name": "number", "type": "int"},
    {"name": "seen_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "sea", "type": "string", "default": "unknown"}
]}"""

# Tells a serializer that it makes the value of a message of the topic "sightings".
CONTEXT = SerializationContext("sightings", MessageField.VALUE)


class Codec:
    """20.1.2  How can Pydantic models be used with Avro schemas and a schema registry?

    Write the code with which services send and receive sightings. `registry` is a
    client of the schema registry.

    - `encode(sighting)` returns a message in Confluent's wire format: a zero byte, the
      id of the schema in the registry as four bytes, and the sighting in Avro by
      `SCHEMA`.
    - When `encode` returns, the registry has `SCHEMA` in the subject "sightings-value".
      The subject may have other versions, too.
    - `decode(message)` returns a `Sighting`. The message may be written with another
      schema of the registry, in any subject. Read it by the schema that its id names,
      and resolve it to `SCHEMA`.
    - If Avro cannot resolve it, `decode` raises an exception. If the model does not
      allow a value, `decode` raises `ValidationError`.

    Given, with a dictionary `fields`:
        AvroSerializer(registry, SCHEMA)(fields, CONTEXT)     ->  the message
        AvroDeserializer(registry, SCHEMA)(message, CONTEXT)  ->  fields, by `SCHEMA`

    Example of a message with the id 7, as hexadecimal digits:
        00  00 00 00 07  08 6f 72 63 61 ...
    """

    def __init__(self, registry: SchemaRegistryClient) -> None:
        raise NotImplementedError

    def encode(self, sighting: Sighting) -> bytes:
        """Return the message for a sighting."""
        raise NotImplementedError

    def decode(self, message: bytes) -> Sighting:
        """Return the sighting in a message."""
        raise NotImplementedError


def consume(
    messages: Iterable[bytes],
    decode: Callable[[bytes], dict[str, object]],
    store: Callable[[Sighting], None],
    reject: Callable[[bytes, str], None],
) -> None:
    """20.1.3  What are the benefits of schema validation in message-based systems?

    A consumer gets messages from many ships. Some cannot be read, others have values
    that are not allowed. Handle each message before you take the next one: `messages`
    may wait for it.

    - `decode(message)` returns the fields of a sighting. Create the `Sighting` from
      them, and give it to `store`.
    - If `decode` raises `SerializationError`, or the model raises `ValidationError`,
      call `reject(message, reason)` instead. The reason is `str` of the exception. Then
      go on with the next message.
    - Every other exception passes through, and so does every exception of `messages`,
      `store` and `reject`.

    Given:
        `decode` does not raise `ValidationError`.

    Example:
        decode(b"hello") raises SerializationError("Invalid magic byte")
            ->  reject(b"hello", "Invalid magic byte")
    """
    raise NotImplementedError
