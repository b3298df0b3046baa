"""Other answers to section 5.1."""

import dataclasses
from functools import cache
from typing import Literal
from urllib.parse import urlparse

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from pydantic import ConfigDict

from sensei.variants import right, wrong


@wrong("5.1.1", caught_by="test_q1_without_a_valid_token_the_response_is_401")
def records_app() -> FastAPI:
    """Return 403 from both checks."""
    app = FastAPI()

    @app.get("/patients/{patient}/record")
    def read_record(patient: int, bearer: Bearer) -> str:
        person = find_person(bearer.credentials)
        if person is None or not may_read(person, patient):
            raise HTTPException(403)
        return f"the record of patient {patient}"

    return app


@wrong("5.1.1", caught_by="test_q1_without_the_permission_the_response_is_403")
def records_app() -> FastAPI:
    """Return 401 from both checks."""
    app = FastAPI()

    @app.get("/patients/{patient}/record")
    def read_record(patient: int, bearer: Bearer) -> str:
        person = find_person(bearer.credentials)
        if person is None or not may_read(person, patient):
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        return f"the record of patient {patient}"

    return app


@wrong("5.1.1", caught_by="test_q1_without_a_valid_token_the_response_is_401")
def records_app() -> FastAPI:
    """Leave out the header of the 401."""
    app = FastAPI()

    @app.get("/patients/{patient}/record")
    def read_record(patient: int, bearer: Bearer) -> str:
        person = find_person(bearer.credentials)
        if person is None:
            raise HTTPException(401)
        if not may_read(person, patient):
            raise HTTPException(403)
        return f"the record of patient {patient}"

    return app


@wrong("5.1.1", caught_by="test_q1_without_the_permission_the_response_is_403")
def records_app() -> FastAPI:
    """Send the header with the 403, too."""
    app = FastAPI()

    @app.get("/patients/{patient}/record")
    def read_record(patient: int, bearer: Bearer) -> str:
        headers = {"WWW-Authenticate": "Bearer"}
        person = find_person(bearer.credentials)
        if person is None:
            raise HTTPException(401, headers=headers)
        if not may_read(person, patient):
            raise HTTPException(403, headers=headers)
        return f"the record of patient {patient}"

    return app


@wrong(
    "5.1.1", caught_by="test_q1_without_a_valid_token_the_response_is_401[31-everybody]"
)
def records_app() -> FastAPI:
    """Check the permission of None first."""
    app = FastAPI()

    @app.get("/patients/{patient}/record")
    def read_record(patient: int, bearer: Bearer) -> str:
        person = find_person(bearer.credentials)
        if not may_read(person, patient):
            if person is None:
                raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
            raise HTTPException(403)
        return f"the record of patient {patient}"

    return app


@wrong("5.1.1", caught_by="test_q1_without_the_permission_the_response_is_403")
def records_app() -> FastAPI:
    """Check only who it is."""
    app = FastAPI()

    @app.get("/patients/{patient}/record")
    def read_record(patient: int, bearer: Bearer) -> str:
        if find_person(bearer.credentials) is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        return f"the record of patient {patient}"

    return app


@wrong("5.1.1", caught_by="test_q1_without_the_permission_the_response_is_403")
def records_app() -> FastAPI:
    """Pass the token to `may_read`."""
    app = FastAPI()

    @app.get("/patients/{patient}/record")
    def read_record(patient: int, bearer: Bearer) -> str:
        if find_person(bearer.credentials) is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        if not may_read(bearer.credentials, patient):
            raise HTTPException(403)
        return f"the record of patient {patient}"

    return app


@wrong("5.1.1", caught_by="test_q1_without_the_permission_the_response_is_403")
def records_app() -> FastAPI:
    """Hide the record with a 404."""
    app = FastAPI()

    @app.get("/patients/{patient}/record")
    def read_record(patient: int, bearer: Bearer) -> str:
        person = find_person(bearer.credentials)
        if person is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        if not may_read(person, patient):
            raise HTTPException(404)
        return f"the record of patient {patient}"

    return app


@wrong("5.1.1", caught_by="test_q1_both_checks_are_made_for_every_request")
def records_app() -> FastAPI:
    """Remember the persons and their permissions."""
    app = FastAPI()

    person_with, allowed = cache(find_person), cache(may_read)

    @app.get("/patients/{patient}/record")
    def read_record(patient: int, bearer: Bearer) -> str:
        person = person_with(bearer.credentials)
        if person is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        if not allowed(person, patient):
            raise HTTPException(403)
        return f"the record of patient {patient}"

    return app


@wrong("5.1.1", caught_by="test_q1_both_checks_are_made_for_every_request")
def records_app() -> FastAPI:
    """Let everybody in who was let in once."""
    app = FastAPI()

    known = set()

    @app.get("/patients/{patient}/record")
    def read_record(patient: int, bearer: Bearer) -> str:
        if (bearer.credentials, patient) in known:
            return f"the record of patient {patient}"
        person = find_person(bearer.credentials)
        if person is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        if not may_read(person, patient):
            raise HTTPException(403)
        known.add((bearer.credentials, patient))
        return f"the record of patient {patient}"

    return app


@wrong("5.1.1", caught_by="test_q1_a_token_moves_to_another_person")
def records_app() -> FastAPI:
    """Remember who has a token."""
    app = FastAPI()

    people = {}

    @app.get("/patients/{patient}/record")
    def read_record(patient: int, bearer: Bearer) -> str:
        person = people.get(bearer.credentials) or find_person(bearer.credentials)
        if find_person(bearer.credentials) is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        people[bearer.credentials] = person
        if not may_read(person, patient):
            raise HTTPException(403)
        return f"the record of patient {patient}"

    return app


@right("5.1.1")
def records_app() -> FastAPI:
    """Two dependencies, one for each check."""
    app = FastAPI()

    def current_person(bearer: Bearer) -> str:
        if (person := find_person(bearer.credentials)) is None:
            raise HTTPException(401, "Log in.", {"www-authenticate": "Bearer"})
        return person

    async def check(patient: int, person: Annotated[str, Depends(current_person)]):
        if not may_read(person, patient):
            raise HTTPException(403, "You may not read this record.")

    @app.get("/patients/{patient}/record")
    def read_record(patient: int, _: Annotated[None, Depends(check)]) -> str:
        pass
        return f"the record of patient {patient}"

    return app


@right("5.1.1")
def records_app() -> FastAPI:
    """Return responses, and read the header oneself."""
    app = FastAPI()

    @app.get("/patients/{patient}/record")
    async def read_record(patient: int, request: Request):
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        person = find_person(token) if scheme.lower() == "bearer" else None
        if person is None:
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        if may_read(person, patient):
            return f"the record of patient {patient}"
        return JSONResponse({"detail": "forbidden"}, 403)

    return app


@wrong("5.1.2", caught_by="test_q2_what_others_can_do_is_predicted[read over HTTP]")
def on_the_network() -> dict[str, object]:
    """Expect headers to be hidden."""
    return {
        "read over HTTP": {"path", "note"},
        "read over HTTPS": {"host"},
        "changed over HTTP": "90 mg",
        "changed over HTTPS": None,
        "read by a false server": {"host"},
        "read by a false server, verify=False": {"host", "path", "token", "note"},
    }


@wrong("5.1.2", caught_by="test_q2_what_others_can_do_is_predicted[read over HTTPS]")
def on_the_network() -> dict[str, object]:
    """Expect HTTPS to hide the name of the host."""
    return {
        "read over HTTP": {"host", "path", "token", "note"},
        "read over HTTPS": set(),
        "changed over HTTP": "90 mg",
        "changed over HTTPS": None,
        "read by a false server": {"host"},
        "read by a false server, verify=False": {"host", "path", "token", "note"},
    }


@wrong("5.1.2", caught_by="test_q2_what_others_can_do_is_predicted[read over HTTPS]")
def on_the_network() -> dict[str, object]:
    """Expect HTTPS to hide only headers and body."""
    return {
        "read over HTTP": {"host", "path", "token", "note"},
        "read over HTTPS": {"host", "path"},
        "changed over HTTP": "90 mg",
        "changed over HTTPS": None,
        "read by a false server": {"host"},
        "read by a false server, verify=False": {"host", "path", "token", "note"},
    }


@wrong("5.1.2", caught_by="test_q2_what_others_can_do_is_predicted[changed over HTTP]")
def on_the_network() -> dict[str, object]:
    """Expect HTTP to notice the change, and to repeat the request."""
    return {
        "read over HTTP": {"host", "path", "token", "note"},
        "read over HTTPS": {"host"},
        "changed over HTTP": "10 mg",
        "changed over HTTPS": None,
        "read by a false server": {"host"},
        "read by a false server, verify=False": {"host", "path", "token", "note"},
    }


@wrong("5.1.2", caught_by="test_q2_what_others_can_do_is_predicted[changed over HTTP]")
def on_the_network() -> dict[str, object]:
    """Expect HTTP to refuse a changed request."""
    return {
        "read over HTTP": {"host", "path", "token", "note"},
        "read over HTTPS": {"host"},
        "changed over HTTP": None,
        "changed over HTTPS": None,
        "read by a false server": {"host"},
        "read by a false server, verify=False": {"host", "path", "token", "note"},
    }


@wrong("5.1.2", caught_by="test_q2_what_others_can_do_is_predicted[changed over HTTPS]")
def on_the_network() -> dict[str, object]:
    """Expect HTTPS to repair the change."""
    return {
        "read over HTTP": {"host", "path", "token", "note"},
        "read over HTTPS": {"host"},
        "changed over HTTP": "90 mg",
        "changed over HTTPS": "10 mg",
        "read by a false server": {"host"},
        "read by a false server, verify=False": {"host", "path", "token", "note"},
    }


@wrong("5.1.2", caught_by="test_q2_what_others_can_do_is_predicted[changed over HTTPS]")
def on_the_network() -> dict[str, object]:
    """Expect the changed note to arrive."""
    return {
        "read over HTTP": {"host", "path", "token", "note"},
        "read over HTTPS": {"host"},
        "changed over HTTP": "90 mg",
        "changed over HTTPS": "90 mg",
        "read by a false server": {"host"},
        "read by a false server, verify=False": {"host", "path", "token", "note"},
    }


@wrong(
    "5.1.2", caught_by="test_q2_what_others_can_do_is_predicted[read by a false server]"
)
def on_the_network() -> dict[str, object]:
    """Expect the client to notice the false server after the request."""
    return {
        "read over HTTP": {"host", "path", "token", "note"},
        "read over HTTPS": {"host"},
        "changed over HTTP": "90 mg",
        "changed over HTTPS": None,
        "read by a false server": {"host", "path", "token", "note"},
        "read by a false server, verify=False": {"host", "path", "token", "note"},
    }


@wrong(
    "5.1.2", caught_by="test_q2_what_others_can_do_is_predicted[read by a false server]"
)
def on_the_network() -> dict[str, object]:
    """Expect the false server to get nothing at all."""
    return {
        "read over HTTP": {"host", "path", "token", "note"},
        "read over HTTPS": {"host"},
        "changed over HTTP": "90 mg",
        "changed over HTTPS": None,
        "read by a false server": set(),
        "read by a false server, verify=False": {"host", "path", "token", "note"},
    }


@wrong(
    "5.1.2",
    caught_by="test_q2_what_others_can_do_is_predicted[read by a false server, verify=False]",
)
def on_the_network() -> dict[str, object]:
    """Expect encryption to help with `verify=False`."""
    return {
        "read over HTTP": {"host", "path", "token", "note"},
        "read over HTTPS": {"host"},
        "changed over HTTP": "90 mg",
        "changed over HTTPS": None,
        "read by a false server": {"host"},
        "read by a false server, verify=False": {"host"},
    }


@wrong("5.1.2", caught_by="test_q2_what_others_can_do_is_predicted[read over HTTPS]")
def on_the_network() -> dict[str, object]:
    """Write a list in the place of a set."""
    return {
        "read over HTTP": {"host", "path", "token", "note"},
        "read over HTTPS": ["host"],
        "changed over HTTP": "90 mg",
        "changed over HTTPS": None,
        "read by a false server": {"host"},
        "read by a false server, verify=False": {"host", "path", "token", "note"},
    }


@right("5.1.2")
def on_the_network() -> dict[str, object]:
    """Sets that cannot be changed."""
    return {
        "read over HTTP": {"host", "path", "token", "note"},
        "read over HTTPS": frozenset(["host"]),
        "changed over HTTP": "90 mg",
        "changed over HTTPS": None,
        "read by a false server": frozenset({"host"}),
        "read by a false server, verify=False": {"host", "path", "token", "note"},
    }


@right("5.1.2")
def on_the_network():
    """Put the sets together."""
    everything = set("host path token note".split())
    encrypted = everything - {"path", "token", "note"}
    return dict(
        [
            ("changed over HTTP", "90 mg"),
            ("changed over HTTPS", None),
            ("read over HTTP", everything),
            ("read over HTTPS", encrypted),
            ("read by a false server", encrypted),
            ("read by a false server, verify=False", everything),
        ]
    )


@wrong("5.1.3", caught_by="test_q3_the_appointment_of_another_patient_returns_404")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Check only that the appointment exists."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_the_appointment_of_another_patient_returns_404")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Return 403, which shows that the appointment exists."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None:
            raise HTTPException(404)
        if appointment.patient != name:
            raise HTTPException(403)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_the_appointment_of_another_patient_returns_404")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Return a 404 with a text of its own."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None:
            raise HTTPException(404)
        if appointment.patient != name:
            raise HTTPException(404, "This is not your appointment.")
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong(
    "5.1.3",
    caught_by="test_q3_the_appointment_of_another_patient_returns_404[Eva-11-others0]",
)
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Look for the name in the patient's name."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or name not in appointment.patient:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong(
    "5.1.3",
    caught_by="test_q3_the_appointment_of_another_patient_returns_404[Eva M-12-others1]",
)
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Look for the patient's name in the name."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or not name.startswith(appointment.patient):
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong(
    "5.1.3",
    caught_by="test_q3_the_appointment_of_another_patient_returns_404[Eva-11-others0]",
)
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Compare the names in lower case."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient.lower() != name.lower():
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_the_owner_is_checked_for_every_request")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Look up the owners when the application is created."""
    app = FastAPI()
    owners = {number: one.patient for number, one in appointments.items()}

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        if owners.get(number) != name:
            raise HTTPException(404)
        return appointments[number]

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_other_fields_are_not_changed[name]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Forbid the role only."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field != "role":
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_other_fields_are_not_changed[new-column]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Forbid the role and the name."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field in ("role", "name"):
            changes.pop(field, None)
        for field, value in changes.items():
            setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_other_fields_are_not_changed[role]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Change only attributes that exist."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in vars(patients[name]):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_other_fields_are_not_changed[unknown]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Forbid the fields of a patient."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        forbidden = vars(patients[name]).keys() - {"phone", "email"}
        for field, value in changes.items():
            if field not in forbidden:
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_other_fields_are_not_changed[role]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Take a patient as the body."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(changes: Patient, name: str = Depends(logged_in)) -> Patient:
        for field in ("phone", "email", "role"):
            setattr(patients[name], field, getattr(changes, field))
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_phone_and_email_are_changed[phone]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Set fields that are not in the body to their defaults."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    class ProfileIn(BaseModel):
        phone: str = ""
        email: str = ""

    @app.patch("/profile")
    def change_profile(changes: ProfileIn, name: str = Depends(logged_in)) -> Patient:
        for field, value in changes.model_dump().items():
            setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_phone_and_email_are_changed[both]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Leave out empty texts."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    class ProfileIn(BaseModel):
        phone: str = ""
        email: str = ""

    @app.patch("/profile")
    def change_profile(changes: ProfileIn, name: str = Depends(logged_in)) -> Patient:
        for field, value in changes.model_dump(exclude_defaults=True).items():
            setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_phone_and_email_are_changed[none]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Require both fields."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    class ProfileIn(BaseModel):
        phone: str
        email: str

    @app.patch("/profile")
    def change_profile(changes: ProfileIn, name: str = Depends(logged_in)) -> Patient:
        for field, value in changes.model_dump().items():
            setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_an_invalid_body_returns_422_as_today[null]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Take null for a field that is left out."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    class ProfileIn(BaseModel):
        phone: str | None = None
        email: str | None = None

    @app.patch("/profile")
    def change_profile(changes: ProfileIn, name: str = Depends(logged_in)) -> Patient:
        for field, value in changes.model_dump(exclude_none=True).items():
            setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_other_fields_are_not_changed[new-column]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Create the patient anew."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        old = patients[name]
        phone, email = changes.get("phone", old.phone), changes.get("email", old.email)
        patients[name] = Patient(name, phone, email, old.role)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_other_fields_are_not_changed[role]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Set the role back, but only if the body has the phone, too."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            setattr(patients[name], field, value)
        patients[name].role = "patient" if "phone" in changes else patients[name].role
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_another_target_is_not_redirected_to[no-scheme]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Allow what begins with a slash."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if not page.startswith("/"):
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_another_target_is_not_redirected_to[backslash]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Allow what begins with one slash."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if not page.startswith("/") or page.startswith("//"):
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_another_target_is_not_redirected_to[backslash]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Allow what has no host for `urlparse`."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if urlparse(page).netloc:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_another_target_is_not_redirected_to[prefix]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Allow what begins with a page."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if not page.startswith(PAGES):
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_another_target_is_not_redirected_to[suffix]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Allow what contains a page."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if not any(one in page for one in PAGES):
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_another_target_is_not_redirected_to[site-with-page]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Compare the path only."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if urlparse(page).path not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_another_target_is_not_redirected_to[line]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Compare without spaces."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page.strip() not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_another_target_is_not_redirected_to[case]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Compare in lower case."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page.lower() not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_another_target_is_not_redirected_to[part]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Allow the beginning of a page."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if not any(one.startswith(page) for one in PAGES):
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_another_target_is_not_redirected_to[site]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Forbid the target of the example."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if "//evil.example" == page:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_another_target_is_not_redirected_to[query]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Ignore the query."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page.partition("?")[0] not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_another_target_is_not_redirected_to[below]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Forbid schemes, two slashes and backslashes."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if (
            "://" in page
            or page.startswith("//")
            or "\\" in page
            or not page.startswith("/records")
        ):
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_another_target_is_not_redirected_to[site]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Redirect to the first page otherwise."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        return RedirectResponse(page if page in PAGES else PAGES[0])

    return app


@wrong("5.1.3", caught_by="test_q3_the_pages_are_redirected_to")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Allow one page."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page != "/records":
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_the_pages_are_redirected_to")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Redirect with another status code."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page, 303)

    return app


@wrong("5.1.3", caught_by="test_q3_the_pages_are_redirected_to")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Give `page` a default."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(
        page: str = "/records", name: str = Depends(logged_in)
    ) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_other_fields_are_not_changed[hidden]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Return 422 when the first fields have been changed."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field not in ("phone", "email"):
                raise HTTPException(422)
            setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_other_fields_are_not_changed[hidden]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Ignore the whole body if it has another field."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        if set(changes) <= {"phone", "email"}:
            for field, value in changes.items():
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_without_a_login_every_endpoint_returns_401")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Redirect everybody."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    class Changes(BaseModel):
        phone: str = ""
        email: str = ""

    @app.patch("/profile")
    def change_profile(changes: Changes, name: str = Depends(logged_in)) -> Patient:
        for field, value in changes.model_dump(exclude_unset=True).items():
            setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong(
    "5.1.3",
    caught_by="test_q3_another_target_is_not_redirected_to[slash-after]",
)
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Ignore a slash at the end."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    class Changes(BaseModel):
        phone: str = ""
        email: str = ""

    @app.patch("/profile")
    def change_profile(changes: Changes, name: str = Depends(logged_in)) -> Patient:
        for field, value in changes.model_dump(exclude_unset=True).items():
            setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page.rstrip("/") not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@wrong("5.1.3", caught_by="test_q3_phone_and_email_are_changed[odd]")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Remove spaces around the values."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    class Changes(BaseModel):
        phone: str = ""
        email: str = ""

    @app.patch("/profile")
    def change_profile(changes: Changes, name: str = Depends(logged_in)) -> Patient:
        for field, value in changes.model_dump(exclude_unset=True).items():
            setattr(patients[name], field, value.strip())
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page not in PAGES:
            raise HTTPException(400)
        return RedirectResponse(page)

    return app


@right("5.1.3")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Keep the dict, and skip other fields."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        for field, value in changes.items():
            if field in ("phone", "email"):
                setattr(patients[name], field, value)
        return patients[name]

    @app.get("/logged-in")
    def go_on(
        page: Literal["/appointments", "/records", "/records/new"],
        name: str = Depends(logged_in),
    ) -> RedirectResponse:
        return RedirectResponse(page)

    return app


@right("5.1.3")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Refuse other fields, and create a copy of the patient."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        own = {key: one for key, one in appointments.items() if one.patient == name}
        try:
            return own[number]
        except KeyError:
            raise HTTPException(404, "Not Found") from None

    class ProfileIn(BaseModel):
        model_config = ConfigDict(extra="forbid")

        phone: str = ""
        email: str = ""

    @app.patch("/profile")
    def change_profile(changes: ProfileIn, name: str = Depends(logged_in)) -> Patient:
        new = changes.model_dump(include=changes.model_fields_set)
        patients[name] = dataclasses.replace(patients[name], **new)
        return patients[name]

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        if page in PAGES:
            return RedirectResponse(page)
        raise HTTPException(422, "no page of this portal")

    return app


@right("5.1.3")
def portal_app(
    logged_in: Callable[..., str],
    patients: dict[str, Patient],
    appointments: dict[int, Appointment],
) -> FastAPI:
    """Check everything first."""
    app = FastAPI()

    @app.get("/appointments/{number}")
    def read_appointment(number: int, name: str = Depends(logged_in)) -> Appointment:
        appointment = appointments.get(number)
        if appointment is None or appointment.patient != name:
            raise HTTPException(404)
        return appointment

    def refuse():
        raise HTTPException(400)

    @app.patch("/profile")
    def change_profile(
        changes: dict[str, str], name: str = Depends(logged_in)
    ) -> Patient:
        if not set(changes) <= {"phone", "email"}:
            raise HTTPException(422)
        patient = patients[name]
        patient.phone = changes.get("phone", patient.phone)
        patient.email = changes.get("email", patient.email)
        return patient

    @app.get("/logged-in")
    def go_on(page: str, name: str = Depends(logged_in)) -> RedirectResponse:
        return RedirectResponse(
            next((one for one in PAGES if one == page), None) or refuse()
        )

    return app
