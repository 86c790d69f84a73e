"""The world whose orders go over the wire: when they may go, and what is never lost."""

import pytest

import checkpoint
from arb.orders.order import End, OrderState, Purpose
from arb.risk.reason import Cause, RiskReason, RiskState
from arb.strategy.spec import StrategySpec
from market.amount import amount_of
from market.effects import EffectKind
from market.inputs import NO_ANSWER, NOT_SENT, InputKind
from market.order import Side, Tif
from tests.live_world import PREFIX, SECOND, FakeBinance, LiveRun, live_node
from tests.recorded_world import feed

QUOTE = {"purpose": Purpose.MANUAL, "tif": Tif.GTC}


@pytest.fixture
def run():
    return LiveRun().begin()


def test_a_channel_takes_orders_once_it_is_subscribed_and_checked():
    run = LiveRun()
    assert run.send() is None
    assert run.trader.last_refusal is RiskReason.VENUE_CLOSED
    run.begin()
    assert run.channel.ready
    assert [one.method for one in run.venue.asked] == [
        "userDataStream.subscribe.signature", "openOrders.status", "account.status",
    ]  # fmt: skip
    order = run.send()
    assert order.state is OrderState.SENT
    run.settle()
    assert (order.end, order.filled) == (End.FILLED, 1000)


def test_the_world_begins_with_what_the_venue_says_it_has(run):
    assert run.trader.portfolio.balances == {
        ("binance", "BTC"): amount_of("2"), ("binance", "USDT"): amount_of("200000"),
    }  # fmt: skip
    assert {row[:2] for row in run.told("opening")} == {("binance", "BTC"), ("binance", "USDT")}


def test_an_order_leaves_as_an_unsigned_request_with_an_id_of_the_run(run):
    run.send(lots=1234)
    effect = run.requests()[-1]
    assert (effect.target, effect.subject) == ("binance", "place1")
    assert f"newClientOrderId={PREFIX}-1" in effect.fields[2]
    assert "quantity=0.01234" in effect.fields[2]
    assert not any(word in str(run.requests()) for word in ("apiKey", "signature=", "timestamp"))


def test_fills_that_are_told_twice_count_once(run):
    order = run.send(lots=500)
    run.settle()
    assert run.trader.store.totals.duplicates == 1
    assert run.trader.store.totals.fills == 1
    held = run.trader.portfolio.balance("binance", "BTC")
    assert held == amount_of("2.005") == amount_of(str(run.venue.balances["BTC"]))
    assert order.end is End.FILLED


def test_while_the_channel_is_closed_nothing_new_goes_quotes_are_cancelled_and_risk_is_told(run):
    quote = run.send(price=1_000_000, lots=1000, purpose=Purpose.QUOTE, tif=Tif.GTC)
    run.settle()
    assert quote.state is OrderState.LIVE
    run.close("lost: nobody knows")
    assert quote.cancel_wanted
    state, detail = run.trader.switch.causes[Cause.CONNECTION]
    assert (state, detail) == (
        RiskState.REDUCE, "binance: the order channel is closed: lost: nobody knows",
    )  # fmt: skip
    assert run.send() is None
    assert run.trader.last_refusal is RiskReason.VENUE_CLOSED
    asked = len(run.venue.asked)
    run.wait(3 * SECOND)
    assert len(run.venue.asked) == asked
    assert run.channel.kept_back > 0


def test_after_a_reconnect_what_was_unsettled_is_asked_about_and_risk_is_lifted(run):
    quote = run.send(price=1_000_000, lots=1000, purpose=Purpose.QUOTE, tif=Tif.GTC)
    run.settle()
    run.venue.deaf = True
    taken = run.send(lots=700)
    run.close()
    run.wait(SECOND)
    run.venue.deaf = False
    run.open()
    run.settle()
    assert (taken.end, taken.filled) == (End.FILLED, 700)
    run.settle()
    assert quote.end is End.CANCELED
    assert run.channel.ready
    assert Cause.CONNECTION not in run.trader.switch.causes
    assert run.send() is not None


def test_a_request_that_never_left_is_no_order_and_one_without_an_answer_is_asked_about(run):
    run.venue.lost = lambda request: True
    first, second = run.send(lots=100), run.send(lots=200)
    run.report(b"queue full", "place1", NOT_SENT, "binance.orders")
    assert first.end is End.REJECTED
    assert first.reason == "not sent: queue full"
    run.report(b"timeout", "place2", NO_ANSWER, "binance.orders")
    assert second.state is OrderState.SENT
    run.venue.lost = lambda request: False
    run.wait(9 * SECOND)
    assert second.end is End.NEVER_ARRIVED
    assert run.trader.store.exposed(second.slot) == (0, 0)


def test_a_cancel_that_never_left_is_tried_again_after_a_question(run):
    order = run.send(price=1_000_000, lots=1000, **QUOTE)
    run.settle()
    run.venue.lost = lambda request: request.method == "order.cancel"
    run.tell(run.node.now, InputKind.COMMAND, "user", b"", "cancel-all")
    run.venue.lost = lambda request: False
    run.report(b"no room", "cancel1", NOT_SENT, "binance.orders")
    run.settle()
    assert order.end is End.CANCELED


def test_a_stream_that_is_not_subscribed_to_is_opened_anew():
    run = LiveRun()
    run.venue.refuse_stream = True
    run.begin()
    assert [one.target for one in run.effects if one.kind is EffectKind.RECONNECT] == [
        "binance.orders#1"
    ]
    run.close()
    run.venue.refuse_stream = False
    run.venue.deaf = True
    run.open()
    run.wait(6 * SECOND)
    wanted = [one for one in run.effects if one.kind is EffectKind.RECONNECT]
    assert (wanted[-1].target, wanted[-1].subject) == (
        "binance.orders#2", "no answer to the subscription",
    )  # fmt: skip
    run.close()
    run.venue.deaf = False
    run.open()
    assert run.channel.ready


def test_the_close_of_a_stream_that_another_stands_in_for_changes_nothing(run):
    run.open()
    assert run.channel.ready
    run.tell(run.node.now, InputKind.CLOSE, "binance.orders#1", note="rollover")
    assert run.channel.ready
    assert run.trader.switch.causes == {}


def test_quotes_leave_a_part_of_the_venues_pace_to_hedges(run):
    sent = 0
    while run.send(price=1_000_000 + sent, lots=1000, **QUOTE):
        sent += 1
    assert run.trader.last_refusal is RiskReason.ORDER_RATE
    assert sent == 40
    assert run.send(lots=100) is not None


def test_a_daemon_that_stops_leaves_no_order_behind_until_it_is_back(run):
    order = run.send(price=1_000_000, lots=1000, **QUOTE)
    run.settle()
    run.tell(run.node.now, InputKind.COMMAND, "user", b"", "withdraw")
    run.settle()
    assert order.end is End.CANCELED
    assert run.send(price=1_000_000, lots=1000, **QUOTE) is None
    assert run.trader.last_refusal is RiskReason.VENUE_CLOSED
    run.close("stopped")
    run.open()
    assert run.send(price=1_000_000, lots=1000, **QUOTE) is not None


def test_a_halt_cancels_over_the_wire_and_is_confirmed(run):
    orders = [run.send(price=1_000_000 + i, lots=1000, **QUOTE) for i in range(3)]
    run.settle()
    run.tell(run.node.now, InputKind.COMMAND, "user", b"", "halt")
    run.settle()
    assert [one.end for one in orders] == [End.CANCELED] * 3
    assert run.venue._open({}) == []


def test_inputs_of_venues_that_nothing_is_sent_to_are_counted(run):
    run.tell(run.node.now, InputKind.OPEN, "coinbase.orders#1")
    run.report(b"{}", "place1", 200, "coinbase.orders")
    assert run.world.strangers == 2


def test_without_a_prefix_of_the_run_nothing_is_sent():
    run = LiveRun()
    run.tell(run.node.now, InputKind.COMMAND, "user", b"no-prefix", "run")
    run.open()
    assert run.channel.ready
    assert run.send() is None
    assert run.trader.last_refusal is RiskReason.VENUE_CLOSED
    run.tell(run.node.now, InputKind.COMMAND, "user", b"cq1", "run")
    assert run.send() is not None


def test_a_restored_run_keeps_its_prefix(run):
    run.tell(run.node.now, InputKind.COMMAND, "user", b"cqother", "run")
    assert run.world.ids.prefix == PREFIX


#: Far enough from the market that the pace of its changes leaves it orders at any time.
KEYS = (("size", "0.01"), ("half_bps", "1"))
SKEW = (StrategySpec("skew", ("BTC-USDT.BINANCE",), KEYS),)


def traded():
    """Return a run in which a strategy has traded over the wire and has an order open."""
    run = LiveRun(live_node(SKEW)).begin()
    for number, one in enumerate(feed(7, 3)[400:1200]):
        late = one._replace(ts_recv=max(one.ts_recv, run.node.now))
        run.tell(*late)
        if number % 300 == 5:
            run.venue.lost = lambda request: request.method == "order.place"
        if number % 20 == 15:
            run.venue.lost = lambda request: False
            for order in list(run.venue._open({}))[:1]:
                run.venue.cross(order["clientOrderId"], order["origQty"])
        run.settle()
        if number > 600 and run.trader.store.open:
            break
    return run


def test_the_same_inputs_give_the_same_orders_and_digest_without_any_venue_or_key():
    run = traded()
    assert run.trader.store.totals.fills > 3
    again = live_node(SKEW)
    effects = [effect for one in run.inputs for effect in list(again.handle(*one))]
    assert again.digest.hex == run.node.digest.hex
    assert effects == run.effects


def test_a_checkpoint_in_the_middle_of_trading_goes_on_as_the_first_node_would():
    run = traded()
    assert run.trader.store.open
    image = checkpoint.dump(run.node)
    again = checkpoint.load(image)
    assert checkpoint.dump(again) == image
    venue = run.venue
    for one in feed(7, 3)[1200:1500]:
        late = one._replace(ts_recv=max(one.ts_recv, run.node.now))
        before = len(run.inputs)
        run.tell(*late)
        run.settle()
        for item in run.inputs[before:]:
            again.handle(*item)
    assert again.digest.hex == run.node.digest.hex
    assert checkpoint.state_hash(again) == checkpoint.state_hash(run.node)
    assert venue is run.venue


def test_a_checkpoint_keeps_what_a_gateway_waits_for(run):
    run.venue.deaf = True
    order = run.send(lots=700)
    run.wait(SECOND // 2)
    run.venue.deaf = False
    run.venue.lost = lambda request: request.method == "myTrades"
    run.wait(2 * SECOND)
    assert run.channel.gateway._waiting
    again = LiveRun.__new__(LiveRun)
    again.__dict__ = {**run.__dict__, "node": checkpoint.load(checkpoint.dump(run.node))}
    again.venue.lost = lambda request: False
    trades = [one for one in run.venue.asked if one.method == "myTrades"][-1]
    again.venue.take(trades)
    again.settle()
    assert again.trader.store.ended(order.id).filled == 700


def test_the_fake_venue_tells_only_orders_of_its_own():
    assert FakeBinance(1)._status({"origClientOrderId": "x"}) == -2013


def test_selling_and_buying_ends_with_the_balances_of_the_venue(run):
    for side in (Side.BUY, Side.SELL, Side.BUY):
        run.send(side=side, lots=321)
        run.settle()
    held = run.trader.portfolio
    for asset, amount in run.venue.balances.items():
        assert held.balance("binance", asset) == amount_of(str(amount))


def test_hedges_alone_do_not_pile_up_what_is_remembered_of_the_pace(run):
    for _ in range(30):
        run.send(lots=100)
        run.settle()
        run.wait(SECOND)
    assert len(run.channel._placed) <= 11


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff", b'{"id":"place1","status":200}'])
def test_bytes_that_mean_nothing_are_counted_and_change_nothing(run, data):
    run.send(lots=100)
    before = checkpoint.state_hash(run.node)
    for note, number in (("stream", 200), ("place1", 200), ("nonsense", 200), ("", -7)):
        run.report(data, note, number)
    assert run.trader.store.totals.rejected == 0
    assert sum(run.channel.gateway.counts.values()) >= 3
    assert checkpoint.state_hash(run.node) != before, "time went on"
    run.settle()
    assert run.trader.store.totals.fills == 1
