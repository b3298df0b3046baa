"""10.1  Third-party integrations.

An endpoint often needs other services: an API of another company, workers for long
tasks, a broker for events. All of them can be slow, and all of them can fail.
Notes: content/docs/integrations-and-architectures/third-party-integrations.md
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from celery import Celery
from confluent_kafka import KafkaError, Message, Producer
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

celery = Celery("parcels", broker="redis://localhost/0", backend="redis://localhost/1")


@celery.task(shared=False)  # belongs to this Celery app alone
def print_label(number: str) -> str:
    """Print the label of a shipment, and return the name of the file."""
    time.sleep(5)
    return f"label-{number}.pdf"


def labels_app() -> FastAPI:
    """10.1.1  How do you integrate Celery with FastAPI for background task processing?

    It takes some seconds to print a label. Complete the application below: a Celery
    worker, which is another process, runs the Celery task `print_label`.

    - `POST /shipments/{number}/label` returns 202 Accepted. The response has the ID of
      the new task as `task`.
    - For each request, the worker runs `print_label` once, with the number.
    - The response does not wait until the label is printed.

    Given:
        The tests replace the addresses of Redis above, and start a worker.

    Example:
        POST /shipments/P-7/label
        ->  202  {"task": "a4dbb08c-5f0c-4a21-a4ce-2a5dd5fd1bb9"}
    """
    app = FastAPI()

    # region answer
    # In words: A Celery task is a function that a worker runs, in another process.
    # `delay` puts a message with the name and the arguments of the task into the
    # broker, and returns at once. The client receives 202 and the ID, and can ask for
    # the result later.
    @app.post("/shipments/{number}/label", status_code=202)
    def order_label(number: str) -> dict[str, str]:
        return {"task": print_label.delay(number).id}

    # endregion
    return app


class Tracking(BaseModel):
    """Where a shipment is."""

    number: str
    place: str
    is_delivered: bool


def tracking_app(url: str, seconds: float) -> FastAPI:
    """10.1.2  Provide an example of using `httpx` to call an external API from a
    FastAPI endpoint.

    A carrier transports the parcels. Its API at `url` knows where each shipment is.
    Complete the application below, so that `GET /shipments/{number}` asks the carrier.

    - For each request, send one `GET /tracking` to the carrier, with the query
      parameter `number`. Return the `Tracking` that it sends, without other fields.
    - At each start of the application, open one `httpx.AsyncClient`. Close it at the
      shutdown.
    - All requests use this client. Several of them can wait for the carrier at the same
      time.
    - If the carrier sends 404, return 404.
    - If the carrier sends another error (400 to 599), cannot be reached, or closes the
      connection before its response is complete, return 502 Bad Gateway.
    - If the carrier sends nothing for `seconds`, also while the connection opens,
      return 504 Gateway Timeout.

    Given:
        The carrier sends 200 and JSON with a `Tracking` and other fields, or an error.
        It sends a response in one piece, or stops in the middle and sends no more.
        A number can contain a space, `&`, `#` or `%`, but no `/`.

    Example:
        GET /shipments/P-7
        ->  200  {"number": "P-7", "place": "Oslo", "is_delivered": false}
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # region answer
        async with httpx.AsyncClient(base_url=url, timeout=seconds) as app.state.http:
            yield
        # stub: yield
        # endregion

    app = FastAPI(lifespan=lifespan)

    @app.get("/shipments/{number}")
    async def read_tracking(number: str) -> Tracking:
        # region answer
        try:
            response = await app.state.http.get("/tracking", params={"number": number})
        except httpx.TimeoutException as error:
            raise HTTPException(504) from error
        except httpx.HTTPError as error:
            raise HTTPException(502) from error
        if response.is_error:
            raise HTTPException(404 if response.status_code == 404 else 502)
        return Tracking.model_validate_json(response.content)
        # endregion

    return app


class Scan(BaseModel):
    """A parcel was scanned at a place."""

    shipment: str = Field(min_length=1, max_length=100)
    place: str = Field(max_length=100)


def report_lost(scan: Scan) -> None:
    """Tell the operators about a scan that Kafka did not store."""


def scans_app(kafka: dict[str, str | int]) -> FastAPI:
    """10.1.3  What are the considerations when integrating Kafka with FastAPI for
    event-driven architectures?

    `POST /scans` sends each scan of a parcel to the Kafka topic `scans`. The
    application below blocks the event loop while Kafka is slow, does not keep the
    order of the scans, and does not notice when scans are lost. Repair it.

    - `POST /scans` returns 202 without waiting for Kafka, also while Kafka is stopped.
    - At the shutdown, wait until each scan is stored in Kafka or has failed, however
      long this takes.
    - Kafka keeps the scans of one shipment in the order of the requests.
    - The scans of different shipments are spread over the partitions of the topic.
    - If a scan has failed, call `report_lost` once with this scan. Do this before or
      during one of the next requests. If no request follows, do it at the shutdown.

    Given:
        `kafka` is the configuration of the producer. It sets a timeout, which can be
        minutes: a message that is not stored in this time has failed. A message that
        Kafka refuses has failed, too.
        `kafka` also sets `enable.idempotence`. So messages that the library sends again
        keep their order.
        `produce` puts a message into a queue, which is large enough here. A thread of
        the library sends it.
    """
    producer = Producer(kafka)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # region answer
        # In words: A request must not wait for the broker, so the message goes into a
        # queue. What is in this queue is lost if the process ends, so the shutdown
        # flushes it. Kafka keeps the order only within a partition, and messages with
        # one key are in one partition. Only the delivery report says that a message has
        # failed, and reports arrive only during a call of `poll` or `flush`.
        yield
        producer.flush()
        # stub: yield
        # endregion

    app = FastAPI(lifespan=lifespan)

    @app.post("/scans", status_code=202)
    async def add_scan(scan: Scan) -> None:
        # region answer
        def check(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                report_lost(scan)

        value, key = scan.model_dump_json(), scan.shipment
        producer.produce("scans", value, key, on_delivery=check)
        producer.poll(0)
        # stub: producer.produce("scans", scan.model_dump_json())
        # stub: producer.flush()
        # endregion

    return app
