"""The tests of section 5.1."""

import dataclasses
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import CodeType
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, HTTPException, Request

from lab import (
    Tls,
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    serve,
    stand_in,
    tls,
    wire,
)


def send(
    app: object, call: str, method: str, path: str, **request: Any
) -> httpx2.Response:
    """Return the response of the application that `call` returned, to one request."""
    with client(fastapi_app(app, call)) as http:
        response: httpx2.Response = attempt(
            f"`{method} {path}`",
            lambda: http.request(method, path, follow_redirects=False, **request),
        )
    return response


def seen(response: httpx2.Response) -> tuple[int, Any]:
    """Return the status code and the body of a response."""
    return response.status_code, json_or_text(response)


class Clinic:
    """The people and permissions of 5.1.1, which change."""

    def __init__(self, answers: Any) -> None:
        self.people = {"t-cem": "Cem", "t-dr": "Dr. van Dam"}
        self.permissions = {("Cem", 31), ("Dr. van Dam", 31), ("Dr. van Dam", 32)}
        self.everybody_may_read = False
        stand_in(answers.find_person, lambda token: self.people.get(token))
        stand_in(answers.may_read, self._may_read)
        self._app = answers.records_app()

    def _may_read(self, person: str, patient: int) -> bool:
        return self.everybody_may_read or (person, patient) in self.permissions

    def read(self, patient: int, authorization: str | None) -> httpx2.Response:
        """Return the response for the record of a patient."""
        headers = {"Authorization": authorization} if authorization else {}
        path = f"/patients/{patient}/record"
        return send(self._app, "records_app()", "GET", path, headers=headers)


@pytest.fixture
def clinic(answers) -> Clinic:
    """The application of 5.1.1 with other people."""
    return Clinic(answers)


@pytest.mark.parametrize("everybody_may_read", [False, True], ids=["some", "everybody"])
@pytest.mark.parametrize("patient", [31, 99])
def test_q1_without_a_valid_token_the_response_is_401(
    clinic, everybody_may_read, patient
):
    clinic.everybody_may_read = everybody_may_read

    for authorization in ("Bearer t-nobody", "Bearer T-CEM", "Basic t-cem", None):
        response = clinic.read(patient, authorization)
        challenge = response.headers.get("www-authenticate")
        assert (response.status_code, challenge) == (401, "Bearer"), (
            f"Nobody has the token of `Authorization: {authorization}`. The status "
            f"code was {response.status_code}, and the header `WWW-Authenticate` was "
            f"{challenge!r}. The docstring asks for 401 and 'Bearer'. Look at what "
            "`find_person` returns, and at which check comes first."
        )


@pytest.mark.parametrize(
    ("token", "allowed", "forbidden"),
    [("t-cem", 31, 32), ("t-dr", 32, 33), ("t-dr", 31, 0)],
)
def test_q1_without_the_permission_the_response_is_403(
    clinic, token, allowed, forbidden
):
    body = f"the record of patient {allowed}"
    response = clinic.read(allowed, f"Bearer {token}")
    assert seen(response) == (200, body), (
        f"{clinic.people[token]} may read the record of patient {allowed}. The "
        f"response was {in_words(seen(response))}. The docstring asks for 200 and "
        f"{body!r}. Look at how you use `find_person` and `may_read`."
    )
    response = clinic.read(forbidden, f"Bearer {token}")
    challenge = response.headers.get("www-authenticate")
    assert (response.status_code, challenge) == (403, None), (
        f"{clinic.people[token]} may not read the record of patient {forbidden}. The "
        f"status code was {response.status_code}, and the header `WWW-Authenticate` "
        f"was {challenge!r}. The docstring asks for 403 without this header. Look at "
        "the check of the permission."
    )


def test_q1_both_checks_are_made_for_every_request(clinic):
    statuses = [clinic.read(31, "Bearer t-cem").status_code]
    clinic.permissions.remove(("Cem", 31))
    statuses.append(clinic.read(31, "Bearer t-cem").status_code)
    clinic.permissions.add(("Cem", 31))
    statuses.append(clinic.read(31, "Bearer t-cem").status_code)
    clinic.people.pop("t-cem")
    statuses.append(clinic.read(31, "Bearer t-cem").status_code)

    assert statuses == [200, 403, 200, 401], (
        "Cem lost the permission, got it back, and then his token ended. The status "
        f"codes were {statuses}. The docstring asks to make both checks for every "
        "request: 200, 403, 200, 401. Look at where you call the two functions."
    )


def test_q1_a_token_moves_to_another_person(clinic):
    before = clinic.read(32, "Bearer t-cem").status_code
    clinic.people["t-cem"] = "Dr. van Dam"
    after = clinic.read(32, "Bearer t-cem").status_code

    assert (before, after) == (403, 200), (
        "The same token belonged to Cem, who may not read the record, and then to Dr. "
        f"Ito, who may. The status codes were {before} and {after}. The docstring asks "
        "for 403, then 200. Look at where you call `find_person`."
    )


class Notes:
    """An application that takes notes. It keeps what it reads in a request."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.notes: list[str] = []
        self.app = FastAPI()
        self.app.post("/{path:path}")(self.take)

    async def take(self, request: Request) -> None:
        """Take a note."""
        body = (await request.body()).decode()
        self.notes.append(body)
        self.read += [
            request.headers["host"],
            request.url.path,
            request.headers.get("authorization", ""),
            body,
        ]


@contextmanager
def man_in_the_middle(to: int, change: Callable[[int, bytes], bytes]) -> Iterator[int]:
    """Yield a port that leads one connection to the port `to`.

    `change` gets the number of each block that the client sends, and the block.
    """

    def pass_on(source: socket.socket, target: socket.socket, is_client: bool) -> None:
        with suppress(OSError):
            number = 0
            while block := source.recv(65_536):
                target.sendall(change(number, block) if is_client else block)
                number += 1
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def accept(listener: socket.socket) -> None:
        with (
            listener.accept()[0] as near,
            socket.create_connection(("127.0.0.1", to)) as far,
        ):
            threads = [
                threading.Thread(target=pass_on, args=way, daemon=True)
                for way in ((near, far, True), (far, near, False))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(30)


def parts(answers: Any, text: str) -> set[str]:
    """Return which parts of the laptop's request can be read in `text`."""
    words = {
        "host": "localhost",
        "path": "/patients/4711/notes",
        "token": answers.TOKEN,
        "note": "10 mg",
    }
    return {part for part, word in words.items() if word in text}


def read_on_the_way(answers: Any, sides: Tls | None) -> set[str]:
    """Return what can be read in the bytes that the laptop sends to the server."""
    notes = Notes()
    with serve(notes.app, tls=sides) as server, wire(server.port) as line:
        url = server.url.replace("127.0.0.1", "localhost")
        url = url.replace(str(server.port), str(line.port))
        answers.send_note(url, sides.client if sides else True)
        assert notes.notes == ["10 mg"], "The server of the test got no note."
        return parts(answers, line.sent.decode("latin-1"))


def note_after_change(answers: Any, sides: Tls | None) -> str | None:
    """Return the note that the server gets when somebody changes it on the way."""

    def change(number: int, block: bytes) -> bytes:
        if not sides:
            return block.replace(b"10 mg", b"90 mg")
        # The first block is the beginning of the handshake, which is not encrypted.
        return block[:-1] + bytes([block[-1] ^ 1]) if number else block

    notes = Notes()
    with serve(notes.app, tls=sides) as server:
        with man_in_the_middle(server.port, change) as port:
            url = f"{'https' if sides else 'http'}://localhost:{port}"
            with suppress(httpx2.TransportError):
                answers.send_note(url, sides.client if sides else True)
        return notes.notes[0] if notes.notes else None


def read_by_false_server(answers: Any, is_checked: bool) -> set[str]:
    """Return what a server with a certificate of another authority can read."""
    notes, false = Notes(), tls()
    with serve(notes.app, tls=false) as server, wire(server.port) as line:
        with suppress(httpx2.TransportError):
            verify = tls().client if is_checked else False
            answers.send_note(f"https://localhost:{line.port}", verify)
        heard = line.sent.decode("latin-1")
        return parts(answers, " ".join([heard, *notes.read]))


REAL: dict[str, Callable[[Any], object]] = {
    "read over HTTP": lambda answers: read_on_the_way(answers, None),
    "read over HTTPS": lambda answers: read_on_the_way(answers, tls()),
    "changed over HTTP": lambda answers: note_after_change(answers, None),
    "changed over HTTPS": lambda answers: note_after_change(answers, tls()),
    "read by a false server": lambda answers: read_by_false_server(answers, True),
    "read by a false server, verify=False": (
        lambda answers: read_by_false_server(answers, False)
    ),
}
OBSERVED: dict[tuple[str, CodeType], object] = {}


def real(answers: Any, key: str) -> object:
    """Return what really happens; each run is made once for the same `send_note`."""
    run = (key, answers.send_note.__code__)
    if run not in OBSERVED:
        OBSERVED[run] = REAL[key](answers)
    return OBSERVED[run]


LOOK_AT = {
    "read over HTTP": "Look at `send_note`: all of it becomes the text of a request.",
    "read over HTTPS": (
        "HTTPS encrypts the HTTP request. Look at what the client says before that, so "
        "that the server can choose its certificate."
    ),
    "changed over HTTP": "HTTP itself has nothing that shows such a change.",
    "changed over HTTPS": (
        "Each encrypted block has a checksum that needs the key. If it is wrong, the "
        "server ends the connection."
    ),
    "read by a false server": (
        "The client checks the certificate before it sends the request. Look at what "
        "it sends before the check."
    ),
    "read by a false server, verify=False": (
        "`verify=False` accepts every certificate. So the false server has the key of "
        "the connection."
    ),
}


@pytest.mark.parametrize("key", REAL)
def test_q2_what_others_can_do_is_predicted(answers, key):
    predictions = answers.on_the_network()
    assert isinstance(predictions, dict), (
        f"`on_the_network()` returned {in_words(predictions)}. The docstring asks for "
        "a dict. Look at the `return`."
    )
    assert key in predictions, (
        f"The dict has no key {key!r}. The docstring asks for it. Its keys are "
        f"{in_words(list(predictions))}. Look at the `return`."
    )
    predicted = predictions[key]
    if key.startswith("read"):
        known = isinstance(predicted, set | frozenset) and all(
            part in ("host", "path", "token", "note") for part in predicted
        )
        assert known, (
            f"For {key!r} you predict {in_words(predicted)}. The docstring asks for a "
            'set with some of "host", "path", "token" and "note".'
        )

    is_right = predicted == real(answers, key)
    assert is_right, (
        f"For {key!r} you predict {in_words(predicted)}. The real run came out "
        f"differently. {LOOK_AT[key]}"
    )


class Portal:
    """The application of 5.1.3, with the patient who sends the next requests."""

    def __init__(self, answers: Any) -> None:
        @dataclasses.dataclass
        class Patient(answers.Patient):
            insurance: str = "public"

        self.name: str | None = "Eva"
        self.patients = {
            name: Patient(name, f"0{number}", f"{number}@example.com")
            for number, name in enumerate(("Eva", "Eva M", "Finn"), 1)
        }
        self.patients["Finn"].role = "doctor"
        self.appointments = {
            number: answers.Appointment(name, f"visit {number}")
            for number, name in ((11, "Eva"), (12, "Eva M"), (13, "Finn"), (14, "eva"))
        }

        def logged_in() -> str:
            if self.name is None:
                raise HTTPException(401)
            return self.name

        self._app = answers.portal_app(logged_in, self.patients, self.appointments)

    def send(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """Return the response to a request of the patient `name`."""
        return send(self._app, "portal_app(...)", method, path, **request)

    def state(self, name: str) -> dict[str, str]:
        """Return the fields of a patient."""
        return dataclasses.asdict(self.patients[name])


@pytest.fixture
def portal(answers) -> Portal:
    """The application of 5.1.3 with three patients."""
    return Portal(answers)


@pytest.mark.parametrize(
    ("name", "own", "others"),
    [("Eva", 11, [12, 13, 14]), ("Eva M", 12, [11, 13]), ("Finn", 13, [11, 12])],
)
def test_q3_the_appointment_of_another_patient_returns_404(portal, name, own, others):
    portal.name = name
    expected = {"patient": name, "reason": f"visit {own}"}
    response = portal.send("GET", f"/appointments/{own}")
    assert seen(response) == (200, expected), (
        f"{name} has this appointment. The response was {in_words(seen(response))}. "
        f"The docstring asks for the same response as today: 200 and {expected}."
    )
    missing = seen(portal.send("GET", "/appointments/99"))
    for number in others:
        got = seen(portal.send("GET", f"/appointments/{number}"))
        assert (got, got[0]) == (missing, 404), (
            f"{name} asked for appointment {number}, which is not {name}'s. The "
            f"response was {in_words(got)}. For 99, which does not exist, it was "
            f"{in_words(missing)}. The docstring asks for the same 404."
        )


def test_q3_the_owner_is_checked_for_every_request(portal):
    before = portal.send("GET", "/appointments/11").status_code
    portal.appointments[11].patient = "Finn"
    after = portal.send("GET", "/appointments/11").status_code
    portal.name = "Finn"
    new = portal.send("GET", "/appointments/11").status_code

    assert (before, after, new) == (200, 404, 200), (
        "Appointment 11 moved from Eva to Finn. The status codes were "
        f"{before} for Eva before, {after} for Eva after, and {new} for Finn. The "
        "docstring asks for 200, 404 and 200. Look at where you compare the names."
    )


def test_q3_without_a_login_every_endpoint_returns_401(portal):
    before = portal.state("Eva")
    portal.name = None
    got = [
        portal.send(method, path, json=body).status_code
        for method, path, body in (
            ("GET", "/appointments/11", None),
            ("PATCH", "/profile", {"phone": "0555"}),
            ("GET", "/logged-in?page=/records", None),
        )
    ]
    assert (got, portal.state("Eva")) == ([401] * 3, before), (
        "`logged_in` raised HTTPException(401). The status codes of the three "
        f"endpoints were {got}. The docstring asks for the same responses as today: "
        "401. Look at where you use `logged_in`."
    )
    portal.name = "Eva"
    status = portal.send("GET", "/appointments/12").status_code
    assert status == 404, (
        f"Eva asked for appointment 12, which is not Eva's, and got {status}. The "
        "docstring asks for 404."
    )


ATTACKS = {
    "role": {"role": "doctor"},
    "name": {"name": "Finn"},
    "new-column": {"insurance": "private"},
    "unknown": {"is_admin": "true"},
    "class": {"__class__": "doctor"},
    "hidden": {"email": "eva@example.org", "role": "doctor", "phone": "0777"},
}


def assert_phone_can_change(portal: Any) -> None:
    """Check that a body with an allowed field still works."""
    allowed = {"phone": "0555"}
    status = portal.send("PATCH", "/profile", json=allowed).status_code
    assert (status, portal.state("Eva")["phone"]) == (200, "0555"), (
        f"Eva sent `PATCH /profile` with {allowed}. The status code was {status}, and "
        f"her phone is {portal.state('Eva')['phone']!r}. The docstring asks for 200 "
        "and the new number."
    )


def forbidden_changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return which fields of which patients changed, other than phone and email."""
    return [
        f"{field} of {name}"
        for name in before
        for field, value in before[name].items()
        if after[name].get(field) != value and field not in ("phone", "email")
    ]


@pytest.mark.parametrize("body", ATTACKS.values(), ids=ATTACKS)
def test_q3_other_fields_are_not_changed(portal, body):
    before = {name: portal.state(name) for name in portal.patients}
    response = portal.send("PATCH", "/profile", json=body)
    after = {name: portal.state(name) for name in portal.patients}
    extra = vars(portal.patients["Eva"]).keys() - portal.state("Eva").keys()

    assert response.status_code in (200, 422), (
        f"`PATCH /profile` with {body} returned {in_words(seen(response))}. The "
        "docstring asks for 200 or 422 if the body has other fields."
    )
    changed = forbidden_changes(before, after)
    changed += [f"{field} of Eva" for field in sorted(extra)]
    assert changed == [], (
        f"Eva sent `PATCH /profile` with {body}. It changed {in_words(changed)}. The "
        "docstring asks that patients change only their `phone` and `email`. Look at "
        "which fields your code allows."
    )
    own = ("phone", "email") if response.status_code == 200 else ()
    wanted = {key: body[key] for key in own if key in body}
    set_to = {
        field: value
        for field, value in after["Eva"].items()
        if value != before["Eva"][field]
    }
    assert after == {**before, "Eva": {**before["Eva"], **wanted}}, (
        f"Eva sent `PATCH /profile` with {body}. The status code was "
        f"{response.status_code}, and it changed {in_words(set_to)}. The docstring "
        "asks to ignore only the other fields and to return 200, or to return 422 and "
        "to change nothing."
    )
    assert_phone_can_change(portal)


CHANGES = [
    {},
    {"phone": "0999"},
    {"email": "new@example.com"},
    {"phone": "", "email": "e@example.com"},
    {"phone": " 09 99 ", "email": f"At Home{' or at work' * 40}"},
]


@pytest.mark.parametrize("body", CHANGES, ids=["none", "phone", "email", "both", "odd"])
def test_q3_phone_and_email_are_changed(portal, body):
    before = {name: portal.state(name) for name in portal.patients}
    response = portal.send("PATCH", "/profile", json=body)
    got = (seen(response)[0], {name: portal.state(name) for name in portal.patients})

    expected = (200, {**before, "Eva": {**before["Eva"], **body}})
    assert got == expected, (
        f"Eva sent `PATCH /profile` with {body}. The status code was {got[0]}, and the "
        f"patient is {in_words(portal.state('Eva'))}. The docstring asks for the same "
        "response as today: 200, and only the fields in the body are changed."
    )
    shown = {
        key: portal.state("Eva")[key] for key in ("name", "phone", "email", "role")
    }
    body_seen = seen(response)[1]
    assert body_seen == shown, (
        f"`PATCH /profile` with {body} returned {in_words(body_seen)}. The docstring "
        "asks for the same response as today: the patient, with name, phone, email and "
        "role."
    )
    portal.send("PATCH", "/profile", json={"role": "doctor"})
    assert portal.state("Eva")["role"] == "patient", (
        'After `PATCH /profile` with {"role": "doctor"}, Eva is a doctor. The '
        "docstring asks that patients change only `phone` and `email`."
    )


@pytest.mark.parametrize(
    "body",
    [{"phone": None}, {"phone": 5}, {"email": ["a"]}, [], "0123", None],
    ids=["null", "number", "list", "no-object", "text", "no-body"],
)
def test_q3_an_invalid_body_returns_422_as_today(portal, body):
    before = portal.state("Eva")
    status = portal.send("PATCH", "/profile", json=body).status_code
    assert (status, portal.state("Eva")) == (422, before), (
        f"`PATCH /profile` with {body!r} returned {status}, and the patient is "
        f"{in_words(portal.state('Eva'))}. The docstring asks for the same response as "
        "today: 422, and nothing is changed. Look at the types of the fields."
    )
    portal.send("PATCH", "/profile", json={"role": "doctor"})
    assert portal.state("Eva")["role"] == "patient", (
        'After `PATCH /profile` with {"role": "doctor"}, Eva is a doctor. The '
        "docstring asks that patients change only `phone` and `email`."
    )


TARGETS = {
    "site": "https://evil.example",
    "site-with-page": "https://evil.example/records",
    "no-scheme": "//evil.example/records",
    "backslash": "/\\evil.example/records",
    "script": "javascript:alert(1)",
    "prefix": "/records.evil.example",
    "user": "/records@evil.example",
    "below": "/records/../../evil",
    "suffix": "evil.example/records",
    "tab": "/\t/evil.example",
    "header": "/records\r\nSet-Cookie: session=evil",
    "line": "/records\n",
    "space": " /records",
    "space-after": "/records ",
    "slash-after": "/records/",
    "query": "/records?page=//evil.example",
    "case": "/RECORDS",
    "part": "/record",
    "root": "/",
    "empty": "",
}


@pytest.mark.parametrize("page", TARGETS.values(), ids=TARGETS)
def test_q3_another_target_is_not_redirected_to(portal, answers, page):
    response = portal.send("GET", "/logged-in", params={"page": page})
    location = response.headers.get("location")
    assert (response.status_code in (400, 422), location) == (True, None), (
        f"`page` was {page!r}, which is not in `PAGES`. The status code was "
        f"{response.status_code}, and `Location` was {location!r}. The docstring asks "
        "for 400 or 422. Look at what your code allows."
    )


def test_q3_the_pages_are_redirected_to(portal, answers):
    for page in answers.PAGES:
        response = portal.send("GET", "/logged-in", params={"page": page})
        got = (response.status_code, response.headers.get("location"))
        assert got == (307, page), (
            f"`page` was {page!r}, which is in `PAGES`. The status code and `Location` "
            f"were {in_words(got)}. The docstring asks for the same redirect as today: "
            f"307 to {page!r}."
        )
    missing = portal.send("GET", "/logged-in").status_code
    evil = portal.send("GET", "/logged-in?page=//evil.example").status_code
    assert (missing, evil in (400, 422)) == (422, True), (
        f"`GET /logged-in` without `page` returned {missing}, and {evil} with "
        "`page=//evil.example`. The docstring asks for 422 as today, and for 400 or "
        "422."
    )
