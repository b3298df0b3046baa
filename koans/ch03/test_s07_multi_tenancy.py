"""The tests of section 3.7."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import (
    Column,
    Engine,
    Index,
    Integer,
    Table,
    delete,
    event,
    func,
    insert,
    inspect,
    literal,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import (
    Session,
    aliased,
    joinedload,
    mapped_column,
    selectinload,
)
from starlette.testclient import TestClient

from lab import (
    PostgresDatabase,
    Rendezvous,
    async_client,
    client,
    connections,
    engine_for,
    sqlite_engine,
    statements,
)


@pytest.fixture(autouse=True)
def _listeners_of_classes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take away what an answer has put at classes such as Session, which all share."""
    added: list[tuple[type, str, Callable[..., Any]]] = []
    listen = event.listen

    def noting(target: Any, name: str, fn: Any, *args: Any, **kwargs: Any) -> None:
        listen(target, name, fn, *args, **kwargs)
        if isinstance(target, type):
            added.append((target, name, fn))

    def decorator(target: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        def decorate(fn: Any) -> Any:
            noting(target, name, fn, *args, **kwargs)
            return fn

        return decorate

    monkeypatch.setattr(event, "listen", noting)
    monkeypatch.setattr(event, "listens_for", decorator)
    yield
    for one in added:
        if event.contains(*one):
            event.remove(*one)


def told(error: BaseException | None) -> str:
    """Return an exception in one line."""
    if error is None:
        return "no objection"
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def trouble_with(call: Callable[[], object]) -> Exception | None:
    """Return what `call` raises, if anything; an open koan stays open."""
    try:
        call()
    except NotImplementedError:
        raise
    except Exception as error:
        return error
    return None


def result_of(call: Callable[[], object], what: str) -> Any:
    """Return what `call` returns; what it raises is told, with `what` it was about."""
    try:
        return call()
    except NotImplementedError:
        raise
    except Exception as error:
        raise AssertionError(f"{what} raised {told(error)}") from error


def predicted_for(table: object, what: str, way: str) -> object:
    """Return what the learner expects; a blank stays a blank."""
    assert isinstance(table, dict), f"Returned was no dict, but {table!r:.80}."
    row = table.get(what)
    assert isinstance(row, dict), f'For "{what}" there is no dict, but {row!r:.80}.'
    return row.get(way)


@contextmanager
def first_day(answers: Any, engine: Engine, *, schemas: bool) -> Iterator[list[Any]]:
    """Yield the sessions of Hill and Lake, which have added their first books."""
    tenancy = answers.Tenancy(engine, schemas=schemas)
    for shop in ("Hill", "Lake"):
        tenancy.open(shop)
    with tenancy.session("Hill") as hill, tenancy.session("Lake") as lake:
        for session, shop, isbn in (
            (hill, "Hill", "1"),
            (hill, "Hill", "2"),
            (lake, "Lake", "3"),
        ):
            session.add(answers.Book(shop=shop, isbn=isbn))
            session.commit()
        yield [hill, lake]


TRADES = [
    "forgotten filter",
    "own SQL",
    "next id",
    "known isbn",
    "third book",
    "clearance",
]


@pytest.mark.parametrize("what", TRADES)
def test_q1_what_happens_in_shared_tables_is_predicted(answers, what):
    predicted = predicted_for(answers.outcomes(), what, "rows")
    with (
        sqlite_engine() as engine,
        first_day(answers, engine, schemas=False) as (hill, lake),
    ):
        observed = answers.trade(what, hill, lake)

    same = predicted == observed
    assert same, (
        f'"{what}" in shared tables: you expect {predicted!r}, and that is not what '
        "comes of it. Whose rows are in the one table by then?"
    )


@pytest.mark.parametrize("what", TRADES)
def test_q1_what_happens_with_a_schema_each_is_predicted(answers, postgres, what):
    predicted = predicted_for(answers.outcomes(), what, "schemas")
    with (
        engine_for(postgres.url) as engine,
        first_day(answers, engine, schemas=True) as (hill, lake),
    ):
        observed = answers.trade(what, hill, lake)

    same = predicted == observed
    assert same, (
        f'"{what}" with a schema each: you expect {predicted!r}, and that is not what '
        "comes of it. Which table is meant, and what is in that one?"
    )


def check_columns(
    engine: Engine, table: str, schema: str | None, names: list[str]
) -> None:
    """See to it that there is a table which has columns of these names."""
    look = inspect(engine)
    there = look.get_table_names(schema=schema)
    assert table in there, f"There is no table {table}, only {', '.join(there) or '-'}."
    found = [one["name"] for one in look.get_columns(table, schema=schema)]
    missing = [name for name in names if name not in found]
    assert not missing, (
        f"The table {table} has no {', '.join(missing)}; it has {', '.join(found)}."
    )


NOON = datetime(2026, 11, 3, 12)
ORDER = {"tenant_id": 1, "customer_id": 10, "number": 1, "placed_at": NOON}


@contextmanager
def order_table(answers: Any) -> Iterator[Engine]:
    """Yield a database with vendors 1 and 2, and their customers 10 and 20."""
    with sqlite_engine() as engine:
        make = answers.Orders.metadata.create_all
        result_of(lambda: make(engine), "Making the tables")
        check_columns(engine, "orders", None, list(ORDER))
        with engine.begin() as connection:
            for number in (1, 2):
                vendor = {"id": number, "name": f"Vendor {number}"}
                connection.execute(insert(answers.Vendor).values(vendor))
                customer = {"id": number * 10, "tenant_id": number, "name": "Ann"}
                connection.execute(insert(answers.Customer).values(customer))
        yield engine


def place(answers: Any, engine: Engine, **changes: object) -> Exception | None:
    """Place an order; return what the database says against it, if anything."""

    def write() -> None:
        with engine.begin() as connection:
            connection.execute(insert(answers.Order.__table__).values(ORDER | changes))

    return trouble_with(write)


def test_q2_orders_are_found_as_they_were_placed(answers):
    orders = [ORDER, ORDER | {"tenant_id": 2, "customer_id": None}]
    with order_table(answers) as engine:

        def write() -> None:
            with Session(engine) as session, session.begin():
                session.add_all([answers.Order(**one) for one in orders])

        result_of(write, f"Saving the orders {orders}")
        with Session(engine) as session:
            query = select(answers.Order).order_by(answers.Order.tenant_id)
            found = [
                {name: getattr(one, name, None) for name in ORDER}
                for one in session.scalars(query)
            ]

    assert found == orders, f"Saved were {orders}; another session found {found}."


def test_q2_the_database_refuses_what_is_missing(answers):
    with order_table(answers) as engine:
        whole = place(answers, engine)
        met = {
            name: place(answers, engine, **{"number": 2, name: None})
            for name in ("tenant_id", "number", "placed_at")
        }

    assert whole is None, f"The order {ORDER} met {told(whole)}"
    for name, error in met.items():
        assert isinstance(error, IntegrityError), (
            f"An order whose {name} is NULL met {told(error)}."
        )


def test_q2_each_vendor_has_numbers_of_its_own(answers):
    with order_table(answers) as engine:
        first = place(answers, engine)
        others = place(answers, engine, tenant_id=2, customer_id=20)
        second = place(answers, engine, number=2)
        again = place(answers, engine, placed_at=datetime(2026, 11, 4), number=2)

    for which, error in (
        ("Order 1 of vendor 1", first),
        ("Order 1 of vendor 2", others),
        ("Order 2 of vendor 1", second),
    ):
        assert error is None, f"{which} met {told(error)}"
    assert isinstance(again, IntegrityError), (
        f"A second order 2 of vendor 1 met {told(again)}."
    )


@pytest.mark.parametrize(("tenant", "other"), [(1, 20), (2, 10)])
def test_q2_no_order_names_the_customer_of_another_vendor(answers, tenant, other):
    change = {"tenant_id": tenant, "customer_id": other}
    with order_table(answers) as engine:
        own = place(answers, engine)
        added = place(answers, engine, number=2, **change)

        def write() -> None:
            with engine.begin() as connection:
                table = answers.Order.__table__
                connection.execute(update(table).values(change))

        changed = trouble_with(write)

    assert own is None, f"The order {ORDER} met {told(own)}"
    assert isinstance(added, IntegrityError), (
        "Customer 10 is vendor 1's, customer 20 vendor 2's. An order with "
        f"{change} met {told(added)}."
    )
    assert isinstance(changed, IntegrityError), (
        f"An order of vendor 1 for customer 10 became one with {change}, and that met "
        f"{told(changed)}."
    )


def test_q2_who_is_unknown_has_no_orders(answers):
    with order_table(answers) as engine:
        anonymous = place(answers, engine, customer_id=None)
        vendor = place(answers, engine, tenant_id=3, customer_id=None)
        customer = place(answers, engine, number=2, customer_id=30)

    assert anonymous is None, f"An order without a customer met {told(anonymous)}"
    assert isinstance(vendor, IntegrityError), (
        f"There are vendors 1 and 2. An order of vendor 3, without a customer, met "
        f"{told(vendor)}."
    )
    assert isinstance(customer, IntegrityError), (
        f"There are customers 10 and 20. An order of vendor 1 for customer 30 met "
        f"{told(customer)}."
    )


def test_q2_the_latest_orders_are_found_without_reading_the_others(answers):
    query = (
        "EXPLAIN QUERY PLAN SELECT * FROM orders WHERE tenant_id = 1 "
        "ORDER BY placed_at DESC LIMIT 10"
    )
    with order_table(answers) as engine, engine.connect() as connection:
        plan = [row[-1] for row in connection.exec_driver_sql(query)]

    steps = "; ".join(plan)
    assert "tenant_id=?" in steps, (
        f"For the 10 latest orders of a vendor the plan is: {steps}. That reads orders "
        "of all vendors."
    )
    assert "TEMP B-TREE" not in steps, (
        f"For the 10 latest orders of a vendor the plan is: {steps}. That reads all of "
        "its orders and sorts them."
    )


HILL, LAKE = "Hill", 'O\'Hara "at the Lake" & Sons'
KEYS = {"h-17": HILL, "l-23": LAKE}
OFFERS = [
    {"tenant": HILL, "title": "Emma", "cents": 900},
    {"tenant": LAKE, "title": "Dune", "cents": 1200},
    {"tenant": HILL, "title": "Solaris", "cents": 1100},
    {"tenant": LAKE, "title": "Kim", "cents": 700},
    {"tenant": LAKE, "title": "Persuasion", "cents": 800},
]
TITLES = {
    key: [one["title"] for one in OFFERS if one["tenant"] == tenant]
    for key, tenant in KEYS.items()
}


@contextmanager
def market(answers: Any, postgres: PostgresDatabase, connected: int) -> Iterator[Any]:
    """Yield an engine of the app's role, with so many connections, on some offers."""
    answers.tenant_of = KEYS.get
    role = f"{postgres.name}_app"
    with engine_for(postgres.url) as owner, owner.begin() as connection:
        connection.execute(text(f'CREATE ROLE "{role}"'))
        answers.protect(connection, role)
        connection.execute(insert(answers.Offer), OFFERS)
    with engine_for(
        postgres.url,
        connect_args={"options": f"-c role={role}"},
        pool_size=connected,
        max_overflow=0,
        pool_timeout=2,
    ) as engine:
        yield engine


def app_on(answers: Any, engine: Engine) -> FastAPI:
    """Return the learner's app, if it is one."""
    app = answers.market_app(engine)
    assert isinstance(app, FastAPI), f"What your function returns, {app!r}, is no app."
    return app


@contextmanager
def visited(
    answers: Any, postgres: PostgresDatabase
) -> Iterator[tuple[TestClient, Engine]]:
    """Yield a client of the learner's app, and the app's engine."""
    with (
        market(answers, postgres, connected=1) as engine,
        client(app_on(answers, engine)) as http,
    ):
        yield http, engine


def ask(
    http: TestClient, request: str, key: str | None = None, **query: object
) -> tuple[int, Any]:
    """Send a request such as "GET /offers"; return the status and the content."""
    method, path = request.split()
    headers = {} if key is None else {"X-Key": key}
    answer = result_of(
        lambda: http.request(method, path, headers=headers, params=query),
        f"{request} with the key of {KEYS.get(key or '', 'nobody')}",
    )
    try:
        return answer.status_code, answer.json()
    except ValueError:
        return answer.status_code, answer.text


def offers_of(postgres: PostgresDatabase, tenant: str) -> list[tuple[str, int]]:
    """Return the offers of a tenant as the owner of the table sees them."""
    query = text(
        "SELECT title, cents FROM offers WHERE tenant = :tenant ORDER BY id"
    ).bindparams(tenant=tenant)
    with engine_for(postgres.url) as engine, engine.connect() as connection:
        return [(title, cents) for title, cents in connection.execute(query)]


def offered(tenant: str) -> list[tuple[str, int]]:
    """Return the offers that a tenant has at the beginning."""
    return [(one["title"], one["cents"]) for one in OFFERS if one["tenant"] == tenant]


def test_q3_a_tenant_reads_its_own_offers(answers, postgres):
    with visited(answers, postgres) as (http, _):
        read = [ask(http, "GET /offers", key) for key in (*KEYS, *KEYS)]

    expected = [(200, TITLES[key]) for key in (*KEYS, *KEYS)]
    assert read == expected, (
        f"{HILL} offers {TITLES['h-17']}, {LAKE} {TITLES['l-23']}. They asked for "
        f"their offers in turn and read {read}."
    )


def test_q3_an_offer_of_somebody_else_is_not_there(answers, postgres):
    with visited(answers, postgres) as (http, _):
        statuses = {
            f"{tenant}'s offer {number}": ask(
                http, f"PUT /offers/{number}/cents", key, cents=1
            )[0]
            for key, tenant in KEYS.items()
            for number in (1, 2)
        }

    assert list(statuses.values()) == [204, 404, 404, 204], (
        f"Offer 1 is {HILL}'s, offer 2 {LAKE}'s. Each gave both a new price; the "
        f"answers were {statuses}."
    )
    left = [offers_of(postgres, tenant)[0] for tenant in (HILL, LAKE)]
    assert left == [("Emma", 1), ("Dune", 1)], (
        f"{HILL} and {LAKE} made their own first offers cost 1 cent. They are {left}."
    )


def test_q3_a_statement_for_all_rows_is_for_the_tenants_own(answers, postgres):
    with visited(answers, postgres) as (http, _):
        status, _ = ask(http, "DELETE /offers", "l-23")

    assert status == 200, f"{LAKE} cleared its offers and was answered {status}."
    left = offers_of(postgres, HILL), offers_of(postgres, LAKE)
    assert left == (offered(HILL), []), (
        f"{LAKE} cleared its offers; {HILL} has {left[0]} left, {LAKE} {left[1]}."
    )


def test_q3_after_a_commit_the_session_is_still_the_tenants(answers, postgres):
    with visited(answers, postgres) as (http, _):
        read = [
            ask(http, "POST /offers", key, title=title, cents=1000)
            for key, title in zip(KEYS, ("Momo", "Kidnapped"), strict=True)
        ]

    whose = [
        (status, said.get("tenant") if isinstance(said, dict) else said)
        for status, said in read
    ]
    assert whose == [(201, HILL), (201, LAKE)], (
        f"{HILL} and {LAKE} each added an offer; the endpoint committed and looked at "
        f"it again. They were answered {read}."
    )
    last = [offers_of(postgres, tenant)[-1] for tenant in (HILL, LAKE)]
    assert last == [("Momo", 1000), ("Kidnapped", 1000)], (
        f"{HILL} added Momo, {LAKE} Kidnapped. Their last offers are now {last}."
    )


def test_q3_without_a_valid_key_there_is_nothing(answers, postgres):
    with visited(answers, postgres) as (http, _):
        answered = {
            f"{request} with the key {key!r}": ask(http, request, key)[0]
            for key in (None, "", "h-18")
            for request in ("GET /offers", "DELETE /offers")
        }
        valid, _ = ask(http, "GET /offers", "h-17")

    assert set(answered.values()) == {401}, (
        f"None of these keys is anybody's. The answers were {answered}."
    )
    assert valid == 200, f"With a valid key GET /offers was answered {valid}."


def failing_endpoint(app: FastAPI, open_session: Callable[..., Any]) -> None:
    """Add an endpoint that reads offers, raises, and cannot say whose they were."""

    @app.get("/offers")
    def fail(session: Annotated[Session, Depends(open_session)]) -> None:
        session.execute(text("SELECT title FROM offers")).all()
        raise LookupError("out of stock")


@pytest.mark.parametrize("ends", ["well", "with a commit", "with an exception"])
def test_q3_the_next_one_finds_no_tenant_at_the_connection(answers, postgres, ends):
    if ends == "with an exception":
        answers.add_endpoints = failing_endpoint
    with market(answers, postgres, connected=1) as engine, connections(engine) as pool:
        with client(app_on(answers, engine), raises=False) as http:
            path = "POST /offers" if ends == "with a commit" else "GET /offers"
            status, _ = ask(http, path, "h-17", title="Momo", cents=1000)
        assert pool.out == 0, (
            f"A request that ended {ends} still has its connection; the pool has one."
        )
        with engine.connect() as connection:
            seen = connection.scalar(text("SELECT count(*) FROM offers"))

    assert status // 100 == (5 if ends == "with an exception" else 2), (
        f"{HILL}'s request was to end {ends}; it was answered {status}."
    )
    assert seen == 0, (
        f"{HILL}'s request ended {ends}. Whoever got its connection next, with no "
        f"tenant at all, saw {seen} offers."
    )


def meeting_endpoint(meeting: Rendezvous) -> Callable[..., None]:
    """Return what adds an endpoint that reads, commits, waits and reads again."""

    def add_endpoints(app: FastAPI, open_session: Callable[..., Any]) -> None:
        @app.get("/twice")
        def twice(
            session: Annotated[Session, Depends(open_session)],
        ) -> list[list[str]]:
            query = text("SELECT title FROM offers ORDER BY id")
            first = list(session.scalars(query))
            session.commit()
            meeting.wait()
            return [first, list(session.scalars(query))]

    return add_endpoints


async def test_q3_tenants_stay_apart_when_they_come_at_once(answers, postgres):
    answers.add_endpoints = meeting_endpoint(Rendezvous(2))
    with market(answers, postgres, connected=2) as engine:
        app = app_on(answers, engine)
        async with async_client(app) as http:
            asked = [http.get("/twice", headers={"X-Key": key}) for key in KEYS]
            read = await asyncio.gather(*asked, return_exceptions=True)

    seen = [
        told(one) if isinstance(one, BaseException) else (one.status_code, one.text)
        for one in read
    ]
    fine = [
        not isinstance(one, BaseException)
        and one.status_code == 200
        and one.json() == [TITLES[key], TITLES[key]]
        for key, one in zip(KEYS, read, strict=True)
    ]
    assert all(fine), (
        f"{HILL} offers {TITLES['h-17']}, {LAKE} {TITLES['l-23']}. At the same time "
        f"each read its offers, committed and read them again: {seen}"
    )


@contextmanager
def directory(answers: Any, postgres: PostgresDatabase) -> Iterator[Engine]:
    """Yield an engine with one connection, on an empty table of tenants."""
    with engine_for(
        postgres.url, pool_size=1, max_overflow=2, pool_timeout=2
    ) as engine:
        make = answers.Directory.metadata.create_all
        result_of(lambda: make(engine), "Making the table of tenants")
        check_columns(engine, "tenants", "public", ["name", "schema"])
        yield engine


def inventory(engine: Engine) -> list[str]:
    """Return the schemas, tables and tenants of a database."""
    look = inspect(engine)
    with engine.connect() as connection:
        names = connection.scalars(text("SELECT name FROM public.tenants")).all()
    found = [f"the tenant {name}" for name in names]
    for schema in look.get_schema_names():
        found.append(f"the schema {schema}")
        tables = look.get_table_names(schema=schema)
        found += [f"the table {schema}.{table}" for table in tables]
    return found


def created(answers: Any, engine: Engine, *tenants: tuple[str, str]) -> list[Any]:
    """Create tenants, pairs of a name and a schema; return them as they were saved."""
    for name, schema in tenants:
        result_of(
            lambda name=name, schema=schema: answers.Tenant.create(
                engine, name, schema
            ),
            f"create(engine, {name!r}, {schema!r})",
        )
    with Session(engine) as session:
        saved = session.scalars(select(answers.Tenant)).all()
        session.expunge_all()
    found = {(one.name, one.schema): one for one in saved}
    missing = [tenant for tenant in tenants if tenant not in found]
    assert not missing, f"Created were {tenants}; saved are {list(found)}."
    return [found[tenant] for tenant in tenants]


def opened(tenant: Any, engine: Engine) -> Session:
    """Return a session that a tenant opens."""
    session = result_of(lambda: tenant.session(engine), f"session() of {tenant.name}")
    assert isinstance(session, Session), f"session() returned {session!r:.80}."
    return session


def test_q4_a_new_tenant_has_all_tables_in_its_own_schema(answers, postgres):
    schemas = ["hill", "Hill Books", 'O\'Hara "at the Lake"', "x; DROP TABLE tenants"]
    key = Column("id", Integer, primary_key=True)
    Table("refunds", answers.Ledger.metadata, key)  # which the next release brings
    with directory(answers, postgres) as engine:
        for number, schema in enumerate(schemas):
            created(answers, engine, (f"Tenant {number}", schema))
        found = inventory(engine)

    for schema in schemas:
        own = {f"the schema {schema}"}
        own |= {f"the table {schema}.{one}" for one in answers.Ledger.metadata.tables}
        missing = own.difference(found)
        assert not missing, (
            f"A tenant was created with the schema {schema!r}. The database does not "
            f"have {' and not '.join(sorted(missing))}."
        )
    public = [one for one in found if one.startswith("the table public.")]
    assert public == ["the table public.tenants"], (
        f"After four tenants were created, the schema public has {', '.join(public)}."
    )


@pytest.mark.parametrize("what", ["name", "schema"])
def test_q4_the_table_refuses_who_is_no_new_tenant(answers, postgres, what):
    hill, lake = ({"name": one, "schema": one} for one in ("hill", "lake"))
    with directory(answers, postgres) as engine:

        def met_by(row: dict[str, str | None]) -> Exception | None:
            def write() -> None:
                with engine.begin() as connection:
                    connection.execute(insert(answers.Tenant.__table__).values(row))

            return trouble_with(write)

        first = met_by(hill)
        shared = met_by(lake | {what: "hill"})
        missing = met_by(lake | {what: None})

    assert first is None, f"The row {hill} met {told(first)}"
    assert isinstance(shared, IntegrityError), (
        f"A second tenant with the {what} hill met {told(shared)}."
    )
    assert isinstance(missing, IntegrityError), (
        f"A tenant whose {what} is NULL met {told(missing)}."
    )


@pytest.mark.parametrize(
    ("name", "schema"),
    [("Hill", "lake"), ("Lake", "old"), ("Lake", "public")],
    ids=["a known name", "a schema of somebody else", "the schema public"],
)
def test_q4_who_cannot_be_created_leaves_nothing(answers, postgres, name, schema):
    with directory(answers, postgres) as engine:
        created(answers, engine, ("Hill", "hill"))
        with engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA old"))
        before = inventory(engine)
        error = trouble_with(lambda: answers.Tenant.create(engine, name, schema))
        after = inventory(engine)

    assert error is not None, (
        "There is a tenant Hill, and there are the schemas hill, old and public. "
        f"create(engine, {name!r}, {schema!r}) raised nothing."
    )
    more = [one for one in after if one not in before]
    assert not more, (
        f"create(engine, {name!r}, {schema!r}) raised {told(error)} "
        f"It left behind: {', '.join(more)}."
    )


def test_q4_two_tenants_work_at_the_same_time(answers, postgres):
    bills = {"hill": [100, 200], "lake": [300, 400]}
    with directory(answers, postgres) as engine:
        tenants = created(answers, engine, ("Hill", "hill"), ("Lake", "lake"))
        sessions = {one.schema: opened(one, engine) for one in tenants}
        read: dict[str, Any] = {}

        def work() -> None:
            for turn in (0, 1):
                for schema, session in sessions.items():
                    session.add(answers.Invoice(cents=bills[schema][turn]))
                    session.commit()
            for schema, session in sessions.items():
                query = select(answers.Invoice).order_by(answers.Invoice.number)
                read[schema] = [(i.number, i.cents) for i in session.scalars(query)]

        error = trouble_with(work)
        for session in sessions.values():
            session.close()

    assert error is None, f"Two sessions wrote invoices in turn: {told(error)}"
    numbered = {schema: list(enumerate(cents, 1)) for schema, cents in bills.items()}
    assert read == numbered, (
        f"In turn two tenants wrote invoices of {bills} cents, each with a commit of "
        f"its own. Then they read, with their numbers, {read}."
    )


def test_q4_a_payment_is_for_an_invoice_of_the_same_tenant(answers, postgres):
    with directory(answers, postgres) as engine:
        hill, lake = created(answers, engine, ("Hill", "hill"), ("Lake", "lake"))
        met = []
        for tenant, row in (
            (hill, answers.Invoice(number=7, cents=900)),
            (hill, answers.Payment(invoice_number=7, cents=900)),
            (lake, answers.Payment(invoice_number=7, cents=900)),
        ):
            with opened(tenant, engine) as session:
                session.add(row)
                met.append(trouble_with(session.commit))

    assert met[:2] == [None, None], (
        f"Hill's invoice 7 met {told(met[0])}, its payment {told(met[1])}"
    )
    assert isinstance(met[2], IntegrityError), (
        f"Lake has no invoice 7; its payment for that one met {told(met[2])}."
    )


def test_q4_other_sessions_do_not_meet_a_tenants_tables(answers, postgres):
    with directory(answers, postgres) as engine:
        (hill,) = created(answers, engine, ("Hill", "hill"))
        with opened(hill, engine) as session:
            session.add(answers.Invoice(cents=100))
            error = trouble_with(session.commit)
            assert error is None, f"Hill's session adds an invoice: {told(error)}"
            session.scalars(select(answers.Invoice)).all()
        with Session(engine) as plain:
            count = select(func.count(answers.Invoice.number))
            refusal = trouble_with(lambda: plain.scalars(count).one())

    assert isinstance(refusal, DBAPIError), (
        "Hill's session was closed. The next one of the engine, of no tenant, asked "
        "for invoices and found Hill's."
    )


def test_q4_a_tenants_session_knows_all_tenants(answers, postgres):
    with directory(answers, postgres) as engine:
        found = {}
        tenants = created(answers, engine, ("Hill", "Hill Books"), ("Lake", "lake"))
        for tenant in tenants:
            with opened(tenant, engine) as session:
                query = select(answers.Tenant.name).order_by(answers.Tenant.name)
                found[tenant.name] = result_of(
                    lambda session=session, query=query: session.scalars(query).all(),
                    f"In {tenant.name}'s session a query for tenants",
                )

    for name, names in found.items():
        assert names == ["Hill", "Lake"], (
            f"Hill and Lake are tenants; {name}'s session finds {names}."
        )


@contextmanager
def warehouse(answers: Any) -> Iterator[Engine]:
    """Yield a warehouse of tenants 1 and 2, with shelves 1 and 2 and five copies.

    Copies 3 and 4 lie on the shelf of the other tenant, copy 5 on none.
    """
    with sqlite_engine() as engine:
        answers.Warehouse.metadata.create_all(engine)
        copies = [(1, "Emma", 1), (2, "Emma", 2), (1, "Dune", 2), (2, "Dune", 1)]
        with Session(engine) as session, session.begin():
            for tenant in (1, 2):
                shelf = answers.Shelf(id=tenant, name=f"S{tenant}", tenant_id=tenant)
                session.add(shelf)
            session.flush()
            for number, (tenant, title, shelf) in enumerate(
                [*copies, (1, "Kim", None)], 1
            ):
                values = {"id": number, "title": title, "tenant_id": tenant}
                session.add(answers.Copy(**values, shelf_id=shelf))
        yield engine


@contextmanager
def guarded(answers: Any, engine: Engine, tenant: int) -> Iterator[Session]:
    """Yield the learner's session for a tenant."""
    session = answers.session_of(engine, tenant)
    assert isinstance(session, Session), f"Returned was {session!r:.80}, no session."
    with session:
        yield session


def rows(engine: Engine) -> list[tuple[Any, ...]]:
    """Return the copies that the database has: number, title, shelf and tenant."""
    query = text("SELECT id, title, shelf_id, tenant_id FROM copies ORDER BY id")
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


Reading = Callable[[Any, Session, int], Any]


def of_relationship(*options: Callable[[Any], Any]) -> Reading:
    """Return what reads the copies on all shelves, loaded in the way of `options`."""

    def read(answers: Any, session: Session, tenant: int) -> Any:
        query = select(answers.Shelf).options(
            *(option(answers.Shelf.copies) for option in options)
        )
        shelves = session.scalars(query).unique()
        return [copy.id for shelf in shelves for copy in shelf.copies]

    return read


def in_subquery(answers: Any, session: Session, tenant: int) -> Any:
    """Read the copies through a subquery."""
    inner = select(answers.Copy.id).subquery()
    return session.scalars(select(inner.c.id)).all()


def on_shelves(answers: Any, session: Session, tenant: int) -> Any:
    """Read on which shelves a Dune lies: none, for they are on each other's."""
    dunes = answers.Shelf.copies.any(answers.Copy.title == "Dune")
    return session.scalars(select(answers.Shelf.id).where(dunes)).all()


def of_new_copy(answers: Any, session: Session, tenant: int) -> Any:
    """Add a copy on the other tenant's shelf, by its number; read that shelf."""
    copy = answers.Copy(title="Momo", shelf_id=3 - tenant)
    session.add(copy)
    session.flush()
    return [copy.shelf.name] if copy.shelf else []


READINGS: dict[str, tuple[Reading, dict[int, list[Any]]]] = {
    "a select without a filter": (
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
    "a filter with an OR": (
        lambda a, s, t: s.scalars(
            select(a.Copy.id).where(or_(a.Copy.title == "Emma", a.Copy.title == "Dune"))
        ).all(),
        {1: [1, 3], 2: [2, 4]},
    ),
    "a join": (
        lambda a, s, t: s.scalars(select(a.Shelf.name).join(a.Copy.shelf)).all(),
        {1: ["S1"], 2: ["S2"]},
    ),
    "an alias": (
        lambda a, s, t: s.scalars(select(aliased(a.Copy).id)).all(),
        {1: [1, 3, 5], 2: [2, 4]},
    ),
    "a subquery": (in_subquery, {1: [1, 3, 5], 2: [2, 4]}),
    "an EXISTS": (on_shelves, {1: [], 2: []}),
    "a UNION": (
        lambda a, s, t: s.scalars(
            union_all(select(a.Copy.title), select(a.Shelf.name))
        ).all(),
        {1: ["Dune", "Emma", "Kim", "S1"], 2: ["Dune", "Emma", "S2"]},
    ),
    "get": (
        lambda a, s, t: [n for n in range(1, 6) if s.get(a.Copy, n) is not None],
        {1: [1, 3, 5], 2: [2, 4]},
    ),
    "a lazy relationship": (of_relationship(), {1: [1], 2: [2]}),
    "a relationship in a second select": (
        of_relationship(selectinload),
        {1: [1], 2: [2]},
    ),
    "a relationship in a join": (of_relationship(joinedload), {1: [1], 2: [2]}),
    "the relationship of an object just added": (of_new_copy, {1: [], 2: []}),
}


@pytest.mark.parametrize("how", READINGS)
def test_q5_there_are_only_the_rows_of_the_tenant(answers, how):
    read, expected = READINGS[how]
    with warehouse(answers) as engine:
        found = {}
        for tenant in (1, 2):
            with guarded(answers, engine, tenant) as session:
                found[tenant] = result_of(
                    lambda session=session, tenant=tenant: sorted(
                        read(answers, session, tenant)
                    ),
                    f"For tenant {tenant}, {how}",
                )

    for tenant, own in expected.items():
        assert found[tenant] == own, (
            f"Through {how} tenant {tenant} finds {found[tenant]}; of that its own are "
            f"{own}."
        )


CHANGES = {
    "an update": lambda a: update(a.Copy).values(title="Momo"),
    "an update with a filter": lambda a: (
        update(a.Copy).where(a.Copy.title != "Momo").values(title="Momo")
    ),
    "a delete": lambda a: delete(a.Copy),
}


@pytest.mark.parametrize("how", CHANGES)
def test_q5_a_change_for_all_reaches_the_tenants_rows(answers, how):
    for tenant in (1, 2):
        with warehouse(answers) as engine:
            before = rows(engine)
            with guarded(answers, engine, tenant) as session:

                def change(session: Session = session) -> None:
                    session.execute(CHANGES[how](answers))
                    session.commit()

                result_of(change, f"For tenant {tenant}, {how}")
            after = rows(engine)

        reached = [row[3] for row in before if row not in after]
        own = [row[3] for row in before if row[3] == tenant]
        assert reached == own, (
            f"Tenant {tenant} sent {how} for all copies; it reached copies of the "
            f"tenants {reached or 'none'}."
        )


@pytest.mark.parametrize("tenant", [1, 2])
def test_q5_what_is_added_is_the_tenants(answers, tenant):
    with warehouse(answers) as engine:
        before = rows(engine)
        with guarded(answers, engine, tenant) as session:

            def add() -> None:
                shelf = answers.Shelf(
                    id=7, name="new", copies=[answers.Copy(title="A")]
                )
                session.add_all([shelf, answers.Copy(title="B")])
                session.add(answers.Copy(title="C", tenant_id=tenant))
                session.commit()

            result_of(add, "Adding a shelf and three copies")
        added = sorted(row[1:] for row in rows(engine) if row not in before)

    same = added == [("A", 7, tenant), ("B", None, tenant), ("C", None, tenant)]
    assert same, (
        f"Tenant {tenant} added A on a new shelf 7, B, and C, which names its tenant. "
        f"As title, shelf and tenant there are now {added}."
    )


def added(answers: Any, session: Session, foreign: Any) -> None:
    """Add a copy that says it is of the other tenant."""
    session.add(answers.Copy(title="Momo", tenant_id=foreign.tenant_id))


def changed(answers: Any, session: Session, foreign: Any) -> None:
    """Change a copy of the other tenant, which some cache held."""
    session.add(foreign)
    foreign.title = "Momo"


def deleted(answers: Any, session: Session, foreign: Any) -> None:
    """Delete a copy of the other tenant, which some cache held."""
    session.delete(foreign)


def given_away(answers: Any, session: Session, foreign: Any) -> None:
    """Make a copy of one's own the other tenant's."""
    own = session.scalars(select(answers.Copy)).first()
    assert own is not None, "The session has no copies at all."
    own.tenant_id = foreign.tenant_id


@pytest.mark.parametrize("how", [added, changed, deleted, given_away])
def test_q5_no_object_of_another_tenant_is_written(answers, how):
    met, deed = {}, how.__name__.replace("_", " ")
    with warehouse(answers) as engine:
        before = rows(engine)
        for tenant, other in ((1, 2), (2, 1)):
            with Session(engine) as session:
                foreign = session.get_one(answers.Copy, other)
            with guarded(answers, engine, tenant) as session:

                def write(session: Session = session, foreign: Any = foreign) -> None:
                    how(answers, session, foreign)
                    session.commit()

                met[tenant] = trouble_with(write)
        after = rows(engine)

    for tenant, error in met.items():
        assert isinstance(error, answers.Trespass), (
            f"In the session of tenant {tenant} a copy was {deed}, and it named tenant "
            f"{3 - tenant}. That met {told(error)}."
        )
    assert after == before, f"A copy was {deed}; the copies were {before}, are {after}."


OPAQUE: dict[str, Callable[[Any, Session], Any]] = {
    "text": lambda a, s: s.execute(text("SELECT title FROM copies")).all(),
    "a Table": lambda a, s: s.execute(select(a.Copy.__table__)).all(),
    "an INSERT": lambda a, s: s.execute(insert(a.Copy).values(title="A", tenant_id=2)),
    "an UPDATE by primary key": lambda a, s: s.execute(
        update(a.Copy), [{"id": 2, "title": "A"}, {"id": 4, "title": "A"}]
    ),
}


def test_q5_what_cannot_be_narrowed_is_refused(answers):
    with warehouse(answers) as engine:
        met = {}
        for how, execute in OPAQUE.items():
            with guarded(answers, engine, 1) as session:
                met[how] = trouble_with(
                    lambda execute=execute, session=session: execute(answers, session)
                )

    for how, error in met.items():
        assert isinstance(error, answers.Trespass), (
            f"{how}: criteria of the ORM do not reach it. In tenant 1's session it met "
            f"{told(error)}."
        )


def test_q5_classes_that_came_later_are_treated_alike(answers):
    class Pallet(answers.Owned, answers.Warehouse):
        __tablename__ = "pallets"
        id = mapped_column(Integer, primary_key=True)

    class Carrier(answers.Warehouse):
        __tablename__ = "carriers"
        id = mapped_column(Integer, primary_key=True)

    found = {}
    with warehouse(answers) as engine:
        for tenant in (1, 2):
            with guarded(answers, engine, tenant) as session:

                def work(session: Session = session, tenant: int = tenant) -> Any:
                    session.add_all([Pallet(id=tenant), Carrier(id=tenant)])
                    session.commit()
                    kinds = (Pallet, Carrier)
                    return [session.scalars(select(one.id)).all() for one in kinds]

                found[tenant] = result_of(work, "Work with pallets and carriers")

    assert [found[1][0], found[2][0]] == [[1], [2]], (
        "Pallets are Owned; tenants 1 and 2 added one each, in this order. Of pallets "
        f"they find {found[1][0]} and {found[2][0]}."
    )
    assert [found[1][1], found[2][1]] == [[1], [1, 2]], (
        "Carriers are nobody's; tenants 1 and 2 added one each, in this order. Of "
        f"carriers they find {found[1][1]} and {found[2][1]}."
    )


def test_q5_sessions_do_not_get_into_each_others_way(answers):
    with (
        warehouse(answers) as engine,
        guarded(answers, engine, 1) as first,
        guarded(answers, engine, 2) as second,
        guarded(answers, engine, 1) as third,
        Session(engine) as plain,
    ):
        sessions = {"1": first, "2": second, "1 again": third, "nobody": plain}
        found = {
            name: result_of(
                lambda session=session: sorted(
                    session.scalars(select(answers.Copy.id))
                ),
                f"A select for {name}",
            )
            for name, session in sessions.items()
        }
        error = trouble_with(lambda: plain.execute(text("DELETE FROM copies")))

    own = {"1": [1, 3, 5], "2": [2, 4], "1 again": [1, 3, 5], "nobody": [1, 2, 3, 4, 5]}
    assert found == own, (
        "Sessions were opened for tenants 1, 2 and 1 again, and an ordinary one. They "
        f"find copies {found}."
    )
    assert error is None, f"In an ordinary session a statement met {told(error)}"


def fill(answers: Any, engine: Engine, shop: str, books: int) -> None:
    """Give a shop so many books, and none besides."""
    number = func.generate_series(1, books).column_valued("number")
    values = select(literal(shop), func.concat(shop, ": 978-", number))
    with engine.begin() as connection:
        connection.execute(delete(answers.Book).where(answers.Book.shop == shop))
        connection.execute(insert(answers.Book).from_select(["shop", "isbn"], values))


def relations(answers: Any, tenancy: Any, engine: Engine, shops: list[str]) -> int:
    """Return how many tables and indexes there are."""
    query = (
        "SELECT count(*) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
        "WHERE relkind IN ('r', 'i') AND n.nspname !~ '^pg_|^information_schema$'"
    )
    with engine.connect() as connection:
        return connection.scalars(text(query)).one()


def sent_by(name: str) -> Callable[..., int]:
    """Return what counts the statements that the function of this name sends."""

    def measure(answers: Any, tenancy: Any, engine: Engine, shops: list[str]) -> int:
        with statements(engine) as sent:
            getattr(answers, name)(tenancy, shops)
        return len(sent)

    return measure


def texts(answers: Any, tenancy: Any, engine: Engine, shops: list[str]) -> int:
    """Return how many different texts are sent when every shop lists its books."""
    with statements(engine) as sent:
        for shop in shops:
            with tenancy.session(shop) as session:
                session.scalars(answers.listing(shop)).all()
    return len({one.sql for one in sent})


def rows_read(answers: Any, tenancy: Any, engine: Engine, shops: list[str]) -> int:
    """Return how many rows PostgreSQL reads when a shop lists its books."""
    with statements(engine) as sent, tenancy.session(shops[1]) as session:
        session.scalars(answers.listing(shops[1])).all()
    with engine.connect() as connection:
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {sent[0].sql}"
        plan = connection.exec_driver_sql(explain, sent[0].parameters).scalar_one()
    return read_by(plan[0]["Plan"])


def read_by(node: dict[str, Any]) -> int:
    """Return how many rows of tables a plan that was carried out has read."""
    below = sum(read_by(one) for one in node.get("Plans", []))
    if "Relation Name" not in node:
        return below
    read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return below + round(read * node["Actual Loops"])


MEASURES = {
    "catalogue": relations,
    "migration": sent_by("migrate"),
    "report": sent_by("count_books"),
    "texts": texts,
    "listing": rows_read,
    "indexed": rows_read,
}
# How many shops, and how many books each. A small table is read as a whole, index or
# not; so what the shops share has to be larger.
SIZES = {"rows": [(10, 120), (12, 150)], "schemas": [(2, 30), (5, 20)]}


def grown(answers: Any, engine: Engine, what: str, way: str) -> list[int]:
    """Return what a cost was, each time the platform had grown to the next size."""
    tenancy = answers.Tenancy(engine, schemas=way == "schemas")
    found: list[int] = []
    shops: list[str] = []
    for number, books in SIZES[way]:
        while len(shops) < number:
            shops.append(f"shop {len(shops) + 1}")
            tenancy.open(shops[-1])
        if MEASURES[what] is rows_read:
            for shop in shops:
                fill(answers, tenancy.engine_of(shop), shop, books)
        found.append(MEASURES[what](answers, tenancy, engine, shops))
    answers.Catalogue.metadata.drop_all(engine)  # for the other way to begin anew
    return found


@pytest.mark.parametrize("what", MEASURES)
def test_q6_the_cost_is_predicted(answers, postgres, what):
    predicted = {
        way: [predicted_for(answers.costs(*size), what, way) for size in SIZES[way]]
        for way in SIZES
    }
    if what == "indexed":
        Index("books_of_a_shop", answers.Book.shop)
    with engine_for(postgres.url) as engine:
        observed = {way: grown(answers, engine, what, way) for way in SIZES}

    for way, sizes in SIZES.items():
        same = predicted[way] == observed[way]
        assert same, (
            f'"{what}", {way}: for {sizes}, as shops and books, you expect '
            f"{predicted[way]}. Measured is something else. With what does it grow?"
        )
