"""What the tests of the venue servers share: a deadline, readers of frames, the market's truth."""

import asyncio
import json

import websockets
from websockets.asyncio.client import connect

from sim.market.event import LevelChange, Side
from sim.wire.decimal import padded, trimmed

DEADLINE_S = 30.0


def within():
    """Return a context that fails a test which waits for something that does not come."""
    return asyncio.timeout(DEADLINE_S)


async def until(holds):
    """Wait until a condition holds."""
    async with within():
        while not holds():
            await asyncio.sleep(0.005)


def dial(url, **options):
    return connect(url, max_size=None, **options)


async def send(socket, **message):
    await socket.send(json.dumps(message))


async def read(socket, wanted=lambda frame: True):
    """Return the next frame that is wanted, passing over others."""
    async with within():
        while True:
            frame = json.loads(await socket.recv())
            if wanted(frame):
                return frame


async def read_many(socket, count, wanted=lambda frame: True):
    return [await read(socket, wanted) for _ in range(count)]


async def closed(socket):
    """Wait for the end of a connection, and return the close code that came, None for a cut."""
    async with within():
        try:
            while True:
                await socket.recv()
        except websockets.ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else None


class Truth:
    """Keeps what happened in a market, and gives its books at any update id."""

    def __init__(self, world):
        self._grids = {listing.id: listing for listing in world.market.listings}
        self._opening = {
            key: [dict(world.market.book(key).side(side).levels()) for side in Side]
            for key in self._grids
        }
        self._first = {key: world.market.book(key).update_id for key in self._grids}
        self.changes = {key: [] for key in self._grids}
        world.listen(self._on_events)

    def _on_events(self, events):
        for event in events:
            if isinstance(event, LevelChange):
                self.changes[event.listing].append(event)

    def books(self, listing, first_id=0):
        """Yield (id, bids, asks) from an id on, as the venue spells them."""
        grid = self._grids[listing]
        spell = padded if grid.venue == "BINANCE" else trimmed
        sides = [
            {self._price(grid, spell, p): spell(q, grid.size_decimals) for p, q in side.items()}
            for side in self._opening[listing]
        ]
        if self._first[listing] >= first_id:
            yield self._first[listing], sides[0], sides[1]
        for change in self.changes[listing]:
            price = self._price(grid, spell, change.price)
            sides[change.side][price] = spell(change.lots, grid.size_decimals)
            if not change.lots:
                del sides[change.side][price]
            if change.update_id >= first_id:
                yield change.update_id, sides[0], sides[1]

    def book_at(self, listing, update_id):
        for found, bids, asks in self.books(listing, update_id):
            assert found == update_id
            return bids, asks
        raise AssertionError(f"{listing} has not reached {update_id}")

    def _price(self, grid, spell, ticks):
        return spell(ticks, grid.price_decimals)


def apply_levels(book, pairs):
    for price, size in pairs:
        if float(size) == 0:
            book.pop(price, None)
        else:
            book[price] = size
