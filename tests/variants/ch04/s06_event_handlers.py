"""Other answers to section 4.6."""

import functools
from contextlib import AsyncExitStack, closing

from fastapi.concurrency import run_in_threadpool

from sensei.variants import right, wrong


@wrong(
    "4.6.1", caught_by="test_q1_the_database_is_opened_once_when_the_application_starts"
)
def books_app(url):
    """Open the database when the application is created."""
    app = FastAPI()
    app.state.engine = open_database(url)
    app.include_router(books)
    return app


@wrong(
    "4.6.1", caught_by="test_q1_the_database_is_opened_once_when_the_application_starts"
)
def books_app(url):
    """Open the database before the lifespan function runs."""
    engine = open_database(url)

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.engine = engine
        yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(books)
    return app


@wrong(
    "4.6.1", caught_by="test_q1_the_database_is_opened_once_when_the_application_starts"
)
def books_app(url):
    """Open the database in each request."""
    app = FastAPI()

    @app.middleware("http")
    async def open_first(request: Request, call_next):
        app.state.engine = open_database(url)
        return await call_next(request)

    app.include_router(books)
    return app


@wrong(
    "4.6.1", caught_by="test_q1_the_database_is_opened_once_when_the_application_starts"
)
def books_app(url):
    """Open the database in the first request."""
    app = FastAPI()

    @app.middleware("http")
    async def open_first(request: Request, call_next):
        if not hasattr(app.state, "engine"):
            app.state.engine = open_database(url)
        return await call_next(request)

    app.include_router(books)
    return app


@wrong("4.6.1", caught_by="test_q1_the_endpoint_counts_the_books_in_the_database")
def books_app(url):
    """Write a lifespan function, and do not pass it to the application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.engine = open_database(url)
        yield

    app = FastAPI()
    app.include_router(books)
    return app


@wrong("4.6.1", caught_by="test_q1_the_endpoint_counts_the_books_in_the_database")
def books_app(url):
    """Forget the `yield`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.engine = open_database(url)

    app = FastAPI(lifespan=lifespan)
    app.include_router(books)
    return app


@wrong("4.6.1", caught_by="test_q1_the_endpoint_counts_the_books_in_the_database")
def books_app(url):
    """Open the database after `yield`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        yield
        app.state.engine = open_database(url)

    app = FastAPI(lifespan=lifespan)
    app.include_router(books)
    return app


@wrong("4.6.1", caught_by="test_q1_the_endpoint_counts_the_books_in_the_database")
def books_app(url):
    """Keep the engine in a local variable."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        engine = open_database(url)
        yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(books)
    return app


@wrong("4.6.1", caught_by="test_q1_the_endpoint_counts_the_books_in_the_database")
def books_app(url):
    """Yield the engine as state of the lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        yield {"engine": open_database(url)}

    app = FastAPI(lifespan=lifespan)
    app.include_router(books)
    return app


@wrong("4.6.1", caught_by="test_q1_the_endpoint_counts_the_books_in_the_database")
def books_app(url):
    """Forget the router."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.engine = open_database(url)
        yield

    return FastAPI(lifespan=lifespan)


@wrong("4.6.1", caught_by="test_q1_each_start_opens_the_database_of_its_application")
def books_app(url):
    """Open the database at the first start only."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        if not hasattr(app.state, "engine"):
            app.state.engine = open_database(url)
        yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(books)
    return app


@wrong("4.6.1", caught_by="test_q1_each_start_opens_the_database_of_its_application")
def books_app(url):
    """Write the URL into the code."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.engine = open_database("sqlite:///shop.db")
        yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(books)
    return app


@wrong("4.6.1", caught_by="test_q1_without_a_database_the_application_does_not_start")
def books_app(url):
    """Start without a database."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        try:
            app.state.engine = open_database(url)
        except Exception as error:
            print("no database:", error)
        yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(books)
    return app


@wrong(
    "4.6.1",
    caught_by="test_q1_without_a_database_the_application_does_not_start[OperationalError]",
)
def books_app(url):
    """Start without a database after an exception of SQLAlchemy."""
    from sqlalchemy.exc import SQLAlchemyError

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        try:
            app.state.engine = open_database(url)
        except SQLAlchemyError as error:
            print("no database:", error)
        yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(books)
    return app


@wrong("4.6.1", caught_by="test_q1_without_a_database_the_application_does_not_start")
def books_app(url):
    """Try it a second time after an exception."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        try:
            app.state.engine = open_database(url)
        except Exception:
            app.state.engine = open_database(url)
        yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(books)
    return app


@wrong("4.6.1", caught_by="test_q1_without_a_database_the_application_does_not_start")
def books_app(url):
    """Open the database in a task, and do not wait for it."""

    async def open_it(app: FastAPI):
        try:
            app.state.engine = open_database(url)
        except Exception as error:
            print("no database:", error)

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.task = asyncio.create_task(open_it(app))
        yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(books)
    return app


@wrong("4.6.1", caught_by="test_q1_the_application_has_a_lifespan_function")
def books_app(url):
    """Register a function with `on_event`."""
    import warnings

    app = FastAPI()
    app.include_router(books)

    def start() -> None:
        app.state.engine = open_database(url)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app.on_event("startup")(start)
    return app


@right("4.6.1")
def books_app(url):
    """Write a class for the lifespan."""

    class Lifespan:
        def __init__(self, app: FastAPI) -> None:
            self.app = app

        async def __aenter__(self) -> None:
            self.app.state.engine = await run_in_threadpool(open_database, url)

        async def __aexit__(self, *_: object) -> None:
            pass

    app = FastAPI(lifespan=Lifespan)
    app.include_router(books)
    return app


@right("4.6.1")
def books_app(url):
    """Give the router a lifespan, and close the engine."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        engine = open_database(url)
        setattr(app.state, "engine", engine)
        try:
            yield
        finally:
            engine.dispose()

    outer = APIRouter(lifespan=lifespan)
    outer.include_router(books)
    app = FastAPI()
    app.include_router(outer)
    return app


@right("4.6.1")
def books_app(url):
    """Raise an exception with a text for the operator."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        try:
            app.state.engine = open_database(url)
        except Exception as error:
            raise RuntimeError("The database cannot be opened.") from error
        yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(books)
    return app


@right("4.6.1")
def books_app(url):
    """Use an async generator function without the decorator."""

    async def lifespan(app: FastAPI):
        app.state.engine = open_database(url)
        yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(books)
    return app


def _sales(lifespan, path=None):
    """Return the application of 4.6.2 with this lifespan function."""
    app = FastAPI(lifespan=lifespan)

    @app.post("/sales/{isbn}", status_code=201)
    async def sell(isbn: str) -> None:
        app.state.journal.write(f"{isbn}\n")

    return app


@wrong("4.6.2", caught_by="test_q2_after_the_stop_the_file_has_every_sale")
def sales_app(path):
    """Add an `on_event` function, which does not run beside a lifespan function."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.journal = open_journal(path)
        yield

    app = _sales(lifespan)

    @app.on_event("shutdown")
    def close():
        app.state.journal.close()

    return app


@wrong("4.6.2", caught_by="test_q2_the_journal_is_open_until_the_application_stops")
def sales_app(path):
    """Write the lines, and leave the file open."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.journal = open_journal(path)
        yield
        app.state.journal.flush()

    return _sales(lifespan)


@wrong("4.6.2", caught_by="test_q2_the_journal_is_open_until_the_application_stops")
def sales_app(path):
    """Open and close the file for each sale."""
    app = FastAPI()

    @app.post("/sales/{isbn}", status_code=201)
    async def sell(isbn: str) -> None:
        with open_journal(path) as journal:
            journal.write(f"{isbn}\n")

    return app


@wrong("4.6.2", caught_by="test_q2_the_application_can_be_started_again")
def sales_app(path):
    """Open the file when the application is created."""
    journal = open_journal(path)

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.journal = journal
        yield
        journal.close()

    return _sales(lifespan)


@wrong("4.6.2", caught_by="test_q2_after_the_stop_the_file_has_every_sale")
def sales_app(path):
    """Close the file before `yield`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        with open_journal(path) as journal:
            app.state.journal = journal
        yield

    return _sales(lifespan)


@wrong("4.6.2", caught_by="test_q2_the_journal_is_open_until_the_application_stops")
def sales_app(path):
    """Delete the attribute, and leave the file to Python."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.journal = open_journal(path)
        yield
        del app.state.journal

    return _sales(lifespan)


@wrong("4.6.2", caught_by="test_q2_after_the_stop_the_file_has_every_sale")
def sales_app(path):
    """Name the method, and do not call it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.journal = open_journal(path)
        yield
        app.state.journal.close

    return _sales(lifespan)


@wrong("4.6.2", caught_by="test_q2_the_journal_is_open_until_the_application_stops")
def sales_app(path):
    """Open the file again at the stop, and close this one."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.journal = open_journal(path)
        yield
        app.state.journal.flush()
        open_journal(path).close()

    return _sales(lifespan)


@wrong("4.6.2", caught_by="test_q2_the_application_can_be_started_again")
def sales_app(path):
    """Open the file in another mode, which deletes the earlier sales."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        with path.open("w", encoding="utf-8") as app.state.journal:
            yield

    return _sales(lifespan)


@wrong("4.6.2", caught_by="test_q2_the_journal_is_open_until_the_application_stops")
def sales_app(path):
    """Keep the journal in a variable of the function."""
    journal = None

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        nonlocal journal
        with open_journal(path) as journal:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/sales/{isbn}", status_code=201)
    async def sell(isbn: str) -> None:
        journal.write(f"{isbn}\n")

    return app


@wrong("4.6.2", caught_by="test_q2_a_run_without_a_sale_closes_the_journal")
def sales_app(path):
    """Close the file only if there was a sale."""
    sales = []

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.journal = open_journal(path)
        yield
        if sales:
            app.state.journal.close()

    app = FastAPI(lifespan=lifespan)

    @app.post("/sales/{isbn}", status_code=201)
    async def sell(isbn: str) -> None:
        sales.append(isbn)
        app.state.journal.write(f"{isbn}\n")

    return app


@right("4.6.2")
def sales_app(path):
    """Close the file in a `finally` block."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.journal = open_journal(path)
        try:
            yield
        finally:
            app.state.journal.close()

    return _sales(lifespan)


@right("4.6.2")
def sales_app(path):
    """Use a stack."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        async with AsyncExitStack() as stack:
            app.state.journal = stack.enter_context(closing(open_journal(path)))
            yield

    return _sales(lifespan)


def _shop(lifespan):
    """Return an application with this function as its lifespan."""
    return FastAPI(lifespan=asynccontextmanager(lifespan))


@wrong("4.6.3", caught_by="test_q3_the_prices_are_updated_while_the_application_runs")
def shop_app():
    """Wait for the endless function."""

    async def lifespan(_: FastAPI):
        check_payments()
        await update_prices()
        yield
        save_carts()

    return _shop(lifespan)


@wrong(
    "4.6.3", caught_by="test_q3_the_update_has_ended_when_the_application_has_stopped"
)
def shop_app():
    """Leave the task alone."""

    async def lifespan(_: FastAPI):
        check_payments()
        task = asyncio.create_task(update_prices())
        yield
        save_carts()

    return _shop(lifespan)


@wrong(
    "4.6.3", caught_by="test_q3_the_update_has_ended_when_the_application_has_stopped"
)
def shop_app():
    """Cancel the task, and do not wait for its end."""

    async def lifespan(_: FastAPI):
        check_payments()
        task = asyncio.create_task(update_prices())
        yield
        task.cancel()
        save_carts()

    return _shop(lifespan)


@wrong("4.6.3", caught_by="test_q3_the_carts_are_saved_once_when_the_application_stops")
def shop_app():
    """Let CancelledError pass."""

    async def lifespan(_: FastAPI):
        check_payments()
        task = asyncio.create_task(update_prices())
        yield
        task.cancel()
        await task
        save_carts()

    return _shop(lifespan)


@wrong("4.6.3", caught_by="test_q3_the_carts_are_saved_once_when_the_application_stops")
def shop_app():
    """Save the carts in the block that the cancellation ends."""

    async def lifespan(_: FastAPI):
        check_payments()
        task = asyncio.create_task(update_prices())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
            save_carts()

    return _shop(lifespan)


@wrong("4.6.3", caught_by="test_q3_if_the_check_fails_the_application_does_not_start")
def shop_app():
    """Start the task before the check."""

    async def lifespan(_: FastAPI):
        task = asyncio.create_task(update_prices())
        check_payments()
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        save_carts()

    return _shop(lifespan)


@wrong("4.6.3", caught_by="test_q3_if_the_check_fails_the_application_does_not_start")
def shop_app():
    """Start although the check has failed."""

    async def lifespan(_: FastAPI):
        with suppress(Exception):
            check_payments()
        task = asyncio.create_task(update_prices())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        save_carts()

    return _shop(lifespan)


@wrong("4.6.3", caught_by="test_q3_if_the_check_fails_the_application_does_not_start")
def shop_app():
    """Save the carts although the application has not started."""

    async def lifespan(_: FastAPI):
        try:
            check_payments()
            task = asyncio.create_task(update_prices())
            yield
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        finally:
            save_carts()

    return _shop(lifespan)


@wrong("4.6.3", caught_by="test_q3_the_payments_are_checked_before_the_first_request")
def shop_app():
    """Check when the application is created."""
    check_payments()

    async def lifespan(_: FastAPI):
        task = asyncio.create_task(update_prices())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        save_carts()
        check_payments()

    return _shop(lifespan)


@wrong("4.6.3", caught_by="test_q3_the_payments_are_checked_before_the_first_request")
def shop_app():
    """Check after the last request."""

    async def lifespan(_: FastAPI):
        task = asyncio.create_task(update_prices())
        yield
        check_payments()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        save_carts()

    return _shop(lifespan)


@wrong("4.6.3", caught_by="test_q3_the_carts_are_saved_once_when_the_application_stops")
def shop_app():
    """Save the carts at the start."""

    async def lifespan(_: FastAPI):
        check_payments()
        save_carts()
        task = asyncio.create_task(update_prices())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return _shop(lifespan)


@wrong("4.6.3", caught_by="test_q3_the_prices_are_updated_while_the_application_runs")
def shop_app():
    """Pass the function instead of the coroutine."""

    async def lifespan(_: FastAPI):
        check_payments()
        task = asyncio.create_task(update_prices)
        yield
        task.cancel()
        save_carts()

    return _shop(lifespan)


@wrong("4.6.3", caught_by="test_q3_the_prices_are_updated_while_the_application_runs")
def shop_app():
    """Create the task after the last request."""

    async def lifespan(_: FastAPI):
        check_payments()
        yield
        task = asyncio.create_task(update_prices())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        save_carts()

    return _shop(lifespan)


@wrong("4.6.3", caught_by="test_q3_the_prices_are_updated_while_the_application_runs")
def shop_app():
    """Run the update in an event loop of its own."""

    async def lifespan(_: FastAPI):
        check_payments()
        asyncio.run(update_prices())
        yield
        save_carts()

    return _shop(lifespan)


@wrong(
    "4.6.3", caught_by="test_q3_the_update_has_ended_when_the_application_has_stopped"
)
def shop_app():
    """Give the task one step of the event loop to end."""

    async def lifespan(_: FastAPI):
        check_payments()
        task = asyncio.create_task(update_prices())
        yield
        task.cancel()
        await asyncio.sleep(0)
        save_carts()

    return _shop(lifespan)


@wrong(
    "4.6.3", caught_by="test_q3_the_update_has_ended_when_the_application_has_stopped"
)
def shop_app():
    """Wait for the task ten seconds at most."""

    async def lifespan(_: FastAPI):
        check_payments()
        task = asyncio.create_task(update_prices())
        yield
        task.cancel()
        await asyncio.wait([task], timeout=10)
        save_carts()

    return _shop(lifespan)


@wrong(
    "4.6.3", caught_by="test_q3_the_update_has_ended_when_the_application_has_stopped"
)
def shop_app():
    """Cancel every other task of the event loop."""

    async def lifespan(_: FastAPI):
        check_payments()
        asyncio.create_task(update_prices())
        yield
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        save_carts()

    return _shop(lifespan)


@wrong("4.6.3", caught_by="test_q3_if_the_check_fails_the_application_does_not_start")
def shop_app():
    """Create the task before the check, and cancel it if the check fails."""

    async def lifespan(_: FastAPI):
        async with asyncio.TaskGroup() as group:
            prices = group.create_task(update_prices())
            try:
                check_payments()
            except Exception:
                prices.cancel()
                raise
            yield
            prices.cancel()
        save_carts()

    return _shop(lifespan)


@wrong(
    "4.6.3",
    caught_by="test_q3_if_the_check_fails_the_application_does_not_start[TimeoutError]",
)
def shop_app():
    """Let only a ConnectionError pass."""

    async def lifespan(_: FastAPI):
        try:
            check_payments()
        except ConnectionError:
            raise
        except Exception as error:
            print("not checked:", error)
        task = asyncio.create_task(update_prices())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        save_carts()

    return _shop(lifespan)


@right("4.6.3")
def shop_app():
    """Use a task group of AnyIO."""
    import anyio

    async def lifespan(_: FastAPI):
        check_payments()
        async with anyio.create_task_group() as group:
            group.start_soon(update_prices)
            yield
            group.cancel_scope.cancel()
        save_carts()

    return _shop(lifespan)


@right("4.6.3")
def shop_app():
    """Use a task group."""

    async def lifespan(_: FastAPI):
        check_payments()
        async with asyncio.TaskGroup() as group:
            prices = group.create_task(update_prices())
            yield
            prices.cancel()
        save_carts()

    return _shop(lifespan)


@right("4.6.3")
def shop_app():
    """Save the carts first, and stop the task in a `finally` block."""

    async def lifespan(_: FastAPI):
        check_payments()
        prices = asyncio.ensure_future(update_prices())
        try:
            yield
            save_carts()
        finally:
            prices.cancel()
            await asyncio.wait([prices])

    return _shop(lifespan)


@right("4.6.3")
def shop_app():
    """Write a class, and gather the task."""

    class Lifespan:
        def __init__(self, app: FastAPI) -> None:
            self.prices = None

        async def __aenter__(self) -> None:
            await run_in_threadpool(check_payments)
            self.prices = asyncio.create_task(update_prices())

        async def __aexit__(self, *_: object) -> None:
            self.prices.cancel()
            await asyncio.gather(self.prices, return_exceptions=True)
            await run_in_threadpool(save_carts)

    return FastAPI(lifespan=Lifespan)


def _settings(lifespan):
    """Return the application of 4.6.4 with this function as its lifespan."""
    app = FastAPI(lifespan=asynccontextmanager(lifespan))
    app.include_router(settings)
    return app


@wrong(
    "4.6.4", caught_by="test_q4_a_change_of_the_file_has_an_effect_after_the_next_start"
)
def settings_app(path):
    """Read the file when the application is created."""
    loaded = load_settings(path)

    async def lifespan(_: FastAPI):
        yield {"settings": loaded}

    return _settings(lifespan)


@wrong(
    "4.6.4", caught_by="test_q4_a_change_of_the_file_has_an_effect_after_the_next_start"
)
def settings_app(path):
    """Keep the settings of the first start."""
    load = functools.cache(load_settings)

    async def lifespan(_: FastAPI):
        yield {"settings": load(path)}

    return _settings(lifespan)


@wrong("4.6.4", caught_by="test_q4_the_file_is_read_once_at_each_start")
def settings_app(path):
    """Read the file in each request."""
    app = FastAPI()

    @app.middleware("http")
    async def load(request: Request, call_next):
        request.state.settings = load_settings(path)
        return await call_next(request)

    app.include_router(settings)
    return app


@wrong("4.6.4", caught_by="test_q4_the_file_is_read_once_at_each_start")
def settings_app(path):
    """Read the file in the first request."""
    app = FastAPI()
    cache = {}

    @app.middleware("http")
    async def load(request: Request, call_next):
        if not cache:
            cache.update(load_settings(path))
        request.state.settings = cache
        return await call_next(request)

    app.include_router(settings)
    return app


@wrong("4.6.4", caught_by="test_q4_the_file_is_read_once_at_each_start")
def settings_app(path):
    """Read the file twice."""

    async def lifespan(_: FastAPI):
        if load_settings(path):
            yield {"settings": load_settings(path)}

    return _settings(lifespan)


@wrong("4.6.4", caught_by="test_q4_a_request_returns_a_setting_of_the_file")
def settings_app(path):
    """Store the settings in `app.state`."""

    async def lifespan(app: FastAPI):
        app.state.settings = load_settings(path)
        yield

    return _settings(lifespan)


@wrong("4.6.4", caught_by="test_q4_a_request_returns_a_setting_of_the_file")
def settings_app(path):
    """Yield the settings themselves."""

    async def lifespan(app: FastAPI):
        yield load_settings(path)

    return _settings(lifespan)


@wrong("4.6.4", caught_by="test_q4_a_request_returns_a_setting_of_the_file")
def settings_app(path):
    """Return the dict from an ordinary function, without `yield`."""

    def lifespan(app: FastAPI):
        return {"settings": load_settings(path)}

    return _settings(lifespan)


@wrong(
    "4.6.4", caught_by="test_q4_a_request_returns_a_setting_of_the_file[Holiday-False]"
)
def settings_app(path):
    """Leave the empty values out."""

    async def lifespan(app: FastAPI):
        loaded = load_settings(path)
        yield {"settings": {name: value for name, value in loaded.items() if value}}

    return _settings(lifespan)


@wrong("4.6.4", caught_by="test_q4_a_request_returns_a_setting_of_the_file[open-True]")
def settings_app(path):
    """Yield the settings of the example."""

    async def lifespan(app: FastAPI):
        load_settings(path)
        yield {"settings": {"currency": "EUR"}}

    return _settings(lifespan)


@wrong(
    "4.6.4",
    caught_by="test_q4_a_setting_that_was_deleted_is_missing_after_the_next_start[other]",
)
def settings_app(path):
    """Add the settings of each start to one dict."""
    known = {}

    async def lifespan(app: FastAPI):
        known.update(load_settings(path))
        yield {"settings": known}

    return _settings(lifespan)


@wrong(
    "4.6.4",
    caught_by="test_q4_a_setting_that_was_deleted_is_missing_after_the_next_start[empty]",
)
def settings_app(path):
    """Keep the settings of the last start if the file is empty."""
    last = {}

    async def lifespan(app: FastAPI):
        nonlocal last
        last = load_settings(path) or last
        yield {"settings": last}

    return _settings(lifespan)


@wrong("4.6.4", caught_by="test_q4_two_applications_have_their_own_settings")
def settings_app(path):
    """Keep the settings in one dict of the module."""
    shared = globals().setdefault("shared", {})

    async def lifespan(app: FastAPI):
        shared.clear()
        shared.update(load_settings(path))
        yield {"settings": shared}

    return _settings(lifespan)


@right("4.6.4")
def settings_app(path):
    """Write a class for the lifespan."""

    class Lifespan:
        def __init__(self, app: FastAPI) -> None:
            pass

        async def __aenter__(self):
            return {"settings": await run_in_threadpool(load_settings, path)}

        async def __aexit__(self, *_: object) -> None:
            pass

    app = FastAPI(lifespan=Lifespan)
    app.include_router(settings)
    return app


@right("4.6.4")
def settings_app(path):
    """Store the settings in `app.state`, and copy them to each request."""

    async def lifespan(app: FastAPI):
        app.state.settings = load_settings(path)
        yield

    app = _settings(lifespan)

    @app.middleware("http")
    async def copy(request: Request, call_next):
        request.state.settings = app.state.settings
        return await call_next(request)

    return app


@wrong("4.6.5", caught_by="test_q5_if_one_cannot_be_opened_the_others_are_closed")
def services_app(services):
    """Close in the reverse order, and change nothing else."""

    async def lifespan(_: FastAPI):
        connections = [connect(service) for service in services]
        yield
        for connection in reversed(connections):
            connection.close()

    return _shop(lifespan)


@wrong("4.6.5", caught_by="test_q5_if_one_cannot_be_opened_the_others_are_closed")
def services_app(services):
    """Put only `yield` into the `try` block."""

    async def lifespan(_: FastAPI):
        connections = [connect(service) for service in services]
        with ExitStack() as stack:
            for connection in connections:
                stack.callback(connection.close)
            yield

    return _shop(lifespan)


@wrong(
    "4.6.5",
    caught_by="test_q5_if_one_cannot_be_closed_the_others_are_closed[payments-ConnectionRefusedError]",
)
def services_app(services):
    """Use `finally`, and stop at the first `close` that fails."""

    async def lifespan(_: FastAPI):
        connections = []
        try:
            for service in services:
                connections.append(connect(service))
            yield
        finally:
            for connection in reversed(connections):
                connection.close()

    return _shop(lifespan)


@wrong("4.6.5", caught_by="test_q5_if_one_cannot_be_closed_the_others_are_closed")
def services_app(services):
    """Ignore the exceptions of `close`."""

    async def lifespan(_: FastAPI):
        connections = []
        try:
            for service in services:
                connections.append(connect(service))
            yield
        finally:
            for connection in reversed(connections):
                with suppress(Exception):
                    connection.close()

    return _shop(lifespan)


@wrong("4.6.5", caught_by="test_q5_if_yield_raises_all_connections_are_closed")
def services_app(services):
    """Close in an `except` block for OSErrors of the startup only."""

    async def lifespan(_: FastAPI):
        stack = ExitStack()
        try:
            for service in services:
                stack.callback(connect(service).close)
        except OSError:
            stack.close()
            raise
        yield
        stack.close()

    return _shop(lifespan)


@wrong("4.6.5", caught_by="test_q5_the_connections_are_closed_in_the_reverse_order")
def services_app(services):
    """Close in the order of opening."""

    async def lifespan(_: FastAPI):
        with ExitStack() as stack:
            for service in reversed(services):
                stack.callback(connect(service).close)
            yield

    return _shop(lifespan)


@wrong("4.6.5", caught_by="test_q5_the_connections_are_closed_in_the_reverse_order")
def services_app(services):
    """Put `yield` after the block."""

    async def lifespan(_: FastAPI):
        with ExitStack() as stack:
            for service in services:
                stack.callback(connect(service).close)
        yield

    return _shop(lifespan)


@wrong("4.6.5", caught_by="test_q5_if_one_cannot_be_opened_the_others_are_closed")
def services_app(services):
    """Start without the services that are not reachable."""

    async def lifespan(_: FastAPI):
        with ExitStack() as stack:
            for service in services:
                with suppress(Exception):
                    stack.callback(connect(service).close)
            yield

    return _shop(lifespan)


@wrong("4.6.5", caught_by="test_q5_the_connections_are_closed_in_the_reverse_order")
def services_app(services):
    """Call `close` at once instead of passing it."""

    async def lifespan(_: FastAPI):
        with ExitStack() as stack:
            for service in services:
                connect(service).close()
            yield

    return _shop(lifespan)


@wrong(
    "4.6.5", caught_by="test_q5_the_connections_are_closed_in_the_reverse_order[two]"
)
def services_app(services):
    """Open three connections, as in the bookshop."""

    async def lifespan(_: FastAPI):
        with (
            closing(connect(services[0])),
            closing(connect(services[1])),
            closing(connect(services[-1])),
        ):
            yield

    return _shop(lifespan)


@wrong("4.6.5", caught_by="test_q5_if_yield_is_cancelled_all_connections_are_closed")
def services_app(services):
    """Handle every Exception, and so no cancellation."""

    async def lifespan(_: FastAPI):
        stack = ExitStack()
        try:
            for service in services:
                stack.callback(connect(service).close)
            yield
        except Exception:
            stack.close()
            raise
        stack.close()

    return _shop(lifespan)


@wrong(
    "4.6.5",
    caught_by="test_q5_if_one_cannot_be_opened_the_others_are_closed[search-ValueError]",
)
def services_app(services):
    """Close the open ones only after an OSError."""

    async def lifespan(_: FastAPI):
        stack = ExitStack()
        try:
            for service in services:
                stack.callback(connect(service).close)
        except OSError:
            stack.close()
            raise
        with stack:
            yield

    return _shop(lifespan)


@wrong(
    "4.6.5",
    caught_by="test_q5_if_one_cannot_be_closed_the_others_are_closed[payments-ValueError]",
)
def services_app(services):
    """Continue only after an OSError of `close`."""

    async def lifespan(_: FastAPI):
        connections = []
        problem = None
        try:
            for service in services:
                connections.append(connect(service))
            yield
        finally:
            for connection in reversed(connections):
                try:
                    connection.close()
                except OSError as error:
                    problem = error
            if problem is not None:
                raise problem

    return _shop(lifespan)


@wrong(
    "4.6.5",
    caught_by="test_q5_after_a_keyboard_interrupt_all_connections_are_closed[close]",
)
def services_app(services):
    """Continue after every Exception of `close`, and not after an interrupt."""

    async def lifespan(_: FastAPI):
        connections = []
        problem = None
        try:
            for service in services:
                connections.append(connect(service))
            yield
        finally:
            for connection in reversed(connections):
                try:
                    connection.close()
                except Exception as error:
                    problem = error
            if problem is not None:
                raise problem

    return _shop(lifespan)


@wrong(
    "4.6.5",
    caught_by="test_q5_after_a_keyboard_interrupt_all_connections_are_closed[connect]",
)
def services_app(services):
    """Close after every Exception of `connect`, and not after an interrupt."""

    async def lifespan(_: FastAPI):
        stack = ExitStack()
        for service in services:
            try:
                stack.callback(connect(service).close)
            except Exception:
                stack.close()
                raise
        with stack:
            yield

    return _shop(lifespan)


@wrong(
    "4.6.5", caught_by="test_q5_the_connections_are_closed_in_the_reverse_order[twice]"
)
def services_app(services):
    """Keep the connections in a dict by service."""

    async def lifespan(_: FastAPI):
        connections = {}
        with ExitStack() as stack:
            stack.callback(lambda: [c.close() for c in reversed(connections.values())])
            for service in services:
                connections[service] = connect(service)
            yield

    return _shop(lifespan)


@right("4.6.5")
def services_app(services):
    """Use an async stack with context managers."""

    async def lifespan(_: FastAPI):
        async with AsyncExitStack() as stack:
            for service in services:
                stack.enter_context(closing(connect(service)))
            yield

    return _shop(lifespan)


@wrong(
    "4.6.5",
    caught_by=(
        "test_q5_if_close_raises_after_another_exception_the_others_are_closed"
        "[connect-search]"
    ),
)
def services_app(services):
    """Expect no exception of `close` after one of `connect`."""

    async def lifespan(_: FastAPI):
        connections = []
        try:
            for service in services:
                connections.append(connect(service))
        except BaseException:
            for connection in reversed(connections):
                connection.close()
            raise
        with ExitStack() as stack:
            for connection in connections:
                stack.callback(connection.close)
            yield

    return _shop(lifespan)


@wrong(
    "4.6.5",
    caught_by=(
        "test_q5_if_close_raises_after_another_exception_the_others_are_closed"
        "[yield-search]"
    ),
)
def services_app(services):
    """Expect no exception of `close` after one of `yield`."""

    async def lifespan(_: FastAPI):
        connections = []
        with ExitStack() as opening:
            for service in services:
                connections.append(connect(service))
                opening.callback(connections[-1].close)
            closing_all = opening.pop_all()
        try:
            yield
        except BaseException:
            for connection in reversed(connections):
                connection.close()
            raise
        closing_all.close()

    return _shop(lifespan)


@right("4.6.5")
def services_app(services):
    """Nest a context manager in itself."""

    @contextmanager
    def opened(left):
        if not left:
            yield
            return
        connection = connect(left[0])
        try:
            with opened(left[1:]):
                yield
        finally:
            connection.close()

    async def lifespan(_: FastAPI):
        with opened(services):
            yield

    return _shop(lifespan)


@right("4.6.5")
def services_app(services):
    """Keep the exception of `close`, and raise it in the end."""

    async def lifespan(_: FastAPI):
        connections = []
        problem = None
        try:
            for service in services:
                connections.append(connect(service))
            yield
        finally:
            while connections:
                try:
                    connections.pop().close()
                except BaseException as error:
                    problem = error
            if problem is not None:
                raise problem

    return _shop(lifespan)


@wrong(
    "4.6.6", caught_by="test_q6_the_prediction_is_what_the_application_does[warning]"
)
def differences():
    """Name the warning of FastAPI for other old features."""
    return {
        "warning": "FastAPIDeprecationWarning",
        "closed by on_event": ["database", "index"],
        "closed by lifespan": ["index", "database"],
        "closed by on_event after an error": [],
        "closed by lifespan after an error": ["database"],
        "opened by mixed_app": ["database"],
    }


@wrong(
    "4.6.6",
    caught_by="test_q6_the_prediction_is_what_the_application_does[closed by on_event]",
)
def differences():
    """Believe that `on_event` functions run in the reverse order at the end."""
    return {
        "warning": "DeprecationWarning",
        "closed by on_event": ["index", "database"],
        "closed by lifespan": ["index", "database"],
        "closed by on_event after an error": [],
        "closed by lifespan after an error": ["database"],
        "opened by mixed_app": ["database"],
    }


@wrong(
    "4.6.6",
    caught_by="test_q6_the_prediction_is_what_the_application_does[closed by lifespan]",
)
def differences():
    """Believe that `with` blocks end in the order of their beginning."""
    return {
        "warning": "DeprecationWarning",
        "closed by on_event": ["database", "index"],
        "closed by lifespan": ["database", "index"],
        "closed by on_event after an error": [],
        "closed by lifespan after an error": ["database"],
        "opened by mixed_app": ["database"],
    }


@wrong(
    "4.6.6",
    caught_by="test_q6_the_prediction_is_what_the_application_does[closed by on_event after an error]",
)
def differences():
    """Believe that the functions for shutdown run after a failed startup."""
    return {
        "warning": "DeprecationWarning",
        "closed by on_event": ["database", "index"],
        "closed by lifespan": ["index", "database"],
        "closed by on_event after an error": ["database", "index"],
        "closed by lifespan after an error": ["database"],
        "opened by mixed_app": ["database"],
    }


@wrong(
    "4.6.6",
    caught_by="test_q6_the_prediction_is_what_the_application_does[closed by lifespan after an error]",
)
def differences():
    """Believe that a failed startup closes nothing."""
    return {
        "warning": "DeprecationWarning",
        "closed by on_event": ["database", "index"],
        "closed by lifespan": ["index", "database"],
        "closed by on_event after an error": [],
        "closed by lifespan after an error": [],
        "opened by mixed_app": ["database"],
    }


@wrong(
    "4.6.6",
    caught_by="test_q6_the_prediction_is_what_the_application_does[opened by mixed_app]",
)
def differences():
    """Believe that both ways run beside each other."""
    return {
        "warning": "DeprecationWarning",
        "closed by on_event": ["database", "index"],
        "closed by lifespan": ["index", "database"],
        "closed by on_event after an error": [],
        "closed by lifespan after an error": ["database"],
        "opened by mixed_app": ["database", "index"],
    }


@right("4.6.6")
def differences():
    """Name the class itself, and write tuples."""
    opened = ("database", "index")
    return {
        "warning": DeprecationWarning,
        "closed by on_event": opened,
        "closed by lifespan": opened[::-1],
        "closed by on_event after an error": (),
        "closed by lifespan after an error": opened[:1],
        "opened by mixed_app": opened[:1],
    }


@right("4.6.6")
def differences():
    """Build the dict in steps."""
    seen = {"warning": DeprecationWarning.__name__, "opened by mixed_app": ["database"]}
    seen["closed by on_event"] = ["database", "index"]
    seen["closed by lifespan"] = list(reversed(seen["closed by on_event"]))
    seen["closed by on_event after an error"] = []
    seen["closed by lifespan after an error"] = ["database"]
    return seen
