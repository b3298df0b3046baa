"""Other answers to section 7.3."""

from sqlalchemy import Computed, Integer, case, cast, desc, literal, not_, or_, text
from sqlalchemy.orm import column_property, object_session, selectinload

from sensei.variants import right, wrong


@wrong("7.3.1", caught_by="test_q1_the_full_name_can_be_selected[both]")
class Rider(Base):
    """Write one f-string for both."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @hybrid_property
    def full_name(self):
        return f"{self.first_name} {self.last_name}"


@wrong("7.3.1", caught_by="test_q1_an_object_has_a_full_name[null]")
class Rider(Base):
    """Join the names with `+` in both worlds, as the first example of the manual does."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @hybrid_property
    def full_name(self):
        return self.first_name + " " + self.last_name


@wrong("7.3.1", caught_by="test_q1_the_full_name_can_be_selected[null]")
class Rider(Base):
    """Forget that NULL makes the whole text NULL."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @hybrid_property
    def full_name(self):
        return f"{self.first_name} {self.last_name or ''}".rstrip()

    @full_name.inplace.expression
    @classmethod
    def _full_name(cls):
        return cls.first_name + " " + cls.last_name


@wrong("7.3.1", caught_by="test_q1_an_alias_has_full_names_of_its_own")
class Rider(Base):
    """Name the class in place of `cls`."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @hybrid_property
    def full_name(self):
        return f"{self.first_name} {self.last_name or ''}".rstrip()

    @full_name.inplace.expression
    @classmethod
    def _full_name(cls):
        last = func.coalesce(Rider.last_name, "")
        return func.rtrim(Rider.first_name + " " + last)


@wrong("7.3.1", caught_by="test_q1_a_rider_is_found_by_the_full_name[null]")
class Rider(Base):
    """Leave the space behind a single name, in SQL."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @hybrid_property
    def full_name(self):
        return f"{self.first_name} {self.last_name or ''}".rstrip()

    @full_name.inplace.expression
    @classmethod
    def _full_name(cls):
        return cls.first_name + " " + func.coalesce(cls.last_name, "")


@wrong("7.3.1", caught_by="test_q1_an_object_has_a_full_name[null]")
class Rider(Base):
    """Leave the space behind a single name, in Python."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @hybrid_property
    def full_name(self):
        return f"{self.first_name} {self.last_name or ''}"

    @full_name.inplace.expression
    @classmethod
    def _full_name(cls):
        return func.rtrim(cls.first_name + " " + func.coalesce(cls.last_name, ""))


@wrong("7.3.1", caught_by="test_q1_the_full_name_can_be_selected[both]")
class Rider(Base):
    """Write a property of Python."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @property
    def full_name(self):
        return f"{self.first_name} {self.last_name or ''}".rstrip()


@wrong("7.3.1", caught_by="test_q1_an_object_has_a_full_name[empty]")
class Rider(Base):
    """Look for None only, in Python."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @hybrid_property
    def full_name(self):
        if self.last_name is None:
            return self.first_name
        return f"{self.first_name} {self.last_name}"

    @full_name.inplace.expression
    @classmethod
    def _full_name(cls):
        return func.rtrim(cls.first_name + " " + func.coalesce(cls.last_name, ""))


@wrong("7.3.1", caught_by="test_q1_the_full_name_can_be_selected[empty]")
class Rider(Base):
    """Look for NULL only, in SQL."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @hybrid_property
    def full_name(self):
        return f"{self.first_name} {self.last_name or ''}".rstrip()

    @full_name.inplace.expression
    @classmethod
    def _full_name(cls):
        return cls.first_name + func.coalesce(" " + cls.last_name, "")


@wrong("7.3.1", caught_by="test_q1_an_object_has_a_full_name[both]")
class Rider(Base):
    """Let the database store the name in a generated column."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    full_name: Mapped[str] = mapped_column(
        Computed("rtrim(first_name || ' ' || coalesce(last_name, ''))")
    )


@wrong("7.3.1", caught_by="test_q1_an_object_has_a_full_name[both]")
class Rider(Base):
    """Map the expression as a column, which an object has after it was loaded."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    full_name = column_property(
        func.rtrim(text("first_name || ' ' || coalesce(last_name, '')"))
    )


@wrong("7.3.1", caught_by="test_q1_a_new_last_name_changes_the_full_name")
class Rider(Base):
    """Compute the name once."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @hybrid_property
    def full_name(self):
        if "full" not in self.__dict__:
            self.__dict__["full"] = f"{self.first_name} {self.last_name or ''}".rstrip()
        return self.__dict__["full"]

    @full_name.inplace.expression
    @classmethod
    def _full_name(cls):
        return func.rtrim(cls.first_name + " " + func.coalesce(cls.last_name, ""))


@wrong("7.3.1", caught_by="test_q1_the_full_name_can_be_selected[null]")
class Rider(Base):
    """Remove all spaces with the last one."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @hybrid_property
    def full_name(self):
        return f"{self.first_name} {self.last_name or ''}".rstrip()

    @full_name.inplace.expression
    @classmethod
    def _full_name(cls):
        return func.replace(
            cls.first_name + " " + func.coalesce(cls.last_name, ""), "  ", " "
        )


@wrong("7.3.1", caught_by="test_q1_another_spelling_finds_nobody[ana silva]")
class Rider(Base):
    """Compare without regard to case."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @hybrid_property
    def full_name(self):
        return f"{self.first_name} {self.last_name or str()}".rstrip()

    @full_name.inplace.expression
    @classmethod
    def _full_name(cls):
        name = func.rtrim(cls.first_name + " " + func.coalesce(cls.last_name, ""))
        return name.collate("NOCASE")


@wrong("7.3.1", caught_by="test_q1_an_object_has_a_full_name[spaces]")
class Rider(Base):
    """Take the word None away."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @hybrid_property
    def full_name(self):
        return f"{self.first_name} {self.last_name}".replace(" None", "").rstrip()

    @full_name.inplace.expression
    @classmethod
    def _full_name(cls):
        name = func.rtrim(cls.first_name + " " + func.coalesce(cls.last_name, ""))
        return name


@wrong("7.3.1", caught_by="test_q1_an_object_has_a_full_name[spaces]")
class Rider(Base):
    """Split the name into words, and join them."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @hybrid_property
    def full_name(self):
        return " ".join(f"{self.first_name} {self.last_name or str()}".split())

    @full_name.inplace.expression
    @classmethod
    def _full_name(cls):
        name = func.rtrim(cls.first_name + " " + func.coalesce(cls.last_name, ""))
        return name


@right("7.3.1")
class Rider(Base):
    """Write both cases in SQL, and in Python."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @hybrid_property
    def full_name(self):
        if self.last_name:
            return f"{self.first_name} {self.last_name}"
        return self.first_name

    @full_name.inplace.expression
    @classmethod
    def _full_name(cls):
        return case(
            (or_(cls.last_name.is_(None), cls.last_name == ""), cls.first_name),
            else_=cls.first_name + " " + cls.last_name,
        )


@right("7.3.1")
class Rider(Base):
    """Make NULL of the empty text, and define the expression under the same name."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    @hybrid_property
    def full_name(self):
        return " ".join(filter(None, [self.first_name, self.last_name]))

    @full_name.expression
    def full_name(cls):
        last = func.nullif(cls.last_name, "")
        return cls.first_name + func.coalesce(" " + last, "")


@right("7.3.1")
class Rider(Base):
    """Make the hybrid by a call."""

    __tablename__ = "riders"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str | None]

    def _in_python(self):
        return self.first_name + (" " + self.last_name if self.last_name else "")

    def _in_sql(cls):
        return func.trim(cls.first_name.concat(" ") + func.ifnull(cls.last_name, ""))

    full_name = hybrid_property(_in_python, expr=_in_sql)


@wrong(
    "7.3.2",
    caught_by="test_q2_a_query_finds_the_contracts_that_cover_a_day[2026-01-01]",
)
class Contract(Base):
    """Write one method for both."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_method
    def covers(self, day):
        return self.begins <= day and (self.ends is None or day <= self.ends)


@wrong("7.3.2", caught_by="test_q2_a_contract_covers_a_day[2025-12-31]")
class Contract(Base):
    """Write one expression with `&` and `|` for both."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_method
    def covers(self, day):
        return (self.begins <= day) & ((self.ends == None) | (self.ends >= day))  # noqa: E711


@wrong(
    "7.3.2",
    caught_by="test_q2_a_query_finds_the_contracts_that_cover_a_day[2026-03-01]",
)
class Contract(Base):
    """Ask Python whether the column is None."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_method
    def covers(self, day):
        return self.begins <= day and (self.ends is None or day <= self.ends)

    @covers.inplace.expression
    @classmethod
    def _covers(cls, day):
        return (cls.begins <= day) & or_(cls.ends is None, cls.ends >= day)


@wrong(
    "7.3.2",
    caught_by="test_q2_a_query_finds_the_contracts_that_cover_a_day[2027-01-01]",
)
class Contract(Base):
    """Forget the open contracts, in SQL."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_method
    def covers(self, day):
        return self.begins <= day and (self.ends is None or day <= self.ends)

    @covers.inplace.expression
    @classmethod
    def _covers(cls, day):
        return (cls.begins <= day) & (day <= cls.ends)


@wrong(
    "7.3.2",
    caught_by="test_q2_a_query_finds_the_contracts_that_cover_a_day[9999-12-31]",
)
class Contract(Base):
    """Let open contracts end in a day that is far away."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_method
    def covers(self, day):
        return self.begins <= day and (self.ends is None or day <= self.ends)

    @covers.inplace.expression
    @classmethod
    def _covers(cls, day):
        return (cls.begins <= day) & (func.coalesce(cls.ends, date(2100, 1, 1)) >= day)


@wrong("7.3.2", caught_by="test_q2_a_contract_covers_a_day[2026-06-01]")
class Contract(Base):
    """Leave out the last day."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_method
    def covers(self, day):
        return self.begins <= day and (self.ends is None or day < self.ends)

    @covers.inplace.expression
    @classmethod
    def _covers(cls, day):
        return (cls.begins <= day) & (cls.is_open | (cls.ends > day))


@wrong(
    "7.3.2",
    caught_by="test_q2_a_query_finds_the_contracts_that_cover_a_day[2026-12-31]",
)
class Contract(Base):
    """Leave out the last day, in SQL."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_method
    def covers(self, day):
        return self.begins <= day and (self.ends is None or day <= self.ends)

    @covers.inplace.expression
    @classmethod
    def _covers(cls, day):
        return (cls.begins <= day) & (cls.is_open | (cls.ends > day))


@wrong("7.3.2", caught_by="test_q2_a_contract_covers_a_day[2025-12-31]")
class Contract(Base):
    """Look at the end only."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_method
    def covers(self, day):
        return self.ends is None or day <= self.ends

    @covers.inplace.expression
    @classmethod
    def _covers(cls, day):
        return cls.is_open | (cls.ends >= day)


@wrong(
    "7.3.2",
    caught_by="test_q2_a_query_finds_the_contracts_that_cover_a_day[2025-12-31]",
)
class Contract(Base):
    """Write a method of Python."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    def covers(self, day):
        return self.begins <= day and (self.ends is None or day <= self.ends)


@wrong("7.3.2", caught_by="test_q2_a_query_finds_the_other_contracts[2025-12-31]")
class Contract(Base):
    """Return NULL for the days that are not covered."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_method
    def covers(self, day):
        return self.begins <= day and (self.ends is None or day <= self.ends)

    @covers.inplace.expression
    @classmethod
    def _covers(cls, day):
        return case(((cls.begins <= day) & (cls.is_open | (cls.ends >= day)), True))


@wrong("7.3.2", caught_by="test_q2_the_day_is_a_column_of_another_table")
class Contract(Base):
    """Compare with a value, so that a column does not work."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_method
    def covers(self, day):
        return self.begins <= day and (self.ends is None or day <= self.ends)

    @covers.inplace.expression
    @classmethod
    def _covers(cls, day):
        return (cls.begins <= literal(day, cls.ends.type)) & (
            cls.is_open | (cls.ends >= literal(day, cls.ends.type))
        )


@wrong("7.3.2", caught_by="test_q2_a_contract_covers_a_day[2025-12-31]")
class Contract(Base):
    """Answer for today."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_method
    def covers(self, day):
        day = date.today()
        return self.begins <= day and (self.ends is None or day <= self.ends)

    @covers.inplace.expression
    @classmethod
    def _covers(cls, day):
        day = date.today()
        return (cls.begins <= day) & (cls.is_open | (cls.ends >= day))


@wrong("7.3.2", caught_by="test_q2_a_contract_covers_a_day[2025-12-31]")
class Contract(Base):
    """Write a property, which takes no argument."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_property
    def covers(self):
        day = date.today()
        return self.begins <= day and (self.ends is None or day <= self.ends)


@wrong("7.3.2", caught_by="test_q2_an_alias_covers_days_of_its_own")
class Contract(Base):
    """Write `Contract` in place of `cls`."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_method
    def covers(self, day):
        return self.begins <= day and (self.ends is None or day <= self.ends)

    @covers.inplace.expression
    @classmethod
    def _covers(cls, day):
        is_over = Contract.ends.is_not(None) & (Contract.ends < day)
        return (Contract.begins <= day) & not_(is_over)


@wrong("7.3.2", caught_by="test_q2_the_day_is_a_column_of_the_contract")
class Contract(Base):
    """Know one column only."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_method
    def covers(self, day):
        return self.begins <= day and (self.ends is None or day <= self.ends)

    @covers.inplace.expression
    @classmethod
    def _covers(cls, day):
        if not isinstance(day, date):
            day = Race.day
        return (cls.begins <= day) & (cls.is_open | (cls.ends >= day))


@right("7.3.2")
class Contract(Base):
    """Take the last day that exists for an open contract."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_method
    def covers(self, day):
        return self.begins <= day and (self.ends is None or day <= self.ends)

    @covers.inplace.expression
    @classmethod
    def _covers(cls, day):
        return (cls.begins <= day) & (func.coalesce(cls.ends, date.max) >= day)


@right("7.3.2")
class Contract(Base):
    """Say which days are not covered, and use the same name twice."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    @hybrid_method
    def covers(self, day):
        return not (day < self.begins or (self.ends is not None and self.ends < day))

    @covers.expression
    def covers(cls, day):
        is_over = cls.ends.is_not(None) & (cls.ends < day)
        return not_(or_(cls.begins > day, is_over))


@right("7.3.2")
class Contract(Base):
    """Write the cases, and make the hybrid by a call."""

    __tablename__ = "contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    ends: Mapped[date | None]

    @hybrid_property
    def is_open(self):
        return self.ends is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls):
        return cls.ends.is_(None)

    def _in_python(self, day):
        return self.begins <= day <= (self.ends or date.max)

    def _in_sql(cls, day):
        return case((cls.begins > day, False), (cls.ends < day, False), else_=True)

    covers = hybrid_method(_in_python, expr=_in_sql)


@wrong("7.3.3", caught_by="test_q3_the_ranking_costs_one_statement[1]")
class Team(Base):
    """Load the results in advance."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        teams = session.scalars(select(cls).options(selectinload(cls.results))).all()
        ranking = sorted(teams, key=lambda team: (-team.points, team.id))
        return [(team.name, team.points) for team in ranking[:count]]


@wrong("7.3.3", caught_by="test_q3_the_ranking_costs_one_statement[2]")
class Team(Base):
    """Write the expression, and sort in Python."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        teams = session.scalars(select(cls)).all()
        ranking = sorted(teams, key=lambda team: (-team.points, team.id))
        return [(team.name, team.points) for team in ranking[:count]]


@wrong("7.3.3", caught_by="test_q3_the_ranking_costs_one_statement[1]")
class Team(Base):
    """Sort in the database, and compute the points in Python."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls).order_by(cls.points.desc(), cls.id).limit(count)
        return [(team.name, team.points) for team in session.scalars(query)]


@wrong("7.3.3", caught_by="test_q3_the_cost_does_not_grow_with_the_teams[10]")
class Team(Base):
    """Cut the list in Python."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points).order_by(cls.points.desc(), cls.id)
        return [(name, points) for name, points in session.execute(query)][:count]


@wrong("7.3.3", caught_by="test_q3_the_points_are_the_same_in_python_and_in_sql[Rest]")
class Team(Base):
    """Forget that the sum of no rows is NULL."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.sum(Result.points)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points).order_by(cls.points.desc(), cls.id)
        return [(name, points) for name, points in session.execute(query.limit(count))]


@wrong("7.3.3", caught_by="test_q3_the_points_are_the_same_in_python_and_in_sql[Nord]")
class Team(Base):
    """Forget which team the results belong to."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points).order_by(cls.points.desc(), cls.id)
        return [(name, points) for name, points in session.execute(query.limit(count))]


@wrong("7.3.3", caught_by="test_q3_the_points_are_the_same_in_python_and_in_sql[Nord]")
class Team(Base):
    """Join in `top`, and write no expression."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @classmethod
    def top(cls, session, count):
        total = func.coalesce(func.sum(Result.points), 0)
        query = select(cls.name, total).outerjoin(Result).group_by(cls.id)
        query = query.order_by(total.desc(), cls.id).limit(count)
        return [(name, points) for name, points in session.execute(query)]


@wrong("7.3.3", caught_by="test_q3_the_ranking_costs_one_statement[4]")
class Team(Base):
    """Lose the teams without results in a JOIN."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        total = func.sum(Result.points)
        query = select(cls.name, total).join(Result).group_by(cls.id)
        query = query.order_by(total.desc(), cls.id).limit(count)
        return [(name, points) for name, points in session.execute(query)]


@wrong("7.3.3", caught_by="test_q3_the_ranking_costs_one_statement[2]")
class Team(Base):
    """Sort the teams of a tie by name."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points).order_by(cls.points.desc(), cls.name)
        return [(name, points) for name, points in session.execute(query.limit(count))]


@wrong("7.3.3", caught_by="test_q3_the_ranking_costs_one_statement[2]")
class Team(Base):
    """Leave the order of a tie open."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points).order_by(cls.points.desc())
        return [(name, points) for name, points in session.execute(query.limit(count))]


@wrong("7.3.3", caught_by="test_q3_teams_with_the_same_name_are_two_teams")
class Team(Base):
    """Add up the results of all teams with the same name."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        total = func.coalesce(func.sum(Result.points), 0)
        query = select(cls.name, total).outerjoin(Result).group_by(cls.name)
        query = query.order_by(total.desc(), cls.id).limit(count)
        return [(name, points) for name, points in session.execute(query)]


@wrong("7.3.3", caught_by="test_q3_the_ranking_costs_one_statement[1]")
class Team(Base):
    """Sort upwards."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points).order_by(cls.points, cls.id)
        return [(name, points) for name, points in session.execute(query.limit(count))]


@wrong("7.3.3", caught_by="test_q3_the_points_are_the_same_in_python_and_in_sql[Nord]")
class Team(Base):
    """Ask the database in Python, too, so that a new object has no points."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return object_session(self).scalar(
            select(Team.points).where(Team.id == self.id)
        )

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points).order_by(cls.points.desc(), cls.id)
        return [(name, points) for name, points in session.execute(query.limit(count))]


@wrong("7.3.3", caught_by="test_q3_the_points_are_the_same_in_python_and_in_sql[Nord]")
class Team(Base):
    """Count the results."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.count(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points).order_by(cls.points.desc(), cls.id)
        return [(name, points) for name, points in session.execute(query.limit(count))]


@wrong("7.3.3", caught_by="test_q3_the_ranking_costs_one_statement[1]")
class Team(Base):
    """Use `total`, which returns a float."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.total(Result.points)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points).order_by(cls.points.desc(), cls.id)
        return [(name, points) for name, points in session.execute(query.limit(count))]


@wrong("7.3.3", caught_by="test_q3_the_ranking_is_part_of_the_transaction")
class Team(Base):
    """Ask in a new session, which does not see what is not committed."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points).order_by(cls.points.desc(), cls.id)
        with Session(session.get_bind()) as other:
            return [tuple(row) for row in other.execute(query.limit(count))]


@wrong("7.3.3", caught_by="test_q3_the_ranking_is_part_of_the_transaction")
class Team(Base):
    """Ask the connection, so that new results are not sent before."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points).order_by(cls.points.desc(), cls.id)
        rows = session.connection().execute(query.limit(count))
        return [tuple(row) for row in rows]


@wrong("7.3.3", caught_by="test_q3_the_ranking_is_part_of_the_transaction")
class Team(Base):
    """Commit."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points).order_by(cls.points.desc(), cls.id)
        rows = session.execute(query.limit(count)).all()
        session.commit()
        return [tuple(row) for row in rows]


@wrong("7.3.3", caught_by="test_q3_the_ranking_is_part_of_the_transaction")
class Team(Base):
    """Roll back, so that the session is clean."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points).order_by(cls.points.desc(), cls.id)
        rows = session.execute(query.limit(count)).all()
        session.rollback()
        return [tuple(row) for row in rows]


@wrong("7.3.3", caught_by="test_q3_the_ranking_is_part_of_the_transaction")
class Team(Base):
    """Close the session when the rows are there."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points).order_by(cls.points.desc(), cls.id)
        with session:
            return [tuple(row) for row in session.execute(query.limit(count))]


@wrong("7.3.3", caught_by="test_q3_teams_with_the_same_name_are_two_teams")
class Team(Base):
    """Leave out what looks like a double."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = (
            select(cls.name, cls.points).distinct().order_by(cls.points.desc(), cls.id)
        )
        return [(name, points) for name, points in session.execute(query.limit(count))]


@wrong("7.3.3", caught_by="test_q3_the_points_are_the_same_in_python_and_in_sql[Nord]")
class Team(Base):
    """Keep the first value."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        if not hasattr(self, "_kept"):
            self._kept = sum(result.points for result in self.results)
        return self._kept

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points).order_by(cls.points.desc(), cls.id)
        return [(name, points) for name, points in session.execute(query.limit(count))]


@right("7.3.3")
class Team(Base):
    """Put `coalesce` around the subquery, and sort by the label."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.expression
    def points(cls):
        query = select(func.sum(Result.points)).where(Result.team_id == cls.id)
        return func.coalesce(query.correlate_except(Result).scalar_subquery(), 0)

    @classmethod
    def top(cls, session, count):
        query = select(cls.name, cls.points.label("total"))
        rows = session.execute(query.order_by(desc("total"), cls.id).limit(count))
        return [tuple(row) for row in rows]


@right("7.3.3")
class Team(Base):
    """Use `total`, which returns 0 for no rows in SQLite, and join in `top`."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = cast(func.total(Result.points), Integer)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        total = func.coalesce(func.sum(Result.points), 0).label("total")
        query = select(cls.name, total).outerjoin(cls.results).group_by(cls.id)
        rows = session.execute(query.order_by(total.desc(), cls.id).limit(count))
        return [(row.name, row.total) for row in rows]


@right("7.3.3")
class Team(Base):
    """Load the objects together with their points."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    results: Mapped[list[Result]] = relationship()

    @hybrid_property
    def points(self):
        return sum(result.points for result in self.results)

    @points.inplace.expression
    @classmethod
    def _points(cls):
        total = func.coalesce(func.sum(Result.points), 0)
        return select(total).where(Result.team_id == cls.id).scalar_subquery()

    @classmethod
    def top(cls, session, count):
        query = select(cls, cls.points).order_by(-cls.points, cls.id).limit(count)
        return [(team.name, points) for team, points in session.execute(query)]
