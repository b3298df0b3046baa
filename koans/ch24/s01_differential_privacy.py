"""24.1  Implementing differential privacy.

A company asks its employees about their work, and publishes totals. Differential
privacy adds random noise to each total, so that nobody can find out what one employee
answered.
Notes: content/docs/fastapi/privacy/differential-privacy.md
"""

import math
from dataclasses import dataclass

import opendp.prelude as dp
from fastapi import FastAPI, HTTPException

from sensei import ___


def releases() -> dict[str, object]:
    """24.1.1  What is differential privacy and why is it important?

    Ana is one of six employees in a survey. The test makes each release below twice
    with OpenDP: from all answers, and from the answers without Ana's. Predict what
    comes out.

    - "Ana wants to leave": the exact number of employees who want to leave is 4 with
      Ana's answer, and 3 without it. Does Ana want to leave? Predict True or False.
    - "epsilon of ...": which epsilon does the release have? Predict a number.

    The releases:
        "a count, scale 2" is the number of employees who want to leave, plus Laplace
        noise with the scale 2. "a count, scale 10" has noise with the scale 10.
        "three counts, scale 2" are three numbers about the same employees. Each one
        has its own noise, with the scale 2.
        "a sum, scale 30" is the sum of the minutes that the employees travel to work,
        plus noise with the scale 30. Each employee adds 0 to 60 minutes.
        "an exact count" is the number of employees who want to leave, without noise.

    Given:
        The sensitivity of a number is the most that one employee can change it.
        The epsilon of a number is its sensitivity divided by the scale of its noise.
        The epsilons of numbers about the same employees are added.
        `math.inf` is infinity.
    """
    return {
        "Ana wants to leave": ___,
        "epsilon of a count, scale 2": ___,
        "epsilon of a count, scale 10": ___,
        "epsilon of three counts, scale 2": ___,
        "epsilon of a sum, scale 30": ___,
        "epsilon of an exact count": ___,
    }


# The epsilon of each count that the application of 24.1.2 returns.
EPSILON = 0.5


def laplace(scale: float) -> float:
    """Return random noise from the Laplace distribution with the mean 0."""
    dp.enable_features("contrib")
    numbers = dp.atom_domain(T=float, nan=False)
    distance = dp.absolute_distance(T=float)
    return float(dp.m.make_laplace(numbers, distance, scale=scale)(0.0))


def survey_app(answers: dict[str, list[bool]], budget: float) -> FastAPI:
    """24.1.2  How can differential privacy techniques be applied to API responses?

    `answers` maps the name of each question, such as "leaving", to what the employees
    answered: `True` is yes. Write an application that publishes how many said yes. All
    questions are about the same employees, so they share one `budget` of epsilon.

    - `GET /counts/{question}` returns 200 and `{"count": 4}`: the number of yes plus
      the noise that `laplace` returns. Round this sum to an `int`, and return 0 if it
      is negative.
    - Choose the scale of the noise so that each count has the epsilon `EPSILON`.
    - Once a question has a count, each later request for it returns the same count,
      does not call `laplace`, and spends nothing.
    - If a question has no count yet, and less than `EPSILON` of the budget is left,
      return 429. Do not call `laplace`.
    - All this also holds for requests that arrive at the same time.

    Given:
        Clients request only questions that are in `answers`.

    Example, with a budget of 0.6 (the first request spends 0.5, and 0.1 is left):
        GET /counts/leaving  ->  200  {"count": 4}
        GET /counts/leaving  ->  200  {"count": 4}
        GET /counts/bored    ->  429
    """
    raise NotImplementedError


@dataclass
class Totals:
    """24.1.3  Discuss the trade-offs between privacy and utility in differentially
    private systems.

    The company publishes `number` totals about the same employees. Each employee adds
    0 to `largest` to each total, and each total has its own Laplace noise. All totals
    together have one epsilon, and each total gets an equal share of it. Compute what
    privacy costs.

    - `error(epsilon)` takes the epsilon of all totals together, and returns the error
      of one total. With a probability of 95 %, the published total differs from the
      exact one by at most this error.
    - `epsilon(error)` goes the other way. It returns the smallest epsilon of all totals
      together with which one total has at most this error.
    - Do not round the results.

    Given:
        For the noise of one number, OpenDP has the functions
        `dp.laplacian_scale_to_accuracy(scale, alpha)` and
        `dp.accuracy_to_laplacian_scale(accuracy, alpha)`. The accuracy is the error,
        and `alpha` is the probability that the error is larger. All are `float`.

    Example:
        Totals(number=1, largest=1).error(0.5)    ->  5.9914645...
        Totals(number=1, largest=1).epsilon(6.0)  ->  0.4992887...
    """

    number: int
    largest: float

    def error(self, epsilon: float) -> float:
        """Return the error of one total."""
        raise NotImplementedError

    def epsilon(self, error: float) -> float:
        """Return the epsilon of all totals together."""
        raise NotImplementedError
