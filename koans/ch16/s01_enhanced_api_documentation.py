"""16.1  Enhanced API documentation practices.

FastAPI documents what the code declares. It cannot know which values are good examples,
which errors an endpoint raises, or by which words people look for it.
Notes: content/docs/advanced-documentation/enhanced-api-docs.md
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Response
from pydantic import AfterValidator, BaseModel, Field


def check_card(card: str) -> str:
    """Return the number of a library card, if its six digits have the right sum."""
    if len(card) != 6 or not card.isdecimal() or sum(map(int, card)) % 10:
        raise ValueError("This is not the number of a library card.")
    return card


def examples_app() -> FastAPI:
    """16.1.1  How can you use Pydantic model examples to improve Swagger UI
    documentation?

    Developers open the page `/docs` of a library and click "Try it out" at
    `POST /loans`. The page fills in a request body with the card "string", and this
    body returns 422. Add examples to the two models below.

    - "Try it out" fills in an example of each field of `LoanIn`, and `POST /loans`
      returns 201 for this body.
    - Below the status code 201, the page shows an example of the response. It is
      exactly the JSON that `POST /loans` returns for the body of "Try it out".
    - All fields of both models stay required. The endpoint accepts and refuses the same
      bodies as before, and its responses stay the same.

    Example:
        POST /loans  {"card": "204103", "titles": ["Momo"]}
            ->  201  {"titles": ["Momo"], "fee": "0.50"}
    """

    class LoanIn(BaseModel):
        card: Annotated[str, AfterValidator(check_card)]
        titles: list[str] = Field(min_length=1, max_length=5)

    class LoanOut(BaseModel):
        titles: list[str]
        fee: Decimal

    app = FastAPI()

    @app.post("/loans", status_code=201)
    def create_loan(loan: LoanIn) -> LoanOut:
        fee = len(loan.titles) * Decimal("0.50")
        return LoanOut(titles=loan.titles, fee=fee)

    return app


class Loan(BaseModel):
    """A book that a reader has now."""

    title: str
    due: date


class Returned(BaseModel):
    """Where and when a reader returned a book."""

    branch: str
    day: date


def responses_app(loans: Mapping[int, Loan | Returned]) -> FastAPI:
    """16.1.2  Explain how to document multiple response types (e.g., success and error)
    for an endpoint.

    The endpoint below works, but the OpenAPI document describes only two of its
    responses: 200 with JSON, and 422. Developers of clients do not know the others.
    Add them to the document.

    - The document lists the status codes 200, 404, 410 and 422, and no others. For each
      of them it lists the content types that the endpoint sends, and no others.
    - The schemas of 404 and 410 describe the whole body that the client receives. Each
      field has the type that is sent, and no other. A date is a string in the format
      "date".
    - These two schemas have only the fields that are sent, and all of them are
      required, nested fields too.
    - The schema of `text/calendar` is that of a string.
    - The JSON schemas of 200 and 422 stay the same. The endpoint sends the same
      responses as before.

    Given:
        FastAPI describes 422, and 200 with JSON, by itself.

    Example:
        GET /loans/7?calendar=true  ->  200  (text/calendar)  SUMMARY:Return Momo
        GET /loans/8  ->  404  {"detail": "There is no such loan."}
    """
    app = FastAPI()

    @app.get(
        "/loans/{number}",
        response_model=Loan,
    )
    def read_loan(number: int, calendar: bool = False) -> Loan | Response:
        loan = loans.get(number)
        if loan is None:
            raise HTTPException(404, "There is no such loan.")
        if isinstance(loan, Returned):
            raise HTTPException(410, loan.model_dump(mode="json"))
        if calendar:
            text = f"SUMMARY:Return {loan.title}"
            return Response(text, media_type="text/calendar")
        return loan

    return app


@dataclass(frozen=True)
class Endpoint:
    """A function that answers `GET` for a path, and the group that it belongs to."""

    path: str
    function: Callable[..., Any]
    group: str


def add_endpoints(app: FastAPI, endpoints: list[Endpoint]) -> None:
    """16.1.3  How can `tags` and `summary` enhance API discoverability in generated
    docs?

    The page `/docs` shows one line for each endpoint: the method, the path and the
    summary. Today all lines of a library's API are in one group, "default", and FastAPI
    makes the summaries from the names of the functions: "Read" or "Read All". Add the
    endpoints to `app`, in the order of the list, so that developers find the right one.

    - Each endpoint answers `GET` for its path, and no other method. At `/docs` it is in
      its group, and in no other group.
    - Its summary is the first line of the function's docstring that is not blank.
      Remove the spaces before and after this line, and change nothing else.
    - If the docstring is missing or blank, the summary is the one that FastAPI makes.

    Given:
        FastAPI takes the first path that matches. In the list, "/loans/late" comes
        before "/loans/{number}".
        FastAPI makes the description from the docstring. You need not set it.

    Example, where the docstring of `read_all` begins with "List the loans.":
        Endpoint("/loans", read_all, "loans")
            ->  in the group "loans":  GET /loans  List the loans.
    """
    raise NotImplementedError
