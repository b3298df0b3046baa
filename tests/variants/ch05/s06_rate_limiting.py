"""Other answers to section 5.6."""

import contextlib
import functools

import limits.aio.storage
import limits.aio.strategies
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import ConnectionError as RedisConnectionError
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.middleware import SlowAPIMiddleware
from slowapi.util import get_ipaddr

from sensei.variants import right, wrong


def with_health(app):
    """Return the application with the endpoint that is given."""

    @app.get("/health")
    def health() -> str:
        return "ok"

    return app


def limited(key_func=get_remote_address, **options):
    """Return an application and its limiter."""
    app = FastAPI()
    app.state.limiter = Limiter(key_func=key_func, **options)
    app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)
    return app, app.state.limiter


@wrong("5.6.1", caught_by="test_q1_five_requests_per_minute_are_allowed[8]")
def doctors_app() -> FastAPI:
    """Put the limit above the route, which has registered the plain function."""
    app, limiter = limited(headers_enabled=True)

    @limiter.limit("5/minute")
    @app.get("/doctors")
    async def list_doctors(request: Request, response: Response) -> list[str]:
        return find_doctors()

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_a_refusal_says_when_the_minute_is_over[0]")
def doctors_app() -> FastAPI:
    """Leave out `headers_enabled`."""
    app, limiter = limited()

    @app.get("/doctors")
    @limiter.limit("5/minute")
    async def list_doctors(request: Request) -> list[str]:
        return find_doctors()

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_five_requests_per_minute_are_allowed[5]")
def doctors_app() -> FastAPI:
    """Enable the headers without a `response` that they are written to."""
    app, limiter = limited(headers_enabled=True)

    @app.get("/doctors")
    @limiter.limit("5/minute")
    async def list_doctors(request: Request) -> list[str]:
        return find_doctors()

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_a_refusal_says_when_the_minute_is_over[20]")
def doctors_app() -> FastAPI:
    """Register no handler: the exception is an HTTPException without headers."""
    app = FastAPI()
    limiter = Limiter(key_func=get_remote_address, headers_enabled=True)

    @app.get("/doctors")
    @limiter.limit("5/minute")
    async def list_doctors(request: Request, response: Response) -> list[str]:
        return find_doctors()

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_five_requests_per_minute_are_allowed[8]")
def doctors_app() -> FastAPI:
    """Forget `app.state.limiter`, which the handler reads."""
    app = FastAPI()
    limiter = Limiter(key_func=get_remote_address, headers_enabled=True)
    app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)

    @app.get("/doctors")
    @limiter.limit("5/minute")
    async def list_doctors(request: Request, response: Response) -> list[str]:
        return find_doctors()

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_a_refusal_says_when_the_minute_is_over[45]")
def doctors_app() -> FastAPI:
    """Write the same number of seconds into every refusal."""
    app = FastAPI()
    limiter = Limiter(key_func=get_remote_address)

    @app.exception_handler(RateLimitExceeded)
    def refuse(request: Request, error: RateLimitExceeded):
        return JSONResponse({}, 429, {"Retry-After": "60"})

    @app.get("/doctors")
    @limiter.limit("5/minute")
    async def list_doctors(request: Request) -> list[str]:
        return find_doctors()

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_a_header_does_not_give_a_new_limit[X_FORWARDED_FOR]")
def doctors_app() -> FastAPI:
    """Use slowapi's other function, which believes a header of the client."""
    app, limiter = limited(get_ipaddr, headers_enabled=True)

    @app.get("/doctors")
    @limiter.limit("5/minute")
    async def list_doctors(request: Request, response: Response) -> list[str]:
        return find_doctors()

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_a_header_does_not_give_a_new_limit[X-Forwarded-For]")
def doctors_app() -> FastAPI:
    """Take the address from X-Forwarded-For."""

    def key(request: Request) -> str:
        forwarded = request.headers.get("X-Forwarded-For", "")
        return forwarded.partition(",")[0] or get_remote_address(request)

    app, limiter = limited(key, headers_enabled=True)

    @app.get("/doctors")
    @limiter.limit("5/minute")
    async def list_doctors(request: Request, response: Response) -> list[str]:
        return find_doctors()

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_a_header_does_not_give_a_new_limit[Authorization]")
def doctors_app() -> FastAPI:
    """Count by a token that nobody has checked."""

    def key(request: Request) -> str:
        return request.headers.get("Authorization") or get_remote_address(request)

    app, limiter = limited(key, headers_enabled=True)

    @app.get("/doctors")
    @limiter.limit("5/minute")
    async def list_doctors(request: Request, response: Response) -> list[str]:
        return find_doctors()

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_each_client_address_has_its_own_limit[2001:db8::7]")
def doctors_app() -> FastAPI:
    """Count all clients together."""
    app, limiter = limited(lambda: "all", headers_enabled=True)

    @app.get("/doctors")
    @limiter.limit("5/minute")
    async def list_doctors(request: Request, response: Response) -> list[str]:
        return find_doctors()

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_the_limit_holds_for_one_minute")
def doctors_app() -> FastAPI:
    """Write another unit of time."""
    app, limiter = limited(headers_enabled=True)

    @app.get("/doctors")
    @limiter.limit("5/hour")
    async def list_doctors(request: Request, response: Response) -> list[str]:
        return find_doctors()

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_five_requests_per_minute_are_allowed[8]")
def doctors_app() -> FastAPI:
    """Misspell the limit, which slowapi only logs."""
    app, limiter = limited(headers_enabled=True)

    @app.get("/doctors")
    @limiter.limit("five per minute")
    async def list_doctors(request: Request, response: Response) -> list[str]:
        return find_doctors()

    return with_health(app)


shared = Limiter(key_func=get_remote_address, headers_enabled=True)


@wrong("5.6.1", caught_by="test_q1_the_limit_holds_for_one_minute")
def doctors_app() -> FastAPI:
    """Store the time of each request: the minute has no beginning."""
    app, limiter = limited(headers_enabled=True, strategy="moving-window")

    @app.get("/doctors")
    @limiter.limit("5/minute")
    async def list_doctors(request: Request, response: Response) -> list[str]:
        return find_doctors()

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_each_application_counts_its_own_requests")
def doctors_app() -> FastAPI:
    """Create the limiter once, at module level."""
    app = FastAPI()
    app.state.limiter = shared
    app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)

    @app.get("/doctors")
    @shared.limit("5/minute")
    async def list_doctors(request: Request, response: Response) -> list[str]:
        return find_doctors()

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_health_has_no_limit")
def doctors_app() -> FastAPI:
    """Limit every endpoint with the middleware."""
    app, limiter = limited(headers_enabled=True, default_limits=["5/minute"])
    app.add_middleware(SlowAPIMiddleware)

    @app.get("/doctors")
    def list_doctors() -> list[str]:
        return find_doctors()

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_five_requests_per_minute_are_allowed[8]")
def doctors_app() -> FastAPI:
    """Rely on default limits, which do not hold for an included router."""
    app, limiter = limited(headers_enabled=True, default_limits=["5/minute"])
    app.add_middleware(SlowAPIMiddleware)
    router = APIRouter()

    @router.get("/doctors")
    def list_doctors() -> list[str]:
        return find_doctors()

    app.include_router(router)
    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_an_error_of_find_doctors_is_not_a_429")
def doctors_app() -> FastAPI:
    """Register the handler for every exception."""
    app, limiter = limited(headers_enabled=True)

    @app.get("/doctors")
    @limiter.limit("5/minute")
    async def list_doctors(request: Request, response: Response) -> list[str]:
        try:
            return find_doctors()
        except Exception:
            return JSONResponse({}, 429)

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_each_request_returns_the_doctors_of_the_moment")
def doctors_app() -> FastAPI:
    """Read the doctors once."""
    app, limiter = limited(headers_enabled=True)

    @functools.cache
    def doctors():
        return find_doctors()

    @app.get("/doctors")
    @limiter.limit("5/minute")
    async def list_doctors(request: Request, response: Response) -> list[str]:
        return doctors()

    return with_health(app)


@wrong("5.6.1", caught_by="test_q1_a_refused_request_does_not_call_find_doctors")
def doctors_app() -> FastAPI:
    """Find the doctors in a dependency, which runs before the limit."""
    app, limiter = limited(headers_enabled=True)

    def doctors() -> list[str]:
        return find_doctors()

    @app.get("/doctors")
    @limiter.limit("5/minute")
    async def list_doctors(
        request: Request,
        response: Response,
        found: Annotated[list[str], Depends(doctors)],
    ) -> list[str]:
        return found

    return with_health(app)


@right("5.6.1")
def doctors_app() -> FastAPI:
    """Use a `def` endpoint in a router, and return a response."""
    app, limiter = limited(headers_enabled=True, key_style="endpoint")
    router = APIRouter()

    @router.get("/doctors")
    @limiter.limit("5 per 1 minute", key_func=lambda request: request.client.host)
    def list_doctors(request: Request):
        return JSONResponse(find_doctors())

    app.include_router(router)
    return with_health(app)


@right("5.6.1")
def doctors_app() -> FastAPI:
    """Write the handler, and take the time from the limiter."""
    app = FastAPI()
    limiter = Limiter(key_func=get_remote_address)

    @app.exception_handler(RateLimitExceeded)
    async def refuse(request: Request, error: RateLimitExceeded):
        item, identifiers = request.state.view_rate_limit
        reset = limiter.limiter.get_window_stats(item, *identifiers).reset_time
        seconds = math.ceil(reset - time.time())
        return JSONResponse({}, 429, {"Retry-After": str(seconds)})

    @app.get("/doctors")
    @limiter.limit(lambda: "5/minute")
    async def list_doctors(request: Request):
        return find_doctors()

    return with_health(app)


@right("5.6.1")
def doctors_app() -> FastAPI:
    """Use default limits and the middleware, and exempt the other endpoint."""
    app, limiter = limited(headers_enabled=True, default_limits=["5/minute"])
    app.add_middleware(SlowAPIMiddleware)

    @app.get("/doctors")
    def list_doctors() -> list[str]:
        return find_doctors()

    @app.get("/health")
    @limiter.exempt
    def health() -> str:
        return "ok"

    return app


@wrong("5.6.2", caught_by="test_q2_a_program_cannot_try_all_pins")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Count by the client address."""
    app = FastAPI()

    @app.post("/login")
    def log_in(login: Login, request: Request) -> dict[str, str]:
        if not limiter.hit(LOGINS, get_remote_address(request)):
            raise HTTPException(429)
        return {"token": open_session(login)}

    return app


@wrong("5.6.2", caught_by="test_q2_a_program_cannot_try_all_pins")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Count by account and client address."""
    app = FastAPI()

    @app.post("/login")
    def log_in(login: Login, request: Request) -> dict[str, str]:
        key = account_of(login.email)
        if not limiter.hit(LOGINS, key, get_remote_address(request)):
            raise HTTPException(429)
        return {"token": open_session(login)}

    return app


@wrong(
    "5.6.2", caught_by="test_q2_all_spellings_of_an_email_are_one_account[spellings]"
)
def login_app(limiter: RateLimiter) -> FastAPI:
    """Count by the email as it was typed in."""
    app = FastAPI()

    @app.post("/login")
    def log_in(login: Login) -> dict[str, str]:
        if not limiter.hit(LOGINS, login.email):
            raise HTTPException(429)
        return {"token": open_session(login)}

    return app


@wrong("5.6.2", caught_by="test_q2_account_of_decides_which_emails_are_one_account")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Write the rule of `account_of` again."""
    app = FastAPI()

    @app.post("/login")
    def log_in(login: Login) -> dict[str, str]:
        if not limiter.hit(LOGINS, login.email.strip().casefold()):
            raise HTTPException(429)
        return {"token": open_session(login)}

    return app


@wrong("5.6.2", caught_by="test_q2_other_accounts_keep_their_limit[ben@example.org]")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Count all attempts together, so that one program locks out everybody."""
    app = FastAPI()

    @app.post("/login")
    def log_in(login: Login) -> dict[str, str]:
        if not limiter.hit(LOGINS, "login"):
            raise HTTPException(429)
        return {"token": open_session(login)}

    return app


@wrong("5.6.2", caught_by="test_q2_every_attempt_counts[right-last]")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Check the PIN first, and count only wrong ones."""
    app = FastAPI()

    @app.post("/login")
    def log_in(login: Login) -> dict[str, str]:
        try:
            return {"token": open_session(login)}
        except HTTPException:
            if not limiter.hit(LOGINS, account_of(login.email)):
                raise HTTPException(429) from None
            raise

    return app


@wrong("5.6.2", caught_by="test_q2_every_attempt_counts[right]")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Test the limit first, and count only wrong PINs."""
    app = FastAPI()

    @app.post("/login")
    def log_in(login: Login) -> dict[str, str]:
        account = account_of(login.email)
        if not limiter.test(LOGINS, account):
            raise HTTPException(429)
        try:
            return {"token": open_session(login)}
        except HTTPException:
            limiter.hit(LOGINS, account)
            raise

    return app


@wrong("5.6.2", caught_by="test_q2_every_attempt_counts[right-first]")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Set the count to 0 after a right PIN."""
    app = FastAPI()

    @app.post("/login")
    def log_in(login: Login) -> dict[str, str]:
        account = account_of(login.email)
        if not limiter.hit(LOGINS, account):
            raise HTTPException(429)
        token = open_session(login)
        limiter.clear(LOGINS, account)
        return {"token": token}

    return app


@wrong("5.6.2", caught_by="test_q2_a_program_cannot_try_all_pins")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Test the limit, and count nothing."""
    app = FastAPI()

    @app.post("/login")
    def log_in(login: Login) -> dict[str, str]:
        if not limiter.test(LOGINS, account_of(login.email)):
            raise HTTPException(429)
        return {"token": open_session(login)}

    return app


@wrong("5.6.2", caught_by="test_q2_a_program_cannot_try_all_pins")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Open the session before the limit decides what the client sees."""
    app = FastAPI()

    @app.post("/login")
    def log_in(login: Login) -> dict[str, str]:
        result = None
        with contextlib.suppress(HTTPException):
            result = open_session(login)
        if not limiter.hit(LOGINS, account_of(login.email)):
            raise HTTPException(429)
        if result is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        return {"token": result}

    return app


@wrong("5.6.2", caught_by="test_q2_all_spellings_of_an_email_are_one_account[unknown]")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Count only for accounts that exist, which tells who has one."""
    app = FastAPI()

    @app.post("/login")
    def log_in(login: Login) -> dict[str, str]:
        account = account_of(login.email)
        if account in PINS and not limiter.hit(LOGINS, account):
            raise HTTPException(429)
        return {"token": open_session(login)}

    return app


@wrong("5.6.2", caught_by="test_q2_the_given_limiter_counts")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Count with a limiter of its own."""
    app = FastAPI()
    own = FixedWindowRateLimiter(MemoryStorage())

    @app.post("/login")
    def log_in(login: Login) -> dict[str, str]:
        if not own.hit(LOGINS, account_of(login.email)):
            raise HTTPException(429)
        return {"token": open_session(login)}

    return app


@wrong("5.6.2", caught_by="test_q2_the_limit_holds_for_one_minute")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Write another limit."""
    app = FastAPI()

    @app.post("/login")
    def log_in(login: Login) -> dict[str, str]:
        if not limiter.hit(parse("5/hour"), account_of(login.email)):
            raise HTTPException(429)
        return {"token": open_session(login)}

    return app


@wrong("5.6.2", caught_by="test_q2_another_error_is_not_a_refusal")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Turn every error of `open_session` into a 401."""
    app = FastAPI()

    @app.post("/login")
    def log_in(login: Login) -> dict[str, str]:
        if not limiter.hit(LOGINS, account_of(login.email)):
            raise HTTPException(429)
        try:
            return {"token": open_session(login)}
        except Exception:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from None

    return app


@wrong("5.6.2", caught_by="test_q2_a_program_cannot_try_all_pins")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Count an attempt twice: in the test and in the hit."""
    app = FastAPI()

    @app.post("/login")
    def log_in(login: Login) -> dict[str, str]:
        account = account_of(login.email)
        limiter.hit(LOGINS, account)
        if not limiter.hit(LOGINS, account):
            raise HTTPException(429)
        return {"token": open_session(login)}

    return app


@right("5.6.2")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Count in a dependency, which reads the same body."""
    app = FastAPI()

    def limit(login: Login) -> None:
        if not limiter.hit(LOGINS, "login", account_of(login.email)):
            raise HTTPException(429, headers={"Retry-After": "60"})

    @app.post("/login", dependencies=[Depends(limit)])
    async def log_in(login: Login):
        return {"token": open_session(login)}

    return app


@right("5.6.2")
def login_app(limiter: RateLimiter) -> FastAPI:
    """Return the refusal as a response."""
    app = FastAPI()

    @app.post("/login")
    async def log_in(login: Login):
        account = account_of(login.email)
        if limiter.hit(LOGINS, account):
            return {"token": open_session(login)}
        return JSONResponse({"detail": "Later."}, status_code=429)

    return app


@wrong("5.6.3", caught_by="test_q3_the_turn_of_a_minute_does_not_double_the_limit[10]")
class SlidingCounter(FixedWindow):
    """Take the fixed window."""


@wrong("5.6.3", caught_by="test_q3_the_memory_does_not_grow_with_the_requests")
class SlidingCounter:
    """Compute the estimate from all times."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.times = defaultdict(list)

    def allow(self, client: str, now: float) -> bool:
        minute = now // 60
        if len(self.times[client]) % 1000 == 0:
            self.times[client] = [
                one for one in self.times[client] if one // 60 >= minute - 1
            ]
        # Only the sums matter, and the list is kept for them.
        counts = getattr(self, "counts", None) or {}
        known, previous, current = counts.get(client, (minute, 0, 0))
        if known != minute:
            previous, current = (current if known == minute - 1 else 0), 0
        allowed = previous * (1 - now % 60 / 60) + current + 1 <= self.limit
        if allowed:
            current += 1
            self.times[client].append(now)
        self.counts = {**counts, client: (minute, previous, current)}
        return allowed


def sliding(
    *,
    share=lambda now: 1 - now % 60 / 60,
    allows=lambda estimate, limit: estimate + 1 <= limit,
    counts_refused=False,
    keeps_old=False,
    forgets=True,
):
    """Return a class like the solution's, with one thing changed."""

    class Changed:
        def __init__(self, limit: int) -> None:
            self.limit = limit
            self.counts = {}

        def allow(self, client: str, now: float) -> bool:
            minute = int(now // 60)
            known, previous, current = self.counts.get(client, (minute, 0, 0))
            if known != minute:
                is_near = keeps_old or known == minute - 1
                previous, current = (current if is_near else 0), 0
            allowed = allows(previous * share(now) + current, self.limit)
            if allowed or counts_refused:
                current += 1
            self.counts[client] = (minute, previous, current)
            if forgets:
                self.counts = (
                    {
                        one: entry
                        for one, entry in self.counts.items()
                        if entry[0] >= minute - 1
                    }
                    if minute != getattr(self, "minute", None)
                    else self.counts
                )
                self.minute = minute
            return allowed

    return Changed


@wrong("5.6.3", caught_by="test_q3_the_previous_minute_counts_with_its_share[20-15]")
class SlidingCounter(sliding(share=lambda now: now % 60 / 60)):
    """Take the part of this minute for the share."""


@wrong("5.6.3", caught_by="test_q3_the_previous_minute_counts_with_its_share[8-30]")
class SlidingCounter(sliding(share=lambda now: 1)):
    """Count the previous minute as a whole."""


@wrong("5.6.3", caught_by="test_q3_the_example_of_the_docstring_holds")
class SlidingCounter(sliding(allows=lambda estimate, limit: estimate < limit)):
    """Compare the estimate without this request."""


@wrong("5.6.3", caught_by="test_q3_the_example_of_the_docstring_holds")
class SlidingCounter(sliding(allows=lambda estimate, limit: estimate + 1 < limit)):
    """Allow one request less than the limit."""


@wrong("5.6.3", caught_by="test_q3_the_previous_minute_counts_with_its_share[8-7.5]")
class SlidingCounter(sliding(share=lambda now: 1 - now % 60 // 15 / 4)):
    """Round the share down to quarters."""


@wrong("5.6.3", caught_by="test_q3_refused_requests_do_not_count")
class SlidingCounter(sliding(counts_refused=True)):
    """Count refused requests as well."""


@wrong(
    "5.6.3", caught_by="test_q3_a_minute_before_the_previous_one_does_not_count[120]"
)
class SlidingCounter(sliding(keeps_old=True)):
    """Take the last minute with requests for the previous one."""


@wrong("5.6.3", caught_by="test_q3_clients_that_left_are_forgotten[2]")
class SlidingCounter(sliding(forgets=False)):
    """Keep the counts of all clients."""


@wrong("5.6.3", caught_by="test_q3_each_client_has_its_own_counts[ben]")
class SlidingCounter(sliding()):
    """Count all clients together."""

    def allow(self, client: str, now: float) -> bool:
        return super().allow("all", now)


@wrong("5.6.3", caught_by="test_q3_two_counters_share_nothing")
class SlidingCounter:
    """Keep the counts in the class."""

    minute = 0
    previous = Counter()
    current = Counter()

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def allow(self, client: str, now: float) -> bool:
        cls, minute = SlidingCounter, int(now // 60)
        if minute != cls.minute:
            cls.previous = cls.current if minute == cls.minute + 1 else Counter()
            cls.minute, cls.current = minute, Counter()
        estimate = cls.previous[client] * (1 - now % 60 / 60) + cls.current[client]
        if estimate + 1 > self.limit:
            return False
        cls.current[client] += 1
        return True


@wrong("5.6.3", caught_by="test_q3_clients_that_left_are_forgotten[1-2]")
class SlidingCounter:
    """Add the new counts to the previous ones."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.minute = 0
        self.previous, self.current = Counter(), Counter()

    def allow(self, client: str, now: float) -> bool:
        minute = int(now // 60)
        if minute == self.minute + 1:
            for one in {*self.previous, *self.current}:
                self.previous[one] = self.current[one]
            self.current = Counter()
        elif minute != self.minute:
            self.previous, self.current = Counter(), Counter()
        self.minute = minute
        estimate = self.previous[client] * (1 - now % 60 / 60) + self.current[client]
        if estimate + 1 > self.limit:
            return False
        self.current[client] += 1
        return True


@wrong("5.6.3", caught_by="test_q3_refused_clients_are_forgotten_as_well")
class SlidingCounter:
    """Note every client that was refused."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.refused = set()
        self.counter = sliding()(limit)

    def allow(self, client: str, now: float) -> bool:
        allowed = self.counter.allow(client, now)
        if not allowed:
            self.refused.add(client)
        return allowed


@right("5.6.3")
class SlidingCounter(sliding()):
    """Store one entry for a client, and clean up once a minute."""


@right("5.6.3")
class SlidingCounter:
    """Store a dict of counts for each of the two minutes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.minutes: dict[int, dict[str, int]] = {}

    def allow(self, client: str, now: float) -> bool:
        minute, second = divmod(now, 60)
        self.minutes = {one: self.minutes.get(one, {}) for one in (minute - 1, minute)}
        previous = self.minutes[minute - 1].get(client, 0)
        current = self.minutes[minute].get(client, 0)
        if previous * (60 - second) / 60 + current > self.limit - 1:
            return False
        self.minutes[minute][client] = current + 1
        return True


def closing(store):
    """Return an application that closes the store when it shuts down."""

    @asynccontextmanager
    async def lifespan(app):
        yield
        await store.aclose()

    return FastAPI(lifespan=lifespan)


@wrong("5.6.4", caught_by="test_q4_every_key_expires_at_every_moment[watch]")
def codes_app(store: Redis) -> FastAPI:
    """Count, and set the expiry with the next command."""
    app = closing(store)

    @app.post("/codes", status_code=202)
    async def request_code(phone: Phone) -> None:
        key = f"codes:{phone.number}"
        try:
            count = await store.incr(key)
            if count == 1:
                await store.expire(key, 60)
            rest = await store.ttl(key)
        except RedisError:
            raise HTTPException(503) from None
        if count > 3:
            raise too_many_requests(rest)
        await send_code(phone.number)

    return app


@wrong("5.6.4", caught_by="test_q4_every_key_expires_at_every_moment[expire]")
def codes_app(store: Redis) -> FastAPI:
    """Create the key with an expiry, and count with the next command."""
    app = closing(store)

    @app.post("/codes", status_code=202)
    async def request_code(phone: Phone) -> None:
        key = f"codes:{phone.number}"
        try:
            await store.set(key, 0, ex=60, nx=True)
            count = await store.incr(key)
            rest = await store.pttl(key)
        except RedisError:
            raise HTTPException(503) from None
        if count > 3:
            raise too_many_requests(rest / 1000)
        await send_code(phone.number)

    return app


@wrong("5.6.4", caught_by="test_q4_every_key_expires_at_every_moment[expire]")
def codes_app(store: Redis) -> FastAPI:
    """Send the commands together, but not as a transaction."""
    return counted(store, key=lambda one: f"codes:{one}", transaction=False)


@wrong("5.6.4", caught_by="test_q4_further_requests_do_not_begin_a_new_minute")
def codes_app(store: Redis) -> FastAPI:
    """Set the expiry again with each request."""
    app = closing(store)

    @app.post("/codes", status_code=202)
    async def request_code(phone: Phone) -> None:
        key = f"codes:{phone.number}"
        try:
            async with store.pipeline() as pipe:
                pipe.incr(key)
                pipe.expire(key, 60)
                count, _ = await pipe.execute()
        except RedisError:
            raise HTTPException(503) from None
        if count > 3:
            raise too_many_requests(60)
        await send_code(phone.number)

    return app


@wrong("5.6.4", caught_by="test_q4_a_refusal_says_when_the_key_expires[20]")
def codes_app(store: Redis) -> FastAPI:
    """Always name 60 seconds."""
    app = closing(store)

    @app.post("/codes", status_code=202)
    async def request_code(phone: Phone) -> None:
        key = f"codes:{phone.number}"
        try:
            async with store.pipeline() as pipe:
                pipe.incr(key)
                pipe.expire(key, 60, nx=True)
                count, _ = await pipe.execute()
        except RedisError:
            raise HTTPException(503) from None
        if count > 3:
            raise too_many_requests(60)
        await send_code(phone.number)

    return app


@wrong("5.6.4", caught_by="test_q4_requests_at_the_same_time_are_counted")
def codes_app(store: Redis) -> FastAPI:
    """Read the count, decide, and write it."""
    app = closing(store)

    @app.post("/codes", status_code=202)
    async def request_code(phone: Phone) -> None:
        key = f"codes:{phone.number}"
        try:
            count = int(await store.get(key) or 0)
            if count >= 3:
                raise too_many_requests(await store.ttl(key))
            if count == 0:
                await store.set(key, 1, ex=60)
            else:
                await store.incr(key)
        except RedisError:
            raise HTTPException(503) from None
        await send_code(phone.number)

    return app


locks = defaultdict(asyncio.Lock)


@wrong("5.6.4", caught_by="test_q4_requests_at_the_same_time_are_counted")
def codes_app(store: Redis) -> FastAPI:
    """Protect reading and writing with a lock of the process."""
    app = closing(store)
    lock = asyncio.Lock()

    @app.post("/codes", status_code=202)
    async def request_code(phone: Phone) -> None:
        key = f"codes:{phone.number}"
        async with lock:
            try:
                count = int(await store.get(key) or 0)
                if count >= 3:
                    raise too_many_requests(await store.ttl(key))
                if count == 0:
                    await store.set(key, 1, ex=60)
                else:
                    await store.incr(key)
            except RedisError:
                raise HTTPException(503) from None
        await send_code(phone.number)

    return app


@wrong("5.6.4", caught_by="test_q4_two_processes_count_together")
def codes_app(store: Redis) -> FastAPI:
    """Count in the process."""
    app, counts = closing(store), Counter()

    @app.post("/codes", status_code=202)
    async def request_code(phone: Phone) -> None:
        counts[phone.number] += 1
        if counts[phone.number] > 3:
            raise too_many_requests(60)
        await send_code(phone.number)

    return app


def counted(
    store,
    *,
    key,
    broken=RedisError,
    status=503,
    before=False,
    transaction=True,
    address=lambda request: "",
):
    """Return an application that counts as the solution does."""
    app = closing(store)

    @app.post("/codes", status_code=202)
    async def request_code(phone: Phone, request: Request) -> None:
        name = key(phone.number) + address(request)
        if before:
            await send_code(phone.number)
        try:
            async with store.pipeline(transaction) as pipe:
                pipe.set(name, 0, ex=60, nx=True)
                pipe.incr(name)
                pipe.pttl(name)
                _, count, rest = await pipe.execute()
        except broken:
            if status is None:
                count, rest = 0, 0
            else:
                raise HTTPException(status) from None
        if count > 3:
            raise too_many_requests(rest / 1000)
        if not before:
            await send_code(phone.number)

    return app


@wrong("5.6.4", caught_by="test_q4_each_number_has_its_own_key[+4691234567]")
def codes_app(store: Redis) -> FastAPI:
    """Use one key for all numbers."""
    return counted(store, key=lambda number: "codes")


@wrong("5.6.4", caught_by="test_q4_each_number_has_its_own_key[+47912345678]")
def codes_app(store: Redis) -> FastAPI:
    """Cut the number to a fixed length."""
    return counted(store, key=lambda number: f"codes:{number[:11]}")


@wrong("5.6.4", caught_by="test_q4_another_address_does_not_give_a_new_limit")
def codes_app(store: Redis) -> FastAPI:
    """Count a number apart for each client address."""
    return counted(
        store, key=lambda number: f"codes:{number}", address=get_remote_address
    )


@wrong("5.6.4", caught_by="test_q4_three_codes_are_sent_to_a_number[+4791234567]")
def codes_app(store: Redis) -> FastAPI:
    """Send the code before the count decides."""
    return counted(store, key=lambda number: f"codes:{number}", before=True)


@wrong("5.6.4", caught_by="test_q4_without_a_count_no_code_is_sent[silent_server]")
def codes_app(store: Redis) -> FastAPI:
    """Catch only a connection that fails."""
    return counted(store, key=lambda one: f"codes:{one}", broken=RedisConnectionError)


@wrong("5.6.4", caught_by="test_q4_a_redis_that_goes_away_is_a_503")
def codes_app(store: Redis) -> FastAPI:
    """Let the request through while Redis is down."""
    return counted(store, key=lambda number: f"codes:{number}", status=None)


@wrong("5.6.4", caught_by="test_q4_a_redis_that_goes_away_is_a_503")
def codes_app(store: Redis) -> FastAPI:
    """Return 429 while Redis is down."""
    return counted(store, key=lambda number: f"codes:{number}", status=429)


@wrong("5.6.4", caught_by="test_q4_an_error_of_send_code_is_not_a_503[RuntimeError]")
def codes_app(store: Redis) -> FastAPI:
    """Put everything into the `try`, with every exception."""
    app = closing(store)

    @app.post("/codes", status_code=202)
    async def request_code(phone: Phone) -> None:
        key = f"codes:{phone.number}"
        try:
            async with store.pipeline() as pipe:
                pipe.set(key, 0, ex=60, nx=True)
                pipe.incr(key)
                pipe.pttl(key)
                _, count, rest = await pipe.execute()
            if count > 3:
                raise too_many_requests(rest / 1000)
            await send_code(phone.number)
        except HTTPException:
            raise
        except Exception:
            raise HTTPException(503) from None

    return app


@wrong("5.6.4", caught_by="test_q4_three_codes_are_sent_to_a_number[+15550100]")
def codes_app(store: Redis) -> FastAPI:
    """Refuse the third request."""
    app = closing(store)

    @app.post("/codes", status_code=202)
    async def request_code(phone: Phone) -> None:
        key = f"codes:{phone.number}"
        try:
            async with store.pipeline() as pipe:
                pipe.set(key, 1, ex=60, nx=True)
                pipe.incr(key)
                pipe.pttl(key)
                _, count, rest = await pipe.execute()
        except RedisError:
            raise HTTPException(503) from None
        if count > 3:
            raise too_many_requests(rest / 1000)
        await send_code(phone.number)

    return app


@wrong("5.6.4", caught_by="test_q4_the_limit_starts_again_when_the_key_has_expired")
def codes_app(store: Redis) -> FastAPI:
    """Remember in the process who was refused."""
    app, refused = counted(store, key=lambda number: f"codes:{number}"), set()
    inner = app.router.routes[-1].endpoint
    app = closing(store)

    @app.post("/codes", status_code=202)
    async def request_code(phone: Phone, request: Request) -> None:
        if phone.number in refused:
            raise too_many_requests(await store.ttl(f"codes:{phone.number}"))
        try:
            await inner(phone, request)
        except HTTPException as error:
            if error.status_code == 429:
                refused.add(phone.number)
            raise

    return app


@wrong("5.6.4", caught_by="test_q4_three_codes_are_sent_to_a_number[+4791234567]")
def codes_app(store: Redis) -> FastAPI:
    """Forget to await `send_code`."""
    app = closing(store)

    @app.post("/codes", status_code=202)
    async def request_code(phone: Phone) -> None:
        key = f"codes:{phone.number}"
        try:
            async with store.pipeline() as pipe:
                pipe.set(key, 0, ex=60, nx=True)
                pipe.incr(key)
                pipe.pttl(key)
                _, count, rest = await pipe.execute()
        except RedisError:
            raise HTTPException(503) from None
        if count > 3:
            raise too_many_requests(rest / 1000)
        send_code(phone.number).close()

    return app


SCRIPT = """
local count = redis.call("INCR", KEYS[1])
if count == 1 then redis.call("EXPIRE", KEYS[1], ARGV[1]) end
return {count, redis.call("TTL", KEYS[1])}
"""


@right("5.6.4")
def codes_app(store: Redis) -> FastAPI:
    """Count in a script, which Redis runs in one step."""
    app = closing(store)
    script = store.register_script(SCRIPT)

    async def limit(phone: Phone) -> None:
        try:
            count, rest = await script(keys=[phone.number], args=[60])
        except RedisError:
            raise HTTPException(503) from None
        if count > 3:
            raise too_many_requests(rest)

    @app.post("/codes", status_code=202, dependencies=[Depends(limit)])
    async def request_code(phone: Phone):
        await send_code(phone.number)
        return {"sent_to": phone.number}

    return app


@right("5.6.4")
def codes_app(store: Redis) -> FastAPI:
    """Increment, and set the expiry only if there is none."""
    app = closing(store)

    @app.post("/codes")
    async def request_code(phone: Phone):
        async with contextlib.AsyncExitStack() as stack:
            try:
                pipe = await stack.enter_async_context(store.pipeline())
                await (
                    pipe.incr(f"sms/{phone.number}")
                    .expire(f"sms/{phone.number}", 60, nx=True)
                    .ttl(f"sms/{phone.number}")
                )
                count, _, rest = await pipe.execute()
            except RedisError:
                return JSONResponse({}, 503)
        if count > 3:
            raise too_many_requests(rest)
        await send_code(phone.number)
        return Response(status_code=202)

    return app


def predicted(**changes):
    """Return the right predictions, with these changed."""
    right = {
        "memory": 20,
        "redis": 10,
        "memory, restart": 10,
        "redis, restart": 0,
        "redis, data lost": 10,
        "redis, other service": 0,
    }
    return right | {
        key.replace("__", ", ").replace("_", " "): value
        for key, value in changes.items()
    }


@wrong("5.6.5", caught_by="test_q5_a_prediction_is_what_the_run_shows[memory]")
def predictions() -> dict[str, int]:
    """Believe that the processes share their memory."""
    return predicted(memory=10)


@wrong("5.6.5", caught_by="test_q5_a_prediction_is_what_the_run_shows[redis]")
def predictions() -> dict[str, int]:
    """Believe that Redis counts for each process."""
    return predicted(redis=20)


@wrong("5.6.5", caught_by="test_q5_a_prediction_is_what_the_run_shows[memory, restart]")
def predictions() -> dict[str, int]:
    """Believe that a restart of one process changes nothing."""
    return predicted(memory__restart=0)


@wrong("5.6.5", caught_by="test_q5_a_prediction_is_what_the_run_shows[memory, restart]")
def predictions() -> dict[str, int]:
    """Believe that both processes lose their counts."""
    return predicted(memory__restart=20)


@wrong("5.6.5", caught_by="test_q5_a_prediction_is_what_the_run_shows[redis, restart]")
def predictions() -> dict[str, int]:
    """Believe that the count in Redis ends with the process."""
    return predicted(redis__restart=10)


@wrong(
    "5.6.5", caught_by="test_q5_a_prediction_is_what_the_run_shows[redis, data lost]"
)
def predictions() -> dict[str, int]:
    """Believe that Redis always keeps its data."""
    return predicted(redis__data_lost=0)


@wrong(
    "5.6.5",
    caught_by="test_q5_a_prediction_is_what_the_run_shows[redis, other service]",
)
def predictions() -> dict[str, int]:
    """Believe that each service has its own counts in Redis."""
    return predicted(redis__other_service=10)


@wrong("5.6.5", caught_by="test_q5_a_prediction_is_what_the_run_shows[redis, restart]")
def predictions() -> dict[str, int]:
    """Write a boolean for the number."""
    return predicted(redis__restart=False)


@right("5.6.5")
def predictions() -> dict[str, int]:
    """Compute the numbers."""
    limit, processes = 10, 2
    return predicted(memory=limit * processes, redis=limit)


@right("5.6.5")
def predictions() -> dict[str, int]:
    """Build the dict with keywords."""
    return dict(sorted(predicted().items()))


def with_slots(limit):
    """Return an application whose endpoint depends on `limit`."""
    app = FastAPI()

    @app.get("/slots", dependencies=[Depends(limit)])
    def list_slots() -> list[str]:
        return ["Monday 9:00", "Monday 9:20"]

    return app


def clean(blocked):
    """Delete the addresses whose time is over."""
    for other in [one for one, end in blocked.items() if end <= now()]:
        del blocked[other]


@wrong("5.6.6", caught_by="test_q6_a_flood_does_not_reach_redis")
def slots_app(count, blocked) -> FastAPI:
    """Count first, and look into `blocked` then."""

    async def limit_requests(request: Request) -> None:
        address = get_remote_address(request)
        try:
            async with asyncio.timeout(PATIENCE):
                window = await count(address)
        except (TimeoutError, RedisError):
            return
        rest = blocked.get(address, 0.0) - now()
        if rest > 0:
            raise too_many_requests(rest)
        if window.requests > LIMIT:
            clean(blocked)
            blocked[address] = now() + window.seconds_left
            raise too_many_requests(window.seconds_left)

    return with_slots(limit_requests)


@wrong("5.6.6", caught_by="test_q6_a_refused_address_is_stored_until_its_window_ends")
def slots_app(count, blocked) -> FastAPI:
    """Refuse a blocked address for ever."""

    async def limit_requests(request: Request) -> None:
        address = get_remote_address(request)
        if address in blocked:
            raise too_many_requests(blocked[address] - now())
        try:
            async with asyncio.timeout(PATIENCE):
                window = await count(address)
        except (TimeoutError, RedisError):
            return
        if window.requests > LIMIT:
            clean(blocked)
            blocked[address] = now() + window.seconds_left
            raise too_many_requests(window.seconds_left)

    return with_slots(limit_requests)


def stepwise(
    count,
    blocked,
    *,
    is_over=lambda requests: requests > LIMIT,
    cleans=clean,
    errors=(TimeoutError, RedisError),
    patience=0.2,
    until=lambda window: now() + window.seconds_left,
    key=get_remote_address,
    is_blocked=lambda end: end > now(),
    rest=lambda end: end - now(),
    failing=None,
):
    """Return the solution's application, with one thing changed."""

    async def limit_requests(request: Request) -> None:
        address = key(request)
        end = blocked.get(address, 0.0)
        if is_blocked(end):
            raise too_many_requests(rest(end))
        try:
            async with asyncio.timeout(patience):
                window = await count(address)
        except errors:
            if failing:
                raise HTTPException(failing) from None
            return
        if is_over(window.requests):
            cleans(blocked)
            blocked[address] = until(window)
            raise too_many_requests(window.seconds_left)

    return with_slots(limit_requests)


@wrong("5.6.6", caught_by="test_q6_more_than_limit_requests_are_refused[20]")
def slots_app(count, blocked) -> FastAPI:
    """Refuse the request that reaches the limit."""
    return stepwise(count, blocked, is_over=lambda requests: requests >= LIMIT)


@wrong("5.6.6", caught_by="test_q6_more_than_limit_requests_are_refused[500]")
def slots_app(count, blocked) -> FastAPI:
    """Refuse only the first request over the limit."""
    return stepwise(count, blocked, is_over=lambda requests: requests == LIMIT + 1)


@wrong("5.6.6", caught_by="test_q6_addresses_whose_time_is_over_are_deleted")
def slots_app(count, blocked) -> FastAPI:
    """Delete nothing, so that the dict grows for ever."""
    return stepwise(count, blocked, cleans=lambda blocked: None)


@wrong("5.6.6", caught_by="test_q6_addresses_whose_time_is_over_are_deleted")
def slots_app(count, blocked) -> FastAPI:
    """Delete all addresses."""
    return stepwise(count, blocked, cleans=lambda blocked: blocked.clear())


@wrong(
    "5.6.6", caught_by="test_q6_a_redis_error_allows_the_request[redis-ResponseError]"
)
def slots_app(count, blocked) -> FastAPI:
    """Catch only a connection that fails."""
    return stepwise(count, blocked, errors=(TimeoutError, RedisConnectionError))


@wrong("5.6.6", caught_by="test_q6_a_redis_error_allows_the_request[redis-RedisError]")
def slots_app(count, blocked) -> FastAPI:
    """Return 503 while Redis is down."""
    return stepwise(count, blocked, failing=503)


@wrong("5.6.6", caught_by="test_q6_another_error_of_count_is_not_caught[KeyError]")
def slots_app(count, blocked) -> FastAPI:
    """Catch every exception."""
    return stepwise(count, blocked, errors=Exception)


@wrong("5.6.6", caught_by="test_q6_another_error_of_count_is_not_caught[OSError]")
def slots_app(count, blocked) -> FastAPI:
    """Catch the base class of TimeoutError, which has other subclasses, too."""
    return stepwise(count, blocked, errors=(OSError, RedisError))


@wrong("5.6.6", caught_by="test_q6_a_request_that_is_cancelled_stays_cancelled")
def slots_app(count, blocked) -> FastAPI:
    """Take a cancelled request for a slow count."""
    errors = (TimeoutError, RedisError, asyncio.CancelledError)
    return stepwise(count, blocked, errors=errors)


@wrong("5.6.6", caught_by="test_q6_a_slow_count_allows_the_request")
def slots_app(count, blocked) -> FastAPI:
    """Wait as long as it takes."""
    return stepwise(count, blocked, patience=None)


@wrong("5.6.6", caught_by="test_q6_a_refused_address_is_stored_until_its_window_ends")
def slots_app(count, blocked) -> FastAPI:
    """Block for a whole minute."""
    return stepwise(count, blocked, until=lambda window: now() + 60)


@wrong("5.6.6", caught_by="test_q6_a_refused_address_is_stored_until_its_window_ends")
def slots_app(count, blocked) -> FastAPI:
    """Store the rest of the time instead of the end."""
    return stepwise(count, blocked, until=lambda window: window.seconds_left)


@wrong("5.6.6", caught_by="test_q6_a_refused_address_is_stored_until_its_window_ends")
def slots_app(count, blocked) -> FastAPI:
    """Use another clock."""
    return stepwise(
        count, blocked, until=lambda window: time.monotonic() + window.seconds_left
    )


@wrong("5.6.6", caught_by="test_q6_a_refused_address_is_stored_until_its_window_ends")
def slots_app(count, blocked) -> FastAPI:
    """Still refuse when the time is over."""
    return stepwise(count, blocked, is_blocked=lambda end: end >= now())


@wrong("5.6.6", caught_by="test_q6_an_address_in_blocked_is_refused")
def slots_app(count, blocked) -> FastAPI:
    """Name a minute in each refusal."""
    return stepwise(count, blocked, rest=lambda end: 60)


@wrong(
    "5.6.6", caught_by="test_q6_each_address_is_counted_and_refused_alone[2001:db8::7]"
)
def slots_app(count, blocked) -> FastAPI:
    """Use one key for all clients."""
    return stepwise(count, blocked, key=lambda request: "all")


@wrong("5.6.6", caught_by="test_q6_a_header_is_not_the_client_address[X-Real-IP]")
def slots_app(count, blocked) -> FastAPI:
    """Take the address from a header if the client sends one."""

    def key(request: Request) -> str:
        return request.headers.get("X-Real-IP") or get_remote_address(request)

    return stepwise(count, blocked, key=key)


@wrong("5.6.6", caught_by="test_q6_an_address_in_blocked_is_refused")
def slots_app(count, blocked) -> FastAPI:
    """Start with a dict of its own."""
    return stepwise(count, {})


@wrong("5.6.6", caught_by="test_q6_a_blocked_address_stays_refused_without_redis")
def slots_app(count, blocked) -> FastAPI:
    """Allow blocked addresses, too, while Redis is down."""

    async def limit_requests(request: Request) -> None:
        address = get_remote_address(request)
        rest = blocked.get(address, 0.0) - now()
        try:
            async with asyncio.timeout(PATIENCE):
                window = await count(address)
        except (TimeoutError, RedisError):
            return
        if rest > 0:
            raise too_many_requests(rest)
        if window.requests > LIMIT:
            clean(blocked)
            blocked[address] = now() + window.seconds_left
            raise too_many_requests(window.seconds_left)

    return with_slots(limit_requests)


@wrong("5.6.6", caught_by="test_q6_an_allowed_address_is_not_stored")
def slots_app(count, blocked) -> FastAPI:
    """Clean up and store at the request that uses up the limit."""

    async def limit_requests(request: Request) -> None:
        address = get_remote_address(request)
        rest = blocked.get(address, 0.0) - now()
        if rest > 0:
            raise too_many_requests(rest)
        try:
            async with asyncio.timeout(PATIENCE):
                window = await count(address)
        except (TimeoutError, RedisError):
            return
        if window.requests >= LIMIT:
            clean(blocked)
            blocked[address] = now() + window.seconds_left
        if window.requests > LIMIT:
            raise too_many_requests(window.seconds_left)

    return with_slots(limit_requests)


@wrong(
    "5.6.6", caught_by="test_q6_a_redis_error_allows_the_request[redis-TimeoutError]"
)
def slots_app(count, blocked) -> FastAPI:
    """Do not count for a while after an error."""
    failed = []

    async def limit_requests(request: Request) -> None:
        address = get_remote_address(request)
        rest = blocked.get(address, 0.0) - now()
        if rest > 0:
            raise too_many_requests(rest)
        if failed:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                window = await count(address)
        except (TimeoutError, RedisError):
            failed.append(address)
            return
        if window.requests > LIMIT:
            clean(blocked)
            blocked[address] = now() + window.seconds_left
            raise too_many_requests(window.seconds_left)

    return with_slots(limit_requests)


@right("5.6.6")
def slots_app(count, blocked) -> FastAPI:
    """Use `wait_for`, and a class whose object is the dependency."""

    class Limit:
        async def __call__(self, request: Request) -> None:
            address = request.client.host
            if (end := blocked.get(address)) is not None and now() < end:
                raise too_many_requests(end - now())
            with contextlib.suppress(TimeoutError, RedisError):
                window = await asyncio.wait_for(count(address), PATIENCE)
                if window.requests > LIMIT:
                    self.block(address, window.seconds_left)

        def block(self, address, seconds):
            kept = {one: end for one, end in blocked.items() if end > now()}
            blocked.clear()
            blocked.update(kept)
            blocked[address] = now() + seconds
            raise too_many_requests(seconds)

    return with_slots(Limit())


@right("5.6.6")
def slots_app(count, blocked) -> FastAPI:
    """Let a function count, which returns None if Redis does not respond."""

    async def window_of(address):
        try:
            return await asyncio.wait_for(count(address), timeout=PATIENCE)
        except (asyncio.TimeoutError, RedisError):
            return None

    async def limit_requests(address: Annotated[str, Depends(get_remote_address)]):
        moment = now()
        if blocked.get(address, moment) > moment:
            raise too_many_requests(blocked[address] - moment)
        window = await window_of(address)
        if window is None or window.requests <= LIMIT:
            return
        moment = now()
        for other, end in list(blocked.items()):
            if end <= moment:
                blocked.pop(other)
        blocked[address] = moment + window.seconds_left
        raise too_many_requests(window.seconds_left)

    return with_slots(limit_requests)
