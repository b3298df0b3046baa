"""A koan that this machine cannot run is skipped: it is neither open nor missing."""

import json
from functools import partial
from xml.etree import ElementTree

import pytest

from sensei.content.koan import Koan
from sensei.grading.results import Results
from sensei.grading.verdict import State
from sensei.runner.client import FORK_SERVER, SPAWN_SERVER, RunnerClient
from tests.miniature import Miniature
from tests.sensei.test_cli import sensei
from tests.sensei.test_plugin import read

TESTS = "koans/ch01/test_s01_adding.py"
REASON = "PostgreSQL is missing: pip install -e .[ch03]"
KOAN = f"import pytest\n@pytest.mark.skip(reason={REASON!r})\ndef test_q1"
FILE = f"import pytest\npytest.skip({REASON!r}, allow_module_level=True)\ndef test_q1"


@pytest.fixture
def skipping(miniature: Miniature, monkeypatch: pytest.MonkeyPatch) -> Miniature:
    """A miniature whose first koan cannot run here."""
    miniature.replace(TESTS, "def test_q1", KOAN)
    monkeypatch.chdir(miniature.root)
    monkeypatch.setenv("COLUMNS", "88")
    return miniature


def test_pytest_tells_the_reason_once_and_goes_on_to_the_next(skipping):
    page = read(skipping, "koans", "-rs")

    assert "-○" in page
    assert "0 of 1, 1 skipped" in page
    assert page.count(f"\n    {REASON}\n") == 1
    assert "Next: 1.1.2" in page
    assert "1 skipped, 1 open in" in page
    assert "INTERNALERROR" not in page


def test_a_whole_file_that_is_skipped(skipping):
    skipping.replace(TESTS, KOAN, FILE)

    for options in ([], ["-n", "2"], ["-rs"]):
        page = read(skipping, "koans", *options)

        assert "0 of 0, 2 skipped" in page
        assert page.count(f"\n    {REASON}\n") == 1
        assert "2 skipped in" in page


@pytest.mark.parametrize("server", [FORK_SERVER, SPAWN_SERVER])
def test_run_exits_with_0_when_the_rest_is_solved(skipping, monkeypatch, server):
    client = partial(RunnerClient, server=server)
    monkeypatch.setattr("sensei.commands.run.RunnerClient", client)

    assert sensei("run").exit_code == 1
    skipping.answer("return ___", "return 0")
    ended = sensei("run", "--junit", "report.xml")

    assert ended.exit_code == 0
    assert ended.output.count(REASON) == 1
    assert "1 of 1, 1 skipped" in ended.output
    assert "Next" not in ended.output
    suite = ElementTree.parse(skipping.root / "report.xml").getroot()[0]
    assert (suite.attrib["skipped"], suite.attrib["failures"]) == ("1", "0")
    assert suite[0][0].attrib["message"] == REASON
    assert "Every koan that can run here is solved." in sensei().output
    status = json.loads(sensei("status", "--json").output)
    assert status["next"] is None
    assert [one["state"] for one in status["koans"]] == ["skipped", "solved"]


@pytest.mark.parametrize("server", [FORK_SERVER, SPAWN_SERVER])
def test_a_server_skips_a_whole_file_each_time(skipping, server):
    skipping.replace(TESTS, KOAN, FILE)
    repository = skipping.repository

    with RunnerClient(skipping.root, server=server) as client:
        for koans in (None, None, [Koan(1, 1, 2)]):
            request = client.run(repository.sections, koans)
            found = list(client.follow(request, Results(repository)))

            assert [one.koan for one in found] == koans or len(found) == 2
            assert {(one.state, one.message) for one in found} == {
                (State.SKIPPED, REASON)
            }


def test_a_failure_says_more_than_a_skipped_test(skipping):
    order = "_the_order_is_free"
    skipping.replace(TESTS, f"{KOAN}{order}", f"def test_q1{order}")
    skipping.answer("raise NotImplementedError", "return 4")

    page = read(skipping, "koans")

    assert "5 and 1 is something else than 1 and 5." in page
    assert "1 failing, 1 open in" in page or "1 open, 1 failing in" in page


EXTRA = """
[project]
requires-python = ">=3.11"
dependencies = []

[project.optional-dependencies]
ch01 = ["no-such-package", "pytest"]
"""
TOLD = (
    "Chapter 1 needs no-such-package. To install what it needs: "
    'pip install -c requirements.lock -e ".[ch01]"'
)


@pytest.fixture
def lacking(miniature: Miniature, monkeypatch: pytest.MonkeyPatch) -> Miniature:
    """A miniature that lacks a package; its tests cannot be imported without."""
    text = (miniature.root / "pyproject.toml").read_text()
    miniature.write("pyproject.toml", text + EXTRA)
    miniature.replace(TESTS, '"""The tests', 'import no_such_package\n"""The tests')
    monkeypatch.chdir(miniature.root)
    return miniature


def test_koans_whose_packages_are_missing_are_skipped_by_pytest(lacking):
    for options in ([], ["-n", "2"], ["-v"]):
        page = read(lacking, "koans", *options)

        assert "0 of 0, 2 skipped" in page
        assert " ".join(page.split()).count(TOLD) == 1
        assert "2 skipped in" in page


@pytest.mark.parametrize("server", [FORK_SERVER, SPAWN_SERVER])
def test_koans_whose_packages_are_missing_are_skipped_by_run(
    lacking, monkeypatch, server
):
    monkeypatch.setenv("COLUMNS", "200")
    client = partial(RunnerClient, server=server)
    monkeypatch.setattr("sensei.commands.run.RunnerClient", client)

    ended = sensei("run")

    assert ended.exit_code == 0
    assert ended.output.count(TOLD) == 1
    assert "0 of 0, 2 skipped" in ended.output


def test_an_installed_extra_is_used(lacking):
    lacking.replace("pyproject.toml", '"no-such-package", ', "")
    lacking.replace(TESTS, "import no_such_package\n", "")

    page = read(lacking, "koans")

    assert "2 open in" in page
