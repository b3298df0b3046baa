"""Orders, each of which belongs to a café."""

from pydantic import BaseModel, Field

from .cafes import Cafe


class Order(BaseModel):
    """An order. It can come without its café."""

    number: int = Field(ge=1)
    cafe: Cafe | None = None
