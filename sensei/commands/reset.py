"""`sensei reset`: the stub again, for a koan, a section, a chapter.

`sensei cut` writes and checks the stubs in the same way, for authors.
"""

import ast
from pathlib import Path

from sensei.content.koan import Definition, Koan, KoanDefinition, find_definitions
from sensei.content.section import Section
from sensei.content.source import holds_text, read_source, write_source
from sensei.content.target import Target
from sensei.errors import SenseiError
from sensei.output.render import Renderer
from sensei.state.backups import back_up


class ResetError(SenseiError):
    """The stub cannot be brought back. `str()` says what to do."""


def reset(root: Path, target: Target) -> list[Path]:
    """Write the stubs of `target`; return the backups of the learner's versions.

    A single koan is replaced within its file; the others stay as they are. The files
    that it is about beside that are replaced as a whole.

    Raises:
        ResetError: the koan was not found in its file, or cannot be written to it.
        OSError: a file could not be backed up or written.
    """
    if target.koan is None:
        files = {
            path: text
            for section in target.sections
            for path, text in section.changed_files().items()
        }
    else:
        section = target.sections[0]
        files = {section.stub: _with_stub(section, target.koan)}
        files |= section.files_of(target.koan)
    backups = []
    for path, text in files.items():
        if holds_text(path, text):
            continue
        backup = back_up(root, path)
        if backup is not None:
            backups.append(backup)
        try:
            write_source(path, text)
        except (SyntaxError, UnicodeEncodeError) as error:
            shown = path.relative_to(root).as_posix()
            raise ResetError(
                f"{shown} cannot be written: {error}. Save it as UTF-8 text."
            ) from None
    return backups


def write_backups(root: Path, typed: str, backups: list[Path], out: Renderer) -> None:
    """Write that `typed` was reset, and where the backups are."""
    out.line(f"{typed} is as shipped.")
    for path in backups:
        out.line(f"Your version is kept in {path.relative_to(root).as_posix()}")


def check_stubs(target: Target, renderer: Renderer) -> bool:
    """Write which stubs of `target` are not as shipped; return whether all are."""
    changed = [
        section.path_of(path)
        for section in target.sections
        for path in section.changed_files()
    ]
    for path in changed:
        renderer.line(f"{path} is not what its solution is cut to.", "red")
    return not changed


def _with_stub(section: Section, koan: Koan) -> str:
    """Return the learner's file with the stub of `koan` instead of the answer."""
    path = section.path_of(section.stub)
    try:
        mine = read_source(section.stub).text
        found = find_definitions(mine)
    except FileNotFoundError:
        return section.shipped_stub
    except (SyntaxError, ValueError):
        raise ResetError(
            f"Python cannot read {path}, so koan {koan} was not found in it. Repair "
            f"the file, or start the section again: sensei reset {section}."
        ) from None
    definitions = find_definitions(section.shipped_stub)
    shipped = [one for one in definitions if one.koan == koan]
    own = [one for one in found if one.koan == koan]
    names = {one.name for one in shipped}
    stub = "\n\n\n".join(one.source for one in shipped)
    if own:
        return _replaced(mine, own, stub)
    if names & _defined(mine):
        raise ResetError(
            f"{path}: The docstring of {' or '.join(sorted(names))} does not begin "
            f"with {koan} any more. Add this number, then reset again."
        )
    return _inserted(mine, found, koan, stub)


def _replaced(text: str, own: list[KoanDefinition], stub: str) -> str:
    lines = text.split("\n")
    for definition in reversed(own):
        start = definition.start - 1
        end = start + definition.source.count("\n") + 1
        lines[start:end] = stub.split("\n") if definition is own[0] else []
    return "\n".join(lines)


def _inserted(text: str, found: list[KoanDefinition], koan: Koan, stub: str) -> str:
    """Put a koan that is gone from `text` before the next one, or at the end."""
    later = [one.start for one in found if one.koan > koan]
    lines = text.rstrip("\n").split("\n")
    index = min(later) - 1 if later else len(lines)
    before = "\n".join(lines[:index]).rstrip("\n")
    after = "\n".join(lines[index:])
    parts = [part for part in (before, stub, after) if part]
    return "\n\n\n".join(parts) + "\n"


def _defined(text: str) -> set[str]:
    nodes = ast.parse(text).body
    return {node.name for node in nodes if isinstance(node, Definition)}
