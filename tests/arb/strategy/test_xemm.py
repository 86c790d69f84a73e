"""No quote stands where hedging its fill at the depth shown would lose after fees."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb.hedging.config import HedgeConfig
from arb.orders.order import Purpose
from arb.quoting.care import Care
from arb.risk.reason import Cause
from arb.strategy.xemm import Xemm, XemmConfig
from market.amount import amount_of
from market.fees import PPB, Fees
from market.grid import Grid
from market.instrument import Instrument
from market.order import Side
from tests.arb.strategy.rig import FREE, BookRig
from tests.effort import examples

MAKER = Instrument("binance", "BTCUSDT", "BTC", "USDT", Grid(1), Grid(3))
SOURCE = Instrument("binance-us", "BTCUSDT", "BTC", "USDT", Grid(2), Grid(4))
DOLLAR = Instrument("coinbase", "BTC-USD", "BTC", "USD", Grid(2), Grid(4))
BRIDGE = Instrument("coinbase", "USDT-USD", "USDT", "USD", Grid(4), Grid(0))
SIZE = amount_of("0.05")
EAGER = Care(hysteresis=0, life_ns=0, queue_ticks=0, size_permille=0, changes_per_second=0)


def rig_of(*instruments, fees=FREE, margin=0, skew=0) -> tuple[BookRig, Xemm]:
    rig = BookRig(*instruments, fees=fees)
    config = XemmConfig(HedgeConfig(0, (1,), 5 * SIZE), SIZE, margin, skew, EAGER)
    strategy = Xemm(config, rig.trader)
    rig.trader.add(strategy)
    return rig, strategy


def quotes(rig: BookRig) -> dict[Side, tuple[int, int]]:
    found = rig.trader.store.of_slot(0)
    return {one.side: (one.price, one.open_lots) for one in found if one.purpose is Purpose.QUOTE}


def test_a_quote_is_the_walked_hedge_after_fees_margin_and_rounding():
    rig, _ = rig_of(MAKER, SOURCE, fees=Fees(100_000, 1_000_000), margin=200_000)
    rig.put(0, [(500_000, 9)], [(700_000, 9)])
    # Half of the size at the best level, half one whole unit beyond it.
    rig.put(1, [(6_000_000, 250), (5_999_900, 999)], [(6_010_000, 250), (6_010_100, 999)])
    brings = amount_of("59999.5") // PPB * (PPB - 1_000_000)
    bid = brings * (PPB - 200_000) // (PPB + 100_000) // amount_of("0.1")
    costs = amount_of("60100.5") // PPB * (PPB + 1_000_000)
    ask = -(-costs * (PPB + 200_000) // (PPB - 100_000) // amount_of("0.1"))
    assert quotes(rig) == {Side.BUY: (bid, 50), Side.SELL: (ask, 50)}


def test_a_quote_never_crosses_the_makers_market():
    rig, _ = rig_of(MAKER, SOURCE)
    rig.put(0, [(599_000, 9)], [(599_001, 9)])
    rig.put(1, [(6_000_000, 999)], [(6_000_100, 999)])
    assert quotes(rig)[Side.BUY][0] == 599_000
    assert quotes(rig)[Side.SELL][0] == 600_010


def test_without_depth_for_the_size_a_side_is_not_quoted():
    rig, _ = rig_of(MAKER, SOURCE)
    rig.put(0, [(500_000, 9)], [(700_000, 9)])
    rig.put(1, [(6_000_000, 499)], [(6_010_000, 500)])
    assert quotes(rig).keys() == {Side.SELL}


def test_quotes_go_when_the_hedge_venue_or_the_maker_cannot_be_read():
    for bad in (0, 1):
        rig, _ = rig_of(MAKER, SOURCE)
        rig.put(0, [(500_000, 9)], [(700_000, 9)])
        rig.put(1, [(6_000_000, 999)], [(6_010_000, 999)])
        rig.deliver()
        assert len(quotes(rig)) == 2
        rig.l1.bad.add(bad)
        rig.tell(bad)
        rig.deliver()
        assert quotes(rig) == {}


def test_without_the_conversion_book_nothing_is_quoted_and_its_worse_side_is_used():
    rig, _ = rig_of(MAKER, DOLLAR, BRIDGE)
    rig.put(0, [(500_000, 9)], [(700_000, 9)])
    rig.put(1, [(6_000_000, 999)], [(6_000_000, 999)])
    assert quotes(rig) == {}, "a dollar is not a tether"
    rig.put(2, [(9_990, 10**6)], [(10_010, 10**6)])
    # Dollars that a sale brings buy tethers at the ask; those a purchase costs are sold at the bid.
    assert quotes(rig)[Side.BUY][0] == 600_000 * 10_000 // 10_010
    assert quotes(rig)[Side.SELL][0] == -(-600_000 * 10_000 // 9_990)


def test_skew_moves_both_quotes_against_what_is_open():
    rig, strategy = rig_of(MAKER, SOURCE, skew=1_000_000)
    rig.put(0, [(500_000, 9)], [(700_000, 9)])
    rig.put(1, [(6_000_000, 999)], [(6_002_000, 999)])
    flat = quotes(rig)
    strategy.hedger.held = True
    strategy.hedger.open = strategy.config.hedge.bound // 2
    # An ask that would meet the old bid goes first, and comes again once the bid has moved.
    for _ in range(2):
        rig.deliver()
        rig.put(1, [(6_000_000, 999)], [(6_002_000, 999)])
    rig.deliver()
    moved = quotes(rig)
    assert [flat[side][0] - moved[side][0] for side in Side] == [300, 300]


def test_a_halt_leaves_no_quote():
    rig, _ = rig_of(MAKER, SOURCE)
    rig.put(0, [(500_000, 9)], [(700_000, 9)])
    rig.put(1, [(6_000_000, 999)], [(6_010_000, 999)])
    rig.deliver()
    rig.trader.halt(Cause.USER, "")
    rig.deliver()
    rig.put(1, [(6_000_100, 999)], [(6_010_000, 999)])
    assert quotes(rig) == {}


levels = st.lists(st.tuples(st.integers(1, 900), st.integers(1, 400)), min_size=1, max_size=6)


def ladder(start: int, sign: int, rows) -> list[tuple[int, int]]:
    found, price = [], start
    for step, lots in rows:
        found.append((price, lots))
        price += sign * step
    return found


def hedged(side: Side, lots: int, depth, taker: int) -> int | None:
    """Return what the hedge of a fill brings, negative what it costs, lot by lot, fee included."""
    value, left = 0, lots * 10
    for ticks, size in depth:
        part = min(left, size)
        value += ticks * part * amount_of("0.000001")
        left -= part
    if left:
        return None
    fee = -(-value * taker // PPB)
    return value - fee if side is Side.BUY else -value - fee


@settings(max_examples=examples(1.5))
@given(
    st.lists(st.tuples(levels, levels, st.integers(-500, 500)), min_size=1, max_size=4),
    st.integers(-200_000, 2_000_000),
    st.integers(0, 3_000_000),
    st.integers(0, 500_000),
    st.tuples(st.integers(590_000, 610_000), st.integers(1, 900)),
)
def test_no_quote_loses_when_hedged_at_the_depth_shown(books, maker, taker, margin, touch):
    """After each change of either book, and with whatever was amended on the way."""
    rig, _ = rig_of(MAKER, SOURCE, fees=Fees(maker, taker), margin=margin)
    bid, spread = touch
    for bids, asks, move in books:
        rig.put(0, [(bid + move, 9)], [(bid + move + spread, 9)])
        depths = ladder(6_000_000 + move, -1, bids), ladder(6_000_001 + move, 1, asks)
        rig.put(1, *depths)
        rig.deliver()
        rig.tell(1)
        rig.deliver()
        for side, (price, lots) in quotes(rig).items():
            value = price * lots * amount_of("0.0001")
            own = -value if side is Side.BUY else value
            own -= -(-value * maker // PPB)
            brings = hedged(side, lots, depths[side], taker)
            assert brings is not None, "more is quoted than the depth can take"
            assert own + brings >= abs(brings) * margin // PPB - 2


def test_a_fill_is_hedged_and_the_quotes_keep_within_the_bound():
    rig, strategy = rig_of(MAKER, SOURCE)
    rig.put(0, [(500_000, 9)], [(700_000, 9)])
    rig.put(1, [(6_000_000, 9_999)], [(6_010_000, 9_999)])
    rig.deliver()
    for _ in range(8):
        buy = next(one for one in rig.trader.store.of_slot(0) if one.side is Side.BUY)
        rig.exchange.fill(buy.id, 50)
        rig.hear()
        assert strategy.violation() == ""
        rig.put(1, [(6_000_000, 9_999)], [(6_010_000, 9_999)])
        rig.deliver()
        rig.put(1, [(6_000_000, 9_999)], [(6_010_000, 9_999)])
        rig.deliver()
    assert strategy.hedger.open == 0
    assert strategy.hedger.hedges == 8


def test_a_quote_needs_at_least_the_venues_minimum():
    small = Instrument("binance", "BTCUSDT", "BTC", "USDT", Grid(1), Grid(3), min_size="0.051")
    rig, _ = rig_of(small, SOURCE)
    rig.put(0, [(500_000, 9)], [(700_000, 9)])
    rig.put(1, [(6_000_000, 9_999)], [(6_010_000, 9_999)])
    assert quotes(rig) == {}


def test_a_hedge_needs_another_venue():
    with pytest.raises(ValueError, match="other than"):
        HedgeConfig(0, (0,), SIZE)
