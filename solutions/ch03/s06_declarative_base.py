"""3.6  Utilizing the declarative base.

Columns and rules that several tables share are written once: in a mixin, in a parent
class, or in the declarative base.
Notes: content/docs/sqlalchemy/modeling/declarative-base-usage.md
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, ForeignKey, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def now() -> datetime:
    """Return the current time in UTC, without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def mixins() -> tuple[type[Any], type[Any]]:
    """3.6.1  How can you use mixins with `DeclarativeBase` to share common columns?

    Write two mixins, `Keyed` and `Audited`, and return them in this order. A mapped
    class takes one of them or both, and gets their columns.

    - `Keyed` has the column `id`, an integer primary key that the database assigns.
    - `Audited` has `created_at`, the time from `now()` when the row is inserted, and
      `changed_at`, the time from `now()` when the row is inserted or last updated. This
      also holds for statements such as `insert(Book)` and `update(Book)`.
    - No column may be NULL.

    Example:
        class Book(Keyed, Audited, Base):
            __tablename__ = "books"

            title: Mapped[str]  # the table has four columns in all
    """
    # region answer
    # In words: a mixin is a plain class without a table. SQLAlchemy copies its columns
    # into every mapped class that inherits from it, so all tables have the same
    # columns with the same rules. A class takes the mixins that it needs. A default is
    # a function: SQLAlchemy calls it for each row, and not when the class is created.

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    return Keyed, Audited
    # endregion


def staff_models() -> tuple[type[Any], type[Any]]:
    """3.6.2  Write a `DeclarativeBase` model with inheritance for `Employee` and
    `Manager`.

    Write `Employee` and `Manager` on the given `Base`, and return them in this order.
    Use joined table inheritance: the table `employees` has a row for everybody, and the
    table `managers` has a second row for each manager.

    - `employees` has the columns `id` (an integer primary key that the database
      assigns), `name`, and `kind`. SQLAlchemy sets `kind`, which is "employee" or
      "manager".
    - `managers` has the columns `id` and `budget` (an integer). The two rows of a
      manager have the same `id`. The database refuses a row in `managers` that has no
      row in `employees`.
    - No column may be NULL.
    - A query for `Employee` returns a `Manager` object for each manager, with its
      budget. A query for `Manager` returns the managers only.

    Example:
        session.add_all([Employee(name="Ada"), Manager(name="Bo", budget=1000)])
    """

    class Base(DeclarativeBase):
        pass

    # region answer
    class Employee(Base):
        __tablename__ = "employees"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "employee"}

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]

    class Manager(Employee):
        __tablename__ = "managers"
        __mapper_args__ = {"polymorphic_identity": "manager"}

        id: Mapped[int] = mapped_column(ForeignKey(Employee.id), primary_key=True)
        budget: Mapped[int]

    return Employee, Manager
    # endregion


def shop_base() -> type[DeclarativeBase]:
    """3.6.3  What are the benefits of using `DeclarativeBase` for model consistency?

    A base decides for all classes that inherit from it. Write a base for the shop and
    return it. It defines the types of columns and the names of constraints once, for
    all tables.

    - A column with the annotation `Mapped[str]` is a VARCHAR(200). With
      `Mapped[datetime]`, it is a timestamp with time zone. A class can still choose
      another type for a column.
    - A unique constraint, a foreign key or an index that has no name gets one from its
      kind, table and column: `uq_books_isbn`, `fk_books_author_id`, `ix_books_shelf`.
      If it has a name, it keeps this name.
    - A check constraint with the name "price" in the table `books` is called
      `ck_books_price` in the database.
    - Each call returns a new base, with its own `metadata`.

    Example:
        class Book(shop_base()):
            __tablename__ = "books"
    """
    # region answer
    # In words: a declarative base holds a registry and a metadata for all classes that
    # inherit from it. So a type or the name of a constraint is decided in one place,
    # and no class can forget it. The names matter later: a migration drops a
    # constraint by its name. The metadata also knows all tables, so `create_all` and
    # migration tools need no list of them.

    class Base(DeclarativeBase):
        type_annotation_map = {str: String(200), datetime: DateTime(timezone=True)}
        metadata = MetaData(
            naming_convention={
                "uq": "uq_%(table_name)s_%(column_0_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s",
                "ix": "ix_%(table_name)s_%(column_0_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
            }
        )

    return Base
    # endregion
