"""Files in `.sensei/`: whole after any kill, kept when damaged."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from sensei.content.koan import Koan
from sensei.grading.verdict import State, Verdict
from sensei.state.json_store import JsonStore, StoreError
from sensei.state.progress import VERSION, Progress


def check(content):
    if not all(isinstance(value, int) for value in content.values()):
        raise TypeError


def test_what_is_written_is_read(tmp_path):
    store = JsonStore(tmp_path, "counts.json")
    store.update(check, lambda content: content | {"one": 1})
    store.update(check, lambda content: content | {"two": 2})

    assert store.read(check) == {"one": 1, "two": 2}


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"one": "1"}', "\0", "[" * 99999])
def test_a_damaged_file_is_renamed_and_begun_anew(tmp_path, damage):
    store = JsonStore(tmp_path, "counts.json")
    store.path.parent.mkdir()
    store.path.write_text(damage)

    with pytest.raises(StoreError, match=r"damaged\. It was renamed to counts"):
        store.read(check)

    (renamed,) = store.path.parent.glob("counts.json.damaged-*")
    assert renamed.read_text() == damage
    assert store.read(check) == {}


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / ".sensei").write_text("a file where the folder belongs")

    with pytest.raises(StoreError, match=r"\.sensei/counts\.json cannot be written"):
        JsonStore(tmp_path, "counts.json").update(check, lambda content: content)


def test_a_full_disk_is_told_and_harms_nothing(tmp_path, monkeypatch):
    store = JsonStore(tmp_path, "counts.json")
    store.update(check, lambda content: content | {"one": 1})

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("sensei.state.json_store.os.fdopen", full)
    with pytest.raises(StoreError, match="No space left on device"):
        store.update(check, lambda content: content | {"two": 2})

    assert store.read(check) == {"one": 1}
    assert not list(store.path.parent.glob("counts.json-*"))


WRITER = """
import sys
from pathlib import Path
from sensei.state.json_store import JsonStore
store = JsonStore(Path(sys.argv[1]), "counts.json")
for number in range(int(sys.argv[2])):
    name = f"{sys.argv[3]}{number}"
    store.update(lambda _: None, lambda content: content | {name: 1})
    print(number, flush=True)
"""


def writer(root, count, name):
    command = [sys.executable, "-c", WRITER, str(root), str(count), name]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def test_two_at_once_lose_nothing(tmp_path):
    for process in [writer(tmp_path, 40, "a"), writer(tmp_path, 40, "b")]:
        process.communicate()

    assert len(JsonStore(tmp_path, "counts.json").read(check)) == 80


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")
def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path):
    store = JsonStore(tmp_path, "counts.json")
    for moment in range(8):
        process = writer(tmp_path, 100_000, f"{moment}-")
        process.stdout.readline()
        time.sleep(moment / 1000)  # not to wait for anything: to vary the moment
        process.send_signal(signal.SIGKILL)
        process.communicate()

        assert store.read(check)


def test_what_cannot_be_opened_is_not_replaced(tmp_path):
    store = JsonStore(tmp_path, "counts.json")
    store.path.mkdir(parents=True)

    with pytest.raises(StoreError, match="cannot be opened: Is a directory"):
        store.update(check, lambda content: content | {"one": 1})

    assert store.path.is_dir()


SOLVED = Verdict(Koan(1, 1, 1), State.SOLVED)


@pytest.fixture
def recorded(miniature):
    """A progress file whose version a test may change, and its path."""
    progress = Progress(miniature.root)
    progress.record(miniature.repository, [SOLVED])
    return progress, miniature.root / ".sensei" / "progress.json"


def test_progress_of_a_newer_version_is_left_alone(miniature, recorded):
    progress, path = recorded
    newer = path.read_text().replace(f'"version": {VERSION}', '"version": 99')
    path.write_text(newer.replace('"koan"', '"number"'))
    kept = path.read_text()

    with pytest.raises(StoreError, match=r"newer version of sensei \(99\)"):
        progress.read()
    with pytest.raises(StoreError, match="It is left as it is"):
        progress.record(miniature.repository, [SOLVED])

    assert path.read_text() == kept
    assert not list(path.parent.glob("*damaged*"))


def test_progress_of_an_earlier_version_is_written_again(miniature, recorded):
    progress, path = recorded
    path.write_text('{"version": 1, "koans": {"1.1.2": {"test": "q2", "place": ""}}}')

    with pytest.raises(StoreError, match="To write it again: sensei run"):
        progress.read()
    progress.record(miniature.repository, [SOLVED])

    assert list(progress.read()) == [SOLVED.koan]
    assert not list(path.parent.glob("*damaged*"))


def test_progress_is_read_as_it_was_recorded(miniature):
    section = miniature.repository.sections[0]
    verdict = Verdict(Koan(1, 1, 1), State.FAILING, "Not so.", "a.py:1", 0.5, test="t")
    progress = Progress(miniature.root)

    progress.record(miniature.repository, [verdict])
    recorded = progress.read()

    assert recorded[Koan(1, 1, 1)].verdict == verdict
    assert recorded[Koan(1, 1, 1)].fingerprint == section.fingerprint
    miniature.answer("return ___", "return 0")
    assert recorded[Koan(1, 1, 1)].fingerprint != section.fingerprint
