"""Trades summed by interval."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sim.feed.binance_bars import MINUTE_NS, Bars, grouped, summed
from sim.market.event import Print

STEP = 10
trades = st.lists(
    st.tuples(st.integers(0, 35), st.integers(1, 9), st.integers(1, 5), st.booleans()),
    max_size=40,
).map(
    lambda rows: [
        Print(ts, "L", number, price, lots, buys)
        for number, (ts, price, lots, buys) in enumerate(sorted(rows, key=lambda row: row[0]), 1)
    ]
)


def filled(prints):
    bars = Bars(STEP, 100)
    for trade in prints:
        bars.add(trade)
    return bars


def check(bar, prints):
    """Hold a bar against the trades that it is made of."""
    prices = [trade.price for trade in prints]
    bought = [trade for trade in prints if trade.taker_buys]
    assert (bar.open, bar.close) == (prices[0], prices[-1])
    assert (bar.high, bar.low) == (max(prices), min(prices))
    assert (bar.first_id, bar.last_id) == (prints[0].trade_id, prints[-1].trade_id)
    assert bar.count == len(prints)
    assert bar.volume == sum(trade.lots for trade in prints)
    assert bar.quote == sum(trade.price * trade.lots for trade in prints)
    assert bar.taker_volume == sum(trade.lots for trade in bought)
    assert bar.taker_quote == sum(trade.price * trade.lots for trade in bought)


@given(trades)
def test_each_bar_sums_the_trades_of_its_interval(prints):
    for bar in filled(prints).since(0):
        check(bar, [t for t in prints if bar.start_ns <= t.ts_ns < bar.start_ns + STEP])


@given(trades)
def test_bars_without_trades_stand_at_the_close_before(prints):
    bars = list(filled(prints).whole(45))
    assert len(bars) == (5 - prints[0].ts_ns // STEP if prints else 0)
    assert all(later.start_ns - bar.start_ns == STEP for bar, later in pairwise(bars))
    close = None
    for bar in bars:
        if not bar.count:
            assert (bar.open, bar.high, bar.low, bar.close) == (close,) * 4
            assert (bar.volume, bar.first_id, bar.last_id) == (0, -1, -1)
        close = bar.close


@given(trades)
def test_longer_bars_and_the_sum_of_all_are_made_of_the_same_trades(prints):
    bars = filled(prints)
    for bar in grouped(bars.since(0), 2 * STEP):
        check(bar, [t for t in prints if bar.start_ns <= t.ts_ns < bar.start_ns + 2 * STEP])
    whole = summed(bars.since(0))
    if prints:
        check(whole, prints)
    else:
        assert whole is None


@given(trades, st.integers(0, 40))
def test_only_bars_from_a_time_on_are_asked_for(prints, start):
    bars = filled(prints)
    found = bars.since(start)
    assert found == [bar for bar in bars.since(0) if bar.start_ns >= start]


def test_the_oldest_bars_are_forgotten():
    bars = Bars(MINUTE_NS, 3)
    for minute in range(5):
        bars.add(Print(minute * MINUTE_NS, "L", minute, 1, 1, True))
    assert [bar.first_id for bar in bars.since(0)] == [2, 3, 4]
