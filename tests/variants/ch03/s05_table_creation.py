"""Other answers to section 3.5."""

from datetime import date

from sqlalchemy import Date, PrimaryKeyConstraint, UniqueConstraint, event
from sqlalchemy.ext.automap import automap_base
from sqlalchemy.ext.declarative import DeferredReflection
from sqlalchemy.orm import declarative_base, synonym

from sensei.variants import right, wrong


@wrong("3.5.1", caught_by="test_q1_the_check_constraint_has_the_same_name")
def declared_price():
    """Give the check constraint no name."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __tablename__ = "prices"
        __table_args__ = (CheckConstraint("cents > 0"),)

        isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
        country: Mapped[str] = mapped_column(String(2), primary_key=True)
        cents: Mapped[int]
        reason: Mapped[str | None] = mapped_column(String(100))

    return PriceRow


@wrong("3.5.1", caught_by="test_q1_every_column_is_an_annotated_attribute")
def declared_price():
    """Put a `Table` into the class."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __table__ = Table(
            "prices",
            Base.metadata,
            Column("isbn", String(13), primary_key=True),
            Column("country", String(2), primary_key=True),
            Column("cents", Integer, nullable=False),
            Column("reason", String(100)),
            CheckConstraint("cents > 0", name="cents_above_zero"),
        )

    return PriceRow


@wrong("3.5.1", caught_by="test_q1_the_columns_are_the_same[reason]")
def declared_price():
    """Take a default of None for a column that may be NULL."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __tablename__ = "prices"
        __table_args__ = (CheckConstraint("cents > 0", name="cents_above_zero"),)

        isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
        country: Mapped[str] = mapped_column(String(2), primary_key=True)
        cents: Mapped[int]
        reason: Mapped[str] = mapped_column(String(100), default=None)

    return PriceRow


@wrong("3.5.1", caught_by="test_q1_the_check_constraint_refuses_the_same_prices[0]")
def declared_price():
    """Write the constraint below the columns, where it has no effect."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __tablename__ = "prices"

        isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
        country: Mapped[str] = mapped_column(String(2), primary_key=True)
        cents: Mapped[int]
        reason: Mapped[str | None] = mapped_column(String(100))

        positive = CheckConstraint("cents > 0", name="cents_above_zero")

    return PriceRow


@wrong("3.5.1", caught_by="test_q1_the_check_constraint_refuses_the_same_prices[0]")
def declared_price():
    """Let the constraint allow 0."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __tablename__ = "prices"
        __table_args__ = (CheckConstraint("cents >= 0", name="cents_above_zero"),)

        isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
        country: Mapped[str] = mapped_column(String(2), primary_key=True)
        cents: Mapped[int]
        reason: Mapped[str | None] = mapped_column(String(100))

    return PriceRow


@wrong("3.5.1", caught_by="test_q1_the_columns_are_the_same")
def declared_price():
    """Forget the comma of the tuple."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __tablename__ = "prices"
        __table_args__ = CheckConstraint("cents > 0", name="cents_above_zero")

        isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
        country: Mapped[str] = mapped_column(String(2), primary_key=True)
        cents: Mapped[int]
        reason: Mapped[str | None] = mapped_column(String(100))

    return PriceRow


@wrong("3.5.1", caught_by="test_q1_the_primary_key_is_the_same")
def declared_price():
    """Add an id, and make the old primary key a unique constraint."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __tablename__ = "prices"
        __table_args__ = (
            CheckConstraint("cents > 0", name="cents_above_zero"),
            UniqueConstraint("isbn", "country"),
        )

        id: Mapped[int] = mapped_column(primary_key=True)
        isbn: Mapped[str] = mapped_column(String(13))
        country: Mapped[str] = mapped_column(String(2))
        cents: Mapped[int]
        reason: Mapped[str | None] = mapped_column(String(100))

    return PriceRow


@wrong("3.5.1", caught_by="test_q1_the_primary_key_is_the_same")
def declared_price():
    """Make one column the primary key."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __tablename__ = "prices"
        __table_args__ = (CheckConstraint("cents > 0", name="cents_above_zero"),)

        isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
        country: Mapped[str] = mapped_column(String(2))
        cents: Mapped[int]
        reason: Mapped[str | None] = mapped_column(String(100))

    return PriceRow


@wrong("3.5.1", caught_by="test_q1_the_columns_are_the_same")
def declared_price():
    """Use the given table in the class, and annotate its columns."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __table__ = price_table(Base.metadata)

        isbn: Mapped[str]
        country: Mapped[str]
        cents: Mapped[int]
        reason: Mapped[str | None]

    return PriceRow


@wrong("3.5.1", caught_by="test_q1_the_table_has_nothing_else")
def declared_price():
    """Let each isbn have one price only."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __tablename__ = "prices"
        __table_args__ = (
            CheckConstraint("cents > 0", name="cents_above_zero"),
            UniqueConstraint("isbn"),
        )

        isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
        country: Mapped[str] = mapped_column(String(2), primary_key=True)
        cents: Mapped[int]
        reason: Mapped[str | None] = mapped_column(String(100))

    return PriceRow


@wrong("3.5.1", caught_by="test_q1_the_table_has_nothing_else")
def declared_price():
    """Give a column a default."""

    class Base(DeclarativeBase):
        pass

    class PriceRow(Base):
        __tablename__ = "prices"
        __table_args__ = (CheckConstraint("cents > 0", name="cents_above_zero"),)

        isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
        country: Mapped[str] = mapped_column(String(2), primary_key=True)
        cents: Mapped[int] = mapped_column(server_default="1")
        reason: Mapped[str | None] = mapped_column(String(100))

    return PriceRow


@right("3.5.1")
def declared_price():
    """Write the primary key as a constraint, and the check at its column."""

    class Base(DeclarativeBase):
        pass

    class BookPrice(Base):
        __tablename__ = "prices"

        isbn: Mapped[str] = mapped_column(String(13))
        country: Mapped[str] = mapped_column(String(2))
        cents: Mapped[int] = mapped_column(
            CheckConstraint("NOT cents <= 0", name="cents_above_zero")
        )
        reason: Mapped[str | None] = mapped_column(String(100), nullable=True)

        __table_args__ = (PrimaryKeyConstraint("isbn", "country"),)

    return BookPrice


@right("3.5.1")
def declared_price():
    """Map with a decorator, and take the primary key from a mixin."""

    class Keyed:
        isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
        country: Mapped[str] = mapped_column(String(2), primary_key=True)

    @registry(type_annotation_map={str: String(100)}).mapped
    class PriceRow(Keyed):
        __tablename__ = "prices"
        __table_args__ = (CheckConstraint("cents > 0", name="cents_above_zero"),)

        cents: Mapped[int]
        reason: Mapped[str | None]

    return PriceRow


@wrong("3.5.2", caught_by="test_q2_price_is_mapped_by_the_call_and_not_before")
def shop_classes():
    """Map a subclass of `Price`."""

    class Base(DeclarativeBase):
        pass

    class StoredPrice(Price, Base):
        __table__ = price_table(Base.metadata)

    class Review(Base):
        __tablename__ = "reviews"

        id: Mapped[int] = mapped_column(primary_key=True)
        isbn: Mapped[str] = mapped_column(String(13))
        stars: Mapped[int]
        text: Mapped[str | None]

    return StoredPrice, Review


@wrong("3.5.2", caught_by="test_q2_a_session_stores_the_prices_of_the_tills")
def shop_classes():
    """Map `Price` to a table of one's own."""
    mapper_registry = registry()
    prices = Table(
        "prices",
        mapper_registry.metadata,
        Column("id", Integer, primary_key=True),
        Column("isbn", String(13)),
        Column("country", String(2)),
        Column("cents", Integer),
        Column("reason", String(100)),
    )
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


@wrong("3.5.2", caught_by="test_q2_a_review_is_declared")
def shop_classes():
    """Rename the column, and keep class and `Table`."""
    mapper_registry = registry()
    mapper_registry.map_imperatively(Price, price_table(mapper_registry.metadata))

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


@wrong("3.5.2", caught_by="test_q2_only_the_text_of_a_review_may_be_null")
def shop_classes():
    """Use `Column` without `nullable=False`."""
    mapper_registry = registry()
    mapper_registry.map_imperatively(Price, price_table(mapper_registry.metadata))

    @mapper_registry.mapped
    class Review:
        __tablename__ = "reviews"

        id = Column(Integer, primary_key=True)
        isbn = Column(String(13))
        stars = Column(Integer)
        text = Column(String)

    return Price, Review


@wrong("3.5.2", caught_by="test_q2_a_review_keeps_its_values")
def shop_classes():
    """Name the attribute like the old column."""
    mapper_registry = registry()
    mapper_registry.map_imperatively(Price, price_table(mapper_registry.metadata))

    class Base(DeclarativeBase):
        pass

    class Review(Base):
        __tablename__ = "reviews"

        id: Mapped[int] = mapped_column(primary_key=True)
        isbn: Mapped[str] = mapped_column(String(13))
        rating: Mapped[int]
        text: Mapped[str | None]

    return Price, Review


@wrong("3.5.2", caught_by="test_q2_price_is_mapped_by_the_call_and_not_before")
@registry().mapped_as_dataclass
class Price:
    """Declare `Price` as a mapped dataclass."""

    __tablename__ = "prices"

    isbn: Mapped[str] = mapped_column(String(13), primary_key=True)
    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    cents: Mapped[int]
    reason: Mapped[str | None] = mapped_column(default=None)


@wrong(
    "3.5.2",
    caught_by="test_q2_the_table_of_the_prices_refuses_what_price_table_refuses",
)
def shop_classes():
    """Copy the columns of the table of the prices, and forget its constraint."""

    class Base(DeclarativeBase):
        pass

    class Review(Base):
        __tablename__ = "reviews"

        id: Mapped[int] = mapped_column(primary_key=True)
        isbn: Mapped[str] = mapped_column(String(13))
        stars: Mapped[int]
        text: Mapped[str | None]

    prices = Table(
        "prices",
        Base.metadata,
        Column("isbn", String(13), primary_key=True),
        Column("country", String(2), primary_key=True),
        Column("cents", Integer, nullable=False),
        Column("reason", String(100)),
    )
    Base.registry.map_imperatively(Price, prices)
    return Price, Review


@wrong("3.5.2", caught_by="test_q2_a_review_is_declared")
def shop_classes():
    """Put the `Table` into the class, and annotate its columns."""

    class Base(DeclarativeBase):
        pass

    class Review(Base):
        __table__ = Table(
            "reviews",
            Base.metadata,
            Column("id", Integer, primary_key=True),
            Column("isbn", String(13), nullable=False),
            Column("stars", Integer, nullable=False),
            Column("text", String),
        )

        id: Mapped[int]
        isbn: Mapped[str]
        stars: Mapped[int]
        text: Mapped[str | None]

    Base.registry.map_imperatively(Price, price_table(Base.metadata))
    return Price, Review


@right("3.5.2")
def shop_classes():
    """Use the registry of the base for both classes."""

    class Base(DeclarativeBase):
        pass

    class Review(Base):
        __tablename__ = "reviews"

        id: Mapped[int] = mapped_column(primary_key=True)
        isbn: Mapped[str] = mapped_column(String(13), nullable=False)
        stars: Mapped[int] = mapped_column(Integer)
        text: Mapped[str | None] = mapped_column(String)

    Base.registry.map_imperatively(Price, price_table(Base.metadata))
    return Price, Review


@right("3.5.2")
def shop_classes():
    """Use two registries, and make the review a mapped dataclass."""
    apart = registry()
    apart.map_imperatively(Price, local_table=price_table(apart.metadata))

    @registry().mapped_as_dataclass
    class Opinion:
        __tablename__ = "reviews"

        id: Mapped[int] = mapped_column(init=False, primary_key=True)
        isbn: Mapped[str] = mapped_column(String(13))
        stars: Mapped[int]
        text: Mapped[str | None] = mapped_column(default=None)

    return Price, Opinion


@wrong(
    "3.5.3",
    caught_by="test_q3_the_table_is_read_from_the_database[with other types]",
)
def hybrid_tariff(engine):
    """Write the `Table` of today into the code."""

    class Base(DeclarativeBase):
        pass

    class Tariff(Base):
        __table__ = Table(
            "tariffs",
            Base.metadata,
            Column("zone", String(10), primary_key=True),
            Column("from", Date, primary_key=True),
            Column("cents", Integer, nullable=False),
        )

        valid_from = __table__.c["from"]

    return Tariff


@wrong("3.5.3", caught_by="test_q3_each_column_is_an_attribute")
def hybrid_tariff(engine):
    """Leave the name of the attribute to the `Table`."""

    class Base(DeclarativeBase):
        pass

    class Tariff(Base):
        __table__ = Table("tariffs", Base.metadata, autoload_with=engine)

    return Tariff


@wrong("3.5.3", caught_by="test_q3_each_column_is_an_attribute")
def hybrid_tariff(engine):
    """Add a synonym, which keeps the attribute `from`."""

    class Base(DeclarativeBase):
        pass

    class Tariff(Base):
        __table__ = Table("tariffs", Base.metadata, autoload_with=engine)

        valid_from = synonym("from")

    return Tariff


@wrong("3.5.3", caught_by="test_q3_a_session_stores_and_loads_tariffs")
def hybrid_tariff(engine):
    """Map a class imperatively to the table that was read."""
    own = registry()

    class Tariff:
        def __init__(self, **values):
            for name, value in values.items():
                setattr(self, name, value)

    tariffs = Table("tariffs", own.metadata, autoload_with=engine)
    own.map_imperatively(Tariff, tariffs, properties={"valid_from": tariffs.c["from"]})
    return Tariff


@wrong("3.5.3", caught_by="test_q3_each_column_is_an_attribute[with a column more]")
def hybrid_tariff(engine):
    """Declare every column."""

    class Base(DeclarativeBase):
        pass

    class Tariff(Base):
        __tablename__ = "tariffs"

        zone: Mapped[str] = mapped_column(String(10), primary_key=True)
        valid_from: Mapped[date] = mapped_column("from", primary_key=True)
        cents: Mapped[int]

    return Tariff


@wrong(
    "3.5.3", caught_by="test_q3_each_call_reads_the_database_and_returns_a_new_class"
)
def hybrid_tariff(engine, tables=MetaData()):
    """Keep the metadata, and with it the table that was read first."""

    class Base(DeclarativeBase):
        metadata = tables

    class Tariff(Base):
        __table__ = Table("tariffs", Base.metadata, autoload_with=engine)

        valid_from = __table__.c["from"]

    return Tariff


@wrong(
    "3.5.3",
    caught_by="test_q3_the_table_is_read_from_the_database[with other types]",
)
def hybrid_tariff(engine):
    """Declare the type of a column for its name, and reflect the others afterwards."""

    class Base(DeclarativeBase):
        pass

    class Tariff(DeferredReflection, Base):
        __tablename__ = "tariffs"

        valid_from: Mapped[date] = mapped_column("from", primary_key=True)

    Tariff.prepare(engine)
    return Tariff


@wrong(
    "3.5.3",
    caught_by="test_q3_the_table_is_read_from_the_database[with other types]",
)
def hybrid_tariff(engine):
    """Write the type of a column into the `Table`, to give it a key."""

    class Base(DeclarativeBase):
        pass

    class Tariff(Base):
        __table__ = Table(
            "tariffs",
            Base.metadata,
            Column("from", Date, key="valid_from", primary_key=True),
            autoload_with=engine,
        )

    return Tariff


@right("3.5.3")
def hybrid_tariff(engine):
    """Reflect first, and name the attribute in the mapper arguments."""
    metadata = MetaData()
    metadata.reflect(engine, only=["tariffs"])
    tariffs = metadata.tables["tariffs"]

    class CarrierTariff(declarative_base(metadata=metadata)):
        __table__ = tariffs
        __mapper_args__ = {"properties": {"valid_from": tariffs.c["from"]}}

    return CarrierTariff


@right("3.5.3")
def hybrid_tariff(engine):
    """Use automap, with a class of one's own for one table."""

    class Base(DeclarativeBase):
        pass

    Automap = automap_base(Base)

    class Tariff(Automap):
        __tablename__ = "tariffs"

    @event.listens_for(Base.metadata, "column_reflect")
    def name(inspector, table, column):
        if column["name"] == "from":
            column["key"] = "valid_from"

    Automap.prepare(autoload_with=engine)
    return Tariff


@right("3.5.3")
def hybrid_tariff(engine):
    """Give the column a key while the table is read."""

    class Base(DeclarativeBase):
        pass

    def name(inspector, table, column):
        if column["name"] == "from":
            column["key"] = "valid_from"

    class Tariff(Base):
        __table__ = Table(
            "tariffs",
            Base.metadata,
            autoload_with=engine,
            listeners=[("column_reflect", name)],
        )

    return Tariff
