"""An npz file is an event array as hftbacktest documents it: both orders are kept."""

import json
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.convert.book import EventBook
from replay.convert.errors import DamageError, DirectionError, Tolerance
from replay.convert.event import Event, EventKind
from replay.convert.output import new_file
from tests.effort import examples
from tests.node_world import feed, needs_feeds

from .events import START, streams
from .rig import converted

np = pytest.importorskip("numpy", reason="numpy is not installed (extra `convert`)")

from replay.convert import npz_out  # noqa: E402
from replay.convert.npz import (  # noqa: E402
    BUY,
    CLEAR,
    DEPTH,
    EVENT,
    EXCHANGE,
    LOCAL,
    SELL,
    SNAPSHOT,
    TRADE,
)
from replay.convert.npz_in import NpzSource  # noqa: E402
from replay.convert.npz_out import NpzWriter  # noqa: E402

MARKET = ("binance", "BTCUSDT")
US = 1000


def write(path, events) -> NpzWriter:
    path.unlink(missing_ok=True)
    with new_file(path) as sink, NpzWriter(path.parent) as writer:
        for event in events:
            writer.take(event)
        writer.finish(sink)
    return writer


def read(path, *, keep_going=False) -> list[Event]:
    source = NpzSource(path, MARKET, Tolerance(keep_going), lambda count: None)
    return list(source.events())


def trade(ts_recv, ts_event, price="100", side="buy") -> Event:
    return Event(EventKind.TRADE, *MARKET, ts_recv, ts_event, ((price, "1"),), side=side)


def both_orders(data) -> tuple[list, list]:
    """Return the rows of the exchange's side and of the local side, without their flags."""
    kinds = data["ev"] & ~np.uint64(EXCHANGE | LOCAL)
    columns = [kinds, *(data[name] for name in EVENT.names[1:5])]
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    exchange, local = (
        [row for row, ev in zip(rows, data["ev"].tolist(), strict=True) if ev & side]
        for side in (EXCHANGE, LOCAL)
    )
    return exchange, local


def test_the_array_has_the_documented_type_and_flags(tmp_path):
    path = tmp_path / "x.npz"
    head = Event(EventKind.SNAPSHOT, *MARKET, START, START - US)
    write(
        path,
        [
            head._replace(bids=(("100.5", "2"),), asks=(("101", "3"),)),
            head._replace(kind=EventKind.UPDATE, bids=(("100", "0"),)),
            trade(START, START - US, "101", "sell"),
            trade(START, START - US, "101", "unknown"),
            head._replace(kind=EventKind.LOST, ts_event=0, text="gap"),
        ],
    )
    data = np.load(path)["data"]
    assert data.dtype == EVENT
    assert EVENT.itemsize == 64
    both = EXCHANGE | LOCAL
    assert data["ev"].tolist() == [
        both | CLEAR,
        both | SNAPSHOT | BUY,
        both | SNAPSHOT | SELL,
        both | DEPTH | BUY,
        both | TRADE | SELL,
        both | TRADE,
        both | CLEAR,
    ]
    assert data["px"].tolist() == [0, 100.5, 101, 100, 101, 101, 0]
    assert data["qty"].tolist() == [0, 2, 3, 0, 1, 1, 0]
    assert data["exch_ts"].tolist() == [START - US] * 7
    assert not data["order_id"].any()


@settings(max_examples=examples(0.4))
@given(
    times=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 60)), min_size=1, max_size=60),
    window=st.sampled_from([2, 5, 1000]),
)
def test_each_side_sees_every_row_once_in_its_own_order(times, window, tmp_path_factory):
    """Whatever the delays, and even where the window is too small for them."""
    path = tmp_path_factory.mktemp("npz") / "x.npz"
    now, events = START, []
    for at, (step, delay) in enumerate(times):
        now += step
        events.append(trade(now, now - delay, str(at + 1)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(npz_out, "WINDOW", window)
        patch.setattr(npz_out, "ROWS", 3)
        writer = write(path, events)
    exchange, local = both_orders(np.load(path)["data"])
    prices = [float(at + 1) for at in range(len(times))]
    assert [row[3] for row in local] == prices
    assert [row[2] for row in local] == [event.ts_recv for event in events]
    assert sorted(row[3] for row in exchange) == prices
    assert [row[1] for row in exchange] == sorted(row[1] for row in exchange)
    if window == 1000:
        assert writer.late == 0
        assert [(row[1], row[3]) for row in exchange] == sorted(
            (event.ts_event, price) for event, price in zip(events, prices, strict=True)
        )


def test_arrivals_before_their_sending_move_all_arrivals_by_the_same(tmp_path):
    path = tmp_path / "x.npz"
    writer = write(path, [trade(START, START + 500), trade(START + 10, START + 490)])
    assert writer.shift_ns == 500
    _, local = both_orders(np.load(path)["data"])
    assert [row[2] for row in local] == [START + 500, START + 510]
    assert [one.ts_recv for one in read(path)] == [START + 500, START + 510]


def test_an_event_without_a_venue_time_has_the_newest_one_or_the_first_that_comes(tmp_path):
    path = tmp_path / "x.npz"
    write(path, [trade(START, 0), trade(START + 1, START - 9), trade(START + 2, 0)])
    assert np.load(path)["data"]["exch_ts"].tolist() == [START - 9] * 3


def test_without_any_venue_time_the_arrival_stands_in(tmp_path):
    path = tmp_path / "x.npz"
    write(path, [trade(START, 0), trade(START + 1, 0)])
    assert np.load(path)["data"]["exch_ts"].tolist() == [START, START + 1]


def test_an_earlier_clock_of_a_later_run_does_not_turn_the_order_round(tmp_path):
    path = tmp_path / "x.npz"
    write(path, [trade(START + 50, START), trade(START + 20, START + 1)])
    _, local = both_orders(np.load(path)["data"])
    assert [row[2] for row in local] == [START + 50, START + 50]


def test_a_second_instrument_is_refused_and_quotes_are_counted(tmp_path):
    with NpzWriter(tmp_path) as writer:
        writer.take(Event(EventKind.QUOTE, *MARKET, START, 0, (("1", "1"),)))
        assert writer.left_out == {"quote": 1}
        with pytest.raises(DirectionError, match="of one instrument"):
            writer.take(trade(START, START)._replace(symbol="ETHUSDT"))


def test_the_same_events_give_the_same_bytes(tmp_path):
    write(tmp_path / "a.npz", [trade(START, START)])
    write(tmp_path / "b.npz", [trade(START, START)])
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@settings(max_examples=examples(0.4))
@given(events=streams(markets=(MARKET,), whole_us=True))
def test_books_and_trades_read_back_as_they_were(events, tmp_path_factory):
    path = tmp_path_factory.mktemp("npz") / "x.npz"
    writer = write(path, events)
    told = read(path)
    trades = [(one.bids, one.side) for one in told if one.kind is EventKind.TRADE]
    assert trades == [(one.bids, one.side) for one in events if one.kind is EventKind.TRADE]
    book, mine = EventBook(), EventBook()
    for event in events:
        book.take(event)
        while told and told[0].ts_recv <= event.ts_recv + writer.shift_ns:
            mine.take(told.pop(0))
        assert mine.levels() == book.levels()
        if any(book.levels()):
            assert mine.hash == book.hash
    assert not told


def test_a_clear_of_one_side_takes_the_levels_up_to_its_price(tmp_path):
    """As converters of others write snapshots: cleared as far as the snapshot reaches."""
    rows = [
        (CLEAR, 0.0, 0.0),
        (SNAPSHOT | BUY, 100.0, 1.0),
        (SNAPSHOT | BUY, 99.0, 1.0),
        (SNAPSHOT | BUY, 98.0, 1.0),
        (SNAPSHOT | SELL, 101.0, 1.0),
    ]
    again = [(CLEAR | BUY, 99.0, 0.0), (SNAPSHOT | BUY, 99.5, 2.0)]
    data = np.zeros(len(rows) + len(again) + 1, EVENT)
    for at, (kind, px, qty) in enumerate([*rows, *again]):
        ts = START + (1 if at >= len(rows) else 0)
        data[at] = (kind | LOCAL | EXCHANGE, ts, ts, px, qty, 0, 0, 0.0)
    # What only the exchange's side plays is nothing that arrived.
    data[-1] = (DEPTH | BUY | EXCHANGE, START + 2, START + 2, 1.0, 1.0, 0, 0, 0.0)
    np.savez_compressed(tmp_path / "x.npz", data=data)
    told = read(tmp_path / "x.npz")
    assert [event.kind.value for event in told] == ["snapshot", "snapshot"]
    assert told[1].bids == (("99.5", "2"), ("98", "1"))
    assert told[1].asks == (("101", "1"),)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((DEPTH | BUY, START, START, float("nan"), 1.0), "no price and size"),
        ((DEPTH | BUY, START, START, 1.0, -1.0), "no price and size"),
        ((DEPTH, START, START, 1.0, 1.0), "a level without a side"),
        ((TRADE | BUY, START, START, float("inf"), 1.0), "no price and size"),
        ((TRADE | BUY, START, -1, 1.0, 1.0), "out of order"),
        ((TRADE | BUY, START, START - 9, 1.0, 1.0), "out of order"),
    ],
)
def test_a_bad_row_is_damage_that_names_it(row, message, tmp_path):
    data = np.zeros(2, EVENT)
    data[0] = (TRADE | BUY | LOCAL, START, START, 1.0, 1.0, 0, 0, 0.0)
    data[1] = (row[0] | LOCAL, *row[1:], 0, 0, 0.0)
    np.savez_compressed(tmp_path / "x.npz", data=data)
    with pytest.raises(DamageError, match=f"row 2: .*{message}"):
        read(tmp_path / "x.npz")
    assert len(read(tmp_path / "x.npz", keep_going=True)) == 1


def test_arrays_of_others_and_single_orders_are_refused(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, data=np.zeros(3))
    with pytest.raises(DirectionError, match="no array of hftbacktest events"):
        read(path)
    np.savez(path, other=np.zeros(3))
    with pytest.raises(DirectionError, match=r"no data\.npy"):
        read(path)
    data = np.zeros(1, EVENT)
    data["ev"] = 10 | LOCAL
    np.savez(path, data=data)
    with pytest.raises(DirectionError, match="single orders"):
        read(path)
    path.write_bytes(b"no zip")
    with pytest.raises(DamageError, match=r"x\.npz"):
        read(path)


def test_a_cut_array_is_damage_behind_the_rows_that_are_there(tmp_path):
    path = tmp_path / "x.npz"
    write(path, [trade(START + at, START) for at in range(9)])
    with zipfile.ZipFile(path) as packed:
        data = packed.read("data.npy")
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("data.npy", data[:-100])
    with pytest.raises(DamageError, match="fewer rows than the 9"):
        read(path)
    assert len(read(path, keep_going=True)) == 7


# --- the library itself --------------------------------------------------------------------------

SAMPLES = 40
LEVELS = 25


@needs_feeds
@pytest.mark.skipif(
    find_spec("hftbacktest") is None, reason="hftbacktest is not installed (extra `bench`)"
)
def test_hftbacktest_has_our_book_at_sample_times(tmp_path, capsys):
    """Both of its books, from recorded feeds of spot and of a set with many short books."""
    jobs, expected = [], []
    for venue, name, symbol, tick, lot in (
        ("binance", "binance-spot-2021-08", "FTM-USDT.BINANCE", 1e-5, 1.0),
        ("binance-usdm", "binance-usdm-2021-07", "SUSHI-USDT-PERP.BINANCE-USDM", 1e-3, 1.0),
    ):
        source = f"{venue}={','.join(map(str, feed(name)))}"
        file, tables = tmp_path / f"{name}.npz", tmp_path / name
        made = converted(capsys, source, "--instrument", symbol, "--to", "npz", file)
        told = told_of(capsys, source, symbol, tables)
        shift = made["local_shift_ns"]
        first = next(event for event in told if event.kind is EventKind.SNAPSHOT)
        last = told[-1].ts_recv
        step = (last - first.ts_recv) // SAMPLES
        times = [first.ts_recv + shift + at * step + 1 for at in range(SAMPLES)]
        jobs.append({"file": str(file), "tick": tick, "lot": lot, "times": times})
        jobs[-1] |= {"low": 0.0, "high": 50.0, "levels": LEVELS}
        expected += [books_at(told, times, shift, tick)] * 2
    script = Path(__file__).with_name("hftbacktest_books.py")
    done = subprocess.run(
        [sys.executable, script], input=json.dumps(jobs), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == expected


def told_of(capsys, source: str, symbol: str, tables: Path) -> list[Event]:
    """Return the events of an instrument, by way of the other format."""
    pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra `convert`)")
    from replay.convert.parquet_in import ParquetSource

    converted(capsys, source, "--instrument", symbol, "--to", "parquet", tables)
    return list(ParquetSource(tables, Tolerance(), lambda count: None).events())


def books_at(told: list[Event], times: list[int], shift: int, tick: float) -> list:
    """Return the best ticks and the sizes from there on, as hftbacktest gives them."""
    book, waiting, found = EventBook(), list(told), []
    for at in times:
        while waiting and waiting[0].ts_recv + shift <= at:
            book.take(waiting.pop(0))
        bids, asks = (
            {round(float(price) / tick): float(size) for price, size in side}
            for side in book.levels()
        )
        bid, ask = max(bids), min(asks)
        found.append(
            [
                bid,
                ask,
                [bids.get(bid - at, 0.0) for at in range(LEVELS)],
                [asks.get(ask + at, 0.0) for at in range(LEVELS)],
            ]
        )
    return found
