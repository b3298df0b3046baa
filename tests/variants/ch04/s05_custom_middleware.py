"""Other answers to section 4.5."""

import gzip

from fastapi import HTTPException
from fastapi.responses import StreamingResponse

from sensei.variants import right, wrong


@wrong("4.5.1", caught_by="test_q1_a_request_writes_one_record")
def add_request_log(app):
    """Log before the response is known."""

    @app.middleware("http")
    async def log(request, call_next):
        logger.info(f"{request.method} {request.url.path}")
        return await call_next(request)


@wrong("4.5.1", caught_by="test_q1_a_request_writes_one_record[gone]")
def add_request_log(app):
    """Write 200 for every response."""

    @app.middleware("http")
    async def log(request, call_next):
        logger.info(f"{request.method} {request.url.path} 200")
        return await call_next(request)


@wrong("4.5.1", caught_by="test_q1_a_request_writes_one_record[query]")
def add_request_log(app):
    """Write the path with the query."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        path = str(request.url).removeprefix(str(request.base_url).rstrip("/"))
        logger.info(f"{request.method} {path} {response.status_code}")
        return response


@wrong("4.5.1", caught_by="test_q1_a_request_writes_one_record[get]")
def add_request_log(app):
    """Write the whole URL."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        logger.info(f"{request.method} {request.url} {response.status_code}")
        return response


@wrong("4.5.1", caught_by="test_q1_a_request_writes_one_record[get]")
def add_request_log(app):
    """Write the path of the route, with its parameter's name."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        route = request.scope.get("route")
        path = route.path if route else request.url.path
        logger.info(f"{request.method} {path} {response.status_code}")
        return response


@wrong("4.5.1", caught_by="test_q1_a_request_writes_one_record[post]")
def add_request_log(app):
    """Write GET for every request."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        logger.info(f"GET {request.url.path} {response.status_code}")
        return response


@wrong("4.5.1", caught_by="test_q1_a_request_writes_one_record")
def add_request_log(app):
    """Do not return the response."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        logger.info(f"{request.method} {request.url.path} {response.status_code}")


@wrong("4.5.1", caught_by="test_q1_a_request_writes_one_record")
def add_request_log(app):
    """Do not await `call_next`."""

    @app.middleware("http")
    async def log(request, call_next):
        response = call_next(request)
        logger.info(f"{request.method} {request.url.path} {response.status_code}")
        return response


@wrong("4.5.1", caught_by="test_q1_a_request_writes_one_record")
def add_request_log(app):
    """Print the line."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        print(f"{request.method} {request.url.path} {response.status_code}")
        return response


@wrong("4.5.1", caught_by="test_q1_a_request_writes_one_record")
def add_request_log(app):
    """Write to the root logger."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        logging.info(f"{request.method} {request.url.path} {response.status_code}")
        return response


@wrong("4.5.1", caught_by="test_q1_a_request_writes_one_record[gone]")
def add_request_log(app):
    """Use another level for errors."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        level = logging.INFO if response.status_code < 400 else logging.WARNING
        logger.log(level, f"{request.method} {request.url.path} {response.status_code}")
        return response


@wrong("4.5.1", caught_by="test_q1_a_request_writes_one_record")
def add_request_log(app):
    """Write a record before the request, and one after it."""

    @app.middleware("http")
    async def log(request, call_next):
        logger.info(f"{request.method} {request.url.path}")
        response = await call_next(request)
        logger.info(f"{request.method} {request.url.path} {response.status_code}")
        return response


@wrong("4.5.1", caught_by="test_q1_a_response_without_an_endpoint_is_logged[404]")
def add_request_log(app):
    """Log only requests that found a route."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        if "route" in request.scope:
            logger.info(f"{request.method} {request.url.path} {response.status_code}")
        return response


@wrong("4.5.1", caught_by="test_q1_a_response_without_an_endpoint_is_logged[422]")
def add_request_log(app):
    """Leave out responses to invalid requests."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        if response.status_code != 422:
            logger.info(f"{request.method} {request.url.path} {response.status_code}")
        return response


@wrong("4.5.1", caught_by="test_q1_the_client_receives_the_same_response")
def add_request_log(app):
    """Read the body, and return a new response with it."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        logger.info(f"{request.method} {request.url.path} {response.status_code}")
        body = b"".join([part async for part in response.body_iterator])
        return Response(body, response.status_code)


@wrong(
    "4.5.1",
    caught_by="test_q1_the_client_receives_the_same_response[POST-/tickets]",
)
def add_request_log(app):
    """Return a new response with a dict of the headers, which has one cookie."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        logger.info(f"{request.method} {request.url.path} {response.status_code}")
        body = b"".join([part async for part in response.body_iterator])
        return Response(body, response.status_code, dict(response.headers))


@wrong("4.5.1", caught_by="test_q1_the_parts_of_a_stream_are_sent_one_by_one")
def add_request_log(app):
    """Read the body to log its size, and keep the rest of the response."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        parts = [part async for part in response.body_iterator]

        async def again():
            for part in parts:
                yield part

        response.body_iterator = again()
        logger.info(f"{request.method} {request.url.path} {response.status_code}")
        return response


@wrong("4.5.1", caught_by="test_q1_each_request_of_one_client_is_logged_in_turn")
def add_request_log(app):
    """Log each kind of request once."""
    seen = set()

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        if response.status_code not in seen:
            logger.info(f"{request.method} {request.url.path} {response.status_code}")
        seen.add(response.status_code)
        return response


@wrong("4.5.1", caught_by="test_q1_a_response_without_an_endpoint_is_logged[404]")
def add_request_log(app):
    """Remove the slash at the end of a path."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        path = request.url.path.rstrip("/")
        logger.info(f"{request.method} {path} {response.status_code}")
        return response


@wrong("4.5.1", caught_by="test_q1_the_message_is_one_line")
def add_request_log(app):
    """Take the path with its line break."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        logger.info(f"{request.method} {request.scope['path']} {response.status_code}")
        return response


@wrong("4.5.1", caught_by="test_q1_concurrent_requests_are_logged_with_their_own_path")
def add_request_log(app):
    """Keep the request in the middleware, which all requests share."""

    class RequestLog(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            self.start = f"{request.method} {request.url.path}"
            response = await call_next(request)
            logger.info(f"{self.start} {response.status_code}")
            return response

    app.add_middleware(RequestLog)


@wrong("4.5.1", caught_by="test_q1_the_path_may_contain_a_percent_sign_or_braces")
def add_request_log(app):
    """Put the path into the format, where a percent sign has a meaning."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        logger.info(f"{request.method} {request.url.path} %s", response.status_code)
        return response


@wrong("4.5.1", caught_by="test_q1_a_request_writes_one_record[docs]")
def add_request_log(app):
    """Leave out the documentation and the health check."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        if request.url.path not in ("/docs", "/openapi.json", "/health"):
            logger.info(f"{request.method} {request.url.path} {response.status_code}")
        return response


@wrong("4.5.1", caught_by="test_q1_a_response_without_an_endpoint_is_logged[options]")
def add_request_log(app):
    """Leave out what browsers ask before a request to another origin."""

    @app.middleware("http")
    async def log(request, call_next):
        response = await call_next(request)
        if request.method != "OPTIONS":
            logger.info(f"{request.method} {request.url.path} {response.status_code}")
        return response


@right("4.5.1")
def add_request_log(app):
    """Log the path as the client sent it, in a pure ASGI middleware."""

    def around(inner):
        async def run(scope, receive, send):
            async def note(message):
                if message["type"] == "http.response.start":
                    path = scope["raw_path"].decode("ascii")
                    logger.info(f"{scope['method']} {path} {message['status']}")
                await send(message)

            await inner(scope, receive, note if scope["type"] == "http" else send)

        return run

    app.add_middleware(around)


@right("4.5.1")
def add_request_log(app):
    """Use a class."""

    class RequestLog(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            response = await call_next(request)
            logger.info(f"{request.method} {request.url.path} {response.status_code}")
            return response

    app.add_middleware(RequestLog)


@right("4.5.1")
def add_request_log(app):
    """Write a pure ASGI middleware."""

    class RequestLog:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            async def note(message):
                if message["type"] == "http.response.start":
                    path = Request(scope).url.path
                    words = scope["method"], path, message["status"]
                    logger.info("%s %s %d", *words)
                await send(message)

            await self.app(scope, receive, note if scope["type"] == "http" else send)

    app.add_middleware(RequestLog)


@right("4.5.1")
def add_request_log(app):
    """Pass a function to `BaseHTTPMiddleware`, and log at the very end."""

    async def dispatch(request, call_next):
        status = 500
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            line = f"{request.method} {request.url.path} {status}"
            logging.getLogger("support_desk").log(logging.INFO, line)

    app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)


def _desk(tickets):
    app = FastAPI()

    @app.post("/tickets")
    def open_ticket() -> dict[str, int]:
        return {"number": tickets.add()}

    return app


@wrong("4.5.2", caught_by="test_q2_a_request_without_an_agent_is_refused_as_in_flask")
def fastapi_desk(tickets):
    """Raise HTTPException in the middleware."""
    app = _desk(tickets)

    @app.middleware("http")
    async def check(request, call_next):
        if "X-Agent" not in request.headers:
            raise HTTPException(401, "Sign in first.")
        response = await call_next(request)
        response.headers["X-Open-Tickets"] = str(len(tickets.open))
        return response

    return app


@wrong("4.5.2", caught_by="test_q2_every_response_has_the_number_of_open_tickets[401]")
def fastapi_desk(tickets):
    """Return early, without the header."""
    app = _desk(tickets)

    @app.middleware("http")
    async def check(request, call_next):
        if "X-Agent" not in request.headers:
            return JSONResponse({"detail": "Sign in first."}, 401)
        response = await call_next(request)
        response.headers["X-Open-Tickets"] = str(len(tickets.open))
        return response

    return app


@wrong(
    "4.5.2", caught_by="test_q2_every_response_has_the_number_of_open_tickets[mixed]"
)
def fastapi_desk(tickets):
    """Add two middlewares in Flask's order, so that the check is outside."""
    app = _desk(tickets)

    @app.middleware("http")
    async def add(request, call_next):
        response = await call_next(request)
        response.headers["X-Open-Tickets"] = str(len(tickets.open))
        return response

    @app.middleware("http")
    async def check(request, call_next):
        if "X-Agent" not in request.headers:
            return JSONResponse({"detail": "Sign in first."}, 401)
        return await call_next(request)

    return app


@wrong(
    "4.5.2", caught_by="test_q2_every_response_has_the_number_of_open_tickets[opened]"
)
def fastapi_desk(tickets):
    """Count before the endpoint runs."""
    app = _desk(tickets)

    @app.middleware("http")
    async def check(request, call_next):
        count = str(len(tickets.open))
        if "X-Agent" in request.headers:
            response = await call_next(request)
        else:
            response = JSONResponse({"detail": "Sign in first."}, 401)
        response.headers["X-Open-Tickets"] = count
        return response

    return app


@wrong(
    "4.5.2", caught_by="test_q2_every_response_has_the_number_of_open_tickets[opened]"
)
def fastapi_desk(tickets):
    """Count once, when the application is created."""
    app = _desk(tickets)
    count = str(len(tickets.open))

    @app.middleware("http")
    async def check(request, call_next):
        if "X-Agent" in request.headers:
            response = await call_next(request)
        else:
            response = JSONResponse({"detail": "Sign in first."}, 401)
        response.headers["X-Open-Tickets"] = count
        return response

    return app


@wrong("4.5.2", caught_by="test_q2_a_request_with_any_agent_is_not_refused[]")
def fastapi_desk(tickets):
    """Ask whether the value is empty, and not whether the header is there."""
    app = _desk(tickets)

    @app.middleware("http")
    async def check(request, call_next):
        if request.headers.get("X-Agent"):
            response = await call_next(request)
        else:
            response = JSONResponse({"detail": "Sign in first."}, 401)
        response.headers["X-Open-Tickets"] = str(len(tickets.open))
        return response

    return app


@wrong(
    "4.5.2",
    caught_by="test_q2_a_request_without_an_agent_is_refused_as_in_flask[GET-/docs]",
)
def fastapi_desk(tickets):
    """Let everybody read the documentation."""
    app = _desk(tickets)

    @app.middleware("http")
    async def check(request, call_next):
        is_public = request.url.path in ("/docs", "/openapi.json")
        if "X-Agent" in request.headers or is_public:
            response = await call_next(request)
        else:
            response = JSONResponse({"detail": "Sign in first."}, 401)
        response.headers["X-Open-Tickets"] = str(len(tickets.open))
        return response

    return app


@wrong("4.5.2", caught_by="test_q2_a_refused_request_runs_no_endpoint")
def fastapi_desk(tickets):
    """Check after the endpoint."""
    app = _desk(tickets)

    @app.middleware("http")
    async def check(request, call_next):
        response = await call_next(request)
        if "X-Agent" not in request.headers:
            response = JSONResponse({"detail": "Sign in first."}, 401)
        response.headers["X-Open-Tickets"] = str(len(tickets.open))
        return response

    return app


@wrong(
    "4.5.2",
    caught_by="test_q2_a_request_without_an_agent_is_refused_as_in_flask[POST-/nowhere]",
)
def fastapi_desk(tickets):
    """Refuse only requests to the endpoint."""
    app = _desk(tickets)

    @app.middleware("http")
    async def check(request, call_next):
        if "X-Agent" in request.headers or request.url.path != "/tickets":
            response = await call_next(request)
        else:
            response = JSONResponse({"detail": "Sign in first."}, 401)
        response.headers["X-Open-Tickets"] = str(len(tickets.open))
        return response

    return app


@wrong("4.5.2", caught_by="test_q2_every_response_has_the_number_of_open_tickets")
def fastapi_desk(tickets):
    """Use the number itself as a header."""
    app = _desk(tickets)

    @app.middleware("http")
    async def check(request, call_next):
        if "X-Agent" in request.headers:
            response = await call_next(request)
        else:
            response = JSONResponse({"detail": "Sign in first."}, 401)
        response.headers["X-Open-Tickets"] = len(tickets.open)
        return response

    return app


@wrong("4.5.2", caught_by="test_q2_a_request_without_an_agent_is_refused_as_in_flask")
def fastapi_desk(tickets):
    """Return the tuple that Flask understands."""
    app = _desk(tickets)

    @app.middleware("http")
    async def check(request, call_next):
        if "X-Agent" not in request.headers:
            return {"detail": "Sign in first."}, 401
        response = await call_next(request)
        response.headers["X-Open-Tickets"] = str(len(tickets.open))
        return response

    return app


@wrong("4.5.2", caught_by="test_q2_every_response_has_the_number_of_open_tickets[404]")
def fastapi_desk(tickets):
    """Add the header to good responses and to the 401."""
    app = _desk(tickets)

    @app.middleware("http")
    async def check(request, call_next):
        if "X-Agent" in request.headers:
            response = await call_next(request)
        else:
            response = JSONResponse({"detail": "Sign in first."}, 401)
        if response.status_code in (200, 401):
            response.headers["X-Open-Tickets"] = str(len(tickets.open))
        return response

    return app


@wrong(
    "4.5.2", caught_by="test_q2_every_response_has_the_number_of_open_tickets[opened]"
)
def fastapi_desk(tickets):
    """Let one agent in."""
    app = _desk(tickets)

    @app.middleware("http")
    async def check(request, call_next):
        if request.headers.get("X-Agent") == "ada":
            response = await call_next(request)
        else:
            response = JSONResponse({"detail": "Sign in first."}, 401)
        response.headers["X-Open-Tickets"] = str(len(tickets.open))
        return response

    return app


@wrong(
    "4.5.2", caught_by="test_q2_every_response_has_the_number_of_open_tickets[opened]"
)
def fastapi_desk(tickets):
    """Take the largest number of a ticket for their count."""
    app = _desk(tickets)

    @app.middleware("http")
    async def check(request, call_next):
        if "X-Agent" in request.headers:
            response = await call_next(request)
        else:
            response = JSONResponse({"detail": "Sign in first."}, 401)
        response.headers["X-Open-Tickets"] = str(max(tickets.open) - 6)
        return response

    return app


@wrong(
    "4.5.2",
    caught_by="test_q2_a_request_without_an_agent_is_refused_as_in_flask[OPTIONS-/tickets]",
)
def fastapi_desk(tickets):
    """Refuse only what changes something."""
    app = _desk(tickets)

    @app.middleware("http")
    async def check(request, call_next):
        if "X-Agent" in request.headers or request.method != "POST":
            response = await call_next(request)
        else:
            response = JSONResponse({"detail": "Sign in first."}, 401)
        response.headers["X-Open-Tickets"] = str(len(tickets.open))
        return response

    return app


desks = []


@wrong("4.5.2", caught_by="test_q2_each_application_counts_its_own_tickets")
def fastapi_desk(tickets):
    """Count the tickets of the first application for all of them."""
    desks.append(tickets)
    app = _desk(tickets)

    @app.middleware("http")
    async def check(request, call_next):
        if "X-Agent" in request.headers:
            response = await call_next(request)
        else:
            response = JSONResponse({"detail": "Sign in first."}, 401)
        response.headers["X-Open-Tickets"] = str(len(desks[0].open))
        return response

    return app


@right("4.5.2")
def fastapi_desk(tickets):
    """Add two middlewares, the check inside."""
    app = _desk(tickets)

    @app.middleware("http")
    async def check(request, call_next):
        if request.headers.get("x-agent") is None:
            return JSONResponse(status_code=401, content={"detail": "Sign in first."})
        return await call_next(request)

    @app.middleware("http")
    async def add(request, call_next):
        response = await call_next(request)
        response.headers["x-open-tickets"] = f"{len(tickets.open)}"
        return response

    return app


@right("4.5.2")
def fastapi_desk(tickets):
    """Use a class with two methods, as Flask has two functions."""
    app = _desk(tickets)

    class Hooks(BaseHTTPMiddleware):
        def before(self, request):
            if "X-Agent" not in request.headers:
                content = '{"detail": "Sign in first."}'
                return Response(content, 401, media_type="application/json")
            return None

        def after(self, response):
            response.headers.append("X-Open-Tickets", str(len(tickets.open)))
            return response

        async def dispatch(self, request, call_next):
            return self.after(self.before(request) or await call_next(request))

    app.add_middleware(Hooks)
    return app


def _help_app():
    app = FastAPI()

    @app.get("/articles/{name}")
    def read_article(name: str) -> PlainTextResponse:
        return PlainTextResponse(article(name))

    return app


@wrong("4.5.3", caught_by="test_q3_after_maintenance_articles_are_served_again")
def help_app():
    """Look once, when the application is created."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["help.example"])
    closed = is_closed()

    @app.middleware("http")
    async def close(request, call_next):
        if closed:
            return Response(status_code=503, headers={"Retry-After": "600"})
        return await call_next(request)

    return app


@wrong("4.5.3", caught_by="test_q3_during_maintenance_every_request_returns_503")
def help_app():
    """Raise HTTPException in the middleware."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["help.example"])

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed():
            raise HTTPException(503, headers={"Retry-After": "600"})
        return await call_next(request)

    return app


@wrong("4.5.3", caught_by="test_q3_during_maintenance_every_request_returns_503")
def help_app():
    """Forget the header."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["help.example"])

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed():
            return Response(status_code=503)
        return await call_next(request)

    return app


@wrong("4.5.3", caught_by="test_q3_during_maintenance_every_request_returns_503")
def help_app():
    """Close the articles alone."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["help.example"])

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed() and request.url.path.startswith("/articles"):
            return Response(status_code=503, headers={"Retry-After": "600"})
        return await call_next(request)

    return app


@wrong("4.5.3", caught_by="test_q3_during_maintenance_every_request_returns_503")
def help_app():
    """Refuse only GET."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["help.example"])

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed() and request.method == "GET":
            return Response(status_code=503, headers={"Retry-After": "600"})
        return await call_next(request)

    return app


@wrong("4.5.3", caught_by="test_q3_during_maintenance_every_request_returns_503")
def help_app():
    """Run the endpoint, and change its response."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["help.example"])

    @app.middleware("http")
    async def close(request, call_next):
        response = await call_next(request)
        if is_closed():
            return Response(status_code=503, headers={"Retry-After": "600"})
        return response

    return app


@wrong("4.5.3", caught_by="test_q3_during_maintenance_every_request_returns_503")
def help_app():
    """Stay closed for good articles only: leave the documentation open."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["help.example"])

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed() and request.url.path != "/docs":
            return Response(status_code=503, headers={"Retry-After": "600"})
        return await call_next(request)

    return app


@wrong("4.5.3", caught_by="test_q3_a_request_for_another_host_returns_400")
def help_app():
    """Allow all hosts."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["*"])

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed():
            return Response(status_code=503, headers={"Retry-After": "600"})
        return await call_next(request)

    return app


@wrong(
    "4.5.3",
    caught_by="test_q3_a_request_for_another_host_returns_400[www.help.example]",
)
def help_app():
    """Allow the subdomains, too."""
    app = _help_app()
    hosts = ["help.example", "*.help.example"]
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed():
            return Response(status_code=503, headers={"Retry-After": "600"})
        return await call_next(request)

    return app


@wrong(
    "4.5.3",
    caught_by="test_q3_a_request_for_another_host_returns_400[help.example.evil.test]",
)
def help_app():
    """Look only at how the host begins."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1000)

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed():
            return Response(status_code=503, headers={"Retry-After": "600"})
        if not request.headers["host"].startswith("help.example"):
            return Response(status_code=400)
        return await call_next(request)

    return app


@wrong(
    "4.5.3",
    caught_by="test_q3_a_request_for_another_host_returns_400[evilhelp.example]",
)
def help_app():
    """Look only at how the host ends."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1000)

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed():
            return Response(status_code=503, headers={"Retry-After": "600"})
        host = request.headers["host"].split(":")[0]
        if not host.endswith("help.example") or host.startswith("www."):
            return Response(status_code=400)
        return await call_next(request)

    return app


@wrong("4.5.3", caught_by="test_q3_the_host_may_have_a_port")
def help_app():
    """Compare the whole header."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1000)

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed():
            return Response(status_code=503, headers={"Retry-After": "600"})
        if request.headers["host"] != "help.example":
            return Response(status_code=400)
        return await call_next(request)

    return app


@wrong("4.5.3", caught_by="test_q3_the_host_may_have_a_port[9000]")
def help_app():
    """Allow the port of the example only."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1000)

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed():
            return Response(status_code=503, headers={"Retry-After": "600"})
        if request.headers["host"] not in ("help.example", "help.example:8443"):
            return Response(status_code=400)
        return await call_next(request)

    return app


@wrong("4.5.3", caught_by="test_q3_a_short_body_is_not_compressed")
def help_app():
    """Add the gzip middleware last, outside of a `BaseHTTPMiddleware`."""
    app = _help_app()

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed():
            return Response(status_code=503, headers={"Retry-After": "600"})
        return await call_next(request)

    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["help.example"])
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    return app


@wrong("4.5.3", caught_by="test_q3_a_short_body_is_not_compressed")
def help_app():
    """Use the default size."""
    app = _help_app()
    app.add_middleware(GZipMiddleware)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["help.example"])

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed():
            return Response(status_code=503, headers={"Retry-After": "600"})
        return await call_next(request)

    return app


@wrong("4.5.3", caught_by="test_q3_a_request_for_another_host_returns_400[localhost]")
def help_app():
    """Allow the hosts of developers and of tests as well."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    hosts = ["help.example", "localhost", "127.0.0.1", "testserver"]
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed():
            return Response(status_code=503, headers={"Retry-After": "600"})
        return await call_next(request)

    return app


@wrong(
    "4.5.3",
    caught_by="test_q3_another_header_does_not_name_the_host[X_Forwarded_Host]",
)
def help_app():
    """Believe the header of a proxy, which any client can send."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1000)

    @app.middleware("http")
    async def close(request, call_next):
        host = request.headers.get("x-forwarded-host") or request.headers["host"]
        if host.partition(":")[0] != "help.example":
            return Response(status_code=400)
        if is_closed():
            return Response(status_code=503, headers={"Retry-After": "600"})
        return await call_next(request)

    return app


@wrong("4.5.3", caught_by="test_q3_a_long_body_is_compressed[1000]")
def help_app():
    """Compress bodies of more than 1000 bytes."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1001)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["help.example"])

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed():
            return Response(status_code=503, headers={"Retry-After": "600"})
        return await call_next(request)

    return app


@wrong("4.5.3", caught_by="test_q3_a_client_that_does_not_accept_gzip_gets_plain_text")
def help_app():
    """Compress for every client."""
    app = _help_app()
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["help.example"])

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed():
            return Response(status_code=503, headers={"Retry-After": "600"})
        response = await call_next(request)
        body = b"".join([part async for part in response.body_iterator])
        headers = dict(response.headers)
        if len(body) >= 1000:
            body = gzip.compress(body)
            headers |= {"content-encoding": "gzip", "content-length": str(len(body))}
        return Response(body, response.status_code, headers)

    return app


@right("4.5.3")
def help_app():
    """Check the host in the same function."""
    app = _help_app()
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)

    @app.middleware("http")
    async def close(request, call_next):
        host, _, _ = request.headers.get("host", "").partition(":")
        if host != "help.example":
            return PlainTextResponse("Unknown host", status_code=400)
        if is_closed():
            return JSONResponse({"detail": "closed"}, 503, {"Retry-After": "600"})
        return await call_next(request)

    return app


@right("4.5.3")
def help_app():
    """Write a class for the maintenance, and add the hosts last."""

    class Maintenance(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            if not is_closed():
                return await call_next(request)
            response = PlainTextResponse("Closed", 503)
            response.headers["retry-after"] = "600"
            return response

    app = _help_app()
    app.add_middleware(GZipMiddleware, 1000)
    app.add_middleware(Maintenance)
    app.add_middleware(TrustedHostMiddleware, ["help.example"])
    return app


@right("4.5.3")
def help_app():
    """Compress in a middleware of one's own."""
    app = _help_app()
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["help.example"])

    @app.middleware("http")
    async def close(request, call_next):
        if is_closed():
            return Response(status_code=503, headers={"Retry-After": "600"})
        response = await call_next(request)
        body = b"".join([part async for part in response.body_iterator])
        headers = dict(response.headers)
        if len(body) >= 1000 and "gzip" in request.headers.get("accept-encoding", ""):
            body = gzip.compress(body)
            headers |= {"content-encoding": "gzip", "content-length": str(len(body))}
        return Response(body, response.status_code, headers)

    return app


class _Add(BaseHTTPMiddleware):
    def __init__(self, app, headers):
        super().__init__(app)
        self.headers = headers


@wrong("4.5.4", caught_by="test_q4_a_header_of_the_response_keeps_its_value")
class AddHeaders(_Add):
    """Overwrite what the response has."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        response.headers.update(self.headers)
        return response


@wrong("4.5.4", caught_by="test_q4_a_header_of_the_response_keeps_its_value")
class AddHeaders(_Add):
    """Compare the names with their case."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        present = dict(response.headers)
        for name, value in self.headers.items():
            if name not in present:
                response.headers[name] = value
        return response


@wrong("4.5.4", caught_by="test_q4_a_header_of_the_response_keeps_its_value")
class AddHeaders(_Add):
    """Replace an empty value."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        for name, value in self.headers.items():
            response.headers[name] = response.headers.get(name) or value
        return response


@wrong("4.5.4", caught_by="test_q4_a_header_of_the_response_keeps_its_value")
class AddHeaders(_Add):
    """Append, so that the response has two values."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        for name, value in self.headers.items():
            response.headers.append(name, value)
        return response


@wrong("4.5.4", caught_by="test_q4_a_header_of_the_response_keeps_its_value")
class AddHeaders(_Add):
    """Add nothing if one of the headers is there."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        if not any(name in response.headers for name in self.headers):
            response.headers.update(self.headers)
        return response


@wrong("4.5.4", caught_by="test_q4_every_response_has_the_headers[empty-/tickets]")
class AddHeaders(_Add):
    """Add the header of the example."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        response.headers.setdefault("X-Desk", "Oslo")
        return response


@wrong("4.5.4", caught_by="test_q4_every_response_has_the_headers[two-/nowhere]")
class AddHeaders(_Add):
    """Leave out errors."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        if response.status_code < 400:
            for name, value in self.headers.items():
                response.headers.setdefault(name, value)
        return response


@wrong("4.5.4", caught_by="test_q4_every_response_has_the_headers[two-/tickets]")
class AddHeaders(_Add):
    """Return after the first header."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
            return response


@wrong("4.5.4", caught_by="test_q4_every_response_has_the_headers")
class AddHeaders(_Add):
    """Add the headers to the request."""

    async def dispatch(self, request, call_next):
        for name, value in self.headers.items():
            request.scope["headers"].append((name.encode(), value.encode()))
        return await call_next(request)


@wrong("4.5.4", caught_by="test_q4_two_applications_have_headers_of_their_own")
class AddHeaders(_Add):
    """Keep the headers of all applications in one dict."""

    everywhere = {}

    def __init__(self, app, headers):
        super().__init__(app, headers)
        self.everywhere.update(headers)

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        for name, value in self.everywhere.items():
            response.headers.setdefault(name, value)
        return response


@wrong("4.5.4", caught_by="test_q4_two_applications_have_headers_of_their_own")
class AddHeaders(_Add):
    """Add them to the first response only."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        self.headers = {}
        return response


@wrong("4.5.4", caught_by="test_q4_a_header_of_the_response_keeps_its_value")
class AddHeaders(_Add):
    """Forget the headers that one response had already."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        self.headers = {
            name: value
            for name, value in self.headers.items()
            if name not in response.headers
        }
        response.headers.update(self.headers)
        return response


@wrong("4.5.4", caught_by="test_q4_every_response_has_the_headers[empty-/nowhere]")
class AddHeaders(_Add):
    """Leave out headers with an empty value."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        for name, value in self.headers.items():
            if value:
                response.headers.setdefault(name, value)
        return response


@wrong("4.5.4", caught_by="test_q4_the_response_to_each_method_has_the_headers[HEAD]")
class AddHeaders(_Add):
    """Leave out HEAD, whose response has no body."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        if request.method != "HEAD":
            for name, value in self.headers.items():
                response.headers.setdefault(name, value)
        return response


@wrong("4.5.4", caught_by="test_q4_every_response_has_the_headers[two-/tickets/]")
class AddHeaders(_Add):
    """Leave out redirects."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        if "location" not in response.headers:
            for name, value in self.headers.items():
                response.headers.setdefault(name, value)
        return response


@wrong(
    "4.5.4",
    caught_by="test_q4_everything_else_in_the_response_stays_the_same[/tickets]",
)
class AddHeaders(_Add):
    """Add the headers of earlier responses as well."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        self.headers = {**self.headers, **response.headers}
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        return response


@wrong(
    "4.5.4",
    caught_by="test_q4_everything_else_in_the_response_stays_the_same[/tickets]",
)
class AddHeaders(_Add):
    """Add a header of one's own as well."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


@wrong(
    "4.5.4",
    caught_by="test_q4_everything_else_in_the_response_stays_the_same[/private]",
)
class AddHeaders(_Add):
    """Return a new response, with one of the two cookies."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        headers = {name.lower(): value for name, value in self.headers.items()}
        return StreamingResponse(
            response.body_iterator,
            response.status_code,
            headers | dict(response.headers),
        )


@wrong(
    "4.5.4",
    caught_by="test_q4_everything_else_in_the_response_stays_the_same[/private]",
)
class AddHeaders(_Add):
    """Return a new response with status 200."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        streamed = StreamingResponse(response.body_iterator)
        streamed.raw_headers = response.raw_headers
        for name, value in self.headers.items():
            streamed.headers.setdefault(name, value)
        return streamed


@wrong("4.5.4", caught_by="test_q4_the_parts_of_a_stream_are_sent_one_by_one")
class AddHeaders(_Add):
    """Read the whole body first."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        body = b"".join([part async for part in response.body_iterator])
        whole = Response(body, response.status_code)
        whole.raw_headers = response.raw_headers
        for name, value in self.headers.items():
            whole.headers.setdefault(name, value)
        return whole


@wrong("4.5.4", caught_by="test_q4_the_parts_of_a_stream_are_sent_one_by_one")
class AddHeaders(_Add):
    """Keep each part back until the next one is there, to know the last one."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        parts = response.body_iterator

        async def late():
            kept = None
            async for part in parts:
                if kept is not None:
                    yield kept
                kept = part
            if kept is not None:
                yield kept

        response.body_iterator = late()
        return response


@right("4.5.4")
class AddHeaders(_Add):
    """Ask for each name whether the response has it."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        for name in self.headers:
            if name.upper() not in response.headers:
                response.headers[name.lower()] = self.headers[name]
        return response


@right("4.5.4")
class AddHeaders(_Add):
    """Pass the stream on in a response of one's own."""

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        names = {name for name, _ in response.raw_headers}
        added = [
            (name.lower().encode(), value.encode())
            for name, value in self.headers.items()
            if name.lower().encode() not in names
        ]
        streamed = StreamingResponse(response.body_iterator, response.status_code)
        streamed.raw_headers = [*response.raw_headers, *added]
        return streamed


RUNS = {
    "Django /ticket": "A B view B200 A200",
    "Django /closed": "A B A503",
    "Django /broken": "A B view B500 A500",
    "FastAPI /ticket": "B A view A200 B200",
    "FastAPI /closed": "B",
    "FastAPI /broken": "B A view",
}


@wrong("4.5.5", caught_by="test_q5_the_log_of_a_request_is_predicted[FastAPI-/ticket]")
def executions():
    """Take Django's order for FastAPI's."""
    return RUNS | {"FastAPI /ticket": "A B view B200 A200"}


@wrong("4.5.5", caught_by="test_q5_the_log_of_a_request_is_predicted[FastAPI-/closed]")
def executions():
    """Let A run outside of B in FastAPI."""
    return RUNS | {"FastAPI /closed": "A B A503"}


@wrong("4.5.5", caught_by="test_q5_the_log_of_a_request_is_predicted[FastAPI-/broken]")
def executions():
    """Give FastAPI's middlewares a response for an exception."""
    return RUNS | {"FastAPI /broken": "B A view A500 B500"}


@wrong("4.5.5", caught_by="test_q5_the_log_of_a_request_is_predicted[Django-/broken]")
def executions():
    """Let the exception go through Django's middlewares."""
    return RUNS | {"Django /broken": "A B view"}


@wrong("4.5.5", caught_by="test_q5_the_log_of_a_request_is_predicted[Django-/closed]")
def executions():
    """Forget that the outer layer sees the response."""
    return RUNS | {"Django /closed": "A B"}


@wrong("4.5.5", caught_by="test_q5_the_log_of_a_request_is_predicted[Django-/ticket]")
def executions():
    """Let the responses pass in the order of the requests."""
    return RUNS | {"Django /ticket": "A B view A200 B200"}


@wrong("4.5.5", caught_by="test_q5_the_log_of_a_request_is_predicted[FastAPI-/closed]")
def executions():
    """Write the entry of a response that B created itself."""
    return RUNS | {"FastAPI /closed": "B B503"}


@right("4.5.5")
def executions():
    """Return a copy of a dict."""
    return dict(RUNS)


@right("4.5.5")
def executions():
    """Join lists of entries."""
    inward = {"Django": ["A", "B"], "FastAPI": ["B", "A"]}
    runs = {}
    for framework, (outer, inner) in inward.items():
        entered = [outer, inner, "view"]
        runs[f"{framework} /ticket"] = " ".join(
            [*entered, f"{inner}200", f"{outer}200"]
        )
    runs["Django /closed"], runs["FastAPI /closed"] = "A B A503", "B"
    runs["Django /broken"], runs["FastAPI /broken"] = "A B view B500 A500", "B A view"
    return runs
