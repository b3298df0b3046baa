"""The users that Locust starts. Each user is one object of the class `Rider`."""

import random

# region answer
from locust import HttpUser, between, task

# stub: from locust import HttpUser
# stub:
# endregion


def random_station() -> int:
    """Return the id of a station."""
    return random.randint(1, 20)  # noqa: S311


class Rider(HttpUser):
    """A rider, who looks at stations and sometimes starts a ride."""

    # region answer
    wait_time = between(1, 3)

    # stub:
    # endregion
    def on_start(self) -> None:
        """Log in."""
        # region answer
        token = self.client.post("/login").json()["token"]
        self.client.headers["Authorization"] = f"Bearer {token}"
        # endregion

    # region answer
    @task(3)
    # stub:
    # endregion
    def look_at_a_station(self) -> None:
        """Request one of the stations."""
        # region answer
        self.client.get(f"/stations/{random_station()}", name="/stations/[id]")
        # endregion

    # region answer
    @task
    # stub:
    # endregion
    def start_a_ride(self) -> None:
        """Rent bike 7."""
        # region answer
        with self.client.post("/rides", json={"bike": 7}, catch_response=True) as ride:
            if "error" in ride.json():
                ride.failure(ride.json()["error"])
        # endregion
