"""The tests of section 4.14."""

import re
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from lxml import etree

from lab import (
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    stand_in,
)


def send(app: FastAPI, method: str, path: str, look: str) -> httpx2.Response:
    """Return the response of `app`; `look` says where to look if there is none."""

    def call() -> httpx2.Response:
        with client(app) as http:
            return http.request(method, path)

    response = outcome(call)
    assert isinstance(response, httpx2.Response), (
        f"`{method} {path}` raised {in_words(response)}. The docstring asks for a "
        f"response. {look}"
    )
    return response


RENDER = "Look at what `render` returns: the docstring asks for bytes."


def media_type(response: httpx2.Response) -> str:
    """Return the media type of a response, without the charset."""
    header: str = response.headers.get("Content-Type", "")
    return header.partition(";")[0].strip().lower()


CONTENTS = pytest.mark.parametrize(
    "content",
    [
        {"title": "Emma", "author": "Jane Austen"},
        {"price": "9.90", "title": "Tom & Huck", "note": "1 < 2 > 0, &amp; ]]> too"},
        {
            "title": "Válka s mloky",
            "author": "Čapek",
            "heart": "♥ 😀",
            "origin": "日本",
        },
        {"b": " two  spaces ", "a": "", "quote": '"It\'s"'},
        {"ISBN-13": "9780141439587", "pageCount": "474", "_a.b": "1"},
        {},
    ],
    ids=["plain", "signs", "letters", "spaces", "names", "empty"],
)


def xml_response(answers: Any, content: dict[str, str]) -> httpx2.Response:
    """Return the response of an endpoint that returns `content`."""
    app = FastAPI()

    @app.get("/book", response_class=answers.XMLResponse)
    def read_book() -> dict[str, str]:
        return content

    return send(app, "GET", "/book", RENDER)


def parsed(body: bytes) -> Any:
    """Return the root element that a parser reads."""
    root: Any = outcome(lambda: etree.fromstring(body))
    assert not isinstance(root, Exception), (
        f"An XML parser read {in_words(body)}. It raised {in_words(root)}. The "
        "docstring asks for XML, whatever characters the texts contain. Look at how "
        "`render` writes the texts and the encoding."
    )
    return root


@CONTENTS
def test_q1_a_parser_reads_the_texts(answers, content):
    body = xml_response(answers, content).content
    root = parsed(body)

    got = (root.tag, [(child.tag, child.text or "") for child in root])
    assert got == ("book", list(content.items())), (
        f"The content was {in_words(content)}. The parser read {in_words(got)}. The "
        "docstring asks for `book` with one child for each item, in this order and "
        "with these texts. Look at `render`."
    )
    beside = [root.text, *(child.tail for child in root)]
    texts = "".join(text or "" for text in beside).strip()
    attributes = [dict(one.attrib) for one in root.iter() if one.attrib]
    assert (texts, attributes) == ("", []), (
        f"The body was {in_words(body)}. It contains attributes, or a text beside the "
        "children. The docstring asks for one child for each item. Look at `render`."
    )


def test_q1_each_response_has_a_body_of_its_own(answers):
    contents = [{"title": "Emma"}, {"title": "Persuasion"}, {"price": "9.90"}]
    bodies = [xml_response(answers, content).content for content in contents]
    got = [{child.tag: child.text for child in parsed(body)} for body in bodies]

    assert got == contents, (
        f"Three endpoints returned {contents}, one after the other. The parser read "
        f"{in_words(got)}. The docstring asks for one child for each item of "
        "`content`. Look at what your class keeps from one response to the next."
    )


@CONTENTS
def test_q1_the_body_declares_its_encoding(answers, content):
    body = xml_response(answers, content).content
    encoding = parsed(body).getroottree().docinfo.encoding or "utf-8"

    text = body.decode(encoding, "replace").removeprefix("\ufeff")
    declared = re.match(r"<\?xml\s[^>]*encoding\s*=\s*[\"'][\w.-]+[\"']", text)
    assert declared, (
        f"The body begins with {in_words(body[:50])}. The docstring asks for an XML "
        "declaration that names the encoding, such as <?xml version='1.0' "
        "encoding='utf-8'?>. Look at how `render` makes the bytes."
    )


@CONTENTS
def test_q1_the_media_type_is_xml(answers, content):
    got = [media_type(xml_response(answers, content))]
    app = FastAPI()

    @app.get("/book")
    def read_book() -> Any:
        return answers.XMLResponse(content)

    got.append(media_type(send(app, "GET", "/book", RENDER)))
    assert got == ["application/xml"] * 2, (
        "An endpoint used `response_class=XMLResponse`, another one returned "
        f"`XMLResponse(content)`. The media types were {got}. The docstring asks for "
        "`application/xml`. Look at `media_type` in the class."
    )


HINTS = {
    "/class": "The endpoint returns a StockBook, and the decorator names a response "
    "class and a response model.",
    "/object": "The endpoint itself creates the response object.",
    "/plain": "Look at the media type of the class `Response`.",
    "/dict": "`Response` does not convert its content. Look at what it can send.",
    "document of /class": "The decorator names the class.",
    "document of /plain": "The decorator names no class, so FastAPI documents its "
    "default.",
}


def observed(answers: Any) -> dict[str, Any]:
    """Return what the client of `label_app` really gets."""
    with client(answers.label_app(), raises=False) as http:
        paths = http.get("/openapi.json").json()["paths"]
        documented = {
            path: next(iter(paths[path]["get"]["responses"]["200"]["content"]))
            for path in ("/class", "/plain")
        }
        return {
            "/class": http.get("/class").text,
            "/object": http.get("/object").text,
            "/plain": http.get("/plain").headers.get("Content-Type"),
            "/dict": http.get("/dict").status_code,
            "document of /class": documented["/class"],
            "document of /plain": documented["/plain"],
        }


@pytest.mark.parametrize("blank", HINTS)
def test_q2_the_prediction_is_what_the_client_gets(answers, blank):
    predicted = attempt("`predictions()`", answers.predictions)
    assert isinstance(predicted, dict), (
        f"`predictions()` returned {in_words(predicted)}. The docstring asks to "
        "replace each `___` in the dict."
    )
    assert blank in predicted, (
        f'The key "{blank}" is missing from the dict. The docstring asks to replace '
        "each `___`, and to keep the keys."
    )
    value = predicted[blank]
    same = isinstance(value, str | int | None) and value == observed(answers)[blank]
    assert same, (
        f'Your prediction for "{blank}" is {in_words(value)}. The client got something '
        f"else. {HINTS[blank]} Look at `label_app` and the class `Label`."
    )


@pytest.fixture
def shop(answers) -> FastAPI:
    """The application of 4.14.3, with other books."""
    stand_in(answers.find_book, lambda number: {"id": number, "by": f"Žižek {number}"})
    return fastapi_app(answers.shop_app(), "shop_app()")


@pytest.mark.parametrize("number", [7, 12])
def test_q3_a_book_is_json_with_its_own_media_type(shop, number):
    response = send(shop, "GET", f"/books/{number}", "Look at `BookJSON`.")

    got = (response.status_code, media_type(response), json_or_text(response))
    expected = (200, "application/vnd.shop.book+json")
    assert got == (*expected, {"id": number, "by": f"Žižek {number}"}), (
        f"The status code, the media type and the body of `GET /books/{number}` were "
        f"{in_words(got)}. The docstring asks for JSON with the media type "
        "`application/vnd.shop.book+json`. Look at `BookJSON`."
    )
    other = json_or_text(send(shop, "GET", "/books/31", "Look at `BookJSON`."))
    assert other == {"id": 31, "by": "Žižek 31"}, (
        f"After it, the body of `GET /books/31` was {in_words(other)}. The docstring "
        "asks for JSON of its own book. Look at what `BookJSON` keeps."
    )


@pytest.mark.parametrize(
    "rows",
    [
        [['Tom, "Dick"', "11.00"], ["R.U.R.", "7.50"], ["R.U.R.", "7.50"]],
        [["Žižek: Čas", "3.00"]],
        [],
    ],
    ids=["signs", "letters", "empty"],
)
def test_q3_a_price_list_is_csv_that_excel_reads(answers, shop, rows):
    second = [["a second call", "0.00"]]
    lists = iter([rows, second])
    stand_in(answers.list_prices, lambda: next(lists, [["a third call", "0.00"]]))
    response = send(shop, "GET", "/prices", "Look at `PriceList`.")

    got = (response.status_code, media_type(response), response.content)
    assert got == (200, "text/csv", answers.as_csv(rows).encode("utf-8-sig")), (
        f"The endpoint returned {rows}. The status code, the media type and the body "
        f"were {in_words(got)}. The docstring asks for 200, `text/csv`, and "
        "`as_csv(content)` encoded as `utf-8-sig`. Look at `PriceList`."
    )
    again = send(shop, "GET", "/prices", "Look at `PriceList`.").content
    assert again == answers.as_csv(second).encode("utf-8-sig"), (
        f"Then the endpoint returned {second}, and the body was {in_words(again)}. The "
        "docstring asks for `as_csv(content)`. Look at what `PriceList` keeps."
    )


def test_q3_a_private_response_is_not_stored(shop):
    response = send(shop, "GET", "/account", "Look at `PrivateJSON`.")

    cache = response.headers.get("Cache-Control")
    got = (response.status_code, media_type(response), json_or_text(response), cache)
    assert got == (200, "application/json", {"name": "Ana"}, "no-store"), (
        "The status code, the media type, the body and `Cache-Control` of "
        f"`GET /account` were {in_words(got)}. The docstring asks for JSON with "
        "`Cache-Control: no-store`. Look at `PrivateJSON`."
    )


def test_q3_a_private_response_keeps_its_status_code_and_headers(shop):
    names = ("Location", "Cache-Control")
    got = []
    for method, path in [
        ("POST", "/orders/7"),
        ("POST", "/orders/8"),
        ("GET", "/account"),
    ]:
        response = send(shop, method, path, "Look at `PrivateJSON`.")
        headers = [response.headers.get(name) for name in names]
        got.append((response.status_code, *headers))
    expected = [
        (201, "/orders/7", "no-store"),
        (201, "/orders/8", "no-store"),
        (200, None, "no-store"),
    ]
    assert got == expected, (
        "`POST /orders/7`, `POST /orders/8`, `GET /account`: the status code, "
        f"`Location` and `Cache-Control` were {got}. The docstring asks for "
        "`no-store`, and for the status code and the headers that the response is "
        "created with. Look at `PrivateJSON`."
    )


def test_q3_the_class_sends_other_headers_and_no_store(shop):
    private: Any = next(
        route.response_class for route in shop.routes if route.path == "/account"
    )
    given = {"Content-Language": "cs", "ETag": '"7"'}
    app = FastAPI()

    @app.get("/letters/7")
    def read_letter() -> Any:
        return private({"text": "Ahoj"}, 203, dict(given))

    response = send(app, "GET", "/letters/7", "Look at `PrivateJSON`.")
    names = (*given, "Cache-Control")
    headers = {name: response.headers.get(name) for name in names}
    got = (response.status_code, headers)
    assert got == (203, {**given, "Cache-Control": "no-store"}), (
        f"An endpoint of another application returned `PrivateJSON(..., 203, {given})`."
        f" The status code and these headers were {got}. The docstring asks for "
        "`no-store`, and for the status code and the headers that the response is "
        "created with. Look at `PrivateJSON`."
    )


@pytest.mark.parametrize(
    ("path", "method", "media"),
    [
        ("/books/{number}", "get", "application/vnd.shop.book+json"),
        ("/prices", "get", "text/csv"),
        ("/account", "get", "application/json"),
        ("/orders/{number}", "post", "application/json"),
    ],
)
def test_q3_the_openapi_document_shows_the_media_type(shop, path, method, media):
    look = "Look at the signature of `__init__` in your classes."
    response = send(shop, "GET", "/openapi.json", look)

    operation = response.json()["paths"][path][method]
    got = list(operation["responses"].get("200", {}).get("content", {}))
    assert [one.partition(";")[0] for one in got] == [media], (
        f"For `{method.upper()} {path}` the OpenAPI document shows the media types "
        f"{got}. The docstring asks for {media!r}. Look at where the class says its "
        "media type."
    )
