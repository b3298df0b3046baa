"""Types as people and mypy write them."""

import ast

_OLD_NAMES = {"Dict": "dict", "List": "list", "Set": "set", "Tuple": "tuple"}

Shape = str | frozenset["Shape"] | tuple["Shape", ...]


def same_type(written: str, revealed: str) -> bool:
    """Return whether two texts are the same type.

    A name counts without its module, a union in any order and in any way that it
    is written. What is no type at all is the same as nothing.
    """
    try:
        return _shape(_parsed(written)) == _shape(_parsed(revealed))
    except (SyntaxError, ValueError, TypeError):
        return False


def _parsed(text: str) -> ast.expr:
    return ast.parse(text.strip(), mode="eval").body


def _shape(node: ast.expr) -> Shape:
    match node:
        case ast.Name(name) | ast.Attribute(attr=name):
            return _OLD_NAMES.get(name, name)
        case ast.Constant(value):
            return repr(value)
        case ast.BinOp(left, ast.BitOr(), right):
            return _union(left, right)
        case ast.Subscript(value, ast.Tuple(elts)):
            return _applied(_shape(value), elts)
        case ast.Subscript(value, part):
            return _applied(_shape(value), [part])
    raise ValueError(ast.unparse(node))


def _applied(name: Shape, parts: list[ast.expr]) -> Shape:
    if name == "Union":
        return _union(*parts)
    if name == "Optional":
        return _union(*parts, ast.Constant(None))
    return (name, *map(_shape, parts))


def _union(*parts: ast.expr) -> Shape:
    members: set[Shape] = set()
    for part in parts:
        shape = _shape(part)
        members |= shape if isinstance(shape, frozenset) else {shape}
    return frozenset(members)
