"""A test waits longer where there is more to do than there are cores."""

from importlib import import_module

import pytest

from lab import patience


def test_it_grows_with_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("lab.patience")
    monkeypatch.setattr(module, "overload", lambda: 1.0)
    quiet = patience(3)
    monkeypatch.setattr(module, "overload", lambda: 2.5)

    assert (quiet, patience(3)) == (3, 7.5)
