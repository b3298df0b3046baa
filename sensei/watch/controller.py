"""The controller of a watch: what runs, what has to run again, what was found."""

import sysconfig
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sensei.content.koan import Koan
from sensei.content.repository import Repository
from sensei.content.section import Section
from sensei.content.target import Target
from sensei.grading.results import Results
from sensei.grading.verdict import Verdict
from sensei.runner.client import RunnerClient, add_event
from sensei.runner.protocol import Event, Ready, RequestDone, ServerFailed
from sensei.watch.events import Events, RunnerEnded, RunnerSent
from sensei.watch.threads import start_thread

# What the server has read already, beside tests and chapter descriptions.
_READ = ("lab", "sensei", "solutions", "conftest.py", "pyproject.toml")


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
        self._requests: dict[int, Section] = {}
        self._follow()

    @property
    def is_busy(self) -> bool:
        """Whether a request has not been done yet."""
        return bool(self._requests)

    def run(self, sections: Iterable[Section], first: Koan) -> None:
        """Run `sections`, beginning with the koan `first` that the user waits for.

        Each is a request of its own: a later one outdates that of the same section,
        and no other.

        Raises:
            RunnerError: the server has ended.
        """
        if self.has_ended or _packages_changed() != self._packages:
            self.restart()
        # The server takes the latest request first.
        latest_first = list(sections)[::-1]
        latest_first.sort(key=lambda section: first in section.koans)
        for section in latest_first:
            self._cancel(section)
            koans = sorted(
                self._koans_of(section), key=lambda koan: (koan != first, koan)
            )
            self._results.forget(koans)
            self._requests[self._client.run([section], koans)] = section

    def _cancel(self, section: Section) -> None:
        for request, running in list(self._requests.items()):
            if str(running) == str(section):
                self._client.cancel(request)
                del self._requests[request]

    def _koans_of(self, section: Section) -> list[Koan]:
        is_filtered = self.target.only is not None
        return self.target.koans_of(section) if is_filtered else list(section.koans)

    def restart(self) -> None:
        """Start the server again, read the repository anew, and run what was waiting.

        Raises:
            RunnerError: the server has ended.
        """
        waiting = {str(section) for section in self._requests.values()}
        self._client.stop()
        repository = Repository(self.repository.root)
        names = {str(section) for section in self.target.sections}
        sections = [one for one in repository.sections if str(one) in names]
        # Solutions may be away for a moment, while a folder is replaced.
        if len(sections) == len(names):
            self.repository = repository
            self.target = replace(self.target, sections=sections)
        self._client.start()
        self._follow()
        sections = [one for one in self.repository.sections if str(one) in waiting]
        if sections:
            self.run(sections, next(iter(sections[0].koans)))

    def _follow(self) -> None:
        """Pass on what the server sends, from a thread, until it ends."""
        self._start += 1
        self._requests = {}
        self.has_ended = False
        self.was_ready = False
        self._packages = _packages_changed()
        self._results = Results(self.repository)
        start, events = self._start, self._events
        sent = self._client.events()  # here: the thread may begin after a restart

        def listen() -> None:
            for event in sent:
                events.put(RunnerSent(start, event))
            events.put(RunnerEnded(start))

        start_thread(listen)

    def end(self) -> None:
        """Take note that the server has ended: nothing runs any more."""
        self.has_ended = True
        self._requests = {}

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
        section = self._requests.pop(event.request)
        return [one for one in self._results.verdicts() if one.koan in section.koans]

    def changed(self, paths: Iterable[Path]) -> list[Section]:
        """Return the sections of the target whose answers are among `paths`.

        Of a folder, all of them: it was replaced.
        """
        saved = set(paths)
        folders = {parent for path in saved for parent in path.parents}
        return [
            section
            for section in self.target.sections
            if saved.intersection([section.stub, *section.stub.parents])
            or section.stub_folder in folders
        ]

    def is_outdated(self, paths: Iterable[Path]) -> bool:
        """Return whether the server has read one of `paths` already."""
        root = self.repository.root
        koans = {parent for one in self.target.sections for parent in one.tests.parents}
        return any(
            path.relative_to(root).parts[0] in _READ
            or path.name.startswith("test_")
            or path.name == "chapter.toml"
            or path in koans
            for path in paths
        )


def _packages_changed() -> float:
    """Return when a package was last installed or removed, as a time stamp."""
    return Path(sysconfig.get_paths()["purelib"]).stat().st_mtime
