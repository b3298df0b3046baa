"""13.1  Versioning strategies.

An API changes while old clients still use it. So it offers several versions, and each
request says which one it wants: in the path, in a header, or in a query parameter.
Notes: content/docs/api-versioning/strategies.md
"""

from typing import Annotated, Literal

from fastapi import APIRouter, FastAPI, Header, HTTPException, Query, Response
from pydantic import BaseModel

from sensei import ___


def path_app() -> FastAPI:
    """Create the application that has the version in the path."""
    app = FastAPI()

    @app.get("/v1/readings/17")
    def read_v1(response: Response) -> dict[str, float]:
        response.headers["Cache-Control"] = "public, max-age=60"
        return {"kwh": 412.5}

    @app.get("/v2/readings/17")
    def read_v2(response: Response) -> dict[str, float]:
        response.headers["Cache-Control"] = "public, max-age=60"
        return {"wh": 412_500}

    return app


def header_app(*, vary: bool) -> FastAPI:
    """Create the application that has the version in the header `API-Version`."""
    app = FastAPI()

    @app.get("/readings/17")
    def read(
        response: Response, api_version: Annotated[Literal["1", "2"], Header()] = "1"
    ) -> dict[str, float]:
        response.headers["Cache-Control"] = "public, max-age=60"
        if vary:
            response.headers["Vary"] = "API-Version"
        return {"kwh": 412.5} if api_version == "1" else {"wh": 412_500}

    return app


def comparison() -> dict[str, object]:
    """13.1.1  Compare URL path versioning with header versioning for APIs.

    The applications above return the last reading of meter 17: version 1 in the field
    `kwh`, version 2 in the field `wh`. Here, "path" is `path_app()`, "header" is
    `header_app(vary=False)`, and "header with Vary" is `header_app(vary=True)`.
    Predict what clients receive.

    - "cache": all clients use one shared HTTP cache, which is empty at first. Within a
      minute, three clients request the versions 2, 1 and 2, in this order. Which field
      does each of them receive? Give a list, such as `["kwh", "kwh", "wh"]`.
    - "link": a client requests version 2, without the cache. You copy the URL of its
      request into the address bar of a browser. Which field do you see, "kwh" or "wh"?
    - "unknown": a client requests version 3, without the cache. Which status code does
      it receive?
    """
    return {
        "cache, path": ___,
        "cache, header": ___,
        "cache, header with Vary": ___,
        "link, header": ___,
        "unknown, path": ___,
        "unknown, header": ___,
    }


class Reading(BaseModel):
    """The last reading of a meter."""

    meter: int
    wh: int


class ReadingV1(BaseModel):
    """The last reading of a meter, as version 1 of the API returns it."""

    meter: int
    kwh: float


def last_reading(meter: int) -> Reading:
    """Return the last reading of a meter, or raise an `HTTPException` with 404."""
    if meter != 17:
        raise HTTPException(404, "There is no such meter.")
    return Reading(meter=17, wh=412_500)


v1 = APIRouter()


@v1.get("/readings/{meter}")
def read_kwh(meter: int) -> ReadingV1:
    """Return the last reading of a meter in kWh."""
    return ReadingV1(meter=meter, kwh=last_reading(meter).wh / 1000)


common = APIRouter()


@common.get("/meters")
def list_meters() -> list[int]:
    """Return the numbers of all meters."""
    return [17]


def versioned_app() -> FastAPI:
    """13.1.2  How can you implement URL path versioning in FastAPI using `APIRouter`?

    Each call creates a new application with two versions of the API, and returns it.
    The router `v1` above has the endpoints that only version 1 has. The router `common`
    has the endpoints that are the same in both versions.

    - Under `/v1`, serve all endpoints of `v1` and of `common`. Their status codes and
      bodies stay as they are, also in the OpenAPI document.
    - Under `/v2`, serve all endpoints of `common`, and a new endpoint
      `GET /v2/readings/{meter}`.
    - The new endpoint returns the `meter` and the `wh` of `last_reading(meter)`. If
      there is no such meter, it returns the 404 that `last_reading` raises.
    - In the OpenAPI document of the application, each operation under `/v1` is marked
      as deprecated, and no operation under `/v2` is.
    - The endpoints have no other paths. A request without a version or with another
      version returns 404, such as `/readings/17` and `/v3/meters`.

    Given:
        Your colleagues add endpoints to `v1` and to `common` before they call your
        function.

    Example:
        GET /v1/readings/17  ->  200  {"meter": 17, "kwh": 412.5}
        GET /v2/readings/17  ->  200  {"meter": 17, "wh": 412500}
        GET /v2/meters       ->  200  [17]
    """
    raise NotImplementedError


PER_PAGE = 2


def all_readings() -> list[int]:
    """Return all readings of a meter in Wh, the oldest first."""
    return [408_900, 410_250, 412_500]


def readings_app() -> FastAPI:
    """13.1.3  What are the pros and cons of query parameter versioning?

    The version is a query parameter. Version 1 returns a page of readings in `kwh`,
    version 2 in `wh`. Today, three kinds of clients receive version 2, although they
    did not request it: clients that send no `version`, clients that send `version=3`,
    and clients of version 1 that follow `next`. Repair the endpoint. Everything else
    stays the same.

    - A request without `version` returns version 1.
    - `version` is 1 or 2. Another number, other text or an empty value returns 422.
    - `next` is the URL of the next page in the same version. Clients follow it as a
      browser follows a link.

    Example:
        GET /readings?version=1         ->  {"kwh": [408.9, 410.25], "next": URL}
        GET URL                         ->  {"kwh": [412.5], "next": null}
        GET /readings?version=2&page=2  ->  {"wh": [412500], "next": null}
    """
    app = FastAPI()

    @app.get("/readings")
    def list_readings(
        page: Annotated[int, Query(ge=1, le=1000)] = 1,
        version: str = "2",
    ) -> dict[str, object]:
        readings = all_readings()
        end = page * PER_PAGE
        shown = readings[end - PER_PAGE : end]
        more = end < len(readings)
        following = f"/readings?page={page + 1}" if more else None
        if version == "1":
            return {"kwh": [wh / 1000 for wh in shown], "next": following}
        return {"wh": shown, "next": following}

    return app
