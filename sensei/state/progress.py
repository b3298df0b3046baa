"""The progress: the last verdict on each koan, kept in `.sensei/progress.json`."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sensei.content.koan import Koan
from sensei.content.repository import Repository
from sensei.errors import print_error
from sensei.grading.verdict import Verdict
from sensei.state.json_store import Content, JsonStore, StoreError

VERSION = 1


@dataclass(frozen=True)
class Recorded:
    """A verdict, and the fingerprint that the section's files had then."""

    verdict: Verdict
    fingerprint: str


class Progress:
    """What is recorded for the repository in the folder `root`."""

    def __init__(self, root: Path) -> None:
        self._store = JsonStore(root, "progress.json")

    def read(self) -> dict[Koan, Recorded]:
        """Return what is recorded.

        Raises:
            StoreError: it cannot be read; a damaged file has been renamed.
        """
        return _decoded(self._store.read(_check))

    def record(self, repository: Repository, verdicts: Iterable[Verdict]) -> None:
        """Add `verdicts` on koans of `repository` to what is recorded.

        Raises:
            StoreError: it cannot be written; what was recorded is unharmed.
        """
        fingerprints: dict[tuple[int, int], str] = {}
        new = {}
        for verdict in verdicts:
            number = verdict.koan[:2]
            if number not in fingerprints:
                section = repository.section_of(verdict.koan)
                fingerprints[number] = section.fingerprint
            data = verdict.to_json() | {"fingerprint": fingerprints[number]}
            new[str(verdict.koan)] = data

        def add(content: Content) -> Content:
            return {"version": VERSION, "koans": content.get("koans", {}) | new}

        if new:
            self._store.update(_check, add)


def read_progress(root: Path) -> dict[Koan, Recorded]:
    """Return what is recorded in the folder `root`; print what is wrong with it."""
    try:
        return Progress(root).read()
    except StoreError as error:
        print_error(str(error))
        return {}


def _check(content: Content) -> None:
    if content["version"] != VERSION:
        raise ValueError("written by another version of sensei")
    _decoded(content)


def _decoded(content: Content) -> dict[Koan, Recorded]:
    recorded = {}
    for data in content.get("koans", {}).values():
        verdict = Verdict.from_json(data)
        recorded[verdict.koan] = Recorded(verdict, str(data["fingerprint"]))
    return recorded
