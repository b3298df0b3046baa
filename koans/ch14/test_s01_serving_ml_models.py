"""The tests of section 14.1."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import onnx
import pytest
from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI
from pydantic import BaseModel, ValidationError

from lab import (
    LoopGuard,
    async_client,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    patience,
    returned_or_raised,
    stand_in,
)


def linear_model(weekday: float, temperature: float, bias: float) -> bytes:
    """Return a model in ONNX: the weighted sum of its two features, and a bias."""
    weights = np.array([[weekday], [temperature]], dtype=np.float32)
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("MatMul", ["features", "weights"], ["products"]),
            onnx.helper.make_node("Add", ["products", "bias"], ["scoops"]),
        ],
        "kiosk",
        [
            onnx.helper.make_tensor_value_info(
                "features", onnx.TensorProto.FLOAT, ["days", 2]
            )
        ],
        [onnx.helper.make_tensor_value_info("scoops", onnx.TensorProto.FLOAT, None)],
        [
            onnx.numpy_helper.from_array(weights, "weights"),
            onnx.numpy_helper.from_array(np.array([bias], np.float32), "bias"),
        ],
    )
    versions = [onnx.helper.make_opsetid("", 21)]
    model = onnx.helper.make_model(graph, opset_imports=versions, ir_version=10)
    return bytes(model.SerializeToString())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the files of two models."""
    found = []
    for number, weights in enumerate([(10, 2, 58.5), (1, 0.5, 0)]):
        found.append(tmp_path_factory.mktemp("models") / f"{number}.onnx")
        found[-1].write_bytes(linear_model(*weights))
    return found


PATH = "/scoops?weekday={}&temperature={}"
# What the first model predicts for a weekday and a temperature.
RIGHT = [(5, 21.5, 151.5), (0, 0.0, 58.5), (6, -2.5, 113.5), (2, 0.0625, 78.625)]


Reply = tuple[int, Any]


def reply(call: Callable[[], httpx2.Response]) -> Reply:
    """Return the status code and the JSON of a response.

    For an exception that a client sees as 500, return the exception.
    """
    seen: Any = outcome(call)
    if isinstance(seen, Exception):
        return 500, seen
    return seen.status_code, json_or_text(seen)


def shown(seen: Reply) -> str:
    """Return a reply for a message."""
    status, value = seen
    if isinstance(value, Exception):
        return f"{status}, because of {in_words(value)}"
    return f"{status} with {in_words(value)}"


class Loading:
    """Notes which models an answer loads, and what it predicts with them."""

    def __init__(self, answers: Any) -> None:
        self.log: list[tuple[str, Any]] = []
        self._load = same_function(answers.load_model)
        self._predict = same_function(answers.predict)
        stand_in(answers.load_model, self.load)
        stand_in(answers.predict, self.predict)

    def load(self, file: Path) -> Any:
        """Load a model."""
        model = self._load(file)
        self.log.append(("load_model", model))
        return model

    def predict(self, model: Any, weekday: Any, temperature: Any) -> Any:
        """Predict with a model."""
        self.log.append(("predict", model))
        return self._predict(model, weekday, temperature)

    @property
    def calls(self) -> list[str]:
        """The names of the calls until now."""
        return [name for name, _ in self.log]


def same_function(function: Any) -> Any:
    """Return a copy of a function that a stand-in does not change."""
    return type(function)(function.__code__, function.__globals__)


def kiosk_app(answers: Any, file: Path) -> FastAPI:
    """Return the application of 14.1.1."""
    return fastapi_app(answers.kiosk_app(file), "kiosk_app(file)")


def check_calls(loading: Loading, when: str, *asked: str) -> None:
    """Check which calls there were until now."""
    assert loading.calls == [*asked], (
        f"{when}, the calls were {in_words(loading.calls)}. The docstring asks for one "
        "`load_model` and one `predict` with each start, and one `predict` with each "
        "request. Look at which code runs when."
    )


@pytest.mark.parametrize(("weekday", "temperature", "right"), RIGHT)
def test_q1_the_prediction_is_returned(
    answers: Any, files: list[Path], weekday: int, temperature: float, right: float
) -> None:
    loading = Loading(answers)
    path = PATH.format(weekday, temperature)
    with client(kiosk_app(answers, files[0])) as http:
        seen = reply(lambda: http.get(path))
    assert seen == (200, {"scoops": right}), (
        f"`GET {path}` returned {shown(seen)}. The docstring asks for 200 with "
        f"{{'scoops': {right}}}. Look at the model and at what the endpoint returns."
    )
    asked = ["load_model", "predict", "predict"]
    check_calls(loading, "After the start and a request", *asked)


def test_q1_the_model_is_loaded_at_the_start(answers: Any, files: list[Path]) -> None:
    loading = Loading(answers)
    app = kiosk_app(answers, files[0])
    check_calls(loading, "Before the application started")
    with client(app):
        check_calls(loading, "After the start", "load_model", "predict")


def test_q1_requests_load_no_model(answers: Any, files: list[Path]) -> None:
    loading = Loading(answers)
    with client(kiosk_app(answers, files[0]), raises=False) as http:
        for day in range(3):
            http.get(PATH.format(day, 20))
    asked = ["load_model", *["predict"] * 4]
    check_calls(loading, "After the start and three requests", *asked)


def test_q1_all_predictions_are_made_with_the_loaded_model(
    answers: Any, files: list[Path]
) -> None:
    loading = Loading(answers)
    with client(kiosk_app(answers, files[0]), raises=False) as http:
        for day in range(3):
            http.get(PATH.format(day, 20))
    first, *others = [model for _, model in loading.log]
    is_same = all(other is first for other in others)
    assert is_same, (
        "`predict` was called with another object than `load_model` had returned. The "
        "docstring asks to predict with this model. Look at its first argument."
    )


def test_q1_each_start_loads_the_model_again(
    answers: Any, files: list[Path], tmp_path: Path
) -> None:
    loading = Loading(answers)
    app = kiosk_app(answers, tmp_path / "kiosk.onnx")
    seen = []
    for file in files:
        (tmp_path / "kiosk.onnx").write_bytes(file.read_bytes())
        with client(app, raises=False) as http:
            seen.append(json_or_text(http.get(PATH.format(5, 21.5))))
    assert seen == [{"scoops": 151.5}, {"scoops": 15.75}], (
        "The application started, stopped, and started again with another model in the "
        f"file. A request in each run returned {in_words(seen)}. The docstring asks "
        "for 151.5 and 15.75, the models of the two starts. Look at `lifespan`."
    )
    run = ["load_model", "predict", "predict"]
    check_calls(loading, "After two starts with a request each", *run, *run)


@pytest.mark.parametrize("name", ["load_model", "predict"])
def test_q1_the_start_waits_for_the_model(
    answers: Any, files: list[Path], name: str
) -> None:
    started, late = threading.Event(), []
    original = same_function(getattr(answers, name))

    def slow(*arguments: Any, **named: Any) -> Any:
        late.append(started.wait(patience(0.2)))
        return original(*arguments, **named)

    app = kiosk_app(answers, files[0])
    stand_in(getattr(answers, name), slow)
    with client(app, raises=False):
        started.set()
    assert late[:1] == [False], (
        f"The application had started, and `{name}` had not returned. The docstring "
        "asks that the start waits for both calls. Look at what you await."
    )


def test_q1_the_model_in_the_file_is_the_one_of_the_start(
    answers: Any, files: list[Path], tmp_path: Path
) -> None:
    file = tmp_path / "new.onnx"
    app = kiosk_app(answers, file)
    file.write_bytes(files[0].read_bytes())  # it is there before the start only
    with client(app) as http:
        file.write_bytes(files[1].read_bytes())
        seen = reply(lambda: http.get(PATH.format(5, 21.5)))
    assert seen == (200, {"scoops": 151.5}), (
        "After the start, the file was replaced by another model. `GET "
        f"{PATH.format(5, 21.5)}` returned {shown(seen)}. The docstring asks for "
        "the model that was loaded at the start. Look at when you load."
    )


def test_q1_two_applications_have_their_own_model(
    answers: Any, files: list[Path]
) -> None:
    loading = Loading(answers)
    apps = [kiosk_app(answers, file) for file in files]
    path = PATH.format(5, 21.5)
    with client(apps[0], raises=False) as one, client(apps[1], raises=False) as other:
        seen = [json_or_text(http.get(path)) for http in (one, other, one)]
    assert seen == [{"scoops": 151.5}, {"scoops": 15.75}, {"scoops": 151.5}], (
        f"Two applications had two models. `GET {path}` to the first, the second and "
        f"the first one returned {in_words(seen)}. The docstring asks for [151.5, "
        "15.75, 151.5], each as `scoops`. Look at where you keep the model."
    )
    start = ["load_model", "predict"]
    asked = [*start, *start, *["predict"] * 3]
    check_calls(loading, "After two starts and three requests", *asked)


@pytest.mark.parametrize("number", [0, 1])
def test_q1_another_application_changes_nothing(
    answers: Any, files: list[Path], number: int
) -> None:
    loading = Loading(answers)
    app, other = (kiosk_app(answers, files[n]) for n in (0, number))
    path = PATH.format(5, 21.5)
    with client(app) as http:
        with client(other, raises=False) as second:
            second.get(path)
        seen = reply(lambda: http.get(path))
    assert seen == (200, {"scoops": 151.5}), (
        "Another application started and stopped, while the first one was running. "
        f"`GET {path}` to the first one then returned {shown(seen)}. The docstring "
        "asks for {'scoops': 151.5}. Look at where you keep the model."
    )
    models = [model for _, model in loading.log]
    assert models[0] is models[-1], (
        "Another application started, and the first one then predicted with the model "
        "of the other one. The docstring asks for the model that an application loaded "
        "itself. Look at where you keep the model."
    )


def start(app: FastAPI) -> None:
    """Start an application, and stop it."""
    with client(app):
        pass


@pytest.mark.parametrize("name", ["load_model", "predict"])
def test_q1_the_start_fails_with_an_exception(
    answers: Any, files: list[Path], name: str
) -> None:
    original = same_function(getattr(answers, name))
    to_raise: list[Exception] = []

    def fail_once(*arguments: Any, **named: Any) -> Any:
        if to_raise:
            raise to_raise.pop()
        return original(*arguments, **named)

    stand_in(getattr(answers, name), fail_once)
    for error in (ValueError, FileNotFoundError, RuntimeError, TimeoutError):
        to_raise[:] = [error("broken")]
        seen = outcome(lambda: start(kiosk_app(answers, files[0])))
        assert isinstance(seen, Exception), (
            f"`{name}` raised {error.__name__} once, and the application started all "
            "the same. The docstring asks that the start fails. Look at what your code "
            "does with exceptions, and at when it calls `load_model` and `predict`."
        )


def test_q1_a_start_without_the_file_fails(answers: Any, tmp_path: Path) -> None:
    app = kiosk_app(answers, tmp_path / "missing.onnx")
    seen = outcome(lambda: start(app))
    assert isinstance(seen, Exception), (
        "The file of the model was missing, and the application started all the same. "
        "The docstring asks that the start fails if `load_model` raises an exception. "
        "Look at when you call `load_model`."
    )


class Kiosk:
    """Predictions that run until the test ends them."""

    def __init__(self, answers: Any) -> None:
        self.running = self.most = self.begun = 0
        self.asked: list[Any] = []
        self.errors: list[Exception] = []
        self._called_in_loop = False
        self._guard = LoopGuard(answers.busy_app.__code__.co_filename)
        self._lock = threading.Lock()
        self._free = threading.Semaphore(0)
        self.app = fastapi_app(answers.busy_app("the model"), "busy_app(model)")
        stand_in(answers.predict, self.predict)
        self.check_loop()

    def predict(self, model: Any, weekday: Any, temperature: Any) -> np.float32:
        """Predict when the test says so; do not block an event loop."""
        with self._lock:
            self.asked.append((model, weekday, temperature))
            self.begun += 1
            self.running += 1
            self.most = max(self.most, self.running)
        loop = outcome(asyncio.get_running_loop)
        self._called_in_loop |= isinstance(loop, asyncio.AbstractEventLoop)
        end = time.monotonic() + patience(10)
        while not (self.blocks_the_loop or time.monotonic() > end):
            if self._free.acquire(timeout=0.1):
                break
        with self._lock:
            self.running -= 1
            error = self.errors.pop() if self.errors else None
        if error is not None:
            raise error
        return np.float32(weekday + temperature)

    @property
    def blocks_the_loop(self) -> bool:
        """Whether the event loop was blocked: then nobody could end a prediction."""
        return self._called_in_loop or self._guard.blocked

    def end(self, number: int = 1000) -> None:
        """Let so many predictions end."""
        self._free.release(number)

    def check_loop(self) -> None:
        """Check that nothing has blocked the event loop."""
        assert not self.blocks_the_loop, (
            "The event loop was blocked: `predict` ran in its thread, or a request "
            "waited without `await`. The docstring asks that the loop is not blocked. "
            "Look at how you call `predict`, and at how you wait."
        )


@pytest.fixture
async def kiosk(answers: Any) -> AsyncIterator[Kiosk]:
    """Yield the application of 14.1.2, and what its predictions see."""
    one = Kiosk(answers)
    yield one
    one.end()


Tasks = list["asyncio.Task[Any]"]


async def status(http: httpx2.AsyncClient, weekday: int) -> Any:
    """Return the status code of a request, or the exception that it raises."""
    try:
        return (await http.get(PATH.format(weekday, 0.5))).status_code
    except NotImplementedError:
        raise
    except Exception as error:
        return error


def requests(http: httpx2.AsyncClient, number: int) -> Tasks:
    """Return so many requests, which are on their way."""
    return [asyncio.create_task(status(http, day)) for day in range(number)]


def never() -> bool:
    """Return False."""
    return False


async def settled(
    kiosk: Kiosk, tasks: Tasks, until: Callable[[], bool] = never
) -> bool:
    """Return whether a condition comes true; wait until nothing happens any more.

    This is measured in turns of a thread and of the event loop, and not in seconds.
    """
    before, same, turn = None, 0, CapacityLimiter(1)
    while same < 60 and not until():
        await to_thread.run_sync(time.sleep, 0.003, limiter=turn)
        seen = kiosk.begun, kiosk.running, sum(one.done() for one in tasks)
        same = same + 1 if seen == before else 0
        before = seen
    return until()


def done(tasks: Tasks) -> list[Any]:
    """Return what has come until now."""
    return [one.result() for one in tasks if one.done()]


async def ended(kiosk: Kiosk, tasks: Tasks) -> list[Any]:
    """Return what comes in the end."""
    await settled(kiosk, tasks, lambda: all(one.done() for one in tasks))
    found = [one.result() if one.done() else "no response" for one in tasks]
    for one in tasks:
        one.cancel()
    return found


@contextmanager
def slow_clock() -> Iterator[None]:
    """Make the timers of the event loop late: they are not `at once`."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    loop.time = lambda: began + (time.monotonic() - began) / 1000  # type: ignore[method-assign]
    try:
        yield
    finally:
        del loop.time


async def full(kiosk: Kiosk, http: httpx2.AsyncClient) -> tuple[Tasks, Tasks]:
    """Send six requests; when nothing happens any more, send three further ones."""
    first = requests(http, 6)
    await settled(kiosk, first, lambda: kiosk.running == 2)
    await settled(kiosk, first)
    with slow_clock():
        further = requests(http, 3)
        all_done = lambda: all(one.done() for one in further)  # noqa: E731
        await settled(kiosk, [*first, *further], all_done)
    return first, further


async def test_q2_the_event_loop_is_not_blocked(kiosk: Kiosk) -> None:
    async with async_client(kiosk.app, lifespan=True) as http:
        tasks = requests(http, 3)
        await settled(kiosk, tasks, lambda: kiosk.running == 2)
        await settled(kiosk, tasks)
        kiosk.end()
        await ended(kiosk, tasks)
    kiosk.check_loop()


async def reply_later(http: httpx2.AsyncClient, path: str) -> Reply:
    """Return the reply to a request."""
    seen = await asyncio.gather(http.get(path), return_exceptions=True)
    return reply(lambda: returned(seen[0]))


def returned(seen: Any) -> Any:
    """Return what has come, or raise it."""
    if isinstance(seen, BaseException):
        raise seen
    return seen


async def test_q2_the_predictions_are_returned(kiosk: Kiosk) -> None:
    kiosk.end()
    days = [(5, 21.5), (5, -3.25), (0, -3.25), (0, 0.0625)]
    async with async_client(kiosk.app, lifespan=True) as http:
        for number, (weekday, temperature) in enumerate(days):
            path = PATH.format(weekday, temperature)
            seen = await reply_later(http, path)
            calls, asked = kiosk.asked[number:], [("the model", weekday, temperature)]
            assert calls == asked, (
                f"`GET {path}` returned {shown(seen)}, and the calls of `predict` were "
                f"{in_words(calls)}. The docstring asks for {in_words(asked)}. Look at "
                "the parameters of the endpoint, and at what it passes on."
            )
            right = {"scoops": weekday + temperature}
            assert seen == (200, right), (
                f"`predict` returned {right['scoops']}, and `GET {path}` returned "
                f"{shown(seen)}. The docstring asks for 200 with {right}. Look at "
                "what the endpoint returns."
            )


async def test_q2_two_predictions_run_at_the_same_time(kiosk: Kiosk) -> None:
    async with async_client(kiosk.app, lifespan=True) as http:
        tasks = requests(http, 2)
        is_right = await settled(kiosk, tasks, lambda: kiosk.most == 2)
        kiosk.end()
        await ended(kiosk, tasks)
    assert is_right, (
        "Two requests came at the same time, and their predictions ran one after the "
        "other. The docstring asks for two at the same time. Look at your limits."
    )


async def test_q2_no_more_than_two_predictions_run(kiosk: Kiosk) -> None:
    async with async_client(kiosk.app, lifespan=True) as http:
        tasks = requests(http, 6)
        await settled(kiosk, tasks, lambda: kiosk.running == 2)
        await settled(kiosk, tasks)
        kiosk.end()
        codes = await ended(kiosk, tasks)
    assert kiosk.most == 2, (
        f"Six requests came at the same time, and {kiosk.most} predictions ran at the "
        "same time. The docstring asks for two. Look at your limits."
    )
    assert codes == [200] * 6, (
        f"Six requests came at the same time: two predictions could run and four "
        f"requests wait. They returned {in_words(codes)}. The docstring asks for 200. "
        "Look at when your code returns 503."
    )


async def test_q2_more_than_four_that_wait_are_refused_at_once(kiosk: Kiosk) -> None:
    async with async_client(kiosk.app, lifespan=True) as http:
        with slow_clock():
            tasks = requests(http, 9)
            await settled(kiosk, tasks, lambda: len(done(tasks)) >= 3)
            await settled(kiosk, tasks)
        early = done(tasks)
        kiosk.end()
        codes = await ended(kiosk, tasks)
    assert early == [503] * 3, (
        "Nine requests came at the same time. While two predictions were running, the "
        f"responses {in_words(early)} came. The docstring asks for 503, three times: "
        "four requests may wait. Look at what you do before you wait."
    )
    seen = sorted(codes, key=str), kiosk.begun
    assert seen == ([200] * 6 + [503] * 3, 6), (
        f"Nine requests came at the same time. They returned {in_words(codes)}, and "
        f"`predict` was called {kiosk.begun} times. The docstring asks for 200 six "
        "times, and 503 without a prediction. Look at what happens after you refuse."
    )


async def test_q2_the_further_requests_are_refused(kiosk: Kiosk) -> None:
    async with async_client(kiosk.app, lifespan=True) as http:
        first, further = await full(kiosk, http)
        early = done(first), done(further)
        kiosk.end()
        codes = await ended(kiosk, [*first, *further])
    is_right = early == ([], [503] * 3) and codes[:6] == [200] * 6
    assert is_right, (
        "Six requests came, and later three further ones. Before a prediction ended, "
        f"the six returned {in_words(early[0])} and the others {in_words(early[1])}, "
        f"in the end all {in_words(codes)}. The docstring asks for 200 for those that "
        "wait, 503 for the others. Look at whom you refuse."
    )


async def test_q2_places_become_free_again(kiosk: Kiosk) -> None:
    async with async_client(kiosk.app, lifespan=True) as http:
        first, _ = await full(kiosk, http)
        kiosk.end(1)
        await settled(kiosk, first, lambda: kiosk.begun == 3 and len(done(first)) == 1)
        second = requests(http, 2)
        await settled(kiosk, second, lambda: len(done(second)) > 0)
        await settled(kiosk, second)
        early = done(second)
        kiosk.end()
        codes = await ended(kiosk, [*first, *second])
    is_right = early == [503] and sorted(codes, key=str) == [200] * 7 + [503]
    assert is_right, (
        "Nine requests came: two ran, four waited, three were to be refused. One that "
        f"ran ended, and two more came. Of these, {in_words(early)} returned at once; "
        f"they and the first six returned {in_words(codes)}. The docstring asks for "
        "one 503 at once: one place was free. Look at what you count."
    )


async def test_q2_an_exception_frees_one_place(kiosk: Kiosk) -> None:
    async with async_client(kiosk.app, lifespan=True) as http:
        first, _ = await full(kiosk, http)
        kiosk.errors = [ValueError("too hot")]
        kiosk.end(1)
        await settled(kiosk, first, lambda: kiosk.begun == 3 and len(done(first)) == 1)
        second = requests(http, 2)
        await settled(kiosk, second, lambda: len(done(second)) > 0)
        await settled(kiosk, second)
        early = done(second)
        kiosk.end()
        codes = await ended(kiosk, [*first, *second])
    failed = [one for one in codes if one == 500 or isinstance(one, Exception)]
    assert len(failed) == 1, (
        "Eight requests came, and one prediction raised ValueError. They came to "
        f"{in_words(codes)}. The docstring asks for 500 where `predict` raised an "
        "exception. Look at what your code does with exceptions."
    )
    is_right = (early, codes.count(200), kiosk.most) == ([503], 6, 2)
    assert is_right, (
        "Two predictions ran and four requests waited. One prediction raised "
        f"ValueError, and two requests came: {in_words(early)} returned at once, in "
        f"the end all were {in_words(codes)}, and {kiosk.most} predictions ran at "
        "most. The docstring asks for one 503 at once. Look at what you free."
    )


async def test_q2_the_limits_hold_after_exceptions(kiosk: Kiosk) -> None:
    async with async_client(kiosk.app, lifespan=True) as http:
        for error in (ValueError, RuntimeError, TimeoutError):
            kiosk.errors = [error("too hot") for _ in range(6)]
            tasks = requests(http, 6)
            await settled(kiosk, tasks, lambda: kiosk.running == 2)
            kiosk.end(6)
            seen = await ended(kiosk, tasks)
            is_over = all(one == 500 or isinstance(one, Exception) for one in seen)
            assert is_over, (
                f"`predict` raised {error.__name__} in six requests. They came to "
                f"{in_words(seen)}. The docstring asks for 500, and that the next "
                "request has its turn. Look at what frees a place then."
            )
        kiosk.most = 0
        first, further = await full(kiosk, http)
        early = done([*first, *further])
        kiosk.end()
        codes = await ended(kiosk, first)
    assert (kiosk.most, early, codes) == (2, [503] * 3, [200] * 6), (
        f"`predict` raised exceptions. Nine requests came later: {kiosk.most} "
        f"predictions ran at the same time, {in_words(early)} came at once, and the "
        f"first six returned {in_words(codes)}. The docstring asks for 2, three times "
        "503, and 200. Look at what frees a place."
    )


@pytest.mark.parametrize("model", ["another model", "the model"])
async def test_q2_two_applications_have_their_own_limits(
    answers: Any, kiosk: Kiosk, model: str
) -> None:
    other = fastapi_app(answers.busy_app(model), "busy_app(model)")
    async with (
        async_client(kiosk.app, lifespan=True) as http,
        async_client(other, lifespan=True) as second,
    ):
        tasks = [*requests(http, 6), *requests(second, 6)]
        await settled(kiosk, tasks, lambda: kiosk.running == 4)
        running = kiosk.running
        kiosk.end()
        codes = await ended(kiosk, tasks)
    models = sorted(model for model, _, _ in kiosk.asked)
    assert (running, codes) == (4, [200] * 12), (
        f"Six requests came to each of two applications. {running} predictions ran at "
        f"the same time, and the responses were {in_words(codes)}. The docstring asks "
        "for limits of each application: 4 predictions, and 200. Look at where you "
        "create the limits."
    )
    assert models == sorted([model] * 6 + ["the model"] * 6), (
        "Six requests came to each of two applications, and `predict` was called with "
        f"the models {in_words(models)}. The docstring asks for the model of each "
        "application. Look at the first argument of `predict`."
    )


Both = tuple[type[BaseModel], type[BaseModel]]


def both(answers: Any) -> Both:
    """Return the two models of an answer."""
    seen = answers.models()
    is_right = (
        isinstance(seen, tuple | list)
        and len(seen) == 2
        and all(isinstance(one, type) and issubclass(one, BaseModel) for one in seen)
    )
    assert is_right, (
        f"`models()` returned {in_words(seen)}. The docstring asks for two classes of "
        "Pydantic models. Look at `return`."
    )
    first, second = seen
    return first, second


def forecast(answers: Any, body: Any, number: float = 151.5) -> tuple[Reply, list[Any]]:
    """Return the reply to a body, and the features that `predict` got.

    `number` is what the model predicts.
    """
    asked: list[Any] = []

    def predict(_: Any, weekday: Any, temperature: Any) -> np.float32:
        asked.append((weekday, temperature))
        return np.float32(number)

    app = answers.forecast_app("the model", *both(answers))
    stand_in(answers.predict, predict)
    json = {"Content-Type": "application/json"}
    with client(app) as http:
        seen = reply(lambda: http.post("/forecasts", content=body, headers=json))
    return seen, asked


RANGES = ["0, -40", "6, 50", "3, 21.5", "0, 0", "1, -0.0009765625"]


@pytest.mark.parametrize("values", RANGES)
def test_q3_a_day_in_the_range_is_accepted(answers: Any, values: str) -> None:
    weekday, temperature = values.split(", ")
    body = f'{{"weekday": {weekday}, "temperature": {temperature}}}'
    seen, asked = forecast(answers, body)
    right = [(int(weekday), float(temperature))]
    assert asked == right, (
        f"`POST /forecasts` with {body} returned {shown(seen)}, and `predict` got "
        f"{in_words(asked)}. The docstring asks for {in_words(right)}. Look at the "
        "fields of the input."
    )
    assert seen == (200, {"scoops": 151.5}), (
        f"The model predicted 151.5, and `POST /forecasts` returned {shown(seen)}. The "
        "docstring asks for 200 with {'scoops': 151.5}. Look at the output."
    )


REFUSED = {
    "weekday 7": '{"weekday": 7, "temperature": 20}',
    "weekday 70": '{"weekday": 70, "temperature": 20}',
    "weekday -1": '{"weekday": -1, "temperature": 20}',
    "weekday 2.5": '{"weekday": 2.5, "temperature": 20}',
    "weekday Monday": '{"weekday": "Monday", "temperature": 20}',
    "weekday null": '{"weekday": null, "temperature": 20}',
    "temperature 50.5": '{"weekday": 1, "temperature": 50.5}',
    "temperature -40.5": '{"weekday": 1, "temperature": -40.5}',
    "temperature hot": '{"weekday": 1, "temperature": "hot"}',
    "temperature null": '{"weekday": 1, "temperature": null}',
    "no weekday": '{"temperature": 20}',
    "no temperature": '{"weekday": 1}',
    "another field": '{"weekday": 1, "temperature": 20, "rain": true}',
    "a misspelled field": '{"weekday": 1, "temperature": 20, "Weekday": 2}',
    "weekday list": '{"weekday": [1], "temperature": 20}',
    "an empty object": "{}",
}


@pytest.mark.parametrize("what", REFUSED)
def test_q3_another_body_is_refused(answers: Any, what: str) -> None:
    seen, asked = forecast(answers, REFUSED[what])
    assert (seen[0], asked) == (422, []), (
        f"`POST /forecasts` with {REFUSED[what]} returned {shown(seen)}. The "
        f"docstring asks to refuse it with 422: {what}. Look at the fields and the "
        "settings of the input."
    )


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_q3_a_temperature_that_is_no_number_is_not_predicted(
    answers: Any, number: str
) -> None:
    body = f'{{"weekday": 1, "temperature": {number}}}'
    seen, asked = forecast(answers, body)
    # FastAPI itself returns 500: its 422 would show the value, which is not JSON.
    is_refused = seen[0] in (422, 500) and asked == []
    assert is_refused, (
        f"`POST /forecasts` with {body} returned {shown(seen)}, and `predict` got "
        f"{in_words(asked)}. The docstring asks for a temperature from -40 to 50. Look "
        "at the range of the input."
    )


@pytest.mark.parametrize("number", [0.0, 0.25, 0.0009765625, 2.0**127, 7.0])
def test_q3_a_number_of_scoops_is_returned(answers: Any, number: float) -> None:
    seen, _ = forecast(answers, '{"weekday": 1, "temperature": 20}', number)
    assert seen == (200, {"scoops": number}), (
        f"The model predicted {number}, and `POST /forecasts` returned "
        f"{shown(seen)}. The docstring asks for 200 with {{'scoops': {number}}}. "
        "Look at the output."
    )


@pytest.mark.parametrize("number", [-3.0, -0.001, np.nan, np.inf, -np.inf])
def test_q3_another_number_is_not_sent(answers: Any, number: float) -> None:
    seen, _ = forecast(answers, '{"weekday": 1, "temperature": 20}', number)
    assert seen[0] == 500, (
        f"The model predicted {number}, and `POST /forecasts` returned {shown(seen)}. "
        "The docstring asks that the output refuses negative numbers, NaN and "
        "infinity, so that the response is 500. Look at the field of the output."
    )


def test_q3_the_models_have_no_further_fields(answers: Any) -> None:
    names = [sorted(model.model_fields) for model in both(answers)]
    assert names == [["temperature", "weekday"], ["scoops"]], (
        f"The models have the fields {in_words(names)}. The docstring asks for "
        "`weekday` and `temperature`, and for `scoops`. Look at the names."
    )


def test_q3_the_output_never_contains_another_field(answers: Any) -> None:
    _, output = both(answers)
    seen = outcome(
        lambda: output.model_validate({"scoops": 1.5, "rain": 1}).model_dump()
    )
    is_right = isinstance(seen, ValidationError) or seen == {"scoops": 1.5}
    assert is_right, (
        "The output was created from {'scoops': 1.5, 'rain': 1}, and `model_dump()` "
        f"{returned_or_raised(seen)}. The docstring asks that another field is refused "
        "or left out. Look at its fields and its settings."
    )


NO_NUMBER = {"missing": {}, "null": {"scoops": None}, "text": {"scoops": "many"}}


@pytest.mark.parametrize("what", NO_NUMBER)
def test_q3_the_output_is_required(answers: Any, what: str) -> None:
    values = NO_NUMBER[what]
    seen = outcome(lambda: both(answers)[1].model_validate(values))
    assert isinstance(seen, ValidationError), (
        f"The output was created from {values}, which {returned_or_raised(seen)}. The "
        "docstring asks for a required field `scoops`, a number. Look at its type and "
        "its default."
    )


def test_q3_it_works_with_a_real_model(answers: Any, files: list[Path]) -> None:
    model = answers.load_model(files[0])
    app = answers.forecast_app(model, *both(answers))
    with client(app, raises=False) as http:
        seen = outcome(
            lambda: http.post(
                "/forecasts", json={"weekday": 5, "temperature": 21.5}
            ).json()
        )
    assert seen == {"scoops": 151.5}, (
        f"With a real model, `POST /forecasts` {returned_or_raised(seen)}. The "
        "docstring asks for {'scoops': 151.5}. Look at the types of your fields."
    )
