"""Other answers to section 14.1."""
# ruff: noqa: F821 - the names of the solution

import asyncio
import math
import threading
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import Annotated, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeFloat,
    create_model,
    field_validator,
)

from sensei.variants import right, wrong


def started_with(load, predict, lifespan=None):
    """Return an application whose endpoint predicts with what `load()` returns."""
    app = FastAPI(lifespan=lifespan)

    @app.get("/scoops")
    def scoops(weekday: int, temperature: float):
        return {"scoops": float(predict(load(), weekday, temperature))}

    return app


@wrong("14.1.1", caught_by="test_q1_the_model_is_loaded_at_the_start")
def kiosk_app(file):
    """Load the model when the application is created."""
    model = load_model(file)
    predict(model, 0, 20)
    return started_with(lambda: model, predict)


@wrong("14.1.1", caught_by="test_q1_requests_load_no_model")
def kiosk_app(file):
    """Load the model in each request."""
    return started_with(lambda: load_model(file), predict)


@wrong("14.1.1", caught_by="test_q1_the_model_is_loaded_at_the_start")
def kiosk_app(file):
    """Load the model in the first request."""
    return started_with(cache(lambda: load_model(file)), predict)


@wrong("14.1.1", caught_by="test_q1_two_applications_have_their_own_model")
def kiosk_app(file):
    """Keep the model in the module."""
    global model

    @asynccontextmanager
    async def lifespan(app):
        global model
        model = load_model(file)
        predict(model, 0, 20)
        yield

    return started_with(lambda: model, predict, lifespan)


def with_lifespan(file, begin, predict):
    """Return the usual application; `begin(app)` runs when it starts."""

    @asynccontextmanager
    async def lifespan(app):
        begin(app)
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/scoops")
    def scoops(weekday: int, temperature: float):
        return {"scoops": float(predict(app.state.model, weekday, temperature))}

    return app


@wrong("14.1.1", caught_by="test_q1_the_model_is_loaded_at_the_start")
def kiosk_app(file):
    """Forget the first prediction."""

    def begin(app):
        app.state.model = load_model(file)

    return with_lifespan(file, begin, predict)


@wrong("14.1.1", caught_by="test_q1_requests_load_no_model")
def kiosk_app(file):
    """Make the first prediction twice."""

    def begin(app):
        app.state.model = load_model(file)
        for day in (0, 1):
            predict(app.state.model, day, 20)

    return with_lifespan(file, begin, predict)


@wrong("14.1.1", caught_by="test_q1_all_predictions_are_made_with_the_loaded_model")
def kiosk_app(file):
    """Make the first prediction with another session."""

    def begin(app):
        app.state.model = load_model(file)
        predict(InferenceSession(file), 0, 20)

    return with_lifespan(file, begin, predict)


@wrong("14.1.1", caught_by="test_q1_each_start_loads_the_model_again")
def kiosk_app(file):
    """Keep the model of the first start."""
    load = cache(load_model)

    def begin(app):
        app.state.model = load(file)
        predict(app.state.model, 0, 20)

    return with_lifespan(file, begin, predict)


@wrong("14.1.1", caught_by="test_q1_the_prediction_is_returned")
def kiosk_app(file):
    """Return the number of NumPy."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.model = load_model(file)
        predict(app.state.model, 0, 20)
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/scoops", response_model=None)
    def scoops(weekday: int, temperature: float):
        return {"scoops": predict(app.state.model, weekday, temperature)}

    return app


@wrong("14.1.1", caught_by="test_q1_the_prediction_is_returned[5-21.5-151.5]")
def kiosk_app(file):
    """Take a whole number of degrees."""

    def begin(app):
        app.state.model = load_model(file)
        predict(app.state.model, 0, 20)

    return with_lifespan(
        file, begin, lambda model, day, degrees: predict(model, day, int(degrees))
    )


@wrong("14.1.1", caught_by="test_q1_the_prediction_is_returned[5-21.5-151.5]")
def kiosk_app(file):
    """Confuse the features."""

    def begin(app):
        app.state.model = load_model(file)
        predict(app.state.model, 0, 20)

    return with_lifespan(
        file, begin, lambda model, day, degrees: predict(model, degrees, day)
    )


@wrong("14.1.1", caught_by="test_q1_the_start_fails_with_an_exception")
def kiosk_app(file):
    """Start without a model."""

    def begin(app):
        with suppress(Exception):
            app.state.model = load_model(file)
            predict(app.state.model, 0, 20)

    return with_lifespan(file, begin, predict)


@wrong("14.1.1", caught_by="test_q1_the_model_in_the_file_is_the_one_of_the_start")
def kiosk_app(file):
    """Read the model again when its file has changed."""

    def begin(app):
        app.state.model = load_model(file)
        predict(app.state.model, 0, 20)

    def newest(model, day, degrees):
        return predict(InferenceSession(file), day, degrees)

    return with_lifespan(file, begin, newest)


@wrong("14.1.1", caught_by="test_q1_the_start_fails_with_an_exception[predict]")
def kiosk_app(file):
    """Start although the first prediction fails."""

    def begin(app):
        app.state.model = load_model(file)
        with suppress(Exception):
            predict(app.state.model, 0, 20)

    return with_lifespan(file, begin, predict)


@wrong("14.1.1", caught_by="test_q1_each_start_loads_the_model_again")
def kiosk_app(file):
    """Load again, and go on with the model of the first start."""
    kept = {}

    def begin(app):
        model = load_model(file)
        predict(model, 0, 20)
        app.state.model = kept.setdefault("model", model)

    return with_lifespan(file, begin, predict)


@wrong("14.1.1", caught_by="test_q1_the_start_waits_for_the_model[predict]")
def kiosk_app(file):
    """Make the first prediction in the background."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.model = load_model(file)
        task = asyncio.create_task(asyncio.to_thread(predict, app.state.model, 0, 20))
        await asyncio.sleep(0.01)
        yield
        await task

    app = FastAPI(lifespan=lifespan)
    return started_with(lambda: app.state.model, predict, lambda _: lifespan(app))


KEPT = {}


@wrong("14.1.1", caught_by="test_q1_another_application_changes_nothing")
def kiosk_app(file):
    """Keep a model for each file, and forget all when an application stops."""

    @asynccontextmanager
    async def lifespan(app):
        KEPT[file] = load_model(file)
        predict(KEPT[file], 0, 20)
        yield
        KEPT.clear()

    return started_with(lambda: KEPT[file], predict, lifespan)


@wrong("14.1.1", caught_by="test_q1_the_prediction_is_returned[2-0.0625-78.625]")
def kiosk_app(file):
    """Round the prediction to two digits."""

    def begin(app):
        app.state.model = load_model(file)
        predict(app.state.model, 0, 20)

    return with_lifespan(
        file, begin, lambda *arguments: round(float(predict(*arguments)), 2)
    )


@wrong("14.1.1", caught_by="test_q1_a_start_without_the_file_fails")
def kiosk_app(file):
    """Start without a model if there is no file."""

    def begin(app):
        if file.exists():
            app.state.model = load_model(file)
            predict(app.state.model, 0, 20)

    return with_lifespan(file, begin, predict)


@wrong("14.1.1", caught_by="test_q1_the_start_fails_with_an_exception[load_model]")
def kiosk_app(file):
    """Start without a model if the file cannot be read."""

    def begin(app):
        with suppress(OSError):
            app.state.model = load_model(file)
            predict(app.state.model, 0, 20)

    return with_lifespan(file, begin, predict)


@wrong("14.1.1", caught_by="test_q1_the_start_fails_with_an_exception[load_model]")
def kiosk_app(file):
    """Try a second time."""

    def begin(app):
        try:
            app.state.model = load_model(file)
        except Exception:
            app.state.model = load_model(file)
        predict(app.state.model, 0, 20)

    return with_lifespan(file, begin, predict)


@right("14.1.1")
def kiosk_app(file):
    """Use the lifespan state and a dependency, and load in a thread."""

    @asynccontextmanager
    async def lifespan(app):
        model = await asyncio.to_thread(load_model, file)
        await asyncio.to_thread(predict, model, 3, 1.5)
        yield {"model": model}

    def model_of(request: Request):
        return request.state.model

    app = FastAPI(lifespan=lifespan)

    @app.get("/scoops")
    async def scoops(
        weekday: int, temperature: float, model: Annotated[object, Depends(model_of)]
    ):
        found = await asyncio.to_thread(predict, model, weekday, temperature)
        return JSONResponse({"scoops": found.item()})

    return app


@right("14.1.1")
def kiosk_app(file):
    """Keep the model in a dictionary that is cleared at the stop."""
    models = {}

    @asynccontextmanager
    async def lifespan(app):
        models["kiosk"] = load_model(file)
        predict(models["kiosk"], 6, -3)
        yield
        models.clear()

    return started_with(lambda: models["kiosk"], predict, lifespan)


def usual(model, enter, call):
    """Return an application: `call` predicts, within the context that `enter` makes."""
    app = FastAPI()

    @app.get("/scoops")
    async def scoops(weekday: int, temperature: float):
        async with enter():
            number = await call(model, weekday, temperature)
        return {"scoops": float(number)}

    return app


def limits(running=2, inside=6, status=503):
    """Return what makes the usual context."""
    slots, places = asyncio.Semaphore(running), asyncio.Semaphore(inside)

    @asynccontextmanager
    async def enter():
        if places.locked():
            raise HTTPException(status)
        async with places, slots:
            yield

    return enter


async def in_thread(*arguments):
    """Predict in a thread."""
    return await asyncio.to_thread(predict, *arguments)


@wrong("14.1.2", caught_by="test_q2_the_event_loop_is_not_blocked")
def busy_app(model):
    """Predict in the event loop."""

    async def call(*arguments):
        return predict(*arguments)

    return usual(model, limits(), call)


@wrong("14.1.2", caught_by="test_q2_no_more_than_two_predictions_run")
def busy_app(model):
    """Wait in the event loop for a semaphore of threads."""
    slots = threading.Semaphore(2)

    @asynccontextmanager
    async def enter():
        with slots:
            yield

    return usual(model, enter, in_thread)


@wrong("14.1.2", caught_by="test_q2_no_more_than_two_predictions_run")
def busy_app(model):
    """Have no limit for predictions."""
    return usual(model, limits(running=6), in_thread)


@wrong("14.1.2", caught_by="test_q2_no_more_than_two_predictions_run")
def busy_app(model):
    """Let FastAPI choose a thread, of which there are forty."""
    app = FastAPI()

    @app.get("/scoops")
    def scoops(weekday: int, temperature: float):
        return {"scoops": float(predict(model, weekday, temperature))}

    return app


@wrong("14.1.2", caught_by="test_q2_two_predictions_run_at_the_same_time")
def busy_app(model):
    """Let one prediction run at a time."""
    return usual(model, limits(running=1), in_thread)


@wrong("14.1.2", caught_by="test_q2_more_than_four_that_wait_are_refused_at_once")
def busy_app(model):
    """Let all requests wait."""
    return usual(model, limits(inside=1000), in_thread)


@wrong("14.1.2", caught_by="test_q2_no_more_than_two_predictions_run")
def busy_app(model):
    """Count those that run as waiting."""
    return usual(model, limits(inside=4), in_thread)


@wrong("14.1.2", caught_by="test_q2_more_than_four_that_wait_are_refused_at_once")
def busy_app(model):
    """Let five wait."""
    return usual(model, limits(inside=7), in_thread)


@wrong("14.1.2", caught_by="test_q2_no_more_than_two_predictions_run")
def busy_app(model):
    """Refuse instead of letting wait."""
    return usual(model, limits(inside=2), in_thread)


@wrong("14.1.2", caught_by="test_q2_more_than_four_that_wait_are_refused_at_once")
def busy_app(model):
    """Refuse with another status."""
    return usual(model, limits(status=429), in_thread)


@wrong("14.1.2", caught_by="test_q2_more_than_four_that_wait_are_refused_at_once")
def busy_app(model):
    """Refuse when the turn has come, and not at once."""
    slots, inside = asyncio.Semaphore(2), set()

    @asynccontextmanager
    async def enter():
        one = object()
        inside.add(one)
        is_full = len(inside) > 6
        try:
            async with slots:
                if is_full:
                    raise HTTPException(503)
                yield
        finally:
            inside.discard(one)

    return usual(model, enter, in_thread)


@wrong("14.1.2", caught_by="test_q2_the_limits_hold_after_exceptions")
def busy_app(model):
    """Free a place only after a success."""
    slots, inside = asyncio.Semaphore(2), []

    @asynccontextmanager
    async def enter():
        if len(inside) == 6:
            raise HTTPException(503)
        inside.append(None)
        async with slots:
            yield
        inside.pop()

    return usual(model, enter, in_thread)


@wrong("14.1.2", caught_by="test_q2_the_limits_hold_after_exceptions")
def busy_app(model):
    """Free a slot only after a success."""
    slots, places = asyncio.Semaphore(2), asyncio.Semaphore(6)

    @asynccontextmanager
    async def enter():
        if places.locked():
            raise HTTPException(503)
        async with places:
            await slots.acquire()
            yield
            slots.release()

    return usual(model, enter, in_thread)


@wrong("14.1.2", caught_by="test_q2_places_become_free_again")
def busy_app(model):
    """Count all requests that ever came."""
    slots, came = asyncio.Semaphore(2), []

    @asynccontextmanager
    async def enter():
        came.append(None)
        if len(came) > 6:
            raise HTTPException(503)
        async with slots:
            yield

    return usual(model, enter, in_thread)


@wrong("14.1.2", caught_by="test_q2_more_than_four_that_wait_are_refused_at_once")
def busy_app(model):
    """Look at how many wait before one begins to wait, which takes a turn."""
    app, limiter = FastAPI(), CapacityLimiter(2)

    @app.get("/scoops")
    async def scoops(weekday: int, temperature: float):
        if limiter.statistics().tasks_waiting >= 4:
            raise HTTPException(503)
        number = await to_thread.run_sync(
            predict, model, weekday, temperature, limiter=limiter
        )
        return {"scoops": float(number)}

    return app


@cache
def shared():
    """Return the limits of all applications."""
    return limits()


@wrong("14.1.2", caught_by="test_q2_two_applications_have_their_own_limits")
def busy_app(model):
    """Have one limit for all applications."""
    return usual(model, shared(), in_thread)


@wrong("14.1.2", caught_by="test_q2_the_predictions_are_returned")
def busy_app(model):
    """Predict for a whole number of degrees."""

    async def call(model, day, degrees):
        return await in_thread(model, day, round(degrees))

    return usual(model, limits(), call)


@wrong("14.1.2", caught_by="test_q2_the_limits_hold_after_exceptions")
def busy_app(model):
    """Count a request that waits, and raises then, for ever."""
    slots, waiting = asyncio.Semaphore(2), []

    @asynccontextmanager
    async def enter():
        if slots.locked():
            if len(waiting) == 4:
                raise HTTPException(503)
            waiting.append(None)
            async with slots:
                yield
                waiting.pop()
        else:
            async with slots:
                yield

    return usual(model, enter, in_thread)


@wrong("14.1.2", caught_by="test_q2_the_limits_hold_after_exceptions")
def busy_app(model):
    """Free a place twice after an exception."""
    slots, places = asyncio.Semaphore(2), asyncio.Semaphore(6)

    @asynccontextmanager
    async def enter():
        if places.locked():
            raise HTTPException(503)
        async with places, slots:
            try:
                yield
            except Exception:
                places.release()
                raise

    return usual(model, enter, in_thread)


@wrong("14.1.2", caught_by="test_q2_places_become_free_again")
def busy_app(model):
    """Keep the place of a request that was refused."""
    slots, inside = asyncio.Semaphore(2), []

    @asynccontextmanager
    async def enter():
        inside.append(None)
        if len(inside) > 6:
            raise HTTPException(503)
        try:
            async with slots:
                yield
        finally:
            inside.pop()

    return usual(model, enter, in_thread)


@wrong("14.1.2", caught_by="test_q2_more_than_four_that_wait_are_refused_at_once")
def busy_app(model):
    """Refuse after a second."""
    slots, places = asyncio.Semaphore(2), asyncio.Semaphore(6)

    @asynccontextmanager
    async def enter():
        try:
            await asyncio.wait_for(places.acquire(), 1)
        except TimeoutError:
            raise HTTPException(503) from None
        try:
            async with slots:
                yield
        finally:
            places.release()

    return usual(model, enter, in_thread)


@wrong("14.1.2", caught_by="test_q2_the_further_requests_are_refused")
def busy_app(model):
    """Refuse the one that has waited longest."""
    slots, line = asyncio.Semaphore(2), []

    @asynccontextmanager
    async def enter():
        if len(line) == 4:
            line.pop(0).cancel()
        turn = asyncio.create_task(slots.acquire())
        if slots.locked():
            line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            raise HTTPException(503) from None
        finally:
            if turn in line:
                line.remove(turn)
        try:
            yield
        finally:
            slots.release()

    return usual(model, enter, in_thread)


@wrong("14.1.2", caught_by="test_q2_an_exception_frees_one_place")
def busy_app(model):
    """Begin with new limits after an exception, while others still run."""
    now = [limits()]

    @asynccontextmanager
    async def enter():
        try:
            async with now[0]():
                yield
        except HTTPException:
            raise
        except Exception:
            now[0] = limits()
            raise

    return usual(model, enter, in_thread)


@wrong("14.1.2", caught_by="test_q2_the_predictions_are_returned")
def busy_app(model):
    """Keep one prediction for each weekday."""
    seen = {}

    async def call(model, day, degrees):
        if day not in seen:
            seen[day] = await in_thread(model, day, degrees)
        return seen[day]

    return usual(model, limits(), call)


LIMITS = {}


@wrong("14.1.2", caught_by="test_q2_two_applications_have_their_own_limits[the model]")
def busy_app(model):
    """Have one limit for each model."""
    return usual(model, LIMITS.setdefault(model, limits()), in_thread)


@wrong("14.1.2", caught_by="test_q2_the_limits_hold_after_exceptions")
def busy_app(model):
    """Take a timeout of the prediction for a full queue."""

    async def call(*arguments):
        try:
            return await in_thread(*arguments)
        except TimeoutError:
            raise HTTPException(503) from None

    return usual(model, limits(), call)


@wrong("14.1.2", caught_by="test_q2_an_exception_frees_one_place")
def busy_app(model):
    """Return a number although the prediction failed."""

    async def call(*arguments):
        try:
            return await in_thread(*arguments)
        except Exception:
            return 0.0

    return usual(model, limits(), call)


def queue_app(model, size, limit=math.inf):
    """Return an application with two workers and a queue of that size."""
    queue, inside = asyncio.Queue(size), []

    async def work():
        while True:
            features, future = await queue.get()
            try:
                future.set_result(await in_thread(model, *features))
            except Exception as error:
                future.set_exception(error)

    @asynccontextmanager
    async def lifespan(app):
        workers = [asyncio.create_task(work()) for _ in range(2)]
        yield
        for worker in workers:
            worker.cancel()

    app = FastAPI(lifespan=lifespan)

    @app.get("/scoops")
    async def scoops(weekday: int, temperature: float):
        future = asyncio.get_running_loop().create_future()
        if queue.full() or len(inside) >= limit:
            raise HTTPException(503)
        inside.append(future)
        try:
            queue.put_nowait(((weekday, temperature), future))
            return {"scoops": float(await future)}
        finally:
            inside.remove(future)

    return app


@wrong("14.1.2", caught_by="test_q2_no_more_than_two_predictions_run")
def busy_app(model):
    """Have a queue of four, out of which no worker has taken anything yet."""
    return queue_app(model, 4)


@right("14.1.2")
def busy_app(model):
    """Raise another exception for that of the prediction."""

    async def call(*arguments):
        try:
            return await in_thread(*arguments)
        except Exception as error:
            raise LookupError("no prediction") from error

    return usual(model, limits(), call)


@right("14.1.2")
def busy_app(model):
    """Have a queue with two workers, and count what is in the application."""
    return queue_app(model, 0, limit=6)


@right("14.1.2")
def busy_app(model):
    """Count in a list, and use a limiter of AnyIO."""
    app, limiter, inside = FastAPI(), CapacityLimiter(2), []

    @app.get("/scoops")
    async def scoops(weekday: int, temperature: float):
        if len(inside) == 6:
            return JSONResponse({"detail": "busy"}, 503, {"Retry-After": "1"})
        inside.append(weekday)
        try:
            number = await to_thread.run_sync(
                predict, model, weekday, temperature, limiter=limiter
            )
        finally:
            inside.pop()
        return {"scoops": number.item()}

    return app


@right("14.1.2")
def busy_app(model):
    """Use a middleware for the places."""
    app, slots, rest = FastAPI(), asyncio.BoundedSemaphore(2), [6]

    @app.middleware("http")
    async def refuse(request, call_next):
        if not rest[0]:
            return JSONResponse({}, 503)
        rest[0] -= 1
        try:
            return await call_next(request)
        finally:
            rest[0] += 1

    @app.get("/scoops")
    async def scoops(weekday: int, temperature: float):
        async with slots:
            return {
                "scoops": float(
                    await run_in_threadpool(predict, model, weekday, temperature)
                )
            }

    return app


@right("14.1.2")
def busy_app(model):
    """Keep the places in the lifespan, and block threads only."""

    @asynccontextmanager
    async def lifespan(app):
        yield {"slots": threading.Semaphore(2), "places": threading.Semaphore(6)}

    app = FastAPI(lifespan=lifespan)

    @app.get("/scoops")
    def scoops(request: Request, weekday: int, temperature: float):
        if not request.state.places.acquire(blocking=False):
            raise HTTPException(503)
        try:
            with request.state.slots:
                return {"scoops": float(predict(model, weekday, temperature))}
        finally:
            request.state.places.release()

    return app


def pair(day=None, forecast=None, **fields):
    """Return both models; `fields` replace those of the input."""
    usual_fields = {
        "weekday": (int, Field(ge=0, le=6)),
        "temperature": (float, Field(ge=-40, le=50)),
    }
    config = ConfigDict(extra="forbid")
    usual_day = create_model("Day", __config__=config, **(usual_fields | fields))
    usual_forecast = create_model(
        "Forecast", scoops=(float, Field(ge=0, allow_inf_nan=False))
    )
    return day or usual_day, forecast or usual_forecast


@wrong("14.1.3", caught_by="test_q3_another_body_is_refused[another field]")
def models():
    """Ignore other fields."""

    class Day(BaseModel):
        weekday: int = Field(ge=0, le=6)
        temperature: float = Field(ge=-40, le=50)

    return pair(Day)


@wrong("14.1.3", caught_by="test_q3_another_body_is_refused[weekday 7]")
def models():
    """Have eight weekdays."""
    return pair(weekday=(int, Field(ge=0, le=7)))


@wrong("14.1.3", caught_by="test_q3_a_day_in_the_range_is_accepted[0, -40]")
def models():
    """Begin the week with 1."""
    return pair(weekday=(int, Field(ge=1, le=6)))


@wrong("14.1.3", caught_by="test_q3_a_day_in_the_range_is_accepted[6, 50]")
def models():
    """Leave the highest temperature out."""
    return pair(temperature=(float, Field(ge=-40, lt=50)))


@wrong("14.1.3", caught_by="test_q3_a_day_in_the_range_is_accepted[0, -40]")
def models():
    """Leave the lowest temperature out."""
    return pair(temperature=(float, Field(gt=-40, le=50)))


@wrong("14.1.3", caught_by="test_q3_a_day_in_the_range_is_accepted[3, 21.5]")
def models():
    """Take whole degrees only."""
    return pair(temperature=(int, Field(ge=-40, le=50)))


@wrong("14.1.3", caught_by="test_q3_another_body_is_refused[weekday 2.5]")
def models():
    """Take any number for a weekday."""
    return pair(weekday=(float, Field(ge=0, le=6)))


@wrong("14.1.3", caught_by="test_q3_another_body_is_refused[no temperature]")
def models():
    """Have a default for the temperature."""
    return pair(temperature=(float, Field(20, ge=-40, le=50)))


@wrong("14.1.3", caught_by="test_q3_another_body_is_refused[weekday null]")
def models():
    """Allow a missing weekday."""
    return pair(weekday=(int | None, Field(None, ge=0, le=6)))


@wrong("14.1.3", caught_by="test_q3_another_body_is_refused[weekday 70]")
def models():
    """Check nothing but the types."""
    return pair(weekday=(int, ...), temperature=(float, ...))


@wrong(
    "14.1.3", caught_by="test_q3_a_temperature_that_is_no_number_is_not_predicted[NaN]"
)
def models():
    """Check the range in a way that NaN passes."""

    class Day(BaseModel):
        model_config = ConfigDict(extra="forbid")
        weekday: int = Field(ge=0, le=6)
        temperature: float

        @field_validator("temperature")
        @classmethod
        def in_range(cls, value):
            if value < -40 or value > 50:
                raise ValueError("out of range")
            return value

    return pair(Day)


@wrong("14.1.3", caught_by="test_q3_another_number_is_not_sent[inf]")
def models():
    """Allow infinity."""
    return pair(forecast=create_model("Forecast", scoops=(float, Field(ge=0))))


@wrong("14.1.3", caught_by="test_q3_another_number_is_not_sent[-3.0]")
def models():
    """Allow negative scoops."""
    return pair(forecast=create_model("Forecast", scoops=(FiniteFloat, ...)))


@wrong("14.1.3", caught_by="test_q3_a_number_of_scoops_is_returned[0.0]")
def models():
    """Ask for more than none."""
    return pair(
        forecast=create_model(
            "Forecast", scoops=(float, Field(gt=0, allow_inf_nan=False))
        )
    )


@wrong("14.1.3", caught_by="test_q3_a_number_of_scoops_is_returned[0.25]")
def models():
    """Take whole scoops only."""
    return pair(forecast=create_model("Forecast", scoops=(int, Field(ge=0))))


@wrong("14.1.3", caught_by="test_q3_another_number_is_not_sent[-0.001]")
def models():
    """Make zero of a negative number."""

    class Forecast(BaseModel):
        scoops: Annotated[float, Field(allow_inf_nan=False)]

        @field_validator("scoops")
        @classmethod
        def not_negative(cls, value):
            return max(0.0, value)

    return pair(forecast=Forecast)


@wrong("14.1.3", caught_by="test_q3_it_works_with_a_real_model")
def models():
    """Return them in the wrong order."""
    return pair()[::-1]


@wrong("14.1.3", caught_by="test_q3_it_works_with_a_real_model")
def models():
    """Return objects instead of classes."""
    return [one.model_construct() for one in pair()]


@wrong("14.1.3", caught_by="test_q3_the_models_have_no_further_fields")
def models():
    """Send the weekday back, too."""

    class Forecast(BaseModel):
        scoops: float = Field(ge=0, allow_inf_nan=False)
        weekday: int | None = None

    return pair(forecast=Forecast)


@wrong("14.1.3", caught_by="test_q3_the_output_is_required[missing]")
def models():
    """Have a default for the output."""
    scoops = (float, Field(0, ge=0, allow_inf_nan=False))
    return pair(forecast=create_model("Forecast", scoops=scoops))


@wrong("14.1.3", caught_by="test_q3_a_number_of_scoops_is_returned[0.0009765625]")
def models():
    """Round the output."""

    def cents(number):
        return round(number, 2)

    number = Annotated[float, Field(ge=0, allow_inf_nan=False), AfterValidator(cents)]
    return pair(forecast=create_model("Forecast", scoops=(number, ...)))


@wrong("14.1.3", caught_by="test_q3_the_output_is_required[null]")
def models():
    """Allow an output that is null."""
    scoops = (float | None, Field(ge=0, allow_inf_nan=False))
    return pair(forecast=create_model("Forecast", scoops=scoops))


@wrong(
    "14.1.3", caught_by="test_q3_a_number_of_scoops_is_returned[1.7014118346046923e+38]"
)
def models():
    """Have a highest number of scoops."""
    scoops = (float, Field(ge=0, le=1_000_000))
    return pair(forecast=create_model("Forecast", scoops=scoops))


@wrong("14.1.3", caught_by="test_q3_the_output_never_contains_another_field")
def models():
    """Allow other fields in the output."""
    scoops = (float, Field(ge=0, allow_inf_nan=False))
    config = ConfigDict(extra="allow")
    return pair(forecast=create_model("Forecast", __config__=config, scoops=scoops))


@right("14.1.3")
def models():
    """Use other types of Pydantic."""

    class Strict(BaseModel, extra="forbid"):
        pass

    class Day(Strict):
        weekday: Literal[0, 1, 2, 3, 4, 5, 6]
        temperature: Annotated[FiniteFloat, Field(ge=-40.0), Field(le=50.0)]

    class Forecast(BaseModel):
        scoops: Annotated[NonNegativeFloat, Field(allow_inf_nan=False)]

    return Day, Forecast


@right("14.1.3")
def models():
    """Check with validators."""

    class Day(BaseModel):
        model_config = {"extra": "forbid"}
        weekday: int
        temperature: float

        @field_validator("weekday")
        @classmethod
        def is_weekday(cls, value):
            if value not in range(7):
                raise ValueError("not a weekday")
            return value

        @field_validator("temperature")
        @classmethod
        def is_weather(cls, value):
            if not -40 <= value <= 50:
                raise ValueError("no such weather")
            return value

    class Forecast(BaseModel):
        scoops: float

        @field_validator("scoops")
        @classmethod
        def is_number(cls, value):
            if value < 0 or not math.isfinite(value):
                raise ValueError("no number of scoops")
            return value

    return Day, Forecast
