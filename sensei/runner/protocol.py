"""What the processes of the runner tell each other: messages, one JSON line each."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from json import dumps, loads  # by name: an answer may replace those of the module
from typing import Any

from sensei.grading.verdict import Verdict

# Requests, from the client to the server.


@dataclass(frozen=True)
class RunKoans:
    """Run the tests in `test_files`: of `koans` in this order, or of all for None."""

    request: int
    test_files: list[str]
    koans: list[str] | None


@dataclass(frozen=True)
class Cancel:
    """Stop what runs for a request."""

    request: int


# Events, from the server to the client.


@dataclass(frozen=True)
class Ready:
    """The server has everything imported."""


@dataclass(frozen=True)
class ServerFailed:
    """The server cannot run koans at all."""

    message: str


@dataclass(frozen=True)
class CollectionFailed:
    """pytest cannot read a test file; `message` is the last line that it said."""

    request: int
    path: str
    message: str


@dataclass(frozen=True)
class TestReported:
    """A phase of a test ended; a child sends it, the server passes it on."""

    __test__ = False  # no test class, whatever pytest takes it for

    request: int
    verdict: Verdict


@dataclass(frozen=True)
class KoanDone:
    """All tests of a koan have run; a child sends it, the server passes it on."""

    request: int
    koan: str


@dataclass(frozen=True)
class RequestDone:
    """All koans of a request have run."""

    request: int


# From a child to the server; beside `TestReported` and `KoanDone`, and, where it does
# the server's work, `CollectionFailed` and `ServerFailed`.


@dataclass(frozen=True)
class TestStarted:
    """The test `node_id` runs now: the guilty one, should the process end.

    It may compute for `cpu_seconds`, and wait for `wall_seconds`.
    """

    __test__ = False

    node_id: str
    cpu_seconds: float
    wall_seconds: float


@dataclass(frozen=True)
class ChildDone:
    """The child has run all of its koans."""


# From a pytest that is supervised to its supervisor; beside `TestStarted` and
# `TestReported`.


@dataclass(frozen=True)
class TestEnded:
    """The test `node_id` has ended."""

    __test__ = False

    node_id: str


@dataclass(frozen=True)
class DebuggerEntered:
    """Somebody looks at a test in a debugger."""


@dataclass(frozen=True)
class SessionDone:
    """pytest has nothing more to do; `left` are koans that left threads running."""

    left: list[str]


Request = RunKoans | Cancel
Event = Ready | ServerFailed | CollectionFailed | TestReported | KoanDone | RequestDone
SupervisedMessage = TestEnded | DebuggerEntered | SessionDone
Message = Request | Event | TestStarted | ChildDone | SupervisedMessage

_TYPES: dict[str, type[Message]] = {
    kind.__name__: kind
    for kind in (
        *(RunKoans, Cancel),
        *(Ready, ServerFailed, CollectionFailed, TestReported, KoanDone, RequestDone),
        *(TestStarted, ChildDone),
        *(TestEnded, DebuggerEntered, SessionDone),
    )
}


def encode(message: Message) -> bytes:
    """Return `message` as one line."""
    data: dict[str, Any] = {"type": type(message).__name__}
    if isinstance(message, TestReported):
        data |= {"request": message.request, "verdict": message.verdict.to_message()}
    else:
        data |= asdict(message)
    # A learner's text may hold lone surrogates, which only ASCII escapes carry.
    return dumps(data, ensure_ascii=True).encode("ascii") + b"\n"


def decode(line: bytes) -> Message | None:
    """Return the message in `line`; None if there is none: it is not from our side."""
    try:
        data = loads(line)
        kind = _TYPES[data.pop("type")]
        if kind is TestReported:
            data["verdict"] = Verdict.from_json(data["verdict"])
        return kind(**data)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


@dataclass
class MessageReader:
    """Splits what arrives at the file descriptor `descriptor` into messages."""

    descriptor: int
    at_end: bool = False
    _rest: bytes = b""

    def read(self) -> Iterator[Message]:
        """Yield the messages that one read completes; sets `at_end` at the end."""
        chunk = os.read(self.descriptor, 1 << 16)
        self.at_end = not chunk
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            message = decode(line)
            if message is not None:
                yield message


def send(descriptor: int, *messages: Message) -> None:
    """Write `messages` whole to the file descriptor `descriptor`.

    Raises:
        OSError: nobody reads any more.
    """
    rest = memoryview(b"".join(map(encode, messages)))
    while rest:
        rest = rest[os.write(descriptor, rest) :]
