"""3.1  Introduction to SQLAlchemy.

SQLAlchemy is two layers: Core writes SQL for you, and the ORM works out which.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Connection,
    Engine,
    Numeric,
    Select,
    String,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sensei import ___


class Base(DeclarativeBase):
    """What the classes of the shop are mapped by."""


class Stock(Base):
    """How many copies of a book the shop has."""

    __tablename__ = "stock"

    isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
    copies: Mapped[int]


def sell_with_orm(session: Session, sales: list[tuple[str, int]]) -> None:
    """Take what was sold, pairs of an isbn and a number, out of the stock.

    A number below zero is a return. The caller commits.
    """
    with session.no_autoflush:  # send nothing before all is counted
        for isbn, pieces in sales:
            session.get_one(Stock, isbn).copies -= pieces


def sell_with_core(connection: Connection, sales: list[tuple[str, int]]) -> None:
    """3.1.1  What is the difference between SQLAlchemy’s ORM and Core layers?

    `sell_with_orm` only changes objects; the session works out what to send. Do its
    work with Core, which sends what you execute. Leave the same rows, send no more
    statements than the session (one with a list of parameters counts once) and write
    no more rows. For an isbn that is not in stock raise NoResultFound before anything
    is written.
    """
    # region answer
    # In words: Core is SQL in Python: tables, expressions, rows. It sends what you
    # execute, when you execute it. The ORM stands on Core and maps rows to objects. Its
    # session keeps one object for each row (identity map), compares what changed,
    # and sends the difference in few statements (unit of work). With objects that
    # live for a while let it think for you; for bulk work and reports use Core.
    sold: dict[str, int] = {}
    for isbn, pieces in sales:
        sold[isbn] = sold.get(isbn, 0) + pieces
    known = connection.scalars(select(Stock.isbn).where(Stock.isbn.in_(sold)))
    if unknown := sold.keys() - set(known):
        raise NoResultFound(f"Not in stock: {', '.join(sorted(unknown))}.")
    changes = [{"book": isbn, "sold": sold[isbn]} for isbn in sold if sold[isbn]]
    if changes:
        connection.execute(
            update(Stock)
            .where(Stock.isbn == bindparam("book"))
            .values(copies=Stock.copies - bindparam("sold")),
            changes,
        )
    # endregion


class Order(Base):
    """An order of the shop; the database refuses a total below zero."""

    __tablename__ = "orders"
    __table_args__ = (CheckConstraint("total >= 0"),)

    number: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[str] = mapped_column(String(50))
    placed_at: Mapped[datetime]
    total: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    gift: Mapped[bool]


class OrderBook:
    """3.1.2  How does SQLAlchemy simplify database operations compared to raw SQL?

    This order book talks raw SQL to SQLite's own driver. A name with a quote breaks
    it, times and prices come back as text and numbers, half of an import that failed
    stays, and no connection goes back to the engine's pool. Replace the raw SQL with
    SQLAlchemy on `Order`, and all of this is gone.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, orders: list[dict[str, Any]]) -> None:
        """Store all of the orders, or none of them if the database refuses one.

        Each has the keys `customer`, `placed_at`, `total` and `gift`. What the
        database raises, the caller gets.
        """
        # region answer
        # In words: SQLAlchemy sends values apart from the SQL, so no name can break out
        # of its quotes, and converts them by the types of the columns, both ways. A
        # `begin()` block commits as a whole or rolls back, and the connection returns
        # to the pool whatever happens. It also knows the tables, so you write no SQL
        # that the next change of a column would make wrong.
        with self._engine.begin() as connection:
            connection.execute(insert(Order), orders)
        # stub: cursor = self._engine.raw_connection().cursor()
        # stub: for order in orders:
        # stub:     cursor.execute(
        # stub:         "INSERT INTO orders (customer, placed_at, total, gift) VALUES "
        # stub:         f"('{order['customer']}', '{order['placed_at']}', "
        # stub:         f"{order['total']}, {order['gift']})"
        # stub:     )
        # endregion

    def of(self, customer: str, since: datetime) -> list[dict[str, Any]]:
        """Return a customer's orders, as they were added, from `since` on.

        The oldest comes first.
        """
        # region answer
        query = (
            select(Order.customer, Order.placed_at, Order.total, Order.gift)
            .where(Order.customer == customer, Order.placed_at >= since)
            .order_by(Order.placed_at)
        )
        with self._engine.connect() as connection:
            return [dict(order) for order in connection.execute(query).mappings()]
        # stub: cursor = self._engine.raw_connection().cursor()
        # stub: cursor.execute(
        # stub:     "SELECT customer, placed_at, total, gift FROM orders "
        # stub:     f"WHERE customer = '{customer}' AND placed_at >= '{since}' "
        # stub:     "ORDER BY placed_at"
        # stub: )
        # stub: keys = ("customer", "placed_at", "total", "gift")
        # stub: return [dict(zip(keys, order)) for order in cursor.fetchall()]
        # endregion


def user_model() -> type[DeclarativeBase]:
    """3.1.3  Provide an example of a simple SQLAlchemy model for a `User` table.

    Return a class, on a `DeclarativeBase` of its own, that is mapped to the table
    `users`. A user has an `id`, which the database counts up, a `name` of at most 50
    characters, an `email` of at most 254, which no two users share, and `joined_on`,
    a date. None of them is ever missing.
    """
    # region answer

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(50))
        email: Mapped[str] = mapped_column(String(254), unique=True)
        joined_on: Mapped[date]

    return User
    # endregion


def questions() -> dict[str, Select[int]]:
    """Return what the shop asks its database, whichever that is."""
    numbers = select(Order.number)
    return {
        "gifts": numbers.where(Order.gift),
        "no gifts": numbers.where(~Order.gift),
        "hers": numbers.where(Order.customer.ilike("mara")),
        "mine": numbers.where(Order.number == 7).with_for_update(),
    }


def translations() -> dict[str, dict[str, str]]:
    """3.1.4  How does SQLAlchemy abstract database operations?

    The same `questions` go to two databases. Return for each what the dialect writes
    behind WHERE, the values in their places, without `orders.`. Then name the types
    in which the driver gets a bool, a datetime and a Decimal for an `Order`.
    PostgreSQL and its driver know them all, and ILIKE, and FOR UPDATE, which locks
    rows. SQLite has no ILIKE, no row locks, 0 and 1 for booleans, and of these types
    only int, float and str.
    """
    # region answer
    # In words: a statement is a tree of Python objects that says what is wanted. A
    # dialect's compiler turns it into the SQL of one database, and each column's type
    # turns Python values into what that driver takes, and back. What a database lacks
    # is written around (ILIKE) or left out (FOR UPDATE): SQLAlchemy hides how things
    # are said, not what a database can do.
    return {
        "sqlite": {
            "gifts": "gift = 1",
            "no gifts": "gift = 0",
            "hers": "lower(customer) LIKE lower('mara')",
            "mine": "number = 7",
            "bool": "int",
            "datetime": "str",
            "Decimal": "float",
        },
        "postgresql": {
            "gifts": "gift",
            "no gifts": "NOT gift",
            "hers": "customer ILIKE 'mara'",
            "mine": "number = 7 FOR UPDATE",
            "bool": "bool",
            "datetime": "datetime",
            "Decimal": "Decimal",
        },
    }
    # stub: return {
    # stub:     "sqlite": {
    # stub:         "gifts": "gift = 1",
    # stub:         "no gifts": ___,
    # stub:         "hers": ___,
    # stub:         "mine": ___,
    # stub:         "bool": ___,
    # stub:         "datetime": ___,
    # stub:         "Decimal": ___,
    # stub:     },
    # stub:     "postgresql": {
    # stub:         "gifts": ___,
    # stub:         "no gifts": ___,
    # stub:         "hers": ___,
    # stub:         "mine": ___,
    # stub:         "bool": ___,
    # stub:         "datetime": ___,
    # stub:         "Decimal": ___,
    # stub:     },
    # stub: }
    # endregion


def book_model() -> type[DeclarativeBase]:
    """3.1.5  Write a SQLAlchemy model for a `Book` table with title and author fields.

    Return a class, on a `DeclarativeBase` of its own, that is mapped to the table
    `books`. A book has an `id`, a `title` and an `author`; no two books share both.
    Many lack a `subtitle`. Its `copies` are never below 0, and 0 where a program's
    INSERT says nothing of them. Texts have at most 200 characters. Whoever asks for
    an author's books does not read the whole table.
    """
    # region answer

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __tablename__ = "books"
        __table_args__ = (
            UniqueConstraint("author", "title"),  # in this order it finds authors, too
            CheckConstraint("copies >= 0", name="copies_not_negative"),
        )

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(200))
        author: Mapped[str] = mapped_column(String(200))
        subtitle: Mapped[str | None] = mapped_column(String(200))
        copies: Mapped[int] = mapped_column(server_default="0")

    return Book
    # endregion
