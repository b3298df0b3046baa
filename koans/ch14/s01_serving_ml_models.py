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
    model again. Repair this.

    - Each start of the application calls `load_model(file)` once. The model is not
      loaded before the application starts, and not by a request.
    - Each start also calls `predict` once with this model, for a weekday and a
      temperature of your choice. So the first request does not pay for what ONNX
      Runtime prepares in its first run. The start waits for both calls, and fails if
      one of them raises an exception.
    - `GET /scoops?weekday=5&temperature=21.5` still returns what `predict` returns. The
      model is the one that this application loaded at its last start.

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

    - `GET /scoops?weekday=5&temperature=21.5` returns what `predict(model, 5, 21.5)`
      returns, as `{"scoops": 151.5}`. The event loop is not blocked meanwhile.
    - Two predictions may run at the same time, and no more. A further request waits
      until one of them has ended.
    - Four requests may wait. If four are waiting, a further request returns 503 at
      once, also if they come at the same moment.
    - If `predict` raises an exception, the response is 500. All of this is true
      afterwards, too.
    - These are the limits of one application. Another one has its own.

    Given:
        `semaphore = asyncio.Semaphore(n)` has `n` places. `async with semaphore:` takes
        one, or waits for it. The end of the block frees it, also with an exception.
        `semaphore.locked()` is True while a further task would wait.
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

    A model predicts something for every input, even for a weekday 70. Write two models
    of Pydantic, and return their classes: the first for the input, the second for the
    output. `forecast_app` above uses them.

    - The input has exactly the fields `weekday`, an integer from 0 to 6, and
      `temperature`, a number from -40 to 50. Both are required, and a body with another
      field is refused.
    - The output has exactly the field `scoops`, a number that is not negative, and
      neither NaN nor infinite. It is required.
    - Both models keep an allowed number as it is.

    Example:
        {"weekday": 5, "temperature": 21.5}   ->  200  {"scoops": 151.5}
        {"weekday": 70, "temperature": 21.5}  ->  422
        the model predicts -3.0               ->  500
    """

    raise NotImplementedError
