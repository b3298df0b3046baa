"""What a browser does by itself: it keeps cookies, and attaches them to requests.

The rules are those of RFC 6265bis and of Fetch Metadata, without the defaults that only
some browsers have: a cookie that names no `SameSite` goes with every request.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx2
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from lab.client import client

SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")


@dataclass(frozen=True)
class StoredCookie:
    """A cookie that the browser has accepted."""

    name: str
    value: str
    host: str
    path: str
    subdomains: bool  # whether it has a Domain, and so goes to subdomains as well
    secure: bool
    http_only: bool
    same_site: str
    expires: datetime | None

    @property
    def key(self) -> tuple[str, str, str]:
        """What it shares with the cookie that replaces it."""
        return self.name, self.host, self.path


class Browser:
    """A browser of somebody who visits the application at `origin`.

    `page` is the origin of the page that makes a request. It is the application's own
    page unless it is named; None is the address bar. A redirect is not followed.
    """

    def __init__(self, http: TestClient, origin: str) -> None:
        self.origin = origin
        self.cookies: list[StoredCookie] = []
        self._http = http
        self._age = timedelta()
        self._read: list[str] = []

    def open(self, path: str, *, page: str | None = None) -> httpx2.Response:
        """Navigate to `path`: type it, or follow a link of `page`."""
        headers = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
        return self._send("GET", path, page, "navigate", headers)

    def submit(
        self, path: str, fields: Mapping[str, str], *, page: str | None = "own"
    ) -> httpx2.Response:
        """Post an HTML form of `page`."""
        headers = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
        return self._send("POST", path, page, "navigate", headers, data=dict(fields))

    def load(self, path: str, *, page: str | None = "own") -> httpx2.Response:
        """Load `path` as an image of `page`."""
        headers = {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
        return self._send("GET", path, page, "no-cors", headers)

    def fetch(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> httpx2.Response:
        """Let a script of the application's own page send a request, and read it."""
        sent = {"sec-fetch-mode": "cors", "sec-fetch-dest": "empty", **(headers or {})}
        response = self._send(method, path, "own", "cors", sent, **options)
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

    def document_cookie(self, path: str = "/") -> str:
        """Return what scripts of the application's page read as `document.cookie`."""
        sent = [one for one in self._for(self.origin + path) if not one.http_only]
        return "; ".join(f"{one.name}={one.value}" for one in sent)

    def wait(self, time: timedelta) -> None:
        """Let time pass for the browser, which then drops cookies that are over."""
        self._age += time

    def store(self, set_cookie: str, url: str) -> bool:
        """Take a `Set-Cookie` header of a response of `url`; return if it is accepted.

        A cookie that is over already is accepted: it deletes the one that it replaces.
        """
        cookie = self._parse(set_cookie, url)
        if cookie is None:
            return False
        self.cookies = [one for one in self.cookies if one.key != cookie.key]
        if not self._is_over(cookie):
            self.cookies.append(cookie)
        return True

    def _parse(self, set_cookie: str, url: str) -> StoredCookie | None:
        """Return the cookie, or None if the browser refuses it."""
        pair, *rest = (part.strip() for part in set_cookie.split(";"))
        name, _, value = (part.strip() for part in pair.partition("="))
        split = (part.partition("=") for part in rest)
        attributes = {name.strip().lower(): value.strip() for name, _, value in split}
        where = urlsplit(url)
        asked = where.hostname or ""
        domain = attributes.get("domain", "").removeprefix(".").lower()
        path = attributes.get("path", "")
        secure = "secure" in attributes

        same_site = attributes.get("samesite", "none").lower()
        refused = (
            (secure and where.scheme != "https")
            or (domain and not _covers(domain, asked))
            or (attributes.get("samesite", "").lower() == "none" and not secure)
            or (name.lower().startswith("__secure-") and not secure)
            or (
                name.lower().startswith("__host-")
                and (not secure or path != "/" or "domain" in attributes)
            )
        )
        if refused:
            return None
        return StoredCookie(
            name=name,
            value=value.removeprefix('"').removesuffix('"'),
            host=domain or asked,
            path=path if path.startswith("/") else _folder(where.path),
            subdomains=bool(domain),
            secure=secure,
            http_only="httponly" in attributes,
            same_site=same_site,
            expires=self._end(attributes),
        )

    def _now(self) -> datetime:
        return datetime.now(UTC) + self._age

    def _is_over(self, cookie: StoredCookie) -> bool:
        return cookie.expires is not None and cookie.expires <= self._now()

    def _end(self, attributes: Mapping[str, str]) -> datetime | None:
        """Return when a cookie is over, or None if it does not say."""
        try:
            return self._now() + timedelta(seconds=int(attributes["max-age"]))
        except (KeyError, ValueError):
            pass
        try:
            end = parsedate_to_datetime(attributes["expires"])
        except (KeyError, ValueError):
            return None
        return end if end.tzinfo else end.replace(tzinfo=UTC)

    def _for(self, url: str) -> list[StoredCookie]:
        """Return the cookies for a URL, whoever makes the request."""
        where = urlsplit(url)
        asked, path = where.hostname or "", where.path or "/"
        return [
            one
            for one in self.cookies
            if (one.host == asked or (one.subdomains and _covers(one.host, asked)))
            and (path == one.path or (path.startswith(one.path.rstrip("/") + "/")))
            and (where.scheme == "https" or not one.secure)
            and not self._is_over(one)
        ]

    def _send(
        self,
        method: str,
        path: str,
        page: str | None,
        mode: Literal["navigate", "no-cors", "cors"],
        headers: dict[str, str],
        **options: Any,
    ) -> httpx2.Response:
        url = path if "://" in path else self.origin + path
        page = self.origin if page == "own" else page
        site = _site_between(page, url)
        follows_link = mode == "navigate" and method in SAFE_METHODS
        cookies = [
            one
            for one in self._for(url)
            if site in ("none", "same-origin", "same-site")
            or one.same_site not in ("lax", "strict")
            or (one.same_site == "lax" and follows_link)
        ]
        headers = {**headers, "sec-fetch-site": site}
        if page is not None and method not in SAFE_METHODS:
            headers["origin"] = page
        if cookies:
            headers["cookie"] = "; ".join(f"{one.name}={one.value}" for one in cookies)
        response = self._http.request(
            method, url, headers=headers, follow_redirects=False, **options
        )
        self._http.cookies.clear()
        for set_cookie in response.headers.get_list("set-cookie"):
            self.store(set_cookie, url)
        return response


def _covers(domain: str, host: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "/"


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
