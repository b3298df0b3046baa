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

    The application `app` in the module `rental` is deployed in three ways:

        "server"       your own machine with `cores` CPU cores
        "container"    a container, for example in Kubernetes
        "platform"     a platform (PaaS), such as Render

    Users send HTTPS requests to a reverse proxy, such as nginx. The proxy sends them
    over HTTP to Uvicorn at `port`. For "server", the proxy runs on the same machine.
    For the other two, it runs on another machine. Return the command that starts
    Uvicorn, as a list of words.

    - For "server", start `cores` worker processes. For the other two, run the
      application in one process: they start more containers under load.
    - For "server", accept connections from this machine only. For the other two, accept
      connections from other machines over IPv4.
    - If the proxy sends `X-Forwarded-Proto: https`, `request.url.scheme` is "https". Do
      not trust this header from an address other than `proxy`.

    Given:
        `proxy` is the IP address of the proxy. For "server" it is "127.0.0.1".
        The command is run in the folder from which Python can import `rental`.
        Uvicorn is installed. Gunicorn and the program `fastapi` are not.

    Example:
        command("server", 9000, "127.0.0.1", 4)
        ->  ["uvicorn", "rental:app", "--port", "9000", ...]
    """
    # region answer
    # In words: On a server of your own, a process manager such as systemd starts
    # Uvicorn with several workers behind nginx. A container has one process, and
    # Kubernetes or a cloud service starts more containers. A platform (PaaS) does the
    # same with your code, and names the port. In serverless, the fourth way, there is
    # no server process of yours at all (11.1.3).
    words = ["uvicorn", "rental:app", "--port", str(port)]
    words += ["--forwarded-allow-ips", proxy]
    if way == "server":
        return [*words, "--host", "127.0.0.1", "--workers", str(cores)]
    return [*words, "--host", "0.0.0.0"]  # noqa: S104
    # endregion


def dockerfile(port: int) -> str:
    """11.1.2  How do you containerize a FastAPI application using Docker?

    Return the text of a `Dockerfile` for the folder below. Start from an official image
    of Python, such as `python:3.11-slim`. The container runs Uvicorn with the
    application `app` of the module `rental.main`.

        .env                the passwords of the production database
        requirements.txt    fastapi, uvicorn
        rental/             a package: __init__.py, main.py, prices.py, ...

    - Uvicorn listens at `port`. Other machines can connect to it over IPv4.
    - Uvicorn does not run as root.
    - If `docker stop` sends SIGTERM to the first process of the container, the code
      after the `yield` of the application's lifespan runs.
    - `docker build` installs the packages in `requirements.txt`. The next build
      installs them again if `requirements.txt` has changed, but not if only files in
      `rental/` have changed.
    - `.env` is not in the image.

    Given:
        There is no `.dockerignore`, and you cannot add files to the folder.
        The image of Python has the user `nobody`.
        The program `fastapi` is not installed.
        The tests have no Docker. They read the Dockerfile, copy the files, and run the
        command of the container. They read each `RUN`, and do not run it.
    """
    # region answer
    # In words: A Dockerfile lists the steps that make an image: a base image, the
    # packages, the code, and the command. Each step is cached, so what changes often
    # comes last. Anything copied stays in the image for everybody who has it. The
    # container listens on 0.0.0.0, because requests come from outside. With the exec
    # form of CMD, Uvicorn is the first process and receives SIGTERM.
    return f"""
FROM python:3.11-slim
WORKDIR /srv
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY rental rental
USER nobody
CMD ["uvicorn", "rental.main:app", "--host", "0.0.0.0", "--port", "{port}"]
"""
    # endregion


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
    end their rides, and some riders get no receipt. Repair the two endpoints. Their
    paths and status codes stay the same, and so do the bodies for 201 and 200.

    - Keep the rides in `rides`. All instances see each change at once.
    - `DELETE` sends one receipt for each ride that it ends, before Lambda freezes the
      instance.

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

    # region answer
    # In words: A serverless platform starts and ends instances as it needs them. So
    # state belongs into a database or a cache that all instances share, and nothing may
    # be left to do after the response. More considerations are the cold start of a new
    # instance, limits of time and memory, a read-only disk, and the number of
    # connections that many instances open to a database.
    @app.post("/bikes/{bike}/ride", status_code=201)
    async def start_ride(bike: str, rider: str) -> dict[str, str]:
        if not await rides.start(bike, rider):
            raise HTTPException(409, "Somebody rides this bike.")
        return {"rider": rider}

    @app.delete("/bikes/{bike}/ride")
    async def end_ride(bike: str) -> dict[str, str]:
        rider = await rides.end(bike)
        if rider is None:
            raise HTTPException(404, "Nobody rides this bike.")
        await send_receipt(rider)
        return {"rider": rider}

    # stub: riders: dict[str, str] = {}
    # stub: tasks = set()
    # stub:
    # stub: @app.post("/bikes/{bike}/ride", status_code=201)
    # stub: async def start_ride(bike: str, rider: str) -> dict[str, str]:
    # stub:     if bike in riders:
    # stub:         raise HTTPException(409, "Somebody rides this bike.")
    # stub:     riders[bike] = rider
    # stub:     return {"rider": rider}
    # stub:
    # stub: @app.delete("/bikes/{bike}/ride")
    # stub: async def end_ride(bike: str) -> dict[str, str]:
    # stub:     if bike not in riders:
    # stub:         raise HTTPException(404, "Nobody rides this bike.")
    # stub:     rider = riders.pop(bike)
    # stub:     tasks.add(asyncio.create_task(send_receipt(rider)))
    # stub:     return {"rider": rider}
    # stub:
    # endregion
    return app
