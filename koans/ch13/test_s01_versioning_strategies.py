"""The tests of section 13.1."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any
from urllib.parse import urljoin

import httpx2
import pytest
from fastapi import Depends, FastAPI, HTTPException

from lab import (
    attempt,
    browser,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    returned_or_raised,
    stand_in,
)


class SharedCache:
    """An HTTP cache between all clients and an application (RFC 9111)."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.stored: list[httpx2.Response] = []

    def get(self, path: str, headers: dict[str, str]) -> httpx2.Response:
        """Return a stored response that fits, or else the one of the application."""
        asked = httpx2.Headers(headers)
        for known in self.stored:
            names = [one.strip() for one in known.headers.get("vary", "").split(",")]
            before = known.request
            if before.url.path == path and all(
                asked.get(name) == before.headers.get(name) for name in names if name
            ):
                return known
        with client(self.app) as http:
            response: httpx2.Response = http.get(path, headers=headers)
        if "max-age" in response.headers.get("cache-control", ""):
            self.stored.append(response)
        return response


def field_of(response: httpx2.Response) -> str:
    """Return the name of the only field of a reading."""
    (name,) = response.json()
    return str(name)


def requested(strategy: str, version: int) -> tuple[str, dict[str, str]]:
    """Return the path and the headers of a request for this version."""
    if strategy == "path":
        return f"/v{version}/readings/17", {}
    return "/readings/17", {"API-Version": str(version)}


def real_run(app: FastAPI, what: str, strategy: str) -> object:
    """Return what clients of the application receive."""
    if what == "cache":
        cache = SharedCache(app)
        return [field_of(cache.get(*requested(strategy, one))) for one in (2, 1, 2)]
    if what == "link":
        with browser(app) as chrome:
            return field_of(chrome.open(requested(strategy, 2)[0]))
    path, headers = requested(strategy, 3)
    with client(app) as http:
        return http.get(path, headers=headers).status_code


LOOK_AT = {
    "cache, path": "Compare the URLs of the three requests.",
    "cache, header": "Compare the URLs of the three requests, and look for `Vary`.",
    "cache, header with Vary": "Look at which request header `Vary` names.",
    "link, header": "Look at what the URL says about the version, and at the default.",
    "unknown, path": "Look at the paths that the application has.",
    "unknown, header": "Look at the type of `api_version`.",
}
FORM = {
    "cache": "a list of three fields",
    "link": "a field",
    "unknown": "a status code, which is a number",
}


@pytest.mark.parametrize("blank", LOOK_AT)
def test_q1_the_comparison_is_predicted(answers: Any, blank: str) -> None:
    predictions = answers.comparison()
    is_there = isinstance(predictions, dict) and blank in predictions
    assert is_there, (
        f"`comparison()` returned {in_words(predictions)}, without {blank!r}. The "
        "docstring asks for the six predictions of the stub."
    )
    predicted = predictions[blank]
    what, _, strategy = blank.partition(", ")
    vary = strategy == "header with Vary"
    app = answers.path_app() if strategy == "path" else answers.header_app(vary=vary)
    seen = real_run(app, what, strategy)
    if isinstance(seen, list) and isinstance(predicted, tuple):
        predicted = list(predicted)
    assert predicted == seen, (
        f"{blank!r}: you predicted {in_words(predicted)}. The real run came out "
        f"differently. The docstring asks for {FORM[what]}. {LOOK_AT[blank]}"
    )


METERS = {21: 1_001, 23: 0, 4_711: 987_654_321}


def refuse_free_tariff(name: str) -> None:
    """Raise 403 for the tariff `free`."""
    if name == "free":
        raise HTTPException(403, "No tariff is free.")


def add_endpoints(answers: Any) -> None:
    """Add an endpoint to each of the given routers, as colleagues do."""
    kwh = {"status_code": 201, "response_model": answers.ReadingV1}
    answers.v1.post("/readings/{meter}", **kwh)(
        lambda meter: {"meter": meter, "kwh": 2.5, "wh": 2_500}
    )
    tariff = {"status_code": 202, "dependencies": [Depends(refuse_free_tariff)]}
    answers.common.put("/tariffs/{name}", **tariff)(lambda name: f"tariff {name}")


def versioned(answers: Any, *, more: bool = False) -> FastAPI:
    """Return the application of 13.1.2, whose meters are `METERS`."""

    def last_reading(meter: int) -> Any:
        if meter not in METERS:
            raise HTTPException(404, f"There is no meter {meter!r}.")
        return answers.Reading(meter=meter, wh=METERS[meter])

    stand_in(answers.last_reading, last_reading)
    stand_in(answers.list_meters, lambda: list(METERS))
    if more:
        add_endpoints(answers)
    return fastapi_app(
        attempt("`versioned_app()`", answers.versioned_app), "versioned_app()"
    )


def sent(app: FastAPI, method: str, url: str) -> tuple[Any, Any, str]:
    """Return the status code and the JSON of a response, and both in words.

    If the endpoint raises an exception, return None, the exception, and its words.
    """
    with client(app) as http:
        seen = outcome(lambda: http.request(method, url))
    if not isinstance(seen, httpx2.Response):
        return None, seen, returned_or_raised(seen)
    body = json_or_text(seen)
    return seen.status_code, body, f"returned {seen.status_code} and {in_words(body)}"


def check(app: FastAPI, method: str, path: str, expected: Any, why: str) -> None:
    """Check the response to a request; `why` says what the docstring asks for."""
    status, body, came = sent(app, method, path)
    assert (status, body) == expected, (
        f"`{method} {path}` {came}. The docstring asks for {expected[0]} and "
        f"{in_words(expected[1])}: {why}"
    )


@pytest.mark.parametrize(
    ("meter", "kwh"), [(21, 1.001), (23, 0.0), (4_711, 987_654.321)]
)
def test_q2_version_1_returns_kwh(answers: Any, meter: int, kwh: float) -> None:
    check(
        versioned(answers),
        "GET",
        f"/v1/readings/{meter}",
        (200, {"meter": meter, "kwh": kwh}),
        f"the reading is {METERS[meter]} Wh, and `v1` stays as it is. Look at which "
        "router has this path first.",
    )


@pytest.mark.parametrize("meter", METERS)
def test_q2_version_2_returns_wh(answers: Any, meter: int) -> None:
    check(
        versioned(answers),
        "GET",
        f"/v2/readings/{meter}",
        (200, {"meter": meter, "wh": METERS[meter]}),
        f"the reading is {METERS[meter]} Wh. Look at your new endpoint, and at which "
        "router has this path first.",
    )


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_q2_the_meter_is_read_for_each_request(answers: Any, version: str) -> None:
    app = versioned(answers)
    seen = []
    for wh in (500, 2_000):
        reading = answers.Reading(meter=8, wh=wh)
        stand_in(answers.last_reading, lambda meter, reading=reading: reading)
        seen.append(sent(app, "GET", f"/{version}/readings/8")[1])
    name, asked = ("kwh", [0.5, 2.0]) if version == "v1" else ("wh", [500, 2_000])
    expected = [{"meter": 8, name: value} for value in asked]
    assert seen == expected, (
        "The last reading of meter 8 was 500 Wh, then 2000 Wh. Two requests to "
        f"`/{version}/readings/8` returned {in_words(seen)}. The docstring asks for "
        f"the last reading: {in_words(expected)}. Look at what your endpoint calls."
    )


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("meter", [5, 0, -1, 210])
def test_q2_an_unknown_meter_returns_404(
    answers: Any, version: str, meter: int
) -> None:
    check(
        versioned(answers),
        "GET",
        f"/{version}/readings/{meter}",
        (404, {"detail": f"There is no meter {meter!r}."}),
        "`last_reading` raised this exception. Look at what your code does with it.",
    )


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_q2_both_versions_have_the_common_endpoints(answers: Any, version: str) -> None:
    app = versioned(answers, more=True)
    why = "it is an endpoint of `common`, which both versions have. Look at how "
    why += "your application gets its endpoints."
    check(app, "GET", f"/{version}/meters", (200, [21, 23, 4_711]), why)
    check(app, "PUT", f"/{version}/tariffs/night", (202, "tariff night"), why)
    refused = (403, {"detail": "No tariff is free."})
    check(app, "PUT", f"/{version}/tariffs/free", refused, why)


def test_q2_the_endpoints_of_v1_are_in_version_1_only(answers: Any) -> None:
    app = versioned(answers, more=True)
    check(
        app,
        "POST",
        "/v1/readings/23",
        (201, {"meter": 23, "kwh": 2.5}),
        "it is an endpoint of `v1`, and stays as it is. Look at how your application "
        "gets its endpoints.",
    )
    status, _, came = sent(app, "POST", "/v2/readings/23")
    assert status in (404, 405), (
        "A colleague added `POST /readings/{meter}` to `v1`. `POST /v2/readings/23` "
        f"{came}. The docstring asks for `common` and one other endpoint under `/v2`. "
        "Look at where you include `v1`."
    )


VERSION_1 = [
    "GET /v1/meters",
    "GET /v1/readings/{meter}",
    "POST /v1/readings/{meter}",
    "PUT /v1/tariffs/{name}",
]
VERSION_2 = ["GET /v2/meters", "GET /v2/readings/{meter}", "PUT /v2/tariffs/{name}"]


def openapi_document(app: FastAPI) -> Any:
    """Return the OpenAPI document, as a client reads it."""
    status, document, came = sent(app, "GET", app.openapi_url or "/openapi.json")
    assert status == 200, (
        f"`GET {app.openapi_url or '/openapi.json'}` {came}. The docstring asks for an "
        "OpenAPI document of the application. Look at how you create the application."
    )
    return document


def operations_of(document: Any) -> dict[str, Any]:
    """Return the operations of an OpenAPI document, by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def test_q2_the_openapi_document_has_both_versions(answers: Any) -> None:
    found = operations_of(openapi_document(versioned(answers, more=True)))
    asked = {*VERSION_1, *VERSION_2}
    missing, extra = sorted(asked - set(found)), sorted(set(found) - asked)
    what = f"lacks {in_words(missing)}" if missing else f"also has {in_words(extra)}"
    assert set(found) == asked, (
        f"The OpenAPI document of the application {what}. The docstring asks for the "
        "endpoints of both versions, and for no others. Look at how your application "
        "gets its endpoints."
    )


def test_q2_the_openapi_document_marks_version_1_as_deprecated(answers: Any) -> None:
    found = operations_of(openapi_document(versioned(answers, more=True)))
    marked = {name for name, one in found.items() if one.get("deprecated")}
    lacking, wrong = sorted(set(VERSION_1) - marked), sorted(marked - set(VERSION_1))
    verb = "not marked" if lacking else "marked"
    assert marked == set(VERSION_1), (
        f"In the OpenAPI document, these operations are {verb}: "
        f"{in_words(lacking or wrong)}. The docstring asks that each operation under "
        "`/v1` is marked as deprecated, and none under `/v2`. Look at where you write "
        "`deprecated`."
    )


def form_of(schema: Any, document: Any) -> object:
    """Return the fields of an object in a schema, or another type such as `array`."""
    name = schema.get("$ref", "").rpartition("/")[2]
    model = document["components"]["schemas"][name] if name else schema
    if "items" in model:
        return [form_of(model["items"], document)]
    return sorted(model.get("properties", {})) or model.get("type", "any")


def responses_of(document: Any) -> dict[str, Any]:
    """Return the status codes of each operation, and the forms of their bodies."""
    return {
        name: {
            code: form_of(media.get("schema", {}), document)
            for code, response in operation["responses"].items()
            for media in response.get("content", {"": {}}).values()
        }
        for name, operation in operations_of(document).items()
    }


def test_q2_the_openapi_document_keeps_the_responses_of_version_1(answers: Any) -> None:
    add_endpoints(answers)
    plain = FastAPI()
    for router in (answers.v1, answers.common):
        plain.include_router(router, prefix="/v1")
    given = responses_of(plain.openapi())
    found = responses_of(openapi_document(versioned(answers)))
    for name, asked in given.items():
        seen = found.get(name, {})
        assert seen == asked, (
            f"In the OpenAPI document, `{name}` has the responses {in_words(seen)}. "
            f"The docstring asks for {in_words(asked)}, as in the given router. Look "
            "at how your application gets its endpoints."
        )


@pytest.mark.parametrize(
    "path",
    [
        "/readings/21",
        "/meters",
        "/v3/meters",
        "/v3/readings/21",
        "/v0/meters",
        "/v11/meters",
        "/latest/readings/21",
        "/latest/meters",
        "/api/v1/meters",
        "/V1/meters",
    ],
)
def test_q2_another_version_returns_404(answers: Any, path: str) -> None:
    status, _, came = sent(versioned(answers), "GET", path)
    assert status == 404, (
        f"`GET {path}` {came}. The docstring asks for 404: the endpoints have paths "
        "under `/v1` and `/v2` only. Look at the prefixes."
    )


def test_q2_each_call_creates_a_new_application(answers: Any) -> None:
    first, second = versioned(answers), versioned(answers)
    first.get("/v1/test-page")(lambda: "test page")
    status, _, came = sent(second, "GET", "/v1/test-page")
    assert status == 404, (
        "`versioned_app()` was called twice, and an endpoint was added to the first "
        f"application. In the second one, `GET /v1/test-page` {came}. The docstring "
        "asks for a new application with each call. Look at where you create it."
    )


SERVER = "http://meters.example"
SOME_READINGS = [1_001, 0, 2_750, 3_333, 987_654_321]


def readings_app(answers: Any, number: int) -> FastAPI:
    """Return the application of 13.1.3 with this number of readings."""
    stand_in(answers.all_readings, lambda: SOME_READINGS[:number])
    return fastapi_app(
        attempt("`readings_app()`", answers.readings_app), "readings_app()"
    )


def next_of(body: Any, url: str) -> str | None:
    """Return `next` of the page at `url`; a relative URL is resolved."""
    following = body.get("next", "") if isinstance(body, dict) else ""
    assert following is None or (isinstance(following, str) and following), (
        f"`GET {url}` returned {in_words(body)}. The docstring asks for an object "
        "whose `next` is a URL or null. Look at what the endpoint returns."
    )
    if following is None:
        return None
    resolved = urljoin(urljoin(SERVER, url), following)
    assert resolved.startswith(f"{SERVER}/"), (
        f"`GET {SERVER}{url}` returned `next` as {in_words(following)}. The docstring "
        "asks for the URL of the next page: clients use it without any "
        "change. Look at the host in it."
    )
    return resolved.removeprefix(SERVER)


def pages(app: FastAPI, url: str) -> Iterator[Any]:
    """Yield the pages from `url` on, as somebody reads them who follows `next`."""
    for _ in range(len(SOME_READINGS)):
        status, body, came = sent(app, "GET", f"{SERVER}{url}")
        assert status == 200, (
            f"`GET {url}` {came}. The docstring asks for 200 and a page of readings. "
            "Look at the declaration of `version`, and at the URL in `next`."
        )
        following = next_of(body, url)
        yield {name: value for name, value in body.items() if name != "next"}
        if following is None:
            return
        url = following


def expected_pages(version: int, number: int) -> list[Any]:
    """Return the pages of this number of readings, without `next`."""
    readings = SOME_READINGS[:number]
    cut = [readings[start : start + 2] for start in range(0, max(number, 1), 2)]
    if version == 2:
        return [{"wh": page} for page in cut]
    return [{"kwh": [wh / 1000 for wh in page]} for page in cut]


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 5])
def test_q3_without_a_version_each_page_is_of_version_1(
    answers: Any, number: int
) -> None:
    seen = list(pages(readings_app(answers, number), "/readings"))
    asked = expected_pages(1, number)
    assert seen == asked, (
        f"The pages from `/readings` on are {in_words(seen)}. The docstring asks for "
        f"version 1 on each page: {in_words(asked)}. Look at the default and at `next`."
    )


@pytest.mark.parametrize("number", [3, 4, 5])
def test_q3_next_stays_in_the_version(answers: Any, number: int) -> None:
    app = readings_app(answers, number)
    queries = {"?version=1": 1, "?version=2": 2, "": 1}
    # Three clients take turns: the version of one is not the version of the others.
    turns = zip_longest(*(pages(app, f"/readings{query}") for query in queries))
    for (query, version), walk in zip(
        queries.items(), zip(*turns, strict=True), strict=True
    ):
        seen, asked = list(walk), expected_pages(version, number)
        assert seen == asked, (
            f"The pages from `/readings{query}` on are {in_words(seen)}. The docstring "
            f"asks for version {version} on each page: {in_words(asked)}. Look at "
            "`version` and `next`."
        )


@pytest.mark.parametrize("number", [0, 1, 2])
def test_q3_a_single_page_is_of_the_requested_version(
    answers: Any, number: int
) -> None:
    app = readings_app(answers, number)
    for query, version in (("?version=1", 1), ("?version=2", 2), ("", 1)):
        seen = list(pages(app, f"/readings{query}"))
        asked = expected_pages(version, number)
        assert seen == asked, (
            f"The pages from `/readings{query}` on are {in_words(seen)}. The docstring "
            f"asks for version {version}, one page: "
            f"{in_words(asked)}. Look at the default, and at how you compare `version`."
        )


def test_q3_the_readings_are_read_for_each_request(answers: Any) -> None:
    app = readings_app(answers, 1)
    stand_in(answers.all_readings, lambda: [5_000, 7_250])
    seen = list(pages(app, "/readings"))
    assert seen == [{"kwh": [5.0, 7.25]}], (
        "The readings became 5000 and 7250 Wh after `readings_app()` had returned. "
        f"`GET /readings` returned {in_words(seen)}. The docstring asks that "
        "everything else stays the same: call `all_readings` for each request."
    )


@pytest.mark.parametrize(
    "version",
    ["3", "0", "-1", "10", "12", "21", "1,2", ",", "", "latest", "v2", "1.5", "9" * 30],
)
def test_q3_any_other_version_returns_422(answers: Any, version: str) -> None:
    app = readings_app(answers, 5)
    for rest in ("", "&page=2"):
        status, _, came = sent(app, "GET", f"/readings?version={version}{rest}")
        assert status == 422, (
            f"`GET /readings?version={version}{rest}` {came}. The docstring asks for "
            f"422: {version!r} is not 1 or 2. Look at the type of `version`."
        )


@pytest.mark.parametrize(
    ("page", "inside", "wh"), [(0, 1, [1_001, 0]), (1_001, 1_000, [])]
)
def test_q3_the_bounds_of_page_stay(
    answers: Any, page: int, inside: int, wh: list[int]
) -> None:
    app = readings_app(answers, 2)
    check(
        app,
        "GET",
        f"/readings?page={inside}",
        (200, {"kwh": [one / 1000 for one in wh], "next": None}),
        "version 1, and the pages stay the same. Look at `page` and at the default.",
    )
    status, _, came = sent(app, "GET", f"/readings?page={page}")
    assert status == 422, (
        f"`GET /readings?page={page}` {came}. The docstring asks that everything else "
        "stays the same: today this is 422. Look at `page`."
    )
