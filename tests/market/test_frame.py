"""The symbol table and the frame: their limits, and that refused frames leave nothing behind."""

import resource

import pytest

from market.frame import Refusal, SymbolTable
from market.grid import Grid
from tests.connectors.decode_twins import VENUES, twins
from tests.connectors.sample_frames import BINANCE, FRAMES


def test_symbols_are_found_by_their_bytes():
    """Thousands of names keep their slots while the table grows, and strangers have none."""
    table = SymbolTable()
    for slot in range(5000):
        table.put(b"S%d" % slot, slot, Grid(2), Grid(3))
    assert len(table) == 5000
    assert all(table.slot(b"S%d" % slot) == slot for slot in range(5000))
    for name in (b"", b"S", b"S5000", b"s1", b"S1 ", b"S1\0", b"x" * 4096):
        assert table.slot(name) == -1


def test_putting_a_symbol_again_replaces_it():
    """A second put changes slot and grids in place."""
    pair = twins("binance")
    before = pair.outcome(BINANCE["quote"])[0]
    pair.table.put(b"BTCUSDT", 77, Grid(3), Grid(5))
    after = pair.outcome(BINANCE["quote"])[0]
    assert len(pair.table) == 2
    assert (before["slot"], after["slot"]) == (0, 77)
    assert after["bid"][0] == 10 * before["bid"][0]


@pytest.mark.parametrize("name", [b"", b"x" * 41])
def test_a_symbol_has_1_to_40_bytes(name):
    """Names outside the limit are refused."""
    with pytest.raises(ValueError, match="1 to 40 bytes"):
        SymbolTable().put(name, 0, Grid(0), Grid(0))


def test_a_table_has_65536_symbols_at_most():
    """One more is refused and the others stay."""
    table = SymbolTable()
    grid = Grid(0)
    for slot in range(65_536):
        table.put(b"%d" % slot, slot, grid, grid)
    with pytest.raises(ValueError, match="more than 65536"):
        table.put(b"more", 1, grid, grid)
    assert table.slot(b"65535") == 65_535


@pytest.mark.parametrize("venue", VENUES)
def test_a_refused_frame_leaves_nothing_of_the_one_before(venue):
    """After a refusal there is no event to read, and its kind, slot and levels answer so."""
    pair = twins(venue)
    good = next(iter(FRAMES[venue].values()))
    frame = pair.fast.frame
    assert pair.fast.decode(good) > 0
    assert frame.levels(0) > 0
    assert pair.fast.decode(good[:-1]) == Refusal.BAD_JSON
    assert frame.count == 0
    assert (frame.kind(0), frame.slot(0), frame.levels(0)) == (-1, -1, 0)
    for i in (0, -1):
        with pytest.raises(IndexError):
            frame.event(i)
        with pytest.raises(IndexError):
            frame.changes(i)
    assert pair.outcome(good) == pair.twin(good)


@pytest.mark.parametrize("venue", VENUES)
def test_changes_are_what_the_event_says(venue):
    """The short form for the audits holds the last id and the levels of the event."""
    pair = twins(venue)
    for data in FRAMES[venue].values():
        for i in range(max(pair.fast.decode(data), 0)):
            event = pair.fast.frame.event(i)
            assert pair.fast.frame.changes(i) == (event["last"], event["bids"], event["asks"])


def test_the_symbol_of_a_refused_frame_is_named():
    """An unknown symbol is told by its bytes, for discovery and for the log."""
    pair = twins("binance")
    assert pair.outcome(BINANCE["diff"].replace(b"BTCUSDT", b"NEWUSDT")) == Refusal.UNKNOWN_SYMBOL
    assert pair.fast.frame.symbol == b"NEWUSDT"
    assert pair.fast.decode_snapshot(b"{}", b"GONE") == Refusal.UNKNOWN_SYMBOL
    assert pair.fast.frame.symbol == b"GONE"


@pytest.mark.parametrize("venue", VENUES)
def test_only_bytes_are_decoded(venue):
    """Text, nothing and byte arrays are a mistake of the caller."""
    pair = twins(venue)
    for data in ("{}", None, bytearray(b"{}"), memoryview(b"{}")):
        with pytest.raises(TypeError):
            pair.fast.decode(data)


@pytest.mark.parametrize("venue", VENUES)
def test_refused_frames_do_not_leak(venue):
    """A hundred thousand refused frames leave the process as large as the first thousand did."""
    pair = twins(venue)
    good = next(iter(FRAMES[venue].values()))
    bad = [good[:size] for size in range(0, len(good), 7)]
    bad += [good.replace(b"BTC", b"NEW"), good.replace(b".", b"..")]

    def refuse(rounds):
        for _ in range(rounds):
            for data in bad:
                assert pair.fast.decode(data) < 0

    refuse(1000 // len(bad) + 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refuse(100_000 // len(bad))
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 4096
