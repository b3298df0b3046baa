"""The outcome of a run: what the warm process said, as verdicts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sensei.koan import Koan
from sensei.ledger import Ledger
from sensei.repository import Repository
from sensei.runner import RunnerError
from sensei.section import Section
from sensei.verdict import Verdict
from sensei.warm.wire import Message


@dataclass
class Outcome:
    """Collects the messages of requests.

    `skipped` are the reasons of tests that did not run, `broken` the test files
    that could not be collected, each with what pytest said last.
    """

    repository: Repository
    skipped: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ledger = Ledger(self.repository)
        self._sections = {
            (section.chapter, section.number): section
            for section in self.repository.sections
        }

    def follow(self, messages: Iterable[Message], request: int) -> Iterator[Verdict]:
        """Yield the verdicts of `request` as `messages` bring them, to its end.

        Raises:
            RunnerError: the koans cannot be run at all.
        """
        for message in messages:
            if "failed" in message:
                raise RunnerError(message["failed"])
            if message.get("id") != request:
                continue
            if "done" in message:
                return
            verdict = self.note(message)
            if verdict is not None:
                yield verdict

    def note(self, message: Message) -> Verdict | None:
        """Note one message; return a verdict where it completes one."""
        if "found" in message:
            self._ledger.note(message["found"])
        elif "skipped" in message:
            self.skipped.append(message["skipped"])
        elif "broken" in message:
            self.broken[message["broken"]] = message["message"]
        elif "ended" in message:
            koan = Koan.parse(message["koan"])
            return self._ledger.verdict(self.section_of(koan), koan)
        return None

    def forget(self, koans: Iterable[Koan]) -> None:
        """Drop what was found of `koans`: they are asked anew."""
        for koan in koans:
            self._ledger.forget(koan)

    def section_of(self, koan: Koan) -> Section:
        """Return the section in which `koan` lives."""
        return self._sections[koan.chapter, koan.section]

    def verdicts(self) -> dict[Section, list[Verdict]]:
        """Return all verdicts so far, by section."""
        ledger = self._ledger
        return {section: ledger.verdicts(section) for section in ledger.sections()}
