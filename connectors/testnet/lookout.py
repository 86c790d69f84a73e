"""Looks after the open orders of an account: in intervals, and whenever the user stream stirs.

The stream makes it quick, the looks make it sure: what a stream loses is found by the next look.
A look says which orders are open and how much of each is filled; what that means is the gateway's
to find out.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from connectors.testnet.calls import OK, Calls, bare
from connectors.testnet.networks import Network

#: Between two looks at an instrument with open orders; longer where there are many instruments,
#: so that all looks together stay well within the venue's request weight.
LOOK_S = 1.0
LOOKED_AT_ONCE = 8
#: The least between two looks, whatever stirs: orders wait behind them in ccxt's rate limiter.
LOOK_LEAST_S = 0.25
#: With no order open at the last look, and none placed since.
IDLE_LOOK_S = 30.0
#: After an error of the stream; doubles.
STREAM_PAUSE_S = 1.0
STREAM_PAUSE_MAX_S = 60.0
#: A stream that says nothing for so long is asked for anew.
STREAM_QUIET_S = 600.0
#: Between two comparisons of our clock with the venue's, by which requests are stamped.
CLOCK_S = 60.0

#: Takes a line that answers nothing: its event and its data.
Tell = Callable[[str, dict[str, object]], None]


class Lookout:
    """One account's orders at some instruments, from `run` until that is cancelled."""

    def __init__(
        self, ccxt: Any, exchange: Any, network: Network, calls: Calls, natives: list[str]
    ) -> None:
        """Look after instruments by the venue's own names."""
        self._ccxt = ccxt
        self._exchange = exchange
        # Coinbase's stream states no fees: there it only says that there is something to look at.
        self._exact = network.venue == "binance"
        self._calls = calls
        self._natives = natives
        self._look_s = LOOK_S * max(1.0, len(natives) / LOOKED_AT_ONCE)
        self._wake = {native: asyncio.Event() for native in natives}

    def stir(self, native: str) -> None:
        """Look soon: something happens to an order of this instrument."""
        wake = self._wake.get(native)
        if wake is not None:
            wake.set()

    async def run(self, tell: Tell) -> None:
        """Look and listen until cancelled."""
        async with asyncio.TaskGroup() as group:
            for native in self._natives:
                group.create_task(self._look(native, tell))
                group.create_task(self._listen(native, tell))
            if self._exact:
                group.create_task(self._keep_time(tell))

    async def _look(self, native: str, tell: Tell) -> None:
        wake, pause_s = self._wake[native], 0.0
        while True:
            wake.clear()
            answer = await self._calls.open(native)
            if answer.status == OK:
                tell("open", {"native": native, "data": answer.data})
                pause_s = self._look_s if answer.data else IDLE_LOOK_S
            else:
                tell("trouble", {"what": "look", "message": answer.message})
                pause_s = min(max(self._look_s, pause_s * 2), IDLE_LOOK_S)
            await asyncio.sleep(LOOK_LEAST_S)
            try:
                async with asyncio.timeout(pause_s):
                    await wake.wait()
            except TimeoutError:
                continue

    async def _listen(self, native: str, tell: Tell) -> None:
        """Follow the user stream of one instrument; its errors only make it slower."""
        symbol, pause_s = self._calls.symbol(native), STREAM_PAUSE_S
        while True:
            try:
                async with asyncio.timeout(STREAM_QUIET_S):
                    rows = await self._exchange.watch_my_trades(symbol)
            except TimeoutError:
                continue
            except self._ccxt.BaseError as error:
                tell("trouble", {"what": "stream", "message": type(error).__name__})
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, STREAM_PAUSE_MAX_S)
                continue
            pause_s = STREAM_PAUSE_S
            if self._exact:
                tell("trades", {"native": native, "data": [bare(row) for row in rows]})
            self.stir(native)

    async def _keep_time(self, tell: Tell) -> None:
        """Have requests stamped by the venue's clock, as it is now."""
        while True:
            await asyncio.sleep(CLOCK_S)
            try:
                await self._exchange.load_time_difference()
            except self._ccxt.BaseError as error:
                tell("trouble", {"what": "clock", "message": type(error).__name__})
