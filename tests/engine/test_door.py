"""The door: what is a valid line, and how numbers and events read."""

import io
import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli import main
from cli.engine import read_lines
from engine.core import Engine
from engine.door import LINE_CHARS_MAX, Door
from engine.naive import NaiveEngine

FIRST = '{"op":"instrument","tick":"0.01","lot":"0.001"}'


def fresh(kind=Engine):
    door = Door(kind())
    assert door.feed(FIRST) == []
    return door


def feed(door, **fields):
    return [json.loads(line) for line in door.feed(json.dumps(fields))]


def test_events_have_exactly_the_documented_fields():
    door = fresh()
    order = {"op": "new", "account": "A", "side": "buy", "price": "10.50", "qty": "1.500"}
    assert feed(door, id="a", **order) == [{"event": "accepted", "id": "a"}]
    assert feed(door, id="a", **order) == [
        {"event": "rejected", "id": "a", "reason": "duplicate_id", "code": 7}
    ]
    assert feed(door, op="new", id="b", side="sell", price="10.4", qty="0.5")[1:] == [
        {"event": "trade", "maker": "a", "taker": "b", "price": "10.5", "qty": "0.5"}
    ]
    assert feed(door, op="depth") == [{"event": "depth", "bids": [["10.5", "1", 1]], "asks": []}]
    assert feed(door, op="replace", id="a", qty="0.75") == [
        {"event": "replaced", "id": "a", "price": "10.5", "qty": "0.75"}
    ]
    assert feed(door, op="cancel", id="a") == [
        {"event": "canceled", "id": "a", "remaining": "0.75"}
    ]


BAD_LINES = [
    "nonsense",
    "[]",
    "17",
    "null",
    "{}",
    '{"op":"fly"}',
    '{"op":["new"]}',
    '{"op":"new","side":"buy","qty":"1","price":"1"}',
    '{"op":"new","id":7,"side":"buy","qty":"1","price":"1"}',
    '{"op":"new","id":"a","side":"long","qty":"1","price":"1"}',
    '{"op":"new","id":"a","side":"buy","qty":"1","price":"1","colour":"red"}',
    '{"op":"new","id":"a","side":"buy","qty":"1","price":"1","post_only":"yes"}',
    '{"op":"new","id":"a","side":"buy","qty":"1","price":"1","tif":"GTD","expire_at_ns":"x"}',
    '{"op":"new","id":"a","side":"buy","qty":NaN,"price":"1"}',
    '{"op":"cancel"}',
    '{"op":"deposit","account":"A","asset":"gold","amount":"1"}',
    '{"op":"deposit","account":"A","asset":"base","amount":"0.0001"}',
    '{"op":"deposit","account":"A","asset":"base","amount":"1e30"}',
    '{"op":"time","at_ns":-1}',
    '{"op":"time","at_ns":1.5}',
    '{"op":"state","state":"ajar"}',
    FIRST,
    "[" * 60_000,
    "9" * 5_000,
    '{"op":"cancel","id":"' + "x" * LINE_CHARS_MAX + '"}',
]


@pytest.mark.parametrize("line", BAD_LINES, ids=lambda line: line[:40])
def test_a_line_that_is_not_valid_gets_an_error_with_its_number_and_changes_nothing(line):
    door = fresh()
    before = door._engine.state_hash()
    (event,) = (json.loads(text) for text in door.feed(line))
    assert (event["event"], event["line"]) == ("error", 2)
    assert door._engine.state_hash() == before
    assert feed(door, op="depth") == [{"event": "depth", "bids": [], "asks": []}]


BAD_INSTRUMENTS = [
    {},
    {"tick": "0", "lot": "1"},
    {"tick": "1", "lot": "-1"},
    {"tick": "x", "lot": "1"},
    {"tick": "1", "lot": "1", "allocation": "lottery"},
    {"tick": "1", "lot": "1", "collar": "1"},
    {"tick": "1", "lot": "1", "halt_band": "-0.1"},
    {"tick": "1", "lot": "1", "maker_fee": "0.6"},
    {"tick": "1", "lot": "1", "maker_fee": "0.000000001"},
    {"tick": "1", "lot": "2", "min_share": "3"},
    {"tick": "1", "lot": "1", "top_order": 1},
]


@pytest.mark.parametrize("fields", BAD_INSTRUMENTS, ids=str)
def test_an_instrument_that_is_not_valid_is_an_error_and_may_be_tried_again(fields):
    door = Door(Engine())
    assert feed(door, op="instrument", **fields)[0]["event"] == "error"
    assert feed(door, op="depth")[0]["event"] == "error"
    assert door.feed(FIRST) == []


def test_null_is_left_out_and_a_blank_line_is_skipped_but_counted():
    door = fresh()
    assert door.feed("  \n") == []
    assert feed(door, op="new", id="a", side="buy", price="1", qty="1", tif=None, stp=None) == [
        {"event": "accepted", "id": "a"}
    ]
    assert feed(door, op="?")[0]["line"] == 4


def test_a_json_number_is_read_exactly():
    door = fresh()
    door.feed('{"op":"new","id":"a","side":"buy","price":0.29,"qty":3}')
    assert feed(door, op="depth")[0]["bids"] == [["0.29", "3", 1]]


@pytest.mark.parametrize("text", ["1e400", "1_0", " 1", "", "+-1", "Infinity", "9" * 41, True, []])
def test_an_unreadable_quantity_is_a_bad_quantity(text):
    (event,) = feed(fresh(), op="new", id="a", side="buy", price="1", qty=text)
    assert event["reason"] == "bad_qty"


def test_large_whole_numbers_keep_their_zeros():
    door = Door(Engine())
    door.feed('{"op":"instrument","tick":"100","lot":"1E+2"}')
    feed(door, op="new", id="a", side="buy", price="1200", qty="300")
    assert feed(door, op="depth")[0]["bids"] == [["1200", "300", 1]]


def test_texts_of_closed_orders_are_forgotten():
    """A long session holds only the texts of open orders."""
    door = fresh()
    for number in range(50):
        feed(door, op="new", id=f"o{number}", side="buy", price="1", qty="1")
        feed(door, op="cancel", id=f"o{number}")
        feed(door, op="cancel", id=f"never{number}")
        feed(door, op="new", id=f"bad{number}", side="buy", price="1", qty="0")
    assert door._names == {}
    assert door._numbers == {}


@given(st.lists(st.text(max_size=60), max_size=10))
@settings(max_examples=100, deadline=None)
def test_any_text_gives_an_error_or_nothing(lines):
    door = fresh()
    for line in lines:
        for event in door.feed(line):
            assert json.loads(event)["event"] == "error"


@pytest.mark.parametrize("kind", [Engine, NaiveEngine])
def test_both_twins_serve_the_door(kind):
    door = fresh(kind)
    assert feed(door, op="new", id="a", side="buy", type="market", qty="1") == [
        {"event": "accepted", "id": "a"},
        {"event": "expired", "id": "a", "remaining": "1"},
    ]


def test_the_verb_reads_standard_input_to_its_end(monkeypatch, capsys):
    lines = f'{FIRST}\n\xff\n{{"op":"depth"}}'.encode("latin-1")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert main.main(["engine"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["error", "depth"]


def test_a_line_far_too_long_is_one_error_and_the_next_line_is_read():
    data = b"x" * (20 * LINE_CHARS_MAX) + b"\n" + FIRST.encode() + b"\n"
    first, second = read_lines(io.BytesIO(data))
    door = Door(Engine())
    assert json.loads(door.feed(first)[0])["line"] == 1
    assert door.feed(second) == []
