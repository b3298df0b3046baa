"""The command `sensei`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from sensei.chapter import ChapterError
from sensei.console import ConsolePaper, complain
from sensei.cutter import CutError
from sensei.page import Page
from sensei.place import Place, PlaceError, find_place, places
from sensei.progress import Progress
from sensei.repository import Repository
from sensei.reset import ResetError
from sensei.root import RootError, find_repository
from sensei.settings import SettingsError
from sensei.store import StoreError

NOT_ALL, UNUSABLE = 1, 2

_KNOWN = (
    ChapterError,
    CutError,
    PlaceError,
    ResetError,
    RootError,
    SettingsError,
    StoreError,
)

app = typer.Typer(
    help="Koans of FastAPI, SQLAlchemy, Pydantic and asyncio.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
)


class Answers(StrEnum):
    """Whose answers are run."""

    KOANS = "koans"
    SOLUTIONS = "solutions"


def _complete(incomplete: str) -> list[str]:
    try:
        known = places(find_repository(Path.cwd()))
    except RootError:
        return []
    return [one for one in known if one.startswith(incomplete)]


Where = Annotated[
    str | None,
    typer.Argument(
        metavar="PLACE",
        help="ch03, 3, 3.2, 3.2.1, or a path; everything if left out.",
        autocompletion=_complete,
    ),
]
One = Annotated[
    str, typer.Argument(metavar="KOAN", help="Like 3.2.1.", autocompletion=_complete)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def _told() -> Iterator[None]:
    """Tell what is wrong in a sentence, and exit with 2."""
    try:
        yield
    except _KNOWN as error:
        complain(str(error))
        raise typer.Exit(UNUSABLE) from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(f"{where}{error.strerror or error}.")
        raise typer.Exit(UNUSABLE) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _find(typed: str | None) -> tuple[Repository, Place]:
    repository = find_repository(Path.cwd())
    return repository, find_place(repository, typed)


def _find_koan(typed: str) -> tuple[Repository, Place]:
    repository, place = _find(typed)
    if place.koan is None:
        near = place.koans[0] if place.koans else "2.4.3"
        raise PlaceError(f"{typed} is more than one koan. Name one, like {near}.")
    return repository, place


@app.callback(invoke_without_command=True)
def sensei(context: typer.Context) -> None:
    """Show progress; see `sensei --help` for more."""
    if context.invoked_subcommand is None:
        status(as_json=False)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Progress per chapter and section, and the next koan."""
    from sensei import status as standing

    with _told():
        repository = find_repository(Path.cwd())
        found = standing.status(repository, _recorded(repository))
        if as_json:
            typer.echo(standing.as_json(found))
        else:
            standing.write_status(found, Page(ConsolePaper()))


def _recorded(repository: Repository) -> dict[Any, Any]:
    try:
        return Progress(repository.root).read()
    except StoreError as error:
        complain(str(error))
        return {}


@app.command()
def watch(place: Where = None) -> None:
    """Run what is saved, at once; show one koan at a time."""
    from sensei.watch import watch as keep_watching

    with _told():
        repository, found = _find(place)
        keep_watching(repository, found)


@app.command()
def run(
    place: Where = None,
    as_json: AsJson = False,
    junit: Annotated[
        Path | None, typer.Option(help="Also write a JUnit XML file.")
    ] = None,
    answers: Annotated[
        Answers, typer.Option(help="For authors: run the solutions.")
    ] = Answers.KOANS,
) -> None:
    """Run a place once; exit with 0 only if all of it is solved."""
    from sensei import run as running

    with _told():
        repository, found = _find(place)
        outcome = running.run(repository, found, answers.value, quiet=as_json)
        if junit is not None:
            running.write_junit(outcome, junit)
        if as_json:
            typer.echo(running.as_json(outcome))
        else:
            running.report(outcome, ConsolePaper())
        if not running.all_solved(outcome, found):
            raise typer.Exit(NOT_ALL)


@app.command("next")
def next_koan() -> None:
    """Show the next koan that is not solved, and where to type."""
    from sensei import status as standing

    with _told():
        repository = find_repository(Path.cwd())
        found = standing.status(repository, _recorded(repository))
        standing.write_next(found, Page(ConsolePaper()))


@app.command()
def hint(koan: One) -> None:
    """Give one hint more each time."""
    from sensei.hints import Hints, hints_of

    with _told():
        repository, place = _find_koan(koan)
        section, number = place.sections[0], place.koans[0]
        page = Page(ConsolePaper())
        given = Hints(repository.root).next(section, number)
        total = len(hints_of(section, number))
        for count, text in enumerate(given, start=1):
            page.line(f"Hint {count} of {total}", "bold")
            page.paragraph(text)


@app.command()
def compare(
    koan: One,
    peek: Annotated[bool, typer.Option(help="Also before it is solved.")] = False,
) -> None:
    """Show my answer beside the solution, and the answer in words."""
    from sensei.compare import compare as set_beside
    from sensei.compare import write_comparison

    with _told():
        repository, place = _find_koan(koan)
        recorded = _recorded(repository).get(place.koans[0])
        if not peek and (recorded is None or recorded.verdict.state != "solved"):
            complain(
                f"{koan} is not solved yet. Solve it first (sensei run {koan}), "
                f"or look all the same: sensei compare {koan} --peek."
            )
            raise typer.Exit(NOT_ALL)
        write_comparison(
            set_beside(place.sections[0], place.koans[0]), Page(ConsolePaper())
        )


@app.command()
def reset(place: Annotated[str, typer.Argument(metavar="PLACE")]) -> None:
    """Bring the stub back, for a koan, a section, a chapter; keep my version."""
    from sensei.reset import reset as bring_back

    with _told():
        repository, found = _find(place)
        page = Page(ConsolePaper())
        kept = bring_back(repository.root, found)
        page.line(f"{place} is as it was shipped.")
        for path in kept:
            shown = path.relative_to(repository.root).as_posix()
            page.line(f"Your version is kept in {shown}")


@app.command()
def doctor() -> None:
    """Show what works, what is missing, and how to get it."""
    from sensei.doctor import checks

    with _told():
        repository = find_repository(Path.cwd())
        page = Page(ConsolePaper())
        works = True
        for check in checks(repository.root):
            works = works and check.works
            colour = "green" if check.works else "red"
            word = "ok" if check.works else "missing"
            page.line(f"{word:<8} {check.name:<24} {check.said}", colour)
        if not works:
            raise typer.Exit(NOT_ALL)


@app.command()
def cut(
    place: Where = None,
    check: Annotated[
        bool, typer.Option(help="Write nothing; exit with 1 if a stub differs.")
    ] = False,
) -> None:
    """For authors: write the stubs that the solutions cut to."""
    from sensei.reset import reset as bring_back

    with _told():
        repository, found = _find(place)
        page = Page(ConsolePaper())
        if not check:
            bring_back(repository.root, Place(found.sections))
            return
        differing = [
            section.path_of(path)
            for section in found.sections
            for path, text in section.shipped_files.items()
            if not path.exists() or path.read_bytes() != text.encode()
        ]
        for shown in differing:
            page.line(f"{shown} is not what its solution cuts to.", "red")
        if differing:
            raise typer.Exit(NOT_ALL)


def main() -> None:
    """Run the command; the entry point of the package."""
    for stream in (sys.stdout, sys.stderr):
        # A learner's letters must not raise where the terminal lacks them.
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    app()
