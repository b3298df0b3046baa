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
    # region answer
    declared_attr,
    # stub:
    # endregion
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
    # region answer
    # In words: a mixin is a plain class, no table. Its `mapped_column`s are copied into
    # each class that takes it, foreign keys included. What cannot be copied, or depends
    # on the class, a `declared_attr` method makes anew for each: relationships and
    # `__tablename__`. Mixins stand before the base, and a table takes those it needs.

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

        @declared_attr.directive
        @classmethod
        def __tablename__(cls) -> str:
            return cls.__name__.lower()

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
        writer_id: Mapped[int] = mapped_column(ForeignKey(Staff.id))

        @declared_attr
        @classmethod
        def writer(cls) -> Mapped[Staff]:
            return relationship()

    return Keyed, Audited
    # endregion


def staff_models() -> tuple[type[Any], type[Any]]:
    """3.6.2  Write a `DeclarativeBase` model with inheritance for `Employee` and
    `Manager`.

    Return the two mapped classes, with a base of their own. Every employee has a row
    in the table `employees`: `id`, `name`, and `kind`, "employee" or "manager". A
    manager is an employee who has, under the same `id`, another row in `managers`,
    with a `budget` in whole euros. Who selects employees gets each as what it is, and
    all of them with their budgets in one statement. No column may be null.
    """
    # region answer

    class Base(DeclarativeBase):
        pass

    class Employee(Base):
        __tablename__ = "employees"
        __mapper_args__ = {  # noqa: RUF012
            "polymorphic_on": "kind",
            "polymorphic_identity": "employee",
        }

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]

    class Manager(Employee):
        __tablename__ = "managers"
        __mapper_args__ = {  # noqa: RUF012
            "polymorphic_identity": "manager",
            "polymorphic_load": "inline",
        }

        id: Mapped[int] = mapped_column(ForeignKey(Employee.id), primary_key=True)
        budget: Mapped[int]

    return Employee, Manager
    # endregion


def shop_base() -> type[DeclarativeBase]:
    """3.6.3  What are the benefits of using `DeclarativeBase` for model consistency?

    Return a base. Of the classes derived from it, a column of `str` is VARCHAR(200), of
    `Decimal` NUMERIC(10, 2), of `datetime` a timestamp with time zone. Constraints and
    indexes that get no name are `pk_book`, `fk_book_author_id`, `uq_book_isbn`,
    `ix_book_title` (kind, table, column); a check is `ck_book_` and the name it has.
    `as_dict()` returns an object's columns, and no relationship, by its attributes.
    """
    # region answer
    # In words: the base holds one registry and one metadata. Whatever is decided there
    # is decided for every table: how types are mapped, how constraints are named (so
    # that a migration can drop them by name), which methods all objects have. And it
    # knows all tables: `create_all`, foreign keys between them and migrations need
    # no list that somebody forgets to extend.

    class Base(DeclarativeBase):
        metadata = MetaData(
            naming_convention={
                "pk": "pk_%(table_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s",
                "uq": "uq_%(table_name)s_%(column_0_name)s",
                "ix": "ix_%(table_name)s_%(column_0_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
            }
        )
        type_annotation_map: ClassVar[dict[Any, Any]] = {
            str: String(200),
            Decimal: Numeric(10, 2),
            datetime: DateTime(timezone=True),
        }

        def as_dict(self) -> dict[str, Any]:
            columns = inspect(self).mapper.column_attrs
            return {column.key: getattr(self, column.key) for column in columns}

    return Base
    # endregion
