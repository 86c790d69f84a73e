"""Rules that are broken on purpose: a checker must say so within a few seeds."""

import os
from dataclasses import replace

import pytest

from connectors.binance import venue as binance_module
from connectors.binance.sequence import FuturesDepthRule
from connectors.binance.venue import BinanceVenue
from connectors.coinbase.sequence import ConnectionSequence, Count
from connectors.coinbase.venue import CoinbaseVenue
from connectors.coinbase_exchange.venue import ExchangeVenue
from connectors.recovery import Recoveries, Recovery
from connectors.transport.budget import Budget
from connectors.venue import Damage, VenueConfig
from node import Node, NodeConfig
from sim.simtest import stage
from sim.simtest.course import Result
from sim.simtest.stage import run_seed
from sim.wire import binance as wire

SEEDS_MAX = 25


def first_violation(likely: int = 1) -> tuple[Result, str]:
    """Run seeds until one fails; returns its result and the rule that was found broken.

    The first to be run is the one that is known to find it; the others follow, should it not.
    """
    for seed in sorted(range(1, SEEDS_MAX + 1), key=lambda one: (one < likely, one)):
        result = run_seed(seed)
        if result.violations:
            return result, result.violations[0].rule
    pytest.fail(f"nothing was found in {SEEDS_MAX} seeds")


def test_a_hole_taken_for_an_old_frame_is_caught(monkeypatch):
    """Books of a counted connection go on after a hole."""

    def check(self: ConnectionSequence, number: int) -> Count:
        self.last = max(self.last, number)
        return Count.STALE

    monkeypatch.setattr(ConnectionSequence, "check", check)
    _, rule = first_violation()
    assert rule in ("doubtful", "book")


def test_spot_judged_by_the_rule_of_futures_is_caught(monkeypatch):
    """Its diffs name no previous one, so that every diff looks like a gap."""
    profile = binance_module.PROFILES["binance"]
    wrong = {"binance": replace(profile, rule=FuturesDepthRule)}
    monkeypatch.setattr(binance_module, "PROFILES", {**binance_module.PROFILES, **wrong})
    monkeypatch.setattr(stage, "RECOVERY_MAX_NS", 20_000_000_000)
    _, rule = first_violation()
    assert rule == "recovery"


def test_a_recovery_that_asks_without_waiting_is_caught(monkeypatch):
    """Every diff of a waiting book asks for its snapshot."""
    monkeypatch.setattr(Recovery, "may_ask", lambda self, now: True)
    _, rule = first_violation(4)
    assert rule == "single flight"


def test_a_recovery_that_gives_up_is_caught(monkeypatch):
    """A reply that did not help is never followed by another request."""
    answered = Recoveries.answered

    def only_good(self, book, now, *, helped):
        if helped:
            answered(self, book, now, helped=True)

    monkeypatch.setattr(Recoveries, "answered", only_good)
    monkeypatch.setattr(stage, "RECOVERY_MAX_NS", 30_000_000_000)
    _, rule = first_violation(6)
    assert rule == "recovery"


def test_a_grade_that_knows_neither_silence_nor_lag_is_caught(monkeypatch):
    """The node's bounds are beyond every silence and every lag."""

    blind = VenueConfig(silence_max_ns=10**18, lag_max_ns=10**18)
    monkeypatch.setattr(NodeConfig, "venue", lambda self, name: blind)
    _, rule = first_violation()
    assert rule == "grade"


@pytest.mark.parametrize(
    ("venue", "likely"), [(BinanceVenue, 19), (CoinbaseVenue, 1), (ExchangeVenue, 5)]
)
def test_broken_frames_that_leave_no_doubt_are_caught(monkeypatch, venue, likely):
    """Whatever cannot be read is passed over."""
    monkeypatch.setattr(venue, "damage", lambda self, data: Damage())
    _, rule = first_violation(likely)
    assert rule in ("doubtful", "book")


def test_a_budget_that_does_not_heed_a_pause_is_caught(monkeypatch):
    """A 429 or 418 changes nothing."""
    monkeypatch.setattr(Budget, "pause", lambda self, status, retry_after_s, monotonic_ns: 0.0)
    _, rule = first_violation(5)
    assert rule == "budget"


def test_a_node_that_draws_lots_is_caught(monkeypatch):
    """What is replayed differs from what was."""

    def tick(self, source, data, note, number):
        self.digest.add(os.urandom(1)[0])

    monkeypatch.setattr(Node, "_tick", tick)
    _, rule = first_violation()
    assert rule == "replay"


def test_timers_that_are_never_done_are_caught(monkeypatch):
    """Each request leaves a hundred behind."""
    ask = Recoveries.ask

    def leaking(self, book, instrument, link, now, *, refresh):
        for number in range(100):
            self._timers.set(now + 10**15 + number, "snapshot_again", book.slot)
        ask(self, book, instrument, link, now, refresh=refresh)

    monkeypatch.setattr(Recoveries, "ask", leaking)
    result, rule = first_violation(2)
    assert rule == "bound"
    assert result.violations[0].number == result.inputs


def test_a_gap_that_no_id_shows_is_caught(monkeypatch):
    """Every diff claims to begin at the first id there is: the book goes on without a lost one."""
    depth_update = wire.depth_update

    def reaching_back(listing, event_ns, ids, *rest):
        return depth_update(listing, event_ns, (1, ids[1]), *rest)

    monkeypatch.setattr(wire, "depth_update", reaching_back)
    _, rule = first_violation(4)
    assert rule == "book"
