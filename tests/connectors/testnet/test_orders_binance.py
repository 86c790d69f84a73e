"""Orders through ccxt at the simulated Binance end as its accounts say, whatever is lost."""

from decimal import Decimal

from aiohttp import web

from arb.orders.order import End, OrderState
from engine.code import Side as BookSide
from engine.code import Tif as BookTif
from market.inputs import NO_ANSWER, STREAM
from market.order import Side, Tif, Type
from tests.connectors.order_world import BTCUSDT
from tests.sim.server.binance_world import BTC, KEY, SECRET, serving

from .between import Between
from .desk import trading
from .patience import until

UNIT = Decimal("1e-8")


async def test_orders_rest_fill_and_end_as_at_the_venue():
    """Over REST and the user stream, with every answer and frame told twice."""
    async with (
        serving() as venue,
        trading("binance", (KEY, SECRET), venue.server.http_url, BTCUSDT) as desk,
    ):
        opening = await desk.balances()
        assert opening["USDT"] == (Decimal(1_000_000), Decimal(0))
        desk.times = 2
        await until(venue.subscribed)
        resting = await desk.live(desk.place(Side.BUY, 5_000_000, 100_000, post_only=True))
        taker = desk.place(Side.BUY, 5_002_000, 150_000, tif=Tif.IOC)
        assert await desk.over(taker) is End.FILLED
        venue.quote(BookSide.SELL, 50_000, 0.3, tif=BookTif.IOC)
        venue.step()
        await until(lambda: resting.filled == 30_000)
        desk.cancel(resting)
        assert await desk.over(resting) is End.CANCELED
        refused = desk.place(Side.BUY, 5_003_000, 100_000, post_only=True)
        assert await desk.over(refused) is End.REJECTED
        too_dear = desk.place(Side.BUY, 4_900_000, 10**7)
        assert await desk.over(too_dear) is End.REJECTED
        assert "InsufficientFunds" in too_dear.reason
        partly = desk.place(Side.SELL, 4_999_000, 150_000, tif=Tif.IOC)
        assert await desk.over(partly) is End.EXPIRED
        assert await desk.over(desk.place(Side.SELL, 0, 10_000, type=Type.MARKET)) is End.FILLED
        await desk.assert_as_at_the_venue(venue.exchange, venue.alice, BTC.id, UNIT)
        assert desk.gateway.counts.keys() <= {"repeated", "late", "over"}
        assert not venue.server.counts.violations


async def test_what_was_lost_on_the_way_is_found_by_asking():
    """No stream at all, answers that never came, and a process that dies with orders at work."""
    async with (
        serving() as venue,
        Between(venue.server.http_url).serving() as between,
        trading("binance", (KEY, SECRET), between.url, BTCUSDT) as desk,
    ):
        between.spoil = broken_answer("POST")
        lost = desk.place(Side.BUY, 5_000_000, 100_000)
        await until(lambda: lost.state is OrderState.LOST)
        unknown = [item for item in desk.inputs if item.number == NO_ANSWER and item.note]
        assert unknown
        await desk.live(lost)
        between.spoil = broken_answer("DELETE")
        desk.cancel(lost)
        assert await desk.over(lost) is End.CANCELED
        between.spoil = lambda request, reply: None

        resting = await desk.live(desk.place(Side.BUY, 5_000_500, 100_000))
        venue.quote(BookSide.SELL, 50_005, 0.25, tif=BookTif.IOC)
        venue.step()
        await until(lambda: resting.filled == 25_000)
        await desk.kill()
        venue.quote(BookSide.SELL, 50_005, 0.5, tif=BookTif.IOC)
        venue.step()
        away = desk.place(Side.BUY, 5_000_000, 100_000)
        assert await desk.over(away) is End.REJECTED
        assert "not sent" in away.reason
        await until(lambda: desk.open and resting.filled == 75_000)
        assert desk.door.started == 2
        desk.cancel(resting)
        assert await desk.over(resting) is End.CANCELED
        await desk.assert_as_at_the_venue(venue.exchange, venue.alice, BTC.id, UNIT)
        assert not [
            item for item in desk.inputs if item.note == STREAM and b'"trades"' in item.data
        ]


def broken_answer(method):
    """Have the venue do what it is asked, and nobody hear of it."""

    def spoil(request, reply):
        if reply is not None and request.method == method:
            return web.Response(status=503)
        return None

    return spoil
