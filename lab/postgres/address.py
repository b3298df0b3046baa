"""Which PostgreSQL server the databases are on, and how drivers are told."""

import os
import sys

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from lab.unavailable import Unavailable

VARIABLE = "KOANS_POSTGRES_URL"


def server_address() -> URL:
    """Return the address of the server, and of a database there to connect to.

    It is the one in KOANS_POSTGRES_URL, else that of a server which is started if it
    does not run.

    Raises:
        Unavailable: there is none.
    """
    if named := os.environ.get(VARIABLE):
        return _named_address(named)
    if sys.platform == "win32":
        raise Unavailable(
            f"PostgreSQL: on Windows, name a server of yours in {VARIABLE}."
        )
    from lab.postgres.cluster import cluster  # of what Windows lacks

    found = cluster()
    return URL.create(
        "postgresql",
        username="postgres",
        password=found.password,
        host="127.0.0.1",
        port=found.port,
        database="postgres",
    )


def for_psycopg(address: URL) -> str:
    """Return `address` as SQLAlchemy wants it for psycopg."""
    return _text(address.set(drivername="postgresql+psycopg"))


def for_asyncpg(address: URL) -> str:
    """Return `address` as SQLAlchemy wants it for asyncpg."""
    # What follows the "?" are options of libpq; this driver has one of its own kind.
    wanted = {"sslmode": "ssl", "host": "host", "port": "port"}
    query = {
        wanted[key]: value for key, value in address.query.items() if key in wanted
    }
    return _text(address.set(drivername="postgresql+asyncpg", query=query))


def for_drivers(address: URL) -> str:
    """Return `address` as drivers want it, without SQLAlchemy."""
    return _text(address.set(drivername="postgresql"))


def _named_address(named: str) -> URL:
    try:
        address = make_url(named)
    except (ArgumentError, ValueError):
        raise Unavailable(f"{VARIABLE} is not the URL of a database.") from None
    if address.get_backend_name() not in ("postgresql", "postgres"):
        raise Unavailable(f"{VARIABLE} does not begin with postgresql://.")
    return address.set(drivername="postgresql", database=address.database or "postgres")


def _text(address: URL) -> str:
    return address.render_as_string(hide_password=False)
