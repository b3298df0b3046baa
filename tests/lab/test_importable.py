"""Of `importable`: a package is found, and imported anew each time."""

import importlib
import sys
from pathlib import Path

import pytest

from lab import importable


def _write(folder: Path, text: str) -> None:
    (folder / "learned").mkdir(exist_ok=True)
    (folder / "learned" / "__init__.py").write_text("")
    (folder / "learned" / "words.py").write_text(text)


def test_a_package_is_imported_as_it_is_now(tmp_path: Path) -> None:
    found = []
    for text in ("WORD = 'one'", "WORD = 'three'"):
        _write(tmp_path, text)
        with importable(tmp_path, "learned"):
            found.append(importlib.import_module("learned.words").WORD)

    assert found == ["one", "three"]


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    _write(tmp_path, "raise ValueError('no words')")
    path, modules = sys.path[:], set(sys.modules)
    with importable(tmp_path, "learned"), pytest.raises(ValueError, match="no words"):
        importlib.import_module("learned.words")

    assert (sys.path, set(sys.modules)) == (path, modules)
    assert not list(tmp_path.rglob("*.pyc"))
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("learned")
