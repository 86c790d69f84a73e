"""What an operator asks of a desk, over the generated feed."""

import pytest

from arb.command import CommandError, check
from arb.orders.order import Purpose
from arb.risk.desk import Ticket
from arb.risk.reason import Cause, RiskState
from market.inputs import InputKind
from market.order import Side, Tif
from tests.recorded_world import feed
from tests.trading_world import trading_node

SECOND = 1_000_000_000
INPUTS = 1_000


@pytest.fixture
def node():
    """A node that has traded for some seconds."""
    made = trading_node()
    for one in feed(7, 3)[:INPUTS]:
        made.handle(*one)
    assert all(world.trader.store.open for world in worlds(made))
    return made


def worlds(node):
    return list(node.desk.worlds.values())


def tell(node, name, argument="", after_ns=0):
    return list(
        node.handle(node.now + after_ns, InputKind.COMMAND, "user", argument.encode(), name)
    )


def go_on(node, seconds=3):
    """Let the market go on."""
    end = node.now + seconds * SECOND
    for one in feed(7, 3)[INPUTS:]:
        if one.ts_recv > end:
            break
        node.handle(*one)
    node.handle(end, InputKind.TIMER, "timer")


def test_a_halt_cancels_every_order_in_every_world_and_nothing_is_sent_after_it(node):
    tell(node, "halt", "maintenance")
    placed = [world.trader.store.totals.placed for world in worlds(node)]
    go_on(node)
    for world, before in zip(worlds(node), placed, strict=True):
        assert world.trader.switch.causes == {Cause.USER: (RiskState.HALT, "maintenance")}
        assert world.trader.store.open == {}
        assert world.trader.store.totals.placed == before


def test_a_halt_while_another_cause_halts_cancels_all_the_same(node):
    for world in worlds(node):
        world.trader.switch.trip(Cause.USER, RiskState.HALT, "first")
        world.trader.switch.state = RiskState.HALT
    tell(node, "halt")
    for world in worlds(node):
        assert all(one.cancel_wanted for one in world.trader.store.open.values())


def test_resuming_lifts_only_the_causes_that_are_named(node):
    tell(node, "halt")
    tell(node, "recording-stopped", "no room")
    tell(node, "resume", "user")
    for world in worlds(node):
        assert world.trader.switch.causes == {Cause.RECORDING: (RiskState.REDUCE, "no room")}
        assert world.trader.switch.state is RiskState.REDUCE
    tell(node, "resume")
    for world in worlds(node):
        assert world.trader.switch.state is RiskState.ACTIVE
    placed = [world.trader.store.totals.placed for world in worlds(node)]
    go_on(node)
    for world, before in zip(worlds(node), placed, strict=True):
        assert world.trader.store.totals.placed > before


def test_resuming_after_a_drawdown_counts_the_next_from_here(node):
    trader = worlds(node)[0].trader
    trader.breakers.peak = trader.profit() + 10**40
    trader.switch.trip(Cause.DRAWDOWN, RiskState.HALT, "test")
    tell(node, "resume", "drawdown")
    assert trader.breakers.peak == trader.profit()
    assert trader.switch.state is RiskState.ACTIVE


def test_cancel_all_asks_for_the_end_of_what_is_open_and_strategies_go_on(node):
    before = [set(world.trader.store.open) for world in worlds(node)]
    placed = [world.trader.store.totals.placed for world in worlds(node)]
    tell(node, "cancel-all")
    go_on(node)
    for world, ids, count in zip(worlds(node), before, placed, strict=True):
        assert not ids & set(world.trader.store.open)
        assert world.trader.store.totals.placed > count
        assert world.trader.switch.state is RiskState.ACTIVE


def test_flattening_halts_closes_every_position_and_never_breaks_a_bound(node):
    held = [
        [one for one in world.trader.portfolio.positions.values() if one.base]
        for world in worlds(node)
    ]
    assert all(held)
    tell(node, "flatten")
    go_on(node)
    for world in worlds(node):
        trader = world.trader
        assert world.flattener.outcome == "flat"
        assert not world.flattener.active
        assert trader.switch.state is RiskState.HALT
        assert trader.violations == 0
        assert trader.store.open == {}
        assert Cause.EXPOSURE not in trader.switch.causes
        for (slot, strategy), one in trader.portfolio.positions.items():
            line = trader.risk.lines[slot]
            small = max(line.lots_min, 1) * line.units.lot
            mid2 = trader.mid2(slot)
            worth = abs(one.base) // line.units.lot * mid2 * line.units.notional // 2
            assert abs(one.base) < small or worth < line.notional_min * 2, strategy
        assert trader.strategies["xemm"].hedger.open == sum(
            one.base
            for (_, strategy), one in trader.portfolio.positions.items()
            if strategy == "xemm"
        )


def test_flattening_sends_nothing_but_banded_iocs_no_larger_than_the_position(node):
    sent = []
    for world in worlds(node):
        told = world.trader.store.on_request

        def hear(what, order, world=world, told=told):
            if what == "place":
                sent.append(order)
                held = world.trader.portfolio.positions[order.slot, order.strategy].base
                lot = world.trader.risk.lines[order.slot].units.lot
                assert order.purpose is Purpose.FLATTEN
                assert order.tif is Tif.IOC
                assert order.lots * lot <= abs(held)
                assert order.side is (Side.SELL if held > 0 else Side.BUY)
                bid, _, ask, _ = world.trader.touch(order.slot)
                assert bid * 0.9949 < order.price < ask * 1.0051
            told(what, order)

        world.trader.store.on_request = hear
    tell(node, "flatten")
    go_on(node)
    assert len(sent) == sum(world.flattener.sent for world in worlds(node)) > 0


def test_flattening_gives_up_in_time_when_no_quote_can_be_used(node):
    """Without any frame every quote is silent, so nothing may be traded on."""
    for name in list(node.links):
        node.handle(node.now, InputKind.CLOSE, name, note="gone")
    tell(node, "flatten")
    for _ in range(70):
        node.handle(node.now + SECOND, InputKind.TIMER, "timer")
    for world in worlds(node):
        assert world.flattener.outcome == "out of time"
        assert world.flattener.sent == 0
        assert not world.flattener.active


def test_resuming_ends_a_flattening(node):
    tell(node, "flatten")
    assert any(world.flattener.active for world in worlds(node))
    tell(node, "resume")
    assert all(world.flattener.outcome in ("stopped", "flat") for world in worlds(node))
    assert not any(world.flattener.active for world in worlds(node))


def test_a_world_without_positions_is_flat_at_once():
    node = trading_node()
    for one in feed(7, 3)[:3]:
        node.handle(*one)
    tell(node, "flatten")
    assert [world.flattener.outcome for world in worlds(node)] == ["flat"] * 3


def test_an_approved_order_is_sent_in_the_worlds_where_it_waits(node):
    trader = worlds(node)[0].trader
    touch = trader.touch(0)
    lots = 10**25 // trader.risk.lines[0].units.lot
    ticket = Ticket(0, Side.BUY, touch[0] - 1000, lots, Purpose.MANUAL, "person")
    number = trader.risk.hold(ticket)
    placed = trader.store.totals.placed
    tell(node, "approve", f"{number} optimistic")
    assert list(trader.risk.held) == [number]
    tell(node, "approve", f"{number} pessimistic")
    assert trader.risk.held == {}
    assert trader.store.totals.placed == placed + 1


def test_an_argument_that_means_nothing_changes_nothing(node):
    for name, argument in (("resume", "weather"), ("approve", "x"), ("approve", "")):
        with pytest.raises(CommandError):
            check(name, argument)
    tell(node, "halt")
    tell(node, "resume", "weather")
    assert all(world.trader.switch.state is RiskState.HALT for world in worlds(node))
