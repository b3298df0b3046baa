"""5.6  Rate limiting.

A rate limit is the number of requests that a client may send in a period of time. The
API refuses further requests with the status code 429 (Too Many Requests). slowapi
connects the library limits with FastAPI.
Notes: content/docs/fastapi/security/rate-limiting.md
"""

import asyncio
import math
import secrets
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, NamedTuple

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter, RateLimiter
from pydantic import BaseModel, Field
from redis.asyncio import Redis
from redis.exceptions import RedisError
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.util import get_remote_address

from sensei import ___


def find_doctors() -> list[str]:
    """Return the names of the clinic's doctors."""
    return ["Dr. Ito", "Dr. Okoye"]


def doctors_app() -> FastAPI:
    """5.6.1  Write a FastAPI app with rate limiting using `slowapi`.

    Write the endpoint `GET /doctors`. Limit it with slowapi, and write everything that
    slowapi needs. The endpoint `GET /health` below your code has no limit.

    - `GET /doctors` returns what `find_doctors()` returns. Allow five requests per
      minute for each client address, whatever headers the client sends. The minute
      begins with the first request of the client.
    - Each further request in this minute returns 429 with the header `Retry-After`: the
      seconds until the minute is over. It does not call `find_doctors`.
    - Each application that `doctors_app()` returns counts its own requests.

    Given:
        What you need of slowapi is imported. `get_remote_address` returns the client
        address of a request.
    """
    app = FastAPI()

    raise NotImplementedError

    @app.get("/health")
    def health() -> str:
        return "ok"

    return app


LOGINS = parse("5/minute")
PINS = {"ana@example.org": "7391", "ben@example.org": "0264"}
NO_PIN = secrets.token_hex()


class Login(BaseModel):
    """What a patient types in to log in."""

    email: Annotated[str, Field(max_length=254)]
    pin: Annotated[str, Field(pattern=r"^[0-9]{4}$")]


def account_of(email: str) -> str:
    """Return the name of an account: the email in lower case, without outer spaces."""
    return email.strip().lower()


def open_session(login: Login) -> str:
    """Return the token of a new session.

    Raises:
        HTTPException: the email or the PIN is wrong; the status code is 401.
    """
    pin = PINS.get(account_of(login.email), NO_PIN)
    if not secrets.compare_digest(pin.encode(), login.pin.encode()):
        raise HTTPException(401, "Wrong email or PIN.", {"WWW-Authenticate": "Bearer"})
    return secrets.token_urlsafe()


def login_app(limiter: RateLimiter) -> FastAPI:
    """5.6.2  How does rate limiting protect FastAPI APIs from abuse?

    A PIN has four digits. A program finds it with at most 10,000 requests, and uses
    another client address for each request. Write the endpoint `POST /login`, so that
    the program needs more than a day for all PINs. The body is a `Login`.

    - Within the limit, return `{"token": open_session(login)}`, or the 401 that
      `open_session` raises.
    - The limit is `LOGINS`, five attempts per minute, for each account that
      `account_of(email)` names. Every valid `Login` counts as an attempt, with a right
      or a wrong PIN, from any address, and also if there is no such account.
    - Each further attempt returns 429, even with the right PIN. It does not call
      `open_session`.

    Given:
        `limiter.hit(LOGINS, key)` counts one attempt for the text `key`. It returns
        True if the attempt is within the limit, and otherwise False.

    Example:
        POST /login  {"email": "Ana@example.org", "pin": "7391"}
        ->  200  {"token": "Ys2..."}
    """
    app = FastAPI()

    raise NotImplementedError
    return app


class FixedWindow:
    """Counts the requests of each client, and starts again from 0 every minute."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.minute = 0
        self.counts: Counter[str] = Counter()

    def allow(self, client: str, now: float) -> bool:
        """Return whether `client` may send a request at `now`, in seconds."""
        minute = int(now // 60)
        if minute != self.minute:
            self.minute, self.counts = minute, Counter()
        allowed = self.counts[client] < self.limit
        if allowed:
            self.counts[client] += 1
        return allowed


class SlidingLog:
    """Stores the time of each request that it allows in the last 60 seconds."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.times: defaultdict[str, deque[float]] = defaultdict(deque)

    def allow(self, client: str, now: float) -> bool:
        """Return whether `client` may send a request at `now`, in seconds."""
        times = self.times[client]
        while times and times[0] <= now - 60:
            times.popleft()
        allowed = len(times) < self.limit
        if allowed:
            times.append(now)
        return allowed


class SlidingCounter:
    """5.6.3  What are the trade-offs of rate limiting in high-traffic APIs?

    `FixedWindow` stores one number for a client. But it allows twice the limit within
    a few seconds: before and after the turn of a minute. `SlidingLog` is exact. But it
    stores one time for each request. Write `allow` for a compromise: it estimates the
    requests of the last 60 seconds from two numbers.

    - The estimate is `previous * share + current`. `current` is the number of allowed
      requests of the client in this minute, `previous` in the minute before. Minutes
      are those of `FixedWindow`. Refused requests do not count.
    - `share` goes down from 1 at the start of this minute to 0 at its end: it is 0.75
      after 15 seconds, and 0.25 after 45. Do not round it.
    - Allow a request if the estimate plus 1 is not greater than `limit`.
    - The memory for a client does not grow with the number of its requests. Each call
      of `allow`, for any client, deletes what is stored for clients that have sent no
      request in this minute and in the previous one.

    Given:
        `now` never gets smaller from call to call. Several minutes can pass between two
        calls.

    Example:
        A client sends ten requests at second 59, and SlidingCounter(10) allows all.
        Second 75: the estimate is 10 * 0.75 = 7.5. Two more are allowed, not a third.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.minute = 0
        self.previous: Counter[str] = Counter()
        self.current: Counter[str] = Counter()

    def allow(self, client: str, now: float) -> bool:
        """Return whether `client` may send a request at `now`, in seconds."""
        raise NotImplementedError


def too_many_requests(seconds: float) -> HTTPException:
    """Return the exception for a client that may send again after these seconds."""
    headers = {"Retry-After": str(max(1, math.ceil(seconds)))}
    return HTTPException(429, "Too many requests.", headers)


class Phone(BaseModel):
    """The number of a mobile phone, as in "+4791234567"."""

    number: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]


async def send_code(number: str) -> None:
    """Send a code for the login by SMS. Each SMS costs money."""


def codes_app(store: Redis) -> FastAPI:
    """5.6.4  Write a FastAPI app with Redis-based rate limiting.

    Write the endpoint `POST /codes`, which sends a code for the login to a `Phone`. The
    limit is counted in Redis, in one key for each number.

    - Allow three requests within 60 seconds for each number: await `send_code(number)`,
      and return 202. The 60 seconds begin with the first request.
    - For each further request, raise `too_many_requests(seconds)`. The seconds are the
      time until the key expires in Redis.
    - The limit also holds if several requests come at the same time, and if several
      processes use the same Redis.
    - A key always has an expiry, of 60 seconds or less. Between two commands, your
      process can be killed, or the key can expire.
    - If Redis raises a RedisError, send nothing, and return 503.

    Given:
        `store` is a client of Redis. You need not connect it. Its commands are async.
        An error handler is given: if you do not catch a RedisError, it returns 503.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await store.aclose()

    app = FastAPI(lifespan=lifespan)

    @app.exception_handler(RedisError)
    async def no_redis(request: Request, error: Exception) -> Response:
        return Response(status_code=503)

    raise NotImplementedError
    return app


def search_app(storage: str) -> FastAPI:
    """Return an application that allows ten requests per minute for each address.

    `storage` is where it counts: "memory://" or the URL of a Redis server.
    """
    app = FastAPI()
    limiter = FixedWindowRateLimiter(storage_from_string(storage))

    @app.get("/search")
    def search(request: Request, response: Response) -> list[str]:
        if limiter.hit(parse("10/minute"), get_remote_address(request)):
            return find_doctors()
        response.status_code = 429
        return []

    return app


def predictions() -> dict[str, int]:
    """5.6.5  How does distributed rate limiting differ from in-memory rate limiting?

    Two processes serve `search_app(storage)` above. A load balancer sends the requests
    to both in turn. One client sends 40 requests within a few seconds, 20 to each
    process. Predict how many of them return 200. Replace each `___` with a number.

    - "memory", "redis": `storage` is "memory://", or the URL of a Redis server.
    - "memory, restart", "redis, restart": after these 40 requests, one of the processes
      is restarted. In the same minute, the client sends 40 requests again. Predict how
      many of the second 40 requests return 200.
    - For "redis, data lost", Redis is restarted instead of a process. It has not
      written its data to a disk. For "redis, other service", nothing is restarted. The
      second 40 requests go to another service of the clinic, which uses `search_app`
      and the same Redis server.
    """
    return {
        "memory": ___,
        "redis": ___,
        "memory, restart": ___,
        "redis, restart": ___,
        "redis, data lost": ___,
        "redis, other service": ___,
    }


LIMIT = 20
PATIENCE = 0.2


class Window(NamedTuple):
    """The requests of a client in its current minute, and the rest of this minute."""

    requests: int
    seconds_left: float


def now() -> float:
    """Return the time of a clock that never goes back, in seconds."""
    return time.monotonic()


def slots_app(
    count: Callable[[str], Awaitable[Window]], blocked: dict[str, float]
) -> FastAPI:
    """5.6.6  What are the performance implications of rate limiting in high-traffic
    APIs?

    Each request to `GET /slots` waits until Redis has counted it. A flood of requests
    makes Redis slow, and then all clients wait. Write the dependency `limit_requests`,
    which asks Redis only if it must, and never waits long.

    - `await count(address)` counts one request in Redis, and returns the `Window` of
      the address. If the window has more than `LIMIT` requests, raise
      `too_many_requests(seconds_left)`. Else allow the request.
    - When `count` makes you refuse an address, also set `blocked[address]` to the end
      of its window: `now()` plus `seconds_left`. Before this time, raise
      `too_many_requests` with the rest of the time, and do not call `count`.
    - Whenever you store an address, delete all addresses whose time is over from
      `blocked`.
    - If `count` takes longer than `PATIENCE` seconds, or raises a RedisError or a
      TimeoutError, allow the request. Do not catch other exceptions.

    Given:
        `get_remote_address(request)` returns the client address of a request.
    """
    app = FastAPI()

    raise NotImplementedError

    @app.get("/slots", dependencies=[Depends(limit_requests)])
    def list_slots() -> list[str]:
        return ["Monday 9:00", "Monday 9:20"]

    return app
