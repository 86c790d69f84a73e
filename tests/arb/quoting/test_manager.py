"""Resting quotes are amended only when it pays, and cancelled whenever they are a risk."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb.orders.order import OrderState, Purpose
from arb.quoting.care import Care, Wanted
from arb.quoting.manager import Manager
from arb.quoting.plain_manager import PlainManager
from arb.risk.desk import Ticket
from market.grid import Grid
from market.instrument import Instrument
from market.order import Side
from tests.arb.rig import SECOND
from tests.arb.strategy.rig import BookRig
from tests.effort import examples

BTC = Instrument("binance", "BTCUSDT", "BTC", "USDT", Grid(1), Grid(3))
MS = 1_000_000
FREE = Care(hysteresis=1, life_ns=0, queue_ticks=0, queue_ns=0, changes_per_second=0)
BUY, SELL = Side


class Kind:
    """Which of the twins is tested."""

    manager = Manager


@pytest.fixture(autouse=True, params=[Manager, PlainManager])
def _twin(request, monkeypatch):
    """Everything holds for the compiled manager and for its plain twin."""
    monkeypatch.setattr(Kind, "manager", request.param)


def desk(care: Care = FREE) -> tuple[BookRig, Manager]:
    rig = BookRig(BTC)
    rig.put(0, [(1_000, 50)], [(1_100, 50)])
    return rig, Kind.manager(rig.trader, 0, "s", care)


def want(rig: BookRig, manager: Manager, *rows: tuple[Side, int, int]) -> bool:
    settled = manager.want([Wanted(*row) for row in rows], rig.now)
    rig.deliver()
    return settled


def resting(rig: BookRig) -> list[tuple[Side, int, int]]:
    return [(one.side, one.price, one.open_lots) for one in rig.trader.store.open.values()]


def pass_time(rig: BookRig, delay: int) -> None:
    rig.now += delay
    rig.trader.now = rig.trader.store.now = rig.now


def test_what_is_wanted_is_placed_post_only_and_then_left_alone():
    rig, manager = desk()
    assert not want(rig, manager, (BUY, 990, 5), (SELL, 1_110, 6))
    assert resting(rig) == [(BUY, 990, 5), (SELL, 1_110, 6)]
    assert all(one.post_only and one.purpose is Purpose.QUOTE for one in rig.sent)
    assert want(rig, manager, (BUY, 990, 5), (SELL, 1_110, 6))
    assert len(rig.sent) == 2


def test_an_error_within_the_hysteresis_is_left_alone():
    rig, manager = desk(Care(hysteresis=3, life_ns=0, queue_ticks=0, changes_per_second=0))
    want(rig, manager, (BUY, 990, 5))
    for price in (987, 993):
        assert not want(rig, manager, (BUY, price, 5))
        assert resting(rig) == [(BUY, 990, 5)]
    want(rig, manager, (BUY, 986, 5))
    assert resting(rig) == [(BUY, 986, 5)]


@pytest.mark.parametrize(("side", "calmer", "bolder"), [(BUY, -10, 10), (SELL, 10, -10)])
def test_a_quote_that_is_a_risk_moves_at_once_and_a_passive_one_lives_first(side, calmer, bolder):
    rig, manager = desk(Care(hysteresis=1, life_ns=200 * MS, queue_ticks=0))
    want(rig, manager, (side, 1_050, 5))
    want(rig, manager, (side, 1_050 + bolder, 5))
    assert resting(rig) == [(side, 1_050, 5)], "too young for a better place"
    want(rig, manager, (side, 1_050 + calmer, 5))
    assert resting(rig) == [(side, 1_050 + calmer, 5)]
    pass_time(rig, 200 * MS)
    want(rig, manager, (side, 1_050, 5))
    assert resting(rig) == [(side, 1_050, 5)]


def test_a_place_in_the_queue_is_worth_more_ticks_the_longer_it_was_held():
    care = Care(hysteresis=1, life_ns=0, queue_ticks=4, queue_ns=4 * SECOND, changes_per_second=0)
    rig, manager = desk(care)
    want(rig, manager, (BUY, 990, 5))
    pass_time(rig, 2 * SECOND)
    want(rig, manager, (BUY, 993, 5))
    assert resting(rig) == [(BUY, 990, 5)], "three ticks are not above one and half of four"
    want(rig, manager, (BUY, 994, 5))
    assert resting(rig) == [(BUY, 994, 5)]
    rig, manager = desk(care)
    want(rig, manager, (BUY, 990, 5))
    pass_time(rig, 60 * SECOND)
    want(rig, manager, (BUY, 995, 5))
    assert resting(rig) == [(BUY, 990, 5)]
    want(rig, manager, (BUY, 996, 5))
    assert resting(rig) == [(BUY, 996, 5)], "it never grows beyond its ticks"


def test_a_size_is_amended_only_when_it_is_off_by_more_than_its_part():
    rig, manager = desk(Care(life_ns=0, size_permille=200, changes_per_second=0))
    want(rig, manager, (BUY, 990, 100))
    want(rig, manager, (BUY, 990, 120))
    assert resting(rig) == [(BUY, 990, 100)]
    want(rig, manager, (BUY, 990, 130))
    assert resting(rig) == [(BUY, 990, 130)]
    assert len(rig.sent) == 1, "amended, not placed anew"


def test_an_amended_order_keeps_what_was_filled_beside_the_wanted_size():
    rig, manager = desk()
    want(rig, manager, (BUY, 990, 10))
    rig.exchange.fill(rig.sent[0].id, 4)
    rig.hear()
    want(rig, manager, (BUY, 980, 10))
    (order,) = rig.trader.store.open.values()
    assert (order.lots, order.filled, order.open_lots) == (14, 4, 10)


def test_an_amend_that_is_refused_or_impossible_becomes_a_cancel():
    rig, manager = desk()
    rig.exchange.replaces = False
    want(rig, manager, (BUY, 990, 10))
    want(rig, manager, (BUY, 980, 10))
    assert resting(rig) == []
    want(rig, manager, (BUY, 980, 10))
    assert resting(rig) == [(BUY, 980, 10)]


def test_the_budget_bounds_changes_but_never_a_cancel():
    rig, manager = desk(Care(hysteresis=0, life_ns=0, queue_ticks=0, changes_per_second=2))
    want(rig, manager, (BUY, 990, 10), (SELL, 1_110, 10))
    want(rig, manager, (BUY, 995, 10), (SELL, 1_110, 10))
    assert (BUY, 990, 10) in resting(rig), "a better place waits for the budget"
    want(rig, manager, (BUY, 980, 10), (SELL, 1_110, 10))
    assert resting(rig) == [(SELL, 1_110, 10)], "a risk is cancelled instead"
    assert manager.starved == 2
    want(rig, manager)
    assert resting(rig) == []
    pass_time(rig, SECOND // 2)
    want(rig, manager, (BUY, 980, 10), (SELL, 1_110, 10))
    assert resting(rig) == [(BUY, 980, 10)], "half a second brings one change back"


def test_layers_keep_their_places_and_surplus_ones_go():
    rig, manager = desk()
    want(rig, manager, (BUY, 980, 5), (BUY, 990, 5), (BUY, 970, 5))
    ids = {one.price: one.id for one in rig.sent}
    assert [one.price for one in manager.resting(BUY)] == [990, 980, 970]
    want(rig, manager, (BUY, 970, 5), (BUY, 980, 5), (BUY, 990, 5))
    assert {one.price: one.id for one in rig.trader.store.open.values()} == ids
    want(rig, manager, (BUY, 990, 5))
    assert resting(rig) == [(BUY, 990, 5)], "the least aggressive go"


def test_an_order_on_its_way_is_not_amended_and_not_settled():
    rig, manager = desk()
    manager.want([Wanted(BUY, 990, 5)], rig.now)
    assert not manager.want([Wanted(BUY, 980, 5)], rig.now)
    assert [one.state for one in rig.sent] == [OrderState.SENT]
    rig.deliver()
    assert not want(rig, manager, (BUY, 980, 5))
    assert want(rig, manager, (BUY, 980, 5))


def test_pulling_cancels_the_own_quotes_and_nobody_elses():
    rig, manager = desk()
    rig.trader.send(Ticket(0, BUY, 900, 5, Purpose.QUOTE, "other"))
    rig.trader.send(Ticket(0, BUY, 901, 5, Purpose.SCHEDULE, "s"))
    want(rig, manager, (BUY, 990, 5), (SELL, 1_110, 6))
    manager.pull()
    rig.deliver()
    assert resting(rig) == [(BUY, 900, 5), (BUY, 901, 5)]


rows = st.lists(
    st.tuples(st.just(BUY), st.integers(900, 1_049), st.integers(1, 30))
    | st.tuples(st.just(SELL), st.integers(1_051, 1_200), st.integers(1, 30)),
    max_size=5,
    unique_by=lambda row: row[:2],
)


@settings(max_examples=examples(0.6))
@given(st.lists(rows, min_size=1, max_size=6))
def test_without_care_for_queues_a_wish_repeated_comes_true_exactly(wishes):
    rig, manager = desk(Care(0, 0, 0, 0, size_permille=0, changes_per_second=0))
    for wish in wishes:
        want(rig, manager, *wish)
        pass_time(rig, SECOND)
        for _ in range(2):
            settled = want(rig, manager, *wish)
        assert settled
        assert sorted(resting(rig)) == sorted(wish)
