"""The compiled quotes are those of the models as they are written for reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.quoting.model import MODELS, Parameters
from arb.quoting.plain_quoter import PlainQuoter
from arb.quoting.plain_signals import PlainSignals
from arb.quoting.quoter import Quoter
from arb.quoting.signals import Signals

SECOND = 1_000_000_000
TOUCHES = st.tuples(st.integers(1, 10**7), st.integers(1, 30), st.integers(1, 10**6))
PARAMETERS = st.builds(
    Parameters,
    half_bps=st.floats(0.0, 300.0),
    skew=st.floats(0.0, 2.0),
    gamma=st.floats(1e-4, 1.0),
    horizon_s=st.floats(0.1, 60.0),
    sigmas=st.floats(0.0, 5.0),
    inventory_max=st.floats(0.5, 5.0),
)


@pytest.mark.parametrize("model", MODELS)
@given(
    data=st.data(),
    parameters=PARAMETERS,
    inventory=st.floats(-6.0, 6.0),
    layers=st.integers(1, 3),
    tick=st.sampled_from((1, 5, 100)),
)
def test_both_twins_quote_the_same(model, data, parameters, inventory, layers, tick):
    signals, plain = Signals(5.0), PlainSignals(5.0)
    now = SECOND
    touch = (100, 1, 101, 1)
    for bid, width, lots in data.draw(st.lists(TOUCHES, min_size=1, max_size=8)):
        now += data.draw(st.integers(1, SECOND))
        touch = (bid, lots, bid + width, lots + 1)
        for one in (signals, plain):
            one.on_touch(touch, now)
            one.on_trade(bid + width, lots, now, buyer=True)
    made = Quoter(model, parameters, signals, layers, 3.0)
    twin = PlainQuoter(model, parameters, plain, layers, 3.0)
    quotes = made.prices(touch, inventory, tick, 7, now)
    assert quotes == twin.prices(touch, inventory, tick, 7, now)
    bids, asks = quotes
    assert all(price % tick == 0 and lots == 7 for price, lots in bids + asks)
    assert all(0 < price < touch[2] for price, _ in bids)
    assert all(price > touch[0] for price, _ in asks)


def test_a_price_beyond_all_bounds_is_not_quoted():
    signals = Signals()
    signals.on_touch((10**17, 1, 10**17 + 1, 1), SECOND)
    quoter = Quoter("symmetric", Parameters(half_bps=1e6), signals, 1, 0.0)
    assert quoter.prices((10**17, 1, 10**17 + 1, 1), 0.0, 1, 1, SECOND) == ([], [])
