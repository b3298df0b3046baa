"""Other answers to section 3.6."""

from itertools import count
from typing import Annotated

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Integer,
    Table,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import declared_attr, registry, relationship

from sensei.variants import right, wrong


@wrong("3.6.1", caught_by="test_q1_both_times_are_those_of_the_insert")
def mixins():
    """Call `now` once, when the class is created."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now())
        changed_at: Mapped[datetime] = mapped_column(default=now(), onupdate=now())

    return Keyed, Audited


@wrong("3.6.1", caught_by="test_q1_an_update_changes_changed_at[an object]")
def mixins():
    """Forget `onupdate`."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now)

    return Keyed, Audited


@wrong("3.6.1", caught_by="test_q1_each_table_has_the_columns_of_its_mixins[books]")
def mixins():
    """Leave the time of the change empty until there is one."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime | None] = mapped_column(onupdate=now)

    return Keyed, Audited


@wrong("3.6.1", caught_by="test_q1_an_update_changes_changed_at[an UPDATE statement]")
def mixins():
    """Set the time of the change in an event of the ORM."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now)

    @event.listens_for(Audited, "before_update", propagate=True)
    def update(mapper, connection, row):
        row.changed_at = now()

    return Keyed, Audited


@wrong("3.6.1", caught_by="test_q1_an_update_changes_changed_at")
def mixins():
    """Set `created_at` at each update, too."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
        changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    return Keyed, Audited


@wrong("3.6.1", caught_by="test_q1_each_table_has_the_columns_of_its_mixins[shelves]")
def mixins():
    """Put all columns into one mixin."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    return Keyed, Audited


@wrong("3.6.1", caught_by="test_q1_each_table_has_the_columns_of_its_mixins[books]")
def mixins():
    """Give a mixin a table of its own."""

    class Parent(DeclarativeBase):
        pass

    class Keyed(Parent):
        __tablename__ = "keyed"

        id: Mapped[int] = mapped_column(primary_key=True)

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    return Keyed, Audited


@wrong(
    "3.6.1", caught_by="test_q1_each_table_has_the_columns_of_its_mixins[deliveries]"
)
def mixins():
    """Forget the annotations of the columns."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

    class Audited:
        created_at = mapped_column(DateTime, default=now)
        changed_at = mapped_column(DateTime, default=now, onupdate=now)

    return Keyed, Audited


@wrong("3.6.1", caught_by="test_q1_keyed_has_an_integer_primary_key[books]")
def mixins():
    """Use a string as the primary key."""

    class Keyed:
        id: Mapped[str] = mapped_column(primary_key=True)

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    return Keyed, Audited


@wrong("3.6.1", caught_by="test_q1_each_table_has_the_columns_of_its_mixins[shelves]")
def mixins():
    """Return the mixins in the other order."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    return Audited, Keyed


@wrong("3.6.1", caught_by="test_q1_the_database_assigns_the_id")
def mixins():
    """Count the rows in Python."""
    numbers = count(1)

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True, default=lambda: next(numbers))

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    return Keyed, Audited


@wrong("3.6.1", caught_by="test_q1_both_times_are_those_of_the_insert[an object]")
def mixins():
    """Set the times when the object is created."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

        def __init__(self, **values):
            super().__init__(created_at=now(), changed_at=now(), **values)

    return Keyed, Audited


@wrong("3.6.1", caught_by="test_q1_both_times_are_those_of_the_insert[a statement]")
def mixins():
    """Set the times of an insert in an event of the ORM."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

    class Audited:
        created_at: Mapped[datetime]
        changed_at: Mapped[datetime] = mapped_column(onupdate=now)

    @event.listens_for(Audited, "before_insert", propagate=True)
    def insert(mapper, connection, row):
        row.created_at = row.changed_at = now()

    return Keyed, Audited


@right("3.6.1")
def mixins():
    """Use columns without annotations, and lambdas as defaults."""

    class Keyed:
        id = mapped_column(Integer, primary_key=True)

    class Audited:
        created_at = mapped_column(DateTime, default=lambda: now(), nullable=False)
        changed_at = mapped_column(
            DateTime, default=lambda: now(), onupdate=lambda: now(), nullable=False
        )

    return Keyed, Audited


Stamp = Annotated[datetime, mapped_column(nullable=False, default=now)]


@right("3.6.1")
def mixins():
    """Store the default in an annotated type at module level."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True, sort_order=-1)

    class Audited:
        created_at: Mapped[Stamp]
        changed_at: Mapped[Stamp] = mapped_column(onupdate=now)

    return Keyed, Audited


@right("3.6.1")
def mixins():
    """Create the columns in methods."""

    class Keyed:
        @declared_attr
        def id(cls) -> Mapped[int]:
            return mapped_column(primary_key=True)

    class Audited:
        @declared_attr
        def created_at(cls) -> Mapped[datetime]:
            return mapped_column(insert_default=now)

        @declared_attr
        def changed_at(cls) -> Mapped[datetime]:
            return mapped_column(insert_default=now, onupdate=now)

    return [Keyed, Audited]


@wrong("3.6.2", caught_by="test_q2_each_table_has_its_own_columns[managers-expected1]")
def staff_models():
    """Use one table for both classes."""

    class Base(DeclarativeBase):
        pass

    class Employee(Base):
        __tablename__ = "employees"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "employee"}

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]

    class Manager(Employee):
        __mapper_args__ = {"polymorphic_identity": "manager"}

        budget: Mapped[int | None]

    return Employee, Manager


@wrong("3.6.2", caught_by="test_q2_a_query_for_employees_returns_managers_as_managers")
def staff_models():
    """Forget the polymorphic column."""

    class Base(DeclarativeBase):
        pass

    class Employee(Base):
        __tablename__ = "employees"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str] = mapped_column(default="employee")

    class Manager(Employee):
        __tablename__ = "managers"

        id: Mapped[int] = mapped_column(ForeignKey(Employee.id), primary_key=True)
        budget: Mapped[int]

        def __init__(self, **values):
            super().__init__(kind="manager", **values)

    return Employee, Manager


@wrong("3.6.2", caught_by="test_q2_everybody_has_a_row_in_employees")
def staff_models():
    """Give the manager no identity."""

    class Base(DeclarativeBase):
        pass

    class Employee(Base):
        __tablename__ = "employees"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "employee"}

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]

    class Manager(Employee):
        __tablename__ = "managers"

        id: Mapped[int] = mapped_column(ForeignKey(Employee.id), primary_key=True)
        budget: Mapped[int]

    return Employee, Manager


@wrong("3.6.2", caught_by="test_q2_everybody_has_a_row_in_employees")
def staff_models():
    """Use two independent tables."""

    class Base(DeclarativeBase):
        pass

    class Employee(Base):
        __tablename__ = "employees"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str] = mapped_column(default="employee")

    class Manager(Employee):
        __tablename__ = "managers"
        __mapper_args__ = {"concrete": True}

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str] = mapped_column(default="manager")
        budget: Mapped[int]

    return Employee, Manager


@wrong("3.6.2", caught_by="test_q2_the_database_refuses_a_manager_who_is_no_employee")
def staff_models():
    """Join the tables in the mapper, without a foreign key."""

    class Base(DeclarativeBase):
        pass

    class Employee(Base):
        __tablename__ = "employees"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "employee"}

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]

    class Manager(Employee):
        __tablename__ = "managers"

        id: Mapped[int] = mapped_column(primary_key=True)
        budget: Mapped[int]

        __mapper_args__ = {
            "polymorphic_identity": "manager",
            "inherit_condition": id == Employee.id,
            "inherit_foreign_keys": id,
        }

    return Employee, Manager


@wrong("3.6.2", caught_by="test_q2_each_table_has_its_own_columns[managers-expected1]")
def staff_models():
    """Refer to the employee instead of inheriting."""

    class Base(DeclarativeBase):
        pass

    class Employee(Base):
        __tablename__ = "employees"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str] = mapped_column(default="employee")

    class Manager(Base):
        __tablename__ = "managers"

        id: Mapped[int] = mapped_column(primary_key=True)
        employee_id: Mapped[int] = mapped_column(ForeignKey(Employee.id))
        budget: Mapped[int]
        employee: Mapped[Employee] = relationship()

        def __init__(self, name, budget):
            self.employee = Employee(name=name, kind="manager")
            self.budget = budget

    return Employee, Manager


@wrong("3.6.2", caught_by="test_q2_each_table_has_its_own_columns[managers-expected1]")
def staff_models():
    """Allow a manager without a budget."""

    class Base(DeclarativeBase):
        pass

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
        budget: Mapped[int | None]

    return Employee, Manager


@wrong("3.6.2", caught_by="test_q2_the_database_assigns_the_id")
def staff_models():
    """Count the employees in Python."""
    numbers = count(1)

    class Base(DeclarativeBase):
        pass

    class Employee(Base):
        __tablename__ = "employees"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "employee"}

        id: Mapped[int] = mapped_column(primary_key=True, default=lambda: next(numbers))
        name: Mapped[str]
        kind: Mapped[str]

    class Manager(Employee):
        __tablename__ = "managers"
        __mapper_args__ = {"polymorphic_identity": "manager"}

        id: Mapped[int] = mapped_column(ForeignKey(Employee.id), primary_key=True)
        budget: Mapped[int]

    return Employee, Manager


@wrong("3.6.2", caught_by="test_q2_everybody_has_a_row_in_employees")
def staff_models():
    """Use the names of the classes as identities."""

    class Base(DeclarativeBase):
        pass

    class Employee(Base):
        __tablename__ = "employees"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "Employee"}

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]

    class Manager(Employee):
        __tablename__ = "managers"
        __mapper_args__ = {"polymorphic_identity": "Manager"}

        id: Mapped[int] = mapped_column(ForeignKey(Employee.id), primary_key=True)
        budget: Mapped[int]

    return Employee, Manager


@right("3.6.2")
def staff_models():
    """Map tables, and load the columns of managers with every query."""

    class Base(DeclarativeBase):
        pass

    class Employee(Base):
        __table__ = Table(
            "employees",
            Base.metadata,
            Column("id", Integer, primary_key=True),
            Column("name", String, nullable=False),
            Column("kind", String(20), nullable=False),
        )
        __mapper_args__ = {
            "polymorphic_on": __table__.c.kind,
            "polymorphic_identity": "employee",
            "with_polymorphic": "*",
        }

    class Manager(Employee):
        __table__ = Table(
            "managers",
            Base.metadata,
            Column("budget", Integer, nullable=False),
            Column("id", Integer, primary_key=True),
            ForeignKeyConstraint(["id"], ["employees.id"], ondelete="CASCADE"),
        )
        __mapper_args__ = {"polymorphic_identity": "manager"}

    return Employee, Manager


@right("3.6.2")
def staff_models():
    """Create names and mapper arguments in a mixin."""

    class Base(DeclarativeBase):
        pass

    class Named:
        @declared_attr.directive
        def __tablename__(cls):
            return f"{cls.__name__.lower()}s"

        @declared_attr.directive
        def __mapper_args__(cls):
            identity = {"polymorphic_identity": cls.__name__.lower()}
            if cls.__name__ == "Employee":
                return identity | {"polymorphic_on": "kind"}
            return identity | {"polymorphic_load": "inline"}

    class Employee(Named, Base):
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]
        name: Mapped[str]

    class Manager(Employee):
        id: Mapped[int] = mapped_column(ForeignKey("employees.id"), primary_key=True)
        budget: Mapped[int]

    return [Employee, Manager]


@wrong("3.6.3", caught_by="test_q3_the_base_names_the_constraints[unique constraints]")
def shop_base():
    """Define the types only."""

    class Base(DeclarativeBase):
        type_annotation_map = {str: String(200), datetime: DateTime(timezone=True)}

    return Base


@wrong(
    "3.6.3",
    caught_by="test_q3_the_base_chooses_the_type_of_a_column[Book-isbn-VARCHAR(200)]",
)
def shop_base():
    """Define the names only."""

    class Base(DeclarativeBase):
        metadata = MetaData(
            naming_convention={
                "uq": "uq_%(table_name)s_%(column_0_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s",
                "ix": "ix_%(table_name)s_%(column_0_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
            }
        )

    return Base


@wrong("3.6.3", caught_by="test_q3_the_base_names_the_constraints[foreign keys]")
def shop_base():
    """Copy the convention of the documentation."""

    class Base(DeclarativeBase):
        type_annotation_map = {str: String(200), datetime: DateTime(timezone=True)}
        metadata = MetaData(
            naming_convention={
                "uq": "uq_%(table_name)s_%(column_0_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
                "ix": "ix_%(table_name)s_%(column_0_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
            }
        )

    return Base


@wrong("3.6.3", caught_by="test_q3_the_base_names_the_constraints[check constraints]")
def shop_base():
    """Forget the check constraints."""

    class Base(DeclarativeBase):
        type_annotation_map = {str: String(200), datetime: DateTime(timezone=True)}
        metadata = MetaData(
            naming_convention={
                "uq": "uq_%(table_name)s_%(column_0_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s",
                "ix": "ix_%(table_name)s_%(column_0_name)s",
            }
        )

    return Base


@wrong(
    "3.6.3",
    caught_by="test_q3_the_base_chooses_the_type_of_a_column[Book-added_at-TIMESTAMP WITH TIME ZONE]",
)
def shop_base():
    """Store times without a time zone."""

    class Base(DeclarativeBase):
        type_annotation_map = {str: String(200), datetime: DateTime()}
        metadata = MetaData(
            naming_convention={
                "uq": "uq_%(table_name)s_%(column_0_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s",
                "ix": "ix_%(table_name)s_%(column_0_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
            }
        )

    return Base


@wrong("3.6.3", caught_by="test_q3_each_call_returns_a_new_base")
def shop_base():
    """Return the same base each time."""

    if found := globals().get("_shop_base"):
        return found

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

    globals()["_shop_base"] = Base
    return Base


SHARED = MetaData(
    naming_convention={
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


@wrong("3.6.3", caught_by="test_q3_each_call_returns_a_new_base")
def shop_base():
    """Share the metadata between the bases."""

    class Base(DeclarativeBase):
        type_annotation_map = {str: String(200), datetime: DateTime(timezone=True)}
        metadata = SHARED

    return Base


@wrong("3.6.3", caught_by="test_q3_the_base_names_the_constraints[indexes]")
def shop_base():
    """Forget the indexes, so that no table with an index can be created."""

    class Base(DeclarativeBase):
        type_annotation_map = {str: String(200), datetime: DateTime(timezone=True)}
        metadata = MetaData(
            naming_convention={
                "uq": "uq_%(table_name)s_%(column_0_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
            }
        )

    return Base


@wrong("3.6.3", caught_by="test_q3_the_base_names_the_constraints[unique constraints]")
def shop_base():
    """Name each unique constraint by hand, also one that has a name."""

    class Base(DeclarativeBase):
        type_annotation_map = {str: String(200), datetime: DateTime(timezone=True)}
        metadata = MetaData(
            naming_convention={
                "fk": "fk_%(table_name)s_%(column_0_name)s",
                "ix": "ix_%(table_name)s_%(column_0_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
            }
        )

        def __init_subclass__(cls, **options):
            super().__init_subclass__(**options)
            for rule in cls.__table__.constraints:
                if isinstance(rule, UniqueConstraint):
                    column = next(iter(rule.columns)).name
                    rule.name = f"uq_{cls.__tablename__}_{column}"

    return Base


@right("3.6.3")
def shop_base():
    """Configure a registry, and create the names with a function."""
    names = {
        "column": lambda constraint, table: next(iter(constraint.columns)).name,
        "uq": "uq_%(table_name)s_%(column)s",
        "fk": "fk_%(table_name)s_%(column)s",
        "ix": "ix_%(table_name)s_%(column)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
    types = {str: String(length=200), datetime: DateTime(True)}

    class ShopBase(DeclarativeBase):
        registry = registry(
            metadata=MetaData(naming_convention=names), type_annotation_map=types
        )

    return ShopBase


@right("3.6.3")
def shop_base():
    """Name the other constraints and the indexes as well."""
    convention = {
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
    body = {
        "metadata": MetaData(naming_convention=convention),
        "type_annotation_map": {
            str: String(200),
            datetime: DateTime(timezone=True),
        },
    }
    return type("Base", (DeclarativeBase,), body)
