"""The settings of sensei: the table `[tool.sensei]` of `pyproject.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


class SettingsError(Exception):
    """`[tool.sensei]` cannot be used; `str()` says why."""


@dataclass(frozen=True)
class Settings:
    """`warm` are the modules that the warm process imports beforehand."""

    warm: tuple[str, ...] = ()


def load_settings(root: Path) -> Settings:
    """Return the settings of the repository in the folder `root`.

    Raises:
        SettingsError: a key is unknown or has another type than it must have.
    """
    tables = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    table = tables.get("tool", {}).get("sensei", {})
    unknown = sorted(set(table) - {"warm"})
    if unknown:
        raise SettingsError(f"pyproject.toml: [tool.sensei] has no key {unknown[0]}.")
    warm = table.get("warm", [])
    if not isinstance(warm, list) or not all(isinstance(one, str) for one in warm):
        raise SettingsError("pyproject.toml: [tool.sensei] warm is a list of modules.")
    return Settings(tuple(warm))
