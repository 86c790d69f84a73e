"""Each model quotes by its formula, and leaves out what its bounds forbid."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.quoting.model import MODELS, Parameters, View, adaptive, avellaneda, glft, skew, symmetric

SHAPE = Parameters(half_bps=10.0, skew=0.5, gamma=0.1, horizon_s=4.0, sigmas=1.5, inventory_max=3.0)
VIEW = View(mid=1_000.0, microprice=1_000.4, sigma=2.0, inventory=1.0, intensity=(0.8, 0.5))


def test_symmetric_ignores_what_is_held():
    for held in (-2.0, 0.0, 2.0):
        quote = symmetric(held_view(held), SHAPE)
        assert quote == (999.0, 1001.0)


def held_view(held: float, **changes) -> View:
    fields = {name: getattr(VIEW, name) for name in View.__slots__}
    return View(**{**fields, "inventory": held, **changes})


def test_skew_moves_both_quotes_by_half_a_half_spread_a_size_held():
    assert skew(held_view(1.0), SHAPE) == (998.5, 1000.5)
    assert skew(held_view(-2.0), SHAPE) == (1000.0, 1002.0)


def test_adaptive_widens_with_volatility_around_the_microprice():
    # 1.5 standard deviations over 4 s of 2 ticks a second: 6 ticks.
    assert adaptive(held_view(0.0), SHAPE) == pytest.approx((994.4, 1006.4))
    assert adaptive(held_view(1.0), SHAPE) == pytest.approx((991.4, 1003.4))


def test_adaptive_without_volatility_keeps_its_least_spread():
    assert adaptive(held_view(0.0, sigma=0.0), SHAPE) == pytest.approx((999.4, 1001.4))


def test_avellaneda_is_the_reservation_price_and_the_optimal_spread():
    reservation = 1_000.0 - 1.0 * 0.1 * 2.0**2 * 4.0
    spread = 0.1 * 2.0**2 * 4.0 + 2.0 / 0.1 * math.log(1.0 + 0.1 / 0.5)
    expected = (reservation - spread / 2.0, reservation + spread / 2.0)
    assert avellaneda(VIEW, SHAPE) == pytest.approx(expected)


def test_avellaneda_before_arrivals_are_known_takes_the_stated_half_spread():
    variance = 0.1 * 2.0**2 * 4.0
    quote = avellaneda(held_view(0.0, intensity=None), SHAPE)
    assert quote == pytest.approx((999.0 - variance / 2.0, 1001.0 + variance / 2.0))


def test_glft_is_the_asymptotic_quote_of_each_side():
    first = math.log(1.0 + 0.1 / 0.5) / 0.1
    growth = (1.0 + 0.1 / 0.5) ** (1.0 + 0.5 / 0.1)
    second = math.sqrt(2.0**2 * 0.1 / (2.0 * 0.5 * 0.8) * growth)
    expected = (1_000.0 - first - 1.5 * second, 1_000.0 + first - 0.5 * second)
    assert glft(VIEW, SHAPE) == pytest.approx(expected)


def test_glft_before_arrivals_are_known_quotes_as_skew_does():
    for unknown in (None, (0.0, 0.5)):
        view = held_view(1.0, intensity=unknown)
        assert glft(view, SHAPE) == skew(view, SHAPE)


def test_without_volatility_inventory_moves_neither_optimal_model():
    for model in (avellaneda, glft):
        flat, long = (model(held_view(held, sigma=0.0), SHAPE) for held in (0.0, 2.0))
        assert flat == long
        assert flat.ask - 1_000.0 == pytest.approx(1_000.0 - flat.bid)


@pytest.mark.parametrize("name", MODELS)
def test_a_side_that_would_pass_the_inventory_bound_is_left_out(name):
    model = MODELS[name]
    assert model(held_view(3.0), SHAPE).bid is None
    assert model(held_view(3.0), SHAPE).ask is not None
    assert model(held_view(-3.0), SHAPE).ask is None
    assert None not in model(held_view(2.9), SHAPE)


@given(
    st.sampled_from(sorted(MODELS)),
    st.floats(-2.9, 2.9),
    st.floats(0.0, 50.0),
    st.none() | st.tuples(st.floats(0.01, 100.0), st.floats(0.01, 10.0)),
)
def test_a_bid_never_stands_above_its_ask(name, held, sigma, intensity):
    quote = MODELS[name](held_view(held, sigma=sigma, intensity=intensity), SHAPE)
    assert quote.bid < quote.ask


@given(
    st.sampled_from(["skew", "adaptive", "avellaneda", "glft"]),
    st.floats(-2.9, 2.9),
    st.floats(-2.9, 2.9),
)
def test_more_inventory_never_raises_a_quote(name, one, other):
    low, high = sorted((one, other))
    less, more = (MODELS[name](held_view(held), SHAPE) for held in (low, high))
    assert more.bid <= less.bid + 1e-9
    assert more.ask <= less.ask + 1e-9
