"""A PostgreSQL database for one test."""

import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import URL

from lab.postgres.address import (
    VARIABLE,
    for_asyncpg,
    for_drivers,
    for_psycopg,
    server_address,
)
from lab.unavailable import Unavailable

# Seconds that a server gets to let us in.
_PATIENCE = 3
# Seconds after which a database of the lab is one that a killed run left behind.
_STALE = 3600
_NAME = re.compile(r"koans_lab_(\d+)_[0-9a-f]{8}")
# Servers that did not let us in, and why: nobody waits for them a second time.
_refused: dict[URL, str] = {}


@dataclass(frozen=True)
class PostgresDatabase:
    """An empty database.

    `url` is for `create_engine` (and names the driver psycopg), `async_url` for
    `create_async_engine` (asyncpg), `dsn` for a driver without SQLAlchemy. A server's
    roles are shared by all its databases: those whose names begin with `name` are
    dropped with this one.
    """

    name: str
    url: str
    async_url: str
    dsn: str


@contextmanager
def postgres_database() -> Iterator[PostgresDatabase]:
    """Yield a new database; drop it afterwards, whoever is connected to it.

    Its server is the one in KOANS_POSTGRES_URL, where databases of other names are left
    alone; else one that starts with the first call and ends with this run.

    Raises:
        Unavailable: there is no server, or it does not let us in.
    """
    address = server_address()
    name = f"koans_lab_{int(time.time())}_{secrets.token_hex(4)}"
    own = address.set(database=name)
    # One connection for both ends: a new one takes as long as either.
    with closing(_created(address, name)) as connection:
        try:
            yield PostgresDatabase(
                name, for_psycopg(own), for_asyncpg(own), for_drivers(own)
            )
        finally:
            with suppress(psycopg.OperationalError):  # the server has gone
                _drop(connection, name)


def _created(address: URL, name: str) -> psycopg.Connection:
    """Create a database; return the connection to its server that did so."""
    if address in _refused:
        raise Unavailable(_refused[address])
    is_ours = VARIABLE not in os.environ
    try:
        connection = _connect(address)
        try:
            _drop_stale(connection)
            # Nobody can be connected to template0, which would be in the way. Copied
            # files need a checkpoint, which takes no time on a server without fsync.
            create = SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' {}")
            strategy = SQL("STRATEGY file_copy" if is_ours else "")
            connection.execute(create.format(Identifier(name), strategy))
        except BaseException:
            connection.close()
            raise
    except psycopg.Error as error:
        why = " ".join(str(error).split())
        if is_ours:
            raise Unavailable(f"PostgreSQL does not let us in: {why}") from None
        _refused[address] = f"{VARIABLE}: {why}"
        raise Unavailable(_refused[address]) from None
    return connection


def _drop(connection: psycopg.Connection, name: str) -> None:
    drop = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    connection.execute(drop.format(Identifier(name)))
    roles = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)"
    for (role,) in connection.execute(roles, [name]).fetchall():
        connection.execute(SQL("DROP ROLE IF EXISTS {}").format(Identifier(role)))


def _drop_stale(connection: psycopg.Connection) -> None:
    mine = (
        "SELECT datname FROM pg_database WHERE datdba::regrole = current_user::regrole"
    )
    for (name,) in connection.execute(mine).fetchall():
        ours = _NAME.fullmatch(name)
        if ours and time.time() - int(ours[1]) > _STALE:
            with suppress(psycopg.Error):  # another process does the same
                _drop(connection, name)


def _connect(address: URL) -> psycopg.Connection:
    return psycopg.connect(
        for_drivers(address), autocommit=True, connect_timeout=_PATIENCE
    )
