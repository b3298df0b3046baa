"""The doctor: which servers of the lab work here."""

from collections.abc import Iterator

from lab.unavailable import Unavailable


def checks() -> Iterator[tuple[str, bool, str]]:
    """Yield for each server its name, whether it works, and what was found.

    A server is started, and asked, to find out.
    """
    yield _postgres()
    yield _redis()
    yield _kafka()


def _postgres() -> tuple[str, bool, str]:
    try:
        import psycopg

        from lab.postgres.database import postgres_database

        with postgres_database() as database, psycopg.connect(database.dsn) as one:
            row = one.execute("SHOW server_version").fetchone()
    except (ImportError, Unavailable) as missing:
        return "PostgreSQL", False, str(missing).removeprefix("PostgreSQL: ")
    return "PostgreSQL", True, str(row[0] if row else "runs")


def _redis() -> tuple[str, bool, str]:
    try:
        from lab.redis_server import redis_server

        with redis_server() as server:
            about = server.client.info("server")
    except (ImportError, Unavailable) as missing:
        return "Redis", False, str(missing)
    version = about.get("valkey_version") or about.get("redis_version") or "runs"
    return "Redis", True, str(version)


def _kafka() -> tuple[str, bool, str]:
    try:
        from confluent_kafka import libversion

        from lab.kafka import kafka_cluster

        with kafka_cluster() as cluster:
            cluster.write("visits", "1")
            cluster.read("visits")
    except (ImportError, OSError, Unavailable) as missing:
        return "Kafka", False, str(missing)
    return "Kafka", True, f"the mock cluster of librdkafka {libversion()[0]}"
