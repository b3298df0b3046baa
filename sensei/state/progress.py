"""The progress: the last verdict on each koan, kept in `.sensei/progress.json`."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sensei.content.koan import Koan
from sensei.content.repository import Repository
from sensei.errors import print_error
from sensei.grading.verdict import Verdict
from sensei.state.json_store import Content, JsonStore, StoreError

# 1 was the same with other keys of a verdict.
VERSION = 2


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
            StoreError: it cannot be read, or is of another version; a damaged file
                has been renamed.
        """
        content = self._store.read(_check)
        if _is_older(content):
            raise StoreError(
                ".sensei/progress.json is of an earlier version of sensei. To write it "
                "again: sensei run"
            )
        return _decoded(content)

    def record(self, repository: Repository, verdicts: Iterable[Verdict]) -> None:
        """Add `verdicts` on koans of `repository` to what is recorded.

        Raises:
            StoreError: it cannot be written, or a newer version has written it; what
                was recorded is unharmed.
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
            before = {} if _is_older(content) else content.get("koans", {})
            return {"version": VERSION, "koans": before | new}

        if new:
            self._store.update(_check, add)

    def forget(self, koans: Iterable[Koan]) -> None:
        """Drop what is recorded about `koans`: their answers were replaced.

        Raises:
            StoreError: as `record`.
        """
        dropped = {str(koan) for koan in koans} & set(map(str, self.read()))

        def drop(content: Content) -> Content:
            kept = content.get("koans", {}).items()
            return content | {"koans": {k: v for k, v in kept if k not in dropped}}

        if dropped:
            self._store.update(_check, drop)


def read_progress(root: Path) -> dict[Koan, Recorded]:
    """Return what is recorded in the folder `root`; print what is wrong with it."""
    try:
        return Progress(root).read()
    except StoreError as error:
        print_error(str(error))
        return {}


def _check(content: Content) -> None:
    version = content["version"]
    if version > VERSION:
        raise StoreError(
            f".sensei/progress.json is of a newer version of sensei ({version}). It is "
            "left as it is. To update this copy: git pull"
        )
    if version == VERSION:
        _decoded(content)


def _is_older(content: Content) -> bool:
    return bool(content) and content["version"] < VERSION


def _decoded(content: Content) -> dict[Koan, Recorded]:
    recorded = {}
    for data in content.get("koans", {}).values():
        verdict = Verdict.from_json(data)
        recorded[verdict.koan] = Recorded(verdict, str(data["fingerprint"]))
    return recorded
