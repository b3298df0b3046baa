"""The tests of section 24.1."""

import asyncio
import math
import threading
from collections.abc import Callable
from functools import cache
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
    "epsilon of an exact count": "what epsilon comes to when the scale comes to 0",
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
    is_number = isinstance(predicted, int | float) and not is_bool
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


def shown(*seen: tuple[Any, Any]) -> str:
    """Return some responses for a message."""
    return ", then ".join(f"{status} with {in_words(body)}" for status, body in seen)


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
        f"{{'count': {count}}}: rounded, and 0 if negative. Look at how you compute it."
    )


async def test_q2_the_scale_belongs_to_a_count_with_this_epsilon(answers: Any) -> None:
    noise = Noise(answers, 0.0)
    async with async_client(survey_app(answers, 9.0)) as http:
        for question in SURVEY:
            await get(http, question)
    assert noise.scales == [2.0] * 3, (
        f"For three questions, `laplace` was called with {in_words(noise.scales)}. The "
        "docstring asks for one call for each, with the scale that gives a count the "
        "epsilon `EPSILON`. Look at the sensitivity of a count."
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
    async with async_client(survey_app(answers, 1.0, **survey)) as http:
        counts = [(await get(http, name))[1] for name in (*survey, *survey)]
    asked = [{"count": one} for one in (5, 0, 5, 0)]
    is_right = counts == asked and len(noise.scales) == 2
    assert is_right, (
        "The questions 'leaving' and 'Leaving', with 4 yes each, were requested twice "
        "each, with noise 1, then -9. "
        f"`laplace` was called {len(noise.scales)} times, and the responses were "
        f"{in_words(counts)}. The docstring asks for 5, 0, 5, 0 and two calls. Look at "
        "what you store."
    )


@pytest.mark.parametrize(
    ("budget", "asked"),
    [(1.0, 2), (0.5, 1), (0.49, 0), (1.2, 2), (1.5, 3), (0.0, 0)],
)
async def test_q2_the_budget_is_not_exceeded(
    answers: Any, budget: float, asked: int
) -> None:
    noise = Noise(answers, 0.0)
    async with async_client(survey_app(answers, budget)) as http:
        # Not in the order of `answers`: the requests spend the budget.
        names = [*reversed(SURVEY)] * 2
        seen = [(await get(http, name))[0] for name in names]
    right = ([200] * asked + [429] * (3 - asked)) * 2
    is_right = seen == right and len(noise.scales) == asked
    assert is_right, (
        f"Three questions were requested twice, last one first, with a budget of "
        f"{budget}. The status "
        f"codes were {seen}, and `laplace` was called {len(noise.scales)} times. The "
        f"docstring asks for {right} and {asked}. Look at when your code spends "
        "`EPSILON`, and at how you compare."
    )


async def test_q2_two_applications_have_their_own_counts(answers: Any) -> None:
    Noise(answers, 0.0)
    first = survey_app(answers, 0.5)
    second = survey_app(answers, 0.5, leaving=yes(9), bored=yes(1))
    async with async_client(first) as http, async_client(second) as other:
        seen = [await get(one, "leaving") for one in (http, other, http)]
    counts = [body for _, body in seen]
    assert counts == [{"count": 4}, {"count": 9}, {"count": 4}], (
        f"Two applications with 4 and 9 employees who want to leave returned "
        f"{in_words(counts)}, the first one again at last. The docstring asks for an "
        "application with its own `answers` and `budget`. Look at what they share."
    )


async def test_q2_any_number_of_employees_gets_noise(answers: Any) -> None:
    Noise(answers, 2.0)
    for survey in ([], [False], [True], yes(3, 3)):
        async with async_client(survey_app(answers, 0.5, leaving=survey)) as http:
            seen = await get(http, "leaving")
        asked = {"count": sum(survey) + 2}
        assert seen == (200, asked), (
            f"The answers were {in_words(survey)}, and the noise 2. `GET "
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
            second.wait(patience(0.5))
        return value

    stand_in(answers.laplace, wait_for_another)
    return noise


def meeting_budget(value: float) -> Any:
    """Return a budget; who looks at it first waits a moment for a second one."""
    looks: list[object] = []
    second = threading.Event()

    def look(name: str) -> Callable[[Any, Any], Any]:
        def operation(budget: Any, other: Any) -> Any:
            looks.append(other)
            if len(looks) > 1:
                second.set()
            elif not blocks_the_loop():
                second.wait(patience(0.5))
            return getattr(float, name)(budget, other)

        return operation

    names = ("lt", "le", "gt", "ge", "sub", "rsub", "truediv", "floordiv")
    operations = {f"__{one}__": look(f"__{one}__") for one in names}
    return type("Budget", (float,), operations)(value)


def blocks_the_loop() -> bool:
    """Return whether a wait here would keep all other requests waiting."""
    return isinstance(outcome(asyncio.get_running_loop), asyncio.AbstractEventLoop)


async def at_the_same_time(app: Any, *questions: str) -> list[tuple[Any, Any]]:
    """Return the responses to requests that are sent at the same time."""
    async with async_client(app) as http:
        return list(await asyncio.gather(*(get(http, one) for one in questions)))


async def test_q2_requests_at_the_same_time_get_the_same_count(answers: Any) -> None:
    noise = meeting_noise(answers)
    app = survey_app(answers, 9.0)
    seen = await at_the_same_time(app, "leaving", "leaving", "leaving")
    is_right = seen == [(200, {"count": 5})] * 3 and len(noise.scales) == 1
    assert is_right, (
        "Three first requests for 'leaving' came at the same time. They returned "
        f"{in_words([body for _, body in seen])}, and `laplace` was called "
        f"{len(noise.scales)} times. The docstring asks for one call, and the same "
        "count. Look at what happens between your check and the moment when you store "
        "the count."
    )


async def test_q2_requests_at_the_same_time_do_not_exceed_the_budget(
    answers: Any,
) -> None:
    noise = meeting_noise(answers)
    seen = await at_the_same_time(survey_app(answers, meeting_budget(0.9)), *SURVEY)
    codes = sorted(status for status, _ in seen)
    is_right = codes == [200, 429, 429] and len(noise.scales) == 1
    assert is_right, (
        "Three questions were requested at the same time, with a budget of 0.9. The "
        f"status codes were {codes}, and `laplace` was called {len(noise.scales)} "
        "times. The docstring asks for [200, 429, 429] and one call. Look at what "
        "happens between your check of the budget and the moment when you spend it."
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
    """Return whether an answer is this number, but for its last digits."""
    is_number = isinstance(seen, int | float) and not isinstance(seen, bool)
    return is_number and math.isclose(seen, asked, rel_tol=1e-6)


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
        f"`{plan_in_words(number, largest)}.error({epsilon})` {came}. With "
        f"OpenDP, the error is {asked:.6g}: {number} totals share the epsilon, and "
        f"each one has a sensitivity of {largest}. Look at the scale of the noise of "
        "one total."
    )


@pytest.mark.parametrize(("number", "largest", "epsilon"), PLANS)
def test_q3_epsilon_follows_from_the_error(
    answers: Any, number: int, largest: float, epsilon: float
) -> None:
    error = real_error(number, largest, epsilon)
    totals = answers.Totals(number, largest)
    seen, came = called(lambda: totals.epsilon(error))
    assert is_close(seen, float(epsilon)), (
        f"`{plan_in_words(number, largest)}.epsilon({error:.6g})` {came}. The "
        f"docstring asks for {epsilon}, the epsilon of all totals together: with "
        "it, OpenDP has this error for each. Look at the scale that the error allows."
    )


def test_q3_the_totals_can_change(answers: Any) -> None:
    totals = answers.Totals(1, 1)
    seen = []
    for totals.number, totals.largest in ((1, 1), (2, 1), (2, 3)):
        seen.append(called(lambda: totals.error(1.0))[0])
    asked = [real_error(*one, 1.0) for one in ((1, 1), (2, 1), (2, 3))]
    is_right = all(map(is_close, seen, asked))
    assert is_right, (
        "After `number` had become 2, and then `largest` 3, `error(1.0)` returned "
        f"{in_words(seen)}. The docstring asks for {in_words(asked)}. Look at what "
        "your code computes when."
    )
