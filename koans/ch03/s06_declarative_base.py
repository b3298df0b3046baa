"""3.6  Utilizing the declarative base.

What all tables have in common is written once: in mixins, in a parent, in the base.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import DateTime, ForeignKey, MetaData, Numeric, String, inspect
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    mapped_column,
    relationship,
)


class Base(DeclarativeBase):
    """What the tables of the bookshop derive from."""


class Staff(Base):
    """Somebody who works in the bookshop."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def now() -> datetime:
    """Return the time that is written into tables: UTC, without saying so."""
    return datetime.now(UTC).replace(tzinfo=None)


def mixins() -> tuple[type[Any], type[Any]]:
    """3.6.1  How can you use mixins with `DeclarativeBase` to share common columns?

    Return two mixins, `Keyed` and `Audited`, of which a table takes one or both, as in
    `class Book(Audited, Keyed, Base)`. Keyed: the table is named like its class, in
    lower case, and has an integer primary key `id`. Audited: `created_at` is what
    `now` says when the row is inserted, `changed_at` what it said when the row was
    last written; `writer_id` refers to the table of `Staff`, `writer` is the `Staff`.
    None of them may be null.
    """
    raise NotImplementedError


def staff_models() -> tuple[type[Any], type[Any]]:
    """3.6.2  Write a `DeclarativeBase` model with inheritance for `Employee` and
    `Manager`.

    Return the two mapped classes, with a base of their own. Every employee has a row
    in the table `employees`: `id`, `name`, and `kind`, "employee" or "manager". A
    manager is an employee who has, under the same `id`, another row in `managers`,
    with a `budget` in whole euros. Who selects employees gets each as what it is, and
    all of them with their budgets in one statement. No column may be null.
    """
    raise NotImplementedError


def shop_base() -> type[DeclarativeBase]:
    """3.6.3  What are the benefits of using `DeclarativeBase` for model consistency?

    Return a base. Of the classes derived from it, a column of `str` is VARCHAR(200), of
    `Decimal` NUMERIC(10, 2), of `datetime` a timestamp with time zone. Constraints and
    indexes that get no name are `pk_book`, `fk_book_author_id`, `uq_book_isbn`,
    `ix_book_title` (kind, table, column); a check is `ck_book_` and the name it has.
    `as_dict()` returns an object's columns, and no relationship, by its attributes.
    """
    raise NotImplementedError
