"""The page knows what the document says, and fills in what Swagger UI does."""

from typing import Annotated, Any, Literal

import pytest
from fastapi import Body, FastAPI, Query
from pydantic import BaseModel, Field

from lab import SwaggerUI, swagger_ui


class Order(BaseModel):
    sku: str
    quantity: int = Field(ge=1)
    gift: bool = False
    colour: Literal["red", "blue"]
    note: str | None = None


class Both(BaseModel):
    ink: str = Field("red", examples=["blue"])


class Box(BaseModel):
    label: str
    boxes: "list[Box]"


def page_of(body: Any, **options: Any) -> SwaggerUI:
    app = FastAPI(**options)

    @app.post("/orders", status_code=201, responses={409: {}})
    def order(one: body, limit: Annotated[int, Query(gt=0, le=9)] = 5) -> list[Order]:
        return [one]

    return swagger_ui(app)


def test_it_shows_statuses_and_fields() -> None:
    page = page_of(Order)
    fields = {"sku", "quantity", "gift", "colour", "note"}

    assert page.statuses("POST", "/orders") == {"201", "409", "422"}
    assert page.fields("post", "/orders", "201") == fields
    assert page.body_fields("post", "/orders") == fields


def test_it_knows_nothing_of_what_is_not_documented() -> None:
    page = page_of(Order)

    assert page.statuses("get", "/orders") == set()
    assert page.fields("post", "/nowhere", "200") == set()
    assert page.parameter("post", "/orders", "offset") is None
    assert page_of(Order, docs_url=None).document == {}


def test_it_asks_for_the_document_where_the_page_says_it_is() -> None:
    assert page_of(Order, openapi_url="/v2/api.json").statuses("post", "/orders")


def test_it_says_that_the_document_cannot_be_made() -> None:
    class Pen(BaseModel):
        ink: str = Field(examples="blue")

    with pytest.raises(AssertionError, match="returned 500"):
        page_of(Pen)


@pytest.mark.parametrize(
    ("value", "offered"),
    [(0, False), (1, True), (9, True), (10, False), ("5", False), (True, False)],
)
def test_it_offers_what_the_schema_allows(value: object, offered: bool) -> None:
    page = page_of(Order)
    schema = page.parameter("post", "/orders", "limit")

    assert page.allows(schema, value) is offered


@pytest.mark.parametrize(
    ("body", "filled_in"),
    [
        (
            Order,
            {
                "sku": "string",
                "quantity": 1,
                "gift": False,
                "colour": "red",
                "note": "string",
            },
        ),
        (Annotated[Order, Body(examples=[{"sku": "pen"}])], {"sku": "pen"}),
        (
            Annotated[Order, Body(openapi_examples={"ink": {"value": {"sku": "ink"}}})],
            {"sku": "ink"},
        ),
        (Annotated[str, Body(examples=["pen"])], "pen"),
        (list[str], ["string"]),
        (Annotated[list[int], Field(min_length=2)], [0, 0]),
        (list[Annotated[str, Field(examples=["pen"])]], ["pen"]),
        (Annotated[str, Body(examples=[7])], "7"),
        (Both, {"ink": "blue"}),
        (Box, {"label": "string", "boxes": [{"label": "string", "boxes": [{}]}]}),
    ],
    ids=[
        "no example",
        "examples of the schema",
        "examples of the body",
        "text",
        "list",
        "least items",
        "examples of the items",
        "number as a string",
        "example and default",
        "recursive",
    ],
)
def test_it_fills_in_the_body(body: object, filled_in: object) -> None:
    assert page_of(body).filled_in("post", "/orders") == filled_in


def test_it_fills_in_an_integer_without_decimals() -> None:
    filled_in = page_of(Order).filled_in("post", "/orders")
    assert isinstance(filled_in["quantity"], int)


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ({}, {"sku": "string", "quantity": 1}),
        ({"example": {"sku": "pen"}}, {"sku": "pen"}),
        ({"examples": {"ink": {"value": {"sku": "ink"}}}}, {"sku": "ink"}),
    ],
    ids=["no example", "example", "named examples"],
)
def test_it_shows_the_body_of_an_answer(content: object, shown: object) -> None:
    app = FastAPI()

    class Short(BaseModel):
        sku: str
        quantity: int = Field(ge=1)

    responses: dict[int | str, Any] = {201: {"content": {"application/json": content}}}

    @app.post("/orders", status_code=201, responses=responses)
    def order() -> Short: ...

    page = swagger_ui(app)
    assert page.shown("post", "/orders", "201") == shown
    assert page.shown("post", "/orders", "404") == {}
