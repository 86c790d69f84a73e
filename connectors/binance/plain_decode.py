"""The plain twin of connectors.binance.decode.BinanceDecoder, written to be read."""

from typing import Any

from connectors.plain_frame import (
    Event,
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
)
from market.frame import Kind, Refusal

_DEPTH_SIDES = (("b", "bids"), ("a", "asks"))


class PlainBinanceDecoder:
    """Decodes Binance frames by orjson; `symbols` is keyed by the venue's upper-case symbols."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols

    def decode(self, data: bytes) -> list[Event] | Refusal:
        """Return the events of a WebSocket frame, or why it is refused."""
        try:
            return [self.read(loads(data))]
        except RefusedError as error:
            return error.refusal

    def decode_snapshot(self, data: bytes, symbol: str) -> list[Event] | Refusal:
        """Return the snapshot of a REST reply, which does not name its symbol."""
        if symbol not in self.symbols:
            return Refusal.UNKNOWN_SYMBOL
        try:
            return [self.read(loads(data), self.symbols[symbol])]
        except RefusedError as error:
            return error.refusal

    def read(self, message: Any, known: Symbol | None = None) -> Event:
        """Return the event of a parsed frame; raises RefusedError."""
        outer = table(message)
        inner = outer.get("data")
        m = inner if isinstance(inner, dict) else outer
        wrapped = isinstance(outer.get("stream"), str)
        for key in ("U", "u", "E", "pu", "lastUpdateId"):
            if key in m:
                integer(m[key])
        if "t" in m and not isinstance(m["t"], str):
            integer(m["t"])
        if "s" in m and (known is not None or text(m["s"]) is None):
            raise RefusedError(Refusal.BAD_JSON)
        symbol = known or self.symbols.get(m.get("s", ""))
        return self._event(m, symbol, wrapped=wrapped, now=nanoseconds(m.get("E", 0)))

    def _event(self, m: Message, symbol: Symbol | None, *, wrapped: bool, now: int) -> Event:
        kind = m.get("e") if isinstance(m.get("e"), str) else None
        if kind == "depthUpdate":
            return self._diff(m, symbol, now)
        if "lastUpdateId" in m:
            return self._snapshot(m, symbol, now, partial=wrapped)
        if kind == "bookTicker" or (kind is None and ("B" in m or "A" in m)):
            return self._quote(m, symbol, now)
        if kind is None:
            return _reply(m, now)
        if kind in ("trade", "aggTrade"):
            return self._trade(m, symbol, now)
        shutdown = kind == "serverShutdown"
        slot = symbol.slot if symbol and not shutdown else -(not shutdown)
        return event(Kind.SHUTDOWN if shutdown else Kind.IGNORED, ts_event=now, slot=slot)

    def _diff(self, m: Message, symbol: Symbol | None, now: int) -> Event:
        symbol = _named(m, symbol)
        bids, asks = _sides(m)
        first, last = m.get("U", -1), m.get("u", -1)
        if first < 0 or last < first:
            raise RefusedError(Refusal.BAD_FIELD)
        return event(
            Kind.DIFF,
            slot=symbol.slot,
            first=first,
            last=last,
            prev=m.get("pu", -1),
            ts_event=now,
            bids=side(bids, symbol),
            asks=side(asks, symbol),
        )

    def _snapshot(self, m: Message, symbol: Symbol | None, now: int, *, partial: bool) -> Event:
        kind = Kind.PARTIAL if partial else Kind.SNAPSHOT
        if symbol is None and partial:
            # Its symbol stands only in the stream's name; no book is built from it.
            return event(kind, slot=-1, ts_event=now)
        symbol = _named(m, symbol)
        bids, asks = _sides(m)
        return event(
            kind,
            slot=symbol.slot,
            first=m["lastUpdateId"],
            last=m["lastUpdateId"],
            ts_event=now,
            bids=side(bids, symbol),
            asks=side(asks, symbol),
        )

    def _quote(self, m: Message, symbol: Symbol | None, now: int) -> Event:
        if "s" not in m or "u" not in m:
            raise RefusedError(Refusal.BAD_FIELD)
        symbol = _named(m, symbol)
        return event(
            Kind.QUOTE,
            slot=symbol.slot,
            first=m["u"],
            last=m["u"],
            ts_event=now,
            bid=(number(m.get("b"), symbol.price), number(m.get("B"), symbol.size)),
            ask=(number(m.get("a"), symbol.price), number(m.get("A"), symbol.size)),
        )

    def _trade(self, m: Message, symbol: Symbol | None, now: int) -> Event:
        if "s" not in m:
            raise RefusedError(Refusal.BAD_FIELD)
        symbol = _named(m, symbol)
        return event(
            Kind.TRADE,
            slot=symbol.slot,
            last=m["t"] if type(m.get("t")) is int else 0,
            ts_event=now,
            # The buyer was the maker: the aggressor sold.
            seller=m.get("m") is True,
            bid=(number(m.get("p"), symbol.price), number(m.get("q"), symbol.size)),
        )


def nanoseconds(venue_time: int) -> int:
    """Return ms, or µs where the stream was asked for them, as ns; 0 for an absurd time."""
    if venue_time < 9_000_000_000_000:
        return venue_time * 1_000_000
    return venue_time * 1000 if 10**14 < venue_time < 9 * 10**15 else 0


def _reply(m: Message, now: int) -> Event:
    if "error" in m or "code" in m:
        return event(Kind.ERROR, ts_event=now)
    if "result" in m:
        return event(Kind.ACK, ts_event=now)
    raise RefusedError(Refusal.BAD_FIELD)


def _named(m: Message, symbol: Symbol | None) -> Symbol:
    if symbol is None:
        raise RefusedError(Refusal.UNKNOWN_SYMBOL if "s" in m else Refusal.BAD_FIELD)
    return symbol


def _sides(m: Message) -> tuple[Any, Any]:
    """Return both sides, under whichever name; they must be lists and given once."""
    found: list[Any] = []
    for names in _DEPTH_SIDES:
        given = [m[name] for name in names if isinstance(m.get(name), list)]
        if len(given) > 1:
            raise RefusedError(Refusal.BAD_JSON)
        found += given
    if len(found) < len(_DEPTH_SIDES):
        raise RefusedError(Refusal.BAD_FIELD)
    return found[0], found[1]
