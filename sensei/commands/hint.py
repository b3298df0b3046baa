"""`sensei hint`: one hint more each time."""

from dataclasses import dataclass

from sensei.content.chapter import ChapterError
from sensei.content.koan import Koan
from sensei.content.repository import Repository
from sensei.output.render import Renderer
from sensei.state.json_store import Content, JsonStore, StoreError


@dataclass(frozen=True)
class Hints:
    """The hints to a koan that are given now, and what there is to say about that."""

    texts: list[str]
    note: str = ""


class GivenHints:
    """How many hints each koan of `repository` has given, in `.sensei/hints.json`."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._store = JsonStore(repository.root, "hints.json")

    def given(self, koan: Koan) -> Hints:
        """Return the hints of `koan` so far.

        Raises:
            ChapterError: the chapter's description has no hints for it.
        """
        hints = hints_of(self._repository, koan)
        try:
            count = self._store.read(_check).get(str(koan), 0)
        except StoreError as error:
            return Hints([], str(error))
        return Hints(hints[:count])

    def give_next(self, koan: Koan) -> Hints:
        """Return the hints of `koan` so far, and one more than last time.

        All of them where it cannot be kept how many there were: the second could not
        be given there.

        Raises:
            ChapterError: the chapter's description has no hints for it.
        """
        hints = hints_of(self._repository, koan)
        given = self.given(koan)
        count = min(len(given.texts) + 1, len(hints))
        try:
            self._store.update(_check, lambda content: content | {str(koan): count})
        except StoreError as error:
            return Hints(hints, f"{error} So all hints are shown at once.")
        return Hints(hints[:count], given.note)


def given_hints(repository: Repository, koan: Koan) -> list[str]:
    """Return the hints of `koan` so far; none if its chapter cannot be read."""
    try:
        return GivenHints(repository).given(koan).texts
    except ChapterError:
        return []


def hints_of(repository: Repository, koan: Koan) -> list[str]:
    """Return all hints of `koan`, the shortest first.

    Raises:
        ChapterError: the chapter's description has none.
    """
    section = repository.section_of(koan)
    question = repository.describe(section).questions.get(koan.question)
    if question is None:
        name = f"koans/{section.folder}/chapter.toml"
        raise ChapterError(f"{name}: There are no hints for {koan}.")
    return question.hints


def write_next_hint(repository: Repository, koan: Koan, renderer: Renderer) -> None:
    """Write the hints of `koan` so far, one more, and what to read.

    Raises:
        ChapterError: as `GivenHints.give_next`.
    """
    given = GivenHints(repository).give_next(koan)
    total = len(hints_of(repository, koan))
    for count, text in enumerate(given.texts, start=1):
        renderer.line(f"Hint {count} of {total}", "bold")
        renderer.paragraph(text)
    section = repository.section_of(koan)
    renderer.line(f"To read: sensei notes {section}", "dim")
    for link in repository.describe(section).links:
        renderer.line(f"To read: {link}", "dim")
    if given.note:
        renderer.paragraph(given.note, "yellow")


def _check(content: Content) -> None:
    if not all(type(count) is int and count >= 0 for count in content.values()):
        raise TypeError("counts are numbers")
