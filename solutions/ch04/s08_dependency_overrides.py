"""4.8  Dependency overrides.

`app.dependency_overrides` is a dict of one application. It maps a dependency to another
function, which FastAPI calls instead. The endpoints stay as they are.
Notes: content/docs/fastapi/testing/dependency-overrides.md
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Annotated
from unittest.mock import NonCallableMock

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


def ask_wholesaler(country: str, isbn: str) -> int:
    """Return the price of a book in cents. This is a request over the network."""
    raise ConnectionError("A unit test cannot reach the wholesaler.")


def price_in(country: str) -> Callable[[str], int]:
    """Return a dependency that provides the price of a book in this country."""

    def price(isbn: str) -> int:
        return ask_wholesaler(country, isbn)

    return price


norwegian_price = price_in("Norway")
Price = Annotated[int, Depends(norwegian_price)]


def club_price(price: Price) -> int:
    """Return the price for members of the book club."""
    return price * 9 // 10


def price_app() -> FastAPI:
    """Return an application with two endpoints that need the price of a book."""
    app = FastAPI()

    @app.get("/books/{isbn}/price")
    def read_price(price: Price) -> int:
        return price

    @app.get("/books/{isbn}/club-price")
    def read_club_price(price: Annotated[int, Depends(club_price)]) -> int:
        return price

    return app


def override_price(app: FastAPI, prices: Mapping[str, int]) -> None:
    """4.8.1  How do you override a FastAPI dependency for unit testing?

    A unit test calls this function first. Override the dependency that asks the
    wholesaler, so that the endpoints of `app` use the prices of the test instead.

    - The price of the book is `prices[isbn]`, where `isbn` is the path parameter, a
      string. Read it for every request, because the test changes `prices`.
    - If `prices` does not contain the book, the response is 404.
    - A request to `app` does not call `ask_wholesaler`. A request to another
      application still calls it.

    Given:
        `app` was created by `price_app()`.

    Example:
        override_price(app, {"82-02": 200})
        GET /books/82-02/price       ->  200  200
        GET /books/82-02/club-price  ->  200  180
    """
    # region answer
    # In words: The key in `app.dependency_overrides` is the very function that stands
    # in `Depends(...)`, here `norwegian_price`. The value is the function that FastAPI
    # calls instead, also for nested dependencies. FastAPI reads the parameters of the
    # override from the request. Each application has its own overrides.

    def price(isbn: str) -> int:
        if isbn not in prices:
            raise HTTPException(404, "There is no such book.")
        return prices[isbn]

    app.dependency_overrides[norwegian_price] = price
    # endregion


class Base(DeclarativeBase):
    """The base class of the models."""


class Book(Base):
    """A book and the number of its copies in the shop."""

    __tablename__ = "book"

    isbn: Mapped[str] = mapped_column(primary_key=True)
    copies: Mapped[int]


class BookIn(BaseModel):
    """A new book."""

    isbn: str


def open_session() -> Session:
    """Connect to the database of the bookshop."""
    raise ConnectionError("A unit test has no database.")


def get_session() -> Iterator[Session]:
    """Provide a database session for one request."""
    with open_session() as session:
        yield session


books_router = APIRouter()


@books_router.post("/books", status_code=201)
def add_book(book: BookIn, session: Annotated[Session, Depends(get_session)]) -> None:
    """Add a book without copies."""
    session.add(Book(isbn=book.isbn, copies=0))
    session.commit()


@books_router.post("/books/{isbn}/copies")
def add_copy(isbn: str, session: Annotated[Session, Depends(get_session)]) -> int:
    """Add one copy of a book, and return how many there are."""
    book = session.get(Book, isbn)
    if book is None:
        raise HTTPException(404, "There is no such book.")
    book.copies += 1
    session.commit()
    return book.copies


def mocked_shop(books: Mapping[str, Book]) -> tuple[FastAPI, NonCallableMock]:
    """4.8.2  Write a FastAPI app with a dependency override for a mock database
    session.

    Create a mock session and an application with the endpoints of `books_router`.
    Return both. A unit test sends requests to the application, and looks at the calls
    that the mock has recorded.

    - Every request to the application gets this mock as its session. `open_session` is
      not called.
    - `session.get(Book, isbn)` returns `books[isbn]`, or None if `books` does not
      contain the book. Read it for every call, because the test changes `books`.
    - The mock has the methods of `Session` and no others, so that a misspelled method
      such as `session.comit()` raises AttributeError.
    - Each call of `mocked_shop` creates a new mock and a new application.

    Given:
        `NonCallableMock` is the base class of all mocks in `unittest.mock`.

    Example:
        app, session = mocked_shop({"82-02": Book(isbn="82-02", copies=3)})
        POST /books/82-02/copies   ->  200  4
        session.commit.call_count  ->  1
    """
    # region answer
    session = NonCallableMock(spec=Session)
    session.get.side_effect = lambda model, isbn: books.get(isbn)

    app = FastAPI()
    app.include_router(books_router)
    app.dependency_overrides[get_session] = lambda: session
    return app, session
    # endregion


Stock = Callable[[str], Awaitable[int]]  # how many copies of this ISBN are there?


async def central_stock(isbn: str) -> int:
    """Ask the central warehouse."""
    return 120


async def bergen_stock(isbn: str) -> int:
    """Ask the shop in Bergen."""
    return 3


async def oslo_stock(isbn: str) -> int:
    """Ask the shop in Oslo."""
    return 7


STOCKS: dict[str, Stock] = {"bergen": bergen_stock, "oslo": oslo_stock}


def get_stock() -> Stock:
    """Return the stock of the central warehouse."""
    return central_stock


async def check_customer() -> None:
    """Ask another service whether the customer is blocked."""


def charge_card(cents: int) -> str:
    """Take money from the customer's card."""
    return f"{cents} cents were paid"


def charge_nothing(cents: int) -> str:
    """Only pretend to take money."""
    return "This is a demo"


payments = APIRouter()  # from a package: you cannot change this code


@payments.post("/payments")
def pay(receipt: Annotated[str, Depends(charge_card)]) -> str:
    """Pay, and return the receipt."""
    return receipt


def create_shop(demo: bool) -> FastAPI:
    """4.8.3  What are the use cases for dependency overrides in production?

    Two things vary in this shop: a demo installation takes no money, and each shop has
    its own stock. The code uses an override for both. But customers of Bergen see the
    stock of Oslo, and the demo takes money as soon as somebody has looked at a stock.
    Repair it: keep the override that is right, and replace the other one.

    - `GET /stock/{isbn}` returns what `STOCKS[name]` returns for the ISBN, where `name`
      is the request header `X-Shop`. If the header is missing or `STOCKS` does not
      contain the name, it asks `central_stock` instead.
    - This also holds while other requests are being processed. No request waits until
      another one is finished.
    - If `demo` is true, `POST /payments` always calls `charge_nothing` instead of
      `charge_card`. If `demo` is false, it calls `charge_card`.
    - Every request still calls `check_customer`.

    Example:
        GET /stock/82-02  X-Shop: oslo  ->  200  7
        GET /stock/82-02                ->  200  120
    """
    app = FastAPI(dependencies=[Depends(check_customer)])
    app.include_router(payments)
    # region answer
    # In words: An override holds for the whole application and for all of its requests.
    # So it suits what is decided once, when the application is created: a demo without
    # payments, another implementation for code that you cannot change. What differs
    # from request to request, such as a tenant or a feature flag, is decided by a
    # dependency that reads the request.
    if demo:
        app.dependency_overrides[charge_card] = charge_nothing

    def choose_stock(x_shop: Annotated[str, Header()] = "") -> Stock:
        return STOCKS.get(x_shop, central_stock)

    @app.get("/stock/{isbn}")
    async def read_stock(
        isbn: str, stock: Annotated[Stock, Depends(choose_stock)]
    ) -> int:
        return await stock(isbn)

    # stub: if demo:
    # stub:     app.dependency_overrides[charge_card] = charge_nothing
    # stub:
    # stub: @app.middleware("http")
    # stub: async def choose_stock(request, call_next):
    # stub:     """Override `get_stock` for the shop of this request."""
    # stub:     name = request.headers.get("X-Shop")
    # stub:     if name in STOCKS:
    # stub:         app.dependency_overrides[get_stock] = lambda: STOCKS[name]
    # stub:     response = await call_next(request)
    # stub:     app.dependency_overrides.clear()
    # stub:     return response
    # stub:
    # stub: @app.get("/stock/{isbn}")
    # stub: async def read_stock(
    # stub:     isbn: str, stock: Annotated[Stock, Depends(get_stock)]
    # stub: ) -> int:
    # stub:     return await stock(isbn)
    # endregion

    return app
