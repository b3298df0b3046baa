"""Other answers to section 3.1."""

from collections import Counter

from sqlalchemy import (
    Column,
    Date,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    case,
    func,
    text,
)
from sqlalchemy.orm import (
    MappedAsDataclass,
    declarative_base,
    registry,
    sessionmaker,
)

from sensei.variants import right, wrong


@wrong("3.1.1", caught_by="test_q1_core_sends_no_more_than_the_session")
def sell_with_core(connection, sales):
    """Core is a loop with a SELECT and an UPDATE in it."""
    for isbn, pieces in sales:
        query = select(Stock.copies).where(Stock.isbn == isbn)
        copies = connection.execute(query).scalar_one()
        connection.execute(
            update(Stock).where(Stock.isbn == isbn).values(copies=copies - pieces)
        )


@wrong("3.1.1", caught_by="test_q1_core_sends_no_more_than_the_session")
def sell_with_core(connection, sales):
    """A session on the connection is Core as well."""
    with Session(connection) as session:
        sell_with_orm(session, sales)
        session.flush()


@wrong("3.1.1", caught_by="test_q1_sales_that_cancel_each_other_write_nothing")
def sell_with_core(connection, sales):
    """What was sold is written, whether or not anything is different then."""
    sold = Counter()
    for isbn, pieces in sales:
        sold[isbn] += pieces
    known = set(connection.scalars(select(Stock.isbn)))
    if sold.keys() - known:
        raise NoResultFound
    connection.execute(
        update(Stock)
        .where(Stock.isbn == bindparam("book"))
        .values(copies=Stock.copies - bindparam("sold")),
        [{"book": isbn, "sold": pieces} for isbn, pieces in sold.items()],
    )


@wrong(
    "3.1.1",
    caught_by="test_q1_an_unknown_book_is_refused_before_anything_is_written",
)
def sell_with_core(connection, sales):
    """An UPDATE that finds no row would say so."""
    sold = Counter()
    for isbn, pieces in sales:
        sold[isbn] += pieces
    for isbn, pieces in sold.items():
        if pieces:
            connection.execute(
                update(Stock)
                .where(Stock.isbn == isbn)
                .values(copies=Stock.copies - pieces)
            )


@wrong(
    "3.1.1",
    caught_by="test_q1_an_unknown_book_is_refused_before_anything_is_written[sold after others]",
)
def sell_with_core(connection, sales):
    """It is early enough to look at `rowcount`."""
    sold = Counter()
    for isbn, pieces in sales:
        sold[isbn] += pieces
    for isbn, pieces in sold.items():
        change = update(Stock).where(Stock.isbn == isbn)
        if not connection.execute(change.values(copies=Stock.copies - pieces)).rowcount:
            raise NoResultFound(isbn)


@wrong(
    "3.1.1",
    caught_by="test_q1_core_leaves_the_same_rows[one book again and again]",
)
def sell_with_core(connection, sales):
    """A book has one entry in the list."""
    for isbn, pieces in dict(sales).items():
        connection.execute(
            update(Stock).where(Stock.isbn == isbn).values(copies=10 - pieces)
        )


@right("3.1.1")
def sell_with_core(connection, sales):
    """What the session does, step by step: read, count in Python, compare, write."""
    stock = Stock.__table__
    rows = connection.execute(
        select(stock).where(stock.c.isbn.in_({isbn for isbn, _ in sales}))
    )
    before = {row.isbn: row.copies for row in rows}
    after = dict(before)
    for isbn, pieces in sales:
        if isbn not in after:
            raise NoResultFound(isbn)
        after[isbn] -= pieces
    dirty = {isbn: copies for isbn, copies in after.items() if copies != before[isbn]}
    for isbn, copies in dirty.items():
        change = stock.update().where(stock.c.isbn == isbn)
        connection.execute(change.values(copies=copies))


@right("3.1.1")
def sell_with_core(connection, sales):
    """One UPDATE with a CASE, in a transaction of its own."""
    sold = Counter()
    for isbn, pieces in sales:
        sold[isbn] += pieces
    with connection.begin():
        query = select(func.count()).select_from(Stock).where(Stock.isbn.in_(sold))
        if connection.scalar(query) < len(sold):
            raise NoResultFound("an unknown book")
        sold = {isbn: pieces for isbn, pieces in sold.items() if pieces}
        if sold:
            connection.execute(
                update(Stock)
                .where(Stock.isbn.in_(sold))
                .values(copies=Stock.copies - case(sold, value=Stock.isbn))
            )


@wrong("3.1.2", caught_by="test_q2_a_name_is_a_value_whatever_is_in_it")
class OrderBook:
    """text() makes an f-string safe."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        with self._engine.begin() as connection:
            connection.execute(insert(Order), orders)

    def of(self, customer, since):
        query = text(
            "SELECT customer, placed_at, total, gift FROM orders "
            f"WHERE customer = '{customer}' AND placed_at >= :since ORDER BY placed_at"
        ).columns(Order.customer, Order.placed_at, Order.total, Order.gift)
        with self._engine.connect() as connection:
            since = since.isoformat(" ", "microseconds")
            rows = connection.execute(query, {"since": since})
            return [dict(row) for row in rows.mappings()]


@wrong("3.1.2", caught_by="test_q2_an_order_comes_back_as_it_was_added")
class OrderBook:
    """Parameters are all that raw SQL lacks; types are the reader's business."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        with self._engine.begin() as connection:
            connection.execute(insert(Order), orders)

    def of(self, customer, since):
        query = text(
            "SELECT customer, placed_at, total, gift FROM orders "
            "WHERE customer = :customer AND placed_at >= :since ORDER BY placed_at"
        )
        values = {"customer": customer, "since": str(since)}
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query, values).mappings()]


@wrong("3.1.2", caught_by="test_q2_an_import_that_fails_leaves_nothing")
class OrderBook:
    """Each order is committed as soon as it is there."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        with Session(self._engine) as session:
            for order in orders:
                session.add(Order(**order))
                session.commit()

    def of(self, customer, since):
        query = select(Order).where(
            Order.customer == customer, Order.placed_at >= since
        )
        with Session(self._engine) as session:
            found = session.scalars(query.order_by(Order.placed_at)).all()
            return [
                {
                    "customer": one.customer,
                    "placed_at": one.placed_at,
                    "total": one.total,
                    "gift": one.gift,
                }
                for one in found
            ]


@wrong("3.1.2", caught_by="test_q2_an_import_that_fails_leaves_nothing")
class OrderBook:
    """A rollback is enough; nobody needs to hear of it."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        with Session(self._engine) as session:
            session.add_all(Order(**order) for order in orders)
            try:
                session.commit()
            except Exception:
                session.rollback()

    def of(self, customer, since):
        columns = (Order.customer, Order.placed_at, Order.total, Order.gift)
        query = select(*columns).where(
            Order.customer == customer, Order.placed_at >= since
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(Order.placed_at)).mappings()
            return [dict(row) for row in rows]


@wrong("3.1.2", caught_by="test_q2_every_connection_goes_back_to_the_pool")
class OrderBook:
    """Connections close themselves."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        connection = self._engine.connect()
        connection.execute(insert(Order), orders)
        connection.commit()

    def of(self, customer, since):
        columns = (Order.customer, Order.placed_at, Order.total, Order.gift)
        query = select(*columns).where(
            Order.customer == customer, Order.placed_at >= since
        )
        rows = self._engine.connect().execute(query.order_by(Order.placed_at))
        return [dict(row) for row in rows.mappings()]


@wrong("3.1.2", caught_by="test_q2_orders_are_listed_from_a_time_on_the_oldest_first")
class OrderBook:
    """Rows come in the order in which they went in."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        with self._engine.connect() as connection:
            connection.execute(insert(Order), orders)
            connection.commit()

    def of(self, customer, since):
        columns = (Order.customer, Order.placed_at, Order.total, Order.gift)
        query = select(*columns).where(
            Order.customer == customer, Order.placed_at >= since
        )
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


@wrong("3.1.2", caught_by="test_q2_nothing_goes_past_sqlalchemy")
class OrderBook:
    """With enough care the driver can do it all."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        raw = self._engine.raw_connection()
        cursor = raw.cursor()
        cursor.execute("BEGIN")
        try:
            cursor.executemany(
                "INSERT INTO orders (customer, placed_at, total, gift) "
                "VALUES (?, ?, ?, ?)",
                [
                    (
                        one["customer"],
                        one["placed_at"].isoformat(),
                        float(one["total"]),
                        one["gift"],
                    )
                    for one in orders
                ],
            )
            raw.commit()
        finally:
            raw.rollback()
            raw.close()

    def of(self, customer, since):
        raw = self._engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute(
                "SELECT customer, placed_at, total, gift FROM orders "
                "WHERE customer = ? AND placed_at >= ? ORDER BY placed_at",
                (customer, since.isoformat()),
            )
            return [
                {
                    "customer": name,
                    "placed_at": datetime.fromisoformat(placed_at),
                    "total": Decimal(f"{total:.2f}"),
                    "gift": bool(gift),
                }
                for name, placed_at, total, gift in cursor.fetchall()
            ]
        finally:
            raw.close()


@right("3.1.2")
class OrderBook:
    """Sessions, and objects turned into dicts."""

    def __init__(self, engine):
        self._sessions = sessionmaker(engine)

    def add(self, orders):
        with self._sessions.begin() as session:
            session.add_all([Order(**order) for order in orders])

    def of(self, customer, since):
        keys = [column.key for column in Order.__table__.columns]
        with self._sessions() as session:
            orders = session.scalars(
                select(Order)
                .filter_by(customer=customer)
                .where(Order.placed_at >= since)
                .order_by(Order.placed_at.asc())
            )
            return [{key: getattr(one, key) for key in keys} for one in orders]


@right("3.1.2")
class OrderBook:
    """The Table alone, and an INSERT for each order."""

    def __init__(self, engine):
        self._engine = engine
        self._orders = Order.__table__

    def add(self, orders):
        with self._engine.connect() as connection:
            for order in orders:
                connection.execute(self._orders.insert().values(**order))
            connection.commit()

    def of(self, customer, since):
        table = self._orders
        with self._engine.connect() as connection:
            found = connection.execute(
                table.select().where(table.c.customer == customer)
            ).all()
        rows = [row._asdict() for row in found if row.placed_at >= since]
        return sorted(rows, key=lambda row: row["placed_at"])


@wrong("3.1.3", caught_by="test_q3_the_table_has_the_columns_of_a_user")
def user_model():
    """A string is a string; its length is for the form to check."""

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        email: Mapped[str] = mapped_column(unique=True)
        joined_on: Mapped[date]

    return User


@wrong("3.1.3", caught_by="test_q3_an_email_belongs_to_one_user")
def user_model():
    """Who registers a user has looked for the email before."""

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(50))
        email: Mapped[str] = mapped_column(String(254), index=True)
        joined_on: Mapped[date]

    return User


@wrong("3.1.3", caught_by="test_q3_the_database_refuses_what_is_missing")
def user_model():
    """A Column without further words is there in every row."""

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"

        id = Column(Integer, primary_key=True)
        name = Column(String(50))
        email = Column(String(254), unique=True)
        joined_on = Column(Date)

    return User


@wrong("3.1.3", caught_by="test_q3_users_are_found_by_another_session")
def user_model():
    """Annotations alone map a class, and its table is named after it."""

    class Base(DeclarativeBase):
        pass

    class User(Base):
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(50))
        email: Mapped[str] = mapped_column(String(254), unique=True)
        joined_on: Mapped[date]

    return User


@wrong("3.1.3", caught_by="test_q3_the_table_has_the_columns_of_a_user")
def user_model():
    """The email is the key: it is unique, is it not."""

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"

        name: Mapped[str] = mapped_column(String(50))
        email: Mapped[str] = mapped_column(String(254), primary_key=True)
        joined_on: Mapped[date]

    return User


@right("3.1.3")
def user_model():
    """A dataclass, with a column more than asked for."""

    class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
        pass

    class User(Base):
        __tablename__ = "users"

        id: Mapped[int] = mapped_column(init=False, primary_key=True)
        name: Mapped[str] = mapped_column(String(50), nullable=False)
        email: Mapped[str] = mapped_column(String(254))
        joined_on: Mapped[date]
        active: Mapped[bool] = mapped_column(default=True)

        __table_args__ = (UniqueConstraint("email"),)

    return User


@right("3.1.3")
def user_model():
    """As it was written before there was `Mapped`."""

    class Account(declarative_base()):
        __tablename__ = "users"

        id = Column(Integer, primary_key=True, autoincrement=True)
        name = Column(String(50), nullable=False)
        email = Column(String(254), nullable=False)
        joined_on = Column(Date, nullable=False)

        __table_args__ = (Index("one_user_an_email", email, unique=True),)

    return Account


@wrong("3.1.4", caught_by="test_q4_the_condition_is_predicted[sqlite-hers]")
def translations():
    """SQL is SQL: both databases are sent the same."""
    said = {
        "gifts": "gift = 1",
        "no gifts": "NOT gift",
        "hers": "customer ILIKE 'mara'",
        "mine": "number = 7 FOR UPDATE",
        "bool": "bool",
        "datetime": "datetime",
        "Decimal": "Decimal",
    }
    return {"sqlite": said, "postgresql": said}


@wrong("3.1.4", caught_by="test_q4_the_condition_is_predicted[postgresql-gifts]")
def translations():
    """SQL is SQL: both databases are sent what SQLite knows."""
    said = {
        "gifts": "gift = 1",
        "no gifts": "gift = 0",
        "hers": "lower(customer) LIKE lower('mara')",
        "mine": "number = 7",
        "bool": "int",
        "datetime": "str",
        "Decimal": "float",
    }
    return {"sqlite": said, "postgresql": said}


@wrong("3.1.4", caught_by="test_q4_the_type_that_is_sent_is_predicted[sqlite-Decimal]")
def translations():
    """All that is no number goes as text, and a Decimal is exact."""
    return {
        "sqlite": {
            "gifts": "gift = 1",
            "no gifts": "gift = 0",
            "hers": "lower(customer) LIKE lower('mara')",
            "mine": "number = 7",
            "bool": "str",
            "datetime": "str",
            "Decimal": "str",
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


@wrong("3.1.4", caught_by="test_q4_the_condition_is_predicted[sqlite-mine]")
def translations():
    """What a database cannot do, SQLAlchemy asks of it nevertheless."""
    return {
        "sqlite": {"mine": "number = 7 FOR UPDATE"},
        "postgresql": {"mine": "number = 7"},
    }


@right("3.1.4")
def translations():
    """With the table's name, in small letters, on several lines."""
    return {
        "sqlite": {
            "gifts": "orders.gift = 1",
            "no gifts": "orders.gift = 0",
            "hers": "lower(orders.customer) like lower('mara')",
            "mine": "where orders.number = 7",
            "bool": "int",
            "datetime": "str",
            "Decimal": "float",
        },
        "postgresql": {
            "gifts": "orders.gift;",
            "no gifts": "not orders.gift",
            "hers": "(orders.customer ilike 'mara')",
            "mine": "orders.number = 7\nFOR UPDATE",
            "bool": "bool",
            "datetime": "datetime",
            "Decimal": "Decimal",
        },
    }


@wrong("3.1.5", caught_by="test_q5_copies_are_zero_whatever_program_writes_the_row")
def book_model():
    """A default in Python is a default of the table."""

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __tablename__ = "books"
        __table_args__ = (
            UniqueConstraint("author", "title"),
            CheckConstraint("copies >= 0"),
        )

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(200))
        author: Mapped[str] = mapped_column(String(200))
        subtitle: Mapped[str | None] = mapped_column(String(200))
        copies: Mapped[int] = mapped_column(default=0)

    return Book


@wrong("3.1.5", caught_by="test_q5_an_author_has_a_title_once")
def book_model():
    """Unique is a matter of each column."""

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __tablename__ = "books"
        __table_args__ = (CheckConstraint("copies >= 0"),)

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(200), unique=True)
        author: Mapped[str] = mapped_column(String(200), index=True)
        subtitle: Mapped[str | None] = mapped_column(String(200))
        copies: Mapped[int] = mapped_column(server_default="0")

    return Book


@wrong("3.1.5", caught_by="test_q5_an_authors_books_are_found_without_reading_all")
def book_model():
    """An index on title and author finds authors."""

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __tablename__ = "books"
        __table_args__ = (
            UniqueConstraint("title", "author"),
            CheckConstraint("copies >= 0"),
        )

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(200))
        author: Mapped[str] = mapped_column(String(200))
        subtitle: Mapped[str | None] = mapped_column(String(200))
        copies: Mapped[int] = mapped_column(server_default="0")

    return Book


@wrong("3.1.5", caught_by="test_q5_copies_are_never_below_zero")
def book_model():
    """int, with a default of 0, is a number of copies."""

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __tablename__ = "books"
        __table_args__ = (UniqueConstraint("author", "title"),)

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(200))
        author: Mapped[str] = mapped_column(String(200))
        subtitle: Mapped[str | None] = mapped_column(String(200))
        copies: Mapped[int] = mapped_column(server_default="0")

    return Book


@wrong("3.1.5", caught_by="test_q5_the_table_has_the_columns_of_a_book")
def book_model():
    """A default of None makes a column one that may be missing."""

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __tablename__ = "books"
        __table_args__ = (
            UniqueConstraint("author", "title"),
            CheckConstraint("copies >= 0"),
        )

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(200))
        author: Mapped[str] = mapped_column(String(200))
        subtitle: Mapped[str] = mapped_column(String(200), default=None)
        copies: Mapped[int] = mapped_column(server_default="0")

    return Book


@right("3.1.5")
def book_model():
    """Indexes instead of constraints, and a default on both sides."""

    class Base(DeclarativeBase):
        type_annotation_map = {str: String(200)}

    class Book(Base):
        __tablename__ = "books"

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str]
        author: Mapped[str] = mapped_column(index=True)
        subtitle: Mapped[str | None]
        copies: Mapped[int] = mapped_column(
            CheckConstraint("copies > -1"), default=0, server_default=text("0")
        )

        __table_args__ = (Index("once", "title", "author", unique=True),)

    return Book


@right("3.1.5")
def book_model():
    """The table first, then a class for it."""

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __table__ = Table(
            "books",
            Base.metadata,
            Column("id", Integer, primary_key=True),
            Column("title", String(200), nullable=False),
            Column("author", String(200), nullable=False),
            Column("subtitle", String(200)),
            Column("copies", Integer, nullable=False, server_default="0"),
            UniqueConstraint("author", "title"),
            CheckConstraint("NOT copies < 0"),
        )

    return Book
