"""The events of a watch, which its loop takes one by one."""

import queue
from dataclasses import dataclass
from pathlib import Path

from sensei.runner.protocol import Event


@dataclass(frozen=True)
class KeyPressed:
    """The user pressed a key."""

    key: str


@dataclass(frozen=True)
class FilesSaved:
    """Files were saved, renamed or deleted; a folder was replaced."""

    paths: set[Path]


@dataclass(frozen=True)
class WatchFailed:
    """Saved files are not noticed any more; `message` says so."""

    message: str


@dataclass(frozen=True)
class WindowResized:
    """The terminal has another size."""


@dataclass(frozen=True)
class Continued:
    """The process goes on after it was suspended."""


@dataclass(frozen=True)
class RunnerSent:
    """The runner's server sent an event; `start` counts its starts."""

    start: int
    event: Event


@dataclass(frozen=True)
class RunnerEnded:
    """The runner's server has ended."""

    start: int


@dataclass(frozen=True)
class Interrupted:
    """The user pressed Ctrl-C."""


WatchEvent = (
    KeyPressed
    | FilesSaved
    | WatchFailed
    | WindowResized
    | Continued
    | RunnerSent
    | RunnerEnded
    | Interrupted
)
# Signal handlers put events in it: the lock of a `Queue` could be taken then.
Events = queue.SimpleQueue[WatchEvent]
