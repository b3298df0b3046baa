"""Other answers to section 3.3."""

from functools import cached_property

from pydantic import (
    AliasPath,
    StringConstraints,
    field_validator,
    model_serializer,
    model_validator,
)
from sqlalchemy.orm import joinedload, subqueryload

from sensei.variants import right, wrong


@wrong("3.3.1", caught_by="test_q1_a_client_cannot_set_other_columns[id-4711]")
class UserIn(BaseModel):
    """Declare a field for every column."""

    id: int | None = None
    name: str = Field(min_length=1, max_length=40)
    email: EmailStr = Field(max_length=80)
    nickname: str | None = Field(default=None, max_length=20)
    is_admin: bool = False


@wrong("3.3.1", caught_by="test_q1_a_client_cannot_set_other_columns")
class UserIn(BaseModel):
    """Allow additional fields."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(min_length=1, max_length=40)
    email: EmailStr = Field(max_length=80)
    nickname: str | None = Field(default=None, max_length=20)


@wrong("3.3.1", caught_by="test_q1_an_invalid_user_returns_422[name is empty]")
class UserIn(BaseModel):
    """Declare the types of the columns, without the lengths."""

    name: str
    email: str
    nickname: str | None = None


@wrong("3.3.1", caught_by="test_q1_a_valid_user_is_stored[no nickname]")
class UserIn(BaseModel):
    """Forget the default value: the nickname is nullable, but required."""

    name: str = Field(min_length=1, max_length=40)
    email: EmailStr = Field(max_length=80)
    nickname: str | None = Field(max_length=20)


@wrong("3.3.1", caught_by="test_q1_a_valid_user_is_stored[null]")
class UserIn(BaseModel):
    """Give the nickname a default value, but do not allow null."""

    name: str = Field(min_length=1, max_length=40)
    email: EmailStr = Field(max_length=80)
    nickname: str = Field(default=None, max_length=20)


@wrong("3.3.1", caught_by="test_q1_a_valid_user_is_stored[no nickname]")
class UserIn(BaseModel):
    """Use an empty string if there is no nickname."""

    name: str = Field(min_length=1, max_length=40)
    email: EmailStr = Field(max_length=80)
    nickname: str | None = Field(default="", max_length=20)


@wrong("3.3.1", caught_by="test_q1_a_valid_user_is_stored[longest]")
class UserIn(BaseModel):
    """Allow one character less than the column."""

    name: str = Field(min_length=1, max_length=39)
    email: EmailStr = Field(max_length=79)
    nickname: str | None = Field(default=None, max_length=19)


@wrong(
    "3.3.1",
    caught_by="test_q1_an_invalid_user_returns_422[name has 41 characters]",
)
class UserIn(BaseModel):
    """Cut a string that is too long for its column."""

    name: str
    email: EmailStr
    nickname: str | None = None

    @field_validator("name", "email", "nickname")
    @classmethod
    def cut(cls, value, info):
        column = User.__table__.c[info.field_name]
        return value and value[: column.type.length]


@wrong("3.3.1", caught_by="test_q1_a_valid_user_is_stored[longest]")
class UserIn(BaseModel):
    """Count the bytes instead of the characters."""

    name: str = Field(min_length=1)
    email: EmailStr = Field(max_length=80)
    nickname: str | None = Field(default=None, max_length=20)

    @field_validator("name")
    @classmethod
    def fits(cls, value):
        if len(value.encode()) > 40:
            raise ValueError("a name has up to 40 bytes")
        return value


@wrong(
    "3.3.1",
    caught_by="test_q1_an_invalid_user_returns_422[email has two @ characters]",
)
class UserIn(BaseModel):
    """Only look for an @ in the email address."""

    name: str = Field(min_length=1, max_length=40)
    email: str = Field(max_length=80, pattern=r"^.+@.+$")
    nickname: str | None = Field(default=None, max_length=20)


@wrong("3.3.1", caught_by="test_q1_a_valid_user_is_stored[spaces, capitals]")
class UserIn(BaseModel):
    """Strip the strings."""

    model_config = ConfigDict(str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=40)
    email: EmailStr = Field(max_length=80)
    nickname: str | None = Field(default=None, max_length=20)


@wrong("3.3.1", caught_by="test_q1_a_valid_user_is_stored[spaces, capitals]")
class UserIn(BaseModel):
    """Convert the whole email address to lower case."""

    name: str = Field(min_length=1, max_length=40)
    email: EmailStr = Field(max_length=80)
    nickname: str | None = Field(default=None, max_length=20)

    @field_validator("email")
    @classmethod
    def lower(cls, value):
        return value.lower()


@right("3.3.1")
class UserIn(BaseModel, extra="forbid"):
    """Read the lengths from the columns, and refuse additional fields."""

    name: str = Field(min_length=1, max_length=User.__table__.c.name.type.length)
    email: EmailStr = Field(max_length=User.__table__.c.email.type.length)
    nickname: str | None = Field(
        default=None, max_length=User.__table__.c.nickname.type.length
    )


@right("3.3.1")
class UserIn(BaseModel):
    """Use StringConstraints, and a validator for the email address."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    email: EmailStr
    nickname: Annotated[str, StringConstraints(max_length=20)] | None = None

    @field_validator("email")
    @classmethod
    def fits(cls, value):
        if len(value) > 80:
            raise ValueError("an email address has up to 80 characters")
        return value


@wrong(
    "3.3.2",
    caught_by="test_q2_the_classes_can_be_used_after_one_import[books]",
    files={"q2/bookshop/__init__.py": ""},
)
def bookshop_path():
    """Import `Author` for the type checker only, and nowhere else."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "3.3.2",
    caught_by="test_q2_the_modules_can_be_imported_in_either_order[authors]",
    files={
        "q2/bookshop/__init__.py": "",
        "q2/bookshop/books.py": """
            from pydantic import BaseModel, ConfigDict
            from sqlalchemy import ForeignKey
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from .base import Base


            class Book(Base):
                __tablename__ = "books"

                id: Mapped[int] = mapped_column(primary_key=True)
                title: Mapped[str]
                author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
                author: Mapped["Author"] = relationship(back_populates="books")


            class BookOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                title: str


            from .authors import Author
        """,
    },
)
def bookshop_path():
    """Import the class `Author` at the end of the file."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "3.3.2",
    caught_by="test_q2_the_modules_can_be_imported_in_either_order",
    files={
        "q2/bookshop/books.py": """
            from __future__ import annotations

            from pydantic import BaseModel, ConfigDict
            from sqlalchemy import ForeignKey
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from .authors import Author
            from .base import Base


            class Book(Base):
                __tablename__ = "books"

                id: Mapped[int] = mapped_column(primary_key=True)
                title: Mapped[str]
                author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
                author: Mapped[Author] = relationship(back_populates="books")


            class BookOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                title: str
        """,
    },
)
def bookshop_path():
    """Turn the annotations into strings, and keep the import."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "3.3.2",
    caught_by="test_q2_the_classes_can_be_used_after_one_import[authors]",
    files={
        "q2/bookshop/authors.py": """
            from typing import TYPE_CHECKING

            from pydantic import BaseModel, ConfigDict
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from .base import Base

            if TYPE_CHECKING:
                from .books import Book, BookOut


            class Author(Base):
                __tablename__ = "authors"

                id: Mapped[int] = mapped_column(primary_key=True)
                name: Mapped[str]
                books: Mapped[list["Book"]] = relationship(back_populates="author")


            class AuthorOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                name: str
                books: list["BookOut"]
        """,
    },
)
def bookshop_path():
    """Name the Pydantic model as a string, too. Pydantic does not find the class."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "3.3.2",
    caught_by="test_q2_author_out_still_validates_its_books",
    files={
        "q2/bookshop/authors.py": """
            from typing import Any

            from pydantic import BaseModel, ConfigDict
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from .base import Base


            class Author(Base):
                __tablename__ = "authors"

                id: Mapped[int] = mapped_column(primary_key=True)
                name: Mapped[str]
                books: Mapped[list["Book"]] = relationship(back_populates="author")


            class AuthorOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                name: str
                books: list[Any]
        """,
    },
)
def bookshop_path():
    """Use Any for the class that cannot be imported."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "3.3.2",
    caught_by="test_q2_both_relationships_still_work",
    files={
        "q2/bookshop/__init__.py": "",
        "q2/bookshop/books.py": """
            from pydantic import BaseModel, ConfigDict
            from sqlalchemy.orm import Mapped, mapped_column

            from .base import Base


            class Book(Base):
                __tablename__ = "books"

                id: Mapped[int] = mapped_column(primary_key=True)
                title: Mapped[str]
                author_id: Mapped[int]


            class BookOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                title: str
        """,
    },
)
def bookshop_path():
    """Remove the relationship that needs the import."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "3.3.2",
    caught_by="test_q2_each_relationship_sets_the_other_one",
    files={
        "q2/bookshop/books.py": """
            from pydantic import BaseModel, ConfigDict
            from sqlalchemy import ForeignKey
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from .base import Base


            class Book(Base):
                __tablename__ = "books"

                id: Mapped[int] = mapped_column(primary_key=True)
                title: Mapped[str]
                author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
                author: Mapped["Author"] = relationship(overlaps="books")


            class BookOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                title: str
        """,
        "q2/bookshop/authors.py": """
            from pydantic import BaseModel, ConfigDict
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from .base import Base
            from .books import Book, BookOut


            class Author(Base):
                __tablename__ = "authors"

                id: Mapped[int] = mapped_column(primary_key=True)
                name: Mapped[str]
                books: Mapped[list[Book]] = relationship(overlaps="author")


            class AuthorOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                name: str
                books: list[BookOut]
        """,
    },
)
def bookshop_path():
    """Remove `back_populates`, and silence the warning of SQLAlchemy."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "3.3.2",
    caught_by="test_q2_the_classes_can_be_used_after_one_import[books]",
    files={
        "q2/bookshop/__init__.py": "",
        "q2/bookshop/books.py": """
            from pydantic import BaseModel, ConfigDict
            from sqlalchemy import ForeignKey
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from .base import Base


            def author():
                from .authors import Author

                return Author


            class Book(Base):
                __tablename__ = "books"

                id: Mapped[int] = mapped_column(primary_key=True)
                title: Mapped[str]
                author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
                author: Mapped["Author"] = relationship(author, back_populates="books")


            class BookOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                title: str
        """,
    },
)
def bookshop_path():
    """Import `Author` only when a `Book` is created: `create_all` runs before."""
    return Path(__file__).with_suffix("") / "q2"


@right(
    "3.3.2",
    files={
        "q2/bookshop/__init__.py": "",
        "q2/bookshop/tables.py": """
            from __future__ import annotations

            from sqlalchemy import ForeignKey
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from bookshop.base import Base


            class Author(Base):
                __tablename__ = "authors"

                id: Mapped[int] = mapped_column(primary_key=True)
                name: Mapped[str]
                books: Mapped[list[Book]] = relationship(back_populates="author")


            class Book(Base):
                __tablename__ = "books"

                id: Mapped[int] = mapped_column(primary_key=True)
                title: Mapped[str]
                author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
                author: Mapped[Author] = relationship(back_populates="books")
        """,
        "q2/bookshop/schemas.py": """
            from pydantic import BaseModel, ConfigDict


            class BookOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                title: str


            class AuthorOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                name: str
                books: list[BookOut]
        """,
        "q2/bookshop/authors.py": """
            from bookshop.schemas import AuthorOut
            from bookshop.tables import Author
        """,
        "q2/bookshop/books.py": """
            from bookshop.schemas import BookOut
            from bookshop.tables import Book
        """,
    },
)
def bookshop_path():
    """Put all tables into one module, and all Pydantic models into another one."""
    return Path(__file__).with_suffix("") / "q2"


@right(
    "3.3.2",
    files={
        "q2/bookshop/__init__.py": "",
        "q2/bookshop/books.py": """
            from pydantic import BaseModel, ConfigDict
            from sqlalchemy import ForeignKey
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from .base import Base


            class Book(Base):
                __tablename__ = "books"

                id: Mapped[int] = mapped_column(primary_key=True)
                title: Mapped[str]
                author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
                author: Mapped["Author"] = relationship(back_populates="books")


            class BookOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                title: str


            from . import authors
        """,
    },
)
def bookshop_path():
    """Import the module, not the class, at the end of the file."""
    return Path(__file__).with_suffix("") / "q2"


@right(
    "3.3.2",
    files={
        "q2/bookshop/__init__.py": """
            from .authors import AuthorOut
            from .books import BookOut

            AuthorOut.model_rebuild(_types_namespace={"BookOut": BookOut})
        """,
        "q2/bookshop/authors.py": """
            from __future__ import annotations

            from typing import TYPE_CHECKING

            from pydantic import BaseModel, ConfigDict
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from .base import Base

            if TYPE_CHECKING:
                from .books import Book, BookOut


            class Author(Base):
                __tablename__ = "authors"

                id: Mapped[int] = mapped_column(primary_key=True)
                name: Mapped[str]
                books: Mapped[list[Book]] = relationship(back_populates="author")


            class AuthorOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                name: str
                books: list[BookOut]
        """,
    },
)
def bookshop_path():
    """Name all classes as strings, and rebuild the Pydantic model afterwards."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "3.3.3",
    caught_by='test_q3_the_prediction_is_the_status_code["pieces": "four" /plain]',
)
def status_codes():
    """Expect that SQLAlchemy or SQLite checks the type of an integer."""
    return {
        '"pieces": "four"': {"/plain": 500, "/validated": 422},
        '"title": null': {"/plain": 500, "/validated": 422},
        '"arrival": "2026-05-04"': {"/plain": 500, "/validated": 201},
    }


@wrong(
    "3.3.3",
    caught_by='test_q3_the_prediction_is_the_status_code["title": null /plain]',
)
def status_codes():
    """Expect a 422 for every invalid value, also without a Pydantic model."""
    return {
        '"pieces": "four"': {"/plain": 422, "/validated": 422},
        '"title": null': {"/plain": 422, "/validated": 422},
        '"arrival": "2026-05-04"': {"/plain": 422, "/validated": 201},
    }


@wrong(
    "3.3.3",
    caught_by="test_q3_the_prediction_is_the_status_code"
    '["arrival": "2026-05-04" /plain]',
)
def status_codes():
    """Expect that SQLAlchemy converts a string to a date."""
    return {
        '"pieces": "four"': {"/plain": 201, "/validated": 422},
        '"title": null': {"/plain": 500, "/validated": 422},
        '"arrival": "2026-05-04"': {"/plain": 201, "/validated": 201},
    }


@wrong(
    "3.3.3",
    caught_by="test_q3_the_prediction_is_the_status_code"
    '["arrival": "2026-05-04" /validated]',
)
def status_codes():
    """Expect that Pydantic converts nothing."""
    return {
        '"pieces": "four"': {"/plain": 201, "/validated": 422},
        '"title": null': {"/plain": 500, "/validated": 422},
        '"arrival": "2026-05-04"': {"/plain": 500, "/validated": 422},
    }


@wrong(
    "3.3.3",
    caught_by='test_q3_the_prediction_is_the_status_code["title": null /validated]',
)
def status_codes():
    """Expect that only the database knows about NOT NULL, and swap two of them."""
    return {
        '"pieces": "four"': {"/plain": 201, "/validated": 201},
        '"title": null': {"/plain": 500, "/validated": 500},
        '"arrival": "2026-05-04"': {"/plain": 500, "/validated": 201},
    }


@wrong(
    "3.3.3",
    caught_by='test_q3_the_prediction_is_the_status_code["pieces": "four" /plain]',
)
def status_codes():
    """Expect 200 for a stored row."""
    return {
        '"pieces": "four"': {"/plain": 200, "/validated": 422},
        '"title": null': {"/plain": 500, "/validated": 422},
        '"arrival": "2026-05-04"': {"/plain": 500, "/validated": 200},
    }


@right("3.3.3")
def status_codes():
    """Write the codes of each path together."""
    plain = {"pieces": 201, "title": 500, "arrival": 500}
    validated = {"pieces": 422, "title": 422, "arrival": 201}
    changes = ['"pieces": "four"', '"title": null', '"arrival": "2026-05-04"']
    codes = zip(changes, plain.values(), validated.values(), strict=True)
    return {change: {"/plain": a, "/validated": b} for change, a, b in codes}


@right("3.3.3")
def status_codes():
    """Use the constants of FastAPI."""
    from fastapi import status

    stored, failed = status.HTTP_201_CREATED, status.HTTP_500_INTERNAL_SERVER_ERROR
    return {
        '"pieces": "four"': {"/plain": stored, "/validated": 422},
        '"title": null': {"/plain": failed, "/validated": 422},
        '"arrival": "2026-05-04"': {"/plain": failed, "/validated": stored},
    }


@wrong("3.3.4", caught_by="test_q4_the_price_is_stored_in_cents[0.29-29]")
class BookIn(BaseModel):
    """Use a float for the price."""

    title: str = Field(min_length=1, max_length=100)
    price: float = Field(ge=0, le=9999.99)

    def to_row(self):
        return Book(title=self.title, cents=int(self.price * 100))


@wrong(
    "3.3.4",
    caught_by="test_q4_an_invalid_book_returns_422[price has three decimal places]",
)
class BookIn(BaseModel):
    """Round a price that has more than two decimal places."""

    title: str = Field(min_length=1, max_length=100)
    price: Decimal = Field(ge=0, le=Decimal("9999.99"))

    def to_row(self):
        return Book(title=self.title, cents=round(self.price * 100))


@wrong("3.3.4", caught_by="test_q4_the_price_is_stored_in_cents[12.50-1250]")
class BookIn(BaseModel):
    """Store the euros in the column for the cents."""

    title: str = Field(min_length=1, max_length=100)
    price: Decimal = Field(ge=0, le=Decimal("9999.99"), decimal_places=2)

    def to_row(self):
        return Book(title=self.title, cents=int(self.price))


@wrong("3.3.4", caught_by="test_q4_the_price_is_stored_in_cents")
class BookIn(BaseModel):
    """Pass the fields to the row by their names."""

    title: str = Field(min_length=1, max_length=100)
    price: Decimal = Field(ge=0, le=Decimal("9999.99"), decimal_places=2)

    def to_row(self):
        return Book(**self.model_dump())


@wrong("3.3.4", caught_by="test_q4_a_client_cannot_set_other_columns[cents]")
class BookIn(BaseModel):
    """Let a client send the cents as well."""

    title: str = Field(min_length=1, max_length=100)
    price: Decimal = Field(ge=0, le=Decimal("9999.99"), decimal_places=2)
    cents: int | None = None

    def to_row(self):
        cents = self.cents if self.cents is not None else int(self.price * 100)
        return Book(title=self.title, cents=cents)


@wrong("3.3.4", caught_by="test_q4_to_row_returns_a_new_book_each_time")
class BookIn(BaseModel):
    """Return the model itself."""

    title: str = Field(min_length=1, max_length=100)
    price: Decimal = Field(ge=0, le=Decimal("9999.99"), decimal_places=2)

    def to_row(self):
        return self


@wrong("3.3.4", caught_by="test_q4_the_price_is_stored_in_cents[0-0]")
class BookIn(BaseModel):
    """Refuse a book that costs nothing."""

    title: str = Field(min_length=1, max_length=100)
    price: Decimal = Field(gt=0, lt=Decimal("9999.99"), decimal_places=2)

    def to_row(self):
        return Book(title=self.title, cents=int(self.price * 100))


@wrong(
    "3.3.4",
    caught_by="test_q4_an_invalid_book_returns_422[price is more than 9999.99]",
)
class BookIn(BaseModel):
    """Check the price when the row is created, where an error is a 500."""

    title: str = Field(min_length=1, max_length=100)
    price: Any

    def to_row(self):
        price = Decimal(str(self.price))
        if not 0 <= price <= Decimal("9999.99"):
            raise ValueError("the price is not from 0 to 9999.99")
        return Book(title=self.title, cents=int(price * 100))


@wrong(
    "3.3.4",
    caught_by="test_q4_an_invalid_book_returns_422[price has five decimal places]",
)
class BookIn(BaseModel):
    """Count the digits behind the point, which 1e-05 does not have."""

    title: str = Field(min_length=1, max_length=100)
    price: Decimal = Field(ge=0, le=Decimal("9999.99"))

    @field_validator("price", mode="before")
    @classmethod
    def decimal_places(cls, value):
        if len(str(value).partition(".")[2]) > 2:
            raise ValueError("the price has more than two decimal places")
        return value

    def to_row(self):
        return Book(title=self.title, cents=int(self.price * 100))


@wrong("3.3.4", caught_by="test_q4_to_row_returns_a_new_book_each_time")
class BookIn(BaseModel):
    """Keep the row, and return it again."""

    title: str = Field(min_length=1, max_length=100)
    price: Decimal = Field(ge=0, le=Decimal("9999.99"), decimal_places=2)

    @cached_property
    def _row(self):
        return Book(title=self.title, cents=int(self.price * 100))

    def to_row(self):
        return self._row


@wrong("3.3.4", caught_by="test_q4_the_title_is_stored[spaces]")
class BookIn(BaseModel):
    """Strip the title."""

    title: str = Field(min_length=1, max_length=100)
    price: Decimal = Field(ge=0, le=Decimal("9999.99"), decimal_places=2)

    def to_row(self):
        return Book(title=self.title.strip(), cents=int(self.price * 100))


@right("3.3.4")
class BookIn(BaseModel, extra="forbid"):
    """Limit the digits, and convert the digits of the text."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    price: Annotated[Decimal, Field(ge=0, max_digits=6, decimal_places=2)]

    def to_row(self):
        euros, _, cents = f"{self.price:.2f}".partition(".")
        return Book(title=self.title, cents=int(euros + cents))


@right("3.3.4")
class BookIn(BaseModel):
    """Validate the price with a function, and set the attributes one by one."""

    title: str = Field(min_length=1, max_length=Book.__table__.c.title.type.length)
    price: Decimal

    @field_validator("price")
    @classmethod
    def whole_cents(cls, value):
        if not 0 <= value * 100 <= 999999 or value * 100 % 1:
            raise ValueError("a price is from 0 to 9999.99, in whole cents")
        return value

    def to_row(self):
        book = Book()
        book.title = self.title
        book.cents = round(self.price.scaleb(2))
        return book


@right("3.3.4")
class BookIn(BaseModel):
    """Take a float and round it, because two decimal places were checked before."""

    title: str = Field(min_length=1, max_length=100)
    price: float = Field(ge=0, le=9999.99)

    @model_validator(mode="before")
    @classmethod
    def decimal_places(cls, data):
        price = data.get("price") if isinstance(data, dict) else None
        if isinstance(price, bool):
            raise ValueError("the price is not a number")
        try:
            digits = f"{Decimal(str(price)):f}"
        except ArithmeticError:
            raise ValueError("the price is not a number") from None
        if len(digits.partition(".")[2]) > 2:
            raise ValueError("the price has more than two decimal places")
        return data

    def to_row(self):
        return Book(title=self.title, cents=round(self.price * 100))


@wrong("3.3.5", caught_by="test_q5_each_order_has_its_lines_and_their_books")
def orders_app(engine):
    """Declare the models, and load nothing."""
    app = FastAPI()

    class BookOut(BaseModel):
        title: str

    class LineOut(BaseModel):
        pieces: int
        book: BookOut

    class OrderOut(BaseModel):
        id: int
        lines: list[LineOut]

    @app.get("/orders", response_model=list[OrderOut])
    def read_orders():
        with Session(engine) as session:
            return session.scalars(select(Order).order_by(Order.id)).all()

    return app


@wrong("3.3.5", caught_by="test_q5_each_order_has_its_lines_and_their_books")
def orders_app(engine):
    """Load the lines, and not their books."""
    app = FastAPI()

    class BookOut(BaseModel):
        title: str

    class LineOut(BaseModel):
        pieces: int
        book: BookOut

    class OrderOut(BaseModel):
        id: int
        lines: list[LineOut]

    @app.get("/orders", response_model=list[OrderOut])
    def read_orders():
        query = select(Order).order_by(Order.id).options(selectinload(Order.lines))
        with Session(engine) as session:
            return session.scalars(query).all()

    return app


@wrong("3.3.5", caught_by="test_q5_more_rows_do_not_need_more_statements")
def orders_app(engine):
    """Create the models while the session is open, with a query for each row."""
    app = FastAPI()

    class BookOut(BaseModel, from_attributes=True):
        title: str

    class LineOut(BaseModel, from_attributes=True):
        pieces: int
        book: BookOut

    class OrderOut(BaseModel, from_attributes=True):
        id: int
        lines: list[LineOut]

    @app.get("/orders")
    def read_orders() -> list[OrderOut]:
        with Session(engine) as session:
            rows = session.scalars(select(Order).order_by(Order.id))
            return [OrderOut.model_validate(row) for row in rows]

    return app


@wrong("3.3.5", caught_by="test_q5_an_order_without_lines_has_an_empty_list")
def orders_app(engine):
    """Use an inner join, which loses the orders without lines."""
    app = FastAPI()

    class BookOut(BaseModel):
        title: str

    class LineOut(BaseModel):
        pieces: int
        book: BookOut

    class OrderOut(BaseModel):
        id: int
        lines: list[LineOut]

    @app.get("/orders", response_model=list[OrderOut])
    def read_orders():
        loaded = joinedload(Order.lines, innerjoin=True).joinedload(Line.book)
        query = select(Order).order_by(Order.id).options(loaded)
        with Session(engine) as session:
            return session.scalars(query).unique().all()

    return app


@wrong("3.3.5", caught_by="test_q5_each_order_has_its_lines_and_their_books")
def orders_app(engine):
    """Use a joined load for the list, without `unique()`."""
    app = FastAPI()

    class BookOut(BaseModel):
        title: str

    class LineOut(BaseModel):
        pieces: int
        book: BookOut

    class OrderOut(BaseModel):
        id: int
        lines: list[LineOut]

    @app.get("/orders", response_model=list[OrderOut])
    def read_orders():
        loaded = joinedload(Order.lines).joinedload(Line.book)
        query = select(Order).order_by(Order.id).options(loaded)
        with Session(engine) as session:
            return session.scalars(query).all()

    return app


@wrong("3.3.5", caught_by="test_q5_orders_lines_and_books_have_no_other_fields")
def orders_app(engine):
    """Return every column of the nested rows."""
    app = FastAPI()

    class BookOut(BaseModel):
        id: int
        title: str
        cents: int
        sold: int

    class LineOut(BaseModel):
        id: int
        pieces: int
        book: BookOut

    class OrderOut(BaseModel):
        id: int
        lines: list[LineOut]

    @app.get("/orders", response_model=list[OrderOut])
    def read_orders():
        loaded = selectinload(Order.lines).joinedload(Line.book)
        query = select(Order).order_by(Order.id).options(loaded)
        with Session(engine) as session:
            return session.scalars(query).all()

    return app


@wrong("3.3.5", caught_by="test_q5_the_next_response_has_the_new_orders_and_lines")
def orders_app(engine):
    """Keep the orders of the first request."""
    app = FastAPI()
    kept = []

    class BookOut(BaseModel):
        title: str

    class LineOut(BaseModel):
        pieces: int
        book: BookOut

    class OrderOut(BaseModel):
        id: int
        lines: list[LineOut]

    @app.get("/orders", response_model=list[OrderOut])
    def read_orders():
        loaded = selectinload(Order.lines).joinedload(Line.book)
        query = select(Order).order_by(Order.id).options(loaded)
        with Session(engine) as session:
            kept.extend([] if kept else session.scalars(query))
        return kept

    return app


@wrong("3.3.5", caught_by="test_q5_each_order_has_its_lines_and_their_books[one]")
def orders_app(engine):
    """Put the title into the line."""
    app = FastAPI()

    class LineOut(BaseModel):
        pieces: int
        title: str = Field(validation_alias=AliasPath("book", "title"))

    class OrderOut(BaseModel):
        id: int
        lines: list[LineOut]

    @app.get("/orders", response_model=list[OrderOut])
    def read_orders():
        loaded = selectinload(Order.lines).joinedload(Line.book)
        query = select(Order).order_by(Order.id).options(loaded)
        with Session(engine) as session:
            return session.scalars(query).all()

    return app


@wrong("3.3.5", caught_by="test_q5_each_order_has_its_lines_and_their_books[three]")
def orders_app(engine):
    """Leave the order of the orders to the database."""
    app = FastAPI()

    class BookOut(BaseModel):
        title: str

    class LineOut(BaseModel):
        pieces: int
        book: BookOut

    class OrderOut(BaseModel):
        id: int
        lines: list[LineOut]

    @app.get("/orders", response_model=list[OrderOut])
    def read_orders():
        loaded = selectinload(Order.lines).joinedload(Line.book)
        with Session(engine) as session:
            return session.scalars(select(Order).options(loaded)).all()

    return app


@wrong(
    "3.3.5",
    caught_by="test_q5_each_order_has_its_lines_and_their_books[the same book twice]",
)
def orders_app(engine):
    """Keep one line for each book."""
    app = FastAPI()

    class BookOut(BaseModel):
        title: str

    class LineOut(BaseModel):
        pieces: int
        book: BookOut

    class OrderOut(BaseModel):
        id: int
        lines: list[LineOut]

    @app.get("/orders", response_model=list[OrderOut])
    def read_orders():
        loaded = selectinload(Order.lines).joinedload(Line.book)
        query = select(Order).order_by(Order.id).options(loaded)
        with Session(engine) as session:
            return [
                {"id": order.id, "lines": {x.book: x for x in order.lines}.values()}
                for order in session.scalars(query)
            ]

    return app


@right("3.3.5")
def orders_app(engine):
    """Load everything in one statement, and create the models in the session."""
    app = FastAPI()

    class BookOut(BaseModel, from_attributes=True):
        title: str

    class LineOut(BaseModel, from_attributes=True):
        pieces: int
        book: BookOut

    class OrderOut(BaseModel, from_attributes=True):
        id: int
        lines: list[LineOut]

    @app.get("/orders")
    async def read_orders() -> list[OrderOut]:
        loaded = joinedload(Order.lines).joinedload(Line.book)
        query = select(Order).order_by(Order.id).options(loaded)
        with Session(engine) as session:
            rows = session.scalars(query).unique()
            return [OrderOut.model_validate(row) for row in rows]

    return app


@right("3.3.5")
def orders_app(engine):
    """Use subqueries, and a dependency that keeps the session open."""
    from fastapi import Depends

    app = FastAPI()

    class BookOut(BaseModel):
        title: str

    class LineOut(BaseModel):
        pieces: int
        book: BookOut

    class OrderOut(BaseModel):
        id: int
        lines: list[LineOut]

    def open_session():
        with Session(engine) as session:
            yield session

    @app.get("/orders", response_model=list[OrderOut])
    def read_orders(session: Annotated[Session, Depends(open_session)]):
        loaded = subqueryload(Order.lines).subqueryload(Line.book)
        return session.query(Order).order_by(Order.id).options(loaded).all()

    return app


@right("3.3.5")
def orders_app(engine):
    """Read the three tables, and put the dicts together in Python."""
    app = FastAPI()

    @app.get("/orders")
    def read_orders():
        lines = select(Line, Book.title).join(Line.book).order_by(Line.id)
        with Session(engine) as session:
            ids = session.scalars(select(Order.id).order_by(Order.id))
            found = {order_id: [] for order_id in ids}
            for line, title in session.execute(lines):
                known = {"pieces": line.pieces, "book": {"title": title}}
                found[line.order_id].append(known)
        return [{"id": id_, "lines": lines} for id_, lines in found.items()]

    return app


@wrong("3.3.6", caught_by="test_q6_the_response_has_the_old_names[name-1]")
class CustomerOut(BaseModel):
    """Use `alias`, which is also the name in the response."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str = Field(alias="full_name")
    email: str | None = Field(alias="email_address")


@wrong("3.3.6", caught_by="test_q6_the_response_has_the_old_names")
class CustomerOut(BaseModel):
    """Forget `from_attributes`."""

    id: int
    name: str = Field(validation_alias="full_name")
    email: str | None = Field(validation_alias="email_address")


@wrong("3.3.6", caught_by="test_q6_the_response_has_the_old_names")
class CustomerOut(BaseModel):
    """Declare the old names, which the row does not have."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    email: str | None


@wrong("3.3.6", caught_by="test_q6_the_response_has_the_old_names[email-1]")
class CustomerOut(BaseModel):
    """Do not allow null."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str = Field(validation_alias="full_name")
    email: str = Field(validation_alias="email_address")


@wrong("3.3.6", caught_by="test_q6_the_response_has_no_other_fields")
class CustomerOut(BaseModel):
    """Return every column."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str = Field(validation_alias="full_name")
    email: str | None = Field(validation_alias="email_address")
    credit_limit: int


@wrong("3.3.6", caught_by="test_q6_the_documentation_shows_the_same_fields")
class CustomerOut(BaseModel):
    """Rename the fields in a serializer, which the documentation does not know."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    full_name: str
    email_address: str | None

    @model_serializer(mode="wrap")
    def old_names(self, handler):
        return {"id": self.id, "name": self.full_name, "email": self.email_address}


@wrong("3.3.6", caught_by="test_q6_the_values_are_unchanged[no email address]")
class CustomerOut(BaseModel):
    """Validate stored email addresses again."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str = Field(validation_alias="full_name")
    email: EmailStr | None = Field(validation_alias="email_address")


@wrong("3.3.6", caught_by="test_q6_the_values_are_unchanged[long name]")
class CustomerOut(BaseModel):
    """Use the bounds of a request body in a response."""

    model_config = ConfigDict(from_attributes=True, str_strip_whitespace=True)

    id: int
    name: str = Field(validation_alias="full_name", min_length=1, max_length=40)
    email: str | None = Field(validation_alias="email_address")


@right("3.3.6")
class CustomerOut(BaseModel):
    """Convert the row to a dict in a validator."""

    id: int
    name: str
    email: str | None

    @model_validator(mode="before")
    @classmethod
    def of_row(cls, row):
        if not isinstance(row, Customer):
            return row
        return {"id": row.id, "name": row.full_name, "email": row.email_address}


@right("3.3.6")
class CustomerOut(BaseModel):
    """Use different aliases for reading the row and for the response."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    full_name: str = Field(alias="full_name", serialization_alias="name")
    email_address: str | None = Field(serialization_alias="email")
