"""The ledger: collects the reports of a run, and makes verdicts of them."""

from dataclasses import dataclass, field

import pytest

from sensei.koan import Koan
from sensei.repository import Repository
from sensei.section import Section
from sensei.verdict import Finding, State, Verdict


@dataclass
class _Page:
    """What a run has found of one koan so far."""

    findings: dict[str, Finding] = field(default_factory=dict)
    seconds: float = 0.0


class Ledger:
    """Keeps the findings of a run by koan and test.

    Filled by pytest's reports: `koan`, `test` and `finding` are what the plugin
    wrote on them.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._pages: dict[Koan, _Page] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the finding of one phase of one test."""
        if not hasattr(report, "koan"):
            return
        page = self._pages.setdefault(Koan.parse(report.koan), _Page())
        told = report.finding | {"state": State(report.finding["state"])}
        finding = Finding(**told)
        known = page.findings.get(report.test)
        if known is None or known.state is State.SOLVED:
            page.findings[report.test] = finding
        page.seconds += report.duration

    def sections(self) -> list[Section]:
        """Return the sections that the run asked about, in the guide's order."""
        asked = {(koan.chapter, koan.section) for koan in self._pages}
        return [
            section
            for section in self._repository.sections
            if (section.chapter, section.number) in asked
        ]

    def verdicts(self, section: Section) -> list[Verdict]:
        """Return the verdicts on the koans of `section`, in the guide's order.

        A koan has none where the run left out tests of it and the others passed.
        """
        verdicts = []
        for koan in section.homes:
            page = self._pages.get(koan)
            if page is None:
                continue
            names = section.test_names.get(koan.question, [])
            verdict = _verdict(koan, page, names)
            if verdict is not None:
                verdicts.append(verdict)
        return verdicts

    def passed_in_part(self) -> list[str]:
        """Return the tests that passed of koans that have no verdict."""
        judged = {
            verdict.koan
            for section in self.sections()
            for verdict in self.verdicts(section)
        }
        return [
            test
            for koan, page in self._pages.items()
            if koan not in judged
            for test in page.findings
        ]


def _verdict(koan: Koan, page: _Page, tests: list[str]) -> Verdict | None:
    bad = [test for test in tests if _state(page, test) not in (None, State.SOLVED)]
    if not bad:
        if not set(tests) <= set(page.findings):
            return None
        return Verdict(koan, State.SOLVED, "", "", page.seconds)
    # A failing test says more than an open one: the answer has been begun.
    test = min(bad, key=lambda name: _state(page, name) is not State.FAILING)
    finding = page.findings[test]
    return Verdict(
        koan,
        finding.state,
        finding.message,
        finding.place,
        page.seconds,
        finding.whole_section,
        finding.printed,
        test,
    )


def _state(page: _Page, test: str) -> State | None:
    finding = page.findings.get(test)
    return finding.state if finding else None
