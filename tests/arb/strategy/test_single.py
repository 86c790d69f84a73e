"""A maker of one instrument and its plain twin send the same orders, whatever the market does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb.quoting.care import Care
from arb.quoting.model import MODELS, Parameters
from arb.risk.reason import Cause
from arb.strategy.plain_single import PlainSingleMaker
from arb.strategy.single import SingleMaker
from arb.strategy.single_config import SingleConfig
from market.amount import amount_of
from market.grid import Grid
from market.instrument import Instrument
from market.order import Side
from tests.arb.rig import SECOND
from tests.arb.strategy.rig import BookRig
from tests.effort import examples

BTC = Instrument("binance", "BTCUSDT", "BTC", "USDT", Grid(1), Grid(3), tick="0.2")
SIZE = amount_of("0.05")
EAGER = Care(hysteresis=0, life_ns=0, queue_ticks=0, changes_per_second=0)


class Made:
    """One of the twins on a trader of its own."""

    def __init__(self, kind, config):
        self.rig = BookRig(BTC)
        self.rig.trader.on_event = self._event
        self.maker = kind(config, self.rig.trader)
        self.rig.trader.add(self.maker)
        self.events = []

    def _event(self, what, fields):
        self.events.append((what, fields))

    def do(self, step):
        """Let one thing happen."""
        what, first, second, lots = step
        rig = self.rig
        if what == "touch":
            rig.put(0, [(600_000 + first, lots)], [(600_000 + first + second, 10)])
        elif what == "one-sided":
            rig.put(0, [(600_000 + first, lots)], [])
        elif what == "wait":
            rig.now += second * SECOND // 10
            rig.trader.now = rig.trader.store.now = rig.now
        elif what == "trade":
            rig.trader.on_trade(0, 600_000 + first, lots, rig.now, buyer=second % 2 == 0)
        elif what == "halt":
            rig.trader.halt(Cause.USER, "x")
        elif what == "resume":
            rig.trader.switch.resume()
        else:
            rig.deliver()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["touch"] * 6 + ["wait"] * 2 + ["trade", "deliver", "deliver"] + ["one-sided", "halt"]
            + ["resume"]
        ),
        st.integers(-60, 60),
        st.integers(1, 40),
        st.integers(1, 500),
    ),
    max_size=50,
)  # fmt: skip


@pytest.mark.parametrize("model", sorted(MODELS))
@settings(max_examples=examples(0.4))
@given(
    steps=STEPS,
    layers=st.sampled_from([1, 1, 3, 17]),
    half_bps=st.sampled_from([0.1, 1.0, 5.0]),
    care=st.sampled_from([Care(), EAGER, Care(hysteresis=3, life_ns=0, changes_per_second=0)]),
    inventory_max=st.sampled_from([0.5, 5.0]),
)
def test_both_twins_send_the_same_orders(model, steps, layers, half_bps, care, inventory_max):
    shape = Parameters(half_bps=half_bps, inventory_max=inventory_max)
    config = SingleConfig(0, model, SIZE, shape, care, layers)
    twins = [Made(kind, config) for kind in (SingleMaker, PlainSingleMaker)]
    for step in steps:
        for made in twins:
            made.do(step)
        assert twins[0].events == twins[1].events
    fast, plain = (made.maker for made in twins)
    assert (fast.inventory, fast.manager.changes) == (plain.inventory, plain.manager.changes)
    assert (fast.signals.mid, fast.manager.starved) == (plain.signals.mid, plain.manager.starved)


def test_a_quote_that_stays_within_the_hysteresis_sends_nothing():
    made = Made(SingleMaker, SingleConfig(0, "symmetric", SIZE, care=Care(hysteresis=50)))
    made.do(("touch", 0, 10, 5))
    made.do(("deliver", 0, 0, 0))
    sent = len(made.events)
    assert {order.side for order in made.rig.trader.store.open.values()} == set(Side)
    for move in (4, -8, 12):
        made.do(("touch", move, 10, 5))
    assert len(made.events) == sent
    made.do(("touch", 70, 10, 5))
    assert len(made.events) > sent
