"""The loop of `sensei watch`: takes one event after the other until the user quits."""

import queue
import signal
from collections.abc import Callable
from pathlib import Path

from sensei.content.repository import Repository
from sensei.content.target import Target, TargetError
from sensei.runner.client import RunnerClient
from sensei.watch.actions import Actions
from sensei.watch.controller import Controller
from sensei.watch.events import (
    Continued,
    Events,
    FilesSaved,
    Interrupted,
    KeyPressed,
    RunnerEnded,
    RunnerSent,
    WatchEvent,
    WatchFailed,
    WindowResized,
)
from sensei.watch.files import watch_files
from sensei.watch.keyboard import Keyboard, read_keys
from sensei.watch.session import Session
from sensei.watch.view import View

# Seconds of a run after which the screen says that it is running.
_NOTICEABLE = 0.3


def watch(repository: Repository, target: Target) -> None:
    """Watch `target` until the user quits.

    Raises:
        TargetError: there is no koan in it.
        KeyboardInterrupt: the user pressed Ctrl-C.
    """
    if not target.koans:
        raise TargetError("There is no koan to watch.")
    events: Events = queue.SimpleQueue()

    def on_key(key: str) -> None:
        events.put(KeyPressed(key))

    def on_save(paths: set[Path]) -> None:
        events.put(FilesSaved(paths))

    def on_error(message: str) -> None:
        events.put(WatchFailed(message))

    with (
        read_keys(on_key) as keyboard,
        watch_files(repository.root, on_save, on_error),
        RunnerClient(repository.root) as client,
    ):
        if keyboard is not None:
            _on_signal("SIGWINCH", lambda: events.put(WindowResized()))
            _on_signal("SIGCONT", lambda: events.put(Continued()))
        controller = Controller(repository, target, client, events)
        session = Session(controller, View(is_interactive=keyboard is not None))
        actions = Actions(session)
        session.run([session.section])
        # As an event, because an exception at any place might be ignored there.
        _on_signal("SIGINT", lambda: events.put(Interrupted()))
        try:
            while not actions.has_quit:
                _take(events, session, actions, keyboard)
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _on_signal(name: str, act: Callable[[], None]) -> None:
    """Call `act` on the signal `name`, if this system has it."""
    number = getattr(signal, name, None)
    if number is not None:
        signal.signal(number, lambda *_: act())


def _take(
    events: Events, session: Session, actions: Actions, keyboard: Keyboard | None
) -> None:
    """Take the next event; show that a koan is running if that takes long."""
    try:
        event = events.get(timeout=_NOTICEABLE if session.is_waiting else None)
    except queue.Empty:
        session.show_running()
        return
    if isinstance(event, Interrupted):
        raise KeyboardInterrupt
    if isinstance(event, Continued) and keyboard is not None:
        keyboard.listen()
    if isinstance(event, KeyPressed):
        actions.press(event.key)
    else:
        _pass_on(event, session)


def _pass_on(event: WatchEvent, session: Session) -> None:
    """Let the session know of an event that is no key."""
    if isinstance(event, FilesSaved):
        session.on_save(event.paths)
    elif isinstance(event, WatchFailed):
        session.tell(event.message)
    elif isinstance(event, RunnerSent):
        session.on_runner_event(event)
    elif isinstance(event, RunnerEnded):
        session.on_runner_end(event)
    else:
        session.redraw()
