"""Orders drawn by chance while a part of what the venue says is lost, until all are over."""

import asyncio

from arb.orders.order import OrderState
from market.order import Side, Tif
from tests.sim.server.helpers import within

STEPS = 60
PAUSE_NS = 2 * 10**9


async def trade(desk, draw, price, lots, offsets, flow):
    """Place, change and cancel by chance around a price; `flow` lets others trade."""
    for _ in range(STEPS):
        desk.deafen(draw.random() < 0.3)
        live = [one for one in desk.store.open.values() if one.state is OrderState.LIVE]
        what = draw.random()
        if what < 0.5 or not live:
            side, tif = draw.choice(list(Side)), draw.choice([Tif.GTC, Tif.GTC, Tif.IOC])
            at = price - draw.choice(offsets) * side.sign
            await desk.place(side, at, draw.randrange(1, 8) * lots, tif=tif)
        elif what < 0.65:
            one = draw.choice(live)
            desk.store.replace(one, one.price + 5, one.filled + draw.randrange(1, 5) * lots)
        elif what < 0.8:
            desk.store.cancel(draw.choice(live))
        else:
            flow()
        await desk.flush()
    desk.deafen(False)


async def finish(desk, fills):
    """End every order, asking about those of which nothing is heard, until all fills are known.

    `fills` counts those of the venue. Deaf times may hide an end, so that a query follows.
    """
    pause_s = 0.02
    async with within():
        while desk.store.open:
            desk.store.cancel_all()
            for one in list(desk.store.open.values()):
                desk.store.now = one.updated_ns + PAUSE_NS
                desk.store.on_timer(one.id)
                # Nobody counts the questions here: the venue answers each of them.
                one.settled = one.queries
            await desk.flush()
            # Ever longer, so that an answer is not overtaken by the next question for good.
            await asyncio.sleep(pause_s)
            pause_s *= 1.5
        while len(desk.fills) != fills():
            await asyncio.sleep(0.005)
