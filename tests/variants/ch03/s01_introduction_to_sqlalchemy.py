"""Other answers to section 3.1."""

from itertools import count

from sqlalchemy import (
    Column,
    Date,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    insert,
    text,
)
from sqlalchemy.orm import MappedAsDataclass, declarative_base, sessionmaker

from sensei.variants import right, wrong


@wrong("3.1.1", caught_by="test_q1_with_orm_sends_no_update_itself")
@dataclass
class PriceChange:
    """Execute the UPDATE of Core through the session."""

    sku: str
    price: int

    def with_orm(self, session):
        change = update(Product).where(Product.sku == self.sku)
        session.execute(change.values(price=self.price))

    def with_core(self, connection):
        change = update(Product).where(Product.sku == self.sku)
        connection.execute(change.values(price=self.price))


@wrong("3.1.1", caught_by="test_q1_with_orm_sends_no_update_itself")
@dataclass
class PriceChange:
    """Flush the session."""

    sku: str
    price: int

    def with_orm(self, session):
        session.get_one(Product, self.sku).price = self.price
        session.flush()

    def with_core(self, connection):
        change = update(Product).where(Product.sku == self.sku)
        connection.execute(change.values(price=self.price))


@wrong("3.1.1", caught_by="test_q1_the_caller_decides_about_the_commit[with_orm-file]")
@dataclass
class PriceChange:
    """Commit the session."""

    sku: str
    price: int

    def with_orm(self, session):
        session.get_one(Product, self.sku).price = self.price
        session.commit()

    def with_core(self, connection):
        change = update(Product).where(Product.sku == self.sku)
        connection.execute(change.values(price=self.price))


@wrong(
    "3.1.1", caught_by="test_q1_the_session_writes_the_price_when_the_caller_commits"
)
@dataclass
class PriceChange:
    """Add a new object with the same primary key."""

    sku: str
    price: int

    def with_orm(self, session):
        session.add(Product(sku=self.sku, price=self.price))

    def with_core(self, connection):
        change = update(Product).where(Product.sku == self.sku)
        connection.execute(change.values(price=self.price))


@wrong("3.1.1", caught_by="test_q1_the_caller_decides_about_the_commit[with_core-file]")
@dataclass
class PriceChange:
    """Commit the connection."""

    sku: str
    price: int

    def with_orm(self, session):
        session.get_one(Product, self.sku).price = self.price

    def with_core(self, connection):
        change = update(Product).where(Product.sku == self.sku)
        connection.execute(change.values(price=self.price))
        connection.commit()


@wrong("3.1.1", caught_by="test_q1_with_core_sends_one_update_and_nothing_else")
@dataclass
class PriceChange:
    """Open a session on the connection."""

    sku: str
    price: int

    def with_orm(self, session):
        session.get_one(Product, self.sku).price = self.price

    def with_core(self, connection):
        with Session(connection) as session:
            session.get_one(Product, self.sku).price = self.price
            session.flush()


@wrong("3.1.1", caught_by="test_q1_with_core_sends_one_update_and_nothing_else")
@dataclass
class PriceChange:
    """Build the statement, and do not execute it."""

    sku: str
    price: int

    def with_orm(self, session):
        session.get_one(Product, self.sku).price = self.price

    def with_core(self, connection):
        update(Product).where(Product.sku == self.sku).values(price=self.price)


@wrong("3.1.1", caught_by="test_q1_with_core_changes_the_row_of_this_product")
@dataclass
class PriceChange:
    """Forget the WHERE."""

    sku: str
    price: int

    def with_orm(self, session):
        session.get_one(Product, self.sku).price = self.price

    def with_core(self, connection):
        connection.execute(update(Product).values(price=self.price))


@wrong("3.1.1", caught_by="test_q1_with_core_sends_one_update_and_nothing_else")
@dataclass
class PriceChange:
    """Look first whether the product is there."""

    sku: str
    price: int

    def with_orm(self, session):
        session.get_one(Product, self.sku).price = self.price

    def with_core(self, connection):
        if connection.scalar(select(Product.sku).where(Product.sku == self.sku)):
            change = update(Product).where(Product.sku == self.sku)
            connection.execute(change.values(price=self.price))


@wrong("3.1.1", caught_by="test_q1_with_core_changes_the_row_of_this_product[pen-175]")
@dataclass
class PriceChange:
    """Compare the sku without upper and lower case."""

    sku: str
    price: int

    def with_orm(self, session):
        session.get_one(Product, self.sku).price = self.price

    def with_core(self, connection):
        change = update(Product).where(Product.sku.ilike(self.sku))
        connection.execute(change.values(price=self.price))


@wrong(
    "3.1.1",
    caught_by="test_q1_with_core_changes_the_row_of_this_product[6'2\" pole-320]",
)
@dataclass
class PriceChange:
    """Write the values into the SQL."""

    sku: str
    price: int

    def with_orm(self, session):
        session.get_one(Product, self.sku).price = self.price

    def with_core(self, connection):
        change = f"UPDATE products SET price = {self.price} WHERE sku = {self.sku!r}"
        connection.execute(text(change))


@wrong(
    "3.1.1", caught_by="test_q1_the_caller_decides_about_the_commit[with_core-memory]"
)
@dataclass
class PriceChange:
    """Switch to AUTOCOMMIT."""

    sku: str
    price: int

    def with_orm(self, session):
        session.get_one(Product, self.sku).price = self.price

    def with_core(self, connection):
        change = update(Product).where(Product.sku == self.sku)
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(change.values(price=self.price))


@right("3.1.1")
@dataclass
class PriceChange:
    """Select the object, and use the Table with bound parameters."""

    sku: str
    price: int

    def with_orm(self, session):
        query = select(Product).where(Product.sku == self.sku)
        product = session.scalars(query).one()
        product.price = self.price

    def with_core(self, connection):
        products = Product.__table__
        connection.execute(
            products.update()
            .where(products.c.sku == bindparam("wanted"))
            .values(price=bindparam("new")),
            {"wanted": self.sku, "new": self.price},
        )


@right("3.1.1")
@dataclass
class PriceChange:
    """Query in the old manner, and write the UPDATE as text with parameters."""

    sku: str
    price: int

    def with_orm(self, session):
        product = session.query(Product).filter_by(sku=self.sku).first()
        if product is not None:
            product.price = self.price

    def with_core(self, connection):
        connection.execute(
            text("UPDATE products SET price = :price WHERE sku = :sku"),
            {"price": self.price, "sku": self.sku},
        )


@right("3.1.1")
@dataclass
class PriceChange:
    """Merge an object with the same key, which loads the row first."""

    sku: str
    price: int

    def with_orm(self, session):
        session.merge(Product(sku=self.sku, price=self.price))

    def with_core(self, connection):
        change = update(Product).filter_by(sku=self.sku)
        connection.execute(change, {"price": self.price})


@wrong("3.1.2", caught_by="test_q2_a_name_may_contain_any_character")
class OrderBook:
    """Put an f-string into `text()`."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        with Session(self._engine) as session, session.begin():
            session.add_all([Order(**order) for order in orders])

    def of(self, customer):
        query = text(
            "SELECT customer, placed_at, total, gift FROM orders "
            f"WHERE customer = '{customer}' ORDER BY number"
        ).columns(Order.customer, Order.placed_at, Order.total, Order.gift)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


@wrong("3.1.2", caught_by="test_q2_the_values_come_back_as_they_were_added")
class OrderBook:
    """Use raw SQL with parameters."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        with Session(self._engine) as session, session.begin():
            session.add_all([Order(**order) for order in orders])

    def of(self, customer):
        query = text(
            "SELECT customer, placed_at, total, gift FROM orders "
            "WHERE customer = :customer ORDER BY number"
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query, {"customer": customer})
            return [dict(row) for row in rows.mappings()]


@wrong("3.1.2", caught_by="test_q2_an_empty_list_stores_nothing")
class OrderBook:
    """Execute `insert(Order)` with an empty list, which inserts a row of defaults."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        with self._engine.begin() as connection:
            connection.execute(insert(Order), orders)

    def of(self, customer):
        columns = (Order.customer, Order.placed_at, Order.total, Order.gift)
        query = select(*columns).where(Order.customer == customer)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(Order.number)).mappings()
            return [dict(row) for row in rows]


@wrong("3.1.2", caught_by="test_q2_an_import_that_fails_stores_nothing")
class OrderBook:
    """Commit each order."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        with Session(self._engine) as session:
            for order in orders:
                session.add(Order(**order))
                session.commit()

    def of(self, customer):
        keys = ("customer", "placed_at", "total", "gift")
        query = select(Order).where(Order.customer == customer)
        with Session(self._engine) as session:
            orders = session.scalars(query.order_by(Order.number)).all()
            return [{key: getattr(one, key) for key in keys} for one in orders]


@wrong("3.1.2", caught_by="test_q2_an_import_that_fails_stores_nothing")
class OrderBook:
    """Roll back, and do not pass on the exception."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        with Session(self._engine) as session:
            session.add_all(Order(**order) for order in orders)
            try:
                session.commit()
            except Exception:
                session.rollback()

    def of(self, customer):
        columns = (Order.customer, Order.placed_at, Order.total, Order.gift)
        query = select(*columns).where(Order.customer == customer)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(Order.number)).mappings()
            return [dict(row) for row in rows]


@wrong("3.1.2", caught_by="test_q2_the_values_come_back_as_they_were_added")
class OrderBook:
    """Forget to commit."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        with Session(self._engine) as session:
            session.add_all([Order(**order) for order in orders])
            session.flush()

    def of(self, customer):
        columns = (Order.customer, Order.placed_at, Order.total, Order.gift)
        query = select(*columns).where(Order.customer == customer)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(Order.number)).mappings()
            return [dict(row) for row in rows]


@wrong("3.1.2", caught_by="test_q2_the_connection_returns_to_the_pool")
class OrderBook:
    """Do not close the connections."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        connection = self._engine.connect()
        if orders:
            connection.execute(insert(Order), orders)
        connection.commit()

    def of(self, customer):
        columns = (Order.customer, Order.placed_at, Order.total, Order.gift)
        query = select(*columns).where(Order.customer == customer)
        rows = self._engine.connect().execute(query.order_by(Order.number))
        return [dict(row) for row in rows.mappings()]


@wrong("3.1.2", caught_by="test_q2_the_connection_returns_to_the_pool[refused]")
class OrderBook:
    """Close the connection at the end of the function only."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        connection = self._engine.connect()
        if orders:
            connection.execute(insert(Order), orders)
        connection.commit()
        connection.close()

    def of(self, customer):
        columns = (Order.customer, Order.placed_at, Order.total, Order.gift)
        query = select(*columns).where(Order.customer == customer)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(Order.number)).mappings()
            return [dict(row) for row in rows]


@wrong("3.1.2", caught_by="test_q2_all_sql_goes_through_sqlalchemy")
class OrderBook:
    """Keep the driver, with parameters, conversions and a transaction."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        raw = self._engine.raw_connection()
        cursor = raw.cursor()
        cursor.execute("BEGIN")
        try:
            for one in orders:
                cursor.execute(
                    "INSERT INTO orders (customer, placed_at, total, gift) "
                    "VALUES (?, ?, ?, ?)",
                    (
                        one["customer"],
                        one["placed_at"].isoformat(),
                        float(one["total"]),
                        one["gift"],
                    ),
                )
            raw.commit()
        finally:
            raw.rollback()
            raw.close()

    def of(self, customer):
        raw = self._engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute(
                "SELECT customer, placed_at, total, gift FROM orders "
                "WHERE customer = ? ORDER BY number",
                (customer,),
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


@wrong("3.1.2", caught_by="test_q2_the_values_come_back_as_they_were_added")
class OrderBook:
    """Return all columns, the number as well."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        if not orders:
            return
        with self._engine.begin() as connection:
            connection.execute(insert(Order), orders)

    def of(self, customer):
        orders = Order.__table__
        query = orders.select().where(orders.c.customer == customer)
        with self._engine.connect() as connection:
            found = connection.execute(query.order_by(orders.c.number)).all()
        return [row._asdict() for row in found]


@wrong("3.1.2", caught_by="test_q2_the_values_come_back_as_they_were_added")
class OrderBook:
    """Take the order that the database gives."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        with Session(self._engine) as session, session.begin():
            session.add_all([Order(**order) for order in orders])

    def of(self, customer):
        columns = (Order.customer, Order.placed_at, Order.total, Order.gift)
        query = select(*columns).where(Order.customer == customer)
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings()
            return [dict(row) for row in rows]


@wrong("3.1.2", caught_by="test_q2_the_values_come_back_as_they_were_added")
class OrderBook:
    """Return equal orders once."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        with Session(self._engine) as session, session.begin():
            session.add_all([Order(**order) for order in orders])

    def of(self, customer):
        columns = (Order.customer, Order.placed_at, Order.total, Order.gift)
        query = (
            select(*columns)
            .where(Order.customer == customer)
            .distinct()
            .order_by(Order.number)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings()
            return [dict(row) for row in rows]


@wrong("3.1.2", caught_by="test_q2_a_name_may_contain_any_character[ Mara ]")
class OrderBook:
    """Strip the names."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        with Session(self._engine) as session, session.begin():
            session.add_all(
                [
                    Order(**{**order, "customer": order["customer"].strip()})
                    for order in orders
                ]
            )

    def of(self, customer):
        columns = (Order.customer, Order.placed_at, Order.total, Order.gift)
        query = select(*columns).where(Order.customer == customer.strip())
        query = query.order_by(Order.number)
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings()
            return [dict(row) for row in rows]


ORDER_KEYS = ("customer", "placed_at", "total", "gift")


@wrong("3.1.2", caught_by="test_q2_an_import_that_fails_stores_nothing[memory]")
class OrderBook:
    """Switch to AUTOCOMMIT."""

    def __init__(self, engine):
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    def add(self, orders):
        with self._engine.begin() as connection:
            for order in orders:
                connection.execute(insert(Order), order)

    def of(self, customer):
        columns = (Order.customer, Order.placed_at, Order.total, Order.gift)
        query = select(*columns).where(Order.customer == customer)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(Order.number)).mappings()
            return [dict(row) for row in rows]


@wrong("3.1.2", caught_by="test_q2_an_import_that_fails_stores_nothing[1501]")
class OrderBook:
    """Commit after each 500 orders."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        for start in range(0, len(orders), 500):
            with self._engine.begin() as connection:
                connection.execute(insert(Order), orders[start : start + 500])

    def of(self, customer):
        columns = (Order.customer, Order.placed_at, Order.total, Order.gift)
        query = select(*columns).where(Order.customer == customer)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(Order.number)).mappings()
            return [dict(row) for row in rows]


@wrong("3.1.2", caught_by="test_q2_the_values_come_back_as_they_were_added")
class OrderBook:
    """Return the newest order first."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        with Session(self._engine) as session, session.begin():
            session.add_all([Order(**order) for order in orders])

    def of(self, customer):
        columns = (Order.customer, Order.placed_at, Order.total, Order.gift)
        query = select(*columns).where(Order.customer == customer)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(Order.number.desc())).mappings()
            return [dict(row) for row in rows]


@right("3.1.2")
class OrderBook:
    """Use Core in both methods."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        if not orders:
            return
        with self._engine.begin() as connection:
            connection.execute(insert(Order), orders)

    def of(self, customer):
        columns = [Order.__table__.c[key] for key in ORDER_KEYS]
        query = select(*columns).where(Order.__table__.c.customer == customer)
        with self._engine.connect() as connection:
            found = connection.execute(query.order_by(Order.__table__.c.number)).all()
        return [row._asdict() for row in found]


@wrong("3.1.2", caught_by="test_q2_a_name_may_contain_any_character[%]")
class OrderBook:
    """Compare the name with LIKE."""

    def __init__(self, engine):
        self._engine = engine

    def add(self, orders):
        if not orders:
            return
        with self._engine.begin() as connection:
            connection.execute(insert(Order), orders)

    def of(self, customer):
        columns = [Order.__table__.c[key] for key in ORDER_KEYS]
        query = select(*columns).where(Order.__table__.c.customer.like(customer))
        with self._engine.connect() as connection:
            found = connection.execute(query.order_by(Order.__table__.c.number)).all()
        return [row._asdict() for row in found]


@right("3.1.2")
class OrderBook:
    """Use sessions, and turn the objects into dicts."""

    def __init__(self, engine):
        self._sessions = sessionmaker(engine)

    def add(self, orders):
        with self._sessions.begin() as session:
            for order in orders:
                session.add(Order(**order))
                session.flush()

    def of(self, customer):
        keys = [column.key for column in Order.__table__.columns]
        query = select(Order).filter_by(customer=customer).order_by(Order.number.asc())
        with self._sessions() as session:
            return [
                {key: getattr(one, key) for key in keys if key != "number"}
                for one in session.scalars(query)
            ]


@wrong("3.1.3", caught_by="test_q3_the_table_has_the_columns_of_a_user")
def user_model():
    """Give the strings no length."""

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        email: Mapped[str] = mapped_column(unique=True)

    return User


@wrong("3.1.3", caught_by="test_q3_the_database_refuses_the_same_email_twice")
def user_model():
    """Take an index for a unique constraint."""

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(50))
        email: Mapped[str] = mapped_column(String(254), index=True)

    return User


@wrong("3.1.3", caught_by="test_q3_the_database_refuses_a_user_with_null")
def user_model():
    """Use `Column` without `nullable=False`."""

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"

        id = Column(Integer, primary_key=True)
        name = Column(String(50))
        email = Column(String(254), unique=True)

    return User


@wrong("3.1.3", caught_by="test_q3_another_session_finds_the_users")
def user_model():
    """Forget the name of the table."""

    class Base(DeclarativeBase):
        pass

    class User(Base):
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(50))
        email: Mapped[str] = mapped_column(String(254), unique=True)

    return User


@wrong("3.1.3", caught_by="test_q3_the_table_has_the_columns_of_a_user")
def user_model():
    """Make the email the primary key."""

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"

        id: Mapped[int]
        name: Mapped[str] = mapped_column(String(50))
        email: Mapped[str] = mapped_column(String(254), primary_key=True)

    return User


@wrong("3.1.3", caught_by="test_q3_the_database_refuses_the_same_email_twice")
def user_model():
    """Make name and email unique together."""

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"
        __table_args__ = (UniqueConstraint("name", "email"),)

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(50))
        email: Mapped[str] = mapped_column(String(254))

    return User


@wrong("3.1.3", caught_by="test_q3_the_base_class_is_a_new_one")
def user_model():
    """Use the base class of the products."""

    class User(Base):
        __tablename__ = "users"
        __table_args__ = {"extend_existing": True}

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(50))
        email: Mapped[str] = mapped_column(String(254), unique=True)

    return User


@wrong("3.1.3", caught_by="test_q3_the_table_has_the_columns_of_a_user")
def user_model():
    """Use TEXT, and check the lengths."""

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"
        __table_args__ = (
            CheckConstraint("length(name) <= 50"),
            CheckConstraint("length(email) <= 254"),
        )

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(Text)
        email: Mapped[str] = mapped_column(Text, unique=True)

    return User


class UserBase(DeclarativeBase):
    """One base class for all calls."""


@wrong("3.1.3", caught_by="test_q3_the_base_class_is_a_new_one")
def user_model():
    """Create the base class once, and `User` with each call."""

    class User(UserBase):
        __tablename__ = "users"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(50))
        email: Mapped[str] = mapped_column(String(254), unique=True)

    return User


@wrong("3.1.3", caught_by="test_q3_the_database_assigns_the_id")
def user_model():
    """Count in Python."""
    numbers = count(1)

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"

        id: Mapped[int] = mapped_column(primary_key=True, default=lambda: next(numbers))
        name: Mapped[str] = mapped_column(String(50))
        email: Mapped[str] = mapped_column(String(254), unique=True)

    return User


class OtherBase(DeclarativeBase):
    """The base class of `User`."""


class User(OtherBase):
    """A user, for all calls."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    email: Mapped[str] = mapped_column(String(254), unique=True)


@right("3.1.3")
def user_model():
    """Write both classes at the top of the module."""
    return User


@right("3.1.3")
def user_model():
    """Map a dataclass, and put the unique constraint at the table."""

    class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
        pass

    class User(Base):
        __tablename__ = "users"

        id: Mapped[int] = mapped_column(init=False, primary_key=True)
        name: Mapped[str] = mapped_column(String(50), nullable=False)
        email: Mapped[str] = mapped_column(String(254))

        __table_args__ = (UniqueConstraint("email"),)

    return User


@right("3.1.3")
def user_model():
    """Use `declarative_base()`, `Column` and a unique index."""

    class Account(declarative_base()):
        __tablename__ = "users"

        id = Column(Integer, primary_key=True, autoincrement=True)
        name = Column(String(50), nullable=False)
        email = Column(String(254), nullable=False)

        __table_args__ = (Index("one_user_an_email", email, unique=True),)

    return Account


@wrong("3.1.4", caught_by="test_q4_the_sql_for_sqlite_is_predicted[hers]")
def on_sqlite():
    """Expect the same as for PostgreSQL."""
    return {
        "no gifts": "NOT gift",
        "hers": "customer ILIKE 'mara'",
        "mine": "number = 7 FOR UPDATE",
        "placed_at": "datetime",
        "total": "Decimal",
        "gift": "bool",
    }


@wrong("3.1.4", caught_by="test_q4_the_type_for_the_driver_is_predicted[total]")
def on_sqlite():
    """Expect that a Decimal stays exact, as a string."""
    return {
        "no gifts": "gift = 0",
        "hers": "lower(customer) LIKE lower('mara')",
        "mine": "number = 7",
        "placed_at": "str",
        "total": "str",
        "gift": "int",
    }


@wrong("3.1.4", caught_by="test_q4_the_sql_for_sqlite_is_predicted[hers]")
def on_sqlite():
    """Convert one side to lower case only."""
    return {
        "no gifts": "gift = 0",
        "hers": "lower(customer) LIKE 'mara'",
        "mine": "number = 7",
        "placed_at": "str",
        "total": "float",
        "gift": "int",
    }


@wrong("3.1.4", caught_by="test_q4_the_sql_for_sqlite_is_predicted[no gifts]")
def on_sqlite():
    """Keep NOT in front of the number."""
    return {
        "no gifts": "NOT gift = 1",
        "hers": "lower(customer) LIKE lower('mara')",
        "mine": "number = 7",
        "placed_at": "str",
        "total": "float",
        "gift": "bool",
    }


@right("3.1.4")
def on_sqlite():
    """Write the table's name, small letters and several lines."""
    return {
        "no gifts": "orders.gift = 0;",
        "hers": "(lower(orders.customer) like lower('mara'))",
        "mine": "where orders.number\n= 7",
        "placed_at": "str",
        "total": "float",
        "gift": "int",
    }


@right("3.1.4")
def on_sqlite():
    """Compile the statements."""
    from sqlalchemy.dialects import sqlite

    written = {
        name: str(
            question.compile(
                dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}
            )
        ).split("WHERE ")[1]
        for name, question in questions().items()
    }
    return written | {"placed_at": "str", "total": "float", "gift": "int"}


@wrong(
    "3.1.5",
    caught_by="test_q5_the_table_has_the_columns_of_a_book[price-NUMERIC(8, 2)]",
)
def book_model():
    """Use a float for the price."""

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __tablename__ = "books"

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(200))
        author: Mapped[str] = mapped_column(String(100))
        published: Mapped[date | None]
        price: Mapped[float]

    return Book


@wrong("3.1.5", caught_by="test_q5_a_book_that_is_not_published_is_stored")
def book_model():
    """Take a default of None for a column that may be NULL."""

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __tablename__ = "books"

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(200))
        author: Mapped[str] = mapped_column(String(100))
        published: Mapped[date] = mapped_column(default=None)
        price: Mapped[Decimal] = mapped_column(Numeric(8, 2))

    return Book


@wrong("3.1.5", caught_by="test_q5_the_database_refuses_a_book_with_null[price]")
def book_model():
    """Let the price be NULL."""

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __tablename__ = "books"

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(200))
        author: Mapped[str] = mapped_column(String(100))
        published: Mapped[date | None]
        price: Mapped[Decimal] = mapped_column(Numeric(8, 2), nullable=True)

    return Book


@wrong("3.1.5", caught_by="test_q5_the_table_has_the_columns_of_a_book[published-DATE]")
def book_model():
    """Use a datetime for a date."""

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __tablename__ = "books"

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(200))
        author: Mapped[str] = mapped_column(String(100))
        published: Mapped[datetime | None]
        price: Mapped[Decimal] = mapped_column(Numeric(8, 2))

    return Book


@wrong(
    "3.1.5",
    caught_by="test_q5_the_table_has_the_columns_of_a_book[price-NUMERIC(8, 2)]",
)
def book_model():
    """Leave precision and scale to the annotation."""

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __tablename__ = "books"

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(200))
        author: Mapped[str] = mapped_column(String(100))
        published: Mapped[date | None]
        price: Mapped[Decimal]

    return Book


@wrong("3.1.5", caught_by="test_q5_the_database_refuses_a_book_with_null[title]")
def book_model():
    """Forget the annotations."""

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __tablename__ = "books"

        id = mapped_column(Integer, primary_key=True)
        title = mapped_column(String(200))
        author = mapped_column(String(100))
        published = mapped_column(Date)
        price = mapped_column(Numeric(8, 2))

    return Book


@wrong(
    "3.1.5",
    caught_by="test_q5_the_table_has_the_columns_of_a_book[author-VARCHAR(100)]",
)
def book_model():
    """Use TEXT, and a length for the title only."""

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __tablename__ = "books"

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(200))
        author: Mapped[str] = mapped_column(Text)
        published: Mapped[date | None]
        price: Mapped[Decimal] = mapped_column(Numeric(8, 2))

    return Book


@wrong("3.1.5", caught_by="test_q5_the_book_is_on_the_given_base")
def book_model():
    """Write another base class."""

    class Library(DeclarativeBase):
        pass

    class Book(Library):
        __tablename__ = "books"

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(200))
        author: Mapped[str] = mapped_column(String(100))
        published: Mapped[date | None]
        price: Mapped[Decimal] = mapped_column(Numeric(8, 2))

    return Book


@wrong("3.1.5", caught_by="test_q5_the_database_assigns_the_id")
def book_model():
    """Count in Python."""
    numbers = count(1)

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __tablename__ = "books"

        id: Mapped[int] = mapped_column(primary_key=True, default=lambda: next(numbers))
        title: Mapped[str] = mapped_column(String(200))
        author: Mapped[str] = mapped_column(String(100))
        published: Mapped[date | None]
        price: Mapped[Decimal] = mapped_column(Numeric(8, 2))

    return Book


@right("3.1.5")
def book_model():
    """Map Python types to column types once, in the base."""

    class Base(DeclarativeBase):
        type_annotation_map = {str: String(100), Decimal: Numeric(8, 2)}

    class Book(Base):
        __tablename__ = "books"

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(200))
        author: Mapped[str]
        published: Mapped[date | None] = mapped_column(default=None)
        price: Mapped[Decimal]

    return Book


@right("3.1.5")
def book_model():
    """Write the Table first, and then a class for it."""

    class Base(DeclarativeBase):
        pass

    class Book(Base):
        __table__ = Table(
            "books",
            Base.metadata,
            Column("id", Integer, primary_key=True),
            Column("title", String(200), nullable=False),
            Column("author", String(100), nullable=False),
            Column("published", Date),
            Column("price", Numeric(8, 2), nullable=False),
        )

    return Book
