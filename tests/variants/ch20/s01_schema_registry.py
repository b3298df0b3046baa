"""Other answers to section 20.1."""

import io
import json
import logging
import struct
from datetime import UTC
from functools import cache
from itertools import chain

import fastavro
from confluent_kafka import KafkaException
from confluent_kafka.schema_registry import Schema
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import SerializationError
from pydantic import TypeAdapter, ValidationError

from sensei.variants import right, wrong


def predicted(**differences):
    """Return the predictions, with other values for some of them."""
    answer = {
        "`sea` with a default is added": "both",
        "`sea` without a default is added": "old reads new",
        "`number` is removed": "new reads old",
        "`number` is renamed to `count`": "neither",
        "`number` becomes a long": "new reads old",
        "`number` comes before `species`": "both",
    }
    return answer | differences


@wrong(
    "20.1.1",
    caught_by="test_q1_the_readers_are_predicted[`sea` with a default is added]",
)
def compatibility():
    """Believe that an old service cannot read a field that it does not know."""
    return predicted(**{"`sea` with a default is added": "new reads old"})


@wrong(
    "20.1.1",
    caught_by="test_q1_the_readers_are_predicted[`sea` without a default is added]",
)
def compatibility():
    """Confuse who needs the default."""
    return predicted(**{"`sea` without a default is added": "new reads old"})


@wrong(
    "20.1.1",
    caught_by="test_q1_the_readers_are_predicted[`sea` without a default is added]",
)
def compatibility():
    """Believe that a missing field is None."""
    return predicted(**{"`sea` without a default is added": "both"})


@wrong("20.1.1", caught_by="test_q1_the_readers_are_predicted[`number` is removed]")
def compatibility():
    """Believe that nobody misses a removed field."""
    return predicted(**{"`number` is removed": "both"})


@wrong(
    "20.1.1",
    caught_by="test_q1_the_readers_are_predicted[`number` is renamed to `count`]",
)
def compatibility():
    """Believe that fields are found by their places."""
    return predicted(**{"`number` is renamed to `count`": "both"})


@wrong("20.1.1", caught_by="test_q1_the_readers_are_predicted[`number` becomes a long]")
def compatibility():
    """Believe that a small long fits."""
    return predicted(**{"`number` becomes a long": "both"})


@wrong(
    "20.1.1",
    caught_by="test_q1_the_readers_are_predicted[`number` comes before `species`]",
)
def compatibility():
    """Believe that the order of the fields matters."""
    return predicted(**{"`number` comes before `species`": "neither"})


@wrong("20.1.1", caught_by="test_q1_the_readers_are_predicted")
def compatibility():
    """Forget to return."""


@wrong("20.1.1", caught_by="test_q1_the_readers_are_predicted[`number` is removed]")
def compatibility():
    """Give the name of the rule."""
    return predicted(**{"`number` is removed": "BACKWARD"})


@right("20.1.1")
def compatibility():
    """Build the answer from the two directions."""
    names = {(1, 1): "both", (1, 0): "new reads old", (0, 1): "old reads new"}
    runs = [(1, 1), (0, 1), (1, 0), (0, 0), (1, 0), (1, 1)]
    return {
        key: names.get(run, "neither")
        for key, run in zip(predicted(), runs, strict=True)
    }


@right("20.1.1")
def compatibility():
    """Add a key of one's own."""
    return predicted(note="Whales do not mind.")


# ruff: noqa: F821 - the names of the solution


def usual_encode(self, one):
    """Encode as the solution does."""
    return self.serialize(one.model_dump(), CONTEXT)


def usual_decode(self, message):
    """Decode as the solution does."""
    return Sighting.model_validate(self.deserialize(message, CONTEXT))


def codec(registry, encode=usual_encode, decode=usual_decode, reader=(), **options):
    """Return a codec with these methods; they get its serializer or deserializer."""

    class Codec:
        def __init__(self):
            self.registry = registry
            self.serialize = AvroSerializer(registry, SCHEMA, **options)
            self.deserialize = AvroDeserializer(registry, *(reader or [SCHEMA]))

        def encode(self, one):
            return encode(self, one)

        def decode(self, message):
            return decode(self, message)

    return Codec()


def in_avro(one, schema=None):
    """Return a sighting in Avro, without anything in front."""
    body = io.BytesIO()
    parsed = fastavro.parse_schema(json.loads(schema or SCHEMA))
    fastavro.schemaless_writer(body, parsed, one.model_dump())
    return body.getvalue()


def registered(registry):
    """Return the id of `SCHEMA`."""
    return registry.register_schema("sightings-value", Schema(SCHEMA, "AVRO"))


@wrong("20.1.2", caught_by="test_q2_the_message_is_in_the_wire_format[0]")
def Codec(registry):
    """Send JSON."""
    return codec(registry, lambda self, one: one.model_dump_json().encode())


@wrong("20.1.2", caught_by="test_q2_the_message_is_in_the_wire_format[0]")
def Codec(registry):
    """Give the values as for JSON, so that the time is a text."""
    return codec(
        registry, lambda self, one: self.serialize(one.model_dump(mode="json"), CONTEXT)
    )


@wrong("20.1.2", caught_by="test_q2_the_message_is_in_the_wire_format[0]")
def Codec(registry):
    """Give the model itself."""
    return codec(registry, lambda self, one: self.serialize(one, CONTEXT))


@wrong("20.1.2", caught_by="test_q2_the_message_is_in_the_wire_format[0]")
def Codec(registry):
    """Send Avro alone."""
    return codec(registry, lambda self, one: in_avro(one))


@wrong("20.1.2", caught_by="test_q2_the_message_is_in_the_wire_format[0]")
def Codec(registry):
    """Write the id with the lowest byte first."""
    return codec(
        registry,
        lambda self, one: (
            b"\0" + registered(registry).to_bytes(4, "little") + in_avro(one)
        ),
    )


@wrong("20.1.2", caught_by="test_q2_the_message_is_in_the_wire_format[300]")
def Codec(registry):
    """Believe that the id is always 1."""
    registered(registry)
    return codec(registry, lambda self, one: b"\0\0\0\0\1" + in_avro(one))


@wrong("20.1.2", caught_by="test_q2_the_message_is_in_the_wire_format[300]")
def Codec(registry):
    """Write the id in one byte."""
    return codec(
        registry,
        lambda self, one: (
            b"\0\0\0\0" + bytes([registered(registry) % 256]) + in_avro(one)
        ),
    )


@wrong("20.1.2", caught_by="test_q2_the_schema_is_registered")
def Codec(registry):
    """Do not register, and take the first id."""
    return codec(registry, lambda self, one: b"\0\0\0\0\1" + in_avro(one))


@wrong("20.1.2", caught_by="test_q2_the_schema_is_registered")
def Codec(registry):
    """Register for another topic."""
    context = SerializationContext("whales", MessageField.VALUE)
    return codec(registry, lambda self, one: self.serialize(one.model_dump(), context))


@wrong("20.1.2", caught_by="test_q2_the_schema_is_registered")
def Codec(registry):
    """Make the key of a message."""
    context = SerializationContext("sightings", MessageField.KEY)
    return codec(registry, lambda self, one: self.serialize(one.model_dump(), context))


@wrong("20.1.2", caught_by="test_q2_the_schema_is_registered")
def Codec(registry):
    """Register the JSON schema of the model as another version."""
    text = json.dumps(Sighting.model_json_schema())
    one = codec(registry)
    registry.register_schema("sightings-value", Schema(text, "JSON"))
    return one


@wrong("20.1.2", caught_by="test_q2_the_sighting_comes_back")
def Codec(registry):
    """Return the dictionary."""
    return codec(
        registry, decode=lambda self, message: self.deserialize(message, CONTEXT)
    )


@wrong("20.1.2", caught_by="test_q2_a_value_that_is_not_allowed_is_refused")
def Codec(registry):
    """Build the model without a validation."""
    return codec(
        registry,
        decode=lambda self, message: Sighting.model_construct(
            **self.deserialize(message, CONTEXT)
        ),
    )


@wrong(
    "20.1.2",
    caught_by="test_q2_a_message_by_another_schema_is_read[a newer schema with `ship`]",
)
def Codec(registry):
    """Read each message by `SCHEMA`, whatever its id is."""

    def decode(self, message):
        parsed = fastavro.parse_schema(json.loads(SCHEMA))
        fields = fastavro.schemaless_reader(io.BytesIO(message[5:]), parsed, None)
        return Sighting.model_validate(fields)

    return codec(registry, decode=decode)


@wrong("20.1.2", caught_by="test_q2_one_codec_reads_messages_of_all_schemas")
def Codec(registry):
    """Read each message by the latest version."""

    def decode(self, message):
        latest = registry.get_versions("sightings-value")[-1]
        text = registry.get_version("sightings-value", latest).schema.schema_str
        parsed = fastavro.parse_schema(json.loads(text))
        fields = fastavro.schemaless_reader(io.BytesIO(message[5:]), parsed, None)
        return Sighting.model_validate(fields)

    return codec(registry, decode=decode)


@wrong("20.1.2", caught_by="test_q2_one_codec_reads_messages_of_all_schemas")
def Codec(registry):
    """Keep the schema of the first message."""
    kept = {}

    def decode(self, message):
        number = kept.setdefault("id", int.from_bytes(message[1:5], "big"))
        text = registry.get_schema(number).schema_str
        fields = fastavro.schemaless_reader(
            io.BytesIO(message[5:]),
            fastavro.parse_schema(json.loads(text)),
            fastavro.parse_schema(json.loads(SCHEMA)),
        )
        return Sighting.model_validate(fields)

    return codec(registry, decode=decode)


@wrong("20.1.2", caught_by="test_q2_a_value_that_is_not_allowed_is_refused")
def Codec(registry):
    """Return None for a bad value."""

    def decode(self, message):
        try:
            return usual_decode(self, message)
        except ValidationError:
            return None

    return codec(registry, decode=decode)


@wrong("20.1.2", caught_by="test_q2_a_value_that_is_not_allowed_is_refused")
def Codec(registry):
    """Raise another exception for a bad value."""

    def decode(self, message):
        try:
            return usual_decode(self, message)
        except ValidationError as error:
            raise SerializationError(str(error)) from error

    return codec(registry, decode=decode)


@cache
def only_codec():
    """Return the list that keeps the first codec."""
    return []


@wrong("20.1.2", caught_by="test_q2_two_codecs_have_their_own_registry")
def Codec(registry):
    """Have one codec for all."""
    if not only_codec():
        only_codec().append(codec(registry))
    return only_codec()[0]


@wrong("20.1.2", caught_by="test_q2_the_message_is_in_the_wire_format[0]")
def Codec(registry):
    """Return the first message again."""
    kept = []

    def encode(self, one):
        kept.append(usual_encode(self, one))
        return kept[0]

    return codec(registry, encode)


@wrong("20.1.2", caught_by="test_q2_the_message_is_in_the_wire_format[70000]")
def Codec(registry):
    """Write the id in two bytes."""

    def encode(self, one):
        message = usual_encode(self, one)
        return b"\0\0\0" + message[3:]

    return codec(registry, encode)


@wrong("20.1.2", caught_by="test_q2_the_message_is_in_the_wire_format[0]")
def Codec(registry):
    """Replace the time zone instead of converting the time."""

    def encode(self, one):
        seen_at = one.seen_at.replace(tzinfo=UTC)
        return usual_encode(self, one.model_copy(update={"seen_at": seen_at}))

    return codec(registry, encode)


@wrong("20.1.2", caught_by="test_q2_another_version_of_the_schema_does_not_matter")
def Codec(registry):
    """Write by the latest version."""
    latest = AvroSerializer(
        registry,
        SCHEMA,
        conf={"auto.register.schemas": False, "use.latest.version": True},
    )

    def encode(self, one):
        if not registry.get_subjects():
            registry.register_schema("sightings-value", Schema(SCHEMA, "AVRO"))
        return latest(one.model_dump(), CONTEXT)

    return codec(registry, encode)


def decode_as(writer, is_resolved=True):
    """Return a method that decodes by the schema that `writer(message)` returns."""

    def decode(self, message):
        fields = fastavro.schemaless_reader(
            io.BytesIO(message[5:]),
            fastavro.parse_schema(json.loads(writer(message))),
            fastavro.parse_schema(json.loads(SCHEMA)) if is_resolved else None,
        )
        return Sighting.model_validate({"sea": "unknown"} | fields)

    return decode


@wrong("20.1.2", caught_by="test_q2_the_id_of_a_message_has_four_bytes[300]")
def Codec(registry):
    """Read the id from one byte."""
    decode = decode_as(lambda message: registry.get_schema(message[4]).schema_str)
    return codec(registry, decode=decode)


@wrong(
    "20.1.2",
    caught_by="test_q2_a_message_by_another_schema_is_read[an old schema without `sea`]",
)
def Codec(registry):
    """Look at the versions of one subject only."""

    def written(message):
        for version in registry.get_versions("sightings-value"):
            one = registry.get_version("sightings-value", version)
            if one.schema_id == int.from_bytes(message[1:5], "big"):
                return one.schema.schema_str
        raise SerializationError("unknown schema")

    return codec(registry, decode=decode_as(written))


@wrong(
    "20.1.2",
    caught_by="test_q2_a_message_by_another_schema_is_read[an old schema without `sea`]",
)
def Codec(registry):
    """Do not resolve to `SCHEMA`."""
    one = codec(registry)
    one.deserialize = AvroDeserializer(registry)
    return one


@wrong("20.1.2", caught_by="test_q2_a_message_that_cannot_be_resolved_is_refused")
def Codec(registry):
    """Fill in the default by hand, instead of resolving to `SCHEMA`."""

    def written(message):
        return registry.get_schema(int.from_bytes(message[1:5], "big")).schema_str

    return codec(registry, decode=decode_as(written, is_resolved=False))


@wrong(
    "20.1.2",
    caught_by="test_q2_a_message_by_another_schema_is_read[a schema with `sea` first]",
)
def Codec(registry):
    """Try the versions of the subject until one fits."""

    def decode(self, message):
        for version in registry.get_versions("sightings-value"):
            one = registry.get_version("sightings-value", version).schema.schema_str
            try:
                return decode_as(lambda _, one=one: one)(self, message)
            except ValueError:
                continue
        raise SerializationError("no schema fits")

    return codec(registry, decode=decode)


@wrong("20.1.2", caught_by="test_q2_a_message_with_an_unknown_id_is_refused")
def Codec(registry):
    """Read a message with an unknown id by `SCHEMA`."""

    def written(message):
        try:
            return registry.get_schema(int.from_bytes(message[1:5], "big")).schema_str
        except SchemaRegistryError:
            return SCHEMA

    return codec(registry, decode=decode_as(written))


@cache
def known_schemas():
    """Return the schemas that are kept for all registries."""
    return {}


@wrong("20.1.2", caught_by="test_q2_two_codecs_read_by_their_own_registry")
def Codec(registry):
    """Keep the schemas by their ids, for all registries."""

    def written(message):
        number = int.from_bytes(message[1:5], "big")
        if number not in known_schemas():
            known_schemas()[number] = registry.get_schema(number).schema_str
        return known_schemas()[number]

    return codec(registry, decode=decode_as(written))


@right("20.1.2")
class Codec:
    """Write the format by hand, with fastavro."""

    def __init__(self, registry):
        self._registry = registry
        self._parsed = fastavro.parse_schema(json.loads(SCHEMA))

    def encode(self, sighting):
        number = self._registry.register_schema(
            CONTEXT.topic + "-value", Schema(schema_str=SCHEMA, schema_type="AVRO")
        )
        body = io.BytesIO(b"\0" + number.to_bytes(4, "big"))
        body.seek(5)
        fastavro.schemaless_writer(body, self._parsed, dict(sighting))
        return body.getvalue()

    def decode(self, message):
        stored = self._registry.get_schema(int.from_bytes(message[1:5], "big"))
        writer = fastavro.parse_schema(json.loads(stored.schema_str))
        fields = fastavro.schemaless_reader(
            io.BytesIO(message[5:]), writer, self._parsed
        )
        return Sighting(**fields)


@right("20.1.2")
def Codec(registry):
    """Pack the id as a signed number, as a registry in Java does."""
    number = registered(registry)

    def written(message):
        return registry.get_schema(struct.unpack(">bi", message[:5])[1]).schema_str

    return codec(
        registry,
        lambda self, one: struct.pack(">bi", 0, number) + in_avro(one),
        decode_as(written),
    )


@right("20.1.2")
class Codec:
    """Convert within the serializers, and make them in each call."""

    def __init__(self, registry):
        self.registry = registry

    def encode(self, sighting):
        to_dict = lambda one, _: one.model_dump()  # noqa: E731
        return AvroSerializer(self.registry, SCHEMA, to_dict=to_dict)(sighting, CONTEXT)

    def decode(self, message):
        validate = TypeAdapter(Sighting).validate_python
        make = AvroDeserializer(
            self.registry,
            Schema(SCHEMA, "AVRO"),
            from_dict=lambda one, _: validate(one),
        )
        return make(message, CONTEXT)


@wrong("20.1.3", caught_by="test_q3_the_sightings_are_stored")
def consume(messages, decode, store, reject):
    """Store the first sighting only."""
    for message in messages:
        try:
            sighting = Sighting(**decode(message))
        except (SerializationError, ValidationError) as error:
            reject(message, str(error))
        else:
            return store(sighting)


@wrong("20.1.3", caught_by="test_q3_the_sightings_are_stored")
def consume(messages, decode, store, reject):
    """Believe that there is a first message."""
    iterator = iter(messages)
    first = next(iterator)
    every = chain([first], iterator)
    loop(every, lambda one: Sighting(**decode(one)), store, reject)


@wrong("20.1.3", caught_by="test_q3_a_sighting_has_the_values_of_its_message")
def consume(messages, decode, store, reject):
    """Store the dictionary, after it was validated."""
    for message in messages:
        try:
            fields = decode(message)
            Sighting.model_validate(fields)
        except (SerializationError, ValidationError) as error:
            reject(message, str(error))
        else:
            store(fields)


def loop(messages, make, store, reject, errors=(SerializationError, ValidationError)):
    """Handle each message as usual; `make(message)` returns the sighting."""
    for message in messages:
        try:
            sighting = make(message)
        except errors as error:
            reject(message, str(error))
        else:
            store(sighting)


@wrong(
    "20.1.3",
    caught_by="test_q3_a_bad_message_is_rejected_with_its_reason[had the number 0]",
)
def consume(messages, decode, store, reject):
    """Do not validate."""
    loop(
        messages,
        lambda one: Sighting.model_construct(**decode(one)),
        store,
        reject,
    )


@wrong("20.1.3", caught_by="test_q3_several_bad_messages_are_rejected")
def consume(messages, decode, store, reject):
    """Stop at the first bad message."""
    for message in messages:
        try:
            sighting = Sighting.model_validate(decode(message))
        except (SerializationError, ValidationError) as error:
            reject(message, str(error))
            break
        store(sighting)


@wrong("20.1.3", caught_by="test_q3_several_bad_messages_are_rejected")
def consume(messages, decode, store, reject):
    """Only log a bad message."""
    loop(
        messages,
        lambda one: Sighting.model_validate(decode(one)),
        store,
        lambda message, reason: logging.getLogger("ships").debug(reason),
    )


@wrong("20.1.3", caught_by="test_q3_several_bad_messages_are_rejected")
def consume(messages, decode, store, reject):
    """Reject with the exception instead of its text."""
    for message in messages:
        try:
            sighting = Sighting.model_validate(decode(message))
        except (SerializationError, ValidationError) as error:
            reject(message, error)
        else:
            store(sighting)


@wrong("20.1.3", caught_by="test_q3_several_bad_messages_are_rejected")
def consume(messages, decode, store, reject):
    """Reject with a reason of one's own."""
    loop(
        messages,
        lambda one: Sighting.model_validate(decode(one)),
        store,
        lambda message, reason: reject(message, "bad message"),
    )


@wrong("20.1.3", caught_by="test_q3_several_bad_messages_are_rejected")
def consume(messages, decode, store, reject):
    """Handle messages that cannot be read, and not those with bad values."""
    loop(
        messages,
        lambda one: Sighting.model_validate(decode(one)),
        store,
        reject,
        SerializationError,
    )


@wrong("20.1.3", caught_by="test_q3_several_bad_messages_are_rejected")
def consume(messages, decode, store, reject):
    """Handle bad values, and not messages that cannot be read."""
    loop(
        messages,
        lambda one: Sighting.model_validate(decode(one)),
        store,
        reject,
        ValidationError,
    )


@wrong(
    "20.1.3",
    caught_by="test_q3_another_exception_of_decode_passes_through",
)
def consume(messages, decode, store, reject):
    """Handle every exception."""
    loop(
        messages,
        lambda one: Sighting.model_validate(decode(one)),
        store,
        reject,
        Exception,
    )


@wrong("20.1.3", caught_by="test_q3_another_exception_of_decode_passes_through")
def consume(messages, decode, store, reject):
    """Handle ValueError, which ValidationError is."""
    loop(
        messages,
        lambda one: Sighting.model_validate(decode(one)),
        store,
        reject,
        (SerializationError, ValueError),
    )


@wrong(
    "20.1.3",
    caught_by="test_q3_an_exception_of_store_or_reject_passes_through[a sighting]",
)
def consume(messages, decode, store, reject):
    """Have `store` within `try`."""
    for message in messages:
        try:
            store(Sighting.model_validate(decode(message)))
        except (SerializationError, ValidationError) as error:
            reject(message, str(error))


@wrong(
    "20.1.3",
    caught_by="test_q3_an_exception_of_store_or_reject_passes_through[a sighting]",
)
def consume(messages, decode, store, reject):
    """Go on when the database does not respond."""

    def keep(sighting):
        try:
            store(sighting)
        except OSError:
            logging.getLogger("ships").debug("lost")

    loop(messages, lambda one: Sighting.model_validate(decode(one)), keep, reject)


@wrong(
    "20.1.3",
    caught_by="test_q3_an_exception_of_store_or_reject_passes_through[a bad message]",
)
def consume(messages, decode, store, reject):
    """Hide an exception of `reject`."""

    def keep(message, reason):
        try:
            reject(message, reason)
        except Exception:
            logging.getLogger("ships").debug("lost")

    loop(messages, lambda one: Sighting.model_validate(decode(one)), store, keep)


@wrong(
    "20.1.3",
    caught_by="test_q3_each_message_is_handled_before_the_next_one_is_taken",
)
def consume(messages, decode, store, reject):
    """Take all messages first."""
    loop(
        list(messages), lambda one: Sighting.model_validate(decode(one)), store, reject
    )


@wrong(
    "20.1.3",
    caught_by="test_q3_each_message_is_handled_before_the_next_one_is_taken",
)
def consume(messages, decode, store, reject):
    """Store all sightings at the end."""
    sightings = []
    loop(
        messages,
        lambda one: Sighting.model_validate(decode(one)),
        sightings.append,
        reject,
    )
    for sighting in sightings:
        store(sighting)


@wrong("20.1.3", caught_by="test_q3_another_exception_of_decode_passes_through")
def consume(messages, decode, store, reject):
    """Handle the base class of SerializationError."""
    loop(
        messages,
        lambda one: Sighting.model_validate(decode(one)),
        store,
        reject,
        (KafkaException, ValidationError),
    )


@wrong("20.1.3", caught_by="test_q3_another_exception_of_decode_passes_through")
def consume(messages, decode, store, reject):
    """Handle what decoding a text raises."""
    loop(
        messages,
        lambda one: Sighting.model_validate(decode(one)),
        store,
        reject,
        (SerializationError, ValidationError, UnicodeDecodeError),
    )


def rejecting(reason):
    """Return an answer that rejects with another reason; None passes through."""

    def consume(messages, decode, store, reject):
        for message in messages:
            try:
                sighting = Sighting.model_validate(decode(message))
            except (SerializationError, ValidationError) as error:
                if (text := reason(error)) is None:
                    raise
                reject(message, text)
            else:
                store(sighting)

    return consume


@wrong(
    "20.1.3",
    caught_by="test_q3_a_bad_message_is_rejected_with_its_reason"
    "[raised a subclass of `SerializationError`]",
)
def consume(*given):
    """Compare the type of the exception."""
    exact = (SerializationError, ValidationError)
    rejecting(lambda error: str(error) if type(error) in exact else None)(*given)


@wrong(
    "20.1.3",
    caught_by="test_q3_a_bad_message_is_rejected_with_its_reason"
    "[raised an exception without a text]",
)
def consume(*given):
    """Give the type where there is no text."""
    rejecting(lambda error: str(error) or type(error).__name__)(*given)


@wrong(
    "20.1.3",
    caught_by="test_q3_a_bad_message_is_rejected_with_its_reason"
    "[was not readable because of another exception]",
)
def consume(*given):
    """Give the cause as the reason."""
    rejecting(lambda error: str(error.__cause__ or error))(*given)


@wrong(
    "20.1.3",
    caught_by="test_q3_a_bad_message_is_rejected_with_its_reason"
    "[raised a subclass of `SerializationError`]",
)
def consume(*given):
    """Strip the reason."""
    rejecting(lambda error: str(error).strip())(*given)


@wrong(
    "20.1.3",
    caught_by="test_q3_a_bad_message_is_rejected_with_its_reason"
    "[raised an exception with a long text]",
)
def consume(*given):
    """Cut the reason for a column of a table."""
    rejecting(lambda error: str(error)[:1000])(*given)


@wrong("20.1.3", caught_by="test_q3_any_number_of_bad_messages_is_rejected")
def consume(*given):
    """Give up after many bad messages."""
    seen = []

    def reason(error):
        seen.append(error)
        return None if len(seen) > 100 else str(error)

    rejecting(reason)(*given)


@wrong("20.1.3", caught_by="test_q3_another_exception_of_decode_passes_through")
def consume(messages, decode, store, reject):
    """End quietly with Ctrl-C."""
    try:
        loop(messages, lambda one: Sighting(**decode(one)), store, reject)
    except KeyboardInterrupt:
        return


@wrong(
    "20.1.3",
    caught_by="test_q3_each_message_is_handled_before_the_next_one_is_taken",
)
def consume(messages, decode, store, reject):
    """Decode a bad message a second time."""

    def make(message):
        try:
            return Sighting(**decode(message))
        except SerializationError:
            return Sighting(**decode(message))

    loop(messages, make, store, reject)


@wrong(
    "20.1.3", caught_by="test_q3_an_exception_of_messages_passes_through[a sighting]"
)
def consume(messages, decode, store, reject):
    """Take the next message within `try`."""
    iterator = iter(messages)
    message = b""
    while True:
        try:
            message = next(iterator)
            sighting = Sighting.model_validate(decode(message))
        except StopIteration:
            return
        except (SerializationError, ValidationError) as error:
            reject(message, str(error))
        else:
            store(sighting)


def those(messages, is_wanted):
    """Yield the messages that are wanted."""
    seen = []
    for message in messages:
        if is_wanted(message, seen):
            yield message
        seen.append(message)


@wrong("20.1.3", caught_by="test_q3_equal_and_empty_messages_are_messages_too")
def consume(messages, decode, store, reject):
    """Handle equal messages once."""
    wanted = those(messages, lambda message, seen: message not in seen)
    loop(wanted, lambda one: Sighting.model_validate(decode(one)), store, reject)


@wrong("20.1.3", caught_by="test_q3_equal_and_empty_messages_are_messages_too")
def consume(messages, decode, store, reject):
    """Leave out empty messages."""
    wanted = those(messages, lambda message, _: message)
    loop(wanted, lambda one: Sighting.model_validate(decode(one)), store, reject)


@wrong("20.1.3", caught_by="test_q3_a_sighting_has_the_values_of_its_message")
def consume(messages, decode, store, reject):
    """Validate in strict mode."""
    loop(
        messages,
        lambda one: Sighting.model_validate(decode(one), strict=True),
        store,
        reject,
    )


@right("20.1.3")
def consume(messages, decode, store, reject):
    """Give the fields by name, and call `reject` after `except`."""
    for message in messages:
        problem = None
        try:
            sighting = Sighting(**decode(message))
        except (SerializationError, ValidationError) as error:
            problem = str(error)
        if problem is None:
            store(sighting)
        else:
            reject(message, problem)


@right("20.1.3")
def consume(messages, decode, store, reject):
    """Have two `try` statements, and `continue`."""
    iterator = iter(messages)
    while (message := next(iterator, None)) is not None:
        try:
            fields = decode(message)
        except SerializationError as error:
            reject(message, f"{error}")
            continue
        try:
            sighting = TypeAdapter(Sighting).validate_python(fields)
        except ValidationError as error:
            reject(message, f"{error}")
            continue
        store(sighting)


@right("20.1.3")
def consume(messages, decode, store, reject):
    """Decide what to do first, and do it at the end."""

    def decided(message):
        try:
            return store, [Sighting.model_validate(decode(message))]
        except (SerializationError, ValidationError) as error:
            return reject, [message, str(error)]

    for message in messages:
        call, arguments = decided(message)
        call(*arguments)
