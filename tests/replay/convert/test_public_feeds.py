"""Recorded feeds come back from a native recording byte for byte, and replay to the same books."""

import json
from itertools import islice

import pytest

import checkpoint
from cli.main import main
from replay.convert.errors import Tolerance
from replay.convert.native import NativeSource
from replay.lines import chunks, split
from replay.native import Replay
from replay.native_reader import Recording
from tests.node_world import feed, needs_feeds

from .rig import books_of, converted, replayed, text_of

pytestmark = needs_feeds

#: One set of each layout, and those with more than one file or connection.
SETS = [
    ("binance", "binance-spot-2021-04-04"),
    ("binance", "binance-spot-2021-08"),
    ("binance-us", "binance-us-2021-10"),
    ("binance-us", "binance-us-2021-04-17"),
    ("binance-usdm", "binance-usdm-2021-07"),
    ("coinbase", "coinbase-advanced-2026-08"),
    ("coinbase-exchange", "coinbase-exchange-2021-04"),
]


def node_of(recording):
    """Return the node that a verified replay of a recording ends with."""
    done = Replay(Recording(recording), checkpoint, verify=True).run()
    assert done.problems == []
    assert done.difference is None
    assert done.verified == done.inputs > 0
    return done.node


@pytest.mark.parametrize(("venue", "name"), SETS, ids=[row[1] for row in SETS])
def test_a_set_comes_back_byte_for_byte_and_verifies_in_between(venue, name, tmp_path, capsys):
    paths = feed(name)
    source = f"{venue}={','.join(map(str, paths))}"
    made = converted(capsys, source, "--to", "native", tmp_path / "native")
    node = node_of(tmp_path / "native")
    assert made["digest"] == node.digest.hex
    assert books_of(node) == books_of(replayed(venue, *paths))
    converted(capsys, tmp_path / "native", "--to", "public", tmp_path / "back")
    for path in paths:
        assert text_of(tmp_path / "back" / path.name) == text_of(path)


@pytest.mark.parametrize("unit", ["ns", "us"])
def test_form_a_comes_back_byte_for_byte_with_times_in_either_unit(unit, tmp_path, capsys):
    name = "binance-spot-2024-08" if unit == "ns" else "binance-spot-2023-04"
    path = tmp_path / "some.gz.txt"
    rows = islice(split(chunks(feed(name)[0]), name), 3000)
    path.write_bytes(b"".join(row + b"\n" for row in rows))
    converted(capsys, f"binance={path}", "--to", "native", tmp_path / "native")
    converted(capsys, tmp_path / "native", "--to", "public", tmp_path / "back")
    assert (tmp_path / "back" / path.name).read_bytes() == path.read_bytes()
    # Without its layout the recording still gives the same lines, with the time in ns.
    converted(capsys, tmp_path / "native", "--to", "form-a", tmp_path / "a.txt")
    if unit == "ns":
        assert (tmp_path / "a.txt").read_bytes() == path.read_bytes()
    assert books_of(replayed("binance", tmp_path / "a.txt")) == books_of(replayed("binance", path))


@pytest.mark.parametrize(("venue", "name"), SETS, ids=[row[1] for row in SETS])
def test_form_c_holds_the_inputs_of_every_set(venue, name, tmp_path, capsys):
    """A recording written as form C replays to the same books, whatever it came from."""
    source = f"{venue}={','.join(map(str, feed(name)))}"
    out = tmp_path / "out.jsonl.zst"
    made = converted(capsys, source, "--to", "form-c", out)
    assert made["left_out"] == {}
    assert books_of(replayed(venue, out)) == books_of(replayed(venue, *feed(name)))


def test_two_venues_go_into_one_recording_and_come_back_as_two_files(tmp_path, capsys):
    usdm, us = feed("binance-usdm-2021-07")[0], feed("binance-us-2021-10")[0]
    words = [f"binance-usdm={usdm}", "--with", f"binance-us={us}"]
    converted(capsys, *words, "--to", "native", tmp_path / "native")
    node_of(tmp_path / "native")
    converted(capsys, tmp_path / "native", "--to", "public", tmp_path / "back")
    for path in (usdm, us):
        assert text_of(tmp_path / "back" / path.name) == text_of(path)
    out = tmp_path / "one.jsonl"
    made = converted(capsys, tmp_path / "native", "--venue", "binance-us", "--to", "form-c", out)
    native = NativeSource(tmp_path / "native", Tolerance(), lambda count: None)
    wanted = [item for item in native.inputs() if item.source.startswith("binance-us.")]
    assert made["lines"] == len(wanted) + 1
    assert books_of(replayed("binance-us", out)) == books_of(replayed("binance-us", us))


def test_the_verb_replay_verifies_what_was_converted(tmp_path, capsys):
    words = [f"binance-us={feed('binance-us-2021-10')[0]}", "--to", "native"]
    made = converted(capsys, *words, tmp_path / "native")
    assert main(["replay", str(tmp_path / "native"), "--verify", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verified"] == told["inputs"] == made["inputs"]
