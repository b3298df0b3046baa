"""The cookies of a browser: which it accepts, and which it attaches to a request.

The rules are those of RFC 6265bis, without the defaults that only some browsers have: a
cookie that names no `SameSite` goes with every request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit


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


class CookieJar:
    """The cookies that a browser has accepted, in the order of their arrival."""

    def __init__(self) -> None:
        self.cookies: list[StoredCookie] = []
        self._age = timedelta()

    def wait(self, time: timedelta) -> None:
        """Let time pass for the cookies, of which some are over then."""
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

    def for_url(self, url: str) -> list[StoredCookie]:
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


def _covers(domain: str, host: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "/"
