"""5.1  Security mechanisms.

Authentication finds out who sends a request. Authorization decides what this person may
do. Encryption protects the request on its way.
Notes: content/docs/fastapi/security/overview.md
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import httpx2
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import RedirectResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from sensei import ___

Bearer = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


def find_person(token: str) -> str | None:
    """Return the name of the person who has this token, or None."""
    return {"t-ana": "Ana", "t-ben": "Ben"}.get(token)


def may_read(person: str, patient: int) -> bool:
    """Return whether this person may read the record of this patient."""
    return (person, patient) in {("Ana", 7), ("Ben", 8)}


def records_app() -> FastAPI:
    """5.1.1  What are the key differences between authentication and authorization?

    Everybody who has logged in can read the records of all patients. And a phone app
    with an old token gets 403, so it does not show the login form. Repair the endpoint:
    it needs two checks with two different responses.

    - Authentication: if nobody has this token, or if the request has no token, the
      response is 401 with the header `WWW-Authenticate: Bearer`.
    - Authorization: if the person may not read this record, the response is 403,
      without this header. If the person may read it, the response stays as it is.
    - Both checks are made for every request, because tokens and permissions change.

    Given:
        The token is `bearer.credentials`. If the request has no token, `HTTPBearer`
        returns the 401 with the header itself.

    Example:
        GET /patients/7/record  Authorization: Bearer t-ana  ->  200
        GET /patients/7/record  Authorization: Bearer t-ben  ->  403
        GET /patients/7/record  Authorization: Bearer t-old  ->  401
    """
    app = FastAPI()

    @app.get("/patients/{patient}/record")
    def read_record(patient: int, bearer: Bearer) -> str:
        if find_person(bearer.credentials) is None:
            raise HTTPException(403)
        return f"the record of patient {patient}"

    return app


TOKEN = "t-4f0c81"


def send_note(url: str, verify: ssl.SSLContext | bool = True) -> None:
    """Send a note about patient 4711 to the server at `url`."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx2.Client(verify=verify, trust_env=False) as client:
        client.post(f"{url}/patients/4711/notes", headers=headers, content="10 mg")


def on_the_network() -> dict[str, object]:
    """5.1.2  How does HTTPS enhance API security?

    A doctor's laptop calls `send_note`. The host in `url` is `localhost`, and Uvicorn
    runs there. For HTTPS, `verify` is a context that trusts the clinic's certificate
    authority. Predict what other people on the network can do.

    - "read over HTTP" and "read over HTTPS": somebody records all bytes that the laptop
      sends. Write what can be read in them: a set with some of "host", "path", "token"
      and "note".
    - "changed over HTTP" and "changed over HTTPS": somebody in the middle changes the
      bytes of the note. Over HTTP, "10 mg" becomes "90 mg". Over HTTPS, one encrypted
      byte is changed. Write the note that the endpoint gets, or None if it gets none.
    - "read by a false server" and "read by a false server, verify=False": the laptop is
      led to a false server. Its certificate is for `localhost` too, but from another
      authority. Write what this server can read in all bytes that it gets: a set again.

    Example of a set:
        {"path", "note"}
    """
    return {
        "read over HTTP": ___,
        "read over HTTPS": ___,
        "changed over HTTP": ___,
        "changed over HTTPS": ___,
        "read by a false server": ___,
        "read by a false server, verify=False": ___,
    }


@dataclass
class Patient:
    """A patient of the clinic."""

    name: str
    phone: str = ""
    email: str = ""
    role: str = "patient"


@dataclass
class Appointment:
    """An appointment. `patient` is the name of the patient who has it."""

    patient: str
    reason: str


PAGES = ("/appointments", "/records", "/records/new")


def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """5.1.3  List three common API vulnerabilities and how to mitigate them.

    `logged_in` is a dependency that returns the name of the patient who sends the
    request. All patients log in, but the portal still has three vulnerabilities. Repair
    the three endpoints.

    - Broken object level authorization: patients can read the appointments of others.
      Return the same 404 as for a number that does not exist.
    - Mass assignment: the body `{"role": "doctor"}` makes a patient a doctor. Patients
      can change only their `phone` and `email`. If the body has other fields, ignore
      these and return 200, or return 422 and change nothing.
    - Open redirect: a link to `/logged-in?page=https://evil.example` begins with the
      clinic's address, but leads to a foreign site. Redirect only to the `PAGES`.
      Otherwise return 400 or 422.
    - All other requests have the same responses as today.

    Example:
        GET /appointments/2, which Ben has, from Ana                 ->  404
        PATCH /profile  {"phone": "0123", "role": "doctor"}          ->  200 or 422
        GET /logged-in?page=/records                                 ->  307
        GET /logged-in?page=//evil.example                           ->  400 or 422
    """
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(
        number: int, name: str = Depends(logged_in)
    ) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        return RedirectResponse(page)

    return app
