"""3.4  SQLAlchemy best practices.

Most trouble with a database is made outside of it: by transactions that last too long
or end too early, and by text from strangers that becomes SQL.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy import (
    CheckConstraint,
    Column,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    registry,
    relationship,
)


class Base(DeclarativeBase):
    """What the classes of the bookshop are mapped by."""


class Stock(Base):
    """How many copies of a book there are; the database lets nobody take more."""

    __tablename__ = "stock"
    __table_args__ = (CheckConstraint("copies >= 0"),)

    isbn: Mapped[str] = mapped_column(primary_key=True)
    copies: Mapped[int]


class Order(Base):
    """An order, and how its parcel is tracked once it is on its way."""

    __tablename__ = "orders"

    number: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str]
    tracking: Mapped[str | None]


class Voucher(Base):
    """A voucher; the database refuses a code that it has already."""

    __tablename__ = "vouchers"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)


class OrderIn(BaseModel):
    """What a customer orders: an isbn and a number of copies for each line."""

    address: str
    lines: dict[str, int]


def book_parcel(address: str) -> str:
    """Stand in for the carrier's API, which takes its time; return the tracking."""
    return f"{address}-1"


def new_code() -> str:
    """Return a code for a voucher, from the few that customers can remember."""
    return "BOOKWORM"


def session_of(request: Request) -> Iterator[Session]:
    """Open a session for a request; close it once the request is answered."""
    with Session(request.app.state.engine) as session:
        yield session


RequestSession = Annotated[Session, Depends(session_of)]


def shop_app(engine: Engine) -> FastAPI:
    """3.4.1  What are the best practices for managing database sessions in a FastAPI
    application?

    Each request has its own session, and yet: half of an order stays when the rest is
    refused, all connections are taken while the carrier takes its time, and once a
    voucher's code is refused, no other will do. Repair this. An order changes nothing
    unless all of it is accepted; where the database refuses it, it is answered 409.
    No request holds a connection during `book_parcel`. A voucher tries five codes at
    most, then it is answered 503.
    """
    app = FastAPI()
    app.state.engine = engine

    @app.post("/orders", status_code=201)
    def place(new: OrderIn, session: RequestSession) -> dict[str, int]:
        # region answer
        # In words: a session is for one unit of work, and commits once, when all of it
        # is there. While others work (a carrier, a mail server) no transaction is open:
        # read, end it, call, then write in a second one. A session whose flush failed
        # is rolled back before it is used again. And beyond a commit or a close carry
        # values, not objects: reading those would open a transaction again, or fail.
        order = Order(address=new.address)
        session.add(order)
        try:
            for isbn, pieces in new.lines.items():
                stock = session.get(Stock, isbn)
                if stock is None:
                    raise HTTPException(404, f"There is no book {isbn}.")
                stock.copies = Stock.copies - pieces
            session.commit()
        except IntegrityError:
            raise HTTPException(409, "There are not that many copies left.") from None
        return {"number": order.number}
        # stub: order = Order(address=new.address)
        # stub: session.add(order)
        # stub: for isbn, pieces in new.lines.items():
        # stub:     stock = session.get(Stock, isbn)
        # stub:     if stock is None:
        # stub:         raise HTTPException(404, f"There is no book {isbn}.")
        # stub:     stock.copies = Stock.copies - pieces
        # stub:     session.commit()
        # stub: return {"number": order.number}
        # endregion

    @app.post("/orders/{number}/parcel")
    def send(number: int, session: RequestSession) -> dict[str, str]:
        order = session.get(Order, number)
        if order is None:
            raise HTTPException(404, f"There is no order {number}.")
        # region answer
        address = order.address
        session.rollback()  # the connection is back in the pool
        tracking = book_parcel(address)
        order.tracking = tracking
        session.commit()
        return {"tracking": tracking}
        # stub: order.tracking = book_parcel(order.address)
        # stub: session.commit()
        # stub: return {"tracking": order.tracking}
        # endregion

    @app.post("/vouchers", status_code=201)
    def issue(session: RequestSession) -> dict[str, str]:
        # region answer
        for _ in range(5):
            code = new_code()
            session.add(Voucher(code=code))
            try:
                session.commit()
            except IntegrityError:
                session.rollback()
            else:
                return {"code": code}
        raise HTTPException(503, "There is no free code at the moment.")
        # stub: voucher = Voucher(code=new_code())
        # stub: session.add(voucher)
        # stub: for _ in range(4):
        # stub:     try:
        # stub:         session.commit()
        # stub:         break
        # stub:     except IntegrityError:
        # stub:         voucher.code = new_code()
        # stub: return {"code": voucher.code}
        # endregion

    return app


class User(Base):
    """Somebody with an account."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    is_admin: Mapped[bool]


class Book(Base):
    """A book; `cost` is what the shop itself pays, which is nobody's business."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    year: Mapped[int]
    price: Mapped[int]
    cost: Mapped[int]
    withdrawn: Mapped[bool]


class Window:
    """3.4.2  How can you prevent SQL injection when using SQLAlchemy?

    Strangers choose `words`, `sort` and `name`, and with them they read and change
    whatever they like. Repair this. What is looked for is found as it stands, with its
    quotes, percent signs, underscores and all. Any text is a name. Books are sorted by
    `title`, `year` or `price`; any other `sort` raises a ValueError.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def search(self, words: str, sort: str) -> Sequence[str]:
        """Return the titles of books on sale with these words in it, sorted."""
        # region answer
        # In words: send values apart from the SQL, as parameters; the expressions of
        # SQLAlchemy do it by themselves, and `text` for each `:name`. Formatting a
        # value into SQL is the hole. A parameter is a value, never a column or a
        # keyword: choose these from a list of your own. And in a LIKE pattern
        # `%` and `_` still mean something: escape them, or have it done.
        columns = {"title": Book.title, "year": Book.year, "price": Book.price}
        if sort not in columns:
            raise ValueError(f"Nobody sorts by {sort!r}.")
        query = (
            select(Book.title)
            .where(~Book.withdrawn, Book.title.contains(words, autoescape=True))
            .order_by(columns[sort])
        )
        return self._session.scalars(query).all()
        # stub: query = text(
        # stub:     "SELECT title FROM books WHERE NOT withdrawn "
        # stub:     f"AND title LIKE '%{words}%' ORDER BY {sort}"
        # stub: )
        # stub: return self._session.scalars(query).all()
        # endregion

    def rename(self, user_id: int, name: str) -> None:
        """Give a user another name; the caller commits."""
        # region answer
        query = text("UPDATE users SET name = :name WHERE id = :id")
        self._session.execute(query, {"name": name, "id": user_id})
        # stub: self._session.execute(
        # stub:     text(f"UPDATE users SET name = '{name}' WHERE id = {user_id}")
        # stub: )
        # endregion


def order_classes() -> tuple[type[Any], type[Any], type[Any]]:
    """3.4.3  Explain how to use SQLAlchemy’s `relationship()` for handling foreign
    keys.

    Complete the classes. `Customer.orders` (a list) and `Order.customer` are two sides
    of one thing, and so are `Order.lines` (a list) and `Line.order`: who changes one
    finds the other changed at once. A line goes when it is taken out of its order, and
    when the order is deleted, also by another program's SQL. A customer with orders
    cannot be deleted. `select(Order)`, all lines and customers read, takes three
    statements at most.
    """
    # region answer
    # In words: the foreign key is the database's: it refuses what points nowhere, and
    # says what a DELETE takes along. `relationship()` makes objects of it, and fills in
    # the key at the flush; `back_populates` keeps both sides in step. Its cascade says
    # what the session deletes together, `delete-orphan` also what nobody owns any
    # more, and `lazy` when rows are read: one by one, or for all in a statement.

    class Base(DeclarativeBase):
        pass

    class Customer(Base):
        __tablename__ = "customers"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        orders: Mapped[list["Order"]] = relationship(
            back_populates="customer", passive_deletes="all"
        )

    class Order(Base):
        __tablename__ = "orders"

        id: Mapped[int] = mapped_column(primary_key=True)
        customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
        customer: Mapped[Customer] = relationship(
            back_populates="orders", lazy="joined", innerjoin=True
        )
        lines: Mapped[list["Line"]] = relationship(
            back_populates="order",
            cascade="all, delete-orphan",
            passive_deletes=True,
            lazy="selectin",
        )

    class Line(Base):
        __tablename__ = "lines"

        id: Mapped[int] = mapped_column(primary_key=True)
        order_id: Mapped[int] = mapped_column(
            ForeignKey("orders.id", ondelete="CASCADE")
        )
        title: Mapped[str]
        order: Mapped[Order] = relationship(back_populates="lines")

    return Customer, Order, Line
    # stub:
    # stub: class Base(DeclarativeBase):
    # stub:     pass
    # stub:
    # stub: class Customer(Base):
    # stub:     __tablename__ = "customers"
    # stub:
    # stub:     id: Mapped[int] = mapped_column(primary_key=True)
    # stub:     name: Mapped[str]
    # stub:
    # stub: class Order(Base):
    # stub:     __tablename__ = "orders"
    # stub:
    # stub:     id: Mapped[int] = mapped_column(primary_key=True)
    # stub:     customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    # stub:
    # stub: class Line(Base):
    # stub:     __tablename__ = "lines"
    # stub:
    # stub:     id: Mapped[int] = mapped_column(primary_key=True)
    # stub:     order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    # stub:     title: Mapped[str]
    # stub:
    # stub: return Customer, Order, Line
    # endregion


def shelf_by_hand() -> type[Any]:
    """Map a class imperatively: the class, its Table and the mapping are three things.

    Nobody but the last line knows of all of them.
    """

    class Shelf:
        def __init__(self, room: str, places: int) -> None:
            self.room = room
            self.places = places

        def label(self) -> str:
            return f"{self.room}/{self.places}"

    own = registry()
    table = Table(
        "shelves",
        own.metadata,
        Column("id", Integer, primary_key=True),
        Column("room", String(20), nullable=False),
        Column("places", Integer, nullable=False),
        CheckConstraint("places > 0", name="places_above_zero"),
    )
    own.map_imperatively(Shelf, table)
    return Shelf


def own_base() -> type[Any]:
    """3.4.4  What are the differences between declarative, imperative, and hybrid table
    creation methods in SQLAlchemy?

    Declarative is imperative, done by a base class. Return such a class, a new one with
    each call, that maps its subclasses by `map_imperatively`, as `shelf_by_hand` does,
    and by nothing else. Declarative: the Columns in a subclass, such as
    `room = Column("room", String)`, and its `__table_args__`, a tuple that may be
    missing, become the Table `__tablename__` in the base's `metadata`. Hybrid: a
    subclass brings its Table along as `__table__`.
    """
    # region answer
    # In words: all three end as a class, a Table, and a mapping between them. The
    # imperative way writes them apart, so the class needs no SQLAlchemy. Declarative
    # makes the Table of what the class body says and maps the class where it ends, so
    # it is all said once, in one place. Hybrid maps just so, but to a Table that is
    # there already: shared with Core, or reflected from the database.
    own = registry()

    class Base:
        metadata = own.metadata

        def __init_subclass__(cls) -> None:
            super().__init_subclass__()
            body = vars(cls)
            table = body.get("__table__")
            if table is None:  # to ask a Table whether it is true is an error
                columns = [part for part in body.values() if isinstance(part, Column)]
                rules = body.get("__table_args__", ())
                table = Table(body["__tablename__"], own.metadata, *columns, *rules)
            own.map_imperatively(cls, table)

    return Base
    # endregion


def store_upload(
    engine: Engine, name: str, header: list[str], lines: list[list[str]]
) -> None:
    """3.4.5  How can you ensure secure table creation to prevent SQL injection?

    A supplier uploads a file. Its name, its header and its lines, all of them texts,
    become a table `upload_<name>`, its columns and its rows, and names do more than
    that here. Repair this. A name begins with one of the letters a to z, goes on with
    such letters, digits 0 to 9 and underscores, and has 40 characters at most. Words of
    SQL are names, too. The columns, one at least, have different names. Whatever is not
    so raises a ValueError before anything is sent.
    """
    # region answer
    # In words: a name cannot be a parameter. So check it against what a name may look
    # like, the whole of it, and refuse the rest: that keeps out what is hostile, too
    # long, or taken twice. Then let SQLAlchemy write the SQL: Table and Column quote
    # what needs quotes in this database, and the rows go as parameters. A prefix, or a
    # schema, keeps strangers' tables apart from yours.
    for each in [name, *header]:
        if not re.fullmatch("[a-z][a-z0-9_]{0,39}", each):
            raise ValueError(f"This is no name: {each!r}")
    if not header or len(set(header)) < len(header):
        raise ValueError(f"These are no columns: {header!r}")
    columns = [Column(each, String) for each in header]
    table = Table(f"upload_{name}", MetaData(), *columns)
    with engine.begin() as connection:
        table.create(connection)
        if lines:
            rows = [dict(zip(header, line, strict=True)) for line in lines]
            connection.execute(insert(table), rows)
    # stub: columns = ", ".join(f"{each} VARCHAR" for each in header)
    # stub: with engine.begin() as connection:
    # stub:     connection.execute(text(f"CREATE TABLE upload_{name} ({columns})"))
    # stub:     for line in lines:
    # stub:         values = ", ".join(f"'{value}'" for value in line)
    # stub:         sql = f"INSERT INTO upload_{name} VALUES ({values})"
    # stub:         connection.execute(text(sql))
    # endregion


def product_class() -> type[DeclarativeBase]:
    """3.4.6  Write a SQLAlchemy model with secure constraints (e.g., unique, not null)
    for a `Product` table.

    Return a class, on a `DeclarativeBase` of its own, for the table `products`: an `id`
    that PostgreSQL counts up; a `sku` of at most 12 characters, which no other has in
    upper or lower case; a `name` of at most 80, not blank; a `price` from 0.01 to
    99999.99, to the cent; a `sale_price` that may be missing, or is 0.01 or more and
    below the price; `pieces`, 0 or more. PostgreSQL refuses whatever breaks a rule,
    whoever sends it, and names the rule: `uq_products_sku`, and `ck_products_` with
    `name`, `price`, `sale_price` or `pieces`.
    """
    # region answer

    class Base(DeclarativeBase):
        pass

    class Product(Base):
        __tablename__ = "products"

        id: Mapped[int] = mapped_column(primary_key=True)
        sku: Mapped[str] = mapped_column(String(12))
        name: Mapped[str] = mapped_column(String(80))
        price: Mapped[Decimal] = mapped_column(Numeric(7, 2))
        sale_price: Mapped[Decimal | None] = mapped_column(Numeric(7, 2))
        pieces: Mapped[int]

        __table_args__ = (
            Index("uq_products_sku", func.lower(sku), unique=True),
            CheckConstraint("trim(name) <> ''", name="ck_products_name"),
            # Not `price > 0`: to PostgreSQL that is true of NaN as well.
            CheckConstraint(
                "price BETWEEN 0.01 AND 99999.99", name="ck_products_price"
            ),
            CheckConstraint(
                "sale_price >= 0.01 AND sale_price < price",  # where it is not NULL
                name="ck_products_sale_price",
            ),
            CheckConstraint("pieces >= 0", name="ck_products_pieces"),
        )

    return Product
    # endregion
