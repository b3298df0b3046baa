"""Other answers to section 3.5."""

from sqlalchemy import PrimaryKeyConstraint
from sqlalchemy.ext.automap import automap_base
from sqlalchemy.ext.declarative import DeferredReflection
from sqlalchemy.orm import declarative_base, synonym

from sensei.variants import right, wrong


@wrong("3.5.1", caught_by="test_q1_every_column_is_an_annotated_attribute")
def declared_price():
    """A class with a `__table__` is declared enough."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __table__ = Table(
            "prices",
            Base.metadata,
            Column("isbn", String(13), primary_key=True),
            Column("country", String(2), primary_key=True),
            Column("from", Date, primary_key=True, key="valid_from"),
            Column("cents", Integer, nullable=False),
            Column("reason", String(100)),
            CheckConstraint("cents > 0", name="cents_above_zero"),
            Index("prices_by_country", "country", "valid_from"),
        )

    return PriceRow


@wrong("3.5.1", caught_by="test_q1_the_columns_are_the_same[reason]")
def declared_price():
    """`str` with a default of None may be missing."""

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
        reason: Mapped[str] = mapped_column(String(100), default=None)

    return PriceRow


@wrong("3.5.1", caught_by="test_q1_the_columns_are_the_same[from]")
def declared_price():
    """What the attribute is called, the column is called."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __tablename__ = "prices"
        __table_args__ = (
            CheckConstraint("cents > 0", name="cents_above_zero"),
            Index("prices_by_country", "country", "valid_from"),
        )

        isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
        country: Mapped[str] = mapped_column(String(2), primary_key=True)
        valid_from: Mapped[date] = mapped_column(primary_key=True)
        cents: Mapped[int]
        reason: Mapped[str | None] = mapped_column(String(100))

    return PriceRow


@wrong("3.5.1", caught_by="test_q1_both_databases_refuse_the_same_rows[0 cents]")
def declared_price():
    """A constraint goes with the other things below the columns, and does nothing."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __tablename__ = "prices"

        isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
        country: Mapped[str] = mapped_column(String(2), primary_key=True)
        valid_from: Mapped[date] = mapped_column("from", primary_key=True)
        cents: Mapped[int]
        reason: Mapped[str | None] = mapped_column(String(100))

        positive = CheckConstraint("cents > 0")
        by_country = Index("prices_by_country", "country", "from")

    return PriceRow


@wrong("3.5.1", caught_by="test_q1_the_key_and_the_indexes_are_the_same")
def declared_price():
    """Every table has an id; the old key becomes an index."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __tablename__ = "prices"
        __table_args__ = (
            CheckConstraint("cents > 0"),
            Index("prices_by_country", "country", "from"),
            Index("key", "isbn", "country", "from", unique=True),
        )

        id: Mapped[int] = mapped_column(primary_key=True)
        isbn: Mapped[str] = mapped_column(String(13))
        country: Mapped[str] = mapped_column(String(2))
        valid_from: Mapped[date] = mapped_column("from")
        cents: Mapped[int]
        reason: Mapped[str | None] = mapped_column(String(100))

    return PriceRow


@wrong("3.5.1", caught_by="test_q1_the_columns_are_the_same")
def declared_price():
    """The Table is there already; a class on top of it will do."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __table__ = price_table(Base.metadata)
        valid_from = __table__.c["from"]

    return PriceRow


@right("3.5.1")
def declared_price():
    """The key as a constraint, the check at the column, the index by attributes."""

    class Base(DeclarativeBase):
        pass

    class BookPrice(Base):
        __tablename__ = "prices"

        isbn: Mapped[str] = mapped_column(String(13))
        country: Mapped[str] = mapped_column(String(2))
        valid_from: Mapped[date] = mapped_column("from", Date)
        cents: Mapped[int] = mapped_column(CheckConstraint("NOT cents <= 0"))
        reason: Mapped[str | None] = mapped_column(String(100), nullable=True)

        __table_args__ = (PrimaryKeyConstraint("isbn", "country", "from"),)

    Index("by_country", BookPrice.country, BookPrice.valid_from)
    return BookPrice


@right("3.5.1")
def declared_price():
    """A decorator instead of a base, and the key in a mixin."""

    class Keyed:
        isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
        country: Mapped[str] = mapped_column(String(2), primary_key=True)
        valid_from: Mapped[date] = mapped_column("from", primary_key=True)

    @registry(type_annotation_map={str: String(100)}).mapped
    class PriceRow(Keyed):
        __tablename__ = "prices"
        __table_args__ = (
            CheckConstraint("cents > 0"),
            Index("prices_by_country", "country", "from"),
        )

        cents: Mapped[int]
        reason: Mapped[str | None]

    return PriceRow


@wrong("3.5.2", caught_by="test_q2_a_price_that_the_tills_made_is_stored")
def shop_classes():
    """A subclass can be mapped, and `Price` stays as it is."""

    class Base(DeclarativeBase):
        pass

    class StoredPrice(Price, Base):
        __table__ = price_table(Base.metadata)
        valid_from = __table__.c["from"]

    class Review(Base):
        __tablename__ = "reviews"

        id: Mapped[int] = mapped_column(primary_key=True)
        isbn: Mapped[str] = mapped_column(String(13))
        stars: Mapped[int]
        text: Mapped[str | None]

    return StoredPrice, Review


@wrong("3.5.2", caught_by="test_q2_a_price_that_the_tills_made_is_stored")
def shop_classes():
    """Fields and columns find each other."""
    mapper_registry = registry()
    prices = price_table(mapper_registry.metadata)
    mapper_registry.map_imperatively(Price, prices)

    class Base(DeclarativeBase):
        pass

    class Review(Base):
        __tablename__ = "reviews"

        id: Mapped[int] = mapped_column(primary_key=True)
        isbn: Mapped[str] = mapped_column(String(13))
        stars: Mapped[int]
        text: Mapped[str | None]

    return Price, Review


@wrong("3.5.2", caught_by="test_q2_a_review_is_defined_once")
def shop_classes():
    """Two definitions are fine as long as they are alike."""
    mapper_registry = registry()
    prices = price_table(mapper_registry.metadata)
    mapper_registry.map_imperatively(
        Price, prices, properties={"valid_from": prices.c["from"]}
    )

    @dataclass
    class Review:
        isbn: str
        stars: int
        text: str | None = None

    reviews = Table(
        "reviews",
        mapper_registry.metadata,
        Column("id", Integer, primary_key=True),
        Column("isbn", String(13), nullable=False),
        Column("stars", Integer, nullable=False),
        Column("text", String),
    )
    mapper_registry.map_imperatively(Review, reviews)
    return Price, Review


@wrong("3.5.2", caught_by="test_q2_only_the_text_of_a_review_may_be_missing")
def shop_classes():
    """A column is one that must be filled, unless it says otherwise."""
    mapper_registry = registry()
    prices = price_table(mapper_registry.metadata)
    mapper_registry.map_imperatively(
        Price, prices, properties={"valid_from": prices.c["from"]}
    )

    @mapper_registry.mapped
    class Review:
        __tablename__ = "reviews"

        id = Column(Integer, primary_key=True)
        isbn = Column(String(13))
        stars = Column(Integer)
        text = Column(String)

    return Price, Review


@wrong("3.5.2", caught_by="test_q2_a_review_keeps_its_stars")
def shop_classes():
    """The column is called rating, so the attribute is, too."""
    mapper_registry = registry()
    prices = price_table(mapper_registry.metadata)
    mapper_registry.map_imperatively(
        Price, prices, properties={"valid_from": prices.c["from"]}
    )

    class Base(DeclarativeBase):
        pass

    class Review(Base):
        __tablename__ = "reviews"

        id: Mapped[int] = mapped_column(primary_key=True)
        isbn: Mapped[str] = mapped_column(String(13))
        rating: Mapped[int]
        text: Mapped[str | None]

    return Price, Review


@wrong("3.5.2", caught_by="test_q2_the_tills_need_no_sqlalchemy_for_a_price")
@registry().mapped_as_dataclass
class Price:
    """It stays a dataclass, so it stays as it is."""

    __tablename__ = "prices"

    isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    valid_from: Mapped[date] = mapped_column("from", primary_key=True)
    cents: Mapped[int]
    reason: Mapped[str | None] = mapped_column(default=None)

    def reduced(self, percent, valid_from, reason):
        cents = self.cents * (100 - percent) // 100
        return Price(self.isbn, self.country, valid_from, cents, reason)


@right("3.5.2")
def shop_classes():
    """A base whose registry maps both, and the column renamed as a key."""

    class Base(DeclarativeBase):
        pass

    class Review(Base):
        __tablename__ = "reviews"

        id: Mapped[int] = mapped_column(primary_key=True)
        isbn: Mapped[str] = mapped_column(String(13), nullable=False)
        stars: Mapped[int] = mapped_column("rating", Integer)
        text: Mapped[str | None] = mapped_column(String)

    prices = price_table(Base.metadata)
    own = {"valid_from": prices.c["from"]}
    Base.registry.map_imperatively(Price, prices, properties=own)
    return Price, Review


@right("3.5.2")
def shop_classes():
    """Two registries, and a review that is a dataclass."""
    apart = registry()
    prices = price_table(apart.metadata)
    apart.map_imperatively(
        Price,
        local_table=prices,
        properties={
            "valid_from": prices.columns["from"],
            "cents": prices.columns.cents,
        },
    )

    @registry().mapped_as_dataclass
    class Opinion:
        __tablename__ = "reviews"

        id: Mapped[int] = mapped_column(init=False, primary_key=True)
        isbn: Mapped[str] = mapped_column(String(13))
        stars: Mapped[int]
        text: Mapped[str | None] = mapped_column(default=None)

    return Price, Opinion


@wrong(
    "3.5.3", caught_by="test_q3_the_table_is_what_the_database_says[with a wider isbn]"
)
def hybrid_price(engine):
    """The Table of our own code is what the database has."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Sendable, Base):
        __table__ = price_table(Base.metadata)

        valid_from = __table__.c["from"]

    return PriceRow


@wrong("3.5.3", caught_by="test_q3_the_attributes_are_those_of_the_table")
def hybrid_price(engine):
    """A reflected column has the name that it has."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Sendable, Base):
        __table__ = Table("prices", Base.metadata, autoload_with=engine)

    return PriceRow


@wrong("3.5.3", caught_by="test_q3_the_attributes_are_those_of_the_table")
def hybrid_price(engine):
    """A second name for an attribute takes the first one away."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Sendable, Base):
        __table__ = Table("prices", Base.metadata, autoload_with=engine)

        valid_from = synonym("from")

    return PriceRow


@wrong("3.5.3", caught_by="test_q3_the_class_and_the_table_work_on_the_same_rows")
def hybrid_price(engine):
    """A class is a class: the registry maps it just as well."""
    own = registry()

    class PriceRow(Sendable):
        def __init__(self, **values):
            for name, value in values.items():
                setattr(self, name, value)

    prices = Table("prices", own.metadata, autoload_with=engine)
    own.map_imperatively(PriceRow, prices, properties={"valid_from": prices.c["from"]})
    return PriceRow


@wrong(
    "3.5.3",
    caught_by="test_q3_the_attributes_are_those_of_the_table[with a column more]",
)
def hybrid_price(engine):
    """Declared is declared: what is written here is all there is."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Sendable, Base):
        __tablename__ = "prices"

        isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
        country: Mapped[str] = mapped_column(String(2), primary_key=True)
        valid_from: Mapped[date] = mapped_column("from", primary_key=True)
        cents: Mapped[int]
        reason: Mapped[str | None] = mapped_column(String(100))

    return PriceRow


@right("3.5.3")
def hybrid_price(engine):
    """Reflected later; one column is declared beforehand, for its name."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Sendable, DeferredReflection, Base):
        __tablename__ = "prices"

        valid_from: Mapped[date] = mapped_column("from", primary_key=True)

    PriceRow.prepare(engine)
    return PriceRow


@right("3.5.3")
def hybrid_price(engine):
    """The Table first, by itself, and the name given by the mapper."""
    metadata = MetaData()
    metadata.reflect(engine, only=["prices"])
    prices = metadata.tables["prices"]

    class BookPrice(Sendable, declarative_base(metadata=metadata)):
        __table__ = prices
        __mapper_args__ = {"properties": {"valid_from": prices.c["from"]}}

    return BookPrice


@right("3.5.3")
def hybrid_price(engine):
    """automap reads the tables; a class of one's own stands for one of them."""

    class Base(DeclarativeBase):
        pass

    Automap = automap_base(Base)

    class PriceRow(Sendable, Automap):
        __tablename__ = "prices"

        valid_from = Column("from", Date, primary_key=True)

    Automap.prepare(autoload_with=engine)
    return PriceRow
