"""Equal inputs have equal digests, in any process; what differs is in the digest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from market.effects import Effect, EffectKind
from market.inputs import Input, InputKind
from node import Node, NodeConfig
from tests.node_world import (
    DEPTH_URL,
    FEEDS,
    START,
    World,
    advanced,
    book_ticker,
    depth_reply,
    diff,
    feed,
    l2,
    live_binance,
    needs_feeds,
    replayed,
)

ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = """
import sys
from cli.main import main
sys.exit(main(["replay", "--json", *sys.argv[1:]]))
"""


def digest_in_process(seed: str, *words: str) -> str:
    """Return the digest that a new process with this hash seed prints."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        check=True,
        text=True,
    )
    return next(line for line in done.stdout.splitlines() if '"digest"' in line)


@needs_feeds
def test_two_processes_with_different_hash_seeds_give_the_same_digest():
    spot = FEEDS / "binance-us-2021-04-17"
    words = [
        "--source",
        f"binance-us={','.join(str(path) for path in sorted(spot.glob('*.zst')))}",
        "--source",
        f"binance-usdm={feed('binance-usdm-2021-07')[0]}",
    ]
    assert digest_in_process("1", *words) == digest_in_process("4242", *words)


@needs_feeds
def test_replaying_twice_in_one_process_gives_the_same_digest():
    sets = ("binance-us", feed("binance-us-2021-10"))
    assert replayed(sets).digest.hex == replayed(sets).digest.hex


def story(size: str = "1.000") -> list[Input]:
    """Two venues with one edge between them; `size` is in the best bid of the last diff."""
    frames = [
        ("binance.ws.1", diff("BTCUSDT", 95, 101)),
        ("binance-us.ws.1", diff("BTCUSDT", 95, 101)),
    ]
    inputs = [
        Input(START, InputKind.OPEN, "binance.ws.1"),
        Input(START, InputKind.OPEN, "binance-us.ws.1"),
        *(Input(START + 1, InputKind.FRAME, source, data) for source, data in frames),
    ]
    for venue, bid, ask in (("binance", "110.00", "111.00"), ("binance-us", "100.00", "101.00")):
        body = depth_reply(100, [(bid, "1.000")], [(ask, "1.000")])
        url = DEPTH_URL.format("BTCUSDT")
        inputs.append(Input(START + 2, InputKind.REPLY, f"{venue}.rest", body, url, 200))
    last = diff("BTCUSDT", 102, 103, [("110.10", size)])
    return [*inputs, Input(START + 3, InputKind.FRAME, "binance.ws.1", last)]


def digests(inputs: list[Input]) -> list[str]:
    node = Node(NodeConfig(discover=True))
    out = []
    for item in inputs:
        node.handle(*item)
        out.append(node.digest.hex)
    return out


def test_one_changed_byte_of_one_input_changes_the_digest_from_there_on():
    plain, changed = digests(story()), digests(story("1.001"))
    assert plain[:-1] == changed[:-1]
    assert plain[-1] != changed[-1]


def test_each_market_input_moves_the_digest():
    """Book version and touch enter after every diff, snapshot, quote and trade."""
    world = World()
    source = live_binance(world, "BTCUSDT")
    seen = [world.node.digest.hex]
    for data in (
        diff("BTCUSDT", 102, 102, [("98.00", "1.000")]),
        book_ticker("BTCUSDT", 103, ("100.00", "2.000"), ("101.00", "1.000")),
        diff("BTCUSDT", 103, 103, [("100.00", "2.000")]),
    ):
        world.frame(source, data)
        seen.append(world.node.digest.hex)
    assert len(set(seen)) == len(seen)


def test_every_effect_but_a_log_line_enters_the_digest():
    node = Node()
    for kind in EffectKind:
        before = node.digest.hex
        node._emit(kind, "binance.ws.1", "subject", (1, "two"))
        assert (node.digest.hex != before) is (kind is not EffectKind.LOG)


def test_a_log_line_alone_leaves_the_digest_untouched():
    world = World()
    before = world.node.digest.hex
    effects = world.put(InputKind.COMMAND, "user", note="unheard of")
    assert [effect.kind for effect in effects] == [EffectKind.LOG]
    assert world.node.digest.hex == before


@pytest.mark.parametrize(
    "other",
    [
        Effect(EffectKind.SEND, "a", "b", (1, "2")),
        Effect(EffectKind.FETCH, "ab", "", (1, "2")),
        Effect(EffectKind.FETCH, "a", "b", ("1", "2")),
        Effect(EffectKind.FETCH, "a", "b", (1, "2", "")),
        Effect(EffectKind.FETCH, "a", "b", (1 << 70, "2")),
    ],
)
def test_different_effects_have_different_canonical_bytes(other):
    """Also amounts beyond 64 bits have some."""
    assert Effect(EffectKind.FETCH, "a", "b", (1, "2")).canonical() != other.canonical()


def test_the_order_of_books_is_that_of_their_first_data_not_of_a_hash():
    world = World()
    world.open("coinbase.ws.1")
    names = ["ZRX-USD", "AAVE-USD", "BTC-USD", "MKR-USD"]
    for number, name in enumerate(names):
        event = l2(name, "snapshot", [("1", "1")], [("2", "1")])
        world.frame("coinbase.ws.1", advanced(number, "l2_data", event))
    assert [one.native for one in world.node.instruments] == names
