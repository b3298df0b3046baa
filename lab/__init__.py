"""Instruments that the tests of the koans observe with."""

from lab.client import async_client, client
from lab.loop_lag import LoopLag, loop_lag
from lab.server import Server, serve

__all__ = ["LoopLag", "Server", "async_client", "client", "loop_lag", "serve"]
