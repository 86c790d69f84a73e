"""Parquet files hold every event exactly, and pyarrow alone can read them."""

import json

import pytest
from hypothesis import given, settings

from market.grid import Grid
from replay.convert.errors import ConvertError, DamageError, DirectionError, Tolerance
from replay.convert.event import Event, EventKind
from tests.effort import examples

from .events import START, streams

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra `convert`)")
pq = pytest.importorskip("pyarrow.parquet")

from replay.convert.parquet import BOOK, KEY, QUOTES, TRADES, describe, schema  # noqa: E402
from replay.convert.parquet_in import ParquetSource  # noqa: E402
from replay.convert.parquet_out import ParquetWriter  # noqa: E402

EVENTS = [
    Event(
        EventKind.SNAPSHOT,
        "binance",
        "BTCUSDT",
        START,
        START - 5,
        (("100.5", "1"), ("100", "2.25")),
        (("101", "0.001"),),
    ),
    Event(
        EventKind.UPDATE,
        "binance",
        "BTCUSDT",
        START + 1,
        0,
        (("100.25", "0"),),
        (),
        first=7,
        last=2**62,
        prev=5,
    ),
    Event(EventKind.UPDATE, "binance", "BTCUSDT", START + 2, START, first=8, last=9),
    Event(EventKind.TRADE, "binance", "BTCUSDT", START + 2, 0, (("100.5", "3"),), (), "buy", "17"),
    Event(EventKind.QUOTE, "binance", "BTCUSDT", START + 3, 0, (("100", "0"),), (), last=11),
    Event(EventKind.LOST, "binance", "BTCUSDT", START + 4, 0, text="gap"),
]


def write(directory, events, numbers="text", grids=lambda venue, symbol: None) -> ParquetWriter:
    writer = ParquetWriter(directory, numbers, grids)
    for event in events:
        writer.take(event)
    writer.close()
    return writer


def read(directory, *, keep_going=False) -> list[Event]:
    return list(ParquetSource(directory, Tolerance(keep_going), lambda count: None).events())


@pytest.mark.parametrize("numbers", ["text", "ticks"])
def test_each_kind_of_event_comes_back_as_it_was(numbers, tmp_path):
    write(tmp_path, EVENTS, numbers)
    assert read(tmp_path) == EVENTS


@pytest.mark.parametrize("numbers", ["text", "ticks"])
@settings(max_examples=examples(0.25))
@given(events=streams())
def test_any_stream_comes_back_as_it_was_in_its_order(numbers, events, tmp_path_factory):
    directory = tmp_path_factory.mktemp("parquet")
    write(directory, events, numbers)
    assert read(directory) == events


def test_pyarrow_reads_the_documented_columns(tmp_path):
    write(tmp_path, EVENTS)
    book = pq.read_table(tmp_path / BOOK)
    assert book.schema.names == [
        *("seq", "venue", "symbol", "ts_recv", "ts_event", "kind", "side", "price", "size"),
        *("first_id", "last_id", "prev_id", "reason"),
    ]
    assert book["seq"].to_pylist() == [0, 0, 0, 1, 2, 5]
    assert book["price"].to_pylist() == ["100.5", "100", "101", "100.25", None, None]
    assert book["kind"].to_pylist() == ["snapshot"] * 3 + ["update"] * 2 + ["lost"]
    assert book["last_id"].to_pylist() == [None, None, None, 2**62, 9, None]
    assert book["reason"].to_pylist()[-1] == "gap"
    assert book["ts_recv"].cast("int64").to_pylist()[0] == START
    assert str(book.schema.field("ts_recv").type) == "timestamp[ns, tz=UTC]"
    assert pq.read_table(tmp_path / TRADES)["id"].to_pylist() == ["17"]
    quotes = pq.read_table(tmp_path / QUOTES)
    assert quotes["bid_price"].to_pylist() == ["100"]
    assert quotes["ask_price"].to_pylist() == [None]


def test_ticks_are_worth_what_the_metadata_say_and_a_finer_value_makes_a_finer_grid(tmp_path):
    grids = {("binance", "BTCUSDT"): (Grid(1, 5), Grid(0))}
    write(tmp_path, EVENTS, "ticks", lambda *key: grids.get(key))
    table = pq.read_table(tmp_path / BOOK)
    told = json.loads(pq.read_metadata(tmp_path / BOOK).metadata[KEY])
    assert told["numbers"] == "ticks"
    assert [(one["price"], one["size"]) for one in told["grids"]] == [
        ("0.5", "0.001"),
        ("0.25", "0.001"),
    ]
    assert table["grid"].to_pylist() == [0, 0, 0, 1, 1, 1]
    assert table["price"].to_pylist() == [201, 200, 202, 401, None, None]
    assert table["size"].to_pylist() == [1000, 2250, 1, 0, None, None]


def test_a_number_that_no_grid_can_hold_is_refused(tmp_path):
    huge = EVENTS[0]._replace(bids=(("1" * 30, "1"),))
    with pytest.raises(ConvertError, match="BTCUSDT"):
        write(tmp_path, [huge], "ticks")


def test_more_rows_than_a_row_group_are_read_back_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr("replay.convert.parquet_out.ROWS", 7)
    monkeypatch.setattr("replay.convert.parquet_in.ROWS", 5)
    events = [
        EVENTS[3]._replace(ts_recv=START + at, text=str(at))
        if at % 3
        else EVENTS[0]._replace(ts_recv=START + at)
        for at in range(60)
    ]
    writer = write(tmp_path, events)
    assert writer.rows == {BOOK: 60, TRADES: 40, QUOTES: 0}
    assert pq.ParquetFile(tmp_path / BOOK).num_row_groups > 5
    assert read(tmp_path) == events


def test_files_of_others_are_refused_by_name(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / BOOK)
    with pytest.raises(DirectionError, match="no file of crossquote-events"):
        read(tmp_path)
    metadata = {key: text.encode() for key, text in describe("text", []).items()}
    table = pa.table({"seq": pa.array([1], pa.int64())}).replace_schema_metadata(metadata)
    pq.write_table(table, tmp_path / BOOK)
    with pytest.raises(DirectionError, match="no column"):
        read(tmp_path)
    (tmp_path / BOOK).unlink()
    with pytest.raises(DirectionError, match="none of"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"price": "abc"}, "not a number"),
        ({"price": None}, "expected string"),
        ({"kind": "other"}, "'other'"),
        ({"side": "middle"}, "'middle'"),
        ({"ts_recv": -1}, "a time before 1970"),
        ({"seq": -5}, "seq goes back"),
        ({"venue": ""}, "no venue"),
    ],
)
def test_a_bad_row_is_damage_that_names_it(change, message, tmp_path):
    row = {"seq": 1, "venue": "binance", "symbol": "BTCUSDT", "ts_recv": START, "ts_event": None}
    row |= {"kind": "snapshot", "side": "bid", "price": "1", "size": "1"}
    row |= dict.fromkeys(("first_id", "last_id", "prev_id", "reason"))
    form = schema(BOOK, "text")
    form = form.with_metadata({key: text.encode() for key, text in describe("text", []).items()})
    rows = [row, {**row, "seq": 2} | change]
    columns = [pa.array([one[field.name] for one in rows], field.type) for field in form]
    pq.write_table(pa.Table.from_arrays(columns, schema=form), tmp_path / BOOK)
    with pytest.raises(DamageError, match=f"book.parquet: row 2: .*{message}"):
        read(tmp_path)
    assert len(read(tmp_path, keep_going=True)) == 1
