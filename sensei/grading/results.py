"""Results: collects the verdicts of a run's tests, and makes those of koans of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sensei.content.koan import Koan
from sensei.content.repository import Repository
from sensei.content.section import Section
from sensei.grading.verdict import State, Verdict


@dataclass(frozen=True)
class KoanStatus:
    """A koan, its question, and its last verdict; None if it has none.

    `is_outdated` is true if the section's files have changed since the verdict.
    """

    section: Section
    koan: Koan
    question: str
    verdict: Verdict | None
    is_outdated: bool = False

    @property
    def state(self) -> State | None:
        """The state of the last verdict."""
        return self.verdict.state if self.verdict else None

    @property
    def location(self) -> str:
        """Where the learner goes on, as `path:line`."""
        if self.verdict is not None and self.verdict.location:
            return self.verdict.location
        return location_of(self.section, self.koan)


def location_of(section: Section, koan: Koan) -> str:
    """Return where `koan` is in the stub as shipped, as `path:line`."""
    definition = section.koans.get(koan)
    path = section.path_of(section.stub)
    return f"{path}:{definition.line}" if definition else path


def next_koan(statuses: Iterable[KoanStatus]) -> KoanStatus | None:
    """Return the first koan that is left to do; None if there is none."""
    left = (one for one in statuses if not (one.state and one.state.is_done))
    return next(left, None)


@dataclass
class _Entry:
    """What a run has found about one koan so far, by the names of its tests."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    seconds: float = 0.0


class Results:
    """Keeps the verdicts of a run's tests by koan.

    `collection_errors` are the test files that pytest could not read, each with the
    last line of what pytest said.
    """

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.collection_errors: dict[str, str] = {}
        self._entries: dict[Koan, _Entry] = {}

    def add(self, verdict: Verdict) -> None:
        """Add what one phase of one test said; the worst of its phases counts."""
        entry = self._entries.setdefault(verdict.koan, _Entry())
        known = entry.verdicts.get(verdict.test)
        if known is None or known.state is State.SOLVED:
            entry.verdicts[verdict.test] = verdict
        entry.seconds += verdict.seconds

    def forget(self, koans: Iterable[Koan]) -> None:
        """Drop what was found about `koans`: they run again."""
        for koan in koans:
            self._entries.pop(koan, None)

    def sections(self) -> list[Section]:
        """Return the sections that the run tested, in the guide's order."""
        tested = {(koan.chapter, koan.section) for koan in self._entries}
        return [
            section
            for section in self.repository.sections
            if (section.chapter, section.number) in tested
        ]

    def verdict(self, koan: Koan) -> Verdict | None:
        """Return the verdict on `koan`.

        None where it did not run, or where the run left out some of its tests and the
        others passed.
        """
        entry = self._entries.get(koan)
        if entry is None:
            return None
        section = self.repository.section_of(koan)
        tests = section.test_names.get(koan.question, [])
        found = [entry.verdicts[test] for test in tests if test in entry.verdicts]
        if not found:
            return None
        order = list(State)
        worst = min(found, key=lambda one: order.index(one.state))
        if worst.state is not State.SOLVED:
            return replace(worst, seconds=entry.seconds)
        if len(found) < len(tests):
            return None
        return Verdict(koan, State.SOLVED, seconds=entry.seconds)

    def verdicts(self) -> list[Verdict]:
        """Return all verdicts so far, in the guide's order."""
        return [one.verdict for one in self.statuses() if one.verdict is not None]

    def statuses(self) -> list[KoanStatus]:
        """Return all koans of the sections that the run tested, in their order."""
        return [
            KoanStatus(section, koan, definition.question, self.verdict(koan))
            for section in self.sections()
            for koan, definition in section.koans.items()
        ]

    def passed_in_part(self) -> list[str]:
        """Return the tests that passed of koans that have no verdict."""
        return [
            test
            for koan, entry in self._entries.items()
            if self.verdict(koan) is None
            for test in entry.verdicts
        ]
