"""Other answers to section 5.8."""

import functools
from threading import RLock

from fastapi.middleware.httpsredirect import HTTPSRedirectMiddleware
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.middleware.base import BaseHTTPMiddleware

from sensei.variants import right, wrong


def me(app):
    """Add the endpoint that is given."""

    @app.get("/me")
    def read_me(user: CurrentUser) -> str:
        return user.name

    return app


@wrong("5.8.1", caught_by="test_q1_another_role_returns_403")
def portal_app(accounts):
    """Include the router without a check."""
    app = me(FastAPI())
    app.include_router(accounts, prefix="/accounts")
    return app


@wrong("5.8.1", caught_by="test_q1_another_role_returns_403")
def portal_app(accounts):
    """Check only that somebody is signed in."""
    app = me(FastAPI())
    app.include_router(
        accounts, prefix="/accounts", dependencies=[Depends(current_user)]
    )
    return app


@wrong("5.8.1", caught_by="test_q1_another_role_returns_403")
def portal_app(accounts):
    """Return False from the dependency, which nobody reads."""
    app = me(FastAPI())

    def is_admin(user: CurrentUser) -> bool:
        return user.role == "admin"

    app.include_router(accounts, prefix="/accounts", dependencies=[Depends(is_admin)])
    return app


@wrong("5.8.1", caught_by="test_q1_another_role_returns_403")
def portal_app(accounts):
    """Write the dependency, and include the router before it is used."""
    app = me(FastAPI())
    app.include_router(accounts, prefix="/accounts")

    def require_admin(user: CurrentUser):
        if user.role != "admin":
            raise HTTPException(403)

    app.router.dependencies.append(Depends(require_admin))
    return app


@wrong("5.8.1", caught_by="test_q1_another_role_returns_403[GET-/accounts/list-doctor]")
def portal_app(accounts):
    """Refuse the role "user" only."""
    app = me(FastAPI())

    def require_admin(user: CurrentUser):
        if user.role == "user":
            raise HTTPException(403)

    app.include_router(
        accounts, prefix="/accounts", dependencies=[Depends(require_admin)]
    )
    return app


@wrong(
    "5.8.1",
    caught_by="test_q1_another_role_returns_403[GET-/accounts/list-administrator]",
)
def portal_app(accounts):
    """Accept every role that begins with "admin"."""
    app = me(FastAPI())

    def require_admin(user: CurrentUser):
        if not user.role.startswith("admin"):
            raise HTTPException(403)

    app.include_router(
        accounts, prefix="/accounts", dependencies=[Depends(require_admin)]
    )
    return app


@wrong("5.8.1", caught_by="test_q1_another_role_returns_403[GET-/accounts/list-admi]")
def portal_app(accounts):
    """Test for a substring, because there is a comma missing in the tuple."""
    app = me(FastAPI())

    def require_admin(user: CurrentUser):
        if user.role not in ("admin"):
            raise HTTPException(403)

    app.include_router(
        accounts, prefix="/accounts", dependencies=[Depends(require_admin)]
    )
    return app


@wrong("5.8.1", caught_by="test_q1_another_role_returns_403[GET-/accounts/list-Admin]")
def portal_app(accounts):
    """Ignore upper and lower case."""
    app = me(FastAPI())

    def require_admin(user: CurrentUser):
        if user.role.lower() != "admin":
            raise HTTPException(403)

    app.include_router(
        accounts, prefix="/accounts", dependencies=[Depends(require_admin)]
    )
    return app


@wrong("5.8.1", caught_by="test_q1_another_role_returns_403")
def portal_app(accounts):
    """Compare the name of the user."""
    app = me(FastAPI())

    def require_admin(user: CurrentUser):
        if "admin" not in (user.name, user.role):
            raise HTTPException(403)

    app.include_router(
        accounts, prefix="/accounts", dependencies=[Depends(require_admin)]
    )
    return app


@wrong("5.8.1", caught_by="test_q1_another_role_returns_403")
def portal_app(accounts):
    """Return 401 for a wrong role."""
    app = me(FastAPI())

    def require_admin(user: CurrentUser):
        if user.role != "admin":
            raise HTTPException(401)

    app.include_router(
        accounts, prefix="/accounts", dependencies=[Depends(require_admin)]
    )
    return app


@wrong("5.8.1", caught_by="test_q1_another_role_returns_403")
def portal_app(accounts):
    """Raise PermissionError, which becomes 500."""
    app = me(FastAPI())

    def require_admin(user: CurrentUser):
        if user.role != "admin":
            raise PermissionError

    app.include_router(
        accounts, prefix="/accounts", dependencies=[Depends(require_admin)]
    )
    return app


@wrong("5.8.1", caught_by="test_q1_another_role_returns_403[GET-/accounts/list-user]")
def portal_app(accounts):
    """Check the role after the endpoint."""
    app = me(FastAPI())

    def require_admin(user: CurrentUser):
        yield
        if user.role != "admin":
            raise HTTPException(403)

    app.include_router(
        accounts,
        prefix="/accounts",
        dependencies=[Depends(require_admin, scope="function")],
    )
    return app


@wrong("5.8.1", caught_by="test_q1_both_roles_can_get_me[user]")
def portal_app(accounts):
    """Protect the whole application."""

    def require_admin(user: CurrentUser):
        if user.role != "admin":
            raise HTTPException(403)

    app = me(FastAPI(dependencies=[Depends(require_admin)]))
    app.include_router(accounts, prefix="/accounts")
    return app


@wrong("5.8.1", caught_by="test_q1_a_role_is_checked_for_each_request")
def portal_app(accounts):
    """Remember who was an admin."""
    app = me(FastAPI())
    known = {}

    def require_admin(user: CurrentUser):
        if known.setdefault(user.name, user.role) != "admin":
            raise HTTPException(403)

    app.include_router(
        accounts, prefix="/accounts", dependencies=[Depends(require_admin)]
    )
    return app


@wrong("5.8.1", caught_by="test_q1_without_a_valid_token_the_response_is_401")
def portal_app(accounts):
    """Read the user without `CurrentUser`, and return 403 for everybody else."""
    app = me(FastAPI())

    def require_admin(request: Request):
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        user = find_user(token)
        if user is None or user.role != "admin":
            raise HTTPException(403)

    app.include_router(
        accounts, prefix="/accounts", dependencies=[Depends(require_admin)]
    )
    return app


@wrong("5.8.1", caught_by="test_q1_an_admin_reaches_the_endpoints_of_accounts")
def portal_app(accounts):
    """Forget the prefix."""
    app = me(FastAPI())

    def require_admin(user: CurrentUser):
        if user.role != "admin":
            raise HTTPException(403)

    outer = APIRouter(prefix="/account", dependencies=[Depends(require_admin)])
    outer.include_router(accounts)
    app.include_router(outer)
    return app


@wrong("5.8.1", caught_by="test_q1_every_endpoint_of_the_router_is_protected")
def portal_app(accounts):
    """Look only at the two paths that are known."""
    app = me(FastAPI())

    def require_admin(user: CurrentUser, request: Request):
        known = ("/accounts/list", "/accounts/7")
        if request.url.path in known and user.role != "admin":
            raise HTTPException(403)

    app.include_router(
        accounts, prefix="/accounts", dependencies=[Depends(require_admin)]
    )
    return app


@wrong("5.8.1", caught_by="test_q1_another_role_returns_403[GET-/accounts/list-admin ]")
def portal_app(accounts):
    """Ignore white space in the role."""
    app = me(FastAPI())

    def require_admin(user: CurrentUser):
        if user.role.strip() != "admin":
            raise HTTPException(403)

    app.include_router(
        accounts, prefix="/accounts", dependencies=[Depends(require_admin)]
    )
    return app


@right("5.8.1")
def portal_app(accounts):
    """Use a class that can require any role."""
    app = me(FastAPI())

    class Require:
        def __init__(self, *roles):
            self.roles = roles

        def __call__(self, user: CurrentUser) -> None:
            if user.role not in self.roles:
                raise HTTPException(403, "Your role is not enough.")

    app.include_router(
        accounts, prefix="/accounts", dependencies=[Depends(Require("admin"))]
    )
    return app


@right("5.8.1")
def portal_app(accounts):
    """Put the router into one for admins, with an async dependency."""

    async def admin(user: Annotated[User, Depends(current_user)]) -> User:
        if user.role == "admin":
            return user
        raise HTTPException(status_code=403)

    admins = APIRouter(prefix="/accounts", dependencies=[Depends(admin)])
    admins.include_router(accounts)
    app = me(FastAPI())
    app.include_router(admins)
    return app


def added(headers, scheme):
    """Add the headers to those of a response."""
    for name, value in SECURE_HEADERS.items():
        headers.setdefault(name, value)
    if scheme == "https":
        headers.setdefault("Strict-Transport-Security", ONE_YEAR_OF_HTTPS)


@wrong("5.8.2", caught_by="test_q2_every_response_has_the_headers[500]")
def with_secure_headers(app):
    """Add a middleware to the application, which does not see the 500."""

    @app.middleware("http")
    async def add(request, call_next):
        response = await call_next(request)
        added(response.headers, request.url.scheme)
        return response

    return app


@wrong("5.8.2", caught_by="test_q2_a_response_over_https_has_hsts")
def with_secure_headers(app):
    """Add a middleware that is an ASGI application, which does not see the 500."""

    class Add:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            async def send_with(message):
                if message["type"] == "http.response.start":
                    added(MutableHeaders(scope=message), scope["scheme"])
                await send(message)

            await self.app(scope, receive, send_with)

    app.add_middleware(Add)
    return app


@wrong("5.8.2", caught_by="test_q2_every_response_has_the_headers[404]")
def with_secure_headers(app):
    """Use a dependency, which runs only for endpoints."""

    def add(request: Request, response: Response):
        added(response.headers, request.url.scheme)

    outer = FastAPI(dependencies=[Depends(add)])
    outer.include_router(app.router)
    return outer


@wrong("5.8.2", caught_by="test_q2_the_exception_reaches_the_server")
def with_secure_headers(app):
    """Make a 500 of the exception in a middleware, so that nobody hears of it."""

    @app.middleware("http")
    async def add(request, call_next):
        try:
            response = await call_next(request)
        except Exception:
            response = PlainTextResponse("Internal Server Error", 500)
        added(response.headers, request.url.scheme)
        return response

    return app


@wrong("5.8.2", caught_by="test_q2_the_exception_reaches_the_server")
def with_secure_headers(app):
    """Tell the client what the exception says."""

    @app.middleware("http")
    async def add(request, call_next):
        response = await call_next(request)
        added(response.headers, request.url.scheme)
        return response

    @app.exception_handler(Exception)
    async def fail(request, error):
        response = JSONResponse({"detail": str(error)}, 500)
        added(response.headers, request.url.scheme)
        return response

    return app


@wrong("5.8.2", caught_by="test_q2_a_response_over_http_has_no_hsts")
def with_secure_headers(app):
    """Send HSTS over HTTP as well."""

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                added(MutableHeaders(scope=message), "https")
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_a_response_over_http_has_no_hsts[proto]")
def with_secure_headers(app):
    """Trust the header X-Forwarded-Proto of everybody."""

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                sent = dict(scope["headers"]).get(b"x-forwarded-proto", b"").decode()
                added(MutableHeaders(scope=message), sent or scope["scheme"])
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_a_response_over_http_has_no_hsts[host]")
def with_secure_headers(app):
    """Look for "https" anywhere in the URL."""

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                is_https = "https" in str(Request(scope).url)
                added(MutableHeaders(scope=message), "https" if is_https else "http")
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_a_response_over_https_has_hsts")
def with_secure_headers(app):
    """Leave HSTS out."""

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                added(MutableHeaders(scope=message), "http")
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_a_response_over_http_has_no_hsts")
def with_secure_headers(app):
    """Redirect HTTP to HTTPS instead of answering."""
    app.add_middleware(HTTPSRedirectMiddleware)

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                added(MutableHeaders(scope=message), "https")
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_a_header_of_the_response_keeps_its_value")
def with_secure_headers(app):
    """Replace the headers of the response."""

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SECURE_HEADERS)
                added(headers, scope["scheme"])
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_a_header_of_the_response_keeps_its_value")
def with_secure_headers(app):
    """Append the headers, so that some are there twice."""

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURE_HEADERS.items():
                    headers.append(name, value)
                if scope["scheme"] == "https":
                    headers.append("Strict-Transport-Security", ONE_YEAR_OF_HTTPS)
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_a_header_of_the_response_keeps_its_value")
def with_secure_headers(app):
    """Add a header if the value is empty."""

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURE_HEADERS.items():
                    if not headers.get(name):
                        headers[name] = value
                added(headers, scope["scheme"])
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_a_header_of_the_response_keeps_its_value")
def with_secure_headers(app):
    """Compare the names of headers with upper and lower case, as they are sent."""

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                new = dict(SECURE_HEADERS)
                if scope["scheme"] == "https":
                    new["Strict-Transport-Security"] = ONE_YEAR_OF_HTTPS
                for name, value in new.items():
                    if name.encode() not in dict(headers):
                        headers.append((name.encode(), value.encode()))
                message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_a_header_of_the_response_keeps_its_value")
def with_secure_headers(app):
    """Make a dict of the headers, which loses a cookie."""

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                headers = {n.decode(): v.decode() for n, v in message["headers"]}
                for name, value in SECURE_HEADERS.items():
                    headers.setdefault(name.lower(), value)
                if scope["scheme"] == "https":
                    headers["strict-transport-security"] = ONE_YEAR_OF_HTTPS
                message["headers"] = [
                    (n.encode(), v.encode()) for n, v in headers.items()
                ]
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_the_lifespan_works")
def with_secure_headers(app):
    """Take every scope for HTTP."""

    async def secured(scope, receive, send):
        if scope["type"] != "http":
            return

        async def send_with(message):
            if message["type"] == "http.response.start":
                added(MutableHeaders(scope=message), scope["scheme"])
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_the_lifespan_works")
def with_secure_headers(app):
    """Mount the application in another one, which has a lifespan of its own."""
    inner = FastAPI()
    inner.mount("/", app)

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                added(MutableHeaders(scope=message), scope["scheme"])
            await send(message)

        await inner(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_each_request_is_looked_at")
def with_secure_headers(app):
    """Remember the scheme of the first request."""
    seen = []

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                seen.append(scope["scheme"])
                added(MutableHeaders(scope=message), seen[0])
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_the_names_and_values_come_from_secure_headers")
def with_secure_headers(app):
    """Write the headers again."""

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "no-referrer")
                headers.setdefault(
                    "Content-Security-Policy",
                    "default-src 'none'; frame-ancestors 'none'",
                )
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = ONE_YEAR_OF_HTTPS
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_a_header_of_the_response_keeps_its_value[https]")
def with_secure_headers(app):
    """Keep the other headers, but set HSTS again."""

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURE_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = ONE_YEAR_OF_HTTPS
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_websockets_work")
def with_secure_headers(app):
    """Pass on requests and the lifespan, and forget WebSockets."""

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                added(MutableHeaders(scope=message), scope["scheme"])
            await send(message)

        if scope["type"] in ("http", "lifespan"):
            await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_the_lifespan_works")
def with_secure_headers(app):
    """Read the scheme of each scope, also of the lifespan, which has none."""

    async def secured(scope, receive, send):
        scheme = scope["scheme"]

        async def send_with(message):
            if message["type"] == "http.response.start":
                added(MutableHeaders(scope=message), scheme)
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong("5.8.2", caught_by="test_q2_a_header_of_the_response_keeps_its_value[http]")
def with_secure_headers(app):
    """Take HSTS out of a response over HTTP, also if the endpoint set it."""

    async def secured(scope, receive, send):
        async def send_with(message):
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                added(headers, scope["scheme"])
                if scope["scheme"] != "https":
                    del headers["Strict-Transport-Security"]
            await send(message)

        await app(scope, receive, send_with)

    return secured


@wrong(
    "5.8.2", caught_by="test_q2_the_application_receives_the_request_as_it_came[http]"
)
def with_secure_headers(app):
    """Tell the application that every request came over HTTPS."""

    async def secured(scope, receive, send):
        scheme = scope.get("scheme")

        async def send_with(message):
            if message["type"] == "http.response.start":
                added(MutableHeaders(scope=message), scheme)
            await send(message)

        if scope["type"] == "http":
            scope["scheme"] = "https"
        await app(scope, receive, send_with)

    return secured


@right("5.8.2")
def with_secure_headers(app):
    """Use a middleware, and a handler for the response that it does not see."""

    class Add(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            response = await call_next(request)
            added(response.headers, request.url.scheme)
            return response

    @app.exception_handler(Exception)
    async def fail(request, error):
        response = PlainTextResponse("Internal Server Error", 500)
        added(response.headers, request.url.scheme)
        return response

    app.add_middleware(Add)
    return app


@right("5.8.2")
def with_secure_headers(app):
    """Write the headers as bytes, in a class."""

    class Secured:
        async def __call__(self, scope, receive, send):
            await app(scope, receive, functools.partial(self.send, scope, send))

        async def send(self, scope, send, message):
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                names = {name.lower() for name, _ in headers}
                new = dict(SECURE_HEADERS)
                if scope.get("scheme") == "https":
                    new["Strict-Transport-Security"] = ONE_YEAR_OF_HTTPS
                for name, value in new.items():
                    if name.lower().encode() not in names:
                        headers.append((name.lower().encode(), value.encode()))
                message = {**message, "headers": headers}
            await send(message)

    return Secured()


@right("5.8.2")
def with_secure_headers(app):
    """Put a middleware around the whole application."""

    async def dispatch(request, call_next):
        response = await call_next(request)
        added(response.headers, request.url.scheme)
        return response

    return BaseHTTPMiddleware(app, dispatch=dispatch)


@wrong(
    "5.8.3", caught_by="test_q3_the_response_behind_the_firewall_is_predicted[comments]"
)
def names_received():
    """Believe that the firewall stops every attack."""
    return dict(
        injection=403, comments=403, JSON=403, harmless=0, record=403, repaired=403
    )


@wrong("5.8.3", caught_by="test_q3_the_response_behind_the_firewall_is_predicted[JSON]")
def names_received():
    """Believe that the firewall reads JSON."""
    return dict(injection=403, comments=3, JSON=403, harmless=403, record=1, repaired=0)


@wrong(
    "5.8.3",
    caught_by="test_q3_the_response_behind_the_firewall_is_predicted[harmless]",
)
def names_received():
    """Believe that the firewall understands what is harmless."""
    return dict(injection=403, comments=3, JSON=3, harmless=0, record=1, repaired=0)


@wrong(
    "5.8.3", caught_by="test_q3_the_response_behind_the_firewall_is_predicted[record]"
)
def names_received():
    """Believe that the firewall knows whose record this is."""
    return dict(injection=403, comments=3, JSON=3, harmless=403, record=403, repaired=0)


@wrong(
    "5.8.3",
    caught_by="test_q3_the_response_behind_the_firewall_is_predicted[repaired]",
)
def names_received():
    """Believe that the attack still finds the names after the repair."""
    return dict(injection=403, comments=3, JSON=3, harmless=403, record=1, repaired=3)


@wrong(
    "5.8.3",
    caught_by="test_q3_the_response_behind_the_firewall_is_predicted[injection]",
)
def names_received():
    """Believe that the firewall looks at the query as it was sent."""
    return dict(injection=3, comments=3, JSON=3, harmless=403, record=1, repaired=0)


@right("5.8.3")
def names_received():
    """Fill the dict in a loop."""
    found = dict.fromkeys(["injection", "harmless"], 403)
    for name in ("comments", "JSON"):
        found[name] = len(PATIENTS)
    return {**found, "record": 1, "repaired": 0}


@right("5.8.3")
def names_received():
    """Use names for the numbers."""
    blocked, everybody, nobody = 403, 3, 0
    return {
        "repaired": nobody,
        "record": 1,
        "harmless": blocked,
        "JSON": everybody,
        "comments": everybody,
        "injection": blocked,
    }


@wrong("5.8.4", caught_by="test_q4_a_hidden_result_looks_like_a_missing_one")
def results_app():
    """Check the role only."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        if user.role not in ("patient", "doctor"):
            raise HTTPException(403)
        result = find_result(number)
        if result is None:
            raise HTTPException(404)
        return result

    return app


@wrong(
    "5.8.4",
    caught_by="test_q4_a_hidden_result_looks_like_a_missing_one[another patient]",
)
def results_app():
    """Return 403 for a result of somebody else."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        if user.role not in ("patient", "doctor"):
            raise HTTPException(403)
        result = find_result(number)
        if result is None:
            raise HTTPException(404)
        is_own = user.role == "patient" and result.patient == user.name
        if not (is_own or user.role == "doctor" and treats(user.name, result.patient)):
            raise HTTPException(403)
        return result

    return app


@wrong(
    "5.8.4",
    caught_by="test_q4_a_hidden_result_looks_like_a_missing_one[another patient]",
)
def results_app():
    """Return 404 with two different texts."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        if user.role not in ("patient", "doctor"):
            raise HTTPException(403)
        result = find_result(number)
        if result is None:
            raise HTTPException(404, "There is no such result.")
        is_own = user.role == "patient" and result.patient == user.name
        if not (is_own or user.role == "doctor" and treats(user.name, result.patient)):
            raise HTTPException(404, "You have no such result.")
        return result

    return app


@wrong(
    "5.8.4",
    caught_by="test_q4_a_hidden_result_looks_like_a_missing_one[a former doctor]",
)
def results_app():
    """Do not look at the role when you look at the object."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        if user.role not in ("patient", "doctor"):
            raise HTTPException(403)
        result = find_result(number)
        if result is not None and (
            result.patient == user.name or treats(user.name, result.patient)
        ):
            return result
        raise HTTPException(404)

    return app


@wrong(
    "5.8.4",
    caught_by="test_q4_a_hidden_result_looks_like_a_missing_one[a doctor's own]",
)
def results_app():
    """Let everybody read their own results."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        if user.role not in ("patient", "doctor"):
            raise HTTPException(403)
        result = find_result(number)
        if result is None:
            raise HTTPException(404)
        if user.name == result.patient:
            return result
        if user.role == "doctor" and treats(user.name, result.patient):
            return result
        raise HTTPException(404)

    return app


@wrong(
    "5.8.4",
    caught_by="test_q4_a_hidden_result_looks_like_a_missing_one[another doctor's patient]",
)
def results_app():
    """Let every doctor read every result."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        if user.role not in ("patient", "doctor"):
            raise HTTPException(403)
        result = find_result(number)
        if result is None or user.role == "patient" and result.patient != user.name:
            raise HTTPException(404)
        return result

    return app


@wrong("5.8.4", caught_by="test_q4_another_role_returns_403[no-admin]")
def results_app():
    """Look for the result first, so that another role learns which numbers exist."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        result = find_result(number)
        if result is None:
            raise HTTPException(404)
        if user.role == "patient":
            if result.patient == user.name:
                return result
        elif user.role == "doctor":
            if treats(user.name, result.patient):
                return result
        else:
            raise HTTPException(403)
        raise HTTPException(404)

    return app


@wrong("5.8.4", caught_by="test_q4_another_role_returns_403[own-admin]")
def results_app():
    """Let an admin read everything."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        if user.role not in ("patient", "doctor", "admin"):
            raise HTTPException(403)
        result = find_result(number)
        if result is not None:
            if user.role == "admin":
                return result
            if user.role == "patient" and result.patient == user.name:
                return result
            if user.role == "doctor" and treats(user.name, result.patient):
                return result
        raise HTTPException(404)

    return app


@wrong("5.8.4", caught_by="test_q4_another_role_returns_403[treats-doc]")
def results_app():
    """Take every role that is not "patient" for a doctor."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        result = find_result(number)
        if result is not None:
            if user.role == "patient":
                allowed = result.patient == user.name
            else:
                allowed = treats(user.name, result.patient)
            if allowed:
                return result
        if user.role in ("patient", "doctor"):
            raise HTTPException(404)
        raise HTTPException(403)

    return app


@wrong("5.8.4", caught_by="test_q4_another_role_returns_403")
def results_app():
    """Return 404 for another role, too."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        result = find_result(number)
        if result is not None:
            if user.role == "patient" and result.patient == user.name:
                return result
            if user.role == "doctor" and treats(user.name, result.patient):
                return result
        raise HTTPException(404)

    return app


@wrong("5.8.4", caught_by="test_q4_another_role_returns_403[own-Doctor]")
def results_app():
    """Ignore upper and lower case in roles."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        role = user.role.lower()
        if role not in ("patient", "doctor"):
            raise HTTPException(403)
        result = find_result(number)
        if result is not None:
            if role == "patient" and result.patient == user.name:
                return result
            if role == "doctor" and treats(user.name, result.patient):
                return result
        raise HTTPException(404)

    return app


@wrong("5.8.4", caught_by="test_q4_who_may_read_a_result_receives_it[kim]")
def results_app():
    """Swap the arguments of `treats`."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        if user.role not in ("patient", "doctor"):
            raise HTTPException(403)
        result = find_result(number)
        if result is not None:
            if user.role == "patient" and result.patient == user.name:
                return result
            if user.role == "doctor" and treats(result.patient, user.name):
                return result
        raise HTTPException(404)

    return app


@wrong("5.8.4", caught_by="test_q4_a_hidden_result_looks_like_a_missing_one")
def results_app():
    """Forget that a result can be missing, which becomes 500."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        if user.role not in ("patient", "doctor"):
            raise HTTPException(403)
        result = find_result(number)
        if user.role == "patient" and result.patient == user.name:
            return result
        if user.role == "doctor" and treats(user.name, result.patient):
            return result
        raise HTTPException(404)

    return app


@wrong("5.8.4", caught_by="test_q4_the_rights_are_checked_for_each_request")
def results_app():
    """Keep what `treats` returned."""
    app = FastAPI()
    treats_once = functools.lru_cache(treats)

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        if user.role not in ("patient", "doctor"):
            raise HTTPException(403)
        result = find_result(number)
        if result is not None:
            if user.role == "patient" and result.patient == user.name:
                return result
            if user.role == "doctor" and treats_once(user.name, result.patient):
                return result
        raise HTTPException(404)

    return app


@wrong("5.8.4", caught_by="test_q4_without_a_valid_token_the_response_is_401")
def results_app():
    """Believe a name and a role in the query."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, name: str = "ana", role: str = "patient") -> Result:
        result = find_result(number)
        if result is None or role != "patient" or result.patient != name:
            raise HTTPException(404)
        return result

    return app


@wrong(
    "5.8.4",
    caught_by="test_q4_who_may_read_a_result_receives_it[lee treats lee]",
)
def results_app():
    """Never let a doctor read a result of their own."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        if user.role not in {"patient", "doctor"}:
            raise HTTPException(403)
        found = find_result(number)
        if found is not None:
            is_own = user.name == found.patient
            if user.role == "patient" and is_own:
                return found
            if (
                user.role == "doctor"
                and not is_own
                and treats(user.name, found.patient)
            ):
                return found
        raise HTTPException(404)

    return app


@wrong("5.8.4", caught_by="test_q4_a_number_that_is_no_integer_returns_422")
def results_app():
    """Convert the number in the endpoint."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: str, user: CurrentUser) -> Result:
        if user.role not in {"patient", "doctor"}:
            raise HTTPException(403)
        found = find_result(int(number))
        if found is not None:
            if user.role == "patient" and user.name == found.patient:
                return found
            if user.role == "doctor" and treats(user.name, found.patient):
                return found
        raise HTTPException(404)

    return app


@wrong(
    "5.8.4",
    caught_by="test_q4_a_hidden_result_looks_like_a_missing_one[another case]",
)
def results_app():
    """Compare the names without their case."""
    app = FastAPI()

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        if user.role not in {"patient", "doctor"}:
            raise HTTPException(403)
        found = find_result(number)
        if found is not None:
            is_own = user.name.lower() == found.patient.lower()
            if user.role == "patient" and is_own:
                return found
            if user.role == "doctor" and treats(user.name, found.patient):
                return found
        raise HTTPException(404)

    return app


@wrong("5.8.4", caught_by="test_q4_the_result_is_looked_up_for_each_request")
def results_app():
    """Keep each result that was found."""
    app = FastAPI()
    find = functools.cache(find_result)

    @app.get("/results/{number}")
    def read(number: int, user: CurrentUser) -> Result:
        if user.role not in {"patient", "doctor"}:
            raise HTTPException(403)
        found = find(number)
        if found is not None:
            if user.role == "patient" and user.name == found.patient:
                return found
            if user.role == "doctor" and treats(user.name, found.patient):
                return found
        raise HTTPException(404)

    return app


@right("5.8.4")
def results_app():
    """Check the role in a dependency, and the object in another one."""
    app = FastAPI()

    def reader(user: CurrentUser) -> User:
        if user.role in {"patient", "doctor"}:
            return user
        raise HTTPException(403)

    def visible(number: int, user: Annotated[User, Depends(reader)]) -> Result:
        result = find_result(number)
        if result is not None:
            is_patient = user.role == "patient"
            if is_patient and result.patient == user.name:
                return result
            if not is_patient and treats(user.name, result.patient):
                return result
        raise HTTPException(404, f"There is no result {number}.")

    @app.get("/results/{number}")
    async def read(result: Annotated[Result, Depends(visible)]):
        return {"number": result.number, "patient": result.patient, "text": result.text}

    return app


@right("5.8.4")
def results_app():
    """Look up the rule for the role."""
    app = FastAPI()
    rules = {
        "patient": lambda user, patient: user == patient,
        "doctor": lambda user, patient: treats(user, patient),
    }

    @app.get("/results/{number}", response_model=Result)
    def read(number: int, user: CurrentUser):
        if (rule := rules.get(user.role)) is None:
            raise HTTPException(403)
        found = find_result(number)
        if found is None or not rule(user.name, found.patient):
            raise HTTPException(404)
        return found

    return app


def endpoints(app, prescriptions, may_read, may_prescribe):
    """Add the endpoints that are given."""

    @app.get("/prescriptions", dependencies=[Depends(may_read)])
    def read_prescriptions() -> list[str]:
        return prescriptions

    @app.post("/prescriptions", status_code=201, dependencies=[Depends(may_prescribe)])
    def prescribe(drug: str) -> None:
        prescriptions.append(drug)

    return app


@wrong(
    "5.8.5",
    caught_by="test_q5_after_a_role_is_taken_away_the_token_can_only_read",
)
def ward_app(prescriptions):
    """Trust the role in the token for both endpoints."""

    def check(claims: Claims) -> None:
        if claims.get("role") != "doctor":
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, check, check)


@wrong("5.8.5", caught_by="test_q5_a_doctor_reads_without_a_lookup")
def ward_app(prescriptions):
    """Look up the role for both endpoints."""

    def check(claims: Claims) -> None:
        if find_role(claims["sub"]) != "doctor":
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, check, check)


@wrong("5.8.5", caught_by="test_q5_a_new_doctor_can_prescribe_with_an_old_token")
def ward_app(prescriptions):
    """Ask for both roles in order to prescribe."""

    def may_read(claims: Claims) -> None:
        if claims.get("role") != "doctor":
            raise HTTPException(403)

    def may_prescribe(claims: Annotated[None, Depends(may_read)], own: Claims) -> None:
        if find_role(own["sub"]) != "doctor":
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, may_read, may_prescribe)


@wrong(
    "5.8.5",
    caught_by="test_q5_after_a_role_is_taken_away_the_token_can_only_read",
)
def ward_app(prescriptions):
    """Accept one of the two roles in order to prescribe."""

    def may_read(claims: Claims) -> None:
        if claims.get("role") != "doctor":
            raise HTTPException(403)

    def may_prescribe(claims: Claims) -> None:
        if "doctor" not in (claims.get("role"), find_role(claims["sub"])):
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, may_read, may_prescribe)


@wrong(
    "5.8.5",
    caught_by="test_q5_after_a_role_is_taken_away_the_token_can_only_read",
)
def ward_app(prescriptions):
    """Swap the two checks."""

    def may_prescribe(claims: Claims) -> None:
        if claims.get("role") != "doctor":
            raise HTTPException(403)

    def may_read(claims: Claims) -> None:
        if find_role(claims["sub"]) != "doctor":
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, may_read, may_prescribe)


@wrong("5.8.5", caught_by="test_q5_a_token_without_this_role_cannot_read[no]")
def ward_app(prescriptions):
    """Read a claim that can be missing, which becomes 500."""

    def may_read(claims: Claims) -> None:
        if claims["role"] != "doctor":
            raise HTTPException(403)

    def may_prescribe(claims: Claims) -> None:
        if find_role(claims["sub"]) != "doctor":
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, may_read, may_prescribe)


@wrong("5.8.5", caught_by="test_q5_a_token_without_this_role_cannot_read[no]")
def ward_app(prescriptions):
    """Look up the role if the token has none."""

    def may_read(claims: Claims) -> None:
        if claims.get("role", find_role(claims["sub"])) != "doctor":
            raise HTTPException(403)

    def may_prescribe(claims: Claims) -> None:
        if find_role(claims["sub"]) != "doctor":
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, may_read, may_prescribe)


@wrong("5.8.5", caught_by="test_q5_a_token_without_this_role_cannot_read[list]")
def ward_app(prescriptions):
    """Look for "doctor" anywhere in the claim."""

    def may_read(claims: Claims) -> None:
        if "doctor" not in str(claims.get("role")):
            raise HTTPException(403)

    def may_prescribe(claims: Claims) -> None:
        if find_role(claims["sub"]) != "doctor":
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, may_read, may_prescribe)


@wrong("5.8.5", caught_by="test_q5_another_role_returns_403[patient]")
def ward_app(prescriptions):
    """Let patients read."""

    def may_read(claims: Claims) -> None:
        if claims.get("role") not in ("doctor", "patient"):
            raise HTTPException(403)

    def may_prescribe(claims: Claims) -> None:
        if find_role(claims["sub"]) != "doctor":
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, may_read, may_prescribe)


@wrong("5.8.5", caught_by="test_q5_another_role_returns_403[None]")
def ward_app(prescriptions):
    """Refuse patients only."""

    def may_read(claims: Claims) -> None:
        if claims.get("role") == "patient":
            raise HTTPException(403)

    def may_prescribe(claims: Claims) -> None:
        if find_role(claims["sub"]) == "patient":
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, may_read, may_prescribe)


@wrong("5.8.5", caught_by="test_q5_another_role_returns_403[doctors]")
def ward_app(prescriptions):
    """Compare the beginning of the role."""

    def may_read(claims: Claims) -> None:
        if not str(claims.get("role")).startswith("doctor"):
            raise HTTPException(403)

    def may_prescribe(claims: Claims) -> None:
        if not str(find_role(claims["sub"])).startswith("doctor"):
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, may_read, may_prescribe)


@wrong("5.8.5", caught_by="test_q5_another_role_returns_403")
def ward_app(prescriptions):
    """Return 401 for a wrong role."""

    def may_read(claims: Claims) -> None:
        if claims.get("role") != "doctor":
            raise HTTPException(401)

    def may_prescribe(claims: Claims) -> None:
        if find_role(claims["sub"]) != "doctor":
            raise HTTPException(401)

    return endpoints(FastAPI(), prescriptions, may_read, may_prescribe)


@wrong("5.8.5", caught_by="test_q5_a_closed_account_cannot_prescribe")
def ward_app(prescriptions):
    """Use the role in the token if the account is gone."""

    def may_read(claims: Claims) -> None:
        if claims.get("role") != "doctor":
            raise HTTPException(403)

    def may_prescribe(claims: Claims) -> None:
        if (find_role(claims["sub"]) or claims.get("role")) != "doctor":
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, may_read, may_prescribe)


@wrong(
    "5.8.5",
    caught_by="test_q5_a_token_that_is_not_valid_returns_401[foreign key]",
)
def ward_app(prescriptions):
    """Decode the token without verifying it."""

    def claims_of(bearer: Bearer):
        try:
            return jwt.decode(bearer.credentials, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            raise HTTPException(401) from None

    Unverified = Annotated[dict, Depends(claims_of)]

    def may_read(claims: Unverified) -> None:
        if claims.get("role") != "doctor":
            raise HTTPException(403)

    def may_prescribe(claims: Unverified) -> None:
        if find_role(claims["sub"]) != "doctor":
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, may_read, may_prescribe)


@wrong(
    "5.8.5",
    caught_by="test_q5_after_a_role_is_taken_away_the_token_can_only_read",
)
def ward_app(prescriptions):
    """Keep the role that was looked up first."""
    known = {}

    def may_read(claims: Claims) -> None:
        known.setdefault(claims["sub"], "doctor")
        if claims.get("role") != "doctor":
            raise HTTPException(403)

    def may_prescribe(claims: Claims) -> None:
        if claims["sub"] not in known:
            known[claims["sub"]] = find_role(claims["sub"])
        if known[claims["sub"]] != "doctor":
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, may_read, may_prescribe)


@wrong("5.8.5", caught_by="test_q5_the_role_is_looked_up_for_each_prescription")
def ward_app(prescriptions):
    """Ask for the role each time, and use the first answer."""
    known = {}

    def may_read(claims: Claims) -> None:
        if claims.get("role") != "doctor":
            raise HTTPException(403)

    def may_prescribe(claims: Claims) -> None:
        role = known.setdefault(claims["sub"], find_role(claims["sub"]))
        if role != "doctor":
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, may_read, may_prescribe)


@wrong("5.8.5", caught_by="test_q5_the_account_in_the_token_decides")
def ward_app(prescriptions):
    """Ask for the role of one account, whoever sends the request."""

    def may_read(claims: Claims) -> None:
        if claims.get("role") != "doctor":
            raise HTTPException(403)

    def may_prescribe(claims: Claims, name: str = "kim") -> None:
        if find_role(name) != "doctor":
            raise HTTPException(403)

    return endpoints(FastAPI(), prescriptions, may_read, may_prescribe)


@right("5.8.5")
def ward_app(prescriptions):
    """Get the role from a dependency, and check it in one place."""

    def role_in_token(claims: Claims):
        return claims.get("role")

    async def role_now(claims: Claims):
        return find_role(claims["sub"])

    def require(source):
        def check(role: Annotated[object, Depends(source)]) -> None:
            if role != "doctor":
                raise HTTPException(403, "This is for doctors.")

        return check

    return endpoints(
        FastAPI(), prescriptions, require(role_in_token), require(role_now)
    )


@right("5.8.5")
def ward_app(prescriptions):
    """Check inside of the endpoints."""
    app = FastAPI()

    @app.get("/prescriptions")
    async def read(claims: Claims) -> list[str]:
        match claims:
            case {"role": "doctor"}:
                return prescriptions
        raise HTTPException(403)

    @app.post("/prescriptions", status_code=201)
    async def prescribe(drug: str, claims: Claims) -> None:
        if find_role(claims["sub"]) == "doctor":
            prescriptions.append(drug)
        else:
            raise HTTPException(403)

    return app


class Known:
    """What `Roles` has besides `has`."""

    def __init__(self, fetch, seconds):
        self.fetch = fetch
        self.seconds = seconds
        self.known = {}
        self.forgotten = Counter()
        self.lock = Lock()

    def forget(self, user):
        with self.lock:
            self.forgotten[user] += 1
            self.known.pop(user, None)

    def keep(self, user, answer, forgotten):
        """Keep an answer, unless it was forgotten meanwhile."""
        with self.lock:
            if forgotten == self.forgotten[user]:
                self.known[user] = answer


@wrong("5.8.6", caught_by="test_q6_an_answer_is_kept")
class Roles(Known):
    """Ask for every request."""

    def has(self, user, role):
        try:
            return self.fetch(user) == role
        except httpx.HTTPError:
            return False


@wrong("5.8.6", caught_by="test_q6_an_old_answer_is_not_used")
class Roles(Known):
    """Keep an answer until it is forgotten."""

    def has(self, user, role):
        if user not in self.known:
            forgotten = self.forgotten[user]
            try:
                answer = (now(), self.fetch(user))
            except httpx.HTTPError:
                return False
            self.keep(user, answer, forgotten)
            return answer[1] == role
        return self.known[user][1] == role


@wrong("5.8.6", caught_by="test_q6_an_answer_that_was_forgotten_meanwhile_is_not_kept")
class Roles(Known):
    """Keep the answer in any case."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked = now()
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                return False
            self.known[user] = answer
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_an_answer_that_was_forgotten_meanwhile_is_not_kept")
class Roles(Known):
    """Read `forgotten` after `fetch`."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked = now()
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                return False
            self.keep(user, answer, self.forgotten[user])
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_an_answer_that_was_forgotten_meanwhile_is_not_kept")
class Roles(Known):
    """Keep no answer of a user who was ever forgotten."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked = now()
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                return False
            self.keep(user, answer, 0)
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_forgetting_another_user_meanwhile_does_not_matter")
class Roles(Known):
    """Look at what was forgotten for all users."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked, forgotten = now(), self.forgotten.total()
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                return False
            if forgotten == self.forgotten.total():
                self.known[user] = answer
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_the_age_is_counted_from_the_call_of_fetch")
class Roles(Known):
    """Read the clock after `fetch`."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            forgotten = self.forgotten[user]
            try:
                got = self.fetch(user)
            except httpx.HTTPError:
                return False
            answer = (now(), got)
            self.keep(user, answer, forgotten)
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_an_old_answer_is_not_used")
class Roles(Known):
    """Use an answer that is exactly `seconds` old."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] > self.seconds:
            asked, forgotten = now(), self.forgotten[user]
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                return False
            self.keep(user, answer, forgotten)
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_an_old_answer_is_not_used")
class Roles(Known):
    """Count the age from the last use."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            forgotten = self.forgotten[user]
            asked = now()
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                return False
            self.keep(user, answer, forgotten)
        elif user in self.known:
            self.known[user] = (now(), answer[1])
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_an_answer_is_kept[nobody]")
class Roles(Known):
    """Take None for no answer."""

    def has(self, user, role):
        asked, known = self.known.get(user, (0, None))
        if known is None or now() - asked >= self.seconds:
            asked, forgotten = now(), self.forgotten[user]
            try:
                known = self.fetch(user)
            except httpx.HTTPError:
                return False
            self.keep(user, (asked, known), forgotten)
        return known == role


@wrong("5.8.6", caught_by="test_q6_an_answer_is_kept")
class Roles(Known):
    """Keep an answer for each user and role."""

    def has(self, user, role):
        answer = self.known.get((user, role))
        if answer is None or now() - answer[0] >= self.seconds:
            asked = now()
            try:
                answer = (asked, self.fetch(user) == role)
            except httpx.HTTPError:
                return False
            self.known[user, role] = answer
        return answer[1]


@wrong("5.8.6", caught_by="test_q6_without_an_answer_nobody_has_a_role[old-down]")
class Roles(Known):
    """Use the old answer if the role service is down."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked, forgotten = now(), self.forgotten[user]
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                return answer is not None and answer[1] == role
            self.keep(user, answer, forgotten)
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_without_an_answer_nobody_has_a_role")
class Roles(Known):
    """Keep the failure."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked, forgotten = now(), self.forgotten[user]
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                answer = (asked, None)
            self.keep(user, answer, forgotten)
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_without_an_answer_nobody_has_a_role")
class Roles(Known):
    """Let everybody in if the role service is down."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked, forgotten = now(), self.forgotten[user]
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                return True
            self.keep(user, answer, forgotten)
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_without_an_answer_nobody_has_a_role")
class Roles(Known):
    """Let the error through."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            forgotten = self.forgotten[user]
            answer = (now(), self.fetch(user))
            self.keep(user, answer, forgotten)
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_without_an_answer_nobody_has_a_role[unknown-slow]")
class Roles(Known):
    """Think of a service that is down, but not of one that is slow."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked, forgotten = now(), self.forgotten[user]
            try:
                answer = (asked, self.fetch(user))
            except httpx.ConnectError:
                return False
            self.keep(user, answer, forgotten)
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_another_exception_is_raised")
class Roles(Known):
    """Take every error for a service that is down."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked, forgotten = now(), self.forgotten[user]
            try:
                answer = (asked, self.fetch(user))
            except Exception:
                return False
            self.keep(user, answer, forgotten)
        return answer[1] == role


@wrong(
    "5.8.6", caught_by="test_q6_a_young_answer_counts_while_the_role_service_is_down"
)
class Roles(Known):
    """Drop all answers if the role service is down."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked, forgotten = now(), self.forgotten[user]
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                self.known.clear()
                return False
            self.keep(user, answer, forgotten)
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_has_returns_whether_the_user_has_the_role[kim-doc]")
class Roles(Known):
    """Look for a part of the role."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked, forgotten = now(), self.forgotten[user]
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                return False
            self.keep(user, answer, forgotten)
        return role in (answer[1] or "")


@wrong(
    "5.8.6",
    caught_by="test_q6_has_returns_whether_the_user_has_the_role[nobody-None]",
)
class Roles(Known):
    """Make a text of None."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked, forgotten = now(), self.forgotten[user]
            try:
                answer = (asked, str(self.fetch(user)))
            except httpx.HTTPError:
                return False
            self.keep(user, answer, forgotten)
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_each_service_has_answers_of_its_own")
class Roles(Known):
    """Share the answers of all objects."""

    shared = {}

    def __init__(self, fetch, seconds):
        super().__init__(fetch, seconds)
        self.known = self.shared

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked, forgotten = now(), self.forgotten[user]
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                return False
            self.keep(user, answer, forgotten)
        return answer[1] == role


@wrong(
    "5.8.6",
    caught_by="test_q6_a_forget_before_the_answer_is_stored_is_not_lost",
)
class Roles(Known):
    """Compare and store without the lock."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked, forgotten = now(), self.forgotten[user]
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                return False
            if forgotten == self.forgotten[user]:
                self.known[user] = answer
        return answer[1] == role


@wrong(
    "5.8.6",
    caught_by="test_q6_a_forget_before_the_answer_is_stored_is_not_lost",
)
class Roles(Known):
    """Compare while the lock is held, and store afterwards."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked, forgotten = now(), self.forgotten[user]
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                return False
            with self.lock:
                is_new = forgotten == self.forgotten[user]
            if is_new:
                self.known[user] = answer
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_a_forget_after_the_comparison_is_not_lost")
class Roles(Known):
    """Compare without the lock, and hold it only to store the answer."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked, forgotten = now(), self.forgotten[user]
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                return False
            if forgotten == self.forgotten[user]:
                with self.lock:
                    self.known[user] = answer
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_another_exception_is_raised[error2]")
class Roles(Known):
    """Treat an error of the operating system like one of httpx."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked, forgotten = now(), self.forgotten[user]
            try:
                answer = (asked, self.fetch(user))
            except (httpx.HTTPError, OSError):
                return False
            self.keep(user, answer, forgotten)
        return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_a_forget_counts_also_if_another_user_is_asked_for")
class Roles(Known):
    """Empty `forgotten` with each answer, so that it stays small."""

    def has(self, user, role):
        answer = self.known.get(user)
        if answer is None or now() - answer[0] >= self.seconds:
            asked = now()
            try:
                answer = (asked, self.fetch(user))
            except httpx.HTTPError:
                return False
            with self.lock:
                if not self.forgotten[user]:
                    self.known[user] = answer
                self.forgotten.clear()
        return answer[1] == role


@right("5.8.6")
class Roles(Known):
    """Store a new entry first, and fill it in when the answer is there."""

    def has(self, user, role):
        entry = self.known.get(user)
        if entry is None or now() - entry["asked"] >= self.seconds:
            entry = {"asked": now()}
            self.known[user] = entry
        if "role" not in entry:
            try:
                entry["role"] = self.fetch(user)
            except httpx.HTTPError:
                self.known.pop(user, None)
                return False
        return entry["role"] == role


@wrong("5.8.6", caught_by="test_q6_the_lock_is_free_while_fetch_runs")
class Roles(Known):
    """Hold the lock all the time."""

    def has(self, user, role):
        with self.lock:
            answer = self.known.get(user)
            if answer is None or now() - answer[0] >= self.seconds:
                asked = now()
                try:
                    answer = self.known[user] = (asked, self.fetch(user))
                except httpx.HTTPError:
                    return False
            return answer[1] == role


@wrong("5.8.6", caught_by="test_q6_the_lock_is_free_while_fetch_runs")
class Roles(Known):
    """Use a lock that the same thread can take again, and hold it all the time."""

    def __init__(self, fetch, seconds):
        super().__init__(fetch, seconds)
        self.lock = RLock()

    def has(self, user, role):
        with self.lock:
            answer = self.known.get(user)
            if answer is None or now() - answer[0] >= self.seconds:
                asked, forgotten = now(), self.forgotten[user]
                try:
                    answer = (asked, self.fetch(user))
                except httpx.HTTPError:
                    return False
                self.keep(user, answer, forgotten)
            return answer[1] == role


@right("5.8.6")
class Roles(Known):
    """Let one thread at a time ask for a user, with a lock for each user."""

    def __init__(self, fetch, seconds):
        super().__init__(fetch, seconds)
        self.asking = {}

    def has(self, user, role):
        with self.lock:
            mine = self.asking.setdefault(user, Lock())
        with mine:
            with self.lock:
                answer, before = self.known.get(user), self.forgotten[user]
            if answer is None or now() - answer[0] >= self.seconds:
                asked = now()
                try:
                    answer = (asked, self.fetch(user))
                except httpx.HTTPError:
                    return False
                self.keep(user, answer, before)
            return answer[1] == role


@right("5.8.6")
class Roles(Known):
    """Return early, in two methods."""

    def has(self, user, role):
        try:
            return self._role(user) == role
        except httpx.HTTPError:
            return False

    def _role(self, user):
        with self.lock:
            before, time_ = self.forgotten[user], now()
            if user in self.known:
                asked, role = self.known[user]
                if time_ < asked + self.seconds:
                    return role
                del self.known[user]
        role = self.fetch(user)
        self.keep(user, (time_, role), before)
        return role
