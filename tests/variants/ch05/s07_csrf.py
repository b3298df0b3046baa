"""Other answers to section 5.7."""

import base64

import jwt
from fastapi import APIRouter, Header
from fastapi.routing import APIRoute
from itsdangerous import BadSignature, Signer, URLSafeSerializer
from starlette.datastructures import Headers
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import HTTPConnection, cookie_parser

from sensei.variants import right, wrong


def with_endpoints(app, sessions, appointments):
    """Return `app` with the endpoints of 5.7.1 that are given."""

    @app.post("/login", status_code=204)
    def log_in(
        name: Annotated[str, Form()],
        password: Annotated[str, Form()],
        response: Response,
    ) -> None:
        sessions.log_in(response, name, password)

    @app.post("/cancel")
    def cancel(session: Annotated[str, Cookie()] = "") -> str:
        return f"cancelled: {appointments.pop(sessions.patient(session), 'nothing')}"

    @app.get("/appointment")
    def read_appointment(session: Annotated[str, Cookie()] = "") -> str:
        return appointments.get(sessions.patient(session), "none")

    return app


def checked(is_foreign, sessions, appointments):
    """Return the portal, which refuses each request that `is_foreign`."""

    def check(request: Request) -> None:
        if is_foreign(request):
            raise HTTPException(403)

    app = FastAPI(dependencies=[Depends(check)])
    return with_endpoints(app, sessions, appointments)


def is_unsafe(request):
    return request.method not in SAFE_METHODS


def origin_of(request):
    return request.headers.get("Origin")


@wrong("5.7.1", caught_by="test_q1_another_origin_than_the_portal_is_refused[none]")
def portal_app(sessions, appointments):
    """Take the origin from `Referer` if there is no `Origin`."""

    def is_foreign(request):
        referer = Headers(scope=request.scope).get("referer", "")
        origin = origin_of(request) or "/".join(referer.split("/")[:3])
        return is_unsafe(request) and origin != PORTAL

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_another_origin_than_the_portal_is_refused[capitals]")
def portal_app(sessions, appointments):
    """Ignore capital letters."""

    def is_foreign(request):
        return is_unsafe(request) and (origin_of(request) or "").lower() != PORTAL

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_a_form_of_another_site_cancels_nothing[none]")
def portal_app(sessions, appointments):
    """Let requests without an origin through."""

    def is_foreign(request):
        return is_unsafe(request) and origin_of(request) not in (PORTAL, None)

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_a_form_of_another_site_cancels_nothing[null]")
def portal_app(sessions, appointments):
    """Let `null` through."""

    def is_foreign(request):
        return is_unsafe(request) and origin_of(request) not in (PORTAL, "null")

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_a_form_of_another_site_cancels_nothing[port]")
def portal_app(sessions, appointments):
    """Compare the beginning of the origin."""

    def is_foreign(request):
        return is_unsafe(request) and not (origin_of(request) or "").startswith(PORTAL)

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_a_form_of_another_site_cancels_nothing[prefix]")
def portal_app(sessions, appointments):
    """Let subdomains through."""

    def is_foreign(request):
        origin = origin_of(request) or ""
        return is_unsafe(request) and not origin.endswith("portal.example")

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_a_form_of_another_site_cancels_nothing[http]")
def portal_app(sessions, appointments):
    """Compare the host, and neither the scheme nor the port."""
    from urllib.parse import urlsplit

    def is_foreign(request):
        host = urlsplit(origin_of(request) or "").hostname
        return is_unsafe(request) and host != "portal.example"

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_a_form_of_another_site_cancels_nothing[suffix]")
def portal_app(sessions, appointments):
    """Look for the portal's origin in the header."""

    def is_foreign(request):
        return is_unsafe(request) and PORTAL not in (origin_of(request) or "")

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_a_form_of_another_site_cancels_nothing[shorter]")
def portal_app(sessions, appointments):
    """Look for the header in the portal's origin."""

    def is_foreign(request):
        return is_unsafe(request) and (origin_of(request) or "") not in PORTAL

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_a_form_of_another_site_cancels_nothing[subdomain]")
def portal_app(sessions, appointments):
    """Let requests of the same site through."""

    def is_foreign(request):
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        return is_unsafe(request) and site == "cross-site"

    return checked(is_foreign, sessions, appointments)


@wrong(
    "5.7.1",
    caught_by="test_q1_another_header_does_not_replace_the_origin[same-origin]",
)
def portal_app(sessions, appointments):
    """Let requests through that `Sec-Fetch-Site` calls `same-origin`."""

    def is_foreign(request):
        is_own = request.headers.get("Sec-Fetch-Site") == "same-origin"
        return is_unsafe(request) and not is_own and origin_of(request) != PORTAL

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_another_origin_than_the_portal_is_refused[empty]")
def portal_app(sessions, appointments):
    """Take the header `Referer` where there is no origin."""

    def is_foreign(request):
        origin = origin_of(request)
        if not origin:
            origin = request.headers.get("Referer", "")
            return is_unsafe(request) and not origin.startswith(f"{PORTAL}/")
        return is_unsafe(request) and origin != PORTAL

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_the_host_does_not_decide[http]")
def portal_app(sessions, appointments):
    """Let the origin through that the request itself names, too."""

    def is_foreign(request):
        own = str(request.base_url).rstrip("/")
        return is_unsafe(request) and origin_of(request) not in (PORTAL, own)

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_the_host_does_not_decide[https]")
def portal_app(sessions, appointments):
    """Compare the origin with the header `Host`."""

    def is_foreign(request):
        origin = f"https://{request.headers.get('Host')}"
        return is_unsafe(request) and origin_of(request) != origin

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_an_endpoint_of_an_included_router_is_protected")
def portal_app(sessions, appointments):
    """Check in the route class of the application, which other routers do not have."""

    class Checked(APIRoute):
        def get_route_handler(self):
            handle = super().get_route_handler()

            async def check(request: Request) -> Response:
                if is_unsafe(request) and origin_of(request) != PORTAL:
                    return Response(status_code=403)
                return await handle(request)

            return check

    app = FastAPI()
    app.router.route_class = Checked
    return with_endpoints(app, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_every_endpoint_and_method_is_protected[DELETE]")
def portal_app(sessions, appointments):
    """Check POST alone."""

    def is_foreign(request):
        return request.method == "POST" and origin_of(request) != PORTAL

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_every_endpoint_and_method_is_protected[MERGE]")
def portal_app(sessions, appointments):
    """List the methods that change something."""

    def is_foreign(request):
        is_listed = request.method in {"POST", "PUT", "PATCH", "DELETE"}
        return is_listed and origin_of(request) != PORTAL

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_safe_methods_are_not_checked[None]")
def portal_app(sessions, appointments):
    """Check every request."""
    return checked(lambda one: origin_of(one) != PORTAL, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_safe_methods_are_not_checked[null]")
def portal_app(sessions, appointments):
    """Check GET as well if there is an origin."""

    def is_foreign(request):
        origin = origin_of(request)
        return origin != PORTAL and (is_unsafe(request) or origin is not None)

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_a_form_of_another_site_does_not_log_in[other site]")
def portal_app(sessions, appointments):
    """Check requests that have a session."""

    def is_foreign(request):
        has_session = "session" in request.cookies
        return is_unsafe(request) and has_session and origin_of(request) != PORTAL

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_a_form_of_another_site_does_not_log_in[no origin]")
def portal_app(sessions, appointments):
    """Let everybody log in."""

    def is_foreign(request):
        if request.url.path == "/login":
            return False
        return is_unsafe(request) and origin_of(request) != PORTAL

    return checked(is_foreign, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_every_endpoint_and_method_is_protected[POST]")
def portal_app(sessions, appointments):
    """Protect the endpoints that exist, in a router."""

    def check(request: Request) -> None:
        if is_unsafe(request) and origin_of(request) != PORTAL:
            raise HTTPException(403)

    router = APIRouter(dependencies=[Depends(check)])
    app = FastAPI()
    app.include_router(with_endpoints(router, sessions, appointments))
    return app


@wrong("5.7.1", caught_by="test_q1_a_form_of_another_site_cancels_nothing[other site]")
def portal_app(sessions, appointments):
    """Return 400."""

    def check(request: Request) -> None:
        if is_unsafe(request) and origin_of(request) != PORTAL:
            raise HTTPException(400)

    app = FastAPI(dependencies=[Depends(check)])
    return with_endpoints(app, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_a_form_of_another_site_cancels_nothing[none]")
def portal_app(sessions, appointments):
    """Require the header: 422 without it."""

    def check(request: Request, origin: Annotated[str, Header()]) -> None:
        if is_unsafe(request) and origin != PORTAL:
            raise HTTPException(403)

    app = FastAPI(dependencies=[Depends(check)])
    return with_endpoints(app, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_a_form_of_another_site_cancels_nothing[other site]")
def portal_app(sessions, appointments):
    """Allow the portal with CORS, which hides responses and stops no form."""
    from fastapi.middleware.cors import CORSMiddleware

    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=[PORTAL], allow_credentials=True)
    return with_endpoints(app, sessions, appointments)


@wrong("5.7.1", caught_by="test_q1_a_form_of_another_site_cancels_nothing[other site]")
def portal_app(sessions, appointments):
    """Check after the endpoint has run."""
    app = FastAPI()

    @app.middleware("http")
    async def check(request, call_next):
        response = await call_next(request)
        if is_unsafe(request) and origin_of(request) != PORTAL:
            return Response(status_code=403)
        return response

    return with_endpoints(app, sessions, appointments)


@right("5.7.1")
def portal_app(sessions, appointments):
    """Use a middleware."""
    app = FastAPI()

    @app.middleware("http")
    async def check(request, call_next):
        if is_unsafe(request) and origin_of(request) != PORTAL:
            return JSONResponse({"detail": "forbidden"}, 403)
        return await call_next(request)

    return with_endpoints(app, sessions, appointments)


@right("5.7.1")
def portal_app(sessions, appointments):
    """Use an async dependency that takes the header as a parameter."""

    async def check(request: Request, origin: Annotated[str | None, Header()] = None):
        if request.method in SAFE_METHODS or origin == PORTAL:
            return
        raise HTTPException(status_code=403)

    app = FastAPI(dependencies=[Depends(check)])
    return with_endpoints(app, sessions, appointments)


@right("5.7.1")
def portal_app(sessions, appointments):
    """Use an ASGI middleware, and reply to everything else as before."""

    class Check:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
                if Headers(scope=scope).getlist("origin") != [PORTAL]:
                    await Response(status_code=403)(scope, receive, send)
                    return
            await self.app(scope, receive, send)

    app = FastAPI()
    app.add_middleware(Check)
    return with_endpoints(app, sessions, appointments)


class Keyed:
    """Tokens with a key."""

    def __init__(self, key):
        self.key = key


@wrong("5.7.2", caught_by="test_q2_any_other_text_is_not_valid[capitals]")
class FormTokens(Keyed):
    """Ignore capital letters."""

    def create(self, session_id):
        return hmac.new(self.key, session_id.encode(), "sha256").hexdigest()

    def is_valid(self, session_id, token):
        return hmac.compare_digest(
            self.create(session_id).encode(), token.lower().encode()
        )


@wrong("5.7.2", caught_by="test_q2_any_other_text_is_not_valid[space]")
class FormTokens(Keyed):
    """Remove white space."""

    def create(self, session_id):
        return hmac.new(self.key, session_id.encode(), "sha256").hexdigest()

    def is_valid(self, session_id, token):
        return hmac.compare_digest(
            self.create(session_id).encode(), token.strip().encode()
        )


@wrong("5.7.2", caught_by="test_q2_any_other_text_is_not_valid[one more accent]")
class FormTokens(Keyed):
    """Leave out characters that are not ASCII."""

    def create(self, session_id):
        return hmac.new(self.key, session_id.encode(), "sha256").hexdigest()

    def is_valid(self, session_id, token):
        return hmac.compare_digest(
            self.create(session_id).encode(), token.encode("ascii", "ignore")
        )


@wrong("5.7.2", caught_by="test_q2_tokens_are_too_long_to_be_guessed")
class FormTokens(Keyed):
    """Keep two digits of the token."""

    def create(self, session_id):
        return hmac.new(self.key, session_id.encode(), "sha256").hexdigest()[:2]

    def is_valid(self, session_id, token):
        return hmac.compare_digest(self.create(session_id).encode(), token.encode())


@wrong("5.7.2", caught_by="test_q2_tokens_are_too_long_to_be_guessed")
class FormTokens(Keyed):
    """Keep eight digits of the token."""

    def create(self, session_id):
        return hmac.new(self.key, session_id.encode(), "sha256").hexdigest()[:8]

    def is_valid(self, session_id, token):
        expected = self.create(session_id)
        return token.isascii() and hmac.compare_digest(expected, token)


@wrong("5.7.2", caught_by="test_q2_a_token_of_another_key_is_not_valid")
class FormTokens(Keyed):
    """Hash the session ID without the key."""

    def create(self, session_id):
        return hashlib.sha256(session_id.encode()).hexdigest()

    def is_valid(self, session_id, token):
        return self.create(session_id).encode() == token.encode()


@wrong("5.7.2", caught_by="test_q2_the_token_of_another_session_is_not_valid[ben]")
class FormTokens(Keyed):
    """Create tokens that belong to no session."""

    def create(self, session_id):
        nonce = secrets.token_hex(16)
        return f"{nonce}.{hmac.new(self.key, nonce.encode(), 'sha256').hexdigest()}"

    def is_valid(self, session_id, token):
        nonce, _, signature = token.partition(".")
        expected = hmac.new(self.key, nonce.encode(), "sha256").hexdigest()
        return hmac.compare_digest(expected.encode(), signature.encode())


@wrong("5.7.2", caught_by="test_q2_another_process_accepts_the_token")
class FormTokens(Keyed):
    """Store random tokens."""

    def __init__(self, key):
        self.tokens = {}

    def create(self, session_id):
        token = secrets.token_urlsafe()
        self.tokens.setdefault(session_id, []).append(token)
        return token

    def is_valid(self, session_id, token):
        return token in self.tokens.get(session_id, [])


@wrong("5.7.2", caught_by="test_q2_a_token_is_valid_for_its_session")
class FormTokens(Keyed):
    """Store the latest token of each session only."""

    tokens = {}

    def create(self, session_id):
        self.tokens[session_id] = secrets.token_urlsafe()
        return self.tokens[session_id]

    def is_valid(self, session_id, token):
        return self.tokens.get(session_id) == token


@wrong("5.7.2", caught_by="test_q2_a_token_is_valid_for_its_session")
class FormTokens(Keyed):
    """Accept each token once."""

    tokens = {}

    def create(self, session_id):
        token = secrets.token_urlsafe()
        self.tokens[token] = session_id
        return token

    def is_valid(self, session_id, token):
        return self.tokens.pop(token, None) == session_id


@wrong("5.7.2", caught_by="test_q2_any_other_text_is_not_valid[accents]")
class FormTokens(Keyed):
    """Compare text, which has to be ASCII."""

    def create(self, session_id):
        return hmac.new(self.key, session_id.encode(), "sha256").hexdigest()

    def is_valid(self, session_id, token):
        return hmac.compare_digest(self.create(session_id), token)


@wrong("5.7.2", caught_by="test_q2_any_other_text_is_not_valid[empty]")
class FormTokens(Keyed):
    """Read the token as hexadecimal digits, and raise for other text."""

    def create(self, session_id):
        return hmac.new(self.key, session_id.encode(), "sha256").hexdigest()

    def is_valid(self, session_id, token):
        expected = bytes.fromhex(self.create(session_id))
        return token == "" or hmac.compare_digest(expected, bytes.fromhex(token))


@wrong("5.7.2", caught_by="test_q2_any_other_text_is_not_valid[shorter]")
class FormTokens(Keyed):
    """Compare as many characters as the client sends."""

    def create(self, session_id):
        return hmac.new(self.key, session_id.encode(), "sha256").hexdigest()

    def is_valid(self, session_id, token):
        return self.create(session_id).startswith(token)


@wrong("5.7.2", caught_by="test_q2_any_other_text_is_not_valid[longer]")
class FormTokens(Keyed):
    """Look for the right token in the text."""

    def create(self, session_id):
        return hmac.new(self.key, session_id.encode(), "sha256").hexdigest()

    def is_valid(self, session_id, token):
        return self.create(session_id) in token


@wrong("5.7.2", caught_by="test_q2_any_other_text_is_not_valid[session]")
class FormTokens(Keyed):
    """Use the session ID itself (the double submit of a secret)."""

    def create(self, session_id):
        return session_id

    def is_valid(self, session_id, token):
        return hmac.compare_digest(session_id.encode(), token.encode())


@wrong("5.7.2", caught_by="test_q2_the_session_id_cannot_be_read_from_the_token")
class FormTokens(Keyed):
    """Sign the session ID, and put it into the token."""

    def create(self, session_id):
        return URLSafeSerializer(self.key, salt="csrf").dumps(session_id)

    def is_valid(self, session_id, token):
        try:
            return URLSafeSerializer(self.key, salt="csrf").loads(token) == session_id
        except BadSignature:
            return False


@wrong("5.7.2", caught_by="test_q2_the_session_id_cannot_be_read_from_the_token")
class FormTokens(Keyed):
    """Use a JWT with the session ID."""

    def create(self, session_id):
        return jwt.encode({"sid": session_id}, self.key, "HS256")

    def is_valid(self, session_id, token):
        try:
            return jwt.decode(token, self.key, ["HS256"])["sid"] == session_id
        except jwt.InvalidTokenError:
            return False


@wrong("5.7.2", caught_by="test_q2_the_session_id_cannot_be_read_from_the_token")
class FormTokens(Keyed):
    """Write the session ID before its signature."""

    def create(self, session_id):
        signature = hmac.new(self.key, session_id.encode(), "sha256").hexdigest()
        return base64.b64encode(session_id.encode()).decode() + "." + signature

    def is_valid(self, session_id, token):
        return hmac.compare_digest(self.create(session_id).encode(), token.encode())


@wrong("5.7.2", caught_by="test_q2_a_part_of_the_session_id_cannot_move_into_the_token")
class FormTokens(Keyed):
    """Sign the session ID and a random text without anything between them."""

    def sign(self, text):
        return hmac.new(self.key, text.encode(), "sha256").hexdigest()

    def create(self, session_id):
        nonce = secrets.token_hex(8)
        return f"{nonce}.{self.sign(session_id + nonce)}"

    def is_valid(self, session_id, token):
        nonce, _, signature = token.partition(".")
        expected = self.sign(session_id + nonce)
        return hmac.compare_digest(expected.encode(), signature.encode())


@wrong("5.7.2", caught_by="test_q2_the_token_of_another_session_is_not_valid[longer]")
class FormTokens(Keyed):
    """Sign the first characters of the session ID."""

    def create(self, session_id):
        return hmac.new(self.key, session_id[:8].encode(), "sha256").hexdigest()

    def is_valid(self, session_id, token):
        return hmac.compare_digest(self.create(session_id).encode(), token.encode())


@wrong("5.7.2", caught_by="test_q2_the_token_of_another_session_is_not_valid[capitals]")
class FormTokens(Keyed):
    """Sign the session ID in small letters."""

    def create(self, session_id):
        return hmac.new(self.key, session_id.lower().encode(), "sha256").hexdigest()

    def is_valid(self, session_id, token):
        return hmac.compare_digest(self.create(session_id).encode(), token.encode())


@wrong("5.7.2", caught_by="test_q2_another_process_accepts_the_token")
class FormTokens(Keyed):
    """Use Python's `hash`, which each process begins with another number."""

    def create(self, session_id):
        return f"{hash((self.key, session_id)) % 2**64:032x}"

    def is_valid(self, session_id, token):
        own = self.create(session_id)
        return token.isascii() and hmac.compare_digest(own, token)


@wrong("5.7.2", caught_by="test_q2_any_other_text_is_not_valid[end]")
class FormTokens(Keyed):
    """Compare the hash modulo a small number."""

    def create(self, session_id):
        return hmac.new(self.key, session_id.encode(), "sha256").hexdigest()

    def is_valid(self, session_id, token):
        expected = self.create(session_id)
        return len(token) == 64 and token[:60] == expected[:60]


@wrong("5.7.2", caught_by="test_q2_another_process_accepts_the_token")
class FormTokens(Keyed):
    """Use a key of the process."""

    own = None

    def __init__(self, key):
        self.key = secrets.token_bytes(32)

    def create(self, session_id):
        return hmac.new(self.key, session_id.encode(), "sha256").hexdigest()

    def is_valid(self, session_id, token):
        return hmac.compare_digest(self.create(session_id).encode(), token.encode())


@wrong("5.7.2", caught_by="test_q2_another_process_accepts_the_token")
class FormTokens(Keyed):
    """Use Python's `hash`, which depends on the object."""

    def create(self, session_id):
        return str(hash((id(self), self.key, session_id)))

    def is_valid(self, session_id, token):
        return self.create(session_id) == token


@wrong("5.7.2", caught_by="test_q2_any_other_text_is_not_valid[surrogate]")
class FormTokens(Keyed):
    """Encode the text of the client, which not every text allows."""

    def create(self, session_id):
        return hmac.new(self.key, session_id.encode(), "sha256").hexdigest()

    def is_valid(self, session_id, token):
        return hmac.compare_digest(self.create(session_id).encode(), token.encode())


@wrong("5.7.2", caught_by="test_q2_no_comparison_tells_how_much_of_the_token_is_right")
class FormTokens(Keyed):
    """Compare with `==`."""

    def create(self, session_id):
        return hmac.new(self.key, session_id.encode(), "sha256").hexdigest()

    def is_valid(self, session_id, token):
        return token == self.create(session_id)


@right("5.7.2")
class FormTokens(Keyed):
    """Sign the session ID and a random text, with a separator."""

    def sign(self, session_id, nonce):
        text = f"{len(session_id)}!{session_id}!{nonce}".encode(
            "utf-8", "surrogatepass"
        )
        return hmac.digest(self.key, text, "sha256").hex()

    def create(self, session_id):
        nonce = secrets.token_urlsafe(12)
        return f"{self.sign(session_id, nonce)}.{nonce}"

    def is_valid(self, session_id, token):
        signature, _, nonce = token.partition(".")
        expected = self.sign(session_id, nonce).encode()
        signature = signature.encode("utf-8", "surrogatepass")
        return secrets.compare_digest(expected, signature)


@right("5.7.2")
class FormTokens(Keyed):
    """Use BLAKE2 with a key, in base64."""

    def create(self, session_id):
        digest = hashlib.blake2b(session_id.encode(), key=self.key).digest()
        return base64.b64encode(digest).decode()

    def is_valid(self, session_id, token):
        expected = self.create(session_id).encode()
        return secrets.compare_digest(expected, token.encode(errors="backslashreplace"))


@right("5.7.2")
class FormTokens(Keyed):
    """Use the signer of itsdangerous."""

    def signer(self):
        return Signer(self.key, salt="csrf")

    def create(self, session_id):
        return self.signer().get_signature(session_id).decode()

    def is_valid(self, session_id, token):
        expected = self.signer().get_signature(session_id)
        try:
            return hmac.compare_digest(expected, token.encode())
        except UnicodeEncodeError:
            return False


class Guard:
    """A correct middleware, in which one thing may be changed."""

    def __init__(self, app, is_valid):
        self.app = app
        self.is_valid = is_valid

    def is_checked(self, scope):
        return scope["type"] == "http" and scope["method"] not in SAFE_METHODS

    def session_id(self, request):
        return request.cookies.get("session", "")

    def token(self, request):
        return request.headers.get("X-CSRF-Token", "")

    async def refuse(self, scope, receive, send):
        await JSONResponse({"detail": "no"}, 403)(scope, receive, send)

    async def __call__(self, scope, receive, send):
        if self.is_checked(scope):
            request = Request(scope)
            session_id, token = self.session_id(request), self.token(request)
            if not session_id or not token or not self.is_valid(session_id, token):
                await self.refuse(scope, receive, send)
                return
        await self.app(scope, receive, send)


@wrong("5.7.3", caught_by="test_q3_the_lifespan_reaches_the_application")
class CsrfMiddleware(Guard):
    """Take every scope for a request."""

    def is_checked(self, scope):
        return scope["method"] not in SAFE_METHODS


@wrong("5.7.3", caught_by="test_q3_the_lifespan_reaches_the_application")
class CsrfMiddleware(Guard):
    """Do nothing for other scopes."""

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            await super().__call__(scope, receive, send)


@wrong(
    "5.7.3", caught_by="test_q3_a_request_with_the_token_reaches_the_application[PUT]"
)
class CsrfMiddleware(Guard):
    """Check POST alone."""

    def is_checked(self, scope):
        return scope["type"] == "http" and scope["method"] == "POST"


@wrong(
    "5.7.3", caught_by="test_q3_a_request_with_the_token_reaches_the_application[MERGE]"
)
class CsrfMiddleware(Guard):
    """List the methods that change something."""

    def is_checked(self, scope):
        listed = ("POST", "PUT", "PATCH", "DELETE")
        return scope["type"] == "http" and scope["method"] in listed


@wrong("5.7.3", caught_by="test_q3_safe_methods_are_not_checked[GET]")
class CsrfMiddleware(Guard):
    """Check every request."""

    def is_checked(self, scope):
        return scope["type"] == "http"


@wrong("5.7.3", caught_by="test_q3_safe_methods_are_not_checked[OPTIONS]")
class CsrfMiddleware(Guard):
    """Check everything but GET and HEAD."""

    def is_checked(self, scope):
        return scope["type"] == "http" and scope["method"] not in ("GET", "HEAD")


@wrong("5.7.3", caught_by="test_q3_a_request_without_its_token_returns_403[no header]")
class CsrfMiddleware(Guard):
    """Check a token only where there is one."""

    async def __call__(self, scope, receive, send):
        if self.is_checked(scope):
            token = self.token(Request(scope))
            if token and not self.is_valid(self.session_id(Request(scope)), token):
                await self.refuse(scope, receive, send)
                return
        await self.app(scope, receive, send)


@wrong("5.7.3", caught_by="test_q3_a_request_without_its_token_returns_403[no cookie]")
class CsrfMiddleware(Guard):
    """Let requests without a session through."""

    def is_checked(self, scope):
        return super().is_checked(scope) and "session" in Request(scope).cookies


@wrong("5.7.3", caught_by="test_q3_a_request_without_its_token_returns_403[wrong]")
class CsrfMiddleware(Guard):
    """Only ask for the header."""

    async def __call__(self, scope, receive, send):
        if self.is_checked(scope) and not self.token(Request(scope)):
            await self.refuse(scope, receive, send)
            return
        await self.app(scope, receive, send)


@wrong(
    "5.7.3", caught_by="test_q3_a_request_without_its_token_returns_403[in a cookie]"
)
class CsrfMiddleware(Guard):
    """Also take the token from a cookie, which comes by itself."""

    def token(self, request):
        name = "X-CSRF-Token"
        return request.headers.get(name) or request.cookies.get(name, "")


@wrong(
    "5.7.3", caught_by="test_q3_a_request_without_its_token_returns_403[in the query]"
)
class CsrfMiddleware(Guard):
    """Also take the token from the query."""

    def token(self, request):
        name = "X-CSRF-Token"
        return request.headers.get(name) or request.query_params.get(name, "")


@wrong("5.7.3", caught_by="test_q3_a_request_without_its_token_returns_403[ajax]")
class CsrfMiddleware(Guard):
    """Let requests of scripts through."""

    def is_checked(self, scope):
        is_script = "X-Requested-With" in Request(scope).headers
        return super().is_checked(scope) and not is_script

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


@wrong("5.7.3", caught_by="test_q3_a_request_without_its_token_returns_403[bearer]")
class CsrfMiddleware(Guard):
    """Let requests with an `Authorization` header through."""

    def is_checked(self, scope):
        if not super().is_checked(scope):
            return False
        return "Authorization" not in Request(scope).headers


@wrong("5.7.3", caught_by="test_q3_an_empty_cookie_or_header_returns_403[no cookie]")
class CsrfMiddleware(Guard):
    """Leave empty texts to `is_valid`."""

    async def __call__(self, scope, receive, send):
        if self.is_checked(scope):
            request = Request(scope)
            if not self.is_valid(self.session_id(request), self.token(request)):
                await self.refuse(scope, receive, send)
                return
        await self.app(scope, receive, send)


@wrong("5.7.3", caught_by="test_q3_an_empty_cookie_or_header_returns_403[no cookie]")
class CsrfMiddleware(Guard):
    """Make text of None."""

    def session_id(self, request):
        return str(request.cookies.get("session"))

    def token(self, request):
        return str(request.headers.get("X-CSRF-Token"))

    async def __call__(self, scope, receive, send):
        if self.is_checked(scope):
            request = Request(scope)
            if not self.is_valid(self.session_id(request), self.token(request)):
                await self.refuse(scope, receive, send)
                return
        await self.app(scope, receive, send)


@wrong("5.7.3", caught_by="test_q3_is_valid_gets_the_session_id_and_the_token[ana]")
class CsrfMiddleware(Guard):
    """Swap the arguments."""

    def session_id(self, request):
        return super().token(request)

    def token(self, request):
        return super().session_id(request)


@wrong("5.7.3", caught_by="test_q3_is_valid_gets_the_session_id_and_the_token[Cy_9-Z]")
class CsrfMiddleware(Guard):
    """Write the token in small letters."""

    def token(self, request):
        return super().token(request).lower()


@wrong("5.7.3", caught_by="test_q3_is_valid_gets_the_session_id_and_the_token[ben]")
class CsrfMiddleware(Guard):
    """Look for the header with its capital letters in the scope."""

    def token(self, request):
        return dict(request.scope["headers"]).get(b"X-CSRF-Token", b"").decode()


@wrong("5.7.3", caught_by="test_q3_tokens_are_checked_for_every_request")
class CsrfMiddleware(Guard):
    """Remember the tokens that were valid."""

    known = set()

    async def __call__(self, scope, receive, send):
        if self.is_checked(scope):
            request = Request(scope)
            pair = self.session_id(request), self.token(request)
            if pair not in self.known:
                if not all(pair) or not self.is_valid(*pair):
                    await self.refuse(scope, receive, send)
                    return
                self.known.add(pair)
        await self.app(scope, receive, send)


@wrong("5.7.3", caught_by="test_q3_the_endpoint_can_read_a_form")
class CsrfMiddleware(Guard):
    """Read the form, to find a token in it."""

    async def __call__(self, scope, receive, send):
        if self.is_checked(scope):
            await Request(scope, receive).form()
        await super().__call__(scope, receive, send)


@wrong("5.7.3", caught_by="test_q3_each_part_of_the_body_reaches_the_endpoint_at_once")
class CsrfMiddleware(Guard):
    """Read the whole body, and give it to the application again."""

    async def __call__(self, scope, receive, send):
        if not self.is_checked(scope):
            await self.app(scope, receive, send)
            return
        body = await Request(scope, receive).body()

        async def again():
            return {"type": "http.request", "body": body, "more_body": False}

        await super().__call__(scope, again, send)


@wrong("5.7.3", caught_by="test_q3_nobody_reads_the_body_of_a_refused_request")
class CsrfMiddleware(Guard):
    """Receive the rest of the request before refusing it."""

    async def refuse(self, scope, receive, send):
        await Request(scope, receive).body()
        await super().refuse(scope, receive, send)


@wrong("5.7.3", caught_by="test_q3_a_request_without_its_token_returns_403[wrong]")
class CsrfMiddleware(Guard):
    """Refuse, and call the application as well."""

    async def __call__(self, scope, receive, send):
        if self.is_checked(scope):
            request = Request(scope)
            session_id, token = self.session_id(request), self.token(request)
            if not session_id or not token or not self.is_valid(session_id, token):
                await self.app(scope, receive, lambda message: self.drop())
                await self.refuse(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def drop(self):
        """Send nothing."""


@wrong("5.7.3", caught_by="test_q3_a_request_without_its_token_returns_403[wrong]")
class CsrfMiddleware(Guard):
    """Raise an HTTPException, which no handler takes here."""

    async def refuse(self, scope, receive, send):
        raise HTTPException(403)


@wrong("5.7.3", caught_by="test_q3_a_request_without_its_token_returns_403[wrong]")
class CsrfMiddleware(Guard):
    """Return 401."""

    async def refuse(self, scope, receive, send):
        await JSONResponse({"detail": "no"}, 401)(scope, receive, send)


@wrong("5.7.3", caught_by="test_q3_an_exception_of_an_endpoint_passes_through")
class CsrfMiddleware(Guard):
    """Turn every exception into 403."""

    async def __call__(self, scope, receive, send):
        try:
            await super().__call__(scope, receive, send)
        except NotImplementedError:
            raise
        except Exception:
            await self.refuse(scope, receive, send)


@right("5.7.3")
class CsrfMiddleware:
    """Read the headers from the scope, and write the messages by hand."""

    def __init__(self, app, is_valid):
        self.app = app
        self.is_valid = is_valid

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        session_id = cookie_parser(headers.get("cookie", "")).get("session")
        token = headers.get("x-csrf-token")
        if session_id and token and self.is_valid(session_id, token):
            return await self.app(scope, receive, send)
        await send({"type": "http.response.start", "status": 403, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@right("5.7.3")
class CsrfMiddleware(BaseHTTPMiddleware):
    """Use `BaseHTTPMiddleware`, which does not read the body by itself."""

    def __init__(self, app, is_valid):
        super().__init__(app)
        self.is_valid = is_valid

    async def dispatch(self, request, call_next):
        if request.method not in SAFE_METHODS:
            pair = request.cookies.get("session"), request.headers.get("X-CSRF-Token")
            if not all(pair) or not self.is_valid(*pair):
                return Response("forbidden", 403)
        return await call_next(request)


@right("5.7.3")
class CsrfMiddleware(Guard):
    """Use `HTTPConnection`, and refuse in plain text."""

    async def __call__(self, scope, receive, send):
        app = self.app
        if self.is_checked(scope):
            connection = HTTPConnection(scope)
            session_id = connection.cookies.get("session") or None
            token = connection.headers.get("x-csrf-token") or None
            refused = None in (session_id, token)
            if refused or self.is_valid(session_id, token) is not True:
                app = Response("forbidden", 403, media_type="text/plain")
        await app(scope, receive, send)
