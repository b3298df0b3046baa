"""Other answers to section 9.1."""

import functools

from sensei.variants import right, wrong


@wrong(
    "9.1.1",
    caught_by="test_q1_the_result_is_that_of_the_synchronous_function[values0-20.0]",
)
async def winds_until_storm_async(sensor, limit):
    """Forget to await the reading."""
    winds = [sensor.read()]
    while winds[-1] <= limit:
        winds.append(sensor.read())
    return winds


@wrong(
    "9.1.1",
    caught_by="test_q1_the_result_is_that_of_the_synchronous_function[values2-20.0]",
)
async def winds_until_storm_async(sensor, limit):
    """Stop at the limit."""
    winds = [await sensor.read()]
    while winds[-1] < limit:
        winds.append(await sensor.read())
    return winds


@wrong(
    "9.1.1",
    caught_by="test_q1_the_result_is_that_of_the_synchronous_function[values1-20.0]",
)
async def winds_until_storm_async(sensor, limit):
    """Leave out the wind of the storm."""
    winds = []
    while (wind := await sensor.read()) <= limit:
        winds.append(wind)
    return winds


@wrong(
    "9.1.1",
    caught_by="test_q1_the_result_is_that_of_the_synchronous_function[values0-20.0]",
)
async def winds_until_storm_async(sensor, limit):
    """Call the synchronous function."""
    return winds_until_storm(sensor, limit)


@wrong(
    "9.1.1",
    caught_by="test_q1_the_result_is_that_of_the_synchronous_function[values0-20.0]",
)
async def winds_until_storm_async(sensor, limit):
    """Run another event loop for each reading."""
    winds = [asyncio.run(sensor.read())]
    while winds[-1] <= limit:
        winds.append(asyncio.run(sensor.read()))
    return winds


@wrong("9.1.1", caught_by="test_q1_a_sensor_is_read_once_at_a_time")
async def winds_until_storm_async(sensor, limit):
    """Read twice at the same time."""
    winds = []
    while not winds or winds[-1] <= limit:
        winds += await asyncio.gather(sensor.read(), sensor.read())
    while len(winds) > 1 and winds[-2] > limit:
        winds.pop()
    return winds


@wrong("9.1.1", caught_by="test_q1_the_sensor_is_read_as_often_as_needed[1]")
async def winds_until_storm_async(sensor, limit):
    """Read once more than needed."""
    winds, wind = [], await sensor.read()
    while True:
        winds.append(wind)
        following = await sensor.read()
        if wind > limit:
            return winds
        wind = following


@wrong("9.1.1", caught_by="test_q1_two_calls_take_turns")
async def winds_until_storm_async(sensor, limit):
    """Let one call run at a time."""
    async with one_call:
        winds = [await sensor.read()]
        while winds[-1] <= limit:
            winds.append(await sensor.read())
        return winds


one_call = asyncio.Lock()


@wrong("9.1.1", caught_by="test_q1_each_call_reads_again")
async def winds_until_storm_async(sensor, limit, winds=[]):  # noqa: B006
    """Share the list between the calls."""
    winds.append(await sensor.read())
    while winds[-1] <= limit:
        winds.append(await sensor.read())
    return list(winds)


@wrong(
    "9.1.1",
    caught_by="test_q1_an_exception_of_the_sensor_reaches_the_caller[values1-Broken]",
)
async def winds_until_storm_async(sensor, limit):
    """Return what was read before the error."""
    winds = []
    try:
        while not winds or winds[-1] <= limit:
            winds.append(await sensor.read())
    except Exception:
        pass
    return winds


@wrong(
    "9.1.1",
    caught_by="test_q1_an_exception_of_the_sensor_reaches_the_caller[values0-ConnectionError]",
)
async def winds_until_storm_async(sensor, limit):
    """Try again after an error of the line."""
    winds = []
    while not winds or winds[-1] <= limit:
        try:
            winds.append(await sensor.read())
        except OSError:
            winds.append(await sensor.read())
    return winds


@wrong(
    "9.1.1",
    caught_by="test_q1_an_exception_of_the_sensor_reaches_the_caller[values0-CancelledError]",
)
async def winds_until_storm_async(sensor, limit):
    """Stop when the reading is cancelled."""
    winds = []
    while not winds or winds[-1] <= limit:
        try:
            winds.append(await sensor.read())
        except asyncio.CancelledError:
            break
    return winds


@right("9.1.1")
async def winds_until_storm_async(sensor, limit):
    """Read in an endless loop, each reading in a task."""
    winds = []
    while True:
        winds.append(await asyncio.create_task(sensor.read()))
        if winds[-1] > limit:
            return winds


@right("9.1.1")
async def winds_until_storm_async(sensor, limit):
    """Iterate over an async generator."""

    async def winds():
        wind = limit
        while wind <= limit:
            wind = await sensor.read()
            yield wind

    return [wind async for wind in winds()]


async def text_of(client, region):
    """Return the readings of a region."""
    response = await client.get("/readings", params={"region": region})
    return response.text


def run(pool, text):
    """Start the computation, and return what can be awaited."""
    return asyncio.get_running_loop().run_in_executor(pool, compute_forecast, text)


@wrong("9.1.2", caught_by="test_q2_all_requests_wait_at_the_same_time")
async def forecasts(client, pool, regions):
    """Compute in the pool, and send one request after another."""
    return {one: await run(pool, await text_of(client, one)) for one in regions}


@wrong("9.1.2", caught_by="test_q2_all_requests_wait_at_the_same_time")
async def forecasts(client, pool, regions):
    """Await each task before the next one is created."""
    result = {}
    for region in regions:
        text = await asyncio.create_task(text_of(client, region))
        result[region] = await run(pool, text)
    return result


@wrong("9.1.2", caught_by="test_q2_all_requests_wait_at_the_same_time")
async def forecasts(client, pool, regions):
    """Send ten requests at a time."""
    limit = asyncio.Semaphore(10)

    async def forecast(region):
        async with limit:
            return await run(pool, await text_of(client, region))

    results = await asyncio.gather(*map(forecast, regions))
    return dict(zip(regions, results, strict=True))


@wrong("9.1.2", caught_by="test_q2_the_computation_runs_in_the_pool")
async def forecasts(client, pool, regions):
    """Compute in the event loop."""
    texts = await asyncio.gather(*(text_of(client, one) for one in regions))
    return dict(zip(regions, map(compute_forecast, texts), strict=True))


@wrong("9.1.2", caught_by="test_q2_the_computation_runs_in_the_pool")
async def forecasts(client, pool, regions):
    """Compute in a thread of the same process."""

    async def forecast(region):
        return await asyncio.to_thread(compute_forecast, await text_of(client, region))

    results = await asyncio.gather(*map(forecast, regions))
    return dict(zip(regions, results, strict=True))


@wrong("9.1.2", caught_by="test_q2_the_computation_runs_in_the_pool")
async def forecasts(client, pool, regions):
    """Write `async` before the computation."""

    async def compute_async(text):
        return compute_forecast(text)

    async def forecast(region):
        return await compute_async(await text_of(client, region))

    results = await asyncio.gather(*map(forecast, regions))
    return dict(zip(regions, results, strict=True))


@wrong("9.1.2", caught_by="test_q2_the_event_loop_runs_during_the_computation")
async def forecasts(client, pool, regions):
    """Block the event loop until the pool has the result."""
    texts = await asyncio.gather(*(text_of(client, one) for one in regions))
    running = [pool.submit(compute_forecast, text) for text in texts]
    return {one: each.result() for one, each in zip(regions, running, strict=True)}


@wrong("9.1.2", caught_by="test_q2_the_event_loop_runs_during_the_computation")
async def forecasts(client, pool, regions):
    """Iterate over the results of the pool in the event loop."""
    texts = await asyncio.gather(*(text_of(client, one) for one in regions))
    return dict(zip(regions, pool.map(compute_forecast, texts), strict=True))


@wrong(
    "9.1.2",
    caught_by="test_q2_the_dict_has_the_forecast_of_each_region_in_order[regions0]",
)
async def forecasts(client, pool, regions):
    """Store each forecast when it comes."""
    result = {}

    async def forecast(region):
        result[region] = await run(pool, await text_of(client, region))

    await asyncio.gather(*map(forecast, regions))
    return result


@wrong(
    "9.1.2",
    caught_by="test_q2_without_regions_the_dict_is_empty",
)
async def forecasts(client, pool, regions):
    """Wait for tasks, of which there may be none."""

    async def forecast(region):
        return await run(pool, await text_of(client, region))

    tasks = {one: asyncio.create_task(forecast(one)) for one in regions}
    await asyncio.wait(tasks.values())
    return {one: task.result() for one, task in tasks.items()}


@wrong(
    "9.1.2",
    caught_by="test_q2_the_dict_has_the_forecast_of_each_region_in_order[regions0]",
)
async def forecasts(client, pool, regions):
    """Write the region into the URL."""

    async def forecast(region):
        response = await client.get(f"/readings?region={region}")
        return await run(pool, response.text)

    results = await asyncio.gather(*map(forecast, regions))
    return dict(zip(regions, results, strict=True))


@wrong(
    "9.1.2",
    caught_by="test_q2_a_second_call_asks_again_and_uses_the_same_pool",
)
async def forecasts(client, pool, regions):
    """Shut the pool down."""
    texts = await asyncio.gather(*(text_of(client, one) for one in regions))
    with pool:
        results = await asyncio.gather(*(run(pool, text) for text in texts))
    return dict(zip(regions, results, strict=True))


@wrong(
    "9.1.2",
    caught_by="test_q2_a_second_call_asks_again_and_uses_the_same_pool",
)
async def forecasts(client, pool, regions):
    """Keep the forecasts."""
    new = [region for region in regions if region not in known]
    texts = await asyncio.gather(*(text_of(client, one) for one in new))
    results = await asyncio.gather(*(run(pool, text) for text in texts))
    known.update(zip(new, results, strict=True))
    return {region: known[region] for region in regions}


known = {}


@right("9.1.2")
async def forecasts(client, pool, regions):
    """Start a group of tasks, and wrap the futures of the pool."""

    async def forecast(region):
        text = await text_of(client, region)
        return await asyncio.wrap_future(pool.submit(compute_forecast, text))

    async with asyncio.TaskGroup() as group:
        tasks = {one: group.create_task(forecast(one)) for one in regions}
    return {one: task.result() for one, task in tasks.items()}


@right("9.1.2")
async def forecasts(client, pool, regions):
    """Wait for all texts, then for the pool in a thread."""
    sent = [asyncio.create_task(text_of(client, region)) for region in regions]
    texts = [await task for task in sent]
    compute = functools.partial(pool.map, compute_forecast, texts)
    results = await asyncio.to_thread(lambda: list(compute()))
    return dict(zip(regions, results, strict=True))


@right("9.1.2")
async def forecasts(client, pool, regions):
    """Compute one forecast after the other in the pool."""
    texts = await asyncio.gather(*(text_of(client, one) for one in regions))
    return {one: await run(pool, text) for one, text in zip(regions, texts)}


def other(**changed):
    """Return the right logs with some changes."""
    right_logs = {
        "calls": "end",
        "awaits_later": "B1 B2 A1 A2 end",
        "starts_task": "B1 A1 B2 A2 end",
        "starts_task_and_computes": "B1 B2 A1 A2 end",
        "leaves_task": "end A1",
        "leaves_failing_task": "A1 end",
    }
    return right_logs | changed


@wrong("9.1.3", caught_by="test_q3_the_log_is_predicted[calls]")
def logs():
    """Take a call for a run."""
    return other(calls="A1 A2 end")


@wrong("9.1.3", caught_by="test_q3_the_log_is_predicted[calls]")
def logs():
    """Take a call for a task."""
    return other(calls="end A1")


@wrong("9.1.3", caught_by="test_q3_the_log_is_predicted[awaits_later]")
def logs():
    """Let a coroutine begin when it is created."""
    return other(awaits_later="A1 B1 A2 B2 end")


@wrong("9.1.3", caught_by="test_q3_the_log_is_predicted[starts_task]")
def logs():
    """Let a task begin at once."""
    return other(starts_task="A1 B1 A2 B2 end")


@wrong("9.1.3", caught_by="test_q3_the_log_is_predicted[starts_task_and_computes]")
def logs():
    """Let every `await` switch to another task."""
    return other(starts_task_and_computes="A1 B1 B2 A2 end")


@wrong("9.1.3", caught_by="test_q3_the_log_is_predicted[leaves_task]")
def logs():
    """Let `asyncio.run` wait for all tasks."""
    return other(leaves_task="end A1 A2")


@wrong("9.1.3", caught_by="test_q3_the_log_is_predicted[leaves_failing_task]")
def logs():
    """Let the exception of a task end the function."""
    return other(leaves_failing_task="A1")


@wrong("9.1.3", caught_by="test_q3_the_log_is_predicted[leaves_task]")
def logs():
    """Let `asyncio.run` cancel a task before it begins."""
    return other(leaves_task="end")


@wrong("9.1.3", caught_by="test_q3_the_log_is_predicted[awaits_later]")
def logs():
    """Write commas."""
    return other(awaits_later="B1, B2, A1, A2, end")


@right("9.1.3")
def logs():
    """Run the functions and see."""

    def run(program):
        log = []
        asyncio.run(program(log))
        return " ".join(log)

    programs = [awaits_later, starts_task, starts_task_and_computes, leaves_task]
    return other(**{program.__name__: run(program) for program in programs})


@right("9.1.3")
def logs():
    """Write the entries one by one."""
    return other(starts_task=" ".join(["B1", "A1", "B2", "A2", "end"]))
