"""The bakery: cafés and their orders."""

from .cafes import Cafe
from .orders import Order

__all__ = ["Cafe", "Order"]
