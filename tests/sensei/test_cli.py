"""The command, as a learner types it."""

import json
import os
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from sensei.cli import app
from tests.miniature import STUB, Miniature

CHAPTER = "koans/ch01/chapter.toml"


@pytest.fixture(autouse=True)
def standing_in_the_miniature(
    miniature: Miniature, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(miniature.root)
    monkeypatch.setenv("COLUMNS", "88")


def sensei(*words: str):
    """Return what `sensei words…` does."""
    return CliRunner().invoke(app, words, catch_exceptions=False)


def solve(miniature: Miniature) -> None:
    miniature.answer("raise NotImplementedError", "return one + other")
    miniature.answer("return ___", "return 0")


def entry_point(miniature: Miniature, *words: str) -> subprocess.CompletedProcess[str]:
    """Return what the command does in a process of its own."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "sensei", *words],
        cwd=miniature.root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("ways", [sensei, entry_point])
def test_alone_it_shows_progress_and_the_next_koan(miniature, ways):
    if ways is sensei:
        ended = sensei()
        status, page = ended.exit_code, ended.output
    else:
        process = entry_point(miniature)
        status, page = process.returncode, process.stdout
        assert not process.stderr

    assert status == 0
    assert "Chapter 1  Sums" in page
    assert "0 of 2" in page
    assert f"Next: 1.1.1  {STUB}:6\n    How do you add two numbers?\n" in page
    assert "    level 1, 3 min\n" in page


def test_alone_it_is_as_careful_as_any_other_command(miniature):
    miniature.replace(CHAPTER, "asks", "ask")

    process = entry_point(miniature)

    assert process.returncode == 2
    assert f"{CHAPTER}: [sections.1.questions.1] asks: is missing." in process.stderr
    assert process.stderr.count("\n") == 1


def test_it_says_its_version(miniature):
    ended = sensei("--version")

    assert ended.exit_code == 0
    assert re.fullmatch(r"sensei \d+\.\d+\.\d+\n", ended.output)


def test_run_exits_with_0_only_when_all_is_solved(miniature):
    assert sensei("run").exit_code == 1
    miniature.answer("return ___", "return 0")
    assert sensei("run", "1.1.2").exit_code == 0
    assert sensei("run", "1.1").exit_code == 1
    solve_rest = "return one + other"
    miniature.answer("raise NotImplementedError", solve_rest)
    ended = sensei("run", "ch01")

    assert ended.exit_code == 0
    assert "2 of 2" in ended.output
    assert "Every koan is solved." in sensei().output


def test_what_changed_since_is_marked(miniature):
    sensei("run")
    miniature.answer("return ___", "return 0")

    assert "changed since" in sensei("status").output
    told = json.loads(sensei("status", "--json").output)
    assert told["version"] == 1
    assert told["next"] == "1.1.1"
    assert [one["state"] for one in told["koans"]] == ["open", "open"]
    assert [(one["level"], one["minutes"]) for one in told["koans"]] == [(1, 3), (2, 6)]
    assert all(one["changed_since"] for one in told["koans"])


def test_run_as_json_and_junit(miniature):
    miniature.answer("raise NotImplementedError", "return 4")

    ended = sensei("run", "--json", "--junit", "report.xml")

    told = json.loads(ended.output)
    assert told["version"] == 1
    assert told["koans"][0] | {"seconds": 0} == {
        "koan": "1.1.1",
        "state": "failing",
        "message": "You add 1 and 2 and get 4.",
        "location": f"{STUB}:6",
        "seconds": 0,
        "test": "test_q1_two_numbers_are_added",
    }
    suite = ElementTree.parse(miniature.root / "report.xml").getroot()[0]
    assert suite.attrib["tests"] == suite.attrib["failures"] == "2"
    assert suite[0].attrib["name"] == "1.1.1 How do you add two numbers?"
    assert suite[0][0].attrib["message"] == "You add 1 and 2 and get 4."


@pytest.mark.parametrize("path", ["no/such/folder/report.xml", "koans"])
def test_a_report_that_cannot_be_written_is_told_before_the_run(
    miniature, monkeypatch, path
):
    monkeypatch.setattr("sensei.commands.run.run", lambda *_, **__: pytest.fail("ran"))

    ended = sensei("run", "--junit", path)

    assert ended.exit_code == 2
    assert f"{path}: " in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_run_tells_a_test_file_that_is_broken(miniature):
    miniature.replace("koans/ch01/test_s01_adding.py", "def test_q1_two", "def (")

    ended = sensei("run")

    assert ended.exit_code == 1
    assert "test_s01_adding.py cannot be run" in ended.output


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        (
            "conftest.py",
            "1 / 0",
            "The koans cannot be run: pytest does not start",
        ),
        (
            "pyproject.toml",
            "[tool.sensei]\npreloads = []",
            "[tool.sensei] has no key preloads",
        ),
    ],
)
def test_a_repository_that_cannot_be_run_is_told(miniature, file, text, told):
    miniature.write(file, text)

    ended = sensei("run")

    assert ended.exit_code == 2
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr + ended.output


def test_authors_run_the_solutions(miniature):
    ended = sensei("run", "--answers", "solutions")

    assert ended.exit_code == 0
    assert "0 of 2" in sensei("status").output  # which is no progress of the learner


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["run", "3.4"],
            "no chapter, section or koan '3.4'. Did you mean ch01?",
        ),
        (["watch", "nowhere"], "There is no chapter, section or koan 'nowhere'."),
        (["hint", "1.1"], "1.1 is more than one koan. Name one, like 1.1.1."),
        (["reset", "9"], "There is no chapter, section or koan '9'."),
    ],
)
def test_a_wrong_place_is_a_sentence(words, told):
    ended = sensei(*words)

    assert ended.exit_code == 2
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_outside_of_a_repository_it_says_where_to_go(tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    ended = sensei()

    assert ended.exit_code == 2
    assert "Change to the folder that you cloned" in ended.stderr


def test_from_a_folder_within_it_works_the_same(miniature, monkeypatch):
    monkeypatch.chdir(miniature.root / "koans" / "ch01")

    assert f"Next: 1.1.1  {STUB}:6" in sensei("next").output


def test_a_hint_more_each_time(miniature):
    first, second, third = (sensei("hint", "1.1.1").output for _ in range(3))

    assert "Hint 1 of 2" in first
    assert "To read: Python, Tutorial: Numbers" in first
    assert "The plus sign." not in first
    assert "The plus sign." in second
    assert third == second
    assert "To read: sensei notes 1.1\n" in first


@pytest.mark.parametrize("damage", ["{", '{"1.1.1": -1}', '{"1.1.1": true}'])
def test_hints_that_were_damaged_are_given_from_the_first(miniature, damage):
    miniature.write(".sensei/hints.json", damage)

    first, second = (sensei("hint", "1.1.1").output for _ in range(2))

    assert "Hint 1 of 2" in first
    assert "Hint 2 of 2" not in first
    assert "hints.json was damaged" in first
    assert "Hint 2 of 2" in second


def test_hints_that_cannot_be_counted_are_all_given(miniature):
    miniature.write(".sensei", "a file where the folder belongs")

    ended = sensei("hint", "1.1.1")

    assert ended.exit_code == 0
    assert "Hint 2 of 2" in ended.output
    assert "So all hints are shown at once." in " ".join(ended.output.split())


def test_the_notes_of_a_section_are_shown(miniature):
    for typed in ("1.1", "1.1.2"):
        ended = sensei("notes", typed)

        assert ended.exit_code == 0
        assert "Adding" in ended.output
        assert "# Adding" not in ended.output
    path = sensei("notes", "1.1", "--path").output.rstrip()
    assert path == str(miniature.root / "content/docs/sums/adding.md")


def test_notes_that_are_missing_are_told(miniature):
    (miniature.root / "content/docs/sums/adding.md").unlink()

    ended = sensei("notes", "1.1")

    assert ended.exit_code == 2
    assert "content/docs/sums/adding.md is missing. To get it back: git" in ended.stderr


def test_watch_takes_the_koans_of_a_level(miniature, monkeypatch):
    watched = []
    monkeypatch.setattr(
        "sensei.watch.loop.watch", lambda _, target: watched.append(target)
    )

    assert sensei("watch", "--level", "2").exit_code == 0
    refused = sensei("watch", "--level", "3")

    (target,) = watched
    assert [str(koan) for koan in target.koans] == ["1.1.2"]
    assert refused.exit_code == 2
    assert refused.stderr == "There is no koan of level 3 here.\n"


COMMANDS = [
    ["status"],
    ["next"],
    ["run"],
    ["watch"],
    ["hint", "1.1.1"],
    ["compare", "1.1.1", "--peek"],
    ["reset", "1.1.1"],
    ["restore", "1.1"],
    ["notes", "1.1.1"],
    ["cut", "--check"],
]


@pytest.mark.parametrize("words", [[], *COMMANDS])
def test_a_solution_that_is_broken_is_a_sentence(miniature, words):
    miniature.replace("solutions/ch01/s01_adding.py", "def nothing(", "def nothing((")

    ended = sensei(*words)

    assert ended.exit_code == 2
    assert "s01_adding.py:21: This solution cannot be read" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [[], *COMMANDS, ["notes", "1.1"], ["doctor"]])
@pytest.mark.parametrize("all_of_it", [True, False])
def test_solutions_that_are_missing_are_a_sentence(miniature, words, all_of_it):
    shutil.rmtree(miniature.root / "solutions")
    if not all_of_it:
        miniature.write("solutions/ch01/s02_more.py", "")

    ended = sensei(*words)

    assert ended.exit_code == 2
    told = "There are no solutions" if all_of_it else "s01_adding.py is missing"
    assert told in ended.stderr
    assert "git checkout -- solutions" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [[], *COMMANDS, ["notes", "1.1"], ["doctor"]])
def test_koans_that_are_missing_are_a_sentence(miniature, words):
    shutil.rmtree(miniature.root / "koans")

    ended = sensei(*words)

    assert ended.exit_code == 2
    assert "There are no koans in" in ended.stderr
    assert "git checkout -- koans" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_the_solution_is_shown_once_it_is_solved_or_with_peek(miniature):
    refused = sensei("compare", "1.1.1")
    peeked = sensei("compare", "1.1.1", "--peek")
    solve(miniature)
    sensei("run")
    shown = sensei("compare", "1.1.1")

    assert refused.exit_code == 1
    assert "return one + other" not in refused.output + refused.stderr
    assert "+     return one + other" in peeked.output
    assert "Your code is the same as the solution's code" in shown.output


def test_what_was_reset_is_not_solved_any_more(miniature):
    solve(miniature)
    sensei("run")
    sensei("reset", "1.1.1")

    compared = sensei("compare", "1.1.1")
    told = json.loads(sensei("status", "--json").output)

    assert compared.exit_code == 1
    assert "is not solved yet" in compared.stderr
    assert "+ other" not in compared.output
    assert [one["state"] for one in told["koans"]] == ["open", "solved"]
    assert told["next"] == "1.1.1"


def test_the_answer_that_is_there_now_decides_about_the_solution(miniature):
    solve(miniature)
    unknown = sensei("compare", "1.1.1")
    miniature.answer("return one + other", "return one - other")
    changed = sensei("compare", "1.1.1")

    assert unknown.exit_code == 0
    assert changed.exit_code == 1
    assert "+ other" not in changed.output


def test_restore_says_what_to_do_next(miniature):
    miniature.answer("return ___", "return 7")
    sensei("reset", "1.1.2")

    ended = sensei("restore", "1.1.2")

    assert "1.1.2 is as it was before. To run it: sensei run 1.1.2" in ended.output
    assert "Your version is kept in .sensei/backups/" in ended.output
    assert "return 7" in (miniature.root / STUB).read_text()


def test_reset_says_where_my_version_is(miniature):
    miniature.answer("return ___", "return 7")

    ended = sensei("reset", "1.1.2")

    assert "Your version is kept in .sensei/backups/ch01-s01_adding-" in ended.output
    assert "return ___" in (miniature.root / STUB).read_text()


def test_cut_writes_stubs_and_check_only_looks(miniature):
    miniature.answer("return ___", "return 7")

    checked = sensei("cut", "--check")
    kept = (miniature.root / STUB).read_text()
    cut = sensei("cut")

    assert checked.exit_code == 1
    assert f"{STUB} is not what its solution is cut to." in checked.output
    assert "return 7" in kept
    assert cut.exit_code == 0
    assert sensei("cut", "--check").exit_code == 0


def test_a_broken_description_is_a_sentence(miniature):
    miniature.replace(CHAPTER, "asks", "ask")

    ended = sensei("status")

    assert ended.exit_code == 2
    assert f"{CHAPTER}: [sections.1.questions.1] asks: is missing." in ended.stderr


def test_damaged_progress_is_told_and_kept(miniature):
    miniature.write(".sensei/progress.json", '{"version": "2"}')

    ended = sensei()

    assert ended.exit_code == 0
    assert "was damaged. It was renamed to progress.json.damaged-" in ended.stderr
    assert "Next: 1.1.1" in ended.output


def test_progress_that_cannot_be_written_is_told_once(miniature):
    miniature.write(".sensei", "a file where the folder belongs")

    ended = sensei("run")

    assert ended.exit_code == 1
    assert ended.stderr.count("cannot be written") == 1
    assert "0 of 2" in ended.output


PYTHON = '[project]\nrequires-python = ">=3.11"\n'


def test_doctor_says_what_is_missing(miniature):
    (miniature.root / "pyproject.toml").write_text(
        '[project]\nrequires-python = ">=3.11"\n'
        'dependencies = ["pytest>=9", "no-such-package", "fastapi<0.1"]\n'
        '[project.optional-dependencies]\nch24 = ["no-such-extra"]\n'
    )

    ended = sensei("doctor")

    assert ended.exit_code == 1
    assert "ok       Python" in ended.output
    assert "missing  no-such-package" in ended.output
    assert "<0.1 is needed: pip install -c requirements.lock -e .\n" in ended.output
    optional = 'missing for chapter 24: pip install -c requirements.lock -e ".[ch24]"'
    assert optional in ended.output


def test_doctor_is_content_without_what_is_optional(miniature):
    (miniature.root / "pyproject.toml").write_text(
        '[project]\nrequires-python = ">=3.11"\ndependencies = []\n'
        '[project.optional-dependencies]\nch24 = ["no-such-extra", "pytest"]\n'
        'all = ["no-such-package"]\n'
    )

    ended = sensei("doctor")

    assert ended.exit_code == 0
    assert "optional no-such-extra" in ended.output
    assert "ok       pytest" in ended.output
    assert "no-such-package" not in ended.output


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[project\n", "pyproject.toml: This is not TOML"),
        ("", "pyproject.toml: The table [project] is missing."),
        ("[project]\ndependencies = []", "[project] has no key requires-python."),
        (PYTHON + 'dependencies = ["a b"]', "pyproject.toml: [project] cannot be"),
        (PYTHON + "dependencies = 3", "pyproject.toml: [project] cannot be"),
        (PYTHON + "dependencies = []\noptional-dependencies = 3", "cannot be read"),
    ],
)
def test_doctor_says_what_is_wrong_with_pyproject(miniature, text, told):
    miniature.write("pyproject.toml", text)

    ended = sensei("doctor")

    assert ended.exit_code == 2
    assert told in ended.stderr


def test_a_shell_completes_places(miniature):
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "sensei"],
        cwd=miniature.root,
        env=os.environ
        | {
            "_SENSEI_COMPLETE": "complete_bash",
            "COMP_WORDS": "sensei run 1.1",
            "COMP_CWORD": "2",
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stdout.split() == ["1.1", "1.1.1", "1.1.2"]
