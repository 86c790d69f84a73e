"""A store that trades at a simulated venue through a real ccxt process."""

import asyncio
import os
import signal
import time
from contextlib import asynccontextmanager
from decimal import Decimal
from random import Random

from arb.orders.order import OrderState, Purpose
from arb.orders.store import OrderStore
from connectors.orders import Outlet
from connectors.testnet.door import Account, CcxtDoor
from connectors.testnet.gateway import CcxtOrders
from connectors.testnet.networks import network, secret_names
from connectors.transport.backoff import BackoffParameters
from market.amount import AMOUNT_DECIMALS
from market.inputs import STREAM, InputKind
from tests.connectors.order_world import PREFIX, listings

from .patience import until


class Desk:
    """Every input goes the way it goes in the daemon; a test may lose some, or repeat them."""

    def __init__(self, venue, keys, url, instrument, prefix=PREFIX):
        chosen = network(venue)
        names = dict(zip(secret_names(chosen), keys, strict=True))
        account = Account(chosen, (instrument.native,), names, url)
        quick = BackoffParameters(first_s=0.05, longest_s=0.1)
        self.door = CcxtDoor(account, self.take, time.time_ns, Random(1), quick)
        self.events, self.requests, self.fills, self.funds = [], [], [], None
        outlet = Outlet(self.requests.append, self.events.append, funds=self._funds)
        self.gateway = CcxtOrders(venue, prefix, listings(instrument), outlet)
        self.store = OrderStore(lambda slot: self.gateway, self._set_timer)
        self.store.on_fill = self.fills.append
        self.inputs = []
        self.is_lost = lambda item: False
        self.times = 1
        self.open = False

    def _funds(self, _number, found):
        self.funds = {
            one.asset: tuple(Decimal(n).scaleb(-AMOUNT_DECIMALS) for n in (one.free, one.locked))
            for one in found
        }

    def _set_timer(self, deadline_ns, _name, subject):
        delay_s = max(0, deadline_ns - time.time_ns()) / 1e9
        asyncio.get_running_loop().call_later(delay_s, self._on_timer, subject)

    def _on_timer(self, subject):
        self.store.now = time.time_ns()
        self.store.on_timer(subject)
        self.flush()

    def take(self, item):
        """Take an input of the door."""
        self.inputs.append(item)
        if item.kind in (InputKind.OPEN, InputKind.CLOSE):
            self.open = item.kind is InputKind.OPEN
            return
        if self.is_lost(item):
            return
        for _ in range(self.times):
            if item.note == STREAM:
                self.gateway.frame(item.data)
            else:
                self.gateway.reply(item.note, item.number, item.data)
        self.flush()

    def flush(self):
        """Hand on what was told, and send what was asked for."""
        while self.events or self.requests:
            events, self.events[:] = list(self.events), []
            for event in events:
                self.store.now = time.time_ns()
                self.store.take(event)
            requests, self.requests[:] = list(self.requests), []
            for request in requests:
                self.door.submit(request)

    def place(self, side, price, lots, **fields):
        self.store.now = time.time_ns()
        order = self.store.place(0, side, price, lots, Purpose.MANUAL, "test", **fields)
        self.flush()
        return order

    def cancel(self, order):
        self.store.now = time.time_ns()
        self.store.cancel(order)
        self.flush()

    async def live(self, order):
        await until(lambda: order.state is OrderState.LIVE)
        return order

    async def over(self, order):
        await until(lambda: order.state is OrderState.DONE)
        return order.end

    async def balances(self):
        self.funds = None
        self.gateway.ask_balances(1)
        self.flush()
        await until(lambda: self.funds is not None)
        return self.funds

    async def kill(self):
        """End the process without a word, and wait until that is known."""
        os.kill(self.door.pid, signal.SIGKILL)
        await until(lambda: not self.open)

    async def assert_as_at_the_venue(self, exchange, account, listing, unit):
        """Check fills and balances against the venue's own account; `unit` is the finest told."""
        theirs = [
            (
                str(one.trade_id),
                one.price,
                one.lots,
                cut(exchange.fee_amount(listing, one.fee), unit),
            )
            for one in exchange.fills(account, limit=10_000)
        ]
        ours = [
            (one.trade_id, one.price, one.lots, Decimal(one.fee).scaleb(-AMOUNT_DECIMALS))
            for one in self.fills
        ]
        assert sorted(ours) == sorted(theirs)
        assert theirs
        held = exchange.balances(account)
        told = await self.balances()
        for asset, pair in told.items():
            one = held[asset]
            assert pair == (cut(one.free, unit), cut(one.locked, unit)), asset
        assert told.keys() == {name for name, one in held.items() if one.free or one.locked}


def cut(amount, unit):
    return amount.quantize(unit, "ROUND_DOWN")


@asynccontextmanager
async def trading(venue, keys, url, instrument, **options):
    """A desk whose process is ready."""
    desk = Desk(venue, keys, url, instrument, **options)
    running = asyncio.create_task(desk.door.run())
    try:
        await until(lambda: desk.open or running.done())
        yield desk
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
