"""3.5  Table creation methods in SQLAlchemy.

You can define a table as a `Table` object (imperative), as a mapped class
(declarative), or as a mapped class with a `Table` object in it (hybrid).
Notes: content/docs/sqlalchemy/modeling/table-creation-methods.md
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import CheckConstraint, Column, Engine, Integer, MetaData, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry


def price_table(metadata: MetaData) -> Table:
    """Define the table of the prices in the imperative way."""
    return Table(
        "prices",
        metadata,
        Column("isbn", String(13), primary_key=True),
        Column("country", String(2), primary_key=True),
        Column("cents", Integer, nullable=False),
        Column("reason", String(100)),
        CheckConstraint("cents > 0", name="cents_above_zero"),
    )


def declared_price() -> type[DeclarativeBase]:
    """3.5.1  Write a SQLAlchemy table definition using the declarative method.

    `price_table` defines the table `prices` imperatively. Write a class on the given
    `Base` that defines the same table, and return the class.

    - The database gets the same table from your class: the same columns, the same
      primary key, the same check constraint with its name, and nothing else.
    - Each column is an attribute with a `Mapped` annotation. Do not use `price_table`.
    """

    class Base(DeclarativeBase):
        pass

    # region answer
    class PriceRow(Base):
        __tablename__ = "prices"
        __table_args__ = (CheckConstraint("cents > 0", name="cents_above_zero"),)

        isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
        country: Mapped[str] = mapped_column(String(2), primary_key=True)
        cents: Mapped[int]
        reason: Mapped[str | None] = mapped_column(String(100))

    return PriceRow
    # endregion


@dataclass
class Price:
    """The price of a book in a country. The tills create prices, too."""

    isbn: str
    country: str
    cents: int
    reason: str | None = None


def shop_classes() -> tuple[type[Price], type[Any]]:
    """3.5.2  Compare the pros and cons of declarative vs. imperative table creation.

    The tills have no SQLAlchemy and create objects of `Price`. The shop cannot store
    these objects. The shop alone uses `Review`. Its stars are lost, because the class
    and its `Table` do not fit together. Map each class with the method that suits it.

    - Map `Price` itself imperatively, to the table of `price_table`. A session then
      stores and loads the objects of the tills.
    - Before the call of `shop_classes`, `Price` is a dataclass without SQLAlchemy.
    - Declare `Review` with the table `reviews`, and with a `Mapped` annotation for each
      of its columns `id`, `isbn`, `stars` and `text`. Then it is defined only once, and
      you write no `Table` object for it.
    - Only `text` may be NULL. The database assigns the `id`.
    - Return both classes.

    Example:
        Price, Review = shop_classes()
        session.add(Review(isbn="9780141439587", stars=5))
    """
    # region answer
    # In words: With the declarative method you write a table once, in the class. The
    # annotations say what may be NULL, and editors and type checkers know the
    # attributes. But the class needs SQLAlchemy. With the imperative method the class
    # knows nothing about the database, and programs without SQLAlchemy can use it. But
    # there are two definitions, and nothing tells you when they no longer fit together.
    mapper_registry = registry()
    mapper_registry.map_imperatively(Price, price_table(mapper_registry.metadata))

    class Base(DeclarativeBase):
        pass

    class Review(Base):
        __tablename__ = "reviews"

        id: Mapped[int] = mapped_column(primary_key=True)
        isbn: Mapped[str]
        stars: Mapped[int]
        text: Mapped[str | None]

    return Price, Review
    # stub: mapper_registry = registry()
    # stub:
    # stub: @dataclass
    # stub: class Review:
    # stub:     isbn: str
    # stub:     stars: int
    # stub:     text: str | None = None
    # stub:
    # stub: reviews = Table(
    # stub:     "reviews",
    # stub:     mapper_registry.metadata,
    # stub:     Column("id", Integer, primary_key=True),
    # stub:     Column("isbn", String(13), nullable=False),
    # stub:     Column("rating", Integer),
    # stub:     Column("text", String),
    # stub: )
    # stub: mapper_registry.map_imperatively(Review, reviews)
    # stub:
    # stub: return Price, Review
    # endregion


def hybrid_tariff(engine: Engine) -> type[DeclarativeBase]:
    """3.5.3  Create a hybrid table definition combining declarative and imperative
    approaches.

    The carrier's database has a table `tariffs`. The carrier adds columns to it and
    changes their types, and your class has to follow. Declare a class on a
    `DeclarativeBase`, and let SQLAlchemy read its `Table` from the database.

    - `__table__` is like the table in this database at the time of the call. It has the
      same columns and the same primary key. Each column has the same type, and may be
      NULL or not as in the database.
    - Each column is an attribute with the name of the column. Only `from` is a keyword
      of Python: the attribute of this column is called `valid_from`.
    - Each call returns a new class. Different engines may have different tables.

    Given: Today the columns are `zone` (VARCHAR(10)), `from` (DATE) and `cents`
        (INTEGER). The primary key is `zone` and `from`, and it will stay like this.
    """
    # region answer

    class Base(DeclarativeBase):
        pass

    class Tariff(Base):
        __table__ = Table("tariffs", Base.metadata, autoload_with=engine)

        valid_from = __table__.c["from"]

    return Tariff
    # endregion
