"""The doctor: which servers of the lab work here."""

from collections.abc import Iterator

from lab.unavailable import Unavailable


def checks() -> Iterator[tuple[str, bool, str]]:
    """Yield for each server its name, whether it works, and what was found.

    A server is started, and asked, to find out.
    """
    yield _postgres()


def _postgres() -> tuple[str, bool, str]:
    try:
        import psycopg

        from lab.postgres.database import postgres_database

        with postgres_database() as database, psycopg.connect(database.dsn) as one:
            row = one.execute("SHOW server_version").fetchone()
    except (ImportError, Unavailable) as missing:
        return "PostgreSQL", False, str(missing).removeprefix("PostgreSQL: ")
    return "PostgreSQL", True, str(row[0] if row else "runs")
