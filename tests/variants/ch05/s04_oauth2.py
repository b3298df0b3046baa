"""Other answers to section 5.4."""

import base64
import functools
import random
import uuid

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer, OAuth2PasswordRequestFormStrict

from sensei.variants import right, wrong


@wrong(
    "5.4.1",
    caught_by="test_q1_the_password_is_exchanged_for_the_token_of_sign_in[spaces]",
)
def portal_app():
    """Remove spaces around the password."""
    app = FastAPI()
    scheme = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token")
    def create_token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        token = sign_in(form.username, form.password.strip())
        return {"access_token": token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(scheme)]):
        return patient_of(token)

    return app


@wrong("5.4.1", caught_by="test_q1_the_password_is_exchanged_for_the_token_of_sign_in")
def portal_app() -> FastAPI:
    """Read the username and the password from JSON."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    class Login(BaseModel):
        username: str
        password: str

    @app.post("/token")
    def token(form: Login):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@wrong("5.4.1", caught_by="test_q1_other_requests_get_no_token[query]")
def portal_app() -> FastAPI:
    """Read the password from the URL."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token")
    def token(username: str, password: str):
        access_token = sign_in(username, password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@wrong("5.4.1", caught_by="test_q1_other_requests_get_no_token[no-password]")
def portal_app() -> FastAPI:
    """Make both fields optional."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token")
    def token(
        username: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
    ):
        access_token = sign_in(username, password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@wrong("5.4.1", caught_by="test_q1_the_password_is_exchanged_for_the_token_of_sign_in")
def portal_app() -> FastAPI:
    """Return the username as the token."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        sign_in(form.username, form.password)
        return {"access_token": form.username, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@wrong("5.4.1", caught_by="test_q1_the_password_is_exchanged_for_the_token_of_sign_in")
def portal_app() -> FastAPI:
    """Swap the arguments."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.password, form.username)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@wrong("5.4.1", caught_by="test_q1_the_password_is_exchanged_for_the_token_of_sign_in")
def portal_app() -> FastAPI:
    """Return the token alone."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return access_token

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@wrong("5.4.1", caught_by="test_q1_the_password_is_exchanged_for_the_token_of_sign_in")
def portal_app() -> FastAPI:
    """Leave out the type of the token."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@wrong("5.4.1", caught_by="test_q1_the_password_is_exchanged_for_the_token_of_sign_in")
def portal_app() -> FastAPI:
    """Name the token `token`."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@wrong("5.4.1", caught_by="test_q1_the_password_is_exchanged_for_the_token_of_sign_in")
def portal_app() -> FastAPI:
    """Return 201."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token", status_code=201)
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@wrong("5.4.1", caught_by="test_q1_the_password_is_exchanged_for_the_token_of_sign_in")
def portal_app() -> FastAPI:
    """Keep the token of a patient."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")
    kept = {}

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = kept.setdefault(form.username, None) or sign_in(
            form.username, form.password
        )
        kept[form.username] = access_token
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@wrong("5.4.1", caught_by="test_q1_a_wrong_password_returns_the_error_of_sign_in")
def portal_app() -> FastAPI:
    """Turn the exception into a 401."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        try:
            access_token = sign_in(form.username, form.password)
        except HTTPException:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from None
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@wrong(
    "5.4.1", caught_by="test_q1_a_client_finds_the_endpoints_in_the_openapi_document"
)
def portal_app() -> FastAPI:
    """Read the header by hand."""
    app = FastAPI()

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(authorization: Annotated[str, Header()] = ""):
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        return patient_of(token)

    return app


@wrong(
    "5.4.1",
    caught_by="test_q1_without_a_valid_bearer_token_get_me_returns_401[token-alone]",
)
def portal_app() -> FastAPI:
    """Accept each scheme."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(
        request: Request,
        _: Annotated[
            str | None,
            Depends(OAuth2PasswordBearer(tokenUrl="token", auto_error=False)),
        ],
    ):
        return patient_of(request.headers.get("Authorization", "").split(" ")[-1])

    return app


@wrong(
    "5.4.1", caught_by="test_q1_a_client_finds_the_endpoints_in_the_openapi_document"
)
def portal_app() -> FastAPI:
    """Use the scheme that does not know OAuth2."""
    app = FastAPI()
    oauth2 = HTTPBearer()

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[object, Depends(oauth2)]):
        return patient_of(token.credentials)

    return app


@wrong(
    "5.4.1", caught_by="test_q1_a_client_finds_the_endpoints_in_the_openapi_document"
)
def portal_app() -> FastAPI:
    """Name another path as `tokenUrl`."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="login")

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@wrong(
    "5.4.1", caught_by="test_q1_a_client_finds_the_endpoints_in_the_openapi_document"
)
def portal_app() -> FastAPI:
    """Name one host as `tokenUrl`, without HTTPS."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="http://127.0.0.1:8000/token")

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@wrong(
    "5.4.1",
    caught_by="test_q1_without_a_valid_bearer_token_get_me_returns_401[nothing]",
)
def portal_app() -> FastAPI:
    """Use `patient_of` as a dependency, which makes the token a query parameter."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(patient: Annotated[dict, Depends(patient_of)]):
        return patient

    return app


@wrong(
    "5.4.1", caught_by="test_q1_without_a_valid_bearer_token_get_me_returns_401[query]"
)
def portal_app() -> FastAPI:
    """Also accept the token in the URL."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token", auto_error=False)

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str | None, Depends(oauth2)], access_token: str = ""):
        return patient_of(token or access_token)

    return app


@wrong(
    "5.4.1", caught_by="test_q1_without_a_valid_bearer_token_get_me_returns_401[cookie]"
)
def portal_app() -> FastAPI:
    """Also accept the token in a cookie."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token", auto_error=False)

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str | None, Depends(oauth2)], request: Request):
        return patient_of(token or request.cookies.get("access_token", ""))

    return app


@wrong("5.4.1", caught_by="test_q1_get_me_returns_the_patient_of_the_token")
def portal_app() -> FastAPI:
    """Keep the patient of a token."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")
    known = functools.cache(patient_of)

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return known(token)

    return app


@wrong("5.4.1", caught_by="test_q1_get_me_returns_the_patient_of_the_token")
def portal_app() -> FastAPI:
    """Return the token."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return {"username": token}

    return app


@wrong("5.4.1", caught_by="test_q1_get_me_returns_the_patient_of_the_token")
def portal_app() -> FastAPI:
    """Read the claims, and do not check the signature."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        claims = jwt.decode(token, options={"verify_signature": False})
        return {"username": claims["sub"]}

    return app


@right("5.4.1")
def portal_app() -> FastAPI:
    """Use the strict form, and async functions."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer("/token")

    @app.post("/token")
    async def token(form: Annotated[OAuth2PasswordRequestFormStrict, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    async def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@right("5.4.1")
def portal_app() -> FastAPI:
    """Declare the two fields, and return a model."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    class Token(BaseModel):
        access_token: str
        token_type: Literal["bearer"] = "bearer"
        expires_in: int = 900

    @app.post("/token")
    def token(username: str = Form(), password: str = Form()) -> Token:
        return Token(access_token=sign_in(username, password))

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@right("5.4.1")
def portal_app() -> FastAPI:
    """Describe the flow, and read the header in a dependency."""
    app = FastAPI()
    scheme = OAuth2(flows={"password": {"tokenUrl": "./token"}})

    def oauth2(header: str = Depends(scheme)) -> str:
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer":
            raise HTTPException(
                401, headers={"WWW-Authenticate": 'Bearer realm="portal"'}
            )
        return token

    @app.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]):
        return patient_of(token)

    return app


@right("5.4.1")
def portal_app() -> FastAPI:
    """Use a router, and `Security`."""
    app = FastAPI()
    router = APIRouter()
    oauth2 = OAuth2PasswordBearer(
        tokenUrl="token", scopes={"me": "Read."}, auto_error=False
    )

    def patient(token: Annotated[str | None, Security(oauth2)]):
        return patient_of(token or "")

    @router.post("/token")
    def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
        access_token = sign_in(form.username, form.password)
        return {"access_token": access_token, "token_type": "bearer"}

    @router.get("/me")
    def read_me(one: Annotated[dict, Security(patient, scopes=["me"])]):
        return JSONResponse(one)

    app.include_router(router)

    return app


@wrong("5.4.2", caught_by="test_q2_only_the_hash_of_the_token_is_stored")
class OpaqueTokens:
    """Store the token itself."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token, username)
        return token

    def username_of(self, token):
        return self.table.find(token)

    def revoke(self, token):
        self.table.remove(token)


@wrong("5.4.2", caught_by="test_q2_only_the_hash_of_the_token_is_stored")
class OpaqueTokens:
    """Keep the last token in the object."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), username)
        self.last = token
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_only_the_hash_of_the_token_is_stored")
class OpaqueTokens:
    """Write all usernames in lower case, and without spaces around them."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), username.strip().lower())
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_only_the_hash_of_the_token_is_stored")
class OpaqueTokens:
    """Count the tokens with the patient's name."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), f"{username} {token}")
        return token

    def username_of(self, token):
        found = self.table.find(token_hash(token))
        return found and found.split()[0]

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_each_token_is_new_and_random")
class OpaqueTokens:
    """Use the hash of the username."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = token_hash(username)
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_each_token_is_new_and_random")
class OpaqueTokens:
    """Use the module `random`."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = "".join(random.choices("abcdefghijklmnop", k=43))
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_each_token_is_new_and_random")
class OpaqueTokens:
    """Use a UUID made of the time and the machine."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = str(uuid.uuid1())
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_each_token_is_new_and_random")
class OpaqueTokens:
    """Use a random UUID, which has six fixed bits."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = str(uuid.uuid4())
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_each_token_is_new_and_random")
class OpaqueTokens:
    """Use twelve bytes."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_hex(12)
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@right("5.4.2")
class OpaqueTokens:
    """Choose letters one by one."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz") for _ in range(32))
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@right("5.4.2")
class OpaqueTokens:
    """Write a random number."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = str(secrets.randbits(128))
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_each_token_is_new_and_random")
class OpaqueTokens:
    """Use four bytes only."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_hex(4)
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_each_token_is_new_and_random")
class OpaqueTokens:
    """Return the row's hash, and keep no secret."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), username)
        return token_hash(username)

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_the_token_says_nothing_about_the_patient")
class OpaqueTokens:
    """Create a JWT, and add it to the table."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = jwt.encode(
            {"sub": username, "jti": secrets.token_hex()}, KEY, algorithm="HS256"
        )
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_the_token_says_nothing_about_the_patient")
class OpaqueTokens:
    """Put the username in front of the random text."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = f"{username}.{secrets.token_urlsafe(32)}"
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_the_token_says_nothing_about_the_patient")
class OpaqueTokens:
    """Encode the username with base64."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = base64.urlsafe_b64encode(
            f"{username}:{secrets.token_hex()}".encode()
        ).decode()
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_the_hash_from_the_table_is_no_token")
class OpaqueTokens:
    """Look for the token, and for its hash."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token) or self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_only_the_hash_of_the_token_is_stored")
class OpaqueTokens:
    """Return the hash as the token."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = token_hash(secrets.token_urlsafe(32))
        self.table.add(token, username)
        return token

    def username_of(self, token):
        return self.table.find(token)

    def revoke(self, token):
        self.table.remove(token)


@wrong(
    "5.4.2", caught_by="test_q2_the_oauth2_application_works_with_both_kinds_of_tokens"
)
class OpaqueTokens:
    """Do not hash in `username_of`."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token)

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong(
    "5.4.2", caught_by="test_q2_the_oauth2_application_works_with_both_kinds_of_tokens"
)
class OpaqueTokens:
    """Do nothing in `revoke`, as `JwtTokens` does."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        pass


@wrong("5.4.2", caught_by="test_q2_another_text_is_no_token[other]")
class OpaqueTokens:
    """Raise an exception for a text that is no token."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.rows[token_hash(token)][0]

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_a_token_ends_with_its_row")
class OpaqueTokens:
    """Read the row, whenever it has ended."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        row = self.table.rows.get(token_hash(token))
        return row[0] if row else None

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_a_token_ends_with_its_row")
class OpaqueTokens:
    """Keep what was found."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), username)
        return token

    @functools.cache
    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_revoke_ends_this_token_only")
class OpaqueTokens:
    """End all tokens of the patient."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        username = self.table.find(token_hash(token))
        for hashed, (name, _) in list(self.table.rows.items()):
            if name == username:
                self.table.remove(hashed)


@wrong("5.4.2", caught_by="test_q2_revoke_ends_this_token_only")
class OpaqueTokens:
    """Delete a row that may be missing."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        del self.table.rows[token_hash(token)]


@wrong("5.4.2", caught_by="test_q2_revoke_ends_this_token_only")
class OpaqueTokens:
    """Remember in the object which tokens have ended."""

    def __init__(self, table):
        self.table = table
        self.revoked = set()

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        hashed = token_hash(token)
        return None if hashed in self.revoked else self.table.find(hashed)

    def revoke(self, token):
        self.revoked.add(token_hash(token))


@wrong("5.4.2", caught_by="test_q2_revoke_ends_this_token_only")
class OpaqueTokens:
    """End all tokens."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.rows.clear()


@wrong("5.4.2", caught_by="test_q2_each_table_has_its_own_tokens")
class OpaqueTokens:
    """Share one table."""

    def __init__(self, table):
        self.table = self.shared

    shared = TokenTable()

    def create(self, username):
        token = secrets.token_urlsafe(32)
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.remove(token_hash(token))


@right("5.4.2")
class OpaqueTokens:
    """Use hexadecimal digits, and a helper."""

    def __init__(self, table):
        self.table = table

    def _key(self, token):
        return token_hash(token)

    def create(self, username):
        token = secrets.token_hex(16)
        self.table.add(self._key(token), username)
        return token

    def username_of(self, token):
        return self.table.find(self._key(token))

    def revoke(self, token):
        self.table.remove(self._key(token))


@right("5.4.2")
class OpaqueTokens(JwtTokens):
    """Inherit from `JwtTokens`, and write a prefix."""

    def __init__(self, table):
        self.table = table

    def create(self, username):
        token = "clinic_" + secrets.token_bytes(16).hex()
        self.table.add(token_hash(token), username)
        return token

    def username_of(self, token):
        return self.table.find(token_hash(token))

    def revoke(self, token):
        self.table.rows.pop(token_hash(token), None)


@right("5.4.2")
class OpaqueTokens:
    """Use a dataclass, and check the end of the row."""

    def __init__(self, table):
        self.table = table
        self.add, self.remove = table.add, table.remove

    def create(self, username):
        self.add(token_hash(token := secrets.token_urlsafe()), username)
        return token

    def username_of(self, token):
        row = self.table.rows.get(token_hash(token))
        if row is None or row[1] < datetime.now(UTC):
            return None
        return row[0]

    def revoke(self, token):
        self.remove(token_hash(token))


@wrong("5.4.3", caught_by="test_q3_a_wrong_id_or_secret_returns_401[own-wrong-secret]")
def programs_app() -> FastAPI:
    """Do not check the secret."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = PROGRAMS.get(client.username, ("", None))[1]
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_a_wrong_id_or_secret_returns_401[own-unknown]")
def programs_app() -> FastAPI:
    """Forget that the program can be unknown."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_a_wrong_id_or_secret_returns_401[own-wrong-secret]")
def programs_app() -> FastAPI:
    """Return 403."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(403)
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_a_wrong_id_or_secret_returns_401[own-wrong-secret]")
def programs_app() -> FastAPI:
    """Return 401 without the header."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401)
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_a_wrong_id_or_secret_returns_401[own-wrong-secret]")
def programs_app() -> FastAPI:
    """Name the scheme of the token."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_a_wrong_id_or_secret_returns_401[own-wrong-secret]")
def programs_app() -> FastAPI:
    """Return 400, as for a wrong password."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(400, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong(
    "5.4.3", caught_by="test_q3_a_wrong_id_or_secret_returns_401[foreign-wrong-secret]"
)
def programs_app() -> FastAPI:
    """Check the scope before the secret."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        known = PROGRAMS.get(client.username, ("", frozenset()))[1]
        if not frozenset(form.scope.split()) <= known:
            raise HTTPException(400)
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong(
    "5.4.3", caught_by="test_q3_a_program_without_scopes_gets_a_token_without_scopes"
)
def programs_app() -> FastAPI:
    """Take an empty set for a wrong secret."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if not allowed:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong(
    "5.4.3", caught_by="test_q3_a_program_without_scopes_gets_a_token_without_scopes"
)
def programs_app() -> FastAPI:
    """Take no scopes for all scopes."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked or frozenset(SCOPES))
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_the_token_has_the_scopes_that_are_asked_for[one]")
def programs_app() -> FastAPI:
    """Always give all scopes of the program."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, allowed)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong(
    "5.4.3", caught_by="test_q3_the_token_has_the_scopes_that_are_asked_for[missing]"
)
def programs_app() -> FastAPI:
    """Give no scope if none is asked for."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split())
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong(
    "5.4.3", caught_by="test_q3_the_token_has_the_scopes_that_are_asked_for[missing]"
)
def programs_app() -> FastAPI:
    """Split at each space, so that a missing scope is an empty one."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split(" ")) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_the_token_has_the_scopes_that_are_asked_for[two]")
def programs_app() -> FastAPI:
    """Take the text as one scope."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset([form.scope] if form.scope.strip() else allowed)
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_the_token_has_the_scopes_that_are_asked_for[blank]")
def programs_app() -> FastAPI:
    """Compare with the empty text."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = allowed if form.scope == "" else frozenset(form.scope.split(" "))
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_the_token_has_the_scopes_that_are_asked_for[one]")
def programs_app() -> FastAPI:
    """Give the text to `program_token`."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, form.scope)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_another_scope_returns_400[appointments:read]")
def programs_app() -> FastAPI:
    """Give whatever is asked for."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong(
    "5.4.3",
    caught_by="test_q3_another_scope_returns_400[results:write appointments:read]",
)
def programs_app() -> FastAPI:
    """Leave out what is not allowed."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        asked = asked & allowed
        if not asked:
            raise HTTPException(400)
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong(
    "5.4.3",
    caught_by="test_q3_another_scope_returns_400[results:write appointments:read]",
)
def programs_app() -> FastAPI:
    """One allowed scope is enough."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if allowed and not any(one in allowed for one in asked):
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_another_scope_returns_400[results]")
def programs_app() -> FastAPI:
    """Look for the scope in a text."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if any(one not in " ".join(allowed) for one in asked):
            raise HTTPException(400)
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_another_scope_returns_400[RESULTS:WRITE]")
def programs_app() -> FastAPI:
    """Compare without regard to case."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.lower().split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong(
    "5.4.3", caught_by="test_q3_another_scope_returns_400[results:write,results:read]"
)
def programs_app() -> FastAPI:
    """Also split at commas."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.replace(",", " ").split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_another_scope_returns_400[*]")
def programs_app() -> FastAPI:
    """Let a star mean all scopes."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.replace("*", "").split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_another_scope_returns_400[appointments:read]")
def programs_app() -> FastAPI:
    """Return 403."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(403, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_another_scope_returns_400[appointments:read]")
def programs_app() -> FastAPI:
    """Know all scopes of the clinic."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= frozenset(SCOPES) | allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_a_program_works_in_its_own_name")
def programs_app() -> FastAPI:
    """Write the id of the program in lower case."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username.lower(), asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_a_program_works_in_its_own_name")
def programs_app() -> FastAPI:
    """Always name the same program."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token("laboratory", asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_a_program_works_in_its_own_name")
def programs_app() -> FastAPI:
    """Return the secret as the token."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": client.password, "token_type": "bearer"}

    return app


@wrong("5.4.3", caught_by="test_q3_the_token_has_the_scopes_that_are_asked_for[one]")
def programs_app() -> FastAPI:
    """Leave out the type of the token."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token}

    return app


@wrong("5.4.3", caught_by="test_q3_a_wrong_id_or_secret_returns_401[own-wrong-secret]")
def programs_app() -> FastAPI:
    """Compare the secret itself with the stored hash, and let each known program in."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        stored, allowed = PROGRAMS.get(client.username, ("", None))
        if stored == client.password:
            raise HTTPException(400)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = frozenset(form.scope.split()) or allowed
        if not asked <= allowed:
            raise HTTPException(400, "invalid_scope")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@right("5.4.3")
def programs_app() -> FastAPI:
    """Use a list and a loop."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        asked = form.scope.split() or sorted(allowed)
        for one in asked:
            if one not in allowed:
                raise HTTPException(status_code=400, detail=f"No scope {one!r}.")
        token = program_token(client.username, asked)
        return {"access_token": token, "token_type": "bearer"}

    return app


@right("5.4.3")
def programs_app() -> FastAPI:
    """Return responses for the errors."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        allowed = scopes_of(client.username, client.password)
        if allowed is None:
            return JSONResponse(
                {"error": "invalid_client"},
                401,
                {"WWW-Authenticate": 'Basic realm="clinic"'},
            )
        asked = frozenset(form.scope.split()) or allowed
        if asked - allowed:
            return JSONResponse({"error": "invalid_scope"}, 400)
        return {
            "access_token": program_token(client.username, asked),
            "token_type": "bearer",
            "expires_in": 900,
            "scope": " ".join(asked),
        }

    return app


@right("5.4.3")
def programs_app() -> FastAPI:
    """Decide in a match statement."""
    app = FastAPI()

    @app.post("/results", status_code=201)
    def add_result(
        author: Annotated[str, Security(program, scopes=["results:write"])],
        text: Annotated[str, Form()],
    ):
        save_result(author, text)

    @app.get("/appointments")
    def list_appointments(
        reader: Annotated[str, Security(program, scopes=["appointments:read"])],
    ):
        return ["ana, Monday 9:00"]

    @app.post("/token")
    def create_token(
        client: Annotated[HTTPBasicCredentials, Depends(basic)],
        form: Annotated[TokenForm, Form()],
    ):
        match scopes_of(client.username, client.password), set(form.scope.split()):
            case None, _:
                raise basic.make_not_authenticated_error()
            case allowed, asked if not asked.issubset(allowed):
                raise HTTPException(400)
            case allowed, asked:
                token = program_token(client.username, asked if asked else set(allowed))
        return {"access_token": token, "token_type": "bearer"}

    return app
