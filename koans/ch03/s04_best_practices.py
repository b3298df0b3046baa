"""3.4  SQLAlchemy best practices.

Most trouble with a database is made outside of it: by transactions that last too long
or end too early, and by text from strangers that becomes SQL.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy import (
    CheckConstraint,
    Column,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    registry,
    relationship,
)


class Base(DeclarativeBase):
    """What the classes of the bookshop are mapped by."""


class Stock(Base):
    """How many copies of a book there are; the database lets nobody take more."""

    __tablename__ = "stock"
    __table_args__ = (CheckConstraint("copies >= 0"),)

    isbn: Mapped[str] = mapped_column(primary_key=True)
    copies: Mapped[int]


class Order(Base):
    """An order, and how its parcel is tracked once it is on its way."""

    __tablename__ = "orders"

    number: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str]
    tracking: Mapped[str | None]


class Voucher(Base):
    """A voucher; the database refuses a code that it has already."""

    __tablename__ = "vouchers"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)


class OrderIn(BaseModel):
    """What a customer orders: an isbn and a number of copies for each line."""

    address: str
    lines: dict[str, int]


def book_parcel(address: str) -> str:
    """Stand in for the carrier's API, which takes its time; return the tracking."""
    return f"{address}-1"


def new_code() -> str:
    """Return a code for a voucher, from the few that customers can remember."""
    return "BOOKWORM"


def session_of(request: Request) -> Iterator[Session]:
    """Open a session for a request; close it once the request is answered."""
    with Session(request.app.state.engine) as session:
        yield session


RequestSession = Annotated[Session, Depends(session_of)]


def shop_app(engine: Engine) -> FastAPI:
    """3.4.1  What are the best practices for managing database sessions in a FastAPI
    application?

    Each request has its own session, and yet: half of an order stays when the rest is
    refused, all connections are taken while the carrier takes its time, and once a
    voucher's code is refused, no other will do. Repair this. An order changes nothing
    unless all of it is accepted; where the database refuses it, it is answered 409.
    No request holds a connection during `book_parcel`. A voucher tries five codes at
    most, then it is answered 503.
    """
    app = FastAPI()
    app.state.engine = engine

    @app.post("/orders", status_code=201)
    def place(new: OrderIn, session: RequestSession) -> dict[str, int]:
        order = Order(address=new.address)
        session.add(order)
        for isbn, pieces in new.lines.items():
            stock = session.get(Stock, isbn)
            if stock is None:
                raise HTTPException(404, f"There is no book {isbn}.")
            stock.copies = Stock.copies - pieces
            session.commit()
        return {"number": order.number}

    @app.post("/orders/{number}/parcel")
    def send(number: int, session: RequestSession) -> dict[str, str]:
        order = session.get(Order, number)
        if order is None:
            raise HTTPException(404, f"There is no order {number}.")
        order.tracking = book_parcel(order.address)
        session.commit()
        return {"tracking": order.tracking}

    @app.post("/vouchers", status_code=201)
    def issue(session: RequestSession) -> dict[str, str]:
        voucher = Voucher(code=new_code())
        session.add(voucher)
        for _ in range(4):
            try:
                session.commit()
                break
            except IntegrityError:
                voucher.code = new_code()
        return {"code": voucher.code}

    return app


class User(Base):
    """Somebody with an account."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    is_admin: Mapped[bool]


class Book(Base):
    """A book; `cost` is what the shop itself pays, which is nobody's business."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    year: Mapped[int]
    price: Mapped[int]
    cost: Mapped[int]
    withdrawn: Mapped[bool]


class Window:
    """3.4.2  How can you prevent SQL injection when using SQLAlchemy?

    Strangers choose `words`, `sort` and `name`, and with them they read and change
    whatever they like. Repair this. What is looked for is found as it stands, with its
    quotes, percent signs, underscores and all. Any text is a name. Books are sorted by
    `title`, `year` or `price`; any other `sort` raises a ValueError.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def search(self, words: str, sort: str) -> Sequence[str]:
        """Return the titles of books on sale with these words in it, sorted."""
        query = text(
            "SELECT title FROM books WHERE NOT withdrawn "
            f"AND title LIKE '%{words}%' ORDER BY {sort}"
        )
        return self._session.scalars(query).all()

    def rename(self, user_id: int, name: str) -> None:
        """Give a user another name; the caller commits."""
        self._session.execute(
            text(f"UPDATE users SET name = '{name}' WHERE id = {user_id}")
        )


def order_classes() -> tuple[type[Any], type[Any], type[Any]]:
    """3.4.3  Explain how to use SQLAlchemy’s `relationship()` for handling foreign
    keys.

    Complete the classes. `Customer.orders` (a list) and `Order.customer` are two sides
    of one thing, and so are `Order.lines` (a list) and `Line.order`: who changes one
    finds the other changed at once. A line goes when it is taken out of its order, and
    when the order is deleted, also by another program's SQL. A customer with orders
    cannot be deleted. `select(Order)`, all lines and customers read, takes three
    statements at most.
    """

    class Base(DeclarativeBase):
        pass

    class Customer(Base):
        __tablename__ = "customers"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    class Order(Base):
        __tablename__ = "orders"

        id: Mapped[int] = mapped_column(primary_key=True)
        customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))

    class Line(Base):
        __tablename__ = "lines"

        id: Mapped[int] = mapped_column(primary_key=True)
        order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
        title: Mapped[str]

    return Customer, Order, Line


def shelf_by_hand() -> type[Any]:
    """Map a class imperatively: the class, its Table and the mapping are three things.

    Nobody but the last line knows of all of them.
    """

    class Shelf:
        def __init__(self, room: str, places: int) -> None:
            self.room = room
            self.places = places

        def label(self) -> str:
            return f"{self.room}/{self.places}"

    own = registry()
    table = Table(
        "shelves",
        own.metadata,
        Column("id", Integer, primary_key=True),
        Column("room", String(20), nullable=False),
        Column("places", Integer, nullable=False),
        CheckConstraint("places > 0", name="places_above_zero"),
    )
    own.map_imperatively(Shelf, table)
    return Shelf


def own_base() -> type[Any]:
    """3.4.4  What are the differences between declarative, imperative, and hybrid table
    creation methods in SQLAlchemy?

    Declarative is imperative, done by a base class. Return such a class, a new one with
    each call, that maps its subclasses by `map_imperatively`, as `shelf_by_hand` does,
    and by nothing else. Declarative: the Columns in a subclass, such as
    `room = Column("room", String)`, and its `__table_args__`, a tuple that may be
    missing, become the Table `__tablename__` in the base's `metadata`. Hybrid: a
    subclass brings its Table along as `__table__`.
    """
    raise NotImplementedError


def store_upload(
    engine: Engine, name: str, header: list[str], lines: list[list[str]]
) -> None:
    """3.4.5  How can you ensure secure table creation to prevent SQL injection?

    A supplier uploads a file. Its name, its header and its lines, all of them texts,
    become a table `upload_<name>`, its columns and its rows, and names do more than
    that here. Repair this. A name begins with one of the letters a to z, goes on with
    such letters, digits 0 to 9 and underscores, and has 40 characters at most. Words of
    SQL are names, too. The columns, one at least, have different names. Whatever is not
    so raises a ValueError before anything is sent.
    """
    columns = ", ".join(f"{each} VARCHAR" for each in header)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE upload_{name} ({columns})"))
        for line in lines:
            values = ", ".join(f"'{value}'" for value in line)
            sql = f"INSERT INTO upload_{name} VALUES ({values})"
            connection.execute(text(sql))


def product_class() -> type[DeclarativeBase]:
    """3.4.6  Write a SQLAlchemy model with secure constraints (e.g., unique, not null)
    for a `Product` table.

    Return a class, on a `DeclarativeBase` of its own, for the table `products`: an `id`
    that PostgreSQL counts up; a `sku` of at most 12 characters, which no other has in
    upper or lower case; a `name` of at most 80, not blank; a `price` from 0.01 to
    99999.99, to the cent; a `sale_price` that may be missing, or is 0.01 or more and
    below the price; `pieces`, 0 or more. PostgreSQL refuses whatever breaks a rule,
    whoever sends it, and names the rule: `uq_products_sku`, and `ck_products_` with
    `name`, `price`, `sale_price` or `pieces`.
    """
    raise NotImplementedError
