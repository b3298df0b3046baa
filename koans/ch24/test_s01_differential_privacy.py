"""The tests of section 24.1."""

import asyncio
import math
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import cache
from numbers import Real
from typing import Any

import httpx2
import opendp.prelude as dp
import pytest

from lab import (
    async_client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    patience,
    returned_or_raised,
    stand_in,
)

dp.enable_features("contrib")

# Who wants to leave, and how many minutes everybody travels. Ana comes first.
LEAVING = [True, True, False, True, False, True]
MINUTES = [20, 45, 10, 60, 35, 5]


def releases() -> dict[str, Any]:
    """Return each release of OpenDP; it tells its epsilon if one person is missing."""
    count = dp.t.make_count(
        dp.vector_domain(dp.atom_domain(T=bool)), dp.symmetric_distance()
    )
    numbers = dp.vector_domain(dp.atom_domain(T=int))
    clamped = dp.t.make_clamp(numbers, dp.symmetric_distance(), bounds=(0, 60))
    noisy = count >> dp.m.then_laplace(scale=2.0)
    return {
        "a count, scale 2": noisy,
        "a count, scale 10": count >> dp.m.then_laplace(scale=10.0),
        "three counts, scale 2": dp.c.make_composition([noisy] * 3),
        "a sum, scale 30": clamped >> dp.t.then_sum() >> dp.m.then_laplace(scale=30.0),
        "an exact count": count >> dp.m.then_laplace(scale=0.0),
    }


@cache
def seen_in_run(blank: str) -> object:
    """Return what really comes out; no answer has a part in it."""
    if blank == "Ana wants to leave":
        exact = releases()["an exact count"]
        everybody, without_ana = (
            [*filter(None, who)] for who in (LEAVING, LEAVING[1:])
        )
        return exact(everybody) - exact(without_ana) == 1
    measurement = releases()[blank.removeprefix("epsilon of ")]
    values = MINUTES if "a sum" in blank else LEAVING
    measurement(values)
    measurement(values[1:])
    return measurement.map(1)


LOOK_AT = {
    "Ana wants to leave": "the difference of the two numbers",
    "epsilon of a count, scale 2": "how much one employee can change a count",
    "epsilon of a count, scale 10": "what more noise does to epsilon",
    "epsilon of three counts, scale 2": "how many numbers are about the same employees",
    "epsilon of a sum, scale 30": "how much one employee can change the sum",
    "epsilon of an exact count": "what epsilon becomes when the scale becomes 0",
}


@pytest.mark.parametrize("blank", LOOK_AT)
def test_q1_the_releases_are_predicted(answers: Any, blank: str) -> None:
    predictions = answers.releases()
    is_there = isinstance(predictions, dict) and blank in predictions
    assert is_there, (
        f"`releases()` returned {in_words(predictions)}, without {blank!r}. The "
        "docstring asks for the six predictions of the stub."
    )
    predicted, seen = predictions[blank], seen_in_run(blank)
    is_bool = isinstance(predicted, bool)
    is_number = isinstance(predicted, Real) and not is_bool
    right_kind = is_bool if isinstance(seen, bool) else is_number
    is_right = right_kind and (predicted == seen or math.isclose(predicted, seen))
    form = "True or False" if isinstance(seen, bool) else "a number"
    assert is_right, (
        f"{blank!r}: you predicted {in_words(predicted)}. The real run came out "
        f"differently. The docstring asks for {form}. Look at {LOOK_AT[blank]}."
    )


def yes(number: int, of: int = 9) -> list[bool]:
    """Return the answers of some employees, of whom `number` said yes."""
    return [index < number for index in range(of)]


SURVEY = {"leaving": yes(4), "bored": yes(7), "in love": yes(2)}


class Noise:
    """The noise that the answer's application gets: these values, one after another."""

    def __init__(self, answers: Any, *values: float) -> None:
        self.scales: list[object] = []
        self._values = values
        stand_in(answers.laplace, self.draw)

    def draw(self, scale: float) -> float:
        """Return the next value; the last one again and again."""
        self.scales.append(scale)
        return self._values[min(len(self.scales), len(self._values)) - 1]


def survey_app(answers: Any, budget: float, **survey: list[bool]) -> Any:
    """Return the application of 24.1.2."""
    app = answers.survey_app(survey or SURVEY, budget)
    return fastapi_app(app, "survey_app(answers, budget)")


async def get(http: httpx2.AsyncClient, question: str) -> tuple[Any, Any]:
    """Return status code and body of a response; an exception is a 500."""
    try:
        response = await http.get(f"/counts/{question}")
    except NotImplementedError:
        raise
    except Exception as error:
        return 500, error
    return response.status_code, json_or_text(response)


def responses(
    app: Any, questions: list[str], *, at_once: bool = False
) -> list[tuple[Any, Any]]:
    """Return the responses to requests, one after another or `at_once`."""

    async def request() -> list[tuple[Any, Any]]:
        async with async_client(app) as http:
            if at_once:
                return await asyncio.gather(*(get(http, one) for one in questions))
            return [await get(http, one) for one in questions]

    def run() -> None:
        try:
            seen.set_result(asyncio.run(request()))
        except BaseException as error:
            seen.set_exception(error)

    seen: Future[list[tuple[Any, Any]]] = Future()
    # An answer that waits for ever does not keep the tests waiting for its threads.
    threading.Thread(target=run, daemon=True).start()
    with suppress(TimeoutError):
        return seen.result(patience(10))
    came = "at the same time" if at_once else "one after another"
    raise AssertionError(
        f"Requests for {in_words(questions)} were sent {came}, and not all of them got "
        "a response. The docstring asks for 200 or 429. If you take a lock, look at "
        "where you release it when you raise, and at an `await` while you hold it."
    )


def shown(seen: tuple[Any, Any]) -> str:
    """Return a response for a message."""
    return f"{seen[0]} with {in_words(seen[1])}"


def in_short(*seen: tuple[Any, Any]) -> str:
    """Return the counts of some responses for a message; the status of the others."""
    short = [
        body["count"] if isinstance(body, dict) and "count" in body else status
        for status, body in seen
    ]
    return in_words(short)


def calls(noise: Noise) -> str:
    """Return how often `laplace` was called, in words."""
    times = len(noise.scales)
    return "once" if times == 1 else f"{times} times"


NOISES = [(0.6, 5), (-1.2, 3), (2.3, 6), (-4.4, 0), (-9.0, 0), (0.0, 4), (1e6, 1000004)]


@pytest.mark.parametrize(("noise", "count"), NOISES)
async def test_q2_the_count_has_noise(answers: Any, noise: float, count: int) -> None:
    Noise(answers, noise)
    async with async_client(survey_app(answers, 1.0)) as http:
        seen = await get(http, "leaving")
    is_right = seen == (200, {"count": count}) and type(seen[1]["count"]) is int
    assert is_right, (
        f"4 employees want to leave, and `laplace` returned {noise}. `GET "
        f"/counts/leaving` returned {shown(seen)}. The docstring asks for 200 with "
        f"{{'count': {count}}}: the sum as an `int`, and 0 if it is negative. Look at "
        "how you compute it."
    )


async def test_q2_the_scale_belongs_to_a_count_with_this_epsilon(answers: Any) -> None:
    noise = Noise(answers, 0.0)
    async with async_client(survey_app(answers, 9.0)) as http:
        for question in SURVEY:
            await get(http, question)
    assert set(noise.scales) == {2.0}, (
        f"For three questions, `laplace` was called with {in_words(noise.scales)}. The "
        "docstring asks for the scale with which each count has the epsilon `EPSILON`. "
        "Look at the sensitivity of a count, and at the formula of epsilon."
    )


async def test_q2_the_noise_is_that_of_opendp(answers: Any) -> None:
    async with async_client(survey_app(answers, 1.0, many=[True] * 10**6)) as http:
        status, body = await get(http, "many")
    # A difference of 1000 has a probability of exp(-500).
    count = body.get("count") if isinstance(body, dict) else None
    is_right = isinstance(count, int) and abs(count - 10**6) < 1000
    assert is_right, (
        f"1000000 employees answered yes, and `GET /counts/many` returned "
        f"{shown((status, body))}. The docstring asks for the number of yes, plus the "
        "noise that `laplace` returns. Look at how you compute it."
    )


async def test_q2_a_later_request_returns_the_same_count(answers: Any) -> None:
    noise = Noise(answers, 1.0, -9.0, 3.0)
    # Both have the same exact count, and the second noisy count is 0.
    survey = {"leaving": yes(4), "Leaving": yes(4)}
    async with async_client(survey_app(answers, 9.0, **survey)) as http:
        seen = [await get(http, name) for name in (*survey, *survey)]
    asked = [(200, {"count": one}) for one in (5, 0, 5, 0)]
    is_right = seen == asked and len(noise.scales) == 2
    assert is_right, (
        "'leaving' and 'Leaving', two questions with 4 yes each, were requested, and "
        "then both again. The noise is 1, then -9. The responses were "
        f"{in_short(*seen)}, and `laplace` was called {calls(noise)}. The docstring "
        "asks for [5, 0, 5, 0], and one call for each question. Look at what you store."
    )


async def test_q2_the_first_of_many_questions_keeps_its_count(answers: Any) -> None:
    noise = Noise(answers, 1.0, 2.0)
    survey = {f"question {index}": yes(4) for index in range(130)}
    async with async_client(survey_app(answers, 99.0, **survey)) as http:
        seen = [await get(http, name) for name in (*survey, "question 0")]
    is_right = seen[-1] == seen[0] == (200, {"count": 5}) and len(noise.scales) == 130
    assert is_right, (
        "130 questions were requested, with a budget for all of them, and then the "
        f"first one again. It returned {shown(seen[0])}, then {shown(seen[-1])}, and "
        f"`laplace` was called {calls(noise)}. The docstring asks for the same count. "
        "Look at how many counts you store."
    )


BUDGETS = [(1.0, 2), (0.5, 1), (0.49, 0), (1.2, 2), (1.5, 3), (0.0, 0)]


def test_q2_the_budget_is_not_exceeded(answers: Any) -> None:
    for budget, asked in BUDGETS:
        noise = Noise(answers, 0.0)
        # Not in the order of `answers`: the requests spend the budget.
        seen = responses(survey_app(answers, budget), [*reversed(SURVEY)] * 2)
        codes = [status for status, _ in seen]
        right = ([200] * asked + [429] * (3 - asked)) * 2
        is_right = codes == right and len(noise.scales) == asked
        assert is_right, (
            f"The budget was {budget}. Three questions were requested, and then the "
            f"same again. The status codes were {codes}, and `laplace` was called "
            f"{calls(noise)}. The docstring asks for {right}, and one call for each "
            "count. Look at when you spend `EPSILON`, how you compare, and what you "
            "raise."
        )


async def test_q2_two_applications_have_their_own_counts(answers: Any) -> None:
    Noise(answers, 0.0)
    first = survey_app(answers, 0.5)
    second = survey_app(answers, 0.5, leaving=yes(9), bored=yes(1))
    async with async_client(first) as http, async_client(second) as other:
        seen = [await get(one, "leaving") for one in (http, other, http)]
    assert seen == [(200, {"count": one}) for one in (4, 9, 4)], (
        "In two surveys, 4 and 9 employees want to leave. The application of the first "
        "one was requested, then that of the second, and the first again. They "
        f"returned {in_short(*seen)}. Each has its own `answers` and `budget`: the "
        "docstring asks for [4, 9, 4]. Look at what the applications share."
    )


async def test_q2_any_number_of_employees_gets_noise(answers: Any) -> None:
    Noise(answers, 2.0)
    for survey in ([], [False], [True], yes(3, 3)):
        async with async_client(survey_app(answers, 0.5, leaving=survey)) as http:
            seen = await get(http, "leaving")
        asked = {"count": sum(survey) + 2}
        assert seen == (200, asked), (
            f"The answers were {in_words(survey)}, and the noise was 2. `GET "
            f"/counts/leaving` returned {shown(seen)}. The docstring asks for "
            f"{asked}, the number of yes plus the noise. Look at what you count."
        )


def meeting_noise(answers: Any) -> Noise:
    """Return noise whose first call waits a moment for a second one."""
    noise = Noise(answers, 1.0, 2.0)
    draw, second = noise.draw, threading.Event()

    def wait_for_another(scale: float) -> float:
        value = draw(scale)
        if len(noise.scales) > 1:
            second.set()
        elif not blocks_the_loop():
            second.wait(patience(0.2))
        return value

    stand_in(answers.laplace, wait_for_another)
    return noise


def meeting_budget(value: float) -> Any:
    """Return a budget; who looks at it first waits a moment for a second one."""
    looks: list[object] = []
    second, creator = threading.Event(), threading.current_thread()

    def look(name: str) -> Callable[[Any, Any], Any]:
        def operation(budget: Any, other: Any) -> Any:
            if threading.current_thread() is not creator:
                looks.append(other)
            if len(looks) > 1:
                second.set()
            elif looks and not blocks_the_loop():
                second.wait(patience(0.2))
            return getattr(float, name)(budget, other)

        return operation

    names = ("lt", "le", "gt", "ge", "sub", "rsub", "truediv", "floordiv")
    operations = {f"__{one}__": look(f"__{one}__") for one in names}
    return type("Budget", (float,), operations)(value)


def blocks_the_loop() -> bool:
    """Return whether a wait here would keep all other requests waiting."""
    return isinstance(outcome(asyncio.get_running_loop), asyncio.AbstractEventLoop)


def test_q2_requests_at_the_same_time_get_the_same_count(answers: Any) -> None:
    noise = meeting_noise(answers)
    app = survey_app(answers, 9.0)
    seen = responses(app, ["leaving"] * 3, at_once=True)
    is_right = seen == [(200, {"count": 5})] * 3 and len(noise.scales) == 1
    assert is_right, (
        "The first three requests for 'leaving' arrived at the same time. They "
        f"returned {in_short(*seen)}, and `laplace` was called {calls(noise)}. The "
        "docstring asks for [5, 5, 5] and one call. Look at what another request can "
        "do between your check and the line that stores the count."
    )


def test_q2_requests_at_the_same_time_do_not_exceed_the_budget(
    answers: Any,
) -> None:
    noise = meeting_noise(answers)
    app = survey_app(answers, meeting_budget(0.9))
    seen = responses(app, [*SURVEY], at_once=True)
    codes = sorted(status for status, _ in seen)
    is_right = codes == [200, 429, 429] and len(noise.scales) == 1
    assert is_right, (
        "Three questions were requested at the same time, with a budget of 0.9. The "
        f"status codes were {codes}, and `laplace` was called {calls(noise)}. The "
        "docstring asks for [200, 429, 429] and one call. Look at what another request "
        "can do between your check of the budget and the line that spends it."
    )


# How many totals, how much an employee adds at most, the epsilon, and the error, whose
# probability OpenDP knows.
PLANS = [
    (1, 1, 0.5),
    (1, 1, 5.0),
    (4, 1, 0.5),
    (1, 60, 0.5),
    (3, 60, 0.2),
    (10, 2.5, 1.25),
    (7, 0.5, 8),
    (5, 60, 0.0123456),
]


def real_error(number: int, largest: float, epsilon: float) -> float:
    """Return the error of one total, as OpenDP computes it."""
    share = epsilon / number
    return float(dp.laplacian_scale_to_accuracy(float(largest / share), 0.05))


def is_close(seen: object, asked: float) -> bool:
    """Return whether an answer is this number, not a rounded one."""
    is_number = isinstance(seen, int | float) and not isinstance(seen, bool)
    return is_number and math.isclose(seen, asked, rel_tol=1e-11)


def called(call: Callable[[], object]) -> tuple[object, str]:
    """Return what a call returns or raises, and the same in words."""
    seen = outcome(call)
    return seen, returned_or_raised(seen)


def plan_in_words(number: int, largest: float) -> str:
    """Return the plan for a message."""
    return f"Totals(number={number}, largest={largest})"


@pytest.mark.parametrize(("number", "largest", "epsilon"), PLANS)
def test_q3_the_error_follows_from_epsilon(
    answers: Any, number: int, largest: float, epsilon: float
) -> None:
    totals = answers.Totals(number, largest)
    seen, came = called(lambda: totals.error(epsilon))
    asked = real_error(number, largest, epsilon)
    assert is_close(seen, asked), (
        f"`{plan_in_words(number, largest)}.error({epsilon})` {came}. The docstring "
        f"asks for {asked:.10g}, the error of one total with its share of epsilon. "
        "Look at the scale of its noise, and at `alpha`."
    )


@pytest.mark.parametrize(("number", "largest", "epsilon"), PLANS)
def test_q3_epsilon_follows_from_the_error(
    answers: Any, number: int, largest: float, epsilon: float
) -> None:
    error = real_error(number, largest, epsilon)
    totals = answers.Totals(number, largest)
    seen, came = called(lambda: totals.epsilon(error))
    assert is_close(seen, float(epsilon)), (
        f"`{plan_in_words(number, largest)}.epsilon({error:.10g})` {came}. The "
        f"docstring asks for {epsilon}, the epsilon of all totals together. Look at "
        "the scale with which one total has this error, and at the number of totals."
    )


def test_q3_a_call_does_not_change_the_next_one(answers: Any) -> None:
    totals, error = answers.Totals(2, 3), real_error(2, 3, 1.0)
    first, _ = called(lambda: totals.epsilon(error))
    other, _ = called(lambda: totals.error(0.5))
    again, _ = called(lambda: totals.epsilon(error))
    is_right = is_close(first, 1.0) and is_close(again, 1.0)
    is_right = is_right and is_close(other, real_error(2, 3, 0.5))
    assert is_right, (
        f"`epsilon({error:.10g})`, `error(0.5)` and `epsilon({error:.10g})` of one "
        f"`Totals(number=2, largest=3)` came to {in_words(first)}, {in_words(other)} "
        f"and {in_words(again)}. The docstring asks for 1.0, "
        f"{real_error(2, 3, 0.5):.10g} and 1.0. Look at what your methods store."
    )
