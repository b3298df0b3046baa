"""5.2  Basic Authentication.

With Basic Authentication, the client sends a name and a password in a header of every
request. Every HTTP client and every browser knows it, and it needs HTTPS.
Notes: content/docs/fastapi/security/basic-authentication.md
"""

# region answer
import re
import secrets
from base64 import b64decode
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from starlette.middleware.base import RequestResponseEndpoint

# stub: import secrets
# stub: from base64 import b64decode
# stub: from typing import Annotated
# stub:
# stub: from fastapi import Depends, FastAPI, HTTPException, Request, Response
# stub: from fastapi.responses import JSONResponse
# stub: from fastapi.security import HTTPBasic, HTTPBasicCredentials
# endregion


def queue() -> list[int]:
    """Return the numbers of the patients who wait right now."""
    return [14, 15]


def same(one: bytes, other: bytes) -> bool:
    """Compare two secrets. The time it takes does not show where they differ."""
    return secrets.compare_digest(one, other)


def screen_app(name: str, password: str) -> FastAPI:
    """5.2.1  Write a FastAPI endpoint with Basic Authentication.

    A screen in the waiting room shows who is next. It logs in with `name` and
    `password`. Add the endpoint `GET /queue` with Basic Authentication.

    - If name and password are right, return what `queue()` returns.
    - If one of them is wrong, or if the credentials are missing or not valid, return
      401 with the header `WWW-Authenticate: Basic realm="clinic"`.
    - Nobody can find out whether the name alone is right: compare the name and the
      password as bytes with `same`, and always compare both. The response to a wrong
      name is the same as the one to a wrong password.

    Given:
        `name` and `password` are ASCII text. If a request has other characters in its
        credentials, `HTTPBasic` itself returns the 401.

    Example:
        The application is screen_app("screen", "k3-Lw9:x").
        GET /queue  name: screen, password: k3-Lw9:x  ->  200  [14, 15]
        GET /queue  name: screen, password: guess     ->  401
    """
    app = FastAPI()

    # region answer
    basic = HTTPBasic(realm="clinic")

    @app.get("/queue")
    def read_queue(login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
        is_name = same(login.username.encode(), name.encode())
        is_password = same(login.password.encode(), password.encode())
        if not (is_name and is_password):
            raise basic.make_not_authenticated_error()
        return queue()

    # endregion

    return app


def overhear(line: bytes) -> list[tuple[str, str]]:
    r"""5.2.2  What are the security risks of Basic Authentication?

    The clinic asks you to show the greatest risk. `line` holds all bytes that a program
    sent to the server on one connection, as somebody on the network records them. Find
    the names and passwords in it.

    - Return `(name, password)` for each request that has a header like
      `Authorization: Basic YW5hOnRlYTo5`, in the order of the requests.
    - The first colon ends the name. The password can contain more colons.
    - Skip requests that do not have this header, or that have another scheme, such as
      Bearer. If the connection used HTTPS, return an empty list.

    Given:
        Each line of a header ends with b"\r\n". `Authorization` and `Basic` can be
        written in capital or small letters. YW5hOnRlYTo5 is the base64 code of
        "ana:tea:9". Names and passwords are in UTF-8. All codes after `Basic` are
        valid. The other bytes can have any value, but no body of a request has a line
        like this header.

    Example:
        overhear(b"GET / HTTP/1.1\r\nAuthorization: Basic YW5hOnRlYTo5\r\n\r\n")
        ->  [("ana", "tea:9")]
    """
    # region answer
    # In words: Base64 is no encryption: everybody can read it back. The password is in
    # every request, so one request is enough, and it also gets into logs that store
    # headers. It does not expire, and there is no logout: the browser sends it until it
    # is closed. And the server has to check a password, which is slow, every time.
    heard = []
    for code in re.findall(rb"(?i)\r\nauthorization: *basic +([^\r ]+)", line):
        name, _, password = b64decode(code).decode().partition(":")
        heard.append((name, password))
    return heard
    # endregion


def secure(app: FastAPI) -> None:
    """5.2.3  How do you secure Basic Authentication with HTTPS?

    `app` is the doctors' application, and its endpoints use `HTTPBasic`. Uvicorn serves
    it on two ports, one with HTTPS and one with HTTP. Over HTTP, `app` asks for the
    password too, and the browser sends it. Change `app`.

    - The response to every request over HTTP is 403, whatever its path is. It has no
      header `WWW-Authenticate`, so no browser asks for the password. No endpoint and no
      dependency is called.
    - Every request over HTTPS has the same response as today.
    - Every response over HTTPS, also a 401 or a 404, has one more header:
      `Strict-Transport-Security: max-age=31536000`. It tells the browser to use HTTPS
      from then on. Responses over HTTP do not have it.
    - Do not read the header `X-Forwarded-Proto`: everybody can write it. Uvicorn reads
      it, if it comes from a proxy that Uvicorn trusts.

    Given:
        `request.url.scheme` is "https" or "http", as Uvicorn knows it.
        `app` has no WebSockets, does not send `Strict-Transport-Security` itself, and
        its endpoints raise only HTTPExceptions. Its `CORSMiddleware` answers some
        requests before they reach an endpoint.

    Example:
        GET http://clinic.example/rounds   ->  403
        GET https://clinic.example/rounds  ->  401, as today
    """

    # region answer
    # In words: HTTPS encrypts the header with the password. But it helps only if the
    # password is never sent over HTTP. A redirect is too late: the client has sent the
    # password already, and nobody notices. So refuse HTTP, and do not ask for the
    # password there. HSTS tells browsers to use HTTPS only.
    @app.middleware("http")
    async def refuse_http(
        request: Request, call_next: RequestResponseEndpoint
    ) -> Response:
        if request.url.scheme != "https":
            return JSONResponse({"detail": "Use HTTPS."}, 403)
        response = await call_next(request)
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    # endregion
