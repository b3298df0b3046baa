"""The tests of section 5.5."""

import logging
import random
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import APIKeyHeader
from starlette.types import ASGIApp

from lab import (
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    returned_or_raised,
    serve,
    stand_in,
)

NAME = "X-API-Key"
WEEK = timedelta(days=7)


def send(app: ASGIApp, method: str, path: str, **what: Any) -> httpx2.Response:
    """Return the response of `app` to one request."""
    with client(app) as http:
        try:
            return http.request(method, path, **what)
        except Exception as error:
            raise AssertionError(
                f"`{method} {path}` raised {in_words(error)}. A client gets status 500 "
                "for it. The docstring says which responses there are. Look at the "
                "code that handles the key."
            ) from error


def seen(response: httpx2.Response) -> tuple[int, Any]:
    """Return the status code and the body of a response."""
    return response.status_code, json_or_text(response)


def refusal(response: httpx2.Response) -> tuple[int, str]:
    """Return the status code, and the scheme in the header `WWW-Authenticate`."""
    challenge = response.headers.get("www-authenticate")
    scheme = "no header" if challenge is None else challenge.partition(" ")[0]
    return response.status_code, scheme


def new_key() -> str:
    """Return a key with letters of both cases."""
    return f"Ab{secrets.token_urlsafe(32)}"


def pharmacy_app(answers, key: str) -> FastAPI:
    """Return the application of 5.5.1."""
    return fastapi_app(answers.pharmacy_app(key), "pharmacy_app(api_key)")


def prescriptions(app: FastAPI, key: str) -> tuple[int, Any]:
    """Return the response of `GET /prescriptions` to a program with a key."""
    return seen(send(app, "GET", "/prescriptions", headers={NAME: key}))


def test_q1_the_right_key_returns_the_prescriptions(answers):
    texts = [["ana: aspirin", "ben: iron"], [], ["eve: insulin"]]
    left = iter(texts)
    stand_in(answers.prescriptions, lambda: next(left))
    key = new_key()
    app = pharmacy_app(answers, key)

    got = [prescriptions(app, key) for _ in texts]
    assert got == [(200, text) for text in texts], (
        f"`prescriptions()` returned {texts}. Three requests with the right key "
        f"returned {in_words(got)}. The docstring asks for 200 with what it returns, "
        "for every request. Look at which line calls it."
    )


def test_q1_each_application_has_its_own_key(answers):
    keys = [new_key(), new_key()]
    apps = [pharmacy_app(answers, key) for key in keys]

    got = [[prescriptions(app, key)[0] for key in keys] for app in apps]
    assert got == [[200, 401], [401, 200]], (
        "Two applications have two keys. With the first and the second key, their "
        f"status codes were {got}. The docstring asks for 200 if the key is the "
        "`api_key` of this application, and for 401 if it is not. Look at the key with "
        "which you compare."
    )


def test_q1_the_name_of_the_header_has_no_case(answers):
    key = new_key()
    app = pharmacy_app(answers, key)

    names = ["x-api-key", "X-Api-Key"]
    got = [
        send(app, "GET", "/prescriptions", headers={name: key}).status_code
        for name in names
    ]
    assert got == [200, 200], (
        f"The right key in the headers {names} returned {got}. The docstring asks for "
        "200. In HTTP, the case of a header's name does not matter. Look at how you "
        "read the header."
    )


SHOWN = "Abcdefghijklmnopqrstuvwxyz"  # the key in messages

# What a client sends that does not have the key, or has it elsewhere.
WRONG_KEYS: dict[str, Callable[[str], dict[str, Any]]] = {
    "nothing": lambda key: {},
    "empty": lambda key: {"headers": {NAME: ""}},
    "other": lambda key: {"headers": {NAME: "guess"}},
    "shorter": lambda key: {"headers": {NAME: key[:-1]}},
    "longer": lambda key: {"headers": {NAME: f"{key}x"}},
    "first-half": lambda key: {"headers": {NAME: key[:20]}},
    "other-case": lambda key: {"headers": {NAME: key.swapcase()}},
    "with-scheme": lambda key: {"headers": {NAME: f"Bearer {key}"}},
    "not-ascii": lambda key: {"headers": {NAME.encode(): "é€".encode()}},
    "and-not-ascii": lambda key: {"headers": {NAME.encode(): f"{key}é".encode()}},
    "dots": lambda key: {"headers": {NAME: f".{key}."}},
    "white-space": lambda key: {"headers": {NAME: f"{key}\x1f"}},
    "quotes": lambda key: {"headers": {NAME: f'"{key}"'}},
    "other-header": lambda key: {"headers": {"Authorization": f"Bearer {key}"}},
    "query": lambda key: {"params": {NAME: key, "api_key": key, "key": key}},
    "cookie": lambda key: {"headers": {"Cookie": f"{NAME}={key}; api_key={key}"}},
}


@pytest.mark.parametrize("change", WRONG_KEYS.values(), ids=WRONG_KEYS)
def test_q1_without_the_right_key_the_response_is_401(answers, change):
    key = new_key()
    app = pharmacy_app(answers, key)

    response = send(app, "GET", "/prescriptions", **change(key))
    shown = in_words(change(SHOWN)) if change(SHOWN) else "no header"
    assert refusal(response) == (401, "APIKey"), (
        f"The key is {SHOWN!r}. A request with {shown} returned "
        f"{in_words((*seen(response), refusal(response)[1]))}. The docstring "
        "asks for 401 with `WWW-Authenticate: APIKey`. Look at what you compare, and "
        "at what you raise."
    )


class Watched(str):
    """A key that notes with which texts `==` and `!=` compare it."""

    def __new__(cls, text: str, compared: list[object]) -> "Watched":
        """Return a key with this text, which notes in `compared`."""
        self = super().__new__(cls, text)
        self.compared = compared
        return self

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        self.compared.append(other)
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def encode(self, *arguments: Any, **named: Any) -> "WatchedBytes":
        """Return the bytes of this key, which note the same."""
        return WatchedBytes(super().encode(*arguments, **named), self.compared)


class WatchedBytes(bytes):
    """The bytes of a key that note with which bytes `==` and `!=` compare them."""

    def __new__(cls, content: bytes, compared: list[object]) -> "WatchedBytes":
        """Return these bytes, which note in `compared`."""
        self = super().__new__(cls, content)
        self.compared = compared
        return self

    __hash__ = bytes.__hash__

    def __eq__(self, other: object) -> bool:
        self.compared.append(other)
        return bytes.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other


def test_q1_no_comparison_tells_how_much_of_the_key_is_right(answers):
    compared: list[object] = []
    key = new_key()
    app = pharmacy_app(answers, Watched(key, compared))

    sent = [key, f"{key[:-1]}.", "guess"]
    got = [prescriptions(app, one)[0] for one in sent]
    texts = [*sent, *(one.encode() for one in sent)]
    caught = [one for one in compared if one in texts]
    assert (got, caught) == ([200, 401, 401], []), (
        f"The right key and two wrong ones returned {got}. `==` or `!=` compared "
        f"`api_key` with what a client had sent, {len(caught)} times. The docstring "
        "asks for 200, 401 and 401, and for `secrets.compare_digest`: the time of `==` "
        "tells how many characters are right. Look at your condition."
    )


def test_q1_the_openapi_document_names_the_key(answers):
    app = pharmacy_app(answers, new_key())

    document = attempt("`/openapi.json`", app.openapi)
    operation = document["paths"].get("/prescriptions", {}).get("get", {})
    schemes = document.get("components", {}).get("securitySchemes", {})
    names = [name for one in operation.get("security", []) for name in one]
    found = [schemes.get(name, {}) for name in names]
    kinds = [(one.get("type"), one.get("in"), one.get("name", "")) for one in found]
    assert [(*kind[:2], kind[2].lower()) for kind in kinds] == [
        ("apiKey", "header", NAME.lower())
    ], (
        f"In the OpenAPI document, the security of `GET /prescriptions` is "
        f"{in_words(found)}. The docstring asks for an API key in the header {NAME}. "
        "Look at how your endpoint gets the key: `/docs` shows a class of "
        "`fastapi.security` as a key, and a header as a parameter."
    )


def api_keys(answers) -> Any:
    """Return new keys of 5.5.2."""
    return attempt("`ApiKeys()`", answers.ApiKeys)


def key_from(keys: Any, method: str = "create", pharmacy: str = "Rosen") -> str:
    """Return the key that `create` or `rotate` returns."""
    key = outcome(lambda: getattr(keys, method)(pharmacy))
    parts = key.split(".") if isinstance(key, str) else []
    assert [bool(part) for part in parts] == [True, True], (
        f"`{method}({pharmacy!r})` {returned_or_raised(key)}. The docstring asks for a "
        f'new key, with the form "<prefix>.<secret>". Look at the end of `{method}`.'
    )
    return str(key)


def pharmacy_of(keys: Any, key: str) -> Any:
    """Return the pharmacy of a key."""
    got = outcome(lambda: keys.pharmacy_of(key))
    assert not isinstance(got, BaseException), (
        f"`pharmacy_of({in_words(key)})` raised {in_words(got)}. The docstring asks "
        "for the pharmacy of the key, or None if the key is not valid. Look at how you "
        "split the key, and at how you find the row."
    )
    return got


class Clock:
    """The clock of the test. It stands still until somebody sets it."""

    def __init__(self) -> None:
        self.start = self.time = datetime.now(UTC)

    def set(self, after: timedelta) -> None:
        """Set the clock to some time after the start."""
        self.time = self.start + after


@pytest.fixture
def clock(answers) -> Clock:
    """What `now()` reads."""
    one = Clock()
    stand_in(answers.now, lambda: one.time)
    return one


def random_bytes(texts: list[str]) -> int:
    """Return how many random bytes are at most in each of these texts.

    It counts the places where they differ, and the characters that stand there.
    """
    places = [set(place) for place in zip_longest(*texts) if len(set(place)) > 1]
    characters = set().union(*places) - {None}
    return len(places) * (len(characters) - 1).bit_length() // 8


def test_q2_each_key_is_new_and_random(answers, monkeypatch):
    tables = [api_keys(answers), api_keys(answers)]
    state = random.getstate()
    # `random`, `uuid4()` and `os.urandom` return the same each time, and `secrets` not.
    monkeypatch.setattr("os.urandom", bytes)
    made = []
    for _ in range(10):
        random.seed(55)
        made.extend(key_from(keys).split(".") for keys in tables)
    random.setstate(state)

    sizes = [random_bytes([one[part] for one in made]) for part in (0, 1)]
    counts = [len({one[part] for one in made}) for part in (0, 1)]
    assert (sizes[0] >= 8, sizes[1] >= 32, counts) == (True, True, [20, 20]), (
        f"Of twenty keys, such as {in_words('.'.join(made[0]))}, {counts[0]} prefixes "
        f"and {counts[1]} secrets differ, in at most {sizes[0]} and {sizes[1]} bytes. "
        "Here, `random`, `uuid4()` and `os.urandom` repeat themselves. The "
        "docstring asks for `secrets`, with 8 and 32 bytes. Look at `create`."
    )


def test_q2_a_row_has_the_digest_and_not_the_secret(answers):
    keys = api_keys(answers)
    names = ["Rosen", "Linden", "Rosen"]
    made = [key_from(keys, "create", name) for name in names]
    made.append(key_from(keys, "rotate", "Linden"))

    rows = {
        prefix: (getattr(row, "digest", row), getattr(row, "pharmacy", None))
        for prefix, row in keys.rows.items()
    }
    expected = {
        key.split(".")[0]: (answers.key_digest(key), name)
        for key, name in zip(made, [*names, "Linden"], strict=True)
    }
    assert rows == expected, (
        f"Three keys were created and one was rotated. The rows are {in_words(rows)}. "
        "The docstring asks for a `StoredKey` under each prefix, with the pharmacy and "
        "the `key_digest` of the whole key. Look at what you store."
    )
    kept = repr([vars(keys), vars(type(keys)), vars(answers)])
    secrets_of = [key.split(".")[1] for key in made]
    parts = {one[at : at + 11] for one in secrets_of for at in range(len(one) - 10)}
    found = next((part for part in parts if part in kept), None)
    assert found is None, (
        f"The keys were {in_words(made)}. The object, its class or the module contains "
        f"{found!r}, a part of a secret. The docstring asks that no part of the secret "
        "is stored. Look at the prefix, too."
    )


def test_q2_each_key_belongs_to_its_pharmacy(answers, clock):
    keys, other = api_keys(answers), api_keys(answers)
    names = ["Rosen", "Linden", "Rosen"]
    made = [key_from(keys, "create", name) for name in names]

    elsewhere = [pharmacy_of(other, key) for key in made]
    clock.set(99 * WEEK)
    got = [pharmacy_of(keys, key) for key in made]
    assert (got, elsewhere) == (names, [None] * 3), (
        f"Keys were created for {names}. 99 weeks later, `pharmacy_of` returned "
        f"{in_words(got)}. With another table, it returned {elsewhere}. The docstring "
        "asks for the "
        "pharmacy of the key, or None if the table has no such key. Look at the rows."
    )


# Texts that are no keys. Each is made of two keys, and of a digest in the table.
NO_KEYS: dict[str, Callable[[list[str], list[str], str], str]] = {
    "guess": lambda one, other, digest: "0123456789abcdef.guess",
    "empty": lambda one, other, digest: "",
    "dot": lambda one, other, digest: ".",
    "prefix": lambda one, other, digest: one[0],
    "prefix-dot": lambda one, other, digest: f"{one[0]}.",
    "secret": lambda one, other, digest: one[1],
    "other-secret": lambda one, other, digest: f"{one[0]}.{other[1]}",
    "other-prefix": lambda one, other, digest: f"{other[0]}.{one[1]}",
    "digest": lambda one, other, digest: digest,
    "prefix-digest": lambda one, other, digest: f"{one[0]}.{digest}",
    "longer": lambda one, other, digest: f"{one[0]}.{one[1]}x",
    "shorter": lambda one, other, digest: f"{one[0]}.{one[1][:-1]}",
    "third-part": lambda one, other, digest: f"{one[0]}.{one[1]}.x",
    "space": lambda one, other, digest: f"{one[0]}.{one[1]} ",
    "other-case": lambda one, other, digest: f"{one[0]}.{one[1].swapcase()}",
    "not-ascii": lambda one, other, digest: f"{one[0]}.é\xff",
}


@pytest.mark.parametrize("change", NO_KEYS.values(), ids=NO_KEYS)
def test_q2_another_text_is_no_key(answers, change):
    keys = api_keys(answers)
    made = [key_from(keys).split("."), key_from(keys, "create", "Linden").split(".")]

    text = change(*made, answers.key_digest(".".join(made[0])))
    got = pharmacy_of(keys, ".".join(made[0])), pharmacy_of(keys, text)
    shown = change(["PREFIX", "SECRET"], ["PREFIX2", "SECRET2"], "DIGEST")
    assert got == ("Rosen", None), (
        "A table has the keys 'PREFIX.SECRET' and 'PREFIX2.SECRET2'. `pharmacy_of` "
        f"returned {in_words(got)} for the first one and for {shown!r}. The docstring "
        "asks for the pharmacy, and None if the key is not valid. Look at what you "
        "pass to `accepts`."
    )


def test_q2_the_row_of_the_prefix_decides_alone(answers):
    keys = api_keys(answers)

    class OpenRow(answers.StoredKey):
        def accepts(self, key: str) -> bool:
            return True

    keys.rows["0" * 16] = OpenRow("", "Lilie")
    key = key_from(keys)
    got = pharmacy_of(keys, key)
    assert got == "Rosen", (
        f"`pharmacy_of` returned {in_words(got)} for a key of 'Rosen'. Another row, "
        "whose `accepts` always returns True, has another prefix. The docstring asks "
        "to find the row by the prefix. Look at which rows you ask."
    )


@pytest.mark.parametrize("days", [7, 2])
def test_q2_the_old_key_works_until_the_overlap_ends(answers, clock, monkeypatch, days):
    overlap = timedelta(days=days)
    monkeypatch.setitem(answers.now.__globals__, "OVERLAP", overlap)
    keys = api_keys(answers)
    old = key_from(keys)
    clock.set(timedelta(days=100))
    new = key_from(keys, "rotate")

    got = []
    for after in (timedelta(0), overlap - timedelta(seconds=1), overlap, 50 * WEEK):
        clock.set(timedelta(days=100) + after)
        got.append([pharmacy_of(keys, key) for key in (old, new)])
    both, one = ["Rosen", "Rosen"], [None, "Rosen"]
    assert got == [both, both, one, one], (
        f"`OVERLAP` is {days} days, and a key was rotated. For the old key and the new "
        f"one, `pharmacy_of` returned {in_words(got)}: at once, a second before {days} "
        f"days, after {days} days, and after 350 days. The docstring asks that the old "
        "key ends `OVERLAP` after `now()`. Look at `rotate`."
    )


def test_q2_a_second_rotation_does_not_change_an_end(answers, clock):
    keys = api_keys(answers)
    made = [key_from(keys)]
    for day in (3, 5):
        clock.set(timedelta(days=day))
        made.append(key_from(keys, "rotate"))

    got = []
    for day in (9, 10, 11, 12, 99):
        clock.set(timedelta(days=day))
        got.append([pharmacy_of(keys, key) is not None for key in made])
    valid = [[True] * 3, *[[False, True, True]] * 2, *[[False, False, True]] * 2]
    assert got == valid, (
        "A key was rotated on day 3, and the new one on day 5. On the days 9, 10, 11, "
        "12 and 99, the number of valid keys was "
        f"{[sum(valid) for valid in got]}. The docstring asks that each key ends 7 "
        "days after its rotation, on day 10 and day 12. The last one has no end. Look "
        "at the condition in `rotate`."
    )


def test_q2_an_end_that_is_planned_does_not_change(answers, clock):
    keys = api_keys(answers)
    ends = [-1, 2, 30]
    made = [key_from(keys) for _ in ends]
    for key, day in zip(made, ends, strict=True):
        row = keys.rows.get(key.split(".")[0])
        assert row is not None, (
            f"`create` returned {in_words(key)}. `self.rows` has no row under the "
            "prefix. The docstring asks for it. Look at what `create` stores."
        )
        row.end = clock.start + timedelta(days=day)
    key_from(keys, "rotate")

    got = []
    for day in (1, 3, 29, 31):
        clock.set(timedelta(days=day))
        got.append([pharmacy_of(keys, key) is not None for key in made])
    late = [False, False, True]
    assert got == [[False, True, True], late, late, [False] * 3], (
        "Three keys of a pharmacy had an end: yesterday, in 2 days and in 30 days. "
        f"After `rotate`, on the days 1, 3, 29 and 31, they were valid: {got}. The "
        "docstring asks not to change an end. Look at the condition in `rotate`."
    )


def test_q2_all_older_keys_of_this_pharmacy_end(answers, clock):
    keys = api_keys(answers)
    names = ["Rosen", "Linden", "Rosen", "Rosengarten", "rosen"]
    made = [key_from(keys, "create", name) for name in names]
    new = key_from(keys, "rotate")

    clock.set(WEEK)
    got = [pharmacy_of(keys, key) for key in [*made, new]]
    assert got == [None, "Linden", None, "Rosengarten", "rosen", "Rosen"], (
        f"Keys were created for {names}, and `rotate('Rosen')` added a sixth one. 7 "
        f"days later `pharmacy_of` returned {in_words(got)}. The docstring asks that "
        "the older keys of 'Rosen' end, and no others. Look at the condition in "
        "`rotate`."
    )


def test_q2_a_pharmacy_without_a_key_gets_one(answers):
    keys = api_keys(answers)
    key = key_from(keys, "rotate", "Linden")

    got = pharmacy_of(keys, key), len(keys.rows)
    assert got == ("Linden", 1), (
        "`rotate('Linden')` was called for a pharmacy without a key. `pharmacy_of` "
        f"returned {in_words(got[0])} for the new key, and the table has {got[1]} "
        "rows. The docstring asks for a new key. Look at the start of `rotate`."
    )


def test_q2_a_program_changes_its_key_in_an_application(answers, clock):
    keys = api_keys(answers)
    app = FastAPI()

    def pharmacy(key: Annotated[str, Depends(APIKeyHeader(name=NAME))]) -> str:
        name = pharmacy_of(keys, key)
        if name is None:
            raise HTTPException(401)
        return str(name)

    @app.get("/prescriptions")
    def list_prescriptions(name: Annotated[str, Depends(pharmacy)]) -> str:
        return name

    @app.post("/keys")
    def rotate(name: Annotated[str, Depends(pharmacy)]) -> str:
        return key_from(keys, "rotate", name)

    old = key_from(keys)
    new = str(send(app, "POST", "/keys", headers={NAME: old}).json())
    got = []
    for after in (timedelta(0), WEEK):
        clock.set(after)
        got.append([prescriptions(app, key)[0] for key in (old, new)])
    assert got == [[200, 200], [401, 200]], (
        "A program sent its key in the header, and got a new one. The old and the new "
        f"key then returned {got[0]}, and {got[1]} after 7 days. The docstring asks "
        "that both work until the old one ends: 200 and 200, then 401 and 200. Look at "
        "`rotate`."
    )


def stored(answers, **what: Any) -> str:
    """Return the text of a new key that `find_key` of 5.5.3 finds."""
    key = {"name": "Rosen", "scopes": frozenset({"read", "write"}), "end": None} | what
    key["end"] = key["end"] or datetime.now(UTC) + 99 * WEEK
    text = new_key()
    answers.KEYS[answers.key_digest(text)] = answers.Key(**key)
    return text


def appointments_app(answers) -> FastAPI:
    """Return the application of 5.5.3."""
    return fastapi_app(answers.appointments_app(), "appointments_app()")


def use(app: FastAPI, method: str, key: str) -> httpx2.Response:
    """Return the response to a request of a program with a key."""
    form = {"data": {"patient": "ana"}} if method == "POST" else {}
    return send(app, method, "/appointments", headers={NAME: key}, **form)


def test_q3_the_key_comes_in_the_header(answers):
    booked: list[str] = []
    stand_in(answers.book, booked.append)
    key = stored(answers)
    app = appointments_app(answers)

    got = [seen(use(app, method, key)) for method in ("GET", "POST")]
    assert (got, booked) == ([(200, ["ana, Monday 9:00"]), (201, None)], ["ana"]), (
        "A key with the scopes read and write was sent in the header. `GET` and `POST` "
        f"returned {in_words(got)}, and `book` got {booked}. The docstring asks to "
        "read the key from the header X-API-Key. Both endpoints work with it. Look at "
        "the parameters of `caller`."
    )


def test_q3_a_key_in_the_url_is_not_accepted(answers, caplog):
    key = stored(answers)
    app = appointments_app(answers)
    caplog.set_level(logging.INFO, "uvicorn.access")

    path = "/appointments"
    with serve(app) as server:
        names = ("api_key", "key", "x-api-key", NAME, "apikey")
        in_url = server.client.get(path, params=dict.fromkeys(names, key)).status_code
        lines = [
            one.getMessage() for one in caplog.records if one.name == "uvicorn.access"
        ]
        in_header = server.client.get(path, headers={NAME: key}).status_code
    line = next((line for line in lines if key in line), "").replace(key, "KEY")
    assert (in_header, in_url) == (200, 401), (
        f"With the key in the header, the status code was {in_header}. With the key in "
        f"the URL it was {in_url}, and the log of Uvicorn has the line "
        f"{in_words(line.partition(' - ')[2][:50])}... The docstring asks for 200 and "
        "401: whoever reads the log has the key. Look at the parameters of `caller`."
    )


WITHOUT: dict[str, dict[str, Any]] = {
    "nothing": {},
    "empty": {"headers": {NAME: ""}},
    "unknown": {"headers": {NAME: "guess"}},
    "not-ascii": {"headers": {NAME.encode(): "é€".encode()}},
    "name": {"headers": {NAME: "Rosen"}},
    "white-space": {"headers": {NAME: "{0}\x1f"}},
    "other-header": {"headers": {"Authorization": "APIKey {0}"}},
    "cookie": {"headers": {"Cookie": "api_key={0}; X-API-Key={0}"}},
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("what", WITHOUT.values(), ids=WITHOUT)
def test_q3_a_missing_or_unknown_key_returns_401(answers, what, method):
    booked: list[str] = []
    stand_in(answers.book, booked.append)
    key = stored(answers)
    app = appointments_app(answers)

    headers = {
        name: value.format(key) if isinstance(value, str) else value
        for name, value in what.get("headers", {}).items()
    }
    form = {"data": {"patient": "ana"}} if method == "POST" else {}
    response = send(app, method, "/appointments", headers=headers, **form)
    works = use(app, "GET", key).status_code
    sent = str(what).replace("{0}", "VALID-KEY") if what else "no header"
    assert (refusal(response), booked, works) == ((401, "APIKey"), [], 200), (
        f"`{method}` with {sent} returned "
        f"{in_words((*seen(response), refusal(response)[1]))}, and `GET` with a valid "
        f"key in X-API-Key {works}. The docstring asks for 401 with `WWW-Authenticate: "
        "APIKey`, and for 200. Look at the parameters of `caller`, and at its 401."
    )


def test_q3_a_key_ends(answers, clock):
    keys = [stored(answers, end=clock.start + days * WEEK) for days in (1, 2)]
    app = appointments_app(answers)

    got = []
    for after in (WEEK - timedelta(seconds=1), WEEK, 2 * WEEK):
        clock.set(after)
        got.append([use(app, "GET", key).status_code for key in keys])
    assert got == [[200, 200], [401, 200], [401, 401]], (
        "Two keys end after 7 and after 14 days. A second before 7 days, after 7 days "
        f"and after 14 days they returned {got}. The docstring asks for 401 if the end "
        "is not after `now()`. Look at where `caller` compares the end."
    )


def test_q3_a_key_is_looked_up_for_every_request(answers):
    key = stored(answers)
    app = appointments_app(answers)

    got = [use(app, "GET", key).status_code]
    answers.KEYS.clear()
    got.append(use(app, "GET", key).status_code)
    assert got == [200, 401], (
        "A key was removed from `KEYS` after its first request. Before and after, the "
        f"status codes were {got}. The docstring asks for 200, and for 401 with an "
        "unknown key. Look at what you keep between two requests."
    )


def test_q3_a_key_that_has_ended_looks_like_an_unknown_one(answers, clock):
    none: frozenset[str] = frozenset()
    ended = stored(answers, end=clock.start - WEEK)
    poor = stored(answers, end=clock.start - WEEK, scopes=none)
    app = appointments_app(answers)

    responses = [use(app, "GET", key) for key in (new_key(), ended, poor)]
    got = [(*seen(one), refusal(one)[1]) for one in responses]
    works = use(app, "GET", stored(answers)).status_code
    assert (got[0][::2], got[1:], works) == ((401, "APIKey"), [got[0]] * 2, 200), (
        "An unknown key, a key that has ended, and one that has ended and has no "
        f"scopes returned {in_words(got)}, and a valid key {works}. The docstring asks "
        "for the same response three times, and for 200. Look at your exceptions, and "
        "at what `caller` checks first."
    )


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        ({"read"}, [200, 403]),
        ({"write"}, [403, 201]),
        ({"read", "write"}, [200, 201]),
        (set(), [403, 403]),
        ({"readwrite", "READ", "Write", "GET", "POST"}, [403, 403]),
    ],
    ids=["read", "write", "both", "none", "look-alikes"],
)
def test_q3_each_method_needs_its_scope(answers, scopes, expected):
    booked: list[str] = []
    stand_in(answers.book, booked.append)
    key = stored(answers, scopes=frozenset(scopes))
    app = appointments_app(answers)

    responses = [use(app, method, key) for method in ("GET", "POST")]
    got = [one.status_code for one in responses]
    count = expected.count(201)
    assert (got, len(booked)) == (expected, count), (
        f"A key with the scopes {sorted(scopes)} sent `GET` and `POST`. The status "
        f"codes were {got}, and `book` got {booked}. The docstring asks for "
        f"{expected}: `GET` needs the scope read, and `POST` the scope write. Look at "
        "how `caller` chooses the scope."
    )


def test_q3_the_log_has_the_name_of_each_key(answers, caplog):
    names = ["Rosen", "Linden 2"]
    keys = [stored(answers, name=name) for name in names]
    app = appointments_app(answers)
    caplog.set_level(logging.INFO, answers.logger.name)

    got = []
    for name, key in [*zip(names, keys, strict=True), (names[0], keys[0])]:
        for method in ("GET", "POST"):
            caplog.clear()
            status = use(app, method, key).status_code
            mine = [one for one in caplog.records if one.name == answers.logger.name]
            levels = {one.levelname for one in mine if name in one.getMessage()}
            got.append((status, levels, len(mine)))
    assert got == [(200, {"INFO"}, 1), (201, {"INFO"}, 1)] * 3, (
        f"The keys of {names} were used for `GET` and `POST`. Status code, levels of "
        "the messages with the name, and number of all messages of `logger`: "
        f"{in_words(got)}. The docstring asks for one message with the name and the "
        "level INFO. Look at your call of `logger`."
    )


@pytest.mark.parametrize(
    ("method", "allowed", "other_scope"),
    [("GET", 200, "write"), ("POST", 201, "read")],
    ids=["GET", "POST"],
)
def test_q3_a_refused_request_is_not_logged_as_an_allowed_one(
    answers, caplog, clock, method, allowed, other_scope
):
    keys = [
        stored(answers),
        stored(answers, scopes=frozenset({other_scope})),
        stored(answers, end=clock.start),
        new_key(),
    ]
    app = appointments_app(answers)
    caplog.set_level(logging.INFO, answers.logger.name)

    got = []
    for key in keys:
        caplog.clear()
        status = use(app, method, key).status_code
        mine = [one for one in caplog.records if one.name == answers.logger.name]
        got.append((status, sum(one.levelname == "INFO" for one in mine)))
    expected = [(allowed, 1), (403, 0), (401, 0), (401, 0)]
    assert got == expected, (
        f"Four keys were used for `{method}`: valid, with another scope, ended and "
        f"unknown. Status codes and numbers of messages with the level INFO: {got}. "
        f"The docstring asks for one message if the request is allowed, else for none: "
        f"{expected}. Look at where you call `logger`."
    )


def test_q3_no_record_contains_a_key(answers, caplog, clock):
    none: frozenset[str] = frozenset()
    keys = {
        "valid": stored(answers),
        "ended": stored(answers, end=clock.start),
        "no scope": stored(answers, scopes=none),
        "unknown": new_key(),
    }
    app = appointments_app(answers)
    # The client and the event loop write messages, too, which nobody asks about here.
    for name in ("asyncio", "httpx2"):
        caplog.set_level(logging.WARNING, name)
    caplog.set_level(logging.DEBUG)

    statuses = [
        send(
            app, "GET", "/appointments", headers={NAME: key}, params={"api_key": key}
        ).status_code
        for key in keys.values()
    ]
    records = [one for one in caplog.records if not one.name.startswith("httpx")]
    texts = [f"{one.getMessage()} {one.args}" for one in records]
    shown = [
        name for name, key in keys.items() if any(key[:16] in text for text in texts)
    ]
    assert (statuses, shown) == ([200, 401, 403, 401], []), (
        "Four keys were sent, in the header and in the URL: valid, ended, without "
        f"scopes and unknown. The status codes were {statuses}, and these keys stand "
        f"in the log: {shown}. The docstring asks for 200, 401, 403 and 401, and for "
        "no key in a message. Look at what you pass to `logger`."
    )
