"""Other answers to section 10.3."""

import json
import os
from contextlib import asynccontextmanager
from hashlib import sha256
from itertools import count
from uuid import uuid5, NAMESPACE_URL

from fastapi import APIRouter, BackgroundTasks, Depends, Request
from redis.exceptions import ResponseError

from contextlib import asynccontextmanager
import asyncio
import random
import time
import uuid
from sensei.variants import right, wrong


@wrong("10.3.1", caught_by="test_q1_a_quote_has_the_price_of_the_prices_service")
def quotes_app(environ):
    """Type in the address."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        async with httpx.AsyncClient(base_url="http://127.0.0.1:8001") as prices:
            response = await prices.get(f"/prices/{kilograms}")
        return Quote(kilograms=kilograms, cents=response.json()["cents"])

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong("10.3.1", caught_by="test_q1_a_quote_has_the_price_of_the_prices_service")
def quotes_app(environ):
    """Read the environment of the process."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        async with httpx.AsyncClient(
            base_url=os.environ.get("PRICES_URL", "http://prices")
        ) as prices:
            response = await prices.get(f"/prices/{kilograms}")
        return Quote(kilograms=kilograms, cents=response.json()["cents"])

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong("10.3.1", caught_by="test_q1_a_quote_has_the_price_of_the_prices_service")
def quotes_app(environ):
    """Forget the first `await`."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as prices:
            response = prices.get(f"/prices/{kilograms}")
        return Quote(kilograms=kilograms, cents=response.json()["cents"])

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong("10.3.1", caught_by="test_q1_a_field_that_is_added_later_changes_no_quote")
def quotes_app(environ):
    """Return all fields of the prices service."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> dict:
        async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as prices:
            response = await prices.get(f"/prices/{kilograms}")
        return {"kilograms": kilograms, **response.json()}

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong("10.3.1", caught_by="test_q1_a_quote_has_the_price_of_the_prices_service")
def quotes_app(environ):
    """Return the response of the prices service only."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int):
        async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as prices:
            response = await prices.get(f"/prices/{kilograms}")
        return response.json()

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong(
    "10.3.1",
    caught_by="test_q1_a_quote_has_the_price_of_the_prices_service[40000-4000]",
)
def quotes_app(environ):
    """Know the prices."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        cents = {3: 890, 1: 450}.get(kilograms, kilograms * 300)
        return Quote(kilograms=kilograms, cents=cents)

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong("10.3.1", caught_by="test_q1_a_quote_has_the_price_of_the_prices_service")
def quotes_app(environ):
    """Ask twice."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as prices:
            await prices.get(f"/prices/{kilograms}")
            response = await prices.get(f"/prices/{kilograms}")
        return Quote(kilograms=kilograms, cents=response.json()["cents"])

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong("10.3.1", caught_by="test_q1_each_request_asks_for_the_price")
def quotes_app(environ):
    """Keep the prices."""
    app = FastAPI()
    known = {}

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        if kilograms not in known:
            async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as prices:
                response = await prices.get(f"/prices/{kilograms}")
            known[kilograms] = response.json()["cents"]
        return Quote(kilograms=kilograms, cents=known[kilograms])

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong("10.3.1", caught_by="test_q1_each_service_has_its_own_configuration")
def quotes_app(environ):
    """Keep the address in the module."""
    app = FastAPI()
    global PRICES_URL
    PRICES_URL = environ["PRICES_URL"]

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        async with httpx.AsyncClient(base_url=PRICES_URL) as prices:
            response = await prices.get(f"/prices/{kilograms}")
        return Quote(kilograms=kilograms, cents=response.json()["cents"])

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong("10.3.1", caught_by="test_q1_a_weight_that_is_no_integer_returns_422")
def quotes_app(environ):
    """Take any text as the weight."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: str) -> Quote:
        async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as prices:
            response = await prices.get(f"/prices/{kilograms}")
        return Quote(kilograms=kilograms, cents=response.json()["cents"])

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong("10.3.1", caught_by="test_q1_a_weight_that_is_no_integer_returns_422")
def quotes_app(environ):
    """Take any number as the weight."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: float) -> Quote:
        async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as prices:
            response = await prices.get(f"/prices/{int(kilograms)}")
        return Quote(kilograms=int(kilograms), cents=response.json()["cents"])

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong(
    "10.3.1",
    caught_by="test_q1_the_service_is_healthy_while_the_prices_service_is_stopped",
)
def quotes_app(environ):
    """Ask the prices service whether it is healthy."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as prices:
            response = await prices.get(f"/prices/{kilograms}")
        return Quote(kilograms=kilograms, cents=response.json()["cents"])

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as prices:
            await prices.get("/health")
        return {"status": "ok"}

    return app


@wrong(
    "10.3.1",
    caught_by="test_q1_the_service_is_healthy_while_the_prices_service_is_stopped",
)
def quotes_app(environ):
    """Say that the service is not healthy."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as prices:
            response = await prices.get(f"/prices/{kilograms}")
        return Quote(kilograms=kilograms, cents=response.json()["cents"])

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        try:
            async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as prices:
                await prices.get("/health")
        except httpx.HTTPError:
            return {"status": "prices is down"}
        return {"status": "ok"}

    return app


@wrong(
    "10.3.1",
    caught_by="test_q1_the_service_is_healthy_while_the_prices_service_is_stopped",
)
def quotes_app(environ):
    """Forget the health endpoint."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as prices:
            response = await prices.get(f"/prices/{kilograms}")
        return Quote(kilograms=kilograms, cents=response.json()["cents"])

    return app


@wrong(
    "10.3.1",
    caught_by="test_q1_the_service_is_healthy_while_the_prices_service_is_stopped",
)
def quotes_app(environ):
    """Return text."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as prices:
            response = await prices.get(f"/prices/{kilograms}")
        return Quote(kilograms=kilograms, cents=response.json()["cents"])

    @app.get("/health")
    def read_health() -> str:
        return "ok"

    return app


@wrong("10.3.1", caught_by="test_q1_the_service_is_healthy_while_a_quote_waits")
def quotes_app(environ):
    """Block the event loop."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        response = httpx.get(f"{environ['PRICES_URL']}/prices/{kilograms}", timeout=60)
        return Quote(kilograms=kilograms, cents=response.json()["cents"])

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@right("10.3.1")
def quotes_app(environ):
    """Take a thread of the pool."""
    url = environ["PRICES_URL"]
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    def read_quote(kilograms: int) -> Quote:
        response = httpx.get(f"{url}/prices/{kilograms}")
        return Quote.model_validate(response.json() | {"kilograms": kilograms})

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@right("10.3.1")
def quotes_app(environ):
    """Open one client at the start."""

    @asynccontextmanager
    async def lifespan(app):
        async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as prices:
            yield {"prices": prices}

    app = FastAPI(lifespan=lifespan)

    router = APIRouter()

    @router.get("/quotes/{kilograms}", response_model=Quote)
    async def read_quote(kilograms: int, request: Request):
        response = await request.state.prices.get(f"/prices/{kilograms}")
        return response.json() | {"kilograms": kilograms}

    app.include_router(router)

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong("10.3.1", caught_by="test_q1_a_quote_has_the_price_of_the_prices_service")
def quotes_app(environ: Mapping[str, str]) -> FastAPI:
    """Take the first address."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        async with httpx.AsyncClient(base_url=next(iter(environ.values()))) as client:
            response = await client.get(f"/prices/{kilograms}")
        return Quote(kilograms=kilograms, cents=response.json()["cents"])

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong("10.3.1", caught_by="test_q1_a_field_that_is_added_later_changes_no_quote")
def quotes_app(environ: Mapping[str, str]) -> FastAPI:
    """Take the last value of the response."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as client:
            response = await client.get(f"/prices/{kilograms}")
        return Quote(kilograms=kilograms, cents=list(response.json().values())[-1])

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong(
    "10.3.1", caught_by="test_q1_a_field_that_is_added_later_changes_no_quote[added1]"
)
def quotes_app(environ: Mapping[str, str]) -> FastAPI:
    """Let the response win."""
    app = FastAPI()

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as client:
            response = await client.get(f"/prices/{kilograms}")
        return Quote(**{"kilograms": kilograms, **response.json()})

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong(
    "10.3.1",
    caught_by="test_q1_the_service_is_healthy_while_the_prices_service_is_stopped",
)
def quotes_app(environ: Mapping[str, str]) -> FastAPI:
    """Ask the prices service at the start."""

    @asynccontextmanager
    async def lifespan(app):
        httpx.get(environ["PRICES_URL"])
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        async with httpx.AsyncClient(base_url=environ["PRICES_URL"]) as client:
            response = await client.get(f"/prices/{kilograms}")
        return Quote(kilograms=kilograms, cents=response.json()["cents"])

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@right("10.3.1")
def quotes_app(environ: Mapping[str, str]) -> FastAPI:
    """Call a blocking function in a thread."""
    app = FastAPI()
    url = environ["PRICES_URL"]

    @app.get("/quotes/{kilograms}")
    async def read_quote(kilograms: int) -> Quote:
        response = await asyncio.to_thread(
            httpx.get, f"{url}/prices/{kilograms}", timeout=None
        )
        return Quote(kilograms=kilograms, cents=response.json()["cents"])

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@wrong(
    "10.3.2", caught_by="test_q2_sync_returns_503_if_the_labels_service_fails[stopped]"
)
class LabelsGateway:
    """Let the exception through."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong(
    "10.3.2", caught_by="test_q2_sync_returns_503_if_the_labels_service_fails[silent]"
)
class LabelsGateway:
    """Catch the connection that is refused only."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except (httpx.ConnectError, httpx.HTTPStatusError):
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong(
    "10.3.2", caught_by="test_q2_sync_returns_503_if_the_labels_service_fails[stopped]"
)
class LabelsGateway:
    """Catch the errors that the service returns only."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPStatusError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong("10.3.2", caught_by="test_q2_sync_returns_503_if_the_labels_service_fails[500]")
class LabelsGateway:
    """Do not look at the status code."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong("10.3.2", caught_by="test_q2_sync_returns_503_if_the_labels_service_fails[400]")
class LabelsGateway:
    """Look for 5xx only."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            if response.status_code >= 500:
                raise HTTPException(503)
            if response.status_code >= 400:
                raise HTTPException(response.status_code)
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong(
    "10.3.2", caught_by="test_q2_sync_returns_503_if_the_labels_service_fails[silent]"
)
class LabelsGateway:
    """Return 504."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(504) from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong("10.3.2", caught_by="test_q2_sync_waits_for_the_labels_service")
class LabelsGateway:
    """Return a label before it is drawn."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            import asyncio

            task = asyncio.create_task(
                self.labels.post("/labels", json=shipment.model_dump())
            )
            self.tasks = [task]
            return Label(url=f"https://labels.example/{shipment.number}.pdf")

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong(
    "10.3.2",
    caught_by="test_q2_async_stores_a_message_and_does_not_contact_the_service[none]",
)
class LabelsGateway:
    """Send the request in a background task."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment, tasks: BackgroundTasks) -> None:
            tasks.add_task(self.labels.post, "/labels", json=shipment.model_dump())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong(
    "10.3.2",
    caught_by="test_q2_async_stores_a_message_and_does_not_contact_the_service[none]",
)
class LabelsGateway:
    """Send the request, too."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())
            await self.labels.post("/labels", json=shipment.model_dump())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong(
    "10.3.2",
    caught_by="test_q2_async_stores_a_message_and_does_not_contact_the_service[none]",
)
class LabelsGateway:
    """Keep the messages in memory."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker
        self.messages = []

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            self.messages.append(shipment)

        return app

    async def print_labels(self):
        while self.messages:
            shipment = self.messages[0]
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            self.messages.pop(0)


@wrong(
    "10.3.2",
    caught_by="test_q2_async_stores_a_message_and_does_not_contact_the_service[none]",
)
class LabelsGateway:
    """Publish the message to subscribers."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.publish("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong(
    "10.3.2",
    caught_by="test_q2_async_stores_a_message_and_does_not_contact_the_service[none]",
)
class LabelsGateway:
    """Forget an `await`."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            self.broker.rpush("labels", shipment.model_dump_json()).close()

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong("10.3.2", caught_by="test_q2_print_labels_reads_the_messages_from_redis")
class LabelsGateway:
    """Keep the messages in memory, and a copy in Redis."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker
        self.messages = []

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            self.messages.append(shipment)
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while self.messages:
            shipment = self.messages[0]
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            self.messages.pop(0)


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once[5]")
class LabelsGateway:
    """Take the last message first."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.lpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once[5]")
class LabelsGateway:
    """Remove the message at the other end."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.rpop("labels")


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once[5]")
class LabelsGateway:
    """Store the messages in a set."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.sadd("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while texts := await self.broker.smembers("labels"):
            text = sorted(texts)[0]
            response = await self.labels.post("/labels", json=json.loads(text))
            response.raise_for_status()
            await self.broker.srem("labels", text)


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once[5]")
class LabelsGateway:
    """Store one message for each number."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.hset(
                "labels", shipment.number, shipment.model_dump_json()
            )

        return app

    async def print_labels(self):
        while texts := await self.broker.hgetall("labels"):
            number, text = next(iter(texts.items()))
            response = await self.labels.post("/labels", json=json.loads(text))
            response.raise_for_status()
            await self.broker.hdel("labels", number)


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once")
class LabelsGateway:
    """Do not remove the messages."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        for text in await self.broker.lrange("labels", 0, -1):
            response = await self.labels.post("/labels", json=json.loads(text))
            response.raise_for_status()


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once[1]")
class LabelsGateway:
    """Wait for messages forever."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while True:
            text = await self.broker.lindex("labels", 0)
            if text is None:
                import asyncio

                await asyncio.sleep(0.05)
                continue
            response = await self.labels.post("/labels", json=json.loads(text))
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once[5]")
class LabelsGateway:
    """Process one message only."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        if text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once[1]")
class LabelsGateway:
    """Fail if there is no message."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while await self.broker.exists("labels"):
            text = await self.broker.lindex("labels", 0)
            response = await self.labels.post("/labels", json=json.loads(text))
            response.raise_for_status()
            await self.broker.lpop("labels")
        raise IndexError


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once")
class LabelsGateway:
    """Send the weight as text."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.xadd("labels", shipment.model_dump())

        return app

    async def print_labels(self):
        while messages := await self.broker.xrange("labels", count=1):
            key, fields = messages[0]
            response = await self.labels.post("/labels", json=fields)
            response.raise_for_status()
            await self.broker.xdel("labels", key)


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once")
class LabelsGateway:
    """Send the JSON as a JSON string."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=text)
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once")
class LabelsGateway:
    """Send the text without its content type."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", content=text)
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong(
    "10.3.2", caught_by="test_q2_print_labels_processes_what_is_stored_while_it_runs"
)
class LabelsGateway:
    """Read the messages once."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        for text in await self.broker.lrange("labels", 0, -1):
            response = await self.labels.post("/labels", json=json.loads(text))
            response.raise_for_status()
            await self.broker.lpop("labels")


@wrong("10.3.2", caught_by="test_q2_after_a_failure_the_same_message_is_next[500]")
class LabelsGateway:
    """Remove the messages at the end."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        texts = await self.broker.lrange("labels", 0, -1)
        for text in texts:
            response = await self.labels.post("/labels", json=json.loads(text))
            response.raise_for_status()
        await self.broker.delete("labels")
        if texts:
            await self.print_labels()


@wrong("10.3.2", caught_by="test_q2_after_a_failure_the_same_message_is_next[500]")
class LabelsGateway:
    """Do not look at the response."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            await self.broker.lpop("labels")


@wrong("10.3.2", caught_by="test_q2_after_a_failure_the_same_message_is_next[400]")
class LabelsGateway:
    """Drop a message that is refused."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            if response.status_code >= 500:
                response.raise_for_status()
            await self.broker.lpop("labels")


@wrong("10.3.2", caught_by="test_q2_after_a_failure_the_same_message_is_next[500]")
class LabelsGateway:
    """Go on with the next message."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        for _ in range(await self.broker.llen("labels")):
            text = await self.broker.lpop("labels")
            try:
                response = await self.labels.post("/labels", json=json.loads(text))
                response.raise_for_status()
            except httpx.HTTPError:
                await self.broker.rpush("labels", text)


@wrong("10.3.2", caught_by="test_q2_after_a_failure_the_same_message_is_next[500]")
class LabelsGateway:
    """Stop without an exception."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            try:
                response = await self.labels.post("/labels", json=json.loads(text))
                response.raise_for_status()
            except httpx.HTTPError:
                return
            await self.broker.lpop("labels")


@wrong("10.3.2", caught_by="test_q2_after_a_failure_the_same_message_is_next[500]")
class LabelsGateway:
    """Raise an HTTPException."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lindex("labels", 0):
            try:
                response = await self.labels.post("/labels", json=json.loads(text))
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503)
            await self.broker.lpop("labels")


@wrong("10.3.2", caught_by="test_q2_after_a_failure_the_same_message_is_next[500]")
class LabelsGateway:
    """Store a message that failed at the end."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lpop("labels"):
            try:
                response = await self.labels.post("/labels", json=json.loads(text))
                response.raise_for_status()
            except httpx.HTTPError:
                await self.broker.rpush("labels", text)
                raise


@wrong("10.3.2", caught_by="test_q2_a_stopped_labels_service_loses_no_message")
class LabelsGateway:
    """Remove the message, then send it."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lpop("labels"):
            response = await self.labels.post("/labels", json=json.loads(text))
            response.raise_for_status()


@wrong(
    "10.3.2", caught_by="test_q2_a_message_stays_until_the_labels_service_has_returned"
)
class LabelsGateway:
    """Remove the message, and put it back after a failure."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while text := await self.broker.lpop("labels"):
            try:
                response = await self.labels.post("/labels", json=json.loads(text))
                response.raise_for_status()
            except httpx.HTTPError:
                await self.broker.lpush("labels", text)
                raise


@right("10.3.2")
class LabelsGateway:
    """Take a stream."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.xadd("shipments", {"json": shipment.model_dump_json()})

        return app

    async def print_labels(self):
        while messages := await self.broker.xrange("shipments", count=10):
            for key, fields in messages:
                response = await self.labels.post(
                    "/labels",
                    content=fields["json"],
                    headers={"Content-Type": "application/json"},
                )
                response.raise_for_status()
                await self.broker.xdel("shipments", key)


@right("10.3.2")
class LabelsGateway:
    """Take a stream with a consumer group."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
            except httpx.TransportError as error:
                raise HTTPException(503) from error
            if response.status_code != 200:
                raise HTTPException(503)
            return Label.model_validate_json(response.content)

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.xadd(
                "s", {"number": shipment.number, "grams": shipment.grams}
            )

        return app

    async def print_labels(self):
        try:
            await self.broker.xgroup_create("s", "printers", id="0", mkstream=True)
        except ResponseError:
            pass  # it exists
        while message := await self.first("0") or await self.first(">"):
            key, fields = message
            shipment = Shipment(**fields)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.xack("s", "printers", key)
            await self.broker.xdel("s", key)

    async def first(self, start):
        """Return a message that is not acknowledged, or a new one."""
        read = await self.broker.xreadgroup("printers", "one", {"s": start}, count=1)
        for _, messages in read.items() if isinstance(read, dict) else read:
            messages = messages[0] if isinstance(read, dict) else messages
            if messages:
                return messages[0]


@right("10.3.2")
class LabelsGateway:
    """Move each message to a list of its own first."""

    def __init__(self, labels, broker):
        self.labels = labels
        self.broker = broker

    def create_app(self):
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503, "The labels service failed.") from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.lpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self):
        while True:
            text = await self.broker.lindex("in work", 0)
            text = text or await self.broker.lmove("labels", "in work", "RIGHT", "LEFT")
            if text is None:
                return
            response = await self.labels.post("/labels", json=json.loads(text))
            if response.is_error:
                raise httpx.HTTPStatusError(
                    "failed", request=response.request, response=response
                )
            await self.broker.delete("in work")


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once[5]")
class LabelsGateway:
    """Store one body for each number, and all numbers."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503)
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.hset("q", shipment.number, shipment.model_dump_json())
            await self.broker.rpush("ids", shipment.number)

        return app

    async def print_labels(self) -> None:
        while ident := await self.broker.lindex("ids", 0):
            await self.send(await self.broker.hget("q", ident))
            await self.broker.lpop("ids")

    async def send(self, text):
        r = await self.labels.post(
            "/labels", content=text, headers={"Content-Type": "application/json"}
        )
        r.raise_for_status()
        return r


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once[5]")
class LabelsGateway:
    """Join the fields with a colon."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503)
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", f"{shipment.number}:{shipment.grams}")

        return app

    async def print_labels(self) -> None:
        while text := await self.broker.lindex("labels", 0):
            number, grams = text.split(":")
            await self.send(Shipment(number=number, grams=grams).model_dump_json())
            await self.broker.lpop("labels")

    async def send(self, text):
        r = await self.labels.post(
            "/labels", content=text, headers={"Content-Type": "application/json"}
        )
        r.raise_for_status()
        return r


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once[5]")
class LabelsGateway:
    """Remove all equal messages."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503)
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self) -> None:
        while text := await self.broker.lindex("labels", 0):
            await self.send(text)
            await self.broker.lrem("labels", 0, text)

    async def send(self, text):
        r = await self.labels.post(
            "/labels", content=text, headers={"Content-Type": "application/json"}
        )
        r.raise_for_status()
        return r


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once[15]")
class LabelsGateway:
    """Sort the keys as text."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503)
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            number = await self.broker.incr("n")
            await self.broker.set(f"label:{number}", shipment.model_dump_json())

        return app

    async def print_labels(self) -> None:
        while names := sorted(await self.broker.keys("label:*")):
            await self.send(await self.broker.get(names[0]))
            await self.broker.delete(names[0])

    async def send(self, text):
        r = await self.labels.post(
            "/labels", content=text, headers={"Content-Type": "application/json"}
        )
        r.raise_for_status()
        return r


@wrong(
    "10.3.2",
    caught_by="test_q2_print_labels_sends_the_messages_of_all_instances_in_order",
)
class LabelsGateway:
    """Number the messages in the instance."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker
        self.n = 0

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503)
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            self.n += 1
            await self.broker.zadd(
                "q", {uuid.uuid4().hex + shipment.model_dump_json(): self.n}
            )

        return app

    async def print_labels(self) -> None:
        while first := await self.broker.zrange("q", 0, 0):
            await self.send(first[0][32:])
            await self.broker.zrem("q", first[0])

    async def send(self, text):
        r = await self.labels.post(
            "/labels", content=text, headers={"Content-Type": "application/json"}
        )
        r.raise_for_status()
        return r


@wrong(
    "10.3.2", caught_by="test_q2_a_message_stays_until_the_labels_service_has_returned"
)
class LabelsGateway:
    """Remove the message, and put it back whatever happens."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503)
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self) -> None:
        while text := await self.broker.lpop("labels"):
            try:
                await self.send(text)
            except BaseException:
                await self.broker.lpush("labels", text)
                raise

    async def send(self, text):
        r = await self.labels.post(
            "/labels", content=text, headers={"Content-Type": "application/json"}
        )
        r.raise_for_status()
        return r


@wrong("10.3.2", caught_by="test_q2_sync_returns_503_if_the_labels_service_fails[400]")
class LabelsGateway:
    """Take 400 for a success."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
            except httpx.TransportError:
                raise HTTPException(503)
            if response.status_code > 400:
                raise HTTPException(503)
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("labels", shipment.model_dump_json())

        return app

    async def print_labels(self) -> None:
        while (text := await self.broker.lindex("labels", 0)) is not None:
            shipment = Shipment.model_validate_json(text)
            response = await self.labels.post("/labels", json=shipment.model_dump())
            response.raise_for_status()
            await self.broker.lpop("labels")


@right("10.3.2")
class LabelsGateway:
    """Keep the IDs in a list, and the bodies in a hash."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503)
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            ident = uuid.uuid4().hex
            async with self.broker.pipeline(transaction=True) as pipe:
                pipe.hset("bodies", ident, shipment.model_dump_json())
                pipe.rpush("ids", ident)
                await pipe.execute()

        return app

    async def print_labels(self) -> None:
        async def first():
            return await self.broker.lindex("ids", 0)

        ident = await first()
        while ident:
            await self.send(await self.broker.hget("bodies", ident))
            async with self.broker.pipeline(transaction=True) as pipe:
                pipe.lpop("ids")
                pipe.hdel("bodies", ident)
                await pipe.execute()
            ident = await first()

    async def send(self, text):
        r = await self.labels.post(
            "/labels", content=text, headers={"Content-Type": "application/json"}
        )
        r.raise_for_status()
        return r


@right("10.3.2")
class LabelsGateway:
    """Take a sorted set, with a counter in Redis."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503)
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            number = await self.broker.incr("n")
            await self.broker.zadd(
                "q", {f"{number}|{shipment.model_dump_json()}": number}
            )

        return app

    async def print_labels(self) -> None:
        while first := await self.broker.zrange("q", 0, 0):
            await self.send(first[0].split("|", 1)[1])
            await self.broker.zrem("q", first[0])

    async def send(self, text):
        r = await self.labels.post(
            "/labels", content=text, headers={"Content-Type": "application/json"}
        )
        r.raise_for_status()
        return r


@wrong("10.3.3", caught_by="test_q3_a_payment_that_is_refused_is_not_repeated")
def bookings_app(payments, seconds):
    """Leave it as it is: a payment that is refused."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        response = await payments.post("/charges", json=booking.model_dump())
        if response.status_code == 402:
            raise HTTPException(402)
        return Charge(**response.json())

    return app


@wrong("10.3.3", caught_by="test_q3_two_requests_with_the_same_body_charge_twice")
def bookings_app(payments, seconds):
    """Leave it as it is: two requests."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        response = await payments.post("/charges", json=booking.model_dump())
        if response.status_code == 402:
            raise HTTPException(402)
        return Charge(**response.json())

    return app


@wrong("10.3.3", caught_by="test_q3_a_stopped_payments_service_returns_503")
def bookings_app(payments, seconds):
    """Leave it as it is: a service that is stopped."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        response = await payments.post("/charges", json=booking.model_dump())
        if response.status_code == 402:
            raise HTTPException(402)
        return Charge(**response.json())

    return app


@wrong("10.3.3", caught_by="test_q3_the_third_failure_returns_503[broken]")
def bookings_app(payments, seconds):
    """Leave it as it is: a service that fails."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        response = await payments.post("/charges", json=booking.model_dump())
        if response.status_code == 402:
            raise HTTPException(402)
        return Charge(**response.json())

    return app


@wrong("10.3.3", caught_by="test_q3_a_booking_passes_on_its_request_id")
def bookings_app(payments, seconds):
    """Send no request ID."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"Idempotency-Key": str(uuid4())}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong("10.3.3", caught_by="test_q3_a_booking_passes_on_its_request_id")
def bookings_app(payments, seconds):
    """Make a new request ID."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": str(uuid4()), "Idempotency-Key": str(uuid4())}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong("10.3.3", caught_by="test_q3_a_booking_passes_on_its_request_id")
def bookings_app(payments, seconds):
    """Send the request ID under another name."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong(
    "10.3.3",
    caught_by="test_q3_a_failed_attempt_is_repeated_and_charged_once[broken-1]",
)
def bookings_app(payments, seconds):
    """Send the request ID with the first attempt only."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(3):
            if _:
                headers.pop("X-Request-ID", None)
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong(
    "10.3.3",
    caught_by="test_q3_a_failed_attempt_is_repeated_and_charged_once[broken-1]",
)
def bookings_app(payments, seconds):
    """Send no key."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong(
    "10.3.3",
    caught_by="test_q3_a_failed_attempt_is_repeated_and_charged_once[broken-1]",
)
def bookings_app(payments, seconds):
    """Make a new key for each attempt."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id}
        for _ in range(3):
            headers["Idempotency-Key"] = str(uuid4())
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong(
    "10.3.3",
    caught_by="test_q3_a_failed_attempt_is_repeated_and_charged_once[broken-1]",
)
def bookings_app(payments, seconds):
    """Set a timeout, and do not repeat."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(1):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong(
    "10.3.3",
    caught_by="test_q3_a_failed_attempt_is_repeated_and_charged_once[silent-1]",
)
def bookings_app(payments, seconds):
    """Set no timeout."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges", json=booking.model_dump(), headers=headers, timeout=None
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong(
    "10.3.3",
    caught_by="test_q3_a_slow_response_within_the_time_is_no_failure",
)
def bookings_app(payments, seconds):
    """Type in the timeout."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges", json=booking.model_dump(), headers=headers, timeout=0.5
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong(
    "10.3.3",
    caught_by="test_q3_a_booking_passes_on_its_request_id",
)
def bookings_app(payments, seconds):
    """Send a form."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    data=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong(
    "10.3.3",
    caught_by="test_q3_a_failed_attempt_is_repeated_and_charged_once[broken-1]",
)
def bookings_app(payments, seconds):
    """Repeat after a timeout only."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TimeoutException:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong(
    "10.3.3",
    caught_by="test_q3_a_failed_attempt_is_repeated_and_charged_once[silent-1]",
)
def bookings_app(payments, seconds):
    """Repeat after a connection that fails only."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.NetworkError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong(
    "10.3.3",
    caught_by="test_q3_a_failed_attempt_is_repeated_and_charged_once[broken-2]",
)
def bookings_app(payments, seconds):
    """Make two attempts."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(2):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong("10.3.3", caught_by="test_q3_the_third_failure_returns_503[broken]")
def bookings_app(payments, seconds):
    """Make four attempts."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(4):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong("10.3.3", caught_by="test_q3_the_third_failure_returns_503")
def bookings_app(payments, seconds):
    """Return 504."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(504, "The payments service failed.")

    return app


@wrong("10.3.3", caught_by="test_q3_the_third_failure_returns_503[broken]")
def bookings_app(payments, seconds):
    """Let the third exception through."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                if _ == 2:
                    raise
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong("10.3.3", caught_by="test_q3_the_third_failure_returns_503")
def bookings_app(payments, seconds):
    """Repeat until it succeeds."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        while True:
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong("10.3.3", caught_by="test_q3_a_stopped_payments_service_returns_503")
def bookings_app(payments, seconds):
    """Forget that a connection can be refused."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except (httpx.ReadError, httpx.RemoteProtocolError, httpx.TimeoutException):
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong("10.3.3", caught_by="test_q3_two_requests_with_the_same_body_charge_twice")
def bookings_app(payments, seconds):
    """Make one key for the application."""
    app = FastAPI()
    key = str(uuid4())

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": key}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong("10.3.3", caught_by="test_q3_two_requests_with_the_same_body_charge_twice")
def bookings_app(payments, seconds):
    """Make the key of the body."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {
            "X-Request-ID": x_request_id,
            "Idempotency-Key": sha256(booking.model_dump_json().encode()).hexdigest(),
        }
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong("10.3.3", caught_by="test_q3_two_requests_with_the_same_body_charge_twice")
def bookings_app(payments, seconds):
    """Make the customer the key."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": booking.customer}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong("10.3.3", caught_by="test_q3_two_requests_with_the_same_body_charge_twice")
def bookings_app(payments, seconds):
    """Number the bookings from 1 after each start."""
    app = FastAPI()
    numbers = count(1)

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(next(numbers))}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong("10.3.3", caught_by="test_q3_a_payment_that_is_refused_is_not_repeated")
def bookings_app(payments, seconds):
    """Repeat also what was refused."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                continue
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong("10.3.3", caught_by="test_q3_a_payment_that_is_refused_is_not_repeated")
def bookings_app(payments, seconds):
    """Return 503 for a payment that is refused."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(503)
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@wrong("10.3.3", caught_by="test_q3_a_payment_that_is_refused_is_not_repeated")
def bookings_app(payments, seconds):
    """Forget the payment that is refused."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(uuid4())}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            return Charge(**response.json())
        raise HTTPException(503, "The payments service failed.")

    return app


@right("10.3.3")
def bookings_app(payments, seconds):
    """Take the request ID as the key, and a timeout of asyncio."""
    app = FastAPI()
    import asyncio

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        for attempt in (1, 2, 3):
            try:
                async with asyncio.timeout(seconds):
                    response = await payments.post(
                        "/charges",
                        content=booking.model_dump_json(),
                        headers={
                            "x-request-id": x_request_id,
                            "idempotency-key": x_request_id,
                            "content-type": "application/json",
                        },
                    )
            except (TimeoutError, httpx.RequestError):
                await asyncio.sleep(0.01 * attempt)
            else:
                break
        else:
            raise HTTPException(status_code=503)
        if response.is_client_error:
            raise HTTPException(response.status_code)
        return Charge.model_validate(response.json())

    return app


@right("10.3.3")
def bookings_app(payments, seconds):
    """Call a function again."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        async def charge(left):
            if not left:
                raise HTTPException(503)
            try:
                request = payments.build_request(
                    "POST",
                    "/charges",
                    json=dict(booking),
                    headers=headers,
                    timeout=seconds,
                )
                return await payments.send(request)
            except (
                httpx.TimeoutException,
                httpx.NetworkError,
                httpx.RemoteProtocolError,
            ):
                return await charge(left - 1)

        headers = {
            "X-Request-ID": x_request_id,
            "Idempotency-Key": uuid5(NAMESPACE_URL, x_request_id).hex,
        }
        response = await charge(3)
        if response.status_code == 402:
            raise HTTPException(402)
        return response.json()

    return app


@wrong("10.3.3", caught_by="test_q3_two_requests_with_the_same_body_charge_twice")
def bookings_app(payments: httpx.AsyncClient, seconds: float) -> FastAPI:
    """Cut the request ID."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        key = x_request_id[:8]
        for attempt in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers={"Idempotency-Key": key, "X-Request-ID": x_request_id},
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503)

    return app


@wrong("10.3.3", caught_by="test_q3_two_requests_with_the_same_body_charge_twice")
def bookings_app(payments: httpx.AsyncClient, seconds: float) -> FastAPI:
    """Take the request ID in lower case."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        key = x_request_id.lower()
        for attempt in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers={"Idempotency-Key": key, "X-Request-ID": x_request_id},
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503)

    return app


@wrong("10.3.3", caught_by="test_q3_two_requests_with_the_same_body_charge_twice")
def bookings_app(payments: httpx.AsyncClient, seconds: float) -> FastAPI:
    """Take the address of an object."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        key = str(id(booking))
        for attempt in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers={"Idempotency-Key": key, "X-Request-ID": x_request_id},
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503)

    return app


@wrong("10.3.3", caught_by="test_q3_two_requests_with_the_same_body_charge_twice")
def bookings_app(payments: httpx.AsyncClient, seconds: float) -> FastAPI:
    """Take the customer and the second."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        key = f"{booking.customer}-{int(time.time())}"
        for attempt in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers={"Idempotency-Key": key, "X-Request-ID": x_request_id},
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503)

    return app


@wrong("10.3.3", caught_by="test_q3_two_requests_with_the_same_body_charge_twice")
def bookings_app(payments: httpx.AsyncClient, seconds: float) -> FastAPI:
    """Draw the same numbers after each start."""
    app = FastAPI()
    numbers = random.Random(1)

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        key = str(numbers.getrandbits(64))
        for attempt in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers={"Idempotency-Key": key, "X-Request-ID": x_request_id},
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503)

    return app


@wrong("10.3.3", caught_by="test_q3_two_requests_at_the_same_time_share_nothing")
def bookings_app(payments: httpx.AsyncClient, seconds: float) -> FastAPI:
    """Set the request ID at the client."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        payments.headers["X-Request-ID"] = x_request_id
        key = str(uuid.uuid4())
        for attempt in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers={"Idempotency-Key": key},
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503)

    return app


@wrong("10.3.3", caught_by="test_q3_two_requests_at_the_same_time_share_nothing")
def bookings_app(payments: httpx.AsyncClient, seconds: float) -> FastAPI:
    """Set the key at the client."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        payments.headers["Idempotency-Key"] = str(uuid.uuid4())
        for attempt in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers={"X-Request-ID": x_request_id},
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503)

    return app


@wrong("10.3.3", caught_by="test_q3_each_request_makes_attempts_of_its_own")
def bookings_app(payments: httpx.AsyncClient, seconds: float) -> FastAPI:
    """Give up for all requests."""
    app = FastAPI()
    dead: list[int] = []

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        if dead:
            raise HTTPException(503)
        key = str(uuid.uuid4())
        for attempt in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers={"Idempotency-Key": key, "X-Request-ID": x_request_id},
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        dead.append(1)
        raise HTTPException(503)

    return app


@wrong(
    "10.3.3",
    caught_by="test_q3_a_connection_that_breaks_before_a_response_is_a_failure[reset]",
)
def bookings_app(payments: httpx.AsyncClient, seconds: float) -> FastAPI:
    """Forget that a connection can be reset."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        key = str(uuid.uuid4())
        for attempt in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers={"Idempotency-Key": key, "X-Request-ID": x_request_id},
                    timeout=seconds,
                )
            except (
                httpx.ConnectError,
                httpx.RemoteProtocolError,
                httpx.TimeoutException,
            ):
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503)

    return app


@wrong(
    "10.3.3",
    caught_by="test_q3_a_connection_that_breaks_before_a_response_is_a_failure[closed]",
)
def bookings_app(payments: httpx.AsyncClient, seconds: float) -> FastAPI:
    """Forget that a connection can be closed."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        key = str(uuid.uuid4())
        for attempt in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers={"Idempotency-Key": key, "X-Request-ID": x_request_id},
                    timeout=seconds,
                )
            except (httpx.NetworkError, httpx.TimeoutException):
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503)

    return app


@wrong("10.3.3", caught_by="test_q3_a_slow_response_within_the_time_is_no_failure")
def bookings_app(payments: httpx.AsyncClient, seconds: float) -> FastAPI:
    """Divide the time by the attempts."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        key = str(uuid.uuid4())
        for attempt in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers={"Idempotency-Key": key, "X-Request-ID": x_request_id},
                    timeout=seconds / 3,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503)

    return app


@wrong("10.3.3", caught_by="test_q3_the_third_failure_returns_503[silent]")
def bookings_app(payments: httpx.AsyncClient, seconds: float) -> FastAPI:
    """Limit all attempts together."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        key = str(uuid.uuid4())
        try:
            async with asyncio.timeout(seconds):
                key = str(uuid.uuid4())
                for attempt in range(3):
                    try:
                        response = await payments.post(
                            "/charges",
                            json=booking.model_dump(),
                            headers={
                                "Idempotency-Key": key,
                                "X-Request-ID": x_request_id,
                            },
                        )
                    except httpx.TransportError:
                        continue
                    if response.status_code == 402:
                        raise HTTPException(402)
                    return Charge(**response.json())
                raise HTTPException(503)

        except TimeoutError:
            raise HTTPException(503)

    return app


@wrong("10.3.3", caught_by="test_q3_a_booking_passes_on_its_request_id")
def bookings_app(payments: httpx.AsyncClient, seconds: float) -> FastAPI:
    """Make three attempts at once."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"Idempotency-Key": str(uuid.uuid4()), "X-Request-ID": x_request_id}
        tasks = [
            asyncio.create_task(
                payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            )
            for _ in range(3)
        ]
        for done in asyncio.as_completed(tasks):
            try:
                response = await done
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503)

    return app


@wrong("10.3.3", caught_by="test_q3_two_requests_with_the_same_body_charge_twice")
def bookings_app(payments, seconds, numbers=count(1)):
    """Number the bookings of the process."""
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"X-Request-ID": x_request_id, "Idempotency-Key": str(next(numbers))}
        for _ in range(3):
            try:
                response = await payments.post(
                    "/charges",
                    json=booking.model_dump(),
                    headers=headers,
                    timeout=seconds,
                )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503)

    return app


@wrong("10.3.2", caught_by="test_q2_sync_returns_503_if_the_labels_service_fails[500]")
class LabelsGateway:
    """Store a message instead if the labels service fails."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                await self.broker.rpush("shipments", shipment.model_dump_json())
                raise HTTPException(503) from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("shipments", shipment.model_dump_json())

        return app

    async def print_labels(self) -> None:
        while text := await self.broker.lindex("shipments", 0):
            response = await self.labels.post(
                "/labels", content=text, headers={"Content-Type": "application/json"}
            )
            response.raise_for_status()
            await self.broker.lpop("shipments")


@wrong("10.3.2", caught_by="test_q2_print_labels_sends_each_stored_shipment_once[15]")
class LabelsGateway:
    """Store the messages in a hash."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503) from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.hset("h", str(uuid.uuid4()), shipment.model_dump_json())

        return app

    async def print_labels(self) -> None:
        while keys := await self.broker.hkeys("h"):
            text = await self.broker.hget("h", keys[0])
            response = await self.labels.post(
                "/labels", json=Shipment.model_validate_json(text).model_dump()
            )
            response.raise_for_status()
            await self.broker.hdel("h", keys[0])


@wrong("10.3.2", caught_by="test_q2_a_message_that_fails_many_times_is_still_next")
class LabelsGateway:
    """Give a message up after three failures."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503) from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("shipments", shipment.model_dump_json())

        return app

    async def print_labels(self) -> None:
        while text := await self.broker.lindex("shipments", 0):
            try:
                response = await self.labels.post(
                    "/labels", json=Shipment.model_validate_json(text).model_dump()
                )
                response.raise_for_status()
            except httpx.HTTPError:
                if await self.broker.incr("failures") >= 3:
                    await self.broker.lmove("shipments", "dead", "LEFT", "RIGHT")
                    await self.broker.delete("failures")
                raise
            await self.broker.lpop("shipments")
            await self.broker.delete("failures")


@wrong("10.3.2", caught_by="test_q2_a_message_is_removed_when_it_is_processed")
class LabelsGateway:
    """Let the messages expire after an hour."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503) from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("shipments", shipment.model_dump_json())
            await self.broker.expire("shipments", 3600)

        return app

    async def print_labels(self) -> None:
        while text := await self.broker.lindex("shipments", 0):
            response = await self.labels.post(
                "/labels", content=text, headers={"Content-Type": "application/json"}
            )
            response.raise_for_status()
            await self.broker.lpop("shipments")


@wrong("10.3.2", caught_by="test_q2_a_message_is_removed_when_it_is_processed")
class LabelsGateway:
    """Keep what is done in another list."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503) from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("shipments", shipment.model_dump_json())

        return app

    async def print_labels(self) -> None:
        while text := await self.broker.lindex("shipments", 0):
            response = await self.labels.post(
                "/labels", content=text, headers={"Content-Type": "application/json"}
            )
            response.raise_for_status()
            await self.broker.lmove("shipments", "done", "LEFT", "RIGHT")


@wrong("10.3.2", caught_by="test_q2_a_message_is_removed_when_it_is_processed")
class LabelsGateway:
    """Acknowledge a message of a stream only."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503) from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.xadd("s", {"shipment": shipment.model_dump_json()})

        return app

    async def print_labels(self) -> None:
        try:
            await self.broker.xgroup_create("s", "g", id="0", mkstream=True)
        except ResponseError:
            pass
        for start in ("0", ">"):
            while True:
                got = await self.broker.xreadgroup("g", "worker", {"s": start}, count=1)
                pairs = (
                    list(got.values())[0]
                    if isinstance(got, dict) and got
                    else (got[0][1] if got else [])
                )
                if (
                    pairs
                    and isinstance(pairs[0], list)
                    and pairs[0]
                    and isinstance(pairs[0][0], (list, tuple))
                ):
                    pairs = pairs[0]
                if not pairs:
                    break
                key, fields = pairs[0]
                response = await self.labels.post(
                    "/labels",
                    content=fields["shipment"],
                    headers={"Content-Type": "application/json"},
                )
                response.raise_for_status()
                await self.broker.xack("s", "g", key)


@wrong("10.3.2", caught_by="test_q2_a_message_is_removed_when_it_is_processed")
class LabelsGateway:
    """Count the messages that are done."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503) from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("shipments", shipment.model_dump_json())

        return app

    async def print_labels(self) -> None:
        while text := await self.broker.lindex(
            "shipments", int(await self.broker.get("offset") or 0)
        ):
            response = await self.labels.post(
                "/labels", json=Shipment.model_validate_json(text).model_dump()
            )
            response.raise_for_status()
            await self.broker.incr("offset")


@wrong("10.3.2", caught_by="test_q2_after_a_failure_the_same_message_is_next[silent]")
class LabelsGateway:
    """Raise the TimeoutError of asyncio."""

    def __init__(self, labels: httpx.AsyncClient, broker: Redis) -> None:
        self.labels = labels
        self.broker = broker

    def create_app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/sync")
        async def draw_now(shipment: Shipment) -> Label:
            try:
                response = await self.labels.post("/labels", json=shipment.model_dump())
                response.raise_for_status()
            except httpx.HTTPError:
                raise HTTPException(503) from None
            return Label(**response.json())

        @app.post("/async", status_code=202)
        async def draw_later(shipment: Shipment) -> None:
            await self.broker.rpush("shipments", shipment.model_dump_json())

        return app

    async def print_labels(self) -> None:
        while text := await self.broker.lindex("shipments", 0):
            response = await asyncio.wait_for(
                self.labels.post(
                    "/labels",
                    content=text,
                    headers={"Content-Type": "application/json"},
                ),
                0.5,
            )
            response.raise_for_status()
            await self.broker.lpop("shipments")


@wrong("10.3.3", caught_by="test_q3_the_third_failure_returns_503[silent]")
def bookings_app(payments: httpx.AsyncClient, seconds: float) -> FastAPI:
    """Forget the TimeoutError of asyncio."""

    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking, x_request_id: Annotated[str, Header()]) -> Charge:
        headers = {"Idempotency-Key": str(uuid.uuid4()), "X-Request-ID": x_request_id}
        for _ in range(3):
            try:
                async with asyncio.timeout(seconds):
                    response = await payments.post(
                        "/charges", json=booking.model_dump(), headers=headers
                    )
            except httpx.TransportError:
                continue
            if response.status_code == 402:
                raise HTTPException(402)
            return Charge(**response.json())
        raise HTTPException(503)

    return app
