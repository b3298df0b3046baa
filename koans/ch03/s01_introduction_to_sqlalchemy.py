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
    raise NotImplementedError


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
        cursor = self._engine.raw_connection().cursor()
        for order in orders:
            cursor.execute(
                "INSERT INTO orders (customer, placed_at, total, gift) VALUES "
                f"('{order['customer']}', '{order['placed_at']}', "
                f"{order['total']}, {order['gift']})"
            )

    def of(self, customer: str, since: datetime) -> list[dict[str, Any]]:
        """Return a customer's orders, as they were added, from `since` on.

        The oldest comes first.
        """
        cursor = self._engine.raw_connection().cursor()
        cursor.execute(
            "SELECT customer, placed_at, total, gift FROM orders "
            f"WHERE customer = '{customer}' AND placed_at >= '{since}' "
            "ORDER BY placed_at"
        )
        keys = ("customer", "placed_at", "total", "gift")
        return [dict(zip(keys, order)) for order in cursor.fetchall()]


def user_model() -> type[DeclarativeBase]:
    """3.1.3  Provide an example of a simple SQLAlchemy model for a `User` table.

    Return a class, on a `DeclarativeBase` of its own, that is mapped to the table
    `users`. A user has an `id`, which the database counts up, a `name` of at most 50
    characters, an `email` of at most 254, which no two users share, and `joined_on`,
    a date. None of them is ever missing.
    """
    raise NotImplementedError


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
    return {
        "sqlite": {
            "gifts": "gift = 1",
            "no gifts": ___,
            "hers": ___,
            "mine": ___,
            "bool": ___,
            "datetime": ___,
            "Decimal": ___,
        },
        "postgresql": {
            "gifts": ___,
            "no gifts": ___,
            "hers": ___,
            "mine": ___,
            "bool": ___,
            "datetime": ___,
            "Decimal": ___,
        },
    }


def book_model() -> type[DeclarativeBase]:
    """3.1.5  Write a SQLAlchemy model for a `Book` table with title and author fields.

    Return a class, on a `DeclarativeBase` of its own, that is mapped to the table
    `books`. A book has an `id`, a `title` and an `author`; no two books share both.
    Many lack a `subtitle`. Its `copies` are never below 0, and 0 where a program's
    INSERT says nothing of them. Texts have at most 200 characters. Whoever asks for
    an author's books does not read the whole table.
    """
    raise NotImplementedError
