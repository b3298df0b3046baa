"""5.9  Token refresh.

An access token is valid for a few minutes, because nobody can take it back. A refresh
token gets the next one without the password. It is used once, the server stores only a
hash of it, and the login ends at a fixed time.
Notes: content/docs/fastapi/security/token-refresh.md
"""

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field
from sqlalchemy import Engine, delete, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

KEY = secrets.token_urlsafe(32)  # a real application reads it from its environment
ACCESS = timedelta(minutes=5)  # how long an access token is valid


def now() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)


def access_token(patient: str) -> str:
    """Return a JWT with which the patient can use the portal for the next minutes."""
    claims = {"sub": patient, "exp": now() + ACCESS}
    return jwt.encode(claims, KEY, algorithm="HS256")


def new_token() -> str:
    """Return a random text that nobody can guess. It has letters, digits, - and _."""
    return secrets.token_urlsafe(32)


class RefreshIn(BaseModel):
    """The request body of `POST /refresh`."""

    refresh_token: str = Field(pattern=r"^[A-Za-z0-9._-]{1,500}$")


class Tokens(BaseModel):
    """The tokens that a client gets."""

    access_token: str
    refresh_token: str
    token_type: str = "bearer"


def refresh_app(patients: dict[str, str]) -> FastAPI:
    """5.9.1  Write a FastAPI endpoint to refresh a JWT token.

    The access token of a patient expires after five minutes. Then the portal sends its
    refresh token to `POST /refresh`. Write the endpoint, with a `RefreshIn` as its
    body. `patients` maps each valid refresh token to its patient.

    - If `patients` does not contain the refresh token, the response is 401 with the
      header `WWW-Authenticate: Bearer`, and `patients` does not change.
    - Otherwise return `Tokens` with `access_token(patient)` and with a new refresh
      token from `new_token()`.
    - A refresh token works once, also if two requests send it at the same time. Remove
      it from `patients`, and add the new one for the same patient. All other refresh
      tokens stay valid.

    Example, for `patients` with {"rt-1": "Ana"}:
        POST /refresh  {"refresh_token": "rt-1"}  ->  200  {"access_token": "eyJh...",
            "refresh_token": "k3VZ...", "token_type": "bearer"}
        POST /refresh  {"refresh_token": "rt-1"}  ->  401
    """
    app = FastAPI()

    raise NotImplementedError
    return app


class Base(DeclarativeBase):
    """The base class of the portal's models."""


class Login(Base):
    """A login of a patient. A patient can have several, one for each device.

    Its refresh token is the text `<id>.<secret>`. Both parts come from `new_token`.
    """

    __tablename__ = "logins"

    id: Mapped[str] = mapped_column(primary_key=True)
    patient: Mapped[str]
    stored: Mapped[str]


class LoginIn(BaseModel):
    """The request body of `POST /login`. A gateway has checked the password."""

    patient: str = Field(pattern=r"^[A-Za-z0-9 -]{1,40}$")


def open_session(request: Request) -> Iterator[Session]:
    """Open a session for a request. Without a commit, it changes nothing."""
    with Session(request.app.state.engine) as session:
        yield session


RequestSession = Annotated[Session, Depends(open_session)]


def digest(secret: str) -> str:
    """Return the SHA-256 hash of a secret. Nobody can compute the secret from it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def unauthorized() -> HTTPException:
    """Return the exception for a 401."""
    return HTTPException(401, "Log in again.", {"WWW-Authenticate": "Bearer"})


def portal_app(engine: Engine) -> FastAPI:
    """5.9.2  How do you securely store refresh tokens in FastAPI?

    Somebody has read a backup of the database. Now they use the refresh tokens of all
    patients, and nobody notices. Repair the two endpoints.

    - The database does not contain the secret of a refresh token. `stored` is
      `digest(secret)`. `POST /login` and `POST /refresh` both store it.
    - The newest refresh token of a login returns 200, with a new refresh token. The id
      of the login stays the same. If two requests send the newest token at the same
      time, only one returns 200. The other one is too late: its token is no longer the
      newest, so the next rule is the one for it.
    - If the login exists, but the secret is not the newest one of this login, then the
      token was copied or guessed. Delete the login, and return 401. After that, the
      newest token returns 401, too.
    - If the login does not exist, return 401. Other logins do not change.
    - An error of the database is not a 401. Do not catch it.

    Given:
        The database is PostgreSQL, with its default isolation level READ COMMITTED. The
        portal runs in several processes. All patients log in again after the repair,
        so the refresh tokens from before do not have to work.
        `raise unauthorized()` sends a 401. It also ends the session: changes that are
        not committed yet are lost.
    """
    app = FastAPI()
    app.state.engine = engine

    @app.post("/login")
    def log_in(body: LoginIn, session: RequestSession) -> Tokens:
        login, secret = new_token(), new_token()
        session.add(Login(id=login, patient=body.patient, stored=secret))
        session.commit()
        access = access_token(body.patient)
        return Tokens(access_token=access, refresh_token=f"{login}.{secret}")

    @app.post("/refresh")
    def refresh(body: RefreshIn, session: RequestSession) -> Tokens:
        login, _, secret = body.refresh_token.partition(".")
        row = session.get(Login, login)
        if row is None or row.stored != secret:
            raise unauthorized()
        patient = row.patient
        row.stored = new = new_token()
        session.commit()
        access = access_token(patient)
        return Tokens(access_token=access, refresh_token=f"{login}.{new}")

    return app


IDLE = timedelta(days=7)  # a login ends when nobody has used it for so long
ABSOLUTE = timedelta(days=30)  # a login ends so long after the password was entered


@dataclass
class Device:
    """A device on which a patient has logged in. Its times are in UTC, like `now()`."""

    patient: str
    logged_in: datetime
    last_refresh: datetime


def renew(device: Device) -> str:
    """5.9.3  What are the best practices for managing token expiration?

    A device asks for a new access token. Decide whether its login has ended. If it has
    not, return the token.

    - The login ends at the earlier of two moments: `IDLE` after `last_refresh`, and
      `ABSOLUTE` after `logged_in`. From its end on, raise `unauthorized()` and change
      nothing.
    - Otherwise set `last_refresh` to `now()`, and return a JWT that is signed with
      `KEY` and HS256. Its claim `sub` is the patient.
    - Its claim `exp` is `ACCESS` after `now()`, but not later than `ABSOLUTE` after
      `logged_in`.

    Example:
        Three devices logged in on 1 June, 12:00.
        Last refresh 2 June, 12:00. Now 3 June, 12:00.   ->  `exp` is 3 June, 12:05.
        Last refresh 3 June, 12:00. Now 10 June, 12:00.  ->  401: IDLE is 7 days.
        Last refresh 30 June, 9:00. Now 1 July, 11:58.   ->  `exp` is 1 July, 12:00.
    """
    raise NotImplementedError
