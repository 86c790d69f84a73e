"""A small world around a node for tests: wire frames of each venue, time, effects kept."""

from collections.abc import Iterable
from pathlib import Path

import orjson
import pytest

from market.catalog import Catalog
from market.effects import Effect, EffectKind
from market.grid import Grid
from market.inputs import InputKind
from market.instrument import Instrument
from node import Node, NodeConfig
from replay.source import Recorded, merged

FEEDS = Path(__file__).resolve().parents[1].parent / "shared" / "feeds"
needs_feeds = pytest.mark.skipif(
    not FEEDS.is_dir(), reason="the recorded feeds are not beside the repository"
)

#: A second of virtual time, and the time at which every world begins.
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND

Levels = Iterable[tuple[str, str]]


def feed(name: str) -> list[Path]:
    """Return the recorded files of a set, in the order of their names."""
    found = [path for path in (FEEDS / name).iterdir() if path.suffix in (".gz", ".zst")]
    return sorted(found)


def replayed(*sources: tuple[str, list[Path]], config: NodeConfig | None = None) -> Node:
    """Return a node that has handled recorded files to their end."""
    node = Node(config or NodeConfig(discover=True))
    for item in merged([Recorded(venue, paths) for venue, paths in sources]):
        node.handle(*item)
    node.finish()
    return node


# --- frames ------------------------------------------------------------------------------------


def diff(
    symbol: str,
    first: int,
    last: int,
    bids: Levels = (),
    asks: Levels = (),
    prev: int | None = None,
) -> bytes:
    """Return a Binance diff in a combined stream; with `prev` a futures one."""
    data: dict[str, object] = {"e": "depthUpdate", "E": START // 1_000_000, "s": symbol}
    data |= {"U": first, "u": last}
    if prev is not None:
        data["pu"] = prev
    data |= {"b": [list(level) for level in bids], "a": [list(level) for level in asks]}
    return orjson.dumps({"stream": f"{symbol.lower()}@depth@100ms", "data": data})


def book_ticker(
    symbol: str, last: int, bid: tuple[str, str], ask: tuple[str, str], *, stamped: bool = False
) -> bytes:
    """Return a Binance best quote; futures stamp theirs with `e` and `E`."""
    data: dict[str, object] = {"u": last, "s": symbol}
    data |= {"b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}
    if stamped:
        data |= {"e": "bookTicker", "E": START // 1_000_000}
    return orjson.dumps({"stream": f"{symbol.lower()}@bookTicker", "data": data})


def trade(symbol: str, number: int, price: str, size: str) -> bytes:
    """Return a Binance trade print."""
    data = {"e": "trade", "E": START // 1_000_000, "s": symbol, "t": number}
    data |= {"p": price, "q": size, "T": START // 1_000_000, "m": True, "M": True}
    return orjson.dumps({"stream": f"{symbol.lower()}@trade", "data": data})


def depth_reply(last: int, bids: Levels, asks: Levels) -> bytes:
    """Return the body of Binance's REST depth reply."""
    rows = {"bids": [list(level) for level in bids], "asks": [list(level) for level in asks]}
    return orjson.dumps({"lastUpdateId": last, **rows})


def advanced(number: int, channel: str, *events: object) -> bytes:
    """Return a Coinbase Advanced Trade frame."""
    return orjson.dumps(
        {
            "channel": channel,
            "timestamp": "2023-11-14T22:13:20.123456789Z",
            "sequence_num": number,
            "events": events,
        }
    )


def l2(product: str, kind: str, bids: Levels = (), asks: Levels = ()) -> dict[str, object]:
    """Return one level2 event of an Advanced Trade frame."""
    time = "2023-11-14T22:13:20.1Z"
    updates = [
        {"side": side, "event_time": time, "price_level": price, "new_quantity": size}
        for side, levels in (("bid", bids), ("offer", asks))
        for price, size in levels
    ]
    return {"type": kind, "product_id": product, "updates": updates}


def exchange_snapshot(product: str, bids: Levels, asks: Levels) -> bytes:
    """Return a level2 snapshot of Coinbase Exchange."""
    rows = {"bids": [list(level) for level in bids], "asks": [list(level) for level in asks]}
    return orjson.dumps({"type": "snapshot", "product_id": product, **rows})


def exchange_update(product: str, *changes: tuple[str, str, str]) -> bytes:
    """Return a level2 update of Coinbase Exchange."""
    return orjson.dumps(
        {
            "type": "l2update",
            "product_id": product,
            "time": "2023-11-14T22:13:20.123456Z",
            "changes": [list(change) for change in changes],
        }
    )


def exchange_ticker(product: str, number: int, bid: str, ask: str) -> bytes:
    """Return a ticker of Coinbase Exchange."""
    row = {"type": "ticker", "sequence": number, "product_id": product, "price": bid}
    return orjson.dumps(row | {"best_bid": bid, "best_ask": ask})


# --- the world ---------------------------------------------------------------------------------


def spot(
    venue: str, native: str, base: str, quote: str, price: int = 2, size: int = 3
) -> Instrument:
    """Return a spot instrument with the given decimals."""
    return Instrument(venue, native, base, quote, Grid(price), Grid(size), origin="venue")


class World:
    """A node, its time and every effect it had."""

    def __init__(self, config: NodeConfig | None = None, catalog: Catalog | None = None) -> None:
        self.node = Node(config or NodeConfig(discover=True), catalog)
        self.now = START
        self.effects: list[Effect] = []

    def put(
        self,
        kind: InputKind,
        source: str,
        data: bytes = b"",
        note: str = "",
        number: int = 0,
        *,
        wait: int = 0,
    ) -> list[Effect]:
        """Let `wait` ns pass, hand in one input and return its effects."""
        self.now += wait
        effects = list(self.node.handle(self.now, kind, source, data, note, number))
        self.effects += effects
        return effects

    def open(self, source: str) -> list[Effect]:
        """Open a connection."""
        return self.put(InputKind.OPEN, source, note="wss://venue")

    def close(self, source: str, reason: str = "closed 1006") -> list[Effect]:
        """Lose a connection."""
        return self.put(InputKind.CLOSE, source, note=reason)

    def frame(self, source: str, data: bytes, *, wait: int = 0) -> list[Effect]:
        """Receive a frame."""
        return self.put(InputKind.FRAME, source, data, wait=wait)

    def reply(
        self, venue: str, url: str, data: bytes, status: int = 200, *, wait: int = 0
    ) -> list[Effect]:
        """Receive a REST reply."""
        return self.put(InputKind.REPLY, f"{venue}.rest", data, url, status, wait=wait)

    def tick(self, wait: int) -> list[Effect]:
        """Let time pass until a recorded timer input."""
        return self.put(InputKind.TIMER, "node", wait=wait)

    def book(self, instrument_id: str):
        """Return the book of an instrument."""
        slot = self.node.slot_of(instrument_id)
        assert slot is not None, instrument_id
        return self.node.books[slot]

    def errors(self, source: str) -> dict[str, int]:
        """Return what a connection counted."""
        return self.node.links[source].errors

    def of(self, kind: EffectKind) -> list[Effect]:
        """Return all effects of one kind so far."""
        return [effect for effect in self.effects if effect.kind == kind]


DEPTH_URL = "https://api.binance.com/api/v3/depth?symbol={}&limit=1000"


def live_binance(world: World, *symbols: str, venue: str = "binance") -> str:
    """Bring spot books to life on one connection at id 100 with 100/101; returns its source."""
    source = f"{venue}.ws.1"
    world.open(source)
    for symbol in symbols:
        world.frame(source, diff(symbol, 95, 101))
        world.reply(
            venue,
            DEPTH_URL.format(symbol),
            depth_reply(100, [("100.00", "1.000"), ("99.00", "2.000")], [("101.00", "1.000")]),
        )
    return source


def live_advanced(world: World, *products: str) -> tuple[str, int]:
    """Bring Advanced Trade books to life; returns the source and the next frame number."""
    source = "coinbase.ws.1"
    world.open(source)
    for number, product in enumerate(products):
        event = l2(product, "snapshot", [("100.00", "1"), ("99.00", "2")], [("101.00", "1")])
        world.frame(source, advanced(number, "l2_data", event))
    return source, len(products)


def live_exchange(world: World, *products: str) -> str:
    """Bring Coinbase Exchange books to life; returns the source."""
    source = "coinbase-exchange.ws.1"
    world.open(source)
    for product in products:
        world.frame(
            source,
            exchange_snapshot(product, [("100.00", "1"), ("99.00", "2")], [("101.00", "1")]),
        )
    return source
