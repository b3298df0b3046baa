"""Other answers to section 5.10."""

import hashlib
import random
import time
import uuid

import jwt
from fastapi import Header, Request
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyCookie

from sensei.variants import right, wrong


def portal(start, current_patient):
    """Return the portal, with these two answers in it."""
    app = FastAPI()

    @app.post("/login", status_code=204)
    def log_in(
        request: Request,
        name: Annotated[str, Form()],
        password: Annotated[str, Form()],
        response: Response,
    ) -> None:
        if not is_password(name, password):
            raise not_logged_in()
        start(name, request, response)

    @app.get("/me")
    def read_me(patient: Annotated[str, Depends(current_patient)]) -> str:
        return patient

    return app


SAFE = {"httponly": True, "secure": True, "samesite": "lax"}


def start_in(sessions, new_id=secrets.token_urlsafe, name="session", **attributes):
    """Return a correct `start`, in which one thing may be changed."""

    def start(patient, request, response):
        session_id = new_id()
        sessions[session_id] = patient
        response.set_cookie(name, session_id, **{**SAFE, **attributes})

    return start


def patient_in(sessions):
    """Return a correct `current_patient`."""

    def current_patient(session: Annotated[str, Cookie()] = "") -> str:
        if session not in sessions:
            raise not_logged_in()
        return sessions[session]

    return current_patient


@wrong("5.10.1", caught_by="test_q1_an_id_outside_the_cookie_is_not_accepted[URL]")
def portal_app(sessions):
    """Read the ID from the URL if there is no cookie."""

    def current_patient(
        request: Request, session: Annotated[str, Cookie()] = ""
    ) -> str:
        session_id = session or request.query_params.get("session", "")
        if session_id not in sessions:
            raise not_logged_in()
        return sessions[session_id]

    return portal(start_in(sessions), current_patient)


@wrong(
    "5.10.1",
    caught_by="test_q1_an_id_from_the_request_is_not_used[known-to-the-attacker-0123]",
)
def portal_app(sessions):
    """Take the ID that an app sends in a header."""

    def start(name, request, response):
        planted = request.headers.get("x-session-id")
        start_in(sessions, lambda: planted or secrets.token_urlsafe())(
            name, request, response
        )

    return portal(start, patient_in(sessions))


@wrong("5.10.1", caught_by="test_q1_the_cookie_has_its_attributes[HttpOnly]")
def portal_app(sessions):
    """Let scripts read the cookie."""
    return portal(start_in(sessions, httponly=False), patient_in(sessions))


@wrong("5.10.1", caught_by="test_q1_the_cookie_has_its_attributes[Secure]")
def portal_app(sessions):
    """Send the cookie over HTTP as well."""
    return portal(start_in(sessions, secure=False), patient_in(sessions))


@wrong("5.10.1", caught_by="test_q1_the_cookie_has_its_attributes[SameSite]")
def portal_app(sessions):
    """Choose SameSite=None."""
    return portal(start_in(sessions, samesite="none"), patient_in(sessions))


@wrong("5.10.1", caught_by="test_q1_the_cookie_has_its_attributes[SameSite]")
def portal_app(sessions):
    """Leave SameSite out."""
    return portal(start_in(sessions, samesite=None), patient_in(sessions))


@wrong("5.10.1", caught_by="test_q1_the_cookie_is_for_one_host")
def portal_app(sessions):
    """Send the cookie to all hosts of the clinic."""
    return portal(start_in(sessions, domain="clinic.example"), patient_in(sessions))


@wrong("5.10.1", caught_by="test_q1_the_cookie_has_its_attributes[Path]")
def portal_app(sessions):
    """Send the cookie to one path only."""
    return portal(start_in(sessions, path="/login"), patient_in(sessions))


@wrong(
    "5.10.1",
    caught_by="test_q1_the_cookie_has_the_id_under_which_the_name_is_stored[ana]",
)
def portal_app(sessions):
    """Choose another name for the cookie."""
    return portal(start_in(sessions, name="session_id"), patient_in(sessions))


@wrong("5.10.1", caught_by="test_q1_each_session_id_is_new_and_random")
def portal_app(sessions):
    """Send the name of the patient as the cookie."""

    def start(patient, request, response):
        sessions[patient] = patient
        response.set_cookie("session", patient, **SAFE)

    return portal(start, patient_in(sessions))


@wrong(
    "5.10.1",
    caught_by="test_q1_the_cookie_has_the_id_under_which_the_name_is_stored[ana]",
)
def portal_app(sessions):
    """End all other sessions of the portal."""

    def start(patient, request, response):
        sessions.clear()
        start_in(sessions)(patient, request, response)

    return portal(start, patient_in(sessions))


@wrong("5.10.1", caught_by="test_q1_each_session_id_is_new_and_random")
def portal_app(sessions):
    """Create the ID with the module `random`."""

    def new_id():
        return "".join(random.choices("abcdefghijklmnop0123456789", k=40))

    return portal(start_in(sessions, new_id), patient_in(sessions))


@wrong("5.10.1", caught_by="test_q1_each_session_id_is_new_and_random")
def portal_app(sessions):
    """Create the ID from the clock and the machine's address."""
    return portal(start_in(sessions, lambda: str(uuid.uuid1())), patient_in(sessions))


@wrong("5.10.1", caught_by="test_q1_each_session_id_is_new_and_random")
def portal_app(sessions):
    """Create an ID that is too short."""
    return portal(
        start_in(sessions, lambda: secrets.token_urlsafe(8)), patient_in(sessions)
    )


@wrong("5.10.1", caught_by="test_q1_each_session_id_is_new_and_random")
def portal_app(sessions):
    """Hash the name of the patient."""

    def start(patient, request, response):
        session_id = hashlib.sha256(patient.encode()).hexdigest()
        sessions[session_id] = patient
        response.set_cookie("session", session_id, **SAFE)

    return portal(start, patient_in(sessions))


@wrong("5.10.1", caught_by="test_q1_each_session_id_is_new_and_random")
def portal_app(sessions):
    """Hash the name of the patient and the time."""

    def start(patient, request, response):
        text = f"{patient}{time.time_ns()}"
        session_id = hashlib.sha256(text.encode()).hexdigest()
        sessions[session_id] = patient
        response.set_cookie("session", session_id, **SAFE)

    return portal(start, patient_in(sessions))


@wrong("5.10.1", caught_by="test_q1_each_session_id_is_new_and_random")
def portal_app(sessions):
    """Create one ID for the whole application."""
    session_id = secrets.token_urlsafe()
    return portal(start_in(sessions, lambda: session_id), patient_in(sessions))


@wrong(
    "5.10.1",
    caught_by="test_q1_an_id_from_the_request_is_not_used[known-to-the-attacker-0123]",
)
def portal_app(sessions):
    """Keep the ID that the browser has already."""

    def start(patient, request, response):
        session_id = request.cookies.get("session") or secrets.token_urlsafe()
        sessions[session_id] = patient
        response.set_cookie("session", session_id, **SAFE)

    return portal(start, patient_in(sessions))


@wrong("5.10.1", caught_by="test_q1_an_id_from_the_request_is_not_used[valid]")
def portal_app(sessions):
    """Keep the ID if it is in `sessions`."""

    def start(patient, request, response):
        session_id = request.cookies.get("session")
        if session_id not in sessions:
            session_id = secrets.token_urlsafe()
        sessions[session_id] = patient
        response.set_cookie("session", session_id, **SAFE)

    return portal(start, patient_in(sessions))


@wrong(
    "5.10.1",
    caught_by="test_q1_without_a_valid_session_the_response_is_401[none]",
)
def portal_app(sessions):
    """Trust that there is a session."""

    def current_patient(session: Annotated[str, Cookie()] = "") -> str:
        return sessions[session]

    return portal(start_in(sessions), current_patient)


@wrong(
    "5.10.1",
    caught_by="test_q1_without_a_valid_session_the_response_is_401[none]",
)
def portal_app(sessions):
    """Require the cookie as a parameter: 422 without it."""

    def current_patient(session: Annotated[str, Cookie()]) -> str:
        if session not in sessions:
            raise not_logged_in()
        return sessions[session]

    return portal(start_in(sessions), current_patient)


@wrong(
    "5.10.1",
    caught_by="test_q1_without_a_valid_session_the_response_is_401[unknown]",
)
def portal_app(sessions):
    """Call a patient without a session a guest."""

    def current_patient(session: Annotated[str, Cookie()] = "") -> str:
        return sessions.get(session, "guest")

    return portal(start_in(sessions), current_patient)


@wrong(
    "5.10.1",
    caught_by="test_q1_without_a_valid_session_the_response_is_401[name]",
)
def portal_app(sessions):
    """Also accept the name of a patient."""

    def current_patient(session: Annotated[str, Cookie()] = "") -> str:
        if session in sessions.values():
            return session
        if session not in sessions:
            raise not_logged_in()
        return sessions[session]

    return portal(start_in(sessions), current_patient)


@wrong(
    "5.10.1",
    caught_by="test_q1_without_a_valid_session_the_response_is_401[unknown]",
)
def portal_app(sessions):
    """Return 401 without its header."""

    def current_patient(session: Annotated[str, Cookie()] = "") -> str:
        if session not in sessions:
            raise HTTPException(401, "Log in first.")
        return sessions[session]

    return portal(start_in(sessions), current_patient)


@wrong(
    "5.10.1",
    caught_by="test_q1_without_a_valid_session_the_response_is_401[empty]",
)
def portal_app(sessions):
    """Accept a session that begins with the cookie."""

    def current_patient(session: Annotated[str, Cookie()] = "") -> str:
        for known, name in sessions.items():
            if known.startswith(session):
                return name
        raise not_logged_in()

    return portal(start_in(sessions), current_patient)


@wrong("5.10.1", caught_by="test_q1_a_session_is_looked_up_for_every_request")
def portal_app(sessions):
    """Remember who has been recognized."""
    known = {}

    def current_patient(session: Annotated[str, Cookie()] = "") -> str:
        if session in sessions:
            known[session] = sessions[session]
        if session not in known:
            raise not_logged_in()
        return known[session]

    return portal(start_in(sessions), current_patient)


@wrong("5.10.1", caught_by="test_q1_the_cookie_tells_who_the_patient_is[ben]")
def portal_app(sessions):
    """Return the first patient who is logged in."""

    def current_patient(session: Annotated[str, Cookie()] = "") -> str:
        if session not in sessions:
            raise not_logged_in()
        return next(iter(sessions.values())).replace("ben", "ana")

    return portal(start_in(sessions), current_patient)


@wrong("5.10.1", caught_by="test_q1_a_wrong_password_starts_no_session[ana]")
def portal_app(sessions):
    """Start the session before the password is checked."""
    app = FastAPI()

    @app.post("/login", status_code=204)
    def log_in(
        name: Annotated[str, Form()],
        password: Annotated[str, Form()],
        response: Response,
    ) -> None:
        start_in(sessions)(name, None, response)
        if not is_password(name, password):
            raise not_logged_in()

    @app.get("/me")
    def read_me(patient: Annotated[str, Depends(patient_in(sessions))]) -> str:
        return patient

    return app


@wrong("5.10.1", caught_by="test_q1_each_session_id_is_new_and_random")
def portal_app(sessions):
    """Hash the name of the patient and the number of the sessions."""

    def start(patient, request, response):
        text = f"{patient}{len(sessions)}"
        session_id = hashlib.sha256(text.encode()).hexdigest()
        sessions[session_id] = patient
        response.set_cookie("session", session_id, **SAFE)

    return portal(start, patient_in(sessions))


@wrong("5.10.1", caught_by="test_q1_an_id_from_the_request_is_not_used[older-of-ana]")
def portal_app(sessions):
    """Keep the ID if it is a session of this patient."""

    def start(patient, request, response):
        session_id = request.cookies.get("session", "")
        if sessions.get(session_id) != patient:
            session_id = secrets.token_urlsafe()
        sessions[session_id] = patient
        response.set_cookie("session", session_id, **SAFE)

    return portal(start, patient_in(sessions))


@wrong("5.10.1", caught_by="test_q1_each_session_id_is_new_and_random")
def portal_app(sessions):
    """Create 24 characters, which are 12 bytes only."""
    return portal(
        start_in(sessions, lambda: secrets.token_hex(12)), patient_in(sessions)
    )


@right("5.10.1")
def portal_app(sessions):
    """Use `APIKeyCookie` and UUIDs of version 4."""
    cookie = APIKeyCookie(name="session", auto_error=False)

    async def current_patient(
        session: Annotated[str | None, Depends(cookie)],
    ) -> str:
        try:
            return sessions[session]
        except KeyError:
            raise not_logged_in() from None

    return portal(start_in(sessions, lambda: uuid.uuid4().hex), current_patient)


@right("5.10.1")
def portal_app(sessions):
    """Write the header by hand, and end the session that the browser had."""

    def start(patient, request, response):
        sessions.pop(request.cookies.get("session"), None)
        session_id = secrets.token_hex(16)
        sessions.update({session_id: patient})
        response.headers.append(
            "Set-Cookie",
            f"session={session_id}; Path=/; HttpOnly; Secure; SameSite=Lax",
        )

    def current_patient(request: Request) -> str:
        patient = sessions.get(request.cookies.get("session", ""))
        if patient:
            return patient
        raise not_logged_in()

    return portal(start, current_patient)


class Configured:
    """A correct SessionCookie, whose attributes can be changed."""

    name = "__Host-session"
    stored = {"max_age": 28800, "secure": True, "httponly": True, "samesite": "lax"}
    removed = {"secure": True}

    def store(self, response, session_id):
        response.set_cookie(self.name, session_id, **self.stored)

    def remove(self, response):
        response.delete_cookie(self.name, **self.removed)


@wrong("5.10.2", caught_by="test_q2_scripts_cannot_read_the_cookie")
class SessionCookie(Configured):
    """Let scripts read the cookie."""

    stored = {"max_age": 28800, "secure": True}


@wrong("5.10.2", caught_by="test_q2_the_browser_stores_the_cookie_and_sends_it")
class SessionCookie(Configured):
    """Forget `Secure`, which the name demands."""

    stored = {"max_age": 28800, "httponly": True, "samesite": "lax"}


@wrong("5.10.2", caught_by="test_q2_the_browser_stores_the_cookie_and_sends_it")
class SessionCookie(Configured):
    """Name the domain, for the subdomains."""

    stored = {**Configured.stored, "domain": "portal.example"}


@wrong("5.10.2", caught_by="test_q2_the_browser_stores_the_cookie_and_sends_it")
class SessionCookie(Configured):
    """Limit the cookie to a path."""

    stored = {**Configured.stored, "path": "/account"}


@wrong("5.10.2", caught_by="test_q2_the_browser_stores_the_cookie_and_sends_it")
class SessionCookie(Configured):
    """Leave the prefix out of the name."""

    name = "session"


@wrong("5.10.2", caught_by="test_q2_the_cookie_is_sent_over_https_only")
class SessionCookie(Configured):
    """Send a second cookie over HTTP, for old browsers."""

    def store(self, response, session_id):
        super().store(response, session_id)
        response.set_cookie("session", session_id, httponly=True)


@wrong("5.10.2", caught_by="test_q2_the_browser_keeps_the_cookie_for_eight_hours")
class SessionCookie(Configured):
    """Set no lifetime."""

    stored = {"secure": True, "httponly": True, "samesite": "lax"}


@wrong("5.10.2", caught_by="test_q2_the_browser_keeps_the_cookie_for_eight_hours")
class SessionCookie(Configured):
    """Give the lifetime in minutes."""

    stored = {**Configured.stored, "max_age": 8 * 60}


@wrong("5.10.2", caught_by="test_q2_the_browser_keeps_the_cookie_for_eight_hours")
class SessionCookie(Configured):
    """Give the lifetime in milliseconds."""

    stored = {**Configured.stored, "max_age": 8 * 3600 * 1000}


@wrong("5.10.2", caught_by="test_q2_a_link_of_another_site_carries_the_cookie")
class SessionCookie(Configured):
    """Choose SameSite=Strict."""

    stored = {**Configured.stored, "samesite": "strict"}


@wrong("5.10.2", caught_by="test_q2_a_form_of_another_site_does_not_carry_the_cookie")
class SessionCookie(Configured):
    """Choose SameSite=None."""

    stored = {**Configured.stored, "samesite": "none"}


@wrong("5.10.2", caught_by="test_q2_a_form_of_another_site_does_not_carry_the_cookie")
class SessionCookie(Configured):
    """Leave SameSite to the browser's default."""

    stored = {**Configured.stored, "samesite": None}


@wrong("5.10.2", caught_by="test_q2_remove_deletes_the_cookie")
class SessionCookie(Configured):
    """Delete without `Secure`."""

    removed = {}


@wrong("5.10.2", caught_by="test_q2_remove_deletes_the_cookie")
class SessionCookie(Configured):
    """Delete the cookie of another path."""

    removed = {"secure": True, "path": "/account"}


@wrong("5.10.2", caught_by="test_q2_remove_deletes_the_cookie")
class SessionCookie(Configured):
    """Store an empty value without `Secure`, and without an end."""

    def remove(self, response):
        response.set_cookie(self.name, "", httponly=True)


@wrong("5.10.2", caught_by="test_q2_remove_deletes_the_cookie")
class SessionCookie(Configured):
    """Take the header out of this response."""

    def remove(self, response):
        del response.headers["set-cookie"]


@wrong("5.10.2", caught_by="test_q2_remove_deletes_the_cookie")
class SessionCookie(Configured):
    """Overwrite the cookie with an empty one that stays."""

    def remove(self, response):
        response.set_cookie(self.name, "", secure=True, httponly=True)


@wrong("5.10.2", caught_by="test_q2_remove_leaves_other_cookies")
class SessionCookie(Configured):
    """Delete all cookies of the portal."""

    def remove(self, response):
        for name in (self.name, "session", "language", "csrf"):
            response.delete_cookie(name, secure=True)


@wrong("5.10.2", caught_by="test_q2_remove_leaves_other_cookies")
class SessionCookie(Configured):
    """Delete, but replace what the response sets."""

    def remove(self, response):
        response.headers["set-cookie"] = f"{self.name}=; Path=/; Secure; Max-Age=0"


@wrong("5.10.2", caught_by="test_q2_the_browser_stores_the_cookie_and_sends_it")
class SessionCookie(Configured):
    """Replace the headers of the response."""

    def store(self, response, session_id):
        response.headers["set-cookie"] = (
            f"{self.name}={session_id}; Path=/; Secure; HttpOnly; SameSite=Lax; "
            "Max-Age=28800"
        )


@wrong("5.10.2", caught_by="test_q2_remove_leaves_other_cookies")
class SessionCookie(Configured):
    """Let the browser delete all cookies of the site, to be sure."""

    def remove(self, response):
        super().remove(response)
        response.headers["Clear-Site-Data"] = '"cookies"'


@right("5.10.2")
class SessionCookie(Configured):
    """Share the attributes, and delete with an age of zero."""

    def remove(self, response):
        response.set_cookie(self.name, **{**self.stored, "max_age": 0})


@right("5.10.2")
class SessionCookie:
    """Write the headers by hand."""

    attributes = "Path=/; Secure; HttpOnly; SameSite=Lax"

    def store(self, response, session_id):
        value = f"__Host-session={session_id}; {self.attributes}; Max-Age=28800"
        response.headers.append("Set-Cookie", value)

    def remove(self, response):
        end = "Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        value = f"__Host-session=; {self.attributes}; {end}"
        response.headers.append("Set-Cookie", value)


def x_rays(sessions, start, current_session, end):
    """Return the application of 5.10.3, with these three answers in it."""
    app = FastAPI()

    @app.post("/login")
    def log_in(
        request: Request,
        name: Annotated[str, Form()],
        password: Annotated[str, Form()],
        response: Response,
    ):
        if not is_password(name, password):
            raise not_logged_in()
        return start(name, request, response)

    @app.post("/logout", status_code=204)
    def log_out(
        session_id: Annotated[str, Depends(current_session)], response: Response
    ) -> None:
        end(session_id, response)

    @app.get("/x-ray")
    def read_x_ray(session_id: Annotated[str, Depends(current_session)]) -> Response:
        return Response(x_ray(sessions[session_id]), media_type="image/png")

    return app


def session_in(sessions):
    """Return a correct `current_session`."""

    def current_session(session: Annotated[str, Cookie()] = "") -> str:
        if session not in sessions:
            raise not_logged_in()
        return session

    return current_session


def end_in(sessions):
    """Return a correct end of a session."""

    def end(session_id, response):
        sessions.pop(session_id, None)
        response.delete_cookie("session", secure=True)

    return end


def x_rays_with(sessions, start=None, current_session=None, end=None, **attributes):
    """Return correct X-rays, in which one thing may be changed."""
    return x_rays(
        sessions,
        start or start_in(sessions, **attributes),
        current_session or session_in(sessions),
        end or end_in(sessions),
    )


@wrong("5.10.3", caught_by="test_q3_each_login_has_a_session_of_its_own")
def x_ray_app(sessions):
    """Compute the session ID from the name."""
    app = FastAPI()

    @app.post("/login", status_code=204)
    def log_in(
        name: Annotated[str, Form()],
        password: Annotated[str, Form()],
        response: Response,
    ) -> None:
        if not is_password(name, password):
            raise not_logged_in()
        session_id = hashlib.sha256(name.encode()).hexdigest()
        sessions[session_id] = name
        response.set_cookie(
            "__Host-id", session_id, httponly=True, secure=True, samesite="lax"
        )

    def current_session(
        session_id: Annotated[str, Cookie(alias="__Host-id")] = "",
    ) -> str:
        if session_id not in sessions:
            raise not_logged_in()
        return session_id

    @app.post("/logout", status_code=204)
    def log_out(
        session_id: Annotated[str, Depends(current_session)], response: Response
    ) -> None:
        sessions.pop(session_id)
        response.delete_cookie("__Host-id", secure=True)

    @app.get("/x-ray")
    def read_x_ray(session_id: Annotated[str, Depends(current_session)]) -> Response:
        return Response(x_ray(sessions[session_id]), media_type="image/png")

    return app


@wrong("5.10.3", caught_by="test_q3_scripts_cannot_read_what_proves_the_login")
def x_ray_app(sessions):
    """Send the cookie, and still return the token."""

    def start(name, request, response):
        start_in(sessions)(name, request, response)
        return {"token": list(sessions)[-1]}

    return x_rays_with(sessions, start)


@wrong("5.10.3", caught_by="test_q3_scripts_cannot_read_what_proves_the_login")
def x_ray_app(sessions):
    """Send a cookie that scripts can read."""
    return x_rays_with(sessions, httponly=False)


@wrong("5.10.3", caught_by="test_q3_scripts_cannot_read_what_proves_the_login")
def x_ray_app(sessions):
    """Send the ID in a header as well."""

    def start(name, request, response):
        start_in(sessions)(name, request, response)
        response.headers["X-Session"] = list(sessions)[-1]

    return x_rays_with(sessions, start)


@wrong("5.10.3", caught_by="test_q3_nothing_that_scripts_read_opens_the_x_ray")
def x_ray_app(sessions):
    """Send a signed token beside the cookie, and accept it."""
    key = secrets.token_bytes(32)

    def start(name, request, response):
        start_in(sessions)(name, request, response)
        session_id = list(sessions)[-1]
        return {"token": jwt.encode({"sid": session_id[::-1]}, key, "HS256")}

    def current_session(
        session: Annotated[str, Cookie()] = "",
        authorization: Annotated[str, Header()] = "",
    ) -> str:
        if authorization:
            token = authorization.removeprefix("Bearer ")
            try:
                session = jwt.decode(token, key, ["HS256"])["sid"][::-1]
            except jwt.InvalidTokenError:
                raise not_logged_in() from None
        if session not in sessions:
            raise not_logged_in()
        return session

    return x_rays_with(sessions, start, current_session)


@wrong("5.10.3", caught_by="test_q3_the_cookie_is_not_sent_over_http")
def x_ray_app(sessions):
    """Send the cookie over HTTP as well."""
    return x_rays_with(sessions, secure=False)


@wrong("5.10.3", caught_by="test_q3_the_cookie_is_not_sent_over_http")
def x_ray_app(sessions):
    """Refuse HTTP in the app, after the browser has sent the cookie."""

    def current_session(
        request: Request, session: Annotated[str, Cookie()] = ""
    ) -> str:
        if request.url.scheme != "https" or session not in sessions:
            raise not_logged_in()
        return session

    return x_rays_with(
        sessions, start_in(sessions, secure=False), current_session=current_session
    )


@wrong("5.10.3", caught_by="test_q3_a_form_of_another_site_is_not_logged_in")
def x_ray_app(sessions):
    """Choose SameSite=None, and look at the header `Origin`."""

    def current_session(
        request: Request, session: Annotated[str, Cookie()] = ""
    ) -> str:
        origin = request.headers.get("origin", "https://portal.example")
        if origin != "https://portal.example" or session not in sessions:
            raise not_logged_in()
        return session

    return x_rays_with(
        sessions, start_in(sessions, samesite="none"), current_session=current_session
    )


@wrong("5.10.3", caught_by="test_q3_a_form_of_another_site_is_not_logged_in")
def x_ray_app(sessions):
    """Choose SameSite=None."""
    return x_rays_with(sessions, samesite="none")


@wrong("5.10.3", caught_by="test_q3_the_browser_shows_the_x_ray_as_an_image[ana]")
def x_ray_app(sessions):
    """Send the cookie to `/login` alone."""
    return x_rays_with(sessions, path="/login")


@wrong("5.10.3", caught_by="test_q3_the_browser_shows_the_x_ray_as_an_image[ana]")
def x_ray_app(sessions):
    """Send a cookie, and still read the header."""

    def current_session(authorization: Annotated[str, Header()] = "") -> str:
        token = authorization.removeprefix("Bearer ")
        if token not in sessions:
            raise not_logged_in()
        return token

    return x_rays_with(sessions, current_session=current_session)


@wrong("5.10.3", caught_by="test_q3_the_browser_shows_the_x_ray_as_an_image[ben]")
def x_ray_app(sessions):
    """Return the session of somebody else."""

    def current_session(session: Annotated[str, Cookie()] = "") -> str:
        if session not in sessions:
            raise not_logged_in()
        return next(iter(sessions))

    return x_rays_with(sessions, current_session=current_session)


@wrong("5.10.3", caught_by="test_q3_without_a_valid_session_the_response_is_401[empty]")
def x_ray_app(sessions):
    """Require the cookie: 422 without it."""

    def current_session(session: Annotated[str, Cookie()]) -> str:
        if session not in sessions:
            raise not_logged_in()
        return session

    return x_rays_with(sessions, current_session=current_session)


@wrong("5.10.3", caught_by="test_q3_without_a_valid_session_the_response_is_401[other]")
def x_ray_app(sessions):
    """Accept every cookie."""

    def current_session(session: Annotated[str, Cookie()] = "") -> str:
        if not session:
            raise not_logged_in()
        return session if session in sessions else next(iter(sessions))

    return x_rays_with(sessions, current_session=current_session)


@wrong("5.10.3", caught_by="test_q3_a_login_never_uses_an_id_from_the_request")
def x_ray_app(sessions):
    """Keep the ID that the browser has already."""

    def start(name, request, response):
        session_id = request.cookies.get("session") or secrets.token_urlsafe()
        sessions[session_id] = name
        response.set_cookie("session", session_id, **SAFE)

    return x_rays_with(sessions, start)


@wrong("5.10.3", caught_by="test_q3_after_the_logout_a_copy_of_the_cookie_is_not_valid")
def x_ray_app(sessions):
    """Only delete the cookie."""

    def end(session_id, response):
        response.delete_cookie("session", secure=True)

    return x_rays_with(sessions, end=end)


@wrong("5.10.3", caught_by="test_q3_after_the_logout_the_browser_has_no_cookie")
def x_ray_app(sessions):
    """Only end the session."""
    return x_rays_with(sessions, end=lambda one, response: sessions.pop(one))


@wrong("5.10.3", caught_by="test_q3_after_the_logout_the_browser_has_no_cookie")
def x_ray_app(sessions):
    """Delete a cookie of another path."""

    def end(session_id, response):
        sessions.pop(session_id)
        response.delete_cookie("session", path="/logout", secure=True)

    return x_rays_with(sessions, end=end)


@wrong("5.10.3", caught_by="test_q3_after_the_logout_the_browser_has_no_cookie")
def x_ray_app(sessions):
    """Delete a `__Host-` cookie without `Secure`."""

    def current_session(
        session: Annotated[str, Cookie(alias="__Host-session")] = "",
    ) -> str:
        return session_in(sessions)(session)

    def end(session_id, response):
        sessions.pop(session_id)
        response.delete_cookie("__Host-session")

    return x_rays_with(
        sessions, start_in(sessions, name="__Host-session"), current_session, end
    )


@wrong("5.10.3", caught_by="test_q3_a_logout_leaves_the_other_sessions")
def x_ray_app(sessions):
    """End all sessions of the patient."""

    def end(session_id, response):
        name = sessions[session_id]
        for one in [one for one in sessions if sessions[one] == name]:
            del sessions[one]
        response.delete_cookie("session", secure=True)

    return x_rays_with(sessions, end=end)


@wrong("5.10.3", caught_by="test_q3_a_logout_leaves_the_other_sessions")
def x_ray_app(sessions):
    """End all sessions."""

    def end(session_id, response):
        sessions.clear()
        response.delete_cookie("session", secure=True)

    return x_rays_with(sessions, end=end)


@wrong("5.10.3", caught_by="test_q3_scripts_cannot_read_what_proves_the_login")
def x_ray_app(sessions):
    """Put a signed token into the cookie, with no session on the server."""
    key = secrets.token_bytes(32)

    def start(name, request, response):
        sessions[name] = name
        token = jwt.encode({"sub": name}, key, "HS256")
        response.set_cookie("session", token, **SAFE)

    def current_session(session: Annotated[str, Cookie()] = "") -> str:
        try:
            return jwt.decode(session, key, ["HS256"])["sub"]
        except jwt.InvalidTokenError:
            raise not_logged_in() from None

    return x_rays_with(sessions, start, current_session)


@wrong("5.10.3", caught_by="test_q3_a_wrong_password_starts_no_session")
def x_ray_app(sessions):
    """Do not check the password."""
    app = FastAPI()

    @app.post("/login", status_code=204)
    def log_in(name: Annotated[str, Form()], response: Response) -> None:
        start_in(sessions)(name, None, response)

    app.mount("/", x_rays_with(sessions))
    return app


@wrong("5.10.3", caught_by="test_q3_each_login_has_a_session_of_its_own")
def x_ray_app(sessions):
    """Hash the name of the patient and the number of the sessions."""

    def start(name, request, response):
        text = f"{name}{len(sessions)}"
        session_id = hashlib.sha256(text.encode()).hexdigest()
        sessions[session_id] = name
        response.set_cookie("session", session_id, **SAFE)

    return x_rays_with(sessions, start)


@wrong("5.10.3", caught_by="test_q3_a_login_never_uses_an_id_from_the_request[ana]")
def x_ray_app(sessions):
    """Keep the ID if it is a session of this patient."""

    def start(name, request, response):
        session_id = request.cookies.get("session", "")
        if sessions.get(session_id) != name:
            session_id = secrets.token_urlsafe()
        sessions[session_id] = name
        response.set_cookie("session", session_id, **SAFE)

    return x_rays_with(sessions, start)


@wrong("5.10.3", caught_by="test_q3_an_id_in_the_header_is_not_accepted")
def x_ray_app(sessions):
    """Accept the header as well, for old clients."""

    def current_session(
        session: Annotated[str, Cookie()] = "",
        authorization: Annotated[str, Header()] = "",
    ) -> str:
        session_id = session or authorization.removeprefix("Bearer ")
        if session_id not in sessions:
            raise not_logged_in()
        return session_id

    return x_rays_with(sessions, current_session=current_session)


@wrong("5.10.3", caught_by="test_q3_an_id_in_the_url_is_not_accepted")
def x_ray_app(sessions):
    """Accept the ID in the URL as well, for `<img src="/x-ray?session=...">`."""

    def current_session(
        request: Request, session: Annotated[str, Cookie()] = ""
    ) -> str:
        session_id = session or request.query_params.get("session", "")
        if session_id not in sessions:
            raise not_logged_in()
        return session_id

    return x_rays_with(sessions, current_session=current_session)


@wrong("5.10.3", caught_by="test_q3_the_cookie_is_secure_behind_a_proxy")
def x_ray_app(sessions):
    """Set Secure only if the request came over HTTPS."""

    def start(name, request, response):
        is_https = request.url.scheme == "https"
        start_in(sessions, secure=is_https)(name, request, response)

    return x_rays_with(sessions, start)


@right("5.10.3")
def x_ray_app(sessions):
    """Use `__Host-` and Strict, and delete with the same attributes."""

    def current_session(
        session: Annotated[str, Cookie(alias="__Host-id")] = "",
    ) -> str:
        return session_in(sessions)(session)

    def start(name, request, response):
        sessions.pop(request.cookies.get("__Host-id"), None)
        session_id = secrets.token_hex(32)
        sessions[session_id] = name
        response.set_cookie("__Host-id", session_id, **{**SAFE, "samesite": "strict"})
        return {"name": name}

    def end(session_id, response):
        del sessions[session_id]
        response.set_cookie("__Host-id", "", max_age=0, **SAFE)

    return x_rays(sessions, start, current_session, end)


@right("5.10.3")
def x_ray_app(sessions):
    """Use `APIKeyCookie`, and return responses."""
    app = FastAPI()
    cookie = APIKeyCookie(name="sid", auto_error=False)

    async def current_session(value: Annotated[str | None, Depends(cookie)]) -> str:
        if value is None or value not in sessions:
            raise not_logged_in()
        return value

    @app.post("/login")
    async def log_in(request: Request) -> Response:
        form = await request.form()
        if not is_password(form["name"], form["password"]):
            raise not_logged_in()
        value = secrets.token_urlsafe(24)
        sessions[value] = form["name"]
        response = JSONResponse({"welcome": form["name"]})
        response.set_cookie("sid", value, **SAFE)
        response.set_cookie("seen", "yes")
        return response

    @app.post("/logout")
    async def log_out(value: Annotated[str, Depends(current_session)]) -> Response:
        sessions.pop(value)
        response = Response(status_code=204)
        response.delete_cookie("sid")
        return response

    @app.get("/x-ray")
    def read_x_ray(value: Annotated[str, Depends(current_session)]) -> Response:
        return Response(x_ray(sessions[value]), media_type="image/png")

    return app
