"""Source files: what editors do to a file does not change what it says."""

import ast
import codecs
import gc

import pytest

from sensei.commands.compare import compare
from sensei.commands.reset import ResetError, check_stubs, reset
from sensei.content.koan import Koan
from sensei.content.source import holds_text, parse_source, read_source, write_source
from sensei.content.target import find_target
from tests.miniature import STUB
from tests.sensei.test_plugin import read

TEXT = "# ä\nx = 1\n"
FORMS = {
    "plain": TEXT.encode(),
    "a byte order mark": codecs.BOM_UTF8 + TEXT.encode(),
    "CRLF": TEXT.replace("\n", "\r\n").encode(),
    "both": codecs.BOM_UTF8 + TEXT.replace("\n", "\r\n").encode(),
}
BY_EDITORS = {
    "a byte order mark": lambda content: codecs.BOM_UTF8 + content,
    "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_text_and_is_kept(tmp_path, form):
    path = tmp_path / "answers.py"
    path.write_bytes(FORMS[form])

    assert read_source(path).text == TEXT
    assert holds_text(path, TEXT)
    write_source(path, TEXT)
    assert path.read_bytes() == FORMS[form]


def test_a_coding_cookie_is_followed(tmp_path):
    path = tmp_path / "answers.py"
    text = "# -*- coding: latin-1 -*-\nname = 'Käthe'\n"
    path.write_bytes(text.encode("latin-1"))

    assert read_source(path).text == text
    write_source(path, text.replace("Käthe", "Jörg"))
    assert "Jörg".encode("latin-1") in path.read_bytes()


def test_only_python_has_cookies(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text("# coding: klingon\n", encoding="utf-8")

    assert read_source(path).text == "# coding: klingon\n"


@pytest.mark.parametrize("form", BY_EDITORS)
def test_a_stub_stays_as_shipped(miniature, form):
    path = miniature.root / STUB
    path.write_bytes(BY_EDITORS[form](path.read_bytes()))
    target = find_target(miniature.repository, None)

    assert target.sections[0].is_as_shipped(Koan(1, 1, 1))
    assert check_stubs(target, None)
    assert compare(target.sections[0], Koan(1, 1, 1)).parts[0].mine is not None
    # Not open by a blank or a `raise`, but by being untouched.
    miniature.replace("koans/ch01/test_s01_adding.py", "answers.add(1, 2)", "4")
    assert "2 open" in read(miniature, "koans")


@pytest.mark.parametrize("form", BY_EDITORS)
def test_a_reset_keeps_the_form(miniature, form):
    path = miniature.root / STUB
    shipped = BY_EDITORS[form](path.read_bytes())
    for typed in ("1.1.1", "1.1"):
        path.write_bytes(shipped.replace(b"raise NotImplementedError", b"return 7"))

        reset(miniature.root, find_target(miniature.repository, typed))

        assert path.read_bytes() == shipped


def test_a_stub_that_an_encoding_lacks_is_not_written(miniature):
    miniature.replace("solutions/ch01/s01_adding.py", "Return a sum", "Return ∑")
    path = miniature.root / STUB
    mine = "# coding: latin-1\n" + path.read_text().replace("raise N", "return 7  # N")
    path.write_bytes(mine.encode("latin-1"))

    with pytest.raises(ResetError, match="Save it as UTF-8"):
        reset(miniature.root, find_target(miniature.repository, "1.1.1"))

    assert path.read_bytes() == mine.encode("latin-1")


def test_code_is_parsed_while_garbage_is_collected_that_parses() -> None:
    """A task that is lost parses code when its warning is shown."""

    class Lost:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            ast.parse("lost")

    threshold = gc.get_threshold()
    gc.set_threshold(50)
    try:
        for _ in range(50):
            Lost()
            assert parse_source("def found():\n    return [1, (2, 3)]\n" * 50).body
    finally:
        gc.set_threshold(*threshold)
