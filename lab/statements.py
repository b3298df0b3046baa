"""The SQL that was really sent to a database."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, overload

from sqlalchemy import Connection, Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine


class HasSyncEngine(Protocol):
    """An AsyncEngine, an AsyncConnection, or what else wraps an engine."""

    @property
    def sync_engine(self) -> Engine:
        """The engine that does the work."""


@dataclass(frozen=True)
class Statement:
    """One statement: its `sql` on one line and the `parameters` that went with it.

    `parameters` is a tuple or a dict, or a list of them for `executemany`.
    """

    sql: str
    parameters: Any

    @property
    def verb(self) -> str:
        """The first word, in capitals: "SELECT", "INSERT", "WITH", "SAVEPOINT"."""
        return self.sql.partition(" ")[0].upper()

    def __str__(self) -> str:
        return self.sql


class Statements(Sequence[Statement]):
    """What was sent, in order.

    `commits` and `rollbacks` count how transactions ended. The drivers do that by a
    call of their own, so it is not among the statements; neither is BEGIN.
    """

    def __init__(self) -> None:
        self._sent: list[Statement] = []
        self.commits = 0
        self.rollbacks = 0

    @overload
    def __getitem__(self, index: int) -> Statement: ...

    @overload
    def __getitem__(self, index: slice) -> list[Statement]: ...

    def __getitem__(self, index: int | slice) -> Statement | list[Statement]:
        return self._sent[index]

    def __len__(self) -> int:
        return len(self._sent)

    def __str__(self) -> str:
        return "\n".join(statement.sql for statement in self._sent)

    @property
    def verbs(self) -> list[str]:
        """The first word of each statement, in capitals."""
        return [statement.verb for statement in self._sent]

    def of(self, verb: str) -> list[Statement]:
        """Return the statements that begin with `verb`, such as "select"."""
        return [one for one in self._sent if one.verb == verb.upper()]

    def clear(self) -> None:
        """Forget what was sent so far, as if the block began here."""
        self._sent.clear()
        self.commits = self.rollbacks = 0

    def _send(
        self,
        connection: Connection,
        cursor: Any,
        sql: str,
        parameters: Any,
        context: Any,
        executemany: bool,
    ) -> None:
        self._sent.append(Statement(" ".join(sql.split()), parameters))

    def _commit(self, connection: Connection) -> None:
        self.commits += 1

    def _rollback(self, connection: Connection) -> None:
        self.rollbacks += 1


@contextmanager
def statements(engine: Engine | AsyncEngine | HasSyncEngine) -> Iterator[Statements]:
    """Yield the statements that `engine` sends during the block, as they are sent.

    Statements that the database turned away are among them. What SQLAlchemy asks a
    database on its own when it first connects is not.
    """
    target = engine if isinstance(engine, Engine) else engine.sync_engine
    sent = Statements()
    listeners: list[tuple[str, Callable[..., None]]] = [
        ("before_cursor_execute", sent._send),
        ("commit", sent._commit),
        ("rollback", sent._rollback),
    ]
    for name, listener in listeners:
        event.listen(target, name, listener)
    try:
        yield sent
    finally:
        for name, listener in listeners:
            event.remove(target, name, listener)
