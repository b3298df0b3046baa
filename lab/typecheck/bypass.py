"""Bypasses: ways around the checker instead of through it."""

import ast
from collections.abc import Iterator
from functools import lru_cache

from lab.typecheck.diagnostic import Diagnostic
from lab.typecheck.pragmas import pragmas

_TYPING = ("typing", "typing_extensions")
_WHY = {
    "cast": "`cast` is only your word for it: nobody looks at the value.",
    "no_type_check": "mypy does not read what stands under `no_type_check`.",
    "TYPE_CHECKING": "mypy reads other lines here than Python runs.",
}
# What mypy decides before it reads on, as it does TYPE_CHECKING.
_OF_SYS = ("platform", "version_info")

_Names = dict[str, str]


def bypasses(text: str, file: str, module: str = "") -> Iterator[Diagnostic]:
    """Yield a diagnostic on each way around the checker in `text`, part of `module`.

    Explicit `Any` is not among them: mypy sees that itself.
    """
    for line, _, pragma in pragmas(text):
        why = f"`{pragma}` is not read here: it would hide a fault, not mend it."
        yield Diagnostic(file, line, "", why)
    tree = ast.parse(text)
    names = _known(module) | dict(_imported(tree))
    harmless = set(_harmless(tree))
    for node in ast.walk(tree):
        word = _word(node, names)
        if word and isinstance(node, ast.expr) and node not in harmless:
            yield Diagnostic(file, node.lineno, "", _WHY[word])


@lru_cache(maxsize=1)
def _known(module: str) -> _Names:
    return dict(_imported(ast.parse(module)))


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each name that a module has for a word of `typing`, or for a module."""
    yield "MYPY", "TYPE_CHECKING"  # to mypy, any variable of this name is true
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                yield from ((one.asname or one.name, one.name) for one in names)
            case ast.ImportFrom(module, names) if module in _TYPING:
                yield from ((one.asname or one.name, one.name) for one in names)


def _word(node: ast.AST, names: _Names) -> str | None:
    match node:
        case ast.Name(name, ast.Load()) if names.get(name) in _WHY:
            return names[name]
        case ast.Attribute(ast.Name(module), word):
            known = names.get(module)
            if known in _TYPING and word in _WHY:
                return word
            if known == "sys" and word in _OF_SYS:
                return "TYPE_CHECKING"
    return None


def _harmless(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what stands in the test of an `if` that only imports."""
    for node in ast.walk(tree):
        match node:
            case ast.If(test, body, []) if all(map(_imports, body)):
                yield from ast.walk(test)


def _imports(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom)
