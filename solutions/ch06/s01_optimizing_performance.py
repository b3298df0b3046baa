"""6.1  Optimizing FastAPI performance.

Measure first, and change what takes the time. Waiting can overlap, results can be kept,
and slow code can be found with a profiler.
Notes: content/docs/fastapi/performance/optimizing-fastapi-performance.md
"""

import asyncio
import json
from collections.abc import Awaitable, Callable

import httpx
from fastapi import FastAPI
from pydantic import BaseModel
from redis.asyncio import Redis

from sensei import ___

SECTIONS = ("world", "sports", "science")


async def fetch_headline(section: str) -> str:
    """Return the first headline of a section from a news agency."""
    await asyncio.sleep(0.1)
    return f"news about {section}"


def count_words(text: str) -> int:
    """Return how many words a text has. This computes, and waits for nothing."""
    return len(text.split())


def front_pages_app() -> FastAPI:
    """Return the application that 6.1.1 asks about."""
    app = FastAPI()

    @app.get("/in-turn")
    async def in_turn() -> list[str]:
        return [await fetch_headline(section) for section in SECTIONS]

    @app.get("/together")
    async def together() -> list[str]:
        return await asyncio.gather(*(fetch_headline(one) for one in SECTIONS))

    @app.get("/task-by-task")
    async def task_by_task() -> list[str]:
        return [await asyncio.create_task(fetch_headline(one)) for one in SECTIONS]

    @app.get("/computes")
    async def computes() -> list[int]:
        return [count_words(f"news about {section}") for section in SECTIONS]

    return app


def most_at_once() -> dict[str, int]:
    """6.1.1  How can asynchronous operations improve FastAPI performance?

    A server runs `front_pages_app` above. Some clients send one request each, all at
    the same time. Predict how many calls of `fetch_headline` are running at the same
    time at most. For `/computes`, predict the same for `count_words`.

    - Write a number for each path and each number of clients.

    Given:
        A call is running until it has returned, also while it waits. All calls of
        `fetch_headline` wait for the same time.
    """
    # region answer
    # In words: Asynchronous code is faster where it waits: while one operation waits,
    # others can run in the same thread. Requests overlap as soon as the endpoint
    # awaits. The operations of one request overlap only if all are started before the
    # first is awaited, as `asyncio.gather` does. Computing does not overlap at all.
    return {
        "/in-turn, 1 client": 1,
        "/in-turn, 4 clients": 4,
        "/together, 1 client": 3,
        "/together, 4 clients": 12,
        "/task-by-task, 1 client": 1,
        "/computes, 4 clients": 1,
    }
    # stub: return {
    # stub:     "/in-turn, 1 client": ___,
    # stub:     "/in-turn, 4 clients": ___,
    # stub:     "/together, 1 client": ___,
    # stub:     "/together, 4 clients": ___,
    # stub:     "/task-by-task, 1 client": ___,
    # stub:     "/computes, 4 clients": ___,
    # stub: }
    # endregion


class FeedCache:
    """6.1.2  What caching strategies can be used to optimize FastAPI performance?

    `await load(user, section)` computes the news feed of a user for one section from
    the database, which is slow. Complete this cache in Redis. Every worker of the
    server has a `FeedCache` of its own, with the same Redis.

    - `get(user, section)` returns what `load` returned, and keeps it in Redis for 60
      seconds. During this time, no worker calls `load` for this pair again. This also
      holds for an empty list.
    - Each pair of a user and a section has its own feed in Redis.
    - After `forget(user, section)`, the next `get` calls `load` for this pair again.
      The other feeds stay in Redis.
    - If twenty `get` of one worker ask for the same feed at the same time, and it is
      not in Redis, `load` is called once.
    - If `load` raises an exception, `get` raises it, and the next `get` calls `load`
      again.

    Given:
        A user and a section are texts, and can contain any character.
        No `get` of a feed is running while `forget` of this feed is called.
    """

    def __init__(
        self, redis: Redis, load: Callable[[str, str], Awaitable[list[str]]]
    ) -> None:
        self.redis = redis
        self.load = load
        self.lock = asyncio.Lock()

    # region answer
    def key(self, user: str, section: str) -> str:
        """Return the key of a feed: JSON, so that no two pairs have the same."""
        return f"feed:{json.dumps([user, section])}"

    async def get(self, user: str, section: str) -> list[str]:
        """Return the feed from Redis, else from `load`."""
        # In words: Keep a result near to where it is used: in the process, in a store
        # that all workers share, or at the client with HTTP headers. The key holds
        # everything that the result depends on, such as the user. An expiry time and
        # an explicit removal keep the result fresh enough. A lock lets only one caller
        # compute a missing result.
        key = self.key(user, section)
        async with self.lock:
            stored = await self.redis.get(key)
            if stored is None:
                stored = json.dumps(await self.load(user, section))
                await self.redis.set(key, stored, ex=60)
        feed: list[str] = json.loads(stored)
        return feed

    async def forget(self, user: str, section: str) -> None:
        """Remove the feed from Redis."""
        await self.redis.delete(self.key(user, section))

    # stub: async def get(self, user: str, section: str) -> list[str]:
    # stub:     """Return the feed from Redis, else from `load`."""
    # stub:     raise NotImplementedError
    # stub:
    # stub: async def forget(self, user: str, section: str) -> None:
    # stub:     """Remove the feed from Redis."""
    # stub:     raise NotImplementedError
    # endregion


class FrontPage(BaseModel):
    """The titles of each section, and the sections that could not be read."""

    titles: dict[str, list[str]]
    missing: list[str]


async def read_titles(agency: httpx.AsyncClient, section: str) -> list[str]:
    """Return the titles of a section from a news agency.

    Raises:
        httpx.HTTPError: the agency sends an error, or nothing.
    """
    response = await agency.get(f"/sections/{section}")
    response.raise_for_status()
    titles: list[str] = response.json()["titles"]
    return titles


async def read_front_page(agency: httpx.AsyncClient, sections: list[str]) -> FrontPage:
    """6.1.3  Provide examples of using `asyncio.gather` for concurrent operations.

    Read the titles of all sections with `read_titles`, at the same time.

    - All sections are requested before the first response arrives. Each section is
      requested once.
    - `titles` has the sections in the order of the list `sections`, whichever response
      arrives first.
    - If `read_titles` raises an `httpx.HTTPError` for some sections, these are listed
      in `missing`, in the same order. The other sections are in `titles`.
    - Any other exception is raised.

    Given:
        `sections` has no section twice. It can be empty.

    Example:
        await read_front_page(agency, ["world", "sports"])
        ->  FrontPage(titles={"world": ["Rain in Rome"]}, missing=["sports"])
    """
    # region answer
    results = await asyncio.gather(
        *(read_titles(agency, section) for section in sections), return_exceptions=True
    )
    page = FrontPage(titles={}, missing=[])
    for section, result in zip(sections, results, strict=True):
        if isinstance(result, httpx.HTTPError):
            page.missing.append(section)
        elif isinstance(result, BaseException):
            raise result
        else:
            page.titles[section] = result
    return page
    # stub: raise NotImplementedError
    # endregion


def slowest_function(work: Callable[[], object]) -> str:
    """6.1.4  How does profiling help identify performance bottlenecks?

    A page of the news site is slow. `work` builds the page, and calls many functions.
    Run `work()` once with the profiler `cProfile`, and find the function that has to
    become faster.

    - Return the name of the function with the largest own time. The own time of a
      function is the time that runs in its own code, in all its calls together. It
      does not contain the time in functions that it calls.
    - If `work()` raises an exception, also a `KeyboardInterrupt`, stop the profiler
      and raise the exception.

    Given:
        All functions have different names. The slowest is a Python function, not a
        built-in one.

    Example:
        `work` calls `read_articles` once and `compare_titles` a thousand times. The
        own time of `compare_titles` is 0.8 seconds, of `read_articles` 0.1 seconds.
        slowest_function(work)  ->  "compare_titles"
    """
    # region answer
    # In words: A profile tells where the time really goes, so that you do not have to
    # guess. The cumulative time shows through which calls it goes, and the own time in
    # which code. A function can be slow because of one long call, or because it is
    # called too often: the number of calls tells which.
    import cProfile
    import pstats

    profiler = cProfile.Profile()
    profiler.runcall(work)
    functions = pstats.Stats(profiler).get_stats_profile().func_profiles
    return max(functions, key=lambda name: functions[name].tottime)
    # stub: raise NotImplementedError
    # endregion
