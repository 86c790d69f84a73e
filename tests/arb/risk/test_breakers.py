"""Breakers stop trading for what they watch, and for nothing else."""

from arb.risk.breakers import Breakers
from arb.risk.exposure import RETURNS_MIN, report
from arb.risk.limits import RiskLimits
from arb.risk.reason import Cause, RiskState
from arb.risk.switch import RiskSwitch
from market.amount import amount_of

SECOND = 1_000_000_000


def rig(**limits: int) -> Breakers:
    return Breakers(RiskLimits(**limits), RiskSwitch())


def test_a_loss_beyond_the_limit_halts():
    breakers = rig(loss_max=100, drawdown_max=0)
    breakers.hear_profit(amount_of("-100"))
    assert breakers.switch.state is RiskState.ACTIVE
    breakers.hear_profit(amount_of("-100.01"))
    assert breakers.switch.state is RiskState.HALT


def test_a_drawdown_counts_from_the_peak_and_anew_after_resuming():
    breakers = rig(loss_max=0, drawdown_max=50)
    breakers.hear_profit(amount_of("200"))
    breakers.hear_profit(amount_of("149"))
    assert Cause.DRAWDOWN in breakers.switch.causes
    breakers.rebase(amount_of("149"))
    breakers.switch.resume()
    breakers.hear_profit(amount_of("120"))
    assert breakers.switch.state is RiskState.ACTIVE


def test_a_jump_within_the_window_reduces_and_a_slow_move_does_not():
    breakers = rig(jump_ppb=10_000_000, jump_ns=SECOND)
    for at in range(100):
        breakers.hear_price(0, 100_000 + at * 100, at * SECOND, "X")
    assert breakers.switch.state is RiskState.ACTIVE
    breakers.hear_price(0, 112_000, 99 * SECOND + 1, "X")
    assert breakers.switch.state is RiskState.REDUCE


def test_prices_keep_their_meaning_on_a_finer_grid():
    breakers = rig(jump_ppb=10_000_000, jump_ns=SECOND)
    breakers.hear_price(0, 100_000, 0, "X")
    breakers.rescale(0, 10)
    breakers.hear_price(0, 1_000_500, 1, "X")
    assert breakers.switch.state is RiskState.ACTIVE


def test_a_doubtful_book_reduces_only_when_it_lasts():
    breakers = rig(doubt_ns=SECOND)
    breakers.hear_data(0, 0, "X", usable=False)
    breakers.hear_data(0, SECOND, "X", usable=False)
    breakers.hear_data(0, SECOND, "X", usable=True)
    breakers.hear_data(0, 2 * SECOND, "X", usable=False)
    assert breakers.switch.state is RiskState.ACTIVE
    breakers.hear_data(0, 4 * SECOND, "X", usable=False)
    assert breakers.switch.state is RiskState.REDUCE


def test_value_at_risk_needs_returns_and_falls_with_a_hedge():
    steps = [0.01 if at % 2 else -0.01 for at in range(RETURNS_MIN)]
    assert report({"BTC": 1000.0}, {"BTC": steps[1:]}).var_99 is None
    alone = report({"BTC": 1000.0}, {"BTC": steps})
    hedged = report({"BTC": 1000.0, "PERP": -900.0}, {"BTC": steps, "PERP": steps})
    assert alone.var_99 is not None
    assert hedged.var_99 is not None
    assert 20 < alone.var_99 < 30
    assert hedged.var_99 < alone.var_99 / 5
    assert alone.stress[-200] == -200.0
    assert report({}, {}).var_99 == 0.0
