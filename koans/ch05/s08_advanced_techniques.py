"""5.8  Advanced security techniques.

An application knows who sends a request. What this person may do depends on their role,
and often on the object as well. Headers tell the browser how to handle a response, and
a firewall in front of the application stops known attacks.
Notes: content/docs/fastapi/security/advanced-techniques.md
"""

import re
import secrets
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Annotated, Any
from urllib.parse import unquote_plus

import httpx
import jwt
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sensei import ___

Bearer = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


@dataclass(frozen=True)
class User:
    """A user of the patient portal. No two users have the same name."""

    name: str
    role: str


# Access tokens for tests. In production they are random.
SAMPLE_TOKENS = {"for-ana": User("ana", "user"), "for-eva": User("eva", "admin")}


def find_user(token: str) -> User | None:
    """Return the user with this access token, as the database knows them right now."""
    return SAMPLE_TOKENS.get(token)


def current_user(bearer: Bearer) -> User:
    """Return who sends the request. Without a valid token, the response is 401."""
    user = find_user(bearer.credentials)
    if user is None:
        raise HTTPException(
            401, "The token is not valid.", {"WWW-Authenticate": "Bearer"}
        )
    return user


CurrentUser = Annotated[User, Depends(current_user)]


def portal_app(accounts: APIRouter) -> FastAPI:
    """5.8.1  Implement RBAC in a FastAPI app for admin and user roles.

    The portal has two roles: "user" and "admin". The router `accounts` has the
    endpoints for admins. They do not check anything themselves. Write a dependency that
    checks the role, and include the router in the application with it.

    - `accounts` is included under the prefix `/accounts`. All its endpoints are for
      users with the role "admin".
    - For every other user the response is 403, and the endpoint does not run.
    - `GET /me` stays as it is, for both roles.

    Given:
        A parameter `user: CurrentUser` is the user who sends the request. Without a
        valid token, the response is 401.

    Example:
        DELETE /accounts/7, sent by a user with the role "user"  ->  403
    """
    app = FastAPI()

    @app.get("/me")
    def read_me(user: CurrentUser) -> str:
        return user.name

    raise NotImplementedError
    return app


SECURE_HEADERS = {
    "X-Content-Type-Options": "nosniff",  # do not guess the type of a response
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # do not tell other sites our URLs
}
ONE_YEAR_OF_HTTPS = "max-age=31536000; includeSubDomains"


def with_secure_headers(app: FastAPI) -> ASGIApp:
    """5.8.2  How do you configure secure headers (e.g., HSTS) in FastAPI?

    Return an ASGI application that serves `app` and adds headers to its responses. It
    is what Uvicorn runs.

    - Add each of `SECURE_HEADERS` to every response: also to 404, to 422, and to the
      500 after an exception in an endpoint. This exception still reaches Uvicorn, which
      logs it.
    - If the request came over HTTPS, also add `Strict-Transport-Security` with the
      value `ONE_YEAR_OF_HTTPS`. Do not add it to a response over HTTP.
    - If the response already has one of these headers, keep its value. This is also
      true for `Strict-Transport-Security`, over HTTP as well.
    - Only the scheme in the scope of the request decides whether it came over HTTPS. No
      header of the request does, because every client can send it.
    - `app` receives each request as it came. Its lifespan and its WebSockets work as
      before.

    Given:
        `app` has no exception handler for `Exception`. Starlette creates the 500 in its
        outermost layer, around all middlewares of `app`.
        The scope of a request has a `scheme`. The scope of the lifespan has none.

    Example:
        uvicorn.run(with_secure_headers(app), ssl_certfile=..., ssl_keyfile=...)
    """

    raise NotImplementedError


PATIENTS = ["Ana", "Ben", "Cleo"]


def search_app(is_repaired: bool) -> FastAPI:
    """Return the patients' search, with holes that this koan is about."""
    app = FastAPI()

    def find(name: str) -> list[str]:
        with closing(sqlite3.connect(":memory:")) as db:
            db.execute("CREATE TABLE patient (name)")
            db.executemany("INSERT INTO patient VALUES (?)", [(n,) for n in PATIENTS])
            query = "SELECT name FROM patient WHERE name = "
            if is_repaired:
                rows = db.execute(query + "?", [name])
            else:  # the text from the client becomes a part of the SQL
                rows = db.execute(query + f"'{name}'")
            return [name for (name,) in rows]

    app.get("/patients")(find)  # ?name=Ana  ->  ["Ana"]

    @app.post("/search")  # {"name": "Ana"}  ->  ["Ana"]
    def search(sent: dict[str, str]) -> list[str]:
        return find(sent["name"])

    @app.get("/records/{patient}")  # it does not check whose record this is
    def read_record(patient: str, user: CurrentUser) -> list[str]:
        return [patient]

    return app


# A quote, white space, "or", white space. Or "union", white space, "select".
ATTACK = re.compile(r"'\s+or\s|union\s+select", re.IGNORECASE)


def firewall(upstream: str) -> FastAPI:
    """Return a proxy that blocks attacks and sends other requests to `upstream`."""
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def forward(request: Request) -> Response:
        body, query = await request.body(), request.url.query
        if ATTACK.search(unquote_plus(query)) or ATTACK.search(body.decode("latin-1")):
            return Response(status_code=403)
        url = f"{request.scope['raw_path'].decode('latin-1')}?{query}"
        headers = {
            n: request.headers.get(n, "") for n in ("Authorization", "Content-Type")
        }
        async with httpx.AsyncClient(base_url=upstream, trust_env=False) as http:
            got = await http.request(request.method, url, content=body, headers=headers)
        return Response(got.content, got.status_code, media_type="application/json")

    return app


def names_received() -> dict[str, int]:
    r"""5.8.3  What are the benefits of using a WAF with FastAPI?

    A web application firewall (WAF) looks at each request before the application does.
    `firewall` above is a small one, in front of `search_app`. The patient Ana sends
    these requests to it. Predict how many names each response contains. If the firewall
    blocks the request, predict 403.

        injection:   GET  /patients?name=x'%20OR%201=1--
        comments:    GET  /patients?name=x'/**/OR/**/1=1--
        JSON:        POST /search  {"name": "x'\u0020OR 1=1--"}
        harmless:    GET  /patients?name=Union%20Select%20Care
        record:      GET  /records/Ben
        repaired:    the same request as "comments"

    - For "repaired", `search_app(is_repaired=True)` is behind the firewall. For the
      others, it is `search_app(is_repaired=False)`.

    Given:
        Ana has a valid access token, and sends it with each request.
        For SQL, `/**/` is a comment between two words, and `--` begins a comment.
        In JSON, `\u0020` is a space. The firewall sees these six characters.
    """
    return {
        "injection": ___,
        "comments": ___,
        "JSON": ___,
        "harmless": ___,
        "record": ___,
        "repaired": ___,
    }


@dataclass(frozen=True)
class Result:
    """A result from the laboratory. `patient` is the name of a user."""

    number: int
    patient: str
    text: str


def find_result(number: int) -> Result | None:
    """Return the result with this number, if there is one."""
    results = {1: Result(1, "ana", "All values are normal.")}
    return results.get(number)


def treats(doctor: str, patient: str) -> bool:
    """Return whether this doctor treats this patient right now."""
    return (doctor, patient) == ("kim", "ana")


def results_app() -> FastAPI:
    """5.8.4  Write a FastAPI endpoint that restricts access based on user roles.

    Patients and doctors read results from the laboratory. A role alone is not enough:
    it also matters who the patient of the result is. Write the endpoint
    `GET /results/{number}`.

    - A user with the role "patient" can read the results of which they are the patient.
    - A user with the role "doctor" can read the results of patients whom they treat,
      and no others. If they are the patient of a result, this alone is not enough.
    - For a result that a patient or doctor may not read, and for a number without a
      result, the responses are the same: 404 with the same body. So nobody can find out
      which numbers exist.
    - For every other role the response is 403, whether or not there is such a result.

    Given:
        `CurrentUser` is the one of 5.8.1. Without a valid token, the response is 401.
        Your parameter `number` is an `int`. For other text, FastAPI returns 422.
        `treats` can still contain a former doctor, who now has the role "patient".

    Example:
        GET /results/1, sent by the patient ana  ->  200
            {"number": 1, "patient": "ana", "text": "All values are normal."}
    """
    app = FastAPI()

    raise NotImplementedError
    return app


# In production the key comes from the settings, the same for all processes.
KEY = secrets.token_bytes(32)


def find_role(name: str) -> str | None:
    """Return the role of this account in the database right now, if it still exists."""
    return {"kim": "doctor", "ana": "patient"}.get(name)


def issue_token(name: str) -> str:
    """Return a JWT for this account, with its role. It is valid for five minutes."""
    expires = datetime.now(UTC) + timedelta(minutes=5)
    claims = {"sub": name, "role": find_role(name), "exp": expires}
    return jwt.encode(claims, KEY, algorithm="HS256")


def verified_claims(bearer: Bearer) -> dict[str, Any]:
    """Return the claims of the token. If it is not valid, the response is 401."""
    try:
        claims: dict[str, Any] = jwt.decode(
            bearer.credentials,
            KEY,
            algorithms=["HS256"],
            options={"require": ["sub", "exp"]},
        )
    except jwt.InvalidTokenError:
        headers = {"WWW-Authenticate": "Bearer"}
        raise HTTPException(401, "The token is not valid.", headers) from None
    return claims


Claims = Annotated[dict[str, Any], Depends(verified_claims)]


def ward_app(prescriptions: list[str]) -> FastAPI:
    """5.8.5  How do you integrate RBAC with JWT in FastAPI?

    `issue_token` writes the role of an account into its token. This role is a copy: if
    somebody is no longer a doctor, their token still says "doctor" until it expires.
    Both endpoints below are for doctors. Write their dependencies `may_read` and
    `may_prescribe`.

    - `GET /prescriptions` has to be fast. The role in the token decides, and
      `find_role` is not called.
    - `POST /prescriptions` has to be safe. Only the role that `find_role` returns now
      decides, not the role in the token.
    - If the role that decides is not "doctor", or is missing, the response is 403, and
      nothing is prescribed.

    Given:
        `claims: Claims` are the verified claims of the token. `sub` is the name of the
        account. A token from another service can have no claim `role`.

    Example:
        Kim has a token with the role "doctor". Then Kim becomes a patient.
        GET /prescriptions                ->  200
        POST /prescriptions?drug=aspirin  ->  403
    """
    app = FastAPI()

    raise NotImplementedError
    @app.get("/prescriptions", dependencies=[Depends(may_read)])
    def read_prescriptions() -> list[str]:
        return prescriptions

    @app.post("/prescriptions", status_code=201, dependencies=[Depends(may_prescribe)])
    def prescribe(drug: str) -> None:
        prescriptions.append(drug)

    return app


def now() -> float:
    """Return the seconds of a clock that only goes forward."""
    return time.monotonic()


class Roles:
    """5.8.6  What are the challenges of scaling RBAC in a microservices architecture?

    One service stores the roles of all users. The appointment service runs elsewhere,
    and asks it with `fetch(user)`. If each request did that, the role service would be
    too slow. And without the role service, nothing would work. So the appointment
    service keeps the answers for a while. Write `has`. It runs in several threads.

    - `has(user, role)` returns whether `user` has exactly this role.
    - It calls `fetch` only if it knows no answer for this user, or if the answer is too
      old. An answer is too old `seconds` after its call of `fetch` began. The clock is
      `now()`.
    - After `forget(user)`, the next `has` calls `fetch` again. If `forget` is called
      while a `fetch` for this user runs, its answer can be old. Do not keep it. Only
      the `has` that waits for this answer may use it.
    - Do not hold `lock` while `fetch` runs. Otherwise `forget` and other users wait.
    - If `fetch` has to be called and raises `httpx.HTTPError`, return False, and try
      again at the next call. Other exceptions are raised.

    Given:
        `fetch` returns the role of the user, or None for an unknown user, which is an
        answer, too.
        `forget` is called when a role changes. `forgotten[user]` is the number of its
        calls for this user. It changes `forgotten` and `known` while it holds `lock`.

    Example:
        roles = Roles(fetch, seconds=30)
        roles.has("kim", "doctor")  ->  True, with one call of `fetch`
        roles.has("kim", "admin")   ->  False, without a call
    """

    def __init__(self, fetch: Callable[[str], str | None], seconds: float) -> None:
        self.fetch = fetch
        self.seconds = seconds
        # For each user: when `fetch` was called, and what it returned.
        self.known: dict[str, tuple[float, str | None]] = {}
        self.forgotten: Counter[str] = Counter()
        self.lock = Lock()

    def forget(self, user: str) -> None:
        """Drop the answer for this user."""
        with self.lock:
            self.forgotten[user] += 1
            self.known.pop(user, None)

    def has(self, user: str, role: str) -> bool:
        """Return whether the user has this role."""
        raise NotImplementedError
