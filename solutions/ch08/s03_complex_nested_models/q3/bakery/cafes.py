"""Cafés, which order from the bakery."""

# region answer
from typing import TYPE_CHECKING

# stub:
# endregion
from pydantic import BaseModel, Field

# region answer
if TYPE_CHECKING:
    from .orders import Order
# stub: from .orders import Order
# endregion


class Cafe(BaseModel):
    """A café. A chain has branches, which can have branches, too."""

    name: str = Field(min_length=1)
    # region answer
    orders: "list[Order]" = []
    # stub: orders: list[Order] = []
    # endregion
    branches: list["Cafe"] = []
