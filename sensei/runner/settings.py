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
    to do. `cpu_seconds` are those that a test may compute, `wall_seconds` those that it
    may wait; a machine with more to do than it has cores gives it more of both.
    """

    preload: tuple[str, ...] = ()
    warmup: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    cpu_seconds: float = 10.0
    wall_seconds: float = 15.0


def load_settings(root: Path) -> Settings:
    """Return the settings of the repository in the folder `root`.

    Raises:
        SettingsError: it is not TOML, a key is unknown, or has a value of a wrong type.
    """
    try:
        text = (root / "pyproject.toml").read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"pyproject.toml: This is not TOML: {error}.") from None
    table = tables.get("tool", {}).get("sensei", {})
    known = {field.name: field.type for field in fields(Settings)}
    found: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise SettingsError(f"pyproject.toml: [tool.sensei] has no key {key}.")
        found[key] = _seconds(key, value) if known[key] is float else _names(key, value)
    return Settings(**found)


def _names(key: str, value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise SettingsError(f"pyproject.toml: [tool.sensei] {key} must be a list of names.")


def _seconds(key: str, value: object) -> float:
    if isinstance(value, int | float) and value > 0:
        return float(value)
    raise SettingsError(
        f"pyproject.toml: [tool.sensei] {key} must be a number of seconds."
    )


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
