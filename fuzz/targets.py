"""What is fuzzed: each takes bytes and raises, or trips a sanitizer, when something is wrong."""

from collections.abc import Callable

from books.sequence import SequenceRule
from connectors.binance.sequence import FuturesDepthRule, SpotDepthRule
from connectors.plain_frame import RefusedError, time
from market.grid import BadNumberError, Grid, OffGridError
from market.scan import parse_time, parse_units, value_length
from tests.books.book_twins import BookTwins, diff, quote, snapshot
from tests.books.test_book_schedules import FAULTS
from tests.connectors.decode_twins import twins
from tests.connectors.lenient import NoJsonError, skip
from tests.connectors.sample_frames import FRAMES

_PAIRS = {venue: twins(venue) for venue in FRAMES}
_RULES = (SpotDepthRule, FuturesDepthRule, SequenceRule)
#: Room above a touch of 100 and 110, so that most schedules keep their book for a while.
_IDS_BACK = 4


def binance(data: bytes) -> None:
    """A Binance frame and the same bytes as a depth reply."""
    _PAIRS["binance"].hold(data)
    _PAIRS["binance"].hold(data, symbol="BTCUSDT")


def coinbase(data: bytes) -> None:
    """An Advanced Trade frame."""
    _PAIRS["coinbase"].hold(data)


def coinbase_exchange(data: bytes) -> None:
    """An Exchange frame."""
    _PAIRS["coinbase-exchange"].hold(data)


def scanner(data: bytes) -> None:
    """Numbers, times and values, each against its plain twin."""
    _same_length(data)
    body = data[1:].replace(b'"', b"").replace(b"\\", b"")
    text = body.decode("ascii", "replace").replace("\ufffd", "x")
    quoted = f'"{text}"'.encode()
    decimals = data[0] % 19 if data else 0
    grid = Grid(decimals, 5 if data[:1] > b"\x80" else 1)
    try:
        expected = (0, grid.parse(text))
    except BadNumberError:
        expected = (1, 0)
    except OffGridError:
        expected = (2, 0)
    found = parse_units(quoted, grid.decimals, grid.step)
    assert found == expected, (found, expected)
    try:
        moment: int | None = time(text)
    except RefusedError:
        moment = None
    assert parse_time(quoted) == moment


def _same_length(data: bytes) -> None:
    try:
        expected: int | None = skip(data, 0)
    except NoJsonError:
        expected = None
    assert value_length(data) == expected


def book(data: bytes) -> None:
    """A schedule of diffs, snapshots, quotes and commands, four bytes a step."""
    pair = BookTwins(_RULES[data[0] % 3] if data else SpotDepthRule)
    pair.do("subscribe")
    at = 10
    for i in range(1, min(len(data), 400) - 3, 4):
        op, price, lots, back = data[i : i + 4]
        ask = bool(price & 1)
        row = [(100 + price % 16 + 8 * ask, lots % 4)]
        sides = ([], row) if ask else (row, [])
        ids = (at + 1, at + 1 + lots % 3)
        if op < 120:
            first = max(0, ids[0] - back % _IDS_BACK + (op == 0))
            pair.feed(diff(first, max(first, ids[1]), *sides, prev=at - (op == 1)))
            at = max(at, ids[1])
        elif op < 170:
            pair.feed(quote(max(0, at - back % 3), (100, 1 + lots % 3), (110, 1)))
        elif op < 220:
            bids = [(100 - n, 1) for n in range(lots % 5)]
            pair.feed(snapshot(max(0, at - back % 3), bids, [(110 + price % 3, 1)]))
        elif op == 220:
            pair.condemn()
        else:
            pair.do(tuple(name for name in FAULTS if name != "condemn")[back % (len(FAULTS) - 1)])


TARGETS: dict[str, Callable[[bytes], None]] = {
    "binance": binance,
    "coinbase": coinbase,
    "coinbase-exchange": coinbase_exchange,
    "scanner": scanner,
    "book": book,
}

#: Where mutation begins.
SEEDS: dict[str, list[bytes]] = {venue: list(frames.values()) for venue, frames in FRAMES.items()}
SEEDS["scanner"] = [
    b"\x0212.50", b"\x08" + b"0" * 17 + b"." + b"9" * 18, b"\x002026-08-09T21:05:48.483587501Z",
    b'{"a":[1,{"b":"]}"}]}',
]  # fmt: skip
SEEDS["book"] = [
    bytes([rule, *([10, 5, 1, 0] * 3), 200, 0, 3, 0, *([10, 5, 1, 0, 130, 0, 1, 0] * 9)])
    for rule in range(3)
]
