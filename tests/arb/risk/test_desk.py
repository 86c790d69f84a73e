"""Every refusal has its number, and each check refuses exactly what it is there for."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arb.orders.order import Purpose
from arb.orders.store import OrderStore
from arb.portfolio.portfolio import Portfolio
from arb.risk.desk import RiskDesk, Ticket
from arb.risk.limits import RiskLimits
from arb.risk.plain_desk import PlainRiskDesk
from arb.risk.reason import Cause, RiskReason, RiskState
from arb.risk.switch import RiskSwitch
from market.amount import amount_of
from market.fees import PPB, Fees
from market.grid import Grid
from market.instrument import Instrument, Kind
from market.order import OrderEvent, OrderEventKind, Side
from tests.arb.orders.venue import Venue

SPOT = Instrument(
    "binance",
    "BTCUSDT",
    "BTC",
    "USDT",
    Grid(2),
    Grid(5),
    tick="0.01",
    lot="0.0001",
    min_size="0.0002",
    max_size="5",
    min_notional="10",
)
PERP = Instrument("binance-usdm", "BTCUSDT", "BTC", "USDT", Grid(1), Grid(3), Kind.PERPETUAL)
FEES = Fees(1_000_000, 1_000_000)
BID, ASK = 6_000_000, 6_000_100


@pytest.fixture(autouse=True, params=[RiskDesk, PlainRiskDesk])
def _twin(request, monkeypatch):
    """Everything holds for the compiled desk and for its plain twin."""
    monkeypatch.setattr(Rig, "kind", request.param)


class Rig:
    """A desk over one instrument with a touch, a rate and balances that the test sets."""

    kind: type = RiskDesk

    def __init__(self, instrument: Instrument = SPOT, **limits: int) -> None:
        self.touch: tuple[int, int] | None = (BID, ASK)
        self.rate = PPB
        self.store = OrderStore(lambda _: Venue(), lambda *_: None)
        self.portfolio = Portfolio(lambda _: BID + ASK)
        self.portfolio.watch(0, instrument)
        self.switch = RiskSwitch()
        limits.setdefault("volume_permille", 0)
        self.desk = self.kind(
            RiskLimits(**limits),
            self.switch,
            self.store,
            self.portfolio,
            lambda _slot, _now: _sized(self.touch),
            lambda _: self.rate,
        )
        assert self.desk.watch(0, instrument, FEES)
        for asset, amount in (("USDT", "1000000"), ("BTC", "100")):
            self.portfolio.deposit(instrument.venue, asset, amount_of(amount))

    def check(self, side=Side.BUY, price=BID, lots=100, purpose=Purpose.QUOTE, now=0):
        return self.desk.check(Ticket(0, side, price, lots, purpose, "t"), now)

    def open(self, side=Side.BUY, price=BID, lots=100):
        order = self.store.place(0, side, price, lots, Purpose.QUOTE, "t")
        self.store.take(OrderEvent(OrderEventKind.ACCEPTED, order.id))
        return order


def _sized(touch):
    """Return a touch with lots where there is a price."""
    return touch and (touch[0], int(touch[0] > 0), touch[1], int(touch[1] > 0))


def test_a_good_order_passes_and_is_counted():
    rig = Rig()
    assert rig.check() is RiskReason.OK
    assert rig.desk.refusals[RiskReason.OK] == 1


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"lots": 105}, RiskReason.OFF_LOT),
        ({"lots": 0}, RiskReason.OFF_LOT),
        ({"price": 0}, RiskReason.OFF_TICK),
        ({"lots": 10}, RiskReason.BELOW_MINIMUM),
        ({"lots": 20, "price": 4_000_000}, RiskReason.BELOW_MINIMUM),
        ({"lots": 600_000}, RiskReason.ABOVE_MAXIMUM),
        ({"lots": 20_000}, RiskReason.NOTIONAL_MAX),
        ({"price": ASK * 1011 // 1000}, RiskReason.PRICE_COLLAR),
        ({"price": BID * 989 // 1000, "side": Side.SELL}, RiskReason.PRICE_COLLAR),
    ],
)
def test_venue_rules_size_and_collar(changed, reason):
    assert Rig().check(**changed) is reason


def test_an_instrument_that_is_not_traded_is_refused():
    rig = Rig()
    assert rig.desk.check(Ticket(9, Side.BUY, 1, 1, Purpose.QUOTE, "t"), 0) is RiskReason.NOT_TRADED


def test_a_quote_that_may_not_be_used_stops_quotes_but_not_hedges():
    rig = Rig()
    rig.touch = None
    assert rig.check() is RiskReason.GRADE
    assert rig.check(purpose=Purpose.HEDGE) is RiskReason.OK


def test_one_sided_books_have_no_price_where_both_are_missing():
    rig = Rig()
    rig.touch = (0, 0)
    assert rig.check() is RiskReason.NO_PRICE


def test_without_a_conversion_rate_nothing_can_be_bounded():
    rig = Rig()
    rig.rate = 0
    assert rig.check() is RiskReason.NO_CONVERSION


def test_what_is_open_counts_against_exposure_and_position():
    rig = Rig(exposure_max=100, notional_max=0)
    assert rig.check() is RiskReason.OK
    rig.open()
    assert rig.check() is RiskReason.EXPOSURE_MAX
    assert rig.check(side=Side.SELL, price=ASK) is RiskReason.OK
    rig = Rig(position_max=100, exposure_max=0)
    rig.open()
    assert rig.check() is RiskReason.POSITION_MAX


def test_a_replace_counts_the_order_that_it_stands_for_once():
    rig = Rig(exposure_max=100)
    order = rig.open()
    ticket = Ticket(0, Side.BUY, BID - 100, 100, Purpose.QUOTE, "t")
    assert rig.desk.check(ticket, 0) is RiskReason.EXPOSURE_MAX
    assert rig.desk.check(ticket, 0, order) is RiskReason.OK


def test_the_aggregate_counts_all_open_orders():
    rig = Rig(aggregate_max=150)
    rig.open()
    rig.open(Side.SELL, ASK)
    assert rig.check() is RiskReason.AGGREGATE_MAX


def test_no_more_orders_are_open_than_allowed():
    rig = Rig(open_orders_max=1)
    rig.open()
    assert rig.check() is RiskReason.OPEN_ORDERS


def test_an_order_that_would_meet_one_of_ours_is_refused():
    rig = Rig()
    rig.open(Side.SELL, ASK)
    assert rig.check(price=ASK) is RiskReason.SELF_TRADE
    assert rig.check(price=ASK - 100) is RiskReason.OK


def test_the_balance_covers_what_is_open_and_the_fee():
    rig = Rig()
    rig.portfolio.deposit("binance", "USDT", amount_of("-999880"))
    assert rig.check() is RiskReason.OK
    rig.open()
    assert rig.check() is RiskReason.CREDIT
    rig.portfolio.deposit("binance", "BTC", amount_of("-100"))
    assert rig.check(side=Side.SELL, price=ASK) is RiskReason.CREDIT


def test_a_perpetual_needs_margin_instead_of_the_asset():
    rig = Rig(PERP)
    rig.touch = (600_000, 600_010)
    rig.portfolio.deposit("binance-usdm", "USDT", amount_of("-999990"))
    assert rig.check(price=600_000, lots=1) is RiskReason.OK
    assert rig.check(price=600_000, lots=2) is RiskReason.CREDIT


def test_orders_are_paced_and_hedges_are_not():
    rig = Rig(orders_per_second=2)
    assert [rig.check() for _ in range(3)] == [
        RiskReason.OK,
        RiskReason.OK,
        RiskReason.ORDER_RATE,
    ]
    assert rig.check(purpose=Purpose.HEDGE) is RiskReason.OK
    assert rig.check(now=1_000_000_000) is RiskReason.OK


def test_much_of_the_recent_volume_waits_for_a_person():
    rig = Rig(volume_permille=500)
    assert rig.check(purpose=Purpose.MANUAL) is RiskReason.HELD
    assert rig.check(purpose=Purpose.TAKE) is RiskReason.OK
    rig.desk.lines[0].hear_trade(150, 0)
    assert rig.check(purpose=Purpose.TAKE) is RiskReason.HELD
    rig.desk.lines[0].hear_trade(50, 10)
    assert rig.check(purpose=Purpose.TAKE) is RiskReason.OK
    assert rig.check(purpose=Purpose.MANUAL, now=61_000_000_000) is RiskReason.HELD


def test_the_risk_state_lets_through_less_and_less():
    rig = Rig()
    rig.switch.trip(Cause.PRICE_JUMP, RiskState.REDUCE, "x")
    assert rig.check() is RiskReason.REDUCE_ONLY
    assert rig.check(side=Side.SELL, price=ASK) is RiskReason.REDUCE_ONLY, "nothing to reduce"
    assert rig.check(purpose=Purpose.HEDGE) is RiskReason.OK
    rig.switch.trip(Cause.USER, RiskState.HALT, "x")
    assert rig.check(purpose=Purpose.HEDGE) is RiskReason.HALTED
    assert rig.check(purpose=Purpose.FLATTEN) is RiskReason.OK


def test_causes_are_lifted_one_by_one_and_only_on_purpose():
    switch = RiskSwitch()
    heard = []
    switch.on_change = lambda state, cause, _: heard.append((state, cause))
    assert switch.trip(Cause.LOSS, RiskState.HALT, "")
    assert not switch.trip(Cause.LOSS, RiskState.REDUCE, "")
    assert switch.trip(Cause.DATA_QUALITY, RiskState.REDUCE, "")
    assert switch.resume(Cause.LOSS)
    assert switch.state is RiskState.REDUCE
    assert not switch.resume(Cause.LOSS)
    assert switch.resume()
    assert switch.state is RiskState.ACTIVE
    assert heard == [
        (RiskState.HALT, Cause.LOSS),
        (RiskState.REDUCE, Cause.LOSS),
        (RiskState.ACTIVE, Cause.DATA_QUALITY),
    ]


def test_finer_grids_keep_the_volume_and_the_rules():
    rig = Rig(volume_permille=500)
    rig.desk.lines[0].hear_trade(150, 0)
    finer = SPOT.with_grids(Grid(3), Grid(6))
    assert rig.desk.watch(0, finer, FEES)
    line = rig.desk.lines[0]
    assert (line.tick, line.lot, line.lots_min, line.traded) == (10, 100, 200, 1500)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    side=st.sampled_from(Side),
    price=st.integers(BID - 300, ASK + 300),
    lots=st.integers(-100, 700_000),
    purpose=st.sampled_from(Purpose),
    resting=st.lists(st.tuples(st.sampled_from(Side), st.integers(BID - 50, ASK + 50)), max_size=4),
    touch=st.sampled_from([None, (BID, ASK), (BID, 0), (0, ASK), (0, 0)]),
    state=st.sampled_from(RiskState),
    replaces=st.booleans(),
    limits=st.fixed_dictionaries(
        {},
        optional={
            "position_max": st.integers(0, 20_000),
            "aggregate_max": st.integers(0, 20_000),
            "exposure_max": st.integers(0, 20_000),
            "notional_max": st.integers(0, 20_000),
            "open_orders_max": st.integers(0, 3),
            "collar_ppb": st.integers(0, 100_000),
            "volume_permille": st.integers(0, 1000),
        },
    ),
    instrument=st.sampled_from([SPOT, PERP]),
)
def test_both_twins_give_the_same_reason(
    side, price, lots, purpose, resting, touch, state, replaces, limits, instrument
):
    reasons = []
    for kind in (RiskDesk, PlainRiskDesk):
        rig = Rig.__new__(Rig)
        rig.kind = kind
        rig.__init__(instrument, **limits)
        orders = [rig.open(*one) for one in resting]
        rig.touch = touch
        rig.desk.lines[0].hear_trade(150, 0)
        rig.switch.trip(Cause.USER, state, "")
        ticket = Ticket(0, side, price, lots, purpose, "t")
        replaced = orders[0] if orders and replaces else None
        reasons.append([rig.desk.check(ticket, now, replaced) for now in (0, 1)])
        reasons[-1].append(rig.desk.aggregate(0))
        reasons[-1].append(dict(rig.desk.refusals))
    assert reasons[0] == reasons[1]
