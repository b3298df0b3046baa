"""11.4  Load testing.

A load test sends many requests at the same time, as the users of an API do. It shows
what no single request can show: races, waiting, and errors under load.
Notes: content/docs/deployment-and-testing/load-testing.md
"""

import asyncio
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
from fastapi import FastAPI, HTTPException


async def save_ride(bike: int) -> None:
    """Write a ride to the database, which takes some time."""
    await asyncio.sleep(0.1)


def create_app() -> FastAPI:
    """Create the API of a bike rental. It has a fault that appears under load."""
    app = FastAPI()
    rented: set[int] = set()

    @app.post("/bikes/{bike}/rides", status_code=201)
    async def start_ride(bike: int) -> dict[str, int]:
        if bike in rented:
            raise HTTPException(409, "This bike is rented.")
        await save_ride(bike)
        rented.add(bike)
        return {"bike": bike}

    return app


async def status_codes(
    client: httpx2.AsyncClient, bike: int, riders: int
) -> Counter[int]:
    """11.4.1  Why is load testing important for API applications?

    The API above returns 201 for a new ride, and 409 if the bike is already rented.
    Its tests send one request after the other, and all of them pass. But in production,
    two riders sometimes rent the same bike. Write a load test that shows such a fault.

    - With `client`, send `riders` requests `POST /bikes/{bike}/rides`, all at the same
      time. No request waits for the response to another one.
    - Return how many of the responses have each status code.
    - Count a request without a response under 0, and all others under their status
      code.

    Given:
        `client` has the base URL of the API and a timeout, and is logged in.
        If a request gets no response, for example after a timeout, `client` raises an
        `httpx2.TransportError`.

    Example: two requests for the same bike
        one after the other, in a test       ->  Counter({201: 1, 409: 1})
        at the same time, in your load test  ->  Counter({201: 2})
    """
    # region answer
    # In words: Users send requests at the same time, and tests usually do not. Some
    # faults need that: races between two requests, a connection pool that is too small,
    # a call that blocks the event loop. A load test shows them before your users do,
    # and it shows how many requests the API can take.
    url = f"/bikes/{bike}/rides"
    results = await asyncio.gather(
        *(client.post(url) for _ in range(riders)), return_exceptions=True
    )
    return Counter(
        result.status_code if isinstance(result, httpx2.Response) else 0
        for result in results
    )
    # endregion


def locustfile_path() -> Path:
    """11.4.2  Describe how to use a tool like Locust to load test a FastAPI endpoint.

    Complete `locustfile.py` in the folder `s04_load_testing/q2`, beside this file. The
    command `locust` starts many users of the class `Rider`. You can change everything
    in that file. The function here stays as it is.

    - Once, before its first task, each user sends `POST /login` without a body. The
      response is `{"token": "..."}`. All further requests of this user have the header
      `Authorization: Bearer ...` with this token.
    - A user has two tasks. One sends `GET /stations/{id}` with the id of a random
      station. The other one sends `POST /rides` with the JSON body `{"bike": 7}`. The
      weight of the first task is three times the weight of the second one.
    - After each task, the user waits for a new random time between 1 and 3 seconds.
    - In the statistics of Locust, all requests for stations have the name
      `/stations/[id]`. No other requests have this name.
    - If the body of a response to `POST /rides` has an `error`, Locust counts the
      request as a failure, whatever the status code is. The message is the text of
      `error`. Other responses count as usual: a status code below 400 is a success,
      and 400 or above is a failure.

    Given:
        The body of each response is a JSON object. An `error` is a text, and not empty.

    Example: POST /rides
        ->  200  {"ride": 12}                          success
        ->  200  {"error": "The lock does not open."}  failure with this message
        ->  202  {"place": 3}                          success
        ->  503  {"detail": "The database is busy."}   failure
    """
    # region answer
    # In words: A locustfile describes the users in Python. Each user repeats its tasks,
    # and waits between them. `on_start` prepares a user, weights say how often a task
    # runs, and `name` groups URLs into one line of the statistics. `locust --headless
    # -f locustfile.py --host URL --users 50 --spawn-rate 5 --run-time 5m` starts the
    # users and prints the statistics.
    # stub:
    # endregion
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@dataclass(frozen=True)
class Sample:
    """A request of a load test.

    `status` is the HTTP status code of the response, or 0 if there was no response.
    """

    endpoint: str
    status: int
    milliseconds: float


@dataclass(frozen=True)
class Kpis:
    """Key performance indicators of an endpoint."""

    throughput: float
    error_rate: float
    p95: float


def kpis(samples: Sequence[Sample], endpoint: str, seconds: float) -> Kpis:
    """11.4.3  What key performance indicators (KPIs) should you track during load
    testing?

    A load test took `seconds` and recorded `samples`: the requests to all endpoints, in
    any order. Return the KPIs of one endpoint. Each KPI includes the successful and the
    failed requests to this endpoint.

    - `throughput` is the number of requests to this endpoint per second.
    - `error_rate` is the fraction of these requests that failed, from 0 to 1. A request
      failed if its status is 0, or 400 and above.
    - `p95` is the 95th percentile of their `milliseconds`: the smallest recorded value
      such that at least 95 % of these requests took this long or less.

    Given:
        `samples` contains at least one request to `endpoint`.

    Example:
        20 requests in 10 seconds: 18 took 50 ms and two took 900 ms (mean: 135 ms).
        One of them returned 503.
            ->  Kpis(throughput=2.0, error_rate=0.05, p95=900)
    """
    # region answer
    # In words: Track the throughput, the error rate and percentiles of the response
    # time, for each endpoint and for a growing number of users. A mean hides the slow
    # requests, and p95 shows them. Track the CPU, the memory and the connection pools
    # of the server as well: they show what limits the throughput.
    own = [sample for sample in samples if sample.endpoint == endpoint]
    failed = [one for one in own if one.status == 0 or one.status >= 400]
    durations = sorted(one.milliseconds for one in own)
    return Kpis(
        throughput=len(own) / seconds,
        error_rate=len(failed) / len(own),
        p95=durations[math.ceil(0.95 * len(own)) - 1],
    )
    # endregion
