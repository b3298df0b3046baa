"""5.7  CSRF protection.

In a cross-site request forgery (CSRF), a page of an attacker lets the browser of a
patient send a request to the portal of a clinic. The browser attaches the patient's
cookie. The portal has to find out whether its own page made the request.
Notes: content/docs/fastapi/security/csrf-protection.md
"""

# region answer
# stub:
import hashlib
import hmac

# endregion
import secrets
from collections.abc import Callable
from html import escape
from typing import Annotated

from fastapi import Cookie, Depends, FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.types import ASGIApp, Receive, Scope, Send

PORTAL = "https://portal.example"  # the origin of the portal's pages
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})  # they change nothing

# Cheap, so that tests are fast. Use `PasswordHash.recommended()` in production.
hasher = PasswordHash([Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)])
PASSWORDS = {"ana": hasher.hash("tea and rain"), "mallory": hasher.hash("my account")}
NOBODY = hasher.hash(secrets.token_urlsafe())


class Sessions:
    """The patient for each session ID. A visitor who is not logged in is ""."""

    def __init__(self) -> None:
        self.patients: dict[str, str] = {}

    def start(self, response: Response, patient: str) -> str:
        """Start a session, send its ID in the cookie `session`, and return the ID."""
        session_id = secrets.token_urlsafe()
        self.patients[session_id] = patient
        # Hospitals show the portal inside their own pages, hence SameSite=None.
        response.set_cookie(
            "session", session_id, httponly=True, secure=True, samesite="none"
        )
        return session_id

    def log_in(self, response: Response, name: str, password: str) -> None:
        """Start a session of the patient, or raise 401 for a wrong password."""
        if not hasher.verify(password, PASSWORDS.get(name, NOBODY)):
            raise not_logged_in()
        self.start(response, name)

    def patient(self, session_id: str) -> str:
        """Return the patient who is logged in, or raise 401."""
        if not (patient := self.patients.get(session_id)):
            raise not_logged_in()
        return patient


def not_logged_in() -> HTTPException:
    """Return the exception for a request without a valid login."""
    return HTTPException(401, "Log in first.", {"WWW-Authenticate": "Session"})


def portal_app(sessions: Sessions, appointments: dict[str, str]) -> FastAPI:
    """5.7.1  How do you implement CSRF protection in a FastAPI app?

    A page of an attacker posts a form to `/cancel`. The browser attaches the cookie,
    and the appointment is cancelled. Another page posts the attacker's own password to
    `/login` (login CSRF). Then the patient writes into the attacker's account. With
    each form, browsers send the origin of the page, in the header `Origin`. Check it.

    - If the method of a request is not in `SAFE_METHODS`, and its `Origin` is not
      exactly `PORTAL`, return 403. The endpoint does not run. No `Origin` is also 403.
    - This holds for every endpoint of the application, also for one that is added
      after `portal_app` has returned.
    - Requests with a safe method work as today, whatever their `Origin` is.

    Given:
        All endpoints are path operations, as `/cancel` is. No application is mounted,
        and there are no WebSockets. A request has at most one header `Origin`.
        If no endpoint would run (404, 405, a body that cannot be parsed), the status
        code may stay as it is.

    Example:
        POST /cancel  Origin: https://portal.example  ->  200
        POST /cancel  Origin: https://evil.example    ->  403
    """
    # region answer
    # In words: A browser sends cookies with a request, whichever page made it. So the
    # cookie proves who the user is, but not that the user wants this. The server needs
    # something that a page of another site cannot choose: the header `Origin`, which
    # the browser writes itself, or a secret token. It checks every request that
    # changes something, the login included.

    def check_origin(request: Request) -> None:
        is_safe = request.method in SAFE_METHODS
        if not is_safe and request.headers.get("Origin") != PORTAL:
            raise HTTPException(403, "Another site made this request.")

    app = FastAPI(dependencies=[Depends(check_origin)])
    # stub: app = FastAPI()
    # endregion

    @app.post("/login", status_code=204)
    def log_in(
        name: Annotated[str, Form()],
        password: Annotated[str, Form()],
        response: Response,
    ) -> None:
        sessions.log_in(response, name, password)

    @app.post("/cancel")
    def cancel(session: Annotated[str, Cookie()] = "") -> str:
        return f"cancelled: {appointments.pop(sessions.patient(session), 'nothing')}"

    @app.get("/appointment")
    def read_appointment(session: Annotated[str, Cookie()] = "") -> str:
        return appointments.get(sessions.patient(session), "none")

    return app


class FormTokens:
    """5.7.2  What is the role of CSRF tokens in API security?

    `form_app` below puts a token into each form, and reads it when the form is posted.
    A page of an attacker can post the form, but it cannot read the token from the
    portal's page. Write both methods.

    - `is_valid` returns True for a token that `create` returned for the same session
      ID, also if another process created it with the same key. Do not store tokens.
    - `is_valid` returns False for any other text, without an exception. This includes
      the token of another session and a token that was created with another key.
    - Nobody without `self.key` can create or guess a token. A token has at least 22
      characters, and the session ID cannot be read from it.
    - Compare with `hmac.compare_digest`, not with `==`, whose time tells how much of
      the token is right.

    Given:
        `self.key` has 32 random bytes. It is used for nothing else.
        The session ID is ASCII text. The token comes from the client: it is any `str`,
        perhaps one that cannot be encoded as UTF-8.

    Example:
        create("Zk3x9...")  ->  "f4c1..."
        is_valid("Zk3x9...", "f4c1...")  ->  True
        is_valid("Qw8r2...", "f4c1...")  ->  False
    """

    def __init__(self, key: bytes) -> None:
        self.key = key

    def create(self, session_id: str) -> str:
        """Return a token for the forms of this session."""
        # region answer
        # In words: The cookie comes with every request, so it does not show that the
        # portal's own page made the request. The token does: the browser does not
        # attach it by itself, and a page of another origin cannot read it. It has to be
        # bound to the session. Otherwise an attacker uses a token from their own form.
        return hmac.new(self.key, session_id.encode(), hashlib.sha256).hexdigest()
        # endregion

    def is_valid(self, session_id: str, token: str) -> bool:
        """Return whether this is a token for the forms of this session."""
        # region answer
        expected = self.create(session_id)
        return token.isascii() and hmac.compare_digest(expected, token)
        # endregion


def form_app(
    tokens: FormTokens, sessions: Sessions, appointments: dict[str, str]
) -> FastAPI:
    """Return the portal with HTML forms. A visitor has a session before the login."""
    app = FastAPI()

    def check_token(
        csrf_token: Annotated[str, Form()] = "", session: Annotated[str, Cookie()] = ""
    ) -> str:
        is_known = session in sessions.patients
        if not is_known or not tokens.is_valid(session, csrf_token):
            raise HTTPException(403, "The form has no valid token.")
        return session

    Session = Annotated[str, Depends(check_token)]  # noqa: N806 - a type

    @app.get("/form", response_class=HTMLResponse)
    def show_form(response: Response, session: Annotated[str, Cookie()] = "") -> str:
        if session not in sessions.patients:
            session = sessions.start(response, "")
        token = escape(tokens.create(session))
        return f'<input type="hidden" name="csrf_token" value="{token}">'

    @app.post("/login", status_code=204)
    def log_in(
        session: Session,
        name: Annotated[str, Form()],
        password: Annotated[str, Form()],
        response: Response,
    ) -> None:
        sessions.log_in(response, name, password)
        sessions.patients.pop(session, None)

    @app.post("/cancel")
    def cancel(session: Session) -> str:
        return f"cancelled: {appointments.pop(sessions.patient(session), 'nothing')}"

    return app


class CsrfMiddleware:
    """5.7.3  Write a FastAPI middleware to validate CSRF tokens.

    The scripts of the portal's pages send the token in the header `X-CSRF-Token`. A
    form of another site cannot send this header. Finish the ASGI middleware. It checks
    each HTTP request whose method is not in `SAFE_METHODS`, before the application.

    - Call `self.is_valid(session_id, token)`, with the session ID in the cookie
      `session` and the token in the header. If it returns True, call the application.
    - If it returns False, return 403. Also return 403 if the cookie or the header is
      missing or empty. The application does not run then.
    - Do not check requests with a safe method. The lifespan also reaches the
      application.
    - Do not read the body, also where you return 403. The application receives each
      part as soon as it arrives.

    Given:
        The application has no WebSockets.

    Example:
        app.add_middleware(CsrfMiddleware, is_valid=tokens.is_valid)
        POST /cancel  Cookie: session=Zk3x9...  X-CSRF-Token: f4c1...  ->  200
        POST /cancel  Cookie: session=Zk3x9...                         ->  403
    """

    def __init__(self, app: ASGIApp, is_valid: Callable[[str, str], bool]) -> None:
        self.app = app
        self.is_valid = is_valid

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the request, and call the application."""
        # region answer
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            request = Request(scope)  # without `receive`, it cannot read the body
            session_id = request.cookies.get("session")
            token = request.headers.get("X-CSRF-Token")
            if not (session_id and token and self.is_valid(session_id, token)):
                refusal = JSONResponse({"detail": "The CSRF token is not valid."}, 403)
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)
        # endregion
