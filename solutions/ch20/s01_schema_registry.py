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

    Old services write and read messages with the old schema. It has two fields without
    a default: `species` (string) and `number` (int). New services use a new schema.
    Each key below says how it differs. Predict who can read the other one's messages.

    - "new reads old": new services can read old messages. Old services cannot read new
      messages.
    - "old reads new": old services can read new messages. New services cannot read old
      messages.
    - "both": both directions work. "neither": no direction works.

    Given:
        A service reads a message with two schemas: its own schema, and the schema with
        which the message was written. The registry has both.
        Fields are found by their names. A field that only the service's own schema has
        gets its default. If it has no default, the message cannot be read.
        An int can be read as a long. A long cannot be read as an int.

    Example:
        "a doc text is added" is "both".
    """
    # region answer
    # In words: Producers and consumers are deployed at different times, so old and new
    # messages meet old and new code. A registry stores each version of the schema, and
    # the message has its id. It also refuses a new version that breaks the rule of the
    # subject, before anybody sends it. BACKWARD, the default, means "new reads old",
    # FORWARD "old reads new", FULL both.
    return {
        "`sea` with a default is added": "both",
        "`sea` without a default is added": "old reads new",
        "`number` is removed": "new reads old",
        "`number` is renamed to `count`": "neither",
        "`number` becomes a long": "new reads old",
        "`number` comes before `species`": "both",
    }
    # stub: return {
    # stub:     "`sea` with a default is added": ___,
    # stub:     "`sea` without a default is added": ___,
    # stub:     "`number` is removed": ___,
    # stub:     "`number` is renamed to `count`": ___,
    # stub:     "`number` becomes a long": ___,
    # stub:     "`number` comes before `species`": ___,
    # stub: }
    # endregion


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

    Services send sightings to each other as Avro messages. Write the code that converts
    a sighting to a message and back. `registry` is a client of the schema registry.

    - `encode(sighting)` returns a message in Confluent's wire format: a zero byte, the
      id that `SCHEMA` has in the registry as four bytes, and the sighting in Avro by
      `SCHEMA`.
    - When `encode` returns, the registry has `SCHEMA` in the subject "sightings-value".
      The subject can have other versions, too.
    - `decode(message)` returns the `Sighting`. The writer's schema is the one whose id
      is in the message. It can be any schema of the registry, in any subject. The
      reader's schema is `SCHEMA`.
    - If the registry does not have the id, or if Avro cannot read the message with
      these two schemas, `decode` raises an exception.
    - If the model does not allow a value, `decode` raises `ValidationError`.

    Given, with a dictionary `fields`:
        AvroSerializer(registry, SCHEMA)(fields, CONTEXT)     ->  the message
        AvroDeserializer(registry, SCHEMA)(message, CONTEXT)  ->  fields, by `SCHEMA`

    Example of a message with the id 7, as hexadecimal digits:
        00  00 00 00 07  08 6f 72 63 61 ...
    """

    def __init__(self, registry: SchemaRegistryClient) -> None:
        # region answer
        # In words: Avro says how the bytes look, Pydantic which values are allowed. A
        # dictionary is the bridge: `model_dump()` before Avro, `model_validate()` after
        # it. The serializer registers the schema and puts its id in front of the bytes.
        # The deserializer gets the schema with this id from the registry.
        self._serialize = AvroSerializer(registry, SCHEMA)
        self._deserialize = AvroDeserializer(registry, SCHEMA)
        # endregion

    def encode(self, sighting: Sighting) -> bytes:
        """Return the message for a sighting."""
        # region answer
        message: bytes = self._serialize(sighting.model_dump(), CONTEXT)
        return message
        # endregion

    def decode(self, message: bytes) -> Sighting:
        """Return the sighting in a message."""
        # region answer
        return Sighting.model_validate(self._deserialize(message, CONTEXT))
        # endregion


def consume(
    messages: Iterable[bytes],
    decode: Callable[[bytes], dict[str, object]],
    store: Callable[[Sighting], None],
    reject: Callable[[bytes, str], None],
) -> None:
    """20.1.3  What are the benefits of schema validation in message-based systems?

    A consumer gets messages from many ships. Some cannot be read, others have values
    that are not allowed. Handle each message before you take the next one, because
    `messages` can be an endless stream.

    - Call `decode(message)` once. It returns the fields of a sighting. Create the
      `Sighting` from them, and call `store(sighting)`.
    - If `decode` raises `SerializationError`, or the model raises `ValidationError`,
      call `reject(message, reason)` instead, and go on with the next message. The
      reason is `str` of the exception, unchanged.
    - Every other exception of `decode` passes through, also `KeyboardInterrupt`. So
      does every exception of `messages`, `store` and `reject`.

    Given:
        `decode` does not raise `ValidationError`.

    Example:
        decode(b"hello") raises SerializationError("Invalid magic byte")
            ->  reject(b"hello", "Invalid magic byte")
    """
    # region answer
    # In words: Validate at the border. Then a bad message is found where it arrives,
    # with its reason, and not later in the code that uses it. It must not stop the
    # consumer, so it is stored elsewhere, often in a "dead letter" topic. An error of
    # the database is no fault of the message: it must not be rejected for that.
    for message in messages:
        try:
            sighting = Sighting.model_validate(decode(message))
        except (SerializationError, ValidationError) as error:
            reject(message, str(error))
        else:
            store(sighting)
    # endregion
