"""Other answers to section 11.1."""

import json
import sys
import tempfile
import threading
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import BackgroundTasks
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask

from sensei.variants import right, wrong


def uvicorn_words(port, *options):
    return ["uvicorn", "rental:app", "--port", str(port), *options]


@wrong("11.1.1", caught_by="test_q1_the_scheme_comes_from_the_proxy_alone[container]")
def command(way, port, proxy, cores):
    """Rely on the addresses that Uvicorn trusts by default."""
    if way == "server":
        return uvicorn_words(port, "--workers", str(cores))
    return uvicorn_words(port, "--host", "0.0.0.0", "--proxy-headers")


@wrong("11.1.1", caught_by="test_q1_the_scheme_comes_from_the_proxy_alone[platform]")
def command(way, port, proxy, cores):
    """Trust everybody."""
    words = uvicorn_words(port, "--forwarded-allow-ips", "*")
    if way == "server":
        return [*words, "--workers", str(cores)]
    return [*words, "--host", "0.0.0.0"]


@wrong("11.1.1", caught_by="test_q1_the_scheme_comes_from_the_proxy_alone[platform]")
def command(way, port, proxy, cores):
    """Trust this machine as well."""
    words = uvicorn_words(port, "--forwarded-allow-ips", f"127.0.0.1,{proxy}")
    if way == "server":
        return [*words, "--workers", str(cores)]
    return [*words, "--host", "0.0.0.0"]


@wrong("11.1.1", caught_by="test_q1_the_scheme_comes_from_the_proxy_alone[container]")
def command(way, port, proxy, cores):
    """Trust the network of the proxy."""
    network = proxy.rpartition(".")[0] + ".0/24"
    words = uvicorn_words(port, "--forwarded-allow-ips", network)
    if way == "server":
        return [*words, "--workers", str(cores)]
    return [*words, "--host", "0.0.0.0"]


@wrong("11.1.1", caught_by="test_q1_the_scheme_comes_from_the_proxy_alone[server]")
def command(way, port, proxy, cores):
    """Switch the headers off on a server, where nobody else can connect."""
    if way == "server":
        return uvicorn_words(port, "--workers", str(cores), "--no-proxy-headers")
    words = uvicorn_words(port, "--forwarded-allow-ips", proxy)
    return [*words, "--host", "0.0.0.0"]


@wrong(
    "11.1.1",
    caught_by="test_q1_a_container_accepts_connections_from_other_machines[container]",
)
def command(way, port, proxy, cores):
    """Keep the host that Uvicorn has by default."""
    words = uvicorn_words(port, "--forwarded-allow-ips", proxy)
    return [*words, "--workers", str(cores)] if way == "server" else words


@wrong(
    "11.1.1",
    caught_by="test_q1_a_container_accepts_connections_from_other_machines[platform]",
)
def command(way, port, proxy, cores):
    """Take a platform for a server with one core."""
    words = uvicorn_words(port, "--forwarded-allow-ips", proxy)
    return [*words, "--host", "0.0.0.0"] if way == "container" else words


@wrong(
    "11.1.1", caught_by="test_q1_a_server_accepts_connections_from_this_machine_only"
)
def command(way, port, proxy, cores):
    """Listen on all addresses, also on a server."""
    return uvicorn_words(port, "--forwarded-allow-ips", proxy, "--host", "0.0.0.0")


@wrong("11.1.1", caught_by="test_q1_a_container_has_one_process[container]")
def command(way, port, proxy, cores):
    """Start workers in a container, too."""
    words = uvicorn_words(port, "--forwarded-allow-ips", proxy)
    host = "127.0.0.1" if way == "server" else "0.0.0.0"
    return [*words, "--host", host, "--workers", str(cores)]


@wrong("11.1.1", caught_by="test_q1_a_server_has_a_worker_process_for_each_core")
def command(way, port, proxy, cores):
    """Start no workers."""
    words = uvicorn_words(port, "--forwarded-allow-ips", proxy)
    return [*words, "--host", "127.0.0.1" if way == "server" else "0.0.0.0"]


@wrong("11.1.1", caught_by="test_q1_a_server_has_a_worker_process_for_each_core")
def command(way, port, proxy, cores):
    """Count the process that starts the workers as one of them."""
    words = uvicorn_words(port, "--forwarded-allow-ips", proxy)
    if way == "server":
        return [*words, "--workers", str(cores - 1)]
    return [*words, "--host", "0.0.0.0"]


@wrong("11.1.1", caught_by="test_q1_a_server_has_a_worker_process_for_each_core")
def command(way, port, proxy, cores):
    """Start four workers at most."""
    words = uvicorn_words(port, "--forwarded-allow-ips", proxy)
    if way == "server":
        return [*words, "--workers", str(min(cores, 4))]
    return [*words, "--host", "0.0.0.0"]


@wrong("11.1.1", caught_by="test_q1_a_server_has_a_worker_process_for_each_core")
def command(way, port, proxy, cores):
    """Take the module of the documentation."""
    words = ["uvicorn", "main:app", "--port", str(port), "--workers", str(cores)]
    return [*words, "--forwarded-allow-ips", proxy]


@wrong("11.1.1", caught_by="test_q1_a_container_has_one_process[container]")
def command(way, port, proxy, cores):
    """Use the port of the documentation."""
    words = uvicorn_words(8000, "--forwarded-allow-ips", proxy)
    if way == "server":
        return [*words, "--workers", str(cores)]
    return [*words, "--host", "0.0.0.0"]


@wrong("11.1.1", caught_by="test_q1_a_container_has_one_process[container]")
def command(way, port, proxy, cores):
    """Give the port as a number."""
    words = ["uvicorn", "rental:app", "--port", port, "--forwarded-allow-ips", proxy]
    if way == "server":
        return [*words, "--workers", cores]
    return [*words, "--host", "0.0.0.0"]


@wrong(
    "11.1.1",
    caught_by="test_q1_a_container_accepts_connections_from_other_machines[container]",
)
def command(way, port, proxy, cores):
    """Listen on the address of the proxy."""
    words = uvicorn_words(port, "--forwarded-allow-ips", proxy, "--host", proxy)
    return [*words, "--workers", str(cores)] if way == "server" else words


@right("11.1.1")
def command(way, port, proxy, cores):
    """Run the module, with `=` in the options."""
    is_server = way == "server"
    return [
        sys.executable,
        *("-m", "uvicorn", "rental:app"),
        f"--host={'localhost' if is_server else '0.0.0.0'}",
        f"--workers={cores if is_server else 1}",
        f"--port={port}",
        f"--forwarded-allow-ips={proxy}",
    ]


@right("11.1.1")
def command(way, port, proxy, cores):
    """Call `uvicorn.run` from a line of Python."""
    options = {"port": port, "forwarded_allow_ips": [proxy]}
    match way:
        case "server":
            options["workers"] = cores
        case "container" | "platform":
            options["host"] = "0.0.0.0"
    return ["python", "-c", f"import uvicorn; uvicorn.run('rental:app', **{options})"]


def text_of(port, *, base="python:3.11-slim", install=None, code=None, end=None):
    """Return a Dockerfile with other steps than the usual ones."""
    run = f"uvicorn rental.main:app --host 0.0.0.0 --port {port}".split()
    return "\n".join(
        [
            f"FROM {base}",
            "WORKDIR /srv",
            *(install or ["COPY requirements.txt .", PIP]),
            *(code or ["COPY rental rental"]),
            *(end or ["USER nobody", f"CMD {json.dumps(run)}"]),
        ]
    )


def in_two_stages(port, *, install, take):
    """Return a Dockerfile that takes the packages from a stage `build`."""
    first = "FROM python:3.11-slim AS build\nCOPY requirements.txt .\n"
    return first + "\n".join(install) + "\n" + text_of(port, install=take)


PIP = "RUN pip install -r requirements.txt"
HOST = "--host 0.0.0.0"
LOCAL = "ENV PATH=/root/.local/bin:$PATH"
MODULES = "/usr/local/lib/python3.11/site-packages"


@wrong("11.1.2", caught_by="test_q2_docker_stop_runs_the_end_of_the_lifespan")
def dockerfile(port):
    """Use the shell form."""
    command = f"CMD uvicorn rental.main:app {HOST} --port {port}"
    return text_of(port, end=["USER nobody", command])


@wrong("11.1.2", caught_by="test_q2_docker_stop_runs_the_end_of_the_lifespan")
def dockerfile(port):
    """Start a shell in the exec form, for the variable."""
    command = f"uvicorn rental.main:app {HOST} --port $PORT"
    end = [f"ENV PORT={port}", "USER nobody", f'CMD ["sh", "-c", "{command}"]']
    return text_of(port, end=end)


@wrong("11.1.2", caught_by="test_q2_docker_stop_runs_the_end_of_the_lifespan")
def dockerfile(port):
    """Use the shell form of ENTRYPOINT, which ignores CMD."""
    command = f"ENTRYPOINT uvicorn rental.main:app {HOST} --port {port}"
    return text_of(port, end=["USER nobody", command, 'CMD ["--workers", "2"]'])


@wrong("11.1.2", caught_by="test_q2_docker_stop_runs_the_end_of_the_lifespan")
def dockerfile(port):
    """Let `docker stop` send SIGKILL."""
    return text_of(port) + "\nSTOPSIGNAL SIGKILL\n"


@wrong("11.1.2", caught_by="test_q2_other_machines_can_connect_to_the_container")
def dockerfile(port):
    """Keep the host that Uvicorn has by default."""
    command = f'CMD ["uvicorn", "rental.main:app", "--port", "{port}"]'
    return text_of(port, end=["USER nobody", f"EXPOSE {port}", command])


@wrong("11.1.2", caught_by="test_q2_other_machines_can_connect_to_the_container")
def dockerfile(port):
    """Use the port of the documentation, and expose the other one."""
    return text_of(8000) + f"\nEXPOSE {port}\n"


@wrong("11.1.2", caught_by="test_q2_other_machines_can_connect_to_the_container")
def dockerfile(port):
    """Use a variable in the exec form, where no shell replaces it."""
    words = ["uvicorn", "rental.main:app", "--host", "0.0.0.0", "--port", "$PORT"]
    end = [f"ENV PORT={port}", "USER nobody", f"CMD {json.dumps(words)}"]
    return text_of(port, end=end)


@wrong("11.1.2", caught_by="test_q2_other_machines_can_connect_to_the_container")
def dockerfile(port):
    """Write the list as Python does, which is not JSON."""
    words = ["uvicorn", "rental.main:app", "--host", "0.0.0.0", "--port", str(port)]
    return text_of(port, end=["USER nobody", f"CMD {words}"])


@wrong("11.1.2", caught_by="test_q2_other_machines_can_connect_to_the_container")
def dockerfile(port):
    """Copy what is in the package, and not the package."""
    return text_of(port, code=["COPY rental ."])


@wrong("11.1.2", caught_by="test_q2_other_machines_can_connect_to_the_container")
def dockerfile(port):
    """Copy one module."""
    return text_of(port, code=["COPY rental/__init__.py rental/main.py rental/"])


@wrong("11.1.2", caught_by="test_q2_other_machines_can_connect_to_the_container")
def dockerfile(port):
    """Start Uvicorn while the image is built."""
    run = f"RUN uvicorn rental.main:app {HOST} --port {port}"
    return text_of(port, end=["USER nobody", run])


@wrong("11.1.2", caught_by="test_q2_a_change_of_the_code_does_not_install_again")
def dockerfile(port):
    """Copy everything first."""
    return text_of(port, install=["COPY . .", PIP], code=["RUN rm .env"])


@wrong("11.1.2", caught_by="test_q2_a_change_of_the_code_does_not_install_again")
def dockerfile(port):
    """Copy the code before the packages are installed."""
    steps = ["COPY requirements.txt .", "COPY rental rental", PIP]
    return text_of(port, install=steps, code=["ENV PYTHONUNBUFFERED=1"])


@wrong("11.1.2", caught_by="test_q2_a_change_of_the_code_does_not_install_again")
def dockerfile(port):
    """Copy the requirements last."""
    steps = ["COPY rental rental", "COPY requirements.txt .", PIP]
    return text_of(port, install=steps, code=["ENV PYTHONUNBUFFERED=1"])


@wrong("11.1.2", caught_by="test_q2_a_change_of_the_requirements_installs_again")
def dockerfile(port):
    """Install what is in the file today."""
    return text_of(port, install=["RUN pip install fastapi uvicorn"])


@wrong("11.1.2", caught_by="test_q2_a_change_of_the_requirements_installs_again")
def dockerfile(port):
    """Install before the file is in the image."""
    return text_of(port, install=[PIP, "COPY requirements.txt ."])


@wrong("11.1.2", caught_by="test_q2_a_change_of_the_requirements_installs_again")
def dockerfile(port):
    """Install the packages in a stage, and copy only the code out of it."""
    stage = ["COPY requirements.txt .", PIP, "COPY rental rental"]
    last = ["FROM python:3.11-slim", "WORKDIR /srv", "COPY --from=0 /srv /srv"]
    return text_of(port, install=stage, code=last)


@wrong("11.1.2", caught_by="test_q2_other_machines_can_connect_to_the_container")
def dockerfile(port):
    """Install the packages in a virtual environment, and start another Python."""
    pip = "RUN python -m venv /venv && /venv/bin/pip install -r requirements.txt"
    return text_of(port, install=["COPY requirements.txt .", pip])


@wrong("11.1.2", caught_by="test_q2_a_change_of_the_requirements_installs_again")
def dockerfile(port):
    """Copy the file, and install nothing."""
    return text_of(port, install=["COPY requirements.txt ."])


@wrong("11.1.2", caught_by="test_q2_the_passwords_are_not_in_the_image")
def dockerfile(port):
    """Copy the whole folder."""
    return text_of(port, code=["COPY . ."])


@wrong("11.1.2", caught_by="test_q2_the_passwords_are_not_in_the_image")
def dockerfile(port):
    """Copy the whole folder, and delete the file in the next layer."""
    return text_of(port, code=["COPY . .", "RUN rm .env"])


@wrong("11.1.2", caught_by="test_q2_the_passwords_are_not_in_the_image")
def dockerfile(port):
    """Copy the file under another name."""
    return text_of(port, code=["COPY rental rental", "COPY .env /etc/rental.env"])


@wrong("11.1.2", caught_by="test_q2_the_process_does_not_run_as_root")
def dockerfile(port):
    """Name no user."""
    words = ["uvicorn", "rental.main:app", "--host", "0.0.0.0", "--port", str(port)]
    return text_of(port, end=[f"CMD {json.dumps(words)}"])


@wrong("11.1.2", caught_by="test_q2_the_process_does_not_run_as_root")
def dockerfile(port):
    """Make a user, and go back to root."""
    steps = ["RUN useradd rider", "USER rider", "COPY rental rental", "USER 0:0"]
    words = ["uvicorn", "rental.main:app", "--host", "0.0.0.0", "--port", str(port)]
    return text_of(port, code=steps, end=[f"CMD {json.dumps(words)}"])


@wrong("11.1.2", caught_by="test_q2_the_process_does_not_run_as_root")
def dockerfile(port):
    """Use a user that nobody made."""
    return text_of(port).replace("nobody", "rider")


@wrong("11.1.2", caught_by="test_q2_the_process_does_not_run_as_root")
def dockerfile(port):
    """Install the packages as a user who may not."""
    install = ["USER nobody", "COPY requirements.txt .", PIP]
    return text_of(port, install=install)


@wrong("11.1.2", caught_by="test_q2_the_process_does_not_run_as_root")
def dockerfile(port):
    """Activate a virtual environment while the image is built."""
    pip = "RUN python -m venv venv && . venv/bin/activate && " + PIP.partition(" ")[2]
    return text_of(port, install=["COPY requirements.txt .", pip])


@wrong("11.1.2", caught_by="test_q2_the_process_does_not_run_as_root")
def dockerfile(port):
    """Set the path to a virtual environment in the first stage only."""
    return in_two_stages(
        port,
        install=["RUN python -m venv /venv", "ENV PATH=/venv/bin:$PATH", PIP],
        take=["COPY --from=build /venv /venv"],
    )


@wrong("11.1.2", caught_by="test_q2_the_process_does_not_run_as_root")
def dockerfile(port):
    """Leave the packages in the home of root."""
    return in_two_stages(
        port,
        install=[PIP.replace("install", "install --user")],
        take=["COPY --from=build /root/.local /root/.local", LOCAL],
    )


@wrong("11.1.2", caught_by="test_q2_the_process_does_not_run_as_root")
def dockerfile(port):
    """Copy the modules of the packages, without their programs."""
    return in_two_stages(
        port, install=[PIP], take=[f"COPY --from=build {MODULES} {MODULES}"]
    )


@wrong("11.1.2", caught_by="test_q2_the_process_does_not_run_as_root")
def dockerfile(port):
    """Make the user in the first stage."""
    text = in_two_stages(
        port,
        install=["RUN useradd rider", PIP],
        take=["COPY --from=build /usr/local /usr/local"],
    )
    return text.replace("nobody", "rider")


@wrong("11.1.2", caught_by="test_q2_the_process_does_not_run_as_root")
def dockerfile(port):
    """Use uv, which installs nothing without a virtual environment."""
    uv = "RUN pip install uv && uv pip install -r requirements.txt"
    return text_of(port, install=["COPY requirements.txt .", uv])


@wrong("11.1.2", caught_by="test_q2_the_passwords_are_not_in_the_image")
def dockerfile(port):
    """Copy all with a pattern, which matches hidden files in Docker."""
    return text_of(port, code=["COPY rental rental", "COPY * ./"])


@wrong("11.1.2", caught_by="test_q2_the_image_starts_from_an_image_of_python")
def dockerfile(port):
    """Start from Ubuntu."""
    install = [
        "RUN apt-get update && apt-get install -y python3-pip",
        "COPY requirements.txt .",
        PIP,
    ]
    return text_of(port, base="ubuntu:24.04", install=install)


@wrong("11.1.2", caught_by="test_q2_the_image_starts_from_an_image_of_python")
def dockerfile(port):
    """Start from an image of somebody else."""
    return text_of(port, base="acme/python:3.11-slim")


@wrong("11.1.2", caught_by="test_q2_the_image_starts_from_an_image_of_python")
def dockerfile(port):
    """Start from an image that FastAPI gave up."""
    return text_of(port, base="tiangolo/uvicorn-gunicorn-fastapi:python3.11")


@right("11.1.2")
def dockerfile(port):
    """Build in two stages, and set Uvicorn's options by variables."""
    return f"""
        # syntax=docker/dockerfile:1
        ARG PYTHON=3.12
        FROM docker.io/library/python:${{PYTHON}} AS build
        COPY requirements.txt /tmp/
        RUN python -m venv /opt/venv && \\
            # without a cache, which nobody would use
            /opt/venv/bin/pip install --no-cache-dir -r /tmp/requirements.txt

        FROM python:3.12-slim
        RUN groupadd riders \\
            && useradd --gid riders rider
        COPY --from=build /opt/venv /opt/venv
        ENV PATH="/opt/venv/bin:$PATH" PYTHONPATH=/code \\
            UVICORN_HOST=0.0.0.0 UVICORN_PORT={port}
        COPY --chown=rider:riders ./rental/ /code/rental/
        EXPOSE {port}
        USER rider:riders
        ENTRYPOINT ["uvicorn"]
        CMD ["rental.main:app"]
    """


@right("11.1.2")
def dockerfile(port):
    """Let a shell become Uvicorn, and mount the requirements."""
    return f"""from python:3.11
env PORT {port}
run --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt \\
    --mount=type=cache,target=/root/.cache/pip \\
    pip install -r /tmp/requirements.txt
workdir /srv
workdir app
copy ["rental", "/srv/app/rental"]
user 1000
cmd exec python -m uvicorn --app-dir /srv/app rental.main:app {HOST} --port $PORT
"""


@right("11.1.2")
def dockerfile(port):
    """Copy the requirements with a pattern, and all but the passwords."""
    words = f"python -m uvicorn rental.main:app {HOST} --workers 2 --port {port}"
    return text_of(
        port,
        install=["COPY *.txt ./", "RUN pip install --upgrade pip", PIP],
        code=["COPY --exclude=.env . ."],
        end=["USER www-data", f"CMD {json.dumps(words.split())}"],
    )


@right("11.1.2")
def dockerfile(port):
    """Start an init program, and a program of a virtual environment."""
    words = ["venv/bin/uvicorn", "rental.main:app", f"--port={port}", "--host=0.0.0.0"]
    return text_of(
        port,
        install=[
            "RUN apt-get update && apt-get install -y tini",
            "ADD requirements.txt .",
            "RUN python -m venv venv && venv/bin/pip install -r requirements.txt",
        ],
        code=["ADD rental/ rental/"],
        end=[
            f"CMD {json.dumps(words)}",
            "RUN adduser --system rider",
            "USER rider",
            'ENTRYPOINT ["tini", "--"]',
            f"CMD {json.dumps(words)}",
        ],
    )


@right("11.1.2")
def dockerfile(port):
    """Move the packages of a user into the home of another one."""
    return in_two_stages(
        port,
        install=[PIP.replace("install", "install --user")],
        take=[
            "ARG RIDER=rider",
            "RUN <<END\nset -e\nuseradd --create-home $RIDER\nEND",
            "COPY --from=build /root/.local /home/rider/.local",
            LOCAL.replace("root", "home/rider"),
            "USER $RIDER",
        ],
    )


@right("11.1.2")
def dockerfile(port):
    """Copy the modules, and start the one of Uvicorn."""
    text = in_two_stages(
        port, install=[PIP], take=[f"COPY --from=build {MODULES} {MODULES}"]
    )
    return text.replace('"uvicorn"', '"python", "-m", "uvicorn"')


@right("11.1.2")
def dockerfile(port):
    """Activate a virtual environment in the shell that becomes Uvicorn."""
    pip = "RUN python -m venv venv && venv/bin/pip install -r requirements.txt"
    run = f"exec uvicorn rental.main:app {HOST} --port {port}"
    end = ["USER nobody", f"CMD . venv/bin/activate && {run}"]
    return text_of(port, install=["COPY requirements.txt .", pip], end=end)


BIKE = "/bikes/{bike}/ride"


@wrong("11.1.3", caught_by="test_q3_a_ride_ends_in_all_instances")
def rental_app(rides):
    """Keep the dict as a cache in front of the database."""
    app = FastAPI()
    riders = {}

    @app.post(BIKE, status_code=201)
    async def start_ride(bike: str, rider: str):
        if bike in riders or not await rides.start(bike, rider):
            raise HTTPException(409)
        riders[bike] = rider
        return {"rider": rider}

    @app.delete(BIKE)
    async def end_ride(bike: str):
        riders.pop(bike, None)
        if not (rider := await rides.end(bike)):
            raise HTTPException(404)
        await send_receipt(rider)
        return {"rider": rider}

    return app


@wrong("11.1.3", caught_by="test_q3_a_bike_is_rented_once_in_all_instances")
def rental_app(rides):
    """Look into the dict, and write to the database as well."""
    app = FastAPI()
    riders = {}

    @app.post(BIKE, status_code=201)
    async def start_ride(bike: str, rider: str):
        if bike in riders:
            raise HTTPException(409)
        riders[bike] = rider
        await rides.start(bike, rider)
        return {"rider": rider}

    @app.delete(BIKE)
    async def end_ride(bike: str):
        riders.pop(bike, None)
        if not (rider := await rides.end(bike)):
            raise HTTPException(404)
        await send_receipt(rider)
        return {"rider": rider}

    return app


@wrong("11.1.3", caught_by="test_q3_a_bike_is_rented_once_in_all_instances")
def rental_app(rides):
    """Do not look at what `start` returns."""
    return app_with(rides, send_receipt, looks=False)


@wrong("11.1.3", caught_by="test_q3_a_bike_is_rented_once_in_all_instances")
def rental_app(rides):
    """Mend the receipts only."""
    return app_with(InMemory(), send_receipt)


@wrong("11.1.3", caught_by="test_q3_a_new_instance_finds_the_rides_of_earlier_ones")
def rental_app(rides):
    """Keep the rides in a temporary file."""
    return app_with(InFile(), send_receipt)


@wrong("11.1.3", caught_by="test_q3_the_rides_are_stored")
def rental_app(rides):
    """Keep the rides of this instance in a module."""
    return app_with(InMemory(), send_receipt)


@wrong("11.1.3", caught_by="test_q3_the_receipt_is_sent_before_the_instance_freezes")
def rental_app(rides):
    """Mend the rides only."""
    tasks = set()

    async def begin(rider):
        tasks.add(asyncio.create_task(send_receipt(rider)))

    return app_with(rides, begin)


@wrong("11.1.3", caught_by="test_q3_the_receipt_is_sent_before_the_instance_freezes")
def rental_app(rides):
    """Give the task one turn of the event loop."""

    async def begin(rider):
        asyncio.ensure_future(send_receipt(rider))
        await asyncio.sleep(0)

    return app_with(rides, begin)


@wrong("11.1.3", caught_by="test_q3_the_receipt_is_sent_before_the_instance_freezes")
def rental_app(rides):
    """Send the receipt in a thread of its own."""

    async def begin(rider):
        threading.Thread(target=lambda: asyncio.run(send_receipt(rider))).start()

    return app_with(rides, begin)


@wrong("11.1.3", caught_by="test_q3_the_receipt_is_sent_before_the_instance_freezes")
def rental_app(rides):
    """Start the task in a background task."""
    tasks = set()

    async def begin(rider):
        tasks.add(asyncio.create_task(send_receipt(rider)))

    return app_in_background(rides, begin)


@wrong("11.1.3", caught_by="test_q3_the_receipt_is_sent_before_the_instance_freezes")
def rental_app(rides):
    """Forget `await`."""

    async def begin(rider):
        send_receipt(rider).close()

    return app_with(rides, begin)


@wrong("11.1.3", caught_by="test_q3_the_receipt_is_sent_before_the_instance_freezes")
def rental_app(rides):
    """Collect the receipts until the application stops."""
    riders = []

    @asynccontextmanager
    async def lifespan(_):
        yield
        for rider in riders:
            await send_receipt(rider)

    async def keep(rider):
        riders.append(rider)

    return app_with(rides, keep, lifespan=lifespan)


@wrong("11.1.3", caught_by="test_q3_a_ride_that_does_not_end_has_no_receipt")
def rental_app(rides):
    """Send the receipt before looking at the rider."""
    app = FastAPI()

    @app.post(BIKE, status_code=201)
    async def start_ride(bike: str, rider: str):
        if not await rides.start(bike, rider):
            raise HTTPException(409)
        return {"rider": rider}

    @app.delete(BIKE)
    async def end_ride(bike: str):
        rider = await rides.end(bike)
        await send_receipt(rider)
        if rider is None:
            raise HTTPException(404)
        return {"rider": rider}

    return app


@wrong("11.1.3", caught_by="test_q3_a_ride_that_does_not_end_has_no_receipt")
def rental_app(rides):
    """Send the receipt when the ride starts."""
    app = FastAPI()

    @app.post(BIKE, status_code=201)
    async def start_ride(bike: str, rider: str):
        if not await rides.start(bike, rider):
            raise HTTPException(409)
        await send_receipt(rider)
        return {"rider": rider}

    @app.delete(BIKE)
    async def end_ride(bike: str):
        if not (rider := await rides.end(bike)):
            raise HTTPException(404)
        return {"rider": rider}

    return app


@wrong("11.1.3", caught_by="test_q3_a_bike_is_rented_once_in_all_instances")
def rental_app(rides):
    """Look for a ride by ending it."""
    app = FastAPI()

    @app.post(BIKE, status_code=201)
    async def start_ride(bike: str, rider: str):
        if await rides.end(bike):
            raise HTTPException(409)
        await rides.start(bike, rider)
        return {"rider": rider}

    @app.delete(BIKE)
    async def end_ride(bike: str):
        if not (rider := await rides.end(bike)):
            raise HTTPException(404)
        await send_receipt(rider)
        return {"rider": rider}

    return app


@wrong("11.1.3", caught_by="test_q3_the_receipt_is_sent_before_the_instance_freezes")
def rental_app(rides):
    """Send the receipt twice, to be sure."""

    async def twice(rider):
        await send_receipt(rider)
        await send_receipt(rider)

    return app_with(rides, twice)


@wrong("11.1.3", caught_by="test_q3_the_receipt_is_sent_before_the_instance_freezes")
def rental_app(rides):
    """Send one receipt for each rider."""
    riders = set()

    async def once(rider):
        if rider not in riders:
            riders.add(rider)
            await send_receipt(rider)

    return app_with(rides, once)


@wrong("11.1.3", caught_by="test_q3_the_receipt_is_sent_before_the_instance_freezes")
def rental_app(rides):
    """Wait for the task, but not to its end."""

    async def begin(rider):
        await asyncio.wait({asyncio.create_task(send_receipt(rider))}, timeout=0.03)

    return app_with(rides, begin)


@wrong("11.1.3", caught_by="test_q3_a_bike_is_rented_once_in_all_instances")
def rental_app(rides):
    """Start the ride of the same rider twice."""
    return app_with(Remembering(rides), send_receipt)


@wrong("11.1.3", caught_by="test_q3_a_ride_ends_in_all_instances")
def rental_app(rides):
    """Return the rider that this instance remembers."""
    return app_with(Remembering(rides), send_receipt)


@wrong("11.1.3", caught_by="test_q3_the_rides_are_stored")
def rental_app(rides):
    """Store the names in lower case."""

    class Lower:
        end = rides.end

        async def start(self, bike, rider):
            return await rides.start(bike, rider.lower())

    return app_with(Lower(), send_receipt)


@right("11.1.3")
def rental_app(rides):
    """Use a background task of FastAPI."""
    return app_in_background(rides, send_receipt)


@right("11.1.3")
def rental_app(rides):
    """Attach a background task to a response, and wait for another task."""
    app = FastAPI()

    async def send(rider):
        await asyncio.gather(asyncio.create_task(send_receipt(rider)))

    async def start_ride(bike: str, rider: str):
        started = await rides.start(bike, rider)
        return JSONResponse({"rider": rider}, 201 if started else 409)

    async def end_ride(bike: str):
        rider = await rides.end(bike)
        if rider is None:
            return JSONResponse({"detail": "Nobody rides this bike."}, 404)
        return JSONResponse({"rider": rider}, background=BackgroundTask(send, rider))

    app.add_api_route(BIKE, start_ride, methods=["POST"])
    app.add_api_route(BIKE, end_ride, methods=["DELETE"])
    return app


def app_with(rides, send, *, looks=True, lifespan=None):
    """Return an application that keeps its rides here, and sends receipts so."""
    app = FastAPI(lifespan=lifespan)

    @app.post(BIKE, status_code=201)
    async def start_ride(bike: str, rider: str):
        if not await rides.start(bike, rider) and looks:
            raise HTTPException(409, "Somebody rides this bike.")
        return {"rider": rider}

    @app.delete(BIKE)
    async def end_ride(bike: str):
        rider = await rides.end(bike)
        if rider is None:
            raise HTTPException(404, "Nobody rides this bike.")
        await send(rider)
        return {"rider": rider}

    return app


def app_in_background(rides, send):
    """Return an application that sends receipts in a background task."""
    app = FastAPI()

    @app.post(BIKE, status_code=201)
    async def start_ride(bike: str, rider: str):
        if not await rides.start(bike, rider):
            raise HTTPException(409, "Somebody rides this bike.")
        return {"rider": rider}

    @app.delete(BIKE)
    async def end_ride(bike: str, tasks: BackgroundTasks):
        rider = await rides.end(bike)
        if rider is None:
            raise HTTPException(404, "Nobody rides this bike.")
        tasks.add_task(send, rider)
        return {"rider": rider}

    return app


class InMemory:
    """Rides in the memory of an instance."""

    riders = {}

    async def start(self, bike, rider):
        return self.riders.setdefault(bike, rider) is rider

    async def end(self, bike):
        return self.riders.pop(bike, None)


class Remembering:
    """The rides, and what an instance remembers of them."""

    def __init__(self, rides):
        self.rides = rides
        self.riders = {}

    async def start(self, bike, rider):
        started = await self.rides.start(bike, rider)
        if started:
            self.riders[bike] = rider
        return started or self.riders.get(bike) == rider

    async def end(self, bike):
        rider = await self.rides.end(bike)
        return rider and self.riders.pop(bike, rider)


class InFile:
    """Rides in the folder for temporary files."""

    folder = Path(tempfile.gettempdir(), "rental-rides")

    async def start(self, bike, rider):
        self.folder.mkdir(exist_ok=True)
        if (self.folder / bike).exists():
            return False
        (self.folder / bike).write_text(rider)
        return True

    async def end(self, bike):
        try:
            return (self.folder / bike).read_text()
        except OSError:
            return None
