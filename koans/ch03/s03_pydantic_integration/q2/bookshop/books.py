"""Books: the table, and what clients send and read of them."""

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .authors import Author, AuthorName
from .base import Base


class Book(Base):
    """A book as stored."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    author: Mapped[Author] = relationship(back_populates="books")


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
    author: AuthorName
