"""Other answers to section 3.7."""

from contextlib import suppress
from contextvars import ContextVar

from fastapi import Depends
from sqlalchemy import Index, MetaData
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import relationship, sessionmaker
from sqlalchemy.schema import DropSchema

from sensei.variants import right, wrong


class _Rows:
    """The row-based half of 3.7.1."""

    def row_based(self, session, shop):
        return session.scalars(select(SharedBook.title).filter_by(shop=shop)).all()


@wrong(
    "3.7.1",
    caught_by="test_q1_a_method_returns_the_titles_of_this_shop[row_based-hill]",
)
class BookTitles:
    """Expect that the session knows its shop."""

    def row_based(self, session, shop):
        return session.scalars(select(SharedBook.title)).all()

    def schema_based(self, session, shop):
        return session.scalars(select(OwnBook.title)).all()


@wrong(
    "3.7.1",
    caught_by="test_q1_a_method_returns_the_titles_of_this_shop[schema_based-hill]",
)
class BookTitles(_Rows):
    """Replace the schema `public`, which the tables do not name."""

    def schema_based(self, session, shop):
        options = {"schema_translate_map": {"public": shop}}
        return session.scalars(select(OwnBook.title), execution_options=options).all()


@wrong(
    "3.7.1",
    caught_by="test_q1_a_method_returns_the_titles_of_this_shop[schema_based-odd name]",
)
class BookTitles(_Rows):
    """Write the name of the schema into the SQL, without quotes."""

    def schema_based(self, session, shop):
        return session.scalars(text(f"SELECT title FROM {shop}.books")).all()


@wrong("3.7.1", caught_by="test_q1_one_session_reads_for_several_shops")
class BookTitles(_Rows):
    """Set the schema of the table: compiled statements keep the earlier one."""

    def schema_based(self, session, shop):
        OwnBook.__table__.schema = shop
        return session.scalars(select(OwnBook.title)).all()


@wrong("3.7.1", caught_by="test_q1_one_session_reads_for_several_shops")
class BookTitles(_Rows):
    """Set the options of the session's connection, which keeps them."""

    def schema_based(self, session, shop):
        connection = session.connection()
        own = connection.execution_options(schema_translate_map={None: shop})
        return own.scalars(select(OwnBook.title)).all()


@wrong("3.7.1", caught_by="test_q1_one_session_reads_for_several_shops")
class BookTitles(_Rows):
    """Set the search path, also for later statements on the shared table."""

    def schema_based(self, session, shop):
        quoted = '"' + shop.replace('"', '""') + '"'
        session.execute(select(func.set_config("search_path", quoted, True)))
        return session.scalars(select(OwnBook.title)).all()


@wrong("3.7.1", caught_by="test_q1_a_method_reads_with_the_given_session[schema_based]")
class BookTitles(_Rows):
    """Open another session."""

    def schema_based(self, session, shop):
        options = {"schema_translate_map": {None: shop}}
        with Session(session.get_bind().execution_options(**options)) as own:
            return own.scalars(select(OwnBook.title)).all()


@wrong(
    "3.7.1",
    caught_by="test_q1_a_method_returns_the_titles_of_this_shop[row_based-hill]",
)
class BookTitles:
    """Return the objects instead of their titles."""

    def row_based(self, session, shop):
        return session.scalars(select(SharedBook).where(SharedBook.shop == shop)).all()

    def schema_based(self, session, shop):
        options = {"schema_translate_map": {None: shop}}
        return session.scalars(select(OwnBook), execution_options=options).all()


@wrong(
    "3.7.1",
    caught_by="test_q1_a_method_returns_the_titles_of_this_shop[schema_based-hill]",
)
class BookTitles(_Rows):
    """Read the shared table in both ways."""

    def schema_based(self, session, shop):
        return self.row_based(session, shop)


@wrong(
    "3.7.1",
    caught_by="test_q1_a_method_returns_the_titles_of_this_shop[row_based-odd name]",
)
class BookTitles:
    """Compare with LIKE, which takes the name for a pattern."""

    def row_based(self, session, shop):
        query = select(SharedBook.title).where(SharedBook.shop.like(shop))
        return session.scalars(query).all()

    def schema_based(self, session, shop):
        options = {"schema_translate_map": {None: shop}}
        return session.scalars(select(OwnBook.title), execution_options=options).all()


@wrong(
    "3.7.1",
    caught_by="test_q1_a_method_returns_the_titles_of_this_shop[row_based-no books]",
)
class BookTitles:
    """Ignore the case of the name."""

    def row_based(self, session, shop):
        lower = func.lower(SharedBook.shop)
        query = select(SharedBook.title).where(lower == shop.lower())
        return session.scalars(query).all()

    def schema_based(self, session, shop):
        options = {"schema_translate_map": {None: shop}}
        return session.scalars(select(OwnBook.title), execution_options=options).all()


@wrong(
    "3.7.1",
    caught_by="test_q1_a_method_returns_the_titles_of_this_shop[schema_based-hill]",
)
class BookTitles(_Rows):
    """Return each title once."""

    def schema_based(self, session, shop):
        query = select(OwnBook.title).distinct()
        options = {"schema_translate_map": {None: shop}}
        return session.scalars(query, execution_options=options).all()


@wrong(
    "3.7.1",
    caught_by="test_q1_a_method_returns_the_titles_of_this_shop[schema_based-odd name]",
)
class BookTitles(_Rows):
    """Double the quotes, and forget that `:the` is a parameter of `text`."""

    def schema_based(self, session, shop):
        name = shop.replace('"', '""')
        query = text(f'SELECT title FROM "{name}".books')
        return list(session.scalars(query))


@wrong(
    "3.7.1",
    caught_by="test_q1_a_method_returns_the_titles_of_this_shop[schema_based-odd name]",
)
class BookTitles(_Rows):
    """Tidy the name up."""

    def schema_based(self, session, shop):
        options = {"schema_translate_map": {None: shop.strip()}}
        return session.scalars(select(OwnBook.title), execution_options=options).all()


@right("3.7.1")
class BookTitles:
    """Put the options on the statement, and take the titles from rows."""

    def row_based(self, session: Session, shop: str) -> list[str]:
        query = select(SharedBook).where(SharedBook.shop == shop)
        return [book.title for book in session.scalars(query)]

    def schema_based(self, session: Session, shop: str) -> list[str]:
        query = select(OwnBook.title).order_by(OwnBook.title)
        query = query.execution_options(schema_translate_map={None: shop})
        return [row.title for row in session.execute(query)]


@right("3.7.1")
class BookTitles:
    """Copy the table with another schema, and use the older `query`."""

    def row_based(self, session: Session, shop: str) -> list[str]:
        return [one.title for one in session.query(SharedBook).filter_by(shop=shop)]

    def schema_based(self, session: Session, shop: str) -> list[str]:
        books = OwnBook.metadata.tables["books"].to_metadata(MetaData(), schema=shop)
        return list(session.scalars(select(books.c.title)))


@right("3.7.1")
class BookTitles(_Rows):
    """Write the SQL, with the schema quoted."""

    def schema_based(self, session, shop):
        quoted = '"' + shop.replace('"', '""').replace(":", "\\:") + '"'
        return [*session.scalars(text(f"SELECT title FROM {quoted}.books"))]


@wrong("3.7.2", caught_by="test_q2_each_vendor_has_its_own_numbers")
class Order(OrderTables):
    """Make the number unique in the whole table."""

    __tablename__ = "orders"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    tenant_id: Mapped[int]
    customer_id: Mapped[int]


@wrong("3.7.2", caught_by="test_q2_an_order_is_for_a_customer_of_the_same_vendor")
class Order(OrderTables):
    """Use one foreign key to the vendor, and one to the customer."""

    __tablename__ = "orders"
    __table_args__ = (UniqueConstraint("tenant_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("vendors.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))


@wrong("3.7.2", caught_by="test_q2_vendor_and_customer_exist")
class Order(OrderTables):
    """Write the ids without foreign keys."""

    __tablename__ = "orders"
    __table_args__ = (UniqueConstraint("tenant_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    tenant_id: Mapped[int] = mapped_column(index=True)
    customer_id: Mapped[int] = mapped_column(index=True)


@wrong("3.7.2", caught_by="test_q2_a_column_is_never_null[tenant_id]")
class Order(OrderTables):
    """Let the tenant be filled in later."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    tenant_id: Mapped[int | None]
    customer_id: Mapped[int]


@wrong("3.7.2", caught_by="test_q2_each_vendor_has_its_own_numbers")
class Order(OrderTables):
    """Create an index on the numbers, which is not unique."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("numbers", "tenant_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    tenant_id: Mapped[int]
    customer_id: Mapped[int]


@wrong("3.7.2", caught_by="test_q2_each_vendor_has_its_own_numbers")
class Order(OrderTables):
    """Add the customer to the unique columns."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "customer_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    tenant_id: Mapped[int]
    customer_id: Mapped[int]


@wrong("3.7.2", caught_by="test_q2_each_vendor_has_its_own_numbers")
class Order(OrderTables):
    """Make the number unique for each customer."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("customer_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    tenant_id: Mapped[int]
    customer_id: Mapped[int]


@right("3.7.2")
class Order(OrderTables):
    """Make the vendor and the number the primary key."""

    __tablename__ = "orders"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("vendors.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    customer_id: Mapped[int] = mapped_column()
    note: Mapped[str | None]

    vendor: Mapped[Vendor] = relationship(viewonly=True)

    __table_args__ = (
        ForeignKeyConstraint(
            [tenant_id, customer_id], [Customer.tenant_id, Customer.id]
        ),
    )


@right("3.7.2")
class Order(OrderTables):
    """Use a unique index, and a foreign key for each rule."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("one_number", "tenant_id", "number", unique=True),
        ForeignKeyConstraint(["tenant_id"], ["vendors.id"]),
        ForeignKeyConstraint(["customer_id"], ["customers.id"]),
        ForeignKeyConstraint(
            ["customer_id", "tenant_id"], ["customers.id", "customers.tenant_id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    tenant_id: Mapped[int] = mapped_column(nullable=False)
    customer_id: Mapped[int] = mapped_column(nullable=False)


@wrong(
    "3.7.3",
    caught_by="test_q3_the_next_user_of_the_connection_sees_no_offers[it committed]",
)
def session_dependency(engine):
    """Set the tenant for the whole connection."""

    def open_session(x_key: Annotated[str, Header()] = ""):
        if (shop := shop_of(x_key)) is None:
            raise HTTPException(401)
        with Session(engine) as session:
            session.execute(select(func.set_config("app.tenant", shop, False)))
            yield session

    return open_session


@wrong(
    "3.7.3",
    caught_by="test_q3_the_next_user_of_the_connection_sees_no_offers[it committed]",
)
def session_dependency(engine):
    """Reset the setting without a commit: closing the session takes this back."""

    def open_session(x_key: Annotated[str, Header()] = ""):
        if (shop := shop_of(x_key)) is None:
            raise HTTPException(401)
        with Session(engine) as session:
            session.execute(select(func.set_config("app.tenant", shop, False)))
            try:
                yield session
            finally:
                session.rollback()
                session.execute(select(func.set_config("app.tenant", "", False)))

    return open_session


@wrong("3.7.3", caught_by="test_q3_each_shop_reads_its_own_offers")
def session_dependency(engine):
    """Commit after the setting, which ends with the transaction."""

    def open_session(x_key: Annotated[str, Header()] = ""):
        if (shop := shop_of(x_key)) is None:
            raise HTTPException(401)
        with Session(engine) as session:
            session.execute(select(func.set_config("app.tenant", shop, True)))
            session.commit()
            yield session

    return open_session


@wrong("3.7.3", caught_by="test_q3_two_shops_can_send_requests_at_the_same_time")
def session_dependency(engine):
    """Keep the tenant of the request in one variable."""
    current = {"shop": ""}

    @event.listens_for(engine, "before_cursor_execute")
    def enter(connection, cursor, statement, parameters, context, many):
        cursor.execute("SELECT set_config('app.tenant', %s, true)", [current["shop"]])

    def open_session(x_key: Annotated[str, Header()] = ""):
        shop = shop_of(x_key)
        if shop is None:
            raise HTTPException(401)
        current["shop"] = shop
        with Session(engine) as session:
            yield session
        current["shop"] = ""

    return open_session


@wrong("3.7.3", caught_by="test_q3_two_shops_can_send_requests_at_the_same_time")
def session_dependency(engine):
    """Open one session for all requests."""
    session = Session(engine)

    def open_session(x_key: Annotated[str, Header()] = ""):
        if (shop := shop_of(x_key)) is None:
            raise HTTPException(401)
        with session:
            session.execute(select(func.set_config("app.tenant", shop, True)))
            yield session

    return open_session


@wrong("3.7.3", caught_by="test_q3_without_a_known_key_the_status_is_401")
def session_dependency(engine):
    """Require the header, and rely on row-level security for unknown keys."""

    def open_session(x_key: Annotated[str, Header()]):
        with Session(engine) as session:
            shop = func.set_config("app.tenant", shop_of(x_key), True)
            session.execute(select(shop))
            yield session

    return open_session


@wrong("3.7.3", caught_by="test_q3_each_shop_reads_its_own_offers")
def session_dependency(engine):
    """Write the name into the SQL."""

    def open_session(x_key: Annotated[str, Header()] = ""):
        if (shop := shop_of(x_key)) is None:
            raise HTTPException(401)
        with Session(engine) as session:
            session.execute(text(f"SET LOCAL app.tenant = '{shop}'"))
            yield session

    return open_session


@wrong("3.7.3", caught_by="test_q3_each_shop_reads_its_own_offers")
def session_dependency(engine):
    """Set the key of the shop instead of its name."""

    def open_session(x_key: Annotated[str, Header()] = ""):
        if shop_of(x_key) is None:
            raise HTTPException(401)
        with Session(engine) as session:
            session.execute(select(func.set_config("app.tenant", x_key, True)))
            yield session

    return open_session


@wrong(
    "3.7.3",
    caught_by="test_q3_the_next_user_of_the_connection_sees_no_offers[it read]",
)
def session_dependency(engine):
    """Return the session, and do not close it."""

    def open_session(x_key: Annotated[str, Header()] = ""):
        if (shop := shop_of(x_key)) is None:
            raise HTTPException(401)
        session = Session(engine)
        session.execute(select(func.set_config("app.tenant", shop, True)))
        return session

    return open_session


@wrong(
    "3.7.3",
    caught_by="test_q3_the_next_user_of_the_connection_sees_no_offers[it raised]",
)
def session_dependency(engine):
    """Close the session only if the endpoint raises nothing."""

    def open_session(x_key: Annotated[str, Header()] = ""):
        if (shop := shop_of(x_key)) is None:
            raise HTTPException(401)
        session = Session(engine)
        session.execute(select(func.set_config("app.tenant", shop, True)))
        yield session
        session.close()

    return open_session


@wrong("3.7.3", caught_by="test_q3_two_requests_of_a_shop_do_not_share_a_session")
def session_dependency(engine):
    """Keep one session for each shop."""
    kept = {}

    def open_session(x_key: Annotated[str, Header()] = ""):
        if (shop := shop_of(x_key)) is None:
            raise HTTPException(401)
        session = kept.setdefault(shop, Session(engine))
        try:
            session.execute(select(func.set_config("app.tenant", shop, True)))
            yield session
        finally:
            session.close()

    return open_session


_first_engine = []


@wrong("3.7.3", caught_by="test_q3_each_dependency_uses_the_engine_that_it_got")
def session_dependency(engine):
    """Keep the first engine for all dependencies."""
    _first_engine.append(engine)

    def open_session(x_key: Annotated[str, Header()] = ""):
        if (shop := shop_of(x_key)) is None:
            raise HTTPException(401)
        with Session(_first_engine[0]) as session:
            session.execute(select(func.set_config("app.tenant", shop, True)))
            yield session

    return open_session


@right("3.7.3")
def session_dependency(engine):
    """Keep the tenant in a context variable, and set it when a transaction begins."""
    current = ContextVar("shop", default=None)

    @event.listens_for(engine, "begin")
    def enter(connection):
        if (shop := current.get()) is not None:
            query = text("SELECT set_config('app.tenant', :shop, true)")
            connection.execute(query, {"shop": shop})

    async def authenticate(x_key: Annotated[str | None, Header()] = None):
        shop = shop_of(x_key) if x_key else None
        if shop is None:
            raise HTTPException(401, "There is no shop with this key.")
        token = current.set(shop)
        yield shop
        current.reset(token)

    def open_session(shop: Annotated[str, Depends(authenticate)]):
        with Session(engine) as session:
            yield session

    return open_session


@right("3.7.3")
def session_dependency(engine):
    """Set the tenant for the connection, and reset it before the connection is back."""

    def shop_in(x_key: Annotated[str | None, Header()] = None):
        shop = shop_of(x_key or "")
        if not shop:
            raise HTTPException(status_code=401)
        return shop

    async def open_session(shop: Annotated[str, Depends(shop_in)]):
        with engine.connect() as connection:
            connection.execute(select(func.set_config("app.tenant", shop, False)))
            connection.commit()
            try:
                with Session(connection) as session:
                    yield session
            finally:
                connection.rollback()
                connection.execute(text("RESET app.tenant"))
                connection.commit()

    return open_session


@right("3.7.3")
def session_dependency(engine):
    """Return a callable object whose sessions set the tenant in each transaction."""

    class TenantSession(Session):
        pass

    @event.listens_for(TenantSession, "after_begin")
    def enter(session, transaction, connection):
        shop = session.info["shop"].replace("'", "''").replace("%", "%%")
        connection.exec_driver_sql(f"SET LOCAL app.tenant = '{shop}'")

    sessions = sessionmaker(engine, class_=TenantSession)

    class OpenSession:
        def __call__(self, x_key: str = Header(default="")):
            shop = shop_of(x_key)
            if shop is None:
                raise HTTPException(401)
            session = sessions(info={"shop": shop})
            try:
                yield session
            finally:
                session.close()

    return OpenSession()


class _Columns:
    """The columns of 3.7.4."""

    __tablename__ = "tenants"
    __table_args__ = {"schema": "public"}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    schema: Mapped[str] = mapped_column(unique=True)


@wrong("3.7.4", caught_by="test_q4_the_table_is_always_in_the_schema_public")
class Tenant(PlatformTables):
    """Rely on the default schema, which is `public`."""

    __tablename__ = "tenants"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    schema: Mapped[str] = mapped_column(unique=True)

    @classmethod
    def create(cls, engine, name, schema):
        with engine.begin() as connection:
            connection.execute(insert(cls).values(name=name, schema=schema))
            connection.execute(CreateSchema(schema))
            own = connection.execution_options(schema_translate_map={None: schema})
            TenantTables.metadata.create_all(own)


@wrong(
    "3.7.4",
    caught_by="test_q4_a_refused_tenant_leaves_nothing[another schema]",
)
class Tenant(_Columns, PlatformTables):
    """Accept a schema that exists already."""

    @classmethod
    def create(cls, engine, name, schema):
        own = engine.execution_options(schema_translate_map={None: schema})
        with own.begin() as connection:
            connection.execute(insert(cls).values(name=name, schema=schema))
            connection.execute(CreateSchema(schema, if_not_exists=True))
            TenantTables.metadata.create_all(connection)


@wrong("3.7.4", caught_by="test_q4_a_refused_tenant_leaves_nothing[the name]")
class Tenant(_Columns, PlatformTables):
    """Use a transaction for each step."""

    @classmethod
    def create(cls, engine, name, schema):
        own = engine.execution_options(schema_translate_map={None: schema})
        with own.begin() as connection:
            connection.execute(CreateSchema(schema))
        TenantTables.metadata.create_all(own)
        with Session(own) as session:
            session.add(cls(name=name, schema=schema))
            session.commit()


@wrong("3.7.4", caught_by="test_q4_a_refused_table_leaves_nothing")
class Tenant(_Columns, PlatformTables):
    """Commit the row and the schema, and create the tables afterwards."""

    @classmethod
    def create(cls, engine, name, schema):
        with Session(engine) as session:
            session.add(cls(name=name, schema=schema))
            session.execute(CreateSchema(schema))
            session.commit()
        own = engine.execution_options(schema_translate_map={None: schema})
        TenantTables.metadata.create_all(own)


@wrong("3.7.4", caught_by="test_q4_a_refused_tenant_leaves_nothing[another schema]")
class Tenant(_Columns, PlatformTables):
    """Clean up after an error, and drop a schema that was there before."""

    @classmethod
    def create(cls, engine, name, schema):
        own = engine.execution_options(schema_translate_map={None: schema})
        try:
            with own.begin() as connection:
                connection.execute(insert(cls).values(name=name, schema=schema))
                connection.execute(CreateSchema(schema))
                TenantTables.metadata.create_all(connection)
        except ProgrammingError:
            with engine.begin() as connection:
                connection.execute(DropSchema(schema, cascade=True))
            raise


@wrong("3.7.4", caught_by="test_q4_create_makes_the_schema_with_all_tables[odd name]")
class Tenant(_Columns, PlatformTables):
    """Write the name of the schema into the SQL."""

    @classmethod
    def create(cls, engine, name, schema):
        own = engine.execution_options(schema_translate_map={None: schema})
        with own.begin() as connection:
            connection.execute(insert(cls).values(name=name, schema=schema))
            connection.execute(text(f"CREATE SCHEMA {schema}"))
            TenantTables.metadata.create_all(connection)


@wrong("3.7.4", caught_by="test_q4_create_makes_the_schema_with_all_tables")
class Tenant(_Columns, PlatformTables):
    """Create the two tables that there are today."""

    @classmethod
    def create(cls, engine, name, schema):
        own = engine.execution_options(schema_translate_map={None: schema})
        with own.begin() as connection:
            connection.execute(insert(cls).values(name=name, schema=schema))
            connection.execute(CreateSchema(schema))
            Invoice.__table__.create(connection)
            Payment.__table__.create(connection)


@wrong("3.7.4", caught_by="test_q4_each_tenant_has_tables_of_its_own")
class Tenant(_Columns, PlatformTables):
    """Set the schema of the given tables."""

    @classmethod
    def create(cls, engine, name, schema):
        for table in TenantTables.metadata.tables.values():
            table.schema = schema
        with engine.begin() as connection:
            connection.execute(insert(cls).values(name=name, schema=schema))
            connection.execute(CreateSchema(schema))
            TenantTables.metadata.create_all(connection)


@wrong("3.7.4", caught_by="test_q4_a_refused_tenant_leaves_nothing")
class Tenant(_Columns, PlatformTables):
    """Hide SQLAlchemy's exception behind a ValueError."""

    @classmethod
    def create(cls, engine, name, schema):
        own = engine.execution_options(schema_translate_map={None: schema})
        try:
            with own.begin() as connection:
                connection.execute(insert(cls).values(name=name, schema=schema))
                connection.execute(CreateSchema(schema))
                TenantTables.metadata.create_all(connection)
        except (IntegrityError, ProgrammingError):
            raise ValueError(f"There is {name} already.") from None


@wrong("3.7.4", caught_by="test_q4_a_refused_tenant_leaves_nothing")
class Tenant(_Columns, PlatformTables):
    """Do nothing if the tenant exists."""

    @classmethod
    def create(cls, engine, name, schema):
        own = engine.execution_options(schema_translate_map={None: schema})
        with suppress(IntegrityError, ProgrammingError), own.begin() as connection:
            connection.execute(insert(cls).values(name=name, schema=schema))
            connection.execute(CreateSchema(schema))
            TenantTables.metadata.create_all(connection)


@wrong("3.7.4", caught_by="test_q4_two_tenants_differ_in_name_and_in_schema")
class Tenant(PlatformTables):
    """Make the name and the schema unique together."""

    __tablename__ = "tenants"
    __table_args__ = (UniqueConstraint("name", "schema"), {"schema": "public"})

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    schema: Mapped[str]

    @classmethod
    def create(cls, engine, name, schema):
        own = engine.execution_options(schema_translate_map={None: schema})
        with own.begin() as connection:
            connection.execute(insert(cls).values(name=name, schema=schema))
            connection.execute(CreateSchema(schema))
            TenantTables.metadata.create_all(connection)


@right("3.7.4")
class Tenant(PlatformTables):
    """Store the row with the ORM, and set the search path of the transaction."""

    __tablename__ = "tenants"
    __table_args__ = (
        UniqueConstraint("name"),
        UniqueConstraint("schema"),
        {"schema": "public"},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column()
    schema: Mapped[str] = mapped_column()

    @classmethod
    def create(cls, engine, name, schema):
        quoted = '"' + schema.replace('"', '""') + '"'
        with Session(engine) as session, session.begin():
            session.add(cls(name=name, schema=schema))
            session.flush()
            connection = session.connection()
            connection.execute(CreateSchema(schema))
            connection.execute(select(func.set_config("search_path", quoted, True)))
            TenantTables.metadata.create_all(connection)


@right("3.7.4")
class Tenant(PlatformTables):
    """Copy the tables for the new schema, and add the row last."""

    __tablename__ = "tenants"
    __table_args__ = {"schema": "public", "comment": "who is on the platform"}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True, index=True)
    schema: Mapped[str] = mapped_column(unique=True)
    note: Mapped[str | None]

    @classmethod
    def create(cls, engine, name, schema):
        metadata = MetaData()
        for table in TenantTables.metadata.sorted_tables:
            table.to_metadata(metadata, schema=schema)
        with engine.begin() as connection:
            connection.execute(CreateSchema(schema))
            metadata.create_all(connection, checkfirst=False)
            connection.execute(insert(cls), [{"name": name, "schema": schema}])


def _stamp(session, tenant_id):
    """Give new objects the id of the tenant."""

    @event.listens_for(session, "before_flush")
    def own_new_objects(session, *_):
        for one in session.new:
            if isinstance(one, Owned):
                one.tenant_id = tenant_id


def _condition(tenant_id, **options):
    """Return the condition on the tenant."""
    return with_loader_criteria(
        Owned, lambda cls: cls.tenant_id == tenant_id, **options
    )


@wrong(
    "3.7.5",
    caught_by="test_q5_a_select_returns_only_rows_of_the_tenant"
    "[the relationship of a new object-1]",
)
def tenant_session(engine, tenant_id):
    """Leave out the statements that load a relationship."""
    session = Session(engine)
    _stamp(session, tenant_id)

    @event.listens_for(session, "do_orm_execute")
    def add_condition(state):
        if not state.is_column_load and not state.is_relationship_load:
            own = _condition(tenant_id, include_aliases=True)
            state.statement = state.statement.options(own)

    return session


@wrong(
    "3.7.5",
    caught_by="test_q5_a_select_returns_only_rows_of_the_tenant"
    "[a select with an alias-1]",
)
def tenant_session(engine, tenant_id):
    """Leave out `include_aliases`, which a mixin needs for every select."""
    session = Session(engine)
    _stamp(session, tenant_id)

    @event.listens_for(session, "do_orm_execute")
    def add_condition(state):
        state.statement = state.statement.options(_condition(tenant_id))

    return session


@wrong("3.7.5", caught_by="test_q5_a_change_reaches_only_rows_of_the_tenant")
def tenant_session(engine, tenant_id):
    """Add the condition to selects only."""
    session = Session(engine)
    _stamp(session, tenant_id)

    @event.listens_for(session, "do_orm_execute")
    def add_condition(state):
        if state.is_select:
            own = _condition(tenant_id, include_aliases=True)
            state.statement = state.statement.options(own)

    return session


@wrong(
    "3.7.5",
    caught_by="test_q5_a_select_returns_only_rows_of_the_tenant[a relationship-2]",
)
def tenant_session(engine, tenant_id):
    """Add the condition for the first class of the statement."""
    session = Session(engine)
    _stamp(session, tenant_id)

    @event.listens_for(session, "do_orm_execute")
    def add_condition(state):
        mapper = state.bind_mapper
        if mapper is not None and issubclass(mapper.class_, Owned):
            if state.is_relationship_load:
                return
            own = mapper.class_.tenant_id == tenant_id
            state.statement = state.statement.where(own)

    return session


@wrong("3.7.5", caught_by="test_q5_sessions_do_not_affect_each_other")
def tenant_session(engine, tenant_id):
    """Listen to all sessions."""

    @event.listens_for(Session, "do_orm_execute")
    def add_condition(state):
        own = _condition(tenant_id, include_aliases=True)
        state.statement = state.statement.options(own)

    session = Session(engine)
    _stamp(session, tenant_id)
    return session


@wrong("3.7.5", caught_by="test_q5_classes_defined_later_are_treated_in_the_same_way")
def tenant_session(engine, tenant_id):
    """Name the two classes that there are today."""
    session = Session(engine)
    _stamp(session, tenant_id)

    @event.listens_for(session, "do_orm_execute")
    def add_condition(state):
        for one in (Shelf, Copy):
            own = with_loader_criteria(
                one, one.tenant_id == tenant_id, include_aliases=True
            )
            state.statement = state.statement.options(own)

    return session


@wrong("3.7.5", caught_by="test_q5_classes_defined_later_are_treated_in_the_same_way")
def tenant_session(engine, tenant_id):
    """Add the condition for every class, also for one without a tenant."""
    session = Session(engine)
    _stamp(session, tenant_id)

    @event.listens_for(session, "do_orm_execute")
    def add_condition(state):
        own = with_loader_criteria(
            Warehouse, lambda cls: cls.tenant_id == tenant_id, include_aliases=True
        )
        state.statement = state.statement.options(own)

    return session


@wrong("3.7.5", caught_by="test_q5_sessions_do_not_affect_each_other")
def tenant_session(engine, tenant_id):
    """Keep the tenant in an attribute of the mixin."""
    Owned.current = tenant_id
    session = Session(engine)
    _stamp(session, tenant_id)

    @event.listens_for(session, "do_orm_execute")
    def add_condition(state):
        own = with_loader_criteria(
            Owned,
            lambda cls: cls.tenant_id == Owned.current,
            include_aliases=True,
            track_closure_variables=False,
        )
        state.statement = state.statement.options(own)

    return session


@wrong("3.7.5", caught_by="test_q5_classes_defined_later_are_treated_in_the_same_way")
def tenant_session(engine, tenant_id):
    """Choose the classes by their attribute `tenant_id`."""
    session = Session(engine)
    _stamp(session, tenant_id)

    @event.listens_for(session, "do_orm_execute")
    def add_condition(state):
        for mapper in Warehouse.registry.mappers:
            if hasattr(cls := mapper.class_, "tenant_id"):
                condition = cls.tenant_id == tenant_id
                own = with_loader_criteria(cls, condition, include_aliases=True)
                state.statement = state.statement.options(own)

    return session


@wrong("3.7.5", caught_by="test_q5_classes_defined_later_are_treated_in_the_same_way")
def tenant_session(engine, tenant_id):
    """Treat tenant 0 as no tenant."""
    session = Session(engine)
    _stamp(session, tenant_id)

    @event.listens_for(session, "do_orm_execute")
    def add_condition(state):
        if tenant_id:
            own = _condition(tenant_id, include_aliases=True)
            state.statement = state.statement.options(own)

    return session


@right("3.7.5")
def tenant_session(engine, tenant_id):
    """Write a class of sessions, with a condition for each class by name."""

    class TenantSession(Session):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            event.listen(self, "do_orm_execute", self.narrow)
            _stamp(self, tenant_id)

        def narrow(self, state):
            own = [
                with_loader_criteria(
                    mapper.class_,
                    mapper.class_.tenant_id == tenant_id,
                    include_aliases=True,
                )
                for mapper in Warehouse.registry.mappers
                if issubclass(mapper.class_, Owned)
            ]
            state.statement = state.statement.options(*own)

    return TenantSession(engine)


@right("3.7.5")
def tenant_session(engine, tenant_id):
    """Keep the tenant in the session's info, and invoke the statement oneself."""
    session = sessionmaker(engine, info={"tenant": tenant_id})()
    _stamp(session, tenant_id)

    def narrow(state):
        tenant = state.session.info["tenant"]
        own = _condition(tenant, include_aliases=True)
        return state.invoke_statement(statement=state.statement.options(own))

    event.listen(session, "do_orm_execute", narrow)
    return session


def _costs(shops, books, changes):
    """Return the right formulas, with other ones in some places."""
    expected = {
        "migration": {"rows": 1, "schemas": shops},
        "listing": {"rows": shops * books, "schemas": books},
        "indexed": {"rows": books, "schemas": books},
    }
    return {cost: row | changes.get(cost, {}) for cost, row in expected.items()}


@wrong("3.7.6", caught_by="test_q6_the_cost_is_predicted[migration-rows]")
def costs(shops, books):
    """Expect a migration for each shop in the shared table."""
    return _costs(shops, books, {"migration": {"rows": shops}})


@wrong("3.7.6", caught_by="test_q6_the_cost_is_predicted[migration-schemas]")
def costs(shops, books):
    """Expect that one statement changes the tables of all schemas."""
    return _costs(shops, books, {"migration": {"schemas": 1}})


@wrong("3.7.6", caught_by="test_q6_the_cost_is_predicted[listing-rows]")
def costs(shops, books):
    """Expect that a condition lets the database read less."""
    return _costs(shops, books, {"listing": {"rows": books}})


@wrong("3.7.6", caught_by="test_q6_the_cost_is_predicted[listing-schemas]")
def costs(shops, books):
    """Expect that the database reads the tables of all schemas."""
    return _costs(shops, books, {"listing": {"schemas": shops * books}})


@wrong("3.7.6", caught_by="test_q6_the_cost_is_predicted[indexed-rows]")
def costs(shops, books):
    """Expect no effect of the index."""
    return _costs(shops, books, {"indexed": {"rows": shops * books}})


@wrong("3.7.6", caught_by="test_q6_the_cost_is_predicted[indexed-schemas]")
def costs(shops, books):
    """Expect that an index finds one row."""
    return _costs(shops, books, {"indexed": {"schemas": 1}})


@wrong("3.7.6", caught_by="test_q6_the_cost_is_predicted[listing-rows]")
def costs(shops, books):
    """Add the rows of the index to those of the table."""
    return _costs(shops, books, {"listing": {"rows": shops * books + books}})


@right("3.7.6")
def costs(shops, books):
    """Write the formulas with names."""
    all_books = sum(books for _ in range(shops))
    row_based = {"migration": 1, "listing": all_books, "indexed": all_books // shops}
    schema_based = {"migration": shops, "listing": books, "indexed": books}
    return {
        cost: {"rows": row_based[cost], "schemas": schema_based[cost]}
        for cost in ("migration", "listing", "indexed")
    }


@right("3.7.6")
def costs(shops, books):
    """Compute the costs from the sizes of the tables."""
    table = {"rows": shops * books, "schemas": books}
    places = {"rows": 1, "schemas": shops}
    return {
        "migration": places,
        "listing": table,
        "indexed": {way: min(size, books) for way, size in table.items()},
    }
