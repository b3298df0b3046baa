"""5.4  OAuth2 authentication.

OAuth2 says how a client gets an access token, and how it sends this token with its
requests. A person can exchange a password for a token. A program can exchange its own
secret for a token.
Notes: content/docs/fastapi/security/oauth2-authentication.md
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import jwt
from fastapi import Depends, FastAPI, Form, HTTPException, Security
from fastapi.security import (
    HTTPBasic,
    HTTPBasicCredentials,
    OAuth2,
    # region answer
    OAuth2PasswordBearer,
    OAuth2PasswordRequestForm,
    # stub:
    # endregion
    SecurityScopes,
)
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import BaseModel

# In production the keys come from the settings, the same for all processes.
KEY = secrets.token_bytes(32)
LIFETIME = timedelta(minutes=15)
# These settings are for tests only: a hash that is fast to compute is fast to guess.
argon2 = PasswordHash([Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)])
PASSWORDS = {
    "ana": argon2.hash("a horse and 7 trees"),
    "ben": argon2.hash("Über 90 % + more"),
}
NO_PASSWORD = argon2.hash(secrets.token_urlsafe())


def has_password(username: str, password: str) -> bool:
    """Return whether this is the password of the patient `username`.

    It also computes a hash if there is no such patient.
    """
    is_right = argon2.verify(password, PASSWORDS.get(username, NO_PASSWORD))
    return is_right and username in PASSWORDS


class JwtTokens:
    """Access tokens that are JWTs. The server stores nothing but the key."""

    def create(self, username: str) -> str:
        """Return a new token for this patient. It is valid for 15 minutes."""
        claims = {"sub": username, "exp": datetime.now(UTC) + LIFETIME}
        return jwt.encode(claims, KEY, algorithm="HS256")

    def username_of(self, token: str) -> str | None:
        """Return the patient of this token, or None if the token is not valid."""
        try:
            claims = jwt.decode(
                token, KEY, algorithms=["HS256"], options={"require": ["sub", "exp"]}
            )
        except jwt.InvalidTokenError:
            return None
        return str(claims["sub"])

    def revoke(self, token: str) -> None:
        """Do nothing: the server has no list from which it can remove the token."""


def sign_in(username: str, password: str) -> str:
    """Return a new access token for this patient.

    If the username or the password is wrong, it raises an `HTTPException` with 400.
    """
    if not has_password(username, password):
        raise HTTPException(400, "Incorrect username or password")
    return JwtTokens().create(username)


def patient_of(token: str) -> dict[str, str]:
    """Return the patient who signed in and got this token.

    If the token is not valid, it raises an `HTTPException` with 401.
    """
    username = JwtTokens().username_of(token)
    if username is None:
        raise HTTPException(401, "Invalid token", {"WWW-Authenticate": "Bearer"})
    return {"username": username}


def portal_app() -> FastAPI:
    """5.4.1  Write a FastAPI app with OAuth2 password flow authentication.

    Patients sign in to the portal of a clinic. Add two endpoints to the application:
    one exchanges a password for a token, and one needs the token.

    - `POST /token` takes the form of the password flow, with `username` and `password`.
      It returns `sign_in(username, password)` as `access_token`, and "bearer" as
      `token_type`.
    - `GET /me` returns `patient_of(token)` for the token in the header
      `Authorization: Bearer <token>`. Without such a header, the response is 401 with
      the header `WWW-Authenticate: Bearer`.
    - The OpenAPI document says that `GET /me` needs a token of the password flow. Its
      `tokenUrl` leads to `POST /token`, and it names no host.

    Given:
        If the password or the token is wrong, `sign_in` or `patient_of` raises the
        exception for the response.

    Example:
        POST /token  username=ana&password=...
            ->  200  {"access_token": "eyJhbGciOi...", "token_type": "bearer"}
        GET /me  Authorization: Bearer eyJhbGciOi...
            ->  200  {"username": "ana"}
    """
    app = FastAPI()

    # region answer
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]:
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]) -> dict[str, str]:
        return patient_of(token)

    # endregion

    return app


def token_hash(token: str) -> str:
    """Return the SHA-256 hash of a token, in hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


class TokenTable:
    """A table of the database: it has a row for each token that is valid."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, datetime]] = {}

    def add(self, hashed: str, username: str) -> None:
        """Add a row for the token with this hash. It ends after 15 minutes."""
        self.rows[hashed] = username, datetime.now(UTC) + LIFETIME

    def find(self, hashed: str) -> str | None:
        """Return the username in this row, or None if it is missing or has ended."""
        username, end = self.rows.get(hashed, (None, datetime.now(UTC)))
        return username if end > datetime.now(UTC) else None

    def remove(self, hashed: str) -> None:
        """Remove this row, if it is there."""
        self.rows.pop(hashed, None)


class OpaqueTokens:
    """5.4.2  How does OAuth2 differ from JWT in FastAPI?

    The portal gives JWTs as access tokens: `JwtTokens` above. OAuth2 does not ask for
    JWTs. Write a class with the same three methods. Its tokens are random text, and
    `self.table` has a row for each valid token. The test runs the same OAuth2
    application with both classes: sign in, `GET /me`, sign out.

    - `create` returns new random text from the module `secrets`, made of at least 16
      bytes. It adds a row for the patient under the `token_hash` of this token. The
      token itself is stored nowhere.
    - `username_of` returns the patient of a token, or None if the token is not valid.
    - `revoke` ends this token, also for another object with the same table. The other
      tokens of the patient stay valid. If there is no such token, nothing happens.

    Example:
        token = tokens.create("ana")   ->  "Zk2vR0d9pJ..."
        tokens.username_of(token)      ->  "ana"
        tokens.revoke(token)
        tokens.username_of(token)      ->  None
    """

    def __init__(self, table: TokenTable) -> None:
        self.table = table

    def create(self, username: str) -> str:
        """Return a new token for this patient. It is valid for 15 minutes."""
        # region answer
        # In words: OAuth2 is about the way of a token: how a client gets it, and how
        # it sends it. JWT is a format: what the token looks like. The OAuth2 code of
        # FastAPI treats the token as text, so it works with both. A JWT is valid until
        # it expires. An opaque token costs a look into the table for each request, and
        # the server can revoke it at once.
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), username)
        return token
        # endregion

    def username_of(self, token: str) -> str | None:
        """Return the patient of this token, or None if the token is not valid."""
        # region answer
        return self.table.find(token_hash(token))
        # endregion

    def revoke(self, token: str) -> None:
        """End this token."""
        # region answer
        self.table.remove(token_hash(token))
        # endregion


PROGRAMS: dict[str, tuple[str, frozenset[str]]] = {}
PROGRAM_KEY = secrets.token_bytes(32)  # a program's token is no patient's token
SCOPES = {"results:write": "Add results.", "appointments:read": "Read appointments."}
basic = HTTPBasic()
oauth2_programs = OAuth2(
    flows={"clientCredentials": {"tokenUrl": "token", "scopes": SCOPES}}
)


def register_program(client_id: str, scopes: set[str]) -> str:
    """Add a program, and return its new secret. Only the hash is stored."""
    secret = secrets.token_urlsafe(32)
    PROGRAMS[client_id] = token_hash(secret), frozenset(scopes)
    return secret


def scopes_of(client_id: str, secret: str) -> frozenset[str] | None:
    """Return the scopes of a program, or None if its id or its secret is wrong.

    A program can have no scopes. Then the set is empty.
    """
    stored, scopes = PROGRAMS.get(client_id, ("", frozenset()))
    is_right = secrets.compare_digest(stored, token_hash(secret))
    return scopes if is_right else None


def program_token(client_id: str, scopes: frozenset[str]) -> str:
    """Return a new access token for this program, with these scopes."""
    end = datetime.now(UTC) + LIFETIME
    claims = {"sub": client_id, "scope": " ".join(scopes), "exp": end}
    return jwt.encode(claims, PROGRAM_KEY, algorithm="HS256")


def program(
    needed: SecurityScopes, header: Annotated[str, Depends(oauth2_programs)]
) -> str:
    """Return the id of the program whose token has all scopes that are needed."""
    scheme, _, token = header.partition(" ")
    try:
        claims = jwt.decode(token, PROGRAM_KEY, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        claims = None
    if claims is None or scheme.lower() != "bearer":
        raise HTTPException(401, "Invalid token", {"WWW-Authenticate": "Bearer"})
    if not set(needed.scopes) <= set(claims["scope"].split()):
        raise HTTPException(403, "The token does not have the scope.")
    return str(claims["sub"])


class TokenForm(BaseModel):
    """The form of the client credentials flow. Between two scopes is a space."""

    grant_type: Literal["client_credentials"]
    scope: str = ""


def save_result(author: str, text: str) -> None:
    """Save the result of an examination, and who added it."""


def programs_app() -> FastAPI:
    """5.4.3  What are the use cases for OAuth2 client credentials flow?

    Two programs work for the clinic at night: `laboratory` adds results, and
    `reminders` reads the appointments. Today both use the password of a doctor, so they
    can do everything that the doctor can do. Write `POST /token`, where a program gets
    a token in its own name. It sends its id and its secret with HTTP Basic.

    - If the id or the secret is wrong, return 401 with `WWW-Authenticate: Basic`,
      whatever the scope is.
    - Otherwise return the `program_token` as `access_token`, and "bearer" as
      `token_type`. The token has the scopes that the program asks for in `form.scope`.
    - If `form.scope` is empty or blank, the token has all scopes of the program.
    - If the program asks for a scope that it does not have, return 400 and no token.

    Example:
        POST /token  grant_type=client_credentials&scope=results:write
            ->  200  {"access_token": "eyJhbGciOi...", "token_type": "bearer"}
    """
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ) -> None:
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ) -> list[str]:
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ) -> dict[str, str]:
        # region answer
        # In words: The client credentials flow is for programs that work without a
        # person: a job at night, a device, one service that calls another. The program
        # is the client, and it acts in its own name. It has a secret and scopes of its
        # own, so it can do only its work, the log says who did it, and its access ends
        # without a change of anybody's password. Where a person acts, use another flow.
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}
        # endregion

    return app
