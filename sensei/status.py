"""`sensei status`: what was recorded, what has changed since, and what is next."""

import json
from dataclasses import dataclass
from typing import Any

from sensei.koan import Koan
from sensei.outline import Outline, read_outline
from sensei.page import Page
from sensei.progress import Progress, Recorded
from sensei.repository import Repository
from sensei.section import Section
from sensei.store import StoreError
from sensei.told import complain
from sensei.verdict import State

JSON_VERSION = 1


@dataclass(frozen=True)
class Standing:
    """Where a koan stands; `recorded` is None where it was never run."""

    koan: Koan
    question: str
    section: Section
    recorded: Recorded | None
    stale: bool

    @property
    def state(self) -> State | None:
        """The last verdict's state."""
        return self.recorded.verdict.state if self.recorded else None

    @property
    def is_solved(self) -> bool:
        """Whether it was solved when it was run last."""
        return self.state is State.SOLVED


@dataclass(frozen=True)
class Status:
    """Where all koans stand, by chapter and section."""

    chapters: dict[int, Outline]
    standings: dict[Section, list[Standing]]

    @property
    def next(self) -> Standing | None:
        """The first koan that is not solved."""
        every = (one for several in self.standings.values() for one in several)
        return next((one for one in every if not one.is_solved), None)


def recorded(repository: Repository) -> dict[Koan, Recorded]:
    """Return what is recorded; tell what is wrong with it where something is."""
    try:
        return Progress(repository.root).read()
    except StoreError as error:
        complain(str(error))
        return {}


def status_of(repository: Repository) -> Status:
    """Return where the koans of `repository` stand, after what was recorded.

    Reads the questions from the chapters' descriptions: that is much faster than
    reading every stub.

    Raises:
        ChapterError: a chapter's description cannot be used.
    """
    verdicts = recorded(repository)
    chapters: dict[int, Outline] = {}
    standings: dict[Section, list[Standing]] = {}
    for number, sections in repository.chapters.items():
        path = sections[0].tests.parent / "chapter.toml"
        chapters[number] = read_outline(path, sections[0].path_of(path))
        for section in sections:
            told = chapters[number].sections.get(section.number)
            fingerprint = section.fingerprint
            standings[section] = [
                Standing(
                    koan := section.koan(asked),
                    question,
                    section,
                    one := verdicts.get(koan),
                    stale=one is not None and one.fingerprint != fingerprint,
                )
                for asked, question in (told.questions if told else {}).items()
            ]
    return Status(chapters, standings)


def write_status(status: Status, page: Page) -> None:
    """Write each chapter in a line, the open chapter's sections, the next koan."""
    following = status.next
    for number, chapter in status.chapters.items():
        sections = {
            section: several
            for section, several in status.standings.items()
            if section.chapter == number
        }
        every = [one for several in sections.values() for one in several]
        page.count(f"Chapter {number}  {chapter.title}", [one.state for one in every])
        if following is None or following.section.chapter != number:
            continue
        for section, several in sections.items():
            title = chapter.sections[section.number].title if several else section.stem
            states = [one.state for one in several]
            changed = any(one.stale for one in several)
            page.section(f"  {section}  {title}", states, changed=changed)
    write_next(status, page)


def write_next(status: Status, page: Page) -> None:
    """Write the next koan: its question, and where to type."""
    following = status.next
    if following is None:
        page.line()
        page.line("Every koan is solved.", "bold", "green")
    else:
        home = following.section.homes[following.koan]
        shown = following.section.path_of(following.section.stub)
        recorded = following.recorded
        place = recorded.verdict.place if recorded else f"{shown}:{home.line}"
        page.next(following.koan, following.question, place)


def status_as_json(status: Status) -> str:
    """Return where every koan stands, as the JSON that `--json` prints."""
    koans: list[dict[str, Any]] = [
        {
            "koan": str(one.koan),
            "question": one.question,
            "state": one.state.value if one.state else None,
            "changed_since": one.stale,
        }
        for several in status.standings.values()
        for one in several
    ]
    following = status.next
    told: dict[str, Any] = {"version": JSON_VERSION, "next": None, "koans": koans}
    if following is not None:
        told["next"] = str(following.koan)
    return json.dumps(told, indent=2)
