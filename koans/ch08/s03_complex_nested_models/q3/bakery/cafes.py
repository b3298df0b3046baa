"""Cafés, which order from the bakery."""

from pydantic import BaseModel, Field

from .orders import Order


class Cafe(BaseModel):
    """A café. A chain has branches, which can have branches, too."""

    name: str = Field(min_length=1)
    orders: list[Order] = []
    branches: list["Cafe"] = []
