"""14.1  Serving ML models with FastAPI.

A kiosk sells ice cream. A model predicts how many scoops it will sell on a day. The
model was trained elsewhere and stored in the ONNX format, and ONNX Runtime runs it.
Notes: content/docs/ai-ml-integration/serving-ml-models.md
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from fastapi import FastAPI, HTTPException
from onnxruntime import InferenceSession
from pydantic import BaseModel, ConfigDict, Field


def load_model(file: Path) -> InferenceSession:
    """Return the model in a file. This takes seconds for a large model."""
    return InferenceSession(file, providers=["CPUExecutionProvider"])


def predict(model: InferenceSession, weekday: int, temperature: float) -> np.float32:
    """Return how many scoops the kiosk will sell. The thread is blocked meanwhile."""
    features = np.array([[weekday, temperature]], dtype=np.float32)
    [scoops] = model.run(None, {"features": features})
    return np.float32(scoops[0, 0])


def kiosk_app(file: Path) -> FastAPI:
    """14.1.1  How should ML models be loaded in a FastAPI application for optimal
    performance?

    The application below predicts with the model in `file`. Each request loads the
    model again. Repair this: load the model when the application starts, and only then.
    The first run of a model is slow, so make one prediction at the start, too.

    - Each start calls `load_model(file)` once, and then `predict` once with this model.
      You choose the weekday and the temperature.
    - The start waits for both calls. If one of them raises an exception, the start
      fails.
    - `GET /scoops` still returns what `predict` returns. It uses the model that this
      application loaded at its last start.

    Example:
        GET /scoops?weekday=5&temperature=21.5  ->  {"scoops": 151.5}
    """

    # region answer
    # In words: Load the model in the lifespan of the application, before the first
    # request. Loading takes long, so no request should wait for it, and all requests
    # share one model: it needs much memory, and ONNX Runtime allows parallel runs of
    # one session. At import it would be loaded by each test and each tool that only
    # imports the module.
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.model = load_model(file)
        predict(app.state.model, 0, 20.0)
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/scoops")
    def scoops(weekday: int, temperature: float) -> dict[str, float]:
        return {"scoops": float(predict(app.state.model, weekday, temperature))}

    return app
    # stub: app = FastAPI()
    # stub:
    # stub: @app.get("/scoops")
    # stub: def scoops(weekday: int, temperature: float) -> dict[str, float]:
    # stub:     model = load_model(file)
    # stub:     return {"scoops": float(predict(model, weekday, temperature))}
    # stub:
    # stub: return app
    # endregion


def busy_app(model: InferenceSession) -> FastAPI:
    """14.1.2  Discuss strategies for handling concurrent prediction requests.

    Many requests come at the same time, and `predict` takes long. Write an application
    that stays responsive.

    - `GET /scoops` returns what `predict` returns. A prediction does not block the
      event loop, and neither does a request that waits.
    - At most two predictions run at the same time. While two are running, a further
      request waits for its turn.
    - At most four requests wait. While four are waiting, a further request returns 503
      at once. This is true even if all requests arrive at the same moment.
    - If `predict` raises an exception, the response is 500, and the next request that
      waits has its turn.
    - Each application has its own limits.

    Given:
        `semaphore = asyncio.Semaphore(n)` has `n` places. `async with semaphore:` takes
        one, or waits for it. The end of the block frees it, also with an exception.
        `semaphore.locked()` is True while a further task would wait.

    Example:
        GET /scoops?weekday=5&temperature=21.5  ->  {"scoops": 151.5}
    """
    # region answer
    # In words: A prediction computes, so it must not run in the event loop. ONNX
    # Runtime releases the GIL, so threads run in parallel. More predictions than cores
    # only make each of them slower: limit them. A queue without an end makes all
    # clients wait longer than they want to. Refuse early with 503, and a load balancer
    # can ask another server.
    app = FastAPI()
    slots, places = asyncio.Semaphore(2), asyncio.Semaphore(6)

    @app.get("/scoops")
    async def scoops(weekday: int, temperature: float) -> dict[str, float]:
        if places.locked():
            raise HTTPException(503, "Too many predictions are waiting.")
        async with places, slots:
            number = await asyncio.to_thread(predict, model, weekday, temperature)
        return {"scoops": float(number)}

    return app
    # endregion


def forecast_app(
    model: InferenceSession, day: type[BaseModel], forecast: type[BaseModel]
) -> FastAPI:
    """Return an application that predicts for a body by `day`, with a `forecast`."""
    app = FastAPI()

    @app.post("/forecasts", response_model=forecast)
    def create_forecast(body: day) -> dict[str, np.float32]:  # type: ignore[valid-type]
        return {"scoops": predict(model, body.weekday, body.temperature)}  # type: ignore[attr-defined]

    return app


def models() -> tuple[type[BaseModel], type[BaseModel]]:
    """14.1.3  How can Pydantic be used for validating input and output data for ML
    models?

    An ML model predicts something for every input, even for a weekday 70. Write two
    Pydantic models, and return both classes: first the one for the input, then the one
    for the output. `forecast_app` above validates with them.

    - The input has two required fields: `weekday`, an integer from 0 to 6, and
      `temperature`, a number from -40 to 50. A body with another field is refused.
    - The output has one required field: `scoops`, a number. Negative numbers, NaN and
      infinity are refused. Another field is refused or left out.
    - An allowed number is not changed: it is not rounded, for example.

    Example:
        {"weekday": 5, "temperature": 21.5}   ->  200  {"scoops": 151.5}
        {"weekday": 70, "temperature": 21.5}  ->  422
        the model predicts -3.0               ->  500
    """

    # region answer
    # In words: The input model keeps out what the model was not trained for: values out
    # of range, missing features, and misspelled ones that would be ignored otherwise.
    # The output model makes a `float` of NumPy's number, and stops results that no
    # client can use, such as NaN, which JSON does not have.
    class Day(BaseModel):
        model_config = ConfigDict(extra="forbid")
        weekday: int = Field(ge=0, le=6)
        temperature: float = Field(ge=-40, le=50)

    class Forecast(BaseModel):
        scoops: float = Field(ge=0, allow_inf_nan=False)

    return Day, Forecast
    # endregion
