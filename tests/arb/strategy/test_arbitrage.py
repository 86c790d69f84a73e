"""Edges are taken at once or in turn, never deeper than the walk, and never beyond the bound."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb.hedging.config import HedgeConfig
from arb.orders.order import Purpose
from arb.risk.reason import Cause, RiskReason
from arb.strategy.arbitrage import Arbitrage, ArbitrageConfig
from market.amount import amount_of
from market.fees import PPB, Fees
from market.grid import Grid
from market.instrument import Instrument
from market.order import Side, Tif
from tests.arb.rig import SECOND
from tests.arb.strategy.rig import FREE, BookRig
from tests.effort import examples

ONE = Instrument("binance", "BTCUSDT", "BTC", "USDT", Grid(1), Grid(3))
TWO = Instrument("binance-us", "BTCUSDT", "BTC", "USDT", Grid(2), Grid(4))
SIZE = amount_of("0.05")
LOTS = (amount_of("0.001"), amount_of("0.0001"))
TICKS = (amount_of("0.1"), amount_of("0.01"))


def rig_of(*, fees=FREE, limits=None, **config) -> tuple[BookRig, Arbitrage]:
    rig = BookRig(ONE, TWO, fees=fees, **(limits or {}))
    hedge = HedgeConfig(0, (1,), 2 * SIZE)
    strategy = Arbitrage(
        ArbitrageConfig(hedge, SIZE, config.pop("margin_ppb", 0), **config), rig.trader
    )
    rig.trader.add(strategy)
    rig.put(0, [(599_000, 40)], [(600_000, 40)])
    return rig, strategy


def legs(orders) -> list[tuple[int, Side, int, int]]:
    return [(order.slot, order.side, order.price, order.lots) for order in orders]


def test_both_legs_go_at_once_as_iocs_for_the_same_base():
    rig, strategy = rig_of()
    rig.put(1, [(6_010_000, 100), (6_000_100, 250), (5_990_000, 999)], [(6_100_000, 9)])
    assert legs(rig.sent) == [(1, Side.SELL, 6_000_100, 350), (0, Side.BUY, 600_000, 35)]
    assert {(one.tif, one.purpose) for one in rig.sent} == {(Tif.IOC, Purpose.TAKE)}
    rig.deliver()
    assert (strategy.hedger.open, strategy.taken) == (0, 1)


def test_a_leg_that_is_much_of_the_volume_is_not_taken_and_not_kept_for_later():
    rig, strategy = rig_of(limits={"volume_permille": 1})
    for line in rig.trader.risk.lines.values():
        line.hear_trade(10, rig.now)
    rig.put(1, [(6_010_000, 100)], [(6_100_000, 9)])
    assert (rig.sent, strategy.refused, rig.trader.last_refusal) == ([], 1, RiskReason.HELD)
    assert rig.trader.risk.held == {}


@pytest.mark.parametrize("sequenced", [False, True])
@pytest.mark.parametrize("closed", [0, 1])
def test_no_leg_goes_where_the_other_would_be_refused(closed, sequenced):
    """What went alone would have to be closed again at once, and at a loss each time."""
    rig, strategy = rig_of(sequenced=sequenced)
    rig.trader.admit = lambda ticket, _: (
        RiskReason.ORDER_RATE if ticket.slot == closed else RiskReason.OK
    )
    rig.put(1, [(6_010_000, 100)], [(6_100_000, 9)])
    assert (rig.sent, strategy.refused, strategy.taken) == ([], 1, 0)
    assert rig.trader.last_refusal is RiskReason.ORDER_RATE


def test_both_legs_count_before_either_goes():
    """One order a second is allowed: each leg would pass, the two together do not."""
    rig, strategy = rig_of(limits={"orders_per_second": 1})
    rig.put(1, [(6_010_000, 100)], [(6_100_000, 9)])
    assert (rig.sent, strategy.refused) == ([], 1)


def test_the_other_direction_is_taken_as_well():
    rig, _ = rig_of()
    rig.put(1, [(5_900_000, 9)], [(5_980_000, 999)])
    assert legs(rig.sent) == [(0, Side.SELL, 599_000, 40), (1, Side.BUY, 5_980_000, 400)]


def test_an_edge_that_fees_or_margin_eat_is_left():
    for fees, margin in ((Fees(0, 1_000_000), 0), (FREE, 2_000_000)):
        rig, strategy = rig_of(fees=fees, margin_ppb=margin)
        rig.put(1, [(6_010_000, 100)], [(6_100_000, 9)])
        assert (rig.sent, strategy.taken) == ([], 0)


def test_sequenced_sends_the_thinner_leg_first_and_the_other_for_what_it_filled():
    rig, strategy = rig_of(sequenced=True)
    rig.exchange.liquidity = 128
    rig.put(1, [(6_010_000, 200)], [(6_100_000, 9)])
    assert legs(rig.sent) == [(1, Side.SELL, 6_010_000, 200)]
    rig.deliver()
    assert legs(rig.sent)[1:2] == [(0, Side.BUY, 600_000, 12)], "whole lots of what was sold"
    rig, strategy = rig_of(sequenced=True)
    rig.put(1, [(6_010_000, 900)], [(6_100_000, 9)])
    assert legs(rig.sent) == [(0, Side.BUY, 600_000, 40)]
    rig.deliver()
    assert legs(rig.sent)[1:] == [(1, Side.SELL, 6_010_000, 400)]
    assert strategy.hedger.open == 0


def test_a_first_leg_that_fills_nothing_is_followed_by_none():
    rig, strategy = rig_of(sequenced=True)
    rig.exchange.liquidity = 0
    rig.put(1, [(6_010_000, 200)], [(6_100_000, 9)])
    rig.deliver()
    assert len(rig.sent) == 1
    assert not strategy.hedger.held


def test_what_one_leg_leaves_open_is_hedged_once_both_are_over():
    rig, strategy = rig_of()
    rig.put(1, [(6_010_000, 400)], [(6_100_000, 9_999)])
    rig.exchange.arrive(0)
    rig.hear()
    assert len(rig.sent) == 2, "nothing is hedged while the other leg is under way"
    rig.exchange.refuses = True
    rig.exchange.arrive(0)
    rig.exchange.refuses = False
    rig.hear()
    assert [(one.slot, one.side, one.purpose) for one in rig.sent[2:]] == [
        (1, Side.BUY, Purpose.HEDGE)
    ]
    rig.deliver()
    assert strategy.hedger.open == 0


def test_a_pause_passes_between_two_takings():
    rig, strategy = rig_of(pause_ns=SECOND)
    rig.put(1, [(6_010_000, 400)], [(6_100_000, 9)])
    rig.deliver()
    rig.tell(1)
    assert strategy.taken == 1
    rig.wait(SECOND)
    rig.tell(1)
    assert strategy.taken == 2


@pytest.mark.parametrize("halting", [True, False])
def test_nothing_is_taken_in_a_halt_or_on_a_quote_that_may_not_be_used(halting):
    rig, strategy = rig_of()
    if halting:
        rig.trader.halt(Cause.USER, "")
    else:
        rig.l1.bad.add(0)
    rig.put(1, [(6_010_000, 400)], [(6_100_000, 9)])
    assert (rig.sent, strategy.taken) == ([], 0)


def ladder(start: int, sign: int, rows) -> list[tuple[int, int]]:
    found, price = [], start
    for step, lots in rows:
        found.append((price, lots))
        price += sign * step
    return found


levels = st.lists(st.tuples(st.integers(1, 300), st.integers(1, 40)), min_size=1, max_size=6)


@settings(max_examples=examples(1.5))
@given(
    levels, levels, levels, levels, st.integers(-600, 600), st.integers(0, 400_000), st.booleans()
)
def test_limits_are_no_deeper_than_the_walk_and_what_is_taken_pays(
    bids, asks, other_bids, other_asks, edge, taker, sequenced
):
    """At the depth shown, every lot up to each limit price together pays all fees."""
    rig, strategy = rig_of(fees=Fees(0, taker), sequenced=sequenced)
    first = ladder(600_000 + edge, -1, bids), ladder(600_010 + edge, 1, asks)
    scaled = [
        [(10 * ticks, 10 * lots) for ticks, lots in ladder(at, sign, rows)]
        for at, sign, rows in ((600_000, -1, other_bids), (600_010, 1, other_asks))
    ]
    rig.put(0, *first, tell=False)
    rig.put(1, *scaled)
    rig.deliver()
    takes = [one for one in rig.sent if one.purpose is Purpose.TAKE]
    assert len(takes) in (0, 2)
    assert strategy.hedger.open == 0
    if not takes:
        return
    depths = (first, scaled)
    assert len({one.lots * LOTS[one.slot] for one in takes}) == 1
    assert takes[0].lots * LOTS[takes[0].slot] <= SIZE
    total = 0
    for one in takes:
        reached = left = 0
        value = 0
        left = one.lots
        for ticks, lots in depths[one.slot][one.side is Side.BUY]:
            part = min(left, lots)
            value += part * ticks * TICKS[one.slot] * LOTS[one.slot] // amount_of("1")
            left, reached = left - part, ticks
            if left == 0:
                break
        assert left == 0, "more than the depth shows"
        assert one.price == reached, "the worst level that the walk needs, and no further"
        total += -one.side.sign * value - -(-value * taker // PPB)
    assert total > 0
