"""`sensei reset`: the stub again, for a koan, a section, a chapter; `sensei restore`.

`sensei cut` writes and checks the stubs in the same way, for authors.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from sensei.content.answer import answer_in, shipped_answer, with_answer
from sensei.content.koan import Koan
from sensei.content.section import Section
from sensei.content.source import holds_text, read_source, write_source
from sensei.content.target import Target
from sensei.errors import SenseiError
from sensei.output.render import Renderer
from sensei.state.backups import back_up, backups_of
from sensei.state.json_store import StoreError
from sensei.state.progress import Progress


class ResetError(SenseiError):
    """A file cannot be written, or there is nothing to restore. `str()` says why."""


def reset(root: Path, target: Target) -> list[Path]:
    """Write the stubs of `target`; return the backups of the learner's versions.

    A single koan is replaced within its file; the others stay as they are. The files
    that it is about beside that are replaced as a whole. What was recorded about the
    koans is forgotten.

    Raises:
        AnswerError: the koan was not found in its file.
        ResetError: it cannot be written there.
        OSError: a file could not be backed up or written.
    """
    if target.koan is None:
        files = {
            path: text
            for section in target.sections
            for path, text in section.changed_files().items()
        }
    else:
        section, koan = target.sections[0], target.koan
        stub = shipped_answer(section, koan)
        files = {section.stub: _with_answer(section, koan, stub)}
        files |= section.files_of(koan)
    return _replace(root, target, files)


def restore(root: Path, target: Target) -> list[Path]:
    """Write what `reset` replaced last; return the backups of what was there now.

    Of a single koan the newest version is written that is another than the present
    one, of the sections of a larger `target` the newest version of each file.

    Raises:
        AnswerError, OSError: as `reset`.
        ResetError: there is no other version of it; or it cannot be written.
    """
    files: dict[Path, str] = {}
    for section in target.sections:
        wanted = section.shipped_files
        if target.koan is not None:
            wanted = section.files_of(target.koan)
            answer = _kept_answer(section, target.koan)
            if answer is not None:
                stub = _with_answer(section, target.koan, answer)
                files[section.stub] = stub
        for path, shipped in wanted.items():
            text = _kept_text(root, path, shipped)
            if text is not None:
                files[path] = text
    if not files:
        raise ResetError("There is no other version of it in .sensei/backups.")
    return _replace(root, target, files)


def write_backups(
    root: Path, message: str, backups: Iterable[Path], out: Renderer
) -> None:
    """Write `message`, and where the backups are."""
    out.line(message)
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


def _replace(root: Path, target: Target, files: dict[Path, str]) -> list[Path]:
    """Write `files` over the learner's; return the backups of these."""
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
    # Where that cannot be written, the section's fingerprint still tells of it.
    with suppress(StoreError):
        Progress(root).forget(target.koans)
    return backups


def _with_answer(section: Section, koan: Koan, answer: str) -> str:
    """Return the learner's file with `answer` in the place of `koan`."""
    try:
        mine = read_source(section.stub).text
    except FileNotFoundError:
        mine = section.shipped_stub
    except (SyntaxError, ValueError) as error:
        path = section.path_of(section.stub)
        raise ResetError(
            f"{path} cannot be read: {error}. Save it as UTF-8 text, or start the "
            f"section again: sensei reset {section}."
        ) from None
    return with_answer(mine, section, koan, answer)


def _kept_answer(section: Section, koan: Koan) -> str | None:
    """Return the newest answer to `koan` in the backups that is not there now."""
    known = {None, shipped_answer(section, koan)}
    known.add(_read(section.stub, lambda text: answer_in(text, section, koan)))
    kept = (
        _read(backup, lambda text: answer_in(text, section, koan))
        for backup in backups_of(section.root, section.stub)
    )
    return next((answer for answer in kept if answer not in known), None)


def _kept_text(root: Path, path: Path, shipped: str) -> str | None:
    """Return the newest text of `path` in the backups that is not there now."""
    known = {None, shipped, _read(path, str)}
    kept = (_read(backup, str) for backup in backups_of(root, path))
    return next((text for text in kept if text not in known), None)


def _read(path: Path, take: Callable[[str], str | None]) -> str | None:
    """Return what `take` takes from the text of `path`; None if it is not readable."""
    try:
        return take(read_source(path).text)
    except (OSError, SyntaxError, ValueError):
        return None
