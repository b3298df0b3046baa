"""The users that Locust starts. Each user is one object of the class `Rider`."""

import random

from locust import HttpUser


def random_station() -> int:
    """Return the id of a station."""
    return random.randint(1, 20)  # noqa: S311


class Rider(HttpUser):
    """A rider, who looks at stations and sometimes starts a ride."""

    def on_start(self) -> None:
        """Log in."""
        raise NotImplementedError

    def look_at_a_station(self) -> None:
        """Request one of the stations."""
        raise NotImplementedError

    def start_a_ride(self) -> None:
        """Rent bike 7."""
        raise NotImplementedError
