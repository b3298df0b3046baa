"""22.1  FastAPI with edge computing.

An edge node runs close to its users and devices: a gateway among sensors, a server in
the building, a cache of a CDN. The cloud is far away, and sometimes out of reach.
Notes: content/docs/fastapi-edge-computing/deployment.md
"""

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import httpx
from fastapi import FastAPI, Header, Response
from pydantic import BaseModel, Field

from sensei import ___


class Wind(BaseModel):
    """A measurement of the wind."""

    kmh: int = Field(ge=0, le=400)


def lift_node(cloud: httpx.Client, limit: int) -> FastAPI:
    """22.1.1  What are the benefits of deploying applications to edge nodes?

    An edge node measures the wind at a ski lift. Today `POST /wind` sends each
    measurement to the cloud, and `GET /lift` asks the cloud for the latest one. Without
    a connection, both return 500. Repair these two endpoints, and write the third one,
    `POST /summary`. Each call of `lift_node` creates a node with its own measurements.

    - `POST /wind` keeps the measurement in the application. It returns 204, or 422 for
      an invalid measurement, as today. It sends no request to the cloud.
    - `GET /lift` returns `{"runs": true}` if the latest measurement is at most `limit`.
      Otherwise, and before the first measurement, `runs` is false. It sends no request
      to the cloud.
    - `POST /summary` sends exactly one request to the cloud, `POST /summaries`. Its
      JSON has two fields: `count` is the number of all measurements since the
      application was created, and `max` is the highest of them.

    Given:
        There is at least one measurement before the first `POST /summary`.
        A node receives at most 120 measurements.

    Example, with the limit 60:
        POST /wind     {"kmh": 72}  ->  204
        POST /wind     {"kmh": 55}  ->  204
        GET /lift                   ->  200  {"runs": true}
        POST /summary               ->  204, and the cloud has received
            POST /summaries  {"count": 2, "max": 72}
    """
    app = FastAPI()

    @app.post("/wind", status_code=204)
    def measure(wind: Wind) -> None:
        cloud.post("/wind", json={"kmh": wind.kmh}).raise_for_status()

    @app.get("/lift")
    def read_lift() -> dict[str, bool]:
        latest = cloud.get("/wind").raise_for_status().json()
        return {"runs": latest["kmh"] <= limit}

    @app.post("/summary", status_code=204)
    def send_summary() -> None:
        raise NotImplementedError

    return app


def wind_app(disk: Path | None) -> FastAPI:
    """Create the application that keeps measurements, on disk or in memory."""
    app = FastAPI()
    memory: deque[int] = deque(maxlen=3)

    @app.post("/wind", status_code=204)
    def measure(wind: Wind) -> None:
        if disk is None:
            memory.append(wind.kmh)
        else:
            with disk.open("a") as file:
                file.write(f"{wind.kmh}\n")

    @app.get("/wind")
    def read_wind() -> list[int]:
        if disk is None:
            return list(memory)
        return [int(line) for line in disk.read_text().split()]

    return app


def resort_app(snow: dict[str, int]) -> FastAPI:
    """Create the application that runs in the cloud, behind the CDN."""
    app = FastAPI()

    @app.get("/snow")
    def read_snow(response: Response) -> dict[str, int]:
        response.headers["Cache-Control"] = "public, max-age=60"
        return snow

    @app.get("/ticket")
    def read_ticket(response: Response, skier: Annotated[str, Header()]) -> str:
        response.headers["Cache-Control"] = "private, max-age=60"
        return f"ticket of {skier}"

    return app


def predictions() -> dict[str, object]:
    """22.1.2  Discuss strategies for deploying FastAPI applications to different types
    of edge nodes.

    Predict what clients receive from three types of edge nodes.

    - An IoT gateway has no disk and runs `wind_app(None)`. A client posts 10, 20, 30,
      40 and 50 km/h to it, in this order. What does `GET /wind` return ("gateway")?
      Then the process restarts. What does it return now ("gateway, restarted")?
    - A local server runs `wind_app(file)` with a new file. A client posts the same five
      values to it. Then the process restarts with the same file. What does `GET /wind`
      return now ("server, restarted")?
    - A CDN edge is one cache for all clients. It requests from `resort_app(snow)` what
      it has not stored. It is empty at first. The clients Anna, Ben and Carl each send
      their own name in the header `Skier`. All of this happens within a minute:
      1. The snow is 80 cm deep. Anna requests `/snow` and `/ticket`.
      2. The snow becomes 95 cm deep. Ben requests `/snow` and `/ticket`. Which depths
         have Anna and Ben received ("cdn, snow")? Whose tickets have they received
         ("cdn, ticket")?
      3. The connection between the CDN edge and the application breaks. Carl requests
         `/snow` and `/ticket`. Which two status codes does he receive ("cdn, offline")?

    Given:
        The CDN edge stores what `Cache-Control` permits, with the path as the key. It
        returns 504 if it needs the application and cannot reach it.
    """
    return {
        "gateway": ___,  # such as [1, 2]
        "gateway, restarted": ___,  # such as [1, 2]
        "server, restarted": ___,  # such as [1, 2]
        "cdn, snow": ___,  # such as [1, 2]
        "cdn, ticket": ___,  # such as ["Eve", "Eve"]
        "cdn, offline": ___,  # such as [404, 404]
    }


class Entry(BaseModel):
    """A skier who passes the gate of a lift."""

    skier: str


@contextmanager
def transaction(file: Path) -> Iterator[sqlite3.Connection]:
    """Connect to a database. Commit at the end, or roll back after an exception."""
    with closing(sqlite3.connect(file)) as db, db:
        yield db


def gate_node(file: Path, cloud: httpx.Client) -> FastAPI:
    """22.1.3  What are the challenges of state management and data synchronization in
    edge computing?

    The node at the gate of a lift stores each entry in the table `outbox` of an SQLite
    database, and sends it to the cloud later. The connection to the cloud often breaks,
    also between a request and its response. Yet no entry may be lost, and the cloud
    must not count one twice. Write the two endpoints. Both return 204.

    - `POST /entries` stores the entry in `outbox`, and returns 204 only after that. Its
      `id` is a new UUID, as text.
    - `POST /entries` sends no request to the cloud. It does not wait for a `POST /sync`
      that is sending. This sync or the next one sends the new entry.
    - `POST /sync` sends all stored entries to the cloud, one after the other, the
      oldest first, and then returns. For each entry it sends exactly one request,
      `POST /entries`, with the JSON fields `id` and `skier`. It sends no other request.
    - An entry stays in `outbox` until the cloud has returned a status from 200 to 299
      for it. Then delete it, before you send the next entry.
    - If the cloud returns another status, or if the request fails because of the
      connection or a timeout, the sync ends and returns 204. This entry and all later
      ones stay in `outbox`. The next `POST /sync` begins with this entry, and sends it
      with the same `id`, however often it has failed.

    Given:
        The cloud counts each `id` once, however often it receives it.
        Only one `POST /sync` runs at a time. Nodes share no data.
        At most 120 entries are in `outbox` at a time.

    Example:
        POST /entries  {"skier": "Zoë"}  ->  204
        POST /sync                       ->  204, and the cloud has received
            POST /entries  {"id": "0b1f6d2e-…", "skier": "Zoë"}
    """
    app = FastAPI()
    with transaction(file) as db:
        db.execute(
            "CREATE TABLE IF NOT EXISTS outbox"
            " (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT, skier TEXT)"
        )

    @app.post("/entries", status_code=204)
    def record(entry: Entry) -> None:
        raise NotImplementedError

    @app.post("/sync", status_code=204)
    def sync() -> None:
        raise NotImplementedError

    return app
