"""The tests of section 5.10."""

import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx2
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from lab import (
    Browser,
    attempt,
    browser,
    client,
    fastapi_app,
    in_words,
    outcome,
    stand_in,
)
from lab.cookie_jar import StoredCookie

ANA = {"name": "ana", "password": "tea and rain"}
BEN = {"name": "ben", "password": "blue bicycle"}
PORTAL = "https://portal.example"
OTHER_SITE = "https://evil.example"


def send(
    app: FastAPI,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    form: dict[str, str] | None = None,
) -> httpx2.Response:
    """Return the response to one request of a client that keeps no cookies."""
    with client(app) as http:
        got = outcome(lambda: http.request(method, path, headers=headers, data=form))
    assert isinstance(got, httpx2.Response), (
        f"`{method} {path}` with the headers {in_words(headers or {})} raised "
        f"{in_words(got)}. A client would receive 500. The docstring asks for other "
        "status codes only. Look at the code that runs for this request."
    )
    return got


def cookies_of(response: httpx2.Response) -> dict[str, tuple[str, dict[str, str]]]:
    """Return the value and the attributes of each cookie that a response sets."""
    cookies = {}
    for header in response.headers.get_list("set-cookie"):
        pair, *rest = (part.strip() for part in header.split(";"))
        name, _, value = pair.partition("=")
        split = (part.partition("=") for part in rest)
        cookies[name] = value, {key.lower(): text for key, _, text in split}
    return cookies


def portal_app(answers, sessions: dict[str, str]) -> FastAPI:
    """Return the application of 5.10.1."""
    return fastapi_app(answers.portal_app(sessions), "portal_app(sessions)")


def log_in(app: FastAPI, form: dict[str, str], planted: str = "") -> httpx2.Response:
    """Return the response of `POST /login`, which has to be 204."""
    path, headers = "/login", {}
    if planted:
        path += f"?session={planted}"
        headers = {"Cookie": f"session={planted}", "X-Session-ID": planted}
    response = send(app, "POST", path, headers, form)
    assert response.status_code == 204, (
        f"`POST /login` with the right password returned {response.status_code} and "
        f"{in_words(response.text)}. The docstring asks for 204. Look at what your "
        "`log_in` returns or raises."
    )
    return response


def new_session(app: FastAPI, form: dict[str, str], planted: str = "") -> str:
    """Return the session ID that a login sends in the cookie `session`."""
    cookies = cookies_of(log_in(app, form, planted))
    assert list(cookies) == ["session"], (
        f"The response to the login sets the cookies {in_words(list(cookies))}. The "
        "docstring asks for the cookie `session`. Look at the end of `log_in`."
    )
    return cookies["session"][0]


def length_of(ids: list[str]) -> tuple[int, str, int]:
    """Return the length of the longest ID, of what, and how many make 16 bytes."""
    digits = [one.replace("-", "") for one in ids]
    for pattern, kind, least in (
        (r"[0-9]+", "decimal digits", 37),
        (r"[0-9a-fA-F]+", "hexadecimal digits", 32),
    ):
        if all(re.fullmatch(pattern, one) for one in digits):
            return max(len(one) for one in digits), kind, least
    return max(len(one) for one in ids), "characters", 22


def stop_clock(monkeypatch) -> None:
    """Stop the clock: an ID that can be computed again is not secret."""
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_000_000_000)


@pytest.mark.parametrize("form", [ANA, BEN], ids=["ana", "ben"])
def test_q1_the_cookie_has_the_id_under_which_the_name_is_stored(answers, form):
    sessions: dict[str, str] = {"older": "ben"}
    session_id = new_session(portal_app(answers, sessions), form)

    expected = {"older": "ben", session_id: form["name"]}
    assert sessions == expected, (
        f"After {form['name']} logged in with the cookie session={session_id!r}, "
        f"`sessions` is {in_words(sessions)}. The docstring asks to add the name of "
        "the patient under this ID, and to change nothing else."
    )


def test_q1_each_session_id_is_new_and_random(answers, monkeypatch):
    stop_clock(monkeypatch)
    ids = []
    for app in (portal_app(answers, {}), portal_app(answers, {})):
        for form in (ANA, ANA, BEN):
            random.seed(57)
            ids.append(new_session(app, form))

    assert len(set(ids)) == 6, (
        "Two applications had the same three logins, with a stopped clock and one seed "
        f"of `random`. They sent the IDs {in_words(ids)}. The docstring asks for a new "
        "ID of random bytes each time. An attacker can compute names, times, counters "
        "and `random`: use `secrets`."
    )
    longest, kind, least = length_of(ids)
    assert longest >= least, (
        f"The logins sent session IDs such as {in_words(ids[0])}, with {longest} "
        f"{kind}. The docstring asks for at least 16 random bytes. With {kind}, these "
        f"are {least} or more."
    )
    ends = {one[-8:] for one in ids}
    assert len(ends) == 6, (
        f"The session IDs {in_words(ids)} end alike. The docstring asks for random "
        "IDs. Look at how you create them."
    )


@pytest.mark.parametrize(
    "planted", ["known-to-the-attacker-0123", "valid", "older-of-ana"]
)
def test_q1_an_id_from_the_request_is_not_used(answers, planted):
    sessions: dict[str, str] = {"valid": "ben", "older-of-ana": "ana"}
    app = portal_app(answers, sessions)
    session_id = new_session(app, ANA, planted)

    patient = sessions.get(planted)
    assert session_id != planted, (
        f"The request had the ID {planted!r} in the cookie `session`, in the URL and "
        "in `X-Session-ID`, and the login used this ID. An attacker can know it. The "
        "docstring asks for a new ID. Look at what `log_in` reads."
    )
    assert patient != "ana" or planted == "older-of-ana", (
        f"The request had the ID {planted!r} in the cookie `session`, in the URL and "
        "in `X-Session-ID`, and now this ID is a session of ana, too. The docstring "
        "asks for a new ID for each login. Look at what `log_in` stores."
    )


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("httponly", ""), ("secure", ""), ("samesite", "lax"), ("path", "/")],
    ids=["HttpOnly", "Secure", "SameSite", "Path"],
)
def test_q1_the_cookie_has_its_attributes(answers, attribute, value):
    response = log_in(portal_app(answers, {}), ANA)
    _, attributes = cookies_of(response).get("session", ("", {}))

    seen = attributes.get(attribute)
    assert seen is not None, (
        f"The response to the login has no cookie `session` with {attribute}. Its "
        f"Set-Cookie is {in_words(response.headers.get('set-cookie'))}. The docstring "
        "asks for HttpOnly, Secure, SameSite=Lax and the path /."
    )
    assert seen.lower() == value, (
        f"The cookie `session` has {attribute}={seen}. The docstring asks for "
        f"{attribute}={value}. Look at how you set the cookie."
    )


def test_q1_the_cookie_is_for_one_host(answers):
    response = log_in(portal_app(answers, {}), ANA)
    _, attributes = cookies_of(response).get("session", ("", {}))
    assert "domain" not in attributes, (
        f"The cookie `session` has Domain={attributes.get('domain')}, so the browser "
        "sends it to other hosts of the clinic, too. The docstring asks for no "
        "`Domain`. Look at how you set the cookie."
    )


@pytest.mark.parametrize("form", [ANA, BEN], ids=["ana", "ben"])
def test_q1_a_wrong_password_starts_no_session(answers, form):
    sessions: dict[str, str] = {}
    app = portal_app(answers, sessions)

    refused = send(app, "POST", "/login", form={**form, "password": "guess"})
    before = dict(sessions)
    log_in(app, form)
    assert (refused.status_code, before, len(sessions)) == (401, {}, 1), (
        f"A login with a wrong password returned {refused.status_code}, and `sessions` "
        f"was {in_words(before)}. After the right password it has {len(sessions)} "
        "sessions. The docstring asks for a session after the password check."
    )


@pytest.mark.parametrize("patient", ["ana", "ben", "łucja"])
def test_q1_the_cookie_tells_who_the_patient_is(answers, patient):
    sessions: dict[str, str] = {"id-of-ben": "ben"}
    app = portal_app(answers, sessions)
    sessions["id-of-this"] = patient

    response = send(app, "GET", "/me", {"Cookie": "a=1; session=id-of-this; b=2"})
    assert (response.status_code, response.text) == (200, f'"{patient}"'), (
        f"`GET /me` with the session ID of {patient} returned {response.status_code} "
        f"and {in_words(response.text)}. The docstring asks `current_patient` for the "
        "name that `sessions` has for this ID."
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Cookie": "session="},
        {"Cookie": "session=unknown"},
        {"Cookie": "session=ana"},
        {"Cookie": "session=id-of-an"},
        {"Cookie": "sessions=id-of-ana"},
        {"Session": "id-of-ana"},
    ],
    ids=["none", "empty", "unknown", "name", "prefix", "other", "header"],
)
def test_q1_without_a_valid_session_the_response_is_401(answers, headers):
    app = portal_app(answers, {"id-of-ana": "ana"})

    response = send(app, "GET", "/me", headers)
    seen = response.status_code, response.headers.get("www-authenticate")
    assert seen == (401, "Session"), (
        f"`GET /me` with {headers or 'no cookie'} returned {seen[0]}, and the header "
        f"WWW-Authenticate was {seen[1]!r}. The docstring asks to raise "
        "`not_logged_in()`, which is 401 and 'Session': the cookie is missing, or its "
        "ID is not in `sessions`. Look at `current_patient`."
    )


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/me?session=id-of-ana", {}),
        ("/me", {"Authorization": "Bearer id-of-ana"}),
        ("/me", {"X-Session-ID": "id-of-ana"}),
    ],
    ids=["URL", "Authorization", "X-Session-ID"],
)
def test_q1_an_id_outside_the_cookie_is_not_accepted(answers, path, headers):
    app = portal_app(answers, {"id-of-ana": "ana"})

    seen = send(app, "GET", path, headers).status_code
    assert seen == 401, (
        f"`GET {path}` with the headers {in_words(headers)} and without a cookie "
        f"returned {seen}. The docstring asks to raise `not_logged_in()` if the cookie "
        "is missing. Look at what `current_patient` reads."
    )


def test_q1_a_session_is_looked_up_for_every_request(answers):
    sessions: dict[str, str] = {}
    app = portal_app(answers, sessions)
    cookie = {"Cookie": f"session={new_session(app, ANA)}"}

    first = send(app, "GET", "/me", cookie).status_code
    sessions.clear()
    second = send(app, "GET", "/me", cookie).status_code
    assert (first, second) == (200, 401), (
        f"`GET /me` returned {first} after the login, and {second} when the ID was no "
        "longer in `sessions`. The docstring asks for 200, then 401. Look at where "
        "`current_patient` reads the session."
    )


def cookie_app(answers) -> FastAPI:
    """Return an application that sends and deletes the cookie of 5.10.2."""
    app = FastAPI()
    cookie = answers.SessionCookie()

    @app.post("/account/login/{session_id}")
    def log_in(session_id: str, response: Response) -> None:
        response.set_cookie("language", "pl")
        cookie.store(response, session_id)

    @app.post("/account/logout")
    def log_out() -> Response:
        response = RedirectResponse("/", 303)
        response.set_cookie("notice", "bye")
        cookie.remove(response)
        return response

    @app.api_route("/cookies", methods=["GET", "POST"])
    def show(request: Request) -> Response:
        return JSONResponse(request.cookies)

    return app


NAME = "__Host-session"


@contextmanager
def with_session(answers, session_id: str = "s-100") -> Iterator[Browser]:
    """Yield a browser that has received the cookie of 5.10.2."""
    with browser(cookie_app(answers)) as user:
        path = f"/account/login/{session_id}"
        response = attempt("`store(response, value)`", user.fetch, "POST", path)
        headers = response.headers.get_list("set-cookie")[1:]
        kept = {one.name: one.value for one in user.jar.cookies}
        assert kept.get(NAME) == session_id, (
            f"`store(response, {session_id!r})` added the Set-Cookie "
            f"{in_words(headers)}. The browser has {in_words(kept)} now. The docstring "
            f"asks for a cookie {NAME} that the browser accepts: look at `Given:`."
        )
        assert kept.get("language") == "pl", (
            "The response had a cookie `language` before `store` was called, and it "
            "does not have it now. `store` has to add a cookie to the response."
        )
        yield user


def sent(response: httpx2.Response) -> str | None:
    """Return the session ID that the browser sent with a request."""
    found: str | None = response.json().get(NAME)
    return found


@pytest.mark.parametrize("session_id", ["s-100", "Zk3_x-9"])
def test_q2_the_browser_stores_the_cookie_and_sends_it(answers, session_id):
    with with_session(answers, session_id) as user:
        seen = [sent(user.open("/cookies")), sent(user.submit("/cookies", {}))]
    assert seen == [session_id] * 2, (
        f"After `store(response, {session_id!r})`, the browser sent {in_words(seen)} "
        "with a request for a page, and with a form of the portal itself. The "
        "docstring asks for the session ID in both."
    )


def test_q2_scripts_cannot_read_the_cookie(answers):
    with with_session(answers) as user:
        seen = user.document_cookie()
    assert NAME not in seen, (
        f"A script read `document.cookie`: {in_words(seen)}. The docstring asks that "
        "scripts cannot read the cookie. Look at the attributes that you set."
    )


def test_q2_the_cookie_is_sent_over_https_only(answers):
    with with_session(answers) as user:
        seen = user.open("http://portal.example/cookies").json()
    assert "s-100" not in seen.values(), (
        f"The browser sent the cookies {in_words(seen)} over HTTP, without encryption. "
        "The docstring asks to send the session ID over HTTPS only. Look at the "
        "attributes that you set."
    )


def test_q2_the_browser_keeps_the_cookie_for_eight_hours(answers):
    with with_session(answers) as user:
        user.jar.wait(timedelta(hours=7, minutes=59))
        before = sent(user.open("/cookies"))
        user.jar.wait(timedelta(minutes=2))
        after = sent(user.open("/cookies"))
    assert (before, after) == ("s-100", None), (
        f"After 7 h 59 min the browser sent {in_words(before)}, and after 8 h 1 min "
        f"{in_words(after)}. The docstring asks to keep the cookie for eight hours. "
        "Look at the lifetime that you set. Without one, the cookie stays until the "
        "browser is closed."
    )


def test_q2_a_form_of_another_site_does_not_carry_the_cookie(answers):
    with with_session(answers) as user:
        seen = sent(user.submit("/cookies", {}, page=OTHER_SITE))
    assert seen is None, (
        f"A page of {OTHER_SITE} posted a form to the portal, and the browser sent the "
        f"session ID {seen!r}. The docstring asks that it does not. Look at `SameSite`."
    )


def test_q2_a_link_of_another_site_carries_the_cookie(answers):
    with with_session(answers) as user:
        seen = sent(user.open("/cookies", page=OTHER_SITE))
    assert seen == "s-100", (
        f"A patient followed a link from {OTHER_SITE}, and the browser sent "
        f"{in_words(seen)} as the session ID: the patient has to log in again. The "
        "docstring asks to send the cookie. Look at the value of `SameSite`."
    )


def test_q2_remove_deletes_the_cookie(answers):
    with with_session(answers) as user:
        response = attempt("`remove(response)`", user.fetch, "POST", "/account/logout")
        seen = sent(user.open("/cookies"))
    headers = response.headers.get_list("set-cookie")
    added = [one for one in headers if not one.startswith("notice=")]
    assert seen is None, (
        f"After `remove(response)` the browser still sends the cookie {NAME} with the "
        f"value {seen!r}. `remove` added the Set-Cookie {in_words(added)}. The "
        "docstring asks to delete it. An empty value is not enough, and the browser "
        "ignores what `Given:` does not allow."
    )


def test_q2_remove_leaves_other_cookies(answers):
    with with_session(answers) as user:
        user.jar.store("session=other; Path=/", PORTAL)
        user.jar.store("__Host-csrf=c-1; Path=/; Secure", PORTAL)
        response = attempt("`remove(response)`", user.fetch, "POST", "/account/logout")
        cleared = response.headers.get("clear-site-data")
        seen = user.open("/cookies").json()
    assert cleared is None, (
        f"`remove(response)` added the header Clear-Site-Data: {cleared}. With it, the "
        "browser deletes all cookies of the site. The docstring asks that all other "
        "cookies stay. Look at the headers that `remove` sets."
    )
    others = {"language": "pl", "session": "other", "__Host-csrf": "c-1"}
    stays = {name: seen.get(name) for name in others}
    assert stays == others, (
        f"After `remove(response)` the browser has the cookies {in_words(seen)}. The "
        f"docstring asks to delete {NAME} alone. The others were {others}."
    )
    assert (seen.get("notice"), NAME in seen) == ("bye", False), (
        "The response set a cookie `notice` before `remove` was called. The browser "
        f"has the cookies {in_words(seen)} now. The docstring asks to delete {NAME}, "
        "and to keep the other cookies that the response sets."
    )


def x_ray_app(answers, sessions: dict[str, str]) -> FastAPI:
    """Return the application of 5.10.3."""
    return fastapi_app(answers.x_ray_app(sessions), "x_ray_app(sessions)")


@contextmanager
def visitor(
    app: FastAPI, sessions: dict[str, str], form: dict[str, str] = ANA
) -> Iterator[tuple[Browser, StoredCookie]]:
    """Yield a browser that logged in to 5.10.3, and the session's cookie."""
    with browser(app) as user:
        others = set(sessions)
        response = attempt("`POST /login`", user.fetch, "POST", "/login", data=form)
        new = [one for one in sessions if one not in others]
        names = [sessions[one] for one in new]
        assert (response.is_success, names) == (True, [form["name"]]), (
            f"`POST /login` returned {response.status_code}, and added sessions of "
            f"{in_words(names)}. The docstring asks for one session of {form['name']} "
            "in `sessions`, as today."
        )
        cookies = [one for one in user.jar.cookies if one.value == new[0]]
        assert cookies, (
            "After the login, the browser has cookies with the values "
            f"{in_words([one.value for one in user.jar.cookies])}, and the new session "
            f"ID is {in_words(new[0])}. The docstring asks for a cookie with the "
            "session ID, which the browser accepts. Look at your `log_in`."
        )
        yield user, cookies[0]


def test_q3_scripts_cannot_read_what_proves_the_login(answers):
    sessions: dict[str, str] = {}
    with visitor(x_ray_app(answers, sessions), sessions) as (user, cookie):
        user.fetch("GET", "/x-ray")
        readable = user.readable()
    session_id = cookie.value
    where = next((one for one in readable.split("\n") if session_id in one), "")
    assert session_id not in readable, (
        f"A script of the page could read the session ID in {in_words(where)}. The "
        "docstring asks that no script can read it, neither in a response nor in "
        "`document.cookie`. Look at what your `log_in` returns, and at the cookie."
    )


def test_q3_nothing_that_scripts_read_opens_the_x_ray(answers):
    sessions: dict[str, str] = {}
    app = x_ray_app(answers, sessions)
    with browser(app) as user:
        attempt("`POST /login`", user.fetch, "POST", "/login", data=ANA)
        names = [one.name for one in user.jar.cookies]
        stolen = set(re.findall(r"[\w.~+/=-]{8,}", user.readable()))
    assert names, (
        "The response to the login sets no cookie that the browser accepts. The "
        "docstring asks for a cookie with a session ID."
    )
    opened = [
        one
        for one in stolen
        for headers in (
            {"Authorization": f"Bearer {one}"},
            *({"Cookie": f"{name}={one}"} for name in names),
        )
        if send(app, "GET", "/x-ray", headers).is_success
    ]
    assert not opened, (
        f"A script of the page read {in_words(opened[0])}. The attacker's own computer "
        "sent it, and received the X-ray. The docstring asks that no script can read "
        "what proves the login."
    )


def test_q3_the_cookie_is_not_sent_over_http(answers):
    sessions: dict[str, str] = {}
    with visitor(x_ray_app(answers, sessions), sessions) as (user, _):
        url = "http://portal.example/x-ray"
        names = [one.name for one in user.jar.for_url(url) if one.value in sessions]
    assert not names, (
        f"The browser sends the cookie {names[0]} to {url}, where everybody on the way "
        "can read it. The docstring asks for HTTPS only. Look at the attributes of the "
        "cookie."
    )


def test_q3_the_cookie_is_secure_behind_a_proxy(answers):
    sessions: dict[str, str] = {}
    app = x_ray_app(answers, sessions)
    response = send(app, "POST", "/login", {"X-Forwarded-Proto": "https"}, ANA)

    cookies = cookies_of(response).values()
    seen = [
        "secure" in attributes for value, attributes in cookies if value in sessions
    ]
    assert seen == [True], (
        "The application received `POST /login` from a proxy, over HTTP. The response "
        f"has the Set-Cookie {in_words(response.headers.get('set-cookie'))}. The "
        "docstring asks for a cookie with the ID that the browser sends over HTTPS "
        "only. Look at the attributes that you set."
    )


def test_q3_a_form_of_another_site_is_not_logged_in(answers):
    sessions: dict[str, str] = {}
    with visitor(x_ray_app(answers, sessions), sessions) as (user, cookie):
        user.submit("/logout", {}, page=OTHER_SITE)
        is_logged_in = cookie.value in sessions
    seen = is_logged_in, cookie.same_site
    assert seen in [(True, "lax"), (True, "strict")], (
        f"A page of {OTHER_SITE} posted a form to `/logout`, and the session "
        f"{'stayed' if is_logged_in else 'ended'}. The browser's rule for the cookie "
        f"is SameSite={cookie.same_site} (none also if you set no value). The "
        "docstring asks that the browser does not send the cookie. Look at `SameSite`."
    )


@pytest.mark.parametrize("form", [ANA, BEN], ids=["ana", "ben"])
def test_q3_the_browser_shows_the_x_ray_as_an_image(answers, form):
    sessions = {"other-session": "carla"}
    taken = [1]
    stand_in(answers.x_ray, lambda patient: f"{patient} {taken[0]}".encode())
    with visitor(x_ray_app(answers, sessions), sessions, form) as (user, _):
        seen = []
        for taken[0] in (1, 2):
            response = user.load("/x-ray")
            seen.append((response.status_code, response.text))
    name = form["name"]
    assert seen == [(200, f"{name} 1"), (200, f"{name} 2")], (
        f"After {name} logged in, the browser loaded `<img src='/x-ray'>` twice, and "
        f"received {in_words(seen)}. The docstring asks for the picture of {name} each "
        "time. The browser sends the cookie and no other header."
    )


@pytest.mark.parametrize(
    "value", ["", "unknown", "ana"], ids=["empty", "other", "name"]
)
def test_q3_without_a_valid_session_the_response_is_401(answers, value):
    sessions: dict[str, str] = {}
    app = x_ray_app(answers, sessions)
    with visitor(app, sessions) as (_, cookie):
        name = cookie.name
    seen = [
        send(app, method, path, headers).status_code
        for headers in ({}, {"Cookie": f"{name}={value}"})
        for method, path in (("GET", "/x-ray"), ("POST", "/logout"))
    ]
    assert seen == [401] * 4, (
        f"Without a cookie, and then with {name}={value!r}, `GET /x-ray` and `POST "
        f"/logout` returned {seen}. The docstring asks for 401 without a valid session."
    )


@pytest.mark.parametrize("owner", ["attacker", "ana"])
def test_q3_a_login_never_uses_an_id_from_the_request(answers, owner):
    sessions: dict[str, str] = {}
    app = x_ray_app(answers, sessions)
    with visitor(app, sessions) as (_, cookie):
        name = cookie.name
    planted = "known-to-the-attacker-0123"
    sessions[planted] = owner
    before = set(sessions)
    with browser(app) as user:
        user.jar.store(f"{name}={planted}; Path=/; Secure", PORTAL)
        user.fetch("POST", "/login", data=ANA)
    added = set(sessions) - before
    assert (len(added), sessions.get(planted) in {owner, None}) == (1, True), (
        f"The browser had the cookie {name}={planted!r} before the login. The login "
        f"added {len(added)} sessions under a new ID, and {planted!r} belongs to "
        f"{sessions.get(planted)!r} now. The attacker may know it. The docstring asks "
        "for a new ID for each login, as today. Look at what `log_in` reads."
    )


def test_q3_each_login_has_a_session_of_its_own(answers, monkeypatch):
    stop_clock(monkeypatch)
    ids = []
    for _ in range(2):
        sessions: dict[str, str] = {}
        app = x_ray_app(answers, sessions)
        for _ in range(2):
            random.seed(57)
            with visitor(app, sessions) as (_, cookie):
                ids.append(cookie.value)
    assert len(set(ids)) == 4, (
        "The same patient logged in twice in each of two applications. The clock stood "
        f"still, and `random` had one seed. The session IDs were {in_words(ids)}. The "
        "docstring asks for a new random ID for each login, as today."
    )


def test_q3_a_wrong_password_starts_no_session(answers):
    sessions: dict[str, str] = {}
    app = x_ray_app(answers, sessions)
    refused = send(app, "POST", "/login", form={**ANA, "password": "guess"})
    assert (refused.status_code, sessions) == (401, {}), (
        f"A login with a wrong password returned {refused.status_code}, and `sessions` "
        f"was {in_words(sessions)}. It has to be 401 and no session, as today. Look at "
        "what `log_in` does before the check."
    )
    with visitor(app, sessions):
        pass


def test_q3_an_id_in_the_url_is_not_accepted(answers):
    sessions: dict[str, str] = {}
    app = x_ray_app(answers, sessions)
    with visitor(app, sessions) as (_, cookie):
        names = {cookie.name, "session", "session_id", "token"}
    query = "&".join(f"{name}={cookie.value}" for name in sorted(names))
    seen = send(app, "GET", f"/x-ray?{query}").status_code
    assert seen == 401, (
        "A request had the session ID in the URL, and no cookie. `GET /x-ray` returned "
        f"{seen}. URLs get into logs and histories. The docstring asks for 401: only "
        "the cookie counts. Look at your `current_session`."
    )


def test_q3_an_id_in_the_header_is_not_accepted(answers):
    sessions: dict[str, str] = {}
    app = x_ray_app(answers, sessions)
    with visitor(app, sessions) as (_, cookie):
        headers = {"Authorization": f"Bearer {cookie.value}"}
    seen = send(app, "GET", "/x-ray", headers).status_code
    assert seen == 401, (
        "A request had the session ID in the header `Authorization`, and no cookie. "
        f"`GET /x-ray` returned {seen}. The docstring asks for 401: only the cookie "
        "counts. Look at your `current_session`."
    )


def log_out(user: Browser) -> None:
    """Log out in the browser."""
    response = attempt("`POST /logout`", user.fetch, "POST", "/logout")
    assert response.status_code == 204, (
        f"`POST /logout` returned {response.status_code} and "
        f"{in_words(response.text)}. The docstring asks for 204. The browser sends a "
        "cookie only to paths below its `Path`."
    )


def test_q3_after_the_logout_a_copy_of_the_cookie_is_not_valid(answers):
    sessions: dict[str, str] = {}
    app = x_ray_app(answers, sessions)
    with visitor(app, sessions) as (user, cookie):
        log_out(user)
    copy = {"Cookie": f"{cookie.name}={cookie.value}"}
    status = send(app, "GET", "/x-ray", copy).status_code
    assert (status, cookie.value in sessions) == (401, False), (
        f"After the logout, a copy of the cookie returned {status} for `GET /x-ray`, "
        f"and `sessions` is {in_words(sessions)}. The docstring asks `POST /logout` to "
        "remove the session from `sessions`. Look at your `log_out`."
    )


def test_q3_after_the_logout_the_browser_has_no_cookie(answers):
    sessions: dict[str, str] = {}
    with visitor(x_ray_app(answers, sessions), sessions) as (user, cookie):
        user.jar.store("language=pl; Path=/", PORTAL)
        log_out(user)
        left = [one.name for one in user.jar.cookies if one.name == cookie.name]
        others = [one.name for one in user.jar.cookies if one.name == "language"]
    assert (left, others) == ([], ["language"]), (
        f"After the logout, the browser has the cookies {left + others}. The docstring "
        f"asks to delete {cookie.name}, and no other. Delete it with the attributes "
        "that it was set with: the path, and `Secure` after a prefix such as `__Host-`."
    )


def test_q3_a_logout_leaves_the_other_sessions(answers):
    sessions = {"phone-of-ana-0123456789": "ana", "laptop-of-ben-0123456789": "ben"}
    before = dict(sessions)
    with visitor(x_ray_app(answers, sessions), sessions) as (user, _):
        log_out(user)
    assert sessions == before, (
        f"ana logged out on one device, and `sessions` is {in_words(sessions)} now. "
        f"The docstring asks to leave the other sessions, which are {in_words(before)}."
    )
