"""Of `mysql_server`: a server that clients of MySQL's protocol talk to."""

import asyncio

import aiomysql
import pymysql
import pytest

from lab import MysqlServer, Rendezvous, mysql_server


async def _ask(server: MysqlServer, sql: str) -> object:
    async with aiomysql.connect(**server.address) as client, client.cursor() as cursor:
        await cursor.execute(sql)
        return await cursor.fetchone()


def test_what_a_client_stores_is_read_by_another() -> None:
    with mysql_server() as server:
        server.fill("CREATE TABLE stations (name TEXT)")
        with pymysql.connect(**server.address) as client, client.cursor() as cursor:
            cursor.execute("INSERT INTO stations VALUES (%s)", ("O'Hare",))

        assert asyncio.run(_ask(server, "SELECT name FROM stations")) == ("O'Hare",)
        assert server.statements[-1] == "SELECT name FROM stations"


def test_two_servers_share_nothing() -> None:
    with mysql_server() as one, mysql_server() as other:
        one.fill("CREATE TABLE stations (name TEXT)")

        with pytest.raises(pymysql.err.ProgrammingError, match=r"1146.*no such table"):
            asyncio.run(_ask(other, "SELECT name FROM stations"))


def test_statements_meet_at_the_server() -> None:
    async def both(server: MysqlServer) -> None:
        sql = "SELECT 1 FROM stations"
        await asyncio.gather(_ask(server, sql), _ask(server, sql))

    with mysql_server() as server:
        server.fill("CREATE TABLE stations (name TEXT)")
        server.meeting = Rendezvous(2)
        asyncio.run(both(server))

        assert server.meeting.most == 2


def test_open_connections_are_counted() -> None:
    with mysql_server() as server, pymysql.connect(**server.address):
        assert server.connections == 1


def test_a_server_stops_although_a_client_stays() -> None:
    with mysql_server() as server:
        client = pymysql.connect(**server.address)

    with client, client.cursor() as cursor, pytest.raises(pymysql.err.OperationalError):
        cursor.execute("SELECT 1 FROM stations")
