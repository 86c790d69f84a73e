"""What the verbs about trading are told, from a desk that trades."""

from decimal import Decimal

import pytest

import checkpoint
from arb.schedule.report import report, schedules
from cli import edges, orders, pnl, positions, risk, schedule, schedule_view, trading_view
from cli.returns import RETURNS_MAX, Returns
from market.amount import amount_of
from tests.recorded_world import feed
from tests.trading_world import SLOW, SPECS, trading_node


@pytest.fixture(scope="module")
def node():
    """A node that has traded for some seconds."""
    made = trading_node((*SPECS, SLOW))
    for one in feed(7, 3)[:1_000]:
        made.handle(*one)
    return made


def test_reading_changes_nothing_in_the_node(node):
    before = checkpoint.state_hash(node)
    for read in (
        trading_view.summary,
        trading_view.orders,
        trading_view.positions,
        trading_view.pnl,
        lambda desk: trading_view.risk(desk, Returns()),
        lambda desk: schedule_view.view(desk, 0),
    ):
        assert read(node.desk)
        assert checkpoint.state_hash(node) == before
    Returns().sample(node.desk)
    assert checkpoint.state_hash(node) == before


def test_profit_is_the_trader_s_own_and_the_band_spans_the_worlds(node):
    told = trading_view.pnl(node.desk)
    profits = {}
    for name, world in node.desk.worlds.items():
        profits[name] = Decimal(told["worlds"][name]["pnl"])
        assert profits[name] * 10**27 == world.trader.profit()
        for row in told["worlds"][name]["rows"]:
            parts = {key: Decimal(row[key]) for key in ("spread", "slippage", "fees", "inventory")}
            assert Decimal(row["pnl"]) == (
                parts["spread"] - parts["slippage"] - parts["fees"] + parts["inventory"]
            )
    low, high = map(Decimal, told["band"])
    assert (low, high) == (min(profits.values()), max(profits.values()))


def test_orders_and_hedges_are_those_of_the_store(node):
    told = trading_view.orders(node.desk)
    for name, world in node.desk.worlds.items():
        found = {row["id"]: row for row in told[name]["open"]}
        assert list(found) == list(world.trader.store.open)
        for number, order in world.trader.store.open.items():
            size = node.instruments[order.slot].size
            assert found[number]["size"] == size.format(order.lots)
    hedges = trading_view.positions(node.desk)["pessimistic"]["hedges"]
    assert [row["strategy"] for row in hedges] == ["xemm", "arbitrage"]


def test_the_stress_is_the_inventory_moved_and_needs_no_history(node):
    told = trading_view.risk(node.desk, Returns())["worlds"]["optimistic"]["exposure"]
    total = sum(told["inventory"].values())
    assert told["inventory"]
    assert told["stress"]["-20%"] == pytest.approx(-0.2 * total, abs=0.001)
    assert told["stress"]["+5%"] == pytest.approx(0.05 * total, abs=0.001)
    assert told["var_99"] is None


def test_value_at_risk_appears_with_enough_returns(node):
    returns = Returns()
    for series in range(40):
        returns.sample(node.desk)
        returns._mids = {
            key: mid * (1.001 if series % 2 else 0.999) for key, mid in returns._mids.items()
        }
    told = trading_view.risk(node.desk, returns)["worlds"]["optimistic"]["exposure"]
    most = sum(abs(value) for value in told["inventory"].values())
    assert 0 < told["var_99"] < most * 0.01
    for _ in range(RETURNS_MAX):
        returns.sample(node.desk)
    assert all(len(series) == RETURNS_MAX for series in returns.by_asset().values())


def test_lines_for_people_name_worlds_orders_positions_and_states(node):
    desk = node.desk
    told = "\n".join(
        [
            *orders.lines(trading_view.orders(desk)),
            *positions.lines(trading_view.positions(desk)),
            *pnl.lines(trading_view.pnl(desk)),
            *risk.lines(trading_view.risk(desk, Returns())),
        ]
    )
    count = len(desk.worlds["pessimistic"].trader.store.open)
    for said in (
        f"pessimistic: {count} open",
        "BTC-USDT.BINANCE",
        "xemm",
        "balances: ",
        "band over",
    ):
        assert said in told
    for said in ("optimistic: ACTIVE", "stress, all prices", "limits: notional_max 100000"):
        assert said in told
    assert not any(line != line.rstrip() for line in told.splitlines())


def test_a_schedule_s_amounts_are_its_own_and_its_prices_are_rounded_down(node):
    told = schedule_view.view(node.desk, node.now)
    assert (told["now_ns"], told["waiting"]) == (node.now, [])
    assert schedule_view.count(node.desk) == 3
    for name, world in node.desk.worlds.items():
        (row,) = told["worlds"][name]["schedules"]
        (one,) = schedules(world.trader).values()
        assert (row["world"], row["schedule"], row["side"]) == (name, "twap", "buy")
        assert amount_of(row["done"]) == one.filled > 0
        assert amount_of(row["done"]) + amount_of(row["left"]) == one.config.size
        exact = report(one).average
        assert 0 <= exact - amount_of(row["average"]) < amount_of("0.000001")
        cost = Decimal(row["average"]) / Decimal(row["arrival"]) - 1
        assert row["cost_arrival_bps"] == pytest.approx(float(cost) * 1e4, abs=0.01)


def test_lines_of_schedules_say_what_comes_next_and_what_it_cost(node):
    told = schedule_view.view(node.desk, node.now)
    row = told["worlds"]["optimistic"]["schedules"][0]
    row |= {"next_ns": node.now + 400_000_000, "next_size": "0.01", "cost_arrival_bps": 1.5}
    told["waiting"] = ["vwap"]
    said = schedule.lines(told)
    assert "next" in said[1]
    assert "  twap  " in said[2]
    assert "0.01 in 0.4s" in "".join(said)
    assert "+1.50" in "".join(said)
    assert said[-1] == "waiting for their instruments: vwap"
    assert schedule.lines({"worlds": {"live": {"schedules": []}}}) == ["live: no schedule"]


@pytest.mark.parametrize("verb", [orders, positions, pnl, risk, edges, schedule])
def test_lines_bear_any_answer(verb):
    for odd in ({}, {"worlds": 3}, {"worlds": {"x": None}}, {"x": 3}, {"x": {"open": [3, {}]}}):
        assert all(line.isprintable() for line in verb.lines(odd))
