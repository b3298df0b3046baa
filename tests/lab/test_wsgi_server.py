"""A WSGI server has as many worker threads as it is given."""

from concurrent.futures import ThreadPoolExecutor
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx2
import pytest

from lab import Rendezvous, serve_wsgi


def hello(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode()]


def test_it_answers() -> None:
    with serve_wsgi(hello) as server:
        assert server.client.get("/lamp").text == "/lamp"
        assert server.client.get("/pen").text == "/pen"


@pytest.mark.parametrize("threads", [1, 3])
def test_who_gets_no_thread_waits_in_line(threads: int) -> None:
    room = Rendezvous()

    def app(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        room.wait()
        return hello(environ, start)

    with serve_wsgi(app, threads=threads) as server, ThreadPoolExecutor(5) as clients:
        assert server.idle == threads
        visits = [clients.submit(server.client.get, "/") for _ in range(5)]
        while room.inside + server.in_line < 5 or server.idle:
            pass
        seen = (room.inside, server.in_line)
        room.open()
        read = [visit.result().status_code for visit in visits]

    assert seen == (threads, 5 - threads)
    assert read == [200] * 5
    assert room.most == threads


def test_what_leaves_the_application_is_the_cause_of_the_failure() -> None:
    def app(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        raise LookupError("no lamp")

    with pytest.raises(AssertionError) as failure, serve_wsgi(app) as server:
        assert server.client.get("/").status_code == 200

    assert isinstance(failure.value.__cause__, LookupError)


def test_nothing_listens_afterwards() -> None:
    with serve_wsgi(hello) as server:
        pass

    with pytest.raises(httpx2.ConnectError):
        httpx2.get(server.url, trust_env=False)
