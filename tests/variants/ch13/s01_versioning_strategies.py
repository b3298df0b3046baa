"""Other answers to section 13.1."""

from enum import Enum, IntEnum
from functools import cache

from fastapi import Depends, Path, Request
from fastapi.routing import APIRoute

from sensei.variants import right, wrong


def predicted(**differences):
    """Return the predictions, with other values for some of them."""
    answer = {
        "cache, path": ["wh", "kwh", "wh"],
        "cache, header": ["wh", "wh", "wh"],
        "cache, header with Vary": ["wh", "kwh", "wh"],
        "link, header": "kwh",
        "unknown, path": 404,
        "unknown, header": 422,
    }
    return answer | differences


@wrong("13.1.1", caught_by="test_q1_the_comparison_is_predicted[cache, header]")
def comparison():
    """Believe that a cache compares all request headers."""
    return predicted(**{"cache, header": ["wh", "kwh", "wh"]})


@wrong("13.1.1", caught_by="test_q1_the_comparison_is_predicted[cache, header]")
def comparison():
    """Believe that the cache returns the default version."""
    return predicted(**{"cache, header": ["kwh", "kwh", "kwh"]})


@wrong("13.1.1", caught_by="test_q1_the_comparison_is_predicted[cache, header]")
def comparison():
    """Believe that the second response replaces the first one."""
    return predicted(**{"cache, header": ["wh", "wh", "kwh"]})


@wrong("13.1.1", caught_by="test_q1_the_comparison_is_predicted[cache, path]")
def comparison():
    """Believe that a cache mixes up the paths."""
    return predicted(**{"cache, path": ["wh", "wh", "wh"]})


@wrong(
    "13.1.1", caught_by="test_q1_the_comparison_is_predicted[cache, header with Vary]"
)
def comparison():
    """Believe that `Vary` changes nothing."""
    return predicted(**{"cache, header with Vary": ["wh", "wh", "wh"]})


@wrong("13.1.1", caught_by="test_q1_the_comparison_is_predicted[link, header]")
def comparison():
    """Believe that a browser sends the header."""
    return predicted(**{"link, header": "wh"})


@wrong("13.1.1", caught_by="test_q1_the_comparison_is_predicted[unknown, path]")
def comparison():
    """Believe that FastAPI validates the version in a path."""
    return predicted(**{"unknown, path": 422})


@wrong("13.1.1", caught_by="test_q1_the_comparison_is_predicted[unknown, header]")
def comparison():
    """Believe that an unknown header value is 400."""
    return predicted(**{"unknown, header": 400})


@wrong("13.1.1", caught_by="test_q1_the_comparison_is_predicted[unknown, header]")
def comparison():
    """Believe that an unknown version becomes the default."""
    return predicted(**{"unknown, header": 200})


@right("13.1.1")
def comparison():
    """Run the applications without a cache, and think about the rest."""
    from fastapi.testclient import TestClient

    path, header = TestClient(path_app()), TestClient(header_app(vary=True))
    fields = [next(iter(path.get(f"/v{one}/readings/17").json())) for one in (2, 1, 2)]
    unknown = header.get("/readings/17", headers={"api-version": "3"})
    return {
        "cache, path": fields,
        "cache, header": 3 * fields[:1],
        "cache, header with Vary": tuple(fields),
        "link, header": next(iter(header.get("/readings/17").json())),
        "unknown, path": path.get("/v3/readings/17").status_code,
        "unknown, header": unknown.status_code,
    }


@right("13.1.1")
def comparison():
    """Write each list letter by letter, and a status by its name."""
    from http import HTTPStatus

    return {
        "unknown, header": HTTPStatus.UNPROCESSABLE_ENTITY,
        "unknown, path": HTTPStatus.NOT_FOUND,
        "link, header": "kwh",
        "cache, header with Vary": "wh kwh wh".split(),
        "cache, header": "wh wh wh".split(),
        "cache, path": "wh kwh wh".split(),
    }


@wrong("13.1.2", caught_by="test_q2_the_openapi_document_marks_version_1_as_deprecated")
def versioned_app():
    """Forget the mark."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1")
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_the_openapi_document_marks_version_1_as_deprecated")
def versioned_app():
    """Leave `common` without the mark in version 1."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    app.include_router(v1, prefix="/v1", deprecated=True)
    app.include_router(common, prefix="/v1")
    app.include_router(v2, prefix="/v2")
    app.include_router(common, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_the_openapi_document_marks_version_1_as_deprecated")
def versioned_app():
    """Mark the routers after their endpoints were added."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    v1.deprecated = True
    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1")
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_the_openapi_document_marks_version_1_as_deprecated")
def versioned_app():
    """Mark the routes themselves, which version 2 shares."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    for route in [*v1.routes, *common.routes]:
        route.deprecated = True
    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1")
    for router in (v2, common):
        app.include_router(router, prefix="/v2", deprecated=False)
    return app


@wrong("13.1.2", caught_by="test_q2_the_openapi_document_marks_version_1_as_deprecated")
def versioned_app():
    """Leave version 1 out of the document."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", include_in_schema=False)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_the_openapi_document_marks_version_1_as_deprecated")
def versioned_app():
    """Mount an application for each version."""
    old, new = FastAPI(), FastAPI()
    for router in (v1, common):
        old.include_router(router, deprecated=True)

    @new.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    new.include_router(common)
    app = FastAPI()
    app.mount("/v1", old)
    app.mount("/v2", new)
    return app


@wrong("13.1.2", caught_by="test_q2_both_versions_have_the_common_endpoints[v2]")
def versioned_app():
    """Forget `common` in version 2."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    app.include_router(v2, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_both_versions_have_the_common_endpoints[v1]")
def versioned_app():
    """Believe that version 1 has no use for `common`."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    app.include_router(v1, prefix="/v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_both_versions_have_the_common_endpoints[v2]")
def versioned_app():
    """Write the common endpoint again."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    @v2.get("/meters")
    def list_all() -> list[int]:
        return list_meters()

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    app.include_router(v2, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_version_2_returns_wh")
def versioned_app():
    """Include version 1 in version 2, before its new endpoint."""
    v2 = APIRouter()
    v2.include_router(v1)
    v2.include_router(common)

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    app.include_router(v2, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_the_endpoints_of_v1_are_in_version_1_only")
def versioned_app():
    """Build version 2 on version 1, and override an endpoint."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (v2, v1, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_version_1_returns_kwh")
def versioned_app():
    """Change version 1, too."""
    readings = APIRouter()

    @readings.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    for router in (readings, v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (readings, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_version_2_returns_wh[21]")
def versioned_app():
    """Compute the new field from the old one."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int):
        return {"meter": meter, "wh": read_kwh(meter).kwh * 1000}

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_version_2_returns_wh")
def versioned_app():
    """Return both fields."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_both(meter: int):
        return {**read_kwh(meter).model_dump(), **last_reading(meter).model_dump()}

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_version_2_returns_wh")
def versioned_app():
    """Write the response model of version 1."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}", response_model=ReadingV1)
    def read_wh(meter: int):
        return last_reading(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_version_2_returns_wh")
def versioned_app():
    """Write the prefix twice."""
    v2 = APIRouter(prefix="/v2")

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_version_1_returns_kwh")
def versioned_app():
    """Forget the slash of a prefix."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="v2")
    return app


@wrong("13.1.2", caught_by="test_q2_version_2_returns_wh")
def versioned_app():
    """Do not declare the type of the path parameter."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_another_version_returns_404[/readings/21]")
def versioned_app():
    """Keep the paths without a version."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, include_in_schema=False)
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_another_version_returns_404[/v3/meters]")
def versioned_app():
    """Take each other version for the latest one."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
        app.include_router(router, prefix="/{version}", include_in_schema=False)
    return app


@wrong("13.1.2", caught_by="test_q2_an_unknown_meter_returns_404[5-v2]")
def versioned_app():
    """Return null for an unknown meter."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading | None:
        try:
            return last_reading(meter)
        except HTTPException:
            return None

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_the_meter_is_read_for_each_request[v2]")
def versioned_app():
    """Keep what was read first."""
    from functools import cache

    v2 = APIRouter()
    read = cache(lambda meter: last_reading(meter))

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return read(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong(
    "13.1.2", caught_by="test_q2_the_openapi_document_keeps_the_responses_of_version_1"
)
def versioned_app():
    """Add the new endpoint to the common ones."""

    @common.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    app.include_router(common, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_an_unknown_meter_returns_404[210-v2]")
def versioned_app():
    """Return another 404."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        try:
            return last_reading(meter)
        except HTTPException:
            raise HTTPException(404) from None

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_the_openapi_document_marks_version_1_as_deprecated")
def versioned_app():
    """Mark the application."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI(deprecated=True)
    for router in (v1, common):
        app.include_router(router, prefix="/v1")
    for router in (v2, common):
        app.include_router(router, prefix="/v2", deprecated=False)
    return app


@wrong("13.1.2", caught_by="test_q2_version_1_returns_kwh")
def versioned_app():
    """Forget to return the application."""
    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)


@wrong("13.1.2", caught_by="test_q2_the_endpoints_of_v1_are_in_version_1_only")
def versioned_app():
    """Copy the routes, and lose their status codes."""
    app = FastAPI()
    for source, prefix in ((v1, "/v1"), (common, "/v1"), (common, "/v2")):
        for route in source.routes:
            assert isinstance(route, APIRoute)
            app.add_api_route(
                prefix + route.path,
                route.endpoint,
                methods=list(route.methods),
                deprecated=prefix == "/v1",
            )

    @app.get("/v2/readings/{meter}")
    def read_wh(meter: int, reading: Annotated[Reading, Depends(last_reading)]):
        return {"meter": meter, "wh": reading.wh}

    return app


@wrong(
    "13.1.2", caught_by="test_q2_the_openapi_document_keeps_the_responses_of_version_1"
)
def versioned_app():
    """Document a 404 for all endpoints of version 1."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True, responses={404: {}})
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_the_endpoints_of_v1_are_in_version_1_only")
def versioned_app():
    """Copy the routes and their status codes, and lose their response models."""
    app = FastAPI()
    for router in (v1, common):
        for route in router.routes:
            app.add_api_route(
                f"/v1{route.path}",
                route.endpoint,
                methods=list(route.methods),
                status_code=route.status_code,
                deprecated=True,
            )
    app.include_router(common, prefix="/v2")
    app.get("/v2/readings/{meter}")(last_reading)
    return app


@wrong("13.1.2", caught_by="test_q2_both_versions_have_the_common_endpoints[v1]")
def versioned_app():
    """Copy the routes, and lose their dependencies."""
    app = FastAPI()
    for router in (v1, common):
        for route in router.routes:
            app.add_api_route(
                f"/v1{route.path}",
                route.endpoint,
                methods=list(route.methods),
                status_code=route.status_code,
                response_model=route.response_model,
                deprecated=True,
            )
    app.include_router(common, prefix="/v2")
    app.get("/v2/readings/{meter}")(last_reading)
    return app


@wrong("13.1.2", caught_by="test_q2_each_call_creates_a_new_application")
@cache
def versioned_app():
    """Create one application, and return it again."""
    v2 = APIRouter()
    v2.get("/readings/{meter}")(last_reading)
    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_each_call_creates_a_new_application")
def versioned_app(app=FastAPI()):  # noqa: B008
    """Add the endpoints to one application of the module."""

    @app.get("/v2/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    app.include_router(common, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_an_unknown_meter_returns_404[-1-v2]")
def versioned_app():
    """Validate the number of a meter."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: Annotated[int, Path(ge=0)]) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@wrong("13.1.2", caught_by="test_q2_another_version_returns_404[/latest/meters]")
def versioned_app():
    """Add an alias for the latest version of the common endpoints."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI()
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    app.include_router(common, prefix="/latest", include_in_schema=False)
    return app


@wrong("13.1.2", caught_by="test_q2_the_openapi_document_has_both_versions")
def versioned_app():
    """Do not serve the OpenAPI document."""
    v2 = APIRouter()

    @v2.get("/readings/{meter}")
    def read_wh(meter: int) -> Reading:
        return last_reading(meter)

    app = FastAPI(openapi_url=None)
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    for router in (v2, common):
        app.include_router(router, prefix="/v2")
    return app


@right("13.1.2")
def versioned_app(shared=APIRouter()):  # noqa: B008
    """Include a router of the module once more with each call."""
    if not shared.routes:
        shared.get("/readings/{meter}", response_model=Reading)(last_reading)
    app = FastAPI()
    app.include_router(shared, prefix="/v2")
    app.include_router(common, prefix="/v2")
    for router in (v1, common):
        app.include_router(router, prefix="/v1", deprecated=True)
    return app


@right("13.1.2")
def versioned_app():
    """Give each version a router with its prefix, and nest the others in it."""
    old = APIRouter(prefix="/v1", deprecated=True)
    old.include_router(v1)
    old.include_router(common)
    new = APIRouter(prefix="/v2", tags=["version 2"])

    @new.get("/readings/{meter}", response_model=Reading)
    async def read_reading(meter: int):
        return last_reading(meter)

    new.include_router(common)
    app = FastAPI(title="Readings")
    app.include_router(old)
    app.include_router(new)
    return app


@right("13.1.2")
def versioned_app():
    """Add the new endpoint to the application, and `common` to `v1`."""
    app = FastAPI()
    app.add_api_route("/v2/readings/{meter}", last_reading, methods=["GET"])
    app.include_router(common, prefix="/v2")
    v1.include_router(common)
    app.include_router(v1, prefix="/v1", deprecated=True)
    return app


@right("13.1.2")
def versioned_app():
    """Change the OpenAPI document afterwards, and return a dict."""
    app = FastAPI()
    for source, prefix in ((v1, "/v1"), (common, "/v1"), (common, "/v2")):
        app.include_router(source, prefix=prefix)

    @app.get("/v2/readings/{meter}")
    def read_wh(meter: int, reading: Annotated[Reading, Depends(last_reading)]):
        return {"meter": meter, "wh": reading.wh}

    document = app.openapi

    def marked():
        for path, operations in document()["paths"].items():
            for operation in operations.values():
                operation["deprecated"] = path.startswith("/v1/")
        return document()

    app.openapi = marked
    return app


@right("13.1.2")
def versioned_app():
    """Derive a class, and announce the end of version 1 in a header."""

    def announced(response: Response) -> None:
        response.headers["Deprecation"] = "@1688169599"

    class Versioned(FastAPI):
        def __init__(self) -> None:
            super().__init__()
            old = {"deprecated": True, "dependencies": [Depends(announced)]}
            self.include_router(v1, prefix="/v1", **old)
            self.include_router(common, prefix="/v1", **old)
            self.include_router(common, prefix="/v2")
            self.get("/v2/readings/{meter}")(self.read_wh)

        async def read_wh(self, meter: int) -> Reading:
            return last_reading(meter)

    return Versioned()


def page_of(page, version, following):
    """Return a page in a version, whose `next` is `following` if there is one."""
    readings = all_readings()
    end = page * PER_PAGE
    shown = readings[end - PER_PAGE : end]
    if end >= len(readings):
        following = None
    if version == 1:
        return {"kwh": [wh / 1000 for wh in shown], "next": following}
    return {"wh": shown, "next": following}


Page = Annotated[int, Query(ge=1, le=1000)]


@wrong("13.1.3", caught_by="test_q3_next_stays_in_the_version")
def readings_app():
    """Leave `next` as it is."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: Annotated[int, Query(ge=1, le=2)] = 1):
        return page_of(page, version, f"/readings?page={page + 1}")

    return app


@wrong("13.1.3", caught_by="test_q3_next_stays_in_the_version")
def readings_app():
    """Write version 1 into each `next`."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: Annotated[int, Query(ge=1, le=2)] = 1):
        return page_of(page, version, f"/readings?version=1&page={page + 1}")

    return app


@wrong("13.1.3", caught_by="test_q3_next_stays_in_the_version")
def readings_app():
    """Keep the page, and lose the number of the next one."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: Annotated[int, Query(ge=1, le=2)] = 1):
        return page_of(page, version, f"/readings?version={version}&page={page}")

    return app


@wrong("13.1.3", caught_by="test_q3_next_stays_in_the_version")
def readings_app():
    """Remember the version of the last request."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(
        page: Page = 1, version: Annotated[int | None, Query(ge=1, le=2)] = None
    ):
        if page > 1 and version is None:
            version = app.state.version
        app.state.version = version or 1
        return page_of(page, app.state.version, f"/readings?page={page + 1}")

    return app


@wrong("13.1.3", caught_by="test_q3_a_single_page_is_of_the_requested_version[1]")
def readings_app():
    """Take the version of the request before for the default."""
    app = FastAPI()
    last = [1]

    @app.get("/readings")
    def list_readings(
        page: Page = 1, version: Annotated[int | None, Query(ge=1, le=2)] = None
    ):
        last[0] = version or last[0]
        return page_of(page, last[0], f"/readings?version={last[0]}&page={page + 1}")

    return app


@wrong("13.1.3", caught_by="test_q3_next_stays_in_the_version[3]")
def readings_app():
    """Write the host of the own machine into the URL."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: Annotated[int, Query(ge=1, le=2)] = 1):
        following = f"/readings?version={version}&page={page + 1}"
        return page_of(page, version, f"http://localhost:8000{following}")

    return app


@wrong("13.1.3", caught_by="test_q3_any_other_version_returns_422[1,2]")
def readings_app():
    """Look for the version in a text with a comma."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: str = "1"):
        if not version or version not in "1,2":
            raise HTTPException(422, "There is no such version.")
        following = f"/readings?version={version}&page={page + 1}"
        return page_of(page, 1 if version == "1" else 2, following)

    return app


@wrong("13.1.3", caught_by="test_q3_any_other_version_returns_422[latest]")
def readings_app():
    """Convert the version without a thought of other texts."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: str = "1"):
        if int(version) not in (1, 2):
            raise HTTPException(422, "There is no such version.")
        following = f"/readings?version={version}&page={page + 1}"
        return page_of(page, int(version), following)

    return app


@wrong("13.1.3", caught_by="test_q3_without_a_version_each_page_is_of_version_1[4]")
def readings_app():
    """Append to the URL of the request, which can have no query."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(
        request: Request,
        page: Page = 1,
        version: Annotated[int, Query(ge=1, le=2)] = 1,
    ):
        return page_of(page, version, f"{request.url}&page={page + 1}")

    return app


@wrong("13.1.3", caught_by="test_q3_without_a_version_each_page_is_of_version_1")
def readings_app():
    """Keep version 2 as the default."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: Annotated[int, Query(ge=1, le=2)] = 2):
        return page_of(page, version, f"/readings?version={version}&page={page + 1}")

    return app


@wrong("13.1.3", caught_by="test_q3_without_a_version_each_page_is_of_version_1")
def readings_app():
    """Require the version."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(version: Annotated[int, Query(ge=1, le=2)], page: Page = 1):
        return page_of(page, version, f"/readings?version={version}&page={page + 1}")

    return app


@wrong("13.1.3", caught_by="test_q3_next_stays_in_the_version")
def readings_app():
    """Write a `Literal` of numbers, which no text in a query equals."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: Literal[1, 2] = 1):
        return page_of(page, version, f"/readings?version={version}&page={page + 1}")

    return app


@wrong("13.1.3", caught_by="test_q3_without_a_version_each_page_is_of_version_1")
def readings_app():
    """Compare a text with a number."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: Literal["1", "2"] = "1"):
        return page_of(page, version, f"/readings?version={version}&page={page + 1}")

    return app


@wrong("13.1.3", caught_by="test_q3_any_other_version_returns_422[0]")
def readings_app():
    """Forget the lower bound."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: Annotated[int, Query(le=2)] = 1):
        return page_of(page, version, f"/readings?version={version}&page={page + 1}")

    return app


@wrong("13.1.3", caught_by="test_q3_any_other_version_returns_422[3]")
def readings_app():
    """Declare the type only."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: int = 1):
        return page_of(page, version, f"/readings?version={version}&page={page + 1}")

    return app


@wrong("13.1.3", caught_by="test_q3_any_other_version_returns_422[12]")
def readings_app():
    """Write a pattern without its end."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(
        page: Page = 1, version: Annotated[str, Query(pattern="^[12]")] = "1"
    ):
        following = f"/readings?version={version}&page={page + 1}"
        return page_of(page, int(version[0]), following)

    return app


@wrong("13.1.3", caught_by="test_q3_any_other_version_returns_422")
def readings_app():
    """Return version 1 instead of an unknown version."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: str = "1"):
        chosen = 2 if version == "2" else 1
        return page_of(page, chosen, f"/readings?version={chosen}&page={page + 1}")

    return app


@wrong("13.1.3", caught_by="test_q3_any_other_version_returns_422")
def readings_app():
    """Return 400."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: str = "1"):
        if version not in ("1", "2"):
            raise HTTPException(400, "There is no such version.")
        following = f"/readings?version={version}&page={page + 1}"
        return page_of(page, int(version), following)

    return app


@wrong("13.1.3", caught_by="test_q3_any_other_version_returns_422[]")
def readings_app():
    """Take an empty version for a missing one."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: Literal["", "1", "2"] = ""):
        number = int(version or 1)
        return page_of(page, number, f"/readings?version={number}&page={page + 1}")

    return app


@wrong("13.1.3", caught_by="test_q3_any_other_version_returns_422[21]")
def readings_app():
    """Look for the version in a text."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: str = "1"):
        if version not in "1, 2, 21":
            raise HTTPException(422, "There is no such version.")
        following = f"/readings?version={version}&page={page + 1}"
        return page_of(page, 1 if version == "1" else 2, following)

    return app


@wrong("13.1.3", caught_by="test_q3_next_stays_in_the_version")
def readings_app():
    """Write the name of an enum's member into the URL."""

    class Version(str, Enum):
        one = "1"
        two = "2"

    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: Version = Version.one):
        following = f"/readings?version={version}&page={page + 1}"
        return page_of(page, int(version.value), following)

    return app


@wrong("13.1.3", caught_by="test_q3_the_bounds_of_page_stay[0-1-wh0]")
def readings_app():
    """Lose the bounds of the page."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: int = 1, version: Annotated[int, Query(ge=1, le=2)] = 1):
        return page_of(page, version, f"/readings?version={version}&page={page + 1}")

    return app


@wrong("13.1.3", caught_by="test_q3_the_readings_are_read_for_each_request")
def readings_app():
    """Read the readings once."""
    app = FastAPI()
    kept = all_readings()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: Annotated[int, Query(ge=1, le=2)] = 1):
        shown = kept[page * PER_PAGE - PER_PAGE : page * PER_PAGE]
        more = page * PER_PAGE < len(kept)
        following = f"/readings?version={version}&page={page + 1}" if more else None
        if version == 1:
            return {"kwh": [wh / 1000 for wh in shown], "next": following}
        return {"wh": shown, "next": following}

    return app


@wrong("13.1.3", caught_by="test_q3_a_single_page_is_of_the_requested_version")
def readings_app():
    """Choose the version in a header."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: Annotated[int, Header(ge=1, le=2)] = 1):
        return page_of(page, version, f"/readings?version={version}&page={page + 1}")

    return app


@right("13.1.3")
def readings_app():
    """Declare a number with bounds."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: int = Query(1, ge=1, le=2)):
        return page_of(page, version, f"/readings?page={page + 1}&version={version}")

    return app


@right("13.1.3")
def readings_app():
    """Let the URL of the request keep its own parameters, with a `Literal` of texts."""
    app = FastAPI()

    @app.get("/readings")
    def list_readings(
        request: Request, page: Page = 1, version: Literal["1", "2"] = "1"
    ):
        following = str(request.url.include_query_params(page=page + 1))
        return page_of(page, int(version), following)

    return app


@right("13.1.3")
def readings_app():
    """Declare an `IntEnum` in a dependency, and return a relative URL."""

    class Version(IntEnum):
        ONE = 1
        TWO = 2

    def chosen(version: Version = Version.ONE) -> Version:
        return version

    app = FastAPI()

    @app.get("/readings")
    async def list_readings(
        version: Annotated[Version, Depends(chosen)], page: Page = 1
    ):
        return page_of(page, version, f"?page={page + 1}&version={version.value}")

    return app


@right("13.1.3")
def readings_app():
    """Refuse other versions in the endpoint."""

    class Version(str, Enum):
        one = "1"
        two = "2"

    app = FastAPI()

    @app.get("/readings")
    def list_readings(page: Page = 1, version: str = "1"):
        if version not in [one.value for one in Version]:
            raise HTTPException(422, "There is no such version.")
        following = app.url_path_for("list_readings")
        query = f"version={version}&page={page + 1}"
        return page_of(page, int(version), f"{following}?{query}")

    return app
