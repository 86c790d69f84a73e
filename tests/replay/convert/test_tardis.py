"""Tardis' CSV files: columns and rules as Tardis documents them, in both directions."""

import gzip

import pytest
from hypothesis import given, settings

from replay.convert.book import EventBook, EventBooks
from replay.convert.errors import DamageError, DirectionError, Tolerance
from replay.convert.event import Event, EventKind
from replay.convert.tardis import BOOK, DEFAULT_TYPES, columns, depth_of, type_of
from replay.convert.tardis_in import TardisSource
from replay.convert.tardis_out import TardisWriter
from tests.effort import examples

from .events import START, streams

DAY_NS = 86_400 * 10**9
MIDNIGHT = START // DAY_NS * DAY_NS + DAY_NS


def write(directory, events, types=DEFAULT_TYPES) -> TardisWriter:
    directory.mkdir(exist_ok=True)
    writer = TardisWriter(directory, types)
    for event in events:
        writer.take(event)
    writer.close()
    return writer


def read(path, *, keep_going=False) -> list[Event]:
    return list(TardisSource(path, Tolerance(keep_going), lambda count: None).events())


def rows(path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def sheet(tmp_path, data_type, *lines, name="x.csv"):
    path = tmp_path / name
    path.write_text("\n".join([",".join(columns(data_type)), *lines]) + "\n")
    return path


def snapshot(ts, bids=(), asks=()) -> Event:
    return Event(EventKind.SNAPSHOT, "binance", "BTCUSDT", ts, ts - 1000, bids, asks)


def update(ts, bids=(), asks=()) -> Event:
    return Event(EventKind.UPDATE, "binance", "BTCUSDT", ts, ts - 1000, bids, asks)


def test_the_columns_are_those_that_tardis_documents():
    assert ",".join(columns(BOOK)) == (
        "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
    )
    assert ",".join(columns("trades")) == (
        "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
    )
    touch = "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount"
    assert ",".join(columns("quotes")) == ",".join(columns("book_ticker")) == touch
    assert columns("book_snapshot_2")[4:] == (
        *("asks[0].price", "asks[0].amount", "bids[0].price", "bids[0].amount"),
        *("asks[1].price", "asks[1].amount", "bids[1].price", "bids[1].amount"),
    )
    assert depth_of("book_snapshot_25") == 25


@pytest.mark.parametrize("name", ["book_snapshot_0", "book_snapshot_9999", "liquidations", ""])
def test_an_unknown_data_type_is_refused_by_name(name, tmp_path):
    with pytest.raises(DirectionError, match="no data type"):
        TardisWriter(tmp_path, (name,))


def test_best_quotes_and_quotes_are_told_apart_by_the_files_name():
    assert type_of(columns("quotes"), "binance_quotes_2024-08-08_BTCUSDT.csv.gz") == "quotes"
    assert type_of(columns("quotes"), "binance_book_ticker_2024-08-08_X.csv.gz") == "book_ticker"


def test_times_are_microseconds_and_a_missing_venue_time_is_the_arrival(tmp_path):
    event = Event(EventKind.TRADE, "binance-usdm", "BTCUSDT", 1_700_000_000_123_456_789, 0)
    event = event._replace(bids=(("61000.5", "0.02"),), side="sell", text="77")
    writer = write(tmp_path, [event, event._replace(ts_event=1_700_000_000_123_000_000)])
    assert writer.files == ["binance-futures_trades_2023-11-14_BTCUSDT.csv.gz"]
    assert rows(tmp_path / writer.files[0])[1:] == [
        "binance-futures,BTCUSDT,1700000000123456,1700000000123456,77,sell,61000.5,0.02",
        "binance-futures,BTCUSDT,1700000000123000,1700000000123456,77,sell,61000.5,0.02",
    ]
    assert [one.ts_event for one in read(tmp_path)] == [0, 1_700_000_000_123_000_000]


def test_a_snapshot_behind_a_snapshot_takes_away_what_it_no_longer_has(tmp_path):
    """By Tardis' rule the second one voids nothing; a reader that follows it has the new book."""
    events = [
        snapshot(START, (("100", "1"), ("99", "1")), (("101", "1"),)),
        snapshot(START + 10**6, (("100", "2"),), (("102", "1"),)),
    ]
    writer = write(tmp_path, events)
    told = [row.split(",")[4:] for row in rows(tmp_path / writer.files[0])[1:]]
    assert told == [
        ["true", "bid", "100", "1"],
        ["true", "bid", "99", "1"],
        ["true", "ask", "101", "1"],
        ["false", "bid", "99", "0"],
        ["false", "ask", "101", "0"],
        ["true", "bid", "100", "2"],
        ["true", "ask", "102", "1"],
    ]
    book = EventBook()
    for event in read(tmp_path):
        book.take(event)
    assert book.levels() == (events[1].bids, events[1].asks)


def test_each_day_has_a_file_that_begins_with_the_whole_book(tmp_path):
    events = [
        snapshot(MIDNIGHT - 2000, (("100", "1"),), (("101", "1"),)),
        update(MIDNIGHT + 5000, (("100", "3"),)),
        update(MIDNIGHT + 3 * DAY_NS, (("99", "1"),)),
    ]
    writer = write(tmp_path, events)
    assert [name.split("_")[4] for name in writer.files] == [
        "2023-11-14",
        "2023-11-15",
        "2023-11-18",
    ]
    second = [row.split(",")[3:] for row in rows(tmp_path / writer.files[1])[1:]]
    local = str((MIDNIGHT + 5000) // 1000)
    assert second == [
        [local, "true", "bid", "100", "1"],
        [local, "true", "ask", "101", "1"],
        [local, "false", "bid", "100", "3"],
    ]
    alone = EventBook()
    for event in read(tmp_path / writer.files[2]):
        alone.take(event)
    assert alone.levels() == ((("100", "3"), ("99", "1")), (("101", "1"),))


def test_ladders_and_quotes_have_a_row_when_a_best_level_changed(tmp_path):
    events = [
        snapshot(START, (("100", "1"), ("99", "1")), (("101", "1"),)),
        update(START + 1000, (("98", "5"),)),
        update(START + 2000, (("99", "2"),)),
        update(START + 3000, (("100", "0"),)),
    ]
    writer = write(tmp_path, events, ("quotes", "book_snapshot_2"))
    told = {name.split("_2023")[0]: rows(tmp_path / name)[1:] for name in writer.files}
    assert [row.split(",", 4)[4] for row in told["binance_quotes"]] == [
        "1,101,100,1",
        "1,101,99,2",
    ]
    assert [row.split(",", 4)[4] for row in told["binance_book_snapshot_2"]] == [
        "101,1,100,1,,,99,1",
        "101,1,100,1,,,99,2",
        "101,1,99,2,,,98,5",
    ]
    (tmp_path / next(name for name in writer.files if "quotes" in name)).unlink()
    last = read(tmp_path)[-1]
    assert last.kind is EventKind.SNAPSHOT
    assert (last.bids, last.asks) == ((("99", "2"), ("98", "5")), (("101", "1"),))


@settings(max_examples=examples(0.4))
@given(events=streams(whole_us=True))
def test_what_was_written_reads_back_as_the_same_trades_quotes_and_books(events, tmp_path_factory):
    directory = tmp_path_factory.mktemp("tardis")
    write(directory, events)
    if not any(directory.iterdir()):
        return
    told = read(directory)
    for kind in (EventKind.TRADE, EventKind.QUOTE):
        wanted = [one._replace(last=-1) for one in events if one.kind is kind]
        assert [one for one in told if one.kind is kind] == wanted
    books, mine = EventBooks(), EventBooks()
    waiting = list(told)
    for event in events:
        live = books.take(event)
        while waiting and waiting[0].ts_recv <= event.ts_recv:
            mine.take(waiting.pop(0))
        if live.live:
            held = mine.by_key.get((event.venue, event.symbol), EventBook())
            assert held.levels() == live.levels()
    assert not waiting


def test_rows_of_one_message_are_one_event_and_those_before_a_snapshot_are_skipped(tmp_path):
    path = sheet(
        tmp_path,
        BOOK,
        "deribit,BTC-PERPETUAL,1585699200000001,1585699200000009,false,bid,6421.0,10",
        "deribit,BTC-PERPETUAL,1585699200000002,1585699200000010,true,bid,6421.50,1e1",
        "deribit,BTC-PERPETUAL,1585699200000002,1585699200000010,true,ask,6422.0,7",
        "deribit,BTC-PERPETUAL,1585699200000003,1585699200000011,true,ask,6423,1",
        "deribit,BTC-PERPETUAL,1585699200000004,1585699200000012,false,bid,6421.5,0",
        "deribit,BTC-PERPETUAL,1585699200000004,1585699200000012,false,bid,6421,3",
    )
    source = TardisSource(path, Tolerance(), lambda count: None)
    told = list(source.events())
    assert source.skipped == 1
    assert [one.kind.value for one in told] == ["snapshot", "update", "update"]
    assert told[0].bids == (("6421.5", "10"),)
    assert told[1].asks == (("6423", "1"),)
    assert told[2].bids == (("6421.5", "0"), ("6421", "3"))
    assert told[0][1:5] == (
        "deribit",
        "BTC-PERPETUAL",
        1585699200000010000,
        1585699200000002000,
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("binance,BTCUSDT,1,2,true,bid,100", "line 3: 7 cells"),
        ("binance,BTCUSDT,1,2,yes,bid,100,1", "line 3: no flag"),
        ("binance,BTCUSDT,1,2,true,middle,100,1", "line 3: no flag or side"),
        ("binance,BTCUSDT,1,2,true,bid,-100,1", "line 3: not a number"),
        ("binance,BTCUSDT,1,x,true,bid,100,1", "line 3: no time"),
        ("binance,BTCUSDT,1,9999999999999999,true,bid,100,1", "line 3: a time after 2096"),
        ("binance,,1,2,true,bid,100,1", "line 3: no exchange or symbol"),
        ("binance,BTCUSDT,1,1,true,bid,100,1", "line 3: local_timestamp goes back"),
        ("binance,BTCUSDT,1,2,true,bid,100,\udcff", "line 3: "),
    ],
)
def test_damage_names_the_line_and_can_be_gone_on_behind(line, message, tmp_path):
    path = sheet(tmp_path, BOOK)
    good = "binance,BTCUSDT,1,2,true,bid,100,1"
    text = f"{','.join(columns(BOOK))}\n{good}\n{line}\n{good}\n"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DamageError, match=f"x.csv: {message}"):
        read(path)
    assert len(read(path, keep_going=True)) >= 1


@pytest.mark.parametrize("header", ["", "a,b", "exchange,symbol,timestamp,local_timestamp,x"])
def test_an_unknown_header_is_refused(header, tmp_path):
    (tmp_path / "x.csv").write_text(header + "\n")
    with pytest.raises(DirectionError, match="no header"):
        read(tmp_path)


def test_two_types_that_tell_the_same_are_refused(tmp_path):
    book = "binance,BTCUSDT,1,2,true,bid,100,1"
    sheet(tmp_path, BOOK, book, name="a.csv")
    sheet(tmp_path, "book_snapshot_1", "binance,BTCUSDT,1,2,101,1,100,1", name="b.csv")
    with pytest.raises(DirectionError, match="give one of them"):
        read(tmp_path)


def test_at_one_time_a_trade_is_told_before_the_book_it_changed(tmp_path):
    """A reader that follows queues would count it twice the other way round."""
    sheet(tmp_path, BOOK, "binance,BTCUSDT,1,2,true,bid,100,1", name="a.csv")
    sheet(tmp_path, "trades", "binance,BTCUSDT,1,2,7,buy,100,1", name="b.csv")
    assert [event.kind.value for event in read(tmp_path)] == ["trade", "snapshot"]


def test_updates_without_a_book_and_losses_are_left_out_and_counted(tmp_path):
    lost = update(START + 2000)._replace(kind=EventKind.LOST, text="gap")
    events = [update(START, (("1", "1"),)), snapshot(START + 1000, (("1", "1"),)), lost, lost]
    writer = write(tmp_path, [*events, update(START + 3000, (("1", "2"),))])
    assert writer.left_out == {"lost": 2, "update without a book": 2}
    assert writer.rows == {BOOK: 1}
