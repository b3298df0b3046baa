"""The blank `___` that stands in a stub where a value is asked for."""

from typing import Any, NoReturn


class BlankError(NotImplementedError):
    """Raised by whatever is done with a blank: the koan is still open."""


def _refuse(self: object, *args: object, **kwargs: object) -> NoReturn:
    raise BlankError("A blank `___` is still to be filled in.")


# Every way in which Python, FastAPI or Pydantic could use a value. A blank that
# answered any of them would turn an open koan into a wrong one, or a right one.
_USES = """
    eq ne lt le gt ge hash bool int float complex index str format bytes len iter
    next reversed contains getitem setitem delitem missing length_hint call enter
    exit aenter aexit await aiter anext get fspath add radd sub rsub mul rmul
    truediv rtruediv floordiv rfloordiv mod rmod divmod rdivmod pow rpow matmul
    rmatmul and rand or ror xor rxor lshift rlshift rshift rrshift neg pos abs
    invert round trunc floor ceil instancecheck subclasscheck mro_entries
    get_pydantic_core_schema
"""


class Blank:
    """Refuses every use with `BlankError`; only its `repr` is harmless."""

    def __repr__(self) -> str:
        return "___"

    def __getattr__(self, name: str) -> NoReturn:
        # Introspection (inspect, copy, pytest) asks for dunders and expects "no".
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        _refuse(self)


for _use in _USES.split():
    setattr(Blank, f"__{_use}__", _refuse)

___: Any = Blank()
