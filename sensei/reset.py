"""`sensei reset`: the stub again, for a koan, a section, a chapter."""

import ast
from pathlib import Path

from sensei.backup import keep
from sensei.koan import Koan
from sensei.place import Place
from sensei.section import Home, Section, homes
from sensei.told import Told


class ResetError(Told):
    """The stub cannot be brought back; `str()` tells the learner what to do."""


def reset(root: Path, place: Place) -> list[Path]:
    """Write the stubs of `place`; return where the learner's versions are kept.

    A single koan is replaced within its file; the others stay as they are. The files
    that it is about beside that are replaced whole.

    Raises:
        ResetError: the file cannot be read as Python, so its koans are not to be
            told apart.
        OSError: a file could not be kept or written.
    """
    if place.koan is None:
        written = {
            path: text
            for section in place.sections
            for path, text in section.shipped_files.items()
        }
    else:
        section = place.sections[0]
        written = {section.stub: _with_stub(section, place.koan)}
        written |= section.files_of(place.koan)
    backups = []
    for path, text in written.items():
        if _holds(path, text):
            continue
        kept = keep(root, path)
        if kept is not None:
            backups.append(kept)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return backups


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_bytes() == text.encode()


def _with_stub(section: Section, koan: Koan) -> str:
    """Return the learner's file with the stub of `koan` in its place."""
    shown = section.path_of(section.stub)
    try:
        mine = section.stub.read_text(encoding="utf-8")
        found = homes(mine)
    except FileNotFoundError:
        return section.shipped
    except (SyntaxError, ValueError):
        raise ResetError(
            f"{shown} cannot be read as Python, so koan {koan} is not to be found in "
            f"it. Repair the file, or start the section again: sensei reset {section}."
        ) from None
    shipped = [home for home in homes(section.shipped) if home.koan == koan]
    own = [home for home in found if home.koan == koan]
    names = {home.name for home in shipped}
    stub = "\n\n\n".join(home.source for home in shipped)
    if own:
        return _replaced(mine, own, stub)
    if names & _defined(mine):
        raise ResetError(
            f"{shown}: the docstring of {' or '.join(sorted(names))} has lost its "
            f"number {koan}. Write it back, then reset again."
        )
    return _inserted(mine, found, koan, stub)


def _replaced(text: str, own: list[Home], stub: str) -> str:
    lines = text.split("\n")
    for home in reversed(own):
        end = home.start - 1 + home.source.count("\n") + 1
        lines[home.start - 1 : end] = stub.split("\n") if home is own[0] else []
    return "\n".join(lines)


def _inserted(text: str, found: list[Home], koan: Koan, stub: str) -> str:
    """Put a koan that is gone from `text` before the next one, or at the end."""
    later = [home.start for home in found if home.koan > koan]
    lines = text.rstrip("\n").split("\n")
    at = min(later) - 1 if later else len(lines)
    before = "\n".join(lines[:at]).rstrip("\n")
    after = "\n".join(lines[at:])
    parts = [part for part in (before, stub, after) if part]
    return "\n\n\n".join(parts) + "\n"


def _defined(text: str) -> set[str]:
    return {
        node.name
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
