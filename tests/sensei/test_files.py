"""The files of a watch: each save is told, and once."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from watchfiles import Change

from sensei.watch import files
from sensei.watch.files import watch_files
from tests.miniature import STUB, Miniature

# Until what has to come comes; nobody waits for it otherwise.
PATIENCE = 60
# For what must not come: some looks at the files.
MEANWHILE = 1.0


class System:
    """Stands for the system: tells of the `saved` files, while `is_on` is set.

    Of a file that is not put there it does not tell, as on some mounted disks.
    """

    def __init__(self) -> None:
        self.saved: queue.SimpleQueue[Path] = queue.SimpleQueue()
        self.is_on = threading.Event()
        self.is_on.set()

    def watch(self, *_: object, **options: Any) -> Iterator[set[tuple[Change, str]]]:
        """Do what `watchfiles.watch` does."""
        while not options["stop_event"].is_set():
            time.sleep(0.02)
            self.is_on.wait()
            if options["recursive"] and not self.saved.empty():
                yield {(Change.modified, str(self.saved.get()))}
            else:
                yield set()


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    one = System()
    monkeypatch.setattr(files, "watch", one.watch)
    return one


@contextmanager
def watched(miniature: Miniature) -> "Iterator[queue.SimpleQueue[set[Path]]]":
    """Watch a repository; what is told is in the queue."""
    told: queue.SimpleQueue[set[Path]] = queue.SimpleQueue()
    with watch_files(miniature.root, told.put, pytest.fail):
        time.sleep(MEANWHILE)  # nothing tells that it looks already
        yield told


@pytest.mark.usefixtures("system")
def test_a_save_that_the_system_does_not_tell_of_is_noticed(miniature: Miniature):
    stub = miniature.root / STUB
    with watched(miniature) as told:
        miniature.answer("raise NotImplementedError", "return 4")
        assert told.get(timeout=PATIENCE) == {stub}

        stub.unlink()
        assert told.get(timeout=PATIENCE) == {stub}

        miniature.write(STUB, "")
        assert told.get(timeout=PATIENCE) == {stub}

        new = miniature.root / "koans" / "ch01" / "s01_adding" / "q1" / "Dockerfile"
        miniature.write(str(new.relative_to(miniature.root)), "FROM python")
        assert told.get(timeout=PATIENCE) == {new}

        (new.parent / ".Dockerfile.swp").write_text("what an editor keeps")
        (miniature.root / "koans" / "ch01" / "__pycache__").mkdir()
        (miniature.root / "koans" / "ch01" / "__pycache__" / "a.py").write_text("")
        time.sleep(MEANWHILE)
        assert told.empty()


def test_a_save_that_the_system_tells_of_is_told_once(miniature: Miniature, system):
    stub = miniature.root / STUB
    with watched(miniature) as told:
        system.is_on.clear()
        miniature.answer("raise NotImplementedError", "return 4")
        system.saved.put(stub)
        system.is_on.set()

        assert told.get(timeout=PATIENCE) == {stub}
        time.sleep(MEANWHILE)
        assert told.empty()


@pytest.mark.usefixtures("system")
def test_a_save_at_the_very_start_is_noticed(miniature: Miniature):
    told: queue.SimpleQueue[set[Path]] = queue.SimpleQueue()
    with watch_files(miniature.root, told.put, pytest.fail):
        miniature.answer("raise NotImplementedError", "return 4")

        assert told.get(timeout=PATIENCE) == {miniature.root / STUB}
