"""`bench books`: recorded Binance depth bytes to a readable best bid and ask."""

from typing import Any

import orjson

from bench.measure import Spread, interleaved, ratio
from bench.peers import available
from bench.recorded import depth_frames, load
from books.book import Book
from cache.l1 import L1
from connectors.binance.venue import BinanceVenue
from market.catalog import Catalog
from market.frame import Refusal

_TOUCH_OR_STATE = 3


def run_books(
    sources: list[str], rounds: int = 9, peer_rounds: int = 3, symbol: str = "BTCUSDT"
) -> dict[str, Any]:
    """Measure; returns what `crossquote bench books --json` prints. Raises BenchError."""
    inputs = load(sources, seconds=60)
    diffs, snapshot = depth_frames(inputs, symbol.encode())
    count = len(diffs)
    peers, missing = available(snapshot, diffs)

    def parse() -> None:
        loads = orjson.loads
        for frame in diffs:
            loads(frame)

    ours = Ours(symbol, snapshot, diffs)
    times = interleaved({"orjson": parse, "ours": ours.run}, count, rounds)
    slow = interleaved({"ours": ours.run, **peers}, count, peer_rounds)
    spread = {name: Spread.of(values) for name, values in times.items()}
    return {
        "rounds": rounds,
        "messages": count,
        "orjson_parse_us": round(spread["orjson"].median, 4),
        "crossquote_us": round(spread["ours"].median, 4),
        "crossquote_us_low_high": [round(spread["ours"].low, 4), round(spread["ours"].high, 4)],
        "ratio_to_orjson_parse": round(ratio(times, "ours", "orjson"), 4),
        "peers": {
            **{
                name: {
                    "us": round(Spread.of(slow[name]).median, 3),
                    "times_slower": round(ratio(slow, name, "ours"), 1),
                }
                for name in peers
            },
            **{
                name: {"us": None, "times_slower": None, "note": why}
                for name, why in missing.items()
            },
        },
    }


class Ours:
    """The functions that the node calls for a depth frame: decode, book, L1."""

    def __init__(self, symbol: str, snapshot: bytes, diffs: list[bytes]) -> None:
        self._venue = BinanceVenue("binance")
        self._catalog = Catalog()
        self._symbol = symbol
        self._snapshot = snapshot
        self._diffs = diffs
        self._fit_grids()

    def _fit_grids(self) -> None:
        """Refine the grids to the recording once, as the node does at the first odd value."""
        for frame in (self._snapshot, *self._diffs):
            self._register()
            snapshot = frame is self._snapshot
            decode = self._venue.decoder.decode
            while (
                self._venue.decode_snapshot(frame, self._symbol) if snapshot else decode(frame)
            ) == Refusal.OFF_GRID:
                price, size = self._venue.grids(frame, self._symbol)
                self._catalog.refine(self._venue.name, self._symbol, price, size)
                self._register()

    def _register(self) -> None:
        one = self._catalog.resolve(self._venue.name, self._symbol)
        self._venue.symbols.put(self._symbol.encode(), 0, one.price, one.size)

    def run(self) -> None:
        """Bring a book through the whole recording."""
        book = Book(0, self._venue.rule())
        book.subscribe()
        l1 = L1()
        l1.open_slot(0, 0)
        decode, frame, on, put = (
            self._venue.decoder.decode,
            self._venue.decoder.frame,
            book.on,
            l1.put,
        )
        decode(self._diffs[0])
        on(frame, 0, 1)
        self._venue.decode_snapshot(self._snapshot, self._symbol)
        on(frame, 0, 1)
        for data in self._diffs:
            decode(data)
            if on(frame, 0, 1) & _TOUCH_OR_STATE:
                put(book)


def text(result: dict[str, Any]) -> str:
    """Return the result for people."""
    lines = [
        f"{result['messages']:,} depth messages, {result['rounds']} interleaved rounds",
        f"orjson parse only  {result['orjson_parse_us']:>9.3f} us a message",
        (
            f"crossquote         {result['crossquote_us']:>9.3f} us"
            f"   {result['ratio_to_orjson_parse']:.3f} of orjson's parse"
        ),
    ]
    for name, row in result["peers"].items():
        if row["us"] is None:
            lines.append(f"{name:<22} {row['note']}")
        else:
            lines.append(f"{name:<22}{row['us']:>9.2f} us   {row['times_slower']} times slower")
    return "\n".join(lines)
