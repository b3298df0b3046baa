"""Other answers to section 24.1."""

import asyncio
import math
import threading
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import opendp.prelude as dp
from fastapi import Depends, FastAPI, HTTPException
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from sensei.variants import right, wrong


def predicted(**differences):
    """Return the predictions, with other values for some of them."""
    answer = {
        "Ana wants to leave": True,
        "epsilon of a count, scale 2": 0.5,
        "epsilon of a count, scale 10": 0.1,
        "epsilon of three counts, scale 2": 1.5,
        "epsilon of a sum, scale 30": 2.0,
        "epsilon of an exact count": math.inf,
    }
    return answer | differences


@wrong("24.1.1", caught_by="test_q1_the_releases_are_predicted[Ana wants to leave]")
def releases():
    """Believe that a total says nothing about one person."""
    return predicted(**{"Ana wants to leave": False})


@wrong("24.1.1", caught_by="test_q1_the_releases_are_predicted[Ana wants to leave]")
def releases():
    """Give a number for a truth value."""
    return predicted(**{"Ana wants to leave": 1})


@wrong(
    "24.1.1",
    caught_by="test_q1_the_releases_are_predicted[epsilon of a count, scale 2]",
)
def releases():
    """Take the scale for epsilon."""
    return predicted(**{"epsilon of a count, scale 2": 2})


@wrong(
    "24.1.1",
    caught_by="test_q1_the_releases_are_predicted[epsilon of a count, scale 10]",
)
def releases():
    """Believe that the number of employees is the sensitivity."""
    return predicted(**{"epsilon of a count, scale 10": 0.6})


@wrong(
    "24.1.1",
    caught_by="test_q1_the_releases_are_predicted[epsilon of three counts, scale 2]",
)
def releases():
    """Believe that epsilon is the same for three counts."""
    return predicted(**{"epsilon of three counts, scale 2": 0.5})


@wrong(
    "24.1.1",
    caught_by="test_q1_the_releases_are_predicted[epsilon of three counts, scale 2]",
)
def releases():
    """Divide by three."""
    return predicted(**{"epsilon of three counts, scale 2": 0.5 / 3})


@wrong(
    "24.1.1",
    caught_by="test_q1_the_releases_are_predicted[epsilon of a sum, scale 30]",
)
def releases():
    """Take the sensitivity of a count for the sum."""
    return predicted(**{"epsilon of a sum, scale 30": 1 / 30})


@wrong(
    "24.1.1",
    caught_by="test_q1_the_releases_are_predicted[epsilon of an exact count]",
)
def releases():
    """Believe that no noise is no epsilon."""
    return predicted(**{"epsilon of an exact count": 0})


@wrong(
    "24.1.1",
    caught_by="test_q1_the_releases_are_predicted[epsilon of an exact count]",
)
def releases():
    """Give no number."""
    return predicted(**{"epsilon of an exact count": None})


@wrong("24.1.1", caught_by="test_q1_the_releases_are_predicted")
def releases():
    """Forget to return."""


@right("24.1.1")
def releases():
    """Compute each value from the sensitivity."""
    count = 1 / 2
    return predicted(
        **{
            "epsilon of a count, scale 2": count,
            "epsilon of a count, scale 10": Fraction(1, 10),
            "epsilon of three counts, scale 2": count + count + count,
            "epsilon of a sum, scale 30": 60 // 30,
            "epsilon of an exact count": float("inf"),
        }
    )


@right("24.1.1")
def releases():
    """Add a note."""
    return predicted(note="Ana is not amused.")


def usual_app(answers, budget, count):
    """Return an application whose endpoint is `count(published, question)`."""
    app, published = FastAPI(), {}

    @app.get("/counts/{question}")
    def endpoint(question: str):
        return {"count": count(published, question)}

    return app


def locked(function):
    """Return a function that one thread at a time can call."""
    lock = threading.Lock()

    def call(*arguments):
        with lock:
            return function(*arguments)

    return call


def number(answers, question, noise):
    """Return the noisy count of a question."""
    return max(0, round(sum(answers[question]) + noise))


def check(published, budget, epsilon=0.5):
    """Raise an error if another count would exceed the budget."""
    if (len(published) + 1) * epsilon > budget:
        raise HTTPException(429)


@wrong("24.1.2", caught_by="test_q2_the_count_has_noise[0.6-5]")
def survey_app(answers, budget):
    """Return the exact count."""

    @locked
    def count(published, question):
        if question not in published:
            check(published, budget)
            laplace(1 / EPSILON)  # noqa: F821
            published[question] = sum(answers[question])
        return published[question]

    return usual_app(answers, budget, count)


def survey_with(answers, budget, counted, scale=2.0):
    """Return the usual application, whose number is `counted(question, noise)`."""

    @locked
    def count(published, question):
        if question not in published:
            check(published, budget)
            published[question] = counted(question, laplace(scale))  # noqa: F821
        return published[question]

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_the_count_has_noise[0.6-5]")
def survey_app(answers, budget):
    """Cut the digits off."""
    return survey_with(
        answers, budget, lambda name, noise: max(0, int(sum(answers[name]) + noise))
    )


@wrong("24.1.2", caught_by="test_q2_the_count_has_noise[0.6-5]")
def survey_app(answers, budget):
    """Do not round."""
    return survey_with(
        answers, budget, lambda name, noise: max(0, sum(answers[name]) + noise)
    )


@wrong("24.1.2", caught_by="test_q2_the_count_has_noise[0.0-4]")
def survey_app(answers, budget):
    """Round to a float."""
    return survey_with(
        answers,
        budget,
        lambda name, noise: max(0, round(sum(answers[name]) + noise, 0)),
    )


@wrong("24.1.2", caught_by="test_q2_the_count_has_noise[-9.0-0]")
def survey_app(answers, budget):
    """Let a count be negative."""
    return survey_with(
        answers, budget, lambda name, noise: round(sum(answers[name]) + noise)
    )


@wrong("24.1.2", caught_by="test_q2_the_count_has_noise[-9.0-0]")
def survey_app(answers, budget):
    """Return a negative count without its sign."""
    return survey_with(
        answers, budget, lambda name, noise: abs(round(sum(answers[name]) + noise))
    )


@wrong("24.1.2", caught_by="test_q2_the_count_has_noise[1000000.0-1000004]")
def survey_app(answers, budget):
    """Return as many as were asked at most, which shows their number."""
    return survey_with(
        answers,
        budget,
        lambda name, noise: min(number(answers, name, noise), len(answers[name])),
    )


@wrong("24.1.2", caught_by="test_q2_any_number_of_employees_gets_noise")
def survey_app(answers, budget):
    """Count all employees who answered."""
    return survey_with(
        answers,
        budget,
        lambda name, noise: max(
            0, round((4 if len(answers[name]) == 9 else len(answers[name])) + noise)
        ),
    )


@wrong("24.1.2", caught_by="test_q2_the_scale_belongs_to_a_count_with_this_epsilon")
def survey_app(answers, budget):
    """Take epsilon for the scale."""
    return survey_with(
        answers,
        budget,
        lambda name, noise: number(answers, name, noise),
        scale=EPSILON,  # noqa: F821
    )


@wrong("24.1.2", caught_by="test_q2_the_scale_belongs_to_a_count_with_this_epsilon")
def survey_app(answers, budget):
    """Take the number of answers for the sensitivity."""
    return survey_with(
        answers,
        budget,
        lambda name, noise: number(answers, name, noise),
        scale=9 / EPSILON,  # noqa: F821
    )


@wrong("24.1.2", caught_by="test_q2_the_scale_belongs_to_a_count_with_this_epsilon")
def survey_app(answers, budget):
    """Share the budget among the questions instead."""
    return survey_with(
        answers,
        budget,
        lambda name, noise: number(answers, name, noise),
        scale=len(answers) / budget,
    )


@wrong("24.1.2", caught_by="test_q2_the_noise_is_that_of_opendp")
def survey_app(answers, budget):
    """Count up to the number in the example."""
    return survey_with(
        answers,
        budget,
        lambda name, noise: number(answers, name, noise) if noise == int(noise) else 4,
    )


@wrong("24.1.2", caught_by="test_q2_a_later_request_returns_the_same_count")
def survey_app(answers, budget):
    """Draw new noise for each request, which spends nothing later."""

    @locked
    def count(published, question):
        if question not in published:
            check(published, budget)
        published[question] = number(answers, question, laplace(2.0))  # noqa: F821
        return published[question]

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_a_later_request_returns_the_same_count")
def survey_app(answers, budget):
    """Store the noise of the first question for all."""
    noises = []

    @locked
    def count(published, question):
        if question not in published:
            check(published, budget)
            noises.append(laplace(2.0))  # noqa: F821
            published[question] = question
        return number(answers, question, noises[-1])

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_the_first_of_many_questions_keeps_its_count")
def survey_app(answers, budget):
    """Store the counts in a cache that forgets the oldest of them."""
    spent = []

    @lru_cache
    def publish(question):
        check(spent, budget)
        spent.append(question)
        return number(answers, question, laplace(2.0))  # noqa: F821

    @locked
    def count(_, question):
        return publish(question)

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_the_budget_is_not_exceeded")
def survey_app(answers, budget):
    """Spend for each request."""
    spent = [0.0]

    @locked
    def count(published, question):
        spent[0] += EPSILON  # noqa: F821
        if spent[0] > budget:
            raise HTTPException(429)
        if question not in published:
            published[question] = number(answers, question, laplace(2.0))  # noqa: F821
        return published[question]

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_the_budget_is_not_exceeded")
def survey_app(answers, budget):
    """Keep a rest of the budget."""

    @locked
    def count(published, question):
        if question not in published:
            if (len(published) + 1) * EPSILON >= budget:  # noqa: F821
                raise HTTPException(429)
            published[question] = number(answers, question, laplace(2.0))  # noqa: F821
        return published[question]

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_the_budget_is_not_exceeded")
def survey_app(answers, budget):
    """Spend as long as something is left."""

    @locked
    def count(published, question):
        if question not in published:
            if len(published) * EPSILON >= budget:  # noqa: F821
                raise HTTPException(429)
            published[question] = number(answers, question, laplace(2.0))  # noqa: F821
        return published[question]

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_the_budget_is_not_exceeded")
def survey_app(answers, budget):
    """Return nothing at all once the budget is spent."""

    @locked
    def count(published, question):
        if question not in published or (len(published) + 1) * 0.5 > budget:
            check(published, budget)
            published[question] = number(answers, question, laplace(2.0))  # noqa: F821
        return published[question]

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_the_budget_is_not_exceeded")
def survey_app(answers, budget):
    """Have a budget for each question."""

    @locked
    def count(published, question):
        if question not in published:
            check([], budget)
            published[question] = number(answers, question, laplace(2.0))  # noqa: F821
        return published[question]

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_the_budget_is_not_exceeded")
def survey_app(answers, budget):
    """Draw the noise before the budget is checked."""

    @locked
    def count(published, question):
        if question not in published:
            noise = laplace(2.0)  # noqa: F821
            check(published, budget)
            published[question] = number(answers, question, noise)
        return published[question]

    return usual_app(answers, budget, count)


SHARED = {}


@wrong("24.1.2", caught_by="test_q2_two_applications_have_their_own_counts")
def survey_app(answers, budget):
    """Keep the counts in the module."""

    @locked
    def count(_, question):
        if question not in SHARED:
            check(SHARED, budget)
            SHARED[question] = number(answers, question, laplace(2.0))  # noqa: F821
        return SHARED[question]

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_requests_at_the_same_time_get_the_same_count")
def survey_app(answers, budget):
    """Have no lock."""

    def count(published, question):
        if question not in published:
            check(published, budget)
            published[question] = number(answers, question, laplace(2.0))  # noqa: F821
        return published[question]

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_requests_at_the_same_time_get_the_same_count")
def survey_app(answers, budget):
    """Look into the dictionary before the lock only."""
    lock = threading.Lock()

    def count(published, question):
        if question not in published:
            with lock:
                check(published, budget)
                published[question] = number(answers, question, laplace(2.0))  # noqa: F821
        return published[question]

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_requests_at_the_same_time_do_not_exceed_the_budget")
def survey_app(answers, budget):
    """Have a lock for each question."""
    locks = {name: threading.Lock() for name in answers}

    def count(published, question):
        with locks[question]:
            if question not in published:
                check(published, budget)
                published[question] = number(answers, question, laplace(2.0))  # noqa: F821
            return published[question]

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_requests_at_the_same_time_get_the_same_count")
def survey_app(answers, budget):
    """Wait for the noise between the check and the end, in an async endpoint."""
    app, published = FastAPI(), {}

    @app.get("/counts/{question}")
    async def count(question: str):
        if question not in published:
            check(published, budget)
            noise = await run_in_threadpool(laplace, 2.0)  # noqa: F821
            published[question] = number(answers, question, noise)
        return {"count": published[question]}

    return app


@wrong("24.1.2", caught_by="test_q2_any_number_of_employees_gets_noise")
def survey_app(answers, budget):
    """Return an exact 0 where nobody said yes."""
    return survey_with(
        answers,
        budget,
        lambda name, noise: number(answers, name, noise if any(answers[name]) else 0),
    )


@wrong("24.1.2", caught_by="test_q2_a_later_request_returns_the_same_count")
def survey_app(answers, budget):
    """Take names that differ in case for one question."""

    @locked
    def count(published, question):
        name = question.lower()
        if name not in published:
            check(published, budget)
            published[name] = number(answers, question, laplace(2.0))  # noqa: F821
        return published[name]

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_a_later_request_returns_the_same_count")
def survey_app(answers, budget):
    """Take a count of 0 for no count."""

    @locked
    def count(published, question):
        if not published.get(question):
            check(published, budget)
            published[question] = number(answers, question, laplace(2.0))  # noqa: F821
        return published[question]

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_a_later_request_returns_the_same_count")
def survey_app(answers, budget):
    """Store the noisy count of each exact count, for all questions that have it."""

    @locked
    def count(published, question):
        exact = sum(answers[question])
        if exact not in published:
            check(published, budget)
            published[exact] = number(answers, question, laplace(2.0))  # noqa: F821
        return published[exact]

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_the_budget_is_not_exceeded")
def survey_app(answers, budget):
    """Draw all counts when the application is created, as far as the budget goes."""
    names = [*answers][: int(budget / EPSILON)]  # noqa: F821
    counts = {name: number(answers, name, laplace(2.0)) for name in names}  # noqa: F821

    def count(_, question):
        if question not in counts:
            raise HTTPException(429)
        return counts[question]

    return usual_app(answers, budget, count)


@wrong("24.1.2", caught_by="test_q2_requests_at_the_same_time_do_not_exceed_the_budget")
def survey_app(answers, budget):
    """Have a lock for each question, and spend right after the check."""
    locks, rest = {name: threading.Lock() for name in answers}, [budget]

    def count(published, question):
        with locks[question]:
            if question not in published:
                if rest[0] < EPSILON:  # noqa: F821
                    raise HTTPException(429)
                rest[0] -= EPSILON  # noqa: F821
                published[question] = number(answers, question, laplace(2.0))  # noqa: F821
            return published[question]

    return usual_app(answers, budget, count)


@right("24.1.2")
def survey_app(answers, budget):
    """Have a lock for each question and one for the budget."""
    locks, rest = {name: threading.Lock() for name in answers}, [budget]

    @locked
    def spend():
        if rest[0] - EPSILON < 0:  # noqa: F821
            raise HTTPException(429)
        rest[0] -= EPSILON  # noqa: F821

    def count(published, question):
        with locks[question]:
            if question not in published:
                spend()
                published[question] = number(answers, question, laplace(2.0))  # noqa: F821
            return published[question]

    return usual_app(answers, budget, count)


@right("24.1.2")
def survey_app(answers, budget):
    """Do all in one step of the event loop."""
    app, published = FastAPI(), {}

    @app.get("/counts/{question}")
    async def count(question: str):
        if question not in published:
            check(published, budget)
            published[question] = number(answers, question, laplace(2.0))  # noqa: F821
        return {"count": published[question]}

    return app


@right("24.1.2")
def survey_app(answers, budget):
    """Wait with an asyncio lock, subtract from the rest, and return a response."""
    app, rest, lock = FastAPI(), [budget], asyncio.Lock()
    app.state.published = {}

    @app.get("/counts/{question}")
    async def count(question: str):
        async with lock:
            published = app.state.published
            if question not in published:
                if rest[0] < EPSILON:  # noqa: F821
                    return JSONResponse({"detail": "spent"}, 429)
                rest[0] -= EPSILON  # noqa: F821
                noise = await run_in_threadpool(laplace, scale=1 / EPSILON)  # noqa: F821
                published[question] = number(answers, question, noise)
            return {"count": published[question]}

    return app


class Survey:
    """The counts of a survey, and the rest of its budget."""

    def __init__(self, answers, budget):
        self.answers, self.left = answers, int(budget / EPSILON)  # noqa: F821
        self.counts, self.lock = {}, threading.RLock()

    def publish(self, question: str) -> int:
        with self.lock:
            if question in self.counts:
                return self.counts[question]
            if not self.left:
                raise HTTPException(status_code=429, headers={"Retry-After": "never"})
            self.left -= 1
            value = self.answers[question].count(True) + laplace(2)  # noqa: F821
            return self.counts.setdefault(question, max(round(value), 0))


@right("24.1.2")
def survey_app(answers, budget):
    """Keep the state in an object, behind a dependency."""
    app, survey = FastAPI(), Survey(answers, budget)

    @app.get("/counts/{question}")
    def count(published=Depends(survey.publish)):
        return {"count": published}

    return app


def totals(error, epsilon):
    """Return a class with these two methods; each gets `number` and `largest`, too."""

    class Plan:
        def __init__(self, number, largest):
            self.number, self.largest = number, largest

        def error(self, value):
            return error(value, self.number, self.largest)

        def epsilon(self, value):
            return epsilon(value, self.number, self.largest)

    return Plan


def right_error(epsilon, number, largest):
    """Return the right error."""
    return math.log(20) * number * largest / epsilon


def right_epsilon(error, number, largest):
    """Return the right epsilon."""
    return math.log(20) * number * largest / error


@wrong("24.1.3", caught_by="test_q3_the_error_follows_from_epsilon[4-1-0.5]")
def Totals(number, largest):
    """Give the whole epsilon to each total."""
    return totals(lambda e, n, s: right_error(e, 1, s), right_epsilon)(number, largest)


@wrong("24.1.3", caught_by="test_q3_epsilon_follows_from_the_error[4-1-0.5]")
def Totals(number, largest):
    """Return the epsilon of one total."""
    return totals(right_error, lambda e, n, s: right_epsilon(e, 1, s))(number, largest)


@wrong("24.1.3", caught_by="test_q3_the_error_follows_from_epsilon[1-60-0.5]")
def Totals(number, largest):
    """Take the sensitivity of a count for each total."""
    return totals(lambda e, n, s: right_error(e, n, 1), right_epsilon)(number, largest)


@wrong("24.1.3", caught_by="test_q3_epsilon_follows_from_the_error[1-60-0.5]")
def Totals(number, largest):
    """Take the sensitivity of a count for each total, in `epsilon`."""
    return totals(right_error, lambda e, n, s: right_epsilon(e, n, 1))(number, largest)


@wrong("24.1.3", caught_by="test_q3_the_error_follows_from_epsilon[1-1-0.5]")
def Totals(number, largest):
    """Take 95 % for alpha."""
    return totals(
        lambda e, n, s: dp.laplacian_scale_to_accuracy(n * s / e, alpha=0.95),
        right_epsilon,
    )(number, largest)


@wrong("24.1.3", caught_by="test_q3_the_error_follows_from_epsilon[1-1-0.5]")
def Totals(number, largest):
    """Halve alpha for two sides."""
    return totals(
        lambda e, n, s: dp.laplacian_scale_to_accuracy(n * s / e, alpha=0.025),
        right_epsilon,
    )(number, largest)


@wrong("24.1.3", caught_by="test_q3_the_error_follows_from_epsilon[1-1-0.5]")
def Totals(number, largest):
    """Return the scale, which is the mean of the error."""
    return totals(lambda e, n, s: n * s / e, right_epsilon)(number, largest)


@wrong("24.1.3", caught_by="test_q3_the_error_follows_from_epsilon[1-1-0.5]")
def Totals(number, largest):
    """Take the normal distribution, as for a sample."""
    return totals(lambda e, n, s: 1.96 * n * s / e, right_epsilon)(number, largest)


@wrong("24.1.3", caught_by="test_q3_the_error_follows_from_epsilon[1-1-0.5]")
def Totals(number, largest):
    """Multiply by epsilon."""
    return totals(lambda e, n, s: math.log(20) * e * n * s, right_epsilon)(
        number, largest
    )


@wrong("24.1.3", caught_by="test_q3_epsilon_follows_from_the_error[1-1-0.5]")
def Totals(number, largest):
    """Return the scale for epsilon."""
    return totals(
        right_error, lambda e, n, s: dp.accuracy_to_laplacian_scale(float(e), 0.05)
    )(number, largest)


@wrong("24.1.3", caught_by="test_q3_the_error_follows_from_epsilon[4-1-0.5]")
def Totals(number, largest):
    """Add independent errors as squares."""
    return totals(lambda e, n, s: right_error(e, 1, s) * math.sqrt(n), right_epsilon)(
        number, largest
    )


@wrong("24.1.3", caught_by="test_q3_a_call_does_not_change_the_next_one")
class Totals:
    """Store epsilon under the name of the method."""

    def __init__(self, number, largest):
        self.number, self.largest = number, largest

    def error(self, epsilon):
        self.epsilon = epsilon
        return right_error(self.epsilon, self.number, self.largest)

    def epsilon(self, error):
        return right_epsilon(error, self.number, self.largest)


@wrong("24.1.3", caught_by="test_q3_the_error_follows_from_epsilon[1-1-5.0]")
def Totals(number, largest):
    """Round to six digits."""
    return totals(lambda e, n, s: round(right_error(e, n, s), 6), right_epsilon)(
        number, largest
    )


@wrong("24.1.3", caught_by="test_q3_epsilon_follows_from_the_error[7-0.5-8]")
def Totals(number, largest):
    """Limit epsilon, as if more was not allowed."""
    return totals(right_error, lambda e, n, s: min(5.0, right_epsilon(e, n, s)))(
        number, largest
    )


@wrong("24.1.3", caught_by="test_q3_the_error_follows_from_epsilon[10-2.5-1.25]")
def Totals(number, largest):
    """Take `largest` for a whole number."""
    return totals(lambda e, n, s: right_error(e, n, int(s) or 0.5), right_epsilon)(
        number, largest
    )


@wrong("24.1.3", caught_by="test_q3_epsilon_follows_from_the_error[5-60-0.0123456]")
def Totals(number, largest):
    """Round epsilon."""
    return totals(right_error, lambda e, n, s: round(right_epsilon(e, n, s), 2))(
        number, largest
    )


@right("24.1.3")
def Totals(number, largest):
    """Use the formula of the Laplace distribution."""
    return totals(right_error, right_epsilon)(number, largest)


@right("24.1.3")
class Totals:
    """Take the share of one total first."""

    def __init__(self, number, largest):
        self.number, self.largest = number, largest

    def error(self, epsilon):
        share = epsilon / self.number
        return dp.laplacian_scale_to_accuracy(scale=self.largest / share, alpha=0.05)

    def epsilon(self, error):
        return self.error(1) / error


@right("24.1.3")
@dataclass(frozen=True)
class Totals:
    """Let nobody change the plan, and ask OpenDP for the epsilon of all totals."""

    number: int
    largest: float

    def error(self, epsilon):
        return dp.laplacian_scale_to_accuracy(
            self.number * self.largest / epsilon, alpha=1 - 0.95
        )

    def epsilon(self, error):
        dp.enable_features("contrib")
        numbers = dp.atom_domain(T=float, nan=False), dp.absolute_distance(T=float)
        scale = dp.accuracy_to_laplacian_scale(float(error), alpha=0.05)
        noisy = dp.m.make_laplace(*numbers, scale=scale)
        return dp.c.make_composition([noisy] * self.number).map(float(self.largest))
