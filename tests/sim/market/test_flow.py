"""The compiled agents against their plain twin, and what each kind does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.code import Kind
from engine.core import Engine
from engine.record import read_events
from engine.rules import BookRules
from sim.exchange.plain_tape import PlainTape
from sim.exchange.tape import Tape
from sim.market.agents import CREW, INFORMED, TAKERS, Agents, check
from sim.market.flow import Flow
from sim.market.plain_flow import PlainFlow
from tests.effort import examples


class Overheard:
    """An engine whose events are looked at on their way to the tape."""

    def __init__(self):
        self.engine = Engine()
        self.owners = {}
        self.trades = []

    def __getattr__(self, name):
        return getattr(self.engine, name)

    def drain(self):
        data = self.engine.drain()
        for event in read_events(data):
            if event.kind == Kind.ACCEPTED:
                self.owners[event.id] = event.other
            elif event.kind == Kind.TRADE:
                self.trades.append((event.id, event.other))
        return data


START = 1_700_000_000 * 10**9
AGENTS = Agents(
    rate=500_000,
    maker_weight=400,
    noise_weight=400,
    taker_weight=80,
    informed_weight=80,
    momentum_weight=40,
    excite=2000,
    fade_ms=100,
    spread=2,
    makers=3,
    layers=4,
    layer_gap=3,
    lean_lots=50,
    lean_max=5,
    levels=30,
    gap=2,
    curve=100,
    near=6,
    swell=50,
    lots=20,
    taker_lots=15,
    run=600,
    edge=2,
    chase=2,
)


def pair(agents, seed=7):
    """Return a compiled and a plain flow over an engine each, with the engine's reading."""
    made = []
    for flow_class, tape_class in ((Flow, Tape), (PlainFlow, PlainTape)):
        engine = Engine()
        for number, _ in enumerate(agents):
            engine.add_instrument(BookRules(base=number + 1, quote=0, base_unit=3))
        names = [f"X{number}" for number, _ in enumerate(agents)]
        zeros = [0] * len(names)
        tape = tape_class(engine, names, zeros, zeros)
        seeds = [seed + number for number, _ in enumerate(agents)]
        assets = [(number + 1, 3) for number, _ in enumerate(agents)]
        made.append((flow_class(engine, tape, agents, seeds, assets, 1), engine, tape))
    return made


@settings(max_examples=examples(0.16))
@given(
    seed=st.integers(0, 2**64 - 2),
    fairs=st.lists(st.integers(500, 520), min_size=1, max_size=4),
    changed=st.sampled_from(
        [{}, {"withdrawn": 1}, {"taker_side": 1}, {"maker_weight": 0, "levels": 9}, {"spread": 7}]
    ),
    state=st.sampled_from([0, 0, 1, 3]),
)
def test_both_twins_send_the_same_orders(seed, fairs, changed, state):
    agents = [AGENTS, AGENTS._replace(levels=5, makers=1, layers=1, near=50)]
    compiled, plain = pair(agents, seed)
    for flow, engine, _ in (compiled, plain):
        for listing in (0, 1):
            flow.set_fair(listing, 505, 505)
        flow.open(START)
        for step, fair in enumerate(fairs, 1):
            flow.set_fair(0, fair, fair + 3)
            flow.set_fair(1, fair, fair - 4)
            flow.run(START + step * 30_000_000)
            flow.set_agents(1, AGENTS._replace(**changed))
            engine.set_state(1, state)
    assert compiled[0].orders == plain[0].orders > 60
    assert compiled[2].take() == plain[2].take()
    assert compiled[1].state_hash() == plain[1].state_hash()


def test_what_is_sent_does_not_depend_on_the_steps():
    (whole, engine, _), _ = pair([AGENTS])
    (stepped, other, _), _ = pair([AGENTS])
    for flow in (whole, stepped):
        flow.set_fair(0, 500, 500)
        flow.open(START)
    whole.run(START + 10**9)
    for step in range(1, 101):
        stepped.run(START + step * 10**7)
    assert engine.state_hash() == other.state_hash()


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": 0},
        {"layers": 17},
        {"makers": 9},
        {"levels": 65_537},
        {"taker_side": 2},
        {"taker_side": -2},
        {"gap": 1 << 31},
        {"lots": 0},
        {"withdrawn": 2},
    ],
)
def test_agents_that_the_flow_cannot_hold_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        check(AGENTS._replace(**wrong))
    with pytest.raises(ValueError, match=next(iter(wrong))):
        pair([AGENTS._replace(**wrong)])


def test_agents_without_any_weight_are_refused():
    weights = ("maker", "noise", "taker", "informed", "momentum")
    with pytest.raises(ValueError, match="weight"):
        check(AGENTS._replace(**{f"{name}_weight": 0 for name in weights}))


def test_a_listing_that_is_not_there_is_refused():
    (flow, _, _), _ = pair([AGENTS])
    for call in (lambda: flow.set_fair(1, 5, 5), lambda: flow.set_agents(1, AGENTS)):
        with pytest.raises(IndexError):
            call()


def test_agents_never_trade_with_their_own_account():
    engine = Overheard()
    engine.add_instrument(BookRules(base=1, quote=0, base_unit=3))
    flow = PlainFlow(engine, PlainTape(engine, ["X"], [0], [0]), [AGENTS], [7], [(1, 3)], 1)
    flow.set_fair(0, 500, 500)
    flow.open(START)
    for step in range(1, 20):
        flow.set_fair(0, 500 + step % 7, 503 - step % 5)
        flow.run(START + step * 50_000_000)
    assert len(engine.trades) > 30
    assert all(engine.owners[maker] != engine.owners[taker] for maker, taker in engine.trades)
    kinds = {(engine.owners[taker] - 1) // CREW for _, taker in engine.trades}
    assert {TAKERS, INFORMED} <= kinds
