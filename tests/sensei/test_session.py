"""The session of a watch without a terminal: what is asked for, what is drawn."""

import io
import queue
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from sensei.content.koan import Koan
from sensei.content.repository import Repository
from sensei.content.section import Section
from sensei.content.target import Target
from sensei.grading.results import KoanStatus
from sensei.grading.verdict import State, Verdict
from sensei.output.console import ConsoleWriter
from sensei.runner.protocol import (
    CollectionFailed,
    Event,
    KoanDone,
    RequestDone,
    TestReported,
)
from sensei.watch.actions import Actions
from sensei.watch.controller import Controller
from sensei.watch.events import RunnerEnded, RunnerSent
from sensei.watch.keyboard import keys_in
from sensei.watch.listing import page_of, pages
from sensei.watch.session import Session
from sensei.watch.view import View, key_lines
from tests.miniature import STUB, Miniature

TESTS = "koans/ch01/test_s01_adding.py"
CHAPTER = "koans/ch01/chapter.toml"


@dataclass
class FakeClient:
    """A client whose server does nothing; keeps what it is asked for."""

    asked: list[tuple[str, object]] = field(default_factory=list)
    _last: int = 0

    def run(self, sections: list[Section], koans: list[Koan] | None) -> int:
        self._last += 1
        assert koans is not None
        (section,) = sections
        self.asked.append(("run", (str(section), [str(koan) for koan in koans])))
        return self._last

    def cancel(self, request: int) -> None:
        self.asked.append(("cancel", request))

    def start(self) -> None:
        self.asked.append(("start", None))

    def stop(self) -> None:
        self.asked.append(("stop", None))

    def events(self) -> Iterator[Event]:
        return iter(())


@pytest.fixture
def repository(miniature: Miniature) -> Repository:
    """A repository with the sections 1.1, 1.2 and 1.3, which ask the same."""
    for number, stem in (("2", "s02_more"), ("3", "s03_again")):
        for name in (STUB, TESTS, STUB.replace("koans", "solutions")):
            text = (miniature.root / name).read_text(encoding="utf-8")
            other = text.replace("1.1.", f"1.{number}.")
            miniature.write(name.replace("s01_adding", stem), other)
    return miniature.repository


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


def controller_of(repository: Repository, client: FakeClient, target: Target):
    return Controller(repository, target, client, queue.SimpleQueue())  # type: ignore[arg-type]


@pytest.fixture
def session(repository: Repository, client: FakeClient) -> Session:
    target = Target(repository.sections)
    controller = controller_of(repository, client, target)
    return Session(controller, View(is_interactive=False))


def asked_since(client: FakeClient) -> list[tuple[str, object]]:
    asked, client.asked = client.asked, []
    return asked


def solve(session: Session, request: int, *koans: str) -> None:
    """Let the server say that `koans` are solved, and that `request` is done."""
    names = session.controller.repository.sections[0].test_names
    for koan in koans:
        for test in names[Koan.parse(koan).question]:
            verdict = Verdict(Koan.parse(koan), State.SOLVED, test=test)
            session.on_runner_event(RunnerSent(1, TestReported(request, verdict)))
        session.on_runner_event(RunnerSent(1, KoanDone(request, koan)))
    session.on_runner_event(RunnerSent(1, RequestDone(request)))


def test_a_save_outdates_the_run_of_its_own_section_only(session, client):
    sections = session.controller.repository.sections
    session.run(sections)
    asked = asked_since(client)
    # The server takes the latest first: that of the koan which is shown.
    assert asked == [
        ("run", ("1.3", ["1.3.1", "1.3.2"])),
        ("run", ("1.2", ["1.2.1", "1.2.2"])),
        ("run", ("1.1", ["1.1.1", "1.1.2"])),
    ]

    session.on_save({sections[1].stub})

    assert asked_since(client) == [
        ("cancel", 2),
        ("run", ("1.2", ["1.2.1", "1.2.2"])),
    ]
    for request, koans in (
        (1, ("1.3.1", "1.3.2")),
        (3, ("1.1.1", "1.1.2")),
        (4, ("1.2.1", "1.2.2")),
    ):
        assert session.controller.is_busy
        solve(session, request, *koans)
    assert not session.controller.is_busy
    assert all(session.is_solved(koan) for koan in session.controller.target.koans)


def test_a_save_takes_the_comparison_away_even_if_nothing_can_run(session, capsys):
    session.draw(below=lambda renderer: renderer.line("The comparison"))
    assert "The comparison" in capsys.readouterr().out

    session.on_save({session.section.stub})
    reason = "SyntaxError: invalid syntax"
    session.on_runner_event(RunnerSent(1, CollectionFailed(1, TESTS, reason)))
    session.on_runner_event(RunnerSent(1, RequestDone(1)))

    drawn = capsys.readouterr().out
    assert f"{TESTS} cannot be run: {reason}" in drawn
    assert "The comparison" not in drawn


def test_a_restart_runs_again_what_was_waiting(session, client, repository):
    session.run(repository.sections[:2])
    asked_since(client)

    session.on_save({repository.root / "lab" / "anything.py"})

    asked = asked_since(client)
    assert asked[:2] == [("stop", None), ("start", None)]
    assert ("run", ("1.1", ["1.1.1", "1.1.2"])) in asked[2:]
    assert ("run", ("1.2", ["1.2.1", "1.2.2"])) in asked[2:]


def test_solutions_that_are_away_for_a_moment_do_no_harm(session, repository):
    kept = repository.root / "kept"
    (repository.root / "solutions").rename(kept)
    session.on_save({repository.root / "solutions"})
    assert str(session.section) == "1.1"

    kept.rename(repository.root / "solutions")
    session.on_save({repository.root / "solutions"})
    assert [str(one) for one in session.controller.target.sections] == [
        "1.1",
        "1.2",
        "1.3",
    ]


def test_a_server_that_cannot_start_is_started_again_by_a_save(
    session, client, repository, capsys
):
    session.run([repository.sections[0]])
    session.on_runner_end(RunnerEnded(1))
    assert "ends again and again" in capsys.readouterr().out
    assert not session.controller.is_busy
    asked_since(client)

    session.on_save({repository.sections[0].stub})

    assert [name for name, _ in asked_since(client)] == ["stop", "start", "run"]


def test_a_filtered_target_has_these_koans_only(repository, client, capsys):
    wanted = {Koan(1, 1, 2), Koan(1, 3, 1)}
    target = Target(repository.sections).filtered(wanted.__contains__)
    controller = controller_of(repository, client, target)
    session = Session(controller, View(is_interactive=False))
    session.run(target.sections)

    assert [str(one) for one in target.sections] == ["1.1", "1.3"]
    assert session.koan == Koan(1, 1, 2)
    assert asked_since(client) == [
        ("run", ("1.3", ["1.3.1"])),
        ("run", ("1.1", ["1.1.2"])),
    ]
    Actions(session).press("n")
    assert session.koan == Koan(1, 3, 1)
    assert "0 of 2 koans solved" in capsys.readouterr().out
    Actions(session).press("l")
    listed = capsys.readouterr().out
    assert "1.1.2" in listed
    assert "1.1.1" not in listed
    session.on_save({repository.sections[0].tests})
    assert session.controller.target.koans == target.koans


def test_level_and_minutes_are_shown(session, miniature, capsys):
    assert "level = 1" in (miniature.root / CHAPTER).read_text(encoding="utf-8")
    session.draw()
    assert "1.1.1  level 1, 3 min\n" in capsys.readouterr().out

    Actions(session).press("l")
    listed = capsys.readouterr().out
    assert "· 1.1.1  level 1, 3 min  How do you add two numbers?" in listed


def statuses(section: Section, chapter: int, count: int) -> list[KoanStatus]:
    koans = [Koan(chapter, 1, number) for number in range(1, count + 1)]
    return [KoanStatus(section, koan, "What is asked?", None) for koan in koans]


def test_the_list_has_pages_that_fit(repository):
    section = repository.sections[0]
    found = pages(
        [statuses(section, chapter, 13) for chapter in range(1, 26)], height=24
    )

    assert sum(len(page.koans) for page in found) == 325
    assert all(len(page.koans) <= 24 - 7 for page in found)
    assert all(
        {one.koan.chapter for one in page.koans} == {page.chapter} for page in found
    )
    long = pages([statuses(section, 1, 40)], height=24)
    assert [len(page.koans) for page in long] == [17, 17, 6]
    assert page_of(Koan(1, 1, 20), long) == 1
    assert page_of(Koan(9, 9, 9), long) == 0


def test_pages_are_turned_round_and_round(session, monkeypatch, capsys):
    monkeypatch.setenv("LINES", "10")
    monkeypatch.setenv("COLUMNS", "90")
    actions = Actions(session)
    actions.press("l")
    assert "page 1 of 2" in capsys.readouterr().out
    actions.press("n")
    assert "page 2 of 2" in capsys.readouterr().out
    actions.press("n")
    assert "page 1 of 2" in capsys.readouterr().out
    actions.press("p")
    shown = capsys.readouterr().out
    assert "page 2 of 2" in shown
    assert "1.3.2" in shown
    assert len(shown.splitlines()) <= 10
    actions.press("l")
    assert "Not run yet." in capsys.readouterr().out
    actions.press("l")
    actions.press("q")
    assert actions.has_quit


def test_keys_do_not_wrap_within_a_label():
    keys = [("s", "run section"), ("a", "run chapter"), ("q", "quit")]

    assert key_lines(keys, 90) == ["[s] run section   [a] run chapter   [q] quit"]
    assert key_lines(keys, 30) == [
        "[s] run section",
        "[a] run chapter   [q] quit",
    ]


@pytest.mark.parametrize(
    ("pressed", "keys"),
    [
        (b"n", ["n"]),
        (b"nn", ["n", "n"]),
        (b"\x1b[Anp\x1bOPq", ["n", "p", "q"]),
        (b"\x1b[1;5Ch", ["h"]),
        (b"\x1b", []),
        ("näh".encode(), ["n", "h"]),
    ],
)
def test_keys_in_one_read(pressed, keys):
    assert keys_in(pressed) == keys


class FakeTerminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "written"),
    [
        ({"TERM": "xterm"}, "\x1b[H\x1b[2J\x1b[1;31mno\x1b[0m\n"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "\x1b[H\x1b[2Jno\n"),
        ({"TERM": "dumb"}, "no\n"),
    ],
)
def test_a_terminal_is_written_to_as_it_can(monkeypatch, environ, written):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    terminal = FakeTerminal()

    writer = ConsoleWriter(terminal)
    writer.clear()
    writer.line("no", "bold", "red")

    assert terminal.getvalue() == written
