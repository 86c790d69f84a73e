"""Cycles are taken at the best size after fees, and what a failed leg leaves is unwound."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb.orders.order import Purpose
from arb.risk.reason import Cause, RiskState
from arb.strategy.triangle import Triangle, best_size, go_round
from arb.strategy.triangular import Triangular, TriangularConfig
from market.amount import amount_of
from market.fees import Fees
from market.grid import Grid
from market.instrument import Instrument
from market.order import Side
from tests.arb.rig import SECOND
from tests.arb.strategy.rig import BookRig
from tests.effort import examples

BTC = Instrument("binance", "BTCUSDT", "BTC", "USDT", Grid(1), Grid(6))
ETH = Instrument("binance", "ETHUSDT", "ETH", "USDT", Grid(1), Grid(3))
CROSS = Instrument("binance", "ETHBTC", "ETH", "BTC", Grid(5), Grid(3))
FEE = 1_000_000
ETH_LOT = amount_of("0.001")
#: 60 000, 3 000 and 0.05: nothing to be had either way.
FAIR = (
    ([(599_990, 10**6)], [(600_010, 10**6)]),
    ([(29_990, 1000)], [(30_010, 1000)]),
    ([(4_999, 1000)], [(5_001, 1000)]),
)


def rig_of(fee: int = FEE, **config) -> tuple[BookRig, Triangular]:
    rig = BookRig(BTC, ETH, CROSS, fees=Fees(fee, fee))
    limits = {"size": amount_of("1"), "bound": amount_of("2"), "middle_bound": amount_of("0.1")}
    strategy = Triangular(TriangularConfig((0, 1, 2), **{**limits, **config}), rig.trader)
    rig.trader.add(strategy)
    for slot, sides in enumerate(FAIR):
        rig.put(slot, *sides, tell=False)
    return rig, strategy


def legs(orders) -> list[tuple[int, Side, int, int]]:
    return [(order.slot, order.side, order.price, order.lots) for order in orders]


def test_a_cycle_is_found_whatever_the_order_of_its_books():
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        assert Triangle.of(order, [BTC, ETH, CROSS]) == Triangle(0, 1, 2)
    other = Instrument("binance-us", "ETHBTC", "ETH", "BTC", Grid(5), Grid(3))
    for third in (other, ETH, Instrument("binance", "SOLBTC", "SOL", "BTC", Grid(5), Grid(3))):
        with pytest.raises(ValueError, match="close a cycle"):
            Triangle.of((0, 1, 2), [BTC, ETH, third])


def test_nothing_is_taken_where_fees_eat_the_edge():
    rig, strategy = rig_of()
    rig.tell(0)
    rig.put(1, [(30_090, 1000)], [(30_110, 1000)])
    assert (rig.sent, strategy.taken) == ([], 0), "0.3 % is what three fees cost"


def test_forward_buys_the_top_with_the_middle_and_sells_it_home():
    rig, strategy = rig_of()
    rig.put(1, [(30_300, 1000)], [(30_310, 1000)])
    # One ETH costs 0.05001 BTC and 0.1 % of it, rounded up to whole lots.
    assert legs(rig.sent) == [
        (0, Side.BUY, 600_010, 50_061),
        (2, Side.BUY, 5_001, 1_000),
        (1, Side.SELL, 30_300, 1_000),
    ]
    rig.deliver()
    assert strategy.taken == 1
    assert strategy.open["ETH"] == 0


def test_backward_buys_the_top_at_home_and_sells_it_for_the_middle():
    rig, _ = rig_of()
    rig.put(1, [(29_690, 1000)], [(29_700, 1000)])
    assert legs(rig.sent) == [
        (1, Side.BUY, 29_700, 1_000),
        (2, Side.SELL, 4_999, 1_000),
        (0, Side.SELL, 599_990, 49_940),
    ]


def test_sequenced_legs_follow_what_the_one_before_filled():
    rig, strategy = rig_of(sequenced=True)
    rig.exchange.liquidity = 20_000
    rig.put(1, [(30_300, 1000)], [(30_310, 1000)])
    assert [order.slot for order in rig.sent] == [0]
    rig.deliver()
    assert legs(rig.sent)[1:3] == [
        (2, Side.BUY, 5_001, 1_000 * 20_000 // 50_061),
        (1, Side.SELL, 30_300, 1_000 * 20_000 // 50_061),
    ]
    assert strategy.open["ETH"] == 0


def test_what_a_failed_leg_leaves_open_is_unwound_at_once_within_the_band():
    rig, strategy = rig_of()
    rig.put(1, [(30_300, 1000)], [(30_310, 1000)])
    rig.exchange.arrive(0)
    rig.exchange.refuses = True
    rig.exchange.arrive(0)
    rig.exchange.refuses = False
    rig.deliver()
    unwound = rig.sent[3:]
    assert [(order.slot, order.side, order.purpose) for order in unwound] == [
        (1, Side.BUY, Purpose.HEDGE),
        (0, Side.SELL, Purpose.HEDGE),
    ]
    assert unwound[0].price == 30_310 * 1002 // 1000
    assert unwound[1].price == -(-599_990 * 998 // 1000)
    assert (strategy.open["ETH"], strategy.open["BTC"]) == (0, 0)
    assert rig.trader.switch.state is RiskState.ACTIVE


def test_what_cannot_be_unwound_halts_after_the_stated_tries():
    rig, strategy = rig_of(tries=2)
    rig.put(1, [(30_300, 1000)], [(30_310, 1000)])
    rig.exchange.arrive(2)
    rig.exchange.refuses = True
    for _ in range(4):
        rig.deliver()
        rig.wait(SECOND // 10)
    assert [order.purpose for order in rig.sent[3:]] == [Purpose.HEDGE] * 2
    assert rig.trader.switch.causes[Cause.HEDGE][0] is RiskState.HALT
    assert strategy.open["ETH"] == -1_000 * ETH_LOT, "it keeps being shown"
    rig.exchange.refuses = False
    rig.trader.switch.resume()
    rig.deliver()
    assert strategy.open["ETH"] == 0


def test_a_leg_that_is_not_accounted_for_halts():
    rig, _ = rig_of(limit_ns=SECOND)
    rig.put(1, [(30_300, 1000)], [(30_310, 1000)])
    rig.exchange.requests.pop(0)
    rig.deliver()
    rig.wait(SECOND)
    assert Cause.HEDGE in rig.trader.switch.causes
    assert len(rig.sent) == 3, "nothing is traded against what may still be filled"


def test_a_round_pays_what_it_says_with_every_fee():
    rig, strategy = rig_of()
    rig.put(1, [(30_300, 1000)], [(30_310, 1000)], tell=False)
    lines = rig.trader.risk.lines
    depths = {0: [(600_010, 10**6)], 1: [(30_300, 1000)], 2: [(5_001, 1000)]}
    found = go_round(strategy.triangle, lines, depths, amount_of("1"), forward=True)
    proceeds = amount_of("3030") * 999 // 1000
    cost = amount_of("0.050061") * 60_001 * 1001 // 1000
    assert (found.net, found.cost) == (proceeds - cost, cost)
    assert go_round(strategy.triangle, lines, depths, amount_of("1.1"), forward=True) is None


levels = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 400)), min_size=1, max_size=4)


def depth_of(start: int, sign: int, rows, scale: int = 1) -> list[tuple[int, int]]:
    found, price = [], start
    for step, lots in rows:
        found.append((price, lots * scale))
        price += sign * step
    return found


@settings(max_examples=examples(1.5))
@given(st.booleans(), levels, levels, levels, st.integers(-300, 600), st.sampled_from([0, 100_000]))
def test_no_other_size_pays_more_but_for_one_lot_of_the_middle(
    forward, middle, top, cross, edge, fee
):
    """Sizes are compared one by one, each with its exact fees and whole lots."""
    rig, strategy = rig_of(fee)
    lines, sign = rig.trader.risk.lines, 1 if forward else -1
    depths = {
        0: depth_of(600_000, sign, middle, 50),
        1: depth_of(30_000 + sign * edge, -sign, top),
        2: depth_of(5_000, sign, cross),
    }
    most = (amount_of("0.6"), amount_of("0.02"))
    best = best_size(strategy.triangle, lines, depths, most, 0, forward=forward)
    assert best <= most[0]
    chosen = go_round(strategy.triangle, lines, depths, best, forward=forward)
    gain = chosen.net if chosen else 0
    slack = amount_of("0.2")
    for lots in range(1, 601, 7):
        found = go_round(strategy.triangle, lines, depths, lots * ETH_LOT, forward=forward)
        if found is not None and found.middle <= most[1]:
            assert found.net <= max(gain, 0) + slack, (lots, best // ETH_LOT)


@settings(max_examples=examples(1.2))
@given(st.data())
def test_no_interleaving_breaks_the_bounds_or_leaves_what_could_be_unwound(data):
    rig, strategy = rig_of(sequenced=data.draw(st.booleans()))
    exchange = rig.exchange
    for _ in range(data.draw(st.integers(10, 50))):
        act = data.draw(st.sampled_from("pppaaaaahhhhhlrwwd"))
        if act == "p":
            bid = 30_000 + data.draw(st.sampled_from([-400, 0, 400]))
            rig.put(1, [(bid, 1000)], [(bid + 10, 1000)])
        elif act == "a" and exchange.requests:
            at = data.draw(st.integers(0, len(exchange.requests) - 1))
            exchange.arrive(at) if data.draw(st.integers(0, 6)) else exchange.requests.pop(at)
        elif act == "h" and exchange.events:
            event = exchange.events.pop(0)
            for _ in range(data.draw(st.sampled_from([0, 1, 1, 1, 2]))):
                rig.say(event)
        elif act == "l":
            exchange.liquidity = data.draw(st.sampled_from([0, 300, 10**9]))
        elif act == "r":
            exchange.refuses = not exchange.refuses
        elif act == "w":
            rig.wait(data.draw(st.sampled_from([SECOND // 50, SECOND, 3 * SECOND])))
        elif act == "d":
            rig.trader.switch.resume()
        assert strategy.violation() == ""
        assert abs(exchange.net(1, 2)) * ETH_LOT <= strategy.config.bound
    exchange.refuses, exchange.liquidity = False, 10**9
    for slot, sides in enumerate(FAIR):
        rig.put(slot, *sides, tell=False)
    for _ in range(8):
        rig.trader.switch.resume()
        rig.deliver()
        rig.wait(600 * SECOND)
        rig.deliver()
    assert not rig.trader.store.open
    assert strategy.open["ETH"] == 0
    assert abs(strategy.open["BTC"]) < amount_of("0.000001")
