"""`bench trading`: a node that trades on paper beside the same node without trading.

Backtest speed by strategy, one order's risk checks, a fill to its hedge order, and what each
further strategy costs for a quote change that it subscribes to. All in processor time, which other
work on the machine does not stretch.
"""

import gc
import statistics
import time
from dataclasses import replace
from typing import Any

from arb.desk import TradingConfig
from arb.orders.order import OwnOrder, Purpose
from arb.risk.desk import Ticket
from arb.risk.limits import RiskLimits
from arb.strategy.spec import StrategySpec
from arb.strategy.xemm import Xemm
from arb.trader import Strategy, Trader
from bench.measure import percentile
from bench.recorded import BenchError, load
from market.inputs import Input
from market.order import OrderEvent, OrderEventKind, Side
from node import Node, NodeConfig

#: Each alone in three worlds.
ALONE = ("symmetric", "glft", "xemm", "arbitrage")
Specs = tuple[StrategySpec, ...]
WORLDS = 3
#: Added one after another to `symmetric`, which quotes the same instrument.
FURTHER = ("skew", "adaptive", "avellaneda", "glft")
#: Checks timed at once, and hedges timed one by one, a round.
CHECKS = 20_000
HEDGES = 500

#: Time between two checks: all of them pass before the quotes count as silent.
_APART_NS = 150_000
_CHECK_LIMITS = RiskLimits(orders_per_second=10_000)

#: A speed is measured with the limits of a backtest: nothing ends it early.
_LIMITS = replace(
    RiskLimits(),
    loss_max=0,
    drawdown_max=0,
    position_max=0,
    exposure_max=0,
    jump_ppb=0,
    doubt_ns=0,
)


def run_trading(sources: list[str], rounds: int = 5) -> dict[str, Any]:
    """Measure; returns what `crossquote bench trading --json` prints. Raises BenchError."""
    inputs = load(sources, seconds=60)
    loads: dict[str, Specs | None] = {"none": None}
    loads |= {name: (StrategySpec(name),) for name in ALONE}
    first = (StrategySpec("symmetric"),)
    grown = tuple(first + tuple(map(StrategySpec, FURTHER[:at])) for at in range(1, 5))
    loads |= {f"symmetric+{len(specs) - 1}": specs for specs in grown}
    loads |= {"still": (_still("symmetric"),)}
    loads |= {f"still {name}": (_still("symmetric"), _still(name)) for name in FURTHER}
    seconds: dict[str, list[float]] = {name: [] for name in loads}
    for turn in range(rounds + 1):
        for name, specs in loads.items():
            spent = _seconds(inputs, specs)
            if turn:
                seconds[name].append(spent)
    quotes = max(_quotes(inputs), 1)
    checks = [_check_ns(_started(inputs, _CHECK_LIMITS)) for _ in range(rounds)]
    hedges = sorted(ns for _ in range(rounds) for ns in _hedges_ns(inputs))
    return {
        "rounds": rounds,
        "inputs": len(inputs),
        "frames_per_second": {name: _speed(inputs, seconds[name]) for name in ("none", *ALONE)},
        "time_to_none": {
            name: round(_median_ratio(seconds[name], seconds["none"]), 2) for name in ALONE
        },
        "quotes": quotes,
        "further_us_per_quote": _further(inputs, seconds, quotes),
        "risk_check_ns": round(statistics.median(checks)),
        "risk_check_ns_low_high": [round(min(checks)), round(max(checks))],
        "fill_to_hedge_us": {
            "hedges": len(hedges),
            "p50": percentile(hedges, 0.5) / 1000,
            "p99": percentile(hedges, 0.99) / 1000,
        },
    }


# --- speed ---------------------------------------------------------------------------------------


def _still(name: str) -> StrategySpec:
    """Return a maker that quotes once and then finds nothing worth a change."""
    return StrategySpec(name, (), (("hysteresis_ticks", "1000000000"),))


def _node(specs: Specs | None, limits: RiskLimits = _LIMITS) -> Node:
    if specs is None:
        return Node(NodeConfig(discover=True))
    return Node(NodeConfig(discover=True, trading=TradingConfig(specs, limits=limits)))


def _seconds(inputs: list[Input], specs: Specs | None) -> float:
    handle = _node(specs).handle
    gc.collect()
    started = time.thread_time()
    for item in inputs:
        handle(*item)
    return time.thread_time() - started


def _speed(inputs: list[Input], seconds: list[float]) -> dict[str, int]:
    rates = sorted(len(inputs) / one for one in seconds)
    middle = round(statistics.median(rates))
    return {"median": middle, "low": round(rates[0]), "high": round(rates[-1])}


def _median_ratio(over: list[float], under: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(over, under, strict=True))


def _further(
    inputs: list[Input], seconds: dict[str, list[float]], quotes: int
) -> dict[str, dict[str, float]]:
    """Return microseconds a quote change of each strategy that was added, in one world.

    `deciding` is one whose orders stay where they are; the rest of `whole` is what the orders cost
    that it sends, at the paper venue as well, `changes` a quote change.
    """
    found = {}
    names = ["symmetric", *(f"symmetric+{at}" for at in range(1, 5))]
    for name, before, after in zip(FURTHER, names, names[1:], strict=False):
        found[name] = {
            "whole": _us(seconds[before], seconds[after], quotes),
            "deciding": _us(seconds["still"], seconds[f"still {name}"], quotes),
            "changes": round(_changes(inputs, name) / quotes, 3),
        }
    return found


def _us(before: list[float], after: list[float], quotes: int) -> float:
    extra = [(b - a) / WORLDS for a, b in zip(before, after, strict=True)]
    return round(statistics.median(extra) / quotes * 1e6, 2)


def _changes(inputs: list[Input], name: str) -> int:
    """Return how many orders a maker places and amends in one world."""
    node = _node((StrategySpec(name),))
    for item in inputs:
        node.handle(*item)
    totals = _trader(node).store.totals
    return totals.placed + totals.replaced


class _Counter:
    """Stands in a strategy's place and counts the quote changes that it hears of."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self.count = 0

    def on_quote(self, slot: int, now: int) -> None:
        """Count and pass on."""
        self.count += 1
        self._strategy.on_quote(slot, now)

    def __getattr__(self, name: str) -> Any:
        """Return what else the strategy does."""
        return getattr(self._strategy, name)


def _quotes(inputs: list[Input]) -> int:
    """Return how many quote changes a single maker hears of in one world."""
    node = _node((StrategySpec("symmetric"),))
    trader = _trader(node)
    counter: _Counter | None = None
    for item in inputs:
        node.handle(*item)
        if counter is None and trader.strategies:
            counter = _Counter(trader.strategies["symmetric"])
            for heard in trader.by_slot.values():
                heard[:] = [counter]
    return counter.count if counter is not None else 0


# --- one order -----------------------------------------------------------------------------------


def _trader(node: Node) -> Trader:
    assert node.desk is not None
    return next(iter(node.desk.worlds.values())).trader


def _started(inputs: list[Input], limits: RiskLimits = _LIMITS) -> Node:
    """Return a node whose maker has quotes resting; BenchError without one."""
    node = _node((StrategySpec("xemm"),), limits)
    trader = _trader(node)
    for item in inputs:
        node.handle(*item)
        maker = trader.strategies.get("xemm")
        if isinstance(maker, Xemm) and trader.touch(maker.source) and _resting(trader, maker):
            return node
    raise BenchError("the recording never has the same instrument live at two venues")


def _resting(trader: Trader, maker: Xemm) -> bool:
    orders = trader.store.of_slot(maker.maker)
    return {one.side for one in orders if one.working} == {Side.BUY, Side.SELL}


def _check_ns(node: Node) -> float:
    """Return ns for all checks of one quote that passes every one of them, beside open orders."""
    trader = _trader(node)
    maker = trader.strategies["xemm"]
    assert isinstance(maker, Xemm)
    tickets = _tickets(trader, maker)
    check, now = trader.risk.check, trader.now
    refused = 0
    gc.collect()
    started = time.thread_time_ns()
    for number in range(CHECKS):
        # Far enough apart for the limit of orders a second to be looked at and kept.
        now += _APART_NS
        refused += check(tickets[number & 3], now) != 0
    spent = time.thread_time_ns() - started
    if refused:
        raise BenchError(f"{refused} of the {CHECKS} orders that are timed are refused")
    return spent / CHECKS


def _tickets(trader: Trader, maker: Xemm) -> list[Ticket]:
    """Return quotes on both sides, at the touch and a tick behind it."""
    touch = trader.touch(maker.maker)
    assert touch is not None
    lots = trader.store.of_slot(maker.maker)[0].lots
    tick = trader.risk.lines[maker.maker].tick
    bid, ask = touch[0] - touch[0] % tick, touch[2] + -touch[2] % tick
    prices = ((Side.BUY, bid), (Side.SELL, ask), (Side.BUY, bid - tick), (Side.SELL, ask + tick))
    return [Ticket(maker.maker, side, price, lots, Purpose.QUOTE, "xemm") for side, price in prices]


def _hedges_ns(inputs: list[Input]) -> list[int]:
    """Return ns from a maker's fill reaching the node to its hedge order leaving for the venue."""
    node = _started(inputs)
    trader = _trader(node)
    maker = trader.strategies["xemm"]
    assert isinstance(maker, Xemm)
    found = []
    for number in range(HEDGES):
        side = Side.SELL if number % 2 else Side.BUY
        order = _rest(trader, maker, side)
        fill = OrderEvent(
            OrderEventKind.FILL, order.id, trader.now, order.price, order.lots, trade_id="fill"
        )
        hedges = maker.hedger.hedges
        started = time.thread_time_ns()
        trader.on_report(fill, trader.now)
        found.append(time.thread_time_ns() - started)
        if maker.hedger.hedges != hedges + 1:
            raise BenchError("a fill brought no hedge")
        _fill_hedge(trader, maker)
    return found


def _rest(trader: Trader, maker: Xemm, side: Side) -> OwnOrder:
    """Place a quote that the fill is going to be of, past the checks, and have it accepted."""
    touch = trader.touch(maker.maker)
    assert touch is not None
    line = trader.risk.lines[maker.maker]
    lots = maker.config.size // line.units.lot
    price = touch[0] if side is Side.BUY else touch[2]
    order = trader.store.place(maker.maker, side, price, lots, Purpose.QUOTE, "xemm")
    trader.on_report(OrderEvent(OrderEventKind.ACCEPTED, order.id), trader.now)
    return order


def _fill_hedge(trader: Trader, maker: Xemm) -> None:
    """Fill the hedge: the exposure is closed before the next fill."""
    for order in list(trader.store.open.values()):
        if order.purpose is Purpose.HEDGE:
            fill = OrderEvent(
                OrderEventKind.FILL, order.id, 0, order.price, order.open_lots, trade_id="hedge"
            )
            trader.on_report(fill, trader.now)
    if maker.hedger.open:
        raise BenchError("a hedge did not close its exposure")


# --- for people ----------------------------------------------------------------------------------


def text(result: dict[str, Any]) -> str:
    """Return the result for people."""
    lines = [f"{result['inputs']:,} inputs, {result['rounds']} rounds, three worlds"]
    for name, rate in result["frames_per_second"].items():
        ratio = result["time_to_none"].get(name)
        beside = f"   {ratio} times as long as without trading" if ratio else ""
        lines.append(f"{name:<12} {rate['median']:>9,} frames/s{beside}")
    for name, cost in result["further_us_per_quote"].items():
        lines.append(
            f"+ {name:<10} {cost['whole']:>9.2f} us a quote change in one world, of which"
            f" {cost['deciding']:.2f} us to decide; {cost['changes']:.3f} changed orders"
        )
    hedge = result["fill_to_hedge_us"]
    lines.append(f"risk checks of one order   {result['risk_check_ns'] / 1000:.2f} us")
    lines.append(f"fill to hedge order   p50 {hedge['p50']:.1f} us   p99 {hedge['p99']:.1f} us")
    return "\n".join(lines)
