"""Which Python functions a piece of work runs."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Calls(Counter[str]):
    """How often each function was called: `calls["json.loads"]`.

    Only functions written in Python are counted: what a library does in C or in Rust
    is not there, and that is what makes it fast.
    """

    def of(self, *modules: str) -> list[str]:
        """Return the functions of these modules and their submodules."""
        return [
            name
            for name in self
            if any(name.startswith(f"{module}.") for module in modules)
        ]


@contextmanager
def calls() -> Iterator[Calls]:
    """Yield the calls that this thread makes during the block, as they are made."""
    made = Calls()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            made[f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield made
    finally:
        sys.setprofile(before)
