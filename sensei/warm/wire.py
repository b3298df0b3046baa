"""What the runner and the warm process say to each other: JSON, a line each."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]


def encode(message: Message) -> bytes:
    """Return `message` as one line."""
    # A learner's text may hold lone surrogates, which only ASCII escapes carry.
    return json.dumps(message, ensure_ascii=True).encode("ascii") + b"\n"


@dataclass
class LineReader:
    """Splits what arrives at a file descriptor into messages."""

    descriptor: int
    _rest: bytes = b""
    at_end: bool = False

    def read(self) -> Iterator[Message]:
        """Yield the messages that one read completes; sets `at_end` at the end.

        A line that is no JSON object is passed over: it is not from our side.
        """
        chunk = os.read(self.descriptor, 1 << 16)
        self.at_end = not chunk
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if isinstance(message, dict):
                yield message


def send(descriptor: int, message: Message) -> None:
    """Write `message` whole.

    Raises:
        OSError: nobody reads any more.
    """
    rest = memoryview(encode(message))
    while rest:
        rest = rest[os.write(descriptor, rest) :]
