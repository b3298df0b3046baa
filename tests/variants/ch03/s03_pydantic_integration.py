"""Other answers to section 3.3."""

from typing import Literal, Optional

from pydantic import AliasChoices, StringConstraints, field_validator, model_validator
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, subqueryload

from sensei.variants import right, wrong


@wrong("3.3.1", caught_by="test_q1_no_client_sets_what_is_the_shops")
class UserIn(BaseModel):
    """A schema has the fields of its table."""

    id: int | None = None
    name: str = Field(max_length=40)
    email: EmailStr = Field(max_length=80)
    password: str = Field(min_length=8)
    nickname: str | None = Field(default=None, max_length=20)
    newsletter: bool = True
    is_admin: bool = False

    def to_row(self):
        values = self.model_dump(exclude={"password"})
        return User(**values, password_hash=hash_password(self.password))


@wrong("3.3.1", caught_by="test_q1_no_client_sets_what_is_the_shops")
class UserIn(BaseModel):
    """What is not declared does no harm."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(max_length=40)
    email: EmailStr = Field(max_length=80)
    password: str = Field(min_length=8)
    nickname: str | None = Field(default=None, max_length=20)
    newsletter: bool = True

    def to_row(self):
        values = self.model_dump()
        values["password_hash"] = hash_password(values.pop("password"))
        return User(**values)


@wrong("3.3.1", caught_by="test_q1_who_is_no_user_is_refused")
class UserIn(BaseModel):
    """The database knows how long its columns are."""

    name: str
    email: EmailStr
    password: str = Field(min_length=8)
    nickname: str | None = None
    newsletter: bool = True

    def to_row(self):
        values = self.model_dump(exclude={"password"})
        return User(**values, password_hash=hash_password(self.password))


@wrong("3.3.1", caught_by="test_q1_of_a_password_the_hash_is_stored")
class UserIn(BaseModel):
    """A SecretStr is text like any other."""

    name: str = Field(max_length=40)
    email: EmailStr = Field(max_length=80)
    password: SecretStr = Field(min_length=8)
    nickname: str | None = Field(default=None, max_length=20)
    newsletter: bool = True

    def to_row(self):
        values = self.model_dump(exclude={"password"})
        return User(**values, password_hash=hash_password(str(self.password)))


@wrong("3.3.1", caught_by="test_q1_of_a_password_the_hash_is_stored")
class UserIn(BaseModel):
    """The password goes where the table has its hash."""

    name: str = Field(max_length=40)
    email: EmailStr = Field(max_length=80)
    password: str = Field(min_length=8)
    nickname: str | None = Field(default=None, max_length=20)
    newsletter: bool = True

    def to_row(self):
        values = self.model_dump()
        return User(password_hash=values.pop("password"), **values)


@wrong("3.3.1", caught_by="test_q1_a_user_is_stored_as_it_was_sent")
class UserIn(BaseModel):
    """Whoever says nothing wants nothing."""

    name: str = Field(max_length=40)
    email: EmailStr = Field(max_length=80)
    password: str = Field(min_length=8)
    nickname: str | None = Field(default=None, max_length=20)
    newsletter: bool = False

    def to_row(self):
        values = self.model_dump(exclude={"password"})
        return User(**values, password_hash=hash_password(self.password))


@wrong("3.3.1", caught_by="test_q1_who_is_no_user_is_refused")
class UserIn(BaseModel):
    """Whatever may be missing may be null."""

    name: str = Field(max_length=40)
    email: EmailStr = Field(max_length=80)
    password: str = Field(min_length=8)
    nickname: str | None = Field(default=None, max_length=20)
    newsletter: bool | None = None

    def to_row(self):
        values = self.model_dump(exclude={"password"})
        return User(**values, password_hash=hash_password(self.password))


@wrong("3.3.1", caught_by="test_q1_a_user_is_stored_as_it_was_sent")
class UserIn(BaseModel):
    """The schema is the row."""

    name: str = Field(max_length=40)
    email: EmailStr = Field(max_length=80)
    password: str = Field(min_length=8)
    nickname: str | None = Field(default=None, max_length=20)
    newsletter: bool = True

    def to_row(self):
        return self


@right("3.3.1")
class UserIn(BaseModel, extra="forbid"):
    """Unknown fields are refused, the row is filled field by field."""

    name: Annotated[str, StringConstraints(max_length=40)]
    email: EmailStr
    password: str = Field(min_length=8, repr=False)
    nickname: Optional[str] = Field(None, max_length=20)
    newsletter: bool = User.__table__.c.newsletter.default.arg

    @field_validator("email")
    @classmethod
    def fits(cls, email):
        if len(email) > User.email.type.length:
            raise ValueError("too long")
        return email

    def to_row(self):
        return User(
            name=self.name,
            email=self.email,
            nickname=self.nickname,
            newsletter=self.newsletter,
            password_hash=hash_password(self.password),
        )


@right("3.3.1")
class UserIn(BaseModel):
    """Attributes are set one after the other, where the client has sent them."""

    name: str = Field(max_length=User.__table__.c.name.type.length)
    email: EmailStr = Field(max_length=User.__table__.c.email.type.length)
    password: SecretStr = Field(min_length=8, exclude=True)
    nickname: str | None = Field(default="", max_length=20)
    newsletter: bool = False

    def to_row(self):
        user = User()
        for name in self.model_fields_set - {"password"}:
            setattr(user, name, getattr(self, name))
        user.password_hash = hash_password(self.password.get_secret_value())
        return user


@wrong(
    "3.3.2",
    caught_by="test_q2_books_are_used_where_nobody_imports_authors",
    files={"q2/bookshop/__init__.py": ""},
)
def bookshop_path():
    """An import for the type checker alone breaks the circle; more is not needed."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "3.3.2",
    caught_by="test_q2_either_part_can_be_imported_first[books]",
    files={
        "q2/bookshop/__init__.py": "",
        "q2/bookshop/authors.py": """
            from pydantic import BaseModel, ConfigDict
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from .base import Base


            class Author(Base):
                __tablename__ = "authors"

                id: Mapped[int] = mapped_column(primary_key=True)
                name: Mapped[str]
                books: Mapped[list["Book"]] = relationship(back_populates="author")


            class AuthorName(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                name: str


            from .books import Book, BookOut


            class AuthorOut(AuthorName):
                books: list[BookOut]
        """,
        "q2/bookshop/books.py": """
            from pydantic import BaseModel, ConfigDict
            from sqlalchemy import ForeignKey
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from .authors import Author, AuthorName
            from .base import Base


            class Book(Base):
                __tablename__ = "books"

                id: Mapped[int] = mapped_column(primary_key=True)
                title: Mapped[str]
                author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
                author: Mapped[Author] = relationship(back_populates="books")


            class BookIn(BaseModel):
                title: str

                def to_row(self, author: Author) -> Book:
                    return Book(title=self.title, author=author)


            class BookOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                title: str
                author: AuthorName
        """,
    },
)
def bookshop_path():
    """An import further down in the file is no longer circular."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "3.3.2",
    caught_by="test_q2_clients_read_what_is_stored",
    files={
        "q2/bookshop/authors.py": """
            from pydantic import BaseModel, ConfigDict
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from .base import Base
            from .books import Book, BookOut


            class Author(Base):
                __tablename__ = "authors"

                id: Mapped[int] = mapped_column(primary_key=True)
                name: Mapped[str]
                books: Mapped[list[Book]] = relationship(back_populates="author")


            class AuthorName(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                name: str


            class AuthorOut(AuthorName):
                books: list[BookOut]
        """,
    },
)
def bookshop_path():
    """Pydantic finds a class by its name, as SQLAlchemy does."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "3.3.2",
    caught_by="test_q2_the_schemas_still_refuse_what_does_not_fit[no author]",
    files={
        "q2/bookshop/authors.py": """
            from pydantic import BaseModel, ConfigDict
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from .base import Base
            from .books import Book, BookOut


            class Author(Base):
                __tablename__ = "authors"

                id: Mapped[int] = mapped_column(primary_key=True)
                name: Mapped[str]
                books: Mapped[list[Book]] = relationship(back_populates="author")


            class AuthorName(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                name: str


            class AuthorOut(AuthorName):
                books: list[BookOut]
        """,
        "q2/bookshop/books.py": """
            from typing import Any

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


            class BookIn(BaseModel):
                title: str

                def to_row(self, author) -> Book:
                    return Book(title=self.title, author=author)


            class BookOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                title: str
                author: Any
        """,
    },
)
def bookshop_path():
    """What cannot be imported is Any."""
    return Path(__file__).with_suffix("") / "q2"


@wrong(
    "3.3.2",
    caught_by="test_q2_clients_read_what_is_stored",
    files={
        "q2/bookshop/authors.py": """
            from pydantic import BaseModel, ConfigDict
            from sqlalchemy.orm import Mapped, mapped_column

            from .base import Base
            from .books import BookOut
            from .names import AuthorName


            class Author(Base):
                __tablename__ = "authors"

                id: Mapped[int] = mapped_column(primary_key=True)
                name: Mapped[str]


            class AuthorOut(AuthorName):
                books: list[BookOut] = []
        """,
        "q2/bookshop/names.py": """
            from pydantic import BaseModel, ConfigDict


            class AuthorName(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                name: str
        """,
        "q2/bookshop/books.py": """
            from pydantic import BaseModel, ConfigDict
            from sqlalchemy import ForeignKey
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from .base import Base
            from .names import AuthorName


            class Book(Base):
                __tablename__ = "books"

                id: Mapped[int] = mapped_column(primary_key=True)
                title: Mapped[str]
                author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
                author: Mapped["Author"] = relationship()


            class BookIn(BaseModel):
                title: str

                def to_row(self, author) -> Book:
                    return Book(title=self.title, author=author)


            class BookOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                title: str
                author: AuthorName
        """,
    },
)
def bookshop_path():
    """A relationship in one direction will do."""
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

            from bookshop.tables import Author, Book


            class Out(BaseModel):
                model_config = ConfigDict(from_attributes=True)


            class AuthorName(Out):
                name: str


            class BookOut(Out):
                title: str
                author: AuthorName


            class AuthorOut(AuthorName):
                books: list[BookOut]


            class BookIn(BaseModel):
                title: str

                def to_row(self, author: Author) -> Book:
                    return Book(title=self.title, author=author)
        """,
        "q2/bookshop/authors.py": """
            from bookshop.schemas import AuthorName, AuthorOut
            from bookshop.tables import Author
        """,
        "q2/bookshop/books.py": """
            from bookshop.schemas import BookIn, BookOut
            from bookshop.tables import Book
        """,
    },
)
def bookshop_path():
    """All tables in one module, all schemas in another that knows the tables."""
    return Path(__file__).parent / "s03_pydantic_integration" / "q2"


@right(
    "3.3.2",
    files={
        "q2/bookshop/__init__.py": "from . import authors",
        "q2/bookshop/authors.py": """
            from pydantic import BaseModel, ConfigDict
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from . import books
            from .base import Base


            class Author(Base):
                __tablename__ = "authors"

                id: Mapped[int] = mapped_column(primary_key=True)
                name: Mapped[str]
                books: Mapped[list["Book"]] = relationship(back_populates="author")


            class AuthorOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                name: str
                books: list["books.BookOut"]
        """,
        "q2/bookshop/books.py": """
            from pydantic import BaseModel, ConfigDict
            from sqlalchemy import ForeignKey
            from sqlalchemy.orm import Mapped, mapped_column, relationship

            from . import authors
            from .base import Base


            class Book(Base):
                __tablename__ = "books"

                id: Mapped[int] = mapped_column(primary_key=True)
                title: Mapped[str]
                author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
                author: Mapped["Author"] = relationship(back_populates="books")


            class BookIn(BaseModel):
                title: str

                def to_row(self, author: "authors.Author") -> Book:
                    return Book(title=self.title, author=author)


            class AuthorName(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                name: str


            class BookOut(BaseModel):
                model_config = ConfigDict(from_attributes=True)

                title: str
                author: AuthorName
        """,
    },
)
def bookshop_path():
    """Modules are imported instead of classes; the schema of a name has moved."""
    return Path(__file__).with_suffix("") / "q2"


@wrong("3.3.3", caught_by='test_q3_what_arrives_is_predicted["pieces": "four"]')
def arrivals():
    """A column of integers takes integers only."""
    return {
        '"pieces": "4"': {"trusted": 4, "validated": 4},
        '"pieces": "four"': {"trusted": "sqlite", "validated": "pydantic"},
        '"pieces": -4': {"trusted": -4, "validated": "pydantic"},
        '"title": null': {"trusted": "sqlite", "validated": "pydantic"},
        '"arrived": "2026-05-04"': {"trusted": "sqlalchemy", "validated": 3},
        '"colour": "red"': {"trusted": "sqlalchemy", "validated": 3},
    }


@wrong("3.3.3", caught_by='test_q3_what_arrives_is_predicted["arrived": "2026-05-04"]')
def arrivals():
    """A date is text, and SQLAlchemy converts it."""
    return {
        '"pieces": "4"': {"trusted": 4, "validated": 4},
        '"pieces": "four"': {"trusted": "four", "validated": "pydantic"},
        '"pieces": -4': {"trusted": -4, "validated": "pydantic"},
        '"title": null': {"trusted": "sqlite", "validated": "pydantic"},
        '"arrived": "2026-05-04"': {"trusted": 3, "validated": 3},
        '"colour": "red"': {"trusted": "sqlalchemy", "validated": 3},
    }


@wrong("3.3.3", caught_by='test_q3_what_arrives_is_predicted["title": null]')
def arrivals():
    """SQLAlchemy checks its own annotations before it sends anything."""
    return {
        '"pieces": "4"': {"trusted": 4, "validated": 4},
        '"pieces": "four"': {"trusted": "four", "validated": "pydantic"},
        '"pieces": -4': {"trusted": -4, "validated": "pydantic"},
        '"title": null': {"trusted": "sqlalchemy", "validated": "pydantic"},
        '"arrived": "2026-05-04"': {"trusted": "sqlalchemy", "validated": 3},
        '"colour": "red"': {"trusted": "sqlalchemy", "validated": 3},
    }


@wrong("3.3.3", caught_by='test_q3_what_arrives_is_predicted["colour": "red"]')
def arrivals():
    """Whatever is not quite right Pydantic refuses."""
    return {
        '"pieces": "4"': {"trusted": 4, "validated": "pydantic"},
        '"pieces": "four"': {"trusted": "four", "validated": "pydantic"},
        '"pieces": -4': {"trusted": -4, "validated": "pydantic"},
        '"title": null': {"trusted": "sqlite", "validated": "pydantic"},
        '"arrived": "2026-05-04"': {"trusted": "sqlalchemy", "validated": "pydantic"},
        '"colour": "red"': {"trusted": "sqlalchemy", "validated": "pydantic"},
    }


@wrong("3.3.4", caught_by="test_q4_a_patch_changes_what_was_sent[the title]")
def books_app(engine):
    """What was not sent has its default, and is set to it."""

    class BookIn(BaseModel):
        title: str = Field(min_length=1)
        author_id: int
        year: int | None = None

    class BookPatch(BaseModel):
        title: str | None = Field(default=None, min_length=1)
        author_id: int | None = None
        year: int | None = None

    app = FastAPI()

    def write(session, book, values):
        if session.get(Author, values["author_id"]) is None:
            raise HTTPException(422)
        for name, value in values.items():
            setattr(book, name, value)
        return store(session, book)

    @app.post("/books", status_code=201)
    def create(new: BookIn) -> BookOut:
        with Session(engine) as session:
            return write(session, Book(), new.model_dump())

    @app.patch("/books/{book_id}")
    def change(book_id: int, patch: BookPatch) -> BookOut:
        with Session(engine) as session:
            book = session.get(Book, book_id)
            if book is None:
                raise HTTPException(404)
            return write(session, book, patch.model_dump())

    return app


@wrong("3.3.4", caught_by="test_q4_a_patch_changes_what_was_sent[no year]")
def books_app(engine):
    """Null means: not sent."""

    class BookIn(BaseModel):
        title: str = Field(min_length=1)
        author_id: int
        year: int | None = None

    class BookPatch(BaseModel):
        title: str = Field(default=None, min_length=1)
        author_id: int = None
        year: int | None = None

    app = FastAPI()

    def write(session, book, sent):
        values = sent.model_dump(exclude_none=True)
        if "author_id" in values and session.get(Author, values["author_id"]) is None:
            raise HTTPException(422)
        for name, value in values.items():
            setattr(book, name, value)
        return store(session, book)

    @app.post("/books", status_code=201)
    def create(new: BookIn) -> BookOut:
        with Session(engine) as session:
            return write(session, Book(), new)

    @app.patch("/books/{book_id}")
    def change(book_id: int, patch: BookPatch) -> BookOut:
        with Session(engine) as session:
            book = session.get(Book, book_id)
            if book is None:
                raise HTTPException(404)
            return write(session, book, patch)

    return app


@wrong("3.3.4", caught_by="test_q4_a_patch_changes_what_was_sent[the year]")
def books_app(engine):
    """One model for both: whoever changes a book sends all of it."""

    class BookIn(BaseModel):
        title: str = Field(min_length=1)
        author_id: int
        year: int | None = None

    app = FastAPI()

    def write(session, book, sent):
        if session.get(Author, sent.author_id) is None:
            raise HTTPException(422)
        for name, value in sent.model_dump(exclude_unset=True).items():
            setattr(book, name, value)
        return store(session, book)

    @app.post("/books", status_code=201)
    def create(new: BookIn) -> BookOut:
        with Session(engine) as session:
            return write(session, Book(), new)

    @app.patch("/books/{book_id}")
    def change(book_id: int, patch: BookIn) -> BookOut:
        with Session(engine) as session:
            book = session.get(Book, book_id)
            if book is None:
                raise HTTPException(404)
            return write(session, book, patch)

    return app


@wrong("3.3.4", caught_by="test_q4_a_patch_keeps_the_rules_of_a_new_book")
def books_app(engine):
    """What may be left out may be null."""

    class BookIn(BaseModel):
        title: str = Field(min_length=1)
        author_id: int
        year: int | None = None

    class BookPatch(BaseModel):
        title: str | None = Field(default=None, min_length=1)
        author_id: int | None = None
        year: int | None = None

    app = FastAPI()

    def write(session, book, sent):
        values = sent.model_dump(exclude_unset=True)
        if "author_id" in values and session.get(Author, values["author_id"]) is None:
            raise HTTPException(422)
        for name, value in values.items():
            setattr(book, name, value)
        return store(session, book)

    @app.post("/books", status_code=201)
    def create(new: BookIn) -> BookOut:
        with Session(engine) as session:
            return write(session, Book(), new)

    @app.patch("/books/{book_id}")
    def change(book_id: int, patch: BookPatch) -> BookOut:
        with Session(engine) as session:
            book = session.get(Book, book_id)
            if book is None:
                raise HTTPException(404)
            return write(session, book, patch)

    return app


@wrong("3.3.4", caught_by="test_q4_what_is_no_new_book_is_refused")
def books_app(engine):
    """An author is a number; whether there is one the database knows."""

    class BookIn(BaseModel):
        title: str = Field(min_length=1)
        author_id: int
        year: int | None = None

    class BookPatch(BookIn):
        title: str = Field(default="", min_length=1)
        author_id: int = 0

    app = FastAPI()

    @app.post("/books", status_code=201)
    def create(new: BookIn) -> BookOut:
        with Session(engine) as session:
            return store(session, Book(**new.model_dump()))

    @app.patch("/books/{book_id}")
    def change(book_id: int, patch: BookPatch) -> BookOut:
        with Session(engine) as session:
            book = session.get(Book, book_id)
            if book is None:
                raise HTTPException(404)
            for name, value in patch.model_dump(exclude_unset=True).items():
                setattr(book, name, value)
            return store(session, book)

    return app


@wrong("3.3.4", caught_by="test_q4_a_patch_keeps_the_rules_of_a_new_book")
def books_app(engine):
    """The author is checked when the book is made."""

    class BookIn(BaseModel):
        title: str = Field(min_length=1)
        author_id: int
        year: int | None = None

    class BookPatch(BookIn):
        title: str = Field(default="", min_length=1)
        author_id: int = 0

    app = FastAPI()

    @app.post("/books", status_code=201)
    def create(new: BookIn) -> BookOut:
        with Session(engine) as session:
            if not session.get(Author, new.author_id):
                raise HTTPException(422)
            return store(session, Book(**new.model_dump()))

    @app.patch("/books/{book_id}")
    def change(book_id: int, patch: BookPatch) -> BookOut:
        with Session(engine) as session:
            book = session.get(Book, book_id)
            if book is None:
                raise HTTPException(404)
            for name, value in patch.model_dump(exclude_unset=True).items():
                setattr(book, name, value)
            return store(session, book)

    return app


@wrong("3.3.4", caught_by="test_q4_no_client_sets_what_is_the_shops[PATCH-/books/1]")
def books_app(engine):
    """A patch is a dict of what changes."""

    class BookIn(BaseModel):
        title: str = Field(min_length=1)
        author_id: int
        year: int | None = None

    app = FastAPI()

    def write(session, book, values):
        if "author_id" in values and not session.get(Author, values["author_id"]):
            raise HTTPException(422)
        for name, value in values.items():
            setattr(book, name, value)
        return store(session, book)

    @app.post("/books", status_code=201)
    def create(new: BookIn) -> BookOut:
        with Session(engine) as session:
            return write(session, Book(), new.model_dump())

    @app.patch("/books/{book_id}")
    def change(book_id: int, patch: dict[str, Any]) -> BookOut:
        with Session(engine) as session:
            book = session.get(Book, book_id)
            if book is None:
                raise HTTPException(404)
            return write(session, book, patch)

    return app


@wrong("3.3.4", caught_by="test_q4_what_is_not_there_cannot_be_changed")
def books_app(engine):
    """`get_one` finds it or says that it is not there."""

    class BookIn(BaseModel):
        title: str = Field(min_length=1)
        author_id: int
        year: int | None = None

    class BookPatch(BookIn):
        title: str = Field(default="", min_length=1)
        author_id: int = 0

    app = FastAPI()

    def write(session, book, sent):
        values = sent.model_dump(exclude_unset=True)
        if "author_id" in values and not session.get(Author, values["author_id"]):
            raise HTTPException(422)
        for name, value in values.items():
            setattr(book, name, value)
        return store(session, book)

    @app.post("/books", status_code=201)
    def create(new: BookIn) -> BookOut:
        with Session(engine) as session:
            return write(session, Book(), new)

    @app.patch("/books/{book_id}")
    def change(book_id: int, patch: BookPatch) -> BookOut:
        with Session(engine) as session:
            return write(session, session.get_one(Book, book_id), patch)

    return app


@wrong("3.3.4", caught_by="test_q4_a_new_book_is_stored_and_answered")
def books_app(engine):
    """What was flushed is stored."""

    class BookIn(BaseModel):
        title: str = Field(min_length=1)
        author_id: int
        year: int | None = None

    app = FastAPI()

    @app.post("/books", status_code=201)
    def create(new: BookIn) -> BookOut:
        with Session(engine) as session:
            book = Book(**new.model_dump())
            session.add(book)
            session.flush()
            return BookOut.model_validate(book)

    return app


@right("3.3.4")
def books_app(engine):
    """The foreign key tells of an author that is not there."""

    class BookFields(BaseModel, extra="forbid"):
        title: Annotated[str, Field(min_length=1)] = None
        author_id: int = None
        year: int | None = None

    class NewBook(BookFields):
        title: Annotated[str, Field(min_length=1)]
        author_id: int

    app = FastAPI()

    async def write(session, book, sent):
        for name in sent.model_fields_set:
            setattr(book, name, getattr(sent, name))
        try:
            return store(session, book)
        except IntegrityError:
            raise HTTPException(422, "no such author") from None

    @app.post("/books", status_code=201, response_model=BookOut)
    async def create(new: NewBook):
        with Session(engine) as session:
            return await write(session, Book(), new)

    @app.patch("/books/{number}", response_model=BookOut)
    async def change(number: int, patch: BookFields):
        with Session(engine) as session:
            if (book := session.get(Book, number)) is None:
                raise HTTPException(404)
            return await write(session, book, patch)

    return app


@right("3.3.4")
def books_app(engine):
    """A validator refuses null; the change is an UPDATE of its own."""
    from sqlalchemy import exists, update

    class NewBook(BaseModel):
        title: Annotated[str, StringConstraints(min_length=1)]
        author_id: int
        year: int | None = None

    class Changes(BaseModel):
        title: Annotated[str, StringConstraints(min_length=1)] | None = None
        author_id: int | None = None
        year: int | None = None

        @model_validator(mode="after")
        def no_null(self):
            for name in self.model_fields_set - {"year"}:
                if getattr(self, name) is None:
                    raise ValueError(f"{name} is null")
            return self

    def known(session, model, number):
        return session.scalar(select(exists().where(model.id == number)))

    app = FastAPI()

    @app.post("/books", status_code=201)
    def create(new: NewBook) -> BookOut:
        with Session(engine) as session, session.begin():
            author = session.get(Author, new.author_id)
            if not author:
                raise HTTPException(422)
            book = Book(title=new.title, year=new.year, author=author)
            session.add(book)
            session.flush()
            return BookOut.model_validate(book)

    @app.patch("/books/{book_id}")
    def change(book_id: int, patch: Changes) -> BookOut:
        values = patch.model_dump(exclude_unset=True)
        with Session(engine) as session, session.begin():
            if not known(session, Book, book_id):
                raise HTTPException(404)
            if "author_id" in values and not known(session, Author, patch.author_id):
                raise HTTPException(422)
            if values:
                session.execute(update(Book).filter_by(id=book_id).values(values))
            return BookOut.model_validate(session.get_one(Book, book_id))

    return app


@wrong("3.3.5", caught_by="test_q5_all_authors_are_read_with_books_and_publishers[5]")
def authors_app(sessions):
    """The first level is loaded, the next one will be there, too."""

    class PublisherName(BaseModel):
        name: str

    class BookOfAuthor(BaseModel):
        title: str
        publisher: PublisherName | None

    class AuthorWithBooks(BaseModel):
        name: str
        books: list[BookOfAuthor]

    app = FastAPI()

    @app.get("/authors", response_model=list[AuthorWithBooks])
    async def authors():
        async with sessions() as session:
            query = select(Author).options(selectinload(Author.books))
            return (await session.scalars(query)).all()

    return app


@wrong("3.3.5", caught_by="test_q5_more_authors_do_not_take_more_statements")
def authors_app(sessions):
    """In `run_sync` everything can be loaded when it is read."""

    class PublisherName(BaseModel):
        model_config = ConfigDict(from_attributes=True)
        name: str

    class BookOfAuthor(BaseModel):
        model_config = ConfigDict(from_attributes=True)
        title: str
        publisher: PublisherName | None

    class AuthorWithBooks(BaseModel):
        model_config = ConfigDict(from_attributes=True)
        name: str
        books: list[BookOfAuthor]

    app = FastAPI()

    @app.get("/authors", response_model=list[AuthorWithBooks])
    async def authors():
        def read(session):
            return [
                AuthorWithBooks.model_validate(author)
                for author in session.scalars(select(Author))
            ]

        async with sessions() as session:
            return await session.run_sync(read)

    return app


@wrong("3.3.5", caught_by="test_q5_more_authors_do_not_take_more_statements")
def authors_app(sessions):
    """The books of each author are asked for."""

    class PublisherName(BaseModel):
        name: str

    class BookOfAuthor(BaseModel):
        title: str
        publisher: PublisherName | None

    class AuthorWithBooks(BaseModel):
        name: str
        books: list[BookOfAuthor]

    app = FastAPI()

    @app.get("/authors", response_model=list[AuthorWithBooks])
    async def authors():
        async with sessions() as session:
            found = []
            for author in (await session.scalars(select(Author))).all():
                query = select(Book).filter_by(author_id=author.id)
                query = query.options(selectinload(Book.publisher))
                books = (await session.scalars(query)).all()
                found.append({"name": author.name, "books": books})
            return found

    return app


@wrong("3.3.5", caught_by="test_q5_all_authors_are_read_with_books_and_publishers[1]")
def authors_app(sessions):
    """A join brings the authors with their books; the other authors are lost."""

    class PublisherName(BaseModel):
        name: str

    class BookOfAuthor(BaseModel):
        title: str
        publisher: PublisherName | None

    class AuthorWithBooks(BaseModel):
        name: str
        books: list[BookOfAuthor]

    app = FastAPI()

    @app.get("/authors", response_model=list[AuthorWithBooks])
    async def authors():
        async with sessions() as session:
            books = joinedload(Author.books, innerjoin=True)
            query = select(Author).options(books.joinedload(Book.publisher))
            return (await session.scalars(query)).unique().all()

    return app


@wrong("3.3.5", caught_by="test_q5_a_book_does_not_tell_its_author_again")
def authors_app(sessions):
    """The author of a book is told, without the books."""

    class Named(BaseModel):
        name: str

    class BookOfAuthor(BaseModel):
        title: str
        author: Named
        publisher: Named | None

    class AuthorWithBooks(BaseModel):
        name: str
        books: list[BookOfAuthor]

    app = FastAPI()

    @app.get("/authors", response_model=list[AuthorWithBooks])
    async def authors():
        async with sessions() as session:
            books = selectinload(Author.books)
            query = select(Author).options(books.selectinload(Book.publisher))
            return (await session.scalars(query)).all()

    return app


@wrong("3.3.5", caught_by="test_q5_all_authors_are_read_with_books_and_publishers[5]")
def authors_app(sessions):
    """All is loaded, and the schemas go round."""

    class PublisherName(BaseModel):
        name: str

    class BookOfAuthor(BaseModel):
        title: str
        author: "AuthorWithBooks"
        publisher: PublisherName | None

    class AuthorWithBooks(BaseModel):
        name: str
        books: list[BookOfAuthor]

    app = FastAPI()

    @app.get("/authors", response_model=list[AuthorWithBooks])
    async def authors():
        async with sessions() as session:
            books = selectinload(Author.books)
            query = select(Author).options(
                books.joinedload(Book.publisher), books.joinedload(Book.author)
            )
            return (await session.scalars(query)).all()

    return app


@right("3.3.5")
def authors_app(sessions):
    """One statement with joins; the models are made within the session."""

    class Named(BaseModel, from_attributes=True):
        name: str

    class BookOut(BaseModel, from_attributes=True):
        title: str
        publisher: Named | None

    class AuthorOut(Named):
        books: list[BookOut]

    app = FastAPI()

    @app.get("/authors")
    async def authors() -> list[AuthorOut]:
        loaded = joinedload(Author.books).joinedload(Book.publisher)
        query = select(Author).options(loaded).order_by(Author.name)
        async with sessions.begin() as session:
            found = (await session.execute(query)).unique().scalars()
            return [AuthorOut.model_validate(author) for author in found]

    return app


@right("3.3.5")
def authors_app(sessions):
    """Three queries by hand, put together in Python."""
    app = FastAPI()

    @app.get("/authors")
    async def authors():
        async with sessions() as session:
            found = {
                author.id: {"name": author.name, "books": []}
                for author in await session.scalars(select(Author))
            }
            query = select(Book, Publisher).outerjoin(Book.publisher)
            for book, publisher in await session.execute(query):
                house = {"name": publisher.name} if publisher else None
                told = {"title": book.title, "publisher": house}
                found[book.author_id]["books"].append(told)
        return list(found.values())

    return app


@wrong("3.3.6", caught_by="test_q6_a_client_reads_what_it_always_has")
class OrderOut(BaseModel):
    """An alias is for reading rows."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(alias="id")
    email: str = Field(alias="customer_mail")
    pieces: int
    unit_cents: int = Field(exclude=True)
    sent_at: datetime | None = Field(exclude=True)

    @computed_field
    def total(self) -> int:
        return self.pieces * self.unit_cents

    @computed_field
    def sent(self) -> bool:
        return self.sent_at is not None


@wrong("3.3.6", caught_by="test_q6_a_client_reads_what_it_always_has")
class OrderOut(BaseModel):
    """What is needed for the total is sent with it."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(validation_alias="id")
    email: str = Field(validation_alias="customer_mail")
    pieces: int
    unit_cents: int
    sent_at: datetime | None

    @computed_field
    def total(self) -> int:
        return self.pieces * self.unit_cents

    @computed_field
    def sent(self) -> bool:
        return self.sent_at is not None


@wrong("3.3.6", caught_by="test_q6_a_client_reads_what_it_always_has")
class OrderOut(BaseModel):
    """A property of a model is sent like a field."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(validation_alias="id")
    email: str = Field(validation_alias="customer_mail")
    pieces: int
    unit_cents: int = Field(exclude=True)
    sent_at: datetime | None = Field(exclude=True)

    @property
    def total(self) -> int:
        return self.pieces * self.unit_cents

    @property
    def sent(self) -> bool:
        return self.sent_at is not None


@wrong("3.3.6", caught_by="test_q6_the_documentation_promises_the_same")
class OrderOut(BaseModel):
    """A serializer writes what the clients want; the fields are those of the table."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    customer_mail: str
    pieces: int
    unit_cents: int
    sent_at: datetime | None

    from pydantic import model_serializer

    @model_serializer(mode="wrap")
    def contract(self, handler):
        return {
            "number": self.id,
            "email": self.customer_mail,
            "pieces": self.pieces,
            "total": self.pieces * self.unit_cents,
            "sent": self.sent_at is not None,
        }


@wrong("3.3.6", caught_by="test_q6_a_client_reads_what_it_always_has[1234]")
class OrderOut(BaseModel):
    """The total is the price, and what has no date was never sent."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(validation_alias="id")
    email: str = Field(validation_alias="customer_mail")
    pieces: int
    total: int = Field(default=3750)
    sent: bool = False


@right("3.3.6")
class OrderOut(BaseModel):
    """A validator in front makes of a row what the clients read."""

    number: int
    email: str
    pieces: int
    total: int
    sent: bool

    @model_validator(mode="before")
    @classmethod
    def of_row(cls, row):
        if not isinstance(row, Order):
            return row
        return {
            "number": row.id,
            "email": row.customer_mail,
            "pieces": row.pieces,
            "total": row.pieces * row.unit_cents,
            "sent": row.sent_at is not None,
        }


@right("3.3.6")
class OrderOut(BaseModel):
    """Both names are taken, and `sent` is made of the date by a validator."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)

    number: int = Field(validation_alias=AliasChoices("number", "id"))
    email: str = Field(validation_alias=AliasChoices("email", "customer_mail"))
    pieces: int
    unit_cents: int = Field(exclude=True)
    sent: bool = Field(validation_alias=AliasChoices("sent", "sent_at"))

    @field_validator("sent", mode="before")
    @classmethod
    def is_sent(cls, value):
        return value if isinstance(value, bool) else value is not None

    @computed_field
    @property
    def total(self) -> int:
        return self.pieces * self.unit_cents
