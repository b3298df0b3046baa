"""Authors: the table, and what clients read of them."""

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base
from .books import Book, BookOut


class Author(Base):
    """An author as stored."""

    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list[Book]] = relationship(back_populates="author")


class AuthorName(BaseModel):
    """What a client reads of an author beside a book."""

    model_config = ConfigDict(from_attributes=True)

    name: str


class AuthorOut(AuthorName):
    """What a client reads of an author."""

    books: list[BookOut]


# region answer
BookOut.model_rebuild()  # it names AuthorName, which there is by now
# stub:
# endregion
