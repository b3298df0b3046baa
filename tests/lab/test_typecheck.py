"""Of `checker`: it says what mypy says, at once, and cannot be talked round."""

import gc
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from lab.typecheck import STRICT, Checker, CheckerError, Program, same_type
from lab.typecheck.cache import Cache

# In some of these mypy reads the libraries anew.
SAMPLE = """
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel, create_model
from pydantic import field_validator

T = TypeVar("T")

class Parcel(BaseModel):
    model_config = ConfigDict(frozen=True, validate_by_name=True)
    number: int
    weight: Annotated[float, Field(gt=0)]
    to: str = Field(alias="recipient")
    note: str | None = None

    @field_validator("note")
    def stripped(cls, note: str) -> str:
        reveal_type(cls)
        return note.strip()

class Heavy(Parcel):
    model_config = ConfigDict(strict=True)
    lifts: int = Field(default=2, strict=False)
    crane = "none"

class Page(BaseModel, Generic[T]):
    items: list[T]

class Numbers(RootModel[list[int]]):
    pass

Made = create_model("Made", number=(int, ...))

def alias() -> str:
    return "x"

class Dynamic(BaseModel):
    model_config = ConfigDict(extra="allow")
    number: int = Field(alias=alias())

Parcel(number="7", weight=1, recipient="Oslo")
Parcel(number=7, weight=1, to="Oslo")
Parcel(number=7, weight=1, to="Oslo", nots="fragile")
Parcel(number=7, weight=1, to="Oslo").number = 8
Parcel.model_construct(number="7")
Parcel.from_orm(object())
Heavy(number=1, weight="2", to="Oslo", lifts="3")
Page[int](items=["1"])
Numbers([1])
Numbers(root=["1"])
Dynamic(number=1, colour="red")
"""
TYPES = """
reveal_type(Made)
reveal_type(Parcel)
reveal_type(Heavy)
reveal_type(Page[Parcel](items=[]).items)
reveal_type(Numbers([1]).root)
"""


@pytest.mark.parametrize("plugin", [STRICT, {}, None], ids=["strict", "lax", "none"])
def test_it_says_what_mypy_says_on_its_own(
    checker: Checker, tmp_path: Path, plugin: Mapping[str, bool] | None
) -> None:
    program = Program(SAMPLE, "x.py", {"types": TYPES.strip()})
    lines = ["[mypy]", "strict = true"]
    if plugin is not None:
        lines += ["plugins = pydantic.mypy", "[pydantic-mypy]"]
        lines += [f"{name} = {value}" for name, value in plugin.items()]
    (tmp_path / "mypy.ini").write_text("\n".join(lines))
    alone = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", "cache", "-c", program.text],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.replace("__main__.", "")

    checked = checker.check(program, plugin)

    errors = re.findall(r"<string>:(\d+): error: (.*)  \[([\w-]+)\]", alone)
    types = re.findall(r'Revealed type is "(.*)"', alone)
    assert len(errors) > 5
    said = {(str(one.line), one.message, one.code) for one in checked.errors}
    assert said == set(errors)
    assert set(checked.revealed("types")) == set(types[-5:])


TEXT = '''"""A module."""
from decimal import Decimal as Number
import nowhere

Result = int

def helper(number: str) -> int:
    return number

def sound(number: int) -> int:
    """Not of helper."""
    return number

def leaning(number: int) -> "Result":
    return sound(helper(number))

def importing() -> None:
    nowhere.go()
'''


def test_a_definition_answers_for_itself_and_for_what_it_uses(checker: Checker) -> None:
    checked = checker.check(Program(TEXT, "x.py"))

    assert checked.of("sound") == []
    assert [one.code for one in checked.of("helper")] == ["return-value"]
    leaning = [(one.line, one.code) for one in checked.of("leaning")]
    assert leaning == [(8, "return-value"), (15, "arg-type")]
    assert [one.code for one in checked.of("importing")] == ["import-not-found"]


def test_a_diagnostic_reads_as_mypy_writes_it(
    checker: Checker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    file = str(tmp_path / "koans" / "x.py")
    (diagnostic,) = checker.check(Program('number: int = "7"\n', file)).of("number")

    assert str(diagnostic) == (
        "koans/x.py:1: error: Incompatible types in assignment (expression has type "
        '"str", variable has type "int")  [assignment]'
    )


def test_uses_are_judged_beneath_the_answer(checker: Checker) -> None:
    uses = {
        "right": "double(2)\nreveal_type(double(2))",
        "wrong": "number = double(2)\nnumber.upper()",
        "cast": "double(cast(int, ''))",
    }
    text = "from typing import cast\ndef double(n: int) -> int:\n    return 2 * n"
    checked = checker.check(Program(text, "x.py", uses))

    assert checked.of("double") == []
    assert checked.of_use("right") == []
    assert checked.revealed("right") == ["int"]
    assert [(one.line, one.code) for one in checked.of_use("wrong")] == [
        (2, "attr-defined")
    ]
    assert checked.revealed("wrong") == []
    assert [one.is_bypass for one in checked.of_use("cast")] == [True]


BYPASSES = {
    "a comment": "def f() -> int:\n    return ''  # type: ignore",
    "a comment with a code": "def f() -> int:\n    return ''  # type: ignore[x]",
    "a second comment": "def f() -> int:\n    return ''  # so  # type:ignore",
    "a setting": "def f() -> int:\n# mypy: ignore-errors\n    return ''",
    "cast": "from typing import cast\ndef f() -> int:\n    return cast(int, '')",
    "cast, renamed": (
        "from typing import cast as c\ndef f() -> int:\n    return c(int, '')"
    ),
    "cast of a module": (
        "import typing as t\ndef f() -> int:\n    return t.cast(int, '')"
    ),
    "cast outside": (
        "from typing import cast\nx = cast(int, '')\ndef f() -> int:\n    return x"
    ),
    "no_type_check": (
        "from typing import no_type_check\n@no_type_check\ndef f():\n    return ''"
    ),
    "TYPE_CHECKING": (
        "from typing import TYPE_CHECKING\ndef f() -> int:\n"
        "    if TYPE_CHECKING:\n        return 1\n    return ''"
    ),
    "another definition": (
        "import typing\ndef f() -> int:\n    return 1\n"
        "if not typing.TYPE_CHECKING:\n    def f():\n        return ''"
    ),
    "MYPY": "MYPY = False\ndef f() -> int:\n    return 1 if MYPY else ''",
    "a platform": (
        "import sys\ndef f() -> int:\n"
        "    if sys.platform == 'tty':\n        return ''\n    return 1"
    ),
    "a version": (
        "import sys\ndef f() -> int:\n    return 1 if sys.version_info > (3,) else ''"
    ),
}


@pytest.mark.parametrize("text", BYPASSES.values(), ids=BYPASSES)
def test_a_way_around_is_seen(checker: Checker, text: str) -> None:
    diagnostics = checker.check(Program(text, "x.py")).of("f")

    assert diagnostics
    assert diagnostics[0].is_bypass


@pytest.mark.parametrize(
    "text",
    [
        "from typing import Any\ndef f() -> Any:\n    return ''",
        "from typing import Any as A\nB = A\ndef f() -> 'B':\n    return ''",
        "import json\ndef f() -> int:\n    return json.loads('')",
        "def f(x):\n    return x",
        "def f(x: list) -> int:\n    return 1",
    ],
    ids=["Any", "an alias of it", "implicit Any", "no annotations", "no argument"],
)
def test_any_is_seen_by_mypy(checker: Checker, text: str) -> None:
    (diagnostic, *_) = checker.check(Program(text, "x.py")).of("f")

    assert diagnostic.code


@pytest.mark.parametrize(
    "text",
    [
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import json\n"
        "def f() -> 'json.JSONDecoder | None':\n    return None",
        "from sqlalchemy import cast\ndef f() -> str:\n    return cast.__name__",
        "def f() -> str:\n    return '# type: ignore'",
        "def f() -> int:\n    '''\n# mypy: ignore-errors\n    '''\n    return 1",
    ],
    ids=["imports for mypy", "another cast", "a text", "a docstring"],
)
def test_what_only_looks_like_a_way_around_is_let_in(
    checker: Checker, text: str
) -> None:
    assert checker.check(Program(text, "x.py")).of("f") == []


@pytest.mark.parametrize(
    "text",
    [
        "# mypy: ignore-errors\nx: int = ''  # type: ignore",
        "'''\n# mypy: disable-error-code=assignment\n'''\nx: int = ''",
        "# mypy: disallow-any-explicit=false\nfrom typing import Any\nx: Any = ''",
    ],
)
def test_no_comment_changes_what_mypy_says(checker: Checker, text: str) -> None:
    errors = checker.check(Program(text, "x.py")).errors

    assert [one.line for one in errors] == [len(text.split("\n"))]


def test_no_configuration_but_the_labs_has_a_say(
    checker: Checker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mypy.ini").write_text("[mypy]\nignore_errors = true\n")
    (tmp_path / "pyproject.toml").write_text("[tool.mypy]\nignore_errors = true\n")
    text = "def f(x):\n    return x  # in a folder with settings"

    assert [one.code for one in checker.check(Program(text, "x.py")).of("f")] == [
        "no-untyped-def"
    ]


@pytest.mark.parametrize("text", ["@print\ndef f() -> None: ...", "-1", "", "\n\n#"])
def test_a_text_is_no_option(checker: Checker, text: str) -> None:
    assert checker.check(Program(text, "x.py")).errors == []


def test_a_text_that_is_no_python_is_against_every_definition(checker: Checker) -> None:
    program = Program(
        "def f() -> int:\n    return 1\n", "x.py", {"broken": "class = 3"}
    )

    assert [one.code for one in checker.check(program).of("f")] == ["syntax"]


@pytest.fixture
def folder(checker: Checker, pytestconfig: pytest.Config, tmp_path: Path) -> Path:
    """A folder where mypy has learned the libraries, and has not said anything."""
    checker.check(Program("", "empty.py"))
    copy = tmp_path / "mypy"
    shutil.copytree(pytestconfig.rootpath / ".sensei" / "mypy", copy)
    (copy / "said.json").unlink()
    return copy


def test_a_program_is_checked_once_for_all(folder: Path) -> None:
    program = Program("x: int = ''", "x.py")
    first, second = Checker(folder), Checker(folder)

    said = [one.check(program).errors for one in (first, first, second)]

    assert said[0] == said[1] == said[2] != []
    assert (first.runs, second.runs) == (1, 0)


def test_what_was_said_is_forgotten_at_last(folder: Path) -> None:
    checker = Checker(folder)
    checker._run = lambda *_: ""  # type: ignore[method-assign]
    for number in range(50):
        checker.check(Program(f"x = {number}", "x.py"))

    assert (folder / "said.json").stat().st_size < 50 * 70
    (folder / "said.json").write_text("[1, 2")
    assert checker.check(Program("x = 49", "x.py")).errors == []


def learned(folder: Path) -> set[tuple[str, float]]:
    """Return what mypy knows of each library, and since when."""
    known = set()
    for file in (folder / "learned").rglob("*.db"):
        with closing(sqlite3.connect(file)) as database:
            known |= set(database.execute("SELECT path, mtime FROM files2"))
    return {(path, when) for path, when in known if not path.startswith("@")}


def test_other_settings_cost_no_other_libraries(folder: Path) -> None:
    checker, program = Checker(folder), Program(SAMPLE, "x.py")
    # Another environment may have filled the cache: mypy notes the new paths once.
    checker.check(Program(SAMPLE, "first.py"))
    before = learned(folder)

    said = [len(checker.check(program, plugin).errors) for plugin in (STRICT, {}, None)]

    assert len(set(said)) == 3
    assert len(before) > 100
    assert learned(folder) == before


ASK = """
import sys
from pathlib import Path
from lab.typecheck import Checker, Program
checker = Checker(Path(sys.argv[1]))
checked = checker.check(Program("import pydantic\\nx: int = ''", "x.py"))
print(checker.runs, len(checked.errors))
"""


def test_processes_that_start_at_once_share_one_run(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ASK, str(tmp_path / "mypy")]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]

    answers = [process.communicate()[0].split() for process in started]

    assert sorted(answers) == [["0", "1"], ["0", "1"], ["1", "1"]]


def test_a_damaged_cache_is_made_anew(folder: Path) -> None:
    for file in (folder / "learned").rglob("*.db"):
        file.write_bytes(b"damaged" * 1000)

    checked = Checker(folder).check(Program("import pydantic\nx: int = ''", "x.py"))

    assert [one.code for one in checked.errors] == ["assignment"]


def test_mypy_that_does_not_work_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mypy.api.run", lambda options: ("", "mypy: broken", 2))
    monkeypatch.setattr(Cache, "clear", lambda self: None)

    with pytest.raises(CheckerError, match="mypy: broken"):
        Checker(folder).check(Program("x = 1", "x.py"))


def test_the_process_stays_as_it_was(folder: Path) -> None:
    before = (sys.getrecursionlimit(), gc.get_threshold(), list(sys.path))

    Checker(folder).check(Program("x = 1", "x.py"))

    assert (sys.getrecursionlimit(), gc.get_threshold(), list(sys.path)) == before


@pytest.mark.parametrize(
    ("written", "revealed"),
    [
        ("Decimal", "decimal.Decimal"),
        ("str | None", "str | None"),
        ("None | str", "str | None"),
        ("Optional[str]", "str | None"),
        ("typing.Union[str, int, None]", "int | str | None"),
        ("Dict[str, Any]", "builtins.dict[str, Any]"),
        (" list[Parcel] ", "list[x.Parcel]"),
    ],
)
def test_a_type_may_be_written_in_many_ways(written: str, revealed: str) -> None:
    assert same_type(written, revealed)


@pytest.mark.parametrize(
    "written", ["int", "dict[str, str]", "", "a b", "1 + 1", "f()"]
)
def test_another_type_is_another(written: str) -> None:
    assert not same_type(written, "dict[str, Any]")
