"""Leaving nothing of Celery in the process: it keeps apps, tasks and connections."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from celery import _state
from celery.backends.redis import ResultConsumer
from redis import ConnectionPool


@contextmanager
def celery_isolated() -> Iterator[None]:
    """Run the block as if nobody had used Celery in this process, before and after.

    It begins without a current app, and shares no task with the apps that there are.
    Afterwards its own apps and its shared tasks are forgotten, and the connections to
    Redis are closed, whoever opened them.
    """
    shared, apps = set(_state._on_app_finalizers), set(_state._apps)
    default, current = _state.default_app, _state._tls.current_app
    _state._apps.clear()
    _state.default_app = _state._tls.current_app = None
    try:
        yield
    finally:
        for kept, before in ((_state._on_app_finalizers, shared), (_state._apps, apps)):
            kept.clear()
            kept.update(before)
        _state.default_app, _state._tls.current_app = default, current
        _disconnect()


@contextmanager
def celery_disconnected() -> Iterator[None]:
    """Close the connections of Celery after the block, whoever opened them."""
    default = _state.default_app
    try:
        yield
    finally:
        _state.default_app = default
        _disconnect()


def _disconnect() -> None:
    """Close the connections of Celery; each thread has its own to the backend."""
    consumers, pools = _kinds(ResultConsumer), _kinds(ConnectionPool)
    wanted = consumers | pools
    # `isinstance` would ask the proxy of a shared task for its task, and take longer.
    for one in [one for one in gc.get_objects() if type(one) in wanted]:
        if type(one) in consumers:
            # So that a result that is forgotten later opens no connection again.
            one.subscribed_to.clear()
        else:
            one.disconnect()


def _kinds(of: type) -> set[type]:
    """Return this class and those below it."""
    return {of}.union(*map(_kinds, of.__subclasses__()))
