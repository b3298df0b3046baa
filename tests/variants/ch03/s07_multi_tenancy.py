"""Other answers to section 3.7."""

from contextvars import ContextVar

from sqlalchemy import MetaData, PrimaryKeyConstraint, or_
from sqlalchemy.orm import relationship, sessionmaker

from sensei.variants import right, wrong


def _with(changes):
    """Return the right outcomes, with other ones in some places."""
    right_ones = {
        "forgotten filter": {"rows": 3, "schemas": 2},
        "own SQL": {"rows": 3, "schemas": "no such table"},
        "next id": {"rows": 4, "schemas": 2},
        "known isbn": {"rows": "refused", "schemas": "done"},
        "third book": {"rows": "done", "schemas": "refused"},
        "clearance": {"rows": 0, "schemas": 2},
    }
    return {what: row | changes.get(what, {}) for what, row in right_ones.items()}


@wrong(
    "3.7.1",
    caught_by="test_q1_what_happens_in_shared_tables_is_predicted[forgotten filter]",
)
def outcomes():
    """A session with a tenant's name sees the tenant's rows."""
    return _with({"forgotten filter": {"rows": 2}, "clearance": {"rows": 2}})


@wrong(
    "3.7.1", caught_by="test_q1_what_happens_in_shared_tables_is_predicted[known isbn]"
)
def outcomes():
    """A unique column is unique within a tenant."""
    return _with({"known isbn": {"rows": "done"}, "third book": {"rows": "refused"}})


@wrong(
    "3.7.1",
    caught_by="test_q1_what_happens_with_a_schema_each_is_predicted[own SQL]",
)
def outcomes():
    """The session is in the schema, so everything that it sends is."""
    return _with({"own SQL": {"schemas": 2}})


@wrong(
    "3.7.1",
    caught_by="test_q1_what_happens_with_a_schema_each_is_predicted[next id]",
)
def outcomes():
    """Ids are counted for the whole database."""
    return _with({"next id": {"schemas": 4}, "third book": {"schemas": "done"}})


@wrong("3.7.2", caught_by="test_q2_each_vendor_has_numbers_of_its_own")
class Order(Orders):
    """A number is unique, so say so at the number."""

    __tablename__ = "orders"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]
        ),
        Index("ix_orders_latest", "tenant_id", "placed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("vendors.id"))
    customer_id: Mapped[int | None]
    number: Mapped[int] = mapped_column(unique=True)
    placed_at: Mapped[datetime]


@wrong(
    "3.7.2",
    caught_by="test_q2_no_order_names_the_customer_of_another_vendor",
)
class Order(Orders):
    """A foreign key to the customer's id and one to the vendor's will do."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        Index("ix_orders_latest", "tenant_id", "placed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("vendors.id"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    number: Mapped[int]
    placed_at: Mapped[datetime]


@wrong("3.7.2", caught_by="test_q2_who_is_unknown_has_no_orders")
class Order(Orders):
    """The customer's vendor exists, so the order's does."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]
        ),
        Index("ix_orders_latest", "tenant_id", "placed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int]
    customer_id: Mapped[int | None]
    number: Mapped[int]
    placed_at: Mapped[datetime]


@wrong(
    "3.7.2",
    caught_by="test_q2_the_latest_orders_are_found_without_reading_the_others",
)
class Order(Orders):
    """An index on the tenant, and one on the time."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("vendors.id"), index=True)
    customer_id: Mapped[int | None]
    number: Mapped[int]
    placed_at: Mapped[datetime] = mapped_column(index=True)


@wrong("3.7.2", caught_by="test_q2_the_database_refuses_what_is_missing")
class Order(Orders):
    """A tenant is filled in later."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]
        ),
        Index("ix_orders_latest", "tenant_id", "placed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("vendors.id"))
    customer_id: Mapped[int | None]
    number: Mapped[int]
    placed_at: Mapped[datetime]


@right("3.7.2")
class Order(Orders):
    """The tenant and the number are the key; relationships besides."""

    __tablename__ = "orders"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("vendors.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    placed_at: Mapped[datetime] = mapped_column()
    customer_id: Mapped[int | None] = mapped_column()
    note: Mapped[str | None]

    vendor: Mapped[Vendor] = relationship(viewonly=True)

    __table_args__ = (
        ForeignKeyConstraint(
            [tenant_id, customer_id], [Customer.tenant_id, Customer.id]
        ),
        Index("latest", tenant_id, placed_at.desc(), number),
    )


@right("3.7.2")
class Order(Orders):
    """One constraint more than needed, and a text for the state with a default."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("one_number", "tenant_id", "number", unique=True),
        Index("newest", "tenant_id", "placed_at", "id"),
        ForeignKeyConstraint(["tenant_id"], ["vendors.id"]),
        ForeignKeyConstraint(["customer_id"], ["customers.id"]),
        ForeignKeyConstraint(
            ["customer_id", "tenant_id"], ["customers.id", "customers.tenant_id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(nullable=False)
    number: Mapped[int] = mapped_column(nullable=False)
    placed_at: Mapped[datetime] = mapped_column(nullable=False)
    customer_id: Mapped[int | None] = mapped_column(nullable=True)
    state: Mapped[str] = mapped_column(default="open")


@wrong("3.7.3", caught_by="test_q3_after_a_commit_the_session_is_still_the_tenants")
def market_app(engine):
    """A session has one transaction."""

    def open_session(x_key: Annotated[str, Header()] = ""):
        if (tenant := tenant_of(x_key)) is None:
            raise HTTPException(401)
        with Session(engine) as session:
            session.execute(select(func.set_config("app.tenant", tenant, True)))
            yield session

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong(
    "3.7.3",
    caught_by="test_q3_the_next_one_finds_no_tenant_at_the_connection[with a commit]",
)
def market_app(engine):
    """What is set at a connection is over when the connection goes back."""

    def open_session(x_key: Annotated[str, Header()] = ""):
        if (tenant := tenant_of(x_key)) is None:
            raise HTTPException(401)
        with Session(engine) as session:

            @event.listens_for(session, "after_begin")
            def enter(session, transaction, connection):
                connection.execute(select(func.set_config("app.tenant", tenant, False)))

            yield session

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.7.3", caught_by="test_q3_tenants_stay_apart_when_they_come_at_once")
def market_app(engine):
    """There is one request at a time, so one variable for its tenant."""
    app = FastAPI()
    app.state.tenant = ""

    @event.listens_for(engine, "begin")
    def enter(connection):
        query = select(func.set_config("app.tenant", app.state.tenant, True))
        connection.execute(query)

    def open_session(x_key: Annotated[str, Header()] = ""):
        app.state.tenant = tenant_of(x_key)
        if app.state.tenant is None:
            raise HTTPException(401)
        with Session(engine) as session:
            yield session
            app.state.tenant = ""

    add_endpoints(app, open_session)
    return app


@wrong("3.7.3", caught_by="test_q3_tenants_stay_apart_when_they_come_at_once")
def market_app(engine):
    """A listener of all sessions, one more with each request."""

    def open_session(x_key: Annotated[str, Header()] = ""):
        if (tenant := tenant_of(x_key)) is None:
            raise HTTPException(401)

        class Own(Session):
            pass

        @event.listens_for(Session, "after_begin")
        def enter(session, transaction, connection):
            connection.execute(select(func.set_config("app.tenant", tenant, True)))

        with Session(engine) as session:
            yield session

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.7.3", caught_by="test_q3_without_a_valid_key_there_is_nothing")
def market_app(engine):
    """A header is required, so FastAPI sees to it."""

    def open_session(x_key: Annotated[str, Header()]):
        tenant = tenant_of(x_key)
        with Session(engine) as session:

            @event.listens_for(session, "after_begin")
            def enter(session, transaction, connection):
                connection.execute(select(func.set_config("app.tenant", tenant, True)))

            yield session

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.7.3", caught_by="test_q3_a_tenant_reads_its_own_offers")
def market_app(engine):
    """The name of a tenant has no quotes."""

    def open_session(x_key: Annotated[str, Header()] = ""):
        if (tenant := tenant_of(x_key)) is None:
            raise HTTPException(401)
        with Session(engine) as session:

            @event.listens_for(session, "after_begin")
            def enter(session, transaction, connection):
                connection.execute(text(f"SET LOCAL app.tenant = '{tenant}'"))

            yield session

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.7.3", caught_by="test_q3_the_next_one_finds_no_tenant_at_the_connection")
def market_app(engine):
    """Who opens a session need not close it."""

    def open_session(x_key: Annotated[str, Header()] = ""):
        if (tenant := tenant_of(x_key)) is None:
            raise HTTPException(401)
        session = Session(engine)

        @event.listens_for(session, "after_begin")
        def enter(session, transaction, connection):
            connection.execute(select(func.set_config("app.tenant", tenant, True)))

        return session

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@right("3.7.3")
def market_app(engine):
    """A context variable, set on the event loop, and one listener of the engine."""
    current = ContextVar("tenant", default=None)

    @event.listens_for(engine, "begin")
    def enter(connection):
        if (tenant := current.get()) is not None:
            query = text("SELECT set_config('app.tenant', :tenant, true)")
            connection.execute(query, {"tenant": tenant})

    async def authenticate(x_key: Annotated[str | None, Header()] = None):
        tenant = tenant_of(x_key) if x_key else None
        if tenant is None:
            raise HTTPException(401, "Who are you?")
        token = current.set(tenant)
        yield tenant
        current.reset(token)

    def open_session(tenant: Annotated[str, Depends(authenticate)]):
        with Session(engine) as session:
            yield session

    app = FastAPI(dependencies=[Depends(authenticate)])
    add_endpoints(app, open_session)
    return app


@right("3.7.3")
def market_app(engine):
    """A connection for the whole request, which is cleaned before it goes back."""

    def tenant_in(x_key: Annotated[str | None, Header()] = None):
        tenant = tenant_of(x_key or "")
        if not tenant:
            raise HTTPException(status_code=401)
        return tenant

    async def open_session(tenant: Annotated[str, Depends(tenant_in)]):
        with engine.connect() as connection:
            connection.execute(select(func.set_config("app.tenant", tenant, False)))
            connection.commit()
            try:
                with Session(connection) as session:
                    yield session
            finally:
                connection.rollback()
                connection.execute(text("RESET app.tenant"))
                connection.commit()

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@right("3.7.3")
def market_app(engine):
    """A class of sessions that know their tenant from their info."""

    class TenantSession(Session):
        pass

    @event.listens_for(TenantSession, "after_begin")
    def enter(session, transaction, connection):
        tenant = session.info["tenant"].replace("'", "''")
        connection.exec_driver_sql(f"SET LOCAL app.tenant = '{tenant}'")

    sessions = sessionmaker(engine, class_=TenantSession)

    def open_session(x_key: str = Header(default="")):
        tenant = tenant_of(x_key)
        if tenant is None:
            raise HTTPException(401)
        session = sessions(info={"tenant": tenant})
        try:
            yield session
        finally:
            session.close()

    app = FastAPI()
    add_endpoints(app, open_session)
    return app


@wrong("3.7.4", caught_by="test_q4_a_tenants_session_knows_all_tenants")
class Tenant(Directory):
    """The table is in public anyway."""

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
            Ledger.metadata.create_all(own)

    def session(self, engine):
        own = engine.execution_options(schema_translate_map={None: self.schema})
        return Session(own)


@wrong(
    "3.7.4",
    caught_by="test_q4_who_cannot_be_created_leaves_nothing[the schema public]",
)
class Tenant(Directory):
    """What is there already need not be made."""

    __tablename__ = "tenants"
    __table_args__ = {"schema": "public"}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    schema: Mapped[str] = mapped_column(unique=True)

    @classmethod
    def create(cls, engine, name, schema):
        own = engine.execution_options(schema_translate_map={None: schema})
        with own.begin() as connection:
            connection.execute(insert(cls).values(name=name, schema=schema))
            connection.execute(CreateSchema(schema, if_not_exists=True))
            Ledger.metadata.create_all(connection)

    def session(self, engine):
        own = engine.execution_options(schema_translate_map={None: self.schema})
        return Session(own)


@wrong(
    "3.7.4",
    caught_by="test_q4_who_cannot_be_created_leaves_nothing[a known name]",
)
class Tenant(Directory):
    """First the schema, then the tables, then the row, each on its own."""

    __tablename__ = "tenants"
    __table_args__ = {"schema": "public"}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    schema: Mapped[str] = mapped_column(unique=True)

    @classmethod
    def create(cls, engine, name, schema):
        own = engine.execution_options(schema_translate_map={None: schema})
        with own.begin() as connection:
            connection.execute(CreateSchema(schema))
        Ledger.metadata.create_all(own)
        with Session(own) as session:
            session.add(cls(name=name, schema=schema))
            session.commit()

    def session(self, engine):
        own = engine.execution_options(schema_translate_map={None: self.schema})
        return Session(own)


@wrong("3.7.4", caught_by="test_q4_a_new_tenant_has_all_tables_in_its_own_schema")
class Tenant(Directory):
    """The name of a schema is a word."""

    __tablename__ = "tenants"
    __table_args__ = {"schema": "public"}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    schema: Mapped[str] = mapped_column(unique=True)

    @classmethod
    def create(cls, engine, name, schema):
        own = engine.execution_options(schema_translate_map={None: schema})
        with own.begin() as connection:
            connection.execute(insert(cls).values(name=name, schema=schema))
            connection.execute(text(f"CREATE SCHEMA {schema}"))
            Ledger.metadata.create_all(connection)

    def session(self, engine):
        own = engine.execution_options(schema_translate_map={None: self.schema})
        return Session(own)


@wrong("3.7.4", caught_by="test_q4_a_new_tenant_has_all_tables_in_its_own_schema")
class Tenant(Directory):
    """There are two tables, so make two."""

    __tablename__ = "tenants"
    __table_args__ = {"schema": "public"}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    schema: Mapped[str] = mapped_column(unique=True)

    @classmethod
    def create(cls, engine, name, schema):
        own = engine.execution_options(schema_translate_map={None: schema})
        with own.begin() as connection:
            connection.execute(insert(cls).values(name=name, schema=schema))
            connection.execute(CreateSchema(schema))
            Invoice.__table__.create(connection)
            Payment.__table__.create(connection)

    def session(self, engine):
        own = engine.execution_options(schema_translate_map={None: self.schema})
        return Session(own)


@wrong("3.7.4", caught_by="test_q4_other_sessions_do_not_meet_a_tenants_tables")
class Tenant(Directory):
    """SET search_path is for the session."""

    __tablename__ = "tenants"
    __table_args__ = {"schema": "public"}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    schema: Mapped[str] = mapped_column(unique=True)

    @classmethod
    def create(cls, engine, name, schema):
        own = engine.execution_options(schema_translate_map={None: schema})
        with own.begin() as connection:
            connection.execute(insert(cls).values(name=name, schema=schema))
            connection.execute(CreateSchema(schema))
            Ledger.metadata.create_all(connection)

    def session(self, engine):
        session = Session(engine)

        @event.listens_for(session, "after_begin")
        def enter(session, transaction, connection):
            query = select(func.set_config("search_path", f'"{self.schema}"', False))
            connection.execute(query)

        return session


@wrong("3.7.4", caught_by="test_q4_two_tenants_work_at_the_same_time")
class Tenant(Directory):
    """The schema is a setting of the classes."""

    __tablename__ = "tenants"
    __table_args__ = {"schema": "public"}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    schema: Mapped[str] = mapped_column(unique=True)

    @classmethod
    def create(cls, engine, name, schema):
        own = engine.execution_options(schema_translate_map={None: schema})
        with own.begin() as connection:
            connection.execute(insert(cls).values(name=name, schema=schema))
            connection.execute(CreateSchema(schema))
            Ledger.metadata.create_all(connection)

    def session(self, engine):
        for table in Ledger.metadata.tables.values():
            table.schema = self.schema
        return Session(engine)


@wrong("3.7.4", caught_by="test_q4_the_table_refuses_who_is_no_new_tenant")
class Tenant(Directory):
    """Of a name and a schema, only both together are unique."""

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
            Ledger.metadata.create_all(connection)

    def session(self, engine):
        own = engine.execution_options(schema_translate_map={None: self.schema})
        return Session(own)


@right("3.7.4")
class Tenant(Directory):
    """The search path, set for each transaction; the ORM saves the row."""

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
        tenant = cls(name=name, schema=schema)
        with tenant.session(engine) as session:
            session.add(tenant)
            session.flush()
            connection = session.connection()
            connection.execute(CreateSchema(tenant.schema))
            Ledger.metadata.create_all(connection)
            session.commit()

    def session(self, engine):
        session = Session(engine)
        quoted = '"' + self.schema.replace('"', '""') + '"'

        @event.listens_for(session, "after_begin")
        def enter(session, transaction, connection):
            query = select(func.set_config("search_path", quoted, True))
            connection.execute(query)

        return session


@right("3.7.4")
class Tenant(Directory):
    """Copies of the tables for the new schema, and options at the session."""

    __tablename__ = "tenants"
    __table_args__ = {"schema": "public", "comment": "who is on the platform"}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True, index=True)
    schema: Mapped[str] = mapped_column(unique=True)
    since: Mapped[datetime | None]

    @classmethod
    def create(cls, engine, name, schema):
        metadata = MetaData()
        for table in Ledger.metadata.sorted_tables:
            table.to_metadata(metadata, schema=schema)
        with engine.begin() as connection:
            connection.execute(CreateSchema(schema))
            metadata.create_all(connection, checkfirst=False)
            connection.execute(insert(cls), [{"name": name, "schema": schema}])

    def session(self, engine):
        names = {None: self.schema}
        options = {"schema_translate_map": names}
        return sessionmaker(engine.execution_options(**options), autoflush=False)()


def _narrowed(session, tenant_id, **options):
    """Have a session add criteria to all that it executes."""

    @event.listens_for(session, "do_orm_execute")
    def narrow(state):
        if is_opaque(state):
            raise Trespass
        own = with_loader_criteria(
            Owned, lambda cls: cls.tenant_id == tenant_id, **options
        )
        state.statement = state.statement.options(own)


def _checked(session, tenant_id):
    """Have a session check what it writes."""

    @event.listens_for(session, "before_flush")
    def check(session, context, instances):
        for one in session.new:
            if isinstance(one, Owned) and one.tenant_id is None:
                one.tenant_id = tenant_id
        for one in [*session.new, *session.dirty, *session.deleted]:
            if isinstance(one, Owned) and one.tenant_id != tenant_id:
                raise Trespass


@wrong(
    "3.7.5",
    caught_by="test_q5_there_are_only_the_rows_of_the_tenant"
    "[the relationship of an object just added]",
)
def session_of(engine, tenant_id):
    """Relationships inherit the criteria of what they are loaded from."""
    session = Session(engine)

    @event.listens_for(session, "do_orm_execute")
    def narrow(state):
        if is_opaque(state):
            raise Trespass
        if not state.is_column_load and not state.is_relationship_load:
            own = with_loader_criteria(
                Owned, lambda cls: cls.tenant_id == tenant_id, include_aliases=True
            )
            state.statement = state.statement.options(own)

    _checked(session, tenant_id)
    return session


@wrong("3.7.5", caught_by="test_q5_there_are_only_the_rows_of_the_tenant[an alias]")
def session_of(engine, tenant_id):
    """An alias of a class is the class."""
    session = Session(engine)
    _narrowed(session, tenant_id)
    _checked(session, tenant_id)
    return session


@wrong("3.7.5", caught_by="test_q5_a_change_for_all_reaches_the_tenants_rows")
def session_of(engine, tenant_id):
    """Criteria are for what is loaded."""
    session = Session(engine)

    @event.listens_for(session, "do_orm_execute")
    def narrow(state):
        if is_opaque(state):
            raise Trespass
        if state.is_select:
            own = with_loader_criteria(
                Owned, lambda cls: cls.tenant_id == tenant_id, include_aliases=True
            )
            state.statement = state.statement.options(own)

    _checked(session, tenant_id)
    return session


@wrong("3.7.5", caught_by="test_q5_there_are_only_the_rows_of_the_tenant[a join]")
def session_of(engine, tenant_id):
    """A condition on the first class of the statement is enough."""
    session = Session(engine)

    @event.listens_for(session, "do_orm_execute")
    def narrow(state):
        if is_opaque(state):
            raise Trespass
        mapper = state.bind_mapper
        if mapper is not None and issubclass(mapper.class_, Owned):
            own = mapper.class_.tenant_id == tenant_id
            state.statement = state.statement.where(own)

    _checked(session, tenant_id)
    return session


@wrong("3.7.5", caught_by="test_q5_sessions_do_not_get_into_each_others_way")
def session_of(engine, tenant_id):
    """A listener of all sessions."""
    _narrowed(Session, tenant_id, include_aliases=True)
    _checked(Session, tenant_id)
    return Session(engine)


@wrong("3.7.5", caught_by="test_q5_classes_that_came_later_are_treated_alike")
def session_of(engine, tenant_id):
    """Criteria for the classes that there are."""
    session = Session(engine)

    @event.listens_for(session, "do_orm_execute")
    def narrow(state):
        if is_opaque(state):
            raise Trespass
        for one in (Shelf, Copy):
            own = with_loader_criteria(
                one, one.tenant_id == tenant_id, include_aliases=True
            )
            state.statement = state.statement.options(own)

    _checked(session, tenant_id)
    return session


@wrong("3.7.5", caught_by="test_q5_classes_that_came_later_are_treated_alike")
def session_of(engine, tenant_id):
    """Everything belongs to a tenant."""
    session = Session(engine)
    _narrowed(session, tenant_id, include_aliases=True)

    @event.listens_for(session, "before_flush")
    def check(session, context, instances):
        for one in [*session.new, *session.dirty, *session.deleted]:
            if one in session.new and one.tenant_id is None:
                one.tenant_id = tenant_id
            if one.tenant_id != tenant_id:
                raise Trespass

    return session


@wrong("3.7.5", caught_by="test_q5_what_is_added_is_the_tenants")
def session_of(engine, tenant_id):
    """Who adds something says whose it is."""
    session = Session(engine)
    _narrowed(session, tenant_id, include_aliases=True)

    @event.listens_for(session, "before_flush")
    def check(session, context, instances):
        for one in [*session.new, *session.dirty, *session.deleted]:
            if isinstance(one, Owned) and one.tenant_id != tenant_id:
                raise Trespass

    return session


@wrong(
    "3.7.5",
    caught_by="test_q5_no_object_of_another_tenant_is_written[given_away]",
)
def session_of(engine, tenant_id):
    """New objects are made the tenant's; others have come through the session."""
    session = Session(engine)
    _narrowed(session, tenant_id, include_aliases=True)

    @event.listens_for(session, "before_flush")
    def check(session, context, instances):
        for one in session.new:
            if one.tenant_id not in (None, tenant_id):
                raise Trespass
            one.tenant_id = tenant_id

    return session


@wrong("3.7.5", caught_by="test_q5_what_cannot_be_narrowed_is_refused")
def session_of(engine, tenant_id):
    """Criteria reach everything."""
    session = Session(engine)

    @event.listens_for(session, "do_orm_execute")
    def narrow(state):
        own = with_loader_criteria(
            Owned, lambda cls: cls.tenant_id == tenant_id, include_aliases=True
        )
        state.statement = state.statement.options(own)

    _checked(session, tenant_id)
    return session


@wrong("3.7.5", caught_by="test_q5_sessions_do_not_get_into_each_others_way")
def session_of(engine, tenant_id):
    """The tenant is an attribute of a class of sessions."""

    class Own(Session):
        pass

    Owned.current = tenant_id
    session = Own(engine)

    @event.listens_for(session, "do_orm_execute")
    def narrow(state):
        if is_opaque(state):
            raise Trespass
        own = with_loader_criteria(
            Owned,
            lambda cls: cls.tenant_id == Owned.current,
            include_aliases=True,
            track_closure_variables=False,
        )
        state.statement = state.statement.options(own)

    _checked(session, tenant_id)
    return session


@right("3.7.5")
def session_of(engine, tenant_id):
    """Criteria for each class by name, in a class of sessions of its own."""

    class TenantSession(Session):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            event.listen(self, "do_orm_execute", self.narrow)
            event.listen(self, "before_flush", self.check)

        def narrow(self, state):
            if is_opaque(state):
                raise Trespass("not like this")
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

        def check(self, session, context, instances):
            touched = self.new.union(self.dirty).union(self.deleted)
            for one in touched:
                owner = getattr(one, "tenant_id", tenant_id)
                if owner is None and one in self.new:
                    one.tenant_id = tenant_id
                elif owner != tenant_id:
                    raise Trespass(f"{one!r} is not yours")

    return TenantSession(engine)


@right("3.7.5")
def session_of(engine, tenant_id):
    """Listeners of the instances, the tenant kept in the session's info."""
    session = sessionmaker(engine, info={"tenant": tenant_id})()

    def narrow(state):
        if is_opaque(state):
            raise Trespass()
        tenant = state.session.info["tenant"]
        criteria = with_loader_criteria(
            Owned, lambda cls: cls.tenant_id == tenant, include_aliases=True
        )
        return state.invoke_statement(statement=state.statement.options(criteria))

    def own(session, instance):
        if isinstance(instance, Owned) and instance.tenant_id is None:
            instance.tenant_id = session.info["tenant"]

    def check(session, context, instances):
        for one in session:
            if isinstance(one, Owned) and one.tenant_id != session.info["tenant"]:
                raise Trespass()
        for one in session.deleted:
            if one.tenant_id != session.info["tenant"]:
                raise Trespass()

    event.listen(session, "do_orm_execute", narrow)
    event.listen(session, "before_attach", own)
    event.listen(session, "before_flush", check)
    return session


def _costs(shops, books, changes):
    """Return the right formulas, with other ones in some places."""
    right_ones = {
        "catalogue": {"rows": 5, "schemas": 5 * shops},
        "migration": {"rows": 1, "schemas": shops},
        "report": {"rows": 1, "schemas": shops},
        "texts": {"rows": 1, "schemas": shops},
        "listing": {"rows": shops * books, "schemas": books},
        "indexed": {"rows": books, "schemas": books},
    }
    return {what: row | changes.get(what, {}) for what, row in right_ones.items()}


@wrong("3.7.6", caught_by="test_q6_the_cost_is_predicted[catalogue]")
def costs(shops, books):
    """A table is a table: indexes are a part of it."""
    return _costs(shops, books, {"catalogue": {"rows": 2, "schemas": 2 * shops}})


@wrong("3.7.6", caught_by="test_q6_the_cost_is_predicted[texts]")
def costs(shops, books):
    """A query is compiled once, so it is one text for the database."""
    return _costs(shops, books, {"texts": {"schemas": 1}})


@wrong("3.7.6", caught_by="test_q6_the_cost_is_predicted[listing]")
def costs(shops, books):
    """A filter has the database read only what it lets through."""
    return _costs(shops, books, {"listing": {"rows": books}})


@wrong("3.7.6", caught_by="test_q6_the_cost_is_predicted[indexed]")
def costs(shops, books):
    """Shared tables are slow, index or not."""
    return _costs(shops, books, {"indexed": {"rows": shops * books}})


@wrong("3.7.6", caught_by="test_q6_the_cost_is_predicted[migration]")
def costs(shops, books):
    """What two shops cost, typed in."""
    return {
        "catalogue": {"rows": 5, "schemas": 10},
        "migration": {"rows": 1, "schemas": 2},
        "report": {"rows": 1, "schemas": 2},
        "texts": {"rows": 1, "schemas": 2},
        "listing": {"rows": 1200, "schemas": 30},
        "indexed": {"rows": 120, "schemas": 30},
    }
