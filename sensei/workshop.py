"""The workshop of a watch: what runs, what has to run again, what was found."""

import queue
import sysconfig
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sensei.koan import Koan
from sensei.outcome import Outcome
from sensei.place import Place
from sensei.repository import Repository
from sensei.runner import Runner
from sensei.section import Section
from sensei.verdict import Verdict
from sensei.warm.wire import Message

Events = queue.Queue[tuple[str, Any]]

# What the warm process has read already, beside tests and chapter descriptions.
_READ = ("lab", "sensei", "solutions", "conftest.py", "pyproject.toml")


class Workshop:
    """Runs sections of `place`; what the warm process says goes to `events`.

    Events are `("message", (start, message))` and `("gone", start)`, where `start`
    tells one life of the warm process from another.
    """

    def __init__(
        self, repository: Repository, place: Place, runner: Runner, events: Events
    ) -> None:
        self.repository = repository
        self.place = place
        self._runner = runner
        self._events = events
        self._start = 0
        self._requests: dict[int, list[Section]] = {}
        self._renew()

    @property
    def is_busy(self) -> bool:
        """Whether something that was asked for is not done."""
        return bool(self._requests)

    def section(self, koan: Koan) -> Section:
        """Return the section in which `koan` lives."""
        return self._outcome.section_of(koan)

    def run(self, sections: list[Section], first: Koan) -> None:
        """Run `sections`, beginning with the koan that somebody waits for.

        Raises:
            RunnerError: the warm process has ended.
        """
        if _packages_changed() != self._packages:
            self.restart()
        names = {str(section) for section in sections}
        for request, running in list(self._requests.items()):
            if names & {str(section) for section in running}:
                self._runner.cancel(request)
                del self._requests[request]
        koans = [koan for section in sections for koan in section.homes]
        self._outcome.forget(koans)
        koans.sort(key=lambda koan: koan != first)
        self._requests[self._runner.request(sections, koans)] = sections

    def restart(self) -> None:
        """Start the warm process again, and read the repository anew."""
        self._requests.clear()
        self._runner.stop()
        self.repository = Repository(self.repository.root)
        names = {str(section) for section in self.place.sections}
        sections = [one for one in self.repository.sections if str(one) in names]
        self.place = Place(sections, self.place.koan)
        self._runner.start()
        self._renew()

    def _renew(self) -> None:
        """Pass on what the warm process says, from a thread, until it ends."""
        self._start += 1
        self.was_ready = False
        self._packages = _packages_changed()
        self._outcome = Outcome(self.repository)
        start, runner, events = self._start, self._runner, self._events

        def listen() -> None:
            for message in runner.events():
                events.put(("message", (start, message)))
            events.put(("gone", start))

        threading.Thread(target=listen, daemon=True).start()

    def is_current(self, start: int) -> bool:
        """Return whether `start` is the life that the warm process lives now."""
        return start == self._start

    def hear(self, message: Message) -> Verdict | None:
        """Note what was said; return a verdict where it completes one."""
        self.was_ready = self.was_ready or "ready" in message
        if message.get("id") not in self._requests:
            return None  # of a request that was cancelled
        return self._outcome.note(message)

    def done(self, message: Message) -> list[tuple[Section, Verdict]] | None:
        """Return all verdicts of the request that `message` ends, if it ends one."""
        if "done" not in message or message["id"] not in self._requests:
            return None
        sections = self._requests.pop(message["id"])
        found = self._outcome.verdicts()
        return [(one, verdict) for one in sections for verdict in found.get(one, [])]

    def changed(self, paths: Iterable[Path]) -> list[Section]:
        """Return the sections of the place whose answers are among `paths`."""
        saved = set(paths)
        folders = {parent for path in saved for parent in path.parents}
        return [
            section
            for section in self.place.sections
            if section.stub in saved or section.stub.with_suffix("") in folders
        ]

    def is_outdated(self, paths: Iterable[Path]) -> bool:
        """Return whether the warm process has read one of `paths` already."""
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
