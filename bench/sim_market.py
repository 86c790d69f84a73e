"""The simulated market: how many orders and frames a second one processor makes.

Worlds of the same seed and size advance in steps of 10 ms of virtual time, interleaved round by
round: the market alone, with what Binance publishes of it, and with what Coinbase does besides, all
streams of every symbol encoded and none sent. Times are the process's own CPU time.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sim.feed.binance import BinanceFeed
from sim.feed.coinbase import CoinbaseFeed
from sim.market.event import Event
from sim.market.listing import COINBASE
from sim.market.scenarios import crowd
from sim.market.world import World

START_NS = 1_767_225_600 * 10**9
STEP_NS = 10_000_000
ROUND_STEPS = 50
WARM_UP_STEPS = 100
SEED = 1

#: Name -> (symbols a venue, orders a second on each).
LOADS: dict[str, tuple[int, float]] = {
    "fifty_thousand": (500, 50.0),
    "ordinary": (500, 5.0),
    "few_symbols": (20, 1250.0),
}
_STREAMS = ("@depth@100ms", "@bookTicker", "@trade")

Take = Callable[[list[Event]], int]


@dataclass(slots=True)
class _Contest:
    """One world with what is made of its events, and the CPU time of each round."""

    world: World
    takes: list[Take]
    spent_ns: list[int]
    frames: int = 0
    events: int = 0
    orders: int = 0

    def run(self, steps: int) -> int:
        """Advance; returns the CPU time in ns."""
        world, takes = self.world, self.takes
        orders, frames, count = world.orders, 0, 0
        started = time.process_time_ns()
        for _ in range(steps):
            events = world.advance(world.now_ns + STEP_NS)
            count += len(events)
            for take in takes:
                frames += take(events)
        spent = time.process_time_ns() - started
        self.orders += world.orders - orders
        self.events += count
        self.frames += frames
        return spent


def _binance(world: World) -> Take:
    feed = BinanceFeed(world)
    wanted = {name for name in feed.streams() if name.endswith(_STREAMS)}
    return lambda events: len(feed.publish(events, wanted))


def _coinbase(world: World) -> Take:
    feed = CoinbaseFeed(world, world.exchange(COINBASE))
    return lambda events: len(feed.publish(events))


def _contests(symbols: int, orders_per_s: float) -> dict[str, _Contest]:
    made = {}
    for name, feeds in (
        ("market", ()),
        ("market_binance", (_binance,)),
        ("market_both", (_binance, _coinbase)),
    ):
        world = World(crowd(symbols, orders_per_s), SEED, START_NS)
        made[name] = _Contest(world, [feed(world) for feed in feeds], [])
    return made


def run_market(rounds: int = 5) -> dict[str, Any]:
    """Measure every load; figures are of a second of virtual time, medians over the rounds."""
    return {name: measure(*load, rounds) for name, load in LOADS.items()}


def measure(symbols: int, orders_per_s: float, rounds: int) -> dict[str, Any]:
    """Return what a second of virtual time costs at one load."""
    contests = _contests(symbols, orders_per_s)
    for contest in contests.values():
        contest.run(WARM_UP_STEPS)
        contest.orders = contest.events = contest.frames = 0
    for _ in range(rounds):
        for contest in contests.values():
            contest.spent_ns.append(contest.run(ROUND_STEPS))
    seconds = rounds * ROUND_STEPS * STEP_NS / 1e9
    figures: dict[str, Any] = {"symbols_a_venue": symbols, "rounds": rounds}
    for name, contest in contests.items():
        shares = [spent / (ROUND_STEPS * STEP_NS) for spent in contest.spent_ns]
        share = statistics.median(shares)
        orders = contest.orders / seconds
        figures[name] = {
            "orders_per_second": round(orders),
            "events_per_second": round(contest.events / seconds),
            "frames_per_second": round(contest.frames / seconds),
            "cpu_share": round(share, 3),
            "cpu_share_low": round(min(shares), 3),
            "cpu_share_high": round(max(shares), 3),
            "orders_per_cpu_second": round(orders / share),
        }
    return figures
