"""Other answers to section 5.2."""

import base64
import hmac
from collections.abc import Awaitable, Callable
from functools import cache

from fastapi import HTTPException
from fastapi.responses import RedirectResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware

from sensei.variants import right, wrong

CHALLENGE = {"WWW-Authenticate": 'Basic realm="clinic"'}
HSTS = "Strict-Transport-Security"
Next = Callable[[Request], Awaitable[Response]]


@wrong(
    "5.2.1",
    caught_by="test_q1_other_credentials_return_401_with_the_challenge[wrong-password]",
)
def screen_app(name: str, password: str) -> FastAPI:
    """Read the credentials, and do not compare them."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        return queue()

    return app


@wrong(
    "5.2.1",
    caught_by="test_q1_other_credentials_return_401_with_the_challenge[wrong-password]",
)
def screen_app(name: str, password: str) -> FastAPI:
    """Return 403."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.encode(), name.encode())
        is_password = same(login.password.encode(), password.encode())

        if not (is_name and is_password):
            raise HTTPException(403)
        return queue()

    return app


@wrong(
    "5.2.1",
    caught_by="test_q1_other_credentials_return_401_with_the_challenge[wrong-password]",
)
def screen_app(name: str, password: str) -> FastAPI:
    """Leave out the header."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.encode(), name.encode())
        is_password = same(login.password.encode(), password.encode())

        if not (is_name and is_password):
            raise HTTPException(401)
        return queue()

    return app


@wrong(
    "5.2.1",
    caught_by="test_q1_other_credentials_return_401_with_the_challenge[wrong-name]",
)
def screen_app(name: str, password: str) -> FastAPI:
    """Leave out the realm in one of the two."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.encode(), name.encode())
        is_password = same(login.password.encode(), password.encode())

        if not (is_name and is_password):
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
        return queue()

    return app


@wrong(
    "5.2.1",
    caught_by="test_q1_other_credentials_return_401_with_the_challenge[missing]",
)
def screen_app(name: str, password: str) -> FastAPI:
    """Leave out the realm of `HTTPBasic`."""
    app, basic = FastAPI(), HTTPBasic()

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.encode(), name.encode())
        is_password = same(login.password.encode(), password.encode())

        if not (is_name and is_password):
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


@wrong(
    "5.2.1",
    caught_by="test_q1_other_credentials_return_401_with_the_challenge[missing]",
)
def screen_app(name: str, password: str) -> FastAPI:
    """Forget that the credentials can be missing."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic", auto_error=False)

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.encode(), name.encode())
        is_password = same(login.password.encode(), password.encode())

        if not (is_name and is_password):
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


@wrong("5.2.1", caught_by="test_q1_same_decides")
def screen_app(name: str, password: str) -> FastAPI:
    """Compare with `==`."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        if (login.username, login.password) != (name, password):
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


@wrong("5.2.1", caught_by="test_q1_name_and_password_are_always_compared")
def screen_app(name: str, password: str) -> FastAPI:
    """Compare the password only if the name is right."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        if not (
            same(login.username.encode(), name.encode())
            and same(login.password.encode(), password.encode())
        ):
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


@wrong("5.2.1", caught_by="test_q1_name_and_password_are_always_compared")
def screen_app(name: str, password: str) -> FastAPI:
    """Look for the name first, and then for the password."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        if not same(login.username.encode(), name.encode()):
            raise HTTPException(401, headers=CHALLENGE)
        if not same(login.password.encode(), password.encode()):
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


@wrong(
    "5.2.1",
    caught_by="test_q1_other_credentials_return_401_with_the_challenge[wrong-name]",
)
def screen_app(name: str, password: str) -> FastAPI:
    """Let everybody in who has one of the two."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.encode(), name.encode())
        is_password = same(login.password.encode(), password.encode())

        if not (is_name or is_password):
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


@wrong(
    "5.2.1",
    caught_by="test_q1_other_credentials_return_401_with_the_challenge[wrong-name]",
)
def screen_app(name: str, password: str) -> FastAPI:
    """Compare the password only."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        _ = same(login.username.encode(), name.encode())
        is_password = same(login.password.encode(), password.encode())

        if not is_password:
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


@wrong("5.2.1", caught_by="test_q1_same_decides[name]")
def screen_app(name: str, password: str) -> FastAPI:
    """Compare the name with `==`."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = login.username == name
        is_password = same(login.password.encode(), password.encode())

        if not (is_name and is_password):
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


@wrong("5.2.1", caught_by="test_q1_same_decides")
def screen_app(name: str, password: str) -> FastAPI:
    """Compare without `same`."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = secrets.compare_digest(login.username.encode(), name.encode())
        is_password = secrets.compare_digest(login.password.encode(), password.encode())

        if not (is_name and is_password):
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


@wrong("5.2.1", caught_by="test_q1_name_and_password_are_always_compared")
def screen_app(name: str, password: str) -> FastAPI:
    """Compare texts."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username, name)
        is_password = same(login.password, password)

        if not (is_name and is_password):
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


@wrong("5.2.1", caught_by="test_q1_the_right_credentials_return_the_queue")
def screen_app(name: str, password: str) -> FastAPI:
    """Take the credentials of the example."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.encode(), b"screen")
        is_password = same(login.password.encode(), b"k3-Lw9:x")

        if not (is_name and is_password):
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


@wrong(
    "5.2.1", caught_by="test_q1_a_wrong_name_has_the_same_response_as_a_wrong_password"
)
def screen_app(name: str, password: str) -> FastAPI:
    """Say what is wrong."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.encode(), name.encode())
        is_password = same(login.password.encode(), password.encode())

        if not is_name:
            raise HTTPException(401, "There is no such user.", CHALLENGE)
        if not is_password:
            raise HTTPException(401, "The password is wrong.", CHALLENGE)
        return queue()

    return app


@wrong(
    "5.2.1", caught_by="test_q1_a_wrong_name_has_the_same_response_as_a_wrong_password"
)
def screen_app(name: str, password: str) -> FastAPI:
    """Give a hint in a header."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.encode(), name.encode())
        is_password = same(login.password.encode(), password.encode())

        if not (is_name and is_password):
            hint = {"X-Hint": "password" if is_name else "name"}
            raise HTTPException(401, headers=CHALLENGE | hint)
        return queue()

    return app


@wrong(
    "5.2.1", caught_by="test_q1_other_credentials_return_401_with_the_challenge[space]"
)
def screen_app(name: str, password: str) -> FastAPI:
    """Take away spaces."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.encode(), name.encode())
        is_password = same(login.password.strip().encode(), password.strip().encode())

        if not (is_name and is_password):
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


@wrong(
    "5.2.1",
    caught_by="test_q1_other_credentials_return_401_with_the_challenge[small-name]",
)
def screen_app(name: str, password: str) -> FastAPI:
    """Compare names in lower case."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.lower().encode(), name.lower().encode())
        is_password = same(login.password.encode(), password.encode())

        if not (is_name and is_password):
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


@wrong("5.2.1", caught_by="test_q1_the_right_credentials_return_the_queue")
def screen_app(name: str, password: str) -> FastAPI:
    """Read the queue when the application is created."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    waiting = queue()

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.encode(), name.encode())
        is_password = same(login.password.encode(), password.encode())

        if not (is_name and is_password):
            raise HTTPException(401, headers=CHALLENGE)
        return waiting

    return app


@wrong("5.2.1", caught_by="test_q1_name_and_password_are_always_compared")
def screen_app(name: str, password: str) -> FastAPI:
    """Compare the lengths first."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        if len(login.username) != len(name) or len(login.password) != len(password):
            raise HTTPException(401, headers=CHALLENGE)

        is_name = same(login.username.encode(), name.encode())
        is_password = same(login.password.encode(), password.encode())

        if not (is_name and is_password):
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


accounts = {}


@wrong("5.2.1", caught_by="test_q1_the_right_credentials_return_the_queue")
def screen_app(name: str, password: str) -> FastAPI:
    """Keep one account for all applications."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")
    accounts["name"], accounts["password"] = name, password

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]):
        is_name = same(login.username.encode(), accounts["name"].encode())
        is_password = same(login.password.encode(), accounts["password"].encode())
        if not (is_name and is_password):
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


@wrong(
    "5.2.1",
    caught_by="test_q1_other_credentials_return_401_with_the_challenge[no-base64]",
)
def screen_app(name: str, password: str) -> FastAPI:
    """Read the header, and forget that it can be no base64."""
    app = FastAPI()

    @app.get("/queue")
    async def read_queue(request: Request):
        refused = JSONResponse({"detail": "Log in."}, 401, CHALLENGE)
        scheme, _, code = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return refused
        text = b64decode(code, validate=True)
        user, _, secret = text.partition(b":")
        is_name, is_password = (
            same(user, name.encode()),
            same(secret, password.encode()),
        )
        return queue() if is_name & is_password else refused

    return app


@wrong(
    "5.2.1",
    caught_by="test_q1_other_credentials_return_401_with_the_challenge[not-utf8]",
)
def screen_app(name: str, password: str) -> FastAPI:
    """Read the header as UTF-8, and forget that it can be none."""
    app = FastAPI()

    @app.get("/queue")
    async def read_queue(request: Request):
        refused = JSONResponse({"detail": "Log in."}, 401, CHALLENGE)
        scheme, _, code = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return refused
        try:
            text = b64decode(code, validate=True)
        except ValueError:
            return refused
        user, _, secret = text.decode().partition(":")
        is_name = same(user.encode(), name.encode())
        is_password = same(secret.encode(), password.encode())
        return queue() if is_name & is_password else refused

    return app


@wrong(
    "5.2.1",
    caught_by="test_q1_other_credentials_return_401_with_the_challenge[no-colon]",
)
def screen_app(name: str, password: str) -> FastAPI:
    """Split at the colon, and forget that it can be missing."""
    app = FastAPI()

    @app.get("/queue")
    async def read_queue(request: Request):
        refused = JSONResponse({"detail": "Log in."}, 401, CHALLENGE)
        scheme, _, code = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return refused
        try:
            text = b64decode(code, validate=True)
        except ValueError:
            return refused
        user, secret = text.split(b":", 1)
        is_name, is_password = (
            same(user, name.encode()),
            same(secret, password.encode()),
        )
        return queue() if is_name & is_password else refused

    return app


@wrong("5.2.1", caught_by="test_q1_the_right_credentials_return_the_queue[colons]")
def screen_app(name: str, password: str) -> FastAPI:
    """Split at every colon."""
    app = FastAPI()

    @app.get("/queue")
    async def read_queue(request: Request):
        refused = JSONResponse({"detail": "Log in."}, 401, CHALLENGE)
        scheme, _, code = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return refused
        try:
            user, secret = b64decode(code, validate=True).split(b":")
        except ValueError:
            return refused
        is_name, is_password = (
            same(user, name.encode()),
            same(secret, password.encode()),
        )
        return queue() if is_name & is_password else refused

    return app


@wrong(
    "5.2.1",
    caught_by="test_q1_other_credentials_return_401_with_the_challenge[no-base64]",
)
def screen_app(name: str, password: str) -> FastAPI:
    """Return 401 for missing credentials oneself, and forget the broken ones."""
    app, basic = FastAPI(), HTTPBasic(auto_error=False)

    @app.get("/queue")
    def read_queue(
        login: Annotated[HTTPBasicCredentials | None, Depends(basic)],
    ) -> list[int]:
        if login is None:
            raise HTTPException(401, headers=CHALLENGE)
        is_name = same(login.username.encode(), name.encode())
        is_password = same(login.password.encode(), password.encode())
        if not (is_name and is_password):
            raise HTTPException(401, headers=CHALLENGE)
        return queue()

    return app


@wrong(
    "5.2.1",
    caught_by="test_q1_other_credentials_return_401_with_the_challenge[missing]",
)
def screen_app(name: str, password: str) -> FastAPI:
    """Write the realm with a capital letter."""
    app, basic = FastAPI(), HTTPBasic(realm="Clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.encode(), name.encode())
        is_password = same(login.password.encode(), password.encode())
        if not (is_name and is_password):
            raise basic.make_not_authenticated_error()
        return queue()

    return app


@wrong(
    "5.2.1",
    caught_by="test_q1_other_credentials_return_401_with_the_challenge[shifted]",
)
def screen_app(name: str, password: str) -> FastAPI:
    """Join name and password into one text."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        if not same(
            f"{login.username}{login.password}".encode(), f"{name}{password}".encode()
        ):
            raise basic.make_not_authenticated_error()
        return queue()

    return app


@wrong("5.2.1", caught_by="test_q1_name_and_password_are_always_compared")
def screen_app(name: str, password: str) -> FastAPI:
    """Compare two other texts if the name is wrong."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.encode(), name.encode())
        sent = (login.password, password) if is_name else ("", "no")
        if not same(*(text.encode() for text in sent)):
            raise basic.make_not_authenticated_error()
        return queue()

    return app


@wrong("5.2.1", caught_by="test_q1_each_request_is_checked")
def screen_app(name: str, password: str) -> FastAPI:
    """Remember who has logged in, and check no password of theirs again."""
    app, basic, known = FastAPI(), HTTPBasic(realm="clinic"), set()

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.encode(), name.encode())
        is_password = same(login.password.encode(), password.encode())

        if not (is_name and is_password) and login.username not in known:
            raise HTTPException(401, headers=CHALLENGE)
        known.add(login.username)
        return queue()

    return app


@right("5.2.1")
def screen_app(name: str, password: str) -> FastAPI:
    """Read the header oneself."""
    app = FastAPI()

    @app.get("/queue")
    async def read_queue(request: Request):
        refused = JSONResponse({"detail": "Log in."}, 401, CHALLENGE)
        scheme, _, code = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return refused
        try:
            text = b64decode(code, validate=True)
        except ValueError:
            return refused
        user, _, secret = text.partition(b":")
        is_name, is_password = (
            same(user, name.encode()),
            same(secret, password.encode()),
        )
        return queue() if is_name & is_password else refused

    return app


@right("5.2.1")
def screen_app(name: str, password: str) -> FastAPI:
    """Compare both at once."""
    app, basic = FastAPI(), HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        sent = f"{login.username}:{login.password}"
        if same(sent.encode(), f"{name}:{password}".encode()):
            return queue()
        raise basic.make_not_authenticated_error()

    return app


@right("5.2.1")
def screen_app(name: str, password: str) -> FastAPI:
    """Check in a dependency of the endpoint, with all() over a list."""
    app = FastAPI()
    security = HTTPBasic(realm="clinic", auto_error=False)

    async def check(login: HTTPBasicCredentials | None = Depends(security)) -> None:
        given = (login.username, login.password) if login else ("", "")
        pairs = zip(given, (name, password), strict=True)
        if not all([same(one.encode(), other.encode()) for one, other in pairs]):
            challenge = 'Basic realm="clinic", charset="UTF-8"'
            raise HTTPException(401, "no", {"www-authenticate": challenge})

    app.add_api_route("/queue", lambda: queue(), dependencies=[Depends(check)])
    return app


@wrong("5.2.2", caught_by="test_q2_only_basic_credentials_are_found[small]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Look for capital letters only."""
    heard = []
    for code in re.findall(rb"\r\nAuthorization: *Basic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().partition(":")
        heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_only_basic_credentials_are_found[capital]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Know two ways to write the header."""
    heard = []
    for code in re.findall(rb"\r\n[aA]uthorization: *[bB]asic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().partition(":")
        heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_only_basic_credentials_are_found[look-alike]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Look for the word anywhere in a line."""
    heard = []
    for code in re.findall(rb"(?i)authorization: *basic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().partition(":")
        heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_only_basic_credentials_are_found[bearer]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Take every scheme."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *\w+ +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().partition(":")
        heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_only_basic_credentials_are_found[other-header]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Look for the scheme only."""
    heard = []
    for code in re.findall(rb"(?i): *basic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().partition(":")
        heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_only_basic_credentials_are_found[other-header]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Look for the scheme in every line."""
    heard = []
    for row in line.split(b"\r\n"):
        _, found, code = row.partition(b"asic ")
        if found:
            name, _, password = b64decode(code).decode().partition(":")
            heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_every_request_shows_name_and_password[3]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Look at the first request only."""
    found = re.search(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line)
    if not found:
        return []
    name, _, password = b64decode(found[1]).decode().partition(":")
    return [(name, password)]


@wrong("5.2.2", caught_by="test_q2_every_request_shows_name_and_password[3]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Return each pair once."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().partition(":")
        heard.append((name, password))
    return list(dict.fromkeys(heard))


@wrong("5.2.2", caught_by="test_q2_every_request_shows_name_and_password[4]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Sort the pairs."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().partition(":")
        heard.append((name, password))
    return sorted(heard)


@wrong("5.2.2", caught_by="test_q2_every_request_shows_name_and_password")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Split at every colon."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line):
        name, password, *_ = b64decode(code).decode().split(":")
        heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_every_request_shows_name_and_password")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Split at the last colon."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().rpartition(":")
        heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_every_request_shows_name_and_password")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Return bytes."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line):
        name, _, password = b64decode(code).partition(b":")
        heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_every_request_shows_name_and_password")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Return lists."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().partition(":")
        heard.append([name, password])
    return heard


@wrong("5.2.2", caught_by="test_q2_every_request_shows_name_and_password")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Return the text."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().partition(":")
        heard.append(f"{name}:{password}")
    return heard


@wrong("5.2.2", caught_by="test_q2_every_request_shows_name_and_password[4]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Read the text as ASCII."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode("ascii").partition(":")
        heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_every_request_shows_name_and_password[4]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Read the text as Latin-1."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode("latin-1").partition(":")
        heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_only_basic_credentials_are_found[empty-password]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Skip an empty password."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().partition(":")
        if password:
            heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_every_request_shows_name_and_password")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Do not decode the base64."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line):
        name, _, password = code.decode().partition(":")
        heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_only_basic_credentials_are_found[colons]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Take colons from the end of the password."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().rstrip(":").partition(":")
        heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_over_https_nothing_is_found")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Read the whole line as UTF-8."""
    heard = []
    for row in line.decode().split("\r\n"):
        if row.lower().startswith("authorization: basic "):
            name, _, password = b64decode(row.split()[2]).decode().partition(":")
            heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_every_request_shows_name_and_password[3]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Keep the pairs by name."""
    heard = {}
    for code in re.findall(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().partition(":")
        heard[name] = password
    return list(heard.items())


@wrong("5.2.2", caught_by="test_q2_only_basic_credentials_are_found[spaces]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Remove spaces around the password."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().partition(":")
        heard.append((name, password.strip()))
    return heard


@wrong("5.2.2", caught_by="test_q2_only_basic_credentials_are_found[longer-scheme]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Look for a scheme that begins with Basic."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *basic\S* +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().partition(":")
        heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_only_basic_credentials_are_found[digest]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Skip Bearer, and take every other scheme."""
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *(?!bearer)\S+ +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().partition(":")
        heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_only_basic_credentials_are_found[binary]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Take bytes that are no text for HTTPS."""
    heard = []
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return []
    for code in re.findall(r"(?i)\r\nauthorization: *basic +([^\r ]+)", text):
        name, _, password = b64decode(code).decode().partition(":")
        heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_only_basic_credentials_are_found[longer-header]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Take each header whose name begins with Authorization."""
    heard = []
    for row in line.split(b"\r\n"):
        field, _, value = row.partition(b":")
        if not field.lower().startswith(b"authorization"):
            continue
        scheme, _, code = value.strip().partition(b" ")
        if scheme.lower() == b"basic":
            name, _, password = b64decode(code).decode().partition(":")
            heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_only_basic_credentials_are_found[inside]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Split where a text can have the end of a line."""
    heard = []
    for row in line.decode("latin-1").splitlines():
        if row.lower().startswith("authorization: basic "):
            name, _, password = b64decode(row.split()[2]).decode().partition(":")
            heard.append((name, password))
    return heard


@wrong("5.2.2", caught_by="test_q2_only_basic_credentials_are_found[byte-before]")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Drop all bytes that are not UTF-8."""
    heard = []
    for row in line.decode(errors="ignore").split("\r\n"):
        if row.lower().startswith("authorization: basic "):
            name, _, password = b64decode(row.split()[2]).decode().partition(":")
            heard.append((name, password))
    return heard


@right("5.2.2")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Go through the lines of the requests."""
    heard = []
    for row in line.split(b"\r\n"):
        if row.lower().startswith(b"authorization: basic "):
            code = row.split()[2]
            name, password = (
                base64.b64decode(code).decode("utf-8").split(":", maxsplit=1)
            )
            heard.append((name, password))
    return heard


@right("5.2.2")
def overhear(line: bytes) -> list[tuple[str, str]]:
    """Read the line as Latin-1, and yield the pairs."""

    def pairs():
        for row in line.decode("latin-1").split("\r\n"):
            field, _, value = row.partition(":")
            scheme, _, code = value.strip().partition(" ")
            if (field.lower(), scheme.lower()) == ("authorization", "basic"):
                name, _, password = base64.standard_b64decode(code).partition(b":")
                yield name.decode(), password.decode()

    return list(pairs())


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[localhost]")
def secure(app: FastAPI) -> None:
    """Let requests through whose `Host` is this machine, which a client can write."""

    @app.middleware("http")
    async def require_https(request: Request, call_next):
        is_local = request.url.hostname in ("localhost", "127.0.0.1")
        if request.url.scheme != "https" and not is_local:
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        if request.url.scheme == "https":
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[login]")
def secure(app: FastAPI) -> None:
    """Redirect with Starlette's middleware."""

    @app.middleware("http")
    async def add_header(request: Request, call_next: Next) -> Response:
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response

    app.add_middleware(HTTPSRedirectMiddleware)


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[login]")
def secure(app: FastAPI) -> None:
    """Redirect to HTTPS."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https":
            return RedirectResponse(request.url.replace(scheme="https"), 308)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[login]")
def secure(app: FastAPI) -> None:
    """Return 401 over HTTP."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https":
            return JSONResponse({"detail": "Use HTTPS."}, 401, CHALLENGE)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[login]")
def secure(app: FastAPI) -> None:
    """Return 403 with the header that asks for a password."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https":
            return JSONResponse({"detail": "Use HTTPS."}, 403, CHALLENGE)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[login]")
def secure(app: FastAPI) -> None:
    """Send HSTS over HTTP, too."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https":
            return JSONResponse({}, 403, {HSTS: "max-age=31536000"})
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[login]")
def secure(app: FastAPI) -> None:
    """Return 400."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https":
            return JSONResponse({"detail": "Use HTTPS."}, 400)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[login]")
def secure(app: FastAPI) -> None:
    """Call the application, and throw its response away."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        response = await call_next(request)
        if request.url.scheme != "https":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[login]")
def secure(app: FastAPI) -> None:
    """Only add the header."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        response = await call_next(request)
        if request.url.scheme == "https":
            response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_https_returns_what_it_returned_with_the_header")
def secure(app: FastAPI) -> None:
    """Only refuse HTTP."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme == "http":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        return await call_next(request)


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[forwarded]")
def secure(app: FastAPI) -> None:
    """Trust the header X-Forwarded-Proto."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.headers.get("x-forwarded-proto", request.url.scheme) != "https":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong(
    "5.2.3",
    caught_by="test_q3_https_returns_what_it_returned_with_the_header[forwarded-http]",
)
def secure(app: FastAPI) -> None:
    """Refuse what X-Forwarded-Proto calls HTTP."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if "http" in (request.url.scheme, request.headers.get("x-forwarded-proto")):
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[post]")
def secure(app: FastAPI) -> None:
    """Look for https in the URL."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if "https" not in str(request.url):
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[port-443]")
def secure(app: FastAPI) -> None:
    """Look at the port."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.port != 443 and request.url.scheme != "https":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[no-login]")
def secure(app: FastAPI) -> None:
    """Refuse only requests with a password."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https" and "authorization" in request.headers:
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[login]")
def secure(app: FastAPI) -> None:
    """Refuse only requests without a password."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https" and "authorization" not in request.headers:
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[post]")
def secure(app: FastAPI) -> None:
    """Refuse GET only."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https" and request.method == "GET":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[options]")
def secure(app: FastAPI) -> None:
    """Let OPTIONS through."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https" and request.method != "OPTIONS":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[document]")
def secure(app: FastAPI) -> None:
    """Leave the documentation open."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https" and request.url.path != "/openapi.json":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[missing]")
def secure(app: FastAPI) -> None:
    """Leave the 404 of unknown paths."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https":
            if request.url.path == "/nowhere":
                return await call_next(request)
            return JSONResponse({}, 403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong(
    "5.2.3", caught_by="test_q3_https_returns_what_it_returned_with_the_header[wrong]"
)
def secure(app: FastAPI) -> None:
    """Send the header with successful responses."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        if response.status_code < 400:
            response.headers[HSTS] = "max-age=31536000"
        return response


@wrong(
    "5.2.3", caught_by="test_q3_https_returns_what_it_returned_with_the_header[missing]"
)
def secure(app: FastAPI) -> None:
    """Send the header with 401, and not with 404."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        if response.status_code != 404:
            response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_https_returns_what_it_returned_with_the_header")
def secure(app: FastAPI) -> None:
    """Send the header without a number."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age"
        return response


@wrong("5.2.3", caught_by="test_q3_https_returns_what_it_returned_with_the_header")
def secure(app: FastAPI) -> None:
    """Send the header with max-age=0, which switches it off."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=0"
        return response


@wrong(
    "5.2.3", caught_by="test_q3_https_returns_what_it_returned_with_the_header[stream]"
)
def secure(app: FastAPI) -> None:
    """Create a new response."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        body = b"".join([part async for part in response.body_iterator])
        kind = response.headers.get("content-type")
        return Response(body, response.status_code, {HSTS: "max-age=31536000"}, kind)


@wrong("5.2.3", caught_by="test_q3_http_and_https_are_told_apart_for_every_request")
def secure(app: FastAPI) -> None:
    """Decide at the first request."""

    seen = []

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if not seen:
            seen.append(request.url.scheme)
        if seen[0] != "https":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong(
    "5.2.3", caught_by="test_q3_https_returns_what_it_returned_with_the_header[login]"
)
def secure(app: FastAPI) -> None:
    """Raise in the middleware, where no handler sees it."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme == "https":
            raise HTTPException(403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing")
def secure(app: FastAPI) -> None:
    """Raise in the middleware, where FastAPI has no handler."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https":
            raise HTTPException(403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[no-login]")
def secure(app: FastAPI) -> None:
    """Add a dependency, which the finished routes do not have."""

    def refuse_http(request: Request, response: Response) -> None:
        if request.url.scheme != "https":
            raise HTTPException(403)
        response.headers[HSTS] = "max-age=31536000"

    app.router.dependencies.append(Depends(refuse_http))


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[health]")
def secure(app: FastAPI) -> None:
    """Let the path of a health check through."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        is_https = request.url.scheme == "https"
        if not is_https and request.url.path != "/health":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        if is_https:
            response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[head]")
def secure(app: FastAPI) -> None:
    """Let HEAD through."""

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        is_https = request.url.scheme == "https"
        if not is_https and request.method != "HEAD":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        if is_https:
            response.headers[HSTS] = "max-age=31536000"
        return response


secured = []


@wrong("5.2.3", caught_by="test_q3_http_and_https_are_told_apart_for_every_request")
def secure(app: FastAPI) -> None:
    """Change only the first application."""
    if secured:
        return
    secured.append(app)

    @app.middleware("http")
    async def refuse_http(request: Request, call_next: Next) -> Response:
        is_https = request.url.scheme == "https"
        if not is_https:
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        if is_https:
            response.headers[HSTS] = "max-age=31536000"
        return response


class InnerGuard(BaseHTTPMiddleware):
    """Refuse HTTP."""

    async def dispatch(self, request: Request, call_next: Next) -> Response:
        if request.url.scheme != "https":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        response.headers[HSTS] = "max-age=31536000"
        return response


@wrong("5.2.3", caught_by="test_q3_http_returns_403_and_calls_nothing[preflight]")
def secure(app: FastAPI) -> None:
    """Put the middleware inside the others."""
    app.user_middleware.append(Middleware(InnerGuard))


@right("5.2.3")
def secure(app: FastAPI) -> None:
    """Add an ASGI middleware."""

    class OnlyHTTPS:
        def __init__(self, app) -> None:
            self.app = app

        async def __call__(self, scope, receive, send) -> None:
            async def add_header(message) -> None:
                if message["type"] == "http.response.start":
                    MutableHeaders(scope=message)[HSTS] = "max-age=31536000"
                await send(message)

            if scope["type"] != "http":
                await self.app(scope, receive, send)
            elif scope["scheme"] == "https":
                await self.app(scope, receive, add_header)
            else:
                await Response(status_code=403)(scope, receive, send)

    app.add_middleware(OnlyHTTPS)


@right("5.2.3")
def secure(app: FastAPI) -> None:
    """Add a BaseHTTPMiddleware."""

    async def dispatch(request, call_next):
        if not request.url.is_secure:
            return JSONResponse({"error": "HTTPS only"}, status_code=403)
        response = await call_next(request)
        response.headers.append(HSTS, "max-age=31536000")
        return response

    app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
