"""Orders, each of which belongs to a café."""

# region answer
from typing import TYPE_CHECKING

# stub:
# endregion
from pydantic import BaseModel, Field

# region answer
if TYPE_CHECKING:
    from .cafes import Cafe
# stub: from .cafes import Cafe
# endregion


class Order(BaseModel):
    """An order. It can come without its café."""

    number: int = Field(ge=1)
    # region answer
    cafe: "Cafe | None" = None
    # stub: cafe: Cafe | None = None
    # endregion
