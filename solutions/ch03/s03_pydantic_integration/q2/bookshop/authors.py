"""Authors: the table, and what a client receives."""

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base
from .books import Book, BookOut


class Author(Base):
    """An author."""

    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list[Book]] = relationship(back_populates="author")


class AuthorOut(BaseModel):
    """An author in a response."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    books: list[BookOut]
