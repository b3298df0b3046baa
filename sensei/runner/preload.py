"""Preloading: what answers will import is imported once, before the fork."""

import ast
import gc
import importlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from sensei.content.source import parse_source
from sensei.runner.settings import Settings, load_function


def preload(settings: Settings) -> None:
    """Import and call what `settings` name."""
    _import(settings.preload)
    for name in settings.warmup:
        load_function(name)()
    _freeze()


def preload_imports(path: Path) -> None:
    """Import what the Python file `path` imports at its top."""
    with suppress(OSError, SyntaxError, ValueError):
        _import(_imports(parse_source(path.read_bytes())))
    _freeze()


def _import(modules: Iterable[str]) -> None:
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception:  # noqa: S112  # `sensei doctor` says what is missing
            continue


def _imports(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _freeze() -> None:
    """Keep the collector off what is there: forks share its memory until it writes."""
    gc.collect()
    gc.freeze()
