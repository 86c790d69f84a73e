"""What is known about one Coinbase listing."""

from sim.feed.coinbase_product import Products
from sim.market.event import Print
from sim.market.scenario import CALM
from sim.market.world import World

SECOND = 10**9


def products():
    return Products(World(CALM, 1, 0))


def printed(second, price, lots=1):
    return Print(second * SECOND, "BTC-USD.COINBASE", second, price, lots, True)


def test_trades_make_minute_candles_and_longer_ones_out_of_them():
    found = products()
    trades = [(60, 100), (65, 90), (110, 95), (130, 120), (310, 80)]
    found.take([printed(second, price, lots=2) for second, price in trades])
    product = found.by_id["BTC-USD"]
    minutes = [(c.start, c.open, c.high, c.low, c.close, c.volume) for c in product.candles]
    assert minutes == [
        (60, 100, 100, 90, 95, 6),
        (120, 120, 120, 120, 120, 2),
        (300, 80, 80, 80, 80, 2),
    ]
    longer = product.candles_of(300, 10)
    assert [(c.start, c.open, c.high, c.low, c.close, c.volume) for c in longer] == [
        (0, 100, 120, 90, 120, 8),
        (300, 80, 80, 80, 80, 2),
    ]
    assert [c.start for c in product.candles_of(300, 1)] == [300]
    assert product.stats.last == 80
    assert (product.stats.low, product.stats.volume) == (80, 10)


def test_what_happened_is_returned_by_product_without_that_of_other_venues():
    found = products()
    other = Print(1, "BTC-USDT.BINANCE", 1, 5, 5, True)
    batches = found.take([printed(1, 10), other, printed(2, 11)])
    assert [(b.product.id, len(b.events), len(b.prints)) for b in batches] == [("BTC-USD", 2, 2)]


def test_a_name_in_usdc_stands_for_that_in_usd_but_not_for_a_stablecoin():
    found = products()
    names = ("BTC-USDC", "BTC-USD", "USDT-USDC", "NO-SUCH")
    assert [found.resolve(name) for name in names] == ["BTC-USD", "BTC-USD", None, None]
