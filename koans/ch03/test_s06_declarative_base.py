"""The tests of section 3.6."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import (
    CheckConstraint,
    Engine,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from lab import attempt, in_words, outcome, sqlite_engine, stand_in


def two_classes(build: Any) -> tuple[Any, Any]:
    """Return the two classes that the answer's `build` returns."""
    call = f"`{getattr(build, '__name__', build)}()`"
    returned = attempt(call, build)
    classes = returned if isinstance(returned, tuple | list) else ()
    are_two = len(classes) == 2 and all(isinstance(one, type) for one in classes)
    assert are_two, (
        f"{call} returned {in_words(returned)}. The docstring asks for two classes."
    )
    return classes[0], classes[1]


def mapped(line: str, define: Any) -> Any:
    """Return the class that `define` defines; its first line is `line`."""
    seen = outcome(define)
    assert not isinstance(seen, Exception), (
        f"`{line}` raised {in_words(seen)}. The docstring asks for two mixins, `Keyed` "
        "and then `Audited`. A mapped class takes one of them or both."
    )
    return seen


class Shop:
    """Tables that are made with the answer's mixins; `time` is what `now()` returns."""

    def __init__(self, answers: Any) -> None:
        self.time = datetime(2026, 5, 1, 8, 0)
        stand_in(answers.now, lambda: self.time)
        keyed, audited = two_classes(answers.mixins)
        tables = [one.__name__ for one in (keyed, audited) if hasattr(one, "__table__")]
        assert not tables, (
            f"{in_words(tables)} has a table of its own. The docstring asks for "
            "mixins. A mixin is a plain class, and has no table."
        )

        class Base(DeclarativeBase):
            pass

        def shelf() -> type:
            class Shelf(keyed, Base):
                __tablename__ = "shelves"

                room: Mapped[str]

            return Shelf

        def delivery() -> type:
            class Delivery(audited, Base):
                __tablename__ = "deliveries"

                number: Mapped[str] = mapped_column(primary_key=True)

            return Delivery

        def book() -> type:
            class Book(keyed, audited, Base):
                __tablename__ = "books"

                title: Mapped[str]

            return Book

        def author() -> type:
            class Author(audited, keyed, Base):
                __tablename__ = "authors"

                name: Mapped[str]

            return Author

        self.Shelf = mapped("class Shelf(Keyed, Base)", shelf)
        self.Delivery = mapped("class Delivery(Audited, Base)", delivery)
        self.Book = mapped("class Book(Keyed, Audited, Base)", book)
        self.Author = mapped("class Author(Audited, Keyed, Base)", author)
        self.metadata = Base.metadata


@contextmanager
def opened(answers: Any) -> Iterator[tuple[Shop, Engine]]:
    """Yield a shop, and an engine on a database with its tables."""
    shop = Shop(answers)
    with sqlite_engine() as engine:
        attempt("`create_all`", shop.metadata.create_all, engine)
        yield shop, engine


COLUMNS = {
    "books": ["changed_at", "created_at", "id", "title"],
    "authors": ["changed_at", "created_at", "id", "name"],
    "shelves": ["id", "room"],
    "deliveries": ["changed_at", "created_at", "number"],
}


@pytest.mark.parametrize("table", COLUMNS)
def test_q1_each_table_has_the_columns_of_its_mixins(answers, table):
    with opened(answers) as (_, engine):
        columns = inspect(engine).get_columns(table)

    names = sorted(column["name"] for column in columns)
    assert names == COLUMNS[table], (
        f"The table {table} has the columns {in_words(names)}. The docstring asks for "
        f"the columns of its own mixins, here {COLUMNS[table]}."
    )
    nullable = [column["name"] for column in columns if column["nullable"]]
    assert not nullable, (
        f"In the table {table}, {in_words(nullable)} may be NULL. The docstring says "
        "that no column may be NULL. Look at the annotations of your columns."
    )


@pytest.mark.parametrize("table", ["books", "authors", "shelves"])
def test_q1_keyed_has_an_integer_primary_key(answers, table):
    with opened(answers) as (_, engine):
        key = inspect(engine).get_pk_constraint(table)["constrained_columns"]
        columns = {
            one["name"]: one["type"] for one in inspect(engine).get_columns(table)
        }

    kind = str(columns.get("id"))
    assert (key, kind) == (["id"], "INTEGER"), (
        f"The table {table} has the primary key {in_words(key)}, and the type of `id` "
        f"is {kind}. The docstring asks for an integer primary key `id`."
    )


def test_q1_the_database_assigns_the_id(answers):
    with opened(answers) as (shop, engine), Session(engine) as session:
        session.execute(text("INSERT INTO shelves (room) VALUES ('cellar')"))
        session.add_all([shop.Shelf(room="hall"), shop.Shelf(room="attic")])
        seen = outcome(session.commit)
        assert not isinstance(seen, Exception), (
            "A program inserted a shelf with SQL, without an `id`. Then saving two "
            f"`Shelf` objects raised {in_words(seen)}. The docstring asks for an `id` "
            "that the database assigns."
        )
        numbers = [one.id for one in session.scalars(select(shop.Shelf))]

    assert sorted(numbers) == [1, 2, 3], (
        f"Three shelves were saved, and their ids are {in_words(numbers)}. The "
        "docstring asks for an `id` that the database assigns."
    )


EARLY, LATE = datetime(2026, 5, 4, 10, 0), datetime(2026, 5, 5, 17, 30)


def times_of(session: Session, kind: Any) -> tuple[datetime, datetime]:
    """Return when the only row of a class was created and changed."""
    row = session.execute(select(kind.created_at, kind.changed_at)).one()
    return row[0], row[1]


def inserted(how: str, insert_row: Any) -> None:
    """Insert a row, or say what the docstring asks for."""
    seen = outcome(insert_row)
    assert not isinstance(seen, Exception), (
        f"`{how}` raised {in_words(seen)}. The docstring asks for both times when a "
        "row is inserted, also by a statement."
    )


def save(shop: Shop, engine: Engine) -> None:
    """Insert a book, as an object, and a delivery, with a statement."""
    with Session(engine) as session:
        book = attempt('`Book(title="Persuasion")`', shop.Book, title="Persuasion")
        session.add(book)
        shop.time = EARLY
        inserted("session.add(Book(...))", session.flush)
        delivery = insert(shop.Delivery).values(number="A7")
        inserted("insert(Delivery)", lambda: session.execute(delivery))
        session.commit()


@pytest.mark.parametrize("kind", ["Book", "Delivery"], ids=["an object", "a statement"])
def test_q1_both_times_are_those_of_the_insert(answers, kind):
    with opened(answers) as (shop, engine):
        save(shop, engine)
        shop.time = LATE
        with Session(engine) as session:
            times = times_of(session, getattr(shop, kind))

    how = {"Book": "session.add(Book(...))", "Delivery": "insert(Delivery)"}[kind]
    assert times == (EARLY, EARLY), (
        f"`{how}` inserted a row when `now()` returned {EARLY}. `created_at` is "
        f"{times[0]}, and `changed_at` is {times[1]}. The docstring asks for the time "
        "of the insert in both."
    )


@pytest.mark.parametrize("manner", ["an object", "an UPDATE statement"])
def test_q1_an_update_changes_changed_at(answers, manner):
    with opened(answers) as (shop, engine):
        save(shop, engine)
        shop.time = LATE
        with Session(engine) as session:
            if manner == "an object":
                session.scalars(select(shop.Book)).one().title = "Emma"
            else:
                session.execute(update(shop.Book).values(title="Emma"))
            attempt("Changing the title", session.commit)
            times = times_of(session, shop.Book)
            delivery = times_of(session, shop.Delivery)

    assert times == (EARLY, LATE), (
        f"The title was changed through {manner} when `now()` returned {LATE}. "
        f"`created_at` is {times[0]}, and `changed_at` is {times[1]}. The docstring "
        f"asks for the time of the insert, {EARLY}, and the time of the update."
    )
    assert delivery == (EARLY, EARLY), (
        f"A book was changed, and a delivery has the times {in_words(delivery)}. "
        "The docstring asks for the time when this row was updated."
    )


class Firm:
    """The answer's Employee and Manager, and a database with two of each."""

    def __init__(self, answers: Any, engine: Engine) -> None:
        self.Employee, self.Manager = two_classes(answers.staff_models)
        names = [one.__name__ for one in (self.Employee, self.Manager)]
        assert issubclass(self.Manager, self.Employee), (
            f"`staff_models()` returned {' and '.join(names)}, and the second class "
            "does not inherit from the first. The docstring asks for `Employee` and "
            "then `Manager`, with inheritance: a manager is an employee."
        )
        self.engine = engine
        seen = outcome(self._save)
        assert not isinstance(seen, Exception), (
            f"Saving employees and managers raised {in_words(seen)}. The docstring "
            "says that the database assigns `id`, and that SQLAlchemy sets `kind`."
        )

    def _save(self) -> None:
        self.Employee.metadata.create_all(self.engine)
        with Session(self.engine) as session:
            session.add(self.Employee(name="Ada"))
            session.add(self.Manager(name="Bo", budget=1000))
            session.add(self.Employee(name="Cleo"))
            session.add(self.Manager(name="Dan", budget=3000))
            session.commit()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query in SQL."""
        with self.engine.connect() as connection:
            found = attempt(f"`{query}`", connection.execute, text(query))
            return [tuple(row) for row in found]

    def select(self, kind: Any) -> list[tuple[str, str, Any]]:
        """Return the class, the name and the budget of each object of a query."""

        def read() -> list[tuple[str, str, Any]]:
            with Session(self.engine) as session:
                found = session.scalars(select(kind)).all()
                names = {self.Employee: "Employee", self.Manager: "Manager"}
                return sorted(
                    (names[type(one)], one.name, getattr(one, "budget", None))
                    for one in found
                )

        rows: list[tuple[str, str, Any]] = attempt("A query", read)
        return rows


@pytest.fixture
def engine():
    """An engine on an empty database."""
    with sqlite_engine() as one:
        yield one


@pytest.mark.parametrize(
    ("table", "expected"),
    [("employees", ["id", "kind", "name"]), ("managers", ["budget", "id"])],
)
def test_q2_each_table_has_its_own_columns(answers, engine, table, expected):
    firm = Firm(answers, engine)
    assert inspect(firm.engine).has_table(table), (
        f"There is no table {table}. The docstring asks for two tables."
    )

    columns = inspect(firm.engine).get_columns(table)
    names = sorted(column["name"] for column in columns)
    assert names == expected, (
        f"The table {table} has the columns {in_words(names)}. The docstring asks for "
        f"{expected}."
    )
    nullable = [column["name"] for column in columns if column["nullable"]]
    assert not nullable, (
        f"In the table {table}, {in_words(nullable)} may be NULL. The docstring says "
        "that no column may be NULL."
    )


def test_q2_everybody_has_a_row_in_employees(answers, engine):
    firm = Firm(answers, engine)
    rows = firm.rows("SELECT name, kind FROM employees ORDER BY name")

    kinds = {"Ada": "employee", "Bo": "manager", "Cleo": "employee", "Dan": "manager"}
    assert rows == list(kinds.items()), (
        "Ada and Cleo were saved as employees, Bo and Dan as managers. The names and "
        f"kinds in `employees` are {in_words(rows)}. The docstring asks for a row for "
        'everybody, with the kind "employee" or "manager".'
    )


def test_q2_the_database_assigns_the_id(answers, engine):
    firm = Firm(answers, engine)
    statement = text("INSERT INTO employees (name, kind) VALUES ('Eve', 'employee')")
    with engine.begin() as connection:
        connection.execute(statement)
    with Session(engine) as session:
        session.add(firm.Manager(name="Fay", budget=5))
        seen = outcome(session.commit)

    assert not isinstance(seen, Exception), (
        "A program inserted an employee with SQL, without an `id`. Then saving a "
        f"`Manager` raised {in_words(seen)}. The docstring asks for an `id` that the "
        "database assigns."
    )


def test_q2_a_manager_has_a_second_row_with_the_same_id(answers, engine):
    firm = Firm(answers, engine)
    rows = firm.rows(
        "SELECT name, budget FROM managers JOIN employees USING (id) ORDER BY name"
    )
    count = firm.rows("SELECT count(*) FROM managers")

    assert (rows, count) == ([("Bo", 1000), ("Dan", 3000)], [(2,)]), (
        f"Joined by their ids, `employees` and `managers` have the rows "
        f"{in_words(rows)}, and `managers` has {count[0][0]} rows. The docstring asks "
        "for a row in `managers` with the same id for Bo (1000) and Dan (3000)."
    )


def test_q2_a_query_for_employees_returns_managers_as_managers(answers, engine):
    firm = Firm(answers, engine)
    seen = firm.select(firm.Employee)

    assert seen == [
        ("Employee", "Ada", None),
        ("Employee", "Cleo", None),
        ("Manager", "Bo", 1000),
        ("Manager", "Dan", 3000),
    ], (
        f"A query for `Employee` returned {in_words(seen)}. The docstring asks for a "
        "`Manager` object with its budget for each manager, here Bo and Dan."
    )


def test_q2_a_query_for_managers_returns_managers_only(answers, engine):
    firm = Firm(answers, engine)
    seen = firm.select(firm.Manager)

    assert seen == [("Manager", "Bo", 1000), ("Manager", "Dan", 3000)], (
        f"A query for `Manager` returned {in_words(seen)}. The docstring asks for the "
        "managers only, here Bo and Dan."
    )


def test_q2_the_database_refuses_a_manager_who_is_no_employee(answers, engine):
    firm = Firm(answers, engine)
    statement = "INSERT INTO managers (id, budget) VALUES (99, 5) RETURNING id"
    seen = outcome(lambda: firm.rows(statement))

    assert isinstance(seen, AssertionError), (
        "There is no employee 99, and the database accepted a row for 99 in "
        "`managers`. The docstring asks the database to refuse it."
    )


def base_of(answers: Any) -> Any:
    """Return the base that one call of `shop_base` returns."""
    base = attempt("`shop_base()`", answers.shop_base)
    is_base = isinstance(base, type) and hasattr(base, "metadata")
    assert is_base, (
        f"`shop_base()` returned {in_words(base)}. The docstring asks for a "
        "declarative base, which is a class."
    )
    return base


class Catalogue:
    """Classes that inherit from the answer's base."""

    def __init__(self, base: Any) -> None:
        def define() -> tuple[type, ...]:
            class Author(base):
                __tablename__ = "authors"
                __table_args__ = (CheckConstraint("born > 0", name="born"),)

                number: Mapped[int] = mapped_column(primary_key=True)
                name: Mapped[str] = mapped_column("full_name", unique=True)
                born: Mapped[int]

            class Book(base):
                __tablename__ = "books"
                __table_args__ = (
                    CheckConstraint("price > 0", name="price"),
                    UniqueConstraint("shelf", "price", name="one_price"),
                    Index("by_price", "price"),
                    ForeignKeyConstraint(
                        ["editor_id"], ["authors.number"], name="editor"
                    ),
                )

                id: Mapped[int] = mapped_column(primary_key=True)
                isbn: Mapped[str] = mapped_column(unique=True)
                shelf: Mapped[str | None] = mapped_column(String(20), index=True)
                price: Mapped[int]
                added_at: Mapped[datetime | None]
                author_id: Mapped[int] = mapped_column(ForeignKey("authors.number"))
                editor_id: Mapped[int | None]

            return Author, Book

        self.Author, self.Book = attempt("A class with your base", define)
        self.metadata = base.metadata


NAMES = {
    "unique constraints": ["one_price", "uq_authors_full_name", "uq_books_isbn"],
    "foreign keys": ["editor", "fk_books_author_id"],
    "indexes": ["by_price", "ix_books_shelf"],
    "check constraints": ["ck_authors_born", "ck_books_price"],
}


def names_in(engine: Engine, kind: str) -> list[str]:
    """Return the names of all constraints of this kind in the database."""
    database = inspect(engine)
    read = {
        "unique constraints": database.get_unique_constraints,
        "foreign keys": database.get_foreign_keys,
        "indexes": database.get_indexes,
        "check constraints": database.get_check_constraints,
    }[kind]
    tables = database.get_table_names()
    found = [one for table in tables for one in read(table)]
    return sorted(str(one["name"] or "no name") for one in found)


@pytest.mark.parametrize("kind", NAMES)
def test_q3_the_base_names_the_constraints(answers, kind):
    catalogue = Catalogue(base_of(answers))
    with sqlite_engine() as engine:
        seen = outcome(lambda: catalogue.metadata.create_all(engine))
        assert not isinstance(seen, Exception), (
            "`create_all` of two tables with constraints and an index raised "
            f"{in_words(seen)}. The docstring asks for a name for each of them, also "
            "for the index. Look at the `metadata` of your base."
        )
        names = names_in(engine, kind)

    assert names == NAMES[kind], (
        f"The {kind} of the tables `authors` and `books` have the names "
        f"{in_words(names)}. The docstring asks for {NAMES[kind]}. Look at the "
        "`metadata` of your base."
    )


@pytest.mark.parametrize(
    ("table", "column", "expected"),
    [
        ("Book", "isbn", "VARCHAR(200)"),
        ("Author", "full_name", "VARCHAR(200)"),
        ("Book", "shelf", "VARCHAR(20)"),
        ("Book", "added_at", "TIMESTAMP WITH TIME ZONE"),
        ("Author", "born", "INTEGER"),
    ],
)
def test_q3_the_base_chooses_the_type_of_a_column(answers, table, column, expected):
    catalogue = Catalogue(base_of(answers))
    isbn = catalogue.Book.__table__.c.isbn.type
    assert getattr(isbn, "length", None) == 200, (
        f"In `books`, the type of `isbn` is {isbn!r}. The docstring asks for a "
        "VARCHAR(200) for the annotation `Mapped[str]`."
    )

    with sqlite_engine() as engine:
        outcome(lambda: catalogue.metadata.create_all(engine))  # may change a type
    kind = getattr(catalogue, table).__table__.c[column].type
    seen = kind.compile(dialect=postgresql.dialect())
    where = "Look at what your base says about its annotation."
    if column == "shelf":
        where = "The class chooses this type: `mapped_column(String(20), index=True)`."
    assert seen == expected, (
        f"On PostgreSQL, the column `{column}` of `{table}` is {seen}. The docstring "
        f"asks for {expected}. {where}"
    )


def test_q3_each_call_returns_a_new_base(answers):
    one, other = base_of(answers), base_of(answers)

    assert one is not other, (
        "Two calls of `shop_base()` returned the same class. The docstring asks for a "
        "new base for each call."
    )
    assert one.metadata is not other.metadata, (
        "Two calls of `shop_base()` returned bases with the same `metadata`. The "
        "docstring asks for a `metadata` of its own."
    )
    Catalogue(one)
    seen = outcome(lambda: Catalogue(other))
    assert not isinstance(seen, Exception), (
        "The same two classes were defined on the bases of two calls. For the second "
        f"one: {in_words(seen)}. The docstring asks for a new base for each call."
    )
