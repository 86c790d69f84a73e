"""Edges over books that stand as told: legs of any grid, without wire formats between."""

from collections.abc import Iterable

from arb.edge import Edge, EdgeLimits
from arb.ledger import Entry, Ledger
from arb.leg import Leg
from books.book import Book
from cache.l1 import L1
from connectors.binance.decode import BinanceDecoder
from connectors.binance.sequence import SpotDepthRule
from market.fees import Fees
from market.frame import SymbolTable
from market.grid import Grid
from market.instrument import Instrument
from tests.node_world import depth_reply, diff

FREE = Fees(0, 0)
WHOLE = Grid(0)
EASY = EdgeLimits(margin_ppb=0, notional_min=0)
Rows = Iterable[tuple[int, int]]


def instrument(
    venue: str,
    base: str = "BTC",
    quote: str = "USDT",
    price: Grid = WHOLE,
    size: Grid = WHOLE,
    **extra: object,
) -> Instrument:
    """Return an instrument of a venue; contracts by `kind`, `inverse`, `multiplier`."""
    return Instrument(venue, base + quote, base, quote, price, size, **extra)


class Feed:
    """A live book whose ticks and lots are set outright, on grids of whole units."""

    def __init__(self, l1: L1, slot: int, one: Instrument, fees: Fees = FREE) -> None:
        self.l1 = l1
        self.symbols = SymbolTable()
        self.symbols.put(b"X", slot, Grid(0), Grid(0))
        self.decoder = BinanceDecoder(self.symbols)
        self.book = Book(slot, SpotDepthRule())
        self.book.subscribe()
        self.leg = Leg(one, self.book, fees)
        self.id = 0
        l1.open_slot(slot, slot)

    def put(self, now: int, bids: Rows, asks: Rows) -> None:
        """Replace the book by these (ticks, lots)."""
        self.book.disconnect("set anew")
        self.id += 2
        self._on(diff("X", self.id - 1, self.id), snapshot=False, now=now)
        self._on(
            depth_reply(self.id, *([(str(t), str(n)) for t, n in rows] for rows in (bids, asks))),
            snapshot=True,
            now=now,
        )
        self._on(diff("X", self.id + 1, self.id + 1), snapshot=False, now=now)
        self.id += 1
        assert self.book.live
        self.hear(now)

    def hear(self, now: int) -> None:
        """A frame of the depth channel came."""
        self.l1.hear(self.book.slot, now)
        self.l1.put(self.book)

    def _on(self, data: bytes, *, snapshot: bool, now: int) -> None:
        decode = self.decoder
        count = decode.decode_snapshot(data, b"X") if snapshot else decode.decode(data)
        assert count == 1, (count, data)
        self.book.on(decode.frame, 0, now)


class Pair:
    """An edge of two legs, perhaps with a conversion, and everything that it entered."""

    def __init__(
        self,
        first: Instrument,
        second: Instrument,
        conversion: Instrument | None = None,
        *,
        fees: tuple[Fees, Fees, Fees] = (FREE, FREE, FREE),
        limits: EdgeLimits = EASY,
    ) -> None:
        self.l1 = L1(1 << 62, 1 << 62)
        listed = (first, second) if conversion is None else (first, second, conversion)
        self.feeds = [
            Feed(self.l1, slot, one, fee)
            for slot, (one, fee) in enumerate(zip(listed, fees, strict=False))
        ]
        self.ledger = Ledger()
        self.entries: list[Entry] = []
        self.closed: list[Entry] = []
        legs = [feed.leg for feed in self.feeds]
        bridge = legs[2] if conversion else None
        self.edge = Edge(legs[0], legs[1], bridge, self.l1, self.ledger, limits, self)

    def entered(self, edge: Edge, direction: int, entry: Entry) -> None:
        """Note an entry."""
        self.entries.append(entry)

    def left(self, edge: Edge, entry: Entry) -> None:
        """Note its end."""
        self.closed.append(entry)

    def put(self, at: int, bids: Rows, asks: Rows, now: int = 1000) -> None:
        """Set the book of a leg, or of the conversion (2), and tell the edge."""
        self.feeds[at].put(now, bids, asks)
        if at == 2:
            self.edge.hear_conversion(now)
        else:
            self.edge.hear_depth(at, now)
            self.edge.hear_touch(at, now)
