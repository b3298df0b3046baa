"""The tests of section 3.7."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Depends, FastAPI
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Engine,
    Integer,
    Table,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session, aliased, joinedload, mapped_column, selectinload
from sqlalchemy.schema import CreateSchema
from starlette.testclient import TestClient

from lab import (
    PostgresDatabase,
    Rendezvous,
    async_client,
    attempt,
    client,
    connections,
    engine_for,
    in_words,
    json_or_text,
    outcome,
    returned_or_raised,
    sqlite_engine,
    stand_in,
    statements,
)


@pytest.fixture(autouse=True)
def _listeners_of_classes() -> Iterator[None]:
    """Remove the listeners that an answer adds to all sessions, or to all engines."""
    yield
    for name in ("after_begin", "before_flush", "do_orm_execute"):
        getattr(Session.dispatch, name).clear()
    Engine.dispatch.begin.clear()


ODD_NAME = ' O\'Hara "at :the.Lake", 100 % '
# The books of each shop. Names differ only in case, or match another name with LIKE.
SHARED = {
    "hill": ["Emma", "Kim"],
    "lake": ["Dune", "Dune"],
    "Hill": [],
    ODD_NAME: ["Momo"],
    f"{ODD_NAME}off ": ["Stoner"],
}
OWN = {
    "hill": ["Dune", "Momo", "Momo"],
    "lake": ["Kim"],
    "Hill": [],
    ODD_NAME: ["Ulysses"],
    f"{ODD_NAME}off ": ["Emma"],
}


def in_schema(engine: Engine, schema: str) -> Engine:
    """Return the engine for tables of a schema that SQLAlchemy knows without one."""
    return engine.execution_options(schema_translate_map={None: schema})


def open_shop(
    answers: Any, engine: Engine, way: str, shop: str, titles: list[str]
) -> None:
    """Create the tables that a shop needs in one of both ways, and add its books."""
    if way == "rows":
        base, add = answers.SharedTables, insert(answers.SharedBook).values(shop=shop)
    else:
        write(engine, CreateSchema(shop))
        engine = in_schema(engine, shop)
        base, add = answers.OwnTables, insert(answers.OwnBook)
    with engine.begin() as connection:
        base.metadata.create_all(connection)
        if titles:
            connection.execute(add, [{"title": title} for title in titles])


def write(engine: Engine, statement: Any) -> object:
    """Execute a statement; return the exception if the database refuses it."""

    def execute() -> None:
        with engine.begin() as connection:
            connection.execute(statement)

    return outcome(execute)


@pytest.fixture
def shops(answers: Any, postgres: PostgresDatabase) -> Iterator[Engine]:
    """Yield a database that has the shops of `SHARED` and `OWN`."""
    with engine_for(postgres.url) as engine:
        for shop in SHARED:
            open_shop(answers, engine, "rows", shop, SHARED[shop])
            open_shop(answers, engine, "schemas", shop, OWN[shop])
        yield engine


SEVERAL = "One session may read for several shops, and in both ways."


def call_in_words(call: str, why: str, function: Any, *arguments: object) -> Any:
    """Return what the function returns; an exception becomes a message with `why`."""
    try:
        return function(*arguments)
    except Exception as error:
        raise AssertionError(f"{call} raised {in_words(error)}. {why}") from error


def titles_of(
    answers: Any, method: str, session: Session, shop: str, when: str = ""
) -> list[str]:
    """Return the titles that a method of 3.7.1 returns, in alphabetical order."""
    call = f"{when}`{method}(session, {shop!r})`"
    why = "The docstring says that the name of a shop may contain any character."
    if when:
        why = f"{SEVERAL} Look at what an earlier call leaves changed."
    read = getattr(answers.BookTitles(), method)
    titles = call_in_words(call, why, read, session, shop)
    strings = isinstance(titles, list) and all(isinstance(one, str) for one in titles)
    assert strings, (
        f"{call} returned {in_words(titles)}. The docstring asks for a list of the "
        "titles, which are strings."
    )
    return sorted(titles)


METHODS = {
    "row_based": (SHARED, "In the shared table", "Look at the condition."),
    "schema_based": (OWN, "In its own schema", "Look at the schema that is read."),
}


@pytest.mark.parametrize(
    "shop", SHARED, ids=["hill", "lake", "no books", "odd name", "longer odd name"]
)
@pytest.mark.parametrize("method", METHODS)
def test_q1_a_method_returns_the_titles_of_this_shop(answers, shops, method, shop):
    books, where, look = METHODS[method]
    with Session(shops) as session:
        titles = titles_of(answers, method, session, shop)

    if set(titles) == set(books[shop]):
        look = "The docstring asks for the title of each book, also of equal ones."
    assert titles == books[shop], (
        f"`{method}(session, {shop!r})` returned {in_words(titles)}. {where}, this "
        f"shop has the books {books[shop]}. {look}"
    )


@pytest.mark.parametrize("method", METHODS)
def test_q1_a_method_reads_with_the_given_session(answers, shops, method):
    own: Any = {"schema_translate_map": {None: "Hill"}}
    with Session(shops) as session:
        shared = insert(answers.SharedBook).values(shop="Hill", title="Solaris")
        session.execute(shared)  # there is no commit
        separate = insert(answers.OwnBook).values(title="Solaris")
        session.execute(separate, execution_options=own)
        titles = titles_of(answers, method, session, "Hill")

    assert titles == ["Solaris"], (
        "The session added the book 'Solaris' to the shop 'Hill', without a commit. "
        f"This is its only book. `{method}(session, 'Hill')` returned "
        f"{in_words(titles)}. The docstring asks to read with the given session, and "
        "the books of this shop."
    )


def test_q1_one_session_reads_for_several_shops(answers, shops):
    methods = ("schema_based", "row_based")
    reads = [(method, shop) for shop in ("hill", "lake") for method in methods]
    before = ""
    with Session(shops) as session:
        for method, shop in [*reads, *reads[::-1]]:
            titles = titles_of(answers, method, session, shop, before)
            expected = METHODS[method][0][shop]

            assert titles == expected, (
                f"{before}`{method}(session, {shop!r})` returned {in_words(titles)}. "
                f"The shop has {expected}. {SEVERAL} Look at what an earlier call "
                "leaves changed."
            )
            before = f"After `{method}(session, {shop!r})` in the same session, "


def check_columns(engine: Engine, table: str, names: list[str]) -> None:
    """Fail if a table does not have columns of these names."""
    look = inspect(engine)
    assert look.has_table(table), (
        f"There is no table {table!r}, only {in_words(look.get_table_names())}. The "
        f"docstring asks for it. Look at `__tablename__`."
    )
    found = [one["name"] for one in look.get_columns(table)]
    missing = [name for name in names if name not in found]
    assert not missing, (
        f"The table {table} has the columns {', '.join(found)}. The docstring also "
        f"asks for {', '.join(missing)}."
    )


ORDER = {"tenant_id": 1, "customer_id": 10, "number": 1}


@contextmanager
def order_table(answers: Any) -> Iterator[Engine]:
    """Yield a database with vendor 1 (customers 10, 11), and vendor 2 (20, 21)."""
    with sqlite_engine() as engine:
        create = answers.OrderTables.metadata.create_all
        attempt("Creating the tables", create, engine)
        check_columns(engine, "orders", list(ORDER))
        with engine.begin() as connection:
            for number in (1, 2):
                vendor = {"id": number, "name": f"Vendor {number}"}
                connection.execute(insert(answers.Vendor).values(vendor))
                for key in (number * 10, number * 10 + 1):
                    customer = {"id": key, "tenant_id": number, "name": "Ann"}
                    connection.execute(insert(answers.Customer).values(customer))
        yield engine


def place(answers: Any, engine: Engine, **changes: object) -> object:
    """Store an order; return the exception if the database refuses it."""
    return write(engine, insert(answers.Order.__table__).values(ORDER | changes))


def no_order(raised: object) -> str:
    """Return the message that the database refuses a valid order."""
    return (
        f"Storing the order {ORDER} raised {in_words(raised)}. Its vendor has this "
        "customer, so the docstring allows it. Look at your columns and constraints."
    )


def test_q2_an_order_keeps_its_vendor_and_its_customer(answers):
    orders = [ORDER, {"tenant_id": 2, "customer_id": 20, "number": 2}]
    with order_table(answers) as engine:
        with Session(engine) as session:
            session.add_all(answers.Order(**one) for one in orders)
            what = "Storing an order of each vendor, for a customer of this vendor,"
            attempt(what, session.commit)
        with Session(engine) as session:
            query = select(answers.Order).order_by(answers.Order.tenant_id)
            found = [
                {name: getattr(one, name, "missing") for name in ORDER}
                for one in session.scalars(query)
            ]

    assert found == orders, (
        f"Stored were the orders {orders}. Another session read {in_words(found)}. The "
        "docstring asks for the attributes tenant_id and customer_id."
    )


@pytest.mark.parametrize("column", ORDER)
def test_q2_a_column_is_never_null(answers, column):
    with order_table(answers) as engine:
        complete = place(answers, engine)
        raised = place(answers, engine, **{"number": 2, column: None})

    assert complete is None, no_order(complete)
    assert isinstance(raised, IntegrityError), (
        f"The database stored an order whose {column} is NULL. The docstring asks for "
        "a value in each order. The annotation decides about NULL."
    )


def test_q2_each_vendor_has_its_own_numbers(answers):
    other = {"tenant_id": 2, "customer_id": 20}
    with order_table(answers) as engine:
        stored = {
            "Order 1 of vendor 1": place(answers, engine),
            "Order 1 of vendor 2": place(answers, engine, **other),
            "Order 2 of vendor 2": place(answers, engine, **other, number=2),
        }
        same = place(answers, engine, **other, number=2)
        another = place(answers, engine, tenant_id=2, customer_id=21, number=2)

    for which, raised in stored.items():
        assert raised is None, (
            f"{which} raised {in_words(raised)}. The docstring only forbids that one "
            "vendor uses a number twice. Look at which columns are unique together."
        )
    for which, raised in (("the same", same), ("another", another)):
        assert isinstance(raised, IntegrityError), (
            f"The database stored a second order 2 of vendor 2, for {which} customer. "
            "The docstring says that one vendor cannot use a number for two orders. "
            "Look at which columns are unique together."
        )


@pytest.mark.parametrize("tenant", [1, 2])
def test_q2_an_order_is_for_a_customer_of_the_same_vendor(answers, tenant):
    own, foreign = tenant * 10, (3 - tenant) * 10
    with order_table(answers) as engine:
        stored = place(answers, engine, tenant_id=tenant, customer_id=own)
        row = {"tenant_id": tenant, "customer_id": foreign, "number": 2}
        added = place(answers, engine, **row)
        change = update(answers.Order.__table__).values(customer_id=foreign)
        changed = write(engine, change)

    assert stored is None, (
        f"An order of vendor {tenant} for its customer {own} raised "
        f"{in_words(stored)}. The docstring allows it. Look at the columns of your "
        "foreign key."
    )
    for what, raised in (("added", added), ("changed it to", changed)):
        assert isinstance(raised, IntegrityError), (
            f"The database {what} an order of vendor {tenant} for customer {foreign}, "
            f"who belongs to vendor {3 - tenant}. The docstring asks to refuse it. "
            "Look at what the foreign key compares: vendor and customer have to fit."
        )


@pytest.mark.parametrize(
    ("tenant", "customer", "missing"),
    [(1, 30, "customer 30"), (3, 10, "vendor 3")],
    ids=["customer", "vendor"],
)
def test_q2_vendor_and_customer_exist(answers, tenant, customer, missing):
    with order_table(answers) as engine:
        stored = place(answers, engine)
        raised = place(
            answers, engine, tenant_id=tenant, customer_id=customer, number=2
        )

    assert stored is None, no_order(stored)
    assert isinstance(raised, IntegrityError), (
        f"The database stored an order of vendor {tenant} for customer {customer}. "
        f"There is no {missing}. The docstring asks to refuse it. A foreign key checks "
        "that a row exists."
    )


HILL, LAKE = "Hill", ODD_NAME
KEYS = {"h-17": HILL, "l-23": LAKE}
OFFERS = {HILL: ["Emma", "Solaris"], LAKE: ["Dune", "Kim", "Momo"]}


class OutOfStock(Exception):
    """An endpoint has an error of its own."""


@contextmanager
def market(answers: Any, postgres: PostgresDatabase) -> Iterator[Engine]:
    """Yield an engine that connects as the role of `protect`, with some offers."""
    stand_in(answers.shop_of, KEYS.get)
    role = f"{postgres.name}_app"
    with engine_for(postgres.url) as owner, owner.begin() as connection:
        create_role(connection, role)
        answers.protect(connection, role)
        for shop, titles in OFFERS.items():
            rows = [{"shop": shop, "title": title} for title in titles]
            connection.execute(insert(answers.Offer), rows)
    options = {"options": f"-c role={role}"}
    with engine_for(postgres.url, connect_args=options) as engine:
        yield engine


def create_role(connection: Connection, role: str) -> None:
    """Create a role that the user of the connection may take on."""
    try:
        connection.execute(text(f'CREATE ROLE "{role}"'))
        connection.execute(text(f'GRANT "{role}" TO CURRENT_USER'))
    except ProgrammingError as error:
        if not isinstance(error.orig, InsufficientPrivilege):
            raise
        pytest.skip(
            "PostgreSQL: the user in KOANS_POSTGRES_URL needs the right to create "
            "roles (ALTER ROLE ... CREATEROLE)."
        )


def market_app(answers: Any, engine: Engine, meeting: Rendezvous) -> FastAPI:
    """Return an app whose endpoints get their session from the answer's dependency."""
    dependency = answers.session_dependency(engine)
    assert callable(dependency), (
        f"`session_dependency(engine)` returned {in_words(dependency)}. The docstring "
        "asks for a dependency: a function that FastAPI calls for each request."
    )
    app = FastAPI()
    in_session = Annotated[Session, Depends(dependency)]
    titles = text("SELECT title FROM offers ORDER BY title")

    @app.get("/offers")
    def read(session: in_session) -> list[str]:
        return list(session.scalars(titles))

    @app.post("/offers")
    def add(session: in_session) -> None:
        session.add(answers.Offer(title="New"))
        session.commit()

    @app.delete("/offers")
    def clear(session: in_session) -> None:
        session.execute(delete(answers.Offer))
        session.commit()

    @app.get("/failing")
    def fail(session: in_session) -> None:
        session.scalars(titles).all()
        raise OutOfStock

    @app.get("/twice")
    def twice(session: in_session) -> list[list[str]]:
        first = list(session.scalars(titles))
        meeting.wait()
        return [first, list(session.scalars(titles))]

    @app.get("/draft")
    def draft(session: in_session) -> list[str]:
        session.execute(insert(answers.Offer).values(title="New"))
        meeting.wait()
        return list(session.scalars(titles))

    @app.get("/engine")
    def name_of_engine(session: in_session) -> str | None:
        return session.scalar(text("SELECT current_setting('app.engine', true)"))

    return app


def with_key(key: str | None) -> str:
    """Return which key a request has, for a message."""
    if key is None:
        return "without a key"
    shop = KEYS.get(key)
    return f"with the key {key!r}" if shop is None else f"with the key of {shop!r}"


@contextmanager
def requests_to(answers: Any, engine: Engine) -> Iterator[Callable[..., Any]]:
    """Yield a function that sends a request, and returns the status and the body."""
    http: TestClient
    with client(market_app(answers, engine, Rendezvous(1))) as http:

        def send(method: str, path: str, key: str | None) -> tuple[int, Any]:
            headers = {} if key is None else {"X-Key": key}
            seen = outcome(lambda: http.request(method, path, headers=headers))
            if isinstance(seen, OutOfStock):
                return 500, "OutOfStock"
            assert isinstance(seen, httpx2.Response), (
                f"`{method} {path}` {with_key(key)} raised {in_words(seen)}. The name "
                "of a shop may contain any character."
            )
            return seen.status_code, json_or_text(seen)

        yield send


def no_transaction(method: str, status: int, body: object) -> str:
    """Return the message that an endpoint fails with a known key."""
    return (
        f"`{method} /offers` with a known key returned {status} and {in_words(body)}. "
        "The docstring asks for a session for the endpoint. Look at what your "
        "dependency yields."
    )


def offers_of(postgres: PostgresDatabase, shop: str) -> list[str]:
    """Return the titles that a shop has in the table, past row-level security."""
    query = text("SELECT title FROM offers WHERE shop = :shop ORDER BY title")
    with engine_for(postgres.url) as engine, engine.connect() as connection:
        return list(connection.scalars(query.bindparams(shop=shop)))


@pytest.mark.parametrize("keys", [["h-17", "l-23"], ["l-23", "h-17"]])
def test_q3_each_shop_reads_its_own_offers(answers, postgres, keys):
    with market(answers, postgres) as engine, requests_to(answers, engine) as send:
        for key in [*keys, *keys]:
            status, body = send("GET", "/offers", key)

            assert status == 200, (
                f"`GET /offers` {with_key(key)} returned {status} and "
                f"{in_words(body)}. The docstring asks to read the key from the header "
                "`X-Key`. `shop_of` knows this key."
            )
            assert body == OFFERS[KEYS[key]], (
                f"`GET /offers` {with_key(key)} returned {in_words(body)}. The shop "
                f"has {OFFERS[KEYS[key]]}. The docstring asks that `app.tenant` is its "
                "name in the transaction of the endpoint."
            )


def test_q3_deleting_all_offers_deletes_those_of_the_shop(answers, postgres):
    with market(answers, postgres) as engine, requests_to(answers, engine) as send:
        status, body = send("DELETE", "/offers", "l-23")
    left = {shop: offers_of(postgres, shop) for shop in OFFERS}

    assert status == 200, no_transaction("DELETE", status, body)
    assert left == {HILL: OFFERS[HILL], LAKE: []}, (
        f"The shop {LAKE!r} deleted its offers. The table now has {in_words(left)}. "
        "Look at whether `app.tenant` is the name of the shop, and at whether the "
        "commit of the endpoint reaches the database."
    )


@pytest.mark.parametrize("key", [None, "", "h-18"], ids=["none", "empty", "unknown"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_q3_without_a_known_key_the_status_is_401(answers, postgres, method, key):
    with market(answers, postgres) as engine, requests_to(answers, engine) as send:
        status, body = send(method, "/offers", key)
        known = send("GET", "/offers", "h-17")

    assert status == 401, (
        f"`{method} /offers` {with_key(key)} returned {status} and {in_words(body)}. "
        "The docstring asks for 401 without a key, and for a key that `shop_of` does "
        "not know."
    )
    assert known[0] == 200, no_transaction("GET", *known)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/offers"), ("POST", "/offers"), ("GET", "/failing")],
    ids=["it read", "it committed", "it raised"],
)
def test_q3_the_next_user_of_the_connection_sees_no_offers(
    answers, postgres, method, path
):
    with market(answers, postgres) as engine, connections(engine) as pool:
        with requests_to(answers, engine) as send:
            status, body = send(method, path, "h-17")
        lent = pool.out
        with engine.connect() as connection:
            titles = list(connection.scalars(text("SELECT title FROM offers")))

    assert status == (500 if path == "/failing" else 200), (
        f"`{method} {path}` with the key of the shop {HILL!r} returned {status} and "
        f"{in_words(body)}."
    )
    assert lent == 0, (
        f"After `{method} {path}`, {lent} connection is not back in the pool. The "
        "docstring asks that it is. Look at what closes the session."
    )
    assert titles == [], (
        f"After `{method} {path}` of the shop {HILL!r}, the next user of the "
        f"connection read {in_words(titles)}. The docstring asks that it finds no "
        "offers. Look at how long `app.tenant` is set."
    )


def test_q3_an_added_offer_belongs_to_the_shop(answers, postgres):
    with market(answers, postgres) as engine, requests_to(answers, engine) as send:
        status, body = send("POST", "/offers", "l-23")
    left = {shop: offers_of(postgres, shop) for shop in OFFERS}

    assert status == 200, no_transaction("POST", status, body)
    assert left == {HILL: OFFERS[HILL], LAKE: [*OFFERS[LAKE], "New"]}, (
        f"The shop {LAKE!r} added the offer 'New'. The table now has {in_words(left)}. "
        "Look at whether `app.tenant` is the name of the shop, and at whether the "
        "commit of the endpoint reaches the database."
    )


async def test_q3_two_shops_can_send_requests_at_the_same_time(answers, postgres):
    with market(answers, postgres) as engine:
        app = market_app(answers, engine, Rendezvous(2))
        async with async_client(app) as http:
            sent = [http.get("/twice", headers={"X-Key": key}) for key in KEYS]
            received = await asyncio.gather(*sent, return_exceptions=True)

    for key, one in zip(KEYS, received, strict=True):
        failed = isinstance(one, BaseException)
        seen = one if failed else (one.status_code, json_or_text(one))
        titles = OFFERS[KEYS[key]]
        assert seen == (200, [titles, titles]), (
            "Two shops sent a request at the same time. The one of the shop "
            f"{KEYS[key]!r} read its offers, waited for the other, and read again: "
            f"{in_words(seen)}. The docstring asks for a session of its own for each "
            "request."
        )


async def test_q3_two_requests_of_a_shop_do_not_share_a_session(answers, postgres):
    with market(answers, postgres) as engine:
        app = market_app(answers, engine, Rendezvous(2))
        async with async_client(app) as http:
            sent = [http.get("/draft", headers={"X-Key": "h-17"}) for _ in range(2)]
            received = await asyncio.gather(*sent, return_exceptions=True)

    for one in received:
        failed = isinstance(one, BaseException)
        seen = one if failed else (one.status_code, json_or_text(one))
        assert seen == (200, sorted([*OFFERS[HILL], "New"])), (
            f"The shop {HILL!r} sent two requests at the same time. Each added the "
            "offer 'New' without a commit, waited for the other, and read all offers: "
            f"{in_words(seen)}. It should see its own 'New' only. The docstring asks "
            "for a session of its own for each request."
        )


def test_q3_each_dependency_uses_the_engine_that_it_got(answers, postgres):
    found = []
    with market(answers, postgres):
        for name in ("first", "second"):
            options = {"options": f"-c role={postgres.name}_app -c app.engine={name}"}
            with (
                engine_for(postgres.url, connect_args=options) as engine,
                requests_to(answers, engine) as send,
            ):
                found.append(send("GET", "/engine", "h-17"))

    assert found == [(200, "first"), (200, "second")], (
        "Two apps called `session_dependency`, each with an engine of its own: "
        f"'first' and 'second'. Their endpoints used {in_words(found)}. The docstring "
        "asks for a session on the given engine."
    )


@contextmanager
def platform(answers: Any, postgres: PostgresDatabase) -> Iterator[Engine]:
    """Yield an engine whose database has an empty table of tenants."""
    with engine_for(postgres.url) as engine:
        create = answers.PlatformTables.metadata.create_all
        attempt("Creating the table of tenants", create, engine)
        check_columns(engine, "tenants", ["name", "schema"])
        yield engine


def contents(engine: Engine) -> set[str]:
    """Return the schemas, the tables and the tenants of a database, in words."""
    look = inspect(engine)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, schema FROM public.tenants"))
        found = {f"the tenant {name} in {schema}" for name, schema in rows}
    for schema in look.get_schema_names():
        tables = look.get_table_names(schema=schema)
        found |= {f"the schema {schema}", *(f"{schema}.{table}" for table in tables)}
    return found


def create(answers: Any, engine: Engine, name: str, schema: str) -> None:
    """Create a tenant that can be created."""
    call = f"`Tenant.create(engine, {name!r}, {schema!r})`"
    why = "The docstring says that the name of the schema may contain any character."
    call_in_words(call, why, answers.Tenant.create, engine, name, schema)


@pytest.mark.parametrize("column", ["name", "schema"])
def test_q4_two_tenants_differ_in_name_and_in_schema(answers, postgres, column):
    hill, lake = ({"name": one, "schema": one} for one in ("hill", "lake"))
    with platform(answers, postgres) as engine:
        add = insert(answers.Tenant.__table__)
        first, second = (write(engine, add.values(row)) for row in (hill, lake))
        same = write(engine, add.values({"name": "a", "schema": "b", column: "hill"}))
        null = write(engine, add.values({"name": "c", "schema": "d", column: None}))

    for row, raised in ((hill, first), (lake, second)):
        assert raised is None, f"Storing the row {row} raised {in_words(raised)}."
    assert isinstance(same, IntegrityError), (
        f"The database stored two tenants with the {column} 'hill'. The docstring asks "
        f"that each tenant has its own {column}."
    )
    assert isinstance(null, IntegrityError), (
        f"The database stored a tenant whose {column} is NULL. The docstring asks that "
        "it is never NULL."
    )


def test_q4_the_table_is_always_in_the_schema_public(answers, postgres):
    with platform(answers, postgres) as engine:
        row = insert(answers.Tenant.__table__).values(name="Hill Books", schema="hill")
        attempt("Storing a tenant", write, engine, row)
        with Session(in_schema(engine, "hill")) as session:
            names = outcome(lambda: session.scalars(select(answers.Tenant.name)).all())

    assert names == ["Hill Books"], (
        "A session with `schema_translate_map={None: 'hill'}` selected the names of "
        f"the tenants. This {returned_or_raised(names)}. The docstring asks for the "
        "table in the schema `public`. Look at `__table_args__`."
    )


@pytest.mark.parametrize(
    "schema", ["hill", "Hill Books", ODD_NAME], ids=["word", "two words", "odd name"]
)
def test_q4_create_makes_the_schema_with_all_tables(answers, postgres, schema):
    column = Column("id", Integer, primary_key=True)
    Table("refunds", answers.TenantTables.metadata, column)  # of a later release
    with platform(answers, postgres) as engine:
        before = contents(engine)
        create(answers, engine, " Hill & Lake", schema)
        added = contents(engine) - before

    expected = {f"the tenant  Hill & Lake in {schema}", f"the schema {schema}"}
    expected |= {f"{schema}.{table}" for table in answers.TenantTables.metadata.tables}
    for kind, seen in (
        ("is missing", expected - added),
        ("should not be there", added - expected),
    ):
        assert not seen, (
            f"After `Tenant.create(engine, ' Hill & Lake', {schema!r})`, this {kind}: "
            f"{in_words(sorted(seen))}. The docstring asks for the row, the schema, "
            "and all tables of `TenantTables` in this schema."
        )


def test_q4_each_tenant_has_tables_of_its_own(answers, postgres):
    with platform(answers, postgres) as engine:
        for schema in ("hill", "lake"):
            create(answers, engine, schema.title(), schema)
        hill, lake = (in_schema(engine, schema) for schema in ("hill", "lake"))
        invoice = insert(answers.Invoice).values(number=7, cents=900)
        payment = insert(answers.Payment).values(invoice_number=7)
        stored = [write(hill, invoice), write(hill, payment)]
        foreign = write(lake, payment)

    assert stored == [None, None], (
        f"In the schema 'hill', storing invoice 7 and its payment came to "
        f"{in_words(stored)}; both should be stored."
    )
    assert isinstance(foreign, IntegrityError), (
        "Invoice 7 is in the schema 'hill', and the schema 'lake' stored a payment for "
        "it. The docstring asks for all tables of `TenantTables` in the schema of each "
        "tenant. Look at whether your code changes the given classes or their tables."
    )


def check_refused(
    answers: Any, engine: Engine, name: str, schema: str, why: str
) -> None:
    """Fail if a refused tenant leaves something, or raises another exception."""
    before = contents(engine)
    raised = outcome(lambda: answers.Tenant.create(engine, name, schema))
    after = contents(engine)

    call = f"`Tenant.create(engine, {name!r}, {schema!r})`"
    assert isinstance(raised, DBAPIError), (
        f"{why} {call} {returned_or_raised(raised)}. The docstring asks that the "
        "database refuses this, and that SQLAlchemy's exception reaches the caller."
    )
    for what, changed in (("added", after - before), ("removed", before - after)):
        assert not changed, (
            f"{why} {call} was refused, but it {what} {in_words(sorted(changed))}. The "
            "docstring asks that everything stays as it was. Look at what belongs to "
            "one transaction."
        )


@pytest.mark.parametrize(
    ("name", "schema"),
    [("Hill", "lake"), ("Lake", "hill"), ("Lake", "old")],
    ids=["the name", "the tenant's schema", "another schema"],
)
def test_q4_a_refused_tenant_leaves_nothing(answers, postgres, name, schema):
    with platform(answers, postgres) as engine:
        create(answers, engine, "Hill", "hill")
        write(engine, text("CREATE SCHEMA old"))
        write(engine, text("CREATE TABLE old.letters (id integer)"))
        why = "The tenant 'Hill' and the schemas 'hill' and 'old' exist."
        check_refused(answers, engine, name, schema, why)


def test_q4_a_refused_table_leaves_nothing(answers, postgres):
    with platform(answers, postgres) as engine:
        create(answers, engine, "Hill", "hill")
        impossible = CheckConstraint("no_such_column > 0")
        Table("refunds", answers.TenantTables.metadata, impossible)
        why = "PostgreSQL refuses to create one of the tables."
        check_refused(answers, engine, "Lake", "lake", why)


@pytest.fixture
def warehouse(answers: Any) -> Iterator[Engine]:
    """Yield a warehouse of the tenants 1 and 2, with shelves 1 and 2 and five copies.

    Copies 3 and 4 are on the shelf of the other tenant, copy 5 is on none.
    """
    with sqlite_engine() as engine:
        answers.Warehouse.metadata.create_all(engine)
        copies = [(1, "Emma", 1), (2, "Emma", 2), (1, "Dune", 2), (2, "Dune", 1)]
        with Session(engine) as session, session.begin():
            for tenant in (1, 2):
                session.add(answers.Shelf(tenant_id=tenant, name=f"S{tenant}"))
                session.flush()
            for tenant, title, shelf in [*copies, (1, "Kim", None)]:
                row = {"tenant_id": tenant, "title": title, "shelf_id": shelf}
                session.add(answers.Copy(**row))
                session.flush()
        yield engine


@contextmanager
def tenant_session(answers: Any, engine: Engine, tenant: int) -> Iterator[Session]:
    """Yield the session of a tenant."""
    call = f"`tenant_session(engine, {tenant})`"
    session = attempt(call, answers.tenant_session, engine, tenant)
    assert isinstance(session, Session), (
        f"{call} returned {in_words(session)}. The docstring asks for a session."
    )
    with session:
        yield session


def own_shelf(*options: Any) -> Callable[[Any, Session, int], Any]:
    """Return what reads the copies on the tenant's shelf through the relationship."""

    def read(answers: Any, session: Session, tenant: int) -> Any:
        query = select(answers.Shelf).where(answers.Shelf.id == tenant)
        loaders = [option(answers.Shelf.copies) for option in options]
        shelf = session.scalars(query.options(*loaders)).unique().one()
        return [copy.id for copy in shelf.copies]

    return read


def in_subquery(answers: Any, session: Session, tenant: int) -> Any:
    """Read the copies through a subquery."""
    inner = select(answers.Copy.id).subquery()
    return session.scalars(select(inner.c.id)).all()


def shelf_of_new_copy(answers: Any, session: Session, tenant: int) -> Any:
    """Add a copy on the other tenant's shelf, by its number; read that shelf."""
    copy = answers.Copy(title="Momo", shelf_id=3 - tenant)
    session.add(copy)
    session.flush()
    return [copy.shelf.id] if copy.shelf else []


# How to read, and which ids each tenant finds.
READINGS: dict[str, tuple[Callable[[Any, Session, int], Any], dict[int, list[int]]]] = {
    "a select": (
        lambda a, s, t: [one.id for one in s.scalars(select(a.Copy))],
        {1: [1, 3, 5], 2: [2, 4]},
    ),
    "a select of a column": (
        lambda a, s, t: s.scalars(select(a.Copy.id)).all(),
        {1: [1, 3, 5], 2: [2, 4]},
    ),
    "a count": (
        lambda a, s, t: [s.scalar(select(func.count()).select_from(a.Copy))],
        {1: [3], 2: [2]},
    ),
    "a join": (
        lambda a, s, t: s.scalars(select(a.Copy.id).join(a.Copy.shelf)).all(),
        {1: [1], 2: [2]},
    ),
    "a select with an alias": (
        lambda a, s, t: s.scalars(select(aliased(a.Copy).id)).all(),
        {1: [1, 3, 5], 2: [2, 4]},
    ),
    "a subquery": (in_subquery, {1: [1, 3, 5], 2: [2, 4]}),
    "`get`": (
        lambda a, s, t: [n for n in range(1, 6) if s.get(a.Copy, n) is not None],
        {1: [1, 3, 5], 2: [2, 4]},
    ),
    "a relationship": (own_shelf(), {1: [1], 2: [2]}),
    "a relationship with selectinload": (own_shelf(selectinload), {1: [1], 2: [2]}),
    "a relationship with joinedload": (own_shelf(joinedload), {1: [1], 2: [2]}),
    "the relationship of a new object": (shelf_of_new_copy, {1: [], 2: []}),
}


@pytest.mark.parametrize("tenant", [1, 2])
@pytest.mark.parametrize("how", READINGS)
def test_q5_a_select_returns_only_rows_of_the_tenant(answers, warehouse, how, tenant):
    read, expected = READINGS[how]
    with tenant_session(answers, warehouse, tenant) as session:
        found = attempt(f"Reading through {how}", read, answers, session, tenant)

    assert sorted(found) == expected[tenant], (
        f"In the session of tenant {tenant}, {how} found {in_words(found)}. With the "
        f"rows of this tenant alone it is {expected[tenant]}. Look at which statements "
        "get the condition."
    )


def tenants_of_copies(engine: Engine) -> list[tuple[int, str, int]]:
    """Return the id, the title and the tenant of all copies."""
    query = text("SELECT id, title, tenant_id FROM copies ORDER BY id")
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


CHANGES: dict[str, Callable[[Any], Any]] = {
    "an update": lambda a: update(a.Copy).values(title="Momo"),
    "an update with a condition": lambda a: (
        update(a.Copy).where(a.Copy.title != "Momo").values(title="Momo")
    ),
    "a delete": lambda a: delete(a.Copy),
}


@pytest.mark.parametrize("tenant", [1, 2])
@pytest.mark.parametrize("how", CHANGES)
def test_q5_a_change_reaches_only_rows_of_the_tenant(answers, warehouse, how, tenant):
    before = tenants_of_copies(warehouse)
    with tenant_session(answers, warehouse, tenant) as session:
        attempt(how.capitalize(), session.execute, CHANGES[how](answers))
        session.commit()
    after = tenants_of_copies(warehouse)

    changed = [row for row in before if row not in after]
    own = [row for row in before if row[2] == tenant]
    assert changed == own, (
        f"In the session of tenant {tenant}, {how} of all copies changed the copies "
        f"{[row[0] for row in changed]}. Those of this tenant are "
        f"{[row[0] for row in own]}. Look at which statements get the condition."
    )


@pytest.mark.parametrize("tenant", [1, 2])
def test_q5_a_new_object_belongs_to_the_tenant(answers, warehouse, tenant):
    with tenant_session(answers, warehouse, tenant) as session:
        session.add(answers.Shelf(id=7, copies=[answers.Copy(title="Momo")], name="S7"))
        attempt("Adding a shelf with a copy", session.commit)
    found = {}
    for one in (1, 2):
        with tenant_session(answers, warehouse, one) as session:
            query = select(answers.Copy.title).where(answers.Copy.shelf_id == 7)
            found[one] = attempt("A select", session.scalars, query).all()

    assert found == {tenant: ["Momo"], 3 - tenant: []}, (
        f"Tenant {tenant} added a shelf with the copy 'Momo'. By tenant, a select of "
        f"the copies on it returned {in_words(found)}. Only tenant {tenant} should "
        "find the copy."
    )


def test_q5_classes_defined_later_are_treated_in_the_same_way(answers, warehouse):
    class Pallet(answers.Owned, answers.Warehouse):
        __tablename__ = "pallets"
        id = mapped_column(Integer, primary_key=True)

    class Carrier(answers.Warehouse):
        __tablename__ = "carriers"
        id = mapped_column(Integer, primary_key=True)
        tenant_id = mapped_column(Integer)

    answers.Warehouse.metadata.create_all(warehouse)
    found: dict[str, list[Any]] = {"Pallet": [], "Carrier": []}
    for tenant in (1, 2, 0):
        with tenant_session(answers, warehouse, tenant) as session:
            session.add_all([Pallet(id=tenant), Carrier(id=tenant, tenant_id=7)])
            attempt("Adding a Pallet and a Carrier", session.commit)
            for kind in (Pallet, Carrier):
                read = attempt("A select", session.scalars, select(kind.id)).all()
                found[kind.__name__].append(sorted(read))

    carriers = [[1], [1, 2], [0, 1, 2]]
    assert found == {"Pallet": [[1], [2], [0]], "Carrier": carriers}, (
        "Pallet inherits from `Owned`. Carrier does not, but has a `tenant_id`. The "
        "tenants 1, 2 and 0 each added one, and then read all: "
        f"{in_words(found)}. Each should find its own Pallet, and all Carriers that "
        "were added before."
    )


def test_q5_sessions_do_not_affect_each_other(answers, warehouse):
    query = select(answers.Copy.id).order_by(answers.Copy.id)
    with (
        tenant_session(answers, warehouse, 1) as first,
        tenant_session(answers, warehouse, 2) as second,
        tenant_session(answers, warehouse, 1) as third,
        Session(warehouse) as plain,
    ):
        opened = {"tenant 1": first, "tenant 2": second, "tenant 1 again": third}
        found = {
            name: attempt("A select", session.scalars, query).all()
            for name, session in (opened | {"no tenant": plain}).items()
        }

    own, other = [1, 3, 5], [2, 4]
    expected = {"tenant 1": own, "tenant 2": other, "tenant 1 again": own}
    assert found == expected | {"no tenant": [1, 2, 3, 4, 5]}, (
        "Four sessions are open: for tenant 1, 2 and 1 again, and an ordinary one. "
        f"They found the copies {in_words(list(found.values()))}. The docstring asks "
        "that each finds the rows of its tenant, and that other sessions behave as "
        "before. Look at the target of your listener, and at what two calls share."
    )


# For each way: numbers of shops, and of books that each shop has.
SIZES = {"rows": [(10, 120), (12, 150)], "schemas": [(2, 30), (5, 20)]}


def open_shops(
    answers: Any, engine: Engine, way: str, shops: int, books: int
) -> list[str]:
    """Open shops with so many books each; return the schemas that have their tables."""
    names = [f"shop_{number}" for number in range(shops)]
    for name in names:
        open_shop(answers, engine, way, name, [f"Book {n}" for n in range(books)])
    return ["public"] if way == "rows" else names


def statements_of_migration(
    answers: Any, engine: Engine, way: str, schemas: list[str]
) -> int:
    """Return how many statements change all tables."""
    with statements(engine) as sent, engine.begin() as connection:
        answers.add_column(connection, schemas)
    return len(sent)


def rows_read(answers: Any, engine: Engine, way: str, schemas: list[str]) -> int:
    """Return how many rows PostgreSQL reads to list the books of the second shop."""
    where = "books WHERE shop = 'shop_1'" if way == "rows" else "shop_1.books"
    query = f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT title FROM {where}"
    with engine.begin() as connection:
        for schema in schemas:
            connection.exec_driver_sql(f"ANALYZE {schema}.books")
        return read_by(connection.exec_driver_sql(query).scalar_one()[0]["Plan"])


def rows_read_with_index(
    answers: Any, engine: Engine, way: str, schemas: list[str]
) -> int:
    """Return the same, with an index on the shop where there is such a column."""
    if way == "rows":
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE INDEX books_of_shop ON books (shop)")
    return rows_read(answers, engine, way, schemas)


def read_by(plan: dict[str, Any]) -> int:
    """Return how many rows of tables a plan of EXPLAIN ANALYZE read."""
    below = sum(read_by(one) for one in plan.get("Plans", []))
    if "Relation Name" not in plan:
        return below
    rows = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    return below + round(rows * plan["Actual Loops"])


MEASURES = {
    "migration": statements_of_migration,
    "listing": rows_read,
    "indexed": rows_read_with_index,
}
WHERE_TO_LOOK = {
    "migration, rows": "Look at the loop of `add_column`. There is one table.",
    "migration, schemas": "Look at the loop of `add_column`. Each shop has a schema.",
    "listing, rows": "Look at how many rows the table has. Without an index PostgreSQL "
    "cannot know which of them belong to the shop.",
    "listing, schemas": "Look at how many rows the table of one shop has.",
    "indexed, rows": "An index on `shop` finds the rows of one shop directly.",
    "indexed, schemas": "There is no column `shop` here. Look at how many rows the "
    "table has.",
}


@pytest.mark.parametrize("way", SIZES)
@pytest.mark.parametrize("cost", MEASURES)
def test_q6_the_cost_is_predicted(answers, postgres, cost, way):
    for shops, books in SIZES[way]:
        predicted = predicted_cost(answers.costs(shops, books), cost, way)
        with engine_for(postgres.url) as engine:
            schemas = open_shops(answers, engine, way, shops, books)
            observed = MEASURES[cost](answers, engine, way, schemas)
            close_shops(engine, schemas)

        same = predicted == observed
        assert same, (
            f'"{cost}", "{way}": for {shops} shops with {books} books each you predict '
            f"{in_words(predicted)}. PostgreSQL shows another number. "
            f"{WHERE_TO_LOOK[f'{cost}, {way}']}"
        )


def predicted_cost(table: object, cost: str, way: str) -> object:
    """Return the number that the learner predicts; a blank stays a blank."""
    row = table.get(cost) if isinstance(table, dict) else None
    found = isinstance(row, dict) and way in row
    assert found, (
        f"`costs(...)` returned {in_words(table)}. The docstring asks for a dict with "
        f'the cost "{cost}", which is a dict with "{way}".'
    )
    return row[way]  # type: ignore[index]


def close_shops(engine: Engine, schemas: list[str]) -> None:
    """Remove the tables of all shops."""
    with engine.begin() as connection:
        for schema in schemas:
            connection.exec_driver_sql(f"DROP TABLE {schema}.books")
            if schema != "public":
                connection.exec_driver_sql(f"DROP SCHEMA {schema}")
