"""The scope of a definition: its lines, and those of all that it rests on."""

import ast
from collections.abc import Iterator


def scope(text: str, name: str) -> set[int]:
    """Return which lines of the module `text` make up `name` and all that it uses.

    So a koan answers for its own definition, for the helpers, aliases and imports
    that this uses, and for no other koan.
    """
    body = ast.parse(text).body
    lines: set[int] = set()
    seen: set[str] = set()
    waiting = {name}
    while waiting:
        seen |= waiting
        used: set[str] = set()
        for statement in body:
            if waiting & set(_bound(statement)):
                lines |= _lines(statement)
                used |= set(_used(statement))
        waiting = used - seen
    return lines


def _lines(statement: ast.stmt) -> set[int]:
    decorators = getattr(statement, "decorator_list", [])
    first = min(one.lineno for one in [statement, *decorators])
    return set(range(first, (statement.end_lineno or first) + 1))


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Yield the module's names that `statement` gives a value, whatever it runs."""
    match statement:
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
            yield name
        case ast.Import(names) | ast.ImportFrom(names=names):
            for alias in names:
                yield alias.asname or alias.name.partition(".")[0]
        case _:
            for node in ast.iter_child_nodes(statement):
                if isinstance(node, ast.stmt):
                    yield from _bound(node)
                else:
                    yield from _stored(node)


def _stored(node: ast.AST) -> Iterator[str]:
    """Yield the names that an expression, a handler or a case stores to."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id
        elif isinstance(part, ast.stmt):
            yield from _bound(part)


def _used(statement: ast.stmt) -> Iterator[str]:
    """Yield the names in `statement`, also in annotations that are quoted."""
    docstrings = {
        id(node.value) for node in ast.walk(statement) if isinstance(node, ast.Expr)
    }
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield from _quoted(node.value)


def _quoted(value: object) -> Iterator[str]:
    try:
        quoted = ast.parse(value, mode="eval") if isinstance(value, str) else None
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(quoted) if quoted else ():
        if isinstance(node, ast.Name):
            yield node.id
