"""5.3  JWT authentication.

A JSON Web Token (JWT) consists of claims and a signature. The claims are facts, such as
the name of a user, and the time when the token expires. A server that has the key can
check the token without a database. Everybody can read the claims, but nobody without
the key can change them.
Notes: content/docs/fastapi/security/jwt-authentication.md
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import Depends, FastAPI, Form, HTTPException
from fastapi.security import OAuth2PasswordBearer
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from sensei import ___

KEY = secrets.token_bytes(64)  # in production it comes from the settings
bearer = OAuth2PasswordBearer(tokenUrl="token")


def appointments_of(patient: str) -> list[str]:
    """Return the appointments that the patient with this number has right now."""
    return {"17": ["Monday 9:00, Dr. Lee"]}.get(patient, [])


def appointments_app() -> FastAPI:
    """5.3.1  Write a FastAPI endpoint that uses JWT authentication to protect a route.

    Patients read their appointments in the portal of a clinic. When they sign in, they
    get a JWT. Its claim `sub` is the number of the patient, as text. Add the endpoint
    `GET /appointments`.

    - If the token is valid, return what `appointments_of(sub)` returns. A token is
      valid if it is signed with `KEY` and the algorithm HS256, and has not expired.
    - If the token of a request is not valid, the response is 401 with the header
      `WWW-Authenticate: Bearer`, and `appointments_of` is not called.
    - An error of `appointments_of` is not a 401. Do not catch it.

    Given:
        The dependency `bearer` returns the token in the header
        `Authorization: Bearer <token>`, as text. It does not check the token. Without
        such a header, the response is 401.
        Every token that is signed with `KEY` has the claims `sub` and `exp`.

    Example:
        GET /appointments  Authorization: Bearer eyJhbGciOi...
            ->  200  ["Monday 9:00, Dr. Lee"]
    """
    app = FastAPI()

    raise NotImplementedError

    return app


LIFETIME = timedelta(minutes=15)
# These settings are for tests only: a hash that is fast to compute is fast to guess.
argon2 = PasswordHash([Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)])
NO_ACCOUNT = argon2.hash(secrets.token_urlsafe())  # the hash of a random password


@dataclass(frozen=True)
class Account:
    """An account of a patient. The password itself is stored nowhere."""

    number: int
    password_hash: str


ACCOUNTS = {"ana": Account(17, argon2.hash("a horse and 7 trees"))}


def find_account(username: str) -> Account | None:
    """Return the account with this username, or None."""
    return ACCOUNTS.get(username)


def is_password(password: str, password_hash: str) -> bool:
    """Return whether the hash is that of this password. This takes some time."""
    return argon2.verify(password, password_hash)


def sign_in_app() -> FastAPI:
    """5.3.2  How do you implement OAuth2 with password flow in FastAPI?

    Add the endpoint `POST /token`. A patient sends a username and a password in the
    form of the OAuth2 password flow, and gets a token for the next requests.

    - If there is no such account, or if the password is wrong, return 400. The response
      is the same in both cases.
    - Each request with a username and a password calls `is_password` once, so that all
      responses take equally long. If there is no such account, pass the hash
      `NO_ACCOUNT`.
    - If the password is right, return two fields: the token as `access_token`, and
      "bearer" as `token_type`.
    - The token is a JWT, signed with `KEY` and the algorithm HS256. It has only two
      claims: `sub` is the number of the account, and `exp` is the time of the request
      plus `LIFETIME`.

    Given:
        In a JWT, `sub` must be text. PyJWT signs other values, but refuses the token
        when it comes back.

    Example:
        POST /token  grant_type=password&username=ana&password=...
            ->  200  {"access_token": "eyJhbGciOi...", "token_type": "bearer"}
    """
    app = FastAPI()

    raise NotImplementedError

    return app


def claims_of(token: str) -> dict[str, Any] | None:
    """Return the claims of a JWT that is signed with `KEY`, or None if it is not valid.

    A token that has expired is not valid.
    """
    try:
        return jwt.decode(token, KEY, ["HS256"], {"require": ["sub", "exp"]})
    except jwt.InvalidTokenError:
        return None


def roles_of(username: str) -> set[str]:
    """Return the roles that this member of the staff has right now."""
    return {"lee": {"doctor"}, "kim": {"reception"}}.get(username, set())


def staff_app() -> FastAPI:
    """5.3.3  Explain the difference between authentication and authorization in
    FastAPI.

    The staff of the clinic use a web client. After a 401 with `WWW-Authenticate`, it
    asks for the password, gets a new token, and repeats the request. After a 403 it
    shows "You are not allowed to do this." Today a doctor sees this message when her
    token has expired. Kim from the reception opens the list of patients, and the client
    asks for her password again and again. Repair both dependencies.

    - `signed_in` is the authentication: who sends the request? If the token is not
      valid, the response is 401 with the header `WWW-Authenticate: Bearer`.
    - `doctor` is the authorization: is this user allowed to do this? A user without the
      role "doctor" gets 403 without that header. `doctor` calls `roles_of` each time,
      because roles change.

    Given:
        `claims_of(token)` returns the claims of a valid token, or None.
    """
    app = FastAPI()

    def signed_in(token: Annotated[str, Depends(bearer)]) -> str:
        claims = claims_of(token)
        if claims is None:
            raise HTTPException(403, "Forbidden")
        return str(claims["sub"])

    def doctor(username: Annotated[str, Depends(signed_in)]) -> str:
        if "doctor" not in roles_of(username):
            challenge = {"WWW-Authenticate": "Bearer"}
            raise HTTPException(401, "Unauthorized", challenge)
        return username

    @app.get("/account")
    def read_account(username: Annotated[str, Depends(signed_in)]) -> str:
        return username

    @app.get("/patients")
    def list_patients(username: Annotated[str, Depends(doctor)]) -> list[str]:
        return ["ana", "ben"]

    return app


ISSUER = "https://sign-in.clinic.example"
# Only the sign-in service has the private key. It is here for the tests.
PRIVATE_KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC_KEY = PRIVATE_KEY.public_key().public_bytes(
    Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
)


def letters_of(patient: str) -> list[str]:
    """Return the letters that the doctors have written to this patient so far."""
    return {"17": ["Your results are fine."]}.get(patient, [])


def letters_app() -> FastAPI:
    """5.3.4  Create a FastAPI endpoint that requires JWT authentication.

    A sign-in service now signs the tokens for all applications of the clinic, with one
    private key. Each application has the public key: it can check a token, but it
    cannot sign one. A token for the laboratory must not open the portal. Add the
    endpoint `GET /letters` of the portal.

    - A token is valid only if it is signed with the private key that belongs to
      `PUBLIC_KEY`, with the algorithm ES256, and has not expired.
    - Its `iss` (issuer) must be `ISSUER`, and its `aud` (audience) must be "portal", or
      a list that contains "portal".
    - A token without one of `exp`, `iss`, `aud` and `sub` is not valid. `sub` must be
      text.
    - If the token is valid, return what `letters_of(sub)` returns. Do not catch its
      errors.
    - If not, return 401 with `WWW-Authenticate: Bearer`. The body is the same for every
      token that is not valid, so that it does not tell an attacker what was wrong.

    Given:
        The dependency `bearer` of 5.3.1 returns the token in the request.
        `jwt.decode` takes `PUBLIC_KEY` as it is.

    Example of the claims of a valid token:
        {"iss": "https://sign-in.clinic.example", "aud": "portal", "sub": "17",
         "exp": 1924988400}
    """
    app = FastAPI()

    raise NotImplementedError

    return app


# This is another key than that of 5.3.1. Its tokens have a claim `kind`.
LOGIN_KEY = secrets.token_bytes(64)
LIFETIMES = {"access": timedelta(minutes=15), "refresh": timedelta(days=7)}


def new_token(username: str, kind: str) -> str:
    """Return a new JWT of this kind, which is "access" or "refresh"."""
    end = datetime.now(UTC) + LIFETIMES[kind]
    return jwt.encode({"sub": username, "kind": kind, "exp": end}, LOGIN_KEY, "HS256")


def login_claims(token: str) -> dict[str, Any] | None:
    """Return the claims of a JWT that is signed with `LOGIN_KEY`, or None.

    None means that it is not valid, or has expired. Other claims are not checked.
    """
    try:
        return jwt.decode(token, LOGIN_KEY, ["HS256"], {"require": ["sub", "exp"]})
    except jwt.InvalidTokenError:
        return None


def is_active(username: str) -> bool:
    """Return whether this account exists and is not blocked right now."""
    return username in ACCOUNTS


def refresh_app() -> FastAPI:
    """5.3.5  How do you refresh a JWT token in FastAPI?

    When patients sign in, they get two JWTs. The access token is valid for 15 minutes,
    and is sent with each request. The refresh token is valid for seven days. It is sent
    to `POST /refresh` only, which returns a new access token. Both are signed with
    `LOGIN_KEY`. The claim `kind` is "access" or "refresh". Write the function
    `username_in`, and the body of `POST /refresh`.

    - `username_in` returns the `sub` of a valid token of this kind. For any other
      token, the response is 401 with `WWW-Authenticate: Bearer`.
    - `POST /refresh` takes a refresh token. It returns two fields: a new access token
      for the same user as `access_token`, and "bearer" as `token_type`.
    - If `is_active(username)` is false, `POST /refresh` returns 401 in the same way.

    Given:
        `login_claims(token)` returns the claims of a valid token, or None.
        `new_token(username, kind)` returns a new token.
        Other tokens that are signed with `LOGIN_KEY` have another `kind`, or no `kind`.

    Example:
        POST /refresh  refresh_token=eyJhbGciOi...
            ->  200  {"access_token": "eyJhbGciOi...", "token_type": "bearer"}
    """
    app = FastAPI()

    def username_in(token: str, kind: str) -> str:
        raise NotImplementedError

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(bearer)]) -> str:
        return username_in(token, "access")

    @app.post("/refresh")
    def refresh(refresh_token: Annotated[str, Form()]) -> dict[str, str]:
        raise NotImplementedError

    return app


class Sessions:
    """Logins as sessions: the token is random text, and the server remembers it."""

    def __init__(self) -> None:
        self.users: dict[str, str] = {}

    def start(self, username: str) -> str:
        """Return a new token for this user."""
        token = secrets.token_urlsafe(32)
        self.users[token] = username
        return token

    def find(self, token: str) -> str | None:
        """Return the user of this token, or None."""
        return self.users.get(token)

    def end(self, token: str) -> None:
        """Forget this token."""
        self.users.pop(token, None)


class Jwts:
    """Logins as JWTs: the server has only `LOGIN_KEY`."""

    def start(self, username: str) -> str:
        """Return a new token for this user."""
        return new_token(username, "access")

    def find(self, token: str) -> str | None:
        """Return the user of this token, or None."""
        claims = login_claims(token)
        if claims is None or claims.get("kind") != "access":
            return None
        return str(claims["sub"])

    def end(self, token: str) -> None:
        """Do nothing: there is nothing to forget."""


def portal_app(logins: Sessions | Jwts) -> FastAPI:
    """Return the application that runs on one server."""
    app = FastAPI()

    @app.post("/sign-in")
    def sign_in(username: Annotated[str, Form()]) -> str:
        # A gateway in front of the servers has checked the password.
        return logins.start(username)

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(bearer)]) -> str:
        username = logins.find(token)
        if username is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        return username

    @app.post("/sign-out")
    def sign_out(token: Annotated[str, Depends(bearer)]) -> None:
        logins.end(token)

    return app


def statuses() -> dict[str, int]:
    """5.3.6  What are the advantages of JWT over session-based authentication?

    The portal runs on two servers, A and B. Each of them runs
    `portal_app(Sessions())`. Then each of them runs `portal_app(Jwts())`. They have the
    same `LOGIN_KEY`, and no common database. In each of the six cases, Ana first signs
    in on A, and her token works there. Then `GET /me` is requested with her token once
    more. Predict the status code of this last request.

    - "..., server B": A is busy, so the request goes to B.
    - "..., A restarted": A starts again with a new application, then it gets the
      request. `LOGIN_KEY` is in the settings, so it stays the same.
    - "..., signed out": somebody has copied the token. Ana signs out on A. One minute
      later the copy is sent to A.

    Replace each `___`.
    """
    return {
        "session, server B": ___,
        "JWT, server B": ___,
        "session, A restarted": ___,
        "JWT, A restarted": ___,
        "session, signed out": ___,
        "JWT, signed out": ___,
    }
