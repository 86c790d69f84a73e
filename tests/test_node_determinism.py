"""The contract of determinism, a line at a time."""

import ast
import builtins
import os
import random
import socket
import time
from pathlib import Path

import pytest

from connectors.recovery import TIMEOUT_NS
from market.effects import EffectKind
from market.inputs import Input, InputKind
from market.timers import Timers
from node import Node, NodeConfig
from replay.source import Recorded, merged
from tests.node_world import (
    SECOND,
    START,
    World,
    diff,
    feed,
    live_binance,
    needs_feeds,
    trade,
)

ROOT = Path(__file__).resolve().parents[1]


# --- time --------------------------------------------------------------------------------------


def test_node_time_is_the_larger_of_what_it_was_and_the_receive_time():
    node = Node()
    for ts, now in ((50, 50), (40, 50), (50, 50), (51, 51)):
        node.handle(ts, InputKind.TIMER, "node")
        assert node.now == now


def test_due_timers_fire_before_the_input_at_their_own_deadline_in_order_of_deadline_and_id():
    node = Node()
    fired = []
    node._on_timer = lambda timer: fired.append((timer.deadline_ns, timer.subject, node.now))
    for deadline, subject in ((30, "c"), (20, "a"), (20, "b"), (99, "never")):
        node.timers.set(deadline, "test", subject)
    node._handlers[InputKind.TIMER] = lambda *_: fired.append(("input", node.now))
    node.handle(30, InputKind.TIMER, "node")
    assert fired == [(20, "a", 20), (20, "b", 20), (30, "c", 30), ("input", 30)]
    assert len(node.timers) == 1


@pytest.mark.parametrize("kind", [InputKind.TIMER, InputKind.FRAME])
def test_a_timer_set_for_a_time_gone_by_fires_with_the_next_input_although_time_stands(kind):
    """A driver that wakes for it would wake for ever."""
    world = World()
    world.open("binance.ws.1")
    node, fired = world.node, []
    node._on_timer = lambda timer: fired.append((timer.subject, node.now))
    now = node.now
    node.timers.set(now - 5, "test", "late")
    node.handle(now, kind, "binance.ws.1", b"{}")
    assert fired == [("late", now)]


def test_a_recorded_timer_input_fires_what_is_due():
    """A reply that never came is given up by the passing of time alone."""
    world = World()
    world.open("binance.ws.1")
    world.frame("binance.ws.1", diff("BTCUSDT", 1, 2))
    assert len(world.of(EffectKind.FETCH)) == 1
    world.tick(TIMEOUT_NS)
    world.tick(SECOND)
    assert len(world.of(EffectKind.FETCH)) == 2


def test_timers_set_while_firing_fire_in_the_same_pass_when_due():
    timers = Timers()
    timers.set(10, "first", 1)
    assert timers.pop_due(20).name == "first"
    timers.set(15, "second", 2)
    assert timers.pop_due(20).name == "second"
    assert timers.pop_due(20) is None


def test_a_wall_clock_step_is_an_input_and_never_turns_node_time_back():
    world = World()
    world.tick(SECOND)
    before = world.node.now
    effects = list(
        world.node.handle(before - 5 * SECOND, InputKind.CLOCK, "clock", number=-5 * SECOND)
    )
    assert (world.node.now, world.node.clock_steps) == (before, 1)
    assert [(effect.subject, effect.fields) for effect in effects] == [
        ("clock_step", (-5 * SECOND,))
    ]


def test_a_command_is_an_input_and_its_decision_an_effect():
    world = World()
    live_binance(world, "BTCUSDT")
    effects = world.put(InputKind.COMMAND, "user", b"BTC-USDT.BINANCE", "resync")
    assert world.node.commands == 1
    assert world.book("BTC-USDT.BINANCE").reason_label == "audit"
    assert [effect.kind for effect in effects if effect.kind != EffectKind.LOG] == [
        EffectKind.FETCH
    ]


def test_sources_merge_by_receive_time_then_order_of_the_command_line_then_line(tmp_path):
    ws = ["1700000000000000000", "1700000001000000000"]
    for name, size in (("a", "1"), ("b", "2")):
        lines = [f"{ts} {trade('BTCUSDT', at, '1', size).decode()}" for at, ts in enumerate(ws)]
        (tmp_path / name).write_text("\n".join([*lines, lines[-1]]) + "\n")
    files = [Recorded("binance", [tmp_path / "a"]), Recorded("binance-us", [tmp_path / "b"])]
    order = [(item.ts_recv, item.source) for item in merged(files) if item.kind is InputKind.FRAME]
    first, second = map(int, ws)
    assert order == [
        (first, "binance.1"),
        (first, "binance-us.1"),
        (second, "binance.1"),
        (second, "binance.1"),
        (second, "binance-us.1"),
        (second, "binance-us.1"),
    ]


def test_effects_are_valid_until_the_next_input_and_never_grow_across_inputs():
    world = World()
    first = world.node.handle(START, InputKind.COMMAND, "user", note="a")
    kept = list(first)
    second = world.node.handle(START, InputKind.COMMAND, "user", note="b")
    assert first == kept
    assert [effect.fields for effect in second] == [("b",)]


# --- the node reads only its own memory ----------------------------------------------------------


@needs_feeds
def test_the_node_runs_without_clock_chance_environment_file_or_socket(monkeypatch):
    """Each of them raises while a recording is handled, and the result is the same."""
    inputs = list(merged([Recorded("binance-us", feed("binance-us-2021-10"))]))
    free = digest_of(inputs)

    def forbidden(*_: object, **__: object):
        raise AssertionError("the node reached outside its memory")

    with monkeypatch.context() as patch:
        for module, names in (
            (time, ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep")),
            (random, ("random", "randint", "getrandbits", "choice", "shuffle")),
            (os, ("urandom", "getenv", "open", "listdir", "stat")),
            (builtins, ("open", "input")),
        ):
            for name in names:
                patch.setattr(module, name, forbidden)
        patch.setattr(socket, "socket", forbidden)
        patch.setattr(type(os.environ), "__getitem__", forbidden)
        bound = digest_of(inputs)
    assert bound == free


def digest_of(inputs: list[Input]) -> str:
    node = Node(NodeConfig(discover=True))
    for item in inputs:
        node.handle(*item)
    node.finish()
    return node.digest.hex


#: What deterministic code may not name, and the modules that are at the edge by purpose.
FORBIDDEN_MODULES = {
    "time",
    "random",
    "socket",
    "uuid",
    "secrets",
    "threading",
    "asyncio",
    "tempfile",
}
FORBIDDEN_CALLS = {"open", "input", "id", "hash", "now", "utcnow", "today", "getenv", "urandom"}
AT_THE_EDGE = (
    "market/ccxt_rules.py",
    "market/ccxt_child.py",
    "market/shipped.py",
    "cache/l2_",
    "cache/client.py",
    "connectors/transport",
    *(
        f"connectors/testnet/{name}.py"
        for name in ("calls", "child", "door", "exchange", "guard", "lookout")
    ),
    "engine/door",
    "engine/bench",
)
ROOMS = ("market", "books", "cache", "engine", "arb", "connectors")


def deterministic_sources() -> list[Path]:
    found = [ROOT / "node.py"]
    for room in ROOMS:
        found += sorted((ROOT / room).rglob("*.py"))
    return [
        path
        for path in found
        if not path.relative_to(ROOT).as_posix().startswith(AT_THE_EDGE)
        and "transport" not in path.parts
    ]


def called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def is_set(node: ast.expr) -> bool:
    """Whether an expression is plainly a set: a display, a comprehension, set() or frozenset()."""
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    return isinstance(node, ast.Call) and called(node) in ("set", "frozenset")


def breaches(text: str) -> list[str]:
    """Return what in a source reaches outside the node's memory or depends on hash order."""
    out = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            out += [one.name for one in node.names if one.name.split(".")[0] in FORBIDDEN_MODULES]
        elif isinstance(node, ast.ImportFrom) and node.module == "uuid":
            # The type only spells a number; the functions of the module draw one.
            out += [f"uuid.{one.name}" for one in node.names if one.name != "UUID"]
        elif isinstance(node, ast.ImportFrom) and node.module:
            out += [node.module] * (node.module.split(".")[0] in FORBIDDEN_MODULES)
        elif isinstance(node, ast.Call) and called(node) in FORBIDDEN_CALLS:
            allowed = called(node) == "open" and isinstance(node.func, ast.Attribute)
            out += [] if allowed else [f"{called(node)}()"]
        elif isinstance(node, ast.Attribute) and node.attr == "environ":
            out.append("environ")
        loops = []
        if isinstance(node, ast.For):
            loops = [node.iter]
        elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp):
            loops = [one.iter for one in node.generators]
        out += ["iteration over a set" for one in loops if is_set(one)]
    return out


@pytest.mark.parametrize(
    "path", deterministic_sources(), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_a_deterministic_source_names_nothing_outside_and_iterates_over_no_set(path):
    assert breaches(path.read_text(encoding="utf-8")) == []


def test_compiled_sources_of_the_deterministic_rooms_import_nothing_outside():
    wrong = [
        (path.name, line)
        for room in ROOMS
        for pattern in ("*.pyx", "*.pxd")
        for path in (ROOT / room).rglob(pattern)
        if not path.relative_to(ROOT).as_posix().startswith(AT_THE_EDGE)
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.split()[:1] in (["import"], ["from"], ["cimport"])
        and line.split()[1].split(".")[0] in FORBIDDEN_MODULES | {"posix"}
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "from random import choice",
        "x = os.environ['A']",
        "datetime.now()",
        "with open('f'): pass",
        "for x in {1, 2}: pass",
        "[x for x in set(y)]",
    ],
)
def test_the_check_finds_each_kind_of_breach(text):
    assert len(breaches(text)) == 1


# --- floats never decide -------------------------------------------------------------------------

#: Functions of `arb` whose result is for people only.
REPORTING = {("edge.py", "look"), ("edge.py", "net_bps"), ("share.py", "share")}


def floats(path: Path) -> list[str]:
    """Return the functions of a source in which a float can arise."""
    out = []
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            division = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
            literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
            named = isinstance(node, ast.Name) and node.id == "float"
            if division or literal or named:
                out.append(function.name)
    return out


def test_no_float_arises_in_a_decision():
    found = {
        (path.name, name) for path in sorted((ROOT / "arb").glob("*.py")) for name in floats(path)
    }
    assert found == REPORTING


def test_what_reports_floats_is_called_by_no_decision():
    callers = [
        (path.name, called(node))
        for path in [ROOT / "node.py", *sorted((ROOT / "arb").glob("*.py"))]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and called(node) in {name for _, name in REPORTING}
    ]
    assert callers == []
