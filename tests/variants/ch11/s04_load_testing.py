"""Other answers to section 11.4."""

from sensei.variants import right, wrong


@wrong(
    "11.4.1", caught_by="test_q1_the_load_test_shows_that_a_bike_is_rented_twice[25]"
)
async def status_codes(client, bike, riders):
    """Send one request after the other."""
    codes = Counter()
    for _ in range(riders):
        try:
            response = await client.post(f"/bikes/{bike}/rides")
            codes[response.status_code] += 1
        except httpx2.TransportError:
            codes[0] += 1
    return codes


@wrong(
    "11.4.1", caught_by="test_q1_the_load_test_shows_that_a_bike_is_rented_twice[25]"
)
async def status_codes(client, bike, riders):
    """Create tasks, and await each of them at once."""
    codes = Counter()
    for _ in range(riders):
        task = asyncio.create_task(client.post(f"/bikes/{bike}/rides"))
        try:
            codes[(await task).status_code] += 1
        except httpx2.TransportError:
            codes[0] += 1
    return codes


@wrong(
    "11.4.1", caught_by="test_q1_the_load_test_shows_that_a_bike_is_rented_twice[25]"
)
async def status_codes(client, bike, riders):
    """Send ten requests at the same time at most."""
    url, some = f"/bikes/{bike}/rides", asyncio.Semaphore(10)

    async def send():
        async with some:
            return await client.post(url)

    results = await asyncio.gather(
        *(send() for _ in range(riders)), return_exceptions=True
    )
    return Counter(getattr(result, "status_code", 0) for result in results)


@wrong(
    "11.4.1", caught_by="test_q1_the_load_test_shows_that_a_bike_is_rented_twice[150]"
)
async def status_codes(client, bike, riders):
    """Send the requests in groups of a hundred."""
    codes = Counter()
    for start in range(0, riders, 100):
        results = await asyncio.gather(
            *(
                client.post(f"/bikes/{bike}/rides")
                for _ in range(start, min(start + 100, riders))
            ),
            return_exceptions=True,
        )
        codes.update(getattr(result, "status_code", 0) for result in results)
    return codes


@wrong(
    "11.4.1", caught_by="test_q1_the_load_test_shows_that_a_bike_is_rented_twice[25]"
)
async def status_codes(client, bike, riders):
    """Return a list."""
    url = f"/bikes/{bike}/rides"
    results = await asyncio.gather(
        *(client.post(url) for _ in range(riders)), return_exceptions=True
    )
    return [getattr(result, "status_code", 0) for result in results]


@wrong(
    "11.4.1", caught_by="test_q1_the_load_test_shows_that_a_bike_is_rented_twice[25]"
)
async def status_codes(client, bike, riders):
    """Wait for the first response, to see that the API is there."""
    url = f"/bikes/{bike}/rides"
    first = await asyncio.gather(client.post(url), return_exceptions=True)
    others = await asyncio.gather(
        *(client.post(url) for _ in range(riders - 1)), return_exceptions=True
    )
    return Counter(getattr(result, "status_code", 0) for result in first + others)


@wrong("11.4.1", caught_by="test_q1_each_status_code_is_counted[many]")
async def status_codes(client, bike, riders):
    """Call every error status a request without a response."""
    url = f"/bikes/{bike}/rides"

    async def send():
        try:
            return (await client.post(url)).raise_for_status().status_code
        except httpx2.HTTPError:
            return 0

    return Counter(await asyncio.gather(*(send() for _ in range(riders))))


@wrong("11.4.1", caught_by="test_q1_each_status_code_is_counted[no success]")
async def status_codes(client, bike, riders):
    """Count successes and failures."""
    url = f"/bikes/{bike}/rides"
    results = await asyncio.gather(
        *(client.post(url) for _ in range(riders)), return_exceptions=True
    )
    codes = [getattr(result, "status_code", 0) for result in results]
    return Counter(code if code in (0, 201) else 500 for code in codes)


@wrong("11.4.1", caught_by="test_q1_each_status_code_is_counted[many]")
async def status_codes(client, bike, riders):
    """Know two status codes."""
    url = f"/bikes/{bike}/rides"
    results = await asyncio.gather(
        *(client.post(url) for _ in range(riders)), return_exceptions=True
    )
    codes = [getattr(result, "status_code", 0) for result in results]
    return Counter({code: codes.count(code) for code in (201, 409, 0)})


@wrong("11.4.1", caught_by="test_q1_each_status_code_is_counted[many]")
async def status_codes(client, bike, riders):
    """Return which status codes there were, once each."""
    url = f"/bikes/{bike}/rides"
    results = await asyncio.gather(
        *(client.post(url) for _ in range(riders)), return_exceptions=True
    )
    return Counter({getattr(result, "status_code", 0) for result in results})


@wrong(
    "11.4.1",
    caught_by="test_q1_a_response_within_the_timeout_of_the_client_is_counted",
)
async def status_codes(client, bike, riders):
    """Give up a request after ten seconds, whatever the timeout of the client is."""

    async def send():
        try:
            sent = client.post(f"/bikes/{bike}/rides")
            return (await asyncio.wait_for(sent, 10)).status_code
        except (httpx2.TransportError, TimeoutError):
            return 0

    return Counter(await asyncio.gather(*(send() for _ in range(riders))))


@wrong("11.4.1", caught_by="test_q1_a_request_without_a_response_counts_under_0[cut]")
async def status_codes(client, bike, riders):
    """Let the first exception end the load test."""
    url = f"/bikes/{bike}/rides"
    responses = await asyncio.gather(*(client.post(url) for _ in range(riders)))
    return Counter(response.status_code for response in responses)


@wrong("11.4.1", caught_by="test_q1_a_request_without_a_response_counts_under_0[cut]")
async def status_codes(client, bike, riders):
    """Count nothing if one request fails."""
    url = f"/bikes/{bike}/rides"
    try:
        responses = await asyncio.gather(*(client.post(url) for _ in range(riders)))
    except httpx2.TransportError:
        return Counter({0: riders})
    return Counter(response.status_code for response in responses)


@wrong("11.4.1", caught_by="test_q1_a_request_without_a_response_counts_under_0[cut]")
async def status_codes(client, bike, riders):
    """Use a `TaskGroup`, which cancels the others."""
    url = f"/bikes/{bike}/rides"
    tasks = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(client.post(url)) for _ in range(riders)]
    except* httpx2.TransportError:
        pass
    return Counter(
        0 if task.cancelled() or task.exception() else task.result().status_code
        for task in tasks
    )


@wrong("11.4.1", caught_by="test_q1_a_request_without_a_response_counts_under_0[cut]")
async def status_codes(client, bike, riders):
    """Leave requests without a response out."""
    url = f"/bikes/{bike}/rides"
    results = await asyncio.gather(
        *(client.post(url) for _ in range(riders)), return_exceptions=True
    )
    return Counter(
        result.status_code for result in results if not isinstance(result, Exception)
    )


@wrong("11.4.1", caught_by="test_q1_a_request_without_a_response_counts_under_0[cut]")
async def status_codes(client, bike, riders):
    """Count requests without a response under a word."""
    url = f"/bikes/{bike}/rides"
    results = await asyncio.gather(
        *(client.post(url) for _ in range(riders)), return_exceptions=True
    )
    return Counter(getattr(result, "status_code", None) for result in results)


@wrong(
    "11.4.1", caught_by="test_q1_a_request_without_a_response_counts_under_0[refused]"
)
async def status_codes(client, bike, riders):
    """Know timeouts only."""
    url = f"/bikes/{bike}/rides"

    async def send():
        try:
            return (await client.post(url)).status_code
        except httpx2.TimeoutException:
            return 0

    return Counter(await asyncio.gather(*(send() for _ in range(riders))))


@wrong("11.4.1", caught_by="test_q1_a_request_without_a_response_counts_under_0[cut]")
async def status_codes(client, bike, riders):
    """Know errors of the network and timeouts only."""
    url = f"/bikes/{bike}/rides"

    async def send():
        try:
            return (await client.post(url)).status_code
        except (httpx2.TimeoutException, httpx2.NetworkError):
            return 0

    return Counter(await asyncio.gather(*(send() for _ in range(riders))))


@wrong("11.4.1", caught_by="test_q1_a_request_without_a_response_counts_under_0[cut]")
async def status_codes(client, bike, riders):
    """Send a request again if there was no response."""
    url = f"/bikes/{bike}/rides"

    async def send():
        for _ in range(3):
            try:
                return (await client.post(url)).status_code
            except httpx2.TransportError:
                pass
        return 0

    return Counter(await asyncio.gather(*(send() for _ in range(riders))))


@wrong("11.4.1", caught_by="test_q1_each_rider_sends_one_request_for_the_bike[41-3]")
async def status_codes(client, bike, riders):
    """Let each rider rent a bike of their own."""
    results = await asyncio.gather(
        *(client.post(f"/bikes/{bike + one}/rides") for one in range(1, riders + 1)),
        return_exceptions=True,
    )
    return Counter(getattr(result, "status_code", 0) for result in results)


@wrong("11.4.1", caught_by="test_q1_each_rider_sends_one_request_for_the_bike[41-3]")
async def status_codes(client, bike, riders):
    """Rent the bike of the example."""
    results = await asyncio.gather(
        *(client.post("/bikes/7/rides") for _ in range(riders)),
        return_exceptions=True,
    )
    return Counter(getattr(result, "status_code", 0) for result in results)


@wrong("11.4.1", caught_by="test_q1_each_rider_sends_one_request_for_the_bike[41-3]")
async def status_codes(client, bike, riders):
    """Send one request too many."""
    url = f"/bikes/{bike}/rides"
    results = await asyncio.gather(
        *(client.post(url) for _ in range(riders + 1)), return_exceptions=True
    )
    codes = [getattr(result, "status_code", 0) for result in results]
    return Counter(codes[:riders])


@wrong("11.4.1", caught_by="test_q1_each_rider_sends_one_request_for_the_bike[41-3]")
async def status_codes(client, bike, riders):
    """Send the requests with a client of one's own."""
    url = f"/bikes/{bike}/rides"
    async with httpx2.AsyncClient(base_url=client.base_url) as own:
        results = await asyncio.gather(
            *(own.post(url) for _ in range(riders)), return_exceptions=True
        )
    return Counter(getattr(result, "status_code", 0) for result in results)


@wrong("11.4.1", caught_by="test_q1_each_rider_sends_one_request_for_the_bike[41-3]")
async def status_codes(client, bike, riders):
    """Write the URL of one's own server."""
    url = f"http://localhost:8000/bikes/{bike}/rides"
    results = await asyncio.gather(
        *(client.post(url) for _ in range(riders)), return_exceptions=True
    )
    return Counter(getattr(result, "status_code", 0) for result in results)


@wrong("11.4.1", caught_by="test_q1_each_rider_sends_one_request_for_the_bike[41-3]")
async def status_codes(client, bike, riders):
    """Wait for a response as long as one likes."""
    url = f"/bikes/{bike}/rides"
    results = await asyncio.gather(
        *(client.post(url, timeout=0.5) for _ in range(riders)), return_exceptions=True
    )
    return Counter(getattr(result, "status_code", 0) for result in results)


@right("11.4.1")
async def status_codes(client, bike, riders):
    """Catch the exception in each task of a `TaskGroup`."""
    codes = Counter()

    async def ride():
        try:
            response = await client.request("POST", f"bikes/{bike}/rides")
        except httpx2.TransportError:
            codes[0] += 1
        else:
            codes[response.status_code] += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(riders):
            group.create_task(ride())
    return codes


@right("11.4.1")
async def status_codes(client, bike, riders):
    """Start all tasks, and then look at each; return a dict."""
    request = client.build_request("POST", f"/bikes/{bike}/rides")
    tasks = [asyncio.ensure_future(client.send(request)) for _ in range(riders)]
    codes = {}
    for task in tasks:
        try:
            code = (await task).status_code
        except Exception:
            code = 0
        codes[code] = codes.get(code, 0) + 1
    return codes


@right("11.4.1")
async def status_codes(client, bike, riders):
    """Stream the responses, and wait for all of the tasks."""

    async def ride():
        async with client.stream("POST", f"/bikes/{bike}/rides") as response:
            return response.status_code

    done, _ = await asyncio.wait([asyncio.create_task(ride()) for _ in range(riders)])
    return Counter(0 if task.exception() else task.result() for task in done)


@wrong(
    "11.4.2",
    caught_by="test_q2_each_user_logs_in_once",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                token = None

                def on_start(self):
                    if Rider.token is None:
                        Rider.token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {Rider.token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Log in once for all users."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_each_user_logs_in_once",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                @task
                def log_in(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Make the login a task."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_each_user_logs_in_once",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login", json={"rider": "load"}).json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Send the name of a rider in the body."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_each_user_sends_its_own_token",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    Rider.token = self.client.post("/login").json()["token"]

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]",
                        headers={"Authorization": f"Bearer {Rider.token}"})

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, headers={
                        "Authorization": f"Bearer {Rider.token}"}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Keep the token where all users share it."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_each_user_sends_its_own_token",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = token

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Forget the scheme."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_each_user_sends_its_own_token",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.token = token

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Keep the token, and never send it."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_stations_have_three_times_the_weight",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task(3)
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Weigh rides instead of stations."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_stations_have_three_times_the_weight",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task
                def look_at_a_station(self):
                    for _ in range(3):
                        self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Request three stations in one task."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_the_station_is_a_random_one",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            STATION = random_station()


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{STATION}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Choose the station once."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_the_station_is_a_random_one",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random.randrange(20) * 3}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Count stations from 0."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_a_ride_is_started_with_bike_7",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", data={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Send a form."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_a_user_waits_between_1_and_3_seconds",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Forget the wait."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_a_user_waits_between_1_and_3_seconds",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, constant, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = constant(2)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Wait for the same time always."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_a_user_waits_between_1_and_3_seconds",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(0, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Wait for up to 3 seconds."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_all_stations_have_one_name",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/{id}")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Write the name as FastAPI writes paths."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_a_ride_with_an_error_is_a_failure",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    self.client.post("/rides", json={"bike": 7})
        """
    },
)
def locustfile_path():
    """Trust the status code."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_a_ride_with_an_error_is_a_failure",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure("The ride was not started.")
        """
    },
)
def locustfile_path():
    """Give a message of one's own."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_a_ride_with_an_error_is_a_failure",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.text)
        """
    },
)
def locustfile_path():
    """Report the body."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_other_responses_count_as_usual",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
                        else:
                            ride.success()
        """
    },
)
def locustfile_path():
    """Call each other response a success."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_a_ride_with_an_error_is_a_failure",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if ride.ok and "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Look for an error in a success only."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_other_responses_count_as_usual",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.text:
                            ride.failure(ride.json().get("error", ride.text))
        """
    },
)
def locustfile_path():
    """Look for the word in the text of the body."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_a_ride_with_an_error_is_a_failure",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Use `with` without `catch_response`."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_a_user_waits_between_1_and_3_seconds",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                def wait_time(self):
                    return self.pause

                def on_start(self):
                    self.pause = random.uniform(1, 3)
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Choose one time for each user."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_a_user_waits_between_1_and_3_seconds",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")
                    self.wait()

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Wait in a task as well."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_all_stations_have_one_name",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.request_name = "/stations/[id]"
                    self.client.get(f"/stations/{random_station()}")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
        """
    },
)
def locustfile_path():
    """Set the name for all requests of the user."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_other_responses_count_as_usual",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
                        elif ride.status_code != 200:
                            ride.failure(f"Status {ride.status_code}")
        """
    },
)
def locustfile_path():
    """Call every status but 200 a failure."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_other_responses_count_as_usual",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        body = ride.json()
                        if "ride" not in body:
                            ride.failure(body.get("error") or "There is no ride.")
        """
    },
)
def locustfile_path():
    """Ask for a ride in each response."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@wrong(
    "11.4.2",
    caught_by="test_q2_other_responses_count_as_usual",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = between(1, 3)

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if "error" in ride.json():
                            ride.failure(ride.json()["error"])
                        elif ride.status_code < 500:
                            ride.success()
        """
    },
)
def locustfile_path():
    """Call only errors of the server failures."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@right(
    "11.4.2",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, task


            def random_station() -> int:
                return random.randint(1, 20)


            class Rider(HttpUser):
                wait_time = lambda self: random.choice([1, 1.5, 2, 2.5, 3])

                def on_start(self):
                    token = self.client.post("/login").json()["token"]
                    self.client.headers["Authorization"] = f"Bearer {token}"

                @task(3)
                def look_at_a_station(self):
                    self.client.get(f"/stations/{random_station()}", name="/stations/[id]")

                @task
                def start_a_ride(self):
                    with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
                        if error := ride.json().get("error"):
                            ride.failure(error)
                        elif ride.status_code < 400:
                            ride.success()
                        else:
                            ride.failure(f"Status {ride.status_code}")
        """
    },
)
def locustfile_path():
    """Decide about each response, and choose one of five waits."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@right(
    "11.4.2",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between


            def look(user):
                number = random.choice(range(1, 21))
                user.get(f"/stations/{number}", name="/stations/[id]")


            def ride(user):
                with user.client.post(
                    "/rides", json={"bike": 7}, headers=user.login, catch_response=True
                ) as response:
                    error = response.json().get("error")
                    if error is not None:
                        response.failure(error)


            class Cyclist(HttpUser):
                wait_time = between(1.0, 3.0)
                tasks = {look: 6, ride: 2}

                def on_start(self):
                    with self.client.post("/login", catch_response=True) as response:
                        self.login = {"Authorization": "Bearer " + response.json()["token"]}

                def get(self, url, **named):
                    return self.client.get(url, headers=self.login, **named)
        """
    },
)
def locustfile_path():
    """Use a dict of tasks, and headers for each request."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@right(
    "11.4.2",
    files={
        "q2/locustfile.py": """
            import random

            from locust import FastHttpUser, TaskSet, between, task


            class Visits(TaskSet):
                def on_start(self):
                    self.user.token = self.client.post("/login").json()["token"]

                @task(30)
                def look(self):
                    with self.user.named("/stations/[id]"):
                        self.client.get(
                            f"/stations/{random.randint(1, 20)}", headers=self.user.login
                        )

                @task(10)
                def ride(self):
                    with self.client.post(
                        "/rides", json={"bike": 7}, headers=self.user.login, catch_response=True
                    ) as response:
                        body = response.json()
                        if "error" in body:
                            response.failure(body["error"])


            class Rider(FastHttpUser):
                tasks = [Visits]
                token = ""

                def wait_time(self):
                    return random.uniform(1, 3)

                @property
                def login(self):
                    return {"Authorization": f"Bearer {self.token}"}

                def named(self, name):
                    return self.client.rename_request(name)
        """
    },
)
def locustfile_path():
    """Use `FastHttpUser` and a `TaskSet`."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


@right(
    "11.4.2",
    files={
        "q2/locustfile.py": """
            import random

            from locust import HttpUser, between, events, task


            class Base(HttpUser):
                abstract = True
                wait_time = between(1, 3)

                def on_start(self):
                    response = self.client.request("POST", "/login")
                    response.raise_for_status()
                    self.client.headers.update(Authorization=f"Bearer {response.json()['token']}")


            class Rider(Base):
                @task(3)
                def look_at_a_station(self):
                    self.client.request_name = "/stations/[id]"
                    self.client.get(f"/stations/{random.randint(1, 20)}")
                    self.client.request_name = None

                @task(1)
                def start_a_ride(self):
                    with self.rest("POST", "/rides", json={"bike": 7}) as response:
                        assert "error" not in response.js, response.js["error"]
        """
    },
)
def locustfile_path():
    """Use `rest`, and fail by an assertion."""
    return Path(__file__).with_suffix("") / "q2" / "locustfile.py"


def report(samples, seconds, durations, failed=lambda one: not 0 < one.status < 400):
    """Return the KPIs, with another p95 if `durations` compute one."""
    return Kpis(
        len(samples) / seconds, sum(map(failed, samples)) / len(samples), durations
    )


def nearest(samples):
    """Return the right p95."""
    durations = sorted(one.milliseconds for one in samples)
    return durations[math.ceil(0.95 * len(durations)) - 1]


@wrong("11.4.3", caught_by="test_q3_p95_is_the_nearest_rank[20 requests-POST /rides]")
def kpis(samples, endpoint, seconds):
    """Return the mean."""
    own = [one for one in samples if one.endpoint == endpoint]
    return report(own, seconds, sum(one.milliseconds for one in own) / len(own))


@wrong("11.4.3", caught_by="test_q3_p95_is_the_nearest_rank[20 requests-POST /rides]")
def kpis(samples, endpoint, seconds):
    """Forget to sort."""
    own = [one for one in samples if one.endpoint == endpoint]
    durations = [one.milliseconds for one in reversed(own)]
    return report(own, seconds, durations[math.ceil(0.95 * len(own)) - 1])


@wrong(
    "11.4.3",
    caught_by="test_q3_p95_is_the_nearest_rank[20 requests-GET /stations/[id]]",
)
def kpis(samples, endpoint, seconds):
    """Take the next place."""
    own = [one for one in samples if one.endpoint == endpoint]
    durations = sorted(one.milliseconds for one in own)
    return report(own, seconds, durations[int(0.95 * len(own))])


@wrong(
    "11.4.3",
    caught_by="test_q3_p95_is_the_nearest_rank[101 requests-GET /stations/[id]]",
)
def kpis(samples, endpoint, seconds):
    """Round down."""
    own = [one for one in samples if one.endpoint == endpoint]
    durations = sorted(one.milliseconds for one in own)
    return report(own, seconds, durations[max(int(0.95 * len(own)) - 1, 0)])


@wrong("11.4.3", caught_by="test_q3_p95_is_the_nearest_rank[100 requests-POST /rides]")
def kpis(samples, endpoint, seconds):
    """Interpolate between two values."""
    from statistics import quantiles

    own = [one for one in samples if one.endpoint == endpoint]
    durations = [one.milliseconds for one in own] * (2 if len(own) == 1 else 1)
    return report(own, seconds, quantiles(durations, n=100)[94])


@wrong(
    "11.4.3",
    caught_by="test_q3_p95_is_the_nearest_rank[20 requests-GET /stations/[id]]",
)
def kpis(samples, endpoint, seconds):
    """Interpolate, without going beyond the longest one."""
    from statistics import quantiles

    own = [one for one in samples if one.endpoint == endpoint]
    durations = [one.milliseconds for one in own] * (2 if len(own) == 1 else 1)
    return report(own, seconds, quantiles(durations, n=100, method="inclusive")[94])


@wrong(
    "11.4.3",
    caught_by="test_q3_p95_is_the_nearest_rank[20 requests-GET /stations/[id]]",
)
def kpis(samples, endpoint, seconds):
    """Return the longest one."""
    own = [one for one in samples if one.endpoint == endpoint]
    return report(own, seconds, max(one.milliseconds for one in own))


@wrong(
    "11.4.3",
    caught_by="test_q3_p95_is_the_nearest_rank[19 requests-GET /stations/[id]]",
)
def kpis(samples, endpoint, seconds):
    """Round to the nearest place, after the 95th percentile of another method."""
    own = [one for one in samples if one.endpoint == endpoint]
    durations = sorted(one.milliseconds for one in own)
    return report(own, seconds, durations[round(0.95 * (len(own) - 1))])


@wrong("11.4.3", caught_by="test_q3_p95_is_the_nearest_rank[two requests-POST /rides]")
def kpis(samples, endpoint, seconds):
    """Measure the successful requests only."""
    own = [one for one in samples if one.endpoint == endpoint]
    good = [one for one in own if 0 < one.status < 400]
    return report(own, seconds, nearest(good) if good else 0.0)


@wrong("11.4.3", caught_by="test_q3_p95_is_the_nearest_rank[20 requests-POST /rides]")
def kpis(samples, endpoint, seconds):
    """Return seconds."""
    own = [one for one in samples if one.endpoint == endpoint]
    return report(own, seconds, nearest(own) / 1000)


@wrong(
    "11.4.3",
    caught_by="test_q3_p95_is_the_nearest_rank[one request-GET /stations/[id]]",
)
def kpis(samples, endpoint, seconds):
    """Measure all endpoints."""
    own = [one for one in samples if one.endpoint == endpoint]
    return report(own, seconds, nearest(samples))


@wrong(
    "11.4.3",
    caught_by="test_q3_error_rate_is_the_fraction_that_failed[19 requests-POST /rides]",
)
def kpis(samples, endpoint, seconds):
    """Begin above 400."""
    own = [one for one in samples if one.endpoint == endpoint]
    return report(own, seconds, nearest(own), lambda one: not 0 < one.status <= 400)


@wrong(
    "11.4.3",
    caught_by="test_q3_error_rate_is_the_fraction_that_failed[20 requests-POST /rides]",
)
def kpis(samples, endpoint, seconds):
    """Count errors of the server only."""
    own = [one for one in samples if one.endpoint == endpoint]
    return report(own, seconds, nearest(own), lambda one: not 0 < one.status < 500)


@wrong(
    "11.4.3",
    caught_by="test_q3_error_rate_is_the_fraction_that_failed[two requests-POST /rides]",
)
def kpis(samples, endpoint, seconds):
    """Forget requests without a response."""
    own = [one for one in samples if one.endpoint == endpoint]
    return report(own, seconds, nearest(own), lambda one: one.status >= 400)


@wrong(
    "11.4.3",
    caught_by="test_q3_error_rate_is_the_fraction_that_failed[19 requests-POST /rides]",
)
def kpis(samples, endpoint, seconds):
    """Call everything but 2xx a failure."""
    own = [one for one in samples if one.endpoint == endpoint]
    return report(own, seconds, nearest(own), lambda one: one.status // 100 != 2)


@wrong(
    "11.4.3",
    caught_by="test_q3_error_rate_is_the_fraction_that_failed[100 requests-POST /rides]",
)
def kpis(samples, endpoint, seconds):
    """Return a percentage."""
    own = [one for one in samples if one.endpoint == endpoint]
    failed = 100 * sum(one.status == 0 or one.status >= 400 for one in own)
    return Kpis(len(own) / seconds, failed / len(own), nearest(own))


@wrong(
    "11.4.3",
    caught_by="test_q3_error_rate_is_the_fraction_that_failed[100 requests-POST /rides]",
)
def kpis(samples, endpoint, seconds):
    """Divide by the successful requests."""
    own = [one for one in samples if one.endpoint == endpoint]
    failed = sum(one.status == 0 or one.status >= 400 for one in own)
    return Kpis(len(own) / seconds, failed / ((len(own) - failed) or 1), nearest(own))


@wrong(
    "11.4.3",
    caught_by="test_q3_error_rate_is_the_fraction_that_failed[100 requests-POST /rides]",
)
def kpis(samples, endpoint, seconds):
    """Divide by all requests of the load test."""
    own = [one for one in samples if one.endpoint == endpoint]
    failed = sum(one.status == 0 or one.status >= 400 for one in own)
    return Kpis(len(own) / seconds, failed / len(samples), nearest(own))


@wrong(
    "11.4.3",
    caught_by="test_q3_throughput_is_the_requests_per_second[20 requests-POST /rides]",
)
def kpis(samples, endpoint, seconds):
    """Count all endpoints."""
    own = [one for one in samples if one.endpoint == endpoint]
    failed = sum(one.status == 0 or one.status >= 400 for one in own)
    return Kpis(len(samples) / seconds, failed / len(own), nearest(own))


@wrong(
    "11.4.3",
    caught_by="test_q3_throughput_is_the_requests_per_second[100 requests-POST /rides]",
)
def kpis(samples, endpoint, seconds):
    """Count the successful requests."""
    own = [one for one in samples if one.endpoint == endpoint]
    good = sum(0 < one.status < 400 for one in own)
    return Kpis(good / seconds, 1 - good / len(own), nearest(own))


@wrong(
    "11.4.3",
    caught_by="test_q3_throughput_is_the_requests_per_second[101 requests-POST /rides]",
)
def kpis(samples, endpoint, seconds):
    """Divide by the time that the requests took."""
    own = [one for one in samples if one.endpoint == endpoint]
    return report(own, sum(one.milliseconds for one in own) / 1000, nearest(own))


@wrong(
    "11.4.3",
    caught_by="test_q3_throughput_is_the_requests_per_second[one failed request-GET /stations/[id]]",
)
def kpis(samples, endpoint, seconds):
    """Divide without a remainder."""
    own = [one for one in samples if one.endpoint == endpoint]
    return Kpis(len(own) // seconds, report(own, seconds, 0).error_rate, nearest(own))


@wrong(
    "11.4.3",
    caught_by="test_q3_throughput_is_the_requests_per_second"
    "[21 requests-GET /stations]",
)
def kpis(samples, endpoint, seconds):
    """Take endpoints that begin like this one."""
    own = [one for one in samples if one.endpoint.startswith(endpoint)]
    return report(own, seconds, nearest(own))


@wrong(
    "11.4.3",
    caught_by="test_q3_throughput_is_the_requests_per_second"
    "[21 requests-GET /stations/[id]]",
)
def kpis(samples, endpoint, seconds):
    """Ignore the case of the letters."""
    own = [one for one in samples if one.endpoint.lower() == endpoint.lower()]
    return report(own, seconds, nearest(own))


@wrong(
    "11.4.3",
    caught_by="test_q3_throughput_is_the_requests_per_second"
    "[21 requests-GET /stations/[id]]",
)
def kpis(samples, endpoint, seconds):
    """Compare the paths without the methods."""
    path = endpoint.split()[1]
    own = [one for one in samples if one.endpoint.split()[1] == path]
    return report(own, seconds, nearest(own))


@wrong(
    "11.4.3",
    caught_by="test_q3_throughput_is_the_requests_per_second[20 requests-POST /rides]",
)
def kpis(samples, endpoint, seconds):
    """Return a dict."""
    own = [one for one in samples if one.endpoint == endpoint]
    seen = report(own, seconds, nearest(own))
    return {"throughput": seen.throughput, "error_rate": seen.error_rate, "p95": 1}


@wrong(
    "11.4.3",
    caught_by="test_q3_throughput_is_the_requests_per_second"
    "[21 requests-GET /stations/[id]]",
)
def kpis(samples, endpoint, seconds):
    """Ignore a slash at the end."""
    own = [one for one in samples if one.endpoint.rstrip("/") == endpoint.rstrip("/")]
    return report(own, seconds, nearest(own))


@right("11.4.3")
def kpis(samples, endpoint, seconds):
    """Count in a loop, and look for the shortest value that is long enough."""
    count = failed = 0
    durations = []
    for sample in samples:
        if sample.endpoint != endpoint:
            continue
        count += 1
        failed += sample.status in (0, *range(400, 600))
        durations.append(sample.milliseconds)
    enough = [
        one for one in durations if sum(d <= one for d in durations) / count >= 0.95
    ]
    return Kpis(p95=min(enough), throughput=count / seconds, error_rate=failed / count)


@right("11.4.3")
def kpis(samples, endpoint, seconds):
    """Filter and sort, and compute in whole numbers."""
    own = sorted(
        filter(lambda one: one.endpoint == endpoint, samples),
        key=lambda one: one.milliseconds,
    )
    good = [one for one in own if 1 <= one.status <= 399]
    rank = -(-len(own) * 95 // 100)
    return Kpis(
        len(own) / seconds, 1 - len(good) / len(own), own[rank - 1].milliseconds
    )


@right("11.4.3")
def kpis(samples, endpoint, seconds):
    """Leave out the slowest 5 %."""
    from heapq import nsmallest

    own = [one for one in samples if one.endpoint == endpoint]
    fast = nsmallest(
        math.ceil(len(own) / 100 * 95 - 1e-9), own, lambda o: o.milliseconds
    )
    failures = Counter(one.status >= 400 or not one.status for one in own)
    return Kpis(len(own) / seconds, failures[True] / len(own), fast[-1].milliseconds)
