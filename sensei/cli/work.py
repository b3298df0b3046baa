"""The commands that run koans or write stubs."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sensei.cli.common import AsJson, Where, find
from sensei.console import ConsolePaper
from sensei.page import Page
from sensei.place import Place
from sensei.told import NOT_ALL, told

app = typer.Typer()


class Answers(StrEnum):
    """Whose answers are run."""

    KOANS = "koans"
    SOLUTIONS = "solutions"


@app.command()
def watch(place: Where = None) -> None:
    """Run what is saved, at once; show one koan at a time."""
    from sensei.watch import watch as keep_watching

    with told():
        repository, found = find(place)
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

    with told():
        repository, found = find(place)
        outcome = running.run(repository, found, answers.value, quiet=as_json)
        if junit is not None:
            running.write_junit(outcome, junit)
        if as_json:
            typer.echo(running.as_json(outcome))
        else:
            running.report(outcome, ConsolePaper())
        if not running.all_solved(outcome, found):
            sys.exit(NOT_ALL)


@app.command()
def reset(place: Annotated[str, typer.Argument(metavar="PLACE")]) -> None:
    """Bring the stub back, for a koan, a section, a chapter; keep my version."""
    from sensei.reset import reset as bring_back

    with told():
        repository, found = find(place)
        page = Page(ConsolePaper())
        kept = bring_back(repository.root, found)
        page.line(f"{place} is as it was shipped.")
        for path in kept:
            shown = path.relative_to(repository.root).as_posix()
            page.line(f"Your version is kept in {shown}")


@app.command()
def cut(
    place: Where = None,
    check: Annotated[
        bool, typer.Option(help="Write nothing; exit with 1 if a stub differs.")
    ] = False,
) -> None:
    """For authors: write the stubs that the solutions cut to."""
    from sensei.reset import reset as bring_back

    with told():
        repository, found = find(place)
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
            sys.exit(NOT_ALL)
