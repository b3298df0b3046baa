"""Of `forked`: a call in a process of its own."""

import gc
import os
import time
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from lab import Ended, Listening, forked, free_port


def test_a_server_says_where_it_listens_and_ctrl_c_ends_it() -> None:
    port = free_port()

    with forked(lambda: uvicorn.run(FastAPI(), port=port, log_config=None)) as child:
        assert child.report() == Listening([("127.0.0.1", port)])
        child.interrupt()
        assert child.report() == Ended()


def test_a_keyboard_interrupt_is_an_exception_like_others() -> None:
    with forked(lambda: os.kill(os.getpid(), 2) or time.sleep(5)) as child:
        assert child.report() == Ended("KeyboardInterrupt()", is_success=False)


def test_an_exception_is_told_in_words() -> None:
    with forked(lambda: int("x")) as child:
        ended = child.report()

    assert isinstance(ended, Ended)
    assert ended.raised.startswith("ValueError: invalid literal")


@pytest.mark.parametrize(("status", "is_success"), [(0, True), (3, False)])
def test_an_exit_status_decides_on_success(status: int, is_success: bool) -> None:
    def leave() -> None:
        raise SystemExit(status)

    with forked(leave) as child:
        ended = child.report()

    assert isinstance(ended, Ended)
    assert ended.is_success is is_success


def test_a_process_that_ends_by_itself_is_noticed() -> None:
    with forked(lambda: os._exit(4)) as child:
        assert child.report() == Ended(
            "an end of the process with exit status 4", is_success=False
        )


def test_garbage_of_this_process_is_not_collected_in_the_other() -> None:
    class Client:
        """Has threads that the other process lacks: it must not be closed there."""

        def __init__(self) -> None:
            self.home, self.itself = os.getpid(), self

        def __del__(self) -> None:
            if os.getpid() != self.home:
                os._exit(5)

    Client()
    with forked(gc.collect) as child:
        assert child.report() == Ended()


def test_an_open_answer_stays_open() -> None:
    def answer() -> None:
        raise NotImplementedError

    with forked(answer) as child, pytest.raises(NotImplementedError) as raised:
        child.report()
    *_, innermost = raised.traceback
    assert innermost.path == Path(__file__)
    assert innermost.lineno + 1 == answer.__code__.co_firstlineno + 1
