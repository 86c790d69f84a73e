"""Orders through ccxt at the simulated Coinbase Exchange end as its accounts say."""

from decimal import Decimal

from arb.orders.order import End
from connectors.testnet.calls import OK
from engine.code import Side as BookSide
from engine.code import Tif as BookTif
from engine.code import Type as BookType
from market.grid import Grid
from market.inputs import STREAM
from market.instrument import Instrument
from market.order import Side, Tif, Type
from sim.exchange.order import Request
from tests.sim.server.coinbase_keys import EXCHANGE_SECRET
from tests.sim.server.coinbase_market import PRICES, Venue

from .desk import trading
from .patience import until

BTC_USD = Instrument("coinbase-exchange", "BTC-USD", "BTC", "USD", Grid(2), Grid(8))
LISTING = "BTC-USD.COINBASE"
MIDDLE = PRICES[LISTING]
KEYS = ("pro", EXCHANGE_SECRET, "open")
UNIT = Decimal("1e-16")
BTC = 10**8


def sell_to(venue, price, lots):
    """Have another account sell into what rests at a price."""
    request = Request(LISTING, BookSide.SELL, BookType.LIMIT, lots, price=price, tif=BookTif.IOC)
    venue.exchange.place(venue.exchange.account_of("agent 1"), request)


async def test_orders_rest_fill_and_end_as_at_the_venue():
    """Fills are read from the list of fills, which the stream has it look at: it knows the fees."""
    async with (
        Venue() as venue,
        trading("coinbase-exchange", KEYS, venue.http, BTC_USD) as desk,
    ):
        venue.market.busy = False
        await until(lambda: venue.tells("BTC-USD"))
        bid = MIDDLE + 5
        resting = await desk.live(desk.place(Side.BUY, bid, BTC, post_only=True))
        sell_to(venue, bid, BTC * 3 // 10)
        await until(lambda: resting.filled == BTC * 3 // 10)
        taker = desk.place(Side.SELL, bid, BTC // 100, tif=Tif.IOC)
        # It would have traded with our own order, which this venue lessens and ends instead.
        await desk.over(taker)
        desk.cancel(resting)
        assert await desk.over(resting) is End.CANCELED
        partly = desk.place(Side.BUY, MIDDLE + 20, 2 * BTC, tif=Tif.IOC)
        assert await desk.over(partly) is End.CANCELED
        assert 0 < partly.filled < partly.lots
        refused = desk.place(Side.BUY, MIDDLE + 100, BTC, post_only=True)
        assert await desk.over(refused) is End.REJECTED
        assert refused.reason == "post only"
        sold = desk.place(Side.SELL, 0, BTC // 100, type=Type.MARKET)
        assert await desk.over(sold) is End.FILLED

        await desk.kill()
        await until(lambda: desk.open)
        left = await desk.live(desk.place(Side.BUY, MIDDLE - 5, BTC))
        desk.is_lost = lambda item: item.note.startswith("cancel") and item.number == OK
        desk.cancel(left)
        assert await desk.over(left) is End.CANCELED
        await desk.assert_as_at_the_venue(venue.exchange, venue.account, LISTING, UNIT)
        assert not [one for one in desk.inputs if one.note == STREAM and b'"trades"' in one.data]
        assert not venue.server.counts.violations
