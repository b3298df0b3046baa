"""Books: the table, and what a client receives."""

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
    from .authors import Author
# stub: from .authors import Author
# stub: from .base import Base
# endregion


class Book(Base):
    """A book."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    # region answer
    author: Mapped["Author"] = relationship(back_populates="books")
    # stub: author: Mapped[Author] = relationship(back_populates="books")
    # endregion


class BookOut(BaseModel):
    """A book in a response."""

    model_config = ConfigDict(from_attributes=True)

    title: str
