"""A test waits longer where there is more to do than there are cores."""

from importlib import import_module

import pytest

from lab import patience


def patience_at(
    monkeypatch: pytest.MonkeyPatch, overload: float, seconds: float
) -> float:
    """Return the patience with so many processes for each core."""
    monkeypatch.setattr(import_module("lab.patience"), "overload", lambda: overload)
    return patience(seconds)


def test_it_grows_with_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    assert patience_at(monkeypatch, 1.0, 3) == 3
    assert patience_at(monkeypatch, 2.5, 3) == 7.5


def test_it_ends_before_the_deadline_of_a_quiet_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert patience_at(monkeypatch, 8.0, 6) == 10
    assert patience_at(monkeypatch, 8.0, 12) == 12
