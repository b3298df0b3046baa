"""The tests of section 4.12."""

import re
from itertools import zip_longest
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Request
from markdown_it import MarkdownIt
from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import (
    OpenAPIValidationError,
    ValidatorDetectError,
)

from lab import (
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    returned_or_raised,
    stand_in,
)


def send(app: FastAPI, method: str, path: str, **named: Any) -> httpx2.Response:
    """Return the response of `app` to one request."""
    with client(app) as http:
        response: httpx2.Response = attempt(
            f"`{method} {path}`", http.request, method, path, **named
        )
    return response


def document(app: FastAPI, path: str = "/openapi.json") -> dict[str, Any]:
    """Return the OpenAPI document of `app`, which is valid."""
    response = send(app, "GET", path)
    body = json_or_text(response)
    assert response.status_code == 200, (
        f"`GET {path}` returned {response.status_code} and {in_words(body)}. The "
        "docstring asks for an OpenAPI document. Look at the URL of your document."
    )
    try:
        validate(body)
    except ValidatorDetectError:
        raise AssertionError(
            f"`GET {path}` returned a document with the OpenAPI version "
            f"{in_words(body.get('openapi'))}, which does not exist. FastAPI sets a "
            "valid one. Look at the attributes that you change."
        ) from None
    except OpenAPIValidationError as error:
        where = ".".join(str(key) for key in error.absolute_path) or "the document"
        said = str(error).partition("\n")[0]
        if error.validator == "not" and isinstance(error.instance, dict):
            said = f"the keys {list(error.instance)} are not allowed together"
        raise AssertionError(
            f"`GET {path}` returned a document that is not valid OpenAPI. The "
            f"validator says about `{where}`: {in_words(said)}. Look at the keys that "
            "you give there."
        ) from None
    found: dict[str, Any] = body
    return found


def operations(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operations of a document, with keys such as "GET /events"."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in found["paths"].items()
        for method, operation in item.items()
    }


def with_endpoint(app: object, call: str) -> FastAPI:
    """Return the application that `call` returned, with one more endpoint."""
    found = fastapi_app(app, call)
    found.get("/events")(lambda: "Jazz Night")
    return found


OFFICES = [
    ("Zoë & Co.", "zoe@tickets.example", "https://tickets.example/terms"),
    ("Bergen", "api@bergen.example", "https://bergen.example/t/2"),
]


def info(answers, office: tuple[str, str, str]) -> dict[str, Any]:
    """Return what the document of an office says about the API."""
    other = answers.Office("Tromsø", "api@tromso.example", "https://tromso.example/t")
    _, created, _ = (
        attempt("`office_app(office)`", answers.office_app, one)
        for one in (other, answers.Office(*office), other)
    )
    app = with_endpoint(created, "office_app()")
    found = document(app)
    assert "GET /events" in operations(found), (
        "An endpoint `GET /events` was added to the application, and the document "
        f"contains {in_words(list(operations(found)))}. The docstring says that "
        "endpoints are added afterwards. FastAPI has to create the document."
    )
    about: dict[str, Any] = found["info"]
    return about


@pytest.mark.parametrize("office", OFFICES, ids=["zoe", "bergen"])
def test_q1_the_contact_is_the_office(answers, office):
    contact = info(answers, office).get("contact", {})
    got = (contact.get("name"), contact.get("email"))
    assert got == office[:2], (
        "The test created the applications of three offices. One has the name "
        f"{office[0]!r} and the e-mail {office[1]!r}. After an endpoint was added, its "
        f"contact in the document is {in_words(contact)}. The docstring asks for the "
        "`name` and the `email` of the office. Look at the argument `contact`."
    )


@pytest.mark.parametrize("office", OFFICES, ids=["zoe", "bergen"])
def test_q1_the_terms_of_service_are_a_url(answers, office):
    got = info(answers, office).get("termsOfService")
    assert got == office[2], (
        f"The terms of the office are {office[2]!r}, and `termsOfService` in the "
        f"document is {in_words(got)}. The docstring asks for the URL `office.terms`. "
        "Look at the arguments of `FastAPI`."
    )


def test_q1_the_license_has_a_name_and_an_identifier(answers):
    got = info(answers, OFFICES[0]).get("license", {})
    assert got == {"name": "Apache 2.0", "identifier": "Apache-2.0"}, (
        f"The license in the document is {in_words(got)}. The docstring asks for the "
        "name 'Apache 2.0' and the identifier 'Apache-2.0'. Look at the keys and the "
        "values of your license."
    )


ABOUT = """
            # About {city}

            Tickets for *today*:

            - jazz
                - in the hall
            - opera

                curl /events

            [More](https://tickets.example)
    """


def city_info(answers, city: str, text: str = ABOUT) -> dict[str, Any]:
    """Return what the document of a city says about the API."""
    stand_in(answers.about, lambda city: text.format(city=city))
    _, created, _ = (answers.city_app(one) for one in ("Tromsø", city, "Tromsø"))
    app = with_endpoint(created, "city_app()")
    found: dict[str, Any] = document(app)["info"]
    return found


@pytest.mark.parametrize(
    "city", ["Bergen", "São João del-Rei"], ids=["bergen", "sao-joao"]
)
def test_q2_the_title_has_the_name_of_the_city(answers, city):
    got = city_info(answers, city)["title"]
    assert got == f"{city} tickets", (
        f"The title of the document for {city} is {in_words(got)}. The docstring asks "
        f"for '{city} tickets'. Look at the arguments of `FastAPI`."
    )


@pytest.mark.parametrize(
    ("indented", "plain"),
    [
        (ABOUT, ABOUT.replace("\n            ", "\n")),
        (
            "\n    ## {city}\n\n    No events.  \n    Not yet.\n    ",
            "## {city}\n\nNo events.  \nNot yet.",
        ),
        ("\n# {city}\n\n1. Hall\n   - Row\n", "# {city}\n\n1. Hall\n   - Row"),
        ("\n        curl /\n    # {city}\n    Jazz.\n", "    curl /\n# {city}\nJazz."),
    ],
    ids=["twelve", "four", "none", "first-line"],
)
def test_q2_the_description_is_shown_as_markdown(answers, indented, plain):
    city = "São João del-Rei"
    got = city_info(answers, city, indented).get("description", "")
    shown, expected = (
        MarkdownIt().render(text).strip().split("\n")
        for text in (got, plain.format(city=city))
    )
    lines = [*zip_longest(shown, expected), (None, None)]
    first = next((line for line in lines if line[0] != line[1]), (None, None))
    assert shown == expected, (
        f"As HTML, the description has the line {in_words(first[0])[:60]} instead of "
        f"{in_words(first[1])[:60]}. The docstring asks for `about(city)` without the "
        "spaces that all lines with text begin with. Look at the spaces and empty "
        "lines in it."
    )


def tickets() -> FastAPI:
    """Return an application whose operations have tags, one of which is declared."""
    seats = {"name": "seats", "description": "Find a seat."}
    app = FastAPI(openapi_tags=[seats, {"name": "events"}])
    orders = APIRouter(prefix="/orders", tags=["orders"])
    orders.get("")(lambda: 1)
    orders.post("", tags=["payment", "events"])(lambda: 1)
    app.get("/health")(lambda: 1)
    app.include_router(orders)
    app.get("/events/{number}", tags=["events"])(lambda number: 1)
    app.put("/events/{number}")(lambda number: 1)
    return app


def no_tags() -> FastAPI:
    """Return an application without tags."""
    app = FastAPI()
    app.get("/health")(lambda: 1)
    app.delete("/orders")(lambda: 1)
    app.patch("/orders")(lambda: 1)
    app.head("/orders")(lambda: 1)
    return app


def unsorted() -> FastAPI:
    """Return an application whose tags are not in the order of the alphabet."""
    app = FastAPI()
    app.get("/venues", tags=["venues"])(lambda: 1)
    app.get("/artists", tags=["artists", "venues"])(lambda: 1)
    app.get("/health")(lambda: 1)
    return app


def default_is_declared() -> FastAPI:
    """Return an application that describes the tag "default"."""
    app = FastAPI(openapi_tags=[{"name": "orders"}, {"name": "default"}])
    app.get("/health")(lambda: 1)
    app.get("/orders", tags=["orders", "default"])(lambda: 1)
    return app


@pytest.mark.parametrize(
    ("create", "expected"),
    [
        (
            tickets,
            {
                "seats": [],
                "events": ["POST /orders", "GET /events/{number}"],
                "orders": ["GET /orders", "POST /orders"],
                "payment": ["POST /orders"],
                "default": ["GET /health", "PUT /events/{number}"],
            },
        ),
        (
            no_tags,
            {
                "default": [
                    "GET /health",
                    "DELETE /orders",
                    "HEAD /orders",
                    "PATCH /orders",
                ]
            },
        ),
        (
            default_is_declared,
            {"orders": ["GET /orders"], "default": ["GET /health", "GET /orders"]},
        ),
        (FastAPI, {}),
    ],
    ids=["tickets", "no-tags", "default-is-declared", "empty"],
)
def test_q3_each_operation_is_below_all_of_its_tags(answers, create, expected):
    got = outcome(lambda: answers.headings(create().openapi()))
    assert isinstance(got, dict), (
        f"`headings(document)` {returned_or_raised(got)}. The docstring asks for a "
        "dict: each heading, and the operations below it. If there are no tags, the "
        'key "tags" is missing.'
    )
    for name in expected | got:
        below, page = (
            f"has {in_words(one[name])}" if name in one else "has no such heading"
            for one in (got, expected)
        )
        assert below == page, (
            f"Look at the heading {name!r}. Your dict {below}. The page {page}. The "
            "docstring asks for each operation below all of its tags, in the order of "
            "the document, and below 'default' if it has none."
        )


@pytest.mark.parametrize(
    ("create", "expected"),
    [
        (tickets, ["seats", "events", "default", "orders", "payment"]),
        (unsorted, ["venues", "artists", "default"]),
        (default_is_declared, ["orders", "default"]),
    ],
    ids=["tickets", "unsorted", "default-is-declared"],
)
def test_q3_the_headings_are_in_the_order_of_the_page(answers, create, expected):
    got = outcome(lambda: list(answers.headings(create().openapi())))
    assert got == expected, (
        f"The headings are {in_words(got)}, and the page has {expected}. The docstring "
        "asks for the tags of the document first, then for the others in the order in "
        "which they first appear in the operations. Look at when you add each heading."
    )


def parts(answers, *names: str) -> list[Any]:
    """Return parts of an API.

    Each has an endpoint without tags and one with a tag, and includes a router with
    one that has a tag. The last one has no endpoints yet.
    """
    found = []
    for name in names:
        router = APIRouter(prefix="/tickets")
        router.get(f"/{name}")(lambda name=name: name)
        router.put(f"/{name}", tags=["for staff"])(lambda: None)
        inner = APIRouter()
        inner.post(f"/{name}", tags=["for partners"], status_code=201)(
            lambda name=name: f"new {name}"
        )
        router.include_router(inner)
        found.append(answers.Part(name, f"  All about *{name}*.\n", router))
    return [*found, answers.Part("later", "Not yet.", APIRouter())] if found else []


NAMES = pytest.mark.parametrize(
    "names",
    [("orders", "events"), ("Events", "seat plans")],
    ids=["orders", "plans"],
)


def documented(answers, names: tuple[str, ...]) -> FastAPI:
    """Return the application of 4.12.4."""
    app = attempt(
        "With routers that include other routers, `documented_app(parts)`",
        answers.documented_app,
        parts(answers, *names),
    )
    return fastapi_app(app, "documented_app()")


@NAMES
def test_q4_the_endpoints_are_at_the_paths_of_the_routers(answers, names):
    app = documented(answers, names)

    for name in names:
        for method, expected in ("GET", (200, name)), ("POST", (201, f"new {name}")):
            path = f"/tickets/{name}"
            response = send(app, method, path)
            got = (response.status_code, json_or_text(response))
            assert got == expected, (
                f"The router of the part {name!r} has the prefix '/tickets'. `{method} "
                f"{path}` returned {in_words(got)} instead of {in_words(expected)}. "
                "The docstring asks for all endpoints, at the paths of the router. "
                "Look at how you include it."
            )


@NAMES
def test_q4_each_endpoint_has_the_name_of_its_part_as_a_tag(answers, names):
    found = operations(document(documented(answers, names)))

    tags = {name: set(one.get("tags", [])) for name, one in found.items()}
    own: dict[str, set[str]] = {
        "GET": set(),
        "PUT": {"for staff"},
        "POST": {"for partners"},
    }
    expected = {
        f"{method} /tickets/{name}": {name, *more}
        for name in names
        for method, more in own.items()
    }
    for name in expected | tags:
        got, asked = (
            sorted(one[name]) if name in one else "no operation"
            for one in (tags, expected)
        )
        assert got == asked, (
            f"The parts are {names}. Each `POST` has the tag 'for partners' already, "
            f"and each `PUT` has 'for staff'. In the document, `{name}` has "
            f"{in_words(got)} instead of {in_words(asked)}. The docstring asks for "
            "these and for the name of the part. Look at how you include the router."
        )


@NAMES
def test_q4_the_document_describes_the_tags_in_the_order_of_the_parts(answers, names):
    found = document(documented(answers, names))

    got = [(tag["name"], tag.get("description")) for tag in found.get("tags", [])]
    expected = [(name, f"  All about *{name}*.\n") for name in names]
    expected.append(("later", "Not yet."))
    for one, asked in zip_longest(got, expected):
        assert one == asked, (
            f"The parts are {[name for name, _ in expected]}, and the last one has no "
            f"endpoints yet. In the list `tags` there is {in_words(one)} instead of "
            f"{in_words(asked)}. The docstring asks for the name and the description "
            "of each part, in the order of `parts`. Look at your list of tags."
        )


def test_q4_without_parts_there_are_no_tags(answers):
    described = document(documented(answers, ("orders",)))["tags"]
    found = document(documented(answers, ()))

    got = (len(described), found.get("tags", []), found["paths"])
    assert got == (2, [], {}), (
        f"With two parts, `tags` has {len(described)} items. Without parts it is "
        f"{in_words(found.get('tags'))}, and the paths are {in_words(found['paths'])}. "
        "The docstring asks for the tags and the endpoints of the parts only. Look at "
        "where your code keeps them."
    )


def releases(answers, *names: str) -> FastAPI:
    """Return the application of 4.12.5.

    Each release has one endpoint of its own, and one that all of them share.
    """
    shared = APIRouter()
    shared.get("/events")(lambda: "all events")
    found = []
    for number, name in enumerate(names, 1):
        router = APIRouter()
        router.include_router(shared)
        router.get(f"/only-{name}")(lambda name=name: f"only {name}")
        found.append(answers.Release(name, f"{number}.4.{number}-rc", router))
    return fastapi_app(answers.releases_app(found), "releases_app()")


NAMES_OF_RELEASES = ("v1", "v2", "v10")
RELEASES = [("v1", "1.4.1-rc"), ("v10", "3.4.3-rc")]
EACH = pytest.mark.parametrize(("name", "version"), RELEASES, ids=["v1", "v10"])


@EACH
def test_q5_the_paths_of_a_release_begin_with_its_name(answers, name, version):
    app = releases(answers, *NAMES_OF_RELEASES)

    paths = [f"/{name}/events", f"/{name}/only-{name}", "/events"]
    responses = [send(app, "GET", path) for path in paths]
    got = [(one.status_code, json_or_text(one)) for one in responses]
    assert got[:2] == [(200, "all events"), (200, f"only {name}")], (
        f"`GET` for {paths[:2]} returned {in_words(got[:2])}. The docstring asks for "
        f"the endpoints of the release {name!r} below `/{name}`. Look at the path "
        "where you add this release."
    )
    assert got[2][0] == 404, (
        f"`GET /events` returned {in_words(got[2])}. The docstring asks for paths that "
        "begin with the name of a release. Look at where you include the routers."
    )


@EACH
def test_q5_each_release_has_its_title_and_version(answers, name, version):
    app = releases(answers, *NAMES_OF_RELEASES)

    found = document(app, f"/{name}/openapi.json")["info"]
    got = (found["title"], found["version"])
    assert got == (f"Tickets {name}", version), (
        f"The release {name!r} has the version {version!r}. The title and the version "
        f"in `/{name}/openapi.json` are {in_words(got)}. The docstring asks for the "
        f"title 'Tickets {name}' and the version of the release. Look at the arguments "
        "of its application."
    )


def test_q5_each_application_has_its_own_releases(answers):
    first, second = releases(answers, "v1", "v2"), releases(answers, "v2", "v1")

    got = [
        document(app, "/v1/openapi.json")["info"]["version"] for app in (first, second)
    ]
    assert got == ["1.4.1-rc", "2.4.2-rc"], (
        "`releases_app` was called twice, and 'v1' had the version '1.4.1-rc' and then "
        f"'2.4.2-rc'. The versions in `/v1/openapi.json` of the two applications are "
        f"{got}. The docstring asks for the version of the release. Look at what the "
        "applications share."
    )


@EACH
def test_q5_a_document_has_the_endpoints_of_its_release(answers, name, version):
    app = releases(answers, *NAMES_OF_RELEASES)

    found = document(app, f"/{name}/openapi.json")
    base = found.get("servers", [{"url": ""}])[0]["url"]
    got = sorted(base + path for path in found["paths"])
    assert got == [f"/{name}/events", f"/{name}/only-{name}"], (
        f"With the server {base!r} and the paths of `/{name}/openapi.json`, a client "
        f"calls {in_words(got)}. The docstring asks for those of the release "
        f"{name!r} and no others: `/{name}/events` and `/{name}/only-{name}`. Look at "
        "its routes and its server."
    )


@EACH
def test_q5_each_release_has_its_documentation_page(answers, name, version):
    app = releases(answers, *NAMES_OF_RELEASES)

    page = send(app, "GET", f"/{name}/docs")
    url = re.search(r"""(?:url: |spec-url=)['"](.+?)['"]""", page.text)
    got = urlsplit(urljoin(f"/{name}/docs", url[1])).path if url else None
    assert (page.status_code, got) == (200, f"/{name}/openapi.json"), (
        f"`GET /{name}/docs` returned {page.status_code}, and the page reads the "
        f"document {got!r}. The docstring asks for a page that reads "
        f"`/{name}/openapi.json`. Look at the path of this page and of its document."
    )


def before() -> FastAPI:
    """Return the application of 4.12.6 as it was."""
    app = FastAPI(title="Guests")

    @app.post("/guests", tags=["guests"])
    async def upload_guests(request: Request, event: int) -> int:
        """Save the guests of an event, and return their number."""
        return len((await request.body()).splitlines())

    return app


def guests(answers) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the document of 4.12.6, and the operation `POST /guests` in it."""
    found = document(fastapi_app(answers.guests_app(), "guests_app()"))
    return found, operations(found).get("POST /guests", {})


def test_q6_the_document_has_the_body_of_the_request(answers):
    _, operation = guests(answers)

    body = operation.get("requestBody", {})
    kinds = {
        kind: one.get("schema", {}).get("type")
        for kind, one in body.get("content", {}).items()
    }
    got = (kinds, body.get("required"))
    assert got == ({"text/csv": "string"}, True), (
        f"In the document, the request body of `POST /guests` is {in_words(body)}. The "
        "docstring asks for a required `text/csv` body with the schema of a string. "
        "Look at the keys: OpenAPI calls the first `requestBody`."
    )


def test_q6_the_document_has_the_rate_limit(answers):
    _, operation = guests(answers)

    got = operation.get("x-rate-limit")
    assert (type(got), got) == (int, 60), (
        f"In the document, `x-rate-limit` of `POST /guests` is {in_words(got)}. The "
        "docstring asks for the number 60 in this operation. Look at the key and at "
        "where it stands."
    )


def test_q6_the_rest_of_the_document_stays(answers):
    found, operation = guests(answers)

    added = {key: operation.pop(key, None) for key in ("requestBody", "x-rate-limit")}
    assert None not in added.values(), (
        f"The operation has {in_words(added)} in the document. The docstring asks for "
        "both of them."
    )
    old = before().openapi()
    changed = [key for key in old | found if old.get(key) != found.get(key)]
    parts = operations(old)["POST /guests"]
    differs = {
        key: operation.get(key)
        for key in parts | operation
        if parts.get(key) != operation.get(key)
    }
    details = "".join(
        f"In the operation, {key!r} is now {in_words(value)}. "
        for key, value in [*differs.items()][:1]
    )
    assert changed == [], (
        f"Beside the two additions, these parts of the document differ: {changed}. "
        f"{details}The docstring asks that everything else stays. Look at what else "
        "you changed."
    )


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/guests?event=7", b"Ana\nBen\n", "text/csv"),
        ("/guests?event=7", b"", "text/csv"),
        ("/guests?event=7", b"\xff\xfe\nBen", "text/csv"),
        ("/guests?event=7", b'{"name": "Ana"}', "application/json"),
        ("/guests?event=7", b"Ana", "text/plain"),
        ("/guests?event=x", b"Ana", "text/csv"),
        ("/guests", b"Ana", "text/csv"),
    ],
    ids=["csv", "empty", "bytes", "json", "text", "not-a-number", "no-event"],
)
def test_q6_the_responses_stay(answers, path, body, kind):
    app = fastapi_app(answers.guests_app(), "guests_app()")
    documented = operations(attempt("`app.openapi()`", app.openapi))
    responses = [
        send(one, "POST", path, content=body, headers={"Content-Type": kind})
        for one in (before(), app)
    ]
    old, new = ((one.status_code, json_or_text(one)) for one in responses)
    assert "requestBody" in documented.get("POST /guests", {}), (
        "In the document, `POST /guests` has no `requestBody`. The docstring asks for "
        "one, and for the same responses as before. Look at the decorator."
    )
    assert new == old, (
        f"`POST {path}` with {body!r} as {kind} returned {in_words(new)[:60]}. It "
        f"returned {in_words(old)[:60]} before. The docstring asks that all "
        "responses stay. Look at the parameters and the body of your endpoint."
    )


def test_q6_the_endpoint_does_not_count_its_calls(answers):
    app = fastapi_app(answers.guests_app(), "guests_app()")
    _, operation = guests(answers)
    with client(app) as http:
        got = [
            http.post("/guests?event=7", content=b"Ana").status_code for _ in range(70)
        ]
    assert (operation.get("x-rate-limit"), set(got)) == (60, {200}), (
        f"In the document, `x-rate-limit` is {operation.get('x-rate-limit')!r}. 70 "
        f"requests returned the status codes {sorted(set(got))}. The docstring asks "
        "for the number 60 in the document, and for the same responses as before. Look "
        "at what your endpoint counts."
    )
