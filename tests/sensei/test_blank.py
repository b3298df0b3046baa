"""The blank refuses to be a value."""

import asyncio
import json

import pytest
from pydantic import TypeAdapter

from sensei import ___
from sensei.blank import BlankError


async def _await():
    await ___


USES = {
    "comparison": lambda: [___, 1] == [2, 1],
    "other way round": lambda: ___ == 2,
    "as a key": lambda: {___: 1},
    "truth": lambda: bool(___),
    "sum": lambda: 1 + ___,
    "text": lambda: f"{___}",
    "call": lambda: ___(),
    "attribute": lambda: ___.name,
    "item": lambda: ___[0],
    "loop": lambda: list(___),
    "membership": lambda: 1 in ___,
    "with": lambda: ___.__enter__(),
    "await": lambda: asyncio.run(_await()),
    "number": lambda: int(___),
    "type check": lambda: isinstance(1, ___),
    "annotation": lambda: TypeAdapter(___),
}


@pytest.mark.parametrize("use", USES)
def test_every_use_says_that_it_is_open(use):
    with pytest.raises(BlankError, match="still to be filled in"):
        USES[use]()


def test_it_shows_itself():
    assert repr([___]) == "[___]"


def test_json_does_not_write_it():
    with pytest.raises((BlankError, TypeError)):
        json.dumps(___)
