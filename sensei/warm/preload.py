"""Preloading: what answers will import is imported once, before the fork."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path


def preload(modules: list[str]) -> None:
    """Import `modules`; what is missing is told by `sensei doctor`, not here."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError:
            continue


def imports_of(path: Path) -> list[str]:
    """Return the modules that the Python file `path` imports at its top."""
    return list(_imports(ast.parse(path.read_bytes())))


def _imports(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
