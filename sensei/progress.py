"""The progress: the last verdict on each koan, kept in `.sensei/progress.json`."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sensei.koan import Koan
from sensei.section import Section
from sensei.store import Content, Store
from sensei.verdict import Verdict, verdict_as_json, verdict_from_json

VERSION = 1


@dataclass(frozen=True)
class Recorded:
    """A verdict, and the fingerprint of the section's files that it was found on."""

    verdict: Verdict
    fingerprint: str


class Progress:
    """What is recorded for the repository in the folder `root`."""

    def __init__(self, root: Path) -> None:
        self._store = Store(root, "progress.json")

    def read(self) -> dict[Koan, Recorded]:
        """Return what is recorded.

        Raises:
            StoreError: it cannot be read; what was damaged has been set aside.
        """
        return _decoded(self._store.read(_check))

    def record(self, verdicts: Iterable[tuple[Section, Verdict]]) -> None:
        """Add `verdicts` to what is recorded.

        Raises:
            StoreError: it cannot be written; what was recorded is unharmed.
        """
        new = {
            str(verdict.koan): verdict_as_json(verdict)
            | {"fingerprint": section.fingerprint}
            for section, verdict in verdicts
        }

        def add(content: Content) -> Content:
            return {"version": VERSION, "koans": content.get("koans", {}) | new}

        if new:
            self._store.update(_check, add)


def _check(content: Content) -> None:
    if content["version"] != VERSION:
        raise ValueError("written by another version of sensei")
    _decoded(content)


def _decoded(content: Content) -> dict[Koan, Recorded]:
    known = {}
    for told in content.get("koans", {}).values():
        verdict = verdict_from_json(told)
        known[verdict.koan] = Recorded(verdict, str(told["fingerprint"]))
    return known
