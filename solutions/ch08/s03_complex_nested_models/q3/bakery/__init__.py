"""The bakery: cafés and their orders."""

from .cafes import Cafe
from .orders import Order

# region answer
Cafe.model_rebuild()
Order.model_rebuild()

# stub:
# endregion
__all__ = ["Cafe", "Order"]
