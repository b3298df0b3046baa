"""Other answers to section 10.1."""

import asyncio
import contextlib
import functools
import json
import threading
import uuid
import zlib

from confluent_kafka.aio import AIOProducer
from fastapi import BackgroundTasks, Depends, Request
from fastapi.responses import JSONResponse

from sensei.variants import right, wrong


def with_label(order, status=202):
    """Return an application whose endpoint is `order(number)`."""
    app = FastAPI()

    @app.post("/shipments/{number}/label", status_code=status)
    def order_label(number: str):
        return order(number)

    return app


@wrong("10.1.1", caught_by="test_q1_the_response_is_202_with_the_id_of_the_task")
def labels_app():
    """Return 200."""
    return with_label(lambda number: {"task": print_label.delay(number).id}, 200)


@wrong("10.1.1", caught_by="test_q1_the_response_is_202_with_the_id_of_the_task")
def labels_app():
    """Call the task like a function."""
    return with_label(lambda number: {"task": print_label(number)})


@wrong("10.1.1", caught_by="test_q1_the_response_is_202_with_the_id_of_the_task")
def labels_app():
    """Run the task in this process, which gives an ID, too."""
    return with_label(lambda number: {"task": print_label.apply((number,)).id})


@wrong("10.1.1", caught_by="test_q1_the_response_does_not_wait_for_the_label")
def labels_app():
    """Run the task in this process, and store its result."""
    celery.conf.task_store_eager_result = True
    return with_label(lambda number: {"task": print_label.apply((number,)).id})


@wrong("10.1.1", caught_by="test_q1_the_response_is_202_with_the_id_of_the_task")
def labels_app():
    """Take a background task of FastAPI, and an ID of one's own."""
    app = FastAPI()

    @app.post("/shipments/{number}/label", status_code=202)
    def order_label(number: str, tasks: BackgroundTasks):
        tasks.add_task(print_label, number)
        return {"task": str(uuid.uuid4())}

    return app


@wrong("10.1.1", caught_by="test_q1_the_response_is_202_with_the_id_of_the_task")
def labels_app():
    """Return another ID than that of the task."""

    def order(number):
        print_label.delay(number)
        return {"task": str(uuid.uuid4())}

    return with_label(order)


@wrong("10.1.1", caught_by="test_q1_the_response_is_202_with_the_id_of_the_task")
def labels_app():
    """Return the result of `delay` itself."""
    return with_label(lambda number: {"task": print_label.delay(number)})


@wrong("10.1.1", caught_by="test_q1_the_response_is_202_with_the_id_of_the_task")
def labels_app():
    """Await the result of `delay`."""
    app = FastAPI()

    @app.post("/shipments/{number}/label", status_code=202)
    async def order_label(number: str):
        task = await print_label.delay(number)
        return {"task": task.id}

    return app


@wrong(
    "10.1.1", caught_by="test_q1_the_response_is_202_with_the_id_of_the_task[Xy 12 ]"
)
def labels_app():
    """Print the label of the example."""
    return with_label(lambda number: {"task": print_label.delay("P-7").id})


@wrong("10.1.1", caught_by="test_q1_the_response_is_202_with_the_id_of_the_task")
def labels_app():
    """Pass the number as a list of characters."""
    return with_label(lambda number: {"task": print_label.apply_async(number).id})


@wrong("10.1.1", caught_by="test_q1_the_worker_runs_one_task_for_each_request")
def labels_app():
    """Start one task for each shipment."""
    tasks = {}

    def order(number):
        if number not in tasks:
            tasks[number] = print_label.delay(number).id
        return {"task": tasks[number]}

    return with_label(order)


@wrong("10.1.1", caught_by="test_q1_the_worker_runs_one_task_for_each_request")
def labels_app():
    """Start the task twice."""

    def order(number):
        print_label.delay(number)
        return {"task": print_label.delay(number).id}

    return with_label(order)


@wrong("10.1.1", caught_by="test_q1_the_worker_runs_one_task_for_each_request")
def labels_app():
    """Take the number as the ID of the task."""
    task = lambda number: print_label.apply_async((number,), task_id=number)
    return with_label(lambda number: {"task": task(number).id})


@wrong("10.1.1", caught_by="test_q1_the_response_does_not_wait_for_the_label")
def labels_app():
    """Wait for the result."""

    def order(number):
        task = print_label.delay(number)
        task.get()
        return {"task": task.id}

    return with_label(order)


@wrong(
    "10.1.1", caught_by="test_q1_the_response_is_202_with_the_id_of_the_task[Xy 12 ]"
)
def labels_app():
    """Tidy the number up."""
    return with_label(lambda number: {"task": print_label.delay(number.strip()).id})


@wrong("10.1.1", caught_by="test_q1_the_worker_runs_one_task_for_each_request")
def labels_app():
    """Print the label in the worker, and in this process after the response."""
    app = FastAPI()

    @app.post("/shipments/{number}/label", status_code=202)
    def order_label(number: str, tasks: BackgroundTasks):
        tasks.add_task(print_label, number)
        return {"task": print_label.delay(number).id}

    return app


@right("10.1.1")
def labels_app():
    """Choose the ID, and send the task after the response."""
    app = FastAPI()

    @app.post("/shipments/{number}/label")
    async def order_label(number: str, tasks: BackgroundTasks):
        task = str(uuid.uuid4())
        tasks.add_task(print_label.apply_async, [number], task_id=task)
        return JSONResponse({"task": task}, 202, background=tasks)

    return app


@right("10.1.1")
def labels_app():
    """Send the task by its name, from an async endpoint."""
    app = FastAPI()

    @app.post("/shipments/{number}/label", status_code=202)
    async def order_label(number: str) -> dict:
        kwargs = {"number": number}
        sent = await asyncio.to_thread(
            celery.send_task, print_label.name, kwargs=kwargs
        )
        return {"task": sent.task_id}

    return app


@right("10.1.1")
def labels_app():
    """Call a signature of the task, in a class-based route."""

    class Label(BaseModel):
        task: str

    async def order_label(number: str) -> Label:
        return Label(task=print_label.si(number).apply_async().id)

    app = FastAPI()
    app.add_api_route(
        "/shipments/{number}/label", order_label, methods=["POST"], status_code=202
    )
    return app


def with_client(read, *, seconds=None, **options):
    """Return an application whose endpoint is `read(carrier, number)`.

    `options` are those of the client; without a timeout among them it is `seconds`.
    """
    if seconds is not None:
        options["timeout"] = seconds

    @asynccontextmanager
    async def lifespan(app):
        async with httpx.AsyncClient(**options) as app.state.carrier:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/shipments/{number}")
    async def read_tracking(number: str) -> Tracking:
        return await read(app.state.carrier, number)

    return app


async def tracking_of(carrier, number):
    """Return the tracking of a shipment, or raise what the docstring asks for."""
    try:
        response = await carrier.get("/tracking", params={"number": number})
        response.raise_for_status()
    except httpx.TimeoutException:
        raise HTTPException(504)
    except httpx.HTTPStatusError as error:
        raise HTTPException(404 if error.response.status_code == 404 else 502)
    except httpx.TransportError:
        raise HTTPException(502)
    return response.json()


@wrong("10.1.2", caught_by="test_q2_all_requests_use_one_client")
def tracking_app(url, seconds):
    """Open a client for each request."""
    app = FastAPI()

    @app.get("/shipments/{number}")
    async def read_tracking(number: str) -> Tracking:
        async with httpx.AsyncClient(base_url=url, timeout=seconds) as carrier:
            return await tracking_of(carrier, number)

    return app


@wrong("10.1.2", caught_by="test_q2_all_requests_use_one_client")
def tracking_app(url, seconds):
    """Open one client at the start, and use others."""

    async def read(carrier, number):
        async with httpx.AsyncClient(base_url=url, timeout=seconds) as other:
            return await tracking_of(other, number)

    return with_client(read, base_url=url, seconds=seconds)


known = {}


@wrong("10.1.2", caught_by="test_q2_two_applications_ask_their_own_carriers")
def tracking_app(url, seconds):
    """Store the client in the module."""

    @asynccontextmanager
    async def lifespan(app):
        async with httpx.AsyncClient(base_url=url, timeout=seconds) as known["carrier"]:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/shipments/{number}")
    async def read_tracking(number: str) -> Tracking:
        return await tracking_of(known["carrier"], number)

    return app


@wrong("10.1.2", caught_by="test_q2_the_client_is_open_from_the_start_to_the_shutdown")
def tracking_app(url, seconds):
    """Never close the client."""
    carrier = httpx.AsyncClient(base_url=url, timeout=seconds)
    app = FastAPI()

    @app.get("/shipments/{number}")
    async def read_tracking(number: str) -> Tracking:
        return await tracking_of(carrier, number)

    return app


@wrong("10.1.2", caught_by="test_q2_the_application_can_start_again")
def tracking_app(url, seconds):
    """Make the client once, and close it at the first shutdown."""
    carrier = httpx.AsyncClient(base_url=url, timeout=seconds)

    @asynccontextmanager
    async def lifespan(app):
        yield
        await carrier.aclose()

    app = FastAPI(lifespan=lifespan)

    @app.get("/shipments/{number}")
    async def read_tracking(number: str) -> Tracking:
        return await tracking_of(carrier, number)

    return app


@wrong("10.1.2", caught_by="test_q2_each_request_returns_the_tracking_of_the_carrier")
def tracking_app(url, seconds):
    """Open the client in each request again."""
    app = FastAPI()
    carrier = httpx.AsyncClient(base_url=url, timeout=seconds)

    @app.get("/shipments/{number}")
    async def read_tracking(number: str) -> Tracking:
        async with carrier:
            return await tracking_of(carrier, number)

    return app


@wrong("10.1.2", caught_by="test_q2_requests_wait_for_the_carrier_at_the_same_time")
def tracking_app(url, seconds):
    """Send the request with a client that blocks the event loop."""

    async def read(_, number):
        params = {"number": number}
        try:
            response = httpx.get(f"{url}/tracking", params=params, timeout=seconds)
        except httpx.TimeoutException:
            raise HTTPException(504)
        except httpx.HTTPError:
            raise HTTPException(502)
        if response.is_error:
            raise HTTPException(404 if response.status_code == 404 else 502)
        return response.json()

    return with_client(read, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_all_requests_use_one_client")
def tracking_app(url, seconds):
    """Send the request from a thread, each time over a new connection."""

    @asynccontextmanager
    async def lifespan(app):
        async with httpx.AsyncClient(
            base_url=url, timeout=seconds
        ) as app.state.carrier:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/shipments/{number}")
    def read_tracking(number: str) -> Tracking:
        params = {"number": number}
        try:
            response = httpx.get(f"{url}/tracking", params=params, timeout=seconds)
        except httpx.TimeoutException:
            raise HTTPException(504)
        except httpx.HTTPError:
            raise HTTPException(502)
        if response.is_error:
            raise HTTPException(404 if response.status_code == 404 else 502)
        return response.json()

    return app


@wrong("10.1.2", caught_by="test_q2_requests_wait_for_the_carrier_at_the_same_time")
def tracking_app(url, seconds):
    """Let one request wait after the other."""
    lock = asyncio.Lock()

    async def read(carrier, number):
        async with lock:
            return await tracking_of(carrier, number)

    return with_client(read, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_requests_wait_for_the_carrier_at_the_same_time")
def tracking_app(url, seconds):
    """Allow the client one connection."""
    limits = httpx.Limits(max_connections=1)
    return with_client(
        tracking_of, base_url=url, timeout=httpx.Timeout(seconds), limits=limits
    )


@wrong("10.1.2", caught_by="test_q2_another_error_of_the_carrier_returns_502")
def tracking_app(url, seconds):
    """Do not look at the status code."""

    async def read(carrier, number):
        try:
            response = await carrier.get("/tracking", params={"number": number})
        except httpx.TimeoutException:
            raise HTTPException(504)
        except httpx.HTTPError:
            raise HTTPException(502)
        return response.json()

    return with_client(read, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_a_404_of_the_carrier_returns_404")
def tracking_app(url, seconds):
    """Return 502 for each error."""

    async def read(carrier, number):
        try:
            response = await carrier.get("/tracking", params={"number": number})
            response.raise_for_status()
        except httpx.TimeoutException:
            raise HTTPException(504)
        except httpx.HTTPError:
            raise HTTPException(502)
        return response.json()

    return with_client(read, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_a_404_of_the_carrier_returns_404")
def tracking_app(url, seconds):
    """Catch the own HTTPException, too."""

    async def read(carrier, number):
        try:
            response = await carrier.get("/tracking", params={"number": number})
            if response.status_code == 404:
                raise HTTPException(404)
            response.raise_for_status()
            return response.json()
        except httpx.TimeoutException:
            raise HTTPException(504)
        except Exception:
            raise HTTPException(502)

    return with_client(read, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_another_error_of_the_carrier_returns_502")
def tracking_app(url, seconds):
    """Pass on the carrier's status code."""

    async def read(carrier, number):
        try:
            response = await carrier.get("/tracking", params={"number": number})
            response.raise_for_status()
        except httpx.TimeoutException:
            raise HTTPException(504)
        except httpx.HTTPStatusError as error:
            raise HTTPException(error.response.status_code)
        except httpx.HTTPError:
            raise HTTPException(502)
        return response.json()

    return with_client(read, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_another_error_of_the_carrier_returns_502[403]")
def tracking_app(url, seconds):
    """Return 404 for each error from 400 to 499."""

    async def read(carrier, number):
        try:
            response = await carrier.get("/tracking", params={"number": number})
        except httpx.TimeoutException:
            raise HTTPException(504)
        except httpx.HTTPError:
            raise HTTPException(502)
        if response.is_error:
            raise HTTPException(404 if response.is_client_error else 502)
        return response.json()

    return with_client(read, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_another_error_of_the_carrier_returns_502[429]")
def tracking_app(url, seconds):
    """Forget the other errors from 400 to 499."""

    async def read(carrier, number):
        try:
            response = await carrier.get("/tracking", params={"number": number})
        except httpx.TimeoutException:
            raise HTTPException(504)
        except httpx.HTTPError:
            raise HTTPException(502)
        if response.status_code == 404:
            raise HTTPException(404)
        if response.status_code >= 500:
            raise HTTPException(502)
        return response.json()

    return with_client(read, base_url=url, seconds=seconds)


def without(*caught):
    """Return an endpoint that returns 502 for these exceptions of the transport only."""

    async def read(carrier, number):
        try:
            response = await carrier.get("/tracking", params={"number": number})
        except httpx.TimeoutException:
            raise HTTPException(504)
        except caught:
            raise HTTPException(502)
        if response.is_error:
            raise HTTPException(404 if response.status_code == 404 else 502)
        return response.json()

    return read


@wrong("10.1.2", caught_by="test_q2_a_connection_that_breaks_returns_502")
def tracking_app(url, seconds):
    """Catch only that the carrier cannot be reached."""
    return with_client(without(httpx.ConnectError), base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_a_carrier_that_cannot_be_reached_returns_502")
def tracking_app(url, seconds):
    """Catch only that the connection breaks."""
    return with_client(without(httpx.ProtocolError), base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_a_carrier_that_cannot_be_reached_returns_502")
def tracking_app(url, seconds):
    """Catch no error of the connection."""
    return with_client(without(), base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_a_silent_carrier_returns_504")
def tracking_app(url, seconds):
    """Take a timeout for an error like all others."""

    async def read(carrier, number):
        try:
            response = await carrier.get("/tracking", params={"number": number})
        except httpx.HTTPError:
            raise HTTPException(502)
        if response.is_error:
            raise HTTPException(404 if response.status_code == 404 else 502)
        return response.json()

    return with_client(read, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_a_silent_carrier_returns_504[before]")
def tracking_app(url, seconds):
    """Catch only a connection that takes too long."""

    async def read(carrier, number):
        try:
            response = await carrier.get("/tracking", params={"number": number})
        except httpx.ConnectTimeout:
            raise HTTPException(504)
        except httpx.HTTPError:
            raise HTTPException(502)
        if response.is_error:
            raise HTTPException(404 if response.status_code == 404 else 502)
        return response.json()

    return with_client(read, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_a_silent_carrier_returns_504")
def tracking_app(url, seconds):
    """Keep the client's own timeout."""
    return with_client(tracking_of, base_url=url)


@wrong("10.1.2", caught_by="test_q2_a_silent_carrier_returns_504[before]")
def tracking_app(url, seconds):
    """Set the timeout for the connection only."""
    timeout = httpx.Timeout(None, connect=seconds)
    return with_client(tracking_of, base_url=url, timeout=timeout)


@wrong("10.1.2", caught_by="test_q2_each_application_waits_for_its_own_seconds")
def tracking_app(url, seconds):
    """Take milliseconds for seconds."""
    return with_client(tracking_of, base_url=url, timeout=seconds / 1000)


@wrong("10.1.2", caught_by="test_q2_the_carrier_receives_the_number[Q&A #2]")
def tracking_app(url, seconds):
    """Write the number into the URL."""

    async def read(carrier, number):
        return await tracking_of(carrier, number)

    class Client(httpx.AsyncClient):
        async def get(self, path, params):
            return await super().get(f"{path}?number={params['number']}")

    @asynccontextmanager
    async def lifespan(app):
        async with Client(base_url=url, timeout=seconds) as app.state.carrier:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/shipments/{number}")
    async def read_tracking(number: str) -> Tracking:
        return await tracking_of(app.state.carrier, number)

    return app


@wrong("10.1.2", caught_by="test_q2_each_request_returns_the_tracking_of_the_carrier")
def tracking_app(url, seconds):
    """Return the carrier's JSON with all its fields."""

    async def read(carrier, number):
        return JSONResponse(await tracking_of(carrier, number))

    return with_client(read, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_each_request_returns_the_tracking_of_the_carrier")
def tracking_app(url, seconds):
    """Keep the first response for a number."""
    known = {}

    async def read(carrier, number):
        if number not in known:
            known[number] = await tracking_of(carrier, number)
        return known[number]

    return with_client(read, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_another_error_of_the_carrier_returns_502[503]")
def tracking_app(url, seconds):
    """Return the last known place when the carrier fails."""
    known = {}

    async def read(carrier, number):
        try:
            known[number] = await tracking_of(carrier, number)
        except HTTPException as error:
            if error.status_code != 502 or number not in known:
                raise
        return known[number]

    return with_client(read, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_another_error_of_the_carrier_returns_502[503]")
def tracking_app(url, seconds):
    """Ask again when the carrier fails."""

    async def read(carrier, number):
        for _ in range(2):
            with contextlib.suppress(HTTPException):
                return await tracking_of(carrier, number)
        return await tracking_of(carrier, number)

    return with_client(read, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_the_client_is_open_from_the_start_to_the_shutdown")
def tracking_app(url, seconds):
    """Open the client at the first request."""
    clients = []

    @asynccontextmanager
    async def lifespan(app):
        yield
        while clients:
            await clients.pop().aclose()

    app = FastAPI(lifespan=lifespan)

    @app.get("/shipments/{number}")
    async def read_tracking(number: str) -> Tracking:
        if not clients:
            clients.append(httpx.AsyncClient(base_url=url, timeout=seconds))
        return await tracking_of(clients[0], number)

    return app


@wrong("10.1.2", caught_by="test_q2_each_application_waits_for_its_own_seconds")
def tracking_app(url, seconds):
    """Wait for a fixed time."""
    return with_client(tracking_of, base_url=url, timeout=0.5)


@wrong("10.1.2", caught_by="test_q2_a_silent_carrier_returns_504[connecting]")
def tracking_app(url, seconds):
    """Limit the time for the response only."""
    timeout = httpx.Timeout(None, read=seconds)
    return with_client(tracking_of, base_url=url, timeout=timeout)


@wrong("10.1.2", caught_by="test_q2_a_silent_carrier_returns_504[connecting]")
def tracking_app(url, seconds):
    """Catch only a response that takes too long."""

    async def read(carrier, number):
        try:
            response = await carrier.get("/tracking", params={"number": number})
        except httpx.ReadTimeout:
            raise HTTPException(504)
        except httpx.HTTPError:
            raise HTTPException(502)
        if response.is_error:
            raise HTTPException(404 if response.status_code == 404 else 502)
        return response.json()

    return with_client(read, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_a_connection_that_breaks_returns_502[before]")
def tracking_app(url, seconds):
    """Catch only errors of the network."""
    return with_client(without(httpx.NetworkError), base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_a_connection_that_breaks_returns_502[reset]")
def tracking_app(url, seconds):
    """Catch that the carrier cannot be reached or closes, and forget the reset."""
    caught = without(httpx.ConnectError, httpx.RemoteProtocolError)
    return with_client(caught, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_a_connection_that_breaks_returns_502")
def tracking_app(url, seconds):
    """Ask again after a connection that breaks."""

    async def read(carrier, number):
        try:
            return await without(httpx.ConnectError)(carrier, number)
        except httpx.TransportError:
            return await without(httpx.TransportError)(carrier, number)

    return with_client(read, base_url=url, seconds=seconds)


@wrong("10.1.2", caught_by="test_q2_a_connection_that_breaks_returns_502[within]")
def tracking_app(url, seconds):
    """Read the body outside of the `try`."""

    async def read(carrier, number):
        request = carrier.build_request("GET", "/tracking", params={"number": number})
        try:
            response = await carrier.send(request, stream=True)
        except httpx.TimeoutException:
            raise HTTPException(504)
        except httpx.HTTPError:
            raise HTTPException(502)
        await response.aread()
        if response.is_error:
            raise HTTPException(404 if response.status_code == 404 else 502)
        return response.json()

    return with_client(read, base_url=url, seconds=seconds)


@right("10.1.2")
def tracking_app(url, seconds):
    """Hand the client to the endpoint by a dependency and the state of the lifespan."""

    @asynccontextmanager
    async def lifespan(app):
        carrier = httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(seconds))
        try:
            yield {"carrier": carrier}
        finally:
            await carrier.aclose()

    def get_carrier(request: Request):
        return request.state.carrier

    app = FastAPI(lifespan=lifespan)

    @app.get("/shipments/{number}", response_model=Tracking)
    async def read_tracking(number, carrier=Depends(get_carrier)):
        return await tracking_of(carrier, number)

    return app


@right("10.1.2")
def tracking_app(url, seconds):
    """Stop the request after the time, and handle errors outside of the endpoint."""
    clients = []

    @asynccontextmanager
    async def lifespan(app):
        async with httpx.AsyncClient(timeout=None) as carrier:
            clients.append(carrier)
            yield
            clients.remove(carrier)

    app = FastAPI(lifespan=lifespan)

    def fail(status, _, error):
        return JSONResponse({"detail": type(error).__name__}, status)

    app.exception_handler(TimeoutError)(functools.partial(fail, 504))
    app.exception_handler(httpx.HTTPError)(functools.partial(fail, 502))

    @app.get("/shipments/{number}")
    async def read_tracking(number: str) -> Tracking:
        address = httpx.URL(url).join("/tracking").copy_with(params={"number": number})
        async with asyncio.timeout(seconds):
            response = await clients[0].get(address)
        if response.status_code == 404:
            raise HTTPException(404, "The carrier does not know this shipment.")
        return Tracking(**response.raise_for_status().json())

    return app


@right("10.1.2")
def tracking_app(url, seconds):
    """Put the calls into a class that knows the carrier."""

    class Carrier:
        async def open(self):
            self.http = httpx.AsyncClient(base_url=url)

        async def track(self, number):
            request = self.http.build_request(
                "GET", "tracking", params=[("number", number)], timeout=seconds
            )
            match await self.http.send(request):
                case httpx.Response(status_code=200) as response:
                    return Tracking.model_validate(response.json())
                case httpx.Response(status_code=404):
                    raise HTTPException(404)
                case _:
                    raise HTTPException(502)

    carrier = Carrier()

    @asynccontextmanager
    async def lifespan(app):
        await carrier.open()
        yield
        await carrier.http.aclose()

    app = FastAPI(lifespan=lifespan)

    @app.get("/shipments/{number}")
    async def read_tracking(number: str) -> Tracking:
        try:
            return await carrier.track(number)
        except httpx.TransportError as error:
            is_late = isinstance(error, httpx.TimeoutException)
            raise HTTPException(504 if is_late else 502) from error

    return app


@right("10.1.2")
def tracking_app(url, seconds):
    """Let a hook of the client raise for each error of the carrier."""

    async def check(response):
        response.raise_for_status()

    @asynccontextmanager
    async def lifespan(app):
        hooks = {"response": [check]}
        async with httpx.AsyncClient(
            base_url=url, timeout=seconds, event_hooks=hooks
        ) as app.state.carrier:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.exception_handler(httpx.HTTPError)
    async def fail(request, error):
        status = 504 if isinstance(error, httpx.TimeoutException) else 502
        if isinstance(error, httpx.HTTPStatusError):
            status = 404 if error.response.status_code == 404 else 502
        return JSONResponse({"detail": "carrier"}, status)

    @app.get("/shipments/{number}")
    async def read_tracking(number: str) -> Tracking:
        response = await app.state.carrier.get("/tracking", params={"number": number})
        return Tracking.model_validate_json(response.content)

    return app


def with_scans(add, producer, *, flush=lambda producer: producer.flush()):
    """Return an application whose endpoint is `add(producer, scan)`.

    At the shutdown it calls `flush(producer)`.
    """

    @asynccontextmanager
    async def lifespan(app):
        yield
        flush(producer)

    app = FastAPI(lifespan=lifespan)

    @app.post("/scans", status_code=202)
    async def add_scan(scan: Scan) -> None:
        await add(producer, scan)

    return app


def report_of(scan):
    """Return the callback for a scan."""
    return lambda error, message: report_lost(scan) if error else None


async def send(producer, scan, **options):
    """Send a scan, and look for reports."""
    options.setdefault("key", scan.shipment)
    options.setdefault("on_delivery", report_of(scan))
    producer.produce("scans", scan.model_dump_json(), **options)
    producer.poll(0)


@wrong("10.1.3", caught_by="test_q3_responses_do_not_wait_for_kafka")
def scans_app(kafka):
    """Leave it as it is."""
    producer = Producer(kafka)
    app = FastAPI()

    @app.post("/scans", status_code=202)
    async def add_scan(scan: Scan) -> None:
        producer.produce("scans", scan.model_dump_json())
        producer.flush()

    return app


@wrong("10.1.3", caught_by="test_q3_responses_do_not_wait_for_kafka")
def scans_app(kafka):
    """Flush in another thread, and await it."""

    async def add(producer, scan):
        await send(producer, scan)
        await asyncio.to_thread(producer.flush)

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_responses_do_not_wait_for_kafka")
def scans_app(kafka):
    """Flush in an endpoint that is declared with `def`."""
    producer = Producer(kafka)
    app = FastAPI()

    @app.post("/scans", status_code=202)
    def add_scan(scan: Scan) -> None:
        producer.produce(
            "scans", scan.model_dump_json(), scan.shipment, on_delivery=report_of(scan)
        )
        producer.flush()

    return app


@wrong("10.1.3", caught_by="test_q3_responses_do_not_wait_for_kafka")
def scans_app(kafka):
    """Wait a while for the report of each scan."""

    async def add(producer, scan):
        await send(producer, scan)
        producer.flush(0.3)

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_responses_do_not_wait_for_kafka")
def scans_app(kafka):
    """Call `poll` with a time, which waits if there is no report."""

    async def add(producer, scan):
        await send(producer, scan)
        producer.poll(1)

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_responses_do_not_wait_for_kafka")
def scans_app(kafka):
    """Await the report."""

    async def add(producer, scan):
        loop = asyncio.get_running_loop()
        report = loop.create_future()

        def check(error, message):
            if error:
                report_lost(scan)
            report.set_result(None)

        await send(producer, scan, on_delivery=check)
        while not report.done():
            producer.poll(0)
            await asyncio.sleep(0.01)

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_a_scan_that_kafka_refuses_is_reported")
def scans_app(kafka):
    """Report only that the time of a message is over."""

    async def add(producer, scan):
        def check(error, message):
            if error is not None and error.code() == KafkaError._MSG_TIMED_OUT:
                report_lost(scan)

        await send(producer, scan, on_delivery=check)

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_the_shutdown_waits_until_the_scans_are_stored")
def scans_app(kafka):
    """Do not flush at all."""
    return with_scans(send, Producer(kafka), flush=lambda producer: None)


@wrong("10.1.3", caught_by="test_q3_the_shutdown_waits_until_the_scans_are_stored")
def scans_app(kafka):
    """Only ask for reports at the shutdown."""
    return with_scans(send, Producer(kafka), flush=lambda producer: producer.poll(0))


@wrong("10.1.3", caught_by="test_q3_the_shutdown_waits_until_the_scans_are_stored")
def scans_app(kafka):
    """Give the flush a time that seems to be enough."""
    return with_scans(send, Producer(kafka), flush=lambda producer: producer.flush(10))


@wrong("10.1.3", caught_by="test_q3_the_shutdown_waits_until_the_scans_are_stored")
def scans_app(kafka):
    """Drop what is in the queue."""
    return with_scans(send, Producer(kafka), flush=lambda producer: producer.purge())


@wrong("10.1.3", caught_by="test_q3_the_shutdown_waits_until_the_scans_are_stored")
def scans_app(kafka):
    """Make a producer for each request, and flush another one."""
    others = []

    async def add(producer, scan):
        others.append(Producer(kafka))
        await send(others[-1], scan)

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_the_shutdown_waits_until_the_scans_are_stored")
def scans_app(kafka):
    """Report each scan."""

    async def add(producer, scan):
        await send(producer, scan, on_delivery=lambda *_: report_lost(scan))

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_the_scans_of_a_shipment_keep_their_order")
def scans_app(kafka):
    """Send messages without a key."""

    async def add(producer, scan):
        await send(producer, scan, key=None)

    return with_scans(add, Producer({**kafka, "sticky.partitioning.linger.ms": 0}))


@wrong("10.1.3", caught_by="test_q3_the_scans_of_a_shipment_keep_their_order")
def scans_app(kafka):
    """Send each scan in a background task, which another thread runs."""
    producer = Producer(kafka)

    @asynccontextmanager
    async def lifespan(app):
        yield
        producer.flush()

    app = FastAPI(lifespan=lifespan)

    def add(scan):
        value, report = scan.model_dump_json(), report_of(scan)
        producer.produce("scans", value, scan.shipment, on_delivery=report)
        producer.poll(0)

    @app.post("/scans", status_code=202)
    async def add_scan(scan: Scan, tasks: BackgroundTasks) -> None:
        tasks.add_task(add, scan)

    return app


@wrong("10.1.3", caught_by="test_q3_the_scans_of_a_shipment_keep_their_order")
def scans_app(kafka):
    """Take the place as the key."""

    async def add(producer, scan):
        await send(producer, scan, key=scan.place)

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_the_scans_of_a_shipment_keep_their_order")
def scans_app(kafka):
    """Give all messages the same key."""

    async def add(producer, scan):
        await send(producer, scan, key="scan")

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_the_scans_of_a_shipment_keep_their_order")
def scans_app(kafka):
    """Send everything to the first partition."""

    async def add(producer, scan):
        await send(producer, scan, partition=0)

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_the_scans_of_a_shipment_keep_their_order")
def scans_app(kafka):
    """Use two of the partitions."""

    async def add(producer, scan):
        await send(producer, scan, partition=zlib.crc32(scan.shipment.encode()) % 2)

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_each_lost_scan_is_reported_once_by_the_shutdown")
def scans_app(kafka):
    """Do not look at the reports."""

    async def add(producer, scan):
        await send(producer, scan, on_delivery=None)

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_each_lost_scan_is_reported_once_by_the_shutdown")
def scans_app(kafka):
    """Wait for an exception of `produce`."""

    async def add(producer, scan):
        try:
            await send(producer, scan, on_delivery=None)
        except Exception:
            report_lost(scan)

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_each_lost_scan_is_reported_once_by_the_shutdown")
def scans_app(kafka):
    """Report the scan that was sent last."""
    last = []

    async def add(producer, scan):
        last.append(scan)
        check = lambda error, message: report_lost(last[-1]) if error else None
        await send(producer, scan, on_delivery=check)

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_each_lost_scan_is_reported_once_by_the_shutdown")
def scans_app(kafka):
    """Send a lost scan once more."""

    async def add(producer, scan):
        def check(error, message):
            if error:
                again = report_of(scan)
                producer.produce("scans", message.value(), on_delivery=again)
                report_lost(scan)

        await send(producer, scan, on_delivery=check)

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_each_lost_scan_is_reported_once_by_the_shutdown")
def scans_app(kafka):
    """Report the text of the message."""

    async def add(producer, scan):
        def check(error, message):
            if error:
                report_lost(message.value())

        await send(producer, scan, on_delivery=check)

    return with_scans(add, Producer(kafka))


@wrong("10.1.3", caught_by="test_q3_a_lost_scan_is_reported_before_the_shutdown")
def scans_app(kafka):
    """Look for reports at the shutdown only."""

    async def add(producer, scan):
        value = scan.model_dump_json()
        producer.produce("scans", value, scan.shipment, on_delivery=report_of(scan))

    return with_scans(add, Producer(kafka))


the_producer = {}


@wrong("10.1.3", caught_by="test_q3_a_lost_scan_is_reported_before_the_shutdown")
def scans_app(kafka):
    """Share one producer between all applications."""
    return with_scans(send, the_producer.setdefault("scans", Producer(kafka)))


@right("10.1.3")
def scans_app(kafka):
    """Look for reports in a thread; one callback for all messages."""

    def check(error, message):
        if error is not None:
            report_lost(Scan.model_validate_json(message.value()))

    producer = Producer({**kafka, "on_delivery": check})
    over = threading.Event()

    def poll():
        while not over.is_set():
            producer.poll(0.05)

    @asynccontextmanager
    async def lifespan(app):
        thread = threading.Thread(target=poll)
        thread.start()
        try:
            yield
        finally:
            await asyncio.to_thread(producer.flush)
            over.set()
            thread.join()

    app = FastAPI(lifespan=lifespan)

    @app.post("/scans", status_code=202)
    def add_scan(scan: Scan) -> None:
        producer.produce("scans", scan.model_dump_json().encode(), scan.shipment)

    return app


@right("10.1.3")
def scans_app(kafka):
    """Use the producer for asyncio."""
    waiting = set()

    async def watch(scan, report):
        try:
            await report
        except Exception:
            report_lost(scan)

    @asynccontextmanager
    async def lifespan(app):
        producer = AIOProducer(dict(kafka))
        yield {"producer": producer}
        await producer.flush()
        await asyncio.gather(*waiting)
        await producer.close()

    app = FastAPI(lifespan=lifespan)

    @app.post("/scans", status_code=202)
    async def add_scan(request: Request, scan: Scan) -> None:
        report = await request.state.producer.produce(
            "scans", value=scan.model_dump_json(), key=scan.shipment
        )
        task = asyncio.create_task(watch(scan, report))
        waiting.add(task)
        task.add_done_callback(waiting.discard)

    return app


@right("10.1.3")
def scans_app(kafka):
    """Look for reports in a task; compute the partition from the shipment."""
    producer = Producer(kafka)

    async def poll():
        while True:
            producer.poll(0)
            await asyncio.sleep(0.02)

    @asynccontextmanager
    async def lifespan(app):
        task = asyncio.create_task(poll())
        yield
        task.cancel()
        while len(producer):
            await asyncio.to_thread(producer.flush, 1)

    app = FastAPI(lifespan=lifespan)

    @app.post("/scans", status_code=202)
    async def add_scan(scan: Scan) -> None:
        producer.produce(
            "scans",
            json.dumps(scan.model_dump()),
            partition=zlib.crc32(scan.shipment.encode()) % 4,
            on_delivery=functools.partial(
                lambda scan, error, _: error and report_lost(scan), scan
            ),
        )

    return app


@right("10.1.3")
def scans_app(kafka):
    """Look for reports after the response; keep everything in a class."""

    class Scans:
        def __init__(self):
            self.producer = Producer(kafka)

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            self.producer.flush(-1)

        def send(self, scan):
            message = scan.model_dump_json(), scan.shipment.encode()
            self.producer.produce("scans", *message, callback=report_of(scan))

    scans = Scans()

    @asynccontextmanager
    async def lifespan(app):
        async with scans:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/scans", status_code=202)
    async def add_scan(scan: Scan, tasks: BackgroundTasks) -> None:
        scans.send(scan)
        tasks.add_task(scans.producer.poll, 0)

    return app
