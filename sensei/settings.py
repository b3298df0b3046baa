"""The settings of sensei: the table `[tool.sensei]` of `pyproject.toml`."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from sensei.told import Told


class SettingsError(Told):
    """`[tool.sensei]` cannot be used; `str()` says why."""


@dataclass(frozen=True)
class Settings:
    """What the table says.

    `warm` are the modules that the warm process imports beforehand, `rehearsals` the
    functions, as `module:name`, that it then calls. `checks` are functions that
    `sensei doctor` asks what works: each yields a name, whether it works, and what
    was found or what to do.
    """

    warm: tuple[str, ...] = ()
    rehearsals: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


def load_settings(root: Path) -> Settings:
    """Return the settings of the repository in the folder `root`.

    Raises:
        SettingsError: a key is unknown or has another type than it must have.
    """
    tables = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    table = tables.get("tool", {}).get("sensei", {})
    for key, value in table.items():
        if key not in {field.name for field in fields(Settings)}:
            raise SettingsError(f"pyproject.toml: [tool.sensei] has no key {key}.")
        if not isinstance(value, list) or not all(
            isinstance(one, str) for one in value
        ):
            raise SettingsError(
                f"pyproject.toml: [tool.sensei] {key} is a list of names."
            )
    return Settings(**{key: tuple(value) for key, value in table.items()})


def function(name: str) -> Callable[[], Any]:
    """Return the function that is called `module:name`.

    Raises:
        SettingsError: there is none.
    """
    module, _, attribute = name.partition(":")
    try:
        found: Callable[[], Any] = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError):
        raise SettingsError(
            f"pyproject.toml: [tool.sensei] there is no function {name}."
        ) from None
    return found
