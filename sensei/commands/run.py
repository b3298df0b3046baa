"""`sensei run`: runs every koan of a target once."""

import json
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as ProgressBar

from sensei.content.repository import Repository
from sensei.content.target import Target
from sensei.errors import print_error
from sensei.grading.results import Results, next_koan
from sensei.grading.verdict import State, Verdict
from sensei.output.render import Renderer
from sensei.runner.client import RunnerClient, RunnerError
from sensei.state.json_store import StoreError
from sensei.state.progress import Progress

JSON_VERSION = 1


def run(
    repository: Repository, target: Target, answers: str, *, is_quiet: bool
) -> Results:
    """Return the results of running `target`; show a progress bar unless `is_quiet`.

    Verdicts on the learner's own answers are recorded.

    Raises:
        RunnerError: the koans could not be run to their end.
    """
    results = Results(repository)
    koans = None if target.koan is None else [target.koan]
    missing = set(target.koans)
    with (
        RunnerClient(repository.root, answers) as client,
        _progress_bar(len(missing), is_quiet=is_quiet) as bar,
    ):
        request = client.run(target.sections, koans)
        task = bar.add_task("starting", total=len(missing))
        for verdict in client.follow(request, results):
            missing.discard(verdict.koan)
            bar.update(task, advance=1, description=str(verdict.koan))
    if missing and not results.collection_errors:
        raise RunnerError("The run ended before all koans had run.")
    if answers == "koans":
        try:
            Progress(repository.root).record(repository, results.verdicts())
        except StoreError as error:
            print_error(str(error))
    return results


def is_solved(results: Results, target: Target) -> bool:
    """Return whether every koan of `target` that can run here is solved."""
    done = {one.koan for one in results.verdicts() if one.state.is_done}
    return done >= set(target.koans)


def write_results(results: Results, renderer: Renderer) -> None:
    """Write what a run found, and which koan is next."""
    statuses, verdicts = results.statuses(), results.verdicts()
    renderer.failing(verdicts)
    for path, message in results.collection_errors.items():
        renderer.line(f"{path} cannot be run: {message}", "red")
    renderer.skipped(verdicts)
    renderer.progress(statuses)
    following = next_koan(one for one in statuses if one.verdict is not None)
    if following is not None:
        renderer.next(following)


def results_as_json(results: Results) -> str:
    """Return the verdicts as the JSON that `sensei run --json` prints."""
    koans = [verdict.to_json() for verdict in results.verdicts()]
    return json.dumps({"version": JSON_VERSION, "koans": koans}, indent=2)


def check_writable(path: Path) -> None:
    """Raise an error if the file `path` cannot be written.

    Raises:
        OSError: it cannot.
    """
    existed = path.exists()
    path.open("ab").close()
    if not existed:
        path.unlink()


def write_junit(results: Results, path: Path) -> None:
    """Write the verdicts to the file `path`, in the XML of JUnit.

    Raises:
        OSError: the file cannot be written.
    """
    verdicts = results.verdicts()
    skipped = sum(one.state is State.SKIPPED for one in verdicts)
    solved = sum(one.state is State.SOLVED for one in verdicts)
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name="koans",
        tests=str(len(verdicts)),
        failures=str(len(verdicts) - solved - skipped),
        errors="0",
        skipped=str(skipped),
        time=f"{sum(one.seconds for one in verdicts):.3f}",
    )
    for status in results.statuses():
        if status.verdict is not None:
            _add_case(suite, status.question, status.verdict)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _add_case(suite: ElementTree.Element, question: str, verdict: Verdict) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=f"koans.ch{verdict.koan.chapter:02}",
        name=f"{verdict.koan} {question}",
        time=f"{verdict.seconds:.3f}",
    )
    message = "".join(one for one in verdict.message if one.isprintable())
    if verdict.state is State.SKIPPED:
        ElementTree.SubElement(case, "skipped", message=message)
    elif verdict.state is not State.SOLVED:
        failure = ElementTree.SubElement(
            case, "failure", type=verdict.state.value, message=message
        )
        failure.text = verdict.location


def _progress_bar(total: int, *, is_quiet: bool) -> ProgressBar:
    console = Console(stderr=True)
    return ProgressBar(
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=is_quiet or not console.is_terminal or total < 2,
    )
