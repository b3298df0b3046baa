"""Other answers to section 4.15."""

import asyncio
import threading
from contextvars import ContextVar
from typing import ClassVar

from starlette.requests import HTTPConnection

from sensei.variants import right, wrong


def _visits_app(current_visit):
    app = FastAPI()

    @app.get("/events/{event}")
    def read_event(visit: Annotated[Visit, Depends(current_visit)]) -> Visit:
        return visit

    @app.post("/events/{event}/tickets")
    def buy_ticket(visit: Annotated[Visit, Depends(current_visit)]) -> Visit:
        return visit

    return app


@wrong("4.15.1", caught_by="test_q1_the_visit_has_the_method_and_the_path")
def visits_app():
    """Forget the type of the parameter, so that it is a query parameter."""

    def current_visit(request):
        address = request.client.host if request.client else None
        return Visit(method=request.method, path=request.url.path, address=address)

    return _visits_app(current_visit)


@wrong("4.15.1", caught_by="test_q1_the_visit_has_the_method_and_the_path[query]")
def visits_app():
    """Keep the query in the path."""

    def current_visit(request: Request):
        address = request.client.host if request.client else None
        path = str(request.url).partition(request.url.netloc)[2]
        return Visit(method=request.method, path=path, address=address)

    return _visits_app(current_visit)


@wrong("4.15.1", caught_by="test_q1_the_visit_has_the_method_and_the_path[get]")
def visits_app():
    """Use the whole URL."""

    def current_visit(request: Request):
        address = request.client.host if request.client else None
        return Visit(method=request.method, path=str(request.url), address=address)

    return _visits_app(current_visit)


@wrong("4.15.1", caught_by="test_q1_the_visit_has_the_method_and_the_path[get]")
def visits_app():
    """Use the path of the route."""

    def current_visit(request: Request):
        address = request.client.host if request.client else None
        path = request.scope["route"].path
        return Visit(method=request.method, path=path, address=address)

    return _visits_app(current_visit)


@wrong("4.15.1", caught_by="test_q1_the_visit_has_the_method_and_the_path[post]")
def visits_app():
    """Write GET for every request."""

    def current_visit(request: Request):
        address = request.client.host if request.client else None
        return Visit(method="GET", path=request.url.path, address=address)

    return _visits_app(current_visit)


@wrong("4.15.1", caught_by="test_q1_an_unknown_address_is_none")
def visits_app():
    """Rely on the address."""

    def current_visit(request: Request):
        address = request.client.host
        return Visit(method=request.method, path=request.url.path, address=address)

    return _visits_app(current_visit)


@wrong("4.15.1", caught_by="test_q1_an_unknown_address_is_none")
def visits_app():
    """Write a word for an unknown address."""

    def current_visit(request: Request):
        address = request.client.host if request.client else "unknown"
        return Visit(method=request.method, path=request.url.path, address=address)

    return _visits_app(current_visit)


@wrong("4.15.1", caught_by="test_q1_the_visit_has_the_address_of_the_client")
def visits_app():
    """Add the port."""

    def current_visit(request: Request):
        address = ":".join(map(str, request.client)) if request.client else None
        return Visit(method=request.method, path=request.url.path, address=address)

    return _visits_app(current_visit)


@wrong("4.15.1", caught_by="test_q1_the_visit_has_the_address_of_the_client")
def visits_app():
    """Believe a header that a client can send."""

    def current_visit(request: Request):
        address = request.headers.get("X-Forwarded-For")
        return Visit(method=request.method, path=request.url.path, address=address)

    return _visits_app(current_visit)


@wrong("4.15.1", caught_by="test_q1_the_visit_has_the_address_of_the_client")
def visits_app():
    """Take the host of the URL, which is the server's."""

    def current_visit(request: Request):
        address = request.url.hostname
        return Visit(method=request.method, path=request.url.path, address=address)

    return _visits_app(current_visit)


@wrong(
    "4.15.1", caught_by="test_q1_a_header_does_not_change_the_address[X-Forwarded-For]"
)
def visits_app():
    """Believe a header, and else the server."""

    def current_visit(request: Request):
        address = request.client.host if request.client else None
        address = request.headers.get("X-Forwarded-For", address)
        return Visit(method=request.method, path=request.url.path, address=address)

    return _visits_app(current_visit)


@wrong("4.15.1", caught_by="test_q1_each_request_has_a_visit_of_its_own")
def visits_app():
    """Keep the first visit."""
    visits = []

    def current_visit(request: Request):
        address = request.client.host if request.client else None
        new = Visit(method=request.method, path=request.url.path, address=address)
        visits.append(new)
        return visits[0]

    return _visits_app(current_visit)


@wrong("4.15.1", caught_by="test_q1_each_request_has_a_visit_of_its_own")
def visits_app():
    """Keep the visits by method and path."""
    visits = {}

    def current_visit(request: Request):
        address = request.client.host if request.client else None
        key = (request.method, request.url.path)
        visit = Visit(method=key[0], path=key[1], address=address)
        return visits.setdefault(key, visit)

    return _visits_app(current_visit)


@right("4.15.1")
def visits_app():
    """Use an async function, and the connection's scope."""

    async def current_visit(connection: HTTPConnection) -> Visit:
        address, _ = connection.scope.get("client") or (None, 0)
        return Visit(
            method=connection.scope["method"],
            path=connection.scope["path"],
            address=address,
        )

    return _visits_app(current_visit)


@right("4.15.1")
def visits_app():
    """Use an object as the dependency."""

    class CurrentVisit:
        def __call__(self, request: Request) -> dict[str, str | None]:
            visit = {"method": request.method, "path": request.url.path}
            return visit | {"address": getattr(request.client, "host", None)}

    return _visits_app(CurrentVisit())


@right("4.15.1")
def visits_app():
    """Split it into two dependencies."""

    def address_of(request: Request) -> str | None:
        return None if request.client is None else request.client[0]

    def current_visit(
        request: Request, address: Annotated[str | None, Depends(address_of)]
    ) -> Visit:
        return Visit(method=request.method, path=request.url.path, address=address)

    return _visits_app(current_visit)


@wrong("4.15.2", caught_by="test_q2_requests_at_the_same_time_have_their_own")
class RequestContext(BaseHTTPMiddleware):
    """Use an attribute of the class, which all requests share."""

    _current = None

    async def dispatch(self, request, call_next):
        id_, path = request.headers["X-Request-ID"], request.url.path
        RequestContext._current = Metadata(id_, path)
        try:
            return await call_next(request)
        finally:
            await asyncio.sleep(0)

    @classmethod
    def current(cls):
        return cls._current


@wrong("4.15.2", caught_by="test_q2_where_no_request_runs_current_returns_none")
class RequestContext(BaseHTTPMiddleware):
    """Keep the last metadata."""

    _current = None

    async def dispatch(self, request, call_next):
        id_, path = request.headers["X-Request-ID"], request.url.path
        RequestContext._current = Metadata(id_, path)
        return await call_next(request)

    @classmethod
    def current(cls):
        return cls._current


@wrong(
    "4.15.2",
    caught_by="test_q2_requests_at_the_same_time_have_their_own[async]",
)
class RequestContext(BaseHTTPMiddleware):
    """Use one value for each thread: async requests share a thread."""

    _local = threading.local()

    async def dispatch(self, request, call_next):
        id_, path = request.headers["X-Request-ID"], request.url.path
        self._local.current = Metadata(id_, path)
        return await call_next(request)

    @classmethod
    def current(cls):
        return getattr(cls._local, "current", None)


@wrong("4.15.2", caught_by="test_q2_current_returns_the_metadata_of_the_request[def]")
class RequestContext(BaseHTTPMiddleware):
    """Use one value for each thread: a `def` endpoint runs in another one."""

    _by_thread: ClassVar[dict] = {}

    async def dispatch(self, request, call_next):
        id_, path = request.headers["X-Request-ID"], request.url.path
        self._by_thread[threading.get_ident()] = Metadata(id_, path)
        return await call_next(request)

    @classmethod
    def current(cls):
        return cls._by_thread.get(threading.get_ident())


@wrong(
    "4.15.2",
    caught_by="test_q2_current_returns_the_metadata_of_the_request[async]",
)
class RequestContext(BaseHTTPMiddleware):
    """Use one value for each task: `call_next` starts another one."""

    _by_task: ClassVar[dict] = {}

    async def dispatch(self, request, call_next):
        id_, path = request.headers["X-Request-ID"], request.url.path
        self._by_task[asyncio.current_task()] = Metadata(id_, path)
        return await call_next(request)

    @classmethod
    def current(cls):
        return cls._by_task.get(asyncio.current_task())


@wrong("4.15.2", caught_by="test_q2_where_no_request_runs_current_returns_none")
class RequestContext(BaseHTTPMiddleware):
    """Create the context variable without a default."""

    _current = ContextVar("current")

    async def dispatch(self, request, call_next):
        id_, path = request.headers["X-Request-ID"], request.url.path
        self._current.set(Metadata(id_, path))
        return await call_next(request)

    @classmethod
    def current(cls):
        return cls._current.get()


@wrong("4.15.2", caught_by="test_q2_current_returns_the_metadata_of_the_request")
class RequestContext(BaseHTTPMiddleware):
    """Set it after the request."""

    _current = ContextVar("current", default=None)

    async def dispatch(self, request, call_next):
        response = await call_next(request)
        id_, path = request.headers["X-Request-ID"], request.url.path
        self._current.set(Metadata(id_, path))
        return response

    @classmethod
    def current(cls):
        return cls._current.get()


@wrong("4.15.2", caught_by="test_q2_current_returns_the_metadata_of_the_request")
class RequestContext(BaseHTTPMiddleware):
    """Keep the query in the path."""

    _current = ContextVar("current", default=None)

    async def dispatch(self, request, call_next):
        path = f"{request.url.path}?{request.url.query}"
        self._current.set(Metadata(request.headers["X-Request-ID"], path))
        return await call_next(request)

    @classmethod
    def current(cls):
        return cls._current.get()


@wrong(
    "4.15.2",
    caught_by="test_q2_current_returns_the_metadata_of_the_request[task]",
)
class RequestContext(BaseHTTPMiddleware):
    """Forget the metadata when the response begins."""

    _current = ContextVar("current", default=None)

    async def dispatch(self, request, call_next):
        id_, path = request.headers["X-Request-ID"], request.url.path
        box = [Metadata(id_, path)]
        self._current.set(box)
        try:
            return await call_next(request)
        finally:
            box.clear()

    @classmethod
    def current(cls):
        box = cls._current.get()
        return box[0] if box else None


@wrong("4.15.2", caught_by="test_q2_requests_at_the_same_time_have_their_own")
class RequestContext(BaseHTTPMiddleware):
    """Let one request run at a time."""

    _current = None
    _lock = asyncio.Lock()

    async def dispatch(self, request, call_next):
        id_, path = request.headers["X-Request-ID"], request.url.path
        async with self._lock:
            RequestContext._current = Metadata(id_, path)
            return await call_next(request)

    @classmethod
    def current(cls):
        return cls._current


@wrong("4.15.2", caught_by="test_q2_the_response_is_returned")
class RequestContext(BaseHTTPMiddleware):
    """Return a response of one's own."""

    _current = ContextVar("current", default=None)

    async def dispatch(self, request, call_next):
        id_, path = request.headers["X-Request-ID"], request.url.path
        self._current.set(Metadata(id_, path))
        await call_next(request)
        return Response()

    @classmethod
    def current(cls):
        return cls._current.get()


@wrong("4.15.2", caught_by="test_q2_requests_at_the_same_time_have_their_own")
class RequestContext(BaseHTTPMiddleware):
    """Store the metadata in a dict by the ID, and only the ID in the context."""

    stored: ClassVar = {}

    async def dispatch(self, request, call_next):
        number = request.headers["X-Request-ID"]
        request_id.set(number)
        self.stored[number] = Metadata(number, request.url.path)
        return await call_next(request)

    @classmethod
    def current(cls):
        return cls.stored.get(request_id.get())


@wrong("4.15.2", caught_by="test_q2_current_returns_the_metadata_of_the_request")
class RequestContext(BaseHTTPMiddleware):
    """Take an empty ID for no request."""

    _number = ContextVar("number", default="")
    _path = ContextVar("path", default="")

    async def dispatch(self, request, call_next):
        self._number.set(request.headers["X-Request-ID"])
        self._path.set(request.url.path)
        return await call_next(request)

    @classmethod
    def current(cls):
        number = cls._number.get()
        return Metadata(number, cls._path.get()) if number else None


_METADATA = ContextVar("metadata", default=None)


@right("4.15.2")
class RequestContext(BaseHTTPMiddleware):
    """Use a variable of the module, and reset it."""

    async def dispatch(self, request, call_next):
        id_ = request.headers["x-request-id"]
        token = _METADATA.set(Metadata(request_id=id_, path=request.scope["path"]))
        try:
            return await call_next(request)
        finally:
            _METADATA.reset(token)

    @classmethod
    def current(cls):
        return _METADATA.get()


@right("4.15.2")
class RequestContext(BaseHTTPMiddleware):
    """Store the request, and read from it when asked."""

    _request = ContextVar("request")

    async def dispatch(self, request, call_next):
        self._request.set(request)
        return await call_next(request)

    @classmethod
    def current(cls):
        request = cls._request.get(None)
        if request is None:
            return None
        return Metadata(request.headers["X-Request-ID"], request.url.path)


@right("4.15.2")
class RequestContext:
    """Write a pure ASGI middleware."""

    _current = ContextVar("current", default=None)

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            id_ = Request(scope).headers["X-Request-ID"]
            self._current.set(Metadata(id_, scope["path"]))
        await self.app(scope, receive, send)

    @classmethod
    def current(cls):
        return cls._current.get()


def _sells(app, office, write, current_buyer):
    @app.post("/events/{event}/tickets")
    async def buy(event: int, buyer: Annotated[str, Depends(current_buyer)]) -> None:
        write("waits for payment")
        await office.pay(buyer)
        write("sold a ticket")

    return app


@wrong("4.15.3", caught_by="test_q3_each_line_begins_with_the_id_of_its_request")
def tickets_app(office):
    """Leave the code as it is (1)."""
    app = FastAPI()
    current = {"id": "-", "buyer": "nobody"}

    def write(text):
        office.log.append(f"{current['id']} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        current["id"] = request.headers["X-Request-ID"]
        current["buyer"] = "nobody"
        response = await call_next(request)
        write(f"{current['buyer']} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        buyer = await office.buyer_of(request.headers["X-Token"])
        current["buyer"] = buyer
        return buyer

    return _sells(app, office, write, current_buyer)


@wrong("4.15.3", caught_by="test_q3_the_last_line_has_the_buyer_of_the_request")
def tickets_app(office):
    """Leave the code as it is (2)."""
    app = FastAPI()
    current = {"id": "-", "buyer": "nobody"}

    def write(text):
        office.log.append(f"{current['id']} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        current["id"] = request.headers["X-Request-ID"]
        current["buyer"] = "nobody"
        response = await call_next(request)
        write(f"{current['buyer']} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        buyer = await office.buyer_of(request.headers["X-Token"])
        current["buyer"] = buyer
        return buyer

    return _sells(app, office, write, current_buyer)


@wrong("4.15.3", caught_by="test_q3_without_a_buyer_the_last_line_has_nobody")
def tickets_app(office):
    """Leave the code as it is (3)."""
    app = FastAPI()
    current = {"id": "-", "buyer": "nobody"}

    def write(text):
        office.log.append(f"{current['id']} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        current["id"] = request.headers["X-Request-ID"]
        current["buyer"] = "nobody"
        response = await call_next(request)
        write(f"{current['buyer']} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        buyer = await office.buyer_of(request.headers["X-Token"])
        current["buyer"] = buyer
        return buyer

    return _sells(app, office, write, current_buyer)


@wrong("4.15.3", caught_by="test_q3_the_next_request_does_not_know_the_buyer_before")
def tickets_app(office):
    """Leave the code as it is (4)."""
    app = FastAPI()
    current = {"id": "-", "buyer": "nobody"}

    def write(text):
        office.log.append(f"{current['id']} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        current["id"] = request.headers["X-Request-ID"]
        current["buyer"] = "nobody"
        response = await call_next(request)
        write(f"{current['buyer']} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        buyer = await office.buyer_of(request.headers["X-Token"])
        current["buyer"] = buyer
        return buyer

    return _sells(app, office, write, current_buyer)


@wrong("4.15.3", caught_by="test_q3_the_last_line_has_the_buyer_of_the_request")
def tickets_app(office):
    """Repair the ID alone."""
    app = FastAPI()
    current = {"buyer": "nobody"}

    def write(text):
        office.log.append(f"{request_id.get()} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        request_id.set(request.headers["X-Request-ID"])
        current["buyer"] = "nobody"
        response = await call_next(request)
        write(f"{current['buyer']} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        buyer = await office.buyer_of(request.headers["X-Token"])
        current["buyer"] = buyer
        return buyer

    return _sells(app, office, write, current_buyer)


_BUYER = ContextVar("buyer", default="nobody")


@wrong("4.15.3", caught_by="test_q3_the_last_line_has_the_buyer_of_the_request")
def tickets_app(office):
    """Set a context variable in the dependency, and read it in the middleware."""
    app = FastAPI()

    def write(text):
        office.log.append(f"{request_id.get()} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        request_id.set(request.headers["X-Request-ID"])
        response = await call_next(request)
        write(f"{_BUYER.get()} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        buyer = await office.buyer_of(request.headers["X-Token"])
        _BUYER.set(buyer)
        return buyer

    return _sells(app, office, write, current_buyer)


@wrong("4.15.3", caught_by="test_q3_each_line_begins_with_the_id_of_its_request")
def tickets_app(office):
    """Use the state of the application."""
    app = FastAPI()

    def write(text):
        office.log.append(f"{app.state.id} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        app.state.id = request.headers["X-Request-ID"]
        request.state.buyer = "nobody"
        response = await call_next(request)
        write(f"{request.state.buyer} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        request.state.buyer = await office.buyer_of(request.headers["X-Token"])
        return request.state.buyer

    return _sells(app, office, write, current_buyer)


@wrong("4.15.3", caught_by="test_q3_requests_with_the_same_id_have_their_own_buyers")
def tickets_app(office):
    """Leave the code as it is (5)."""
    app = FastAPI()
    current = {"id": "-", "buyer": "nobody"}

    def write(text):
        office.log.append(f"{current['id']} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        current["id"] = request.headers["X-Request-ID"]
        current["buyer"] = "nobody"
        response = await call_next(request)
        write(f"{current['buyer']} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        buyer = await office.buyer_of(request.headers["X-Token"])
        current["buyer"] = buyer
        return buyer

    return _sells(app, office, write, current_buyer)


@wrong("4.15.3", caught_by="test_q3_requests_with_the_same_id_have_their_own_buyers")
def tickets_app(office):
    """Keep the buyers in a dict by the ID of the request."""
    app = FastAPI()
    buyers = {}

    def write(text):
        office.log.append(f"{request_id.get()} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        number = request.headers["X-Request-ID"]
        request_id.set(number)
        response = await call_next(request)
        write(f"{buyers.pop(number, 'nobody')} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        buyer = await office.buyer_of(request.headers["X-Token"])
        buyers[request_id.get()] = buyer
        return buyer

    return _sells(app, office, write, current_buyer)


@wrong("4.15.3", caught_by="test_q3_without_a_buyer_the_last_line_has_nobody")
def tickets_app(office):
    """Read an attribute that was never set."""
    app = FastAPI()

    def write(text):
        office.log.append(f"{request_id.get()} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        request_id.set(request.headers["X-Request-ID"])
        response = await call_next(request)
        write(f"{request.state.buyer} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        request.state.buyer = await office.buyer_of(request.headers["X-Token"])
        return request.state.buyer

    return _sells(app, office, write, current_buyer)


@wrong("4.15.3", caught_by="test_q3_the_last_line_has_the_buyer_of_the_request")
def tickets_app(office):
    """Read the buyer before the request."""
    app = FastAPI()

    def write(text):
        office.log.append(f"{request_id.get()} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        request_id.set(request.headers["X-Request-ID"])
        buyer = getattr(request.state, "buyer", "nobody")
        response = await call_next(request)
        write(f"{buyer} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        request.state.buyer = await office.buyer_of(request.headers["X-Token"])
        return request.state.buyer

    return _sells(app, office, write, current_buyer)


@wrong("4.15.3", caught_by="test_q3_the_last_line_has_the_buyer_of_the_request")
def tickets_app(office):
    """Set the ID in the dependency, and not in the middleware."""
    app = FastAPI()

    def write(text):
        office.log.append(f"{request_id.get()} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        request.state.buyer = "nobody"
        response = await call_next(request)
        write(f"{request.state.buyer} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        request_id.set(request.headers["X-Request-ID"])
        request.state.buyer = await office.buyer_of(request.headers["X-Token"])
        return request.state.buyer

    return _sells(app, office, write, current_buyer)


_SHARED = ContextVar("shared", default={"id": "-", "buyer": "nobody"})


@wrong("4.15.3", caught_by="test_q3_each_line_begins_with_the_id_of_its_request")
def tickets_app(office):
    """Change the default of a context variable, which is one dict for all."""
    app = FastAPI()

    def write(text):
        office.log.append(f"{_SHARED.get()['id']} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        _SHARED.get().update(id=request.headers["X-Request-ID"], buyer="nobody")
        response = await call_next(request)
        write(f"{_SHARED.get()['buyer']} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        _SHARED.get()["buyer"] = await office.buyer_of(request.headers["X-Token"])
        return _SHARED.get()["buyer"]

    return _sells(app, office, write, current_buyer)


@wrong("4.15.3", caught_by="test_q3_each_line_begins_with_the_id_of_its_request")
def tickets_app(office):
    """Let one request run at a time."""
    app = FastAPI()
    current = {"id": "-", "buyer": "nobody"}
    lock = asyncio.Lock()

    def write(text):
        office.log.append(f"{current['id']} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        async with lock:
            current.update(id=request.headers["X-Request-ID"], buyer="nobody")
            response = await call_next(request)
            write(f"{current['buyer']} {response.status_code}")
            return response

    async def current_buyer(request: Request):
        current["buyer"] = await office.buyer_of(request.headers["X-Token"])
        return current["buyer"]

    return _sells(app, office, write, current_buyer)


@wrong("4.15.3", caught_by="test_q3_each_line_begins_with_the_id_of_its_request")
def tickets_app(office):
    """Return nothing from the dependency."""
    app = FastAPI()

    def write(text):
        office.log.append(f"{request_id.get()} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        request_id.set(request.headers["X-Request-ID"])
        request.state.buyer = "nobody"
        response = await call_next(request)
        write(f"{request.state.buyer} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        request.state.buyer = await office.buyer_of(request.headers["X-Token"])

    return _sells(app, office, write, current_buyer)


@wrong("4.15.3", caught_by="test_q3_a_refused_request_has_its_buyer_in_the_last_line")
def tickets_app(office):
    """Store the buyer when the ticket is paid."""
    app = FastAPI()

    def write(text):
        office.log.append(f"{request_id.get()} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        request_id.set(request.headers["X-Request-ID"])
        request.state.buyer = "nobody"
        response = await call_next(request)
        write(f"{request.state.buyer} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        return await office.buyer_of(request.headers["X-Token"])

    @app.post("/events/{event}/tickets")
    async def buy(
        event: int, request: Request, buyer: Annotated[str, Depends(current_buyer)]
    ) -> None:
        write("waits for payment")
        await office.pay(buyer)
        request.state.buyer = buyer
        write("sold a ticket")

    return app


@wrong(
    "4.15.3",
    caught_by="test_q3_without_a_buyer_the_last_line_has_nobody[no endpoint]",
)
def tickets_app(office):
    """Let the middleware ask for the buyer of every request."""
    app = FastAPI()

    def write(text):
        office.log.append(f"{request_id.get()} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        request_id.set(request.headers["X-Request-ID"])
        response = await call_next(request)
        try:
            buyer = await office.buyer_of(request.headers["X-Token"])
        except HTTPException:
            buyer = "nobody"
        write(f"{buyer} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        return await office.buyer_of(request.headers["X-Token"])

    return _sells(app, office, write, current_buyer)


@wrong("4.15.3", caught_by="test_q3_the_same_token_can_have_another_buyer")
def tickets_app(office):
    """Keep the buyers by their tokens."""
    app = FastAPI()
    buyers = {}

    def write(text):
        office.log.append(f"{request_id.get()} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        request_id.set(request.headers["X-Request-ID"])
        request.state.buyer = "nobody"
        response = await call_next(request)
        write(f"{request.state.buyer} {response.status_code}")
        return response

    async def current_buyer(request: Request):
        token = request.headers["X-Token"]
        if token not in buyers:
            buyers[token] = await office.buyer_of(token)
        request.state.buyer = buyers[token]
        return buyers[token]

    return _sells(app, office, write, current_buyer)


_CONTEXT = ContextVar("context")


@right("4.15.3")
def tickets_app(office):
    """Store a new dict for each request in one context variable."""
    app = FastAPI()

    def write(text):
        office.log.append(f"{_CONTEXT.get()['id']} {text}")

    @app.middleware("http")
    async def log_end(request, call_next):
        current = {"id": request.headers["X-Request-ID"], "buyer": "nobody"}
        token = _CONTEXT.set(current)
        try:
            response = await call_next(request)
            write(f"{current['buyer']} {response.status_code}")
            return response
        finally:
            _CONTEXT.reset(token)

    async def current_buyer(request: Request):
        buyer = await office.buyer_of(request.headers["X-Token"])
        _CONTEXT.get()["buyer"] = buyer
        return buyer

    return _sells(app, office, write, current_buyer)


@right("4.15.3")
def tickets_app(office):
    """Write a pure ASGI middleware: its context variables go outwards, too."""
    app = FastAPI()

    def write(text):
        office.log.append(f"{request_id.get()} {text}")

    class LogEnd:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            if scope["type"] != "http":
                return await self.app(scope, receive, send)
            status = []
            request_id.set(Request(scope).headers["X-Request-ID"])
            _BUYER.set("nobody")

            async def note(message):
                status.append(message.get("status"))
                await send(message)

            await self.app(scope, receive, note)
            write(f"{_BUYER.get()} {status[0]}")

    async def current_buyer(request: Request):
        _BUYER.set(await office.buyer_of(request.headers["X-Token"]))
        return _BUYER.get()

    app.add_middleware(LogEnd)
    return _sells(app, office, write, current_buyer)


@right("4.15.3")
def tickets_app(office):
    """Use a class, and ask for the buyer with a default."""
    app = FastAPI()

    def write(text, number=None):
        office.log.append(f"{number or request_id.get()} {text}")

    class LogEnd(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            number = request.headers["X-Request-ID"]
            request_id.set(number)
            response = await call_next(request)
            buyer = getattr(request.state, "buyer", "nobody")
            write(f"{buyer} {response.status_code}", number)
            return response

    def current_token(request: Request) -> str:
        return request.headers["X-Token"]

    async def current_buyer(
        request: Request, token: Annotated[str, Depends(current_token)]
    ) -> str:
        request.state.buyer = await office.buyer_of(token)
        return request.state.buyer

    app.add_middleware(LogEnd)
    return _sells(app, office, write, current_buyer)
