"""The same work done by other libraries: raw depth frames to a best bid and ask.

Each peer is used as its own connector uses it, with orjson as the parser where it has a choice.
A peer that is not installed is reported as missing.
"""

import importlib
from collections.abc import Callable

import orjson
from sortedcontainers import SortedDict

Run = Callable[[], None]


def sorted_floats(snapshot: bytes, diffs: list[bytes]) -> Run:
    """A SortedDict of floats a side: what most Python bots do."""

    def run() -> None:
        start = orjson.loads(snapshot)
        sides = [
            SortedDict((float(price), float(size)) for price, size in start[name])
            for name in ("bids", "asks")
        ]
        bids, asks = sides
        last = start["lastUpdateId"]
        for frame in diffs:
            message = orjson.loads(frame)
            diff = message.get("data", message)
            if diff["u"] <= last:
                continue
            for side, key in ((bids, "b"), (asks, "a")):
                for price, size in diff[key]:
                    value = float(size)
                    if value:
                        side[float(price)] = value
                    else:
                        side.pop(float(price), None)
            last = diff["u"]
            bids.peekitem(-1)
            asks.peekitem(0)

    return run


def ccxt_pro(snapshot: bytes, diffs: list[bytes]) -> Run:
    """ccxt.pro's own order book, driven by its own Binance message handler."""
    pro = importlib.import_module("ccxt.pro")
    exchange = pro.binance()

    def run() -> None:
        start = orjson.loads(snapshot)
        book = exchange.order_book({}, 5000)
        book.reset(exchange.parse_order_book(start, "BTC/USDT"))
        book["nonce"] = start["lastUpdateId"]
        for frame in diffs:
            message = orjson.loads(frame)
            diff = message.get("data", message)
            if diff["u"] <= book["nonce"]:
                continue
            exchange.handle_order_book_message(None, diff, book)
            book.limit()
            _ = book["bids"][0], book["asks"][0]

    return run


def nautilus(snapshot: bytes, diffs: list[bytes]) -> Run:
    """nautilus_trader's Rust order book with deltas built as its Binance adapter builds them."""
    data = importlib.import_module("nautilus_trader.model.data")
    enums = importlib.import_module("nautilus_trader.model.enums")
    books = importlib.import_module("nautilus_trader.model.book")
    ids = importlib.import_module("nautilus_trader.model.identifiers")
    objects = importlib.import_module("nautilus_trader.model.objects")
    instrument = ids.InstrumentId.from_str("BTCUSDT.BINANCE")
    sides = {"b": enums.OrderSide.BUY, "a": enums.OrderSide.SELL}
    sides |= {"bids": enums.OrderSide.BUY, "asks": enums.OrderSide.SELL}

    def deltas(message: dict[str, list[list[str]]], keys: tuple[str, str], last: int) -> object:
        rows = []
        for key in keys:
            for price, size in message[key]:
                quantity = objects.Quantity.from_str(size)
                action = enums.BookAction.UPDATE if quantity.raw else enums.BookAction.DELETE
                order = data.BookOrder(sides[key], objects.Price.from_str(price), quantity, 0)
                rows.append(data.OrderBookDelta(instrument, action, order, 0, last, 0, 0))
        return data.OrderBookDeltas(instrument, rows) if rows else None

    def run() -> None:
        start = orjson.loads(snapshot)
        book = books.OrderBook(instrument, enums.BookType.L2_MBP)
        book.apply_deltas(deltas(start, ("bids", "asks"), start["lastUpdateId"]))
        last = start["lastUpdateId"]
        for frame in diffs:
            message = orjson.loads(frame)
            diff = message.get("data", message)
            if diff["u"] <= last:
                continue
            last = diff["u"]
            change = deltas(diff, ("b", "a"), last)
            if change is not None:
                book.apply_deltas(change)
            book.best_bid_price()
            book.best_ask_price()

    return run


PEERS: dict[str, Callable[[bytes, list[bytes]], Run]] = {
    "ccxt.pro": ccxt_pro,
    "SortedDict of floats": sorted_floats,
    "nautilus_trader": nautilus,
}


def available(snapshot: bytes, diffs: list[bytes]) -> tuple[dict[str, Run], dict[str, str]]:
    """Return the peers that can run, and why the others cannot."""
    runs: dict[str, Run] = {}
    missing: dict[str, str] = {}
    for name, make in PEERS.items():
        try:
            runs[name] = make(snapshot, diffs)
        except ImportError as error:
            missing[name] = f"missing: {error}"
    return runs, missing
