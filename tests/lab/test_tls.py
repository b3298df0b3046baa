"""Of `tls`: what a server presents, and whom a client trusts."""

import ssl

import httpx2
import pytest
from fastapi import FastAPI, Request

from lab import serve, tls


def _application() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def root(request: Request) -> str:
        return request.url.scheme

    return app


def test_a_client_that_trusts_the_authority_is_served_over_https() -> None:
    with serve(_application(), tls=tls()) as running:
        assert running.url == f"https://127.0.0.1:{running.port}"
        assert running.client.get("/").json() == "https"


def test_a_client_of_another_authority_refuses_the_server() -> None:
    with (
        serve(_application(), tls=tls()) as running,
        httpx2.Client(verify=tls().client, trust_env=False) as stranger,
        pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        stranger.get(running.url)


def test_a_server_that_asks_for_a_certificate_gets_one_of_the_authority() -> None:
    sides = tls()
    sides.server.verify_mode = ssl.CERT_REQUIRED
    sides.authority.configure_trust(sides.server)
    with serve(_application(), tls=sides) as running:
        with pytest.raises(httpx2.TransportError):
            running.client.get("/")
        sides.authority.issue_cert("billing").configure_cert(sides.client)
        with httpx2.Client(verify=sides.client, trust_env=False) as known:
            assert known.get(running.url).json() == "https"
