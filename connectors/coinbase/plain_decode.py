"""The plain twin of connectors.coinbase.decode.CoinbaseDecoder, written to be read."""

from typing import Any

from connectors.plain_frame import (
    INTEGER_MAX,
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
    table,
    text,
    time,
)
from market.frame import Kind, Refusal

_BODIES = {"l2_data": "updates", "ticker": "tickers", "market_trades": "trades"}
_SIDES = {"bid": False, "offer": True, "ask": True}


class PlainCoinbaseDecoder:
    """Decodes Advanced Trade frames by orjson; `symbols` is keyed by product id."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols

    def decode(self, data: bytes) -> list[Event] | Refusal:
        """Return the events of a frame, or why it is refused."""
        try:
            return self.read(loads(data))
        except RefusedError as error:
            return error.refusal

    def read(self, message: Any) -> list[Event]:
        """Return the events of a parsed frame; raises RefusedError."""
        m = table(message)
        channel = text(m["channel"]) if "channel" in m else None
        now = time(m["timestamp"]) if "timestamp" in m else 0
        sequence = integer(m["sequence_num"]) if "sequence_num" in m else -1
        error = m.get("type") == "error"
        if (channel is not None and sequence < 0) or (channel is None and not error):
            raise RefusedError(Refusal.BAD_FIELD)
        events: list[Event] = []
        if channel in _BODIES:
            if not isinstance(m.get("events"), list):
                raise RefusedError(Refusal.BAD_FIELD)
            for part in m["events"]:
                events += self._event(table(part), channel, sequence, now)
        return events or [event(_kind(channel, error=error), slot=-1, ts_event=now)]

    def _event(self, m: Message, channel: str, sequence: int, now: int) -> list[Event]:
        kind = text(m["type"]) if "type" in m else ""
        product = text(m["product_id"]) if "product_id" in m else None
        body = m.get(_BODIES[channel])
        if kind not in ("snapshot", "update") or not isinstance(body, list):
            raise RefusedError(Refusal.BAD_FIELD)
        snapshot = kind == "snapshot"
        if channel == "ticker":
            return [self._ticker(table(row), sequence, now) for row in body]
        if channel == "market_trades":
            return [self._trade(table(row), sequence, now, history=snapshot) for row in body]
        symbol = self._symbol(product)
        bids, asks = _levels(body, symbol)
        return [
            event(
                Kind.SNAPSHOT if snapshot else Kind.DIFF,
                slot=symbol.slot,
                first=sequence,
                last=sequence,
                prev=-1,
                ts_event=now,
                bids=bids,
                asks=asks,
            )
        ]

    def _ticker(self, m: Message, sequence: int, now: int) -> Event:
        symbol = self._symbol(text(m["product_id"]) if "product_id" in m else None)
        fields = {"slot": symbol.slot, "first": sequence, "last": sequence, "ts_event": now}
        if "best_bid" not in m or "best_ask" not in m:
            # ticker_batch carries no touch.
            return event(Kind.IGNORED, **fields)
        return event(
            Kind.QUOTE,
            **fields,
            bid=_touch(m, "best_bid", "best_bid_quantity", symbol),
            ask=_touch(m, "best_ask", "best_ask_quantity", symbol),
        )

    def _trade(self, m: Message, sequence: int, now: int, *, history: bool) -> Event:
        symbol = self._symbol(text(m["product_id"]) if "product_id" in m else None)
        return event(
            # The recent trades that a subscription starts with happened before it.
            Kind.IGNORED if history else Kind.TRADE,
            slot=symbol.slot,
            first=sequence,
            last=_trade_id(m.get("trade_id")),
            ts_event=time(m["time"]) if "time" in m else now,
            seller="side" in m and text(m["side"]) == "SELL",
            bid=(number(m.get("price"), symbol.price), number(m.get("size"), symbol.size)),
        )

    def _symbol(self, product: str | None) -> Symbol:
        if product is None:
            raise RefusedError(Refusal.BAD_FIELD)
        if product not in self.symbols:
            raise RefusedError(Refusal.UNKNOWN_SYMBOL)
        return self.symbols[product]


def _kind(channel: str | None, *, error: bool) -> Kind:
    if error:
        return Kind.ERROR
    kinds = {"heartbeats": Kind.HEARTBEAT, "subscriptions": Kind.ACK}
    return kinds.get(channel or "", Kind.IGNORED)


def _levels(body: list[Any], symbol: Symbol) -> tuple[Levels, Levels]:
    """Return the bids and asks of mixed updates."""
    sides: tuple[Levels, Levels] = ([], [])
    for row in body:
        m = table(row)
        ask = _SIDES.get(text(m["side"])) if "side" in m else None
        price, size = m.get("price_level"), m.get("new_quantity")
        if ask is None or not isinstance(price, str) or not isinstance(size, str):
            raise RefusedError(Refusal.BAD_FIELD)
        sides[ask].append((number(price, symbol.price), number(size, symbol.size)))
    return sides


def _touch(m: Message, price: str, size: str, symbol: Symbol) -> tuple[int, int]:
    lots = number(m[size], symbol.size) if size in m else 0
    return number(m[price], symbol.price), lots


def _trade_id(value: object) -> int:
    """Return a trade id, -1 where it is no number of up to 18 digits."""
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()):
        return -1
    plain = value == "0" or not value.startswith("0")
    return int(value) if plain and len(value) <= len(str(INTEGER_MAX)) else -1
