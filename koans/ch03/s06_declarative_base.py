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
    raise NotImplementedError


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

    raise NotImplementedError


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
    raise NotImplementedError
