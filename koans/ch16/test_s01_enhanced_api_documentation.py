"""The tests of section 16.1."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from openapi_schema_validator import OAS31Validator, oas31_format_checker

from lab import (
    SwaggerUI,
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    swagger_ui,
)


def send(app: FastAPI, method: str, path: str, **named: Any) -> httpx2.Response:
    """Return the response of `app` to one request."""
    response: httpx2.Response
    with client(app) as http:
        try:
            response = http.request(method, path, **named)
        except Exception as error:
            raise AssertionError(
                f"`{method} {path}` raised {in_words(error)}. The docstring asks for a "
                "response. Look at the endpoint, and at what you changed there."
            ) from error
    return response


def json_schema(document: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of a documented body; a reference is replaced."""
    media = message.get("content", {}).get("application/json", {})
    found: dict[str, Any] = media.get("schema", {})
    if "$ref" in found:
        name = found["$ref"].rpartition("/")[2]
        beside = {key: found[key] for key in found if key != "$ref"}
        found = document["components"]["schemas"][name] | beside
    return found


def examples(answers: Any) -> tuple[FastAPI, SwaggerUI, Any]:
    """Return the application of 16.1.1, its page, and the body that this fills in."""
    app = fastapi_app(answers.examples_app(), "examples_app()")
    page = swagger_ui(app)
    return app, page, page.filled_in("POST", "/loans")


def check_first_request(app: FastAPI, body: Any) -> None:
    """Check that the body that the page fills in is accepted."""
    status = send(app, "POST", "/loans", json=body).status_code
    assert status == 201, (
        f"`POST /loans` returned {status} for {in_words(body)}, which the page fills "
        "in. The docstring asks for an example that returns 201."
    )


def test_q1_the_page_fills_in_a_valid_body(answers: Any) -> None:
    app, _, body = examples(answers)

    response = send(app, "POST", "/loans", json=body)
    status = response.status_code
    place = "examples of `LoanIn`" if status == 422 else "decorator of the endpoint"
    assert status == 201, (
        f'"Try it out" fills in {in_words(body)}, and `POST /loans` returned '
        f"{status} and {in_words(json_or_text(response))} for it. The docstring asks "
        f"for 201. Look at the {place}."
    )


def test_q1_the_page_fills_in_an_example_of_each_field(answers: Any) -> None:
    _, _, body = examples(answers)

    for name, placeholder in (("card", "string"), ("titles", ["string"])):
        value = body.get(name) if isinstance(body, dict) else None
        assert value not in (None, placeholder), (
            f'"Try it out" fills in {in_words(body)}. {name!r} has no example there: '
            f"the page shows {placeholder!r}, or leaves the field out. The docstring "
            "asks for an example of each field. Look at `LoanIn`."
        )


def test_q1_the_page_shows_the_response_to_this_body(answers: Any) -> None:
    app, page, body = examples(answers)

    check_first_request(app, body)
    response = json_or_text(send(app, "POST", "/loans", json=body))
    shown = page.shown("POST", "/loans", "201")
    assert shown == response, (
        f"Below 201 the page shows {in_words(shown)}. For the body that it fills in, "
        f"`POST /loans` returned {in_words(response)}. The docstring asks for the same "
        "body, with the same JSON types. Look at the examples of `LoanOut`."
    )


@pytest.mark.parametrize(
    "titles",
    [["Momo"], ["Emil", "Anne", "Heidi"], ["5", "4", "3", "2", "1"], ["", " Momo "]],
    ids=["one", "three", "five", "spaces"],
)
def test_q1_the_responses_stay_the_same(answers: Any, titles: list[str]) -> None:
    app, _, body = examples(answers)
    check_first_request(app, body)

    for more in ({"card": "555500"}, {"card": "000000"}, {"branch": "Nord"}):
        sent = {"card": "204103", "titles": titles, **more}
        response = send(app, "POST", "/loans", json=sent)
        got = json_or_text(response)
        fee = f"{len(titles) * Decimal('0.50')}"
        asked = {"titles": titles, "fee": fee}
        assert (response.status_code, got) == (201, asked), (
            f"`POST /loans` with {in_words(sent)[:75]} returned {response.status_code} "
            f"and {in_words(got)[:70]}; before, 201 and {in_words(asked)[:70]}. "
            "The docstring asks that it stays the same. Look at what you changed."
        )


REFUSED: dict[str, Any] = {
    "no card": {"titles": ["Momo"]},
    "no titles": {"card": "204103"},
    "nothing": {},
    "wrong sum": {"card": "204104", "titles": ["Momo"]},
    "five digits": {"card": "20413", "titles": ["Momo"]},
    "seven digits": {"card": "2041030", "titles": ["Momo"]},
    "placeholders": {"card": "string", "titles": ["string"]},
    "a number": {"card": 204103, "titles": ["Momo"]},
    "spaces": {"card": " 204103 ", "titles": ["Momo"]},
    "no card but null": {"card": None, "titles": ["Momo"]},
    "null": {"card": "204103", "titles": None},
    "a number in the list": {"card": "204103", "titles": [7]},
    "null in the list": {"card": "204103", "titles": [None]},
    "a string": {"card": "204103", "titles": "Momo"},
    "an empty list": {"card": "204103", "titles": []},
    "six titles": {"card": "204103", "titles": ["Momo"] * 6},
    "a list": [{"card": "204103", "titles": ["Momo"]}],
}


@pytest.mark.parametrize("kind", REFUSED)
def test_q1_the_rules_stay_the_same(answers: Any, kind: str) -> None:
    app, _, body = examples(answers)
    check_first_request(app, body)

    sent = REFUSED[kind]
    response = send(app, "POST", "/loans", json=sent)
    assert response.status_code == 422, (
        f"`POST /loans` with {in_words(sent)} returned {response.status_code} and "
        f"{in_words(json_or_text(response))}. It returned 422 before. The docstring "
        "asks to refuse the same bodies as before. Look at `LoanIn`."
    )


@pytest.mark.parametrize(
    ("model", "fields"),
    [("LoanIn", ["card", "titles"]), ("LoanOut", ["fee", "titles"])],
    ids=["LoanIn", "LoanOut"],
)
def test_q1_all_fields_stay_required(
    answers: Any, model: str, fields: list[str]
) -> None:
    app, page, body = examples(answers)
    check_first_request(app, body)

    operation = page.document["paths"]["/loans"]["post"]
    message = operation["responses"]["201"]
    if model == "LoanIn":
        message = operation["requestBody"]
    schema = json_schema(page.document, message)
    assert sorted(schema.get("required", [])) == fields, (
        f"In the document, `{model}` requires the fields "
        f"{in_words(schema.get('required', []))}. The docstring asks that {fields} "
        "stay required. An example is not a default value."
    )


# The path, the status code and the content type of each kind of response of 16.1.2.
RESPONSES = {
    "loan": ("/loans/7", 200, "application/json"),
    "calendar": ("/loans/7?calendar=true", 200, "text/calendar"),
    "unknown": ("/loans/8", 404, "application/json"),
    "returned": ("/loans/9", 410, "application/json"),
    "elsewhere": ("/loans/10", 410, "application/json"),
    "unknown calendar": ("/loans/8?calendar=true", 404, "application/json"),
    "returned calendar": ("/loans/9?calendar=true", 410, "application/json"),
    "no number": ("/loans/x", 422, "application/json"),
}


def loans(answers: Any) -> dict[int, Any]:
    """Return the loans of 16.1.2."""
    return {
        7: answers.Loan(title="Momo", due=date(2026, 3, 30)),
        9: answers.Returned(branch="Nord", day=date(2026, 3, 2)),
        10: answers.Returned(branch="Zoë's", day=date(2025, 12, 31)),
    }


def documented(answers: Any) -> tuple[FastAPI, dict[str, Any], dict[str, Any]]:
    """Return the application of 16.1.2, its document, and the responses in it."""
    app = fastapi_app(answers.responses_app(loans(answers)), "responses_app(...)")
    document = attempt("The OpenAPI document, `app.openapi()`,", app.openapi)
    operation = document["paths"].get("/loans/{number}", {}).get("get", {})
    return app, document, operation.get("responses", {})


def check_errors(responses: dict[str, Any]) -> None:
    """Check that the errors are documented, so that the stub does not pass."""
    assert {"404", "410"} <= responses.keys(), (
        f"In the document, `GET /loans/{{number}}` has only the status codes "
        f"{sorted(responses)}. The docstring asks for 404 and 410 as well, while the "
        "rest stays."
    )


def content_types(response: dict[str, Any]) -> set[str]:
    """Return the content types of a documented response, without parameters."""
    return {kind.partition(";")[0].strip() for kind in response.get("content", {})}


def test_q2_the_document_has_the_status_codes_that_are_sent(answers: Any) -> None:
    app, _, responses = documented(answers)

    sent = {str(send(app, "GET", one[0]).status_code) for one in RESPONSES.values()}
    asked = ["200", "404", "410", "422"]
    assert (sorted(responses), sorted(sent)) == (asked, asked), (
        f"For `GET /loans/{{number}}` the document lists {sorted(responses)}. The "
        f"endpoint sends {sorted(sent)}. The docstring asks to list {asked}, and to "
        "send the same as before. Look at the decorator of the endpoint."
    )


@pytest.mark.parametrize("status", ["200", "404", "410", "422"])
def test_q2_each_status_code_has_its_content_types(answers: Any, status: str) -> None:
    _, _, responses = documented(answers)
    check_errors(responses)

    got = content_types(responses.get(status, {}))
    asked = {"application/json"} | ({"text/calendar"} if status == "200" else set())
    assert got == asked, (
        f"For {status} the document lists the content types {sorted(got)}, and the "
        f"endpoint sends {sorted(asked)}. The docstring asks for the content types "
        f"that are sent, and no others. Look at what you declare for {status}."
    )


def schema_of(answers: Any, kind: str) -> tuple[Any, OAS31Validator]:
    """Return a real body of 16.1.2, and the validator of its documented schema."""
    path, status, asked = RESPONSES[kind]
    app, document, responses = documented(answers)
    response = send(app, "GET", path)
    body = json_or_text(response)
    sent = response.headers["content-type"].partition(";")[0]
    assert (response.status_code, sent) == (status, asked), (
        f"`GET {path}` returned {response.status_code} with {sent}, and {status} with "
        f"{asked} before. The docstring asks to send the same as before."
    )
    content = responses.get(str(status), {}).get("content", {})
    media = {name.partition(";")[0].strip(): one for name, one in content.items()}
    schema = media.get(sent, {}).get("schema")
    assert schema, (
        f"`GET {path}` returned {status} with {sent}. In the document, {status} has "
        f"{in_words(content)}, and no schema for {sent}. The docstring asks for one. "
        f"Look at what you declare for {status}."
    )
    components = {"components": document.get("components", {})}
    return body, OAS31Validator(
        {**schema, **components}, format_checker=oas31_format_checker
    )


def test_q2_the_calendar_is_described_as_a_string(answers: Any) -> None:
    body, validator = schema_of(answers, "calendar")

    for text in (body, body.replace("Momo", "Emil")):
        assert validator.is_valid(text), (
            f"The schema of `text/calendar` does not allow {text!r}, which the "
            "endpoint sends. The docstring asks for a string. Look at its schema."
        )
    for other in (7, None, [body]):
        assert not validator.is_valid(other), (
            f"The schema of `text/calendar` allows {in_words(other)}, which is not a "
            "string. The docstring asks for a string. Look at the schema for 200."
        )


@pytest.mark.parametrize("kind", ["unknown", "returned", "elsewhere"])
def test_q2_the_schema_allows_the_body_that_is_sent(answers: Any, kind: str) -> None:
    path, status, _ = RESPONSES[kind]
    body, validator = schema_of(answers, kind)

    errors = [f"{one.json_path}: {one.message}" for one in validator.iter_errors(body)]
    assert not errors, (
        f"`GET {path}` returned {status} and {in_words(body)}. The schema in the "
        f"document does not allow it: {in_words(errors[0])}. The docstring asks for "
        f"the schema of the whole body. Look at what you declare for {status}."
    )


def is_date(value: Any) -> bool:
    """Return whether a value of a body is a date."""
    return isinstance(value, str) and value[:4].isdecimal()


def damaged(body: Any) -> Iterator[tuple[str, Any]]:
    """Yield what is wrong with a body, and the body: each has one mistake."""
    for name, value in body.items() if isinstance(body, dict) else ():
        rest = {key: one for key, one in body.items() if key != name}
        yield f"without {name!r}", rest
        others: list[Any] = [None, 7, True, [value], {}]
        if not isinstance(value, str) or is_date(value):
            others += ["text", "2026-03-02T10:00:00Z"]
        for other in others:
            yield f"with {other!r} as {name!r}", {**rest, name: other}
        for what, inner in damaged(value):
            yield what, {**rest, name: inner}
    yield "that is a list", [body]
    yield "that is null", None


@pytest.mark.parametrize(
    ("kind", "other"),
    [("unknown", "returned"), ("returned", "unknown")],
    ids=["unknown", "returned"],
)
def test_q2_the_schema_allows_no_other_body(
    answers: Any, kind: str, other: str
) -> None:
    path, status, _ = RESPONSES[kind]
    body, validator = schema_of(answers, kind)

    of_other = (f"of {RESPONSES[other][1]}", BEFORE[other])
    for what, wrong in (*damaged(body), of_other):
        assert not validator.is_valid(wrong), (
            f"`GET {path}` returns {status} and {in_words(body)[:70]}. The schema also "
            f"allows a body {what}: {in_words(wrong)[:70]}. The docstring asks to "
            "require all fields, nested fields too, with the type that is sent."
        )


def fields(document: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """Return the fields of a schema, and those of its objects as "detail.branch"."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = document["components"]["schemas"].get(name, {})
    found = set()
    for name, one in schema.get("properties", {}).items():
        found |= {name, *(f"{name}.{inner}" for inner in fields(document, one))}
    for kind in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(kind, []):
            found |= {*fields(document, part)}
    return sorted(found)


def sent_fields(body: Any) -> list[str]:
    """Return the fields of a body, and those of its objects as "detail.branch"."""
    found = []
    for name, value in body.items() if isinstance(body, dict) else ():
        found += [name, *(f"{name}.{inner}" for inner in sent_fields(value))]
    return sorted(found)


@pytest.mark.parametrize("kind", ["unknown", "returned"])
def test_q2_the_schema_has_only_the_fields_that_are_sent(
    answers: Any, kind: str
) -> None:
    status = RESPONSES[kind][1]
    body, _ = schema_of(answers, kind)
    _, document, responses = documented(answers)

    got = fields(document, json_schema(document, responses[str(status)]))
    asked = sent_fields(body)
    assert got == asked, (
        f"The schema of {status} has the fields {in_words(got)}. The body has "
        f"{in_words(asked)}. The docstring asks for the fields that are sent, and for "
        f"no others. Look at what you declare for {status}."
    )


BEFORE = {
    "loan": {"title": "Momo", "due": "2026-03-30"},
    "calendar": "SUMMARY:Return Momo",
    "unknown": {"detail": "There is no such loan."},
    "returned": {"detail": {"branch": "Nord", "day": "2026-03-02"}},
    "elsewhere": {"detail": {"branch": "Zoë's", "day": "2025-12-31"}},
    "unknown calendar": {"detail": "There is no such loan."},
    "returned calendar": {"detail": {"branch": "Nord", "day": "2026-03-02"}},
}


@pytest.mark.parametrize("kind", BEFORE)
def test_q2_the_responses_stay_the_same(answers: Any, kind: str) -> None:
    path, status, sent = RESPONSES[kind]
    app, _, responses = documented(answers)

    response = send(app, "GET", path)
    got = (
        response.status_code,
        response.headers["content-type"].partition(";")[0],
        json_or_text(response),
    )
    asked = (status, sent, BEFORE[kind])
    assert got == asked, (
        f"`GET {path}` returned {in_words(got)}, and {in_words(asked)} before. The "
        "docstring asks to send the same responses as before."
    )
    check_errors(responses)


@pytest.mark.parametrize("status", ["200", "422"])
def test_q2_the_schemas_of_200_and_422_stay_the_same(answers: Any, status: str) -> None:
    _, document, responses = documented(answers)
    check_errors(responses)
    before = FastAPI()

    @before.get("/loans/{number}", response_model=answers.Loan)
    def read_loan(number: int) -> None: ...

    plain = before.openapi()
    old = plain["paths"]["/loans/{number}"]["get"]["responses"][status]
    now = json_schema(document, responses.get(status, {}))
    then = json_schema(plain, old)
    keys = sorted(now.keys() | then.keys())
    changed = {key: now.get(key) for key in keys if now.get(key) != then.get(key)}
    assert not changed, (
        f"In the document, the JSON schema of {status} has changed: it has "
        f"{in_words(changed)} now. The docstring asks that it stays the same. FastAPI "
        f"describes it by itself: look at what you declare for {status}."
    )


def function(name: str, docstring: str | None, answer: str) -> Callable[[], str]:
    """Return a function with a name and a docstring, which returns `answer`."""

    def endpoint() -> str:
        return answer

    endpoint.__name__ = name
    endpoint.__doc__ = docstring
    return endpoint


async def find_branches(city: str, day: int = 1) -> str:
    """Find a branch with CDs: e.g. by city, and by day, ordered by distance.

    Closed branches come last.
    """
    return f"{city} {day}"


ALL_LOANS = function("read_all", "\n    List the loans.\n    All of them.\n    ", "all")

# The endpoints of 16.1.3: a path, its function, its group and the summary.
ENDPOINTS = {
    "one line": (
        "/loans/7",
        function("read", "Show a loan, or 404", "loan 7"),
        "loans",
        "Show a loan, or 404",
    ),
    "the first of a group": (
        "/branches",
        function("branches", "List the branches", "all"),
        "Branches",
        "List the branches",
    ),
    "before a parameter": (
        "/branches/near",
        function("near", "Find a branch  (by your address)", "near you"),
        "other",
        "Find a branch  (by your address)",
    ),
    "several lines": (
        "/branches/{city}",
        find_branches,
        "Branches",
        find_branches.__doc__,
    ),
    "a line break first": ("/loans", ALL_LOANS, "loans", "List the loans."),
    "the same function": ("/v2/Loans", ALL_LOANS, "version 2", "List the loans."),
    "blank lines first": (
        "/films",
        function("films", "\n  \n\t\n        Find a film. \n\n    By year.", "films"),
        "films & music",
        "Find a film.",
    ),
    "the same name": (
        "/cards",
        function("read", "  Show a card.  \n", "card"),
        "reader accounts",
        "Show a card.",
    ),
    "no docstring": ("/me", function("read_me", None, "me"), "loans", "Read Me"),
    "an empty docstring": ("/new", function("new", "", "new"), "other", "New"),
    "a docstring of spaces": ("/old", function("old", " \n  ", "old"), "other", "Old"),
}
EVERY = pytest.mark.parametrize("kind", ENDPOINTS)


def with_endpoints(answers: Any, *kinds: str) -> FastAPI:
    """Return an application that had `GET /health`, with these endpoints added."""
    app = FastAPI()
    app.get("/health")(lambda: "well")
    endpoints = [answers.Endpoint(*ENDPOINTS[kind][:3]) for kind in kinds]
    attempt(
        "The docstring asks to accept functions with a docstring, with an empty one, "
        "and without one. `add_endpoints(app, endpoints)`",
        answers.add_endpoints,
        app,
        endpoints,
    )
    return app


def line(app: FastAPI, path: str) -> dict[str, Any]:
    """Return the operation `GET path` in the OpenAPI document of `app`."""
    document = attempt("The OpenAPI document, `app.openapi()`,", app.openapi)
    found: dict[str, Any] = document["paths"].get(path, {}).get("get", {})
    assert found, (
        f"The OpenAPI document has no `GET {path}`; its paths are "
        f"{in_words(list(document['paths']))}. The docstring asks that each endpoint "
        "answers `GET` for its path. Look at how you add an endpoint."
    )
    return found


@EVERY
def test_q3_each_endpoint_is_in_its_group(answers: Any, kind: str) -> None:
    path, _, group, _ = ENDPOINTS[kind]
    for kinds in (ENDPOINTS, (kind,)):
        got = line(with_endpoints(answers, *kinds), path).get("tags")
        assert got == [group], (
            f"The group of `GET {path}` is {group!r}, and its tags in the document are "
            f"{in_words(got)}. The docstring asks for this group alone, as it is "
            "written: one tag, in a list. Look at `tags`."
        )


@EVERY
def test_q3_the_summary_is_the_first_line_with_text(answers: Any, kind: str) -> None:
    path, one, _, summary = ENDPOINTS[kind]
    asked = (summary or "").partition("\n")[0]

    got = line(with_endpoints(answers, *ENDPOINTS), path).get("summary")
    assert got == asked, (
        f"`GET {path}`: the function {one.__name__!r} has the docstring "
        f"{in_words(one.__doc__)[:40]}. Its summary is {in_words(got)[:60]}. The "
        f"docstring asks for {in_words(asked)}."
    )


@EVERY
def test_q3_each_endpoint_is_served(answers: Any, kind: str) -> None:
    path, one, _, _ = ENDPOINTS[kind]
    asked = "Bergen 2" if one is find_branches else one()
    path = path.replace("{city}", "Bergen?day=2")

    response = send(with_endpoints(answers, *ENDPOINTS), "GET", path)
    got = (response.status_code, json_or_text(response))
    assert got == (200, asked), (
        f"`GET {path}` returned {in_words(got)}, and its function returns {asked!r}. "
        "The docstring asks that each endpoint answers `GET` for its path. FastAPI "
        "takes the first path that matches: look at the order, too."
    )


@pytest.mark.parametrize("kinds", [(), ("one line", "no docstring")], ids=["0", "2"])
def test_q3_the_application_has_no_further_endpoints(
    answers: Any, kinds: list[str]
) -> None:
    with_endpoints(answers, *ENDPOINTS)
    app = with_endpoints(answers, *kinds)

    paths = sorted(attempt("`app.openapi()`", app.openapi)["paths"])
    asked = sorted(["/health", *(ENDPOINTS[kind][0] for kind in kinds)])
    assert paths == asked, (
        f"After endpoints were added to another application, this one has the paths "
        f"{in_words(paths)}. The docstring asks to add its own endpoints to `app`: "
        f"{in_words(asked)}. Look for what two calls share."
    )


def documented_paths(answers: Any) -> dict[str, Any]:
    """Return the paths of the endpoints of 16.1.3 in the OpenAPI document."""
    app = with_endpoints(answers, *ENDPOINTS)
    document = attempt("The OpenAPI document, `app.openapi()`,", app.openapi)
    return {path: one for path, one in document["paths"].items() if path != "/health"}


def test_q3_each_endpoint_has_one_method(answers: Any) -> None:
    for path, operations in documented_paths(answers).items():
        got = sorted(method.upper() for method in operations)
        assert got == ["GET"], (
            f"In the document, {path!r} has the methods {got}: one line at `/docs` for "
            "each of them. The docstring asks for `GET` and no other method. Look at "
            "how you add an endpoint."
        )


def test_q3_the_endpoints_are_in_the_order_of_the_list(answers: Any) -> None:
    got = list(documented_paths(answers))

    asked = [path for path, *_ in ENDPOINTS.values()]
    pairs = zip([*got, "no more path"], asked, strict=False)
    for one, other in pairs:
        assert one == other, (
            f"In the document there is {one!r} at the place where the list of the "
            f"endpoints has {other!r}. The docstring asks to add them in the order of "
            "the list. Look at your loop."
        )


@pytest.mark.parametrize("kinds", [(), ("one line", "no docstring")], ids=["0", "2"])
def test_q3_other_endpoints_stay_as_they_are(answers: Any, kinds: list[str]) -> None:
    app = with_endpoints(answers, *kinds)
    app.get("/news")(lambda: "news")

    for path in ("/health", "/news"):
        before = {"summary": "<Lambda>", "tags": None}
        got = {key: line(app, path).get(key) for key in before}
        assert got == before, (
            f"`GET {path}` is not one of the endpoints. In the document it has "
            f"{in_words(got)}, and {in_words(before)} without them. The docstring asks "
            "for the groups of the endpoints only."
        )
