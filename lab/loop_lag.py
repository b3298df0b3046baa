"""How long an event loop was kept from its other work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_PAUSE = 0.001


class LoopLag:
    """What a ticker in the event loop saw.

    `ticks` is how often it came round, `longest` the longest time in seconds that
    it waited for its turn.
    """

    def __init__(self) -> None:
        self.ticks = 0
        self.longest = 0.0

    async def watch(self) -> None:
        """Tick until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _PAUSE
            try:
                await asyncio.sleep(_PAUSE)
            finally:
                self.longest = max(self.longest, loop.time() - due)
            self.ticks += 1


@asynccontextmanager
async def loop_lag() -> AsyncIterator[LoopLag]:
    """Yield what a ticker sees of the running event loop during the block."""
    lag = LoopLag()
    ticker = asyncio.create_task(lag.watch())
    await asyncio.sleep(0)  # let it take its first breath
    try:
        yield lag
    finally:
        ticker.cancel()
        with suppress(asyncio.CancelledError):
            await ticker
