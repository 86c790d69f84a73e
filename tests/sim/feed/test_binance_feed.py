"""What the simulated Binance publishes of a market, with and without subscribers."""

import json

import pytest

from engine.code import Side, Type
from market.fees import Fees
from sim.exchange.exchange import Exchange
from sim.exchange.order import Request
from sim.feed.binance import MICRO, BinanceFeed
from sim.market.listing import BINANCE, Listing

BTC = Listing(BINANCE, "BTC", "USDT", price_decimals=2, size_decimals=5)
START = 1_700_000_000 * 10**9
SECOND = 10**9
MS = 10**6


class Market:
    """One listing that a single account trades with itself."""

    def __init__(self):
        self.exchange = Exchange(BINANCE, [BTC], Fees(0, 0), START)
        self.account = self.exchange.open_account("all", None)
        self.listings = self.exchange.listings
        self.book = self.exchange.book
        self.feed = BinanceFeed(self)

    @property
    def now_ns(self):
        return self.exchange.now_ns

    def order(self, side, price, lots):
        request = Request(BTC.id, side, Type.LIMIT, lots, price)
        self.exchange.place(self.account, request)

    def trade(self, price, lots):
        self.order(Side.SELL, price, lots)
        self.order(Side.BUY, price, lots)

    def publish(self, to_ns, *wanted):
        """Move to a time and return (stream, payload) of what is due."""
        self.exchange.advance(START + to_ns)
        frames = self.feed.publish(self.exchange.take_events(), wanted)
        return [(frame.channel, json.loads(frame.payload)) for frame in frames]


@pytest.fixture
def market():
    return Market()


def test_statistics_of_a_day_are_sent_each_second(market):
    market.trade(5_000_000, 100_000)
    market.order(Side.BUY, 4_999_000, 50_000)
    streams = ("btcusdt@miniTicker", "btcusdt@ticker", "!miniTicker@arr")
    assert market.publish(900 * MS, *streams) == []
    market.trade(5_100_000, 300_000)
    mini, ticker, every = (payload for _, payload in market.publish(SECOND, *streams))
    stamp = (START + SECOND) // MS
    assert mini == {
        "e": "24hrMiniTicker",
        "E": stamp,
        "s": "BTCUSDT",
        "c": "51000.00000000",
        "o": "50000.00000000",
        "h": "51000.00000000",
        "l": "50000.00000000",
        "v": "4.00000000",
        "q": "203000.00000000",
    }
    assert every == [mini]
    assert (ticker["p"], ticker["P"], ticker["w"]) == ("1000.00000000", "2.000", "50750.00000000")
    assert (ticker["b"], ticker["B"], ticker["a"]) == (
        "49990.00000000",
        "0.50000000",
        "0.00000000",
    )
    assert (ticker["n"], ticker["Q"], ticker["L"] - ticker["F"]) == (2, "3.00000000", 1)


def test_a_bar_is_told_each_second_and_closed_at_its_end(market):
    stream = "btcusdt@kline_1m"
    assert market.publish(SECOND, stream) == []  # nothing traded yet
    market.trade(5_000_000, 100_000)
    ((_, running),) = market.publish(2 * SECOND, stream)
    assert (running["k"]["i"], running["k"]["x"], running["k"]["n"]) == ("1m", False, 1)
    end = 60 * SECOND - START % (60 * SECOND)
    for second in range(3, end // SECOND):
        ((_, running),) = market.publish(second * SECOND, stream)
        assert not running["k"]["x"]
    ((_, closed),) = market.publish(end, stream)
    assert closed["k"]["x"]
    assert closed["k"]["T"] == (START + end) // MS - 1
    ((_, empty),) = market.publish(end + SECOND, stream)
    assert (empty["k"]["n"], empty["k"]["o"], empty["k"]["t"]) == (
        0,
        "50000.00000000",
        (START + end) // MS,
    )


def test_a_bar_of_a_second_is_told_when_it_is_over(market):
    market.trade(5_000_000, 100_000)
    ((_, bar),) = market.publish(SECOND, "btcusdt@kline_1s")
    assert (bar["k"]["t"], bar["k"]["x"], bar["k"]["v"]) == (START // MS, True, "1.00000000")


def test_longer_bars_hold_the_trades_of_their_minutes(market):
    stream = "btcusdt@kline_3m"
    for minute in range(3):
        market.trade(5_000_000 + minute, 100_000)
        market.publish((minute + 1) * 60 * SECOND)
    ((_, bar),) = market.publish(181 * SECOND, stream)
    assert bar["k"]["t"] % (180 * 1000) == 0
    assert int(bar["k"]["n"]) <= 3
    ((_, day),) = market.publish(182 * SECOND, "btcusdt@kline_1d")
    assert (day["k"]["n"], day["k"]["o"], day["k"]["c"]) == (3, "50000.00000000", "50000.02000000")


def test_the_average_price_weighs_by_size_and_forgets_after_five_minutes(market):
    market.trade(5_000_000, 100_000)
    market.trade(5_100_000, 300_000)
    ((_, event),) = market.publish(SECOND, "btcusdt@avgPrice")
    assert (event["w"], event["i"], event["T"]) == ("50750.00000000", "5m", START // MS)
    for minute in range(1, 7):
        market.publish(minute * 60 * SECOND)
    assert market.feed.average("BTCUSDT") == 5_100_000  # the last price, where nothing traded


def test_streams_in_microseconds_carry_the_same_with_longer_stamps(market):
    names = ("btcusdt@trade", "btcusdt@aggTrade", "btcusdt@depth@100ms", "btcusdt@miniTicker")
    market.exchange.advance(START + 123_456_789)
    market.trade(5_000_000, 100_000)
    market.order(Side.BUY, 4_999_000, 50_000)
    wanted = [*names, *(name + MICRO for name in names)]
    found = dict(market.publish(SECOND, *wanted))
    assert set(found) == set(wanted)
    for name in names:
        short, long = found[name], found[name + MICRO]
        stamps = {"E", "T"} & set(short)
        assert all(long[key] // 1000 == short[key] for key in stamps)
        assert [v for k, v in short.items() if k not in stamps] == [
            v for k, v in long.items() if k not in stamps
        ]
    assert found["btcusdt@trade" + MICRO]["T"] == (START + 123_456_789) // 1000


def test_an_empty_side_of_the_book_is_told_as_zeros(market):
    touch = market.feed.touch("BTCUSDT")
    assert touch == (0, 0, 0, 0)


def test_nothing_is_encoded_that_nobody_wants(market):
    market.trade(5_000_000, 100_000)
    assert market.publish(10 * SECOND) == []
    assert market.feed.day("BTCUSDT").count == 1
