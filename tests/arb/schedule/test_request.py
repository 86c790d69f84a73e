"""What a person may ask of a schedule, and what comes of it in each world."""

import contextlib
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import checkpoint
from arb.command import CommandError, check, refusal
from arb.schedule.report import report, schedules
from arb.schedule.request import ACTS, EVENT, ScheduleRequestError, parse
from arb.strategy.spec import StrategySpec
from market.effects import EffectKind
from market.inputs import InputKind
from node import Node, NodeConfig
from tests.recorded_world import feed
from tests.trading_world import trading_config

KEYS = (("size", "0.5"), ("end_s", "6"), ("step_ms", "100"))
SPECS = (
    StrategySpec("twap", (), KEYS),
    StrategySpec("evening", (), (*KEYS, ("side", "sell")), "vwap"),
    StrategySpec("symmetric", (), (("size", "0.01"),)),
    StrategySpec("pov", ("BTC-USDT.NOWHERE",)),
)
INPUTS = 400
#: Trades nothing.
DESK = SimpleNamespace(worlds={}, waiting=[])


@pytest.fixture
def node():
    """A node that has worked two schedules for some seconds; a third has no instrument."""
    made = Node(NodeConfig(discover=True, trading=replace(trading_config(), strategies=SPECS)))
    for one in feed(7, 3)[:INPUTS]:
        made.handle(*one)
    return made


def ask(node, argument):
    """Return what was told of a request: (world, act, schedule, reason)."""
    return [
        (one.target, *one.fields)
        for one in node.handle(node.now, InputKind.COMMAND, "user", argument.encode(), "schedule")
        if one.kind is EffectKind.TRADING and one.subject == EVENT
    ]


def states(node, name="twap"):
    return [report(one[name]).state for one in held(node)]


def filled(node, name="twap"):
    return [one[name].filled for one in held(node)]


def held(node):
    return [schedules(world.trader) for world in node.desk.worlds.values()]


def go_on(node, inputs=300):
    at = node.inputs
    for one in [one for one in feed(7, 3) if one.ts_recv >= node.now][:inputs]:
        node.handle(*one)
    assert node.inputs > at


def test_a_schedule_is_paused_in_every_world_and_goes_on(node):
    assert states(node) == ["working"] * 3
    told = ask(node, "pause twap")
    assert told == [(world, "pause", "twap", "ok") for world in node.desk.worlds]
    go_on(node, 100)
    before = filled(node)
    go_on(node)
    assert states(node) == ["paused"] * 3
    assert filled(node) == before
    assert states(node, "evening") == ["working"] * 3
    ask(node, "resume twap")
    go_on(node)
    assert all(now > then for now, then in zip(filled(node), before, strict=True))


def test_one_world_may_be_meant_alone(node):
    assert ask(node, "cancel evening optimistic") == [("optimistic", "cancel", "evening", "ok")]
    go_on(node)
    assert sorted(states(node, "evening")) == ["cancelled", "working", "working"]


def test_what_is_over_stays_over_and_says_so(node):
    ask(node, "cancel twap")
    go_on(node)
    assert states(node) == ["cancelled"] * 3
    assert {told[3] for told in ask(node, "resume twap")} == {"over"}
    assert states(node) == ["cancelled"] * 3
    assert refusal(node.desk, "schedule", "resume twap") == "schedule 'twap' is over: cancelled"


def test_an_unknown_name_changes_nothing_and_is_told(node):
    assert {told[3] for told in ask(node, "pause other")} == {"unknown"}
    assert states(node) == ["working"] * 3


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("pause other", "no schedule 'other'; there are: twap, evening"),
        ("pause symmetric", "no schedule 'symmetric'; there are: twap, evening"),
        ("pause pov", "schedule 'pov' waits for its instrument"),
        ("pause twap mars", "no world 'mars'; there are: pessimistic, proportional, optimistic"),
        ("stop twap", "'stop': expected pause, resume, cancel"),
        ("pause", "pause: expected the name of a schedule"),
        ("", "'': expected pause, resume, cancel"),
        ("pause twap optimistic", ""),
        ("cancel evening", ""),
    ],
)
def test_a_refusal_says_what_there_is(node, argument, said):
    assert refusal(node.desk, "schedule", argument) == said


def test_words_that_ask_for_nothing_are_a_bad_command():
    for argument in ("", "pause", "stop twap"):
        with pytest.raises(CommandError):
            check("schedule", argument)


def test_a_checkpoint_keeps_what_was_paused_and_what_was_cancelled(node):
    ask(node, "pause twap")
    ask(node, "cancel evening optimistic")
    go_on(node, 50)
    again = checkpoint.load(checkpoint.dump(node))
    assert states(again) == states(node) == ["paused"] * 3
    assert states(again, "evening") == states(node, "evening")
    assert "cancelled" in states(again, "evening")
    for argument in ("resume twap", "pause evening"):
        assert ask(again, argument) == ask(node, argument)
    for one in [one for one in feed(7, 3) if one.ts_recv >= node.now][:200]:
        assert again.handle(*one) == list(node.handle(*one))
    assert int(again.digest) == int(node.digest)
    assert states(again, "evening") == states(node, "evening")


@given(st.text(max_size=300) | st.text("pausecnlrm twoid", max_size=40))
def test_any_words_are_refused_in_words_or_mean_one_of_the_acts(argument):
    said = refusal(DESK, "schedule", argument)
    assert said
    assert len(said) < 300
    with contextlib.suppress(ScheduleRequestError):
        asked = parse(argument)
        assert asked.act in ACTS
        assert asked.name
        assert f"{asked.act} {asked.name} {asked.world}".rstrip(" ") == argument.rstrip(" ")
