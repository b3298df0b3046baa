"""Other answers to section 15.1."""

import asyncio
import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache, cached_property
from typing import Annotated
from urllib.parse import parse_qsl, quote, unquote, unquote_plus, urlencode, urlsplit

from fastapi import (
    BackgroundTasks,
    Depends,
    FastAPI,
    HTTPException,
    Query,
    Request,
    Response,
)
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.testclient import TestClient
from mangum import Mangum

from sensei.variants import right, wrong


def shop_with(get_orders, get_model, **settings):
    """Return the shop, which calls the two functions for each request."""
    app = FastAPI(**settings)
    app.get("/health")(lambda: "ok")

    @app.get("/orders/{number}")
    def read_order(number: int):
        return get_orders().status(number)

    @app.get("/photos/{photo}/caption")
    def read_caption(photo: str):
        return get_model().caption(photo)

    return app


def handler_with(app, to_scope, to_body, to_result):
    """Return a handler that is made of three functions."""

    def handler(event, context):
        return to_result(*call(app, to_scope(event), to_body(event)))

    return handler


def scope_of(event, **differences):
    """Return the scope, with other values for some keys."""
    return {
        "method": event["requestContext"]["http"]["method"],
        "path": unquote(event["rawPath"]),
        "query_string": event["rawQueryString"].encode(),
        "headers": [[k.encode(), v.encode()] for k, v in event["headers"].items()],
        **differences,
    }


def body_of(event):
    """Return the body of an event."""
    text = event.get("body", "")
    return base64.b64decode(text) if event["isBase64Encoded"] else text.encode()


def result_of(status, headers, content, /, **differences):
    """Return the dict for a response, with other values for some keys."""
    return {
        "statusCode": status,
        "headers": {name.decode(): value.decode() for name, value in headers},
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
        **differences,
    }


def app_of(print_album):
    """Return the application whose only endpoint calls `print_album`."""
    app = FastAPI()

    @app.post("/prints")
    def endpoint(request: Request, first: Annotated[int, Query(ge=0)] = 0):
        context = request.scope["aws.context"]
        return {"next": print_album(context.get_remaining_time_in_millis, first)}

    return app


@wrong("15.1.1", caught_by="test_q1_an_instance_starts_without_the_model[health]")
def shop_app(connect, load_model):
    """Load the model at the start, and keep both."""
    orders, model = connect(), load_model()
    return shop_with(lambda: orders, lambda: model)


@wrong("15.1.1", caught_by="test_q1_an_instance_starts_without_the_model[health]")
def shop_app(connect, load_model):
    """Load both in the lifespan, which runs for every request."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.orders, app.state.model = connect(), load_model()
        yield

    app = shop_with(
        lambda: app.state.orders, lambda: app.state.model, lifespan=lifespan
    )
    return app


@wrong("15.1.1", caught_by="test_q1_an_instance_opens_one_connection[orders]")
def shop_app(connect, load_model):
    """Open the connection in the lifespan."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.orders = connect()
        yield

    app = shop_with(lambda: app.state.orders, cache(load_model), lifespan=lifespan)
    return app


@wrong("15.1.1", caught_by="test_q1_the_first_caption_loads_the_model_once")
def shop_app(connect, load_model):
    """Load the model in the endpoint, each time."""
    return shop_with(cache(connect), load_model)


@wrong("15.1.1", caught_by="test_q1_an_instance_opens_one_connection[orders]")
def shop_app(connect, load_model):
    """Load the model lazily, and leave the connections."""
    return shop_with(connect, cache(load_model))


@wrong("15.1.1", caught_by="test_q1_an_instance_starts_without_the_model[health]")
def shop_app(connect, load_model):
    """Leave the model, and keep the connection."""
    model = load_model()
    return shop_with(cache(connect), lambda: model)


@wrong("15.1.1", caught_by="test_q1_an_instance_starts_without_the_model[health]")
def shop_app(connect, load_model):
    """Load the model before the first request, whatever it is."""
    get_model = cache(load_model)
    app = shop_with(cache(connect), get_model)

    @app.middleware("http")
    async def warm_up(request, call_next):
        get_model()
        return await call_next(request)

    return app


@wrong("15.1.1", caught_by="test_q1_an_instance_starts_without_the_model[health]")
def shop_app(connect, load_model):
    """Load the model after the first response."""
    get_model = cache(load_model)

    def later(tasks: BackgroundTasks):
        tasks.add_task(get_model)

    return shop_with(cache(connect), get_model, dependencies=[Depends(later)])


@wrong("15.1.1", caught_by="test_q1_an_instance_starts_without_the_model[health]")
def shop_app(connect, load_model):
    """Load the model in a thread at the start."""
    get_model = cache(load_model)
    thread = threading.Thread(target=get_model)
    thread.start()
    thread.join()
    return shop_with(cache(connect), get_model)


@wrong("15.1.1", caught_by="test_q1_an_instance_starts_without_the_model[order]")
def shop_app(connect, load_model):
    """Load model and connection together."""

    @cache
    def both():
        return connect(), load_model()

    return shop_with(lambda: both()[0], lambda: both()[1])


@wrong("15.1.1", caught_by="test_q1_the_first_caption_loads_the_model_once")
def shop_app(connect, load_model):
    """Keep one model for each photo."""

    @cache
    def model_for(photo):
        return load_model()

    app = shop_with(cache(connect), None)
    app.router.routes.pop()

    @app.get("/photos/{photo}/caption")
    def read_caption(photo: str):
        return model_for(photo).caption(photo)

    return app


@wrong("15.1.1", caught_by="test_q1_the_first_caption_loads_the_model_once")
def shop_app(connect, load_model):
    """Keep the captions."""
    get_model = cache(load_model)

    class Kept:
        @staticmethod
        @cache
        def caption(photo):
            return get_model().caption(photo)

    return shop_with(cache(connect), Kept)


@wrong("15.1.1", caught_by="test_q1_an_instance_opens_one_connection[orders]")
def shop_app(connect, load_model):
    """Keep the statuses."""
    get_orders = cache(connect)

    class Kept:
        @staticmethod
        @cache
        def status(number):
            return get_orders().status(number)

    return shop_with(Kept, cache(load_model))


@wrong("15.1.1", caught_by="test_q1_the_first_caption_loads_the_model_once")
def shop_app(connect, load_model):
    """Keep the model in a dependency, which is kept for one request only."""
    app = shop_with(cache(connect), None)
    app.router.routes.pop()

    @app.get("/photos/{photo}/caption")
    def read_caption(photo: str, model=Depends(lambda: load_model())):
        return model.caption(photo)

    return app


@wrong("15.1.1", caught_by="test_q1_the_first_caption_loads_the_model_once")
def shop_app(connect, load_model):
    """Forget `nonlocal`."""
    model = None

    def get_model():
        if model is None:
            model = load_model()
        return model

    return shop_with(cache(connect), get_model)


@wrong("15.1.1", caught_by="test_q1_the_first_caption_loads_the_model_once")
def shop_app(connect, load_model):
    """Do not store what was loaded."""
    model = None

    def get_model():
        return model or load_model()

    return shop_with(cache(connect), get_model)


@wrong("15.1.1", caught_by="test_q1_an_instance_opens_one_connection[both]")
def shop_app(connect, load_model):
    """Open a connection for captions as well."""
    get_orders = cache(connect)

    def get_model():
        connect()
        return get_loaded()

    get_loaded = cache(load_model)
    return shop_with(get_orders, get_model)


@wrong("15.1.1", caught_by="test_q1_the_order_is_a_number_as_before")
def shop_app(connect, load_model):
    """Take any text for the number of an order."""
    orders = connect()
    app = shop_with(None, cache(load_model))
    app.router.routes.clear()
    app.get("/health")(lambda: "ok")

    @app.get("/orders/{number}")
    def read_order(number: str):
        if not number.lstrip("-").isdecimal():
            return "unknown"
        return orders.status(int(number))

    return app


@wrong("15.1.1", caught_by="test_q1_an_instance_starts_without_the_model[health]")
def shop_app(connect, load_model):
    """Turn the health check into a check of the model."""
    get_model = cache(load_model)
    app = shop_with(cache(connect), get_model)
    app.router.routes.clear()

    @app.get("/health")
    def health():
        return "ok" if get_model() else "no model"

    return app


@wrong("15.1.1", caught_by="test_q1_an_instance_opens_one_connection[orders]")
def shop_app(connect, load_model):
    """Keep the statuses for a minute."""
    get_orders = cache(connect)
    kept = {}

    class Kept:
        @staticmethod
        def status(number):
            if number not in kept or time.monotonic() - kept[number][0] > 60:
                kept[number] = time.monotonic(), get_orders().status(number)
            return kept[number][1]

    return shop_with(Kept, cache(load_model))


@wrong("15.1.1", caught_by="test_q1_an_instance_opens_one_connection[orders]")
def shop_app(connect, load_model):
    """Keep one connection for each order."""
    app = shop_with(None, cache(load_model))
    app.router.routes.clear()
    app.get("/health")(lambda: "ok")

    @cache
    def orders_for(number):
        return connect()

    @app.get("/orders/{number}")
    def read_order(number: int):
        return orders_for(number).status(number)

    return app


@wrong("15.1.1", caught_by="test_q1_an_instance_opens_one_connection[both]")
def shop_app(connect, load_model):
    """Open a connection at the start, and one for the model."""
    orders = connect()

    @cache
    def get_model():
        connect()
        return load_model()

    return shop_with(lambda: orders, get_model)


@wrong("15.1.1", caught_by="test_q1_the_first_caption_loads_the_model_once")
def shop_app(connect, load_model):
    """Load the model again after other requests."""
    loaded = {}

    def get_model():
        if "model" not in loaded:
            loaded["model"] = load_model()
        return loaded.pop("model")

    return shop_with(cache(connect), get_model)


@wrong("15.1.1", caught_by="test_q1_the_first_caption_loads_the_model_once")
def shop_app(connect, load_model):
    """Write the name of the photo in lower case."""
    model = cache(load_model)
    app = FastAPI()
    app.get("/health")(lambda: "ok")
    orders = cache(connect)

    @app.get("/orders/{number}")
    def read_order(number: int):
        return orders().status(number)

    @app.get("/photos/{photo}/caption")
    def read_caption(photo: str):
        return model().caption(photo.lower())

    return app


@wrong("15.1.1", caught_by="test_q1_the_responses_stay_the_same")
def shop_app(connect, load_model):
    """Return plain text instead of JSON."""
    get_orders, get_model = cache(connect), cache(load_model)
    return shop_with(get_orders, get_model, default_response_class=PlainTextResponse)


@wrong("15.1.1", caught_by="test_q1_the_responses_stay_the_same")
def shop_app(connect, load_model):
    """Return 404 for each error of the database."""
    app = shop_with(cache(connect), cache(load_model))

    @app.exception_handler(Exception)
    def not_found(request, error):
        return JSONResponse({"detail": "Not Found"}, 404)

    return app


@wrong("15.1.1", caught_by="test_q1_the_responses_stay_the_same")
def shop_app(connect, load_model):
    """Open a new connection after an error of the database."""
    get_orders = cache(connect)

    class Again:
        @staticmethod
        def status(number):
            try:
                return get_orders().status(number)
            except LookupError:
                get_orders.cache_clear()
                return get_orders().status(number)

    return shop_with(lambda: Again, cache(load_model))


@wrong("15.1.1", caught_by="test_q1_the_responses_stay_the_same")
def shop_app(connect, load_model):
    """Load the model for each path below /photos."""
    get_model = cache(load_model)
    app = shop_with(cache(connect), get_model)

    @app.middleware("http")
    async def warm_up(request, call_next):
        if request.url.path.startswith("/photos"):
            get_model()
        return await call_next(request)

    return app


@wrong("15.1.1", caught_by="test_q1_many_requests_use_one_model_and_one_connection")
def shop_app(connect, load_model):
    """Open a new connection after ten orders."""
    kept = []

    def get_orders():
        kept.append(kept[-1] if len(kept) % 10 else connect())
        return kept[-1]

    return shop_with(get_orders, cache(load_model))


@wrong("15.1.1", caught_by="test_q1_the_responses_stay_the_same")
def shop_app(connect, load_model):
    """Return an empty caption after an error, and load the model again."""
    get_model = cache(load_model)

    class Again:
        @staticmethod
        def caption(photo):
            try:
                return get_model().caption(photo)
            except LookupError:
                get_model.cache_clear()
                return ""

    return shop_with(cache(connect), lambda: Again)


@wrong("15.1.1", caught_by="test_q1_headers_and_documentation_stay_the_same")
def shop_app(connect, load_model):
    """Leave out the documentation, so that the instance starts sooner."""
    return shop_with(cache(connect), cache(load_model), docs_url=None, openapi_url=None)


@wrong("15.1.1", caught_by="test_q1_headers_and_documentation_stay_the_same")
def shop_app(connect, load_model):
    """Let clients keep the responses."""

    def keep(response: Response):
        response.headers["cache-control"] = "max-age=60"

    return shop_with(cache(connect), cache(load_model), dependencies=[Depends(keep)])


@wrong("15.1.1", caught_by="test_q1_the_first_caption_loads_the_model_once")
def shop_app(connect, load_model):
    """Keep the model in each worker thread."""
    kept, orders = threading.local(), connect()

    def get_model():
        if not hasattr(kept, "model"):
            kept.model = load_model()
        return kept.model

    return shop_with(lambda: orders, get_model)


_kept = {}


@right("15.1.1")
def shop_app(connect, load_model):
    """Keep both in a variable of the module, which each instance has for itself."""
    _kept.clear()

    def keep(name, make):
        if name not in _kept:
            _kept[name] = make()
        return _kept[name]

    return shop_with(lambda: keep("orders", connect), lambda: keep("model", load_model))


@right("15.1.1")
def shop_app(connect, load_model):
    """Keep both in caches."""
    return shop_with(cache(connect), cache(load_model))


@right("15.1.1")
def shop_app(connect, load_model):
    """Use a class with cached properties."""

    class Instance:
        @cached_property
        def orders(self):
            return connect()

        @cached_property
        def model(self):
            return load_model()

    one = Instance()
    return shop_with(lambda: one.orders, lambda: one.model)


@right("15.1.1")
def shop_app(connect, load_model):
    """Open the connection in the lifespan, unless it is there."""

    @asynccontextmanager
    async def lifespan(app):
        if not hasattr(app.state, "orders"):
            app.state.orders = connect()
        yield

    app = shop_with(lambda: app.state.orders, cache(load_model), lifespan=lifespan)
    return app


@right("15.1.1")
def shop_app(connect, load_model):
    """Use dependencies and async endpoints, and a dict."""
    loaded = {"orders": connect()}

    async def get_model():
        if "model" not in loaded:
            loaded["model"] = await asyncio.to_thread(load_model)
        return loaded["model"]

    app = FastAPI()

    @app.get("/health")
    async def health() -> str:
        return "ok"

    @app.get("/orders/{number}", response_model=str)
    async def read_order(number: int):
        return loaded["orders"].status(number)

    @app.get("/photos/{photo}/caption")
    async def read_caption(photo: str, model: Annotated[object, Depends(get_model)]):
        return model.caption(photo)

    return app


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_method[DELETE]")
def handler_for(app):
    """Know two methods only."""
    return handler_with(
        app,
        lambda event: scope_of(event, method="POST" if event.get("body") else "GET"),
        body_of,
        result_of,
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_method[POST]")
def handler_for(app):
    """Keep the method."""
    return handler_with(
        app, lambda event: scope_of(event, method="GET"), body_of, result_of
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_method[DELETE]")
def handler_for(app):
    """Write the method in lower case."""
    return handler_with(
        app,
        lambda event: scope_of(
            event, method=event["requestContext"]["http"]["method"].lower()
        ),
        body_of,
        result_of,
    )


@wrong(
    "15.1.2",
    caught_by="test_q2_the_application_receives_the_decoded_path[/albums/Z%C3%BCrich]",
)
def handler_for(app):
    """Keep the path encoded."""
    return handler_with(
        app, lambda event: scope_of(event, path=event["rawPath"]), body_of, result_of
    )


@wrong(
    "15.1.2", caught_by="test_q2_the_application_receives_the_decoded_path[/albums/a+b]"
)
def handler_for(app):
    """Decode a plus in the path."""
    return handler_with(
        app,
        lambda event: scope_of(event, path=unquote_plus(event["rawPath"])),
        body_of,
        result_of,
    )


@wrong(
    "15.1.2",
    caught_by="test_q2_the_application_receives_the_decoded_path[/albums/a%2520b]",
)
def handler_for(app):
    """Decode the path twice."""
    return handler_with(
        app,
        lambda event: scope_of(event, path=unquote(unquote(event["rawPath"]))),
        body_of,
        result_of,
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_decoded_path[/]")
def handler_for(app):
    """Lose the slash at the end."""
    return handler_with(
        app,
        lambda event: scope_of(event, path=unquote(event["rawPath"]).rstrip("/")),
        body_of,
        result_of,
    )


@wrong(
    "15.1.2",
    caught_by="test_q2_the_application_receives_the_decoded_path[/albums/Z%C3%BCrich]",
)
def handler_for(app):
    """Pass the path as bytes."""
    return handler_with(
        app,
        lambda event: scope_of(event, path=unquote(event["rawPath"]).encode()),
        body_of,
        result_of,
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_query_string[page=2]")
def handler_for(app):
    """Lose the query string."""
    return handler_with(
        app, lambda event: scope_of(event, query_string=b""), body_of, result_of
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_query_string[page=2]")
def handler_for(app):
    """Pass the query string as text."""
    return handler_with(
        app,
        lambda event: scope_of(event, query_string=event["rawQueryString"]),
        body_of,
        result_of,
    )


@wrong(
    "15.1.2",
    caught_by="test_q2_the_application_receives_the_query_string[tag=a%26b&tag=c]",
)
def handler_for(app):
    """Decode the query string."""
    return handler_with(
        app,
        lambda event: scope_of(
            event, query_string=unquote(event["rawQueryString"]).encode()
        ),
        body_of,
        result_of,
    )


@wrong(
    "15.1.2",
    caught_by="test_q2_the_application_receives_the_query_string[tag=a%26b&tag=c]",
)
def handler_for(app):
    """Make a dict of the query string."""
    return handler_with(
        app,
        lambda event: scope_of(
            event,
            query_string=urlencode(dict(parse_qsl(event["rawQueryString"]))).encode(),
        ),
        body_of,
        result_of,
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_query_string[page=2]")
def handler_for(app):
    """Pass the question mark, too."""
    return handler_with(
        app,
        lambda event: scope_of(
            event, query_string=b"?" + event["rawQueryString"].encode()
        ),
        body_of,
        result_of,
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_all_headers[headers1]")
def handler_for(app):
    """Keep the headers of the stub."""
    return handler_with(
        app,
        lambda event: scope_of(event, headers=[(b"host", b"prints.example")]),
        body_of,
        result_of,
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_all_headers[headers1]")
def handler_for(app):
    """Pass the host only."""
    return handler_with(
        app,
        lambda event: scope_of(
            event, headers=[(b"host", event["headers"].get("host", "").encode())]
        ),
        body_of,
        result_of,
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_all_headers[headers1]")
def handler_for(app):
    """Pass text in the headers."""
    return handler_with(
        app,
        lambda event: scope_of(event, headers=list(event["headers"].items())),
        body_of,
        result_of,
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_all_headers[headers1]")
def handler_for(app):
    """Pass no headers."""
    return handler_with(
        app, lambda event: scope_of(event, headers=[]), body_of, result_of
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_all_headers[headers1]")
def handler_for(app):
    """Leave out the empty headers."""
    return handler_with(
        app,
        lambda event: scope_of(
            event,
            headers=[
                (k.encode(), v.encode()) for k, v in event["headers"].items() if v
            ],
        ),
        body_of,
        result_of,
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_all_headers[headers1]")
def handler_for(app):
    """Add to the headers of the stub."""
    return handler_with(
        app,
        lambda event: scope_of(
            event,
            headers=[
                (b"host", b"prints.example"),
                *((k.encode(), v.encode()) for k, v in event["headers"].items()),
            ],
        ),
        body_of,
        result_of,
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_body[bytes]")
def handler_for(app):
    """Pass no body."""
    return handler_with(app, scope_of, lambda event: b"", result_of)


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_body[bytes]")
def handler_for(app):
    """Do not decode Base64."""
    return handler_with(
        app, scope_of, lambda event: event.get("body", "").encode(), result_of
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_body[bytes]")
def handler_for(app):
    """Decode each body from Base64."""
    return handler_with(
        app, scope_of, lambda event: base64.b64decode(event.get("body", "")), result_of
    )


@wrong("15.1.2", caught_by="test_q2_a_request_without_a_body_has_an_empty_body")
def handler_for(app):
    """Expect a body in each event."""

    def to_body(event):
        text = event["body"]
        return base64.b64decode(text) if event["isBase64Encoded"] else text.encode()

    return handler_with(app, scope_of, to_body, result_of)


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_body[not_base64]")
def handler_for(app):
    """Guess whether the body is Base64."""

    def to_body(event):
        text = event.get("body", "")
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            return text.encode()

    return handler_with(app, scope_of, to_body, result_of)


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_body[bytes]")
def handler_for(app):
    """Pass the decoded body as text."""

    def to_body(event):
        return body_of(event).decode(errors="replace").encode()

    return handler_with(app, scope_of, to_body, result_of)


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_body[umlauts]")
def handler_for(app):
    """Encode the text in ASCII."""

    def to_body(event):
        return event.get("body", "").encode("ascii", "ignore")

    return handler_with(app, scope_of, to_body, result_of)


@wrong("15.1.2", caught_by="test_q2_the_dict_has_the_status_code[201]")
def handler_for(app):
    """Keep the status code."""
    return handler_with(
        app, scope_of, body_of, lambda s, h, c: result_of(s, h, c, statusCode=200)
    )


@wrong("15.1.2", caught_by="test_q2_the_dict_has_the_status_code[201]")
def handler_for(app):
    """Return the status code as text."""
    return handler_with(
        app, scope_of, body_of, lambda s, h, c: result_of(s, h, c, statusCode=str(s))
    )


@wrong("15.1.2", caught_by="test_q2_the_dict_has_all_headers[headers1]")
def handler_for(app):
    """Return the type of the content only."""
    return handler_with(
        app,
        scope_of,
        body_of,
        lambda s, h, c: result_of(
            s,
            h,
            c,
            headers={"content-type": dict(h).get(b"content-type", b"").decode()},
        ),
    )


@wrong("15.1.2", caught_by="test_q2_the_dict_has_all_headers[headers1]")
def handler_for(app):
    """Return the headers as bytes."""
    return handler_with(
        app, scope_of, body_of, lambda s, h, c: result_of(s, h, c, headers=dict(h))
    )


@wrong("15.1.2", caught_by="test_q2_the_dict_has_all_headers[headers1]")
def handler_for(app):
    """Return the headers as a list."""
    return handler_with(
        app,
        scope_of,
        body_of,
        lambda s, h, c: result_of(
            s, h, c, headers=[[k.decode(), v.decode()] for k, v in h]
        ),
    )


@wrong("15.1.2", caught_by="test_q2_the_dict_has_all_headers[headers1]")
def handler_for(app):
    """Convert the headers with `str`."""
    return handler_with(
        app,
        scope_of,
        body_of,
        lambda s, h, c: result_of(s, h, c, headers={str(k): str(v) for k, v in h}),
    )


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[photo]")
def handler_for(app):
    """Expect text."""
    return handler_with(
        app,
        scope_of,
        body_of,
        lambda s, h, c: result_of(s, h, c, body=c.decode(), isBase64Encoded=False),
    )


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[photo]")
def handler_for(app):
    """Replace what is not UTF-8."""
    return handler_with(
        app,
        scope_of,
        body_of,
        lambda s, h, c: result_of(
            s, h, c, body=c.decode(errors="replace"), isBase64Encoded=False
        ),
    )


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[json]")
def handler_for(app):
    """Take all bodies for Latin-1."""
    return handler_with(
        app,
        scope_of,
        body_of,
        lambda s, h, c: result_of(
            s, h, c, body=c.decode("latin-1"), isBase64Encoded=False
        ),
    )


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[photo]")
def handler_for(app):
    """Forget to say that the body is Base64."""
    return handler_with(
        app,
        scope_of,
        body_of,
        lambda s, h, c: result_of(s, h, c, isBase64Encoded=False),
    )


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[photo]")
def handler_for(app):
    """Say that text is Base64."""
    return handler_with(
        app,
        scope_of,
        body_of,
        lambda s, h, c: result_of(s, h, c, body=c.decode(errors="replace")),
    )


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[photo]")
def handler_for(app):
    """Return the Base64 as bytes."""
    return handler_with(
        app,
        scope_of,
        body_of,
        lambda s, h, c: result_of(s, h, c, body=base64.b64encode(c)),
    )


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[photo]")
def handler_for(app):
    """Return the body as bytes."""
    return handler_with(
        app,
        scope_of,
        body_of,
        lambda s, h, c: result_of(s, h, c, body=c, isBase64Encoded=False),
    )


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[photo]")
def handler_for(app):
    """Return a text instead of a bool."""
    return handler_with(
        app,
        scope_of,
        body_of,
        lambda s, h, c: result_of(s, h, c, isBase64Encoded="true"),
    )


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[json]")
def handler_for(app):
    """Return the JSON as a dict."""
    return handler_with(
        app,
        scope_of,
        body_of,
        lambda s, h, c: result_of(
            s, h, c, body=json.loads(c or b"null"), isBase64Encoded=False
        ),
    )


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[latin_1]")
def handler_for(app):
    """Say by the type of the content whether it is text."""

    def to_result(status, headers, content):
        kind = dict(headers).get(b"content-type", b"")
        if kind.startswith((b"text/", b"application/json")):
            return result_of(
                status, headers, content, body=content.decode(), isBase64Encoded=False
            )
        return result_of(status, headers, content)

    return handler_with(app, scope_of, body_of, to_result)


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[latin_1]")
def handler_for(app):
    """Look at the type of the image only."""

    def to_result(status, headers, content):
        if dict(headers).get(b"content-type") == b"image/png":
            return result_of(status, headers, content)
        text = content.decode(errors="ignore")
        return result_of(status, headers, content, body=text, isBase64Encoded=False)

    return handler_with(app, scope_of, body_of, to_result)


@wrong(
    "15.1.2",
    caught_by="test_q2_the_application_receives_the_decoded_path[/albums/a%2Fb%3Fc%23d]",
)
def handler_for(app):
    """Split the decoded path."""
    return handler_with(
        app,
        lambda event: scope_of(event, path=urlsplit(unquote(event["rawPath"])).path),
        body_of,
        result_of,
    )


@wrong(
    "15.1.2",
    caught_by="test_q2_the_application_receives_the_decoded_path[/albums/Z%C3%BCrich]",
)
def handler_for(app):
    """Encode the path once more."""
    return handler_with(
        app,
        lambda event: scope_of(event, path=quote(event["rawPath"])),
        body_of,
        result_of,
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_all_headers[headers1]")
def handler_for(app):
    """Join all headers with commas."""
    return handler_with(
        app,
        lambda event: scope_of(
            event, headers=[(b"host", ",".join(event["headers"].values()).encode())]
        ),
        body_of,
        result_of,
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_all_headers[headers1]")
def handler_for(app):
    """Write the names of the headers in capitals."""
    return handler_with(
        app,
        lambda event: scope_of(
            event,
            headers=[
                (k.upper().encode(), v.encode()) for k, v in event["headers"].items()
            ],
        ),
        body_of,
        result_of,
    )


@wrong("15.1.2", caught_by="test_q2_the_dict_has_all_headers[headers1]")
def handler_for(app):
    """Leave out the length of the content."""
    return handler_with(
        app,
        scope_of,
        body_of,
        lambda s, h, c: result_of(
            s,
            h,
            c,
            headers={k.decode(): v.decode() for k, v in h if k != b"content-length"},
        ),
    )


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[empty]")
def handler_for(app):
    """Return no body if it is empty."""
    return handler_with(
        app,
        scope_of,
        body_of,
        lambda s, h, c: result_of(s, h, c, body=base64.b64encode(c).decode() or None),
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_body[text_twice]")
def handler_for(app):
    """Decode Base64 until there is none."""

    def to_body(event):
        body = body_of(event)
        while event["isBase64Encoded"]:
            try:
                body = base64.b64decode(body, validate=True)
            except ValueError:
                break
            if not body:
                break
        return body

    return handler_with(app, scope_of, to_body, result_of)


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[photo]")
def handler_for(app):
    """Answer in the URL-safe alphabet."""
    return handler_with(
        app,
        scope_of,
        body_of,
        lambda s, h, c: result_of(s, h, c, body=base64.urlsafe_b64encode(c).decode()),
    )


@wrong("15.1.2", caught_by="test_q2_a_request_without_a_body_has_an_empty_body")
def handler_for(app):
    """Keep the body of the last event."""
    last = {}

    def handler(event, context):
        last.update(event)
        return result_of(*call(app, scope_of(last), body_of(last)))

    return handler


@wrong("15.1.2", caught_by="test_q2_each_event_has_its_own_response")
def handler_for(app):
    """Keep the first response."""
    kept = {}

    def handler(event, context):
        key = event["requestContext"]["http"]["method"] + event["rawPath"]
        if key not in kept:
            kept[key] = result_of(*call(app, scope_of(event), body_of(event)))
        return kept[key]

    return handler


@wrong("15.1.2", caught_by="test_q2_each_event_has_its_own_response")
def handler_for(app):
    """Return the handler's dict as JSON."""

    def handler(event, context):
        return json.dumps(result_of(*call(app, scope_of(event), body_of(event))))

    return handler


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_method[DELETE]")
def handler_for(app):
    """Return a coroutine function."""

    async def handler(event, context):
        return result_of(*call(app, scope_of(event), body_of(event)))

    return handler


@wrong("15.1.2", caught_by="test_q2_each_method_can_have_a_body[DELETE]")
def handler_for(app):
    """Expect a body in some methods only."""

    def to_body(event):
        method = event["requestContext"]["http"]["method"]
        return body_of(event) if method in ("POST", "PUT", "PATCH") else b""

    return handler_with(app, scope_of, to_body, result_of)


@wrong("15.1.2", caught_by="test_q2_the_application_receives_the_body[lines]")
def handler_for(app):
    """Remove the spaces around the body."""
    return handler_with(app, scope_of, lambda event: body_of(event).strip(), result_of)


@wrong(
    "15.1.2", caught_by="test_q2_the_application_receives_the_decoded_path[/albums/]"
)
def handler_for(app):
    """Lose the slash at the end of all paths but the root."""
    return handler_with(
        app,
        lambda event: scope_of(
            event, path=unquote(event["rawPath"]).rstrip("/") or "/"
        ),
        body_of,
        result_of,
    )


@wrong("15.1.2", caught_by="test_q2_the_application_receives_all_headers[headers0]")
def handler_for(app):
    """Keep the headers of earlier events."""
    known = {}

    def to_scope(event):
        known.update(event["headers"])
        return scope_of({**event, "headers": known})

    return handler_with(app, to_scope, body_of, result_of)


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[lines]")
def handler_for(app):
    """Remove the byte order mark of a text."""

    def to_result(status, headers, content):
        try:
            text, encoded = content.decode("utf-8-sig"), False
        except UnicodeDecodeError:
            text, encoded = base64.b64encode(content).decode(), True
        return result_of(status, headers, b"", body=text, isBase64Encoded=encoded)

    return handler_with(app, scope_of, body_of, to_result)


@wrong("15.1.2", caught_by="test_q2_the_application_receives_all_headers[headers2]")
def handler_for(app):
    """Make one header of each cookie."""

    def to_scope(event):
        pairs = [(k, v) for k, v in event["headers"].items()]
        cookies = [(k, part) for k, v in pairs for part in v.split("; ")]
        return scope_of(event, headers=[(k.encode(), v.encode()) for k, v in cookies])

    return handler_with(app, to_scope, body_of, result_of)


@wrong("15.1.2", caught_by="test_q2_the_dict_has_the_status_code[503]")
def handler_for(app):
    """Write a body of one's own for errors."""

    def to_result(status, headers, content):
        return result_of(status, headers, content if status < 400 else b"error")

    return handler_with(app, scope_of, body_of, to_result)


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[large]")
def handler_for(app):
    """Return the beginning of a large body."""
    return handler_with(
        app, scope_of, body_of, lambda *seen: result_of(*seen[:2], seen[2][:65_536])
    )


@wrong("15.1.2", caught_by="test_q2_the_adapter_does_not_use_mangum")
def handler_for(app):
    """Complete the event, and leave the work to Mangum."""
    mangum = Mangum(app, lifespan="off")

    def handler(event, context):
        http = {**event["requestContext"]["http"], "sourceIp": "", "path": ""}
        event = {"version": "2.0", **event, "requestContext": {"http": http}}
        return mangum(event, context)

    return handler


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[gzip]")
def handler_for(app):
    """Let a client for tests send the request, which unpacks the response."""
    client = TestClient(app, follow_redirects=False)

    def handler(event, context):
        url = f"{event['rawPath']}?{event['rawQueryString']}"
        request = client.build_request(
            event["requestContext"]["http"]["method"],
            url,
            headers=event["headers"],
            content=body_of(event),
        )
        response = client.send(request)
        headers = [(k.lower(), v) for k, v in response.headers.raw]
        return result_of(response.status_code, headers, response.content)

    return handler


@wrong("15.1.2", caught_by="test_q2_the_body_comes_back_unchanged[pdf]")
def handler_for(app):
    """Look at the beginning of the body only."""

    def to_result(status, headers, content):
        if b"\0" in content[:1000] or not content[:1000].isascii():
            return result_of(status, headers, content)
        text = content.decode(errors="replace")
        return result_of(status, headers, content, body=text, isBase64Encoded=False)

    return handler_with(app, scope_of, body_of, to_result)


@wrong("15.1.2", caught_by="test_q2_the_dict_has_the_status_code[307]")
def handler_for(app):
    """Follow the redirects of the application."""
    handler = handler_with(app, scope_of, body_of, result_of)

    def follow(event, context, left=3):
        result = handler(event, context)
        if result["statusCode"] == 307 and left:
            path = result["headers"]["location"]
            return follow({**event, "rawPath": path}, context, left - 1)
        return result if left == 3 else {**result, "statusCode": 200}

    return follow


@right("15.1.2")
def handler_for(app):
    """Drive the application without `call`, and index the body if it is Base64."""

    async def run(scope, body):
        messages = []

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            messages.append(message)

        scope = {"type": "http", "asgi": {"version": "3.0"}, **scope}
        await app(scope, receive, send)
        start, *parts = messages
        content = b"".join(part["body"] for part in parts)
        return start["status"], start["headers"], content

    def handler(event, context):
        if event["isBase64Encoded"]:
            body = base64.b64decode(event["body"])
        else:
            body = event.get("body", "").encode()
        return result_of(*asyncio.run(run(scope_of(event), body)))

    return handler


@right("15.1.2")
def handler_for(app):
    """Return text as it is, and Base64 only where it has to be."""

    def to_result(status, headers, content):
        try:
            text, is_encoded = content.decode(), False
        except UnicodeDecodeError:
            text, is_encoded = base64.b64encode(content).decode(), True
        return result_of(
            status, headers, content, body=text, isBase64Encoded=is_encoded
        )

    return handler_with(app, scope_of, body_of, to_result)


@right("15.1.2")
def handler_for(app):
    """Write a class, with more keys in the scope."""

    class Adapter:
        def __call__(self, event, context):
            http = event["requestContext"]["http"]
            scope = dict(http_version="1.1", scheme="https", method=http["method"])
            scope["path"] = unquote(event["rawPath"])
            scope["raw_path"] = event["rawPath"].encode()
            scope["query_string"] = event["rawQueryString"].encode("ascii")
            scope["headers"] = headers = []
            for name, value in event["headers"].items():
                headers.append(
                    (name.lower().encode("latin-1"), value.encode("latin-1"))
                )
            scope["aws.context"] = context
            status, sent, content = call(app, scope, self.body(event))
            names = {
                name.decode("latin-1").title(): v.decode("latin-1") for name, v in sent
            }
            return {
                "isBase64Encoded": True,
                "statusCode": status,
                "headers": names,
                "body": str(base64.b64encode(content), "ascii"),
            }

        def body(self, event):
            body = event.get("body") or ""
            return (
                base64.b64decode(body)
                if event.get("isBase64Encoded")
                else body.encode()
            )

    return Adapter()


@wrong("15.1.3", caught_by="test_q3_at_most_five_photos_are_in_memory[70]")
def prints_app(album, make_print):
    """Stop in time, and read the whole album."""

    def print_album(remaining, first):
        photos = [album.read(number) for number in range(first, len(album))]
        for number, photo in enumerate(photos, first):
            if remaining() < 10_000:
                return number
            make_print(photo)
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[12500]")
def prints_app(album, make_print):
    """Read one photo after the other, without a look at the time."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[10000]")
def prints_app(album, make_print):
    """Look at the time once."""

    def print_album(remaining, first):
        if remaining() < 10_000:
            return first
        for number in range(first, len(album)):
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[31000]")
def prints_app(album, make_print):
    """Reckon with 10 s for each photo."""

    def print_album(remaining, first):
        end = min(first + remaining() // 10_000, len(album))
        for number in range(first, end):
            make_print(album.read(number))
        return end if end < len(album) else None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[10000]")
def prints_app(album, make_print):
    """Stop at exactly 10 s."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if remaining() <= 10_000:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[9999]")
def prints_app(album, make_print):
    """Stop a millisecond too late."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if remaining() < 9_999:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[10001]")
def prints_app(album, make_print):
    """Take the time in whole seconds."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if round(remaining() / 1000) < 10 or remaining() == 10_000:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[12500]")
def prints_app(album, make_print):
    """Take the milliseconds for seconds."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if remaining() < 10:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[12500]")
def prints_app(album, make_print):
    """Return the last photo that was printed."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return number - 1
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[12500]")
def prints_app(album, make_print):
    """Skip a photo."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return number + 1
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[12500]")
def prints_app(album, make_print):
    """Return how many photos are left."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return len(album) - number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_the_next_request_goes_on")
def prints_app(album, make_print):
    """Return how many photos were printed."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return number - first
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_each_request_begins_at_its_own_number")
def prints_app(album, make_print):
    """Begin at the first photo of the album."""

    def print_album(remaining, first):
        for number in range(len(album)):
            if remaining() < 10_000:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_each_request_begins_at_its_own_number")
def prints_app(album, make_print):
    """Remember where to go on."""
    done = [0]

    def print_album(remaining, first):
        for number in range(max(first, done[0]), len(album)):
            if remaining() < 10_000:
                done[0] = number
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_at_most_five_photos_are_in_memory[70]")
def prints_app(album, make_print):
    """Lose the last photo."""

    def print_album(remaining, first):
        for number in range(first, len(album) - 1):
            if remaining() < 10_000:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[12500]")
def prints_app(album, make_print):
    """Read a photo, and then look at the time."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            photo = album.read(number)
            if remaining() < 10_000:
                return number
            make_print(photo)
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_null_is_returned_after_the_last_photo[3-0-12000]")
def prints_app(album, make_print):
    """Look at the time after each photo."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            make_print(album.read(number))
            if remaining() < 10_000:
                return number + 1
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_null_is_returned_after_the_last_photo[3-0-12000]")
def prints_app(album, make_print):
    """Return the number after the last photo."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return number
            make_print(album.read(number))
        return len(album)

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_null_is_returned_if_no_photo_is_left[5]")
def prints_app(album, make_print):
    """Look at the time before the loop."""

    def print_album(remaining, first):
        number = first
        while remaining() >= 10_000:
            if number >= len(album):
                return None
            make_print(album.read(number))
            number += 1
        return number

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[12500]")
def prints_app(album, make_print):
    """Look at the time before every fifth photo."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if number % 5 == 0 and remaining() < 10_000:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_at_most_five_photos_are_in_memory[70]")
def prints_app(album, make_print):
    """Read three photos at a time."""

    def print_album(remaining, first):
        for start in range(first, len(album), 3):
            photos = [album.read(n) for n in range(start, min(start + 3, len(album)))]
            for number, photo in enumerate(photos, start):
                if remaining() < 10_000:
                    return number
                make_print(photo)
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_at_most_five_photos_are_in_memory[70]")
def prints_app(album, make_print):
    """Keep the photos that were printed."""

    def print_album(remaining, first):
        printed = []
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return number
            printed.append(album.read(number))
            make_print(printed[-1])
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_at_most_five_photos_are_in_memory[70]")
def prints_app(album, make_print):
    """Read a page of ten photos."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return number
            if number % 10 == first % 10:
                page = [
                    album.read(n) for n in range(number, min(number + 10, len(album)))
                ]
            make_print(page[(number - first) % 10])
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_at_most_five_photos_are_in_memory[70]")
def prints_app(album, make_print):
    """Read the photos in other threads."""

    def print_album(remaining, first):
        with ThreadPoolExecutor() as pool:
            photos = list(pool.map(album.read, range(first, len(album))))
            for number, photo in enumerate(photos, first):
                if remaining() < 10_000:
                    return number
                make_print(photo)
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[12500]")
def prints_app(album, make_print):
    """Measure the time with a clock of its own."""

    def print_album(remaining, first):
        end = time.monotonic() + remaining() / 1000
        for number in range(first, len(album)):
            if end - time.monotonic() < 9.5:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[31000]")
def prints_app(album, make_print):
    """Stop after a number of photos."""

    def print_album(remaining, first):
        end = min(first + 20, len(album))
        for number in range(first, end):
            make_print(album.read(number))
        return end if end < len(album) else None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_the_next_request_goes_on")
def prints_app(album, make_print):
    """Keep the context object of the first request."""
    kept = {}

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if kept.setdefault(0, remaining)() < 10_000:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_the_next_request_goes_on")
def prints_app(album, make_print):
    """Keep photos for the next request."""
    done = set()

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if number in done:
                continue
            if remaining() < 10_000:
                return number
            make_print(album.read(number))
            done.add(number + 1)
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_each_request_begins_at_its_own_number")
def prints_app(album, make_print):
    """Print each photo once for ever."""
    done = set()

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return number
            if number not in done:
                make_print(album.read(number))
            done.add(number)
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[12500]")
def prints_app(album, make_print):
    """Return an error."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if remaining() < 10_000:
                raise HTTPException(503)
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[12500]")
def prints_app(album, make_print):
    """Return the number as text."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return str(number)
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[9999]")
def prints_app(album, make_print):
    """Return an empty response to a request that stops at once."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return number or None
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_null_is_returned_for_an_empty_album")
def prints_app(album, make_print):
    """Expect a photo in each album."""

    def print_album(remaining, first):
        album.read(first) if first >= len(album) else None
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_at_most_five_photos_are_in_memory[70]")
def prints_app(album, make_print):
    """Print the album backwards."""

    def print_album(remaining, first):
        for number in reversed(range(first, len(album))):
            if remaining() < 10_000:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_at_most_five_photos_are_in_memory[70]")
def prints_app(album, make_print):
    """Print the album after the response."""
    app = FastAPI()

    @app.post("/prints")
    def print_album(tasks: BackgroundTasks, first: Annotated[int, Query(ge=0)] = 0):
        def work():
            photos = [album.read(number) for number in range(first, len(album))]
            for photo in photos:
                make_print(photo)

        tasks.add_task(work)
        return {"next": None}

    return app


@wrong("15.1.3", caught_by="test_q3_each_request_begins_at_its_own_number")
def prints_app(album, make_print):
    """Lose the bound of `first`."""
    app = FastAPI()

    @app.post("/prints")
    def print_album(request: Request, first: int = 0):
        remaining = request.scope["aws.context"].get_remaining_time_in_millis
        for number in range(max(first, 0), len(album)):
            if remaining() < 10_000:
                return {"next": number}
            make_print(album.read(number))
        return {"next": None}

    return app


@wrong("15.1.3", caught_by="test_q3_at_most_five_photos_are_in_memory[70]")
def prints_app(album, make_print):
    """Return nothing after the last photo."""
    app = FastAPI()

    @app.post("/prints")
    def print_album(request: Request, first: Annotated[int, Query(ge=0)] = 0):
        remaining = request.scope["aws.context"].get_remaining_time_in_millis
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return {"next": number}
            make_print(album.read(number))

    return app


@wrong("15.1.3", caught_by="test_q3_null_is_returned_after_the_last_photo[3-2-10000]")
def prints_app(album, make_print):
    """Print the last photo in any case."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if number < len(album) - 1 and remaining() < 10_000:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[9999]")
def prints_app(album, make_print):
    """Print at least one photo."""

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if number > first and remaining() < 10_000:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_at_most_five_photos_are_in_memory[70]")
def prints_app(album, make_print):
    """Keep the photos in a cache."""
    read = cache(album.read)

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return number
            make_print(read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_the_next_request_goes_on")
def prints_app(album, make_print):
    """Take the time that the first request had."""
    budget = [12_000]

    def print_album(remaining, first):
        for number in range(first, len(album)):
            if budget[0] < 10_000:
                return number
            make_print(album.read(number))
            budget[0] = remaining()
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[12500]")
def prints_app(album, make_print):
    """Stop if less than 10 percent of the time remains."""

    def print_album(remaining, first):
        start = remaining()
        for number in range(first, len(album)):
            if remaining() < start / 10:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[31000]")
def prints_app(album, make_print):
    """Look at the time of a photo before."""

    def print_album(remaining, first):
        slowest = 0
        for number in range(first, len(album)):
            if remaining() < 10_000 + slowest:
                return number
            before = remaining()
            make_print(album.read(number))
            slowest = max(slowest, before - remaining())
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_at_most_five_photos_are_in_memory[700]")
def prints_app(album, make_print):
    """Print a hundred photos at most."""

    def print_album(remaining, first):
        for number in range(first, min(len(album), first + 100)):
            if remaining() < 10_000:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[12500]")
def prints_app(album, make_print):
    """Read the next photo before the time is asked for."""

    def print_album(remaining, first):
        photo = None
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return number
            photo = photo or album.read(number)
            ahead = album.read(number + 1) if number + 1 < len(album) else None
            make_print(photo)
            photo = ahead
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_at_most_five_photos_are_in_memory[7]")
def prints_app(album, make_print):
    """Keep the last photo of each request."""
    last = []

    def print_album(remaining, first):
        photo = None
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return number
            photo = album.read(number)
            make_print(photo)
        last.append(photo)
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_each_request_begins_at_its_own_number")
def prints_app(album, make_print):
    """Read `first` from the request, without a check by FastAPI."""
    app = FastAPI()

    @app.post("/prints")
    def print_album(request: Request):
        first = int(request.query_params.get("first") or 0)
        if first < 0:
            raise HTTPException(422)
        remaining = request.scope["aws.context"].get_remaining_time_in_millis
        for number in range(first, len(album)):
            if remaining() < 10_000:
                return {"next": number}
            make_print(album.read(number))
        return {"next": None}

    return app


@wrong("15.1.3", caught_by="test_q3_at_most_five_photos_are_in_memory[7]")
def prints_app(album, make_print):
    """Print five photos for each request."""

    def print_album(remaining, first):
        end = min(first + 5, len(album))
        for number in range(first, end):
            if remaining() < 10_000:
                return number
            make_print(album.read(number))
        return end if end < len(album) else None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_no_photo_is_begun_in_the_last_10_s[10000]")
def prints_app(album, make_print):
    """Ask before each of five photos, read them, and then print them."""

    def print_album(remaining, first):
        number = first
        while number < len(album):
            photos = []
            while number < len(album) and len(photos) < 5 and remaining() >= 10_000:
                photos.append(album.read(number))
                number += 1
            if not photos:
                return number
            for photo in photos:
                make_print(photo)
        return None

    return app_of(print_album)


@right("15.1.3")
def prints_app(album, make_print):
    """Hold a photo until the next one is there."""

    def print_album(remaining, first):
        number = first
        while number < len(album):
            if remaining() < 10_000:
                return number
            photo = album.read(number)
            make_print(photo)
            number += 1
        return None

    return app_of(print_album)


@right("15.1.3")
def prints_app(album, make_print):
    """Let a generator read the photos, in an async endpoint."""
    app = FastAPI()

    def read_from(first, context):
        for number in range(first, len(album)):
            if context.get_remaining_time_in_millis() < 10_000:
                yield number, None
                return
            yield number, album.read(number)

    @app.post("/prints")
    async def print_album(request: Request, first: int = Query(0, ge=0)):
        for number, photo in read_from(first, request.scope["aws.context"]):
            if photo is None:
                return {"next": number}
            await asyncio.to_thread(make_print, photo)
        return {"next": None}

    return app


@right("15.1.3")
def prints_app(album, make_print):
    """Call `read` lazily, and compare in seconds."""

    def print_album(remaining, first):
        photos = map(album.read, range(first, len(album)))
        for number in range(first, len(album)):
            if remaining() / 1000 < 10:
                return number
            make_print(next(photos))
        return None

    return app_of(print_album)


@wrong("15.1.3", caught_by="test_q3_an_album_can_grow_between_two_requests")
def prints_app(album, make_print):
    """Ask for the length of the album at the cold start."""
    length = len(album)

    def print_album(remaining, first):
        for number in range(first, length):
            if remaining() < 10_000:
                return number
            make_print(album.read(number))
        return None

    return app_of(print_album)
