"""3.2  FastAPI with SQLAlchemy.

A session is one conversation with the database. Each request has its own, ends it with
a commit or without, and gives the connection back whatever happens.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, EmailStr
from sqlalchemy import Engine, ForeignKey, Index, create_engine, func, select

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from sensei import ___


class Base(DeclarativeBase):
    """What the classes of the bookshop are mapped by."""


class User(Base):
    """Somebody with an account; no two have the same e-mail address."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column()
    password_hash: Mapped[str]

    # "Mara@example.com" and "mara@example.com" are one address.
    __table_args__ = (Index("users_email", func.lower(email), unique=True),)


class Author(Base):
    """Somebody who has written books."""

    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class Book(Base):
    """A book of the shop; its price is in cents."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    isbn: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    price: Mapped[int]
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))


class Order(Base):
    """A book that somebody ordered, under a reference that the customer chose."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    isbn: Mapped[str]
    price: Mapped[int]


class UserIn(BaseModel):
    """What somebody sends who wants an account."""

    name: str
    email: EmailStr
    password: str


class UserOut(BaseModel):
    """What may be read of an account."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    email: str


def hash_password(password: str) -> str:
    """Stands in for argon2."""
    return f"$argon2id${password[::-1]}"


def users_app(engine: Engine) -> FastAPI:
    """3.2.1  Write a FastAPI endpoint to create a new user using a SQLAlchemy model.

    Return an app with `POST /users`. It takes a `UserIn` and saves a `User` in the
    database of `engine`, where the tables are; of the password it saves what
    `hash_password` makes of it. It answers 201 with a `UserOut`. An e-mail address is
    taken when the index of the table says so: then it answers 409 and saves nothing.
    Requests may come at the same time; the connection of each goes back to the pool.
    """
    raise NotImplementedError


class AuthorIn(BaseModel):
    """An author to be added."""

    name: str


def add_endpoints(app: FastAPI, open_session: Callable[..., Any]) -> None:
    """Add the endpoints of 3.2.2; `open_session` hands them their sessions."""

    @app.post("/authors", status_code=201)
    def add(
        author: AuthorIn, session: Annotated[Session, Depends(open_session)]
    ) -> None:
        session.add(Author(name=author.name))
        session.commit()

    @app.get("/authors")
    def names(session: Annotated[Session, Depends(open_session)]) -> list[str]:
        return list(session.scalars(select(Author.name).order_by(Author.id)))


def create_app(url: str) -> FastAPI:
    """3.2.2  How do you set up a database session in a FastAPI application?

    Return an app that has its data in the database at `url`. When it has started, the
    tables are there, and the rows of an earlier run too. Call `add_endpoints` with the
    app and a dependency that hands each request a session of its own, on a connection
    of its own, and gives it back however the request ends. Connections are kept for
    later requests, and closed when the app shuts down.
    """
    raise NotImplementedError


class OrderIn(BaseModel):
    """Which book is ordered, and the reference that the customer gives the order."""

    reference: str
    isbn: str


class CardRefused(Exception):
    """The card company does not pay."""


def pay(reference: str) -> None:
    """Stands in for the card company; takes its time, and may raise CardRefused."""


def price_of(session: Session, isbn: str) -> int:
    """Return the price of a book; where there is none, the client reads 404."""
    book = session.scalars(select(Book).where(Book.isbn == isbn)).one_or_none()
    if book is None:
        raise HTTPException(404, f"There is no book {isbn}.")
    return book.price


def paying_app(open_session: Callable[[], AbstractContextManager[Session]]) -> FastAPI:
    """Return the shop of 3.2.3; each request calls `open_session` once."""
    app = FastAPI()

    @app.get("/books/{isbn}/price")
    def price(isbn: str) -> int:
        with open_session() as session:
            return price_of(session, isbn)

    @app.post("/orders", status_code=201)
    def place(order: OrderIn) -> None:
        with open_session() as session:
            price = price_of(session, order.isbn)
            session.add(Order(**order.model_dump(), price=price))
            try:
                pay(order.reference)
                session.commit()
            except CardRefused:
                session.rollback()
                raise HTTPException(402, "The card was refused.") from None

    return app


def shared_app(engine: Engine) -> FastAPI:
    """Return the shop with one session; it is everybody's, so nobody closes it."""
    session = Session(engine)
    return paying_app(lambda: nullcontext(session))


def local_app(engine: Engine) -> FastAPI:
    """Return the shop with a sessionmaker, which tutorials call `SessionLocal`."""
    session_local = sessionmaker(engine)
    return paying_app(session_local)


def outcomes() -> dict[str, dict[str, int]]:
    """3.2.3  Explain the role of `SessionLocal` in managing database connections.

    In both shops Jo's order waits in `pay`; meanwhile Mara's comes and goes; then Jo's
    goes on. Return for each shop:
    "lent": the connections that the pool has lent while both are in `pay`;
    "hers refused": Mara's card is refused, Jo's is not. The orders in the database;
    "his refused": Mara's card is accepted, Jo's is not. The orders in the database;
    "at once": Mara's card is refused while Jo's `commit` is being sent. The status that
    she reads.
    Another time Mara alone reads a price, 900 cents. Another program makes it 1200.
    "price": what she reads for it now; "left": the connections still lent afterwards.
    """
    return {
        "lent": {"shared": ___, "local": ___},
        "hers refused": {"shared": ___, "local": ___},
        "his refused": {"shared": ___, "local": ___},
        "at once": {"shared": ___, "local": ___},
        "price": {"shared": ___, "local": ___},
        "left": {"shared": ___, "local": ___},
    }


class BookIn(BaseModel):
    """A book to be added, and the name of its author."""

    isbn: str
    title: str
    price: int
    author: str


def books_app(engine: Engine) -> FastAPI:
    """3.2.4  Write a FastAPI endpoint to create a new book using SQLAlchemy.

    Return an app with `POST /books`. It takes a `BookIn` and saves a `Book` with its
    `Author`: the one of that name or, where there is none, a new one. It answers 201
    with the book's `id` and `author_id`. For an isbn that is taken it answers 409, and
    neither book nor author is saved. The database is PostgreSQL, and the tables are
    there. Several such apps use it at once: two may be sent books of the same new
    author at the same time, and save both, or the same isbn, and save one.
    """
    raise NotImplementedError


class OrderOut(BaseModel):
    """What a customer reads of an order."""

    reference: str
    isbn: str
    price: int


def selling_app(new_session: Callable[[], Session]) -> FastAPI:
    """Return the shop of 3.2.5; each request calls `new_session` once."""
    app = FastAPI()

    @app.get("/books/{isbn}")
    def book(isbn: str) -> dict[str, str]:
        with new_session() as session:
            found = session.scalars(select(Book).where(Book.isbn == isbn)).one()
            author = session.get_one(Author, found.author_id)
            return {"title": found.title, "author": author.name}

    @app.put("/orders/{reference}/price", response_model=OrderOut)
    def reprice(reference: str, price: int) -> Order:
        with new_session() as session:
            order = session.scalars(select(Order).filter_by(reference=reference)).one()
            order.price = price
            session.commit()
        return order  # FastAPI makes an OrderOut of it

    @app.post("/orders/{reference}/again", status_code=201)
    def order_again(reference: str) -> None:
        with new_session() as session:
            again = Order(reference=f"{reference}, again")
            session.add(again)
            order = session.scalars(select(Order).filter_by(reference=reference)).one()
            again.isbn, again.price = order.isbn, order.price
            session.commit()

    return app


def session_factory(shop: Engine, catalogue: Engine) -> Callable[[], Session]:
    """3.2.5  How do you configure a SQLAlchemy session in FastAPI?

    Return what makes the sessions of `selling_app`, a new one with each call, so that
    all its endpoints work as they are. `Book` and `Author` have their tables in the
    database of `catalogue` alone, the other classes in that of `shop`. After a commit
    no further statement is sent. What a session has been given is not sent before the
    commit, whatever it is asked meanwhile.
    """
    raise NotImplementedError


def reserve(isbn: str) -> None:
    """Stands in for the warehouse; may raise."""


def confirm(engine: Engine, reference: str) -> None:
    """Stands in for the mail to the customer; looks the order up for it."""
    with Session(engine) as session:
        session.scalars(select(Order).filter_by(reference=reference)).one()


def ordering_app(engine: Engine) -> FastAPI:
    """3.2.6  What is the purpose of `yield` in a FastAPI dependency for session
    management?

    The endpoint commits nothing; its dependency does so, too late and not always well.
    Repair that. Before the client reads 201, and before `confirm` runs, the order is
    committed and the connection is back in the pool. An order whose reference is taken
    is answered 409 and never confirmed. When the endpoint raises, nothing of its order
    is kept, the connection goes back too, and the client reads the answer that it would
    read without a session.
    """

    def transaction() -> Iterator[Session]:
        session = Session(engine)
        yield session
        session.commit()
        session.close()

    opened = Depends(transaction)

    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place(
        order: OrderIn, session: Annotated[Session, opened], tasks: BackgroundTasks
    ) -> None:
        price = price_of(session, order.isbn)
        session.add(Order(**order.model_dump(), price=price))
        reserve(order.isbn)
        tasks.add_task(confirm, engine, order.reference)

    return app
