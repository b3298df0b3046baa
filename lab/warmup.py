"""Warm-up: uses each common instrument once, so that all it needs is imported."""

from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from lab.client import client
from lab.server import serve


def warm_up() -> None:
    """Answer a request in process and over TCP, and ask a database a question.

    Libraries import much of themselves when they are first used. Whoever forks
    processes that use them does that once, beforehand; nothing is left running.
    """
    app = FastAPI()

    @app.get("/")
    def root() -> dict[str, str]:
        return {}

    with client(app) as one:
        one.get("/")
    with serve(app) as server:
        server.client.get("/")
    with create_engine("sqlite://", poolclass=NullPool).connect() as connection:
        connection.execute(text("SELECT 1"))
