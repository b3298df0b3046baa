"""5.10  Secure cookie-based authentication.

After the login, the server sends a cookie with a session ID. The browser stores the
cookie, and sends it with each request to this server. Whoever has the ID is logged in.
Notes: content/docs/fastapi/security/cookie-authentication.md
"""

import secrets
from typing import Annotated

# region answer
from fastapi import Cookie, Depends, FastAPI, Form, HTTPException, Response

# stub: from fastapi import Cookie, Depends, FastAPI, Form, Header, HTTPException
# stub: from fastapi import Response
# endregion
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

# Cheap, so that tests are fast. Use `PasswordHash.recommended()` in production.
hasher = PasswordHash([Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)])
PASSWORDS = {"ana": hasher.hash("tea and rain"), "ben": hasher.hash("blue bicycle")}
NOBODY = hasher.hash(secrets.token_urlsafe())


def is_password(name: str, password: str) -> bool:
    """Return whether this patient exists and has this password."""
    return hasher.verify(password, PASSWORDS.get(name, NOBODY))


def not_logged_in() -> HTTPException:
    """Return the exception for a request without a valid login."""
    return HTTPException(401, "Log in first.", {"WWW-Authenticate": "Session"})


def portal_app(sessions: dict[str, str]) -> FastAPI:
    """5.10.1  Write a FastAPI app that uses secure cookies for authentication.

    Patients log in to the portal of a clinic. `sessions` contains the name of the
    patient for each session ID. Finish `log_in` and `current_patient`.

    - After the password check, `log_in` stores the name in `sessions` under a new
      session ID, made of at least 16 random bytes. It never takes an ID from the
      request. The sessions of other browsers stay.
    - `log_in` sends the ID in the cookie `session`. Its path is `/`, and it has the
      attributes `HttpOnly`, `Secure` and `SameSite=Lax`, but no `Domain`.
    - `current_patient` returns the name of the patient whose session ID is in the
      cookie. If the cookie is missing, or its ID is not in `sessions`, it raises
      `not_logged_in()`.

    Given:
        Another program removes IDs from `sessions` when they are eight hours old.
        A UUID of version 4 counts as 16 random bytes.

    Example:
        POST /login  name=ana&password=...  ->  204  Set-Cookie: session=0Zk3...; ...
        GET /me      Cookie: session=0Zk3...  ->  200  "ana"
    """
    app = FastAPI()

    @app.post("/login", status_code=204)
    def log_in(
        name: Annotated[str, Form()],
        password: Annotated[str, Form()],
        response: Response,
    ) -> None:
        if not is_password(name, password):
            raise not_logged_in()
        # region answer
        session_id = secrets.token_urlsafe()
        sessions[session_id] = name
        response.set_cookie(
            "session", session_id, httponly=True, secure=True, samesite="lax"
        )
        # endregion

    def current_patient(session: Annotated[str, Cookie()] = "") -> str:
        # region answer
        patient = sessions.get(session)
        if patient is None:
            raise not_logged_in()
        return patient
        # endregion

    @app.get("/me")
    def read_me(patient: Annotated[str, Depends(current_patient)]) -> str:
        return patient

    return app


class SessionCookie:
    """5.10.2  How do you configure HTTP-only and secure cookies in FastAPI?

    Several endpoints of the portal send the cookie `__Host-session`, or delete it.
    Configure it in one place: write both methods.

    - `store` sends the cookie. Scripts cannot read it. The browser keeps it for eight
      hours (28800 seconds), and sends it over HTTPS only.
    - If a page of another site posts a form to the portal, the browser does not send
      the cookie. If a patient follows a link from another site, the browser sends it.
    - After `remove`, the browser does not have the cookie any more. All other cookies
      stay, also those that the same response sets.

    Given:
        If the name of a cookie starts with `__Host-`, a browser ignores `Set-Cookie`
        unless it has `Secure`, `Path=/` and no `Domain`. This also holds for the
        `Set-Cookie` that deletes the cookie.
    """

    name = "__Host-session"

    def store(self, response: Response, value: str) -> None:
        """Add the cookie to the response. Its value is a session ID."""
        # region answer
        # In words: `set_cookie` sets no protective attribute but `SameSite=Lax` unless
        # you say so. `HttpOnly` hides the cookie from scripts, `Secure` keeps it off
        # plain HTTP, and `SameSite` decides whether requests of other sites carry it.
        # The prefix `__Host-` lets the browser enforce `Secure`, and keeps a subdomain
        # from setting the cookie. To delete a cookie, repeat its attributes.
        response.set_cookie(
            self.name, value, max_age=28800, secure=True, httponly=True, samesite="lax"
        )
        # endregion

    def remove(self, response: Response) -> None:
        """Let the browser delete the cookie when it receives the response."""
        # region answer
        response.delete_cookie(self.name, secure=True, httponly=True, samesite="lax")
        # endregion


def x_ray(patient: str) -> bytes:
    """Return the latest X-ray picture of a patient."""
    return f"picture of {patient}".encode()


def x_ray_app(sessions: dict[str, str]) -> FastAPI:
    """5.10.3  What are the advantages of cookie-based authentication over token-based?

    Today the login returns the session ID as a token. The page's JavaScript sends it in
    the header `Authorization`. A script that an attacker brought into the page can read
    it. `<img src="/x-ray">` shows no picture, because the browser does not send it.
    Send the ID in a cookie instead. As today, each login creates a new random ID.

    - No script can read the session ID in a response or in the cookie. The browser
      sends the cookie over HTTPS only. If a page of another site posts a form, the
      browser does not send the cookie.
    - `GET /x-ray` returns the picture if the browser sends the cookie, without any
      other header. An ID in the URL or in the header `Authorization` is not accepted.
      Without a valid session, `GET /x-ray` and `POST /logout` return 401, as today.
    - `POST /logout` removes the session from `sessions`, so that a copy of the cookie
      is not valid any more. The browser deletes the cookie. Other sessions stay.

    Given:
        You choose the name of the cookie, and the body of the login's response.
        Browsers use HTTPS. A proxy decrypts it, and sends HTTP to the application.

    Example:
        POST /login  name=ana&password=...  ->  a response that sets the cookie
        GET /x-ray   (with the cookie)      ->  200  image/png
        POST /logout (with the cookie)      ->  204
        GET /x-ray   (with the old cookie)  ->  401
    """
    app = FastAPI()

    @app.post("/login")
    def log_in(
        name: Annotated[str, Form()],
        password: Annotated[str, Form()],
        response: Response,
    ) -> dict[str, str]:
        if not is_password(name, password):
            raise not_logged_in()
        session_id = secrets.token_urlsafe()
        sessions[session_id] = name
        # region answer
        # In words: A cookie can be `HttpOnly`: an injected script cannot read it, but
        # it can read every token that the page's own scripts can read. The browser
        # sends the cookie by itself, also for images, links and downloads. The server
        # can limit it with attributes. The price is CSRF: the browser also sends it
        # when another site makes the request, unless `SameSite` or a check prevents it.
        response.set_cookie(
            "session_id", session_id, httponly=True, secure=True, samesite="lax"
        )
        return {"name": name}
        # stub: return {"token": session_id}
        # endregion

    # region answer
    # stub: def current_session(authorization: Annotated[str, Header()] = "") -> str:
    # stub:     session_id = authorization.removeprefix("Bearer ")
    def current_session(session_id: Annotated[str, Cookie()] = "") -> str:
        # endregion
        if session_id not in sessions:
            raise not_logged_in()
        return session_id

    @app.post("/logout", status_code=204)
    def log_out(
        session_id: Annotated[str, Depends(current_session)], response: Response
    ) -> None:
        """End the session."""
        # region answer
        sessions.pop(session_id, None)
        response.delete_cookie("session_id", httponly=True, secure=True)
        # stub: # The page's JavaScript forgets the token.
        # endregion

    @app.get("/x-ray")
    def read_x_ray(session_id: Annotated[str, Depends(current_session)]) -> Response:
        picture = x_ray(sessions[session_id])
        return Response(picture, 200, {"Cache-Control": "no-store"}, "image/png")

    return app
