"""A parent is worked in children that never exceed it, whatever is lost, late or paused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb.orders.order import OrderState, Purpose
from arb.risk.desk import Ticket
from arb.risk.reason import Cause, RiskState
from arb.schedule.config import AtEnd, ScheduleConfig, Style
from arb.schedule.schedule import Stage
from market.amount import amount_of
from market.order import Side, Tif
from tests.arb.rig import SECOND, Chaos
from tests.arb.schedule.rig import LOT, TOUCH, ScheduleRig
from tests.effort import examples


def test_children_are_iocs_of_purpose_schedule_within_the_band():
    rig = ScheduleRig(band_ppb=1_000_000)
    rig.wait(0)
    assert rig.children == [], "nothing is due at the start"
    rig.wait(SECOND)
    (child,) = rig.children
    assert (child.side, child.tif, child.purpose) == (Side.BUY, Tif.IOC, Purpose.SCHEDULE)
    assert child.lots == 1
    assert child.price == 600_610


def test_a_twap_does_the_same_in_every_second_and_all_by_the_end():
    rig = ScheduleRig(lots=99, seconds=100)
    rig.wait(0)
    for second in range(1, 99):
        rig.run(1)
        assert rig.done == second
    rig.run(2)
    assert (rig.done, rig.schedule.stage) == (99, Stage.DONE)


def test_a_vwap_follows_its_profile():
    rig = ScheduleRig("vwap", lots=40, seconds=41, weights=(3, 1))
    rig.run(21)
    assert 29 <= rig.done <= 31
    rig.run(21)
    assert rig.done == 40


def test_a_pov_trades_its_share_of_the_volume_and_no_more():
    rig = ScheduleRig("pov", lots=100, seconds=50, share_ppm=100_000)
    for second in range(1, 50):
        rig.run(1, lots=12)
        assert rig.done <= second * 12 // 10
    assert rig.done >= 5 * 10


def test_participation_bounds_a_twap():
    rig = ScheduleRig(lots=100, seconds=20, share_ppm=500_000, at_end=AtEnd.CROSS)
    rig.run(30, lots=4)
    assert rig.done == 20 * 4 // 2
    assert rig.schedule.stage is Stage.DONE


def test_a_limit_price_is_never_passed():
    rig = ScheduleRig(limit=amount_of("60000.5"))
    rig.run(5)
    assert rig.done == 0
    assert rig.trader.store.totals.placed == 0, "an IOC that cannot trade is not sent"
    rig.quote(599_990, 1000, 600_000, 1000)
    rig.run(1)
    assert max(held.price for held in rig.exchange.held.values()) == 600_005
    rig = ScheduleRig(side=Side.SELL, limit=amount_of("59999.01"), style=Style.PASSIVE)
    rig.quote(599_980, 1000, 599_985, 1000)
    rig.run(1)
    assert [child.price for child in rig.children] == [599_991], "a sale's limit is rounded up"


def test_what_was_missed_is_caught_up_in_bounded_pieces():
    rig = ScheduleRig(lots=100, seconds=101)
    rig.quote()
    rig.touch = None
    rig.run(20)
    assert rig.done == 0
    rig.touch = TOUCH
    for _ in range(15):
        before = rig.done
        rig.run(1)
        assert rig.done - before <= 3, "three even parts, at most"
    rig.run(10)
    assert rig.done == 45


def test_passive_children_rest_at_the_own_best_price_and_follow_it():
    rig = ScheduleRig(style=Style.PASSIVE, patience=50)
    rig.run(1)
    (child,) = rig.children
    assert (child.price, child.tif, child.post_only) == (599_990, Tif.GTC, True)
    rig.quote(600_000, 1000, 600_020, 1000)
    assert not child.cancel_wanted, "it is too young"
    rig.now += SECOND
    rig.quote()
    assert child.cancel_wanted
    rig.deliver()
    assert [one.price for one in rig.children] == [600_000]
    rig.now += SECOND
    rig.quote(*TOUCH)
    assert not rig.children[0].cancel_wanted, "a better place is kept"


def test_a_passive_child_that_is_behind_too_long_is_taken_instead():
    rig = ScheduleRig(style=Style.PASSIVE, patience=3)
    rig.run(3)
    assert rig.done == 0
    assert [child.tif for child in rig.children] == [Tif.GTC] * 3
    rig.run(1)
    assert rig.done == 1, "what was due three steps ago"
    taken = [held for held in rig.exchange.held.values() if held.filled]
    assert all(held.price > 600_010 for held in taken)


@pytest.mark.parametrize("style", Style)
def test_at_the_end_what_is_left_is_cancelled(style):
    rig = ScheduleRig(style=style, lots=10, seconds=10, patience=100)
    rig.exchange.liquidity = 0
    rig.run(9)
    rig.wait(SECOND)
    assert rig.schedule.stage is (Stage.ENDING if style is Style.PASSIVE else Stage.DONE)
    rig.run(1)
    assert (rig.schedule.stage, rig.children, rig.done) == (Stage.DONE, [], 0)


def test_at_the_end_what_is_left_is_crossed_a_bounded_number_of_times():
    rig = ScheduleRig(style=Style.PASSIVE, lots=10, seconds=10, patience=100, at_end=AtEnd.CROSS)
    rig.exchange.liquidity = 4
    rig.run(10)
    assert rig.done == 4
    rig.run(1)
    assert rig.done == 8
    rig.exchange.liquidity = 0
    rig.run(10)
    assert (rig.schedule.stage, rig.schedule.crossed) == (Stage.DONE, 3)
    assert rig.done == 8


def test_a_pause_cancels_and_what_was_missed_is_caught_up_after_it():
    rig = ScheduleRig(style=Style.PASSIVE, lots=51, seconds=51, patience=100)
    rig.run(3)
    rig.schedule.pause()
    rig.deliver()
    assert rig.children == []
    rig.run(10)
    assert rig.children == []
    rig.schedule.resume(rig.now)
    rig.run(3)
    assert sum(child.lots for child in rig.children) == 9


def test_a_pov_takes_no_share_of_what_traded_while_it_was_paused():
    rig = ScheduleRig("pov", lots=100, seconds=50, share_ppm=100_000)
    rig.run(3, lots=20)
    assert rig.done == 6
    rig.schedule.pause()
    rig.run(10, lots=200)
    rig.schedule.resume(rig.now)
    rig.run(3)
    assert rig.done == 6
    rig.run(2, lots=20)
    assert rig.done == 10


@pytest.mark.parametrize("cause", ["pause", "halt"])
def test_what_the_end_finds_undone_is_crossed_only_when_the_pause_or_halt_is_over(cause):
    rig = ScheduleRig(lots=10, seconds=10, at_end=AtEnd.CROSS)
    rig.run(3)
    if cause == "pause":
        rig.schedule.pause()
    else:
        rig.trader.halt(Cause.USER, "")
    rig.run(20)
    assert (rig.schedule.stage, rig.schedule.crossed, rig.done) == (Stage.ENDING, 0, 3)
    rig.schedule.resume(rig.now)
    rig.trader.switch.resume()
    rig.run(1)
    assert (rig.schedule.stage, rig.schedule.crossed, rig.done) == (Stage.DONE, 1, 10)


def test_a_pause_in_the_middle_of_the_crossing_holds_the_next_try_back():
    rig = ScheduleRig(lots=10, seconds=10, at_end=AtEnd.CROSS)
    rig.exchange.liquidity = 0
    rig.run(10)
    tries = rig.schedule.crossed
    assert tries > 0
    rig.schedule.pause()
    rig.run(10)
    assert rig.schedule.crossed == tries
    rig.schedule.resume(rig.now)
    assert rig.schedule.crossed == tries + 1


def test_a_cancel_ends_the_crossing_too():
    rig = ScheduleRig(lots=10, seconds=10, at_end=AtEnd.CROSS)
    rig.exchange.liquidity = 0
    rig.run(10)
    assert rig.schedule.stage is Stage.ENDING
    rig.schedule.cancel(rig.now)
    assert rig.schedule.stage is Stage.DONE
    rig.exchange.liquidity = 100
    rig.run(10)
    assert rig.done == 0


def test_a_halt_pauses_and_an_explicit_resume_goes_on():
    rig = ScheduleRig()
    rig.run(3)
    rig.trader.halt(Cause.USER, "")
    rig.run(3)
    assert rig.done == 3
    assert rig.schedule.refused == 0, "nothing is even tried"
    rig.trader.switch.resume()
    rig.run(3)
    assert rig.done >= 6


def test_a_user_pause_outlasts_a_halt():
    rig = ScheduleRig()
    rig.schedule.pause()
    rig.trader.halt(Cause.USER, "")
    rig.trader.switch.resume()
    rig.run(3)
    assert rig.schedule.paused
    assert rig.done == 0


def test_a_cancelled_parent_ends_once_its_children_are_gone():
    rig = ScheduleRig(style=Style.PASSIVE, patience=100, at_end=AtEnd.CROSS)
    rig.run(3)
    rig.exchange.fill(rig.children[0].id, 1)
    rig.schedule.cancel(rig.now)
    assert rig.schedule.stage is Stage.ENDING
    rig.deliver()
    assert (rig.schedule.stage, rig.done) == (Stage.DONE, 1)
    rig.run(200)
    assert rig.done == 1


def test_what_flattens_its_position_is_neither_its_child_nor_its_to_cancel():
    rig = ScheduleRig()
    rig.run(3)
    ticket = Ticket(0, Side.SELL, 599_990, 3, Purpose.FLATTEN, "twap", tif=Tif.IOC)
    order = rig.trader.send(ticket)
    assert rig.schedule.committed == 3 * LOT
    rig.schedule.cancel(rig.now)
    assert not order.cancel_wanted
    assert rig.schedule.stage is Stage.DONE
    rig.deliver()
    assert rig.done == 3


def test_a_lost_child_counts_as_open_until_the_venue_was_asked():
    rig = ScheduleRig(lots=10, seconds=11)
    rig.wait(SECOND)
    rig.exchange.requests.clear()
    rig.wait(SECOND // 2 + 1)
    (child,) = rig.children
    assert child.state is OrderState.LOST
    assert rig.schedule.committed == LOT
    rig.exchange.requests.clear()
    rig.run(9)
    assert rig.truth == rig.done
    assert rig.schedule.committed <= 10 * LOT


def test_what_waits_for_approval_is_counted_and_goes_with_its_parent():
    rig = ScheduleRig(limits={"volume_permille": 500}, lots=200, seconds=101, child=50 * LOT)
    rig.trade(14)
    rig.wait(SECOND)
    assert [child.lots for child in rig.children] == [2]
    rig.deliver()
    rig.trader.risk.lines[0].traded = 1
    rig.trader.risk.lines[0].volume.clear()
    rig.run(2)
    held = list(rig.trader.risk.held.values())
    assert rig.done + sum(ticket.lots for ticket in held) <= 6
    rig.schedule.cancel(rig.now)
    assert rig.trader.risk.held == {}


def test_a_rest_too_small_for_an_order_goes_along_with_the_last():
    """The venue takes 300 USDT at least, five lots: twelve are worked as five and seven."""
    rig = ScheduleRig(lots=12, seconds=13, min_notional="300")
    rig.run(14)
    assert sorted(held.lots for held in rig.exchange.held.values()) == [5, 7]
    assert rig.done == 12


def test_a_refused_child_is_counted_and_tried_again_at_the_next_step():
    rig = ScheduleRig(limits={"notional_max": 1})
    rig.run(3)
    assert rig.schedule.refused == 3
    assert rig.done == 0


def test_a_parent_that_cannot_be_worked_is_refused():
    for bad in ({"size": 0}, {"size": 1, "step_ns": 0}, {"size": 1, "share_ppm": 1_000_001}):
        with pytest.raises(ValueError, match="must"):
            ScheduleConfig(0, Side.BUY, **bad)


def test_a_venue_that_fills_too_much_is_a_violation_and_halts():
    rig = ScheduleRig(lots=10, seconds=2)
    rig.run(1)
    assert rig.schedule.violation() == ""
    rig.schedule.filled += 10 * LOT
    rig.trader.dirty = True
    rig.trader.after(rig.now)
    assert rig.trader.switch.causes[Cause.EXPOSURE][0] is RiskState.HALT


class ScheduleChaos(Chaos):
    """Everything that can go wrong, one step after another, drawn by the test."""

    def __init__(self, data) -> None:
        super().__init__(data)
        self.share = self.draw(0, 200_000)
        self.minimum = self.draw("", "", "300")
        seconds = self.number(3, 20)
        self.rig = ScheduleRig(
            self.draw("twap", "vwap") if not self.share else "pov",
            lots=seconds * self.number(1, 5),
            seconds=seconds,
            weights=(2, 0, 1),
            style=self.draw(*Style),
            at_end=self.draw(*AtEnd),
            patience=self.number(1, 4),
            side=self.draw(*Side),
            share_ppm=self.share,
            min_notional=self.minimum,
        )
        self.traded = 0

    def trade(self) -> None:
        lots = self.number(1, 60)
        self.traded += lots
        self.rig.trade(lots)

    def quote(self) -> None:
        bid = 599_990 + self.draw(-10, 0, 10)
        self.rig.quote(bid, 1000, bid + 20, 1000)

    def blind(self) -> None:
        self.rig.touch = None if self.rig.touch else TOUCH
        self.rig.quote()

    def fill(self) -> None:
        if held := sorted(self.rig.exchange.held):
            self.rig.exchange.fill(self.draw(*held), self.number(1, 20))

    def hear(self) -> None:
        """Whatever is heard overtakes what was said before it."""
        super().hear(len(self.rig.exchange.events))

    def wait(self) -> None:
        self.rig.wait(self.draw(SECOND // 3, SECOND, SECOND))

    def pause(self) -> None:
        self.rig.schedule.pause()

    def mend(self) -> None:
        """Whatever keeps the schedule from working is over."""
        self.rig.schedule.resume(self.rig.now)
        self.resume()
        self.rig.exchange.refuses = False
        self.rig.touch = self.rig.touch or TOUCH

    def step(self) -> None:
        often = [self.wait, self.trade, self.arrive, self.fill]
        seldom = [self.hear, self.hear, self.hear, self.quote, self.liquidity, self.mend]
        rare = [self.blind, self.refuse, self.disconnect, self.pause, self.halt]
        if not self.number(0, 200):
            self.rig.schedule.cancel(self.rig.now)
        self.draw(*often, *often, *often, *often, *often, *seldom, *seldom, *rare)()


@settings(max_examples=examples(2))
@given(st.data())
def test_no_interleaving_exceeds_the_parent_and_every_fill_is_found(data):
    chaos = ScheduleChaos(data)
    rig = chaos.rig
    size = rig.config.size // LOT
    for _ in range(data.draw(st.integers(20, 80))):
        chaos.step()
        assert rig.schedule.violation() == ""
        if rig.schedule.stage is Stage.WORKING and not chaos.minimum:
            due = rig.schedule.curve.due(rig.config.size, rig.now)
            assert rig.truth * LOT <= due, "the venue filled what was not due yet"
        assert rig.truth <= size, "the venue filled more than the parent"
        if chaos.share:
            assert rig.truth <= chaos.traded // 5, "more than the share of the volume"
    chaos.mend()
    for _ in range(12):
        rig.deliver()
        rig.wait(600 * SECOND)
    rig.deliver()
    assert rig.schedule.stage is Stage.DONE
    assert not rig.trader.store.open
    assert rig.done == rig.truth <= size
