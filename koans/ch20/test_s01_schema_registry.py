"""The tests of section 20.1."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import Any

import fastavro
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.serialization import SerializationError
from pydantic import ValidationError

from lab import attempt, in_words, outcome, returned_or_raised

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
        "docstring asks for the six predictions of the stub."
    )
    predicted = predictions[blank]
    assert predicted == seen_in_run(blank), (
        f"{blank!r}: you predicted {in_words(predicted)}. The real run came out "
        f"differently. The docstring asks for one of {', '.join(map(repr, FORMS))}. "
        "Look at each field of the reader: does the message have it, or has it a "
        "default?"
    )


SEEN_AT = datetime(2026, 5, 4, 3, 2, 1, 123000, tzinfo=UTC)
names = count()


@pytest.fixture
def registry() -> SchemaRegistryClient:
    """Return a client of an empty registry."""
    return SchemaRegistryClient.new_client({"url": f"mock://{next(names)}"})


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


SIGHTINGS = [{}, {"number": 300, "species": "baleine à bosse"}, {"sea": "unknown"}]


@pytest.mark.parametrize("changes", SIGHTINGS)
@pytest.mark.parametrize("others", [0, 300])
def test_q2_the_message_is_in_the_wire_format(
    answers: Any, registry: SchemaRegistryClient, changes: dict[str, Any], others: int
) -> None:
    for number in range(others):  # so that the id is another one
        registered(registry, record([SPECIES | {"doc": str(number)}]), "ships-value")
    one = sighting(answers, **changes)
    codec = answers.Codec(registry)
    message = attempt("`encode(sighting)`", codec.encode, one)
    schema_id = registered(registry, answers.SCHEMA)
    asked = message_of(schema_id, answers.SCHEMA, **one.model_dump())
    is_same = message == asked
    assert is_same, (
        f"`encode` returned {in_words(message)}. The docstring asks for "
        f"{in_words(asked)}: a zero byte, the id {schema_id} in four bytes, and the "
        "sighting in Avro. Look at what you give to the serializer."
    )


def test_q2_the_schema_is_registered(
    answers: Any, registry: SchemaRegistryClient
) -> None:
    attempt("`encode(sighting)`", answers.Codec(registry).encode, sighting(answers))
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


def check_decoded(answers: Any, seen: object, what: str, asked: Any) -> None:
    """Check that `decode` returned this sighting."""
    is_right = type(seen) is answers.Sighting and seen == asked
    assert is_right, (
        f"`decode` of {what} {returned_or_raised(seen)}. The docstring asks for "
        f"{in_words(asked)}. Look at the two schemas that the deserializer uses, and "
        "at what you do with its result."
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


TIME = {"type": "long", "logicalType": "timestamp-millis"}
SEEN = {"name": "seen_at", "type": TIME}
SHIP = {"name": "ship", "type": "string"}
# Schemas of other services, and the sea of their messages.
OTHERS: dict[str, tuple[Fields, str]] = {
    "an old schema without `sea`": ([SPECIES, NUMBER, SEEN], "unknown"),
    "a newer schema with `ship`": ([SHIP, SPECIES, NUMBER, SEEN, SEA], "Kara Sea"),
    "a schema in another order": ([SEEN, SEA, NUMBER, SPECIES], "Kara Sea"),
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
    message = message_of(registered(registry, schema), schema, **named)
    seen = outcome(lambda: answers.Codec(registry).decode(message))
    check_decoded(answers, seen, f"a message by {what}", sighting(answers, sea=sea))


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
    for message in (old, attempt("`encode(sighting)`", codec.encode, one), old):
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


def test_q2_two_codecs_have_their_own_registry(
    answers: Any, registry: SchemaRegistryClient
) -> None:
    other = SchemaRegistryClient.new_client({"url": f"mock://{next(names)}"})
    registered(other, record([SPECIES]), "ships-value")
    for one, schema_id in ((registry, 1), (other, 2)):
        codec = answers.Codec(one)
        message = attempt("`encode(sighting)`", codec.encode, sighting(answers))
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
        self._results = dict(enumerate(results))

    def messages(self) -> Iterator[bytes]:
        """Yield the numbers of the messages, and note when the next one is taken."""
        for number in self._results:
            self.log.append(("take", number))
            yield str(number).encode()

    def decode(self, message: bytes) -> Any:
        """Return the fields of a message, or raise its exception."""
        result = self._results[int(message)]
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

    def consumed(self, answers: Any) -> object:
        """Return what `consume` returns or raises."""
        return outcome(
            lambda: answers.consume(
                self.messages(), self.decode, self.store, self.reject
            )
        )


def fields(species: str, **changes: Any) -> dict[str, Any]:
    """Return the fields of a sighting."""
    return {"species": species, "number": 3, "seen_at": SEEN_AT} | changes


def check_log(ship: Ship, seen: object, given: str, *asked: tuple[str, Any]) -> None:
    """Check what became of the messages."""
    log = [entry for entry in ship.log if entry[0] != "take"]
    is_right = log == [*asked] and seen is None
    assert is_right, (
        f"{given}. `consume` {returned_or_raised(seen)}, and called {in_words(log)}. "
        f"The docstring asks for {in_words([*asked])}. Look at what you do with each "
        "message."
    )


def test_q3_the_sightings_are_stored(answers: Any) -> None:
    ship = Ship(fields("orca"), fields("narwhal", sea="Kara Sea"), fields("orca"))
    asked = [("store", name) for name in ("orca", "narwhal", "orca")]
    check_log(ship, ship.consumed(answers), "Three messages were fine", *asked)


def test_q3_a_sighting_has_the_values_of_its_message(answers: Any) -> None:
    ship, stored = Ship(fields("orca"), fields("narwhal", sea="Kara Sea")), []
    ship.store = stored.append  # type: ignore[method-assign, assignment]
    ship.consumed(answers)
    asked = [
        answers.Sighting(**fields("orca")),
        answers.Sighting(**fields("narwhal", sea="Kara Sea")),
    ]
    is_same = stored == asked
    assert is_same, (
        f"`store` was called with {in_words(stored)}. The docstring asks for "
        f"{in_words(asked)}. Look at what you give to `store`."
    )


def refused(answers: Any, values: dict[str, Any]) -> str:
    """Return why the model refuses these values."""
    return str(outcome(lambda: answers.Sighting.model_validate(values)))


BAD: dict[str, Any] = {
    "not readable": SerializationError("Invalid magic byte"),
    "not readable for another reason": SerializationError("The schema is unknown."),
    "with the number 0": fields("orca", number=0),
    "without fields": {},
    "that is no dictionary": ["orca", 3],
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "second", "last"])
def test_q3_a_bad_message_is_rejected_with_its_reason(
    answers: Any, what: str, place: int
) -> None:
    bad = BAD[what]
    good = [fields("orca"), fields("narwhal")]
    ship = Ship(*good[:place], bad, *good[place:])
    reason = str(bad) if isinstance(bad, Exception) else refused(answers, bad)
    asked: list[tuple[str, Any]] = [("store", "orca"), ("store", "narwhal")]
    asked.insert(place, ("reject", (str(place).encode(), reason)))
    seen = ship.consumed(answers)
    check_log(ship, seen, f"Message {place} of 0 to 2 was {what}", *asked)


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


OTHER: list[Callable[[], Exception]] = [
    lambda: ConnectionError("The registry does not respond."),
    lambda: ValueError("wrong"),
    lambda: KeyError("sea"),
]


@pytest.mark.parametrize("new", OTHER, ids=["connection", "value", "key"])
def test_q3_another_exception_of_decode_passes_through(
    answers: Any, new: Callable[[], Exception]
) -> None:
    error = new()
    ship = Ship(fields("orca"), error, fields("narwhal"))
    check_passes(ship, ship.consumed(answers), "decode", error, ("store", "orca"))


def check_passes(
    ship: Ship, seen: object, name: str, error: Exception, *asked: tuple[str, Any]
) -> None:
    """Check that an exception passed through, and what was called before."""
    log = [entry for entry in ship.log if entry[0] != "take"]
    is_right = seen is error and log == [*asked]
    assert is_right, (
        f"`{name}` raised {in_words(error)}. `consume` {returned_or_raised(seen)}, and "
        f"called {in_words(log)}. The docstring asks that this exception passes "
        "through. Look at what your `try` contains, and which exceptions it handles."
    )


@pytest.mark.parametrize("name", ["store", "reject"])
@pytest.mark.parametrize(
    "new",
    [
        lambda _: ConnectionError("The database does not respond."),
        lambda _: SerializationError("The message is too large."),
        lambda answers: outcome(lambda: answers.Sighting()),
    ],
    ids=["connection", "serialization", "validation"],
)
def test_q3_an_exception_of_store_or_reject_passes_through(
    answers: Any, name: str, new: Callable[[Any], Exception]
) -> None:
    error, bad = new(answers), SerializationError("Invalid magic byte")
    ship = Ship(fields("orca") if name == "store" else bad, fields("narwhal"))
    ship.failing[name] = error
    called = {"store": "orca", "reject": (b"0", str(bad))}
    check_passes(ship, ship.consumed(answers), name, error, (name, called[name]))


def test_q3_each_message_is_handled_before_the_next_one_is_taken(answers: Any) -> None:
    bad = SerializationError("Invalid magic byte")
    ship = Ship(fields("orca"), bad, fields("narwhal"))
    ship.consumed(answers)
    seen = [name for name, _ in ship.log]
    asked = ["take", "store", "take", "reject", "take", "store"]
    assert seen == asked, (
        f"The second of three messages was bad. The order was {in_words(seen)}. The "
        f"docstring asks for {in_words(asked)}. Look at when you go through `messages`."
    )
