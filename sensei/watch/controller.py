"""The controller of a watch: what runs, what has to run again, what was found."""

import queue
import sysconfig
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sensei.content.koan import Koan
from sensei.content.repository import Repository
from sensei.content.section import Section
from sensei.content.target import Target
from sensei.grading.results import Results
from sensei.grading.verdict import Verdict
from sensei.runner.client import RunnerClient, add_event
from sensei.runner.protocol import Event, Ready, RequestDone, ServerFailed

# What the server has read already, beside tests and chapter descriptions.
_READ = ("lab", "sensei", "solutions", "conftest.py", "pyproject.toml")


@dataclass(frozen=True)
class KeyPressed:
    """The user pressed a key."""

    key: str


@dataclass(frozen=True)
class FilesSaved:
    """Files were saved, renamed or deleted."""

    paths: set[Path]


@dataclass(frozen=True)
class WindowResized:
    """The terminal has another size."""


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
    KeyPressed | FilesSaved | WindowResized | RunnerSent | RunnerEnded | Interrupted
)
# Signal handlers put events in it: the lock of a `Queue` could be taken then.
Events = queue.SimpleQueue[WatchEvent]


class Controller:
    """Runs sections of `target`; what the server sends goes to `events`."""

    def __init__(
        self,
        repository: Repository,
        target: Target,
        client: RunnerClient,
        events: Events,
    ) -> None:
        self.repository = repository
        self.target = target
        self._client = client
        self._events = events
        self._start = 0
        self._requests: dict[int, list[Section]] = {}
        self._follow()

    @property
    def is_busy(self) -> bool:
        """Whether a request has not been done yet."""
        return bool(self._requests)

    def run(self, sections: list[Section], first: Koan) -> None:
        """Run `sections`, beginning with the koan `first` that the user waits for.

        Raises:
            RunnerError: the server has ended.
        """
        if _packages_changed() != self._packages:
            self.restart()
        names = {str(section) for section in sections}
        for request, running in list(self._requests.items()):
            if names & {str(section) for section in running}:
                self._client.cancel(request)
                del self._requests[request]
        koans = [koan for section in sections for koan in section.koans]
        self._results.forget(koans)
        koans.sort(key=lambda koan: koan != first)
        self._requests[self._client.run(sections, koans)] = sections

    def restart(self) -> None:
        """Start the server again, and read the repository anew."""
        self._requests.clear()
        self._client.stop()
        self.repository = Repository(self.repository.root)
        names = {str(section) for section in self.target.sections}
        sections = [one for one in self.repository.sections if str(one) in names]
        self.target = Target(sections, self.target.koan)
        self._client.start()
        self._follow()

    def _follow(self) -> None:
        """Pass on what the server sends, from a thread, until it ends."""
        self._start += 1
        self.was_ready = False
        self._packages = _packages_changed()
        self._results = Results(self.repository)
        start, client, events = self._start, self._client, self._events

        def listen() -> None:
            for event in client.events():
                events.put(RunnerSent(start, event))
            events.put(RunnerEnded(start))

        threading.Thread(target=listen, daemon=True).start()

    def is_current(self, event: RunnerSent | RunnerEnded) -> bool:
        """Return whether `event` comes from the server that runs now."""
        return event.start == self._start

    def add(self, event: Event) -> Verdict | None:
        """Take in an event of the server; return the verdict that it completes."""
        if isinstance(event, Ready | ServerFailed):
            self.was_ready = self.was_ready or isinstance(event, Ready)
            return None
        if event.request not in self._requests:
            return None  # it was cancelled
        return add_event(event, self._results)

    def finish(self, event: Event) -> list[Verdict] | None:
        """Return all verdicts of the request that `event` ends, if it ends one."""
        if not isinstance(event, RequestDone) or event.request not in self._requests:
            return None
        sections = self._requests.pop(event.request)
        koans = {koan for section in sections for koan in section.koans}
        return [one for one in self._results.verdicts() if one.koan in koans]

    def changed(self, paths: Iterable[Path]) -> list[Section]:
        """Return the sections of the target whose answers are among `paths`."""
        saved = set(paths)
        folders = {parent for path in saved for parent in path.parents}
        return [
            section
            for section in self.target.sections
            if section.stub in saved or section.stub_folder in folders
        ]

    def is_outdated(self, paths: Iterable[Path]) -> bool:
        """Return whether the server has read one of `paths` already."""
        root = self.repository.root
        return any(
            path.relative_to(root).parts[0] in _READ
            or path.name.startswith("test_")
            or path.name == "chapter.toml"
            for path in paths
        )


def _packages_changed() -> float:
    """Return when a package was last installed or removed, as a time stamp."""
    return Path(sysconfig.get_paths()["purelib"]).stat().st_mtime
