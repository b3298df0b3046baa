"""Certificates for HTTPS between a server and clients on this machine."""

import ssl
from dataclasses import dataclass

import trustme

# What certificates of the server are issued for.
_NAMES = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Tls:
    """The two sides of HTTPS.

    `server` presents a certificate for 127.0.0.1 and localhost. `client` trusts the
    `authority` that issued it and no other; the authority can issue more.
    """

    server: ssl.SSLContext
    client: ssl.SSLContext
    authority: trustme.CA


def tls() -> Tls:
    """Return the two sides, with an authority of their own."""
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*_NAMES).configure_cert(server)
    # The default context would load all authorities of the system, which takes long.
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(client)
    return Tls(server, client, authority)
