"""The tests of section 3.6."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    CheckConstraint,
    Engine,
    ForeignKey,
    String,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from lab import sqlite_engine, statements


@contextmanager
def telling(what: str) -> Iterator[None]:
    """Tell in words what the learner's code raises in the block, after `what`."""
    try:
        yield
    except NotImplementedError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())
        told = f"{what} raised {type(error).__name__}: {said:.300}"
        raise AssertionError(told) from error


def pair(build: Any) -> tuple[Any, Any]:
    """Return the two classes that the learner's `build` returns, if it does."""
    name = getattr(build, "__name__", "that")
    with telling(f"`{name}`"):
        returned = build()
    classes = returned if isinstance(returned, tuple | list) else ()
    two = len(classes) == 2 and all(isinstance(one, type) for one in classes)
    assert two, f"`{name}` returns {returned!r}, not two classes."
    return classes[0], classes[1]


class Clock:
    """Stands in for `now`; `time` is what it says."""

    def __init__(self) -> None:
        self.time = datetime(2026, 5, 4, 9, 0)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.time


class Shop:
    """The tables that are made with the learner's mixins."""

    def __init__(self, answers: Any) -> None:
        self.clock = answers.now = Clock()
        base, self.Staff = answers.Base, answers.Staff
        keyed, audited = pair(answers.mixins)
        with telling("A table with both mixins"):

            class Book(audited, keyed, base):
                title: Mapped[str]

            class Author(audited, keyed, base):
                name: Mapped[str]

        with telling("A table with the first mixin alone, Keyed,"):

            class Shelf(keyed, base):
                room: Mapped[str]

        with telling("A table with the second mixin alone, Audited,"):

            class Delivery(audited, base):
                __tablename__ = "deliveries"

                number: Mapped[str] = mapped_column(primary_key=True)

        self.Book, self.Author = Book, Author
        self.Shelf, self.Delivery = Shelf, Delivery
        self.metadata = base.metadata


@contextmanager
def opened(answers: Any) -> Iterator[tuple[Shop, Engine]]:
    """Yield a shop, and an engine on a database with its tables."""
    shop = Shop(answers)
    with sqlite_engine() as engine:
        with telling("`create_all`"):
            shop.metadata.create_all(engine)
        yield shop, engine


COLUMNS = {
    "book": {"id", "title", "created_at", "changed_at", "writer_id"},
    "author": {"id", "name", "created_at", "changed_at", "writer_id"},
    "shelf": {"id", "room"},
    "deliveries": {"number", "created_at", "changed_at", "writer_id"},
}


def test_q1_each_table_has_the_columns_of_its_mixins(answers):
    with opened(answers) as (_, engine):
        database = inspect(engine)
        names = [name for name in database.get_table_names() if name != "staff"]
        tables = {name: database.get_columns(name) for name in names}

    assert set(names) == set(COLUMNS), (
        "The classes Book, Author and Shelf, and Delivery with a name of its own, "
        f"have made the tables {names}."
    )
    for table, columns in tables.items():
        seen = {column["name"] for column in columns}
        assert seen == COLUMNS[table], f"The table {table} has the columns {seen}."
        empty = [column["name"] for column in columns if column["nullable"]]
        assert not empty, f"In the table {table} null is allowed in {empty}."


@pytest.mark.parametrize("kind", ["Book", "Author", "Shelf"])
def test_q1_the_key_is_an_integer(answers, kind):
    with opened(answers) as (shop, engine):
        database, table = inspect(engine), getattr(shop, kind).__tablename__
        key = database.get_pk_constraint(table)["constrained_columns"]
        types = {one["name"]: str(one["type"]) for one in database.get_columns(table)}

    assert key == ["id"], f"The primary key of {table} is {key}."
    assert types["id"] == "INTEGER", f"In {table} the id is of type {types['id']}."


@pytest.mark.parametrize("kind", ["Book", "Author", "Delivery"])
def test_q1_each_audited_table_refers_to_the_staff(answers, kind):
    with opened(answers) as (shop, engine):
        table = getattr(shop, kind).__tablename__
        seen = [
            (key["constrained_columns"], key["referred_table"], key["referred_columns"])
            for key in inspect(engine).get_foreign_keys(table)
        ]

    assert seen == [(["writer_id"], "staff", ["id"])], (
        f"The table {table} has the foreign keys {seen}: a writer that nobody knows "
        "can be written into it."
    )


def write_rows(shop: Shop, engine: Engine) -> None:
    """Store a row in each audited table, written by Mara, Jo and Mara."""
    with Session(engine) as session, telling("Storing rows that have a `writer`"):
        mara, jo = shop.Staff(name="Mara"), shop.Staff(name="Jo")
        session.add_all([mara, jo])
        session.add(shop.Book(title="Emma", writer=mara))
        session.add(shop.Author(name="Jane Austen", writer=jo))
        session.add(shop.Delivery(number="A7", writer=mara))
        session.commit()


@pytest.mark.parametrize(
    ("kind", "name"), [("Book", "Mara"), ("Author", "Jo"), ("Delivery", "Mara")]
)
def test_q1_the_writer_is_read_in_the_next_session(answers, kind, name):
    with opened(answers) as (shop, engine):
        write_rows(shop, engine)
        with Session(engine) as session, telling(f"Reading `{kind}.writer`"):
            writer = session.scalars(select(getattr(shop, kind))).one().writer
            seen = type(writer).__name__, getattr(writer, "name", writer)

    assert seen == ("Staff", name), f"{name} has written this {kind}, read is {seen}."


@pytest.mark.parametrize("kind", ["Book", "Author", "Delivery"])
def test_q1_the_times_are_those_of_writing(answers, kind):
    began, changed = datetime(2026, 5, 4, 10, 0), datetime(2026, 5, 5, 17, 30)
    seen = []
    with opened(answers) as (shop, engine):
        shop.clock.time = began
        write_rows(shop, engine)
        shop.clock.time = changed
        for _ in range(2):
            with Session(engine) as session, telling(f"Reading and changing a {kind}"):
                row = session.scalars(select(getattr(shop, kind))).one()
                seen.append((row.created_at, row.changed_at))
                row.writer = shop.Staff(name="Kim")
                session.commit()

    assert seen[0] == (began, began), (
        f"Inserted at {began}, the row says: created {seen[0][0]}, "
        f"changed {seen[0][1]}."
    )
    assert seen[1] == (began, changed), (
        f"Inserted at {began}, then changed at {changed}, the row says: "
        f"created {seen[1][0]}, changed {seen[1][1]}."
    )


class Firm:
    """The learner's Employee and Manager, and a database with two of each."""

    def __init__(self, answers: Any, engine: Engine) -> None:
        self.Employee, self.Manager = pair(answers.staff_models)
        self.engine = engine
        with telling("Storing employees and managers"):
            self.Employee.__table__.metadata.create_all(engine)
            with Session(engine) as session:
                session.add(self.Employee(name="Ada"))
                session.add(self.Manager(name="Bo", budget=1000))
                session.add(self.Employee(name="Cleo"))
                session.add(self.Manager(name="Dan", budget=3000))
                session.commit()

    @contextmanager
    def session(self, doing: str) -> Iterator[Session]:
        """Yield a session; tell what is raised while the learner's code is `doing`."""
        with Session(self.engine) as session, telling(doing):
            yield session

    def rows(self, query: str) -> list[tuple]:
        """Return what the next session reads with this SQL."""
        with self.engine.connect() as connection, telling(query):
            return [tuple(row) for row in connection.execute(text(query))]


@contextmanager
def founded(answers: Any) -> Iterator[Firm]:
    """Yield a firm with a database of its own."""
    with sqlite_engine() as engine:
        yield Firm(answers, engine)


BUDGETS = {"Bo": 1000, "Dan": 3000}


def test_q2_every_employee_has_a_row_and_a_manager_another(answers):
    with founded(answers) as firm:
        everybody = firm.rows("SELECT name, kind FROM employees ORDER BY name")
        managers = firm.rows(
            "SELECT name, budget FROM managers JOIN employees USING (id) ORDER BY name"
        )
        heads = firm.rows("SELECT count(*) FROM managers")

    kinds = {"Ada": "employee", "Bo": "manager", "Cleo": "employee", "Dan": "manager"}
    assert everybody == list(kinds.items()), (
        "Ada and Cleo are employees, Bo and Dan managers. "
        f"The table employees holds {everybody}."
    )
    assert managers == list(BUDGETS.items()), (
        f"Bo has a budget of 1000, Dan one of 3000. Under their ids stand {managers}."
    )
    assert heads == [(2,)], f"Of two managers the table managers has {heads} rows."


def test_q2_the_columns_stand_where_they_belong(answers):
    columns = {"employees": {"id", "name", "kind"}, "managers": {"id", "budget"}}
    with founded(answers) as firm:
        database = inspect(firm.engine)
        tables = {
            table: database.get_columns(table) if database.has_table(table) else []
            for table in columns
        }

    for table, found in tables.items():
        seen = {column["name"] for column in found}
        assert seen == columns[table], f"The table {table} has the columns {seen}."
        empty = [column["name"] for column in found if column["nullable"]]
        assert not empty, f"In the table {table} null is allowed in {empty}."


def test_q2_who_selects_employees_gets_each_as_what_it_is(answers):
    with founded(answers) as firm, firm.session("Selecting employees") as session:
        found = session.scalars(select(firm.Employee)).all()
        seen = {one.name: type(one) for one in found}
        budgets = {one.name: one.budget for one in found if one.name in BUDGETS}

    kinds = {name: kind.__name__ for name, kind in seen.items()}
    managers = {name for name, kind in seen.items() if kind is firm.Manager}
    assert len(seen) == 4, f"There are four employees. Selected are {kinds}."
    assert managers == set(BUDGETS), f"Bo and Dan are managers. Selected are {kinds}."
    assert issubclass(firm.Manager, firm.Employee), "A Manager is not an Employee."
    assert budgets == BUDGETS, f"The budgets of the managers are read as {budgets}."


def test_q2_who_selects_managers_gets_managers(answers):
    with founded(answers) as firm, firm.session("Selecting managers") as session:
        found = session.scalars(select(firm.Manager)).all()
        seen = sorted((one.name, one.budget, one.kind) for one in found)

    assert seen == [("Bo", 1000, "manager"), ("Dan", 3000, "manager")], (
        f"Bo and Dan are managers. Who selects managers gets {seen}."
    )


def test_q2_one_statement_reads_all_budgets(answers):
    with (
        founded(answers) as firm,
        firm.session("Selecting employees") as session,
        statements(firm.engine) as sent,
    ):
        found = session.scalars(select(firm.Employee)).all()
        budgets = {one.name: one.budget for one in found if one.name in BUDGETS}

    assert budgets == BUDGETS, f"The budgets of the managers are read as {budgets}."
    assert len(sent) == 1, (
        f"Reading all employees, with the budgets of two, took {len(sent)} statements, "
        f"the last of them: {sent[-1]}"
    )


def test_q2_who_is_deleted_is_gone_from_both_tables(answers):
    with founded(answers) as firm:
        with firm.session("Deleting Dan") as session:
            dan = select(firm.Employee).filter_by(name="Dan")
            session.delete(session.scalars(dan).one())
            session.commit()
        left = firm.rows("SELECT count(*) FROM employees")
        left += firm.rows("SELECT count(*) FROM managers")

    assert left == [(3,), (1,)], (
        f"Dan was deleted. Rows in the tables employees and managers: {left}."
    )


def test_q2_only_an_employee_can_be_a_manager(answers):
    refused = False
    nobody = text("INSERT INTO managers (id, budget) VALUES (99, 5)")
    with founded(answers) as firm, firm.session("INSERT INTO managers") as session:
        try:
            session.execute(nobody)
        except IntegrityError:
            refused = True

    assert refused, (
        "There is no employee 99, and the database takes a row for him in managers."
    )


class Catalogue:
    """Tables whose classes derive from the learner's base."""

    def __init__(self, answers: Any) -> None:
        with telling("`shop_base`"):
            base = answers.shop_base()
        derivable = isinstance(base, type) and hasattr(base, "metadata")
        assert derivable, f"`shop_base` returns {base!r}: no table derives from that."
        with telling("A table that derives from your base"):

            class Author(base):
                __tablename__ = "author"
                __table_args__ = (CheckConstraint("born > 0", name="born"),)

                number: Mapped[int] = mapped_column(primary_key=True)
                name: Mapped[str] = mapped_column("full_name", unique=True)
                born: Mapped[int] = mapped_column(index=True)
                royalty: Mapped[Decimal | None]

            class Book(base):
                __tablename__ = "book"
                __table_args__ = (CheckConstraint("price > 0", name="price"),)

                id: Mapped[int] = mapped_column(primary_key=True)
                isbn: Mapped[str] = mapped_column(unique=True)
                title: Mapped[str] = mapped_column(index=True)
                place: Mapped[str | None] = mapped_column("shelf", String(20))
                price: Mapped[Decimal | None]
                added_at: Mapped[datetime | None]
                author_id: Mapped[int] = mapped_column(ForeignKey("author.number"))
                author: Mapped[Author] = relationship(backref="books")

        self.Author, self.Book, self.metadata = Author, Book, base.metadata


NAMES = {
    "primary keys": ["pk_author", "pk_book"],
    "foreign keys": ["fk_book_author_id"],
    "unique constraints": ["uq_author_full_name", "uq_book_isbn"],
    "indexes": ["ix_author_born", "ix_book_title"],
    "checks": ["ck_author_born", "ck_book_price"],
}


def names_in(engine: Engine, kind: str) -> list[str]:
    """Return the names of all constraints of this kind, as the database knows them."""
    database = inspect(engine)
    read = {
        "primary keys": lambda table: [database.get_pk_constraint(table)],
        "foreign keys": database.get_foreign_keys,
        "unique constraints": database.get_unique_constraints,
        "indexes": database.get_indexes,
        "checks": database.get_check_constraints,
    }[kind]
    return sorted(
        str(one["name"]) for table in database.get_table_names() for one in read(table)
    )


@pytest.mark.parametrize("kind", NAMES)
def test_q3_the_database_knows_constraints_by_their_names(answers, kind):
    catalogue = Catalogue(answers)
    with sqlite_engine() as engine:
        with telling("`create_all`"):
            catalogue.metadata.create_all(engine)
        seen = names_in(engine, kind)

    same = seen == NAMES[kind]
    assert same, (
        f"The database knows the {kind} of author and book as {seen}. "
        "A migration that has to drop one needs the name that you agreed on."
    )


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [
        ("Book", "isbn", "VARCHAR(200)"),
        ("Author", "full_name", "VARCHAR(200)"),
        ("Book", "shelf", "VARCHAR(20)"),
        ("Book", "price", "NUMERIC(10, 2)"),
        ("Author", "royalty", "NUMERIC(10, 2)"),
        ("Book", "added_at", "TIMESTAMP WITH TIME ZONE"),
        ("Author", "born", "INTEGER"),
    ],
)
def test_q3_an_annotation_has_one_type_in_all_tables(answers, table, column, kind):
    model = getattr(Catalogue(answers), table)

    mapped = model.__table__.c[column].type
    seen = mapped.compile(dialect=postgresql.dialect())
    assert seen == kind, (
        f"In PostgreSQL the column {column} of {table} is {seen}. "
        "What does your base say about the type in its annotation?"
    )


def test_q3_every_object_tells_its_columns(answers):
    catalogue = Catalogue(answers)
    jane = {"number": 3, "name": "Jane Austen", "born": 1775, "royalty": None}
    emma = {"id": 7, "isbn": "978-1", "title": "Emma", "place": None, "author_id": 3}
    with sqlite_engine() as engine:
        with telling("Storing an author and her book"):
            catalogue.metadata.create_all(engine)
            with Session(engine) as session:
                session.add(catalogue.Author(**jane, books=[catalogue.Book(**emma)]))
                session.commit()
        with Session(engine) as session, telling("`as_dict`"):
            book = session.scalars(select(catalogue.Book)).one()
            told = [book.author.as_dict(), book.as_dict()]

    whole = [jane, emma | {"price": None, "added_at": None}]
    for stored, seen in zip(whole, told, strict=True):
        assert seen == stored, f"Stored was {stored}. `as_dict` tells {seen}."
