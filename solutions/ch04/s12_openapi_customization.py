"""4.12  FastAPI metadata and OpenAPI customization.

FastAPI describes an application in an OpenAPI document. People read it at `/docs`, and
programs read it at `/openapi.json`.
Notes: content/docs/fastapi/openapi/customization.md
"""

# region answer
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

# stub: from dataclasses import dataclass
# stub: from typing import Any
# stub:
# endregion
from fastapi import APIRouter, FastAPI, Request


@dataclass(frozen=True)
class Office:
    """A ticket office, and where its terms of service are."""

    name: str
    email: str
    terms: str


def office_app(office: Office) -> FastAPI:
    """4.12.1  How do you add custom metadata to FastAPI’s OpenAPI schema?

    Before other companies use the API of a ticket office, they want to know whose API
    it is. Create the application and return it. `GET /openapi.json` returns a valid
    OpenAPI document with this information:

    - The contact has the `name` and the `email` of the office.
    - The terms of service are the URL `office.terms`.
    - The license has the name "Apache 2.0" and the identifier "Apache-2.0".

    Given:
        The endpoints are added to the application afterwards.

    Example:
        office = Office("Oslo Tickets", "api@oslo.example", "https://oslo.example/terms")
        GET /openapi.json  ->  200  {"info": {"contact": {"name": "Oslo Tickets", ...},
            "termsOfService": "https://oslo.example/terms", "license": ...}, ...}
    """
    # region answer
    # In words: `FastAPI(...)` has an argument for each part of `info`, such as
    # `contact`, `license_info` and `terms_of_service`. `contact` and `license_info` are
    # dicts with the names of OpenAPI. This information changes nothing in the
    # responses of the endpoints.
    return FastAPI(
        contact={"name": office.name, "email": office.email},
        terms_of_service=office.terms,
        license_info={"name": "Apache 2.0", "identifier": "Apache-2.0"},
    )
    # endregion


def about(city: str) -> str:
    """Return a text in Markdown about the API of a city."""
    return f"""
        # Tickets in {city}

        - **Find** events
            - by day
            - by hall
        - Buy tickets
    """


def city_app(city: str) -> FastAPI:
    """4.12.2  Write a FastAPI app with a custom OpenAPI title and description.

    Create the application for a city and return it. The page `/docs` shows the
    description as Markdown. Markdown shows a text that is indented by four spaces as
    code, and `about` returns such a text.

    - The title is the name of the city and the word "tickets", as in "Oslo tickets".
    - The description is the text `about(city)` without its common indentation: the
      spaces that all lines with text begin with. A line that is indented further keeps
      its other spaces.

    Given:
        Every text begins with a line break. It can stay in the description or not.
        The first line with text can be indented further than the others.
        The endpoints are added to the application afterwards.

    Example:
        GET /openapi.json  ->  200  {"info": {"title": "Oslo tickets",
            "description": "# Tickets in Oslo ...", ...}, ...}
    """
    # region answer
    return FastAPI(title=f"{city} tickets", description=dedent(about(city)))
    # endregion


def headings(document: dict[str, Any]) -> dict[str, list[str]]:
    """4.12.3  What is the role of `tags` in FastAPI’s OpenAPI documentation?

    The page `/docs` reads the OpenAPI document and groups the operations by their tags.
    Do what this page does: return the operations below each heading, in the order of
    the page.

    - The first headings are the tags in `document["tags"]`, in this order. A tag that
      no operation has is a heading, too.
    - The other tags follow, in the order in which they first appear in the operations.
    - Each operation is below all of its tags, in the order of the document. Treat an
      operation without tags like one with the tag "default".

    Given:
        `document["paths"]["/events"]["get"]` is the operation `GET /events`. Its tags
        are in a list with the key "tags". If there are no tags, the key is missing, in
        an operation and in the document.
        Below a path there are only operations. No list has the same tag twice.

    Example:
        {"tags": [{"name": "orders", "description": "Buy tickets."}],
         "paths": {"/events": {"get": {"tags": ["events"], ...}}}, ...}
            ->  {"orders": [], "events": ["GET /events"]}
    """
    # region answer
    # In words: A tag is a label of an operation in the OpenAPI document. The page /docs
    # shows one group for each tag, and generators of clients make one class of each.
    # The list `tags` of the document says in which order the groups appear, and
    # describes them. Tags do not change the paths or the responses.
    groups: dict[str, list[str]] = {tag["name"]: [] for tag in document.get("tags", [])}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for tag in operation.get("tags", ["default"]):
                groups.setdefault(tag, []).append(f"{method.upper()} {path}")
    return groups
    # endregion


@dataclass(frozen=True)
class Part:
    """A part of the API: its name, what it is for, and its endpoints."""

    name: str
    description: str
    router: APIRouter


def documented_app(parts: list[Part]) -> FastAPI:
    """4.12.4  How do you add custom tags and descriptions to FastAPI’s OpenAPI schema?

    Create an application from the parts and return it. The page `/docs` shows a heading
    for each part, with the description of the part and its endpoints.

    - The application serves the endpoints of each part, at the paths of its router.
    - Each endpoint of a part has the name of the part as a tag. It also keeps the tags
      that it has already.
    - The document describes the tag of each part with the description of the part. The
      tags are in the order of `parts`.

    Given:
        The router of a part can include other routers. Their endpoints are endpoints of
        the part, too.

    Example:
        [Part("orders", "Buy and return tickets.", router), ...]
        GET /openapi.json  ->  200  {"tags": [{"name": "orders",
            "description": "Buy and return tickets."}, ...], ...}
    """
    # region answer
    # In words: `tags=[...]` puts a tag on an endpoint, or on all endpoints of a router.
    # The argument `openapi_tags` of `FastAPI` describes the tags: a list of dicts, each
    # with a name and a description. The names have to be equal, letter by letter.
    app = FastAPI(
        openapi_tags=[
            {"name": part.name, "description": part.description} for part in parts
        ]
    )
    for part in parts:
        app.include_router(part.router, tags=[part.name])
    return app
    # endregion


@dataclass(frozen=True)
class Release:
    """A release of the API: its name in the path, its version, and its endpoints."""

    name: str
    version: str
    router: APIRouter


def releases_app(releases: list[Release]) -> FastAPI:
    """4.12.5  Write a FastAPI app with a customized OpenAPI title and version.

    Old phones use the first release of the API, and new ones use the second. Create one
    application that serves all releases and return it. Each release has its own valid
    OpenAPI document.

    - The paths of a release begin with its name: `GET /events` of the release "v1" is
      `GET /v1/events`.
    - `GET /v1/openapi.json` returns the document of the release "v1". The title is
      "Tickets v1", and the version of the API is the `version` of the release.
    - This document contains the endpoints of this release and no others.
    - `/v1/docs` is the documentation page for this document.

    Given:
        A document can have a server. Then a client puts the URL of this server before
        each path. If the document has no server, its paths are complete.

    Example:
        [Release("v1", "1.9.2", old_router), Release("v2", "2.0.0", new_router)]
        GET /v2/openapi.json  ->  200  {"info": {"title": "Tickets v2",
            "version": "2.0.0"}, ...}
    """
    # region answer
    app = FastAPI()
    for release in releases:
        api = FastAPI(title=f"Tickets {release.name}", version=release.version)
        api.include_router(release.router)
        app.mount(f"/{release.name}", api)
    return app
    # endregion


def guests_app() -> FastAPI:
    """4.12.6  What is the role of `openapi_extra` in FastAPI?

    Organizers upload the guests of an event as CSV, one guest a line. The endpoint
    reads the body of the request itself, so FastAPI knows nothing about it: the page
    `/docs` has no field for the guests. A gateway looks in the document for the rate
    limit of the operation, and finds none. Add the body and the rate limit to the
    document.

    - The operation `POST /guests` has a required request body. Its content type is
      `text/csv`, and its schema is a string.
    - The operation has the extension `x-rate-limit` with the number 60.
    - Everything else in the document and all responses stay as they are. The document
      is valid.

    Example:
        POST /guests?event=7  with the lines Ana, Ben and Cem  ->  200  3
    """
    app = FastAPI(title="Guests")

    # region answer
    # In words: FastAPI creates the description of an operation from the signature of
    # the endpoint. It cannot know what is not there, such as a body that the endpoint
    # reads itself, or an extension for another program. `openapi_extra` adds such parts
    # to the description. It does not check the requests.
    @app.post(
        "/guests",
        tags=["guests"],
        openapi_extra={
            "requestBody": {
                "content": {"text/csv": {"schema": {"type": "string"}}},
                "required": True,
            },
            "x-rate-limit": 60,
        },
    )
    # stub: @app.post("/guests", tags=["guests"])
    # endregion
    async def upload_guests(request: Request, event: int) -> int:
        """Save the guests of an event, and return their number."""
        return len((await request.body()).splitlines())

    return app
