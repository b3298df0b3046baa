"""`sensei watch`: what is saved is run at once, one koan is shown at a time."""

import queue
import signal
from pathlib import Path

from sensei.keys import keys
from sensei.lesson import Lesson
from sensei.place import Place
from sensei.repository import Repository
from sensei.runner import Runner
from sensei.saves import saves
from sensei.screen import Screen
from sensei.wishes import Wishes
from sensei.workshop import Events, Workshop

# Seconds after which the screen says that it is waiting.
_NOTICEABLE = 0.3


def watch(repository: Repository, place: Place) -> None:
    """Watch `place` until the learner quits."""
    events: Events = queue.Queue()

    def press(key: str) -> None:
        events.put(("key", key))

    def save(paths: set[Path]) -> None:
        events.put(("saved", paths))

    with (
        keys(press) as interactive,
        saves(repository.root, save),
        Runner(repository.root) as runner,
    ):
        resized = getattr(signal, "SIGWINCH", None)
        if resized is not None and interactive:
            signal.signal(resized, lambda *_: events.put(("resized", None)))
        screen = Screen(repository.root, interactive=interactive)
        lesson = Lesson(Workshop(repository, place, runner, events), screen)
        wishes = Wishes(lesson)
        lesson.run([lesson.section])
        while wishes.goes_on:
            _take(events, lesson, wishes)


def _take(events: Events, lesson: Lesson, wishes: Wishes) -> None:
    """Take the next event; say that one is waited for where it takes long."""
    try:
        kind, what = events.get(timeout=_NOTICEABLE if lesson.is_waiting else None)
    except queue.Empty:
        lesson.wait()
        return
    if kind == "key":
        wishes.press(what)
    elif kind == "saved":
        lesson.saved(what)
    elif kind == "message":
        lesson.heard(*what)
    elif kind == "gone":
        lesson.gone(what)
    else:
        lesson.draw()
