"""Of the package `lab`: cheap to import, whatever it offers."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lab

_ROOT = Path(__file__).parents[2]


def _promised() -> dict[str, str]:
    """The names that the type checker is told, and their modules."""
    tree = ast.parse(Path(lab.__file__ or "").read_text(encoding="utf-8"))
    return {
        alias.asname or alias.name: node.module or ""
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _modules_after(*lines: str) -> set[str]:
    code = "\n".join([*lines, "import sys; print(*sys.modules)"])
    command = [sys.executable, "-W", "error", "-c", code]
    printed = subprocess.check_output(command, cwd=_ROOT, text=True)
    return set(printed.split())


def test_the_type_checker_is_told_what_is_there() -> None:
    assert _promised() == lab._HOMES


@pytest.mark.parametrize("name", sorted(lab._HOMES))
def test_a_name_leads_to_what_its_module_defines(name: str) -> None:
    found = getattr(lab, name)

    assert getattr(sys.modules[lab._HOMES[name]], name) is found


def test_a_name_that_is_not_there_is_told() -> None:
    with pytest.raises(AttributeError, match="'lab' has no attribute 'nothing'"):
        lab.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_a_function_is_not_replaced_by_the_module_of_its_name() -> None:
    imported = _modules_after(
        "import lab.statements, lab.connections, lab.client",
        "from lab import connections, statements, client",
        "assert all(map(callable, (connections, statements, client)))",
        "from lab.statements import Statement",
    )

    assert "lab.statements" in imported


def test_who_takes_a_client_pays_for_no_database() -> None:
    imported = _modules_after("import lab.plugin; from lab import client")

    assert not imported & {"sqlalchemy", "psycopg", "asyncpg", "aiosqlite"}


def test_the_plugin_pays_for_nothing() -> None:
    imported = _modules_after("import lab.plugin")

    assert not imported & {"fastapi", "starlette", "httpx2", "uvicorn", "sqlalchemy"}
