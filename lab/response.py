"""What a client reads of a response, and whether there is an application to ask."""

from typing import Any

import httpx2
from fastapi import FastAPI

from lab.outcome import in_words


def json_or_text(response: httpx2.Response) -> Any:
    """Return the JSON of a response, or its text if the body is not JSON."""
    try:
        return response.json()
    except ValueError:
        return response.text


def fastapi_app(value: object, call: str) -> FastAPI:
    """Return `value`, which the answer's `call` returned, as in "create_app()".

    Raises:
        AssertionError: it is not a FastAPI application.
    """
    assert isinstance(value, FastAPI), (
        f"`{call}` returned {in_words(value)}. "
        "The docstring asks for a FastAPI application: create one and return it."
    )
    return value
