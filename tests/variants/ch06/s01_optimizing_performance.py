"""Other answers to section 6.1."""

import cProfile
import pstats
from datetime import timedelta

from sensei.variants import right, wrong


@wrong(
    "6.1.1",
    caught_by="test_q1_the_number_of_running_calls_is_predicted[task-by-task-1]",
)
def most_at_once():
    """Take a task that is awaited at once for one that overlaps."""
    return {
        "/in-turn, 1 client": 1,
        "/in-turn, 4 clients": 4,
        "/together, 1 client": 3,
        "/together, 4 clients": 12,
        "/task-by-task, 1 client": 3,
        "/computes, 4 clients": 1,
    }


@wrong("6.1.1", caught_by="test_q1_the_number_of_running_calls_is_predicted[in-turn-4]")
def most_at_once():
    """Believe that one request has to end before the next one starts."""
    return {
        "/in-turn, 1 client": 1,
        "/in-turn, 4 clients": 1,
        "/together, 1 client": 3,
        "/together, 4 clients": 3,
        "/task-by-task, 1 client": 1,
        "/computes, 4 clients": 1,
    }


@wrong(
    "6.1.1", caught_by="test_q1_the_number_of_running_calls_is_predicted[computes-4]"
)
def most_at_once():
    """Believe that `async def` makes computing overlap."""
    return {
        "/in-turn, 1 client": 1,
        "/in-turn, 4 clients": 4,
        "/together, 1 client": 3,
        "/together, 4 clients": 12,
        "/task-by-task, 1 client": 1,
        "/computes, 4 clients": 4,
    }


@wrong("6.1.1", caught_by="test_q1_the_number_of_running_calls_is_predicted[in-turn-1]")
def most_at_once():
    """Believe that `async def` alone makes the calls of one request overlap."""
    return dict.fromkeys(
        [
            "/in-turn, 1 client",
            "/in-turn, 4 clients",
            "/together, 1 client",
            "/together, 4 clients",
            "/task-by-task, 1 client",
            "/computes, 4 clients",
        ],
        3,
    )


@right("6.1.1")
def most_at_once():
    """Compute the numbers from the number of clients."""
    paths = {"in-turn": 1, "together": len(SECTIONS), "task-by-task": 1}
    found = {}
    for path, calls in paths.items():
        found[f"/{path}, 1 client"] = calls
        found[f"/{path}, 4 clients"] = 4 * calls
    return found | {"/computes, 4 clients": 1}


@right("6.1.1")
def most_at_once():
    """Write the numbers in another order."""
    return {
        "/computes, 4 clients": 1,
        "/task-by-task, 1 client": 1,
        "/together, 4 clients": 4 * 3,
        "/together, 1 client": 3,
        "/in-turn, 4 clients": 4,
        "/in-turn, 1 client": 1,
    }


@wrong("6.1.2", caught_by="test_q2_each_pair_has_its_own_feed")
class FeedCache:
    """Leave the user out of the key."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.lock = asyncio.Lock()

    async def get(self, user, section):
        async with self.lock:
            stored = await self.redis.get(section)
            if stored is None:
                stored = json.dumps(await self.load(user, section))
                await self.redis.set(section, stored, ex=60)
        return json.loads(stored)

    async def forget(self, user, section):
        await self.redis.delete(section)


@wrong("6.1.2", caught_by="test_q2_each_pair_has_its_own_feed")
class FeedCache:
    """Join user and section with a colon, so that two pairs have the same key."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.lock = asyncio.Lock()

    async def get(self, user, section):
        key = f"{user}:{section}"
        async with self.lock:
            stored = await self.redis.get(key)
            if stored is None:
                stored = json.dumps(await self.load(user, section))
                await self.redis.set(key, stored, ex=60)
        return json.loads(stored)

    async def forget(self, user, section):
        await self.redis.delete(f"{user}:{section}")


@wrong("6.1.2", caught_by="test_q2_a_feed_is_in_redis_for_60_seconds")
class FeedCache:
    """Keep feeds for ever."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.lock = asyncio.Lock()

    async def get(self, user, section):
        key = json.dumps([user, section])
        async with self.lock:
            stored = await self.redis.get(key)
            if stored is None:
                stored = json.dumps(await self.load(user, section))
                await self.redis.set(key, stored)
        return json.loads(stored)

    async def forget(self, user, section):
        await self.redis.delete(json.dumps([user, section]))


@wrong("6.1.2", caught_by="test_q2_a_feed_is_in_redis_for_60_seconds")
class FeedCache:
    """Take milliseconds for seconds."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.lock = asyncio.Lock()

    async def get(self, user, section):
        key = json.dumps([user, section])
        async with self.lock:
            stored = await self.redis.get(key)
            if stored is None:
                stored = json.dumps(await self.load(user, section))
                await self.redis.set(key, stored, ex=60_000)
        return json.loads(stored)

    async def forget(self, user, section):
        await self.redis.delete(json.dumps([user, section]))


@wrong("6.1.2", caught_by="test_q2_a_feed_is_loaded_once_for_all_workers[bytes-empty]")
class FeedCache:
    """Take an empty feed for a missing one."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.lock = asyncio.Lock()

    async def get(self, user, section):
        key = json.dumps([user, section])
        async with self.lock:
            feed = json.loads(await self.redis.get(key) or "[]")
            if not feed:
                feed = await self.load(user, section)
                await self.redis.set(key, json.dumps(feed), ex=60)
        return feed

    async def forget(self, user, section):
        await self.redis.delete(json.dumps([user, section]))


@wrong("6.1.2", caught_by="test_q2_a_second_get_does_not_prolong_the_60_seconds")
class FeedCache:
    """Set the expiry time at each call."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.lock = asyncio.Lock()

    async def get(self, user, section):
        key = json.dumps([user, section])
        async with self.lock:
            stored = await self.redis.getex(key, ex=60)
            if stored is None:
                stored = json.dumps(await self.load(user, section))
                await self.redis.set(key, stored, ex=60)
        return json.loads(stored)

    async def forget(self, user, section):
        await self.redis.delete(json.dumps([user, section]))


@wrong("6.1.2", caught_by="test_q2_twenty_calls_at_the_same_time_load_once[one]")
class FeedCache:
    """Do not use a lock."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load

    async def get(self, user, section):
        key = json.dumps([user, section])
        stored = await self.redis.get(key)
        if stored is None:
            stored = json.dumps(await self.load(user, section))
            await self.redis.set(key, stored, ex=60)
        return json.loads(stored)

    async def forget(self, user, section):
        await self.redis.delete(json.dumps([user, section]))


@wrong("6.1.2", caught_by="test_q2_twenty_calls_at_the_same_time_load_once[one]")
class FeedCache:
    """Look into Redis before the lock, and not again behind it."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.lock = asyncio.Lock()

    async def get(self, user, section):
        key = json.dumps([user, section])
        stored = await self.redis.get(key)
        if stored is None:
            async with self.lock:
                stored = json.dumps(await self.load(user, section))
                await self.redis.set(key, stored, ex=60)
        return json.loads(stored)

    async def forget(self, user, section):
        await self.redis.delete(json.dumps([user, section]))


@wrong("6.1.2", caught_by="test_q2_a_feed_is_loaded_once_for_all_workers[bytes-two]")
class FeedCache:
    """Keep feeds in the process."""

    def __init__(self, redis, load):
        self.load = load
        self.feeds = {}
        self.lock = asyncio.Lock()

    async def get(self, user, section):
        async with self.lock:
            if (user, section) not in self.feeds:
                self.feeds[user, section] = await self.load(user, section)
        return self.feeds[user, section]

    async def forget(self, user, section):
        self.feeds.pop((user, section), None)


@wrong("6.1.2", caught_by="test_q2_a_feed_that_has_expired_is_loaded_again")
class FeedCache:
    """Keep feeds in the process as well, where they do not expire."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.feeds = {}
        self.lock = asyncio.Lock()

    async def get(self, user, section):
        key = json.dumps([user, section])
        async with self.lock:
            if key not in self.feeds:
                stored = await self.redis.get(key)
                if stored is None:
                    stored = json.dumps(await self.load(user, section))
                    await self.redis.set(key, stored, ex=60)
                self.feeds[key] = json.loads(stored)
        return self.feeds[key]

    async def forget(self, user, section):
        key = json.dumps([user, section])
        self.feeds.pop(key, None)
        await self.redis.delete(key)


@wrong(
    "6.1.2",
    caught_by="test_q2_forget_removes_one_feed_for_all_workers[('ana', 'sports')]",
)
class FeedCache:
    """Remove all feeds."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.lock = asyncio.Lock()

    async def get(self, user, section):
        key = json.dumps([user, section])
        async with self.lock:
            stored = await self.redis.get(key)
            if stored is None:
                stored = json.dumps(await self.load(user, section))
                await self.redis.set(key, stored, ex=60)
        return json.loads(stored)

    async def forget(self, user, section):
        await self.redis.flushdb()


@wrong(
    "6.1.2",
    caught_by="test_q2_forget_removes_one_feed_for_all_workers[('*', 'sports')]",
)
class FeedCache:
    """Remove the keys that match a pattern, in which `*` means any text."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.lock = asyncio.Lock()

    async def get(self, user, section):
        key = f"{len(user)}:{user}:{section}"
        async with self.lock:
            stored = await self.redis.get(key)
            if stored is None:
                stored = json.dumps(await self.load(user, section))
                await self.redis.set(key, stored, ex=60)
        return json.loads(stored)

    async def forget(self, user, section):
        async for key in self.redis.scan_iter(f"*:{user}:{section}"):
            await self.redis.delete(key)


@wrong("6.1.2", caught_by="test_q2_an_exception_is_raised_and_not_kept[RuntimeError]")
class FeedCache:
    """Return an empty feed if it cannot be loaded."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.lock = asyncio.Lock()

    async def get(self, user, section):
        key = json.dumps([user, section])
        async with self.lock:
            stored = await self.redis.get(key)
            if stored is None:
                try:
                    feed = await self.load(user, section)
                except Exception:
                    feed = []
                stored = json.dumps(feed)
                await self.redis.set(key, stored, ex=60)
        return json.loads(stored)

    async def forget(self, user, section):
        await self.redis.delete(json.dumps([user, section]))


@wrong("6.1.2", caught_by="test_q2_an_exception_is_raised_and_not_kept[RuntimeError]")
class FeedCache:
    """Share the loading, and keep the one that has failed."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.loading = {}

    async def compute(self, user, section, key):
        stored = await self.redis.get(key)
        if stored is None:
            stored = json.dumps(await self.load(user, section))
            await self.redis.set(key, stored, ex=60)
        del self.loading[key]
        return json.loads(stored)

    async def get(self, user, section):
        key = json.dumps([user, section])
        if key not in self.loading:
            self.loading[key] = asyncio.create_task(self.compute(user, section, key))
        return await self.loading[key]

    async def forget(self, user, section):
        await self.redis.delete(json.dumps([user, section]))


@wrong("6.1.2", caught_by="test_q2_no_character_makes_two_pairs_alike")
class FeedCache:
    """Join user and section with a character that a text can contain, too."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.lock = asyncio.Lock()

    async def get(self, user, section):
        key = f"{user}\0{section}"
        async with self.lock:
            stored = await self.redis.get(key)
            if stored is None:
                stored = json.dumps(await self.load(user, section))
                await self.redis.set(key, stored, ex=60)
        return json.loads(stored)

    async def forget(self, user, section):
        await self.redis.delete(f"{user}\0{section}")


@wrong("6.1.2", caught_by="test_q2_the_key_is_the_same_in_each_process")
class FeedCache:
    """Use `hash()`, which differs from process to process."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.lock = asyncio.Lock()

    async def get(self, user, section):
        key = str(hash((user, section)))
        async with self.lock:
            stored = await self.redis.get(key)
            if stored is None:
                stored = json.dumps(await self.load(user, section))
                await self.redis.set(key, stored, ex=60)
        return json.loads(stored)

    async def forget(self, user, section):
        await self.redis.delete(str(hash((user, section))))


@wrong("6.1.2", caught_by="test_q2_an_exception_is_raised_and_not_kept[KeyError]")
class FeedCache:
    """Do not release the lock after an exception."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.lock = asyncio.Lock()

    async def get(self, user, section):
        key = json.dumps([user, section])
        await self.lock.acquire()
        stored = await self.redis.get(key)
        if stored is None:
            stored = json.dumps(await self.load(user, section))
            await self.redis.set(key, stored, ex=60)
        self.lock.release()
        return json.loads(stored)

    async def forget(self, user, section):
        await self.redis.delete(json.dumps([user, section]))


@right("6.1.2")
class FeedCache:
    """Share the task that loads a feed; escape the parts of the key."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load
        self.loading = {}

    def key(self, user, section):
        from urllib.parse import quote

        return f"feed/{quote(user, safe='')}/{quote(section, safe='')}"

    async def compute(self, user, section):
        key = self.key(user, section)
        stored = await self.redis.get(key)
        if stored is None:
            stored = json.dumps(await self.load(user, section))
            await self.redis.set(key, stored, ex=timedelta(minutes=1))
        return json.loads(stored)

    async def get(self, user, section):
        pair = (user, section)
        if pair not in self.loading:
            task = asyncio.create_task(self.compute(user, section))
            self.loading[pair] = task
            task.add_done_callback(lambda _: self.loading.pop(pair))
        return await self.loading[pair]

    async def forget(self, user, section):
        await self.redis.delete(self.key(user, section))


@right("6.1.2")
class FeedCache:
    """Use a lock of Redis, which holds for all workers."""

    def __init__(self, redis, load):
        self.redis, self.load = redis, load

    async def get(self, user, section):
        key = repr((user, section))
        if (stored := await self.redis.get(key)) is None:
            async with self.redis.lock(f"lock:{key}", timeout=10, sleep=0.01):
                if (stored := await self.redis.get(key)) is None:
                    feed = await self.load(user, section)
                    stored = json.dumps(feed)
                    await self.redis.set(key, stored, px=60_000)
        return json.loads(stored)

    async def forget(self, user, section):
        await self.redis.unlink(repr((user, section)))


@wrong("6.1.3", caught_by="test_q3_all_sections_are_requested_before_a_response[3]")
async def read_front_page(agency, sections):
    """Await each section before the next one."""
    page = FrontPage(titles={}, missing=[])
    for section in sections:
        try:
            page.titles[section] = await read_titles(agency, section)
        except httpx.HTTPError:
            page.missing.append(section)
    return page


@wrong("6.1.3", caught_by="test_q3_all_sections_are_requested_before_a_response[3]")
async def read_front_page(agency, sections):
    """Create a task for each section, and await it at once."""
    page = FrontPage(titles={}, missing=[])
    for section in sections:
        try:
            page.titles[section] = await asyncio.create_task(
                read_titles(agency, section)
            )
        except httpx.HTTPError:
            page.missing.append(section)
    return page


@wrong("6.1.3", caught_by="test_q3_sections_that_fail_are_missing[world]")
async def read_front_page(agency, sections):
    """Let the first error end everything."""
    results = await asyncio.gather(*(read_titles(agency, one) for one in sections))
    return FrontPage(titles=dict(zip(sections, results)), missing=[])


@wrong("6.1.3", caught_by="test_q3_sections_that_fail_are_missing[world]")
async def read_front_page(agency, sections):
    """Take all sections for missing after the first error."""
    try:
        results = await asyncio.gather(*(read_titles(agency, one) for one in sections))
    except httpx.HTTPError:
        return FrontPage(titles={}, missing=sections)
    return FrontPage(titles=dict(zip(sections, results)), missing=[])


@wrong("6.1.3", caught_by="test_q3_any_other_exception_is_raised[world-KeyError]")
async def read_front_page(agency, sections):
    """Take every exception for a missing section."""
    results = await asyncio.gather(
        *(read_titles(agency, one) for one in sections), return_exceptions=True
    )
    page = FrontPage(titles={}, missing=[])
    for section, result in zip(sections, results):
        if isinstance(result, Exception):
            page.missing.append(section)
        else:
            page.titles[section] = result
    return page


@wrong(
    "6.1.3", caught_by="test_q3_a_section_without_a_response_is_missing[ConnectError]"
)
async def read_front_page(agency, sections):
    """Handle error responses alone."""
    results = await asyncio.gather(
        *(read_titles(agency, one) for one in sections), return_exceptions=True
    )
    page = FrontPage(titles={}, missing=[])
    for section, result in zip(sections, results):
        if isinstance(result, httpx.HTTPStatusError):
            page.missing.append(section)
        elif isinstance(result, BaseException):
            raise result
        else:
            page.titles[section] = result
    return page


@wrong("6.1.3", caught_by="test_q3_sections_have_the_order_of_the_list[world]")
async def read_front_page(agency, sections):
    """Add each section when its response arrives."""
    page = FrontPage(titles={}, missing=[])

    async def add(section):
        try:
            page.titles[section] = await read_titles(agency, section)
        except httpx.HTTPError:
            page.missing.append(section)

    await asyncio.gather(*map(add, sections))
    return page


@wrong("6.1.3", caught_by="test_q3_sections_have_the_order_of_the_list[world]")
async def read_front_page(agency, sections):
    """Give the results to the sections in the order in which they arrive."""
    page = FrontPage(titles={}, missing=[])
    reads = [read_titles(agency, section) for section in sections]
    for section, read in zip(sections, asyncio.as_completed(reads)):
        try:
            page.titles[section] = await read
        except httpx.HTTPError:
            page.missing.append(section)
    return page


@wrong("6.1.3", caught_by="test_q3_no_sections_are_an_empty_page")
async def read_front_page(agency, sections):
    """Use `asyncio.wait`, which needs at least one task."""
    tasks = {one: asyncio.create_task(read_titles(agency, one)) for one in sections}
    await asyncio.wait(tasks.values())
    page = FrontPage(titles={}, missing=[])
    for section, task in tasks.items():
        try:
            page.titles[section] = task.result()
        except httpx.HTTPError:
            page.missing.append(section)
    return page


@wrong("6.1.3", caught_by="test_q3_a_section_without_titles_is_not_missing")
async def read_front_page(agency, sections):
    """Take an empty list for a missing section."""
    results = await asyncio.gather(
        *(read_titles(agency, one) for one in sections), return_exceptions=True
    )
    page = FrontPage(titles={}, missing=[])
    for section, result in zip(sections, results):
        if isinstance(result, list) and result:
            page.titles[section] = result
        elif isinstance(result, Exception) and not isinstance(result, httpx.HTTPError):
            raise result
        else:
            page.missing.append(section)
    return page


@wrong("6.1.3", caught_by="test_q3_all_sections_are_requested_before_a_response[30]")
async def read_front_page(agency, sections):
    """Read five sections at a time."""
    places = asyncio.Semaphore(5)
    page = FrontPage(titles={}, missing=[])

    async def read(section):
        async with places:
            return await read_titles(agency, section)

    tasks = {one: asyncio.create_task(read(one)) for one in sections}
    for section, task in tasks.items():
        try:
            page.titles[section] = await task
        except httpx.HTTPError:
            page.missing.append(section)
    return page


@wrong("6.1.3", caught_by="test_q3_missing_sections_have_the_order_of_the_list[world]")
async def read_front_page(agency, sections):
    """Keep the order of the titles, and list missing sections as they fail."""
    titles, missing = {}, []

    async def read(section):
        try:
            return await read_titles(agency, section)
        except httpx.HTTPError:
            missing.append(section)

    results = await asyncio.gather(*map(read, sections))
    for section, result in zip(sections, results):
        if section not in missing:
            titles[section] = result
    return FrontPage(titles=titles, missing=missing)


@right("6.1.3")
async def read_front_page(agency, sections):
    """Start all tasks, then await them in the order of the list."""
    page = FrontPage(titles={}, missing=[])
    tasks = {one: asyncio.create_task(read_titles(agency, one)) for one in sections}
    for section, task in tasks.items():
        try:
            page.titles[section] = await task
        except httpx.HTTPError:
            page.missing.append(section)
    return page


@right("6.1.3")
async def read_front_page(agency, sections):
    """Catch the exception in each of the gathered coroutines."""

    async def read(section):
        try:
            return await read_titles(agency, section)
        except httpx.HTTPError:
            return None

    results = await asyncio.gather(*map(read, sections))
    found = dict(zip(sections, results))
    return FrontPage(
        titles={one: titles for one, titles in found.items() if titles is not None},
        missing=[one for one, titles in found.items() if titles is None],
    )


@right("6.1.3")
async def read_front_page(agency, sections):
    """Use a task group, whose tasks do not raise what is expected."""
    found = {}

    async def read(section):
        try:
            found[section] = await read_titles(agency, section)
        except httpx.HTTPError:
            pass

    try:
        async with asyncio.TaskGroup() as group:
            for section in sections:
                group.create_task(read(section))
    except* Exception as errors:
        raise errors.exceptions[0]
    return FrontPage(
        titles={one: found[one] for one in sections if one in found},
        missing=[one for one in sections if one not in found],
    )


@wrong(
    "6.1.4",
    caught_by="test_q4_the_function_with_the_largest_own_time_is_returned[one_long_call]",
)
def slowest_function(work):
    """Compare cumulative times, which contain the functions that are called."""
    profiler = cProfile.Profile()
    profiler.runcall(work)
    found = pstats.Stats(profiler).get_stats_profile().func_profiles
    return max(found, key=lambda name: found[name].cumtime)


@wrong(
    "6.1.4",
    caught_by="test_q4_the_function_with_the_largest_own_time_is_returned[one_long_call]",
)
def slowest_function(work):
    """Compare how often functions are called."""
    profiler = cProfile.Profile()
    profiler.runcall(work)
    found = pstats.Stats(profiler).get_stats_profile().func_profiles
    return max(found, key=lambda name: int(found[name].ncalls.split("/")[0]))


@wrong(
    "6.1.4",
    caught_by="test_q4_the_function_with_the_largest_own_time_is_returned[many_short_calls]",
)
def slowest_function(work):
    """Compare the own time of one call."""
    profiler = cProfile.Profile()
    profiler.runcall(work)
    stats = pstats.Stats(profiler).stats
    return max(stats, key=lambda one: stats[one][2] / stats[one][0])[2]


@wrong(
    "6.1.4",
    caught_by="test_q4_the_function_with_the_largest_own_time_is_returned[at_the_top]",
)
def slowest_function(work):
    """Leave out the function that calls the others."""
    profiler = cProfile.Profile()
    profiler.runcall(work)
    found = pstats.Stats(profiler).get_stats_profile().func_profiles
    del found[work.__name__]
    return max(found, key=lambda name: found[name].tottime)


@wrong(
    "6.1.4",
    caught_by="test_q4_the_function_with_the_largest_own_time_is_returned[one_long_call]",
)
def slowest_function(work):
    """Profile the function without calling it."""
    profiler = cProfile.Profile()
    profiler.enable()
    work
    profiler.disable()
    found = pstats.Stats(profiler).get_stats_profile().func_profiles
    return max(found, key=lambda name: found[name].tottime)


@wrong("6.1.4", caught_by="test_q4_work_is_called_once_each_time")
def slowest_function(work):
    """Run `work` once to warm up."""
    work()
    profiler = cProfile.Profile()
    profiler.runcall(work)
    found = pstats.Stats(profiler).get_stats_profile().func_profiles
    return max(found, key=lambda name: found[name].tottime)


@wrong("6.1.4", caught_by="test_q4_an_exception_of_work_is_raised[LookupError]")
def slowest_function(work):
    """Return what was measured until the exception."""
    profiler = cProfile.Profile()
    try:
        profiler.runcall(work)
    except Exception:
        pass
    found = pstats.Stats(profiler).get_stats_profile().func_profiles
    return max(found, key=lambda name: found[name].tottime)


@wrong("6.1.4", caught_by="test_q4_an_exception_of_work_is_raised")
def slowest_function(work):
    """Stop the profiler only if `work` returns."""
    profiler = cProfile.Profile()
    profiler.enable()
    work()
    profiler.disable()
    found = pstats.Stats(profiler).get_stats_profile().func_profiles
    return max(found, key=lambda name: found[name].tottime)


@wrong("6.1.4", caught_by="test_q4_an_exception_of_work_is_raised[KeyboardInterrupt]")
def slowest_function(work):
    """Stop the profiler after an `Exception` only."""
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        work()
    except Exception:
        profiler.disable()
        raise
    profiler.disable()
    found = pstats.Stats(profiler).get_stats_profile().func_profiles
    return max(found, key=lambda name: found[name].tottime)


@right("6.1.4")
def slowest_function(work):
    """Use the profiler as a context manager, and sort the statistics."""
    with cProfile.Profile() as profiler:
        work()
    stats = pstats.Stats(profiler).sort_stats(pstats.SortKey.TIME)
    return stats.fcn_list[0][2]


@right("6.1.4")
def slowest_function(work):
    """Read the entries of the profiler itself."""
    profiler = cProfile.Profile()
    profiler.runcall(work)
    entry = max(profiler.getstats(), key=lambda one: one.inlinetime)
    return entry.code.co_name
