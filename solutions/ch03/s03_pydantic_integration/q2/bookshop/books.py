"""Books: the table, and what clients send and read of them."""

# region answer
from typing import TYPE_CHECKING

# stub:
# endregion
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

# region answer
from .base import Base

if TYPE_CHECKING:
    from .authors import Author, AuthorName
# stub: from .authors import Author, AuthorName
# stub: from .base import Base
# endregion


class Book(Base):
    """A book as stored."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    # region answer
    author: Mapped["Author"] = relationship(back_populates="books")
    # stub: author: Mapped[Author] = relationship(back_populates="books")
    # endregion


class BookIn(BaseModel):
    """What a client sends of a book."""

    title: str

    def to_row(self, author: "Author") -> Book:
        """Return the row to store."""
        return Book(title=self.title, author=author)


class BookOut(BaseModel):
    """What a client reads of a book."""

    model_config = ConfigDict(from_attributes=True)

    title: str
    # region answer
    author: "AuthorName"
    # stub: author: AuthorName
    # endregion
