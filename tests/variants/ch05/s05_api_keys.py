"""Other answers to section 5.5."""

import functools
import hmac
import random
import uuid

from fastapi import Cookie, Header, Query, Security
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyQuery, HTTPBearer, SecurityScopes

from sensei.variants import right, wrong


@wrong(
    "5.5.1",
    caught_by="test_q1_without_the_right_key_the_response_is_401[and-not-ascii]",
)
def pharmacy_app(api_key: str) -> FastAPI:
    """Leave out characters that are not ASCII."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key.encode("ascii", "ignore"), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong(
    "5.5.1",
    caught_by="test_q1_without_the_right_key_the_response_is_401[white-space]",
)
def pharmacy_app(api_key: str) -> FastAPI:
    """Remove white space around the key."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key.strip().encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[quotes]")
def pharmacy_app(api_key: str) -> FastAPI:
    """Accept the key in quotes."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key.strip('"').encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_no_comparison_tells_how_much_of_the_key_is_right")
def pharmacy_app(api_key: str) -> FastAPI:
    """Compare with `!=`."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if key != api_key:
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_no_comparison_tells_how_much_of_the_key_is_right")
def pharmacy_app(api_key: str) -> FastAPI:
    """Compare bytes with `==`."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not (api_key.encode() == key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_no_comparison_tells_how_much_of_the_key_is_right")
def pharmacy_app(api_key: str) -> FastAPI:
    """Look for the key in a list."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if key not in [api_key]:
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_no_comparison_tells_how_much_of_the_key_is_right")
def pharmacy_app(api_key: str) -> FastAPI:
    """Look for the key in a set."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")
    keys = {api_key}

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if key not in keys:
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_no_comparison_tells_how_much_of_the_key_is_right")
def pharmacy_app(api_key: str) -> FastAPI:
    """Compare twice."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if key != api_key or not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong(
    "5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[not-ascii]"
)
def pharmacy_app(api_key: str) -> FastAPI:
    """Compare the texts, which raises TypeError for other characters."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key, api_key):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong(
    "5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[not-ascii]"
)
def pharmacy_app(api_key: str) -> FastAPI:
    """Encode as ASCII."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key.encode("ascii"), api_key.encode("ascii")):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[longer]")
def pharmacy_app(api_key: str) -> FastAPI:
    """Compare as many characters as the key has."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key[: len(api_key)].encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong(
    "5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[first-half]"
)
def pharmacy_app(api_key: str) -> FastAPI:
    """Compare as many characters as were sent."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key.encode(), api_key[: len(key)].encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong(
    "5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[other-case]"
)
def pharmacy_app(api_key: str) -> FastAPI:
    """Compare in lower case."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key.lower().encode(), api_key.lower().encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong(
    "5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[with-scheme]"
)
def pharmacy_app(api_key: str) -> FastAPI:
    """Remove a scheme in front of the key."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(
            key.removeprefix("Bearer ").encode(), api_key.encode()
        ):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[other]")
def pharmacy_app(api_key: str) -> FastAPI:
    """Return 403 for a wrong key."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(403)
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[other]")
def pharmacy_app(api_key: str) -> FastAPI:
    """Return 401 without the header."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(401)
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[other]")
def pharmacy_app(api_key: str) -> FastAPI:
    """Name another scheme."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[other]")
def pharmacy_app(api_key: str) -> FastAPI:
    """Only ask for a key, whatever it is."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[nothing]")
def pharmacy_app(api_key: str) -> FastAPI:
    """Let programs without a key in."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key", auto_error=False)

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if key and not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[nothing]")
def pharmacy_app(api_key: str) -> FastAPI:
    """Encode a key that is missing."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key", auto_error=False)

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[nothing]")
def pharmacy_app(api_key: str) -> FastAPI:
    """Make the header required, which returns 422."""
    app = FastAPI()

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Header(alias="X-API-Key")]):
        if not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_the_openapi_document_names_the_key")
def pharmacy_app(api_key: str) -> FastAPI:
    """Read the header as a parameter."""
    app = FastAPI()

    @app.get("/prescriptions")
    def list_prescriptions(x_api_key: Annotated[str, Header()] = ""):
        if not secrets.compare_digest(x_api_key.encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_the_openapi_document_names_the_key")
def pharmacy_app(api_key: str) -> FastAPI:
    """Read the header from the request."""
    app = FastAPI()

    @app.get("/prescriptions")
    def list_prescriptions(request: Request):
        key = request.headers.get("X-API-Key", "")

        if not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[query]")
def pharmacy_app(api_key: str) -> FastAPI:
    """Also accept the key in the URL."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key", auto_error=False)

    @app.get("/prescriptions")
    def list_prescriptions(
        one: Annotated[str | None, Depends(header)],
        two: Annotated[str, Query(alias="api_key")] = "",
    ):
        key = one or two

        if not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_without_the_right_key_the_response_is_401[cookie]")
def pharmacy_app(api_key: str) -> FastAPI:
    """Also accept the key in a cookie."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key", auto_error=False)

    @app.get("/prescriptions")
    def list_prescriptions(
        one: Annotated[str | None, Depends(header)],
        two: Annotated[str, Cookie(alias="api_key")] = "",
    ):
        key = one or two

        if not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_the_right_key_returns_the_prescriptions")
def pharmacy_app(api_key: str) -> FastAPI:
    """Read the key from the URL."""
    app = FastAPI()
    header = APIKeyQuery(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_the_right_key_returns_the_prescriptions")
def pharmacy_app(api_key: str) -> FastAPI:
    """Read a bearer token."""
    app = FastAPI()
    header = HTTPBearer()

    @app.get("/prescriptions")
    def list_prescriptions(token: Annotated[object, Depends(header)]):
        key = token.credentials

        if not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_the_right_key_returns_the_prescriptions")
def pharmacy_app(api_key: str) -> FastAPI:
    """Use another header."""
    app = FastAPI()
    header = APIKeyHeader(name="API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@wrong("5.5.1", caught_by="test_q1_the_right_key_returns_the_prescriptions")
def pharmacy_app(api_key: str) -> FastAPI:
    """Read the prescriptions once."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")
    found = prescriptions()

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return found

    return app


@wrong("5.5.1", caught_by="test_q1_the_right_key_returns_the_prescriptions")
def pharmacy_app(api_key: str) -> FastAPI:
    """Return nothing if there are no prescriptions."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions() or None

    return app


@wrong("5.5.1", caught_by="test_q1_the_right_key_returns_the_prescriptions")
def pharmacy_app(api_key: str) -> FastAPI:
    """Return an object."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        if not secrets.compare_digest(key.encode(), api_key.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return {"prescriptions": prescriptions()}

    return app


@wrong("5.5.1", caught_by="test_q1_each_application_has_its_own_key")
def pharmacy_app(api_key: str) -> FastAPI:
    """Keep the first key."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        keys = globals().setdefault("_keys", [])
        keys.append(api_key)
        if not secrets.compare_digest(key.encode(), keys[0].encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        return prescriptions()

    return app


@right("5.5.1")
def pharmacy_app(api_key: str) -> FastAPI:
    """Check the key in a dependency of the endpoint."""
    app = FastAPI()
    header = APIKeyHeader(description="The key of a pharmacy.", name="X-API-Key")

    async def check(key: str = Security(header)) -> None:
        if not hmac.compare_digest(key.encode("latin-1"), bytes(api_key, "latin-1")):
            raise header.make_not_authenticated_error()

    @app.get("/prescriptions", dependencies=[Depends(check)])
    async def list_prescriptions():
        return prescriptions()

    return app


@right("5.5.1")
def pharmacy_app(api_key: str) -> FastAPI:
    """Compare hashes, and return a response."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key", auto_error=False)
    right = hashlib.sha256(api_key.encode()).digest()

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str | None, Depends(header)]):
        if hashlib.sha256((key or "").encode()).digest() != right:
            return JSONResponse(
                {"detail": "no"}, 401, {"www-authenticate": 'APIKey realm="clinic"'}
            )
        return prescriptions()

    return app


@right("5.5.1")
def pharmacy_app(api_key: str) -> FastAPI:
    """Catch the error for other characters."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    @app.get("/prescriptions")
    def list_prescriptions(key: Annotated[str, Depends(header)]):
        try:
            is_right = secrets.compare_digest(key, api_key)
        except TypeError:
            is_right = False
        if is_right:
            return prescriptions()
        raise HTTPException(
            status_code=401, detail="Wrong key", headers={"WWW-Authenticate": "APIKey"}
        )

    return app


@wrong("5.5.2", caught_by="test_q2_the_row_of_the_prefix_decides_alone")
class ApiKeys:
    """Ask every row."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        found = (row.pharmacy for row in self.rows.values() if row.accepts(key))
        return next(found, None)

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_a_row_has_the_digest_and_not_the_secret")
class ApiKeys:
    """Store the key."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key, pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return (
            row.pharmacy
            if row and secrets.compare_digest(row.digest.encode(), key.encode())
            else None
        )

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_a_row_has_the_digest_and_not_the_secret")
class ApiKeys:
    """Store the digest of the secret alone."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key.partition(".")[2]), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key.partition(".")[2]) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_a_row_has_the_digest_and_not_the_secret")
class ApiKeys:
    """Keep the key beside the digest."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        self.last = key
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_a_row_has_the_digest_and_not_the_secret")
class ApiKeys:
    """Store the row under the digest."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[key_digest(key)] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key_digest(key))
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_a_row_has_the_digest_and_not_the_secret")
class ApiKeys:
    """Store the row under the whole key."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[key] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key)
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_a_row_has_the_digest_and_not_the_secret")
class ApiKeys:
    """Replace the row of the pharmacy."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows = {
            one: row for one, row in self.rows.items() if row.pharmacy != pharmacy
        }
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_each_key_is_new_and_random")
class ApiKeys:
    """Use the module `random`."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{''.join(random.choices('abcdefghijkl', k=43))}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_each_key_is_new_and_random")
class ApiKeys:
    """Use UUIDs made of the time."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{uuid.uuid1()}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_each_key_is_new_and_random")
class ApiKeys:
    """Use 8 bytes for the secret, too."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_hex(8)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_each_key_is_new_and_random")
class ApiKeys:
    """Derive the secret from the name."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{key_digest(pharmacy)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_each_key_is_new_and_random")
class ApiKeys:
    """Number the keys."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = f"{len(self.rows):016}"
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_each_key_is_new_and_random")
class ApiKeys:
    """Name the pharmacy in the prefix."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = f"{pharmacy.lower()}-{len(self.rows)}"
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_another_text_is_no_key[prefix]")
class ApiKeys:
    """Believe the prefix."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and True else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_another_text_is_no_key[guess]")
class ApiKeys:
    """Raise KeyError for an unknown prefix."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows[key.partition(".")[0]]
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_another_text_is_no_key[third-part]")
class ApiKeys:
    """Take two parts and ignore others."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        parts = key.split(".")
        row = self.rows.get(parts[0])
        return row.pharmacy if row and row.accepts(".".join(parts[:2])) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_another_text_is_no_key[empty]")
class ApiKeys:
    """Raise ValueError without a dot."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        prefix, _ = key.split(".")
        row = self.rows.get(prefix)
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_another_text_is_no_key[prefix-digest]")
class ApiKeys:
    """Also accept the digest of the table."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return (
            row.pharmacy
            if row and (row.accepts(key) or key.endswith("." + row.digest))
            else None
        )

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_the_old_key_works_until_the_overlap_ends")
class ApiKeys:
    """Compare the digest, and not the end."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return (
            row.pharmacy
            if row and secrets.compare_digest(row.digest, key_digest(key))
            else None
        )

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_the_old_key_works_until_the_overlap_ends")
class ApiKeys:
    """End the old key at once."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now()
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_the_old_key_works_until_the_overlap_ends")
class ApiKeys:
    """Delete the old key."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        self.rows = {
            prefix: row for prefix, row in self.rows.items() if row.pharmacy != pharmacy
        }
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_the_old_key_works_until_the_overlap_ends")
class ApiKeys:
    """Do not end the old key."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_each_key_is_new_and_random")
class ApiKeys:
    """Use a random UUID for the prefix."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = uuid.uuid4().hex
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_an_end_that_is_planned_does_not_change")
class ApiKeys:
    """Plan a new end for keys that have ended already."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and (row.end is None or row.end <= now()):
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_another_text_is_no_key[space]")
class ApiKeys:
    """Remove spaces around the key."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key.strip()) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_the_old_key_works_until_the_overlap_ends[2]")
class ApiKeys:
    """Write the number of days down once more."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + timedelta(days=7)
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_the_old_key_works_until_the_overlap_ends")
class ApiKeys:
    """Count the overlap from the creation."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy, now() + OVERLAP)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_the_old_key_works_until_the_overlap_ends")
class ApiKeys:
    """End the new key, too."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        key = self.create(pharmacy)
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return key


@wrong("5.5.2", caught_by="test_q2_the_old_key_works_until_the_overlap_ends")
class ApiKeys:
    """Return the old key again."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        new = self.create(pharmacy)
        for row in self.rows.values():
            if row.pharmacy == pharmacy and not row.accepts(new):
                row.end = now() + OVERLAP + OVERLAP
        return new


@wrong("5.5.2", caught_by="test_q2_a_second_rotation_does_not_change_an_end")
class ApiKeys:
    """Move each end."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_a_second_rotation_does_not_change_an_end")
class ApiKeys:
    """Move each end that is still to come."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and (row.end is None or row.end > now()):
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_all_older_keys_of_this_pharmacy_end")
class ApiKeys:
    """End one older key only."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
                break
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_all_older_keys_of_this_pharmacy_end")
class ApiKeys:
    """End the keys of all pharmacies."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_all_older_keys_of_this_pharmacy_end")
class ApiKeys:
    """Compare a part of the name."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy.startswith(pharmacy) and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_all_older_keys_of_this_pharmacy_end")
class ApiKeys:
    """Compare the names without regard to case."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy.lower() == pharmacy.lower() and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_a_pharmacy_without_a_key_gets_one")
class ApiKeys:
    """Ask for an older key."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        older = [row for row in self.rows.values() if row.pharmacy == pharmacy]
        older[0]
        for row in older:
            row.end = row.end or now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_each_key_belongs_to_its_pharmacy")
class ApiKeys:
    """Share the rows."""

    def __init__(self):
        pass

    rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.2", caught_by="test_q2_the_old_key_works_until_the_overlap_ends")
class ApiKeys:
    """Keep the answers."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    @functools.cache
    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@right("5.5.2")
class ApiKeys:
    """Split the key, and check everything here."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        key = ".".join((secrets.token_urlsafe(8), secrets.token_hex(32)))
        self.rows.update(
            {key.split(".")[0]: StoredKey(digest=key_digest(key), pharmacy=pharmacy)}
        )
        return key

    def pharmacy_of(self, key):
        match key.split("."):
            case [prefix, _] if prefix in self.rows:
                row = self.rows[prefix]
                is_right = hmac.compare_digest(row.digest, key_digest(key))
                if is_right and (row.end is None or now() < row.end):
                    return row.pharmacy
        return None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@right("5.5.2")
class ApiKeys:
    """Compute the end once, and list the rows."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        end = now() + OVERLAP
        for row in [row for row in self.rows.values() if row.pharmacy == pharmacy]:
            row.end = row.end or end
        return self.create(pharmacy)


@right("5.5.2")
class ApiKeys:
    """Replace the rows."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        prefix = secrets.token_hex(8)
        key = f"{prefix}.{secrets.token_urlsafe(32)}"
        self.rows[prefix] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for prefix, row in list(self.rows.items()):
            if row.end or row.pharmacy != pharmacy:
                continue
            self.rows[prefix] = StoredKey(row.digest, row.pharmacy, now() + OVERLAP)
        return self.create(pharmacy)


@wrong("5.5.3", caught_by="test_q3_a_key_is_looked_up_for_every_request")
def appointments_app() -> FastAPI:
    """Keep the keys that were found."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")
    found = {}

    def caller(request: Request, text: Annotated[str, Depends(header)]) -> Key:
        key = found[text] = found.get(text) or find_key(text)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("Request of %s", key.name)
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


@wrong("5.5.3", caught_by="test_q3_the_key_comes_in_the_header")
def appointments_app() -> FastAPI:
    """Change nothing."""
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


@wrong("5.5.3", caught_by="test_q3_the_key_comes_in_the_header")
def appointments_app() -> FastAPI:
    """Use `APIKeyQuery`."""
    app = FastAPI()
    header = APIKeyQuery(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_a_key_in_the_url_is_not_accepted")
def appointments_app() -> FastAPI:
    """Accept both."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key", auto_error=False)
    query = APIKeyQuery(name="api_key", auto_error=False)

    def caller(
        request: Request,
        one: Annotated[str | None, Depends(header)],
        two: Annotated[str | None, Depends(query)],
    ) -> Key:
        key = find_key(one or two or "")
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_a_missing_or_unknown_key_returns_401[nothing-GET]")
def appointments_app() -> FastAPI:
    """Make the header required."""
    app = FastAPI()

    def caller(
        request: Request, api_key: Annotated[str, Header(alias="X-API-Key")]
    ) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_a_missing_or_unknown_key_returns_401[unknown-GET]")
def appointments_app() -> FastAPI:
    """Forget the unknown keys."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key and key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_a_missing_or_unknown_key_returns_401[unknown-GET]")
def appointments_app() -> FastAPI:
    """Return 403 for an unknown key."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(403)
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_a_missing_or_unknown_key_returns_401[unknown-GET]")
def appointments_app() -> FastAPI:
    """Leave out the header of the response."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401)
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_a_missing_or_unknown_key_returns_401[cookie-GET]")
def appointments_app() -> FastAPI:
    """Also accept a cookie."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key", auto_error=False)

    def caller(request: Request, one: Annotated[str | None, Depends(header)]) -> Key:
        key = find_key(one or request.cookies.get("api_key", ""))
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_a_key_ends")
def appointments_app() -> FastAPI:
    """Do not look at the end."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_a_key_ends")
def appointments_app() -> FastAPI:
    """Allow the key at its end."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end < now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_a_key_ends")
def appointments_app() -> FastAPI:
    """Read the clock once."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")
    start = now()

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= start:
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_a_key_ends")
def appointments_app() -> FastAPI:
    """Compare the days."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end.date() < now().date():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_a_key_ends")
def appointments_app() -> FastAPI:
    """Keep the key that was found."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")
    known = {}

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = known.get(api_key) or find_key(api_key)
        if key is None or (api_key not in known and key.end <= now()):
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        known[api_key] = key
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_a_key_that_has_ended_looks_like_an_unknown_one")
def appointments_app() -> FastAPI:
    """Say that the key has ended."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if key.end <= now():
            raise HTTPException(
                401, "This key has ended.", {"WWW-Authenticate": "APIKey"}
            )
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_a_key_that_has_ended_looks_like_an_unknown_one")
def appointments_app() -> FastAPI:
    """Check the scope before the end."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_each_method_needs_its_scope[write]")
def appointments_app() -> FastAPI:
    """Let each key read."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if request.method != "GET" and "write" not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_each_method_needs_its_scope[write]")
def appointments_app() -> FastAPI:
    """Let a key that writes also read."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if not key.scopes & (
            {"read", "write"} if request.method == "GET" else {"write"}
        ):
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_each_method_needs_its_scope[read]")
def appointments_app() -> FastAPI:
    """Do not look at the scopes."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_each_method_needs_its_scope[read]")
def appointments_app() -> FastAPI:
    """Any scope is enough."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if not key.scopes & {"read", "write"}:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_each_method_needs_its_scope[look-alikes]")
def appointments_app() -> FastAPI:
    """Compare without regard to case."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in {
            one.lower() for one in key.scopes
        }:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_each_method_needs_its_scope[look-alikes]")
def appointments_app() -> FastAPI:
    """Look for the scope in a text."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in " ".join(key.scopes):
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_each_method_needs_its_scope[read]")
def appointments_app() -> FastAPI:
    """Return 401 for a missing scope."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_each_method_needs_its_scope[both]")
def appointments_app() -> FastAPI:
    """Ask for both scopes."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if not {"read", "write"} >= key.scopes or "read" not in key.scopes:
            raise HTTPException(403)
        if request.method == "POST" and key.scopes != {"write"}:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_no_record_contains_a_key")
def appointments_app() -> FastAPI:
    """Also log the key."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s; %s", request.method, key.name, api_key)
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


@wrong("5.5.3", caught_by="test_q3_no_record_contains_a_key")
def appointments_app() -> FastAPI:
    """Log the key of a refused request."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        if find_key(api_key) is None:
            logger.warning("Unknown key %s", api_key)
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_no_record_contains_a_key")
def appointments_app() -> FastAPI:
    """Log all headers."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        logger.debug("%s", request.headers)
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_the_log_has_the_name_of_each_key")
def appointments_app() -> FastAPI:
    """Log nothing."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
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


@wrong("5.5.3", caught_by="test_q3_the_log_has_the_name_of_each_key")
def appointments_app() -> FastAPI:
    """Log with a lower level."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.debug("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_the_log_has_the_name_of_each_key")
def appointments_app() -> FastAPI:
    """Log without the name."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s /appointments", request.method)
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


@wrong("5.5.3", caught_by="test_q3_the_log_has_the_name_of_each_key")
def appointments_app() -> FastAPI:
    """Log to the root logger."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logging.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.3", caught_by="test_q3_the_log_has_the_name_of_each_key")
def appointments_app() -> FastAPI:
    """Log the first name only."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")
    seen = []

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        if not seen:
            seen.append(key)
            logger.info("%s with the key of %s", request.method, key.name)
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


@right("5.5.3")
def appointments_app() -> FastAPI:
    """Name the scope of each endpoint with `Security`."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    async def caller(
        needed: SecurityScopes, api_key: Annotated[str, Security(header)]
    ) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if not key.scopes.issuperset(needed.scopes):
            raise HTTPException(status_code=403, detail="The key may not do this.")
        logger.info(f"{needed.scope_str} by {key.name}")
        return key

    @app.get("/appointments")
    def list_appointments(
        key: Annotated[Key, Security(caller, scopes=["read"])],
    ) -> list[str]:
        return ["ana, Monday 9:00"]

    @app.post("/appointments", status_code=201)
    def add_appointment(
        key: Annotated[Key, Security(caller, scopes=["write"])],
        patient: Annotated[str, Form()],
    ) -> None:
        book(patient)

    return app


@right("5.5.3")
def appointments_app() -> FastAPI:
    """Read the header from the request, and use a match statement."""
    app = FastAPI()
    SCOPES = {"GET": "read", "POST": "write"}

    def caller(request: Request) -> Key:
        refused = HTTPException(401, "No valid key", {"WWW-Authenticate": "APIKey"})
        match find_key(request.headers.get("x-api-key", "")):
            case Key(end=end) as key if end > now():
                if SCOPES[request.method] not in key.scopes:
                    logger.warning("%s was refused", key.name)
                    raise HTTPException(403)
            case _:
                raise refused
        logger.log(logging.INFO, "%r", (request.url.path, key.name))
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


@right("5.5.3")
def appointments_app() -> FastAPI:
    """Use an optional header."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key", auto_error=False)

    def caller(request: Request, text: str | None = Depends(header)) -> Key:
        key = find_key(text) if text else None
        if not key or now() >= key.end:
            raise header.make_not_authenticated_error()
        needed = "write" if request.method == "POST" else "read"
        if not {needed} <= key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.method, key.name)
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


@wrong("5.5.2", caught_by="test_q2_a_row_has_the_digest_and_not_the_secret")
class ApiKeys:
    """Take the prefix from the secret."""

    def __init__(self):
        self.rows = {}

    def create(self, pharmacy):
        secret = secrets.token_hex(32)
        key = f"{secret[:16]}.{secret}"
        self.rows[secret[:16]] = StoredKey(key_digest(key), pharmacy)
        return key

    def pharmacy_of(self, key):
        row = self.rows.get(key.partition(".")[0])
        return row.pharmacy if row and row.accepts(key) else None

    def rotate(self, pharmacy):
        for row in self.rows.values():
            if row.pharmacy == pharmacy and row.end is None:
                row.end = now() + OVERLAP
        return self.create(pharmacy)


@wrong("5.5.3", caught_by="test_q3_a_refused_request_is_not_logged_as_an_allowed_one")
def appointments_app() -> FastAPI:
    """Log before the scope is checked."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        logger.info("Request with the key of %s", key.name)
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
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


@wrong("5.5.3", caught_by="test_q3_the_log_has_the_name_of_each_key")
def appointments_app() -> FastAPI:
    """Log in one endpoint only."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        return key

    @app.get("/appointments")
    def list_appointments(key: Annotated[Key, Depends(caller)]) -> list[str]:
        logger.info("The key of %s", key.name)
        return ["ana, Monday 9:00"]

    @app.post("/appointments", status_code=201)
    def add_appointment(
        key: Annotated[Key, Depends(caller)], patient: Annotated[str, Form()]
    ) -> None:
        book(patient)

    return app


@wrong("5.5.3", caught_by="test_q3_no_record_contains_a_key")
def appointments_app() -> FastAPI:
    """Log the URL, in which a client still sends the key."""
    app = FastAPI()
    header = APIKeyHeader(name="X-API-Key")

    def caller(request: Request, api_key: Annotated[str, Depends(header)]) -> Key:
        key = find_key(api_key)
        if key is None or key.end <= now():
            raise HTTPException(401, headers={"WWW-Authenticate": "APIKey"})
        if ("read" if request.method == "GET" else "write") not in key.scopes:
            raise HTTPException(403)
        logger.info("%s with the key of %s", request.url, key.name)
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
