"""3.3  Pydantic and SQLAlchemy integration.

A SQLAlchemy model describes what is stored. A Pydantic model, often called a schema,
describes what a client sends or receives. An endpoint converts one into the other.
Notes: content/docs/sqlalchemy/pydantic-integration/pydantic-sqlalchemy-integration.md
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, EmailStr, Field
from sqlalchemy import Engine, ForeignKey, String, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
)

from sensei import ___


class Base(DeclarativeBase):
    """The base class of the bookshop's tables."""


class User(Base):
    """A user. New users are not admins."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    email: Mapped[str] = mapped_column(String(80))
    nickname: Mapped[str | None] = mapped_column(String(20))
    is_admin: Mapped[bool] = mapped_column(default=False)


class UserIn(BaseModel):
    """3.3.1  Create a Pydantic model that maps to a SQLAlchemy `User` model for a POST
    request.

    Declare the fields of the request body. `users_app` below stores each valid body in
    the table of `User`. Its values stay as the client sent them.

    - `name` and `email` are required strings. `nickname` is a string or null, and it is
      optional: without it, the column is NULL.
    - `name` has 1 to 40 characters, and `nickname` has up to 20. `email` is an email
      address with up to 80 characters. An invalid value returns 422.
    - A client cannot set `id` or `is_admin`. Ignore these fields, or return 422.

    Given:
        Pydantic's type `EmailStr` decides whether a string is an email address, and
        converts its domain to lower case. SQLite does not check the length of a
        string.

    Example:
        POST /users  {"name": "Mara", "email": "mara@example.com"}  ->  201
        POST /users  {"name": "Mara"}  ->  422
    """


def users_app(engine: Engine) -> FastAPI:
    """Return the application that stores each `UserIn` as a `User`."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create_user(user: UserIn) -> None:
        with Session(engine) as session:
            session.add(User(**user.model_dump()))
            session.commit()

    return app


def bookshop_path() -> Path:
    """3.3.2  How can you avoid circular imports when using Pydantic and SQLAlchemy
    together?

    Repair the package `bookshop` in the folder `s03_pydantic_integration/q2`, beside
    this file. Python cannot import it: `authors.py` imports `books.py`, which imports
    `authors.py`. You can change all its files. This function stays as it is.

    - In a new Python process, `bookshop.authors` and `bookshop.books` can be imported
      in either order. Their four classes can still be imported from the same modules.
    - It is also enough to import one of the two modules: then `create_all` creates both
      tables, and the classes of this module can be used.
    - `Author.books` and `Book.author` still work: if you set one of them, SQLAlchemy
      also sets the other one.
    - `AuthorOut` and `BookOut` still read rows, and `AuthorOut` still validates each
      of its books.

    Given:
        A relationship can name its class as a string. SQLAlchemy looks up this class
        when you use a mapped class for the first time. Import its module before that.

    Example:
        python -c "from bookshop.books import Book; Book(title='Emma')"
    """
    return Path(__file__).with_suffix("") / "q2"


class Delivery(Base):
    """Books that have arrived, or will arrive."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    pieces: Mapped[int]
    arrival: Mapped[date | None]


class DeliveryIn(BaseModel):
    """The request body of `POST /validated`."""

    title: str
    pieces: int
    arrival: date | None = None


def deliveries_app(engine: Engine) -> FastAPI:
    """Return an application that stores deliveries, with and without validation."""
    app = FastAPI()

    def store(values: dict[str, Any]) -> None:
        with Session(engine) as session:
            session.add(Delivery(**values))
            session.commit()

    @app.post("/plain", status_code=201)
    def plain(body: dict[str, Any]) -> None:
        store(body)

    @app.post("/validated", status_code=201)
    def validated(body: DeliveryIn) -> None:
        store(body.model_dump())

    return app


def status_codes() -> dict[str, dict[str, int]]:
    """3.3.3  What are the benefits of using Pydantic for input validation in a
    SQLAlchemy-based FastAPI app?

    A client sends POST requests to `/plain` and `/validated` of `deliveries_app` above.
    Predict the status code of each response: 201 (the row is stored), 422 or 500.

    - The body is `{"title": "Emma", "pieces": 3}`. In each request, one field has
      another value, or one is added. The keys of the dict below show this field.
    - The database is SQLite.

    Given:
        In SQLite, an INTEGER column can also store a string. SQLAlchemy's type for a
        date accepts only a `date` on SQLite.
    """
    return {
        '"pieces": "four"': {"/plain": ___, "/validated": ___},
        '"title": null': {"/plain": ___, "/validated": ___},
        '"arrival": "2026-05-04"': {"/plain": ___, "/validated": ___},
    }


class Book(Base):
    """A book. `cents` is its price, and `sold` counts the copies that were sold."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    cents: Mapped[int]
    sold: Mapped[int] = mapped_column(default=0)


class BookIn(BaseModel):
    """3.3.4  Create a Pydantic model that maps to a SQLAlchemy `Book` model for a POST
    request.

    Declare the fields of the request body, and write the method that converts it to a
    `Book`. Clients send the price in euros. The column `cents` has it in cents.

    - `title` is a required string with 1 to 100 characters.
    - `price` is required. It is a number, or a string such as "12.50". It is from 0 to
      9999.99, and has up to two decimal places.
    - An invalid title or price returns 422.
    - `to_row()` returns a new `Book` with the unchanged title and the exact price:
      19.99 becomes 1999 cents.
    - A client cannot set `id`, `sold` or `cents`. Ignore these fields, or return 422.

    Example:
        POST /books  {"title": "Emma", "price": "12.50"}  ->  201, and `cents` is 1250
        POST /books  {"title": "Emma", "price": 12.505}   ->  422
    """

    def to_row(self) -> Book:
        """Return the row for this request body."""
        raise NotImplementedError


def books_app(engine: Engine) -> FastAPI:
    """Return the application that stores each `BookIn` as a `Book`."""
    app = FastAPI()

    @app.post("/books", status_code=201)
    def create_book(book: BookIn) -> None:
        with Session(engine) as session:
            session.add(book.to_row())
            session.commit()

    return app


class Order(Base):
    """An order, with one line for each book."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    lines: Mapped[list["Line"]] = relationship(order_by="Line.id")


class Line(Base):
    """A line of an order: a book, and the number of pieces."""

    __tablename__ = "lines"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"))
    pieces: Mapped[int]
    book: Mapped[Book] = relationship()


def orders_app(engine: Engine) -> FastAPI:
    """3.3.5  How do you handle nested relationships in Pydantic-SQLAlchemy integration?

    `GET /orders` returns only the id of each order. Let it return the lines as well,
    and the book of each line. Complete the two models, add a third one, and change the
    query.

    - An order has `id` and `lines`, a line has `pieces` and `book`, and a book has
      `title`. They have no other fields.
    - Each response contains all orders that are in the database now, with all their
      lines. An order without lines has an empty list.
    - The orders are sorted by id, and the lines of an order are sorted by id.
    - The number of SQL statements stays the same when there are more orders, lines or
      books.

    Given:
        FastAPI reads the attributes of the orders after the session is closed. It needs
        no `from_attributes` for this. A closed session loads nothing.

    Example:
        GET /orders  ->  200
            [{"id": 1, "lines": [{"pieces": 2, "book": {"title": "Emma"}}]}]
    """
    app = FastAPI()

    class LineOut(BaseModel):
        pieces: int

    class OrderOut(BaseModel):
        id: int

    @app.get("/orders", response_model=list[OrderOut])
    def read_orders() -> Sequence[Order]:
        query = select(Order).order_by(Order.id)
        with Session(engine) as session:
            return session.scalars(query).all()

    return app


class Customer(Base):
    """A customer. Some columns have new names since the last migration."""

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    full_name: Mapped[str]
    email_address: Mapped[str | None]
    credit_limit: Mapped[int]


class CustomerOut(BaseModel):
    """3.3.6  What are the benefits of using Pydantic schemas with SQLAlchemy models?

    A migration has renamed columns of `Customer`. The clients of `customers_app` below
    still need the old names. Declare the schema: `name` has the value of `full_name`,
    and `email` the value of `email_address`.

    - The values of `id`, `name` and `email` in the response are those of the columns,
      unchanged. `email` is null if the column is NULL.
    - No other field is in the response: clients must not see the credit limit.
    - The documentation (`/docs`) shows the same three fields.

    Example:
        GET /customers  ->  200
            [{"id": 1, "name": "Mara", "email": "mara@example.com"}]
    """


def customers_app(engine: Engine) -> FastAPI:
    """Return the application that returns each `Customer` as a `CustomerOut`."""
    app = FastAPI()

    @app.get("/customers")
    def read_customers() -> list[CustomerOut]:
        query = select(Customer).order_by(Customer.id)
        with Session(engine) as session:
            rows = session.scalars(query)
            return [CustomerOut.model_validate(row) for row in rows]

    return app
