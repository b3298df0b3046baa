"""What the connection pool of an engine lent, and what it got back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from sqlalchemy import Engine, PoolProxiedConnection, event
from sqlalchemy.ext.asyncio import AsyncEngine

from lab.statements import HasSyncEngine


class Connections:
    """What a pool did.

    `lent` is how often it lent a connection, `returned` how often one came back,
    `most` how many were lent at the same time, `opened` and `closed` how many real
    connections to the database were made and given up.
    """

    def __init__(self) -> None:
        self.lent = 0
        self.returned = 0
        self.most = 0
        self.opened = 0
        self.closed = 0
        # A pool takes a lost connection back when Python's garbage collector comes
        # round, some time or never. As long as it is held here, it stays lost.
        self._held: dict[int, PoolProxiedConnection] = {}
        self._lock = Lock()

    @property
    def out(self) -> int:
        """How many connections are lent now; after the work is done, the leak."""
        return len(self._held)

    def take_back(self) -> None:
        """Return to the pool what is still lent.

        The connections of an AsyncEngine are taken back within `greenlet_spawn`.
        """
        for proxy in list(self._held.values()):
            proxy.close()

    def _checkout(self, raw: Any, record: Any, proxy: PoolProxiedConnection) -> None:
        with self._lock:
            self.lent += 1
            self._held[id(record)] = proxy
            self.most = max(self.most, self.out)

    def _checkin(self, raw: Any, record: Any) -> None:
        with self._lock:
            # One that was lent before the block began is none of its business.
            if self._held.pop(id(record), None) is not None:
                self.returned += 1

    def _detach(self, raw: Any, record: Any) -> None:
        with self._lock:
            self._held.pop(id(record), None)  # it will not come back

    def _connect(self, raw: Any, record: Any) -> None:
        self.opened += 1

    def _close(self, raw: Any, record: Any = None) -> None:
        self.closed += 1


@contextmanager
def connections(engine: Engine | AsyncEngine | HasSyncEngine) -> Iterator[Connections]:
    """Yield what the pool of `engine` lends and gets back during the block.

    A session that nobody closed counts as `out`, even when nobody can reach it any
    more.
    """
    target = engine if isinstance(engine, Engine) else engine.sync_engine
    seen = Connections()
    listeners: list[tuple[str, Callable[..., None]]] = [
        ("checkout", seen._checkout),
        ("checkin", seen._checkin),
        ("detach", seen._detach),
        ("connect", seen._connect),
        ("close", seen._close),
        ("close_detached", seen._close),
    ]
    for name, listener in listeners:
        event.listen(target, name, listener)
    try:
        yield seen
    finally:
        for name, listener in listeners:
            event.remove(target, name, listener)
