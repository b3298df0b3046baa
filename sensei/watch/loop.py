"""The loop of `sensei watch`: takes one event after the other until the user quits."""

import queue
import signal
from pathlib import Path

from sensei.content.repository import Repository
from sensei.content.target import Target
from sensei.runner.client import RunnerClient
from sensei.watch.actions import Actions
from sensei.watch.controller import (
    Controller,
    Events,
    FilesSaved,
    Interrupted,
    KeyPressed,
    RunnerEnded,
    RunnerSent,
    WindowResized,
)
from sensei.watch.files import watch_files
from sensei.watch.keyboard import read_keys
from sensei.watch.session import Session
from sensei.watch.view import View

# Seconds of a run after which the screen says that it is running.
_NOTICEABLE = 0.3


def watch(repository: Repository, target: Target) -> None:
    """Watch `target` until the user quits.

    Raises:
        KeyboardInterrupt: the user pressed Ctrl-C.
    """
    events: Events = queue.SimpleQueue()

    def on_key(key: str) -> None:
        events.put(KeyPressed(key))

    def on_save(paths: set[Path]) -> None:
        events.put(FilesSaved(paths))

    with (
        read_keys(on_key) as is_interactive,
        watch_files(repository.root, on_save),
        RunnerClient(repository.root) as client,
    ):
        resized = getattr(signal, "SIGWINCH", None)
        if resized is not None and is_interactive:
            signal.signal(resized, lambda *_: events.put(WindowResized()))
        controller = Controller(repository, target, client, events)
        session = Session(controller, View(is_interactive=is_interactive))
        actions = Actions(session)
        session.run([session.section])
        # As an event, because an exception at any place might be ignored there.
        signal.signal(signal.SIGINT, lambda *_: events.put(Interrupted()))
        try:
            while not actions.has_quit:
                _take(events, session, actions)
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _take(events: Events, session: Session, actions: Actions) -> None:
    """Take the next event; show that a koan is running if that takes long."""
    try:
        event = events.get(timeout=_NOTICEABLE if session.is_waiting else None)
    except queue.Empty:
        session.show_running()
        return
    if isinstance(event, KeyPressed):
        actions.press(event.key)
    elif isinstance(event, FilesSaved):
        session.on_save(event.paths)
    elif isinstance(event, RunnerSent):
        session.on_runner_event(event)
    elif isinstance(event, RunnerEnded):
        session.on_runner_end(event)
    elif isinstance(event, Interrupted):
        raise KeyboardInterrupt
    else:
        session.draw()
