"""The tests of section 11.2."""

import ast
import linecache
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from pytest_asyncio import plugin as asyncio_plugin
from sqlalchemy import Engine, delete, event, insert, select
from sqlalchemy.orm import Session

from lab import (
    connections,
    in_words,
    json_or_text,
    outcome,
    returned_or_raised,
    sqlite_engine,
    stand_in,
)

OPTIONS = [
    "--disable-plugin-autoload",
    "--import-mode=importlib",
    "--override-ini=asyncio_mode=auto",
    "--override-ini=asyncio_default_fixture_loop_scope=function",
]
# What the pytest within pytest does not need, or must not change for the outer one.
WITHOUT = [
    *("cacheprovider", "debugging", "doctest", "faulthandler", "junitxml"),
    *("legacypath", "logging", "pastebin", "setuponly", "setupplan", "stepwise"),
    *("subtests", "terminal", "threadexception", "unittest", "unraisableexception"),
]
FILE = """
import sys

globals().update(sys.modules["names_of_the_run"].names)
"""


CASE = "case_of_the_run"  # the fixture that has one value for each case


def case_of(item: Any) -> str:
    """Return the case that a test is for, or an empty text."""
    spec = getattr(item, "callspec", None)
    return spec.params.get(CASE, "") if spec else ""


# What can be read again in a finished frame, and does nothing.
HARMLESS = ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.expr_context


def is_harmless(node: ast.AST) -> bool:
    """Return whether this is a name, an attribute, an item, or the JSON of one."""
    if isinstance(node, ast.Call) and not node.args and not node.keywords:
        method = node.func
        return isinstance(method, ast.Attribute) and method.attr == "json"
    return isinstance(node, HARMLESS)


def compared(frame: FrameType, line: int) -> str:
    """Return what the `assert` at this line has compared, for a message."""
    tree = ast.parse("".join(linecache.getlines(frame.f_code.co_filename)))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assert):
            continue
        if not node.lineno <= line <= (node.end_lineno or line):
            continue
        test = node.test
        left = test.left if isinstance(test, ast.Compare) else None
        if left is not None and all(map(is_harmless, ast.walk(left))):
            text = ast.unparse(left)
            value = outcome(partial(eval, text, frame.f_globals, frame.f_locals))
            return f": `{text}` is {in_words(value)}"
        return f": `assert {ast.unparse(test)}`"
    return ""


class Run:
    """What pytest said of the tests that it ran; it is a plugin of pytest.

    `seen` has for each case what became of its tests: "passed", "skipped" or an
    exception. What has no case is in `seen[""]`.
    """

    def __init__(self, file: str | None, to_fail: bool) -> None:
        self.file = file  # of the answers
        self.to_fail = to_fail  # whether the first case that passes is the last one
        self.seen: dict[str, list[str | BaseException]] = {}
        self.rest: Counter[str] = Counter()

    def _keep(self, item: Any, what: str | BaseException) -> None:
        self.seen.setdefault(case_of(item), []).append(what)

    def pytest_collection_finish(self, session: Any) -> None:
        """Count the tests of each case."""
        self.rest.update(map(case_of, session.items))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Any:
        """Stop after a case that passes and should fail."""
        done = yield
        case = case_of(item)
        self.rest[case] -= 1
        if self.to_fail and not self.rest[case] and not self.errors(case):
            item.session.shouldstop = f"It passes: {case}"
        return done

    def pytest_configure(self, config: Any) -> None:
        """Let pytest write no tracebacks, which takes a second for a long one."""
        config.option.tbstyle = "value"

    def pytest_exception_interact(self, node: Any, call: Any) -> None:
        """Keep an exception, also one of a fixture or of the collection."""
        self._keep(node, call.excinfo.value)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        """Keep which tests passed, and which ones were skipped."""
        report = yield
        if hasattr(report, "wasxfail") or report.outcome == "skipped":
            self._keep(item, "skipped")
        elif call.when == "call" and report.outcome == "passed":
            self._keep(item, "passed")
        return report

    def of(self, case: str) -> list[str | BaseException]:
        """Return what became of the tests of a case, and of those without a case."""
        return [
            one for key, kept in self.seen.items() if key in ("", case) for one in kept
        ]

    def errors(self, case: str = "") -> list[BaseException]:
        """Return the exceptions with which tests failed."""
        return [one for one in self.of(case) if isinstance(one, BaseException)]

    def is_passed(self, case: str = "") -> bool:
        """Return whether there were tests, and all of them passed."""
        return set(self.of(case)) == {"passed"}

    def came(self, case: str = "") -> str:
        """Return what happened, for a message."""
        if errors := self.errors(case):
            if isinstance(errors[0], pytest.FixtureLookupError):
                return f"failed: pytest found no fixture {errors[0].argname!r}"
            entries = walk_tb(errors[0].__traceback__)
            own = [one for one in entries if one[0].f_code.co_filename == self.file]
            where = f" in line {own[-1][1]}" if own else ""
            words = re.sub(r" at 0x\w+", "", in_words(errors[0]))
            shown = f" with {words}"
            if own and str(errors[0]) == "" and type(errors[0]) is AssertionError:
                shown = compared(*own[-1]) or shown
            return f"failed{where}{shown if len(shown) < 86 else f'{shown[:86]}...'}"
        if "skipped" in self.of(case):
            return "was skipped, or is marked with `xfail`"
        return "passed" if self.of(case) else "was not found by pytest"


def is_of_a_test(error: BaseException) -> bool:
    """Return whether this exception means for pytest that a test failed."""
    if isinstance(error, NotImplementedError):
        return False
    return isinstance(error, Exception) or type(error) is pytest.fail.Exception


def run_pytest(
    answers: Any, folder: Path, *, to_fail: bool = False, **names: Any
) -> Run:
    """Run pytest on a file that has these `names`: tests and fixtures.

    The fixtures of the answers can be used, too. With `to_fail`, the run ends after the
    first case that passes.

    Raises:
        NotImplementedError: the answer is still open.
    """
    (folder / "pytest.ini").write_text("[pytest]\n")
    file = folder / "test_run.py"
    file.write_text(FILE)
    holder: Any = type(sys)("names_of_the_run")
    holder.names = names
    given = sys.modules[answers.create_app.__module__]
    seen = Run(given.__file__, to_fail)
    paths = [f"--rootdir={folder}", f"--basetemp={folder / 'temp'}"]
    without = [word for name in WITHOUT for word in ("-p", f"no:{name}")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_CURRENT_TEST", "")
        patch.delenv("PYTEST_ADDOPTS", raising=False)
        patch.setitem(sys.modules, holder.__name__, holder)
        patch.setitem(sys.modules, file.stem, None)
        patch.delitem(sys.modules, file.stem)
        arguments = [*OPTIONS, *without, *paths, "-c", folder / "pytest.ini", file]
        pytest.main([*map(str, arguments)], plugins=[seen, given, asyncio_plugin])
    for case in seen.seen:
        for error in seen.errors(case):
            if not is_of_a_test(error):
                raise error
    return seen


Response = tuple[int, Any]  # a status code, and what becomes JSON


def correct(name: str) -> Response:
    """Return the response of a correct application of 11.2.1."""
    bikes = {"harbour": 2, "castle": 0}
    if name not in bikes:
        return 404, {"detail": "There is no such station."}
    return 200, {"name": name, "bikes": bikes[name]}


def city(respond: Callable[[str], Response]) -> FastAPI:
    """Return an application of 11.2.1, which needs its lifespan."""

    @asynccontextmanager
    async def load(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        yield {"respond": respond}

    router = APIRouter()

    @router.get("/stations/{name}")
    async def read(name: str, request: Request) -> JSONResponse:
        status, body = request.state.respond(name)
        return JSONResponse(body, status)

    app = FastAPI(lifespan=load)
    app.include_router(router)
    return app


def case_fixture(cases: Iterable[str]) -> Any:
    """Return the fixture that runs a test once for each case."""
    return pytest.fixture(lambda request: request.param, params=list(cases), name=CASE)


def run_q1(
    answers: Any,
    folder: Path,
    apps: Mapping[str, Callable[[], FastAPI]],
    to_fail: bool = False,
) -> Run:
    """Run the test of 11.2.1 with each of these applications."""

    @pytest.fixture
    def app(case_of_the_run: str) -> FastAPI:
        return apps[case_of_the_run]()

    return run_pytest(
        answers,
        folder,
        to_fail=to_fail,
        app=app,
        test_read_station=answers.test_read_station,
        **{CASE: case_fixture(apps)},
    )


def in_another_order(name: str) -> Response:
    """Return the fields in another order."""
    status, body = correct(name)
    return status, dict(reversed(body.items()))


def with_another_body(name: str) -> Response:
    """Return another body with the 404."""
    status, body = correct(name)
    return status, body if status == 200 else {"error": f"Unknown: {name}"}


CORRECT: dict[str, Callable[[str], Response]] = {
    "an application with other code": correct,
    "an application with another order of the fields": in_another_order,
    "an application with another body of the 404": with_another_body,
}


def test_q1_the_test_passes_with_a_correct_application(
    answers: Any, tmp_path: Path
) -> None:
    given = {"the application of `create_app()`": lambda: answers.create_app()}
    apps = {name: partial(city, respond) for name, respond in CORRECT.items()}

    run = run_q1(answers, tmp_path, given | apps)
    for which in given | apps:
        assert run.is_passed(which), (
            f"With {which}, your test {run.came(which)}. This application keeps the "
            "rules, so the docstring asks for a test that passes. Look at whether your "
            "test runs the lifespan, and which rule each assertion belongs to."
        )


def other(body: Any = None, status: int | None = None, **fields: Any) -> Any:
    """Return a fault: another body, another status code, or other fields.

    A field that is None in `fields` is missing.
    """

    def change(response: Response) -> Response:
        before, fine = response
        changed = {**fine, **fields} if body is None else body
        if isinstance(changed, dict):
            changed = {key: value for key, value in changed.items() if value != "-"}
        return status or before, changed

    return change


HARBOUR, CASTLE, UNKNOWN = "harbour", "castle", "an unknown name"
NO_STATION = {"detail": "There is no such station."}
# What is wrong, for which names, and with which rule it breaks.
FAULTS: dict[str, tuple[tuple[str, ...], int, Any]] = {
    "201 for each station": ((HARBOUR, CASTLE), 1, other(status=201)),
    "202 for harbour": ((HARBOUR,), 1, other(status=202)),
    "203 for castle": ((CASTLE,), 1, other(status=203)),
    "404 for castle": ((CASTLE,), 1, other(NO_STATION, 404)),
    "404 for harbour": ((HARBOUR,), 1, other(NO_STATION, 404)),
    "3 bikes for harbour": ((HARBOUR,), 2, other(bikes=3)),
    "0 bikes for harbour": ((HARBOUR,), 2, other(bikes=0)),
    "1 bike for castle": ((CASTLE,), 2, other(bikes=1)),
    "2 bikes for castle": ((CASTLE,), 2, other(bikes=2)),
    "null as the bikes of castle": ((CASTLE,), 2, other(bikes=None)),
    "no bikes for castle": ((CASTLE,), 2, other(bikes="-")),
    "the name harbour for castle": ((CASTLE,), 2, other(name="harbour")),
    "the name castle for harbour": ((HARBOUR,), 2, other(name="castle")),
    "names in upper case": ((HARBOUR,), 2, other(name="HARBOUR")),
    "stations without a name": ((HARBOUR, CASTLE), 2, other(name="-")),
    "stations without bikes": ((HARBOUR, CASTLE), 2, other(bikes="-")),
    "a third field": ((HARBOUR, CASTLE), 2, other(lock_code="4711")),
    "a third field for harbour": ((HARBOUR,), 2, other(lock_code="4711")),
    "a third field for castle": ((CASTLE,), 2, other(note="empty")),
    "the text '2' as the bikes of harbour": ((HARBOUR,), 2, other(bikes="2")),
    "the text '0' as the bikes of castle": ((CASTLE,), 2, other(bikes="0")),
    "null for each station": ((HARBOUR, CASTLE), 2, lambda _: (200, None)),
    "a list for each station": ((HARBOUR, CASTLE), 2, lambda one: (200, [one[1]])),
    "200 and an error for an unknown name": (
        (UNKNOWN,),
        3,
        other({"detail": "There is no such station."}, 200),
    ),
    "200 and 0 bikes for an unknown name": ((UNKNOWN,), 3, other({"bikes": 0}, 200)),
    "200 and null for an unknown name": ((UNKNOWN,), 3, lambda _: (200, None)),
    "400 for an unknown name": ((UNKNOWN,), 3, other(status=400)),
    "410 for an unknown name": ((UNKNOWN,), 3, other(status=410)),
    "422 for an unknown name": ((UNKNOWN,), 3, other(status=422)),
    "500 for an unknown name": ((UNKNOWN,), 3, other(status=500)),
}


def faulty(fault: str) -> FastAPI:
    """Return the application of 11.2.1 with this fault."""
    names, _, change = FAULTS[fault]

    def respond(name: str) -> Response:
        response = correct(name)
        kind = name if response[0] == 200 else UNKNOWN
        changed: Response = change(response) if kind in names else response
        return changed

    return city(respond)


@pytest.mark.parametrize("rule", [1, 2, 3])
def test_q1_the_test_fails_with_an_application_that_breaks_a_rule(
    answers: Any, tmp_path: Path, rule: int
) -> None:
    faults = [fault for fault, (_, broken, _) in FAULTS.items() if broken == rule]
    apps = {fault: partial(faulty, fault) for fault in faults}
    run = run_q1(answers, tmp_path, apps, to_fail=True)

    for fault in faults:
        assert run.errors(fault), (
            f"Your test {run.came(fault)}, although the application returned {fault}. "
            f"This breaks rule {rule} of `read_station`. The docstring asks for a test "
            "that fails. Look at which requests your test sends, and what it asserts "
            "of each response."
        )


class Rented:
    """The runs of tests that use the fixture of 11.2.2, and what they have seen."""

    def __init__(self, answers: Any, folder: Path) -> None:
        self.answers = answers
        self.folder = folder
        self.before: dict[Any, Any] = {}  # the overrides before each test
        self.during: list[dict[Any, Any]] = []
        self.after: list[dict[Any, Any]] = []
        self.lent: list[int] = []  # how many connections the tests took from `engine`
        self.sessions: list[Session] = []  # those that have begun a transaction
        self.rows: list[object] = []

    def run(self, *uses: Callable[[TestClient], None]) -> Run:
        """Run one test for each of `uses`, which sends requests with the client."""
        tests = {f"test_{number}": self._test(use) for number, use in enumerate(uses)}
        names = {"engine": self._engine(), "around": self._around()}
        event.listen(Session, "after_begin", self._begun)
        event.listen(Session, "after_attach", self._attached)
        try:
            return run_pytest(self.answers, self.folder, **names, **tests)
        finally:
            event.remove(Session, "after_begin", self._begun)
            event.remove(Session, "after_attach", self._attached)

    def _begun(self, session: Session, *_: Any) -> None:
        self.sessions.append(session)

    def _attached(self, session: Session, instance: object) -> None:
        self.rows.append(instance)  # else the session forgets it

    def still_open(self) -> int:
        """Return how many sessions have a transaction, or objects of the endpoint."""
        used = {id(one): one for one in self.sessions}.values()
        return sum(
            one.in_transaction() or any(row in one for row in self.rows) for one in used
        )

    def _test(self, use: Callable[[TestClient], None]) -> Callable[..., None]:
        def test(client: Any) -> None:
            assert isinstance(client, TestClient), (
                f"the fixture provides {in_words(client)}, and not a `TestClient`"
            )
            self.during.append(dict(self.answers.rental.dependency_overrides))
            use(client)

        return test

    def _engine(self) -> Any:
        @pytest.fixture
        def engine() -> Iterator[Engine]:
            with ride_engine(self.answers) as one, connections(one) as seen:
                yield one
                self.lent.append(seen.lent)

        return engine

    def _around(self) -> Any:
        @pytest.fixture(autouse=True)
        def around() -> Iterator[None]:
            self.answers.rental.dependency_overrides = dict(self.before)
            yield
            self.after.append(dict(self.answers.rental.dependency_overrides))

        return around


@contextmanager
def ride_engine(answers: Any) -> Iterator[Engine]:
    """Yield an engine of a new database with the empty table `ride`."""
    with sqlite_engine() as engine:
        answers.Base.metadata.create_all(engine)
        yield engine


def check_passed(run: Run) -> None:
    """Check that each test of a run passed, whose tests use the fixture `client`."""
    assert run.is_passed(), (
        f"A test that uses `client` {run.came()}. The docstring asks for a "
        "`TestClient` of `rental`, whose requests use `engine`. Look at what your "
        "fixture provides, and at the key and the value of its override."
    )


def ride(client: TestClient, rider: str, minutes: int) -> Any:
    """Send a new ride, and return the response."""
    return client.post("/rides", json={"rider": rider, "minutes": minutes})


def test_q2_the_requests_of_each_test_use_its_own_database(
    answers: Any, tmp_path: Path
) -> None:
    seen: list[tuple[Any, Any]] = []

    def use(client: TestClient) -> None:
        price = json_or_text(ride(client, "ada", 62))
        seen.append((price, json_or_text(client.get("/riders/ada/minutes"))))

    rented = Rented(answers, tmp_path)
    check_passed(rented.run(use, use))
    assert seen == [(20, 62), (20, 62)], (
        "Each of two tests sent a ride of 62 minutes, and then `GET "
        f"/riders/ada/minutes`. The responses were {in_words(seen)}. The docstring "
        "asks for the new, empty database of each test: a price of 20, and then 62. "
        "Look at which engine your override uses."
    )
    assert all(rented.lent), (
        "Two tests sent requests, and these took "
        f"{rented.lent} connections from the `engine` of each test. The docstring asks "
        "for sessions that use `engine`. Look at what your override creates."
    )


def test_q2_each_request_gets_a_new_session(answers: Any, tmp_path: Path) -> None:
    def use(client: TestClient) -> None:
        # One event loop, hence one worker thread: a session of the thread is found.
        with nullcontext() if client.portal else client:
            for minutes in (10, 20, 30):
                ride(client, "ada", minutes)

    rented = Rented(answers, tmp_path)
    check_passed(rented.run(use))
    number = len({id(session) for session in rented.sessions})
    assert number == 3, (
        f"Three requests used {number} session(s). The docstring asks for a new "
        "session for each request. Look at which function creates the session: FastAPI "
        "calls the override for each request, pytest calls the fixture for each test."
    )


NO_PRICE = "This is a fault of the endpoint."


def is_finished(client: TestClient) -> None:
    ride(client, "ada", 30)
    client.get("/riders/ada/minutes")


def returns_404(client: TestClient) -> None:
    status = client.get("/riders/eve/minutes").status_code
    assert status == 404, f"the status code {status} in the place of 404"


def raises_a_runtime_error(client: TestClient) -> None:
    seen = outcome(lambda: ride(client, "ada", 30))
    if isinstance(seen, Exception):  # else it is the response 500
        assert str(seen) == NO_PRICE, (
            f"{type(seen).__name__} in the place of RuntimeError"
        )


def fails(rides: Any, rider: str, minutes: int) -> int:
    """Use the session, and raise an exception: it replaces `price`."""
    rides.minutes(rider)
    raise RuntimeError(NO_PRICE)


@pytest.mark.parametrize("use", [is_finished, returns_404, raises_a_runtime_error])
def test_q2_the_session_is_closed_when_the_request_is_finished(
    answers: Any, tmp_path: Path, use: Callable[[TestClient], None]
) -> None:
    if use is raises_a_runtime_error:
        stand_in(answers.price, fails)
    rented = Rented(answers, tmp_path)
    still_open: list[int] = []

    def use_and_look(client: TestClient) -> None:
        use(client)
        still_open.append(rented.still_open())

    run = rented.run(use_and_look)
    what = use.__name__.replace("_", " ").replace("is finished", "returns 200")
    assert run.is_passed(), (
        f"An endpoint {what}, and the test {run.came()}. The docstring asks to close "
        "the session, and to let FastAPI get the exception. Look at what your override "
        "does after its `yield`."
    )
    assert (still_open, bool(rented.sessions)) == ([0], True), (
        f"After a request whose endpoint {what}, {still_open[0]} session(s) were not "
        "closed. The docstring asks to close the session when the request is finished. "
        "Look at what your override does after its `yield`, and whether it does so "
        "after an exception."
    )


def test_q2_the_other_overrides_stay(answers: Any, tmp_path: Path) -> None:
    def weather() -> str:
        return "rain"

    answers.rental.get("/weather")(lambda now=Depends(weather): now)
    seen: list[Any] = []
    rented = Rented(answers, tmp_path)
    rented.before = {weather: lambda: "sun"}

    def use(client: TestClient) -> None:
        seen.append(json_or_text(client.get("/weather")))

    check_passed(rented.run(use))
    keys = set(rented.during[0])
    assert (seen, keys) == (["sun"], {weather, answers.get_session}), (
        "Another fixture had overridden the dependency `weather` with 'sun'. During "
        f"the test, it provided {in_words(seen[0])}, and the overrides were "
        f"{names_of(rented.during[0])}. The docstring asks to keep the other overrides "
        "of `rental`, and to add one for `get_session`."
    )


def names_of(overrides: Mapping[Any, Any]) -> str:
    """Return overrides with the names of functions, for a message."""
    names = {
        getattr(key, "__name__", key): getattr(value, "__name__", value)
        for key, value in overrides.items()
    }
    return in_words(names)


OLD = ["no override", "an override of weather", "an override of get_session"]


def weather() -> str:
    """Return the weather: a dependency that has nothing to do with sessions."""
    return "rain"


def fail(client: TestClient) -> None:
    """Fail, as a test that uses the fixture."""
    raise RuntimeError("This test fails.")


def rented_before(answers: Any, folder: Path, old: str) -> Rented:
    """Return a rental that has an override before the tests, or none."""
    rented = Rented(answers, folder)
    if old != "no override":
        key = answers.get_session if old == "an override of get_session" else weather
        rented.before = {key: lambda: "old"}
    return rented


@pytest.mark.parametrize("old", OLD)
def test_q2_after_the_test_the_overrides_are_those_of_before(
    answers: Any, tmp_path: Path, old: str
) -> None:
    rented = rented_before(answers, tmp_path, old)
    run = rented.run(lambda client: None, fail)
    kept = [one.get(answers.get_session) for one in rented.during]
    assert rented.before.get(answers.get_session, "-") not in kept, (
        f"Before two tests, `rental` had {old}. During the tests, it was still the old "
        "one. The docstring asks for sessions that use `engine`, and for the old "
        "override after the test. Look at where your fixture adds its own."
    )
    ended = [str(one) for one in run.of("")]
    assert ended == ["passed", "This test fails."], (
        "Of two tests that use `client`, the first one does nothing and the second one "
        f"raises an exception. pytest reported {in_words(run.of(''))}. The docstring "
        "asks for a fixture. Look at what it does before and after its `yield`."
    )
    assert rented.after == [rented.before, rented.before], (
        f"Before two tests, `rental` had {old}. The first test passed, the second one "
        f"failed. After them, `rental` had {' and '.join(map(names_of, rented.after))}."
        " The docstring asks for the overrides of before. Look at what your fixture "
        "does after its `yield`."
    )


# The code that 11.2.3 is about, correct and with faults. Each function takes the module
# of the answers first.


def finish(given: Any, ride: Any, rides: Any) -> int:
    """Return the price of the ride, and save the ride."""
    cents: int = given.price(rides, ride.rider, ride.minutes)
    rides.add(ride.rider, ride.minutes)
    return cents


def add(given: Any, rides: Any, rider: str, minutes: int) -> None:
    """Save a ride."""
    statement = insert(given.Ride).values(rider=rider, minutes=minutes)
    rides.session.execute(statement)
    rides.session.commit()


def minutes_of(given: Any, rides: Any, rider: str) -> int:
    """Return the sum of the minutes of all rides of this rider."""
    return sum(rides.session.scalars(of_rider(given, rider)))


def of_rider(given: Any, rider: str) -> Any:
    """Return the query for the minutes of each ride of this rider."""
    ride = given.Ride
    return select(ride.minutes).where(ride.rider == rider).order_by(ride.id)


def does_not_save_the_ride(given: Any, ride: Any, rides: Any) -> Any:
    return given.price(rides, ride.rider, ride.minutes)


def saves_the_ride_before_it_calls_price(given: Any, ride: Any, rides: Any) -> Any:
    rides.add(ride.rider, ride.minutes)
    return given.price(rides, ride.rider, ride.minutes)


def saves_each_ride_twice(given: Any, ride: Any, rides: Any) -> Any:
    cents = finish(given, ride, rides)
    rides.add(ride.rider, ride.minutes)
    return cents


def saves_the_cents_as_the_minutes(given: Any, ride: Any, rides: Any) -> Any:
    cents = given.price(rides, ride.rider, ride.minutes)
    rides.add(ride.rider, cents)
    return cents


def saves_only_rides_that_cost_something(given: Any, ride: Any, rides: Any) -> Any:
    cents = given.price(rides, ride.rider, ride.minutes)
    if cents:
        rides.add(ride.rider, ride.minutes)
    return cents


def saves_only_rides_that_are_free(given: Any, ride: Any, rides: Any) -> Any:
    cents = given.price(rides, ride.rider, ride.minutes)
    if not cents:
        rides.add(ride.rider, ride.minutes)
    return cents


def returns_the_minutes(given: Any, ride: Any, rides: Any) -> Any:
    finish(given, ride, rides)
    return ride.minutes


def always_returns_0(given: Any, ride: Any, rides: Any) -> Any:
    return finish(given, ride, rides) * 0


def returns_null(given: Any, ride: Any, rides: Any) -> Any:
    finish(given, ride, rides)


def returns_euros(given: Any, ride: Any, rides: Any) -> Any:
    return finish(given, ride, rides) / 100


def forgets_the_earlier_rides(given: Any, ride: Any, rides: Any) -> Any:
    finish(given, ride, rides)
    return 10 * max(ride.minutes - 60, 0)


def does_not_commit(given: Any, rides: Any, rider: str, minutes: int) -> None:
    rides.session.add(given.Ride(rider=rider, minutes=minutes))
    rides.session.flush()


def inserts_no_row(given: Any, rides: Any, rider: str, minutes: int) -> None:
    pass


def saves_hours(given: Any, rides: Any, rider: str, minutes: int) -> None:
    add(given, rides, rider, minutes // 60)


def inserts_two_rows(given: Any, rides: Any, rider: str, minutes: int) -> None:
    add(given, rides, rider, minutes)
    add(given, rides, rider, minutes)


def saves_no_rider(given: Any, rides: Any, rider: str, minutes: int) -> None:
    add(given, rides, "", minutes)


def deletes_the_earlier_rides(given: Any, rides: Any, rider: str, minutes: int) -> None:
    rides.session.execute(delete(given.Ride).where(given.Ride.rider == rider))
    add(given, rides, rider, minutes)


def saves_the_first_ride_only(given: Any, rides: Any, rider: str, minutes: int) -> None:
    if not minutes_of(given, rides, rider):
        add(given, rides, rider, minutes)


def counts_the_rides_of_all_riders(given: Any, rides: Any, rider: str) -> Any:
    return sum(rides.session.scalars(select(given.Ride.minutes)))


def returns_the_longest_ride(given: Any, rides: Any, rider: str) -> Any:
    return max(rides.session.scalars(of_rider(given, rider)), default=0)


def returns_the_number_of_rides(given: Any, rides: Any, rider: str) -> Any:
    return len(rides.session.scalars(of_rider(given, rider)).all())


def returns_the_last_ride(given: Any, rides: Any, rider: str) -> Any:
    return [0, *rides.session.scalars(of_rider(given, rider))][-1]


def returns_the_first_ride(given: Any, rides: Any, rider: str) -> Any:
    return next(iter(rides.session.scalars(of_rider(given, rider))), 0)


def returns_the_mean(given: Any, rides: Any, rider: str) -> Any:
    found = rides.session.scalars(of_rider(given, rider)).all()
    return sum(found) // max(len(found), 1)


def finds_no_ride(given: Any, rides: Any, rider: str) -> Any:
    return 0


def returns_none_without_rides(given: Any, rides: Any, rider: str) -> Any:
    return minutes_of(given, rides, rider) or None


def returns_hours(given: Any, rides: Any, rider: str) -> Any:
    return minutes_of(given, rides, rider) // 60


FAULTY = {
    "finish_ride": [
        does_not_save_the_ride,
        saves_the_ride_before_it_calls_price,
        saves_each_ride_twice,
        saves_the_cents_as_the_minutes,
        saves_only_rides_that_cost_something,
        saves_only_rides_that_are_free,
        returns_the_minutes,
        always_returns_0,
        returns_null,
        returns_euros,
        forgets_the_earlier_rides,
    ],
    "Rides.add": [
        does_not_commit,
        inserts_no_row,
        saves_hours,
        inserts_two_rows,
        saves_no_rider,
        deletes_the_earlier_rides,
        saves_the_first_ride_only,
    ],
    "Rides.minutes": [
        counts_the_rides_of_all_riders,
        returns_the_longest_ride,
        returns_the_number_of_rides,
        returns_the_last_ride,
        returns_the_first_ride,
        returns_the_mean,
        finds_no_ride,
        returns_none_without_rides,
        returns_hours,
    ],
}
OTHER_CODE = {"finish_ride": finish, "Rides.add": add, "Rides.minutes": minutes_of}
Code = Mapping[str, Callable[..., Any]]


def faults_of(place: str) -> dict[str, Code]:
    """Return the code with each fault of this function."""
    return {
        fault.__name__.replace("_", " "): {**OTHER_CODE, place: fault}
        for fault in FAULTY[place]
    }


def run_q3(
    answers: Any,
    folder: Path,
    cases: Mapping[str, Code | None],
    to_fail: bool = False,
) -> Run:
    """Run the test of 11.2.3 with the code of each case; None is the given code."""
    current: dict[str, Callable[..., Any]] = {}

    def relay(name: str) -> Callable[..., Any]:
        return lambda *all_, **named: current[name](answers, *all_, **named)

    if None not in cases.values():
        for name in OTHER_CODE:
            owner, _, method = name.rpartition(".")
            function = getattr(answers.Rides, method) if owner else answers.finish_ride
            stand_in(function, relay(name))

    @pytest.fixture(autouse=True)
    def code(case_of_the_run: str) -> None:
        current.update(cases[case_of_the_run] or {})

    @pytest.fixture
    def engine() -> Iterator[Engine]:
        with ride_engine(answers) as one:
            yield one

    @pytest.fixture
    def client(engine: Engine) -> Iterator[TestClient]:
        def get_session() -> Iterator[Session]:
            with Session(engine) as session:
                yield session

        answers.rental.dependency_overrides = {answers.get_session: get_session}
        with TestClient(answers.rental) as one:
            yield one

    return run_pytest(
        answers,
        folder,
        to_fail=to_fail,
        code=code,
        engine=engine,
        client=client,
        test_rental=answers.test_rental,
        **{CASE: case_fixture(cases)},
    )


def test_q3_the_test_passes_with_the_given_code(answers: Any, tmp_path: Path) -> None:
    run = run_q3(answers, tmp_path, {"given": None})

    assert run.is_passed("given"), (
        f"With the given code, your test {run.came('given')}. The docstring asks for a "
        "test that passes. Look at the requests that your test sends. Calculate the "
        "prices that you expect with the docstring of `price`."
    )


def test_q3_the_test_passes_with_other_correct_code(
    answers: Any, tmp_path: Path
) -> None:
    run = run_q3(answers, tmp_path, {"other": OTHER_CODE})

    assert run.is_passed("other"), (
        f"With other code that does the same, your test {run.came('other')}. The "
        "docstring asks for a test that passes, whatever the code looks like. Look at "
        "what your test uses besides the requests and their responses."
    )


@pytest.mark.parametrize("place", FAULTY)
def test_q3_the_test_finds_each_fault(answers: Any, tmp_path: Path, place: str) -> None:
    cases = faults_of(place)
    run = run_q3(answers, tmp_path, cases, to_fail=True)

    unit = outcome(answers.test_price)
    for fault in cases:
        assert run.errors(fault), (
            f"Your test {run.came(fault)}, although `{place}` {fault}. The unit test "
            f"{returned_or_raised(unit) if unit else 'passed'}, too: it does not use "
            "this code. The docstring asks for a test that fails. Look at which rides "
            "your test sends, and which responses it compares."
        )
