"""The settings of sensei: the table `[tool.sensei]` of `pyproject.toml`."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from sensei.errors import SenseiError


class SettingsError(SenseiError):
    """`[tool.sensei]` cannot be used. `str()` says why."""


@dataclass(frozen=True)
class Settings:
    """What the table says.

    `preload` are the modules that the runner's server imports before it forks, `warmup`
    the functions, as `module:name`, that it calls then. `checks` are functions for
    `sensei doctor`: each yields a name, whether it works, and what was found or what
    to do.
    """

    preload: tuple[str, ...] = ()
    warmup: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


def load_settings(root: Path) -> Settings:
    """Return the settings of the repository in the folder `root`.

    Raises:
        SettingsError: a key is unknown or has another type than it must have.
    """
    tables = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    table = tables.get("tool", {}).get("sensei", {})
    known = {field.name for field in fields(Settings)}
    for key, value in table.items():
        if key not in known:
            raise SettingsError(f"pyproject.toml: [tool.sensei] has no key {key}.")
        if not isinstance(value, list) or not all(
            isinstance(one, str) for one in value
        ):
            raise SettingsError(
                f"pyproject.toml: [tool.sensei] {key} must be a list of names."
            )
    return Settings(**{key: tuple(value) for key, value in table.items()})


def load_function(name: str) -> Callable[[], Any]:
    """Return the function that is called `module:name`.

    Raises:
        SettingsError: it does not exist.
    """
    module, _, attribute = name.partition(":")
    try:
        found: Callable[[], Any] = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError):
        raise SettingsError(
            f"pyproject.toml: [tool.sensei] The function {name} does not exist."
        ) from None
    return found
