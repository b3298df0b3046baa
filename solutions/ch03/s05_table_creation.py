"""3.5  Table creation methods in SQLAlchemy.

A table can be written down as a Table, as a class, or as a bit of both.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    inspect,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry


def price_table(metadata: MetaData) -> Table:
    """Define the shop's prices the imperative way: a Table, and no class."""
    return Table(
        "prices",
        metadata,
        Column("isbn", String(13), primary_key=True),
        Column("country", String(2), primary_key=True),
        Column("from", Date, primary_key=True),
        Column("cents", Integer, nullable=False),
        Column("reason", String(100)),
        CheckConstraint("cents > 0", name="cents_above_zero"),
        Index("prices_by_country", "country", "from"),
    )


def declared_price() -> type[DeclarativeBase]:
    """3.5.1  Write a SQLAlchemy table definition using the declarative method.

    Write what `price_table` says once more, without calling it: return a class, on a
    `DeclarativeBase` of its own, from which the database gets the same table. Each
    column is an attribute with a `Mapped` annotation and the column's name. Only
    `from` is a word of Python already, so that attribute is called `valid_from`.
    """
    # region answer

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __tablename__ = "prices"
        __table_args__ = (
            CheckConstraint("cents > 0", name="cents_above_zero"),
            Index("prices_by_country", "country", "from"),
        )

        isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
        country: Mapped[str] = mapped_column(String(2), primary_key=True)
        valid_from: Mapped[date] = mapped_column("from", primary_key=True)
        cents: Mapped[int]
        reason: Mapped[str | None] = mapped_column(String(100))

    return PriceRow
    # endregion


@dataclass
class Price:
    """What a book costs in a country, for the tills, which have no SQLAlchemy."""

    isbn: str
    country: str
    valid_from: date
    cents: int
    reason: str | None = None

    def reduced(self, percent: int, valid_from: date, reason: str) -> "Price":
        """Return the price of a sale."""
        cents = self.cents * (100 - percent) // 100
        return replace(self, cents=cents, valid_from=valid_from, reason=reason)


def shop_classes() -> tuple[type[Price], type[Any]]:
    """3.5.2  Compare the pros and cons of declarative vs. imperative table creation.

    Two classes; use for each the method that suits it better. `Price` stays as it is.
    Map it imperatively to the table of `price_table`, `valid_from` to the column
    `from`, so that a session stores what the tills make. `Review` belongs to the shop
    alone. Its class and its Table are written apart, and stars get lost without a
    word: write it declaratively, once, with `Mapped` annotations. Only the `text` may
    be missing. Return both classes, mapped.
    """
    # region answer
    # In words: declared, a table is written once, in the class; annotations say what
    # may be NULL, and type checkers know the columns. But the class is SQLAlchemy's: it
    # cannot exist without. Mapped imperatively, a class knows nothing of its table and
    # can be used without SQLAlchemy, while two definitions have to be kept alike, and
    # nobody says so when they no longer are.
    mapper_registry = registry()
    prices = price_table(mapper_registry.metadata)
    mapper_registry.map_imperatively(
        Price, prices, properties={"valid_from": prices.c["from"]}
    )

    class Base(DeclarativeBase):
        registry = mapper_registry

    class Review(Base):
        __tablename__ = "reviews"

        id: Mapped[int] = mapped_column(primary_key=True)
        isbn: Mapped[str] = mapped_column(String(13))
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


class Sendable:
    """What the API sends of a row: its values by the names of its attributes."""

    def as_dict(self) -> dict[str, Any]:
        """Return the row as a dict."""
        names = inspect(type(self)).column_attrs.keys()
        return {name: getattr(self, name) for name in names}


def hybrid_price(engine: Engine) -> type[DeclarativeBase]:
    """3.5.3  Create a hybrid table definition combining declarative and imperative
    approaches.

    The database of `engine` has a table `prices` already. Columns may have been added
    to it, or widened. Return a class, on a `DeclarativeBase` of its own and with
    `Sendable`, whose `__table__` is what the database says of `prices` today. Its
    attributes are called as the columns are, but `valid_from` where that is `from`.
    """
    # region answer

    class Base(DeclarativeBase):
        pass

    class PriceRow(Sendable, Base):
        __table__ = Table("prices", Base.metadata, autoload_with=engine)

        valid_from = __table__.c["from"]

    return PriceRow
    # endregion
