"""What the tables have in common."""

from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """What every table of the bookshop derives from."""
