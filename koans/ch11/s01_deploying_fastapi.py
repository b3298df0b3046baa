"""11.1  Deploying FastAPI applications.

Deploying an application means to run it where its users can reach it. The place decides
who connects to Uvicorn, how many processes there are, and how long each of them lives.
Notes: content/docs/deployment-and-testing/deploying-fastapi.md
"""

import asyncio
from typing import Literal, Protocol

from fastapi import FastAPI, HTTPException


def command(
    way: Literal["server", "container", "platform"], port: int, proxy: str, cores: int
) -> list[str]:
    """11.1.1  What are the common ways to deploy a FastAPI application?

    The application `app` in the module `rental` is deployed in three ways. In each of
    them, users send HTTPS requests to a reverse proxy. The proxy has the IP address
    `proxy`, and forwards the requests to Uvicorn at `port` over HTTP. Return the
    command that starts Uvicorn, as a list of words.

    - "server": your own machine with `cores` CPU cores. The proxy, such as nginx, runs
      on the same machine, at 127.0.0.1. Start `cores` worker processes. Accept
      connections from this machine only.
    - "container", for example in Kubernetes, and "platform", such as Render: the proxy
      runs on another machine. Run the application in one process, because more load
      leads to more containers. Accept connections from other machines over IPv4.
    - If `proxy` sends `X-Forwarded-Proto: https`, `request.url.scheme` is "https". Do
      not trust this header from any other address.

    Given:
        The command is run in the folder from which Python can import `rental`.

    Example of a list of words:
        ["python", "manage.py", "check"]
    """
    raise NotImplementedError


def dockerfile(port: int) -> str:
    """11.1.2  How do you containerize a FastAPI application using Docker?

    Return the text of a `Dockerfile` for the folder below. Start from an official image
    of Python, such as `python:3.11-slim`. The container runs Uvicorn with the
    application `app` of the module `rental.main`.

        .env                the passwords of the production database
        requirements.txt    fastapi, uvicorn
        rental/             a package: __init__.py, main.py, prices.py, ...

    - Other machines can connect to `port` of the container over IPv4.
    - The process does not run as root.
    - `docker stop` sends SIGTERM to the first process of the container. Then the code
      after the `yield` of the application's lifespan runs.
    - The packages in `requirements.txt` are installed in the image. If only files in
      `rental/` change, the next `docker build` takes them from its cache. If
      `requirements.txt` changes, it installs them again.
    - `.env` is not in the image.

    Given:
        There is no `.dockerignore`, and you cannot add files to the folder.
        The image of Python has the user `nobody`. The program `fastapi` is not
        installed.
        The tests read the Dockerfile without Docker. They copy the files, and then run
        the command of the container.
    """
    raise NotImplementedError


class Rides(Protocol):
    """The rides that are under way, in a database for all instances."""

    async def start(self, bike: str, rider: str) -> bool:
        """Store a ride. Return False, and change nothing, if the bike has one."""

    async def end(self, bike: str) -> str | None:
        """Remove the ride of a bike. Return its rider, or None without a ride."""


async def send_receipt(rider: str) -> None:
    """Send the receipt for a ride by mail."""
    await asyncio.sleep(0.01)


def rental_app(rides: Rides) -> FastAPI:
    """11.1.3  Discuss considerations for deploying FastAPI to serverless platforms like
    AWS Lambda.

    This application worked on a server with one process. On Lambda, many instances of
    it run, and a request goes to any of them. Now bikes are rented twice, riders cannot
    end their rides, and receipts are missing. Repair the two endpoints. Their paths and
    status codes stay the same, and so do the bodies for 201 and 200.

    - The rides are in `rides`. A request in one instance sees at once what requests in
      other instances have changed.
    - `DELETE` sends one receipt for each ride that it ends. It is sent before Lambda
      freezes the instance.

    Given:
        The name of a rider is never empty.
        Each instance calls `rental_app` once, and passes requests to it with Mangum.
        Lambda freezes an instance when Mangum returns a response. The instance may
        never run again. Before the response, Mangum waits for the endpoint and its
        background tasks, but not for other tasks or threads.

    Example:
        POST   /bikes/b7/ride?rider=ada  ->  201  {"rider": "ada"}
        POST   /bikes/b7/ride?rider=ben  ->  409  in any instance
        DELETE /bikes/b7/ride            ->  200  {"rider": "ada"}
        DELETE /bikes/b7/ride            ->  404  in any instance
    """
    app = FastAPI()

    riders: dict[str, str] = {}
    tasks = set()

    @app.post("/bikes/{bike}/ride", status_code=201)
    async def start_ride(bike: str, rider: str) -> dict[str, str]:
        if bike in riders:
            raise HTTPException(409, "Somebody rides this bike.")
        riders[bike] = rider
        return {"rider": rider}

    @app.delete("/bikes/{bike}/ride")
    async def end_ride(bike: str) -> dict[str, str]:
        if bike not in riders:
            raise HTTPException(404, "Nobody rides this bike.")
        rider = riders.pop(bike)
        tasks.add(asyncio.create_task(send_receipt(rider)))
        return {"rider": rider}

    return app
