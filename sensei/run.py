"""`sensei run`: every koan of a place, once."""

import json
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from sensei.console import ConsolePaper
from sensei.outcome import Outcome
from sensei.page import Page, unsolved
from sensei.place import Place
from sensei.progress import Progress as Record
from sensei.repository import Repository
from sensei.runner import Runner, RunnerError
from sensei.store import StoreError
from sensei.told import complain
from sensei.verdict import State, Verdict, verdict_as_json

JSON_VERSION = 1


def run(repository: Repository, place: Place, answers: str, *, quiet: bool) -> Outcome:
    """Return the outcome of running `place`; show how far it is unless `quiet`.

    Raises:
        RunnerError: the koans could not be run to their end.
    """
    outcome = Outcome(repository)
    koans = None if place.koan is None else [place.koan]
    asked = set(place.koans)
    with (
        Runner(repository.root, answers) as runner,
        _bar(len(asked), quiet=quiet) as bar,
    ):
        request = runner.request(place.sections, koans)
        task = bar.add_task("starting", total=len(asked))
        for verdict in outcome.follow(runner.events(), request):
            asked.discard(verdict.koan)
            bar.update(task, advance=1, description=str(verdict.koan))
    missing = asked and not outcome.skipped and not outcome.broken
    if missing:
        raise RunnerError("The koans stopped running before all were asked.")
    if answers == "koans":
        record(repository, outcome)
    return outcome


def record(repository: Repository, outcome: Outcome) -> None:
    """Record the verdicts of `outcome`; where that fails, tell it and go on."""
    found = outcome.verdicts()
    every = [(section, verdict) for section in found for verdict in found[section]]
    try:
        Record(repository.root).record(every)
    except StoreError as error:
        complain(str(error))


def report(outcome: Outcome, paper: ConsolePaper) -> None:
    """Write the page of a run."""
    page = Page(paper)
    verdicts = outcome.verdicts()
    page.failing(verdicts)
    for path, message in outcome.broken.items():
        paper.line(f"{path} cannot be run: {message}", "red")
    for reason in sorted(set(outcome.skipped)):
        paper.line(f"Skipped: {reason}", "yellow")
    page.progress(verdicts)
    for section, verdict in unsolved(verdicts):
        question = section.homes[verdict.koan].question
        page.next(verdict.koan, question, verdict.place)
        break


def all_solved(outcome: Outcome, place: Place) -> bool:
    """Return whether every koan of `place` is solved."""
    found = [one for several in outcome.verdicts().values() for one in several]
    solved = {one.koan for one in found if one.state is State.SOLVED}
    return solved >= set(place.koans)


def as_json(outcome: Outcome) -> str:
    """Return the verdicts as the JSON that `--json` prints."""
    found = [one for several in outcome.verdicts().values() for one in several]
    koans = [verdict_as_json(verdict) for verdict in found]
    return json.dumps({"version": JSON_VERSION, "koans": koans}, indent=2)


def write_junit(outcome: Outcome, path: Path) -> None:
    """Write the verdicts to the file `path`, as JUnit's XML has them.

    Raises:
        OSError: the file cannot be written.
    """
    verdicts = outcome.verdicts()
    every = [one for several in verdicts.values() for one in several]
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name="koans",
        tests=str(len(every)),
        failures=str(sum(one.state is not State.SOLVED for one in every)),
        errors="0",
        skipped="0",
        time=f"{sum(one.seconds for one in every):.3f}",
    )
    for section, several in verdicts.items():
        for one in several:
            _case(suite, section.homes[one.koan].question, one)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _case(suite: ElementTree.Element, question: str, verdict: Verdict) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=f"koans.ch{verdict.koan.chapter:02}",
        name=f"{verdict.koan} {question}",
        time=f"{verdict.seconds:.3f}",
    )
    if verdict.state is not State.SOLVED:
        message = "".join(one for one in verdict.message if one.isprintable())
        failure = ElementTree.SubElement(
            case, "failure", type=verdict.state.value, message=message
        )
        failure.text = verdict.place


def _bar(total: int, *, quiet: bool) -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal or total < 2,
    )
