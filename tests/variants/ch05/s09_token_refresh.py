"""Other answers to section 5.9."""

import asyncio
from threading import Lock

from fastapi import Body, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from sensei.variants import right, wrong


def app_with(refresh):
    """Return an application with this endpoint."""
    app = FastAPI()
    app.post("/refresh")(refresh)
    return app


@wrong("5.9.1", caught_by="test_q1_a_refresh_token_works_once")
def refresh_app(patients):
    """Leave the old token as it is."""

    def refresh(body: RefreshIn) -> Tokens:
        patient = patients.get(body.refresh_token)
        if patient is None:
            raise unauthorized()
        patients[new := new_token()] = patient
        return Tokens(access_token=access_token(patient), refresh_token=new)

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_a_refresh_token_returns_new_tokens_for_its_patient")
def refresh_app(patients):
    """Return the old refresh token again."""

    def refresh(body: RefreshIn) -> Tokens:
        patient = patients.get(body.refresh_token)
        if patient is None:
            raise unauthorized()
        return Tokens(
            access_token=access_token(patient), refresh_token=body.refresh_token
        )

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_a_refresh_token_works_once")
def refresh_app(patients):
    """Return a new token, and do not store it."""

    def refresh(body: RefreshIn) -> Tokens:
        patient = patients.pop(body.refresh_token, None)
        if patient is None:
            raise unauthorized()
        return Tokens(access_token=access_token(patient), refresh_token=new_token())

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_an_unknown_refresh_token_returns_401[unknown]")
def refresh_app(patients):
    """Use `pop` without a default."""

    def refresh(body: RefreshIn) -> Tokens:
        patient = patients.pop(body.refresh_token)
        patients[new := new_token()] = patient
        return Tokens(access_token=access_token(patient), refresh_token=new)

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_an_unknown_refresh_token_returns_401")
def refresh_app(patients):
    """Return 401 without the header."""

    def refresh(body: RefreshIn) -> Tokens:
        patient = patients.pop(body.refresh_token, None)
        if patient is None:
            raise HTTPException(401)
        patients[new := new_token()] = patient
        return Tokens(access_token=access_token(patient), refresh_token=new)

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_an_unknown_refresh_token_returns_401")
def refresh_app(patients):
    """Return 403."""

    def refresh(body: RefreshIn) -> Tokens:
        patient = patients.pop(body.refresh_token, None)
        if patient is None:
            raise HTTPException(403, headers={"WWW-Authenticate": "Bearer"})
        patients[new := new_token()] = patient
        return Tokens(access_token=access_token(patient), refresh_token=new)

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_an_unknown_refresh_token_returns_401[dot]")
def refresh_app(patients):
    """Look up what stands before the dot, as if the token had two parts."""

    def refresh(body: RefreshIn) -> Tokens:
        patient = patients.pop(body.refresh_token.partition(".")[0], None)
        if patient is None:
            raise unauthorized()
        patients[new := new_token()] = patient
        return Tokens(access_token=access_token(patient), refresh_token=new)

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_an_access_token_is_no_refresh_token")
def refresh_app(patients):
    """Take an access token in the place of a refresh token."""

    def refresh(body: RefreshIn) -> Tokens:
        patient = patients.pop(body.refresh_token, None)
        if patient is None:
            try:
                claims = jwt.decode(body.refresh_token, KEY, algorithms=["HS256"])
            except jwt.InvalidTokenError:
                raise unauthorized() from None
            patient = claims["sub"]
        patients[new := new_token()] = patient
        return Tokens(access_token=access_token(patient), refresh_token=new)

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_other_refresh_tokens_stay_valid")
def refresh_app(patients):
    """End the other logins of the patient, too."""

    def refresh(body: RefreshIn) -> Tokens:
        patient = patients.get(body.refresh_token)
        if patient is None:
            raise unauthorized()
        for token in [token for token in patients if patients[token] == patient]:
            del patients[token]
        patients[new := new_token()] = patient
        return Tokens(access_token=access_token(patient), refresh_token=new)

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_the_new_refresh_token_works_and_is_new_each_time")
def refresh_app(patients):
    """Make the new token once, when the application is created."""
    new = new_token()

    def refresh(body: RefreshIn) -> Tokens:
        patient = patients.pop(body.refresh_token, None)
        if patient is None:
            raise unauthorized()
        patients[new] = patient
        return Tokens(access_token=access_token(patient), refresh_token=new)

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_a_refresh_token_returns_new_tokens_for_its_patient")
def refresh_app(patients):
    """Make the access token for the refresh token."""

    def refresh(body: RefreshIn) -> Tokens:
        patient = patients.pop(body.refresh_token, None)
        if patient is None:
            raise unauthorized()
        patients[new := new_token()] = patient
        access = access_token(body.refresh_token)
        return Tokens(access_token=access, refresh_token=new)

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_the_access_token_is_made_at_the_refresh")
def refresh_app(patients):
    """Make all access tokens when the application is created."""
    access = {patient: access_token(patient) for patient in patients.values()}

    def refresh(body: RefreshIn) -> Tokens:
        patient = patients.pop(body.refresh_token, None)
        if patient is None:
            raise unauthorized()
        patients[new := new_token()] = patient
        return Tokens(access_token=access[patient], refresh_token=new)

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_other_refresh_tokens_stay_valid")
def refresh_app(patients, known={}):
    """Keep one dict for all applications."""
    known.update(patients)

    def refresh(body: RefreshIn) -> Tokens:
        patient = known.pop(body.refresh_token, None)
        if patient is None:
            raise unauthorized()
        patients.pop(body.refresh_token, None)
        patients[new := new_token()] = known[new] = patient
        return Tokens(access_token=access_token(patient), refresh_token=new)

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_an_unknown_refresh_token_returns_401[unknown]")
def refresh_app(patients):
    """Return the exception instead of raising it."""

    def refresh(body: RefreshIn):
        patient = patients.pop(body.refresh_token, None)
        if patient is None:
            return HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        patients[new := new_token()] = patient
        return Tokens(access_token=access_token(patient), refresh_token=new)

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_of_two_requests_at_the_same_time_one_succeeds")
def refresh_app(patients):
    """Look first, and remove later, in another thread for each request."""

    def refresh(body: RefreshIn) -> Tokens:
        if body.refresh_token not in patients:
            raise unauthorized()
        patient = patients[body.refresh_token]
        patients.pop(body.refresh_token, None)
        patients[new := new_token()] = patient
        return Tokens(access_token=access_token(patient), refresh_token=new)

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_a_refresh_token_works_once")
def refresh_app(patients):
    """Store another new token than the one that is returned."""

    def refresh(body: RefreshIn) -> Tokens:
        patient = patients.pop(body.refresh_token, None)
        if patient is None:
            raise unauthorized()
        patients[new_token()] = patient
        return Tokens(access_token=access_token(patient), refresh_token=new_token())

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_of_two_requests_at_the_same_time_one_succeeds")
def refresh_app(patients):
    """Look first, then await, and remove later."""

    async def refresh(body: RefreshIn) -> Tokens:
        patient = patients.get(body.refresh_token)
        if patient is None:
            raise unauthorized()
        access = await run_in_threadpool(access_token, patient)
        new = new_token()
        patients.pop(body.refresh_token, None)
        patients[new] = patient
        return Tokens(access_token=access, refresh_token=new)

    return app_with(refresh)


@wrong("5.9.1", caught_by="test_q1_other_refresh_tokens_stay_valid")
def refresh_app(patients, used=set()):
    """Remember the used tokens of all applications."""

    async def refresh(body: RefreshIn) -> Tokens:
        if body.refresh_token not in patients or body.refresh_token in used:
            raise unauthorized()
        used.add(body.refresh_token)
        patient = patients.pop(body.refresh_token)
        patients[new := new_token()] = patient
        return Tokens(access_token=access_token(patient), refresh_token=new)

    return app_with(refresh)


@right("5.9.1")
def refresh_app(patients):
    """Look first and remove later, with no `await` between, so nothing can come."""

    async def refresh(body: RefreshIn) -> Tokens:
        if body.refresh_token not in patients:
            raise unauthorized()
        patient = patients[body.refresh_token]
        del patients[body.refresh_token]
        patients[new := new_token()] = patient
        return Tokens(access_token=access_token(patient), refresh_token=new)

    return app_with(refresh)


@right("5.9.1")
def refresh_app(patients):
    """Return a dict from `async def`, and use `try`."""
    app = FastAPI()

    @app.post("/refresh", response_model=Tokens)
    async def refresh(body: Annotated[RefreshIn, Body()]):
        try:
            patient = patients.pop(body.refresh_token)
        except KeyError:
            raise unauthorized() from None
        new = new_token()
        patients.update({new: patient})
        return {"access_token": access_token(patient), "refresh_token": new}

    return app


@right("5.9.1")
def refresh_app(patients):
    """Return responses, and look the token up in a dependency."""

    def patient_of(body: RefreshIn) -> str | None:
        return patients.pop(body.refresh_token, None)

    def refresh(patient: Annotated[str | None, Depends(patient_of)]) -> Response:
        if patient is None:
            return JSONResponse(
                {"detail": "no"}, 401, headers={"www-authenticate": "Bearer"}
            )
        new = new_token()
        patients[new] = patient
        tokens = Tokens(access_token=access_token(patient), refresh_token=new)
        return JSONResponse(tokens.model_dump())

    return app_with(refresh)


@right("5.9.1")
def refresh_app(patients):
    """Look first, under a lock."""
    lock = Lock()
    app = FastAPI()

    @app.post("/refresh")
    def refresh(body: RefreshIn) -> Tokens:
        with lock:
            if body.refresh_token not in patients:
                raise HTTPException(
                    status_code=401, headers={"WWW-Authenticate": "Bearer"}
                )
            new = new_token()
            patient = patients[new] = patients[body.refresh_token]
            del patients[body.refresh_token]
        return Tokens(refresh_token=new, access_token=access_token(patient))

    return app


@right("5.9.1")
def refresh_app(patients):
    """Await under a lock of asyncio."""
    lock = asyncio.Lock()

    async def refresh(body: RefreshIn) -> Tokens:
        async with lock:
            patient = patients.get(body.refresh_token)
            if patient is None:
                raise unauthorized()
            access = await run_in_threadpool(access_token, patient)
            del patients[body.refresh_token]
            patients[new := new_token()] = patient
        return Tokens(access_token=access, refresh_token=new)

    return app_with(refresh)


def halves(token):
    """Return the id and the secret of a refresh token."""
    login, _, secret = token.partition(".")
    return login, secret


def portal_with(engine, refresh, store=None, parts=halves):
    """Return the portal with this function, and with what a login stores."""
    app = FastAPI()
    app.state.engine = engine

    @app.post("/login")
    def log_in(body: LoginIn, session: RequestSession) -> Tokens:
        login, secret = new_token(), new_token()
        session.add(
            Login(id=login, patient=body.patient, stored=(store or digest)(secret))
        )
        session.commit()
        access = access_token(body.patient)
        return Tokens(access_token=access, refresh_token=f"{login}.{secret}")

    @app.post("/refresh")
    def refreshed(body: RefreshIn, session: RequestSession) -> Tokens:
        login, secret = parts(body.refresh_token)
        new = new_token()
        patient = refresh(session, login, secret, new)
        access = access_token(patient)
        return Tokens(access_token=access, refresh_token=f"{login}.{new}")

    return app


def swap(session, login, secret, new, known=None):
    """Replace the newest secret in one statement, and return the patient."""
    return session.scalar(
        update(Login)
        .where(Login.id == login, Login.stored == (known or digest)(secret))
        .values(stored=digest(new))
        .returning(Login.patient)
    )


def end(session, login):
    """Delete a login, and return the exception."""
    session.execute(delete(Login).where(Login.id == login))
    session.commit()
    return unauthorized()


@wrong("5.9.2", caught_by="test_q2_of_two_requests_at_the_same_time_one_succeeds")
def portal_app(engine):
    """Store a hash, but read first and write later."""

    def refresh(session, login, secret, new):
        row = session.get(Login, login)
        if row is None or not secrets.compare_digest(row.stored, digest(secret)):
            raise end(session, login)
        row.stored = digest(new)
        session.commit()
        return row.patient

    return portal_with(engine, refresh)


@wrong("5.9.2", caught_by="test_q2_an_older_secret_ends_its_login")
def portal_app(engine):
    """Delete the login without a commit."""

    def refresh(session, login, secret, new):
        patient = swap(session, login, secret, new)
        if patient is None:
            session.execute(delete(Login).where(Login.id == login))
            raise unauthorized()
        session.commit()
        return patient

    return portal_with(engine, refresh)


@wrong("5.9.2", caught_by="test_q2_an_older_secret_ends_its_login")
def portal_app(engine):
    """Refuse an older token, and let the login live."""

    def refresh(session, login, secret, new):
        patient = swap(session, login, secret, new)
        if patient is None:
            raise unauthorized()
        session.commit()
        return patient

    return portal_with(engine, refresh)


@wrong("5.9.2", caught_by="test_q2_an_older_secret_ends_its_login")
def portal_app(engine):
    """End all logins of the patient."""

    def refresh(session, login, secret, new):
        patient = swap(session, login, secret, new)
        if patient is None:
            row = session.get(Login, login)
            if row:
                session.execute(delete(Login).where(Login.patient == row.patient))
                session.commit()
            raise unauthorized()
        session.commit()
        return patient

    return portal_with(engine, refresh)


@wrong("5.9.2", caught_by="test_q2_the_database_has_a_hash_after_the_login")
def portal_app(engine):
    """Hash the secret of a refresh only, and accept the plain one of a login."""

    def refresh(session, login, secret, new):
        patient = swap(session, login, secret, new)
        patient = patient or swap(session, login, secret, new, known=str)
        if patient is None:
            raise end(session, login)
        session.commit()
        return patient

    return portal_with(engine, refresh, store=str)


@wrong("5.9.2", caught_by="test_q2_what_is_stored_does_not_work_as_a_secret")
def portal_app(engine):
    """Accept the stored text as well, for rows from before the change."""

    def refresh(session, login, secret, new):
        patient = swap(session, login, secret, new)
        patient = patient or swap(session, login, secret, new, known=str)
        if patient is None:
            raise end(session, login)
        session.commit()
        return patient

    return portal_with(engine, refresh)


@wrong("5.9.2", caught_by="test_q2_each_refresh_stores_the_hash_of_the_new_secret")
def portal_app(engine):
    """Hash the secret at the login only."""

    def refresh(session, login, secret, new):
        patient = session.scalar(
            update(Login)
            .where(Login.id == login, Login.stored.in_([digest(secret), secret]))
            .values(stored=new)
            .returning(Login.patient)
        )
        if patient is None:
            raise end(session, login)
        session.commit()
        return patient

    return portal_with(engine, refresh)


@wrong("5.9.2", caught_by="test_q2_of_two_requests_at_the_same_time_one_succeeds")
def portal_app(engine):
    """Check first, and then update the row whatever it contains by then."""

    def refresh(session, login, secret, new):
        query = select(Login.patient, Login.stored).where(Login.id == login)
        row = session.execute(query).one_or_none()
        if row is None or row.stored != digest(secret):
            raise end(session, login)
        change = update(Login).where(Login.id == login).values(stored=digest(new))
        if session.execute(change).rowcount == 0:
            raise unauthorized()
        session.commit()
        return row.patient

    return portal_with(engine, refresh)


@wrong("5.9.2", caught_by="test_q2_of_two_requests_at_the_same_time_one_succeeds")
def portal_app(engine):
    """Delete the login only if the secret is an older one at the first look."""

    def refresh(session, login, secret, new):
        query = select(Login.stored).where(Login.id == login)
        if session.scalar(query) != digest(secret):
            raise end(session, login)
        patient = swap(session, login, secret, new)
        if patient is None:
            raise unauthorized()
        session.commit()
        return patient

    return portal_with(engine, refresh)


@wrong("5.9.2", caught_by="test_q2_an_older_secret_ends_its_login[2]")
def portal_app(engine):
    """Remember only the last secret, in memory."""
    before = {}

    def refresh(session, login, secret, new):
        patient = swap(session, login, secret, new)
        if patient is None:
            if before.get(login) == secret:
                raise end(session, login)
            raise unauthorized()
        session.commit()
        before[login] = secret
        return patient

    return portal_with(engine, refresh)


@wrong(
    "5.9.2",
    caught_by="test_q2_an_error_of_the_database_is_not_a_401[the table is missing]",
)
def portal_app(engine):
    """Take every error for a token that is not valid."""

    def refresh(session, login, secret, new):
        try:
            patient = swap(session, login, secret, new)
            if patient is None:
                raise end(session, login)
            session.commit()
        except SQLAlchemyError:
            raise unauthorized() from None
        return patient

    return portal_with(engine, refresh)


@wrong(
    "5.9.2",
    caught_by="test_q2_an_error_of_the_database_is_not_a_401[each commit fails]",
)
def portal_app(engine):
    """Take an error of the commit for a second request that was faster."""

    def refresh(session, login, secret, new):
        patient = swap(session, login, secret, new)
        if patient is None:
            raise end(session, login)
        try:
            session.commit()
        except SQLAlchemyError:
            raise unauthorized() from None
        return patient

    return portal_with(engine, refresh)


def take(session, login, secret, new):
    """Do what the solution does."""
    patient = swap(session, login, secret, new)
    if patient is None:
        raise end(session, login)
    session.commit()
    return patient


@wrong(
    "5.9.2",
    caught_by="test_q2_a_wrong_secret_ends_a_login_that_was_never_refreshed",
)
def portal_app(engine):
    """Ignore what follows the secret."""

    def parts(token):
        login, secret, *_ = [*token.split("."), ""]
        return login, secret

    return portal_with(engine, take, parts=parts)


@wrong(
    "5.9.2",
    caught_by="test_q2_a_wrong_secret_ends_a_login_that_was_never_refreshed",
)
def portal_app(engine):
    """Refuse a token without a secret before looking at the login."""

    def refresh(session, login, secret, new):
        if not secret:
            raise unauthorized()
        return take(session, login, secret, new)

    return portal_with(engine, refresh)


@wrong("5.9.2", caught_by="test_q2_any_other_text_returns_401_and_changes_nothing")
def portal_app(engine):
    """Compare the ids without regard to upper and lower case."""

    def refresh(session, login, secret, new):
        query = select(Login.id).where(Login.id.ilike(login))
        login = session.scalar(query)
        patient = swap(session, login, secret, new)
        if patient is None:
            raise end(session, login)
        session.commit()
        return patient

    return portal_with(engine, refresh)


@wrong("5.9.2", caught_by="test_q2_any_other_text_returns_401_and_changes_nothing")
def portal_app(engine):
    """Find the login by its secret alone."""

    def refresh(session, login, secret, new):
        patient = session.scalar(
            update(Login)
            .where(Login.stored == digest(secret))
            .values(stored=digest(new))
            .returning(Login.patient)
        )
        if patient is None:
            raise end(session, login)
        session.commit()
        return patient

    return portal_with(engine, refresh)


@wrong("5.9.2", caught_by="test_q2_each_refresh_stores_the_hash_of_the_new_secret")
def portal_app(engine):
    """Replace the hash, and do not commit."""

    def refresh(session, login, secret, new):
        patient = swap(session, login, secret, new)
        if patient is None:
            raise end(session, login)
        return patient

    return portal_with(engine, refresh)


@wrong("5.9.2", caught_by="test_q2_each_refresh_stores_the_hash_of_the_new_secret")
def portal_app(engine):
    """Begin a new login with each refresh."""
    app = portal_with(engine, lambda *_: "")
    app.router.routes.pop()

    @app.post("/refresh")
    def refresh(body: RefreshIn, session: RequestSession) -> Tokens:
        login, _, secret = body.refresh_token.partition(".")
        row = session.get(Login, login, with_for_update=True)
        if row is None:
            raise unauthorized()
        same, patient = row.stored == digest(secret), row.patient
        session.delete(row)
        session.commit()
        if not same:
            raise unauthorized()
        login, secret = new_token(), new_token()
        session.add(Login(id=login, patient=patient, stored=digest(secret)))
        session.commit()
        access = access_token(patient)
        return Tokens(access_token=access, refresh_token=f"{login}.{secret}")

    return app


@wrong("5.9.2", caught_by="test_q2_of_two_requests_at_the_same_time_one_succeeds")
def portal_app(engine):
    """Lock the row, and read it again after the commit, when it may be deleted."""

    def refresh(session, login, secret, new):
        row = session.get(Login, login, with_for_update=True)
        if row is None or row.stored != digest(secret):
            raise end(session, login)
        row.stored = digest(new)
        session.commit()
        return row.patient

    return portal_with(engine, refresh)


guard = Lock()


@wrong("5.9.2", caught_by="test_q2_of_two_requests_at_the_same_time_one_succeeds")
def portal_app(engine):
    """Let one request after the other in, within this process."""

    def refresh(session, login, secret, new):
        with guard:
            row = session.get(Login, login)
            if row is None or row.stored != digest(secret):
                raise end(session, login)
            row.stored = digest(new)
            session.commit()
            return row.patient

    return portal_with(engine, refresh)


@wrong("5.9.2", caught_by="test_q2_of_two_requests_at_the_same_time_one_succeeds")
def portal_app(engine):
    """Skip a login that another request has locked."""

    def refresh(session, login, secret, new):
        query = select(Login).where(Login.id == login)
        row = session.scalar(query.with_for_update(skip_locked=True))
        if row is None:
            raise unauthorized()
        if row.stored != digest(secret):
            raise end(session, login)
        patient, row.stored = row.patient, digest(new)
        session.commit()
        return patient

    return portal_with(engine, refresh)


@wrong("5.9.2", caught_by="test_q2_of_two_requests_at_the_same_time_one_succeeds")
def portal_app(engine):
    """Do not wait for another request."""

    def refresh(session, login, secret, new):
        query = select(Login).where(Login.id == login)
        row = session.scalar(query.with_for_update(nowait=True))
        if row is None:
            raise unauthorized()
        if row.stored != digest(secret):
            raise end(session, login)
        patient, row.stored = row.patient, digest(new)
        session.commit()
        return patient

    return portal_with(engine, refresh)


@right("5.9.2")
def portal_app(engine):
    """Take a lock of the database that has nothing to do with the row."""

    def refresh(session, login, secret, new):
        session.execute(text("SELECT pg_advisory_xact_lock(1)"))
        row = session.get(Login, login)
        if row is None or row.stored != digest(secret):
            raise end(session, login)
        row.stored, patient = digest(new), row.patient
        session.commit()
        return patient

    return portal_with(engine, refresh)


@right("5.9.2")
def portal_app(engine):
    """Lock the row, and compare in Python."""

    def refresh(session, login, secret, new):
        row = session.get(Login, login, with_for_update=True)
        if row is None:
            raise unauthorized()
        if not secrets.compare_digest(row.stored, digest(secret)):
            session.delete(row)
            session.commit()
            raise unauthorized()
        row.stored, patient = digest(new), row.patient
        session.commit()
        return patient

    return portal_with(engine, refresh)


@right("5.9.2")
def portal_app(engine):
    """Read first, and let the UPDATE decide by its rowcount."""

    def refresh(session, login, secret, new):
        patient = session.scalar(select(Login.patient).where(Login.id == login))
        if patient is None:
            raise unauthorized()
        change = (
            update(Login)
            .where(Login.id == login, Login.stored == digest(secret))
            .values(stored=digest(new))
        )
        if not session.execute(change).rowcount:
            raise end(session, login)
        session.commit()
        return patient

    return portal_with(engine, refresh)


@right("5.9.2")
def portal_app(engine):
    """Write the SQL by hand."""

    def refresh(session, login, secret, new):
        change = text(
            "UPDATE logins SET stored = :new WHERE id = :id AND stored = :old"
            " RETURNING patient"
        )
        values = {"id": login, "old": digest(secret), "new": digest(new)}
        patient = session.scalar(change, values)
        if patient is None:
            session.execute(text("DELETE FROM logins WHERE id = :id"), {"id": login})
        session.commit()
        if patient is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        return patient

    return portal_with(engine, refresh)


def token_for(device, end):
    """Return an access token."""
    return jwt.encode({"sub": device.patient, "exp": end}, KEY, algorithm="HS256")


@wrong("5.9.3", caught_by="test_q3_a_device_that_refreshes_every_day_ends_as_well")
def renew(device):
    """Move every limit with each refresh."""
    time = now()
    if time >= device.last_refresh + IDLE:
        raise unauthorized()
    device.last_refresh = time
    return token_for(device, time + ACCESS)


@wrong("5.9.3", caught_by="test_q3_a_device_that_refreshes_every_day_ends_as_well")
def renew(device):
    """Enter the time of the refresh as the time of the login, too."""
    time = now()
    last = device.logged_in + ABSOLUTE
    if time >= min(device.last_refresh + IDLE, last):
        raise unauthorized()
    device.last_refresh = device.logged_in = time
    return token_for(device, min(time + ACCESS, last))


@wrong("5.9.3", caught_by="test_q3_a_login_ends_at_the_first_of_two_limits[idle]")
def renew(device):
    """Let the later limit decide."""
    time = now()
    last = device.logged_in + ABSOLUTE
    if time >= max(device.last_refresh + IDLE, last):
        raise unauthorized()
    device.last_refresh = time
    return token_for(device, min(time + ACCESS, last))


@wrong("5.9.3", caught_by="test_q3_a_login_ends_at_the_first_of_two_limits[idle]")
def renew(device):
    """Let the login live at the very moment of its idle limit."""
    time = now()
    last = device.logged_in + ABSOLUTE
    if time > device.last_refresh + IDLE or time >= last:
        raise unauthorized()
    device.last_refresh = time
    return token_for(device, min(time + ACCESS, last))


@wrong("5.9.3", caught_by="test_q3_a_login_ends_at_the_first_of_two_limits[absolute]")
def renew(device):
    """Let the login live at the very moment of its absolute limit."""
    time = now()
    last = device.logged_in + ABSOLUTE
    if time >= device.last_refresh + IDLE or time > last:
        raise unauthorized()
    device.last_refresh = time
    return token_for(device, min(time + ACCESS, last))


@wrong("5.9.3", caught_by="test_q3_a_login_that_has_ended_does_not_come_back[idle]")
def renew(device):
    """Set `last_refresh` before the check."""
    time, before = now(), device.last_refresh
    device.last_refresh = time
    last = device.logged_in + ABSOLUTE
    if time >= min(before + IDLE, last):
        raise unauthorized()
    return token_for(device, min(time + ACCESS, last))


@wrong(
    "5.9.3",
    caught_by="test_q3_the_access_token_ends_with_the_login_at_the_latest[4-Ana]",
)
def renew(device):
    """Return a token that outlives the login."""
    if now() >= min(device.last_refresh + IDLE, device.logged_in + ABSOLUTE):
        raise unauthorized()
    device.last_refresh = now()
    return access_token(device.patient)


@wrong(
    "5.9.3",
    caught_by="test_q3_the_access_token_ends_with_the_login_at_the_latest[9000-Ana]",
)
def renew(device):
    """Return a token that is valid as long as the login."""
    time = now()
    last = device.logged_in + ABSOLUTE
    if time >= min(device.last_refresh + IDLE, last):
        raise unauthorized()
    device.last_refresh = time
    return token_for(device, last)


@wrong("5.9.3", caught_by="test_q3_a_login_ends_at_the_first_of_two_limits[new]")
def renew(device):
    """Ask the clock of the machine, and not `now()`."""
    time = datetime.now(UTC)
    last = device.logged_in + ABSOLUTE
    if time >= min(device.last_refresh + IDLE, last):
        raise unauthorized()
    device.last_refresh = time
    return token_for(device, min(time + ACCESS, last))


@wrong("5.9.3", caught_by="test_q3_a_login_ends_at_the_first_of_two_limits[long idle]")
def renew(device):
    """Compare with `timedelta.seconds`, which leaves out the days."""
    time = now()
    last = device.logged_in + ABSOLUTE
    if (time - device.last_refresh).seconds >= 604800 or time >= last:
        raise unauthorized()
    device.last_refresh = time
    return token_for(device, min(time + ACCESS, last))


@wrong("5.9.3", caught_by="test_q3_each_refresh_moves_the_idle_limit[days]")
def renew(device):
    """Forget to save the time of the refresh."""
    time = now()
    last = device.logged_in + ABSOLUTE
    if time >= min(device.last_refresh + IDLE, last):
        raise unauthorized()
    return token_for(device, min(time + ACCESS, last))


@wrong("5.9.3", caught_by="test_q3_a_login_ends_at_the_first_of_two_limits[new]")
def renew(device):
    """Leave out `exp`, because the server checks the login itself."""
    time = now()
    if time >= min(device.last_refresh + IDLE, device.logged_in + ABSOLUTE):
        raise unauthorized()
    device.last_refresh = time
    return jwt.encode({"sub": device.patient}, KEY, algorithm="HS256")


@wrong("5.9.3", caught_by="test_q3_a_login_ends_at_the_first_of_two_limits[new]")
def renew(device):
    """Sign with a key of its own."""
    time = now()
    last = device.logged_in + ABSOLUTE
    if time >= min(device.last_refresh + IDLE, last):
        raise unauthorized()
    device.last_refresh = time
    claims = {"sub": device.patient, "exp": min(time + ACCESS, last)}
    return jwt.encode(claims, secrets.token_bytes(32), algorithm="HS256")


@wrong(
    "5.9.3",
    caught_by="test_q3_the_access_token_ends_with_the_login_at_the_latest[4-Ana]",
)
def renew(device):
    """Limit the token by the idle time."""
    time = now()
    if time >= min(device.last_refresh + IDLE, device.logged_in + ABSOLUTE):
        raise unauthorized()
    device.last_refresh = time
    return token_for(device, min(time + ACCESS, time + IDLE))


@wrong("5.9.3", caught_by="test_q3_a_login_ends_at_the_first_of_two_limits[idle]")
def renew(device):
    """Return the exception instead of raising it."""
    time, last = now(), device.logged_in + ABSOLUTE
    if time >= min(device.last_refresh + IDLE, last):
        return unauthorized()
    device.last_refresh = time
    return token_for(device, min(time + ACCESS, last))


@wrong("5.9.3", caught_by="test_q3_a_login_ends_at_the_first_of_two_limits[idle]")
def renew(device):
    """Raise a 403."""
    time, last = now(), device.logged_in + ABSOLUTE
    if time >= min(device.last_refresh + IDLE, last):
        raise HTTPException(403)
    device.last_refresh = time
    return token_for(device, min(time + ACCESS, last))


@wrong("5.9.3", caught_by="test_q3_the_idle_limit_does_not_shorten_the_access_token[2]")
def renew(device):
    """Limit the token by the idle limit from before this refresh."""
    end = min(device.last_refresh + IDLE, device.logged_in + ABSOLUTE)
    if now() >= end:
        raise unauthorized()
    device.last_refresh = now()
    claims = {"sub": device.patient, "exp": min(now() + ACCESS, end)}
    return jwt.encode(claims, KEY, algorithm="HS256")


@wrong("5.9.3", caught_by="test_q3_a_login_that_has_ended_does_not_come_back[idle]")
def renew(device):
    """Mark the device as unused before the 401."""
    time, last = now(), device.logged_in + ABSOLUTE
    if time >= min(device.last_refresh + IDLE, last):
        device.last_refresh = device.logged_in
        raise unauthorized()
    device.last_refresh = time
    return token_for(device, min(time + ACCESS, last))


@wrong("5.9.3", caught_by="test_q3_each_refresh_moves_the_idle_limit[days]")
def renew(device):
    """Store the time of the refresh in whole seconds."""
    time, last = now(), device.logged_in + ABSOLUTE
    if time >= min(device.last_refresh + IDLE, last):
        raise unauthorized()
    device.last_refresh = time.replace(microsecond=0)
    return token_for(device, min(time + ACCESS, last))


@wrong(
    "5.9.3", caught_by="test_q3_no_token_outlives_the_login_by_a_part_of_a_second[0.8]"
)
def renew(device):
    """Round `exp` to the next second."""
    time, last = now(), device.logged_in + ABSOLUTE
    if time >= min(device.last_refresh + IDLE, last):
        raise unauthorized()
    device.last_refresh = time
    return token_for(device, round(min(time + ACCESS, last).timestamp()))


@wrong("5.9.3", caught_by="test_q3_a_login_ends_at_the_first_of_two_limits[new]")
def renew(device):
    """Write `exp` as text."""
    last = device.logged_in + ABSOLUTE
    if now() >= min(device.last_refresh + IDLE, last):
        raise unauthorized()
    device.last_refresh = now()
    claims = {"sub": device.patient, "exp": min(now() + ACCESS, last).isoformat()}
    return jwt.encode(claims, KEY, algorithm="HS256")


@wrong("5.9.3", caught_by="test_q3_each_refresh_moves_the_idle_limit[seconds]")
def renew(device):
    """Save the time of the refresh only now and then."""
    time, last = now(), device.logged_in + ABSOLUTE
    if time >= min(device.last_refresh + IDLE, last):
        raise unauthorized()
    if time - device.last_refresh > ACCESS:
        device.last_refresh = time
    claims = {"sub": device.patient, "exp": min(time + ACCESS, last)}
    return jwt.encode(claims, KEY, algorithm="HS256")


@right("5.9.3")
def renew(device):
    """Look at the ages, and give `exp` as a number."""
    time = now()
    idle, age = time - device.last_refresh, time - device.logged_in
    if idle >= IDLE or age >= ABSOLUTE:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    device.last_refresh = time
    lifetime = min(ACCESS, ABSOLUTE - age)
    return token_for(device, int((time + lifetime).timestamp()))


@right("5.9.3")
def renew(device):
    """Test the two limits one after the other, and add `iat`."""
    if device.last_refresh + IDLE <= now():
        raise unauthorized()
    end = device.logged_in + ABSOLUTE
    if not now() < end:
        raise unauthorized()
    device.last_refresh = now()
    expires = now() + ACCESS
    if expires > end:
        expires = end
    claims = {"sub": device.patient, "iat": now(), "exp": expires}
    return jwt.encode(claims, KEY, "HS256")
