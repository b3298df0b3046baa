"""Other answers to section 4.14."""

import html
import json
from xml.dom.minidom import Document
from xml.etree.ElementTree import indent
from xml.sax.saxutils import escape

from lxml import etree

from sensei.variants import right, wrong

DECLARATION = "<?xml version='1.0' encoding='utf-8'?>\n"


@wrong("4.14.1", caught_by="test_q1_a_parser_reads_the_texts[signs]")
class XMLResponse(Response):
    """Write the texts into the body as they are."""

    media_type = "application/xml"

    def render(self, content):
        children = "".join(f"<{key}>{text}</{key}>" for key, text in content.items())
        return f"{DECLARATION}<book>{children}</book>".encode()


@wrong("4.14.1", caught_by="test_q1_a_parser_reads_the_texts[signs]")
class XMLResponse(Response):
    """Escape the less-than sign only."""

    media_type = "application/xml"

    def render(self, content):
        children = "".join(
            f"<{key}>{text.replace('<', '&lt;')}</{key}>"
            for key, text in content.items()
        )
        return f"{DECLARATION}<book>{children}</book>".encode()


@wrong("4.14.1", caught_by="test_q1_a_parser_reads_the_texts[signs]")
class XMLResponse(Response):
    """Use CDATA, which ends at the first `]]>`."""

    media_type = "application/xml"

    def render(self, content):
        children = "".join(
            f"<{key}><![CDATA[{text}]]></{key}>" for key, text in content.items()
        )
        return f"{DECLARATION}<book>{children}</book>".encode()


@wrong("4.14.1", caught_by="test_q1_a_parser_reads_the_texts[signs]")
class XMLResponse(Response):
    """Escape twice."""

    media_type = "application/xml"

    def render(self, content):
        book = Element("book")
        for name, text in content.items():
            SubElement(book, name).text = escape(text)
        return tostring(book, encoding="utf-8", xml_declaration=True)


@wrong("4.14.1", caught_by="test_q1_the_body_declares_its_encoding[plain]")
class XMLResponse(Response):
    """Use the defaults, without a declaration."""

    media_type = "application/xml"

    def render(self, content):
        book = Element("book")
        for name, text in content.items():
            SubElement(book, name).text = text
        return tostring(book)


@wrong("4.14.1", caught_by="test_q1_the_body_declares_its_encoding[letters]")
class XMLResponse(Response):
    """Write a declaration without the encoding."""

    media_type = "application/xml"

    def render(self, content):
        book = Element("book")
        for name, text in content.items():
            SubElement(book, name).text = text
        return b"<?xml version='1.0'?>" + tostring(book, encoding="utf-8")


@wrong("4.14.1", caught_by="test_q1_a_parser_reads_the_texts[letters]")
class XMLResponse(Response):
    """Declare another encoding than the one of the bytes."""

    media_type = "application/xml"

    def render(self, content):
        book = Element("book")
        for name, text in content.items():
            SubElement(book, name).text = text
        declaration = b"<?xml version='1.0' encoding='iso-8859-1'?>"
        return declaration + tostring(book, encoding="utf-8")


@wrong("4.14.1", caught_by="test_q1_a_parser_reads_the_texts[letters]")
class XMLResponse(Response):
    """Encode the body in Latin-1, where most letters are missing."""

    media_type = "application/xml"

    def render(self, content):
        children = "".join(
            f"<{key}>{escape(text)}</{key}>" for key, text in content.items()
        )
        declaration = "<?xml version='1.0' encoding='iso-8859-1'?>"
        return f"{declaration}<book>{children}</book>".encode("latin-1", "replace")


@wrong("4.14.1", caught_by="test_q1_a_parser_reads_the_texts[plain]")
class XMLResponse(Response):
    """Nest each child in the one before."""

    media_type = "application/xml"

    def render(self, content):
        book = element = Element("book")
        for name, text in content.items():
            element = SubElement(element, name)
            element.text = text
        return tostring(book, encoding="utf-8", xml_declaration=True)


@wrong("4.14.1", caught_by="test_q1_a_parser_reads_the_texts[plain]")
class XMLResponse(Response):
    """Write the keys of the example, whatever the content is."""

    media_type = "application/xml"

    def render(self, content):
        book = Element("book")
        for name in ("title", "price"):
            SubElement(book, name).text = content.get(name)
        return tostring(book, encoding="utf-8", xml_declaration=True)


@wrong("4.14.1", caught_by="test_q1_the_media_type_is_xml[plain]")
class XMLResponse(Response):
    """Forget the media type."""

    def render(self, content):
        book = Element("book")
        for name, text in content.items():
            SubElement(book, name).text = text
        return tostring(book, encoding="utf-8", xml_declaration=True)


@wrong("4.14.1", caught_by="test_q1_the_media_type_is_xml[plain]")
class XMLResponse(Response):
    """Use the other media type for XML."""

    media_type = "text/xml"

    def render(self, content):
        book = Element("book")
        for name, text in content.items():
            SubElement(book, name).text = text
        return tostring(book, encoding="utf-8", xml_declaration=True)


@wrong("4.14.1", caught_by="test_q1_a_parser_reads_the_texts[plain]")
class XMLResponse(Response):
    """Return a text instead of bytes."""

    media_type = "application/xml"

    def render(self, content):
        book = Element("book")
        for name, text in content.items():
            SubElement(book, name).text = text
        return tostring(book, encoding="unicode", xml_declaration=True)


@wrong("4.14.1", caught_by="test_q1_a_parser_reads_the_texts[plain]")
class XMLResponse(Response):
    """Write attributes instead of children."""

    media_type = "application/xml"

    def render(self, content):
        book = Element("book", content)
        return tostring(book, encoding="utf-8", xml_declaration=True)


@wrong("4.14.1", caught_by="test_q1_a_parser_reads_the_texts[spaces]")
class XMLResponse(Response):
    """Remove the spaces around a text."""

    media_type = "application/xml"

    def render(self, content):
        book = Element("book")
        for name, text in content.items():
            SubElement(book, name).text = text.strip()
        return tostring(book, encoding="utf-8", xml_declaration=True)


@wrong("4.14.1", caught_by="test_q1_a_parser_reads_the_texts[spaces]")
class XMLResponse(Response):
    """Sort the children, and leave out the empty ones."""

    media_type = "application/xml"

    def render(self, content):
        book = Element("book")
        for name in sorted(content):
            if content[name]:
                SubElement(book, name).text = content[name]
        return tostring(book, encoding="utf-8", xml_declaration=True)


@wrong("4.14.1", caught_by="test_q1_a_parser_reads_the_texts[plain]")
class XMLResponse(JSONResponse):
    """Change the media type of JSON."""

    media_type = "application/xml"


@wrong("4.14.1", caught_by="test_q1_each_response_has_a_body_of_its_own")
class XMLResponse(Response):
    """Create the root once, for all responses."""

    media_type = "application/xml"
    book = Element("book")

    def render(self, content):
        for name, text in content.items():
            SubElement(self.book, name).text = text
        return tostring(self.book, encoding="utf-8", xml_declaration=True)


@wrong("4.14.1", caught_by="test_q1_a_parser_reads_the_texts[names]")
class XMLResponse(Response):
    """Write the names in small letters."""

    media_type = "application/xml"

    def render(self, content):
        book = Element("book")
        for name, text in content.items():
            SubElement(book, name.lower()).text = text
        return tostring(book, encoding="utf-8", xml_declaration=True)


@right("4.14.1")
class XMLResponse(Response):
    """Escape the texts by hand, and name the charset in the header as well."""

    media_type = "application/xml; charset=utf-8"

    def render(self, content):
        parts = [DECLARATION, "<book>"]
        parts += [f"<{key}>{html.escape(content[key])}</{key}>" for key in content]
        return "".join([*parts, "</book>"]).encode("utf-8")


@right("4.14.1")
class XMLResponse(Response):
    """Use lxml, and another encoding."""

    media_type = "application/xml"

    def render(self, content):
        book = etree.Element("book")
        for name, text in content.items():
            etree.SubElement(book, name).text = text
        return etree.tostring(book, encoding="UTF-16", xml_declaration=True)


@right("4.14.1")
class XMLResponse(Response):
    """Use minidom, and set the media type when the response is created."""

    def __init__(self, content, status_code=200, headers=None, background=None):
        super().__init__(content, status_code, headers, "application/xml", background)

    def render(self, content):
        document = Document()
        book = document.appendChild(document.createElement("book"))
        for name, text in content.items():
            child = book.appendChild(document.createElement(name))
            child.appendChild(document.createTextNode(text))
        return document.toxml(encoding="utf-8")


@right("4.14.1")
class XMLResponse(Response):
    """Use ASCII, where other letters become character references, and indent."""

    media_type = "application/xml"

    def render(self, content):
        book = Element("book")
        for name, text in content.items():
            SubElement(book, name).text = text
        indent(book)
        return tostring(book, encoding="us-ascii", xml_declaration=True)


def prediction(**changed):
    """Return the right prediction with some changes."""
    return {
        "/class": "dict: title",
        "/object": "dict: title, cost",
        "/plain": None,
        "/dict": 500,
        "document of /class": "text/label",
        "document of /plain": "application/json",
    } | changed


@wrong("4.14.2", caught_by="test_q2_the_prediction_is_what_the_client_gets[/class]")
def predictions():
    """Expect the object that the endpoint returns."""
    return prediction(**{"/class": "StockBook: title, cost"})


@wrong("4.14.2", caught_by="test_q2_the_prediction_is_what_the_client_gets[/class]")
def predictions():
    """Expect an object of the response model."""
    return prediction(**{"/class": "Book: title"})


@wrong("4.14.2", caught_by="test_q2_the_prediction_is_what_the_client_gets[/object]")
def predictions():
    """Expect that a response object is filtered as well."""
    return prediction(**{"/object": "dict: title"})


@wrong("4.14.2", caught_by="test_q2_the_prediction_is_what_the_client_gets[/plain]")
def predictions():
    """Expect that text is text/plain."""
    return prediction(**{"/plain": "text/plain; charset=utf-8"})


@wrong("4.14.2", caught_by="test_q2_the_prediction_is_what_the_client_gets[/dict]")
def predictions():
    """Expect that a dict becomes JSON."""
    return prediction(**{"/dict": 200})


@wrong(
    "4.14.2",
    caught_by="test_q2_the_prediction_is_what_the_client_gets[document of /class]",
)
def predictions():
    """Expect JSON in the document."""
    return prediction(**{"document of /class": "application/json"})


@wrong(
    "4.14.2",
    caught_by="test_q2_the_prediction_is_what_the_client_gets[document of /plain]",
)
def predictions():
    """Expect text in the document."""
    return prediction(**{"document of /plain": "text/plain"})


class Anything:
    """Equals every value."""

    def __eq__(self, other):
        return True


@wrong("4.14.2", caught_by="test_q2_the_prediction_is_what_the_client_gets[/plain]")
def predictions():
    """Return an object that equals every value."""
    return dict.fromkeys(prediction(), Anything())


@right("4.14.2")
def predictions():
    """Write the right values."""
    return prediction()


@right("4.14.2")
def predictions():
    """Read the media type from the class."""
    return prediction(**{"document of /class": Label.media_type})


def with_endpoints(BookJSON, PriceList, PrivateJSON):
    """Return the application with the given endpoints."""
    app = FastAPI()

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


class GoodBook(JSONResponse):
    media_type = "application/vnd.shop.book+json"


class GoodPrices(Response):
    media_type = "text/csv"

    def render(self, content):
        return as_csv(content).encode("utf-8-sig")


class GoodPrivate(JSONResponse):
    def init_headers(self, headers=None):
        super().init_headers({**(headers or {}), "cache-control": "no-store"})


@wrong(
    "4.14.3",
    caught_by="test_q3_the_openapi_document_shows_the_media_type[/account-get-application/json]",
)
def shop_app():
    """Hide the signature of `__init__` from FastAPI."""

    class PrivateJSON(JSONResponse):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.headers["Cache-Control"] = "no-store"

    return with_endpoints(GoodBook, GoodPrices, PrivateJSON)


@wrong(
    "4.14.3",
    caught_by="test_q3_the_openapi_document_shows_the_media_type[/books/{number}-get-application/vnd.shop.book+json]",
)
def shop_app():
    """Set the media type when the response is created."""

    class BookJSON(JSONResponse):
        def __init__(self, content, status_code=200, headers=None, background=None):
            media_type = "application/vnd.shop.book+json"
            super().__init__(content, status_code, headers, media_type, background)

    return with_endpoints(BookJSON, GoodPrices, GoodPrivate)


@wrong("4.14.3", caught_by="test_q3_a_book_is_json_with_its_own_media_type[7]")
def shop_app():
    """Derive the JSON class from `Response`, which cannot send a dict."""

    class BookJSON(Response):
        media_type = "application/vnd.shop.book+json"

    return with_endpoints(BookJSON, GoodPrices, GoodPrivate)


@wrong("4.14.3", caught_by="test_q3_a_book_is_json_with_its_own_media_type[7]")
def shop_app():
    """Send the text of the dict, which is not JSON."""

    class BookJSON(Response):
        media_type = "application/vnd.shop.book+json"

        def render(self, content):
            return str(content).encode()

    return with_endpoints(BookJSON, GoodPrices, GoodPrivate)


@wrong("4.14.3", caught_by="test_q3_a_price_list_is_csv_that_excel_reads[letters]")
def shop_app():
    """Encode as UTF-8 without the byte order mark."""

    class PriceList(Response):
        media_type = "text/csv"

        def render(self, content):
            return as_csv(content).encode()

    return with_endpoints(GoodBook, PriceList, GoodPrivate)


@wrong("4.14.3", caught_by="test_q3_a_price_list_is_csv_that_excel_reads[signs]")
def shop_app():
    """Join the values with commas."""

    class PriceList(Response):
        media_type = "text/csv"

        def render(self, content):
            text = "".join(",".join(row) + "\r\n" for row in content)
            return text.encode("utf-8-sig")

    return with_endpoints(GoodBook, PriceList, GoodPrivate)


@wrong("4.14.3", caught_by="test_q3_a_price_list_is_csv_that_excel_reads[signs]")
def shop_app():
    """Use plain text."""

    class PriceList(Response):
        media_type = "text/plain"

        def render(self, content):
            return as_csv(content).encode("utf-8-sig")

    return with_endpoints(GoodBook, PriceList, GoodPrivate)


@wrong("4.14.3", caught_by="test_q3_a_price_list_is_csv_that_excel_reads[signs]")
def shop_app():
    """Ask for the prices instead of using the content."""
    prices = list_prices()

    class PriceList(Response):
        media_type = "text/csv"

        def render(self, content):
            return as_csv(prices).encode("utf-8-sig")

    return with_endpoints(GoodBook, PriceList, GoodPrivate)


@wrong("4.14.3", caught_by="test_q3_a_price_list_is_csv_that_excel_reads[signs]")
def shop_app():
    """Ask for the prices again when the response is created."""

    class PriceList(Response):
        media_type = "text/csv"

        def render(self, content):
            return as_csv(list_prices()).encode("utf-8-sig")

    return with_endpoints(GoodBook, PriceList, GoodPrivate)


@wrong(
    "4.14.3", caught_by="test_q3_a_private_response_keeps_its_status_code_and_headers"
)
def shop_app():
    """Replace the headers of the response."""

    class PrivateJSON(JSONResponse):
        def __init__(self, content, status_code=200, headers=None, **others):
            headers = {"Cache-Control": "no-store"}
            super().__init__(content, status_code, headers, **others)

    return with_endpoints(GoodBook, GoodPrices, PrivateJSON)


@wrong(
    "4.14.3", caught_by="test_q3_a_private_response_keeps_its_status_code_and_headers"
)
def shop_app():
    """Add the header only if there are no others."""

    class PrivateJSON(JSONResponse):
        def init_headers(self, headers=None):
            super().init_headers(headers or {"Cache-Control": "no-store"})

    return with_endpoints(GoodBook, GoodPrices, PrivateJSON)


@wrong(
    "4.14.3", caught_by="test_q3_a_private_response_keeps_its_status_code_and_headers"
)
def shop_app():
    """Collect the headers in a dict that all responses share."""
    fixed = {"Cache-Control": "no-store"}

    class PrivateJSON(JSONResponse):
        def init_headers(self, headers=None):
            fixed.update(headers or {})
            super().init_headers(fixed)

    return with_endpoints(GoodBook, GoodPrices, PrivateJSON)


@wrong(
    "4.14.3", caught_by="test_q3_a_private_response_keeps_its_status_code_and_headers"
)
def shop_app():
    """Forget the status code."""

    class PrivateJSON(JSONResponse):
        def __init__(self, content, status_code=200, headers=None, **others):
            super().__init__(content, headers=headers, **others)
            self.headers["Cache-Control"] = "no-store"

    return with_endpoints(GoodBook, GoodPrices, PrivateJSON)


@wrong("4.14.3", caught_by="test_q3_a_private_response_is_not_stored")
def shop_app():
    """Write the header as an attribute of the class, which nobody reads."""

    class PrivateJSON(JSONResponse):
        cache_control = "no-store"

    return with_endpoints(GoodBook, GoodPrices, PrivateJSON)


@wrong("4.14.3", caught_by="test_q3_a_private_response_is_not_stored")
def shop_app():
    """Let caches store it, and ask again before they use it."""

    class PrivateJSON(JSONResponse):
        def init_headers(self, headers=None):
            super().init_headers(headers)
            self.headers["Cache-Control"] = "no-cache"

    return with_endpoints(GoodBook, GoodPrices, PrivateJSON)


@wrong("4.14.3", caught_by="test_q3_the_class_sends_other_headers_and_no_store")
def shop_app():
    """Pass on the one header that this shop needs."""

    class PrivateJSON(JSONResponse):
        def init_headers(self, headers=None):
            place = {key: headers[key] for key in headers or {} if key == "Location"}
            super().init_headers({**place, "Cache-Control": "no-store"})

    return with_endpoints(GoodBook, GoodPrices, PrivateJSON)


@wrong("4.14.3", caught_by="test_q3_the_class_sends_other_headers_and_no_store")
def shop_app():
    """Set the header in a middleware, for two paths."""

    class PrivateJSON(JSONResponse):
        pass

    app = with_endpoints(GoodBook, GoodPrices, PrivateJSON)

    @app.middleware("http")
    async def set_header(request, call_next):
        response = await call_next(request)
        if request.url.path.startswith(("/account", "/orders")):
            response.headers["Cache-Control"] = "no-store"
        return response

    return app


@right("4.14.3")
def shop_app():
    """Use the charset of the class, and repeat the signature."""

    class PriceList(Response):
        media_type = "text/csv"
        charset = "utf-8-sig"

        def render(self, content):
            return super().render(as_csv(content))

    class PrivateJSON(JSONResponse):
        def __init__(self, content, status_code: int = 200, headers=None, **others):
            headers = {**(headers or {}), "Cache-Control": "no-store"}
            super().__init__(content, status_code, headers, **others)

    return with_endpoints(GoodBook, PriceList, PrivateJSON)


@right("4.14.3")
def shop_app():
    """Add the header when the response is sent, and write the JSON by hand."""

    class BookJSON(Response):
        media_type = "application/vnd.shop.book+json"

        def render(self, content):
            return json.dumps(content).encode()

    class PrivateJSON(JSONResponse):
        async def __call__(self, scope, receive, send):
            self.headers["Cache-Control"] = "no-store"
            await super().__call__(scope, receive, send)

    PriceList = type(
        "PriceList",
        (Response,),
        {
            "media_type": "text/csv; charset=utf-8",
            "render": lambda self, rows: b"\xef\xbb\xbf" + as_csv(rows).encode(),
        },
    )
    return with_endpoints(BookJSON, PriceList, PrivateJSON)
