"""The tests of section 2.1."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from lab import Process, client, free_port, process


def told(what: str, call: Callable[..., Any], *arguments: object) -> Any:
    """Return what the call returns; tell what it raised instead."""
    try:
        return call(*arguments)
    except Exception as error:
        raise AssertionError(f"{what} raised {error!r}.") from error


def answer_of(app: object, method: str, path: str) -> httpx2.Response:
    """Return what a client of `app` reads."""
    assert isinstance(app, FastAPI), f"{app!r} was returned: no FastAPI app."
    with client(app) as shop:
        return told(f"{method} {path}", shop.request, method, path)


def object_in(answer: httpx2.Response) -> dict:
    """Return the JSON object that a successful answer holds."""
    asked = f"{answer.request.method} {answer.request.url.path}"
    assert answer.status_code == 200, (
        f"{asked} was answered {answer.status_code}: {answer.text}"
    )
    kind = answer.headers.get("content-type", "missing")
    assert kind.startswith("application/json"), (
        f"The content type of the answer to {asked} is {kind}: "
        "a client cannot know that there is JSON in it."
    )
    read = told(f"Reading the body {answer.text!r}", answer.json)
    assert isinstance(read, dict), (
        f"The answer to {asked} reads {read!r}: "
        f"no JSON object, but a {type(read).__name__}."
    )
    return read


def counting(answers, stock: dict[str, int]) -> FastAPI:
    """Return the app of 2.1.1, whose warehouse counts whatever is in `stock`."""

    def count_stock() -> dict[str, int]:
        return dict(stock)

    answers.count_stock = count_stock
    return answers.stock_app()


def test_q1_the_client_reads_what_was_counted(answers):
    app = counting(answers, {"ink": 41, "pen": 0})

    read = object_in(answer_of(app, "GET", "/stock"))

    same = read == {"ink": 41, "pen": 0}
    assert same, f"The warehouse counted 41 ink and no pen; the client reads {read}."


def test_q1_a_later_client_reads_a_later_count(answers):
    stock = {"ink": 2}
    app = counting(answers, stock)

    read = []
    for left in (2, 1, 0):
        stock["ink"] = left
        read.append(object_in(answer_of(app, "GET", "/stock")))

    same = read == [{"ink": 2}, {"ink": 1}, {"ink": 0}]
    assert same, (
        f"The ink was sold: 2 pieces, then 1, then none. Three clients read {read}. "
        "When does your app ask the warehouse?"
    )


def test_q1_reading_the_stock_is_all_that_one_can_do(answers):
    app = counting(answers, {"ink": 1})

    status = answer_of(app, "POST", "/stock").status_code
    assert status == 405, (
        f"POST /stock was answered {status}. "
        "FastAPI has a status of its own for a path that only GET may ask for."
    )

    endpoints = [
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    ]
    assert endpoints == ["GET /stock"], (
        f"According to its documentation the app has {endpoints or 'no endpoint'}."
    )


def decorated(app: Any, path: str, endpoint: Callable[[], object]) -> object:
    """Return what the name of an endpoint means below `@app.get(path)`."""
    decorator = app.get(path)
    assert callable(decorator), (
        f"`get({path!r})` returned {decorator!r}. What stands behind the @ is called "
        "with the function; this cannot be called."
    )
    return told(f"Decorating with {decorator!r}", decorator, endpoint)


def list_products() -> list[str]:
    """All that is for sale."""
    return ["lamp", "pen"]


def count_products() -> int:
    """How many there are."""
    return 2


def small_shop(app: Any) -> Any:
    """Return `app` with three paths, two of which belong to one function."""
    decorated(app, "/products", list_products)
    decorated(app, "/products/count", count_products)
    decorated(app, "/catalogue", list_products)
    return app


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/products"),
        ("GET", "/products/count"),
        ("GET", "/catalogue"),
        ("POST", "/products"),
        ("GET", "/orders"),
    ],
)
def test_q2_a_request_is_answered_as_fastapi_does(answers, method, path):
    real = answer_of(small_shop(FastAPI()), method, path)

    tiny = small_shop(answers.TinyAPI())
    read = told(f"With {tiny.routes} in `routes`, answer", tiny.answer, method, path)

    same = read == (real.status_code, real.json())
    assert same, (
        f"{method} {path}: TinyAPI answers {read}, FastAPI with the same functions "
        "something else. What does `answer` look for in `routes`, what is there?"
    )


def test_q2_the_function_runs_for_each_request_and_not_before(answers):
    runs: list[str] = []
    tiny = answers.TinyAPI()

    decorated(tiny, "/orders", lambda: runs.append("ran"))
    before = len(runs)
    for _ in range(2):
        told("The request", tiny.answer, "GET", "/orders")

    assert before == 0, "Decorating the function has called it; nobody had asked yet."
    assert len(runs) == 2, f"Two requests came, the function ran {len(runs)} times."


def test_q2_the_name_still_means_the_function(answers):
    meant = decorated(answers.TinyAPI(), "/products", list_products)

    same = meant is list_products
    assert same, (
        f"Below `@app.get(…)` the name `list_products` means {meant!r}. "
        "A name means whatever its decorator has returned."
    )


def test_q2_the_documentation_says_what_fastapis_says(answers):
    paths = small_shop(FastAPI()).openapi()["paths"]
    real = {path: methods["get"]["description"] for path, methods in paths.items()}

    tiny = small_shop(answers.TinyAPI())
    documented = told(f"With {tiny.routes} in `routes`, documented", tiny.documented)

    same = documented == real
    assert same, (
        f"TinyAPI documents {documented}, FastAPI something else. It reads the "
        "docstrings of the very functions that were decorated."
    )


def write_app(folder: Path, file: str, name: str) -> None:
    """Write a Python file with an app that says who it is."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "from fastapi import FastAPI\n\n"
        f"{name} = FastAPI()\n"
        f'{name}.get("/")(lambda: "{name} of {file}")\n'
    )


def is_command(words: object) -> bool:
    """Return whether these are words that a command could consist of."""
    is_list = isinstance(words, list | tuple) and len(words) > 0
    return is_list and all(isinstance(word, str) for word in words)


def state_of(shop: Process) -> str:
    """Return how a process fares, and the end of what it has printed."""
    how = "runs" if shop.status is None else f"ended with status {shop.status}"
    printed = " / ".join(shop.output.split("\n")[-3:]).strip(" /")
    return f"It {how} and printed: {printed or 'nothing'}"


@pytest.mark.parametrize(
    ("file", "name"), [("orders.py", "app"), ("backoffice/stock/count.py", "api")]
)
def test_q3_the_app_in_the_file_is_served(answers, tmp_path, file, name):
    write_app(tmp_path, file, name)
    words = answers.command(Path(file), name)
    assert is_command(words), f"`command` returned {words!r}: no list of words."

    port = free_port()
    environment = {"UVICORN_PORT": str(port)}
    with process(words, folder=tmp_path, port=port, environment=environment) as shop:
        assert shop.listening, (
            f"{words} serves nothing at port {port}. {state_of(shop)}"
        )
        try:
            read = shop.client.get("/").text
        except httpx2.TransportError as error:
            raise AssertionError(f"No answer. {state_of(shop)}") from error

    same = read == f'"{name} of {file}"'
    assert same, f"{words} serves something else: {read[:60]!r}"


def order_read(answers, **differences: object) -> dict:
    """Return what a client of 2.1.4 reads while this is the latest order."""
    usual = {
        "number": 41,
        "customer": "Łucja Šimić",
        "placed": datetime(2026, 7, 1, 12, tzinfo=UTC),
        "prices": {"ink": Decimal("9.05")},
    }
    order = answers.Order(**usual | differences)

    def latest_order() -> answers.Order:
        return order

    answers.latest_order = latest_order
    read = object_in(answer_of(answers.orders_app(), "GET", "/orders/latest"))
    missing = {"number", "customer", "placed", "prices", "voucher"} - set(read)
    assert not missing, (
        f"The client reads {read}. Missing: {', '.join(sorted(missing))}."
    )
    return read


@pytest.mark.parametrize("digits", ["19.90", "0.015", "1234567890123456.78", "20"])
def test_q4_a_price_keeps_all_its_digits(answers, digits):
    costs = {"lamp": Decimal(digits), "pen": Decimal("2.50")}

    prices = order_read(answers, prices=costs)["prices"]

    same = prices == {"lamp": digits, "pen": "2.50"}
    assert same, (
        f"The lamp costs exactly {digits}, the pen 2.50. The client reads {prices!r}. "
        "Who made that of the prices?"
    )


@pytest.mark.parametrize(
    "placed",
    [
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        datetime(2026, 12, 24, 23, 5, 9, tzinfo=timezone(timedelta(hours=-3))),
    ],
    ids=["in UTC", "three hours west"],
)
def test_q4_the_time_is_a_text_of_iso_8601(answers, placed):
    read = order_read(answers, placed=placed)["placed"]

    try:
        moment = datetime.fromisoformat(read) if "T" in read else None
    except (TypeError, ValueError):
        moment = None
    assert moment is not None, (
        f"The client reads {read!r} for the time. In ISO 8601 it is one word, "
        "with a T between day and time."
    )
    same = moment.tzinfo is not None and moment == placed
    assert same, f"The order was placed at {placed}; the client reads {read!r}."


@pytest.mark.parametrize("voucher", [None, "Frühling"], ids=["no voucher", "voucher"])
def test_q4_the_other_fields_are_sent_as_they_are(answers, voucher):
    read = order_read(answers, voucher=voucher)

    kept = [read["number"], read["customer"], read["voucher"]]
    same = kept == [41, "Łucja Šimić", voucher]
    assert same, (
        f"Order 41 of Łucja Šimić, its voucher {voucher!r}: "
        f"of these three the client reads {kept}."
    )


# Seconds that `run_shop` may take to start or to stop.
PATIENCE = 3.0


class Run:
    """A call of `run_shop` in a thread: what it served, and what ended it."""

    def __init__(self) -> None:
        self.servers: list[uvicorn.Server] = []
        self.error: BaseException | None = None
        self.settled = threading.Event()
        self.ended = threading.Event()

    def call(self, run_shop: Callable[..., None], environ: dict[str, str]) -> None:
        """Run a shop that answers `GET /` to its end."""
        app = FastAPI()
        app.get("/")(lambda: "open")
        try:
            run_shop(app, environ)
        except BaseException as error:
            self.error = error
        self.ended.set()
        self.settled.set()

    def interrupt(self) -> None:
        """Do to Uvicorn what Ctrl-C does, and wait for its end."""
        for server in self.servers:
            server.handle_exit(signal.SIGINT, None)
        if self.servers:
            self.ended.wait(PATIENCE)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """The address and the port of each place that it listens at."""
        listening = [one for server in self.servers for one in server.servers]
        return [place.getsockname()[:2] for one in listening for place in one.sockets]


@contextmanager
def running(answers, **environ: str) -> Iterator[Run]:
    """Call `run_shop`, wait until it serves or has ended, and stop it afterwards."""
    run = Run()
    main_loop = uvicorn.Server.main_loop

    async def noted(server: uvicorn.Server) -> None:
        run.servers.append(server)
        run.settled.set()
        await main_loop(server)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(uvicorn.Server, "main_loop", noted)
        # It would set up the logging of the whole test process.
        patched.setattr(uvicorn.Config, "configure_logging", lambda config: None)
        work = (answers.run_shop, environ)
        threading.Thread(target=run.call, args=work, daemon=True).start()
        run.settled.wait(PATIENCE)
        if isinstance(run.error, NotImplementedError):
            raise run.error
        try:
            yield run
        finally:
            run.interrupt()


@contextmanager
def serving(answers, **environ: str) -> Iterator[Run]:
    """Like `running`; tell how `run_shop` ended if it does not serve."""
    with running(answers, **environ) as run:
        if not run.servers:
            raise AssertionError(
                f"With {environ} nothing is served: `run_shop` "
                + (f"raised {run.error!r}." if run.error else "has returned.")
            ) from run.error
        yield run


def is_served(host: str, port: int) -> bool:
    """Return whether the shop answers those who come to this address."""
    place = f"[{host}]" if ":" in host else host
    try:
        answer = httpx2.get(f"http://{place}:{port}/", trust_env=False)
    except httpx2.TransportError:
        return False
    return answer.text == '"open"'


def is_own(address: str) -> bool:
    """Return whether this machine has the address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


@pytest.fixture
def second_address():
    """Another address than 127.0.0.1 by which this machine reaches itself."""
    for address in ("127.0.0.2", "::1"):
        if is_own(address):
            return address
    return pytest.skip("This needs a second loopback address: 127.0.0.2 or ::1.")


@pytest.mark.parametrize("host", ["127.0.0.1", "another address"])
def test_q5_the_shop_is_reached_at_its_address_alone(answers, second_address, host):
    both = ["127.0.0.1", second_address]
    host, other = both if host in both else reversed(both)
    port = free_port()

    with serving(answers, SHOP_HOST=host, SHOP_PORT=str(port)) as run:
        places = run.addresses
        reached = [address for address in both if is_served(address, port)]

    assert host in reached, (
        f"Nobody answers at {host}, port {port}. The shop listens at {places}."
    )
    assert other not in reached, (
        f"The shop was to listen at {host}; it answers at {other} as well. "
        f"It listens at {places}."
    )


@pytest.mark.parametrize("environ", [{}, {"SHOP_HOST": ""}], ids=["missing", "empty"])
def test_q5_without_a_host_no_other_machine_gets_in(answers, environ):
    port = free_port()

    with serving(answers, SHOP_PORT=str(port), **environ) as run:
        places = run.addresses
        reached = [host for host, _ in places if is_served(host, port)]

    outside = [host for host, _ in places if not ip_address(host).is_loopback]
    assert not outside, (
        f"With {environ or 'no host'} the shop listens at {' and '.join(outside)}. "
        "That is every address of this machine: the whole network can come in."
    )
    assert reached, f"Nobody answers at port {port}. The shop listens at {places}."


def test_q5_it_serves_until_it_is_told_to_stop(answers):
    port = free_port()

    with serving(answers, SHOP_HOST="127.0.0.1", SHOP_PORT=str(port)) as run:
        returned_early = run.ended.is_set()
        run.interrupt()
        returned = run.ended.is_set()
        still_open = is_served("127.0.0.1", port)

    assert not returned_early, "`run_shop` returned while the shop was being served."
    assert returned, "Ctrl-C came, and `run_shop` has not returned."
    assert not still_open, f"After Ctrl-C the shop still answers at port {port}."


def test_q5_a_taken_port_ends_it_with_an_error(answers):
    port = free_port()
    environ = {"SHOP_HOST": "127.0.0.1", "SHOP_PORT": str(port)}

    with socket.create_server(("127.0.0.1", port)), running(answers, **environ) as run:
        places, ended = run.addresses, run.ended.is_set()

    assert not places, f"Port {port} was taken; the shop listens at {places} instead."
    assert ended, f"Port {port} was taken; `run_shop` neither serves nor ends."
    silent = run.error is None or getattr(run.error, "code", 1) in (0, None)
    assert not silent, (
        f"Port {port} was taken, and `run_shop` ended as if all were well. "
        "Whoever started it thinks that the shop is open."
    )
    with serving(answers, **environ):
        open_later = is_served("127.0.0.1", port)
    assert open_later, f"Nobody answers at port {port}, which is free again."
