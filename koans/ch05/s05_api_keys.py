"""5.5  API key authentication.

An API key is a random text that a program sends with each request. It says which
program this is. Whoever has the key can do everything that the key can do.
Notes: content/docs/fastapi/security/api-key-authentication.md
"""

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, FastAPI, Form, HTTPException

logger = logging.getLogger("clinic")


def prescriptions() -> list[str]:
    """Return the prescriptions that the pharmacy has to prepare right now."""
    return ["ana: ibuprofen 400 mg"]


def pharmacy_app(api_key: str) -> FastAPI:
    """5.5.1  Write a FastAPI endpoint that validates an API key in the header.

    A program of a pharmacy reads the prescriptions of a clinic. It sends its API key in
    the header `X-API-Key`. Add the endpoint `GET /prescriptions` to the application.

    - If the key is `api_key`, return what `prescriptions()` returns. If it is not, or
      if it is missing, return 401 with the header `WWW-Authenticate: APIKey`.
    - Compare the keys as bytes with `secrets.compare_digest`, not with `==`. The time
      of `==` depends on how many characters of a key are right.
    - The OpenAPI document says that the endpoint needs an API key in this header.

    Given:
        `api_key` is ASCII text. What a client sends can contain other characters.

    Example:
        GET /prescriptions  X-API-Key: cTz8Vw...  ->  200  ["ana: ibuprofen 400 mg"]
        GET /prescriptions  X-API-Key: guess      ->  401
    """
    app = FastAPI()

    raise NotImplementedError

    return app


OVERLAP = timedelta(days=7)


def now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


def key_digest(key: str) -> str:
    """Return the SHA-256 hash of a key, in hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()


@dataclass
class StoredKey:
    """A row in the table of the keys. `end` is None if no end is planned."""

    digest: str
    pharmacy: str
    end: datetime | None = None

    def accepts(self, key: str) -> bool:
        """Return whether `key` has this digest, and the row has not ended."""
        has_ended = self.end is not None and self.end <= now()
        return secrets.compare_digest(self.digest, key_digest(key)) and not has_ended


class ApiKeys:
    """5.5.2  How do you securely store and rotate API keys in FastAPI?

    The clinic gives API keys to pharmacies. Whoever reads its table of keys must not be
    able to use a key. A pharmacy changes its key from time to time. Its programs take
    some days until all of them have the new key, so the old one works for that time.

    - `create` returns a new key "<prefix>.<secret>". Both are random text from the
      module `secrets`: the prefix is made of at least 8 bytes, the secret of at least
      32. It stores a `StoredKey` in `self.rows`, under the prefix, with the
      `key_digest` of the whole key. No part of the secret is stored.
    - `pharmacy_of` returns the pharmacy of a key, or None if the key is not valid. It
      finds the row by the prefix. Then `accepts` decides.
    - `rotate` returns a new key for a pharmacy. Each older key of this pharmacy ends
      `OVERLAP` after `now()`. If a key has an end already, the end does not change.

    Given:
        In production, `self.rows` is a table of the database.

    Example:
        key = keys.create("Rosen")  ->  "5f0c92ab61d2e07f.u1Tqvb3..."
        keys.pharmacy_of(key)       ->  "Rosen"
        keys.rotate("Rosen")        ->  "e07713d4a8c95b20.9kWcx0d..."
    """

    def __init__(self) -> None:
        self.rows: dict[str, StoredKey] = {}

    def create(self, pharmacy: str) -> str:
        """Return a new key for this pharmacy."""
        raise NotImplementedError

    def pharmacy_of(self, key: str) -> str | None:
        """Return the pharmacy of this key, or None if the key is not valid."""
        raise NotImplementedError

    def rotate(self, pharmacy: str) -> str:
        """Return a new key for this pharmacy, and plan the end of its older keys."""
        raise NotImplementedError


@dataclass(frozen=True)
class Key:
    """A key of a program. The name is not secret."""

    name: str
    scopes: frozenset[str]
    end: datetime


KEYS: dict[str, Key] = {}


def find_key(api_key: str) -> Key | None:
    """Return the key with this text, or None. It does not look at the end."""
    return KEYS.get(key_digest(api_key))


def book(patient: str) -> None:
    """Save an appointment for this patient."""


def appointments_app() -> FastAPI:
    """5.5.3  What are the limitations of API key authentication?

    Programs read and book appointments. An API key alone has no purpose and no end: the
    application must add them. Today the key stands in the URL and in the log, where
    other people read it. It works forever, and for everything. Change `caller`. You may
    also change how the endpoints depend on it.

    - Read the key from the header `X-API-Key`. A key in the URL is not accepted.
    - If the key is missing or unknown, return 401 with `WWW-Authenticate: APIKey`. If
      the `end` of the key is not after `now()`, the response is the same as for an
      unknown key.
    - `GET` needs the scope "read", and `POST` needs "write". If the key does not have
      it, return 403.
    - For each request that is allowed, and for no other, `logger` gets one message with
      the level INFO. It contains the name of the key. The key itself never stands in a
      message, even if a client also sends it in the URL.

    Given:
        Uvicorn logs the method and the URL of each request, but no header.
    """
    app = FastAPI()

    def caller(api_key: str) -> Key:
        logger.info("Request with the key %s", api_key)
        key = find_key(api_key)
        if key is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return key

    @app.get("/appointments")
    def list_appointments(key: Annotated[Key, Depends(caller)]) -> list[str]:
        return ["ana, Monday 9:00"]

    @app.post("/appointments", status_code=201)
    def add_appointment(
        key: Annotated[Key, Depends(caller)], patient: Annotated[str, Form()]
    ) -> None:
        book(patient)

    return app
