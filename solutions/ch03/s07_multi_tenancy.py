"""3.7  Many tenants on one platform.

Several bookshops sell on one platform and must not see each other. Either they share
tables, and every row says whose it is, or each has tables of its own, in a schema.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException
from sqlalchemy import (
    Connection,
    Engine,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Select,
    UniqueConstraint,
    delete,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    ORMExecuteState,
    Session,
    mapped_column,
    relationship,
    # region answer
    with_loader_criteria,
    # stub:
    # endregion
)
from sqlalchemy.schema import CreateSchema

from sensei import ___


class Catalogue(DeclarativeBase):
    """What the tables of 3.7.1 and 3.7.6 are mapped by."""


class Book(Catalogue):
    """A book that a shop sells."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    shop: Mapped[str]
    isbn: Mapped[str] = mapped_column(unique=True)


class Sale(Catalogue):
    """That a book was sold."""

    __tablename__ = "sales"

    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"))


class Tenancy:
    """Shops in one database: they share tables, or each has a schema of its own."""

    def __init__(self, engine: Engine, *, schemas: bool) -> None:
        self._engine = engine
        self._schemas = schemas

    def engine_of(self, shop: str) -> Engine:
        """Return the engine for what a shop does."""
        if not self._schemas:
            return self._engine
        # Tables that name no schema are looked for in this one.
        return self._engine.execution_options(schema_translate_map={None: shop})

    def session(self, shop: str) -> Session:
        """Return a session for what a shop does."""
        return Session(self.engine_of(shop))

    def open(self, shop: str) -> None:
        """Make the tables for a new shop where there are none yet."""
        with self.engine_of(shop).begin() as connection:
            if self._schemas:
                connection.execute(CreateSchema(shop))
            Catalogue.metadata.create_all(connection)

    def places(self, shops: list[str]) -> list[Engine]:
        """Return an engine for each place where these shops have their tables."""
        if not self._schemas:
            return [self._engine]
        return [self.engine_of(shop) for shop in shops]


def trade(what: str, hill: Session, lake: Session) -> int | str:
    """Do something for the shops Hill and Lake; return what 3.7.1 asks for.

    On its first day Hill has added books with the isbn "1" and "2", then Lake one with
    "3". Each has its own session on what both know as `Book` and `Sale`.
    """
    try:
        match what:
            case "forgotten filter":
                return len(hill.scalars(select(Book)).all())
            case "own SQL":
                return len(hill.execute(text("SELECT * FROM books")).all())
            case "next id":
                lake.add(book := Book(shop="Lake", isbn="4"))
                lake.commit()
                return book.id
            case "known isbn":
                lake.add(Book(shop="Lake", isbn="1"))
                lake.commit()
            case "third book":
                hill.add(Sale(book_id=3))
                hill.commit()
            case "clearance":
                lake.execute(delete(Book))
                lake.commit()
                return len(hill.scalars(select(Book)).all())
    except IntegrityError:
        return "refused"
    except ProgrammingError:
        return "no such table"
    return "done"


def outcomes() -> dict[str, dict[str, int | str]]:
    """3.7.1  Explain schema-based vs. row-based multi-tenancy in SQLAlchemy.

    In one database Hill and Lake share tables ("rows"), in another, on PostgreSQL, each
    has a schema ("schemas"): a `Tenancy` of either kind. Return what `trade` returns in
    both: a number, "done", "refused" or "no such table". Each time, nothing else has
    happened since the first day.
    """
    # region answer
    # In words: row-based, all tenants share tables, and each row names its tenant. So
    # keys, constraints and every forgotten filter hold for all of them at once, unless
    # the tenant is a part of it. Schema-based, each has the same tables in a schema of
    # its own: rows, ids and constraints are apart by construction, and one mapping
    # serves all, for `schema_translate_map` puts the schema in front of the tables of a
    # statement. It does not read SQL that you write yourself.
    return {
        "forgotten filter": {"rows": 3, "schemas": 2},
        "own SQL": {"rows": 3, "schemas": "no such table"},
        "next id": {"rows": 4, "schemas": 2},
        "known isbn": {"rows": "refused", "schemas": "done"},
        "third book": {"rows": "done", "schemas": "refused"},
        "clearance": {"rows": 0, "schemas": 2},
    }
    # stub: return {
    # stub:     "forgotten filter": {"rows": ___, "schemas": ___},
    # stub:     "own SQL": {"rows": ___, "schemas": ___},
    # stub:     "next id": {"rows": ___, "schemas": ___},
    # stub:     "known isbn": {"rows": ___, "schemas": ___},
    # stub:     "third book": {"rows": ___, "schemas": ___},
    # stub:     "clearance": {"rows": ___, "schemas": ___},
    # stub: }
    # endregion


class Orders(DeclarativeBase):
    """What the tables of 3.7.2 are mapped by."""


class Vendor(Orders):
    """A tenant: a shop that sells on the platform."""

    __tablename__ = "vendors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Customer(Orders):
    """A customer of one vendor; no other vendor knows them."""

    __tablename__ = "customers"
    __table_args__ = (UniqueConstraint("tenant_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("vendors.id"))
    name: Mapped[str]


class Order(Orders):
    """3.7.2  Write a SQLAlchemy model for a row-based multi-tenant `Order` table.

    An order has a `tenant_id`, the id of a vendor, a `number`, a time `placed_at`, and
    a `customer_id`, which alone may be missing: not everybody who buys gives a name.
    Each vendor numbers its orders from 1 and uses no number twice. The database lets no
    order name a customer of another vendor. It finds a vendor's latest orders without
    reading its older ones, or those of others.
    """

    __tablename__ = "orders"
    # region answer
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        # Checked where no column is NULL; so the vendor has a foreign key of its own.
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]
        ),
        Index("ix_orders_latest", "tenant_id", "placed_at"),
    )
    # stub:
    # endregion

    id: Mapped[int] = mapped_column(primary_key=True)
    # region answer
    tenant_id: Mapped[int] = mapped_column(ForeignKey("vendors.id"))
    customer_id: Mapped[int | None]
    number: Mapped[int]
    placed_at: Mapped[datetime]
    # stub:
    # endregion


class Market(DeclarativeBase):
    """What the table of 3.7.3 is mapped by."""


class Offer(Market):
    """What a shop offers; whose it is, the database knows."""

    __tablename__ = "offers"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    tenant: Mapped[str] = mapped_column(
        server_default=text("current_setting('app.tenant', true)")
    )
    title: Mapped[str]
    cents: Mapped[int]


def protect(connection: Connection, role: str) -> None:
    """Have PostgreSQL itself keep the tenants apart; `role` is what the app logs in as.

    In a transaction there are the offers of the tenant whose name stands in the setting
    `app.tenant`, and no others: none can be read, changed or added. Where it is not set
    there are none at all. Superusers and the table's owner stand above this rule.
    """
    Market.metadata.create_all(connection)
    for statement in (
        "ALTER TABLE offers ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY own ON offers "
        "USING (tenant = nullif(current_setting('app.tenant', true), ''))",
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON offers TO "{role}"',
    ):
        connection.execute(text(statement))


def tenant_of(key: str) -> str | None:
    """Stand in for the platform's accounts; return whose key it is, if anybody's."""
    return {"key-1": "Hill", "key-2": "Lake & Sons"}.get(key)


def add_endpoints(app: FastAPI, open_session: Callable[..., Any]) -> None:
    """Add the endpoints of 3.7.3; they never say whose offers they mean."""

    @app.get("/offers")
    def titles(session: Annotated[Session, Depends(open_session)]) -> list[str]:
        return list(session.scalars(select(Offer.title).order_by(Offer.id)))

    @app.post("/offers", status_code=201)
    def add(
        title: str, cents: int, session: Annotated[Session, Depends(open_session)]
    ) -> dict[str, Any]:
        session.add(offer := Offer(title=title, cents=cents))
        session.commit()
        return {"number": offer.id, "tenant": offer.tenant}

    @app.put("/offers/{number}/cents", status_code=204)
    def reprice(
        number: int, cents: int, session: Annotated[Session, Depends(open_session)]
    ) -> None:
        if (offer := session.get(Offer, number)) is None:
            raise HTTPException(404)
        offer.cents = cents
        session.commit()

    @app.delete("/offers")
    def clear(session: Annotated[Session, Depends(open_session)]) -> None:
        session.execute(delete(Offer))
        session.commit()


def market_app(engine: Engine) -> FastAPI:
    """3.7.3  How do you ensure data isolation in a multi-tenant FastAPI app?

    Return an app on a database that `protect` watches; `engine` is logged in as the
    app's role. Call `add_endpoints` with a dependency that hands each request a session
    of its own. It asks `tenant_of` whose the key in the header `X-Key` is, and answers
    401 where there is no key or nobody has it. In every transaction of the session that
    tenant stands in `app.tenant`. The connection goes back to the pool, and whoever
    gets it next finds no tenant there.
    """
    # region answer
    # In words: who the tenant is follows from a request's credentials, never from its
    # content, and is said in one place, where the session is made. From there it goes
    # where no endpoint can forget it: here into the transaction, where row-level
    # security adds the condition to every statement, raw SQL too. Others' rows do not
    # exist then (404). It is set for one transaction (`set_config(…, true)`, which
    # is SET LOCAL), because the connection is somebody else's soon.

    def open_session(x_key: Annotated[str, Header()] = "") -> Iterator[Session]:
        tenant = tenant_of(x_key)
        if tenant is None:
            raise HTTPException(401)
        with Session(engine) as session:

            @event.listens_for(session, "after_begin")
            def enter(_: Session, _begun: object, connection: Connection) -> None:
                connection.execute(select(func.set_config("app.tenant", tenant, True)))

            yield session

    app = FastAPI()
    add_endpoints(app, open_session)
    return app
    # endregion


class Ledger(DeclarativeBase):
    """What maps the tables that each tenant of 3.7.4 has in a schema of its own."""


class Invoice(Ledger):
    """An invoice; each tenant counts its own."""

    __tablename__ = "invoices"

    number: Mapped[int] = mapped_column(primary_key=True)
    cents: Mapped[int]


class Payment(Ledger):
    """What was paid for an invoice."""

    __tablename__ = "payments"

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_number: Mapped[int] = mapped_column(ForeignKey("invoices.number"))
    cents: Mapped[int]


class Directory(DeclarativeBase):
    """What maps the table of tenants, which there is once."""


class Tenant(Directory):
    """3.7.4  Write a SQLAlchemy model for a schema-based multi-tenant `Tenant` table.

    The table `tenants` is in PostgreSQL's schema `public`, wherever else a session
    looks. A tenant has a `name` and the name of its `schema`: texts that are never
    missing, and that no two tenants share. Any text may be the name of a schema.
    """

    __tablename__ = "tenants"
    # region answer
    __table_args__ = ({"schema": "public"},)
    # stub:
    # endregion

    id: Mapped[int] = mapped_column(primary_key=True)
    # region answer
    name: Mapped[str] = mapped_column(unique=True)
    schema: Mapped[str] = mapped_column(unique=True)
    # stub:
    # endregion

    @classmethod
    def create(cls, engine: Engine, name: str, schema: str) -> None:
        """Save a new tenant, with a new schema that has all the tables of `Ledger`.

        Where that fails, for the name is taken or there is such a schema, raise what
        SQLAlchemy raises and leave nothing behind.
        """
        # region answer
        own = engine.execution_options(schema_translate_map={None: schema})
        with own.begin() as connection:
            connection.execute(insert(cls).values(name=name, schema=schema))
            connection.execute(CreateSchema(schema))
            Ledger.metadata.create_all(connection)
        # endregion

    def session(self, engine: Engine) -> Session:
        """Return a session in which `Invoice` and `Payment` are the tenant's own.

        `Tenant` is the table that all share. No other session of the engine ever
        meets this tenant's tables.
        """
        # region answer
        own = engine.execution_options(schema_translate_map={None: self.schema})
        return Session(own)
        # endregion


class Warehouse(DeclarativeBase):
    """What the tables of 3.7.5 are mapped by."""


class Owned:
    """A mixin for what belongs to one tenant."""

    tenant_id: Mapped[int] = mapped_column(index=True)


class Shelf(Owned, Warehouse):
    """A shelf in the warehouse that the tenants share."""

    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    copies: Mapped[list["Copy"]] = relationship(back_populates="shelf")


class Copy(Owned, Warehouse):
    """A copy of a book, which may lie on a shelf."""

    __tablename__ = "copies"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    shelf_id: Mapped[int | None] = mapped_column(ForeignKey("shelves.id"))
    shelf: Mapped[Shelf | None] = relationship(back_populates="copies")


class Trespass(Exception):
    """Something reaches for the rows of another tenant, or might do so."""


def is_opaque(state: ORMExecuteState) -> bool:
    """Return whether the ORM cannot add criteria to what a session is executing.

    So it is for text, for a Table in the place of a class, for INSERT, and for an
    UPDATE by primary key with a list of parameters.
    """
    known = state.is_select or state.is_update or state.is_delete
    return not known or not state.is_orm_statement or isinstance(state.parameters, list)


def session_of(engine: Engine, tenant_id: int) -> Session:
    """3.7.5  How do you implement row-based multi-tenancy with tenant IDs?

    Return a session in which there are only the rows of one tenant, of all classes that
    are `Owned`. Whatever a select, update or delete forgets, it reaches no other rows:
    not through a join, an alias, a subquery, a relationship or `get` either. A
    statement that `is_opaque` raises Trespass. An object that is added without a
    `tenant_id` gets the tenant's. One with another tenant's is not saved, changed or
    deleted: the flush raises Trespass. Other sessions go on as they were.
    """
    # region answer
    # In words: each row carries the id of its tenant, and one place adds the condition
    # to all statements. In SQLAlchemy that is the event `do_orm_execute`, where
    # `with_loader_criteria` reaches every occurrence of a class; `before_flush` sees
    # what the unit of work is about to write. What they cannot see is refused; against
    # what goes past the ORM stands row-level security.
    session = Session(engine)

    @event.listens_for(session, "do_orm_execute")
    def narrow(state: ORMExecuteState) -> None:
        if is_opaque(state):
            raise Trespass("No tenant can be added to this statement.")
        own = with_loader_criteria(
            Owned, lambda cls: cls.tenant_id == tenant_id, include_aliases=True
        )
        state.statement = state.statement.options(own)

    @event.listens_for(session, "before_flush")
    def check(session: Session, *_: object) -> None:
        for one in [*session.new, *session.dirty, *session.deleted]:
            if isinstance(one, Owned):
                if one in session.new and one.tenant_id is None:
                    one.tenant_id = tenant_id
                if one.tenant_id != tenant_id:
                    raise Trespass(f"{one} is of tenant {one.tenant_id}.")

    return session
    # endregion


def listing(shop: str) -> Select[Book]:
    """Return the query for the books of a shop."""
    return select(Book).where(Book.shop == shop)


def count_books(tenancy: Tenancy, shops: list[str]) -> int:
    """Return how many books all shops have."""
    total = 0
    for engine in tenancy.places(shops):
        with engine.connect() as connection:
            total += connection.scalar(select(func.count(Book.id))) or 0
    return total


def migrate(tenancy: Tenancy, shops: list[str]) -> None:
    """Write all books' isbn without hyphens, as the next release wants it."""
    for engine in tenancy.places(shops):
        with engine.begin() as connection:
            plain = func.replace(Book.isbn, "-", "")
            connection.execute(update(Book).values(isbn=plain))


def costs(shops: int, books: int) -> dict[str, dict[str, int]]:
    """3.7.6  What are the performance implications of schema-based vs. row-based
    multi-tenancy?

    On PostgreSQL, so many shops have opened in a `Tenancy`, each with so many books.
    Return as formulas, for both ways:
    "catalogue": how many tables and indexes there are;
    "migration", "report": how many statements `migrate` and `count_books` send;
    "texts": how many different SQL texts are sent when every shop lists its books;
    "listing": how many rows the database reads when one shop lists its books;
    "indexed": the same once there is an index on `shop`, wherever there are books.
    """
    # region answer
    # In words: in shared tables a query has everybody's rows before it; an index that
    # begins with the tenant takes that back. With a schema each, a tenant's tables are
    # small, but there is everything as often as there are tenants: entries in the
    # catalogue, migrations, parts of a report, SQL texts to parse and to cache. So a
    # few large tenants may have schemas; thousands of small ones share tables.
    return {
        "catalogue": {"rows": 5, "schemas": 5 * shops},
        "migration": {"rows": 1, "schemas": shops},
        "report": {"rows": 1, "schemas": shops},
        "texts": {"rows": 1, "schemas": shops},
        "listing": {"rows": shops * books, "schemas": books},
        "indexed": {"rows": books, "schemas": books},
    }
    # stub: return {
    # stub:     "catalogue": {"rows": ___, "schemas": ___},
    # stub:     "migration": {"rows": ___, "schemas": ___},
    # stub:     "report": {"rows": ___, "schemas": ___},
    # stub:     "texts": {"rows": ___, "schemas": ___},
    # stub:     "listing": {"rows": ___, "schemas": ___},
    # stub:     "indexed": {"rows": ___, "schemas": ___},
    # stub: }
    # endregion
