"""What a venue says against what we hold: nothing is adjusted by guessing."""

from decimal import Decimal

import pytest

from arb.orders.order import End, OrderState, Purpose
from arb.reconcile import ROUND_NS
from arb.risk.reason import Cause, RiskState
from market.amount import amount_of
from market.inputs import InputKind
from market.order import Tif
from tests.live_world import PREFIX, SECOND, LiveRun

REST = {"price": 1_000_000, "lots": 100_000, "purpose": Purpose.MANUAL, "tif": Tif.GTC}


@pytest.fixture
def run():
    return LiveRun().begin()


def test_checks_come_periodically_and_agree_while_nothing_is_lost(run):
    run.wait(35 * SECOND)
    assert run.check.checks >= 3
    assert run.check.differences == {}
    assert run.check.undecided == run.check.unanswered == 0


def test_an_order_that_the_venue_does_not_list_is_asked_about_and_resolved(run):
    order = run.send(**REST)
    run.settle()
    run.venue.deaf = True
    run.venue._cancel({"origClientOrderId": f"{PREFIX}-1"})
    run.venue.deaf = False
    assert order.state is OrderState.LIVE
    run.wait(11 * SECOND)
    assert run.check.asked == 1
    assert order.end is End.CANCELED


def test_a_fill_that_was_never_told_is_found_by_the_size_that_the_venue_lists(run):
    order = run.send(**REST)
    run.settle()
    run.venue.deaf = True
    run.venue.cross(f"{PREFIX}-1", "0.5")
    run.venue.deaf = False
    run.wait(13 * SECOND)
    assert order.filled == 50_000
    assert run.check.differences == {}
    assert run.trader.switch.causes == {}


def test_an_order_of_our_prefix_that_we_do_not_know_is_cancelled_and_others_are_left(run):
    run.venue.rest(f"{PREFIX}-77")
    run.venue.rest("somebody-1")
    run.wait(11 * SECOND)
    assert run.told("stray") == [("binance", 77, "1")]
    assert [one["clientOrderId"] for one in run.venue._open({})] == ["somebody-1"]
    assert run.check.foreign == 1


def test_a_difference_is_told_at_once_and_halts_at_the_second_check(run):
    run.venue.balances["USDT"] -= Decimal("0.00000001")
    run.wait(13 * SECOND)
    assert run.told("difference") == [("binance", "USDT", "-0.00000001")]
    assert run.trader.switch.state is RiskState.ACTIVE
    run.wait(4 * SECOND)
    assert run.trader.switch.state is RiskState.HALT
    assert run.trader.switch.causes[Cause.RECONCILIATION][1] == (
        "binance has -0.00000001 USDT more than we"
    )
    assert len(run.told("difference")) == 1


def test_a_difference_that_is_gone_at_the_next_check_halts_nothing(run):
    run.venue.balances["BTC"] += 1
    run.wait(13 * SECOND)
    assert run.check.differences == {"BTC": amount_of("1")}
    run.venue.balances["BTC"] -= 1
    run.wait(5 * SECOND)
    assert run.told("agrees") == [("binance", "BTC")]
    assert run.trader.switch.causes == {}


def test_resuming_after_a_difference_takes_the_venues_word_and_only_then(run):
    run.venue.balances["BNB"] = Decimal(3)
    run.wait(18 * SECOND)
    assert run.trader.switch.state is RiskState.HALT
    before = run.trader.portfolio.balance("binance", "BNB")
    run.tell(run.node.now, InputKind.COMMAND, "user", b"user", "resume")
    assert run.trader.portfolio.balance("binance", "BNB") == before == 0
    run.tell(run.node.now, InputKind.COMMAND, "user", b"reconciliation", "resume")
    assert run.trader.portfolio.balance("binance", "BNB") == amount_of("3")
    assert run.told("adjusted") == [("binance", "BNB", "3")]
    run.wait(25 * SECOND)
    assert run.trader.switch.state is RiskState.ACTIVE


def test_a_fill_on_its_way_explains_a_balance_whichever_comes_first(run):
    order = run.send(**REST)
    run.settle()
    run.wait(9 * SECOND)
    number = run.check._number
    while run.check._number == number:
        run.tell(run.node.now + SECOND // 4, InputKind.TIMER, "timer")
    frames, run.venue.frames = run.venue.frames, []
    run.venue.cross(f"{PREFIX}-1", "0.5")
    run.venue.take(run.asked("account.status")[-1])
    late_fill, balances = run.venue.frames
    run.venue.frames = []
    run.report(frames[0])
    run.report(balances)
    run.report(late_fill)
    run.wait(2 * SECOND)
    assert run.check.differences == {}
    assert order.filled == 50_000


def test_while_an_answer_is_due_a_check_decides_nothing(run):
    run.venue.lost = lambda request: request.method in ("order.place", "order.status")
    run.send(lots=100)
    run.venue.balances["BTC"] += Decimal("0.001")
    checks = run.check.checks
    run.wait(20 * SECOND)
    assert run.check.undecided > 2
    assert run.check.checks == checks
    assert run.trader.switch.causes == {}


def test_a_check_without_an_answer_is_begun_anew(run):
    run.wait(2 * SECOND)
    run.venue.lost = lambda request: True
    run.wait(10 * SECOND + ROUND_NS + 2 * SECOND)
    assert run.check.unanswered == 1
    run.venue.lost = lambda request: False
    run.wait(ROUND_NS + 2 * SECOND)
    assert run.check.differences == {}


def test_an_answer_to_an_older_check_is_not_taken_for_this_one(run):
    stale = run.asked("account.status")[0]
    run.wait(13 * SECOND)
    run.venue.balances["USDT"] += 5
    run.venue.take(stale)
    run.venue.balances["USDT"] -= 5
    run.wait(15 * SECOND)
    assert run.check.checks == 3
    assert run.told("difference") == []


def test_an_order_for_which_nobody_asks_any_more_is_asked_about_at_the_next_check(run):
    run.venue.lost = lambda request: request.method in ("order.place", "order.status")
    order = run.send(lots=100)
    run.wait(300 * SECOND)
    assert run.trader.store.totals.unresolved > 0
    assert order.state is OrderState.LOST
    run.venue.lost = lambda request: False
    run.wait(150 * SECOND)
    assert order.end is End.NEVER_ARRIVED


def test_what_was_missed_hastens_the_next_check(run):
    run.wait(3 * SECOND)
    before = len(run.asked("account.status"))
    run.check.hasten(run.node.now)
    run.wait(SECOND)
    assert len(run.asked("account.status")) == before + 1
    run.check.hasten(run.node.now)
    run.wait(SECOND // 2)
    assert len(run.asked("account.status")) == before + 1, "not more often than each two seconds"
    run.wait(2 * SECOND)
    assert len(run.asked("account.status")) == before + 2


def test_fills_that_were_booked_in_another_order_than_the_venues_are_no_difference(run):
    run.wait(3 * SECOND)
    run.venue.deaf = True
    run.send(lots=300)
    run.venue.deaf = False
    run.check.hasten(run.node.now)
    run.wait(SECOND // 4)
    run.send(lots=200)
    run.settle()
    run.wait(4 * SECOND)
    assert run.told("difference") == []
    assert run.check.undecided > 0
    run.wait(4 * SECOND)
    assert run.check.differences == {}
    assert run.trader.store.totals.fills == 2
