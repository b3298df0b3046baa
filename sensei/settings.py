"""The settings of sensei: the table `[tool.sensei]` of `pyproject.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


class SettingsError(Exception):
    """`[tool.sensei]` cannot be used; `str()` says why."""


@dataclass(frozen=True)
class Settings:
    """What the table says.

    `warm` are the modules that the warm process imports beforehand; `checks` are
    functions, as `module:name`, that `sensei doctor` asks what works: each yields a
    name, whether it works, and what was found or what to do.
    """

    warm: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


def load_settings(root: Path) -> Settings:
    """Return the settings of the repository in the folder `root`.

    Raises:
        SettingsError: a key is unknown or has another type than it must have.
    """
    tables = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    table = tables.get("tool", {}).get("sensei", {})
    for key, value in table.items():
        if key not in ("warm", "checks"):
            raise SettingsError(f"pyproject.toml: [tool.sensei] has no key {key}.")
        if not isinstance(value, list) or not all(
            isinstance(one, str) for one in value
        ):
            raise SettingsError(
                f"pyproject.toml: [tool.sensei] {key} is a list of names."
            )
    return Settings(tuple(table.get("warm", ())), tuple(table.get("checks", ())))
