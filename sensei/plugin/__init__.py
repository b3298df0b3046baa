"""The pytest plugin: chooses the answers, and ties tests to koans.

PYTEST_DONT_REWRITE: the runner imports parts of it before pytest starts.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from sensei.content.repository import find_repository
from sensei.content.section import Section, question_of
from sensei.errors import SenseiError, summary_of
from sensei.grading.deadline import HAS_TIMER, Deadline
from sensei.grading.koan_test import KoanTest
from sensei.grading.loader import Answers, load_file, unload
from sensei.grading.results import Results
from sensei.plugin import deadlines, differences, execution, extras
from sensei.plugin.deadlines import DEADLINE
from sensei.plugin.execution import (
    BROKEN,
    REPOSITORY,
    TEST,
    VERDICT,
    named_test,
    root_of,
    variant_of,
)
from sensei.plugin.garbage import FullCollections
from sensei.plugin.summary import Summary
from sensei.runner.settings import load_settings
from sensei.variants import Variant, VariantError, variants

pytest_plugins = ["sensei.runner.supervisor"]

_VARIANTS = pytest.StashKey[list[Variant]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one option: whose answers are tested."""
    parser.getgroup("koans").addoption(
        "--answers",
        choices=("koans", "solutions", "variants"),
        default="koans",
        help="test mine (koans), the solutions, or every variant on its own question",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Find the repository; register what runs tests and what sums them up."""
    config.stash[BROKEN] = {}
    try:
        repository = find_repository(root_of(config))
        settings = load_settings(repository.root)
    except SenseiError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[REPOSITORY] = repository
    config.stash[DEADLINE] = Deadline(settings.cpu_seconds, settings.wall_seconds)
    config.pluginmanager.register(execution, "sensei-execution")
    config.pluginmanager.register(deadlines, "sensei-deadlines")
    config.pluginmanager.register(differences, "sensei-differences")
    config.pluginmanager.register(extras, "sensei-extras")
    config.pluginmanager.register(FullCollections(), "sensei-garbage")
    if not hasattr(config, "workerinput"):  # a worker of xdist reports elsewhere
        summary = Summary(
            config.rootpath,
            config.option.answers,
            Results(repository),
            is_terse=is_terse(config),
        )
        config.pluginmanager.register(summary, "sensei-summary")


def is_terse(config: pytest.Config) -> bool:
    """Return whether a koan's message is printed instead of pytest's traceback."""
    option = config.option
    plain = option.tbstyle == "auto" and option.verbose <= 0 and not option.usepdb
    return bool(plain and option.answers == "koans")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test once for each variant that it must test."""
    if metafunc.config.option.answers != "variants":
        return
    path = Path(metafunc.module.__file__ or "")
    section = metafunc.config.stash[REPOSITORY].section_tested_by(path)
    name = metafunc.function.__name__
    question = question_of(name)
    if section and question and "answers" in metafunc.fixturenames:
        own = [
            one
            for one in _variants_for(metafunc.definition, section)
            if one.is_tested_by(name, question)
        ]
        labels = [variant.label for variant in own]
        metafunc.parametrize("answers", own, indirect=True, ids=labels)


def _variants_for(item: pytest.Item, section: Section) -> list[Variant]:
    """Return the variants of `section`; the tests of one file share them."""
    file = item.getparent(pytest.Module)
    assert file is not None
    if _VARIANTS not in file.stash:
        try:
            file.stash[_VARIANTS] = variants(section)
        except (VariantError, SyntaxError) as error:
            raise item.session.Failed(str(error)) from None
    return file.stash[_VARIANTS]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Tie each test to its koan; deselect tests that no variant is for."""
    answers = config.option.answers
    selected: list[pytest.Item] = []
    deselected: list[pytest.Item] = []
    for item in items:
        test = _koan_test(item, config)
        if test is None:
            selected.append(item)
            continue
        _check_solution(test)
        item.stash[TEST] = test
        if not HAS_TIMER:  # pytest-timeout does what it can
            limit = config.stash[DEADLINE].wall_seconds
            item.add_marker(pytest.mark.timeout(limit))
        variant = variant_of(item)
        # A traceback takes longer than most tests; nobody sees that of a wrong answer.
        if is_terse(config) or (variant and variant.caught_by):
            item.repr_failure = partial(_repr_verdict, item)  # type: ignore[method-assign]
        wanted = variant.is_for_case(item.name) if variant else answers != "variants"
        (selected if wanted else deselected).append(item)
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = selected


@pytest.fixture
def answers(request: pytest.FixtureRequest) -> Iterator[Answers]:
    """The answers of the test's own section, from koans, solutions or a variant.

    Loaded when a name is first asked for, and anew for each test.
    """
    test = request.node.stash.get(TEST, None)
    if test is None:
        pytest.fail(
            "The fixture `answers` works in tests that are named like "
            "koans/chNN/test_sNN_*::test_qN_*."
        )
    variant = getattr(request, "param", None)
    with ExitStack() as stack:
        load = partial(load_file, test.file, test.section.path_of(test.file))
        if variant is not None:
            load = partial(variant.load, stack.enter_context(variant.written_out()))
        module = Answers(load, test.section)
        yield module
        unload(module)


def _repr_verdict(
    item: pytest.Item,
    error: pytest.ExceptionInfo[BaseException],
    style: object = None,
) -> str:
    verdict = item.stash[VERDICT]
    # An open koan has no message.
    return f"{verdict.message or summary_of(error.value)}\n{verdict.location}"


def _check_solution(test: KoanTest) -> None:
    """Raise an error where the solution of a test's section cannot be read."""
    try:
        test.section.koans  # noqa: B018
    except SenseiError as error:
        raise pytest.UsageError(str(error)) from None


def _koan_test(item: pytest.Item, config: pytest.Config) -> KoanTest | None:
    name = getattr(item, "originalname", item.name)
    repository = config.stash[REPOSITORY]
    return named_test(repository, item.path, name, config.option.answers)
