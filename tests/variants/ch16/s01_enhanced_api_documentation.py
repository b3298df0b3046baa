"""Other answers to section 16.1."""

import inspect
from datetime import datetime
from enum import Enum
from typing import Generic, Literal, TypeVar

from fastapi import APIRouter, Body, Depends
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, field_validator
from pydantic import dataclasses as pydantic_dataclasses
from typing_extensions import TypedDict

from sensei.variants import right, wrong

CardNumber = Annotated[str, AfterValidator(check_card)]


def loans_api(body, result, **options):
    """Return the application of 16.1.1 with these two types."""
    app = FastAPI()

    @app.post("/loans", status_code=201, **options)
    def create_loan(loan: body) -> result:
        fee = len(loan.titles) * Decimal("0.50")
        return {"titles": loan.titles, "fee": fee}

    return app


class PlainIn(BaseModel):
    """A loan without examples."""

    card: CardNumber
    titles: list[str] = Field(min_length=1, max_length=5)


class PlainOut(BaseModel):
    """The response without examples."""

    titles: list[str]
    fee: Decimal


class GoodOut(BaseModel):
    """The response with examples."""

    titles: list[str] = Field(examples=[["Momo"]])
    fee: Decimal = Field(examples=["0.50"])


@wrong("16.1.1", caught_by="test_q1_the_page_fills_in_a_valid_body")
def examples_app():
    """Give the items of the list as its examples."""

    class LoanIn(PlainIn):
        card: CardNumber = Field(examples=["204103"])
        titles: list[str] = Field(min_length=1, max_length=5, examples=["Momo"])

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_page_fills_in_a_valid_body")
def examples_app():
    """Give an example of the card that looks right and is not valid."""

    class LoanIn(PlainIn):
        card: CardNumber = Field(examples=["123456"])
        titles: list[str] = Field(min_length=1, max_length=5, examples=[["Momo"]])

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_page_fills_in_a_valid_body")
def examples_app():
    """Give a string instead of a list of examples."""

    class LoanIn(PlainIn):
        card: CardNumber = Field(examples="204103")
        titles: list[str] = Field(min_length=1, max_length=5, examples=[["Momo"]])

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_page_fills_in_a_valid_body")
def examples_app():
    """Give one example of the whole model that is not in a list."""

    class LoanIn(PlainIn):
        model_config = ConfigDict(
            json_schema_extra={"examples": {"card": "204103", "titles": ["Momo"]}}
        )

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_page_fills_in_a_valid_body")
def examples_app():
    """Write the examples into `model_config` itself, which ignores them."""

    class LoanIn(PlainIn):
        model_config = {"examples": [{"card": "204103", "titles": ["Momo"]}]}

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_page_fills_in_a_valid_body")
def examples_app():
    """Write the examples into a class `Config`, with the name of Pydantic 1."""

    class LoanIn(PlainIn):
        class Config:
            schema_extra = {"examples": [{"card": "204103", "titles": ["Momo"]}]}

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_page_fills_in_an_example_of_each_field")
def examples_app():
    """Give an example of one field only."""

    class LoanIn(PlainIn):
        card: CardNumber = Field(examples=["204103"])

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_page_fills_in_a_valid_body")
def examples_app():
    """Describe the field instead."""

    class LoanIn(PlainIn):
        card: CardNumber = Field(description="Such as 204103")
        titles: list[str] = Field(min_length=1, description='Such as ["Momo"]')

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_rules_stay_the_same[no card]")
def examples_app():
    """Take the examples for default values."""

    class LoanIn(PlainIn):
        card: CardNumber = "204103"
        titles: list[str] = Field(["Momo"], min_length=1, max_length=5)

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_rules_stay_the_same[no titles]")
def examples_app():
    """Give the second field a default value and an example."""

    class LoanIn(PlainIn):
        card: CardNumber = Field(examples=["204103"])
        titles: list[str] = Field(["Momo"], max_length=5, examples=[["Momo"]])

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_rules_stay_the_same[wrong sum]")
def examples_app():
    """Leave out the rule of the card, so that any example is valid."""

    class LoanIn(BaseModel):
        card: str
        titles: list[str] = Field(min_length=1, max_length=5, examples=[["Momo"]])

    class LoanOut(PlainOut):
        titles: list[str] = Field(examples=[["Momo"]])
        fee: Decimal = Field(examples=["0.50"])

    return loans_api(LoanIn, LoanOut)


@wrong("16.1.1", caught_by="test_q1_the_rules_stay_the_same[six titles]")
def examples_app():
    """Lose a rule of the list while adding the example."""

    class LoanIn(BaseModel):
        card: CardNumber = Field(examples=["204103"])
        titles: list[str] = Field(min_length=1, examples=[["Momo"]])

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_rules_stay_the_same[an empty list]")
def examples_app():
    """Lose the other rule of the list."""

    class LoanIn(BaseModel):
        card: CardNumber = Field(examples=["204103"])
        titles: list[str] = Field(max_length=5, examples=[["Momo"]])

    return loans_api(LoanIn, GoodOut)


class GoodIn(PlainIn):
    """A loan with examples."""

    card: CardNumber = Field(examples=["204103"])
    titles: list[str] = Field(min_length=1, max_length=5, examples=[["Momo"]])


@wrong("16.1.1", caught_by="test_q1_all_fields_stay_required[LoanOut]")
def examples_app():
    """Give default values to the fields of the response."""

    class LoanOut(BaseModel):
        titles: list[str] = ["Momo"]
        fee: Decimal = Decimal("0.50")

    return loans_api(GoodIn, LoanOut)


@wrong("16.1.1", caught_by="test_q1_the_page_shows_the_response_to_this_body")
def examples_app():
    """Forget the response."""
    return loans_api(GoodIn, PlainOut)


@wrong("16.1.1", caught_by="test_q1_the_page_shows_the_response_to_this_body")
def examples_app():
    """Show the fee as a number."""

    class LoanOut(GoodOut):
        fee: Decimal = Field(examples=[0.5])

    return loans_api(GoodIn, LoanOut)


@wrong("16.1.1", caught_by="test_q1_the_page_shows_the_response_to_this_body")
def examples_app():
    """Show the fee of another loan."""

    class LoanOut(GoodOut):
        fee: Decimal = Field(examples=["1.00"])

    return loans_api(GoodIn, LoanOut)


@wrong("16.1.1", caught_by="test_q1_the_page_shows_the_response_to_this_body")
def examples_app():
    """Show other titles than those of the request."""

    class LoanOut(GoodOut):
        titles: list[str] = Field(examples=[["Emil"]])

    return loans_api(GoodIn, LoanOut)


@wrong("16.1.1", caught_by="test_q1_the_page_shows_the_response_to_this_body")
def examples_app():
    """Write the fee without its last digit."""

    class LoanOut(GoodOut):
        fee: Decimal = Field(examples=[Decimal("0.5")])

    return loans_api(GoodIn, LoanOut)


@wrong("16.1.1", caught_by="test_q1_the_page_shows_the_response_to_this_body")
def examples_app():
    """Document the example of the response below 200."""
    example = {"titles": ["Momo"], "fee": "0.50"}
    content = {"application/json": {"example": example}}
    return loans_api(GoodIn, PlainOut, responses={200: {"content": content}})


@wrong("16.1.1", caught_by="test_q1_the_responses_stay_the_same[three]")
def examples_app():
    """Return the example for every request."""
    app = FastAPI()

    @app.post("/loans", status_code=201)
    def create_loan(loan: GoodIn) -> GoodOut:
        return GoodOut(titles=["Momo"], fee=Decimal("0.50"))

    return app


@wrong("16.1.1", caught_by="test_q1_the_responses_stay_the_same[one]")
def examples_app():
    """Forbid other fields in the same `model_config`."""

    class LoanIn(GoodIn):
        model_config = ConfigDict(extra="forbid")

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_rules_stay_the_same[spaces]")
def examples_app():
    """Remove spaces from all strings."""

    class LoanIn(GoodIn):
        model_config = ConfigDict(str_strip_whitespace=True)

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_rules_stay_the_same[no card but null]")
def examples_app():
    """Allow null for the card."""

    class LoanIn(GoodIn):
        card: CardNumber | None = Field(examples=["204103"])

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_rules_stay_the_same[a number in the list]")
def examples_app():
    """Turn numbers into strings."""

    class LoanIn(GoodIn):
        model_config = ConfigDict(coerce_numbers_to_str=True)

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_responses_stay_the_same[spaces]")
def examples_app():
    """Refuse an empty title."""

    class LoanIn(GoodIn):
        titles: list[Annotated[str, Field(min_length=1)]] = Field(
            min_length=1, max_length=5, examples=[["Momo"]]
        )

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_page_fills_in_a_valid_body")
def examples_app():
    """Put an example that is not valid before the valid one."""

    class LoanIn(GoodIn):
        card: CardNumber = Field(examples=["string", "204103"])

    return loans_api(LoanIn, GoodOut)


@wrong("16.1.1", caught_by="test_q1_the_rules_stay_the_same[placeholders]")
def examples_app():
    """Accept what the page fills in without an example, too."""

    class LoanIn(GoodIn):
        card: str = Field(examples=["204103"])

        @field_validator("card")
        @classmethod
        def check(cls, card: str) -> str:
            return card if card == "string" else check_card(card)

    return loans_api(LoanIn, GoodOut)


@right("16.1.1")
def examples_app():
    """Examples of the items of a list."""
    title = Annotated[str, Field(examples=["Momo"])]

    class LoanIn(PlainIn):
        card: CardNumber = Field(examples=["204103"])
        titles: list[title] = Field(min_length=1, max_length=5)

    class LoanOut(PlainOut):
        titles: list[title]
        fee: Decimal = Field(examples=["0.50"])

    return loans_api(LoanIn, LoanOut)


@right("16.1.1")
def examples_app():
    """Examples of the whole models, of two titles."""

    class LoanIn(PlainIn):
        model_config = ConfigDict(
            json_schema_extra={
                "examples": [{"card": "555500", "titles": ["Emil", "Anne"]}]
            }
        )

    class LoanOut(PlainOut):
        model_config = {
            "json_schema_extra": {
                "examples": [{"titles": ["Emil", "Anne"], "fee": "1.00"}]
            }
        }

    return loans_api(LoanIn, LoanOut)


@right("16.1.1")
def examples_app():
    """The singular `example` of OpenAPI 3.0, in the schema and below the status."""

    class LoanIn(PlainIn):
        card: CardNumber = Field(json_schema_extra={"example": "204103"})
        titles: list[str] = Field(
            min_length=1, max_length=5, json_schema_extra={"example": ["Momo"]}
        )

    example = {"titles": ["Momo"], "fee": "0.50"}
    content = {"application/json": {"example": example}}
    return loans_api(LoanIn, PlainOut, responses={201: {"content": content}})


@right("16.1.1")
def examples_app():
    """A named example of the body, and Python values in the model of the response."""

    class LoanOut(PlainOut):
        titles: Annotated[list[str], Field(examples=[["Momo", "Emil"]])]
        fee: Annotated[Decimal, Field(examples=[Decimal("1.00"), Decimal("0.50")])]

    example = {"value": {"card": "204103", "titles": ["Momo", "Emil"]}}
    body = Annotated[PlainIn, Body(openapi_examples={"two books": example})]
    return loans_api(body, LoanOut)


@right("16.1.1")
def examples_app():
    """Examples of the parameter, and a function that changes the schema."""

    def add_example(schema):
        schema["examples"] = [
            PlainOut(titles=["Momo"], fee="0.50").model_dump(mode="json")
        ]

    class LoanOut(PlainOut):
        model_config = ConfigDict(json_schema_extra=add_example)

    example = {"card": "204103", "titles": ["Momo"]}
    return loans_api(Annotated[PlainIn, Body(examples=[example])], LoanOut)


def library(loans, app=None, **options):
    """Return the application of 16.1.2 with these options of its endpoint."""
    app = app or FastAPI()

    @app.get("/loans/{number}", **{"response_model": Loan, **options})
    def read_loan(number: int, calendar: bool = False):
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


CALENDAR = {"content": {"text/calendar": {"schema": {"type": "string"}}}}


class NotFound(BaseModel):
    """The body of a 404."""

    detail: str


class Gone(BaseModel):
    """The body of a 410."""

    detail: "Returned"


@wrong("16.1.2", caught_by="test_q2_the_schema_allows_the_body_that_is_sent[returned]")
def responses_app(loans):
    """Forget the key "detail"."""
    responses = {200: CALENDAR, 404: {"model": NotFound}, 410: {"model": Returned}}
    return library(loans, responses=responses)


@wrong("16.1.2", caught_by="test_q2_each_status_code_has_its_content_types[404]")
def responses_app(loans):
    """Describe the errors in words only."""
    errors = {404: {"description": "Unknown"}, 410: {"description": "Returned"}}
    return library(loans, responses={200: CALENDAR, **errors})


@wrong("16.1.2", caught_by="test_q2_the_schema_allows_the_body_that_is_sent")
def responses_app(loans):
    """Give examples of the errors, without a schema."""

    def error(detail):
        return {"content": {"application/json": {"example": {"detail": detail}}}}

    errors = {
        404: error("There is no such loan."),
        410: error({"branch": "Nord", "day": "2026-03-02"}),
    }
    return library(loans, responses={200: CALENDAR, **errors})


@wrong("16.1.2", caught_by="test_q2_the_schema_allows_no_other_body[returned]")
def responses_app(loans):
    """Describe both errors with one model of two kinds."""

    class Error(BaseModel):
        detail: str | Returned

    errors = {404: {"model": Error}, 410: {"model": Error}}
    return library(loans, responses={200: CALENDAR, **errors})


@wrong("16.1.2", caught_by="test_q2_the_schema_allows_no_other_body[returned]")
def responses_app(loans):
    """Describe the detail as any dict."""

    class Error(BaseModel):
        detail: dict[str, str]

    errors = {404: {"model": NotFound}, 410: {"model": Error}}
    return library(loans, responses={200: CALENDAR, **errors})


@wrong("16.1.2", caught_by="test_q2_the_schema_allows_no_other_body")
def responses_app(loans):
    """Describe the detail as anything."""

    class Error(BaseModel):
        detail: Any

    errors = {404: {"model": Error}, 410: {"model": Error}}
    return library(loans, responses={200: CALENDAR, **errors})


@wrong("16.1.2", caught_by="test_q2_the_schema_allows_no_other_body[unknown]")
def responses_app(loans):
    """Give the detail a default value, so that it is not required."""

    class Error(BaseModel):
        detail: str = "There is no such loan."

    errors = {404: {"model": Error}, 410: {"model": Gone}}
    return library(loans, responses={200: CALENDAR, **errors})


@wrong("16.1.2", caught_by="test_q2_the_schema_allows_no_other_body[returned]")
def responses_app(loans):
    """Make the detail optional."""

    class Error(BaseModel):
        detail: Returned | None

    errors = {404: {"model": NotFound}, 410: {"model": Error}}
    return library(loans, responses={200: CALENDAR, **errors})


@wrong("16.1.2", caught_by="test_q2_the_schema_allows_the_body_that_is_sent")
def responses_app(loans):
    """Mix up the two models."""
    responses = {200: CALENDAR, 404: {"model": Gone}, 410: {"model": NotFound}}
    return library(loans, responses=responses)


@wrong("16.1.2", caught_by="test_q2_the_schema_allows_the_body_that_is_sent")
def responses_app(loans):
    """Describe the errors as in FastAPI's tutorial, with the key "message"."""

    class Message(BaseModel):
        message: str

    errors = {404: {"model": Message}, 410: {"model": Message}}
    return library(loans, responses={200: CALENDAR, **errors})


@wrong("16.1.2", caught_by="test_q2_the_document_has_the_status_codes_that_are_sent")
def responses_app(loans):
    """Describe all errors at once; FastAPI does not describe its 422 then."""
    responses = {200: CALENDAR, "4XX": {"model": NotFound}}
    return library(loans, responses=responses)


@wrong("16.1.2", caught_by="test_q2_the_document_has_the_status_codes_that_are_sent")
def responses_app(loans):
    """Forget the status code 410."""
    return library(loans, responses={200: CALENDAR, 404: {"model": NotFound}})


@wrong("16.1.2", caught_by="test_q2_the_document_has_the_status_codes_that_are_sent")
def responses_app(loans):
    """Describe a response that is never sent."""
    errors = {404: {"model": NotFound}, 410: {"model": Gone}, 500: {"model": NotFound}}
    return library(loans, responses={200: CALENDAR, **errors})


@wrong("16.1.2", caught_by="test_q2_each_status_code_has_its_content_types[200]")
def responses_app(loans):
    """Describe the errors only."""
    errors = {404: {"model": NotFound}, 410: {"model": Gone}}
    return library(loans, responses=errors)


@wrong("16.1.2", caught_by="test_q2_each_status_code_has_its_content_types[404]")
def responses_app(loans):
    """Describe the calendar by the response class, which holds for errors as well."""

    class CalendarResponse(Response):
        media_type = "text/calendar"

    errors = {404: {"model": NotFound}, 410: {"model": Gone}}
    app = FastAPI()

    @app.get("/loans/{number}", response_class=CalendarResponse, responses=errors)
    def read_loan(number: int, calendar: bool = False):
        loan = loans.get(number)
        if loan is None:
            raise HTTPException(404, "There is no such loan.")
        if isinstance(loan, Returned):
            raise HTTPException(410, loan.model_dump(mode="json"))
        if calendar:
            return CalendarResponse(f"SUMMARY:Return {loan.title}")
        return JSONResponse(loan.model_dump(mode="json"))

    return app


@wrong("16.1.2", caught_by="test_q2_the_calendar_is_described_as_a_string")
def responses_app(loans):
    """Describe the content type of the calendar, without a schema."""
    errors = {404: {"model": NotFound}, 410: {"model": Gone}}
    calendar = {"content": {"text/calendar": {}}}
    return library(loans, responses={200: calendar, **errors})


@wrong("16.1.2", caught_by="test_q2_the_calendar_is_described_as_a_string")
def responses_app(loans):
    """Describe the calendar with the schema of the loan."""
    errors = {404: {"model": NotFound}, 410: {"model": Gone}}
    content = {"text/calendar": {"schema": {"$ref": "#/components/schemas/Loan"}}}
    return library(loans, responses={200: {"content": content}, **errors})


@wrong("16.1.2", caught_by="test_q2_the_schemas_of_200_and_422_stay_the_same[200]")
def responses_app(loans):
    """Replace the schema of 200 by a union with a string."""
    errors = {404: {"model": NotFound}, 410: {"model": Gone}}
    return library(
        loans, response_model=Loan | str, responses={200: CALENDAR, **errors}
    )


@wrong("16.1.2", caught_by="test_q2_the_schemas_of_200_and_422_stay_the_same[422]")
def responses_app(loans):
    """Describe 422 as well, with the model of the other errors."""
    errors = {status: {"model": NotFound} for status in (404, 422)}
    responses = {200: CALENDAR, **errors, 410: {"model": Gone}}
    return library(loans, responses=responses)


@wrong("16.1.2", caught_by="test_q2_the_responses_stay_the_same[returned]")
def responses_app(loans):
    """Send the body that was described, instead of describing the one that is sent."""
    responses = {200: CALENDAR, 404: {"model": NotFound}, 410: {"model": Returned}}
    app = FastAPI()

    @app.get("/loans/{number}", response_model=Loan, responses=responses)
    def read_loan(number: int, calendar: bool = False):
        loan = loans.get(number)
        if loan is None:
            raise HTTPException(404, "There is no such loan.")
        if isinstance(loan, Returned):
            return JSONResponse(loan.model_dump(mode="json"), 410)
        if calendar:
            text = f"SUMMARY:Return {loan.title}"
            return Response(text, media_type="text/calendar")
        return loan

    return app


@wrong("16.1.2", caught_by="test_q2_the_schema_allows_the_body_that_is_sent[elsewhere]")
def responses_app(loans):
    """Describe the branch by the one that was seen."""

    class North(Returned):
        branch: Literal["Nord"]

    class Error(BaseModel):
        detail: North

    errors = {404: {"model": NotFound}, 410: {"model": Error}}
    return library(loans, responses={200: CALENDAR, **errors})


@wrong("16.1.2", caught_by="test_q2_the_schema_allows_no_other_body[unknown]")
def responses_app(loans):
    """Describe 404 by the bodies of both errors."""
    errors = {404: {"model": NotFound | Gone}, 410: {"model": Gone}}
    return library(loans, responses={200: CALENDAR, **errors})


@wrong("16.1.2", caught_by="test_q2_the_schemas_of_200_and_422_stay_the_same[200]")
def responses_app(loans):
    """Give 200 a string as its model beside the content type."""
    errors = {404: {"model": NotFound}, 410: {"model": Gone}}
    return library(loans, responses={200: {"model": str, **CALENDAR}, **errors})


@wrong("16.1.2", caught_by="test_q2_the_schema_allows_the_body_that_is_sent[returned]")
def responses_app(loans):
    """Describe the day as a date with a time."""

    class Moment(BaseModel):
        branch: str
        day: datetime

    class Error(BaseModel):
        detail: Moment

    errors = {404: {"model": NotFound}, 410: {"model": Error}}
    return library(loans, responses={200: CALENDAR, **errors})


@wrong("16.1.2", caught_by="test_q2_the_responses_stay_the_same[returned calendar]")
def responses_app(loans):
    """Look at the calendar before the loan."""
    responses = {200: CALENDAR, 404: {"model": NotFound}, 410: {"model": Gone}}
    app = FastAPI()

    @app.get("/loans/{number}", response_model=Loan, responses=responses)
    def read_loan(number: int, calendar: bool = False):
        loan = loans.get(number)
        if loan is None:
            raise HTTPException(404, "There is no such loan.")
        if calendar:
            text = f"SUMMARY:Return {getattr(loan, 'title', '')}"
            return Response(text, media_type="text/calendar")
        if isinstance(loan, Returned):
            raise HTTPException(410, loan.model_dump(mode="json"))
        return loan

    return app


D = TypeVar("D")


@wrong("16.1.2", caught_by="test_q2_the_schema_allows_no_other_body[returned]")
def responses_app(loans):
    """Describe the day as any string."""

    class Detail(BaseModel):
        branch: str
        day: str

    class Error(BaseModel):
        detail: Detail

    errors = {404: {"model": NotFound}, 410: {"model": Error}}
    return library(loans, responses={200: CALENDAR, **errors})


@wrong(
    "16.1.2", caught_by="test_q2_the_schema_has_only_the_fields_that_are_sent[unknown]"
)
def responses_app(loans):
    """Describe errors with a model of the project, which has a field more."""

    class Error(BaseModel):
        detail: str
        code: str | None = None

    errors = {404: {"model": Error}, 410: {"model": Gone}}
    return library(loans, responses={200: CALENDAR, **errors})


@wrong(
    "16.1.2", caught_by="test_q2_the_schema_has_only_the_fields_that_are_sent[returned]"
)
def responses_app(loans):
    """Add a field to the inner model that is not always sent."""

    class Detail(Returned):
        reader: str | None = None

    class Error(BaseModel):
        detail: Detail

    errors = {404: {"model": NotFound}, 410: {"model": Error}}
    return library(loans, responses={200: CALENDAR, **errors})


@wrong(
    "16.1.2", caught_by="test_q2_the_schema_has_only_the_fields_that_are_sent[returned]"
)
def responses_app(loans):
    """Describe the detail by the two models of the mapping."""

    class Error(BaseModel):
        detail: Loan | Returned

    errors = {404: {"model": NotFound}, 410: {"model": Error}}
    return library(loans, responses={200: CALENDAR, **errors})


@right("16.1.2")
def responses_app(loans):
    """A generic model, and descriptions."""

    class Error(BaseModel, Generic[D]):
        detail: D

    return library(
        loans,
        responses={
            200: {"description": "The loan, or an event of a calendar.", **CALENDAR},
            404: {"description": "There is no such loan.", "model": Error[str]},
            "410": {"description": "It was returned.", "model": Error[Returned]},
        },
    )


@right("16.1.2")
def responses_app(loans):
    """Schemas as dicts, without models."""

    def error(detail):
        schema = {
            "type": "object",
            "required": ["detail"],
            "properties": {"detail": detail},
        }
        return {
            "description": "Error",
            "content": {"application/json": {"schema": schema}},
        }

    string = {"type": "string"}
    returned = {
        "type": "object",
        "required": ["branch", "day"],
        "properties": {"branch": string, "day": {**string, "format": "date"}},
    }
    return library(
        loans,
        openapi_extra={
            "responses": {"200": CALENDAR, "404": error(string), "410": error(returned)}
        },
    )


@right("16.1.2")
def responses_app(loans):
    """A TypedDict, a dataclass, and the responses of the application."""

    class Unknown(TypedDict):
        detail: Literal["There is no such loan."]

    @pydantic_dataclasses.dataclass
    class Known:
        detail: Returned

    calendar = {"schema": {"type": "string"}, "example": "SUMMARY:Return Momo"}
    app = FastAPI(responses={404: {"model": Unknown}, 410: {"model": Known}})
    content = {"text/calendar; charset=utf-8": calendar}
    return library(loans, app, responses={200: {"content": content}})


def add(app, one, **options):
    """Add an endpoint of 16.1.3."""
    app.get(one.path, **options)(one.function)


@wrong("16.1.3", caught_by="test_q3_the_summary_is_the_first_line_with_text[one line]")
def add_endpoints(app, endpoints):
    """Use the tags only."""
    for one in endpoints:
        add(app, one, tags=[one.group])


@wrong("16.1.3", caught_by="test_q3_each_endpoint_is_in_its_group")
def add_endpoints(app, endpoints):
    """Use the summary only."""
    for one in endpoints:
        add(app, one, summary=(inspect.getdoc(one.function) or "").partition("\n")[0])


@wrong("16.1.3", caught_by="test_q3_each_endpoint_is_in_its_group")
def add_endpoints(app, endpoints):
    """Give a string instead of a list: each letter is a tag."""
    for one in endpoints:
        summary = (
            (inspect.getdoc(one.function) or "").strip().partition("\n")[0].strip()
        )
        add(app, one, tags=one.group, summary=summary)


@wrong("16.1.3", caught_by="test_q3_each_endpoint_is_in_its_group")
def add_endpoints(app, endpoints):
    """Make the tag of the name of the group as a title."""
    for one in endpoints:
        summary = (
            (inspect.getdoc(one.function) or "").strip().partition("\n")[0].strip()
        )
        add(app, one, tags=[one.group.title() + " "], summary=summary)


@wrong("16.1.3", caught_by="test_q3_each_endpoint_is_in_its_group[no docstring]")
def add_endpoints(app, endpoints):
    """Leave out functions without a docstring."""
    for one in endpoints:
        doc = (inspect.getdoc(one.function) or "").strip()
        if doc:
            summary = doc.partition("\n")[0].strip()
            add(app, one, tags=[one.group], summary=summary)


@wrong("16.1.3", caught_by="test_q3_each_endpoint_is_in_its_group")
def add_endpoints(app, endpoints):
    """Expect a docstring in each function."""
    for one in endpoints:
        summary = one.function.__doc__.strip().partition("\n")[0].strip()
        add(app, one, tags=[one.group], summary=summary)


@wrong(
    "16.1.3",
    caught_by="test_q3_the_summary_is_the_first_line_with_text[a line break first]",
)
def add_endpoints(app, endpoints):
    """Take the first line, which can be empty."""
    for one in endpoints:
        summary = (one.function.__doc__ or "").split("\n")[0].strip()
        add(app, one, tags=[one.group], summary=summary)


@wrong(
    "16.1.3", caught_by="test_q3_the_summary_is_the_first_line_with_text[several lines]"
)
def add_endpoints(app, endpoints):
    """Take the whole docstring for the summary."""
    for one in endpoints:
        add(
            app,
            one,
            tags=[one.group],
            summary=(inspect.getdoc(one.function) or "").strip(),
        )


@wrong(
    "16.1.3", caught_by="test_q3_the_summary_is_the_first_line_with_text[several lines]"
)
def add_endpoints(app, endpoints):
    """Take the first sentence instead of the first line."""
    for one in endpoints:
        doc = (inspect.getdoc(one.function) or "").strip()
        summary = doc.split("\n")[0].split(". ")[0].strip()
        add(app, one, tags=[one.group], summary=summary)


@wrong("16.1.3", caught_by="test_q3_the_summary_is_the_first_line_with_text[one line]")
def add_endpoints(app, endpoints):
    """Set the description instead."""
    for one in endpoints:
        summary = (
            (inspect.getdoc(one.function) or "").strip().partition("\n")[0].strip()
        )
        add(app, one, tags=[one.group], description=summary)


@wrong(
    "16.1.3", caught_by="test_q3_the_summary_is_the_first_line_with_text[no docstring]"
)
def add_endpoints(app, endpoints):
    """Use the group where there is no docstring."""
    for one in endpoints:
        doc = (inspect.getdoc(one.function) or "").strip() or one.group
        add(app, one, tags=[one.group], summary=doc.partition("\n")[0].strip())


@wrong(
    "16.1.3", caught_by="test_q3_the_summary_is_the_first_line_with_text[several lines]"
)
def add_endpoints(app, endpoints):
    """Begin the summary with a capital letter, and make all others small."""
    for one in endpoints:
        summary = (
            (inspect.getdoc(one.function) or "").strip().partition("\n")[0].strip()
        )
        add(app, one, tags=[one.group], summary=summary.capitalize())


@wrong("16.1.3", caught_by="test_q3_each_endpoint_is_served[one line]")
def add_endpoints(app, endpoints):
    """Wrap each function; all wrappers call the last one."""
    for one in endpoints:
        summary = (
            (inspect.getdoc(one.function) or "").strip().partition("\n")[0].strip()
        )

        @app.get(one.path, tags=[one.group], summary=summary)
        def endpoint():
            return one.function()


@wrong("16.1.3", caught_by="test_q3_other_endpoints_stay_as_they_are[2]")
def add_endpoints(app, endpoints):
    """Put the tags on the router of the application."""
    for one in endpoints:
        summary = (
            (inspect.getdoc(one.function) or "").strip().partition("\n")[0].strip()
        )
        app.router.tags = [one.group]
        add(app, one, summary=summary)


@wrong("16.1.3", caught_by="test_q3_each_endpoint_is_in_its_group[no docstring]")
def add_endpoints(app, endpoints):
    """Share one list of tags between the endpoints."""
    tags = []
    for one in endpoints:
        tags.append(one.group)
        summary = (
            (inspect.getdoc(one.function) or "").strip().partition("\n")[0].strip()
        )
        add(app, one, tags=tags, summary=summary)


@wrong("16.1.3", caught_by="test_q3_each_endpoint_is_in_its_group")
def add_endpoints(app, endpoints):
    """Describe the groups, and put no endpoint in them."""
    app.openapi_tags = [{"name": one.group} for one in endpoints]
    for one in endpoints:
        summary = (
            (inspect.getdoc(one.function) or "").strip().partition("\n")[0].strip()
        )
        add(app, one, summary=summary)


@wrong("16.1.3", caught_by="test_q3_each_endpoint_is_served")
def add_endpoints(app, endpoints):
    """Add the endpoints to a router that the application does not include."""
    router = APIRouter()
    for one in endpoints:
        summary = (
            (inspect.getdoc(one.function) or "").strip().partition("\n")[0].strip()
        )
        add(router, one, tags=[one.group], summary=summary)


def first_line(one):
    """Return the summary of an endpoint of 16.1.3."""
    return (one.function.__doc__ or "").strip().partition("\n")[0].strip()


@wrong("16.1.3", caught_by="test_q3_each_endpoint_is_in_its_group[a line break first]")
def add_endpoints(app, endpoints):
    """Keep one path of a function that has two."""
    for one in {one.function: one for one in endpoints}.values():
        add(app, one, tags=[one.group], summary=first_line(one))


@wrong("16.1.3", caught_by="test_q3_each_endpoint_is_served[before a parameter]")
def add_endpoints(app, endpoints):
    """Use a router for each group, which changes the order of the paths."""
    routers = {}
    for one in endpoints:
        router = routers.setdefault(one.group, APIRouter(tags=[one.group]))
        add(router, one, summary=first_line(one))
    for router in routers.values():
        app.include_router(router)


@wrong("16.1.3", caught_by="test_q3_each_endpoint_is_served[before a parameter]")
def add_endpoints(app, endpoints):
    """Sort the endpoints by their groups."""
    for one in sorted(endpoints, key=lambda one: one.group):
        add(app, one, tags=[one.group], summary=first_line(one))


@wrong(
    "16.1.3",
    caught_by="test_q3_the_summary_is_the_first_line_with_text[before a parameter]",
)
def add_endpoints(app, endpoints):
    """Replace the spaces between words."""
    for one in endpoints:
        summary = " ".join(first_line(one).split())
        add(app, one, tags=[one.group], summary=summary)


@wrong(
    "16.1.3", caught_by="test_q3_the_summary_is_the_first_line_with_text[several lines]"
)
def add_endpoints(app, endpoints):
    """Cut long lines."""
    for one in endpoints:
        add(app, one, tags=[one.group], summary=first_line(one)[:60])


shared = APIRouter()


@wrong("16.1.3", caught_by="test_q3_the_application_has_no_further_endpoints")
def add_endpoints(app, endpoints):
    """Share one router between all applications."""
    for one in endpoints:
        add(shared, one, tags=[one.group], summary=first_line(one))
    app.include_router(shared)


@wrong("16.1.3", caught_by="test_q3_each_endpoint_is_in_its_group[the same function]")
def add_endpoints(app, endpoints):
    """Write the paths in small letters."""
    for one in endpoints:
        options = {"tags": [one.group], "summary": first_line(one)}
        app.get(one.path.lower(), **options)(one.function)


@wrong("16.1.3", caught_by="test_q3_each_endpoint_has_one_method")
def add_endpoints(app, endpoints):
    """Answer other methods as well."""
    for one in endpoints:
        options = {"tags": [one.group], "summary": first_line(one)}
        app.get(one.path, **options)(one.function)
        app.post(one.path, **options)(one.function)


@wrong("16.1.3", caught_by="test_q3_the_endpoints_are_in_the_order_of_the_list")
def add_endpoints(app, endpoints):
    """Sort the endpoints by their paths."""
    for one in sorted(endpoints, key=lambda one: one.path):
        add(app, one, tags=[one.group], summary=first_line(one))


@wrong("16.1.3", caught_by="test_q3_each_endpoint_is_served[several lines]")
def add_endpoints(app, endpoints):
    """Wrap each function, with its path parameter only."""
    for one in endpoints:

        async def endpoint(city: str = "", function=Depends(lambda one=one: one)):
            result = function.function(*[city] if city else [])
            return await result if inspect.isawaitable(result) else result

        endpoint.__name__ = one.function.__name__
        app.get(one.path, tags=[one.group], summary=first_line(one))(endpoint)


@right("16.1.3")
def add_endpoints(app, endpoints):
    """The summary that FastAPI makes, made by hand; ids for the generators."""
    for one in endpoints:
        summary = first_line(one) or one.function.__name__.replace("_", " ").title()
        ident = one.path.strip("/").replace("/", "_")
        add(app, one, tags=[one.group], summary=summary, operation_id=ident)


@right("16.1.3")
def add_endpoints(app, endpoints):
    """One router for each endpoint, and a loop over the lines."""
    for one in endpoints:
        router = APIRouter(tags=[one.group])
        lines = [line.strip() for line in (one.function.__doc__ or "").split("\n")]
        summary = next((line for line in lines if line), None)
        router.add_api_route(one.path, one.function, summary=summary)
        app.include_router(router)


@right("16.1.3")
def add_endpoints(app: FastAPI, endpoints: list[Endpoint]) -> None:
    """`cleandoc`, an Enum as the tag, a description without the summary."""
    groups = Enum("Group", {one.group: one.group for one in endpoints}, type=str)
    for one in endpoints:
        doc = inspect.cleandoc(one.function.__doc__ or "").strip()
        options: dict[str, Any] = {"tags": [groups(one.group)]}
        if doc:
            summary, *rest = doc.splitlines()
            options["summary"] = summary.strip()
            options["description"] = "\n".join(rest).strip()
        app.api_route(one.path, methods=["GET"], **options)(one.function)
