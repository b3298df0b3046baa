"""Of the owner: the process that the servers of a run belong to."""

import os
import subprocess
import sys

import pytest

from lab.owner import owner

_VARIABLE = "KOANS_LAB_OWNER"


@pytest.fixture
def ended() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_whoever_started_this_process_owns_what_it_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(_VARIABLE, str(os.getppid()))

    assert owner() == os.getppid()


def test_this_process_takes_over_from_one_that_has_ended(
    monkeypatch: pytest.MonkeyPatch, ended: int
) -> None:
    monkeypatch.setenv(_VARIABLE, str(ended))

    assert owner() == os.getpid()
    assert os.environ[_VARIABLE] == str(os.getpid())


@pytest.mark.parametrize("text", ["", "nobody", "9" * 40, "-1", "0"])
def test_it_takes_over_from_what_is_no_process(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(_VARIABLE, text)

    assert owner() == os.getpid()


def test_the_plugin_claims_it_for_the_whole_run() -> None:
    assert os.environ[_VARIABLE]
