"""Loading: the module behind the fixture `answers`, and what may be wrong with it."""

import sys
import traceback
from collections.abc import Callable
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any, cast

from sensei.content.section import Section
from sensei.content.source import read_source
from sensei.errors import summary_of
from sensei.grading.deadline import DeadlineError
from sensei.grading.traces import is_raised_by_code


class AnswersError(Exception):
    """A learner's file, or a name in it, with which a koan cannot be tested.

    `str()` is the message: what is wrong, and what to do. `location` is the file, with
    a line where there is one. `is_of_file` is true where every koan of the file would
    get the same message.
    """

    def __init__(self, message: str, location: str, *, is_of_file: bool = True) -> None:
        super().__init__(message)
        self.location = location
        self.is_of_file = is_of_file


class Answers:
    """Stands for the module of a section's answers; each instance loads its own.

    Loaded when a test first uses a name, and anew for each test: what one test leaves
    in a module-level object, no other test finds.
    """

    def __init__(self, load: Callable[[], ModuleType], section: Section) -> None:
        vars(self).update(_load=load, _section=section, _module=None)

    def __getattr__(self, name: str) -> Any:
        module = self._loaded()
        try:
            return getattr(module, name)
        except AttributeError:
            raise _missing(self._section, name) from None

    def __setattr__(self, name: str, value: object) -> None:
        """Set a name of the module: a test's own stand-in for what was given."""
        setattr(self._loaded(), name, value)

    def __call__(self) -> "Answers":
        """Return the module once more, as another process would have it."""
        return Answers(self._load, self._section)

    def _loaded(self) -> ModuleType:
        if self._module is None:
            vars(self)["_module"] = self._load()
        return cast("ModuleType", self._module)


def unload(answers: Answers) -> None:
    """Take the module that `answers` has loaded, if any, out of `sys.modules`."""
    module = vars(answers)["_module"]
    if module is not None:
        sys.modules.pop(module.__name__, None)


def load_file(path: Path, name: str) -> ModuleType:
    """Return the module in the file `path`, executed anew.

    Raises:
        AnswersError: the file cannot be opened, is not Python, or raises while it is
            imported. It is called `name` there.
    """
    try:
        text = read_source(path).text
    except OSError as error:
        reason = error.strerror or str(error)
        raise AnswersError(f"This file cannot be opened: {reason}.", name) from None
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is not {error.encoding.upper()}"
        raise _unreadable(name, ValueError(reason)) from None
    except SyntaxError as error:  # it names an encoding that does not exist
        raise _unreadable(name, error) from None
    return execute(text, path, name)


def execute(text: str, path: Path, name: str) -> ModuleType:
    """Return a new module in which `text`, the content of the file `path`, has run.

    It is in `sys.modules` meanwhile and afterwards: Pydantic, dataclasses and `typing`
    look names up there. Its `__source__` is the text.

    Raises:
        AnswersError: the text is not Python, or raised. The file is called `name`.
    """
    try:
        code = _compiled(text, str(path))
    except (SyntaxError, ValueError) as error:
        raise _unreadable(name, error) from None
    module_name = name.removesuffix(".py").replace("/", ".")
    module = ModuleType(module_name)
    module.__file__ = str(path)
    # Flask looks at it.
    module.__spec__ = ModuleSpec(module_name, None, origin=str(path))
    module.__package__ = module_name.rpartition(".")[0]
    vars(module)["__source__"] = text
    sys.modules[module_name] = module
    try:
        exec(code, module.__dict__)  # noqa: S102
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and not is_raised_by_code(error):
            raise
        sys.modules.pop(module_name, None)
        raise _unimportable(path, name, error) from error
    return module


def line_in(path: Path, trace: TracebackType | None) -> int | None:
    """Return the last line of the file `path` that `trace` went through, if any."""
    name = str(path)
    lines = [
        line
        for frame, line in traceback.walk_tb(trace)
        if frame.f_code.co_filename == name
    ]
    return lines[-1] if lines else None


@lru_cache(maxsize=64)
def _compiled(text: str, path: str) -> CodeType:
    return compile(text, path, "exec", dont_inherit=True)


def _missing(section: Section, name: str) -> AnswersError:
    koans = [one.koan for one in section.koans.values() if one.name == name]
    if koans:
        message = (
            f"`{name}`, which holds koan {koans[0]}, was not found in this file. Give "
            f"it this name again, or bring the stub back: sensei reset {koans[0]}."
        )
    else:
        message = (
            f"`{name}` was given in this file, and was not found. Bring it back, or "
            f"start the section again: sensei reset {section}."
        )
    return AnswersError(message, section.path_of(section.stub), is_of_file=False)


def _unreadable(name: str, error: SyntaxError | ValueError) -> AnswersError:
    """Return the error of a file that is not Python."""
    if isinstance(error, SyntaxError) and error.lineno:
        text = (error.text or "").strip()
        quoted = f", at `{text}`" if text else ""
        return AnswersError(
            f"Python cannot read this file: {error.msg}{quoted}.",
            f"{name}:{error.lineno}",
        )
    # An unknown encoding, null bytes: there is no line to name.
    return AnswersError(
        f"Python cannot read this file: {error}. Save it as UTF-8 text.", name
    )


def _unimportable(path: Path, name: str, error: BaseException) -> AnswersError:
    """Return the error of a file that raises `error` while it is imported."""
    line = line_in(path, error.__traceback__)
    location = f"{name}:{line}" if line else name
    summary = summary_of(error)
    if isinstance(error, DeadlineError):
        return AnswersError("Importing this file does not end.", location)
    if isinstance(error, SystemExit):
        return AnswersError(f"Importing this file ends Python: {summary}.", location)
    return AnswersError(f"Importing this file raises {summary}.", location)
