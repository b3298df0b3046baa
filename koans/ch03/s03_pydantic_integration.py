"""3.3  Pydantic and SQLAlchemy together.

A table says what is stored, a schema what a client may send or read. They are two
classes because they are two promises.
"""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, EmailStr, Field, SecretStr, computed_field
from sqlalchemy import Engine, ForeignKey, String, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
)

from sensei import ___


class Base(DeclarativeBase):
    """What every table of the bookshop derives from."""


class User(Base):
    """A customer as stored."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    email: Mapped[str] = mapped_column(String(80))
    nickname: Mapped[str | None] = mapped_column(String(20))
    newsletter: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str]
    is_admin: Mapped[bool] = mapped_column(default=False)


def hash_password(password: str) -> str:
    """Stands in for a hash that is slow and salted, such as argon2."""
    return f"hash-{sha256(password.encode()).hexdigest()}"


class UserIn(BaseModel):
    """3.3.1  Create a Pydantic model that maps to a SQLAlchemy `User` model for a POST
    request.

    Who posts to `users_app` below has to send a `name`, an `email` (an e-mail address)
    and a `password` of 8 characters or more, and may send `newsletter` and `nickname`,
    of which only the latter may be null. No text is longer than its column; SQLite does
    not see to that. `to_row` makes the `User` to store, with the hash of the password;
    what was not sent is the column's default. No client sets `id`, `is_admin` or hash.
    """


    def to_row(self) -> User:
        """Return the row to store."""
        raise NotImplementedError


def users_app(engine: Engine) -> FastAPI:
    """Return the app that 3.3.1 is about."""
    app = FastAPI()

    @app.post("/users", status_code=201)
    def create(new: UserIn) -> dict[str, int]:
        with Session(engine) as session, session.begin():
            user = new.to_row()
            session.add(user)
            session.flush()
            return {"id": user.id}

    return app


def bookshop_path() -> Path:
    """3.3.2  How can you avoid circular imports when using Pydantic and SQLAlchemy
    together?

    Return the folder from which the package `bookshop` is imported. It cannot be: its
    `authors.py` needs `books.py`, which needs `authors.py`. Repair it there. Either can
    be imported first then, and be used where nobody imports the other. The classes
    `Author`, `AuthorOut`, `Book`, `BookIn` and `BookOut` are found where they are now
    and do what they are written for.
    """
    return Path(__file__).with_suffix("") / "q2"


class Delivery(Base):
    """Books that have arrived."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    pieces: Mapped[int]
    arrived: Mapped[date | None]


class DeliveryIn(BaseModel):
    """What the warehouse sends of a delivery."""

    title: str
    pieces: Annotated[int, Field(gt=0)]
    arrived: date | None = None


def deliveries_app(engine: Engine) -> FastAPI:
    """Return the app of 3.3.3: it trusts a body, or has Pydantic validate it."""
    app = FastAPI()

    def store(values: dict[str, Any]) -> None:
        with Session(engine) as session, session.begin():
            session.add(Delivery(**values))

    @app.post("/trusted", status_code=201)
    def trusted(body: dict[str, Any]) -> None:
        store(body)

    @app.post("/validated", status_code=201)
    def validated(body: DeliveryIn) -> None:
        store(body.model_dump())

    return app


def arrivals() -> dict[str, dict[str, Any]]:
    """3.3.3  What are the benefits of using Pydantic for input validation in a
    SQLAlchemy-based FastAPI app?

    `{"title": "Emma", "pieces": 3}` is posted to both paths of `deliveries_app`, on
    SQLite, each time with one change. Return what then stands in the column `pieces`,
    or who refused: "pydantic" (422), "sqlalchemy" (500, no INSERT was sent) or
    "sqlite" (500, it was sent).
    """
    return {
        '"pieces": "4"': {"trusted": ___, "validated": ___},
        '"pieces": "four"': {"trusted": ___, "validated": ___},
        '"pieces": -4': {"trusted": ___, "validated": ___},
        '"title": null': {"trusted": ___, "validated": ___},
        '"arrived": "2026-05-04"': {"trusted": ___, "validated": ___},
        '"colour": "red"': {"trusted": ___, "validated": ___},
    }


class Publisher(Base):
    """Who prints books."""

    __tablename__ = "publishers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Author(Base):
    """Who writes books."""

    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list["Book"]] = relationship(back_populates="author")


class Book(Base):
    """A book as stored."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    year: Mapped[int | None]
    sold: Mapped[int] = mapped_column(default=0)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    publisher_id: Mapped[int | None] = mapped_column(ForeignKey("publishers.id"))
    author: Mapped[Author] = relationship(back_populates="books")
    publisher: Mapped[Publisher | None] = relationship()


class BookOut(BaseModel):
    """What a client reads of a book."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    year: int | None
    author_id: int


def store(session: Session, book: Book) -> BookOut:
    """Store `book`; return what a client reads of it."""
    session.add(book)
    session.commit()
    return BookOut.model_validate(book)


def books_app(engine: Engine) -> FastAPI:
    """3.3.4  Create a Pydantic model that maps to a SQLAlchemy `Book` model for a POST
    request.

    Return an app with `POST /books` (201) and `PATCH /books/{book_id}`. A new book has
    a `title` that is not empty, an `author_id`, and perhaps a `year`, also null. PATCH
    takes any of the three under the same rules and changes what was sent, nothing
    else. Both answer with the book as a `BookOut`. An author that is not there is
    answered 422 and a book 404. No client sets `id` or `sold`.
    """
    raise NotImplementedError


def authors_app(sessions: async_sessionmaker[AsyncSession]) -> FastAPI:
    """3.3.5  How do you handle nested relationships in Pydantic-SQLAlchemy integration?

    `GET /authors` is answered 500. Repair this: the client reads all authors, each with
    `name` and `books`, each book with `title` and `publisher`, each publisher with
    `name`, or null where a book has none. A book does not tell its author again. More
    authors do not take more statements.
    """
    class PublisherName(BaseModel):
        name: str

    class BookOfAuthor(BaseModel):
        title: str
        author: "AuthorWithBooks"
        publisher: PublisherName | None

    class AuthorWithBooks(BaseModel):
        name: str
        books: list[BookOfAuthor]

    app = FastAPI()

    @app.get("/authors", response_model=list[AuthorWithBooks])
    async def authors() -> Sequence[Author]:
        async with sessions() as session:
            return (await session.scalars(select(Author))).all()

    return app


class Order(Base):
    """An order as stored since the tables were redone."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_mail: Mapped[str]
    pieces: Mapped[int]
    unit_cents: Mapped[int]
    supplier_cents: Mapped[int]
    sent_at: Mapped[datetime | None]


class OrderOut(BaseModel):
    """3.3.6  What are the benefits of using Pydantic schemas with SQLAlchemy models?

    The columns of `Order` have other names than they had. Clients of `orders_app` read
    what they always have, and the API's documentation says so: `number` (the id),
    `email`, `pieces`, `total` (in cents, the price of all pieces) and `sent` (true or
    false). They read nothing else; what the shop itself pays is nobody's business.
    """


def orders_app(engine: Engine) -> FastAPI:
    """Return the app that 3.3.6 is about."""
    app = FastAPI()

    @app.get("/orders/{number}")
    def find(number: int) -> OrderOut:
        with Session(engine) as session:
            return OrderOut.model_validate(session.get_one(Order, number))

    return app
