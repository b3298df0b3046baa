"""The tests of section 5.11."""

import hmac
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx2
import pytest
import trustme
from fastapi import Body, Depends, FastAPI
from starlette.testclient import TestClient

from lab import (
    Tls,
    attempt,
    client,
    in_words,
    outcome,
    returned_or_raised,
    serve,
    stand_in,
)

# The authority that issued the server's certificate, the clinic's, and two others. One
# of them has the same name as the clinic's.
SERVERS = trustme.CA(organization_name="Public Authority")
CLINIC = trustme.CA(organization_name="Clinic")
OTHER = trustme.CA(organization_name="Other Authority")
NAMESAKE = trustme.CA(organization_name="Clinic")


@dataclass
class Service:
    """A running service with the learner's context."""

    url: str
    reached: list[str]

    def call(self, certificate: trustme.LeafCert | None) -> object:
        """Return the status code that a client gets, or the exception it has."""
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        SERVERS.configure_trust(trust)
        if certificate is not None:
            certificate.configure_cert(trust)
        with httpx2.Client(verify=trust, trust_env=False) as http:
            return outcome(lambda: http.get(self.url).status_code)


@contextmanager
def service(answers, folder: Path, clinic: trustme.CA = CLINIC) -> Iterator[Service]:
    """Yield a service that runs with the learner's context.

    `folder` gets the files, and `clinic` is the authority of its clients.
    """
    reached: list[str] = []
    app = FastAPI()

    @app.get("/records")
    def read_records() -> list[str]:
        reached.append("/records")
        return []

    own = SERVERS.issue_cert("127.0.0.1")
    names = ("certificate.pem", "key.pem", "clinic.pem")
    files = [folder / name for name in names]
    chain = own.cert_chain_pems[0].bytes() + SERVERS.cert_pem.bytes()
    blobs = (chain, own.private_key_pem.bytes(), clinic.cert_pem.bytes())
    for blob, path in zip(blobs, files, strict=True):
        path.write_bytes(blob)
    context = attempt(
        "`server_context(certificate, key, clinic_ca)`", answers.server_context, *files
    )
    assert isinstance(context, ssl.SSLContext), (
        f"`server_context` returned {in_words(context)}. The docstring asks for the "
        "TLS context. Look at your `return`."
    )
    assert context.protocol != ssl.PROTOCOL_TLS_CLIENT, (
        "`server_context` returned a context for a client, with which no server can "
        "run. The docstring asks for the context of the service. Look at the purpose "
        "that you create it for."
    )
    sides = Tls(context, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), SERVERS)
    with serve(app, tls=sides) as running:
        yield Service(f"{running.url}/records", reached)


def test_q1_a_client_with_a_certificate_of_the_clinic_can_connect(answers, tmp_path):
    with service(answers, tmp_path) as records:
        for name in ("portal.clinic.example", "pharmacy.clinic.example"):
            got = records.call(CLINIC.issue_cert(name))
            assert got == 200, (
                "A client presented a certificate that the clinic's authority has "
                f"issued. `GET /records` {returned_or_raised(got)}. The docstring asks "
                "that it can connect. Look at what your context presents and trusts."
            )


def refused(
    answers, folder: Path, certificate: trustme.LeafCert | None, said: str
) -> None:
    """Check that a client cannot connect, while one of the clinic can."""
    with service(answers, folder) as records:
        got = records.call(certificate)
        reached = list(records.reached)
        allowed = records.call(CLINIC.issue_cert("portal.clinic.example"))

    assert isinstance(got, httpx2.TransportError), (
        f"A client with {said} sent `GET /records`, and got {in_words(got)}. The "
        "docstring asks that it cannot connect. Look at what your context requires, "
        "and at the authorities that it trusts."
    )
    assert reached == [], (
        f"The request of a client with {said} reached the endpoint. The docstring asks "
        "that this client cannot connect. Look at what your context requires."
    )
    assert allowed == 200, (
        f"Then a client of the clinic sent `GET /records`, and got {in_words(allowed)}."
        " The docstring asks for the response. Look at what your context trusts."
    )


def test_q1_a_client_without_a_certificate_cannot_connect(answers, tmp_path):
    refused(answers, tmp_path, None, "no certificate")


OTHERS = {
    "other": (OTHER, "a certificate of another authority"),
    "same name": (NAMESAKE, "a certificate of an authority with the same name"),
    "the server's": (
        SERVERS,
        "a certificate of the authority that issued the server's",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_q1_a_certificate_of_another_authority_is_refused(answers, tmp_path, name):
    authority, said = OTHERS[name]
    refused(answers, tmp_path, authority.issue_cert("portal.clinic.example"), said)


def test_q1_an_expired_certificate_is_refused(answers, tmp_path):
    dates = [datetime(year, 1, 1, tzinfo=UTC) for year in (2019, 2020)]
    expired = CLINIC.issue_cert(
        "portal.clinic.example", not_before=dates[0], not_after=dates[1]
    )
    refused(answers, tmp_path, expired, "an expired certificate")


def test_q1_an_authority_of_the_operating_system_is_refused(
    answers, tmp_path, monkeypatch
):
    trusted = tmp_path / "system.pem"
    OTHER.cert_pem.write_to_path(trusted)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    said = "a certificate of an authority that the operating system trusts"
    refused(answers, tmp_path, OTHER.issue_cert("portal.clinic.example"), said)


def test_q1_each_service_has_an_authority_of_its_own(answers, tmp_path):
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    with (
        service(answers, folders[0]) as first,
        service(answers, folders[1], clinic=OTHER) as second,
    ):
        clinic, other = (one.issue_cert("portal.example") for one in (CLINIC, OTHER))
        pairs = [(first, clinic), (second, other), (first, other), (second, clinic)]
        got = [server.call(certificate) == 200 for server, certificate in pairs]

    assert got == [True, True, False, False], (
        "Two services have two authorities. Their own clients could connect: "
        f"{got[:2]}. The clients of the other one could: {got[2:]}. The docstring asks "
        "to trust the authority in the file `clinic_ca`. Look at which file you read."
    )


@dataclass
class Clinic:
    """The services that 5.11.2 asks, and the calls that they got."""

    tokens: dict[str, str]
    allowed: set[tuple[str, str]]
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    errors: dict[str, Exception] = field(default_factory=dict)

    def caller_of(self, token: str) -> str | None:
        """Return who has this token."""
        self._count("caller_of", token)
        return self.tokens.get(token)

    def may_read(self, caller: str, patient: str) -> bool:
        """Return whether this is allowed."""
        self._count("may_read", caller, patient)
        return (caller, patient) in self.allowed

    def is_staff(self, caller: str) -> bool:
        """Return whether this is a doctor, and not a patient."""
        self._count("is_staff", caller)
        return caller != "Dora"

    def log_decision(self, caller: str, patient: str, allowed: bool) -> None:
        """Keep the entry."""
        self._count("log_decision", caller, patient, allowed)

    def _count(self, name: str, *arguments: object) -> None:
        self.calls.append((name, *arguments))
        if name in self.errors:
            raise self.errors[name]

    @property
    def log(self) -> list[tuple[Any, ...]]:
        """The decisions in the audit log."""
        return [call[1:] for call in self.calls if call[0] == "log_decision"]


@pytest.fixture
def clinic(answers) -> Clinic:
    """Two doctors with one patient each, and a patient. The code asks this clinic."""
    one = Clinic(
        {"tk-lund": "Lund", "tk-paz": "Paz", "tk-dora": "Dora"},
        {("Lund", "dora"), ("Paz", "emil"), ("Dora", "dora")},
    )
    for name in ("caller_of", "may_read", "is_staff", "log_decision"):
        stand_in(getattr(answers, name), getattr(one, name))
    return one


@dataclass
class Reader:
    """A client of the learner's application, at an address in the clinic."""

    http: TestClient

    def read(self, token: str | None, patient: str, **headers: str) -> object:
        """Return the status code for a record, or the exception of the check."""
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        path = f"/records/{patient}"
        return outcome(lambda: self.http.get(path, headers=headers).status_code)


@pytest.fixture
def reader(answers, clinic) -> Iterator[Reader]:
    """A client in the network 10.0.0.0/8."""
    with TestClient(answers.records_app(), client=("10.20.0.7", 50123)) as http:
        yield Reader(http)


def test_q2_a_caller_reads_only_the_records_that_may_read_allows(answers, clinic):
    pairs = [
        (token, patient) for token in clinic.tokens for patient in ("dora", "emil")
    ]
    with TestClient(answers.records_app(), client=("203.0.113.9", 50123)) as http:
        reader = Reader(http)
        got = [reader.read(token, patient) for token, patient in pairs]

    assert got == [200, 403, 403, 200, 200, 403], (
        "`may_read` allows doctor Lund the record of dora, doctor Paz that of emil, "
        "and the patient Dora her own. Each of them asked for dora and emil: "
        f"{in_words(got)}. The docstring asks for 200, 403, 403, 200, 200, 403. Look "
        "at which function decides."
    )


ADDRESSES = [
    {"X-Forwarded-For": "10.0.0.1"},
    {"X-Forwarded-For": "127.0.0.1, 10.0.0.1"},
    {
        "X-Real-IP": "10.0.0.1",
        "Forwarded": "for=10.0.0.1",
        "X-Forwarded-For": "8.8.8.8",
    },
    {},
]


@pytest.mark.parametrize("headers", ADDRESSES, ids=["10", "127", "8", "none"])
@pytest.mark.parametrize("address", ["10.20.0.7", "127.0.0.1", "203.0.113.9"])
def test_q2_no_request_is_trusted_because_of_its_address(
    answers, clinic, address, headers
):
    with TestClient(answers.records_app(), client=(address, 50123)) as http:
        responses = [
            outcome(
                lambda token=token: http.get(
                    "/records/dora", headers=headers | {"Authorization": token}
                )
            )
            for token in (
                "Basic tk-lund",
                "Bearer tk-none",
                "Bearer tk-paz",
                "Bearer tk-lund",
            )
        ]
        bare = outcome(lambda: http.get("/records/dora", headers=headers))
    got = [getattr(one, "status_code", one) for one in (bare, *responses)]
    assert got == [401, 401, 401, 403, 200], (
        f"From {address} with the headers {list(headers)}: no token, two wrong ones, "
        f"another doctor's, and the token of the patient's doctor got {in_words(got)}. "
        "The docstring asks for 401, 401, 401, 403, 200. Look at what your code trusts."
    )
    challenges = [one.headers.get("WWW-Authenticate") for one in (bare, *responses[:2])]
    assert challenges == ["Bearer"] * 3, (
        "A request with no token, one with Basic credentials, and one with a wrong "
        "token returned 401 with these values of the header `WWW-Authenticate`: "
        f"{in_words(challenges)}. The docstring asks for `Bearer` with every 401."
    )


def test_q2_a_request_without_a_token_has_no_caller(clinic, reader):
    # An identity provider that knows these texts must not be asked for them.
    clinic.tokens |= {"": "Lund", "None": "Lund"}
    got = [reader.read(None, "dora"), reader.read("tk-lund", "dora")]

    asked = [call[1] for call in clinic.calls if call[0] == "caller_of"]
    assert got == [401, 200], (
        "A request without a bearer token, and one with the token of Lund, got "
        f"{in_words(got)}. `caller_of` was called for {in_words(asked)}. The docstring "
        "asks for 401 and 200: without a token, there is nothing to ask."
    )


def test_q2_a_token_that_is_taken_back_stops_working(clinic, reader):
    got = [reader.read("tk-lund", "dora")]
    owner = clinic.tokens.pop("tk-lund")
    got.append(reader.read("tk-lund", "dora"))
    clinic.tokens["tk-lund"] = "Paz"
    got.append(reader.read("tk-lund", "dora"))
    clinic.tokens["tk-lund"] = owner
    got.append(reader.read("tk-lund", "dora"))

    assert got == [200, 401, 403, 200], (
        "A token of Lund was taken back, given to Paz, and given to Lund again. The "
        f"requests for Lund's patient got {in_words(got)}. The docstring asks for 200, "
        "401, 403, 200: `caller_of` is called for every request."
    )


def test_q2_a_permission_that_is_taken_back_stops_working(clinic, reader):
    got = [reader.read("tk-lund", "dora")]
    clinic.allowed.remove(("Lund", "dora"))
    got.append(reader.read("tk-lund", "dora"))
    clinic.allowed.add(("Lund", "emil"))
    got.append(reader.read("tk-lund", "emil"))

    assert got == [200, 403, 200], (
        "Lund lost the permission for dora, and got one for emil. The requests got "
        f"{in_words(got)}. The docstring asks for 200, 403, 200: `may_read` is called "
        "for every request."
    )


def test_q2_each_decision_is_logged(clinic, reader):
    for token, patient in (
        ("tk-lund", "dora"),
        ("tk-lund", "emil"),
        ("tk-none", "emil"),
        ("tk-lund", "dora"),
    ):
        reader.read(token, patient)

    expected = [("Lund", "dora", True), ("Lund", "emil", False), ("Lund", "dora", True)]
    assert clinic.log == expected, (
        "Lund read dora, emil, and dora again, and somebody used a wrong token. The "
        f"audit log has {in_words(clinic.log)}. The docstring asks for one entry for "
        "each result of `may_read`, True or False."
    )
    asked = [call[1:] for call in clinic.calls if call[0] == "may_read"]
    assert len(asked) == len(clinic.log), (
        f"For these requests, `may_read` was called with {in_words(asked)}, and the "
        f"audit log has {len(clinic.log)} entries. The docstring asks to log each "
        "result. A second call can have another result than the one that you log."
    )


@pytest.mark.parametrize(
    ("token", "patient", "code"),
    [
        ("tk-lund", "Dora", 403),
        ("tk-lund", "dor", 403),
        ("tk-lund", "dora%20", 403),
        ("TK-LUND", "dora", 401),
    ],
    ids=["case", "part", "space", "token"],
)
def test_q2_a_name_that_is_only_similar_is_another_name(
    clinic, reader, token, patient, code
):
    got = reader.read(token, patient)
    assert got == code, (
        f"`tk-lund` is a token of Lund, who may read `dora`. With {token!r}, `GET "
        f"/records/{patient}` got {in_words(got)}. The docstring asks for {code}: pass "
        "the token and the patient to `caller_of` and `may_read` as they came."
    )


@pytest.mark.parametrize("error", [ConnectionError, TimeoutError, KeyError])
@pytest.mark.parametrize("name", ["caller_of", "may_read", "log_decision"])
def test_q2_nobody_gets_a_record_while_a_check_fails(
    answers, clinic, reader, name, error
):
    clinic.errors[name] = error("the service does not respond")

    got = reader.read("tk-lund", "dora")
    assert isinstance(got, error), (
        f"`{name}` raised {error.__name__}. The request {returned_or_raised(got)}. The "
        "docstring asks that nobody gets a record, and that you do not catch the "
        "exception. Look at your `try`, and whether your code makes this call."
    )
    with client(answers.records_app(), raises=False) as http:
        sent = http.get("/records/dora", headers={"Authorization": "Bearer tk-lund"})
    assert (sent.status_code, "record" in sent.text) == (500, False), (
        f"`{name}` raised {error.__name__}, but the client had already received "
        f"{sent.status_code} and {in_words(sent.text)}. The docstring asks that nobody "
        "gets a record. Look at when your code makes this call."
    )


KEYS = {"scanner": b"s" * 32, "centrifuge": b"c" * 32}
TIME = 1_900_000_000


@dataclass
class Lab:
    """An application with 5.11.3's dependency, and what its endpoint gets."""

    http: TestClient
    got: list[tuple[str, Any]] = field(default_factory=list)
    used: set[tuple[str, str]] = field(default_factory=set)
    keys: dict[str, bytes] = field(default_factory=lambda: dict(KEYS))
    now: int = TIME

    def first_use(self, device: str, nonce: str) -> bool:
        """Return whether the device has not used this nonce yet."""
        is_new = (device, nonce) not in self.used
        self.used.add((device, nonce))
        return is_new

    def send(self, request: "Sent") -> Any:
        """Return the response to a request, or the exception of the dependency."""
        return outcome(
            lambda: self.http.request(
                request.method,
                request.target,
                content=request.body,
                headers=request.headers(),
            )
        )


@dataclass
class Sent:
    """A request of a device."""

    device: str = "scanner"
    method: str = "POST"
    target: str = "/results/7?unit=mmol"
    body: bytes = b'{"glucose": 5}'
    time: int = TIME
    nonce: str = "nonce-0000000001"
    type: str = "application/json"
    signature: str = ""

    def signed(self, key: bytes | None = None) -> "Sent":
        """Return the same request with its signature."""
        path, _, query = self.target.partition("?")
        target = [self.method, path, query, self.device, self.time, self.nonce]
        parts = json.dumps([*target, self.type, self.body.hex()])
        key = KEYS[self.device] if key is None else key
        signature = hmac.new(key, parts.encode(), "sha256").hexdigest()
        return self.but(signature=signature)

    def but(self, **changes: Any) -> "Sent":
        """Return this request with changes, and with the signature that it has."""
        return Sent(**(vars(self) | changes))

    def headers(self) -> dict[str, bytes]:
        """Return the headers of this request."""
        values = {
            "X-Device": self.device,
            "X-Time": str(self.time),
            "X-Nonce": self.nonce,
            "X-Signature": self.signature,
            "Content-Type": self.type,
        }
        return {name: value.encode("latin-1") for name, value in values.items()}


@pytest.fixture
def lab(answers) -> Iterator[Lab]:
    """An application whose endpoints want a signing device."""
    app = FastAPI()
    device = Annotated[str, Depends(answers.signing_device)]

    def save_result(device: device, values: Annotated[Any, Body()]) -> None:
        one.got.append((device, values))

    def read_result(device: device) -> None:
        one.got.append((device, None))

    app.add_api_route("/results/{number:path}", save_result, methods=["POST", "PUT"])
    app.add_api_route("/results/{number:path}", read_result, methods=["GET"])
    with client(app) as http:
        one = Lab(http)
        stand_in(answers.device_key, lambda device: one.keys.get(device))
        stand_in(answers.first_use, one.first_use)
        stand_in(answers.now, lambda: one.now)
        yield one


def status(response: object) -> object:
    """Return the status code of a response, or an exception as it is."""
    return getattr(response, "status_code", response)


REQUESTS = {
    "json": Sent(),
    "another device": Sent(device="centrifuge", body=b"[1, 2]", target="/results/8"),
    "no body": Sent(method="GET", body=b""),
    "encoded path": Sent(method="PUT", target="/results/a%2Fb%20c?x=%26&x=2"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_q3_a_signed_request_reaches_the_endpoint(lab, name):
    request = REQUESTS[name].signed()

    response = lab.send(request)
    body = json.loads(request.body) if request.body else None
    assert (status(response), lab.got) == (200, [(request.device, body)]), (
        f"{request.device} signed `{request.method} {request.target}`. The response "
        f"was {in_words(status(response))}, and the endpoint got {in_words(lab.got)}. "
        "The docstring asks for the name of the device. Look at what you sign, and at "
        "your `return`."
    )


GOOD = Sent().signed()
FORGED = {
    "another method": GOOD.but(method="PUT"),
    "another path": GOOD.but(target="/results/8?unit=mmol"),
    "another query": GOOD.but(target="/results/7?unit=mol"),
    "another body": GOOD.but(body=b'{"glucose": 9}'),
    "another content type": GOOD.but(type="application/merge-patch+json"),
    "another time": GOOD.but(time=TIME + 1),
    "another nonce": GOOD.but(nonce="nonce-0000000002"),
    "another device": GOOD.but(device="centrifuge"),
    "another key": Sent().signed(KEYS["centrifuge"]),
    "no signature": GOOD.but(signature=""),
    "half of it": GOOD.but(signature=GOOD.signature[:32]),
    "more than it": GOOD.but(signature=GOOD.signature + "0"),
    "another last digit": GOOD.but(
        signature=GOOD.signature[:-1] + ("1" if GOOD.signature[-1] == "0" else "0")
    ),
    "not ASCII": GOOD.but(signature="é" * 64),
    "another letter after it": GOOD.but(signature=GOOD.signature + "é"),
    "two signatures": GOOD.but(signature=f"{GOOD.signature},{'0' * 64}"),
    "unknown device": Sent(device="robot").signed(KEYS["scanner"]),
    "empty key": Sent(device="robot").signed(b""),
    "key None": Sent(device="robot").signed(b"None"),
}


@pytest.mark.parametrize("name", FORGED)
def test_q3_any_other_signature_returns_401(answers, lab, name):
    response = lab.send(FORGED[name])

    wanted = answers.unauthorized()
    got = status(response)
    assert (got, lab.got) == (401, []), (
        f"A request was signed, but with a fault: {name}. The response was "
        f"{in_words(got)}, and the endpoint got {in_words(lab.got)}. The docstring "
        "asks to raise `unauthorized()`. Look at how you compute and compare."
    )
    said = response.json(), response.headers.get("WWW-Authenticate")
    assert said == ({"detail": wanted.detail}, "HMAC"), (
        f"A request was signed, but with a fault: {name}. The body and the header "
        f"`WWW-Authenticate` were {in_words(said)}. The docstring asks for "
        "`unauthorized()`, which does not say what was wrong."
    )


@pytest.mark.parametrize("now", [TIME, TIME + 86_400 * 365])
def test_q3_the_time_of_the_request_is_within_the_window(lab, now):
    lab.now = now
    ages = (0, 60, -60, 61, -61, 3600, -3600, 10**8)
    statuses = {
        age: status(lab.send(Sent(time=now - age, nonce=f"nonce-{age:012}").signed()))
        for age in ages
    }
    expected = {age: 200 if abs(age) <= 60 else 401 for age in ages}
    assert statuses == expected, (
        "Requests were signed so many seconds before `now()`, and returned "
        f"{in_words(statuses)}. The docstring asks for 401 if it is more than 60 "
        "seconds before or after. Look at how you compare the times."
    )


def test_q3_a_request_that_is_sent_again_returns_401(lab):
    statuses = [status(lab.send(GOOD)) for _ in range(3)]

    assert (statuses, len(lab.got)) == ([200, 401, 401], 1), (
        "A recorded request was sent again, twice. The responses were "
        f"{in_words(statuses)}. The docstring asks for 200, 401, 401. Look at what you "
        "do with the result of `first_use`."
    )


def test_q3_a_nonce_belongs_to_one_device(lab):
    requests = [
        Sent(),
        Sent(nonce="nonce-0000000002"),
        Sent(device="centrifuge"),
    ]
    statuses = [status(lab.send(request.signed())) for request in requests]

    used = {(request.device, request.nonce) for request in requests}
    assert (statuses, lab.used) == ([200, 200, 200], used), (
        "A device sent two nonces, and another device sent the first one, too. The "
        f"responses were {in_words(statuses)}, and `first_use` got "
        f"{in_words(sorted(lab.used))}. The docstring asks for `first_use(device, "
        "nonce)`, once for each."
    )


def test_q3_a_forged_request_does_not_use_up_a_nonce(lab):
    forged = [status(lab.send(FORGED[name])) for name in ("another body", "not ASCII")]
    real = status(lab.send(GOOD))

    assert (forged, real) == ([401, 401], 200), (
        "Somebody sent the nonce of a device with a wrong signature, and got "
        f"{in_words(forged)}. Then the device sent its request, and got "
        f"{in_words(real)}. The docstring asks for 200: a wrong signature does not use "
        "up a nonce. Look at the order of your checks."
    )


def test_q3_the_key_is_looked_up_for_every_request(lab):
    statuses = [status(lab.send(GOOD))]
    second = Sent(nonce="nonce-0000000002").signed()
    del lab.keys["scanner"]
    statuses.append(status(lab.send(second)))
    lab.keys["scanner"] = KEYS["scanner"]
    statuses.append(status(lab.send(second)))

    assert statuses == [200, 401, 200], (
        "The key of a device was taken away, and then given back. The responses were "
        f"{in_words(statuses)}. The docstring asks for 200, 401, 200. Look at where "
        "your code calls `device_key`, and at the order of the checks."
    )


@pytest.mark.parametrize("error", [ConnectionError, TypeError, ValueError])
@pytest.mark.parametrize("name", ["device_key", "first_use", "now"])
def test_q3_an_error_of_a_given_function_is_not_a_401(answers, lab, name, error):
    def fail(*_: object) -> None:
        raise error("the store does not respond")

    stand_in(getattr(answers, name), fail)
    got = status(lab.send(GOOD))
    assert (type(got), lab.got) == (error, []), (
        f"`{name}` raised {error.__name__}. The request {returned_or_raised(got)}. The "
        "docstring asks not to catch the error. Look at your `try`, and whether your "
        "code makes this call."
    )
