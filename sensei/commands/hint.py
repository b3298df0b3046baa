"""`sensei hint`: one hint more each time."""

from sensei.content.chapter import ChapterError
from sensei.content.koan import Koan
from sensei.content.repository import Repository
from sensei.output.render import Renderer
from sensei.state.json_store import Content, JsonStore


class GivenHints:
    """How many hints each koan of `repository` has given, in `.sensei/hints.json`."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._store = JsonStore(repository.root, "hints.json")

    def give_next(self, koan: Koan) -> list[str]:
        """Return the hints of `koan` so far, and one more than last time.

        Raises:
            ChapterError: the chapter's description has no hints for it.
            StoreError: the number of hints could not be kept.
        """
        hints = hints_of(self._repository, koan)
        given = self._store.read(_check).get(str(koan), 0)
        count = min(given + 1, len(hints))
        self._store.update(_check, lambda content: content | {str(koan): count})
        return hints[:count]


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
        ChapterError, StoreError: as `GivenHints.give_next`.
    """
    given = GivenHints(repository).give_next(koan)
    total = len(hints_of(repository, koan))
    for count, text in enumerate(given, start=1):
        renderer.line(f"Hint {count} of {total}", "bold")
        renderer.paragraph(text)
    for link in repository.describe(repository.section_of(koan)).links:
        renderer.line(f"To read: {link}", "dim")


def _check(content: Content) -> None:
    if not all(isinstance(count, int) for count in content.values()):
        raise TypeError("counts are numbers")
