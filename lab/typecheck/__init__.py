"""mypy as an instrument: what it says of an answer, and of uses of the answer.

A test asks it by the fixture `checker`:

    program = Program(answers.__source__, answers.__file__, uses={"…": "Parcel(…)"})
    checked = checker.check(program)
    checked.of("Parcel")    # what it has against a definition
    checked.of_use("…")     # what it has against a use
"""

from lab.typecheck.cache import CheckerError
from lab.typecheck.checked import Checked
from lab.typecheck.checker import Checker
from lab.typecheck.configuration import STRICT
from lab.typecheck.diagnostic import Diagnostic
from lab.typecheck.program import Program
from lab.typecheck.type_text import same_type

__all__ = [
    "STRICT",
    "Checked",
    "Checker",
    "CheckerError",
    "Diagnostic",
    "Program",
    "same_type",
]
