"""Of `browser`: cookies as a browser keeps them and sends them."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi import FastAPI, Request, Response

from lab import Browser, browser

HOME = "https://portal.example"
EVIL = "https://evil.example"
SIBLING = "https://blog.portal.example"


def _application() -> FastAPI:
    app = FastAPI()

    @app.api_route("/echo", methods=["GET", "POST"])
    async def echo(request: Request) -> dict[str, object]:
        form = dict(await request.form())
        return {"headers": dict(request.headers), "form": form}

    @app.post("/cookie")
    async def cookie(request: Request, response: Response) -> str:
        for value in await request.json():
            response.headers.append("set-cookie", value)
        return "the body"

    return app


@pytest.fixture
def user() -> Iterator[Browser]:
    with browser(_application()) as one:
        yield one


def _cookie_of(response: object) -> str | None:
    found: str | None = response.json()["headers"].get("cookie")  # type: ignore[attr-defined]
    return found


def test_cookies_of_a_response_go_with_the_next_request(user: Browser) -> None:
    user.fetch("POST", "/cookie", json=["a=1; Path=/; Secure", "b=2; Path=/other"])
    assert _cookie_of(user.open("/echo")) == "a=1"
    assert _cookie_of(user.open("http://portal.example/echo")) is None
    assert _cookie_of(user.open(f"{SIBLING}/echo")) is None


@pytest.mark.parametrize(
    ("same_site", "post", "link", "image", "sibling"),
    [
        ("Strict", None, None, None, "a=1"),
        ("Lax", None, "a=1", None, "a=1"),
        ("None", "a=1", "a=1", "a=1", "a=1"),
    ],
)
def test_same_site_decides_what_goes_with_requests_of_other_sites(
    user: Browser,
    same_site: str,
    post: str | None,
    link: str | None,
    image: str | None,
    sibling: str,
) -> None:
    user.jar.store(f"a=1; Path=/; Secure; SameSite={same_site}", HOME)
    assert _cookie_of(user.submit("/echo", {}, page=EVIL)) == post
    assert _cookie_of(user.open("/echo", page=EVIL)) == link
    assert _cookie_of(user.load("/echo", page=EVIL)) == image
    assert _cookie_of(user.submit("/echo", {}, page=SIBLING)) == sibling
    assert _cookie_of(user.submit("/echo", {})) == "a=1"


@pytest.mark.parametrize(
    ("set_cookie", "url", "accepted"),
    [
        ("a=1", f"{HOME}/", True),
        ("a=1; Secure", "http://portal.example/", False),
        ("a=1; Domain=portal.example", SIBLING, True),
        ("a=1; Domain=portal.example", EVIL, False),
        ("a=1; Domain=example.portal.example", HOME, False),
        ("a=1; SameSite=None", HOME, False),
        ("__Host-a=1; Secure; Path=/", HOME, True),
        ("__Host-a=1; Secure; Path=/; Domain=portal.example", SIBLING, False),
        ("__Host-a=1; Secure; Path=/me", HOME, False),
        ("__Host-a=1; Path=/", HOME, False),
        ("__Host-a=; Max-Age=0; Path=/", HOME, False),
        ("__Secure-a=1; Path=/", HOME, False),
    ],
)
def test_a_cookie_is_accepted_or_refused(
    user: Browser, set_cookie: str, url: str, accepted: bool
) -> None:
    assert user.jar.store(set_cookie, url) is accepted
    assert bool(user.jar.cookies) is accepted


def test_a_cookie_of_a_domain_goes_to_its_subdomains(user: Browser) -> None:
    user.jar.store("a=1; Domain=portal.example; Path=/", SIBLING)
    assert _cookie_of(user.open("/echo")) == "a=1"
    assert _cookie_of(user.open("https://notportal.example/echo")) is None


def test_a_cookie_ends_when_its_time_is_over(user: Browser) -> None:
    user.jar.store("a=1; Max-Age=60; Path=/", HOME)
    user.jar.store("b=2; Expires=Fri, 01 Jan 2100 00:00:00 GMT; Path=/", HOME)
    user.jar.wait(timedelta(seconds=59))
    assert _cookie_of(user.open("/echo")) == "a=1; b=2"
    user.jar.wait(timedelta(seconds=2))
    assert _cookie_of(user.open("/echo")) == "b=2"


@pytest.mark.parametrize("over", ["Max-Age=0", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_cookie_that_is_over_deletes_the_one_with_its_path(
    user: Browser, over: str
) -> None:
    user.jar.store("a=1; Path=/", HOME)
    user.jar.store(f"a=; Path=/me; {over}", HOME)
    assert _cookie_of(user.open("/echo")) == "a=1"
    user.jar.store(f"a=; Path=/; {over}", HOME)
    assert _cookie_of(user.open("/echo")) is None


def test_a_form_is_sent_as_browsers_send_it(user: Browser) -> None:
    sent = user.submit("/echo", {"name": "Ana Ruiz"}, page=EVIL).json()
    assert sent["form"] == {"name": "Ana Ruiz"}
    headers = sent["headers"]
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert headers["origin"] == EVIL
    assert headers["sec-fetch-site"] == "cross-site"


@pytest.mark.parametrize(
    ("page", "site"),
    [
        (HOME, "same-origin"),
        (SIBLING, "same-site"),
        ("http://portal.example", "cross-site"),
        (EVIL, "cross-site"),
        ("null", "cross-site"),
        (None, "none"),
    ],
)
def test_a_request_says_from_where_it_comes(
    user: Browser, page: str | None, site: str
) -> None:
    headers = user.submit("/echo", {}, page=page).json()["headers"]
    assert (headers["sec-fetch-site"], headers.get("origin")) == (site, page)


def test_scripts_read_responses_and_cookies_that_are_not_http_only(
    user: Browser,
) -> None:
    sent = ["a=seen; Path=/", "b=hidden; Path=/; HttpOnly"]
    user.fetch("POST", "/cookie", json=sent)
    assert "the body" in user.readable()
    assert "a=seen" in user.readable()
    assert "hidden" not in user.readable()
