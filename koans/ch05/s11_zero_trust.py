"""5.11  Zero trust.

A network that only colleagues can reach is no proof of anything. Every request proves
who sends it, is checked for exactly what it wants to do, and is refused if a check
cannot be made.
Notes: content/docs/fastapi/security/zero-trust.md
"""

import hmac
import json
import logging
import ssl
import time
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field


def server_context(certificate: Path, key: Path, clinic_ca: Path) -> ssl.SSLContext:
    """5.11.1  How can the Zero Trust security model be applied to FastAPI APIs?

    The record service runs in the clinic's network, and answers everybody there. From
    now on, a client has to prove who it is before it can send a request: with a
    certificate of its own. Return the TLS context with which Uvicorn runs the service.

    - The server presents the certificate in the file `certificate`. Its private key is
      in the file `key`.
    - A client can connect if it presents a certificate that the clinic's authority has
      issued. The certificate of this authority is in the file `clinic_ca`.
    - Nobody else can connect: no client without a certificate, and no client with a
      certificate of another authority. This is also true for an authority that the
      operating system trusts, and for the one that issued the server's certificate.

    Given:
        All files are in PEM format. The server's certificate comes from another
        authority. The certificate of that authority is in the file `certificate`, too.

    Example:
        context = server_context(certificate, key, clinic_ca)
        uvicorn.run(app, ssl_context_factory=lambda config, default: context)
    """
    raise NotImplementedError


def caller_of(token: str) -> str | None:
    """Ask the identity provider whose token this is. None: the token is not valid."""
    return {"t-weber": "Dr. Weber", "t-okafor": "Dr. Okafor"}.get(token)


def is_staff(caller: str) -> bool:
    """Ask the policy service whether the caller works here."""
    return caller.startswith("Dr. ")


def may_read(caller: str, patient: str) -> bool:
    """Ask the policy service whether the caller may read this record right now."""
    return (caller, patient) in {("Dr. Weber", "ana"), ("Dr. Okafor", "ben")}


def log_decision(caller: str, patient: str, allowed: bool) -> None:
    """Write a decision into the audit log."""
    logging.getLogger("audit").info("%r, %r: %r", caller, patient, allowed)


Bearer = Annotated[
    HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))
]


def records_app() -> FastAPI:
    """5.11.2  What are key Zero Trust principles relevant to API security?

    A visitor plugged a laptop into the clinic's network and read all records. Repair
    `check_access`, which runs before the endpoint.

    - Verify explicitly: the address that a request comes from has no effect, and
      neither has a header such as `X-Forwarded-For`. If there is no bearer token, or if
      `caller_of(token)` is None, return 401 with `WWW-Authenticate: Bearer`.
    - Least privilege: a caller can read the records that `may_read(caller, patient)`
      allows, and no others. This alone decides, also for somebody who does not work
      here, such as a patient. If it is False, return 403.
    - Verify continuously: ask `caller_of` and `may_read` again for every request.
      Tokens are taken back, and permissions change.
    - Fail closed: if `caller_of`, `may_read` or `log_decision` raises an exception,
      nobody gets a record. Do not catch the exception.
    - Assume breach: call `log_decision` for each result of `may_read`, True or False.

    Given:
        `credentials.credentials` is the bearer token. If the request has none,
        `credentials` is None.
    """
    app = FastAPI()

    verified: dict[str, str] = {}

    def check_access(
        patient: str, request: Request, credentials: Bearer
    ) -> None:
        host = request.client.host if request.client else ""
        address = request.headers.get("X-Forwarded-For", host)
        if address.startswith("10."):
            return  # the clinic's own network
        token = credentials.credentials if credentials else ""
        if token not in verified:
            caller = caller_of(token)
            if caller is None:
                headers = {"WWW-Authenticate": "Bearer"}
                raise HTTPException(401, headers=headers)
            verified[token] = caller
        try:
            allowed = is_staff(verified[token])
        except ConnectionError:
            allowed = True  # doctors must be able to work
        if not allowed:
            raise HTTPException(403, "This record is not for you.")

    @app.get("/records/{patient}", dependencies=[Depends(check_access)])
    def read_record(patient: str) -> dict[str, str]:
        return {"patient": patient, "record": f"the record of {patient}"}

    return app


WINDOW = 60  # seconds by which the clocks of a device and the server may differ


def now() -> int:
    """Return the present time in seconds."""
    return int(time.time())


def device_key(device: str) -> bytes | None:
    """Return the secret key that this device shares with the server, or None."""
    keys = {"lab-1": b"0" * 32, "lab-2": b"1" * 32}  # real ones are random
    return keys.get(device)


_used: set[tuple[str, str]] = set()


def first_use(device: str, nonce: str) -> bool:
    """Remember a nonce of a device. Return False if it was remembered before.

    A real one is Valkey's SET with NX and EX: all processes of the server share it. It
    keeps a nonce for more than 2 * WINDOW seconds, as long as its time is accepted.
    """
    before = len(_used)
    _used.add((device, nonce))
    return len(_used) > before


class Signed(BaseModel):
    """The headers of a signed request. They are X-Device, X-Time and so on."""

    x_device: str = Field(max_length=40)
    x_time: int = Field(ge=0, le=2**40)
    x_nonce: str = Field(min_length=16, max_length=64)
    x_signature: str = Field(max_length=200)


def signed_bytes(request: Request, signed: Signed, body: bytes) -> bytes:
    """Return the bytes that a device signs.

    They contain the method, path and query, the device, time and nonce, the content
    type, and the body.
    """
    target = [
        request.scope[part].decode("latin-1") for part in ("raw_path", "query_string")
    ]
    headers = [signed.x_device, signed.x_time, signed.x_nonce]
    content = [request.headers.get("Content-Type", ""), body.hex()]
    return json.dumps([request.method, *target, *headers, *content]).encode()


def unauthorized() -> HTTPException:
    """Return the exception for a 401. It does not say which check has failed."""
    return HTTPException(401, "Not authenticated.", {"WWW-Authenticate": "HMAC"})


async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """5.11.3  Implement a Zero Trust mechanism in a FastAPI endpoint.

    Devices of a laboratory send results through networks of other people. Each request
    is signed. Write the dependency that checks it. Endpoints use it as
    `device: Annotated[str, Depends(signing_device)]`.

    - `X-Signature` is the HMAC-SHA-256 of `signed_bytes(request, signed, body)` with
      the key of the device, as hexadecimal digits. `body` is the body of the request as
      bytes. If the signature is right, return the name of the device.
    - If the device has no key, or the signature is wrong, raise `unauthorized()`. A
      wrong signature can be any text, also one with characters such as "é".
    - If `X-Time` is more than `WINDOW` seconds before or after `now()`, raise
      `unauthorized()`.
    - If `first_use(device, nonce)` is False, raise `unauthorized()`. Then somebody has
      recorded a request and sends it again.
    - A request with a wrong signature does not use up its nonce. Otherwise an attacker
      could send the nonce first, and the request of the device would return 401.
    - An error of a given function is not a 401. Do not catch it.

    Given:
        A missing or malformed header returns 422. FastAPI does this with `Signed`.
    """
    raise NotImplementedError
