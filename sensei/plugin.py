"""The pytest plugin: chooses the answers, and judges what the tests find in them."""

import gc
import traceback
import warnings
from collections.abc import Generator, Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest

from sensei.answers import Answers, forget, load_file
from sensei.judge import Asked, NeverAwaited, is_timeout, is_told, judge
from sensei.ledger import Ledger
from sensei.progress import Progress
from sensei.repository import Repository
from sensei.section import question_of
from sensei.summary import Summary
from sensei.trouble import Trouble, summary_of
from sensei.variants import Variant, VariantError, variants
from sensei.verdict import Finding, State

_REPOSITORY = pytest.StashKey[Repository]()
_ASKED = pytest.StashKey[Asked]()
_FINDING = pytest.StashKey[Finding]()
_SPOILT = pytest.StashKey[dict[str, BaseException]]()

# Letters of what an answer printed that are kept: a flood tells nobody anything.
_PRINTED = 4_000


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one option: whose answers are tested."""
    parser.getgroup("koans").addoption(
        "--answers",
        choices=("koans", "solutions", "variants"),
        default="koans",
        help="test mine (koans), the solutions, or every variant on its own question",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Find the repository; where reports arrive, keep the ledger and the summary."""
    config.stash[_SPOILT] = {}
    config.stash[_REPOSITORY] = repository = Repository(config.rootpath)
    if not hasattr(config, "workerinput"):  # a worker of xdist reports elsewhere
        ledger = Ledger(repository)
        progress = Progress(config.rootpath)
        terse = is_terse(config)
        summary = Summary(config.option.answers, ledger, terse, progress)
        config.pluginmanager.register(summary, "sensei-summary")


def is_terse(config: pytest.Config) -> bool:
    """Return whether a koan's failure is told in words, without pytest's traceback."""
    option = config.option
    plain = option.tbstyle == "auto" and option.verbose <= 0 and not option.usepdb
    return bool(plain and option.answers == "koans")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask each test once for each variant that it has a say about."""
    section = metafunc.config.stash[_REPOSITORY].section_of(
        Path(metafunc.module.__file__ or "")
    )
    question = question_of(metafunc.function.__name__)
    if metafunc.config.option.answers != "variants" or not (section and question):
        return
    if "answers" in metafunc.fixturenames:
        name = metafunc.function.__name__
        try:
            asked = [one for one in variants(section) if one.asked_by(name, question)]
        except (VariantError, SyntaxError) as error:
            raise metafunc.definition.session.Failed(str(error)) from None
        labels = [variant.label for variant in asked]
        metafunc.parametrize("answers", asked, indirect=True, ids=labels)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Tie each test to its koan; leave out tests that no variant is for."""
    answers = config.option.answers
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        asked = _asked(item, config)
        if asked is None:
            kept.append(item)
            continue
        item.stash[_ASKED] = asked
        if is_terse(config):
            item.repr_failure = partial(_repr_told, item)  # type: ignore[method-assign]
        variant = _variant(item)
        wanted = variant.is_for(item.name) if variant else answers != "variants"
        (kept if wanted else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


@pytest.fixture
def answers(request: pytest.FixtureRequest) -> Iterator[Answers]:
    """The answers of the test's own section, from koans, solutions or a variant.

    Loaded when a name is first asked for, and anew for each test.
    """
    asked = request.node.stash.get(_ASKED, None)
    if asked is None:
        pytest.fail("`answers` belongs to tests named koans/chNN/test_sNN_*::test_qN_*")
    shown = asked.section.path_of(asked.file)
    variant = getattr(request, "param", None)
    with ExitStack() as stack:
        load = partial(load_file, asked.file, shown)
        if variant is not None:
            load = partial(variant.load, stack.enter_context(variant.laid_out()))
        module = Answers(load, asked.section)
        yield module
        forget(module)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a koan that forgets a coroutine, or that a test before could not ask."""
    asked = asked_of(item)
    if asked is None:
        return (yield)
    # Asking again would cost the same time, and say the same.
    spoilt = item.config.stash[_SPOILT]
    for name in (str(asked.section), str(asked.koan)):
        if name in spoilt:
            raise spoilt[name]
    failure: BaseException | None = None
    with warnings.catch_warnings(record=True) as caught:
        try:
            yield
        except Trouble as error:
            failure = error
            if error.is_of_file:
                spoilt[str(asked.section)] = error
        except pytest.fail.Exception as error:
            failure = error
            if is_timeout(error):
                spoilt[str(asked.koan)] = error
        except Exception as error:
            failure = error
        gc.collect(1)  # a coroutine caught in a cycle is told of when it is collected
    forgotten = None
    for warning in caught:
        if "was never awaited" in str(warning.message):
            forgotten = NeverAwaited(str(warning.message))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    if forgotten is not None:
        raise forgotten from failure
    if failure is not None:
        raise failure


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Give the report of a koan's test what the judge found; see `Ledger`."""
    asked = asked_of(item)
    if asked is None:
        return (yield)
    error = call.excinfo.value if call.excinfo else None
    if error is not None:
        item.stash[_FINDING] = judge(error, asked)
    report = yield
    if error is not None and not item.config.option.usepdb:
        _release(error)
    variant = _variant(item)
    if variant is not None:
        vars(report)["variant"] = f"{variant.koan} {variant.label}"
        if variant.caught_by and call.when == "call":
            _turn_around(report, error, variant)
    if report.failed:
        finding = item.stash.get(_FINDING, Finding(State.FAILING, report.longreprtext))
        finding = replace(finding, printed=report.capstdout[-_PRINTED:])
    elif report.passed and call.when == "call":
        finding = Finding(State.SOLVED)
    else:
        return report
    # Plain values only: xdist sends them from its workers.
    vars(report).update(
        koan=str(asked.koan),
        test=asked.test,
        finding=asdict(finding) | {"state": finding.state.value},
    )
    return report


def _release(error: BaseException) -> None:
    """Let go of what the frames of `error` hold.

    A coroutine among it would be told of as never awaited later, in another test.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for frame, _ in traceback.walk_tb(error.__traceback__):
            with suppress(RuntimeError):  # it is running still
                frame.clear()
                frame.f_locals  # noqa: B018  # drops what a look at it kept


def _turn_around(
    report: pytest.TestReport, error: BaseException | None, variant: Variant
) -> None:
    """Let the test of a wrong answer pass where it turns the answer away in words."""
    if error is not None and is_told(error):
        report.outcome, report.longrepr = "passed", None
    else:
        report.outcome = "failed"
        why = f"crashes it: {summary_of(error)}" if error else "is let in"
        where = f"{variant.section.path_of(variant.section.variants)}:{variant.line}"
        report.longrepr = f"{where}: this wrong answer to koan {variant.koan} {why}."


def _repr_told(item: pytest.Item, _error: object, style: object = None) -> str:
    finding = item.stash[_FINDING]
    return f"{finding.message}\n{finding.place}"


def asked_of(item: pytest.Item) -> Asked | None:
    """Return what the test `item` asks about; None if it is no koan's."""
    return item.stash.get(_ASKED, None)


def _asked(item: pytest.Item, config: pytest.Config) -> Asked | None:
    section = config.stash[_REPOSITORY].section_of(item.path)
    name = getattr(item, "originalname", item.name)
    question = question_of(name)
    if section is None or question is None:
        return None
    answers = config.option.answers
    file = section.stub if answers == "koans" else section.solution
    if answers == "variants":
        file = section.variants
    return Asked(section, section.koan(question), name, file)


def _variant(item: pytest.Item) -> Variant | None:
    callspec = getattr(item, "callspec", None)
    variant = callspec.params.get("answers") if callspec else None
    return variant if isinstance(variant, Variant) else None
