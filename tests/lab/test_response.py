"""Of `json_or_text` and `fastapi_app`."""

import httpx2
import pytest
from fastapi import FastAPI

from lab import fastapi_app, json_or_text


def test_json_is_parsed_and_other_text_is_not() -> None:
    assert json_or_text(httpx2.Response(200, text='{"a": 1}')) == {"a": 1}
    assert json_or_text(httpx2.Response(200, text="Hello")) == "Hello"


def test_an_application_is_returned() -> None:
    app = FastAPI()
    assert fastapi_app(app, "shop_app()") is app


def test_something_else_is_named() -> None:
    with pytest.raises(AssertionError, match=r"`shop_app\(\)` returned None\."):
        fastapi_app(None, "shop_app()")
