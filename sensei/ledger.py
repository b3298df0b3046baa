"""The ledger: collects what the tests of a run found, and makes verdicts of it."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from sensei.koan import Koan
from sensei.repository import Repository
from sensei.section import Section
from sensei.verdict import Finding, State, Verdict


@dataclass
class _Entry:
    """What a run has found of one koan so far."""

    findings: dict[str, Finding] = field(default_factory=dict)
    seconds: float = 0.0


class Ledger:
    """Keeps the findings of a run by koan and test."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._entries: dict[Koan, _Entry] = {}

    def note(self, found: dict[str, Any]) -> None:
        """Note what one phase of one test found.

        `found` has the `koan`, the `test`, the `finding` as plain values, and the
        `duration` in seconds.
        """
        entry = self._entries.setdefault(Koan.parse(found["koan"]), _Entry())
        told = found["finding"]
        finding = Finding(**(told | {"state": State(told["state"])}))
        known = entry.findings.get(found["test"])
        if known is None or known.state is State.SOLVED:
            entry.findings[found["test"]] = finding
        entry.seconds += found["duration"]

    def forget(self, koan: Koan) -> None:
        """Drop what was found of `koan`: it is asked anew."""
        self._entries.pop(koan, None)

    def sections(self) -> list[Section]:
        """Return the sections that the run asked about, in the guide's order."""
        asked = {(koan.chapter, koan.section) for koan in self._entries}
        return [
            section
            for section in self._repository.sections
            if (section.chapter, section.number) in asked
        ]

    def verdicts(self, section: Section) -> list[Verdict]:
        """Return the verdicts on the koans of `section`, in the guide's order."""
        every = (self.verdict(section, koan) for koan in section.homes)
        return [verdict for verdict in every if verdict is not None]

    def verdict(self, section: Section, koan: Koan) -> Verdict | None:
        """Return the verdict on `koan`, which lives in `section`.

        None where it was not asked, or where the run left out some of its tests and
        the others passed.
        """
        entry = self._entries.get(koan)
        if entry is None:
            return None
        return _verdict(koan, entry, section.test_names.get(koan.question, []))

    def passed_in_part(self) -> list[str]:
        """Return the tests that passed of koans that have no verdict."""
        judged = {
            verdict.koan
            for section in self.sections()
            for verdict in self.verdicts(section)
        }
        return [
            test
            for koan, entry in self._entries.items()
            if koan not in judged
            for test in entry.findings
        ]


def found_by(report: pytest.TestReport) -> dict[str, Any] | None:
    """Return what `report` says for `Ledger.note`; None if it is of no koan."""
    told = vars(report)
    if "koan" not in told:
        return None
    return {key: told[key] for key in ("koan", "test", "finding", "duration")}


def _verdict(koan: Koan, entry: _Entry, tests: list[str]) -> Verdict | None:
    found = {test: entry.findings[test] for test in tests if test in entry.findings}
    bad = {test: one for test, one in found.items() if one.state is not State.SOLVED}
    if not bad:
        if len(found) < len(tests):
            return None
        return Verdict(koan, State.SOLVED, "", "", entry.seconds)
    # A failing test says more than an open one: the answer has been begun.
    test = min(bad, key=lambda name: bad[name].state is not State.FAILING)
    finding = bad[test]
    return Verdict(
        koan,
        finding.state,
        finding.message,
        finding.place,
        entry.seconds,
        finding.is_of_file,
        finding.printed,
        test,
    )
