"""The tests of section 8.2."""

import json
import logging
import os
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lab import (
    Ended,
    Unavailable,
    attempt,
    client,
    forked,
    in_words,
    outcome,
    stand_in,
)


class Raised(str):
    """The words of an exception."""


Run = Callable[..., list[Any]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that makes a call in a process of its own.

    The process makes the call once for each of the environments, and with its own
    current folder. The function returns for each one what the call returns, or
    `Raised`.
    """

    def run(
        call: Callable[[], object],
        *environments: Mapping[str, str],
        folder: Path = tmp_path,
    ) -> list[Any]:
        result = tmp_path / "result.json"

        def begin() -> None:
            os.chdir(folder)
            found = [call_in(environment, call) for environment in environments]
            result.write_text(json.dumps(found), encoding="utf-8")

        try:
            with forked(begin) as process:
                report = process.report()
        except Unavailable as missing:
            pytest.skip(str(missing))
        if isinstance(report, Ended) and report.raised:
            return [Raised(report.raised)] * len(environments)
        found = json.loads(result.read_text(encoding="utf-8"))
        return [Raised(words) if words else value for words, value in found]

    return run


def call_in(environment: Mapping[str, str], call: Callable[[], object]) -> list[Any]:
    """Return the exception in words that a call raises, and what it returns."""
    for name in list(os.environ):
        if name.upper().startswith(("BAKERY_", "MILL_")):
            del os.environ[name]
    os.environ.update(environment)
    got = outcome(call)
    return [in_words(got), None] if isinstance(got, Exception) else ["", got]


def seen(value: object) -> str:
    """Return what a call came to, for a message."""
    return f"raised {value}" if isinstance(value, Raised) else f"gave {in_words(value)}"


def is_error_of(value: object, name: str) -> bool:
    """Say whether a call raised the validation error of a setting."""
    is_error = isinstance(value, Raised) and value.startswith("ValidationError")
    return is_error and name in str(value).lower()


def shows(database_url: object, orders_per_day: object, debug: object) -> str:
    """Return the three settings of 8.2.1 for a message."""
    return f"{database_url=}, {orders_per_day=}, {debug=}"


def values(answers) -> str:
    """Return the three settings that are read from the environment."""
    settings = answers.Settings()
    return shows(settings.database_url, settings.orders_per_day, settings.debug)


URL = {"BAKERY_DATABASE_URL": "sqlite:///shop.db"}
SPACED = {"BAKERY_DATABASE_URL": " Server=DB; Name=Shop "}


def with_url(**variables: str) -> dict[str, str]:
    """Return an environment with a database and these variables."""
    return URL | {f"BAKERY_{name.upper()}": text for name, text in variables.items()}


def test_q1_the_settings_are_read_from_the_environment(answers, run):
    read = [("350", 350, "true", True), ("1", 1, "0", False), ("07", 7, "off", False)]
    read.append(("250000", 250000, "1", True))
    given = [
        {**with_url(orders_per_day=one[0], debug=one[2]), **url}
        for one, url in zip(read, (URL, SPACED, {}, {}), strict=True)
    ]
    found = run(lambda: values(answers), *given)

    for environment, (_, orders, _, debug), one in zip(given, read, found, strict=True):
        expected = shows(environment["BAKERY_DATABASE_URL"], orders, debug)
        pairs = " ".join(f"{name}={value!r}" for name, value in environment.items())
        assert one == expected, (
            f"With {pairs}, `Settings()` {seen(one)}. The docstring asks for "
            f"{expected}. Look at your fields and at the prefix."
        )


def test_q1_a_setting_without_a_variable_has_its_default(answers, run):
    (found,) = run(lambda: values(answers), URL)

    assert found == shows("sqlite:///shop.db", 200, False), (
        f"With BAKERY_DATABASE_URL alone, `Settings()` {seen(found)}. The docstring "
        "asks for orders_per_day=200 and debug=False by default."
    )


def test_q1_variables_without_the_prefix_have_no_effect(answers, run):
    given = {"DATABASE_URL": "x", "ORDERS_PER_DAY": "5", "DEBUG": "true"}
    (found,) = run(lambda: values(answers), {**given, **URL})

    assert found == shows("sqlite:///shop.db", 200, False), (
        f"With {given}, `Settings()` {seen(found)}. The docstring asks that variables "
        "without the prefix `BAKERY_` have no effect. Look at the configuration of "
        "your class."
    )


@pytest.mark.parametrize("call", ["Settings", "create_app"])
def test_q1_without_a_required_setting_the_service_does_not_start(answers, run, call):
    def start() -> None:
        getattr(answers, call)()

    (found,) = run(start, {"DATABASE_URL": "x"})
    words = "raised no exception" if found is None else seen(found)
    assert is_error_of(found, "database_url"), (
        f"Without BAKERY_DATABASE_URL, `{call}()` {words}. The docstring asks "
        "for a ValidationError of the missing setting `database_url`. Look at its "
        "default."
    )


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("orders_per_day", ["0", "-3", "many", "1.5"]), ("debug", ["maybe", "2"])],
)
def test_q1_an_invalid_setting_is_a_validation_error(answers, run, name, wrong):
    found = run(
        lambda: values(answers), *(with_url(**{name: value}) for value in wrong)
    )

    more = " and at its smallest value" if name == "orders_per_day" else ""
    for value, one in zip(wrong, found, strict=True):
        assert is_error_of(one, name), (
            f"With BAKERY_{name.upper()}={value!r}, `Settings()` {seen(one)}. The "
            f"docstring asks for a ValidationError of the setting `{name}`. Look at "
            f"its type{more}."
        )


def test_q1_the_application_uses_the_settings(answers, run):
    def request() -> object:
        app = answers.create_app()
        with client(app) as http:
            return [http.get("/capacity").json(), app.debug]

    (found,) = run(request, with_url(orders_per_day="12", debug="true"))
    assert found == [12, True], (
        f"With BAKERY_ORDERS_PER_DAY=12 and BAKERY_DEBUG=true, `GET /capacity` and "
        f"`app.debug` {seen(found)}. The docstring asks for [12, True]. Look at the "
        "names of your fields."
    )


HINTS = {
    "city": "Three sources have a city. Look at their order.",
    "phone": "Two sources have a phone. Look at their order.",
    "slogan": "Look at BAKERY_SLOGAN in ENVIRONMENT: an empty text is a value.",
    "city with an argument": "Look at where an argument stands in the order.",
    "os.environ": "Look at whether reading `.env` sets environment variables.",
    "phone in another folder": "Look at which sources still have a phone.",
}


@pytest.mark.parametrize("key", HINTS)
def test_q2_what_the_process_finds_is_predicted(answers, run, tmp_path, key):
    predicted = attempt("`predictions()`", answers.predictions)
    mine = predicted.get(key, "missing") if isinstance(predicted, dict) else predicted
    service, other, secrets = (tmp_path / name for name in ("srv", "tmp", "secrets"))
    for folder in (service, other, secrets):
        folder.mkdir()
    (service / ".env").write_text("\n".join(answers.DOTENV), encoding="utf-8")
    for name, content in answers.SECRETS.items():
        (secrets / name).write_text(content, encoding="utf-8")

    def process() -> str | None:
        more = {"city": "Turin"} if key == "city with an argument" else {}
        settings = answers.read_settings(secrets, **more)
        if key == "os.environ":
            return os.environ.get("BAKERY_PHONE")
        return str(getattr(settings, key.partition(" ")[0]))

    start_in = other if key == "phone in another folder" else service
    (real,) = run(process, answers.ENVIRONMENT, folder=start_in)
    assert mine == real, (
        f'Your prediction for "{key}" is {in_words(mine)}. The run had another result. '
        f'{HINTS[key]} Notes of 8.2: "Which source is used".'
    )


PASSWORD = "salt-flour-8-eggs"
PASSWORDS = {
    "long": PASSWORD,
    "twelve": "12-eggs-7-xy",
    "spaces": " 2 Eggs, '7' \u20ac ",
    "very long": "8 eggs, " * 10,
}
MILL = {"MILL_USER": "ana", "MILL_PASSWORD": PASSWORD}


def log_entry(value: object) -> str:
    """Return the text of a log entry that shows a value."""
    entry = logging.LogRecord("bakery", 20, "shop.py", 1, "read: %s", (value,), None)
    return logging.Formatter().format(entry)


def shown(answers) -> dict[str, str]:
    """Return everything that the settings of 8.2.3 and their password show."""
    settings = answers.MillSettings()
    password = settings.password
    return {
        "repr(settings)": repr(settings),
        "str(settings)": str(settings),
        "a log entry of settings": log_entry(settings),
        "model_dump()": repr(settings.model_dump()),
        "model_dump_json()": settings.model_dump_json(),
        "repr(settings.password)": repr(password),
        "str(settings.password)": f"{password} {password!s}",
        "a log entry of settings.password": log_entry(password),
    }


@pytest.mark.parametrize("what", ["settings", "password"])
def test_q3_the_password_is_not_shown(answers, run, what):
    (found,) = run(lambda: shown(answers), MILL)

    assert not isinstance(found, Raised), (
        f"With MILL_USER and MILL_PASSWORD set, printing the settings {seen(found)}. "
        "The docstring asks for settings that can be printed, logged and dumped. Look "
        "at the fields, and at the prefix of their variables."
    )
    for form, text in found.items():
        if ("password" in form) != (what == "password"):
            continue
        assert PASSWORD not in text, (
            f"{form} is {in_words(text)}. The docstring asks that it does not contain "
            "the password. Look at the type of `password`."
        )
        assert "ana" in text or what == "password", (
            f"{form} is {in_words(text)}. The docstring asks that it shows the user."
        )


def refused(answers) -> list[str]:
    """Return the type and the text of the error of `MillSettings()`."""
    error = outcome(answers.MillSettings)
    if not isinstance(error, Exception):
        return ["no exception", ""]
    return [type(error).__name__, "".join(traceback.format_exception(error))]


LEAKS = [
    {"MILL_PASSWORD": PASSWORD},
    {"MILL_PASSWORD": "11-eggs-7-x", "MILL_USER": "ana"},
    {"MILL_PASSWORD": "eggs", "MILL_USER": "ana"},
    {"MILL_PASSWORD": "11-eggs-7-x"},
    {"MILL_PASSWORD": "sm\u00f8r-br\u00f8d-7", "MILL_USER": "ana"},  # 11, in 13 bytes
]


def test_q3_an_error_message_does_not_show_the_password(answers, run):
    found = run(lambda: refused(answers), *LEAKS)

    for given, (kind, text) in zip(LEAKS, found, strict=True):
        assert kind == "ValidationError", (
            f"`MillSettings()` with {given} ended with {kind}. The docstring asks for "
            "a ValidationError: both settings are required, and a password has at "
            "least 12 characters. Look at the two fields."
        )
        assert given["MILL_PASSWORD"] not in text, (
            f"`MillSettings()` with {given} raised a ValidationError, and its message "
            "shows the password. The docstring asks for a message without it. Look at "
            "how the configuration of a model hides the input."
        )


def test_q3_a_password_is_required(answers, run):
    (found,) = run(lambda: refused(answers), {"MILL_USER": "ana", "PASSWORD": PASSWORD})
    (leaked,) = run(lambda: repr(answers.MillSettings()), MILL)

    assert found[0] == "ValidationError", (
        f"`MillSettings()` without MILL_PASSWORD ended with {found[0]}. The docstring "
        "asks for a ValidationError: the password is required. Look at its default."
    )
    assert PASSWORD not in leaked, (
        f"With a password, `repr(settings)` is {in_words(leaked)}. The docstring asks "
        "that it does not contain the password. Look at the type of `password`."
    )


def sign_in(answers: Any, password: str) -> list[object]:
    """Return the calls of `log_in`, what it returned, and whether repr shows it."""
    made: list[str] = []

    def log_in(user: object, password: object) -> str:
        made.append(f"log_in({user!r}, {password!r})")
        return "session 7"

    stand_in(answers.log_in, log_in)
    settings = answers.MillSettings()
    before = [f"{call} before sign_in()" for call in made]
    returned = settings.sign_in()
    return [before + made[len(before) :], returned, password in repr(settings)]


@pytest.mark.parametrize("kind", PASSWORDS)
def test_q3_sign_in_uses_the_real_password(answers, run, kind):
    password = PASSWORDS[kind]
    environment = {"MILL_USER": "zoe", "MILL_PASSWORD": password}
    (found,) = run(lambda: sign_in(answers, password), environment)
    assert not isinstance(found, Raised), (
        f"With the password {password!r}, `MillSettings().sign_in()` {seen(found)}. "
        "The docstring asks for passwords of at least 12 characters, and that "
        "`sign_in()` returns what `log_in` returns. Look at the limits of `password` "
        "and at `sign_in`."
    )
    made, returned, is_shown = found
    call = f"log_in('zoe', {password!r})"
    did = f"called {' and '.join(made)}" if made else "did not call `log_in`"
    assert (made, returned) == ([call], "session 7"), (
        f"`sign_in()` {did} and returned "
        f"{in_words(returned)}. The docstring asks for the call {call}, with the real "
        "password, and for its result, here 'session 7'. Look at `sign_in`."
    )
    assert is_shown is False, (
        "`sign_in()` works, but `repr(settings)` shows the password. The docstring "
        "asks that it does not. Look at the type of `password`."
    )
