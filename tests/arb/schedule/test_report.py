"""What is told of a schedule: its state in a word, what comes next, and what it got."""

from copy import deepcopy

import pytest

from arb.risk.reason import Cause
from arb.schedule.config import AtEnd, Style
from arb.schedule.report import report
from market.amount import amount_of
from market.order import Side
from tests.arb.rig import SECOND
from tests.arb.schedule.rig import LOT, ScheduleRig


def told(rig):
    return report(rig.schedule)


def test_a_schedule_waits_works_and_is_done():
    rig = ScheduleRig(lots=10, seconds=11, start=5)
    found = told(rig)
    assert (found.state, found.done, found.left) == ("waiting", 0, 10 * LOT)
    assert (found.starts_ns, found.ends_ns) == (6 * SECOND, 17 * SECOND)
    assert (found.next_ns, found.next_size) == (6 * SECOND, 0)
    rig.run(9)
    found = told(rig)
    assert (found.state, found.done, found.left) == ("working", 4 * LOT, 6 * LOT)
    assert (found.next_ns, found.next_size) == (11 * SECOND, LOT)
    rig.run(7)
    found = told(rig)
    assert (found.state, found.left, found.next_ns, found.next_size) == ("done", 0, 0, 0)


def test_before_the_first_quote_nothing_is_known_of_its_time():
    rig = ScheduleRig()
    rig.schedule.curve = None
    found = told(rig)
    assert (found.state, found.starts_ns, found.ends_ns, found.next_ns) == ("waiting", 0, 0, 0)


def test_what_keeps_it_back_is_its_state_and_nothing_comes_next():
    rig = ScheduleRig()
    rig.run(3)
    rig.trader.halt(Cause.USER, "")
    assert told(rig).state == "halted"
    rig.schedule.pause()
    found = told(rig)
    assert (found.state, found.next_ns, found.next_size) == ("paused", 0, 0)
    rig.trader.switch.resume()
    rig.schedule.resume(rig.now)
    assert told(rig).state == "working"


def test_one_that_ended_undone_and_one_that_was_cancelled_are_told_apart():
    for cancel, state in ((False, "ended"), (True, "cancelled")):
        rig = ScheduleRig(lots=10, seconds=10)
        rig.exchange.liquidity = 0
        rig.run(3)
        if cancel:
            rig.schedule.cancel(rig.now)
            rig.deliver()
        rig.run(20)
        found = told(rig)
        assert (found.state, found.left, found.next_ns) == (state, 10 * LOT, 0)


def test_while_children_are_being_cancelled_it_is_ending():
    rig = ScheduleRig(style=Style.PASSIVE, patience=100)
    rig.run(3)
    rig.schedule.cancel(rig.now)
    found = told(rig)
    assert (found.state, found.open, found.next_ns) == ("ending", 3 * LOT, 0)


def test_the_next_child_of_an_end_that_crosses_is_all_that_is_left():
    rig = ScheduleRig(lots=10, seconds=10, at_end=AtEnd.CROSS)
    rig.exchange.liquidity = 0
    rig.run(10)
    found = told(rig)
    assert (found.state, found.next_ns, found.next_size) == ("ending", 12 * SECOND, 10 * LOT)


def test_what_is_next_is_bounded_as_the_child_will_be():
    rig = ScheduleRig(lots=100, seconds=101)
    rig.touch = None
    rig.run(20)
    assert told(rig).next_size == 2 * LOT, "three even parts, in whole lots"


@pytest.mark.parametrize("side", Side)
def test_the_average_is_held_against_the_arrival_price_and_the_volume_weighted_one(side):
    rig = ScheduleRig(lots=10, seconds=11, side=side)
    assert told(rig).arrival == amount_of("60000") or not rig.run(1)
    assert told(rig).arrival == amount_of("60000")
    rig.trader.on_trade(0, 600_000, 3, rig.now, buyer=True)
    rig.trader.on_trade(0, 600_400, 1, rig.now, buyer=True)
    rig.quote(600_990, 1000, 601_010, 1000)
    rig.run(5)
    found = told(rig)
    assert found.vwap == amount_of("60010")
    fills = [held for held in rig.exchange.held.values() if held.filled]
    assert found.average == sum(one.price * one.filled for one in fills) * amount_of("0.1") // sum(
        one.filled for one in fills
    )
    worse = found.worse_bps(found.arrival, side.sign)
    assert worse == pytest.approx(side.sign * (found.average / found.arrival - 1) * 1e4, abs=0.01)


def test_without_fills_or_trades_no_price_is_made_up():
    rig = ScheduleRig(limit=1)
    rig.run(3)
    found = told(rig)
    assert (found.average, found.vwap) == (0, 0)
    assert found.worse_bps(found.arrival, 1) is None


@pytest.mark.parametrize("kind", ["twap", "vwap", "pov"])
def test_reading_changes_nothing(kind):
    share = {"share_ppm": 100_000} if kind == "pov" else {}
    rig = ScheduleRig(kind, style=Style.PASSIVE, **share)
    rig.run(5, lots=10)
    before = deepcopy(vars(rig.schedule) | {"_trader": None})
    told(rig)
    assert vars(rig.schedule) | {"_trader": None} == before
