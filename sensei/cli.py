"""The command line of `sensei`: its commands, arguments and options."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from sensei.arguments import (
    AnswersOption,
    JsonOption,
    KoanArgument,
    LevelOption,
    PlaceArgument,
    RequiredPlaceArgument,
    SectionArgument,
)
from sensei.content.repository import Repository, find_repository
from sensei.content.target import Target, find_koan, find_target, of_level
from sensei.errors import ExitCode, exit_with_message, print_error
from sensei.output.console import console_renderer

app = typer.Typer(
    help="Koans of FastAPI, SQLAlchemy, Pydantic and asyncio.",
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def sensei(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version, and exit.")
    ] = False,
) -> None:
    """Show progress; see `sensei --help` for more."""
    if version:
        from importlib.metadata import version as version_of

        typer.echo(f"sensei {version_of('fastapi-koans')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        status(as_json=False)


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Progress per chapter and section, and the next koan."""
    from sensei.commands.status import read_statuses, statuses_as_json, write_status

    with exit_with_message():
        repository = find_repository(Path.cwd())
        statuses = read_statuses(repository)
        if as_json:
            typer.echo(statuses_as_json(repository, statuses))
        else:
            write_status(statuses, console_renderer(repository))


@app.command()
def watch(
    place: PlaceArgument = None,
    level: LevelOption = None,
) -> None:
    """Run what is saved, at once; show one koan at a time."""
    from sensei.watch.loop import watch as watch_target

    with exit_with_message():
        repository, target = _find(place)
        if level is not None:
            target = of_level(repository, target, level)
        watch_target(repository, target)


@app.command()
def run(
    place: PlaceArgument = None,
    as_json: JsonOption = False,
    junit: Annotated[
        Path | None, typer.Option(help="Also write a JUnit XML file.")
    ] = None,
    answers: Annotated[
        AnswersOption, typer.Option(help="For authors: run the solutions.")
    ] = AnswersOption.KOANS,
) -> None:
    """Run koans once; exit with 0 only if all that can run here are solved."""
    from sensei.commands import run as command

    with exit_with_message():
        repository, target = _find(place)
        if junit is not None:
            command.check_writable(junit)
        results = command.run(repository, target, answers.value, is_quiet=as_json)
        if junit is not None:
            command.write_junit(results, junit)
        if as_json:
            typer.echo(command.results_as_json(results))
        else:
            command.write_results(results, console_renderer(repository))
        if not command.is_solved(results, target):
            sys.exit(ExitCode.FAILED)


@app.command("next")
def next_koan() -> None:
    """Show the next koan that is not solved, and where to type."""
    from sensei.commands.status import read_statuses, write_next

    with exit_with_message():
        repository = find_repository(Path.cwd())
        write_next(read_statuses(repository), console_renderer(repository))


@app.command()
def hint(koan: KoanArgument) -> None:
    """Give one hint more each time."""
    from sensei.commands.hint import write_next_hint

    with exit_with_message():
        repository = find_repository(Path.cwd())
        _, number = find_koan(repository, koan)
        write_next_hint(repository, number, console_renderer(repository))


@app.command()
def compare(
    koan: KoanArgument,
    peek: Annotated[bool, typer.Option(help="Also before it is solved.")] = False,
) -> None:
    """Show my answer beside the solution, and the answer in words."""
    from sensei.commands import compare as command

    with exit_with_message():
        repository = find_repository(Path.cwd())
        section, number = find_koan(repository, koan)
        if not peek and not command.is_solved(repository, section, number):
            print_error(
                f"{koan} is not solved yet. Solve it first (sensei run {koan}), or "
                f"compare anyway: sensei compare {koan} --peek."
            )
            sys.exit(ExitCode.FAILED)
        comparison = command.compare(section, number)
        command.write_comparison(comparison, console_renderer(repository))


@app.command()
def reset(place: RequiredPlaceArgument) -> None:
    """Bring the stub back, for a koan, a section, a chapter; keep my version."""
    from sensei.commands import reset as command

    with exit_with_message():
        repository, target = _find(place)
        backups = command.reset(repository.root, target)
        renderer = console_renderer(repository)
        message = f"{place} is as shipped."
        command.write_backups(repository.root, message, backups, renderer)


@app.command()
def restore(place: RequiredPlaceArgument) -> None:
    """Bring back what `reset` has replaced; keep the present version."""
    from sensei.commands import reset as command

    with exit_with_message():
        repository, target = _find(place)
        backups = command.restore(repository.root, target)
        renderer = console_renderer(repository)
        message = f"{place} is as it was before. To run it: sensei run {place}"
        command.write_backups(repository.root, message, backups, renderer)


@app.command()
def notes(
    place: SectionArgument,
    path: Annotated[
        bool, typer.Option("--path", help="Print only where the file is.")
    ] = False,
) -> None:
    """Show the lesson of a section."""
    from sensei.commands.notes import notes_of, write_notes

    with exit_with_message():
        repository, target = _find(place)
        file = notes_of(repository, target, place)
        if path:
            typer.echo(file)
        else:
            write_notes(file)


@app.command()
def doctor() -> None:
    """Show what works, what is missing, and how to get it."""
    from sensei.commands.doctor import write_checks

    with exit_with_message():
        repository = find_repository(Path.cwd())
        if not write_checks(repository.root, console_renderer(repository)):
            sys.exit(ExitCode.FAILED)


@app.command()
def cut(
    place: PlaceArgument = None,
    check: Annotated[
        bool, typer.Option(help="Write nothing; exit with 1 if a stub differs.")
    ] = False,
) -> None:
    """For authors: write the stubs that the solutions are cut to."""
    from sensei.commands.reset import check_stubs
    from sensei.commands.reset import reset as write_stubs

    with exit_with_message():
        repository, target = _find(place)
        if not check:
            write_stubs(repository.root, Target(target.sections))
        elif not check_stubs(target, console_renderer(repository)):
            sys.exit(ExitCode.FAILED)


def _find(place: str | None) -> tuple[Repository, Target]:
    """Return the repository around the current folder, and what `place` selects."""
    repository = find_repository(Path.cwd())
    target = find_target(repository, place)
    target.koans  # noqa: B018  # raises an error if a solution cannot be read
    return repository, target
