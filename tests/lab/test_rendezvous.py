"""A rendezvous holds its callers until it opens."""

import asyncio
from threading import Thread

from lab import Rendezvous


def test_threads_are_held_until_the_last_is_there() -> None:
    room = Rendezvous(3)
    threads = [Thread(target=room.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (room.most, room.inside) == (3, 0)


async def test_tasks_are_held_until_it_is_told_to_open() -> None:
    room = Rendezvous()
    tasks = [asyncio.ensure_future(room.wait_async()) for _ in range(5)]
    while room.inside < 5:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)

    room.open()
    await asyncio.gather(*tasks)

    assert (room.most, room.inside) == (5, 0)


async def test_threads_and_tasks_meet() -> None:
    room = Rendezvous(2)

    await asyncio.gather(room.wait_async(), asyncio.to_thread(room.wait))

    assert room.most == 2


async def test_who_blocks_the_loop_is_let_go_and_was_alone() -> None:
    room = Rendezvous(2)

    room.wait()
    room.wait()

    assert room.most == 1


async def test_a_visitor_is_counted_and_held_by_nobody() -> None:
    room = Rendezvous(2)

    with room.visit():
        assert room.inside == 1

    assert (room.most, room.inside) == (1, 0)
