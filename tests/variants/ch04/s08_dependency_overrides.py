"""Other answers to section 4.8."""

import asyncio
import contextvars
from unittest.mock import MagicMock, Mock, create_autospec

from fastapi import Path, Request
from fastapi.responses import JSONResponse

from sensei.variants import right, wrong


@wrong("4.8.1", caught_by="test_q1_both_endpoints_use_the_prices_of_the_test")
def override_price(app, prices):
    """Use the factory as the key."""

    def price(isbn: str):
        if isbn not in prices:
            raise HTTPException(404)
        return prices[isbn]

    app.dependency_overrides[price_in] = price


@wrong("4.8.1", caught_by="test_q1_both_endpoints_use_the_prices_of_the_test")
def override_price(app, prices):
    """Call the factory again, which makes another function."""

    def price(isbn: str):
        if isbn not in prices:
            raise HTTPException(404)
        return prices[isbn]

    app.dependency_overrides[price_in("Norway")] = price


@wrong("4.8.1", caught_by="test_q1_both_endpoints_use_the_prices_of_the_test")
def override_price(app, prices):
    """Use the marker as the key."""

    def price(isbn: str):
        if isbn not in prices:
            raise HTTPException(404)
        return prices[isbn]

    app.dependency_overrides[Depends(norwegian_price)] = price


@wrong("4.8.1", caught_by="test_q1_both_endpoints_use_the_prices_of_the_test")
def override_price(app, prices):
    """Use the name of the function as the key."""

    def price(isbn: str):
        if isbn not in prices:
            raise HTTPException(404)
        return prices[isbn]

    app.dependency_overrides["norwegian_price"] = price


@wrong("4.8.1", caught_by="test_q1_both_endpoints_use_the_prices_of_the_test")
def override_price(app, prices):
    """Override the function that is called within the dependency."""

    def price(country: str, isbn: str):
        if isbn not in prices:
            raise HTTPException(404)
        return prices[isbn]

    app.dependency_overrides[ask_wholesaler] = price


@wrong("4.8.1", caught_by="test_q1_both_endpoints_use_the_prices_of_the_test")
def override_price(app, prices):
    """Override only the dependency of the second endpoint."""

    def price(isbn: str):
        if isbn not in prices:
            raise HTTPException(404)
        return prices[isbn] * 9 // 10

    app.dependency_overrides[club_price] = price


@wrong("4.8.1", caught_by="test_q1_both_endpoints_use_the_prices_of_the_test")
def override_price(app, prices):
    """Replace the name in the module, after the endpoints have been defined."""
    global norwegian_price

    def price(isbn: str):
        if isbn not in prices:
            raise HTTPException(404)
        return prices[isbn]

    norwegian_price = price


@wrong("4.8.1", caught_by="test_q1_both_endpoints_use_the_prices_of_the_test")
def override_price(app, prices):
    """Give the dict instead of a function."""
    app.dependency_overrides[norwegian_price] = prices


@wrong("4.8.1", caught_by="test_q1_both_endpoints_use_the_prices_of_the_test")
def override_price(app, prices):
    """Use a method whose parameter is not called like the path parameter."""

    def price(key: str):
        if key not in prices:
            raise HTTPException(404)
        return prices[key]

    app.dependency_overrides[norwegian_price] = price


@wrong("4.8.1", caught_by="test_q1_both_endpoints_use_the_prices_of_the_test")
def override_price(app, prices):
    """Return the first price for every book."""
    app.dependency_overrides[norwegian_price] = lambda: next(iter(prices.values()))


@wrong("4.8.1", caught_by="test_q1_both_endpoints_use_the_prices_of_the_test")
def override_price(app, prices):
    """Take a price of 0 for a missing book."""

    def price(isbn: str):
        if not prices.get(isbn):
            raise HTTPException(404)
        return prices[isbn]

    app.dependency_overrides[norwegian_price] = price


@wrong("4.8.1", caught_by="test_q1_both_endpoints_use_the_prices_of_the_test")
def override_price(app, prices):
    """Convert the ISBN to a number."""

    def price(isbn: int):
        if str(isbn) not in prices:
            raise HTTPException(404)
        return prices[str(isbn)]

    app.dependency_overrides[norwegian_price] = price


@wrong("4.8.1", caught_by="test_q1_both_endpoints_use_the_prices_of_the_test")
def override_price(app, prices):
    """Use a mock, whose parameters are `*args` and `**kwargs`."""
    app.dependency_overrides[norwegian_price] = Mock(side_effect=prices.get)


@wrong("4.8.1", caught_by="test_q1_a_book_without_a_price_returns_404")
def override_price(app, prices):
    """Let a missing book raise KeyError."""

    def price(isbn: str):
        return prices[isbn]

    app.dependency_overrides[norwegian_price] = price


@wrong("4.8.1", caught_by="test_q1_a_book_without_a_price_returns_404")
def override_price(app, prices):
    """Return None for a missing book."""
    app.dependency_overrides[norwegian_price] = lambda isbn: prices.get(isbn)


@wrong("4.8.1", caught_by="test_q1_a_book_without_a_price_returns_404[club-price]")
def override_price(app, prices):
    """Return a response, which the endpoint gets as the price."""

    def price(isbn: str):
        return prices[isbn] if isbn in prices else JSONResponse({}, 404)

    app.dependency_overrides[norwegian_price] = price


@wrong("4.8.1", caught_by="test_q1_a_book_without_a_price_returns_404")
def override_price(app, prices):
    """Ask the real wholesaler for a missing book."""

    def price(isbn: str):
        return prices[isbn] if isbn in prices else norwegian_price(isbn)

    app.dependency_overrides[norwegian_price] = price


@wrong("4.8.1", caught_by="test_q1_a_book_without_a_price_returns_404")
def override_price(app, prices):
    """Tidy up the ISBN before the book is looked up."""

    def price(isbn: str):
        isbn = isbn.strip().upper()
        if isbn not in prices:
            raise HTTPException(404)
        return prices[isbn]

    app.dependency_overrides[norwegian_price] = price


@wrong("4.8.1", caught_by="test_q1_the_prices_are_read_for_every_request")
def override_price(app, prices):
    """Copy the prices."""
    kept = dict(prices)

    def price(isbn: str):
        if isbn not in kept:
            raise HTTPException(404)
        return kept[isbn]

    app.dependency_overrides[norwegian_price] = price


@wrong("4.8.1", caught_by="test_q1_only_this_application_does_without_the_wholesaler")
def override_price(app, prices):
    """Replace the function that asks the wholesaler, for all applications."""
    global ask_wholesaler

    def ask(country, isbn):
        if isbn not in prices:
            raise HTTPException(404)
        return prices[isbn]

    ask_wholesaler = ask


@wrong("4.8.1", caught_by="test_q1_only_this_application_does_without_the_wholesaler")
def override_price(app, prices):
    """Still ask the wholesaler, and ignore its price."""

    def price(isbn: str, real: Price):
        if isbn not in prices:
            raise HTTPException(404)
        return prices[isbn]

    def asking(isbn: str):
        norwegian_price(isbn)
        return price(isbn, 0)

    app.dependency_overrides[norwegian_price] = asking


prices_of_the_test = {}


@wrong("4.8.1", caught_by="test_q1_each_application_uses_its_own_prices")
def override_price(app, prices):
    """Keep the prices at module level, for all applications."""
    prices_of_the_test["now"] = prices

    def price(isbn: str):
        if isbn not in prices_of_the_test["now"]:
            raise HTTPException(404)
        return prices_of_the_test["now"][isbn]

    app.dependency_overrides[norwegian_price] = price


@wrong("4.8.1", caught_by="test_q1_each_application_uses_its_own_prices")
def override_price(app, prices):
    """Keep an override that is there already."""

    def price(isbn: str):
        if isbn not in prices:
            raise HTTPException(404)
        return prices[isbn]

    app.dependency_overrides.setdefault(norwegian_price, price)


@right("4.8.1")
def override_price(app, prices):
    """Use a class with `__call__`, and try."""

    class Prices:
        async def __call__(self, isbn: str):
            try:
                return prices[isbn]
            except KeyError:
                raise HTTPException(404) from None

    app.dependency_overrides = {norwegian_price: Prices()}


@right("4.8.1")
def override_price(app, prices):
    """Yield the price, and declare the path parameter."""

    async def price(isbn: Annotated[str, Path()]):
        if (found := prices.get(isbn)) is None:
            raise HTTPException(status_code=404)
        yield found

    app.dependency_overrides.update({norwegian_price: price})


@right("4.8.1")
def override_price(app, prices):
    """Read the path parameter from the request."""

    def price(request: Request):
        isbn = request.path_params["isbn"]
        if isbn not in prices:
            raise HTTPException(404)
        return prices[isbn]

    app.dependency_overrides |= {norwegian_price: price}


@wrong("4.8.2", caught_by="test_q2_the_mock_has_the_methods_of_a_session_only")
def mocked_shop(books):
    """Use a mock that has every attribute."""
    session = MagicMock()
    session.get.side_effect = lambda model, isbn: books.get(isbn)
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = lambda: session
    return app, session


@wrong("4.8.2", caught_by="test_q2_every_request_gets_the_same_mock")
def mocked_shop(books):
    """Create another mock for every request."""

    def new():
        session = Mock(spec=Session)
        session.get.side_effect = lambda model, isbn: books.get(isbn)
        return session

    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = new
    return app, new()


@wrong("4.8.2", caught_by="test_q2_every_request_gets_the_same_mock")
def mocked_shop(books):
    """Use the mock itself as the override."""
    session = Mock(spec=Session)
    session.get.side_effect = lambda model, isbn: books.get(isbn)
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = session
    return app, session


@wrong("4.8.2", caught_by="test_q2_every_request_gets_the_same_mock")
def mocked_shop(books):
    """Use a mock that returns the mock, whose parameters are `*args` and `**kwargs`."""
    session = Mock(spec=Session)
    session.get.side_effect = lambda model, isbn: books.get(isbn)
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = Mock(return_value=session)
    return app, session


@wrong("4.8.2", caught_by="test_q2_every_request_gets_the_same_mock")
def mocked_shop(books):
    """Use the class of the session as the key."""
    session = Mock(spec=Session)
    session.get.side_effect = lambda model, isbn: books.get(isbn)
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[Session] = lambda: session
    return app, session


@wrong("4.8.2", caught_by="test_q2_every_request_gets_the_same_mock")
def mocked_shop(books):
    """Override the function that is called within the dependency."""
    session = Mock(spec=Session)
    session.get.side_effect = lambda model, isbn: books.get(isbn)
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[open_session] = lambda: session
    return app, session


@wrong("4.8.2", caught_by="test_q2_every_request_gets_the_same_mock")
def mocked_shop(books):
    """Return a generator function's generator."""
    session = Mock(spec=Session)
    session.get.side_effect = lambda model, isbn: books.get(isbn)

    def provide():
        yield session

    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = lambda: provide()
    return app, session


@wrong("4.8.2", caught_by="test_q2_every_request_gets_the_same_mock")
def mocked_shop(books):
    """Forget the router."""
    session = Mock(spec=Session)
    session.get.side_effect = lambda model, isbn: books.get(isbn)
    app = FastAPI()
    app.dependency_overrides[get_session] = lambda: session
    return app, session


@wrong("4.8.2", caught_by="test_q2_a_book_that_is_not_there_returns_404")
def mocked_shop(books):
    """Let `get` return what a mock returns."""
    session = MagicMock(spec=Session)
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = lambda: session
    return app, session


@wrong("4.8.2", caught_by="test_q2_get_returns_the_book_with_this_isbn")
def mocked_shop(books):
    """Let `get` return one of the books, whatever the ISBN is."""
    session = Mock(spec=Session)
    session.get.return_value = next(iter(books.values()), None)
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = lambda: session
    return app, session


@wrong("4.8.2", caught_by="test_q2_a_book_that_is_not_there_returns_404")
def mocked_shop(books):
    """Raise KeyError for a book that is not there."""
    session = Mock(spec=Session)
    session.get.side_effect = lambda model, isbn: books[isbn]
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = lambda: session
    return app, session


@wrong("4.8.2", caught_by="test_q2_get_returns_the_book_with_this_isbn")
def mocked_shop(books):
    """Copy the books."""
    session, kept = Mock(spec=Session), dict(books)
    session.get.side_effect = lambda model, isbn: kept.get(isbn)
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = lambda: session
    return app, session


@wrong("4.8.2", caught_by="test_q2_get_returns_the_book_with_this_isbn")
def mocked_shop(books):
    """Give the books in the order of the calls."""
    session = Mock(spec=Session)
    session.get.side_effect = [*books.values(), None, None]
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = lambda: session
    return app, session


the_mocks = []


@wrong("4.8.2", caught_by="test_q2_each_call_creates_a_new_mock_and_application")
def mocked_shop(books):
    """Share one mock."""
    if not the_mocks:
        the_mocks.append(Mock(spec=Session))
    the_session = the_mocks[0]
    the_session.get.side_effect = lambda model, isbn: books.get(isbn)
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = lambda: the_session
    return app, the_session


the_app = FastAPI()


@wrong("4.8.2", caught_by="test_q2_each_call_creates_a_new_mock_and_application")
def mocked_shop(books):
    """Share one application."""
    the_app.include_router(books_router)
    session = Mock(spec=Session)
    session.get.side_effect = lambda model, isbn: books.get(isbn)
    the_app.dependency_overrides[get_session] = lambda: session
    return the_app, session


@wrong("4.8.2", caught_by="test_q2_a_book_that_is_added_is_recorded")
def mocked_shop(books):
    """Return another mock."""
    session = Mock(spec=Session)
    session.get.side_effect = lambda model, isbn: books.get(isbn)
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = lambda: session
    return app, Mock(spec=Session)


class FakeSession:
    """Write a session by hand, with two of its methods."""

    def __init__(self, books):
        self.books = books

    def get(self, model, isbn):
        return self.books.get(isbn)

    def commit(self):
        pass


@wrong("4.8.2", caught_by="test_q2_every_request_gets_the_same_mock")
def mocked_shop(books):
    """Return an object of one's own, which records nothing."""
    session = FakeSession(books)
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = lambda: session
    return app, session


@wrong("4.8.2", caught_by="test_q2_every_request_gets_the_same_mock")
def mocked_shop(books):
    """Return the application alone."""
    session = Mock(spec=Session)
    session.get.side_effect = lambda model, isbn: books.get(isbn)
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = lambda: session
    return app


@wrong("4.8.2", caught_by="test_q2_get_finds_the_first_book_that_is_added")
def mocked_shop(books):
    """Replace an empty dict by another one."""
    books = books or {}
    session = NonCallableMock(spec=Session)
    session.get.side_effect = lambda model, isbn: books.get(isbn)
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = lambda: session
    return app, session


@wrong("4.8.2", caught_by="test_q2_every_request_gets_the_same_mock")
def mocked_shop(books):
    """Give the method of the dict, which gets the model as its key."""
    session = NonCallableMock(spec=Session)
    session.get.side_effect = books.get
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = lambda: session
    return app, session


@wrong("4.8.2", caught_by="test_q2_every_request_gets_the_same_mock")
def mocked_shop(books):
    """Forget the recorded calls with each request."""
    session = NonCallableMock(spec=Session)
    session.get.side_effect = lambda model, isbn: books.get(isbn)

    def fresh():
        session.reset_mock()
        return session

    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = fresh
    return app, session


@wrong("4.8.2", caught_by="test_q2_every_request_gets_the_same_mock")
def mocked_shop(books):
    """Try the database first."""
    session = NonCallableMock(spec=Session)
    session.get.side_effect = lambda model, isbn: books.get(isbn)

    def provide():
        try:
            return open_session()
        except ConnectionError:
            return session

    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = provide
    return app, session


@right("4.8.2")
def mocked_shop(books):
    """Use `create_autospec`, and yield the mock."""
    session = create_autospec(Session, instance=True)
    session.get.side_effect = lambda _, isbn: books.get(isbn)

    def provide():
        yield session

    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = provide
    return app, session


@right("4.8.2")
def mocked_shop(books):
    """Use a mock of a session, and an async override."""

    def get(entity, ident, **options):
        return books[ident] if ident in books else None

    session = MagicMock(spec_set=Session, **{"get.side_effect": get})

    async def provide():
        return session

    app = FastAPI()
    app.dependency_overrides = {get_session: provide}
    app.include_router(books_router)
    return app, session


@right("4.8.2")
def mocked_shop(books):
    """Replace `get` by another mock, and the router comes with the application."""
    session = Mock(spec=Session())
    session.get = Mock(side_effect=lambda *key: books.get(key[1]))
    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides.update({get_session: lambda: session})
    return app, session


@wrong(
    "4.8.3",
    caught_by="test_q3_two_requests_at_the_same_time_get_their_own_stock"
    "[oslo-check_customer-first]",
)
def create_shop(demo):
    """Override for every request, and put back what was there before."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    @app.middleware("http")
    async def choose_stock(request, call_next):
        before = dict(app.dependency_overrides)
        stock = STOCKS.get(request.headers.get("X-Shop"), central_stock)
        app.dependency_overrides[get_stock] = lambda: stock
        try:
            return await call_next(request)
        finally:
            app.dependency_overrides = before

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, stock: Annotated[Stock, Depends(get_stock)]):
        return await stock(isbn)

    return app


@wrong(
    "4.8.3",
    caught_by="test_q3_two_requests_at_the_same_time_get_their_own_stock"
    "[None-bergen_stock-second]",
)
def create_shop(demo):
    """Count the copies of one book after the other."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    lock = asyncio.Lock()
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, x_shop: Annotated[str, Header()] = ""):
        async with lock:
            return await STOCKS.get(x_shop, central_stock)(isbn)

    return app


@wrong(
    "4.8.3",
    caught_by="test_q3_two_requests_at_the_same_time_get_their_own_stock"
    "[None-check_customer-second]",
)
def create_shop(demo):
    """Put back the overrides that were there before the request."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    @app.middleware("http")
    async def choose_stock(request, call_next):
        before = dict(app.dependency_overrides)
        stock = STOCKS.get(request.headers.get("X-Shop"))
        if stock:
            app.dependency_overrides[get_stock] = lambda: stock
        try:
            return await call_next(request)
        finally:
            app.dependency_overrides = before

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, stock: Annotated[Stock, Depends(get_stock)]):
        return await stock(isbn)

    return app


@wrong(
    "4.8.3",
    caught_by="test_q3_two_requests_at_the_same_time_get_their_own_stock"
    "[oslo-check_customer-first]",
)
def create_shop(demo):
    """Set the override for every request, and never remove it."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    @app.middleware("http")
    async def choose_stock(request, call_next):
        stock = STOCKS.get(request.headers.get("X-Shop"), central_stock)
        app.dependency_overrides[get_stock] = lambda: stock
        return await call_next(request)

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, stock: Annotated[Stock, Depends(get_stock)]):
        return await stock(isbn)

    return app


@wrong(
    "4.8.3",
    caught_by="test_q3_two_requests_at_the_same_time_get_their_own_stock"
    "[oslo-check_customer-first]",
)
def create_shop(demo):
    """Keep the name of the shop in the state of the application."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    @app.middleware("http")
    async def remember(request, call_next):
        app.state.shop = request.headers.get("X-Shop")
        return await call_next(request)

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str):
        return await STOCKS.get(app.state.shop, central_stock)(isbn)

    return app


@wrong(
    "4.8.3",
    caught_by="test_q3_two_requests_at_the_same_time_get_their_own_stock"
    "[None-check_customer-second]",
)
def create_shop(demo):
    """Process one request after the other."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    lock = asyncio.Lock()
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    @app.middleware("http")
    async def choose_stock(request, call_next):
        async with lock:
            stock = STOCKS.get(request.headers.get("X-Shop"), central_stock)
            app.dependency_overrides[get_stock] = lambda: stock
            return await call_next(request)

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, stock: Annotated[Stock, Depends(get_stock)]):
        return await stock(isbn)

    return app


@wrong("4.8.3", caught_by="test_q3_the_demo_always_charges_nothing")
def create_shop(demo):
    """Check the customer in requests for the stock only."""
    app = FastAPI()
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    def choose_stock(x_shop: Annotated[str, Header()] = "") -> Stock:
        return STOCKS.get(x_shop, central_stock)

    @app.get("/stock/{isbn}", dependencies=[Depends(check_customer)])
    async def read_stock(isbn: str, stock: Annotated[Stock, Depends(choose_stock)]):
        return await stock(isbn)

    return app


@wrong("4.8.3", caught_by="test_q3_the_demo_always_charges_nothing")
def create_shop(demo):
    """Remove both overrides."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)

    def choose_stock(x_shop: Annotated[str | None, Header()] = None):
        return STOCKS.get(x_shop, central_stock)

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, stock: Annotated[Stock, Depends(choose_stock)]):
        return await stock(isbn)

    return app


@wrong("4.8.3", caught_by="test_q3_the_demo_always_charges_nothing")
def create_shop(demo):
    """Charge nothing in a real shop, too."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    app.dependency_overrides[charge_card] = charge_nothing

    def choose_stock(x_shop: Annotated[str | None, Header()] = None):
        return STOCKS.get(x_shop, central_stock)

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, stock: Annotated[Stock, Depends(choose_stock)]):
        return await stock(isbn)

    return app


@wrong("4.8.3", caught_by="test_q3_the_demo_always_charges_nothing")
def create_shop(demo):
    """Call the override in place of giving it."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = lambda: charge_nothing(0)

    def choose_stock(x_shop: Annotated[str | None, Header()] = None):
        return STOCKS.get(x_shop, central_stock)

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, stock: Annotated[Stock, Depends(choose_stock)]):
        return await stock(isbn)

    return app


@wrong("4.8.3", caught_by="test_q3_the_demo_always_charges_nothing")
def create_shop(demo):
    """Clear the overrides after each request."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    @app.middleware("http")
    async def clear(request, call_next):
        try:
            return await call_next(request)
        finally:
            app.dependency_overrides.clear()

    def choose_stock(x_shop: Annotated[str | None, Header()] = None):
        return STOCKS.get(x_shop, central_stock)

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, stock: Annotated[Stock, Depends(choose_stock)]):
        return await stock(isbn)

    return app


@wrong("4.8.3", caught_by="test_q3_each_shop_has_its_own_stock")
def create_shop(demo):
    """Require the header."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    def choose_stock(x_shop: Annotated[str, Header()]):
        return STOCKS.get(x_shop, central_stock)

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, stock: Annotated[Stock, Depends(choose_stock)]):
        return await stock(isbn)

    return app


@wrong("4.8.3", caught_by="test_q3_each_shop_has_its_own_stock")
def create_shop(demo):
    """Read the shop from the query."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    def choose_stock(x_shop: str = ""):
        return STOCKS.get(x_shop, central_stock)

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, stock: Annotated[Stock, Depends(choose_stock)]):
        return await stock(isbn)

    return app


@wrong("4.8.3", caught_by="test_q3_each_shop_has_its_own_stock")
def create_shop(demo):
    """Return 404 for a shop that is not known."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    def choose_stock(x_shop: Annotated[str | None, Header()] = None):
        if x_shop is None:
            return central_stock
        if x_shop not in STOCKS:
            raise HTTPException(404)
        return STOCKS[x_shop]

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, stock: Annotated[Stock, Depends(choose_stock)]):
        return await stock(isbn)

    return app


@wrong("4.8.3", caught_by="test_q3_each_shop_has_its_own_stock")
def create_shop(demo):
    """Hide an error of a stock behind the central one."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, x_shop: Annotated[str, Header()] = ""):
        try:
            return await STOCKS[x_shop](isbn)
        except LookupError:
            return await central_stock(isbn)

    return app


@wrong("4.8.3", caught_by="test_q3_each_shop_has_its_own_stock")
def create_shop(demo):
    """Ask the central warehouse if the shop has no copies."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, x_shop: Annotated[str, Header()] = ""):
        stock = STOCKS.get(x_shop, central_stock)
        return await stock(isbn) or await central_stock(isbn)

    return app


@wrong("4.8.3", caught_by="test_q3_each_shop_has_its_own_stock")
def create_shop(demo):
    """Take a KeyError of a stock for an unknown shop."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, x_shop: Annotated[str, Header()] = ""):
        try:
            return await STOCKS[x_shop](isbn)
        except KeyError:
            return await central_stock(isbn)

    return app


@wrong("4.8.3", caught_by="test_q3_each_shop_has_its_own_stock")
def create_shop(demo):
    """Keep the numbers of copies."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing
    known = {}

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, x_shop: Annotated[str, Header()] = "") -> int:
        key = (x_shop, isbn)
        if key not in known:
            known[key] = await STOCKS.get(x_shop, central_stock)(isbn)
        return known[key]

    return app


@wrong("4.8.3", caught_by="test_q3_each_shop_has_its_own_stock")
def create_shop(demo):
    """Compare the name in lower case."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, x_shop: Annotated[str, Header()] = ""):
        return await STOCKS.get(x_shop.lower(), central_stock)(isbn)

    return app


@wrong(
    "4.8.3",
    caught_by="test_q3_two_requests_at_the_same_time_get_their_own_stock"
    "[oslo-check_customer-first]",
)
def create_shop(demo):
    """Create the application anew, and forget its dependency."""
    app = FastAPI()
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, x_shop: Annotated[str, Header()] = ""):
        return await STOCKS.get(x_shop, central_stock)(isbn)

    return app


@right("4.8.3")
def create_shop(demo):
    """Override once, with a function that reads the request."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    async def choose_stock(request: Request):
        return STOCKS.get(request.headers.get("x-shop"), central_stock)

    app.dependency_overrides[get_stock] = choose_stock

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, stock: Annotated[Stock, Depends(get_stock)]):
        return await stock(isbn)

    return app


shop_of_request = contextvars.ContextVar("shop_of_request", default=None)


@right("4.8.3")
def create_shop(demo):
    """Keep the middleware, and a context variable in place of the override."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    app.dependency_overrides = {charge_card: charge_nothing} if demo else {}

    @app.middleware("http")
    async def choose_stock(request, call_next):
        shop_of_request.set(request.headers.get("X-Shop"))
        return await call_next(request)

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str):
        return await STOCKS.get(shop_of_request.get(), central_stock)(isbn)

    return app


@right("4.8.3")
def create_shop(demo):
    """Read the header in the endpoint."""
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    if demo:
        app.dependency_overrides.update({charge_card: charge_nothing})

    @app.get("/stock/{isbn}")
    async def read_stock(isbn: str, x_shop: Annotated[str | None, Header()] = None):
        stock = STOCKS[x_shop] if x_shop in STOCKS else central_stock
        return await stock(isbn)

    return app
