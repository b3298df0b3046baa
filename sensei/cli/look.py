"""The commands that show something and change nothing of the learner's."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from sensei.cli.common import AsJson, One, find_koan
from sensei.console import ConsolePaper
from sensei.page import Page
from sensei.root import find_repository
from sensei.status import (
    recorded,
    status_as_json,
    status_of,
    write_next,
    write_status,
)
from sensei.told import NOT_ALL, complain, told
from sensei.verdict import State

app = typer.Typer()


@app.command()
def status(as_json: AsJson = False) -> None:
    """Progress per chapter and section, and the next koan."""
    with told():
        found = status_of(find_repository(Path.cwd()))
        if as_json:
            typer.echo(status_as_json(found))
        else:
            write_status(found, Page(ConsolePaper()))


@app.command("next")
def next_koan() -> None:
    """Show the next koan that is not solved, and where to type."""
    with told():
        write_next(status_of(find_repository(Path.cwd())), Page(ConsolePaper()))


@app.command()
def hint(koan: One) -> None:
    """Give one hint more each time."""
    from sensei.hints import Hints, hints_of, links_of

    with told():
        repository, place = find_koan(koan)
        section, number = place.sections[0], place.koans[0]
        page = Page(ConsolePaper())
        given = Hints(repository.root).next(section, number)
        total = len(hints_of(section, number))
        for count, text in enumerate(given, start=1):
            page.line(f"Hint {count} of {total}", "bold")
            page.paragraph(text)
        for link in links_of(section):
            page.line(f"To read: {link}", "dim")


@app.command()
def compare(
    koan: One,
    peek: Annotated[bool, typer.Option(help="Also before it is solved.")] = False,
) -> None:
    """Show my answer beside the solution, and the answer in words."""
    from sensei.compare import compare as set_beside
    from sensei.compare import write_comparison

    with told():
        repository, place = find_koan(koan)
        last = recorded(repository).get(place.koans[0])
        if not peek and (last is None or last.verdict.state is not State.SOLVED):
            complain(
                f"{koan} is not solved yet. Solve it first (sensei run {koan}), "
                f"or look all the same: sensei compare {koan} --peek."
            )
            sys.exit(NOT_ALL)
        write_comparison(
            set_beside(place.sections[0], place.koans[0]), Page(ConsolePaper())
        )


@app.command()
def doctor() -> None:
    """Show what works, what is missing, and how to get it."""
    from sensei.doctor import checks

    with told():
        repository = find_repository(Path.cwd())
        page = Page(ConsolePaper())
        works = True
        for check in checks(repository.root):
            works = works and check.works
            colour = "green" if check.works else "red"
            word = "ok" if check.works else "missing"
            page.line(f"{word:<8} {check.name:<24} {check.said}", colour)
        if not works:
            sys.exit(NOT_ALL)
