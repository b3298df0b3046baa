"""Other answers to section 5.3."""

import base64
import functools
import hmac
import json
import time
from http import HTTPStatus

from fastapi import APIRouter, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from sensei.variants import right, wrong


def unauthorized():
    """Return the exception for a 401."""
    return HTTPException(401, headers={"WWW-Authenticate": "Bearer"})


def app_of(patient):
    """Return an application whose endpoint depends on `patient`."""
    app = FastAPI()

    @app.get("/appointments")
    def list_appointments(username: Annotated[str, Depends(patient)]):
        return appointments_of(username)

    return app


@wrong(
    "5.3.1",
    caught_by="test_q1_a_token_that_is_not_valid_returns_401[changed-user]",
)
def appointments_app():
    """Read the claims, and do not check the signature."""

    def patient(token: Annotated[str, Depends(bearer)]):
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            raise unauthorized() from None
        if claims["exp"] <= time.time():
            raise unauthorized()
        return claims["sub"]

    return app_of(patient)


@wrong(
    "5.3.1",
    caught_by="test_q1_a_token_that_is_not_valid_returns_401[expired-yesterday]",
)
def appointments_app():
    """Switch off the check of the end."""

    def patient(token: Annotated[str, Depends(bearer)]):
        try:
            return jwt.decode(token, KEY, ["HS256"], {"verify_exp": False})["sub"]
        except jwt.InvalidTokenError:
            raise unauthorized() from None

    return app_of(patient)


@wrong(
    "5.3.1",
    caught_by="test_q1_a_token_that_is_not_valid_returns_401[expired-just-now]",
)
def appointments_app():
    """Accept a token for some more seconds."""

    def patient(token: Annotated[str, Depends(bearer)]):
        try:
            return jwt.decode(token, KEY, ["HS256"], leeway=60)["sub"]
        except jwt.InvalidTokenError:
            raise unauthorized() from None

    return app_of(patient)


@wrong(
    "5.3.1",
    caught_by="test_q1_a_token_that_is_not_valid_returns_401[alg-none]",
)
def appointments_app():
    """Let the token choose its algorithm."""

    def patient(token: Annotated[str, Depends(bearer)]):
        try:
            header = jwt.get_unverified_header(token)
            if header["alg"] == "none":
                return jwt.decode(token, options={"verify_signature": False})["sub"]
            return jwt.decode(token, KEY, [header["alg"]])["sub"]
        except (jwt.PyJWTError, KeyError, TypeError):
            raise unauthorized() from None

    return app_of(patient)


@wrong(
    "5.3.1",
    caught_by="test_q1_a_token_that_is_not_valid_returns_401[alg-HS512]",
)
def appointments_app():
    """Accept every algorithm with a shared key."""

    def patient(token: Annotated[str, Depends(bearer)]):
        try:
            return jwt.decode(token, KEY, ["HS256", "HS384", "HS512"])["sub"]
        except jwt.InvalidTokenError:
            raise unauthorized() from None

    return app_of(patient)


@wrong(
    "5.3.1",
    caught_by="test_q1_a_token_that_is_not_valid_returns_401[alg-none]",
)
def appointments_app():
    """Add "none" to the algorithms, for which PyJWT raises another error."""

    def patient(token: Annotated[str, Depends(bearer)]):
        try:
            return jwt.decode(token, KEY, ["HS256", "none"])["sub"]
        except jwt.InvalidTokenError:
            raise unauthorized() from None

    return app_of(patient)


@wrong(
    "5.3.1",
    caught_by="test_q1_a_token_that_is_not_valid_returns_401[alg-is-a-list]",
)
def appointments_app():
    """Pass one text for the list of algorithms."""

    def patient(token: Annotated[str, Depends(bearer)]):
        try:
            return jwt.decode(token, KEY, algorithms="HS256")["sub"]
        except jwt.InvalidTokenError:
            raise unauthorized() from None

    return app_of(patient)


@wrong(
    "5.3.1",
    caught_by="test_q1_a_token_that_is_not_valid_returns_401[another-key]",
)
def appointments_app():
    """Expect no other error than the end of a token."""

    def patient(token: Annotated[str, Depends(bearer)]):
        try:
            return jwt.decode(token, KEY, ["HS256"])["sub"]
        except jwt.ExpiredSignatureError:
            raise unauthorized() from None

    return app_of(patient)


@wrong(
    "5.3.1",
    caught_by="test_q1_a_token_that_is_not_valid_returns_401[another-key]",
)
def appointments_app():
    """Forget the header of the 401."""

    def patient(token: Annotated[str, Depends(bearer)]):
        try:
            return jwt.decode(token, KEY, ["HS256"])["sub"]
        except jwt.InvalidTokenError:
            raise HTTPException(401, "Sign in first.") from None

    return app_of(patient)


@wrong(
    "5.3.1",
    caught_by="test_q1_a_token_that_is_not_valid_returns_401[username]",
)
def appointments_app():
    """Return 403."""

    def patient(token: Annotated[str, Depends(bearer)]):
        try:
            return jwt.decode(token, KEY, ["HS256"])["sub"]
        except jwt.InvalidTokenError:
            raise HTTPException(403) from None

    return app_of(patient)


@wrong("5.3.1", caught_by="test_q1_an_error_of_appointments_of_is_not_a_401")
def appointments_app():
    """Put everything into the `try`."""
    app = FastAPI()

    @app.get("/appointments")
    def list_appointments(token: Annotated[str, Depends(bearer)]):
        try:
            return appointments_of(jwt.decode(token, KEY, ["HS256"])["sub"])
        except Exception:
            raise unauthorized() from None

    return app


@wrong(
    "5.3.1",
    caught_by="test_q1_a_valid_token_returns_the_appointments_of_its_user[17]",
)
def appointments_app():
    """Take the token from the query."""
    app = FastAPI()

    @app.get("/appointments")
    def list_appointments(token: str):
        try:
            claims = jwt.decode(token, KEY, ["HS256"])
        except jwt.InvalidTokenError:
            raise unauthorized() from None
        return appointments_of(claims["sub"])

    return app


@wrong(
    "5.3.1",
    caught_by="test_q1_a_valid_token_returns_the_appointments_of_its_user[99]",
)
def appointments_app():
    """Return 404 to a patient without appointments."""
    app = FastAPI()

    @app.get("/appointments")
    def list_appointments(token: Annotated[str, Depends(bearer)]):
        try:
            claims = jwt.decode(token, KEY, ["HS256"])
        except jwt.InvalidTokenError:
            raise unauthorized() from None
        if not appointments_of(claims["sub"]):
            raise HTTPException(404)
        return appointments_of(claims["sub"])

    return app


@wrong("5.3.1", caught_by="test_q1_the_appointments_are_read_for_every_request")
def appointments_app():
    """Keep what was read for a user."""
    app = FastAPI()
    read = functools.cache(appointments_of)

    @app.get("/appointments")
    def list_appointments(token: Annotated[str, Depends(bearer)]):
        try:
            claims = jwt.decode(token, KEY, ["HS256"])
        except jwt.InvalidTokenError:
            raise unauthorized() from None
        return read(claims["sub"])

    return app


@wrong(
    "5.3.1",
    caught_by="test_q1_a_token_that_is_not_valid_returns_401[changed-user]",
)
def appointments_app():
    """Return an error as the body of a 200, and look up the user first."""
    app = FastAPI()

    @app.get("/appointments")
    def list_appointments(token: Annotated[str, Depends(bearer)]) -> Any:
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
            found = appointments_of(claims["sub"])
            jwt.decode(token, KEY, ["HS256"])
        except jwt.InvalidTokenError:
            return JSONResponse({}, 401, {"WWW-Authenticate": "Bearer"})
        return found

    return app


@wrong(
    "5.3.1",
    caught_by="test_q1_an_error_of_appointments_of_is_not_a_401[ExpiredSignatureError]",
)
def appointments_app():
    """Put both calls into the `try`, and catch the errors of PyJWT."""
    app = FastAPI()

    @app.get("/appointments")
    def list_appointments(token: Annotated[str, Depends(bearer)]):
        try:
            return appointments_of(jwt.decode(token, KEY, ["HS256"])["sub"])
        except jwt.InvalidTokenError:
            raise unauthorized() from None

    return app


@wrong("5.3.1", caught_by="test_q1_the_token_is_checked_for_every_request")
def appointments_app():
    """Keep the claims of a token that was valid once."""

    @functools.cache
    def decode(token):
        return jwt.decode(token, KEY, ["HS256"])

    def patient(token: Annotated[str, Depends(bearer)]):
        try:
            return decode(token)["sub"]
        except jwt.InvalidTokenError:
            raise unauthorized() from None

    return app_of(patient)


@right("5.3.1")
def appointments_app():
    """Check the end by hand, with another clock."""

    def patient(token: Annotated[str, Depends(bearer)]):
        try:
            claims = jwt.decode(token, KEY, ["HS256"], {"verify_exp": False})
        except jwt.InvalidTokenError:
            raise unauthorized() from None
        if claims["exp"] <= time.time():
            raise unauthorized()
        return claims["sub"]

    return app_of(patient)


@right("5.3.1")
def appointments_app():
    """Check the token in a dependency, with `HTTPBearer`."""
    app = FastAPI()

    async def patient(
        header: Annotated[HTTPAuthorizationCredentials, Security(HTTPBearer())],
    ) -> str:
        try:
            return jwt.decode(header.credentials, KEY, ("HS256",))["sub"]
        except jwt.PyJWTError as error:
            raise HTTPException(
                401, "Sign in.", {"WWW-Authenticate": 'Bearer realm="portal"'}
            ) from error

    @app.get("/appointments")
    async def list_appointments(username: str = Depends(patient)):
        return appointments_of(username)

    return app


@right("5.3.1")
def appointments_app():
    """Return the 401 as a response."""
    router = APIRouter()

    @router.get("/appointments", response_model=None)
    def list_appointments(token: str = Depends(bearer)):
        try:
            claims = jwt.PyJWT().decode(
                token, KEY, ["HS256"], options={"require": ["sub", "exp"]}
            )
        except jwt.exceptions.InvalidTokenError:
            return JSONResponse(
                {"detail": "Sign in."}, 401, {"www-authenticate": "Bearer"}
            )
        return appointments_of(claims["sub"])

    app = FastAPI()
    app.include_router(router)
    return app


def token_response(number, **claims):
    """Return the response with a new token."""
    claims = {"sub": str(number), "exp": datetime.now(UTC) + LIFETIME} | claims
    token = jwt.encode(claims, KEY, algorithm="HS256")
    return {"access_token": token, "token_type": "bearer"}


Form_ = Annotated[OAuth2PasswordRequestForm, Depends()]


def app_with(sign_in):
    """Return an application with this endpoint."""
    app = FastAPI()
    app.post("/token")(sign_in)
    return app


def number_of(username, password):
    """Return the number of the account, or None."""
    account = find_account(username)
    ok = is_password(password, account.password_hash if account else NO_ACCOUNT)
    return account.number if account and ok else None


@wrong("5.3.2", caught_by="test_q2_each_request_checks_one_password[eve]")
def sign_in_app():
    """Compute no hash if there is no such account."""

    def sign_in(form: Form_):
        account = find_account(form.username)
        if account is None or not is_password(form.password, account.password_hash):
            raise HTTPException(400)
        return token_response(account.number)

    return app_with(sign_in)


@wrong(
    "5.3.2",
    caught_by="test_q2_a_wrong_username_or_password_returns_400[wrong-password]",
)
def sign_in_app():
    """Tell which of the two was wrong."""

    def sign_in(form: Form_):
        account = find_account(form.username)
        ok = is_password(
            form.password, account.password_hash if account else NO_ACCOUNT
        )
        if account is None:
            raise HTTPException(400, "There is no such account.")
        if not ok:
            raise HTTPException(400, "The password is wrong.")
        return token_response(account.number)

    return app_with(sign_in)


@wrong(
    "5.3.2", caught_by="test_q2_a_wrong_username_or_password_returns_400[no-account]"
)
def sign_in_app():
    """Return 401 without an account."""

    def sign_in(form: Form_):
        number = number_of(form.username, form.password)
        if number is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        return token_response(number)

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_the_password_of_no_account_opens_no_account")
def sign_in_app():
    """Trust that nobody finds the password of `NO_ACCOUNT`."""

    def sign_in(form: Form_):
        account = find_account(form.username) or Account(0, NO_ACCOUNT)
        if not is_password(form.password, account.password_hash):
            raise HTTPException(400)
        return token_response(account.number)

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_the_token_has_the_number_of_the_account[ana]")
def sign_in_app():
    """Take the number for `sub` as it is."""

    def sign_in(form: Form_):
        number = number_of(form.username, form.password)
        if number is None:
            raise HTTPException(400)
        return token_response(number, sub=number)

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_the_token_has_the_number_of_the_account[ana]")
def sign_in_app():
    """Take the username for `sub`."""

    def sign_in(form: Form_):
        if number_of(form.username, form.password) is None:
            raise HTTPException(400)
        return token_response(form.username)

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_the_token_has_the_number_of_the_account[17]")
def sign_in_app():
    """Put the hash of the password into the token."""

    def sign_in(form: Form_):
        number = number_of(form.username, form.password)
        if number is None:
            raise HTTPException(400)
        return token_response(number, hash=find_account(form.username).password_hash)

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_the_token_has_the_number_of_the_account[ana]")
def sign_in_app():
    """Give the token no end."""

    def sign_in(form: Form_):
        number = number_of(form.username, form.password)
        if number is None:
            raise HTTPException(400)
        token = jwt.encode({"sub": str(number)}, KEY, algorithm="HS256")
        return {"access_token": token, "token_type": "bearer"}

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_the_token_expires_after_the_lifetime[EAST-9]")
def sign_in_app():
    """Take the time of the local zone."""

    def sign_in(form: Form_):
        number = number_of(form.username, form.password)
        if number is None:
            raise HTTPException(400)
        return token_response(number, exp=datetime.now() + LIFETIME)

    return app_with(sign_in)


created = datetime.now(UTC) - timedelta(seconds=5)


@wrong("5.3.2", caught_by="test_q2_the_token_expires_after_the_lifetime[UTC0]")
def sign_in_app():
    """Compute the end once, when the application is imported."""

    def sign_in(form: Form_):
        number = number_of(form.username, form.password)
        if number is None:
            raise HTTPException(400)
        return token_response(number, exp=created + LIFETIME)

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_the_token_expires_after_the_lifetime[UTC0]")
def sign_in_app():
    """Make the token valid for an hour."""

    def sign_in(form: Form_):
        number = number_of(form.username, form.password)
        if number is None:
            raise HTTPException(400)
        return token_response(number, exp=datetime.now(UTC) + timedelta(hours=1))

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_the_token_expires_after_the_lifetime[seven-minutes]")
def sign_in_app():
    """Write the number of minutes down once more."""

    def sign_in(form: Form_):
        number = number_of(form.username, form.password)
        if number is None:
            raise HTTPException(400)
        return token_response(number, exp=datetime.now(UTC) + timedelta(minutes=15))

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_every_token_has_its_own_end")
def sign_in_app():
    """Compute the end once, when the application is created."""
    end = datetime.now(UTC) + LIFETIME

    def sign_in(form: Form_):
        number = number_of(form.username, form.password)
        if number is None:
            raise HTTPException(400)
        return token_response(number, exp=end)

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_a_wrong_username_or_password_returns_400[spaces]")
def sign_in_app():
    """Remove spaces around the username."""

    def sign_in(form: Form_):
        number = number_of(form.username.strip(), form.password)
        if number is None:
            raise HTTPException(400)
        return token_response(number)

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_each_request_checks_one_password[ana]")
def sign_in_app():
    """Refuse passwords that nobody has, without a hash."""

    def sign_in(form: Form_):
        if not form.password.strip() or len(form.password) > 72:
            raise HTTPException(400)
        number = number_of(form.username, form.password)
        if number is None:
            raise HTTPException(400)
        return token_response(number)

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_the_token_has_the_number_of_the_account[17]")
def sign_in_app():
    """Take the number 0 for no account."""

    def sign_in(form: Form_):
        number = number_of(form.username, form.password)
        if not number:
            raise HTTPException(400)
        return token_response(number)

    return app_with(sign_in)


class SignIn(BaseModel):
    """A username and a password in JSON."""

    username: str
    password: str


@wrong("5.3.2", caught_by="test_q2_the_token_has_the_number_of_the_account[17]")
def sign_in_app():
    """Take JSON instead of the form."""

    def sign_in(form: SignIn):
        number = number_of(form.username, form.password)
        if number is None:
            raise HTTPException(400)
        return token_response(number)

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_the_password_comes_in_a_form[params]")
def sign_in_app():
    """Take query parameters as well as the form."""

    def sign_in(request: Request, username: str = Form(""), password: str = Form("")):
        query = request.query_params
        number = number_of(
            username or query.get("username", ""), password or query.get("password", "")
        )
        if number is None:
            raise HTTPException(400)
        return token_response(number)

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_the_token_has_the_number_of_the_account[ana]")
def sign_in_app():
    """Return the token alone."""

    def sign_in(form: Form_) -> str:
        number = number_of(form.username, form.password)
        if number is None:
            raise HTTPException(400)
        return token_response(number)["access_token"]

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_each_request_checks_one_password[ana]")
def sign_in_app():
    """Check the password of an account twice."""

    def sign_in(form: Form_):
        account = find_account(form.username)
        if not is_password(
            form.password, account.password_hash if account else NO_ACCOUNT
        ):
            raise HTTPException(400)
        if account is None or not is_password(form.password, account.password_hash):
            raise HTTPException(400)
        return token_response(account.number)

    return app_with(sign_in)


@wrong("5.3.2", caught_by="test_q2_each_request_checks_one_password[eve]")
def sign_in_app():
    """Hash something cheap if there is no such account."""

    def sign_in(form: Form_):
        account = find_account(form.username)
        if account is None:
            is_password(form.password, "")
            raise HTTPException(400)
        if not is_password(form.password, account.password_hash):
            raise HTTPException(400)
        return token_response(account.number)

    return app_with(sign_in)


@right("5.3.2")
def sign_in_app():
    """Declare the fields of the form, and compute `exp` as a number."""
    app = FastAPI()

    @app.post("/token")
    async def sign_in(
        username: Annotated[str, Form()], password: Annotated[str, Form()]
    ):
        match find_account(username):
            case None:
                is_password(password, NO_ACCOUNT)
            case account if is_password(password, account.password_hash):
                end = int(time.time()) + int(LIFETIME.total_seconds())
                return {
                    "token_type": "bearer",
                    "access_token": jwt.encode(
                        {"exp": end, "sub": f"{account.number}"}, KEY
                    ),
                }
        return JSONResponse({"error": "invalid_grant"}, 400)

    return app


@right("5.3.2")
def sign_in_app():
    """Write `exp` with fractions of a second."""

    async def sign_in(form: Form_):
        number = number_of(form.username, form.password)
        if number is None:
            raise HTTPException(400)
        return token_response(number, exp=time.time() + LIFETIME.total_seconds())

    return app_with(sign_in)


@right("5.3.2")
def sign_in_app():
    """Use a model for the response, and headers against caches."""
    app = FastAPI()

    class Token(BaseModel):
        access_token: str
        token_type: str = "bearer"

    @app.post("/token", response_model=Token)
    def sign_in(form: OAuth2PasswordRequestForm = Depends()):
        account = find_account(form.username) or Account(-1, NO_ACCOUNT)
        is_right = is_password(form.password, account.password_hash)
        if not is_right or account.number == -1:
            raise HTTPException(status_code=400, headers={"Cache-Control": "no-store"})
        claims = {"sub": str(account.number)}
        claims["exp"] = datetime.now(tz=UTC) + LIFETIME
        return Token(access_token=jwt.encode(claims, KEY, "HS256"))

    return app


def pages(signed_in, doctor):
    """Return the application with both dependencies."""
    app = FastAPI()

    @app.get("/account")
    def read_account(username: Annotated[str, Depends(signed_in)]) -> str:
        return username

    @app.get("/patients")
    def list_patients(username: Annotated[str, Depends(doctor)]) -> list[str]:
        return ["ana", "ben"]

    return app


def who(token: Annotated[str, Depends(bearer)]):
    """Return the user of a valid token."""
    claims = claims_of(token)
    if claims is None:
        raise unauthorized()
    return claims["sub"]


@wrong(
    "5.3.3",
    caught_by="test_q3_after_a_token_expired_the_client_asks_once"
    "[expired-yesterday-patients]",
)
def staff_app():
    """Forget the header of the 401."""

    def signed_in(token: Annotated[str, Depends(bearer)]):
        claims = claims_of(token)
        if claims is None:
            raise HTTPException(401)
        return claims["sub"]

    def doctor(username: Annotated[str, Depends(signed_in)]):
        if "doctor" not in roles_of(username):
            raise HTTPException(403)
        return username

    return pages(signed_in, doctor)


@wrong("5.3.3", caught_by="test_q3_a_403_has_no_challenge")
def staff_app():
    """Send the header with the 403, too."""

    def doctor(username: Annotated[str, Depends(who)]):
        if "doctor" not in roles_of(username):
            raise HTTPException(403, headers={"WWW-Authenticate": "Bearer"})
        return username

    return pages(who, doctor)


@wrong("5.3.3", caught_by="test_q3_without_the_role_the_client_does_not_ask[kim]")
def staff_app():
    """Return 401 in both cases."""

    def doctor(username: Annotated[str, Depends(who)]):
        if "doctor" not in roles_of(username):
            raise unauthorized()
        return username

    return pages(who, doctor)


@wrong("5.3.3", caught_by="test_q3_authentication_comes_first[another-key-/account]")
def staff_app():
    """Return 403 in both cases."""

    def signed_in(token: Annotated[str, Depends(bearer)]):
        claims = claims_of(token)
        if claims is None:
            raise HTTPException(403)
        return claims["sub"]

    def doctor(username: Annotated[str, Depends(signed_in)]):
        if "doctor" not in roles_of(username):
            raise HTTPException(403)
        return username

    return pages(signed_in, doctor)


@wrong("5.3.3", caught_by="test_q3_without_the_role_the_client_does_not_ask[kim]")
def staff_app():
    """Read the role from the claims."""

    def doctor(token: Annotated[str, Depends(bearer)]):
        claims = claims_of(token)
        if claims is None:
            raise unauthorized()
        if "doctor" not in roles_of(claims["sub"]) and claims.get("role") != "doctor":
            raise HTTPException(403)
        return claims["sub"]

    return pages(who, doctor)


@wrong("5.3.3", caught_by="test_q3_the_roles_are_read_for_every_request")
def staff_app():
    """Keep the roles of a user."""
    roles = functools.cache(roles_of)

    def doctor(username: Annotated[str, Depends(who)]):
        if "doctor" not in roles(username):
            raise HTTPException(403)
        return username

    return pages(who, doctor)


@wrong("5.3.3", caught_by="test_q3_without_the_role_the_client_does_not_ask[kim]")
def staff_app():
    """Hide the page with a 404."""

    def doctor(username: Annotated[str, Depends(who)]):
        if "doctor" not in roles_of(username):
            raise HTTPException(404)
        return username

    return pages(who, doctor)


@wrong(
    "5.3.3",
    caught_by="test_q3_authentication_comes_first[expired-yesterday-/patients]",
)
def staff_app():
    """Authorize the user of a token without a check of its signature."""

    def doctor(token: Annotated[str, Depends(bearer)]):
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            raise unauthorized() from None
        if "doctor" not in roles_of(claims["sub"]):
            raise HTTPException(403)
        return who(token)

    return pages(who, doctor)


@wrong(
    "5.3.3",
    caught_by="test_q3_after_a_token_expired_the_client_asks_once[another-key-account]",
)
def staff_app():
    """Treat a token that is not valid as an unknown user."""

    def signed_in(token: Annotated[str, Depends(bearer)]):
        claims = claims_of(token) or {}
        return claims.get("sub", "")

    def doctor(username: Annotated[str, Depends(signed_in)]):
        if not username:
            raise unauthorized()
        if "doctor" not in roles_of(username):
            raise HTTPException(403)
        return username

    return pages(signed_in, doctor)


@wrong(
    "5.3.3",
    caught_by="test_q3_after_a_token_expired_the_client_asks_once"
    "[expired-yesterday-patients-sam]",
)
def staff_app():
    """Expect that a user has one role."""

    def doctor(username: Annotated[str, Depends(who)]):
        if roles_of(username) != {"doctor"}:
            raise HTTPException(403)
        return username

    return pages(who, doctor)


@wrong("5.3.3", caught_by="test_q3_without_the_role_the_client_does_not_ask[max]")
def staff_app():
    """Look for a part of the name of a role."""

    def doctor(username: Annotated[str, Depends(who)]):
        if "doctor" not in ",".join(roles_of(username)):
            raise HTTPException(403)
        return username

    return pages(who, doctor)


@right("5.3.3")
def staff_app():
    """Write one function for both."""

    def user(token, role):
        claims = claims_of(token)
        if not claims:
            raise HTTPException(401, "Sign in.", {"WWW-Authenticate": "Bearer"})
        if role and role not in roles_of(claims["sub"]):
            raise HTTPException(403)
        return claims["sub"]

    async def signed_in(token: str = Depends(bearer)):
        return user(token, None)

    async def doctor(token: str = Depends(bearer)):
        return user(token, "doctor")

    return pages(signed_in, doctor)


@right("5.3.3")
def staff_app():
    """Write the authorization as a class."""

    class Role:
        def __init__(self, role):
            self.role = role

        def __call__(self, username: Annotated[str, Depends(who)]):
            if self.role in roles_of(username):
                return username
            raise HTTPException(status_code=403)

    return pages(who, Role("doctor"))


def read_letters_app(decode, error=jwt.InvalidTokenError):
    """Return the application that reads the claims with `decode`."""
    app = FastAPI()

    @app.get("/letters")
    def list_letters(token: Annotated[str, Depends(bearer)]):
        try:
            claims = decode(token)
        except error:
            raise unauthorized() from None
        return letters_of(claims["sub"])

    return app


REQUIRED = {"require": ["exp", "iss", "aud", "sub"]}


@wrong("5.3.4", caught_by="test_q4_a_valid_token_returns_the_letters[4-text]")
def letters_app():
    """Do not expect an audience, which PyJWT then refuses."""
    return read_letters_app(
        lambda token: jwt.decode(token, PUBLIC_KEY, ["ES256"], REQUIRED, issuer=ISSUER)
    )


@wrong("5.3.4", caught_by="test_q4_a_token_that_is_not_valid_returns_401[aud-other]")
def letters_app():
    """Switch off the check of the audience."""
    return read_letters_app(
        lambda token: jwt.decode(
            token,
            PUBLIC_KEY,
            ["ES256"],
            REQUIRED | {"verify_aud": False},
            issuer=ISSUER,
        )
    )


@wrong("5.3.4", caught_by="test_q4_a_token_that_is_not_valid_returns_401[iss-other]")
def letters_app():
    """Check that there is an issuer, and not which one."""
    return read_letters_app(
        lambda token: jwt.decode(
            token, PUBLIC_KEY, ["ES256"], REQUIRED, audience="portal"
        )
    )


@wrong("5.3.4", caught_by="test_q4_a_token_that_is_not_valid_returns_401[no-exp]")
def letters_app():
    """Check `exp` only if it is there."""
    return read_letters_app(
        lambda token: jwt.decode(
            token,
            PUBLIC_KEY,
            ["ES256"],
            {"require": ["sub"]},
            audience="portal",
            issuer=ISSUER,
        )
    )


@wrong("5.3.4", caught_by="test_q4_a_token_that_is_not_valid_returns_401[no-sub]")
def letters_app():
    """Expect that there is a `sub`."""
    return read_letters_app(
        lambda token: jwt.decode(
            token,
            PUBLIC_KEY,
            ["ES256"],
            {"require": ["exp"]},
            audience="portal",
            issuer=ISSUER,
        )
    )


@wrong("5.3.4", caught_by="test_q4_a_token_that_is_not_valid_returns_401[sub-number]")
def letters_app():
    """Switch off the check of `sub`, so that numbers are accepted."""

    def decode(token):
        claims = jwt.decode(
            token,
            PUBLIC_KEY,
            ["ES256"],
            REQUIRED | {"verify_sub": False},
            audience="portal",
            issuer=ISSUER,
        )
        return claims | {"sub": str(claims["sub"])}

    return read_letters_app(decode)


@wrong(
    "5.3.4",
    caught_by="test_q4_a_token_that_is_not_valid_returns_401[public-key-as-secret]",
)
def letters_app():
    """Accept HS256 with the public key, for which PyJWT raises another error."""
    return read_letters_app(
        lambda token: jwt.decode(
            token,
            PUBLIC_KEY,
            ["ES256", "HS256"],
            REQUIRED,
            audience="portal",
            issuer=ISSUER,
        )
    )


@wrong(
    "5.3.4",
    caught_by="test_q4_a_token_that_is_not_valid_returns_401[public-key-as-secret]",
)
def letters_app():
    """Compute the HMAC by hand, with the key that is known to everybody."""

    def decode(token):
        header = jwt.get_unverified_header(token)
        if header["alg"] == "HS256":
            signed, _, signature = token.rpartition(".")
            expected = hmac.digest(PUBLIC_KEY, signed.encode(), "sha256")
            given = base64.urlsafe_b64decode(signature + "=")
            if not hmac.compare_digest(expected, given):
                raise jwt.InvalidTokenError
            return json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
        return jwt.decode(
            token, PUBLIC_KEY, ["ES256"], REQUIRED, audience="portal", issuer=ISSUER
        )

    return read_letters_app(decode, (jwt.PyJWTError, KeyError, TypeError))


@wrong("5.3.4", caught_by="test_q4_a_token_that_is_not_valid_returns_401[alg-ES384]")
def letters_app():
    """Accept every algorithm with such a key, and not expect the error of the curve."""
    algorithms = ["ES256", "ES384", "ES512"]
    return read_letters_app(
        lambda token: jwt.decode(
            token, PUBLIC_KEY, algorithms, REQUIRED, issuer=ISSUER, audience="portal"
        )
    )


@wrong("5.3.4", caught_by="test_q4_the_body_does_not_tell_what_was_wrong")
def letters_app():
    """Return the text of the exception."""
    app = FastAPI()

    @app.get("/letters")
    def list_letters(token: Annotated[str, Depends(bearer)]):
        try:
            claims = jwt.decode(
                token, PUBLIC_KEY, ["ES256"], REQUIRED, audience="portal", issuer=ISSUER
            )
        except jwt.InvalidTokenError as error:
            challenge = {"WWW-Authenticate": "Bearer"}
            raise HTTPException(401, str(error), challenge) from None
        return letters_of(claims["sub"])

    return app


@wrong("5.3.4", caught_by="test_q4_a_token_that_is_not_valid_returns_401[aud-other]")
def letters_app():
    """Return 403 for another audience."""
    app = FastAPI()

    @app.get("/letters")
    def list_letters(token: Annotated[str, Depends(bearer)]):
        try:
            claims = jwt.decode(
                token, PUBLIC_KEY, ["ES256"], REQUIRED, audience="portal", issuer=ISSUER
            )
        except jwt.InvalidAudienceError:
            raise HTTPException(403) from None
        except jwt.InvalidTokenError:
            raise unauthorized() from None
        return letters_of(claims["sub"])

    return app


@wrong("5.3.4", caught_by="test_q4_a_token_that_is_not_valid_returns_401[iss-longer]")
def letters_app():
    """Compare the beginning of the issuer."""

    def decode(token):
        claims = jwt.decode(token, PUBLIC_KEY, ["ES256"], REQUIRED, audience="portal")
        if not claims["iss"].startswith(ISSUER):
            raise jwt.InvalidIssuerError
        return claims

    return read_letters_app(decode)


@wrong("5.3.4", caught_by="test_q4_a_token_that_is_not_valid_returns_401[aud-longer]")
def letters_app():
    """Look for the name of the audience as a part of a text."""

    def decode(token):
        options = REQUIRED | {"verify_aud": False}
        claims = jwt.decode(token, PUBLIC_KEY, ["ES256"], options, issuer=ISSUER)
        if "portal" not in claims["aud"]:
            raise jwt.InvalidAudienceError
        return claims

    return read_letters_app(decode)


@wrong(
    "5.3.4",
    caught_by="test_q4_a_valid_token_returns_the_letters[4-two]",
)
def letters_app():
    """Compare the audience with a text only."""
    return read_letters_app(
        lambda token: jwt.decode(
            token,
            PUBLIC_KEY,
            ["ES256"],
            REQUIRED | {"strict_aud": True},
            audience="portal",
            issuer=ISSUER,
        )
    )


@wrong("5.3.4", caught_by="test_q4_a_valid_token_returns_the_letters[4-text]")
def letters_app():
    """Use the key of 5.3.1."""
    return read_letters_app(
        lambda token: jwt.decode(
            token, KEY, ["HS256"], REQUIRED, audience="portal", issuer=ISSUER
        )
    )


@wrong("5.3.4", caught_by="test_q4_an_error_of_letters_of_is_not_a_401[KeyError]")
def letters_app():
    """Catch every error, also those of `letters_of`."""
    app = FastAPI()

    @app.get("/letters")
    def list_letters(token: Annotated[str, Depends(bearer)]):
        try:
            claims = jwt.decode(
                token, PUBLIC_KEY, ["ES256"], REQUIRED, audience="portal", issuer=ISSUER
            )
            return letters_of(claims["sub"])
        except Exception:
            raise unauthorized() from None

    return app


@wrong("5.3.4", caught_by="test_q4_the_token_is_checked_for_every_request")
def letters_app():
    """Keep the claims of a token that was valid once."""
    return read_letters_app(
        functools.cache(
            lambda token: jwt.decode(
                token, PUBLIC_KEY, ["ES256"], REQUIRED, audience="portal", issuer=ISSUER
            )
        )
    )


@right("5.3.4")
def letters_app():
    """Check the token in a dependency, with a decoder that has the options."""
    decoder = jwt.PyJWT(options=REQUIRED)

    async def patient(token: str = Depends(bearer)) -> str:
        try:
            return decoder.decode(
                token, PUBLIC_KEY, ["ES256"], audience=["portal"], issuer=[ISSUER]
            )["sub"]
        except jwt.PyJWTError as error:
            raise HTTPException(
                status_code=401,
                detail="The token is not valid.",
                headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
            ) from error

    app = FastAPI()

    @app.get("/letters")
    async def list_letters(patient: Annotated[str, Depends(patient)]):
        return letters_of(patient)

    return app


@right("5.3.4")
def letters_app():
    """Compare the claims by hand."""

    def decode(token):
        options = {"verify_aud": False}
        claims = jwt.decode(token, PUBLIC_KEY, algorithms=["ES256"], options=options)
        audience = claims.get("aud")
        if isinstance(audience, str):
            audience = [audience]
        ok = (
            isinstance(audience, list)
            and "portal" in audience
            and claims.get("iss") == ISSUER
            and isinstance(claims.get("sub"), str)
            and "exp" in claims
        )
        if not ok:
            raise jwt.InvalidTokenError("claims")
        return claims

    return read_letters_app(decode)


def app_for(username_in, refresh=None):
    """Return the application with the given endpoints."""
    app = FastAPI()

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(bearer)]) -> str:
        return username_in(token, "access")

    def right_refresh(refresh_token: Annotated[str, Form()]):
        username = username_in(refresh_token, "refresh")
        if not is_active(username):
            raise unauthorized()
        return {"access_token": new_token(username, "access"), "token_type": "bearer"}

    app.post("/refresh")(refresh or right_refresh)
    return app


def username_of_kind(token, kind):
    """Return the user of a token of this kind."""
    claims = login_claims(token)
    if claims is None or claims.get("kind") != kind:
        raise unauthorized()
    return claims["sub"]


@wrong("5.3.5", caught_by="test_q5_a_token_of_another_kind_returns_401[refresh]")
def refresh_app():
    """Do not look at the kind."""

    def username_in(token, kind):
        claims = login_claims(token)
        if claims is None:
            raise unauthorized()
        return claims["sub"]

    return app_for(username_in)


@wrong("5.3.5", caught_by="test_q5_a_token_of_another_kind_returns_401[me]")
def refresh_app():
    """Check the kind of refresh tokens only."""

    def username_in(token, kind):
        claims = login_claims(token)
        if claims is None or kind == "refresh" and claims.get("kind") != kind:
            raise unauthorized()
        return claims["sub"]

    return app_for(username_in)


@wrong("5.3.5", caught_by="test_q5_a_token_of_another_kind_returns_401[me]")
def refresh_app():
    """Refuse the one other kind."""

    def username_in(token, kind):
        claims = login_claims(token)
        other = "refresh" if kind == "access" else "access"
        if claims is None or claims.get("kind") == other:
            raise unauthorized()
        return claims["sub"]

    return app_for(username_in)


@wrong("5.3.5", caught_by="test_q5_a_token_of_another_kind_returns_401[me]")
def refresh_app():
    """Expect that every token has a kind."""

    def username_in(token, kind):
        claims = login_claims(token)
        if claims is None or claims["kind"] != kind:
            raise unauthorized()
        return claims["sub"]

    return app_for(username_in)


@wrong("5.3.5", caught_by="test_q5_a_token_of_another_kind_returns_401[me]")
def refresh_app():
    """Take a token without a kind for one of the right kind."""

    def username_in(token, kind):
        claims = login_claims(token)
        if claims is None or claims.get("kind", kind) != kind:
            raise unauthorized()
        return claims["sub"]

    return app_for(username_in)


@wrong("5.3.5", caught_by="test_q5_a_token_of_another_kind_returns_401[me]")
def refresh_app():
    """Look for the kind as a part of a text."""

    def username_in(token, kind):
        claims = login_claims(token)
        if claims is None or str(claims.get("kind")) not in kind:
            raise unauthorized()
        return claims["sub"]

    return app_for(username_in)


@wrong("5.3.5", caught_by="test_q5_a_token_of_another_kind_returns_401[refresh]")
def refresh_app():
    """Return 403 for another kind."""

    def username_in(token, kind):
        claims = login_claims(token)
        if claims is None:
            raise unauthorized()
        if claims.get("kind") != kind:
            raise HTTPException(403)
        return claims["sub"]

    return app_for(username_in)


@wrong("5.3.5", caught_by="test_q5_a_token_that_is_not_valid_returns_401")
def refresh_app():
    """Expect that the token is valid."""

    def username_in(token, kind):
        claims = login_claims(token)
        if claims["kind"] != kind:
            raise unauthorized()
        return claims["sub"]

    return app_for(username_in)


@wrong("5.3.5", caught_by="test_q5_a_token_that_is_not_valid_returns_401")
def refresh_app():
    """Let an expired token of the right kind through."""

    def username_in(token, kind):
        try:
            claims = jwt.decode(token, LOGIN_KEY, ["HS256"], {"verify_exp": False})
        except jwt.InvalidTokenError:
            raise unauthorized() from None
        if claims.get("kind") != kind:
            raise unauthorized()
        return claims["sub"]

    return app_for(username_in)


@wrong("5.3.5", caught_by="test_q5_an_account_that_is_not_active_gets_no_token")
def refresh_app():
    """Do not ask whether the account is active."""

    def refresh(refresh_token: Annotated[str, Form()]):
        username = username_of_kind(refresh_token, "refresh")
        return {"access_token": new_token(username, "access"), "token_type": "bearer"}

    return app_for(username_of_kind, refresh)


@wrong("5.3.5", caught_by="test_q5_an_account_that_is_not_active_gets_no_token")
def refresh_app():
    """Remember which accounts are active."""
    active = functools.cache(is_active)

    def refresh(refresh_token: Annotated[str, Form()]):
        username = username_of_kind(refresh_token, "refresh")
        if not active(username):
            raise unauthorized()
        return {"access_token": new_token(username, "access"), "token_type": "bearer"}

    return app_for(username_of_kind, refresh)


@wrong("5.3.5", caught_by="test_q5_an_account_that_is_not_active_gets_no_token")
def refresh_app():
    """Return 403 to an account that is not active."""

    def refresh(refresh_token: Annotated[str, Form()]):
        username = username_of_kind(refresh_token, "refresh")
        if not is_active(username):
            raise HTTPException(403)
        return {"access_token": new_token(username, "access"), "token_type": "bearer"}

    return app_for(username_of_kind, refresh)


@wrong("5.3.5", caught_by="test_q5_the_new_access_token_opens_get_me")
def refresh_app():
    """Return another refresh token as the access token."""

    def refresh(refresh_token: Annotated[str, Form()]):
        username = username_of_kind(refresh_token, "refresh")
        if not is_active(username):
            raise unauthorized()
        return {"access_token": new_token(username, "refresh"), "token_type": "bearer"}

    return app_for(username_of_kind, refresh)


@wrong("5.3.5", caught_by="test_q5_a_refresh_token_gets_a_new_access_token[ana]")
def refresh_app():
    """Return the token alone."""

    def refresh(refresh_token: Annotated[str, Form()]):
        username = username_of_kind(refresh_token, "refresh")
        if not is_active(username):
            raise unauthorized()
        return new_token(username, "access")

    return app_for(username_of_kind, refresh)


@wrong("5.3.5", caught_by="test_q5_a_refresh_token_gets_a_new_access_token[ana]")
def refresh_app():
    """Return a new refresh token, too, so that the login never ends."""

    def refresh(refresh_token: Annotated[str, Form()]):
        username = username_of_kind(refresh_token, "refresh")
        if not is_active(username):
            raise unauthorized()
        return {
            "access_token": new_token(username, "access"),
            "refresh_token": new_token(username, "refresh"),
            "token_type": "bearer",
        }

    return app_for(username_of_kind, refresh)


@wrong("5.3.5", caught_by="test_q5_get_me_accepts_an_access_token[ana]")
def refresh_app():
    """Return the claims instead of the user."""

    def username_in(token, kind):
        claims = login_claims(token)
        if claims is None or claims.get("kind") != kind:
            raise unauthorized()
        return str(claims)

    return app_for(username_in)


@wrong("5.3.5", caught_by="test_q5_get_me_accepts_an_access_token[eve]")
def refresh_app():
    """Ask for each token whether the account is active."""

    def username_in(token, kind):
        username = username_of_kind(token, kind)
        if not is_active(username):
            raise unauthorized()
        return username

    return app_for(username_in)


@right("5.3.5")
def refresh_app():
    """Match the claims."""

    def username_in(token, kind):
        match login_claims(token):
            case {"kind": found, "sub": username} if found == kind:
                return username
        raise HTTPException(401, "Sign in again.", {"WWW-Authenticate": "Bearer"})

    return app_for(username_in)


@right("5.3.5")
def refresh_app():
    """Let PyJWT read the token, and raise at the end."""

    def username_in(token, kind):
        try:
            claims = jwt.decode(token, LOGIN_KEY, ["HS256"])
            if claims["kind"] != kind:
                raise KeyError
        except (jwt.InvalidTokenError, KeyError) as error:
            raise unauthorized() from error
        return claims["sub"]

    async def refresh(refresh_token: str = Form()):
        username = username_in(refresh_token, "refresh")
        if is_active(username):
            token = new_token(username=username, kind="access")
            return JSONResponse({"access_token": token, "token_type": "bearer"})
        raise unauthorized()

    return app_for(username_in, refresh)


RIGHT = {
    "session, server B": 401,
    "JWT, server B": 200,
    "session, A restarted": 401,
    "JWT, A restarted": 200,
    "session, signed out": 401,
    "JWT, signed out": 200,
}


@wrong("5.3.6", caught_by="test_q6_the_status_code_is_predicted[JWT, signed out]")
def statuses():
    """Expect that a sign-out ends every token."""
    return RIGHT | {"JWT, signed out": 401}


@wrong("5.3.6", caught_by="test_q6_the_status_code_is_predicted[session, server B]")
def statuses():
    """Expect that servers share their sessions."""
    return RIGHT | {"session, server B": 200}


@wrong("5.3.6", caught_by="test_q6_the_status_code_is_predicted[session, A restarted]")
def statuses():
    """Expect that a session survives a restart."""
    return RIGHT | {"session, A restarted": 200}


@wrong("5.3.6", caught_by="test_q6_the_status_code_is_predicted[JWT, server B]")
def statuses():
    """Expect that a JWT is valid only where it was made."""
    return RIGHT | {"JWT, server B": 401}


@wrong("5.3.6", caught_by="test_q6_the_status_code_is_predicted[JWT, A restarted]")
def statuses():
    """Expect that a server with a new application has forgotten its JWTs."""
    return RIGHT | {"JWT, A restarted": 401}


@wrong("5.3.6", caught_by="test_q6_the_status_code_is_predicted[session, signed out]")
def statuses():
    """Expect that a copy of a session works after the sign-out."""
    return RIGHT | {"session, signed out": 200}


@wrong("5.3.6", caught_by="test_q6_the_status_code_is_predicted[session, server B]")
def statuses():
    """Expect 403."""
    return {key: 403 if status == 401 else status for key, status in RIGHT.items()}


@right("5.3.6")
def statuses():
    """Compute the six status codes from one rule for each kind."""
    whats = ("server B", "A restarted", "signed out")
    kinds = {"session": 401, "JWT": 200}
    return {f"{kind}, {what}": kinds[kind] for kind in kinds for what in whats}


@right("5.3.6")
def statuses():
    """Write the dict in another order."""
    return dict(sorted(RIGHT.items()))


@right("5.3.6")
def statuses():
    """Write the status codes by name."""
    return {key: HTTPStatus(status) for key, status in RIGHT.items()}
