"""Fixtures of the lab.

What a fixture needs is imported when a test asks for it: most tests need nothing.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from lab.owner import claim
from lab.unavailable import Unavailable

if TYPE_CHECKING:
    from lab import Kafka, LoadGenerator, Mailbox, PostgresDatabase, RedisServer
    from lab.typecheck import Checker

# The process that the servers of a run belong to imports this first: before it starts
# workers, and before it forks.
claim()


@pytest.fixture
def postgres() -> Iterator["PostgresDatabase"]:
    """A new PostgreSQL database; the test is skipped where there is no server."""
    with ExitStack() as stack:
        try:
            from lab import postgres_database

            database = stack.enter_context(postgres_database())
        except (ImportError, Unavailable) as missing:
            pytest.skip(f"PostgreSQL: {missing}")
        yield database


@pytest.fixture
def redis() -> Iterator["RedisServer"]:
    """A Redis server that holds nothing; the test is skipped where there is none."""
    with ExitStack() as stack:
        try:
            from lab import redis_server

            server = stack.enter_context(redis_server())
        except (ImportError, Unavailable) as missing:
            pytest.skip(f"Redis: {missing}")
        yield server


@pytest.fixture
def kafka() -> Iterator["Kafka"]:
    """A Kafka cluster that holds nothing; the test is skipped where there is none."""
    with ExitStack() as stack:
        try:
            from lab import kafka_cluster

            cluster = stack.enter_context(kafka_cluster())
        except (ImportError, Unavailable) as missing:
            pytest.skip(f"Kafka: {missing}")
        yield cluster


@pytest.fixture
def mailbox() -> Iterator["Mailbox"]:
    """A mail server that keeps the messages that it is sent."""
    from lab import mailbox as running

    with running() as server:
        yield server


@pytest.fixture(scope="session")
def checker(pytestconfig: pytest.Config) -> "Checker":
    """The type checker; what it learns of libraries is kept from session to session."""
    from lab.typecheck import Checker

    return Checker(pytestconfig.rootpath / ".sensei" / "mypy")


@pytest.fixture(scope="session")
def locust() -> Iterator["LoadGenerator"]:
    """Locust, in a process of its own."""
    from lab import load_generator

    with load_generator() as generator:
        yield generator
