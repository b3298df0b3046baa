"""The tests of section 6.1."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Response
from redis.asyncio import Redis

from lab import (
    Rendezvous,
    async_client,
    in_words,
    outcome,
    returned_or_raised,
    serve,
    stand_in,
)

# Times that the event loop is given a turn, so that whoever can start has started.
TURNS = 300


async def count_at_once(answers: Any, path: str, clients: int) -> int:
    """Return how many calls were running at the same time at most."""
    running = most = 0

    def begin() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)

    async def fetch_headline(section: str) -> str:
        nonlocal running
        begin()
        for _ in range(TURNS):
            await asyncio.sleep(0)
        running -= 1
        return f"news about {section}"

    def count_words(text: str) -> int:
        nonlocal running
        begin()
        running -= 1
        return len(text.split())

    stand_in(answers.fetch_headline, fetch_headline)
    stand_in(answers.count_words, count_words)
    async with async_client(answers.front_pages_app()) as client:
        await asyncio.gather(*(client.get(path) for _ in range(clients)))
    return most


@pytest.mark.parametrize(
    ("path", "clients"),
    [
        ("/in-turn", 1),
        ("/in-turn", 4),
        ("/together", 1),
        ("/together", 4),
        ("/task-by-task", 1),
        ("/computes", 4),
    ],
    ids=lambda value: str(value).removeprefix("/"),
)
async def test_q1_the_number_of_running_calls_is_predicted(answers, path, clients):
    case = f"{path}, {clients} client{'s' if clients > 1 else ''}"
    predicted = answers.most_at_once()[case]
    seen = await count_at_once(answers, path, clients)
    assert predicted == seen, (
        f"`{case}`: you predicted {in_words(predicted)}. The number of calls that were "
        f"running at the same time was {seen} at most. Look at where `{path}` waits, "
        "and at what it has started by then."
    )


class Feeds:
    """Computes feeds, each time others; `calls` are the pairs that it was asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.feed: Callable[[str, str], Any] = lambda user, section: [
            f"{section} for {user}",
            f"version {len(self.calls)}",
        ]

    async def load(self, user: str, section: str) -> list[str]:
        """Return a feed, after other callers had their turns."""
        self.calls.append((user, section))
        for _ in range(TURNS):
            await asyncio.sleep(0)
        feed = self.feed(user, section)
        if isinstance(feed, Exception):
            raise feed
        return list(feed)


@pytest.fixture
def feeds() -> Feeds:
    return Feeds()


@pytest.fixture(params=[False, True], ids=["bytes", "text"])
def as_text(request) -> bool:
    """Return whether the client of Redis decodes what it reads."""
    return bool(request.param)


@pytest.fixture
def workers(answers, redis, feeds):
    """Return a context manager that yields two caches with one Redis."""

    @asynccontextmanager
    async def workers(as_text: bool = False) -> AsyncIterator[list[Any]]:
        one = Redis.from_url(redis.url, decode_responses=as_text)
        other = Redis.from_url(redis.url, decode_responses=as_text)
        async with one, other:
            yield [answers.FeedCache(client, feeds.load) for client in (one, other)]

    return workers


async def get(cache: Any, user: str, section: str) -> Any:
    try:
        return await cache.get(user, section)
    except NotImplementedError:
        raise
    except Exception as error:
        return error


@pytest.mark.parametrize(
    "feed",
    [["Rain in Rome", "Snow"], [], [""], ["Rain\nin Rome, Łódź", '"']],
    ids=["two", "empty", "blank", "odd"],
)
async def test_q2_a_feed_is_loaded_once_for_all_workers(workers, feeds, as_text, feed):
    feeds.feed = lambda user, section: feed
    async with workers(as_text) as (one, other):
        seen = [
            await get(cache, "ana", "sports") for cache in (one, one, other, one, other)
        ]
    assert seen == [feed] * 5, (
        f"`load` returned {in_words(feed)}, and five `get` returned or raised "
        f"{in_words(seen)}. The docstring asks for what `load` returned. Look at what "
        "you store in Redis, and at how you read it."
    )
    assert len(feeds.calls) == 1, (
        f"Two workers called `get` five times for the feed {in_words(feed)}, and "
        f"`load` was called {len(feeds.calls)} times. The docstring asks for one call "
        "in 60 seconds. Look at when you store, and at the check for a missing key."
    )


async def test_q2_a_feed_is_in_redis_for_60_seconds(workers, redis):
    async with workers() as (cache, _):
        seen = await get(cache, "ana", "sports")
    left = [redis.client.ttl(key) for key in redis.client.scan_iter()]
    assert any(50 <= one <= 60 for one in left), (
        f"`get` {returned_or_raised(seen)}. Then the keys in Redis had "
        f"{in_words(left)} seconds left (-1: no end). The docstring asks for 60 "
        "seconds. Look at the expiry time."
    )
    assert all(0 <= one <= 60 for one in left), (
        f"After `get`, the keys in Redis had {in_words(left)} seconds left (-1: no "
        "end). The docstring asks for 60 seconds. Look at the expiry time of each key."
    )


async def test_q2_a_second_get_does_not_prolong_the_60_seconds(workers, redis):
    async with workers() as (cache, _):
        await get(cache, "ana", "sports")
        for key in redis.client.scan_iter():
            redis.client.expire(key, 30)
        await get(cache, "ana", "sports")
        await get(cache, "ana", "world")
    left = [redis.client.ttl(key) for key in redis.client.scan_iter()]
    assert any(0 < one <= 30 for one in left), (
        "A feed had 30 seconds left in Redis. After another `get` of it, and one of "
        f"another feed, the keys had {in_words(left)} seconds left. The docstring asks "
        "for 60 seconds in all, for each feed. Look at where you set the expiry time."
    )


async def test_q2_a_feed_that_has_expired_is_loaded_again(workers, feeds, redis):
    async with workers() as (one, other):
        first = await get(one, "ana", "sports")
        redis.client.flushdb()  # what expiry does
        seen = [await get(other, "ana", "sports"), await get(one, "ana", "sports")]
    new = ["sports for ana", "version 2"]
    assert seen == [new, new], (
        f"The first `get` returned {in_words(first)}. Redis had no feeds any more, and "
        f"`load` would return {in_words(new)}. Two `get` returned {in_words(seen)}. "
        "Feeds are kept in Redis alone. Look for another place that keeps them."
    )


PAIRS = [
    ("ana", "sports"),
    ("ben", "sports"),
    ("ana", "world"),
    ("ana:sports", "x"),
    ("ana", "sports:x"),
    ("a", "na sports"),
    ("ana sports", ""),
    ("*", "sports"),
    ("Ana", "sports"),
    ('ana", "sports', ""),
]


async def test_q2_each_pair_has_its_own_feed(workers, feeds):
    async with workers() as (cache, _):
        for user, section in PAIRS * 2:
            seen = await get(cache, user, section)
            first = seen[0] if isinstance(seen, list) and seen else seen
            assert first == f"{section} for {user}", (
                f"`get({user!r}, {section!r})` {returned_or_raised(seen)}. This is not "
                "what `load` returned for this pair. The docstring asks for a feed of "
                "its own for each pair. Look at the key."
            )
    assert len(feeds.calls) == len(PAIRS), (
        f"`get` was called twice for each of {len(PAIRS)} pairs, and `load` "
        f"{len(feeds.calls)} times. The docstring asks for one call for each pair. "
        "Look at the key, and at what else is removed when you store a feed."
    )


SEPARATORS = [*"|/-_.,;#@&=+~ %\\", "\0", "\n", "\t", "\x1f", "::", "||", "--", "__"]


async def test_q2_no_character_makes_two_pairs_alike(workers):
    async with workers() as (cache, _):
        for sign in SEPARATORS:
            for user, section in ((f"ana{sign}a", "b"), ("ana", f"a{sign}b")):
                seen = await get(cache, user, section)
                first = seen[0] if isinstance(seen, list) and seen else seen
                assert first == f"{section} for {user}", (
                    f"`get({user!r}, {section!r})` {returned_or_raised(seen)}. This is "
                    "not what `load` returned for this pair. A user and a section can "
                    "contain any character. Look at how you join them for the key."
                )


class Elsewhere(str):
    """A text with another `hash()`, as each process of a server has."""

    def __hash__(self) -> int:
        return ~super().__hash__()


async def test_q2_the_key_is_the_same_in_each_process(workers, feeds):
    async with workers() as (one, other):
        seen = [
            await get(one, "ana", "sports"),
            await get(other, Elsewhere("ana"), Elsewhere("sports")),
        ]
    assert (seen, len(feeds.calls)) == ([["sports for ana", "version 1"]] * 2, 1), (
        "In two workers, `hash()` of the same text differs, as in two processes. A "
        f"`get` of each for one pair returned or raised {in_words(seen)}, and `load` "
        f"was called {len(feeds.calls)} times. The docstring asks for one call. Look "
        "at the key."
    )


@pytest.mark.parametrize("pair", [("ana", "sports"), ("*", "sports")], ids=str)
async def test_q2_forget_removes_one_feed_for_all_workers(workers, feeds, pair):
    async with workers() as (one, other):
        for user, section in PAIRS:
            await get(one, user, section)
        feeds.calls.clear()
        try:
            await one.forget(*pair)
        except NotImplementedError:
            raise
        except Exception as error:
            raise AssertionError(
                f"`forget{pair}` raised {in_words(error)}. The docstring asks that the "
                "next `get` calls `load` again. Look at how you remove the key."
            ) from error
        for cache in (other, one):
            for user, section in PAIRS:
                await get(cache, user, section)
    assert feeds.calls == [pair], (
        f"All feeds were in Redis. After `forget{pair}`, `get` called `load` for "
        f"{in_words(feeds.calls)}. The docstring asks to load this feed again, once, "
        "and no other. Look at which keys you remove."
    )


async def test_q2_a_feed_that_is_not_there_can_be_forgotten(workers, feeds):
    async with workers() as (cache, _):
        seen = await attempt_async("`forget` of an unknown feed", cache.forget, "x", "")
        feed = await get(cache, "x", "")
    assert (seen, feed) == (None, [" for x", "version 1"]), (
        f"`forget` of a feed that was not in Redis returned {in_words(seen)}, and the "
        f"next `get` {returned_or_raised(feed)}. The docstring asks for what `load` "
        "returns. Look at `forget`."
    )


async def attempt_async(what: str, call: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return await call(*arguments)
    except NotImplementedError:
        raise
    except Exception as error:
        raise AssertionError(f"{what} raised {in_words(error)}.") from error


@pytest.mark.parametrize("feed", [["Rain"], []], ids=["one", "empty"])
async def test_q2_twenty_calls_at_the_same_time_load_once(workers, feeds, feed):
    feeds.feed = lambda user, section: feed
    async with workers() as (cache, _):
        for section in ("sports", "world"):
            feeds.calls.clear()
            seen = await asyncio.gather(
                *(get(cache, "ana", section) for _ in range(20))
            )
            assert seen == [feed] * 20, (
                f"Twenty `get` at the same time returned or raised {in_words(seen)}. "
                f"The docstring asks for what `load` returned: {in_words(feed)}."
            )
            assert len(feeds.calls) == 1, (
                "Twenty `get` of one worker asked for the same feed at the same time, "
                f"and `load` was called {len(feeds.calls)} times. The docstring asks "
                "for one call. Look at what the others do while the first one loads."
            )


HANGS = "nothing, it still waited after 6 seconds"


async def get_or_hang(cache: Any) -> Any:
    try:
        return await asyncio.wait_for(get(cache, "ana", "sports"), 6)
    except TimeoutError:
        return HANGS


@pytest.mark.parametrize(
    "error",
    [RuntimeError("the database is gone"), KeyError("ana"), ValueError("no section")],
    ids=lambda error: type(error).__name__,
)
async def test_q2_an_exception_is_raised_and_not_kept(workers, feeds, error):
    feeds.feed = lambda user, section: error
    async with workers() as (cache, _):
        seen = [await get_or_hang(cache) for _ in range(2)]
        feeds.feed = lambda user, section: ["Rain"]
        # One that hangs is enough: a test has 15 seconds.
        after = HANGS if HANGS in seen else await get_or_hang(cache)
    assert [repr(one) for one in seen] == [repr(error)] * 2, (
        f"`load` raised {in_words(error)}, and two `get` returned or raised "
        f"{in_words(seen)}. The docstring asks to raise the exception of `load`. Look "
        "at what `get` does after `load`."
    )
    assert after == ["Rain"], (
        f"`load` had raised {in_words(error)}, and worked again. The next `get` gave "
        f"{in_words(after)}. The docstring asks to call `load` again. Look at what is "
        "kept after an exception."
    )


class Agency:
    """A news agency: a server, which holds its responses back until `opens` opens.

    `requests` are the sections that it was asked for. `statuses` are those of sections
    whose response is no 200.
    """

    def __init__(self, parties: int) -> None:
        self.requests: list[str] = []
        self.statuses: dict[str, int] = {}
        self.opens = Rendezvous(parties)

    def app(self) -> FastAPI:
        """Return the application."""
        app = FastAPI()

        @app.get("/sections/{section}")
        async def read_section(section: str) -> Any:
            self.requests.append(section)
            await self.opens.wait_async()
            status = self.statuses.get(section, 200)
            if status != 200:
                return Response(status_code=status)
            return {"titles": [f"{section} 1", f"{section} 2"]}

        return app


async def read(answers: Any, agency: Agency, sections: list[str]) -> Any:
    """Return the front page as (titles, missing), or the exception."""
    # Certificates are not needed, and take long to load.
    with serve(agency.app()) as server:
        async with httpx.AsyncClient(
            base_url=server.url, trust_env=False, verify=False, timeout=60
        ) as client:
            try:
                page = await answers.read_front_page(client, sections)
            except NotImplementedError:
                raise
            except Exception as error:
                return error
    if not isinstance(page, answers.FrontPage):
        return page
    return list(page.titles.items()), page.missing


def titles(*sections: str) -> list[tuple[str, list[str]]]:
    return [(section, [f"{section} 1", f"{section} 2"]) for section in sections]


@pytest.mark.parametrize(
    "sections",
    [["world"], ["science", "arts", "world"], [f"local-{n}" for n in range(30)]],
    ids=len,
)
async def test_q3_all_sections_are_requested_before_a_response(answers, sections):
    agency = Agency(parties=len(sections))
    page = await read(answers, agency, list(sections))
    assert agency.opens.most == len(sections), (
        f"The agency sends no response before it has {len(sections)} requests. It had "
        f"at most {agency.opens.most} at the same time. The docstring asks to request "
        "all sections before the first response arrives. Look at where you wait."
    )
    assert sorted(agency.requests) == sorted(sections), (
        f"For the sections {in_words(sections)} the agency received the requests "
        f"{in_words(agency.requests)}. The docstring asks for one request for each."
    )
    assert page == (titles(*sections), []), (
        f"For the sections {in_words(sections)} `read_front_page` "
        f"{returned_or_raised(page)}. The docstring asks for the titles of all "
        "sections, and nothing missing. Look at how you put the results together."
    )


@pytest.mark.parametrize("last", ["world", "sports", "science"])
async def test_q3_sections_have_the_order_of_the_list(answers, last):
    async def read_titles(agency: Any, section: str) -> list[str]:
        for _ in range(TURNS if section == last else 1):
            await asyncio.sleep(0)
        return [f"{section} 1", f"{section} 2"]

    stand_in(answers.read_titles, read_titles)
    page = await read(answers, Agency(parties=1), ["world", "sports", "science"])
    assert page == (titles("world", "sports", "science"), []), (
        f"The response for {last!r} arrived last. `read_front_page` "
        f"{returned_or_raised(page)}. The docstring asks for the order of the list: "
        "world, sports, science. Look at which result belongs to which section."
    )


@pytest.mark.parametrize("last", ["world", "sports", "science"])
async def test_q3_missing_sections_have_the_order_of_the_list(answers, last):
    async def read_titles(agency: Any, section: str) -> list[str]:
        for _ in range(TURNS if section == last else 1):
            await asyncio.sleep(0)
        raise httpx.ConnectError("refused")

    stand_in(answers.read_titles, read_titles)
    page = await read(answers, Agency(parties=1), ["world", "sports", "science"])
    assert page == ([], ["world", "sports", "science"]), (
        f"All sections failed, {last!r} after the others. `read_front_page` "
        f"{returned_or_raised(page)}. The docstring asks for `missing` in the order of "
        "the list: world, sports, science. Look at when you add a section."
    )


async def test_q3_a_section_without_titles_is_not_missing(answers):
    async def read_titles(agency: Any, section: str) -> list[str]:
        return [] if section == "arts" else [f"{section} 1", f"{section} 2"]

    stand_in(answers.read_titles, read_titles)
    page = await read(answers, Agency(parties=1), ["arts", "world"])
    assert page == ([("arts", []), *titles("world")], []), (
        f"`read_titles` returned [] for 'arts'. `read_front_page` "
        f"{returned_or_raised(page)}. The docstring asks for its titles, an empty "
        "list: only an exception makes a section missing. Look at your condition."
    )


async def test_q3_no_sections_are_an_empty_page(answers):
    page = await read(answers, Agency(parties=1), [])
    assert page == ([], []), (
        f"For no sections, `read_front_page` {returned_or_raised(page)}. The docstring "
        "asks for a page without titles, and nothing missing. `sections` can be empty."
    )


@pytest.mark.parametrize(
    "statuses",
    [
        {"world": 503},
        {"sports": 404},
        {"science": 500, "world": 502},
        {"world": 500, "sports": 500, "science": 500},
    ],
    ids=lambda value: "-".join(value),
)
async def test_q3_sections_that_fail_are_missing(answers, statuses):
    sections = ["world", "sports", "science"]
    agency = Agency(parties=3)
    agency.statuses = statuses
    page = await read(answers, agency, sections)
    missing = [one for one in sections if one in statuses]
    rest = titles(*(one for one in sections if one not in statuses))
    assert sorted(agency.requests) == sorted(sections), (
        f"The agency sent the status codes {statuses}. It received the requests "
        f"{in_words(agency.requests)}. The docstring asks to request each section once."
    )
    assert page == (rest, missing), (
        f"The agency sent the status codes {statuses}. `read_front_page` "
        f"{returned_or_raised(page)}. The docstring asks for `missing` {missing}, and "
        "for the titles of the other sections. Look at how you treat an exception."
    )


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.HTTPError("odd")],
    ids=lambda error: type(error).__name__,
)
async def test_q3_a_section_without_a_response_is_missing(answers, error):
    async def read_titles(agency: Any, section: str) -> list[str]:
        if section == "world":
            raise error
        return [f"{section} 1", f"{section} 2"]

    stand_in(answers.read_titles, read_titles)
    page = await read(answers, Agency(parties=1), ["world", "sports"])
    assert page == (titles("sports"), ["world"]), (
        f"`read_titles` raised {in_words(error)} for 'world'. `read_front_page` "
        f"{returned_or_raised(page)}. The docstring asks for `missing` ['world'] and "
        "the titles of 'sports'. Look at the class of the exception."
    )


@pytest.mark.parametrize(
    "error",
    [KeyError("titles"), ValueError("no JSON"), OSError("no file"), RuntimeError("x")],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("fails", ["world", "science"])
async def test_q3_any_other_exception_is_raised(answers, error, fails):
    async def read_titles(agency: Any, section: str) -> list[str]:
        if section == fails:
            raise error
        return [f"{section} 1"]

    stand_in(answers.read_titles, read_titles)
    page = await read(answers, Agency(parties=1), ["world", "sports", "science"])
    assert page is error, (
        f"`read_titles` raised {in_words(error)} for {fails!r}. `read_front_page` "
        f"{returned_or_raised(page)}. The docstring asks to raise it: only an "
        "`httpx.HTTPError` makes a section missing. Look at what you catch."
    )


def function(name: str, size: int, *calls: Callable[[], object]) -> Any:
    """Return a function called `name` that computes, and then calls `calls`."""
    # Each has code of its own: a helper would take the time upon itself.
    code = (
        f"def {name}():\n"
        "    for _ in range(size): pass\n"
        "    for call in calls: call()\n"
    )
    space: dict[str, Any] = {"size": size * 10_000, "calls": calls}
    exec(code, space)
    return space[name]


def one_long_call() -> tuple[Callable[[], object], str]:
    rank = function("rank_articles", 120)
    many = function("count_comments", 0)
    read = function("read_articles", 4, *[many] * 30)
    return function("build_page", 4, read, rank), "rank_articles"


def many_short_calls() -> tuple[Callable[[], object], str]:
    compare = function("compare_titles", 4)
    render = function("render_page", 25)
    return function("build_page", 4, render, *[compare] * 40), "compare_titles"


def deep_below() -> tuple[Callable[[], object], str]:
    parse = function("parse_date", 120)
    sort = function("sort_articles", 4, function("date_of", 4, parse))
    return function("build_page", 4, sort), "parse_date"


def at_the_top() -> tuple[Callable[[], object], str]:
    read = function("read_articles", 10)
    return function("build_page", 150, read, read, read), "build_page"


@pytest.mark.parametrize(
    "case", [one_long_call, many_short_calls, deep_below, at_the_top]
)
def test_q4_the_function_with_the_largest_own_time_is_returned(answers, case):
    work, slowest = case()
    named = outcome(lambda: answers.slowest_function(work))
    assert named == slowest, (
        f"{case.__name__.replace('_', ' ').capitalize()}: `slowest_function(work)` "
        f"{returned_or_raised(named)}. The own time of {slowest!r} was the largest by "
        "far. The docstring asks for the own time of all calls together. Look at which "
        "number of the profile you compare."
    )


def test_q4_work_is_called_once_each_time(answers):
    calls = []

    def work() -> None:
        calls.append(1)
        function("rank_articles", 20)()

    named = [outcome(lambda: answers.slowest_function(work)) for _ in range(2)]
    assert (named, len(calls)) == (["rank_articles"] * 2, 2), (
        f"Two calls of `slowest_function(work)` gave {in_words(named)}, and `work` was "
        f"called {len(calls)} times. The docstring asks to run it once, and for "
        "'rank_articles'. Look at how you run `work`."
    )


@pytest.mark.parametrize(
    "error",
    [LookupError("no such article"), KeyboardInterrupt("stop")],
    ids=lambda error: type(error).__name__,
)
def test_q4_an_exception_of_work_is_raised(answers, error):
    def work() -> None:
        raise error

    seen: object
    try:
        seen = outcome(lambda: answers.slowest_function(work))
    except KeyboardInterrupt as stopped:
        seen = stopped
    active = sys.getprofile()
    sys.setprofile(None)
    assert seen is error, (
        f"`work()` raised {in_words(error)}, and `slowest_function(work)` "
        f"{returned_or_raised(seen)}. The docstring asks to raise the exception."
    )
    assert active is None, (
        f"After `work()` raised an exception, {in_words(type(active).__name__)} was "
        "still active. The docstring asks to stop the profiler in this case, too. Look "
        "at what runs after an exception."
    )
    # From Python 3.12 on, an active profiler makes the next one fail instead.
    again = outcome(lambda: answers.slowest_function(function("rank_articles", 20)))
    assert again == "rank_articles", (
        "After a `work()` that raised an exception, the next call of "
        f"`slowest_function` {returned_or_raised(again)}. The docstring asks for the "
        "slowest function. Look at whether the profiler was stopped."
    )
