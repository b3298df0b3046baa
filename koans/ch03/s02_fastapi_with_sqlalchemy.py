"""3.2  FastAPI with SQLAlchemy.

A session collects changes and sends them to the database in a transaction. A FastAPI
application opens one session for each request and closes it when the request is over.
Notes: content/docs/sqlalchemy/fastapi-integration/session-management.md
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, EmailStr, Field
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker


class Base(DeclarativeBase):
    """The base class of the bookshop's models."""


class User(Base):
    """A person with an account."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]


class Book(Base):
    """A book of the shop. Its price is in cents."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    isbn: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    price: Mapped[int]


class Order(Base):
    """An order of one book. The customer chooses the reference."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    isbn: Mapped[str]
    price: Mapped[int]


class UserIn(BaseModel):
    """The request body of `POST /users`."""

    name: str
    email: EmailStr


class UserOut(BaseModel):
    """The response body of `POST /users`. It can be made from a `User`."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    email: str


def users_app(engine: Engine) -> FastAPI:
    """3.2.1  Write a FastAPI endpoint to create a new user using a SQLAlchemy model.

    Add the endpoint `POST /users` to the application. Each request saves a new `User`
    in the database of `engine`. The table exists already.

    - The request body is a `UserIn`. Save its name and e-mail address unchanged, and
      commit. Several users can have the same name and address.
    - The response is a `UserOut` with status code 201. The database assigns its `id`.
    - Open a new session for every request. When the request is over, its connection is
      back in the pool, also if the database raises an error.

    Example:
        POST /users  {"name": "Mara", "email": "mara@example.com"}
        ->  201  {"id": 1, "name": "Mara", "email": "mara@example.com"}
    """
    app = FastAPI()

    raise NotImplementedError

    return app


def add_endpoints(app: FastAPI, open_session: Callable[..., Any]) -> None:
    """Add `GET /titles`. It gets its session from the dependency `open_session`."""

    @app.get("/titles")
    def titles(session: Annotated[Session, Depends(open_session)]) -> list[str]:
        return list(session.scalars(select(Book.title).order_by(Book.title)))


def create_app(url: str) -> FastAPI:
    """3.2.2  How do you set up a database session in a FastAPI application?

    Create an application for the database at `url` and return it. Its endpoints come
    from `add_endpoints` above, which needs a dependency that provides the session.

    - The application has one engine, so that its pool keeps a connection for later
      requests.
    - Every request gets a new session. Requests at the same time use different
      connections.
    - When a request is over, its connection is back in the pool, also if the endpoint
      has raised an error, or the request was cancelled.

    Given:
        The tables exist already.

    Example:
        create_app("sqlite:///shop.db")
        GET /titles  ->  200  ["Ink", "Sea"]
    """
    raise NotImplementedError


class OrderIn(BaseModel):
    """The request body of `POST /orders`."""

    reference: str
    isbn: str


class CardRefused(Exception):
    """The card was refused."""


def pay(reference: str) -> None:
    """Charge the card. This takes time. It can raise CardRefused or another error."""


def price_of(session: Session, isbn: str) -> int:
    """Return the price of a book. If there is no such book, the response is 404."""
    price = session.scalar(select(Book.price).where(Book.isbn == isbn))
    if price is None:
        raise HTTPException(404, f"There is no book {isbn}.")
    return price


def paying_app(engine: Engine) -> FastAPI:
    """3.2.3  Explain the role of `SessionLocal` in managing database connections.

    This shop has one session for all requests. Users report: "I paid, but my order is
    gone", and "My card was refused, but the book arrived". Repair the shop with a
    `sessionmaker`, which many tutorials call `SessionLocal`.

    - If the card is accepted, the order is saved (201). If `pay` raises CardRefused
      (402) or another error (500), the order is not saved.
    - If there is no such book (404), `pay` is not called.
    - An earlier order, or another order at the same time, does not change the result.
    - While one order waits in `pay`, another order can be placed.
    - When a request is over, its connection is back in the pool, whether the status
      code is 201, 402, 404 or 500.

    Given:
        The database is PostgreSQL. Each order has a reference that is not taken.
    """
    app = FastAPI()

    session = Session(engine)

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn) -> None:
        price = price_of(session, order.isbn)
        row = Order(reference=order.reference, isbn=order.isbn, price=price)
        session.add(row)
        try:
            pay(order.reference)
        except CardRefused:
            session.rollback()
            raise HTTPException(402, "The card was refused.") from None
        session.commit()

    return app


class BookIn(BaseModel):
    """The request body of `POST /books`."""

    isbn: str = Field(pattern=r"^[0-9-]{1,20}$")
    title: str = Field(max_length=200)
    price: int = Field(ge=0, le=1_000_000)


class BookOut(BookIn):
    """The response body of `POST /books`. It can be made from a `Book`."""

    model_config = ConfigDict(from_attributes=True)

    id: int


def books_app(engine: Engine) -> FastAPI:
    """3.2.4  Write a FastAPI endpoint to create a new book using SQLAlchemy.

    Add the endpoint `POST /books` to the application. It saves a new `Book`, as
    `POST /users` of 3.2.1 saves a new `User`. One thing is different: the column `isbn`
    is unique, so the database can refuse the row.

    - The request body is a `BookIn`. Save its values unchanged. The response is a
      `BookOut` with status code 201.
    - If there is a book with this `isbn` already, return 409 and save nothing.
    - This also holds if another program saves a book with this `isbn` at the same time.
    - If a database error has another reason, for example a missing table, the response
      is 500.
    - When a request is over, its connection is back in the pool, for each status code.

    Given:
        The database is PostgreSQL.
        The values of a `BookIn` violate no constraint other than the unique `isbn`.
    """
    app = FastAPI()

    raise NotImplementedError

    return app


class OrderOut(BaseModel):
    """The response body of `POST /orders` in 3.2.5. It can be made from an `Order`."""

    model_config = ConfigDict(from_attributes=True)

    reference: str
    isbn: str
    price: int


def selling_app(new_session: Callable[[], Session]) -> FastAPI:
    """Create an application that works with the sessions of 3.2.5."""
    app = FastAPI()

    @app.post("/orders", status_code=201, response_model=OrderOut)
    def place_order(order: OrderIn) -> Order:
        with new_session() as session:
            row = Order(reference=order.reference, isbn=order.isbn)
            session.add(row)  # its price is still missing
            row.price = price_of(session, order.isbn)
            session.commit()
        return row  # the session is closed now

    return app


def session_factory(shop: Engine, catalogue: Engine) -> Callable[[], Session]:
    """3.2.5  How do you configure a SQLAlchemy session in FastAPI?

    Return a new `sessionmaker`, or another callable that returns a new session with
    each call. Configure the sessions for `selling_app` above: its endpoint fails with
    the default settings.

    - `Book` is in the database of `catalogue`. All other classes are in the database of
      `shop`.
    - Turn autoflush off: a query sends no pending objects. The commit sends them.
    - After a commit, objects keep their values. They are not read again, and you can
      still use them when the session is closed.

    Example:
        POST /orders  {"reference": "A1", "isbn": "978-0"}
        ->  201  {"reference": "A1", "isbn": "978-0", "price": 900}
    """
    raise NotImplementedError


def reserve(isbn: str) -> None:
    """Reserve the book in the warehouse. This can raise any error."""


def ordering_app(engine: Engine) -> FastAPI:
    """3.2.6  What is the purpose of `yield` in a FastAPI dependency for session
    management?

    The dependency `open_session` commits after the response has been sent. So customers
    get 201 for orders that are not saved. Besides, an error in the endpoint leaves the
    session open. Repair the dependency.

    - When a response with 201 is sent, the order is committed already, and the
      connection is back in the pool.
    - If the commit raises IntegrityError, because the reference is taken, the response
      is 409. For any other error of the commit it is 500.
    - If the endpoint raises an error, or the request is cancelled, the order is not
      saved.
    - When the request is over, the connection is back in the pool in each case.
    - An error of the endpoint reaches FastAPI unchanged, and FastAPI decides on the
      status code. For example, an IntegrityError from `reserve` gives 500.
    """
    app = FastAPI()

    def open_session() -> Iterator[Session]:
        session = Session(engine)
        yield session
        session.commit()
        session.close()

    dependency = Depends(open_session)

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn, session: Annotated[Session, dependency]) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(reference=order.reference, isbn=order.isbn, price=price))
        reserve(order.isbn)

    return app
