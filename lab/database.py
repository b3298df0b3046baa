"""Engines that leave nothing behind, and a fresh SQLite database for them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import greenlet_spawn

from lab.connections import connections

# Seconds that SQLite waits for another connection's lock before it says "locked".
_PATIENCE = 1.0


@contextmanager
def engine_for(url: str | URL, **options: Any) -> Iterator[Engine]:
    """Yield an engine for `url`, and dispose of it afterwards with all it lent.

    `options` are those of `create_engine`.
    """
    engine = create_engine(url, **options)
    try:
        with connections(engine) as lent:
            try:
                yield engine
            finally:
                lent.take_back()
    finally:
        engine.dispose()


@asynccontextmanager
async def async_engine_for(
    url: str | URL, **options: Any
) -> AsyncIterator[AsyncEngine]:
    """Yield an async engine for `url`, and dispose of it afterwards with all it lent.

    `options` are those of `create_async_engine`.
    """
    engine = create_async_engine(url, **options)
    try:
        with connections(engine) as lent:
            try:
                yield engine
            finally:
                await greenlet_spawn(lent.take_back)
    finally:
        await engine.dispose()


@contextmanager
def sqlite_engine(**options: Any) -> Iterator[Engine]:
    """Yield an engine on a fresh SQLite database, which is deleted afterwards.

    It is a file, so that every session has a connection of its own, as on a server:
    what one has not committed, no other sees. Foreign keys are checked.
    `options` are those of `create_engine`.
    """
    with _file() as path, engine_for(f"sqlite:///{path}", **_with(options)) as engine:
        _behave(engine)
        yield engine


@asynccontextmanager
async def async_sqlite_engine(**options: Any) -> AsyncIterator[AsyncEngine]:
    """Yield an async engine on a database like that of `sqlite_engine`.

    `options` are those of `create_async_engine`.
    """
    with _file() as path:
        url = f"sqlite+aiosqlite:///{path}"
        async with async_engine_for(url, **_with(options)) as engine:
            _behave(engine.sync_engine)
            yield engine


@contextmanager
def _file() -> Iterator[Path]:
    # Windows does not delete a file that a lost connection still holds open.
    with TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True) as folder:
        yield Path(folder, "lab.sqlite")


def _with(options: dict[str, Any]) -> dict[str, Any]:
    return {
        **options,
        "connect_args": {"timeout": _PATIENCE} | options.get("connect_args", {}),
    }


def _behave(engine: Engine) -> None:
    """Make SQLite and its driver keep to what other databases do."""

    def connect(raw: Any, record: Any) -> None:
        # The driver begins transactions late, and for some statements never.
        raw.isolation_level = None
        cursor = raw.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        # Nobody needs it after a crash; WAL would wait for the disk before this.
        cursor.execute("PRAGMA synchronous = OFF")
        cursor.execute("PRAGMA journal_mode = WAL")  # readers do not block writers
        cursor.close()

    def begin(connection: Connection) -> None:
        # Past SQLAlchemy, so that `statements` shows what the learner's code sends.
        cursor = connection.connection.cursor()
        cursor.execute("BEGIN")
        cursor.close()

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
