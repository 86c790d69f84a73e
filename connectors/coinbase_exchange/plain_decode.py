"""The plain twin of connectors.coinbase_exchange.decode.ExchangeDecoder, written to be read."""

from collections.abc import Callable
from typing import Any

from connectors.plain_frame import (
    Event,
    Levels,
    Message,
    RefusedError,
    Symbol,
    Symbols,
    event,
    integer,
    loads,
    number,
    side,
    table,
    text,
    time,
)
from market.frame import Kind, Refusal

_SIDES = {"buy": False, "sell": True}
_CONTROL = {"subscriptions": Kind.ACK, "error": Kind.ERROR}


class PlainExchangeDecoder:
    """Decodes Exchange frames by orjson; `symbols` is keyed by product id."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols

    def decode(self, data: bytes) -> list[Event] | Refusal:
        """Return the events of a frame, or why it is refused."""
        try:
            return [self.read(loads(data))]
        except RefusedError as error:
            return error.refusal

    def read(self, message: Any) -> Event:
        """Return the event of a parsed frame; raises RefusedError."""
        m = table(message)
        for key in ("type", "product_id", "side"):
            if key in m:
                text(m[key])
        for key in ("sequence", "trade_id"):
            if key in m:
                integer(m[key])
        now = time(m["time"]) if isinstance(m.get("time"), str) else 0
        if "type" not in m:
            raise RefusedError(Refusal.BAD_FIELD)
        readers: dict[str, Callable[[Message, Symbol, int], Event]] = {
            "l2update": _diff,
            "snapshot": _snapshot,
            "ticker": _quote,
            "match": _trade,
        }
        symbol = self.symbols.get(m.get("product_id", ""))
        reader = readers.get(m["type"])
        if reader is not None:
            if symbol is None:
                named = "product_id" in m
                raise RefusedError(Refusal.UNKNOWN_SYMBOL if named else Refusal.BAD_FIELD)
            return reader(m, symbol, now)
        slot = symbol.slot if symbol else -1
        if m["type"] == "heartbeat":
            last = m.get("sequence", -1)
            return _event(Kind.HEARTBEAT, slot=slot, last=last, ts_event=now)
        return _event(_CONTROL.get(m["type"], Kind.IGNORED), slot=slot, ts_event=now)


def _event(kind: Kind, **fields: Any) -> Event:
    return event(kind, **({"first": -1, "last": -1, "prev": -1} | fields))


def _diff(m: Message, symbol: Symbol, now: int) -> Event:
    """Read `[["buy", "price", "size"], …]`."""
    if not isinstance(m.get("changes"), list):
        raise RefusedError(Refusal.BAD_FIELD)
    sides: tuple[Levels, Levels] = ([], [])
    for row in m["changes"]:
        if not isinstance(row, list) or len(row) != 3:
            raise RefusedError(Refusal.BAD_JSON)
        if text(row[0]) not in _SIDES:
            raise RefusedError(Refusal.BAD_FIELD)
        level = (number(row[1], symbol.price), number(row[2], symbol.size))
        sides[_SIDES[row[0]]].append(level)
    return _event(Kind.DIFF, slot=symbol.slot, ts_event=now, bids=sides[0], asks=sides[1])


def _snapshot(m: Message, symbol: Symbol, now: int) -> Event:
    if "bids" not in m or "asks" not in m:
        raise RefusedError(Refusal.BAD_FIELD)
    bids, asks = side(m["bids"], symbol), side(m["asks"], symbol)
    return _event(Kind.SNAPSHOT, slot=symbol.slot, ts_event=now, bids=bids, asks=asks)


def _quote(m: Message, symbol: Symbol, now: int) -> Event:
    sequence = m.get("sequence", -1)
    return _event(
        Kind.QUOTE,
        slot=symbol.slot,
        first=sequence,
        last=sequence,
        ts_event=now,
        bid=_touch(m, "best_bid", "best_bid_size", symbol),
        ask=_touch(m, "best_ask", "best_ask_size", symbol),
    )


def _touch(m: Message, price: str, size: str, symbol: Symbol) -> tuple[int, int]:
    """Return price and size; sizes are missing in feeds before 2022."""
    lots = number(m[size], symbol.size) if size in m else 0
    return number(m.get(price), symbol.price), lots


def _trade(m: Message, symbol: Symbol, now: int) -> Event:
    return _event(
        Kind.TRADE,
        slot=symbol.slot,
        first=m.get("sequence", -1),
        last=m.get("trade_id", -1),
        ts_event=now,
        # The side is the maker's: a maker who bought was hit by a seller.
        seller=m.get("side") == "buy",
        bid=(number(m.get("price"), symbol.price), number(m.get("size"), symbol.size)),
    )
