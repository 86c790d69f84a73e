"""Every reason for a miss, at its edge, with both readers."""

import pytest

from cache.l2_errors import L2ClosedError, L2FormatError
from cache.l2_layout import HEADER_WORDS, HeaderWord, Layout
from cache.l2_plain_reader import PlainL2Reader
from cache.l2_quote import Miss, Quote, Reason
from cache.l2_reader import L2Reader
from cache.l2_writer import L2Writer

NOW = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
NAME = "BTC-USDT.BINANCE"


@pytest.fixture(params=[L2Reader, PlainL2Reader])
def reader_type(request):
    return request.param


@pytest.fixture
def path(tmp_path):
    return tmp_path / "l2"


@pytest.fixture
def writer(path):
    writer = L2Writer(path, 2, 2, NOW, grade_forbids=0b110)
    writer.add(NAME, 2, 1, 5, 1)
    writer.add("ETH-USDT.BINANCE", 2, 1, 5, 1)
    yield writer
    writer.close()


def put(writer, ts_recv=NOW, grade=0):
    writer.put_quote(0, 100, 1, 101, 2, 3, NOW, ts_recv, grade, 1)
    writer.put_depth(0, 3, NOW, ts_recv, grade, [(100, 1)], [(101, 2)])


def poke(path, word, value):
    with path.open("r+b") as file:
        file.seek(8 * word)
        file.write(value.to_bytes(8, "little"))


def reasons(reader, ttl_ns, now_ns, ungraded=False, name=NAME):
    """Return what quote and depth answer: a reason each, or None for a value."""
    answers = (
        reader.quote(name, ttl_ns, now_ns, ungraded),
        reader.depth(name, ttl_ns, now_ns, ungraded),
    )
    return tuple(answer.reason if isinstance(answer, Miss) else None for answer in answers)


def test_unknown_names_what_was_asked_for(writer, path, reader_type):
    reader = reader_type(path)
    assert reader.quote("X.Y", 1, NOW) == Miss(
        Reason.UNKNOWN, "X.Y", "the table has no such instrument"
    )
    assert reader.depth("X.Y", 1, NOW).reason is Reason.UNKNOWN


def test_empty_until_written_and_vouching_does_not_fill(writer, path, reader_type):
    reader = reader_type(path)
    writer.vouch(0, 0, NOW)
    assert reasons(reader, 1, NOW) == (Reason.EMPTY, Reason.EMPTY)
    writer.put_quote(0, 100, 1, 101, 2, 3, NOW, NOW, 0, 1)
    assert reasons(reader, 1, NOW) == (None, Reason.EMPTY)
    assert reasons(reader, 1, NOW, name="ETH-USDT.BINANCE") == (Reason.EMPTY, Reason.EMPTY)


def test_stale_one_ns_after_the_time_to_live(writer, path, reader_type):
    put(writer)
    reader = reader_type(path)
    assert reasons(reader, 50, NOW + 50) == (None, None)
    assert reasons(reader, 50, NOW + 51) == (Reason.STALE, Reason.STALE)
    assert reader.quote(NAME, 50, NOW + 51).detail == "last vouched for 51 ns ago, 50 are allowed"


def test_vouching_keeps_a_quiet_pair_from_expiring_and_can_condemn(writer, path, reader_type):
    put(writer)
    reader = reader_type(path)
    writer.vouch(0, 1, NOW + 40)
    assert reasons(reader, 50, NOW + 90) == (None, None)
    quote = reader.quote(NAME, 50, NOW + 90)
    assert (quote.ts_recv, quote.ts_vouched, quote.grade) == (NOW, NOW + 40, 1)
    writer.vouch(0, 2, NOW + 41)
    assert reasons(reader, 50, NOW + 90) == (Reason.GRADE, Reason.GRADE)


def test_a_quote_far_ahead_of_the_clock_is_stale(writer, path, reader_type):
    put(writer, ts_recv=NOW + SECOND)
    reader = reader_type(path, heartbeat_ns=SECOND)
    assert reasons(reader, 50, NOW) == (None, None)
    assert reasons(reader, 50, NOW - 1) == (Reason.STALE, Reason.STALE)
    assert "ahead of the reader's clock" in reader.quote(NAME, 50, NOW - 1).detail


def test_only_bits_that_forbid_use_make_a_grade_a_miss(writer, path, reader_type):
    reader = reader_type(path)
    put(writer, grade=0b1001)
    assert reasons(reader, 1, NOW) == (None, None)
    put(writer, grade=0b1011)
    assert reasons(reader, 1, NOW) == (Reason.GRADE, Reason.GRADE)
    assert reader.quote(NAME, 1, NOW).detail == "the grade forbids use: bits 0x2"
    assert reader.quote(NAME, 1, NOW, ungraded=True).grade == 0b1011
    assert reasons(reader, 1, NOW + 2, ungraded=True) == (Reason.STALE, Reason.STALE)


def test_a_heartbeat_one_ns_over_the_bound_is_a_dead_writer(writer, path, reader_type):
    put(writer)
    reader = reader_type(path, heartbeat_ns=SECOND)
    assert reasons(reader, SECOND, NOW + SECOND) == (None, None)
    dead = (Reason.WRITER_DEAD, Reason.WRITER_DEAD)
    assert reasons(reader, 2 * SECOND, NOW + SECOND + 1) == dead
    writer.heartbeat(NOW + 1)
    assert reasons(reader, 2 * SECOND, NOW + SECOND + 1) == (None, None)


@pytest.mark.parametrize("word", [HeaderWord.BOOT_ID_HIGH, HeaderWord.BOOT_ID_LOW])
def test_a_table_of_an_earlier_boot_has_a_dead_writer(writer, path, reader_type, word):
    put(writer)
    poke(path, word, 12345)
    miss = reader_type(path).quote(NAME, 1, NOW)
    assert miss.reason is Reason.WRITER_DEAD
    assert miss.detail == "the machine was restarted since the table was written"


def test_busy_while_odd_and_whole_again_after(writer, path, reader_type):
    put(writer)
    reader = reader_type(path)
    layout = Layout(2, 2)
    for first in (layout.quotes_offset, layout.depths_offset):
        poke(path, first, 3)
    assert reasons(reader, 1, NOW) == (Reason.BUSY, Reason.BUSY)
    for first in (layout.quotes_offset, layout.depths_offset):
        poke(path, first, 4)
    assert reasons(reader, 1, NOW) == (None, None)


def test_quote_and_depth_are_locked_separately(writer, path, reader_type):
    put(writer)
    reader = reader_type(path)
    poke(path, Layout(2, 2).depths_offset, 3)
    assert reasons(reader, 1, NOW) == (None, Reason.BUSY)


def test_misses_are_counted_by_reason(writer, path, reader_type):
    put(writer)
    reader = reader_type(path)
    reasons(reader, 1, NOW)
    reasons(reader, 1, NOW + 2)
    reader.quote("X.Y", 1, NOW)
    counted = {reason: count for reason, count in reader.misses.items() if count}
    assert counted == {Reason.STALE: 2, Reason.UNKNOWN: 1}


def test_a_successor_that_cannot_be_read_is_a_dead_writer_and_said(writer, path, reader_type):
    put(writer)
    reader = reader_type(path)
    path.with_name("other").write_bytes(b"x" * 8192)
    path.with_name("other").rename(path)
    assert reader.quote(NAME, 1, NOW).bid_ticks == 100  # its own table is alive
    miss = reader.quote(NAME, 9 * SECOND, NOW + 2 * SECOND)
    assert miss.reason is Reason.WRITER_DEAD
    assert "its successor cannot be read" in miss.detail


@pytest.mark.parametrize("count", [3, 1 << 63])
@pytest.mark.parametrize("word", [10, 11])
def test_a_damaged_depth_slot_is_a_named_error(writer, path, reader_type, count, word):
    put(writer)
    poke(path, Layout(2, 2).depths_offset + word, count)
    with pytest.raises(L2FormatError, match="damaged depth slot 0"):
        reader_type(path).depth(NAME, 1, NOW)


@pytest.mark.parametrize(
    ("word", "value", "text"),
    [
        (HeaderWord.NAME_COUNT, 3, "3 names"),
        (HeaderWord.NAME_COUNT, (1 << 64) - 1, "names"),
        (HEADER_WORDS, 0, "name 0 has 0 bytes"),
        (HEADER_WORDS, 121, "name 0 has 121 bytes"),
        (HEADER_WORDS + 1, 0xFF, "name 0 is not UTF-8"),
    ],
)
def test_a_damaged_directory_is_a_named_error(writer, path, reader_type, word, value, text):
    poke(path, word, value)
    with pytest.raises(L2FormatError, match=text):
        reader_type(path)


def test_a_closed_reader_refuses_to_read(writer, path, reader_type):
    put(writer)
    reader = reader_type(path)
    assert isinstance(reader.quote(NAME, 1, NOW), Quote)
    reader.close()
    reader.close()
    for read in (reader.quote, reader.depth):
        with pytest.raises(L2ClosedError):
            read(NAME, 1, NOW)
    with pytest.raises(L2ClosedError):
        reader.instruments()


@pytest.mark.parametrize("bounds", [{"heartbeat_ns": 0}, {"process_check_ns": -1}])
def test_bounds_out_of_range_are_refused(writer, path, reader_type, bounds):
    with pytest.raises(ValueError, match="heartbeat_ns"):
        reader_type(path, **bounds)


def test_the_plain_reader_refuses_a_processor_that_may_reorder_loads(writer, path, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(Exception, match="use the compiled one"):
        PlainL2Reader(path)
