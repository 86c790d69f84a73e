"""What a maker's fill opens is hedged, in time or with a halt, and never beyond the bound."""

from hypothesis import given, settings
from hypothesis import strategies as st

from arb.orders.order import Purpose
from arb.risk.reason import Cause, RiskReason, RiskState
from market.order import OrderEvent, OrderEventKind, Side
from tests.arb.hedging.rig import (
    BOUND,
    FIRST,
    LOT,
    MAKER,
    SECOND,
    SECOND_VENUE,
    HedgeRig,
    HedgeState,
)
from tests.arb.rig import Chaos
from tests.effort import examples


def orders(rig: HedgeRig) -> list[tuple[int, Side, Purpose]]:
    return [(one.slot, one.side, one.purpose) for one in rig.trader.store.open.values()]


def test_a_fill_is_hedged_at_once_at_the_first_venue():
    rig = HedgeRig()
    rig.filled_maker(Side.BUY, 10)
    assert orders(rig) == [(FIRST, Side.SELL, Purpose.HEDGE)]
    assert rig.hedger.state is HedgeState.SENT
    rig.deliver()
    assert (rig.hedger.open, rig.hedger.state) == (0, HedgeState.FLAT)


def test_what_is_open_is_timed_from_the_fill_that_opened_it():
    """While a hedge is on its way it counts as open; flat, nothing does."""
    rig = HedgeRig()
    assert rig.hedger.unhedged_since_ns == 0
    rig.filled_maker(Side.BUY, 10)
    assert rig.hedger.unhedged_since_ns == rig.now
    rig.deliver()
    assert rig.hedger.unhedged_since_ns == 0


def test_a_rest_that_is_carried_does_not_wait_for_a_hedge():
    rig = HedgeRig()
    rig.filled_maker(Side.BUY, 4)
    assert rig.hedger.open == 4 * LOT
    assert rig.hedger.unhedged_since_ns == 0


def test_the_price_of_a_hedge_lies_within_the_band():
    rig = HedgeRig(band_ppb=1_000_000)
    rig.filled_maker(Side.BUY, 10)
    (order,) = rig.trader.store.open.values()
    assert order.price == 599_391, "0.1 % below the bid, rounded into the band"
    rig.deliver()
    rig.filled_maker(Side.SELL, 10)
    (order,) = rig.trader.store.open.values()
    assert order.price == 600_610


def test_a_part_below_the_minimum_is_carried_and_counts_against_the_bound():
    rig = HedgeRig()
    rig.filled_maker(Side.BUY, 4)
    assert [purpose for *_, purpose in orders(rig)] == [Purpose.QUOTE]
    assert (rig.hedger.open, rig.hedger.state) == (4 * LOT, HedgeState.FLAT)
    assert rig.hedger.room(Side.BUY) == 94 * LOT, "what is left of the maker counts as well"
    rig.trader.store.cancel_all()
    rig.deliver()
    rig.wait(10 * SECOND)
    assert rig.trader.switch.state is RiskState.ACTIVE
    rig.filled_maker(Side.BUY, 2)
    rig.deliver()
    assert rig.hedger.open == 0
    assert rig.trader.switch.state is RiskState.ACTIVE, "what was carried did not age"


def test_after_its_tries_the_next_venue_is_asked():
    rig = HedgeRig(tries=2)
    order = rig.maker.quote(Side.BUY, 10)
    rig.exchange.arrive()
    rig.exchange.fill(order.id, 10)
    rig.exchange.refuses = True
    for _ in range(2):
        while rig.exchange.requests or rig.exchange.events:
            rig.deliver()
        rig.wait(SECOND // 10)
    assert [slot for slot, *_ in orders(rig)] == [SECOND_VENUE]
    rig.exchange.refuses = False
    rig.deliver()
    assert rig.hedger.state is HedgeState.FLAT


def test_a_partly_filled_hedge_is_followed_by_another():
    rig = HedgeRig()
    rig.exchange.liquidity = 6
    rig.filled_maker(Side.BUY, 15)
    rig.deliver()
    assert rig.hedger.open == 9 * LOT
    rig.exchange.liquidity = 100
    rig.wait(SECOND // 10)
    rig.deliver()
    assert rig.hedger.open == 0


def test_without_a_usable_hedge_venue_it_is_flattened_and_everything_halts():
    rig = HedgeRig(grace_ns=0)
    quote = rig.maker.quote(Side.SELL, 7)
    rig.deliver()
    rig.touches[FIRST] = rig.touches[SECOND_VENUE] = None
    rig.now += SECOND
    rig.filled_maker(Side.BUY, 10)
    assert quote.cancel_wanted
    rig.deliver()
    assert (rig.hedger.open, rig.hedger.state) == (0, HedgeState.HALTED)
    assert rig.trader.switch.causes[Cause.HEDGE][0] is RiskState.HALT
    assert rig.maker.quote(Side.BUY, 10) is None


def test_a_venue_that_was_good_a_moment_ago_is_waited_for():
    rig = HedgeRig(grace_ns=SECOND // 2)
    rig.touches[FIRST] = None
    rig.filled_maker(Side.BUY, 10)
    assert rig.hedger.state is HedgeState.PAUSED
    rig.touches[FIRST] = rig.touches[MAKER]
    rig.wait(SECOND // 10)
    rig.deliver()
    assert rig.hedger.open == 0


def test_while_venues_come_back_a_hedge_waits_for_one_but_not_beyond_its_time():
    rig = HedgeRig(grace_ns=0, limit_ns=2 * SECOND)
    rig.trader.recovering = lambda now: True
    rig.touches[FIRST] = rig.touches[SECOND_VENUE] = None
    rig.now += SECOND
    rig.filled_maker(Side.BUY, 10)
    rig.wait(SECOND)
    assert rig.hedger.state is HedgeState.PAUSED
    rig.touches[SECOND_VENUE] = rig.touches[MAKER]
    rig.wait(SECOND // 10)
    assert [slot for slot, *_ in orders(rig)] == [SECOND_VENUE]
    rig.deliver()
    assert rig.hedger.open == 0
    rig.touches[SECOND_VENUE] = None
    rig.now += SECOND
    rig.filled_maker(Side.BUY, 10)
    rig.wait(3 * SECOND)
    rig.deliver()
    assert rig.trader.switch.causes[Cause.HEDGE][0] is RiskState.HALT


def test_what_nobody_could_hedge_does_not_age_until_it_is_renewed():
    rig = HedgeRig(limit_ns=2 * SECOND)
    rig.filled_maker(Side.BUY, 10)
    rig.exchange.requests.clear()
    rig.hedger.suspend()
    rig.wait(5 * SECOND)
    assert rig.trader.switch.state is RiskState.ACTIVE
    rig.hedger.renew(rig.now)
    rig.wait(SECOND)
    assert rig.trader.switch.state is RiskState.ACTIVE
    rig.wait(2 * SECOND)
    assert rig.trader.switch.causes[Cause.HEDGE][0] is RiskState.HALT


def test_a_hedge_that_is_not_answered_halts_and_the_exposure_stays_shown():
    rig = HedgeRig(limit_ns=2 * SECOND)
    rig.filled_maker(Side.BUY, 10)
    rig.exchange.requests.clear()
    rig.wait(3 * SECOND)
    assert rig.trader.switch.state is RiskState.HALT
    assert rig.hedger.open == 10 * LOT
    assert rig.hedger.worst() == (10 * LOT, 0), "the lost hedge may still have sold all"


def test_an_exposure_that_changed_its_side_has_its_own_time_limit():
    rig = HedgeRig(limit_ns=2 * SECOND)
    buy = rig.maker.quote(Side.BUY, 10)
    sell = rig.maker.quote(Side.SELL, 30)
    rig.deliver()
    rig.exchange.liquidity = 0
    rig.exchange.fill(buy.id, 4)
    rig.deliver()
    rig.wait(10 * SECOND)
    rig.exchange.fill(sell.id, 30)
    rig.hear()
    rig.exchange.requests.clear()
    rig.wait(3 * SECOND)
    assert rig.hedger.open == -26 * LOT
    assert rig.trader.switch.state is RiskState.HALT


def test_a_resume_starts_a_new_time_limit():
    rig = HedgeRig(limit_ns=2 * SECOND)
    rig.filled_maker(Side.BUY, 10)
    rig.exchange.requests.clear()
    rig.wait(3 * SECOND)
    assert rig.trader.switch.state is RiskState.HALT
    rig.trader.switch.resume()
    assert rig.trader.switch.state is RiskState.ACTIVE
    rig.wait(3 * SECOND)
    assert rig.trader.switch.state is RiskState.HALT
    assert rig.hedger.open == 10 * LOT


def test_nothing_is_hedged_in_a_halt_and_hedging_begins_anew_after_it():
    rig = HedgeRig()
    rig.trader.halt(Cause.USER, "")
    rig.say(OrderEvent(OrderEventKind.ACCEPTED, 1))
    rig.trader.switch.resume()
    order = rig.maker.quote(Side.BUY, 10)
    rig.exchange.arrive()
    rig.exchange.fill(order.id, 10)
    rig.trader.halt(Cause.USER, "")
    rig.hear()
    assert (rig.hedger.open, rig.hedger.state) == (10 * LOT, HedgeState.HALTED)
    rig.trader.switch.resume()
    rig.deliver()
    assert (rig.hedger.open, rig.hedger.state) == (0, HedgeState.FLAT)


def test_makers_get_no_more_room_than_the_bound_leaves():
    rig = HedgeRig()
    assert rig.maker.quote(Side.BUY, 60) is not None
    assert rig.maker.quote(Side.BUY, 41) is None
    assert rig.maker.quote(Side.BUY, 40) is not None
    assert rig.hedger.worst() == (BOUND, 0)


def test_a_venue_that_fills_too_much_breaks_the_bound_and_halts():
    rig = HedgeRig()
    order = rig.maker.quote(Side.BUY, 100)
    rig.deliver()
    fill = OrderEvent(OrderEventKind.FILL, order.id, price=599_000, lots=150, trade_id="x")
    rig.say(fill)
    rig.trader.after(rig.now)
    assert rig.trader.violations == 1
    assert rig.trader.switch.state is RiskState.HALT


class HedgeChaos(Chaos):
    """Everything that can go wrong, one step after another, drawn by the test."""

    def __init__(self, data) -> None:
        super().__init__(data)
        self.rig = HedgeRig(limit_ns=3 * SECOND, grace_ns=self.draw(0, SECOND))

    def quote(self) -> None:
        self.rig.maker.quote(self.draw(*Side), self.number(6, 60))

    def cancel(self) -> None:
        self.rig.trader.store.cancel_all(MAKER)

    def replace(self) -> None:
        if makers := self.rig.trader.store.of_slot(MAKER):
            order, lots = self.draw(*makers), self.number(6, 60)
            if self.rig.hedger.room(order.side) >= lots * LOT:
                self.rig.trader.amend(order, order.price, lots)

    def fill(self) -> None:
        exchange = self.rig.exchange
        makers = [one for one, (slot, _) in exchange.sides.items() if slot == MAKER]
        if makers := [one for one in makers if one in exchange.held]:
            exchange.fill(self.draw(*makers), self.number(1, 60))

    def wait(self) -> None:
        self.rig.wait(self.draw(SECOND // 100, SECOND // 2, 2 * SECOND))

    def venue(self) -> None:
        touches, slot = self.rig.touches, self.draw(FIRST, SECOND_VENUE)
        touches[slot] = None if touches[slot] else touches[MAKER]
        self.rig.trader.on_quote(slot, self.rig.now)

    def step(self) -> None:
        often = [self.quote, self.fill, self.arrive, self.hear]
        seldom = [self.cancel, self.replace, self.wait, self.venue, self.liquidity]
        rare = [self.refuse, self.disconnect, self.halt, self.resume]
        self.draw(*often, *often, *often, *seldom, *seldom, *rare)()


@settings(max_examples=examples(3))
@given(st.data())
def test_no_interleaving_passes_the_bound_or_loses_sight_of_a_fill(data):
    chaos = HedgeChaos(data)
    rig = chaos.rig
    for _ in range(data.draw(st.integers(10, 60))):
        chaos.step()
        assert rig.hedger.violation() == ""
        assert abs(rig.true_open) <= BOUND, "the truth exceeds the bound"
        if rig.trader.switch.state is RiskState.HALT:
            assert rig.maker.quote(Side.BUY, 10) is None
    rig.trader.halt(Cause.USER, "")
    rig.exchange.refuses = False
    for _ in range(12):
        rig.deliver()
        rig.wait(600 * SECOND)
    rig.deliver()
    assert not rig.trader.store.open
    assert rig.hedger.open == rig.true_open


def test_flattening_waits_for_the_makers_to_be_gone():
    rig = HedgeRig(grace_ns=0)
    rig.maker.quote(Side.BUY, 10)
    rig.deliver()
    rig.touches[FIRST] = rig.touches[SECOND_VENUE] = None
    rig.now += SECOND
    rig.filled_maker(Side.BUY, 20)
    assert rig.hedger.state is HedgeState.FLATTENING
    assert [purpose for *_, purpose in orders(rig)] == [Purpose.QUOTE]
    rig.deliver()
    assert (rig.hedger.open, rig.hedger.state) == (0, HedgeState.HALTED)


def test_a_flattening_that_is_refused_still_halts():
    rig = HedgeRig(grace_ns=0)
    rig.touches = dict.fromkeys(range(3))
    rig.now += SECOND
    order = rig.trader.store.place(MAKER, Side.BUY, 599_000, 10, Purpose.QUOTE, "maker")
    rig.deliver()
    rig.exchange.fill(order.id, 10)
    rig.deliver()
    assert rig.hedger.state is HedgeState.HALTED
    assert rig.hedger.open == 10 * LOT
    assert rig.trader.last_refusal is RiskReason.OK


def test_a_hedge_that_waits_keeps_its_room_from_the_makers():
    rig = HedgeRig()
    rig.maker.quote(Side.SELL, 10)
    rig.exchange.arrive()
    rig.touches[FIRST] = rig.touches[SECOND_VENUE] = None
    rig.exchange.fill(1, 10)
    rig.hear()
    assert (rig.hedger.open, rig.hedger.state) == (-10 * LOT, HedgeState.PAUSED)
    assert rig.hedger.room(Side.BUY) == BOUND
    assert rig.maker.quote(Side.BUY, 100) is not None
    assert rig.hedger.room(Side.BUY) == 0
    rig.touches[FIRST] = rig.touches[MAKER]
    rig.wait(SECOND // 2)
    assert rig.hedger.state is HedgeState.SENT
    assert rig.hedger.violation() == ""
