"""Other answers to section 3.6."""

from sqlalchemy import Column, Integer, event
from sqlalchemy.ext.declarative import AbstractConcreteBase
from sqlalchemy.orm import declared_attr, registry, with_polymorphic
from typing import Annotated

from sensei.variants import right, wrong


@wrong("3.6.1", caught_by="test_q1_the_times_are_those_of_writing")
def mixins():
    """The time is asked for once, when the class is made."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

        @declared_attr.directive
        def __tablename__(cls):
            return cls.__name__.lower()

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now())
        changed_at: Mapped[datetime] = mapped_column(default=now(), onupdate=now())
        writer_id: Mapped[int] = mapped_column(ForeignKey(Staff.id))

        @declared_attr
        def writer(cls) -> Mapped[Staff]:
            return relationship()

    return Keyed, Audited


@wrong("3.6.1", caught_by="test_q1_the_times_are_those_of_writing")
def mixins():
    """A default is used whenever a row is written."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

        @declared_attr.directive
        def __tablename__(cls):
            return cls.__name__.lower()

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now)
        writer_id: Mapped[int] = mapped_column(ForeignKey(Staff.id))

        @declared_attr
        def writer(cls) -> Mapped[Staff]:
            return relationship()

    return Keyed, Audited


@wrong("3.6.1", caught_by="test_q1_each_table_has_the_columns_of_its_mixins")
def mixins():
    """What is written on change need not be there before."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

        @declared_attr.directive
        def __tablename__(cls):
            return cls.__name__.lower()

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime | None] = mapped_column(onupdate=now)
        writer_id: Mapped[int] = mapped_column(ForeignKey(Staff.id))

        @declared_attr
        def writer(cls) -> Mapped[Staff]:
            return relationship()

    return Keyed, Audited


@wrong("3.6.1", caught_by="test_q1_each_audited_table_refers_to_the_staff")
def mixins():
    """A relationship in the mixin is shared like a column."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

        @declared_attr.directive
        def __tablename__(cls):
            return cls.__name__.lower()

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
        writer_id: Mapped[int] = mapped_column(ForeignKey(Staff.id))
        writer: Mapped[Staff] = relationship()

    return Keyed, Audited


@wrong("3.6.1", caught_by="test_q1_each_audited_table_refers_to_the_staff")
def mixins():
    """Who writes is a number; a join condition finds the Staff."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)

        @declared_attr.directive
        def __tablename__(cls):
            return cls.__name__.lower()

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
        writer_id: Mapped[int]

        @declared_attr
        def writer(cls) -> Mapped[Staff]:
            return relationship(
                Staff,
                primaryjoin=lambda: Staff.id == cls.writer_id,
                foreign_keys=lambda: [cls.writer_id],
            )

    return Keyed, Audited


@wrong("3.6.1", caught_by="test_q1_the_key_is_an_integer")
def mixins():
    """One mixin has it all."""

    class Keyed:
        id: Mapped[int] = mapped_column(primary_key=True)
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
        writer_id: Mapped[int] = mapped_column(ForeignKey(Staff.id))

        @declared_attr.directive
        def __tablename__(cls):
            return cls.__name__.lower()

        @declared_attr
        def writer(cls) -> Mapped[Staff]:
            return relationship()

    return Keyed, Keyed


@wrong("3.6.1", caught_by="test_q1_the_key_is_an_integer")
def mixins():
    """A mixin derives from the base that its tables derive from."""

    class Keyed(Base):
        __tablename__ = "keyed"

        id: Mapped[int] = mapped_column(primary_key=True)

    class Audited:
        created_at: Mapped[datetime] = mapped_column(default=now)
        changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
        writer_id: Mapped[int] = mapped_column(ForeignKey(Staff.id))

        @declared_attr
        def writer(cls) -> Mapped[Staff]:
            return relationship()

    return Keyed, Audited


@right("3.6.1")
def mixins():
    """Abstract classes of the base, a lambda for the clock, the relationship by name."""

    class Keyed(Base):
        __abstract__ = True

        id = mapped_column(Integer, primary_key=True)

        def __init_subclass__(cls, **kwargs):
            if "__tablename__" not in cls.__dict__:
                cls.__tablename__ = cls.__name__.lower()
            super().__init_subclass__(**kwargs)

    class Audited(Base):
        __abstract__ = True

        created_at: Mapped[datetime] = mapped_column(insert_default=lambda: now())
        changed_at: Mapped[datetime] = mapped_column(
            insert_default=lambda: now(), onupdate=lambda: now()
        )

        @declared_attr
        def writer_id(cls) -> Mapped[int]:
            return mapped_column(ForeignKey("staff.id"))

        @declared_attr
        def writer(cls):
            return relationship("Staff", foreign_keys=[cls.writer_id], lazy="joined")

    return Keyed, Audited


@right("3.6.1")
def mixins():
    """Annotated types, and events that set the times."""
    Key = Annotated[int, mapped_column(primary_key=True)]
    Writer = Annotated[int, mapped_column(ForeignKey("staff.id"))]

    class Keyed:
        id: Mapped[Key]

        @declared_attr.directive
        def __tablename__(cls):
            return cls.__name__.casefold()

    class Audited:
        created_at: Mapped[datetime]
        changed_at: Mapped[datetime]
        writer_id: Mapped[Writer]

        @declared_attr
        def writer(cls) -> Mapped["Staff"]:
            return relationship("Staff")

    @event.listens_for(Audited, "before_insert", propagate=True)
    def insert(mapper, connection, row):
        row.created_at = row.changed_at = now()

    @event.listens_for(Audited, "before_update", propagate=True)
    def update(mapper, connection, row):
        row.changed_at = now()

    return Keyed, Audited


@wrong("3.6.2", caught_by="test_q2_the_columns_stand_where_they_belong")
def staff_models():
    """One table for all of them."""

    class Base(DeclarativeBase):
        pass

    class Employee(Base):
        __tablename__ = "employees"
        __mapper_args__ = {
            "polymorphic_on": "kind",
            "polymorphic_identity": "employee",
        }
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]

    class Manager(Employee):
        __mapper_args__ = {"polymorphic_identity": "manager"}
        budget: Mapped[int | None]

    return Employee, Manager


@wrong("3.6.2", caught_by="test_q2_who_selects_employees_gets_each_as_what_it_is")
def staff_models():
    """Python's inheritance is enough to tell who is what."""

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


@wrong("3.6.2", caught_by="test_q2_one_statement_reads_all_budgets")
def staff_models():
    """What a subclass has more is loaded when it is read."""

    class Base(DeclarativeBase):
        pass

    class Employee(Base):
        __tablename__ = "employees"
        __mapper_args__ = {
            "polymorphic_on": "kind",
            "polymorphic_identity": "employee",
        }
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]

    class Manager(Employee):
        __tablename__ = "managers"
        __mapper_args__ = {"polymorphic_identity": "manager"}
        id: Mapped[int] = mapped_column(ForeignKey(Employee.id), primary_key=True)
        budget: Mapped[int]

    return Employee, Manager


@wrong("3.6.2", caught_by="test_q2_one_statement_reads_all_budgets")
def staff_models():
    """`selectin` reads a level in one statement."""

    class Base(DeclarativeBase):
        pass

    class Employee(Base):
        __tablename__ = "employees"
        __mapper_args__ = {
            "polymorphic_on": "kind",
            "polymorphic_identity": "employee",
        }
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]

    class Manager(Employee):
        __tablename__ = "managers"
        __mapper_args__ = {
            "polymorphic_identity": "manager",
            "polymorphic_load": "selectin",
        }
        id: Mapped[int] = mapped_column(ForeignKey(Employee.id), primary_key=True)
        budget: Mapped[int]

    return Employee, Manager


@wrong("3.6.2", caught_by="test_q2_the_columns_stand_where_they_belong")
def staff_models():
    """Each table has all of its class."""

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


@wrong("3.6.2", caught_by="test_q2_only_an_employee_can_be_a_manager")
def staff_models():
    """How the tables belong together the mapper knows."""

    class Base(DeclarativeBase):
        pass

    class Employee(Base):
        __tablename__ = "employees"
        __mapper_args__ = {
            "polymorphic_on": "kind",
            "polymorphic_identity": "employee",
        }
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        kind: Mapped[str]

    class Manager(Employee):
        __tablename__ = "managers"
        id: Mapped[int] = mapped_column(primary_key=True)
        budget: Mapped[int]
        __mapper_args__ = {
            "polymorphic_identity": "manager",
            "polymorphic_load": "inline",
            "inherit_condition": id == Employee.id,
            "inherit_foreign_keys": id,
        }

    return Employee, Manager


@wrong("3.6.2", caught_by="test_q2_the_columns_stand_where_they_belong")
def staff_models():
    """A manager has an employee instead of being one."""

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


@right("3.6.2")
def staff_models():
    """Mapped with a registry; the parent loads whatever its children have."""
    mapper_registry = registry()

    @mapper_registry.mapped
    class Employee:
        __tablename__ = "employees"
        id = mapped_column(Integer, primary_key=True)
        name = mapped_column(String, nullable=False)
        kind = mapped_column(String(20), nullable=False)
        __mapper_args__ = {
            "polymorphic_on": kind,
            "polymorphic_identity": "employee",
            "with_polymorphic": "*",
        }

    @mapper_registry.mapped
    class Manager(Employee):
        __tablename__ = "managers"
        __mapper_args__ = {"polymorphic_identity": "manager"}
        id = Column(
            Integer, ForeignKey("employees.id", ondelete="CASCADE"), primary_key=True
        )
        budget = mapped_column(Integer, nullable=False)

    return Employee, Manager


@right("3.6.2")
def staff_models():
    """The mapper arguments are made by a method of the base."""

    class Base(DeclarativeBase):
        @declared_attr.directive
        def __tablename__(cls):
            return f"{cls.__name__.lower()}s"

        @declared_attr.directive
        def __mapper_args__(cls):
            identity = {"polymorphic_identity": cls.__name__.lower()}
            if cls.__name__ == "Employee":
                return identity | {"polymorphic_on": "kind"}
            return identity | {"polymorphic_load": "inline"}

    class Employee(Base):
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]
        name: Mapped[str]

    class Manager(Employee):
        id: Mapped[int] = mapped_column(ForeignKey("employees.id"), primary_key=True)
        budget: Mapped[int]

    return [Employee, Manager]


@wrong(
    "3.6.3",
    caught_by="test_q3_the_database_knows_constraints_by_their_names[checks]",
)
def shop_base():
    """The database finds names of its own."""

    class Base(DeclarativeBase):
        type_annotation_map = {
            str: String(200),
            Decimal: Numeric(10, 2),
            datetime: DateTime(timezone=True),
        }

        def as_dict(self):
            columns = inspect(self).mapper.column_attrs
            return {column.key: getattr(self, column.key) for column in columns}

    return Base


@wrong(
    "3.6.3",
    caught_by="test_q3_the_database_knows_constraints_by_their_names[foreign keys]",
)
def shop_base():
    """The convention of the documentation, as it stands there."""

    class Base(DeclarativeBase):
        metadata = MetaData(
            naming_convention={
                "ix": "ix_%(column_0_label)s",
                "uq": "uq_%(table_name)s_%(column_0_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
                "pk": "pk_%(table_name)s",
            }
        )
        type_annotation_map = {
            str: String(200),
            Decimal: Numeric(10, 2),
            datetime: DateTime(timezone=True),
        }

        def as_dict(self):
            columns = inspect(self).mapper.column_attrs
            return {column.key: getattr(self, column.key) for column in columns}

    return Base


@wrong(
    "3.6.3",
    caught_by="test_q3_the_database_knows_constraints_by_their_names[primary keys]",
)
def shop_base():
    """Names are for what one adds to a table: keys it has anyway."""

    class Base(DeclarativeBase):
        metadata = MetaData(
            naming_convention={
                "fk": "fk_%(table_name)s_%(column_0_name)s",
                "uq": "uq_%(table_name)s_%(column_0_name)s",
                "ix": "ix_%(table_name)s_%(column_0_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
            }
        )
        type_annotation_map = {
            str: String(200),
            Decimal: Numeric(10, 2),
            datetime: DateTime(timezone=True),
        }

        def as_dict(self):
            columns = inspect(self).mapper.column_attrs
            return {column.key: getattr(self, column.key) for column in columns}

    return Base


@wrong(
    "3.6.3",
    caught_by="test_q3_an_annotation_has_one_type_in_all_tables[Book-added_at-"
    "TIMESTAMP WITH TIME ZONE]",
)
def shop_base():
    """A datetime knows its time zone, so its column does."""

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
        type_annotation_map = {str: String(200), Decimal: Numeric(10, 2)}

        def as_dict(self):
            columns = inspect(self).mapper.column_attrs
            return {column.key: getattr(self, column.key) for column in columns}

    return Base


@wrong("3.6.3", caught_by="test_q3_every_object_tells_its_columns")
def shop_base():
    """An attribute is named like its column."""

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
        type_annotation_map = {
            str: String(200),
            Decimal: Numeric(10, 2),
            datetime: DateTime(timezone=True),
        }

        def as_dict(self):
            return {
                column.name: getattr(self, column.name)
                for column in self.__table__.columns
            }

    return Base


@wrong("3.6.3", caught_by="test_q3_every_object_tells_its_columns")
def shop_base():
    """What an object has stands in its `__dict__`."""

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
        type_annotation_map = {
            str: String(200),
            Decimal: Numeric(10, 2),
            datetime: DateTime(timezone=True),
        }

        def as_dict(self):
            return {k: v for k, v in vars(self).items() if not k.startswith("_")}

    return Base


@right("3.6.3")
def shop_base():
    """A registry with the types; names made by functions; a mixin beside the base."""
    names = {
        "column": lambda constraint, table: next(iter(constraint.columns)).name,
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column)s",
        "uq": "uq_%(table_name)s_%(column)s",
        "ix": "ix_%(table_name)s_%(column)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
    types = {
        str: String(length=200),
        Decimal: Numeric(precision=10, scale=2),
        datetime: DateTime(True),
    }

    class Tells:
        def as_dict(self):
            mapper = type(self).__mapper__
            return {
                mapper.get_property_by_column(column).key: getattr(
                    self, mapper.get_property_by_column(column).key
                )
                for column in mapper.columns
            }

    class ShopBase(Tells, DeclarativeBase):
        registry = registry(
            metadata=MetaData(naming_convention=names), type_annotation_map=types
        )

    return ShopBase


@right("3.6.3")
def shop_base():
    """The keys of the mapper's columns are the attributes."""

    class Base(DeclarativeBase):
        metadata = MetaData(
            naming_convention={
                "pk": "pk_%(table_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
            }
        )
        type_annotation_map = {
            str: String(200),
            Decimal: Numeric(10, 2),
            datetime: DateTime(timezone=True),
        }

        def as_dict(self):
            return {
                name: getattr(self, name) for name in self.__mapper__.columns.keys()
            }

    return Base
