"""A node from a checkpoint goes on exactly as the node that it was taken of."""

import json
import re
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import checkpoint
from arb.pairs import Pair
from books.audit_plan import AuditConfig
from checkpoint import CheckpointError, UnknownStateError, UnsupportedCheckpointError
from cli.report import report
from connectors.venue import VenueConfig
from market.inputs import Input, InputKind
from node import Node, NodeConfig
from tests.effort import examples
from tests.recorded_world import feed, fresh_node

ROOT = Path(__file__).parents[1]


def faulty(inputs, faults) -> list[Input]:
    """Return the inputs with faults, each (place, kind): what networks and venues do."""
    out = list(inputs)
    for place, kind in sorted(faults, reverse=True):
        at = place % len(out)
        one = out[at]
        if kind == "drop":
            del out[at]
        elif kind == "repeat":
            out.insert(at, one)
        elif kind == "swap" and at + 1 < len(out):
            out[at], out[at + 1] = out[at + 1], one._replace(ts_recv=out[at + 1].ts_recv)
        elif kind == "cut":
            out[at] = one._replace(data=one.data[: len(one.data) // 2])
        elif kind == "finer":
            out[at] = one._replace(data=re.sub(rb'(\d\.\d+)"', rb'\g<1>00001"', one.data, count=1))
        elif kind == "error":
            reply = Input(one.ts_recv, InputKind.REPLY, "binance.rest", b"{}", "/depth?symbol=X")
            out.insert(at, reply._replace(number=429))
        elif kind in ("close", "open"):
            what = InputKind.CLOSE if kind == "close" else InputKind.OPEN
            if one.kind is InputKind.FRAME:
                out.insert(at, Input(one.ts_recv, what, one.source, note=kind))
        elif kind == "late":
            out[at:] = [one._replace(ts_recv=one.ts_recv + 11 * 10**9) for one in out[at:]]
    return out


def goes_on_alike(inputs, at) -> None:
    """Check the law for one prefix."""
    whole = fresh_node()
    for one in inputs[:at]:
        whole.handle(*one)
    image = checkpoint.dump(whole)
    again = checkpoint.load(image)
    assert checkpoint.dump(again) == image
    for one in inputs[at:]:
        effects = list(whole.handle(*one))
        assert again.handle(*one) == effects
        assert int(again.digest) == int(whole.digest)
    assert checkpoint.state_hash(again) == checkpoint.state_hash(whole)
    for node in (whole, again):
        node.finish()
    assert report(again, 1, 1.0) == report(whole, 1, 1.0)


@pytest.mark.parametrize("part", range(7))
def test_a_node_from_a_checkpoint_gives_the_same_digests_and_the_same_report(part):
    inputs = feed()
    goes_on_alike(inputs, len(inputs) * part // 6)


FAULTS = ("drop", "repeat", "swap", "cut", "finer", "error", "close", "open", "late")


@settings(max_examples=examples(0.4))
@given(
    faults=st.lists(st.tuples(st.integers(0, 1400), st.sampled_from(FAULTS)), max_size=12),
    at=st.integers(0, 1400),
)
def test_the_law_holds_for_any_prefix_of_a_feed_with_faults(faults, at):
    goes_on_alike(faulty(feed(4, 5)[:1400], faults), at)


def test_the_generated_feed_opens_and_values_entries_so_that_the_law_means_something():
    node = fresh_node()
    most_open = most_timers = 0
    for one in feed():
        node.handle(*one)
        most_open = max(most_open, len(node.ledger.open))
        most_timers = max(most_timers, len(node.timers))
    assert most_open > 1
    assert most_timers > 5
    assert {rule.label for _, rule in node.ledger.totals} >= {"observe only", "fees"}
    assert any(total.outcomes for total in node.ledger.totals.values())
    assert all(book.live for book in node.books)


def test_what_a_node_was_told_of_its_venues_and_pairs_goes_with_it():
    config = NodeConfig(
        venues={"binance": VenueConfig(7, 8, 5000), "coinbase": VenueConfig(9, 10, 50)},
        pairs=(Pair("BTC-USDT.BINANCE", "BTC-USD.COINBASE", "USDT-USD.COINBASE"),),
        audits=AuditConfig(spacing_by_venue={"binance": 11}),
    )
    node = Node(config)
    for name, venue in (("BTC-USDT", "binance"), ("BTC-USD", "coinbase")):
        node.watch(node.catalog.find(name, venue), f"{venue}.ws.1")
    again = checkpoint.load(checkpoint.dump(node))
    assert again.config == config
    assert again.l1.dump() == node.l1.dump()
    for one in (node, again):
        assert "limit=5000" in one.links["binance.ws.1"].venue.snapshot_path("X")
        one.watch(one.catalog.find("USDT-USD", "coinbase"), "coinbase.ws.1")
        one.watch(one.catalog.find("BTC-USDT", "coinbase"), "coinbase.ws.1")
        assert len(one.edges) == 1


def test_a_waiting_book_keeps_its_buffer():
    node = fresh_node()
    for one in feed():
        node.handle(*one)
        if any(book.buffered > 2 for book in node.books):
            break
    again = checkpoint.load(checkpoint.dump(node))
    assert [book.buffered for book in again.books] == [book.buffered for book in node.books]
    assert max(book.buffered for book in again.books) > 2


def test_looking_at_a_report_does_not_change_the_state():
    node = fresh_node()
    for one in feed()[:900]:
        node.handle(*one)
    before = checkpoint.state_hash(node)
    report(node, 1, 1.0)
    assert checkpoint.state_hash(node) == before


def test_what_a_driver_empties_is_no_state():
    node = fresh_node()
    for one in feed()[:900]:
        node.handle(*one)
    before = checkpoint.state_hash(node)
    assert node.touched
    node.touched.clear()
    assert checkpoint.state_hash(node) == before


def test_a_checkpoint_says_what_made_it_and_when():
    node = fresh_node()
    for one in feed()[:50]:
        node.handle(*one)
    told = checkpoint.describe(checkpoint.dump(node))
    assert told.now == node.now
    assert told.build == checkpoint.build()
    assert told.state_hash == checkpoint.state_hash(node)
    assert str(told.build).startswith(told.build.version)


def test_another_version_is_named():
    ours = b'"version":%d' % checkpoint.VERSION
    image = checkpoint.dump(fresh_node()).replace(ours, b'"version":7', 1)
    for read in (checkpoint.load, checkpoint.describe):
        with pytest.raises(UnsupportedCheckpointError, match="version 7"):
            read(image)


def test_a_changed_state_is_refused_by_its_hash():
    image = checkpoint.dump(fresh_node())
    with pytest.raises(CheckpointError, match="hash"):
        checkpoint.load(image.replace(b'"clock_steps":0', b'"clock_steps":1'))


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"format":"other"}', b"\xff", b"[" * 9999])
def test_what_is_no_checkpoint_is_refused(data):
    for read in (checkpoint.load, checkpoint.describe):
        with pytest.raises(CheckpointError):
            read(data)


def started():
    """Return a node with connections and books."""
    node = fresh_node()
    for one in feed()[:50]:
        node.handle(*one)
    return node


def forged(change) -> bytes:
    """Return a checkpoint whose hash is right and whose state is not."""
    line, _, rest = checkpoint.dump(started()).partition(b"\n")
    head = json.loads(line)
    state, levels = json.loads(rest[: head["state_bytes"]]), rest[head["state_bytes"] :]
    change(state)
    text = orjson.dumps(state)
    head["state_bytes"], head["state_hash"] = len(text), checkpoint._hash(text, levels)
    return orjson.dumps(head) + b"\n" + text + levels


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.pop("has"),
        lambda state: state["has"].update(links={"is": "Path", "no": 99, "has": {}}),
        lambda state: state["has"].update(links={"enum": "Catalog", "value": 1}),
        lambda state: state["parts"].update(now=5),
        lambda state: state["filled"].update(digest={"int": str(1 << 64)}),
        lambda state: state["catalog"]["entries"].append([None, ["binance", "NONE"], True, 0]),
        lambda state: state["catalog"]["shipped"].append(["binance"]),
        lambda state: a_book(state)["state"].update(bids=[0, 1 << 40]),
        lambda state: a_book(state)["state"].update(bids=[-1, 1]),
        lambda state: a_book(state)["state"].update(asks=[1 << 40, 0]),
        lambda state: state["filled"]["l1"].update(
            rows=[[0] * 8 + [5, False]], links=[[0, 0, 1, 1]]
        ),
    ],
)
def test_a_forged_state_is_an_error_and_never_code_or_memory(change):
    with pytest.raises(CheckpointError):
        checkpoint.load(forged(change))


def a_book(state):
    """Return the first book of a state."""
    return state["has"]["books"][0]


def test_whatever_is_cut_off_is_refused():
    image = checkpoint.dump(fresh_node())
    for length in (len(image) - 1, len(image) // 2, image.index(b"\n") + 1):
        with pytest.raises(CheckpointError):
            checkpoint.load(image[:length])


def test_numbers_and_text_of_any_kind_come_back():
    node = started()
    link = next(iter(node.links.values()))
    link.detail = "lone \udcff, é, \x00"
    link.frames = -(1 << 200)
    again = checkpoint.load(checkpoint.dump(node))
    found = again.links[link.name]
    assert (found.detail, found.frames) == (link.detail, link.frames)
    assert checkpoint.dump(again) == checkpoint.dump(node)


def test_state_of_an_unknown_class_is_an_error_and_not_left_out():
    node = fresh_node()
    node.surprise = object()
    with pytest.raises(UnknownStateError, match=r"builtins\.object"):
        checkpoint.dump(node)


def test_a_list_held_in_two_places_is_an_error():
    node = fresh_node()
    node.first = node.second = []
    with pytest.raises(UnknownStateError, match="share"):
        checkpoint.dump(node)
