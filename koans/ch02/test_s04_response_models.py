"""The tests of section 2.4."""

import json
from decimal import Decimal

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from lab import client


def built(app: object) -> FastAPI:
    """Return the app that the learner built."""
    assert isinstance(app, FastAPI), f"What is returned is no app: {app!r}."
    return app


def json_of(answer: httpx2.Response) -> object:
    """Return the JSON in an answer; the text where it is none."""
    try:
        return answer.json()
    except ValueError:
        return answer.text


def object_in(answer: httpx2.Response) -> dict:
    """Return the JSON object in an answer."""
    read = json_of(answer)
    asked = f"{answer.request.method} {answer.request.url.path}"
    assert isinstance(read, dict), f"{asked} was answered {read!r}: no JSON object."
    return read


def documented(app: FastAPI, method: str, path: str) -> dict:
    """Return what the documentation of `app` says about an endpoint's answers."""
    return app.openapi()["paths"].get(path, {}).get(method, {}).get("responses", {})


def documented_fields(app: FastAPI, method: str, path: str, status: str) -> set[str]:
    """Return the fields that the documentation promises; a list's are its entries'."""
    answer = documented(app, method, path).get(status, {})
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    schema = schema.get("items", schema)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = app.openapi()["components"]["schemas"][name]
    return set(schema.get("properties", {}))


LAMPS = {"sku": "lamp", "quantity": 3}


def test_q1_an_order_is_answered_202(answers):
    with client(built(answers.accepting_app())) as shop:
        status = shop.post("/orders", json=LAMPS).status_code

    assert status == 202, (
        f"The order was answered {status}, so its client takes it for carried out "
        "or refused. It is accepted, and that is a status of its own."
    )


def test_q1_the_client_reads_number_and_state_only(answers):
    with client(built(answers.accepting_app())) as shop:
        read = object_in(shop.post("/orders", json=LAMPS))

    assert {"number", "state"} <= set(read), (
        f"The client read {read}: its number or its state is not there."
    )
    extra = sorted(set(read) - {"number", "state"})
    assert not extra, (
        f"The client also read {', '.join(extra)}, which the order service "
        "told you and nobody else."
    )


def test_q1_the_answer_is_what_the_order_service_said(answers):
    numbers = iter([41, 42])
    answers.accept = lambda order: {
        "number": next(numbers),
        "state": f"waiting for {order.quantity}",
        "margin": 0.2,
    }

    with client(built(answers.accepting_app())) as shop:
        read = [object_in(shop.post("/orders", json=LAMPS)) for _ in range(2)]

    told = [(41, "waiting for 3"), (42, "waiting for 3")]
    same = [(one.get("number"), one.get("state")) for one in read] == told
    assert same, f"`accept` numbered two orders 41 and 42; their clients read {read}."


def test_q1_the_documentation_promises_the_two_fields_under_202(answers):
    app = built(answers.accepting_app())

    fields = documented_fields(app, "post", "/orders", "202")

    same = fields == {"number", "state"}
    assert same, (
        f"For 202 the documentation of POST /orders promises {fields or 'no fields'}. "
        "A program that was generated from it cannot know what it will read."
    )


def shop_with_accounts(answers) -> FastAPI:
    """Return the app over a database with other rows than the stub's."""
    names = {1: "Jo", 2: "Kim", 7: "Ada"}

    def find_account(number: int) -> dict:
        return {
            "number": number,
            "name": names[number],
            "email": f"{names[number]}@example.org",
            "warnings": number - 1,
            "password_hash": "secret",
        }

    answers.find_account = find_account
    return built(answers.accounts_app())


@pytest.mark.parametrize(("number", "name"), [(7, "Ada"), (2, "Kim")])
def test_q2_everybody_reads_the_public_schema(answers, number, name):
    with client(shop_with_accounts(answers)) as shop:
        answer = shop.get(f"/accounts/{number}")

    status = answer.status_code
    assert status == 200, f"GET /accounts/{number} was answered {status}."
    same = json_of(answer) == {"name": name}
    assert same, (
        f"Account {number} is that of {name}. Anybody who asks for it reads "
        f"{answer.text}"
    )


@pytest.mark.parametrize(("number", "name"), [(7, "Ada"), (2, "Kim")])
def test_q2_the_staff_reads_the_staff_schema(answers, number, name):
    with client(shop_with_accounts(answers)) as shop:
        answer = shop.get(f"/staff/accounts/{number}")

    status = answer.status_code
    assert status == 200, f"GET /staff/accounts/{number} was answered {status}."
    row = {"name": name, "email": f"{name}@example.org", "warnings": number - 1}
    same = json_of(answer) == row
    assert same, (
        f"Account {number} is that of {name}, with {number - 1} warnings. The staff "
        f"reads {answer.text}"
    )


def test_q2_a_list_is_filtered_entry_by_entry(answers):
    with client(shop_with_accounts(answers)) as shop:
        answer = shop.get("/accounts?numbers=2&numbers=1")

    assert answer.status_code == 200, (
        f"GET /accounts?numbers=2&numbers=1 was {answer.status_code}: {answer.text}"
    )
    same = json_of(answer) == [{"name": "Kim"}, {"name": "Jo"}]
    assert same, (
        f"2 is Kim, 1 is Jo. Who asks for the accounts 2 and 1 reads {answer.text}"
    )


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/accounts/{number}", {"name"}),
        ("/staff/accounts/{number}", {"name", "email", "warnings"}),
        ("/accounts", {"name"}),
    ],
)
def test_q2_the_documentation_names_the_schema(answers, path, fields):
    app = built(answers.accounts_app())

    promised = documented_fields(app, "get", path, "200")

    same = promised == fields
    assert same, (
        f"The documentation of GET {path} promises {promised or 'no fields'}: "
        "FastAPI was not told what this endpoint sends."
    )


def observed_statuses(app: FastAPI) -> dict[str, int]:
    """Return the statuses that clients of the shop of 2.4.3 really read."""
    bodies = {
        sku: {"sku": sku, "quantity": 1}
        for sku in ("lamp", "known", "sold-out", "by-hand")
    }
    with client(app) as shop:
        read = {
            name: shop.post("/orders", json=body).status_code
            for name, body in (bodies | {"incomplete": {"sku": "lamp"}}).items()
        }
    announced = [int(status) for status in documented(app, "post", "/orders")]
    return read | {"documented": next(one for one in announced if one < 300)}


@pytest.mark.parametrize(
    "order", ["lamp", "known", "sold-out", "by-hand", "incomplete", "documented"]
)
def test_q3_the_status_is_predicted(answers, order):
    predictions = answers.statuses()
    observed = observed_statuses(answers.order_app())

    assert isinstance(predictions, dict), f"You return {predictions!r}, not a dict."
    predicted = predictions.get(order)
    same = predicted == observed[order]
    assert same, (
        f'"{order}": you expect {predicted}, the shop says otherwise. '
        "Follow this one through `order_app`: who sets its status last?"
    )


PEN = {"sku": "pen", "price": "2.50"}
INK = {"sku": "ink", "price": "9.00"}


def test_q4_a_new_product_is_answered_201_with_itself(answers):
    with client(built(answers.catalogue_app())) as shop:
        answer = shop.post("/products", json=PEN)

    assert answer.status_code == 201, (
        f"A product was added and the client read {answer.status_code}, "
        "which does not say that something came into being."
    )
    assert json_of(answer) == PEN, f"Added was {PEN}, the answer reads {answer.text}"


def test_q4_location_leads_to_the_product(answers):
    with client(built(answers.catalogue_app())) as shop:
        places = [
            shop.post("/products", json=product).headers.get("Location")
            for product in (PEN, INK)
        ]
        assert all(places), "The answer to a new product has no header Location."
        found = [shop.get(place) for place in places]

    assert [one.status_code for one in found] == [200, 200], (
        f"The headers Location were {places}; a GET for them was answered "
        f"{[one.status_code for one in found]}."
    )
    read = [json_of(one) for one in found]
    assert read == [PEN, INK], f"Behind {places} the client found {read}."


def test_q4_a_known_sku_is_a_conflict_and_changes_nothing(answers):
    with client(built(answers.catalogue_app())) as shop:
        place = shop.post("/products", json=PEN).headers.get("Location", "/")
        again = shop.post("/products", json=PEN | {"price": "99.00"})
        kept = shop.get(place)

    assert again.status_code == 409, (
        f"The second product with the sku `pen` was answered {again.status_code}."
    )
    assert json_of(kept) == PEN, f"After the conflict the product reads {kept.text}"


def test_q4_a_product_that_is_not_there_is_not_found(answers):
    with client(built(answers.catalogue_app()), raises=False) as shop:
        known = shop.post("/products", json=PEN).headers.get("Location", "/")
        missing = shop.get(known.replace("pen", "eraser")).status_code

    assert missing == 404, f"A product that was never added was answered {missing}."


def test_q4_each_app_has_a_catalogue_of_its_own(answers):
    with client(built(answers.catalogue_app())) as shop:
        shop.post("/products", json=PEN)
    with client(built(answers.catalogue_app())) as other:
        status = other.post("/products", json=PEN).status_code

    assert status == 201, (
        f"Another app, made later, answered its first product {status}: "
        "the two share one catalogue."
    )


def test_q4_the_documentation_promises_a_product_under_201(answers):
    app = built(answers.catalogue_app())

    fields = documented_fields(app, "post", "/products", "201")

    same = fields == {"sku", "price"}
    assert same, f"For 201 the documentation promises {fields or 'no fields'}."


@pytest.fixture
def members(answers):
    """Mara, whom Jo invited; Jo, with a nickname, whom nobody invited."""
    jo = answers.Member(name="Jo", password_hash="hash-of-jo", nickname="jj")
    mara = answers.Member(name="Mara", password_hash="hash-of-mara", invited_by=jo)
    return [mara, jo]


def test_q5_no_password_is_sent_at_any_depth(answers, members):
    with client(built(answers.members_app(members))) as shop:
        sent = shop.get("/members").text

    leaked = [name for name in ("mara", "jo") if f"hash-of-{name}" in sent]
    assert not leaked, f"The password hash of {' and '.join(leaked)} was sent: {sent}"


def test_q5_what_a_member_does_not_have_is_left_out(answers, members):
    with client(built(answers.members_app(members))) as shop:
        read = json_of(shop.get("/members"))

    listed = isinstance(read, list) and all(isinstance(one, dict) for one in read)
    assert listed and len(read) == 2, (  # noqa: PT018
        f"Of two members the client reads {read!r}."
    )
    mara, jo = read
    inviter = mara.get("invited_by") or {}
    seen = [mara.get("name"), inviter.get("name"), inviter.get("nickname")]
    assert seen == ["Mara", "Jo", "jj"], (
        f"Jo, who is called jj, invited Mara; the client reads {mara}."
    )
    empty = [
        f"{owner}.{key}"
        for owner, member in (("Mara", mara), ("Jo", jo))
        for key, value in member.items()
        if value is None
    ]
    assert not empty, f"Sent as null instead of left out: {', '.join(empty)}."


def test_q5_the_documentation_has_no_password_either(answers, members):
    app = built(answers.members_app(members))

    schemas = app.openapi().get("components", {}).get("schemas", {})
    naming = [name for name in schemas if "password_hash" in str(schemas[name])]

    assert not naming, (
        f"The documentation still promises a password_hash, in {', '.join(naming)}."
    )
    fields = documented_fields(app, "get", "/members", "200")
    assert {"name", "nickname", "invited_by"} <= fields, (
        f"The documentation of GET /members promises {fields or 'no fields'}."
    )


def fastapi_sends(model: type, returned: object) -> object:
    """Return what a client of FastAPI really reads of `returned`."""
    app = FastAPI()
    app.get("/", response_model=model)(lambda: returned)
    with client(app) as shop:
        return shop.get("/").json()


def sent_by(answers, returned: object) -> object:
    """Return what the learner's client reads; what was raised instead, if anything."""
    try:
        return json.loads(json.dumps(answers.respond(answers.Quote, returned)))
    except NotImplementedError:
        raise
    except Exception as error:
        return error


def returned_values(answers) -> dict[str, object]:
    """Return values that endpoints return; each could be answered with a Quote."""

    class Draft(answers.Quote):
        note: str

    return {
        "a dict": {"sku": "pen", "pieces": 3, "price": Decimal("7.50")},
        "a dict with more than the model": {"sku": "pen", "price": 1, "margin": 2},
        "a dict without the default": {"sku": "pen", "price": "2.50"},
        "a row": answers.QuoteRow("pen", 3, "7.50", purchase_price="1.10"),
        "another model": Draft(sku="pen", price=Decimal("2.50"), note="do not send"),
    }


@pytest.mark.parametrize(
    "kind",
    [
        "a dict",
        "a dict with more than the model",
        "a dict without the default",
        "a row",
        "another model",
    ],
)
def test_q6_the_client_reads_what_fastapi_would_send(answers, kind):
    returned = returned_values(answers)[kind]
    observed = fastapi_sends(answers.Quote, returned)

    sent = sent_by(answers, returned)

    same = sent == observed
    assert same, (
        f"The endpoint returned {kind}, {returned!r}. Your client reads {sent!r}, "
        "FastAPI's reads something else."
    )


@pytest.mark.parametrize("unfit", [{"sku": "pen"}, {"sku": "pen", "price": "cheap"}])
def test_q6_a_value_that_breaks_the_promise_is_not_sent(answers, unfit):
    sent = sent_by(answers, unfit)

    refused = isinstance(sent, ValidationError)
    assert refused, (
        f"{unfit} is no Quote. With FastAPI the server notices; yours sends {sent!r}."
    )
