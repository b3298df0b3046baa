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

    app = FastAPI()

    @app.get("/scoops")
    def scoops(weekday: int, temperature: float) -> dict[str, float]:
        model = load_model(file)
        return {"scoops": float(predict(model, weekday, temperature))}

    return app


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
    raise NotImplementedError


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

    raise NotImplementedError
