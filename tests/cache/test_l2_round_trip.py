"""What a writer puts, both readers give back, whole."""

from array import array
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cache.l2_layout import DEPTH_MAX, NAME_BYTES_MAX, SLOTS_MAX
from cache.l2_plain_reader import PlainL2Reader
from cache.l2_plain_writer import PlainL2Writer
from cache.l2_quote import Depth, Miss, Quote, Reason
from cache.l2_reader import L2Reader
from cache.l2_writer import L2Writer
from tests.effort import examples

NOW = 1_700_000_000_000_000_000
FOREVER = (1 << 62) - 1
READERS = pytest.mark.parametrize("reader_type", [L2Reader, PlainL2Reader])

int64 = st.integers(-(1 << 63), (1 << 63) - 1)
stamp = st.integers(NOW - 10**15, NOW)
grade = st.integers(0, (1 << 63) - 1)
levels = st.lists(st.tuples(int64, int64), max_size=6)
grids = st.tuples(
    st.integers(0, 36),
    st.integers(1, (1 << 63) - 1),
    st.integers(0, 36),
    st.integers(1, (1 << 63) - 1),
)
each_example_makes_its_table = settings(
    deadline=None,
    max_examples=examples(0.6),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def make_writer(path: Path, writer_type=L2Writer, slots=4, depth=4):
    return writer_type(path, slots, depth, NOW)


@READERS
@each_example_makes_its_table
@given(touch=st.tuples(*[int64] * 5), event=int64, recv=stamp, mask=grade, source=int64, grid=grids)
def test_a_quote_comes_back_as_it_was_put(
    tmp_path, reader_type, touch, event, recv, mask, source, grid
):
    writer = make_writer(tmp_path / "l2")
    slot = writer.add("BTC-USDT.BINANCE", *grid)
    writer.put_quote(slot, *touch, event, recv, mask, source)
    reader = reader_type(tmp_path / "l2")
    got = reader.quote("BTC-USDT.BINANCE", FOREVER, NOW, ungraded=True)
    assert got == Quote("BTC-USDT.BINANCE", *touch, event, recv, recv, mask, source, *grid)
    assert type(got) is Quote
    reader.close()
    writer.close()


@READERS
@each_example_makes_its_table
@given(version=int64, event=int64, recv=stamp, mask=grade, grid=grids, bids=levels, asks=levels)
def test_a_depth_comes_back_cut_to_the_depth_of_the_table(
    tmp_path, reader_type, version, event, recv, mask, grid, bids, asks
):
    writer = make_writer(tmp_path / "l2")
    slot = writer.add("ETH-USD.COINBASE", *grid)
    writer.put_depth(slot, version, event, recv, mask, bids, asks)
    reader = reader_type(tmp_path / "l2")
    got = reader.depth("ETH-USD.COINBASE", FOREVER, NOW, ungraded=True)
    times = (event, recv, recv)
    cut = (tuple(bids[:4]), tuple(asks[:4]))
    assert got == Depth("ETH-USD.COINBASE", version, *times, mask, *grid, *cut)
    assert type(got) is Depth
    reader.close()
    writer.close()


commands = st.lists(
    st.one_of(
        st.tuples(st.just("quote"), st.integers(0, 2), st.tuples(*[int64] * 7, grade, int64)),
        st.tuples(st.just("depth"), st.integers(0, 2), st.tuples(*[int64] * 3, grade), levels),
        st.tuples(st.just("vouch"), st.integers(0, 2), st.tuples(grade, int64)),
        st.tuples(st.just("beat"), st.integers(0, 1 << 62)),
    ),
    max_size=20,
)


def run_commands(writer, stream):
    for name in ("BTC-USDT.BINANCE", "ETH-USDT.BINANCE", "é"):
        writer.add(name, 2, 1, 5, 1)
    for kind, *rest in stream:
        if kind == "quote":
            writer.put_quote(rest[0], *rest[1])
        elif kind == "depth":
            writer.put_depth(rest[0], *rest[1], rest[2], tuple(reversed(rest[2])))
        elif kind == "vouch":
            writer.vouch(rest[0], *rest[1])
        else:
            writer.heartbeat(rest[0])


@each_example_makes_its_table
@given(stream=commands)
def test_both_writers_leave_the_same_bytes(tmp_path, stream):
    tables = []
    for writer_type in (L2Writer, PlainL2Writer):
        writer = make_writer(tmp_path / "l2", writer_type)
        run_commands(writer, stream)
        tables.append((tmp_path / "l2").read_bytes())
        writer.close()
    assert tables[0] == tables[1]


@each_example_makes_its_table
@given(stream=commands, now_ns=int64, ttl_ns=int64, ungraded=st.booleans())
def test_both_readers_give_the_same_answers(tmp_path, stream, now_ns, ttl_ns, ungraded):
    with closing(make_writer(tmp_path / "l2")) as writer:
        run_commands(writer, stream)
        check_readers_agree(tmp_path / "l2", now_ns, ttl_ns, ungraded)


def check_readers_agree(path, now_ns, ttl_ns, ungraded):
    readers = [L2Reader(path), PlainL2Reader(path)]
    assert readers[0].instruments() == readers[1].instruments()
    for name in (*readers[0].instruments(), "none"):
        for kind in ("quote", "depth"):
            one, two = (getattr(r, kind)(name, ttl_ns, now_ns, ungraded) for r in readers)
            assert type(one) is type(two)
            assert one[:2] == two[:2]
            if not isinstance(one, Miss):
                assert one == two
    assert readers[0].misses == readers[1].misses


@READERS
@pytest.mark.parametrize("make", [list, tuple, lambda side: array("q", sum(side, ()))])
def test_levels_may_be_pairs_or_a_flat_buffer(tmp_path, reader_type, make):
    side = [(100, 2), (99, 1), (98, 7)]
    writer = make_writer(tmp_path / "l2")
    slot = writer.add("BTC-USDT.BINANCE", 2, 1, 5, 1)
    writer.put_depth(slot, 1, NOW, NOW, 0, make(side), array("q"))
    got = reader_type(tmp_path / "l2").depth("BTC-USDT.BINANCE", 1, NOW)
    assert (got.bids, got.asks) == (tuple(side), ())
    writer.close()


@pytest.mark.parametrize(
    ("bids", "error"),
    [
        (array("q", [1, 2, 3]), ValueError),
        ([(1, 1 << 63)], OverflowError),
        ([(1, 2, 3)], ValueError),
        ([("1", 2)], TypeError),
        ([(1.0, 2)], TypeError),
        (array("d", [1.0, 2.0]), ValueError),
        (None, TypeError),
    ],
)
def test_a_refused_side_leaves_the_depth_as_it_was(tmp_path, bids, error):
    writer = make_writer(tmp_path / "l2")
    slot = writer.add("BTC-USDT.BINANCE", 2, 1, 5, 1)
    writer.put_depth(slot, 1, NOW, NOW, 0, [(100, 2)], [])
    with pytest.raises(error):
        writer.put_depth(slot, 2, NOW, NOW, 0, bids, [])
    got = L2Reader(tmp_path / "l2").depth("BTC-USDT.BINANCE", 1, NOW)
    assert (got.version, got.bids) == (1, ((100, 2),))
    writer.close()


@pytest.mark.parametrize("position", range(10))
def test_a_float_is_refused_and_leaves_the_quote_as_it_was(tmp_path, position):
    writer = make_writer(tmp_path / "l2")
    slot = writer.add("BTC-USDT.BINANCE", 2, 1, 5, 1)
    good = [slot, 100, 1, 101, 1, 7, NOW, NOW, 0, 0]
    writer.put_quote(*good)
    bad = [value + 0.5 if i == position else value for i, value in enumerate(good)]
    with pytest.raises(TypeError, match="an integer is required"):
        writer.put_quote(*bad)
    quote = L2Reader(tmp_path / "l2").quote("BTC-USDT.BINANCE", 1, NOW)
    assert list(quote[1:8]) == good[1:8]
    with pytest.raises(TypeError, match="an integer is required"):
        writer.add("BTC-USDT.BINANCE", 2.5, 1, 5, 1)
    writer.close()


def test_a_slot_or_grade_out_of_range_is_refused(tmp_path):
    writer = make_writer(tmp_path / "l2")
    writer.add("BTC-USDT.BINANCE", 2, 1, 5, 1)
    for slot in (-1, 1, 1 << 40):
        with pytest.raises(IndexError):
            writer.put_quote(slot, 1, 1, 2, 1, 1, NOW, NOW, 0, 0)
        with pytest.raises(IndexError):
            writer.put_depth(slot, 1, NOW, NOW, 0, [], [])
        with pytest.raises(IndexError):
            writer.vouch(slot, 0, NOW)
        with pytest.raises(IndexError):
            writer.set_grid(slot, 2, 1, 5, 1)
    with pytest.raises(ValueError, match="grade"):
        writer.put_quote(0, 1, 1, 2, 1, 1, NOW, NOW, -1, 0)
    with pytest.raises(ValueError, match="now_ns"):
        writer.heartbeat(-1)
    writer.close()


@pytest.mark.parametrize(
    "grid", [(-1, 1, 0, 1), (37, 1, 0, 1), (0, 0, 0, 1), (0, 1, 37, 1), (0, 1, 0, -5)]
)
def test_a_grid_out_of_range_is_refused(tmp_path, grid):
    writer = make_writer(tmp_path / "l2")
    with pytest.raises(ValueError, match="grid"):
        writer.add("BTC-USDT.BINANCE", *grid)
    assert L2Reader(tmp_path / "l2").instruments() == ()
    writer.close()


@READERS
def test_a_refined_grid_changes_what_is_put_after_it_only(tmp_path, reader_type):
    writer = make_writer(tmp_path / "l2")
    slot = writer.add("BTC-USDT.BINANCE", 2, 5, 3, 1)
    writer.put_quote(slot, 101, 1500, 0, 0, 1, NOW, NOW, 0, 0)
    writer.put_depth(slot, 1, NOW, NOW, 0, [(101, 1500)], [])
    reader = reader_type(tmp_path / "l2")
    assert writer.add("BTC-USDT.BINANCE", 3, 1, 4, 1) == slot
    quote = reader.quote("BTC-USDT.BINANCE", 1, NOW)
    depth = reader.depth("BTC-USDT.BINANCE", 1, NOW)
    assert (str(quote.bid_price), str(quote.bid_size)) == ("5.05", "1.500")
    assert (quote.ask_price, str(quote.ask_size)) == (None, "0.000")
    assert (str(depth.price(101)), str(depth.size(1500))) == ("5.05", "1.500")
    writer.put_quote(slot, 5050, 15000, 5051, 1, 2, NOW, NOW, 0, 0)
    quote = reader.quote("BTC-USDT.BINANCE", 1, NOW)
    assert (str(quote.bid_price), str(quote.ask_price)) == ("5.050", "5.051")
    writer.close()


@given(count=int64, step=st.integers(1, (1 << 63) - 1), decimals=st.integers(0, 36))
def test_decimals_are_exact(count, step, decimals):
    quote = Quote("X", count, 1, 0, 0, 0, 0, 0, 0, 0, 0, decimals, step, 0, 1)
    sign, digits, exponent = quote.bid_price.as_tuple()
    assert (-1) ** sign * int("".join(map(str, digits))) == count * step
    assert exponent == -decimals


@READERS
def test_names_added_later_are_found_and_the_directory_has_a_limit(tmp_path, reader_type):
    writer = make_writer(tmp_path / "l2", slots=2)
    reader = reader_type(tmp_path / "l2")
    assert reader.quote("A.X", 1, NOW).reason is Reason.UNKNOWN
    writer.add("A.X", 0, 1, 0, 1)
    longest = "é" * (NAME_BYTES_MAX // 2)
    writer.add(longest, 0, 1, 0, 1)
    assert reader.quote("A.X", 1, NOW).reason is Reason.EMPTY
    assert reader.instruments() == ("A.X", longest)
    with pytest.raises(Exception, match="all 2 slots are taken"):
        writer.add("C.X", 0, 1, 0, 1)
    assert reader.instruments() == ("A.X", longest)
    writer.close()


@pytest.mark.parametrize("name", ["", "x" * (NAME_BYTES_MAX + 1)])
def test_a_name_that_does_not_fit_is_refused(tmp_path, name):
    writer = make_writer(tmp_path / "l2")
    with pytest.raises(ValueError, match="bytes, expected"):
        writer.add(name, 0, 1, 0, 1)
    writer.close()


@pytest.mark.parametrize(
    ("slots", "depth"), [(0, 1), (-1, 1), (SLOTS_MAX + 1, 1), (1, 0), (1, DEPTH_MAX + 1)]
)
def test_a_table_of_a_size_out_of_range_is_refused(tmp_path, slots, depth):
    with pytest.raises(ValueError, match="expected 1 to"):
        L2Writer(tmp_path / "l2", slots, depth, NOW)
    assert list(tmp_path.iterdir()) == []


def test_the_largest_and_the_smallest_table_work(tmp_path):
    for slots, depth in ((SLOTS_MAX, 1), (1, DEPTH_MAX), (1, 1)):
        writer = L2Writer(tmp_path / "l2", slots, depth, NOW)
        for slot in range(slots):
            writer.add(f"I{slot}.X", 0, 1, 0, 1)
        side = [(i, i + 1) for i in range(depth)]
        writer.put_depth(slots - 1, 1, NOW, NOW, 0, side, side)
        writer.put_quote(slots - 1, 1, 1, 2, 1, 1, NOW, NOW, 0, 0)
        for reader_type in (L2Reader, PlainL2Reader):
            reader = reader_type(tmp_path / "l2")
            assert reader.depth(f"I{slots - 1}.X", 1, NOW).asks == tuple(side)
            assert reader.quote(f"I{slots - 1}.X", 1, NOW).ask_ticks == 2
        writer.close()
