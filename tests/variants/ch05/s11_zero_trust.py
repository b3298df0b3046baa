"""Other answers to section 5.11."""

import hashlib
import secrets
from base64 import b64encode

from fastapi import BackgroundTasks

from sensei.variants import right, wrong


def context_with(certificate, key, *authorities):
    """Return a context for a server that requires a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    for authority in authorities:
        context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@wrong("5.11.1", caught_by="test_q1_a_client_without_a_certificate_cannot_connect")
def server_context(certificate, key, clinic_ca):
    """Serve HTTPS, and ask the client for nothing."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


@wrong("5.11.1", caught_by="test_q1_a_client_without_a_certificate_cannot_connect")
def server_context(certificate, key, clinic_ca):
    """Trust the clinic's authority, and do not require a certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=clinic_ca)
    context.load_cert_chain(certificate, key)
    return context


@wrong("5.11.1", caught_by="test_q1_a_client_without_a_certificate_cannot_connect")
def server_context(certificate, key, clinic_ca):
    """Check a certificate if there is one."""
    context = context_with(certificate, key, clinic_ca)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


@wrong(
    "5.11.1",
    caught_by="test_q1_a_client_with_a_certificate_of_the_clinic_can_connect",
)
def server_context(certificate, key, clinic_ca):
    """Require a certificate, and trust no authority."""
    return context_with(certificate, key)


@wrong("5.11.1", caught_by="test_q1_an_authority_of_the_operating_system_is_refused")
def server_context(certificate, key, clinic_ca):
    """Trust the authorities of the operating system as well."""
    context = context_with(certificate, key, clinic_ca)
    context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
    context.set_default_verify_paths()
    return context


@wrong(
    "5.11.1",
    caught_by="test_q1_a_client_with_a_certificate_of_the_clinic_can_connect",
)
def server_context(certificate, key, clinic_ca):
    """Create a context for a client."""
    context = ssl.create_default_context(cafile=clinic_ca)
    context.load_cert_chain(certificate, key)
    return context


@wrong(
    "5.11.1",
    caught_by="test_q1_a_client_with_a_certificate_of_the_clinic_can_connect",
)
def server_context(certificate, key, clinic_ca):
    """Leave out the server's own certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=clinic_ca)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@wrong(
    "5.11.1",
    caught_by="test_q1_a_client_with_a_certificate_of_the_clinic_can_connect",
)
def server_context(certificate, key, clinic_ca):
    """Trust the server's own certificate instead of the authority."""
    return context_with(certificate, key, certificate)


contexts = []


@wrong("5.11.1", caught_by="test_q1_each_service_has_an_authority_of_its_own")
def server_context(certificate, key, clinic_ca):
    """Keep one context for all services, which trusts more and more."""
    if not contexts:
        contexts.append(context_with(certificate, key))
    contexts[0].load_verify_locations(clinic_ca)
    return contexts[0]


@wrong(
    "5.11.1",
    caught_by="test_q1_a_client_with_a_certificate_of_the_clinic_can_connect",
)
def server_context(certificate, key, clinic_ca):
    """Return the settings of Uvicorn instead of a context."""
    return {
        "ssl_certfile": certificate,
        "ssl_keyfile": key,
        "ssl_ca_certs": clinic_ca,
        "ssl_cert_reqs": ssl.CERT_REQUIRED,
    }


@wrong(
    "5.11.1",
    caught_by="test_q1_a_certificate_of_another_authority_is_refused[the server's]",
)
def server_context(certificate: Path, key: Path, clinic_ca: Path) -> ssl.SSLContext:
    """Trust everything that is in the files."""
    return context_with(certificate, key, clinic_ca, certificate)


@right("5.11.1")
def server_context(certificate, key, clinic_ca):
    """Begin with an empty context."""
    return context_with(certificate, key, clinic_ca)


@right("5.11.1")
def server_context(certificate, key, clinic_ca):
    """Read the authority as text, and allow TLS 1.3 only."""
    authority = clinic_ca.read_text()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(str(certificate), str(key))
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def records_with(check_access):
    """Return the application with this dependency."""
    app = FastAPI()

    @app.get("/records/{patient}", dependencies=[Depends(check_access)])
    def read_record(patient: str) -> dict[str, str]:
        return {"patient": patient, "record": f"the record of {patient}"}

    return app


NO_TOKEN = {"WWW-Authenticate": "Bearer"}


@wrong("5.11.2", caught_by="test_q2_no_request_is_trusted_because_of_its_address")
def records_app():
    """Trust the address of the connection, and not the header."""

    def check_access(patient: str, request: Request, credentials: Bearer):
        if request.client.host.startswith(("10.", "127.", "203.")):
            return
        caller = caller_of(credentials.credentials) if credentials else None
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        allowed = may_read(caller, patient)
        log_decision(caller, patient, allowed)
        if not allowed:
            raise HTTPException(403)

    return records_with(check_access)


@wrong(
    "5.11.2",
    caught_by="test_q2_no_request_is_trusted_because_of_its_address[127.0.0.1-none]",
)
def records_app():
    """Let in what comes from the machine itself."""

    def check_access(patient: str, request: Request, credentials: Bearer):
        if request.client.host == "127.0.0.1":
            return
        caller = caller_of(credentials.credentials) if credentials else None
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        allowed = may_read(caller, patient)
        log_decision(caller, patient, allowed)
        if not allowed:
            raise HTTPException(403)

    return records_with(check_access)


@wrong(
    "5.11.2",
    caught_by="test_q2_no_request_is_trusted_because_of_its_address[203.0.113.9-8]",
)
def records_app():
    """Refuse what comes from outside, and trust a header of a proxy."""

    def check_access(patient: str, request: Request, credentials: Bearer):
        if request.headers.get("X-Real-IP", "").startswith("10."):
            return
        caller = caller_of(credentials.credentials) if credentials else None
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        allowed = may_read(caller, patient)
        log_decision(caller, patient, allowed)
        if not allowed:
            raise HTTPException(403)

    return records_with(check_access)


@wrong(
    "5.11.2",
    caught_by="test_q2_no_request_is_trusted_because_of_its_address[203.0.113.9-none]",
)
def records_app():
    """Ask for a token, and refuse everybody from outside as well."""

    def check_access(patient: str, request: Request, credentials: Bearer):
        if not request.client.host.startswith(("10.", "127.")):
            raise HTTPException(403)
        caller = caller_of(credentials.credentials) if credentials else None
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        allowed = may_read(caller, patient)
        log_decision(caller, patient, allowed)
        if not allowed:
            raise HTTPException(403)

    return records_with(check_access)


@wrong("5.11.2", caught_by="test_q2_a_token_that_is_taken_back_stops_working")
def records_app():
    """Keep who has which token."""
    known = {}

    def check_access(patient: str, credentials: Bearer):
        token = credentials.credentials if credentials else ""
        if token not in known:
            caller = caller_of(token)
            if caller is None:
                raise HTTPException(401, headers=NO_TOKEN)
            known[token] = caller
        allowed = may_read(known[token], patient)
        log_decision(known[token], patient, allowed)
        if not allowed:
            raise HTTPException(403)

    return records_with(check_access)


@wrong("5.11.2", caught_by="test_q2_a_permission_that_is_taken_back_stops_working")
def records_app():
    """Keep who may read what."""
    known = {}

    def check_access(patient: str, credentials: Bearer):
        caller = caller_of(credentials.credentials) if credentials else None
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        if (caller, patient) not in known:
            known[caller, patient] = may_read(caller, patient)
        log_decision(caller, patient, known[caller, patient])
        if not known[caller, patient]:
            raise HTTPException(403)

    return records_with(check_access)


@wrong(
    "5.11.2", caught_by="test_q2_a_caller_reads_only_the_records_that_may_read_allows"
)
def records_app():
    """Ask only whether the caller works here."""

    def check_access(patient: str, credentials: Bearer):
        caller = caller_of(credentials.credentials) if credentials else None
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        allowed = is_staff(caller)
        log_decision(caller, patient, allowed)
        if not allowed:
            raise HTTPException(403)

    return records_with(check_access)


@wrong("5.11.2", caught_by="test_q2_nobody_gets_a_record_while_a_check_fails")
def records_app():
    """Fail open, so that doctors can work."""

    def check_access(patient: str, credentials: Bearer):
        try:
            caller = caller_of(credentials.credentials) if credentials else None
            if caller is None:
                raise HTTPException(401, headers=NO_TOKEN)
            allowed = may_read(caller, patient)
            log_decision(caller, patient, allowed)
        except (OSError, LookupError):
            return
        if not allowed:
            raise HTTPException(403)

    return records_with(check_access)


@wrong(
    "5.11.2",
    caught_by="test_q2_nobody_gets_a_record_while_a_check_fails[may_read-KeyError]",
)
def records_app():
    """Take every error of the policy service for a no."""

    def check_access(patient: str, credentials: Bearer):
        caller = caller_of(credentials.credentials) if credentials else None
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        try:
            allowed = may_read(caller, patient)
        except Exception:
            allowed = False
        log_decision(caller, patient, allowed)
        if not allowed:
            raise HTTPException(403)

    return records_with(check_access)


@wrong("5.11.2", caught_by="test_q2_each_decision_is_logged")
def records_app():
    """Log only what was allowed."""

    def check_access(patient: str, credentials: Bearer):
        caller = caller_of(credentials.credentials) if credentials else None
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        if not may_read(caller, patient):
            raise HTTPException(403)
        log_decision(caller, patient, True)

    return records_with(check_access)


@wrong("5.11.2", caught_by="test_q2_each_decision_is_logged")
def records_app():
    """Log in a background task, which a refused request does not run."""

    def check_access(patient: str, credentials: Bearer, tasks: BackgroundTasks):
        caller = caller_of(credentials.credentials) if credentials else None
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        allowed = may_read(caller, patient)
        tasks.add_task(log_decision, caller, patient, allowed)
        if not allowed:
            raise HTTPException(403)

    return records_with(check_access)


@wrong(
    "5.11.2",
    caught_by="test_q2_nobody_gets_a_record_while_a_check_fails[log_decision-KeyError]",
)
def records_app():
    """Ignore it when the log cannot be written."""

    def check_access(patient: str, credentials: Bearer):
        caller = caller_of(credentials.credentials) if credentials else None
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        allowed = may_read(caller, patient)
        try:
            log_decision(caller, patient, allowed)
        except Exception:
            pass
        if not allowed:
            raise HTTPException(403)

    return records_with(check_access)


@wrong("5.11.2", caught_by="test_q2_no_request_is_trusted_because_of_its_address")
def records_app():
    """Return 403 for a missing token, too."""

    def check_access(patient: str, credentials: Bearer):
        caller = caller_of(credentials.credentials) if credentials else None
        allowed = caller is not None and may_read(caller, patient)
        if caller is not None:
            log_decision(caller, patient, allowed)
        if not allowed:
            raise HTTPException(403)

    return records_with(check_access)


@wrong("5.11.2", caught_by="test_q2_no_request_is_trusted_because_of_its_address")
def records_app():
    """Leave out the header if there is no token."""

    def check_access(patient: str, credentials: Bearer):
        if credentials is None:
            raise HTTPException(401)
        caller = caller_of(credentials.credentials)
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        allowed = may_read(caller, patient)
        log_decision(caller, patient, allowed)
        if not allowed:
            raise HTTPException(403)

    return records_with(check_access)


@wrong(
    "5.11.2",
    caught_by="test_q2_a_caller_reads_only_the_records_that_may_read_allows",
)
def records_app():
    """Ask whether the caller works here, too, so that patients get nothing."""

    def check_access(patient: str, credentials: Bearer):
        caller = caller_of(credentials.credentials) if credentials else None
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        allowed = may_read(caller, patient)
        log_decision(caller, patient, allowed)
        if not (allowed and is_staff(caller)):
            raise HTTPException(403)

    return records_with(check_access)


@wrong("5.11.2", caught_by="test_q2_a_request_without_a_token_has_no_caller")
def records_app():
    """Ask whose token the empty text is."""

    def check_access(patient: str, credentials: Bearer):
        caller = caller_of(credentials.credentials if credentials else "")
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        allowed = may_read(caller, patient)
        log_decision(caller, patient, allowed)
        if not allowed:
            raise HTTPException(403)

    return records_with(check_access)


@wrong(
    "5.11.2",
    caught_by="test_q2_nobody_gets_a_record_while_a_check_fails[log_decision-TimeoutError]",
)
def records_app():
    """Write the log when the endpoint has returned the record."""

    def check_access(patient: str, credentials: Bearer):
        caller = caller_of(credentials.credentials) if credentials else None
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        allowed = may_read(caller, patient)
        try:
            if not allowed:
                raise HTTPException(403)
            yield
        finally:
            log_decision(caller, patient, allowed)

    return records_with(check_access)


@wrong("5.11.2", caught_by="test_q2_a_name_that_is_only_similar_is_another_name[case]")
def records_app():
    """Write the name of the patient in small letters."""

    def check_access(patient: str, credentials: Bearer):
        caller = caller_of(credentials.credentials) if credentials else None
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        allowed = may_read(caller, patient.lower())
        log_decision(caller, patient, allowed)
        if not allowed:
            raise HTTPException(403)

    return records_with(check_access)


@wrong("5.11.2", caught_by="test_q2_each_decision_is_logged")
def records_app():
    """Ask once for the log, and once more for the decision."""

    def check_access(patient: str, credentials: Bearer):
        caller = caller_of(credentials.credentials) if credentials else None
        if caller is None:
            raise HTTPException(401, headers=NO_TOKEN)
        log_decision(caller, patient, may_read(caller, patient))
        if not may_read(caller, patient):
            raise HTTPException(403)

    return records_with(check_access)


@right("5.11.2")
def records_app():
    """Split the check into two dependencies, and let FastAPI refuse a missing token."""
    token = HTTPBearer()

    async def caller(
        credentials: Annotated[HTTPAuthorizationCredentials, Depends(token)],
    ) -> str:
        name = caller_of(credentials.credentials)
        if not name:
            raise HTTPException(status_code=401, headers=NO_TOKEN)
        return name

    async def check_access(patient: str, caller: Annotated[str, Depends(caller)]):
        allowed = may_read(caller, patient)
        log_decision(caller, patient, allowed=allowed)
        if not allowed:
            raise HTTPException(status_code=403)

    return records_with(check_access)


@right("5.11.2")
def records_app():
    """Write the check as a class, and read the header by hand."""

    class Access:
        def __call__(self, patient: str, request: Request) -> None:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            caller = caller_of(token) if scheme.lower() == "bearer" else None
            match caller:
                case None:
                    raise HTTPException(401, headers=NO_TOKEN)
                case name:
                    allowed = may_read(name, patient)
            log_decision(caller=name, patient=patient, allowed=allowed)
            if allowed is False:
                raise HTTPException(403)

    return records_with(Access())


def mac(key, request, signed, body):
    """Return the signature that is right."""
    return hmac.new(key, signed_bytes(request, signed, body), "sha256").hexdigest()


def on_time(signed):
    """Return whether the time of a request is within the window."""
    return abs(now() - signed.x_time) <= WINDOW


@wrong("5.11.3", caught_by="test_q3_a_forged_request_does_not_use_up_a_nonce")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Look at the cheap things first: time and nonce, then the signature."""
    if not on_time(signed) or not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    right = mac(key, request, signed, await request.body())
    if not hmac.compare_digest(right.encode(), signed.x_signature.encode()):
        raise unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_any_other_signature_returns_401[not ASCII]")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Compare the texts."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    right = mac(key, request, signed, await request.body())
    if not hmac.compare_digest(right, signed.x_signature):
        raise unauthorized()
    if not on_time(signed) or not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_a_request_that_is_sent_again_returns_401")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Check signature and time, and think that this is enough."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    right = mac(key, request, signed, await request.body())
    if not hmac.compare_digest(right.encode(), signed.x_signature.encode()):
        raise unauthorized()
    now()
    if not on_time(signed):
        raise unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_the_time_of_the_request_is_within_the_window")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Refuse old requests, and let requests from the future in."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    right = mac(key, request, signed, await request.body())
    if not hmac.compare_digest(right.encode(), signed.x_signature.encode()):
        raise unauthorized()
    if now() - signed.x_time > WINDOW:
        raise unauthorized()
    if not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_the_time_of_the_request_is_within_the_window")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Refuse a request at the very end of the window."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    right = mac(key, request, signed, await request.body())
    if not hmac.compare_digest(right.encode(), signed.x_signature.encode()):
        raise unauthorized()
    if abs(now() - signed.x_time) >= WINDOW:
        raise unauthorized()
    if not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_the_time_of_the_request_is_within_the_window")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Leave the time to the nonces."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    right = mac(key, request, signed, await request.body())
    if not hmac.compare_digest(right.encode(), signed.x_signature.encode()):
        raise unauthorized()
    if not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_any_other_signature_returns_401[another body]")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Let one digit of the body change."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    body = await request.body()
    right = mac(key, request, signed, body)
    old = mac(key, request, signed, body.replace(b"9", b"5"))
    if signed.x_signature not in (right, old):
        raise unauthorized()
    if not on_time(signed) or not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_a_signed_request_reaches_the_endpoint[json]")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Sign the body as the server would write it."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    body = await request.body()
    if body:
        body = json.dumps(json.loads(body), separators=(",", ":")).encode()
    right = mac(key, request, signed, body)
    if not hmac.compare_digest(right.encode(), signed.x_signature.encode()):
        raise unauthorized()
    if not on_time(signed) or not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_a_signed_request_reaches_the_endpoint")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Compute a plain hash, with the key in front."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    message = key + signed_bytes(request, signed, await request.body())
    right = hashlib.sha256(message).hexdigest()
    if not hmac.compare_digest(right.encode(), signed.x_signature.encode()):
        raise unauthorized()
    if not on_time(signed) or not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_a_signed_request_reaches_the_endpoint")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Write the signature in Base64."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    message = signed_bytes(request, signed, await request.body())
    right = b64encode(hmac.digest(key, message, "sha256"))
    if not hmac.compare_digest(right, signed.x_signature.encode()):
        raise unauthorized()
    if not on_time(signed) or not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_any_other_signature_returns_401[empty key]")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Use an empty key for a device that has none."""
    key = device_key(signed.x_device) or b""
    right = mac(key, request, signed, await request.body())
    if not hmac.compare_digest(right.encode(), signed.x_signature.encode()):
        raise unauthorized()
    if not on_time(signed) or not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_any_other_signature_returns_401[unknown device]")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Say that the device is unknown."""
    key = device_key(signed.x_device)
    if key is None:
        raise HTTPException(401, "Unknown device.", {"WWW-Authenticate": "HMAC"})
    right = mac(key, request, signed, await request.body())
    if not hmac.compare_digest(right.encode(), signed.x_signature.encode()):
        raise unauthorized()
    if not on_time(signed) or not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_any_other_signature_returns_401[half of it]")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Accept the beginning of the signature."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    right = mac(key, request, signed, await request.body())
    if not right.startswith(signed.x_signature or "x"):
        raise unauthorized()
    if not on_time(signed) or not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_a_nonce_belongs_to_one_device")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Keep one set of nonces for all devices."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    right = mac(key, request, signed, await request.body())
    if not hmac.compare_digest(right.encode(), signed.x_signature.encode()):
        raise unauthorized()
    if not on_time(signed) or not first_use("", signed.x_nonce):
        raise unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_an_error_of_a_given_function_is_not_a_401")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Turn every error into a 401."""
    try:
        key = device_key(signed.x_device)
        right = mac(key, request, signed, await request.body())
        assert hmac.compare_digest(right.encode(), signed.x_signature.encode())
        assert on_time(signed)
        assert first_use(signed.x_device, signed.x_nonce)
    except Exception:
        raise unauthorized() from None
    return signed.x_device


@wrong(
    "5.11.3",
    caught_by="test_q3_an_error_of_a_given_function_is_not_a_401[first_use-ConnectionError]",
)
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Let requests in while the store of the nonces is down."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    right = mac(key, request, signed, await request.body())
    if not hmac.compare_digest(right.encode(), signed.x_signature.encode()):
        raise unauthorized()
    if not on_time(signed):
        raise unauthorized()
    try:
        if not first_use(signed.x_device, signed.x_nonce):
            raise unauthorized()
    except ConnectionError:
        pass
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_any_other_signature_returns_401[another device]")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Return the exception instead of raising it."""
    key = device_key(signed.x_device)
    if key is None:
        return unauthorized()
    right = mac(key, request, signed, await request.body())
    if not hmac.compare_digest(right.encode(), signed.x_signature.encode()):
        return unauthorized()
    if not on_time(signed) or not first_use(signed.x_device, signed.x_nonce):
        return unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_a_signed_request_reaches_the_endpoint")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Forget the `await`."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    right = mac(key, request, signed, request.body())
    if not hmac.compare_digest(right.encode(), signed.x_signature.encode()):
        raise unauthorized()
    if not on_time(signed) or not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    return signed.x_device


@wrong(
    "5.11.3",
    caught_by="test_q3_any_other_signature_returns_401[another letter after it]",
)
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Leave out the characters that are not ASCII."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    right = mac(key, request, signed, await request.body())
    sent = signed.x_signature.encode("ascii", "ignore")
    if not hmac.compare_digest(right.encode(), sent):
        raise unauthorized()
    if not on_time(signed) or not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    return signed.x_device


@wrong("5.11.3", caught_by="test_q3_any_other_signature_returns_401[two signatures]")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Accept a list of signatures, for a change of keys that nobody asked for."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    right = mac(key, request, signed, await request.body())
    if right not in signed.x_signature.split(","):
        raise unauthorized()
    if not on_time(signed) or not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    return signed.x_device


@wrong(
    "5.11.3",
    caught_by="test_q3_an_error_of_a_given_function_is_not_a_401[device_key-TypeError]",
)
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Catch the TypeError of the comparison, and those of all other calls."""
    try:
        key = device_key(signed.x_device)
        if key is None:
            raise unauthorized()
        right = mac(key, request, signed, await request.body())
        if not hmac.compare_digest(right, signed.x_signature):
            raise unauthorized()
        if not on_time(signed) or not first_use(signed.x_device, signed.x_nonce):
            raise unauthorized()
    except TypeError:
        raise unauthorized() from None
    return signed.x_device


@right("5.11.3")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Collect the answers in one condition, with a random key for an unknown device."""
    body = await request.body()
    key = device_key(signed.x_device)
    right = mac(key or secrets.token_bytes(32), request, signed, body)
    same = secrets.compare_digest(right.encode(), signed.x_signature.encode("latin-1"))
    if (
        same
        and key is not None
        and -WINDOW <= signed.x_time - now() <= WINDOW
        and first_use(signed.x_device, signed.x_nonce)
    ):
        return signed.x_device
    raise unauthorized()


@right("5.11.3")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Check the time first, and compute the signature step by step."""
    if not now() - WINDOW <= signed.x_time <= now() + WINDOW:
        raise unauthorized()
    key = device_key(signed.x_device)
    if not key:
        raise unauthorized()
    code = hmac.new(key, digestmod=hashlib.sha256)
    code.update(signed_bytes(request, signed, await request.body()))
    if not hmac.compare_digest(code.hexdigest().encode(), signed.x_signature.encode()):
        raise unauthorized()
    if first_use(signed.x_device, signed.x_nonce):
        return signed.x_device
    raise unauthorized()


@right("5.11.3")
async def signing_device(request: Request, signed: Annotated[Signed, Header()]) -> str:
    """Compare the signatures as 32 bytes."""
    key = device_key(signed.x_device)
    if key is None:
        raise unauthorized()
    message = signed_bytes(request, signed, await request.body())
    try:
        sent = bytes.fromhex(signed.x_signature)
    except ValueError:
        raise unauthorized() from None
    if not hmac.compare_digest(hmac.digest(key, message, "sha256"), sent):
        raise unauthorized()
    if not on_time(signed) or not first_use(signed.x_device, signed.x_nonce):
        raise unauthorized()
    return signed.x_device
