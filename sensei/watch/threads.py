"""Threads of a watch, which leave the signals to the main thread."""

import signal
import threading
from collections.abc import Callable


def start_thread(target: Callable[[], object]) -> threading.Thread:
    """Start a daemon thread that runs `target` and gets no signals; return it.

    Python handles signals in the main thread. The system may give one to any thread
    that accepts it, and then a main thread that waits for an event does not notice.
    """
    thread = threading.Thread(target=target, daemon=True)
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        thread.start()
        return thread
    # A new thread begins with the mask of the one that starts it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return thread
