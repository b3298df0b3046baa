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
    # region answer
    selectinload,
    # stub:
    # endregion
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

    # region answer
    name: Annotated[str, Field(max_length=40)]
    email: Annotated[EmailStr, Field(max_length=80)]
    password: Annotated[SecretStr, Field(min_length=8)]
    nickname: Annotated[str | None, Field(max_length=20)] = None
    newsletter: bool = True
    # stub:
    # endregion

    def to_row(self) -> User:
        """Return the row to store."""
        # region answer
        return User(
            **self.model_dump(exclude={"password"}, exclude_unset=True),
            password_hash=hash_password(self.password.get_secret_value()),
        )
        # endregion


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
    # region answer
    # In words: let modules depend on each other in one direction. SQLAlchemy finds
    # the class of a relationship by its name when it is first used, so that import is
    # for the type checker alone (`if TYPE_CHECKING:`). Pydantic needs the real class:
    # import it, or name it as text and call `model_rebuild()` where it is known. The
    # package's `__init__` imports every part, so that no name stays unknown.
    # stub:
    # endregion
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
    # region answer
    # In words: the client reads at once, in a 422, everything that is wrong, and the
    # database is not asked. What comes through has the types that the columns are
    # written with, a `date` for example. Rules that no column has are kept, and what
    # is not declared does not get in. Without it each mistake is a 500 or a bad row:
    # it depends on the column, the driver and the database which.
    return {
        '"pieces": "4"': {"trusted": 4, "validated": 4},
        '"pieces": "four"': {"trusted": "four", "validated": "pydantic"},
        '"pieces": -4': {"trusted": -4, "validated": "pydantic"},
        '"title": null': {"trusted": "sqlite", "validated": "pydantic"},
        '"arrived": "2026-05-04"': {"trusted": "sqlalchemy", "validated": 3},
        '"colour": "red"': {"trusted": "sqlalchemy", "validated": 3},
    }
    # stub: return {
    # stub:     '"pieces": "4"': {"trusted": ___, "validated": ___},
    # stub:     '"pieces": "four"': {"trusted": ___, "validated": ___},
    # stub:     '"pieces": -4': {"trusted": ___, "validated": ___},
    # stub:     '"title": null': {"trusted": ___, "validated": ___},
    # stub:     '"arrived": "2026-05-04"': {"trusted": ___, "validated": ___},
    # stub:     '"colour": "red"': {"trusted": ___, "validated": ___},
    # stub: }
    # endregion


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
    # region answer

    class BookIn(BaseModel):
        title: Annotated[str, Field(min_length=1)]
        author_id: int
        year: int | None = None

    class BookPatch(BookIn):
        # May be left out, but not be null; the values are never looked at.
        title: Annotated[str, Field(min_length=1)] = ""
        author_id: int = 0

    app = FastAPI()

    def write(session: Session, book: Book, sent: BookIn) -> BookOut:
        values = sent.model_dump(exclude_unset=True)
        if "author_id" in values and session.get(Author, sent.author_id) is None:
            raise HTTPException(422, f"There is no author {sent.author_id}.")
        for name, value in values.items():
            setattr(book, name, value)
        return store(session, book)

    @app.post("/books", status_code=201)
    def create(new: BookIn) -> BookOut:
        with Session(engine) as session:
            return write(session, Book(), new)

    @app.patch("/books/{book_id}")
    def change(book_id: int, patch: BookPatch) -> BookOut:
        with Session(engine) as session:
            book = session.get(Book, book_id)
            if book is None:
                raise HTTPException(404, f"There is no book {book_id}.")
            return write(session, book, patch)

    return app
    # endregion


def authors_app(sessions: async_sessionmaker[AsyncSession]) -> FastAPI:
    """3.3.5  How do you handle nested relationships in Pydantic-SQLAlchemy integration?

    `GET /authors` is answered 500. Repair this: the client reads all authors, each with
    `name` and `books`, each book with `title` and `publisher`, each publisher with
    `name`, or null where a book has none. A book does not tell its author again. More
    authors do not take more statements.
    """
    # region answer
    # In words: a schema for each level says how deep the answer goes, and it does not
    # go back: Author, Book, Author has no end. Pydantic reads attributes, and reading
    # one that is not loaded has SQLAlchemy ask the database, row by row; in an async
    # or closed session it cannot. So the query loads what the schema will read, with
    # `selectinload` for collections and `joinedload` for single objects.

    class PublisherName(BaseModel):
        name: str

    class BookOfAuthor(BaseModel):
        title: str
        publisher: PublisherName | None

    class AuthorWithBooks(BaseModel):
        name: str
        books: list[BookOfAuthor]

    app = FastAPI()

    @app.get("/authors", response_model=list[AuthorWithBooks])
    async def authors() -> Sequence[Author]:
        books = selectinload(Author.books)
        async with sessions() as session:
            query = select(Author).options(books.joinedload(Book.publisher))
            return (await session.scalars(query)).all()

    return app
    # stub: class PublisherName(BaseModel):
    # stub:     name: str
    # stub:
    # stub: class BookOfAuthor(BaseModel):
    # stub:     title: str
    # stub:     author: "AuthorWithBooks"
    # stub:     publisher: PublisherName | None
    # stub:
    # stub: class AuthorWithBooks(BaseModel):
    # stub:     name: str
    # stub:     books: list[BookOfAuthor]
    # stub:
    # stub: app = FastAPI()
    # stub:
    # stub: @app.get("/authors", response_model=list[AuthorWithBooks])
    # stub: async def authors() -> Sequence[Author]:
    # stub:     async with sessions() as session:
    # stub:         return (await session.scalars(select(Author))).all()
    # stub:
    # stub: return app
    # endregion


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

    # region answer
    # In words: the schema is the contract with clients, the table is the shop's own
    # affair. A column can be renamed, split or added and no client notices; what the
    # schema does not name is not sent. With `from_attributes` it reads rows as they
    # are, adds what is computed from them, converts and documents all of it.
    model_config = ConfigDict(from_attributes=True)

    number: int = Field(validation_alias="id")
    email: str = Field(validation_alias="customer_mail")
    pieces: int
    unit_cents: int = Field(exclude=True)
    sent_at: datetime | None = Field(exclude=True)

    @computed_field
    def total(self) -> int:
        """The price of all pieces, in cents."""
        return self.pieces * self.unit_cents

    @computed_field
    def sent(self) -> bool:
        """Whether the order is on its way."""
        return self.sent_at is not None

    # stub:
    # endregion


def orders_app(engine: Engine) -> FastAPI:
    """Return the app that 3.3.6 is about."""
    app = FastAPI()

    @app.get("/orders/{number}")
    def find(number: int) -> OrderOut:
        with Session(engine) as session:
            return OrderOut.model_validate(session.get_one(Order, number))

    return app
