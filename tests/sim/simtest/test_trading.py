"""Trading in simulation tests: what it goes through, and that broken rules are found."""

from dataclasses import replace

import pytest

from arb import trader
from arb.hedging.hedger import Hedger
from arb.orders.store import OrderStore
from arb.reconcile import Reconciler
from arb.risk.plain_desk import PlainRiskDesk
from arb.risk.reason import RiskReason
from arb.strategy.spec import StrategySpec
from sim.simtest import trading
from sim.simtest.course import Course, course_of
from sim.simtest.crash import Way
from sim.simtest.stage import Stage, run_seed
from sim.simtest.trading import CONFIG

SEEDS_MAX = 24
S = 1_000_000_000


def first_violation() -> str:
    """Run seeds that trade until one fails; returns the rule that was found broken."""
    for seed in range(2, SEEDS_MAX + 1, 2):
        result = run_seed(seed)
        if result.violations:
            return result.violations[0].rule
    pytest.fail(f"nothing was found in seeds to {SEEDS_MAX}")


def test_every_second_seed_trades_and_is_restored_as_it_was():
    """The others have three venues and no orders."""
    assert [course_of(seed).trades for seed in (1, 2, 3, 4)] == [False, True, False, True]
    ways = {one.way for one in course_of(4).crashes}
    assert ways == {Way.REPLAY, Way.RESTORED}


def test_trading_ends_with_what_the_venues_say():
    """Orders are filled and hedged through faults and a restart, to the last unit."""
    result = run_seed(4)
    assert result.ok
    assert result.fills > 10
    assert run_seed(4).digest == result.digest


@pytest.mark.parametrize("scenario", ["calm", "one-venue-lags", "depeg"])
def test_a_scenario_traded_without_faults_ends_with_what_the_venues_say(scenario):
    """A few seconds of it; `crossquote simtest --scenario` does hours."""
    course = Course(
        ("binance", "coinbase"), [], [], 86_400.0, 30 * S, trades=True, scenario=scenario
    )
    stage = Stage(1, course)
    result = stage.play()
    assert result.violations == []
    assert result.fills


def test_a_fill_that_is_booked_twice_is_caught(monkeypatch):
    """Repeated reports are told by their trade ids, or by the sum so far."""
    monkeypatch.setattr(OrderStore, "_fresh", lambda self, order, event: event.lots)
    assert first_violation() == "balance"


def test_a_hedge_that_is_never_sent_is_caught(monkeypatch):
    """Nor does the maker stop at its bound."""
    monkeypatch.setattr(Hedger, "room", lambda self, side: self.config.bound)
    monkeypatch.setattr(Hedger, "violation", lambda self: "")
    monkeypatch.setattr(Hedger, "_hedge", lambda *_: None)
    monkeypatch.setattr(Hedger, "_flatten", lambda *_: None)
    assert first_violation() == "exposure"


LARGE = StrategySpec("xemm", CONFIG.strategies[0].instruments, (("size", "0.19"), ("bound", "0.2")))


def test_a_limit_that_is_not_kept_is_caught(monkeypatch):
    """Orders above the limit on one order leave; while it is kept, none does."""
    monkeypatch.setattr(trading, "CONFIG", replace(CONFIG, strategies=(LARGE,)))
    assert run_seed(2).ok

    class Blind(PlainRiskDesk):
        def _bounds(self, *_):
            return RiskReason.OK

    monkeypatch.setattr(trader, "RiskDesk", Blind)
    assert first_violation() == "risk"


def test_balances_that_are_taken_over_unasked_are_caught(monkeypatch):
    """Only a person may say that the venue is right."""
    monkeypatch.setattr(Reconciler, "_unexplained", lambda self: {"BTC": 1})
    assert first_violation() == "balance"


def test_what_trades_is_bounded():
    """The bound of each strategy is what the checker holds it to."""
    assert [spec.name for spec in CONFIG.strategies] == ["xemm", "arbitrage"]
