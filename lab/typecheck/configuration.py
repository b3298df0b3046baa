"""The configuration that mypy gets; no other file has a say in it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# The settings of Pydantic's plugin, by their names in `[tool.pydantic-mypy]`.
SETTINGS: Final = ("init_forbid_extra", "init_typed", "warn_required_dynamic_aliases")
STRICT: Final[Mapping[str, bool]] = MappingProxyType(dict.fromkeys(SETTINGS, True))

# Pydantic imports them for what it prints and for e-mail addresses. They and what they
# import are more than half of the modules that mypy would read, and no type of a model
# comes from there.
_UNREAD: Final = ("rich.*", "email_validator.*")


def configuration(plugin: Mapping[str, bool] | None) -> str:
    """Return the text of mypy's configuration file.

    Strict mode with Pydantic's plugin and its settings `plugin`, or without it. With
    the plugin no explicit `Any` is let in either; without it every model would count
    as one.
    """
    lines = ["[mypy]", "strict = true", "plugins = lab.typecheck.plugin"]
    lines += [f"[mypy-{','.join(_UNREAD)}]", "follow_imports = skip"]
    if plugin is not None:
        lines += ["[mypy-__main__]", "disallow_any_explicit = true"]
        lines += ["[pydantic-mypy]"]
        lines += [f"{name} = {value}" for name, value in plugin.items()]
    return "\n".join(lines) + "\n"
