"""3.7  Multi-tenant and vendor-based architectures.

Several bookshops use one platform. Each shop is a tenant and must not see the data of
the others. The shops share tables (row-based), or each has tables in a schema of its
own (schema-based).
Notes: content/docs/sqlalchemy/advanced-patterns/multi-tenancy.md
"""

from collections.abc import Callable, Iterator
from typing import Annotated

from fastapi import Header, HTTPException
from sqlalchemy import (
    Connection,
    Engine,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    UniqueConstraint,
    event,
    func,
    insert,
    select,
    text,
)
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


class SharedTables(DeclarativeBase):
    """The base class for the tables that all shops share."""


class SharedBook(SharedTables):
    """A book in the row-based way: one table has the books of all shops."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    shop: Mapped[str]
    title: Mapped[str]


class OwnTables(DeclarativeBase):
    """The base class for the tables that exist once for each shop."""


class OwnBook(OwnTables):
    """A book in the schema-based way: each shop has this table in its own schema."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]


class BookTitles:
    """3.7.1  Explain schema-based vs. row-based multi-tenancy in SQLAlchemy.

    Read the titles of one shop's books from PostgreSQL, once in each way. Both methods
    use the given session. They return a list with the title of each book of the shop,
    in any order.

    - `row_based` reads the table of `SharedBook`, which has the books of all shops.
    - `schema_based` reads the table of `OwnBook` in the schema of the shop. Shop and
      schema have the same name. The name may contain any character.
    - One session may read for several shops, and in both ways.

    Given:
        A shop has other books in its own table than in the shared table. Two books may
        have the same title.

    Example:
        BookTitles().row_based(session, "hill")     ->  ["Emma", "Kim"]
        BookTitles().schema_based(session, "hill")  ->  ["Momo", "Dune", "Momo"]
    """

    def row_based(self, session: Session, shop: str) -> list[str]:
        """Return the titles of the shop's books in the shared table."""
        # region answer
        # In words: In the row-based way all tenants share the tables. Each row names
        # its tenant, and each query needs a condition on this column. In the
        # schema-based way each tenant has the same tables in a schema of its own. The
        # rows need no such column. A `schema_translate_map` says which schema
        # SQLAlchemy writes in front of the tables, so one class serves all tenants.
        query = select(SharedBook.title).where(SharedBook.shop == shop)
        return list(session.scalars(query))
        # endregion

    def schema_based(self, session: Session, shop: str) -> list[str]:
        """Return the titles in the table of the shop's schema."""
        # region answer
        options = {"schema_translate_map": {None: shop}}
        titles = session.scalars(select(OwnBook.title), execution_options=options)
        return list(titles)
        # endregion


class OrderTables(DeclarativeBase):
    """The base class for the tables of 3.7.2, which all vendors share."""


class Vendor(OrderTables):
    """A vendor on the platform: a tenant."""

    __tablename__ = "vendors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Customer(OrderTables):
    """A customer of one vendor."""

    __tablename__ = "customers"
    __table_args__ = (UniqueConstraint("tenant_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("vendors.id"))
    name: Mapped[str]


class Order(OrderTables):
    """3.7.2  Write a SQLAlchemy model for a row-based multi-tenant `Order` table.

    All vendors share the table `orders`. Complete the model, so that the database
    itself keeps the orders of the vendors apart.

    - An order has a `tenant_id`, the id of its vendor, and a `customer_id`. Both are
      never NULL.
    - Each vendor has its own numbers: two vendors may use the same `number`, but one
      vendor cannot use it for two orders.
    - The database refuses an order of one vendor for a customer of another vendor, and
      for a customer that does not exist.

    Given:
        The database checks foreign keys. In SQLite, this has been switched on.
    """

    __tablename__ = "orders"
    # region answer
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]
        ),
    )
    # stub:
    # endregion

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    # region answer
    tenant_id: Mapped[int]
    customer_id: Mapped[int]
    # stub:
    # endregion


class OfferTables(DeclarativeBase):
    """The base class for the table of 3.7.3, which all shops share."""


class Offer(OfferTables):
    """An offer of a shop. PostgreSQL reads the shop from the setting `app.tenant`."""

    __tablename__ = "offers"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    shop: Mapped[str] = mapped_column(
        server_default=text("current_setting('app.tenant', true)")
    )
    title: Mapped[str]


def protect(connection: Connection, role: str) -> None:
    """Create the table, and let PostgreSQL hide the offers of other shops from `role`.

    With row-level security, `role` can only read, change, delete and add offers of the
    shop in `app.tenant`. If it is not set, there are no offers at all.
    """
    OfferTables.metadata.create_all(connection)
    for statement in (
        "ALTER TABLE offers ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY own_offers ON offers "
        "USING (shop = nullif(current_setting('app.tenant', true), ''))",
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON offers TO "{role}"',
    ):
        connection.execute(text(statement))


def shop_of(key: str) -> str | None:
    """Return the name of the shop with this API key, or None for an unknown key."""
    return {"key-1": "Hill", "key-2": "Lake & Sons"}.get(key)


def session_dependency(engine: Engine) -> Callable[..., object]:
    """3.7.3  How do you ensure data isolation in a multi-tenant FastAPI app?

    The endpoints contain no condition on the shop: PostgreSQL adds it, see `protect`.
    Return a dependency that gives each request a session of its own on `engine`.

    - The header `X-Key` has the key of the shop. Without the header, or if `shop_of`
      does not know the key, the response has status 401.
    - In the transaction of the endpoint, the setting `app.tenant` is the name of the
      shop. The name may contain any character.
    - After the request, the connection is back in the pool, and the setting is gone: a
      query on this connection finds no offers. This also holds if the endpoint
      committed, or raised an exception.

    Given:
        The engine connects as the role that `protect` restricts. The table exists.
        An endpoint that commits does not use the session afterwards.

    Example:
        open_session = session_dependency(engine)

        @app.get("/offers")
        def titles(session: Annotated[Session, Depends(open_session)]) -> list[str]:
            return list(session.scalars(select(Offer.title)))
    """
    # region answer
    # In words: The tenant follows from the credentials of the request, and never from a
    # value that the client chooses. One dependency sets it, so no endpoint can forget
    # it. Row-level security then adds the condition to every statement, even to raw
    # SQL. `set_config(..., true)` sets the value for this transaction only, because
    # another tenant gets the same connection from the pool later.

    def open_session(x_key: Annotated[str, Header()] = "") -> Iterator[Session]:
        shop = shop_of(x_key)
        if shop is None:
            raise HTTPException(401)
        with Session(engine) as session:
            session.execute(select(func.set_config("app.tenant", shop, True)))
            yield session

    return open_session
    # endregion


class TenantTables(DeclarativeBase):
    """The base class for the tables that each tenant of 3.7.4 has in its own schema."""


class Invoice(TenantTables):
    """An invoice of a tenant."""

    __tablename__ = "invoices"

    number: Mapped[int] = mapped_column(primary_key=True)
    cents: Mapped[int]


class Payment(TenantTables):
    """A payment for an invoice of the same tenant."""

    __tablename__ = "payments"

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_number: Mapped[int] = mapped_column(ForeignKey("invoices.number"))


class PlatformTables(DeclarativeBase):
    """The base class for the table of tenants, which exists once."""


class Tenant(PlatformTables):
    """3.7.4  Write a SQLAlchemy model for a schema-based multi-tenant `Tenant` table.

    On PostgreSQL, each tenant has a schema of its own. Complete the model of the table
    that lists the tenants, and the method that creates a tenant.

    - A tenant has a `name` and a `schema`. Both are strings and never NULL. Two tenants
      never have the same name, and never the same schema.
    - The table of tenants is always in the schema `public`, also in a session whose
      `schema_translate_map` replaces None with the schema of a tenant.
    - `create` stores the tenant, creates the schema, and creates all tables of
      `TenantTables` in it. The name of the schema may contain any character.
    - If the database refuses a step, for example because the schema already exists,
      everything stays as it was, and SQLAlchemy's exception reaches the caller.

    Example:
        Tenant.create(engine, "Hill Books", "hill")
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
        """Store a tenant, and create its schema with its tables."""
        # region answer
        own = engine.execution_options(schema_translate_map={None: schema})
        with own.begin() as connection:
            connection.execute(insert(cls).values(name=name, schema=schema))
            connection.execute(CreateSchema(schema))
            TenantTables.metadata.create_all(connection)
        # endregion


class Warehouse(DeclarativeBase):
    """The base class for the tables of 3.7.5, which all tenants share."""


class Owned:
    """A mixin for classes whose rows belong to a tenant."""

    tenant_id: Mapped[int] = mapped_column(index=True)


class Shelf(Owned, Warehouse):
    """A shelf in the warehouse."""

    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    copies: Mapped[list["Copy"]] = relationship(back_populates="shelf")


class Copy(Owned, Warehouse):
    """A copy of a book, which may be on a shelf."""

    __tablename__ = "copies"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    shelf_id: Mapped[int | None] = mapped_column(ForeignKey("shelves.id"))
    shelf: Mapped[Shelf | None] = relationship(back_populates="copies")


def tenant_session(engine: Engine, tenant_id: int) -> Session:
    """3.7.5  How do you implement row-based multi-tenancy with tenant IDs?

    The session is for one tenant. The given listener sets the `tenant_id` of new
    objects. But a query without a condition returns the rows of all tenants. Add the
    condition in one place.

    - A select returns only rows of this tenant, for every class that inherits from
      `Owned`: also in a join or a subquery, with an alias, through `get`, and through
      relationships.
    - An update or a delete of such a class changes only rows of this tenant.
    - Classes without `Owned` and other sessions behave as before.

    Given:
        Statements use the mapped classes, not `text` and not `Table` objects. An update
        gets no list of rows, as in `session.execute(update(...), [...])`.

    Example:
        tenant_session(engine, 7).scalars(select(Copy)).all()  ->  copies of tenant 7
    """
    session = Session(engine)

    @event.listens_for(session, "before_flush")
    def own_new_objects(session: Session, *_: object) -> None:
        for one in session.new:
            if isinstance(one, Owned):
                one.tenant_id = tenant_id

    # region answer
    # In words: Each row has the id of its tenant. One place sets the id of new rows,
    # and one place adds the condition to all statements. In SQLAlchemy the event
    # `do_orm_execute` sees every ORM statement of the session, and
    # `with_loader_criteria` adds the condition wherever a class occurs in it. Raw SQL
    # stays as it is: only row-level security in the database covers it.

    @event.listens_for(session, "do_orm_execute")
    def add_condition(state: ORMExecuteState) -> None:
        own = with_loader_criteria(
            Owned, lambda cls: cls.tenant_id == tenant_id, include_aliases=True
        )
        state.statement = state.statement.options(own)

    # stub:
    # endregion
    return session


def add_column(connection: Connection, schemas: list[str]) -> None:
    """Add a column to the table `books` in each of these schemas."""
    for schema in schemas:
        connection.execute(text(f'ALTER TABLE "{schema}".books ADD COLUMN isbn text'))


def costs(shops: int, books: int) -> dict[str, dict[str, int]]:
    """3.7.6  What are the performance implications of schema-based vs. row-based
    multi-tenancy?

    There are `shops` shops with `books` books each, in PostgreSQL. In the way "rows",
    one table of `SharedBook` has the books of all shops. In the way "schemas", each
    shop has its own table of `OwnBook`. Predict three costs of each way, as formulas
    with `shops` and `books`.

    - "migration": how many statements `add_column` sends to change all tables.
    - "listing": how many rows of tables PostgreSQL reads to list the books of one shop.
    - "indexed": the same as "listing", after `CREATE INDEX ... ON books (shop)` in the
      shared table. The tables of "schemas" stay as they are.

    Given:
        "rows" lists with `SELECT title FROM books WHERE shop = ...`, and "schemas" with
        `SELECT title FROM "...".books`. At first, the only index is the one of the
        primary key.

    Example of a formula:
        3 * shops + books
    """
    # region answer
    # In words: In shared tables, a query without an index searches the rows of all
    # tenants. An index that begins with the tenant's column finds the rows of one
    # tenant. With a schema for each tenant, the tables are small. But every table,
    # index and migration exists as often as there are tenants. So schemas suit a few
    # large tenants, and shared tables suit thousands of small ones.
    return {
        "migration": {"rows": 1, "schemas": shops},
        "listing": {"rows": shops * books, "schemas": books},
        "indexed": {"rows": books, "schemas": books},
    }
    # stub: return {
    # stub:     "migration": {"rows": ___, "schemas": ___},
    # stub:     "listing": {"rows": ___, "schemas": ___},
    # stub:     "indexed": {"rows": ___, "schemas": ___},
    # stub: }
    # endregion
