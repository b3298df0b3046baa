"""What a developer sees who opens the page at /docs."""

import re
from typing import Any

from starlette.types import ASGIApp

from lab.client import client

Schema = dict[str, Any]

# How Swagger UI writes, for each type of JSON Schema, a value that it knows nothing of.
_SAMPLES: dict[str, Any] = {
    "string": "string",
    "integer": 0,
    "number": 0,
    "boolean": True,
    "array": [],
}

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


class SwaggerUI:
    """The page, which knows of an API what `document` says and nothing else."""

    def __init__(self, document: Schema) -> None:
        self.document = document

    def statuses(self, method: str, path: str) -> set[str]:
        """Return the statuses that the page announces: "200", "4XX", "default"."""
        return set(self._operation(method, path).get("responses", {}))

    def fields(self, method: str, path: str, status: str) -> set[str]:
        """Return the fields that an answer is to have; a list's are its entries'."""
        answers = self._operation(method, path).get("responses", {})
        schema = self._json(answers.get(status, {}))
        return set(self._resolved(schema.get("items", schema)).get("properties", {}))

    def body_fields(self, method: str, path: str) -> set[str]:
        """Return the fields that the page names for the body of a request."""
        schema = self._json(self._operation(method, path).get("requestBody", {}))
        return set(schema.get("properties", {}))

    def parameter(self, method: str, path: str, name: str) -> Schema | None:
        """Return the schema of a parameter; None if the page does not know it."""
        for one in self._operation(method, path).get("parameters", []):
            if one.get("name") == name:
                return self._resolved(one.get("schema", {}))
        return None

    def allows(self, schema: Schema, value: object) -> bool:
        """Return whether a value is one that the page offers, going by its schema."""
        schema = self._resolved(schema)
        choices = schema.get("anyOf", schema.get("oneOf"))
        return (
            (choices is None or any(self.allows(one, value) for one in choices))
            and all(self.allows(one, value) for one in schema.get("allOf", []))
            and ("type" not in schema or type(value) in _types(schema["type"]))
            and value in schema.get("enum", [schema.get("const", value)])
            and _in_range(schema, value)
        )

    def filled_in(self, method: str, path: str) -> Any:
        """Return the body that "Try it out" fills in."""
        return self._example(self._operation(method, path).get("requestBody", {}))

    def shown(self, method: str, path: str, status: str) -> Any:
        """Return the body that the page shows for an answer with this status."""
        answers = self._operation(method, path).get("responses", {})
        return self._example(answers.get(status, {}))

    def _example(self, message: Schema) -> Any:
        media = message.get("content", {}).get("application/json", {})
        for example in media.get("examples", {}).values():
            return example.get("value")
        return (
            media["example"]
            if "example" in media
            else self._sample(self._json(message))
        )

    def _sample(self, schema: Schema, inside: tuple[str, ...] = ()) -> Any:
        if schema.get("$ref") in inside:
            return {}
        inside = (*inside, schema.get("$ref", ""))
        schema = self._resolved(schema)
        kind = schema.get("type")
        if isinstance(schema.get("examples"), list) and schema["examples"]:
            return _written(schema["examples"][0], kind)
        for known in ("default", "example"):
            if known in schema:
                return _written(schema[known], kind)
        for parts in ("anyOf", "oneOf", "allOf"):
            if schema.get(parts):
                return self._sample(schema[parts][0], inside)
        if "properties" in schema:
            fields = schema["properties"].items()
            return {name: self._sample(field, inside) for name, field in fields}
        if isinstance(schema.get("items"), dict):
            return [self._sample(schema["items"], inside)] * _least_items(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        if "minimum" in schema:
            least = max(0, schema["minimum"])
            return int(least) if kind == "integer" else least
        return _SAMPLES.get(kind, {}) if isinstance(kind, str) else {}

    def _operation(self, method: str, path: str) -> Schema:
        operation: Schema = (
            self.document.get("paths", {}).get(path, {}).get(method.lower(), {})
        )
        return operation

    def _json(self, message: Schema) -> Schema:
        content = message.get("content", {}).get("application/json", {})
        return self._resolved(content.get("schema", {}))

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            found = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found.get(part, {})
            schema = found | {key: schema[key] for key in schema if key != "$ref"}
        return schema


def swagger_ui(app: ASGIApp, url: str = "http://testserver") -> SwaggerUI:
    """Return the page at /docs of `app`, whose own address is `url`.

    Where there is no such page, it knows nothing.
    """
    with client(app, raises=False) as browser:
        html = browser.get(f"{url}/docs").text
        address = re.search(r"url: '(.+?)'", html)
        if not address:
            return SwaggerUI({})
        response = browser.get(url + address[1])
    if response.status_code == 500:
        raise AssertionError(
            f"The page `/docs` shows only an error: `GET {address[1]}` returned 500, "
            "because FastAPI cannot make a document of what the code declares. Look at "
            "what you declare for the page, and at its types: `examples` is a list."
        )
    return SwaggerUI(response.json())


def _written(example: Any, kind: object) -> Any:
    """Return an example as the page writes it: a number as a string, if it is one."""
    number = isinstance(example, int | float) and not isinstance(example, bool)
    return f"{example}" if number and kind == "string" else example


def _least_items(schema: Schema) -> int:
    """Return how often the page repeats an entry of a list."""
    return max(1, int(schema.get("minItems", 1)))


def _types(names: str | list[str]) -> set[type]:
    listed = [names] if isinstance(names, str) else names
    return {kind for name in listed for kind in _TYPES.get(name, ())}


def _in_range(schema: Schema, value: object) -> bool:
    if not isinstance(value, int | float):
        return True
    return (
        value >= schema.get("minimum", value)
        and value <= schema.get("maximum", value)
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
    )
