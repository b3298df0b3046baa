"""3.4  SQLAlchemy best practices.

Changes that belong together are one transaction. Values are sent to the database apart
from the SQL. The database itself enforces the rules for its data.
Notes: content/docs/sqlalchemy/best-practices/general-best-practices.md
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field
from sqlalchemy import (
    CheckConstraint,
    Column,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    select,
)

# region answer
# stub: from sqlalchemy import text
# endregion
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from sensei import ___


class Base(DeclarativeBase):
    """The base class of the bookshop's models."""


class Stock(Base):
    """How many copies of a book the shop has. The database refuses less than 0."""

    __tablename__ = "stock"
    __table_args__ = (CheckConstraint("copies >= 0"),)

    isbn: Mapped[str] = mapped_column(primary_key=True)
    copies: Mapped[int]


class Order(Base):
    """An order, with the address to which the books are sent."""

    __tablename__ = "orders"

    number: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str]


class OrderIn(BaseModel):
    """The request body of `POST /orders`: the number of copies for each isbn."""

    address: str
    copies: dict[str, Annotated[int, Field(ge=1, le=1000)]] = Field(min_length=1)


def open_session(request: Request) -> Iterator[Session]:
    """Open a session for a request, and close it when the request is over."""
    with Session(request.app.state.engine) as session:
        yield session


RequestSession = Annotated[Session, Depends(open_session)]


def shop_app(engine: Engine) -> FastAPI:
    """3.4.1  What are the best practices for managing database sessions in a FastAPI
    application?

    When one book of an order is sold out, customers report: "I got an error, and my
    other books are gone from the stock, too." Repair `POST /orders`. An order is one
    unit of work, so all of its changes belong to one transaction.

    - Return 404 if a book does not exist, and 409 if there are too few copies of a
      book. Then the whole order changes nothing: all copies stay in the stock, and no
      order is saved.
    - After your code has read the stock, another order can take the last copies. Then
      return 409, too. Copies are never sold twice.
    - Any other order is saved and returns 201. If the database fails for another
      reason, do not return 409.

    Given:
        The database is PostgreSQL, with its default isolation level READ COMMITTED.
        Orders violate no constraint other than the one of `Stock`. If both 404 and 409
        apply to an order, return either. The loop sorts the books, so that two orders
        lock their rows in the same sequence and cannot cause a deadlock.
    """
    app = FastAPI()
    app.state.engine = engine

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn, session: RequestSession) -> dict[str, int]:
        row = Order(address=order.address)
        # region answer
        # In words: A session is for one unit of work. Each request has its own session,
        # which is closed in every case. Commit once, when all changes are made: then
        # they take effect together, or not at all. A commit in between makes a part
        # permanent. An error can come from any statement, also from a query that sends
        # pending changes first, so the `try` covers the whole transaction.
        session.add(row)
        try:
            for isbn, copies in sorted(order.copies.items()):
                stock = session.get(Stock, isbn)
                if stock is None:
                    raise HTTPException(404, f"There is no book {isbn}.")
                stock.copies = Stock.copies - copies  # computed by the database
            session.commit()
        except IntegrityError:
            raise HTTPException(409, "There are too few copies.") from None
        # stub: session.add(row)
        # stub: for isbn, copies in sorted(order.copies.items()):
        # stub:     stock = session.get(Stock, isbn)
        # stub:     if stock is None:
        # stub:         raise HTTPException(404, f"There is no book {isbn}.")
        # stub:     stock.copies = Stock.copies - copies  # computed by the database
        # stub:     session.commit()
        # endregion
        return {"number": row.number}

    return app


class Book(Base):
    """A book. `cost` is what the shop pays for it. Customers must not learn it."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    author: Mapped[str]
    title: Mapped[str]
    year: Mapped[int]
    price: Mapped[int]
    cost: Mapped[int]


def titles_by(session: Session, author: str, sort: str) -> list[str]:
    """3.4.2  How can you prevent SQL injection when using SQLAlchemy?

    Customers choose `author` and `sort`. With this function they can read every table
    of the database. Repair it.

    - Return the titles of the books whose author is exactly `author`, one for each
      book. Every string can be an author, and no character in it has a special meaning.
    - Sort them by the column `sort`, in ascending order. If `sort` is not "title",
      "year" or "price", raise a ValueError.

    Example:
        titles_by(session, "O'Hara", "year")  ->  ["Ten North", "The Big Laugh"]
    """
    # region answer
    # In words: Never build SQL from strings of other people. Send values as parameters:
    # SQLAlchemy's expressions do so by themselves, and `text` does so for each `:name`.
    # The name of a column cannot be a parameter. Choose it from a list of your own, and
    # refuse everything else.
    columns = {"title": Book.title, "year": Book.year, "price": Book.price}
    if sort not in columns:
        raise ValueError(f"Cannot sort by {sort!r}.")
    query = select(Book.title).where(Book.author == author).order_by(columns[sort])
    return list(session.scalars(query))
    # stub: query = f"SELECT title FROM books WHERE author = '{author}' ORDER BY {sort}"
    # stub: return list(session.scalars(text(query)))
    # endregion


def order_classes() -> tuple[type[Any], type[Any]]:
    """3.4.3  Explain how to use SQLAlchemy’s `relationship()` for handling foreign
    keys.

    An order has lines, one for each book. Complete the two classes with the foreign key
    `Line.order_id` and with the relationships `Order.lines` (a list) and `Line.order`.

    - A change of one relationship changes the other one at once: after
      `order.lines.append(line)`, `line.order` is `order`.
    - When a session saves an order, it also saves its lines and sets their `order_id`.
      The database refuses an `order_id` that no order has.
    - A line that is removed from `order.lines` is deleted. If you add it to the `lines`
      of another order, or set its `order` to another order, it moves to that order
      and is not deleted.
    - When a session deletes an order, its lines are deleted. When a session deletes a
      line, the order and its other lines stay.
    - When another program deletes an order with SQL, the database deletes its lines.

    Given:
        The database enforces foreign keys. `order_id` may allow NULL or not.
    """

    class Base(DeclarativeBase):
        pass

    class Order(Base):
        __tablename__ = "orders"

        id: Mapped[int] = mapped_column(primary_key=True)
        # region answer
        # In words: The foreign key is a column. With it, the database refuses rows that
        # point nowhere, and ON DELETE says what becomes of them. `relationship()` gives
        # you objects instead of ids, and fills in the key when the session flushes.
        # `back_populates` keeps both sides equal. `cascade` says which objects the
        # session saves and deletes together; "delete-orphan" belongs to the one side.
        lines: Mapped[list["Line"]] = relationship(
            back_populates="order", cascade="all, delete-orphan"
        )
        # endregion

    class Line(Base):
        __tablename__ = "lines"

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str]
        # region answer
        order_id: Mapped[int] = mapped_column(
            ForeignKey("orders.id", ondelete="CASCADE")
        )
        order: Mapped[Order] = relationship(back_populates="lines")
        # endregion

    return Order, Line


def shelf_table(name: str, metadata: MetaData) -> Table:
    """Define a table for shelves."""
    return Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True),
        Column("room", String(20)),
    )


def shelf_classes() -> dict[str, type[Any]]:
    """Create a class and its table in each of the three ways."""

    class Base(DeclarativeBase):
        pass

    class Declarative(Base):
        __tablename__ = "declarative_shelves"

        id: Mapped[int] = mapped_column(primary_key=True)
        room: Mapped[str] = mapped_column(String(20))

    class Imperative:
        def __init__(self, room: str) -> None:
            self.room = room

    table = shelf_table("imperative_shelves", Base.metadata)
    Base.registry.map_imperatively(Imperative, table)

    class Hybrid(Base):
        __table__ = shelf_table("hybrid_shelves", Base.metadata)

    classes = (Declarative, Imperative, Hybrid)
    return {shelf.__name__: shelf for shelf in classes}


def differences() -> dict[str, tuple[str, str]]:
    """3.4.4  What are the differences between declarative, imperative, and hybrid table
    creation methods in SQLAlchemy?

    `shelf_classes` creates a class and its table in each of the three ways. Predict two
    facts about each class, as two strings.

    - First: what the database says about the column `room`: "NULL" if it may be NULL,
      "NOT NULL" if not.
    - Second: what `Shelf("hall")` does, where `Shelf` is the class: "works", or the
      name of the exception that it raises.
    """
    # region answer
    # In words: With the declarative method, the class defines the table: annotations
    # decide about NULL, and the base class provides a constructor with keyword
    # arguments. With the imperative method, you define a `Table` and write the class
    # apart from it: a `Column` may be NULL by default, and the class keeps its own
    # constructor. Hybrid is half of each: a `Table` of its own in a declared class.
    return {
        "Declarative": ("NOT NULL", "TypeError"),
        "Imperative": ("NULL", "works"),
        "Hybrid": ("NULL", "TypeError"),
    }
    # stub: return {
    # stub:     "Declarative": (___, ___),
    # stub:     "Imperative": (___, ___),
    # stub:     "Hybrid": (___, ___),
    # stub: }
    # endregion


def create_upload_table(engine: Engine, name: str, columns: list[str]) -> None:
    """3.4.5  How can you ensure secure table creation to prevent SQL injection?

    A supplier uploads a price list. Its `name` and its `columns` come from the file,
    and the function creates a table for it. But a name from the file can contain SQL,
    and a column called `group` is an error. Repair the function.

    - Create the table `upload_<name>` with these columns, in this order. Each column is
      a VARCHAR. There are no constraints, so NULL and equal rows are possible.
    - A valid name has 1 to 40 characters. The first one is a lower-case letter from a
      to z. The others are lower-case letters from a to z, digits from 0 to 9, or
      underscores.
    - Keywords of SQL, such as `group` and `order`, are valid names.
    - If `name` or a column is not a valid name, raise a ValueError before you send
      anything to the database.

    Given:
        The database is SQLite. There is at least one column, no two columns are the
        same, and the table does not exist yet.

    Example:
        create_upload_table(engine, "spring", ["isbn", "group"])
    """
    # region answer
    # In words: The name of a table or a column cannot be a parameter, it is a part of
    # the SQL. So check the whole name against a strict pattern, and refuse all others.
    # Then let SQLAlchemy write the statement: it quotes names that are keywords. The
    # prefix keeps these tables apart from your own.
    for each in [name, *columns]:
        if not re.fullmatch("[a-z][a-z0-9_]{0,39}", each):
            raise ValueError(f"Not a valid name: {each!r}")
    table = Table(
        f"upload_{name}", MetaData(), *[Column(each, String) for each in columns]
    )
    table.create(engine)
    # stub: definitions = ", ".join(f"{column} VARCHAR" for column in columns)
    # stub: with engine.begin() as connection:
    # stub:     connection.execute(text(f"CREATE TABLE upload_{name} ({definitions})"))
    # endregion


def product_class() -> type[DeclarativeBase]:
    """3.4.6  Write a SQLAlchemy model with secure constraints (e.g., unique, not null)
    for a `Product` table.

    Write a class `Product` on the given `Base`, mapped to the table `products`, and
    return it. The database refuses wrong rows, no matter which program sends them.

    - `id` is an integer primary key that the database assigns. No column may be NULL.
    - `sku` has at most 12 characters. Two products cannot have the same `sku`.
    - `name` has at most 80 characters. It is not empty, and it does not consist of
      spaces (U+0020) only. Other blanks, such as a tab, are allowed.
    - `price` is an integer greater than 0.
    - Three of these rules are constraints with a name, which the error contains:
      `uq_products_sku`, `ck_products_name` and `ck_products_price`.

    Given:
        The database is PostgreSQL.
    """

    class Base(DeclarativeBase):
        pass

    # region answer
    class Product(Base):
        __tablename__ = "products"
        __table_args__ = (
            UniqueConstraint("sku", name="uq_products_sku"),
            CheckConstraint("trim(name) <> ''", name="ck_products_name"),
            CheckConstraint("price > 0", name="ck_products_price"),
        )

        id: Mapped[int] = mapped_column(primary_key=True)
        sku: Mapped[str] = mapped_column(String(12))
        name: Mapped[str] = mapped_column(String(80))
        price: Mapped[int]

    return Product
    # endregion
