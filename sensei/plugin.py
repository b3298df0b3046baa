"""The pytest plugin: chooses the answers, and judges what the tests find in them."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from sensei import runtest
from sensei.answers import Answers, forget, load_file
from sensei.asking import ASKED, FINDING, variant_of
from sensei.judge import Asked
from sensei.ledger import Ledger
from sensei.progress import Progress
from sensei.repository import Repository
from sensei.section import question_of
from sensei.summary import Summary
from sensei.variants import VariantError, variants

_REPOSITORY = pytest.StashKey[Repository]()


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
    config.stash[runtest.SPOILT] = {}
    config.pluginmanager.register(runtest, "sensei-runtest")
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
        item.stash[ASKED] = asked
        if is_terse(config):
            item.repr_failure = partial(_repr_told, item)  # type: ignore[method-assign]
        variant = variant_of(item)
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
    asked = request.node.stash.get(ASKED, None)
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


def _repr_told(item: pytest.Item, _error: object, style: object = None) -> str:
    finding = item.stash[FINDING]
    return f"{finding.message}\n{finding.place}"


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
