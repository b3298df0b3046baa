"""The tests of section 20.1."""

import io
import json
import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from itertools import count, zip_longest
from typing import Any

import fastavro
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import SerializationError
from pydantic import ValidationError

from lab import in_words, outcome, returned_or_raised

Fields = list[dict[str, Any]]

SPECIES: dict[str, Any] = {"name": "species", "type": "string"}
NUMBER: dict[str, Any] = {"name": "number", "type": "int"}
SEA: dict[str, Any] = {"name": "sea", "type": "string"}

# The fields of each new schema.
NEW: dict[str, Fields] = {
    "`sea` with a default is added": [SPECIES, NUMBER, SEA | {"default": "unknown"}],
    "`sea` without a default is added": [SPECIES, NUMBER, SEA],
    "`number` is removed": [SPECIES],
    "`number` is renamed to `count`": [SPECIES, NUMBER | {"name": "count"}],
    "`number` becomes a long": [SPECIES, NUMBER | {"type": "long"}],
    "`number` comes before `species`": [NUMBER, SPECIES],
}
LOOK = {
    "`sea` with a default is added": "who needs a value for `sea`, and at its default",
    "`sea` without a default is added": "who needs a value for `sea`",
    "`number` is removed": "who needs a value for `number`",
    "`number` is renamed to `count`": "how fields are found, below `Given`",
    "`number` becomes a long": "the last line of `Given`",
    "`number` comes before `species`": "how fields are found, below `Given`",
}
FORMS = ("new reads old", "old reads new", "both", "neither")


def record(fields: Fields) -> Any:
    """Return the Avro schema of a sighting with these fields."""
    one = {"type": "record", "name": "Sighting", "fields": fields}
    return fastavro.parse_schema(one)


def can_read(writer: Fields, reader: Fields) -> bool:
    """Return whether a service with one schema reads a message of the other one."""
    values = {"species": "orca", "number": 3, "count": 3, "sea": "Kara Sea"}
    message = io.BytesIO()
    fields = {one["name"]: values[one["name"]] for one in writer}
    fastavro.schemaless_writer(message, record(writer), fields)
    message.seek(0)
    try:
        fastavro.schemaless_reader(message, record(writer), record(reader))
    except fastavro.read.SchemaResolutionError:
        return False
    return True


@cache
def seen_in_run(blank: str) -> str:
    """Return which services really can read; no answer has a part in it."""
    old, new = [SPECIES, NUMBER], NEW[blank]
    names = {
        (True, True): "both",
        (True, False): "new reads old",
        (False, True): "old reads new",
        (False, False): "neither",
    }
    return names[can_read(old, new), can_read(new, old)]


@pytest.mark.parametrize("blank", NEW)
def test_q1_the_readers_are_predicted(answers: Any, blank: str) -> None:
    predictions = answers.compatibility()
    is_there = isinstance(predictions, dict) and blank in predictions
    assert is_there, (
        f"`compatibility()` returned {in_words(predictions)}, without {blank!r}. The "
        "docstring asks for the six predictions of the stub. Look at the keys."
    )
    predicted = predictions[blank]
    assert predicted == seen_in_run(blank), (
        f"{blank!r}: you predicted {in_words(predicted)}. The real run came out "
        f"differently. The docstring asks for one of {', '.join(map(repr, FORMS))}. "
        f"Look at {LOOK[blank]}."
    )


SEEN_AT = datetime(2026, 5, 4, 3, 2, 1, 123000, tzinfo=UTC)
TIME = {"type": "long", "logicalType": "timestamp-millis"}
SEEN = {"name": "seen_at", "type": TIME}
names = count()


@pytest.fixture
def registry() -> SchemaRegistryClient:
    """Return a client of an empty registry."""
    return new_registry()


def new_registry(last_id: int = 0) -> SchemaRegistryClient:
    """Return a client of a registry without schemas; the next id is one more."""
    client = SchemaRegistryClient.new_client({"url": f"mock://{next(names)}"})
    client._store.max_id = last_id
    return client


def registered(
    registry: SchemaRegistryClient, schema: Any, subject: str = "sightings-value"
) -> int:
    """Return the id of a schema, which is registered."""
    text = schema if isinstance(schema, str) else json.dumps(schema)
    return registry.register_schema(subject, Schema(text, "AVRO"))


def message_of(schema_id: int, schema: Any, **fields: Any) -> bytes:
    """Return a message in the wire format, made without an answer's code."""
    body = io.BytesIO()
    parsed = json.loads(schema) if isinstance(schema, str) else schema
    fastavro.schemaless_writer(body, fastavro.parse_schema(parsed), fields)
    return b"\0" + schema_id.to_bytes(4, "big") + body.getvalue()


def sighting(answers: Any, **changes: Any) -> Any:
    """Return a sighting."""
    fields = {"species": "orca", "number": 3, "seen_at": SEEN_AT, "sea": "Kara Sea"}
    return answers.Sighting(**(fields | changes))


def encoded(codec: Any, one: Any) -> Any:
    """Return the message for a sighting."""
    message = outcome(lambda: codec.encode(one))
    assert not isinstance(message, Exception), (
        f"`encode` {returned_or_raised(message)}. The docstring asks for a message. "
        "Look at what you give to the serializer, and at the types of the values."
    )
    return message


def test_q2_the_schema_is_registered(
    answers: Any, registry: SchemaRegistryClient
) -> None:
    encoded(answers.Codec(registry), sighting(answers))
    subjects = registry.get_subjects()
    assert subjects == ["sightings-value"], (
        f"After `encode`, the registry has the subjects {in_words(subjects)}. The "
        "docstring asks for 'sightings-value'. Look at the context of the serializer."
    )
    versions = registry.get_versions("sightings-value")
    stored = registry.get_latest_version("sightings-value").schema.schema_str
    is_same = json.loads(stored) == json.loads(answers.SCHEMA) and len(versions) == 1
    assert is_same, (
        f"After `encode`, the subject 'sightings-value' has {len(versions)} versions, "
        f"and the last one is {in_words(stored)}. The docstring asks for `SCHEMA`. "
        "Look at the schema that you give to the serializer."
    )


NORWAY = timezone(timedelta(hours=2))
SIGHTINGS: list[dict[str, Any]] = [
    {},
    {"number": 300, "species": "baleine à bosse", "sea": ""},
    {"number": 2**31 - 1, "sea": "unknown", "seen_at": SEEN_AT.astimezone(NORWAY)},
    {"number": 1, "seen_at": SEEN_AT.replace(year=1969)},
]


@pytest.mark.parametrize("last_id", [0, 300, 70_000, 2**31 - 10])
def test_q2_the_message_is_in_the_wire_format(answers: Any, last_id: int) -> None:
    registry = new_registry(last_id)
    codec = answers.Codec(registry)
    for changes in SIGHTINGS:
        one = sighting(answers, **changes)
        message = encoded(codec, one)
        check_message(answers, registry, message, one)


def test_q2_another_version_of_the_schema_does_not_matter(
    answers: Any, registry: SchemaRegistryClient
) -> None:
    one, codec = sighting(answers), answers.Codec(registry)
    for what in ("first", "next"):
        registered(registry, record([SPECIES, SEEN, NUMBER, SEA | {"doc": what}]))
        message = encoded(codec, one)
        check_message(answers, registry, message, one)


def check_message(
    answers: Any, registry: SchemaRegistryClient, message: object, one: Any
) -> None:
    """Check that this is the message of a sighting."""
    schema_id = registered(registry, answers.SCHEMA)
    asked = message_of(schema_id, answers.SCHEMA, **one.model_dump())
    is_same = message == asked
    assert is_same, (
        f"`encode` returned {in_words(message)}. The docstring asks for "
        f"{in_words(asked)}: a zero byte, the id {schema_id} in four bytes, and the "
        "sighting in Avro. Look at what you give to the serializer."
    )


def check_decoded(answers: Any, seen: Any, what: str, asked: Any) -> None:
    """Check that `decode` returned this sighting."""
    fields = asked.model_dump(mode="json")
    came = returned_or_raised(seen)
    if isinstance(seen, answers.Sighting):  # then show what differs
        got = seen.model_dump(mode="json", warnings=False)
        fields = {name: one for name, one in fields.items() if got[name] != one}
        came = (
            f"returned a `Sighting` with {in_words({one: got[one] for one in fields})}"
        )
    is_right = isinstance(seen, answers.Sighting) and seen == asked
    assert is_right, (
        f"`decode` of {what} {came}. The docstring asks for a `Sighting` with "
        f"{in_words(fields)}. Look at the deserializer and at what it returns."
    )


@pytest.mark.parametrize("changes", SIGHTINGS)
def test_q2_the_sighting_comes_back(
    answers: Any, registry: SchemaRegistryClient, changes: dict[str, Any]
) -> None:
    one = sighting(answers, **changes)
    schema_id = registered(registry, answers.SCHEMA)
    message = message_of(schema_id, answers.SCHEMA, **one.model_dump())
    seen = outcome(lambda: answers.Codec(registry).decode(message))
    check_decoded(answers, seen, "a message by `SCHEMA`", one)


SHIP = {"name": "ship", "type": "string"}
# Schemas of other services, and the sea of their messages.
OTHERS: dict[str, tuple[Fields, str]] = {
    "an old schema without `sea`": ([SPECIES, NUMBER, SEEN], "unknown"),
    "a newer schema with `ship`": ([SHIP, SPECIES, NUMBER, SEEN, SEA], "Kara Sea"),
    "a schema in another order": ([SEEN, SEA, NUMBER, SPECIES], "Kara Sea"),
    # `SCHEMA` can read the same bytes, with another result.
    "a schema with `sea` first": ([SEA, NUMBER, SEEN, SPECIES], "Kara Sea"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_q2_a_message_by_another_schema_is_read(
    answers: Any, registry: SchemaRegistryClient, what: str
) -> None:
    fields, sea = OTHERS[what]
    registered(registry, answers.SCHEMA)
    schema = {"type": "record", "name": "Sighting", "fields": fields}
    values = sighting(answers).model_dump() | {"ship": "Fram"}
    named = {one["name"]: values[one["name"]] for one in fields}
    for subject in ("ships-value", "sightings-value"):
        schema["doc"] = subject  # so that the id is another one
        message = message_of(registered(registry, schema, subject), schema, **named)
        seen = outcome(lambda message=message: answers.Codec(registry).decode(message))  # type: ignore[misc]
        check_decoded(answers, seen, f"a message by {what}", sighting(answers, sea=sea))


def check_refused(seen: object, what: str) -> None:
    """Check that `decode` raised an exception."""
    assert isinstance(seen, Exception), (
        f"`decode` of a message with {what} {returned_or_raised(seen)}. The docstring "
        "asks for an exception. Look at the two schemas with which you read a message."
    )


@pytest.mark.parametrize(("kind", "number"), [("long", 3), ("string", "3")])
def test_q2_a_message_that_cannot_be_resolved_is_refused(
    answers: Any, registry: SchemaRegistryClient, kind: str, number: object
) -> None:
    registered(registry, answers.SCHEMA)
    schema = record([SPECIES, NUMBER | {"type": kind}, SEEN, SEA])
    schema_id = registered(registry, schema)
    values = sighting(answers).model_dump() | {"number": number}
    message = message_of(schema_id, schema, **values)
    seen = outcome(lambda: answers.Codec(registry).decode(message))
    check_refused(seen, f"the number as a {kind}")


def test_q2_a_message_with_an_unknown_id_is_refused(
    answers: Any, registry: SchemaRegistryClient
) -> None:
    unknown = registered(registry, answers.SCHEMA) + 100
    values = sighting(answers).model_dump()
    message = message_of(unknown, answers.SCHEMA, **values)
    seen = outcome(lambda: answers.Codec(registry).decode(message))
    check_refused(seen, f"the unknown id {unknown}")


@pytest.mark.parametrize("last_id", [300, 70_000, 2**31 - 10])
def test_q2_the_id_of_a_message_has_four_bytes(answers: Any, last_id: int) -> None:
    one, registry = sighting(answers), new_registry(last_id)
    schema = record([SPECIES, SEEN, NUMBER])
    schema_id = registered(registry, schema)
    message = message_of(schema_id, schema, **one.model_dump())
    seen = outcome(lambda: answers.Codec(registry).decode(message))
    asked = sighting(answers, sea="unknown")
    check_decoded(answers, seen, f"a message with the id {schema_id}", asked)


def test_q2_one_codec_reads_messages_of_all_schemas(
    answers: Any, registry: SchemaRegistryClient
) -> None:
    codec = answers.Codec(registry)
    schema = {"type": "record", "name": "Sighting", "fields": [SEEN, NUMBER, SPECIES]}
    old = message_of(
        registered(registry, schema), schema, **sighting(answers).model_dump()
    )
    one = sighting(answers, number=5)
    asked = [sighting(answers, sea="unknown"), one, sighting(answers, sea="unknown")]
    for message in (old, encoded(codec, one), old):
        seen = outcome(lambda message=message: codec.decode(message))  # type: ignore[misc]
        check_decoded(answers, seen, "one of three messages", asked.pop(0))


@pytest.mark.parametrize("number", [0, -1])
def test_q2_a_value_that_is_not_allowed_is_refused(
    answers: Any, registry: SchemaRegistryClient, number: int
) -> None:
    schema_id = registered(registry, answers.SCHEMA)
    fields = sighting(answers).model_dump() | {"number": number}
    message = message_of(schema_id, answers.SCHEMA, **fields)
    seen = outcome(lambda: answers.Codec(registry).decode(message))
    assert isinstance(seen, ValidationError), (
        f"`decode` of a message with the number {number} {returned_or_raised(seen)}. "
        "The docstring asks for `ValidationError`, because the model does not allow "
        "it. Look at how you create the `Sighting`."
    )


def test_q2_two_codecs_read_by_their_own_registry(answers: Any) -> None:
    for fields in ([SEEN, NUMBER, SPECIES], [SPECIES, SEEN, NUMBER]):
        registry, schema = new_registry(), record(fields)
        schema_id = registered(registry, schema)  # is 1 in both
        message = message_of(schema_id, schema, **sighting(answers).model_dump())
        seen = outcome(
            lambda registry=registry, message=message: answers.Codec(registry).decode(  # type: ignore[misc]
                message
            )
        )
        asked = sighting(answers, sea="unknown")
        check_decoded(answers, seen, "a message, with one of two registries,", asked)


def test_q2_two_codecs_have_their_own_registry(
    answers: Any, registry: SchemaRegistryClient
) -> None:
    other = new_registry()
    registered(other, record([SPECIES]), "ships-value")
    for one, schema_id in ((registry, 1), (other, 2)):
        codec = answers.Codec(one)
        message = encoded(codec, sighting(answers))
        assert message[:5] == bytes([0, 0, 0, 0, schema_id]), (
            f"Two codecs had two registries. `encode` returned {in_words(message)}. "
            f"Its registry has `SCHEMA` with the id {schema_id}. The docstring asks "
            "for this id. Look at what the codecs share."
        )


class Ship:
    """What `consume` is called with, and what became of each message."""

    def __init__(self, *results: Any) -> None:
        self.log: list[tuple[str, Any]] = []
        self.failing: dict[str, BaseException] = {}
        self.results = {str(at).encode(): one for at, one in enumerate(results)}

    def messages(self) -> Iterator[bytes]:
        """Yield the numbers of the messages, and note when the next one is taken."""
        for message in self.results:
            self.log.append(("take", message))
            yield message
        self._fail("messages")

    def decode(self, message: bytes) -> Any:
        """Return the fields of a message, or raise its exception."""
        self.log.append(("decode", message))
        result = self.results[message]
        if isinstance(result, BaseException):
            raise result
        return result

    def store(self, one: Any) -> None:
        """Note a sighting, or the type of something else."""
        self.log.append(("store", getattr(one, "species", type(one).__name__)))
        self._fail("store")

    def reject(self, message: bytes, reason: str) -> None:
        """Note a message and the reason."""
        self.log.append(("reject", (message, reason)))
        self._fail("reject")

    def _fail(self, name: str) -> None:
        if name in self.failing:
            raise self.failing.pop(name)

    def consumed(self, answers: Any, messages: Iterable[bytes] | None = None) -> object:
        """Return what `consume` returns or raises."""
        given = self.messages() if messages is None else messages
        try:
            return outcome(
                lambda: answers.consume(given, self.decode, self.store, self.reject)
            )
        except KeyboardInterrupt as error:
            return error

    def calls(self) -> list[tuple[str, Any]]:
        """Return the calls of `store` and `reject`."""
        return [entry for entry in self.log if entry[0] in ("store", "reject")]


def fields(species: str, **changes: Any) -> dict[str, Any]:
    """Return the fields of a sighting."""
    values = {"species": species, "number": 3, "seen_at": SEEN_AT, "sea": "unknown"}
    return values | changes


def check_log(ship: Ship, seen: object, given: str, *asked: tuple[str, Any]) -> None:
    """Check what became of the messages."""
    log = ship.calls()
    is_right = log == [*asked] and seen is None
    assert is_right, (
        f"{given}. `consume` {returned_or_raised(seen)}, and called {in_words(log)}. "
        f"The docstring asks for {in_words([*asked])}. Look at what you do with each "
        "message."
    )


def test_q3_the_sightings_are_stored(answers: Any) -> None:
    for names in (["orca", "narwhal", "orca"], ["orca"], []):
        ship = Ship(*[fields(name) for name in names])
        given = f"There were {len(names)} messages, and all were fine"
        asked = [("store", name) for name in names]
        check_log(ship, ship.consumed(answers), given, *asked)


def test_q3_each_message_is_handled_before_the_next_one_is_taken(answers: Any) -> None:
    bad = SerializationError("Invalid magic byte")
    ship = Ship(fields("orca"), bad, fields("narwhal"))
    ship.consumed(answers)
    seen = " ".join(name for name, _ in ship.log)
    asked = "take decode store take decode reject take decode store"
    assert seen == asked, (
        f"The second of three messages was bad. The order was {in_words(seen)}. The "
        f"docstring asks for {in_words(asked)}. Look at when you take a message from "
        "`messages`, and how often you call `decode`."
    )


def refused(answers: Any, values: dict[str, Any]) -> str:
    """Return why the model refuses these values."""
    return str(outcome(lambda: answers.Sighting.model_validate(values)))


class UnknownSchema(SerializationError):
    """No schema has the id of a message."""

    def __str__(self) -> str:
        """Return the reason in words."""
        return f"  Unknown schema:\n{self.args[0]}\n"


def caused(error: Exception) -> Exception:
    """Return an exception that was raised because of another one."""
    error.__cause__ = error.__context__ = KeyError("magic")
    return error


BAD: dict[str, Any] = {
    "was not readable": SerializationError("Invalid magic byte"),
    "was not readable because of another exception": caused(
        SerializationError("Too old")
    ),
    "raised a subclass of `SerializationError`": UnknownSchema(7),
    "raised an exception without a text": SerializationError(),
    "raised an exception with a long text": SerializationError("Too old. " * 2000),
    "had the number 0": fields("orca", number=0),
    "had two bad values": fields("orca", number=-5, seen_at="today"),
    "had the number None": fields("orca", number=None),
    "had no fields": {},
}


@pytest.mark.parametrize("what", BAD)
def test_q3_a_bad_message_is_rejected_with_its_reason(answers: Any, what: str) -> None:
    bad = BAD[what]
    reason = str(bad) if isinstance(bad, Exception) else refused(answers, bad)
    good = [fields("orca"), fields("narwhal")]
    for place in (0, 1, 2):
        ship = Ship(*good[:place], bad, *good[place:])
        asked: list[tuple[str, Any]] = [("store", "orca"), ("store", "narwhal")]
        asked.insert(place, ("reject", (str(place).encode(), reason)))
        seen = ship.consumed(answers)
        check_log(ship, seen, f"Message {place + 1} of 3 {what}", *asked)


def test_q3_a_sighting_has_the_values_of_its_message(answers: Any) -> None:
    given = [
        fields("orca"),
        fields("narwhal", sea="Kara Sea", number=2**31 - 1),
        fields("orca", number="1", seen_at="2026-05-04T03:02:01Z", ship="Fram"),
    ]
    ship, stored = Ship(*given), []
    ship.store = stored.append  # type: ignore[method-assign, assignment]
    ship.consumed(answers)
    for values, one in zip_longest(given, stored):
        asked = answers.Sighting(**values)
        is_same = one == asked
        assert is_same, (
            f"`store` was called with {in_words(one)}. The docstring asks for "
            f"{in_words(asked)}. Look at how you create the `Sighting`."
        )


def test_q3_equal_and_empty_messages_are_messages_too(answers: Any) -> None:
    ship, bad = Ship(), SerializationError("Invalid magic byte")
    spaces = b" " * 20
    ship.results = {b"orca": fields("orca"), b"": bad, spaces: bad}
    seen = ship.consumed(answers, [b"orca", b"orca", b"", b"", spaces, b"orca"])
    rejected = [("reject", (one, str(bad))) for one in (b"", b"", spaces)]
    stored = ("store", "orca")
    given = "Three of six messages were equal, two empty, and one had spaces only"
    check_log(ship, seen, given, stored, stored, *rejected, stored)


def test_q3_decode_decides_what_can_be_read(answers: Any) -> None:
    ship = Ship()
    ship.results = {b"": fields("orca"), b"null": fields("narwhal")}
    seen = ship.consumed(answers, iter(ship.results))
    asked = [("store", "orca"), ("store", "narwhal")]
    check_log(ship, seen, "`decode` returned fields for b'' and b'null'", *asked)


def test_q3_several_bad_messages_are_rejected(answers: Any) -> None:
    bad = SerializationError("Invalid magic byte")
    ship = Ship(bad, fields("orca", number=-1), bad, fields("orca"))
    reason = refused(answers, fields("orca", number=-1))
    asked = [
        ("reject", (b"0", str(bad))),
        ("reject", (b"1", reason)),
        ("reject", (b"2", str(bad))),
        ("store", "orca"),
    ]
    check_log(ship, ship.consumed(answers), "Three of four messages were bad", *asked)


def test_q3_any_number_of_bad_messages_is_rejected(answers: Any) -> None:
    bad = SerializationError("Invalid magic byte")
    ship = Ship(*[bad] * 300, fields("orca"))
    seen = ship.consumed(answers)
    calls = [name for name, _ in ship.calls()]
    is_right = seen is None and calls == ["reject"] * 300 + ["store"]
    assert is_right, (
        "A good message came after 300 bad ones. `consume` "
        f"{returned_or_raised(seen)}, after {calls.count('reject')} calls of `reject` "
        f"and {calls.count('store')} of `store`. The docstring asks for 300 and 1. "
        "Look at what you do after a bad message."
    )


OTHER = [
    KeyboardInterrupt("Ctrl-C"),
    ConnectionError("The registry does not respond."),
    TimeoutError("The registry does not respond."),
    SchemaRegistryError(500, 50001, "Error in the backend"),
    KafkaException("The broker does not respond."),
    ValueError("wrong"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    json.JSONDecodeError("Expecting value", "", 0),
    TypeError("wrong"),
    AttributeError("wrong"),
    KeyError("sea"),
    IndexError("wrong"),
    EOFError("wrong"),
    struct.error("unpack requires a buffer of 5 bytes"),
    fastavro.read.SchemaResolutionError("wrong"),
    RuntimeError("wrong"),
]


def test_q3_another_exception_of_decode_passes_through(answers: Any) -> None:
    for error in OTHER:
        ship = Ship(fields("orca"), error, fields("narwhal"))
        check_passes(ship, ship.consumed(answers), "decode", error, ("store", "orca"))


def check_passes(
    ship: Ship, seen: object, name: str, error: BaseException, *asked: tuple[str, Any]
) -> None:
    """Check that an exception passed through, and what was called before."""
    log = ship.calls()
    is_right = seen is error and log == [*asked]
    asks = "this exception passes through"
    if seen is error:
        asks = f"only {in_words([*asked])} are called before"
    assert is_right, (
        f"`{name}` raised {in_words(error)}. `consume` {returned_or_raised(seen)}, and "
        f"called {in_words(log)}. The docstring asks that {asks}. "
        "Look at what your `try` contains, and which exceptions it handles."
    )


def every(answers: Any) -> list[Any]:
    """Return exceptions that pass through, unless they are those of the message."""
    too_large = SerializationError("The message is too large.")
    return [too_large, outcome(lambda: answers.Sighting()), *OTHER]


RESULTS = {
    "a sighting": (fields("orca"), ("store", "orca")),
    "a bad message": (SerializationError("Bad"), ("reject", (b"0", "Bad"))),
}


@pytest.mark.parametrize("what", RESULTS)
def test_q3_an_exception_of_messages_passes_through(answers: Any, what: str) -> None:
    result, called = RESULTS[what]
    for error in every(answers):
        ship = Ship(result)
        ship.failing["messages"] = error
        check_passes(ship, ship.consumed(answers), "messages", error, called)


@pytest.mark.parametrize("what", RESULTS)
def test_q3_an_exception_of_store_or_reject_passes_through(
    answers: Any, what: str
) -> None:
    result, called = RESULTS[what]
    for error in every(answers):
        ship = Ship(result, fields("narwhal"))
        ship.failing[called[0]] = error
        check_passes(ship, ship.consumed(answers), called[0], error, called)
