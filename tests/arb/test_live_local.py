"""A world over the wire in which one venue's orders stay here, matched against its books."""

import pytest

import checkpoint
from arb.live import LiveConfig
from arb.orders.order import End, OrderState, Purpose
from arb.risk.reason import RiskReason
from arb.risk.ticket import Ticket
from market.amount import amount_of
from market.effects import EffectKind
from market.inputs import InputKind
from market.order import Side, Tif
from tests.live_world import SECOND, LiveRun, live_node
from tests.recorded_world import feed

LOCAL = LiveConfig((("binance", "binance"),), 10 * SECOND, ("coinbase",))
NAME = "BTC-USD.COINBASE"


def local_run(specs=()):
    return LiveRun(live_node(specs, LOCAL))


@pytest.fixture
def run():
    return local_run().begin()


def send(run, side=Side.BUY, away=0, lots=10**6, purpose=Purpose.MANUAL, tif=Tif.GTC):
    """Send an order at the local venue, so many ticks through its best price."""
    slot = run.node.slot_of(NAME)
    price = run.trader.market.books[slot].best(side is Side.BUY)[0] + away * side.sign
    run.node._effects = []
    order = run.trader.send(Ticket(slot, side, price, lots, purpose, "test", tif=tif))
    run.effects += run.node._effects
    assert not [one for one in run.node._effects if one.kind is EffectKind.ORDER]
    return order


def test_an_order_there_is_filled_here_and_nothing_is_sent(run):
    asked = len(run.venue.asked)
    before = run.trader.portfolio.balance("coinbase", "BTC")
    order = send(run, away=100, lots=10**6, tif=Tif.IOC)
    run.wait(SECOND)
    assert (order.state, order.end) == (OrderState.DONE, End.FILLED)
    assert run.trader.portfolio.balance("coinbase", "BTC") == before + amount_of("0.01")
    assert all(request.tag.startswith(("open", "balances")) for request in run.venue.asked[asked:])


def test_an_order_there_rests_and_is_cancelled_here(run):
    order = send(run, away=-5000)
    run.wait(SECOND)
    assert order.state is OrderState.LIVE
    run.trader.store.cancel(order)
    run.wait(SECOND)
    assert order.end is End.CANCELED


def test_what_rests_there_hears_the_books_and_trades_of_the_feed(run):
    order = send(run, away=-5000)
    run.wait(SECOND)
    slot = run.node.slot_of(NAME)
    assert slot in run.world.busy
    for one in feed(7, 3)[400:500]:
        run.tell(max(one.ts_recv, run.node.now), *one[1:])
    assert order.state is OrderState.LIVE
    assert run.trader.violations == 0


def test_orders_at_the_other_venue_go_over_the_wire_as_before(run):
    order = run.send()
    run.settle()
    assert order.end is End.FILLED
    assert run.asked("order.place")


def test_quotes_wait_for_every_channel_and_what_closes_a_position_does_not():
    run = local_run()
    assert send(run) is None
    assert run.trader.last_refusal is RiskReason.VENUE_CLOSED
    assert send(run, purpose=Purpose.HEDGE, tif=Tif.IOC) is not None
    run.begin()
    assert send(run) is not None
    run.tell(run.node.now, InputKind.COMMAND, "user", b"", "withdraw")
    assert send(run) is None


def test_balances_are_plenty_or_those_of_the_configuration(run):
    assert run.trader.portfolio.balance("coinbase", "BTC") == amount_of("1000")
    node = live_node((), LOCAL)
    world = node.desk.live
    world._balances = (("coinbase", "BTC", "3"), ("binance", "USDT", "7"))
    poor = LiveRun(node)
    assert poor.trader.portfolio.balance("coinbase", "BTC") == amount_of("3")
    assert poor.trader.portfolio.balance("coinbase", "USD") == 0
    assert poor.trader.portfolio.balance("binance", "USDT") == 0


def test_a_checkpoint_goes_on_with_what_rests_there(run):
    order = send(run, away=-5000)
    run.wait(SECOND)
    image = checkpoint.dump(run.node)
    again = checkpoint.load(image)
    assert checkpoint.dump(again) == image
    (found,) = again.desk.live.trader.store.open.values()
    assert (found.id, found.state) == (order.id, OrderState.LIVE)
    assert again.desk.live.paper.busy == run.world.paper.busy
    for one in feed(7, 3)[400:460]:
        item = (max(one.ts_recv, run.node.now), *one[1:])
        assert list(again.handle(*item)) == list(run.node.handle(*item))
    assert int(again.digest) == int(run.node.digest)
