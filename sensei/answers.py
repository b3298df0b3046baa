"""The fixture `answers`: a module that is loaded when it is first asked for a name."""

import importlib.util
import sys
from collections.abc import Callable
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, cast

from sensei.section import Section
from sensei.trouble import Trouble, unimportable, unreadable


class Answers:
    """Stands for the module; each instance loads its own, fresh.

    What one test leaves behind in a module-level object, no other test finds.
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


def forget(answers: Answers) -> None:
    """Take the module that `answers` has loaded, if any, out of `sys.modules`."""
    module = vars(answers)["_module"]
    if module is not None:
        sys.modules.pop(module.__name__, None)


def load_file(path: Path, shown: str) -> ModuleType:
    """Return the module in the file `path`, executed anew.

    Raises:
        Trouble: the file is gone, is not Python, or raises while it is imported;
            calls it `shown`.
    """
    try:
        text = importlib.util.decode_source(path.read_bytes())
    except OSError as error:
        why = error.strerror or str(error)
        raise Trouble(f"This file cannot be opened: {why}.", shown) from None
    except UnicodeDecodeError as error:
        told = ValueError(f"byte {error.start} is not UTF-8")
        raise unreadable(shown, told) from None
    except SyntaxError as error:  # it declares an encoding that there is not
        raise unreadable(shown, error) from None
    return execute(text, path, shown)


def execute(text: str, path: Path, shown: str) -> ModuleType:
    """Return a new module after `text`, which the file `path` holds, ran in it.

    It stands in `sys.modules` meanwhile and afterwards: Pydantic, dataclasses and
    `typing` look their names up there. Its `__source__` is the text.

    Raises:
        Trouble: the text is not Python, or raised; calls the file `shown`.
    """
    try:
        code = _compiled(text, str(path))
    except (SyntaxError, ValueError) as error:
        raise unreadable(shown, error) from None
    name = shown.removesuffix(".py").replace("/", ".")
    module = ModuleType(name)
    module.__file__ = str(path)
    module.__spec__ = ModuleSpec(name, None, origin=str(path))  # Flask looks at it
    module.__package__ = name.rpartition(".")[0]
    vars(module)["__source__"] = text
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)  # noqa: S102
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        sys.modules.pop(name, None)
        raise unimportable(path, shown, error) from error
    return module


@lru_cache(maxsize=64)
def _compiled(text: str, path: str) -> CodeType:
    return compile(text, path, "exec", dont_inherit=True)


def _missing(section: Section, name: str) -> Trouble:
    lost = [home.koan for home in section.homes.values() if home.name == name]
    shown = section.path_of(section.stub)
    if lost:
        message = (
            f"`{name}`, the home of koan {lost[0]}, is not in this file. Name it so "
            f"again, or bring its stub back: sensei reset {lost[0]}."
        )
    else:
        message = (
            f"`{name}` was given in this file and is gone. Bring it back, "
            f"or start the section again: sensei reset {section}."
        )
    return Trouble(message, shown, is_of_file=False)
