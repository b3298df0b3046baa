"""The tests of section 2.3."""

import json
from decimal import Decimal, InvalidOperation

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, Field

from lab import client


def checked(app: object) -> FastAPI:
    """Return `app`, which the learner has made, if it is one."""
    assert isinstance(app, FastAPI), f"What your function returns, {app!r}, is no app."
    return app


def posted(app: object, path: str, *bodies: dict) -> list[httpx2.Response]:
    """Return what the learner's `app` answers to each of the bodies."""
    with client(checked(app), raises=False) as shop:
        return [shop.post(path, json=body) for body in bodies]


def json_of(answer: httpx2.Response) -> object:
    """Return the JSON in an answer; None if there is none."""
    try:
        return answer.json()
    except ValueError:
        return None


def documented_fields(app: object, path: str) -> set[str]:
    """Return the fields of the body that the documentation of `POST path` shows."""
    documented = checked(app).openapi()
    endpoint = documented["paths"].get(path, {}).get("post", {})
    content = endpoint.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = documented["components"]["schemas"][name]
    return set(schema.get("properties", {}))


def flawed(whole: dict, flaw: dict) -> dict:
    """Return `whole` with `flaw` in it; a value of `...` is left out."""
    return {key: value for key, value in (whole | flaw).items() if value is not ...}


def named(flaw: dict) -> str:
    """Return what a parametrized test calls `flaw`."""
    told = {k: "missing" if v is ... else repr(v) for k, v in flaw.items()}
    return ",".join(f"{key} {value}" for key, value in told.items())


def attempt(call, *args, **kwargs) -> object:
    """Return what the learner's `call` returns, or the exception that it raises."""
    try:
        return call(*args, **kwargs)
    except NotImplementedError:
        raise
    except Exception as error:
        return error


def brief(value: object) -> str:
    """Return the beginning of how `value` is written."""
    return f"{value!r:.120}"


MARA = {"name": "Mara", "email": "mara@example.com", "age": 31}
JO = {"name": "Jo", "email": "jo@example.org", "age": 19}


class Register:
    """Stands in for the database; `registered` are the users that it was handed."""

    def __init__(self) -> None:
        self.registered = []

    def __call__(self, user: object) -> dict:
        """Keep `user`, and number it."""
        self.registered.append(user)
        return {"number": 40 + len(self.registered), "welcome": True}


@pytest.fixture
def registered(answers):
    """The users that the app of 2.3.1 has handed to `register`."""
    answers.register = Register()
    return answers.register.registered


def test_q1_the_model_is_handed_to_register(answers, registered):
    read = posted(answers.users_app(), "/users", MARA, JO)

    assert len(registered) == 2, (
        f"Two users were posted and answered {[one.status_code for one in read]}; "
        f"`register` was handed {registered or 'nothing'}."
    )
    kinds = [type(user).__name__ for user in registered]
    models = all(isinstance(user, BaseModel) for user in registered)
    assert models, f"`register` takes a Pydantic model; it was handed a {kinds[0]}."
    seen = [{key: getattr(user, key, None) for key in MARA} for user in registered]
    assert seen == [MARA, JO], f"Posted were {MARA} and {JO}, handed over {seen}."


def test_q1_the_client_reads_what_register_returned(answers, registered):
    read = posted(answers.users_app(), "/users", MARA, JO)

    assert all(one.is_success for one in read), (
        f"Two users were posted and answered {[one.status_code for one in read]}."
    )
    told = [{"number": 41, "welcome": True}, {"number": 42, "welcome": True}]
    same = [json_of(one) for one in read] == told
    assert same, (
        f"`register` returned {told}; the clients read "
        f"{' and '.join(one.text for one in read)}."
    )


@pytest.mark.parametrize(
    "flaw",
    [
        {"name": ...},
        {"name": None},
        {"name": {}},
        {"email": ...},
        {"email": "mara"},
        {"email": "mara@"},
        {"email": "@example.com"},
        {"age": ...},
        {"age": None},
        {"age": "old"},
        {"age": 30.5},
    ],
    ids=named,
)
def test_q1_who_is_no_user_is_refused(answers, registered, flaw):
    body = flawed(MARA, flaw)

    (answer,) = posted(answers.users_app(), "/users", body)

    status = answer.status_code
    assert status == 422, f"As a user {body} was posted, and answered {status}."
    assert not registered, f"{body} was answered 422, and registered all the same."


def test_q1_the_documentation_shows_the_three_fields(answers):
    fields = documented_fields(answers.users_app(), "/users")

    same = fields == {"name", "email", "age"}
    assert same, (
        f"For the body of POST /users the documentation shows {fields or 'no fields'}: "
        "who reads it cannot know how to send a user."
    )


class Review(BaseModel):
    """Another body: what somebody thinks of a product."""

    stars: int = Field(le=5)
    tags: list[str] = []


def described(value: object) -> dict:
    """Stands in for an endpoint; returns what it was called with."""
    return {"called with": repr(value)}


def fastapi_answers(model: type, body: bytes) -> tuple[int, object]:
    """Return the status and the content that a client of FastAPI really reads."""
    app = FastAPI()

    @app.post("/")
    def endpoint(value: model):
        return described(value)

    with client(app) as shop:
        headers = {"Content-Type": "application/json"}
        answer = shop.post("/", content=body, headers=headers)
    return answer.status_code, answer.json()


GOOD = {
    "an order": {"customer": "Mara", "lines": [{"sku": "pen", "quantity": 2}]},
    "an order without what has a default": {
        "customer": "Jo",
        "lines": [{"sku": "ink"}],
    },
    "an order with text for numbers": {
        "customer": "Jo",
        "lines": [{"sku": "ink", "quantity": "4"}],
        "gift": "yes",
    },
    "an order with a field too many": {"customer": "Jo", "lines": [], "rebate": 100},
    "a review": {"stars": "5", "tags": ["sharp"]},
}


@pytest.mark.parametrize("name", GOOD)
def test_q2_the_endpoint_gets_what_fastapi_would_hand_it(answers, name):
    model = Review if "review" in name else answers.Order
    body = json.dumps(GOOD[name]).encode()
    observed = fastapi_answers(model, body)

    mine = attempt(answers.receive, model, described, body)

    same = mine == observed
    assert same, (
        f"The body was {name}, {body.decode()}. `receive` made of it {brief(mine)}; "
        "FastAPI hands its endpoint something else."
    )


BAD = {
    "an order without a customer": {"lines": []},
    "an order with a mistake inside": {
        "customer": "Jo",
        "lines": [{"sku": "ink", "quantity": 0}],
    },
    "an order with four mistakes": {"lines": [{"quantity": "many"}], "gift": "perhaps"},
    "a review with two mistakes": {"stars": 6, "tags": ["sharp", 7]},
}


def mistakes_in(answer: object, key: str) -> list | None:
    """Return what a 422 says under `key` of each mistake; None if it says nothing."""
    try:
        status, content = answer
        found = [mistake[key] for mistake in content["detail"]]
        found = [list(one) if isinstance(one, tuple) else one for one in found]
    except (TypeError, ValueError, LookupError):
        return None
    return sorted(found, key=repr) if status == 422 else None


@pytest.mark.parametrize("name", BAD)
def test_q2_the_client_reads_of_the_mistakes_what_fastapi_says(answers, name):
    model = Review if "review" in name else answers.Order
    body = json.dumps(BAD[name]).encode()
    observed = fastapi_answers(model, body)

    mine = attempt(answers.receive, model, described, body)

    assert mistakes_in(mine, "msg"), (
        f"The body was {name}, {body.decode()}. `receive` made of it {brief(mine)}, "
        "and that is no 422 with a `msg` for each mistake."
    )
    for key in ("msg", "type", "loc"):
        same = mistakes_in(mine, key) == mistakes_in(observed, key)
        assert same, (
            f"The body was {name}, {body.decode()}. Under `{key}` your client reads "
            f"{mistakes_in(mine, key)}, FastAPI's client something else."
        )


def test_q2_the_endpoint_is_called_with_what_fits_only(answers):
    good = json.dumps(GOOD["an order"]).encode()
    bad = json.dumps(BAD["an order without a customer"]).encode()
    received = []

    for body in (bad, good, bad):
        attempt(answers.receive, answers.Order, received.append, body)

    assert len(received) == 1, (
        "Of three bodies only the second is an order. "
        f"The endpoint was called {len(received)} times: {received}."
    )


@pytest.mark.parametrize("kind", ["ValidationError", "LookupError"])
def test_q2_what_the_endpoint_raises_is_not_the_clients_mistake(answers, kind):
    mistake = LookupError("no such product")
    if kind == "ValidationError":
        mistake = attempt(Review, stars="many")

    def endpoint(order):
        raise mistake

    body = json.dumps(GOOD["an order"]).encode()
    mine = attempt(answers.receive, answers.Order, endpoint, body)

    assert mine is mistake, (
        f"The body was good, the endpoint raised a {kind}. What came of it is "
        f"{mine!r}: who reads that looks for the mistake in the wrong place."
    )


def parcels(base: type) -> tuple[type, type]:
    """Return two classes derived from `base`, with the same three fields."""

    class Parcel(base):
        sku: str
        pieces: int
        fragile: bool

    class Crate(base):
        sku: str
        pieces: int
        fragile: bool

    return Parcel, Crate


def own_parcels(answers) -> tuple[type, type]:
    """Return these classes with the learner's Model for their base."""
    derived = issubclass(answers.Model, BaseModel)
    assert not derived, "Model derives from BaseModel, which then does all the work."
    return parcels(answers.Model)


PARCEL = {"sku": "pen", "pieces": 3, "fragile": False}


def values(parcel: object) -> object:
    """Return the values of a parcel with their types; an exception stays one."""
    if isinstance(parcel, Exception):
        return parcel
    found = [getattr(parcel, name, "not there") for name in PARCEL]
    return [f"{value!r} ({type(value).__name__})" for value in found]


@pytest.mark.parametrize(
    "given",
    [
        {"pieces": 3},
        {"pieces": "3"},
        {"pieces": 3.0},
        {"fragile": "false"},
        {"fragile": "yes"},
    ],
    ids=named,
)
def test_q3_a_value_becomes_what_its_annotation_says(answers, given):
    data = PARCEL | given
    observed = values(parcels(BaseModel)[0](**data))

    mine = values(attempt(own_parcels(answers)[0], **data))

    same = mine == observed
    assert same, (
        f"Of {data} your parcel has made {mine}, BaseModel's something else. "
        "Which of your lines has looked at the annotation?"
    )


@pytest.mark.parametrize(
    "flaw",
    [
        {"sku": ...},
        {"fragile": ...},
        {"sku": 7},
        {"pieces": "many"},
        {"pieces": 2.5},
        {"pieces": None},
        {"fragile": "perhaps"},
    ],
    ids=named,
)
def test_q3_what_is_missing_or_does_not_fit_is_refused(answers, flaw):
    parcel = attempt(own_parcels(answers)[0], **flawed(PARCEL, flaw))

    seen = f"raised a {type(parcel).__name__}"
    if not isinstance(parcel, Exception):
        seen = f"came about, with {values(parcel)}"
    assert isinstance(parcel, ValueError), (
        f"A parcel of {flawed(PARCEL, flaw)} {seen}. BaseModel raises a ValueError."
    )


def test_q3_an_unknown_keyword_is_ignored(answers):
    parcel = attempt(own_parcels(answers)[0], **PARCEL, colour="red")

    assert not isinstance(parcel, Exception), f"The keyword colour raised {parcel!r}."
    assert not hasattr(parcel, "colour"), (
        "The class says nothing of a colour, and the parcel has one now: "
        "whoever sends the data decides what your objects hold."
    )


def compared(classes: tuple[type, type], pair: str) -> bool:
    """Return whether a parcel equals the other of the `pair`."""
    parcel, crate = classes
    others = {
        "parcels of equal values": lambda: parcel(**PARCEL),
        "parcels equal once converted": lambda: parcel(**PARCEL | {"pieces": "3"}),
        "parcels of different values": lambda: parcel(**PARCEL | {"fragile": True}),
        "a parcel and a crate": lambda: crate(**PARCEL),
        "a parcel and a dict": lambda: PARCEL,
        "a parcel and None": lambda: None,
    }
    return parcel(**PARCEL) == others[pair]()


@pytest.mark.parametrize(
    "pair",
    [
        "parcels of equal values",
        "parcels equal once converted",
        "parcels of different values",
        "a parcel and a crate",
        "a parcel and a dict",
        "a parcel and None",
    ],
)
def test_q3_two_are_equal_when_those_of_base_model_are(answers, pair):
    observed = compared(parcels(BaseModel), pair)
    own = own_parcels(answers)

    mine = attempt(compared, own, pair)

    same = mine == observed
    assert same, (
        f"Compared were {pair}: your == says {mine!r}, that of BaseModel does not."
    )


@pytest.mark.parametrize(
    "given",
    [{"sku": "ink"}, {"pieces": "12", "fragile": "no"}, {"colour": "red"}],
    ids=named,
)
def test_q3_the_dump_is_that_of_base_model(answers, given):
    observed = parcels(BaseModel)[0](**PARCEL | given).model_dump()
    parcel = own_parcels(answers)[0]

    mine = attempt(lambda: parcel(**PARCEL | given).model_dump())

    same = mine == observed
    assert same, (
        f"Of {PARCEL | given} your `model_dump` returned {mine!r}, "
        "that of BaseModel something else."
    )


PEN = {"name": "Pen", "price": "2.50", "quantity": 12}


def product_in(answer: httpx2.Response) -> dict | None:
    """Return the product that a client reads, its price exact, or None."""
    try:
        read = json.loads(answer.text, parse_float=Decimal)
        price = Decimal(str(read["price"]))
        return {"name": read["name"], "price": price, "quantity": read["quantity"]}
    except (ValueError, TypeError, LookupError, InvalidOperation):
        return None


@pytest.mark.parametrize(
    "product",
    [
        PEN,
        {"name": "Fountain pen", "price": 49, "quantity": 3},
        {"name": "Ink", "price": 9.9, "quantity": 0},
        {"name": "Nib", "price": "0.01", "quantity": 1},
        {"name": "The whole shop", "price": "12345678901234567.89", "quantity": 1},
    ],
    ids=lambda product: product["name"],
)
def test_q4_the_client_reads_the_product(answers, product):
    (answer,) = posted(answers.products_app(), "/products", product)

    assert answer.is_success, (
        f"{product} is a product, and was answered {answer.status_code}: {answer.text}"
    )
    same = product_in(answer) == product | {"price": Decimal(str(product["price"]))}
    assert same, f"Posted was {product}, the client reads {answer.text}."


@pytest.mark.parametrize("name", ["  Pen", "Fountain pen \t", "\n Ink "])
def test_q4_the_spaces_around_a_name_go(answers, name):
    body = PEN | {"name": name}
    (answer,) = posted(answers.products_app(), "/products", body)

    read = product_in(answer) or {}
    same = read.get("name") == name.strip()
    assert same, (
        f"The name {name!r} was answered {answer.status_code}, {answer.text}: "
        "a search for this name will miss one of the two."
    )


@pytest.mark.parametrize(
    "flaw",
    [
        {"name": ...},
        {"name": ""},
        {"name": "   "},
        {"price": ...},
        {"price": 0},
        {"price": "-2.50"},
        {"price": "2.505"},
        {"price": "cheap"},
        {"quantity": ...},
        {"quantity": -1},
        {"quantity": 2.5},
        {"colour": "red"},
        {"id": 1},
    ],
    ids=named,
)
def test_q4_what_is_no_product_is_refused(answers, flaw):
    body = flawed(PEN, flaw)

    (answer,) = posted(answers.products_app(), "/products", body)

    assert answer.status_code == 422, (
        f"As a product {body} was posted, and answered {answer.status_code}: "
        f"{answer.text}"
    )


def fields_in(report: object) -> set[str]:
    """Return the fields that the report in a 422 names."""
    try:
        return {str(mistake["loc"][-1]) for mistake in report["detail"]}
    except (TypeError, LookupError):
        return set()


def test_q4_one_answer_names_every_wrong_field(answers):
    wrong = {"name": " ", "price": 0, "quantity": -1, "colour": "red"}

    (answer,) = posted(answers.products_app(), "/products", wrong)

    found = fields_in(json_of(answer)) if answer.status_code == 422 else set()
    silent = sorted(set(wrong) - found)
    assert not silent, (
        f"Posted was {wrong}. The answer, {answer.status_code}, names no mistake in "
        f"{', '.join(silent)}; its client needs another try to find out."
    )


def report(app: FastAPI, path: str, request: dict) -> list[dict]:
    """Return the `detail` of the 422 that a shop answers this request with."""
    with client(app) as shop:
        return shop.post(path, **request).json()["detail"]


FORMS = {
    "a field is missing": ({"lines": []}, ["customer"]),
    "a field is of another type": (
        {"customer": "Mara", "lines": "pen", "gift": False},
        ["lines"],
    ),
    "the second line": (
        {"customer": "Mara", "lines": [{"sku": "pen"}, {"sku": "ink", "quantity": 0}]},
        ["lines.1.quantity"],
    ),
    "many mistakes": (
        {"lines": [{"quantity": 0}, "pen"], "gift": "perhaps"},
        ["customer", "lines.0.sku", "lines.0.quantity", "lines.1", "gift"],
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_q5_each_message_stands_at_its_field(answers, form):
    body, fields = FORMS[form]
    detail = report(answers.orders_app(), "/orders", {"json": body})
    said = [mistake["msg"] for mistake in detail]

    shown = attempt(answers.messages, detail)

    same = shown == dict(zip(fields, said, strict=True))
    assert same, (
        f"The shop reported {[mistake['loc'] for mistake in detail]}, your page shows "
        f"{shown!r}. Can whoever filled in the form tell which fields are meant?"
    )


class Carton(BaseModel):
    """A carton with its labels."""

    labels: list[str]


class Delivery(BaseModel):
    """Another body, with lists in lists."""

    cartons: list[Carton]


def test_q5_a_field_may_be_deeper_inside(answers):
    app = FastAPI()

    @app.post("/deliveries")
    def deliver(delivery: Delivery) -> None: ...

    body = {"cartons": [{"labels": []}, {"labels": ["up", 5]}, {}]}
    detail = report(app, "/deliveries", {"json": body})
    shown = attempt(answers.messages, detail)

    fields = ["cartons.1.labels.1", "cartons.2.labels"]
    said = [mistake["msg"] for mistake in detail]
    same = shown == dict(zip(fields, said, strict=True))
    assert same, (
        f"Another shop reported {[mistake['loc'] for mistake in detail]}, your page "
        f"shows {shown!r}. Its fields lie as deep as these paths do."
    )


ORDER = b'{"customer": "Mara", "lines": []}'
JSON = {"Content-Type": "application/json"}
WHOLES = {
    "missing": {},
    "not declared to be JSON": {"content": ORDER},
    "declared to be text": {
        "content": ORDER,
        "headers": {"Content-Type": "text/plain"},
    },
    "cut off": {"content": ORDER[:20], "headers": JSON},
    "in single quotes": {"content": ORDER.replace(b'"', b"'"), "headers": JSON},
    "a list": {"json": ["pen", "ink"]},
}


@pytest.mark.parametrize("whole", WHOLES)
def test_q5_what_is_wrong_with_the_whole_body_stands_at_no_field(answers, whole):
    detail = report(answers.orders_app(), "/orders", WHOLES[whole])

    shown = attempt(answers.messages, detail)

    same = shown == {"": detail[0]["msg"]}
    assert same, (
        f"The body was {whole}: no field is wrong. The shop reported "
        f"{detail[0]['type']} at {detail[0]['loc']}, and your page shows {shown!r}."
    )


KINDS = {
    "dataclass": "DataclassShelf",
    "pydantic": "PydanticShelf",
    "model": "ModelShelf",
}


def pieces_in_body(kind: type) -> object:
    """Return the pieces that an endpoint is given once a client has sent "3"."""
    app = FastAPI()
    given = []

    @app.post("/")
    def put(shelf: kind) -> None:
        given.append(shelf.pieces)

    with client(app) as shop:
        shop.post("/", json={"sku": "pen", "pieces": "3"})
    return given[0] if given else "refused"


def observed_pieces(answers, kind: str, way: str) -> object:
    """Return the pieces that really are on a shelf made in this way."""
    shelf = getattr(answers, KINDS[kind])
    if way == "body":
        return pieces_in_body(shelf)
    try:
        return answers.make(shelf, way).pieces
    except (TypeError, ValueError):
        return "refused"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["keyword", "position", "assignment", "copy", "body"])
def test_q6_the_pieces_are_predicted(answers, way, kind):
    predicted = answers.pieces().get(way, {}).get(kind)
    observed = observed_pieces(answers, kind, way)

    same = predicted == observed
    assert same, (
        f"{way}, {KINDS[kind]}: you expect {predicted!r}, the shelf says otherwise. "
        "Whose code runs here between the value and the attribute?"
    )
