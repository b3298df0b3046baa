"""A server of MySQL's protocol for one test; what it stores is kept by SQLite."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mysql_mimic import MysqlServer as Protocol  # type: ignore[import-untyped]
from mysql_mimic import Session
from mysql_mimic.control import LocalControl  # type: ignore[import-untyped]
from mysql_mimic.errors import ErrorCode, MysqlError  # type: ignore[import-untyped]

from lab.rendezvous import Rendezvous

# Seconds that the start and the stop may take, however busy the machine is.
_PATIENCE = 30.0
# MySQL's own code for a missing table, which drivers raise as a ProgrammingError.
_NO_SUCH_TABLE = 1146
# What a statement does wrong is told to its client, which raises it.
logging.getLogger("mysql_mimic").setLevel(logging.CRITICAL)


@dataclass
class MysqlServer:
    """A running server, whose database is empty.

    `address` has the arguments of `aiomysql.connect` and of `pymysql.connect`.
    `statements` are those that clients have sent, without what their drivers send on
    their own, and without a SELECT that has no FROM: mysql_mimic answers it itself.
    Where there is a `meeting`, each statement waits in it for the others.
    Everything is committed at once: this server has no transactions.
    """

    address: dict[str, Any]
    statements: list[str] = field(default_factory=list)
    meeting: Rendezvous | None = None
    _store: sqlite3.Connection = field(
        default_factory=lambda: sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False
        )
    )
    _clients: LocalControl = field(default_factory=LocalControl)

    @property
    def connections(self) -> int:
        """How many connections to the server are open."""
        return len(self._clients._connections)

    def fill(self, script: str) -> None:
        """Run SQL statements of SQLite on the database."""
        self._store.executescript(script)


class _Client(Session):  # type: ignore[misc]
    """What the server does for one connection."""

    def __init__(self, server: MysqlServer) -> None:
        super().__init__()
        self._server = server

    async def query(self, expression: Any, sql: str, attrs: Any) -> Any:
        self._server.statements.append(sql)
        if self._server.meeting:
            await self._server.meeting.wait_async()
        try:
            rows = self._server._store.execute(expression.sql(dialect="sqlite"))
        except sqlite3.Error as error:
            raise MysqlError(str(error), _code_of(error)) from None
        return rows.fetchall(), [column[0] for column in rows.description or ()]


def _code_of(error: sqlite3.Error) -> int:
    """Return the code that MySQL has for what SQLite tells in words."""
    missing = "no such table" in str(error)
    return _NO_SUCH_TABLE if missing else int(ErrorCode.UNKNOWN_ERROR)


@contextmanager
def mysql_server() -> Iterator[MysqlServer]:
    """Yield a server on a free port of this machine; stop it afterwards.

    It runs in a thread of its own, so that also a client that blocks its thread is
    served. It speaks the protocol of MySQL, and the SQL that SQLite knows as well.
    """
    server = MysqlServer({"host": "127.0.0.1", "user": "koans"})
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    ready: Future[int] = Future()
    thread = threading.Thread(
        target=loop.run_until_complete,
        args=(_serve(server, ready, stop),),
        daemon=True,
    )
    thread.start()
    try:
        server.address["port"] = ready.result(_PATIENCE)
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(_PATIENCE)
        loop.close()
        server._store.close()


async def _serve(server: MysqlServer, ready: Future[int], stop: asyncio.Event) -> None:
    listening = Protocol(lambda: _Client(server), control=server._clients)
    try:
        await listening.start_server(host="127.0.0.1", port=0)
    except OSError as error:
        ready.set_exception(error)
        return
    ready.set_result(listening.sockets()[0].getsockname()[1])
    await stop.wait()
    listening.close()
    # A connection that its client never closed has a task that waits for more.
    clients = asyncio.all_tasks() - {asyncio.current_task()}
    for one in clients:
        one.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
