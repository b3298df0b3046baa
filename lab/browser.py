"""What a browser does by itself: it keeps cookies, and attaches them to requests.

The rules are those of RFC 6265bis (see `lab.cookie_jar`) and of Fetch Metadata.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from lab.client import client
from lab.cookie_jar import CookieJar

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")


class Browser:
    """A browser of somebody who visits the application at `origin`.

    `page` is the origin of the page that makes a request. It is the application's own
    page unless it is named; None is the address bar. A redirect is not followed.
    `jar` holds the cookies.
    """

    def __init__(self, http: TestClient, origin: str) -> None:
        self.origin = origin
        self.jar = CookieJar()
        self._http = http
        self._read: list[str] = []

    def open(self, path: str, *, page: str | None = None) -> httpx2.Response:
        """Navigate to `path`: type it, or follow a link of `page`."""
        return self._send("GET", path, page, ("navigate", "document"))

    def submit(
        self, path: str, fields: Mapping[str, str], *, page: str | None = "own"
    ) -> httpx2.Response:
        """Post an HTML form of `page`."""
        sends = ("navigate", "document")
        return self._send("POST", path, page, sends, data=dict(fields))

    def load(self, path: str, *, page: str | None = "own") -> httpx2.Response:
        """Load `path` as an image of `page`."""
        return self._send("GET", path, page, ("no-cors", "image"))

    def fetch(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Let a script of the application's own page send a request, and read it."""
        response = self._send(method, path, "own", ("cors", "empty"), **options)
        self._read += [
            f"{name}: {value}"
            for name, value in response.headers.multi_items()
            if name != "set-cookie"
        ]
        self._read.append(response.text)
        return response

    def readable(self) -> str:
        """Return everything that scripts of the application's page could read.

        These are the responses that they fetched, and `document.cookie`.
        """
        return "\n".join([*self._read, self.document_cookie()])

    def document_cookie(self) -> str:
        """Return what scripts of the application's page read as `document.cookie`."""
        sent = [one for one in self.jar.for_url(self.origin) if not one.http_only]
        return "; ".join(f"{one.name}={one.value}" for one in sent)

    def _send(
        self,
        method: str,
        path: str,
        page: str | None,
        sends: tuple[str, str],
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> httpx2.Response:
        """Send a request of `page`; `sends` are its mode and destination in Fetch."""
        mode, destination = sends
        url = path if "://" in path else self.origin + path
        page = self.origin if page == "own" else page
        site = _site_between(page, url)
        follows_link = mode == "navigate" and method in _SAFE_METHODS
        cookies = [
            one
            for one in self.jar.for_url(url)
            if site in ("none", "same-origin", "same-site")
            or one.same_site not in ("lax", "strict")
            or (one.same_site == "lax" and follows_link)
        ]
        sent = {
            "sec-fetch-site": site,
            "sec-fetch-mode": mode,
            "sec-fetch-dest": destination,
            **(headers or {}),
        }
        if page is not None and method not in _SAFE_METHODS:
            sent["origin"] = page
        if cookies:
            sent["cookie"] = "; ".join(f"{one.name}={one.value}" for one in cookies)
        response = self._http.request(
            method, url, headers=sent, follow_redirects=False, **options
        )
        self._http.cookies.clear()
        for set_cookie in response.headers.get_list("set-cookie"):
            self.jar.store(set_cookie, url)
        return response


def _site(url: str) -> tuple[str, str]:
    """Return the scheme and the last two labels of the host."""
    split = urlsplit(url)
    return split.scheme, ".".join((split.hostname or "").split(".")[-2:])


def _origin(url: str) -> tuple[str, str]:
    split = urlsplit(url)
    return split.scheme, split.netloc


def _site_between(page: str | None, url: str) -> str:
    """Return what `Sec-Fetch-Site` says of a request of `page` to `url`."""
    if page is None:
        return "none"
    if page == "null":  # a page in a sandbox
        return "cross-site"
    if _origin(page) == _origin(url):
        return "same-origin"
    return "same-site" if _site(page) == _site(url) else "cross-site"


@contextmanager
def browser(app: ASGIApp, origin: str = "https://portal.example") -> Iterator[Browser]:
    """Yield a browser that knows no site but `app`, which is started up."""
    with client(app) as http:
        yield Browser(http, origin)
