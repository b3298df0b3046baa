"""4.14  Custom response classes.

A response class knows how to turn content into bytes, and which media type these bytes
have. An endpoint names the class; FastAPI creates the response.
Notes: content/docs/fastapi/responses/custom-response-classes.md
"""

from collections.abc import Mapping
from csv import writer
from io import StringIO
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from sensei import ___


class XMLResponse(Response):
    """4.14.1  Write a custom FastAPI response class for XML output.

    The partners of a bookshop read each book as XML. Set the media type, and
    write `render`. It gets the content, and returns the body as bytes.

    - The media type of the response is `application/xml`.
    - The body is an element `book`. It has one child for each item of `content`, in the
      same order. The key is the name of the child, the value is its text. A parser gets
      exactly these texts back, whatever characters they contain.
    - The body begins with an XML declaration, which names the encoding of the body.

    Given:
        Each key is a valid name of an XML element. The values are texts. They contain
        only characters that XML allows, and no control characters.

    Example:
        XMLResponse({"title": "Tom & Huck", "price": "9.90"}) has the body
        <?xml version='1.0' encoding='utf-8'?>
        <book><title>Tom &amp; Huck</title><price>9.90</price></book>
    """

    # region answer
    media_type = "application/xml"
    # stub: media_type = None
    # endregion

    def render(self, content: Any) -> bytes:
        """Return the body for this content, which is a dict of texts."""
        # region answer
        book = Element("book")
        for name, text in content.items():
            SubElement(book, name).text = text
        body: bytes = tostring(book, encoding="utf-8", xml_declaration=True)
        return body
        # endregion


class Book(BaseModel):
    """A book as the customers see it."""

    title: str


class StockBook(Book):
    """A book as the shop knows it."""

    cost: float


class Label(Response):
    """Print the type of the content, and its keys."""

    media_type = "text/label"

    def render(self, content: Any) -> bytes:
        """Return the body, such as b"dict: title, pages"."""
        return f"{type(content).__name__}: {', '.join(content)}".encode()


def label_app() -> FastAPI:
    """Return the application of 4.14.2."""
    app = FastAPI()

    @app.get("/class", response_class=Label, response_model=Book)
    def use_class() -> StockBook:
        return StockBook(title="Emma", cost=4.5)

    @app.get("/object", response_model=Book)
    def return_object() -> Label:
        return Label({"title": "Emma", "cost": 4.5})

    @app.get("/plain")
    def return_plain() -> Response:
        return Response("Emma")

    @app.get("/dict")
    def return_dict() -> Response:
        return Response({"title": "Emma"})

    return app


def predictions() -> dict[str, object]:
    """4.14.2  How do custom response classes differ from `Response` in FastAPI?

    Predict what a client of `label_app` gets. `Label` above is a custom response class.
    Replace each `___`.

    - "/class", "/object": the body of the response, as text.
    - "/plain": the header `Content-Type` of the response, or None if there is none.
    - "/dict": the status code.
    - "document of /class", "document of /plain": the media type that the OpenAPI
      document shows for this path, in its response with the status code 200.
    """
    # region answer
    # In words: `Response` sends text or bytes as they are, and knows no media type. A
    # custom class has a media type, and `render` turns other content into bytes. If
    # the decorator names the class, FastAPI filters the content by the response model,
    # converts it to a dict, and documents the media type. If the endpoint returns a
    # response object, FastAPI sends it unchanged and knows nothing about it before.
    return {
        "/class": "dict: title",
        "/object": "dict: title, cost",
        "/plain": None,
        "/dict": 500,
        "document of /class": "text/label",
        "document of /plain": "application/json",
    }
    # stub: return {
    # stub:     "/class": ___,
    # stub:     "/object": ___,
    # stub:     "/plain": ___,
    # stub:     "/dict": ___,
    # stub:     "document of /class": ___,
    # stub:     "document of /plain": ___,
    # stub: }
    # endregion


def find_book(number: int) -> dict[str, Any]:
    """Return the book with this number."""
    return {"number": number, "title": "Čapek: R.U.R."}


def list_prices() -> list[list[str]]:
    """Return the title and the price of each book."""
    return [["Čapek: R.U.R.", "7.50"], ["Tom, Dick and Harry", "11.00"]]


def as_csv(rows: list[list[str]]) -> str:
    """Return one line for each row, with commas between the values."""
    text = StringIO()
    writer(text).writerows(rows)
    return text.getvalue()


def shop_app() -> FastAPI:
    """4.14.3  What are the use cases for custom response classes?

    Write three response classes for the bookshop. The endpoints below your code use
    them.

    - `BookJSON` is JSON with a media type of its own, `application/vnd.shop.book+json`.
    - `PriceList` is another format: the body is `as_csv(content)`, the media type is
      `text/csv`. Encode the body as `utf-8-sig`: without it, Excel shows a wrong letter
      for Č.
    - `PrivateJSON` is JSON with a fixed header, `Cache-Control: no-store`. The status
      code and the other headers are those that the response is created with.
    - `GET /openapi.json` returns 200, and shows the media type of each class.

    Given:
        FastAPI creates the OpenAPI document. It needs the default value of
        `status_code`, and reads it from the signature of `__init__` of the class.
        No endpoint sets the header `Cache-Control`.

    Example:
        GET /books/7  ->  200  Content-Type: application/vnd.shop.book+json
    """
    app = FastAPI()

    # region answer
    # In words: A response class is for what many endpoints do to the body or to the
    # headers: a format such as XML or CSV, a media type of its own, another encoding, a
    # fixed header. It is written once, and the documentation shows the media type. What
    # only one endpoint needs, it sets in its own response.
    class BookJSON(JSONResponse):
        media_type = "application/vnd.shop.book+json"

    class PriceList(Response):
        media_type = "text/csv"

        def render(self, content: Any) -> bytes:
            return as_csv(content).encode("utf-8-sig")

    class PrivateJSON(JSONResponse):
        def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
            super().init_headers(headers)
            self.headers["Cache-Control"] = "no-store"

    # endregion

    @app.get("/books/{number}", response_class=BookJSON)
    def read_book(number: int) -> dict[str, Any]:
        return find_book(number)

    @app.get("/prices", response_class=PriceList)
    def read_prices() -> list[list[str]]:
        return list_prices()

    @app.get("/account", response_class=PrivateJSON)
    def read_account() -> dict[str, Any]:
        return {"name": "Ana"}

    @app.post("/orders/{number}", response_class=PrivateJSON)
    def add_order(number: int) -> Response:
        return PrivateJSON(find_book(number), 201, {"Location": f"/orders/{number}"})

    return app
