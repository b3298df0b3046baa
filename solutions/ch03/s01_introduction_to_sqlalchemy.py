"""3.1  Introduction to SQLAlchemy.

SQLAlchemy has two layers. Core builds SQL statements from Python expressions and sends
them to the database. The ORM maps classes to tables and objects to rows.
Notes: content/docs/sqlalchemy/introduction/introduction-to-sqlalchemy.md
"""

from dataclasses import dataclass
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
    select,
    update,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sensei import ___


class Base(DeclarativeBase):
    """The base class of `Product` and `Order`."""


class Product(Base):
    """A product of the shop, with its price in cents."""

    __tablename__ = "products"

    sku: Mapped[str] = mapped_column(String(20), primary_key=True)
    price: Mapped[int]


@dataclass
class PriceChange:
    """3.1.1  What is the difference between SQLAlchemy’s ORM and Core layers?

    Set the price of the product `sku` to `price`: once with the ORM, once with Core.
    In both cases the caller commits.

    - `with_orm` loads the `Product` object from the session and sets its price. It
      sends no UPDATE: the session sends it when the caller commits.
    - `with_core` executes one statement on the connection, an UPDATE of this product's
      row. It loads nothing.

    Given:
        The product is in the table.
        A sku can contain any character.

    Example:
        PriceChange("pen", 250).with_core(connection)
    """

    sku: str
    price: int

    def with_orm(self, session: Session) -> None:
        """Change the price with the ORM."""
        # region answer
        # In words: The ORM maps rows to objects. You change the objects; the session
        # finds out what has changed, and sends the statements when it commits. Core is
        # the layer below: you write a statement in Python, and it is sent when you
        # execute it. Use the ORM to work with objects, and Core for reports and for
        # changes of many rows at once.
        session.get_one(Product, self.sku).price = self.price
        # endregion

    def with_core(self, connection: Connection) -> None:
        """Change the price with Core."""
        # region answer
        connection.execute(
            update(Product).where(Product.sku == self.sku).values(price=self.price)
        )
        # endregion


class Order(Base):
    """An order. The database refuses a total below zero."""

    __tablename__ = "orders"
    __table_args__ = (CheckConstraint("total >= 0"),)

    number: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[str] = mapped_column(String(50))
    placed_at: Mapped[datetime]
    total: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    gift: Mapped[bool]


class OrderBook:
    """3.1.2  How does SQLAlchemy simplify database operations compared to raw SQL?

    This order book sends raw SQL to the database driver. The customer O'Neill gets an
    error. Times and prices come back with other types. An import that fails leaves half
    of its orders in the table. No connection returns to the pool. Replace the raw SQL
    with SQLAlchemy statements on `Order`.

    - A name may contain any character. Send values as parameters, not inside the SQL.
    - `of` returns a customer's orders, sorted by `number`. The dicts have the same keys
      as those that were added, equal values, and the same types.
    - `add` stores all orders, in the order of the list, or none of them if the database
      refuses one. In this case it raises SQLAlchemy's `IntegrityError`.
    - `add([])` stores nothing and raises nothing.
    - After `add` and `of`, the connection is back in the pool of the engine.

    Given:
        An order is a dict with the keys `customer`, `placed_at`, `total`, `gift`.
        The database assigns the numbers 1, 2, 3 … in the column `number`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, orders: list[dict[str, Any]]) -> None:
        """Store the orders."""
        # region answer
        # In words: SQLAlchemy sends values apart from the SQL, so a quote in a name
        # does no harm. It converts values by the types of the columns, in both
        # directions. A `begin()` block commits at its end, or rolls back if there is
        # an exception, and the connection returns to the pool in every case.
        with Session(self._engine) as session, session.begin():
            session.add_all([Order(**order) for order in orders])
        # stub: connection = self._engine.raw_connection()
        # stub: for order in orders:
        # stub:     connection.cursor().execute(
        # stub:         "INSERT INTO orders (customer, placed_at, total, gift) VALUES "
        # stub:         f"('{order['customer']}', '{order['placed_at']}', "
        # stub:         f"{order['total']}, {order['gift']})"
        # stub:     )
        # stub:     connection.commit()
        # endregion

    def of(self, customer: str) -> list[dict[str, Any]]:
        """Return the orders of a customer, as dicts like those given to `add`."""
        # region answer
        query = (
            select(Order.customer, Order.placed_at, Order.total, Order.gift)
            .where(Order.customer == customer)
            .order_by(Order.number)
        )
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
        # stub: cursor = self._engine.raw_connection().cursor()
        # stub: cursor.execute(
        # stub:     "SELECT customer, placed_at, total, gift FROM orders "
        # stub:     f"WHERE customer = '{customer}' ORDER BY number"
        # stub: )
        # stub: keys = ("customer", "placed_at", "total", "gift")
        # stub: return [dict(zip(keys, row)) for row in cursor.fetchall()]
        # endregion


def user_model() -> type[DeclarativeBase]:
    """3.1.3  Provide an example of a simple SQLAlchemy model for a `User` table.

    Write a new base class. Derive from it a class `User` that is mapped to the table
    `users`. Return `User` from each call.

    - The columns are `id`, an integer primary key that the database assigns, `name`, a
      VARCHAR(50), and `email`, a VARCHAR(254).
    - No column may be NULL.
    - Two users cannot have the same `email`: the database refuses the second one.

    Example:
        User(name="Jo", email="jo@example.com")
    """
    # region answer

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(50))
        email: Mapped[str] = mapped_column(String(254), unique=True)

    return User
    # endregion


def questions() -> dict[str, Select[int]]:
    """Return what the shop asks its database. The statements fit every database."""
    numbers = select(Order.number)
    return {
        "no gifts": numbers.where(~Order.gift),
        "hers": numbers.where(Order.customer.ilike("mara")),
        "mine": numbers.where(Order.number == 7).with_for_update(),
    }


def on_sqlite() -> dict[str, str]:
    """3.1.4  How does SQLAlchemy abstract database operations?

    The same statements and the same `Order` work on every database. Predict what
    SQLAlchemy makes of them for SQLite.

    - For each of the `questions`: the SQL after WHERE, with the values in their places
      and without `orders.`.
    - For `placed_at`, `total` and `gift`: the name of the Python type that the driver
      receives for `Order(placed_at=datetime(...), total=Decimal("12.50"), gift=True)`.

    Given: SQLite has no ILIKE and no FOR UPDATE. It has the function `lower`.
        SQLite stores a boolean as 1 or 0. Its driver takes int, float and str here.

    Example, for PostgreSQL, which has all of this:
        {"no gifts": "NOT gift", "hers": "customer ILIKE 'mara'",
         "mine": "number = 7 FOR UPDATE",
         "placed_at": "datetime", "total": "Decimal", "gift": "bool"}
    """
    # region answer
    # In words: A statement in Python says what you want, not how one database writes
    # it. The dialect of the database compiles it to SQL. Where a database lacks
    # something, the dialect writes it in another way (ILIKE) or leaves it out (FOR
    # UPDATE). The type of a column converts values for the driver, and back.
    return {
        "no gifts": "gift = 0",
        "hers": "lower(customer) LIKE lower('mara')",
        "mine": "number = 7",
        "placed_at": "str",
        "total": "float",
        "gift": "int",
    }
    # stub: return {
    # stub:     "no gifts": ___,
    # stub:     "hers": ___,
    # stub:     "mine": ___,
    # stub:     "placed_at": ___,
    # stub:     "total": ___,
    # stub:     "gift": ___,
    # stub: }
    # endregion


def book_model() -> type[DeclarativeBase]:
    """3.1.5  Write a SQLAlchemy model for a `Book` table with title and author fields.

    Write a class `Book` on the `Base` inside this function, mapped to the table
    `books`. Return it.

    - The column `id` is an integer primary key that the database assigns.
    - `title` is a VARCHAR(200), `author` a VARCHAR(100), `published` a DATE and `price`
      a NUMERIC(8, 2).
    - `published` may be NULL, because some books are announced only. No other column
      may be NULL.

    Example:
        Book(title="Emma", author="Jane Austen", price=Decimal("9.90"))
    """

    class Base(DeclarativeBase):
        pass

    # region answer
    class Book(Base):
        __tablename__ = "books"

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(200))
        author: Mapped[str] = mapped_column(String(100))
        published: Mapped[date | None]
        price: Mapped[Decimal] = mapped_column(Numeric(8, 2))

    return Book
    # endregion
